#include "live_private.h"
#include "memory.h"
#include "notes.h"
#include "released.h"
#include "strict.h"
#include "../core/area.h"

#include <time.h>

#define DNS_MS_MAX 60000 /* of a long run */
#define LEDGER_MS  4000
#define GRACE_MS   5000

unsigned mtasts_live_looks(const mtasts_live_options *o, const server_rec *s)
{
    const mtasts_config *cfg = mtasts_config_of(s);
    unsigned looks = cfg->check == MTASTS_CHECK_STRICT ? o->strict : o->warn;

    if (!cfg->served || cfg->check == MTASTS_CHECK_OFF) {
        return 0;
    }
    return looks & ~(unsigned)((cfg->probe_mx ? 0 : MTASTS_LOOK_MX) |
                               (cfg->probe_host ? 0 : MTASTS_LOOK_FETCH) |
                               (cfg->served->tls ? 0 : MTASTS_LOOK_CERT));
}

int mtasts_live_wanted(apr_pool_t *p, const mtasts_live_options *o)
{
    int i;

    for (i = 0; i < o->servers->nelts; i++) {
        if (mtasts_live_looks(o, APR_ARRAY_IDX(o->servers, i, server_rec *))) {
            return 1;
        }
    }
    return mtasts_memory_worth(p, o->servers);
}

unsigned mtasts_live_limit(const mtasts_live_options *o)
{
    unsigned n = 0;
    int i;

    for (i = 0; i < o->servers->nelts; i++) {
        const server_rec *s = APR_ARRAY_IDX(o->servers, i, server_rec *);

        n += mtasts_live_looks(o, s)
                 ? (unsigned)mtasts_config_of(s)->served->sites->nelts
                 : 0;
    }
    /* The ledger may be locked, or its server not answer. */
    n += mtasts_memory_wanted(APR_ARRAY_IDX(o->servers, 0, server_rec *))
             ? LEDGER_MS * 50
             : 0;
    /* What DNS said is not to be lost because the machine is busy (and what hangs
     * is rare); 2 s more for 100,000 domains. */
    return o->timeout_ms + GRACE_MS + n / 50;
}

static long long clock_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (long long)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

unsigned mtasts_live_left(const mtasts_live *live)
{
    long long gone = clock_ms() - live->start;

    return gone >= live->options->timeout_ms
               ? 1
               : live->options->timeout_ms - (unsigned)gone;
}

/* The same domain, policy, id and TLSRPT in a server before, at which all is
 * looked at that is looked at here; but the certificate, which is the vhost's
 * own. */
static int says_the_same(const mtasts_live_options *o, const mtasts_site *site)
{
    const mtasts_site *other = site->same;
    const mtasts_config *mine = mtasts_config_of(site->served->server), *theirs;
    unsigned looks = mtasts_live_looks(o, site->served->server) &
                     ~(unsigned)MTASTS_LOOK_CERT;
    const char *a = site->served->tlsrpt, *b;

    if (!other || mtasts_site_differs(site)) {
        return 0;
    }
    theirs = mtasts_config_of(other->served->server);
    b = other->served->tlsrpt;
    return !(looks & ~mtasts_live_looks(o, other->served->server)) &&
           mine->probe_mx == theirs->probe_mx &&
           mine->probe_host == theirs->probe_host &&
           (a == b || (a && b && !strcmp(a, b)));
}

static void add_site(mtasts_live *live, const mtasts_site *site)
{
    const mtasts_live_options *o = live->options;
    const char *domain = site->name->value;
    mtasts_live_site *l;

    if (o->only &&
        !apr_hash_get((apr_hash_t *)o->only, domain, APR_HASH_KEY_STRING)) {
        return;
    }
    l = apr_array_push(live->sites);
    memset(l, 0, sizeof(*l));
    l->site = site;
    l->repeats = says_the_same(o, site);
    l->known = o->known ? apr_hash_get((apr_hash_t *)o->known, domain,
                                       APR_HASH_KEY_STRING)
                        : NULL;
    l->notes = apr_array_make(live->pool, 1, sizeof(mtasts_note));
    if (site->served->tls && mtasts_config_of(site->served->server)->certs) {
        apr_hash_set(live->tls_sites, domain, APR_HASH_KEY_STRING, site);
    }
}

static void add_sites(mtasts_live *live)
{
    const mtasts_live_options *o = live->options;
    mtasts_sites sites = {o->servers, 0, 0};
    mtasts_site *site;

    while ((site = mtasts_sites_next(&sites)) != NULL) {
        if (mtasts_live_looks(o, site->served->server)) {
            add_site(live, site);
        }
    }
}

