#ifndef MTASTS_LIVE_H
#define MTASTS_LIVE_H

/*
 * The policies against what the world says now.  A run belongs to one thread
 * of a process that is not root: the child of check_config, test_config and
 * the first post_config, or the watchdog's thread.
 */

#include "seen.h"
#include "site.h"
#include "../core/dns_check.h"
#include "../core/tls_check.h"

/* What is looked at. */
enum {
    MTASTS_LOOK_DNS = 1,
    MTASTS_LOOK_CERT = 2, /* the vhost's own; no network */
    MTASTS_LOOK_MX = 4,   /* STARTTLS; needs DNS */
    MTASTS_LOOK_FETCH = 8 /* the policy, from outside */
};
#define MTASTS_LOOK_NETWORK                                                    \
    (MTASTS_LOOK_DNS | MTASTS_LOOK_MX | MTASTS_LOOK_FETCH)

/* One address of one MX host, whichever domains have it. */
typedef struct {
    const mtasts_probe *probe;
    int backup; /* in this domain, as in mtasts_mx_asked */
    int implicit;
} mtasts_live_mx;

/* One fetch; its body is gone. */
typedef struct {
    mtasts_fetch fetch;
    int same; /* byte for byte what is meant to be served */
} mtasts_live_fetch;

/* What was found out about one site. */
typedef struct {
    const mtasts_site *site;
    const mtasts_dns_facts *facts; /* NULL if DNS was not asked */
    mtasts_sync sync;
    int repeats; /* a site before says all the same of the same domain */
    apr_array_header_t *notes;   /* mtasts_note, errors first */
    apr_array_header_t *mx;      /* mtasts_live_mx; NULL: not looked at */
    apr_array_header_t *fetches; /* mtasts_live_fetch, if kept, or NULL */
    unsigned fetched, same;      /* addresses, and those that serve it right */
} mtasts_live_site;

typedef struct mtasts_live mtasts_live;

typedef struct {
    const apr_array_header_t *servers; /* server_rec * */
    unsigned warn, strict; /* MTASTS_LOOK_s, at servers with that MTASTSCheck */
    int keep_fetches;      /* for who shows them */
    unsigned timeout_ms;   /* for all */
    mtasts_seen *seen;     /* what needn't be probed again; or NULL */
    int after_start;       /* the start has logged who is in sync */
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

/* Looks at all sites as the options say.  In `p`, whose cleanup frees what the
 * network room has allocated.  NULL, with the reason logged, if the run could
 * not be set up. */
mtasts_live *mtasts_live_run(apr_pool_t *p, const mtasts_live_options *options);

/* What was found out about a site; NULL if it was not looked at. */
const mtasts_live_site *mtasts_live_of(const mtasts_live *live,
                                       const mtasts_site *site);

/* The certificates of the site's vhost, each judged for this site's policy host:
 * 1 and *tls, or 0 if they weren't looked at. */
int mtasts_live_vhost_tls(const mtasts_live *live, const mtasts_site *site,
                          mtasts_vhost_tls *tls);

/* How many findings MTASTSCheck strict doesn't let pass, where it is set. */
int mtasts_live_blocking(const mtasts_live *live);

/* The findings to the logs of their servers, once for all that share one, without
 * those that `seen` says were logged lately, and not more than a hundred of a
 * kind; and "in sync" lines for domains without any. */
void mtasts_live_log(const mtasts_live *live);

#endif
