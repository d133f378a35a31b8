#ifndef MTASTS_SERVE_H
#define MTASTS_SERVE_H

/*
 * The request path: https://mta-sts.DOMAIN/.well-known/mta-sts.txt.  Any
 * thread of any child; nothing is allocated for the body, no lock, no disk.
 */

#include "config.h"

/* ap_hook_translate_name, first: takes the request before Redirect,
 * RewriteRule, ProxyPass, Alias can. */
int mtasts_serve_translate_name(request_rec *r);

/* ap_hook_map_to_storage, first: there is no file, so no <Directory>,
 * <Files> or .htaccess applies. */
int mtasts_serve_map_to_storage(request_rec *r);

/* ap_hook_fixups, before mod_alias, mod_rewrite and mod_dir, which redirect
 * there once more for <Location>. */
int mtasts_serve_fixups(request_rec *r);

/* ap_hook_handler, first: answers. */
int mtasts_serve_handler(request_rec *r);

struct mtasts_site;

/* The site whose policy this request is answered with; NULL if it is not ours.
 */
const struct mtasts_site *mtasts_serve_site(const request_rec *r);

#endif
