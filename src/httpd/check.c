#include "check.h"
#include "notes.h"
#include "vhost.h"

/* One run over all servers. */
typedef struct {
    apr_pool_t *pconf;
    apr_pool_t *ptemp;
    server_rec *main_server;
    apr_array_header_t *servers; /* in configured order */
    mtasts_vhosts *vhosts;
    apr_hash_t *taken;  /* "address:port domain" -> mtasts_site * */
    apr_hash_t *bodies; /* domain -> the first mtasts_site * */
    int refused;
} check;

static void check_own_wildcards(check *c, const mtasts_served *served)
{
    size_t i;

    for (i = 0; i < served->policy.nmx; i++) {
        const char *mx = served->policy.mx[i];
        mtasts_site *site;
        mtasts_finding f;

        if (strncmp(mx, "*.", 2)) {
            continue;
        }
        site = apr_hash_get(served->by_domain, mx + 2, APR_HASH_KEY_STRING);
        if (site) {
            MTASTS_FILL(&f, MTASTS_MX_OWN_WILDCARD, site->domain, mx,
                        site->domain);
            mtasts_keep_for_site(c->pconf, site, &f);
        }
    }
}

static void check_names(check *c, mtasts_site *site)
{
    const char *host =
        apr_pstrcat(c->ptemp, MTASTS_HOST_PREFIX, site->domain, NULL);
    mtasts_finding f;

    if (!strncmp(site->domain, MTASTS_HOST_PREFIX, MTASTS_HOST_PREFIX_LEN)) {
        MTASTS_FILL(&f, MTASTS_DOMAIN_PREFIX, site->domain, site->domain,
                    site->domain + MTASTS_HOST_PREFIX_LEN);
        mtasts_keep_for_site(c->pconf, site, &f);
    }
    if (!mtasts_vhost_reached_by(c->vhosts, site->served->server, host)) {
        MTASTS_FILL(&f, MTASTS_HOST_UNROUTED, site->domain, host);
        mtasts_keep_for_site(c->pconf, site, &f);
    }
}

/* Two virtual hosts on one address for one policy domain: httpd would ask
 * only one of them. */
static void check_taken(check *c, mtasts_site *site)
{
    const server_addr_rec *a;

    if (site->served->server == c->main_server) {
        return; /* it answers only where no virtual host does */
    }
    for (a = site->served->server->addrs; a; a = a->next) {
        const char *address = mtasts_vhost_address(c->ptemp, a);
        const char *key =
            apr_pstrcat(c->ptemp, address, " ", site->domain, NULL);
        const mtasts_site *other =
            apr_hash_get(c->taken, key, APR_HASH_KEY_STRING);
        mtasts_finding why;

        if (!other) {
            apr_hash_set(c->taken, key, APR_HASH_KEY_STRING, site);
            continue;
        }
        if (other->served == site->served) {
            continue; /* "<VirtualHost a b>" where both are one address */
        }
        MTASTS_FILL(&why, MTASTS_DOMAIN_TWICE, "", site->domain, address,
                    mtasts_place_text(c->ptemp, other->place));
        mtasts_refuse(&c->refused, site->place, "MTASTSDomain", &why);
    }
}

/* The domain in another virtual host as well, on another address or port:
 * which policy a sender gets would depend on the way it takes, and the TXT
 * record has one id only. */
static void check_same_policy(check *c, mtasts_site *site)
{
    const mtasts_site *first =
        apr_hash_get(c->bodies, site->domain, APR_HASH_KEY_STRING);
    mtasts_finding f;

    if (!first) {
        apr_hash_set(c->bodies, site->domain, APR_HASH_KEY_STRING, site);
    }
    else if (strcmp(first->served->id, site->served->id)) {
        MTASTS_FILL(&f, MTASTS_POLICY_DIFFERS, site->domain, site->domain,
                    mtasts_place_text(c->ptemp, first->place));
        mtasts_keep_for_site(c->pconf, site, &f);
    }
}

static mtasts_served *served_at(const check *c, int i)
{
    const server_rec *s = APR_ARRAY_IDX(c->servers, i, server_rec *);

    return mtasts_config_of(s)->served;
}

static apr_hash_t *domains_under_tls(const check *c)
{
    apr_hash_t *tls = apr_hash_make(c->ptemp);
    int i, j;

    for (i = 0; i < c->servers->nelts; i++) {
        const mtasts_served *served = served_at(c, i);

        for (j = 0; served && served->tls && j < served->sites->nelts; j++) {
            const mtasts_site *site =
                &APR_ARRAY_IDX(served->sites, j, mtasts_site);

            apr_hash_set(tls, site->domain, APR_HASH_KEY_STRING, site);
        }
    }
    return tls;
}

/* The policy may be in a virtual host for port 80 as well: only a domain that
 * is nowhere under TLS needs a word, said once for the virtual host. */
static void check_plain(const check *c)
{
    apr_hash_t *tls = domains_under_tls(c);
    int i, j;

    for (i = 0; i < c->servers->nelts; i++) {
        mtasts_served *served = served_at(c, i);

        for (j = 0; served && !served->tls && j < served->sites->nelts; j++) {
            const char *domain =
                APR_ARRAY_IDX(served->sites, j, mtasts_site).domain;
            mtasts_finding f;

            if (!apr_hash_get(tls, domain, APR_HASH_KEY_STRING)) {
                MTASTS_FILL(&f, MTASTS_VHOST_PLAIN, domain,
                            mtasts_vhost_name(c->ptemp, served->server));
                mtasts_keep(served->notes, &f);
                break;
            }
        }
    }
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
    for (i = 0; i < cfg->served->sites->nelts; i++) {
        mtasts_site *site = &APR_ARRAY_IDX(cfg->served->sites, i, mtasts_site);

        check_names(c, site);
        check_taken(c, site);
        check_same_policy(c, site);
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
    c.vhosts = mtasts_vhosts_read(ptemp, main_server);
    c.taken = apr_hash_make(ptemp);
    c.bodies = apr_hash_make(ptemp);
    c.refused = 0;
    for (i = 0; i < c.servers->nelts; i++) {
        prepare_server(&c, APR_ARRAY_IDX(c.servers, i, server_rec *));
    }
    if (!c.refused) {
        check_engines(&c);
    }
    if (c.refused) {
        return HTTP_INTERNAL_SERVER_ERROR;
    }
    check_plain(&c);
    /* A start logs them when its logs are open; the dump shows them. */
    if (ap_state_query(AP_SQ_RUN_MODE) == AP_SQ_RM_CONFIG_TEST &&
        !ap_exists_config_define("DUMP_MTASTS") &&
        !ap_exists_config_define("DUMP_MTASTS_JSON")) {
        mtasts_notes_log(c.servers);
    }
    return OK;
}

int mtasts_post_config(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp,
                       server_rec *main_server)
{
    (void)pconf;
    (void)plog;
    if (ap_state_query(AP_SQ_MAIN_STATE) != AP_SQ_MS_CREATE_PRE_CONFIG) {
        mtasts_notes_log(mtasts_servers(ptemp, main_server));
    }
    return OK;
}
