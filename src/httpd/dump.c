#include "dump.h"
#include "rollout.h"
#include "child.h"
#include "notes.h"
#include "vhost.h"

#include <signal.h>
#include <stdio.h>

int mtasts_dump_wanted(void)
{
    return ap_exists_config_define("DUMP_MTASTS") ||
           ap_exists_config_define("DUMP_MTASTS_FETCH") ||
           ap_exists_config_define("DUMP_MTASTS_JSON");
}

void mtasts_dump_each(apr_pool_t *p, const apr_array_header_t *servers,
                      mtasts_site_fn *visit, void *ctx)
{
    mtasts_sites sites = {servers, 0, 0};
    const mtasts_site *site;
    apr_pool_t *sub;

    apr_pool_create(&sub, p);
    while ((site = mtasts_sites_next(&sites)) != NULL) {
        visit(sub, site, ctx);
        apr_pool_clear(sub);
    }
    apr_pool_destroy(sub);
}

apr_array_header_t *mtasts_dump_notes(apr_pool_t *p, const mtasts_site *site,
                                      const mtasts_live_site *l, int once)
{
    apr_array_header_t *notes = mtasts_site_notes(p, site);
    int i;

    for (i = 0; l && i < l->notes->nelts; i++) {
        const mtasts_note *n = &APR_ARRAY_IDX(l->notes, i, mtasts_note);

        if (!once || !l->repeats || n->about == MTASTS_ABOUT_VHOST) {
            APR_ARRAY_PUSH(notes, mtasts_note) = *n;
        }
    }
    mtasts_notes_sort(notes);
    return notes;
}

char *mtasts_dump_time(apr_pool_t *p, apr_int64_t seconds)
{
    apr_time_exp_t t;

    apr_time_exp_gmt(&t, apr_time_from_sec(seconds));
    return apr_psprintf(p, "%04d-%02d-%02dT%02d:%02d:%02dZ", t.tm_year + 1900,
                        t.tm_mon + 1, t.tm_mday, t.tm_hour, t.tm_min, t.tm_sec);
}

const char *mtasts_dump_name(const mtasts_cert_facts *cert, const char *name)
{
    const char *end = cert->names + sizeof(cert->names);

    name = name ? name + strlen(name) + 1 : cert->names;
    return cert->nnames && name < end && *name ? name : NULL;
}

typedef struct {
    apr_pool_t *p;
    const apr_array_header_t *servers;
    mtasts_live_options live;
} dumping;

static void print(const dumping *d, const mtasts_live *live)
{
    if (ap_exists_config_define("DUMP_MTASTS_JSON")) {
        mtasts_dump_json(d->p, d->servers, live);
    }
    else {
        mtasts_dump_text(d->p, d->servers, live);
    }
    if (fflush(stdout) || ferror(stdout)) {
        ap_log_error(APLOG_MARK, APLOG_STARTUP, 0, NULL,
                     "mtasts: the dump could not be written in full to "
                     "standard output");
    }
}

static void recall(dumping *d)
{
    mtasts_ledger *ledger = mtasts_live_recall(d->p, &d->live);
    apr_hash_t *fetched;

    if (ledger && mtasts_ledger_read_fetches(ledger, d->p, NULL, &fetched)) {
        d->live.fetched = fetched;
    }
}

/* In the child: all that has to do with the network, printing included. */
static int look_and_print(void *ctx, mtasts_child *child)
{
    dumping *d = ctx;
    mtasts_live *live;

    d->live.stop = mtasts_child_orphaned;
    d->live.stop_ctx = child;
    d->live.back = mtasts_child_back;
    d->live.back_ctx = child;
    recall(d);
    mtasts_rollout_begin(d->p, d->servers, d->live.known);
    live = mtasts_live_run(d->p, &d->live);
    signal(SIGPIPE, SIG_DFL); /* "| head" ends it, as it does others */
    print(d, live);
    return live && mtasts_live_blocking(live) > 0;
}

int mtasts_dump(apr_pool_t *p, server_rec *main_server)
{
    const mtasts_config *cfg = mtasts_config_of(main_server);
    dumping d = {p, mtasts_servers(p, main_server), {0}};
    mtasts_child_end end = MTASTS_CHILD_NONE;
    unsigned looks = MTASTS_LOOK_DNS | MTASTS_LOOK_CERT | MTASTS_LOOK_MX;

    /* Whoever asks for it knows which server answers now. */
    if (ap_exists_config_define("DUMP_MTASTS_FETCH")) {
        looks |= MTASTS_LOOK_FETCH;
    }
    d.live.servers = d.servers;
    d.live.warn = d.live.strict = looks;
    d.live.keep_fetches = 1;
    d.live.timeout_ms = cfg->check_timeout * 1000;
    if (mtasts_live_wanted(p, &d.live)) {
        end = mtasts_in_child(p, main_server, mtasts_live_limit(&d.live),
                              look_and_print, &d);
    }
    if (end == MTASTS_CHILD_NONE) {
        print(&d, NULL);
    }
    return end == MTASTS_CHILD_BLOCKS;
}
