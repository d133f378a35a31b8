#ifndef MTASTS_STATUS_PRIVATE_H
#define MTASTS_STATUS_PRIVATE_H

/*
 * What the status pages are made from, and who makes them.  Nothing of httpd:
 * status.c answers the request, status_source.c and status_rows.c gather what is
 * shown, the others write it.  Everything that the network may have said is escaped
 * where it is written.
 */

#include "glance.h"
#include "page.h"

#include "../core/dns_check.h"
#include "../core/policy.h"
#include "../core/rollout.h"

#include "apr_tables.h"

/* What all pages know of the server. */
typedef struct {
    const char *server;  /* its name */
    apr_int64_t now;     /* s since 1970 */
    apr_int64_t began;   /* the last run over all domains; 0: none yet */
    apr_int64_t took_ms; /* of that */
    apr_int64_t next;    /* the next one; 0: not known, or none (interval 0) */
    apr_uint32_t interval;  /* s: MTASTSWatchInterval; 0: Off */
    int watched;            /* checks are made while httpd serves */
    int running;            /* a run is under way */
    int ledger;             /* MTASTSLedger is not Off */
    const char *no_ledger;  /* why it can't be read; or NULL */
    const json_t *findings; /* on no domain, as in the JSON document; or NULL */
} mtasts_status_frame;

/* One site. */
typedef struct {
    const char *domain;
    const char *vhost; /* "NAME:PORT" */
    const char *id;    /* of the policy as configured */
    mtasts_mode mode;  /* of the current step, if there is a plan */
    apr_uint32_t max_age;
    unsigned step, steps; /* of MTASTSRollout, the first is 1; 0 of 0 without */
    int held_back; /* MTASTSCheck strict: another one is served, or none */
    int checks;    /* MTASTSCheck is not Off */
    int again;     /* another virtual host has the domain, too */
    mtasts_glance is;
} mtasts_status_row;

/* How a site stands, by the worst that is known of it.  In the order in which they
 * are shown. */
typedef enum {
    MTASTS_STANDS_ERROR,
    MTASTS_STANDS_WARNING,
    MTASTS_STANDS_UNKNOWN, /* something could not be found out, nothing is wrong */
    MTASTS_STANDS_UNCHECKED, /* nobody has looked yet, or MTASTSCheck is Off */
    MTASTS_STANDS_OK,
    MTASTS_STANDS
} mtasts_stands;

mtasts_stands mtasts_status_stands(const mtasts_status_row *row);

/* "error", "warning", "unknown", "unchecked", "ok". */
const char *mtasts_stands_name(mtasts_stands s);

/* One page of the overview. */
typedef struct {
    const mtasts_status_row *rows; /* worst first */
    apr_size_t n;
    apr_size_t sites;                   /* in all */
    apr_size_t standing[MTASTS_STANDS]; /* of all */
    apr_size_t matching;                /* those that pass the filter */
    apr_size_t page, pages; /* the first is 1; pages is at least 1 */
    const char *q;          /* part of the name, as asked for; or "" */
    int only;               /* mtasts_stands; or -1: all */
} mtasts_status_list;

/* The overview. */
void mtasts_status_list_page(mtasts_page *page,
                             const mtasts_status_frame *frame,
                             const mtasts_status_list *list);

/* A domain: `policies` are its members of "policies" in the JSON document, one for
 * each virtual host that has it; `events` is its history, the last first, as
 * [{"time", "kind", "text"}]; NULL without a ledger. */
void mtasts_status_domain_page(mtasts_page *page,
                               const mtasts_status_frame *frame,
                               const json_t *policies, const json_t *events);

/* A page that says one thing: no such domain, a method that is not allowed. */
void mtasts_status_word_page(mtasts_page *page,
                             const mtasts_status_frame *frame,
                             const char *title, const char *text);

/* style.css and script.js, compiled in. */
typedef struct {
    const char *text;
    apr_size_t len;
} mtasts_status_asset;
extern const mtasts_status_asset mtasts_status_style;
extern const mtasts_status_asset mtasts_status_script;

/* --- OpenMetrics --- */

/* A certificate of an MX host. */
typedef struct {
    const char *host; /* as DNS has it */
    const char *address;
    apr_int64_t until;
} mtasts_status_mx;

/* How often policies of a domain were fetched. */
typedef struct {
    const char *domain;
    const char *sender; /* mtasts_sender_name() */
    apr_uint64_t n;
} mtasts_status_fetched;

typedef struct {
    const mtasts_status_row
        *rows; /* worst first, at most the cap; of each domain
                                      one for each virtual host */
    apr_size_t n;
    apr_size_t sites, left_out;
    apr_size_t standing[MTASTS_STANDS]; /* of all sites */
    const mtasts_status_mx *mx;
    apr_size_t nmx, mx_left_out;
    const mtasts_status_fetched *fetched; /* of the domains in `rows` */
    apr_size_t nfetched;
} mtasts_status_metrics;

/* The exposition, "# EOF" included. */
void mtasts_status_metrics_page(mtasts_page *page,
                                const mtasts_status_frame *frame,
                                const mtasts_status_metrics *m);

/* --- mod_status --- */

typedef struct {
    apr_size_t sites;
    apr_size_t standing[MTASTS_STANDS];
    const mtasts_status_row *worst; /* the first few that are not ok */
    apr_size_t nworst;
} mtasts_status_sum;

/* Its section in mod_status's page, or with `is_short` its lines in ?auto. */
void mtasts_status_short_page(mtasts_page *page,
                              const mtasts_status_frame *frame,
                              const mtasts_status_sum *sum, int is_short);

#endif
