#include "shown.h"
#include "document.h"
#include "dump.h"
#include "live_private.h"
#include "released.h"
#include "standing.h"

#define AT_ONCE   64    /* documents in one transaction */
#define CERTS_MAX 10000 /* certificates of MX hosts that are told of */
#define REST_MAX  200   /* findings on no site; the log has all */

/* What is shown of a site, once its document is there. */
typedef struct {
    const mtasts_site *site;
    mtasts_glance is;
} glanced;

typedef struct {
    apr_pool_t *p;    /* of the run */
    apr_pool_t *some; /* of the documents that are written at once */
    apr_pool_t *each; /* of a site */
    const mtasts_showing *of;
    apr_int64_t now;
    apr_hash_t *marks; /* of what the ledger has, by key; or NULL: not known */
    mtasts_ledger_document put[AT_ONCE];
    size_t n;
    glanced glances[AT_ONCE];
    size_t nglances;
    int good; /* the ledger could be written */
} showing;

/* --- at a glance --- */

static apr_uint32_t seconds(apr_int64_t t)
{
    return t < 0 ? 0 : t < APR_UINT32_MAX ? (apr_uint32_t)t : APR_UINT32_MAX;
}

static void earlier(apr_int64_t *first, apr_int64_t t)
{
    *first = *first && *first < t ? *first : t;
}

static apr_uint32_t vhost_end(const showing *s, const mtasts_live_site *l)
{
    apr_int64_t first = 0;
    mtasts_vhost_tls tls;
    size_t i;

    if (mtasts_live_vhost_tls(s->of->live, l->site, &tls)) {
        for (i = 0; i < tls.ncerts; i++) {
            earlier(&first, tls.certs[i].not_after);
        }
    }
    return seconds(first);
}

/* Of a host that can't be seen now, what was seen before counts. */
static apr_uint32_t mx_end(const mtasts_live_site *l, apr_uint32_t before)
{
    int all = l->facts && l->facts->mx->status != MTASTS_DNS_TEMPFAIL;
    apr_int64_t first = 0;
    int i;

    if (!mtasts_config_of(l->site->served->server)->probe_mx) {
        return 0;
    }
    for (i = 0; l->mx && i < l->mx->nelts; i++) {
        const mtasts_probe *probe =
            APR_ARRAY_IDX(l->mx, i, mtasts_live_mx).probe;

        if (probe->has_cert) {
            earlier(&first, probe->cert.not_after);
        }
        else {
            all = 0;
        }
    }
    if (!all && before) {
        earlier(&first, before);
    }
    return seconds(first);
}

/* `mark` is that of its document, or 0. */
static void glance(showing *s, const mtasts_live_site *l,
                   const apr_array_header_t *findings, apr_uint64_t mark)
{
    mtasts_glance g;
    int i;

    (void)mtasts_released_glance(l->site, &g);
    g.checked = seconds(s->now);
    memset(g.findings, 0, sizeof(g.findings));
    g.worst = MTASTS_NO_CODE;
    for (i = 0; i < findings->nelts; i++) {
        const mtasts_note *n =
            &APR_ARRAY_IDX(findings, i, mtasts_site_finding).note;

        if (n->severity < MTASTS_REFUSED &&
            g.findings[n->severity] < APR_UINT16_MAX) {
            g.findings[n->severity]++;
        }
        if (g.worst == MTASTS_NO_CODE && n->severity != MTASTS_INFO) {
            g.worst = (apr_uint16_t)n->code;
        }
    }
    g.sync = (unsigned char)l->sync;
    g.held = l->plan && l->plan->state == MTASTS_PLAN_HELD;
    g.vhost_until = vhost_end(s, l);
    g.mx_until = mx_end(l, g.mx_until);
    g.mark = (apr_uint32_t)mark;
    s->glances[s->nglances].site = l->site;
    s->glances[s->nglances++].is = g;
}

static void show_glances(showing *s)
{
    size_t i;

    for (i = 0; i < s->nglances; i++) {
        mtasts_released_set_glance(s->glances[i].site, &s->glances[i].is);
    }
    s->nglances = 0;
}

/* --- its document --- */

static json_t *finding_json(apr_pool_t *p, const mtasts_note *note,
                            int64_t since, int seen)
{
    json_t *j = mtasts_document_finding(note);

    json_object_set_new(j, "since", mtasts_document_time(p, since));
    if (!seen) {
        json_object_set_new(j, "seen", json_false());
    }
    return j;
}

static json_t *findings_json(apr_pool_t *p, const apr_array_header_t *findings)
{
    json_t *list = json_array();
    int i;

    for (i = 0; i < findings->nelts; i++) {
        const mtasts_site_finding *f =
            &APR_ARRAY_IDX(findings, i, mtasts_site_finding);

        json_array_append_new(list,
                              finding_json(p, &f->note, f->since, f->seen));
    }
    return list;
}

