#include "status.h"
#include "status_source.h"
#include "../core/accept.h"

#include "apr_optional_hooks.h"
#include "apr_lib.h"
#include "http_protocol.h"
#include "http_request.h"
#include "mod_status.h"
#include "util_script.h"

#define HANDLER "mtasts-status"

/* Style and script come from the same place; nothing else is loaded or run, and no
 * other page may frame this one. */
#define POLICY                                                                 \
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src "        \
    "'self'; "                                                                 \
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

typedef enum { AS_HTML, AS_JSON, AS_METRICS, FORMATS } format;

static const char *const media_types[FORMATS] = {
    "text/html", "application/json", "application/openmetrics-text"};
static const char *const content_types[FORMATS] = {
    "text/html; charset=utf-8", "application/json",
    "application/openmetrics-text; version=1.0.0; charset=utf-8"};
static const char *const format_names[FORMATS] = {"html", "json",
                                                  "openmetrics"};

static void put(void *ctx, const char *s, apr_size_t len)
{
    request_rec *r = ctx;

    if (!r->connection->aborted && len) {
        (void)ap_rwrite(s, (int)len, r);
    }
}

static mtasts_page page_of(request_rec *r)
{
    return (mtasts_page){.p = r->pool, .put = put, .ctx = r};
}

static void set_headers(request_rec *r, const char *content_type)
{
    ap_set_content_type(r, apr_pstrdup(r->pool, content_type));
    apr_table_setn(r->headers_out, "Cache-Control", "no-store");
    apr_table_setn(r->headers_out, "Content-Security-Policy", POLICY);
    apr_table_setn(r->headers_out, "X-Content-Type-Options", "nosniff");
    apr_table_setn(r->headers_out, "Referrer-Policy", "no-referrer");
    apr_table_mergen(r->headers_out, "Vary", "Accept");
}

/* --- what is asked for --- */

static const char *argument(const apr_table_t *args, const char *name)
{
    const char *value = apr_table_get(args, name);

    return value ? value : "";
}

/* -1 if there is none of that name. */
static int format_of(const request_rec *r, const apr_table_t *args)
{
    const char *name = argument(args, "format");
    int i, best;

    for (i = 0; i < FORMATS; i++) {
        if (!strcmp(name, format_names[i])) {
            return i;
        }
    }
    if (*name) {
        return -1;
    }
    best = mtasts_accept(apr_table_get(r->headers_in, "Accept"), media_types,
                         FORMATS);
    return best < 0 ? AS_HTML : best;
}

/* A mtasts_stands; or -1: all. */
static int state_of(const char *name)
{
    int s = MTASTS_STANDS - 1;

    while (s >= 0 && strcmp(name, mtasts_stands_name((mtasts_stands)s))) {
        s--;
    }
    return s;
}

static const char *domain_of(apr_pool_t *p, const apr_table_t *args)
{
    char *domain = apr_pstrdup(p, argument(args, "domain"));
    apr_size_t len = strlen(domain);

    ap_str_tolower(domain);
    if (len && domain[len - 1] == '.') {
        domain[len - 1] = '\0';
    }
    return *domain ? domain : NULL;
}

/* --- answers --- */

static int send_word(request_rec *r, mtasts_status_source *s, int status,
                     const char *title, const char *text)
{
    mtasts_page page = page_of(r);
    mtasts_status_frame frame;

    r->status = status;
    set_headers(r, content_types[AS_HTML]);
    if (!r->header_only) {
        mtasts_status_frame_of(s, &frame);
        mtasts_status_word_page(&page, &frame, title, text);
    }
    return OK;
}

static int send_asset(request_rec *r, const char *name)
{
    const mtasts_status_asset *asset = &mtasts_status_style;

    if (!strcmp(name, "style.css")) {
        set_headers(r, "text/css; charset=utf-8");
    }
    else if (!strcmp(name, "script.js")) {
        set_headers(r, "text/javascript; charset=utf-8");
        asset = &mtasts_status_script;
    }
    else {
        return HTTP_NOT_FOUND;
    }
    /* Pages name it with a number that changes when it does. */
    apr_table_setn(r->headers_out, "Cache-Control",
                   "private, max-age=31536000, immutable");
    ap_set_content_length(r, (apr_off_t)asset->len);
    if (!r->header_only) {
        put(r, asset->text, asset->len);
    }
    return OK;
}

static int has_domain(mtasts_status_source *s, const char *domain)
{
    mtasts_sites sites = {s->servers, 0, 0};
    const mtasts_site *site;

    while ((site = mtasts_sites_next(&sites)) != NULL) {
        if (!strcmp(site->name->value, domain)) {
            return 1;
        }
    }
    return 0;
}

