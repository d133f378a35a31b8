/* The part of a run that is about domains which the ledger knows and nobody
 * serves any more. */

#include "live_private.h"
#include "notes.h"
#include "vhost.h"

static apr_hash_t *configured_domains(apr_pool_t *p,
                                      const apr_array_header_t *servers)
{
    apr_hash_t *all = apr_hash_make(p);
    mtasts_sites sites = {servers, 0, 0};
    const mtasts_site *site;

    while ((site = mtasts_sites_next(&sites)) != NULL) {
        apr_hash_set(all, site->name->value, APR_HASH_KEY_STRING, site);
    }
    return all;
}

void mtasts_live_find_withdrawn(mtasts_live *live)
{
    const mtasts_live_options *o = live->options;
    apr_hash_t *all = configured_domains(live->pool, o->servers);
    apr_hash_index_t *i;

    live->withdrawn = apr_array_make(live->pool, 1, sizeof(mtasts_withdrawn));
    if (!o->known) {
        return;
    }
    for (i = apr_hash_first(live->pool, (apr_hash_t *)o->known); i;
         i = apr_hash_next(i)) {
        apr_int64_t now = apr_time_sec(live->now);
        const mtasts_ledger_domain *d = apr_hash_this_val(i);

        if (!d->served_elsewhere &&
            !apr_hash_get(all, d->domain, APR_HASH_KEY_STRING) &&
            mtasts_removable_from(&d->history, now) > now) {
            mtasts_withdrawn *w = apr_array_push(live->withdrawn);

            w->known = d;
            w->facts = NULL;
        }
    }
}

static void add_idle_name(apr_pool_t *p, apr_hash_t *idle, const char *name,
                          const server_rec *s)
{
    char *key = apr_pstrdup(p, name);

    ap_str_tolower(key);
    if (!apr_hash_get(idle, key, APR_HASH_KEY_STRING)) {
        apr_hash_set(idle, key, APR_HASH_KEY_STRING, s);
    }
}

/* The virtual hosts without a policy: name in lower case -> server_rec *. */
static apr_hash_t *idle_vhosts(apr_pool_t *p, const apr_array_header_t *servers)
{
    apr_hash_t *idle = apr_hash_make(p);
    int i, j;

    for (i = 1; i < servers->nelts; i++) { /* 0 is the main server */
        const server_rec *s = APR_ARRAY_IDX(servers, i, server_rec *);

        if (mtasts_config_of(s)->served) {
            continue;
        }
        if (s->server_hostname) {
            add_idle_name(p, idle, s->server_hostname, s);
        }
        for (j = 0; s->names && j < s->names->nelts; j++) {
            add_idle_name(p, idle, APR_ARRAY_IDX(s->names, j, const char *), s);
        }
    }
    return idle;
}

static void find_vhost(apr_pool_t *p, apr_hash_t *idle, mtasts_gone *gone)
{
    const server_rec *s = apr_hash_get(
        idle, apr_pstrcat(p, MTASTS_HOST_PREFIX, gone->domain, NULL),
        APR_HASH_KEY_STRING);

    if (s) {
        gone->vhost = apr_psprintf(p, "%s at %s", mtasts_vhost_name(p, s),
                                   mtasts_place_text(p, mtasts_vhost_place(s)));
        gone->has_lines = mtasts_config_of(s)->first_place.file != NULL;
    }
}

/* What the TXT record is now, as the ledger will have it in the next run: else the
 * finding would say something else then, of the same. */
static const mtasts_history *with_txt(const mtasts_live *live,
                                      const mtasts_withdrawn *w)
{
    const mtasts_history *known = &w->known->history;
    char id[MTASTS_ID_SIZE];
    mtasts_history *history;
    mtasts_txt_seen *txt;

    if (!mtasts_live_sees_txt(w->facts, id) ||
        (known->ntxt && !strcmp(known->txt->id, id))) {
        return known;
    }
    history = apr_pmemdup(live->pool, known, sizeof(*known));
    txt = apr_palloc(live->pool, (known->ntxt + 1) * sizeof(*txt));
    txt->id = apr_pstrdup(live->pool, id);
    txt->since = txt->until = apr_time_sec(live->now);
    txt->cached = mtasts_txt_cached(w->facts->txt->ttl);
    if (known->ntxt) {
        memcpy(txt + 1, known->txt, known->ntxt * sizeof(*txt));
    }
    history->txt = txt;
    history->ntxt++;
    return history;
}

/* The start doesn't write down that it is not served any more, so that it has no
 * date yet: the watch, which does, says it. */
static int is_left_to_watch(const mtasts_live *live, const mtasts_withdrawn *w)
{
    const mtasts_history *history = &w->known->history;

    return live->options->starting && history->npast &&
           history->past->last_served > apr_time_sec(live->now);
}

void mtasts_live_withdrawn_check(mtasts_live *live)
{
    apr_hash_t *idle = live->withdrawn->nelts
                           ? idle_vhosts(live->pool, live->options->servers)
                           : NULL;
    int i;

    for (i = 0; i < live->withdrawn->nelts; i++) {
        const mtasts_withdrawn *w =
            &APR_ARRAY_IDX(live->withdrawn, i, mtasts_withdrawn);
        mtasts_gone gone = {w->known->domain, with_txt(live, w), NULL, 0};

        if (!is_left_to_watch(live, w)) {
            find_vhost(live->pool, idle, &gone);
            mtasts_withdrawn_check(&gone, apr_time_sec(live->now), mtasts_keep,
                                   live->notes);
        }
    }
}
