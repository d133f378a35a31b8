#include "sender.h"

#include <string.h>

/* ---- what a sender sees ---- */

/* Its resolver, which others use as well, asked at the last multiple of the
 * TTL. */
static int64_t asked(int64_t now, int64_t ttl, int64_t phase)
{
    return now - (now + phase) % ttl;
}

/* NONE, too, if there is no answer: some resolvers have trouble with one zone
 * for days. */
static int see_txt(const sender *s, int64_t now)
{
    if (s->blind_every &&
        (now + s->blind_phase) % s->blind_every < s->blind_for) {
        return NONE;
    }
    return timeline_at(&s->w->txt, asked(now, s->w->txt_ttl, s->txt_phase));
}

const mx_set *sender_mx(const sender *s, int64_t now)
{
    return world_mx(s->w, asked(now, s->w->mx_ttl, s->mx_phase));
}

/* The policy, or NONE. */
static int fetch(sender *s, int64_t now)
{
    int64_t age = s->w->edge ? asked(now, s->w->edge, s->mx_phase) : now;

    if (s->body != NONE && now < s->body_at + s->kind->body_kept) {
        return s->body;
    }
    if (timeline_at(&s->w->reachable, now) != 1) {
        return NONE;
    }
    s->body = timeline_at(&s->w->served, age);
    s->body_at = now;
    if (s->body != NONE && s->kind->not_none &&
        s->w->policies[s->body]->policy.mode == MTASTS_MODE_NONE) {
        return NONE;
    }
    return s->body;
}

/* ---- what it remembers ---- */

static int64_t hold_time(const sender *s)
{
    const mtasts_policy *p = &s->w->policies[s->policy]->policy;
    int64_t age = p->max_age;

    switch (s->kind->holds) {
    case HOLD_MONTH:
        return age < 30 * DAY ? age : 30 * DAY;
    case HOLD_STALWART:
        return age >= HOUR && age < MTASTS_MAX_AGE_MAX ? age : DAY;
    case HOLD_MIMECAST:
        if (p->mode == MTASTS_MODE_ENFORCE) {
            return age > WEEK ? age : WEEK;
        }
        return age > DAY ? age : DAY;
    default:
        return age;
    }
}

static int has_expired(const sender *s, int64_t now)
{
    return s->policy == NONE || now > s->until;
}

static void count_from(sender *s, int64_t now)
{
    s->counted = now;
    s->until = now + hold_time(s);
}

/* 0 if there is nothing to be had. */
static int take(sender *s, int id, int64_t now)
{
    int number = fetch(s, now);

    if (number == NONE) {
        return 0;
    }
    s->policy = number;
    s->id = id;
    s->fetched = now;
    count_from(s, now);
    return 1;
}

/* ---- what it does ---- */

/* 1 if the id spares it a fetch. */
static int is_current(const sender *s, int id, int expired)
{
    return s->policy != NONE && s->kind->looks != LOOKS_NEVER && id != NONE &&
           id == s->id && (!expired || s->kind->renews_expired);
}

void sender_refer(sender *s, int64_t now)
{
    const kind *k = s->kind;
    int expired = has_expired(s, now), id;

    if (!expired && (k->looks != LOOKS_ALWAYS || now < s->looked + k->grace)) {
        return;
    }
    id = see_txt(s, now);
    s->looked = now;
    if (is_current(s, id, expired)) {
        if (expired || k->renews) {
            count_from(s, now);
        }
        return;
    }
    if (k->not_none && id != NONE && id != s->id) {
        s->policy = NONE; /* dropped before the new one is there */
    }
    if ((id == NONE || !take(s, id, now)) && expired && !k->renews_expired) {
        s->policy = NONE;
    }
}

/* By itself, while nothing is sent. */
static void refresh(sender *s, int64_t now)
{
    int id = see_txt(s, now);

    if (s->policy == NONE) {
        return;
    }
    if (s->kind->refreshes == REFRESH_BY_ID && id == s->id) {
        count_from(s, now);
    }
    else if (id != NONE) {
        take(s, id, now);
    }
}

/* Each time shortly before the copy runs out. */
static void refresh_ahead(sender *s, int64_t now)
{
    while (s->policy != NONE && s->until - s->kind->ahead <= now) {
        int64_t then = s->until - s->kind->ahead;
        int id = see_txt(s, then);

        if (then < s->fetched + MINUTE || id == NONE || !take(s, id, then)) {
            return;
        }
    }
}

void sender_catch_up(sender *s, int64_t now)
{
    if (s->kind->ahead) {
        refresh_ahead(s, now);
    }
    while (s->kind->interval && s->ticked + s->kind->interval <= now) {
        s->ticked += s->kind->interval;
        refresh(s, s->ticked);
    }
}

int sender_enforces(const sender *s, int64_t now)
{
    return !has_expired(s, now) &&
           s->w->policies[s->policy]->policy.mode == MTASTS_MODE_ENFORCE;
}

static const kind *choose_kind(dice *d)
{
    int64_t die = dice_below(d, 100);
    size_t i;

    for (i = 0; i + 1 < KINDS && die >= kinds[i].share; i++) {
        die -= kinds[i].share;
    }
    return &kinds[i];
}

void sender_begin(sender *s, const world *w, uint64_t seed, int number)
{
    memset(s, 0, sizeof(*s));
    s->w = w;
    s->luck = dice_of(seed, 's', (uint64_t)number);
    s->kind = choose_kind(&s->luck);
    s->number = number;
    s->mx_phase = dice_below(&s->luck, DAY);
    s->txt_phase = dice_below(&s->luck, DAY);
    if (dice_chance(&s->luck, 25)) {
        s->blind_every = dice_between(&s->luck, 20 * DAY, 60 * DAY);
        s->blind_for = dice_between(&s->luck, 2 * DAY, 15 * DAY);
        s->blind_phase = dice_below(&s->luck, s->blind_every);
    }
    s->policy = s->id = s->body = NONE;
}
