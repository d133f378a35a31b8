#include "dump.h"
#include "notes.h"
#include "records.h"
#include "vhost.h"
#include "../core/text.h"

#include <stdio.h>

#include <jansson.h>

typedef void site_fn(apr_pool_t *p, const mtasts_site *site, void *ctx);

/* Each site with a pool of its own: there may be a hundred thousand. */
static void each_site(apr_pool_t *p, server_rec *main_server, site_fn *visit,
                      void *ctx)
{
    const apr_array_header_t *servers = mtasts_servers(p, main_server);
    apr_pool_t *sub;
    int i, j;

    apr_pool_create(&sub, p);
    for (i = 0; i < servers->nelts; i++) {
        const server_rec *s = APR_ARRAY_IDX(servers, i, server_rec *);
        const mtasts_served *served = mtasts_config_of(s)->served;

        for (j = 0; served && j < served->sites->nelts; j++) {
            visit(sub, &APR_ARRAY_IDX(served->sites, j, mtasts_site), ctx);
            apr_pool_clear(sub);
        }
    }
    apr_pool_destroy(sub);
}

/* --- for a person --- */

static void print_notes(const apr_array_header_t *notes)
{
    int i;

    for (i = 0; notes && i < notes->nelts; i++) {
        const mtasts_note *n = &APR_ARRAY_IDX(notes, i, mtasts_note);
        const char *reference = mtasts_code_reference(n->code);

        printf("  %s %s: %s%s%s%s\n      To do: %s\n",
               mtasts_severity_name(mtasts_code_severity(n->code)),
               mtasts_code_name(n->code), n->text, *reference ? " (" : "",
               reference, *reference ? ")" : "", n->remedy);
    }
}

/* What is to be published but not known here, as comments of a zone file. */
static void print_hints(const mtasts_site *site, int has_host)
{
    const mtasts_served *served = site->served;
    const char *name = served->server->server_hostname;

    if (mtasts_site_differs(site)) {
        printf("; No _mta-sts record before the difference is settled: two of "
               "them count as none.\n");
    }
    if (!served->tlsrpt) {
        printf("; No _smtp._tls record, so senders will report nothing: set "
               "MTASTSTLSRPT mailto:...\n");
    }
    if (!has_host) {
        printf("; mta-sts.%s. needs the public A and AAAA records of %s, or a "
               "CNAME:\n",
               site->name->value,
               served->tls ? "this server" : "the proxy or CDN that does TLS");
        /* Under many domains the server has a name of its own to lead to. */
        printf(";mta-sts.%s. IN CNAME %s%s.\n", site->name->value,
               served->own_site == site ? "www." : "",
               served->own_site == site ? site->name->value : name);
    }
}

/* At the left margin: a blank there means "the name before" in a zone file. */
static void print_records(apr_pool_t *p, const mtasts_site *site)
{
    const apr_array_header_t *records = mtasts_records(p, site);
    int i, has_host = 0;

    printf("; DNS records to publish, once the policy above is served:\n");
    for (i = 0; i < records->nelts; i++) {
        const mtasts_record *r = &APR_ARRAY_IDX(records, i, mtasts_record);

        has_host = has_host || strcmp(r->type, "TXT");
        printf("%s\n", mtasts_record_line(p, r));
    }
    print_hints(site, has_host);
}

static void print_site(apr_pool_t *p, const mtasts_site *site, void *ctx)
{
    const mtasts_served *served = site->served;
    const char *at = served->body, *end;
    mtasts_place vhost = mtasts_vhost_place(served->server);

    printf("%s%s\n", *(int *)ctx ? "\n" : "", site->name->value);
    *(int *)ctx = 1;
    printf("  defined at   %s\n", mtasts_place_text(p, site->name->place));
    printf("  virtual host %s", mtasts_vhost_name(p, served->server));
    if (vhost.file) {
        printf(" (%s)", mtasts_place_text(p, vhost));
    }
    printf("\n  served as    https://" MTASTS_HOST_PREFIX
           "%s" MTASTS_POLICY_PATH "\n",
           site->name->value);
    printf("  policy id    %s\n", served->id);
    for (; (end = strstr(at, "\r\n")) != NULL; at = end + 2) {
        printf("      %.*s\n", (int)(end - at), at);
    }
    print_notes(mtasts_site_notes(p, site));
    print_records(p, site);
}

