#ifndef TAP_H
#define TAP_H

/* The Test Anything Protocol, as prove reads it.  Each test is one program:
 * ok() and is_str() any number of times, then return done(). */

#include <stdio.h>
#include <string.h>

static int tap_run, tap_failed;

#define ok(cond, ...) tap_ok(!!(cond), __FILE__, __LINE__, __VA_ARGS__)

static inline int tap_ok(int good, const char *file, int line, const char *name,
                         const char *what)
{
    printf("%sok %d - %s: %s\n", good ? "" : "not ", ++tap_run, name, what);
    if (!good) {
        tap_failed++;
        printf("#   at %s:%d\n", file, line);
    }
    return good;
}

#define is_str(got, want, ...)                                                 \
    tap_is(got, want, __FILE__, __LINE__, __VA_ARGS__)

static inline int tap_is(const char *got, const char *want, const char *file,
                         int line, const char *name, const char *what)
{
    int good = !strcmp(got, want);

    tap_ok(good, file, line, name, what);
    if (!good) {
        printf("#   got:  '%s'\n#   want: '%s'\n", got, want);
    }
    return good;
}

static inline int done(void)
{
    printf("1..%d\n", tap_run);
    return tap_failed != 0;
}

#endif
