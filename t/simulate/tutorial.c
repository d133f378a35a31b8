/*
 * The administrator who follows the usual tutorial: the policy is a file, the
 * id a date.  When something changes, the file is edited, the id changed (if it
 * is not forgotten) and the MX records, all on the same day in some order, and
 * who drops MTA-STS deletes the lot.  A certificate that ran out is renewed when
 * somebody asks where the mail is.
 */

#include "administrator.h"

#include <stdio.h>
#include <string.h>

#define STEP    (10 * MINUTE)
#define FORGETS 15 /* percent of the changes keep their id */

typedef struct {
    world *w;
    deeds *deeds;
    wanted want;
    dice luck;
    int64_t now;
    int64_t file, txt, mx;    /* when each is to be done, or END */
    int64_t renew[HOSTS_MAX]; /* when it is noticed, or 0 */
    int policy, id;           /* of now, or NONE */
    int nids;
} admin;

static void edit_file(admin *a)
{
    const char *patterns[PATTERNS_MAX];
    mtasts_policy p = {a->want.mode, a->want.max_age, patterns, 0};
    const policy *before = a->policy == NONE ? NULL : a->w->policies[a->policy];
    int i;

    for (i = 0; i < a->want.mx.n; i++) {
        policy_name(&p, patterns, a->w->hosts[a->want.mx.host[i]].pattern);
    }
    a->policy = a->want.present ? world_add_policy(a->w, &p, a->id) : NONE;
    world_serve(a->w, a->now, a->policy);
    deeds_policy(a->deeds, before,
                 a->policy == NONE ? NULL : a->w->policies[a->policy]);
}

/* The old host is switched off when its MX record is gone everywhere. */
static void change_mx(admin *a)
{
    const mx_set before = *world_mx(a->w, a->now);
    int i;

    for (i = 0; i < before.n; i++) {
        if (!set_has(&a->want.mx, before.host[i])) {
            a->w->hosts[before.host[i]].leaves = a->now + a->w->mx_ttl + HOUR;
        }
    }
    world_set_mx(a->w, a->now, &a->want.mx);
    deeds_mx(a->deeds, &before, &a->want.mx);
}

static void change_id(admin *a)
{
    char id[MTASTS_ID_SIZE];

    snprintf(id, sizeof(id), "2026%04d", ++a->nids);
    a->id = world_add_id(a->w, id);
}

static void take_order(admin *a)
{
    order_kind kind = orders_take(&a->want, a->w, a->want.next);

    a->deeds->orders++;
    if (kind == ORDER_LAPSE) {
        return; /* nobody sees it */
    }
    if (!dice_chance(&a->luck, FORGETS)) {
        change_id(a);
    }
    a->file = a->now + dice_below(&a->luck, 6 * HOUR);
    a->txt = a->now + dice_below(&a->luck, 6 * HOUR);
    a->mx = a->now + dice_below(&a->luck, 8 * HOUR);
}

static void mind_certificates(admin *a)
{
    int i;

    for (i = 0; i < a->w->nhosts; i++) {
        host *h = &a->w->hosts[i];

        if (!a->renew[i] && h->cert_until <= a->now &&
            set_has(world_mx(a->w, a->now), i)) {
            a->renew[i] = a->now + dice_between(&a->luck, 4 * HOUR, 3 * DAY);
        }
        if (a->renew[i] && a->renew[i] <= a->now) {
            renew_certificate(a->w, a->now, h, a->deeds);
            a->renew[i] = 0;
        }
    }
}

static int is_due(const admin *a, int64_t *when)
{
    if (a->now < *when) {
        return 0;
    }
    *when = END;
    return 1;
}

static void begin(admin *a, world *w, uint64_t seed, deeds *d)
{
    memset(a, 0, sizeof(*a));
    a->w = w;
    a->deeds = d;
    a->luck = dice_of(seed, 't', 0);
    a->policy = NONE;
    change_id(a);
    a->now = a->file = a->txt = BEGIN;
    a->mx = END;
    orders_begin(&a->want, w, seed);
    world_set_mx(w, BEGIN, &a->want.mx);
}

void follow_tutorial(world *w, uint64_t seed, deeds *d)
{
    static admin a;

    begin(&a, w, seed, d);
    for (; a.now < END; a.now += STEP) {
        world_pass(w, a.now);
        if (a.now >= a.want.next) {
            take_order(&a);
        }
        if (is_due(&a, &a.file)) {
            edit_file(&a);
        }
        if (is_due(&a, &a.txt)) {
            world_set_txt(w, a.now, a.want.present ? a.id : NONE);
        }
        if (is_due(&a, &a.mx)) {
            change_mx(&a);
        }
        mind_certificates(&a);
    }
}
