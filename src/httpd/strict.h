#ifndef MTASTS_STRICT_H
#define MTASTS_STRICT_H

/*
 * MTASTSCheck strict: a new policy takes the place of the released one when its
 * checks pass.  In the start's child and the watch, which decide what is served
 * (released.h); under httpd -t, which says what would be.
 */

#include "site.h"
#include "../store/ledger.h"

/* Before the checks of a server: decides, from what was released before, about
 * the sites that are undecided, and opens the way out to those that are held
 * back.  `known` is domain -> mtasts_ledger_domain *, or NULL without a ledger:
 * then strict can't tell, after a start, a new policy from the one that was served
 * before, and what is configured is served. */
void mtasts_strict_begin(apr_pool_t *p, const apr_array_header_t *servers,
                         const apr_hash_t *known);

/* The same for one that is undecided, or new. */
void mtasts_strict_begin_site(const mtasts_site *site, const apr_hash_t *known);

/* What the checks of a site came to. */
typedef struct {
    const mtasts_site *site;
    apr_array_header_t *notes;
    int knows_mx; /* which hosts are the domain's MX hosts */
    int knows_mx_tls;
    int knows_cert; /* of the virtual host */
    int knows_past; /* what was served before; 1 if nobody wants to */
} mtasts_strict_checked;

/* Why a policy that is held back can't be released yet: codes; NULL if it can,
 * or is.  What held it back before has not become right when it is not known,
 * and in mode enforce the MX records must be. */
const char *mtasts_strict_why(const mtasts_strict_checked *checked);

/* After the checks of all sites that have this policy: releases it if it was
 * held back and `why` is NULL, and then returns 1; or adds held-back to the
 * notes. */
int mtasts_strict_decide(const mtasts_strict_checked *checked, const char *why);

/* After that: notes in the ledger what each policy is held back for, so that it
 * is so after a full stop, too.  `known` is what the ledger had.  0 if it can't
 * be written. */
int mtasts_strict_remember(apr_pool_t *p, const apr_array_header_t *servers,
                           mtasts_ledger *ledger, const apr_hash_t *known);

/* Under httpd -t: 1 if the site's policy is a change that strict may refuse, not
 * the released one nor a way out of it.  Adds held-back to the notes if it would
 * be. */
int mtasts_strict_would_refuse(const mtasts_site *site,
                               const mtasts_ledger_domain *known,
                               apr_array_header_t *notes);

#endif
