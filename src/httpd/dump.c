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

static void print_notes(apr_pool_t *p, const mtasts_site *site)
{
    const apr_array_header_t *notes = mtasts_site_notes(p, site);
    int i;

    for (i = 0; i < notes->nelts; i++) {
        const mtasts_note *n = &APR_ARRAY_IDX(notes, i, mtasts_note);
        const char *reference = mtasts_code_reference(n->code);

        printf("  %s %s: %s%s%s%s\n      To do: %s\n",
               mtasts_severity_name(mtasts_code_severity(n->code)),
               mtasts_code_name(n->code), n->text, *reference ? " (" : "",
               reference, *reference ? ")" : "", n->remedy);
    }
}

/* At the left margin: a blank there means "the name before" in a zone file. */
static void print_records(apr_pool_t *p, const mtasts_site *site)
{
    const apr_array_header_t *records = mtasts_records(p, site);
    const mtasts_served *served = site->served;
    int i, host = 0;

    printf("; DNS records to publish, once the policy above is served:\n");
    for (i = 0; i < records->nelts; i++) {
        const mtasts_record *r = &APR_ARRAY_IDX(records, i, mtasts_record);

        host = host || strcmp(r->type, "TXT");
        printf("%s\n", mtasts_record_line(p, r));
    }
    if (!host) {
        printf("; mta-sts.%s. must lead to %s:\n"
               "; give it the public A and AAAA records, or a CNAME to a name "
               "that has them:\n"
               ";mta-sts.%s. IN CNAME www.%s.\n",
               site->domain,
               served->tls ? "this server"
                           : "this server or the proxy with TLS before it",
               site->domain, site->domain);
    }
}

static void print_site(apr_pool_t *p, const mtasts_site *site, void *ctx)
{
    const mtasts_served *served = site->served;
    const char *at = served->body, *end;
    mtasts_place vhost = mtasts_vhost_place(served->server);

    printf("%s%s\n", *(int *)ctx ? "\n" : "", site->domain);
    *(int *)ctx = 1;
    printf("  defined at   %s\n", mtasts_place_text(p, site->place));
    printf("  virtual host %s", mtasts_vhost_name(p, served->server));
    if (vhost.file) {
        printf(" (%s)", mtasts_place_text(p, vhost));
    }
    printf("\n  served as    https://" MTASTS_HOST_PREFIX
           "%s" MTASTS_POLICY_PATH "\n",
           site->domain);
    printf("  policy id    %s\n", served->id);
    for (; (end = strstr(at, "\r\n")) != NULL; at = end + 2) {
        printf("      %.*s\n", (int)(end - at), at);
    }
    print_notes(p, site);
    print_records(p, site);
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

static json_t *notes_json(apr_pool_t *p, const mtasts_site *site)
{
    const apr_array_header_t *notes = mtasts_site_notes(p, site);
    json_t *list = json_array();
    int i;

    for (i = 0; i < notes->nelts; i++) {
        const mtasts_note *n = &APR_ARRAY_IDX(notes, i, mtasts_note);

        json_array_append_new(
            list,
            json_pack("{s:s, s:s, s:s, s:s, s:s, s:s}", "code",
                      mtasts_code_name(n->code), "severity",
                      mtasts_severity_name(mtasts_code_severity(n->code)),
                      "subject", n->subject, "text", n->text, "remedy",
                      n->remedy, "reference", mtasts_code_reference(n->code)));
    }
    return list;
}

static void site_json(apr_pool_t *p, const mtasts_site *site, void *ctx)
{
    const mtasts_served *served = site->served;
    const char *host = apr_pstrcat(p, MTASTS_HOST_PREFIX, site->domain, NULL);

    json_array_append_new(
        ctx,
        json_pack("{s:s, s:s, s:o, s:o, s:s, s:i, s:o, s:s, s:s, s:o, s:o}",
                  "domain", site->domain, "policy_host", host, "vhost",
                  text(p, mtasts_vhost_name(p, served->server)), "defined_at",
                  text(p, mtasts_place_text(p, site->place)), "mode",
                  mtasts_mode_name(served->policy.mode), "max_age",
                  (int)served->policy.max_age, "mx", mx_json(&served->policy),
                  "id", served->id, "body", served->body, "publish",
                  records_json(p, site), "findings", notes_json(p, site)));
}

static void dump_json(apr_pool_t *p, server_rec *main_server)
{
    json_t *policies = json_array();
    json_t *document =
        json_pack("{s:i, s:o}", "version", 1, "policies", policies);

    each_site(p, main_server, site_json, policies);
    json_dumpf(document, stdout, JSON_INDENT(2));
    putchar('\n');
    json_decref(document);
}

void mtasts_dump(apr_pool_t *p, server_rec *main_server)
{
    int json = ap_exists_config_define("DUMP_MTASTS_JSON");
    int any = 0;

    if (!json && !ap_exists_config_define("DUMP_MTASTS")) {
        return;
    }
    if (json) {
        dump_json(p, main_server);
    }
    else {
        each_site(p, main_server, print_site, &any);
        if (!any) {
            printf("No MTA-STS policy is configured: no virtual host has "
                   "MTASTSEngine On.\n");
        }
    }
    if (fflush(stdout) || ferror(stdout)) {
        ap_log_error(APLOG_MARK, APLOG_STARTUP, 0, NULL,
                     "mtasts: the dump could not be written in full to "
                     "standard output");
    }
}
