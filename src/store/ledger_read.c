/*
 * All that is known of all domains.  The database may be damaged or written by
 * anybody who is User: what is not sane is left out, and nothing of a policy is
 * believed but a text that has the right digest.
 *
 * Domains share what is equal: a hundred thousand with one policy need its text
 * once.
 */

#include "ledger_private.h"

#include "body.h"

#include <stdlib.h>
#include <string.h>

#define PAST_MAX 1000 /* policies of one domain */

/* A policy's text, read. */
typedef struct {
    const char *digest;
    const char *text; /* NULL if no released policy has it */
    mtasts_policy policy;
} body;

typedef struct past past;
struct past {
    const body *of;
    const char *id;
    int64_t first, last;
    past *next;
};

typedef struct period period;
struct period {
    mtasts_txt_seen txt;
    period *before;
};

/* A domain while it is read. */
typedef struct {
    mtasts_ledger_domain public; /* first: this is what the caller gets */
    past *past;
    size_t npast;
    period *txt; /* the last one */
    size_t ntxt;
    const char *released_digest, *released_id;
    int64_t released_at;
} entry;

typedef struct {
    apr_pool_t *p;    /* the caller's, for what it gets */
    apr_pool_t *work; /* of the call */
    int64_t now;
    apr_hash_t *domains, *bodies, *fronts, *released;
    apr_hash_t *texts; /* that domains share */
    const char *front; /* this one */
    entry *latest;     /* rows of one domain often follow each other */
} reader;

/* --- values --- */

/* The domain's entry, made if there is none; NULL if the name is not sane. */
static entry *entry_of(reader *r, const char *domain)
{
    char name[MTASTS_NAME_SIZE];
    mtasts_finding why;
    entry *e;

    if (r->latest && !strcmp(r->latest->public.domain, domain)) {
        return r->latest;
    }
    e = apr_hash_get(r->domains, domain, APR_HASH_KEY_STRING);
    if (!e) {
        if (!mtasts_domain_parse(domain, name, &why) || strcmp(name, domain)) {
            return NULL;
        }
        e = apr_pcalloc(r->p, sizeof(*e));
        e->public.domain = apr_pstrdup(r->p, domain);
        apr_hash_set(r->domains, e->public.domain, APR_HASH_KEY_STRING, e);
    }
    r->latest = e;
    return e;
}

/* The id, shared; NULL if it can be none.  A policy that others were seen
 * serving may have none. */
static const char *id_of(reader *r, const char *id, const char *digest,
                         int may_lack)
{
    mtasts_finding why;

    if (digest && !strcmp(id, digest)) {
        return digest;
    }
    if (!*id && may_lack) {
        return "";
    }
    return mtasts_id_check(id, &why) ? mtasts_db_shared(r->p, r->texts, id)
                                     : NULL;
}

/* --- bodies --- */

static int take_body(mtasts_ledger *l, const char *const *row, void *ctx)
{
    reader *r = ctx;
    const char *digest = row[0], *text = row[1];
    char right[MTASTS_ID_SIZE];
    mtasts_policy policy;
    body *b;

    (void)l;
    if (!mtasts_policy_id(text, strlen(text), right) || strcmp(right, digest) ||
        !mtasts_body_policy(r->p, text, strlen(text), &policy)) {
        return 1;
    }
    b = apr_pcalloc(r->p, sizeof(*b));
    b->digest = apr_pstrdup(r->p, digest);
    if (apr_hash_get(r->released, digest, APR_HASH_KEY_STRING)) {
        b->text = apr_pstrdup(r->p, text);
    }
    b->policy = policy;
    apr_hash_set(r->bodies, b->digest, APR_HASH_KEY_STRING, b);
    return 1;
}

/* --- what was served --- */

static int take_front(mtasts_ledger *l, const char *const *row, void *ctx)
{
    reader *r = ctx;
    int64_t *until = apr_palloc(r->work, sizeof(*until));

    (void)l;
    if (mtasts_db_number(row[1], MTASTS_TIME_MAX, until)) {
        apr_hash_set(r->fronts, apr_pstrdup(r->work, row[0]),
                     APR_HASH_KEY_STRING, until);
    }
    return 1;
}

/* 1 if the same text is there under another id, too; rows of one text follow each
 * other. */
static int is_again(const past *one)
{
    return one->next && one->next->of == one->of;
}

