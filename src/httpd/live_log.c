/* What a run has found out, to the error logs. */

#include "live_private.h"
#include "notes.h"

/* Lines of one code, of which the dump shows all: a mistake in one place, a dead
 * resolver or a closed port may concern each of many domains. */
#define CODE_MAX    100
#define UNKNOWN_MAX 20

/* One finding on an MX host, which many domains may have. */
typedef struct {
    const mtasts_live_site *first;
    const mtasts_note *note;
    int others;
} shared_note;

typedef struct {
    const mtasts_live *live;
    apr_pool_t *p;
    int lines[MTASTS_CODES];
    int left_out;
    int known;                  /* said less than ten minutes ago */
    apr_array_header_t *shared; /* shared_note *, as found */
    apr_hash_t *by_text;        /* subject, code, text -> shared_note * */
} logging;

/* 1 if that was logged in the last ten minutes; from now on it was.  Who reloads
 * often must still find what is new. */
static int was_said(const logging *g, const char *text)
{
    mtasts_seen *seen = g->live->options->seen;

    if (!seen) {
        return 0;
    }
    if (mtasts_seen_marked(seen, text, g->live->now)) {
        return 1;
    }
    mtasts_seen_mark(seen, text, g->live->now);
    return 0;
}

static const char *key_of(const logging *g, const server_rec *s,
                          const mtasts_note *n)
{
    return apr_psprintf(g->p, "%s:%u %s %d %s", s->server_hostname,
                        (unsigned)s->port, n->subject, (int)n->code, n->text);
}

static void log_note(logging *g, server_rec *s, const mtasts_note *n,
                     int others)
{
    int most = n->severity == MTASTS_UNKNOWN ? UNKNOWN_MAX : CODE_MAX;

    if (g->lines[n->code] == most) {
        g->left_out++;
    }
    else if (was_said(g, key_of(g, s, n))) {
        g->known += n->severity != MTASTS_INFO;
    }
    else {
        g->lines[n->code]++;
        mtasts_note_log(s, n, others);
    }
}

/* On an MX host for all domains, on a certificate for those of its vhost; where
 * the text is the same. */
static void share_note(logging *g, const mtasts_live_site *l,
                       const mtasts_note *n)
{
    const char *key =
        n->about == MTASTS_ABOUT_MX
            ? apr_psprintf(g->p, "%s %d %s", n->subject, (int)n->code, n->text)
            : apr_psprintf(g->p, "%pp %d %s", (void *)l->site->served->server,
                           (int)n->code, n->text);
    shared_note *known = apr_hash_get(g->by_text, key, APR_HASH_KEY_STRING);

    if (known) {
        known->others++;
        return;
    }
    known = apr_palloc(g->p, sizeof(*known));
    known->first = l;
    known->note = n;
    known->others = 0;
    apr_hash_set(g->by_text, key, APR_HASH_KEY_STRING, known);
    APR_ARRAY_PUSH(g->shared, shared_note *) = known;
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

static void log_fine(const logging *g, const mtasts_live_site *l)
{
    server_rec *s = l->site->served->server;
    const char *domain = l->site->name->value;

    if (l->sync == MTASTS_SYNC_IN_SYNC && !g->live->options->after_start) {
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

static void log_site(logging *g, const mtasts_live_site *l)
{
    int i;

    for (i = 0; i < l->notes->nelts; i++) {
        const mtasts_note *n = &APR_ARRAY_IDX(l->notes, i, mtasts_note);

        if (l->repeats && n->about != MTASTS_ABOUT_VHOST) {
            continue;
        }
        if (n->about == MTASTS_ABOUT_DOMAIN) {
            log_note(g, l->site->served->server, n, 0);
        }
        else {
            share_note(g, l, n);
        }
    }
    if (!l->repeats && is_fine(l)) {
        log_fine(g, l);
    }
}

static void log_shared(logging *g)
{
    int i;

    for (i = 0; i < g->shared->nelts; i++) {
        const shared_note *one = APR_ARRAY_IDX(g->shared, i, shared_note *);
        server_rec *s = one->first->site->served->server;
        mtasts_note n = *one->note;

        if (n.about == MTASTS_ABOUT_VHOST) {
            log_note(g, s, &n, one->others);
            continue;
        }
        n.subject =
            apr_psprintf(g->p,
                         one->others ? "%s (MX of %s and %d other domain%s)"
                                     : "%s (MX of %s)",
                         n.subject, one->first->site->name->value, one->others,
                         one->others > 1 ? "s" : "");
        log_note(g, s, &n, 0);
    }
}

static void log_rest(const logging *g)
{
    server_rec *s = g->live->main_server;

    if (g->left_out) {
        ap_log_error(APLOG_MARK, APLOG_NOERRNO | APLOG_NOTICE, 0, s,
                     "mtasts: %d more findings of the same kinds; apachectl -t "
                     "-D DUMP_MTASTS shows all",
                     g->left_out);
    }
    if (g->known && !g->live->options->after_start) {
        ap_log_error(APLOG_MARK, APLOG_NOERRNO | APLOG_NOTICE, 0, s,
                     "mtasts: %d finding%s as logged less than ten minutes "
                     "ago; apachectl -t -D DUMP_MTASTS shows all",
                     g->known, g->known > 1 ? "s" : "");
    }
    /* What was mended meanwhile. */
    if (g->live->mx_remembered && !g->live->options->after_start) {
        ap_log_error(APLOG_MARK, APLOG_NOERRNO | APLOG_INFO, 0, s,
                     "mtasts: %u address%s of MX hosts not tried again, as "
                     "that was done less than ten minutes ago; apachectl -t -D "
                     "DUMP_MTASTS tries now",
                     g->live->mx_remembered,
                     g->live->mx_remembered > 1 ? "es were" : " was");
    }
}

void mtasts_live_log(const mtasts_live *live)
{
    logging *g = apr_pcalloc(live->pool, sizeof(*g));
    int i;

    g->live = live;
    g->p = live->pool;
    g->shared = apr_array_make(g->p, 8, sizeof(shared_note *));
    g->by_text = apr_hash_make(g->p);
    for (i = 0; i < live->sites->nelts; i++) {
        log_site(g, mtasts_live_at(live, i));
    }
    log_shared(g);
    log_rest(g);
}
