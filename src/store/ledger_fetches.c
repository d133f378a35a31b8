/*
 * How often policies are fetched, by which kind of sender.  Each front end has rows
 * of its own, which is what lets it add without waiting for others; read, they are
 * one.
 *
 * That is evidence for people, not what senders may hold: what is too old is
 * forgotten, by a clock that may be wrong.
 */

#include "ledger_private.h"

#include <stdlib.h>
#include <string.h>

/* A sender that keeps a policy as long as it may has it a year after that ended,
 * and nobody asks any more. */
#define KEPT_FOR     (2 * (int64_t)MTASTS_MAX_AGE_MAX)
#define FORGET_ROWS  "5000" /* looked through at once */
#define HOLD_TRIES   20
#define READ_MAX     1000 /* of one domain: those fetched last */
#define FETCHES_MAX  INT64_C(999999999999999)
#define FETCHES_TEXT "999999999999999" /* the same, for SQL */

/* clang-format off */
/* As reading takes it. */
#define SANE(of) \
    of "fetches BETWEEN 1 AND " FETCHES_TEXT " AND " \
    of "first_fetched BETWEEN 0 AND " MTASTS_TIME_TEXT " AND " \
    of "last_fetched BETWEEN 0 AND " MTASTS_TIME_TEXT

/* What a row becomes by another that is added to it; one that is not sane counts
 * for nothing. */
#define ADDED(of, n, first, last) \
    "fetches = CASE WHEN NOT (" SANE(of) ") THEN " n \
    " WHEN " of "fetches > " FETCHES_TEXT " - " n " THEN " FETCHES_TEXT \
    " ELSE " of "fetches + " n " END, " \
    "first_fetched = CASE WHEN " SANE(of) " AND " of "first_fetched < " first \
    " THEN " of "first_fetched ELSE " first " END, " \
    "last_fetched = CASE WHEN " SANE(of) " AND " of "last_fetched > " last \
    " THEN " of "last_fetched ELSE " last " END"

#define ADD_TO_ROW \
    "UPDATE mtasts_fetched SET " ADDED("", "%lld", "%lld", "%lld") \
    " WHERE domain = %s AND digest = %s AND id = %s AND sender = %s AND " \
    "front = %s"

#define IN_RANGE "front = %s AND domain >= %s AND domain <= %s"
#define MOVE \
    "INSERT INTO mtasts_fetched (domain, digest, id, sender, front, fetches, " \
    "first_fetched, last_fetched) " \
    "SELECT domain, digest, id, sender, '', fetches, first_fetched, " \
    "last_fetched FROM mtasts_fetched WHERE " IN_RANGE " AND " SANE("") \
    " ON CONFLICT (domain, digest, id, sender, front) DO UPDATE SET " \
    ADDED("mtasts_fetched.", "excluded.fetches", "excluded.first_fetched", \
          "excluded.last_fetched")
/* clang-format on */

/* --- adding --- */

static int is_sane(const mtasts_ledger_fetches *f)
{
    mtasts_finding why;

    return mtasts_id_check(f->digest, &why) && mtasts_id_check(f->id, &why) &&
           (unsigned)f->sender < MTASTS_SENDERS && f->n > 0;
}

static int64_t first_of(const mtasts_ledger_fetches *f)
{
    return mtasts_db_time(f->first > 0 && f->first < f->last ? f->first
                                                             : f->last);
}

static int add_to_row(mtasts_ledger *l, apr_pool_t *p,
                      const mtasts_ledger_fetches *f, apr_int64_t n, int *there)
{
    const char *sender = mtasts_sender_name(f->sender);
    apr_int64_t first = first_of(f), last = mtasts_db_time(f->last);
    const void *args[] = {&n,        &n,    &n,     &first,
                          &first,    &last, &last,  f->domain,
                          f->digest, f->id, sender, l->front};

    return mtasts_db_write(l, p, ADD_TO_ROW, args, there);
}

static int add_one(mtasts_ledger *l, apr_pool_t *p,
                   const mtasts_ledger_fetches *f)
{
    apr_int64_t n =
        f->n < (uint64_t)FETCHES_MAX ? (apr_int64_t)f->n : FETCHES_MAX;
    apr_int64_t first = first_of(f), last = mtasts_db_time(f->last);
    const void *all[] = {
        f->domain, f->digest, f->id,  mtasts_sender_name(f->sender),
        l->front,  &n,        &first, &last};
    int done;

    if (!add_to_row(l, p, f, n, &done)) {
        return 0;
    }
    if (done > 0) {
        return 1;
    }
    /* The process before this one may be adding its last ones. */
    return mtasts_db_insert_new(l, p,
                                "mtasts_fetched (domain, digest, id, sender, "
                                "front, fetches, first_fetched, last_fetched)",
                                "(%s, %s, %s, %s, %s, %lld, %lld, %lld)", all,
                                &done) &&
           (done > 0 || add_to_row(l, p, f, n, &done));
}

typedef struct {
    const mtasts_ledger_fetches *more;
    size_t n;
} adding;

