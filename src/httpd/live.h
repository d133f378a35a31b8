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
#include "../store/ledger.h"

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

/* What came of one fetch, for who must know whether it told something. */
typedef struct {
    char address[MTASTS_ADDRESS_SIZE];
    mtasts_probe_result result;
    int has_cert;
    int same;       /* byte for byte what is meant to be served */
    int remembered; /* it was right a short while ago, and not tried again */
} mtasts_live_tried;

typedef struct mtasts_live_site mtasts_live_site;

/* Where a domain is in its plan (MTASTSRollout). */
typedef struct {
    mtasts_live_site *first;     /* which says so for all its sites */
    apr_array_header_t *sites;   /* mtasts_live_site * */
    apr_array_header_t *reasons; /* char *: what closes the gate */
    mtasts_progress is;
    mtasts_rollout_state state;
    int lost; /* another front end has written where it is */
} mtasts_live_plan;

/* What was found out about one site. */
struct mtasts_live_site {
    const mtasts_site *site;
    const mtasts_dns_facts *facts;     /* NULL if DNS was not asked */
    const mtasts_ledger_domain *known; /* what was before, or NULL */
    mtasts_sync sync;
    int released;  /* the policy that strict held back is served from now on */
    int refusable; /* under httpd -t: it is a change that strict may refuse */
    int repeats;   /* a site before says all the same of the same domain */
    int unplaced;  /* nobody knows at which step of its plan it is */
    apr_array_header_t *notes;   /* mtasts_note, errors first */
    apr_array_header_t *mx;      /* mtasts_live_mx; NULL: not looked at */
    apr_array_header_t *fetches; /* mtasts_live_fetch, if kept, or NULL */
    apr_array_header_t *tried;   /* mtasts_live_tried; NULL: not looked at */
    unsigned fetched, same;      /* addresses, and those that serve it right */
    mtasts_live_plan *plan;      /* or NULL */
};

/* How far one of a domain's TXT records is (core/publish.h). */
typedef struct {
    mtasts_live_site *l;
    const mtasts_config *cfg; /* by which it is published */
    int record;               /* MTASTS_LEDGER_STS or _TLSRPT */
    const char *id;           /* of the policy that it announces; or "" */
    const char *name;         /* where it is, or a CNAME leads to */
    const char *value;        /* what is to be there */
    const char *old_value;    /* what is; or "" */
    const char *there; /* the same, or what was meant to be; for people */
    const mtasts_ledger_publishing *was; /* or NULL */
    const char *said; /* why the command failed last; or NULL */
    mtasts_publish_seen seen;
    mtasts_publishing is;
    mtasts_publish_action action;
    int ran; /* the command, after the look */
    uint32_t
        turn; /* s: in which it comes after those that ran; 0: not by that */
} mtasts_live_record;

typedef struct mtasts_live mtasts_live;

typedef struct {
    const apr_array_header_t *servers; /* server_rec * */
    unsigned warn, strict; /* MTASTS_LOOK_s, at servers with that MTASTSCheck */
    int keep_fetches;      /* for who shows them */
    unsigned timeout_ms;   /* for all */
    mtasts_seen *seen;     /* what needn't be probed again; or NULL */
    /* Domain -> mtasts_ledger_domain *, or NULL without a ledger and then why
     * there is none (NULL if it is Off). */
    const apr_hash_t *known;
    const char *no_ledger;
    const char *no_writing;    /* why httpd could not write it, or NULL */
    const apr_hash_t *fetched; /* mtasts_ledger_read_fetches(), for who shows
                                  them; or NULL */
    int running; /* the server itself: what it serves now counts, and what
                    strict holds back is released when its checks pass */
    const apr_hash_t *only; /* the domains that are looked at; NULL: all */
    int starting;           /* what stands is logged, too */
    int after_start;        /* the start has logged who is in sync */
    int again;              /* so has an earlier run of this configuration;
                               what was fetched right may be remembered */
    int (*stop)(void *ctx); /* as in dns.h; may be NULL */
    void *stop_ctx;
    /* What the caller remembers of a domain's record, where there is no ledger;
     * and for how many seconds it has seen the record's `was` be as it is.  Or
     * NULL. */
    const mtasts_ledger_publishing *(*kept)(void *ctx, const char *domain,
                                            int record);
    uint32_t (*watched)(void *ctx, const mtasts_live_record *record);
    void *publish_ctx;
    void (*back)(void *ctx); /* called when done with the network, or NULL */
    void *back_ctx;
} mtasts_live_options;

/* 1 if there is a site to look at with these options, or a ledger to look into.
 */
int mtasts_live_wanted(apr_pool_t *p, const mtasts_live_options *options);

/* How long a process for such a run is given in all, in ms: the run's own time
 * and what setting it up may take. */
unsigned mtasts_live_limit(const mtasts_live_options *options);

/* Opens the ledger, in `p`, and gives the options what it knows: `known`, or
 * `no_ledger`.  NULL if there is none. */
mtasts_ledger *mtasts_live_recall(apr_pool_t *p, mtasts_live_options *options);

/* The same from a ledger that is open; 0 if it can't be read. */
int mtasts_live_know(apr_pool_t *p, mtasts_live_options *options,
                     mtasts_ledger *ledger);

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

/* Findings on nothing that is served, as mtasts_note: ledger-unavailable (whose
 * subject is "") and policy-withdrawn. */
const apr_array_header_t *mtasts_live_notes(const mtasts_live *live);

/* The records that are to be published, as mtasts_live_record; of a server that
 * serves.  What becomes of them is written there. */
apr_array_header_t *mtasts_live_records(const mtasts_live *live);

/* How often policies of the domain were fetched: mtasts_ledger_fetches, or NULL. */
const apr_array_header_t *mtasts_live_fetched(const mtasts_live *live,
                                              const char *domain);

/* 1 if the run knew what was before. */
int mtasts_live_has_ledger(const mtasts_live *live);

/* Writes to the ledger what the run has seen: TXT ids, and policies that others
 * serve for the sites' domains.  0 if it can't be written. */
int mtasts_live_remember(const mtasts_live *live, mtasts_ledger *ledger);

/* Writes where the domains are in their plans, and then moves those on that go to
 * their next step.  Within no other transaction, as what is written must stay.  0 if it
 * can't be written: then they stay where they are. */
int mtasts_live_remember_plans(const mtasts_live *live, mtasts_ledger *ledger);

/* Adds the domains whose next step may come before `interval` s are over to `times`:
 * see mtasts_soon_by(). */
void mtasts_live_plans_soon(const mtasts_live *live, apr_uint32_t interval,
                            apr_hash_t *times);

/* How many findings MTASTSCheck strict doesn't let pass, where it is set: of
 * changes only.  With MTASTSLedger Off all count, as nobody can tell; but a ledger
 * that is broken must not keep the other sites from being reloaded, so without it
 * none counts, and a line in the log says so. */
int mtasts_live_blocking(const mtasts_live *live);

/* The findings to the logs of their servers, once for all that share one, and
 * not more than a hundred of a code; and "in sync" lines for domains without
 * any. */
void mtasts_live_log(const mtasts_live *live);

#endif
