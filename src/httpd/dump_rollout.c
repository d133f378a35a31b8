/* A site's plan as a calendar, for both dumps and for httpd -t. */

#include "dump.h"
#include "document.h"

#include <stdio.h>

/* As far as a run knows where it is; else as if its step began now.  No dates of
 * what never comes. */
static void calendar_of(const mtasts_site *site, const mtasts_live_site *l,
                        apr_int64_t now, mtasts_calendar_row *rows)
{
    const mtasts_plan *plan = &site->served->plan;
    mtasts_progress begins = {mtasts_site_step(site), now, 0, 0};
    size_t i;

    mtasts_rollout_calendar(plan, l && l->plan ? &l->plan->is : &begins, now,
                            rows);
    for (i = 0; site->served->plan_stays && i < plan->n; i++) {
        rows[i].from = rows[i].to = 0;
    }
}

/* `to_text` is mtasts_time_text() or, of what begins then, mtasts_until_text(). */
static const char *moment(apr_pool_t *p, apr_int64_t t,
                          void (*to_text)(int64_t t,
                                          char out[MTASTS_TIME_SIZE]))
{
    char text[MTASTS_TIME_SIZE];

    if (!t) {
        return "";
    }
    to_text(t, text);
    return apr_pstrdup(p, text);
}

/* "3 families, 120 times, last 2026-01-31 12:00 UTC". */
static const char *fetched_text(apr_pool_t *p, const mtasts_live *live,
                                const mtasts_site *site,
                                const mtasts_version *version)
{
    mtasts_fetched_sum sum = mtasts_dump_fetched(live, site, version);

    return sum.fetches
               ? apr_psprintf(
                     p, "by %u famil%s, %" APR_UINT64_T_FMT " fetch%s, last %s",
                     sum.families, sum.families == 1 ? "y" : "ies",
                     (apr_uint64_t)sum.fetches, sum.fetches == 1 ? "" : "es",
                     moment(p, sum.last, mtasts_time_text))
               : "";
}

void mtasts_dump_text_rollout(apr_pool_t *p, const mtasts_live *live,
                              const mtasts_site *site,
                              const mtasts_live_site *l)
{
    const mtasts_served *served = site->served;
    mtasts_calendar_row rows[MTASTS_STEPS_MAX];
    char step[MTASTS_STEP_SIZE];
    size_t i;

    if (!served->plan.n) {
        return;
    }
    if (l && l->unplaced) {
        printf("  plan         at which step is not known: rollout-unplaced\n");
        return;
    }
    calendar_of(site, l, apr_time_sec(apr_time_now()), rows);
    printf("  plan         step %u of %lu (MTASTSRollout)\n",
           mtasts_site_step(site) + 1, (unsigned long)served->plan.n);
    printf("      %-18s %-8s %-20s %-20s %-32s %s\n", "step", "state", "from",
           "to, at the earliest", "policy id", "fetched");
    for (i = 0; i < served->plan.n; i++) {
        mtasts_step_text(&served->plan.steps[i], step);
        printf("      %-18s %-8s %-20s %-20s %-32s %s\n", step,
               mtasts_step_state_name(rows[i].state),
               moment(p, rows[i].from,
                      rows[i].state == MTASTS_STEP_AHEAD ? mtasts_until_text
                                                         : mtasts_time_text),
               moment(p, rows[i].to, mtasts_until_text), served->versions[i].id,
               fetched_text(p, live, site, &served->versions[i]));
    }
}

json_t *mtasts_dump_json_rollout(apr_pool_t *p, const mtasts_live *live,
                                 const mtasts_site *site,
                                 const mtasts_live_site *l)
{
    const mtasts_served *served = site->served;
    mtasts_calendar_row rows[MTASTS_STEPS_MAX];
    const apr_array_header_t *fetched =
        live ? mtasts_live_fetched(live, site->name->value) : NULL;
    json_t *steps = json_array();
    size_t i;

    if (l && l->unplaced) {
        return steps;
    }
    calendar_of(site, l, apr_time_sec(apr_time_now()), rows);
    for (i = 0; i < served->plan.n; i++) {
        const mtasts_step *step = &served->plan.steps[i];

        json_array_append_new(
            steps,
            json_pack("{s:i, s:s, s:i, s:o, s:s, s:s, s:o, s:o, s:o}", "step",
                      (int)i + 1, "mode", mtasts_mode_name(step->mode),
                      "max_age", (int)step->max_age, "hold",
                      step->hold ? json_integer((json_int_t)step->hold)
                                 : json_null(),
                      "id", served->versions[i].id, "state",
                      mtasts_step_state_name(rows[i].state), "from",
                      mtasts_document_time(p, rows[i].from), "to",
                      mtasts_document_time(p, rows[i].to), "fetched",
                      mtasts_dump_json_sum(p, fetched, &served->versions[i])));
    }
    return steps;
}

const char *mtasts_rollout_dates(apr_pool_t *p, const mtasts_site *site,
                                 const mtasts_live_site *l)
{
    const mtasts_served *served = site->served;
    mtasts_calendar_row rows[MTASTS_STEPS_MAX];
    apr_int64_t now = apr_time_sec(apr_time_now());
    char step[MTASTS_STEP_SIZE], date[MTASTS_DATE_SIZE];
    const char *text = NULL;
    size_t i;

    calendar_of(site, l, now, rows);
    for (i = 0; i < served->plan.n; i++) {
        if (rows[i].state == MTASTS_STEP_DONE) {
            continue;
        }
        mtasts_step_text(&served->plan.steps[i], step);
        mtasts_date(rows[i].from, date);
        text = !text ? apr_pstrcat(p, step, " now", NULL)
                     : apr_pstrcat(p, text, ", ", step, " from ", date, NULL);
    }
    return text;
}
