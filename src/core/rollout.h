#ifndef MTASTS_ROLLOUT_H
#define MTASTS_ROLLOUT_H

/*
 * MTASTSRollout: from testing to enforce and from short to long max_age by a
 * plan.  Its words, where a domain is in it, and whether it may go on.  Pure
 * functions of their arguments, the clock `now` (seconds since 1970) included:
 * any thread, any process, no allocation.
 */

#include "finding.h"
#include "policy.h"

#include <stdint.h>

#define MTASTS_STEPS_MAX 16
#define MTASTS_STEP_SIZE 32
#define MTASTS_GATE_TIME                                                       \
    86400 /* s before the end of a hold; all of a shorter */

/* "mode:max_age/hold", the last one without "/hold". */
typedef struct {
    mtasts_mode mode;
    uint32_t max_age;
    uint32_t hold; /* s; 0: it lasts */
} mtasts_step;

typedef struct {
    const mtasts_step *steps; /* the caller's; they pass mtasts_plan_check() */
    size_t n;
    int64_t start; /* no hold begins before (MTASTSRolloutStart); 0: at once */
} mtasts_plan;

/* Reads one word of the directive: 1 and *out, or 0 and *why
 * (rollout-step-syntax, or what mode and max_age refuse).  A hold has the units of
 * max_age, at least 1 s and at most MTASTS_MAX_AGE_MAX. */
int mtasts_step_parse(const char *in, mtasts_step *out, mtasts_finding *why);

/* The step as a word, each time in the largest unit that divides it. */
void mtasts_step_text(const mtasts_step *step, char out[MTASTS_STEP_SIZE]);

/* Reads MTASTSRolloutStart, a moment as mtasts_moment_parse() takes it: 1 and *out,
 * never 0; or 0 and *why (rollout-start-value). */
int mtasts_rollout_start_parse(const char *in, int64_t *out,
                               mtasts_finding *why);

/* 1 if the steps are a plan: at least one, at most MTASTS_STEPS_MAX, the last and
 * no other without hold, none of mode none, no mode lowered, max_age not falling
 * within a mode, no two with equal mode and max_age; else 0 and *why
 * (rollout-order). */
int mtasts_plan_check(const mtasts_step *steps, size_t n, mtasts_finding *why);

/* What is doubtful about a plan: rollout-untested (enforce without a testing step
 * before), rollout-leap (max_age of more than 4 weeks in enforce without a shorter
 * enforce step before it). */
void mtasts_plan_doubts(const mtasts_step *steps, size_t n, const char *subject,
                        mtasts_finding_fn *found, void *ctx);

/* Where a domain is in its plan; what is kept of it.  A new step is written down,
 * in place of what was read and nothing else, before anybody serves it. */
typedef struct {
    unsigned step;
    int64_t since;  /* the step began */
    int64_t green;  /* every look since then found the gate green, and no two
                       were too far apart; 0: the last one did not */
    int64_t looked; /* the last look; 0: none yet */
} mtasts_progress;

/* What a look has found. */
typedef struct {
    int green;   /* no error and no `unknown` among what matters */
    int64_t gap; /* s: looks that are further apart (httpd was down) tell
                    nothing of what was between them */
} mtasts_gate;

typedef enum {
    MTASTS_PLAN_LASTS, /* the last step */
    MTASTS_PLAN_HOLDS, /* its hold is not over */
    MTASTS_PLAN_HELD,  /* it is over, and the gate is not green, or not long
                             enough */
    MTASTS_PLAN_GOES   /* *progress is at the next step from now on */
} mtasts_rollout_state;

/* After a look; changes *progress, whose step is one of the plan.  A clock that
 * went back to before the step began begins its hold anew rather than end it
 * early; one that jumped ahead ends no hold before the gate was seen green for the
 * gate's time.  What was green before the step began does not count for it. */
mtasts_rollout_state mtasts_rollout_look(const mtasts_plan *plan,
                                         mtasts_progress *progress,
                                         const mtasts_gate *gate, int64_t now);

/* When the step after `progress->step` can come at the earliest; 0 if there is
 * none. */
int64_t mtasts_rollout_next(const mtasts_plan *plan,
                            const mtasts_progress *progress, int64_t now);

/* Since when the step has been held by the gate: the end of its hold. */
int64_t mtasts_rollout_held_since(const mtasts_plan *plan,
                                  const mtasts_progress *progress);

/* The step at which an edited or new plan goes on, by the policy that was released
 * last (NULL: none was; *is_step is 1 then): the step with its mode and max_age; or
 * else, with *is_step 0, the first of its mode that is not shorter, or the last of
 * its mode, or the first of a stricter one, or the last of all.  So no mode is
 * raised before its time, and none lowered unless the plan has none like it.  One
 * in mode none is as none.
 *
 * Where nothing is kept (the ledger is new or lost), DNS may still know: of the steps
 * whose ids the TXT record has, by the resolver and on the zone's own servers, the
 * furthest counts; until that is known, nothing should be served.  (One that is
 * served elsewhere and not in DNS yet may well be served by others later.) */
unsigned mtasts_plan_place(const mtasts_plan *plan,
                           const mtasts_policy *released, int *is_step);

/* Which step has that mode and max_age; -1: none. */
int mtasts_plan_step(const mtasts_plan *plan, mtasts_mode mode,
                     uint32_t max_age);

/* The step that was kept as the current one, by its mode and max_age: where the plan
 * goes on; or -1, if it has no such step (any more), or a person has gone another way
 * since.  That is so unless the policy that was released last (NULL: none was) is of
 * that step; or of the one before it, as a step is kept before it is released: then
 * it was kept, `since`, after that was released, `released_at`. */
int mtasts_plan_resume(const mtasts_plan *plan, mtasts_mode mode,
                       uint32_t max_age, int64_t since,
                       const mtasts_policy *released, int64_t released_at);

/* What a row of the calendar is. */
typedef enum {
    MTASTS_STEP_DONE,
    MTASTS_STEP_CURRENT,
    MTASTS_STEP_HELD, /* current, and its hold is over */
    MTASTS_STEP_AHEAD
} mtasts_step_state;

/* "done", "current", "held", "ahead". */
const char *mtasts_step_state_name(mtasts_step_state s);

typedef struct {
    mtasts_step_state state;
    int64_t from; /* 0: not known (a step that was done) */
    int64_t to;   /* at the earliest; 0: it lasts, or not known */
} mtasts_calendar_row;

/* Fills rows[0] to rows[plan->n - 1]; with `progress` NULL as if it began now. */
void mtasts_rollout_calendar(const mtasts_plan *plan,
                             const mtasts_progress *progress, int64_t now,
                             mtasts_calendar_row *rows);

#endif
