#ifndef MTASTS_CHECK_H
#define MTASTS_CHECK_H

/*
 * The configuration as a whole: what needs more than one directive or more
 * than one virtual host.
 */

#include "config.h"

/* ap_hook_check_config.  Gives each server its defaults, makes what it serves
 * and checks it.  Logs each reason and returns HTTP_INTERNAL_SERVER_ERROR if
 * the configuration can never be right.  Under httpd -t the findings are
 * logged, too. */
int mtasts_check_config(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp,
                        server_rec *main_server);

/* ap_hook_post_config: logs the findings, once error logs are open. */
int mtasts_post_config(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp,
                       server_rec *main_server);

#endif
