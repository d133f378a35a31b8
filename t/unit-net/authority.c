/* The servers of zones, asked themselves: a small world of a resolver and name
 * servers at port 53, in a network of the test's own. */

#include "../../src/net/authority.h"
#include "../unit/tap.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define CNAME        5
#define SOA          6
#define HOSTS        256 /* in the world: NET.n */
#define SILENT       100 /* from here on they say nothing */
#define SILENT_END   220
#define MANY         20 /* servers of many.test, from here on */
#define MANY_SERVERS 20
#define ELSE         250 /* not in NET: see address_of() */

/* What a server does that is not right. */
enum { REFUSES = 1, NO_AA, SAYS_NOTHING, REFERS, TRUNCATES };

enum {
    RESOLVER = 53,
    LOCAL_RESOLVER = ELSE,
    LOCAL_SERVER,
    LOCAL_OTHER,
    LOCAL_V6
};

static char net[16] = "192.0.2.";
static int has_v6;
static int
    own_network; /* 0: the addresses are on loopback, with the machine's */

static const struct {
    int at, how;
} ways[] = {
    {4, REFUSES}, {5, NO_AA}, {6, SAYS_NOTHING}, {7, REFERS}, {9, TRUNCATES},
};

/* What they say, RESOLVER and the servers; "*" is everything below.  An address is
 * one in NET, or written out. */