/* What the server knows of a domain that it does not serve. */
static const char *no_domain_text(mtasts_status_source *s, const char *domain)
{
    const char *text = apr_psprintf(
        s->p, "No virtual host of this server has a policy of %.253s.", domain);
    json_t *findings = mtasts_status_findings(s);
    const json_t *one;
    size_t i;

    if (!strncmp(domain, MTASTS_HOST_PREFIX, MTASTS_HOST_PREFIX_LEN) &&
        has_domain(s, domain + MTASTS_HOST_PREFIX_LEN)) {
        text = apr_pstrcat(s->p, text, " It has one of ",
                           domain + MTASTS_HOST_PREFIX_LEN,
                           ": the policy host is not the domain.", NULL);
    }
    json_array_foreach(findings, i, one)
    {
        const char *subject =
            json_string_value(json_object_get(one, "subject"));

        if (subject && !strcmp(subject, domain)) {
            text = apr_pstrcat(
                s->p, text, " But ",
                json_string_value(json_object_get(one, "text")),
                ". To do: ", json_string_value(json_object_get(one, "remedy")),
                NULL);
        }
    }
    json_decref(findings);
    return text;
}

static void list_page(mtasts_page *page, mtasts_status_source *s,
                      const apr_table_t *args)
{
    mtasts_status_list list = {0};
    mtasts_status_frame frame;

    list.q = argument(args, "q");
    list.only = state_of(argument(args, "state"));
    list.page = (apr_size_t)apr_atoi64(argument(args, "page"));
    mtasts_status_list_of(s, &list);
    mtasts_status_frame_of(s, &frame);
    mtasts_status_list_page(page, &frame, &list);
}

static void domain_page(mtasts_page *page, mtasts_status_source *s,
                        const char *domain)
{
    mtasts_sites sites = {s->servers, 0, 0};
    json_t *policies = json_array(), *events;
    mtasts_status_frame frame;
    const mtasts_site *site;

    while ((site = mtasts_sites_next(&sites)) != NULL) {
        if (!strcmp(site->name->value, domain)) {
            json_array_append_new(policies,
                                  mtasts_status_policy(s, page->p, site));
        }
    }
    events = mtasts_status_events(s, domain);
    mtasts_status_frame_of(s, &frame);
    mtasts_status_domain_page(page, &frame, policies, events);
    json_decref(events);
    json_decref(policies);
}

static void send_metrics(mtasts_page *page, mtasts_status_source *s)
{
    mtasts_status_frame frame;
    mtasts_status_metrics metrics;

    mtasts_status_metrics_of(s, &metrics);
    mtasts_status_frame_of(s, &frame);
    mtasts_status_metrics_page(page, &frame, &metrics);
}

static int answer(request_rec *r, const apr_table_t *args)
{
    mtasts_page page = page_of(r);
    mtasts_status_source *s = mtasts_status_open(r->pool);
    const char *domain = domain_of(r->pool, args);
    int as = format_of(r, args);

    s->client = r->connection;
    if (as < 0) {
        return send_word(r, s, HTTP_BAD_REQUEST, "No such format",
                         "format is html, json or openmetrics.");
    }
    if (domain && as != AS_METRICS && !has_domain(s, domain)) {
        r->status = HTTP_NOT_FOUND;
        if (as == AS_HTML) {
            return send_word(r, s, HTTP_NOT_FOUND, "No such domain",
                             no_domain_text(s, domain));
        }
    }
    set_headers(r, content_types[as]);
    if (r->header_only) {
        return OK;
    }
    if (as == AS_HTML && domain) {
        domain_page(&page, s, domain);
    }
    else if (as == AS_HTML) {
        list_page(&page, s, args);
    }
    else if (as == AS_JSON) {
        mtasts_status_json_page(&page, s, domain);
    }
    else {
        send_metrics(&page, s);
    }
    return OK;
}

/* httpd's own answers would name methods that are not allowed here. */
static int answer_method(request_rec *r)
{
    apr_table_setn(r->headers_out, "Allow", "GET,HEAD,OPTIONS");
    if (r->method_number == M_OPTIONS) {
        ap_set_content_length(r, 0);
        return OK;
    }
    return send_word(
        r, mtasts_status_open_short(r->pool), HTTP_METHOD_NOT_ALLOWED,
        "Nothing can be changed here",
        "Only GET, HEAD and OPTIONS are allowed: what is to change "
        "is in httpd's configuration.");
}

int mtasts_status_handler(request_rec *r)
{
    apr_table_t *args;

    if (!r->handler || strcmp(r->handler, HANDLER)) {
        return DECLINED;
    }
    if (r->method_number != M_GET) {
        return answer_method(r);
    }
    ap_args_to_table(r, &args);
    return *argument(args, "asset") ? send_asset(r, argument(args, "asset"))
                                    : answer(r, args);
}

/* --- mod_status --- */

static int status_hook(request_rec *r, int flags)
{
    mtasts_status_source *s = mtasts_status_open_short(r->pool);
    mtasts_page page = page_of(r);
    mtasts_status_frame frame;
    mtasts_status_sum sum;

    mtasts_status_sum_of(s, &sum);
    if (sum.sites) {
        mtasts_status_frame_of(s, &frame);
        mtasts_status_short_page(&page, &frame, &sum,
                                 (flags & AP_STATUS_SHORT) != 0);
    }
    return OK;
}

void mtasts_status_register(void)
{
    APR_OPTIONAL_HOOK(ap, status_hook, status_hook, NULL, NULL,
                      APR_HOOK_MIDDLE);
}
