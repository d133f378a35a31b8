#ifndef MTASTS_VHOST_H
#define MTASTS_VHOST_H

/*
 * What httpd's configuration says about a virtual host: its address, its
 * names, whether it has TLS.  At configuration time only.
 */

#include "config.h"

/* The main server and then the virtual hosts in configured order (their list
 * has the last one first), as an array of server_rec * in `p`. */
apr_array_header_t *mtasts_servers(apr_pool_t *p, server_rec *main_server);

typedef struct mtasts_vhosts mtasts_vhosts;

/* Reads the configuration tree and the list of servers once, so that each
 * question below is a look-up however many virtual hosts there are.  In `p`;
 * valid as long as ap_conftree is. */
mtasts_vhosts *mtasts_vhosts_read(apr_pool_t *p, server_rec *main_server);

/* 1 if the server terminates TLS.  Under httpd -t no TLS module has set
 * itself up, so this reads SSLEngine, GnuTLSEnable and NSSEngine, and Listen
 * with https, as those modules do. */
int mtasts_vhost_has_tls(const mtasts_vhosts *v, const server_rec *s);

/* 1 if a request for `host` (lower case) that arrives at an address of `s`
 * can be answered by `s`: by name, or as the first virtual host there. */
int mtasts_vhost_reached_by(mtasts_vhosts *v, server_rec *s, const char *host);

/* "name:port", to show; in `p`. */
const char *mtasts_vhost_name(apr_pool_t *p, const server_rec *s);

/* "address:port" of one address, as written or "*"; in `p`. */
const char *mtasts_vhost_address(apr_pool_t *p, const server_addr_rec *a);

/* Where the server is defined; no file for the main server. */
mtasts_place mtasts_vhost_place(const server_rec *s);

#endif
