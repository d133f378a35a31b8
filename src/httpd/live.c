#include "live.h"
#include "notes.h"
#include "../net/facts.h"

#define UNKNOWN_MAX 20 /* of them logged: a dead resolver concerns all */

struct mtasts_live {
    server_rec *main_server;
    apr_array_header_t *sites; /* mtasts_live_site */
    apr_hash_t *by_site;       /* &mtasts_site * -> mtasts_live_site * */
    mtasts_facts *facts;
};

static int looked_at(const mtasts_live_options *o, const server_rec *s)
{
    const mtasts_config *cfg = mtasts_config_of(s);

    return cfg->served && cfg->check >= o->least;
}

int mtasts_live_wanted(const mtasts_live_options *o)
{
    int i;

    for (i = 0; i < o->servers->nelts; i++) {
        if (looked_at(o, APR_ARRAY_IDX(o->servers, i, server_rec *))) {
            return 1;
        }
    }
    return 0;
}

unsigned mtasts_live_limit(const mtasts_live_options *o)
{
    unsigned n = 0;
    int i;

    for (i = 0; i < o->servers->nelts; i++) {
        const server_rec *s = APR_ARRAY_IDX(o->servers, i, server_rec *);

        n += looked_at(o, s)
                 ? (unsigned)mtasts_config_of(s)->served->sites->nelts
                 : 0;
    }
    return o->timeout_ms + 400 + n / 50; /* 2 s for 100,000 domains */
}

/* The same domain, policy, id and TLSRPT in a server before. */
static int says_the_same(const mtasts_live_options *o, const mtasts_site *site)
{
    const mtasts_site *other = site->same;
    const char *mine = site->served->tlsrpt, *theirs;

    if (!other || !looked_at(o, other->served->server) ||
        mtasts_site_differs(site)) {
        return 0;
    }
    theirs = other->served->tlsrpt;
    return mine == theirs || (mine && theirs && !strcmp(mine, theirs));
}

static void add_sites(mtasts_live *live, const mtasts_live_options *o)
{
    int i, j;

    for (i = 0; i < o->servers->nelts; i++) {
        server_rec *s = APR_ARRAY_IDX(o->servers, i, server_rec *);
        const mtasts_served *served = mtasts_config_of(s)->served;

        for (j = 0; looked_at(o, s) && j < served->sites->nelts; j++) {
            mtasts_live_site *l = apr_array_push(live->sites);

            memset(l, 0, sizeof(*l));
            l->site = &APR_ARRAY_IDX(served->sites, j, mtasts_site);
            l->repeats = says_the_same(o, l->site);
        }
    }
}

static apr_status_t free_facts(void *facts)
{
    mtasts_facts_free(facts);
    return APR_SUCCESS;
}

static int collect(apr_pool_t *p, mtasts_live *live,
                   const mtasts_live_options *o)
{
    const mtasts_config *cfg = mtasts_config_of(live->main_server);
    mtasts_dns_options dns = {NULL, o->timeout_ms, 0, o->stop, o->stop_ctx};
    const char **domains;
    const char *error;
    int i;

    if (*cfg->resolver) { /* else the system's */
        dns.servers = cfg->resolver;
    }
    domains = apr_palloc(p, (apr_size_t)live->sites->nelts * sizeof(*domains));
    for (i = 0; i < live->sites->nelts; i++) {
        domains[i] =
            APR_ARRAY_IDX(live->sites, i, mtasts_live_site).site->name->value;
    }
    live->facts =
        mtasts_facts_collect(domains, (size_t)live->sites->nelts,
                                       MTASTS_ASK_MAIL, &dns, &error);
    if (!live->facts) {
        ap_log_error(APLOG_MARK, APLOG_NOERRNO | APLOG_WARNING, 0,
                     live->main_server, "mtasts: no check of DNS: %s", error);
        return 0;
    }
    apr_pool_cleanup_register(p, live->facts, free_facts,
                              apr_pool_cleanup_null);
    return 1;
}

