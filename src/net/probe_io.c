/* One connection's socket: everything here returns at once. */

#include "probe_private.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* More than this is no dialogue of ours: 64 kB for each of a few replies, or a
 * policy in small chunks. */
#define TOTAL_MAX (1 << 20)

#ifndef MSG_NOSIGNAL
#define MSG_NOSIGNAL 0
#endif

/* --- connecting --- */

static int socket_new(int family)
{
#if defined(SOCK_NONBLOCK) && defined(SOCK_CLOEXEC)
    return socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
#else
    int fd = socket(family, SOCK_STREAM, 0);

    if (fd >= 0) {
        fcntl(fd, F_SETFD, FD_CLOEXEC);
        fcntl(fd, F_SETFL, O_NONBLOCK);
    }
    return fd;
#endif
}

/* What kept the connection from coming up, or ended it. */
static io_state fail(connection *c, int error)
{
    const char *family = c->to->family == AF_INET6 ? "IPv6" : "IPv4";
    size_t size = sizeof(c->said);

    c->error = error;
    switch (error) {
    case ECONNREFUSED:
        snprintf(c->said, size, "connection refused");
        break;
    case EACCES:
    case EPERM:
        snprintf(c->said, size,
                 "this machine forbids connections to port %u: a firewall, or "
                 "SELinux (httpd_can_network_connect)",
                 c->job->port);
        break;
    case ENETUNREACH:
    case EADDRNOTAVAIL:
    case EAFNOSUPPORT:
        snprintf(c->said, size, "this machine has no way to %s addresses",
                 family);
        break;
    case EHOSTUNREACH:
    case EHOSTDOWN:
        snprintf(c->said, size, "no way to the host (%s)", strerror(error));
        break;
    case ETIMEDOUT:
        snprintf(c->said, size, "no answer to the connection");
        break;
    case ECONNRESET:
    case EPIPE:
        snprintf(c->said, size, "the connection was reset");
        break;
    case EMSGSIZE:
        snprintf(c->said, size, "more than %d bytes came", TOTAL_MAX);
        break;
    case EMFILE:
    case ENFILE:
        snprintf(c->said, size,
                 "this machine's httpd has no file descriptor left "
                 "(ulimit -n)");
        break;
    default:
        snprintf(c->said, size, "%s", strerror(error));
    }
    return IO_FAILED;
}

static socklen_t address_fill(const connection *c, struct sockaddr_storage *out)
{
    struct sockaddr_in *v4 = (struct sockaddr_in *)out;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)out;

    memset(out, 0, sizeof(*out));
    out->ss_family = (sa_family_t)c->to->family;
    if (c->to->family == AF_INET) {
        v4->sin_port = htons(c->job->port);
        memcpy(&v4->sin_addr, c->to->bytes, sizeof(v4->sin_addr));
        return sizeof(*v4);
    }
    v6->sin6_port = htons(c->job->port);
    memcpy(&v6->sin6_addr, c->to->bytes, sizeof(v6->sin6_addr));
    return sizeof(*v6);
}

io_state mtasts_io_open(connection *c)
{
    struct sockaddr_storage to;
    socklen_t len = address_fill(c, &to);
    int on = 1;

    c->fd = socket_new(c->to->family);
    if (c->fd < 0) {
        return fail(c, errno);
    }
    /* Else EHLO waits until the end of the handshake is acknowledged. */
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    if (!connect(c->fd, (struct sockaddr *)&to, len)) {
        return IO_DONE;
    }
    if (errno == EINPROGRESS || errno == EINTR) {
        c->events = POLLOUT;
        return IO_WAIT;
    }
    return fail(c, errno);
}

io_state mtasts_io_connected(connection *c)
{
    struct pollfd fd = {c->fd, POLLOUT, 0};
    int error = 0;
    socklen_t len = sizeof(error);

    if (poll(&fd, 1, 0) <= 0) {
        return IO_WAIT;
    }
    if (getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &len)) {
        error = errno;
    }
    return error ? fail(c, error) : IO_DONE;
}

static int is_loopback(const target *to)
{
    static const struct in6_addr loopback = IN6ADDR_LOOPBACK_INIT;
    static const unsigned char mapped[] = {0, 0, 0, 0,    0,    0,  0,
                                           0, 0, 0, 0xff, 0xff, 127};

    if (to->family == AF_INET) {
        return to->bytes[0] == 127;
    }
    return !memcmp(to->bytes, &loopback, sizeof(loopback)) ||
           !memcmp(to->bytes, mapped, sizeof(mapped));
}

