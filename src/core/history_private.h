#ifndef MTASTS_HISTORY_PRIVATE_H
#define MTASTS_HISTORY_PRIVATE_H

/* What history.c and history_check.c share. */

#include "history.h"

/* Which past policies count: those in enforce, and */
typedef struct {
    int testing;           /* those in testing, too; */
    const char *unmatched; /* but not those that match this MX host, */
    const char *matched;   /* only those that match this one, */
    const char *digest;    /* but not those of this body; each may be NULL */
} mtasts_selection;

/* Of those the one that senders may hold for the longest time, or NULL. */
const mtasts_past *mtasts_latest(const mtasts_history *history,
                                 const mtasts_selection *of, int64_t now);

/* When no cache has the record any more that was gone from DNS at `gone`.  A
 * damaged ledger may have any number for how long that takes. */
int64_t mtasts_out_of_caches(const mtasts_txt_seen *txt, int64_t gone);

/* 1 if senders may hold the policy under this id. */
int mtasts_is_name(const mtasts_history *history, const mtasts_past *past,
                   const char *id, int64_t now);

/* What is in DNS now, if senders may hold the policy under that id, or NULL. */
const mtasts_txt_seen *mtasts_named_now(const mtasts_history *history,
                                        const mtasts_past *past, int64_t now);

#endif
