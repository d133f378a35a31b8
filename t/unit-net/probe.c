/* Runs of connections against scripted servers on loopback. */

#include "../../src/net/probe.h"
#include "../unit/tap.h"
#include "make_cert.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define HOST     "mx.d.test"
#define LOG_SIZE 1000

/* What a server does, one after the other; then it listens until the client
 * closes, unless it was told to CLOSE. */
typedef enum { CLOSE = 1, SAY, DRIP, FLOOD, HEAR, REQUEST, TLS, OLD, HANG } op;

typedef struct {
    op op;
    const char *text; /* to SAY, byte by byte for DRIP, again and again for
                         FLOOD; or NULL: a TLS record that means nothing */
} step;

#define STEPS 10

typedef struct {
    int min, max;      /* versions; 0: any */
    int client_cert;   /* wants one */
    const made *cert;  /* NULL: the usual one */
    const made *chain; /* NULL: the usual one */
    const char *ciphers;
} server_tls;

/* What the server heard, line by line with '|' behind each. */
typedef struct {
    char log[LOG_SIZE];
    size_t len;
    unsigned connections, too_many;
} shared;

typedef struct {
    int listener;
    pid_t pid;
    unsigned port;
    shared *seen;
} server;

static made root, inter, leaf;
static mtasts_roots *roots;

/* --- a server --- */

typedef struct {
    int fd;
    SSL *ssl;
    shared *seen;
} peer;

static int put(const peer *p, const char *bytes, size_t len)
{
    if (p->ssl) {
        return SSL_write(p->ssl, bytes, (int)len) > 0;
    }
    return send(p->fd, bytes, len, MSG_NOSIGNAL) == (ssize_t)len;
}

static int get(const peer *p, char *c)
{
    return p->ssl ? SSL_read(p->ssl, c, 1) == 1 : recv(p->fd, c, 1, 0) == 1;
}

static void note(const peer *p, const char *text)
{
    size_t len = strlen(text);

    if (p->seen->len + len < LOG_SIZE) {
        memcpy(p->seen->log + p->seen->len, text, len + 1);
        p->seen->len += len;
    }
}

static int hear(const peer *p)
{
    char line[500];
    size_t len = 0;

    while (len < sizeof(line) - 2 && get(p, line + len)) {
        if (line[len] == '\n') {
            line[len - 1] = '|';
            line[len] = '\0';
            note(p, line);
            return line[0] != '|';
        }
        len++;
    }
    return -1;
}

/* Reads until the other side closes. */
static void hang(const peer *p)
{
    char c;

    while (p->ssl ? SSL_read(p->ssl, &c, 1) == 1 : recv(p->fd, &c, 1, 0) > 0) {
    }
}

/* Called when the ClientHello is read: nothing was answered yet. */
static int note_name(SSL *ssl, int *alert, void *unused)
{
    const char *name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
    const peer *p = SSL_get_app_data(ssl);

    (void)alert;
    (void)unused;
    note(p, "TLS ");
    note(p, name ? name : "-");
    note(p, "|");
    return SSL_TLSEXT_ERR_OK;
}

/* Called behind that. */
static int choose_http(SSL *ssl, const unsigned char **out,
                       unsigned char *out_len, const unsigned char *in,
                       unsigned in_len, void *unused)
{
    (void)unused;
    if (in_len != 9 || memcmp(in, "\010http/1.1", 9)) {
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    }
    note(SSL_get_app_data(ssl), "ALPN|");
    *out = in + 1;
    *out_len = in[0];
    return SSL_TLSEXT_ERR_OK;
}

static SSL_CTX *server_ctx(const server_tls *tls)
{
    const made *cert = tls->cert ? tls->cert : &leaf;
    const made *chain = tls->chain ? tls->chain : &inter;
    SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());

    NEED(ctx && SSL_CTX_use_certificate(ctx, cert->cert) &&
         SSL_CTX_use_PrivateKey(ctx, cert->key) &&
         SSL_CTX_add1_chain_cert(ctx, chain->cert));
    SSL_CTX_set_security_level(ctx, 0);
    SSL_CTX_set_tlsext_servername_callback(ctx, note_name);
    SSL_CTX_set_alpn_select_cb(ctx, choose_http, NULL);
    NEED(SSL_CTX_set_min_proto_version(ctx, tls->min) &&
         SSL_CTX_set_max_proto_version(ctx, tls->max));
    if (tls->ciphers) {
        NEED(SSL_CTX_set_cipher_list(ctx, tls->ciphers) &&
             SSL_CTX_set_dh_auto(ctx, 1));
    }
    if (tls->client_cert) {
        SSL_CTX_set_verify(
            ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
    }
    return ctx;
}

static int begin_tls(peer *p, SSL_CTX *ctx)
{
    p->ssl = SSL_new(ctx);
    NEED(p->ssl && SSL_set_fd(p->ssl, p->fd));
    SSL_set_app_data(p->ssl, p);
    if (SSL_accept(p->ssl) != 1) {
        /* Else the alert would be lost in a reset. */
        SSL_free(p->ssl);
        p->ssl = NULL;
        hang(p);
        return 0;
    }
    return 1;
}

/* A ServerHello of TLS 1.1. */
static int say_old(const peer *p)
{
    static const char hello[] = "\x16\x03\x02\x00\x2a\x02\x00\x00\x26\x03\x02"
                                "abcdefghijklmnopqrstuvwxyzabcdef"
                                "\x00\x00\x2f\x00";

    return put(p, hello, sizeof(hello) - 1);
}

/* 4096 HelloRequests, which a client ignores in its handshake. */
static const char hello_requests[5 + 16384] = {0x16, 3, 3, 0x40, 0};

static int do_step(peer *p, const step *s, SSL_CTX *ctx)
{
    const char *c;
    int more;

    switch (s->op) {
    case SAY:
        return put(p, s->text, strlen(s->text));
    case DRIP:
        for (c = s->text; *c && put(p, c, 1); c++) {
        }
        return !*c;
    case FLOOD:
        while (s->text ? put(p, s->text, strlen(s->text))
                       : put(p, hello_requests, sizeof(hello_requests))) {
        }
        return 0;
    case HEAR:
        return hear(p) >= 0;
    case REQUEST:
        while ((more = hear(p)) > 0) {
        }
        return more == 0;
    case TLS:
        return begin_tls(p, ctx);
    case OLD:
        return say_old(p);
    default:
        return 1;
    }
}

