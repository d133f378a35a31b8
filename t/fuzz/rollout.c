/* Any words for a plan, any date, and any way through it: the first line of the
 * input is the words, the second a date, the rest numbers. */

#include "fuzz.h"

#include "../../src/core/rollout.h"

#define MOST 20

/* ---- the words ---- */

static void must_say(const mtasts_finding *why)
{
    must_be_printable(why->text);
    must_be_printable(why->remedy);
    MUST(*why->text && *why->remedy);
    MUST(why->severity == mtasts_code_severity(why->code));
}

static int read_step(const char *word, mtasts_step *out)
{
    char text[MTASTS_STEP_SIZE];
    mtasts_finding why;
    mtasts_step again;

    if (!mtasts_step_parse(word, out, &why)) {
        must_say(&why);
        MUST(why.severity == MTASTS_REFUSED);
        return 0;
    }
    MUST(out->max_age >= 1 && out->max_age <= MTASTS_MAX_AGE_MAX);
    MUST(out->hold <= MTASTS_MAX_AGE_MAX && !out->hold == !strchr(word, '/'));
    mtasts_step_text(out, text);
    MUST(strlen(text) < sizeof(text));
    MUST(mtasts_step_parse(text, &again, &why));
    MUST(again.mode == out->mode && again.max_age == out->max_age &&
         again.hold == out->hold);
    return 1;
}

static int is_plan(const mtasts_step *steps, size_t n)
{
    size_t i;

    for (i = 0; i < n; i++) {
        if (steps[i].mode == MTASTS_MODE_NONE ||
            !steps[i].hold != (i == n - 1) ||
            (i && steps[i].mode < steps[i - 1].mode) ||
            (i && steps[i].mode == steps[i - 1].mode &&
             steps[i].max_age <= steps[i - 1].max_age)) {
            return 0;
        }
    }
    return n >= 1 && n <= MTASTS_STEPS_MAX;
}

static void doubt(void *ctx, const mtasts_finding *f)
{
    must_say(f);
    MUST(f->code == MTASTS_ROLLOUT_UNTESTED || f->code == MTASTS_ROLLOUT_LEAP);
    (*(int *)ctx)++;
}

static size_t read_words(char *words, mtasts_step *steps)
{
    size_t n = 0;
    char *word;

    for (word = strtok(words, " "); word && n < MOST;
         word = strtok(NULL, " ")) {
        n += (size_t)read_step(word, &steps[n]);
    }
    return n;
}

static int64_t read_start(const char *line)
{
    int64_t start = 0;
    mtasts_finding why;

    if (!mtasts_rollout_start_parse(line, &start, &why)) {
        must_say(&why);
        return 0;
    }
    MUST(start >= 1 && start <= INT64_C(253402300799));
    return start;
}

/* ---- the way ---- */

static int64_t take(const uint8_t **data, size_t *size, size_t bytes)
{
    uint64_t n = 0;

    while (bytes-- && *size) {
        n = n << 8 | *(*data)++;
        (*size)--;
    }
    return (int64_t)n;
}

/* What was kept never takes a domain further than a step ahead of what was released,
 * nor back behind it. */
static void check_resume(const mtasts_plan *plan, const mtasts_policy *released)
{
    int is_step, at, was;
    unsigned place = mtasts_plan_place(plan, released, &is_step);
    size_t i;

    for (i = 0; i < plan->n; i++) {
        at = mtasts_plan_resume(plan, plan->steps[i].mode,
                                plan->steps[i].max_age, 1, released, 1);
        was = mtasts_plan_resume(plan, plan->steps[i].mode,
                                 plan->steps[i].max_age, 1, released, 2);
        MUST(at == -1 || (at == (int)i && is_step && at >= (int)place &&
                          at <= (int)place + 1));
        MUST(was == -1 || (was == at && was == (int)place));
    }
}

static void check_place(const mtasts_plan *plan, int mode, uint32_t max_age)
{
    mtasts_policy policy = {(mtasts_mode)(mode % 3), max_age, NULL, 0};
    int is_step = -1, has_mode = 0;
    const mtasts_step *at =
        &plan->steps[mtasts_plan_place(plan, &policy, &is_step)];
    size_t i;

    MUST(at >= plan->steps && at < plan->steps + plan->n);
    if (policy.mode == MTASTS_MODE_NONE) {
        MUST(at == plan->steps && is_step == 1);
        return;
    }
    for (i = 0; i < plan->n; i++) {
        has_mode |= plan->steps[i].mode == policy.mode;
        MUST(is_step || plan->steps[i].mode != policy.mode ||
             plan->steps[i].max_age != max_age);
    }
    MUST(!is_step || (at->mode == policy.mode && at->max_age == max_age));
    MUST(!has_mode || at->mode == policy.mode);
    check_resume(plan, &policy);
    MUST(at->mode >= policy.mode || at->mode == plan->steps[plan->n - 1].mode);
}

