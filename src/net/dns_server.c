/* The servers: sockets, channels, health, probes, and which is asked next. */

#include "dns_private.h"

#include <stdlib.h>
#include <string.h>

/* UDP: 250, 500, 1000 and 2000 ms, the best under loss; TCP: 1.5 and 3 s. */
#define UDP_TIMEOUT_MS 250
#define UDP_TRIES      4
#define TCP_TIMEOUT_MS 1500
#define TCP_TRIES      2

#define SILENCE_MS     1000 /* makes a server SUSPECT */
#define PROBE_MS       1500 /* then DEAD */

/* Every resolver answers it itself, and quickly (RFC 6761 6.3). */
#define PROBE_NAME "localhost"

/* --- sockets --- */

/* Room for one more socket; 0 without memory. */
static int fds_grow(mtasts_dns_run *run)
{
    size_t size = run->fds_size ? run->fds_size * 2 : 32;
    void *p;

    if (run->nfds < run->fds_size) {
        return 1;
    }
#define GROW(array)                                                            \
    (p = realloc((array), size * sizeof(*(array)))) && ((array) = p)
    if (!(GROW(run->fds)) || !(GROW(run->ready)) || !(GROW(run->fd_channels)) ||
        !(GROW(run->ready_channels))) {
        return 0;
    }
#undef GROW
    run->fds_size = size;
    return 1;
}

/* c-ares says what a socket of its channel waits for; neither: it is closed.
 * A socket that there is no memory for is never ready: its questions fail. */
static void on_socket(void *data, ares_socket_t fd, int readable, int writable)
{
    channel *ch = data;
    mtasts_dns_run *run = ch->server->run;
    size_t i = 0;

    while (i < run->nfds && run->fds[i].fd != fd) {
        i++;
    }
    if (!readable && !writable) {
        if (i < run->nfds) {
            run->nfds--;
            run->fds[i] = run->fds[run->nfds];
            run->fd_channels[i] = run->fd_channels[run->nfds];
        }
        return;
    }
    if (i == run->nfds) {
        if (!fds_grow(run)) {
            return;
        }
        run->nfds++;
    }
    run->fds[i].fd = fd;
    run->fds[i].events =
        (short)((readable ? POLLIN : 0) | (writable ? POLLOUT : 0));
    run->fd_channels[i] = ch;
}

void mtasts_dns_receive(mtasts_dns_run *run, int timeout)
{
    size_t n = run->nfds, i;

    /* Copies: c-ares opens and closes sockets meanwhile.  One that is a
     * channel's no more is ignored by it. */
    if (n) {
        memcpy(run->ready, run->fds, n * sizeof(*run->fds));
        memcpy(run->ready_channels, run->fd_channels,
               n * sizeof(*run->fd_channels));
    }
    if (poll(run->ready, (nfds_t)n, timeout) <= 0) {
        return;
    }
    /* realloc() may move run->ready while c-ares opens sockets. */
    for (i = 0; i < n; i++) {
        short got = run->ready[i].revents, want = run->ready[i].events;
        ares_channel ares = run->ready_channels[i]->ares;
        ares_socket_t fd = run->ready[i].fd;

        /* An error is told by reading or writing, else it would stay. */
        if (got & (POLLERR | POLLHUP | POLLNVAL)) {
            got |= POLLIN | (want & POLLOUT);
        }
        if (got) {
            ares_process_fd(ares, got & POLLIN ? fd : ARES_SOCKET_BAD,
                            got & POLLOUT ? fd : ARES_SOCKET_BAD);
        }
    }
}

/* --- channels --- */

/* NOCHECKRESP: else c-ares before 1.20 keeps a SERVFAIL's reply for itself.
 * IGNTC: see TCP in dns.c.  No EDNS: before 1.20 a server without it breaks the
 * questions next to it. */
static void channel_options(channel *ch, int tcp, struct ares_options *o,
                            int *mask)
{
    static char lookups[] = "b";

    memset(o, 0, sizeof(*o));
    o->flags = ARES_FLAG_NOSEARCH | ARES_FLAG_NOALIASES | ARES_FLAG_NOCHECKRESP;
    o->flags |= tcp ? ARES_FLAG_USEVC : ARES_FLAG_IGNTC;
    if (ch->server->run->options.authority) {
        o->flags |= ARES_FLAG_NORECURSE;
    }
    o->timeout = tcp ? TCP_TIMEOUT_MS : UDP_TIMEOUT_MS;
    o->tries = tcp ? TCP_TRIES : UDP_TRIES;
    o->lookups = lookups;
    o->sock_state_cb = on_socket;
    o->sock_state_cb_data = ch;
    *mask = ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES |
            ARES_OPT_LOOKUPS | ARES_OPT_SOCK_STATE_CB;
#ifdef ARES_OPT_UDP_MAX_QUERIES
    /* A new socket, and so a new source port, after that many. */
    o->udp_max_queries = CHANNEL_QUESTIONS;
    *mask |= ARES_OPT_UDP_MAX_QUERIES;
#endif
#ifdef ARES_OPT_MAXTIMEOUTMS
    /* From 1.32 on the first timeout is five mean replies, up to 5 s. */
    o->maxtimeout = o->timeout << (o->tries - 1);
    *mask |= ARES_OPT_MAXTIMEOUTMS;
#endif
#ifdef ARES_OPT_QUERY_CACHE
    o->qcache_max_ttl = 0;
    *mask |= ARES_OPT_QUERY_CACHE;
#endif
}

