#ifndef MTASTS_RECORDS_H
#define MTASTS_RECORDS_H

/*
 * The DNS records that belong to a policy domain.  At configuration time.
 */

#include "site.h"

typedef struct {
    const char *name; /* absolute, with the final dot */
    const char *type; /* "TXT", "A", "AAAA" */
    const char *value;
} mtasts_record;

/* What is to be published for `site`: _mta-sts TXT, unless the domain
 * has another policy in another server, as two such records are none;
 * _smtp._tls TXT if MTASTSTLSRPT is set; A and AAAA of the policy host if the virtual host has
 * TLS and stands on public addresses, since else they are not known here.
 * An array of mtasts_record in `p`. */
apr_array_header_t *mtasts_records(apr_pool_t *p, const mtasts_site *site);

/* The record as a line of a zone file (RFC 1035 5.1), without its end. */
const char *mtasts_record_line(apr_pool_t *p, const mtasts_record *record);

#endif
