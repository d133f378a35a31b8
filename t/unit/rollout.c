/* The plan: its words, what is doubtful about it, and the way through it. */

#include "../../src/core/rollout.h"
#include "tap.h"

#define T    MTASTS_MODE_TESTING
#define E    MTASTS_MODE_ENFORCE
#define H    3600
#define D    86400
#define W    604800
#define NOW  ((int64_t)1767268800)
#define MOST 18

/* ---- the words ---- */

static void steps(void)
{
    static const struct {
        const char *in;
        mtasts_step want;
        const char *text; /* "": as it is */
    } cases[] = {{"testing:1d/14d", {T, D, 14 * D}, "testing:1d/2w"},
                 {"enforce:1d/7d", {E, D, W}, "enforce:1d/1w"},
                 {"enforce:1w/28d", {E, W, 4 * W}, "enforce:1w/4w"},
                 {"enforce:4w", {E, 4 * W, 0}, ""},
                 {"Enforce:604800/90s", {E, W, 90}, "enforce:1w/90s"},
                 {"testing:1h/1s", {T, H, 1}, ""},
                 {"testing:61m/3h", {T, 3660, 3 * H}, ""},
                 {"testing:31557600/31557600s",
                  {T, 31557600, 31557600},
                  "testing:8766h/8766h"},
                 {"testing:31557599/31557599s",
                  {T, 31557599, 31557599},
                  "testing:31557599s/31557599s"},
                 {"none:1d", {MTASTS_MODE_NONE, D, 0}, ""}};
    size_t i;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const mtasts_step *want = &cases[i].want;
        char text[MTASTS_STEP_SIZE];
        mtasts_finding why;
        mtasts_step got;

        if (ok(mtasts_step_parse(cases[i].in, &got, &why), "step",
               cases[i].in)) {
            ok(got.mode == want->mode && got.max_age == want->max_age &&
                   got.hold == want->hold,
               "step is", cases[i].in);
            mtasts_step_text(&got, text);
            is_str(text, *cases[i].text ? cases[i].text : cases[i].in,
                   "step as text", cases[i].in);
        }
    }
}

static void no_steps(void)
{
    static const struct {
        const char *in, *code, *says; /* in the text */
    } cases[] = {
        {"", "rollout-step-syntax", "'' is not a step"},
        {"testing", "rollout-step-syntax", "no ':' and max_age"},
        {"testing/14d", "rollout-step-syntax", "no ':' and max_age"},
        {"1d/14d", "rollout-step-syntax", "no ':' and max_age"},
        {"testing:1d/", "rollout-step-syntax", "and '' is none"},
        {"testing:1d/0", "rollout-step-syntax", "and '0' is none"},
        {"testing:1d/14", "rollout-step-syntax", "and '14' is none"},
        {"testing:1d/53w", "rollout-step-syntax", "and '53w' is none"},
        {"testing:1d/14d/7d", "rollout-step-syntax", "and '14d/7d' is none"},
        {"testing:1d/14 d", "rollout-step-syntax", "and '14 d' is none"},
        {"testing:1d/14d,", "rollout-step-syntax", "and '14d,' is none"},
        {"testing:00000000000000000000000000000000000000000000000000000001d",
         "rollout-step-syntax", "too long"},
        {"test:1d/14d", "mode-value", "'test' is not a mode"},
        {":1d/14d", "mode-value", "'' is not a mode"},
        {"testing :1d", "mode-value", "'testing ' is not a mode"},
        {"testing:/14d", "max-age-syntax", "'' is not a time"},
        {"testing:1d:14d", "max-age-syntax", "'1d:14d' is not a time"},
        {"testing:0/14d", "max-age-zero", "'0'"},
        {"enforce:53w", "max-age-too-large", "'53w'"}};
    size_t i;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        mtasts_finding why;
        mtasts_step got;

        if (ok(!mtasts_step_parse(cases[i].in, &got, &why), "no step",
               cases[i].in)) {
            is_str(mtasts_code_name(why.code), cases[i].code, "no step",
                   cases[i].in);
            ok(strstr(why.text, cases[i].says) != NULL, "no step: says",
               why.text);
        }
    }
}

