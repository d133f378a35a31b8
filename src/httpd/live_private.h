#ifndef MTASTS_LIVE_PRIVATE_H
#define MTASTS_LIVE_PRIVATE_H

/* What the live*.c files know of each other; everyone else includes live.h. */

#include "live.h"
#include "vhost.h"
#include "../net/authority.h"
#include "../net/facts.h"

/* A domain that is not configured any more, while senders may hold a policy of
 * it. */
typedef struct {
    const mtasts_ledger_domain *known;
    const mtasts_dns_facts *facts; /* its TXT record; NULL if nobody asked */
} mtasts_withdrawn;

struct mtasts_live {
    apr_pool_t *pool;
    const mtasts_live_options *options;
    server_rec *main_server;
    long long start;            /* ms of a clock that nobody sets */
    apr_time_t now;             /* certificates are judged by this date */
    apr_array_header_t *sites;  /* mtasts_live_site */
    apr_hash_t *by_site;        /* &mtasts_site * -> mtasts_live_site * */
    mtasts_facts *facts;        /* NULL if DNS was not asked */
    const char *dns_silence;    /* as mtasts_dns_silence() */
    const char *dns_first;      /* the first domain that was asked for, */
    size_t dns_asked;           /* of so many */
    struct mtasts_roots *roots; /* NULL: no look at TLS */
    apr_uint64_t roots_mark;    /* which they are */
    apr_hash_t *looked;         /* &mtasts_certs * -> mtasts_vhost_tls *, cut */
    apr_hash_t *tls_sites;      /* domain -> its mtasts_site * whose vhost has a
                               certificate */
    apr_hash_t *mx;             /* "ADDRESS PORT HOST" -> mx_entry * */
    int mx_nobody;              /* as in mtasts_mx_asked */
    unsigned mx_remembered;     /* addresses not tried again */
    mtasts_vhosts *vhosts;      /* mtasts_vhosts_on_addresses() */
    int releasing; /* a policy is held back: what it is released for must be as
                      it is now, not as it was ten minutes ago */
    apr_array_header_t *notes;     /* mtasts_note, on nothing that is served */
    apr_array_header_t *others;    /* other_policy: live_history.c */
    apr_array_header_t *withdrawn; /* mtasts_withdrawn */
    apr_hash_t *plans;             /* domain -> mtasts_live_plan * */
    apr_array_header_t *records;   /* mtasts_live_record */
    apr_hash_t *recorded[MTASTS_LEDGER_RECORDS]; /* domains that have one */
    apr_hash_t *publishers; /* domain -> mtasts_config * with a command */
};

/* MTASTS_LOOK_s at what this server serves; a probe that is off is not among
 * them. */
unsigned mtasts_live_looks(const mtasts_live_options *o, const server_rec *s);

/* What DNS says, if this policy were the site's; of a site with facts. */
mtasts_sync mtasts_live_dns_check(const mtasts_live *live,
                                  const mtasts_live_site *l,
                                  const mtasts_policy *policy,
                                  apr_array_header_t *notes);

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

/* An address as text; 0 if it is none. */
int mtasts_live_address_text(const mtasts_dns_address *address,
                             char text[MTASTS_ADDRESS_SIZE]);

/* Calls each() for the addresses of a host, until it returns 0. */
typedef int mtasts_address_fn(void *ctx, const char *address);
void mtasts_live_each_address(const mtasts_dns_host *host,
                              mtasts_address_fn *each, void *ctx);

/* The findings on the MX hosts' TLS in that mode; of a site with `mx`. */
void mtasts_live_mx_check(const mtasts_live *live, const mtasts_live_site *l,
                          mtasts_mode mode, apr_array_header_t *notes);

/* The findings on the certificates and on the MX hosts' TLS. */
void mtasts_live_tls_check(const mtasts_live *live, mtasts_live_site *l);

/* --- live_address.c --- */

/* host-elsewhere: after the fetches, as what comes as it should is not told. */
void mtasts_live_address_check(const mtasts_live *live, mtasts_live_site *l);

/* --- live_history.c --- */

/* What is known of a site's domain; "nothing" if there is a ledger without it,
 * NULL if there is no ledger. */
const mtasts_history *mtasts_live_history(const mtasts_live *live,
                                          const mtasts_live_site *l);

/* The findings on what senders may hold of the site's domain. */
void mtasts_live_history_check(const mtasts_live *live, mtasts_live_site *l);

/* not-served, under httpd -t; when held-back was said, if it is. */
void mtasts_live_unserved_check(const mtasts_live *live, mtasts_live_site *l);

/* cached-mx-tls for one address of an MX host. */
void mtasts_live_cached_tls_check(const mtasts_live *live, mtasts_live_site *l,
                                  const mtasts_mx_asked *asked,
                                  const mtasts_probe *probe);

/* The findings that are of no site: on domains that are not served, on the ledger
 * and on the resolver. */
void mtasts_live_rest_check(mtasts_live *live);

/* 1 if the id in the TXT record, or that there is none ("" then), is known. */
int mtasts_live_sees_txt(const mtasts_dns_facts *facts,
                         char id[MTASTS_ID_SIZE]);

/* Keeps what was fetched, if a sender would take it for the site's policy. */
void mtasts_live_saw_other(mtasts_live *live, const mtasts_live_site *l,
                           const mtasts_fetch *fetch);

/* --- live_authority.c --- */

/* What the zones' own servers say of the names (char *, which must outlive `live`);
 * NULL if there are none, or c-ares can't be set up: then the resolver alone
 * tells. */
mtasts_authorities *mtasts_live_ask_zones(mtasts_live *live,
                                          const apr_array_header_t *names);

/* --- live_gate.c --- */

/* Adds what keeps the plan of this site's domain from going on to `names`, each once:
 * codes of findings, or words. */
void mtasts_live_gate_check(const mtasts_live *live, const mtasts_live_site *l,
                            apr_array_header_t *names);

/* --- live_rollout.c --- */

/* Once DNS was asked, before anything else: sites of whose plan no ledger knows
 * anything begin where senders are. */
void mtasts_live_place_plans(mtasts_live *live);

/* rollout-held, rollout-plan-changed, rollout-elsewhere; after all else that is found of the sites. */
void mtasts_live_plan_check(mtasts_live *live);

/* --- live_records.c --- */

/* Fills live->records, and once httpd serves asks the zones' own servers about those
 * of which something hinges on that. */
void mtasts_live_find_records(mtasts_live *live);

/* How far a record of the domain was; or NULL. */
const mtasts_ledger_publishing *
mtasts_live_was_published(const mtasts_live *live, const mtasts_live_site *l,
                          int record);

/* How many addresses the policy host has; -1 if that is not known. */
int mtasts_live_addresses(const mtasts_live_site *l);

/* 1 if as many addresses as it takes gave the policy in this very look. */
int mtasts_live_is_served(const mtasts_live_record *r);

/* --- live_publish.c --- */

/* Who publishes the TXT record of a new policy, and when: for mtasts_wanted. */
const char *mtasts_live_when(const mtasts_live *live,
                             const mtasts_live_site *l);

/* Says how far they are: publish-now, publish-failed, publish-foreign. */
void mtasts_live_publish_check(mtasts_live *live);

/* --- live_withdrawn.c --- */

/* Fills live->withdrawn; before DNS is asked. */
void mtasts_live_find_withdrawn(mtasts_live *live);

/* policy-withdrawn. */
void mtasts_live_withdrawn_check(mtasts_live *live);

/* --- live_resolver.c --- */

/* resolver-unavailable; only if live->dns_silence. */
void mtasts_live_silence_check(mtasts_live *live);

#endif
