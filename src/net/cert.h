#ifndef MTASTS_NET_CERT_H
#define MTASTS_NET_CERT_H

/*
 * Certificates, by OpenSSL: whom to trust, and what is to be said of one that a
 * server presents (RFC 8461 3.3, 4.2).  No network.  Reading files and copying
 * references may be done as root at configuration time; mtasts_certs_look()
 * verifies signatures, so it belongs into a process or thread that nobody
 * waits for.  Errors leave OpenSSL's queue of the thread empty.
 */

#include "../core/tls_facts.h"

struct ssl_ctx_st;
struct x509_store_ctx_st;

/* --- whom to trust --- */

typedef struct mtasts_roots mtasts_roots;

/* The roots in a PEM file, or the system's store with NULL.  Readable by any
 * number of threads.  NULL, and why[] (of MTASTS_WHY_SIZE) filled, if there is
 * no such file, no right to read it or no certificate in it. */
mtasts_roots *mtasts_roots_new(const char *file, char why[MTASTS_WHY_SIZE]);
void mtasts_roots_free(mtasts_roots *roots);

/* --- what a server has --- */

typedef struct mtasts_certs mtasts_certs;

/* All certificates of an SSL_CTX with the chains that it sends along, by
 * reference, and its protocol versions; for mod_ssl's.  The SSL_CTX may go
 * before the result.  NULL if there is no memory. */
mtasts_certs *mtasts_certs_of_ctx(struct ssl_ctx_st *ctx);

/* From PEM files as mod_ssl reads them: in each of `files` the certificate
 * first and then what is sent along; in `chain` (or NULL) more of that.
 * Protocol versions are unknown.  A file that can't be read shows as `unread`
 * of the look.  NULL if there is no memory. */
mtasts_certs *mtasts_certs_of_files(const char *const *files, size_t n,
                                    const char *chain);

void mtasts_certs_free(mtasts_certs *certs);

/* All that a sender can tell about them, at the time `now` (seconds since 1970);
 * name_matches stays 0.  Any thread. */
void mtasts_certs_look(const mtasts_certs *certs, const mtasts_roots *roots,
                       int64_t now, mtasts_vhost_tls *out);

/* Sets name_matches of each for `host`: what was looked at may serve many
 * hosts.  `out` is of a look at these. */
void mtasts_certs_match(const mtasts_certs *certs, const char *host,
                        mtasts_vhost_tls *out);

/* --- for the probes --- */

/* The same about the certificate and chain of a handshake: to be called from
 * SSL_CTX_set_cert_verify_callback(), with `store` as that gives it. */
void mtasts_cert_look(struct x509_store_ctx_st *store, const char *host,
                      int64_t now, mtasts_cert_facts *out);

/* The SSL_CTX verifies against these from now on (it keeps a reference). */
void mtasts_roots_use(const mtasts_roots *roots, struct ssl_ctx_st *ctx);

#endif
