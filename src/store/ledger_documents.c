/*
 * What is shown of each site: the JSON that this front end has written last, and
 * the events of a domain beside it.
 */

#include "ledger_private.h"

#include <string.h>

#define EVENTS_READ "100"

/* The key: what names a site is too long for one. */
static int key_of(mtasts_ledger *l, const char *name, char key[MTASTS_ID_SIZE])
{
    return mtasts_policy_id(name, strlen(name), key) ||
           mtasts_ledger_fail(l, "OpenSSL has no SHA-256", NULL);
}

/* --- writing --- */

typedef struct {
    const mtasts_ledger_document *documents;
    const char *const *names;
    size_t n;
    apr_int64_t now;
} writer;

static int put_one(mtasts_ledger *l, apr_pool_t *p, const writer *w,
                   const mtasts_ledger_document *d)
{
    static const char update[] =
        "UPDATE mtasts_document SET mark = %s, written_at = %lld, body = %s "
        "WHERE front = %s AND name = %s";
    char key[MTASTS_ID_SIZE];
    const void *set[] = {d->mark, &w->now, d->body, l->front, key};
    const void *all[] = {l->front, key, d->mark, &w->now, d->body};
    int there;

    return key_of(l, d->name, key) &&
           mtasts_db_write(l, p, update, set, &there) &&
           (there > 0 ||
            mtasts_db_insert(
                l, p, "mtasts_document (front, name, mark, written_at, body)",
                "(%s, %s, %s, %lld, %s)", 5, all, 1));
}

static int put_all(mtasts_ledger *l, apr_pool_t *p, void *ctx)
{
    const writer *w = ctx;
    apr_pool_t *each;
    size_t i;
    int good = 1;

    apr_pool_create(&each, p);
    for (i = 0; i < w->n && good; i++) {
        good = put_one(l, each, w, &w->documents[i]);
        apr_pool_clear(each);
    }
    apr_pool_destroy(each);
    return good;
}

int mtasts_ledger_put_documents(mtasts_ledger *l, apr_pool_t *p,
                                const mtasts_ledger_document *documents,
                                size_t n, int64_t now)
{
    writer w = {.documents = documents, .n = n, .now = mtasts_db_time(now)};
    size_t i;

    for (i = 0; i < n; i++) {
        if (!mtasts_db_is_text(documents[i].body, MTASTS_DOCUMENT_MAX) ||
            !mtasts_db_is_text(documents[i].mark, MTASTS_ID_SIZE)) {
            return mtasts_ledger_fail(l, "a document is no printable ASCII",
                                      NULL);
        }
    }
    return !n || mtasts_ledger_do(l, p, 1, put_all, &w);
}

static int drop_all(mtasts_ledger *l, apr_pool_t *p, void *ctx)
{
    static const char sql[] =
        "DELETE FROM mtasts_document WHERE front = %s AND name = %s";
    const writer *w = ctx;
    size_t i;

    for (i = 0; i < w->n; i++) {
        const void *args[] = {l->front, w->names[i]};

        if (!mtasts_db_write(l, p, sql, args, NULL)) {
            return 0;
        }
    }
    return 1;
}

int mtasts_ledger_drop_documents(mtasts_ledger *l, apr_pool_t *p,
                                 const char *const *keys, size_t n)
{
    writer w = {.names = keys, .n = n};

    return !n || mtasts_ledger_do(l, p, 1, drop_all, &w);
}

/* --- reading --- */

typedef struct {
    apr_pool_t *p;
    apr_hash_t *marks;
} marking;

/* front, name, mark */
static int take_mark(mtasts_ledger *l, const char *const *row, void *ctx)
{
    marking *m = ctx;

    (void)l;
    apr_hash_set(m->marks, apr_pstrdup(m->p, row[1]), APR_HASH_KEY_STRING,
                 apr_pstrdup(m->p, row[2]));
    return 1;
}

