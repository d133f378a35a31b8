#ifndef MTASTS_LIVE_PRIVATE_H
#define MTASTS_LIVE_PRIVATE_H

/* What the live*.c files know of each other; everyone else includes live.h. */

#include "live.h"
#include "../net/facts.h"

struct mtasts_live {
    apr_pool_t *pool;
    const mtasts_live_options *options;
    server_rec *main_server;
    long long start;            /* ms of a clock that nobody sets */
    apr_time_t now;             /* certificates are judged by this date */
    apr_array_header_t *sites;  /* mtasts_live_site */
    apr_hash_t *by_site;        /* &mtasts_site * -> mtasts_live_site * */
    mtasts_facts *facts;        /* NULL if DNS was not asked */
    struct mtasts_roots *roots; /* NULL: no look at TLS */
    apr_uint64_t roots_mark;    /* which they are */
    apr_hash_t *looked;         /* &mtasts_certs * -> mtasts_vhost_tls *, cut */
    apr_hash_t *tls_sites;      /* domain -> its mtasts_site * whose vhost has a
                               certificate */
    apr_hash_t *mx;             /* "ADDRESS PORT HOST" -> mx_entry * */
    int mx_nobody;              /* as in mtasts_mx_asked */
    unsigned mx_remembered;     /* addresses not tried again */
};

/* MTASTS_LOOK_s at what this server serves; a probe that is off is not among
 * them. */
unsigned mtasts_live_looks(const mtasts_live_options *o, const server_rec *s);

/* The site of an index into live->sites. */
static APR_INLINE mtasts_live_site *mtasts_live_at(const mtasts_live *live,
                                                   int i)
{
    return &APR_ARRAY_IDX(live->sites, i, mtasts_live_site);
}

/* How much of the run's time is left, in ms; at least 1. */
unsigned mtasts_live_left(const mtasts_live *live);

/* --- live_tls.c --- */

/* Reads the trusted roots.  0, with the reason logged, if there are none: then
 * nothing is said about TLS. */
int mtasts_live_tls_begin(mtasts_live *live);

/* The probes of the MX hosts and the fetches, all in one go; the findings on
 * fetches go into the sites' notes. */
void mtasts_live_probe(mtasts_live *live);

/* The findings on the certificates and on the MX hosts' TLS. */
void mtasts_live_tls_check(const mtasts_live *live, mtasts_live_site *l);

#endif
