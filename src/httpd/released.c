#include "released.h"
#include "memory.h"

#include "ap_mpm.h"
#include "apr_atomic.h"
#include "apr_optional.h"
#include "apr_shm.h"
#include "mod_watchdog.h"

/* What an entry's `answer` is, unless it is where a slot begins.  Slots begin
 * behind all entries, so that these can't be meant. */
enum {
    AS_CONFIGURED,
    UNDECIDED, /* as NOTHING, until it is known what was released before */
    NEW,       /* the same; the configuration that was served before lacks it */
    NOTHING,
    FIRST_SLOT
};

#define ALIGN      8
#define EXTRA_ROOM 131072 /* two policies of the largest size, */
#define ROOM_EACH  1024   /* or this much for each of some domains */
#define EACH_MAX   4096
#define NEAR       64 /* slots that are looked through for an equal one */
#define LAYOUT     5

/* One site.  Places are bytes from the segment's beginning. */
struct mtasts_release {
    apr_uint32_t domain;     /* its name, with a NUL */
    apr_uint32_t configured; /* slot of the policy as configured */
    apr_uint32_t answer;     /* atomic */
    apr_uint32_t step;       /* atomic; mtasts_site_step() reads it */
    apr_uint32_t because;    /* atomic; see mtasts_released_because() */
    apr_uint32_t fetched[MTASTS_SENDERS]; /* atomic */
    mtasts_glance glance;
};

/* A policy as it is sent; never changed once its place is in an entry. */
typedef struct {
    apr_uint32_t before; /* the slot made before this one, or 0 */
    apr_uint32_t body_len;
    char id[MTASTS_ID_SIZE];
    char etag[MTASTS_ETAG_SIZE];
    char content_length[12];
    char body[1]; /* body_len of them, and a NUL */
} slot;

typedef struct mtasts_release release;
typedef struct mtasts_segment segment;
struct mtasts_segment {
    apr_uint32_t size;
    apr_uint32_t used; /* where there is room */
    apr_uint32_t last; /* the slot made last, or 0 */
    apr_uint32_t nsites;
    release sites[1];
};

/* --- slots --- */

static apr_size_t slot_size(apr_size_t body_len)
{
    return APR_OFFSETOF(slot, body) + body_len + 1;
}

/* The slot at a place that other processes have written: NULL if it can't be
 * one. */
static const slot *slot_at(const segment *seg, apr_uint32_t at)
{
    const slot *s;

    if (at < FIRST_SLOT || at % ALIGN || at >= seg->size ||
        seg->size - at < sizeof(slot)) {
        return NULL;
    }
    s = (const slot *)((const char *)seg + at);
    return s->body_len <= MTASTS_BODY_MAX &&
                   slot_size(s->body_len) <= seg->size - at
               ? s
               : NULL;
}

static int slot_is(const slot *s, const char *body, apr_size_t len,
                   const char *id)
{
    return s->body_len == len && !memcmp(s->body, body, len) &&
           !strcmp(s->id, id);
}

static int slot_has(const slot *s, const mtasts_version *v)
{
    return slot_is(s, v->body, v->body_len, v->id);
}

/* The place of `size` free bytes, or 0 if there is no room.  One process at a
 * time takes any. */
static apr_uint32_t take(segment *seg, apr_size_t size)
{
    apr_uint32_t at = seg->used;

    size = APR_ALIGN(size, ALIGN);
    if (at > seg->size || size > seg->size - at) {
        return 0;
    }
    seg->used += (apr_uint32_t)size;
    return at;
}

/* The place of a slot with this policy: many domains share one. */
static apr_uint32_t slot_find(const segment *seg, const char *body,
                              apr_size_t len, const char *id)
{
    apr_uint32_t at = seg->last;
    const slot *s;
    int i;

    for (i = 0; i < NEAR && (s = slot_at(seg, at)) != NULL; i++) {
        if (slot_is(s, body, len, id)) {
            return at;
        }
        at = s->before;
    }
    return 0;
}

