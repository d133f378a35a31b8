#include "found.h"
#include "live_private.h"
#include "../core/area.h"

typedef struct {
    apr_pool_t *p;
    const mtasts_live *live;
    mtasts_founds *to;
    apr_hash_t *known; /* its key -> mtasts_found * */
} gathering;

const char *mtasts_vhost_scope(apr_pool_t *p, const server_rec *s)
{
    return apr_psprintf(p, MTASTS_VHOST_SCOPE "%s:%u", s->server_hostname,
                        (unsigned)s->port);
}

apr_size_t mtasts_subject_host(const char *subject)
{
    return strcspn(subject, " ");
}

static mtasts_found *add(const gathering *g, const char *scope,
                         const mtasts_note *n)
{
    mtasts_found *f = apr_pcalloc(g->p, sizeof(*f));

    f->is.scope = scope;
    f->is.subject = n->subject;
    f->is.text = n->text;
    f->is.remedy = n->remedy;
    f->is.code = n->code;
    f->is.severity = n->severity;
    f->is.of = f;
    f->about = n->about;
    f->kind = MTASTS_APPEARED;
    APR_ARRAY_PUSH(g->to->list, mtasts_found *) = f;
    return f;
}

/* What says the same of the same is one finding: an MX host is many domains', and
 * a domain may be in several virtual hosts. */
static void gather_note(const gathering *g, const mtasts_live_site *l,
                        const char *vhost, const mtasts_note *n)
{
    const char *domain = l->site->name->value;
    const char *scope = n->about == MTASTS_ABOUT_MX      ? MTASTS_MX_SCOPE
                        : n->about == MTASTS_ABOUT_VHOST ? vhost
                                                         : domain;
    const char *key = apr_psprintf(g->p, "%s %d %s %s", scope, (int)n->code,
                                   n->subject, n->text);
    mtasts_found *f = apr_hash_get(g->known, key, APR_HASH_KEY_STRING);
    mtasts_holder *holder;

    if (f) {
        f->others += n->about == MTASTS_ABOUT_MX;
    }
    else {
        f = add(g, scope, n);
        f->server = l->site->served->server;
        f->domain = domain;
        apr_hash_set(g->known, key, APR_HASH_KEY_STRING, f);
    }
    holder = apr_array_push(g->to->holders);
    holder->domain = domain;
    holder->found = f;
}

static void gather_site(const gathering *g, const mtasts_live_site *l)
{
    const char *vhost = NULL;
    int i;

    for (i = 0; i < l->notes->nelts; i++) {
        const mtasts_note *n = &APR_ARRAY_IDX(l->notes, i, mtasts_note);

        if (n->about == MTASTS_ABOUT_VHOST) {
            vhost = vhost ? vhost
                          : mtasts_vhost_scope(g->p, l->site->served->server);
        }
        else if (l->repeats) {
            continue;
        }
        gather_note(g, l, vhost, n);
    }
}

/* On the module itself, or on a domain that is not served. */
static void gather_rest(const gathering *g)
{
    const apr_array_header_t *notes = mtasts_live_notes(g->live);
    int i;

    for (i = 0; i < notes->nelts; i++) {
        const mtasts_note *n = &APR_ARRAY_IDX(notes, i, mtasts_note);
        int of_module = mtasts_code_area(n->code) == MTASTS_AREA_MODULE;
        mtasts_found *f = add(g, of_module ? "" : n->subject, n);

        f->server = g->live->main_server;
        f->domain = n->subject;
        if (!of_module) {
            mtasts_holder *holder = apr_array_push(g->to->holders);

            holder->domain = n->subject;
            holder->found = f;
        }
    }
}

void mtasts_founds_of(apr_pool_t *p, const mtasts_live *live,
                      mtasts_founds *founds)
{
    gathering g = {p, live, founds, apr_hash_make(p)};
    int i;

    founds->list = apr_array_make(p, 16, sizeof(mtasts_found *));
    founds->holders = apr_array_make(p, 16, sizeof(mtasts_holder));
    gather_rest(&g);
    for (i = 0; i < live->sites->nelts; i++) {
        gather_site(&g, mtasts_live_at(live, i));
    }
}
