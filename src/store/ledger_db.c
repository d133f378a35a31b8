/*
 * The connection, statements and transactions: all that knows apr_dbd.
 */

#include "ledger_private.h"

#include <string.h>

#define SQLITE_BUSY  5 /* of sqlite3.h, which is not needed for more */
#define BUSY_TRIES   15
#define BUSY_SLEEP   (APR_USEC_PER_SEC / 10)
#define STALE_TRIES  5
#define AGAIN_WITHIN APR_USEC_PER_SEC
#define ROWS_AT_ONCE 64

int mtasts_db_number(const char *text, int64_t max, int64_t *out)
{
    int64_t n = 0;
    const char *s;

    for (s = text; *s >= '0' && *s <= '9' && n <= max / 10; s++) {
        n = n * 10 + (*s - '0');
    }
    *out = n;
    return s > text && !*s && n <= max;
}

const char *mtasts_db_shared(apr_pool_t *p, apr_hash_t *texts, const char *text)
{
    const char *one = apr_hash_get(texts, text, APR_HASH_KEY_STRING);

    if (!one) {
        one = apr_pstrdup(p, text);
        apr_hash_set(texts, one, APR_HASH_KEY_STRING, one);
    }
    return one;
}

int64_t mtasts_db_time(int64_t t)
{
    return t < 0 ? 0 : t > MTASTS_TIME_MAX ? MTASTS_TIME_MAX : t;
}

int mtasts_db_is_text(const char *s, size_t size)
{
    size_t len = 0;

    while (s[len] >= 0x20 && s[len] <= 0x7e && len < size) {
        len++;
    }
    return !s[len] && len < size;
}

/* --- the connection --- */

void mtasts_db_drop(mtasts_ledger *l)
{
    if (l->conn_pool) {
        if (l->handle) {
            apr_dbd_close(l->driver, l->handle);
        }
        apr_pool_destroy(l->conn_pool);
    }
    l->conn_pool = NULL;
    l->handle = NULL;
    l->prepared = NULL;
    l->absent = 0;
}

static int find_driver(mtasts_ledger *l)
{
    apr_status_t rv = apr_dbd_get_driver(l->pool, l->driver_name, &l->driver);
    const char *what;
    char text[128];

    if (rv == APR_SUCCESS) {
        return 1;
    }
    what = apr_psprintf(
        l->pool, "there is no driver '%s' of apr_dbd%s%s", l->driver_name,
        l->dialect->package ? "; on Debian it is in the package " : "",
        l->dialect->package ? l->dialect->package : "");
    return mtasts_ledger_fail(l, what, apr_strerror(rv, text, sizeof(text)));
}

static int open_once(mtasts_ledger *l)
{
    const char *error = NULL;

    /* It is not the guard's to end: libpq bounds it. */
    if (!mtasts_guard_enter(l)) {
        return 0;
    }
    mtasts_guard_leave(l);
    apr_pool_create(&l->conn_pool, l->pool);
    l->prepared = apr_hash_make(l->conn_pool);
    if (apr_dbd_open_ex(l->driver, l->conn_pool, l->params, &l->handle,
                        &error) != APR_SUCCESS) {
        l->handle = NULL;
        return mtasts_ledger_fail_as(l, error ? error : "no connection");
    }
    mtasts_guard_connected(l);
    return !l->dialect->settle || mtasts_db_run(l, l->dialect->settle);
}

/* Where others make the tables at the same time, what was just read of them may
 * be wrong before it is used. */
static int open_ready(mtasts_ledger *l)
{
    int good = 0, tries;

    for (tries = 0; tries < STALE_TRIES && !good; tries++) {
        apr_pool_t *p;

        l->stale = 0;
        apr_pool_create(&p, l->pool);
        good = open_once(l) && mtasts_schema_ready(l, p);
        apr_pool_destroy(p);
        if (!good) {
            mtasts_db_drop(l);
        }
        if (!l->stale) {
            break;
        }
    }
    return good;
}

