#ifndef MTASTS_DNS_CHECK_H
#define MTASTS_DNS_CHECK_H

/*
 * The policy against what DNS says: will senders find, accept and honour it?
 * Pure functions: any thread, any process, no allocation.
 */

#include "dns_facts.h"
#include "finding.h"
#include "policy.h"

/* What is wanted. */
typedef struct {
    const mtasts_policy *policy;
    const char *id;     /* the policy's */
    const char *tlsrpt; /* value of the _smtp._tls record, or NULL */
} mtasts_wanted;

typedef enum {
    MTASTS_SYNC_UNKNOWN,
    MTASTS_SYNC_IN_SYNC,  /* the one record has the policy's id */
    MTASTS_SYNC_MISMATCH, /* there are records, and senders don't find it */
    MTASTS_SYNC_ABSENT    /* there is none */
} mtasts_sync;

/* "unknown", "in-sync", "mismatch", "absent". */
const char *mtasts_sync_name(mtasts_sync sync);

/* The id that senders read from what is at _mta-sts.DOMAIN: 1 and *id if there is
 * exactly one record of the right kind (RFC 8461 3.1), else 0. */
int mtasts_dns_txt_id(const mtasts_dns_answer *txt, char id[MTASTS_ID_SIZE]);

/* Calls found() with every finding on the domain: first TXT, then MX, policy
 * host, TLSRPT.  Returns the state of the TXT record. */
mtasts_sync mtasts_dns_check(const mtasts_wanted *wanted,
                             const mtasts_dns_facts *facts,
                             mtasts_finding_fn *found, void *ctx);

#endif
