/* The part of a run that has to do with the TXT records: which are to be published,
 * and what DNS and the addresses of the policy host have of them now. */

#include "live_private.h"
#include "notes.h"
#include "released.h"
#include "../core/record.h"
#include "../core/text.h"
#include "../core/txt.h"

static const char *const prefixes[] = {"_mta-sts.", "_smtp._tls."};

static const mtasts_dns_answer *answer_of(const mtasts_live_record *r)
{
    return r->record == MTASTS_LEDGER_STS ? r->l->facts->txt
                                          : r->l->facts->tlsrpt;
}

static const char *before_of(const mtasts_live_record *r)
{
    return r->was ? r->was->value : NULL;
}

static mtasts_seen_record seen_in(const mtasts_live *live,
                                  const mtasts_live_record *r,
                                  const mtasts_dns_answer *answer)
{
    return r->record == MTASTS_LEDGER_STS
               ? mtasts_dns_seen(answer, r->id, mtasts_live_history(live, r->l))
               : mtasts_dns_seen_tlsrpt(answer, r->value, before_of(r));
}

/* --- which --- */

static int is_known(const mtasts_dns_answer *answer)
{
    return answer && answer->status != MTASTS_DNS_TEMPFAIL;
}

/* The first of the records that are of that class, escaped, or NULL. */
static const char *first_of(const mtasts_live *live, int record,
                            const mtasts_dns_answer *answer,
                            mtasts_txt_class class)
{
    mtasts_txt_fault why = {0, ""};
    char *value;
    size_t i;

    for (i = 0; i < answer->ntxt; i++) {
        const mtasts_dns_txt *txt = &answer->txt[i];
        mtasts_txt_class is =
            record == MTASTS_LEDGER_STS
                ? mtasts_sts_classify(txt->data, txt->len, &why)
                : mtasts_tlsrpt_classify(txt->data, txt->len, &why);

        if (is == class) {
            value = apr_palloc(live->pool, 4 * txt->len + 8);
            mtasts_escape(value, 4 * txt->len + 8, txt->data);
            return value;
        }
    }
    return NULL;
}

static void note_there(const mtasts_live *live, mtasts_live_record *r,
                       const mtasts_dns_answer *answer)
{
    const char *meant = first_of(live, r->record, answer, MTASTS_IS_MEANT),
               *near = first_of(live, r->record, answer, MTASTS_IS_NEAR_MISS);

    r->old_value = meant ? meant : "";
    r->there = meant ? meant : near ? near : "";
}

const mtasts_ledger_publishing *
mtasts_live_was_published(const mtasts_live *live, const mtasts_live_site *l,
                          int record)
{
    const mtasts_live_options *o = live->options;

    if (o->known) {
        return l->known ? l->known->publishing[record] : NULL;
    }
    return o->kept ? o->kept(o->publish_ctx, l->site->name->value, record)
                   : NULL;
}

/* Of the virtual hosts of the domain the one with a command; or this one. */
static const mtasts_config *config_of(const mtasts_live *live,
                                      const mtasts_live_site *l)
{
    const mtasts_config *cfg = apr_hash_get(
        live->publishers, l->site->name->value, APR_HASH_KEY_STRING);

    return cfg ? cfg : mtasts_config_of(l->site->served->server);
}

static void find_publishers(mtasts_live *live)
{
    int i;

    live->publishers = apr_hash_make(live->pool);
    for (i = live->sites->nelts - 1; i >= 0; i--) {
        const mtasts_site *site = mtasts_live_at(live, i)->site;
        const mtasts_config *cfg = mtasts_config_of(site->served->server);

        if (*cfg->publish_command) {
            apr_hash_set(live->publishers, site->name->value,
                         APR_HASH_KEY_STRING, cfg);
        }
    }
}

/* Of a domain, in whichever virtual hosts it is. */
static int is_first(const mtasts_live *live, const mtasts_live_site *l,
                    int record)
{
    const char *domain = l->site->name->value;

    if (apr_hash_get(live->recorded[record], domain, APR_HASH_KEY_STRING)) {
        return 0;
    }
    apr_hash_set(live->recorded[record], domain, APR_HASH_KEY_STRING, l);
    return 1;
}

static void add_record(mtasts_live *live, mtasts_live_site *l, int record,
                       const char *id, const char *value)
{
    const mtasts_dns_answer *answer;
    mtasts_live_record *r;

    if (!is_first(live, l, record)) {
        return;
    }
    r = apr_array_push(live->records);
    memset(r, 0, sizeof(*r));
    r->l = l;
    r->cfg = config_of(live, l);
    r->record = record;
    r->id = id;
    r->value = value;
    r->was = mtasts_live_was_published(live, l, record);
    answer = answer_of(r);
    r->name = answer->ncname ? answer->cname[answer->ncname - 1]
                             : apr_pstrcat(live->pool, prefixes[record],
                                           l->site->name->value, NULL);
    note_there(live, r, answer);
    r->seen.resolver = seen_in(live, r, answer);
}

