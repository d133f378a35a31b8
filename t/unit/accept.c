#include "../../src/core/accept.h"
#include "tap.h"

static const char *const types[] = {"text/html", "application/json",
                                    "application/openmetrics-text"};

static const struct {
    const char *accept;
    int want;
} cases[] = {
    {NULL, 0},
    {"", 0},
    {"*/*", 0},
    {"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", 0},
    {"application/json", 1},
    {"Application/JSON", 1},
    {"application/json;charset=utf-8", 1},
    {"application/json, text/html", 0},
    {"application/json, text/plain, */*", 1},
    {"application/*, */*", 1},
    {"application/json;q=0.9, */*", 0},
    {"application/json, text/html;q=0.9", 1},
    {"application/json;q=0.5, text/html;q=0.4", 1},
    {"application/json ; q=0.5 , text/html ; q=0.4", 1},
    {"application/json;Q=0.5,text/html;Q=0.4", 1},
    {"application/*", 1},
    {"text/*", 0},
    {"application/*;q=0.1, application/openmetrics-text", 2},
    /* Prometheus */
    {"application/openmetrics-text;version=1.0.0,application/"
     "openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/"
     "*;q=0.1",
     2},
    {"text/plain;version=0.0.4;q=0.3,*/*;q=0.1", 0},
    /* The most exact range counts, be it wanted less. */
    {"*/*, text/html;q=0", 1},
    {"*/*, text/*;q=0", 1},
    {"*/*;q=0.5, text/html;q=0.1, application/json;q=0.2", 2},
    {"text/html;q=0", -1},
    {"image/png", -1},
    {"text/html;q=2", -1},
    {"text/html;q=0.0001", -1},
    {"text/html;q=1.5", -1},
    {"text/html;q=", -1},
    {"text/html;q=a, application/json", 1},
    {"texthtml", -1},
    {"text/htm", -1},
    {"text/html2", -1},
    {"text", -1},
    {"*", -1},
    {"/*", -1},
    {",,;,", -1},
    {" , application/json , ", 1},
    {"x/y;p=\",\";q=1, application/json;q=0.5", 1},
    {"x/y;p=\"\\\",text/html\", application/json;q=0.5", 1},
    {"x/y;p=\"text/html, application/json", -1},
};

int main(void)
{
    size_t i;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const char *accept = cases[i].accept ? cases[i].accept : "none";
        int got = mtasts_accept(cases[i].accept, types, 3);

        if (!ok(got == cases[i].want, "accept", accept)) {
            printf("# got %d, want %d\n", got, cases[i].want);
        }
    }
    ok(mtasts_accept("*/*", types, 0) == -1, "accept", "no types");
    return done();
}
