/* What a run has found out, compared with what stood before. */

#include "report.h"
#include "found.h"
#include "live_private.h"

struct mtasts_standings {
    apr_pool_t *pool;         /* that it was made in */
    apr_pool_t *mine;         /* of all below; another one after each run */
    apr_array_header_t *list; /* mtasts_standing, sorted; `of` is NULL unless
                                 the ledger has it just so */
    apr_hash_t *soon;
    int read;     /* from the ledger */
    int reported; /* a run of this process */
};

/* One comparison; all in the run's pool. */
typedef struct {
    apr_pool_t *p;
    mtasts_standings *s;
    const mtasts_live *live;
    mtasts_looked *looked;
    mtasts_founds founds;
    apr_array_header_t *was;      /* mtasts_standing; `of` is that of s->list */
    apr_array_header_t *is;       /* mtasts_standing; `of` is a mtasts_found */
    apr_array_header_t *gone;     /* mtasts_found * */
    apr_array_header_t *not_seen; /* mtasts_found * */
    apr_array_header_t *drop;     /* mtasts_standing *, of the ledger */
} comparison;

static mtasts_standing *at(const apr_array_header_t *list, int i)
{
    return &APR_ARRAY_IDX(list, i, mtasts_standing);
}

static void sort(apr_array_header_t *list)
{
    if (list->nelts) {
        qsort(list->elts, (size_t)list->nelts, sizeof(mtasts_standing),
              mtasts_standing_compare);
    }
}

mtasts_standings *mtasts_standings_make(apr_pool_t *p)
{
    mtasts_standings *s = apr_pcalloc(p, sizeof(*s));

    s->pool = p;
    apr_pool_create(&s->mine, p);
    s->list = apr_array_make(s->mine, 1, sizeof(mtasts_standing));
    s->soon = apr_hash_make(s->mine);
    return s;
}

const apr_hash_t *mtasts_standings_soon(const mtasts_standings *s)
{
    return s->soon;
}

/* The first that is not before this scope and subject. */
static int first_at(const mtasts_standings *s, const char *scope,
                    const char *subject, apr_size_t len)
{
    int low = 0, high = s->list->nelts;

    while (low < high) {
        int middle = low + (high - low) / 2;
        int order = strcmp(at(s->list, middle)->scope, scope);

        order =
            order ? order : strncmp(at(s->list, middle)->subject, subject, len);
        if (order < 0) {
            low = middle + 1;
        }
        else {
            high = middle;
        }
    }
    return low;
}

const mtasts_standing *mtasts_standings_find(const mtasts_standings *s,
                                             const mtasts_standing *like)
{
    return bsearch(like, s->list->elts, (size_t)s->list->nelts,
                   sizeof(mtasts_standing), mtasts_standing_compare);
}

void mtasts_standings_each(const mtasts_standings *s, const char *scope,
                           const char *host, mtasts_standing_fn *each,
                           void *ctx)
{
    apr_size_t len = strlen(host);
    int i = first_at(s, scope, host, len);

    for (; i < s->list->nelts; i++) {
        const mtasts_standing *one = at(s->list, i);

        if (strcmp(one->scope, scope) || strncmp(one->subject, host, len)) {
            return;
        }
        if (!*host || mtasts_subject_host(one->subject) == len) {
            each(ctx, one);
        }
    }
}

/* --- between runs --- */

static const char *keep_string(apr_pool_t *p, apr_hash_t *strings,
                               const char *text)
{
    const char *kept = apr_hash_get(strings, text, APR_HASH_KEY_STRING);

    if (!kept) {
        kept = apr_pstrdup(p, text);
        apr_hash_set(strings, kept, APR_HASH_KEY_STRING, kept);
    }
    return kept;
}

