/*
 * How often policies were fetched: what front ends add, what is read of all of them
 * together, what goes.  With arguments DRIVER and PARAMS of a database that is
 * empty: the same there; t/store.t does so with PostgreSQL.
 */

#include "store.h"

#include <fcntl.h>

#define D1   "0123456789abcdef0123456789abcdef"
#define D2   "fedcba9876543210fedcba9876543210"

#define YEAR INT64_C(31557600)

/* A policy's digest is its id here, unless it says another one. */
#define F(domain, digest, sender, n, first, last)                              \
    {                                                                          \
        domain, digest, digest, sender, n, NOW + (first), NOW + (last)         \
    }

#define ADD(l, p, ...)                                                         \
    said(l, mtasts_ledger_add_fetches(                                         \
                l, p, (const mtasts_ledger_fetches[]){__VA_ARGS__},            \
                sizeof((const mtasts_ledger_fetches[]){__VA_ARGS__}) /         \
                    sizeof(mtasts_ledger_fetches)))

static const char *text_of(apr_pool_t *p, const apr_array_header_t *rows)
{
    const char *text = rows && rows->nelts == 0 ? "no rows" : "";
    int i;

    for (i = 0; rows && i < rows->nelts; i++) {
        const mtasts_ledger_fetches *f =
            &APR_ARRAY_IDX(rows, i, mtasts_ledger_fetches);

        text = apr_psprintf(
            p, "%s[%.2s %s%s %s %" APR_UINT64_T_FMT " %d..%d]", text, f->digest,
            strcmp(f->id, f->digest) ? f->id : "",
            strcmp(f->id, f->digest) ? "" : "=", mtasts_sender_name(f->sender),
            (apr_uint64_t)f->n, (int)(f->first - NOW), (int)(f->last - NOW));
    }
    return text;
}

/* What is read of a domain, among all or alone, which must be the same. */
static const char *fetched(apr_pool_t *p, mtasts_ledger *l, const char *domain)
{
    apr_hash_t *all, *alone;
    const char *text;

    if (!mtasts_ledger_read_fetches(l, p, NULL, &all) ||
        !mtasts_ledger_read_fetches(l, p, domain, &alone)) {
        return mtasts_ledger_why(l);
    }
    text = text_of(p, apr_hash_get(all, domain, APR_HASH_KEY_STRING));
    if (strcmp(text,
               text_of(p, apr_hash_get(alone, domain, APR_HASH_KEY_STRING))) ||
        apr_hash_count(alone) > (*text != '\0')) {
        return "other rows than alone";
    }
    return text;
}

/* --- adding --- */

static void adds(void)
{
    apr_pool_t *p = pool();
    db d = new_ledger(p);
    mtasts_ledger *a = open_as(p, &d, "a"), *b = open_as(p, &d, "b");

    is_str(fetched(p, a, "x.test"), "", "add", "nothing at first");
    ok(mtasts_ledger_add_fetches(a, p, NULL, 0), "add", "none");
    ok(ADD(a, p, F("x.test", D1, MTASTS_SENDER_GOOGLE, 3, 10, 20)), "add", "a");
    is_str(fetched(p, a, "x.test"), "[01 = google 3 10..20]", "add", "known");
    ok(ADD(a, p, F("x.test", D1, MTASTS_SENDER_GOOGLE, 2, 30, 40)), "add",
       "more");
    ok(ADD(b, p, F("x.test", D1, MTASTS_SENDER_GOOGLE, 1, 5, 7)), "add",
       "b the same");
    is_str(fetched(p, a, "x.test"), "[01 = google 6 5..40]", "add",
           "one sum, from the first to the last");
    is_str(count(p, &d, "fetched"), "2", "add", "each has its own row");
    ok(ADD(b, p, F("x.test", D2, MTASTS_SENDER_GOOGLE, 1, 50, 50),
           F("y.test", D1, MTASTS_SENDER_YAHOO, 1, 50, 50),
           F("x.test", D1, MTASTS_SENDER_UNKNOWN, 7, 50, 60),
           F("x.test", D2, MTASTS_SENDER_GOOGLE, 1, 0, 60),
           {"x.test", D1, "byhand", MTASTS_SENDER_GOOGLE, 1, 0, NOW}),
       "add", "others at once, one of them twice");
    is_str(fetched(p, a, "x.test"),
           "[01 = unknown 7 50..60][01 = google 6 5..40]"
           "[01 byhand google 1 0..0][fe = google 2 0..60]",
           "add", "each policy, id and sender");
    is_str(fetched(p, a, "y.test"), "[01 = yahoo 1 50..50]", "add",
           "another domain");
    ok(ADD(a, p, F("x.test", D2, MTASTS_SENDER_GOOGLE, 1, -50, -40)), "add",
       "with a clock that is behind");
    is_str(fetched(p, b, "x.test"),
           "[01 = unknown 7 50..60][01 = google 6 5..40]"
           "[01 byhand google 1 0..0][fe = google 3 -50..60]",
           "add", "it is the first, not the last");
    ok(ADD(a, p, F("z.test", D1, MTASTS_SENDER_GO, 1, 90, 80)), "add",
       "the wrong way round");
    is_str(fetched(p, b, "z.test"), "[01 = go 1 80..80]", "add",
           "the last counts");
    is_str(known(p, a, "x.test", NOW), "nothing", "add",
           "that is no policy which anybody holds");
    apr_pool_destroy(p);
}