static const struct {
    int at;
    const char *name;
    int type;
    const char *data;
} world[] = {
    {1, "_mta-sts.a.test", MTASTS_DNS_TXT, "v=STSv1; id=1;"},
    {2, "_mta-sts.a.test", MTASTS_DNS_TXT, "v=STSv1; id=0;"},
    {RESOLVER, "a.test", MTASTS_DNS_NS, "NS2.a.test"},
    {RESOLVER, "a.test", MTASTS_DNS_NS, "ns1.a.test"},
    {RESOLVER, "ns1.a.test", MTASTS_DNS_A, "1"},
    {RESOLVER, "ns2.a.test", MTASTS_DNS_A, "2"},

    {RESOLVER, "deep.test", MTASTS_DNS_NS, "ns1.a.test"},
    {1, "_mta-sts.x.y.z.deep.test", MTASTS_DNS_TXT, "deep"},

    {RESOLVER, "own.test", MTASTS_DNS_NS, "ns1.a.test"},
    {RESOLVER, "_mta-sts.own.test", MTASTS_DNS_NS, "ns3.test"},
    {RESOLVER, "ns3.test", MTASTS_DNS_A, "3"},
    {1, "_mta-sts.own.test", MTASTS_DNS_TXT, "the parent's"},
    {3, "_mta-sts.own.test", MTASTS_DNS_TXT, "its own"},

    {RESOLVER, "lame.test", MTASTS_DNS_NS, "ns1.a.test"},
    {RESOLVER, "lame.test", MTASTS_DNS_NS, "ns4.test"},
    {RESOLVER, "lame.test", MTASTS_DNS_NS, "ns5.test"},
    {RESOLVER, "lame.test", MTASTS_DNS_NS, "ns6.test"},
    {RESOLVER, "lame.test", MTASTS_DNS_NS, "ns7.test"},
    {RESOLVER, "lame.test", MTASTS_DNS_NS, "ns8.test"},
    {RESOLVER, "ns4.test", MTASTS_DNS_A, "4"},
    {RESOLVER, "ns5.test", MTASTS_DNS_A, "5"},
    {RESOLVER, "ns6.test", MTASTS_DNS_A, "6"},
    {RESOLVER, "ns7.test", MTASTS_DNS_A, "7"},
    {RESOLVER, "ns8.test", MTASTS_DNS_A, "8"}, /* nobody's */
    {1, "_mta-sts.lame.test", MTASTS_DNS_TXT, "lame"},
    {5, "_mta-sts.lame.test", MTASTS_DNS_TXT, "a cache's"},

    {RESOLVER, "long.test", MTASTS_DNS_NS, "ns9.test"},
    {RESOLVER, "ns9.test", MTASTS_DNS_A, "9"},
    {9, "_mta-sts.long.test", MTASTS_DNS_TXT, "over TCP"},
    {9, "_mta-sts.huge.long.test", MTASTS_DNS_TXT, "%9000"},
    {9, "_mta-sts.huge.long.test", MTASTS_DNS_TXT, "small"},

    /* The resolver has an old CNAME; 10 also is a cache, and has an old target. */
    {RESOLVER, "cname.test", MTASTS_DNS_NS, "ns1.a.test"},
    {RESOLVER, "cname.test", MTASTS_DNS_NS, "ns10.test"},
    {RESOLVER, "_mta-sts.cname.test", CNAME, "old.prov.test"},
    {RESOLVER, "old.prov.test", MTASTS_DNS_NS, "ns.bare.test"},
    {RESOLVER, "prov.test", MTASTS_DNS_NS, "ns3.test"},
    {RESOLVER, "ns10.test", MTASTS_DNS_A, "10"},
    {1, "_mta-sts.cname.test", CNAME, "R.prov.test"},
    {10, "_mta-sts.cname.test", CNAME, "r.prov.test"},
    {10, "r.prov.test", MTASTS_DNS_TXT, "old"},
    {3, "r.prov.test", MTASTS_DNS_TXT, "new"},

    {RESOLVER, "mixed.test", MTASTS_DNS_NS, "ns1.a.test"},
    {RESOLVER, "mixed.test", MTASTS_DNS_NS, "ns2.a.test"},
    {RESOLVER, "mixed.test", MTASTS_DNS_NS, "ns6.test"},
    {RESOLVER, "mixed.test", MTASTS_DNS_NS, "ns10.test"},
    {1, "_mta-sts.mixed.test", CNAME, "x.prov.test"},
    {2, "_mta-sts.mixed.test", MTASTS_DNS_TXT, "no CNAME"},
    {3, "x.prov.test", MTASTS_DNS_TXT, "x"},
    {10, "_mta-sts.mixed.test", CNAME, "y.prov.test"},

    /* 4 CNAMEs, and 5; to itself; to where there is nothing. */
    {RESOLVER, "chain.test", MTASTS_DNS_NS, "ns3.test"},
    {3, "c0.chain.test", CNAME, "c1.chain.test"},
    {3, "c1.chain.test", CNAME, "c2.chain.test"},
    {3, "c2.chain.test", CNAME, "c3.chain.test"},
    {3, "c3.chain.test", CNAME, "c4.chain.test"},
    {3, "c4.chain.test", CNAME, "c5.chain.test"},
    {3, "c5.chain.test", MTASTS_DNS_TXT, "end"},
    {3, "loop.chain.test", CNAME, "loop.chain.test"},
    {3, "out.chain.test", CNAME, "a.nowhere.example"},

    /* Servers that can't be found, or asked. */
    {RESOLVER, "bare.test", MTASTS_DNS_NS, "ns.bare.test"},
    {RESOLVER, "unknown.test", MTASTS_DNS_NS, "servfail.unknown.test"},
    {RESOLVER, "part.test", MTASTS_DNS_NS, "servfail.unknown.test"},
    {RESOLVER, "part.test", MTASTS_DNS_NS, "ns.bare.test"},
    {RESOLVER, "part.test", MTASTS_DNS_NS, "ns1.a.test"},
    {RESOLVER, "part.test", MTASTS_DNS_NS, "ns1.again.test"},
    {RESOLVER, "ns1.again.test", MTASTS_DNS_A, "1"},
    {1, "_mta-sts.part.test", MTASTS_DNS_TXT, "part"},
    {RESOLVER, "broken.test", MTASTS_DNS_NS, "ns1.a.test"},
    {1, "servfail.broken.test", MTASTS_DNS_TXT, "broken"},
    {RESOLVER, "root.test", MTASTS_DNS_NS, "\\.root.test"},

    {RESOLVER, "odd.test", MTASTS_DNS_NS, "ns1.odd.test"},
    {RESOLVER, "odd.test", MTASTS_DNS_NS, "ns2.odd.test"},
    {RESOLVER, "odd.test", MTASTS_DNS_NS, "ns3.odd.test"},
    {RESOLVER, "odd.test", MTASTS_DNS_NS, "ns4.odd.test"},
    {RESOLVER, "odd.test", MTASTS_DNS_NS, "ns5.odd.test"},
    {RESOLVER, "ns1.odd.test", MTASTS_DNS_A, "0.0.0.0"},
    {RESOLVER, "ns1.odd.test", MTASTS_DNS_A, "169.254.169.254"},
    {RESOLVER, "ns1.odd.test", MTASTS_DNS_A, "224.0.0.251"},
    {RESOLVER, "ns1.odd.test", MTASTS_DNS_A, "255.255.255.255"},
    {RESOLVER, "ns2.odd.test", MTASTS_DNS_AAAA, "::"},
    {RESOLVER, "ns2.odd.test", MTASTS_DNS_AAAA, "::127.0.0.1"},
    {RESOLVER, "ns2.odd.test", MTASTS_DNS_AAAA, "::ffff:127.0.0.1"},
    {RESOLVER, "ns3.odd.test", MTASTS_DNS_AAAA, "fe80::1"},
    {RESOLVER, "ns3.odd.test", MTASTS_DNS_AAAA, "ff02::fb"},
    {RESOLVER, "ns3.odd.test", MTASTS_DNS_AAAA, "2001:db8::1"},
    {RESOLVER, "ns5.odd.test", MTASTS_DNS_A, "3"},
    {3, "_mta-sts.odd.test", MTASTS_DNS_TXT, "odd"},

    {RESOLVER, "home.test", MTASTS_DNS_NS, "ns.home.test"},
    {RESOLVER, "home.test", MTASTS_DNS_NS, "ns3.test"},
    {RESOLVER, "ns.home.test", MTASTS_DNS_A, "127.0.0.7"},
    {RESOLVER, "ns.home.test", MTASTS_DNS_AAAA, "::1"},
    {3, "_mta-sts.home.test", MTASTS_DNS_TXT, "home"},
    {LOCAL_SERVER, "_mta-sts.home.test", MTASTS_DNS_TXT, "local"},
    {LOCAL_V6, "_mta-sts.home.test", MTASTS_DNS_TXT, "local, too"},

    {3, "_mta-sts.hostile.test", MTASTS_DNS_TXT, "hostile"},
};

/* What the servers have seen; shared with them. */
static struct seen {
    unsigned questions, recursive, tcp;
} * seen;

static unsigned *zones_asked; /* NS questions for *.many.test */

