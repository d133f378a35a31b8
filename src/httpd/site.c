#include "site.h"
#include "alabel.h"
#include "notes.h"
#include "vhost.h"

#include "apr_atomic.h"

/* The making of one mtasts_served. */
typedef struct {
    apr_pool_t *pconf;
    apr_pool_t *ptemp;
    mtasts_served *served;
    int *refused;
} making;

mtasts_place mtasts_site_engine_place(const server_rec *s)
{
    mtasts_place engine = mtasts_config_of(s)->engine_place;

    return engine.file ? engine : mtasts_vhost_place(s);
}

const char *mtasts_site_named_by(const server_rec *s)
{
    return mtasts_config_of(s)->domains ? "MTASTSDomain"
                                        : "ServerName or ServerAlias";
}

/* --- policy domains --- */

static void add_domain(making *m, const mtasts_word *name)
{
    mtasts_served *served = m->served;
    mtasts_site *site =
        apr_hash_get(served->by_domain, name->value, APR_HASH_KEY_STRING);
    mtasts_finding f;

    if (site) {
        /* ServerName and ServerAlias may say the same name. */
        if (mtasts_config_of(served->server)->domains && !site->notes) {
            MTASTS_FILL(&f, MTASTS_DOMAIN_DUPLICATE, name->value, name->value);
            mtasts_keep_for_site(m->pconf, site, &f);
        }
        return;
    }
    site = apr_array_push(served->sites);
    memset(site, 0, sizeof(*site));
    site->name = name;
    site->served = served;
    apr_hash_set(served->by_domain, name->value, APR_HASH_KEY_STRING, site);
}

/* A ServerName or ServerAlias that begins with mta-sts. */
static void add_host_name(making *m, const char *host)
{
    const server_rec *s = m->served->server;
    /* Only the main server has no place of its own; MTASTSEngine has. */
    mtasts_place place =
        s->defn_name ? mtasts_vhost_place(s) : mtasts_site_engine_place(s);
    char domain[MTASTS_NAME_SIZE];
    mtasts_finding why;
    mtasts_word *name;

    if (!host ||
        ap_cstr_casecmpn(host, MTASTS_HOST_PREFIX, MTASTS_HOST_PREFIX_LEN)) {
        return;
    }
    if (!mtasts_domain_parse(host + MTASTS_HOST_PREFIX_LEN, domain, &why)) {
        mtasts_alabel_suggest(m->ptemp, host, &why);
        mtasts_refuse(m->refused, place, mtasts_site_named_by(s), &why);
        return;
    }
    name = apr_palloc(m->pconf, sizeof(*name));
    name->value = apr_pstrdup(m->pconf, domain);
    name->place = place;
    add_domain(m, name);
}

static void add_domains(making *m)
{
    mtasts_served *served = m->served;
    const server_rec *s = served->server;
    const apr_array_header_t *words = mtasts_config_of(s)->domains;
    int n = words ? words->nelts : 1 + (s->names ? s->names->nelts : 0);
    int i;

    /* Never grows after this: the hash points into it. */
    served->sites = apr_array_make(m->pconf, n, sizeof(mtasts_site));
    served->by_domain = apr_hash_make(m->pconf);
    if (words) {
        for (i = 0; i < n; i++) {
            add_domain(m, &APR_ARRAY_IDX(words, i, mtasts_word));
        }
        return;
    }
    add_host_name(m, s->server_hostname);
    for (i = 0; i < n - 1; i++) {
        add_host_name(m, APR_ARRAY_IDX(s->names, i, const char *));
    }
}

/* The site that the server's own name is the policy host of. */
static const mtasts_site *own_site(apr_pool_t *p, const mtasts_served *served)
{
    char *host = apr_pstrdup(p, served->server->server_hostname);
    apr_size_t len = strlen(host);

    ap_str_tolower(host);
    if (len && host[len - 1] == '.') {
        host[len - 1] = '\0';
    }
    return mtasts_site_by_host(served, host);
}

/* --- the policy --- */

/* The first domain stands for all in what is said about their policy. */
static const char *first_domain(const mtasts_served *served)
{
    return APR_ARRAY_IDX(served->sites, 0, mtasts_site).name->value;
}

