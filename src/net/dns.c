#include "dns.h"
#include "reply.h"

#define CARES_NO_DEPRECATED
#include <ares.h>

#include <arpa/inet.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/*
 * Each server has its own c-ares channels, and a channel knows one server
 * only: c-ares up to 1.18 asks a dead first server before the second one for
 * every single question.  Choosing a server and trying the next is done here.
 *
 * A server is ALIVE, SUSPECT or DEAD.  Several servers begin as SUSPECT, one
 * alone as ALIVE.  A SUSPECT server gets no questions but a probe; any reply
 * makes it ALIVE, silence DEAD.  ALIVE becomes SUSPECT when it is silent with
 * questions open, or when many in a row fail.  Questions go to the first
 * server in the configured order that is ALIVE and hasn't failed them yet.
 * When all are DEAD and nothing is open any more, the run ends.
 *
 * Truncated replies are asked for again on a channel for TCP: in c-ares 1.18
 * a refused TCP connection costs every open question of its channel a try.
 */

/* More in flight overflow the receive buffer of a channel's one socket. */
#define CHANNEL_QUESTIONS 256
#define IN_FLIGHT_MAX     4096
#define CHANNELS_MAX      (IN_FLIGHT_MAX / CHANNEL_QUESTIONS)
#define SERVERS_MAX       16

/* UDP: 250, 500, 1000 and 2000 ms, the best under loss; TCP: 1.5 and 3 s. */
#define UDP_TIMEOUT_MS 250
#define UDP_TRIES      4
#define TCP_TIMEOUT_MS 1500
#define TCP_TRIES      2

#define TICK_MS        50   /* between looks at the clock and at stop() */
#define SILENCE_MS     1000 /* makes a server SUSPECT */
#define PROBE_MS       1500 /* then DEAD */
#define FAILURES_MAX   32   /* in a row: SUSPECT */

#define DNS_PORT       53
#define CLASS_IN       1

#define SERVER_TEXT    64 /* "[2001:db8::53]:5353" */
#define REASON_MAX     512
#define SHARED_MAX     32
#define CHUNK_SIZE     65536

/* Every resolver answers it itself, and quickly (RFC 6761 6.3). */
#define PROBE_NAME "localhost"

typedef struct waiter {
    struct waiter *next;
    mtasts_dns_fn *done;
    void *ctx;
} waiter;

/* There may be a million: kept small, and in chunks. */
typedef struct question {
    struct question *same_hash;
    struct question *next;           /* in a queue */
    const mtasts_dns_answer *answer; /* until it is settled, the last failure */
    mtasts_dns_fn *done;
    void *ctx;
    waiter *more;   /* who asked the same */
    uint16_t tried; /* servers, a bit each */
    uint8_t type;
    unsigned settled : 1;
    unsigned own_answer : 1; /* not one of run->shared */
    unsigned tcp : 1;
    char name[]; /* lower case, no final dot */
} question;

typedef struct {
    question *first, *last;
} queue;

struct server;

typedef struct {
    struct server *server;
    ares_channel ares; /* NULL until it is needed */
} channel;

typedef enum { ALIVE, SUSPECT, DEAD } server_state;

/* A question in flight, or a probe; c-ares gives it back with the reply. */
typedef struct slot {
    struct slot *next_free;
    struct server *server;
    question *question;
    unsigned channel; /* which of a server's */
    long long sent;
} slot;

typedef struct server {
    mtasts_dns_run *run;
    char csv[SERVER_TEXT];  /* for c-ares: always with the port */
    char text[SERVER_TEXT]; /* for people: port 53 is not said */
    server_state state;
    unsigned open;         /* questions */
    unsigned failures;     /* in a row */
    int refused;           /* the last failure was a refused connection */
    long long quiet_since; /* last reply, or first question after a pause */
    slot probe;
    int probing;
    long long probe_sent;
    channel udp[CHANNELS_MAX], tcp;
} server;

typedef struct chunk {
    struct chunk *next;
    size_t used;
    char data[];
} chunk;

struct mtasts_dns_run {
    mtasts_dns_options options;
    server servers[SERVERS_MAX];
    unsigned nservers;
    slot *slots, *free_slots;
    unsigned open, probes; /* in flight */
    queue todo, waiting;   /* waiting: for a SUSPECT server's fate */
    question **hash;
    size_t hash_size, nquestions; /* size: power of two */
    chunk *chunks;
    const mtasts_dns_answer *shared[SHARED_MAX];
    size_t nshared;
    struct pollfd *fds, *ready;
    channel **fd_channels, **ready_channels;
    size_t nfds, fds_size;
    long long start, deadline, tick;
    int sending, ended;
    int heard; /* any reply from any server */
};

