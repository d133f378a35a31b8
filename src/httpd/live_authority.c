/* The part of a run that asks the zones' own servers, past all caches. */

#include "live_private.h"
#include "../net/authority.h"

#define AUTHORITIES_MS 30000

static apr_status_t free_authorities(void *all)
{
    mtasts_authorities_free(all);
    return APR_SUCCESS;
}

mtasts_authorities *mtasts_live_ask_zones(mtasts_live *live,
                                          const apr_array_header_t *names)
{
    const mtasts_live_options *o = live->options;
    const mtasts_config *cfg = mtasts_config_of(live->main_server);
    mtasts_dns_options dns = {.stop = o->stop, .stop_ctx = o->stop_ctx};
    mtasts_authorities *all;
    const char *error;

    if (!names->nelts) {
        return NULL;
    }
    if (*cfg->resolver) { /* else the system's */
        dns.servers = cfg->resolver;
    }
    dns.timeout_ms = mtasts_live_left(live);
    if (dns.timeout_ms > AUTHORITIES_MS) {
        dns.timeout_ms = AUTHORITIES_MS;
    }
    all = mtasts_authorities_ask((const char *const *)names->elts,
                                 (size_t)names->nelts, &dns, &error);
    if (all) {
        apr_pool_cleanup_register(live->pool, all, free_authorities,
                                  apr_pool_cleanup_null);
    }
    return all;
}
