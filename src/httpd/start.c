#include "start.h"
#include "child.h"
#include "dump.h"
#include "live.h"
#include "vhost.h"

#define CHILD_GRACE_MS 400 /* to end by itself, and to log */

typedef struct {
    apr_pool_t *p;
    mtasts_live_options options;
} looking;

/* In the child: logs what it finds; 1 if something blocks. */
static int look_and_log(void *ctx)
{
    looking *l = ctx;
    mtasts_live *live = mtasts_live_run(l->p, &l->options);

    if (!live) {
        return 0;
    }
    mtasts_live_log(live);
    return mtasts_live_blocking(live) > 0;
}

/* What the child returned; 0 if there was nothing to do or no child. */
static int look(apr_pool_t *p, server_rec *main_server, int least)
{
    const mtasts_config *cfg = mtasts_config_of(main_server);
    looking l = {p,
                 {mtasts_servers(p, main_server), least,
                  cfg->check_timeout * 1000, NULL, NULL}};

    return mtasts_live_wanted(&l.options) &&
           mtasts_in_child(p, main_server,
                           l.options.timeout_ms + CHILD_GRACE_MS, look_and_log,
                           &l) == 1;
}

int mtasts_start_check_config(apr_pool_t *pconf, apr_pool_t *plog,
                              apr_pool_t *ptemp, server_rec *main_server)
{
    (void)pconf;
    (void)plog;
    /* httpd -k stop and -k graceful come here, too, and must not wait. */
    if (ap_state_query(AP_SQ_RUN_MODE) == AP_SQ_RM_NORMAL ||
        !(mtasts_dump_wanted()
              ? mtasts_dump(ptemp, main_server)
              : look(ptemp, main_server, MTASTS_CHECK_STRICT))) {
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
    if (ap_state_query(AP_SQ_MAIN_STATE) == AP_SQ_MS_CREATE_PRE_CONFIG) {
        look(ptemp, main_server, MTASTS_CHECK_WARN);
    }
    return OK;
}
