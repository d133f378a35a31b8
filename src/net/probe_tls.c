/*
 * TLS on a connection's socket.  Certificates are verified by
 * mtasts_cert_look(), and never fail the handshake: what is wrong with them is
 * a fact among others.  OpenSSL's security level is 0 for the same reason, and
 * TLS 1.2 the minimum.
 *
 * What a hostile server can do is bounded in a BIO of our own, between OpenSSL
 * and the socket: OpenSSL goes on reading messages that mean nothing as long as
 * there are some, and the BIO says "nothing now" when a turn's worth was read.
 * Certificates and names of CAs take up to 50 times their size when they are
 * decoded; two limits keep what stays of that below 1 MB.
 */

#include "probe_private.h"

#include <errno.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <stdio.h>
#include <string.h>

/* Of all certificates, and of the names of CAs that a client may be from, in
 * bytes.  Real chains have less than 10 kB, all of Mozilla's CAs 15 kB. */
#define CERTS_MAX 24576

/* What these consist of: DNS-IDs, parts of DNs and so on. */
#define PARTS_MAX 2000

/* --- the BIO --- */

static int bio_read(BIO *bio, char *buf, int size)
{
    int n = mtasts_io_receive(BIO_get_data(bio), buf, (size_t)size);

    BIO_clear_retry_flags(bio);
    if (n == -1) {
        BIO_set_retry_read(bio);
    }
    return n < 0 ? -1 : n;
}

static int bio_write(BIO *bio, const char *buf, int len)
{
    int n = mtasts_io_send(BIO_get_data(bio), buf, (size_t)len);

    BIO_clear_retry_flags(bio);
    if (n == -1) {
        BIO_set_retry_write(bio);
    }
    return n < 0 ? -1 : n;
}

static long bio_ctrl(BIO *bio, int command, long number, void *pointer)
{
    const connection *c = BIO_get_data(bio);

    (void)number;
    (void)pointer;
    switch (command) {
    case BIO_CTRL_FLUSH:
        return 1;
    case BIO_CTRL_EOF:
        return c->eof;
    default:
        return 0;
    }
}

/* Without BIO_get_new_index(): a process has some 100 of these in all. */
static BIO_METHOD *bio_method_new(void)
{
    BIO_METHOD *method = BIO_meth_new(BIO_TYPE_SOURCE_SINK, "probe");

    if (method) {
        BIO_meth_set_read(method, bio_read);
        BIO_meth_set_write(method, bio_write);
        BIO_meth_set_ctrl(method, bio_ctrl);
    }
    return method;
}

/* --- the SSL_CTX --- */

/* How many ASN.1 values there are inside. */
static size_t count_parts(const ASN1_OCTET_STRING *data)
{
    const unsigned char *at = ASN1_STRING_get0_data(data);
    const unsigned char *end = at + ASN1_STRING_length(data);
    size_t n = 0;

    while (at < end) {
        int tag, class, head;
        long len;

        head = ASN1_get_object(&at, &len, &tag, &class, end - at);
        if (head & 0x80) {
            ERR_clear_error();
            break;
        }
        if (!(head & V_ASN1_CONSTRUCTED)) {
            at += len;
        }
        n++;
    }
    return n;
}

static size_t count_cert(X509 *cert)
{
    int n = X509_get_ext_count(cert), i;
    size_t parts = (size_t)n;

    parts += (size_t)X509_NAME_entry_count(X509_get_subject_name(cert));
    parts += (size_t)X509_NAME_entry_count(X509_get_issuer_name(cert));
    for (i = 0; i < n; i++) {
        parts += count_parts(X509_EXTENSION_get_data(X509_get_ext(cert, i)));
    }
    return parts;
}

/* To be asked before OpenSSL decodes the extensions. */
static int is_too_much(const SSL *ssl, X509_STORE_CTX *store)
{
    STACK_OF(X509) *sent = X509_STORE_CTX_get0_untrusted(store);
    const STACK_OF(X509_NAME) *names = SSL_get0_peer_CA_list(ssl);
    size_t parts = 0;
    int i;

    for (i = 0; i < sk_X509_num(sent); i++) {
        parts += count_cert(sk_X509_value(sent, i));
    }
    for (i = 0; i < sk_X509_NAME_num(names); i++) {
        parts +=
            1 + (size_t)X509_NAME_entry_count(sk_X509_NAME_value(names, i));
    }
    return parts > PARTS_MAX;
}