/* Of many domains the texts are often the same. */
static void keep_one(apr_array_header_t *to, apr_hash_t *strings,
                     const mtasts_standing *one)
{
    mtasts_standing *kept = apr_array_push(to);
    apr_pool_t *p = to->pool;

    *kept = *one;
    kept->scope = keep_string(p, strings, one->scope);
    kept->subject = keep_string(p, strings, one->subject);
    kept->text = keep_string(p, strings, one->text);
    kept->remedy = keep_string(p, strings, one->remedy);
}

/* `list` is copied; with it goes what was before. */
static void keep(mtasts_standings *s, apr_pool_t *p,
                 const apr_array_header_t *list, apr_hash_t *soon)
{
    apr_pool_t *before = s->mine;
    apr_hash_t *strings = apr_hash_make(p);
    apr_array_header_t *kept;
    apr_hash_index_t *i;
    int j;

    apr_pool_create(&s->mine, s->pool);
    kept = apr_array_make(s->mine, list->nelts, sizeof(mtasts_standing));
    for (j = 0; j < list->nelts; j++) {
        keep_one(kept, strings, at(list, j));
    }
    sort(kept);
    s->list = kept;
    s->soon = apr_hash_make(s->mine);
    for (i = soon ? apr_hash_first(p, soon) : NULL; i; i = apr_hash_next(i)) {
        const void *key;
        void *value;

        apr_hash_this(i, &key, NULL, &value);
        apr_hash_set(s->soon, apr_pstrdup(s->mine, key), APR_HASH_KEY_STRING,
                     value);
    }
    apr_pool_destroy(before);
}

/* Two lists as one; of equal entries those of `mine`, which stand since the
 * earlier time and were said at the later. */
static void merge(apr_array_header_t *to, const apr_array_header_t *mine,
                  const apr_array_header_t *theirs)
{
    int i = 0, j = 0;

    while (i < mine->nelts || j < theirs->nelts) {
        int order = i == mine->nelts ? 1
                    : j == theirs->nelts
                        ? -1
                        : mtasts_standing_compare(at(mine, i), at(theirs, j));
        mtasts_standing *one = apr_array_push(to);

        *one = order <= 0 ? *at(mine, i) : *at(theirs, j);
        if (order == 0) {
            const mtasts_standing *other = at(theirs, j);

            one->since = other->since < one->since ? other->since : one->since;
            one->said = other->said > one->said ? other->said : one->said;
        }
        i += order <= 0;
        j += order >= 0;
    }
}

int mtasts_standings_read(mtasts_standings *s, mtasts_ledger *ledger)
{
    apr_array_header_t *theirs, *all;
    apr_pool_t *p;
    int i, ok;

    if (s->read) {
        return 1;
    }
    apr_pool_create(&p, s->pool);
    ok = mtasts_ledger_findings(ledger, p, &theirs);
    if (ok) {
        for (i = 0; i < theirs->nelts; i++) {
            at(theirs, i)->of = s; /* any but NULL: it is there */
        }
        all = apr_array_make(p, theirs->nelts + s->list->nelts + 1,
                             sizeof(mtasts_standing));
        merge(all, s->list, theirs);
        keep(s, p, all, NULL);
        s->read = 1;
    }
    apr_pool_destroy(p);
    return ok;
}

void mtasts_standings_doubt(mtasts_standings *s)
{
    int i;

    for (i = 0; i < s->list->nelts; i++) {
        at(s->list, i)->of = NULL;
    }
    s->read = 0;
}

/* --- comparing --- */

static mtasts_found *of_before(const comparison *c, mtasts_change_kind kind,
                               const mtasts_standing *old)
{
    mtasts_found *f = apr_pcalloc(c->p, sizeof(*f));

    f->is = *old;
    f->is.of = f;
    f->was = old;
    f->kind = kind;
    f->about =
        strncmp(old->scope, MTASTS_VHOST_SCOPE, strlen(MTASTS_VHOST_SCOPE))
            ? MTASTS_ABOUT_DOMAIN
            : MTASTS_ABOUT_VHOST;
    f->stored = old->of && ((const mtasts_standing *)old->of)->of;
    return f;
}