static void starts(void)
{
    int64_t t = 0;
    mtasts_finding why;

    ok(mtasts_rollout_start_parse("2026-01-01T12:00:00Z", &t, &why) && t == NOW,
       "start", "UTC");
    ok(mtasts_rollout_start_parse("1970-01-01", &t, &why) && t == 1, "start",
       "never 0, which is none");
    ok(!mtasts_rollout_start_parse("tomorrow", &t, &why), "start", "refused");
    is_str(mtasts_code_name(why.code), "rollout-start-value", "start", "code");
    is_str(why.text, "'tomorrow' is not a date", "start", "text");
}

/* Reads words with blanks between them; their number. */
static size_t read_plan(const char *words, mtasts_step *out)
{
    char word[64];
    mtasts_finding why;
    size_t n = 0;
    int len;

    while (n < MOST && sscanf(words, "%63s%n", word, &len) == 1) {
        n += (size_t)mtasts_step_parse(word, &out[n], &why);
        words += len;
    }
    return n;
}

/* ---- the plan ---- */

#define SHIPPED "testing:1d/14d enforce:1d/7d enforce:1w/28d enforce:4w"
#define EIGHT                                                                  \
    "testing:1s/1d testing:2s/1d testing:3s/1d testing:4s/1d testing:5s/1d "   \
    "testing:6s/1d testing:7s/1d testing:8s/1d "

static void plans(void)
{
    static const struct {
        const char *words, *says; /* NULL: it is one */
    } cases[] = {
        {SHIPPED, NULL},
        {"enforce:4w", NULL},
        {"testing:4w/1d enforce:1d", NULL},
        {"testing:1d/1d testing:1w", NULL},
        {"testing:1d/1d enforce:1d", NULL},
        {EIGHT "enforce:1s/1d enforce:2s/1d enforce:3s/1d enforce:4s/1d "
               "enforce:5s/1d enforce:6s/1d enforce:7s/1d enforce:8s",
         NULL},
        {EIGHT EIGHT "enforce:1d", "the plan has more than 16 steps"},
        {"", "the plan has no step"},
        {"none:1d", "step 1, none:1d, has mode none"},
        {"testing:1d/1d none:1d", "step 2, none:1d, has mode none"},
        {"enforce:1d/1d testing:1d", "step 2, testing:1d, comes after enforce"},
        {"testing:1d/1d enforce:1d/1d testing:2d/1d enforce:2d",
         "step 3, testing:2d/1d, comes after enforce"},
        {"testing:2d/1d testing:1d", "step 2, testing:1d, has a shorter"},
        {"enforce:1w/1d enforce:6d", "step 2, enforce:6d, has a shorter"},
        {"testing:1d/1d testing:24h",
         "step 2, testing:1d, is the same policy as the step before"},
        {"enforce:1d/1d", "step 1, enforce:1d/1d, is the last one, which "
                          "lasts, and yet has a hold"},
        {"testing:1d/14d enforce:1d/7d",
         "step 2, enforce:1d/1w, is the last one"},
        {"testing:1d enforce:1d", "step 1, testing:1d, has no hold"},
        {"testing:1d/1d enforce:1d enforce:1w", "step 2, enforce:1d, has no"}};
    mtasts_step list[MOST];
    size_t i;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        size_t n = read_plan(cases[i].words, list);
        mtasts_finding why;
        int taken = mtasts_plan_check(list, n, &why);

        ok(taken == !cases[i].says, "plan", cases[i].words);
        if (!taken && cases[i].says) {
            is_str(mtasts_code_name(why.code), "rollout-order", "plan",
                   cases[i].words);
            ok(!strncmp(why.text, cases[i].says, strlen(cases[i].says)),
               "plan: says", why.text);
        }
    }
}

/* " code: subject", and a step that is named. */
static void collect(void *ctx, const mtasts_finding *f)
{
    char *all = ctx;
    size_t at = strlen(all);

    snprintf(all + at, 1000 - at, " %s: %s%s;", mtasts_code_name(f->code),
             f->subject, strstr(f->text, "enforce:4w") ? " 4w" : "");
    ok(f->severity == MTASTS_WARNING && !f->blocks, "doubt", f->text);
}

