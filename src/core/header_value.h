#ifndef MTASTS_HEADER_VALUE_H
#define MTASTS_HEADER_VALUE_H

/*
 * Values of the response headers that directives set.  Pure functions: any
 * thread, any process.
 */

#include "finding.h"

/* 1 if `in` may be sent as a header's value: not empty, printable ASCII, so
 * that no line break can end the header (RFC 9110 5.5); else 0 and *why. */
int mtasts_header_value_check(const char *in, mtasts_finding *why);

/* The same for Strict-Transport-Security, which also needs a max-age with a
 * number (RFC 6797 6.1). */
int mtasts_hsts_check(const char *in, mtasts_finding *why);

/* The same for Cache-Control, which is no bare number (RFC 9111 5.2). */
int mtasts_cache_control_check(const char *in, mtasts_finding *why);

#endif