/* Of front ends that share a ledger one that serves a later policy publishes; else
 * each would take back what the other has published. */
static int is_anothers(const mtasts_live *live, const mtasts_live_site *l,
                       const mtasts_answer *answer)
{
    char digest[MTASTS_ID_SIZE];

    return l->known && mtasts_released_digest(l->site, answer, digest) &&
           mtasts_is_superseded(&l->known->history, answer->id, digest,
                                apr_time_sec(live->now));
}

/* Another virtual host or front end has another value, and began to publish it after
 * this configuration was read: else each would take back what the other did.  In the
 * same second it may be what a child of the configuration before has left, and so is
 * a command that was broken off.  (The scoreboard's restart_time is the start's.) */
static int is_set_since(const mtasts_live *live, const mtasts_live_site *l)
{
    const mtasts_ledger_publishing *was =
        mtasts_live_was_published(live, l, MTASTS_LEDGER_TLSRPT);

    return was && strcmp(was->value, l->site->served->tlsrpt) &&
           was->is.state != MTASTS_RECORD_WAITS &&
           was->is.since >
               apr_time_sec(mtasts_config_of(live->main_server)->read_at);
}

static void say_differs(const mtasts_live *live, const mtasts_live_site *l)
{
    const mtasts_ledger_publishing *was =
        mtasts_live_was_published(live, l, MTASTS_LEDGER_TLSRPT);
    mtasts_finding f;

    MTASTS_FILL(&f, MTASTS_PUBLISH_DIFFERS, l->site->name->value,
                l->site->name->value, was->value, l->site->served->tlsrpt);
    mtasts_keep(l->notes, &f);
}

/* Of one server for all its names. */
static int has_records(const mtasts_live_site *l)
{
    return !l->repeats && l->facts && l->facts->tlsrpt &&
           !mtasts_site_differs(l->site);
}

static void add_records(mtasts_live *live, mtasts_live_site *l)
{
    const mtasts_served *served = l->site->served;
    mtasts_answer answer;
    char *value;

    if (mtasts_released_answer(l->site, &answer) &&
        !is_anothers(live, l, &answer)) {
        value = apr_palloc(live->pool, MTASTS_TXT_SIZE);
        mtasts_txt_render(answer.id, value);
        add_record(live, l, MTASTS_LEDGER_STS, answer.id, value);
    }
    if (served->tlsrpt && is_set_since(live, l)) {
        say_differs(live, l);
    }
    else if (served->tlsrpt) {
        add_record(live, l, MTASTS_LEDGER_TLSRPT, "", served->tlsrpt);
    }
}

/* Those of the server that runs, for who asks how things stand. */
static void add_known(mtasts_live *live, mtasts_live_site *l)
{
    int i;

    for (i = 0; l->known && i < MTASTS_LEDGER_RECORDS; i++) {
        const mtasts_ledger_publishing *kept = l->known->publishing[i];
        char *id = apr_pcalloc(live->pool, MTASTS_ID_SIZE);
        mtasts_txt_fault why = {0, ""};

        if (kept && (i == MTASTS_LEDGER_STS || l->site->served->tlsrpt) &&
            (i != MTASTS_LEDGER_STS ||
             mtasts_sts_parse(kept->value, strlen(kept->value), id, &why))) {
            add_record(live, l, i, id, kept->value);
        }
    }
}

/* --- the addresses --- */

int mtasts_live_addresses(const mtasts_live_site *l)
{
    const mtasts_dns_answer *a = l->facts->policy_host.a,
                            *aaaa = l->facts->policy_host.aaaa;

    return is_known(a) && is_known(aaaa) && !a->left_out && !aaaa->left_out
               ? (int)(a->naddresses + aaaa->naddresses)
               : -1;
}

int mtasts_live_is_served(const mtasts_live_record *r)
{
    const mtasts_live_site *l = r->l;
    int quorum = r->cfg->fetch_quorum, i;
    unsigned fresh = 0;

    for (i = 0; l->tried && i < l->tried->nelts; i++) {
        const mtasts_live_tried *t =
            &APR_ARRAY_IDX(l->tried, i, mtasts_live_tried);

        fresh += t->same && !t->remembered;
    }
    return quorum == MTASTS_QUORUM_ALL
               ? fresh && fresh == (unsigned)mtasts_live_addresses(l)
               : fresh >= (unsigned)quorum;
}

