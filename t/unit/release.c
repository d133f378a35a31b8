/* May a new policy take the place of the one released before? */

#include "../../src/core/release.h"
#include "tap.h"

#define MOST 4

typedef struct {
    mtasts_mode mode;
    uint32_t max_age;
    const char *mx[MOST];
} one;

static mtasts_policy policy(const one *in)
{
    mtasts_policy p = {in->mode, in->max_age, in->mx, 0};

    while (p.nmx < MOST && in->mx[p.nmx]) {
        p.nmx++;
    }
    return p;
}

#define E MTASTS_MODE_ENFORCE
#define T MTASTS_MODE_TESTING
#define N MTASTS_MODE_NONE

static void ways_out(void)
{
    static const struct {
        const char *what;
        one to, from;
        int want;
    } cases[] = {
        {"equal", {E, 600, {"a.x", "b.x"}}, {E, 600, {"a.x", "b.x"}}, 1},
        {"other order", {E, 600, {"b.x", "a.x"}}, {E, 600, {"a.x", "b.x"}}, 1},
        {"none", {N, 86400, {0}}, {E, 600, {"a.x"}}, 1},
        {"none, longer", {N, 31557600, {0}}, {T, 600, {"a.x"}}, 1},
        {"testing from enforce", {T, 600, {"a.x"}}, {E, 600, {"a.x"}}, 1},
        {"enforce from testing", {E, 600, {"a.x"}}, {T, 600, {"a.x"}}, 0},
        {"testing from none", {T, 600, {"a.x"}}, {N, 600, {"a.x"}}, 0},
        {"enforce from none", {E, 600, {"a.x"}}, {N, 600, {0}}, 0},
        {"shorter", {E, 599, {"a.x"}}, {E, 600, {"a.x"}}, 1},
        {"longer", {E, 601, {"a.x"}}, {E, 600, {"a.x"}}, 0},
        {"testing, but longer", {T, 601, {"a.x"}}, {E, 600, {"a.x"}}, 0},
        {"one more", {E, 600, {"a.x", "b.x"}}, {E, 600, {"b.x"}}, 1},
        {"one less", {E, 600, {"a.x"}}, {E, 600, {"a.x", "b.x"}}, 0},
        {"testing, one less", {T, 600, {"a.x"}}, {E, 600, {"a.x", "b.x"}}, 0},
        {"another", {E, 600, {"b.x"}}, {E, 600, {"a.x"}}, 0},
        {"wider", {E, 600, {"*.x"}}, {E, 600, {"a.x", "b.x"}}, 1},
        {"narrower", {E, 600, {"a.x", "b.x"}}, {E, 600, {"*.x"}}, 0},
        {"wildcard", {E, 600, {"a.y", "*.x"}}, {E, 600, {"*.x"}}, 1},
        {"wildcard above", {E, 600, {"*.x"}}, {E, 600, {"*.b.x"}}, 0},
        {"wildcard below", {E, 600, {"*.b.x"}}, {E, 600, {"*.x"}}, 0},
        {"two labels", {E, 600, {"*.x"}}, {E, 600, {"a.b.x"}}, 0},
        {"the name itself", {E, 600, {"*.b.x"}}, {E, 600, {"b.x"}}, 0},
        {"of none all", {E, 600, {"a.x"}}, {E, 600, {0}}, 1},
        {"of some none", {E, 600, {0}}, {E, 600, {"a.x"}}, 0},
    };
    size_t i;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        mtasts_policy to = policy(&cases[i].to), from = policy(&cases[i].from);

        ok(mtasts_is_way_out(&to, &from) == cases[i].want, "way out",
           cases[i].what);
    }
}

/* Every code as an error, as the mode or the check may have it. */
static void holding_back(void)
{
    int i, held = 0;

    for (i = 0; i < MTASTS_CODES; i++) {
        const char *name = mtasts_code_name((mtasts_code)i);
        int cert = !strncmp(name, "cert-", 5) &&
                   mtasts_code_severity((mtasts_code)i) == MTASTS_ERROR;
        mtasts_finding f;

        MTASTS_FILL(&f, (mtasts_code)i, "example.com", "");
        f.severity = MTASTS_ERROR;
        f.blocks = 1;
        ok(mtasts_holds_back(&f) ==
               (i != MTASTS_CACHED_MX_UNMATCHED && i != MTASTS_TXT_MULTIPLE &&
                i != MTASTS_TXT_SYNTAX),
           name, "blocks");
        f.blocks = 0;
        ok(mtasts_holds_back(&f) == cert, name, "error that doesn't block");
        f.severity = MTASTS_WARNING;
        ok(!mtasts_holds_back(&f), name, "warning");
        held += cert;
    }
    ok(held == 5, "certificate", "five faults");
}

int main(void)
{
    ways_out();
    holding_back();
    return done();
}
