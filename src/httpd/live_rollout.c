/* The part of a run that has to do with the plans: may a domain go on to its next
 * step? */

#include "live_private.h"
#include "notes.h"
#include "released.h"
#include "rollout.h"
#include "soon.h"

#define GAP_MIN 3600 /* s */

/* --- where it begins --- */

/* The step whose id is in the answer, if it is further. */
static int step_in(const mtasts_site *site, const mtasts_dns_answer *txt,
                   int furthest)
{
    const mtasts_served *served = site->served;
    char id[MTASTS_ID_SIZE];
    int i = (int)served->nversions - 1;

    if (!mtasts_dns_txt_id(txt, id)) {
        return furthest;
    }
    while (i > furthest && strcmp(id, served->versions[i].id)) {
        i--;
    }
    return i;
}

/* Rather nothing than a step that was left behind. */
static void say_unknown(mtasts_live_site *l, const char *why)
{
    mtasts_finding f;

    l->unplaced = 1;
    MTASTS_FILL(&f, MTASTS_ROLLOUT_UNPLACED, l->site->name->value,
                l->site->name->value, why);
    mtasts_keep(l->notes, &f);
}

static void say_placed(const mtasts_site *site, unsigned step)
{
    char text[MTASTS_STEP_SIZE];

    mtasts_step_text(&site->served->plan.steps[step], text);
    ap_log_error(
        APLOG_MARK, APLOG_NOERRNO | APLOG_NOTICE, 0, site->served->server,
        "mtasts: %s: MTASTSRollout goes on at its step %u, %s, whose id "
        "is in the TXT record, as no ledger tells where it was",
        site->name->value, step + 1, text);
}

/* `zone` may be NULL. */
static void place(const mtasts_live *live, mtasts_live_site *l,
                  const mtasts_authority *zone)
{
    const mtasts_dns_answer *txt = l->facts->txt;
    int step = -1;
    size_t i;

    if (txt->status == MTASTS_DNS_TEMPFAIL) {
        say_unknown(l, txt->failure ? txt->failure : "no answer");
        return;
    }
    step = step_in(l->site, txt, step);
    for (i = 0; zone && i < zone->nservers; i++) {
        step = step_in(l->site, zone->servers[i].answer, step);
    }
    /* A ledger that can't be read for the moment may know of another one. */
    if (step < 0 && live->options->no_ledger) {
        say_unknown(l, "there is none of the plan's");
        return;
    }
    mtasts_rollout_place(live->pool, l->site, step < 0 ? 0 : (unsigned)step,
                         live->options->known);
    if (step >= 0 && live->options->running) {
        say_placed(l->site, (unsigned)step);
    }
}

void mtasts_live_place_plans(mtasts_live *live)
{
    apr_array_header_t *open =
        apr_array_make(live->pool, 1, sizeof(mtasts_live_site *));
    apr_array_header_t *names = apr_array_make(live->pool, 1, sizeof(char *));
    const mtasts_authorities *zones;
    int i;

    for (i = 0; i < live->sites->nelts; i++) {
        mtasts_live_site *l = mtasts_live_at(live, i);

        if (l->facts && mtasts_rollout_is_open(l->site, l->known)) {
            APR_ARRAY_PUSH(open, mtasts_live_site *) = l;
            APR_ARRAY_PUSH(names, const char *) = apr_pstrcat(
                live->pool, "_mta-sts.", l->site->name->value, NULL);
        }
    }
    zones = mtasts_live_ask_zones(live, names);
    for (i = 0; i < open->nelts; i++) {
        place(live, APR_ARRAY_IDX(open, i, mtasts_live_site *),
              zones ? mtasts_authorities_of(zones, (size_t)i) : NULL);
    }
}

/* --- the plan --- */

static mtasts_live_plan *plan_of(mtasts_live *live, mtasts_live_site *l)
{
    const char *domain = l->site->name->value;
    mtasts_live_plan *plan =
        apr_hash_get(live->plans, domain, APR_HASH_KEY_STRING);

    if (!plan) {
        plan = apr_pcalloc(live->pool, sizeof(*plan));
        plan->first = l;
        plan->reasons = apr_array_make(live->pool, 1, sizeof(char *));
        plan->sites = apr_array_make(live->pool, 1, sizeof(mtasts_live_site *));
        apr_hash_set(live->plans, domain, APR_HASH_KEY_STRING, plan);
    }
    APR_ARRAY_PUSH(plan->sites, mtasts_live_site *) = l;
    l->plan = plan;
    return plan;
}