/* --- the zone's own servers --- */

/* Once it was there, or is there before anything was to be done, the resolver is
 * enough. */
static int is_done(const mtasts_live_record *r)
{
    return r->seen.resolver == MTASTS_SEEN_WANTED &&
           (!r->was || (!strcmp(r->was->value, r->value) &&
                        r->was->is.state == MTASTS_RECORD_DONE));
}

/* 1 if something is to be done now that depends on what they have. */
static int hinges_on_zone(const mtasts_live_record *r)
{
    if (is_done(r)) {
        return 0;
    }
    if (r->record != MTASTS_LEDGER_STS || mtasts_live_is_served(r)) {
        return 1;
    }
    return r->was && !strcmp(r->was->value, r->value) &&
           r->was->is.state != MTASTS_RECORD_WAITS &&
           r->was->is.state != MTASTS_RECORD_FOREIGN;
}

/* The least of what they say. */
static mtasts_seen_record least(const mtasts_live *live,
                                const mtasts_live_record *r,
                                const mtasts_authority *a)
{
    mtasts_seen_record all = MTASTS_SEEN_UNKNOWN;
    size_t i;

    for (i = 0; i < a->nservers; i++) {
        mtasts_seen_record one = seen_in(live, r, a->servers[i].answer);

        if (one != MTASTS_SEEN_UNKNOWN &&
            (all == MTASTS_SEEN_UNKNOWN || all == MTASTS_SEEN_WANTED ||
             one == MTASTS_SEEN_FOREIGN)) {
            all = one;
        }
    }
    return all;
}

/* What the first of them has; what the resolver has may be from its cache. */
static void note_zone(const mtasts_live *live, mtasts_live_record *r,
                      const mtasts_authority *a)
{
    size_t i = 0;

    while (i < a->nservers && !is_known(a->servers[i].answer)) {
        i++;
    }
    if (i < a->nservers) {
        note_there(live, r, a->servers[i].answer);
    }
}

static void ask_zones(mtasts_live *live)
{
    apr_array_header_t *asked =
        apr_array_make(live->pool, 4, sizeof(mtasts_live_record *));
    apr_array_header_t *names = apr_array_make(live->pool, 4, sizeof(char *));
    const mtasts_authorities *all;
    int i;

    for (i = 0; i < live->records->nelts; i++) {
        mtasts_live_record *r =
            &APR_ARRAY_IDX(live->records, i, mtasts_live_record);

        if (hinges_on_zone(r) && is_known(answer_of(r))) {
            APR_ARRAY_PUSH(asked, mtasts_live_record *) = r;
            APR_ARRAY_PUSH(names, const char *) = apr_pstrcat(
                live->pool, prefixes[r->record], r->l->site->name->value, NULL);
        }
    }
    all = mtasts_live_ask_zones(live, names);
    for (i = 0; all && i < asked->nelts; i++) {
        mtasts_live_record *r = APR_ARRAY_IDX(asked, i, mtasts_live_record *);
        const mtasts_authority *a = mtasts_authorities_of(all, (size_t)i);

        r->seen.authority = least(live, r, a);
        note_zone(live, r, a);
    }
}

/* In the order of the ledger's rows. */
static int by_row(const void *a, const void *b)
{
    const mtasts_live_record *x = a, *y = b;
    int order = strcmp(x->l->site->name->value, y->l->site->name->value);

    return order ? order : x->record - y->record;
}

/* `probed`: of those that are fetched, or of the others. */
static void add_all(mtasts_live *live, int probed)
{
    int i;

    for (i = 0; i < live->sites->nelts; i++) {
        mtasts_live_site *l = mtasts_live_at(live, i);

        if (has_records(l) &&
            !mtasts_config_of(l->site->served->server)->probe_host == !probed) {
            (live->options->running ? add_records : add_known)(live, l);
        }
    }
}

void mtasts_live_find_records(mtasts_live *live)
{
    int i;

    live->records = apr_array_make(live->pool, 4, sizeof(mtasts_live_record));
    for (i = 0; i < MTASTS_LEDGER_RECORDS; i++) {
        live->recorded[i] = apr_hash_make(live->pool);
    }
    find_publishers(live);
    add_all(live, 1); /* else nobody would see that it is served */
    add_all(live, 0);
    if (live->records->nelts) {
        qsort(live->records->elts, (size_t)live->records->nelts,
              sizeof(mtasts_live_record), by_row);
    }
    /* Nothing follows from it before anything is served, which must not wait. */
    if (live->options->running && !live->options->starting) {
        ask_zones(live);
    }
}

apr_array_header_t *mtasts_live_records(const mtasts_live *live)
{
    return live->records;
}
