#ifndef MTASTS_MX_MATCH_H
#define MTASTS_MX_MATCH_H

/* RFC 8461 4.1.  Pure functions: any thread, any process. */

#include <stddef.h>

/* 1 if the MX host `host` matches the mx pattern: the same name, or one whole
 * label more than what follows "*."; letter case and a final dot of either do
 * not matter. */
int mtasts_mx_match(const char *pattern, const char *host);

/* 1 if it matches one of `n` patterns. */
int mtasts_mx_match_any(const char *const *patterns, size_t n,
                        const char *host);

#endif
