/* Mode, max_age, id, the body and what is doubtful about a policy. */

#include "../../src/core/policy.h"
#include "tap.h"

#include <stdlib.h>

static void modes(void)
{
    static const struct {
        const char *in;
        int want; /* -1: refused */
    } cases[] = {{"testing", MTASTS_MODE_TESTING},
                 {"enforce", MTASTS_MODE_ENFORCE},
                 {"none", MTASTS_MODE_NONE},
                 {"Enforce", MTASTS_MODE_ENFORCE},
                 {"NONE", MTASTS_MODE_NONE},
                 {"", -1},
                 {"enforced", -1},
                 {"report", -1},
                 {" none", -1}};
    size_t i;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        mtasts_mode mode = MTASTS_MODE_TESTING;
        mtasts_finding why;
        int taken = mtasts_mode_parse(cases[i].in, &mode, &why);

        ok(cases[i].want < 0 ? !taken : taken && (int)mode == cases[i].want,
           "mode", cases[i].in);
    }
}

static void max_ages(void)
{
    static const struct {
        const char *in;
        unsigned long want; /* 0: refused */
        int code;
    } cases[] = {{"1", 1, 0},
                 {"604800", 604800, 0},
                 {"0604800", 604800, 0},
                 {"60s", 60, 0},
                 {"5m", 300, 0},
                 {"24h", 86400, 0},
                 {"1d", 86400, 0},
                 {"2w", 1209600, 0},
                 {"52w", 31449600, 0},
                 {"31557600", 31557600, 0},
                 {"0", 0, MTASTS_MAX_AGE_ZERO},
                 {"0w", 0, MTASTS_MAX_AGE_ZERO},
                 {"31557601", 0, MTASTS_MAX_AGE_TOO_LARGE},
                 {"53w", 0, MTASTS_MAX_AGE_TOO_LARGE},
                 {"366d", 0, MTASTS_MAX_AGE_TOO_LARGE},
                 {"4294967297", 0, MTASTS_MAX_AGE_TOO_LARGE},
                 {"18446744073709551617", 0, MTASTS_MAX_AGE_TOO_LARGE},
                 {"99999999999999999999999999w", 0, MTASTS_MAX_AGE_TOO_LARGE},
                 {"", 0, MTASTS_MAX_AGE_SYNTAX},
                 {"w", 0, MTASTS_MAX_AGE_SYNTAX},
                 {"-1", 0, MTASTS_MAX_AGE_SYNTAX},
                 {"+1", 0, MTASTS_MAX_AGE_SYNTAX},
                 {"1.5d", 0, MTASTS_MAX_AGE_SYNTAX},
                 {"1day", 0, MTASTS_MAX_AGE_SYNTAX},
                 {"1 d", 0, MTASTS_MAX_AGE_SYNTAX},
                 {"1d ", 0, MTASTS_MAX_AGE_SYNTAX},
                 {"1M", 0, MTASTS_MAX_AGE_SYNTAX},
                 {"1y", 0, MTASTS_MAX_AGE_SYNTAX},
                 {"1w2d", 0, MTASTS_MAX_AGE_SYNTAX},
                 {"0x10", 0, MTASTS_MAX_AGE_SYNTAX},
                 {"604800;", 0, MTASTS_MAX_AGE_SYNTAX}};
    size_t i;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        uint32_t seconds = 0;
        mtasts_finding why;
        int taken = mtasts_max_age_parse(cases[i].in, &seconds, &why);

        ok(cases[i].want ? taken && seconds == cases[i].want
                         : !taken && (int)why.code == cases[i].code,
           "max_age", cases[i].in);
    }
}

static void ids(void)
{
    static const struct {
        const char *in;
        int good;
    } cases[] = {{"a", 1},
                 {"20260131T000000", 1},
                 {"abcdefghijklmnopqrstuvwxyzABCDEF", 1},
                 {"abcdefghijklmnopqrstuvwxyzABCDEFG", 0},
                 {"", 0},
                 {"2026-01-31", 0},
                 {"a.b", 0},
                 {"a:b", 0},
                 {"a b", 0},
                 {"a;", 0},
                 {"\xc3\xa4", 0}};
    size_t i;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        mtasts_finding why;

        ok(mtasts_id_check(cases[i].in, &why) == cases[i].good, "id",
           cases[i].in);
    }
}

