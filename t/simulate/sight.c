#include "sight.h"

#include "../../src/core/record.h"
#include "../../src/core/release.h"
#include "../../src/core/tls_check.h"

#include <stdio.h>
#include <string.h>

static const mtasts_dns_answer there = {.status = MTASTS_DNS_OK};

typedef struct {
    sight *out;
    int host; /* that is looked at, or NONE */
    /* For what mtasts_cached_tls_check() says of each fault. */
    const mtasts_changing *changing;
    const char *name;
} watcher;

static void found(void *ctx, const mtasts_finding *f)
{
    watcher *s = ctx;

    s->out->count[f->code]++;
    if (f->blocks && !s->out->blocks) {
        snprintf(s->out->first, sizeof(s->out->first), "%s", f->text);
    }
    s->out->blocks |= f->blocks;
    s->out->holds_back |= mtasts_holds_back(f);
    if (s->host != NONE && f->code != MTASTS_MX_UNREACHABLE) {
        s->out->trouble[s->host] = 1;
    }
}

static void found_fault(void *ctx, const mtasts_finding *f)
{
    watcher *s = ctx;

    mtasts_cached_tls_check(s->changing, s->name, s->name, f, found, s);
}

/* ---- DNS ---- */

typedef struct {
    mtasts_dns_txt record, report;
    mtasts_dns_answer txt, mx, tlsrpt;
    mtasts_dns_mx mx_list[SET_MAX];
    mtasts_dns_host hosts[SET_MAX];
    mtasts_dns_facts facts;
    char text[MTASTS_TXT_SIZE], policy_host[NAME_SIZE + 8];
} dns_room;

static mtasts_dns_host host_of(const char *name)
{
    mtasts_dns_host h = {name, &there, &there, NULL};

    return h;
}

static void see_txt(const world *w, int64_t now, dns_room *r)
{
    int id = timeline_at(&w->txt, now);

    r->txt.status = MTASTS_DNS_ABSENT;
    if (id != NONE) {
        mtasts_txt_render(w->ids[id], r->text);
        r->record.data = r->text;
        r->record.len = strlen(r->text);
        r->txt.status = MTASTS_DNS_OK;
        r->txt.txt = &r->record;
        r->txt.ntxt = 1;
    }
    r->report.data = "v=TLSRPTv1; rua=mailto:tlsrpt@example.net";
    r->report.len = strlen(r->report.data);
    r->tlsrpt.status = MTASTS_DNS_OK;
    r->tlsrpt.txt = &r->report;
    r->tlsrpt.ntxt = 1;
}

static void see_mx(const world *w, int64_t now, dns_room *r)
{
    const mx_set *set = world_mx(w, now);
    int i;

    for (i = 0; i < set->n; i++) {
        r->mx_list[i].preference = (uint16_t)(10 * (i + 1));
        r->mx_list[i].host = w->hosts[set->host[i]].name;
        r->hosts[i] = host_of(r->mx_list[i].host);
    }
    r->mx.status = MTASTS_DNS_OK;
    r->mx.mx = r->mx_list;
    r->mx.nmx = (size_t)set->n;
}

static const mtasts_dns_facts *see_dns(const world *w, int64_t now, dns_room *r)
{
    memset(r, 0, sizeof(*r));
    see_txt(w, now, r);
    see_mx(w, now, r);
    snprintf(r->policy_host, sizeof(r->policy_host), "mta-sts.%s", w->domain);
    r->facts.domain = w->domain;
    r->facts.txt = &r->txt;
    r->facts.mx = &r->mx;
    r->facts.mx_hosts = r->hosts;
    r->facts.policy_host = host_of(r->policy_host);
    r->facts.tlsrpt = &r->tlsrpt;
    return &r->facts;
}

/* ---- STARTTLS ---- */

static void see_host(const host *h, int64_t now, mtasts_probe *probe)
{
    memset(probe, 0, sizeof(*probe));
    snprintf(probe->host, sizeof(probe->host), "%s", h->name);
    snprintf(probe->address, sizeof(probe->address), "192.0.2.25");
    if (!timeline_at(&h->up, now)) {
        probe->result = MTASTS_PROBE_UNKNOWN;
        snprintf(probe->why, sizeof(probe->why), "no answer");
        return;
    }
    probe->result = MTASTS_PROBE_OK;
    probe->connected = probe->has_cert = 1;
    probe->cert.name_matches = 1;
    probe->cert.not_before = h->cert_until - 90 * DAY;
    probe->cert.not_after = h->cert_until - 1;
    probe->cert.chain = MTASTS_CHAIN_OK;
}

static void look_at_hosts(const world *w, watcher *s, int64_t now)
{
    const mx_set *set = world_mx(w, now);
    mtasts_mx_asked asked = {s->changing->policy->mode, 0, 0, 0, now};
    mtasts_mx_asked enforced = {MTASTS_MODE_ENFORCE, 0, 0, 0, now};
    mtasts_probe probe;
    int i;

    for (i = 0; i < set->n; i++) {
        const host *h = &w->hosts[set->host[i]];

        see_host(h, now, &probe);
        s->host = set->host[i];
        asked.backup = enforced.backup = i > 0;
        mtasts_mx_check(&asked, &probe, found, s);
        s->host = NONE;
        s->name = h->name;
        mtasts_mx_check(&enforced, &probe, found_fault, s);
    }
}

int is_proper(const world *w, int number, int64_t now)
{
    mtasts_mx_asked asked = {MTASTS_MODE_ENFORCE, 0, 0, 0, now};
    sight out;
    watcher s = {&out, number, NULL, NULL};
    mtasts_probe probe;

    memset(&out, 0, sizeof(out));
    see_host(&w->hosts[number], now, &probe);
    mtasts_mx_check(&asked, &probe, found, &s);
    return !out.trouble[number];
}

/* ---- all ---- */

void look(const world *w, ledger *l, int number, int64_t now, sight *out)
{
    const policy *p = w->policies[number];
    const mtasts_history *history = ledger_history(l, now);
    mtasts_wanted want = {&p->policy, w->ids[p->id], NULL, history, now, 0};
    mtasts_changing changing = {w->domain, &p->policy, w->ids[p->id],
                                p->digest, history,    now};
    watcher s = {out, NONE, &changing, NULL};
    dns_room room;
    const mtasts_dns_facts *facts = see_dns(w, now, &room);

    memset(out, 0, sizeof(*out));
    out->sync = mtasts_dns_check(&want, facts, found, &s);
    mtasts_history_check(&changing, found, &s);
    mtasts_cached_mx_check(&changing, facts, found, &s);
    look_at_hosts(w, &s, now);
}

int is_withdrawn(const world *w, ledger *l, int64_t now)
{
    sight out;
    watcher s = {&out, NONE, NULL, NULL};

    memset(&out, 0, sizeof(out));
    mtasts_withdrawn_check(
        &(mtasts_gone){w->domain, ledger_history(l, now), NULL, 0}, now, found,
        &s);
    return out.count[MTASTS_POLICY_WITHDRAWN] > 0;
}
