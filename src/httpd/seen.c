#include "seen.h"

#include "apr_shm.h"

/* 8 MB, 1 MB and 2 MB of address space, touched as it is used. */
#define SLOTS 4096
#define MARKS 65536
#define WORST 262144
#define WAYS  4 /* places that an entry may be in */
/* Of the name under which it is found: the module may be replaced by one that
 * has other entries, between two restarts. */
#define LAYOUT 2

typedef struct {
    apr_uint64_t sum; /* of all behind it */
    apr_time_t when;
    apr_uint64_t port;
    apr_uint64_t roots;
    mtasts_probe probe;
} slot;

/* If two writers meet, the time may be the other's: it was marked just now by
 * either. */
typedef struct {
    apr_uint64_t text; /* its hash */
    apr_time_t when;
} mark;

struct mtasts_seen {
    slot slots[SLOTS];
    mark marks[MARKS];
    apr_uint64_t
        worst[WORST]; /* a domain's hash, and in its last three bits one
                                  more than the number; 0: free */
    mtasts_rate rate;
};

#define FNV_BASIS APR_UINT64_C(14695981039346656037)

static apr_uint64_t fnv(apr_uint64_t h, const void *data, apr_size_t len)
{
    const unsigned char *c = data;

    while (len--) {
        h = (h ^ *c++) * APR_UINT64_C(1099511628211);
    }
    return h;
}

static apr_uint64_t slot_sum(const slot *s)
{
    const char *from = (const char *)&s->when;

    return fnv(FNV_BASIS, from,
               sizeof(*s) - (apr_size_t)(from - (const char *)s));
}

static slot *first_way(mtasts_seen *seen, const char *host, const char *address,
                       unsigned port)
{
    apr_uint64_t h = fnv(FNV_BASIS, host, strlen(host) + 1);

    h = fnv(h, address, strlen(address));
    h = fnv(h, &port, sizeof(port));
    return &seen->slots[h % (SLOTS / WAYS) * WAYS];
}

static int is_of(const slot *s, const char *host, const char *address,
                 unsigned port, apr_uint64_t roots)
{
    return s->port == port && s->roots == roots &&
           !strcmp(s->probe.host, host) && !strcmp(s->probe.address, address);
}

int mtasts_seen_get(mtasts_seen *seen, const char *host, const char *address,
                    unsigned port, apr_uint64_t roots, apr_time_t now,
                    mtasts_probe *probe)
{
    const slot *way = first_way(seen, host, address, port);
    slot copy;
    int i;

    for (i = 0; i < WAYS; i++) {
        memcpy(&copy, &way[i], sizeof(copy)); /* then it can't change */
        if (slot_sum(&copy) == copy.sum &&
            is_of(&copy, host, address, port, roots) && now - copy.when >= 0 &&
            now - copy.when < MTASTS_SEEN_FOR) {
            *probe = copy.probe;
            return 1;
        }
    }
    return 0;
}

void mtasts_seen_put(mtasts_seen *seen, unsigned port, apr_uint64_t roots,
                     apr_time_t now, const mtasts_probe *probe)
{
    slot *way = first_way(seen, probe->host, probe->address, port);
    slot *to = way, made;
    int i;

    if (probe->result == MTASTS_PROBE_UNKNOWN ||
        probe->result == MTASTS_PROBE_REFUSED) {
        return;
    }
    for (i = 0; i < WAYS; i++) {
        if (is_of(&way[i], probe->host, probe->address, port, roots)) {
            to = &way[i];
            break;
        }
        if (way[i].when < to->when) {
            to = &way[i];
        }
    }
    memset(&made, 0, sizeof(made)); /* padding counts in the sum */
    made.when = now;
    made.port = port;
    made.roots = roots;
    memcpy(&made.probe, probe, sizeof(*probe));
    made.sum = slot_sum(&made);
    memcpy(to, &made, sizeof(made));
}

/* Where it is, or where it would best go. */
static mark *find_mark(const mtasts_seen *seen, apr_uint64_t text)
{
    mark *way = (mark *)&seen->marks[text % (MARKS / WAYS) * WAYS], *to = way;
    int i;

    for (i = 0; i < WAYS; i++) {
        if (way[i].text == text) {
            return &way[i];
        }
        if (way[i].when < to->when) {
            to = &way[i];
        }
    }
    return to;
}

int mtasts_seen_marked(const mtasts_seen *seen, const char *text,
                       apr_time_t now)
{
    apr_uint64_t hash = fnv(FNV_BASIS, text, strlen(text));
    const mark *m = find_mark(seen, hash);

    return m->text == hash && now >= m->when && now - m->when < MTASTS_SEEN_FOR;
}

void mtasts_seen_mark(mtasts_seen *seen, const char *text, apr_time_t now)
{
    apr_uint64_t hash = fnv(FNV_BASIS, text, strlen(text));
    mark *m = find_mark(seen, hash);

    m->text = hash;
    m->when = now;
}

void mtasts_seen_unmark(mtasts_seen *seen, const char *text)
{
    apr_uint64_t hash = fnv(FNV_BASIS, text, strlen(text));
    mark *m = find_mark(seen, hash);

    if (m->text == hash) {
        m->when = 0;
    }
}

#define WORST_BITS APR_UINT64_C(7)

/* Where a domain is, or would be. */
static apr_uint64_t *find_worst(const mtasts_seen *seen, apr_uint64_t domain)
{
    apr_uint64_t *way =
        (apr_uint64_t *)&seen->worst[(domain >> 3) % (WORST / WAYS) * WAYS];
    int i, to = (int)(domain >> 60) % WAYS;

    for (i = WAYS - 1; i >= 0; i--) {
        if ((way[i] & ~WORST_BITS) == domain) {
            return &way[i];
        }
        to = way[i] ? to : i;
    }
    return &way[to];
}

static apr_uint64_t domain_hash(const char *domain)
{
    return fnv(FNV_BASIS, domain, strlen(domain)) & ~WORST_BITS;
}

int mtasts_seen_worst(const mtasts_seen *seen, const char *domain)
{
    apr_uint64_t hash = domain_hash(domain);
    apr_uint64_t found = *find_worst(seen, hash);

    return (found & ~WORST_BITS) == hash ? (int)(found & WORST_BITS) - 1 : -1;
}

void mtasts_seen_set_worst(mtasts_seen *seen, const char *domain, int worst)
{
    apr_uint64_t hash = domain_hash(domain);

    *find_worst(seen, hash) = hash | ((apr_uint64_t)worst + 1);
}

mtasts_rate *mtasts_seen_rate(mtasts_seen *seen)
{
    return &seen->rate;
}

mtasts_seen *mtasts_seen_of(server_rec *main_server)
{
    /* The process's pool: it alone is still there after a restart. */
    apr_pool_t *p = main_server->process->pool;
    void *seen = NULL;
    apr_shm_t *shm;
    char key[64];

    apr_snprintf(key, sizeof(key), "mtasts_seen %d %" APR_SIZE_T_FMT, LAYOUT,
                 sizeof(mtasts_seen));
    apr_pool_userdata_get(&seen, key, p);
    if (!seen &&
        apr_shm_create(&shm, sizeof(mtasts_seen), NULL, p) == APR_SUCCESS) {
        seen = apr_shm_baseaddr_get(shm);
        apr_pool_userdata_set(seen, key, NULL, p);
    }
    return seen;
}
