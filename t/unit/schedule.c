#include "../../src/core/schedule.h"
#include "tap.h"

static void test_run(void)
{
    static const uint32_t intervals[] = {60, 90, 3600, 30 * 86400};
    size_t i;
    uint32_t n;

    for (i = 0; i < 4; i++) {
        int64_t most = (int64_t)intervals[i] * 1000, least = most * 9 / 10;
        int64_t low = most, high = 0;
        uint32_t random = 1;

        for (n = 0; n < 10000; n++) {
            int64_t ms = mtasts_run_after(intervals[i], random);

            low = ms < low ? ms : low;
            high = ms > high ? ms : high;
            random = random * 1664525 + 1013904223;
        }
        ok(low >= least && high <= most, "run", "a tenth less at most");
        ok(low < least + most / 100 && high > most - most / 100, "run",
           "all of it is used");
        ok(mtasts_run_after(intervals[i], 0) == most, "run", "not less");
    }
}

static void test_look(void)
{
    static const struct {
        unsigned step;
        uint32_t interval;
        int64_t ms;
    } rows[] = {{0, 3600, 60000},
                {1, 3600, 120000},
                {2, 3600, 240000},
                {5, 3600, 1920000},
                {6, 3600, 0},
                {0, 60, 0},
                {0, 61, 60000},
                {1, 120, 0},
                {1, 121, 120000},
                {31, 2592000, 0},
                {32, 2592000, 0},
                {4000000000u, UINT32_MAX, 0},
                {25, UINT32_MAX, INT64_C(2013265920000)}};
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char name[32];

        snprintf(name, sizeof(name), "step %u of %u", rows[i].step,
                 (unsigned)rows[i].interval);
        ok(mtasts_look_after(rows[i].step, rows[i].interval) == rows[i].ms,
           "look", name);
    }
}

static void test_due(void)
{
    ok(mtasts_is_due(1000, 1000, 50), "due", "now");
    ok(mtasts_is_due(0, 1000, 50), "due", "since long");
    ok(mtasts_is_due(INT64_MIN, 1000, 50), "due", "never set");
    ok(!mtasts_is_due(1001, 1000, 50), "not due", "yet");
    ok(!mtasts_is_due(1050, 1000, 50), "not due", "as far as can be");
    ok(mtasts_is_due(1051, 1000, 50), "due", "further than can be");
    ok(mtasts_is_due(INT64_MAX, 0, 50), "due", "at the end of time");
}

static void test_rate(void)
{
    mtasts_rate rate = {{0}};
    int64_t now = 5;
    int i;

    ok(mtasts_rate_left(&rate, now) == 20, "rate", "all are left");
    for (i = 0; i < 20; i++) {
        ok(mtasts_rate_left(&rate, now + i) == (unsigned)(20 - i), "rate",
           "one less");
        mtasts_rate_take(&rate, now + i);
    }
    now += 20;
    ok(mtasts_rate_left(&rate, now) == 0, "rate", "none is left");
    ok(mtasts_rate_left(&rate, 5 + 599999) == 0, "rate", "for ten minutes");
    ok(mtasts_rate_left(&rate, 5 + 600000) == 1, "rate", "then one");
    mtasts_rate_take(&rate, 5 + 600000);
    ok(mtasts_rate_left(&rate, 5 + 600000) == 0, "rate", "which is taken");
    ok(mtasts_rate_left(&rate, 5 + 600001) == 1, "rate", "and the next");
    ok(mtasts_rate_left(&rate, 5 + 600019) == 19, "rate", "all but that");
    ok(mtasts_rate_left(&rate, 1) == 20, "rate", "of another clock: none");
}

int main(void)
{
    test_run();
    test_look();
    test_due();
    test_rate();
    return done();
}
