/* What a run has found out, to the error logs. */

#include "found.h"
#include "live_private.h"
#include "notes.h"

/* Lines of one code, of which the dump shows all: a mistake in one place, a dead
 * resolver or a closed port may concern each of many domains. */
#define CODE_MAX    100
#define UNKNOWN_MAX 20

/* Findings on several domains of a virtual host that are one line. */
typedef struct {
    mtasts_found *first;
    apr_array_header_t *others; /* mtasts_found * */
} group;

typedef struct {
    const mtasts_live *live;
    apr_pool_t *p;
    int handed_over; /* others of this httpd may have said it just now */
    int lines[MTASTS_CODES];
    int left_out;
    int known;                  /* said before */
    apr_array_header_t *groups; /* group * */
    apr_hash_t *by_text;        /* vhost, code, kind, text -> group * */
} logging;

/* --- what others have said --- */

static const char *key_of(apr_pool_t *p, const mtasts_found *f,
                          mtasts_change_kind kind)
{
    return apr_psprintf(p, "%s%s %s %d %s",
                        kind == MTASTS_CLEARED ? "cleared " : "", f->is.scope,
                        f->is.subject, (int)f->is.code, f->is.text);
}

/* 1 if the start, or the configuration before this one, has logged it in the last
 * ten minutes.  Who reloads often must still find what is new. */
static int is_marked(apr_pool_t *p, mtasts_seen *seen, const mtasts_found *f,
                     apr_time_t now)
{
    return seen && mtasts_seen_marked(seen, key_of(p, f, f->kind), now);
}

/* That it is so is news once more after it was gone, and so on. */
static void mark(apr_pool_t *p, mtasts_seen *seen, const mtasts_found *f,
                 apr_time_t now)
{
    int cleared = f->kind == MTASTS_CLEARED;

    if (seen) {
        mtasts_seen_mark(seen, key_of(p, f, f->kind), now);
        mtasts_seen_unmark(
            seen, key_of(p, f, cleared ? MTASTS_APPEARED : MTASTS_CLEARED));
    }
}

static int was_said(const logging *g, const mtasts_found *f)
{
    return g->handed_over &&
           is_marked(g->p, g->live->options->seen, f, g->live->now);
}

static void mark_said(const logging *g, const mtasts_found *f)
{
    mark(g->p, g->live->options->seen, f, g->live->now);
}

/* --- lines --- */

static const char *since(apr_pool_t *p, const mtasts_found *f)
{
    char text[MTASTS_TIME_SIZE];

    mtasts_time_text(f->is.since, text);
    return apr_pstrdup(p, text);
}

static void write_cleared(apr_pool_t *p, const mtasts_found *f, int others)
{
    const mtasts_standing *is = &f->is;

    ap_log_error(APLOG_MARK,
                 APLOG_NOERRNO |
                     (is->severity == MTASTS_INFO ? APLOG_INFO : APLOG_NOTICE),
                 0, f->server,
                 "mtasts: %s%s%s: cleared, stood since %s; it said: %s%s",
                 is->subject, *is->subject ? ": " : "",
                 mtasts_code_name(is->code), since(p, f), is->text,
                 others ? apr_psprintf(p,
                                       " (and %d other domains of this virtual "
                                       "host)",
                                       others)
                        : "");
}

static const char *with_domains(apr_pool_t *p, const mtasts_found *f)
{
    return apr_psprintf(
        p, f->others ? "%s (MX of %s and %d other domain%s)" : "%s (MX of %s)",
        f->is.subject, f->domain, f->others, f->others > 1 ? "s" : "");
}

