#include "dump.h"
#include "notes.h"
#include "records.h"
#include "vhost.h"
#include "../core/mx_match.h"
#include "../core/text.h"

#include <stdio.h>

#include <jansson.h>

typedef struct {
    const mtasts_live *live; /* or NULL */
    int any;
    int counts[MTASTS_REFUSED + 1]; /* findings of each severity */
} writing;

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

/* Bytes from the network as printable ASCII. */
static json_t *bytes(apr_pool_t *p, const char *s, size_t len)
{
    size_t size = 4 * len + 8;
    char *escaped = apr_palloc(p, size);

    mtasts_escape_bytes(escaped, size, s, len);
    return json_string(escaped);
}

json_t *mtasts_dump_json_mx(const mtasts_policy *policy)
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

static void append_notes(writing *out, json_t *list,
                         const apr_array_header_t *notes)
{
    int i;

    for (i = 0; notes && i < notes->nelts; i++) {
        const mtasts_note *n = &APR_ARRAY_IDX(notes, i, mtasts_note);

        out->counts[n->severity]++;
        json_array_append_new(
            list, json_pack("{s:s, s:s, s:s, s:s, s:s, s:s}", "code",
                            mtasts_code_name(n->code), "severity",
                            mtasts_severity_name(n->severity), "subject",
                            n->subject, "text", n->text, "remedy", n->remedy,
                            "reference", mtasts_code_reference(n->code)));
    }
}

/* --- what DNS says --- */

static const char *status_name(mtasts_dns_status status)
{
    static const char *const names[] = {"tempfail", "ok", "absent"};

    return names[status];
}

/* The members that every answer has. */
static json_t *answer_json(apr_pool_t *p, const mtasts_dns_answer *a)
{
    json_t *cname = json_array();
    size_t i;

    for (i = 0; i < a->ncname; i++) {
        json_array_append_new(cname,
                              bytes(p, a->cname[i], strlen(a->cname[i])));
    }
    return json_pack("{s:s, s:o}", "status", status_name(a->status), "cname",
                     cname);
}

static json_t *txt_json(apr_pool_t *p, const mtasts_dns_answer *a)
{
    json_t *answer = answer_json(p, a), *records = json_array();
    size_t i;

    for (i = 0; i < a->ntxt; i++) {
        json_array_append_new(records, bytes(p, a->txt[i].data, a->txt[i].len));
    }
    json_object_set_new(answer, "records", records);
    return answer;
}

static int matched(const mtasts_policy *policy, const char *host)
{
    size_t i;

    for (i = 0; i < policy->nmx; i++) {
        if (mtasts_mx_match(policy->mx[i], host)) {
            return 1;
        }
    }
    return 0;
}

static json_t *live_mx_json(apr_pool_t *p, const mtasts_policy *policy,
                            const mtasts_dns_answer *a)
{
    json_t *answer = answer_json(p, a), *records = json_array();
    size_t i;

    for (i = 0; i < a->nmx; i++) {
        const mtasts_dns_mx *mx = &a->mx[i];

        json_array_append_new(
            records, json_pack("{s:i, s:o, s:b}", "preference", mx->preference,
                               "host", bytes(p, mx->host, strlen(mx->host)),
                               "matched", matched(policy, mx->host)));
    }
    json_object_set_new(answer, "records", records);
    return answer;
}

/* Addresses of both kinds together: one is enough to be reached. */
static json_t *host_json(apr_pool_t *p, const mtasts_dns_host *host)
{
    const mtasts_dns_answer *a = host->a, *b = host->aaaa;
    json_t *answer = answer_json(p, a->status == MTASTS_DNS_OK ? a : b);

    if (a->status == MTASTS_DNS_TEMPFAIL && b->status == MTASTS_DNS_ABSENT) {
        json_object_set_new(answer, "status",
                            json_string(status_name(a->status)));
    }
    json_object_set_new(
        answer, "addresses",
        json_integer((json_int_t)a->naddresses + (json_int_t)b->naddresses));
    return answer;
}

