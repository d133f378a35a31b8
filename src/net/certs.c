/* The certificates that a server has, with the chains that it sends along. */

#include "cert_private.h"

#include "../core/text.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct mtasts_certs {
    size_t n;
    X509 *leaf[MTASTS_VHOST_CERTS];
    STACK_OF(X509) * chain[MTASTS_VHOST_CERTS]; /* NULL: none */
    X509_STORE *completes; /* where OpenSSL takes missing ones from, or NULL */
    int tls12, tls13;
    char unread[MTASTS_WHY_SIZE];
};

void mtasts_certs_free(mtasts_certs *certs)
{
    size_t i;

    if (!certs) {
        return;
    }
    for (i = 0; i < certs->n; i++) {
        X509_free(certs->leaf[i]);
        sk_X509_pop_free(certs->chain[i], X509_free);
    }
    X509_STORE_free(certs->completes);
    free(certs);
}

/* --- of an SSL_CTX --- */

/* The options and the limits both say no. */
static int has_version(SSL_CTX *ctx, int version, uint64_t off)
{
    long min = SSL_CTX_get_min_proto_version(ctx);
    long max = SSL_CTX_get_max_proto_version(ctx);

    return !(SSL_CTX_get_options(ctx) & off) && (!min || min <= version) &&
           (!max || max >= version);
}

/* Of the certificate that is current in the SSL_CTX.  0 if there is no
 * memory. */
static int take_current(mtasts_certs *certs, SSL_CTX *ctx)
{
    X509 *leaf = SSL_CTX_get0_certificate(ctx);
    STACK_OF(X509) *chain = NULL;

    if (!leaf) {
        return 1;
    }
    SSL_CTX_get0_chain_certs(ctx, &chain);
    if (!chain) {
        SSL_CTX_get_extra_chain_certs(ctx, &chain);
    }
    if (chain && !(chain = X509_chain_up_ref(chain))) {
        return 0;
    }
    X509_up_ref(leaf);
    certs->leaf[certs->n] = leaf;
    certs->chain[certs->n++] = chain;
    return 1;
}

/* As it is when it sends: SSLCACertificateFile may have what is missing. */
static void take_store(mtasts_certs *certs, SSL_CTX *ctx)
{
    X509_STORE *store = SSL_CTX_get_cert_store(ctx);

    if (store && !(SSL_CTX_get_mode(ctx) & SSL_MODE_NO_AUTO_CHAIN) &&
        X509_STORE_up_ref(store)) {
        certs->completes = store;
    }
}

mtasts_certs *mtasts_certs_of_ctx(SSL_CTX *ctx)
{
    mtasts_certs *certs = calloc(1, sizeof(*certs));
    X509 *current = SSL_CTX_get0_certificate(ctx);
    int more, good = 1;

    if (!certs) {
        return NULL;
    }
    certs->tls12 = has_version(ctx, TLS1_2_VERSION, SSL_OP_NO_TLSv1_2);
    certs->tls13 = has_version(ctx, TLS1_3_VERSION, SSL_OP_NO_TLSv1_3);
    take_store(certs, ctx);
    more = (int)SSL_CTX_set_current_cert(ctx, SSL_CERT_SET_FIRST);
    while (good && more && certs->n < MTASTS_VHOST_CERTS) {
        good = take_current(certs, ctx);
        more = (int)SSL_CTX_set_current_cert(ctx, SSL_CERT_SET_NEXT);
    }
    /* What is current matters to those who configure the SSL_CTX on. */
    if (current) {
        SSL_CTX_select_current_cert(ctx, current);
    }
    ERR_clear_error();
    if (!good) {
        mtasts_certs_free(certs);
        return NULL;
    }
    if (!certs->n) {
        snprintf(certs->unread, sizeof(certs->unread),
                 "mod_ssl has no certificate for it");
    }
    return certs;
}

/* --- from files --- */

/* Appends what the file has to certs[n], whose first is the leaf.  0 if there
 * is no memory; a file that can't be read is `unread`. */
