#ifndef MTASTS_SITE_H
#define MTASTS_SITE_H

/*
 * What is served: made from the merged directives in check_config, in pconf,
 * read-only from then on.
 */

#include "config.h"
#include "../core/record.h"

/* What a finding is true of, whoever else it concerns. */
typedef enum {
    MTASTS_ABOUT_DOMAIN, /* in any virtual host */
    MTASTS_ABOUT_VHOST,
    MTASTS_ABOUT_MX /* of any domain that has this MX host */
} mtasts_about;

/* A finding that is kept. */
typedef struct {
    mtasts_code code;
    mtasts_about about;
    mtasts_severity severity;
    int blocks; /* MTASTSCheck strict doesn't let it pass */
    const char *subject;
    const char *text;
    const char *remedy;
} mtasts_note;

/* A policy as it is sent. */
typedef struct {
    mtasts_policy policy;
    const char *id;
    const char *digest; /* the id that is derived from the body */
    const char *body;
    apr_size_t body_len;
    const char *content_length; /* body_len as text */
    const char *etag;           /* with its quotes */
} mtasts_version;

/* One policy domain in one server; there may be a hundred thousand. */
typedef struct mtasts_site mtasts_site;
struct mtasts_site {
    const mtasts_word *name; /* the domain, and where it is named */
    mtasts_served *served;
    mtasts_site *same; /* the domain in a server before this one, or NULL */
    struct mtasts_release *release; /* what it answers with now (released.h) */
    apr_uint32_t *step; /* atomic: of the plan (rollout.h); NULL: the first */
    apr_array_header_t *notes; /* mtasts_note, on this domain alone; or NULL */
};

/* The policy of one server_rec, for all its domains. */
struct mtasts_served {
    server_rec *server;
    mtasts_version *versions; /* one, or of each step of the plan */
    unsigned nversions;
    mtasts_plan plan;               /* MTASTSRollout; n is 0 without one */
    int plan_stays;                 /* at its step, for nobody can take it on */
    int tls;                        /* the server terminates TLS itself */
    struct mtasts_segment *segment; /* where the sites' `release` are */
    apr_uint32_t slots;          /* where in it its versions are (released.c) */
    int is_dark;                 /* a plan that can't be followed: released.h */
    const char *hsts;            /* NULL: Off */
    const char *cache_control;   /* NULL: Off */
    const char *tlsrpt;          /* the record's value, or NULL */
    apr_array_header_t *sites;   /* mtasts_site, in configured order */
    apr_hash_t *by_domain;       /* domain -> mtasts_site * */
    const mtasts_site *own_site; /* of the ServerName, or NULL */
    apr_array_header_t *notes;   /* mtasts_note, on all domains at once */
};

/* At which step of its plan the site is, from 0; 0 also without one.  Any thread
 * of any process. */
unsigned mtasts_site_step(const mtasts_site *site);

/* What the site is meant to serve now.  The same. */
const mtasts_version *mtasts_site_version(const mtasts_site *site);

/* Makes what `s` serves, from its merged directives and with their defaults,
 * in pconf; what it refuses is said and counted in *refused.  NULL then, and if
 * no policy domain can be told. */
mtasts_served *mtasts_served_make(apr_pool_t *pconf, apr_pool_t *ptemp,
                                  server_rec *s, int tls, int *refused);

/* All sites of all servers, one after the other: begins as {servers, 0, 0}. */
typedef struct {
    const apr_array_header_t *servers; /* server_rec * */
    int server, site;                  /* the next one */
} mtasts_sites;

/* NULL behind the last one.  In check_config and later. */
mtasts_site *mtasts_sites_next(mtasts_sites *at);

/* The ETag, with its quotes, of a policy with this id and digest.  An id set by
 * hand may be kept for another body, which must not pass for the old one in a
 * cache. */
#define MTASTS_ETAG_SIZE (MTASTS_ID_SIZE + 11)
void mtasts_site_etag(const char *id, const char *digest,
                      char out[MTASTS_ETAG_SIZE]);

/* Where MTASTSEngine of `s` stands, or `s` itself if it is inherited. */
mtasts_place mtasts_site_engine_place(const server_rec *s);

/* The directive that names the policy domains of `s`, for messages. */
const char *mtasts_site_named_by(const server_rec *s);

/* 1 if the domain has another policy or id in another server: then no record
 * fits both. */
int mtasts_site_differs(const mtasts_site *site);

/* The site that answers for the host name of a request, "mta-sts." and a
 * policy domain in lower case without a trailing dot; NULL if there is none.
 * Any thread. */
const mtasts_site *mtasts_site_by_host(const mtasts_served *served,
                                       const char *host);

#endif
