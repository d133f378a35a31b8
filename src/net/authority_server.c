/* The servers of all zones: whether an address may be asked, and the asking. */

#include "authority_private.h"

#include <arpa/inet.h>
#include <errno.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define IN_FLIGHT 64 /* many servers limit their answers to one client */

#ifndef SOCK_CLOEXEC
#define SOCK_CLOEXEC 0
#endif

/* --- which addresses --- */

static int starts_with(const mtasts_dns_address *a, const char *prefix,
                       unsigned bits)
{
    unsigned i;

    for (i = 0; i < bits; i++) {
        unsigned differ = a->octets[i / 8] ^ (unsigned char)prefix[i / 8];

        if (differ >> (7 - i % 8) & 1) {
            return 0;
        }
    }
    return 1;
}

/* Where no server of a zone can be (RFC 6890), or NULL.  IPv4 addresses in IPv6
 * notation would lead round the rules for them. */
static const char *is_special(const mtasts_dns_address *a, int loopback)
{
    static const char zeros[16];
    static const struct {
        const char *prefix, *why;
        unsigned bits;
        unsigned char len;
    } rows[] = {
        {"\0", "not asked: no host's address", 8, 4},
        {"\x7f", "not asked: a loopback address", 8, 4},
        {"\xa9\xfe", "not asked: a link-local address", 16, 4},
        {"\xe0", "not asked: a multicast address", 4, 4},
        {"\xf0", "not asked: no host's address", 4, 4},
        {"\xfe\x80", "not asked: a link-local address", 10, 16},
        {"\xff", "not asked: a multicast address", 8, 16},
        {"\0\0\0\0\0\0\0\0\0\0\xff\xff",
         "not asked: an IPv4 address as an IPv6 address", 96, 16},
        {zeros, "not asked: no host's address", 96, 16},
    };
    static const mtasts_dns_address v6_loopback = {
        16, {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}};
    size_t i;

    if ((a->len == 4 && a->octets[0] == 127) ||
        !memcmp(a, &v6_loopback, sizeof(*a))) {
        return loopback ? NULL : "not asked: a loopback address";
    }
    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (a->len == rows[i].len &&
            starts_with(a, rows[i].prefix, rows[i].bits)) {
            return rows[i].why;
        }
    }
    return NULL;
}

/* Fills in what connect() takes; its size. */
static socklen_t socket_address(const mtasts_dns_address *a,
                                struct sockaddr_storage *out)
{
    struct sockaddr_in *v4 = (struct sockaddr_in *)out;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)out;

    memset(out, 0, sizeof(*out));
    if (a->len == 4) {
        v4->sin_family = AF_INET;
        v4->sin_port = htons(53);
        memcpy(&v4->sin_addr, a->octets, 4);
        return sizeof(*v4);
    }
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(53);
    memcpy(&v6->sin6_addr, a->octets, 16);
    return sizeof(*v6);
}

/* Most machines without IPv6 have no route to any of it.  Nothing is sent. */
static const char *is_unreachable(const mtasts_dns_address *a)
{
    struct sockaddr_storage to;
    socklen_t len = socket_address(a, &to);
    int fd = socket(to.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0), no_route;

    if (fd < 0) {
        no_route = errno == EAFNOSUPPORT;
    }
    else {
        no_route = connect(fd, (struct sockaddr *)&to, len) != 0;
        close(fd);
    }
    return no_route ? "not asked: no route to it from here" : NULL;
}

/* --- servers --- */

static int server_compare(const void *a, const void *b)
{
    return memcmp(&((const server *)a)->address, &((const server *)b)->address,
                  sizeof(mtasts_dns_address));
}

server *mtasts_authority_server_get(mtasts_authorities *all,
                                    const mtasts_dns_address *address)
{
    server *s = calloc(1, sizeof(*s)), **node;

    if (!s) {
        return NULL;
    }
    s->address = *address;
    node = tsearch(s, &all->server_tree, server_compare);
    if (!node || *node != s) {
        free(s);
        return node ? *node : NULL;
    }
    s->all = all;
    s->made_before = all->servers;
    all->servers = s;
    inet_ntop(address->len == 4 ? AF_INET : AF_INET6, address->octets, s->text,
              sizeof(s->text));
    s->never = is_special(address, all->loopback);
    if (!s->never) {
        s->never = is_unreachable(address);
    }
    return s;
}

