#ifndef MTASTS_TEXT_H
#define MTASTS_TEXT_H

/*
 * Text in bounded buffers.  Pure functions: any thread, any process.
 */

#include <stddef.h>

/* Appends `len` bytes of `s` to what stands in the first `at` bytes of `buf`,
 * as far as its `size` bytes reach.  Returns the length that all would have,
 * so that a caller can measure first with size 0; no NUL is written. */
size_t mtasts_put(char *buf, size_t size, size_t at, const char *s, size_t len);

/* Writes `in` to `out` (of `size` bytes, at least 8) as printable ASCII:
 * bytes outside 0x20-0x7e and the backslash become \xNN, but one that begins such a
 * \xNN stays, as what others tell may be escaped already; what does not fit is cut
 * and ends in "...". */
void mtasts_escape(char *out, size_t size, const char *in);

/* The same for `len` bytes, NUL among them. */
void mtasts_escape_bytes(char *out, size_t size, const char *in, size_t len);

#endif
