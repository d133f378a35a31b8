/* The zone that a name is in, and the addresses of its servers, as the resolver
 * has them. */

#include "authority_private.h"

#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LABELS_MAX 16 /* that are gone up */
#define REASON_MAX 1200

/* --- the servers' addresses --- */

static const mtasts_dns_address *nth(const mtasts_dns_answer *a, unsigned *n)
{
    unsigned has =
        a->naddresses < ADDRESSES_MAX ? (unsigned)a->naddresses : ADDRESSES_MAX;

    if (*n < has) {
        return &a->addresses[*n];
    }
    *n -= has;
    return NULL;
}

/* The host's n-th address, IPv4 before IPv6; NULL if it hasn't so many. */
static const mtasts_dns_address *host_address(const host *h, unsigned n)
{
    const mtasts_dns_address *a = nth(h->a, &n);

    return a ? a : nth(h->aaaa, &n);
}

static void choose(choice *from, unsigned *n, server *s, const host *h)
{
    unsigned i;

    for (i = 0; i < *n; i++) {
        if (from[i].at == s) {
            return;
        }
    }
    if (*n < MTASTS_AUTHORITY_MAX) {
        from[*n].at = s;
        from[(*n)++].host = h->name;
    }
}

/* One address of each host, then another of each: with many hosts, as many as
 * possible are heard.  What can't be asked comes last. */
static void choose_all(zone *z)
{
    choice never[MTASTS_AUTHORITY_MAX] = {{NULL, NULL}};
    unsigned nnever = 0, round, i;

    for (round = 0; round < 2 * ADDRESSES_MAX; round++) {
        for (i = 0; i < z->nhosts && z->nasked < MTASTS_AUTHORITY_MAX; i++) {
            const mtasts_dns_address *a = host_address(&z->hosts[i], round);
            server *s = a ? mtasts_authority_server_get(z->all, a) : NULL;

            if (s && s->never) {
                choose(never, &nnever, s, &z->hosts[i]);
            }
            else if (s) {
                choose(z->asked, &z->nasked, s, &z->hosts[i]);
            }
        }
    }
    for (i = 0; i < nnever && z->nasked < MTASTS_AUTHORITY_MAX; i++) {
        z->asked[z->nasked++] = never[i];
    }
}

static const char *no_address_text(const zone *z)
{
    char text[REASON_MAX];
    unsigned i;

    for (i = 0; i < z->nhosts; i++) {
        const host *h = &z->hosts[i];
        const mtasts_dns_answer *a =
            h->a->status == MTASTS_DNS_TEMPFAIL ? h->a : h->aaaa;

        if (a->status == MTASTS_DNS_TEMPFAIL) {
            snprintf(text, sizeof(text),
                     "no address of a name server of %.255s could be found; "
                     "of %.255s: %s",
                     z->name, h->name, a->failure);
            return mtasts_authority_text(z->all, text);
        }
    }
    snprintf(
        text, sizeof(text),
        "no name server of %.255s has an address; there is none for %.255s",
        z->name, z->hosts[0].name);
    return mtasts_authority_text(z->all, text);
}

/* All addresses are known. */
static void zone_ready(zone *z)
{
    lookup *l;

    choose_all(z);
    if (!z->nasked) {
        z->failure = no_address_text(z);
    }
    while ((l = z->waiting)) {
        z->waiting = l->next;
        mtasts_authority_found(l, z);
    }
}

static void host_told(host *h)
{
    if (!--h->of->open) {
        zone_ready(h->of);
    }
}

static void got_a(void *ctx, const mtasts_dns_answer *answer)
{
    ((host *)ctx)->a = answer;
    host_told(ctx);
}

static void got_aaaa(void *ctx, const mtasts_dns_answer *answer)
{
    ((host *)ctx)->aaaa = answer;
    host_told(ctx);
}

