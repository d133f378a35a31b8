#ifndef MTASTS_RELEASE_H
#define MTASTS_RELEASE_H

/*
 * MTASTSCheck strict in a running server: may a new policy take the place of
 * the one that was released before?  Pure functions: any thread, any process.
 */

#include "finding.h"
#include "policy.h"

/* 1 if the way from `from` to `to` must always be open: `to` has mode none, or
 * it is weaker in every respect or equal: its mode is no stricter (none,
 * testing, enforce), its max_age no longer, and it matches every MX host that
 * `from` matches. */
int mtasts_is_way_out(const mtasts_policy *to, const mtasts_policy *from);

/* 1 if the finding keeps a new policy from being released: it blocks, or is
 * an error of the vhost's certificate.  Findings on what senders hold of
 * earlier policies don't: holding the new one back would make that worse; nor
 * do those on the TXT record, which is none of either policy. */
int mtasts_holds_back(const mtasts_finding *f);

#endif