/* Hears all that is said, and answers QUIT, after it was noted. */
static void bye(const peer *p)
{
    while (hear(p) >= 0) {
        if (p->seen->len >= 5 &&
            !strcmp(p->seen->log + p->seen->len - 5, "QUIT|")) {
            put(p, "221 bye\r\n", 9);
        }
    }
}

static void serve_one(int fd, shared *seen, const step *script, SSL_CTX *ctx)
{
    peer p = {fd, NULL, seen};
    size_t i = 0;

    while (i < STEPS && script[i].op && script[i].op != CLOSE &&
           script[i].op != HANG && do_step(&p, &script[i], ctx)) {
        i++;
    }
    if (i == STEPS || !script[i].op) {
        bye(&p);
    }
    else if (script[i].op != CLOSE) {
        hang(&p);
    }
    SSL_free(p.ssl);
    close(fd);
}

static server server_listen(int family)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET,
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6,
                              .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    int is_v6 = family == AF_INET6;
    struct sockaddr *a =
        is_v6 ? (struct sockaddr *)&v6 : (struct sockaddr *)&v4;
    socklen_t len = is_v6 ? sizeof(v6) : sizeof(v4);
    server s = {.pid = -1};

    s.listener = socket(family, SOCK_STREAM, 0);
    if (s.listener < 0 || bind(s.listener, a, len) ||
        getsockname(s.listener, a, &len) || listen(s.listener, 64)) {
        s.port = 0;
        return s;
    }
    s.port = ntohs(is_v6 ? v6.sin6_port : v4.sin_port);
    s.seen = mmap(NULL, sizeof(*s.seen), PROT_READ | PROT_WRITE,
                  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    NEED(s.seen != MAP_FAILED);
    return s;
}

static server server_start(const step *script, const server_tls *tls)
{
    server s = server_listen(AF_INET);

    NEED(s.port);
    fflush(stdout);
    s.pid = fork();
    if (!s.pid) {
        SSL_CTX *ctx = server_ctx(tls);
        int fd;

        alarm(60);
        while ((fd = accept(s.listener, NULL, NULL)) >= 0) {
            __sync_fetch_and_add(&s.seen->connections, 1);
            if (!fork()) {
                alarm(60);
                close(s.listener);
                serve_one(fd, s.seen, script, ctx);
                SSL_CTX_free(ctx);
                _exit(0);
            }
            close(fd);
            while (waitpid(-1, NULL, WNOHANG) > 0) {
            }
        }
        _exit(1);
    }
    close(s.listener);
    s.listener = -1;
    return s;
}

static void server_stop(server *s)
{
    if (s->pid > 0) {
        kill(s->pid, SIGKILL);
        waitpid(s->pid, NULL, 0);
    }
    if (s->listener >= 0) {
        close(s->listener);
    }
    munmap(s->seen, sizeof(*s->seen));
}

/* --- the asking side --- */

/* A limit, in ms, that is reached when a handshake is over: valgrind takes its
 * time for that. */
#define FAR 700

static unsigned ms_of(unsigned ms)
{
    return ms == FAR && getenv("SLOW") ? 10 * ms : ms;
}

static mtasts_probe_options usual(void)
{
    mtasts_probe_options o = {.timeout_ms = 30000,
                              .connect_ms = 10000,
                              .mx_ms = 20000,
                              .fetch_ms = 20000,
                              .helo = "h.test",
                              .now = NOW};

    o.roots = roots;
    return o;
}

static mtasts_probe_run *make(const mtasts_probe_options *o)
{
    const char *error = NULL;
    mtasts_probe_run *run = mtasts_probe_new(o, &error);

    if (!run) {
        printf("Bail out! %s\n", error);
        exit(1);
    }
    return run;
}

typedef struct {
    unsigned called, time_up, result[MTASTS_PROBE_OK + 1];
    mtasts_fetch last;
    char body[70000];
} got;

static void on_mx(void *ctx, const mtasts_probe *probe)
{
    got *g = ctx;

    g->called++;
    g->time_up += (unsigned)probe->time_up;
    g->result[probe->result]++;
    g->last.probe = *probe;
}

static void on_fetch(void *ctx, const mtasts_fetch *fetch)
{
    got *g = ctx;

    on_mx(ctx, &fetch->probe);
    g->last = *fetch;
    if (fetch->body_len < sizeof(g->body)) {
        memcpy(g->body, fetch->body_len ? fetch->body : "", fetch->body_len);
        g->body[fetch->body_len] = '\0';
    }
}

static int contains(const char *s, const char *part)
{
    return strstr(s, part) != NULL;
}

static void go(mtasts_probe_run *run)
{
    mtasts_probe_go(run);
    mtasts_probe_free(run);
    ok(!ERR_peek_error(), "run", "no error is left in the queue");
}

static int is_printable(const char *s)
{
    while (*s >= 0x20 && *s <= 0x7e) {
        s++;
    }
    return !*s;
}

/* --- STARTTLS --- */

#define GREET                                                                  \
    {                                                                          \
        SAY, "220 mx.d.test ESMTP\r\n"                                         \
    }
#define EHLOS                                                                  \
    {HEAR, NULL},                                                              \
    {                                                                          \
        SAY, "250-mx.d.test\r\n250 STARTTLS\r\n"                               \
    }
#define READY                                                                  \
    {HEAR, NULL},                                                              \
    {                                                                          \
        SAY, "220 go ahead\r\n"                                                \
    }
#define UPTO_TLS                                                               \
    GREET, EHLOS, READY,                                                       \
    {                                                                          \
        TLS, NULL                                                              \
    }
#define HEARD1 "EHLO h.test|"
#define HEARD2 HEARD1 "STARTTLS|"
#define HEARD3 HEARD2 "TLS mx.d.test|"

#define KILO                                                                   \
    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"         \
    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"         \
    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"         \
    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

typedef struct {
    const char *name;
    step script[STEPS];
    server_tls tls;
    unsigned ms; /* for a probe; 0: enough */
    mtasts_probe_result result;
    const char *why, *heard;
} mx_case;