static void doubts(void)
{
    static const struct {
        const char *words, *want;
    } cases[] = {
        {SHIPPED, ""},
        {"testing:1d/1d testing:52w", ""},
        {"testing:52w/1d enforce:4w", ""},
        {"testing:1d/1d enforce:4w/1d enforce:52w", ""},
        {"testing:1d/1d enforce:2419201", " rollout-leap: x.test;"},
        {"testing:1d/1d enforce:5w/1d enforce:52w", " rollout-leap: x.test;"},
        {"enforce:4w", " rollout-untested: x.test 4w;"},
        {"enforce:1d/1d enforce:52w", " rollout-untested: x.test;"},
        {"enforce:26w", " rollout-untested: x.test; rollout-leap: x.test;"}};
    mtasts_step list[MOST];
    size_t i;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char all[1000] = "";
        size_t n = read_plan(cases[i].words, list);

        mtasts_plan_doubts(list, n, "x.test", collect, all);
        is_str(all, cases[i].want, "doubts", cases[i].words);
    }
}

static void places(void)
{
    static const struct {
        const char *words;
        const char *released; /* as a step; "": none */
        unsigned want;
        int is_step;
    } cases[] = {{SHIPPED, "", 0, 1},
                 {SHIPPED, "none:1d", 0, 1},
                 {SHIPPED, "testing:1d", 0, 1},
                 {SHIPPED, "enforce:1d", 1, 1},
                 {SHIPPED, "enforce:1w", 2, 1},
                 {SHIPPED, "enforce:4w", 3, 1},
                 /* MTASTSMaxAge as it is by default: not to enforce at once */
                 {SHIPPED, "testing:1w", 0, 0},
                 {SHIPPED, "testing:60s", 0, 0},
                 {SHIPPED, "enforce:60s", 1, 0},
                 {SHIPPED, "enforce:2d", 2, 0},
                 {SHIPPED, "enforce:2w", 3, 0},
                 {SHIPPED, "enforce:52w", 3, 0},
                 {"testing:1d/1d testing:1w/1d enforce:1d", "testing:2d", 1, 0},
                 {"testing:1d/1d testing:1w/1d enforce:1d", "testing:2w", 1, 0},
                 {"testing:1d/1d testing:1w/1d enforce:1d", "testing:1w", 1, 1},
                 {"enforce:1d/1d enforce:1w", "testing:1w", 0, 0},
                 {"enforce:1d/1d enforce:1w", "testing:1d", 0, 0},
                 /* whoever writes that lowers it */
                 {"testing:1d/1d testing:1w", "enforce:1d", 1, 0}};
    mtasts_step list[MOST], was;
    mtasts_finding why;
    size_t i;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        mtasts_plan plan = {list, read_plan(cases[i].words, list), 0};
        mtasts_policy policy = {T, 0, NULL, 0};
        char what[128];
        int is_step = -1, any = *cases[i].released != '\0';

        if (any && mtasts_step_parse(cases[i].released, &was, &why)) {
            policy.mode = was.mode;
            policy.max_age = was.max_age;
        }
        snprintf(what, sizeof(what), "%s in %s", cases[i].released,
                 cases[i].words);
        ok(mtasts_plan_place(&plan, any ? &policy : NULL, &is_step) ==
                   cases[i].want &&
               is_step == cases[i].is_step,
           "place", what);
    }
}

