#include "standing.h"
#include "dump.h"
#include "found.h"
#include "../core/mx_match.h"

typedef struct {
    const mtasts_standings *standings;
    const mtasts_live_site *l;
    const char *vhost; /* its scope */
    const char *host;  /* mta-sts.DOMAIN */
    mtasts_about about;
    apr_array_header_t *findings;
} gathering;

static const char *scope_of(const gathering *g, mtasts_about about)
{
    return about == MTASTS_ABOUT_MX      ? MTASTS_MX_SCOPE
           : about == MTASTS_ABOUT_VHOST ? g->vhost
                                         : g->l->site->name->value;
}

static void add_seen(gathering *g, const mtasts_note *n)
{
    const mtasts_standing like = {.scope = scope_of(g, n->about),
                                  .subject = n->subject,
                                  .text = n->text,
                                  .code = n->code};
    const mtasts_standing *of = mtasts_standings_find(g->standings, &like);
    mtasts_site_finding *f = apr_array_push(g->findings);

    f->note = *n;
    f->since = of ? of->since : 0;
    f->seen = 1;
}

/* 1 if it is on an address from which the policy was fetched a short while ago, and
 * was right: then it was not fetched again, and what was seen of it counts. */
static int is_remembered(const mtasts_live_site *l, const char *subject)
{
    const char *address = strchr(subject, '[');
    int i;

    for (i = 0; address && l->tried && i < l->tried->nelts; i++) {
        const mtasts_live_tried *t =
            &APR_ARRAY_IDX(l->tried, i, mtasts_live_tried);
        size_t len = strlen(t->address);

        if (t->remembered && !strncmp(address + 1, t->address, len) &&
            address[1 + len] == ']') {
            return 1;
        }
    }
    return 0;
}

static void add(gathering *g, const mtasts_standing *of, int seen)
{
    mtasts_site_finding *f = apr_array_push(g->findings);

    f->note = (mtasts_note){.code = of->code,
                            .about = g->about,
                            .severity = of->severity,
                            .subject = of->subject,
                            .text = of->text,
                            .remedy = of->remedy};
    f->since = of->since;
    f->seen = seen;
}

static void add_not_seen(void *ctx, const mtasts_standing *of)
{
    gathering *g = ctx;

    if (of->not_seen) {
        add(g, of,
            g->about == MTASTS_ABOUT_DOMAIN &&
                is_remembered(g->l, of->subject));
    }
}

static void add_of_scope(gathering *g, mtasts_about about, const char *host)
{
    g->about = about;
    mtasts_standings_each(g->standings, scope_of(g, about), host, add_not_seen,
                          g);
}

static void add_if_matched(void *ctx, const mtasts_standing *of)
{
    gathering *g = ctx;
    const mtasts_policy *policy = &mtasts_site_version(g->l->site)->policy;
    char host[MTASTS_NAME_SIZE];
    size_t i, len = mtasts_subject_host(of->subject);

    if (len >= sizeof(host)) {
        return;
    }
    memcpy(host, of->subject, len);
    host[len] = '\0';
    for (i = 0; i < policy->nmx; i++) {
        if (mtasts_mx_match(policy->mx[i], host)) {
            add_not_seen(g, of);
            return;
        }
    }
}

/* Which MX hosts it has: by DNS, or while that doesn't tell, those that the policy
 * allows. */
static void add_of_mx(gathering *g)
{
    const mtasts_dns_facts *facts = g->l->facts;
    size_t i;

    if (!facts || !facts->mx || facts->mx->status == MTASTS_DNS_TEMPFAIL) {
        g->about = MTASTS_ABOUT_MX;
        mtasts_standings_each(g->standings, MTASTS_MX_SCOPE, "", add_if_matched,
                              g);
        return;
    }
    for (i = 0; i < facts->mx->nmx; i++) {
        if (*facts->mx->mx[i].host) {
            add_of_scope(g, MTASTS_ABOUT_MX, facts->mx->mx[i].host);
        }
    }
    if (facts->own_host) {
        add_of_scope(g, MTASTS_ABOUT_MX, facts->own_host->name);
    }
}

/* What is said of a domain is said once, for the first virtual host that has it. */
static void add_said_before(void *ctx, const mtasts_standing *of)
{
    gathering *g = ctx;
    int i;

    for (i = 0; i < g->findings->nelts; i++) {
        const mtasts_note *n =
            &APR_ARRAY_IDX(g->findings, i, mtasts_site_finding).note;

        if (n->code == of->code && !strcmp(n->subject, of->subject) &&
            !strcmp(n->text, of->text)) {
            return;
        }
    }
    add(g, of, !of->not_seen);
}

/* As mtasts_notes_sort() has them. */
static void sort(apr_array_header_t *findings)
{
    int i, j;

    for (i = 1; i < findings->nelts; i++) {
        mtasts_site_finding f = APR_ARRAY_IDX(findings, i, mtasts_site_finding);

        for (j = i;
             j &&
             APR_ARRAY_IDX(findings, j - 1, mtasts_site_finding).note.severity >
                 f.note.severity;
             j--) {
            APR_ARRAY_IDX(findings, j, mtasts_site_finding) =
                APR_ARRAY_IDX(findings, j - 1, mtasts_site_finding);
        }
        APR_ARRAY_IDX(findings, j, mtasts_site_finding) = f;
    }
}

apr_array_header_t *mtasts_site_findings(apr_pool_t *p,
                                         const mtasts_live_site *l,
                                         const mtasts_standings *standings)
{
    gathering g = {.standings = standings, .l = l};
    const apr_array_header_t *notes = mtasts_dump_notes(p, l->site, l, 0);
    int i;

    g.vhost = mtasts_vhost_scope(p, l->site->served->server);
    g.host = apr_pstrcat(p, MTASTS_HOST_PREFIX, l->site->name->value, NULL);
    g.findings =
        apr_array_make(p, notes->nelts + 2, sizeof(mtasts_site_finding));
    for (i = 0; i < notes->nelts; i++) {
        add_seen(&g, &APR_ARRAY_IDX(notes, i, mtasts_note));
    }
    g.about = MTASTS_ABOUT_DOMAIN;
    mtasts_standings_each(standings, l->site->name->value, "",
                          l->repeats ? add_said_before : add_not_seen, &g);
    add_of_scope(&g, MTASTS_ABOUT_VHOST, g.host);
    add_of_mx(&g);
    sort(g.findings);
    return g.findings;
}