static const mx_case mx_cases[] = {
    {"right",
     {UPTO_TLS, {HEAR, NULL}, {SAY, "250 mx.d.test\r\n"}},
     {0},
     0,
     MTASTS_PROBE_OK,
     "",
     HEARD3 HEARD1 "QUIT|"},
    {"right, TLS 1.2",
     {UPTO_TLS, {HEAR, NULL}, {SAY, "250 mx.d.test\r\n"}},
     {.max = TLS1_2_VERSION},
     0,
     MTASTS_PROBE_OK,
     "",
     HEARD3 HEARD1 "QUIT|"},
    {"one byte at a time",
     {{DRIP, "220-mx.d.test\r\n220 x\r\n"},
      {HEAR, NULL},
      {DRIP, "250-x\r\n250-STARTTLS\r\n250 y\r\n"},
      {HEAR, NULL},
      {DRIP, "220 go\r\n"},
      {TLS, NULL},
      {HEAR, NULL},
      {DRIP, "250-a\r\n250 b\r\n"}},
     {0},
     0,
     MTASTS_PROBE_OK,
     "",
     HEARD3 HEARD1 "QUIT|"},
    {"no answer to QUIT",
     {UPTO_TLS, {HEAR, NULL}, {SAY, "250 mx.d.test\r\n"}, {HANG, NULL}},
     {0},
     0,
     MTASTS_PROBE_OK,
     "",
     HEARD3 HEARD1},
    {"close at QUIT",
     {UPTO_TLS, {HEAR, NULL}, {SAY, "250 mx.d.test\r\n"}, {CLOSE, NULL}},
     {0},
     0,
     MTASTS_PROBE_OK,
     "",
     HEARD3 HEARD1},
    {"5xx greeting",
     {{SAY, "554 5.7.1 go \033[2Jaway\r\n"}},
     {0},
     0,
     MTASTS_PROBE_TURNED_AWAY,
     "its greeting is \"554 5.7.1 go \\x1b[2Jaway\"",
     "QUIT|"},
    {"4xx greeting",
     {{SAY, "421 too busy\r\n"}, {CLOSE, NULL}},
     {0},
     0,
     MTASTS_PROBE_UNKNOWN,
     "its greeting is \"421 too busy\"",
     ""},
    {"250 for a greeting",
     {{SAY, "250 hello\r\n"}},
     {0},
     0,
     MTASTS_PROBE_GREETING,
     "\"250 hello\"",
     "QUIT|"},
    {"another protocol",
     {{SAY, "SSH-2.0-\033x\r\n"}},
     {0},
     0,
     MTASTS_PROBE_GREETING,
     "its greeting is no SMTP (no three-digit reply code): \"SSH-2.0-\\x1bx\"",
     ""},
    {"NUL", {{FLOOD, NULL}}, {0}, 0, MTASTS_PROBE_GREETING, "no SMTP", ""},
    {"greeting without end",
     {{FLOOD, "220-" KILO "\r\n"}},
     {0},
     0,
     MTASTS_PROBE_GREETING,
     "longer than 65536",
     ""},
    {"line without end",
     {{SAY, "220 "}, {FLOOD, KILO}},
     {0},
     0,
     MTASTS_PROBE_GREETING,
     "longer than 4096",
     ""},
    {"no greeting",
     {{HANG, NULL}},
     {0},
     300,
     MTASTS_PROBE_UNKNOWN,
     "its greeting did not come within 0.3 s",
     ""},
    {"half a greeting",
     {{SAY, "220-x\r\n22"}, {HANG, NULL}},
     {0},
     300,
     MTASTS_PROBE_UNKNOWN,
     "its greeting did not come",
     ""},
    {"close before the greeting",
     {{CLOSE, NULL}},
     {0},
     0,
     MTASTS_PROBE_UNKNOWN,
     "it closed the connection before its greeting",
     ""},
    {"5xx to EHLO",
     {GREET, {HEAR, NULL}, {SAY, "502 what\r\n"}},
     {0},
     0,
     MTASTS_PROBE_NO_STARTTLS,
     "its answer to EHLO is \"502 what\"",
     HEARD1 "QUIT|"},
    {"turned away at EHLO",
     {GREET, {HEAR, NULL}, {SAY, "550 5.7.1 you are listed\r\n"}},
     {0},
     0,
     MTASTS_PROBE_TURNED_AWAY,
     "its answer to EHLO is \"550 5.7.1 you are listed\"",
     HEARD1 "QUIT|"},
    {"4xx to EHLO",
     {GREET, {HEAR, NULL}, {SAY, "421 later\r\n"}},
     {0},
     0,
     MTASTS_PROBE_UNKNOWN,
     "its answer to EHLO is \"421 later\"",
     HEARD1 "QUIT|"},
    {"rubbish to EHLO",
     {GREET, {HEAR, NULL}, {SAY, "what\r\n"}},
     {0},
     0,
     MTASTS_PROBE_GREETING,
     "its answer to EHLO is no SMTP",
     HEARD1},
    {"not offered",
     {GREET, {HEAR, NULL}, {SAY, "250-STARTTLS\r\n250 SIZE\r\n"}},
     {0},
     0,
     MTASTS_PROBE_NO_STARTTLS,
     "",
     HEARD1 "QUIT|"},
    {"no answer to EHLO",
     {GREET, {HEAR, NULL}, {HANG, NULL}},
     {0},
     300,
     MTASTS_PROBE_UNKNOWN,
     "its answer to EHLO did not come",
     HEARD1},
    {"close at EHLO",
     {GREET, {HEAR, NULL}, {CLOSE, NULL}},
     {0},
     0,
     MTASTS_PROBE_UNKNOWN,
     "it closed the connection before its answer to EHLO",
     HEARD1},
    {"4xx to STARTTLS",
     {GREET, EHLOS, {HEAR, NULL}, {SAY, "454 not now\r\n"}},
     {0},
     0,
     MTASTS_PROBE_TLS_FAILED,
     "its answer to STARTTLS is \"454 not now\"",
     HEARD2 "QUIT|"},
    {"250 to STARTTLS",
     {GREET, EHLOS, {HEAR, NULL}, {SAY, "250 ok\r\n"}},
     {0},
     0,
     MTASTS_PROBE_TLS_FAILED,
     "its answer to STARTTLS is \"250 ok\"",
     HEARD2 "QUIT|"},
    {"rubbish to STARTTLS",
     {GREET, EHLOS, {HEAR, NULL}, {SAY, "go\r\n"}},
     {0},
     0,
     MTASTS_PROBE_TLS_FAILED,
     "its answer to STARTTLS is no SMTP",
     HEARD2},
    {"no answer to STARTTLS",
     {GREET, EHLOS, {HEAR, NULL}, {HANG, NULL}},
     {0},
     300,
     MTASTS_PROBE_UNKNOWN,
     "its answer to STARTTLS did not come",
     HEARD2},
    {"close at STARTTLS",
     {GREET, EHLOS, {HEAR, NULL}, {CLOSE, NULL}},
     {0},
     0,
     MTASTS_PROBE_UNKNOWN,
     "before its answer to STARTTLS",
     HEARD2},
    {"plain text behind 220",
     {GREET, EHLOS, {HEAR, NULL}, {SAY, "220 go\r\n250 mx\r\n"}, {TLS, NULL}},
     {0},
     0,
     MTASTS_PROBE_TLS_FAILED,
     "it sent more in plain text behind its answer to STARTTLS",
     HEARD2},
    {"close after 220",
     {GREET, EHLOS, READY, {CLOSE, NULL}},
     {0},
     0,
     MTASTS_PROBE_TLS_FAILED,
     "", /* closed or reset */
     HEARD2},
    {"silence after 220",
     {GREET, EHLOS, READY, {HANG, NULL}},
     {0},
     300,
     MTASTS_PROBE_UNKNOWN,
     "no answer in the TLS handshake within 0.3 s",
     HEARD2},
    {"plain text for TLS",
     {GREET, EHLOS, READY, {FLOOD, "500 what\r\n"}},
     {0},
     0,
     MTASTS_PROBE_TLS_FAILED,
     "", /* that it is plain text, or more behind 220 */
     HEARD2},
    {"TLS 1.1",
     {UPTO_TLS},
     {.min = TLS1_VERSION, .max = TLS1_1_VERSION},
     0,
     MTASTS_PROBE_TLS_VERSION,
     "it refused TLS with the alert \"protocol version\"",
     HEARD2},
    {"TLS 1.1 chosen",
     {GREET, EHLOS, READY, {OLD, NULL}, {HANG, NULL}},
     {0},
     0,
     MTASTS_PROBE_TLS_VERSION,
     "it chose a TLS version below 1.2",
     HEARD2},
    {"client certificate wanted",
     {UPTO_TLS, {HEAR, NULL}, {SAY, "250 mx.d.test\r\n"}},
     {.client_cert = 1},
     0,
     MTASTS_PROBE_TLS_FAILED,
     "certificate required",
     HEARD3},
    {"client certificate wanted, TLS 1.2",
     {UPTO_TLS, {HEAR, NULL}, {SAY, "250 mx.d.test\r\n"}},
     {.client_cert = 1, .max = TLS1_2_VERSION},
     0,
     MTASTS_PROBE_TLS_FAILED,
     "alert \"handshake failure\"",
     HEARD3},
    {"5xx inside TLS",
     {UPTO_TLS, {HEAR, NULL}, {SAY, "502 what\r\n"}},
     {0},
     0,
     MTASTS_PROBE_TLS_FAILED,
     "its answer to EHLO inside TLS is \"502 what\"",
     HEARD3 HEARD1 "QUIT|"},
    {"4xx inside TLS",
     {UPTO_TLS, {HEAR, NULL}, {SAY, "421 later\r\n"}},
     {0},
     0,
     MTASTS_PROBE_UNKNOWN,
     "its answer to EHLO inside TLS is \"421 later\"",
     HEARD3 HEARD1 "QUIT|"},
    {"rubbish inside TLS",
     {UPTO_TLS, {HEAR, NULL}, {SAY, "what\r\n"}},
     {0},
     0,
     MTASTS_PROBE_TLS_FAILED,
     "its answer to EHLO inside TLS is no SMTP",
     HEARD3 HEARD1},
    {"close inside TLS",
     {UPTO_TLS, {HEAR, NULL}, {CLOSE, NULL}},
     {0},
     0,
     MTASTS_PROBE_TLS_FAILED,
     "it closed the connection before its answer to EHLO inside TLS",
     HEARD3 HEARD1},
    {"silence inside TLS",
     {UPTO_TLS, {HEAR, NULL}, {HANG, NULL}},
     {0},
     FAR,
     MTASTS_PROBE_UNKNOWN,
     "its answer to EHLO inside TLS did not come within ",
     HEARD3 HEARD1},
    {"without end inside TLS",
     {UPTO_TLS, {HEAR, NULL}, {FLOOD, "250-" KILO "\r\n"}},
     {0},
     0,
     MTASTS_PROBE_TLS_FAILED,
     "longer than 65536",
     HEARD3 HEARD1},
};

