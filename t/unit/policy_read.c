/* Policy bodies as senders read them: which ones every known sender takes, and
 * what is wrong with the others. */

#include "../../src/core/policy_read.h"
#include "../../src/core/text.h"
#include "tap.h"

#include <stdlib.h>

/* In an allocation of its own size, so that reading behind it is seen. */
static int body_read(const char *body, size_t len, mtasts_policy_read *out)
{
    char *copy = malloc(len ? len : 1);
    int taken;

    memcpy(copy, body, len);
    taken = mtasts_policy_body_read(copy, len, out);
    free(copy);
    return taken;
}

#define V    "version: STSv1\n"
#define REST "mode: enforce\nmax_age: 604800\nmx: a.example\n"

static void good(void)
{
    static const struct {
        const char *in;
        mtasts_mode mode;
        unsigned long max_age, nmx;
    } cases[] = {
        {"version: STSv1\r\nmode: enforce\r\nmax_age: 604800\r\n"
         "mx: mail.example.com\r\nmx: *.example.net\r\n",
         MTASTS_MODE_ENFORCE, 604800, 2},
        {V REST, MTASTS_MODE_ENFORCE, 604800, 1},
        {V "mode: testing\nmax_age: 1\nmx: a.example", MTASTS_MODE_TESTING, 1,
         1},
        {"version: STSv1\r\nmode: testing\r\nmax_age: 1\r\nmx: a.example",
         MTASTS_MODE_TESTING, 1, 1},
        {V "mx: a.example\nmax_age: 31557600\nmx: b.example\nmode: enforce\n",
         MTASTS_MODE_ENFORCE, 31557600, 2},
        {V "mode: none\nmax_age: 86400\n", MTASTS_MODE_NONE, 86400, 0},
        {V "mode: none\nmax_age: 86400\nmx: a.example\n", MTASTS_MODE_NONE,
         86400, 1},
        {"version:STSv1\nmode:\tenforce\nmax_age: \t 0000086400\nmx:a.example",
         MTASTS_MODE_ENFORCE, 86400, 1},
        {"version: STSv1 \r\nmode: enforce\t\r\nmax_age: 1  \r\nmx: a.b \t\r\n",
         MTASTS_MODE_ENFORCE, 1, 1},
        {"version: STSv1 \nmode: enforce\nmax_age: 1\nmx: a.b ",
         MTASTS_MODE_ENFORCE, 1, 1},
        {V REST "mx: a.example\nmx: MAIL.Example.com\nmx: xn--mnchen-3ya.de\n"
                "mx: mail\nmx: *.example\nmx: 1.2.3.example\nmx: a--b.c\n",
         MTASTS_MODE_ENFORCE, 604800, 8},
    };
    size_t i;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        mtasts_policy_read out;
        char name[120];

        mtasts_escape(name, sizeof(name), cases[i].in);
        ok(body_read(cases[i].in, strlen(cases[i].in), &out), "accepted", name);
        ok(out.mode == cases[i].mode && out.max_age == cases[i].max_age &&
               out.nmx == cases[i].nmx && out.line == 0 && !out.why,
           "values", name);
    }
}

static void patterns(void)
{
    static const char body[] =
        "version: STSv1\r\nmode: enforce\r\nmx: MAIL.Example.com\r\n"
        "max_age: 604800\r\nmx: *.example.net \r\nmx:c.example";
    const char *at = body, *end = body + sizeof(body) - 1;
    char mx[MTASTS_NAME_SIZE];

    ok(mtasts_policy_body_mx(&at, end, mx) && !strcmp(mx, "mail.example.com"),
       "patterns", "the first, in the form that is served");
    ok(mtasts_policy_body_mx(&at, end, mx) && !strcmp(mx, "*.example.net"),
       "patterns", "the second, behind another field");
    ok(mtasts_policy_body_mx(&at, end, mx) && !strcmp(mx, "c.example"),
       "patterns", "the last, without a line end");
    ok(!mtasts_policy_body_mx(&at, end, mx) && at == end, "patterns",
       "no more");
}

/* Strings with their length, as there may be NUL inside. */
#define S(s) s, sizeof(s) - 1

