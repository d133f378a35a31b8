/* The part of a run that is about a resolver which answers nobody. */

#include "live_private.h"
#include "notes.h"

/* "@192.0.2.53 -p 5353 " of the first of MTASTSResolver. */
static const char *dig_server(apr_pool_t *p, const char *resolver)
{
    const char *one = apr_pstrndup(p, resolver, strcspn(resolver, ","));
    const char *colon = strrchr(one, ':'), *port = "";

    if (*one == '[' || (colon && strchr(one, ':') == colon)) {
        const char *end = *one == '[' ? strchr(one, ']') : colon;

        if (colon && colon >= end && colon[1]) {
            port = apr_pstrcat(p, " -p ", colon + 1, NULL);
        }
        one += *one == '[';
        one = apr_pstrmemdup(p, one, (apr_size_t)(end - one));
    }
    return apr_pstrcat(p, "@", one, port, " ", NULL);
}

void mtasts_live_silence_check(mtasts_live *live)
{
    const char *resolver = mtasts_config_of(live->main_server)->resolver;
    mtasts_finding f;

    MTASTS_FILL(
        &f, MTASTS_RESOLVER_UNAVAILABLE, "MTASTSResolver",
        apr_psprintf(live->pool, "%" APR_SIZE_T_FMT " domain%s",
                     live->dns_asked, live->dns_asked > 1 ? "s" : ""),
        live->dns_silence, *resolver ? dig_server(live->pool, resolver) : "",
        live->dns_first,
        *resolver ? "MTASTSResolver may name another one"
                  : "/etc/resolv.conf names it, and MTASTSResolver may name "
                    "another one");
    mtasts_keep(live->notes, &f);
}
