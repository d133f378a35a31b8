/* What senders may hold of a site's domain, for both dumps. */

#include "dump.h"

#include <stdio.h>

#include <jansson.h>

#define LINES_MAX 20

/* "now" while it is served. */
static const char *last_text(apr_pool_t *p, const mtasts_past *past,
                             apr_int64_t now)
{
    char text[MTASTS_TIME_SIZE];

    if (past->last_served >= now) {
        return "now";
    }
    mtasts_time_text(past->last_served, text);
    return apr_pstrdup(p, text);
}

static const char *mx_text(apr_pool_t *p, const mtasts_policy *policy)
{
    const char *text = policy->nmx ? policy->mx[0] : "none";
    size_t i;

    for (i = 1; i < policy->nmx; i++) {
        text = apr_pstrcat(p, text, " ", policy->mx[i], NULL);
    }
    return text;
}

static void print_past(apr_pool_t *p, const mtasts_history *history,
                       const mtasts_past *past, apr_int64_t now)
{
    char until[MTASTS_TIME_SIZE];

    mtasts_until_text(mtasts_horizon(history, past, now), until);
    printf("      %-32s %-8s %-20s %-20s %s\n", past->id,
           mtasts_mode_name(past->policy.mode), last_text(p, past, now), until,
           mx_text(p, &past->policy));
}

void mtasts_dump_text_history(apr_pool_t *p, const mtasts_live_site *l)
{
    apr_int64_t now = apr_time_sec(apr_time_now());
    int lines = 0;
    size_t i;

    for (i = 0; l->known && i < l->known->history.npast; i++) {
        const mtasts_past *past = &l->known->history.past[i];

        if (mtasts_horizon(&l->known->history, past, now) <= now) {
            continue;
        }
        if (!lines++) {
            printf("  senders may hold\n      %-32s %-8s %-20s %-20s %s\n",
                   "policy id", "mode", "last served", "until", "mx");
        }
        if (lines <= LINES_MAX) {
            print_past(p, &l->known->history, past, now);
        }
    }
    if (lines > LINES_MAX) {
        printf("      and %d more: -D DUMP_MTASTS_JSON shows all\n",
               lines - LINES_MAX);
    }
}

json_t *mtasts_dump_json_history(apr_pool_t *p, const mtasts_live_site *l)
{
    apr_int64_t now = apr_time_sec(apr_time_now());
    json_t *held = json_array();
    size_t i;

    for (i = 0; l->known && i < l->known->history.npast; i++) {
        const mtasts_past *past = &l->known->history.past[i];
        apr_int64_t until = mtasts_horizon(&l->known->history, past, now);
        apr_int64_t last = past->last_served < now ? past->last_served : now;

        if (until > now) {
            json_array_append_new(
                held,
                json_pack("{s:s, s:s, s:i, s:o, s:s, s:s, s:b, s:s}", "id",
                          past->id, "mode", mtasts_mode_name(past->policy.mode),
                          "max_age", (int)past->policy.max_age, "mx",
                          mtasts_dump_json_mx(&past->policy), "first_served",
                          mtasts_dump_time(p, past->first_served),
                          "last_served", mtasts_dump_time(p, last),
                          "served_now", past->last_served >= now, "until",
                          mtasts_dump_time(p, until)));
        }
    }
    return held;
}
