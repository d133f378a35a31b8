#ifndef MTASTS_HISTORY_H
#define MTASTS_HISTORY_H

/*
 * What senders may still hold, and so what is safe from when on: the policies
 * that were served for a domain, against the policy and the MX hosts as they
 * are now.  Senders keep a policy for its max_age from when they fetched it,
 * many without looking at the TXT id, some longer than it says (RFC 8461 3.2,
 * 3.3, 8.3).  And many (mox, postfix-mta-sts-resolver, mailauth, Mail::STS,
 * Halon) take an id that is the same for a reason to keep it as long again,
 * without another look at the policy: so it matters how long an id is in DNS
 * under which they may have it.
 *
 * Pure functions of their arguments, the clock `now` (seconds since 1970)
 * included: any thread, any process, no allocation.
 */

#include "dns_facts.h"
#include "finding.h"
#include "moment.h"
#include "policy.h"

/* One policy that was served for a domain, by whomever. */
typedef struct {
    const char *id;     /* as it was published */
    const char *digest; /* mtasts_policy_id() of its body: equal bodies only */
    mtasts_policy policy;
    int64_t first_served, last_served; /* it may end in the future while it is
                                          served: read as now */
} mtasts_past;

/* What the TXT record was from when on, until another one was seen: the same id
 * comes again if another, or none, was in between. */
typedef struct {
    const char *id;       /* "" if there was none that senders read */
    int64_t since, until; /* seen first and last; the latter may be a day old */
    int64_t cached; /* seconds that caches may keep it: mtasts_txt_cached() */
} mtasts_txt_seen;

/* How long caches may keep a TXT record with this TTL, in seconds: a day at
 * least, as the server that was asked may be a cache that had it for long; and a
 * week at most, as caches do. */
int64_t mtasts_txt_cached(uint32_t ttl);

/* What is known of a domain.  Pointers belong to whoever filled it. */
typedef struct {
    const mtasts_past *past; /* the one last served first */
    size_t npast;
    const mtasts_txt_seen *txt; /* the one last seen first */
    size_t ntxt;                /* 0: nobody has looked */
} mtasts_history;

/* How long a sender may hold a policy from when it fetched it, in seconds: its
 * max_age, or what the most persistent of the known senders takes instead. */
int64_t mtasts_hold_time(const mtasts_policy *policy);

/* The time from which on no sender can hold the policy, one of `history`, any
 * more: mtasts_hold_time() after it was served last, or that and the time that
 * caches of DNS keep the record after an id was in DNS last under which senders
 * may hold it, if that is later.  These are its own id and each that was in DNS
 * while it was served, as HTTPS goes before TXT; also the first that was seen, which
 * may have been there before anybody looked. */
int64_t mtasts_horizon(const mtasts_history *history, const mtasts_past *past,
                       int64_t now);

/* The time until which senders may hold a policy in mode enforce; `now` or
 * earlier if they can't. */
int64_t mtasts_enforced_until(const mtasts_history *history, int64_t now);

/* The time from which on no policy that senders may hold in enforce leaves
 * out the MX host: it is safe in DNS then.  `now` or earlier: it is now. */
int64_t mtasts_mx_safe_from(const mtasts_history *history, const char *mx_host,
                            int64_t now);

/* The time from which on no sender can hold a policy in testing or enforce:
 * mode none was served long enough, and all can go. */
int64_t mtasts_removable_from(const mtasts_history *history, int64_t now);

/* 1 if another policy than the one with this id and digest is served now, and since
 * a later time: by another front end, which is ahead.  Of two since the same second
 * that is the one whose digest, or else id, is the greater. */
int mtasts_is_superseded(const mtasts_history *history, const char *id,
                         const char *digest, int64_t now);

typedef struct {
    const char *domain;
    const mtasts_policy *policy; /* as configured */
    const char *id, *digest;
    const mtasts_history *history; /* not NULL */
    int64_t now;
} mtasts_changing;

/* mode-lowered, id-reused, id-repeated, removable-from.  Of a policy that is
 * served even now, or whose id is in DNS, the findings don't give the date until
 * which it is held, as that moves. */
void mtasts_history_check(const mtasts_changing *c, mtasts_finding_fn *found,
                          void *ctx);

/* not-served: another policy is served now than the one that is configured, which
 * is not loaded yet or held back.  A warning if the TXT record, whose id is
 * `txt_id` (or NULL), is that of the configured one already. */
void mtasts_unserved_check(const mtasts_changing *c, const char *txt_id,
                           mtasts_finding_fn *found, void *ctx);

/* cached-mx-unmatched: each live MX host that is not matched by a policy that
 * senders may hold in enforce (the one that is configured apart: mx-unmatched
 * says that).  It blocks unless the configured policy matches the host, for
 * that is the way to mend it, or has not mode enforce.  At most 16 are said. */
void mtasts_cached_mx_check(const mtasts_changing *c,
                            const mtasts_dns_facts *facts,
                            mtasts_finding_fn *found, void *ctx);

/* cached-mx-tls: an MX host ("HOST [ADDRESS]" is `subject`) that fails TLS as
 * `fault` says, while senders may hold a policy in enforce that matches it,
 * though the configured policy is not in mode enforce.  `fault` comes from
 * mtasts_mx_check(), asked as if for mode enforce: any may be given, nothing is
 * said of one for which senders would deliver all the same. */
void mtasts_cached_tls_check(const mtasts_changing *c, const char *mx_host,
                             const char *subject, const mtasts_finding *fault,
                             mtasts_finding_fn *found, void *ctx);

/* A domain that is not configured any more. */
typedef struct {
    const char *domain;
    const mtasts_history *history; /* not NULL */
    const char
        *vhost;    /* that has its policy host's name and no policy, to show:
                          "NAME:PORT at FILE:LINE"; or NULL */
    int has_lines; /* there are MTASTS directives in it */
} mtasts_gone;

/* policy-withdrawn: senders may hold a policy in testing or enforce of a domain
 * that nobody serves.  The date, if there is one, does not move; `last_served` in
 * the future, as of one that is still served, gives none. */
void mtasts_withdrawn_check(const mtasts_gone *gone, int64_t now,
                            mtasts_finding_fn *found, void *ctx);

#endif
