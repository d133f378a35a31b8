#ifndef MTASTS_LEDGER_H
#define MTASTS_LEDGER_H

/*
 * The ledger: what was served, seen and said, in an apr_dbd database, beyond
 * restarts and for all front ends that share it.
 *
 * Room: src/store has core, APR and apr_dbd; nothing of httpd.  A ledger belongs
 * to one thread of a process that is not root, as the database may be written
 * by the server's User.  Before any of this a process calls
 * mtasts_ledger_init() while it has one thread.
 *
 * Every function returns 1, or 0 if the ledger could not be read or written:
 * then mtasts_ledger_why() tells why, nothing of that call was written, and the
 * ledger may be closed or tried again.  No call waits longer than a few
 * seconds, if there is a guard; without one, a PostgreSQL server that is frozen
 * keeps it for as long as it is.  Times are seconds since 1970.
 */

#include "../core/change.h"
#include "../core/history.h"
#include "../core/publish.h"
#include "../core/rollout.h"
#include "../core/sender.h"

#include "apr_hash.h"
#include "apr_pools.h"
#include "apr_tables.h"

typedef struct mtasts_ledger mtasts_ledger;

/* Ends calls that wait for a server too long, or when they are told to.  One per
 * thread that has ledgers, and it outlives them. */
typedef struct mtasts_ledger_guard mtasts_ledger_guard;

typedef struct {
    const char *driver; /* of apr_dbd: "sqlite3", "pgsql", ... */
    const char *params; /* its parameters; for sqlite3 the path of the file, in
                           a directory that only this user may write to */
    const char *front;  /* who serves: a name of its own for each httpd that
                           shares the ledger */
    int create;         /* make what is missing; else an absent ledger is an
                           empty one, and calls that write have no effect */
    int is_writer; /* this process has the rights of who writes it; else that is
                      known only of a file, as no other than its owner uses it */
    mtasts_ledger_guard *guard; /* or NULL */
} mtasts_ledger_options;

/* Loads the drivers; in the process's pool, again without effect. */
void mtasts_ledger_init(apr_pool_t *process);

/* In `p`, whose cleanup ends it.  A pgsql ledger that is opened with it has a
 * thread look after its calls: one that gets no answer for 10 s fails.  Made by
 * any thread, after the process has forked for the last time; NULL if out of
 * resources. */
mtasts_ledger_guard *mtasts_ledger_guard_make(apr_pool_t *p);

/* From another thread than the ledger's, which is to end: a call to a PostgreSQL
 * server that is under way fails soon, and so does every later one of any ledger
 * with this guard, at once.  What can't be cut short is connecting, which takes
 * some seconds for each address, and a lookup of its name.  Again without effect.
 * 1 if a call was under way. */
int mtasts_ledger_interrupt(mtasts_ledger_guard *guard);

/* Opens the ledger, in `p`, whose cleanup closes it.  NULL and *why (in `p`,
 * for an administrator: "the file ... is read-only", "it was written by a newer
 * version of the module", "no driver named ...") if that can't be; nothing is
 * overwritten then.  A symbolic link in place of the file is refused. */
mtasts_ledger *mtasts_ledger_open(apr_pool_t *p, const mtasts_ledger_options *o,
                                  const char **why);
void mtasts_ledger_close(mtasts_ledger *ledger);

/* Why it can be read but could not be written, of one that was opened without
 * `create`; NULL if it could, as far as rights tell, or nobody knows. */
const char *mtasts_ledger_unwritable(const mtasts_ledger *ledger);

/* Why the last call failed; valid until the next. */
const char *mtasts_ledger_why(const mtasts_ledger *ledger);

/* What to do about it, by what open() or why() said.  Static. */
const char *mtasts_ledger_remedy(const char *why);

/* --- policies --- */

/* A policy that a front end holds back. */
typedef struct {
    const char *digest, *id;
    unsigned because; /* the caller's; at most 31 bits */
} mtasts_ledger_held;

/* Where a domain is in its MTASTSRollout: the step is named by what it is, as the
 * plan may be edited.  One for all front ends. */
typedef struct {
    mtasts_mode mode;
    uint32_t max_age;
    int64_t since, green, looked; /* as in mtasts_progress */
} mtasts_ledger_step;

/* The TXT records that are published for a domain. */
enum { MTASTS_LEDGER_STS, MTASTS_LEDGER_TLSRPT, MTASTS_LEDGER_RECORDS };

/* How far the publication of one of them is.  One for all front ends. */
typedef struct {
    const char *value; /* of the record */
    mtasts_publishing is;
    const char *said; /* why the command failed last, for people; or NULL */
} mtasts_ledger_publishing;

