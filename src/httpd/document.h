#ifndef MTASTS_DOCUMENT_H
#define MTASTS_DOCUMENT_H

/*
 * What is known of a site as JSON: a member of "policies" in the dump and in what
 * the status handler gives (conf/mtasts-status.schema.json).  Whoever gets an
 * object has its reference.
 */

#include "live.h"

#include <jansson.h>

/* By the configuration, and if `live` (or NULL) has looked at it, by that, too.
 * `findings` is its member of that name; it is the object's from now on. */
json_t *mtasts_document(apr_pool_t *p, const mtasts_site *site,
                        const mtasts_live *live, json_t *findings);

/* One finding. */
json_t *mtasts_document_finding(const mtasts_note *n);

/* Seconds since 1970 as a time, or null for 0. */
json_t *mtasts_document_time(apr_pool_t *p, apr_int64_t t);

/* The counts of "summary", by severity. */
json_t *mtasts_document_summary(const int counts[MTASTS_REFUSED + 1]);

/* What tells the site's document from others, in `p`. */
const char *mtasts_document_name(apr_pool_t *p, const mtasts_site *site);

/* A number that differs where a document does, but for what moves with each look:
 * how long a connection took, how old a cache's copy is, until when a policy is held
 * that is served. */
apr_uint64_t mtasts_document_mark(const json_t *document);

/* --- of the whole server --- */

#define MTASTS_SUMMARY_NAME "" /* of that document */

#endif