/* In place of what one goes, if there are too many: one with the same text, or
 * one whose text is there under another id, or the one that senders can't hold
 * any more first. */
static past *least_of(const entry *e, const body *b)
{
    past *at, *least = e->past;

    for (at = e->past; at; at = at->next) {
        if (at->of == b) {
            return at;
        }
        if (is_again(at) != is_again(least)
                ? is_again(at)
                : at->last + mtasts_hold_time(&at->of->policy) <
                      least->last + mtasts_hold_time(&least->of->policy)) {
            least = at;
        }
    }
    return least;
}

/* Puts it in place of another one; which must not go if it is held longer. */
static void replace(past *old, const past *by)
{
    if (!is_again(old) && by->last + mtasts_hold_time(&by->of->policy) <=
                              old->last + mtasts_hold_time(&old->of->policy)) {
        return;
    }
    old->of = by->of;
    old->id = by->id;
    old->first = by->first;
    old->last = by->last;
}

/* Adds to what is known: several front ends serve the same, each from and until
 * times of its own. */
static void add_past(reader *r, entry *e, const body *b, const char *id,
                     int64_t first, int64_t last)
{
    past *known = e->past;

    while (known && (known->of != b || strcmp(known->id, id))) {
        known = known->next;
    }
    if (!known && e->npast >= PAST_MAX) {
        const past one = {b, id, first, last, NULL};

        known = least_of(e, b);
        if (known->of != b) {
            replace(known, &one);
            return;
        }
    }
    else if (!known) {
        known = apr_palloc(r->work, sizeof(*known));
        *known = (past){b, id, first, last, e->past};
        e->past = known;
        e->npast++;
    }
    known->first = first < known->first ? first : known->first;
    known->last = last > known->last ? last : known->last;
}

/* front, domain, digest, id, is_open, first_served, last_served */
static int take_served(mtasts_ledger *l, const char *const *row, void *ctx)
{
    reader *r = ctx;
    const body *b = apr_hash_get(r->bodies, row[2], APR_HASH_KEY_STRING);
    const int64_t *until = apr_hash_get(r->fronts, row[0], APR_HASH_KEY_STRING);
    int open = !strcmp(row[4], "1") && until;
    int64_t first, last;
    const char *id;
    entry *e;

    (void)l;
    if (!b || !mtasts_db_number(row[5], MTASTS_TIME_MAX, &first) ||
        !mtasts_db_number(row[6], MTASTS_TIME_MAX, &last) ||
        !(id = id_of(r, row[3], b->digest, !*row[0])) ||
        !(e = entry_of(r, row[1]))) {
        return 1;
    }
    if (open && *until > last) {
        last = *until;
    }
    if (open && !strcmp(row[0], r->front)) {
        e->public.served_id = id;
        e->public.served_digest = b->digest;
    }
    else if (open && *until >= r->now) {
        e->public.served_elsewhere = 1;
    }
    add_past(r, e, b, id, first < last ? first : last, last);
    return 1;
}

/* --- what is released, what is in DNS --- */

static int take_released(mtasts_ledger *l, const char *const *row, void *ctx)
{
    reader *r = ctx;
    const char *digest = id_of(r, row[1], NULL, 0);
    const char *id = digest ? id_of(r, row[2], digest, 0) : NULL;
    int64_t at;
    entry *e;

    (void)l;
    if (!id || !mtasts_db_number(row[3], MTASTS_TIME_MAX, &at) ||
        !(e = entry_of(r, row[0]))) {
        return 1;
    }
    e->released_digest = digest;
    e->released_id = id;
    e->released_at = at;
    apr_hash_set(r->released, digest, APR_HASH_KEY_STRING, digest);
    return 1;
}

/* front, domain, digest, id, because */
static int take_held(mtasts_ledger *l, const char *const *row, void *ctx)
{
    reader *r = ctx;
    const char *digest = id_of(r, row[2], NULL, 0);
    const char *id = digest ? id_of(r, row[3], digest, 0) : NULL;
    mtasts_ledger_held *held;
    int64_t because;
    entry *e;

    (void)l;
    if (id && mtasts_db_number(row[4], INT32_MAX, &because) &&
        (e = entry_of(r, row[1])) != NULL) {
        held = apr_palloc(r->p, sizeof(*held));
        held->digest = digest;
        held->id = id;
        held->because = (unsigned)because;
        e->public.held = held;
    }
    return 1;
}

