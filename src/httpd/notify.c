#include "notify.h"
#include "clock.h"
#include "command.h"
#include "notes.h"
#include "../core/change.h"

#include <jansson.h>

#define TIMEOUT_MS 30000
#define LISTED_MAX 1000 /* of those that are told together */
#define SEVERITY   "severity"

static const char *const worst_names[] = {"ok", "info", "warning", "error"};

typedef struct {
    const char *event, *domain, *text, *was, *is;
    const char *input; /* JSON; NULL where there was no room for it */
    int count;         /* of findings */
    int dropped;       /* it is no news any more */
} item;

struct mtasts_notify {
    server_rec *main_server;
    const char *const *argv;
    mtasts_seen *seen;
    mtasts_rate own_rate; /* without seen */
    mtasts_rate *rate;
    int (*stop)(void *ctx);
    void *stop_ctx;
    apr_pool_t *pool;
    apr_pool_t *mine;          /* of what waits */
    apr_array_header_t *items; /* item * */
    int sent;                  /* of these */
    int waiting;               /* behind them, but for those dropped */
    apr_hash_t *severities;    /* domain -> item *, of what waits */
};

int mtasts_worst_of(mtasts_severity severity)
{
    return severity == MTASTS_ERROR     ? 3
           : severity == MTASTS_WARNING ? 2
           : severity == MTASTS_INFO    ? 1
                                        : 0;
}

const char *mtasts_worst_name(int worst)
{
    return worst_names[worst];
}

static int worst_by_name(const char *name)
{
    int worst = 3;

    while (worst && strcmp(worst_names[worst], name) != 0) {
        worst--;
    }
    return worst;
}

static void forget_all(mtasts_notify *n)
{
    if (n->mine) {
        apr_pool_destroy(n->mine);
    }
    apr_pool_create(&n->mine, n->pool);
    n->items = apr_array_make(n->mine, 4, sizeof(item *));
    n->severities = apr_hash_make(n->mine);
    n->sent = n->waiting = 0;
}

mtasts_notify *mtasts_notify_make(apr_pool_t *p, server_rec *main_server,
                                  mtasts_seen *seen, int (*stop)(void *ctx),
                                  void *stop_ctx)
{
    const char *const *argv = mtasts_config_of(main_server)->notify_command;
    mtasts_notify *n;

    if (!*argv) {
        return NULL;
    }
    n = apr_pcalloc(p, sizeof(*n));
    n->main_server = main_server;
    n->argv = argv;
    n->seen = seen;
    n->rate = seen ? mtasts_seen_rate(seen) : &n->own_rate;
    n->stop = stop;
    n->stop_ctx = stop_ctx;
    n->pool = p;
    forget_all(n);
    return n;
}

/* --- what the command knows --- */

int mtasts_notify_worst(const mtasts_notify *n, const char *domain)
{
    return n->seen ? mtasts_seen_worst(n->seen, domain) : -1;
}

static void drop_severity(mtasts_notify *n, const char *domain)
{
    item *waits = apr_hash_get(n->severities, domain, APR_HASH_KEY_STRING);

    if (waits) {
        waits->dropped = 1;
        n->waiting--;
        apr_hash_set(n->severities, domain, APR_HASH_KEY_STRING, NULL);
    }
}

void mtasts_notify_same(mtasts_notify *n, const char *domain, int worst)
{
    drop_severity(n, domain);
    if (n->seen) {
        mtasts_seen_set_worst(n->seen, domain, worst);
    }
}

static void was_told(mtasts_notify *n, const item *one)
{
    if (!strcmp(one->event, SEVERITY)) {
        mtasts_notify_same(n, one->domain, worst_by_name(one->is));
    }
}

/* --- what it is told --- */

static json_t *json_findings(const apr_array_header_t *findings)
{
    json_t *all = json_array();
    int i;

    for (i = 0; findings && i < findings->nelts; i++) {
        const mtasts_standing *s =
            APR_ARRAY_IDX(findings, i, const mtasts_standing *);

        json_array_append_new(
            all, json_pack("{s:s, s:s, s:s, s:s, s:s, s:I}", "code",
                           mtasts_code_name(s->code), "severity",
                           mtasts_severity_name(s->severity), "subject",
                           s->subject, "text", s->text, "remedy", s->remedy,
                           "since", (json_int_t)s->since));
    }
    return all;
}