static int read_marks(mtasts_ledger *l, apr_pool_t *p, void *ctx)
{
    mtasts_db_scan_of mine = {.sql = "SELECT front, name, mark "
                                     "FROM mtasts_document "
                                     "WHERE (front, name) > (%s, %s) "
                                     "ORDER BY front, name" MTASTS_DB_PAGE,
                              .only = l->front,
                              .nkeys = 2,
                              .ncols = 3};
    marking *m = ctx;

    apr_hash_clear(m->marks);
    return mtasts_db_scan(l, p, &mine, take_mark, m);
}

int mtasts_ledger_document_marks(mtasts_ledger *l, apr_pool_t *p,
                                 apr_hash_t **marks)
{
    marking m = {p, apr_hash_make(p)};
    int good = mtasts_ledger_do(l, p, 0, read_marks, &m);

    *marks = m.marks;
    return good;
}

int mtasts_ledger_document_key(const char *name, char key[MTASTS_ID_SIZE])
{
    return mtasts_policy_id(name, strlen(name), key);
}

typedef struct {
    apr_pool_t *p;
    const char *name;
    mtasts_ledger_written *out;
} reading;

static int read_one(mtasts_ledger *l, apr_pool_t *p, void *ctx)
{
    static const char sql[] =
        "SELECT body, mark, written_at FROM mtasts_document "
        "WHERE front = %s AND name = %s";
    const reading *r = ctx;
    char key[MTASTS_ID_SIZE];
    const void *args[] = {l->front, key};
    const char **row;

    memset(r->out, 0, sizeof(*r->out));
    if (!key_of(l, r->name, key) || !mtasts_db_one(l, p, sql, args, 3, &row)) {
        return 0;
    }
    if (row && mtasts_db_is_text(row[0], MTASTS_DOCUMENT_MAX) &&
        mtasts_db_is_text(row[1], MTASTS_ID_SIZE) &&
        mtasts_db_number(row[2], MTASTS_TIME_MAX, &r->out->written)) {
        r->out->body = apr_pstrdup(r->p, row[0]);
        r->out->mark = apr_pstrdup(r->p, row[1]);
    }
    return 1;
}

int mtasts_ledger_read_document(mtasts_ledger *l, apr_pool_t *p,
                                const char *name, mtasts_ledger_written *out)
{
    reading r = {p, name, out};

    memset(out, 0, sizeof(*out));
    return mtasts_ledger_do(l, p, 0, read_one, &r);
}

/* --- events --- */

typedef struct {
    apr_pool_t *p;
    const char *domain;
    apr_array_header_t *events; /* mtasts_ledger_happened */
} history;

/* domain, happened_at, kind, text */
static int take_event(mtasts_ledger *l, const char *const *row, void *ctx)
{
    history *h = ctx;
    int64_t at;

    (void)l;
    if (mtasts_db_number(row[1], MTASTS_TIME_MAX, &at) &&
        mtasts_db_is_text(row[2], MTASTS_ID_SIZE) &&
        mtasts_db_is_text(row[3], MTASTS_TEXT_MAX)) {
        mtasts_ledger_happened *e = apr_array_push(h->events);

        e->at = at;
        e->kind = apr_pstrdup(h->p, row[2]);
        e->text = apr_pstrdup(h->p, row[3]);
    }
    return 1;
}

/* One page at most, so that it need not be in the order of the key. */
static int read_events(mtasts_ledger *l, apr_pool_t *p, void *ctx)
{
    history *h = ctx;
    mtasts_db_scan_of rows = {
        .sql = "SELECT domain, happened_at, kind, text FROM mtasts_event "
               "WHERE domain = %s ORDER BY happened_at DESC, seq DESC "
               "LIMIT " EVENTS_READ,
        .only = h->domain,
        .nkeys = 1,
        .ncols = 4};

    apr_array_clear(h->events);
    return mtasts_db_scan(l, p, &rows, take_event, h);
}

int mtasts_ledger_events(mtasts_ledger *l, apr_pool_t *p, const char *domain,
                         apr_array_header_t **events)
{
    history h = {p, domain,
                 apr_array_make(p, 16, sizeof(mtasts_ledger_happened))};

    *events = h.events;
    return mtasts_ledger_do(l, p, 0, read_events, &h);
}
