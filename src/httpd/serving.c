#include "serving.h"
#include "released.h"
#include "../store/body.h"

#define FNV_BASIS APR_UINT64_C(14695981039346656037)
#define FNV_PRIME APR_UINT64_C(1099511628211)

/* One policy of one domain, in however many virtual hosts. */
typedef struct {
    mtasts_ledger_serving serving;
    mtasts_policy policy; /* if it is not the site's */
    unsigned step;        /* of the plan, from 1; 0: none */
    int released;         /* it is the one that is configured */
    int strict;
} entry;

typedef struct {
    apr_pool_t *p;
    apr_array_header_t *entries; /* entry * */
    apr_hash_t *by_domain;       /* the last entry of each */
} gathering;

/* --- what is served --- */

apr_uint64_t mtasts_serving_mark(const apr_array_header_t *servers)
{
    apr_uint64_t mark = FNV_BASIS;
    mtasts_sites sites = {servers, 0, 0};
    const mtasts_site *site;
    mtasts_answer answer;
    const char *c;

    while ((site = mtasts_sites_next(&sites)) != NULL) {
        mark = (mark ^ mtasts_released_state(site)) * FNV_PRIME;
        c = mtasts_released_answer(site, &answer) ? answer.etag : "";
        while (*c) {
            mark = (mark ^ (unsigned char)*c++) * FNV_PRIME;
        }
    }
    return mark;
}

/* 0 if nothing is served there. */
static int read_answer(apr_pool_t *p, const mtasts_site *site, entry *e)
{
    const mtasts_version *v = mtasts_site_version(site);
    char digest[MTASTS_ID_SIZE];
    mtasts_answer answer;

    if (!mtasts_released_answer(site, &answer)) {
        return 0;
    }
    e->serving.domain = site->name->value;
    e->serving.id = answer.id;
    e->serving.body = answer.body;
    e->serving.digest = v->digest;
    e->serving.policy = &v->policy;
    e->released = mtasts_released_state(site) == MTASTS_RELEASED;
    e->step =
        site->served->plan.n && e->released ? mtasts_site_step(site) + 1 : 0;
    e->strict =
        mtasts_config_of(site->served->server)->check == MTASTS_CHECK_STRICT;
    if (e->released) {
        return 1;
    }
    if (!mtasts_policy_id(answer.body, answer.body_len, digest) ||
        !mtasts_body_policy(p, answer.body, answer.body_len, &e->policy)) {
        return 0;
    }
    e->serving.digest = apr_pstrdup(p, digest);
    e->serving.policy = &e->policy;
    return 1;
}

static int is_same(const entry *a, const entry *b)
{
    return !strcmp(a->serving.id, b->serving.id) &&
           !strcmp(a->serving.digest, b->serving.digest);
}

static void add(gathering *g, const mtasts_site *site)
{
    entry *e = apr_pcalloc(g->p, sizeof(*e)), *last;

    if (!read_answer(g->p, site, e)) {
        return;
    }
    last = apr_hash_get(g->by_domain, e->serving.domain, APR_HASH_KEY_STRING);
    if (!last || !is_same(last, e)) {
        APR_ARRAY_PUSH(g->entries, entry *) = e;
        apr_hash_set(g->by_domain, e->serving.domain, APR_HASH_KEY_STRING, e);
    }
}

static void gather(gathering *g, apr_pool_t *p,
                   const apr_array_header_t *servers)
{
    mtasts_sites sites = {servers, 0, 0};
    const mtasts_site *site;

    g->p = p;
    g->entries = apr_array_make(p, 16, sizeof(entry *));
    g->by_domain = apr_hash_make(p);
    while ((site = mtasts_sites_next(&sites)) != NULL) {
        add(g, site);
    }
}

/* --- what that changes --- */

static int is_past(const mtasts_past *past, const entry *e)
{
    return !strcmp(past->id, e->serving.id) &&
           !strcmp(past->digest, e->serving.digest);
}

/* Not as before: it was never served, or another one was since, and not by another
 * front end. */
static int is_new(const mtasts_ledger_domain *d, const entry *e)
{
    size_t i;

    for (i = 0; d && i < d->history.npast; i++) {
        if (is_past(&d->history.past[i], e)) {
            return i > 0 && !d->served_elsewhere;
        }
    }
    return 1;
}

typedef struct {
    apr_pool_t *p;
    mtasts_ledger *ledger;
    const apr_hash_t *known;
    apr_int64_t now;
    mtasts_notify *notify;
    int begins; /* nothing was served before, so nothing has changed */
} telling;