static void bodies(void)
{
    static const char *const mx[] = {"mail.example.com", "*.example.net"};
    static const char want[] = "version: STSv1\r\nmode: enforce\r\n"
                               "max_age: 31557600\r\nmx: mail.example.com\r\n"
                               "mx: *.example.net\r\n";
    mtasts_policy p = {MTASTS_MODE_ENFORCE, MTASTS_MAX_AGE_MAX, mx, 2};
    char buf[256], id[MTASTS_ID_SIZE], other[MTASTS_ID_SIZE];
    size_t len = mtasts_policy_render(&p, NULL, 0), i;

    ok(len == sizeof(want) - 1, "body", "measured");
    memset(buf, '#', sizeof(buf));
    ok(mtasts_policy_render(&p, buf, sizeof(buf)) == len, "body", "length");
    ok(!memcmp(buf, want, len), "body", "bytes");
    ok(buf[len] == '#', "body", "nothing written behind it");
    for (i = 0; i <= len; i++) {
        memset(buf, '#', sizeof(buf));
        if (mtasts_policy_render(&p, buf, i) != len || buf[i] != '#' ||
            memcmp(buf, want, i)) {
            break;
        }
    }
    ok(i == len + 1, "body", "any smaller buffer holds its beginning");

    ok(mtasts_policy_id(want, len, id), "id", "made");
    /* sha256sum of the same bytes */
    is_str(id, "8354c6ed69fb7f194dc2c8caa9a19130", "id", "value");
    p.mode = MTASTS_MODE_NONE;
    p.nmx = 0;
    len = mtasts_policy_render(&p, buf, sizeof(buf));
    buf[len] = '\0';
    is_str(buf, "version: STSv1\r\nmode: none\r\nmax_age: 31557600\r\n", "body",
           "none without mx");
    mtasts_policy_id(buf, len, other);
    ok(strcmp(id, other) && strlen(other) == 32, "id", "new for a new body");
}

static void collect(void *ctx, const mtasts_finding *f)
{
    char *codes = ctx;

    strcat(codes, mtasts_code_name(f->code));
    strcat(codes, " ");
}

static void doubts(void)
{
    static const char *const good[] = {"mail.example.com", "*.example.net"};
    static const char *const single[] = {"mail", "mx.example.com"};
    static const char *const tld[] = {"*.com"};
    static const struct {
        mtasts_policy p;
        size_t len;
        const char *want;
    } cases[] = {
        {{MTASTS_MODE_ENFORCE, 604800, good, 2}, 100, ""},
        {{MTASTS_MODE_ENFORCE, 86400, good, 2}, 8000, ""},
        {{MTASTS_MODE_ENFORCE, 86399, good, 2}, 100, "max-age-short "},
        {{MTASTS_MODE_TESTING, 300, good, 2}, 100, ""},
        {{MTASTS_MODE_TESTING, 31557599, good, 2}, 100, ""},
        {{MTASTS_MODE_TESTING, 31557600, good, 2}, 100, "max-age-maximum "},
        {{MTASTS_MODE_NONE, 86400, good, 0}, 100, ""},
        {{MTASTS_MODE_NONE, 86401, good, 2}, 100, "max-age-none "},
        {{MTASTS_MODE_ENFORCE, 604800, good, 2}, 8001, "body-large "},
        {{MTASTS_MODE_ENFORCE, 604800, single, 2}, 100, "mx-single-label "},
        {{MTASTS_MODE_ENFORCE, 604800, tld, 1}, 100, "mx-tld-wildcard "},
    };
    size_t i;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char codes[512] = "";

        mtasts_policy_check(&cases[i].p, cases[i].len, "example.com", collect,
                            codes);
        is_str(codes, cases[i].want, "findings",
               *cases[i].want ? cases[i].want : "none");
    }
}

int main(void)
{
    modes();
    max_ages();
    ids();
    bodies();
    doubts();
    return done();
}