static int is_just_so(const mtasts_standing *a, const mtasts_standing *b)
{
    return !mtasts_standing_compare(a, b) && a->severity == b->severity &&
           a->since == b->since && a->said == b->said;
}

/* The ledger has rows by scope, subject, code and text. */
static void drop_row(const comparison *c, const mtasts_standing *was)
{
    const mtasts_standing *row = was->of;

    if (row->of) {
        APR_ARRAY_PUSH(c->drop, const mtasts_standing *) = row;
    }
}

/* mtasts_change_fn */
static void on_change(void *ctx, mtasts_change_kind kind,
                      const mtasts_standing *was, const mtasts_standing *is)
{
    comparison *c = ctx;
    mtasts_found *f;

    if (kind == MTASTS_NOT_SEEN) {
        APR_ARRAY_PUSH(c->not_seen, mtasts_found *) = of_before(c, kind, was);
        return;
    }
    if (kind == MTASTS_CLEARED) {
        APR_ARRAY_PUSH(c->gone, mtasts_found *) = of_before(c, kind, was);
        drop_row(c, was);
        return;
    }
    f = is->of;
    f->is = *is;
    f->was = was;
    /* Who starts httpd wants to know how things stand. */
    f->kind = kind == MTASTS_SAME && c->live->options->starting
                  ? MTASTS_REMINDED
                  : kind;
    if (was && mtasts_standing_compare(was->of, is)) {
        drop_row(c, was);
    }
}

static void gather(comparison *c)
{
    int i;

    mtasts_founds_of(c->p, c->live, &c->founds);
    c->looked = mtasts_looked_of(c->p, c->live);
    c->is = apr_array_make(c->p, c->founds.list->nelts + 1,
                           sizeof(mtasts_standing));
    for (i = 0; i < c->founds.list->nelts; i++) {
        APR_ARRAY_PUSH(c->is, mtasts_standing) =
            APR_ARRAY_IDX(c->founds.list, i, mtasts_found *)->is;
    }
    sort(c->is);
    c->was = apr_array_copy(c->p, c->s->list);
    for (i = 0; i < c->was->nelts; i++) {
        at(c->was, i)->of = at(c->s->list, i);
    }
    c->gone = apr_array_make(c->p, 1, sizeof(mtasts_found *));
    c->not_seen = apr_array_make(c->p, 1, sizeof(mtasts_found *));
    c->drop = apr_array_make(c->p, 1, sizeof(mtasts_standing *));
}

static int could_find(void *ctx, const mtasts_standing *old)
{
    const comparison *c = ctx;

    return mtasts_could_find(c->looked, old);
}

static void compare(comparison *c)
{
    mtasts_standings_move(c->p, c->looked, c->was, c->is);
    mtasts_changes((const mtasts_standing *)c->was->elts, (size_t)c->was->nelts,
                   (mtasts_standing *)c->is->elts, (size_t)c->is->nelts,
                   apr_time_sec(c->live->now), could_find, on_change, c);
}

/* --- what follows --- */

/* What stood of a domain that is no longer looked at has not become right: it
 * goes without a word. */
static void find_servers(comparison *c)
{
    apr_array_header_t *said = apr_array_make(c->p, 1, sizeof(mtasts_found *));
    int i;

    for (i = 0; i < c->gone->nelts; i++) {
        mtasts_found *f = APR_ARRAY_IDX(c->gone, i, mtasts_found *);
        int of_domain = *f->is.scope && f->about == MTASTS_ABOUT_DOMAIN &&
                        strcmp(f->is.scope, MTASTS_MX_SCOPE) != 0;

        if (!of_domain || f->is.code == MTASTS_POLICY_WITHDRAWN ||
            mtasts_was_looked_at(c->looked, f->is.scope)) {
            f->server = mtasts_server_of(c->looked, &f->is);
            APR_ARRAY_PUSH(said, mtasts_found *) = f;
        }
    }
    c->gone = said;
}

/* If no MX host of any domain answers, it is this machine's port 25, and no
 * domain's news. */
