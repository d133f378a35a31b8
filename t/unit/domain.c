/* Policy domains and mx patterns: what is taken, in which form, and what is
 * refused for which reason. */

#include "../../src/core/domain.h"
#include "tap.h"

#define L63 "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijk"
#define N253                                                                   \
    L63 "." L63 "." L63 "."                                                    \
        "abcdefghijklmnopqrstuvwxyz"                                           \
        "abcdefghijklmnopqrstuvwxyz.abcdefg."
#define N247                                                                   \
    L63 "." L63 "." L63 "."                                                    \
        "abcdefghijklmnopqrstuvwxyz"                                           \
        "abcdefghijklmnopqrstuvwxyz.abc"

static const struct {
    const char *in;
    const char *mx;     /* as an mx pattern; NULL: refused */
    int mx_code;        /* for what */
    const char *domain; /* as a policy domain */
    int domain_code;
} cases[] = {
#define SAME(in, out)                                                          \
    {                                                                          \
        in, out, 0, out, 0                                                     \
    }
#define BOTH(in, code)                                                         \
    {                                                                          \
        in, NULL, code, NULL, code                                             \
    }
#define MXONLY(in, out)                                                        \
    {                                                                          \
        in, out, 0, NULL, MTASTS_DOMAIN_WILDCARD                               \
    }
#define STAR(in)                                                               \
    {                                                                          \
        in, NULL, MTASTS_MX_WILDCARD, NULL, MTASTS_DOMAIN_WILDCARD             \
    }
    SAME("mail.example.com", "mail.example.com"),
    SAME("Mail.EXAMPLE.com", "mail.example.com"),
    SAME("mail.example.com.", "mail.example.com"),
    SAME("a", "a"),
    SAME("xn--mller-kva.example", "xn--mller-kva.example"),
    SAME("1.example.com", "1.example.com"),
    SAME("1.2.3.4.in-addr.arpa", "1.2.3.4.in-addr.arpa"),
    SAME(L63 ".com", L63 ".com"),
    MXONLY("*.example.com", "*.example.com"),
    MXONLY("*.Example.Com.", "*.example.com"),
    MXONLY("*.com", "*.com"),
    STAR("*"),
    STAR("*."),
    STAR("mail.*.com"),
    STAR("*foo.example.com"),
    STAR("f*o.example.com"),
    STAR("mail.example.*"),
    STAR("*.*.example.com"),
    STAR("**.example.com"),
    STAR("*example.com"),
    BOTH("", MTASTS_NAME_EMPTY),
    BOTH(".", MTASTS_NAME_EMPTY),
    BOTH(".example.com", MTASTS_NAME_LABEL),
    BOTH("mail..example.com", MTASTS_NAME_LABEL),
    BOTH("mail.example.com..", MTASTS_NAME_LABEL),
    BOTH("-mail.example.com", MTASTS_NAME_LABEL),
    BOTH("mail-.example.com", MTASTS_NAME_LABEL),
    BOTH(L63 "x.com", MTASTS_NAME_LABEL),
    BOTH(L63 "." L63 "." L63 "." L63, MTASTS_NAME_TOO_LONG),
    BOTH("192.0.2.1", MTASTS_NAME_ADDRESS),
    BOTH("192.0.2.1.", MTASTS_NAME_ADDRESS),
    BOTH("[192.0.2.1]", MTASTS_NAME_ADDRESS),
    BOTH("[IPv6:2001:db8::1]", MTASTS_NAME_ADDRESS),
    BOTH("2001:db8::1", MTASTS_NAME_ADDRESS),
    BOTH("mail.example.123", MTASTS_NAME_ADDRESS),
    BOTH("12345", MTASTS_NAME_ADDRESS),
    {"*.192.0.2.1", NULL, MTASTS_NAME_ADDRESS, NULL, MTASTS_DOMAIN_WILDCARD},
    BOTH("mail_1.example.com", MTASTS_NAME_CHARACTER),
    BOTH("mail.example.com,mail2.example.com", MTASTS_NAME_CHARACTER),
    BOTH("mail example.com", MTASTS_NAME_CHARACTER),
    BOTH("mail\n.example.com", MTASTS_NAME_CHARACTER),
    BOTH("mail\001.example.com", MTASTS_NAME_CHARACTER),
    BOTH("mail\177.example.com", MTASTS_NAME_CHARACTER),
    BOTH("mail.example.com:25", MTASTS_NAME_CHARACTER),
    BOTH("https://mail.example.com", MTASTS_NAME_CHARACTER),
    BOTH("user@example.com", MTASTS_NAME_CHARACTER),
    BOTH("m\xc3\xbcller.example", MTASTS_NAME_U_LABEL),
    BOTH("m\xfcller.example", MTASTS_NAME_U_LABEL),
    {N253, N253, 0, NULL, MTASTS_NAME_TOO_LONG},
    {N247, N247, 0, NULL, MTASTS_NAME_TOO_LONG},
};

static void check(const char *kind, const char *in, const char *want, int code,
                  int (*parse)(const char *, char *, mtasts_finding *))
{
    char out[MTASTS_NAME_SIZE] = "";
    char shown[80];
    mtasts_finding why;
    int taken = parse(in, out, &why);

    snprintf(shown, sizeof(shown), "%s of %u: ", kind, (unsigned)strlen(in));
    for (size_t i = strlen(shown); *in && i < sizeof(shown) - 1; in++, i++) {
        shown[i] = (char)(*in < ' ' || *in > '~' ? '?' : *in);
        shown[i + 1] = '\0';
    }
    if (!want) {
        ok(!taken, shown, "refused");
        is_str(taken ? "" : mtasts_code_name(why.code),
               mtasts_code_name((mtasts_code)code), shown, "code");
    }
    else if (ok(taken, shown, "taken")) {
        char form[MTASTS_NAME_SIZE];
        size_t len = strlen(want);

        /* N253 is written with its final dot. */
        memcpy(form, want, len + 1);
        if (form[len - 1] == '.') {
            form[len - 1] = '\0';
        }
        is_str(out, form, shown, "form");
    }
}

int main(void)
{
    size_t i;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        check("mx", cases[i].in, cases[i].mx, cases[i].mx_code,
              mtasts_mx_pattern_parse);
        check("domain", cases[i].in, cases[i].domain, cases[i].domain_code,
              mtasts_domain_parse);
    }
    return done();
}