/* The place of a slot with this policy, or 0 if there is no room. */
static apr_uint32_t slot_make(segment *seg, const char *body, apr_size_t len,
                              const char *id)
{
    apr_uint32_t at = slot_find(seg, body, len, id);
    char digest[MTASTS_ID_SIZE];
    slot *s;

    if (at || len > MTASTS_BODY_MAX || strlen(id) >= MTASTS_ID_SIZE ||
        !mtasts_policy_id(body, len, digest)) {
        return at;
    }
    at = take(seg, slot_size(len));
    if (!at) {
        return 0;
    }
    s = (slot *)((char *)seg + at);
    s->before = seg->last;
    s->body_len = (apr_uint32_t)len;
    apr_cpystrn(s->id, id, sizeof(s->id));
    mtasts_site_etag(id, digest, s->etag);
    apr_snprintf(s->content_length, sizeof(s->content_length),
                 "%" APR_SIZE_T_FMT, len);
    memcpy(s->body, body, len);
    s->body[len] = '\0';
    seg->last = at;
    return at;
}

/* The same for one of a server's versions: made once, however many domains have
 * it. */
static apr_uint32_t slot_of(segment *seg, const mtasts_served *served,
                            unsigned version)
{
    apr_uint32_t *at = (apr_uint32_t *)((char *)seg + served->slots) + version;
    const mtasts_version *v = &served->versions[version];

    if (!*at) {
        *at = slot_make(seg, v->body, v->body_len, v->id);
    }
    return *at;
}

/* --- what is answered --- */

static apr_uint32_t answer_of(const mtasts_site *site)
{
    if (site->release) {
        return apr_atomic_read32(&site->release->answer);
    }
    return site->served->is_dark ? NOTHING : AS_CONFIGURED;
}

int mtasts_released_answer(const mtasts_site *site, mtasts_answer *answer)
{
    apr_uint32_t at = answer_of(site);
    const mtasts_version *v;
    const slot *s;

    if (at == AS_CONFIGURED) {
        v = mtasts_site_version(site);
        answer->id = v->id;
        answer->body = v->body;
        answer->body_len = v->body_len;
        answer->content_length = v->content_length;
        answer->etag = v->etag;
        return 1;
    }
    s = slot_at(site->served->segment, at);
    if (!s) {
        return 0;
    }
    answer->id = s->id;
    answer->body = s->body;
    answer->body_len = s->body_len;
    answer->content_length = s->content_length;
    answer->etag = s->etag;
    return 1;
}

mtasts_release_state mtasts_released_state(const mtasts_site *site)
{
    switch (answer_of(site)) {
    case AS_CONFIGURED:
        return MTASTS_RELEASED;
    case UNDECIDED:
        return MTASTS_UNDECIDED;
    case NEW:
        return MTASTS_NEW;
    case NOTHING:
        return MTASTS_HELD_TO_NONE;
    default:
        return MTASTS_HELD_TO_OTHER;
    }
}

unsigned mtasts_released_because(const mtasts_site *site)
{
    return site->release ? apr_atomic_read32(&site->release->because) : 0;
}

void mtasts_released_set_because(const mtasts_site *site, unsigned because)
{
    if (site->release) {
        apr_atomic_set32(&site->release->because, because);
    }
}

void mtasts_released_set(const mtasts_site *site)
{
    if (site->release) {
        apr_atomic_set32(&site->release->answer, AS_CONFIGURED);
    }
}

void mtasts_released_hold(const mtasts_site *site, const char *body,
                          apr_size_t len, const char *id)
{
    apr_uint32_t at = 0;

    if (!site->release) {
        return;
    }
    if (body) {
        at = slot_make(site->served->segment, body, len, id);
    }
    apr_atomic_set32(&site->release->answer, at ? at : NOTHING);
}

void mtasts_released_step(const mtasts_site *site, unsigned step, int hold)
{
    release *r = site->release;
    apr_uint32_t at;

    if (!r || step == mtasts_site_step(site)) {
        return;
    }
    at = slot_of(site->served->segment, site->served, step);
    if (hold && answer_of(site) == AS_CONFIGURED) {
        apr_atomic_set32(&r->answer, r->configured ? r->configured : NOTHING);
    }
    r->configured = at;
    apr_atomic_set32(&r->step, step);
}

