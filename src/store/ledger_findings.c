/*
 * What stands for this front end, and what happened.
 */

#include "ledger_private.h"

#include <stdlib.h>
#include <string.h>

#define SCOPE_MAX 512
#define KIND_MAX  32

static int is_sane(const char *scope, const char *subject, const char *text,
                   const char *remedy)
{
    return mtasts_db_is_text(scope, SCOPE_MAX) &&
           mtasts_db_is_text(subject, MTASTS_SUBJECT_MAX) &&
           mtasts_db_is_text(text, MTASTS_TEXT_MAX) &&
           mtasts_db_is_text(remedy, MTASTS_TEXT_MAX);
}

/* The key: what makes two findings the same one is too long for a database. */
static int name_of(apr_pool_t *p, const mtasts_standing *s,
                   char name[MTASTS_ID_SIZE])
{
    const char *all =
        apr_pstrcat(p, s->scope, "\n", s->subject, "\n",
                    mtasts_code_name(s->code), "\n", s->text, NULL);

    return mtasts_policy_id(all, strlen(all), name);
}

/* --- reading --- */

typedef struct {
    apr_pool_t *p;
    apr_array_header_t *standing;
    apr_hash_t *codes; /* name -> its index + 1, as a pointer */
} reader;

static int severity_of(const char *name, mtasts_severity *out)
{
    int s;

    for (s = MTASTS_ERROR; s <= MTASTS_REFUSED; s++) {
        if (!strcmp(name, mtasts_severity_name((mtasts_severity)s))) {
            *out = (mtasts_severity)s;
            return 1;
        }
    }
    return 0;
}

static apr_hash_t *codes(apr_pool_t *p)
{
    apr_hash_t *by_name = apr_hash_make(p);
    int i;

    for (i = 0; i < MTASTS_CODES; i++) {
        mtasts_code *code = apr_palloc(p, sizeof(*code));

        *code = (mtasts_code)i;
        apr_hash_set(by_name, mtasts_code_name(*code), APR_HASH_KEY_STRING,
                     code);
    }
    return by_name;
}

/* front, name, scope, subject, code, text, remedy, severity, since, said.  Another
 * version of the module may have codes that this one doesn't know. */
static int take(mtasts_ledger *l, const char *const *row, void *ctx)
{
    reader *r = ctx;
    const mtasts_code *code =
        apr_hash_get(r->codes, row[4], APR_HASH_KEY_STRING);
    mtasts_severity severity;
    int64_t since, said;

    (void)l;
    if (code && severity_of(row[7], &severity) &&
        mtasts_db_number(row[8], MTASTS_TIME_MAX, &since) &&
        mtasts_db_number(row[9], MTASTS_TIME_MAX, &said) &&
        is_sane(row[2], row[3], row[5], row[6])) {
        mtasts_standing *s = apr_array_push(r->standing);

        *s = (mtasts_standing){.scope = apr_pstrdup(r->p, row[2]),
                               .subject = apr_pstrdup(r->p, row[3]),
                               .text = apr_pstrdup(r->p, row[5]),
                               .remedy = apr_pstrdup(r->p, row[6]),
                               .code = *code,
                               .severity = severity,
                               .since = since,
                               .said = said};
    }
    return 1;
}

static int read_findings(mtasts_ledger *l, apr_pool_t *p, void *ctx)
{
    mtasts_db_scan_of mine = {
        .sql = "SELECT front, name, scope, subject, code, text, remedy, "
               "severity, since, said FROM mtasts_finding "
               "WHERE (front, name) > (%s, %s) "
               "ORDER BY front, name" MTASTS_DB_PAGE,
        .only = l->front,
        .nkeys = 2,
        .ncols = 10};
    reader *r = ctx;

    apr_array_clear(r->standing);
    r->codes = codes(p);
    return mtasts_db_scan(l, p, &mine, take, r);
}

int mtasts_ledger_findings(mtasts_ledger *l, apr_pool_t *p,
                           apr_array_header_t **standing)
{
    reader r = {.p = p};

    *standing = r.standing = apr_array_make(p, 16, sizeof(mtasts_standing));
    if (!mtasts_ledger_do(l, p, 0, read_findings, &r)) {
        apr_array_clear(r.standing);
        return 0;
    }
    if (r.standing->nelts > 1) {
        qsort(r.standing->elts, (size_t)r.standing->nelts,
              sizeof(mtasts_standing), mtasts_standing_compare);
    }
    return 1;
}

/* --- writing --- */

typedef struct {
    const mtasts_standing *const *put, *const *drop;
    size_t nput, ndrop;
} changes;