/* A domain may be known by its TXT record alone. */
static int knows_policy(apr_pool_t *p, const apr_hash_t *known)
{
    apr_hash_index_t *i;

    for (i = apr_hash_first(p, (apr_hash_t *)known); i; i = apr_hash_next(i)) {
        const mtasts_ledger_domain *d = apr_hash_this_val(i);

        if (d->history.npast) {
            return 1;
        }
    }
    return 0;
}

static int say(const telling *t, const char *kind, const entry *e,
               const char *was, const char *is, const char *text)
{
    mtasts_notification n = {kind, e->serving.domain, NULL, was, is, NULL};

    if (t->notify && !t->begins) {
        n.text = apr_pstrcat(t->p, n.domain, ": ", text, NULL);
        mtasts_notify_add(t->notify, &n);
    }
    return mtasts_ledger_event(t->ledger, t->p, n.domain, kind, text, t->now);
}

static int say_changes(const telling *t, const entry *e)
{
    const mtasts_ledger_domain *d = apr_hash_get(
        (apr_hash_t *)t->known, e->serving.domain, APR_HASH_KEY_STRING);
    const mtasts_past *was = d && d->history.npast ? d->history.past : NULL;
    const mtasts_policy *policy = e->serving.policy;
    const char *mode = mtasts_mode_name(policy->mode), *text, *step = "";

    if (!is_new(d, e)) {
        return 1;
    }
    if (e->step) {
        step = apr_psprintf(t->p, ", step %u of MTASTSRollout", e->step);
    }
    if (was && was->policy.mode != policy->mode &&
        !say(t, "mode", e, mtasts_mode_name(was->policy.mode), mode,
             apr_psprintf(t->p, "the mode is %s%s, it was %s", mode, step,
                          mtasts_mode_name(was->policy.mode)))) {
        return 0;
    }
    if (was && !strcmp(was->digest, e->serving.digest)) {
        return say(t, "id", e, was->id, e->serving.id,
                   apr_psprintf(t->p,
                                "the same policy has the id %s, it was %s",
                                e->serving.id, was->id));
    }
    text = apr_psprintf(t->p, "the policy %s (mode %s%s) is served%s%s",
                        e->serving.id, mode, step,
                        was ? ", before it was " : "", was ? was->id : "");
    return say(t, e->strict && e->released ? "released" : "served", e,
               was ? was->id : "", e->serving.id, text);
}

/* Another front end, which serves still, has released a later one: it is not taken
 * back by who goes on serving what it did, or begins with what others have left
 * behind. */
static int is_behind(const mtasts_ledger_domain *d, const entry *e,
                     apr_int64_t now)
{
    const mtasts_ledger_serving *s = &e->serving;

    if (!d->served_elsewhere) {
        return 0;
    }
    return d->served_id
               ? !strcmp(d->served_id, s->id) &&
                     !strcmp(d->served_digest, s->digest)
               : mtasts_is_superseded(&d->history, s->id, s->digest, now);
}

/* strict falls back on it, be it set now or later. */
static int release(const telling *t, const entry *e)
{
    const mtasts_ledger_domain *d = apr_hash_get(
        (apr_hash_t *)t->known, e->serving.domain, APR_HASH_KEY_STRING);

    return !e->released ||
           (d && d->released &&
            (is_past(d->released, e) || is_behind(d, e, t->now))) ||
           mtasts_ledger_release(t->ledger, t->p, &e->serving, t->now);
}

int mtasts_serving_tell(apr_pool_t *p, const apr_array_header_t *servers,
                        mtasts_ledger *ledger, const apr_hash_t *known,
                        apr_int64_t now, apr_int64_t until,
                        mtasts_notify *notify)
{
    telling t = {p, ledger, known, now, notify, !knows_policy(p, known)};
    mtasts_ledger_serving *serving;
    gathering g;
    int i, ok;

    gather(&g, p, servers);
    serving =
        apr_palloc(p, (apr_size_t)g.entries->nelts * sizeof(*serving) + 1);
    ok = mtasts_ledger_begin(ledger, p);
    for (i = 0; i < g.entries->nelts; i++) {
        serving[i] = APR_ARRAY_IDX(g.entries, i, entry *)->serving;
    }
    /* First, as it keeps those away who tidy up. */
    ok = ok && mtasts_ledger_serve(ledger, p, serving, (size_t)g.entries->nelts,
                                   now, until);
    for (i = 0; ok && i < g.entries->nelts; i++) {
        const entry *e = APR_ARRAY_IDX(g.entries, i, entry *);

        ok = release(&t, e) && say_changes(&t, e);
    }
    return mtasts_ledger_end(ledger, ok) && ok;
}