/* Whatever they call themselves, there is a row for each kind. */
static void senders(void)
{
    apr_pool_t *p = pool();
    db d = new_ledger(p);
    mtasts_ledger *l = open_as(p, &d, "a");
    mtasts_ledger_fetches all[MTASTS_SENDERS + 2];
    apr_array_header_t *rows;
    apr_hash_t *domains;
    int i, good = 1;

    for (i = 0; i < MTASTS_SENDERS + 2; i++) {
        all[i] = (mtasts_ledger_fetches)F("x.test", D1, (mtasts_sender)i,
                                          (uint64_t)i + 1, 0, 0);
    }
    ok(said(l, mtasts_ledger_add_fetches(l, p, all, MTASTS_SENDERS + 2)),
       "senders", "all, and two that are none");
    NEED(mtasts_ledger_read_fetches(l, p, NULL, &domains));
    rows = apr_hash_get(domains, "x.test", APR_HASH_KEY_STRING);
    NEED(rows);
    ok(rows->nelts == MTASTS_SENDERS, "senders", "the others are there");
    for (i = 0; i < rows->nelts; i++) {
        const mtasts_ledger_fetches *f =
            &APR_ARRAY_IDX(rows, i, mtasts_ledger_fetches);

        good = good && f->n == (uint64_t)f->sender + 1;
    }
    ok(good, "senders", "each with its number");
    apr_pool_destroy(p);
}

static void bounds(void)
{
    apr_pool_t *p = pool();
    db d = new_ledger(p);
    mtasts_ledger *l = open_as(p, &d, "a"), *b = open_as(p, &d, "b");
    const char *most = "[01 = google 999999999999999 0..0]";

    ok(ADD(l, p, F("x.test", D1, MTASTS_SENDER_GOOGLE, 0, 0, 0),
           F("x.test", "no digest", MTASTS_SENDER_GOOGLE, 1, 0, 0),
           F("x.test", "", MTASTS_SENDER_GOOGLE, 1, 0, 0),
           {"x.test", D1, "caf\xc3\xa9", MTASTS_SENDER_GOOGLE, 1, NOW, NOW},
           F("x.test", D1 "0", MTASTS_SENDER_GOOGLE, 1, 0, 0),
           F("y.test", D1, MTASTS_SENDER_GOOGLE, 1, 0, 0)),
       "bounds", "what is not sane is no error");
    is_str(fetched(p, l, "x.test"), "", "bounds", "it is left out");
    is_str(fetched(p, l, "y.test"), "[01 = google 1 0..0]", "bounds",
           "the rest is written");
    is_str(count(p, &d, "fetched"), "1", "bounds", "alone");
    ok(ADD(l, p, F("y.test", D1, MTASTS_SENDER_GOOGLE, UINT64_MAX, 0, 0)),
       "bounds", "more than there can be");
    is_str(fetched(p, l, "y.test"), most, "bounds", "is the most there is");
    ok(ADD(l, p, F("y.test", D1, MTASTS_SENDER_GOOGLE, 1, 0, 0)), "bounds",
       "one more");
    is_str(fetched(p, l, "y.test"), most, "bounds", "doesn't begin anew");
    ok(ADD(b, p, F("y.test", D1, MTASTS_SENDER_GOOGLE, UINT64_MAX, 0, 0)),
       "bounds", "nor does a sum");
    is_str(fetched(p, l, "y.test"), most, "bounds", "that is too large");
    ok(ADD(l, p,
           {"z.test", D1, D1, MTASTS_SENDER_GOOGLE, 1, INT64_MIN, INT64_MAX}),
       "bounds", "times that are none");
    is_str(raw_one(p, &d,
                   "SELECT last_fetched FROM mtasts_fetched "
                   "WHERE domain = 'z.test'"),
           "253402300799", "bounds", "are within bounds");
    apr_pool_destroy(p);
}

