#ifndef MTASTS_WATCH_H
#define MTASTS_WATCH_H

/*
 * The checks while httpd serves: by mod_watchdog, in one thread of one child
 * process, so that neither a start nor a request waits for the network.
 */

#include "config.h"

/* ap_hook_post_config, before mod_watchdog's: registers the watch.  Without
 * mod_watchdog that is said, and all else works. */
int mtasts_watch_post_config(apr_pool_t *pconf, apr_pool_t *plog,
                             apr_pool_t *ptemp, server_rec *main_server);

/* Its runs over all domains, in s since 1970; 0: none. */
typedef struct {
    apr_int64_t under_way; /* since when one is */
    apr_int64_t began;     /* the last that ended */
    apr_int64_t took_ms;   /* that one */
    apr_int64_t next;
} mtasts_runs;

/* 1 and *runs; 0 if no checks are made while httpd serves.  Any process. */
int mtasts_watch_runs(const server_rec *main_server, mtasts_runs *runs);

/* ap_hook_child_init, before mod_watchdog's: a run must end before its child
 * does. */
void mtasts_watch_child_init(apr_pool_t *pchild, server_rec *main_server);

#endif
