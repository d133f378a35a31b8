#include "dump.h"
#include "notes.h"
#include "records.h"
#include "vhost.h"

#include <stdio.h>

typedef struct {
    const mtasts_live *live; /* or NULL */
    int any;
    int counts[MTASTS_REFUSED + 1]; /* findings of each severity */
} printing;

/* Of an MX host or a fetch the texts don't say which one it is. */
static const char *subject_of(const mtasts_note *n)
{
    return strchr(n->subject, '[') || n->about == MTASTS_ABOUT_MX ? n->subject
                                                                  : "";
}

static void print_remedy(const mtasts_note *n)
{
    const char *line = mtasts_code_paste(n->code, n->remedy), *end;

    printf("      To do: %.*s\n",
           (int)(line ? line - n->remedy : (long)strlen(n->remedy)), n->remedy);
    for (; line; line = end) {
        line += strlen(MTASTS_PASTE);
        end = strstr(line, MTASTS_PASTE);
        printf("          %.*s\n", (int)(end ? end - line : (long)strlen(line)),
               line);
    }
}

static void print_notes(printing *out, const apr_array_header_t *notes)
{
    int i;

    for (i = 0; notes && i < notes->nelts; i++) {
        const mtasts_note *n = &APR_ARRAY_IDX(notes, i, mtasts_note);
        const char *reference = mtasts_code_reference(n->code);
        const char *subject = subject_of(n);

        out->counts[n->severity]++;
        printf("  %s %s: %s%s%s%s%s%s\n", mtasts_severity_name(n->severity),
               mtasts_code_name(n->code), subject, *subject ? ": " : "",
               n->text, *reference ? " (" : "", reference,
               *reference ? ")" : "");
        print_remedy(n);
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
    printing *out = ctx;
    const mtasts_live_site *l = mtasts_live_of(out->live, site);
    const mtasts_served *served = site->served;
    const mtasts_version *v = mtasts_site_version(site);
    const char *at = v->body, *end;
    mtasts_place vhost = mtasts_vhost_place(served->server);

    printf("%s%s\n", out->any ? "\n" : "", site->name->value);
    out->any = 1;
    printf("  defined at   %s\n", mtasts_place_text(p, site->name->place));
    printf("  virtual host %s", mtasts_vhost_name(p, served->server));
    if (vhost.file) {
        printf(" (%s)", mtasts_place_text(p, vhost));
    }
    printf("\n  served as    https://" MTASTS_HOST_PREFIX
           "%s" MTASTS_POLICY_PATH "\n",
           site->name->value);
    printf("  policy id    %s\n", v->id);
    for (; (end = strstr(at, "\r\n")) != NULL; at = end + 2) {
        printf("      %.*s\n", (int)(end - at), at);
    }
    if (l) {
        printf("  TXT record   %s\n", mtasts_sync_name(l->sync));
    }
    else if (mtasts_config_of(served->server)->check == MTASTS_CHECK_OFF) {
        printf("  checks       off (MTASTSCheck)\n");
    }
    mtasts_dump_text_rollout(p, out->live, site, l);
    if (l) {
        mtasts_dump_text_tls(p, out->live, l);
    }
    if (l && l->repeats) {
        printf("  DNS, MX      as said above of the same domain\n");
    }
    if (l && !l->repeats) {
        mtasts_dump_text_history(p, l);
        mtasts_dump_text_publishing(p, l);
        mtasts_dump_text_fetched(p, out->live, site);
    }
    print_notes(out, mtasts_dump_notes(p, site, l, 1));
    print_records(p, site);
}

/* Findings on servers that serve nothing. */
static void print_servers(apr_pool_t *p, printing *out,
                          const apr_array_header_t *servers)
{
    int i;

    if (!out->any) {
        printf("No MTA-STS policy is configured: add MTASTSEngine On and "
               "MTASTSMX to the virtual host of mta-sts.YOURDOMAIN.\n");
    }
    for (i = 0; i < servers->nelts; i++) {
        const server_rec *s = APR_ARRAY_IDX(servers, i, server_rec *);

        if (mtasts_config_of(s)->notes) {
            printf("\nvirtual host %s\n", mtasts_vhost_name(p, s));
            print_notes(out, mtasts_config_of(s)->notes);
        }
    }
    if (out->live && mtasts_live_notes(out->live)->nelts) {
        printf("\nother findings\n");
        print_notes(out, mtasts_live_notes(out->live));
    }
}

void mtasts_dump_text(apr_pool_t *p, const apr_array_header_t *servers,
                      const mtasts_live *live)
{
    printing out = {live, 0, {0}};

    mtasts_dump_each(p, servers, print_site, &out);
    print_servers(p, &out, servers);
    if (out.any || (live && mtasts_live_notes(live)->nelts)) {
        printf("\n%d error(s), %d warning(s), %d unknown\n",
               out.counts[MTASTS_ERROR], out.counts[MTASTS_WARNING],
               out.counts[MTASTS_UNKNOWN]);
    }
}
