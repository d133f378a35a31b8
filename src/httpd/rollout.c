#include "rollout.h"
#include "memory.h"
#include "notes.h"
#include "released.h"
#include "strict.h"
#include "../store/body.h"

#include "apr_atomic.h"

static int is_strict(const mtasts_site *site)
{
    return mtasts_config_of(site->served->server)->check == MTASTS_CHECK_STRICT;
}

/* Nothing is served there until it is known which step it is. */
static int is_open(const mtasts_site *site)
{
    mtasts_release_state state = mtasts_released_state(site);

    return state == MTASTS_UNDECIDED || state == MTASTS_NEW;
}

void mtasts_rollout_go(apr_pool_t *p, const mtasts_site *site, unsigned step)
{
    if (site->release) {
        mtasts_released_step(site, step, is_strict(site));
        return;
    }
    /* A process that serves nothing. */
    if (!site->step) {
        ((mtasts_site *)site)->step = apr_pcalloc(p, sizeof(*site->step));
    }
    apr_atomic_set32(site->step, step);
}

/* As strict does at its own sites. */
static void serve(const mtasts_site *site)
{
    if (!is_strict(site)) {
        mtasts_released_set(site);
    }
}

int mtasts_rollout_progress(const mtasts_site *site,
                            const mtasts_ledger_domain *known,
                            mtasts_progress *progress)
{
    const mtasts_plan *plan = &site->served->plan;
    const mtasts_ledger_step *kept = known ? known->step : NULL;
    int step = kept ? mtasts_plan_resume(
                          plan, kept->mode, kept->max_age, kept->since,
                          known->released ? &known->released->policy : NULL,
                          known->released_at)
                    : -1;

    if (step < 0) {
        return 0;
    }
    progress->step = (unsigned)step;
    progress->since = kept->since;
    progress->green = kept->green;
    progress->looked = kept->looked;
    return 1;
}

int mtasts_rollout_is_near(const mtasts_site *site,
                           const mtasts_ledger_domain *known,
                           apr_uint32_t within)
{
    apr_int64_t now = apr_time_sec(apr_time_now()), next = 0;
    mtasts_progress progress;

    if (mtasts_rollout_progress(site, known, &progress) && progress.green) {
        next = mtasts_rollout_next(&site->served->plan, &progress, now);
    }
    return next && next < now + within;
}

/* What this server goes on serving while its plan is new, or else what was
 * released last, as the ledger knows. */
static int is_released(apr_pool_t *p, const mtasts_site *site,
                       const mtasts_ledger_domain *known, mtasts_policy *policy)
{
    mtasts_answer answer;

    if (site->release && mtasts_released_state(site) == MTASTS_HELD_TO_OTHER &&
        mtasts_released_answer(site, &answer) &&
        mtasts_body_policy(p, answer.body, answer.body_len, policy)) {
        return 1;
    }
    if (known && known->released) {
        *policy = known->released->policy;
        return 1;
    }
    return 0;
}

/* Other front ends, with another plan perhaps, may be further. */
static unsigned furthest(const mtasts_plan *plan,
                         const mtasts_ledger_domain *known, unsigned step)
{
    apr_int64_t now = apr_time_sec(apr_time_now());
    size_t i;
    int is_step;

    for (i = 0; known && i < known->history.npast; i++) {
        const mtasts_past *past = &known->history.past[i];

        if (past->last_served > now && past->first_served <= now) {
            unsigned at = mtasts_plan_place(plan, &past->policy, &is_step);

            step = at > step ? at : step;
        }
    }
    return step;
}

void mtasts_rollout_changed(const mtasts_site *site,
                            const mtasts_policy *released, unsigned step,
                            mtasts_finding *f)
{
    const mtasts_step was = {released->mode, released->max_age, 0};
    char was_text[MTASTS_STEP_SIZE], text[MTASTS_STEP_SIZE], number[12];

    mtasts_step_text(&was, was_text);
    mtasts_step_text(&site->served->plan.steps[step], text);
    apr_snprintf(number, sizeof(number), "%u", step + 1);
    MTASTS_FILL(f, MTASTS_ROLLOUT_PLAN_CHANGED, site->name->value, was_text,
                number, text);
}

