#ifndef MTASTS_REPORT_H
#define MTASTS_REPORT_H

/*
 * What a run has found out, compared with what stood before: to the error logs
 * when it appears, changes or clears, once a day if it is an error; to the
 * ledger; to MTASTSNotifyCommand when a domain's worst severity rises or falls.
 */

#include "live.h"
#include "notify.h"
#include "../store/ledger.h"

/* The findings that stand, between two runs of one process. */
typedef struct mtasts_standings mtasts_standings;

/* Without any, in `p`. */
mtasts_standings *mtasts_standings_make(apr_pool_t *p);

/* Takes those over that the ledger has for this front end, once; those that `s`
 * has already, as there was no ledger, stay.  0 if it can't be read: then `s` is
 * as it was. */
int mtasts_standings_read(mtasts_standings *s, mtasts_ledger *ledger);

/* The ledger may have been made anew: what it has is asked for again, and all of
 * `s` written that it lacks. */
void mtasts_standings_doubt(mtasts_standings *s);

/* Compares `live` with `s`, logs, writes to the ledger (or NULL) what has
 * changed, tells `notify` (or NULL).  `s` is as the world is then.  0 if the
 * ledger could not be written: what it lacks is written the next time. */
int mtasts_report(mtasts_standings *s, const mtasts_live *live,
                  mtasts_ledger *ledger, mtasts_notify *notify);

/* The same for one finding on the module itself: `f`, or NULL if all is well of
 * what `code` is about.  Apart from a run; not for the ledger. */
void mtasts_report_module(mtasts_standings *s, server_rec *main_server,
                          mtasts_seen *seen, mtasts_code code,
                          const mtasts_finding *f);

/* What stands like that, by scope, subject, code and text; or NULL.  Valid until the
 * next run. */
const mtasts_standing *mtasts_standings_find(const mtasts_standings *s,
                                             const mtasts_standing *like);

/* Calls each() for all that stand in a scope (see found.h); on this host and its
 * addresses only, unless that is "".  Those have `not_seen` that stand from before,
 * as the last run could not tell. */
typedef void mtasts_standing_fn(void *ctx, const mtasts_standing *one);
void mtasts_standings_each(const mtasts_standings *s, const char *scope,
                           const char *host, mtasts_standing_fn *each,
                           void *ctx);

/* The domains whose findings are unknown or were news in the last run: domain ->
 * const int *, which is 1 if it is news.  Valid until the next run. */
const apr_hash_t *mtasts_standings_soon(const mtasts_standings *s);

#endif
