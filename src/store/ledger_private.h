#ifndef MTASTS_LEDGER_PRIVATE_H
#define MTASTS_LEDGER_PRIVATE_H

/*
 * What the files of the ledger share.
 *
 * Tables (ledger_schema.c has them):
 *   meta      the schema's version
 *   body      the text of each policy, once, under its digest: what a policy
 *             says is read out of it, and only if the digest is right
 *   front     who serves, and until when all that is open under its name counts
 *             as served
 *   served    which front served what, from when to when; front "" are others
 *   released  the policy that strict falls back on
 *   held      what a front holds back, and what for
 *   txt       the ids seen in DNS; the one with the highest period is the last
 *   step      where a domain is in its plan
 *   publishing  how far the publication of a TXT record is
 *   fetched   how often what was fetched from a front, by which kind of sender
 *   finding   what stands, for each front
 *   event     what happened
 *   document  what is shown of each site, as JSON, for each front
 *
 * All goes through apr_dbd.  Its traps, which ledger_db.c keeps from the rest:
 * pgsql's transaction_start() crashes on a lost connection, and sqlite3's leaves
 * a transaction open whose COMMIT failed, so BEGIN and COMMIT are plain queries;
 * a select without random access hides errors on pgsql; sqlite3 runs a
 * statement behind one that failed, and calls a trailing blank one; strings of a
 * result are gone when its last row has been asked for.
 */

#include "ledger.h"

#include "../core/domain.h"

#include "apr_dbd.h"
#include "apr_strings.h"

#include <sys/stat.h>

#define MTASTS_LEDGER_SCHEMA 1
#define MTASTS_TXT_KEPT      64  /* periods of one domain's TXT record */
#define MTASTS_EVENTS_KEPT   100 /* of one domain, for each front */
#define MTASTS_FRONT_SIZE    256
#define MTASTS_TIME_MAX      INT64_C(253402300799) /* the end of the year 9999 */
#define MTASTS_TIME_TEXT     "253402300799"        /* the same, for SQL */

/* How one driver's SQL differs. */
typedef struct {
    const char *driver;
    const char *name;       /* for people */
    const char *package;    /* of Debian, with the driver */
    int is_file;            /* its parameters are the path of a file */
    const char *begin_read; /* one snapshot for all that is read */
    const char *begin_write;
    const char *settle;  /* once per connection; or NULL */
    const char *text;    /* of any length */
    const char *exact;   /* behind VARCHAR(n): compares bytes */
    const char *compact; /* behind CREATE TABLE, for short rows */
    const char *insert;  /* INSERT INTO; with what is behind the values: what */
    const char *insert_new; /* is there stays, if the driver can do that */
    const char *has_schema; /* selects 0, or 1 if there is a meta table */
    const char *is_foreign; /* selects 0 if there is nothing at all; or NULL */
    const char *page_size;  /* selects that of the file; or NULL */
    int sorts_bytes;        /* as strcmp() does */
    int can_upsert;         /* INSERT ... ON CONFLICT DO UPDATE, and windows */
} mtasts_dialect;

typedef int mtasts_socket_fn(const void *conn); /* PQsocket() of libpq */

struct mtasts_ledger {
    apr_pool_t *pool;
    const char *driver_name, *params, *front;
    int create, is_writer;
    const char *unwritable; /* or NULL */
    const mtasts_dialect *dialect;
    const apr_dbd_driver_t *driver;
    apr_pool_t *conn_pool; /* all of a connection; NULL: there is none */
    apr_dbd_t *handle;
    apr_hash_t *prepared;        /* SQL -> apr_dbd_prepared_t * */
    mtasts_ledger_guard *guard;  /* or NULL */
    mtasts_socket_fn *socket_of; /* or NULL */
    struct stat file;            /* the one that is open */
    int absent;   /* there is no ledger, and none is to be made */
    int replaced; /* the file was changed for another since serve() */
    int stale;    /* the tables were others when they were looked up */
    int begun;    /* by mtasts_ledger_begin() */
    int doomed;   /* since then a call has failed */
    char tidied[MTASTS_NAME_SIZE]; /* as far as fetches were looked through */
    char why[512];
};

/* --- ledger_why.c --- */

/* Sets ledger->why: what is wrong, where (the file or database) and `detail`,
 * which may be NULL or a driver's message.  Returns 0. */
int mtasts_ledger_fail(mtasts_ledger *ledger, const char *what,
                       const char *detail);

/* The same for a driver's message, with what it means if that is known. */
int mtasts_ledger_fail_as(mtasts_ledger *ledger, const char *message);

/* --- ledger_file.c --- */

/* Whether the file may be used, and makes it if it is not there.  1, with
 * *absent if it is not there and none was to be made; 0 and ledger->why. */
int mtasts_ledger_file_ready(mtasts_ledger *ledger, int *absent);

/* 1 if the path still leads to the file that was opened. */
int mtasts_ledger_file_same(const mtasts_ledger *ledger);

/* 1 if the file is made of whole pages of that size. */
int mtasts_ledger_file_fits(const mtasts_ledger *ledger, int64_t page_size);

/* --- ledger_db.c --- */

/* What must be done at once: within one transaction, with a pool of its own.
 * Called a second time, from the start, if a connection that stood before turns
 * out to be broken. */
typedef int mtasts_ledger_op(mtasts_ledger *ledger, apr_pool_t *p, void *ctx);

/* 1, or 0 and why; then nothing was written.  Without effect where there is no
 * ledger; and for `write`, if it was opened for reading. */
int mtasts_ledger_do(mtasts_ledger *ledger, apr_pool_t *p, int write,
                     mtasts_ledger_op *op, void *ctx);

/* Drops the connection; the next call makes one. */
void mtasts_db_drop(mtasts_ledger *ledger);

