#include "moment.h"

#include <stdio.h>

#define MINUTE     60
#define DAY        86400
#define LAST       ((int64_t)253402300799) /* 9999-12-31 23:59:59 */
#define CYCLE      400    /* years, after which the calendar repeats itself, */
#define CYCLE_DAYS 146097 /* and their days */

int64_t mtasts_clamp(int64_t t)
{
    return t < 0 ? 0 : t > LAST ? LAST : t;
}

static int is_leap(unsigned year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

void mtasts_date(int64_t t, char out[MTASTS_DATE_SIZE])
{
    static const unsigned lengths[] = {31, 28, 31, 30, 31, 30,
                                       31, 31, 30, 31, 30, 31};
    unsigned days = (unsigned)(mtasts_clamp(t) / DAY);
    unsigned year = 1970 + days / CYCLE_DAYS * CYCLE, month = 0, length;

    days %= CYCLE_DAYS;
    while (days >= (length = is_leap(year) ? 366 : 365)) {
        days -= length;
        year++;
    }
    while (days >= (length = lengths[month] + (month == 1 && is_leap(year)))) {
        days -= length;
        month++;
    }
    /* The remainders change nothing but tell a compiler that it fits. */
    snprintf(out, MTASTS_DATE_SIZE, "%04u-%02u-%02u", year % 10000,
             (month + 1) % 100, (days + 1) % 100);
}

void mtasts_time_text(int64_t t, char out[MTASTS_TIME_SIZE])
{
    unsigned minute = (unsigned)(mtasts_clamp(t) % DAY / MINUTE);
    char date[MTASTS_DATE_SIZE];

    mtasts_date(t, date);
    snprintf(out, MTASTS_TIME_SIZE, "%s %02u:%02u UTC", date, minute / 60 % 24,
             minute % 60);
}

void mtasts_until_text(int64_t t, char out[MTASTS_TIME_SIZE])
{
    mtasts_time_text(mtasts_clamp(t) + MINUTE - 1, out);
}