/* --- rows that no module has written --- */

static void corrupt(void)
{
    static const struct {
        const char *name, *sql;
        int in_file; /* only SQLite keeps it */
    } cases[] = {
        {"a sender of the future", "sender = 'orbit'", 0},
        {"a sender's label", "sender = 'Google'", 0},
        {"no sender", "sender = ''", 0},
        {"a digest", "digest = 'x y'", 0},
        {"no digest", "digest = ''", 0},
        {"an id", "id = 'x-y'", 0},
        {"a domain", "domain = 'X.test'", 0},
        {"bytes", "domain = 'caf\xc3\xa9.test'", 0},
        {"a negative number", "fetches = -7", 0},
        {"no number", "fetches = 0", 0},
        {"an absurd number", "fetches = 9223372036854775807", 0},
        {"a text", "fetches = 'many'", 1},
        {"a blob", "fetches = zeroblob(3)", 1},
        {"first", "first_fetched = -1", 0},
        {"first in a far future", "first_fetched = 9223372036854775807", 0},
        {"last", "last_fetched = 253402300800", 0},
        {"last as a text", "last_fetched = 'now'", 1},
    };
    size_t i;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        apr_pool_t *p = pool();
        db d;
        mtasts_ledger *l;

        if (cases[i].in_file && given.driver) {
            continue;
        }
        d = new_ledger(p);
        l = open_as(p, &d, "a");
        NEED(ADD(l, p, F("x.test", D1, MTASTS_SENDER_GOOGLE, 5, 10, 20)));
        NEED(raw(&d, apr_pstrcat(p, "UPDATE mtasts_fetched SET ", cases[i].sql,
                                 NULL)));
        is_str(fetched(p, l, "x.test"), "", "corrupt", cases[i].name);
        ok(ADD(l, p, F("x.test", D1, MTASTS_SENDER_GOOGLE, 2, 50, 60)),
           "corrupt", "two more");
        is_str(fetched(p, l, "x.test"), "[01 = google 2 50..60]", "corrupt",
               "begin anew");
        apr_pool_destroy(p);
    }
}

static void wrong_way_round(void)
{
    apr_pool_t *p = pool();
    db d = new_ledger(p);
    mtasts_ledger *l = open_as(p, &d, "a");

    NEED(ADD(l, p, F("x.test", D1, MTASTS_SENDER_GOOGLE, 5, 10, 20)));
    NEED(raw(&d, "UPDATE mtasts_fetched SET first_fetched = 1800000090"));
    is_str(fetched(p, l, "x.test"), "[01 = google 5 20..20]", "corrupt",
           "times the wrong way round");
    apr_pool_destroy(p);
}

/* --- front ends that are no more --- */

