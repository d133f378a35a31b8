/*
 * The ledger: drivers, open and close.
 */

#include "ledger_private.h"

#include "../core/policy.h"
#include "../core/text.h"

#include <string.h>

#define HAS_META                                                               \
    "SELECT COUNT(*) FROM information_schema.tables "                          \
    "WHERE table_name = 'mtasts_meta'"

/* No statement waits for long.  And all of them go by a key: left to itself the
 * planner takes a new table, which it has no statistics of yet, for a small one,
 * and reads and sorts it for each page. */
#define PGSQL                                                                  \
    "SET LOCAL lock_timeout=3000;SET LOCAL statement_timeout=5000;"            \
    "SET LOCAL enable_seqscan=off;SET LOCAL enable_bitmapscan=off"

static const mtasts_dialect dialects[] = {
    {
        .driver = "sqlite3",
        .name = "SQLite",
        .package = "libaprutil1-dbd-sqlite3",
        .is_file = 1,
        .begin_read = "BEGIN",
        /* Not later, when another that writes could be in the way. */
        .begin_write = "BEGIN IMMEDIATE",
        /* A power cut loses nothing that was written; and what a damaged file
         * may hold is run or believed as little as can be. */
        .settle = "PRAGMA synchronous=FULL;PRAGMA trusted_schema=OFF;"
                  "PRAGMA cell_size_check=ON",
        .text = "TEXT",
        .exact = "",
        .compact = " WITHOUT ROWID",
        .insert = "INSERT INTO ",
        .insert_new = " ON CONFLICT DO NOTHING",
        .has_schema = "SELECT COUNT(*) FROM sqlite_master "
                      "WHERE type = 'table' AND name = 'mtasts_meta'",
        .is_foreign = "SELECT COUNT(*) FROM sqlite_master",
        .page_size = "PRAGMA page_size",
        .sorts_bytes = 1,
        .can_upsert = 1,
    },
    {
        .driver = "pgsql",
        .name = "the PostgreSQL database",
        .package = "libaprutil1-dbd-pgsql",
        .begin_read = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;" PGSQL,
        .begin_write = "BEGIN;" PGSQL,
        .text = "TEXT",
        .exact = " COLLATE \"C\"",
        .compact = "",
        .insert = "INSERT INTO ",
        .insert_new = " ON CONFLICT DO NOTHING",
        .has_schema = "SELECT CASE WHEN to_regclass('mtasts_meta') IS NULL "
                      "THEN 0 ELSE 1 END",
        .sorts_bytes = 1,
        .can_upsert = 1,
    },
    {
        .driver = "mysql",
        .name = "the MySQL database",
        .package = "libaprutil1-dbd-mysql",
        .begin_read = "START TRANSACTION",
        .begin_write = "START TRANSACTION",
        .text = "MEDIUMTEXT",
        .exact = " CHARACTER SET ascii COLLATE ascii_bin",
        .compact = "",
        .insert = "INSERT IGNORE INTO ",
        .insert_new = "",
        .has_schema = HAS_META " AND table_schema = DATABASE()",
    },
    {
        .name = "the database",
        .begin_read = "START TRANSACTION",
        .begin_write = "START TRANSACTION",
        .text = "TEXT",
        .exact = "",
        .compact = "",
        .insert = "INSERT INTO ",
        .insert_new = "",
        .has_schema = HAS_META,
    },
};

void mtasts_ledger_init(apr_pool_t *process)
{
    apr_dbd_init(process);
}

/* What libpq is told beyond the administrator's parameters: it would wait for
 * minutes for a server that does not answer.  Parameters may be a URI. */
static const char *bounded(apr_pool_t *p, const char *params)
{
    static const char *const more[][2] = {{"connect_timeout", "3"},
                                          {"tcp_user_timeout", "5000"},
                                          {"keepalives_idle", "5"},
                                          {"keepalives_interval", "2"},
                                          {"keepalives_count", "2"}};
    int uri = !strncmp(params, "postgres://", 11) ||
              !strncmp(params, "postgresql://", 13);
    size_t i;

    for (i = 0; i < sizeof(more) / sizeof(more[0]); i++) {
        if (!strstr(params, more[i][0])) {
            const char *glue = !uri ? " " : strchr(params, '?') ? "&" : "?";

            params =
                apr_pstrcat(p, params, glue, more[i][0], "=", more[i][1], NULL);
        }
    }
    return params;
}

/* The name as the key that it is in the database: printable, and not longer
 * than its column; what is cut is told apart by a digest. */
static const char *front_key(apr_pool_t *p, const char *front)
{
    char text[MTASTS_FRONT_SIZE], digest[MTASTS_ID_SIZE];
    size_t len = strlen(front);

    mtasts_escape(text, sizeof(text), front);
    if (len < sizeof(text) && !strcmp(text, front)) {
        return apr_pstrdup(p, front);
    }
    if (!mtasts_policy_id(front, len, digest)) {
        return NULL;
    }
    return apr_psprintf(p, "%.200s %s", text, digest);
}

static apr_status_t close_ledger(void *ledger)
{
    mtasts_db_drop(ledger);
    return APR_SUCCESS;
}

static const mtasts_dialect *dialect_of(const char *driver)
{
    const mtasts_dialect *d = dialects;

    while (d->driver && strcmp(d->driver, driver)) {
        d++;
    }
    return d;
}

mtasts_ledger *mtasts_ledger_open(apr_pool_t *p, const mtasts_ledger_options *o,
                                  const char **why)
{
    mtasts_ledger *l = apr_pcalloc(p, sizeof(*l));

    apr_pool_create(&l->pool, p);
    l->dialect = dialect_of(o->driver);
    l->driver_name = apr_pstrdup(l->pool, o->driver);
    l->params = !strcmp(o->driver, "pgsql") ? bounded(l->pool, o->params)
                                            : apr_pstrdup(l->pool, o->params);
    l->front = front_key(l->pool, o->front);
    l->create = o->create;
    l->is_writer = o->is_writer;
    l->guard = o->guard;
    apr_pool_pre_cleanup_register(l->pool, l, close_ledger);
    if (l->front ? mtasts_db_connect(l)
                 : mtasts_ledger_fail(l, "libcrypto has no SHA-256", NULL)) {
        return l;
    }
    *why = apr_pstrdup(p, l->why);
    mtasts_ledger_close(l);
    return NULL;
}

void mtasts_ledger_close(mtasts_ledger *l)
{
    apr_pool_destroy(l->pool);
}

const char *mtasts_ledger_unwritable(const mtasts_ledger *l)
{
    return l->unwritable;
}

const char *mtasts_ledger_why(const mtasts_ledger *l)
{
    return l->why;
}