/* A step that was kept, and what was released since. */
static void resumes(void)
{
    static const struct {
        const char *kept, *released; /* as steps; "": none */
        int64_t since, released_at;
        int want;
    } cases[] = {{"testing:1d", "", 1, 0, 0},
                 {"enforce:1d", "", 1, 0, -1},
                 {"testing:1d", "testing:1d", 1, 2, 0},
                 {"testing:1d", "testing:1d", 2, 1, 0},
                 {"enforce:1d", "testing:1d", 2, 1, 1},
                 {"enforce:1d", "testing:1d", 1, 1, 1},
                 {"enforce:1w", "testing:1d", 2, 1, -1},
                 {"enforce:4w", "enforce:4w", 1, 2, 3},
                 {"testing:1d", "enforce:1d", 2, 1, -1},
                 {"enforce:2d", "enforce:1d", 2, 1, -1},
                 /* by hand since */
                 {"enforce:1d", "testing:1d", 1, 2, -1},
                 {"testing:1d", "enforce:3w", 2, 1, -1},
                 {"enforce:4w", "testing:1w", 2, 1, -1},
                 {"testing:1d", "none:1d", 2, 1, 0},
                 {"testing:1d", "none:1d", 1, 2, -1},
                 {"enforce:1d", "none:1d", 2, 1, -1},
                 {"enforce:4w", "none:1d", 2, 1, -1}};
    mtasts_step list[MOST], kept, was;
    mtasts_finding why;
    size_t i;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        mtasts_plan plan = {list, read_plan(SHIPPED, list), 0};
        int any = *cases[i].released != '\0';
        mtasts_policy policy = {T, 0, NULL, 0};
        char what[160];

        mtasts_step_parse(cases[i].kept, &kept, &why);
        if (any) {
            mtasts_step_parse(cases[i].released, &was, &why);
            policy.mode = was.mode;
            policy.max_age = was.max_age;
        }
        snprintf(what, sizeof(what), "%s since %d after %s at %d",
                 cases[i].kept, (int)cases[i].since, cases[i].released,
                 (int)cases[i].released_at);
        ok(mtasts_plan_resume(&plan, kept.mode, kept.max_age, cases[i].since,
                              any ? &policy : NULL,
                              cases[i].released_at) == cases[i].want,
           "resumes", what);
    }
}

/* ---- the way through it ---- */

static const mtasts_step three[] = {{T, D, 10 * D}, {E, D, 6 * H}, {E, W, 0}};

/* One look each: `t` from NOW on. */
typedef struct {
    int64_t t;
    int green;
    mtasts_rollout_state want;
    unsigned step;
    int64_t since, of_green; /* from NOW; NEVER: 0 */
} sight;

#define NEVER   INT64_MIN
#define GAP     (2 * H)
#define HOLDS_0 MTASTS_PLAN_HOLDS, 0, 0

static int64_t from_now(int64_t t)
{
    return t == NEVER ? 0 : NOW + t;
}

static void follow(const char *name, int64_t start, mtasts_progress p,
                   const sight *sights, size_t n)
{
    mtasts_plan plan = {three, 3, start};
    size_t i;

    for (i = 0; i < n; i++) {
        const sight *s = &sights[i];
        mtasts_gate gate = {s->green, GAP};
        char what[64];
        mtasts_rollout_state is =
            mtasts_rollout_look(&plan, &p, &gate, NOW + s->t);

        snprintf(what, sizeof(what), "look %d at %ld h", (int)i,
                 (long)(s->t / H));
        ok(is == s->want && p.step == s->step &&
               p.since == from_now(s->since) &&
               p.green == from_now(s->of_green),
           name, what);
        ok(p.step == 2 || is == MTASTS_PLAN_GOES ? 1 : p.looked == NOW + s->t,
           name, "noted");
    }
}

#define FOLLOW(name, start, p, ...)                                            \
    follow(name, start, p, (const sight[]){__VA_ARGS__},                       \
           sizeof((const sight[]){__VA_ARGS__}) / sizeof(sight))