static void dead_fronts(void)
{
    apr_pool_t *p = pool();
    db d = new_ledger(p);
    mtasts_ledger *a = open_as(p, &d, "a"), *b = open_as(p, &d, "b"),
                  *c = open_as(p, &d, "c");
    mtasts_ledger_serving x = serving(p, "x.test", "mx.x.test", "x");
    int64_t late = NOW + 31 * DAY;
    const char *x_is = "[01 = google 6 5..40][01 = yahoo 4 0..0]";

    NEED(SERVE(a, p, NOW, NOW + 60, x) && SERVE(b, p, NOW, NOW + 60, x) &&
         SERVE(c, p, NOW, NOW + 60, x));
    NEED(ADD(a, p, F("x.test", D1, MTASTS_SENDER_GOOGLE, 3, 10, 20),
             F("x.test", D1, MTASTS_SENDER_YAHOO, 4, 0, 0),
             F("gone.test", D1, MTASTS_SENDER_GO, 1, 0, 0)));
    NEED(ADD(b, p, F("x.test", D1, MTASTS_SENDER_GOOGLE, 2, 5, 40)));
    NEED(ADD(c, p, F("x.test", D1, MTASTS_SENDER_GOOGLE, 1, 15, 15)));
    NEED(raw(&d, "INSERT INTO mtasts_fetched (domain, digest, id, sender, "
                 "front, fetches, first_fetched, last_fetched) VALUES "
                 "('y.test', '" D1 "', 'y', 'go', 'a', -5, 0, 0), "
                 "('y.test', '" D1 "', 'z', 'go', 'a', 9223372036854775807, "
                 "1, 1), "
                 "('y.test', '" D1 "', 'z', 'go', 'b', 3, 1800000000, "
                 "1800000000), "
                 "('z.test', '" D1 "', 'z', 'go', '', -7, 0, 1800000001), "
                 "('z.test', '" D1 "', 'z', 'go', 'b', 3, 1800000000, "
                 "1800000000)"));
    is_str(fetched(p, c, "x.test"), x_is, "dead", "x.test before");
    NEED(SERVE(c, p, late, late + 60, x));
    ok(tidy_all(p, c, late) == 3, "dead", "tidy");
    is_str(fetched(p, c, "x.test"), x_is, "dead", "x.test is as it was");
    is_str(fetched(p, c, "gone.test"), "[01 = go 1 0..0]", "dead",
           "also of what is not served");
    is_str(count(p, &d, "fetched WHERE front = 'a' OR front = 'b'"), "0",
           "dead", "of nobody who is gone");
    is_str(count(p, &d, "fetched WHERE domain = 'x.test'"), "3", "dead",
           "theirs are one row");
    is_str(count(p, &d, "fetched WHERE domain = 'x.test' AND front = 'c'"), "1",
           "dead", "who is alive keeps its own");
    is_str(fetched(p, c, "y.test"), "[01 z go 3 0..0]", "dead",
           "what is not sane counts for nothing");
    is_str(fetched(p, c, "z.test"), "[01 z go 3 0..0]", "dead",
           "also of those that are gone already");
    ok(ADD(a, p, F("x.test", D1, MTASTS_SENDER_GOOGLE, 3, 90, 90)), "dead",
       "one is alive after all");
    is_str(fetched(p, c, "x.test"), "[01 = google 9 5..90][01 = yahoo 4 0..0]",
           "dead", "it goes on");
    NEED(SERVE(a, p, NOW + 99, NOW + 100, x));
    ok(tidy_all(p, c, late) == 2, "dead", "or not");
    is_str(fetched(p, c, "x.test"), "[01 = google 9 5..90][01 = yahoo 4 0..0]",
           "dead", "it is added up");
    is_str(count(p, &d, "fetched WHERE domain = 'x.test'"), "3", "dead",
           "in the same row");
    apr_pool_destroy(p);
}

/* Folded in steps: what is read is the same after each. */
static void in_steps(void)
{
    enum { N = 2500 };
    apr_pool_t *p = pool();
    db d = new_ledger(p);
    mtasts_ledger *a = open_as(p, &d, "a"), *b = open_as(p, &d, "b");
    mtasts_ledger_serving *s = apr_palloc(p, N * sizeof(*s));
    mtasts_ledger_fetches *f = apr_palloc(p, N * sizeof(*f));
    int i, more = 1, steps = 0, good = 1;

    for (i = 0; i < N; i++) {
        s[i] = serving(p, apr_psprintf(p, "d%d.test", i), "mx.test", "one");
        f[i] = (mtasts_ledger_fetches)F(s[i].domain, D1, MTASTS_SENDER_GO, 2, i,
                                        i);
    }
    NEED(said(a, mtasts_ledger_serve(a, p, s, N, NOW, NOW + 60)) &&
         said(a, mtasts_ledger_add_fetches(a, p, f, N)) &&
         said(b, mtasts_ledger_add_fetches(b, p, f, N)));
    while (more && good && steps < 100) {
        good = said(b, mtasts_ledger_tidy(b, p, NOW + 31 * DAY, &more)) &&
               !strcmp(fetched(p, b, "d0.test"), "[01 = go 4 0..0]") &&
               !strcmp(fetched(p, b, "d999.test"), "[01 = go 4 999..999]");
        steps++;
        if (steps == 1) {
            is_str(count(p, &d, "fetched WHERE front = ''"), "1001", "steps",
                   "not all at once");
        }
    }
    ok(good && steps == 4, "steps", "the same after each");
    is_str(count(p, &d, "fetched WHERE front = ''"), "2500", "steps", "all");
    is_str(count(p, &d, "fetched WHERE front = 'a'"), "0", "steps", "moved");
    apr_pool_destroy(p);
}