/* What is known of one domain. */
typedef struct {
    const char *domain;
    mtasts_history history;
    int served_elsewhere; /* another front end than this one serves a policy for
                             it now */
    /* What this one serves, as it has told last; NULL: nothing. */
    const char *served_id, *served_digest;
    /* The policy that was released last, or NULL. */
    const mtasts_past *released;
    const char *released_body;
    int64_t released_at;
    const mtasts_ledger_held *held; /* by this front end, or NULL */
    const mtasts_ledger_step *step; /* of MTASTSRollout, or NULL */
    const mtasts_ledger_publishing
        *publishing[MTASTS_LEDGER_RECORDS]; /* or NULL */
} mtasts_ledger_domain;

/* Reads what is known of all domains: *domains is domain ->
 * mtasts_ledger_domain *, all in `p`. */
int mtasts_ledger_read(mtasts_ledger *ledger, apr_pool_t *p, int64_t now,
                       apr_hash_t **domains);

/* A policy that this front end serves for a domain from now on. */
typedef struct {
    const char *domain;
    const char *id, *digest, *body;
    const mtasts_policy *policy;
} mtasts_ledger_serving;

/* These and no others are served by this front end from `now` on; the others
 * that it served were last served when it said so last.  It will say so again
 * before `until`: a server that is killed counts as serving until then. */
int mtasts_ledger_serve(mtasts_ledger *ledger, apr_pool_t *p,
                        const mtasts_ledger_serving *serving, size_t n,
                        int64_t now, int64_t until);

/* All of that is still served, and will be until `until` at least: one small
 * write however many domains there are.  It fails if the ledger doesn't know
 * what "that" is, as the database was made anew or the file replaced since: then
 * serve() is to be called again. */
int mtasts_ledger_beat(mtasts_ledger *ledger, int64_t now, int64_t until);

/* Somebody else (a front end with a ledger of its own, a CDN, the server before
 * this one) was seen serving this policy for the domain.  Its id may be NULL, if
 * it isn't known: in the history it is "". */
int mtasts_ledger_saw_policy(mtasts_ledger *ledger, apr_pool_t *p,
                             const mtasts_ledger_serving *seen, int64_t now);

/* The policy is released: strict falls back on it from now on. */
int mtasts_ledger_release(mtasts_ledger *ledger, apr_pool_t *p,
                          const mtasts_ledger_serving *released, int64_t now);

/* This front end holds this policy of the domain back, and no other one; none, if
 * `held` is NULL. */
int mtasts_ledger_hold(mtasts_ledger *ledger, apr_pool_t *p, const char *domain,
                       const mtasts_ledger_held *held);

/* Writes where the domain is in its plan, or how far the publication of `record` is,
 * if the ledger has `was` still, as it was read: another front end may have been
 * first.  NULL is nothing, also for `is`.  *lost is 1 if it has something else, and
 * whenever nothing is written; what stands is read with mtasts_ledger_read().  A row
 * is locked until the transaction ends: who writes several in one does so in the
 * order of their domains' names, as others do.  (After a lost connection it may be
 * this very call's own row that stands in its way: *lost is 1 then, too.) */
int mtasts_ledger_set_step(mtasts_ledger *ledger, apr_pool_t *p,
                           const char *domain, const mtasts_ledger_step *was,
                           const mtasts_ledger_step *is, int *lost);
int mtasts_ledger_set_publishing(mtasts_ledger *ledger, apr_pool_t *p,
                                 const char *domain, int record,
                                 const mtasts_ledger_publishing *was,
                                 const mtasts_ledger_publishing *is, int *lost);

/* Reads how far the domain's records are: publishing[], in `p`, or NULL of what is
 * not known. */
int mtasts_ledger_read_publishing(
    mtasts_ledger *ledger, apr_pool_t *p, const char *domain,
    const mtasts_ledger_publishing *publishing[MTASTS_LEDGER_RECORDS]);

/* How often a policy was fetched from this front end by one kind of sender. */
typedef struct {
    const char *domain, *digest, *id;
    mtasts_sender sender;
    uint64_t n;
    int64_t first, last;
} mtasts_ledger_fetches;

/* Adds to what is known: `n` more, the first at `first` (0: as the last), the last
 * at `last`.  What can be no policy's id or digest is left out. */
int mtasts_ledger_add_fetches(mtasts_ledger *ledger, apr_pool_t *p,
                              const mtasts_ledger_fetches *more, size_t nmore);

/* Reads them, of all front ends together: *domains is domain -> apr_array_header_t *
 * of mtasts_ledger_fetches, all in `p`; of one domain only, unless it is NULL.  By
 * digest, id and sender; of one domain at most 1000, those fetched last. */
