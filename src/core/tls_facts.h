#ifndef MTASTS_TLS_FACTS_H
#define MTASTS_TLS_FACTS_H

/*
 * What was seen of certificates, of the MX hosts and of the policy as senders
 * fetch it: filled by src/net, compared by tls_check.h's functions.  Plain data
 * without pointers (but one), so that it can be copied, kept and shared.
 *
 * Strings are NUL-terminated printable ASCII: what came from the network was
 * escaped and cut when it was filled in.
 */

#include "domain.h"

#include <stddef.h>
#include <stdint.h>

#define MTASTS_ADDRESS_SIZE    46 /* INET6_ADDRSTRLEN */
#define MTASTS_CERT_NAMES_SIZE 768
#define MTASTS_WHY_SIZE        200

/* Is there a way from the certificate to a trusted root? */
typedef enum {
    MTASTS_CHAIN_OK,
    MTASTS_CHAIN_SELF_SIGNED, /* it is signed by itself, and not trusted */
    MTASTS_CHAIN_INCOMPLETE,  /* `issuer` was not sent, and is not trusted */
    MTASTS_CHAIN_UNTRUSTED,   /* all is there, but not trusted: `issuer` */
    MTASTS_CHAIN_EXPIRED,     /* a CA certificate in it is: `issuer` */
    MTASTS_CHAIN_INVALID      /* else: `why` */
} mtasts_chain;

/* "ok", "self-signed", "incomplete", "untrusted", "expired", "invalid". */
const char *mtasts_chain_name(mtasts_chain chain);

/* One certificate as its server presents it. */
typedef struct {
    unsigned nnames;         /* DNS-IDs of the SAN in `names`, */
    unsigned names_left_out; /* and those that have no room there */
    int name_matches; /* one of all of them matches the host that was asked for
                         (RFC 8461 3.3, 4.2; RFC 6125 6.4: no CN) */
    int64_t not_before, not_after; /* seconds since 1970 */
    mtasts_chain chain;
    char names[MTASTS_CERT_NAMES_SIZE]; /* each with its NUL */
    char issuer[MTASTS_WHY_SIZE];       /* name of who is missing */
    char why[MTASTS_WHY_SIZE];
    char weak[80]; /* "", or "RSA key of 1024 bits": refused by many */
    unsigned char digest[32]; /* SHA-256 of the certificate: which one it is */
} mtasts_cert_facts;

/* The TLS of the vhost itself, from its configuration, without network. */
#define MTASTS_VHOST_CERTS 4 /* one of each kind of key */
typedef struct {
    int tls12, tls13;             /* enabled: 1, 0, or -1 for unknown */
    char unread[MTASTS_WHY_SIZE]; /* "", or why there are none to look at */
    int elsewhere; /* unread: they are where only a running httpd sees them */
    size_t ncerts;
    mtasts_cert_facts certs[MTASTS_VHOST_CERTS]; /* last: what is kept of them
                                                    may end behind ncerts */
} mtasts_vhost_tls;

/* How far a connection came. */
typedef enum {
    /* Nothing is known: no connection, time was up, "not now" (4xx): `why`. */
    MTASTS_PROBE_UNKNOWN,
    MTASTS_PROBE_REFUSED,     /* the connection was refused */
    MTASTS_PROBE_GREETING,    /* MX: no SMTP: `why` */
    MTASTS_PROBE_TURNED_AWAY, /* MX: 5xx before STARTTLS: `why` */
    MTASTS_PROBE_NO_STARTTLS, /* MX: not offered */
    MTASTS_PROBE_TLS_FAILED,  /* STARTTLS or handshake failed: `why` */
    MTASTS_PROBE_TLS_VERSION, /* the other side has no TLS 1.2 or later */
    MTASTS_PROBE_NO_HTTP,     /* fetch: over TLS came no HTTP: `why` */
    MTASTS_PROBE_SLOW,        /* fetch: not complete in 4 s: `why` */
    MTASTS_PROBE_OK           /* MX: TLS is up.  Fetch: a whole response */
} mtasts_probe_result;

/* "unreachable", "refused", "greeting", "turned-away", "no-starttls",
 * "tls-failed", "tls-version", "no-http", "slow", "ok". */
const char *mtasts_probe_result_name(mtasts_probe_result result);

/* What both kinds of connection have. */
typedef struct {
    char host[MTASTS_NAME_SIZE];
    char address[MTASTS_ADDRESS_SIZE];
    unsigned port; /* that was tried; 0: the usual one */
    mtasts_probe_result result;
    int connected; /* TCP came up */
    int time_up;   /* the run ended before this connection did */
    unsigned ms;   /* from connect to the end */
    char why[MTASTS_WHY_SIZE];
    char protocol[12]; /* "TLSv1.3"; "" before the handshake */
    char cipher[48];
    int has_cert;
    mtasts_cert_facts cert;
} mtasts_probe;

/* One fetch of the policy from one address. */
typedef struct {
    mtasts_probe probe;
    int local;        /* the address is one of this machine */
    int tls12, tls13; /* the server does: 1, 0, or -1 for not tried */
    /* All below with MTASTS_PROBE_OK only; of headers the first, "" if none. */
    int status;
    char location[MTASTS_WHY_SIZE];
    char content_type[80];
    char content_encoding[40];
    char etag[80];
    char age[24];
    char via[80];
    char server[80];
    char cf_cache_status[24];
    /* The body, any bytes; NULL with 0 outside of the call that hands the facts
     * over.  Cut at MTASTS_BODY_MAX if body_cut. */
    const char *body;
    size_t body_len;
    int body_cut;
} mtasts_fetch;

#endif
