#ifndef LEDGER_H
#define LEDGER_H

/*
 * What the module remembers of the domain, as its ledger does: each policy
 * served and when, each id seen in DNS and when, in the form that core asks
 * for.
 */

#include "world.h"

#include "../../src/core/history.h"

#define TXT_MAX 64 /* as the ledger of the module */

typedef struct {
    const world *w;
    mtasts_past past[POLICIES_MAX];
    size_t npast;
    int serving; /* a policy, or NONE */
    mtasts_txt_seen txt[TXT_MAX];
    size_t ntxt;
} ledger;

/* From `now` on this policy is served, or NONE. */
void ledger_serve(ledger *l, int policy, int64_t now);

/* The TXT record has this id now, or there is none. */
void ledger_saw_txt(ledger *l, int id, int64_t now);

/* Valid until the next call; what is served now may be for another minute. */
const mtasts_history *ledger_history(ledger *l, int64_t now);

#endif