static json_t *dns_json(apr_pool_t *p, const mtasts_live_site *l)
{
    const mtasts_dns_facts *facts = l->facts;

    return json_pack(
        "{s:o, s:o, s:o, s:o}", "txt", txt_json(p, facts->txt), "mx",
        live_mx_json(p, &mtasts_site_version(l->site)->policy, facts->mx),
        "host", host_json(p, &facts->policy_host), "tlsrpt",
        txt_json(p, facts->tlsrpt));
}

/* --- the document --- */

/* Prints it and is done with it. */
static void put_json(json_t *j)
{
    json_dumpf(j, stdout, JSON_INDENT(2));
    json_decref(j);
}

static void site_json(apr_pool_t *p, const mtasts_site *site, void *ctx)
{
    writing *out = ctx;
    const mtasts_version *v = mtasts_site_version(site);
    const mtasts_live_site *l = mtasts_live_of(out->live, site);
    const char *host =
        apr_pstrcat(p, MTASTS_HOST_PREFIX, site->name->value, NULL);
    json_t *findings = json_array(), *policy;

    append_notes(out, findings, mtasts_dump_notes(p, site, l, 0));
    policy = json_pack(
        "{s:s, s:s, s:o, s:o, s:s, s:i, s:o, s:s, s:s, s:o, s:s, s:o}",
        "domain", site->name->value, "policy_host", host, "vhost",
        text(p, mtasts_vhost_name(p, site->served->server)), "defined_at",
        text(p, mtasts_place_text(p, site->name->place)), "mode",
        mtasts_mode_name(v->policy.mode), "max_age", (int)v->policy.max_age,
        "mx", mtasts_dump_json_mx(&v->policy), "id", v->id, "body", v->body,
        "publish", records_json(p, site), "sync",
        mtasts_sync_name(l ? l->sync : MTASTS_SYNC_UNKNOWN), "findings",
        findings);
    if (site->served->plan.n) {
        json_object_set_new(policy, "rollout",
                            mtasts_dump_json_rollout(p, out->live, site, l));
    }
    if (l && l->facts) {
        json_object_set_new(policy, "dns", dns_json(p, l));
    }
    if (l && mtasts_live_has_ledger(out->live)) {
        json_object_set_new(policy, "released",
                            l->known && l->known->released
                                ? json_string(l->known->released->id)
                                : json_null());
        json_object_set_new(policy, "held", mtasts_dump_json_history(p, l));
        json_object_set_new(policy, "publishing",
                            mtasts_dump_json_publishing(p, l));
        json_object_set_new(policy, "fetches",
                            mtasts_dump_json_fetched(p, out->live, site));
    }
    if (l) {
        json_object_set_new(policy, "tls",
                            mtasts_dump_json_tls(p, out->live, l));
    }
    printf("%s", out->any ? ",\n" : "\n");
    out->any = 1;
    put_json(policy);
}

/* Written policy by policy: there may be a hundred thousand. */
void mtasts_dump_json(apr_pool_t *p, const apr_array_header_t *servers,
                      const mtasts_live *live)
{
    writing out = {live, 0, {0}};
    json_t *findings = json_array();
    int i;

    printf("{\n\"version\": 1,\n\"time\": \"%s\",\n\"policies\": [",
           mtasts_dump_time(p, apr_time_sec(apr_time_now())));
    mtasts_dump_each(p, servers, site_json, &out);
    for (i = 0; i < servers->nelts; i++) {
        const server_rec *s = APR_ARRAY_IDX(servers, i, server_rec *);

        append_notes(&out, findings, mtasts_config_of(s)->notes);
    }
    if (live) {
        append_notes(&out, findings, mtasts_live_notes(live));
    }
    printf("],\n\"findings\": ");
    put_json(findings);
    printf(",\n\"summary\": ");
    put_json(json_pack(
        "{s:i, s:i, s:i, s:i}", "error", out.counts[MTASTS_ERROR], "warning",
        out.counts[MTASTS_WARNING], "info", out.counts[MTASTS_INFO], "unknown",
        out.counts[MTASTS_UNKNOWN]));
    printf("\n}\n");
}
