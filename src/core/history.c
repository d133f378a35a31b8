#include "history_private.h"

#include "mx_match.h"

#include <string.h>

#define DAY  86400
#define WEEK 604800

/* MTASTSWatchInterval is no more than 30 days, and the time that an id was seen
 * last may be a day old. */
#define LOOKS_EACH (INT64_C(31) * DAY)

/* Who takes what for a max_age that it doesn't like: Mimecast at least a week
 * in enforce and a day in testing, Stalwart a day for what is below 3600 or
 * above 31557599.  What is above the RFC's maximum some take as it is. */
int64_t mtasts_hold_time(const mtasts_policy *policy)
{
    int64_t least = policy->mode == MTASTS_MODE_ENFORCE ? WEEK : DAY;

    return policy->max_age > least ? policy->max_age : least;
}

int64_t mtasts_txt_cached(uint32_t ttl)
{
    return ttl < DAY ? DAY : ttl > WEEK ? WEEK : ttl;
}

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t after(int64_t t, int64_t seconds)
{
    return t > INT64_MAX - seconds ? INT64_MAX : t + seconds;
}

/* When what was seen `i`-th had gone at the latest: when another was seen; the
 * last one is there, unless nobody has looked for so long that nobody does. */
static int64_t seen_until(const mtasts_history *history, size_t i, int64_t now)
{
    return earlier(i ? history->txt[i - 1].since
                     : after(history->txt[0].until, LOOKS_EACH),
                   now);
}

int64_t mtasts_out_of_caches(const mtasts_txt_seen *txt, int64_t gone)
{
    int64_t cached = txt->cached < WEEK ? txt->cached : WEEK;

    return after(gone, cached > DAY ? cached : DAY);
}

/* Was it there, or in a cache, while the policy was served?  The first that was
 * seen may have been there long before. */
static int was_beside(const mtasts_history *history, size_t i,
                      const mtasts_past *past, int64_t now)
{
    int is_first = i + 1 == history->ntxt;

    return (is_first || history->txt[i].since <= past->last_served) &&
           past->first_served <=
               mtasts_out_of_caches(&history->txt[i],
                                    seen_until(history, i, now));
}

int mtasts_is_name(const mtasts_history *history, const mtasts_past *past,
                   const char *id, int64_t now)
{
    size_t i;

    if (!*id || !strcmp(id, past->id)) {
        return *id != '\0';
    }
    for (i = 0; i < history->ntxt; i++) {
        if (was_beside(history, i, past, now) &&
            !strcmp(history->txt[i].id, id)) {
            return 1;
        }
    }
    return 0;
}

/* The last time that an id was in DNS, or in a cache, under which senders may
 * hold the policy.  What was before the first that was seen may have been any. */
static int64_t named_until(const mtasts_history *history,
                           const mtasts_past *past, int64_t now)
{
    const mtasts_txt_seen *txt = NULL;
    int64_t until = INT64_MIN, gone;
    size_t i;

    for (i = 0; i < history->ntxt; i++) {
        txt = &history->txt[i];
        gone = mtasts_out_of_caches(txt, seen_until(history, i, now));
        if (gone > until && mtasts_is_name(history, past, txt->id, now)) {
            until = gone;
        }
    }
    if (txt && until == INT64_MIN &&
        past->first_served < txt->since) { /* that is the oldest one */
        until = mtasts_out_of_caches(txt, earlier(txt->since, now));
    }
    return until;
}

const mtasts_txt_seen *mtasts_named_now(const mtasts_history *history,
                                        const mtasts_past *past, int64_t now)
{
    return history->ntxt && seen_until(history, 0, now) == now &&
                   mtasts_is_name(history, past, history->txt[0].id, now)
               ? &history->txt[0]
               : NULL;
}

int64_t mtasts_horizon(const mtasts_history *history, const mtasts_past *past,
                       int64_t now)
{
    int64_t last = earlier(past->last_served, now);
    int64_t named = named_until(history, past, now);

    return after(named > last ? named : last, mtasts_hold_time(&past->policy));
}

static int matches(const mtasts_past *past, const char *mx_host)
{
    return mtasts_mx_match_any(past->policy.mx, past->policy.nmx, mx_host);
}

static int is_selected(const mtasts_past *past, const mtasts_selection *of)
{
    const mtasts_policy *policy = &past->policy;

    if (policy->mode != MTASTS_MODE_ENFORCE &&
        !(of->testing && policy->mode == MTASTS_MODE_TESTING)) {
        return 0;
    }
    return !(of->digest && !strcmp(past->digest, of->digest)) &&
           !(of->unmatched && matches(past, of->unmatched)) &&
           !(of->matched && !matches(past, of->matched));
}

const mtasts_past *mtasts_latest(const mtasts_history *history,
                                 const mtasts_selection *of, int64_t now)
{
    const mtasts_past *latest = NULL;
    int64_t until = 0;
    size_t i;

    for (i = 0; i < history->npast; i++) {
        const mtasts_past *past = &history->past[i];

        if (is_selected(past, of)) {
            int64_t horizon = mtasts_horizon(history, past, now);

            if (!latest || horizon > until) {
                latest = past;
                until = horizon;
            }
        }
    }
    return latest;
}

static int64_t latest_horizon(const mtasts_history *history,
                              const mtasts_selection *of, int64_t now)
{
    const mtasts_past *latest = mtasts_latest(history, of, now);

    return latest ? mtasts_horizon(history, latest, now) : now;
}

int64_t mtasts_enforced_until(const mtasts_history *history, int64_t now)
{
    const mtasts_selection enforce = {0, NULL, NULL, NULL};

    return latest_horizon(history, &enforce, now);
}

int64_t mtasts_mx_safe_from(const mtasts_history *history, const char *mx_host,
                            int64_t now)
{
    const mtasts_selection unmatched = {0, mx_host, NULL, NULL};

    return latest_horizon(history, &unmatched, now);
}

int64_t mtasts_removable_from(const mtasts_history *history, int64_t now)
{
    const mtasts_selection both = {1, NULL, NULL, NULL};

    return latest_horizon(history, &both, now);
}

static int is_policy(const mtasts_past *past, const char *id,
                     const char *digest)
{
    return !strcmp(past->id, id) && !strcmp(past->digest, digest);
}

/* The same on all front ends. */
static int is_later(const mtasts_past *a, const mtasts_past *b)
{
    int order = strcmp(a->digest, b->digest);

    if (a->first_served != b->first_served) {
        return a->first_served > b->first_served;
    }
    return (order ? order : strcmp(a->id, b->id)) > 0;
}

int mtasts_is_superseded(const mtasts_history *history, const char *id,
                         const char *digest, int64_t now)
{
    const mtasts_past *mine = history->past, *end = mine + history->npast, *p;

    while (mine < end && !is_policy(mine, id, digest)) {
        mine++;
    }
    /* What was seen elsewhere but now is not served for sure; and what is to
     * begin in the future was noted by a clock that was wrong. */
    for (p = history->past; mine < end && p < end; p++) {
        if (p != mine && p->last_served > now && p->first_served <= now &&
            is_later(p, mine)) {
            return 1;
        }
    }
    return 0;
}
