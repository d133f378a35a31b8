#include "probe_private.h"

#include "../core/text.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/rand.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

/*
 * A job waits in its address's queue until it may run; then it has a
 * connection.  One loop waits for all sockets.  A socket that is ready makes its
 * connection go on (smtp.c, https.c) until that waits again, has read a turn's
 * worth, or is done; so nobody can keep the loop from the others.
 *
 * Memory: a job has some 60 bytes, an address some 100, a connection 5 kB and
 * what OpenSSL needs.  See probe_tls.c for what bounds that.
 */

#define TICK_MS         50 /* between looks at stop() and the run's deadline */
#define AT_ONCE_DEFAULT 64
#define AT_ONCE_MAX     1024
#define FDS_LEFT        64 /* for everyone else in the process */

/* What a connection may read before others have their turn. */
#define TURN_BYTES 65536

long long mtasts_probe_now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (long long)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* --- results --- */

void mtasts_probe_conclude(connection *c, mtasts_probe_result result,
                           const char *fmt, ...)
{
    mtasts_probe *p = &c->facts.probe;
    va_list args;

    p->result = result;
    p->ms = (unsigned)(mtasts_probe_now() - c->start);
    va_start(args, fmt);
    vsnprintf(p->why, sizeof(p->why), fmt, args);
    va_end(args);
    c->known = 1;
}

static void facts_begin(mtasts_fetch *facts, const job *j, const target *to)
{
    mtasts_probe *p = &facts->probe;

    mtasts_escape(p->host, sizeof(p->host), j->host);
    if (to->family) {
        inet_ntop(to->family, to->bytes, p->address, sizeof(p->address));
    }
    p->port = j->port;
    facts->tls12 = facts->tls13 = -1;
}

static void tell(job *j, const mtasts_fetch *facts)
{
    if (j->mx) {
        j->mx(j->ctx, &facts->probe);
    }
    else {
        j->fetch(j->ctx, facts);
    }
    free(j);
}

/* A job that gets no connection. */
static void tell_unknown(job *j, const target *to, int time_up, const char *why)
{
    mtasts_fetch facts;

    memset(&facts, 0, sizeof(facts));
    facts_begin(&facts, j, to);
    facts.probe.time_up = time_up;
    snprintf(facts.probe.why, sizeof(facts.probe.why), "%s", why);
    tell(j, &facts);
}

/* --- connections --- */

static void go_on(connection *c)
{
    c->budget = TURN_BYTES;
    if (c->job->mx) {
        mtasts_smtp_go(c);
    }
    else {
        mtasts_https_go(c);
    }
}

static void be_late(connection *c)
{
    c->budget = TURN_BYTES;
    if (c->job->mx) {
        mtasts_smtp_late(c);
    }
    else {
        mtasts_https_late(c);
    }
}

/* The i-th connection is done: the last one takes its place. */
static void finish(mtasts_probe_run *run, size_t i)
{
    connection *c = run->open[i];

    mtasts_io_close(c);
    run->nopen--;
    run->open[i] = run->open[run->nopen];
    run->fds[i] = run->fds[run->nopen];
    run->starved = 0;
    mtasts_queue_closed(run, c->to);
    tell(c->job, &c->facts);
    if (c->response) {
        free(c->response->body);
        free(c->response);
    }
    free(c);
}

static int is_fd_shortage(int error)
{
    return error == EMFILE || error == ENFILE || error == ENOBUFS ||
           error == ENOMEM;
}

static connection *connection_new(mtasts_probe_run *run, target *to, job *j)
{
    connection *c = calloc(1, sizeof(*c));
    long long in_all = j->mx ? run->options.mx_ms : run->options.fetch_ms;
    long long up = run->options.connect_ms;

    if (c) {
        c->run = run;
        c->to = to;
        c->job = j;
        c->fd = -1;
        c->start = mtasts_probe_now();
        c->deadline = c->start + (up < in_all ? up : in_all);
        facts_begin(&c->facts, j, to);
    }
    return c;
}

/* Begins with the job.  0 if it has to wait until a connection is closed. */
static int job_begin(mtasts_probe_run *run, target *to, job *j)
{
    connection *c = to->family ? connection_new(run, to, j) : NULL;
    size_t i = run->nopen;

    if (!c) {
        mtasts_queue_closed(run, to);
        tell_unknown(j, to, 0, to->family ? "out of memory" : "no IP address");
        return 1;
    }
    go_on(c);
    if (c->fd < 0 && run->nopen && is_fd_shortage(c->error)) {
        mtasts_io_close(c);
        free(c);
        mtasts_queue_put_back(run, to, j);
        return 0;
    }
    run->open[i] = c;
    run->fds[i].fd = c->fd;
    run->fds[i].events = c->events;
    run->fds[i].revents = 0;
    run->nopen++;
    if (c->phase == ENDED) {
        finish(run, i);
    }
    return 1;
}

/* --- the loop --- */

/* Looks at most every TICK_MS. */
static int is_over(mtasts_probe_run *run)
{
    long long now = mtasts_probe_now();

    if (now >= run->deadline || run->stopped) {
        return 1;
    }
    if (now - run->asked >= TICK_MS && run->options.stop) {
        run->asked = now;
        run->stopped = run->options.stop(run->options.stop_ctx) != 0;
    }
    return run->stopped;
}

static int may_begin(const mtasts_probe_run *run)
{
    return run->ready.first && run->nopen < run->most && !run->starved;
}

/* Not all at once: many may fail on the spot while others wait for their
 * turn. */