/* --- what is forgotten --- */

static void forgotten(void)
{
    apr_pool_t *p = pool();
    db d = new_ledger(p);
    mtasts_ledger *l = open_as(p, &d, "a");
    mtasts_ledger_serving s = serving(p, "x.test", "mx.x.test", "one");
    int more = 0;

    NEED(SERVE(l, p, NOW, NOW + 60, s));
    NEED(ADD(l, p, F("x.test", D1, MTASTS_SENDER_GOOGLE, 3, -9, 0),
             F("x.test", D2, MTASTS_SENDER_GOOGLE, 3, -9, 1)));
    NEED(SERVE(l, p, NOW + 2 * YEAR, NOW + 2 * YEAR + 60, s));
    ok(tidy_all(p, l, NOW + 2 * YEAR) == 1, "forgotten", "not yet");
    is_str(fetched(p, l, "x.test"),
           "[01 = google 3 -9..0][fe = google 3 -9..1]", "forgotten",
           "all are there");
    ok(tidy_all(p, l, NOW + 2 * YEAR + 1) == 1, "forgotten", "now");
    is_str(fetched(p, l, "x.test"), "[fe = google 3 -9..1]", "forgotten",
           "what was not fetched for so long");
    ok(strstr(known(p, l, "x.test", NOW), "[one enforce") != NULL, "forgotten",
       "what was served is not");
    NEED(raw(&d, NUMBERS
             "INSERT INTO mtasts_fetched (domain, digest, id, sender, front, "
             "fetches, first_fetched, last_fetched) SELECT 'd' || n || "
             "'.test', '" D1 "', '" D1 "', 'go', 'a', 1, 5, "
             "5 + n % 2 * 1800000000 FROM i WHERE n <= 12000"));
    ok(said(l, mtasts_ledger_tidy(l, p, NOW + 2 * YEAR, &more)) && more,
       "forgotten", "of many");
    is_str(count(p, &d, "fetched WHERE last_fetched < 9"), "3499", "forgotten",
           "some at once");
    ok(tidy_all(p, l, NOW + 2 * YEAR) == 2, "forgotten", "and then the rest");
    is_str(count(p, &d, "fetched WHERE last_fetched < 9"), "0", "forgotten",
           "all of it");
    is_str(count(p, &d, "fetched"), "6001", "forgotten", "and nothing else");
    NEED(raw(&d, "UPDATE mtasts_fetched SET last_fetched = 5 "
                 "WHERE domain = 'd1.test'"));
    ok(said(l, mtasts_ledger_tidy(l, p, NOW + 2 * YEAR, &more)) && more,
       "forgotten", "from the beginning again");
    is_str(fetched(p, l, "d1.test"), "", "forgotten", "also of the first");
    ok(mtasts_ledger_tidy(l, p, INT64_MIN, &more), "forgotten", "no time");
    is_str(fetched(p, l, "x.test"), "[fe = google 3 -9..1]", "forgotten",
           "nothing is old then");
    apr_pool_destroy(p);
}

/* --- several calls as one, and without effect --- */

