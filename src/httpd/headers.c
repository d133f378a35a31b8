#include "headers.h"
#include "serve.h"
#include "site.h"

#include "http_ssl.h"
#include "util_filter.h"

/* Exactly one header `name`: the first that somebody else set, since that was
 * asked for in words and ours may be a default; else ours. */
static void exactly_one(request_rec *r, const char *name, const char *ours)
{
    const char *theirs = apr_table_get(r->err_headers_out, name);

    if (!theirs) {
        theirs = apr_table_get(r->headers_out, name);
        if (!theirs) {
            apr_table_addn(r->err_headers_out, name, ours);
            return;
        }
    }
    apr_table_unset(r->headers_out, name);
    apr_table_setn(r->err_headers_out, name, theirs);
}

/* err_headers_out, as headers_out is cleared for error responses. */
static apr_status_t headers_filter(ap_filter_t *f, apr_bucket_brigade *bb)
{
    request_rec *r = f->r;
    const mtasts_served *served = mtasts_config_of(r->server)->served;
    const mtasts_site *site = mtasts_serve_site(r);

    if (served && served->hsts && ap_ssl_conn_is_ssl(r->connection)) {
        exactly_one(r, "Strict-Transport-Security", served->hsts);
    }
    if (site) {
        const char *cache_control = site->served->cache_control;

        exactly_one(r, "X-Content-Type-Options", "nosniff");
        if (cache_control &&
            (ap_is_HTTP_SUCCESS(r->status) || r->status == HTTP_NOT_MODIFIED)) {
            exactly_one(r, "Cache-Control", cache_control);
        }
    }
    ap_remove_output_filter(f);
    return ap_pass_brigade(f->next, bb);
}

/* Adding it by name would search httpd's tree of names in each request. */
static ap_filter_rec_t *registered;

void mtasts_headers_register(void)
{
    registered = ap_register_output_filter(
        MTASTS_HEADERS_FILTER, headers_filter, NULL, AP_FTYPE_PROTOCOL - 1);
}

void mtasts_headers_insert(request_rec *r)
{
    const mtasts_served *served = mtasts_config_of(r->server)->served;

    if (served && (mtasts_serve_site(r) ||
                   (served->hsts && ap_ssl_conn_is_ssl(r->connection)))) {
        ap_add_output_filter_handle(registered, NULL, r, r->connection);
    }
}