int mtasts_io_is_local(const connection *c)
{
    struct sockaddr_storage own;
    socklen_t len = sizeof(own);

    if (is_loopback(c->to)) {
        return 1;
    }
    memset(&own, 0, sizeof(own));
    if (getsockname(c->fd, (struct sockaddr *)&own, &len) ||
        own.ss_family != c->to->family) {
        return 0;
    }
    return own.ss_family == AF_INET6
               ? !memcmp(&((struct sockaddr_in6 *)&own)->sin6_addr,
                         c->to->bytes, sizeof(struct in6_addr))
               : !memcmp(&((struct sockaddr_in *)&own)->sin_addr, c->to->bytes,
                         sizeof(struct in_addr));
}

/* --- bytes --- */

int mtasts_io_receive(connection *c, char *buf, size_t size)
{
    ssize_t n;

    if (!c->budget) {
        return -1;
    }
    do {
        n = recv(c->fd, buf, size < c->budget ? size : c->budget, 0);
    } while (n < 0 && errno == EINTR);
    if (n < 0) {
        if (errno == EAGAIN || errno == EWOULDBLOCK) {
            return -1;
        }
        fail(c, errno);
        return -2;
    }
    c->eof = n == 0;
    c->budget -= (size_t)n;
    c->total += (size_t)n;
    if (c->total > TOTAL_MAX) {
        fail(c, EMSGSIZE);
        return -2;
    }
    return (int)n;
}

int mtasts_io_send(connection *c, const char *buf, size_t len)
{
    ssize_t n;

    do {
        n = send(c->fd, buf, len, MSG_NOSIGNAL);
    } while (n < 0 && errno == EINTR);
    if (n >= 0) {
        return (int)n;
    }
    if (errno == EAGAIN || errno == EWOULDBLOCK) {
        return -1;
    }
    fail(c, errno);
    return -2;
}

void mtasts_io_put(connection *c, const char *fmt, ...)
{
    va_list args;
    int len;

    va_start(args, fmt);
    len = vsnprintf(c->out, sizeof(c->out), fmt, args);
    va_end(args);
    c->out_at = 0;
    c->out_len = len > 0 && (size_t)len < sizeof(c->out) ? (size_t)len : 0;
}

/* TLS or not: the same in terms of a socket. */
static io_state outcome(connection *c, int n, short events)
{
    if (c->ssl && n <= 0) {
        return mtasts_tls_outcome(c, n);
    }
    if (n == -1) {
        c->events = events;
        return IO_WAIT;
    }
    return n > 0 ? IO_DONE : n == 0 ? IO_END : IO_FAILED;
}

io_state mtasts_io_flush(connection *c)
{
    while (c->out_at < c->out_len) {
        const char *from = c->out + c->out_at;
        int left = (int)(c->out_len - c->out_at), n;
        io_state state;

        ERR_clear_error();
        n = c->ssl ? SSL_write(c->ssl, from, left)
                   : mtasts_io_send(c, from, (size_t)left);
        state = outcome(c, n, POLLOUT);
        if (state != IO_DONE) {
            return state;
        }
        c->out_at += (size_t)n;
    }
    return IO_DONE;
}

io_state mtasts_io_read(connection *c)
{
    int n;

    ERR_clear_error();
    n = c->ssl ? SSL_read(c->ssl, c->in, sizeof(c->in))
               : mtasts_io_receive(c, c->in, sizeof(c->in));
    c->in_at = 0;
    c->in_len = n > 0 ? (size_t)n : 0;
    return outcome(c, n, POLLIN);
}

void mtasts_io_close(connection *c)
{
    if (c->ssl) {
        ERR_clear_error();
        if (SSL_is_init_finished(c->ssl)) {
            SSL_shutdown(c->ssl); /* says so, and doesn't wait */
        }
        SSL_free(c->ssl);
        c->ssl = NULL;
        ERR_clear_error();
    }
    if (c->fd >= 0) {
        close(c->fd);
    }
    c->fd = -1;
    c->events = 0;
    c->in_at = c->in_len = c->out_at = c->out_len = 0;
    c->eof = c->error = 0;
}
