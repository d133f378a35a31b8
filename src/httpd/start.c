#include "start.h"
#include "child.h"
#include "dump.h"
#include "live.h"
#include "memory.h"
#include "report.h"
#include "rollout.h"
#include "strict.h"
#include "vhost_tls.h"

#define PLANS_MAX 20

typedef struct {
    apr_pool_t *p;
    mtasts_live_options options;
} looking;

/* What each plan means in dates, while the administrator looks at it. */
static void say_plans(const looking *l, const mtasts_live *live)
{
    mtasts_sites sites = {l->options.servers, 0, 0};
    const mtasts_live_site *at;
    const mtasts_site *site;
    int said = 0;

    while ((site = mtasts_sites_next(&sites)) != NULL && said < PLANS_MAX) {
        at = mtasts_live_of(live, site);
        if (site->served->plan.n && !site->served->plan_stays && !site->same &&
            !(at && at->unplaced)) {
            ap_log_error(APLOG_MARK, APLOG_STARTUP | APLOG_NOTICE, 0, NULL,
                         "mtasts: %s: MTASTSRollout at the earliest: %s",
                         site->name->value,
                         mtasts_rollout_dates(l->p, site, at));
            said++;
        }
    }
}

/* To the log; of the server that starts, compared with what stood before.  That
 * it stands is left to the watch to write down, which looks next and tells
 * MTASTSNotifyCommand what is new, too. */
static void log_it(const looking *l, const mtasts_live *live,
                   mtasts_ledger *ledger)
{
    mtasts_standings *standings;

    if (!l->options.running) {
        mtasts_live_log(live);
        say_plans(l, live);
        return;
    }
    standings = mtasts_standings_make(l->p);
    if (ledger) {
        mtasts_standings_read(standings, ledger);
    }
    mtasts_report(standings, live, NULL, NULL);
}

/* In the child: logs what it finds; 1 if something blocks. */
static int look_and_log(void *ctx, mtasts_child *child)
{
    looking *l = ctx;
    mtasts_ledger *ledger = mtasts_live_recall(l->p, &l->options);
    mtasts_live *live;

    mtasts_rollout_begin(l->p, l->options.servers, l->options.known);
    if (l->options.running) {
        mtasts_strict_begin(l->p, l->options.servers, l->options.known);
    }

    l->options.stop = mtasts_child_orphaned;
    l->options.stop_ctx = child;
    l->options.back = mtasts_child_back;
    l->options.back_ctx = child;
    live = mtasts_live_run(l->p, &l->options);
    if (!live || mtasts_child_orphaned(child)) {
        return 0;
    }
    log_it(l, live, ledger);
    return mtasts_live_blocking(live) > 0;
}

/* 1 if something blocks.  `warn`, `strict` and `running` as in
 * mtasts_live_options. */
static int look(apr_pool_t *p, server_rec *main_server, unsigned warn,
                unsigned strict, int running)
{
    const mtasts_config *cfg = mtasts_config_of(main_server);
    looking l = {p, {0}};

    l.options.servers = mtasts_servers(p, main_server);
    l.options.warn = warn;
    l.options.strict = strict;
    l.options.timeout_ms = cfg->check_timeout * 1000;
    if (!mtasts_live_wanted(p, &l.options)) {
        return 0;
    }
    l.options.running = l.options.starting = running;
    l.options.seen = running ? mtasts_seen_of(main_server) : NULL;
    return mtasts_in_child(p, main_server, mtasts_live_limit(&l.options),
                           look_and_log, &l) == MTASTS_CHILD_BLOCKS;
}

/* Not what the running server serves: it may have another configuration. */
#define BEFORE_SERVING (MTASTS_LOOK_DNS | MTASTS_LOOK_CERT | MTASTS_LOOK_MX)

int mtasts_start_check_config(apr_pool_t *pconf, apr_pool_t *plog,
                              apr_pool_t *ptemp, server_rec *main_server)
{
    (void)pconf;
    (void)plog;
    /* httpd -k stop, -k graceful, -S and -M come here, too, and must neither
     * wait nor fail. */
    if (ap_state_query(AP_SQ_RUN_MODE) != AP_SQ_RM_CONFIG_TEST) {
        return OK;
    }
    mtasts_vhost_tls_read(ptemp, mtasts_servers(ptemp, main_server));
    if (!(mtasts_dump_wanted() ? mtasts_dump(ptemp, main_server)
                               : look(ptemp, main_server, MTASTS_LOOK_CERT,
                                      BEFORE_SERVING, 0))) {
        return OK;
    }
    ap_log_error(APLOG_MARK, APLOG_STARTUP, 0, NULL,
                 "MTASTSCheck strict: the errors above would lose mail. Mend "
                 "them, or set MTASTSCheck warn to go on all the same.");
    return HTTP_INTERNAL_SERVER_ERROR;
}

int mtasts_start_post_config(apr_pool_t *pconf, apr_pool_t *plog,
                             apr_pool_t *ptemp, server_rec *main_server)
{
    (void)pconf;
    (void)plog;
    mtasts_config_of(main_server)->read_at = apr_time_now();
    mtasts_memory_prepare(ptemp, mtasts_servers(ptemp, main_server));
    if (ap_state_query(AP_SQ_MAIN_STATE) == AP_SQ_MS_CREATE_PRE_CONFIG) {
        look(ptemp, main_server, BEFORE_SERVING, BEFORE_SERVING, 1);
    }
    return OK;
}
