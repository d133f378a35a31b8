/* What is to be said of one certificate and its chain. */

#include "cert_private.h"

#include "../core/text.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* Less is refused by many senders. */
#define RSA_BITS_MIN 2048
#define EC_BITS_MIN  224

#define CA_SHOWN     40

/* "C = DE, O = Example"; what is not ASCII is escaped by us. */
#define ONE_LINE (XN_FLAG_ONELINE & ~(unsigned long)ASN1_STRFLGS_ESC_MSB)

/* --- names --- */

/* The CN of a DN, or all of it on one line. */
static void dn_text(const X509_NAME *dn, char *out, size_t size)
{
    int at = X509_NAME_get_index_by_NID((X509_NAME *)dn, NID_commonName, -1);
    unsigned char *utf8 = NULL;
    BIO *bio;
    char *line;
    int len;

    if (at >= 0) {
        len = ASN1_STRING_to_UTF8(
            &utf8, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(dn, at)));
        if (len > 0) {
            mtasts_escape_bytes(out, size, (char *)utf8, (size_t)len);
            OPENSSL_free(utf8);
            return;
        }
        OPENSSL_free(utf8);
    }
    snprintf(out, size, "a CA without a name");
    bio = BIO_new(BIO_s_mem());
    if (bio && X509_NAME_print_ex(bio, dn, 0, ONE_LINE) > 0) {
        len = (int)BIO_get_mem_data(bio, &line);
        if (len > 0) {
            mtasts_escape_bytes(out, size, line, (size_t)len);
        }
    }
    BIO_free(bio);
}

/* All DNS-IDs, each with its NUL, as far as they fit. */
static void take_names(X509 *cert, mtasts_cert_facts *out)
{
    GENERAL_NAMES *names =
        X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);
    size_t at = 0, len;
    char one[300];
    int i;

    for (i = 0; i < sk_GENERAL_NAME_num(names); i++) {
        const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);

        if (name->type != GEN_DNS) {
            continue;
        }
        mtasts_escape_bytes(
            one, sizeof(one),
            (const char *)ASN1_STRING_get0_data(name->d.dNSName),
            (size_t)ASN1_STRING_length(name->d.dNSName));
        len = strlen(one) + 1;
        if (len > sizeof(out->names) - at) {
            out->names_left_out++;
            continue;
        }
        memcpy(out->names + at, one, len);
        at += len;
        out->nnames++;
    }
    GENERAL_NAMES_free(names);
}

/* A leading dot would have X509_check_host() match everything below. */
int mtasts_cert_matches(X509 *cert, const char *host)
{
    return host[0] && host[0] != '.' &&
           X509_check_host(cert, host, 0,
                           X509_CHECK_FLAG_NEVER_CHECK_SUBJECT |
                               X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS,
                           NULL) == 1;
}

/* --- dates --- */

/* 0 if it is no date. */
static int64_t seconds_of(const ASN1_TIME *date)
{
    struct tm tm;

    memset(&tm, 0, sizeof(tm));
    return ASN1_TIME_to_tm(date, &tm) ? (int64_t)timegm(&tm) : 0;
}

/* --- weak --- */

static const char *weak_digest(X509 *cert)
{
    int digest = NID_undef;

    X509_get_signature_info(cert, &digest, NULL, NULL, NULL);
    switch (digest) {
    case NID_md2:
        return "MD2";
    case NID_md4:
        return "MD4";
    case NID_md5:
        return "MD5";
    case NID_sha1:
        return "SHA-1";
    default:
        return NULL;
    }
}

/* "RSA key of 1024 bits", or "". */
static void weak_text(X509 *cert, char *out, size_t size)
{
    const char *digest = weak_digest(cert);
    EVP_PKEY *key = X509_get0_pubkey(cert);
    int kind = key ? EVP_PKEY_base_id(key) : EVP_PKEY_NONE;

    out[0] = '\0';
    if (kind == EVP_PKEY_NONE) {
        snprintf(out, size, "key of an unknown kind");
    }
    else if (kind == EVP_PKEY_DSA) {
        snprintf(out, size, "DSA key");
    }
    else if ((kind == EVP_PKEY_RSA || kind == EVP_PKEY_RSA_PSS) &&
             EVP_PKEY_bits(key) < RSA_BITS_MIN) {
        snprintf(out, size, "RSA key of %d bits", EVP_PKEY_bits(key));
    }
    else if (kind == EVP_PKEY_EC && EVP_PKEY_bits(key) < EC_BITS_MIN) {
        snprintf(out, size, "EC key of %d bits", EVP_PKEY_bits(key));
    }
    else if (digest) {
        snprintf(out, size, "%s signature", digest);
    }
}

