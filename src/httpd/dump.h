#ifndef MTASTS_DUMP_H
#define MTASTS_DUMP_H

/*
 * apachectl -t -D DUMP_MTASTS and DUMP_MTASTS_JSON; DUMP_MTASTS_FETCH, alone or
 * beside either, has the policy fetched from the server that runs.
 */

#include "live.h"

/* Prints all policies, what DNS says about them and the records to publish, on
 * standard output.  1 if MTASTSCheck strict doesn't let something pass. */
int mtasts_dump(apr_pool_t *p, server_rec *main_server);

/* 1 with any of the defines. */
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

/* All notes on a site, those of `l` too unless it is NULL, errors first; in `p`.
 * `once`: without those that were said of the same domain before. */
apr_array_header_t *mtasts_dump_notes(apr_pool_t *p, const mtasts_site *site,
                                      const mtasts_live_site *l, int once);

/* Seconds since 1970 as "2026-01-31T12:00:00Z", in `p`; the date is its first
 * ten characters. */
char *mtasts_dump_time(apr_pool_t *p, apr_int64_t seconds);

/* The names of a certificate, one after the other: the one behind `name`, or the
 * first with NULL; NULL if there is none. */
const char *mtasts_dump_name(const mtasts_cert_facts *cert, const char *name);

/* What was seen of the TLS of a site, for its lines in the text: nothing that a
 * finding says. */
void mtasts_dump_text_tls(apr_pool_t *p, const mtasts_live *live,
                          const mtasts_live_site *l);

/* What senders may hold of its domain, by the ledger. */
void mtasts_dump_text_history(apr_pool_t *p, const mtasts_live_site *l);

/* Its plan as a calendar; nothing without MTASTSRollout.  `l`, and then `live`, may
 * be NULL. */
void mtasts_dump_text_rollout(apr_pool_t *p, const mtasts_live *live,
                              const mtasts_site *site,
                              const mtasts_live_site *l);

/* How far its records are published, by the ledger. */
void mtasts_dump_text_publishing(apr_pool_t *p, const mtasts_live_site *l);

/* By whom the policy that is served was fetched, by the ledger. */
void mtasts_dump_text_fetched(apr_pool_t *p, const mtasts_live *live,
                              const mtasts_site *site);

/* Who has fetched one of its policies. */
typedef struct {
    unsigned families; /* kinds of senders; checks are none */
    uint64_t fetches;  /* theirs */
    apr_int64_t last;  /* of those; 0: none */
} mtasts_fetched_sum;

/* Of the policy with this id and digest. */
mtasts_fetched_sum mtasts_dump_fetched(const mtasts_live *live,
                                       const mtasts_site *site,
                                       const mtasts_version *version);

/* The same in a line, in `p`: which step comes when, if nothing holds it; of a site
 * with a plan. */
const char *mtasts_rollout_dates(apr_pool_t *p, const mtasts_site *site,
                                 const mtasts_live_site *l);

struct json_t;

/* A policy's patterns. */
struct json_t *mtasts_dump_json_mx(const mtasts_policy *policy);

/* The site's "held" member. */
struct json_t *mtasts_dump_json_history(apr_pool_t *p,
                                        const mtasts_live_site *l);

/* The site's "rollout" member, of one that has a plan. */
struct json_t *mtasts_dump_json_rollout(apr_pool_t *p, const mtasts_live *live,
                                        const mtasts_site *site,
                                        const mtasts_live_site *l);

/* The "publishing" member of a site of this domain; `publishing` may be NULL. */
struct json_t *mtasts_dump_json_publishing(
    apr_pool_t *p, const char *domain,
    const mtasts_ledger_publishing *const publishing[MTASTS_LEDGER_RECORDS]);

/* The "fetches" member: of mtasts_ledger_fetches, or NULL. */
struct json_t *mtasts_dump_json_fetched(apr_pool_t *p,
                                        const apr_array_header_t *all);

/* A step's "fetched" member: of one policy among mtasts_ledger_fetches, or NULL. */
struct json_t *mtasts_dump_json_sum(apr_pool_t *p,
                                    const apr_array_header_t *all,
                                    const mtasts_version *version);

/* The site's "tls" member. */
struct json_t *mtasts_dump_json_tls(apr_pool_t *p, const mtasts_live *live,
                                    const mtasts_live_site *l);

#endif