static void add_patterns(making *m, mtasts_policy *policy,
                         const apr_array_header_t *words)
{
    static const char once[] = "once", twice[] = "twice";
    apr_hash_t *seen = apr_hash_make(m->ptemp);
    mtasts_served *served = m->served;
    const char **mx;
    int i;

    if (!words) {
        return;
    }
    policy->mx = mx =
        apr_palloc(m->pconf, (apr_size_t)words->nelts * sizeof(*mx));
    for (i = 0; i < words->nelts; i++) {
        const char *pattern = APR_ARRAY_IDX(words, i, mtasts_word).value;
        const char *times = apr_hash_get(seen, pattern, APR_HASH_KEY_STRING);

        if (!times) {
            mx[policy->nmx++] = pattern;
        }
        else if (times == once) {
            mtasts_finding f;

            MTASTS_FILL(&f, MTASTS_MX_DUPLICATE, first_domain(served), pattern);
            mtasts_keep(served->notes, &f);
        }
        apr_hash_set(seen, pattern, APR_HASH_KEY_STRING, times ? twice : once);
    }
}

static const char *tlsrpt_value(apr_pool_t *p, const apr_array_header_t *words)
{
    const char **uris;
    char *value;
    apr_size_t len;
    int i;

    if (!words) {
        return NULL;
    }
    uris = apr_palloc(p, (apr_size_t)words->nelts * sizeof(*uris));
    for (i = 0; i < words->nelts; i++) {
        uris[i] = APR_ARRAY_IDX(words, i, mtasts_word).value;
    }
    len = mtasts_tlsrpt_render(uris, (size_t)words->nelts, NULL, 0);
    value = apr_palloc(p, len + 1);
    mtasts_tlsrpt_render(uris, (size_t)words->nelts, value, len);
    value[len] = '\0';
    return value;
}

mtasts_site *mtasts_sites_next(mtasts_sites *at)
{
    for (; at->server < at->servers->nelts; at->server++, at->site = 0) {
        const server_rec *s =
            APR_ARRAY_IDX(at->servers, at->server, server_rec *);
        const mtasts_served *served = mtasts_config_of(s)->served;

        if (served && at->site < served->sites->nelts) {
            return &APR_ARRAY_IDX(served->sites, at->site++, mtasts_site);
        }
    }
    return NULL;
}

void mtasts_site_etag(const char *id, const char *digest,
                      char out[MTASTS_ETAG_SIZE])
{
    int by_hand = strcmp(id, digest) != 0;

    apr_snprintf(out, MTASTS_ETAG_SIZE, "\"%s%s%.8s\"", id, by_hand ? "-" : "",
                 by_hand ? digest : "");
}

/* Body, id and what the headers say of them; 0 if the body is too large to be
 * read. */
static int render(making *m, mtasts_version *v, const mtasts_config *cfg)
{
    apr_size_t len = mtasts_policy_render(&v->policy, NULL, 0);
    char *body = apr_palloc(m->pconf, len + 1);
    char *id = apr_palloc(m->pconf, MTASTS_ID_SIZE);
    char etag[MTASTS_ETAG_SIZE];

    v->content_length = apr_psprintf(m->pconf, "%" APR_SIZE_T_FMT, len);
    if (len > MTASTS_BODY_MAX) {
        mtasts_finding why;

        MTASTS_FILL(&why, MTASTS_BODY_TOO_LARGE, "", first_domain(m->served),
                    v->content_length);
        mtasts_refuse(m->refused, mtasts_site_engine_place(m->served->server),
                      "MTASTSMX", &why);
        return 0;
    }
    mtasts_policy_render(&v->policy, body, len);
    body[len] = '\0';
    v->body = body;
    v->body_len = len;
    if (!mtasts_policy_id(body, len, id)) {
        ap_log_error(APLOG_MARK, APLOG_STARTUP, 0, NULL,
                     "mtasts: OpenSSL has no SHA-256: no policy id");
        ++*m->refused;
        return 0;
    }
    v->digest = id;
    v->id = *cfg->id ? cfg->id : id;
    mtasts_site_etag(v->id, id, etag);
    v->etag = apr_pstrdup(m->pconf, etag);
    return 1;
}

/* One version, in pconf; 0 if it is refused. */
static int add_version(making *m, const mtasts_config *cfg,
                       const mtasts_policy *policy)
{
    mtasts_served *served = m->served;
    mtasts_version *v = &served->versions[served->nversions++];
    mtasts_finding why;

    v->policy = *policy;
    if (v->policy.nmx == 0 && v->policy.mode != MTASTS_MODE_NONE) {
        MTASTS_FILL(&why, MTASTS_MX_MISSING, "", first_domain(served),
                    mtasts_mode_name(v->policy.mode));
        mtasts_refuse(m->refused, mtasts_site_engine_place(served->server),
                      "MTASTSMX", &why);
        return 0;
    }
    return render(m, v, cfg);
}

