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

/* Reads the configuration tree and mtasts_servers() once, so that each
 * question below is a look-up however many virtual hosts there are.  In `p`;
 * valid as long as ap_conftree is. */
mtasts_vhosts *mtasts_vhosts_read(apr_pool_t *p,
                                  const apr_array_header_t *servers);

/* 1 if the server terminates TLS.  Under httpd -t no TLS module has set
 * itself up, so this reads SSLEngine, GnuTLSEnable and NSSEngine, and Listen
 * with https, as those modules do. */
int mtasts_vhost_has_tls(const mtasts_vhosts *v, const server_rec *s);

/* The files that SSLCertificateFile names for the server, as an array of const
 * char * (NULL where a name is no file), or NULL; and SSLCertificateChainFile's,
 * or NULL. */
const apr_array_header_t *mtasts_vhost_cert_files(const mtasts_vhosts *v,
                                                  const server_rec *s,
                                                  const char **chain_file);

/* The virtual host that httpd would choose, on some address of `s`, for the
 * name `host` (lower case); NULL if that is always `s` itself. */
const server_rec *mtasts_vhost_instead(mtasts_vhosts *v, const server_rec *s,
                                       const char *host);

/* For mtasts_vhost_at() only, at any time: the virtual hosts on addresses of
 * their own, in `p`. */
mtasts_vhosts *mtasts_vhosts_on_addresses(apr_pool_t *p,
                                          const apr_array_header_t *servers);

/* The virtual host that httpd chooses for the name `host` (lower case) at the
 * address `ip` (as text) and `port`, if it is another one because `s`, which
 * has that port, is not on that address; else NULL.  That another one on the
 * same address takes the requests is mtasts_vhost_instead()'s. */
const server_rec *mtasts_vhost_at(const mtasts_vhosts *v, const server_rec *s,
                                  const char *ip, unsigned port,
                                  const char *host);

/* "192.0.2.1:443", "[2001:db8::1]:443", "*:443"; in `p`. */
const char *mtasts_address_text(apr_pool_t *p, const char *ip, unsigned port);

/* An address and port that both virtual hosts have, to show, in `p`; NULL if
 * there is none or one of the two is the main server. */
const char *mtasts_vhost_common_address(apr_pool_t *p, const server_rec *a,
                                        const server_rec *b);

/* "name:port", to show; in `p`. */
const char *mtasts_vhost_name(apr_pool_t *p, const server_rec *s);

/* Where the server is defined; no file for the main server. */
mtasts_place mtasts_vhost_place(const server_rec *s);

#endif
