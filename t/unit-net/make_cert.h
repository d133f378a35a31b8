#ifndef MAKE_CERT_H
#define MAKE_CERT_H

/* Certificates for tests, made in memory. */

#include <openssl/evp.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NOW ((int64_t)4102444800) /* 2100-01-01 */
#define DAY 86400

#define NEED(cond)                                                             \
    do {                                                                       \
        if (!(cond)) {                                                         \
            printf("Bail out! %s:%d: %s\n", __FILE__, __LINE__, #cond);        \
            ERR_print_errors_fp(stdout);                                       \
            exit(1);                                                           \
        }                                                                      \
    } while (0)

typedef struct {
    X509 *cert;
    EVP_PKEY *key;
} made;

typedef struct {
    const char *cn;  /* NULL: organisation "Nameless" instead; "": nothing */
    const char *san; /* DNS-IDs with commas between; NULL: none */
    size_t san_len;  /* 0: up to the NUL */
    int ca;
    int from, to;         /* days from NOW; both 0: a year around it */
    const EVP_MD *digest; /* NULL: SHA-256 */
    int rsa;              /* bits; 0: EC, P-256 */
    int curve;            /* or this one */
    const made *issuer;   /* NULL: self-signed */
    const char *usage;    /* extendedKeyUsage, or NULL */
} recipe;

static inline EVP_PKEY *make_key(int rsa, int curve)
{
    EVP_PKEY_CTX *ctx =
        EVP_PKEY_CTX_new_id(rsa ? EVP_PKEY_RSA : EVP_PKEY_EC, NULL);
    EVP_PKEY *key = NULL;

    NEED(ctx && EVP_PKEY_keygen_init(ctx) > 0);
    if (rsa) {
        NEED(EVP_PKEY_CTX_set_rsa_keygen_bits(ctx, rsa) > 0);
    }
    else {
        NEED(EVP_PKEY_CTX_set_ec_paramgen_curve_nid(
                 ctx, curve ? curve : NID_X9_62_prime256v1) > 0);
    }
    NEED(EVP_PKEY_keygen(ctx, &key) > 0);
    EVP_PKEY_CTX_free(ctx);
    return key;
}

static inline void add_ext(X509 *cert, int nid, const char *value)
{
    X509_EXTENSION *ext = X509V3_EXT_conf_nid(NULL, NULL, nid, value);

    NEED(ext && X509_add_ext(cert, ext, -1));
    X509_EXTENSION_free(ext);
}

static inline void add_san(X509 *cert, const char *san, size_t len)
{
    GENERAL_NAMES *names = sk_GENERAL_NAME_new_null();
    const char *end = san + len;

    while (san <= end) {
        const char *comma = memchr(san, ',', (size_t)(end - san));
        GENERAL_NAME *name = GENERAL_NAME_new();
        ASN1_IA5STRING *value = ASN1_IA5STRING_new();

        if (!comma) {
            comma = end;
        }
        NEED(ASN1_STRING_set(value, san, (int)(comma - san)));
        GENERAL_NAME_set0_value(name, GEN_DNS, value);
        NEED(sk_GENERAL_NAME_push(names, name));
        san = comma + 1;
    }
    NEED(X509_add1_ext_i2d(cert, NID_subject_alt_name, names, 0, 0));
    GENERAL_NAMES_free(names);
}

static inline void add_dn(X509 *cert, const recipe *r)
{
    X509_NAME *dn = X509_get_subject_name(cert);

    if (r->cn && !r->cn[0]) {
        return;
    }
    NEED(X509_NAME_add_entry_by_txt(
        dn, r->cn ? "CN" : "O", MBSTRING_UTF8,
        (const unsigned char *)(r->cn ? r->cn : "Nameless"), -1, -1, 0));
}

static inline made make_cert(const recipe *r)
{
    static long serial;
    int whole_year = !r->from && !r->to;
    made m = {X509_new(), make_key(r->rsa, r->curve)};
    const made *by = r->issuer ? r->issuer : &m;

    NEED(m.cert && X509_set_version(m.cert, 2));
    ASN1_INTEGER_set(X509_get_serialNumber(m.cert), ++serial);
    NEED(ASN1_TIME_adj(X509_getm_notBefore(m.cert), (time_t)NOW,
                       whole_year ? -180 : r->from, 0));
    NEED(ASN1_TIME_adj(X509_getm_notAfter(m.cert), (time_t)NOW,
                       whole_year ? 180 : r->to, 0));
    add_dn(m.cert, r);
    X509_set_issuer_name(m.cert, X509_get_subject_name(by->cert));
    X509_set_pubkey(m.cert, m.key);
    if (r->ca) {
        add_ext(m.cert, NID_basic_constraints, "critical,CA:TRUE");
    }
    if (r->san) {
        add_san(m.cert, r->san, r->san_len ? r->san_len : strlen(r->san));
    }
    if (r->usage) {
        add_ext(m.cert, NID_ext_key_usage, r->usage);
    }
    NEED(X509_sign(m.cert, by->key, r->digest ? r->digest : EVP_sha256()));
    return m;
}

static inline void made_free(made *m)
{
    X509_free(m->cert);
    EVP_PKEY_free(m->key);
    m->cert = NULL;
    m->key = NULL;
}

/* A new file of its own, with the certificates (up to NULL) and the key, if
 * there is one. */
static inline void write_pem(char *path, const made *const *certs,
                             EVP_PKEY *key)
{
    int fd = mkstemp(path);
    FILE *f = fd < 0 ? NULL : fdopen(fd, "w");

    NEED(f != NULL);
    if (key) {
        NEED(PEM_write_PrivateKey(f, key, NULL, NULL, 0, NULL, NULL));
    }
    for (; *certs; certs++) {
        NEED(PEM_write_X509(f, (*certs)->cert));
    }
    NEED(!fclose(f));
}

#endif
