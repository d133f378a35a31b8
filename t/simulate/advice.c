/*
 * The administrator who follows the module's advice.  Each decision is the
 * answer of a function of src/core on what the module would have seen:
 *
 * - A policy names every host that senders may find in DNS, that is those with
 *   an MX record now or within the TTL, and those that are to come (mx-unused
 *   says to leave these, and that enforce waits for one that went and is not in
 *   order).  It is not loaded while a finding blocks it, unless it is the way out.
 *   With MTASTSCheck strict the server holds it back by itself.
 * - An id that was there before is not used again, if id-repeated says so.
 * - HTTPS first, then TXT, some time later (now and then much later): whenever
 *   dns_check() doesn't say "in-sync".
 * - A host gets its MX record from mtasts_mx_safe_from() on, and not with a
 *   certificate of which mx_check() has something to say.
 * - MTA-STS goes by mode none, and the records from mtasts_removable_from() on.
 * - A certificate of which mx_check() says that it expires is renewed before it
 *   does, as long as mtasts_enforced_until() says that senders may enforce.
 *
 * Half of the administrators are punctual to the second, as scripts are, the
 * others come when they come.
 */

#include "administrator.h"
#include "sight.h"

#include "../../src/core/release.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SETTLE (10 * MINUTE) /* from a new policy to its TXT record, at least */
#define LATE   (12 * DAY)    /* and at most, if txt-stale is not heeded */

typedef struct {
    world *w;
    deeds *deeds;
    wanted want;
    ledger ledger;
    dice luck;
    int punctual, strict;
    int cached;       /* MTASTSResolver is not the domain's own name server */
    int64_t interval; /* MTASTSWatchInterval */
    int64_t now, watch, visit;
    int configured, served;   /* policies, or NONE */
    int64_t txt_due;          /* when the TXT record is to follow */
    int64_t txt_gone;         /* when the TXT record was removed, or 0 */
    int64_t renew[HOSTS_MAX]; /* when a certificate is to be renewed, or 0 */
    int64_t left[HOSTS_MAX];  /* when the MX record went, or 0 */
} admin;

static void contradict(admin *a, const char *what)
{
    if (!a->deeds->contradictions++) {
        snprintf(a->deeds->contradiction, sizeof(a->deeds->contradiction),
                 "%s, second %lld: %s", a->w->domain,
                 (long long)(a->now - BEGIN), what);
    }
}

