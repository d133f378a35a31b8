#include "check.h"
#include "dump.h"
#include "notes.h"
#include "released.h"
#include "vhost.h"

/* One run over all servers. */
typedef struct {
    apr_pool_t *pconf;
    apr_pool_t *ptemp;
    server_rec *main_server;
    apr_array_header_t *servers; /* in configured order */
    mtasts_vhosts *vhosts;
    apr_hash_t *by_domain; /* domain -> its last mtasts_site * so far */
    int refused;
} check;

static mtasts_served *served_at(const check *c, int i)
{
    const server_rec *s = APR_ARRAY_IDX(c->servers, i, server_rec *);

    return mtasts_config_of(s)->served;
}

static mtasts_site *site_at(const mtasts_served *served, int i)
{
    return &APR_ARRAY_IDX(served->sites, i, mtasts_site);
}

/* --- one server alone --- */

static void check_own_wildcards(check *c, const mtasts_served *served)
{
    /* All versions have the same. */
    const mtasts_policy *policy = &served->versions[0].policy;
    size_t i;

    for (i = 0; i < policy->nmx; i++) {
        const char *mx = policy->mx[i];
        mtasts_site *site;
        mtasts_finding f;

        if (strncmp(mx, "*.", 2)) {
            continue;
        }
        site = apr_hash_get(served->by_domain, mx + 2, APR_HASH_KEY_STRING);
        if (site) {
            MTASTS_FILL(&f, MTASTS_MX_OWN_WILDCARD, site->name->value, mx,
                        site->name->value);
            mtasts_keep_for_site(c->pconf, site, &f);
        }
    }
}

static void check_names(check *c, mtasts_site *site)
{
    char host[MTASTS_NAME_SIZE];
    const server_rec *other;
    mtasts_finding f;

    apr_snprintf(host, sizeof(host), MTASTS_HOST_PREFIX "%s",
                 site->name->value);
    if (!strncmp(site->name->value, MTASTS_HOST_PREFIX,
                 MTASTS_HOST_PREFIX_LEN)) {
        MTASTS_FILL(&f, MTASTS_DOMAIN_PREFIX, site->name->value,
                    site->name->value,
                    site->name->value + MTASTS_HOST_PREFIX_LEN);
        mtasts_keep_for_site(c->pconf, site, &f);
    }
    other = mtasts_vhost_instead(c->vhosts, site->served->server, host);
    if (other) {
        MTASTS_FILL(&f, MTASTS_HOST_UNROUTED, site->name->value, host,
                    mtasts_vhost_name(c->ptemp, other),
                    mtasts_place_text(c->ptemp, mtasts_vhost_place(other)));
        mtasts_keep_for_site(c->pconf, site, &f);
    }
}

/* --- one domain in several servers --- */

/* Two virtual hosts on one address for one policy domain: httpd would ask
 * only one of them.  The main server answers only where none does. */
static int check_taken(check *c, const mtasts_site *site,
                       const mtasts_site *other)
{
    const char *address = mtasts_vhost_common_address(
        c->ptemp, site->served->server, other->served->server);
    mtasts_finding why;

    if (!address) {
        return 0;
    }
    MTASTS_FILL(
        &why, MTASTS_DOMAIN_TWICE, "", site->name->value, address,
        mtasts_place_text(c->ptemp, mtasts_vhost_place(other->served->server)));
    mtasts_refuse(&c->refused, mtasts_vhost_place(site->served->server),
                  mtasts_site_named_by(site->served->server), &why);
    return 1;
}

static void note_differs(check *c, mtasts_code code, mtasts_site *site,
                         const mtasts_site *other)
{
    mtasts_finding f;

    if (mtasts_site_differs(site)) {
        return; /* once is enough, however many others there are */
    }
    MTASTS_FILL(&f, code, site->name->value, site->name->value,
                mtasts_place_text(c->ptemp, other->name->place));
    mtasts_keep_for_site(c->pconf, site, &f);
}

/* Of plans every step counts. */
static int is_same_policy(const mtasts_served *a, const mtasts_served *b)
{
    unsigned i = 0;

    while (i < a->nversions && i < b->nversions &&
           !strcmp(a->versions[i].body, b->versions[i].body)) {
        i++;
    }
    return i == a->nversions && i == b->nversions;
}

