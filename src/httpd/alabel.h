#ifndef MTASTS_ALABEL_H
#define MTASTS_ALABEL_H

#include "apr_pools.h"

#include "../core/finding.h"

/* If `why` refuses `name` for characters outside ASCII, fills it again with
 * the A-label (RFC 5890) that the administrator can write instead, where there
 * is one; else leaves it.  For messages only: nothing is served that was not
 * written so.  `p` for scratch. */
void mtasts_alabel_suggest(apr_pool_t *p, const char *name,
                           mtasts_finding *why);

#endif
