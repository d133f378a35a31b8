#ifndef MTASTS_STATUS_SOURCE_H
#define MTASTS_STATUS_SOURCE_H

/*
 * Where the status pages have it from: the configuration, shared memory and the
 * ledger, as they are now.  Belongs to a request.
 */

#include "released.h"
#include "status_private.h"
#include "watch.h"
#include "../store/ledger.h"

typedef struct {
    apr_pool_t *p;
    server_rec *main_server;
    const apr_array_header_t *servers;
    mtasts_ledger *ledger; /* or NULL */
    const char *no_ledger; /* why not; NULL if it is Off */
    json_t *summary; /* what the last run has said of the server, or NULL */
    mtasts_runs runs;
    int watched;
    apr_int64_t now;
    const conn_rec *client; /* or NULL; when it is gone, nobody reads on */
} mtasts_status_source;

/* In `p`, with which all of it goes. */
mtasts_status_source *mtasts_status_open(apr_pool_t *p);

/* The same without the ledger, for what needs none of it. */
mtasts_status_source *mtasts_status_open_short(apr_pool_t *p);

/* It could not be read: why, and from now on there is none. */
void mtasts_status_lose_ledger(mtasts_status_source *source);

/* What pages have in common; asked when all else was read, so that it knows whether
 * the ledger could be. */
void mtasts_status_frame_of(const mtasts_status_source *source,
                            mtasts_status_frame *frame);

/* A site's member of "policies"; the caller has its reference.  `p` is for
 * what is needed meanwhile. */
json_t *mtasts_status_policy(mtasts_status_source *source, apr_pool_t *p,
                             const mtasts_site *site);

/* The document's "findings", on no domain; the same. */
json_t *mtasts_status_findings(const mtasts_status_source *source);

/* What happened to a domain; NULL if that is not known. */
json_t *mtasts_status_events(mtasts_status_source *source, const char *domain);

/* --- status_rows.c --- */

/* Fills a page of the overview; `q`, `only` and `page` are set by the caller. */
void mtasts_status_list_of(mtasts_status_source *source,
                           mtasts_status_list *list);

/* What the metrics are made from. */
void mtasts_status_metrics_of(mtasts_status_source *source,
                              mtasts_status_metrics *m);

/* And mod_status's section. */
void mtasts_status_sum_of(mtasts_status_source *source, mtasts_status_sum *sum);

/* --- status_json.c --- */

/* The JSON document, of one domain unless it is NULL. */
void mtasts_status_json_page(mtasts_page *page, mtasts_status_source *source,
                             const char *domain);

#endif
