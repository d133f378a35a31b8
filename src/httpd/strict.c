#include "strict.h"
#include "notes.h"
#include "released.h"
#include "rollout.h"
#include "../core/area.h"
#include "../core/release.h"
#include "../store/body.h"

static int is_strict(const server_rec *s)
{
    const mtasts_config *cfg = mtasts_config_of(s);

    return cfg->served && cfg->check == MTASTS_CHECK_STRICT;
}

/* --- from what was released before --- */

static int is_released(const mtasts_site *site, const mtasts_past *released)
{
    return !strcmp(released->id, mtasts_site_version(site)->id) &&
           !strcmp(released->digest, mtasts_site_version(site)->digest);
}

static int is_open(const mtasts_site *site, const mtasts_past *released)
{
    return is_released(site, released) ||
           mtasts_is_way_out(&mtasts_site_version(site)->policy,
                             &released->policy);
}

static const mtasts_ledger_domain *known_of(const apr_hash_t *known,
                                            const mtasts_site *site)
{
    return known ? apr_hash_get((apr_hash_t *)known, site->name->value,
                                APR_HASH_KEY_STRING)
                 : NULL;
}

static int is_held_in(const mtasts_site *site, const mtasts_ledger_domain *d)
{
    return d && d->held &&
           !strcmp(d->held->id, mtasts_site_version(site)->id) &&
           !strcmp(d->held->digest, mtasts_site_version(site)->digest);
}

/* `is_new` to a server that runs: that much is known without a ledger. */
static void begin_undecided(const mtasts_site *site, const apr_hash_t *known,
                            int is_new)
{
    const mtasts_ledger_domain *d = known_of(known, site);

    if (is_held_in(site, d)) {
        mtasts_released_set_because(site, d->held->because);
    }
    if ((!known && !is_new) ||
        (d && d->released && is_open(site, d->released))) {
        mtasts_released_set(site);
    }
    else if (d && d->released) {
        mtasts_released_hold(site, d->released_body, strlen(d->released_body),
                             d->released->id);
    }
    else {
        mtasts_released_hold(site, NULL, 0, NULL);
    }
}

void mtasts_strict_begin_site(const mtasts_site *site, const apr_hash_t *known)
{
    begin_undecided(site, known, mtasts_released_state(site) == MTASTS_NEW);
}

/* What is held to was carried over from the configuration before, which did not
 * look into it; and another front end may have released the policy since. */
static void begin_held(apr_pool_t *p, const mtasts_site *site,
                       const apr_hash_t *known)
{
    const mtasts_ledger_domain *d = known_of(known, site);
    mtasts_answer other;
    mtasts_policy policy;

    if ((d && d->released && is_released(site, d->released)) ||
        (mtasts_released_answer(site, &other) &&
         mtasts_body_policy(p, other.body, other.body_len, &policy) &&
         mtasts_is_way_out(&mtasts_site_version(site)->policy, &policy))) {
        mtasts_released_set(site);
    }
}

/* 1 if one was released; that nobody knew while there was no ledger. */
static int is_known(const apr_hash_t *known, const mtasts_site *site)
{
    const mtasts_ledger_domain *d = known_of(known, site);

    return d && d->released;
}

void mtasts_strict_begin(apr_pool_t *p, const apr_array_header_t *servers,
                         const apr_hash_t *known)
{
    mtasts_sites sites = {servers, 0, 0};
    const mtasts_site *site;
    apr_pool_t *each;

    apr_pool_create(&each, p);
    while ((site = mtasts_sites_next(&sites)) != NULL) {
        mtasts_release_state state = mtasts_released_state(site);

        apr_pool_clear(each);
        if (!is_strict(site->served->server) || state == MTASTS_RELEASED ||
            mtasts_rollout_is_open(site, known_of(known, site))) {
            continue; /* of a plan it is not known yet what is to be served */
        }
        if (state == MTASTS_UNDECIDED || state == MTASTS_NEW) {
            mtasts_strict_begin_site(site, known);
        }
        else if (state == MTASTS_HELD_TO_NONE && is_known(known, site)) {
            begin_undecided(site, known, 1);
        }
        else {
            begin_held(each, site, known);
        }
    }
    apr_pool_destroy(each);
}

