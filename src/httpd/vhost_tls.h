#ifndef MTASTS_VHOST_TLS_H
#define MTASTS_VHOST_TLS_H

/*
 * The certificates of the virtual hosts that serve a policy: kept in their
 * configuration, for a run of the checks to look at.
 */

#include "site.h"
#include "vhost.h"

/* Registers for mod_ssl's hook: it shows what the server will present, wherever
 * it comes from (SSLCertificateFile, mod_md).  Not under httpd -t. */
void mtasts_vhost_tls_register(void);

/* Under httpd -t: from the files that SSLCertificateFile names, for servers whose
 * checks are not off.  Before root's rights are dropped, as they may be readable
 * for root alone. */
void mtasts_vhost_tls_read(apr_pool_t *p, const apr_array_header_t *servers);

#endif
