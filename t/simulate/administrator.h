#ifndef ADMINISTRATOR_H
#define ADMINISTRATOR_H

/*
 * A year of the domain in the hands of one administrator.
 */

#include "orders.h"

/* What was done: a year in which nothing was done would be safe, too. */
typedef enum {
    DEED_MX_ADDED,
    DEED_MX_REMOVED,
    DEED_MOVED, /* all MX hosts at once */
    DEED_ENFORCED,
    DEED_LOWERED,
    DEED_REMOVED, /* MTA-STS is gone altogether */
    DEED_SET_UP,
    DEED_RENEWED, /* a certificate, by hand */
    DEEDS
} deed_kind;

const char *deed_name(deed_kind kind);

typedef struct {
    long orders, deeds[DEEDS];
    long contradictions; /* of the module's with its own advice */
    char contradiction[256];
} deeds;

/* Counts what a change of policy or MX records amounts to; either policy may be
 * NULL, for none. */
void deeds_policy(deeds *d, const policy *before, const policy *after);
void deeds_mx(deeds *d, const mx_set *before, const mx_set *after);

/* By hand, and by itself from then on. */
void renew_certificate(world *w, int64_t now, host *h, deeds *d);

/* Does what the module says, and nothing before it says so. */
void follow_advice(world *w, uint64_t seed, deeds *d);

/* Edits the policy, changes the id (mostly) and the MX records on the same day,
 * and looks after certificates when mail stops. */
void follow_tutorial(world *w, uint64_t seed, deeds *d);

#endif
