#ifndef MTASTS_HEADERS_H
#define MTASTS_HEADERS_H

/*
 * Response headers of which there must be exactly one on the wire, whatever
 * the virtual host's Header directives, applications and backends say.  Any
 * thread of any child.
 */

#include "config.h"

/* Runs behind mod_headers' filter and before the one that writes headers. */
#define MTASTS_HEADERS_FILTER "mtasts_headers"

/* Registers the filter; from register_hooks. */
void mtasts_headers_register(void);

/* ap_hook_insert_filter and ap_hook_insert_error_filter: puts the filter on
 * policy responses, and on all others over TLS of a virtual host that serves
 * a policy, errors included (HSTS is a policy of the host: RFC 6797 7.1). */
void mtasts_headers_insert(request_rec *r);

#endif
