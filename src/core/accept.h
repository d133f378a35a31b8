#ifndef MTASTS_ACCEPT_H
#define MTASTS_ACCEPT_H

/*
 * Which of several media types a client wants, by its Accept field (RFC 9110
 * 12.5.1).  Pure function: any thread, any process, no allocation.
 */

#include <stddef.h>

/* The index of the type ("text/html", in lower case and without parameters) that
 * `accept` wants most: of several that are wanted as much one that is named rather
 * than meant by a wildcard, and then the first.  -1 if it wants none of them.  With
 * NULL or "" it wants all.  What is no media range counts
 * for nothing. */
int mtasts_accept(const char *accept, const char *const *types, size_t n);

#endif
