/* probe_bench MODE PORT ADDRESSES HOST ROOTS PROBES IN_FLIGHT : looks PROBES
 * times at the STARTTLS of HOST on PORT of 127.0.0.1, 127.0.0.2 and so on, and
 * prints
 *     probes failed seconds cpu_seconds kb_per_probe_in_flight
 *   module  src/net, as the module does
 *   bare    OpenSSL and poll() with as little around them as there can be
 * Both have the same dialogue and verify the chain and the name.  The memory
 * holds the list of jobs too: for it have few PROBES. */

#include "../../src/net/probe.h"
#include "peak.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define TIMEOUT_MS 60000

static const char *host, *roots_file;
static unsigned port, addresses;
static size_t probes, in_flight, finished, failed;

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double cpu(void)
{
    struct rusage u;

    getrusage(RUSAGE_SELF, &u);
    return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
           (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

static void count(int ok)
{
    finished++;
    failed += !ok;
}

/* Where the i-th probe goes. */
static struct in_addr address_of(size_t i)
{
    struct in_addr a;

    a.s_addr = htonl(INADDR_LOOPBACK + (in_addr_t)(i % addresses));
    return a;
}

/* --- the module's --- */

static void seen(void *ctx, const mtasts_probe *probe)
{
    (void)ctx;
    if (probe->result != MTASTS_PROBE_OK && !failed) {
        fprintf(stderr, "result %d: %s\n", probe->result, probe->why);
    }
    count(probe->result == MTASTS_PROBE_OK && probe->has_cert &&
          probe->cert.name_matches && probe->cert.chain == MTASTS_CHAIN_OK);
}

static void module(const mtasts_roots *roots)
{
    mtasts_probe_options o;
    mtasts_probe_run *run;
    const char *error;
    size_t i;

    memset(&o, 0, sizeof(o));
    o.timeout_ms = o.connect_ms = o.mx_ms = TIMEOUT_MS;
    o.connections = (unsigned)in_flight;
    o.helo = "bench.test";
    o.roots = roots;
    o.now = (int64_t)time(NULL);
    run = mtasts_probe_new(&o, &error);
    if (!run) {
        fprintf(stderr, "%s\n", error);
        exit(1);
    }
    for (i = 0; i < probes; i++) {
        char address[INET_ADDRSTRLEN];
        struct in_addr a = address_of(i);

        inet_ntop(AF_INET, &a, address, sizeof(address));
        if (!mtasts_probe_mx(run, host, address, port, seen, NULL)) {
            exit(1);
        }
    }
    mtasts_probe_go(run);
    mtasts_probe_free(run);
}

/* --- bare --- */

/* What is waited for. */
typedef enum {
    CONNECT,
    GREETING,
    EHLO,
    STARTTLS,
    HANDSHAKE,
    EHLO_TLS,
    QUIT
} step;

typedef struct {
    step step;
    SSL *ssl;
    size_t len;
    char reply[512];
} conn;

static conn *conns;
static struct pollfd *fds;
static size_t started;

static void start(size_t i)
{
    struct sockaddr_in a;
    int s = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), on = 1;

    /* Or EHLO would wait until the end of the handshake is acknowledged. */
    setsockopt(s, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    memset(&a, 0, sizeof(a));
    a.sin_family = AF_INET;
    a.sin_addr = address_of(started++);
    a.sin_port = htons((unsigned short)port);
    if (s < 0 || (connect(s, (struct sockaddr *)&a, sizeof(a)) &&
                  errno != EINPROGRESS)) {
        perror("connect");
        exit(1);
    }
    fds[i].fd = s;
    fds[i].events = POLLOUT;
    conns[i].step = CONNECT;
    conns[i].ssl = NULL;
    conns[i].len = 0;
}

static void end(size_t i, int ok)
{
    count(ok);
    SSL_free(conns[i].ssl);
    close(fds[i].fd);
    fds[i].fd = -1; /* poll() passes over it */
    if (started < probes) {
        start(i);
    }
}

static void say(size_t i, const char *command)
{
    if (conns[i].ssl) {
        SSL_write(conns[i].ssl, command, (int)strlen(command));
    }
    else {
        send(fds[i].fd, command, strlen(command), MSG_NOSIGNAL);
    }
}

static void shake_hands(size_t i)
{
    conn *c = &conns[i];
    int done = SSL_connect(c->ssl);

    if (done == 1) {
        c->step = EHLO_TLS;
        fds[i].events = POLLIN;
        say(i, "EHLO bench.test\r\n");
        return;
    }
    switch (SSL_get_error(c->ssl, done)) {
    case SSL_ERROR_WANT_READ:
        fds[i].events = POLLIN;
        break;
    case SSL_ERROR_WANT_WRITE:
        fds[i].events = POLLOUT;
        break;
    default:
        ERR_print_errors_fp(stderr);
        end(i, 0);
    }
}

/* The whole reply is there. */
static void answer(size_t i, SSL_CTX *ctx)
{
    conn *c = &conns[i];

    c->len = 0;
    switch (c->step) {
    case GREETING:
        say(i, "EHLO bench.test\r\n");
        c->step = EHLO;
        break;
    case EHLO:
        say(i, "STARTTLS\r\n");
        c->step = STARTTLS;
        break;
    case STARTTLS:
        c->ssl = SSL_new(ctx);
        SSL_set_fd(c->ssl, fds[i].fd);
        SSL_set_tlsext_host_name(c->ssl, host);
        SSL_set1_host(c->ssl, host);
        c->step = HANDSHAKE;
        shake_hands(i);
        break;
    case EHLO_TLS:
        say(i, "QUIT\r\n");
        c->step = QUIT;
        break;
    default:
        SSL_shutdown(c->ssl);
        end(i, 1);
    }
}

/* Does it end in a line like "250 text"? */
static int is_whole(const conn *c)
{
    const char *last;

    if (c->reply[c->len - 1] != '\n') {
        return 0;
    }
    last = memrchr(c->reply, '\n', c->len - 1);
    last = last ? last + 1 : c->reply;
    return last + 4 < c->reply + c->len && last[3] == ' ';
}

static void read_reply(size_t i, SSL_CTX *ctx)
{
    conn *c = &conns[i];
    size_t room = sizeof(c->reply) - c->len;
    char *to = c->reply + c->len;
    int n = c->ssl ? SSL_read(c->ssl, to, (int)room)
                   : (int)recv(fds[i].fd, to, room, 0);

    if (n > 0) {
        c->len += (size_t)n;
        if (c->reply[0] != '2') {
            end(i, 0);
        }
        else if (is_whole(c)) {
            answer(i, ctx);
        }
    }
    else if (!c->ssl || SSL_get_error(c->ssl, n) != SSL_ERROR_WANT_READ) {
        end(i, 0);
    }
}

static void bare(void)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
    size_t i, n = probes < in_flight ? probes : in_flight;

    if (!ctx || SSL_CTX_load_verify_locations(ctx, roots_file, NULL) != 1) {
        exit(1);
    }
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
    conns = calloc(n, sizeof(*conns));
    fds = calloc(n, sizeof(*fds));
    for (i = started = 0; i < n; i++) {
        start(i);
    }
    while (finished < probes) {
        if (poll(fds, n, TIMEOUT_MS) <= 0) {
            exit(1);
        }
        for (i = 0; i < n; i++) {
            if (!fds[i].revents || fds[i].fd < 0) {
                continue;
            }
            if (conns[i].step == CONNECT) {
                conns[i].step = GREETING;
                fds[i].events = POLLIN;
            }
            else if (conns[i].step == HANDSHAKE) {
                shake_hands(i);
            }
            else {
                read_reply(i, ctx);
            }
        }
    }
    free(conns);
    free(fds);
    SSL_CTX_free(ctx);
}

static void go(const char *mode, const mtasts_roots *roots, size_t n)
{
    probes = n;
    finished = failed = 0;
    if (!strcmp(mode, "module")) {
        module(roots);
    }
    else {
        bare();
    }
}

int main(int argc, char **argv)
{
    char why[MTASTS_WHY_SIZE];
    mtasts_roots *roots;
    double began, cpu_before;
    long kb_before;

    if (argc != 8) {
        return 2;
    }
    signal(SIGPIPE, SIG_IGN);
    port = (unsigned)atol(argv[2]);
    addresses = (unsigned)atol(argv[3]);
    host = argv[4];
    roots_file = argv[5];
    in_flight = (size_t)atol(argv[7]);
    roots = mtasts_roots_new(roots_file, why);
    if (!roots) {
        fprintf(stderr, "%s\n", why);
        return 1;
    }
    /* What OpenSSL sets up once and keeps is not counted. */
    go(argv[1], roots, 2);
    kb_before = peak_kb();
    began = now();
    cpu_before = cpu();
    go(argv[1], roots, (size_t)atol(argv[6]));
    printf("%lu %lu %.3f %.3f %.1f\n", (unsigned long)finished,
           (unsigned long)failed, now() - began, cpu() - cpu_before,
           (double)(peak_kb() - kb_before) / (double)in_flight);
    mtasts_roots_free(roots);
    return 0;
}