static void compare(check *c, mtasts_site *site, mtasts_site *other)
{
    mtasts_code code;

    if (!is_same_policy(site->served, other->served)) {
        code = MTASTS_POLICY_DIFFERS;
    }
    else if (strcmp(mtasts_site_version(site)->id,
                    mtasts_site_version(other)->id)) {
        code = MTASTS_ID_DIFFERS;
    }
    else {
        return;
    }
    note_differs(c, code, site, other);
    note_differs(c, code, other, site);
}

/* A domain may be in several virtual hosts on different addresses and ports.
 * With different policies a sender would get one or the other, and the TXT
 * record has one id only. */
static void check_same(check *c, mtasts_site *site)
{
    mtasts_site *other;

    site->same =
        apr_hash_get(c->by_domain, site->name->value, APR_HASH_KEY_STRING);
    apr_hash_set(c->by_domain, site->name->value, APR_HASH_KEY_STRING, site);
    for (other = site->same; other; other = other->same) {
        if (check_taken(c, site, other)) {
            return;
        }
        compare(c, site, other);
    }
}

static int under_tls(const check *c, const char *domain)
{
    const mtasts_site *site =
        apr_hash_get(c->by_domain, domain, APR_HASH_KEY_STRING);

    while (site && !site->served->tls) {
        site = site->same;
    }
    return site != NULL;
}

/* The policy may be in a virtual host for port 80 as well: only a domain that
 * is nowhere under TLS needs a word, said once for the virtual host. */
static void check_plain(const check *c, const mtasts_served *served)
{
    mtasts_finding f;
    int i;

    for (i = 0; !served->tls && i < served->sites->nelts; i++) {
        const char *domain = site_at(served, i)->name->value;

        if (!under_tls(c, domain)) {
            MTASTS_FILL(&f, MTASTS_VHOST_PLAIN, domain,
                        mtasts_vhost_name(c->ptemp, served->server));
            mtasts_keep(served->notes, &f);
            return;
        }
    }
}

static void say_no_effect(const mtasts_served *served, const char *what,
                          const char *does, const char *why, const char *off)
{
    const char *domain = site_at(served, 0)->name->value;
    mtasts_finding f;

    MTASTS_FILL(&f, MTASTS_NO_EFFECT, domain, what, does, why, off);
    mtasts_keep(served->notes, &f);
}

/* Why a plan stays at its step, whatever happens, and in *off the directive by which
 * it does; NULL if it may go on. */
static const char *what_stops_plan(const mtasts_config *cfg,
                                   const mtasts_config *whole, const char **off)
{
    if (cfg->check == MTASTS_CHECK_OFF || !whole->watch_interval) {
        *off = cfg->check == MTASTS_CHECK_OFF ? "MTASTSCheck off"
                                              : "MTASTSWatchInterval Off";
        return "nobody looks while httpd runs";
    }
    if (!*whole->ledger[0]) {
        *off = "MTASTSLedger Off";
        return "nobody remembers how long it was served";
    }
    *off = "MTASTSProbeHost Off";
    return cfg->probe_host ? NULL
                           : "nobody sees whether every address serves the "
                             "policy";
}

/* What goes on by itself needs somebody who looks. */
static void check_effect(const check *c, mtasts_served *served)
{
    const mtasts_config *cfg = mtasts_config_of(served->server),
                        *whole = mtasts_config_of(c->main_server);
    const char *off = cfg->check == MTASTS_CHECK_OFF ? "MTASTSCheck off"
                      : !whole->watch_interval       ? "MTASTSWatchInterval Off"
                                                     : NULL;
    const char *why = "nobody looks while httpd runs", *stays_by;
    const char *stays = what_stops_plan(cfg, whole, &stays_by);

    served->plan_stays = cfg->rollout && stays;
    if (served->plan_stays) {
        say_no_effect(served, "MTASTSRollout", "stays at its step", stays,
                      stays_by);
    }
    if (*cfg->publish_command && (off || !cfg->probe_host)) {
        say_no_effect(served, "MTASTSPublishCommand",
                      !off ? "is never run for the _mta-sts record"
                      : whole->watch_interval ? "is never run"
                                              : "is run at most right after a "
                                                "start or reload",
                      off ? why
                          : "nobody sees whether every address serves the "
                            "policy",
                      off ? off : "MTASTSProbeHost Off");
    }
}

/* --- all servers --- */