/* In `p`, with a line end; `document` is freed. */
static const char *json_text(apr_pool_t *p, json_t *document)
{
    char *text = json_dumps(document, JSON_INDENT(2) | JSON_ENSURE_ASCII);
    const char *copy = apr_pstrcat(p, text ? text : "{}", "\n", NULL);

    free(text);
    json_decref(document);
    return copy;
}

static json_t *json_head(const mtasts_notify *n, const char *event, int count)
{
    return json_pack("{s:i, s:s, s:s, s:I, s:i}", "version", 1, "event", event,
                     "server", n->main_server->server_hostname, "time",
                     (json_int_t)apr_time_sec(apr_time_now()), "count", count);
}

static const char *input_of(const mtasts_notify *n,
                            const mtasts_notification *of)
{
    int count = of->findings ? of->findings->nelts : 0;
    json_t *all = json_head(n, of->event, count);

    json_object_set_new(all, "domain", json_string(of->domain));
    json_object_set_new(all, "text", json_string(of->text));
    json_object_set_new(all, "was", json_string(of->was));
    json_object_set_new(all, "is", json_string(of->is));
    json_object_set_new(all, "findings", json_findings(of->findings));
    return json_text(n->mine, all);
}

int mtasts_notify_has_room(const mtasts_notify *n)
{
    return n->waiting < MTASTS_RATE_MAX;
}

void mtasts_notify_add(mtasts_notify *n, const mtasts_notification *of)
{
    apr_pool_t *p = n->mine;
    item *one;

    if (!strcmp(of->event, SEVERITY)) {
        drop_severity(n, of->domain);
    }
    one = apr_palloc(p, sizeof(*one)); /* it stays when the array moves */
    memset(one, 0, sizeof(*one));
    one->event = apr_pstrdup(p, of->event);
    one->domain = apr_pstrdup(p, of->domain);
    one->text = apr_pstrdup(p, of->text);
    one->was = apr_pstrdup(p, of->was);
    one->is = apr_pstrdup(p, of->is);
    one->count = of->findings ? of->findings->nelts : 0;
    one->input = mtasts_notify_has_room(n) ? input_of(n, of) : NULL;
    APR_ARRAY_PUSH(n->items, item *) = one;
    n->waiting++;
    if (!strcmp(one->event, SEVERITY)) {
        apr_hash_set(n->severities, one->domain, APR_HASH_KEY_STRING, one);
    }
}

/* --- running it --- */

static void log_failure(const mtasts_notify *n, apr_pool_t *p,
                        const char *domain, const mtasts_command_result *r)
{
    apr_array_header_t *notes = apr_array_make(p, 1, sizeof(mtasts_note));
    mtasts_finding f;

    MTASTS_FILL(&f, MTASTS_NOTIFY_FAILED, domain, n->argv[0],
                mtasts_command_end_text(p, r, TIMEOUT_MS));
    mtasts_keep(notes, &f);
    mtasts_note_log(n->main_server, &APR_ARRAY_IDX(notes, 0, mtasts_note), 0);
}

static void log_end(const mtasts_notify *n, apr_pool_t *p, const item *one,
                    const mtasts_command_result *r)
{
    int fine = r->end == MTASTS_COMMAND_EXITED && r->status == 0;

    if (fine || r->end == MTASTS_COMMAND_LOST) {
        ap_log_error(APLOG_MARK, APLOG_NOERRNO | APLOG_INFO, 0, n->main_server,
                     "mtasts: MTASTSNotifyCommand was told: %s%s", one->text,
                     fine ? ""
                          : " (how it ended is not known, as SIGCHLD is "
                            "ignored)");
    }
    else if (r->end == MTASTS_COMMAND_STOPPED) {
        ap_log_error(APLOG_MARK, APLOG_NOERRNO | APLOG_INFO, 0, n->main_server,
                     "mtasts: %s%sMTASTSNotifyCommand was ended together with "
                     "the httpd process that ran it",
                     one->domain, *one->domain ? ": " : "");
    }
    else {
        log_failure(n, p, one->domain, r);
    }
}

