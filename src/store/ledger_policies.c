/*
 * Policies one by one: bodies, what others serve, what is released; and the id
 * in DNS.
 */

#include "ledger_private.h"

#include "../core/policy_read.h"

#include <stdlib.h>
#include <string.h>

/* --- bodies --- */

static int is_there(mtasts_ledger *l, apr_pool_t *p, const char *digest,
                    int *there)
{
    static const char sql[] =
        "SELECT digest FROM mtasts_body WHERE digest = %s";
    const void *args[] = {digest};
    const char **row;
    int good = mtasts_db_one(l, p, sql, args, 1, &row);

    *there = good && row;
    return good;
}

static int forget_body(mtasts_ledger *l, const char *const *row, void *wanted)
{
    (void)l;
    apr_hash_set(wanted, row[0], APR_HASH_KEY_STRING, NULL);
    return 1;
}

/* Leaves in `wanted` (digest -> serving) what the database does not have. */
static int leave_new(mtasts_ledger *l, apr_pool_t *p, apr_hash_t *wanted)
{
    static const mtasts_db_scan_of all = {
        .sql = "SELECT digest FROM mtasts_body WHERE digest > %s "
               "ORDER BY digest" MTASTS_DB_PAGE,
        .nkeys = 1,
        .ncols = 1};
    apr_hash_index_t *hi;

    if (apr_hash_count(wanted) > 100) {
        return mtasts_db_scan(l, p, &all, forget_body, wanted);
    }
    for (hi = apr_hash_first(p, wanted); hi; hi = apr_hash_next(hi)) {
        const char *digest = apr_hash_this_key(hi);
        int there;

        if (!is_there(l, p, digest, &there)) {
            return 0;
        }
        if (there) {
            apr_hash_set(wanted, digest, APR_HASH_KEY_STRING, NULL);
        }
    }
    return 1;
}

static int by_digest(const void *a, const void *b)
{
    return strcmp((*(const mtasts_ledger_serving *const *)a)->digest,
                  (*(const mtasts_ledger_serving *const *)b)->digest);
}

/* Refused is what reading would not believe. */
static int check_body(mtasts_ledger *l, const mtasts_ledger_serving *s)
{
    char digest[MTASTS_ID_SIZE];
    mtasts_policy_read read = {MTASTS_MODE_NONE, 0, 0, 0, NULL};
    size_t len = strlen(s->body);

    return (mtasts_policy_id(s->body, len, digest) &&
            !strcmp(digest, s->digest) &&
            mtasts_policy_body_read(s->body, len, &read)) ||
           mtasts_ledger_fail(l, "a policy's text and digest don't fit",
                              s->domain);
}

/* In order, so that two front ends that write the same don't wait for each
 * other. */
static int insert_bodies(mtasts_ledger *l, apr_pool_t *p, apr_hash_t *wanted)
{
    size_t n = apr_hash_count(wanted), i = 0;
    const mtasts_ledger_serving **of = apr_palloc(p, n * sizeof(*of));
    const void **args = apr_palloc(p, 4 * n * sizeof(*args)), **at = args;
    apr_int64_t *max_age = apr_palloc(p, n * sizeof(*max_age));
    apr_hash_index_t *hi;

    for (hi = apr_hash_first(p, wanted); hi; hi = apr_hash_next(hi)) {
        of[i++] = apr_hash_this_val(hi);
    }
    qsort(of, n, sizeof(*of), by_digest);
    for (i = 0; i < n; i++) {
        if (!check_body(l, of[i])) {
            return 0;
        }
        max_age[i] = of[i]->policy->max_age;
        *at++ = of[i]->digest;
        *at++ = mtasts_mode_name(of[i]->policy->mode);
        *at++ = &max_age[i];
        *at++ = of[i]->body;
    }
    return mtasts_db_insert(l, p, "mtasts_body (digest, mode, max_age, body)",
                            "(%s, %s, %lld, %s)", 4, args, n);
}

int mtasts_ledger_keep_bodies(mtasts_ledger *l, apr_pool_t *p,
                              const mtasts_ledger_serving *const *of, size_t n)
{
    apr_hash_t *wanted = apr_hash_make(p);
    size_t i;

    for (i = 0; i < n; i++) {
        apr_hash_set(wanted, of[i]->digest, APR_HASH_KEY_STRING, of[i]);
    }
    return leave_new(l, p, wanted) &&
           (!apr_hash_count(wanted) || insert_bodies(l, p, wanted));
}