static void check_calendar(const mtasts_plan *plan, const mtasts_progress *p,
                           int64_t now)
{
    mtasts_calendar_row rows[MTASTS_STEPS_MAX];
    size_t i, at = p ? p->step : 0;

    mtasts_rollout_calendar(plan, p, now, rows);
    for (i = 0; i < plan->n; i++) {
        MUST(i >= at || (rows[i].state == MTASTS_STEP_DONE && !rows[i].to));
        MUST(i != at || rows[i].state == MTASTS_STEP_CURRENT ||
             (rows[i].state == MTASTS_STEP_HELD && i < plan->n - 1));
        MUST(i <= at || (rows[i].state == MTASTS_STEP_AHEAD &&
                         rows[i].from == rows[i - 1].to));
        MUST(!rows[i].to == (i < at || i == plan->n - 1));
        MUST(i < at || !rows[i].to || rows[i].from == INT64_MAX ||
             rows[i].to > rows[i].from);
    }
}

static mtasts_rollout_state look(const mtasts_plan *plan, mtasts_progress *p,
                                 const mtasts_gate *gate, int64_t now)
{
    mtasts_progress was = *p;
    mtasts_rollout_state is = mtasts_rollout_look(plan, p, gate, now);

    MUST(p->step == was.step + (is == MTASTS_PLAN_GOES));
    MUST((is == MTASTS_PLAN_LASTS) == (was.step == plan->n - 1));
    if (is == MTASTS_PLAN_LASTS) {
        MUST(p->since == was.since && p->green == was.green &&
             p->looked == was.looked);
        return is;
    }
    MUST(p->since <= now && (p->green <= now || !p->green));
    if (is == MTASTS_PLAN_GOES) {
        uint32_t hold = plan->steps[was.step].hold;
        uint32_t least = hold < MTASTS_GATE_TIME ? hold : MTASTS_GATE_TIME;

        MUST(gate->green && was.green && p->since == now);
        MUST(now >= was.since && now - was.since >= (int64_t)hold);
        MUST(now - was.green >= (int64_t)least);
        MUST(!plan->start || now - plan->start >= (int64_t)hold);
    }
    else {
        MUST(p->looked == now && (gate->green || !p->green));
        MUST(mtasts_rollout_next(plan, p, now) > now);
        MUST((is == MTASTS_PLAN_HELD) ==
             (mtasts_rollout_held_since(plan, p) <= now));
    }
    return is;
}

/* From anywhere, if all is well. */
static void must_end(const mtasts_plan *plan, mtasts_progress p, int64_t now)
{
    mtasts_gate gate = {1, INT64_MAX};
    size_t n;

    for (n = 0; p.step < plan->n - 1 && n < 4 * plan->n; n++) {
        look(plan, &p, &gate, now);
        now = now > plan->start ? now : plan->start;
        now += MTASTS_MAX_AGE_MAX;
    }
    MUST(p.step == plan->n - 1);
}

static void run(const mtasts_plan *plan, const uint8_t *data, size_t size)
{
    mtasts_progress p;
    int64_t now = take(&data, &size, 8) / 4 + 1;
    int n = 100;

    p.step = (unsigned)(take(&data, &size, 1) % (int64_t)plan->n);
    p.since = take(&data, &size, 8) / 4;
    p.green = take(&data, &size, 8) / 4;
    p.looked = take(&data, &size, 8) / 4;
    check_place(plan, (int)take(&data, &size, 1),
                (uint32_t)take(&data, &size, 4));
    check_calendar(plan, NULL, now);
    while (size && n--) {
        mtasts_gate gate;
        int how = (int)take(&data, &size, 1);

        gate.green = how & 1;
        gate.gap = how & 2 ? 7200 : take(&data, &size, 8);
        now += how & 4   ? take(&data, &size, 2)
               : how & 8 ? -take(&data, &size, 3)
                         : take(&data, &size, 4);
        check_calendar(plan, &p, now);
        look(plan, &p, &gate, now);
    }
    must_end(plan, p, now);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const mtasts_step shipped[] = {{MTASTS_MODE_TESTING, 86400, 1209600},
                                          {MTASTS_MODE_ENFORCE, 86400, 604800},
                                          {MTASTS_MODE_ENFORCE, 604800, 60},
                                          {MTASTS_MODE_ENFORCE, 2419200, 0}};
    char *s = fuzz_string(data, size), *date, *rest = NULL;
    mtasts_plan plan = {shipped, 4, 0};
    mtasts_step steps[MOST];
    mtasts_finding why;
    int doubts = 0;
    size_t n;

    date = memchr(s, '\n', size);
    if (date) {
        *date++ = '\0';
        rest = memchr(date, '\n', size - (size_t)(date - s));
        if (rest) {
            *rest++ = '\0';
        }
        plan.start = read_start(date);
    }
    n = read_words(s, steps);
    MUST(mtasts_plan_check(steps, n, &why) == is_plan(steps, n));
    if (is_plan(steps, n)) {
        plan.steps = steps;
        plan.n = n;
        mtasts_plan_doubts(steps, n, "example.com", doubt, &doubts);
        MUST(doubts <= 2);
    }
    else {
        must_say(&why);
        MUST(why.code == MTASTS_ROLLOUT_ORDER);
    }
    if (rest) {
        size_t at = (size_t)(rest - s);

        run(&plan, data + at, size - at);
    }
    free(s);
    return 0;
}
