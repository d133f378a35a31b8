#ifndef MTASTS_SOON_H
#define MTASTS_SOON_H

/*
 * Which domains are looked at sooner than the next full run.  In the watchdog's
 * thread.
 */

#include "config.h"

typedef struct mtasts_soon mtasts_soon;

/* In `p`, which must outlive it. */
mtasts_soon *mtasts_soon_make(apr_pool_t *p);

/* In `times` (domain -> uint32_t *): the domain is to be looked at in so many
 * seconds, or sooner.  `domain` must outlive it. */
void mtasts_soon_by(apr_hash_t *times, const char *domain, uint32_t seconds);

/* After a look at the domains that are the keys of `only`, or at all (NULL).  Of
 * these, those in `unsettled` (domain -> int *: whether there is news) are looked at
 * again, less and less often until `interval` (s) is reached; and those in `times`
 * by then at the latest.  The others wait for the next full run.  `p` is for the moment. */
void mtasts_soon_plan(mtasts_soon *soon, apr_pool_t *p, const apr_hash_t *only,
                      const apr_hash_t *unsettled, const apr_hash_t *times,
                      apr_uint32_t interval);

/* The domains that are due, as keys, in `p`; or NULL. */
apr_hash_t *mtasts_soon_due(const mtasts_soon *soon, apr_pool_t *p);

#endif