static const mtasts_dns_answer out_of_memory = {.status = MTASTS_DNS_TEMPFAIL,
                                                .failure = "out of memory"};

static void send_questions(mtasts_dns_run *run);

static long long now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (long long)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* --- servers' addresses --- */

/* 1 to 65535 without leading zeros; else 0. */
static unsigned port_parse(const char *s)
{
    unsigned port = 0;
    size_t i;

    for (i = 0; s[i] >= '0' && s[i] <= '9' && i < 5; i++) {
        port = port * 10 + (unsigned)(s[i] - '0');
    }
    return s[i] || *s == '0' || port > 65535 ? 0 : port;
}

static void server_name(server *sv, int family, const char *address,
                        unsigned port)
{
    const char *open = family == AF_INET6 ? "[" : "";
    const char *close = family == AF_INET6 ? "]" : "";

    snprintf(sv->csv, sizeof(sv->csv), "%s%.46s%s:%u", open, address, close,
             port);
    snprintf(sv->text, sizeof(sv->text), "%s",
             port == DNS_PORT ? address : sv->csv);
}

/* 1 and the server's names, or 0. */
static int server_parse(const char *in, size_t len, server *sv)
{
    unsigned char binary[sizeof(struct in6_addr)];
    char buf[SERVER_TEXT], *address = buf, *port = NULL;
    unsigned number = DNS_PORT;
    int family = AF_INET;

    if (len >= sizeof(buf)) {
        return 0;
    }
    memcpy(buf, in, len);
    buf[len] = '\0';
    if (buf[0] == '[') {
        address = buf + 1;
        port = strstr(buf, "]:");
        if (!port) {
            return 0;
        }
        *port = '\0';
        port += 2;
        family = AF_INET6;
    }
    else {
        port = strchr(buf, ':');
        if (port && strchr(port + 1, ':')) {
            port = NULL;
            family = AF_INET6;
        }
        else if (port) {
            *port++ = '\0';
        }
    }
    if ((port && !(number = port_parse(port))) ||
        inet_pton(family, address, binary) != 1) {
        return 0;
    }
    server_name(sv, family, address, number);
    return 1;
}

int mtasts_dns_server_check(const char *text)
{
    server sv;

    memset(&sv, 0, sizeof(sv));
    return server_parse(text, strlen(text), &sv);
}

/* --- answers --- */

static int is_plain(const mtasts_dns_answer *a)
{
    return !a->ncname && !a->ntxt && !a->nmx && !a->left_out;
}

static int is_same(const mtasts_dns_answer *a, const mtasts_dns_answer *b)
{
    return a->status == b->status && a->naddresses == b->naddresses &&
           (a->status != MTASTS_DNS_TEMPFAIL ||
            !strcmp(a->failure, b->failure));
}

/* Most answers say "absent", "two addresses" or "no answer from S": one of
 * each is kept for the whole run.  The one like `a`, or NULL. */
static const mtasts_dns_answer *shared_find(const mtasts_dns_run *run,
                                            const mtasts_dns_answer *a)
{
    size_t i;

    for (i = 0; i < run->nshared; i++) {
        if (is_same(run->shared[i], a)) {
            return run->shared[i];
        }
    }
    return NULL;
}

static void answer_drop(question *q)
{
    if (q->own_answer) {
        free((void *)q->answer);
    }
    q->answer = NULL;
    q->own_answer = 0;
}

/* Takes `a`, which is the question's from now on. */
static void answer_keep(mtasts_dns_run *run, question *q, mtasts_dns_answer *a)
{
    const mtasts_dns_answer *same = NULL;

    answer_drop(q);
    if (!a) {
        q->answer = &out_of_memory;
        return;
    }
    if (is_plain(a)) {
        same = shared_find(run, a);
        if (same) {
            free(a);
            q->answer = same;
            return;
        }
        if (run->nshared < SHARED_MAX) {
            run->shared[run->nshared++] = a;
            q->answer = a;
            return;
        }
    }
    q->answer = a;
    q->own_answer = 1;
}