static int is_ours(const comparison *c, const mtasts_found *f)
{
    return f->is.code == MTASTS_MX_UNREACHABLE && c->live->mx_nobody;
}

static int is_news(const mtasts_found *f)
{
    return f->is.severity != MTASTS_INFO &&
           (f->kind == MTASTS_APPEARED || f->kind == MTASTS_CHANGED ||
            f->kind == MTASTS_CLEARED);
}

static void add_soon(apr_hash_t *soon, const char *domain, int news)
{
    static const int values[2] = {0, 1};
    const int *has = apr_hash_get(soon, domain, APR_HASH_KEY_STRING);

    apr_hash_set(soon, domain, APR_HASH_KEY_STRING,
                 &values[news || (has && *has)]);
}

static apr_hash_t *find_soon(const comparison *c)
{
    apr_hash_t *soon = apr_hash_make(c->p);
    int i;

    for (i = 0; i < c->founds.holders->nelts; i++) {
        const mtasts_holder *h =
            &APR_ARRAY_IDX(c->founds.holders, i, mtasts_holder);

        if (!is_ours(c, h->found) &&
            (is_news(h->found) || h->found->is.severity == MTASTS_UNKNOWN)) {
            add_soon(soon, h->domain, is_news(h->found));
        }
    }
    for (i = 0; i < c->gone->nelts; i++) {
        const mtasts_found *f = APR_ARRAY_IDX(c->gone, i, mtasts_found *);

        if (is_news(f) && mtasts_was_looked_at(c->looked, f->is.scope)) {
            add_soon(soon, f->is.scope, 1);
        }
    }
    return soon;
}

/* What a finding says of a policy, for the history of the domain; if it is known
 * that it was not so before.  0 if the ledger could not be written. */
static int tell_events(const comparison *c, mtasts_ledger *ledger,
                       mtasts_notify *notify)
{
    int i, ok = 1;

    for (i = 0; (c->s->read || c->s->reported) && i < c->founds.list->nelts;
         i++) {
        const mtasts_found *f =
            APR_ARRAY_IDX(c->founds.list, i, mtasts_found *);
        const char *kind = f->is.code == MTASTS_HELD_BACK          ? "held-back"
                           : f->is.code == MTASTS_POLICY_WITHDRAWN ? "withdrawn"
                                                                   : NULL;
        mtasts_notification n = {kind, f->domain, NULL, "", "", NULL};

        if (!kind || f->kind != MTASTS_APPEARED) {
            continue;
        }
        n.text = apr_pstrcat(c->p, f->domain, ": ", f->is.text, NULL);
        if (notify) {
            mtasts_notify_add(notify, &n);
        }
        ok = ok && (!ledger || mtasts_ledger_event(ledger, c->p, f->domain,
                                                   kind, f->is.text,
                                                   apr_time_sec(c->live->now)));
    }
    return ok;
}

/* All that stand now; `of` is NULL of what the ledger must be told. */
static apr_array_header_t *standing_now(const comparison *c)
{
    const apr_array_header_t *lists[2] = {c->founds.list, c->not_seen};
    apr_array_header_t *all =
        apr_array_make(c->p, c->is->nelts + 1, sizeof(mtasts_standing));
    int i, j;

    for (j = 0; j < 2; j++) {
        for (i = 0; i < lists[j]->nelts; i++) {
            const mtasts_found *f = APR_ARRAY_IDX(lists[j], i, mtasts_found *);
            mtasts_standing *one = apr_array_push(all);
            const mtasts_standing *row = f->was ? f->was->of : NULL;

            *one = f->is;
            one->not_seen = j == 1;
            one->of = row && row->of && is_just_so(row, &f->is) ? c->s : NULL;
        }
    }
    return all;
}

