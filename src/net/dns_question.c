/* The questions of a run and their answers: each once, however often asked. */

#include "dns_private.h"
#include "reply.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHUNK_SIZE 65536

typedef struct waiter {
    struct waiter *next;
    mtasts_dns_fn *done;
    void *ctx;
} waiter;

typedef struct chunk {
    struct chunk *next;
    size_t used;
    char data[];
} chunk;

static const mtasts_dns_answer out_of_memory = {.status = MTASTS_DNS_TEMPFAIL,
                                                .failure = "out of memory"};

/* --- queues --- */

void mtasts_dns_queue_add(queue *to, question *q)
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

void mtasts_dns_queue_add_first(queue *to, question *q)
{
    q->next = to->first;
    to->first = q;
    if (!q->next) {
        to->last = q;
    }
}

question *mtasts_dns_queue_take(queue *from)
{
    question *q = from->first;

    if (q) {
        from->first = q->next;
    }
    return q;
}

void mtasts_dns_wake(mtasts_dns_run *run)
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

/* --- answers --- */

static int is_plain(const mtasts_dns_answer *a)
{
    return !a->ncname && !a->ntxt && !a->nmx && !a->nns && !a->left_out;
}

static int is_same(const mtasts_dns_answer *a, const mtasts_dns_answer *b)
{
    size_t size = a->naddresses * sizeof(*a->addresses);

    return a->status == b->status && a->naddresses == b->naddresses &&
           (!size || !memcmp(a->addresses, b->addresses, size)) &&
           (a->status != MTASTS_DNS_TEMPFAIL ||
            !strcmp(a->failure, b->failure));
}

/* Most answers say "absent", the usual addresses or "no answer from S": one
 * of each is kept for the whole run.  The one like `a`, or NULL. */
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

void mtasts_dns_answer_keep(mtasts_dns_run *run, question *q,
                            mtasts_dns_answer *a)
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

void mtasts_dns_answer_fail(mtasts_dns_run *run, question *q, const char *fmt,
                            ...)
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
        mtasts_dns_answer_keep(run, q, mtasts_answer_tempfail(text));
    }
}

void mtasts_dns_settle(question *q)
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

/* --- all questions, by name and type --- */

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
            mtasts_dns_settle(q);
        }
        else {
            mtasts_dns_queue_add(&run->todo, q);
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

void mtasts_dns_questions_free(mtasts_dns_run *run)
{
    chunk *c, *next;
    question *q;
    waiter *w;
    size_t i;

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
}