/* rollout-plan-changed, once for a virtual host. */
typedef struct {
    apr_pool_t *p;
    const mtasts_served *of;
    apr_array_header_t *notes; /* mtasts_note */
    int wants_ledger, has_ledger;
} changes;

static void say_changes(changes *c)
{
    if (c->notes && c->notes->nelts) {
        mtasts_note_log(c->of->server, &APR_ARRAY_IDX(c->notes, 0, mtasts_note),
                        c->notes->nelts - 1);
    }
    c->notes = NULL;
}

static void add_change(changes *c, const mtasts_site *site,
                       const mtasts_policy *released, unsigned step)
{
    mtasts_finding f;

    if (c->of != site->served) {
        say_changes(c);
        c->of = site->served;
    }
    if (!c->notes) {
        c->notes = apr_array_make(c->p, 1, sizeof(mtasts_note));
    }
    mtasts_rollout_changed(site, released, step, &f);
    mtasts_keep(c->notes, &f);
}

/* Another front end may have gone on; nobody goes back. */
static void place(changes *c, const mtasts_site *site,
                  const mtasts_ledger_domain *known)
{
    int moves = !site->release || is_open(site) ||
                mtasts_released_state(site) != MTASTS_RELEASED;
    mtasts_progress progress;
    mtasts_policy policy;
    int is_step, was_released;

    if (!mtasts_rollout_progress(site, known, &progress)) {
        was_released = is_released(c->p, site, known, &policy);
        progress.step = furthest(
            &site->served->plan, known,
            mtasts_plan_place(&site->served->plan,
                              was_released ? &policy : NULL, &is_step));
        /* What strict holds back stays as it is, look by look. */
        if (!is_step && moves && site->release &&
            (!is_strict(site) || progress.step != mtasts_site_step(site))) {
            add_change(c, site, &policy, progress.step);
        }
    }
    if (moves || progress.step > mtasts_site_step(site)) {
        mtasts_rollout_go(c->p, site, progress.step);
    }
    serve(site);
}

/* DNS, where it is asked; or a ledger that can't be read for the moment. */
static int somebody_may_know(const changes *c, const mtasts_site *site)
{
    return mtasts_config_of(site->served->server)->check != MTASTS_CHECK_OFF ||
           (c->wants_ledger && !c->has_ledger);
}

void mtasts_rollout_begin(apr_pool_t *p, const apr_array_header_t *servers,
                          const apr_hash_t *known)
{
    mtasts_sites sites = {servers, 0, 0};
    changes c = {.p = p, .has_ledger = known != NULL};
    const mtasts_ledger_domain *d;
    const mtasts_site *site;

    c.wants_ledger =
        mtasts_memory_wanted(APR_ARRAY_IDX(servers, 0, server_rec *));
    while ((site = mtasts_sites_next(&sites)) != NULL) {
        if (!site->served->plan.n) {
            continue;
        }
        d = known ? apr_hash_get((apr_hash_t *)known, site->name->value,
                                 APR_HASH_KEY_STRING)
                  : NULL;
        if (!mtasts_rollout_is_open(site, d) || !somebody_may_know(&c, site)) {
            place(&c, site, d);
        }
    }
    say_changes(&c);
}

int mtasts_rollout_is_open(const mtasts_site *site,
                           const mtasts_ledger_domain *known)
{
    mtasts_progress progress;

    return site->served->plan.n && (!site->release || is_open(site)) &&
           !(known && known->released) &&
           !mtasts_rollout_progress(site, known, &progress);
}

void mtasts_rollout_place(apr_pool_t *p, const mtasts_site *site, unsigned step,
                          const apr_hash_t *known)
{
    mtasts_rollout_go(p, site, step);
    if (is_strict(site)) {
        mtasts_strict_begin_site(site, known);
    }
    else {
        mtasts_released_set(site);
    }
}
