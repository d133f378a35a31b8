/*
 * The tables, and whose they are.
 */

#include "ledger_private.h"

#include <string.h>

/* "@N" is a text of at most N characters, compared byte by byte; "@" a text of
 * any length; "#" a whole number; "!" at the end says that rows are short.  mode
 * and max_age of a body are for people who look into the database: the module
 * reads the body.  A time is in seconds since 1970.  `period` counts, with zeros
 * before it, from one TXT record to the next: a clock may go back. */
static const char *const tables[] = {
    "mtasts_meta ("
    "name @32 PRIMARY KEY, value @64)",
    "mtasts_body ("
    "digest @32 PRIMARY KEY, mode @16, max_age #, body @)",
    "mtasts_front ("
    "front @255 PRIMARY KEY, said_at #, served_until #)!",
    "mtasts_served ("
    "front @255, domain @253, digest @32, id @32, is_open #, "
    "first_served #, last_served #, "
    "PRIMARY KEY (front, domain, digest, id))!",
    "mtasts_released ("
    "domain @253 PRIMARY KEY, digest @32, id @32, released_at #)!",
    "mtasts_held ("
    "front @255, domain @253, digest @32, id @32, because #, "
    "PRIMARY KEY (front, domain))!",
    "mtasts_txt ("
    "domain @253, period @10, id @32, since #, last_seen #, cached #, "
    "PRIMARY KEY (domain, period))!",
    "mtasts_step ("
    "domain @253 PRIMARY KEY, mode @16, max_age #, since #, green_since #, "
    "looked_at #)!",
    "mtasts_publishing ("
    "domain @253, record @16, value @, state @16, since #, next_at #, "
    "served_since #, failures #, said @, PRIMARY KEY (domain, record))",
    "mtasts_fetched ("
    "domain @253, digest @32, id @32, sender @32, front @255, fetches #, "
    "first_fetched #, last_fetched #, "
    "PRIMARY KEY (domain, digest, id, sender, front))!",
    "mtasts_finding ("
    "front @255, name @32, scope @, subject @, code @64, text @, "
    "remedy @, severity @16, since #, said #, "
    "PRIMARY KEY (front, name))",
    "mtasts_event ("
    "domain @253, front @255, seq #, happened_at #, kind @32, text @, "
    "PRIMARY KEY (domain, front, seq))!",
    "mtasts_document ("
    "front @255, name @32, mark @32, written_at #, body @, "
    "PRIMARY KEY (front, name))",
};

#define TABLES (sizeof(tables) / sizeof(tables[0]))

/* What a sign of the list stands for. */
static const char *word_of(const mtasts_ledger *l, apr_pool_t *p,
                           const char *sign, size_t len)
{
    switch (*sign) {
    case '#':
        return "BIGINT NOT NULL";
    case '!':
        return l->dialect->compact;
    default:
        return len == 1 ? apr_pstrcat(p, l->dialect->text, " NOT NULL", NULL)
                        : apr_pstrcat(p, "VARCHAR(",
                                      apr_pstrndup(p, sign + 1, len - 1), ")",
                                      l->dialect->exact, " NOT NULL", NULL);
    }
}

/* `create` and the table in the dialect's words. */
static const char *create_text(const mtasts_ledger *l, apr_pool_t *p,
                               const char *create, const char *table)
{
    const char *text = create;

    while (*table) {
        size_t plain = strcspn(table, "@#!"), len = 0;

        text = apr_pstrcat(p, text, apr_pstrndup(p, table, plain), NULL);
        table += plain;
        if (*table) {
            len = 1 + (*table == '@' ? strspn(table + 1, "0123456789") : 0);
            text = apr_pstrcat(p, text, word_of(l, p, table, len), NULL);
        }
        table += len;
    }
    return text;
}

/* The number that a dialect's question selects. */
static int ask(mtasts_ledger *l, apr_pool_t *p, const char *sql, int64_t *n)
{
    const char **row;

    *n = 0;
    return mtasts_db_one(l, p, sql, NULL, 1, &row) &&
           (!row || mtasts_db_number(row[0], INT64_MAX, n) ||
            mtasts_ledger_fail(l, "it gives no number", row[0]));
}

static int create_all(mtasts_ledger *l, apr_pool_t *p, const char *create)
{
    size_t i;

    for (i = 0; i < TABLES; i++) {
        if (!mtasts_db_run(l, create_text(l, p, create, tables[i]))) {
            return 0;
        }
    }
    return 1;
}

static int set_meta(mtasts_ledger *l, apr_pool_t *p, const char *name,
                    int value)
{
    static const char forget[] = "DELETE FROM mtasts_meta WHERE name = %s";
    static const char insert[] = "INSERT INTO mtasts_meta (name, value) "
                                 "VALUES (%s, %s)";
    const void *args[] = {name, apr_psprintf(p, "%d", value)};

    return mtasts_db_write(l, p, forget, args, NULL) &&
           mtasts_db_write(l, p, insert, args, NULL);
}