ares_channel mtasts_dns_channel_get(server *sv, channel *ch, int tcp)
{
    struct ares_options o;
    int mask;

    if (ch->ares) {
        return ch->ares;
    }
    ch->server = sv;
    channel_options(ch, tcp, &o, &mask);
    if (ares_init_options(&ch->ares, &o, mask) != ARES_SUCCESS) {
        ch->ares = NULL;
        return NULL;
    }
    if (ares_set_servers_ports_csv(ch->ares, sv->csv) != ARES_SUCCESS) {
        ares_destroy(ch->ares);
        ch->ares = NULL;
    }
    return ch->ares;
}

void mtasts_dns_each_channel(server *sv, channel_fn *fn)
{
    size_t i;

    for (i = 0; i < CHANNELS_MAX; i++) {
        if (sv->udp[i].ares) {
            fn(sv->udp[i].ares);
        }
    }
    if (sv->tcp.ares) {
        fn(sv->tcp.ares);
    }
}

static void process_timeouts(ares_channel ares)
{
    ares_process_fd(ares, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
}

void mtasts_dns_timeouts(mtasts_dns_run *run)
{
    unsigned i;

    for (i = 0; i < run->nservers; i++) {
        mtasts_dns_each_channel(&run->servers[i], process_timeouts);
    }
}

void mtasts_dns_channels_free(mtasts_dns_run *run)
{
    unsigned i;

    for (i = 0; i < run->nservers; i++) {
        mtasts_dns_each_channel(&run->servers[i], ares_destroy);
    }
    free(run->fds);
    free(run->ready);
    free(run->fd_channels);
    free(run->ready_channels);
}

/* --- health, and which server --- */

static void server_set(server *sv, server_state state)
{
    if (sv->state != state) {
        sv->state = state;
        mtasts_dns_wake(sv->run);
    }
}

void mtasts_dns_server_heard(server *sv)
{
    sv->run->heard = 1;
    sv->failures = 0;
    sv->refused = 0;
    sv->quiet_since = sv->run->tick;
    server_set(sv, ALIVE);
}

static void on_probe(void *arg, int status, int timeouts, unsigned char *reply,
                     int len)
{
    server *sv = ((slot *)arg)->server;

    (void)timeouts;
    sv->probing = 0;
    sv->run->probes--;
    if (reply && len > 0) {
        mtasts_dns_server_heard(sv);
    }
    else {
        sv->refused = status == ARES_ECONNREFUSED;
        server_set(sv, DEAD);
    }
}

static void server_suspect(server *sv)
{
    ares_channel ares = mtasts_dns_channel_get(sv, &sv->udp[0], 0);

    server_set(sv, ares ? SUSPECT : DEAD);
    sv->probe_sent = sv->run->tick;
    if (!ares || sv->probing) {
        return;
    }
    sv->probing = 1;
    sv->probe.server = sv;
    sv->run->probes++;
    ares_query(ares, PROBE_NAME, CLASS_IN, MTASTS_DNS_A, on_probe, &sv->probe);
}

void mtasts_dns_servers_begin(mtasts_dns_run *run)
{
    unsigned i;

    for (i = 0; i < run->nservers; i++) {
        if (run->nservers == 1) {
            run->servers[i].state = ALIVE;
        }
        else {
            server_suspect(&run->servers[i]);
        }
    }
}

unsigned mtasts_dns_count_alive(const mtasts_dns_run *run)
{
    unsigned i, n = 0;

    for (i = 0; i < run->nservers; i++) {
        n += run->servers[i].state == ALIVE;
    }
    return n;
}

server *mtasts_dns_server_pick(mtasts_dns_run *run, const question *q,
                               int *hope)
{
    unsigned i;

    *hope = 0;
    for (i = 0; i < run->nservers; i++) {
        server *sv = &run->servers[i];

        if (q->tried >> i & 1) {
            continue;
        }
        if (sv->state == ALIVE) {
            return sv;
        }
        *hope |= sv->state == SUSPECT;
    }
    return NULL;
}

/* Of a zone's servers that is not enough to go by: there are such that drop what
 * is asked of zones that they don't have, and anyone can say that they do. */
static int is_silent(const server *sv)
{
    return sv->open && sv->run->tick - sv->quiet_since > SILENCE_MS &&
           !sv->run->options.authority;
}

void mtasts_dns_servers_check(mtasts_dns_run *run)
{
    unsigned i;

    for (i = 0; i < run->nservers; i++) {
        server *sv = &run->servers[i];

        if (sv->state == ALIVE &&
            (is_silent(sv) || sv->failures >= FAILURES_MAX)) {
            server_suspect(sv);
        }
        if (sv->state == SUSPECT && run->tick - sv->probe_sent > PROBE_MS) {
            server_set(sv, DEAD);
        }
        if (sv->state == DEAD && sv->open && mtasts_dns_count_alive(run)) {
            mtasts_dns_each_channel(sv,
                                    ares_cancel); /* others get its questions */
        }
    }
}
