#ifndef MTASTS_CHILD_H
#define MTASTS_CHILD_H

/*
 * Work that must not be done as root, nor endanger httpd: in a process of its
 * own with the rights of User and Group.  From check_config, test_config and
 * the first post_config only, while httpd is one process with one thread.
 */

#include "config.h"

/* Runs work(ctx) in a forked child and returns what it returned (0 to 100).
 * Ends it after `timeout_ms`.  -1, with the reason logged, if it could not be
 * started, was killed or crashed. */
int mtasts_in_child(apr_pool_t *p, server_rec *s, unsigned timeout_ms,
                    int (*work)(void *ctx), void *ctx);

#endif