static long long now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (long long)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* --- what a server says --- */

/* A reply in the making. */
typedef struct {
    unsigned char bytes[70000];
    size_t len, question; /* where that ends */
    int at, tcp, type;
    char name[256];
} message;

static void put(message *m, const void *bytes, size_t len)
{
    memcpy(m->bytes + m->len, bytes, len);
    m->len += len;
}

static void put16(message *m, size_t n)
{
    unsigned char b[2] = {(unsigned char)(n >> 8), (unsigned char)n};

    put(m, b, 2);
}

/* "\\." stands for a dot within a label. */
static void put_name(message *m, const char *name)
{
    while (*name) {
        size_t len = *name == '\\' ? 2 : strcspn(name, ".");
        unsigned char n = (unsigned char)len;

        put(m, &n, 1);
        put(m, name, len);
        name += len + (name[len] == '.');
    }
    put(m, "", 1);
}

/* "%9000": that many. */
static void put_txt(message *m, const char *text)
{
    size_t total = *text == '%' ? (size_t)atoi(text + 1) : strlen(text);

    while (total) {
        unsigned char n = (unsigned char)(total < 250 ? total : 250);

        put(m, &n, 1);
        if (*text == '%') {
            memset(m->bytes + m->len, ' ', n);
            m->len += n;
        }
        else {
            put(m, text, n);
        }
        total -= n;
    }
}

static void put_data(message *m, int type, const char *data)
{
    unsigned char octets[16];
    char text[40];

    switch (type) {
    case MTASTS_DNS_A:
        snprintf(text, sizeof(text), "%s%s", strchr(data, '.') ? "" : net,
                 data);
        inet_pton(AF_INET, text, octets);
        put(m, octets, 4);
        break;
    case MTASTS_DNS_AAAA:
        inet_pton(AF_INET6, data, octets);
        put(m, octets, 16);
        break;
    case MTASTS_DNS_TXT:
        put_txt(m, data);
        break;
    default:
        put_name(m, data);
        if (type == SOA) {
            put(m, "\0\0\0\0\0\1\0\0\0\1\0\0\0\1\0\0\0\1\0\0\0\1", 21);
        }
    }
}

/* A record, in the section whose count is at `count`. */
static void put_record(message *m, const char *owner, int type,
                       const char *data, size_t count)
{
    size_t len_at;

    put_name(m, owner);
    put16(m, (size_t)type);
    put(m, "\0\1\0\0\0\5", 6);
    len_at = m->len;
    put16(m, 0);
    put_data(m, type, data);
    m->bytes[len_at] = (unsigned char)((m->len - len_at - 2) >> 8);
    m->bytes[len_at + 1] = (unsigned char)(m->len - len_at - 2);
    m->bytes[count]++;
}

static int below(const char *name, const char *zone)
{
    size_t a = strlen(name), b = strlen(zone);

    return a > b && !strcmp(name + a - b, zone) && name[a - b - 1] == '.';
}

/* "_mta-sts.d7.z3.many.test": 3, -1 for none. */
static int many_zone(const char *name)
{
    const char *z = strstr(name, "z");

    return below(name, "many.test") && z ? atoi(z + 1) : -1;
}

/* Thousands of names in hundreds of zones, each on two of MANY servers. */
static void many(message *m)
{
    int zone = many_zone(m->name), i;
    char text[300];

    if (m->at != RESOLVER && m->at != LOCAL_RESOLVER) {
        snprintf(text, sizeof(text), "%s at %d", m->name, m->at);
        put_record(m, m->name, MTASTS_DNS_TXT, text, 7);
        return;
    }
    if (m->type == MTASTS_DNS_NS && m->name[0] == 'z') {
        ++*zones_asked;
        for (i = 0; i < 2; i++) {
            snprintf(text, sizeof(text), "ns%d.many.test",
                     (zone + 7 * i) % MANY_SERVERS);
            put_record(m, m->name, MTASTS_DNS_NS, text, 7);
        }
    }
    if (m->type == MTASTS_DNS_A && m->name[0] == 'n') {
        snprintf(text, sizeof(text), "%d", MANY + atoi(m->name + 2));
        put_record(m, m->name, MTASTS_DNS_A, text, 7);
    }
}

/* 300 servers with 20 addresses each, of which one answers. */
static void hostile(message *m)
{
    char text[40];
    int i;

    if (m->type == MTASTS_DNS_NS && !strcmp(m->name, "hostile.test")) {
        for (i = 0; i < 300; i++) {
            snprintf(text, sizeof(text), "n%03d.hostile.test", i);
            put_record(m, m->name, MTASTS_DNS_NS, text, 7);
            m->bytes[6] = (unsigned char)((i + 1) >> 8);
        }
    }
    else if (m->type == MTASTS_DNS_A && m->name[0] == 'n') {
        for (i = 0; i < 20; i++) {
            snprintf(text, sizeof(text), "%d",
                     !strncmp(m->name, "n007", 4) && !i
                         ? 3
                         : SILENT + atoi(m->name + 1) % 100 + i);
            put_record(m, m->name, MTASTS_DNS_A, text, 7);
        }
    }
}