static void as_one(void)
{
    apr_pool_t *p = pool();
    db d = new_ledger(p);
    mtasts_ledger *l = open_as(p, &d, "a"), *r;
    const char *why;

    NEED(mtasts_ledger_begin(l, p));
    ok(ADD(l, p, F("x.test", D1, MTASTS_SENDER_GO, 1, 0, 0)) &&
           ADD(l, p, F("x.test", D1, MTASTS_SENDER_GO, 1, 9, 9)),
       "as one", "twice");
    ok(said(l, mtasts_ledger_end(l, 1)), "as one", "end");
    is_str(fetched(p, l, "x.test"), "[01 = go 2 0..9]", "as one", "both");
    NEED(mtasts_ledger_begin(l, p));
    NEED(ADD(l, p, F("x.test", D1, MTASTS_SENDER_GO, 1, 0, 0)));
    NEED(mtasts_ledger_end(l, 0));
    is_str(fetched(p, l, "x.test"), "[01 = go 2 0..9]", "as one", "taken back");
    r = try_open(p, &d, "b", 0, &why);
    NEED(r);
    ok(ADD(r, p, F("x.test", D1, MTASTS_SENDER_GO, 1, 0, 0)), "reading",
       "writing has no effect");
    is_str(fetched(p, r, "x.test"), "[01 = go 2 0..9]", "reading", "is read");
    mtasts_ledger_close(r);
    drop_tables(&d);
    r = try_open(p, &d, "b", 0, &why);
    NEED(r);
    is_str(fetched(p, r, "x.test"), "", "reading", "none: empty");
    apr_pool_destroy(p);
}

/* --- at the same time --- */

/* Adds one `n` times, and says now and then that it is alive as of long ago. */
static int add_much(apr_pool_t *p, const db *d, const char *front, int n)
{
    mtasts_ledger *l = open_in_crowd(p, d, front);
    mtasts_ledger_serving s = serving(p, "x.test", "mx.x.test", "one");
    mtasts_ledger_fetches f = F("x.test", D1, MTASTS_SENDER_GO, 1, 0, 0);
    int tries;

    for (tries = 0; n && tries < 4000; tries++) {
        if (tries % 3 == 0) {
            mtasts_ledger_serve(l, p, &s, 1, NOW, NOW + 60);
        }
        if (mtasts_ledger_add_fetches(l, p, &f, 1)) {
            n--;
        }
        else if (!strstr(mtasts_ledger_why(l), "locked")) {
            printf("# %s\n", mtasts_ledger_why(l));
            return 0;
        }
    }
    return n == 0;
}

static int tidy_much(apr_pool_t *p, const db *d, int until)
{
    mtasts_ledger *l = open_in_crowd(p, d, "tidy");
    char c;

    while (read(until, &c, 1) < 0) {
        int more;

        mtasts_ledger_tidy(l, p, NOW + 31 * DAY, &more);
    }
    return 1;
}

/* Processes of one front end, and of another one, add while it is taken for dead
 * all the time: none is lost, none counts twice. */
static void crowd(void)
{
    enum { N = 3, TIMES = 60 };
    static const char *const fronts[N] = {"a", "a", "b"};
    apr_pool_t *p = pool();
    db d = new_ledger(p);
    pid_t child[N], tidy;
    int i, status, good = 1, until[2];

    mtasts_ledger_close(open_as(p, &d, "a"));
    NEED(pipe(until) == 0);
    NEED(fcntl(until[0], F_SETFL, O_NONBLOCK) == 0);
    tidy = fork();
    NEED(tidy >= 0);
    if (tidy == 0) {
        close(until[1]);
        _exit(!tidy_much(pool(), &d, until[0]));
    }
    for (i = 0; i < N; i++) {
        child[i] = fork();
        NEED(child[i] >= 0);
        if (child[i] == 0) {
            _exit(!add_much(pool(), &d, fronts[i], TIMES));
        }
    }
    for (i = 0; i < N; i++) {
        good = waitpid(child[i], &status, 0) == child[i] && status == 0 && good;
    }
    close(until[1]);
    close(until[0]);
    waitpid(tidy, NULL, 0);
    ok(good, "crowd", "three that add at once");
    is_str(fetched(p, open_as(p, &d, "c"), "x.test"),
           apr_psprintf(p, "[01 = go %d 0..0]", N * TIMES), "crowd",
           "each once");
    apr_pool_destroy(p);
}

/* --- many --- */

