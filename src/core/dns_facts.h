#ifndef MTASTS_DNS_FACTS_H
#define MTASTS_DNS_FACTS_H

/*
 * What DNS says about a policy domain: filled by src/net, compared with the
 * policy by dns_check.c.  Plain data: pointers belong to whoever filled them.
 * Everything in here comes from the network and is hostile: names and TXT
 * data may hold any byte.
 */

#include <stddef.h>
#include <stdint.h>

typedef enum {
    MTASTS_DNS_TEMPFAIL, /* not known: never an error, never blocks */
    MTASTS_DNS_OK,       /* there are records of the type asked for */
    MTASTS_DNS_ABSENT    /* NXDOMAIN, NODATA, or a CNAME without the type */
} mtasts_dns_status;

/* One TXT record: its strings joined (RFC 8461 3.1).  Any bytes; a NUL
 * follows that `len` does not count. */
typedef struct {
    const char *data;
    size_t len;
} mtasts_dns_txt;

/* One MX record.  `host` is in lower case without the final dot, "" for the
 * root (null MX, RFC 7505); bytes that are no host name's are kept, with
 * backslash escapes as in zone files. */
typedef struct {
    uint16_t preference;
    const char *host;
} mtasts_dns_mx;

/* One A or AAAA record, as on the wire; what is behind `len` is 0. */
typedef struct {
    unsigned char len; /* 4 or 16 */
    unsigned char octets[16];
} mtasts_dns_address;

/* The answer to one question.  Of the lists only that of the question's type
 * has entries. */
typedef struct {
    mtasts_dns_status status;
    const char *failure; /* TEMPFAIL: "SERVFAIL from 192.0.2.53", for people */
    const char *const *cname; /* the chain that was followed, target by target,
                                 in lower case without the final dot */
    size_t ncname;
    const mtasts_dns_txt *txt; /* by their bytes */
    size_t ntxt;
    const mtasts_dns_mx *mx; /* by preference, then by name */
    size_t nmx;
    const char *const *ns; /* hosts, written as in MX records; by name */
    size_t nns;
    const mtasts_dns_address *addresses; /* by their bytes */
    size_t naddresses;
    size_t left_out; /* records beyond what is kept */
    uint32_t ttl;    /* seconds: the longest of these and of the chain, as the
                        server had it left */
} mtasts_dns_answer;

/* The addresses of a name: both questions. */
typedef struct {
    const char *name;
    const mtasts_dns_answer *a;
    const mtasts_dns_answer *aaaa;
    const mtasts_dns_answer *tlsa; /* _25._tcp.NAME of an MX host; NULL if that
                                      was not asked */
} mtasts_dns_host;

/* All that is known about one policy domain.  No answer is NULL, if all was
 * asked, but wrong_tlsrpt[] (asked only if there is no _smtp._tls) and own_host
 * (only if there is no MX record). */
typedef struct {
    const char *domain;
    const mtasts_dns_answer *txt;    /* _mta-sts.DOMAIN TXT */
    const mtasts_dns_answer *mx;     /* DOMAIN MX */
    const mtasts_dns_host *mx_hosts; /* one for each of mx->mx, same order */
    const mtasts_dns_host *own_host; /* DOMAIN itself, the implicit MX */
    mtasts_dns_host policy_host;     /* mta-sts.DOMAIN */
    const mtasts_dns_answer *tlsrpt; /* _smtp._tls.DOMAIN TXT */
    /* _mta-sts._tls.DOMAIN and _tls.DOMAIN TXT, where it is put by mistake */
    const mtasts_dns_answer *wrong_tlsrpt[2];
} mtasts_dns_facts;

#endif