/* --- what others serve --- */

typedef struct {
    const mtasts_ledger_serving *what;
    apr_int64_t now;
} one;

/* The same policy in this module's words, if its text is one that reading would
 * not believe: others may write comments, or what is no ASCII. */
static const mtasts_ledger_serving *
in_our_words(apr_pool_t *p, const mtasts_ledger_serving *seen)
{
    mtasts_ledger_serving *ours;
    mtasts_policy_read read = {MTASTS_MODE_NONE, 0, 0, 0, NULL};
    char digest[MTASTS_ID_SIZE], *body;
    size_t len;

    if (mtasts_policy_body_read(seen->body, strlen(seen->body), &read)) {
        return seen;
    }
    ours = apr_pmemdup(p, seen, sizeof(*seen));
    len = mtasts_policy_render(seen->policy, NULL, 0);
    body = apr_pcalloc(p, len + 1);
    mtasts_policy_render(seen->policy, body, len);
    mtasts_policy_id(body, len, digest);
    ours->body = body;
    ours->digest = apr_pstrdup(p, digest);
    return ours;
}

static int saw_policy(mtasts_ledger *l, apr_pool_t *p, void *ctx)
{
    static const char update[] =
        "UPDATE mtasts_served SET last_served = CASE WHEN last_served < %lld "
        "THEN %lld ELSE last_served END "
        "WHERE front = %s AND domain = %s AND digest = %s AND id = %s";
    static const char columns[] = "mtasts_served (front, domain, digest, id, "
                                  "is_open, first_served, last_served)";
    const one *c = ctx;
    const mtasts_ledger_serving *s = in_our_words(p, c->what);
    const char *id = s->id ? s->id : "";
    apr_int64_t shut = 0;
    const void *key[] = {&c->now, &c->now, "", s->domain, s->digest, id};
    const void *all[] = {"", s->domain, s->digest, id, &shut, &c->now, &c->now};
    int nrows;

    return mtasts_ledger_keep_bodies(l, p, &s, 1) &&
           mtasts_db_write(l, p, update, key, &nrows) &&
           (nrows > 0 ||
            (mtasts_db_insert(l, p, columns,
                              "(%s, %s, %s, %s, %lld, %lld, %lld)", 7, all,
                              1) &&
             /* Another one may have been first, with an earlier time. */
             mtasts_db_write(l, p, update, key, NULL)));
}

int mtasts_ledger_saw_policy(mtasts_ledger *l, apr_pool_t *p,
                             const mtasts_ledger_serving *seen, int64_t now)
{
    one c = {seen, mtasts_db_time(now)};

    return mtasts_ledger_do(l, p, 1, saw_policy, &c);
}

/* --- what is released --- */

static int release(mtasts_ledger *l, apr_pool_t *p, void *ctx)
{
    static const char select[] =
        "SELECT digest, id FROM mtasts_released WHERE domain = %s";
    static const char update[] =
        "UPDATE mtasts_released SET digest = %s, id = %s, released_at = %lld "
        "WHERE domain = %s";
    const one *c = ctx;
    const mtasts_ledger_serving *s = c->what;
    const void *key[] = {s->domain};
    const void *set[] = {s->digest, s->id, &c->now, s->domain};
    const void *all[] = {s->domain, s->digest, s->id, &c->now};
    const char **row;

    if (!mtasts_db_one(l, p, select, key, 2, &row)) {
        return 0;
    }
    if (row && !strcmp(row[0], s->digest) && !strcmp(row[1], s->id)) {
        return 1;
    }
    if (!mtasts_ledger_keep_bodies(l, p, &s, 1)) {
        return 0;
    }
    return row ? mtasts_db_write(l, p, update, set, NULL)
               : mtasts_db_insert(
                     l, p, "mtasts_released (domain, digest, id, released_at)",
                     "(%s, %s, %s, %lld)", 4, all, 1);
}

int mtasts_ledger_release(mtasts_ledger *l, apr_pool_t *p,
                          const mtasts_ledger_serving *released, int64_t now)
{
    one c = {released, mtasts_db_time(now)};

    return mtasts_ledger_do(l, p, 1, release, &c);
}

/* --- what is held back --- */

typedef struct {
    const char *domain;
    const mtasts_ledger_held *held;
} holding;

