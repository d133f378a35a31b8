/* Could this run have found again what stood before?  What is not known has not
 * become right. */

#include "found.h"
#include "live_private.h"
#include "../core/area.h"
#include "../core/cert_check.h"

/* Tables are made when they are first needed: most runs change nothing. */
struct mtasts_looked {
    apr_pool_t *p;
    const mtasts_live *live;
    apr_hash_t *domains; /* domain -> its first mtasts_live_site * */
    int *next;          /* of each site the index of the domain's next, or -1 */
    apr_hash_t *vhosts; /* scope and subject -> mtasts_live_site * */
    apr_hash_t *mx;     /* "HOST [ADDRESS]" -> const mtasts_probe * */
    apr_hash_t *mx_hosts; /* HOST -> mx_host * */
    int mx_complete;      /* no MX host can have been missed */
};

typedef struct {
    const mtasts_dns_host *host;
    const mtasts_live_site *first; /* that has it */
} mx_host;

mtasts_looked *mtasts_looked_of(apr_pool_t *p, const mtasts_live *live)
{
    mtasts_looked *k = apr_pcalloc(p, sizeof(*k));

    k->p = p;
    k->live = live;
    return k;
}

static unsigned looks_at(const mtasts_looked *k, const mtasts_live_site *l)
{
    return mtasts_live_looks(k->live->options, l->site->served->server);
}

/* --- by domain --- */

static void find_domains(mtasts_looked *k)
{
    const apr_array_header_t *sites = k->live->sites;
    int i;

    k->domains = apr_hash_make(k->p);
    k->next = apr_palloc(k->p, (apr_size_t)sites->nelts * sizeof(int) + 1);
    for (i = sites->nelts - 1; i >= 0; i--) {
        const mtasts_live_site *l = mtasts_live_at(k->live, i), *first;

        first =
            apr_hash_get(k->domains, l->site->name->value, APR_HASH_KEY_STRING);
        k->next[i] = first ? (int)(first - mtasts_live_at(k->live, 0)) : -1;
        apr_hash_set(k->domains, l->site->name->value, APR_HASH_KEY_STRING, l);
    }
}

static const mtasts_live_site *site_of(mtasts_looked *k, const char *domain)
{
    if (!k->domains) {
        find_domains(k);
    }
    return apr_hash_get(k->domains, domain, APR_HASH_KEY_STRING);
}

/* The same domain in another virtual host, or NULL. */
static const mtasts_live_site *next_site(const mtasts_looked *k,
                                         const mtasts_live_site *l)
{
    int next = k->next[l - mtasts_live_at(k->live, 0)];

    return next < 0 ? NULL : mtasts_live_at(k->live, next);
}

int mtasts_was_looked_at(mtasts_looked *k, const char *domain)
{
    return site_of(k, domain) != NULL;
}

int mtasts_mx_hosts_of(mtasts_looked *k, const char *domain,
                       const mtasts_dns_host **hosts, apr_size_t *n)
{
    const mtasts_live_site *l = site_of(k, domain);
    const mtasts_dns_facts *facts = l ? l->facts : NULL;

    if (!facts || !facts->mx || !mtasts_dns_tells(facts, MTASTS_MX_UNMATCHED)) {
        return 0;
    }
    *hosts = facts->own_host ? facts->own_host : facts->mx_hosts;
    *n = facts->own_host ? 1 : facts->mx->nmx;
    return 1;
}

/* What was right a short while ago was not fetched again, so that it is local was
 * not seen. */
static int tried_tells(const mtasts_live_tried *t, mtasts_code code)
{
    return t->remembered ? code != MTASTS_FETCH_LOCAL
                         : mtasts_fetch_tells(t->result, t->has_cert, code);
}

static const mtasts_live_tried *tried_of(const mtasts_live_site *l,
                                         const char *subject)
{
    apr_size_t host = mtasts_subject_host(subject);
    int i;

    for (i = 0; l->tried && subject[host] && i < l->tried->nelts; i++) {
        const mtasts_live_tried *t =
            &APR_ARRAY_IDX(l->tried, i, mtasts_live_tried);
        apr_size_t len = strlen(t->address);

        if (!strncmp(subject + host + 2, t->address, len) &&
            subject[host + 2 + len] == ']') {
            return t;
        }
    }
    return NULL;
}