static void mx_one(const mx_case *k)
{
    server s = server_start(k->script, &k->tls);
    mtasts_probe_options o = usual();
    mtasts_probe_run *run;
    mtasts_probe *p;
    got g;

    memset(&g, 0, sizeof(g));
    p = &g.last.probe;
    if (k->ms) {
        o.mx_ms = ms_of(k->ms);
    }
    run = make(&o);
    NEED(mtasts_probe_mx(run, HOST, "127.0.0.1", s.port, on_mx, &g));
    go(run);
    ok(g.called == 1 && p->result == k->result, "mx: result", k->name);
    ok(k->result == MTASTS_PROBE_OK ? !p->why[0] : contains(p->why, k->why),
       "mx: why", k->name);
    printf("# %d %s\n", p->result, p->why);
    ok(is_printable(p->why), "mx: printable", k->name);
    ok(p->connected && !p->time_up, "mx: connected", k->name);
    is_str(p->host, HOST, "mx: host", k->name);
    is_str(p->address, "127.0.0.1", "mx: address", k->name);
    is_str(s.seen->log, k->heard, "mx: all that was sent", k->name);
    server_stop(&s);
}

/* What the facts hold besides. */
static void mx_facts(void)
{
    static const step script[STEPS] = {
        UPTO_TLS, {HEAR, NULL}, {SAY, "250 mx.d.test\r\n"}};
    made self = make_cert(&(recipe){.cn = HOST});
    made many, parts,
        rsa = make_cert(&(recipe){.san = HOST, .rsa = 2048, .issuer = &inter});
    char san[60000];
    struct {
        const char *name, *host;
        server_tls tls;
        const char *protocol;
        mtasts_probe_result result;
        int has_cert, matches;
        mtasts_chain chain;
    } cases[] = {
        {"1.3", HOST, {0}, "TLSv1.3", MTASTS_PROBE_OK, 1, 1, MTASTS_CHAIN_OK},
        {"1.2",
         HOST,
         {.max = TLS1_2_VERSION},
         "TLSv1.2",
         MTASTS_PROBE_OK,
         1,
         1,
         MTASTS_CHAIN_OK},
        {"RSA",
         HOST,
         {.max = TLS1_2_VERSION, .cert = &rsa, .ciphers = "kECDHE+aRSA"},
         "TLSv1.2",
         MTASTS_PROBE_OK,
         1,
         1,
         MTASTS_CHAIN_OK},
        /* A group of 10,000 bits would be a second that nothing can end. */
        {"DHE",
         HOST,
         {.max = TLS1_2_VERSION, .cert = &rsa, .ciphers = "kDHE+aRSA"},
         "",
         MTASTS_PROBE_TLS_FAILED,
         0,
         0,
         MTASTS_CHAIN_OK},
        {"other host",
         "other.test",
         {0},
         "TLSv1.3",
         MTASTS_PROBE_OK,
         1,
         0,
         MTASTS_CHAIN_OK},
        {"incomplete",
         HOST,
         {.chain = &root},
         "TLSv1.3",
         MTASTS_PROBE_OK,
         1,
         1,
         MTASTS_CHAIN_INCOMPLETE},
        {"self-signed",
         HOST,
         {.cert = &self},
         "TLSv1.3",
         MTASTS_PROBE_OK,
         1,
         0,
         MTASTS_CHAIN_SELF_SIGNED},
        {"too many parts",
         HOST,
         {.cert = &parts},
         "",
         MTASTS_PROBE_UNKNOWN,
         0,
         0,
         MTASTS_CHAIN_OK},
        {"too large",
         HOST,
         {.cert = &many},
         "",
         MTASTS_PROBE_UNKNOWN,
         0,
         0,
         MTASTS_CHAIN_OK},
    };
    size_t i, at = 0;

    for (i = 0; i < 500; i++) {
        at += (size_t)sprintf(san + at, "n%060u.many.test,", (unsigned)i);
    }
    san[at - 1] = '\0';
    many = make_cert(&(recipe){.cn = "x", .san = san, .issuer = &inter});
    memset(san, ',', 3000);
    parts = make_cert(
        &(recipe){.cn = "x", .san = san, .san_len = 3000, .issuer = &inter});
    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        server s = server_start(script, &cases[i].tls);
        mtasts_probe_options o = usual();
        mtasts_probe_run *run = make(&o);
        mtasts_probe *p;
        got g;

        memset(&g, 0, sizeof(g));
        p = &g.last.probe;
        NEED(mtasts_probe_mx(run, cases[i].host, "127.0.0.1", s.port, on_mx,
                             &g));
        go(run);
        printf("# %s %s %s %s\n", p->protocol, p->cipher, p->why,
               p->cert.names);
        ok(g.called == 1 && p->result == cases[i].result, "facts: result",
           cases[i].name);
        is_str(p->protocol, cases[i].protocol, "facts: protocol",
               cases[i].name);
        ok(cases[i].result != MTASTS_PROBE_UNKNOWN ||
               contains(p->why, "too much to be looked at"),
           "facts: why", cases[i].name);
        ok(!p->cipher[0] == !p->protocol[0], "facts: cipher", cases[i].name);
        ok(p->has_cert == cases[i].has_cert &&
               p->cert.name_matches == cases[i].matches &&
               p->cert.chain == cases[i].chain,
           "facts: certificate", cases[i].name);
        server_stop(&s);
    }
    made_free(&self);
    made_free(&many);
    made_free(&parts);
    made_free(&rsa);
}

