#ifndef MTASTS_NET_PROBE_H
#define MTASTS_NET_PROBE_H

/*
 * Many connections at once: STARTTLS at MX hosts, and the policy as senders
 * fetch it, by OpenSSL on non-blocking sockets.  One run: make it, add, go,
 * free it.  A run belongs to one thread, must be made after any fork, and keeps
 * nothing for the next one.  Never in a process that is root; SIGPIPE must be
 * ignored there.  All that is read is hostile: bounded in size and time, and
 * escaped in the facts.
 */

#include "cert.h"

typedef struct {
    unsigned timeout_ms;       /* for the whole run, from mtasts_probe_new() */
    unsigned connect_ms;       /* for one TCP connection to come up */
    unsigned mx_ms;            /* for one MX probe in all */
    unsigned fetch_ms;         /* for one fetch: 4000 */
    unsigned connections;      /* at once; never more than 2 to one address */
    const char *helo;          /* this machine's name, for EHLO */
    const mtasts_roots *roots; /* must outlive the run */
    int64_t now;               /* the date certificates are judged by */
    /* Asked at least every 100 ms: returns non-zero to end the run.  May be
     * NULL. */
    int (*stop)(void *ctx);
    void *stop_ctx;
} mtasts_probe_options;

typedef struct mtasts_probe_run mtasts_probe_run;

/* Each is called once for each job, from within mtasts_probe_go().  The facts
 * live during the call only. */
typedef void mtasts_mx_fn(void *ctx, const mtasts_probe *probe);
typedef void mtasts_fetch_fn(void *ctx, const mtasts_fetch *fetch);

/* NULL if there is no memory or OpenSSL can't be set up; then *error (of the
 * library, static) says why. */
mtasts_probe_run *mtasts_probe_new(const mtasts_probe_options *options,
                                   const char **error);

/* Adds a job: the host by which the certificate is judged, and a numeric
 * address.  `host` must outlive the run.  0 if there is no memory. */
int mtasts_probe_mx(mtasts_probe_run *run, const char *host,
                    const char *address, unsigned port, mtasts_mx_fn *done,
                    void *ctx);
int mtasts_probe_fetch(mtasts_probe_run *run, const char *host,
                       const char *address, unsigned port,
                       mtasts_fetch_fn *done, void *ctx);

/* Works until every job is done, the time is up or stop() says so; what is then
 * open gets MTASTS_PROBE_UNKNOWN with time_up.  Every callback has been called
 * when this returns. */
void mtasts_probe_go(mtasts_probe_run *run);

void mtasts_probe_free(mtasts_probe_run *run);

#endif