int mtasts_db_connect(mtasts_ledger *l)
{
    int absent;

    if (l->handle && l->dialect->is_file && !mtasts_ledger_file_same(l)) {
        mtasts_db_drop(l);
        l->replaced = 1;
        return mtasts_ledger_fail(
            l, "the file was removed or another put in its place", NULL);
    }
    if (l->handle) {
        return 1;
    }
    l->absent = 0;
    if ((!l->driver && !find_driver(l)) ||
        (l->dialect->is_file && !mtasts_ledger_file_ready(l, &l->absent)) ||
        (!l->absent && !open_ready(l))) {
        return 0;
    }
    absent = l->absent;
    if (absent) {
        mtasts_db_drop(l);
        l->absent = absent;
    }
    return 1;
}

/* --- statements --- */

static int fail_of_driver(mtasts_ledger *l, int rc)
{
    const char *text = apr_dbd_error(l->driver, l->handle, rc);

    if (mtasts_guard_was_late(l)) {
        char what[64];

        apr_snprintf(what, sizeof(what),
                     "the server gave no answer for %d seconds",
                     MTASTS_GUARD_MAX);
        return mtasts_ledger_fail(l, what, NULL);
    }
    if (text && strstr(text, "schema has changed")) {
        l->stale = 1;
    }
    return mtasts_ledger_fail_as(l, text && *text ? text : "no reason given");
}

/* sqlite3's driver waits for a lock when a statement is run, but not when one is
 * prepared, which reads the schema.  1 after a while, if that may have been it. */
static int wait_for_lock(const mtasts_ledger *l, int rc, apr_time_t started,
                         int tries)
{
    if (rc != SQLITE_BUSY || !l->dialect->is_file || tries >= BUSY_TRIES ||
        apr_time_now() - started > BUSY_TRIES * BUSY_SLEEP) {
        return 0;
    }
    apr_sleep(BUSY_SLEEP);
    return 1;
}

int mtasts_db_run(mtasts_ledger *l, const char *sql)
{
    apr_time_t started = apr_time_now();
    int nrows, rc, tries = 0;

    do {
        if (!mtasts_guard_enter(l)) {
            return 0;
        }
        rc = apr_dbd_query(l->driver, l->handle, &nrows, sql);
        mtasts_guard_leave(l);
    } while (wait_for_lock(l, rc, started, tries++));
    return rc ? fail_of_driver(l, rc) : 1;
}

void mtasts_db_rollback(mtasts_ledger *l)
{
    char why[sizeof(l->why)];

    memcpy(why, l->why, sizeof(why));
    mtasts_db_run(l, "ROLLBACK");
    memcpy(l->why, why, sizeof(why));
}

static apr_dbd_prepared_t *prepare(mtasts_ledger *l, const char *sql)
{
    apr_dbd_prepared_t *statement =
        apr_hash_get(l->prepared, sql, APR_HASH_KEY_STRING);
    apr_time_t started = apr_time_now();
    const char *name;
    int rc, tries = 0;

    if (statement) {
        return statement;
    }
    /* Without a name pgsql's would be planned anew at each use. */
    name = apr_psprintf(l->conn_pool, "mtasts_%u", apr_hash_count(l->prepared));
    do {
        if (!mtasts_guard_enter(l)) {
            return NULL;
        }
        rc = apr_dbd_prepare(l->driver, l->conn_pool, l->handle, sql, name,
                             &statement);
        mtasts_guard_leave(l);
    } while (wait_for_lock(l, rc, started, tries++));
    if (rc) {
        fail_of_driver(l, rc);
        return NULL;
    }
    apr_hash_set(l->prepared, apr_pstrdup(l->conn_pool, sql),
                 APR_HASH_KEY_STRING, statement);
    return statement;
}

int mtasts_db_write(mtasts_ledger *l, apr_pool_t *p, const char *sql,
                    const void **args, int *nrows)
{
    apr_dbd_prepared_t *statement = prepare(l, sql);
    int n, rc;

    if (!statement || !mtasts_guard_enter(l)) {
        return 0;
    }
    rc = apr_dbd_pbquery(l->driver, p, l->handle, nrows ? nrows : &n, statement,
                         args);
    mtasts_guard_leave(l);
    return rc ? fail_of_driver(l, rc) : 1;
}

static int select_rows(mtasts_ledger *l, apr_pool_t *p, const char *sql,
                       const void **args, apr_dbd_results_t **res)
{
    apr_dbd_prepared_t *statement = prepare(l, sql);
    int rc;

    if (!statement || !mtasts_guard_enter(l)) {
        return 0;
    }
    *res = NULL;
    rc = apr_dbd_pbselect(l->driver, p, l->handle, res, statement, 1, args);
    mtasts_guard_leave(l);
    return rc ? fail_of_driver(l, rc) : 1;
}

