/* The TXT records: values and zone-file form. */

#include "../../src/core/record.h"
#include "tap.h"

static void uris(void)
{
    static const struct {
        const char *in;
        int code; /* 0: taken */
    } cases[] = {
        {"mailto:tlsrpt@example.com", 0},
        {"MAILTO:tlsrpt@example.com", 0},
        {"mailto:tls+rpt@example.com?subject=x", 0},
        {"https://reports.example.com", 0},
        {"https://reports.example.com/a%2Cb", 0},
        {"HTTPS://[2001:db8::1]:8443/x", 0},
        {"http://reports.example.com", MTASTS_TLSRPT_SCHEME},
        {"tlsrpt@example.com", MTASTS_TLSRPT_SCHEME},
        {"", MTASTS_TLSRPT_SCHEME},
        {"ftp://x", MTASTS_TLSRPT_SCHEME},
        {"mailto:", MTASTS_TLSRPT_SYNTAX},
        {"mailto:tlsrpt", MTASTS_TLSRPT_SYNTAX},
        {"mailto:@example.com", MTASTS_TLSRPT_SYNTAX},
        {"mailto:tlsrpt@", MTASTS_TLSRPT_SYNTAX},
        {"mailto:tlsrpt@?x", MTASTS_TLSRPT_SYNTAX},
        {"mailto:?to=a@example.com", MTASTS_TLSRPT_SYNTAX},
        {"https:", MTASTS_TLSRPT_SYNTAX},
        {"https://", MTASTS_TLSRPT_SYNTAX},
        {"https:///path", MTASTS_TLSRPT_SYNTAX},
        {"https:/x", MTASTS_TLSRPT_SYNTAX},
        {"mailto:a@example.com,mailto:b@example.com", MTASTS_TLSRPT_SYNTAX},
        {"mailto:a@example.com!10m", MTASTS_TLSRPT_SYNTAX},
        {"mailto:a@example.com;", MTASTS_TLSRPT_SYNTAX},
        {"mailto:a b@example.com", MTASTS_TLSRPT_SYNTAX},
        {"mailto:\"a\"@example.com", MTASTS_TLSRPT_SYNTAX},
        {"mailto:a@m\xc3\xbcller.example", MTASTS_TLSRPT_SYNTAX},
        {"https://x/\n", MTASTS_TLSRPT_SYNTAX},
    };
    size_t i;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        mtasts_finding why;
        int taken = mtasts_tlsrpt_uri_check(cases[i].in, &why);

        ok(cases[i].code ? !taken && (int)why.code == cases[i].code : taken,
           "tlsrpt", cases[i].in[0] ? cases[i].in : "(empty)");
    }
}

static void zone(const char *value, size_t len, const char *want,
                 const char *what)
{
    char buf[1200];
    size_t need = mtasts_zone_quote(value, len, NULL, 0), got;

    got = mtasts_zone_quote(value, len, buf, sizeof(buf) - 1);
    ok(got == need && need < sizeof(buf), "zone", "measured");
    buf[got] = '\0';
    is_str(buf, want, "zone", what);
}

int main(void)
{
    static const char *const two[] = {"mailto:a@example.com",
                                      "https://r.example.com/x"};
    char txt[MTASTS_TXT_SIZE], buf[256], a511[511], want[600];
    size_t len;

    uris();
    mtasts_txt_render("abcdefghijklmnopqrstuvwxyzABCDEF", txt);
    is_str(txt, "v=STSv1; id=abcdefghijklmnopqrstuvwxyzABCDEF;", "txt", "32");
    mtasts_txt_render("1", txt);
    is_str(txt, "v=STSv1; id=1;", "txt", "1");

    len = mtasts_tlsrpt_render(two, 2, buf, sizeof(buf));
    buf[len] = '\0';
    is_str(buf, "v=TLSRPTv1; rua=mailto:a@example.com,https://r.example.com/x",
           "tlsrpt", "two");

    zone("v=STSv1; id=1;", 14, "\"v=STSv1; id=1;\"", "plain");
    zone("a\"b\\c", 5, "\"a\\\"b\\\\c\"", "escaped");
    zone("", 0, "\"\"", "empty");
    memset(a511, 'a', sizeof(a511));
    memset(want, 'a', sizeof(want));
    want[0] = '"';
    memcpy(want + 256, "\" \"", 3);
    memcpy(want + 514, "\" \"", 3);
    memcpy(want + 518, "\"", 2);
    zone(a511, 511, want, "255 + 255 + 1");
    want[256] = '"';
    want[257] = '\0';
    zone(a511, 255, want, "255");
    return done();
}
