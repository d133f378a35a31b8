/* Moments as words. */

#include "../../src/core/moment.h"
#include "tap.h"

static void dates(void)
{
    static const struct {
        int64_t t;
        const char *want;
    } cases[] = {{0, "1970-01-01"},
                 {86399, "1970-01-01"},
                 {86400, "1970-01-02"},
                 {68169600, "1972-02-29"},
                 {68256000, "1972-03-01"},
                 {951782400, "2000-02-29"},
                 {951868800, "2000-03-01"},
                 {978220800, "2000-12-31"},
                 {1769817600, "2026-01-31"},
                 {4107456000, "2100-02-28"},
                 {4107542400, "2100-03-01"},
                 {4133894400, "2100-12-31"},
                 {4133980800, "2101-01-01"},
                 {12622780800, "2370-01-01"},
                 {12622694400, "2369-12-31"},
                 {253402300799, "9999-12-31"},
                 {253402300800, "9999-12-31"},
                 {INT64_MAX, "9999-12-31"},
                 {-1, "1970-01-01"},
                 {INT64_MIN, "1970-01-01"}};
    char out[MTASTS_DATE_SIZE];
    size_t i;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        mtasts_date(cases[i].t, out);
        is_str(out, cases[i].want, "date", cases[i].want);
    }
}

static void minutes(void)
{
    static const struct {
        int64_t t;
        const char *time, *until;
    } cases[] = {{0, "1970-01-01 00:00 UTC", "1970-01-01 00:00 UTC"},
                 {1, "1970-01-01 00:00 UTC", "1970-01-01 00:01 UTC"},
                 {59, "1970-01-01 00:00 UTC", "1970-01-01 00:01 UTC"},
                 {60, "1970-01-01 00:01 UTC", "1970-01-01 00:01 UTC"},
                 {1767268800, "2026-01-01 12:00 UTC", "2026-01-01 12:00 UTC"},
                 {1767311940, "2026-01-01 23:59 UTC", "2026-01-01 23:59 UTC"},
                 {1767311941, "2026-01-01 23:59 UTC", "2026-01-02 00:00 UTC"},
                 {253402300799, "9999-12-31 23:59 UTC", "9999-12-31 23:59 UTC"},
                 {INT64_MAX, "9999-12-31 23:59 UTC", "9999-12-31 23:59 UTC"},
                 {-1, "1970-01-01 00:00 UTC", "1970-01-01 00:00 UTC"},
                 {INT64_MIN, "1970-01-01 00:00 UTC", "1970-01-01 00:00 UTC"}};
    char out[MTASTS_TIME_SIZE];
    size_t i;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        mtasts_time_text(cases[i].t, out);
        is_str(out, cases[i].time, "time", cases[i].time);
        mtasts_until_text(cases[i].t, out);
        is_str(out, cases[i].until, "until", cases[i].until);
    }
}

static void distances(void)
{
    enum { MINUTE = 60, HOUR = 3600, DAY = 86400 };
    static const struct {
        int64_t from;
        const char *ahead, *ago;
    } cases[] = {{0, "now", "now"},
                 {59, "now", "now"},
                 {MINUTE, "in 1 minute", "1 minute ago"},
                 {2 * MINUTE - 1, "in 1 minute", "1 minute ago"},
                 {2 * MINUTE, "in 2 minutes", "2 minutes ago"},
                 {HOUR - 1, "in 59 minutes", "59 minutes ago"},
                 {HOUR, "in 1 hour", "1 hour ago"},
                 {2 * HOUR, "in 2 hours", "2 hours ago"},
                 {2 * DAY - 1, "in 47 hours", "47 hours ago"},
                 {2 * DAY, "in 2 days", "2 days ago"},
                 {3 * DAY + 5, "in 3 days", "3 days ago"},
                 {60 * DAY - 1, "in 59 days", "59 days ago"},
                 {60 * DAY, "in 2 months", "2 months ago"},
                 {364 * DAY, "in 12 months", "12 months ago"},
                 {730 * DAY - 1, "in 24 months", "24 months ago"},
                 {730 * DAY, "in 2 years", "2 years ago"},
                 {(int64_t)5 * 365 * DAY, "in 5 years", "5 years ago"}};
    const int64_t now = 7000000000;
    char out[MTASTS_RELATIVE_SIZE];
    size_t i;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        mtasts_relative(now + cases[i].from, now, out);
        is_str(out, cases[i].ahead, "ahead", cases[i].ahead);
        mtasts_relative(now - cases[i].from, now, out);
        is_str(out, cases[i].ago, "ago", cases[i].ago);
    }
    mtasts_relative(INT64_MAX, INT64_MIN, out);
    is_str(out, "in 8035 years", "ahead", "the last moment from the first");
    mtasts_relative(INT64_MIN, INT64_MAX, out);
    is_str(out, "8035 years ago", "ago", "the first moment from the last");
}

