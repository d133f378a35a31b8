/*
 * What front ends leave behind that are no more.  Where host names change with
 * each deployment, every start is a new front: what was served under its name
 * goes to the front "" (others), where it is once for all that are gone.
 *
 * Of that nothing is lost.  Neither mtasts_released, mtasts_txt nor mtasts_body
 * lose rows by age, and front "" doesn't: senders may hold a policy for as long
 * as the id in DNS stands, which has no end; and a clock that jumps ahead must
 * not destroy what is known.  Here it may make a front look dead that isn't: its
 * next beat fails then, and it says anew what it serves.
 *
 * A front goes in steps, a transaction each, as the server bounds a statement.
 * said_at 0 marks one that is on its way: a beat doesn't take it for its own.
 */

#include "ledger_private.h"

#include <string.h>

#define GONE_AFTER                                                             \
    (30 * INT64_C(86400)) /* s; machines are repaired meanwhile */
#define STEP_ROWS "1000"  /* of mtasts_served; a domain's rows stay together */
#define LAST      "~"     /* behind all domains */

typedef struct {
    int64_t now;
    apr_int64_t before; /* who has said something since is there */
    int *more;
    /* of the step */
    const char *front, *low, *high;
    apr_int64_t until;
    char tidied[MTASTS_NAME_SIZE];
} tidy;

/* The same one for all that do this at the same time: they wait for each other,
 * and don't meet in the rows of front "". */
static int find_front(mtasts_ledger *l, apr_pool_t *p, tidy *c)
{
    static const char sql[] =
        "SELECT front, served_until FROM mtasts_front WHERE front <> %s AND "
        "said_at < %lld AND served_until < %lld ORDER BY front LIMIT 1";
    const void *args[] = {l->front, &c->before, &c->before};
    const char **row;
    int64_t until = 0;

    if (!mtasts_db_one(l, p, sql, args, 2, &row)) {
        return 0;
    }
    c->front = row ? row[0] : NULL;
    if (row && !mtasts_db_number(row[1], MTASTS_TIME_MAX, &until)) {
        return mtasts_ledger_fail(l, "it is damaged: a number is none", row[1]);
    }
    c->until = until;
    return 1;
}

/* From here on it can't say anything until the transaction ends; or it just has,
 * or another one was quicker. */
static int take_front(mtasts_ledger *l, apr_pool_t *p, const tidy *c,
                      int *taken)
{
    static const char sql[] =
        "UPDATE mtasts_front SET said_at = 0 WHERE front = %s AND "
        "said_at < %lld AND served_until < %lld";
    const void *args[] = {c->front, &c->before, &c->before};

    return mtasts_db_write(l, p, sql, args, taken);
}

/* The domains of this step: if it is the last, all. */
static int find_range(mtasts_ledger *l, apr_pool_t *p, tidy *c)
{
    static const char sql[] = "SELECT domain FROM mtasts_served WHERE "
                              "front = %s ORDER BY front, domain, digest, id "
                              "LIMIT 1 OFFSET ";
    const void *args[] = {c->front};
    const char **low, **high;

    if (!mtasts_db_one(l, p, apr_pstrcat(p, sql, "0", NULL), args, 1, &low) ||
        !mtasts_db_one(l, p, apr_pstrcat(p, sql, STEP_ROWS, NULL), args, 1,
                       &high)) {
        return 0;
    }
    *c->more = high != NULL;
    c->low = high ? low[0] : "";
    c->high = high ? high[0] : LAST;
    return 1;
}

#define IN_RANGE "front = %s AND domain >= %s AND domain <= %s"

/* An open row was served until its front's time; the front is not there to say
 * so any more. */
static int move_served(mtasts_ledger *l, apr_pool_t *p, const tidy *c)
{
    static const char move[] =
        "INSERT INTO mtasts_served (front, domain, digest, id, is_open, "
        "first_served, last_served) "
        "SELECT '', domain, digest, id, 0, first_served, "
        "CASE WHEN is_open = 1 AND last_served < %lld THEN %lld "
        "ELSE last_served END FROM mtasts_served WHERE " IN_RANGE
        " ON CONFLICT (front, domain, digest, id) DO UPDATE SET "
        "first_served = CASE WHEN excluded.first_served < "
        "mtasts_served.first_served THEN excluded.first_served "
        "ELSE mtasts_served.first_served END, "
        "last_served = CASE WHEN excluded.last_served > "
        "mtasts_served.last_served THEN excluded.last_served "
        "ELSE mtasts_served.last_served END";
    static const char forget[] = "DELETE FROM mtasts_served WHERE " IN_RANGE;
    const void *args[] = {&c->until, &c->until, c->front, c->low, c->high};

    return mtasts_db_write(l, p, move, args, NULL) &&
           mtasts_db_write(l, p, forget, args + 2, NULL);
}

