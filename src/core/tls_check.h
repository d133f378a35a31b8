#ifndef MTASTS_TLS_CHECK_H
#define MTASTS_TLS_CHECK_H

/*
 * The vhost's certificate, the TLS of the MX hosts and the policy as senders
 * fetch it: would a sender go on?  Pure functions of their arguments, the clock
 * `now` (seconds since 1970) included: any thread, any process, no allocation.
 */

#include "finding.h"
#include "policy.h"
#include "tls_facts.h"

#define MTASTS_EXPIRING_DAYS 14

/* cert-*, tls-version: the certificates that the vhost has for `policy_host`
 * ("mta-sts.example.com", the subject); each one's name_matches must be set for
 * it.  RFC 8461 3.3, 7.1, 7.2. */
void mtasts_vhost_check(const char *policy_host, const mtasts_vhost_tls *tls,
                        int64_t now, mtasts_finding_fn *found, void *ctx);

typedef struct {
    mtasts_mode mode;
    int backup;   /* another MX host of the domain is preferred */
    int implicit; /* the domain itself, without an MX record */
    int nobody;   /* no MX host of any domain could be connected to: it's us */
    int64_t now;
} mtasts_mx_asked;

/* mx-*: one address of one MX host; the subject is "HOST [ADDRESS]", and no
 * text depends on the policy domain.  Errors in mode enforce, and block;
 * warnings in testing; info in none.  RFC 8461 4.2, 8.4. */
void mtasts_mx_check(const mtasts_mx_asked *asked, const mtasts_probe *probe,
                     mtasts_finding_fn *found, void *ctx);

/* mx-dane: TLSA records are there for the MX host. */
void mtasts_dane_check(const char *mx_host, mtasts_finding_fn *found,
                       void *ctx);

typedef struct {
    const char *body; /* that is meant to be served */
    size_t body_len;
    const char *id;
    const char *txt_id; /* the one id that DNS has, or NULL */
    /* The vhost's own: what was said of one of these is not said again. */
    const mtasts_vhost_tls *vhost; /* or NULL */
    int64_t now;
} mtasts_fetch_wanted;

/* fetch-*: one address of the policy host; the subject is "HOST [ADDRESS]".
 * RFC 8461 3.3. */
void mtasts_fetch_check(const mtasts_fetch_wanted *wanted,
                        const mtasts_fetch *fetch, mtasts_finding_fn *found,
                        void *ctx);

/* 1 if the fetched body is byte for byte the one that is wanted. */
int mtasts_fetch_same(const mtasts_fetch_wanted *wanted,
                      const mtasts_fetch *fetch);

#endif
