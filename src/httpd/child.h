#ifndef MTASTS_CHILD_H
#define MTASTS_CHILD_H

/*
 * Work that must not be done as root, nor endanger httpd: in a process of its
 * own with the rights of User and Group.  From check_config and the first
 * post_config only, while httpd is one process with one thread.
 */

#include "config.h"

/* The child's way to tell its parent something. */
typedef struct mtasts_child mtasts_child;

/* To be called by the work once it is done with the network, whatever came of
 * it: from then on it may take its time (a pager may read what it prints).
 * ctx is the mtasts_child. */
void mtasts_child_back(void *ctx);

/* A stop callback as in dns.h, ctx is the mtasts_child: the parent is gone. */
int mtasts_child_orphaned(void *ctx);

typedef enum {
    MTASTS_CHILD_NONE,   /* no child, or it didn't come back: said in the log */
    MTASTS_CHILD_BROKEN, /* it came back, and ended before its work did */
    MTASTS_CHILD_FINE,   /* the work returned 0 */
    MTASTS_CHILD_BLOCKS  /* the work returned anything else */
} mtasts_child_end;

/* Runs work(ctx) in a forked child.  Ends it if it is not back from the
 * network after `timeout_ms`. */
mtasts_child_end mtasts_in_child(apr_pool_t *p, server_rec *s,
                                 unsigned timeout_ms,
                                 int (*work)(void *ctx, mtasts_child *child),
                                 void *ctx);

#endif
