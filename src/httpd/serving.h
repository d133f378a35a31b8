#ifndef MTASTS_SERVING_H
#define MTASTS_SERVING_H

/*
 * What this httpd serves now, told to the ledger.  In the watchdog's thread.
 */

#include "notify.h"
#include "../store/ledger.h"

/* A number that is another one when what is served is; of one configuration. */
apr_uint64_t mtasts_serving_mark(const apr_array_header_t *servers);

/* Writes what is served, until `until` at least, and what is released by that;
 * and what it changes, as events, which `notify` (or NULL) is told.  `known` is
 * what the ledger had before: domain -> mtasts_ledger_domain *.  0 if the ledger
 * can't be written. */
int mtasts_serving_tell(apr_pool_t *p, const apr_array_header_t *servers,
                        mtasts_ledger *ledger, const apr_hash_t *known,
                        apr_int64_t now, apr_int64_t until,
                        mtasts_notify *notify);

#endif
