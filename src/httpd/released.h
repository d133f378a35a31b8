#ifndef MTASTS_RELEASED_H
#define MTASTS_RELEASED_H

/*
 * What each site answers with now: the policy as configured, the one released
 * before it (MTASTSCheck strict holds a new one back until its checks pass), or
 * nothing.  In shared memory that outlives children and restarts: requests read
 * it without a lock; one process at a time, the start's child or the watch,
 * writes it.
 */

#include "glance.h"
#include "site.h"
#include "../core/sender.h"

/* What is sent.  It lives as long as the process that asks serves this
 * configuration. */
typedef struct {
    const char *id;
    const char *body;
    apr_size_t body_len;
    const char *content_length; /* body_len as text */
    const char *etag;           /* with its quotes */
} mtasts_answer;

/* In every post_config, before children are forked: makes the memory for all
 * sites of the servers, from that of the configuration before.  What is held
 * back stays so; what is new under strict is undecided, or new.  Without the
 * memory, which is said, or the watch that could release anything, all serve what is
 * configured; but without the memory those with a plan serve nothing, as their first
 * step may be weaker than what senders hold. */
void mtasts_released_make(apr_pool_t *ptemp, server_rec *main_server,
                          const apr_array_header_t *servers);

/* What the site answers with: 1 and *answer, or 0 if nothing is released.  Any
 * thread of any process; no lock, no allocation. */
int mtasts_released_answer(const mtasts_site *site, mtasts_answer *answer);

/* The digest of what it answers with, as of a mtasts_version: 1 and digest, or 0 if
 * OpenSSL has no SHA-256. */
int mtasts_released_digest(const mtasts_site *site, const mtasts_answer *answer,
                           char digest[MTASTS_ID_SIZE]);

typedef enum {
    MTASTS_RELEASED,      /* the policy as configured is served */
    MTASTS_UNDECIDED,     /* nothing is served: what was released before must be
                             looked up */
    MTASTS_NEW,           /* the same, and the server that runs did not have the
                             domain before it was reloaded */
    MTASTS_HELD_TO_OTHER, /* another one, released before, is served */
    MTASTS_HELD_TO_NONE   /* nothing is served, as nothing was released */
} mtasts_release_state;

mtasts_release_state mtasts_released_state(const mtasts_site *site);

/* What was seen last to be wrong, so that it is not MTASTS_RELEASED: a sum of
 * these, which the ledger keeps as numbers; 0 if nothing is known. */
enum {
    MTASTS_BECAUSE_MX_TLS = 1, /* an MX host's TLS */
    MTASTS_BECAUSE_CERT = 2,   /* the virtual host's certificate */
    MTASTS_BECAUSE_PAST = 4    /* its id was another policy's */
};

unsigned mtasts_released_because(const mtasts_site *site);
void mtasts_released_set_because(const mtasts_site *site, unsigned because);

/* The policy as configured is served from now on. */
void mtasts_released_set(const mtasts_site *site);

/* The site is at that step of its plan from now on.  With `hold` what it answers
 * with stays the same until it is released; else the step's policy is served. */
void mtasts_released_step(const mtasts_site *site, unsigned step, int hold);

/* So many more fetches of the policy that is served.  Any thread of any process; no
 * lock. */
void mtasts_released_count(const mtasts_site *site, mtasts_sender sender,
                           apr_uint32_t n);

/* How many that were since this was asked last: 1 and n[], or 0 if none.  They are
 * of what was served until now: to be asked before that changes. */
int mtasts_released_take(const mtasts_site *site,
                         apr_uint32_t n[MTASTS_SENDERS]);

/* What the last look at the site has found: see glance.h.  1 and *glance, or 0 if
 * there is no memory for it.  Any thread of any process. */
int mtasts_released_glance(const mtasts_site *site, mtasts_glance *glance);
void mtasts_released_set_glance(const mtasts_site *site,
                                const mtasts_glance *glance);

/* `body` (`len` octets) with its id, released before, is served in place of the
 * one that is configured; nothing, if it is NULL or there is no room for it. */
void mtasts_released_hold(const mtasts_site *site, const char *body,
                          apr_size_t len, const char *id);

#endif
