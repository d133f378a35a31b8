#ifndef MTASTS_FOUND_H
#define MTASTS_FOUND_H

/*
 * The findings of a run, each once, as standings: what the report compares with
 * those before and writes to the logs.  What report*.c, could_find.c and found.c
 * know of each other.  One thread.
 */

#include "live.h"
#include "notify.h"
#include "../core/change.h"

/* A finding of a run, or, if it could not be looked for or is gone, of before. */
typedef struct {
    mtasts_standing is; /* `of` is this */
    mtasts_about about;
    server_rec *server; /* to whose log it goes */
    const char *domain; /* the first that has it */
    int others;         /* further domains that share it: MX hosts */
    mtasts_change_kind kind;
    const mtasts_standing *was; /* before; or NULL */
    int stored;                 /* the ledger has it just so */
} mtasts_found;

/* Who has it: a pair for each domain and finding. */
typedef struct {
    const char *domain;
    mtasts_found *found;
} mtasts_holder;

typedef struct {
    apr_array_header_t *list;    /* mtasts_found *, in the order of the sites,
                                    errors first */
    apr_array_header_t *holders; /* mtasts_holder */
} mtasts_founds;

/* Gathers them, in `p`; the strings are the run's.  Each has appeared. */
void mtasts_founds_of(apr_pool_t *p, const mtasts_live *live,
                      mtasts_founds *founds);

/* "vhost NAME:PORT", in `p`. */
const char *mtasts_vhost_scope(apr_pool_t *p, const server_rec *s);
#define MTASTS_VHOST_SCOPE "vhost "
#define MTASTS_MX_SCOPE    "mx"

/* Of "HOST [ADDRESS]" the length of HOST; else of all. */
apr_size_t mtasts_subject_host(const char *subject);

/* --- could_find.c --- */

typedef struct mtasts_looked mtasts_looked;

/* What the run has looked at; lives in `p`. */
mtasts_looked *mtasts_looked_of(apr_pool_t *p, const mtasts_live *live);

/* 1 if the run could have found `old` again were it still so. */
int mtasts_could_find(mtasts_looked *looked, const mtasts_standing *old);

/* 1 if the address of "HOST [ADDRESS]" is none of those that DNS has for the host
 * now, though it has others. */
int mtasts_has_moved(mtasts_looked *looked, const mtasts_standing *old);

/* The MX hosts of a domain: 1, *hosts and *n, or 0 if they are not known. */
int mtasts_mx_hosts_of(mtasts_looked *looked, const char *domain,
                       const mtasts_dns_host **hosts, apr_size_t *n);

/* To whose log it goes that it is gone. */
server_rec *mtasts_server_of(mtasts_looked *looked, const mtasts_standing *old);

/* 1 if the run looked at the domain. */
int mtasts_was_looked_at(mtasts_looked *looked, const char *domain);

/* --- moved.c --- */

/* Hosts with many addresses show other ones each time.  What is found at a new
 * address as it was at one that is gone is the same finding: it gets the new
 * subject in `was`.  Both are arrays of mtasts_standing, sorted. */
void mtasts_standings_move(apr_pool_t *p, mtasts_looked *looked,
                           apr_array_header_t *was,
                           const apr_array_header_t *is);

/* --- worst.c --- */

typedef struct {
    const mtasts_live *live;
    mtasts_looked *looked;
    const mtasts_founds *founds;
    const apr_array_header_t *not_seen; /* mtasts_found * that stand still */
    const apr_array_header_t *was;      /* mtasts_standing */
} mtasts_compared;

/* Tells `notify` of the domains whose worst severity is another one than before
 * the run.  Unknown is as good as ok. */
void mtasts_worst_tell(const mtasts_compared *c, mtasts_notify *notify);

/* --- report_log.c --- */

/* Writes the lines for what appeared, changed, is to be said again or has
 * cleared (`gone`: mtasts_found *), up to a number of each code; and for what is
 * right.  Afterwards is.said is 0 of what there was no room for.  `handed_over`:
 * not what another process of this httpd said a short while ago. */
void mtasts_found_log(const mtasts_live *live, const apr_array_header_t *list,
                      const apr_array_header_t *gone, int handed_over);

/* The same for one finding on the module itself, unless another process of this
 * httpd said it a short while ago. */
void mtasts_found_log_one(apr_pool_t *p, mtasts_seen *seen,
                          const mtasts_found *found);

#endif
