#ifndef MTASTS_SHOWN_H
#define MTASTS_SHOWN_H

/*
 * What a run has found out, for the status pages, which any process makes: numbers
 * in shared memory and, where there is a ledger, a document of each site in it.
 * The watch's thread.
 */

#include "report.h"

typedef struct {
    const mtasts_live *live; /* after the report, and all that follows a look */
    const mtasts_standings *standings;
    mtasts_ledger *ledger; /* or NULL */
    int whole;             /* all domains were looked at */
    int (*stop)(void *ctx);
    void *stop_ctx;
} mtasts_showing;

/* 0 if the ledger can't be read or written: what it lacks is written the next
 * time.  Others that write to it wait for a few documents at most. */
int mtasts_show(apr_pool_t *p, const mtasts_showing *showing);

#endif