/* What the ledger has, or the beginning of the step that the site is at. */
static void recall(const mtasts_live *live, mtasts_live_plan *plan)
{
    const mtasts_site *site = plan->first->site;

    if (!mtasts_rollout_progress(site, plan->first->known, &plan->is) ||
        plan->is.step != mtasts_site_step(site)) {
        memset(&plan->is, 0, sizeof(plan->is));
        plan->is.step = mtasts_site_step(site);
        plan->is.since = apr_time_sec(live->now);
    }
}

/* Many machines can't reach any port 25, and never will. */
static const char *mail_hint(const mtasts_live *live,
                             const mtasts_live_plan *plan)
{
    int i;

    for (i = 0; live->mx_nobody && i < plan->reasons->nelts; i++) {
        if (!strcmp(APR_ARRAY_IDX(plan->reasons, i, char *),
                    mtasts_code_name(MTASTS_MX_UNREACHABLE))) {
            return "No MX host can be reached from here: if port 25 is closed "
                   "for good, set MTASTSProbeMX Off and see to their TLS "
                   "yourself. ";
        }
    }
    return "";
}

static const char *in_words(apr_pool_t *p, const apr_array_header_t *reasons)
{
    const char *text = APR_ARRAY_IDX(reasons, 0, char *);
    int i;

    for (i = 1; i < reasons->nelts; i++) {
        text =
            apr_pstrcat(p, text, ", ", APR_ARRAY_IDX(reasons, i, char *), NULL);
    }
    return text;
}

static void say_held(const mtasts_live *live, const mtasts_live_plan *plan)
{
    const mtasts_plan *of = &plan->first->site->served->plan;
    const mtasts_step *step = &of->steps[plan->is.step];
    apr_int64_t now = apr_time_sec(live->now);
    char next[MTASTS_STEP_SIZE], since[MTASTS_TIME_SIZE],
        earliest[MTASTS_TIME_SIZE];
    mtasts_finding f;

    mtasts_step_text(&of->steps[plan->is.step + 1], next);
    mtasts_time_text(mtasts_rollout_held_since(of, &plan->is), since);
    mtasts_until_text(mtasts_rollout_next(of, &plan->is, now), earliest);
    MTASTS_FILL(
        &f, MTASTS_ROLLOUT_HELD, plan->first->site->name->value, next, since,
        in_words(live->pool, plan->reasons), mail_hint(live, plan),
        step->hold < MTASTS_GATE_TIME ? "all of its hold" : "a day", earliest);
    mtasts_keep(plan->first->notes, &f);
}

/* The policy that was released last is none of the plan's.  Who serves has said so
 * when the new one came. */
static void say_changed(const mtasts_live *live, const mtasts_live_plan *plan)
{
    const mtasts_live_site *l = plan->first;
    const mtasts_past *released = l->known ? l->known->released : NULL;
    mtasts_finding f;
    int is_step = 1;

    if (released && !live->options->running) {
        (void)mtasts_plan_place(&l->site->served->plan, &released->policy,
                                &is_step);
    }
    if (!is_step) {
        mtasts_rollout_changed(l->site, &released->policy, plan->is.step, &f);
        mtasts_keep(l->notes, &f);
    }
}

/* Another front end has another plan, and serves the step that was kept. */
static int is_anothers(const mtasts_live *live, const mtasts_live_site *l)
{
    const mtasts_ledger_step *kept = l->known ? l->known->step : NULL;
    char mine[MTASTS_ID_SIZE] = "";
    mtasts_answer answer;
    size_t i;

    if (!kept || !l->known->served_elsewhere ||
        mtasts_plan_step(&l->site->served->plan, kept->mode, kept->max_age) >=
            0) {
        return 0;
    }
    if (mtasts_released_answer(l->site, &answer)) {
        (void)mtasts_released_digest(l->site, &answer, mine);
    }
    for (i = 0; i < l->known->history.npast; i++) {
        const mtasts_past *past = &l->known->history.past[i];

        if (past->policy.mode == kept->mode &&
            past->policy.max_age == kept->max_age &&
            past->last_served > apr_time_sec(live->now) &&
            strcmp(past->digest, mine)) {
            return 1;
        }
    }
    return 0;
}

