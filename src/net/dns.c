#include "dns_private.h"
#include "reply.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/*
 * Each server has its own c-ares channels, and a channel knows one server
 * only: c-ares up to 1.18 asks a dead first server before the second one for
 * every single question.  Choosing a server and trying the next is done in
 * dns_server.c.
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

#define TICK_MS  50  /* between looks at the clock and at stop() */
#define YOUNG_MS 500 /* live zones answer within that */

static void send_questions(mtasts_dns_run *run);

static long long now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (long long)t.tv_sec * 1000 + t.tv_nsec / 1000000;
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
        mtasts_dns_answer_fail(run, q, "connection refused by %s%s", sv->text,
                               q->tcp ? " over TCP, after a truncated reply"
                                      : "");
        break;
    case ARES_ETIMEOUT:
    case ARES_ECANCELLED:
        mtasts_dns_answer_fail(run, q, "no answer from %s%s within %.1f s",
                               sv->text, q->tcp ? " over TCP" : "",
                               seconds(ms));
        break;
    case ARES_ESERVFAIL:
        mtasts_dns_answer_fail(run, q, "SERVFAIL from %s", sv->text);
        break;
    case ARES_EREFUSED:
        mtasts_dns_answer_fail(run, q, "REFUSED from %s", sv->text);
        break;
    default:
        mtasts_dns_answer_fail(run, q, "%s (%s)", ares_strerror(status),
                               sv->text);
        break;
    }
}

/* Not to be asked, or not any more: no server is left that could answer. */
static void fail_unasked(mtasts_dns_run *run, question *q, const char *why)
{
    if (!q->answer || run->ended) {
        mtasts_dns_answer_fail(run, q, "%s", why);
    }
    mtasts_dns_settle(q);
}

/* Done with this server: the answer, or the next server. */
static void conclude(mtasts_dns_run *run, question *q, const server *sv)
{
    int hope;

    q->tried |= (uint16_t)(1u << (sv - run->servers));
    q->tcp = 0;
    if (q->answer->status == MTASTS_DNS_TEMPFAIL && !run->ended &&
        (mtasts_dns_server_pick(run, q, &hope) || hope)) {
        mtasts_dns_queue_add_first(&run->todo, q);
    }
    else {
        mtasts_dns_settle(q);
    }
}

