#ifndef MTASTS_ALABEL_H
#define MTASTS_ALABEL_H

#include "apr_pools.h"

/* The A-label form (RFC 5890) of a domain name or mx pattern written in
 * UTF-8, "*." kept; NULL if there is none.  For messages only: what is served
 * is what the administrator wrote.  Result in `p`. */
const char *mtasts_alabel(apr_pool_t *p, const char *name);

#endif