static void compare(apr_pool_t *p, mtasts_live_site *l)
{
    const mtasts_served *served = l->site->served;
    mtasts_wanted wanted = {&served->policy, served->id, served->tlsrpt};

    l->notes = apr_array_make(p, 1, sizeof(mtasts_note));
    l->sync = mtasts_dns_check(&wanted, l->facts, mtasts_keep, l->notes);
    mtasts_notes_sort(l->notes);
}

mtasts_live *mtasts_live_run(apr_pool_t *p, const mtasts_live_options *o)
{
    mtasts_live *live = apr_pcalloc(p, sizeof(*live));
    int collected, i;

    live->main_server = APR_ARRAY_IDX(o->servers, 0, server_rec *);
    live->sites = apr_array_make(p, 16, sizeof(mtasts_live_site));
    live->by_site = apr_hash_make(p);
    add_sites(live, o);
    collected = collect(p, live, o);
    if (o->back) {
        o->back(o->back_ctx);
    }
    if (!collected) {
        return NULL;
    }
    for (i = 0; i < live->sites->nelts; i++) {
        mtasts_live_site *l = &APR_ARRAY_IDX(live->sites, i, mtasts_live_site);

        l->facts = mtasts_facts_of(live->facts, (size_t)i);
        compare(p, l);
        apr_hash_set(live->by_site, &l->site, sizeof(l->site), l);
    }
    return live;
}

const mtasts_live_site *mtasts_live_of(const mtasts_live *live,
                                       const mtasts_site *site)
{
    return live ? apr_hash_get(live->by_site, &site, sizeof(site)) : NULL;
}

int mtasts_live_blocking(const mtasts_live *live)
{
    int i, j, n = 0;

    for (i = 0; i < live->sites->nelts; i++) {
        const mtasts_live_site *l =
            &APR_ARRAY_IDX(live->sites, i, mtasts_live_site);

        if (mtasts_config_of(l->site->served->server)->check !=
            MTASTS_CHECK_STRICT) {
            continue;
        }
        for (j = 0; j < l->notes->nelts; j++) {
            n += APR_ARRAY_IDX(l->notes, j, mtasts_note).blocks;
        }
    }
    return n;
}

/* Nothing worse than info. */
static int is_fine(const mtasts_live_site *l)
{
    int i;

    for (i = 0; i < l->notes->nelts; i++) {
        if (APR_ARRAY_IDX(l->notes, i, mtasts_note).severity != MTASTS_INFO) {
            return 0;
        }
    }
    return l->sync == MTASTS_SYNC_IN_SYNC;
}

static void log_site(const mtasts_live_site *l, int *unknown)
{
    server_rec *s = l->site->served->server;
    int i;

    for (i = 0; i < l->notes->nelts; i++) {
        const mtasts_note *n = &APR_ARRAY_IDX(l->notes, i, mtasts_note);

        if (n->severity != MTASTS_UNKNOWN || ++*unknown <= UNKNOWN_MAX) {
            mtasts_note_log(s, n, 0);
        }
    }
    if (is_fine(l)) {
        ap_log_error(APLOG_MARK, APLOG_NOERRNO | APLOG_INFO, 0, s,
                     "mtasts: %s: in sync", l->site->name->value);
    }
}

void mtasts_live_log(const mtasts_live *live)
{
    int i, unknown = 0;

    for (i = 0; i < live->sites->nelts; i++) {
        const mtasts_live_site *l =
            &APR_ARRAY_IDX(live->sites, i, mtasts_live_site);

        if (!l->repeats) {
            log_site(l, &unknown);
        }
    }
    if (unknown > UNKNOWN_MAX) {
        ap_log_error(APLOG_MARK, APLOG_NOERRNO | APLOG_NOTICE, 0,
                     live->main_server,
                     "mtasts: %d more questions without an answer; apachectl "
                     "-t -D DUMP_MTASTS shows all",
                     unknown - UNKNOWN_MAX);
    }
}