/* --- the policy --- */

#define GET                                                                    \
    "TLS mta-sts.d.test|ALPN|GET /.well-known/mta-sts.txt HTTP/1.1|"           \
    "Host: mta-sts.d.test|MTA-STS-Check: mod_mtasts|Connection: close||"
#define AGAIN "TLS mta-sts.d.test|ALPN|"
#define ASKED                                                                  \
    {TLS, NULL},                                                               \
    {                                                                          \
        REQUEST, NULL                                                          \
    }
#define BODY      "version: STSv1\r\n"
#define RIGHT     "HTTP/1.1 200 OK\r\nContent-Length: 16\r\n\r\n" BODY
#define NOT_TRIED (-1)

typedef struct {
    const char *name;
    step script[STEPS];
    server_tls tls;
    unsigned ms;
    mtasts_probe_result result;
    const char *why, *heard;
    int status, tls12, tls13;
    const char *body; /* NULL: as much as there is room for */
} fetch_case;

static const fetch_case fetch_cases[] = {
    {"right",
     {ASKED, {SAY, RIGHT}},
     {0},
     0,
     MTASTS_PROBE_OK,
     "",
     GET AGAIN,
     200,
     1,
     1,
     BODY},
    {"ends with the connection",
     {ASKED, {SAY, "HTTP/1.0 200 OK\r\n\r\n" BODY}, {CLOSE, NULL}},
     {0},
     0,
     MTASTS_PROBE_OK,
     "",
     GET AGAIN,
     200,
     1,
     1,
     BODY},
    {"chunked, one byte at a time",
     {ASKED,
      {DRIP, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
             "8\r\nversion:\r\n8;x=y\r\n STSv1\r\n\r\n0\r\n\r\n"}},
     {0},
     0,
     MTASTS_PROBE_OK,
     "",
     GET AGAIN,
     200,
     1,
     1,
     BODY},
    {"TLS 1.2 only",
     {ASKED, {SAY, RIGHT}},
     {.max = TLS1_2_VERSION},
     0,
     MTASTS_PROBE_OK,
     "",
     GET,
     200,
     1,
     0,
     BODY},
    {"TLS 1.3 only",
     {ASKED, {SAY, RIGHT}},
     {.min = TLS1_3_VERSION},
     0,
     MTASTS_PROBE_OK,
     "",
     GET,
     200,
     0,
     1,
     BODY},
    {"TLS 1.1 only",
     {ASKED, {SAY, RIGHT}},
     {.min = TLS1_VERSION, .max = TLS1_1_VERSION},
     0,
     MTASTS_PROBE_TLS_VERSION,
     "protocol version",
     "",
     0,
     NOT_TRIED,
     NOT_TRIED,
     ""},
    {"404",
     {ASKED, {SAY, "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"}},
     {0},
     0,
     MTASTS_PROBE_OK,
     "",
     GET AGAIN,
     404,
     1,
     1,
     ""},
    {"a long body",
     {ASKED, {SAY, "HTTP/1.1 200 OK\r\n\r\n"}, {FLOOD, KILO}},
     {0},
     0,
     MTASTS_PROBE_OK,
     "",
     GET AGAIN,
     200,
     1,
     1,
     NULL},
    {"silence in the handshake",
     {{HANG, NULL}},
     {0},
     300,
     MTASTS_PROBE_SLOW,
     "no answer in the TLS handshake within 0.3 s",
     "",
     0,
     NOT_TRIED,
     NOT_TRIED,
     ""},
    {"silence at the request",
     {ASKED, {HANG, NULL}},
     {0},
     FAR,
     MTASTS_PROBE_SLOW,
     "no response to the request within ",
     GET,
     0,
     NOT_TRIED,
     1,
     ""},
    {"silence in the body",
     {ASKED, {SAY, "HTTP/1.1 200 OK\r\n\r\nx"}, {HANG, NULL}},
     {0},
     FAR,
     MTASTS_PROBE_SLOW,
     "the response did not end within ",
     GET,
     0,
     NOT_TRIED,
     1,
     ""},
    {"cut",
     {ASKED,
      {SAY, "HTTP/1.1 200 OK\r\nContent-Length: 17\r\n\r\n" BODY},
      {CLOSE, NULL}},
     {0},
     0,
     MTASTS_PROBE_NO_HTTP,
     "the connection was closed in the middle of the body",
     GET,
     0,
     NOT_TRIED,
     1,
     ""},
    {"closed",
     {ASKED, {CLOSE, NULL}},
     {0},
     0,
     MTASTS_PROBE_NO_HTTP,
     "the connection was closed without a response",
     GET,
     0,
     NOT_TRIED,
     1,
     ""},
    {"no HTTP",
     {ASKED, {SAY, "220 mx.d.test\r\n"}},
     {0},
     0,
     MTASTS_PROBE_NO_HTTP,
     "no status line",
     GET,
     0,
     NOT_TRIED,
     1,
     ""},
    {"header without end",
     {ASKED, {SAY, "HTTP/1.1 200 OK\r\n"}, {FLOOD, "X: " KILO "\r\n"}},
     {0},
     0,
     MTASTS_PROBE_NO_HTTP,
     "32768",
     GET,
     0,
     NOT_TRIED,
     1,
     ""},
    {"interim responses without end",
     {ASKED, {FLOOD, "HTTP/1.1 100 Continue\r\n\r\n"}},
     {0},
     0,
     MTASTS_PROBE_NO_HTTP,
     "32768",
     GET,
     0,
     NOT_TRIED,
     1,
     ""},
    {"plain HTTP on the port",
     {{SAY, "HTTP/1.1 400 Bad Request\r\n\r\n"}},
     {0},
     0,
     MTASTS_PROBE_TLS_FAILED,
     "what it sent is no TLS",
     NULL,
     0,
     NOT_TRIED,
     NOT_TRIED,
     ""},
    {"messages without end in the handshake",
     {{FLOOD, NULL}},
     {0},
     0,
     MTASTS_PROBE_TLS_FAILED,
     "more than 1048576 bytes came",
     NULL,
     0,
     NOT_TRIED,
     NOT_TRIED,
     ""},
    {"client certificate wanted",
     {ASKED, {SAY, RIGHT}},
     {.client_cert = 1},
     0,
     MTASTS_PROBE_TLS_FAILED,
     "certificate required",
     AGAIN,
     0,
     NOT_TRIED,
     1,
     ""},
};