/* 0 if it can't be written: then nothing was. */
static int write_down(const comparison *c, apr_array_header_t *all,
                      mtasts_ledger *ledger)
{
    apr_array_header_t *put =
        apr_array_make(c->p, 16, sizeof(mtasts_standing *));
    int i;

    for (i = 0; i < all->nelts; i++) {
        if (!at(all, i)->of && *at(all, i)->scope) {
            APR_ARRAY_PUSH(put, const mtasts_standing *) = at(all, i);
        }
    }
    if (!mtasts_ledger_keep_findings(
            ledger, c->p, (const mtasts_standing *const *)put->elts,
            (size_t)put->nelts, (const mtasts_standing *const *)c->drop->elts,
            (size_t)c->drop->nelts)) {
        return 0;
    }
    for (i = 0; i < all->nelts; i++) {
        at(all, i)->of = *at(all, i)->scope ? c->s : NULL;
    }
    return 1;
}

int mtasts_report(mtasts_standings *s, const mtasts_live *live,
                  mtasts_ledger *ledger, mtasts_notify *notify)
{
    comparison c = {.p = live->pool, .s = s, .live = live};
    apr_array_header_t *all;
    apr_hash_t *soon;
    int written;

    gather(&c);
    compare(&c);
    find_servers(&c);
    mtasts_found_log(live, c.founds.list, c.gone, !s->reported);
    soon = find_soon(&c);
    if (notify) {
        const mtasts_compared compared = {live, c.looked, &c.founds, c.not_seen,
                                          s->list};

        mtasts_worst_tell(&compared, notify);
    }
    all = standing_now(&c);
    written = tell_events(&c, ledger, notify);
    if (ledger) {
        written = written && write_down(&c, all, ledger);
    }
    if (!ledger || !written) {
        s->read = 0; /* it has what is gone by now */
    }
    s->reported = 1;
    keep(s, c.p, all, soon);
    return written;
}

/* --- the module itself --- */

static const mtasts_standing *find_module(const mtasts_standings *s,
                                          mtasts_code code)
{
    int i;

    for (i = 0; i < s->list->nelts; i++) {
        if (!*at(s->list, i)->scope && at(s->list, i)->code == code) {
            return at(s->list, i);
        }
    }
    return NULL;
}

/* The list with `f` (or NULL) in place of `old` (or NULL). */
static void replace(mtasts_standings *s, apr_pool_t *p,
                    const mtasts_standing *old, const mtasts_found *f)
{
    apr_array_header_t *all =
        apr_array_make(p, s->list->nelts + 1, sizeof(mtasts_standing));
    apr_hash_t *soon = apr_hash_copy(p, s->soon);
    int i;

    for (i = 0; i < s->list->nelts; i++) {
        if (at(s->list, i) != old) {
            APR_ARRAY_PUSH(all, mtasts_standing) = *at(s->list, i);
        }
    }
    if (f) {
        mtasts_standing *one = apr_array_push(all);

        *one = f->is;
        one->of = NULL;
    }
    keep(s, p, all, soon);
}

void mtasts_report_module(mtasts_standings *s, server_rec *main_server,
                          mtasts_seen *seen, mtasts_code code,
                          const mtasts_finding *f)
{
    const mtasts_standing *old = find_module(s, code);
    mtasts_found found = {.server = main_server};
    apr_pool_t *p;

    if ((!f && !old) || (f && old && !strcmp(f->text, old->text))) {
        return;
    }
    apr_pool_create(&p, s->pool);
    if (old) {
        found.is = *old;
    }
    found.kind = MTASTS_CLEARED;
    if (f) {
        found.kind = old ? MTASTS_CHANGED : MTASTS_APPEARED;
        found.is.scope = "";
        found.is.subject = f->subject;
        found.is.text = f->text;
        found.is.remedy = f->remedy;
        found.is.code = code;
        found.is.severity = f->severity;
        found.is.said = apr_time_sec(apr_time_now());
        found.is.since = old ? old->since : found.is.said;
    }
    mtasts_found_log_one(p, seen, &found);
    replace(s, p, old, f ? &found : NULL);
    apr_pool_destroy(p);
}
