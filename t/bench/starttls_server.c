/* starttls_server PORT ADDRESSES CERTIFICATE KEY : an SMTP server with STARTTLS
 * on PORT of 127.0.0.1, 127.0.0.2 and so on, ADDRESSES in all.  It believes
 * whatever it is told, so that what is measured is who asks.  Ends with its
 * parent. */

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define LINE   1024 /* more than a client of this has to say */
#define EVENTS 64

typedef enum { LISTENS, IN_PLAIN, SHAKES_HANDS, IN_TLS } state;

typedef struct {
    int fd;
    state state;
    SSL *ssl;
    size_t len;
    char line[LINE];
} conn;

static SSL_CTX *ctx;
static int queue; /* of epoll */

static void fatal(const char *what)
{
    perror(what);
    ERR_print_errors_fp(stderr);
    exit(1);
}

static conn *new_conn(int fd, state s)
{
    conn *c = malloc(sizeof(*c));
    struct epoll_event e;

    if (!c) {
        fatal("malloc");
    }
    c->fd = fd;
    c->state = s;
    c->ssl = NULL;
    c->len = 0;
    e.events = EPOLLIN;
    e.data.ptr = c;
    if (epoll_ctl(queue, EPOLL_CTL_ADD, fd, &e)) {
        fatal("epoll_ctl");
    }
    return c;
}

static void close_conn(conn *c)
{
    SSL_free(c->ssl);
    close(c->fd);
    free(c);
}

static void listen_on(uint32_t address, int port)
{
    struct sockaddr_in a;
    int s = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), on = 1;

    memset(&a, 0, sizeof(a));
    a.sin_family = AF_INET;
    a.sin_addr.s_addr = htonl(address);
    a.sin_port = htons((uint16_t)port);
    setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (bind(s, (struct sockaddr *)&a, sizeof(a)) || listen(s, 256)) {
        fatal("listen");
    }
    new_conn(s, LISTENS);
}

/* All that is written fits into an empty socket buffer: a connection where it
 * does not is given up. */
static int say(conn *c, const char *text)
{
    int len = (int)strlen(text);

    return (c->ssl ? SSL_write(c->ssl, text, len)
                   : (int)send(c->fd, text, (size_t)len, MSG_NOSIGNAL)) == len;
}

static int start_tls(conn *c)
{
    if (!say(c, "220 2.0.0 Ready to start TLS\r\n")) {
        return 0;
    }
    c->ssl = SSL_new(ctx);
    c->state = SHAKES_HANDS;
    return c->ssl && SSL_set_fd(c->ssl, c->fd);
}

/* 0: the connection is to be closed. */
static int obey(conn *c, const char *command)
{
    if (!strncmp(command, "EHLO ", 5)) {
        return say(c, c->ssl ? "250-mx.bench.test\r\n250-PIPELINING\r\n"
                               "250-SIZE 10240000\r\n250 8BITMIME\r\n"
                             : "250-mx.bench.test\r\n250-PIPELINING\r\n"
                               "250-SIZE 10240000\r\n250-STARTTLS\r\n"
                               "250 8BITMIME\r\n");
    }
    if (!c->ssl && !strncmp(command, "STARTTLS", 8)) {
        return start_tls(c);
    }
    say(c, strncmp(command, "QUIT", 4) ? "500 5.5.2 What?\r\n"
                                       : "221 2.0.0 Bye\r\n");
    return 0;
}

static int again(const conn *c, int result)
{
    return c->ssl ? SSL_get_error(c->ssl, result) == SSL_ERROR_WANT_READ
                  : result < 0 && errno == EAGAIN;
}

static int read_commands(conn *c)
{
    size_t room = sizeof(c->line) - c->len;
    char *to = c->line + c->len, *end;
    int n = c->ssl ? SSL_read(c->ssl, to, (int)room)
                   : (int)recv(c->fd, to, room, 0);

    if (n <= 0) {
        return room && again(c, n);
    }
    c->len += (size_t)n;
    while ((end = memchr(c->line, '\n', c->len))) {
        size_t used = (size_t)(end + 1 - c->line);

        *end = '\0';
        if (!obey(c, c->line)) {
            return 0;
        }
        c->len -= used;
        memmove(c->line, c->line + used, c->len);
    }
    return 1;
}

static int shake_hands(conn *c)
{
    int done = SSL_accept(c->ssl);

    if (done == 1) {
        c->state = IN_TLS;
    }
    return done == 1 || again(c, done);
}

static int accept_one(const conn *listener)
{
    int fd = accept4(listener->fd, NULL, NULL, SOCK_NONBLOCK);

    if (fd >= 0) {
        conn *c = new_conn(fd, IN_PLAIN);
        int on = 1;

        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
        if (!say(c, "220 mx.bench.test ESMTP\r\n")) {
            close_conn(c);
        }
    }
    return 1;
}

static void serve(conn *c)
{
    int goes_on = c->state == LISTENS        ? accept_one(c)
                  : c->state == SHAKES_HANDS ? shake_hands(c)
                                             : read_commands(c);

    ERR_clear_error();
    if (!goes_on) {
        close_conn(c);
    }
}

int main(int argc, char **argv)
{
    pid_t parent = getppid();
    uint32_t i;

    if (argc != 5) {
        return 2;
    }
    signal(SIGPIPE, SIG_IGN);
    queue = epoll_create1(0);
    ctx = SSL_CTX_new(TLS_server_method());
    if (!ctx || SSL_CTX_use_certificate_chain_file(ctx, argv[3]) != 1 ||
        SSL_CTX_use_PrivateKey_file(ctx, argv[4], SSL_FILETYPE_PEM) != 1 ||
        SSL_CTX_set_num_tickets(ctx, 0) != 1) {
        fatal("TLS");
    }
    SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET);
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
    for (i = 0; i < (uint32_t)atoi(argv[2]); i++) {
        listen_on(INADDR_LOOPBACK + i, atoi(argv[1]));
    }
    while (getppid() == parent) {
        struct epoll_event events[EVENTS];
        int e, n = epoll_wait(queue, events, EVENTS, 100);

        for (e = 0; e < n; e++) {
            serve(events[e].data.ptr);
        }
    }
    return 0;
}