static int64_t sooner(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* ---- certificates ---- */

/* Before it runs out, if senders may enforce by then, else perhaps later. */
static void plan_renewal(admin *a, int number)
{
    host *h = &a->w->hosts[number];
    int64_t end = h->cert_until - HOUR;
    int enforced = (a->want.present && a->want.mode == MTASTS_MODE_ENFORCE) ||
                   mtasts_enforced_until(ledger_history(&a->ledger, a->now),
                                         a->now) > a->now;

    if (!enforced && !a->renew[number]) {
        a->renew[number] = a->now + dice_between(&a->luck, DAY, 25 * DAY);
    }
    else if (enforced && (!a->renew[number] || a->renew[number] > end)) {
        a->renew[number] =
            end > a->now ? dice_between(&a->luck, a->now, end) : a->now;
    }
}

static void mind_certificates(admin *a, const sight *s)
{
    int i;

    for (i = 0; i < a->w->nhosts; i++) {
        if (s->trouble[i]) {
            plan_renewal(a, i);
        }
    }
}

static void renew_certificates(admin *a)
{
    int i;

    for (i = 0; i < a->w->nhosts; i++) {
        if (a->renew[i] && a->renew[i] <= a->now) {
            renew_certificate(a->w, a->now, &a->w->hosts[i], a->deeds);
            a->renew[i] = 0;
        }
    }
}

/* ---- the policy ---- */

static const policy *policy_of(const admin *a, int number)
{
    return number == NONE ? NULL : a->w->policies[number];
}

static void serve(admin *a, int number)
{
    deeds_policy(a->deeds, policy_of(a, a->served), policy_of(a, number));
    world_serve(a->w, a->now, number);
    ledger_serve(&a->ledger, number, a->now);
    a->served = number;
    a->txt_due = a->now + SETTLE;
    if (dice_chance(&a->luck, 20)) {
        a->txt_due += dice_below(&a->luck, LATE);
    }
}

/* Within the TTL of its MX record that went. */
static int may_be_seen(const admin *a, int i)
{
    return a->left[i] && a->now <= a->left[i] + a->w->mx_ttl;
}

/* Enforce waits for a host that senders may see still and that is not in order. */
static mtasts_mode wanted_mode(const admin *a)
{
    const policy *before = policy_of(a, a->configured);
    int i;

    if (!a->want.present || a->want.mode != MTASTS_MODE_ENFORCE ||
        (before && before->policy.mode == MTASTS_MODE_ENFORCE)) {
        return a->want.present ? a->want.mode : MTASTS_MODE_NONE;
    }
    for (i = 0; i < a->w->nhosts; i++) {
        if (may_be_seen(a, i) && !is_proper(a->w, i, a->now)) {
            return MTASTS_MODE_TESTING;
        }
    }
    return MTASTS_MODE_ENFORCE;
}

/* The policy that fits what is wanted, and what senders may see in DNS. */
static void draft(const admin *a, mtasts_policy *p, const char **patterns)
{
    const mx_set *live = world_mx(a->w, a->now);
    int i;

    p->mode = wanted_mode(a);
    p->max_age = a->want.present ? a->want.max_age : DAY;
    p->mx = patterns;
    p->nmx = 0;
    for (i = 0; i < a->w->nhosts; i++) {
        if (set_has(live, i) || set_has(&a->want.mx, i) || may_be_seen(a, i)) {
            policy_name(p, patterns, a->w->hosts[i].pattern);
        }
    }
}

/* As apachectl configtest with MTASTSCheck strict has it before a reload. */
static int may_load(const admin *a, int number, const sight *s)
{
    return !s->blocks ||
           (a->configured != NONE &&
            mtasts_is_way_out(&policy_of(a, number)->policy,
                              &policy_of(a, a->configured)->policy));
}

/* With strict the server compares before it releases. */
static void release(admin *a)
{
    sight s;

    if (a->configured == a->served || a->configured == NONE) {
        return;
    }
    look(a->w, &a->ledger, a->configured, a->now, &s);
    if (!a->strict || !s.holds_back ||
        (a->served != NONE &&
         mtasts_is_way_out(&policy_of(a, a->configured)->policy,
                           &policy_of(a, a->served)->policy))) {
        serve(a, a->configured);
    }
}

static void configure(admin *a)
{
    const char *patterns[PATTERNS_MAX];
    mtasts_policy p;
    sight s;
    int number;

    if (a->configured == NONE && !a->want.present) {
        return;
    }
    draft(a, &p, patterns);
    do {
        number = world_add_policy(a->w, &p, NONE);
        look(a->w, &a->ledger, number, a->now, &s);
        p.max_age++;
    } while (s.count[MTASTS_ID_REPEATED]);
    if (number == a->configured) {
        return;
    }
    if (may_load(a, number, &s)) {
        a->configured = number;
        mind_certificates(a, &s);
        release(a);
    }
}

/* ---- DNS ---- */

static void publish_txt(admin *a)
{
    sight s;

    if (a->served == NONE || a->now < a->txt_due ||
        (!a->want.present && a->txt_gone)) {
        return;
    }
    look(a->w, &a->ledger, a->served, a->now, &s);
    if (s.sync != MTASTS_SYNC_IN_SYNC) {
        world_set_txt(a->w, a->now, policy_of(a, a->served)->id);
        a->txt_gone = 0;
    }
}

static int64_t safe_from(admin *a, int number)
{
    return mtasts_mx_safe_from(ledger_history(&a->ledger, a->now),
                               a->w->hosts[number].name, a->now);
}

/* What of the wanted hosts is safe; if none is, all stays as it is. */
static void safe_set(admin *a, mx_set *out)
{
    const mx_set *live = world_mx(a->w, a->now);
    int i;

    out->n = 0;
    for (i = 0; i < a->want.mx.n; i++) {
        int number = a->want.mx.host[i];

        if (!set_has(live, number) && !is_proper(a->w, number, a->now)) {
            plan_renewal(a, number);
        }
        else if (safe_from(a, number) <= a->now) {
            out->host[out->n++] = number;
        }
    }
    if (!out->n) {
        *out = *live;
    }
}

/* Hosts that go take mail until no sender can see their MX record any more. */
static void let_go(admin *a, const mx_set *before, const mx_set *after)
{
    int i;

    for (i = 0; i < before->n; i++) {
        if (!set_has(after, before->host[i])) {
            a->left[before->host[i]] = a->now;
            a->w->hosts[before->host[i]].leaves = a->now + a->w->mx_ttl + HOUR;
        }
    }
    for (i = 0; i < after->n; i++) {
        a->left[after->host[i]] = 0;
        a->w->hosts[after->host[i]].leaves = 0;
    }
}

static void change_mx(admin *a)
{
    mx_set before = *world_mx(a->w, a->now), after;
    sight s;

    safe_set(a, &after);
    if (before.n == after.n &&
        !memcmp(before.host, after.host, (size_t)before.n * sizeof(int))) {
        return;
    }
    let_go(a, &before, &after);
    world_set_mx(a->w, a->now, &after);
    deeds_mx(a->deeds, &before, &after);
    if (a->configured != NONE) {
        look(a->w, &a->ledger, a->configured, a->now, &s);
        if (s.count[MTASTS_CACHED_MX_UNMATCHED]) {
            contradict(a, "a host is safe from now on, and yet "
                          "cached-mx-unmatched");
        }
    }
}

/* RFC 8461 8.3: the TXT record first, the policy when nobody can see that. */
static void remove_all(admin *a)
{
    const mtasts_history *history = ledger_history(&a->ledger, a->now);

    if (a->want.present || a->served == NONE ||
        policy_of(a, a->served)->policy.mode != MTASTS_MODE_NONE ||
        mtasts_removable_from(history, a->now) > a->now) {
        return;
    }
    if (!a->txt_gone) {
        world_set_txt(a->w, a->now, NONE);
        a->txt_gone = a->now;
    }
    else if (a->now > a->txt_gone + a->w->txt_ttl) {
        serve(a, NONE);
        a->configured = NONE;
        if (is_withdrawn(a->w, &a->ledger, a->now)) {
            contradict(a, "all is removable, and yet policy-withdrawn");
        }
    }
}

/* ---- time ---- */

static void consider(const admin *a, int64_t *next, int64_t when)
{
    if (when > a->now) {
        *next = sooner(*next, when);
    }
}

/* The punctual come when something may be done, the others some day. */
static void next_visit(admin *a)
{
    const mtasts_history *history = ledger_history(&a->ledger, a->now);
    int64_t next = a->now + dice_between(&a->luck, HOUR, 2 * DAY);
    int i;

    if (a->punctual) {
        consider(a, &next, a->txt_due);
        consider(a, &next, mtasts_removable_from(history, a->now));
        for (i = 0; i < a->want.mx.n; i++) {
            consider(a, &next, safe_from(a, a->want.mx.host[i]));
        }
        for (i = 0; i < a->w->nhosts; i++) {
            consider(a, &next, a->left[i] + a->w->mx_ttl + 1);
        }
    }
    for (i = 0; i < a->w->nhosts; i++) {
        consider(a, &next, a->renew[i]);
    }
    a->visit = next;
}

static void visit(admin *a)
{
    renew_certificates(a);
    configure(a);
    publish_txt(a);
    change_mx(a);
    remove_all(a);
}

/* One run of the watch.  If it asks a resolver, that may be late, too. */
static void run_watch(admin *a)
{
    int64_t late = a->cached ? dice_below(&a->luck, a->w->txt_ttl) : 0;
    sight s;
    int i;

    ledger_saw_txt(&a->ledger, timeline_at(&a->w->txt, a->now - late), a->now);
    if (a->configured != NONE) {
        release(a);
        look(a->w, &a->ledger, a->configured, a->now, &s);
        mind_certificates(a, &s);
        if (s.count[MTASTS_CACHED_MX_TLS]) {
            contradict(a, "followed, and yet cached-mx-tls");
        }
    }
    a->watch = a->now + a->interval + dice_below(&a->luck, a->interval / 10);
    for (i = 0; i < a->w->nhosts; i++) {
        consider(a, &a->visit, a->renew[i]);
    }
}

static void begin(admin *a, world *w, uint64_t seed, deeds *d)
{
    static const int64_t intervals[] = {3 * HOUR, 6 * HOUR, DAY};

    memset(a, 0, sizeof(*a));
    a->w = w;
    a->deeds = d;
    a->luck = dice_of(seed, 'a', 0);
    a->punctual = dice_chance(&a->luck, 50);
    a->strict = dice_chance(&a->luck, 50);
    a->cached = dice_chance(&a->luck, 30);
    a->interval = intervals[dice_below(&a->luck, 3)];
    a->ledger.w = w;
    a->ledger.serving = NONE;
    a->configured = a->served = NONE;
    a->now = a->watch = a->visit = BEGIN;
    orders_begin(&a->want, w, seed);
    world_set_mx(w, BEGIN, &a->want.mx);
}

void follow_advice(world *w, uint64_t seed, deeds *d)
{
    admin *a = malloc(sizeof(*a));

    if (!a) {
        abort();
    }
    begin(a, w, seed, d);
    while (a->now < END) {
        world_pass(w, a->now);
        if (a->now >= a->want.next) {
            orders_take(&a->want, w, a->want.next);
            d->orders++;
            a->visit = a->now + dice_below(&a->luck, 8 * HOUR);
        }
        if (a->now >= a->visit) {
            visit(a);
            next_visit(a);
        }
        if (a->now >= a->watch) {
            run_watch(a);
        }
        a->now = sooner(sooner(a->visit, a->watch), a->want.next);
    }
    free(a);
}
