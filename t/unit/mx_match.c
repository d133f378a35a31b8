/* Which MX hosts a pattern stands for (RFC 8461 4.1). */

#include "../../src/core/mx_match.h"
#include "tap.h"

static const struct {
    const char *pattern, *host;
    int want;
} cases[] = {
    {"mail.example.com", "mail.example.com", 1},
    {"mail.example.com", "MAIL.Example.com", 1},
    {"Mail.example.COM", "mail.example.com", 1},
    {"mail.example.com.", "mail.example.com", 1},
    {"mail.example.com", "mail.example.com.", 1},
    {"mail.example.com", "mail.example.com..", 0},
    {"mail.example.com", "mail.example.org", 0},
    {"mail.example.com", "mail2.example.com", 0},
    {"mail.example.com", "a.mail.example.com", 0},
    {"mail.example.com", "mail.example.com.evil.example", 0},
    {"mail.example.com", "evilmail.example.com", 0},
    {"mail.example.com", "example.com", 0},
    {"mail.example.com", "mail.example.co", 0},
    {"mail.example.com", "mailxexample.com", 0},
    {"*.example.com", "mail.example.com", 1},
    {"*.example.com", "MAIL.EXAMPLE.COM.", 1},
    {"*.EXAMPLE.com.", "mail.example.com", 1},
    {"*.example.com", "example.com", 0},
    {"*.example.com", ".example.com", 0},
    {"*.example.com", "a.b.example.com", 0},
    {"*.example.com", "mail.example.com.evil.example", 0},
    {"*.example.com", "mailexample.com", 0},
    {"*.example.com", "mail.notexample.com", 0},
    {"*.example.com", "xn--mller-kva.example.com", 1},
    {"*.xn--mller-kva.example", "mx.XN--Mller-KVA.example", 1},
    {"*.example.com", "mx_1.example.com", 1},
    {"*.example.com", "a\\.b.example.com", 1},
    {"*.b.example.com", "a\\.b.example.com", 0},
    {"*.com", "example.com", 1},
    {"*.com", "com", 0},
    {"*.mx.example.com", "a.mx.example.com", 1},
    {"mail.*.com", "mail.example.com", 0},
    {"*", "mail", 0},
    {"*.", "mail.", 0},
    {"*.", "mail", 0},
    {"", "", 0},
    {".", ".", 0},
    {".", "", 0},
    {"mail.example.com", "", 0},
    {"*.example.com", "", 0},
    {"*.example.com", ".", 0},
    {"mail\\.", "mail\\", 0},
    {"mail.example.com", "mail.example.com\\.", 0},
    {"*.example.com", "mail.example.com\\", 0},
};

int main(void)
{
    size_t i;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        ok(mtasts_mx_match(cases[i].pattern, cases[i].host) == cases[i].want,
           cases[i].pattern, cases[i].host);
    }
    return done();
}
