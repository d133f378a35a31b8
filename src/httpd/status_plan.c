/* The way to enforce: the steps of MTASTSRollout as a time line. */

#include "status_domain.h"

#include "apr_strings.h"

#include <string.h>

#define STEPS_MAX 16 /* as MTASTSRollout has */

int mtasts_view_has_plan(const mtasts_view *v)
{
    const json_t *policy;
    size_t i;

    json_array_foreach(v->policies, i, policy)
    {
        if (json_is_array(json_object_get(policy, "rollout"))) {
            return 1;
        }
    }
    return mtasts_view_count(v, MTASTS_GROUP_PLAN) > 0;
}

/* --- a step --- */

static const struct {
    const char *state, *badge, *text;
} states[] = {{"done", "ok", "done"},
              {"current", "info", "current step"},
              {"held", "warning", "held at this step"},
              {"ahead", "unchecked", "ahead"}};

static int state_of(const json_t *step)
{
    const char *state = mtasts_part_string(step, "state");
    int i = (int)(sizeof(states) / sizeof(states[0])) - 1;

    while (i && state && strcmp(states[i].state, state)) {
        i--;
    }
    return state ? i : (int)(sizeof(states) / sizeof(states[0])) - 1;
}

static void put_title(const mtasts_view *v, const json_t *step, size_t i,
                      int level)
{
    const json_t *max_age = json_object_get(step, "max_age");
    const char *mode = mtasts_view_string(v, step, "mode");
    char age[MTASTS_PART_DURATION_SIZE];
    const char *h = level == 3 ? "3" : "4";

    mtasts_page_all(v->page, "<h", h, ">Step ",
                    apr_psprintf(v->page->p, "%d", (int)i + 1), ": ",
                    mode ? mode : "?", NULL);
    if (json_is_integer(max_age) && json_integer_value(max_age) >= 0) {
        mtasts_part_duration(json_integer_value(max_age), age);
        mtasts_page_all(v->page, ", kept for ", age, NULL);
    }
    mtasts_page_all(v->page, "</h", h, ">\n", NULL);
}

static void put_time(const mtasts_view *v, const json_t *step, const char *name,
                     const char *member)
{
    apr_int64_t t = mtasts_view_time(step, member);

    if (t) {
        mtasts_view_fact(v, name);
        mtasts_part_time(v->page, v->frame->now, t);
        mtasts_view_fact_end(v);
    }
}

static void put_hold(const mtasts_view *v, const json_t *step)
{
    const json_t *hold = json_object_get(step, "hold");
    char text[MTASTS_PART_DURATION_SIZE];

    mtasts_view_fact(v, "Lasts");
    if (json_is_integer(hold) && json_integer_value(hold) > 0) {
        mtasts_part_duration(json_integer_value(hold), text);
        mtasts_page_all(v->page, "", text, " at least", NULL);
    }
    else {
        mtasts_page_put(v->page, "for good");
    }
    mtasts_view_fact_end(v);
}

static void put_fetched(const mtasts_view *v, const json_t *step)
{
    const json_t *fetched = json_object_get(step, "fetched");
    apr_int64_t n = json_integer_value(json_object_get(fetched, "fetches"));
    apr_int64_t families =
        json_integer_value(json_object_get(fetched, "families"));

    if (n < 1) {
        return;
    }
    mtasts_view_fact(v, "Fetched");
    mtasts_page_textf(v->page,
                      "%" APR_INT64_T_FMT " time%s by %" APR_INT64_T_FMT
                      " kind%s of sender",
                      n, n == 1 ? "" : "s", families, families == 1 ? "" : "s");
    if (mtasts_view_time(fetched, "last")) {
        mtasts_page_put(v->page, ", last ");
        mtasts_part_time(v->page, v->frame->now,
                         mtasts_view_time(fetched, "last"));
    }
    mtasts_view_fact_end(v);
}

/* What holds it: the findings below say more. */
static void put_holders(const mtasts_view *v)
{
    int i, any = 0;

    for (i = 0; i < v->findings->nelts; i++) {
        const mtasts_view_finding *f =
            &APR_ARRAY_IDX(v->findings, i, mtasts_view_finding);
        const char *code = mtasts_part_string(f->is, "code");
        const char *text = mtasts_view_string(v, f->is, "text");

        if (code && !strcmp(code, "rollout-held")) {
            mtasts_view_fact(v, "Held, as");
            mtasts_page_all(v->page, "", text ? text : "", " <a href=\"#",
                            apr_psprintf(v->page->p, "f%u", f->number), "\">",
                            code, "</a>", NULL);
            mtasts_view_fact_end(v);
            any = 1;
        }
    }
    if (!any) {
        mtasts_view_fact(v, "Held, as");
        mtasts_page_put(v->page, "the next step comes when all that matters "
                                 "to it was right for long enough");
        mtasts_view_fact_end(v);
    }
}

static void put_step(const mtasts_view *v, const json_t *step, size_t i,
                     int level)
{
    int at = state_of(step);
    const char *id = mtasts_view_string(v, step, "id");
    int is_ahead = !strcmp(states[at].state, "ahead");

    mtasts_page_all(v->page, "<li class=\"", states[at].state, "\"", NULL);
    mtasts_page_put(v->page,
                    at == 1 || at == 2 ? " aria-current=\"step\">\n" : ">\n");
    put_title(v, step, i, level);
    mtasts_page_put(v->page, "<p>");
    mtasts_part_badge_text(v->page, states[at].badge, states[at].text);
    mtasts_page_put(v->page, "</p>\n<dl class=\"facts\">\n");
    if (at) {
        put_hold(v, step);
    }
    put_time(v, step, is_ahead ? "From, at the earliest" : "From", "from");
    put_time(v, step, at ? "To, at the earliest" : "To", "to");
    if (at == 2) {
        put_holders(v);
    }
    put_fetched(v, step);
    if (id) {
        mtasts_view_fact(v, "Policy id");
        mtasts_page_all(v->page, "<code>", id, "</code>", NULL);
        mtasts_view_fact_end(v);
    }
    mtasts_page_put(v->page, "</dl>\n</li>\n");
}

/* --- the plan --- */

static void put_plan(const mtasts_view *v, const json_t *steps, int level)
{
    const json_t *step;
    size_t i;

    if (!json_array_size(steps)) {
        mtasts_page_put(v->page, "<p>");
        mtasts_part_badge(v->page, "unknown");
        mtasts_page_put(v->page, " At which step of the plan the domain is "
                                 "can't be told.</p>\n");
        return;
    }
    mtasts_page_put(v->page, "<ol class=\"timeline\">\n");
    json_array_foreach(steps, i, step)
    {
        if (i < STEPS_MAX) {
            put_step(v, step, i, level);
        }
    }
    mtasts_page_put(v->page, "</ol>\n");
}

void mtasts_view_plan(const mtasts_view *v)
{
    const json_t *policy, *steps;
    size_t i;

    if (!mtasts_view_has_plan(v)) {
        return;
    }
    mtasts_view_section(v, "plan", "The way to enforce");
    json_array_foreach(v->policies, i, policy)
    {
        steps = json_object_get(policy, "rollout");
        if (json_is_array(steps)) {
            mtasts_view_vhost_heading(v, policy, 3);
            put_plan(v, steps, v->n > 1 ? 4 : 3);
        }
    }
    mtasts_view_put_findings(v, MTASTS_GROUP_PLAN, 3);
    mtasts_view_section_end(v);
}
