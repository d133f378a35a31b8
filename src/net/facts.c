#include "facts.h"

#include "../core/domain.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* "_mta-sts._tls." is the longest prefix. */
#define ASKED_SIZE (MTASTS_NAME_SIZE + 16)
#define TLSA_MAX   64 /* MX hosts of one domain, which may be hostile */

typedef struct {
    mtasts_facts *all;
    mtasts_dns_facts facts;
    mtasts_dns_host *mx_hosts; /* as facts.mx_hosts, to be filled */
    mtasts_dns_host own_host;
    char *policy_host; /* its name */
} domain_facts;

struct mtasts_facts {
    mtasts_dns_run *run;
    unsigned what; /* MTASTS_ASK_ */
    size_t n;
    domain_facts *domains;
    const mtasts_dns_answer *no_memory;
};

/* mtasts_dns_fn: puts the answer where ctx points to. */
static void put(void *ctx, const mtasts_dns_answer *answer)
{
    *(const mtasts_dns_answer **)ctx = answer;
}

static void ask_host(domain_facts *d, mtasts_dns_host *host, const char *name)
{
    static const mtasts_dns_answer none = {.status = MTASTS_DNS_ABSENT};

    host->name = name;
    if (!*name) { /* the root, which a null MX names */
        host->a = host->aaaa = &none;
        return;
    }
    mtasts_dns_ask(d->all->run, name, MTASTS_DNS_A, put, &host->a);
    mtasts_dns_ask(d->all->run, name, MTASTS_DNS_AAAA, put, &host->aaaa);
}

static void ask_below(domain_facts *d, const char *prefix, mtasts_dns_fn *done,
                      void *ctx)
{
    char name[ASKED_SIZE];

    snprintf(name, sizeof(name), "%s%s", prefix, d->facts.domain);
    mtasts_dns_ask(d->all->run, name, MTASTS_DNS_TXT, done, ctx);
}

/* A host that takes mail. */
static void ask_mx_host(domain_facts *d, mtasts_dns_host *host,
                        const char *name)
{
    char tlsa[ASKED_SIZE];

    ask_host(d, host, name);
    if (*name && d->all->what & MTASTS_ASK_TLSA &&
        snprintf(tlsa, sizeof(tlsa), "_25._tcp.%s", name) < (int)sizeof(tlsa)) {
        mtasts_dns_ask(d->all->run, tlsa, MTASTS_DNS_TLSA, put, &host->tlsa);
    }
}

/* The addresses of the MX hosts, or of the domain where there are none. */
static void got_mx(void *ctx, const mtasts_dns_answer *answer)
{
    domain_facts *d = ctx;
    size_t i;

    d->facts.mx = answer;
    if (answer->status == MTASTS_DNS_ABSENT) {
        d->facts.own_host = &d->own_host;
        ask_mx_host(d, &d->own_host, d->facts.domain);
    }
    if (answer->nmx == 0) {
        return;
    }
    d->mx_hosts = calloc(answer->nmx, sizeof(*d->mx_hosts));
    d->facts.mx_hosts = d->mx_hosts;
    if (!d->mx_hosts) {
        d->facts.mx = d->all->no_memory;
        return;
    }
    for (i = 0; i < answer->nmx; i++) {
        (i < TLSA_MAX ? ask_mx_host : ask_host)(d, &d->mx_hosts[i],
                                                answer->mx[i].host);
    }
}

static void got_tlsrpt(void *ctx, const mtasts_dns_answer *answer)
{
    domain_facts *d = ctx;

    d->facts.tlsrpt = answer;
    if (answer->status == MTASTS_DNS_ABSENT) {
        ask_below(d, "_mta-sts._tls.", put, &d->facts.wrong_tlsrpt[0]);
        ask_below(d, "_tls.", put, &d->facts.wrong_tlsrpt[1]);
    }
}

static void ask_all(domain_facts *d)
{
    size_t size = strlen(d->facts.domain) + MTASTS_HOST_PREFIX_LEN + 1;

    ask_below(d, "_mta-sts.", put, &d->facts.txt);
    if (d->all->what & MTASTS_ASK_MAIL) {
        mtasts_dns_ask(d->all->run, d->facts.domain, MTASTS_DNS_MX, got_mx, d);
        ask_below(d, "_smtp._tls.", got_tlsrpt, d);
    }
    d->policy_host = malloc(size);
    if (!d->policy_host) {
        d->facts.policy_host.a = d->facts.policy_host.aaaa = d->all->no_memory;
        return;
    }
    snprintf(d->policy_host, size, MTASTS_HOST_PREFIX "%s", d->facts.domain);
    ask_host(d, &d->facts.policy_host, d->policy_host);
}

mtasts_facts *mtasts_facts_collect(const char *const *domains, size_t n,
                                   unsigned what,
                                   const mtasts_dns_options *options,
                                   const char **error)
{
    static const mtasts_dns_answer no_memory = {.status = MTASTS_DNS_TEMPFAIL,
                                                .failure = "out of memory"};
    mtasts_facts *facts = calloc(1, sizeof(*facts));
    size_t i;

    *error = "out of memory";
    if (!facts) {
        return NULL;
    }
    facts->n = n;
    facts->what = what;
    facts->no_memory = &no_memory;
    facts->domains = calloc(n ? n : 1, sizeof(*facts->domains));
    facts->run = facts->domains ? mtasts_dns_new(options, error) : NULL;
    if (!facts->run) {
        mtasts_facts_free(facts);
        return NULL;
    }
    for (i = 0; i < n; i++) {
        facts->domains[i].all = facts;
        facts->domains[i].facts.domain = domains[i];
        ask_all(&facts->domains[i]);
    }
    mtasts_dns_go(facts->run);
    return facts;
}

const mtasts_dns_facts *mtasts_facts_of(const mtasts_facts *facts, size_t i)
{
    return &facts->domains[i].facts;
}

const char *mtasts_facts_silence(const mtasts_facts *facts)
{
    return mtasts_dns_silence(facts->run);
}

void mtasts_facts_free(mtasts_facts *facts)
{
    size_t i;

    for (i = 0; facts->domains && i < facts->n; i++) {
        free(facts->domains[i].mx_hosts);
        free(facts->domains[i].policy_host);
    }
    if (facts->run) {
        mtasts_dns_free(facts->run);
    }
    free(facts->domains);
    free(facts);
}