static int hold(mtasts_ledger *l, apr_pool_t *p, void *ctx)
{
    static const char forget[] =
        "DELETE FROM mtasts_held WHERE front = %s AND domain = %s";
    const holding *c = ctx;
    apr_int64_t because = c->held ? c->held->because : 0;
    const void *key[] = {l->front, c->domain};
    const void *all[] = {l->front, c->domain, c->held ? c->held->digest : "",
                         c->held ? c->held->id : "", &because};

    return mtasts_db_write(l, p, forget, key, NULL) &&
           (!c->held ||
            mtasts_db_insert(l, p,
                             "mtasts_held (front, domain, digest, id, because)",
                             "(%s, %s, %s, %s, %lld)", 5, all, 1));
}

int mtasts_ledger_hold(mtasts_ledger *l, apr_pool_t *p, const char *domain,
                       const mtasts_ledger_held *held)
{
    holding c = {domain, held};

    return mtasts_ledger_do(l, p, 1, hold, &c);
}

/* --- the id in DNS --- */

typedef struct {
    const char *domain, *id;
    apr_int64_t cached, now;
} txt;

/* Writes a number as texts sort. */
static const char *period_text(apr_pool_t *p, int64_t n)
{
    return apr_psprintf(p, "%010" APR_INT64_T_FMT, (apr_int64_t)n);
}

static int put_txt(mtasts_ledger *l, apr_pool_t *p, const txt *c, int64_t n)
{
    static const char forget[] =
        "DELETE FROM mtasts_txt WHERE domain = %s AND period <= %s";
    int64_t old = n - MTASTS_TXT_KEPT;
    const void *all[] = {c->domain, period_text(p, n), c->id,
                         &c->now,   &c->now,           &c->cached};
    const void *gone[] = {c->domain, period_text(p, old < 0 ? 0 : old)};

    return mtasts_db_insert(l, p,
                            "mtasts_txt (domain, period, id, since, last_seen, "
                            "cached)",
                            "(%s, %s, %s, %lld, %lld, %lld)", 6, all, 1) &&
           (old < 1 || mtasts_db_write(l, p, forget, gone, NULL));
}

/* Several front ends see it, each time: twice a day is enough.  Most that look
 * see what a cache has left of the TTL: the longest is the truth. */
static int see_again(mtasts_ledger *l, apr_pool_t *p, const txt *c,
                     const char *const *row)
{
    static const char sql[] =
        "UPDATE mtasts_txt SET last_seen = CASE WHEN last_seen < %lld "
        "THEN %lld ELSE last_seen END, cached = CASE WHEN cached < %lld "
        "THEN %lld ELSE cached END WHERE domain = %s AND period = %s";
    const void *args[] = {&c->now,    &c->now,   &c->cached,
                          &c->cached, c->domain, row[1]};
    int64_t last = 0, cached = 0;

    return (mtasts_db_number(row[2], MTASTS_TIME_MAX, &last) &&
            mtasts_db_number(row[3], MTASTS_TIME_MAX, &cached) &&
            c->now < last + MTASTS_TXT_AGAIN && c->cached <= cached) ||
           mtasts_db_write(l, p, sql, args, NULL);
}

static int saw_txt(mtasts_ledger *l, apr_pool_t *p, void *ctx)
{
    static const char select[] = "SELECT id, period, last_seen, cached FROM "
                                 "mtasts_txt WHERE domain = %s "
                                 "ORDER BY period DESC LIMIT 1";
    const txt *c = ctx;
    const void *key[] = {c->domain};
    int64_t n = 0;
    const char **row;

    if (!mtasts_db_one(l, p, select, key, 4, &row)) {
        return 0;
    }
    if (row && !strcmp(row[0], c->id)) {
        return see_again(l, p, c, row);
    }
    if (row && !mtasts_db_number(row[1], INT32_MAX, &n)) {
        return mtasts_ledger_fail(l, "it is damaged: a number is none", row[1]);
    }
    return put_txt(l, p, c, n + 1);
}

int mtasts_ledger_saw_txt(mtasts_ledger *l, apr_pool_t *p, const char *domain,
                          const char *id, int64_t cached, int64_t now)
{
    txt c = {domain, id ? id : "", cached, mtasts_db_time(now)};
    mtasts_finding why;

    return (*c.id && !mtasts_id_check(c.id, &why)) ||
           mtasts_ledger_do(l, p, 1, saw_txt, &c);
}
