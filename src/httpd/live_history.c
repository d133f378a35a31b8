/* The part of a run that has to do with what was before: what senders may hold,
 * by the ledger, and what of this run the ledger is to keep. */

#include "live_private.h"
#include "memory.h"
#include "notes.h"
#include "../store/body.h"

/* A policy that somebody else serves for a site's domain. */
typedef struct {
    const mtasts_live_site *l;
    mtasts_ledger_serving seen;
    mtasts_policy policy;
} other_policy;

const mtasts_history *mtasts_live_history(const mtasts_live *live,
                                          const mtasts_live_site *l)
{
    static const mtasts_history nothing = {NULL, 0, NULL, 0};

    if (!live->options->known) {
        return NULL;
    }
    return l->known ? &l->known->history : &nothing;
}

int mtasts_live_know(apr_pool_t *p, mtasts_live_options *o,
                     mtasts_ledger *ledger)
{
    apr_hash_t *known;

    if (!mtasts_ledger_read(ledger, p, apr_time_sec(apr_time_now()), &known)) {
        o->no_ledger = apr_pstrdup(p, mtasts_ledger_why(ledger));
        return 0;
    }
    o->known = known;
    return 1;
}

mtasts_ledger *mtasts_live_recall(apr_pool_t *p, mtasts_live_options *o)
{
    server_rec *main_server = APR_ARRAY_IDX(o->servers, 0, server_rec *);
    mtasts_ledger *ledger;

    o->known = NULL;
    o->no_ledger = o->no_writing = NULL;
    if (!mtasts_memory_wanted(main_server)) {
        return NULL;
    }
    ledger = mtasts_memory_open(p, main_server, NULL, &o->no_ledger);
    if (ledger && !mtasts_live_know(p, o, ledger)) {
        mtasts_ledger_close(ledger);
        ledger = NULL;
    }
    if (ledger && mtasts_ledger_unwritable(ledger)) {
        o->no_writing = apr_pstrdup(p, mtasts_ledger_unwritable(ledger));
    }
    return ledger;
}

/* 0 if nothing can be said. */
static int changing_of(const mtasts_live *live, const mtasts_live_site *l,
                       mtasts_changing *c)
{
    const mtasts_version *v = mtasts_site_version(l->site);

    c->domain = l->site->name->value;
    c->policy = &v->policy;
    c->id = v->id;
    c->digest = v->digest;
    c->history = mtasts_live_history(live, l);
    c->now = apr_time_sec(live->now);
    return c->history != NULL;
}

const apr_array_header_t *mtasts_live_fetched(const mtasts_live *live,
                                              const char *domain)
{
    return live->options->fetched
               ? apr_hash_get((apr_hash_t *)live->options->fetched, domain,
                              APR_HASH_KEY_STRING)
               : NULL;
}

void mtasts_live_history_check(const mtasts_live *live, mtasts_live_site *l)
{
    mtasts_changing c;

    if (!changing_of(live, l, &c)) {
        return;
    }
    mtasts_history_check(&c, mtasts_keep, l->notes);
    if (l->facts && mtasts_live_looks(live->options, l->site->served->server) &
                        MTASTS_LOOK_DNS) {
        mtasts_cached_mx_check(&c, l->facts, mtasts_keep, l->notes);
    }
}

static int is_held_back(const mtasts_live_site *l)
{
    int i;

    for (i = 0; i < l->notes->nelts; i++) {
        if (APR_ARRAY_IDX(l->notes, i, mtasts_note).code == MTASTS_HELD_BACK) {
            return 1;
        }
    }
    return 0;
}

void mtasts_live_unserved_check(const mtasts_live *live, mtasts_live_site *l)
{
    mtasts_changing c;
    char id[MTASTS_ID_SIZE];
    const char *txt =
        l->facts && mtasts_dns_txt_id(l->facts->txt, id) ? id : NULL;

    /* What is held back no reload will serve. */
    if (!is_held_back(l) && changing_of(live, l, &c)) {
        mtasts_unserved_check(&c, txt, mtasts_keep, l->notes);
    }
}

/* mtasts_finding_fn: keeps the first that senders refuse delivery for. */
static void first_fault(void *ctx, const mtasts_finding *f)
{
    mtasts_finding *fault = ctx;

    if (f->blocks && !fault->blocks) {
        *fault = *f;
    }
}

void mtasts_live_cached_tls_check(const mtasts_live *live, mtasts_live_site *l,
                                  const mtasts_mx_asked *asked,
                                  const mtasts_probe *probe)
{
    mtasts_mx_asked enforced = *asked;
    mtasts_finding fault;
    mtasts_changing c;

    if (!changing_of(live, l, &c) || c.policy->mode == MTASTS_MODE_ENFORCE ||
        mtasts_enforced_until(c.history, c.now) <= c.now) {
        return;
    }
    enforced.mode = MTASTS_MODE_ENFORCE;
    memset(&fault, 0, sizeof(fault));
    mtasts_mx_check(&enforced, probe, first_fault, &fault);
    if (fault.blocks) {
        mtasts_cached_tls_check(&c, probe->host, fault.subject, &fault,
                                mtasts_keep, l->notes);
    }
}

/* --- what is of no site --- */

void mtasts_live_rest_check(mtasts_live *live)
{
    const mtasts_live_options *o = live->options;
    mtasts_finding f;

    if (o->known) {
        mtasts_live_withdrawn_check(live);
    }
    else if (o->no_ledger) {
        mtasts_memory_unavailable(o->no_ledger, &f);
        mtasts_keep(live->notes, &f);
    }
    if (o->no_writing) {
        mtasts_memory_unwritable(o->no_writing, &f);
        mtasts_keep(live->notes, &f);
    }
    if (live->dns_silence) {
        mtasts_live_silence_check(live);
    }
    mtasts_notes_sort(live->notes);
}