static void write_line(apr_pool_t *p, const mtasts_found *f, int others)
{
    mtasts_note n = {0};

    if (f->kind == MTASTS_CLEARED) {
        write_cleared(p, f, others);
        return;
    }
    n.code = f->is.code;
    n.severity = f->is.severity;
    n.subject =
        f->about == MTASTS_ABOUT_MX ? with_domains(p, f) : f->is.subject;
    n.text = f->kind == MTASTS_REMINDED
                 ? apr_psprintf(p, "%s (since %s)", f->is.text, since(p, f))
                 : f->is.text;
    n.remedy = f->is.remedy;
    mtasts_note_log(f->server, &n, others);
}

/* What was said once is no news if it is not said again. */
static void keep_unsaid(mtasts_found *f)
{
    if (f->kind != MTASTS_REMINDED || !f->was || !f->was->said) {
        f->is.said = 0;
    }
}

static void leave_out(logging *g, mtasts_found *f)
{
    g->left_out++;
    keep_unsaid(f);
}

static int has_room(logging *g, const mtasts_found *f)
{
    int most = f->is.severity == MTASTS_UNKNOWN ? UNKNOWN_MAX : CODE_MAX;

    return g->lines[f->is.code] < most;
}

/* That nobody answers is one line, and not as many as there were questions.  What
 * is unknown still when somebody does is said then. */
static int is_said_of_all(const logging *g, const mtasts_found *f)
{
    return g->live->dns_silence && f->is.code == MTASTS_DNS_UNKNOWN &&
           f->kind != MTASTS_CLEARED;
}

/* 1 if the line is written, 0 if it need not be or there is no room. */
static int log_found(logging *g, mtasts_found *f, int others)
{
    if (was_said(g, f)) {
        g->known += f->is.severity != MTASTS_INFO;
        return 0;
    }
    if (is_said_of_all(g, f)) {
        keep_unsaid(f);
        return 0;
    }
    if (!has_room(g, f)) {
        leave_out(g, f);
        return 0;
    }
    g->lines[f->is.code]++;
    mark_said(g, f);
    write_line(g->p, f, others);
    return 1;
}

/* --- groups --- */

static void log_group(logging *g, const group *one)
{
    int i, written = log_found(g, one->first, one->others->nelts);

    for (i = 0; i < one->others->nelts; i++) {
        mtasts_found *f = APR_ARRAY_IDX(one->others, i, mtasts_found *);

        if (written) {
            mark_said(g, f);
        }
        else if (!one->first->is.said) {
            leave_out(g, f);
        }
    }
}

static void add_to_group(logging *g, mtasts_found *f)
{
    const char *key = apr_psprintf(g->p, "%s %d %d %s", f->is.scope,
                                   (int)f->is.code, (int)f->kind, f->is.text);
    group *one = apr_hash_get(g->by_text, key, APR_HASH_KEY_STRING);

    if (one) {
        APR_ARRAY_PUSH(one->others, mtasts_found *) = f;
        return;
    }
    one = apr_palloc(g->p, sizeof(*one));
    one->first = f;
    one->others = apr_array_make(g->p, 1, sizeof(mtasts_found *));
    apr_hash_set(g->by_text, key, APR_HASH_KEY_STRING, one);
    APR_ARRAY_PUSH(g->groups, group *) = one;
}

/* --- all --- */

static void log_each(logging *g, const apr_array_header_t *list)
{
    int i;

    for (i = 0; i < list->nelts; i++) {
        mtasts_found *f = APR_ARRAY_IDX(list, i, mtasts_found *);

        if (f->kind == MTASTS_CLEARED && !f->is.said) {
            continue; /* nobody has heard of it */
        }
        if (f->kind == MTASTS_SAME) {
            g->known += f->is.severity != MTASTS_INFO;
        }
        else if (f->about == MTASTS_ABOUT_VHOST) {
            add_to_group(g, f);
        }
        else {
            log_found(g, f, 0);
        }
    }
}