/* --- from the checks --- */

static int holds_back(const mtasts_note *n)
{
    mtasts_finding f;

    f.code = n->code;
    f.severity = n->severity;
    f.blocks = n->blocks;
    return mtasts_holds_back(&f);
}

/* "mx-unmatched,mx-cert-expired"; NULL if nothing holds it back. */
static const char *reasons(const apr_array_header_t *notes)
{
    apr_array_header_t *names = apr_array_make(notes->pool, 2, sizeof(char *));
    int i, j;

    for (i = 0; i < notes->nelts; i++) {
        const mtasts_note *n = &APR_ARRAY_IDX(notes, i, mtasts_note);

        for (j = 0; j < names->nelts && strcmp(APR_ARRAY_IDX(names, j, char *),
                                               mtasts_code_name(n->code));
             j++) {
        }
        if (holds_back(n) && j == names->nelts) {
            APR_ARRAY_PUSH(names, const char *) = mtasts_code_name(n->code);
        }
    }
    return names->nelts ? apr_array_pstrcat(notes->pool, names, ',') : NULL;
}

static void say_held_back(const mtasts_site *site, apr_array_header_t *notes,
                          const char *why, const char *other_id, int knows_past)
{
    const char *instead =
        knows_past ? "none was released before, so nothing is served (404)"
                   : "without the ledger nobody knows of one that was released "
                     "before, so nothing is served (404)";
    mtasts_finding f;

    if (other_id) {
        instead = apr_psprintf(
            notes->pool, "the one released before, %s, goes on being served",
            other_id);
    }
    MTASTS_FILL(&f, MTASTS_HELD_BACK, site->name->value,
                mtasts_site_version(site)->id, why, instead);
    mtasts_keep(notes, &f);
}

static int is_held(const mtasts_site *site)
{
    return is_strict(site->served->server) &&
           mtasts_released_state(site) != MTASTS_RELEASED;
}

static unsigned because_of(mtasts_code code)
{
    switch (mtasts_code_area(code)) {
    case MTASTS_AREA_MX_TLS:
    case MTASTS_AREA_MX_CERT:
    case MTASTS_AREA_DANE:
        return MTASTS_BECAUSE_MX_TLS;
    case MTASTS_AREA_CERT:
        return MTASTS_BECAUSE_CERT;
    case MTASTS_AREA_HISTORY:
        return MTASTS_BECAUSE_PAST;
    default:
        return 0;
    }
}

static unsigned because(const apr_array_header_t *notes)
{
    unsigned all = 0;
    int i;

    for (i = 0; i < notes->nelts; i++) {
        const mtasts_note *n = &APR_ARRAY_IDX(notes, i, mtasts_note);

        all |= holds_back(n) ? because_of(n->code) : 0;
    }
    return all;
}

/* Which reasons the checks could not look into. */
static unsigned out_of_sight(const mtasts_strict_checked *c)
{
    return (c->knows_mx_tls ? 0 : MTASTS_BECAUSE_MX_TLS) |
           (c->knows_cert ? 0 : MTASTS_BECAUSE_CERT) |
           (c->knows_past ? 0 : MTASTS_BECAUSE_PAST);
}

/* Without the ledger that much is known of ids: a policy with the id of the one
 * that is served in its place is another one. */
static int is_id_of_other(const mtasts_strict_checked *c)
{
    mtasts_answer other;

    return !c->knows_past && mtasts_released_answer(c->site, &other) &&
           !strcmp(other.id, mtasts_site_version(c->site)->id);
}

/* Where port 25 is closed to this machine TLS is never known, so that it counts
 * only if it was wrong; and so does the rest. */
static const char *not_known(const mtasts_strict_checked *c)
{
    unsigned seen = mtasts_released_because(c->site) & out_of_sight(c);

    if (mtasts_site_version(c->site)->policy.mode == MTASTS_MODE_ENFORCE &&
        !c->knows_mx) {
        return mtasts_code_name(MTASTS_DNS_UNKNOWN);
    }
    if (seen & MTASTS_BECAUSE_MX_TLS) {
        return mtasts_code_name(MTASTS_MX_UNREACHABLE);
    }
    if (seen & MTASTS_BECAUSE_CERT) {
        return mtasts_code_name(MTASTS_CERT_UNREAD);
    }
    if (seen & MTASTS_BECAUSE_PAST) {
        return mtasts_code_name(MTASTS_LEDGER_UNAVAILABLE);
    }
    return is_id_of_other(c) ? mtasts_code_name(MTASTS_ID_REUSED) : NULL;
}

