/* The worst severity of each domain, for who is told when it rises or falls. */

#include "found.h"
#include "live_private.h"

/* One of a domain, now or before. */
typedef struct {
    int worst;
    const mtasts_standing *of; /* which it is; NULL if it is 0 */
} level;

/* Domain or MX host -> level *. */
typedef apr_hash_t levels;

typedef struct {
    apr_pool_t *p;
    const mtasts_compared *c;
    mtasts_notify *notify;
    levels *is;          /* by domain */
    levels *was;         /* by domain */
    levels *mx_not_seen; /* by MX host: what stands, though it was not seen */
    levels *mx_was;      /* by MX host */
    apr_hash_t
        *findings; /* domain -> array of mtasts_standing *, once needed */
} telling;

static void raise_to(apr_pool_t *p, levels *all, const char *key,
                     const mtasts_standing *of)
{
    int worst = mtasts_worst_of(of->severity);
    level *l = apr_hash_get(all, key, APR_HASH_KEY_STRING);

    if (!l) {
        l = apr_pcalloc(p, sizeof(*l));
        apr_hash_set(all, key, APR_HASH_KEY_STRING, l);
    }
    if (worst > l->worst) {
        l->worst = worst;
        l->of = of;
    }
}

/* By the domain, or, as nobody remembers whose MX host it was, by the host. */
static void raise_by(apr_pool_t *p, levels *domains, levels *mx,
                     const mtasts_standing *s)
{
    if (!strcmp(s->scope, MTASTS_MX_SCOPE)) {
        raise_to(p, mx,
                 apr_pstrmemdup(p, s->subject, mtasts_subject_host(s->subject)),
                 s);
    }
    else if (!strncmp(s->scope, MTASTS_VHOST_SCOPE,
                      strlen(MTASTS_VHOST_SCOPE))) {
        if (!strncmp(s->subject, MTASTS_HOST_PREFIX, MTASTS_HOST_PREFIX_LEN)) {
            raise_to(p, domains, s->subject + MTASTS_HOST_PREFIX_LEN, s);
        }
    }
    else if (*s->scope) {
        raise_to(p, domains, s->scope, s);
    }
}

static void raise_all(telling *t)
{
    const mtasts_compared *c = t->c;
    int i;

    for (i = 0; i < c->founds->holders->nelts; i++) {
        const mtasts_holder *h =
            &APR_ARRAY_IDX(c->founds->holders, i, mtasts_holder);

        raise_to(t->p, t->is, h->domain, &h->found->is);
    }
    for (i = 0; i < c->not_seen->nelts; i++) {
        raise_by(t->p, t->is, t->mx_not_seen,
                 &APR_ARRAY_IDX(c->not_seen, i, mtasts_found *)->is);
    }
    for (i = 0; i < c->was->nelts; i++) {
        raise_by(t->p, t->was, t->mx_was,
                 &APR_ARRAY_IDX(c->was, i, mtasts_standing));
    }
}

/* The worse of what is known of the domain and of its MX hosts. */
static level level_of(const levels *domains, const levels *mx,
                      const char *domain, const mtasts_dns_host *hosts,
                      apr_size_t n)
{
    const level *l =
        apr_hash_get((levels *)domains, domain, APR_HASH_KEY_STRING);
    level worst = {0, NULL};
    apr_size_t i;

    if (l) {
        worst = *l;
    }
    for (i = 0; i < n; i++) {
        l = apr_hash_get((levels *)mx, hosts[i].name, APR_HASH_KEY_STRING);
        if (l && l->worst > worst.worst) {
            worst = *l;
        }
    }
    return worst;
}

/* --- what the command is told --- */

static void add_finding(telling *t, const char *domain,
                        const mtasts_standing *s)
{
    apr_array_header_t *all =
        apr_hash_get(t->findings, domain, APR_HASH_KEY_STRING);

    if (!all) {
        all = apr_array_make(t->p, 2, sizeof(s));
        apr_hash_set(t->findings, domain, APR_HASH_KEY_STRING, all);
    }
    APR_ARRAY_PUSH(all, const mtasts_standing *) = s;
}

/* Of what was not seen only what is the domain's own. */
static const apr_array_header_t *findings_of(telling *t, const char *domain)
{
    const mtasts_compared *c = t->c;
    int i;

    if (!t->findings) {
        t->findings = apr_hash_make(t->p);
        for (i = 0; i < c->founds->holders->nelts; i++) {
            const mtasts_holder *h =
                &APR_ARRAY_IDX(c->founds->holders, i, mtasts_holder);

            add_finding(t, h->domain, &h->found->is);
        }
        for (i = 0; i < c->not_seen->nelts; i++) {
            const mtasts_standing *s =
                &APR_ARRAY_IDX(c->not_seen, i, mtasts_found *)->is;

            add_finding(t, s->scope, s);
        }
    }
    return apr_hash_get(t->findings, domain, APR_HASH_KEY_STRING);
}

static void tell(telling *t, const char *domain, int was, level is)
{
    mtasts_notification n = {"severity",
                             domain,
                             NULL,
                             mtasts_worst_name(was),
                             mtasts_worst_name(is.worst),
                             NULL};

    n.text = apr_psprintf(t->p, "%s: %s, was %s", domain, n.is, n.was);
    if (is.of) {
        n.text = apr_psprintf(t->p, "%s: %s: %s: %s", n.text, is.of->subject,
                              mtasts_code_name(is.of->code), is.of->text);
    }
    if (mtasts_notify_has_room(t->notify)) {
        n.findings = findings_of(t, domain);
    }
    mtasts_notify_add(t->notify, &n);
}

static void tell_of(telling *t, const char *domain)
{
    const mtasts_dns_host *hosts = NULL;
    apr_size_t n = 0;
    int known = mtasts_mx_hosts_of(t->c->looked, domain, &hosts, &n);
    level is = level_of(t->is, t->mx_not_seen, domain, hosts, n);
    level before = level_of(t->was, t->mx_was, domain, hosts, n);
    int was = mtasts_notify_worst(t->notify, domain);

    was = was < 0 ? before.worst : was;
    /* It may have any of the MX hosts that are bad. */
    if (!known && is.worst < was) {
        return;
    }
    if (is.worst == was) {
        mtasts_notify_same(t->notify, domain, was);
    }
    else {
        tell(t, domain, was, is);
    }
}

/* A domain that is not served any more may have a finding, too. */
static void tell_of_rest(telling *t)
{
    const apr_array_header_t *holders = t->c->founds->holders;
    int i;

    for (i = 0; i < holders->nelts; i++) {
        const mtasts_holder *h = &APR_ARRAY_IDX(holders, i, mtasts_holder);

        if (h->found->is.code == MTASTS_POLICY_WITHDRAWN) {
            tell_of(t, h->domain);
        }
    }
}

void mtasts_worst_tell(const mtasts_compared *c, mtasts_notify *notify)
{
    telling t = {.p = c->live->pool, .c = c, .notify = notify};
    int i;

    t.is = apr_hash_make(t.p);
    t.was = apr_hash_make(t.p);
    t.mx_not_seen = apr_hash_make(t.p);
    t.mx_was = apr_hash_make(t.p);
    raise_all(&t);
    for (i = 0; i < c->live->sites->nelts; i++) {
        const mtasts_live_site *l = mtasts_live_at(c->live, i);

        if (!l->repeats) {
            tell_of(&t, l->site->name->value);
        }
    }
    tell_of_rest(&t);
}
