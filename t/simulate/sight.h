#ifndef SIGHT_H
#define SIGHT_H

/*
 * What the module says of the domain: the world as facts, and the checks of
 * src/core on them.  Nothing is decided here.
 */

#include "ledger.h"

#include "../../src/core/dns_check.h"

typedef struct {
    size_t count[MTASTS_CODES]; /* of findings */
    int blocks;                 /* MTASTSCheck strict fails */
    int holds_back;             /* strict does not release the policy */
    mtasts_sync sync;
    unsigned char trouble[HOSTS_MAX]; /* 1: of its certificate something was
                                         said, an end that comes included */
    char first[MTASTS_TEXT_MAX];      /* the first finding that blocks */
} sight;

/* All that is said at `now` of the policy, as if it were configured. */
void look(const world *w, ledger *l, int policy, int64_t now, sight *out);

/* 1 if nothing is said of the TLS of a host, whether it has an MX record or not,
 * or it is down. */
int is_proper(const world *w, int host, int64_t now);

/* 1 if "policy-withdrawn" is said of the domain. */
int is_withdrawn(const world *w, ledger *l, int64_t now);

#endif