/* domain, period, id, since, last_seen, cached: of one domain the later ones later. */
static int take_txt(mtasts_ledger *l, const char *const *row, void *ctx)
{
    reader *r = ctx;
    const char *id = id_of(r, row[2], NULL, 1);
    int64_t since, until, cached;
    entry *e;
    period *at;

    (void)l;
    if (!id || !mtasts_db_number(row[3], MTASTS_TIME_MAX, &since) ||
        !mtasts_db_number(row[4], MTASTS_TIME_MAX, &until) ||
        !mtasts_db_number(row[5], MTASTS_TIME_MAX, &cached) ||
        !(e = entry_of(r, row[0]))) {
        return 1;
    }
    at = apr_palloc(r->work, sizeof(*at));
    at->txt.id = id;
    at->txt.since = since;
    at->txt.until = until;
    at->txt.cached = cached;
    at->before = e->txt;
    e->txt = at;
    e->ntxt++;
    return 1;
}

/* --- plans and publications --- */

/* domain, mode, max_age, since, green_since, looked_at */
static int take_step(mtasts_ledger *l, const char *const *row, void *ctx)
{
    reader *r = ctx;
    mtasts_ledger_step step;
    entry *e;

    (void)l;
    if (mtasts_row_step(row + 1, &step) && (e = entry_of(r, row[0])) != NULL) {
        e->public.step = apr_pmemdup(r->p, &step, sizeof(step));
    }
    return 1;
}

/* domain, record, value, state, since, next_at, served_since, failures, said */
static int take_publishing(mtasts_ledger *l, const char *const *row, void *ctx)
{
    reader *r = ctx;
    int record = mtasts_row_record(row[1]);
    mtasts_ledger_publishing publishing;
    entry *e;

    (void)l;
    if (record >= 0 && mtasts_row_publishing(row + 2, &publishing) &&
        (e = entry_of(r, row[0])) != NULL) {
        publishing.value = mtasts_db_shared(r->p, r->texts, publishing.value);
        if (publishing.said) {
            publishing.said = mtasts_db_shared(r->p, r->texts, publishing.said);
        }
        e->public.publishing[record] =
            apr_pmemdup(r->p, &publishing, sizeof(publishing));
    }
    return 1;
}

/* --- the whole --- */

static int last_first(const void *a, const void *b)
{
    const mtasts_past *x = a, *y = b;
    int c =
        (x->last_served < y->last_served) - (x->last_served > y->last_served);

    if (!c) {
        c = (x->first_served < y->first_served) -
            (x->first_served > y->first_served);
    }
    return c ? c : strcmp(x->digest, y->digest);
}

static void to_past(mtasts_past *to, const body *b, const char *id,
                    int64_t first, int64_t last)
{
    to->id = id;
    to->digest = b->digest;
    to->policy = b->policy;
    to->first_served = first;
    to->last_served = last;
}

static void finish_released(reader *r, entry *e)
{
    const body *b =
        e->released_digest
            ? apr_hash_get(r->bodies, e->released_digest, APR_HASH_KEY_STRING)
            : NULL;
    const mtasts_history *h = &e->public.history;
    mtasts_past *made;
    size_t i;

    if (!b || !b->text) {
        return;
    }
    e->public.released_body = b->text;
    e->public.released_at = e->released_at;
    for (i = 0; i < h->npast; i++) {
        if (!strcmp(h->past[i].digest, b->digest) &&
            !strcmp(h->past[i].id, e->released_id)) {
            e->public.released = &h->past[i];
            return;
        }
    }
    made = apr_palloc(r->p, sizeof(*made));
    to_past(made, b, e->released_id, e->released_at, e->released_at);
    e->public.released = made;
}

/* Of a damaged file there may be more than were ever written. */
static void finish_txt(reader *r, entry *e)
{
    size_t n = e->ntxt < MTASTS_TXT_KEPT ? e->ntxt : MTASTS_TXT_KEPT;
    mtasts_txt_seen *all = apr_palloc(r->p, (n + 1) * sizeof(*all));
    const period *at;
    size_t i = 0;

    for (at = e->txt; at && i < n; at = at->before) {
        all[i++] = at->txt;
    }
    e->public.history.txt = all;
    e->public.history.ntxt = n;
}

