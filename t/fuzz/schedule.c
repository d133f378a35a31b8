/* When what is due, for any times: those of shared memory may be anything. */

#include "fuzz.h"

#include "../../src/core/schedule.h"

/* The next number of the input, 0 behind its end. */
static uint64_t take(const uint8_t **data, size_t *size, size_t bytes)
{
    uint64_t n = 0;

    while (bytes-- && *size) {
        n = n << 8 | *(*data)++;
        (*size)--;
    }
    return n;
}

static void check_run(uint32_t interval, uint32_t random)
{
    int64_t most = (int64_t)interval * 1000;
    int64_t ms = mtasts_run_after(interval, random);

    MUST(ms <= most && ms >= most - most / 10);
    MUST(!mtasts_is_due(ms, 0, most) || !ms);
}

static void check_look(unsigned step, uint32_t interval)
{
    int64_t ms = mtasts_look_after(step, interval);
    int64_t next = mtasts_look_after(step + 1, interval);

    MUST(!ms || (ms >= 60000 && ms < (int64_t)interval * 1000));
    MUST(step == UINT32_MAX || !next || next == 2 * ms);
}

/* Never waits for longer than `most`. */
static void check_due(int64_t at, int64_t now, int64_t most)
{
    int due = mtasts_is_due(at, now, most);

    MUST(at > now || due);
    MUST(due || now > INT64_MAX - most || at <= now + most);
    MUST(mtasts_is_due(at, now, 0));
}

/* Whatever is in it: what is taken is gone, and no more can be taken within the
 * window than there is room for. */
static void check_rate(const uint8_t *data, size_t size)
{
    mtasts_rate rate;
    int64_t now, begin;
    unsigned i, left, n = 0;
    int ahead = 0;

    now = begin = (int64_t)(take(&data, &size, 8) >> 2) + 1;
    for (i = 0; i < MTASTS_RATE_MAX; i++) {
        rate.at[i] = (int64_t)take(&data, &size, 8);
        ahead = ahead || rate.at[i] > now;
    }
    while (size && now - begin < MTASTS_RATE_WINDOW) {
        left = mtasts_rate_left(&rate, now);
        MUST(left <= MTASTS_RATE_MAX);
        if (left) {
            mtasts_rate_take(&rate, now);
            MUST(mtasts_rate_left(&rate, now) == left - 1);
            n++;
        }
        now += (int64_t)take(&data, &size, 2);
    }
    MUST(n <= MTASTS_RATE_MAX);
    MUST(ahead ||
         mtasts_rate_left(&rate, now + MTASTS_RATE_WINDOW) == MTASTS_RATE_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint32_t interval = (uint32_t)take(&data, &size, 4);
    uint32_t other = (uint32_t)take(&data, &size, 4);
    int64_t at = (int64_t)take(&data, &size, 8);
    int64_t now = (int64_t)take(&data, &size, 8);

    check_run(interval, other);
    check_look(other, interval);
    check_look(other % 40, interval);
    check_due(at, now, (int64_t)interval * 1000);
    check_rate(data, size);
    return 0;
}
