#ifndef MTASTS_HTTPD_PUBLISH_H
#define MTASTS_HTTPD_PUBLISH_H

/*
 * MTASTSPublishCommand: puts TXT records into DNS, each when its time has come
 * (core/publish.h says when).  In the watchdog's thread, one command at a time.
 */

#include "live.h"
#include "notify.h"

/* What the watch remembers of records from look to look, beside the ledger. */
typedef struct mtasts_publish mtasts_publish;

mtasts_publish *mtasts_publish_make(apr_pool_t *p, server_rec *main_server,
                                    int (*stop)(void *ctx), void *stop_ctx);

/* For mtasts_live_options: what is kept of a record where there is no ledger, or
 * NULL; and for how many seconds a record has been seen as it is. */
const mtasts_ledger_publishing *
mtasts_publish_kept(void *publish, const char *domain, int record);
uint32_t mtasts_publish_watched(void *publish, const mtasts_live_record *r);

/* Called before each command, which may take so many seconds.  Returns the ledger as
 * it is then, or NULL. */
typedef mtasts_ledger *mtasts_between_fn(void *ctx, apr_uint32_t seconds);

/* After a run: keeps how far its records are, says what there is to say and runs the
 * commands that are due, for a minute or so: what remains comes in turn.  `ledger` may
 * be NULL; it is written to before and after each command, in no other transaction.
 * 0 if the ledger can't be written: then no more commands are run. */
int mtasts_publish_go(mtasts_publish *publish, apr_pool_t *p,
                      const mtasts_live *live, mtasts_ledger *ledger,
                      mtasts_notify *notify, mtasts_between_fn *between,
                      void *ctx);

/* 1 if one of the domain's records is not done: then a look soon makes a difference. */
int mtasts_publish_is_under_way(const mtasts_ledger_domain *d);

/* Adds the domains that are to be looked at for their records' sake to `times`: see
 * mtasts_soon_by(). */
void mtasts_publish_soon(const mtasts_live *live, apr_hash_t *times);

#endif