/* The question's answer becomes TEMPFAIL with the text, which is added to
 * that of an earlier failure. */
static void answer_fail(mtasts_dns_run *run, question *q, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

static void answer_fail(mtasts_dns_run *run, question *q, const char *fmt, ...)
{
    mtasts_dns_answer like = {.status = MTASTS_DNS_TEMPFAIL};
    const mtasts_dns_answer *same;
    char text[REASON_MAX] = "";
    size_t at = 0;
    va_list args;

    if (q->answer) {
        snprintf(text, sizeof(text) / 2, "%s; ", q->answer->failure);
        at = strlen(text);
    }
    va_start(args, fmt);
    vsnprintf(text + at, sizeof(text) - at, fmt, args);
    va_end(args);

    like.failure = text;
    same = shared_find(run, &like);
    if (same) {
        answer_drop(q);
        q->answer = same;
    }
    else {
        answer_keep(run, q, mtasts_answer_tempfail(text));
    }
}

/* Tells everyone who asked.  They may ask again, and again the same. */
static void settle(question *q)
{
    waiter *w = q->more, *next;

    q->more = NULL;
    q->settled = 1;
    q->done(q->ctx, q->answer);
    for (; w; w = next) {
        next = w->next;
        w->done(w->ctx, q->answer);
        free(w);
    }
}

/* --- questions --- */

static void queue_add(queue *to, question *q)
{
    q->next = NULL;
    if (to->first) {
        to->last->next = q;
    }
    else {
        to->first = q;
    }
    to->last = q;
}

static void queue_add_first(queue *to, question *q)
{
    q->next = to->first;
    to->first = q;
    if (!q->next) {
        to->last = q;
    }
}

static question *queue_take(queue *from)
{
    question *q = from->first;

    if (q) {
        from->first = q->next;
    }
    return q;
}

/* Memory for a question, which lives as long as the run. */
static void *chunk_alloc(mtasts_dns_run *run, size_t size)
{
    chunk *c = run->chunks;
    void *p;

    size = (size + sizeof(void *) - 1) / sizeof(void *) * sizeof(void *);
    if (!c || CHUNK_SIZE - c->used < size) {
        c = malloc(sizeof(*c) + CHUNK_SIZE);
        if (!c) {
            return NULL;
        }
        c->next = run->chunks;
        c->used = 0;
        run->chunks = c;
    }
    p = c->data + c->used;
    c->used += size;
    return p;
}

/* FNV-1a */
static size_t hash_of(const char *name, int type)
{
    uint32_t h = 2166136261u ^ (uint32_t)type;

    for (; *name; name++) {
        h = (h ^ (unsigned char)*name) * 16777619u;
    }
    return h ^ h >> 15;
}

/* Doubles the table when it is full; without memory the lists get longer. */
static void hash_grow(mtasts_dns_run *run)
{
    size_t size = run->hash_size ? run->hash_size * 2 : 256, i;
    question **table, *q, *next;

    if (run->nquestions < run->hash_size) {
        return;
    }
    table = calloc(size, sizeof(*table));
    if (!table) {
        return;
    }
    for (i = 0; i < run->hash_size; i++) {
        for (q = run->hash[i]; q; q = next) {
            size_t slot_no = hash_of(q->name, q->type) & (size - 1);

            next = q->same_hash;
            q->same_hash = table[slot_no];
            table[slot_no] = q;
        }
    }
    free(run->hash);
    run->hash = table;
    run->hash_size = size;
}

/* Copies a name that can be asked in lower case without the final dot.  Other
 * characters than a host name's and "_" are not asked: c-ares' versions differ
 * in how they are escaped, and no mail goes there. */
static int name_parse(const char *in, char out[256])
{
    size_t i, label = 0;

    for (i = 0; in[i]; i++) {
        char c = in[i];

        if (i >= 254) {
            return 0;
        }
        if (c >= 'A' && c <= 'Z') {
            c += 'a' - 'A';
        }
        out[i] = c;
        if (c == '.') {
            if (!label) {
                return 0;
            }
            label = 0;
            continue;
        }
        if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && c != '-' &&
            c != '_') {
            return 0;
        }
        if (++label > 63) {
            return 0;
        }
    }
    if (i && !label) { /* the final dot */
        i--;
    }
    out[i] = '\0';
    return i > 0 && i <= 253;
}

/* The question as it was asked before, or a new one in todo; NULL without
 * memory. */