/* Called within the handshake. */
static int on_certificate(X509_STORE_CTX *store, void *unused)
{
    const SSL *ssl =
        X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
    connection *c = SSL_get_app_data(ssl);

    (void)unused;
    if (is_too_much(ssl, store)) {
        c->too_much = 1;
        return 0;
    }
    if (c->phase == HANDSHAKE) {
        mtasts_cert_look(store, c->job->host, c->run->options.now,
                         &c->facts.probe.cert);
        c->facts.probe.has_cert = 1;
    }
    return 1;
}

int mtasts_tls_begin(mtasts_probe_run *run, const char **error)
{
    ERR_clear_error();
    run->tls = SSL_CTX_new(TLS_client_method());
    run->bio = bio_method_new();
    if (!run->tls || !run->bio ||
        !SSL_CTX_set_min_proto_version(run->tls, TLS1_2_VERSION) ||
        !SSL_CTX_set_max_proto_version(run->tls, 0)) {
        *error = ERR_reason_error_string(ERR_peek_error());
        if (!*error) {
            *error = "OpenSSL can't be set up";
        }
        ERR_clear_error();
        return 0;
    }
    /* No DHE: a server names the group, and 10,000 bits are a second in one call
     * that nothing can end.  Big senders don't have it either. */
    if (!SSL_CTX_set_cipher_list(run->tls, "DEFAULT:!kDHE:@SECLEVEL=0")) {
        *error = "OpenSSL has no ciphers";
        ERR_clear_error();
        return 0;
    }
    SSL_CTX_set_security_level(run->tls, 0);
    SSL_CTX_set_session_cache_mode(run->tls, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_mode(run->tls, SSL_MODE_RELEASE_BUFFERS |
                                   SSL_MODE_ENABLE_PARTIAL_WRITE |
                                   SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    /* Servers without RFC 5746: many senders talk to them. */
    SSL_CTX_set_options(run->tls, SSL_OP_LEGACY_SERVER_CONNECT |
                                      SSL_OP_NO_RENEGOTIATION |
                                      SSL_OP_NO_TICKET);
#ifdef SSL_OP_NO_RX_CERTIFICATE_COMPRESSION
    SSL_CTX_set_options(run->tls, SSL_OP_NO_RX_CERTIFICATE_COMPRESSION);
#endif
    SSL_CTX_set_max_cert_list(run->tls, CERTS_MAX);
    SSL_CTX_set_verify(run->tls, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_cert_verify_callback(run->tls, on_certificate, NULL);
    mtasts_roots_use(run->options.roots, run->tls);
    return 1;
}

void mtasts_tls_end(mtasts_probe_run *run)
{
    SSL_CTX_free(run->tls);
    BIO_meth_free(run->bio);
}

/* --- what failed --- */

static int is_version_reason(int reason)
{
    return reason == SSL_R_UNSUPPORTED_PROTOCOL ||
           reason == SSL_R_WRONG_SSL_VERSION ||
           reason == SSL_R_UNKNOWN_SSL_VERSION ||
           reason == SSL_R_TLSV1_ALERT_PROTOCOL_VERSION;
}

/* "handshake failure" of "sslv3 alert handshake failure". */
static const char *alert_name(const char *words)
{
    const char *name = words ? strchr(words, ' ') : NULL;

    if (!name) {
        return "unknown";
    }
    return strncmp(name, " alert ", 7) ? name + 1 : name + 7;
}

/* The TLS library's reason for a failure, in words. */
static void say_reason(connection *c, unsigned long error)
{
    const char *words = ERR_reason_error_string(error);
    /* Other libraries' reasons have the same numbers. */
    int reason = ERR_GET_LIB(error) == ERR_LIB_SSL ? ERR_GET_REASON(error) : 0;
    size_t size = sizeof(c->said);

    c->tls_result = MTASTS_PROBE_TLS_FAILED;
    if (is_version_reason(reason)) {
        c->tls_result = MTASTS_PROBE_TLS_VERSION;
    }
    if (c->too_much || reason == SSL_R_EXCESSIVE_MESSAGE_SIZE) {
        c->tls_result = MTASTS_PROBE_UNKNOWN;
        snprintf(c->said, size,
                 "its certificates have more than %d bytes or %d parts, too "
                 "much to be looked at here",
                 CERTS_MAX, PARTS_MAX);
    }
    else if (reason >= SSL_AD_REASON_OFFSET &&
             reason < SSL_AD_REASON_OFFSET + 256) {
        snprintf(c->said, size, "it refused TLS with the alert \"%s\"",
                 alert_name(words));
    }
    else if (reason == SSL_R_WRONG_VERSION_NUMBER ||
             reason == SSL_R_HTTP_REQUEST) {
        snprintf(c->said, size, "what it sent is no TLS");
    }
    else if (reason == SSL_R_UNSUPPORTED_PROTOCOL) {
        snprintf(c->said, size, "it chose a TLS version below 1.2");
    }
    else {
        snprintf(c->said, size, "TLS failed: %s",
                 words ? words : "unknown reason");
    }
}

static int is_eof_reason(unsigned long error)
{
#ifdef SSL_R_UNEXPECTED_EOF_WHILE_READING
    return ERR_GET_REASON(error) == SSL_R_UNEXPECTED_EOF_WHILE_READING;
#else
    (void)error;
    return 0;
#endif
}

io_state mtasts_tls_outcome(connection *c, int rc)
{
    int state = SSL_get_error(c->ssl, rc);
    unsigned long error = ERR_peek_error();

    ERR_clear_error();
    switch (state) {
    case SSL_ERROR_NONE:
        return IO_DONE;
    case SSL_ERROR_WANT_READ:
        c->events = POLLIN;
        return IO_WAIT;
    case SSL_ERROR_WANT_WRITE:
        c->events = POLLOUT;
        return IO_WAIT;
    case SSL_ERROR_ZERO_RETURN:
        return IO_END;
    default:
        break;
    }
    c->tls_result = MTASTS_PROBE_TLS_FAILED;
    if (c->error) {
        return IO_FAILED; /* of the socket: it was said then */
    }
    if (c->eof && (!error || is_eof_reason(error))) {
        return IO_END;
    }
    say_reason(c, error);
    return IO_FAILED;
}

/* --- the handshake --- */

static io_state cannot_begin(connection *c)
{
    c->tls_result = MTASTS_PROBE_UNKNOWN;
    snprintf(c->said, sizeof(c->said),
             "TLS can't be set up here: out of "
             "memory, or no host name");
    ERR_clear_error();
    return IO_FAILED;
}

static io_state begin(connection *c)
{
    static const unsigned char http[] = "\010http/1.1";
    BIO *bio = BIO_new(c->run->bio);

    c->ssl = SSL_new(c->run->tls);
    if (!bio || !c->ssl) {
        BIO_free(bio);
        return cannot_begin(c);
    }
    BIO_set_data(bio, c);
    BIO_set_init(bio, 1);
    SSL_set_bio(c->ssl, bio, bio);
    SSL_set_app_data(c->ssl, c);
    SSL_set_connect_state(c->ssl);
    if (!SSL_set_tlsext_host_name(c->ssl, c->job->host) ||
        (c->job->fetch &&
         SSL_set_alpn_protos(c->ssl, http, sizeof(http) - 1)) ||
        (c->phase == HANDSHAKE_12 &&
         !SSL_set_max_proto_version(c->ssl, TLS1_2_VERSION))) {
        return cannot_begin(c);
    }
    return IO_DONE;
}

io_state mtasts_tls_handshake(connection *c)
{
    mtasts_probe *p = &c->facts.probe;
    io_state state;

    if (!c->ssl && begin(c) != IO_DONE) {
        return IO_FAILED;
    }
    ERR_clear_error();
    state = mtasts_tls_outcome(c, SSL_do_handshake(c->ssl));
    if (state == IO_END) {
        snprintf(c->said, sizeof(c->said),
                 "it closed the connection in the TLS handshake");
        return IO_FAILED;
    }
    if (state == IO_DONE && c->phase == HANDSHAKE) {
        snprintf(p->protocol, sizeof(p->protocol), "%s",
                 SSL_get_version(c->ssl));
        snprintf(p->cipher, sizeof(p->cipher), "%s",
                 SSL_get_cipher_name(c->ssl));
    }
    return state;
}
