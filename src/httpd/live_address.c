/* The part of a run that asks whether requests which come in on the addresses of
 * the policy host reach it.  httpd takes the virtual hosts on the very address
 * first, and looks for names among these only: one on *:443 is not asked.  Which
 * addresses count is not in the configuration, but in DNS. */

#include "live_private.h"
#include "notes.h"

#define HTTPS_PORT 443

typedef struct {
    const mtasts_live *live;
    mtasts_live_site *l;
    unsigned port;
} asking;

/* Whatever answers there hands on the right policy. */
static int is_fetched_right(const mtasts_live_site *l, const char *address)
{
    int i;

    for (i = 0; l->tried && i < l->tried->nelts; i++) {
        const mtasts_live_tried *t =
            &APR_ARRAY_IDX(l->tried, i, mtasts_live_tried);

        if (t->same && !strcmp(t->address, address)) {
            return 1;
        }
    }
    return 0;
}

static const char *place_of(apr_pool_t *p, const server_rec *s)
{
    return s->is_virtual ? mtasts_place_text(p, mtasts_vhost_place(s))
                         : "the main server";
}

static void say_elsewhere(const asking *a, const char *address,
                          const server_rec *other)
{
    apr_pool_t *p = a->live->pool;
    const server_rec *s = a->l->site->served->server;
    mtasts_finding f;

    MTASTS_FILL(&f, MTASTS_HOST_ELSEWHERE, a->l->site->name->value,
                a->l->facts->policy_host.name, address,
                mtasts_address_text(p, address, a->port),
                mtasts_vhost_name(p, other), place_of(p, other),
                mtasts_vhost_name(p, s), place_of(p, s),
                apr_psprintf(p, "%u", a->port));
    mtasts_keep(a->l->notes, &f);
}

/* The first one is enough. */
static int ask_at(void *ctx, const char *address)
{
    const asking *a = ctx;
    const char *host = a->l->facts->policy_host.name;
    const server_rec *other = mtasts_vhost_at(
        a->live->vhosts, a->l->site->served->server, address, a->port, host);
    const mtasts_served *served =
        other ? mtasts_config_of(other)->served : NULL;

    if (!other || (served && mtasts_site_by_host(served, host)) ||
        is_fetched_right(a->l, address)) {
        return 1;
    }
    say_elsewhere(a, address, other);
    return 0;
}

void mtasts_live_address_check(const mtasts_live *live, mtasts_live_site *l)
{
    int port = mtasts_config_of(l->site->served->server)->probe_host;
    asking a = {live, l, port ? (unsigned)port : HTTPS_PORT};

    /* The other one may hand the policy on: the watch, which fetches, says. */
    if (live->options->running && port && !l->tried) {
        return;
    }
    mtasts_live_each_address(&l->facts->policy_host, ask_at, &a);
}