static question *question_get(mtasts_dns_run *run, const char *name, int type)
{
    size_t len = strlen(name), slot_no;
    question *q;

    hash_grow(run);
    if (!run->hash_size) {
        return NULL;
    }
    slot_no = hash_of(name, type) & (run->hash_size - 1);
    for (q = run->hash[slot_no]; q; q = q->same_hash) {
        if (q->type == type && !strcmp(q->name, name)) {
            return q;
        }
    }
    q = chunk_alloc(run, sizeof(*q) + len + 1);
    if (!q) {
        return NULL;
    }
    memset(q, 0, sizeof(*q));
    memcpy(q->name, name, len + 1);
    q->type = (uint8_t)type;
    q->same_hash = run->hash[slot_no];
    run->hash[slot_no] = q;
    run->nquestions++;
    return q;
}

void mtasts_dns_ask(mtasts_dns_run *run, const char *name, int type,
                    mtasts_dns_fn *done, void *ctx)
{
    static const mtasts_dns_answer no_name = {
        .status = MTASTS_DNS_TEMPFAIL, .failure = "not asked: no host name"};
    static const mtasts_dns_answer over = {.status = MTASTS_DNS_TEMPFAIL,
                                           .failure = "not asked: out of time"};
    char lower[256];
    question *q;
    waiter *w;

    if (!name_parse(name, lower)) {
        done(ctx, &no_name);
        return;
    }
    q = question_get(run, lower, type);
    if (q && q->settled) {
        done(ctx, q->answer);
    }
    else if (q && !q->done) {
        q->done = done;
        q->ctx = ctx;
        if (run->ended) {
            q->answer = &over;
            settle(q);
        }
        else {
            queue_add(&run->todo, q);
        }
    }
    else if (q && (w = malloc(sizeof(*w)))) {
        w->done = done;
        w->ctx = ctx;
        w->next = q->more;
        q->more = w;
    }
    else {
        done(ctx, &out_of_memory);
    }
}

/* --- channels --- */

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

/* NOCHECKRESP: else c-ares before 1.20 keeps a SERVFAIL's reply for itself.
 * IGNTC: see TCP above.  No EDNS: before 1.20 a server without it breaks the
 * questions next to it. */
static void channel_options(channel *ch, int tcp, struct ares_options *o,
                            int *mask)
{
    static char lookups[] = "b";

    memset(o, 0, sizeof(*o));
    o->flags = ARES_FLAG_NOSEARCH | ARES_FLAG_NOALIASES | ARES_FLAG_NOCHECKRESP;
    o->flags |= tcp ? ARES_FLAG_USEVC : ARES_FLAG_IGNTC;
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
#ifdef ARES_OPT_QUERY_CACHE
    o->qcache_max_ttl = 0;
    *mask |= ARES_OPT_QUERY_CACHE;
#endif
}

/* The server's channel, made when it is first needed; NULL if it can't. */
static ares_channel channel_get(server *sv, channel *ch, int tcp)
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

typedef void channel_fn(ares_channel ares);

static void each_channel(server *sv, channel_fn *fn)
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

/* --- which server --- */

/* Questions that waited for a server's fate are looked at again. */
static void wake(mtasts_dns_run *run)
{
    if (run->waiting.first) {
        run->waiting.last->next = run->todo.first;
        if (!run->todo.first) {
            run->todo.last = run->waiting.last;
        }
        run->todo.first = run->waiting.first;
        run->waiting.first = NULL;
    }
}

static void server_set(server *sv, server_state state)
{
    if (sv->state != state) {
        sv->state = state;
        wake(sv->run);
    }
}

static void server_heard(server *sv)
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
        server_heard(sv);
    }
    else {
        sv->refused = status == ARES_ECONNREFUSED;
        server_set(sv, DEAD);
    }
}