/* --- DNS --- */

/* What DNS is to be asked of all, and how many are to be asked about. */
static unsigned dns_wanted(const mtasts_live *live, size_t *n)
{
    unsigned what = 0;
    int i;

    for (i = 0, *n = 0; i < live->sites->nelts; i++) {
        const server_rec *s = mtasts_live_at(live, i)->site->served->server;
        unsigned looks = mtasts_live_looks(live->options, s);

        *n += (looks & MTASTS_LOOK_NETWORK) != 0;
        if (looks & (MTASTS_LOOK_DNS | MTASTS_LOOK_MX)) {
            what |= MTASTS_ASK_MAIL;
        }
        if (looks & MTASTS_LOOK_MX) {
            what |= MTASTS_ASK_TLSA;
        }
    }
    return what;
}

static apr_status_t free_facts(void *facts)
{
    mtasts_facts_free(facts);
    return APR_SUCCESS;
}

/* A name server that is silent must not leave the probes without time. */
static unsigned dns_ms(const mtasts_live *live, unsigned what)
{
    unsigned all = live->options->timeout_ms;

    if (what & MTASTS_ASK_TLSA) {
        all = all / 5 * 3;
    }
    return all < DNS_MS_MAX ? all : DNS_MS_MAX;
}

/* A domain that is gone has its TXT record still, perhaps: as long as it has,
 * senders may keep the policy.  Only the server itself remembers it. */
static int asks_withdrawn(const mtasts_live *live)
{
    const mtasts_live_options *o = live->options;

    return o->running && !o->only && o->warn & MTASTS_LOOK_DNS &&
           mtasts_config_of(live->main_server)->check != MTASTS_CHECK_OFF;
}

static int is_asked(const mtasts_live *live, const mtasts_live_site *l)
{
    return (mtasts_live_looks(live->options, l->site->served->server) &
            MTASTS_LOOK_NETWORK) != 0;
}

/* The sites' domains, then so many withdrawn ones. */
static const char **domains_of(const mtasts_live *live, size_t n, int gone)
{
    const char **domains = apr_palloc(live->pool, n * sizeof(*domains));
    int i;

    for (i = 0, n = 0; i < live->sites->nelts; i++) {
        const mtasts_live_site *l = mtasts_live_at(live, i);

        if (is_asked(live, l)) {
            domains[n++] = l->site->name->value;
        }
    }
    for (i = 0; i < gone; i++) {
        domains[n++] =
            APR_ARRAY_IDX(live->withdrawn, i, mtasts_withdrawn).known->domain;
    }
    return domains;
}

/* In the same order. */
static void hand_out(mtasts_live *live, int gone)
{
    size_t n = 0;
    int i;

    for (i = 0; i < live->sites->nelts; i++) {
        mtasts_live_site *l = mtasts_live_at(live, i);

        if (is_asked(live, l)) {
            l->facts = mtasts_facts_of(live->facts, n++);
        }
    }
    for (i = 0; i < gone; i++) {
        APR_ARRAY_IDX(live->withdrawn, i, mtasts_withdrawn).facts =
            mtasts_facts_of(live->facts, n++);
    }
}

/* Gives the sites and the withdrawn domains their facts.  0, with the reason
 * logged, if c-ares can't be set up. */
static int collect(mtasts_live *live)
{
    const mtasts_live_options *o = live->options;
    const mtasts_config *cfg = mtasts_config_of(live->main_server);
    mtasts_dns_options dns = {.stop = o->stop, .stop_ctx = o->stop_ctx};
    const char *error, **domains;
    unsigned what;
    size_t n;
    int gone;

    what = dns_wanted(live, &n);
    gone = asks_withdrawn(live) ? live->withdrawn->nelts : 0;
    n += (size_t)gone;
    if (!n) {
        return 1;
    }
    if (*cfg->resolver) { /* else the system's */
        dns.servers = cfg->resolver;
    }
    dns.timeout_ms = dns_ms(live, what);
    domains = domains_of(live, n, gone);
    live->facts = mtasts_facts_collect(domains, n, what, &dns, &error);
    if (!live->facts) {
        ap_log_error(APLOG_MARK, APLOG_NOERRNO | APLOG_WARNING, 0,
                     live->main_server, "mtasts: no check of DNS: %s", error);
        return 0;
    }
    apr_pool_cleanup_register(live->pool, live->facts, free_facts,
                              apr_pool_cleanup_null);
    live->dns_silence = mtasts_facts_silence(live->facts);
    live->dns_first = domains[0];
    live->dns_asked = n;
    hand_out(live, gone);
    return 1;
}