const apr_array_header_t *mtasts_live_notes(const mtasts_live *live)
{
    return live->notes;
}

int mtasts_live_has_ledger(const mtasts_live *live)
{
    return live->options->known != NULL;
}

/* --- what the ledger is to keep --- */

/* A sender takes what comes for the policy if the certificate is right, and
 * holds it as it does ours. */
static int is_taken(const mtasts_fetch *fetch, apr_int64_t now)
{
    const mtasts_probe *probe = &fetch->probe;

    return probe->result == MTASTS_PROBE_OK && fetch->status == HTTP_OK &&
           !fetch->body_cut && probe->has_cert && probe->cert.name_matches &&
           probe->cert.chain == MTASTS_CHAIN_OK &&
           probe->cert.not_before <= now && now <= probe->cert.not_after;
}

void mtasts_live_saw_other(mtasts_live *live, const mtasts_live_site *l,
                           const mtasts_fetch *fetch)
{
    char digest[MTASTS_ID_SIZE], txt_id[MTASTS_ID_SIZE];
    other_policy *other;
    mtasts_policy policy;

    if (!is_taken(fetch, apr_time_sec(live->now)) ||
        !mtasts_body_policy(live->pool, fetch->body, fetch->body_len,
                            &policy) ||
        !mtasts_policy_id(fetch->body, fetch->body_len, digest)) {
        return;
    }
    if (!live->others) {
        live->others = apr_array_make(live->pool, 1, sizeof(other_policy));
    }
    other = apr_array_push(live->others);
    other->l = l;
    other->policy = policy;
    other->seen.domain = l->site->name->value;
    other->seen.body = apr_pstrmemdup(live->pool, fetch->body, fetch->body_len);
    other->seen.digest = apr_pstrdup(live->pool, digest);
    /* Senders know it by the id that they saw in DNS, if it is not ours. */
    other->seen.id = other->seen.digest;
    if (mtasts_dns_txt_id(l->facts->txt, txt_id) &&
        strcmp(txt_id, mtasts_site_version(l->site)->id)) {
        other->seen.id = apr_pstrdup(live->pool, txt_id);
    }
}

int mtasts_live_sees_txt(const mtasts_dns_facts *facts, char id[MTASTS_ID_SIZE])
{
    if (!facts || facts->txt->status == MTASTS_DNS_TEMPFAIL) {
        return 0;
    }
    if (mtasts_dns_txt_id(facts->txt, id)) {
        return 1;
    }
    *id = '\0';
    return !facts->txt->left_out;
}

/* Calls nothing for what is known already, and was noted not long ago. */
static int remember_txt(const mtasts_live *live, mtasts_ledger *ledger,
                        const mtasts_ledger_domain *known,
                        const mtasts_dns_facts *facts)
{
    apr_int64_t now = apr_time_sec(live->now);
    const mtasts_txt_seen *last =
        known && known->history.ntxt ? known->history.txt : NULL;
    char id[MTASTS_ID_SIZE];
    int64_t cached;

    if (!mtasts_live_sees_txt(facts, id)) {
        return 1;
    }
    cached = mtasts_txt_cached(facts->txt->ttl);
    return (last && !strcmp(last->id, id) && cached <= last->cached &&
            now < last->until + MTASTS_TXT_AGAIN) ||
           mtasts_ledger_saw_txt(ledger, live->pool, facts->domain, id, cached,
                                 now);
}

/* In the order of the rows: who tidies up at the same time takes them so, too. */
static int by_row(const void *a, const void *b)
{
    const mtasts_ledger_serving *x = &((const other_policy *)a)->seen;
    const mtasts_ledger_serving *y = &((const other_policy *)b)->seen;
    int order = strcmp(x->domain, y->domain);

    order = order ? order : strcmp(x->digest, y->digest);
    return order ? order : strcmp(x->id, y->id);
}

static int remember_others(const mtasts_live *live, mtasts_ledger *ledger)
{
    apr_array_header_t *others = live->others;
    int i, ok = 1;

    qsort(others->elts, (size_t)others->nelts, sizeof(other_policy), by_row);
    for (i = 0; ok && i < others->nelts; i++) {
        other_policy *other = &APR_ARRAY_IDX(others, i, other_policy);

        other->seen.policy = &other->policy; /* it does not move any more */
        ok = mtasts_ledger_saw_policy(ledger, live->pool, &other->seen,
                                      apr_time_sec(live->now));
    }
    return ok;
}

int mtasts_live_remember(const mtasts_live *live, mtasts_ledger *ledger)
{
    int ok = mtasts_ledger_begin(ledger, live->pool);
    int i;

    for (i = 0; ok && i < live->sites->nelts; i++) {
        const mtasts_live_site *l = mtasts_live_at(live, i);

        ok = l->repeats || remember_txt(live, ledger, l->known, l->facts);
    }
    for (i = 0; ok && i < live->withdrawn->nelts; i++) {
        const mtasts_withdrawn *w =
            &APR_ARRAY_IDX(live->withdrawn, i, mtasts_withdrawn);

        ok = remember_txt(live, ledger, w->known, w->facts);
    }
    ok = ok && (!live->others || remember_others(live, ledger));
    return mtasts_ledger_end(ledger, ok) && ok;
}