static int compare(const mtasts_ledger_fetches *a,
                   const mtasts_ledger_fetches *b)
{
    int c = strcmp(a->domain, b->domain);

    c = c ? c : strcmp(a->digest, b->digest);
    c = c ? c : strcmp(a->id, b->id);
    return c ? c : (int)a->sender - (int)b->sender;
}

static int by_key(const void *a, const void *b)
{
    return compare(*(const mtasts_ledger_fetches *const *)a,
                   *(const mtasts_ledger_fetches *const *)b);
}

/* Keeps ledger_tidy.c from this front's rows; also if it has just taken the front
 * for dead and forgotten it: another process of this front may bring it back. */
static int hold_front(mtasts_ledger *l, apr_pool_t *p)
{
    static const apr_int64_t never = 0;
    const void *args[] = {l->front, &never, &never};
    int there = 0, tries;

    for (tries = 0; tries < HOLD_TRIES && !there; tries++) {
        if (!mtasts_front_hold(l, p, &there) ||
            (!there && !mtasts_db_insert_new(
                           l, p, "mtasts_front (front, said_at, served_until)",
                           "(%s, %lld, %lld)", args, &there))) {
            return 0;
        }
    }
    return there ||
           mtasts_ledger_fail(l, "another front end clears it up", NULL);
}

/* In order, so that two processes of one front end don't wait for each other. */
static int add_all(mtasts_ledger *l, apr_pool_t *p, void *ctx)
{
    const adding *c = ctx;
    const mtasts_ledger_fetches **all =
        apr_palloc(p, (c->n + 1) * sizeof(*all));
    apr_pool_t *each;
    size_t i;
    int good = hold_front(l, p);

    for (i = 0; i < c->n; i++) {
        all[i] = &c->more[i];
    }
    qsort(all, c->n, sizeof(*all), by_key);
    apr_pool_create(&each, p);
    for (i = 0; i < c->n && good; i++) {
        /* What reading would not believe is not kept. */
        good = !is_sane(all[i]) || add_one(l, each, all[i]);
        apr_pool_clear(each);
    }
    apr_pool_destroy(each);
    return good;
}

int mtasts_ledger_add_fetches(mtasts_ledger *l, apr_pool_t *p,
                              const mtasts_ledger_fetches *more, size_t nmore)
{
    adding c = {more, nmore};

    return !nmore || mtasts_ledger_do(l, p, 1, add_all, &c);
}

/* --- reading --- */

/* Of one domain. */
typedef struct {
    const char *domain;
    apr_array_header_t *rows; /* the caller's */
} entry;

typedef struct {
    apr_pool_t *p; /* the caller's */
    apr_pool_t *work;
    const char *only;    /* or NULL */
    apr_hash_t *domains; /* the caller's */
    apr_hash_t *texts;   /* that domains share */
    apr_array_header_t *entries;
    entry *latest; /* rows of one domain follow each other */
} reader;

/* NULL if the name is not sane. */
static entry *entry_of(reader *r, const char *domain)
{
    char name[MTASTS_NAME_SIZE];
    mtasts_finding why;

    if (r->latest && !strcmp(r->latest->domain, domain)) {
        return r->latest;
    }
    if (!mtasts_domain_parse(domain, name, &why) || strcmp(name, domain)) {
        return NULL;
    }
    r->latest = apr_pcalloc(r->work, sizeof(*r->latest));
    r->latest->domain = apr_pstrdup(r->p, domain);
    r->latest->rows = apr_array_make(r->p, 4, sizeof(mtasts_ledger_fetches));
    APR_ARRAY_PUSH(r->entries, entry *) = r->latest;
    apr_hash_set(r->domains, r->latest->domain, APR_HASH_KEY_STRING,
                 r->latest->rows);
    return r->latest;
}

static int last_first(const void *a, const void *b)
{
    const mtasts_ledger_fetches *x = a, *y = b;
    int c = (x->last < y->last) - (x->last > y->last);

    return c ? c : compare(x, y);
}

static int in_order(const void *a, const void *b)
{
    return compare(a, b);
}

static void cut(entry *e)
{
    qsort(e->rows->elts, (size_t)e->rows->nelts, sizeof(mtasts_ledger_fetches),
          last_first);
    e->rows->nelts = READ_MAX;
}

static void add_up(mtasts_ledger_fetches *sum, const mtasts_ledger_fetches *f)
{
    sum->n =
        f->n < (uint64_t)FETCHES_MAX - sum->n ? sum->n + f->n : FETCHES_MAX;
    sum->first = f->first < sum->first ? f->first : sum->first;
    sum->last = f->last > sum->last ? f->last : sum->last;
}

/* What front ends have of the same comes one after the other. */
static void keep(reader *r, entry *e, const mtasts_ledger_fetches *f)
{
    int n = e->rows->nelts;
    mtasts_ledger_fetches *new;

    if (n &&
        !compare(&APR_ARRAY_IDX(e->rows, n - 1, mtasts_ledger_fetches), f)) {
        add_up(&APR_ARRAY_IDX(e->rows, n - 1, mtasts_ledger_fetches), f);
        return;
    }
    if (n >= 2 * READ_MAX) {
        cut(e);
    }
    new = apr_array_push(e->rows);
    *new = *f;
    new->digest = mtasts_db_shared(r->p, r->texts, f->digest);
    new->id = mtasts_db_shared(r->p, r->texts, f->id);
}