int mtasts_released_digest(const mtasts_site *site, const mtasts_answer *answer,
                           char digest[MTASTS_ID_SIZE])
{
    const mtasts_version *v = mtasts_site_version(site);

    if (answer->body == v->body) {
        apr_cpystrn(digest, v->digest, MTASTS_ID_SIZE);
        return 1;
    }
    return mtasts_policy_id(answer->body, answer->body_len, digest);
}

/* --- who has fetched it --- */

void mtasts_released_count(const mtasts_site *site, mtasts_sender sender,
                           apr_uint32_t n)
{
    if (site->release && n) {
        apr_atomic_add32(&site->release->fetched[sender], n);
    }
}

static int take_fetched(release *r, apr_uint32_t n[MTASTS_SENDERS])
{
    int i, any = 0;

    for (i = 0; i < MTASTS_SENDERS; i++) {
        n[i] = apr_atomic_read32(&r->fetched[i]);
        if (n[i]) {
            n[i] = apr_atomic_xchg32(&r->fetched[i], 0);
            any = 1;
        }
    }
    return any;
}

int mtasts_released_take(const mtasts_site *site,
                         apr_uint32_t n[MTASTS_SENDERS])
{
    return site->release && take_fetched(site->release, n);
}

/* --- what was found --- */

int mtasts_released_glance(const mtasts_site *site, mtasts_glance *glance)
{
    if (!site->release) {
        memset(glance, 0, sizeof(*glance));
        glance->worst = MTASTS_NO_CODE;
        return 0;
    }
    *glance = site->release->glance;
    return 1;
}

void mtasts_released_set_glance(const mtasts_site *site,
                                const mtasts_glance *glance)
{
    if (site->release) {
        site->release->glance = *glance;
    }
}

/* --- from one configuration to the next --- */

typedef struct previous previous;
struct previous {
    const release *release;
    const previous *next; /* the domain in another virtual host */
};

typedef struct {
    segment *to;
    const segment *from;  /* or NULL */
    apr_hash_t *previous; /* domain -> its last `previous` of `from` */
    int releasable;
    int restarts; /* what was served before this configuration is known */
    int wants_ledger;
} making;

/* The domain of an entry that other processes may have written over; NULL if it
 * isn't one. */
static const char *domain_at(const segment *seg, const release *r)
{
    const char *name = (const char *)seg + r->domain;

    return r->domain < seg->size && memchr(name, '\0', seg->size - r->domain)
               ? name
               : NULL;
}

static void index_previous(making *m, apr_pool_t *p)
{
    apr_uint32_t i;

    m->previous = apr_hash_make(p);
    for (i = 0; m->from && i < m->from->nsites; i++) {
        const char *domain = domain_at(m->from, &m->from->sites[i]);
        previous *before = apr_palloc(p, sizeof(*before));

        if (domain) {
            before->release = &m->from->sites[i];
            before->next =
                apr_hash_get(m->previous, domain, APR_HASH_KEY_STRING);
            apr_hash_set(m->previous, domain, APR_HASH_KEY_STRING, before);
        }
    }
}

/* The slot of what was answered there, or NULL. */
static const slot *answered(const making *m, const release *r)
{
    return slot_at(m->from,
                   r->answer == AS_CONFIGURED ? r->configured : r->answer);
}

/* Which of the site's versions a slot is; -1: none. */
static int version_of(const mtasts_site *site, const slot *s)
{
    unsigned i;

    for (i = 0; s && i < site->served->nversions; i++) {
        if (slot_has(s, &site->served->versions[i])) {
            return (int)i;
        }
    }
    return -1;
}

/* What the domain's virtual host had before: if there are several, the one that
 * answered with a policy of this one's. */
static const release *before_of(const making *m, const mtasts_site *site)
{
    const previous *first =
        apr_hash_get(m->previous, site->name->value, APR_HASH_KEY_STRING);
    const previous *before;

    for (before = first; before; before = before->next) {
        if (version_of(site, answered(m, before->release)) >= 0) {
            return before->release;
        }
    }
    return first ? first->release : NULL;
}