static void fetch_one(const fetch_case *k)
{
    server s = server_start(k->script, &k->tls);
    mtasts_probe_options o = usual();
    mtasts_probe_run *run;
    mtasts_probe *p;
    static got g;

    memset(&g, 0, sizeof(g));
    p = &g.last.probe;
    if (k->ms) {
        o.fetch_ms = ms_of(k->ms);
    }
    run = make(&o);
    NEED(mtasts_probe_fetch(run, "mta-sts.d.test", "127.0.0.1", s.port,
                            on_fetch, &g));
    go(run);
    ok(g.called == 1 && p->result == k->result, "fetch: result", k->name);
    ok(k->result == MTASTS_PROBE_OK ? !p->why[0] : contains(p->why, k->why),
       "fetch: why", k->name);
    printf("# %d %s\n", p->result, p->why);
    ok(g.last.status == k->status, "fetch: status", k->name);
    ok(g.last.tls12 == k->tls12 && g.last.tls13 == k->tls13, "fetch: versions",
       k->name);
    ok(g.last.local && p->connected, "fetch: local", k->name);
    if (k->body) {
        is_str(g.body, k->body, "fetch: body", k->name);
        ok(!g.last.body_cut, "fetch: all of it", k->name);
    }
    else {
        ok(g.last.body_cut && g.last.body_len == 64000, "fetch: cut", k->name);
    }
    if (k->heard) {
        is_str(s.seen->log, k->heard, "fetch: all that was sent", k->name);
    }
    server_stop(&s);
}

static void fetch_fields(void)
{
    static const step script[STEPS] = {
        ASKED,
        {SAY, "HTTP/1.1 301 Moved\r\n"
              "Location: https://www.d.test/\033[2J\r\n"
              "Content-Type: text/html\r\n"
              "Content-Encoding: gzip\r\n"
              "ETag: \"x\"\r\n"
              "Age: 3\r\n"
              "Via: 1.1 cache\r\n"
              "Server: Apache\r\n"
              "CF-Cache-Status: HIT\r\n"
              "Content-Length: 0\r\n\r\n"}};
    static const server_tls tls;
    server s = server_start(script, &tls);
    mtasts_probe_options o = usual();
    mtasts_probe_run *run = make(&o);
    mtasts_fetch *f;
    static got g;

    memset(&g, 0, sizeof(g));
    f = &g.last;
    NEED(mtasts_probe_fetch(run, "mta-sts.d.test", "127.0.0.1", s.port,
                            on_fetch, &g));
    go(run);
    ok(f->probe.result == MTASTS_PROBE_OK && f->status == 301, "fields",
       "redirect");
    is_str(f->location, "https://www.d.test/\\x1b[2J", "fields", "location");
    is_str(f->content_type, "text/html", "fields", "content type");
    is_str(f->content_encoding, "gzip", "fields", "content encoding");
    is_str(f->etag, "\"x\"", "fields", "etag");
    is_str(f->age, "3", "fields", "age");
    is_str(f->via, "1.1 cache", "fields", "via");
    is_str(f->server, "Apache", "fields", "server");
    is_str(f->cf_cache_status, "HIT", "fields", "cf-cache-status");
    ok(f->probe.has_cert && f->probe.cert.chain == MTASTS_CHAIN_OK &&
           f->probe.cert.name_matches,
       "fields", "certificate");
    is_str(f->probe.protocol, "TLSv1.3", "fields", "protocol");
    server_stop(&s);
}