/* Behind those that are there; of one domain the last ones are kept. */
static int move_events(mtasts_ledger *l, apr_pool_t *p, const tidy *c)
{
    static const char move[] =
        "INSERT INTO mtasts_event (domain, front, seq, happened_at, kind, "
        "text) SELECT e.domain, '', "
        "COALESCE((SELECT MAX(o.seq) FROM mtasts_event o "
        "WHERE o.domain = e.domain AND o.front = ''), 0) + "
        "ROW_NUMBER() OVER (PARTITION BY e.domain ORDER BY e.seq), "
        "e.happened_at, e.kind, e.text FROM mtasts_event e "
        "WHERE e.front = %s AND e.domain >= %s AND e.domain <= %s";
    static const char bound[] =
        "DELETE FROM mtasts_event WHERE front = '' AND domain IN "
        "(SELECT DISTINCT e.domain FROM mtasts_event e WHERE e.front = %s AND "
        "e.domain >= %s AND e.domain <= %s) AND seq <= "
        "(SELECT MAX(o.seq) FROM mtasts_event o "
        "WHERE o.domain = mtasts_event.domain AND o.front = '') - %lld";
    static const char forget[] = "DELETE FROM mtasts_event WHERE " IN_RANGE;
    apr_int64_t kept = MTASTS_EVENTS_KEPT;
    const void *args[] = {c->front, c->low, c->high, &kept};

    return mtasts_db_write(l, p, move, args, NULL) &&
           mtasts_db_write(l, p, bound, args, NULL) &&
           mtasts_db_write(l, p, forget, args, NULL);
}

/* What it showed is the most that there is of it.  *all is 1 if no more is left. */
static int forget_documents(mtasts_ledger *l, apr_pool_t *p, const tidy *c,
                            int *all)
{
    static const char sql[] =
        "DELETE FROM mtasts_document WHERE front = %s AND name IN "
        "(SELECT name FROM mtasts_document WHERE front = %s ORDER BY name "
        "LIMIT " STEP_ROWS ")";
    const void *args[] = {c->front, c->front};
    int n;

    if (!mtasts_db_write(l, p, sql, args, &n)) {
        return 0;
    }
    *all = n == 0;
    return 1;
}

/* What only the front itself has a use for; at last its name. */
static int forget_front(mtasts_ledger *l, apr_pool_t *p, const tidy *c)
{
    static const char *const sql[] = {
        "DELETE FROM mtasts_held WHERE front = %s",
        "DELETE FROM mtasts_finding WHERE front = %s",
        "DELETE FROM mtasts_front WHERE front = %s",
    };
    const void *args[] = {c->front};
    size_t i;

    for (i = 0; i < sizeof(sql) / sizeof(sql[0]); i++) {
        if (!mtasts_db_write(l, p, sql[i], args, NULL)) {
            return 0;
        }
    }
    return 1;
}

/* When no front is left to do. */
static int forget_fetches(mtasts_ledger *l, apr_pool_t *p, tidy *c)
{
    int good = mtasts_fetches_forget(l, p, c->now, l->tidied, c->tidied);

    *c->more = good && *c->tidied;
    return good;
}

static int step(mtasts_ledger *l, apr_pool_t *p, void *ctx)
{
    tidy *c = ctx;
    int taken = 0, last;

    *c->more = 0;
    if (!find_front(l, p, c) || (c->front && !take_front(l, p, c, &taken))) {
        return 0;
    }
    if (!c->front) {
        return forget_fetches(l, p, c);
    }
    if (!taken) {
        return 1;
    }
    if (!find_range(l, p, c) || !move_served(l, p, c) ||
        !move_events(l, p, c) ||
        !mtasts_fetches_move(l, p, c->front, c->low, c->high)) {
        return 0;
    }
    last = !*c->more;
    *c->more = 1; /* there may be another front */
    if (last && !forget_documents(l, p, c, &last)) {
        return 0;
    }
    return !last || forget_front(l, p, c);
}

int mtasts_ledger_tidy(mtasts_ledger *l, apr_pool_t *p, int64_t now, int *more)
{
    tidy c = {.now = mtasts_db_time(now), .more = more};

    c.before = c.now - GONE_AFTER;
    *more = 0;
    if (!l->dialect->can_upsert) {
        return 1;
    }
    if (!mtasts_ledger_do(l, p, 1, step, &c)) {
        return 0;
    }
    memcpy(l->tidied, c.tidied, sizeof(l->tidied));
    return 1;
}
