#ifndef MTASTS_DUMP_H
#define MTASTS_DUMP_H

/*
 * apachectl -t -D DUMP_MTASTS and DUMP_MTASTS_JSON.
 */

#include "live.h"

/* Prints all policies, what DNS says about them and the records to publish, on
 * standard output.  1 if MTASTSCheck strict doesn't let something pass. */
int mtasts_dump(apr_pool_t *p, server_rec *main_server);

/* 1 with either of the two defines. */
int mtasts_dump_wanted(void);

/* For a person, and as one JSON document.  `live` may be NULL. */
void mtasts_dump_text(apr_pool_t *p, const apr_array_header_t *servers,
                      const mtasts_live *live);
void mtasts_dump_json(apr_pool_t *p, const apr_array_header_t *servers,
                      const mtasts_live *live);

/* Calls visit() for each site of all servers, each time with an empty pool:
 * there may be a hundred thousand. */
typedef void mtasts_site_fn(apr_pool_t *p, const mtasts_site *site, void *ctx);
void mtasts_dump_each(apr_pool_t *p, const apr_array_header_t *servers,
                      mtasts_site_fn *visit, void *ctx);

/* All notes on a site, those of `l` too unless it is NULL, errors first; in
 * `p`. */
apr_array_header_t *mtasts_dump_notes(apr_pool_t *p, const mtasts_site *site,
                                      const mtasts_live_site *l);

#endif