/* --- no connection --- */

static void not_connected(void)
{
    server closed = server_listen(AF_INET);
    mtasts_probe_options o = usual();
    mtasts_probe_run *run = make(&o);
    static got mx, fetch, none;

    server_stop(&closed);
    memset(&mx, 0, sizeof(mx));
    memset(&fetch, 0, sizeof(fetch));
    memset(&none, 0, sizeof(none));
    NEED(mtasts_probe_mx(run, "mx\033.test", "127.0.0.1", closed.port, on_mx,
                         &mx) &&
         mtasts_probe_fetch(run, HOST, "127.0.0.1", closed.port, on_fetch,
                            &fetch) &&
         mtasts_probe_mx(run, HOST, "mx.d.test", 25, on_mx, &none));
    go(run);
    ok(mx.called == 1 && mx.last.probe.result == MTASTS_PROBE_REFUSED &&
           !mx.last.probe.connected && !mx.last.probe.time_up &&
           mx.last.probe.port == closed.port,
       "closed", "mx");
    is_str(mx.last.probe.why, "connection refused", "closed", "mx");
    is_str(mx.last.probe.host, "mx\\x1b.test", "closed", "host");
    ok(fetch.called == 1 && fetch.last.probe.result == MTASTS_PROBE_REFUSED,
       "closed", "fetch");
    ok(none.called == 1 && none.last.probe.result == MTASTS_PROBE_UNKNOWN,
       "closed", "no address");
    is_str(none.last.probe.why, "no IP address", "closed", "no address");
}

