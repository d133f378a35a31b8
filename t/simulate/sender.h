#ifndef SENDER_H
#define SENDER_H

/*
 * One sender: what it sees of a world, what it holds of it, and when it looks
 * anew.  As kinds differ, so do
 *
 * - when they look at the TXT id: at each delivery, when their copy has run out,
 *   or never (then its presence alone counts);
 * - whether the same id is as good as a fetch: many begin to count max_age anew
 *   without looking at the policy, some even when their copy ran out long ago;
 * - whether they refresh on their own, by the id or by fetching;
 * - how long they hold a policy whose max_age they don't like.
 *
 * A policy is held for the whole of its last second.
 */

#include "kinds.h"

typedef struct {
    const world *w;
    const kind *kind;
    dice luck;
    int number;
    int64_t mx_phase, txt_phase; /* when its resolver asks anew */
    int64_t blind_every, blind_for, blind_phase; /* no answer for TXT */
    int policy;                                  /* held, or NONE */
    int id;                                      /* under which it is held */
    int64_t fetched, counted;                    /* from when max_age counts */
    int64_t until;                               /* the last second of it */
    int64_t looked;                              /* at the id */
    int64_t ticked;                              /* refreshed by itself */
    int body;                                    /* what was fetched last, */
    int64_t body_at;                             /* when */
} sender;

/* A new one, of any kind. */
void sender_begin(sender *s, const world *w, uint64_t seed, int number);

/* All that it did by itself until now. */
void sender_catch_up(sender *s, int64_t now);

/* Has it look for a policy, before a delivery. */
void sender_refer(sender *s, int64_t now);

int sender_enforces(const sender *s, int64_t now);

/* The MX records as it sees them. */
const mx_set *sender_mx(const sender *s, int64_t now);

#endif
