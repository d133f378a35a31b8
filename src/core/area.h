#ifndef MTASTS_AREA_H
#define MTASTS_AREA_H

/*
 * What a finding is about, and whether a run could have found it again were it
 * still so: what is not known has not become right.
 *
 * Pure functions of their arguments: any thread, any process, no allocation.
 */

#include "dns_facts.h"
#include "finding.h"
#include "tls_facts.h"

typedef enum {
    MTASTS_AREA_CONFIG,     /* the directives */
    MTASTS_AREA_TXT,        /* the _mta-sts record */
    MTASTS_AREA_MX,         /* the MX records */
    MTASTS_AREA_MX_ADDRESS, /* the addresses of the MX hosts */
    MTASTS_AREA_HOST,       /* the addresses of the policy host */
    MTASTS_AREA_TLSRPT,     /* the _smtp._tls record */
    MTASTS_AREA_DNS,        /* an answer of DNS that did not come */
    MTASTS_AREA_CERT,       /* the vhost's certificates */
    MTASTS_AREA_MX_TLS,     /* STARTTLS at an MX host */
    MTASTS_AREA_MX_CERT,    /* its certificate */
    MTASTS_AREA_DANE,       /* its TLSA records */
    MTASTS_AREA_FETCH,      /* the policy, as fetched */
    MTASTS_AREA_FETCH_CERT, /* the certificate that comes with it */
    MTASTS_AREA_HISTORY,    /* what was served before, by the ledger */
    MTASTS_AREA_MODULE,     /* the module itself */
    MTASTS_AREAS
} mtasts_area;

mtasts_area mtasts_code_area(mtasts_code code);

/* Stable, for JSON: "config", "txt", "mx", "mx-address", "host", "tlsrpt", "dns",
 * "cert", "mx-tls", "mx-cert", "dane", "fetch", "fetch-cert", "history",
 * "module". */
const char *mtasts_area_name(mtasts_area area);

/* 1 if what DNS says of this domain is enough to see whether the finding still
 * stands; for areas other than TXT, MX, MX_ADDRESS, HOST, TLSRPT and DNS: 1. */
int mtasts_dns_tells(const mtasts_dns_facts *facts, mtasts_code code);

/* The same for one connection to an MX host: areas MX_TLS and MX_CERT. */
int mtasts_mx_tells(const mtasts_probe *probe, mtasts_code code);

/* The same for one fetch: areas FETCH and FETCH_CERT.  Of the facts on it only
 * these are needed. */
int mtasts_fetch_tells(mtasts_probe_result result, int has_cert,
                       mtasts_code code);

#endif