static void bad(void)
{
    static const struct {
        const char *in;
        size_t len, line;
        const char *why; /* how it begins */
    } cases[] = {
        {S(""), 0, "is empty"},
        /* the first line */
        {S("\n"), 1, "is blank"},
        {S("\r\n"), 1, "is blank"},
        {S(REST), 1, "is not 'version: STSv1'"},
        {S("mode: enforce\n" V), 1, "is not 'version: STSv1'"},
        {S("Version: STSv1\n" REST), 1, "is not 'version: STSv1'"},
        {S("version: stsv1\n" REST), 1, "is not 'version: STSv1'"},
        {S("version: STSv2\n" REST), 1, "is not 'version: STSv1'"},
        {S("version: STSv1;\n" REST), 1, "is not 'version: STSv1'"},
        {S("version STSv1\n" REST), 1, "is not 'version: STSv1'"},
        {S("version : STSv1\n" REST), 1, "is not 'version: STSv1'"},
        {S("versio"), 1, "is not 'version: STSv1'"},
        {S("version:"), 1, "is not 'version: STSv1'"},
        {S(":"), 1, "is not 'version: STSv1'"},
        {S("v=STSv1; id=1"), 1, "is not 'version: STSv1'"},
        {S("<!DOCTYPE html>\n<html>"), 1, "is not 'version: STSv1'"},
        {S(" " V REST), 1, "begins with a blank"},
        {S("\xef\xbb\xbf" V REST), 1, "begins with a byte order mark"},
        {S("\xef\xbb\xbf"), 1, "begins with a byte order mark"},
        {S("\xef\xbb"), 1, "has characters outside ASCII"},
        {S("\xff\xfev\0e\0"), 1, "has characters outside ASCII"},
        {S("\x1f\x8b\x08"), 1, "has a control character"},
        {S("# policy\n" V REST), 1, "is a comment"},
        {S("\n" V REST), 1, "is blank"},
        /* lines */
        {S("version: STSv1\r\nmode: enforce\nmax_age: 1\r\nmx: a\r\n"), 2,
         "does not end as the first one does"},
        {S(V "mode: enforce\r\nmax_age: 1\nmx: a\n"), 2,
         "does not end as the first one does"},
        {S("version: STSv1\rmode: enforce\rmax_age: 1\rmx: a\r"), 1,
         "has a carriage return"},
        {S("version: STSv1\r\nmode: enforce\r\nmax_age: 1\r\nmx: a\r"), 4,
         "has a carriage return"},
        {S("version: STSv1\r\r\n"), 1, "has a carriage return"},
        {S(V REST "\n"), 5, "is blank"},
        {S(V "\n" REST), 2, "is blank"},
        {S(V REST " \t"), 5, "is blank"},
        {S("version: STSv1\r\nmode: none\r\nmax_age: 1\r\n\r\n"), 4,
         "is blank"},
        {S(V " " REST), 2, "begins with a blank"},
        {S(V "\t" REST), 2, "begins with a blank"},
        {S(V "# comment\n" REST), 2, "is a comment"},
        {S(V "#c: comment\n" REST), 2, "is a comment"},
        {S(V "mode: enf\0rce\n"), 2, "has a control character"},
        {S(V REST "\0"), 5, "has a control character"},
        {S(V "mode: enforce\x1a"), 2, "has a control character"},
        {S(V "mode: enforce\x7f"), 2, "has a control character"},
        {S(V "mode: \xc2\xa0"
             "enforce\n"),
         2, "has characters outside ASCII"},
        /* names of fields */
        {S(V "mode\n"), 2, "has no colon"},
        {S(V "mode = enforce\n"), 2, "has no colon"},
        {S(V "mode : enforce\n"), 2, "has a blank before the colon"},
        {S(V "Mode: enforce\n"), 2, "has a field's name in capital letters"},
        {S(V "MX: a\n"), 2, "has a field's name in capital letters"},
        {S(V "x-foo: bar\n" REST), 2, "has none of version, mode"},
        {S(V "maxage: 1\n"), 2, "has none of version, mode"},
        {S(V "max-age: 1\n"), 2, "has none of version, mode"},
        {S(V "m: a\n"), 2, "has none of version, mode"},
        {S(V ": a\n"), 2, "has none of version, mode"},
        /* once */
        {S(V V REST), 2, "has version a second time"},
        {S(V REST "mode: enforce\n"), 5, "has mode a second time"},
        {S(V REST "mode: bogus\n"), 5, "has mode a second time"},
        {S(V REST "max_age: 604800\n"), 5, "has max_age a second time"},
        /* values */
        {S(V "mode:\n"), 2, "has a mode that is not"},
        {S(V "mode: Enforce\n"), 2, "has a mode that is not"},
        {S(V "mode: enforced\n"), 2, "has a mode that is not"},
        {S(V "mode: enforc\n"), 2, "has a mode that is not"},
        {S(V "mode: report\n"), 2, "has a mode that is not"},
        {S(V "mode: enforce # now\n"), 2, "has a mode that is not"},
        {S(V "max_age:\n"), 2, "has a max_age that is not"},
        {S(V "max_age: 1w\n"), 2, "has a max_age that is not"},
        {S(V "max_age: -1\n"), 2, "has a max_age that is not"},
        {S(V "max_age: +1\n"), 2, "has a max_age that is not"},
        {S(V "max_age: 1.0\n"), 2, "has a max_age that is not"},
        {S(V "max_age: 1 0\n"), 2, "has a max_age that is not"},
        {S(V "max_age: 00000000001\n"), 2, "has a max_age that is not"},
        {S(V "max_age: 18446744073709551617\n"), 2, "has a max_age that is"},
        {S(V "max_age: 0\n"), 2, "has a max_age of 0"},
        {S(V "max_age: 31557601\n"), 2, "has a max_age of more than"},
        {S(V "max_age: 4294967297\n"), 2, "has a max_age of more than"},
        {S(V "max_age: 9999999999\n"), 2, "has a max_age of more than"},
        {S(V "mx:\n"), 2, "has no host name"},
        {S(V "mx: \n"), 2, "has no host name"},
        {S(V "mx: .\n"), 2, "has no host name"},
        {S(V "mx: a.example.\n"), 2, "has a host name that ends in a dot"},
        {S(V "mx: *.\n"), 2, "has a host name that ends in a dot"},
        {S(V "mx: a, b\n"), 2, "has other characters"},
        {S(V "mx: a b\n"), 2, "has other characters"},
        {S(V "mx: a_b.example\n"), 2, "has other characters"},
        {S(V "mx: mx:a\n"), 2, "has other characters"},
        {S(V "mx: 10 a.example\n"), 2, "has other characters"},
        {S(V "mx: 192.0.2.1\n"), 2, "has an address or a number"},
        {S(V "mx: [192.0.2.1]\n"), 2, "has an address or a number"},
        {S(V "mx: 2001:db8::1\n"), 2, "has an address or a number"},
        {S(V "mx: -a.example\n"), 2, "has a host name with a part"},
        {S(V "mx: a..example\n"), 2, "has a host name with a part"},
        {S(V "mx: .example\n"), 2, "has a host name with a part"},
        {S(V "mx: *\n"), 2, "has a '*' that is not"},
        {S(V "mx: a.*.example\n"), 2, "has a '*' that is not"},
        {S(V "mx: *a.example\n"), 2, "has a '*' that is not"},
        {S(V "mx: m\xc3\xbcnchen.example\n"), 2, "has characters outside"},
        /* what is missing */
        {S(V), 0, "has no mode"},
        {S("version: STSv1"), 0, "has no mode"},
        {S(V "max_age: 1\nmx: a\n"), 0, "has no mode"},
        {S(V "mode: none\n"), 0, "has no max_age"},
        {S(V "mode: enforce\nmax_age: 1\n"), 0, "has no mx"},
        {S(V "mode: testing\nmax_age: 1\n"), 0, "has no mx"},
    };
    size_t i;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        mtasts_policy_read out;
        size_t len = strlen(cases[i].why);
        char why[200] = "accepted", name[120];

        mtasts_escape_bytes(name, sizeof(name), cases[i].in, cases[i].len);
        if (!body_read(cases[i].in, cases[i].len, &out)) {
            snprintf(why, sizeof(why), "%.*s", (int)len, out.why);
        }
        is_str(why, cases[i].why, "why", name);
        ok(out.line == cases[i].line, "line", name);
    }
}