/* Zone s<n>.silent.test is on NET.<100+n> alone. */
static void silent_zone(message *m)
{
    char text[40];

    if (m->type == MTASTS_DNS_NS && m->name[0] == 's') {
        put_record(m, m->name, MTASTS_DNS_NS, m->name, 7);
    }
    if (m->type == MTASTS_DNS_A) {
        snprintf(text, sizeof(text), "%d", SILENT + atoi(m->name + 1));
        put_record(m, m->name, MTASTS_DNS_A, text, 7);
    }
}

/* The records of the name; of that which it is a CNAME for, too.  1 if the name
 * exists. */
static int put_world(message *m, const char *name)
{
    int at = m->at == LOCAL_RESOLVER ? RESOLVER : m->at, exists = 0;
    size_t i;

    for (i = 0; i < sizeof(world) / sizeof(world[0]); i++) {
        if (world[i].at != at) {
            continue;
        }
        exists |= !strcmp(world[i].name, name) || below(world[i].name, name);
        if (strcmp(world[i].name, name)) {
            continue;
        }
        if (world[i].type == m->type || world[i].type == CNAME) {
            put_record(m, name, world[i].type, world[i].data, 7);
        }
        if (world[i].type == CNAME && strcmp(name, world[i].data)) {
            put_world(m, world[i].data);
        }
    }
    return exists;
}

/* 0: no reply. */
static int answer(message *m, int how)
{
    int exists = 1;

    m->bytes[2] = how == NO_AA || how == REFERS ? 0x80 : 0x84;
    if (m->at == RESOLVER || m->at == LOCAL_RESOLVER) {
        m->bytes[2] = 0x81;
        m->bytes[3] = 0x80;
    }
    if (how == REFUSES ||
        (!strncmp(m->name, "servfail.", 9) && m->type != MTASTS_DNS_TXT)) {
        m->bytes[3] |= how == REFUSES ? 5 : 2;
        return 1;
    }
    if (how == REFERS) {
        put_record(m, "lame.test", MTASTS_DNS_NS, "ns1.a.test", 9);
        return 1;
    }
    if (how == TRUNCATES && !m->tcp) {
        m->bytes[2] |= 2;
        return 1;
    }
    if (below(m->name, "many.test")) {
        many(m);
    }
    else if (below(m->name, "silent.test")) {
        silent_zone(m);
    }
    else {
        exists = put_world(m, m->name);
    }
    if (below(m->name, "hostile.test") || !strcmp(m->name, "hostile.test")) {
        hostile(m);
    }
    if (!m->bytes[6] && !m->bytes[7]) {
        put_record(m, "test", SOA, "ns.test", 9);
        m->bytes[3] |= exists ? 0 : 3;
    }
    return how != SAYS_NOTHING;
}

static int way_of(int at)
{
    size_t i;

    for (i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
        if (ways[i].at == at) {
            return ways[i].how;
        }
    }
    return at >= SILENT && at < SILENT_END ? SAYS_NOTHING : 0;
}

/* Makes a reply of the question. */
static int reply(message *m)
{
    size_t at = 12, n = 0;

    while (m->bytes[at] && at < 260) {
        size_t len = m->bytes[at++];

        while (len--) {
            m->name[n++] = (char)m->bytes[at++];
        }
        m->name[n++] = '.';
    }
    m->name[n ? n - 1 : 0] = '\0';
    m->type = m->bytes[at + 2];
    m->len = m->question = at + 5;
    seen[m->at].questions++;
    seen[m->at].recursive += m->bytes[2] & 1;
    seen[m->at].tcp += (unsigned)m->tcp;
    m->bytes[3] = 0;
    return answer(m, way_of(m->at));
}

/* --- sockets --- */

static socklen_t address_of(int at, struct sockaddr_storage *out)
{
    static const char *const others[] = {"127.0.0.53", "127.0.0.7",
                                         "127.0.0.1"};
    struct sockaddr_in *v4 = (struct sockaddr_in *)out;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)out;
    char text[40];

    memset(out, 0, sizeof(*out));
    if (at == LOCAL_V6) {
        v6->sin6_family = AF_INET6;
        v6->sin6_port = htons(53);
        v6->sin6_addr = in6addr_loopback;
        return sizeof(*v6);
    }
    snprintf(text, sizeof(text), "%s%d", net, at);
    v4->sin_family = AF_INET;
    v4->sin_port = htons(53);
    inet_pton(AF_INET, at >= ELSE ? others[at - ELSE] : text, &v4->sin_addr);
    return sizeof(*v4);
}

static int bound(int at, int type)
{
    struct sockaddr_storage a;
    socklen_t len = address_of(at, &a);
    int fd = socket(a.ss_family, type, 0), on = 1;

    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (bind(fd, (struct sockaddr *)&a, len) ||
        (type == SOCK_STREAM && listen(fd, 100))) {
        close(fd);
        return -1;
    }
    return fd;
}

static void serve_udp(int fd, int at)
{
    struct sockaddr_storage from;
    socklen_t from_len = sizeof(from);
    static message m;
    ssize_t got;

    m.at = at;
    m.tcp = 0;
    while ((got = recvfrom(fd, m.bytes, 512, MSG_DONTWAIT,
                           (struct sockaddr *)&from, &from_len)) > 16) {
        if (reply(&m)) {
            if (m.len > 512) {
                m.len = m.question;
                m.bytes[2] |= 2;
                m.bytes[6] = m.bytes[7] = 0;
            }
            sendto(fd, m.bytes, m.len, 0, (struct sockaddr *)&from, from_len);
        }
    }
}