void mtasts_authority_servers_free(mtasts_authorities *all)
{
    server *s;

    while ((s = all->servers)) {
        all->servers = s->made_before;
        tdelete(s, &all->server_tree, server_compare);
        mtasts_dns_free(s->run);
        free(s);
    }
}

/* --- the asking --- */

/* Has the server wait for a place among the active ones. */
static void server_queue(server *s)
{
    mtasts_authorities *all = s->all;

    s->queued = 1;
    s->next = NULL;
    if (all->waiting) {
        all->last_waiting->next = s;
    }
    else {
        all->waiting = s;
    }
    all->last_waiting = s;
}

void mtasts_authority_ask(row *r)
{
    server *s = r->at;

    if (s->never) {
        mtasts_authority_untold(r, s->never);
        return;
    }
    r->next = NULL;
    if (s->first) {
        s->last->next = r;
    }
    else {
        s->first = r;
    }
    s->last = r;
    if (!s->run && !s->queued) {
        server_queue(s);
    }
}

static row *take_row(server *s)
{
    row *r = s->first;

    if (r) {
        s->first = r->next;
    }
    return r;
}

static void got_txt(void *ctx, const mtasts_dns_answer *answer)
{
    mtasts_authority_told(ctx, answer);
}

static void feed(server *s)
{
    row *r;

    while ((r = take_row(s))) {
        mtasts_dns_ask(s->run, r->of->asked, MTASTS_DNS_TXT, got_txt, r);
    }
}

/* Why no more servers are begun, or NULL. */
static const char *is_over(const mtasts_authorities *all)
{
    if (all->options.stop && all->options.stop(all->options.stop_ctx)) {
        return "not asked: stopped";
    }
    return mtasts_dns_left(all->resolver) ? NULL : "not asked: out of time";
}

static void server_begin(server *s)
{
    mtasts_authorities *all = s->all;
    mtasts_dns_options o = all->options;
    const char *why = is_over(all);
    row *r;

    o.servers = s->text;
    o.timeout_ms = mtasts_dns_left(all->resolver);
    o.in_flight = IN_FLIGHT;
    o.authority = 1;
    s->run = why ? NULL : mtasts_dns_new(&o, &why);
    if (s->run) {
        all->active[all->nactive++] = s;
        return;
    }
    while ((r = take_row(s))) {
        mtasts_authority_untold(r, why);
    }
}

/* Begins as many servers as may be, and asks what there is to ask. */
static void servers_begin(mtasts_authorities *all)
{
    unsigned i;
    server *s;

    while (all->nactive < AT_ONCE && (s = all->waiting)) {
        all->waiting = s->next;
        s->queued = 0;
        server_begin(s);
    }
    for (i = 0; i < all->nactive; i++) {
        feed(all->active[i]);
    }
}

/* Makes place: a run that is over takes no more questions, and one without
 * questions is of no use. */
static void servers_end(mtasts_authorities *all)
{
    unsigned i = 0;

    while (i < all->nactive) {
        server *s = all->active[i];

        if (!mtasts_dns_idle(s->run)) {
            i++;
            continue;
        }
        mtasts_dns_free(s->run);
        s->run = NULL;
        all->active[i] = all->active[--all->nactive];
        if (s->first) {
            server_queue(s);
        }
    }
}

void mtasts_authority_work(mtasts_authorities *all)
{
    mtasts_dns_run *runs[AT_ONCE + 1];
    unsigned i;

    runs[0] = all->resolver;
    for (;;) {
        servers_begin(all);
        if (!all->nactive && !all->waiting && mtasts_dns_idle(all->resolver)) {
            return;
        }
        for (i = 0; i < all->nactive; i++) {
            runs[i + 1] = all->active[i]->run;
        }
        mtasts_dns_turn(runs, all->nactive + 1);
        servers_end(all);
    }
}