/* domain, digest, id, sender, front, fetches, first_fetched, last_fetched.  Another
 * version of the module may have senders that this one doesn't know. */
static int take(mtasts_ledger *l, const char *const *row, void *ctx)
{
    reader *r = ctx;
    mtasts_ledger_fetches f = {.digest = row[1],
                               .id = row[2],
                               .sender = mtasts_sender_by_name(row[3])};
    int64_t n;
    entry *e;

    (void)l;
    if (strcmp(row[3], mtasts_sender_name(f.sender)) ||
        !mtasts_db_number(row[5], FETCHES_MAX, &n) ||
        !mtasts_db_number(row[6], MTASTS_TIME_MAX, &f.first) ||
        !mtasts_db_number(row[7], MTASTS_TIME_MAX, &f.last)) {
        return 1;
    }
    f.n = (uint64_t)n;
    f.first = f.first < f.last ? f.first : f.last;
    if (is_sane(&f) && (e = entry_of(r, row[0])) != NULL) {
        f.domain = e->domain;
        keep(r, e, &f);
    }
    return 1;
}

static void finish(entry *e)
{
    if (e->rows->nelts > READ_MAX) {
        cut(e);
    }
    qsort(e->rows->elts, (size_t)e->rows->nelts, sizeof(mtasts_ledger_fetches),
          in_order);
}

static int read_fetches(mtasts_ledger *l, apr_pool_t *p, void *ctx)
{
    reader *r = ctx;
    mtasts_db_scan_of rows = {
        .sql = "SELECT domain, digest, id, sender, front, fetches, "
               "first_fetched, last_fetched FROM mtasts_fetched "
               "WHERE (domain, digest, id, sender, front) > "
               "(%s, %s, %s, %s, %s) "
               "ORDER BY domain, digest, id, sender, front" MTASTS_DB_PAGE,
        .only = r->only,
        .nkeys = 5,
        .ncols = 8};
    int i;

    r->work = p;
    r->domains = apr_hash_make(r->p);
    r->texts = apr_hash_make(p);
    r->entries = apr_array_make(p, 16, sizeof(entry *));
    r->latest = NULL;
    if (!mtasts_db_scan(l, p, &rows, take, r)) {
        return 0;
    }
    for (i = 0; i < r->entries->nelts; i++) {
        finish(APR_ARRAY_IDX(r->entries, i, entry *));
    }
    return 1;
}

int mtasts_ledger_read_fetches(mtasts_ledger *l, apr_pool_t *p,
                               const char *domain, apr_hash_t **domains)
{
    reader r = {.p = p, .only = domain};
    int good;

    r.domains = apr_hash_make(p);
    good = mtasts_ledger_do(l, p, 0, read_fetches, &r);
    *domains = r.domains;
    return good;
}

/* --- tidying --- */

int mtasts_fetches_move(mtasts_ledger *l, apr_pool_t *p, const char *front,
                        const char *low, const char *high)
{
    static const char forget[] = "DELETE FROM mtasts_fetched WHERE " IN_RANGE;
    const void *args[] = {front, low, high};

    return mtasts_db_write(l, p, MOVE, args, NULL) &&
           mtasts_db_write(l, p, forget, args, NULL);
}

/* The last domain of what is looked through next; "" if that is the rest. */
static int find_end(mtasts_ledger *l, apr_pool_t *p, const char *from,
                    const char **to)
{
    static const char sql[] =
        "SELECT domain FROM mtasts_fetched WHERE domain > %s "
        "ORDER BY domain, digest, id, sender, front "
        "LIMIT 1 OFFSET " FORGET_ROWS;
    const void *args[] = {from};
    const char **row;

    *to = "";
    if (!mtasts_db_one(l, p, sql, args, 1, &row)) {
        return 0;
    }
    if (row && strlen(row[0]) < MTASTS_NAME_SIZE) {
        *to = row[0];
    }
    return 1;
}

int mtasts_fetches_forget(mtasts_ledger *l, apr_pool_t *p, int64_t now,
                          const char *from, char to[MTASTS_NAME_SIZE])
{
    static const char some[] = "DELETE FROM mtasts_fetched WHERE "
                               "last_fetched < %lld AND domain > %s AND "
                               "domain <= %s";
    static const char rest[] = "DELETE FROM mtasts_fetched WHERE "
                               "last_fetched < %lld AND domain > %s";
    apr_int64_t before = now - KEPT_FOR;
    const char *end;
    const void *args[] = {&before, from, NULL};

    if (!find_end(l, p, from, &end)) {
        return 0;
    }
    args[2] = end;
    memcpy(to, end, strlen(end) + 1);
    return mtasts_db_write(l, p, *end ? some : rest, args, NULL);
}
