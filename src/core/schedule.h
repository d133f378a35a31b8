#ifndef MTASTS_SCHEDULE_H
#define MTASTS_SCHEDULE_H

/*
 * When what is due.  Pure functions of their arguments, the clock `now` (ms of
 * one that nobody sets) included: any thread, any process, no allocation.
 */

#include <stdint.h>

/* From one full run to the next, in ms: the interval (in s) or up to a tenth
 * less, as `random` (any number) has it, so that the servers of a fleet don't
 * ask all at once. */
int64_t mtasts_run_after(uint32_t interval, uint32_t random);

/* From one look at a domain whose findings are unknown or have just changed to
 * the next, in ms: a minute, then twice as long each `step`; 0 if the full run
 * comes no later. */
int64_t mtasts_look_after(unsigned step, uint32_t interval);

/* 1 if what was set to be done at `at` is due; also if it lies further ahead than
 * it can have been set to, `most` ms from now: whatever wrote that, it must not
 * be waited for. */
int mtasts_is_due(int64_t at, int64_t now, int64_t most);

/* At most 20 in ten minutes, over all processes that share it. */
#define MTASTS_RATE_MAX    20
#define MTASTS_RATE_WINDOW 600000 /* ms */
typedef struct {
    int64_t at[MTASTS_RATE_MAX]; /* when each was taken; 0: never */
} mtasts_rate;

/* How many may be taken now. */
unsigned mtasts_rate_left(const mtasts_rate *rate, int64_t now);

/* Takes one, which must be left. */
void mtasts_rate_take(mtasts_rate *rate, int64_t now);

#endif