static void say_elsewhere(const mtasts_live_plan *plan)
{
    const mtasts_live_site *l = plan->first;
    const mtasts_ledger_step *kept = l->known->step;
    const mtasts_step theirs = {kept->mode, kept->max_age, 0};
    char theirs_text[MTASTS_STEP_SIZE], text[MTASTS_STEP_SIZE], number[12];
    mtasts_finding f;

    mtasts_step_text(&theirs, theirs_text);
    mtasts_step_text(&l->site->served->plan.steps[plan->is.step], text);
    apr_snprintf(number, sizeof(number), "%u", plan->is.step + 1);
    MTASTS_FILL(&f, MTASTS_ROLLOUT_ELSEWHERE, l->site->name->value, theirs_text,
                number, text);
    mtasts_keep(l->notes, &f);
}

/* Looks that are further apart than that tell nothing of what was between. */
static apr_int64_t gap_of(const mtasts_live *live)
{
    apr_int64_t interval = mtasts_config_of(live->main_server)->watch_interval;

    return 2 * interval + GAP_MIN;
}

/* Senders can know of the step: strict does not hold it back, and the TXT record has
 * its id, or had it. */
static int is_out(const mtasts_live_site *l)
{
    const char *id = mtasts_site_version(l->site)->id;
    size_t i = 0, n = l->known ? l->known->history.ntxt : 0;

    while (i < n && strcmp(l->known->history.txt[i].id, id)) {
        i++;
    }
    return mtasts_released_state(l->site) == MTASTS_RELEASED &&
           (l->sync == MTASTS_SYNC_IN_SYNC || i < n);
}

static void look(mtasts_live *live, mtasts_live_plan *plan)
{
    mtasts_gate gate = {plan->reasons->nelts == 0, gap_of(live)};
    mtasts_progress is;

    say_changed(live, plan);
    plan->lost = is_anothers(live, plan->first);
    if (plan->lost) {
        say_elsewhere(plan);
    }
    if (live->options->running && !is_out(plan->first)) {
        plan->is.since = apr_time_sec(live->now);
        plan->is.green = 0;
    }
    is = plan->is;
    plan->state = mtasts_rollout_look(&plan->first->site->served->plan, &is,
                                      &gate, apr_time_sec(live->now));
    if (live->options->running) {
        plan->is = is;
    }
    /* If all is right now, the calendar tells since when and until when. */
    if (plan->state == MTASTS_PLAN_HELD && plan->reasons->nelts) {
        say_held(live, plan);
    }
}

static int is_unplaced(const mtasts_live *live, const mtasts_live_site *l)
{
    return l->unplaced || (live->options->running &&
                           mtasts_rollout_is_open(l->site, l->known));
}

void mtasts_live_plan_check(mtasts_live *live)
{
    apr_hash_index_t *i;
    int n;

    live->plans = apr_hash_make(live->pool);
    for (n = 0; n < live->sites->nelts; n++) {
        mtasts_live_site *l = mtasts_live_at(live, n);

        /* With two plans for one domain nobody goes on; nor from nobody knows
         * where. */
        if (l->site->served->plan.n && !mtasts_site_differs(l->site) &&
            !is_unplaced(live, l)) {
            mtasts_live_gate_check(live, l, plan_of(live, l)->reasons);
        }
    }
    for (i = apr_hash_first(live->pool, live->plans); i; i = apr_hash_next(i)) {
        recall(live, apr_hash_this_val(i));
    }
    /* Without a ledger nobody knows how long a step was served. */
    for (i = live->options->known ? apr_hash_first(live->pool, live->plans)
                                  : NULL;
         i; i = apr_hash_next(i)) {
        look(live, apr_hash_this_val(i));
    }
}

/* --- what the ledger is to keep, and what follows --- */

static mtasts_ledger_step kept_of(const mtasts_live_plan *plan)
{
    const mtasts_step *step =
        &plan->first->site->served->plan.steps[plan->is.step];
    mtasts_ledger_step kept = {step->mode, step->max_age, plan->is.since,
                               plan->is.green, plan->is.looked};

    return kept;
}

static void say_gone(const mtasts_live_plan *plan)
{
    const mtasts_site *site = plan->first->site;
    const mtasts_version *v = mtasts_site_version(site);
    char step[MTASTS_STEP_SIZE];

    mtasts_step_text(&site->served->plan.steps[plan->is.step], step);
    ap_log_error(
        APLOG_MARK, APLOG_NOERRNO | APLOG_NOTICE, 0, site->served->server,
        "mtasts: %s: step %u of MTASTSRollout, %s, is served %s: policy "
        "%s, mode %s",
        site->name->value, plan->is.step + 1, step,
        mtasts_released_state(site) == MTASTS_RELEASED
            ? "from now on"
            : "when its checks pass (MTASTSCheck strict)",
        v->id, mtasts_mode_name(v->policy.mode));
}

