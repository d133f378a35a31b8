#ifndef MTASTS_HTTPD_ROLLOUT_H
#define MTASTS_HTTPD_ROLLOUT_H

/*
 * MTASTSRollout: at which step of its plan each site is (mtasts_site_step()).  In
 * the start's child and the watch, which decide what is served (released.h); under
 * httpd -t in its child, which says what would be.
 */

#include "site.h"
#include "../store/ledger.h"

/* Before the checks, and before mtasts_strict_begin(): puts each site with a plan at
 * the step that the ledger has, or at which the plan goes on from the policy that
 * was released last; on no account back.  A server that serves logs it if that is no
 * step of the plan.  `known` is domain -> mtasts_ledger_domain *,
 * or NULL without a ledger.  What is served before that is known is what was served
 * before a reload, or nothing.  In `p` what a process without the shared memory
 * needs. */
void mtasts_rollout_begin(apr_pool_t *p, const apr_array_header_t *servers,
                          const apr_hash_t *known);

/* rollout-plan-changed: that policy was released last, and the plan goes on at
 * another one's step. */
void mtasts_rollout_changed(const mtasts_site *site,
                            const mtasts_policy *released, unsigned step,
                            mtasts_finding *f);

/* 1 if nobody knows at which step the site is but, perhaps, DNS: its TXT record has
 * the id of what senders hold. */
int mtasts_rollout_is_open(const mtasts_site *site,
                           const mtasts_ledger_domain *known);

/* The site, which is open, begins at that step; by MTASTSCheck strict it is served
 * when its checks have passed.  `known` is as in mtasts_rollout_begin(). */
void mtasts_rollout_place(apr_pool_t *p, const mtasts_site *site, unsigned step,
                          const apr_hash_t *known);

/* The site is at that step from now on. */
void mtasts_rollout_go(apr_pool_t *p, const mtasts_site *site, unsigned step);

/* The step of the site's plan that the ledger has: 1 and *progress, or 0 if it has
 * none, or one that is no step of this plan, or another policy was released
 * since. */
int mtasts_rollout_progress(const mtasts_site *site,
                            const mtasts_ledger_domain *known,
                            mtasts_progress *progress);

/* 1 if the next step may come before so many seconds are over, if all stays right. */
int mtasts_rollout_is_near(const mtasts_site *site,
                           const mtasts_ledger_domain *known,
                           apr_uint32_t within);

#endif