static void serve_tcp(int listener, int at)
{
    int fd = accept(listener, NULL, NULL);
    unsigned char len[2];
    static message m;

    m.at = at;
    m.tcp = 1;
    while (recv(fd, len, 2, MSG_WAITALL) == 2 && !len[0] &&
           recv(fd, m.bytes, len[1], MSG_WAITALL) > 16 && reply(&m)) {
        len[0] = (unsigned char)(m.len >> 8);
        len[1] = (unsigned char)m.len;
        if (send(fd, len, 2, MSG_NOSIGNAL) < 0 ||
            send(fd, m.bytes, m.len, MSG_NOSIGNAL) < 0) {
            break;
        }
    }
    close(fd);
}

static int is_needed(int at)
{
    return at == RESOLVER || (at >= 1 && at <= 10 && at != 8) ||
           (at >= MANY && at < MANY + MANY_SERVERS) ||
           (at >= SILENT && at < SILENT_END) ||
           (own_network && at >= ELSE && at <= LOCAL_V6);
}

/* Binds all, or says that it can't. */
static int fds_open(struct pollfd fds[2 * HOSTS])
{
    int at;

    for (at = 0; at < HOSTS; at++) {
        int on = is_needed(at);

        fds[2 * at].fd = on ? bound(at, SOCK_DGRAM) : -1;
        fds[2 * at + 1].fd = on ? bound(at, SOCK_STREAM) : -1;
        fds[2 * at].events = fds[2 * at + 1].events = POLLIN;
        if (on && at != LOCAL_V6 &&
            (fds[2 * at].fd < 0 || fds[2 * at + 1].fd < 0)) {
            return 0;
        }
    }
    return 1;
}

static void serve(struct pollfd fds[2 * HOSTS])
{
    int at;

    while (poll(fds, 2 * HOSTS, 60000) > 0) {
        for (at = 0; at < HOSTS; at++) {
            if (fds[2 * at].revents) {
                serve_udp(fds[2 * at].fd, at);
            }
            if (fds[2 * at + 1].revents) {
                serve_tcp(fds[2 * at + 1].fd, at);
            }
        }
    }
}

/* A network of one's own, in which NET is this machine: 0 if that is not
 * allowed. */
static int network_make(void)
{
    struct ifreq r;
    struct sockaddr_in *a = (struct sockaddr_in *)&r.ifr_addr;
    int fd, rc;

    if (unshare(CLONE_NEWNET) && unshare(CLONE_NEWUSER | CLONE_NEWNET)) {
        return 0;
    }
    fd = socket(AF_INET, SOCK_DGRAM, 0);
    memset(&r, 0, sizeof(r));
    strcpy(r.ifr_name, "lo");
    r.ifr_flags = IFF_UP | IFF_RUNNING;
    rc = ioctl(fd, SIOCSIFFLAGS, &r);
    memset(&r, 0, sizeof(r));
    strcpy(r.ifr_name, "lo:1");
    a->sin_family = AF_INET;
    inet_pton(AF_INET, "192.0.2.1", &a->sin_addr);
    rc = rc ? rc : ioctl(fd, SIOCSIFADDR, &r);
    inet_pton(AF_INET, "255.255.255.0", &a->sin_addr);
    rc = rc ? rc : ioctl(fd, SIOCSIFNETMASK, &r);
    close(fd);
    return !rc;
}

