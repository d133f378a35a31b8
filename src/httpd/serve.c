#include "serve.h"
#include "fetched.h"
#include "headers.h"
#include "released.h"

#include "http_protocol.h"
#include "http_request.h"
#include "util_filter.h"

/* The mark on a request that is ours.  Not r->handler: SetHandler overwrites
 * it. */
const mtasts_site *mtasts_serve_site(const request_rec *r)
{
    return ap_get_module_config(r->request_config, &mtasts_module);
}

/* An ErrorDocument could turn the answer into a redirect or into the
 * administrator's web page.  A text set for the request itself comes before
 * it; ap_custom_response() sets it for one status only, and copies it. */
static void disarm_error_documents(request_rec *r)
{
    static char text[] = "\"There is no policy in this answer.\n";
    const core_dir_config *d = ap_get_core_module_config(r->per_dir_config);
    core_request_config *req = ap_get_core_module_config(r->request_config);
    int i;

    if (!d->response_code_exprs) {
        return; /* no ErrorDocument applies here */
    }
    req->response_code_strings =
        apr_palloc(r->pool, RESPONSE_CODES * sizeof(char *));
    for (i = 0; i < RESPONSE_CODES; i++) {
        req->response_code_strings[i] = text;
    }
}

int mtasts_serve_translate_name(request_rec *r)
{
    static const size_t path_len = sizeof(MTASTS_POLICY_PATH) - 1;
    const mtasts_served *served = mtasts_config_of(r->server)->served;
    const mtasts_site *site;
    mtasts_answer answer;

    /* A forward proxy's request is for another server's policy. */
    if (!served || strncmp(r->uri, MTASTS_POLICY_PATH, path_len) ||
        r->proxyreq == PROXYREQ_PROXY) {
        return DECLINED;
    }
    disarm_error_documents(r);
    /* httpd has lowered the name and cut the port and a trailing dot.  A
     * request without a Host (HTTP/1.0) is for the server's own name. */
    site = r->hostname ? mtasts_site_by_host(served, r->hostname)
                       : served->own_site;
    if (!site || r->uri[path_len]) {
        ap_log_rerror(APLOG_MARK, APLOG_INFO, 0, r,
                      "mtasts: no policy for Host '%s' and path '%s' here; "
                      "apachectl -t -D DUMP_MTASTS shows what is served",
                      r->hostname ? r->hostname : "", r->uri);
        return HTTP_NOT_FOUND;
    }
    if (!mtasts_released_answer(site, &answer)) {
        ap_log_rerror(APLOG_MARK, APLOG_INFO, 0, r,
                      "mtasts: %s: nothing is served: %s", site->name->value,
                      mtasts_released_state(site) == MTASTS_HELD_TO_NONE
                          ? "the policy is held back, and none was released "
                            "before"
                          : "it is not known yet what was served before");
        return HTTP_NOT_FOUND;
    }
    ap_set_module_config(r->request_config, &mtasts_module, (void *)site);
    /* ProxyPass with mapping= works before this hook and may have taken the
     * request.  There is no file, but modules expect a name. */
    r->proxyreq = PROXYREQ_NONE;
    r->filename = r->uri;
    r->handler = "mtasts-policy";
    return OK;
}

int mtasts_serve_map_to_storage(request_rec *r)
{
    /* httpd answers these two in this hook, TRACE as TraceEnable says, and
     * would ask nobody for filters. */
    if (r->method_number == M_TRACE || !strcmp(r->uri, "*")) {
        mtasts_headers_insert(r);
        return DECLINED;
    }
    return mtasts_serve_site(r) ? OK : DECLINED;
}

int mtasts_serve_fixups(request_rec *r)
{
    int rc;

    /* A subrequest may only be a look: answer it when it is run. */
    if (!mtasts_serve_site(r) || r->main) {
        return DECLINED;
    }
    rc = ap_invoke_handler(r);
    /* OK would go on to the other fixups and a second answer. */
    return rc == OK ? DONE : rc;
}

