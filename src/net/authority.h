#ifndef MTASTS_NET_AUTHORITY_H
#define MTASTS_NET_AUTHORITY_H

/*
 * A TXT record as the zone's own servers have it, past all caches: the zone is
 * found by NS records through the resolver, and each address of each of its servers
 * is asked itself, at port 53.  The rules of dns.h hold: one thread, after any
 * fork, never as root.
 *
 * Whoever has the zone says which addresses are asked.  Never asked are such as no
 * server of a zone can have: multicast, link-local and reserved ones, and those of
 * the loopback interface unless the resolver is there, too.  Private addresses are
 * asked, as zones within a company have them: what can be had by that is one
 * question for the name to port 53 (UDP, and TCP if that is what the answer calls
 * for), and a failure in a log that the zone's owner does not see.
 */

#include "dns.h"

#define MTASTS_AUTHORITY_MAX    16 /* addresses that are asked for one record */
#define MTASTS_AUTHORITY_CNAMES 4  /* that are followed, one after the other */

/* What one server says. */
typedef struct {
    const char *name;                /* "ns1.example.net" */
    const char *address;             /* "192.0.2.1", "2001:db8::1" */
    const mtasts_dns_answer *answer; /* TEMPFAIL if it didn't tell, is no
                                        authority for the zone, or can't be
                                        asked; at most 8,192 bytes of TXT */
} mtasts_authority_server;

typedef struct {
    const char *name;    /* as it was asked for: "_mta-sts.example.com" */
    const char *target;  /* what it is a CNAME for, in the end, or NULL */
    const char *zone;    /* of the name, or target; NULL: not found */
    const char *failure; /* why it was not, or has no server; else NULL */
    const mtasts_authority_server *servers;
    size_t nservers;
} mtasts_authority;

typedef struct mtasts_authorities mtasts_authorities;

/* Asks for `n` names and returns when all is known, the time is up or the run was
 * stopped.  Of a zone with more addresses those of as many servers as possible are
 * asked.  A CNAME is taken from the zone's own servers, too, and followed to those
 * of the zone that it leads to; servers that have no CNAME where others have one
 * stay among the result's.  options->in_flight is for the resolver; a zone's server
 * gets at most 64 questions at once.  NULL if there is no memory or c-ares can't be
 * set up; then *error (static) says why.  `names` must outlive the result. */
mtasts_authorities *mtasts_authorities_ask(const char *const *names, size_t n,
                                           const mtasts_dns_options *options,
                                           const char **error);

/* What was found about names[i]; lives until mtasts_authorities_free(). */
const mtasts_authority *mtasts_authorities_of(const mtasts_authorities *all,
                                              size_t i);

void mtasts_authorities_free(mtasts_authorities *all);

#endif