static void log_rest(const logging *g)
{
    const mtasts_live_options *o = g->live->options;
    server_rec *s = g->live->main_server;
    unsigned remembered = g->live->mx_remembered;

    if (g->left_out) {
        ap_log_error(APLOG_MARK, APLOG_NOERRNO | APLOG_NOTICE, 0, s,
                     "mtasts: %d more findings of the same kinds; apachectl -t "
                     "-D DUMP_MTASTS shows all",
                     g->left_out);
    }
    if (o->after_start || o->again) {
        return;
    }
    if (g->known) {
        ap_log_error(APLOG_MARK, APLOG_NOERRNO | APLOG_NOTICE, 0, s,
                     "mtasts: %d finding%s as logged before; apachectl -t -D "
                     "DUMP_MTASTS shows all",
                     g->known, g->known > 1 ? "s" : "");
    }
    /* What was mended meanwhile. */
    if (remembered) {
        ap_log_error(APLOG_MARK, APLOG_NOERRNO | APLOG_INFO, 0, s,
                     "mtasts: %u address%s of MX hosts not tried again, as "
                     "that was done less than ten minutes ago; apachectl -t -D "
                     "DUMP_MTASTS tries now",
                     remembered, remembered > 1 ? "es were" : " was");
    }
}

/* Nothing worse than info. */
static int is_fine(const mtasts_live_site *l)
{
    int i;

    for (i = 0; i < l->notes->nelts; i++) {
        if (APR_ARRAY_IDX(l->notes, i, mtasts_note).severity != MTASTS_INFO) {
            return 0;
        }
    }
    return 1;
}

static void log_fine(const mtasts_live *live, const mtasts_live_site *l)
{
    server_rec *s = l->site->served->server;
    const char *domain = l->site->name->value;

    if (l->sync == MTASTS_SYNC_IN_SYNC && !live->options->after_start) {
        ap_log_error(APLOG_MARK, APLOG_NOERRNO | APLOG_INFO, 0, s,
                     "mtasts: %s: in sync", domain);
    }
    if (l->fetched) {
        ap_log_error(APLOG_MARK, APLOG_NOERRNO | APLOG_INFO, 0, s,
                     "mtasts: %s: fetched as it is meant to be from %u "
                     "address%s",
                     domain, l->same, l->same > 1 ? "es" : "");
    }
}

static void log_all_fine(const mtasts_live *live)
{
    int i;

    for (i = 0; !live->options->again && i < live->sites->nelts; i++) {
        const mtasts_live_site *l = mtasts_live_at(live, i);

        if (!l->repeats && is_fine(l)) {
            log_fine(live, l);
        }
    }
}

void mtasts_found_log(const mtasts_live *live, const apr_array_header_t *list,
                      const apr_array_header_t *gone, int handed_over)
{
    logging *g = apr_pcalloc(live->pool, sizeof(*g));
    int i;

    g->live = live;
    g->p = live->pool;
    g->handed_over = handed_over;
    g->groups = apr_array_make(g->p, 8, sizeof(group *));
    g->by_text = apr_hash_make(g->p);
    log_each(g, list);
    for (i = 0; i < g->groups->nelts; i++) {
        log_group(g, APR_ARRAY_IDX(g->groups, i, group *));
    }
    apr_array_clear(g->groups);
    memset(g->lines, 0, sizeof(g->lines));
    log_each(g, gone);
    for (i = 0; i < g->groups->nelts; i++) {
        log_group(g, APR_ARRAY_IDX(g->groups, i, group *));
    }
    log_all_fine(live);
    log_rest(g);
}

void mtasts_found_log_one(apr_pool_t *p, mtasts_seen *seen,
                          const mtasts_found *found)
{
    apr_time_t now = apr_time_now();

    if (!is_marked(p, seen, found, now)) {
        mark(p, seen, found, now);
        write_line(p, found, 0);
    }
}

void mtasts_live_log(const mtasts_live *live)
{
    mtasts_founds founds = {NULL, NULL};

    mtasts_founds_of(live->pool, live, &founds);
    mtasts_found_log(live, founds.list,
                     apr_array_make(live->pool, 1, sizeof(mtasts_found *)), 0);
}
