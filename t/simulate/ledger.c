#include "ledger.h"

#include <string.h>

/* Brings the row of the policy to the front; makes it if there is none. */
static mtasts_past *front_row(ledger *l, int number, int64_t now)
{
    const policy *p = l->w->policies[number];
    mtasts_past row = {l->w->ids[p->id], p->digest, p->policy, now, now};
    size_t i;

    for (i = 0; i < l->npast && l->past[i].digest != p->digest; i++) {
    }
    if (i < l->npast) {
        row = l->past[i];
    }
    else {
        l->npast++;
    }
    memmove(&l->past[1], &l->past[0], i * sizeof(l->past[0]));
    l->past[0] = row;
    return &l->past[0];
}

void ledger_serve(ledger *l, int number, int64_t now)
{
    if (l->serving != NONE) {
        l->past[0].last_served = now;
    }
    if (number != NONE) {
        front_row(l, number, now);
    }
    l->serving = number;
}

void ledger_saw_txt(ledger *l, int id, int64_t now)
{
    mtasts_txt_seen seen = {id == NONE ? "" : l->w->ids[id], now, now,
                            mtasts_txt_cached((uint32_t)l->w->txt_ttl)};

    if (l->ntxt && !strcmp(l->txt[0].id, seen.id)) {
        l->txt[0].until = now;
        return;
    }
    l->ntxt += l->ntxt < TXT_MAX;
    memmove(&l->txt[1], &l->txt[0], (l->ntxt - 1) * sizeof(l->txt[0]));
    l->txt[0] = seen;
}

const mtasts_history *ledger_history(ledger *l, int64_t now)
{
    static mtasts_history history;

    if (l->serving != NONE) {
        l->past[0].last_served = now + MINUTE;
    }
    history.past = l->past;
    history.npast = l->npast;
    history.txt = l->txt;
    history.ntxt = l->ntxt;
    return &history;
}
