#ifndef MTASTS_HTML_H
#define MTASTS_HTML_H

/*
 * Any octets, hostile or not, as text of an HTML page in UTF-8: between tags, and
 * between the quotes of an attribute.  Pure functions: any thread, any process, no
 * allocation.
 */

#include <stddef.h>

#define MTASTS_HTML_SIZE 16 /* octets that `buf` has at least */

/* Writes as much of the *len octets at *in to `buf` as its `size` octets hold, no
 * character by halves, and moves both on; returns how many it has written (no NUL
 * is).  So a text of any length is done when *len is 0:
 *
 *   & < > " '              become entities
 *   control characters, and octets that are not UTF-8, become \xNN
 *   what is not seen but changes what is (marks of the direction of writing, C1
 *   controls, joiners, tags, separators of lines, the soft hyphen), and what is no
 *   character, becomes \u{NNNN}
 *
 * A backslash stays: what others tell may be escaped already. */
size_t mtasts_html(char *buf, size_t size, const char **in, size_t *len);

#endif