static void ways(void)
{
    mtasts_progress begun = {0, NOW, 0, 0};
    mtasts_progress late = {0, NOW, NOW + 8 * D, NOW + 10 * D - H};
    mtasts_progress next = {1, NOW, 0, 0};
    mtasts_progress wrong = {0, NOW + 400 * D, NOW + 400 * D, NOW + 401 * D};

    FOLLOW("a hold, and its gate", 0, begun, {0, 1, HOLDS_0, 0},
           {H, 1, HOLDS_0, 0}, {2 * H, 0, HOLDS_0, NEVER},
           {3 * H, 1, HOLDS_0, 3 * H});
    FOLLOW("goes when both are over", 0, late, {10 * D - 1, 1, HOLDS_0, 8 * D},
           {10 * D, 1, MTASTS_PLAN_GOES, 1, 10 * D, NEVER});
    FOLLOW("is held by a red gate", 0, late,
           {10 * D, 0, MTASTS_PLAN_HELD, 0, 0, NEVER},
           {10 * D + H, 0, MTASTS_PLAN_HELD, 0, 0, NEVER},
           {10 * D + 2 * H, 1, MTASTS_PLAN_HELD, 0, 0, 10 * D + 2 * H},
           {10 * D + 4 * H, 1, MTASTS_PLAN_HELD, 0, 0, 10 * D + 2 * H});
    FOLLOW("is held when nobody has looked for long", 0, late,
           {10 * D + H + 1, 1, MTASTS_PLAN_HELD, 0, 0, 10 * D + H + 1});
    FOLLOW("is not by a look that comes in time", 0, late,
           {10 * D + H, 1, MTASTS_PLAN_GOES, 1, 10 * D + H, NEVER});
    FOLLOW("a short hold needs all of it", 0, next,
           {1, 1, MTASTS_PLAN_HOLDS, 1, 0, 1},
           {2 * H, 1, MTASTS_PLAN_HOLDS, 1, 0, 1},
           {4 * H, 1, MTASTS_PLAN_HOLDS, 1, 0, 1},
           {6 * H, 1, MTASTS_PLAN_HELD, 1, 0, 1},
           {6 * H + 1, 1, MTASTS_PLAN_GOES, 2, 6 * H + 1, NEVER},
           {99 * D, 0, MTASTS_PLAN_LASTS, 2, 6 * H + 1, NEVER},
           {999 * D, 1, MTASTS_PLAN_LASTS, 2, 6 * H + 1, NEVER});
    FOLLOW("a clock that jumps ahead", 0, begun, {H, 1, HOLDS_0, H},
           {99 * D, 1, MTASTS_PLAN_HELD, 0, 0, 99 * D});
    FOLLOW("a clock that goes back", 0, late, {9 * D, 1, HOLDS_0, 9 * D},
           {-5, 1, MTASTS_PLAN_HOLDS, 0, -5, -5},
           {9 * D, 1, MTASTS_PLAN_HOLDS, 0, -5, 9 * D});
    FOLLOW("a clock that goes back a little", 0, late,
           {10 * D - 2 * H, 1, HOLDS_0, 8 * D},
           {10 * D, 1, MTASTS_PLAN_GOES, 1, 10 * D, NEVER});
    FOLLOW("a clock that goes back within a look's time", 0,
           ((mtasts_progress){0, NOW, NOW + 9 * D, NOW + 9 * D}),
           {9 * D - H, 1, HOLDS_0, 9 * D - H},
           {9 * D + H, 1, HOLDS_0, 9 * D - H});
    FOLLOW("a clock that was ahead", 0, wrong,
           {0, 1, MTASTS_PLAN_HOLDS, 0, 0, 0});
    FOLLOW("a start that is to come", NOW + D, late,
           {10 * D, 1, HOLDS_0, 8 * D}, {10 * D + 2 * H, 1, HOLDS_0, 8 * D});
    FOLLOW("a start that is to come, and is over", NOW + D,
           ((mtasts_progress){0, NOW, NOW + 8 * D, NOW + 11 * D - H}),
           {11 * D - 1, 1, HOLDS_0, 8 * D},
           {11 * D, 1, MTASTS_PLAN_GOES, 1, 11 * D, NEVER});
    FOLLOW("a start that has long been", NOW - 99 * D, late,
           {10 * D - 1, 1, HOLDS_0, 8 * D},
           {10 * D, 1, MTASTS_PLAN_GOES, 1, 10 * D, NEVER});
}