static int make_tables(mtasts_ledger *l, apr_pool_t *p)
{
    return create_all(l, p, "CREATE TABLE ") &&
           set_meta(l, p, "schema", MTASTS_LEDGER_SCHEMA) &&
           set_meta(l, p, "tables", (int)TABLES);
}

/* 1 unless something else is there. */
static int is_ours(mtasts_ledger *l, apr_pool_t *p)
{
    int64_t foreign = 0;

    if (l->dialect->is_foreign &&
        !ask(l, p, l->dialect->is_foreign, &foreign)) {
        return 0;
    }
    return !foreign ||
           mtasts_ledger_fail(l, "that is another program's database", NULL);
}

/* In one transaction: all of it or nothing. */
static int make(mtasts_ledger *l, apr_pool_t *p)
{
    int64_t there;

    if (!mtasts_db_run(l, l->dialect->begin_write)) {
        return 0;
    }
    /* Another process may have been first. */
    if (ask(l, p, l->dialect->has_schema, &there) &&
        (there || (is_ours(l, p) && make_tables(l, p))) &&
        mtasts_db_run(l, "COMMIT")) {
        return 1;
    }
    mtasts_db_rollback(l);
    return 0;
}

/* The number under that name in mtasts_meta; 0 if there is none. */
static int get_meta(mtasts_ledger *l, apr_pool_t *p, const char *name,
                    int64_t *n)
{
    static const char sql[] = "SELECT value FROM mtasts_meta WHERE name = %s";
    const void *args[] = {name};
    const char **row;

    *n = 0;
    if (!mtasts_db_one(l, p, sql, args, 1, &row)) {
        return 0;
    }
    if (row && !mtasts_db_number(row[0], INT32_MAX, n)) {
        *n = 0;
    }
    return 1;
}

int mtasts_schema_check(mtasts_ledger *l, apr_pool_t *p)
{
    int64_t n;

    if (l->absent) {
        return 1;
    }
    if (!get_meta(l, p, "schema", &n)) {
        return 0;
    }
    if (n == 0) {
        return mtasts_ledger_fail(l,
                                  "it is damaged: it does not say which "
                                  "version wrote it",
                                  NULL);
    }
    if (n > MTASTS_LEDGER_SCHEMA) {
        return mtasts_ledger_fail(
            l,
            apr_psprintf(p,
                         "it was written by a newer version of the module "
                         "(schema %" APR_INT64_T_FMT ", this one knows %d)",
                         n, MTASTS_LEDGER_SCHEMA),
            NULL);
    }
    return 1;
}

static int has_all(mtasts_ledger *l, apr_pool_t *p)
{
    int64_t there;

    return get_meta(l, p, "tables", &there) && there >= (int64_t)TABLES;
}

/* An earlier version made it, which had not all of the tables; it may use it on,
 * beside this one.  Where two do so at once, one fails and finds it done. */
static int complete(mtasts_ledger *l, apr_pool_t *p)
{
    char why[sizeof(l->why)];
    int good;

    if (has_all(l, p) ||
        (mtasts_db_run(l, l->dialect->begin_write) &&
         create_all(l, p, "CREATE TABLE IF NOT EXISTS ") &&
         set_meta(l, p, "tables", (int)TABLES) && mtasts_db_run(l, "COMMIT"))) {
        return 1;
    }
    mtasts_db_rollback(l);
    memcpy(why, l->why, sizeof(why));
    good = has_all(l, p);
    memcpy(l->why, why, sizeof(why));
    return good;
}

/* SQLite takes what is missing of the last page for zeros.  To be asked when it
 * has read the file once: what a crash left is mended then. */
static int is_whole(mtasts_ledger *l, apr_pool_t *p)
{
    int64_t size;

    return !l->dialect->page_size ||
           (ask(l, p, l->dialect->page_size, &size) &&
            (mtasts_ledger_file_fits(l, size) ||
             mtasts_ledger_fail_as(l, "database disk image is malformed")));
}

int mtasts_schema_ready(mtasts_ledger *l, apr_pool_t *p)
{
    int64_t there;

    if (!ask(l, p, l->dialect->has_schema, &there) || !is_whole(l, p)) {
        return 0;
    }
    if (!there && !l->create) {
        l->absent = 1;
        return is_ours(l, p);
    }
    /* Where two make it at once, one fails and finds it made. */
    if (!there && !make(l, p)) {
        char why[sizeof(l->why)];

        memcpy(why, l->why, sizeof(why));
        if (!ask(l, p, l->dialect->has_schema, &there) || !there) {
            memcpy(l->why, why, sizeof(why));
            return 0;
        }
    }
    return mtasts_schema_check(l, p) && (!l->create || complete(l, p));
}
