#ifndef MTASTS_CLOCK_H
#define MTASTS_CLOCK_H

/*
 * The clock for durations: nobody sets it, all processes of this machine read
 * the same, and it begins anew when the machine does.
 */

#include "apr_time.h"

#include <time.h>

static APR_INLINE apr_time_t mtasts_clock(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return apr_time_from_sec((apr_time_t)t.tv_sec) + t.tv_nsec / 1000;
}

#endif