/* What was seen of a policy is true of no other one. */
static void carry_seen(const making *m, const mtasts_site *site, release *to)
{
    const release *before = before_of(m, site);
    const slot *s = before ? slot_at(m->from, before->configured) : NULL;
    int same = s && slot_has(s, mtasts_site_version(site));

    to->because = same ? before->because : 0;
    memset(&to->glance, 0, sizeof(to->glance));
    to->glance.worst = MTASTS_NO_CODE;
    /* Where nobody looks any more, nobody would write it anew. */
    if (same &&
        mtasts_config_of(site->served->server)->check != MTASTS_CHECK_OFF) {
        to->glance = before->glance;
    }
}

/* A plan goes on where it was. */
static apr_uint32_t carry_step(const making *m, const mtasts_site *site)
{
    const release *before = before_of(m, site);
    int step = before ? version_of(site, answered(m, before)) : -1;

    return step > 0 ? (apr_uint32_t)step : 0;
}

/* 1 if what was served before must be known before the site serves its policy. */
static int is_guarded(const making *m, const mtasts_site *site)
{
    int check = mtasts_config_of(site->served->server)->check;

    /* Of a plan only the watch can tell, if there is one. */
    return check == MTASTS_CHECK_STRICT ||
           (site->served->plan.n &&
            (check != MTASTS_CHECK_OFF || m->wants_ledger));
}

static apr_uint32_t carry_over(const making *m, const mtasts_site *site)
{
    const mtasts_version *v = mtasts_site_version(site);
    const release *before = before_of(m, site);
    apr_uint32_t at;
    const slot *s;

    if (!m->releasable || !is_guarded(m, site) ||
        v->policy.mode == MTASTS_MODE_NONE) {
        return AS_CONFIGURED;
    }
    if (!before) {
        return m->restarts ? NEW : UNDECIDED;
    }
    if (before->answer != AS_CONFIGURED && before->answer < FIRST_SLOT) {
        return before->answer;
    }
    s = answered(m, before);
    if (!s) {
        return UNDECIDED;
    }
    if (slot_has(s, v)) {
        return AS_CONFIGURED;
    }
    at = slot_make(m->to, s->body, s->body_len, s->id);
    return at ? at : UNDECIDED; /* no room: the ledger may know */
}

/* What the watch has not told the ledger yet. */
static void carry_fetched(const making *m, const mtasts_site *site, release *to)
{
    const release *before = before_of(m, site);

    memset(to->fetched, 0, sizeof(to->fetched));
    if (before) {
        take_fetched((release *)before, to->fetched);
    }
}

static void add_server(const making *m, mtasts_served *served)
{
    segment *to = m->to;
    int i;

    served->segment = to;
    served->slots = take(to, served->nversions * sizeof(apr_uint32_t));
    memset((char *)to + served->slots, 0,
           served->nversions * sizeof(apr_uint32_t));
    for (i = 0; i < served->sites->nelts; i++) {
        mtasts_site *site = &APR_ARRAY_IDX(served->sites, i, mtasts_site);
        release *r = &to->sites[to->nsites++];
        apr_size_t len = strlen(site->name->value) + 1;

        r->domain = take(to, len);
        memcpy((char *)to + r->domain, site->name->value, len);
        site->step = &r->step;
        r->step = 0;
        r->step = carry_step(m, site);
        r->configured = slot_of(to, served, r->step);
        r->answer = carry_over(m, site);
        carry_seen(m, site, r);
        carry_fetched(m, site, r);
        site->release = r;
    }
}

/* How much memory all of that needs; 0 if there is no site. */
static apr_size_t size_of(const apr_array_header_t *servers,
                          const segment *from)
{
    apr_size_t size = APR_OFFSETOF(segment, sites) + ALIGN, n = 0;
    unsigned k;
    int i, j;

    for (i = 0; i < servers->nelts; i++) {
        const mtasts_served *served =
            mtasts_config_of(APR_ARRAY_IDX(servers, i, server_rec *))->served;

        if (!served) {
            continue;
        }
        size += served->nversions * sizeof(apr_uint32_t) + ALIGN;
        for (k = 0; k < served->nversions; k++) {
            size += slot_size(served->versions[k].body_len) + ALIGN;
        }
        for (j = 0; j < served->sites->nelts; j++, n++) {
            const char *domain =
                APR_ARRAY_IDX(served->sites, j, mtasts_site).name->value;

            size += sizeof(release) + APR_ALIGN(strlen(domain) + 1, ALIGN);
        }
    }
    /* What is held on to is in the memory before, or comes from the ledger. */
    size += EXTRA_ROOM + ROOM_EACH * (n < EACH_MAX ? n : EACH_MAX);
    size += from ? from->used : 0;
    return n && size < APR_INT32_MAX ? size : 0;
}

