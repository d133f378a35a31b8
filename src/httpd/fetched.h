#ifndef MTASTS_FETCHED_H
#define MTASTS_FETCHED_H

/*
 * Who has fetched which policy: counted by requests, in memory that all processes
 * share (released.h), and taken from there to the ledger by the watch.
 */

#include "site.h"
#include "../store/ledger.h"

/* Counts a request that is answered with the policy, or that it is not changed:
 * one atomic increment.  Any thread of any process. */
void mtasts_fetched_count(const request_rec *r, const mtasts_site *site);

/* In the watchdog's thread: adds what was counted since the last time to what the ledger knows of the
 * policies that are served now: to be called before that changes.  In no other
 * transaction.  0 if it can't be written; the counters keep it then. */
int mtasts_fetched_tell(apr_pool_t *p, const apr_array_header_t *servers,
                        mtasts_ledger *ledger);

#endif
