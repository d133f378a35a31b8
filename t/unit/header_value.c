/* Header values that directives may set. */

#include "../../src/core/header_value.h"
#include "tap.h"

static const struct {
    const char *in;
    int any;  /* may be sent at all */
    int hsts; /* as Strict-Transport-Security */
} cases[] = {
    {"max-age=31536000", 1, 1},
    {"max-age=0", 1, 1},
    {"max-age=\"31536000\"", 1, 1},
    {"Max-Age = 1; includeSubDomains", 1, 1},
    {"includeSubDomains; max-age=1; preload", 1, 1},
    {"includeSubDomains", 1, 0},
    {"31536000", 1, 0},
    {"max-age=", 1, 0},
    {"max-age=year", 1, 0},
    {"max-age", 1, 0},
    {"x-max-age=1", 1, 0},
    {"no-cache", 1, 0},
    {"", 0, 0},
    {" ", 0, 0},
    {"max-age=1\r\nX: y", 0, 0},
    {"max-age=1\n", 0, 0},
    {"max-age=1\t", 0, 0},
    {"max-age=1\001", 0, 0},
    {"max-age=1\177", 0, 0},
    {"max-age=1\xc3\xa4", 0, 0},
};

int main(void)
{
    size_t i;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        mtasts_finding why;
        char shown[64];

        snprintf(shown, sizeof(shown), "case %u", (unsigned)i);
        ok(mtasts_header_value_check(cases[i].in, &why) == cases[i].any,
           "header", shown);
        ok(mtasts_hsts_check(cases[i].in, &why) == cases[i].hsts, "hsts",
           shown);
    }
    {
        mtasts_finding why;

        ok(mtasts_cache_control_check("max-age=60", &why), "cache", "taken");
        ok(mtasts_cache_control_check("no-store", &why), "cache", "taken");
        ok(!mtasts_cache_control_check("60", &why) &&
               why.code == MTASTS_CACHE_CONTROL_SYNTAX,
           "cache", "a bare number");
        ok(!mtasts_cache_control_check("", &why), "cache", "empty");
    }
    return done();
}
