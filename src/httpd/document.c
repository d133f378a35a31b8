#include "document.h"
#include "dump.h"
#include "notes.h"
#include "records.h"
#include "vhost.h"
#include "../core/area.h"
#include "../core/mx_match.h"
#include "../core/text.h"

#define FNV_BASIS APR_UINT64_C(14695981039346656037)
#define FNV_PRIME APR_UINT64_C(1099511628211)

json_t *mtasts_document_time(apr_pool_t *p, apr_int64_t t)
{
    return t ? json_string(mtasts_dump_time(p, t)) : json_null();
}

json_t *mtasts_document_finding(const mtasts_note *n)
{
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "code",
                     mtasts_code_name(n->code), "severity",
                     mtasts_severity_name(n->severity), "area",
                     mtasts_area_name(mtasts_code_area(n->code)), "subject",
                     n->subject, "text", n->text, "remedy", n->remedy,
                     "reference", mtasts_code_reference(n->code));
}

json_t *mtasts_document_summary(const int counts[MTASTS_REFUSED + 1])
{
    return json_pack("{s:i, s:i, s:i, s:i}", "error", counts[MTASTS_ERROR],
                     "warning", counts[MTASTS_WARNING], "info",
                     counts[MTASTS_INFO], "unknown", counts[MTASTS_UNKNOWN]);
}

/* A file name need not be UTF-8, as JSON must be, nor printable. */
static json_t *text(apr_pool_t *p, const char *s)
{
    /* DEL is printable for jansson. */
    json_t *j = strchr(s, '\x7f') ? NULL : json_string(s);

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

/* --- the whole --- */

/* What the ledger knows. */
static void add_past(apr_pool_t *p, json_t *to, const mtasts_live *live,
                     const mtasts_live_site *l)
{
    const char *domain = l->site->name->value;

    json_object_set_new(to, "released",
                        l->known && l->known->released
                            ? json_string(l->known->released->id)
                            : json_null());
    json_object_set_new(to, "held", mtasts_dump_json_history(p, l));
    json_object_set_new(to, "publishing",
                        mtasts_dump_json_publishing(
                            p, domain, l->known ? l->known->publishing : NULL));
    json_object_set_new(
        to, "fetches",
        mtasts_dump_json_fetched(p, mtasts_live_fetched(live, domain)));
}

json_t *mtasts_document(apr_pool_t *p, const mtasts_site *site,
                        const mtasts_live *live, json_t *findings)
{
    static const char *const checks[] = {"off", "warn", "strict"};
    const mtasts_version *v = mtasts_site_version(site);
    const mtasts_live_site *l = mtasts_live_of(live, site);
    json_t *policy = json_pack(
        "{s:s, s:s, s:o, s:o, s:s, s:s, s:i, s:o, s:s, s:s, s:o, s:s, s:o}",
        "domain", site->name->value, "policy_host",
        apr_pstrcat(p, MTASTS_HOST_PREFIX, site->name->value, NULL), "vhost",
        text(p, mtasts_vhost_name(p, site->served->server)), "defined_at",
        text(p, mtasts_place_text(p, site->name->place)), "check",
        checks[mtasts_config_of(site->served->server)->check], "mode",
        mtasts_mode_name(v->policy.mode), "max_age", (int)v->policy.max_age,
        "mx", mtasts_dump_json_mx(&v->policy), "id", v->id, "body", v->body,
        "publish", records_json(p, site), "sync",
        mtasts_sync_name(l ? l->sync : MTASTS_SYNC_UNKNOWN), "findings",
        findings);

    if (site->served->plan.n) {
        json_object_set_new(policy, "rollout",
                            mtasts_dump_json_rollout(p, live, site, l));
    }
    if (l && l->facts) {
        json_object_set_new(policy, "dns", dns_json(p, l));
    }
    if (l && mtasts_live_has_ledger(live)) {
        add_past(p, policy, live, l);
    }
    if (l) {
        json_object_set_new(policy, "tls", mtasts_dump_json_tls(p, live, l));
    }
    return policy;
}

/* --- what it is called, and whether it is another one --- */

const char *mtasts_document_name(apr_pool_t *p, const mtasts_site *site)
{
    const server_rec *s = site->served->server;

    /* Two virtual hosts may have one name on two addresses or ports. */
    return apr_psprintf(
        p, "%s %s %s %u", site->name->value, mtasts_vhost_name(p, s),
        s->addrs && s->addrs->virthost ? s->addrs->virthost : "",
        s->addrs ? (unsigned)s->addrs->host_port : 0);
}

static apr_uint64_t mix(apr_uint64_t mark, const char *s, size_t len)
{
    while (len--) {
        mark = (mark ^ (unsigned char)*s++) * FNV_PRIME;
    }
    return mark;
}

static int moves(const json_t *of, const char *key)
{
    return !strcmp(key, "ms") || !strcmp(key, "age") ||
           (json_is_true(json_object_get(of, "served_now")) &&
            (!strcmp(key, "until") || !strcmp(key, "last_served")));
}

static apr_uint64_t mark_of(apr_uint64_t mark, const json_t *j)
{
    const char *key;
    json_t *value;
    json_int_t n;
    size_t i;
    char kind = (char)('0' + json_typeof(j));

    mark = mix(mark, &kind, 1);
    switch (json_typeof(j)) {
    case JSON_STRING:
        /* With its NUL, so that two don't pass for one. */
        return mix(mark, json_string_value(j), json_string_length(j) + 1);
    case JSON_INTEGER:
        n = json_integer_value(j);
        return mix(mark, (const char *)&n, sizeof(n));
    case JSON_ARRAY:
        json_array_foreach(j, i, value)
        {
            mark = mark_of(mark, value);
        }
        return mix(mark, "]", 1);
    case JSON_OBJECT:
        json_object_foreach((json_t *)j, key, value)
        {
            if (!moves(j, key)) {
                mark = mark_of(mix(mark, key, strlen(key) + 1), value);
            }
        }
        return mix(mark, "}", 1);
    default:
        return mark; /* its kind says all: there are no reals */
    }
}

apr_uint64_t mtasts_document_mark(const json_t *document)
{
    return mark_of(FNV_BASIS, document);
}