static int fetch_told(const mtasts_looked *k, const mtasts_live_site *l,
                      const mtasts_standing *old)
{
    const mtasts_live_tried *t = tried_of(l, old->subject);

    if (!mtasts_config_of(l->site->served->server)->probe_host) {
        return 1; /* it is not looked at any more */
    }
    if (!l->tried || !(looks_at(k, l) & MTASTS_LOOK_FETCH)) {
        return 0;
    }
    if (t) {
        return tried_tells(t, old->code);
    }
    return mtasts_dns_tells(l->facts, MTASTS_HOST_MISSING);
}

static int cached_tls_told(mtasts_looked *k, const mtasts_live_site *l,
                           const mtasts_standing *old);

static int history_told(mtasts_looked *k, const mtasts_live_site *l,
                        const mtasts_standing *old)
{
    switch (old->code) {
    case MTASTS_HELD_BACK:
        return 1;
    case MTASTS_ROLLOUT_UNPLACED:
        return l->facts != NULL;
    case MTASTS_PUBLISH_NOW:
    case MTASTS_PUBLISH_FAILED:
    case MTASTS_PUBLISH_FOREIGN:
    case MTASTS_PUBLISH_DIFFERS:
    case MTASTS_PUBLISH_QUORUM:
        return l->facts != NULL && !k->live->options->starting;
    default:
        break;
    }
    if (!mtasts_live_has_ledger(k->live)) {
        return 0;
    }
    switch (old->code) {
    case MTASTS_CACHED_MX_UNMATCHED:
        return l->facts && mtasts_dns_tells(l->facts, MTASTS_MX_UNMATCHED);
    case MTASTS_CACHED_MX_TLS:
        return cached_tls_told(k, l, old);
    default:
        return 1;
    }
}

/* Without the ledger nobody knows whose an id was. */
static int txt_told(const mtasts_looked *k, const mtasts_live_site *l,
                    const mtasts_standing *old)
{
    return mtasts_dns_tells(l->facts, old->code) &&
           ((old->code != MTASTS_TXT_STALE && old->code != MTASTS_TXT_AHEAD) ||
            mtasts_live_has_ledger(k->live) || l->sync == MTASTS_SYNC_IN_SYNC);
}

/* That another virtual host is at an address is said with the fetches. */
static int host_told(const mtasts_live_site *l, const mtasts_standing *old)
{
    return mtasts_dns_tells(l->facts, old->code) &&
           (old->code != MTASTS_HOST_ELSEWHERE || l->tried ||
            !mtasts_config_of(l->site->served->server)->probe_host);
}

static int site_told(mtasts_looked *k, const mtasts_live_site *l,
                     const mtasts_standing *old)
{
    switch (mtasts_code_area(old->code)) {
    case MTASTS_AREA_FETCH:
    case MTASTS_AREA_FETCH_CERT:
        return fetch_told(k, l, old);
    case MTASTS_AREA_HISTORY:
        return history_told(k, l, old);
    case MTASTS_AREA_TXT:
        return l->facts && txt_told(k, l, old);
    case MTASTS_AREA_HOST:
        return l->facts && host_told(l, old);
    default:
        return l->facts && mtasts_dns_tells(l->facts, old->code);
    }
}

/* Any of its virtual hosts may have been where it was found. */
static int domain_told(mtasts_looked *k, const mtasts_standing *old)
{
    const mtasts_live_site *l = site_of(k, old->scope);

    if (old->code == MTASTS_POLICY_WITHDRAWN) {
        return mtasts_live_has_ledger(k->live);
    }
    if (!l) {
        return !k->live->options->only;
    }
    while (l && (l->repeats || site_told(k, l, old))) {
        l = next_site(k, l);
    }
    return !l;
}