/* A listener whose queue is full doesn't answer. */
static void no_answer(void)
{
    server s = server_listen(AF_INET);
    struct sockaddr_in a = {.sin_family = AF_INET,
                            .sin_port = htons((uint16_t)s.port),
                            .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    mtasts_probe_options o = usual();
    mtasts_probe_run *run;
    static got mx, fetch;
    int fds[8], i;

    memset(&mx, 0, sizeof(mx));
    memset(&fetch, 0, sizeof(fetch));
    NEED(!listen(s.listener, 0));
    for (i = 0; i < 8; i++) {
        fds[i] = socket(AF_INET, SOCK_STREAM, 0);
        fcntl(fds[i], F_SETFL, O_NONBLOCK);
        connect(fds[i], (struct sockaddr *)&a, sizeof(a));
    }
    o.connect_ms = 300;
    run = make(&o);
    NEED(mtasts_probe_mx(run, HOST, "127.0.0.1", s.port, on_mx, &mx) &&
         mtasts_probe_fetch(run, HOST, "127.0.0.1", s.port, on_fetch, &fetch));
    go(run);
    is_str(mx.last.probe.why, "no connection within 0.3 s", "silent", "mx");
    ok(mx.last.probe.result == MTASTS_PROBE_UNKNOWN && !mx.last.probe.connected,
       "silent", "mx");
    is_str(fetch.last.probe.why, "no connection within 0.3 s", "silent",
           "fetch");
    ok(fetch.last.probe.result == MTASTS_PROBE_UNKNOWN, "silent", "fetch");
    for (i = 0; i < 8; i++) {
        close(fds[i]);
    }
    server_stop(&s);
}

static void ipv6(void)
{
    server s = server_listen(AF_INET6);
    mtasts_probe_options o = usual();
    mtasts_probe_run *run;
    static got g;

    if (!s.port) {
        ok(1, "ipv6", "# SKIP no ::1 here");
        return;
    }
    memset(&g, 0, sizeof(g));
    o.mx_ms = 300;
    run = make(&o);
    NEED(mtasts_probe_mx(run, HOST, "0::1", s.port, on_mx, &g));
    go(run);
    ok(g.last.probe.connected, "ipv6", "connected");
    is_str(g.last.probe.address, "::1", "ipv6", "address");
    server_stop(&s);
}

/* --- the run --- */

static int stop_third(void *ctx)
{
    return ++*(unsigned *)ctx >= 3;
}

static void ends(void)
{
    static const step script[STEPS] = {{HANG, NULL}};
    static const step quit_hangs[STEPS] = {
        UPTO_TLS, {HEAR, NULL}, {SAY, "250 mx\r\n"}, {HANG, NULL}};
    static const server_tls tls;
    server s = server_start(script, &tls);
    mtasts_probe_options o = usual();
    mtasts_probe_run *run;
    unsigned asked = 0;
    static got g;
    int i;

    memset(&g, 0, sizeof(g));
    o.timeout_ms = 300;
    run = make(&o);
    for (i = 0; i < 5; i++) {
        NEED(mtasts_probe_mx(run, HOST, "127.0.0.1", s.port, on_mx, &g));
    }
    go(run);
    ok(g.called == 5 && g.time_up == 5 && g.result[MTASTS_PROBE_UNKNOWN] == 5,
       "ends", "time is up");
    is_str(g.last.probe.why, "not tried within 0.3 s", "ends", "not tried");
    ok(s.seen->connections == 2, "ends", "two to one address");

    memset(&g, 0, sizeof(g));
    o = usual();
    o.stop = stop_third;
    o.stop_ctx = &asked;
    run = make(&o);
    NEED(mtasts_probe_mx(run, HOST, "127.0.0.1", s.port, on_mx, &g));
    go(run);
    ok(g.called == 1 && g.time_up == 1 && asked == 3, "ends", "stopped");
    is_str(g.last.probe.why, "stopped before it was done", "ends", "stopped");
    server_stop(&s);

    /* What is known stays known. */
    s = server_start(quit_hangs, &tls);
    memset(&g, 0, sizeof(g));
    o = usual();
    o.timeout_ms = ms_of(FAR);
    run = make(&o);
    NEED(mtasts_probe_mx(run, HOST, "127.0.0.1", s.port, on_mx, &g));
    go(run);
    ok(g.called == 1 && !g.time_up && g.result[MTASTS_PROBE_OK] == 1, "ends",
       "in QUIT");
    server_stop(&s);
}

/* Lets two in, and would see a third one. */
static void serve_pairs(server *s)
{
    struct pollfd third = {s->listener, POLLIN, 0};
    int fds[2], i;

    alarm(60);
    for (;;) {
        for (i = 0; i < 2; i++) {
            fds[i] = accept(s->listener, NULL, NULL);
            NEED(fds[i] >= 0);
        }
        s->seen->connections += 2;
        s->seen->too_many += poll(&third, 1, 100) > 0;
        for (i = 0; i < 2; i++) {
            peer p = {fds[i], NULL, s->seen};

            put(&p, "421 later\r\n", 11);
            close(fds[i]);
        }
    }
}

static void two_at_once(void)
{
    server s = server_listen(AF_INET);
    mtasts_probe_options o = usual();
    mtasts_probe_run *run = make(&o);
    static got g;
    int i;

    NEED(s.port);
    fflush(stdout);
    s.pid = fork();
    if (!s.pid) {
        serve_pairs(&s);
    }
    memset(&g, 0, sizeof(g));
    for (i = 0; i < 6; i++) {
        NEED(mtasts_probe_mx(run, HOST, "127.0.0.1", s.port, on_mx, &g));
    }
    go(run);
    ok(g.called == 6 && g.result[MTASTS_PROBE_UNKNOWN] == 6, "two", "called");
    ok(s.seen->connections == 6, "two", "at once");
    ok(!s.seen->too_many, "two", "not three");
    server_stop(&s);
}

typedef struct {
    mtasts_probe_run *run;
    unsigned called, port;
} again;

static void on_mx_again(void *ctx, const mtasts_probe *probe)
{
    again *a = ctx;

    (void)probe;
    if (++a->called < 100) {
        NEED(mtasts_probe_mx(a->run, HOST, "127.0.0.1", a->port, on_mx_again,
                             a));
    }
}

static void many(void)
{
    server closed = server_listen(AF_INET);
    mtasts_probe_options o = usual();
    mtasts_probe_run *run;
    again a = {.port = closed.port};
    static got g;
    char address[20];
    unsigned i;

    o.timeout_ms = 600000; /* valgrind takes its time for each */
    run = make(&o);
    server_stop(&closed);
    memset(&g, 0, sizeof(g));
    for (i = 0; i < 100000; i++) {
        snprintf(address, sizeof(address), "127.%u.%u.1", i >> 8 & 255,
                 i & 255);
        NEED(mtasts_probe_mx(run, HOST, i & 1 ? "127.0.0.1" : address,
                             closed.port, on_mx, &g));
    }
    go(run);
    ok(g.called == 100000 && g.result[MTASTS_PROBE_REFUSED] == 100000, "many",
       "called");
    is_str(g.last.probe.why, "connection refused", "many", "why");

    a.run = run = make(&o);
    NEED(mtasts_probe_mx(run, HOST, "127.0.0.1", a.port, on_mx_again, &a));
    go(run);
    ok(a.called == 100, "many", "added in the call");

    run = make(&o);
    NEED(mtasts_probe_mx(run, HOST, "127.0.0.1", a.port, on_mx, &g));
    mtasts_probe_free(run);
    ok(g.called == 100000, "many", "freed without a run");
}

/* --- file descriptors --- */

static void few_fds(void)
{
    static const step script[STEPS] = {{SAY, "554 no\r\n"}};
    static const server_tls tls;
    server s = server_start(script, &tls);
    mtasts_probe_options o = usual();
    struct rlimit old, limit;
    int fds[200], n = 0, i;
    mtasts_probe_run *run, *starved;
    static got g, none;

    memset(&g, 0, sizeof(g));
    memset(&none, 0, sizeof(none));
    run = make(&o);
    starved = make(&o);
    NEED(!getrlimit(RLIMIT_NOFILE, &old));
    limit = old;
    limit.rlim_cur = 200;
    NEED(!setrlimit(RLIMIT_NOFILE, &limit));
    while (n < 200 && (fds[n] = dup(0)) >= 0) {
        n++;
    }
    for (i = 0; i < 3; i++) {
        NEED(mtasts_probe_mx(starved, HOST, "127.0.0.1", s.port, on_mx, &none));
    }
    mtasts_probe_go(starved);
    close(fds[--n]);
    for (i = 0; i < 6; i++) {
        NEED(mtasts_probe_mx(run, HOST, "127.0.0.1", s.port, on_mx, &g));
    }
    mtasts_probe_go(run);
    while (n > 0) {
        close(fds[--n]);
    }
    NEED(!setrlimit(RLIMIT_NOFILE, &old));
    mtasts_probe_free(starved);
    mtasts_probe_free(run);
    ok(none.called == 3 && contains(none.last.probe.why, "file descriptor"),
       "fds", none.last.probe.why);
    ok(g.called == 6 && g.result[MTASTS_PROBE_TURNED_AWAY] == 6, "fds",
       "one is enough for all");
    server_stop(&s);
}

int main(void)
{
    char path[] = "/tmp/mtasts-probe-XXXXXX", why[MTASTS_WHY_SIZE];
    size_t i;

    signal(SIGPIPE, SIG_IGN);
    alarm(300);
    root = make_cert(&(recipe){.cn = "Root", .ca = 1});
    inter = make_cert(&(recipe){.cn = "CA", .ca = 1, .issuer = &root});
    leaf =
        make_cert(&(recipe){.cn = "leaf", .san = "*.d.test", .issuer = &inter});
    write_pem(path, (const made *[]){&root, NULL}, NULL);
    roots = mtasts_roots_new(path, why);
    unlink(path);
    NEED(roots);
    for (i = 0; i < sizeof(mx_cases) / sizeof(mx_cases[0]); i++) {
        mx_one(&mx_cases[i]);
    }
    mx_facts();
    for (i = 0; i < sizeof(fetch_cases) / sizeof(fetch_cases[0]); i++) {
        fetch_one(&fetch_cases[i]);
    }
    fetch_fields();
    not_connected();
    no_answer();
    ipv6();
    ends();
    two_at_once();
    many();
    few_fds();
    mtasts_roots_free(roots);
    made_free(&root);
    made_free(&inter);
    made_free(&leaf);
    return done();
}
