#ifndef MTASTS_DNS_CHECK_H
#define MTASTS_DNS_CHECK_H

/*
 * The policy against what DNS says: will senders find, accept and honour it?
 * Pure functions: any thread, any process, no allocation.
 */

#include "dns_facts.h"
#include "finding.h"
#include "history.h"
#include "policy.h"
#include "publish.h"

/* What is wanted. */
typedef struct {
    const mtasts_policy *policy;
    const char *id;                /* of the policy that is served now */
    const char *tlsrpt;            /* value of the _smtp._tls record, or NULL */
    const mtasts_history *history; /* NULL if it is not known */
    int64_t now;                   /* seconds since 1970 */
    int unserved; /* nothing is served, so that no record is to be there yet */
    const char *when; /* who publishes the record of a new policy, and when: put
                         before it where it is shown; NULL: nobody is told */
} mtasts_wanted;

/* The one record has */
typedef enum {
    MTASTS_SYNC_UNKNOWN,     /* it could not be found out */
    MTASTS_SYNC_IN_SYNC,     /* the policy's id */
    MTASTS_SYNC_HTTPS_AHEAD, /* that of an earlier policy of ours */
    MTASTS_SYNC_TXT_AHEAD,   /* one in our form that was never served */
    MTASTS_SYNC_FOREIGN,     /* one of somebody else's making; or there are
                                several, or what can't be read */
    MTASTS_SYNC_ABSENT       /* there is none */
} mtasts_sync;

/* "unknown", "in-sync", "https-ahead", "txt-ahead", "foreign", "absent". */
const char *mtasts_sync_name(mtasts_sync sync);

/* The id that senders read from what is at _mta-sts.DOMAIN: 1 and *id if there is
 * exactly one record of the right kind (RFC 8461 3.1), else 0. */
int mtasts_dns_txt_id(const mtasts_dns_answer *txt, char id[MTASTS_ID_SIZE]);

/* What is at _mta-sts.DOMAIN, where the record with `id` is to be, or at _smtp._tls
 * the one with `value`.  One that may be replaced: by `history` (or NULL) a policy's
 * of this module, or in the form of its ids; `before`, the value (or NULL) that it
 * has published there. */
mtasts_seen_record mtasts_dns_seen(const mtasts_dns_answer *txt, const char *id,
                                   const mtasts_history *history);
mtasts_seen_record mtasts_dns_seen_tlsrpt(const mtasts_dns_answer *txt,
                                          const char *value,
                                          const char *before);

/* Calls found() with every finding on the domain: first TXT, then MX, policy
 * host, TLSRPT.  Returns the state of the TXT record. */
mtasts_sync mtasts_dns_check(const mtasts_wanted *wanted,
                             const mtasts_dns_facts *facts,
                             mtasts_finding_fn *found, void *ctx);

#endif
