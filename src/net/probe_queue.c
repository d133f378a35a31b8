/* The jobs of a run, by address: those of one address wait for each other, and
 * addresses take turns.  Nothing here gets slower with their number. */

#include "probe_private.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define TO_ONE_ADDRESS 2
#define HASH_SIZE_MIN  64

/* FNV-1a from a secret start: whoever owns many addresses doesn't choose those
 * that collide. */
static size_t hash_of(const mtasts_probe_run *run, const target *a)
{
    uint64_t h = run->seed ^ (uint64_t)a->family;
    size_t i;

    for (i = 0; i < sizeof(a->bytes); i++) {
        h = (h ^ a->bytes[i]) * 0x100000001b3U;
    }
    return (size_t)(h ^ h >> 32) & (run->hash_size - 1);
}

static int hash_grow(mtasts_probe_run *run)
{
    size_t size = run->hash_size ? run->hash_size * 2 : HASH_SIZE_MIN, i;
    target **old = run->hash, **hash = calloc(size, sizeof(target *));
    size_t old_size = run->hash_size;

    if (!hash) {
        return 0;
    }
    run->hash = hash;
    run->hash_size = size;
    for (i = 0; i < old_size; i++) {
        target *a, *next;

        for (a = old[i]; a; a = next) {
            size_t at = hash_of(run, a);

            next = a->same_hash;
            a->same_hash = hash[at];
            hash[at] = a;
        }
    }
    free(old);
    return 1;
}

static void parse(const char *text, target *a)
{
    memset(a, 0, sizeof(*a));
    if (inet_pton(AF_INET, text, a->bytes) == 1) {
        a->family = AF_INET;
    }
    else if (inet_pton(AF_INET6, text, a->bytes) == 1) {
        a->family = AF_INET6;
    }
}

/* The one address with these bytes, made when it is first named; or NULL. */
static target *find(mtasts_probe_run *run, const char *text)
{
    target wanted, *a;
    size_t at;

    if (run->naddresses == run->hash_size && !hash_grow(run)) {
        return NULL;
    }
    parse(text, &wanted);
    at = hash_of(run, &wanted);
    for (a = run->hash[at]; a; a = a->same_hash) {
        if (a->family == wanted.family &&
            !memcmp(a->bytes, wanted.bytes, sizeof(a->bytes))) {
            return a;
        }
    }
    a = malloc(sizeof(*a));
    if (a) {
        *a = wanted;
        a->same_hash = run->hash[at];
        run->hash[at] = a;
        run->naddresses++;
    }
    return a;
}

/* Puts the address among those that are ready, if it is. */
static void wake(mtasts_probe_run *run, target *a)
{
    if (a->is_ready || !a->jobs.first || a->open >= TO_ONE_ADDRESS) {
        return;
    }
    a->is_ready = 1;
    a->next = NULL;
    if (run->ready.first) {
        run->ready.last->next = a;
    }
    else {
        run->ready.first = a;
    }
    run->ready.last = a;
}

int mtasts_queue_add(mtasts_probe_run *run, const char *text, job *j)
{
    target *a = find(run, text);

    if (!a) {
        return 0;
    }
    j->next = NULL;
    if (a->jobs.first) {
        a->jobs.last->next = j;
    }
    else {
        a->jobs.first = j;
    }
    a->jobs.last = j;
    wake(run, a);
    return 1;
}

job *mtasts_queue_take(mtasts_probe_run *run, target **to)
{
    target *a = run->ready.first;
    job *j;

    if (!a) {
        return NULL;
    }
    run->ready.first = a->next;
    a->is_ready = 0;
    j = a->jobs.first;
    a->jobs.first = j->next;
    a->open++;
    wake(run, a);
    *to = a;
    return j;
}

void mtasts_queue_closed(mtasts_probe_run *run, target *to)
{
    to->open--;
    wake(run, to);
}

void mtasts_queue_put_back(mtasts_probe_run *run, target *to, job *j)
{
    j->next = to->jobs.first;
    if (!j->next) {
        to->jobs.last = j;
    }
    to->jobs.first = j;
    mtasts_queue_closed(run, to);
}

void mtasts_queue_free(mtasts_probe_run *run)
{
    size_t i;

    for (i = 0; i < run->hash_size; i++) {
        target *a, *next;

        for (a = run->hash[i]; a; a = next) {
            job *j, *after;

            for (j = a->jobs.first; j; j = after) {
                after = j->next;
                free(j);
            }
            next = a->same_hash;
            free(a);
        }
    }
    free(run->hash);
}