static pid_t world_start(void)
{
    static struct pollfd fds[2 * HOSTS];
    pid_t pid;
    int i;

    own_network = network_make();
    if (!own_network) {
        strcpy(net, "127.53.98.");
    }
    if (!fds_open(fds)) {
        printf("1..0 # SKIP no network of its own, and not root\n");
        exit(0);
    }
    seen = mmap(NULL, HOSTS * sizeof(*seen) + sizeof(*zones_asked),
                PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (seen == MAP_FAILED) {
        printf("Bail out! no memory\n");
        exit(1);
    }
    zones_asked = (unsigned *)(seen + HOSTS);
    fflush(stdout);
    pid = fork();
    if (!pid) {
        serve(fds);
        _exit(0);
    }
    has_v6 = fds[2 * LOCAL_V6].fd >= 0;
    for (i = 0; i < 2 * HOSTS; i++) {
        if (fds[i].fd >= 0) {
            close(fds[i].fd);
        }
    }
    return pid;
}

/* --- the asking side --- */

static char resolver[40];

static mtasts_authorities *ask(const char *const *names, size_t n, unsigned ms)
{
    mtasts_dns_options o = {
        .servers = resolver, .timeout_ms = ms, .in_flight = 50};
    const char *error = NULL;
    mtasts_authorities *all = mtasts_authorities_ask(names, n, &o, &error);

    if (!all) {
        printf("Bail out! %s\n", error);
        exit(1);
    }
    return all;
}

static void take_out(char *text, const char *part)
{
    char *at;

    while ((at = strstr(text, part))) {
        memmove(at, at + strlen(part), strlen(at + strlen(part)) + 1);
    }
}

/* How long somebody was waited for may differ by a little. */
static void no_times(char *text)
{
    char *at = strstr(text, " within ");

    while (at) {
        char *end = strstr(at, " s");

        memmove(at, end + 2, strlen(end + 2) + 1);
        at = strstr(at, " within ");
    }
}

/* "zone >target (failure) | server address answer | ...", with the addresses
 * of NET by their last number. */
static char *show(const mtasts_authority *a)
{
    static char out[8000];
    size_t at = 0, i, k;

#define ADD(...)                                                               \
    (at += at < sizeof(out)                                                    \
               ? (size_t)snprintf(out + at, sizeof(out) - at, __VA_ARGS__)     \
               : 0)
    ADD("%s", a->zone ? a->zone : "?");
    if (a->target) {
        ADD(" >%s", a->target);
    }
    if (a->failure) {
        ADD(" (%s)", a->failure);
    }
    for (i = 0; i < a->nservers; i++) {
        const mtasts_dns_answer *said = a->servers[i].answer;

        ADD(" | %s %s %s", a->servers[i].name, a->servers[i].address,
            said->status == MTASTS_DNS_OK       ? "ok"
            : said->status == MTASTS_DNS_ABSENT ? "absent"
                                                : said->failure);
        for (k = 0; k < said->ntxt; k++) {
            ADD(" '%s'", said->txt[k].data);
        }
        if (said->left_out) {
            ADD(" left out %zu", said->left_out);
        }
    }
#undef ADD
    take_out(out, net);
    no_times(out);
    return out;
}

static int is_ok(const mtasts_authority *a, size_t i)
{
    return i < a->nservers && a->servers[i].answer->status == MTASTS_DNS_OK;
}

/* --- tests --- */

static void one_by_one(void)
{
    static const struct {
        const char *name, *want;
    } cases[] = {
        {"_mta-sts.a.test", "a.test | ns1.a.test 1 ok 'v=STSv1; id=1;' | "
                            "ns2.a.test 2 ok 'v=STSv1; id=0;'"},
        {"_MTA-sts.A.test.", "A.test. | ns1.a.test 1 ok 'v=STSv1; id=1;' | "
                             "ns2.a.test 2 ok 'v=STSv1; id=0;'"},
        {"_mta-sts.nobody.a.test",
         "a.test | ns1.a.test 1 absent | ns2.a.test 2 absent"},
        {"_mta-sts.x.y.z.deep.test", "deep.test | ns1.a.test 1 ok 'deep'"},
        {"_mta-sts.own.test", "_mta-sts.own.test | ns3.test 3 ok 'its own'"},
        {"_mta-sts.lame.test",
         "lame.test | ns1.a.test 1 ok 'lame' | ns4.test 4 REFUSED from 4 | "
         "ns5.test 5 5 is no authority for it: its answer, without the AA bit, "
         "may be an old one | ns6.test 6 no answer from 6 | "
         "ns7.test 7 referral to other servers, no recursion from 7 | "
         "ns8.test 8 connection refused by 8"},
        {"_mta-sts.long.test", "long.test | ns9.test 9 ok 'over TCP'"},
        {"_mta-sts.huge.long.test",
         "long.test | ns9.test 9 ok 'small' left out 1"},
        {"_mta-sts.cname.test", "prov.test >r.prov.test | ns3.test 3 ok 'new'"},
        {"_mta-sts.mixed.test",
         "prov.test >x.prov.test | ns10.test 10 a CNAME for y.prov.test, but "
         "at "
         "another server for x.prov.test | ns2.a.test 2 ok 'no CNAME' | "
         "ns6.test 6 no answer from 6 | ns3.test 3 ok 'x'"},
        {"c1.chain.test", "chain.test >c5.chain.test | ns3.test 3 ok 'end'"},
        {"c0.chain.test", "chain.test >c4.chain.test | ns3.test 3 more than 4 "
                          "CNAMEs, one after the other"},
        {"loop.chain.test", "chain.test | ns3.test 3 CNAME loop from 3"},
        {"out.chain.test", "? >a.nowhere.example (no name servers (NS) found "
                           "for a.nowhere.example or above it)"},
        {"_mta-sts.nowhere.example", "? (no name servers (NS) found for "
                                     "_mta-sts.nowhere.example or above it)"},
        {"_mta-sts.bare.test", "bare.test (no name server of bare.test has an "
                               "address; there is none for ns.bare.test)"},
        {"_mta-sts.unknown.test",
         "unknown.test (no address of a name server of unknown.test could be "
         "found; of servfail.unknown.test: SERVFAIL from 53)"},
        {"_mta-sts.part.test", "part.test | ns1.a.test 1 ok 'part'"},
        {"_mta-sts.servfail.broken.test",
         "? (name servers (NS) of servfail.broken.test: SERVFAIL from 53)"},
        {"servfail.broken.test", "broken.test | ns1.a.test 1 ok 'broken'"},
        {"_mta-sts.root.test",
         "root.test (no address of a name server of root.test could be found; "
         "of \\\\\\..root.test: not asked: no host name)"},
        {"_mta-sts.a b.test", "? (name servers (NS) of _mta-sts.a b.test: not "
                              "asked: no host name)"},
        {"a.b.c.d.e.f.g.h.i.j.k.l.m.n.o.p.q.a.test",
         "? (no name servers (NS) found for "
         "a.b.c.d.e.f.g.h.i.j.k.l.m.n.o.p.q.a.test or above it)"},
        /* The last one, which only a network of the test's own gets. */
        {"_mta-sts.odd.test",
         "odd.test | ns5.odd.test 3 ok 'odd' | "
         "ns1.odd.test 0.0.0.0 not asked: no host's address | "
         "ns2.odd.test :: not asked: no host's address | "
         "ns3.odd.test 2001:db8::1 not asked: no route to it from here | "
         "ns1.odd.test 169.254.169.254 not asked: a link-local address | "
         "ns2.odd.test ::127.0.0.1 not asked: no host's address | "
         "ns3.odd.test fe80::1 not asked: a link-local address | "
         "ns1.odd.test 224.0.0.251 not asked: a multicast address | "
         "ns2.odd.test ::ffff:127.0.0.1 not asked: an IPv4 address as an IPv6 "
         "address | ns3.odd.test ff02::fb not asked: a multicast address | "
         "ns1.odd.test 255.255.255.255 not asked: no host's address"},
    };
    enum { N = sizeof(cases) / sizeof(cases[0]) };
    const char *names[N];
    mtasts_authorities *all;
    size_t n = own_network ? N : N - 1, i;

    for (i = 0; i < n; i++) {
        names[i] = cases[i].name;
    }
    all = ask(names, n, 20000);
    for (i = 0; i < n; i++) {
        is_str(show(mtasts_authorities_of(all, i)), cases[i].want, "one",
               cases[i].name);
    }
    ok(seen[9].tcp == 2, "one", "over TCP");
    ok(seen[3].questions && !seen[3].recursive, "one",
       "no recursion is desired");
    mtasts_authorities_free(all);
}

/* Addresses of the loopback interface: asked only if the resolver is there. */
static void home(void)
{
    static const char *const names[] = {"_mta-sts.home.test"};
    mtasts_authorities *all;
    unsigned before = seen[LOCAL_V6].questions;

    if (!own_network) {
        printf("# skipped: no network of its own\n");
        return;
    }
    all = ask(names, 1, 20000);
    is_str(show(mtasts_authorities_of(all, 0)),
           "home.test | ns3.test 3 ok 'home' | "
           "ns.home.test 127.0.0.7 not asked: a loopback address | "
           "ns.home.test ::1 not asked: a loopback address",
           "home", "the resolver is elsewhere");
    ok(!seen[LOCAL_SERVER].questions && seen[LOCAL_V6].questions == before,
       "home", "none asked");
    mtasts_authorities_free(all);

    strcpy(resolver, "127.0.0.53");
    all = ask(names, 1, 20000);
    is_str(show(mtasts_authorities_of(all, 0)),
           has_v6
               ? "home.test | ns.home.test 127.0.0.7 ok 'local' | ns3.test 3 "
                 "ok 'home' | ns.home.test ::1 ok 'local, too'"
               : "home.test | ns.home.test 127.0.0.7 ok 'local' | ns3.test 3 "
                 "ok 'home' | ns.home.test ::1 not asked: no route to it from "
                 "here",
           "home", "the resolver is there");
    mtasts_authorities_free(all);
    snprintf(resolver, sizeof(resolver), "%s%d", net, RESOLVER);
}

/* Of very many addresses some are asked, of as many hosts as possible. */
static void hostile_set(void)
{
    static const char *const names[] = {"_mta-sts.hostile.test"};
    mtasts_authorities *all;
    const mtasts_authority *a;
    unsigned asked = 0, i;

    for (i = SILENT; i < SILENT_END; i++) {
        seen[i].questions = 0;
    }
    all = ask(names, 1, 20000);
    a = mtasts_authorities_of(all, 0);
    for (i = SILENT; i < SILENT_END; i++) {
        asked += seen[i].questions != 0;
    }
    ok(a->nservers == 16 && asked == 15, "hostile", "16 addresses");
    ok(is_ok(a, 7) && !strcmp(a->servers[7].name, "n007.hostile.test"),
       "hostile", "of 16 hosts");
    mtasts_authorities_free(all);
}

/* Many names, zones and servers: each question once. */
static void many_names(void)
{
    enum { ZONES = 300, EACH = 10 };
    static char texts[ZONES * EACH][50];
    static const char *names[ZONES * EACH];
    unsigned right = 0, questions = 0, before = seen[RESOLVER].recursive, i, k;
    mtasts_authorities *all;
    long long start = now_ms();

    for (i = 0; i < ZONES * EACH; i++) {
        snprintf(texts[i], sizeof(texts[i]), "_mta-sts.d%u.z%u.many.test", i,
                 i % ZONES);
        names[i] = texts[i];
    }
    all = ask(names, ZONES * EACH, 30000);
    printf("# %lld ms\n", now_ms() - start);
    for (i = 0; i < ZONES * EACH; i++) {
        const mtasts_authority *a = mtasts_authorities_of(all, i);

        for (k = 0; k < a->nservers && is_ok(a, k); k++) {
            char want[100];

            snprintf(want, sizeof(want), "%s at %s", names[i],
                     a->servers[k].address + strlen(net));
            right += !strcmp(a->servers[k].answer->txt[0].data, want);
        }
    }
    for (i = MANY; i < MANY + MANY_SERVERS; i++) {
        questions += seen[i].questions;
    }
    printf("# %u right, %u asked, %u of the resolver, %u of these for zones\n",
           right, questions, seen[RESOLVER].recursive - before, *zones_asked);
    ok(right == 2 * ZONES * EACH, "many", "3,000 names at two servers each");
    /* On a busy machine some are lost and asked again. */
    ok(questions >= right && questions < 2 * right, "many", "each once");
    ok(*zones_asked >= ZONES && *zones_asked < 2 * ZONES, "many",
       "each zone once");
    mtasts_authorities_free(all);
}

/* Silent servers keep nobody from being asked. */
static void silence(void)
{
    enum { N = 101 };
    char texts[N][40];
    const char *names[N];
    mtasts_authorities *all;
    unsigned few, i, told = 0, untold = 0;
    long long start;

    for (i = 0; i < N - 1; i++) {
        snprintf(texts[i], sizeof(texts[i]), "_mta-sts.s%u.silent.test", i);
        names[i] = texts[i];
    }
    few = 40;
    names[few] = "_mta-sts.a.test";
    start = now_ms();
    all = ask(names, few + 1, 1500);
    ok(is_ok(mtasts_authorities_of(all, few), 0), "silence",
       "40 silent servers, and one that answers");
    is_str(show(mtasts_authorities_of(all, 0)),
           "s0.silent.test | s0.silent.test 100 no answer from 100", "silence",
           "says which");
    ok(now_ms() - start < 6000, "silence", "ends in time");
    mtasts_authorities_free(all);

    names[few] = texts[few];
    names[N - 1] = "_mta-sts.a.test";
    all = ask(names, N, 5000);
    for (i = 0; i < N - 1; i++) {
        const mtasts_authority *a = mtasts_authorities_of(all, i);

        untold += a->nservers == 1 && strstr(a->servers[0].answer->failure,
                                             "no answer from") != NULL;
    }
    told = is_ok(mtasts_authorities_of(all, N - 1), 0);
    ok(told && untold == N - 1, "silence",
       "more servers than are asked at once");
    mtasts_authorities_free(all);

    all = ask(names, N, 1000);
    for (i = untold = 0; i < N; i++) {
        const mtasts_authority *a = mtasts_authorities_of(all, i);

        untold += a->nservers && !strcmp(a->servers[0].answer->failure,
                                         "not asked: out of time");
    }
    ok(untold >= N - 64, "silence", "not asked in time");
    mtasts_authorities_free(all);
}

/* 300 ms after a server was asked that says nothing. */
static int stop_then(void *ctx)
{
    long long *start = ctx;

    if (!seen[6].questions && !seen[SILENT].questions) {
        *start = now_ms();
    }
    return now_ms() - *start > 300;
}

/* None is begun any more. */
static void stop_many(mtasts_dns_options *o)
{
    enum { N = 100 };
    char texts[N][40];
    const char *names[N], *error;
    mtasts_authorities *all;
    unsigned i, asked = 0;

    for (i = 0; i < N; i++) {
        snprintf(texts[i], sizeof(texts[i]), "_mta-sts.s%u.silent.test", i);
        names[i] = texts[i];
        seen[SILENT + i].questions = 0;
    }
    seen[6].questions = 0;
    all = mtasts_authorities_ask(names, N, o, &error);
    for (i = 0; i < N; i++) {
        asked += seen[SILENT + i].questions != 0;
    }
    ok(asked <= 64, "stop", "who is not asked yet never is");
    for (i = asked = 0; i < N; i++) {
        asked += !strstr(show(mtasts_authorities_of(all, i)), "stopped");
    }
    ok(asked <= 64, "stop", "says so");
    mtasts_authorities_free(all);
}

static void stopping(void)
{
    static const char *const names[] = {"_mta-sts.a.test",
                                        "_mta-sts.lame.test"};
    char silent[40];
    long long start = now_ms();
    mtasts_dns_options o = {.servers = resolver,
                            .timeout_ms = 60000,
                            .stop = stop_then,
                            .stop_ctx = &start};
    mtasts_authorities *all;
    const char *error = "";
    char *said;

    seen[6].questions = seen[SILENT].questions = 0;
    all = mtasts_authorities_ask(names, 2, &o, &error);
    ok(now_ms() - start < 3000, "stop", "at once");
    ok(is_ok(mtasts_authorities_of(all, 0), 1), "stop", "what is known stays");
    said = show(mtasts_authorities_of(all, 1));
    ok(strstr(said, "ns6.test 6 no answer from 6 |") != NULL, "stop", said);
    mtasts_authorities_free(all);

    stop_many(&o);

    snprintf(silent, sizeof(silent), "%s%d", net, SILENT);
    o.servers = silent;
    o.timeout_ms = 400;
    o.stop = NULL;
    start = now_ms();
    all = mtasts_authorities_ask(names, 2, &o, &error);
    ok(now_ms() - start < 5000, "stop", "a resolver that is silent");
    said = show(mtasts_authorities_of(all, 0));
    is_str(said, "? (name servers (NS) of _mta-sts.a.test: no answer from 100)",
           "stop", "says which");
    mtasts_authorities_free(all);

    all = mtasts_authorities_ask(names, 0, &o, &error);
    ok(all != NULL, "none", "to ask");
    mtasts_authorities_free(all);
    o.servers = "localhost";
    all = mtasts_authorities_ask(names, 2, &o, &error);
    ok(!all && *error, "error", error);
}

int main(void)
{
    pid_t pid = world_start();

    snprintf(resolver, sizeof(resolver), "%s%d", net, RESOLVER);
    one_by_one();
    home();
    hostile_set();
    many_names();
    silence();
    stopping();
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    return done();
}
