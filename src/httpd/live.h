#ifndef MTASTS_LIVE_H
#define MTASTS_LIVE_H

/*
 * The policies against what the world says now.  A run belongs to one thread
 * of a process that is not root: the child of check_config, test_config and
 * the first post_config, or the watchdog's thread.
 */

#include "site.h"
#include "../core/dns_check.h"

/* What was found out about one site. */
typedef struct {
    const mtasts_site *site;
    const mtasts_dns_facts *facts;
    mtasts_sync sync;
    int repeats; /* a site before says all the same of the same domain */
    apr_array_header_t *notes; /* mtasts_note, errors first */
} mtasts_live_site;

typedef struct mtasts_live mtasts_live;

typedef struct {
    const apr_array_header_t *servers; /* server_rec * */
    int least;              /* MTASTS_CHECK_WARN, or _STRICT for those only */
    unsigned timeout_ms;    /* for all */
    int (*stop)(void *ctx); /* as in dns.h; may be NULL */
    void *stop_ctx;
    void (*back)(void *ctx); /* called when done with the network, or NULL */
    void *back_ctx;
} mtasts_live_options;

/* 1 if there is a site to look at with these options. */
int mtasts_live_wanted(const mtasts_live_options *options);

/* How long a process for such a run is given in all, in ms: the run's own time
 * and what setting it up may take. */
unsigned mtasts_live_limit(const mtasts_live_options *options);

/* Looks at all sites whose MTASTSCheck is at least `least`.  In `p`, whose
 * cleanup frees what the network room has allocated.  NULL, with the reason
 * logged, if the run could not be set up. */
mtasts_live *mtasts_live_run(apr_pool_t *p, const mtasts_live_options *options);

/* What was found out about a site; NULL if it was not looked at. */
const mtasts_live_site *mtasts_live_of(const mtasts_live *live,
                                       const mtasts_site *site);

/* How many findings MTASTSCheck strict doesn't let pass, where it is set. */
int mtasts_live_blocking(const mtasts_live *live);

/* One line per finding to the log of its server, and one "in sync" line for
 * each domain without. */
void mtasts_live_log(const mtasts_live *live);

#endif