/* Directives in a virtual host where nobody said whether to use them. */
static void check_engine_missing(check *c, server_rec *s)
{
    mtasts_config *cfg = mtasts_config_of(s);
    const char *name = mtasts_vhost_name(c->ptemp, s);
    mtasts_finding f;

    if (cfg->engine >= 0 || !cfg->first_place.file || s == c->main_server) {
        return;
    }
    MTASTS_FILL(&f, MTASTS_ENGINE_MISSING, name, name,
                mtasts_place_text(c->ptemp, cfg->first_place));
    cfg->notes = apr_array_make(c->pconf, 1, sizeof(mtasts_note));
    mtasts_keep(cfg->notes, &f);
}

/* Where MTASTSEngine On can have no effect: written in a virtual host without
 * a policy domain, or in the main server when no server at all has one.
 * Inherited by a virtual host without one, it means nothing there. */
static void check_engines(check *c)
{
    int i, any = 0;

    for (i = 0; i < c->servers->nelts; i++) {
        any = any || served_at(c, i);
    }
    for (i = any; i < c->servers->nelts; i++) { /* any: not the main server */
        const server_rec *s = APR_ARRAY_IDX(c->servers, i, server_rec *);
        const mtasts_config *cfg = mtasts_config_of(s);
        mtasts_finding why;

        if (cfg->engine && cfg->engine_place.file && !cfg->served) {
            MTASTS_FILL(&why, MTASTS_DOMAIN_MISSING, "", "");
            mtasts_refuse(&c->refused, cfg->engine_place, "MTASTSEngine", &why);
        }
    }
}

static void prepare_server(check *c, server_rec *s)
{
    mtasts_config *cfg = mtasts_config_of(s);
    int i;

    check_engine_missing(c, s);
    mtasts_config_defaults(cfg);
    if (!cfg->engine) {
        return;
    }
    cfg->served = mtasts_served_make(
        c->pconf, c->ptemp, s, mtasts_vhost_has_tls(c->vhosts, s), &c->refused);
    if (!cfg->served) {
        return;
    }
    check_own_wildcards(c, cfg->served);
    check_effect(c, cfg->served);
    for (i = 0; i < cfg->served->sites->nelts; i++) {
        check_names(c, site_at(cfg->served, i));
    }
}

static void check_all(check *c)
{
    mtasts_sites sites = {c->servers, 0, 0};
    mtasts_site *site;
    int i, n = 0;

    for (i = 0; i < c->servers->nelts; i++) {
        n += served_at(c, i) != NULL;
    }
    /* One server with a hundred thousand domains needs no comparison. */
    while (n > 1 && (site = mtasts_sites_next(&sites)) != NULL) {
        check_same(c, site);
    }
    for (i = 0; i < c->servers->nelts; i++) {
        if (served_at(c, i)) {
            check_plain(c, served_at(c, i));
        }
    }
}

int mtasts_check_config(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp,
                        server_rec *main_server)
{
    check c;
    int i;

    (void)plog;
    c.pconf = pconf;
    c.ptemp = ptemp;
    c.main_server = main_server;
    c.servers = mtasts_servers(ptemp, main_server);
    c.vhosts = mtasts_vhosts_read(ptemp, c.servers);
    c.by_domain = apr_hash_make(ptemp);
    c.refused = 0;
    for (i = 0; i < c.servers->nelts; i++) {
        prepare_server(&c, APR_ARRAY_IDX(c.servers, i, server_rec *));
    }
    if (!c.refused) {
        check_engines(&c);
        check_all(&c);
    }
    if (c.refused) {
        return HTTP_INTERNAL_SERVER_ERROR;
    }
    /* A start logs them when its logs are open; the dump shows them. */
    if (ap_state_query(AP_SQ_RUN_MODE) == AP_SQ_RM_CONFIG_TEST &&
        !mtasts_dump_wanted()) {
        mtasts_notes_log(c.servers);
    }
    return OK;
}

int mtasts_post_config(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp,
                       server_rec *main_server)
{
    apr_array_header_t *servers = mtasts_servers(ptemp, main_server);

    (void)pconf;
    (void)plog;
    mtasts_released_make(ptemp, main_server, servers);
    if (ap_state_query(AP_SQ_MAIN_STATE) == AP_SQ_MS_CREATE_PRE_CONFIG) {
        return OK;
    }
    mtasts_notes_log(servers);
    if (mtasts_dump_wanted()) {
        ap_log_error(APLOG_MARK, APLOG_NOERRNO | APLOG_WARNING, 0, main_server,
                     "mtasts: -D DUMP_MTASTS prints nothing without -t, and "
                     "httpd has started: run apachectl -t -D DUMP_MTASTS");
    }
    return OK;
}