/* Of the certificate and what stands between it and the root. */
static void take_weak(X509_STORE_CTX *store, mtasts_cert_facts *out)
{
    STACK_OF(X509) *chain = X509_STORE_CTX_get0_chain(store);
    int n = sk_X509_num(chain), i;
    char text[32], ca[CA_SHOWN];

    weak_text(X509_STORE_CTX_get0_cert(store), out->weak, sizeof(out->weak));
    for (i = 1; i < n && !out->weak[0]; i++) {
        X509 *cert = sk_X509_value(chain, i);

        if (i == n - 1 && (X509_get_extension_flags(cert) & EXFLAG_SS)) {
            return; /* the root: nobody looks at its signature */
        }
        weak_text(cert, text, sizeof(text));
        if (text[0]) {
            dn_text(X509_get_subject_name(cert), ca, sizeof(ca));
            snprintf(out->weak, sizeof(out->weak), "%s of %s", text, ca);
        }
    }
}

/* --- the chain --- */

/* What an error means.  Those that follow from another are of the same kind. */
static mtasts_chain chain_of_error(int error, int depth)
{
    switch (error) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
        return depth ? MTASTS_CHAIN_EXPIRED : MTASTS_CHAIN_OK;
    case X509_V_ERR_CERT_NOT_YET_VALID:
        return depth ? MTASTS_CHAIN_INVALID : MTASTS_CHAIN_OK;
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
        return MTASTS_CHAIN_SELF_SIGNED;
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
        return MTASTS_CHAIN_INCOMPLETE;
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
        return MTASTS_CHAIN_UNTRUSTED;
    default:
        return MTASTS_CHAIN_INVALID;
    }
}

static void invalid_text(int error, int depth, X509 *cert, char *out)
{
    const char *words = X509_verify_cert_error_string(error);
    char ca[CA_SHOWN];

    if (depth && cert) {
        dn_text(X509_get_subject_name(cert), ca, sizeof(ca));
        snprintf(out, MTASTS_WHY_SIZE, "%.120s (%s)", words, ca);
    }
    else {
        snprintf(out, MTASTS_WHY_SIZE, "%.120s", words);
    }
}

/* mtasts_chain names first what has to be put right first. */
static void take_error(mtasts_cert_facts *out, X509_STORE_CTX *store)
{
    int error = X509_STORE_CTX_get_error(store);
    int depth = X509_STORE_CTX_get_error_depth(store);
    X509 *cert = X509_STORE_CTX_get_current_cert(store);
    mtasts_chain chain = chain_of_error(error, depth);

    if (chain == MTASTS_CHAIN_OK ||
        (out->chain != MTASTS_CHAIN_OK && out->chain <= chain)) {
        return;
    }
    out->chain = chain;
    out->issuer[0] = out->why[0] = '\0';
    if (chain == MTASTS_CHAIN_INVALID) {
        invalid_text(error, depth, cert, out->why);
    }
    else if (cert && chain == MTASTS_CHAIN_INCOMPLETE) {
        dn_text(X509_get_issuer_name(cert), out->issuer, sizeof(out->issuer));
    }
    else if (cert && chain != MTASTS_CHAIN_SELF_SIGNED) {
        dn_text(X509_get_subject_name(cert), out->issuer, sizeof(out->issuer));
    }
}

/* Goes on after every error, so that all are seen. */
static int on_verify(int good, X509_STORE_CTX *store)
{
    if (!good) {
        take_error(X509_STORE_CTX_get_app_data(store), store);
    }
    return 1;
}

static void take_chain(X509_STORE_CTX *store, int64_t now,
                       mtasts_cert_facts *out)
{
    X509_VERIFY_PARAM *param = X509_STORE_CTX_get0_param(store);

    X509_VERIFY_PARAM_set_time(param, (time_t)now);
    X509_VERIFY_PARAM_set_purpose(param, X509_PURPOSE_SSL_SERVER);
    X509_VERIFY_PARAM_set_trust(param, X509_TRUST_SSL_SERVER);
    /* What is weak is said in `weak`. */
    X509_VERIFY_PARAM_set_auth_level(param, 0);
    X509_STORE_CTX_set_app_data(store, out);
    X509_STORE_CTX_set_verify_cb(store, on_verify);
    if (X509_verify_cert(store) <= 0 && out->chain == MTASTS_CHAIN_OK) {
        out->chain = MTASTS_CHAIN_INVALID;
        invalid_text(X509_STORE_CTX_get_error(store), 0, NULL, out->why);
    }
}

void mtasts_cert_verify(X509_STORE_CTX *store, int64_t now,
                        mtasts_cert_facts *out)
{
    X509 *cert = X509_STORE_CTX_get0_cert(store);

    memset(out, 0, sizeof(*out));
    X509_digest(cert, EVP_sha256(), out->digest, NULL);
    out->not_before = seconds_of(X509_get0_notBefore(cert));
    out->not_after = seconds_of(X509_get0_notAfter(cert));
    take_names(cert, out);
    take_chain(store, now, out);
    take_weak(store, out);
    ERR_clear_error();
}

void mtasts_cert_look(X509_STORE_CTX *store, const char *host, int64_t now,
                      mtasts_cert_facts *out)
{
    mtasts_cert_verify(store, now, out);
    out->name_matches =
        mtasts_cert_matches(X509_STORE_CTX_get0_cert(store), host);
    ERR_clear_error();
}
