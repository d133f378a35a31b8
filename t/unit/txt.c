/* The TXT records as DNS has them: what senders take them for, what they
 * read in them, and where they go wrong. */

#include "../../src/core/txt.h"
#include "tap.h"

#include <stdlib.h>

#define ID32 "abcdefghijklmnopqrstuvwxyzABCDEF"

static void classes(void)
{
    static const struct {
        const char *in;
        mtasts_txt_class want;
        size_t at;
    } cases[] = {
        {"v=STSv1;", MTASTS_IS_MEANT, 0},
        {"v=STSv1; id=a;", MTASTS_IS_MEANT, 0},
        {"v=STSv1;rubbish", MTASTS_IS_MEANT, 0},
        {"v=STSv1 ;id=a", MTASTS_IS_NEAR_MISS, 8},
        {"v=STSv1", MTASTS_IS_NEAR_MISS, 8},
        {"v=STSv1, id=a", MTASTS_IS_NEAR_MISS, 8},
        {"v=STSv1:id=a", MTASTS_IS_NEAR_MISS, 8},
        {"v=STSv10; id=a", MTASTS_IS_NEAR_MISS, 8},
        {"v=stsv1; id=a", MTASTS_IS_NEAR_MISS, 3},
        {"v=STSV1; id=a", MTASTS_IS_NEAR_MISS, 6},
        {"V=STSv1; id=a", MTASTS_IS_NEAR_MISS, 1},
        {"v=STS1; id=a", MTASTS_IS_NEAR_MISS, 6},
        {"v=STS; id=a", MTASTS_IS_NEAR_MISS, 6},
        {"v = STSv1; id=a", MTASTS_IS_NEAR_MISS, 2},
        {" v=STSv1; id=a", MTASTS_IS_NEAR_MISS, 1},
        {"\tv=STSv1; id=a", MTASTS_IS_NEAR_MISS, 1},
        {"\"v=STSv1; id=a\"", MTASTS_IS_NEAR_MISS, 1},
        {"\\\"v=STSv1; id=a\\\"", MTASTS_IS_NEAR_MISS, 1},
        {"\xef\xbb\xbfv=STSv1; id=a", MTASTS_IS_NEAR_MISS, 1},
        {"v=\"STSv1\"; id=a", MTASTS_IS_NEAR_MISS, 3},
        {"\"v=STSv1, id=a\"", MTASTS_IS_NEAR_MISS, 1},
        {"id=a; v=STSv1;", MTASTS_IS_NEAR_MISS, 1},
        {"STSv1; id=a", MTASTS_IS_NEAR_MISS, 1},
        {"version: STSv1", MTASTS_IS_NEAR_MISS, 2},
        {"_mta-sts IN TXT v=STSv1; id=a", MTASTS_IS_NEAR_MISS, 1},
        {"", MTASTS_IS_FOREIGN, 0},
        {"v", MTASTS_IS_FOREIGN, 0},
        {"v=", MTASTS_IS_FOREIGN, 0},
        {"v=spf1 -all", MTASTS_IS_FOREIGN, 0},
        {"v=DMARC1; p=none", MTASTS_IS_FOREIGN, 0},
        {"v=TLSRPTv1; rua=mailto:a@b", MTASTS_IS_FOREIGN, 0},
        {"google-site-verification=abc", MTASTS_IS_FOREIGN, 0},
    };
    static const struct {
        const char *in;
        mtasts_txt_class want;
    } reports[] = {
        {"v=TLSRPTv1;", MTASTS_IS_MEANT},
        {"v=TLSRPTv1; rua=mailto:a@b", MTASTS_IS_MEANT},
        {"v=TLSRPTv1", MTASTS_IS_NEAR_MISS},
        {"v=TLSRPTv1 ; rua=mailto:a@b", MTASTS_IS_NEAR_MISS},
        {"v=tlsrptv1; rua=mailto:a@b", MTASTS_IS_NEAR_MISS},
        {"v=TLSRPT1; rua=mailto:a@b", MTASTS_IS_NEAR_MISS},
        {"v=TLS-RPTv1; rua=mailto:a@b", MTASTS_IS_NEAR_MISS},
        {"\"v=TLSRPTv1; rua=mailto:a@b\"", MTASTS_IS_NEAR_MISS},
        {"v=STSv1; id=a", MTASTS_IS_FOREIGN},
        {"v=DMARC1; rua=mailto:a@b", MTASTS_IS_FOREIGN},
        {"", MTASTS_IS_FOREIGN},
    };
    mtasts_txt_fault why;
    size_t i;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        size_t len = strlen(cases[i].in);

        why.at = 0;
        ok(mtasts_sts_classify(cases[i].in, len, &why) == cases[i].want,
           "class", cases[i].in);
        ok(why.at == cases[i].at, "differs at", cases[i].in);
    }
    for (i = 0; i < sizeof(reports) / sizeof(reports[0]); i++) {
        ok(mtasts_tlsrpt_classify(reports[i].in, strlen(reports[i].in), &why) ==
               reports[i].want,
           "TLSRPT class", reports[i].in);
    }
}