static const char *column(const mtasts_ledger *l, apr_dbd_row_t *row, int i)
{
    const char *value = apr_dbd_get_entry(l->driver, row, i);

    return value ? value : "";
}

int mtasts_db_one(mtasts_ledger *l, apr_pool_t *p, const char *sql,
                  const void **args, int ncols, const char ***out)
{
    apr_dbd_results_t *res;
    apr_dbd_row_t *row = NULL;
    int i;

    *out = NULL;
    if (!select_rows(l, p, sql, args, &res)) {
        return 0;
    }
    if (apr_dbd_get_row(l->driver, p, res, &row, -1) != 0) {
        return 1;
    }
    *out = apr_palloc(p, (apr_size_t)ncols * sizeof(**out));
    for (i = 0; i < ncols; i++) {
        (*out)[i] = apr_pstrdup(p, column(l, row, i));
    }
    return 1;
}

/* INSERT INTO table VALUES tuple, tuple, ... */
static const char *insert_text(const mtasts_ledger *l, apr_pool_t *p,
                               const char *table, const char *tuple, size_t n)
{
    apr_array_header_t *tuples = apr_array_make(p, (int)n, sizeof(char *));

    while (tuples->nelts < (int)n) {
        APR_ARRAY_PUSH(tuples, const char *) = tuple;
    }
    return apr_pstrcat(p, l->dialect->insert, table, " VALUES ",
                       apr_array_pstrcat(p, tuples, ','),
                       l->dialect->insert_new, NULL);
}

int mtasts_db_insert(mtasts_ledger *l, apr_pool_t *p, const char *table,
                     const char *tuple, int ncols, const void **args, size_t n)
{
    const char *many = insert_text(l, p, table, tuple, ROWS_AT_ONCE);
    const char *one = insert_text(l, p, table, tuple, 1);
    apr_pool_t *each;
    int good = 1;

    apr_pool_create(&each, p);
    while (n && good) {
        size_t now = n >= ROWS_AT_ONCE ? ROWS_AT_ONCE : 1;

        good = mtasts_db_write(l, each, now == 1 ? one : many, args, NULL);
        args += now * (size_t)ncols;
        n -= now;
        apr_pool_clear(each);
    }
    apr_pool_destroy(each);
    return good;
}

int mtasts_db_insert_new(mtasts_ledger *l, apr_pool_t *p, const char *table,
                         const char *tuple, const void **args, int *made)
{
    return mtasts_db_write(l, p, insert_text(l, p, table, tuple, 1), args,
                           made);
}

/* --- scans --- */

/* Reads one page: *n rows, the last one's key in `key`. */
static int read_page(mtasts_ledger *l, apr_pool_t *p,
                     const mtasts_db_scan_of *scan, const void **args,
                     mtasts_db_row_fn *each, void *ctx, const char **key,
                     int *n)
{
    const char *cols[MTASTS_DB_COLS_MAX];
    apr_dbd_results_t *res;
    apr_dbd_row_t *row = NULL;
    int i;

    if (!select_rows(l, p, scan->sql, args, &res)) {
        return 0;
    }
    for (*n = 0; apr_dbd_get_row(l->driver, p, res, &row, -1) == 0; ++*n) {
        if (scan->only && strcmp(column(l, row, 0), scan->only)) {
            return 1;
        }
        for (i = 0; i < scan->ncols; i++) {
            cols[i] = column(l, row, i);
        }
        if (!each(l, cols, ctx)) {
            return 0;
        }
        /* Asked for once more, the strings are gone. */
        for (i = 0; *n + 1 == MTASTS_DB_PAGE_ROWS && i < scan->nkeys; i++) {
            key[i] = apr_pstrdup(p, cols[i]);
        }
    }
    return 1;
}

/* A page must begin behind the one before, or a damaged file could be read for
 * ever. */
static int is_behind(const char *const *key, const char *const *last, int n)
{
    int i, c = 0;

    for (i = 0; i < n && c == 0; i++) {
        c = strcmp(key[i], last[i]);
    }
    return c > 0;
}

