#include "rollout.h"

#include "moment.h"

#include <stdio.h>
#include <string.h>

#define WEEK     604800
#define LONG_AGE (4 * WEEK) /* of a first step that enforces */
#define WORD_MAX 64
#define WHY_MAX  200

/* ---- the words ---- */

static int step_refusal(const char *in, const char *what, mtasts_finding *why)
{
    MTASTS_FILL(why, MTASTS_ROLLOUT_STEP_SYNTAX, "", in, what);
    return 0;
}

int mtasts_step_parse(const char *in, mtasts_step *out, mtasts_finding *why)
{
    char mode[WORD_MAX], what[WHY_MAX], *max_age, *hold;

    if (strlen(in) >= sizeof(mode)) {
        return step_refusal(in, "it is too long", why);
    }
    memcpy(mode, in, strlen(in) + 1);
    hold = strchr(mode, '/');
    if (hold) {
        *hold++ = '\0';
    }
    max_age = strchr(mode, ':');
    if (!max_age) {
        return step_refusal(in, "it has no ':' and max_age behind its mode",
                            why);
    }
    *max_age++ = '\0';
    if (!mtasts_mode_parse(mode, &out->mode, why) ||
        !mtasts_max_age_parse(max_age, &out->max_age, why)) {
        return 0;
    }
    out->hold = 0;
    /* "14" would be seconds, and is meant to be days. */
    if (hold && (!mtasts_max_age_parse(hold, &out->hold, why) ||
                 hold[strspn(hold, "0123456789")] == '\0')) {
        snprintf(what, sizeof(what),
                 "behind the '/' comes its hold, a number with s, m, h, d or w "
                 "from 1s to 365d, and '%s' is none",
                 hold);
        return step_refusal(in, what, why);
    }
    return 1;
}

/* "2w": at most 10 digits and a letter. */
static int time_text(uint32_t seconds, char *out, size_t size)
{
    static const struct {
        uint32_t seconds;
        const char *unit;
    } units[] = {{WEEK, "w"}, {86400, "d"}, {3600, "h"}, {60, "m"}, {1, "s"}};
    size_t i = 0;

    while (seconds % units[i].seconds) {
        i++;
    }
    return snprintf(out, size, "%lu%s",
                    (unsigned long)(seconds / units[i].seconds), units[i].unit);
}

void mtasts_step_text(const mtasts_step *step, char out[MTASTS_STEP_SIZE])
{
    int at =
        snprintf(out, MTASTS_STEP_SIZE, "%s:", mtasts_mode_name(step->mode));

    at += time_text(step->max_age, out + at, (size_t)(MTASTS_STEP_SIZE - at));
    if (step->hold) {
        out[at++] = '/';
        time_text(step->hold, out + at, (size_t)(MTASTS_STEP_SIZE - at));
    }
}

int mtasts_rollout_start_parse(const char *in, int64_t *out,
                               mtasts_finding *why)
{
    if (!mtasts_moment_parse(in, out)) {
        MTASTS_FILL(why, MTASTS_ROLLOUT_START_VALUE, "", in);
        return 0;
    }
    *out += *out == 0;
    return 1;
}

/* ---- the plan ---- */

/* What is wrong with a step where it stands, in the words of rollout-order; NULL if
 * nothing is. */
static const char *misplaced(const mtasts_step *steps, size_t n, size_t i)
{
    const mtasts_step *step = &steps[i], *before = i ? step - 1 : NULL;

    if (step->mode == MTASTS_MODE_NONE) {
        return "has mode none, which takes a policy back and is no part of a "
               "plan";
    }
    if (before && step->mode < before->mode) {
        return "comes after enforce: a plan never lowers the mode";
    }
    if (before && step->mode == before->mode) {
        if (step->max_age < before->max_age) {
            return "has a shorter max_age than the step before it";
        }
        if (step->max_age == before->max_age) {
            return "is the same policy as the step before it, whose hold can "
                   "be made longer instead";
        }
    }
    if (i == n - 1) {
        return step->hold ? "is the last one, which lasts, and yet has a hold"
                          : NULL;
    }
    return step->hold ? NULL : "has no hold, though it is not the last one";
}

int mtasts_plan_check(const mtasts_step *steps, size_t n, mtasts_finding *why)
{
    char which[MTASTS_STEP_SIZE + 40], text[MTASTS_STEP_SIZE];
    const char *what = NULL;
    size_t i;

    if (n == 0 || n > MTASTS_STEPS_MAX) {
        MTASTS_FILL(why, MTASTS_ROLLOUT_ORDER, "", "the plan",
                    n ? "has more than 16 steps" : "has no step");
        return 0;
    }
    for (i = 0; i < n && !what; i++) {
        what = misplaced(steps, n, i);
    }
    if (what) {
        mtasts_step_text(&steps[i - 1], text);
        snprintf(which, sizeof(which), "step %u, %s,", (unsigned)i, text);
        MTASTS_FILL(why, MTASTS_ROLLOUT_ORDER, "", which, what);
    }
    return !what;
}

void mtasts_plan_doubts(const mtasts_step *steps, size_t n, const char *subject,
                        mtasts_finding_fn *found, void *ctx)
{
    char text[MTASTS_STEP_SIZE];
    mtasts_finding f;
    size_t i = 0;

    while (i < n && steps[i].mode != MTASTS_MODE_ENFORCE) {
        i++;
    }
    if (i == n) {
        return;
    }
    mtasts_step_text(&steps[i], text);
    if (i == 0) {
        MTASTS_FILL(&f, MTASTS_ROLLOUT_UNTESTED, subject, text);
        found(ctx, &f);
    }
    /* Whichever enforces later comes after this one, which is shorter. */
    if (steps[i].max_age > LONG_AGE) {
        MTASTS_FILL(&f, MTASTS_ROLLOUT_LEAP, subject, text);
        found(ctx, &f);
    }
}

