#ifndef MTASTS_STANDING_H
#define MTASTS_STANDING_H

/*
 * The findings on one site as they stand after a run: those that it has found, and
 * those of before that it could not look for.  The watch's thread.
 */

#include "report.h"

typedef struct {
    mtasts_note note;
    int64_t since; /* 0: not known, as of the configuration's own */
    int seen;      /* by the run */
} mtasts_site_finding;

/* As an array of mtasts_site_finding in `p`, errors first; of a site that the run
 * has looked at.  The strings are the run's and the standings'. */
apr_array_header_t *mtasts_site_findings(apr_pool_t *p,
                                         const mtasts_live_site *l,
                                         const mtasts_standings *standings);

#endif
