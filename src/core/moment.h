#ifndef MTASTS_MOMENT_H
#define MTASTS_MOMENT_H

/*
 * Moments, in seconds since 1970, as words in UTC.  Pure functions: any thread,
 * any process.
 */

#include <stdint.h>

#define MTASTS_DATE_SIZE 11 /* "2026-01-31" and a NUL */
#define MTASTS_TIME_SIZE 24 /* "2026-01-31 12:00 UTC" and a NUL */

/* What is before 1970 or behind 9999 becomes the first or the last moment of
 * that; so below. */
int64_t mtasts_clamp(int64_t t);

void mtasts_date(int64_t t, char out[MTASTS_DATE_SIZE]);

/* The minute that `t` is in: for what has been. */
void mtasts_time_text(int64_t t, char out[MTASTS_TIME_SIZE]);

/* The minute that begins at `t` or next: for what must not be done before. */
void mtasts_until_text(int64_t t, char out[MTASTS_TIME_SIZE]);

#endif