/* --- by virtual host --- */

static const mtasts_live_site *vhost_site_of(mtasts_looked *k,
                                             const mtasts_standing *old)
{
    int i;

    if (!k->vhosts) {
        k->vhosts = apr_hash_make(k->p);
        for (i = 0; i < k->live->sites->nelts; i++) {
            const mtasts_live_site *l = mtasts_live_at(k->live, i);

            apr_hash_set(
                k->vhosts,
                apr_pstrcat(k->p,
                            mtasts_vhost_scope(k->p, l->site->served->server),
                            " " MTASTS_HOST_PREFIX, l->site->name->value, NULL),
                APR_HASH_KEY_STRING, l);
        }
    }
    return apr_hash_get(k->vhosts,
                        apr_pstrcat(k->p, old->scope, " ", old->subject, NULL),
                        APR_HASH_KEY_STRING);
}

static int vhost_told(mtasts_looked *k, const mtasts_standing *old)
{
    const mtasts_live_site *l = vhost_site_of(k, old);
    mtasts_vhost_tls tls;

    if (!l) {
        return !k->live->options->only;
    }
    if (!mtasts_live_vhost_tls(k->live, l->site, &tls)) {
        return !l->site->served->tls;
    }
    return old->code == MTASTS_CERT_UNREAD   ? 1
           : old->code == MTASTS_TLS_VERSION ? tls.tls12 >= 0
                                             : tls.ncerts > 0;
}

/* --- MX hosts --- */

static void add_mx_host(mtasts_looked *k, const mtasts_live_site *l,
                        const mtasts_dns_host *host)
{
    mx_host *m;

    if (!apr_hash_get(k->mx_hosts, host->name, APR_HASH_KEY_STRING)) {
        m = apr_palloc(k->p, sizeof(*m));
        m->host = host;
        m->first = l;
        apr_hash_set(k->mx_hosts, host->name, APR_HASH_KEY_STRING, m);
    }
}

static void add_mx(mtasts_looked *k, const mtasts_live_site *l)
{
    char subject[MTASTS_NAME_SIZE + MTASTS_ADDRESS_SIZE + 4];
    const mtasts_dns_facts *facts = l->facts;
    apr_size_t i;
    int j;

    for (j = 0; l->mx && j < l->mx->nelts; j++) {
        const mtasts_probe *probe =
            APR_ARRAY_IDX(l->mx, j, mtasts_live_mx).probe;

        mtasts_probe_subject(probe, subject);
        if (!apr_hash_get(k->mx, subject, APR_HASH_KEY_STRING)) {
            apr_hash_set(k->mx, apr_pstrdup(k->p, subject), APR_HASH_KEY_STRING,
                         probe);
        }
    }
    for (i = 0; facts->mx && i < facts->mx->nmx; i++) {
        add_mx_host(k, l, &facts->mx_hosts[i]);
    }
    if (facts->own_host) {
        add_mx_host(k, l, facts->own_host);
    }
}

static void find_mx(mtasts_looked *k)
{
    const mtasts_live *live = k->live;
    int i;

    if (k->mx) {
        return;
    }
    k->mx = apr_hash_make(k->p);
    k->mx_hosts = apr_hash_make(k->p);
    k->mx_complete = !live->options->only;
    for (i = 0; i < live->sites->nelts; i++) {
        const mtasts_live_site *l = mtasts_live_at(live, i);
        const server_rec *s = l->site->served->server;

        if (l->facts) {
            add_mx(k, l);
        }
        /* Where the probe is off, nothing was missed. */
        if (mtasts_config_of(s)->probe_mx &&
            (!l->mx || !mtasts_dns_tells(l->facts, MTASTS_MX_NOADDRESS))) {
            k->mx_complete = 0;
        }
    }
}

static const mx_host *mx_host_of(mtasts_looked *k, const char *subject)
{
    find_mx(k);
    return apr_hash_get(k->mx_hosts, subject,
                        (apr_ssize_t)mtasts_subject_host(subject));
}