static int put_one(mtasts_ledger *l, apr_pool_t *p, const mtasts_standing *s)
{
    static const char update[] =
        "UPDATE mtasts_finding SET remedy = %s, severity = %s, since = %lld, "
        "said = %lld WHERE front = %s AND name = %s";
    const char *severity = mtasts_severity_name(s->severity);
    apr_int64_t since = mtasts_db_time(s->since);
    apr_int64_t said = mtasts_db_time(s->said);
    char name[MTASTS_ID_SIZE];
    const void *set[] = {s->remedy, severity, &since, &said, l->front, name};
    const void *all[] = {
        l->front, name,      s->scope, s->subject, mtasts_code_name(s->code),
        s->text,  s->remedy, severity, &since,     &said};
    int nrows;

    /* What reading would not believe is not kept: it appears again. */
    if (!is_sane(s->scope, s->subject, s->text, s->remedy)) {
        return 1;
    }
    return name_of(p, s, name) && mtasts_db_write(l, p, update, set, &nrows) &&
           (nrows > 0 ||
            mtasts_db_insert(
                l, p,
                "mtasts_finding (front, name, scope, subject, code, text, "
                "remedy, severity, since, said)",
                "(%s, %s, %s, %s, %s, %s, %s, %s, %lld, %lld)", 10, all, 1));
}

static int drop_one(mtasts_ledger *l, apr_pool_t *p, const mtasts_standing *s)
{
    static const char sql[] =
        "DELETE FROM mtasts_finding WHERE front = %s AND name = %s";
    char name[MTASTS_ID_SIZE];
    const void *args[] = {l->front, name};

    return name_of(p, s, name) && mtasts_db_write(l, p, sql, args, NULL);
}

static int change_all(mtasts_ledger *l, apr_pool_t *p, void *ctx)
{
    const changes *c = ctx;
    apr_pool_t *each;
    size_t i;
    int good = 1;

    apr_pool_create(&each, p);
    for (i = 0; i < c->ndrop && good; i++) {
        good = drop_one(l, each, c->drop[i]);
        apr_pool_clear(each);
    }
    for (i = 0; i < c->nput && good; i++) {
        good = put_one(l, each, c->put[i]);
        apr_pool_clear(each);
    }
    apr_pool_destroy(each);
    return good;
}

int mtasts_ledger_keep_findings(mtasts_ledger *l, apr_pool_t *p,
                                const mtasts_standing *const *put, size_t nput,
                                const mtasts_standing *const *drop,
                                size_t ndrop)
{
    changes c = {put, drop, nput, ndrop};

    return (!nput && !ndrop) || mtasts_ledger_do(l, p, 1, change_all, &c);
}

/* --- events --- */

typedef struct {
    const char *domain, *kind, *text;
    apr_int64_t now;
} event;

/* Each front end has a history of its own of a domain, so that two never write
 * the same row. */
static int put_event(mtasts_ledger *l, apr_pool_t *p, void *ctx)
{
    static const char select[] = "SELECT seq FROM mtasts_event "
                                 "WHERE domain = %s AND front = %s "
                                 "ORDER BY seq DESC LIMIT 1";
    static const char forget[] = "DELETE FROM mtasts_event "
                                 "WHERE domain = %s AND front = %s AND "
                                 "seq <= %lld";
    const event *c = ctx;
    const void *key[] = {c->domain, l->front};
    const char **row;
    int64_t last = 0;

    if (!mtasts_db_one(l, p, select, key, 1, &row)) {
        return 0;
    }
    if (row && !mtasts_db_number(row[0], INT32_MAX, &last)) {
        return mtasts_ledger_fail(l, "it is damaged: a number is none", row[0]);
    }
    else {
        apr_int64_t seq = last + 1, old = seq - MTASTS_EVENTS_KEPT;
        const void *all[] = {c->domain, l->front, &seq,
                             &c->now,   c->kind,  c->text};
        const void *gone[] = {c->domain, l->front, &old};

        return mtasts_db_insert(l, p,
                                "mtasts_event (domain, front, seq, "
                                "happened_at, kind, text)",
                                "(%s, %s, %lld, %lld, %s, %s)", 6, all, 1) &&
               (old < 1 || mtasts_db_write(l, p, forget, gone, NULL));
    }
}

int mtasts_ledger_event(mtasts_ledger *l, apr_pool_t *p, const char *domain,
                        const char *kind, const char *text, int64_t now)
{
    event c = {domain, kind, text, mtasts_db_time(now)};

    if (!mtasts_db_is_text(kind, KIND_MAX + 1) ||
        !mtasts_db_is_text(text, MTASTS_TEXT_MAX)) {
        return mtasts_ledger_fail(l, "an event is not printable ASCII", domain);
    }
    return mtasts_ledger_do(l, p, 1, put_event, &c);
}