static void ask_hosts(zone *z, const mtasts_dns_answer *ns)
{
    unsigned i;

    z->nhosts = ns->nns < HOST_MAX ? (unsigned)ns->nns : HOST_MAX;
    z->open = 2 * z->nhosts;
    for (i = 0; i < z->nhosts; i++) {
        z->hosts[i].of = z;
        z->hosts[i].name = ns->ns[i];
    }
    for (i = 0; i < z->nhosts; i++) {
        host *h = &z->hosts[i];

        mtasts_dns_ask(z->all->resolver, h->name, MTASTS_DNS_A, got_a, h);
        mtasts_dns_ask(z->all->resolver, h->name, MTASTS_DNS_AAAA, got_aaaa, h);
    }
}

/* --- zones --- */

static int zone_compare(const void *a, const void *b)
{
    return strcmp(((const zone *)a)->name, ((const zone *)b)->name);
}

/* The zone of that name; *made if it was not known yet.  NULL without memory. */
static zone *zone_get(mtasts_authorities *all, const char *name, int *made)
{
    size_t size = strlen(name) + 1;
    zone *z = calloc(1, sizeof(*z) + size), **node;

    *made = 0;
    if (!z) {
        return NULL;
    }
    memcpy(z->name, name, size);
    node = tsearch(z, &all->zone_tree, zone_compare);
    if (!node || *node != z) {
        free(z);
        return node ? *node : NULL;
    }
    *made = 1;
    z->all = all;
    z->made_before = all->zones;
    all->zones = z;
    return z;
}

/* The zone `name` has these NS records. */
static void join_zone(lookup *l, const char *name, const mtasts_dns_answer *ns)
{
    int made;
    zone *z = zone_get(l->all, name, &made);

    if (!z) {
        mtasts_authority_failed(l, "out of memory");
        return;
    }
    if (!made && !z->open) {
        mtasts_authority_found(l, z);
        return;
    }
    l->next = z->waiting;
    z->waiting = l;
    if (made) {
        ask_hosts(z, ns);
    }
}

void mtasts_authority_zones_free(mtasts_authorities *all)
{
    zone *z;

    while ((z = all->zones)) {
        all->zones = z->made_before;
        tdelete(z, &all->zone_tree, zone_compare);
        free(z);
    }
}

/* --- up to the zone --- */

static void got_ns(void *ctx, const mtasts_dns_answer *answer);

static void fail_at(lookup *l, const mtasts_dns_answer *answer)
{
    char text[REASON_MAX];

    snprintf(text, sizeof(text), "name servers (NS) of %.255s: %s", l->up,
             answer->failure);
    mtasts_authority_failed(l, text);
}

static void go_up(lookup *l)
{
    const char *dot = strchr(l->up, '.');
    char text[REASON_MAX];

    if (dot && dot[1] && l->labels++ < LABELS_MAX) {
        l->up = dot + 1;
        mtasts_dns_ask(l->all->resolver, l->up, MTASTS_DNS_NS, got_ns, l);
        return;
    }
    /* A failure on the way may be why. */
    if (!l->failure) {
        snprintf(text, sizeof(text),
                 "no name servers (NS) found for %.255s or above it", l->asked);
        mtasts_authority_failed(l, text);
    }
}

/* A name with a CNAME is no zone, and what comes with it is the target's.  Of the
 * name itself even a failure is no end: there are servers that answer well only
 * what is usually asked; and if it is a zone after all, those of the zone above
 * say that they are no authority for it. */
static void got_ns(void *ctx, const mtasts_dns_answer *answer)
{
    lookup *l = ctx;

    if (answer->status == MTASTS_DNS_OK && !answer->ncname) {
        join_zone(l, l->up, answer);
        return;
    }
    if (answer->status == MTASTS_DNS_TEMPFAIL) {
        if (!l->failure) {
            fail_at(l, answer);
        }
        if (l->labels) {
            return;
        }
    }
    go_up(l);
}

void mtasts_authority_find(lookup *l)
{
    l->up = l->asked;
    l->labels = 0;
    mtasts_dns_ask(l->all->resolver, l->up, MTASTS_DNS_NS, got_ns, l);
}