static apr_time_t took(const char *what, apr_time_t started)
{
    apr_time_t t = apr_time_now() - started;

    printf("# %s: %d ms\n", what, (int)apr_time_as_msec(t));
    return t;
}

static void many_domains(void)
{
    apr_pool_t *p = pool();
    db d = new_ledger(p);
    mtasts_ledger *l = open_as(p, &d, "a");
    const apr_array_header_t *x, *y;
    apr_hash_t *all;
    apr_time_t started;
    int more;

    NEED(raw(&d, NUMBERS
             "INSERT INTO mtasts_fetched (domain, digest, id, sender, front, "
             "fetches, first_fetched, last_fetched) SELECT 'd' || n || "
             "'.test', '" D1 "', '" D1 "', 'go', 'a', n, 1800000000, "
             "1800000000 FROM i"));
    started = apr_time_now();
    ok(said(l, mtasts_ledger_read_fetches(l, p, NULL, &all)), "many", "read");
    ok(took("read", started) < 3 * SLOW, "many", "in reasonable time");
    ok(apr_hash_count(all) == 100000, "many", "all are there");
    x = apr_hash_get(all, "d77777.test", APR_HASH_KEY_STRING);
    y = apr_hash_get(all, "d7.test", APR_HASH_KEY_STRING);
    NEED(x && y);
    is_str(text_of(p, x), "[01 = go 77777 0..0]", "many", "and right");
    ok(APR_ARRAY_IDX(x, 0, mtasts_ledger_fetches).digest ==
           APR_ARRAY_IDX(y, 0, mtasts_ledger_fetches).digest,
       "many", "equal ones are there once");
    started = apr_time_now();
    ok(said(l, mtasts_ledger_read_fetches(l, p, "d77777.test", &all)) &&
           apr_hash_count(all) == 1,
       "many", "one of them");
    ok(took("one of them", started) < SLOW / 8, "many", "soon");
    started = apr_time_now();
    ok(said(l, mtasts_ledger_tidy(l, p, NOW, &more)) && more, "many", "a step");
    ok(took("a step", started) < SLOW / 8, "many", "soon");
    apr_pool_destroy(p);
}

/* Of one domain there are not more than anybody reads. */
static void many_ids(void)
{
    apr_pool_t *p = pool();
    db d = new_ledger(p);
    mtasts_ledger *l = open_as(p, &d, "a");
    const apr_array_header_t *rows;
    apr_hash_t *all;
    apr_time_t started;
    int i, last = 1, sorted = 1;

    NEED(raw(&d, NUMBERS
             "INSERT INTO mtasts_fetched (domain, digest, id, sender, front, "
             "fetches, first_fetched, last_fetched) SELECT 'x.test', '" D1
             "', 'i' || n, 'go', 'a', 1, 1800000000, 1800000000 + n FROM i"));
    NEED(ADD(l, p, F("y.test", D1, MTASTS_SENDER_GO, 1, 0, 0)));
    started = apr_time_now();
    ok(said(l, mtasts_ledger_read_fetches(l, p, NULL, &all)), "ids", "read");
    ok(took("read", started) < 3 * SLOW, "ids", "in reasonable time");
    rows = apr_hash_get(all, "x.test", APR_HASH_KEY_STRING);
    NEED(rows);
    ok(rows->nelts == 1000, "ids", "a thousand");
    for (i = 0; i < rows->nelts; i++) {
        const mtasts_ledger_fetches *f =
            &APR_ARRAY_IDX(rows, i, mtasts_ledger_fetches);

        last = last && f->last > NOW + 99000;
        sorted = sorted && (i == 0 || strcmp(f[-1].id, f->id) < 0);
    }
    ok(last, "ids", "those that were fetched last");
    ok(sorted, "ids", "in order");
    rows = apr_hash_get(all, "y.test", APR_HASH_KEY_STRING);
    is_str(text_of(p, rows), "[01 = go 1 0..0]", "ids", "others are there");
    apr_pool_destroy(p);
}

int main(int argc, const char *const *argv)
{
    take_arguments(argc, argv);
    begin_tests();
    adds();
    senders();
    bounds();
    corrupt();
    wrong_way_round();
    dead_fronts();
    in_steps();
    forgotten();
    as_one();
    crowd();
    many_domains();
    many_ids();
    return done();
}