/* The body leaves as it is: no compression (senders differ), no substitution,
 * no mod_expires; of the content filters only those that write headers. */
static void drop_content_filters(request_rec *r)
{
    ap_filter_t *f, *next;

    if (r->main) {
        return; /* those are the filters of the page that includes this */
    }
    for (f = r->output_filters; f && f->frec->ftype < AP_FTYPE_PROTOCOL;
         f = next) {
        next = f->next;
        if (strcmp(f->frec->name, "fixup_headers_out") &&
            strcmp(f->frec->name, MTASTS_HEADERS_FILTER)) {
            ap_remove_output_filter(f);
        }
    }
}

/* Sends `body` with what has been set in `r`.  `length` is its length as
 * text, so that no request has to format it; both outlive the request. */
static int send_body(request_rec *r, const char *body, apr_size_t len,
                     const char *length)
{
    conn_rec *c = r->connection;
    apr_bucket_brigade *bb = apr_brigade_create(r->pool, c->bucket_alloc);
    apr_bucket *b;

    drop_content_filters(r);
    ap_set_content_type(r, "text/plain; charset=utf-8");
    if (body) {
        r->clength = (apr_off_t)len;
        apr_table_setn(r->headers_out, "Content-Length", length);
        b = apr_bucket_immortal_create(body, len, c->bucket_alloc);
        APR_BRIGADE_INSERT_TAIL(bb, b);
    }
    b = apr_bucket_eos_create(c->bucket_alloc);
    APR_BRIGADE_INSERT_TAIL(bb, b);

    if (ap_pass_brigade(r->output_filters, bb) != APR_SUCCESS && !c->aborted) {
        return AP_FILTER_ERROR;
    }
    return OK;
}

static int send_policy(request_rec *r, const mtasts_site *site)
{
    mtasts_answer answer;
    int rc;

    /* Asked again: the watch may have decided in between. */
    if (!mtasts_released_answer(site, &answer)) {
        return HTTP_NOT_FOUND;
    }
    apr_table_setn(r->headers_out, "ETag", answer.etag);
    /* A policy has no date of its own, and httpd would compare with now; RFC
     * 9110 13.1.3 and 13.1.4 want these ignored then. */
    apr_table_unset(r->headers_in, "If-Modified-Since");
    apr_table_unset(r->headers_in, "If-Unmodified-Since");
    rc = ap_meets_conditions(r);
    if (rc == OK || rc == HTTP_NOT_MODIFIED) {
        mtasts_fetched_count(r, site);
    }
    if (rc != OK) {
        /* As default_handler does: the headers of this response, no body. */
        r->status = rc;
        return send_body(r, NULL, 0, NULL);
    }
    return send_body(r, answer.body, answer.body_len, answer.content_length);
}

/* OPTIONS, or a method that is not allowed.  httpd's own ways would list the
 * methods in an order that changes with each start. */
static int send_methods(request_rec *r)
{
    static const char refused[] = "Only GET, HEAD and OPTIONS are allowed.\n";
    const core_server_config *conf =
        ap_get_core_module_config(r->server->module_config);

    apr_table_setn(r->headers_out, "Allow",
                   conf->trace_enable == AP_TRACE_DISABLE
                       ? "GET,HEAD,OPTIONS"
                       : "GET,HEAD,OPTIONS,TRACE");
    if (r->method_number == M_OPTIONS) {
        return send_body(r, "", 0, "0");
    }
    r->status = HTTP_METHOD_NOT_ALLOWED;
    return send_body(r, refused, sizeof(refused) - 1,
                     apr_itoa(r->pool, sizeof(refused) - 1));
}

int mtasts_serve_handler(request_rec *r)
{
    const mtasts_site *site = mtasts_serve_site(r);

    if (!site) {
        return DECLINED;
    }
    return r->method_number == M_GET ? send_policy(r, site) : send_methods(r);
}
