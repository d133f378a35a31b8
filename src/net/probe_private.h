#ifndef MTASTS_NET_PROBE_PRIVATE_H
#define MTASTS_NET_PROBE_PRIVATE_H

/*
 * What the parts of a run of connections know of each other: private to
 * probe*.c, smtp.c and https.c.  probe.c says how it works; everyone else
 * includes probe.h.
 */

#include "probe.h"

#include "../core/http_response.h"
#include "../core/smtp_reply.h"

#include <netinet/in.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <stdint.h>

#define IN_SIZE  1024 /* at least a line of SMTP */
#define OUT_SIZE 640  /* the longest that is sent at once: GET with Host */

/* There may be a million: kept small until it runs. */
typedef struct job {
    struct job *next; /* to the same target */
    const char *host;
    mtasts_mx_fn *mx; /* one of the two */
    mtasts_fetch_fn *fetch;
    void *ctx;
    uint16_t port;
} job;

typedef struct {
    job *first, *last;
} job_queue;

typedef struct target {
    struct target *same_hash;
    struct target *next; /* in run->ready */
    job_queue jobs;
    unsigned open; /* connections */
    int is_ready;  /* in run->ready */
    int family;    /* 0: what was given is no target */
    unsigned char bytes[sizeof(struct in6_addr)];
} target;

/* What a connection waits for. */
typedef enum {
    CONNECTING,
    GREETING, /* the answer to nothing */
    EHLO,     /* the answer to it, and so on */
    STARTTLS,
    HANDSHAKE,
    EHLO_TLS,
    QUIT,
    RESPONSE,
    CONNECTING_12, /* a second time, with TLS 1.2 at most */
    HANDSHAKE_12,
    ENDED
} phase;

typedef struct connection {
    mtasts_probe_run *run;
    target *to;
    job *job;
    phase phase;
    int known; /* the result: what is still done doesn't change it */
    long long start, deadline;
    /* the socket: probe_io.c */
    int fd;
    short events;  /* what it waits for, for poll() */
    int eof;       /* the other side has closed */
    int error;     /* errno of what failed */
    size_t budget; /* bytes that may be read in this turn, */
    size_t total;  /* and that were read at all */
    SSL *ssl;
    int too_much;                   /* its certificates */
    mtasts_probe_result tls_result; /* of a handshake that failed */
    char said[MTASTS_WHY_SIZE];     /* why, after IO_FAILED */
    char in[IN_SIZE], out[OUT_SIZE];
    size_t in_at, in_len, out_at, out_len;
    /* the protocol: smtp.c, https.c */
    mtasts_smtp_reply reply;
    mtasts_http_response *response;
    mtasts_fetch facts; /* an MX host has facts.probe only */
} connection;

struct mtasts_probe_run {
    mtasts_probe_options options;
    char helo[MTASTS_NAME_SIZE];
    SSL_CTX *tls;
    BIO_METHOD *bio;
    target **hash;
    size_t hash_size, naddresses; /* size: power of two */
    uint64_t seed;
    struct {
        target *first, *last;
    } ready; /* have a job, and room for a connection */
    connection **open;
    struct pollfd *fds; /* of the same order */
    size_t nopen, most;
    int starved; /* no file descriptor is free until one is closed */
    int stopped;
    long long start, deadline, asked;
};

long long mtasts_probe_now(void);

/* --- probe_queue.c: jobs and addresses --- */

/* Appends the job to its address.  0 if there is no memory. */
int mtasts_queue_add(mtasts_probe_run *run, const char *address, job *j);

/* The next job and its address, one connection of which is open from now on;
 * NULL if there is none that may begin. */
job *mtasts_queue_take(mtasts_probe_run *run, target **to);

/* It has no connection any more. */
void mtasts_queue_closed(mtasts_probe_run *run, target *to);

/* The job hasn't begun: it is the first of its address again. */
void mtasts_queue_put_back(mtasts_probe_run *run, target *to, job *j);

void mtasts_queue_free(mtasts_probe_run *run);

/* --- probe.c --- */

/* The result is known from now on.  The text is in `why`; what came from the
 * network must be escaped. */
void mtasts_probe_conclude(connection *c, mtasts_probe_result result,
                           const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* --- probe_io.c: one connection's socket, TLS in it or not --- */

typedef enum {
    IO_DONE,
    IO_WAIT,  /* for c->events */
    IO_END,   /* the other side has closed */
    IO_FAILED /* c->said */
} io_state;

/* Connects to the job's address; IO_FAILED with c->error. */
io_state mtasts_io_open(connection *c);

/* After IO_WAIT of that: is it up? */
io_state mtasts_io_connected(connection *c);

/* The connection is between two addresses of this machine. */
int mtasts_io_is_local(const connection *c);

/* What is to be sent next. */
void mtasts_io_put(connection *c, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* Sends it. */
io_state mtasts_io_flush(connection *c);

/* Reads into c->in, which must be used up. */
io_state mtasts_io_read(connection *c);

/* From the socket, as far as the turn's budget goes: a number of bytes; 0 at
 * the end, -1 if there is nothing now, -2 if it failed: c->error. */
int mtasts_io_receive(connection *c, char *buf, size_t size);

/* To the socket: a number of bytes, -1 or -2. */
int mtasts_io_send(connection *c, const char *buf, size_t len);

void mtasts_io_close(connection *c);

/* --- probe_tls.c --- */

/* The run's SSL_CTX and BIO_METHOD; 0 and *error. */
int mtasts_tls_begin(mtasts_probe_run *run, const char **error);
void mtasts_tls_end(mtasts_probe_run *run);

/* Goes on with the handshake; facts of it when it is done.  IO_FAILED and
 * IO_END with c->tls_result and c->said. */
io_state mtasts_tls_handshake(connection *c);

/* What SSL_read() and so on returned. */
io_state mtasts_tls_outcome(connection *c, int rc);

/* --- smtp.c, https.c --- */

/* Goes on as far as it gets without waiting; ENDED when it is done. */
void mtasts_smtp_go(connection *c);
void mtasts_https_go(connection *c);

/* The deadline has passed: concludes, or goes on without what it waits for. */
void mtasts_smtp_late(connection *c);
void mtasts_https_late(connection *c);

#endif
