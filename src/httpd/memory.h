#ifndef MTASTS_MEMORY_H
#define MTASTS_MEMORY_H

/*
 * The ledger as this server's configuration has it: where it is, how it is
 * opened, what is said if it isn't there.  Never as root but
 * mtasts_memory_prepare().
 */

#include "config.h"
#include "../store/ledger.h"

/* 1 unless MTASTSLedger Off. */
int mtasts_memory_wanted(const server_rec *main_server);

/* 1 if there is something to keep or to look up: one of the servers serves a
 * policy, or one was served before.  A server that has the module and never used
 * it has neither ledger nor directory. */
int mtasts_memory_worth(apr_pool_t *p, const apr_array_header_t *servers);

/* In post_config, as root: makes the state directory for User, if a policy is
 * served and it isn't there; refuses symbolic links.  Says nothing: what is wrong
 * shows when the ledger is opened. */
void mtasts_memory_prepare(apr_pool_t *ptemp,
                           const apr_array_header_t *servers);

/* Opens the ledger, in `p`, for reading and writing, or under httpd -t for
 * reading only; `guard` as in mtasts_ledger_options.  NULL if it is Off, or with
 * *why (in `p`) for the finding ledger-unavailable. */
mtasts_ledger *mtasts_memory_open(apr_pool_t *p, const server_rec *main_server,
                                  mtasts_ledger_guard *guard, const char **why);

/* The same for reading only, while httpd serves: what is not there is empty.  Any
 * thread of any process. */
mtasts_ledger *mtasts_memory_read(apr_pool_t *p, const server_rec *main_server,
                                  const char **why);

/* ledger-unavailable, with `why` and what to do about it. */
void mtasts_memory_unavailable(const char *why, mtasts_finding *f);

/* The same of a ledger that can be read, but not written. */
void mtasts_memory_unwritable(const char *why, mtasts_finding *f);

#endif