static void server_suspect(server *sv)
{
    ares_channel ares = channel_get(sv, &sv->udp[0], 0);

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

static unsigned count_alive(const mtasts_dns_run *run)
{
    unsigned i, n = 0;

    for (i = 0; i < run->nservers; i++) {
        n += run->servers[i].state == ALIVE;
    }
    return n;
}

/* The server to ask next, or NULL; *hope if one may yet turn out alive. */
static server *server_pick(mtasts_dns_run *run, const question *q, int *hope)
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

/* The servers' health as time goes by. */
static void servers_check(mtasts_dns_run *run)
{
    unsigned i;

    for (i = 0; i < run->nservers; i++) {
        server *sv = &run->servers[i];

        if (sv->state == ALIVE &&
            ((sv->open && run->tick - sv->quiet_since > SILENCE_MS) ||
             sv->failures >= FAILURES_MAX)) {
            server_suspect(sv);
        }
        if (sv->state == SUSPECT && run->tick - sv->probe_sent > PROBE_MS) {
            server_set(sv, DEAD);
        }
        if (sv->state == DEAD && sv->open && count_alive(run)) {
            each_channel(sv, ares_cancel); /* others get its questions */
        }
    }
}

/* --- sending and receiving --- */

/* "192.0.2.53, 192.0.2.54", of all servers. */
static void servers_text(const mtasts_dns_run *run, char *out, size_t size)
{
    size_t at = 0;
    unsigned i;

    out[0] = '\0';
    for (i = 0; i < run->nservers && at < size; i++) {
        at += (size_t)snprintf(out + at, size - at, "%s%s", i ? ", " : "",
                               run->servers[i].text);
    }
}

static double seconds(long long ms)
{
    return (double)(ms > 0 ? ms : 0) / 1000;
}

/* The question got no reply from the server. */
static void fail_unanswered(mtasts_dns_run *run, question *q, const server *sv,
                            int status, long long ms)
{
    switch (status) {
    case ARES_ECONNREFUSED:
        answer_fail(run, q, "connection refused by %s%s", sv->text,
                    q->tcp ? " over TCP, after a truncated reply" : "");
        break;
    case ARES_ETIMEOUT:
    case ARES_ECANCELLED:
        answer_fail(run, q, "no answer from %s%s within %.1f s", sv->text,
                    q->tcp ? " over TCP" : "", seconds(ms));
        break;
    case ARES_ESERVFAIL:
        answer_fail(run, q, "SERVFAIL from %s", sv->text);
        break;
    case ARES_EREFUSED:
        answer_fail(run, q, "REFUSED from %s", sv->text);
        break;
    default:
        answer_fail(run, q, "%s (%s)", ares_strerror(status), sv->text);
        break;
    }
}

/* Not to be asked, or not any more: no server is left that could answer. */
static void fail_unasked(mtasts_dns_run *run, question *q, const char *why)
{
    if (!q->answer || run->ended) {
        answer_fail(run, q, "%s", why);
    }
    settle(q);
}

/* Done with this server: the answer, or the next server. */
static void conclude(mtasts_dns_run *run, question *q, const server *sv)
{
    int hope;

    q->tried |= (uint16_t)(1u << (sv - run->servers));
    q->tcp = 0;
    if (q->answer->status == MTASTS_DNS_TEMPFAIL && !run->ended &&
        (server_pick(run, q, &hope) || hope)) {
        queue_add_first(&run->todo, q);
    }
    else {
        settle(q);
    }
}

static void take_reply(mtasts_dns_run *run, question *q, const server *sv,
                       const unsigned char *reply, size_t len)
{
    mtasts_dns_answer *a;

    if (!q->tcp && len > 2 && (reply[2] & 0x02)) { /* truncated */
        q->tcp = 1;
        queue_add_first(&run->todo, q);
        return;
    }
    a = mtasts_reply_read(reply, len, q->name, q->type);
    if (a && a->status == MTASTS_DNS_TEMPFAIL) {
        answer_fail(run, q, "%s from %s", a->failure, sv->text);
        free(a);
    }
    else {
        answer_keep(run, q, a);
    }
    conclude(run, q, sv);
}

static void on_reply(void *arg, int status, int timeouts, unsigned char *reply,
                     int len)
{
    slot *s = arg;
    question *q = s->question;
    server *sv = s->server;
    mtasts_dns_run *run = sv->run;
    long long waited = now_ms() - s->sent;

    (void)timeouts;
    s->next_free = run->free_slots;
    run->free_slots = s;
    run->open--;
    sv->open--;
    if (reply && len > 0) {
        server_heard(sv);
        take_reply(run, q, sv, reply, (size_t)len);
    }
    else {
        sv->failures++;
        sv->refused = status == ARES_ECONNREFUSED;
        fail_unanswered(run, q, sv, status, waited);
        conclude(run, q, sv);
    }
    /* At once, so that the server never idles; but c-ares reads as long as
     * there are replies, and clock and stop() wait meanwhile. */
    if (s->sent + waited - run->tick < TICK_MS) {
        send_questions(run);
    }
}

static void send_question(mtasts_dns_run *run, question *q, server *sv)
{
    slot *s = run->free_slots;
    channel *ch = q->tcp ? &sv->tcp : &sv->udp[s->channel];
    ares_channel ares = channel_get(sv, ch, q->tcp);

    if (!ares) {
        answer_keep(run, q, NULL);
        settle(q);
        return;
    }
    run->free_slots = s->next_free;
    s->question = q;
    s->server = sv;
    s->sent = now_ms();
    run->open++;
    if (!sv->open++) {
        sv->quiet_since = s->sent;
    }
    ares_query(ares, q->name, CLASS_IN, q->type, on_reply, s);
}

/* Fills the slots.  on_reply() may be called from within ares_query(). */
static void send_questions(mtasts_dns_run *run)
{
    question *q;
    server *sv;
    int hope;

    if (run->sending || run->ended) {
        return;
    }
    run->sending = 1;
    while (run->free_slots && run->todo.first && count_alive(run)) {
        q = queue_take(&run->todo);
        sv = server_pick(run, q, &hope);
        if (sv && sv->failures >= FAILURES_MAX) {
            queue_add_first(&run->todo, q);
            break;
        }
        if (sv) {
            send_question(run, q, sv);
        }
        else if (hope) {
            queue_add(&run->waiting, q);
        }
        else {
            fail_unasked(run, q, "no server to ask");
        }
    }
    run->sending = 0;
}

/* --- the run --- */

static void receive(mtasts_dns_run *run, int timeout)
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

/* 1 if there is nothing left to do but to give up: all servers are dead and
 * no reply can come any more. */
static int is_hopeless(const mtasts_dns_run *run)
{
    unsigned i;

    for (i = 0; i < run->nservers; i++) {
        if (run->servers[i].state != DEAD) {
            return 0;
        }
    }
    return !run->open && !run->probes;
}

/* What is said of questions that no server was asked any more, or none
 * answered. */
static void silence_text(const mtasts_dns_run *run, char *out, size_t size)
{
    char servers[REASON_MAX / 2];
    unsigned i, refused = 0;

    for (i = 0; i < run->nservers; i++) {
        refused += run->servers[i].refused;
    }
    servers_text(run, servers, sizeof(servers));
    if (refused == run->nservers) {
        snprintf(out, size, "connection refused by %s", servers);
    }
    else {
        snprintf(out, size, "no answer from %s within %.1f s", servers,
                 seconds(run->tick - run->start));
    }
}

/* 0 while the run goes on; else `why` is the failure of what is open. */
static int is_over(mtasts_dns_run *run, char *why, size_t size)
{
    if (run->options.stop && run->options.stop(run->options.stop_ctx)) {
        snprintf(why, size, "not asked: stopped");
        return 1;
    }
    if (!is_hopeless(run) && run->tick < run->deadline) {
        return 0;
    }
    if (run->heard && count_alive(run)) {
        snprintf(why, size, "not asked within %.1f s",
                 seconds(run->tick - run->start));
    }
    else {
        silence_text(run, why, size);
    }
    return 1;
}

/* What is in flight gets ARES_ECANCELLED, and so a failure of its own. */
static void give_up(mtasts_dns_run *run, const char *why)
{
    question *q;
    unsigned i;

    run->ended = 1;
    for (i = 0; i < run->nservers; i++) {
        each_channel(&run->servers[i], ares_cancel);
    }
    wake(run);
    while ((q = queue_take(&run->todo))) {
        fail_unasked(run, q, why);
    }
}

static void servers_begin(mtasts_dns_run *run)
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

void mtasts_dns_go(mtasts_dns_run *run)
{
    char why[REASON_MAX] = "";
    unsigned i;

    run->start = run->tick = now_ms();
    run->deadline = run->start + run->options.timeout_ms;
    if (run->todo.first) {
        servers_begin(run);
    }
    while ((run->todo.first || run->waiting.first || run->open) &&
           !is_over(run, why, sizeof(why))) {
        long long next = run->tick + TICK_MS;

        if (next > run->deadline) {
            next = run->deadline;
        }
        do {
            long long now;

            send_questions(run);
            now = now_ms();
            if (now >= next) {
                break;
            }
            receive(run, (int)(next - now));
        } while (run->todo.first || run->waiting.first || run->open);
        run->tick = now_ms();
        for (i = 0; i < run->nservers; i++) {
            each_channel(&run->servers[i], process_timeouts);
        }
        servers_check(run);
    }
    give_up(run, why);
}

/* --- new and free --- */

static int servers_from_options(mtasts_dns_run *run, const char **error)
{
    const char *s = run->options.servers;

    for (;;) {
        size_t len = strcspn(s, ",");

        if (run->nservers == SERVERS_MAX) {
            *error = "more than 16 DNS servers";
            return 0;
        }
        if (!server_parse(s, len, &run->servers[run->nservers])) {
            *error = "a DNS server is not an IP address with optional port";
            return 0;
        }
        run->nservers++;
        if (!s[len]) {
            return 1;
        }
        s += len + 1;
    }
}

/* As c-ares finds them in resolv.conf; 127.0.0.1 if there is none. */
static int servers_from_system(mtasts_dns_run *run, const char **error)
{
    struct ares_addr_port_node *list = NULL, *one;
    ares_channel ares;
    int rc = ares_init(&ares);

    if (rc == ARES_SUCCESS) {
        rc = ares_get_servers_ports(ares, &list);
        ares_destroy(ares);
    }
    if (rc != ARES_SUCCESS) {
        *error = ares_strerror(rc);
        return 0;
    }
    for (one = list; one && run->nservers < SERVERS_MAX; one = one->next) {
        char address[INET6_ADDRSTRLEN];

        if (inet_ntop(one->family, &one->addr, address, sizeof(address))) {
            server_name(&run->servers[run->nservers++], one->family, address,
                        one->udp_port ? (unsigned)one->udp_port : DNS_PORT);
        }
    }
    if (list) {
        ares_free_data(list);
    }
    *error = "the system has no DNS server";
    return run->nservers > 0;
}

static int slots_make(mtasts_dns_run *run)
{
    unsigned n = run->options.in_flight, channels, i;

    n = n ? n : CHANNEL_QUESTIONS;
    n = n > IN_FLIGHT_MAX ? IN_FLIGHT_MAX : n;
    channels = (n + CHANNEL_QUESTIONS - 1) / CHANNEL_QUESTIONS;
    run->slots = calloc(n, sizeof(*run->slots));
    if (!run->slots) {
        return 0;
    }
    for (i = n; i-- > 0;) {
        run->slots[i].channel = i % channels;
        run->slots[i].next_free = run->free_slots;
        run->free_slots = &run->slots[i];
    }
    return 1;
}

mtasts_dns_run *mtasts_dns_new(const mtasts_dns_options *options,
                               const char **error)
{
    mtasts_dns_run *run;
    unsigned i;
    int rc = ares_library_init(ARES_LIB_INIT_ALL);

    if (rc != ARES_SUCCESS) {
        *error = ares_strerror(rc);
        return NULL;
    }
    run = calloc(1, sizeof(*run));
    if (!run) {
        ares_library_cleanup();
        *error = out_of_memory.failure;
        return NULL;
    }
    run->options = *options;
    *error = out_of_memory.failure;
    if (!slots_make(run) ||
        !(options->servers ? servers_from_options(run, error)
                           : servers_from_system(run, error))) {
        mtasts_dns_free(run);
        return NULL;
    }
    run->options.servers = NULL; /* the caller's */
    for (i = 0; i < run->nservers; i++) {
        run->servers[i].run = run;
    }
    *error = NULL;
    return run;
}

void mtasts_dns_free(mtasts_dns_run *run)
{
    chunk *c, *next;
    question *q;
    waiter *w;
    size_t i;

    if (!run) {
        return;
    }
    run->ended = 1;
    for (i = 0; i < run->nservers; i++) {
        each_channel(&run->servers[i], ares_destroy);
    }
    for (i = 0; i < run->hash_size; i++) {
        for (q = run->hash[i]; q; q = q->same_hash) {
            answer_drop(q);
            while ((w = q->more)) {
                q->more = w->next;
                free(w);
            }
        }
    }
    for (i = 0; i < run->nshared; i++) {
        free((void *)run->shared[i]);
    }
    for (c = run->chunks; c; c = next) {
        next = c->next;
        free(c);
    }
    free(run->hash);
    free(run->slots);
    free(run->fds);
    free(run->ready);
    free(run->fd_channels);
    free(run->ready_channels);
    free(run);
    ares_library_cleanup();
}