/* V, "mode", mx lines of 100 octets up to `at`, then `rest`. */
static size_t fill(char *body, size_t at, const char *rest)
{
    size_t n = (size_t)sprintf(body, V "mode: enforce\n");

    while (at - n >= 200) {
        n += (size_t)sprintf(body + n, "mx: a.example%87s", "\n");
    }
    n +=
        (size_t)sprintf(body + n, "mx: a.example%*s", (int)(at - n - 13), "\n");
    return n + (size_t)sprintf(body + n, "%s", rest);
}

static void sizes(void)
{
    char *body = malloc(2 * MTASTS_BODY_MAX), name[300];
    mtasts_policy_read out;
    size_t len;

    len = fill(body, 10240 - 10, "max_age: 1\n");
    ok(body_read(body, len, &out), "size", "max_age within 10 KiB");
    len = fill(body, 10240 - 9, "max_age: 1\n");
    ok(!body_read(body, len, &out) && strstr(out.why, "10240") && out.line > 3,
       "size", "max_age not within 10 KiB");
    len = (size_t)sprintf(body, V "max_age: 1\nmx: a%10240s", "\nmode: none\n");
    ok(!body_read(body, len, &out) && strstr(out.why, "10240") && out.line == 4,
       "size", "mode not within 10 KiB");
    len = (size_t)sprintf(body, V "max_age: 1\nmode: none%10240s", "\nmx: a\n");
    ok(!body_read(body, len, &out) && strstr(out.why, "10240") && out.line == 4,
       "size", "no mx within 10 KiB");
    len = (size_t)sprintf(body, V "max_age: 1\nmode: none\nmx: a%10240s",
                          "\nmx: a\n");
    ok(body_read(body, len, &out) && out.nmx == 2, "size",
       "one mx within 10 KiB");

    len = (size_t)sprintf(body, V REST);
    while (len < MTASTS_BODY_MAX - 100) {
        len += (size_t)sprintf(body + len, "mx: a.example\n");
    }
    len += (size_t)sprintf(body + len, "mx: a%*s",
                           MTASTS_BODY_MAX - (int)len - 5, "\n");
    ok(len == MTASTS_BODY_MAX && body_read(body, len, &out), "size",
       "the longest body");
    body[len - 1] = ' ';
    body[len++] = '\n';
    ok(!body_read(body, len, &out) && out.line == 0, "size", "a longer body");
    is_str(out.why, "is longer than 64000 characters", "size", "why");

    memset(name, 'a', sizeof(name));
    name[63] = name[127] = name[191] = '.';
    len = (size_t)sprintf(body, V REST "mx: %.253s\n", name);
    ok(body_read(body, len, &out), "size", "the longest name");
    len = (size_t)sprintf(body, V REST "mx: %.254s\n", name);
    ok(!body_read(body, len, &out) && strstr(out.why, "253"), "size",
       "a longer name");
    len = (size_t)sprintf(body, V REST "mx: %.255s\n", name);
    ok(!body_read(body, len, &out) && strstr(out.why, "253"), "size",
       "a name longer than the buffer");
    free(body);
}

/* What this module serves, it must accept. */
static void rendered(void)
{
    static const char *const mx[] = {"mail.example.com", "*.example.net", "a"};
    static const uint32_t max_age[] = {1, 300, 604800, MTASTS_MAX_AGE_MAX};
    size_t mode, age, nmx;

    for (mode = MTASTS_MODE_TESTING; mode <= MTASTS_MODE_NONE; mode++) {
        for (age = 0; age < sizeof(max_age) / sizeof(max_age[0]); age++) {
            for (nmx = mode == MTASTS_MODE_NONE ? 0 : 1; nmx <= 3; nmx++) {
                mtasts_policy p = {(mtasts_mode)mode, max_age[age], mx, nmx};
                mtasts_policy_read out;
                char body[300];
                size_t len = mtasts_policy_render(&p, body, sizeof(body));

                ok(body_read(body, len, &out) && out.mode == p.mode &&
                       out.max_age == p.max_age && out.nmx == p.nmx,
                   "as served", mtasts_mode_name(p.mode));
            }
        }
    }
}

int main(void)
{
    good();
    patterns();
    bad();
    sizes();
    rendered();
    return done();
}