/* Findings on servers that serve nothing. */
static void print_servers(apr_pool_t *p, server_rec *main_server, int any)
{
    const apr_array_header_t *servers = mtasts_servers(p, main_server);
    int i;

    if (!any) {
        printf("No MTA-STS policy is configured: add MTASTSEngine On and "
               "MTASTSMX to the virtual host of mta-sts.YOURDOMAIN.\n");
    }
    for (i = 0; i < servers->nelts; i++) {
        const server_rec *s = APR_ARRAY_IDX(servers, i, server_rec *);

        if (mtasts_config_of(s)->notes) {
            printf("\nvirtual host %s\n", mtasts_vhost_name(p, s));
            print_notes(mtasts_config_of(s)->notes);
        }
    }
}

/* --- for a program --- */

/* A file name need not be UTF-8, as JSON must be. */
static json_t *text(apr_pool_t *p, const char *s)
{
    json_t *j = json_string(s);

    if (!j) {
        apr_size_t size = 4 * strlen(s) + 8;
        char *escaped = apr_palloc(p, size);

        mtasts_escape(escaped, size, s);
        j = json_string(escaped);
    }
    return j;
}

static json_t *mx_json(const mtasts_policy *policy)
{
    json_t *mx = json_array();
    size_t i;

    for (i = 0; i < policy->nmx; i++) {
        json_array_append_new(mx, json_string(policy->mx[i]));
    }
    return mx;
}

static json_t *records_json(apr_pool_t *p, const mtasts_site *site)
{
    const apr_array_header_t *records = mtasts_records(p, site);
    json_t *list = json_array();
    int i;

    for (i = 0; i < records->nelts; i++) {
        const mtasts_record *r = &APR_ARRAY_IDX(records, i, mtasts_record);

        json_array_append_new(list,
                              json_pack("{s:s, s:s, s:s}", "name", r->name,
                                        "type", r->type, "value", r->value));
    }
    return list;
}

static void append_notes(json_t *list, const apr_array_header_t *notes)
{
    int i;

    for (i = 0; notes && i < notes->nelts; i++) {
        const mtasts_note *n = &APR_ARRAY_IDX(notes, i, mtasts_note);

        json_array_append_new(
            list,
            json_pack("{s:s, s:s, s:s, s:s, s:s, s:s}", "code",
                      mtasts_code_name(n->code), "severity",
                      mtasts_severity_name(mtasts_code_severity(n->code)),
                      "subject", n->subject, "text", n->text, "remedy",
                      n->remedy, "reference", mtasts_code_reference(n->code)));
    }
}

static void site_json(apr_pool_t *p, const mtasts_site *site, void *ctx)
{
    const mtasts_served *served = site->served;
    const char *host =
        apr_pstrcat(p, MTASTS_HOST_PREFIX, site->name->value, NULL);
    json_t *findings = json_array();

    append_notes(findings, mtasts_site_notes(p, site));
    json_array_append_new(
        ctx,
        json_pack("{s:s, s:s, s:o, s:o, s:s, s:i, s:o, s:s, s:s, s:o, s:o}",
                  "domain", site->name->value, "policy_host", host, "vhost",
                  text(p, mtasts_vhost_name(p, served->server)), "defined_at",
                  text(p, mtasts_place_text(p, site->name->place)), "mode",
                  mtasts_mode_name(served->policy.mode), "max_age",
                  (int)served->policy.max_age, "mx", mx_json(&served->policy),
                  "id", served->id, "body", served->body, "publish",
                  records_json(p, site), "findings", findings));
}

static void dump_json(apr_pool_t *p, server_rec *main_server)
{
    const apr_array_header_t *servers = mtasts_servers(p, main_server);
    json_t *policies = json_array(), *findings = json_array(), *document;
    int i;

    each_site(p, main_server, site_json, policies);
    for (i = 0; i < servers->nelts; i++) {
        const server_rec *s = APR_ARRAY_IDX(servers, i, server_rec *);

        append_notes(findings, mtasts_config_of(s)->notes);
    }
    document = json_pack("{s:i, s:o, s:o}", "version", 1, "policies", policies,
                         "findings", findings);
    json_dumpf(document, stdout, JSON_INDENT(2));
    putchar('\n');
    json_decref(document);
}

int mtasts_dump_wanted(void)
{
    return ap_exists_config_define("DUMP_MTASTS") ||
           ap_exists_config_define("DUMP_MTASTS_JSON");
}

void mtasts_dump(apr_pool_t *p, server_rec *main_server)
{
    int any = 0;

    if (!mtasts_dump_wanted()) {
        return;
    }
    if (ap_exists_config_define("DUMP_MTASTS_JSON")) {
        dump_json(p, main_server);
    }
    else {
        each_site(p, main_server, print_site, &any);
        print_servers(p, main_server, any);
    }
    if (fflush(stdout) || ferror(stdout)) {
        ap_log_error(APLOG_MARK, APLOG_STARTUP, 0, NULL,
                     "mtasts: the dump could not be written in full to "
                     "standard output");
    }
}
