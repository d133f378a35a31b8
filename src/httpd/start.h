#ifndef MTASTS_START_H
#define MTASTS_START_H

/*
 * The checks against the world before httpd serves: in a child process with
 * the rights of User, under one deadline (MTASTSCheckTimeout).  What they find
 * never keeps httpd from starting.
 */

#include "config.h"

/* ap_hook_check_config, after check.h's.  Under httpd -t, which is what a
 * reload does first, looks at what has MTASTSCheck strict, and fails if a
 * finding blocks; with a define of dump.h looks at everything and prints it
 * (here and not in test_config, which can't fail). */
int mtasts_start_check_config(apr_pool_t *pconf, apr_pool_t *plog,
                              apr_pool_t *ptemp, server_rec *main_server);

/* ap_hook_post_config.  At the first start, before anything is served, looks
 * at everything and logs what it finds.  Not in a running server, which would
 * stand still for so long: there the watch does it (watch.h). */
int mtasts_start_post_config(apr_pool_t *pconf, apr_pool_t *plog,
                             apr_pool_t *ptemp, server_rec *main_server);

#endif