static void begin_jobs(mtasts_probe_run *run)
{
    long long until = mtasts_probe_now() + TICK_MS;
    target *to;

    while (may_begin(run) && !is_over(run) && mtasts_probe_now() < until) {
        job *j = mtasts_queue_take(run, &to);

        run->starved = !job_begin(run, to, j);
    }
}

/* How long poll() may take. */
static int patience(const mtasts_probe_run *run)
{
    long long now = mtasts_probe_now(), next = now + TICK_MS;
    size_t i;

    if (may_begin(run)) {
        return 0;
    }
    for (i = 0; i < run->nopen; i++) {
        if (run->open[i]->deadline < next) {
            next = run->open[i]->deadline;
        }
    }
    if (run->deadline < next) {
        next = run->deadline;
    }
    return next > now ? (int)(next - now) : 0;
}

/* From the last to the first: a connection that is done is replaced by the last
 * one. */
static void receive(mtasts_probe_run *run)
{
    size_t i;

    if (poll(run->fds, (nfds_t)run->nopen, patience(run)) < 0) {
        for (i = 0; i < run->nopen; i++) {
            run->fds[i].revents = 0;
        }
    }
    for (i = run->nopen; i-- > 0 && !is_over(run);) {
        connection *c = run->open[i];

        if (run->fds[i].revents) {
            go_on(c);
        }
        if (c->phase != ENDED && mtasts_probe_now() >= c->deadline) {
            be_late(c);
        }
        run->fds[i].fd = c->fd;
        run->fds[i].events = c->events;
        if (c->phase == ENDED) {
            finish(run, i);
        }
    }
}

static void give_up(mtasts_probe_run *run)
{
    double s = (double)(run->deadline - run->start) / 1000;
    char why[80];
    target *to;
    job *j;

    while (run->nopen) {
        connection *c = run->open[run->nopen - 1];

        if (!c->known) {
            c->facts.probe.time_up = 1;
            mtasts_probe_conclude(c, MTASTS_PROBE_UNKNOWN,
                                  run->stopped ? "stopped before it was done"
                                               : "not done within the %.1f s "
                                                 "that all checks have",
                                  s);
        }
        finish(run, run->nopen - 1);
    }
    snprintf(why, sizeof(why),
             run->stopped ? "not tried: stopped" : "not tried within %.1f s",
             s);
    while ((j = mtasts_queue_take(run, &to))) {
        mtasts_queue_closed(run, to);
        tell_unknown(j, to, 1, why);
    }
}

void mtasts_probe_go(mtasts_probe_run *run)
{
    while ((run->ready.first || run->nopen) && !is_over(run)) {
        begin_jobs(run);
        if (run->nopen) {
            receive(run);
        }
    }
    give_up(run);
}

/* --- new, add, free --- */

/* How many descriptors the process has: a new one has the lowest free number. */
static size_t fds_in_use(void)
{
    int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

    if (fd >= 0) {
        close(fd);
    }
    return fd >= 0 ? (size_t)fd : 0;
}

static size_t at_once(unsigned wanted)
{
    size_t n = wanted == 0            ? AT_ONCE_DEFAULT
               : wanted > AT_ONCE_MAX ? AT_ONCE_MAX
                                      : wanted;
    size_t others = fds_in_use() + FDS_LEFT;
    struct rlimit limit;

    if (!getrlimit(RLIMIT_NOFILE, &limit) && limit.rlim_cur < n + others) {
        n = limit.rlim_cur > others ? (size_t)limit.rlim_cur - others : 1;
    }
    return n;
}

mtasts_probe_run *mtasts_probe_new(const mtasts_probe_options *options,
                                   const char **error)
{
    mtasts_probe_run *run = calloc(1, sizeof(*run));

    *error = "out of memory";
    if (!run) {
        return NULL;
    }
    run->options = *options;
    snprintf(run->helo, sizeof(run->helo), "%s",
             options->helo ? options->helo : "localhost");
    run->options.helo = NULL; /* the caller's */
    run->start = mtasts_probe_now();
    run->deadline = run->start + options->timeout_ms;
    run->asked = run->start - TICK_MS;
    run->most = at_once(options->connections);
    run->open = calloc(run->most, sizeof(connection *));
    run->fds = calloc(run->most, sizeof(*run->fds));
    if (!run->open || !run->fds || !mtasts_tls_begin(run, error)) {
        mtasts_probe_free(run);
        return NULL;
    }
    /* A run that can't have a secret is none the worse but for speed. */
    if (RAND_bytes((unsigned char *)&run->seed, sizeof(run->seed)) != 1) {
        run->seed = (uint64_t)run->start;
    }
    *error = NULL;
    return run;
}

static int add(mtasts_probe_run *run, const char *address, job wanted)
{
    job *j = malloc(sizeof(*j));

    if (!j) {
        return 0;
    }
    *j = wanted;
    if (!mtasts_queue_add(run, address, j)) {
        free(j);
        return 0;
    }
    return 1;
}

int mtasts_probe_mx(mtasts_probe_run *run, const char *host,
                    const char *address, unsigned port, mtasts_mx_fn *done,
                    void *ctx)
{
    return add(run, address,
               (job){NULL, host, done, NULL, ctx, (uint16_t)port});
}

int mtasts_probe_fetch(mtasts_probe_run *run, const char *host,
                       const char *address, unsigned port,
                       mtasts_fetch_fn *done, void *ctx)
{
    return add(run, address,
               (job){NULL, host, NULL, done, ctx, (uint16_t)port});
}

void mtasts_probe_free(mtasts_probe_run *run)
{
    if (!run) {
        return;
    }
    mtasts_queue_free(run);
    mtasts_tls_end(run);
    free(run->open);
    free(run->fds);
    free(run);
}
