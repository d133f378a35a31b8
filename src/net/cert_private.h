#ifndef MTASTS_NET_CERT_PRIVATE_H
#define MTASTS_NET_CERT_PRIVATE_H

/* What roots.c, cert.c and certs.c know of each other; everyone else includes
 * cert.h. */

#include "cert.h"

#include <openssl/bio.h>
#include <openssl/x509.h>

/* --- roots.c --- */

X509_STORE *mtasts_roots_store(const mtasts_roots *roots);

/* Opens a PEM file; NULL, and why[] filled, if it can't be read. */
BIO *mtasts_pem_open(const char *file, char why[MTASTS_WHY_SIZE]);

/* The next certificate of the file, other things are skipped; NULL at its
 * end, or if it is damaged: *damaged. */
X509 *mtasts_pem_next(BIO *bio, int *damaged);

/* --- cert.c --- */

/* The certificate's DNS-IDs match the host (RFC 8461 4.2). */
int mtasts_cert_matches(X509 *cert, const char *host);

/* As mtasts_cert_look(), of a `store` that is set up for certificate and chain
 * alone; name_matches stays 0. */
void mtasts_cert_verify(X509_STORE_CTX *store, int64_t now,
                        mtasts_cert_facts *out);

#endif