int mtasts_ledger_read_fetches(mtasts_ledger *ledger, apr_pool_t *p,
                               const char *domain, apr_hash_t **domains);

#define MTASTS_TXT_AGAIN                                                       \
    43200 /* seconds; what is the same is not noted before */

/* The id in the domain's TXT record, or NULL if there is none that senders read,
 * and for how long caches may keep it: mtasts_txt_cached() of its TTL.  Of one
 * domain the last 64 that differ from the one before are kept.  What is no id by
 * the RFC's grammar is not noted. */
int mtasts_ledger_saw_txt(mtasts_ledger *ledger, apr_pool_t *p,
                          const char *domain, const char *id, int64_t cached,
                          int64_t now);

/* --- findings and events --- */

/* Reads the findings that stand for this front end, sorted by
 * mtasts_standing_compare(): *standing has mtasts_standing, all in `p`. */
int mtasts_ledger_findings(mtasts_ledger *ledger, apr_pool_t *p,
                           apr_array_header_t **standing);

/* Writes those that are new or have other values in `put`, and takes out those
 * in `drop`. */
int mtasts_ledger_keep_findings(mtasts_ledger *ledger, apr_pool_t *p,
                                const mtasts_standing *const *put, size_t nput,
                                const mtasts_standing *const *drop,
                                size_t ndrop);

/* What happened, for the history of a domain: "served", "released", "held-back",
 * "mode", "withdrawn", "id".  Of one domain the last 100 are kept. */
int mtasts_ledger_event(mtasts_ledger *ledger, apr_pool_t *p,
                        const char *domain, const char *kind, const char *text,
                        int64_t now);

typedef struct {
    int64_t at;
    const char *kind, *text;
} mtasts_ledger_happened;

/* Reads what happened to a domain, at whichever front end, the last first:
 * *events has mtasts_ledger_happened, all in `p`; at most 100. */
int mtasts_ledger_events(mtasts_ledger *ledger, apr_pool_t *p,
                         const char *domain, apr_array_header_t **events);

/* --- documents --- */

/* What this front end shows of something. */
typedef struct {
    const char *name; /* whatever tells it from the others */
    const char
        *mark; /* the caller's, less than MTASTS_ID_SIZE: what differs when
                         the document does */
    const char *body; /* printable ASCII, less than MTASTS_DOCUMENT_MAX */
} mtasts_ledger_document;

#define MTASTS_DOCUMENT_MAX 8388608 /* octets; no site has more to say */

/* Puts them in place of those with the same names. */
int mtasts_ledger_put_documents(mtasts_ledger *ledger, apr_pool_t *p,
                                const mtasts_ledger_document *documents,
                                size_t n, int64_t now);

/* The marks of all that this front end has: *marks is mtasts_ledger_document_key()
 * -> mark, all in `p`. */
int mtasts_ledger_document_marks(mtasts_ledger *ledger, apr_pool_t *p,
                                 apr_hash_t **marks);

/* The key of a document with that name; 0 if OpenSSL has no SHA-256. */
int mtasts_ledger_document_key(const char *name, char key[MTASTS_ID_SIZE]);

/* Takes those out that have these keys. */
int mtasts_ledger_drop_documents(mtasts_ledger *ledger, apr_pool_t *p,
                                 const char *const *keys, size_t n);

typedef struct {
    const char *body, *mark; /* NULL: there is none */
    int64_t written;
} mtasts_ledger_written;

/* Reads one, in `p`. */
int mtasts_ledger_read_document(mtasts_ledger *ledger, apr_pool_t *p,
                                const char *name, mtasts_ledger_written *out);

/* One step of clearing up: what front ends served that have said nothing for 30
 * days goes to those that are named no more, what stands for them is forgotten.
 * What is known of a domain stays the same; but fetches are forgotten a year and the
 * longest max_age after the last.  *more is 1 if there may be another step to do;
 * each takes well under a second.  Rarely needed, and without haste: it fails if
 * another front end is about to do the same.  With other databases than SQLite and
 * PostgreSQL it has no effect. */
int mtasts_ledger_tidy(mtasts_ledger *ledger, apr_pool_t *p, int64_t now,
                       int *more);

/* Several of the calls above as one: all or nothing, and fast.  When one has
 * failed the others do, and nothing is kept.  end() with 0 takes them back.  In
 * between all others that write have to wait, so no network there.  Not to be
 * nested. */
int mtasts_ledger_begin(mtasts_ledger *ledger, apr_pool_t *p);
int mtasts_ledger_end(mtasts_ledger *ledger, int keep);

#endif