/* What was right a short while ago was not fetched again: the document before has
 * it. */
static int recall_fetches(showing *s, const mtasts_live_site *l,
                          const char *name, json_t *document)
{
    json_t *fetches =
        json_object_get(json_object_get(document, "tls"), "fetch");
    const json_t *one, *old;
    mtasts_ledger_written was = {NULL, NULL, 0};
    json_t *before;
    size_t i;
    int j, any = 0;

    for (j = 0; l->tried && j < l->tried->nelts; j++) {
        any = any || APR_ARRAY_IDX(l->tried, j, mtasts_live_tried).remembered;
    }
    if (!any) {
        return 1;
    }
    if (!mtasts_ledger_read_document(s->of->ledger, s->each, name, &was)) {
        return 0;
    }
    before = was.body ? json_loads(was.body, 0, NULL) : NULL;
    old = json_object_get(json_object_get(before, "tls"), "fetch");
    for (j = 0; j < l->tried->nelts; j++) {
        const mtasts_live_tried *t =
            &APR_ARRAY_IDX(l->tried, j, mtasts_live_tried);

        json_array_foreach(old, i, one)
        {
            const char *address =
                json_string_value(json_object_get(one, "address"));

            if (t->remembered && address && !strcmp(address, t->address)) {
                json_array_append(fetches, (json_t *)one);
            }
        }
    }
    json_decref(before);
    return 1;
}

/* A site that repeats another one of its domain is not fetched again: all that is
 * fetched is the domain's. */
static void take_fetches(const showing *s, const mtasts_live_site *l,
                         json_t *document)
{
    const mtasts_site *first = l->site->same;
    const mtasts_live_site *of = NULL;
    json_t *tls;

    while (first && (!of || of->repeats)) {
        of = mtasts_live_of(s->of->live, first);
        first = first->same;
    }
    if (of && !of->repeats) {
        tls = mtasts_dump_json_tls(s->each, s->of->live, of);
        json_object_set(json_object_get(document, "tls"), "fetch",
                        json_object_get(tls, "fetch"));
        json_decref(tls);
    }
}

/* NULL if the ledger could not be read. */
static json_t *document_of(showing *s, const mtasts_live_site *l,
                           const char *name, const apr_array_header_t *findings)
{
    json_t *document = mtasts_document(s->each, l->site, s->of->live,
                                       findings_json(s->each, findings));

    /* They are read where they are shown, as they change in between. */
    json_object_del(document, "publishing");
    json_object_del(document, "fetches");
    if (l->repeats) {
        take_fetches(s, l, document);
    }
    if (!recall_fetches(s, l, name, document)) {
        json_decref(document);
        return NULL;
    }
    return document;
}

static int write_some(showing *s)
{
    int good = mtasts_ledger_put_documents(s->of->ledger, s->some, s->put, s->n,
                                           s->now);

    s->n = 0;
    apr_pool_clear(s->some);
    show_glances(s);
    return good;
}

/* Takes it off those that are there; 1 if it is there with this mark. */
static int is_same(showing *s, const char *name, const char *mark)
{
    char key[MTASTS_ID_SIZE];
    const char *there;

    if (!s->marks || !mtasts_ledger_document_key(name, key)) {
        return 0;
    }
    there = apr_hash_get(s->marks, key, APR_HASH_KEY_STRING);
    if (there) {
        apr_hash_set(s->marks, key, APR_HASH_KEY_STRING, NULL);
    }
    return there && !strcmp(there, mark);
}

/* It is taken, unless the ledger has it. */
static int put(showing *s, const char *name, json_t *document,
               apr_uint64_t number)
{
    const char *mark = apr_psprintf(s->each, "%" APR_UINT64_T_HEX_FMT, number);
    char *body = NULL;

    if (!is_same(s, name, mark)) {
        body = json_dumps(document, JSON_COMPACT | JSON_ENSURE_ASCII);
    }
    json_decref(document);
    if (body && strlen(body) < MTASTS_DOCUMENT_MAX) {
        s->put[s->n].name = apr_pstrdup(s->some, name);
        s->put[s->n].mark = apr_pstrdup(s->some, mark);
        s->put[s->n++].body = apr_pstrdup(s->some, body);
    }
    free(body);
    return s->n < AT_ONCE || write_some(s);
}

/* --- the server's --- */