static int by_row(const void *a, const void *b)
{
    return strcmp((*(mtasts_live_plan *const *)a)->first->site->name->value,
                  (*(mtasts_live_plan *const *)b)->first->site->name->value);
}

/* mtasts_live_plan *, in the order of the ledger's rows. */
static apr_array_header_t *all_plans(const mtasts_live *live)
{
    apr_array_header_t *all =
        apr_array_make(live->pool, 4, sizeof(mtasts_live_plan *));
    apr_hash_index_t *i;

    for (i = apr_hash_first(live->pool, live->plans); i; i = apr_hash_next(i)) {
        APR_ARRAY_PUSH(all, mtasts_live_plan *) = apr_hash_this_val(i);
    }
    if (all->nelts) {
        qsort(all->elts, (size_t)all->nelts, sizeof(mtasts_live_plan *),
              by_row);
    }
    return all;
}

/* That there was one more look needs no write: one at half of the gap will do. */
static int is_same(const mtasts_ledger_step *kept, const mtasts_ledger_step *is,
                   apr_int64_t gap)
{
    return kept->mode == is->mode && kept->max_age == is->max_age &&
           kept->since == is->since && kept->green == is->green &&
           kept->looked <= is->looked && is->looked - kept->looked < gap / 2;
}

static int remember(const mtasts_live *live, mtasts_ledger *ledger,
                    mtasts_live_plan *plan)
{
    const mtasts_live_site *l = plan->first;
    const mtasts_ledger_step is = kept_of(plan);

    if (l->known && l->known->step &&
        is_same(l->known->step, &is, gap_of(live))) {
        return 1;
    }
    if (plan->lost) {
        return 1;
    }
    return mtasts_ledger_set_step(ledger, live->pool, l->site->name->value,
                                  l->known ? l->known->step : NULL, &is,
                                  &plan->lost);
}

static void go(const mtasts_live *live, const mtasts_live_plan *plan)
{
    int i;

    for (i = 0; i < plan->sites->nelts; i++) {
        mtasts_rollout_go(
            live->pool, APR_ARRAY_IDX(plan->sites, i, mtasts_live_site *)->site,
            plan->is.step);
    }
    say_gone(plan);
}

int mtasts_live_remember_plans(const mtasts_live *live, mtasts_ledger *ledger)
{
    apr_array_header_t *all = all_plans(live);
    int i, ok = 1;

    if (!all->nelts) {
        return 1;
    }
    ok = mtasts_ledger_begin(ledger, live->pool);
    for (i = 0; ok && i < all->nelts; i++) {
        ok = remember(live, ledger, APR_ARRAY_IDX(all, i, mtasts_live_plan *));
    }
    ok = mtasts_ledger_end(ledger, ok) && ok;
    /* Written down before anybody is served; and where another front end was
     * first, the next look follows that one. */
    for (i = 0; ok && i < all->nelts; i++) {
        const mtasts_live_plan *plan =
            APR_ARRAY_IDX(all, i, mtasts_live_plan *);

        if (plan->state == MTASTS_PLAN_GOES && !plan->lost) {
            go(live, plan);
        }
    }
    return ok;
}

void mtasts_live_plans_soon(const mtasts_live *live, apr_uint32_t interval,
                            apr_hash_t *times)
{
    apr_int64_t now = apr_time_sec(apr_time_now());
    apr_hash_index_t *i;

    for (i = apr_hash_first(live->pool, live->plans); i; i = apr_hash_next(i)) {
        const mtasts_live_plan *plan = apr_hash_this_val(i);
        const mtasts_live_site *l = plan->first;
        apr_int64_t next =
            mtasts_rollout_next(&l->site->served->plan, &plan->is, now);

        if (plan->state == MTASTS_PLAN_GOES) {
            mtasts_soon_by(times, l->site->name->value, 1);
        }
        else if (next && plan->is.green && next < now + interval) {
            mtasts_soon_by(times, l->site->name->value,
                           next > now ? (uint32_t)(next - now) : 1);
        }
    }
}