static void take_reply(mtasts_dns_run *run, question *q, const server *sv,
                       const unsigned char *reply, size_t len)
{
    mtasts_dns_answer *a;

    if (!q->tcp && len > 2 && (reply[2] & 0x02)) { /* truncated */
        q->tcp = 1;
        mtasts_dns_queue_add_first(&run->todo, q);
        return;
    }
    a = mtasts_reply_read(reply, len, q->name, q->type);
    if (a && a->status == MTASTS_DNS_TEMPFAIL) {
        mtasts_dns_answer_fail(run, q, "%s from %s", a->failure, sv->text);
        free(a);
    }
    else if (a && run->options.authority && !(reply[2] & 0x04)) { /* AA */
        mtasts_dns_answer_fail(run, q,
                               "%s is no authority for it: its answer, without "
                               "the AA bit, may be an old one",
                               sv->text);
        free(a);
    }
    else {
        mtasts_dns_answer_keep(run, q, a);
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
    run->young -= (unsigned)s->young;
    s->young = 0;
    run->open--;
    sv->open--;
    if (reply && len > 0) {
        mtasts_dns_server_heard(sv);
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
    ares_channel ares = mtasts_dns_channel_get(sv, ch, q->tcp);

    if (!ares) {
        mtasts_dns_answer_keep(run, q, NULL);
        mtasts_dns_settle(q);
        return;
    }
    run->free_slots = s->next_free;
    s->question = q;
    s->server = sv;
    s->sent = now_ms();
    s->young = 1;
    run->young++;
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
    while (run->free_slots && run->young < run->young_max && run->todo.first &&
           mtasts_dns_count_alive(run)) {
        q = mtasts_dns_queue_take(&run->todo);
        sv = mtasts_dns_server_pick(run, q, &hope);
        if (sv && sv->failures >= FAILURES_MAX) {
            mtasts_dns_queue_add_first(&run->todo, q);
            break;
        }
        if (sv) {
            send_question(run, q, sv);
        }
        else if (hope) {
            mtasts_dns_queue_add(&run->waiting, q);
        }
        else {
            fail_unasked(run, q, "no server to ask");
        }
    }
    run->sending = 0;
}

/* --- the run --- */

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

/* 1 if it is that all refuse. */
static int silence_text(const mtasts_dns_run *run, char *out, size_t size)
{
    char servers[REASON_MAX / 2];
    unsigned i, refused = 0;

    for (i = 0; i < run->nservers; i++) {
        refused += run->servers[i].refused != 0;
    }
    servers_text(run, servers, sizeof(servers));
    snprintf(out, size, "%s %s",
             refused == run->nservers ? "connection refused by"
                                      : "no answer from",
             servers);
    return refused == run->nservers;
}

/* 0 while the run goes on; else `why` is the failure of what is open. */
static int is_over(mtasts_dns_run *run, char *why, size_t size)
{
    if (run->options.stop && run->options.stop(run->options.stop_ctx)) {
        snprintf(why, size, "not asked: stopped");
        run->stopped = 1;
        return 1;
    }
    if (!is_hopeless(run) && run->tick < run->deadline) {
        return 0;
    }
    if (run->heard && mtasts_dns_count_alive(run)) {
        snprintf(why, size, "not asked within %.1f s",
                 seconds(run->tick - run->start));
    }
    /* Said of questions that nobody was asked any more, or nobody answered. */
    else if (!silence_text(run, why, size)) {
        snprintf(why + strlen(why), size - strlen(why), " within %.1f s",
                 seconds(run->tick - run->start));
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
        mtasts_dns_each_channel(&run->servers[i], ares_cancel);
    }
    mtasts_dns_wake(run);
    while ((q = mtasts_dns_queue_take(&run->todo))) {
        fail_unasked(run, q, why);
    }
}

/* A question that waits for longer than a live zone needs doesn't count for
 * in_flight any more: some silent zones must not hold up all others. */
static void slots_age(mtasts_dns_run *run)
{
    size_t i;

    for (i = 0; i < run->nslots; i++) {
        slot *s = &run->slots[i];

        if (s->young && run->tick - s->sent > YOUNG_MS) {
            s->young = 0;
            run->young--;
        }
    }
}

static void begin(mtasts_dns_run *run)
{
    run->tick = now_ms();
    if (!run->begun && run->todo.first) {
        run->begun = 1;
        mtasts_dns_servers_begin(run);
    }
}

/* What is to be done as time goes by. */
static void tick(mtasts_dns_run *run)
{
    run->tick = now_ms();
    mtasts_dns_timeouts(run);
    mtasts_dns_servers_check(run);
    slots_age(run);
}

static void end(mtasts_dns_run *run, const char *why)
{
    if (run->nquestions && !run->heard && !run->stopped) {
        silence_text(run, run->silence, sizeof(run->silence));
    }
    give_up(run, why);
}

unsigned mtasts_dns_left(const mtasts_dns_run *run)
{
    long long left = run->deadline - now_ms();

    return left > 0 ? (unsigned)left : 0;
}

int mtasts_dns_idle(const mtasts_dns_run *run)
{
    return !run->todo.first && !run->waiting.first && !run->open;
}

void mtasts_dns_go(mtasts_dns_run *run)
{
    char why[REASON_MAX] = "";

    begin(run);
    while (!mtasts_dns_idle(run) && !is_over(run, why, sizeof(why))) {
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
            mtasts_dns_receive(run, (int)(next - now));
        } while (!mtasts_dns_idle(run));
        tick(run);
    }
    end(run, why);
}

/* --- several runs --- */

/* Waits for the sockets of all up to `timeout` ms, and has c-ares read and write.
 * Without memory for that it waits a little. */
static void receive_all(mtasts_dns_run *const *runs, size_t n, int timeout)
{
    size_t total = 0, at = 0, i, k;
    struct pollfd *fds;

    for (i = 0; i < n; i++) {
        total += runs[i]->nfds;
    }
    fds = malloc((total ? total : 1) * sizeof(*fds));
    for (i = 0; fds && i < n; i++) {
        for (k = 0; k < runs[i]->nfds; k++) {
            fds[at++] = runs[i]->fds[k];
        }
    }
    poll(fds, (nfds_t)at, fds || timeout < 1 ? timeout : 1);
    at = 0;
    for (i = 0; i < n; i++) {
        int some = !fds;

        for (k = 0; fds && k < runs[i]->nfds; k++) {
            some |= fds[at++].revents;
        }
        if (some) {
            mtasts_dns_receive(runs[i], 0);
        }
    }
    free(fds);
}

void mtasts_dns_turn(mtasts_dns_run *const *runs, size_t n)
{
    long long now = now_ms(), next = now + TICK_MS;
    char why[REASON_MAX];
    size_t i;

    for (i = 0; i < n; i++) {
        mtasts_dns_run *run = runs[i];

        if (!run->begun) {
            begin(run);
        }
        send_questions(run);
        next = run->tick + TICK_MS < next ? run->tick + TICK_MS : next;
        next = run->deadline < next ? run->deadline : next;
    }
    receive_all(runs, n, next > now ? (int)(next - now) : 0);
    now = now_ms();
    for (i = 0; i < n; i++) {
        if (now - runs[i]->tick < TICK_MS && now < runs[i]->deadline) {
            continue;
        }
        tick(runs[i]);
        if (!runs[i]->ended && is_over(runs[i], why, sizeof(why))) {
            end(runs[i], why);
        }
    }
}

const char *mtasts_dns_silence(const mtasts_dns_run *run)
{
    return *run->silence ? run->silence : NULL;
}

/* --- new and free --- */

static int slots_make(mtasts_dns_run *run)
{
    unsigned n = run->options.in_flight, i;

    run->young_max = n == 0              ? CHANNEL_QUESTIONS
                     : n > IN_FLIGHT_MAX ? IN_FLIGHT_MAX
                                         : n;
    /* One of a zone's servers gets no more than a channel's. */
    run->nslots = run->options.authority ? CHANNEL_QUESTIONS : IN_FLIGHT_MAX;
    run->slots = calloc(run->nslots, sizeof(*run->slots));
    if (!run->slots) {
        return 0;
    }
    /* The first ones, and so the first channels, are used the most. */
    for (i = run->nslots; i-- > 0;) {
        run->slots[i].channel = i / CHANNEL_QUESTIONS;
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
        *error = "out of memory";
        return NULL;
    }
    run->options = *options;
    /* Asking a million questions takes its time, too. */
    run->start = now_ms();
    run->deadline = run->start + options->timeout_ms;
    *error = "out of memory";
    if (!slots_make(run) || !mtasts_dns_servers_read(run, error)) {
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
    if (!run) {
        return;
    }
    run->ended = 1;
    mtasts_dns_channels_free(run);
    mtasts_dns_questions_free(run);
    free(run->slots);
    free(run);
    ares_library_cleanup();
}