static apr_uint32_t count_sites(const apr_array_header_t *servers)
{
    mtasts_sites sites = {servers, 0, 0};
    apr_uint32_t n = 0;

    while (mtasts_sites_next(&sites)) {
        n++;
    }
    return n;
}

/* What the httpd process keeps: nothing else lives through a restart. */
typedef struct {
    apr_pool_t *pool; /* of the segment; NULL if there is none */
    segment *seg;
    int empty; /* there was no site to make it for */
} holder;

static holder *holder_of(const server_rec *main_server)
{
    apr_pool_t *p = main_server->process->pool;
    void *found = NULL;
    char key[64];

    /* The module may be replaced by one with another layout, between two
     * restarts. */
    apr_snprintf(key, sizeof(key), "mtasts_released %d %" APR_SIZE_T_FMT,
                 LAYOUT, sizeof(slot));
    apr_pool_userdata_get(&found, key, p);
    if (!found) {
        found = apr_pcalloc(p, sizeof(holder));
        apr_pool_userdata_setn(found, apr_pstrdup(p, key), NULL, p);
    }
    return found;
}

static segment *segment_make(apr_pool_t *p, const apr_array_header_t *servers,
                             const segment *from)
{
    apr_size_t size = size_of(servers, from);
    apr_status_t rv = APR_ENOMEM;
    apr_shm_t *shm;
    segment *seg;

    if (!count_sites(servers)) {
        return NULL;
    }
    if (!size || (rv = apr_shm_create(&shm, size, NULL, p)) != APR_SUCCESS) {
        ap_log_error(APLOG_MARK, APLOG_ERR, rv,
                     APR_ARRAY_IDX(servers, 0, server_rec *),
                     "mtasts: there is no shared memory for what each domain "
                     "serves: nothing is held back by MTASTSCheck strict, and "
                     "domains with MTASTSRollout serve nothing (404). To do: "
                     "Give httpd more memory (ulimit, the limits of its "
                     "container or service), or give it fewer domains, and "
                     "reload it.");
        return NULL;
    }
    seg = apr_shm_baseaddr_get(shm);
    seg->size = (apr_uint32_t)size;
    seg->used = (apr_uint32_t)APR_ALIGN(
        APR_OFFSETOF(segment, sites) + count_sites(servers) * sizeof(release),
        ALIGN);
    seg->last = seg->nsites = 0;
    return seg;
}

void mtasts_released_make(apr_pool_t *ptemp, server_rec *main_server,
                          const apr_array_header_t *servers)
{
    holder *h = holder_of(main_server);
    making m = {.from = h->seg};
    int generation = 0, i;
    apr_pool_t *p;

    ap_mpm_query(AP_MPMQ_GENERATION, &generation);
    m.wants_ledger = mtasts_memory_wanted(main_server);
    m.restarts = generation > 0 && (h->seg || h->empty);
    /* Nobody's child: when all others go, the watch's thread may have a word to
     * read, still, until its own pool goes. */
    apr_pool_create(&p, NULL);
    m.to = segment_make(p, servers, h->seg);
    m.releasable = APR_RETRIEVE_OPTIONAL_FN(ap_watchdog_get_instance) != NULL;
    index_previous(&m, ptemp);
    for (i = 0; i < servers->nelts; i++) {
        mtasts_served *served =
            mtasts_config_of(APR_ARRAY_IDX(servers, i, server_rec *))->served;

        if (served && m.to) {
            add_server(&m, served);
        }
        else if (served) {
            served->is_dark = served->plan.n > 0;
        }
    }
    /* The children of the configuration before have it mapped, still. */
    if (h->pool) {
        apr_pool_destroy(h->pool);
    }
    h->pool = p;
    h->seg = m.to;
    h->empty = count_sites(servers) == 0;
}
