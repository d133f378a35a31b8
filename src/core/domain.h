#ifndef MTASTS_DOMAIN_H
#define MTASTS_DOMAIN_H

/*
 * Names: the policy domain and the mx pattern ["*."] Domain (RFC 8461 3.2,
 * RFC 5321 4.1.2, RFC 1035 2.3.4).  Pure functions: any thread, any process.
 */

#include "finding.h"

/* Before the policy domain it makes the policy host (RFC 8461 3.3). */
#define MTASTS_HOST_PREFIX     "mta-sts."
#define MTASTS_HOST_PREFIX_LEN (sizeof(MTASTS_HOST_PREFIX) - 1)

#define MTASTS_NAME_SIZE       254 /* 253 octets (RFC 1035) and a NUL */

/* Checks `in` and writes it to `out` in the one form that is served: lower
 * case, no trailing dot (senders hand a pattern with a dot on to Postfix as
 * it is, and it then matches nothing).  1 if it is right; else 0, *why is
 * filled and `out` is undefined.  The policy domain leaves room for
 * "mta-sts.". */
int mtasts_domain_parse(const char *in, char out[MTASTS_NAME_SIZE],
                        mtasts_finding *why);
int mtasts_mx_pattern_parse(const char *in, char out[MTASTS_NAME_SIZE],
                            mtasts_finding *why);

#endif