mtasts_sync mtasts_live_dns_check(const mtasts_live *live,
                                  const mtasts_live_site *l,
                                  const mtasts_policy *policy,
                                  apr_array_header_t *notes)
{
    mtasts_wanted wanted = {.policy = policy,
                            .id = mtasts_site_version(l->site)->id,
                            .tlsrpt = l->site->served->tlsrpt,
                            .history = mtasts_live_history(live, l),
                            .now = apr_time_sec(live->now)};
    mtasts_answer answer;

    wanted.when = mtasts_live_when(live, l);
    if (live->options->running && mtasts_released_answer(l->site, &answer)) {
        wanted.id = answer.id;
    }
    else {
        wanted.unserved = live->options->running;
    }
    return mtasts_dns_check(&wanted, l->facts, mtasts_keep, notes);
}

static void check_dns(const mtasts_live *live, mtasts_live_site *l)
{
    if (l->facts && mtasts_live_looks(live->options, l->site->served->server) &
                        MTASTS_LOOK_DNS) {
        l->sync = mtasts_live_dns_check(
            live, l, &mtasts_site_version(l->site)->policy, l->notes);
        mtasts_live_address_check(live, l);
    }
}

/* --- all --- */

/* All that is looked at anywhere. */
static unsigned all_looks(const mtasts_live *live)
{
    const apr_array_header_t *servers = live->options->servers;
    unsigned looks = 0;
    int i;

    for (i = 0; i < servers->nelts; i++) {
        looks |= mtasts_live_looks(live->options,
                                   APR_ARRAY_IDX(servers, i, server_rec *));
    }
    return looks;
}

static mtasts_live *live_make(apr_pool_t *p, const mtasts_live_options *o)
{
    mtasts_live *live = apr_pcalloc(p, sizeof(*live));

    live->pool = p;
    live->options = o;
    live->main_server = APR_ARRAY_IDX(o->servers, 0, server_rec *);
    live->start = clock_ms();
    live->now = apr_time_now();
    live->sites = apr_array_make(p, 16, sizeof(mtasts_live_site));
    live->by_site = apr_hash_make(p);
    live->looked = apr_hash_make(p);
    live->tls_sites = apr_hash_make(p);
    live->mx = apr_hash_make(p);
    live->notes = apr_array_make(p, 1, sizeof(mtasts_note));
    add_sites(live);
    live->vhosts = mtasts_vhosts_on_addresses(p, o->servers);
    mtasts_live_find_withdrawn(live);
    return live;
}

static int knows_mx_tls(const mtasts_live_site *l)
{
    int i;

    if (!mtasts_config_of(l->site->served->server)->probe_mx) {
        return 1; /* nobody wants to */
    }
    for (i = 0; l->mx && i < l->mx->nelts; i++) {
        if (!mtasts_mx_tells(APR_ARRAY_IDX(l->mx, i, mtasts_live_mx).probe,
                             MTASTS_MX_CERT_NAME)) {
            return 0;
        }
    }
    return l->mx && mtasts_dns_tells(l->facts, MTASTS_MX_NOADDRESS);
}

static mtasts_strict_checked checked(const mtasts_live *live,
                                     mtasts_live_site *l)
{
    mtasts_strict_checked c = {l->site, l->notes, 0, 0, 0, 0};
    mtasts_vhost_tls tls;

    c.knows_mx = l->facts && mtasts_dns_tells(l->facts, MTASTS_MX_UNMATCHED);
    c.knows_mx_tls = c.knows_mx && knows_mx_tls(l);
    c.knows_cert = !l->site->served->tls ||
                   (mtasts_live_vhost_tls(live, l->site, &tls) && tls.ncerts);
    c.knows_past =
        live->options->known || !mtasts_memory_wanted(live->main_server);
    return c;
}

static void say_released(const mtasts_site *site)
{
    const mtasts_version *v = mtasts_site_version(site);
    char record[MTASTS_TXT_SIZE];

    mtasts_txt_render(v->id, record);
    ap_log_error(
        APLOG_MARK, APLOG_NOERRNO | APLOG_NOTICE, 0, site->served->server,
        "mtasts: %s: the policy %s is served from now on, as its "
        "checks pass (MTASTSCheck strict). Its TXT record, _mta-sts.%s. "
        "IN TXT \"%s\", is to follow when every address serves it",
        site->name->value, v->id, site->name->value, record);
}

