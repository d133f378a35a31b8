#include "schedule.h"

#define FIRST_LOOK 60 /* s */

int64_t mtasts_run_after(uint32_t interval, uint32_t random)
{
    int64_t ms = (int64_t)interval * 1000;

    return ms - (int64_t)(random % (uint64_t)(ms / 10 + 1));
}

int64_t mtasts_look_after(unsigned step, uint32_t interval)
{
    uint64_t s = step < 32 ? (uint64_t)FIRST_LOOK << step : UINT64_MAX;

    return s < interval ? (int64_t)s * 1000 : 0;
}

/* `to` is not before `from`; as unsigned, it can't overflow. */
static uint64_t between(int64_t from, int64_t to)
{
    return (uint64_t)to - (uint64_t)from;
}

int mtasts_is_due(int64_t at, int64_t now, int64_t most)
{
    return at <= now || most < 0 || between(now, at) > (uint64_t)most;
}

/* One that is ahead was not taken by this clock. */
static int is_old(int64_t at, int64_t now)
{
    return !at || at > now || between(at, now) >= MTASTS_RATE_WINDOW;
}

unsigned mtasts_rate_left(const mtasts_rate *rate, int64_t now)
{
    unsigned i, left = 0;

    for (i = 0; i < MTASTS_RATE_MAX; i++) {
        left += (unsigned)is_old(rate->at[i], now);
    }
    return left;
}

void mtasts_rate_take(mtasts_rate *rate, int64_t now)
{
    unsigned i = 0;

    while (i < MTASTS_RATE_MAX - 1 && !is_old(rate->at[i], now)) {
        i++;
    }
    rate->at[i] = now;
}
