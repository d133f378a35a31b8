#ifndef MTASTS_MOMENT_H
#define MTASTS_MOMENT_H

/*
 * Moments, in seconds since 1970, as words in UTC.  Pure functions: any thread,
 * any process.
 */

#include <stdint.h>

#define MTASTS_DATE_SIZE     11 /* "2026-01-31" and a NUL */
#define MTASTS_TIME_SIZE     24 /* "2026-01-31 12:00 UTC" and a NUL */
#define MTASTS_RELATIVE_SIZE 24 /* "in 23 months" and a NUL */

/* What is before 1970 or behind 9999 becomes the first or the last moment of
 * that; so below. */
int64_t mtasts_clamp(int64_t t);

void mtasts_date(int64_t t, char out[MTASTS_DATE_SIZE]);

/* The minute that `t` is in: for what has been. */
void mtasts_time_text(int64_t t, char out[MTASTS_TIME_SIZE]);

/* The minute that begins at `t` or next: for what must not be done before. */
void mtasts_until_text(int64_t t, char out[MTASTS_TIME_SIZE]);

/* How far `t` is from `now`, in one unit and not rounded up: "2 hours ago",
 * "in 3 days", "in 5 years"; "now" within a minute.  Hours up to two days, days up
 * to two months (of 30 days), months up to two years (of 365). */
void mtasts_relative(int64_t t, int64_t now, char out[MTASTS_RELATIVE_SIZE]);

/* Reads a moment as RFC 3339 writes it: "2026-01-31T08:00:00Z", with any offset in
 * place of Z and any fraction of a second, which does not count; or a date alone,
 * "2026-01-31", which is its first moment in UTC.  1 and *out, or 0 if it is none
 * from 1970 to 9999. */
int mtasts_moment_parse(const char *in, int64_t *out);

#endif
