#ifndef MTASTS_NET_DNS_PRIVATE_H
#define MTASTS_NET_DNS_PRIVATE_H

/*
 * What the parts of the resolver know of each other: private to the dns*.c
 * files.  dns.c says how it works; everyone else includes dns.h.
 */

#include "dns.h"

#define CARES_NO_DEPRECATED
#include <ares.h>

#include <poll.h>

/* More in flight overflow the receive buffer of a channel's one socket. */
#define CHANNEL_QUESTIONS 256
#define IN_FLIGHT_MAX     4096
#define CHANNELS_MAX      (IN_FLIGHT_MAX / CHANNEL_QUESTIONS)
#define SERVERS_MAX       16

#define FAILURES_MAX      32 /* in a row: SUSPECT */

#define CLASS_IN          1

#define SERVER_TEXT       64 /* "[2001:db8::53]:5353" */
#define REASON_MAX        512
#define SHARED_MAX        32

/* There may be a million: kept small, and in chunks. */
typedef struct question {
    struct question *same_hash;
    struct question *next;           /* in a queue */
    const mtasts_dns_answer *answer; /* until it is settled, the last failure */
    mtasts_dns_fn *done;
    void *ctx;
    struct waiter *more; /* who asked the same */
    uint16_t tried;      /* servers, a bit each */
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
    int young;        /* counts for run->young */
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

struct mtasts_dns_run {
    mtasts_dns_options options;
    server servers[SERVERS_MAX];
    unsigned nservers;
    slot *slots, *free_slots;
    unsigned nslots;
    unsigned young, young_max; /* questions that wait for a usual time only */
    unsigned open, probes;     /* in flight */
    queue todo, waiting;       /* waiting: for a SUSPECT server's fate */
    question **hash;
    size_t hash_size, nquestions; /* size: power of two */
    struct chunk *chunks;
    const mtasts_dns_answer *shared[SHARED_MAX];
    size_t nshared;
    struct pollfd *fds, *ready;
    channel **fd_channels, **ready_channels;
    size_t nfds, fds_size;
    long long start, deadline, tick;
    int begun, sending, ended;
    int heard; /* any reply from any server */
    int stopped;
    char silence[REASON_MAX]; /* see mtasts_dns_silence() */
};

/* --- dns_address.c --- */

/* Fills run->servers, from the options or the system; or 0 and *error. */
int mtasts_dns_servers_read(mtasts_dns_run *run, const char **error);

/* --- dns_question.c --- */

/* Puts the question last. */
void mtasts_dns_queue_add(queue *to, question *q);

/* Puts the question first. */
void mtasts_dns_queue_add_first(queue *to, question *q);

/* Takes the first question out, or NULL. */
question *mtasts_dns_queue_take(queue *from);

/* Questions that waited for a server's fate are looked at again. */
void mtasts_dns_wake(mtasts_dns_run *run);

/* Takes `a`, which is the question's from now on; NULL: out of memory. */
void mtasts_dns_answer_keep(mtasts_dns_run *run, question *q,
                            mtasts_dns_answer *a);

/* The answer becomes TEMPFAIL with the text, added to an earlier failure's. */
void mtasts_dns_answer_fail(mtasts_dns_run *run, question *q, const char *fmt,
                            ...) __attribute__((format(printf, 3, 4)));

/* Tells everyone who asked.  They may ask again, and again the same. */
void mtasts_dns_settle(question *q);

/* Frees all questions and answers. */
void mtasts_dns_questions_free(mtasts_dns_run *run);

/* --- dns_server.c: channels and sockets --- */

/* The server's channel, made when it is first needed; NULL if it can't. */
ares_channel mtasts_dns_channel_get(server *sv, channel *ch, int tcp);

typedef void channel_fn(ares_channel ares);

/* Calls fn for each channel of the server that there is. */
void mtasts_dns_each_channel(server *sv, channel_fn *fn);

/* Waits for the sockets up to `timeout` ms, and has c-ares read and write. */
void mtasts_dns_receive(mtasts_dns_run *run, int timeout);

/* Has c-ares look for what it waited for long enough. */
void mtasts_dns_timeouts(mtasts_dns_run *run);

/* Closes all channels: what is in flight gets ARES_EDESTRUCTION. */
void mtasts_dns_channels_free(mtasts_dns_run *run);

/* --- dns_server.c: health, and which server --- */

/* The state of all servers before the first question. */
void mtasts_dns_servers_begin(mtasts_dns_run *run);

/* The servers' health as time goes by. */
void mtasts_dns_servers_check(mtasts_dns_run *run);

/* The server replied, whatever it said. */
void mtasts_dns_server_heard(server *sv);

/* How many servers are ALIVE. */
unsigned mtasts_dns_count_alive(const mtasts_dns_run *run);

/* The server to ask next, or NULL; *hope if one may yet turn out alive. */
server *mtasts_dns_server_pick(mtasts_dns_run *run, const question *q,
                               int *hope);

#endif
