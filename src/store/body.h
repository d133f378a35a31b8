#ifndef MTASTS_BODY_H
#define MTASTS_BODY_H

/*
 * A policy read back from its body: one that was served before, or that somebody
 * else serves.  Any process that is not root, any thread.
 */

#include "../core/policy.h"

#include "apr_pools.h"

/* 1 and *policy, whose patterns are in `p`; 0 if it is no body that senders
 * accept. */
int mtasts_body_policy(apr_pool_t *p, const char *body, apr_size_t len,
                       mtasts_policy *policy);

#endif