static json_t *mx_json(const showing *s)
{
    const mtasts_live *live = s->of->live;
    apr_hash_t *known = apr_hash_make(s->p);
    json_t *list = json_array();
    int i, j;

    for (i = 0; i < live->sites->nelts; i++) {
        const apr_array_header_t *mx = mtasts_live_at(live, i)->mx;

        for (j = 0; mx && j < mx->nelts; j++) {
            const mtasts_probe *probe =
                APR_ARRAY_IDX(mx, j, mtasts_live_mx).probe;

            /* Domains share them. */
            if (!probe->has_cert || json_array_size(list) >= CERTS_MAX ||
                apr_hash_get(known, &probe, sizeof(probe))) {
                continue;
            }
            apr_hash_set(known, apr_pmemdup(s->p, &probe, sizeof(probe)),
                         sizeof(probe), probe);
            json_array_append_new(
                list, json_pack("{s:s, s:s, s:I}", "host", probe->host,
                                "address", probe->address, "until",
                                (json_int_t)probe->cert.not_after));
        }
    }
    return list;
}

typedef struct {
    apr_pool_t *p;
    json_t *list;
} listing;

static void list_one(void *ctx, const mtasts_standing *of)
{
    listing *to = ctx;
    const mtasts_note note = {.code = of->code,
                              .severity = of->severity,
                              .subject = of->subject,
                              .text = of->text,
                              .remedy = of->remedy};

    json_array_append_new(to->list,
                          finding_json(to->p, &note, of->since, !of->not_seen));
}

/* What is said on no site: on the module, and on domains that are not served.  Of
 * the ledger itself nothing, as who reads this has it. */
static json_t *rest_json(const showing *s)
{
    const apr_array_header_t *notes = mtasts_live_notes(s->of->live);
    listing to = {s->p, json_array()};
    const char *last = "";
    int i;

    mtasts_standings_each(s->of->standings, "", "", list_one, &to);
    for (i = 0; i < notes->nelts; i++) {
        const mtasts_note *n = &APR_ARRAY_IDX(notes, i, mtasts_note);

        if (n->code == MTASTS_POLICY_WITHDRAWN && strcmp(n->subject, last)) {
            mtasts_standings_each(s->of->standings, n->subject, "", list_one,
                                  &to);
            last = n->subject;
        }
    }
    return to.list;
}

static int keep_summary(showing *s)
{
    json_t *summary =
        json_pack("{s:o, s:o}", "mx", mx_json(s), "findings", rest_json(s));

    return put(s, MTASTS_SUMMARY_NAME, summary, mtasts_document_mark(summary));
}

/* --- all --- */

/* What was written of sites that are no more. */
static int drop_rest(showing *s)
{
    apr_array_header_t *keys = apr_array_make(s->p, 4, sizeof(char *));
    apr_hash_index_t *i;
    int at, n, good = 1;

    for (i = s->marks ? apr_hash_first(s->p, s->marks) : NULL; i;
         i = apr_hash_next(i)) {
        APR_ARRAY_PUSH(keys, const char *) = apr_hash_this_key(i);
    }
    for (at = 0; good && at < keys->nelts && !s->of->stop(s->of->stop_ctx);
         at += n) {
        n = keys->nelts - at < AT_ONCE ? keys->nelts - at : AT_ONCE;
        good = mtasts_ledger_drop_documents(
            s->of->ledger, s->each, (const char *const *)keys->elts + at,
            (size_t)n);
        apr_pool_clear(s->each);
    }
    return good;
}

static void show_site(showing *s, const mtasts_live_site *l)
{
    const apr_array_header_t *findings =
        mtasts_site_findings(s->each, l, s->of->standings);
    const char *name = mtasts_document_name(s->each, l->site);
    apr_uint64_t mark = 0;
    json_t *document = NULL;

    if (s->good && s->of->ledger) {
        document = document_of(s, l, name, findings);
        s->good = document != NULL;
    }
    if (document) {
        mark = mtasts_document_mark(document);
        s->good = put(s, name, document, mark);
    }
    glance(s, l, findings, mark);
    if (s->nglances == AT_ONCE) {
        s->good = s->good && (!s->n || write_some(s));
        show_glances(s);
    }
}

int mtasts_show(apr_pool_t *p, const mtasts_showing *of)
{
    showing s = {.p = p, .of = of, .good = 1};
    int i;

    s.now = apr_time_sec(of->live->now);
    apr_pool_create(&s.some, p);
    apr_pool_create(&s.each, p);
    if (of->ledger && of->whole) {
        s.good = mtasts_ledger_document_marks(of->ledger, p, &s.marks);
    }
    for (i = 0; i < of->live->sites->nelts && !of->stop(of->stop_ctx); i++) {
        show_site(&s, mtasts_live_at(of->live, i));
        apr_pool_clear(s.each);
    }
    if (s.good && of->ledger && !of->stop(of->stop_ctx)) {
        s.good = (!of->whole || keep_summary(&s)) && write_some(&s) &&
                 (!of->whole || drop_rest(&s));
    }
    show_glances(&s);
    apr_pool_destroy(s.each);
    apr_pool_destroy(s.some);
    return s.good;
}