const char *mtasts_strict_why(const mtasts_strict_checked *c)
{
    const char *why;
    unsigned seen;

    if (!is_held(c->site)) {
        return NULL;
    }
    why = reasons(c->notes);
    if (why) {
        seen = mtasts_released_because(c->site) & out_of_sight(c);
        mtasts_released_set_because(c->site, because(c->notes) | seen);
    }
    return why ? why : not_known(c);
}

int mtasts_strict_decide(const mtasts_strict_checked *c, const char *why)
{
    mtasts_answer other;

    if (!is_held(c->site)) {
        return 0;
    }
    if (!why) {
        mtasts_released_set(c->site);
        return 1;
    }
    say_held_back(c->site, c->notes, why,
                  mtasts_released_answer(c->site, &other) ? other.id : NULL,
                  c->knows_past);
    return 0;
}

/* --- for the ledger --- */

/* What all virtual hosts of a domain are held back for. */
typedef struct {
    const mtasts_site *site; /* one of them */
    unsigned because;
} holding;

/* domain -> holding *, of those for which a reason is known. */
static apr_hash_t *all_held(apr_pool_t *p, const apr_array_header_t *servers)
{
    apr_hash_t *all = apr_hash_make(p);
    mtasts_sites sites = {servers, 0, 0};
    const mtasts_site *site;

    while ((site = mtasts_sites_next(&sites)) != NULL) {
        const char *domain = site->name->value;
        unsigned seen = is_held(site) ? mtasts_released_because(site) : 0;
        holding *h =
            seen ? apr_hash_get(all, domain, APR_HASH_KEY_STRING) : NULL;

        if (seen && !h) {
            h = apr_pcalloc(p, sizeof(*h));
            h->site = site;
            apr_hash_set(all, domain, APR_HASH_KEY_STRING, h);
        }
        if (h) {
            h->because |= seen;
        }
    }
    return all;
}

static int write_held(apr_pool_t *p, mtasts_ledger *ledger,
                      const apr_hash_t *known, const holding *h)
{
    const mtasts_version *v = mtasts_site_version(h->site);
    const mtasts_ledger_domain *d = known_of(known, h->site);
    const mtasts_ledger_held held = {v->digest, v->id, h->because};

    return (is_held_in(h->site, d) && d->held->because == h->because) ||
           mtasts_ledger_hold(ledger, p, h->site->name->value, &held);
}

int mtasts_strict_remember(apr_pool_t *p, const apr_array_header_t *servers,
                           mtasts_ledger *ledger, const apr_hash_t *known)
{
    apr_hash_t *held = all_held(p, servers);
    int ok = mtasts_ledger_begin(ledger, p);
    apr_hash_index_t *i;

    for (i = apr_hash_first(p, held); ok && i; i = apr_hash_next(i)) {
        ok = write_held(p, ledger, known, apr_hash_this_val(i));
    }
    for (i = apr_hash_first(p, (apr_hash_t *)known); ok && i;
         i = apr_hash_next(i)) {
        const mtasts_ledger_domain *d = apr_hash_this_val(i);

        ok = !d->held || apr_hash_get(held, d->domain, APR_HASH_KEY_STRING) ||
             mtasts_ledger_hold(ledger, p, d->domain, NULL);
    }
    return mtasts_ledger_end(ledger, ok) && ok;
}

/* --- under httpd -t --- */

int mtasts_strict_would_refuse(const mtasts_site *site,
                               const mtasts_ledger_domain *known,
                               apr_array_header_t *notes)
{
    const mtasts_past *released = known ? known->released : NULL;
    const char *why;

    if (!is_strict(site->served->server) ||
        mtasts_site_version(site)->policy.mode == MTASTS_MODE_NONE ||
        (released && is_open(site, released))) {
        return 0;
    }
    why = reasons(notes);
    if (why) {
        say_held_back(site, notes, why, released ? released->id : NULL, 1);
    }
    return 1;
}