int mtasts_db_scan(mtasts_ledger *l, apr_pool_t *p,
                   const mtasts_db_scan_of *scan, mtasts_db_row_fn *each,
                   void *ctx)
{
    const char *key[MTASTS_DB_COLS_MAX] = {"", "", "", "", "",
                                           "", "", "", "", ""};
    const char *last[MTASTS_DB_COLS_MAX];
    const void *args[MTASTS_DB_COLS_MAX];
    apr_pool_t *page, *before, *other;
    int i, n = MTASTS_DB_PAGE_ROWS, good = 1;

    if (scan->only) {
        key[0] = scan->only;
    }
    apr_pool_create(&page, p);
    apr_pool_create(&before, p);
    while (good && n == MTASTS_DB_PAGE_ROWS) {
        memcpy(last, key, sizeof(last));
        for (i = 0; i < scan->nkeys; i++) {
            args[i] = last[i];
        }
        other = before;
        before = page;
        page = other;
        apr_pool_clear(page); /* not before, which has `last` */
        good = read_page(l, page, scan, args, each, ctx, key, &n);
        if (good && n == MTASTS_DB_PAGE_ROWS && l->dialect->sorts_bytes &&
            !is_behind(key, last, scan->nkeys)) {
            good = mtasts_ledger_fail_as(l, "database disk image is malformed");
        }
    }
    apr_pool_destroy(page);
    apr_pool_destroy(before);
    return good;
}

/* --- transactions --- */

static int begin(mtasts_ledger *l, apr_pool_t *p, int write)
{
    return mtasts_db_connect(l) &&
           (l->absent || (mtasts_db_run(l, write ? l->dialect->begin_write
                                                 : l->dialect->begin_read) &&
                          mtasts_schema_check(l, p)));
}

/* Ends what begin() began, whatever came of it.  The connection of what failed
 * is not used again: who knows what state it is in. */
static int end(mtasts_ledger *l, int good)
{
    if (l->absent) {
        return good;
    }
    if (good && mtasts_db_run(l, "COMMIT")) {
        return 1;
    }
    if (l->handle) {
        mtasts_db_rollback(l);
    }
    mtasts_db_drop(l);
    return 0;
}

static int attempt(mtasts_ledger *l, apr_pool_t *parent, int write,
                   mtasts_ledger_op *op, void *ctx)
{
    apr_pool_t *p;
    int good;

    apr_pool_create(&p, parent);
    good = begin(l, p, write);
    good = good && (l->absent || !op || op(l, p, ctx));
    if (op || !good) {
        good = end(l, good);
    }
    apr_pool_destroy(p);
    return good;
}

/* A connection that stood may be broken, or know another schema than there is
 * now; and two front ends may have written the same at once. */
static int attempt_twice(mtasts_ledger *l, apr_pool_t *p, int write,
                         mtasts_ledger_op *op, void *ctx)
{
    apr_time_t started = apr_time_now(), took;
    int stood = l->handle != NULL, replaced = l->replaced;

    l->stale = 0;
    if (attempt(l, p, write, op, ctx)) {
        return 1;
    }
    took = apr_time_now() - started;
    return (stood || l->stale) && l->replaced == replaced && took >= 0 &&
           took < AGAIN_WITHIN && attempt(l, p, write, op, ctx);
}

int mtasts_ledger_do(mtasts_ledger *l, apr_pool_t *parent, int write,
                     mtasts_ledger_op *op, void *ctx)
{
    apr_pool_t *p;

    if (write && !l->create) {
        return 1;
    }
    if (!l->begun) {
        return attempt_twice(l, parent, write, op, ctx);
    }
    if (!l->doomed) {
        apr_pool_create(&p, parent);
        l->doomed = !op(l, p, ctx);
        apr_pool_destroy(p);
    }
    return !l->doomed;
}

int mtasts_ledger_begin(mtasts_ledger *l, apr_pool_t *p)
{
    if (l->create && !attempt_twice(l, p, 1, NULL, NULL)) {
        return 0;
    }
    l->begun = l->create;
    l->doomed = 0;
    return 1;
}

int mtasts_ledger_end(mtasts_ledger *l, int keep)
{
    int kept = 1;

    if (l->begun) {
        l->begun = 0;
        kept = end(l, keep && !l->doomed) || !keep;
    }
    return kept;
}
