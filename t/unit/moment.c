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

int main(void)
{
    dates();
    minutes();
    return done();
}