/* As `date -u -d '...' +%s` has them. */
static void moments(void)
{
    static const struct {
        const char *in;
        int64_t want; /* -1: none */
    } cases[] = {{"1970-01-01", 0},
                 {"2026-01-31", 1769817600},
                 {"9999-12-31", 253402214400},
                 {"2024-02-29", 1709164800},
                 {"2000-02-29", 951782400},
                 {"2000-12-31", 978220800},
                 {"2100-02-28", 4107456000},
                 {"2100-03-01", 4107542400},
                 {"2026-01-31T08:00:00Z", 1769846400},
                 {"2026-01-31t08:00:00z", 1769846400},
                 {"2026-01-31T09:00:00+01:00", 1769846400},
                 {"2026-01-31T04:30:00-03:30", 1769846400},
                 {"2026-01-31T08:00:00+00:00", 1769846400},
                 {"2026-01-31T08:00:00-00:00", 1769846400},
                 {"2026-01-31T08:00:00.999Z", 1769846400},
                 {"2026-01-31T08:00:59.5+00:00", 1769846459},
                 {"2016-12-31T23:59:60Z", 1483228800},
                 {"2026-01-31T23:59:59Z", 1769903999},
                 {"1970-01-01T01:00:00+01:00", 0},
                 {"9999-12-31T23:59:59Z", 253402300799},
                 {"1970-01-01T00:59:59+01:00", -1},
                 {"9999-12-31T23:59:59-00:01", -1},
                 {"9999-12-31T23:59:60Z", -1},
                 {"1969-12-31", -1},
                 {"2025-02-29", -1},
                 {"2100-02-29", -1},
                 {"2026-04-31", -1},
                 {"2026-01-00", -1},
                 {"2026-00-01", -1},
                 {"2026-13-01", -1},
                 {"", -1},
                 {"2026", -1},
                 {"2026-01", -1},
                 {"2026-1-31", -1},
                 {"26-01-31", -1},
                 {"20260131", -1},
                 {"+2026-01-31", -1},
                 {"2026-01-31 ", -1},
                 {"2026-01-31Z", -1},
                 {"2026-01-31T", -1},
                 {"2026-01-31 08:00:00Z", -1},
                 {"2026-01-31T08:00:00", -1},
                 {"2026-01-31T08:00Z", -1},
                 {"2026-01-31T24:00:00Z", -1},
                 {"2026-01-31T08:60:00Z", -1},
                 {"2026-01-31T08:00:61Z", -1},
                 {"2026-01-31T8:00:00Z", -1},
                 {"2026-01-31T08:00:00.Z", -1},
                 {"2026-01-31T08:00:00Z ", -1},
                 {"2026-01-31T08:00:00ZZ", -1},
                 {"2026-01-31T08:00:00+1:00", -1},
                 {"2026-01-31T08:00:00+0100", -1},
                 {"2026-01-31T08:00:00+24:00", -1},
                 {"2026-01-31T08:00:00+01:60", -1},
                 {"2026-01-31T08:00:00+01", -1},
                 {"31.01.2026", -1}};
    size_t i;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        int64_t t = -1;
        int taken = mtasts_moment_parse(cases[i].in, &t);

        ok(taken == (cases[i].want >= 0) && t == cases[i].want, "moment",
           cases[i].in);
    }
}

/* What is written is read as it was. */
static void there_and_back(void)
{
    char out[MTASTS_DATE_SIZE];
    int64_t day, t = 0;

    for (day = 0; day < 253402300800; day += 13 * 86400) {
        mtasts_date(day, out);
        if (!mtasts_moment_parse(out, &t) || t != day) {
            break;
        }
    }
    ok(day >= 253402300800, "moment", "dates of 8030 years");
}

int main(void)
{
    dates();
    minutes();
    distances();
    moments();
    there_and_back();
    return done();
}
