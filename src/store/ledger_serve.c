/*
 * What this front end serves.
 */

#include "ledger_private.h"

#include <string.h>

#define ROW_COLUMNS                                                            \
    "mtasts_served (front, domain, digest, id, is_open, first_served, "        \
    "last_served)"
#define ROW_TUPLE "(%s, %s, %s, %s, %lld, %lld, %lld)"
#define LATER(column)                                                          \
    column " = CASE WHEN " column " < %lld THEN %lld ELSE " column " END"

typedef struct item {
    const mtasts_ledger_serving *what;
    struct item *next; /* of the same domain */
    enum { NEW, CLOSED, OPEN, DOUBLE } row;
} item;

/* An open row that is not served any more. */
typedef struct {
    const char *domain, *digest, *id;
} gone;

typedef struct {
    const mtasts_ledger_serving *serving;
    size_t n;
    apr_int64_t now, until;
    /* while it runs */
    apr_pool_t *p;
    item *items;
    apr_hash_t *by_domain;
    apr_array_header_t *gone;
    apr_int64_t ended; /* when what is gone was served last */
} serve;

static item *find(const serve *c, const char *const *row)
{
    item *i = apr_hash_get(c->by_domain, row[0], APR_HASH_KEY_STRING);

    while (i &&
           (strcmp(i->what->digest, row[1]) || strcmp(i->what->id, row[2]))) {
        i = i->next;
    }
    return i;
}

static int take_row(mtasts_ledger *l, const char *const *columns, void *ctx)
{
    serve *c = ctx;
    const char *const *row = columns + 1; /* behind the front */
    item *i = find(c, row);
    int open = !strcmp(row[3], "1");

    (void)l;
    if (i) {
        i->row = open ? OPEN : CLOSED;
    }
    else if (open) {
        gone *g = apr_array_push(c->gone);

        g->domain = apr_pstrdup(c->p, row[0]);
        g->digest = apr_pstrdup(c->p, row[1]);
        g->id = apr_pstrdup(c->p, row[2]);
    }
    return 1;
}

static void prepare(serve *c, apr_pool_t *p)
{
    size_t i;

    c->p = p;
    c->items = apr_pcalloc(p, (c->n + 1) * sizeof(*c->items));
    c->by_domain = apr_hash_make(p);
    c->gone = apr_array_make(p, 16, sizeof(gone));
    for (i = 0; i < c->n; i++) {
        const char *row[] = {c->serving[i].domain, c->serving[i].digest,
                             c->serving[i].id};
        item *it = &c->items[i];

        it->what = &c->serving[i];
        it->row = NEW;
        if (find(c, row)) {
            it->row = DOUBLE; /* once is enough */
            continue;
        }
        it->next = apr_hash_get(c->by_domain, row[0], APR_HASH_KEY_STRING);
        apr_hash_set(c->by_domain, row[0], APR_HASH_KEY_STRING, it);
    }
}

/* Until when it was served what it does not serve now: it said until when, but
 * if the clock goes forward it ended now, at the latest. */
static int read_end(mtasts_ledger *l, serve *c)
{
    static const char sql[] =
        "SELECT said_at, served_until FROM mtasts_front WHERE front = %s";
    const void *args[] = {l->front};
    int64_t said, until;
    const char **row;

    if (!mtasts_db_one(l, c->p, sql, args, 2, &row)) {
        return 0;
    }
    if (!row) {
        c->ended = 0;
        return 1;
    }
    if (!mtasts_db_number(row[0], MTASTS_TIME_MAX, &said) ||
        !mtasts_db_number(row[1], MTASTS_TIME_MAX, &until)) {
        said = until = c->now;
    }
    c->ended = said <= c->now && c->now < until ? c->now : until;
    return 1;
}

static int read_rows(mtasts_ledger *l, serve *c)
{
    mtasts_db_scan_of mine = {
        .sql = "SELECT front, domain, digest, id, is_open FROM mtasts_served "
               "WHERE (front, domain, digest, id) > (%s, %s, %s, %s) "
               "ORDER BY front, domain, digest, id" MTASTS_DB_PAGE,
        .only = l->front,
        .nkeys = 4,
        .ncols = 5};

    return mtasts_db_scan(l, c->p, &mine, take_row, c);
}

/* All of this front's at once. */
static int shut_all(mtasts_ledger *l, const serve *c)
{
    static const char sql[] = "UPDATE mtasts_served SET is_open = 0, " LATER(
        "last_served") " WHERE front = %s AND is_open = 1";
    const void *args[] = {&c->ended, &c->ended, l->front};

    return mtasts_db_write(l, c->p, sql, args, NULL);
}

static int shut_each(mtasts_ledger *l, const serve *c)
{
    static const char sql[] = "UPDATE mtasts_served SET is_open = 0, " LATER(
        "last_served") " WHERE front = %s AND domain = %s AND digest = %s AND "
                       "id = %s";
    apr_pool_t *each;
    int i, good = 1;

    apr_pool_create(&each, c->p);
    for (i = 0; i < c->gone->nelts && good; i++) {
        const gone *g = &APR_ARRAY_IDX(c->gone, i, gone);
        const void *args[] = {&c->ended, &c->ended, l->front,
                              g->domain, g->digest, g->id};

        good = mtasts_db_write(l, each, sql, args, NULL);
        apr_pool_clear(each);
    }
    apr_pool_destroy(each);
    return good;
}

