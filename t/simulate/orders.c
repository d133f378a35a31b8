#include "orders.h"

#include <stdio.h>
#include <string.h>

static const char *const names[ORDERS] = {
    "add an MX host",     "remove an MX host", "move to another provider",
    "enforce the policy", "loosen the policy", "change max_age",
    "drop MTA-STS",       "set MTA-STS up",    "a renewal breaks"};

const char *order_name(order_kind kind)
{
    return names[kind];
}

/* A host of the domain's own, named as it is, or a provider's, of which policies
 * name them all. */
static int new_host(wanted *want, world *w, int64_t at, int provider)
{
    char name[NAME_SIZE], pattern[NAME_SIZE];
    int n = ++want->nnames;

    if (provider) {
        snprintf(name, sizeof(name), "in%d.mx.provider%d.example", n, provider);
        snprintf(pattern, sizeof(pattern), provider % 2 ? "*%s" : "%s",
                 provider % 2 ? strchr(name, '.') : name);
    }
    else {
        snprintf(name, sizeof(name), "mx%d.%.40s", n, w->domain);
        snprintf(pattern, sizeof(pattern), "%s", name);
    }
    return world_add_host(w, at, name, pattern, &want->luck);
}

static void add(wanted *want, world *w, int64_t now)
{
    mx_set *mx = &want->mx;
    int at = (int)dice_below(&want->luck, mx->n + 1), i;

    for (i = mx->n++; i > at; i--) {
        mx->host[i] = mx->host[i - 1];
    }
    mx->host[at] = new_host(want, w, now, 0);
}

static void take_out(wanted *want)
{
    mx_set *mx = &want->mx;
    int i = (int)dice_below(&want->luck, mx->n);

    for (mx->n--; i < mx->n; i++) {
        mx->host[i] = mx->host[i + 1];
    }
}

static void move(wanted *want, world *w, int64_t now)
{
    int provider = ++want->nnames;
    int i, n = (int)dice_between(&want->luck, 1, 2);

    for (i = 0; i < n; i++) {
        want->mx.host[i] = new_host(want, w, now, provider);
    }
    want->mx.n = n;
}

static void change_max_age(wanted *want)
{
    static const uint32_t ages[] = {
        30 * MINUTE, DAY, 3 * DAY, WEEK, WEEK, WEEK, 2 * WEEK, 4 * WEEK,
    };
    uint32_t before = want->max_age;

    while (want->max_age == before) {
        want->max_age = ages[dice_below(&want->luck, 8)];
    }
}

/* The renewal has not worked for some time, and it has begun to show. */
static void lapse(wanted *want, world *w, int64_t now)
{
    host *h = &w->hosts[want->mx.host[dice_below(&want->luck, want->mx.n)]];
    int64_t until = now + dice_between(&want->luck, 2 * DAY, 30 * DAY);

    h->renews = 0;
    if (h->cert_until > until && timeline_at(&h->proper, now)) {
        h->cert_until = until;
    }
}

static void carry_out(wanted *want, world *w, order_kind kind, int64_t now)
{
    switch (kind) {
    case ORDER_ADD:
        add(want, w, now);
        break;
    case ORDER_REMOVE:
        take_out(want);
        break;
    case ORDER_MOVE:
        move(want, w, now);
        break;
    case ORDER_RAISE:
    case ORDER_LOWER:
        want->mode =
            kind == ORDER_RAISE ? MTASTS_MODE_ENFORCE : MTASTS_MODE_TESTING;
        break;
    case ORDER_MAX_AGE:
        change_max_age(want);
        break;
    case ORDER_RETIRE:
    case ORDER_SET_UP:
        want->present = kind == ORDER_SET_UP;
        want->mode = MTASTS_MODE_TESTING;
        break;
    default:
        lapse(want, w, now);
    }
}

/* One that makes sense as things are. */
static order_kind choose(wanted *want)
{
    int die = (int)dice_below(&want->luck, 100);

    if (!want->present && dice_chance(&want->luck, 50)) {
        return ORDER_SET_UP;
    }
    if (want->present && want->mode == MTASTS_MODE_TESTING &&
        dice_chance(&want->luck, 40)) {
        return ORDER_RAISE;
    }
    if (die < 22) {
        return want->mx.n < 4 ? ORDER_ADD : ORDER_REMOVE;
    }
    if (die < 44) {
        return want->mx.n > 1 ? ORDER_REMOVE : ORDER_ADD;
    }
    if (die < 62) {
        return ORDER_MOVE;
    }
    if (die < 74) {
        return ORDER_LAPSE;
    }
    if (!want->present || die < 82) {
        return ORDER_MAX_AGE;
    }
    return die < 92 ? ORDER_LOWER : ORDER_RETIRE;
}

order_kind orders_take(wanted *want, world *w, int64_t now)
{
    order_kind kind = choose(want);
    char text[120];

    carry_out(want, w, kind, now);
    want->next =
        now + dice_between(&want->luck, HOUR,
                           dice_chance(&want->luck, 40) ? 2 * DAY : 20 * DAY);
    world_say(w, now, "order: %s; MX %s", names[kind],
              show_set(w, &want->mx, text, sizeof(text)));
    return kind;
}

void orders_begin(wanted *want, world *w, uint64_t seed)
{
    int i, n;

    memset(want, 0, sizeof(*want));
    want->luck = dice_of(seed, 'o', 0);
    want->mode = MTASTS_MODE_TESTING;
    want->present = 1;
    change_max_age(want);
    n = (int)dice_between(&want->luck, 1, 3);
    for (i = 0; i < n; i++) {
        want->mx.host[i] = new_host(want, w, BEGIN, 0);
    }
    want->mx.n = n;
    want->next = BEGIN + dice_between(&want->luck, HOUR, 10 * DAY);
}
