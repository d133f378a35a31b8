#include "authority_private.h"
#include "reply.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * Each name goes its own way, by callbacks, and all go at once: up from the name
 * to the zone (authority_zone.c), to each of the zone's servers
 * (authority_server.c), and from there, if it is a CNAME, the same again for the
 * name that it leads to.  So nothing that is slow holds up anything else.
 *
 * The resolver is one run of dns.h, and so is each server while it has questions:
 * answers are copied, and the run is freed when it is idle.
 */

#define TXT_BYTES  8192 /* of one answer; a zone's owner may send any number */
#define REASON_MAX 700

static const mtasts_dns_answer no_memory = {.status = MTASTS_DNS_TEMPFAIL,
                                            .failure = "out of memory"};

/* --- what servers say --- */

static void answer_free(row *r)
{
    if (r->answer != &no_memory) {
        free((void *)r->answer);
    }
    r->answer = NULL;
}

static void row_fail(row *r, const char *why)
{
    mtasts_dns_answer *a = mtasts_answer_tempfail(why);

    answer_free(r);
    r->answer = a ? a : &no_memory;
}

/* What it is a CNAME for at that server, or NULL.  Where a server follows it
 * itself, what it says of the target may be from its cache. */
static const char *cname_of(const row *r)
{
    return r->answer->ncname ? r->answer->cname[0] : NULL;
}

static row *first_cname(const lookup *l)
{
    row *r = l->rows;

    while (r && !cname_of(r)) {
        r = r->sibling;
    }
    return r;
}

/* Rows of a CNAME to `target` are no answers and go; others than that can't be
 * followed, too. */
static void drop_cnames(lookup *l, const char *target)
{
    row **at = &l->rows, *r;
    char why[REASON_MAX];

    while ((r = *at)) {
        const char *cname = cname_of(r);

        if (!cname || strcmp(cname, target)) {
            if (cname) {
                snprintf(why, sizeof(why),
                         "a CNAME for %.255s, but at another server for "
                         "%.255s",
                         cname, target);
                row_fail(r, why);
            }
            at = &r->sibling;
            continue;
        }
        *at = r->sibling;
        l->nrows--;
        answer_free(r);
    }
}

/* All servers have told. */
static void all_told(lookup *l)
{
    row *r = first_cname(l);
    const char *target;

    if (!r) {
        return;
    }
    if (l->cnames == MTASTS_AUTHORITY_CNAMES) {
        for (; r; r = r->sibling) {
            if (cname_of(r)) {
                row_fail(r, "more than 4 CNAMEs, one after the other");
            }
        }
        return;
    }
    target = mtasts_authority_text(l->all, cname_of(r));
    if (!target) {
        row_fail(r, no_memory.failure);
        return;
    }
    drop_cnames(l, target);
    l->asked = target;
    l->cnames++;
    l->zone = NULL;
    mtasts_authority_find(l);
}

static void take(row *r, const mtasts_dns_answer *a)
{
    r->answer = a ? a : &no_memory;
    if (!--r->of->open) {
        all_told(r->of);
    }
}

void mtasts_authority_told(row *r, const mtasts_dns_answer *answer)
{
    take(r, mtasts_answer_copy(answer, TXT_BYTES));
}

void mtasts_authority_untold(row *r, const char *why)
{
    take(r, mtasts_answer_tempfail(why));
}

/* --- who is asked --- */

void mtasts_authority_failed(lookup *l, const char *why)
{
    const char *copy = mtasts_authority_text(l->all, why);

    l->failure = copy ? copy : no_memory.failure;
}

/* A row for each address, last in l->rows; the first of them. */
static row *rows_make(lookup *l, const zone *z)
{
    row **end = &l->rows, **first;
    unsigned i;

    while (*end) {
        end = &(*end)->sibling;
    }
    first = end;
    for (i = 0; i < z->nasked && l->nrows < MTASTS_AUTHORITY_MAX; i++) {
        row *r = mtasts_authority_alloc(l->all, sizeof(*r));

        if (!r) {
            break;
        }
        r->of = l;
        r->at = z->asked[i].at;
        r->host = z->asked[i].host;
        *end = r;
        end = &r->sibling;
        l->nrows++;
        l->open++;
    }
    return *first;
}

void mtasts_authority_found(lookup *l, zone *z)
{
    row *r;

    l->zone = z;
    l->failure = NULL;
    if (!z->nasked) {
        mtasts_authority_failed(l, z->failure ? z->failure : no_memory.failure);
        return;
    }
    r = rows_make(l, z);
    if (!r) {
        mtasts_authority_failed(l, no_memory.failure);
    }
    for (; r; r = r->sibling) {
        mtasts_authority_ask(r);
    }
}

/* --- the result --- */

static void lookup_finish(lookup *l)
{
    mtasts_authority *a = &l->result;
    mtasts_authority_server *s;
    row *r;

    a->target = l->cnames ? l->asked : NULL;
    a->zone = l->zone ? l->zone->name : NULL;
    a->failure = l->failure;
    if (!l->nrows) {
        return;
    }
    s = mtasts_authority_alloc(l->all, l->nrows * sizeof(*s));
    if (!s) {
        a->failure = no_memory.failure;
        return;
    }
    a->servers = s;
    for (r = l->rows; r; r = r->sibling) {
        s->name = r->host;
        s->address = r->at->text;
        s->answer = r->answer;
        s++;
        a->nservers++;
    }
}

mtasts_authorities *mtasts_authorities_ask(const char *const *names, size_t n,
                                           const mtasts_dns_options *options,
                                           const char **error)
{
    mtasts_authorities *all = calloc(1, sizeof(*all));
    size_t i;

    *error = no_memory.failure;
    if (!all) {
        return NULL;
    }
    all->options = *options;
    all->n = n;
    all->lookups = calloc(n ? n : 1, sizeof(*all->lookups));
    all->resolver = all->lookups ? mtasts_dns_new(options, error) : NULL;
    if (!all->resolver) {
        mtasts_authorities_free(all);
        return NULL;
    }
    all->loopback = mtasts_dns_on_loopback(all->resolver);
    for (i = 0; i < n; i++) {
        lookup *l = &all->lookups[i];

        l->all = all;
        l->result.name = names[i];
        l->asked = names[i];
        mtasts_authority_find(l);
    }
    mtasts_authority_work(all);
    for (i = 0; i < n; i++) {
        lookup_finish(&all->lookups[i]);
    }
    return all;
}

const mtasts_authority *mtasts_authorities_of(const mtasts_authorities *all,
                                              size_t i)
{
    return &all->lookups[i].result;
}

void mtasts_authorities_free(mtasts_authorities *all)
{
    size_t i;
    row *r;

    for (i = 0; all->lookups && i < all->n; i++) {
        for (r = all->lookups[i].rows; r; r = r->sibling) {
            answer_free(r);
        }
    }
    mtasts_authority_servers_free(all);
    mtasts_authority_zones_free(all);
    mtasts_dns_free(all->resolver);
    mtasts_authority_memory_free(all);
    free(all->lookups);
    free(all);
}
