#ifndef STORE_H
#define STORE_H

/*
 * What the tests of the ledger share: a directory of their own, the database
 * behind the ledger's back, and policies to serve.
 */

#include "../../src/core/domain.h"
#include "../../src/store/ledger.h"
#include "../unit/tap.h"

#include "apr_dbd.h"
#include "apr_file_io.h"
#include "apr_general.h"
#include "apr_strings.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define NOW  INT64_C(1800000000)
#define HOUR 3600
#define DAY  86400

/* Begins an INSERT ... SELECT of 100,000 rows: FROM i, with n in each. */
#define NUMBERS                                                                \
    "WITH RECURSIVE i (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM i "         \
    "WHERE n < 100000) "

#define SLOW (8 * APR_USEC_PER_SEC) /* no call takes that long */

/* Ends the test where going on makes no sense. */
#define NEED(cond)                                                             \
    do {                                                                       \
        if (!(cond)) {                                                         \
            printf("Bail out! %s:%d: %s\n", __FILE__, __LINE__, #cond);        \
            exit(1);                                                           \
        }                                                                      \
    } while (0)

/* The database to test: a file each for SQLite, one for all else. */
typedef struct {
    const char *driver;
    const char *params;
} db;

static apr_pool_t *top;
static char directory[] = "/tmp/mtasts-store-XXXXXX"; /* of the test */

static inline apr_pool_t *pool(void)
{
    apr_pool_t *p;

    NEED(apr_pool_create(&p, top) == APR_SUCCESS);
    return p;
}

/* --- the database itself --- */

static inline apr_dbd_t *raw_open(apr_pool_t *p, const db *d,
                                  const apr_dbd_driver_t **driver)
{
    apr_dbd_t *handle;

    NEED(apr_dbd_get_driver(p, d->driver, driver) == APR_SUCCESS);
    NEED(apr_dbd_open(*driver, p, d->params, &handle) == APR_SUCCESS);
    return handle;
}

/* Runs statements that give no rows; 0 if one fails. */
static inline int raw(const db *d, const char *sql)
{
    const apr_dbd_driver_t *driver;
    apr_pool_t *p = pool();
    apr_dbd_t *handle = raw_open(p, d, &driver);
    int nrows, rc = apr_dbd_query(driver, handle, &nrows, sql);

    if (rc) {
        printf("# %s: %s\n", sql, apr_dbd_error(driver, handle, rc));
    }
    apr_dbd_close(driver, handle);
    apr_pool_destroy(p);
    return rc == 0;
}

/* The first column of the first row, in `p`; "" if there is none. */
static inline const char *raw_one(apr_pool_t *p, const db *d, const char *sql)
{
    const apr_dbd_driver_t *driver;
    apr_dbd_t *handle = raw_open(p, d, &driver);
    apr_dbd_results_t *res = NULL;
    apr_dbd_row_t *row = NULL;
    const char *value = "";

    NEED(apr_dbd_select(driver, p, handle, &res, sql, 1) == 0);
    if (apr_dbd_get_row(driver, p, res, &row, -1) == 0) {
        value = apr_pstrdup(p, apr_dbd_get_entry(driver, row, 0));
    }
    apr_dbd_close(driver, handle);
    return value;
}

static inline void drop_tables(const db *d)
{
    static const char *const tables[] = {
        "meta",       "body",    "front",   "served", "released",
        "txt",        "finding", "event",   "held",   "step",
        "publishing", "fetched", "document"};
    apr_pool_t *p = pool();
    const char *sql = "";
    size_t i;

    for (i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
        sql = apr_pstrcat(p, sql, "DROP TABLE IF EXISTS mtasts_", tables[i],
                          ";", NULL);
    }
    NEED(raw(d, sql));
    apr_pool_destroy(p);
}

/* A ledger's file that isn't there yet. */
static inline db new_file(apr_pool_t *p)
{
    static int n;
    db d = {"sqlite3", apr_psprintf(p, "%s/%d.sqlite", directory, ++n)};

    return d;
}

/* That of arguments DRIVER and PARAMS; none: a new file each time. */
static db given;

static inline void take_arguments(int argc, const char *const *argv)
{
    if (argc == 3) {
        given.driver = argv[1];
        given.params = argv[2];
    }
}

/* A new ledger; the tables of one that was given are dropped. */
static inline db new_ledger(apr_pool_t *p)
{
    if (!given.driver) {
        return new_file(p);
    }
    drop_tables(&given);
    return given;
}

static inline const char *count(apr_pool_t *p, const db *d, const char *what)
{
    return raw_one(p, d,
                   apr_pstrcat(p, "SELECT COUNT(*) FROM mtasts_", what, NULL));
}

/* --- ledgers --- */

static inline mtasts_ledger *try_open(apr_pool_t *p, const db *d,
                                      const char *front, int create,
                                      const char **why)
{
    mtasts_ledger_options o = {.driver = d->driver,
                               .params = d->params,
                               .front = front,
                               .create = create,
                               .is_writer = create};

    *why = "";
    return mtasts_ledger_open(p, &o, why);
}

static inline mtasts_ledger *open_as(apr_pool_t *p, const db *d,
                                     const char *front)
{
    const char *why;
    mtasts_ledger *l = try_open(p, d, front, 1, &why);

    if (!l) {
        printf("# %s\n", why);
    }
    NEED(l);
    return l;
}

/* The same while others write all the time. */
static inline mtasts_ledger *open_in_crowd(apr_pool_t *p, const db *d,
                                           const char *front)
{
    mtasts_ledger *l = NULL;
    const char *why = "locked";
    int tries;

    for (tries = 0; !l && tries < 40 && strstr(why, "locked"); tries++) {
        l = try_open(p, d, front, 1, &why);
    }
    if (!l) {
        printf("# %s\n", why);
    }
    NEED(l);
    return l;
}

/* Says why, if a call has failed. */
static inline int said(const mtasts_ledger *l, int good)
{
    if (!good) {
        printf("# %s\n", mtasts_ledger_why(l));
    }
    return good;
}

/* All steps there are; how many, or -1. */
static inline int tidy_all(apr_pool_t *p, mtasts_ledger *l, int64_t now)
{
    int more = 1, steps = 0;

    while (more && steps < 100) {
        if (!said(l, mtasts_ledger_tidy(l, p, now, &more))) {
            return -1;
        }
        steps++;
    }
    return steps;
}

/* What is known of a domain as one line: policies as "ID MODE MX first+last",
 * times as seconds from NOW, then txt, released and elsewhere. */
static inline const char *known(apr_pool_t *p, mtasts_ledger *l,
                                const char *domain, int64_t now)
{
    const mtasts_ledger_domain *d;
    const char *text = "";
    apr_hash_t *all;
    size_t i;

    if (!mtasts_ledger_read(l, p, now, &all)) {
        return mtasts_ledger_why(l);
    }
    d = apr_hash_get(all, domain, APR_HASH_KEY_STRING);
    if (!d) {
        return "nothing";
    }
    for (i = 0; i < d->history.npast; i++) {
        const mtasts_past *h = &d->history.past[i];

        text = apr_psprintf(
            p, "%s[%s %s %s %" APR_INT64_T_FMT "..%" APR_INT64_T_FMT "]", text,
            h->id, mtasts_mode_name(h->policy.mode),
            h->policy.nmx ? h->policy.mx[0] : "-",
            (apr_int64_t)(h->first_served - NOW),
            (apr_int64_t)(h->last_served - NOW));
    }
    for (i = 0; i < d->history.ntxt && i < 3; i++) {
        const mtasts_txt_seen *seen = &d->history.txt[i];

        text = apr_psprintf(p, "%s%s%s %" APR_INT64_T_FMT, text,
                            i ? ", " : " txt ", *seen->id ? seen->id : "none",
                            (apr_int64_t)(seen->since - NOW));
        if (seen->until != seen->since) {
            text = apr_psprintf(p, "%s-%" APR_INT64_T_FMT, text,
                                (apr_int64_t)(seen->until - NOW));
        }
    }
    if (d->released) {
        text = apr_psprintf(p, "%s released %s", text, d->released->id);
    }
    return d->served_elsewhere ? apr_pstrcat(p, text, " elsewhere", NULL)
                               : text;
}

/* A policy for a domain: mode enforce, one MX; the id is the digest's first
 * letters, or the one given. */
static inline mtasts_ledger_serving serving(apr_pool_t *p, const char *domain,
                                            const char *mx, const char *id)
{
    mtasts_policy *policy = apr_pcalloc(p, sizeof(*policy));
    const char **mxs = apr_palloc(p, sizeof(*mxs));
    char *body, *digest = apr_palloc(p, MTASTS_ID_SIZE);
    mtasts_ledger_serving s;
    size_t len;

    mxs[0] = mx;
    policy->mode = MTASTS_MODE_ENFORCE;
    policy->max_age = 604800;
    policy->mx = mxs;
    policy->nmx = 1;
    len = mtasts_policy_render(policy, NULL, 0);
    body = apr_pcalloc(p, len + 1);
    mtasts_policy_render(policy, body, len);
    NEED(mtasts_policy_id(body, len, digest));
    s.domain = domain;
    s.id = id ? id : digest;
    s.digest = digest;
    s.body = body;
    s.policy = policy;
    return s;
}

/* Serves these and no others. */
#define SERVE(l, p, now, until, ...)                                           \
    said(l, mtasts_ledger_serve(                                               \
                l, p, (const mtasts_ledger_serving[]){__VA_ARGS__},            \
                sizeof((const mtasts_ledger_serving[]){__VA_ARGS__}) /         \
                    sizeof(mtasts_ledger_serving),                             \
                now, until))

/* --- other processes --- */

/* A process that does something with the database and then waits. */
static inline pid_t while_held(const db *d, const char *sql)
{
    int ready[2];
    pid_t child;
    char c;

    NEED(pipe(ready) == 0);
    child = fork();
    NEED(child >= 0);
    if (child == 0) {
        const apr_dbd_driver_t *driver;
        apr_dbd_t *handle = raw_open(top, d, &driver);
        int nrows;

        if (apr_dbd_query(driver, handle, &nrows, sql) == 0) {
            NEED(write(ready[1], "x", 1) == 1);
        }
        close(ready[1]);
        pause();
        _exit(0);
    }
    close(ready[1]);
    NEED(read(ready[0], &c, 1) == 1);
    close(ready[0]);
    return child;
}

static inline void let_go(pid_t child)
{
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
}

/* --- files --- */

static inline char *slurp(apr_pool_t *p, const char *file, apr_size_t *len)
{
    apr_file_t *f;
    apr_finfo_t info;
    char *bytes;

    NEED(apr_file_open(&f, file, APR_FOPEN_READ, 0, p) == APR_SUCCESS);
    NEED(apr_file_info_get(&info, APR_FINFO_SIZE, f) == APR_SUCCESS);
    *len = (apr_size_t)info.size;
    bytes = apr_palloc(p, *len + 1);
    NEED(apr_file_read_full(f, bytes, *len, NULL) == APR_SUCCESS);
    apr_file_close(f);
    return bytes;
}

static inline void spew(apr_pool_t *p, const char *file, const char *bytes,
                        apr_size_t len)
{
    apr_file_t *f;

    NEED(apr_file_open(&f, file,
                       APR_FOPEN_WRITE | APR_FOPEN_CREATE | APR_FOPEN_TRUNCATE,
                       APR_FPROT_UREAD | APR_FPROT_UWRITE, p) == APR_SUCCESS);
    NEED(apr_file_write_full(f, bytes, len, NULL) == APR_SUCCESS);
    NEED(apr_file_close(f) == APR_SUCCESS);
}

static inline int same_bytes(apr_pool_t *p, const char *file, const char *bytes,
                             apr_size_t len)
{
    apr_size_t now;
    const char *is = slurp(p, file, &now);

    return now == len && !memcmp(is, bytes, len);
}

/* The directory is removed with all that is in it at the end of the test. */
static pid_t owner;

static inline void remove_directory(void)
{
    if (getpid() == owner) {
        pid_t child = fork();

        if (child == 0) {
            execl("/bin/rm", "rm", "-rf", directory, (char *)NULL);
            _exit(127);
        }
        waitpid(child, NULL, 0);
    }
}

static inline void begin_tests(void)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    NEED(apr_initialize() == APR_SUCCESS);
    NEED(apr_pool_create(&top, NULL) == APR_SUCCESS);
    mtasts_ledger_init(top);
    NEED(mkdtemp(directory));
    owner = getpid();
    atexit(remove_directory);
}

#endif