/* 1 if there is a connection, or ledger->absent; or 0 and why. */
int mtasts_db_connect(mtasts_ledger *ledger);

/* Takes back what was begun, if that can be. */
void mtasts_db_rollback(mtasts_ledger *ledger);

/* One plain statement without parameters or rows. */
int mtasts_db_run(mtasts_ledger *ledger, const char *sql);

/* A statement with parameters as apr_dbd_prepare() has them: args are const
 * char * for %s, const apr_int64_t * for %lld.  `sql` is kept with the
 * connection: of texts there must not be many. */
int mtasts_db_write(mtasts_ledger *ledger, apr_pool_t *p, const char *sql,
                    const void **args, int *nrows);

/* The first row's columns, "" for NULL, in `p`; *row is NULL if there is none. */
int mtasts_db_one(mtasts_ledger *ledger, apr_pool_t *p, const char *sql,
                  const void **args, int ncols, const char ***row);

/* INSERT INTO `table` ("name (column, ...)") of `n` rows of `ncols` values each,
 * `tuple` is "(%s, %lld, ...)".  What is there under the same key stays, if the
 * driver can do that; else it is an error. */
int mtasts_db_insert(mtasts_ledger *ledger, apr_pool_t *p, const char *table,
                     const char *tuple, int ncols, const void **args, size_t n);

/* The same for one row.  *made is 0 if there was one under its key, which stays. */
int mtasts_db_insert_new(mtasts_ledger *ledger, apr_pool_t *p,
                         const char *table, const char *tuple,
                         const void **args, int *made);

/* A row of a scan, valid during the call.  0 ends it as failed. */
typedef int mtasts_db_row_fn(mtasts_ledger *ledger, const char *const *row,
                             void *ctx);

/* Reads a table in the order of its key, page by page.  `sql` selects `ncols`
 * columns, the `nkeys` of the key first; its parameters are the keys behind which
 * a page begins; it ends in ORDER BY the keys and MTASTS_DB_PAGE.  `only`: the
 * rows with this as the first part of their key.  (Said in SQL, PostgreSQL might
 * look at all of these rows for each page.) */
typedef struct {
    const char *sql;
    const char *only; /* or NULL */
    int nkeys, ncols;
} mtasts_db_scan_of;

#define MTASTS_DB_PAGE      " LIMIT 1000"
#define MTASTS_DB_PAGE_ROWS 1000
#define MTASTS_DB_COLS_MAX  10

int mtasts_db_scan(mtasts_ledger *ledger, apr_pool_t *p,
                   const mtasts_db_scan_of *scan, mtasts_db_row_fn *row,
                   void *ctx);

/* A number from the database: 1 if it is one of 0 to `max`. */
int mtasts_db_number(const char *text, int64_t max, int64_t *out);

/* A copy of the text in `p`, of which there is one in `texts` (text -> text). */
const char *mtasts_db_shared(apr_pool_t *p, apr_hash_t *texts,
                             const char *text);

/* `t` within what the database takes for a time. */
int64_t mtasts_db_time(int64_t t);

/* 1 for printable ASCII of less than `size` characters: what core makes is, and
 * what the database has must be. */
int mtasts_db_is_text(const char *s, size_t size);

/* --- ledger_guard.c --- */

#define MTASTS_GUARD_MAX 10 /* s: as long a call waits for a server */

/* A connection stands: finds out whom to ask for its socket. */
void mtasts_guard_connected(mtasts_ledger *ledger);

/* The driver is called next, and may wait for its server; and it is back.  enter()
 * gives 0 and why if it is not to be called: there is no leave() then. */
int mtasts_guard_enter(mtasts_ledger *ledger);
void mtasts_guard_leave(mtasts_ledger *ledger);

/* 1 if the last call failed since it took too long. */
int mtasts_guard_was_late(const mtasts_ledger *ledger);

/* --- ledger_schema.c --- */

/* Makes the tables if there are none and ledger->create; sets ledger->absent if
 * there are none else.  0 and why if they are not for this module. */
int mtasts_schema_ready(mtasts_ledger *ledger, apr_pool_t *p);

/* 1 if the schema is this module's; within a transaction. */
int mtasts_schema_check(mtasts_ledger *ledger, apr_pool_t *p);

/* --- ledger_serve.c --- */

/* Keeps ledger_tidy.c from this front's rows until the end of the transaction, or
 * waits for it.  *there is 0 if the front is not known: then it does not. */
int mtasts_front_hold(mtasts_ledger *ledger, apr_pool_t *p, int *there);

/* --- ledger_plan.c --- */

/* What a row says behind its key, of which nothing is copied; 0 if it is not
 * sane. */
int mtasts_row_step(const char *const *row, mtasts_ledger_step *out);
int mtasts_row_publishing(const char *const *row,
                          mtasts_ledger_publishing *out);

/* The record with that name in a row's key; or -1. */
int mtasts_row_record(const char *name);

/* --- ledger_fetches.c --- */

/* What was fetched from a front, of domains from `low` to `high`, goes to front
 * "". */
int mtasts_fetches_move(mtasts_ledger *ledger, apr_pool_t *p, const char *front,
                        const char *low, const char *high);

/* Forgets what was fetched too long ago: some of that of domains behind `from`, which
 * goes on from `to`; that is "" after the last of them. */
int mtasts_fetches_forget(mtasts_ledger *ledger, apr_pool_t *p, int64_t now,
                          const char *from, char to[MTASTS_NAME_SIZE]);

/* --- ledger_policies.c --- */

/* Writes the bodies that are not there yet. */
int mtasts_ledger_keep_bodies(mtasts_ledger *ledger, apr_pool_t *p,
                              const mtasts_ledger_serving *const *of, size_t n);

#endif