/* 0 if it was broken off. */
static int run(mtasts_notify *n, const item *one)
{
    mtasts_command c = {0};
    mtasts_command_result r = {.end = MTASTS_COMMAND_NOT_RUN};
    const char *env[7];
    apr_pool_t *p;

    apr_pool_create(&p, n->pool);
    env[0] = apr_pstrcat(p, "MTASTS_EVENT=", one->event, NULL);
    env[1] = apr_pstrcat(p, "MTASTS_DOMAIN=", one->domain, NULL);
    env[2] = apr_pstrcat(p, "MTASTS_TEXT=", one->text, NULL);
    env[3] = apr_pstrcat(p, "MTASTS_WAS=", one->was, NULL);
    env[4] = apr_pstrcat(p, "MTASTS_IS=", one->is, NULL);
    env[5] = apr_psprintf(p, "MTASTS_COUNT=%d", one->count);
    env[6] = NULL;
    c.argv = n->argv;
    c.env = env;
    c.input = one->input;
    c.input_len = strlen(one->input);
    c.timeout_ms = TIMEOUT_MS;
    c.stop = n->stop;
    c.stop_ctx = n->stop_ctx;
    mtasts_command_run(p, &c, &r);
    log_end(n, p, one, &r);
    apr_pool_destroy(p);
    return r.end != MTASTS_COMMAND_STOPPED;
}

/* --- which --- */

static item *item_at(const mtasts_notify *n, int i)
{
    return APR_ARRAY_IDX(n->items, i, item *);
}

/* One for all that wait. */
static item *sum_up(const mtasts_notify *n)
{
    json_t *all = json_head(n, "more", n->waiting), *events = json_array();
    item *sum = apr_pcalloc(n->mine, sizeof(*sum));
    int i;

    for (i = n->sent; i < n->items->nelts; i++) {
        const item *one = item_at(n, i);

        if (!one->dropped && json_array_size(events) < LISTED_MAX) {
            json_array_append_new(events,
                                  json_pack("{s:s, s:s, s:s, s:s}", "event",
                                            one->event, "domain", one->domain,
                                            "was", one->was, "is", one->is));
        }
    }
    sum->event = "more";
    sum->domain = sum->was = sum->is = "";
    sum->count = n->waiting;
    sum->text = apr_psprintf(n->mine, "%d more events, the first of %s",
                             n->waiting, item_at(n, n->sent)->domain);
    json_object_set_new(all, "text", json_string(sum->text));
    json_object_set_new(all, "events", events);
    sum->input = json_text(n->mine, all);
    return sum;
}

static void send_rest(mtasts_notify *n)
{
    int i;

    if (run(n, sum_up(n))) {
        for (i = n->sent; i < n->items->nelts; i++) {
            if (!item_at(n, i)->dropped) {
                was_told(n, item_at(n, i));
            }
        }
        forget_all(n);
    }
}

static void send_one(mtasts_notify *n)
{
    item *one = item_at(n, n->sent);

    if (run(n, one)) {
        was_told(n, one);
        if (!one->dropped) { /* was_told() did that of severities */
            one->dropped = 1;
            n->waiting--;
        }
    }
}

int mtasts_notify_send(mtasts_notify *n, apr_time_t now)
{
    apr_int64_t ms = apr_time_as_msec(now);
    unsigned left = mtasts_rate_left(n->rate, ms);

    while (n->sent < n->items->nelts && item_at(n, n->sent)->dropped) {
        n->sent++;
    }
    if (!n->waiting) {
        if (n->items->nelts) {
            forget_all(n);
        }
        return 0;
    }
    if (!left || n->stop(n->stop_ctx)) {
        return 0;
    }
    mtasts_rate_take(n->rate, ms);
    if ((left == 1 && n->waiting > 1) || !item_at(n, n->sent)->input) {
        send_rest(n);
    }
    else {
        send_one(n);
    }
    return n->waiting > 0;
}