/* A domain has one policy in all its virtual hosts: what is wrong with one of
 * them holds it back in all. */
static void decide(mtasts_live *live)
{
    apr_hash_t *held = apr_hash_make(live->pool);
    const char **keys, *why;
    mtasts_strict_checked c;
    int i;

    keys = apr_pcalloc(live->pool,
                       (apr_size_t)live->sites->nelts * sizeof(*keys) + 1);
    for (i = 0; i < live->sites->nelts; i++) {
        mtasts_live_site *l = mtasts_live_at(live, i);
        const mtasts_version *v = mtasts_site_version(l->site);

        keys[i] = apr_pstrcat(live->pool, l->site->name->value, " ", v->id, " ",
                              v->digest, NULL);
        c = checked(live, l);
        why = mtasts_strict_why(&c);
        if (why) {
            apr_hash_set(held, keys[i], APR_HASH_KEY_STRING, why);
        }
    }
    for (i = 0; i < live->sites->nelts; i++) {
        mtasts_live_site *l = mtasts_live_at(live, i);

        why = apr_hash_get(held, keys[i], APR_HASH_KEY_STRING);
        c = checked(live, l);
        l->released = mtasts_strict_decide(&c, why);
        if (l->released && !l->repeats) {
            say_released(l->site);
        }
    }
}

static void check(mtasts_live *live)
{
    const mtasts_live_options *o = live->options;
    int i;

    for (i = 0; i < live->sites->nelts; i++) {
        mtasts_live_site *l = mtasts_live_at(live, i);

        if (o->stop && o->stop(o->stop_ctx)) {
            return; /* nobody will hear of it */
        }
        check_dns(live, l);
        mtasts_live_history_check(live, l);
        mtasts_live_tls_check(live, l);
    }
    if (o->running) {
        decide(live);
    }
    mtasts_live_plan_check(live);
    mtasts_live_publish_check(live);
    for (i = 0; i < live->sites->nelts; i++) {
        mtasts_live_site *l = mtasts_live_at(live, i);

        if (!o->running) {
            l->refusable = !o->known || mtasts_strict_would_refuse(
                                            l->site, l->known, l->notes);
            mtasts_live_unserved_check(live, l);
        }
        mtasts_notes_sort(l->notes);
        apr_hash_set(live->by_site, &l->site, sizeof(l->site), l);
    }
    mtasts_live_rest_check(live);
}

mtasts_live *mtasts_live_run(apr_pool_t *p, const mtasts_live_options *o)
{
    mtasts_live *live = live_make(p, o);
    unsigned looks = all_looks(live);
    int collected = collect(live);
    int tls = looks & ~(unsigned)MTASTS_LOOK_DNS && mtasts_live_tls_begin(live);

    mtasts_live_place_plans(live);
    if (collected && tls && looks & (MTASTS_LOOK_MX | MTASTS_LOOK_FETCH)) {
        mtasts_live_probe(live);
    }
    mtasts_live_find_records(live);
    if (o->back) {
        o->back(o->back_ctx);
    }
    if (!collected && !tls) {
        return NULL;
    }
    check(live);
    return live;
}

const mtasts_live_site *mtasts_live_of(const mtasts_live *live,
                                       const mtasts_site *site)
{
    return live ? apr_hash_get(live->by_site, &site, sizeof(site)) : NULL;
}

static void say_let_pass(const mtasts_live *live)
{
    ap_log_error(
        APLOG_MARK, APLOG_NOERRNO | APLOG_WARNING, 0, live->main_server,
        "mtasts: MTASTSCheck strict: the errors above would lose mail but "
        "don't fail this: without the ledger nobody knows whether a change "
        "made them or they came by themselves. A reload holds back what is new "
        "all the same; a start serves what is configured. To do: see whether "
        "your last change made them; mend the ledger, as ledger-unavailable "
        "says");
}

int mtasts_live_blocking(const mtasts_live *live)
{
    int i, j, n = 0;

    for (i = 0; i < live->sites->nelts; i++) {
        const mtasts_live_site *l = mtasts_live_at(live, i);

        if (mtasts_config_of(l->site->served->server)->check !=
                MTASTS_CHECK_STRICT ||
            !l->refusable) {
            continue;
        }
        for (j = 0; j < l->notes->nelts; j++) {
            n += APR_ARRAY_IDX(l->notes, j, mtasts_note).blocks;
        }
    }
    if (n && live->options->no_ledger && !live->options->running) {
        say_let_pass(live);
        return 0;
    }
    return n;
}