/* 0 if it is refused. */
static int add_steps(making *m, const mtasts_config *cfg, mtasts_policy *policy)
{
    mtasts_served *served = m->served;
    size_t i;

    served->plan.steps = (const mtasts_step *)cfg->rollout->elts;
    served->plan.n = (size_t)cfg->rollout->nelts;
    served->plan.start = cfg->rollout_start;
    for (i = 0; i < served->plan.n; i++) {
        policy->mode = served->plan.steps[i].mode;
        policy->max_age = served->plan.steps[i].max_age;
        if (!add_version(m, cfg, policy)) {
            return 0;
        }
    }
    mtasts_plan_doubts(served->plan.steps, served->plan.n, first_domain(served),
                       mtasts_keep, served->notes);
    return 1;
}

static int is_one_id_for_all(const making *m, const mtasts_config *cfg)
{
    mtasts_finding why;

    if (!cfg->rollout || !*cfg->id) {
        return 0;
    }
    MTASTS_FILL(&why, MTASTS_ROLLOUT_ID, "", cfg->id,
                mtasts_place_text(m->ptemp, cfg->id_place));
    mtasts_refuse(m->refused, cfg->rollout_place, "MTASTSRollout", &why);
    return 1;
}

/* 0 if it is refused. */
static int add_versions(making *m, const mtasts_config *cfg)
{
    mtasts_served *served = m->served;
    mtasts_policy policy = {(mtasts_mode)cfg->mode, cfg->max_age, NULL, 0};
    const mtasts_version *last;
    apr_size_t n = cfg->rollout ? (apr_size_t)cfg->rollout->nelts : 1;

    served->versions = apr_pcalloc(m->pconf, n * sizeof(*served->versions));
    add_patterns(m, &policy, cfg->mx);
    if (is_one_id_for_all(m, cfg) ||
        !(cfg->rollout ? add_steps(m, cfg, &policy)
                       : add_version(m, cfg, &policy))) {
        return 0;
    }
    /* A plan's short max_age is meant: only where it leads is looked at. */
    last = &served->versions[served->nversions - 1];
    mtasts_policy_check(&last->policy, last->body_len, first_domain(served),
                        mtasts_keep, served->notes);
    return 1;
}

unsigned mtasts_site_step(const mtasts_site *site)
{
    apr_uint32_t step = site->step ? apr_atomic_read32(site->step) : 0;

    /* Other processes may have written it. */
    return step < site->served->nversions ? step : 0;
}

const mtasts_version *mtasts_site_version(const mtasts_site *site)
{
    return &site->served->versions[mtasts_site_step(site)];
}

mtasts_served *mtasts_served_make(apr_pool_t *pconf, apr_pool_t *ptemp,
                                  server_rec *s, int tls, int *refused)
{
    const mtasts_config *cfg = mtasts_config_of(s);
    making m = {pconf, ptemp, NULL, refused};
    mtasts_served *served = apr_pcalloc(pconf, sizeof(*served));

    m.served = served;
    served->server = s;
    served->tls = tls;
    served->notes = apr_array_make(pconf, 1, sizeof(mtasts_note));
    add_domains(&m);
    if (served->sites->nelts == 0) {
        return NULL;
    }
    served->own_site = own_site(ptemp, served);
    served->hsts = *cfg->hsts ? cfg->hsts : NULL;
    served->cache_control = *cfg->cache_control ? cfg->cache_control : NULL;
    served->tlsrpt = tlsrpt_value(pconf, cfg->tlsrpt);
    return add_versions(&m, cfg) ? served : NULL;
}

const mtasts_site *mtasts_site_by_host(const mtasts_served *served,
                                       const char *host)
{
    if (strncmp(host, MTASTS_HOST_PREFIX, MTASTS_HOST_PREFIX_LEN)) {
        return NULL;
    }
    return apr_hash_get(served->by_domain, host + MTASTS_HOST_PREFIX_LEN,
                        APR_HASH_KEY_STRING);
}

int mtasts_site_differs(const mtasts_site *site)
{
    int i;

    for (i = 0; site->notes && i < site->notes->nelts; i++) {
        mtasts_code code = APR_ARRAY_IDX(site->notes, i, mtasts_note).code;

        if (code == MTASTS_POLICY_DIFFERS || code == MTASTS_ID_DIFFERS) {
            return 1;
        }
    }
    return 0;
}