static int dane_told(mtasts_looked *k, const mtasts_standing *old)
{
    const mx_host *m = mx_host_of(k, old->subject);

    return m ? m->host->tlsa && m->host->tlsa->status != MTASTS_DNS_TEMPFAIL
             : k->mx_complete;
}

static int mx_told(mtasts_looked *k, const mtasts_standing *old)
{
    const mtasts_probe *probe;

    find_mx(k);
    if (mtasts_code_area(old->code) == MTASTS_AREA_DANE) {
        return dane_told(k, old);
    }
    probe = apr_hash_get(k->mx, old->subject, APR_HASH_KEY_STRING);
    return probe ? mtasts_mx_tells(probe, old->code) : k->mx_complete;
}

/* It names the fault of the host, which may be any: only TLS that is up tells
 * that there is none. */
static int cached_tls_told(mtasts_looked *k, const mtasts_live_site *l,
                           const mtasts_standing *old)
{
    const mtasts_probe *probe;

    find_mx(k);
    probe = apr_hash_get(k->mx, old->subject, APR_HASH_KEY_STRING);
    return probe ? probe->result == MTASTS_PROBE_OK
                 : l->mx && mtasts_dns_tells(l->facts, MTASTS_MX_NOADDRESS);
}

static int is_of_vhost(const mtasts_standing *old)
{
    return !strncmp(old->scope, MTASTS_VHOST_SCOPE, strlen(MTASTS_VHOST_SCOPE));
}

int mtasts_could_find(mtasts_looked *k, const mtasts_standing *old)
{
    if (!*old->scope) {
        return old->code != MTASTS_RESOLVER_UNAVAILABLE || k->live->facts;
    }
    if (!strcmp(old->scope, MTASTS_MX_SCOPE)) {
        return mx_told(k, old);
    }
    return is_of_vhost(old) ? vhost_told(k, old) : domain_told(k, old);
}

server_rec *mtasts_server_of(mtasts_looked *k, const mtasts_standing *old)
{
    const mtasts_live_site *l;

    if (!strcmp(old->scope, MTASTS_MX_SCOPE)) {
        const mx_host *m = mx_host_of(k, old->subject);

        l = m ? m->first : NULL;
    }
    else {
        l = is_of_vhost(old) ? vhost_site_of(k, old) : site_of(k, old->scope);
    }
    return l ? l->site->served->server : k->live->main_server;
}

/* --- addresses that come and go --- */

/* Addresses are known, and this is none of them. */
static int is_without(const mtasts_dns_host *host, const char *address)
{
    const mtasts_dns_answer *answers[2] = {host->a, host->aaaa};
    const mtasts_dns_answer *of =
        answers[strchr(address, ':') != NULL]; /* its own family's */
    char text[MTASTS_ADDRESS_SIZE];
    apr_size_t i;

    for (i = 0; i < of->naddresses; i++) {
        const mtasts_dns_address *a = &of->addresses[i];

        if (mtasts_live_address_text(a, text) &&
            !strncmp(address, text, strlen(text)) &&
            !strcmp(address + strlen(text), "]")) {
            return 0;
        }
    }
    return of->status == MTASTS_DNS_OK;
}

int mtasts_has_moved(mtasts_looked *k, const mtasts_standing *old)
{
    apr_size_t len = mtasts_subject_host(old->subject);
    const mtasts_dns_host *host = NULL;
    const mtasts_live_site *l;

    if (old->subject[len] != ' ' || old->subject[len + 1] != '[') {
        return 0;
    }
    if (!strcmp(old->scope, MTASTS_MX_SCOPE)) {
        const mx_host *m = mx_host_of(k, old->subject);

        host = m ? m->host : NULL;
    }
    else {
        l = site_of(k, old->scope);
        host = l && l->facts ? &l->facts->policy_host : NULL;
        if (host &&
            (strncmp(host->name, old->subject, len) || host->name[len])) {
            return 0;
        }
    }
    return host && host->a && host->aaaa &&
           is_without(host, old->subject + len + 2);
}