/* `want` is NULL where the record is wrong, `at` a character. */
static void ids(void)
{
    static const struct {
        const char *in, *want;
        size_t at;
    } cases[] = {
        {"v=STSv1; id=20260131T000000;", "20260131T000000", 0},
        {"v=STSv1;id=a", "a", 0},
        {"v=STSv1;id=a;", "a", 0},
        {"v=STSv1; id=a", "a", 0},
        {"v=STSv1 ;\t id=a", "a", 0}, /* grammar; senders discard it */
        {"v=STSv1; id=a ; ", "a", 0},
        {"v=STSv1; id=" ID32, ID32, 0},
        {"v=STSv1; x=1; id=a", "a", 0},
        {"v=STSv1; id=a; x-y.z_1=!:<>~\"", "a", 0},
        {"v=STSv1; id=a; id=b", "a", 0},
        {"v=STSv1; id=a; id=not-an-id", "a", 0},
        {"v=STSv1; ID=b; id=a", "a", 0},
        {"v=STSv1; idx=b; id=a", "a", 0},
        {"v=STSv1; id=a; " ID32 "=1", "a", 0},
        {"v=STSv1; id=a; " ID32 "x=1", NULL, 48},
        {"v=STSv1; id=" ID32 "x", NULL, 45},
        {"v=STSv1;", NULL, 9},
        {"v=STSv1; ", NULL, 10},
        {"v=STSv1; x=1;", NULL, 14},
        {"v=STSv1; id", NULL, 12},
        {"v=STSv1; id=", NULL, 13},
        {"v=STSv1; id=;", NULL, 13},
        {"v=STSv1; id= a", NULL, 13},
        {"v=STSv1; id =a", NULL, 12},
        {"v=STSv1; Id=a", NULL, 10},
        {"v=STSv1; id=2026-01-31", NULL, 17},
        {"v=STSv1; id=12:30", NULL, 15},
        {"v=STSv1; id=a=b", NULL, 14},
        {"v=STSv1; id=a ", NULL, 14},
        {"v=STSv1; id=a b", NULL, 15},
        {"v=STSv1; id=a, x=1", NULL, 14},
        {"v=STSv1; id=\"a\"", NULL, 13},
        {"v=STSv1; id=a\"", NULL, 14},
        {"v=STSv1;; id=a", NULL, 9},
        {"v=STSv1; id=a;;", NULL, 15},
        {"v=STSv1; id=a; ;", NULL, 16},
        {"v=STSv1; id=a; x", NULL, 17},
        {"v=STSv1; id=a; x=", NULL, 18},
        {"v=STSv1; id=a; x==", NULL, 18},
        {"v=STSv1; id=a; x=1=2", NULL, 19},
        {"v=STSv1; id=a; x=1 2", NULL, 20},
        {"v=STSv1; id=a; -x=1", NULL, 16},
        {"v=STSv1; id=a; x+y=1", NULL, 17},
        {"v=STSv1; id=a; x=\xc3\xa4", NULL, 18},
        {"v=STSv1; id=\xc3\xa4", NULL, 13},
        {"v=STSv1; id=a\n", NULL, 14},
        {"v=STSv1 id=a", NULL, 9},
        {"v=STSv2; id=a", NULL, 7},
        {"v=sts", NULL, 3},
        {"", NULL, 1},
    };
    char id[MTASTS_ID_SIZE];
    mtasts_txt_fault why;
    size_t i;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        int taken =
            mtasts_sts_parse(cases[i].in, strlen(cases[i].in), id, &why);

        if (cases[i].want) {
            is_str(taken ? id : "refused", cases[i].want, "id", cases[i].in);
        }
        else if (!ok(!taken && why.at == cases[i].at && *why.expected, "fault",
                     cases[i].in)) {
            printf("#   %d at %lu\n", taken, (unsigned long)why.at);
        }
    }
    ok(!mtasts_sts_parse("v=STSv1; id=a\0b", 15, id, &why) && why.at == 14,
       "fault", "NUL in the id");
    ok(!mtasts_sts_parse("v=STSv1; id=ab", 12, id, &why) && why.at == 13,
       "fault", "nothing behind the end is read");
}

