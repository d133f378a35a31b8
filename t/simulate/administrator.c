#include "administrator.h"

static const char *const names[DEEDS] = {"MX hosts added",
                                         "MX hosts removed",
                                         "moves to other hosts",
                                         "changes to enforce",
                                         "changes to a lower mode",
                                         "removals of MTA-STS",
                                         "times set up",
                                         "certificates renewed by hand"};

const char *deed_name(deed_kind kind)
{
    return names[kind];
}

void deeds_policy(deeds *d, const policy *before, const policy *after)
{
    int was = before && before->policy.mode == MTASTS_MODE_ENFORCE;
    int is = after && after->policy.mode == MTASTS_MODE_ENFORCE;

    d->deeds[DEED_ENFORCED] += !was && is;
    d->deeds[DEED_LOWERED] += was && !is;
    d->deeds[DEED_REMOVED] += before && !after;
    d->deeds[DEED_SET_UP] += !before && after;
}

void deeds_mx(deeds *d, const mx_set *before, const mx_set *after)
{
    int i, stay = 0, come = 0;

    for (i = 0; i < after->n; i++) {
        stay += set_has(before, after->host[i]);
        come += !set_has(before, after->host[i]);
    }
    if (!stay) {
        d->deeds[DEED_MOVED]++;
        return;
    }
    d->deeds[DEED_MX_ADDED] += come;
    d->deeds[DEED_MX_REMOVED] += before->n - stay;
}

void renew_certificate(world *w, int64_t now, host *h, deeds *d)
{
    host_renew(h, now);
    h->renews = 1;
    d->deeds[DEED_RENEWED]++;
    world_say(w, now, "%s gets a new certificate", h->name);
}
