/* Certificates as a server may send them, one behind the other.  With an odd
 * first byte the last of them is a trusted root. */

#include "../fuzz/fuzz.h"

#include "../../src/net/cert.h"

#include <openssl/err.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>

#define CERTS_MAX 8

static void check(const mtasts_cert_facts *f)
{
    size_t at = 0;
    unsigned i;

    for (i = 0; i < f->nnames; i++) {
        size_t len = strlen(f->names + at) + 1;

        MUST(at + len <= sizeof(f->names));
        must_be_printable(f->names + at);
        at += len;
    }
    MUST(f->name_matches == 0 || f->name_matches == 1);
    MUST(!f->name_matches || f->nnames || f->names_left_out);
    MUST(f->chain <= MTASTS_CHAIN_INVALID);
    MUST(!f->why[0] == (f->chain != MTASTS_CHAIN_INVALID));
    MUST(!f->issuer[0] == (f->chain != MTASTS_CHAIN_INCOMPLETE &&
                           f->chain != MTASTS_CHAIN_UNTRUSTED &&
                           f->chain != MTASTS_CHAIN_EXPIRED));
    must_be_printable(f->issuer);
    must_be_printable(f->why);
    must_be_printable(f->weak);
}

static void look(X509 *leaf, STACK_OF(X509) * sent, X509 *root)
{
    X509_STORE *roots = X509_STORE_new();
    X509_STORE_CTX *store = X509_STORE_CTX_new();
    mtasts_cert_facts f;

    MUST(roots && store);
    MUST(!root || X509_STORE_add_cert(roots, root));
    MUST(X509_STORE_CTX_init(store, roots, leaf, sent));
    mtasts_cert_look(store, "mta-sts.d.test", 4102444800, &f);
    MUST(!ERR_peek_error());
    check(&f);
    MUST(root || f.chain != MTASTS_CHAIN_OK);
    X509_STORE_CTX_free(store);
    X509_STORE_free(roots);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const unsigned char *at = data + 1, *end = data + size;
    STACK_OF(X509) *sent = sk_X509_new_null();
    X509 *cert;

    MUST(sent != NULL);
    while (size && at < end && sk_X509_num(sent) < CERTS_MAX &&
           (cert = d2i_X509(NULL, &at, end - at))) {
        MUST(sk_X509_push(sent, cert));
    }
    ERR_clear_error();
    if (sk_X509_num(sent)) {
        int last = sk_X509_num(sent) - 1;

        look(sk_X509_value(sent, 0), sent,
             data[0] & 1 ? sk_X509_value(sent, last) : NULL);
    }
    sk_X509_pop_free(sent, X509_free);
    return 0;
}