static void reports(void)
{
    static const struct {
        const char *in, *want; /* URIs with a blank between */
        size_t at;
    } cases[] = {
        {"v=TLSRPTv1; rua=mailto:a@b.example", "mailto:a@b.example", 0},
        {"v=TLSRPTv1;rua=mailto:a@b;", "mailto:a@b", 0},
        {"v=TLSRPTv1; rua=mailto:a@b , https://c.example/d?e=f ;",
         "mailto:a@b https://c.example/d?e=f", 0},
        {"v=TLSRPTv1; rua=MAILTO:a@b,HTTPS://c", "MAILTO:a@b HTTPS://c", 0},
        {"v=TLSRPTv1; rua=mailto:a%21@b", "mailto:a%21@b", 0},
        {"v=TLSRPTv1; x=1; rua=mailto:a@b; y=2", "mailto:a@b", 0},
        {"v=TLSRPTv1; rua=mailto:a@b; rua=mailto:c@d, mailto:e@f", "mailto:a@b",
         0},
        {"v=TLSRPTv1; rua=mailto:a@b; rua=x", "mailto:a@b", 0},
        {"v=TLSRPTv1; rua=mailto:a@b; rua=x y", NULL, 35},
        {"v=TLSRPTv1;", NULL, 12},
        {"v=TLSRPTv1; x=1", NULL, 16},
        {"v=TLSRPTv1; RUA=mailto:a@b", NULL, 13},
        {"v=TLSRPTv1; rua=", NULL, 17},
        {"v=TLSRPTv1; rua=a@b", NULL, 17},
        {"v=TLSRPTv1; rua=http://a", NULL, 17},
        {"v=TLSRPTv1; rua=mailto:", NULL, 24},
        {"v=TLSRPTv1; rua=mailto:a@b,", NULL, 28},
        {"v=TLSRPTv1; rua=mailto:a@b,,mailto:c@d", NULL, 28},
        {"v=TLSRPTv1; rua=mailto:a@b mailto:c@d", NULL, 28},
        {"v=TLSRPTv1; rua=mailto:a@b!10m", NULL, 27},
        {"v=TLSRPTv1; rua=mailto:a%2@b", NULL, 25},
        {"v=TLSRPTv1; rua=mailto:a@b%2", NULL, 27},
        {"v=TLSRPTv1; rua=mailto:<a@b>", NULL, 24},
        {"v=TLSRPTv1; rua=mailto:a@b\"", NULL, 27},
        {"v=TLSRPTv1; rua=mailto:a@b ", NULL, 27},
        {"v=TLSRPTv1 rua=mailto:a@b", NULL, 12},
        {"v=TLSRPTv2; rua=mailto:a@b", NULL, 10},
    };
    size_t i;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char got[256] = "";
        mtasts_txt_part rua, uri;
        mtasts_txt_fault why = {0, ""};
        int taken =
            mtasts_tlsrpt_parse(cases[i].in, strlen(cases[i].in), &rua, &why);

        if (!cases[i].want) {
            if (!ok(!taken && why.at == cases[i].at && *why.expected,
                    "TLSRPT fault", cases[i].in)) {
                printf("#   %d at %lu\n", taken, (unsigned long)why.at);
            }
            continue;
        }
        while (taken && mtasts_tlsrpt_next(&rua, &uri)) {
            strcat(got, *got ? " " : "");
            strncat(got, uri.data, uri.len);
        }
        is_str(got, cases[i].want, "rua", cases[i].in);
    }
}

static void sets(void)
{
    static const struct {
        const char *a, *b;
        int want;
    } cases[] = {
        {"mailto:a@b", "mailto:a@b", 1},
        {"mailto:a@b", "MAILTO:A@B", 1},
        {"mailto:a@b", "mailto:a@bc", 0},
        {"mailto:a@b,https://c/d", "https://c/d , mailto:a@b", 1},
        {"mailto:a@b,mailto:a@b", "mailto:a@b", 1},
        {"mailto:a@b,mailto:c@d", "mailto:a@b", 0},
        {"mailto:a@b", "mailto:a@b,mailto:c@d", 0},
        {"https://C.example/d", "HTTPS://c.EXAMPLE/d", 1},
        {"https://c.example/d", "https://c.example/D", 0},
    };
    size_t i;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        mtasts_txt_part a = {cases[i].a, strlen(cases[i].a)};
        mtasts_txt_part b = {cases[i].b, strlen(cases[i].b)};

        ok(mtasts_tlsrpt_equal(&a, &b) == cases[i].want, cases[i].a,
           cases[i].b);
    }
}

static void huge(void)
{
    size_t len = 65535;
    char *data = malloc(len), id[MTASTS_ID_SIZE];
    mtasts_txt_part rua;
    mtasts_txt_fault why;

    memset(data, 'x', len);
    memcpy(data, "v=STSv1; id=a; x=", 17);
    ok(mtasts_sts_parse(data, len, id, &why), "64 kB", "a long value");
    memset(data + 12, 'x', 5);
    ok(!mtasts_sts_parse(data, len, id, &why) && why.at == 45, "64 kB",
       "a long id");
    memcpy(data, "v=TLSRPTv1; rua=mailto:a@", 25);
    ok(mtasts_tlsrpt_parse(data, len, &rua, &why) && rua.len == len - 16,
       "64 kB", "a long URI");
    memset(data, '\0', len);
    ok(mtasts_sts_classify(data, len, &why) == MTASTS_IS_FOREIGN, "64 kB",
       "of NUL");
    free(data);
}

int main(void)
{
    classes();
    ids();
    reports();
    sets();
    huge();
    return done();
}