unsigned mtasts_plan_place(const mtasts_plan *plan,
                           const mtasts_policy *released, int *is_step)
{
    const mtasts_step *step = plan->steps;
    size_t i, alike = plan->n;

    *is_step = 1;
    if (!released || released->mode == MTASTS_MODE_NONE) {
        return 0;
    }
    for (i = 0; i < plan->n && step[i].mode <= released->mode; i++) {
        if (step[i].mode == released->mode) {
            alike = i;
            if (step[i].max_age >= released->max_age) {
                break;
            }
        }
    }
    *is_step = alike < plan->n && step[alike].max_age == released->max_age;
    if (alike < plan->n) {
        return (unsigned)alike;
    }
    return (unsigned)(i < plan->n ? i : plan->n - 1);
}

int mtasts_plan_step(const mtasts_plan *plan, mtasts_mode mode,
                     uint32_t max_age)
{
    int i = (int)plan->n - 1;

    while (i >= 0 &&
           (plan->steps[i].mode != mode || plan->steps[i].max_age != max_age)) {
        i--;
    }
    return i;
}

int mtasts_plan_resume(const mtasts_plan *plan, mtasts_mode mode,
                       uint32_t max_age, int64_t since,
                       const mtasts_policy *released, int64_t released_at)
{
    int step = mtasts_plan_step(plan, mode, max_age), last = -1;

    if (released && released->mode != MTASTS_MODE_NONE) {
        last = mtasts_plan_step(plan, released->mode, released->max_age);
        if (last < 0) {
            return -1;
        }
    }
    if (step >= 0 && step == last) {
        return step;
    }
    return step == last + 1 && (!released || since >= released_at) ? step : -1;
}

/* ---- the way through it ---- */

static int64_t after(int64_t t, int64_t seconds)
{
    return t > INT64_MAX - seconds ? INT64_MAX : t + seconds;
}

static int64_t later(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* 1 if there is no more between the two, in whichever order. */
static int is_near(int64_t a, int64_t b, int64_t seconds)
{
    uint64_t apart =
        a > b ? (uint64_t)a - (uint64_t)b : (uint64_t)b - (uint64_t)a;

    return seconds >= 0 && apart <= (uint64_t)seconds;
}

static int64_t gate_time(const mtasts_step *step)
{
    return step->hold < MTASTS_GATE_TIME ? step->hold : MTASTS_GATE_TIME;
}

static int is_last(const mtasts_plan *plan, const mtasts_progress *progress)
{
    return progress->step + 1 >= plan->n;
}

int64_t mtasts_rollout_held_since(const mtasts_plan *plan,
                                  const mtasts_progress *progress)
{
    return after(later(progress->since, plan->start),
                 plan->steps[progress->step].hold);
}

int64_t mtasts_rollout_next(const mtasts_plan *plan,
                            const mtasts_progress *progress, int64_t now)
{
    int64_t green = progress->green ? progress->green : now;

    return is_last(plan, progress)
               ? 0
               : later(mtasts_rollout_held_since(plan, progress),
                       after(green, gate_time(&plan->steps[progress->step])));
}

/* A clock that went back makes what it said before useless, but for what lies as
 * far back in any case. */
static void note(mtasts_progress *progress, const mtasts_gate *gate,
                 int64_t now)
{
    if (progress->since > now) {
        progress->since = now;
    }
    if (!gate->green) {
        progress->green = 0;
    }
    else if (!progress->green || progress->green > now ||
             !is_near(progress->looked, now, gate->gap)) {
        progress->green = now;
    }
    progress->looked = now;
}

mtasts_rollout_state mtasts_rollout_look(const mtasts_plan *plan,
                                         mtasts_progress *progress,
                                         const mtasts_gate *gate, int64_t now)
{
    if (is_last(plan, progress)) {
        return MTASTS_PLAN_LASTS;
    }
    note(progress, gate, now);
    if (now < mtasts_rollout_held_since(plan, progress)) {
        return MTASTS_PLAN_HOLDS;
    }
    if (!progress->green || now < mtasts_rollout_next(plan, progress, now)) {
        return MTASTS_PLAN_HELD;
    }
    *progress = (mtasts_progress){progress->step + 1, now, 0, 0};
    return MTASTS_PLAN_GOES;
}

/* ---- the calendar ---- */

const char *mtasts_step_state_name(mtasts_step_state s)
{
    static const char *const names[] = {"done", "current", "held", "ahead"};

    return names[s];
}

void mtasts_rollout_calendar(const mtasts_plan *plan,
                             const mtasts_progress *progress, int64_t now,
                             mtasts_calendar_row *rows)
{
    mtasts_progress at = {0, now, 0, 0};
    int is_held;
    size_t i;

    if (progress) {
        at = *progress;
    }
    is_held =
        !is_last(plan, &at) && mtasts_rollout_held_since(plan, &at) <= now;
    for (i = 0; i < plan->n; i++) {
        if (i < at.step) {
            rows[i] = (mtasts_calendar_row){MTASTS_STEP_DONE, 0, 0};
        }
        else if (i == at.step) {
            rows[i].state = is_held ? MTASTS_STEP_HELD : MTASTS_STEP_CURRENT;
            rows[i].from = at.since;
            rows[i].to = mtasts_rollout_next(plan, &at, now);
        }
        else {
            rows[i].state = MTASTS_STEP_AHEAD;
            rows[i].from = rows[i - 1].to;
            rows[i].to =
                i + 1 < plan->n ? after(rows[i].from, plan->steps[i].hold) : 0;
        }
    }
}
