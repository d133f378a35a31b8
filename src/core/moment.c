#include "moment.h"

#include <stdio.h>

#define MINUTE     60
#define HOUR       3600
#define DAY        86400
#define MONTH      ((int64_t)30 * DAY) /* for who looks at a distance; so below */
#define YEAR       ((int64_t)365 * DAY)
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

/* `month` from 0. */
static unsigned month_days(unsigned year, unsigned month)
{
    static const unsigned lengths[] = {31, 28, 31, 30, 31, 30,
                                       31, 31, 30, 31, 30, 31};

    return lengths[month] + (month == 1 && is_leap(year));
}

void mtasts_date(int64_t t, char out[MTASTS_DATE_SIZE])
{
    unsigned days = (unsigned)(mtasts_clamp(t) / DAY);
    unsigned year = 1970 + days / CYCLE_DAYS * CYCLE, month = 0, length;

    days %= CYCLE_DAYS;
    while (days >= (length = is_leap(year) ? 366 : 365)) {
        days -= length;
        year++;
    }
    while (days >= (length = month_days(year, month))) {
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

void mtasts_relative(int64_t t, int64_t now, char out[MTASTS_RELATIVE_SIZE])
{
    static const struct {
        const char *name;
        int64_t seconds, below; /* one of it; up to where it is used */
    } units[] = {{"minute", MINUTE, HOUR},
                 {"hour", HOUR, (int64_t)2 * DAY},
                 {"day", DAY, 2 * MONTH},
                 {"month", MONTH, 2 * YEAR},
                 {"year", YEAR, INT64_MAX}};
    int64_t to = mtasts_clamp(t) - mtasts_clamp(now);
    int64_t far = to < 0 ? -to : to;
    int n;
    size_t i = 0;

    while (far >= units[i].below) {
        i++;
    }
    n = (int)(far / units[i].seconds);
    if (!n) {
        snprintf(out, MTASTS_RELATIVE_SIZE, "now");
        return;
    }
    snprintf(out, MTASTS_RELATIVE_SIZE, "%s%d %s%s%s", to > 0 ? "in " : "",
             n % 10000, units[i].name, n == 1 ? "" : "s", to > 0 ? "" : " ago");
}

/* ---- reading ---- */

/* `n` digits at *in, which moves behind them; -1 if there are none. */
static int take_digits(const char **in, int n)
{
    int value = 0;

    for (; n; n--, (*in)++) {
        if (**in < '0' || **in > '9') {
            return -1;
        }
        value = value * 10 + (**in - '0');
    }
    return value;
}

/* The same behind a character; it must be at most `most`. */
static int take_after(const char **in, char before, int most)
{
    int value;

    if (**in != before) {
        return -1;
    }
    (*in)++;
    value = take_digits(in, 2);
    return value <= most ? value : -1;
}

/* Days since 1970 of a date at *in; -1 if there is none. */
static int64_t take_date(const char **in)
{
    int year = take_digits(in, 4), y, days, i;
    int month = year < 1970 ? -1 : take_after(in, '-', 12);
    int day = month < 1 ? -1 : take_after(in, '-', 31);

    if (day < 1 || day > (int)month_days((unsigned)year, (unsigned)month - 1)) {
        return -1;
    }
    y = year - 1;
    days = (year - 1970) * 365 + (y / 4 - y / 100 + y / 400) - 477;
    for (i = 1; i < month; i++) {
        days += (int)month_days((unsigned)year, (unsigned)i - 1);
    }
    return days + day - 1;
}

/* Seconds since midnight of a time at *in, with its fraction; -1 if there is
 * none.  The last minute of a day in UTC may have a 60th second. */
static int take_time(const char **in)
{
    int hour = take_digits(in, 2);
    int minute = take_after(in, ':', 59), second = -1;

    if (hour >= 0 && hour <= 23 && minute >= 0) {
        second = take_after(in, ':', 60);
    }
    if (second >= 0 && **in == '.') {
        (*in)++;
        if (take_digits(in, 1) < 0) {
            return -1;
        }
        while (take_digits(in, 1) >= 0) {
        }
    }
    return second < 0 ? -1 : hour * 3600 + minute * 60 + second;
}

/* Seconds that UTC is behind, at *in; INT32_MIN if there is none. */
static int take_offset(const char **in)
{
    int sign = **in == '-' ? -1 : 1, hours, minutes;

    if (**in == 'Z' || **in == 'z') {
        (*in)++;
        return 0;
    }
    if (**in != '+' && **in != '-') {
        return INT32_MIN;
    }
    hours = take_after(in, **in, 23);
    minutes = hours < 0 ? -1 : take_after(in, ':', 59);
    return minutes < 0 ? INT32_MIN : sign * (hours * 3600 + minutes * 60);
}

int mtasts_moment_parse(const char *in, int64_t *out)
{
    int64_t days = take_date(&in), t;
    int time, offset;

    if (days >= 0 && !*in) {
        *out = days * DAY;
        return 1;
    }
    if (days < 0 || (*in != 'T' && *in != 't')) {
        return 0;
    }
    in++;
    time = take_time(&in);
    offset = time < 0 ? INT32_MIN : take_offset(&in);
    if (offset == INT32_MIN || *in) {
        return 0;
    }
    t = days * DAY + time - offset;
    if (t != mtasts_clamp(t)) {
        return 0;
    }
    *out = t;
    return 1;
}