/* Where a policy of very many domains changes, it is quicker to shut all and open
 * the few that go on. */
static int shut(mtasts_ledger *l, const serve *c)
{
    size_t i, stay = 0;

    for (i = 0; i < c->n; i++) {
        stay += c->items[i].row == OPEN;
    }
    if ((size_t)c->gone->nelts <= stay + 1) {
        return shut_each(l, c);
    }
    for (i = 0; i < c->n; i++) {
        if (c->items[i].row == OPEN) {
            c->items[i].row = CLOSED;
        }
    }
    return shut_all(l, c);
}

static int reopen(mtasts_ledger *l, const serve *c)
{
    static const char sql[] = "UPDATE mtasts_served SET is_open = 1, " LATER(
        "last_served") " WHERE front = %s AND domain = %s AND digest = %s AND "
                       "id = %s";
    apr_pool_t *each;
    size_t i;
    int good = 1;

    apr_pool_create(&each, c->p);
    for (i = 0; i < c->n && good; i++) {
        const mtasts_ledger_serving *s = c->items[i].what;
        const void *args[] = {&c->now,   &c->now,   l->front,
                              s->domain, s->digest, s->id};

        if (c->items[i].row == CLOSED) {
            good = mtasts_db_write(l, each, sql, args, NULL);
            apr_pool_clear(each);
        }
    }
    apr_pool_destroy(each);
    return good;
}

static int add(mtasts_ledger *l, const serve *c)
{
    static const apr_int64_t open = 1;
    const mtasts_ledger_serving **of =
        apr_palloc(c->p, (c->n + 1) * sizeof(*of));
    const void **args, **at;
    size_t i, n = 0;

    for (i = 0; i < c->n; i++) {
        if (c->items[i].row == NEW) {
            of[n++] = c->items[i].what;
        }
    }
    at = args = apr_palloc(c->p, (7 * n + 1) * sizeof(*args));
    for (i = 0; i < n; i++) {
        *at++ = l->front;
        *at++ = of[i]->domain;
        *at++ = of[i]->digest;
        *at++ = of[i]->id;
        *at++ = &open;
        *at++ = &c->now;
        *at++ = &c->now;
    }
    return n == 0 ||
           (mtasts_ledger_keep_bodies(l, c->p, of, n) &&
            mtasts_db_insert(l, c->p, ROW_COLUMNS, ROW_TUPLE, 7, args, n));
}

/* --- until when --- */

/* A front that ledger_tidy.c takes for dead has said_at 0, and perhaps lost rows:
 * `least` is 1 for who relies on them. */
static int say(mtasts_ledger *l, apr_pool_t *p, const serve *c,
               apr_int64_t least, int *nrows)
{
    static const char sql[] =
        "UPDATE mtasts_front SET " LATER("said_at") ", " LATER(
            "served_until") " WHERE front = %s AND said_at >= %lld";
    const void *args[] = {&c->now,   &c->now,  &c->until,
                          &c->until, l->front, &least};

    return mtasts_db_write(l, p, sql, args, nrows);
}

int mtasts_front_hold(mtasts_ledger *l, apr_pool_t *p, int *there)
{
    static const char sql[] =
        "UPDATE mtasts_front SET said_at = said_at WHERE front = %s";
    const void *args[] = {l->front};

    return mtasts_db_write(l, p, sql, args, there);
}

static int serve_all(mtasts_ledger *l, apr_pool_t *p, void *ctx)
{
    serve *c = ctx;
    const void *args[] = {l->front, &c->now, &c->until};
    int nrows;

    prepare(c, p);
    return mtasts_front_hold(l, p, &nrows) && read_end(l, c) &&
           read_rows(l, c) && shut(l, c) && reopen(l, c) && add(l, c) &&
           say(l, p, c, 0, &nrows) &&
           (nrows > 0 ||
            mtasts_db_insert(l, p,
                             "mtasts_front (front, said_at, served_until)",
                             "(%s, %lld, %lld)", 3, args, 1));
}

int mtasts_ledger_serve(mtasts_ledger *l, apr_pool_t *p,
                        const mtasts_ledger_serving *serving, size_t n,
                        int64_t now, int64_t until)
{
    serve c = {.serving = serving,
               .n = n,
               .now = mtasts_db_time(now),
               .until = mtasts_db_time(until)};

    if (!mtasts_ledger_do(l, p, 1, serve_all, &c)) {
        return 0;
    }
    l->replaced = 0;
    return 1;
}

static int beat(mtasts_ledger *l, apr_pool_t *p, void *ctx)
{
    int nrows;

    if (!say(l, p, ctx, 1, &nrows)) {
        return 0;
    }
    return (nrows > 0 && !l->replaced) ||
           mtasts_ledger_fail(l, "it does not know what is served here", NULL);
}

int mtasts_ledger_beat(mtasts_ledger *l, int64_t now, int64_t until)
{
    serve c = {.now = mtasts_db_time(now), .until = mtasts_db_time(until)};

    return mtasts_ledger_do(l, l->pool, 1, beat, &c);
}
