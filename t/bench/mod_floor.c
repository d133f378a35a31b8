/* httpd's floor: a quick handler that answers 200 with nothing.  What any
 * answer costs at least; all of it is httpd's own. */

#include "httpd.h"
#include "http_config.h"

extern module AP_MODULE_DECLARE_DATA floor_module;

static void *create(apr_pool_t *p, server_rec *s)
{
    (void)s;
    return apr_pcalloc(p, sizeof(int));
}

static const char *set(cmd_parms *cmd, void *dconf, int on)
{
    int *cfg = ap_get_module_config(cmd->server->module_config, &floor_module);

    (void)dconf;
    *cfg = on;
    return NULL;
}

static int handler(request_rec *r, int lookup)
{
    const int *on =
        ap_get_module_config(r->server->module_config, &floor_module);

    return *on && !lookup ? OK : DECLINED;
}

static void hooks(apr_pool_t *p)
{
    (void)p;
    ap_hook_quick_handler(handler, NULL, NULL, APR_HOOK_FIRST);
}

static const command_rec directives[] = {
    AP_INIT_FLAG("Floor", set, NULL, RSRC_CONF, "On or Off"),
    {NULL, {NULL}, NULL, 0, RAW_ARGS, NULL}};

module AP_MODULE_DECLARE_DATA floor_module = {
    STANDARD20_MODULE_STUFF, NULL, NULL, create, NULL, directives, hooks, 0};