/* When the next one comes at the earliest. */
static void dates(void)
{
    static const struct {
        const char *what;
        mtasts_progress p; /* from NOW; 0 is 0 */
        int64_t start, now, next, held;
    } cases[] = {
        {"begun", {0, 1, 0, 0}, 0, 1, 10 * D + 1, 10 * D + 1},
        {"green", {0, 1, 5 * D, 6 * D}, 0, 6 * D, 10 * D + 1, 10 * D + 1},
        {"late green", {0, 1, 10 * D, 1}, 0, 10 * D, 11 * D, 10 * D + 1},
        {"red at last", {0, 1, 0, 1}, 0, 10 * D, 11 * D, 10 * D + 1},
        {"red for long", {0, 1, 0, 1}, 0, 20 * D, 21 * D, 10 * D + 1},
        {"short", {1, 1, 0, 0}, 0, 1, 6 * H + 1, 6 * H + 1},
        {"short, green since", {1, 1, 3, 3}, 0, H, 6 * H + 3, 6 * H + 1},
        {"short, red", {1, 1, 0, 3}, 0, H, 7 * H, 6 * H + 1},
        {"before the start", {0, 1, 0, 0}, 5 * D, 1, 15 * D, 15 * D},
        {"after the start", {0, 1, 0, 0}, -5 * D, 1, 10 * D + 1, 10 * D + 1}};
    mtasts_progress last = {2, NOW, 0, 0};
    mtasts_progress end = {0, INT64_MAX, INT64_MAX, 0};
    mtasts_plan plan = {three, 3, 0};
    size_t i;

    ok(mtasts_rollout_next(&plan, &last, NOW) == 0, "next", "of the last");
    ok(mtasts_rollout_next(&plan, &end, INT64_MAX) == INT64_MAX, "next",
       "at the end of time");
    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        mtasts_progress p = cases[i].p;

        plan.start = cases[i].start ? NOW + cases[i].start : 0;
        p.since += NOW;
        p.green += p.green ? NOW : 0;
        ok(mtasts_rollout_next(&plan, &p, NOW + cases[i].now) ==
               NOW + cases[i].next,
           "next", cases[i].what);
        ok(mtasts_rollout_held_since(&plan, &p) == NOW + cases[i].held,
           "held since", cases[i].what);
    }
}

/* "state from to" of each, in hours from NOW. */
static void calendar(const char *name, int64_t start, const mtasts_progress *p,
                     int64_t t, const char *want)
{
    mtasts_plan plan = {three, 3, start};
    mtasts_calendar_row rows[3];
    char all[256] = "";
    size_t i, at = 0;

    mtasts_rollout_calendar(&plan, p, NOW + t, rows);
    for (i = 0; i < 3; i++) {
        at += (size_t)snprintf(
            all + at, sizeof(all) - at, "%s %ld %ld; ",
            mtasts_step_state_name(rows[i].state),
            rows[i].from ? (long)((rows[i].from - NOW) / H) : -1,
            rows[i].to ? (long)((rows[i].to - NOW) / H) : -1);
    }
    is_str(all, want, "calendar", name);
}

static void calendars(void)
{
    mtasts_progress begun = {0, NOW, NOW + H, NOW + 2 * H};
    mtasts_progress red = {0, NOW, 0, NOW + 2 * H};
    mtasts_progress second = {1, NOW, NOW, NOW};
    mtasts_progress last = {2, NOW, 0, 0};

    calendar("none", 0, NULL, 0,
             "current 0 240; ahead 240 246; ahead 246 -1; ");
    calendar("none, with a start", NOW + 24 * H, NULL, 0,
             "current 0 264; ahead 264 270; ahead 270 -1; ");
    calendar("begun", 0, &begun, 2 * H,
             "current 0 240; ahead 240 246; ahead 246 -1; ");
    calendar("red, but no matter yet", 0, &red, 10 * D - 1,
             "current 0 263; ahead 263 269; ahead 269 -1; ");
    calendar("red", 0, &red, 10 * D,
             "held 0 264; ahead 264 270; ahead 270 -1; ");
    calendar("second", 0, &second, H, "done -1 -1; current 0 6; ahead 6 -1; ");
    calendar("last", 0, &last, 99 * D,
             "done -1 -1; done -1 -1; current 0 -1; ");
}

int main(void)
{
    steps();
    no_steps();
    starts();
    plans();
    doubts();
    places();
    resumes();
    ways();
    dates();
    calendars();
    return done();
}