static void finish(reader *r, entry *e)
{
    mtasts_past *all = apr_palloc(r->p, (e->npast + 1) * sizeof(*all));
    size_t n = 0;
    past *at;

    for (at = e->past; at; at = at->next) {
        to_past(&all[n++], at->of, at->id, at->first, at->last);
    }
    qsort(all, n, sizeof(*all), last_first);
    e->public.history.past = all;
    e->public.history.npast = n;
    finish_txt(r, e);
    finish_released(r, e);
}

/* In this order: what is released says whose text is kept, and bodies and fronts
 * are what the rows of `served` are read by. */
static const struct {
    mtasts_db_scan_of rows;
    mtasts_db_row_fn *take;
    int mine; /* of this front only */
} parts[] = {
    {{.sql = "SELECT domain, digest, id, released_at FROM mtasts_released "
             "WHERE domain > %s ORDER BY domain" MTASTS_DB_PAGE,
      .nkeys = 1,
      .ncols = 4},
     take_released,
     0},
    {{.sql = "SELECT digest, body FROM mtasts_body "
             "WHERE digest > %s ORDER BY digest" MTASTS_DB_PAGE,
      .nkeys = 1,
      .ncols = 2},
     take_body,
     0},
    {{.sql = "SELECT front, served_until FROM mtasts_front "
             "WHERE front > %s ORDER BY front" MTASTS_DB_PAGE,
      .nkeys = 1,
      .ncols = 2},
     take_front,
     0},
    {{.sql = "SELECT front, domain, digest, id, is_open, first_served, "
             "last_served FROM mtasts_served "
             "WHERE (front, domain, digest, id) > (%s, %s, %s, %s) "
             "ORDER BY front, domain, digest, id" MTASTS_DB_PAGE,
      .nkeys = 4,
      .ncols = 7},
     take_served,
     0},
    {{.sql = "SELECT front, domain, digest, id, because FROM mtasts_held "
             "WHERE (front, domain) > (%s, %s) "
             "ORDER BY front, domain" MTASTS_DB_PAGE,
      .nkeys = 2,
      .ncols = 5},
     take_held,
     1},
    {{.sql = "SELECT domain, period, id, since, last_seen, cached "
             "FROM mtasts_txt WHERE (domain, period) > (%s, %s) "
             "ORDER BY domain, period" MTASTS_DB_PAGE,
      .nkeys = 2,
      .ncols = 6},
     take_txt,
     0},
    {{.sql = "SELECT domain, mode, max_age, since, green_since, looked_at "
             "FROM mtasts_step WHERE domain > %s "
             "ORDER BY domain" MTASTS_DB_PAGE,
      .nkeys = 1,
      .ncols = 6},
     take_step,
     0},
    {{.sql = "SELECT domain, record, value, state, since, next_at, "
             "served_since, failures, said FROM mtasts_publishing "
             "WHERE (domain, record) > (%s, %s) "
             "ORDER BY domain, record" MTASTS_DB_PAGE,
      .nkeys = 2,
      .ncols = 9},
     take_publishing,
     0},
};

static int read_parts(mtasts_ledger *l, apr_pool_t *p, reader *r)
{
    size_t i;

    for (i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        mtasts_db_scan_of rows = parts[i].rows;

        rows.only = parts[i].mine ? l->front : NULL;
        if (!mtasts_db_scan(l, p, &rows, parts[i].take, r)) {
            return 0;
        }
    }
    return 1;
}

static int read_all(mtasts_ledger *l, apr_pool_t *p, void *ctx)
{
    reader *r = ctx;
    apr_hash_index_t *hi;

    r->work = p;
    r->domains = apr_hash_make(r->p);
    r->bodies = apr_hash_make(p);
    r->fronts = apr_hash_make(p);
    r->released = apr_hash_make(p);
    r->texts = apr_hash_make(p);
    r->latest = NULL;
    if (!read_parts(l, p, r)) {
        return 0;
    }
    for (hi = apr_hash_first(p, r->domains); hi; hi = apr_hash_next(hi)) {
        finish(r, apr_hash_this_val(hi));
    }
    return 1;
}

int mtasts_ledger_read(mtasts_ledger *l, apr_pool_t *p, int64_t now,
                       apr_hash_t **domains)
{
    reader r = {.p = p, .now = now, .front = l->front};
    int good;

    r.domains = apr_hash_make(p);
    good = mtasts_ledger_do(l, p, 0, read_all, &r);
    *domains = r.domains;
    return good;
}