static int take_file(mtasts_certs *certs, size_t n, const char *file)
{
    BIO *bio = mtasts_pem_open(file, certs->unread);
    int damaged, good = 1;
    X509 *cert;

    if (!bio) {
        return 1;
    }
    while (good && (cert = mtasts_pem_next(bio, &damaged))) {
        if (!certs->leaf[n]) {
            certs->leaf[n] = cert;
            continue;
        }
        if (!certs->chain[n]) {
            certs->chain[n] = sk_X509_new_null();
        }
        good = certs->chain[n] && sk_X509_push(certs->chain[n], cert);
        if (!good) {
            X509_free(cert);
        }
    }
    BIO_free(bio);
    if (good && (damaged || !certs->leaf[n])) {
        char shown[120];

        mtasts_escape(shown, sizeof(shown), file);
        snprintf(certs->unread, sizeof(certs->unread),
                 damaged ? "a certificate in %s is damaged"
                         : "there is no certificate in %s",
                 shown);
    }
    return good;
}

mtasts_certs *mtasts_certs_of_files(const char *const *files, size_t n,
                                    const char *chain)
{
    mtasts_certs *certs = calloc(1, sizeof(*certs));
    int good = 1;
    size_t i;

    if (!certs) {
        return NULL;
    }
    certs->tls12 = certs->tls13 = -1;
    for (i = 0; i < n && good && certs->n < MTASTS_VHOST_CERTS; i++) {
        good = take_file(certs, certs->n, files[i]);
        if (certs->leaf[certs->n]) {
            certs->n++;
            good = good && (!chain || take_file(certs, certs->n - 1, chain));
        }
    }
    ERR_clear_error();
    if (!good) {
        mtasts_certs_free(certs);
        return NULL;
    }
    return certs;
}

/* --- looking --- */

/* What OpenSSL would send along with a certificate that has no chain; to be
 * freed. */
static STACK_OF(X509) * complete(const mtasts_certs *certs, X509 *leaf)
{
    X509_STORE_CTX *store = X509_STORE_CTX_new();
    STACK_OF(X509) *chain = NULL;

    if (store && X509_STORE_CTX_init(store, certs->completes, leaf, NULL)) {
        X509_verify_cert(store); /* says more than is asked for here */
        chain = X509_STORE_CTX_get1_chain(store);
    }
    X509_STORE_CTX_free(store);
    return chain;
}

static void look(const mtasts_certs *certs, size_t i, X509_STORE *roots,
                 int64_t now, mtasts_cert_facts *out)
{
    X509_STORE_CTX *store = X509_STORE_CTX_new();
    STACK_OF(X509) *more = NULL;

    if (!certs->chain[i] && certs->completes) {
        more = complete(certs, certs->leaf[i]);
    }
    if (store && X509_STORE_CTX_init(store, roots, certs->leaf[i],
                                     more ? more : certs->chain[i])) {
        mtasts_cert_verify(store, now, out);
    }
    else {
        memset(out, 0, sizeof(*out));
        out->chain = MTASTS_CHAIN_INVALID;
        snprintf(out->why, sizeof(out->why), "out of memory");
    }
    X509_STORE_CTX_free(store);
    sk_X509_pop_free(more, X509_free);
    ERR_clear_error();
}

void mtasts_certs_look(const mtasts_certs *certs, const mtasts_roots *roots,
                       int64_t now, mtasts_vhost_tls *out)
{
    size_t i;

    memset(out, 0, sizeof(*out));
    out->tls12 = certs->tls12;
    out->tls13 = certs->tls13;
    out->ncerts = certs->n;
    memcpy(out->unread, certs->unread, sizeof(out->unread));
    for (i = 0; i < certs->n; i++) {
        look(certs, i, mtasts_roots_store(roots), now, &out->certs[i]);
    }
}

void mtasts_certs_match(const mtasts_certs *certs, const char *host,
                        mtasts_vhost_tls *out)
{
    size_t i;

    for (i = 0; i < certs->n && i < out->ncerts; i++) {
        out->certs[i].name_matches = mtasts_cert_matches(certs->leaf[i], host);
    }
    ERR_clear_error();
}
