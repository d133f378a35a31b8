#ifndef MTASTS_NET_FACTS_H
#define MTASTS_NET_FACTS_H

/*
 * All that DNS says about many policy domains, in one run.  The rules of
 * dns.h hold: one thread, after any fork, never as root.
 */

#include "dns.h"

typedef struct mtasts_facts mtasts_facts;

/* What is asked; always the TXT record and the policy host's addresses. */
enum {
    MTASTS_ASK_MAIL = 1, /* MX and TLSRPT; without it these facts are NULL */
    MTASTS_ASK_TLSA = 2  /* and of the MX hosts, for DANE */
};

/* Asks about `n` domains and returns when all is known, the time is up or the
 * run was stopped.  NULL if there is no memory or c-ares can't be set up; then
 * *error (static) says why.  `domains` must outlive the result. */
mtasts_facts *mtasts_facts_collect(const char *const *domains, size_t n,
                                   unsigned what,
                                   const mtasts_dns_options *options,
                                   const char **error);

/* What was found about domains[i]; lives until mtasts_facts_free(). */
const mtasts_dns_facts *mtasts_facts_of(const mtasts_facts *facts, size_t i);

/* As mtasts_dns_silence(). */
const char *mtasts_facts_silence(const mtasts_facts *facts);

void mtasts_facts_free(mtasts_facts *facts);

#endif
