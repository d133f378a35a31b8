#include "publish.h"
#include "clock.h"
#include "command.h"
#include "memory.h"
#include "released.h"
#include "soon.h"
#include "../core/record.h"
#include "../core/text.h"

#include <unistd.h>

#include <jansson.h>

#define TTL             300 /* s: caches are to learn soon of the next policy */
#define GRACE           10 /* s: for a command that another process has left behind */
#define TIMEOUT_COMMAND "/usr/bin/timeout" /* of coreutils */
#define ROUND           60  /* s: of commands, before all is looked at again */
#define TURN_LEAST      100 /* records: a look at so many takes no time */
#define REFUSED_FOR     60  /* s: at least, when nobody knows who runs one */

/* Of one record. */
typedef struct {
    mtasts_ledger_publishing kept;
    char *said;       /* room for kept.said; or NULL */
    apr_time_t since; /* of mtasts_clock(): it is so */
} memory;

struct mtasts_publish {
    apr_pool_t *pool;
    server_rec *main_server;
    apr_hash_t *records; /* "RECORD DOMAIN" -> memory * */
    apr_time_t began;
    int (*stop)(void *ctx);
    void *stop_ctx;
};

mtasts_publish *mtasts_publish_make(apr_pool_t *p, server_rec *main_server,
                                    int (*stop)(void *ctx), void *stop_ctx)
{
    mtasts_publish *publish = apr_pcalloc(p, sizeof(*publish));

    publish->pool = p;
    publish->main_server = main_server;
    publish->records = apr_hash_make(p);
    publish->began = mtasts_clock();
    publish->stop = stop;
    publish->stop_ctx = stop_ctx;
    return publish;
}

/* --- what is remembered --- */

static memory *memory_of(const mtasts_publish *publish, const char *domain,
                         int record)
{
    char key[MTASTS_NAME_SIZE + 4];

    apr_snprintf(key, sizeof(key), "%d %s", record, domain);
    return apr_hash_get(publish->records, key, APR_HASH_KEY_STRING);
}

static int is_same(const mtasts_ledger_publishing *a,
                   const mtasts_ledger_publishing *b)
{
    return !strcmp(a->value, b->value) && a->is.state == b->is.state &&
           a->is.since == b->is.since && a->is.next == b->is.next &&
           a->is.served == b->is.served && a->is.failures == b->is.failures &&
           !strcmp(a->said ? a->said : "", b->said ? b->said : "");
}

/* Each domain takes this memory once, and a little more with each policy. */
static void keep(mtasts_publish *publish, const char *domain, int record,
                 const mtasts_ledger_publishing *kept)
{
    memory *m = memory_of(publish, domain, record);

    if (m && is_same(&m->kept, kept)) {
        return;
    }
    if (!m) {
        m = apr_pcalloc(publish->pool, sizeof(*m));
        apr_hash_set(publish->records,
                     apr_psprintf(publish->pool, "%d %s", record, domain),
                     APR_HASH_KEY_STRING, m);
    }
    if (!m->kept.value || strcmp(m->kept.value, kept->value)) {
        m->kept.value = apr_pstrdup(publish->pool, kept->value);
    }
    if (kept->said && !m->said) {
        m->said = apr_palloc(publish->pool, MTASTS_TEXT_MAX);
    }
    if (kept->said) {
        apr_cpystrn(m->said, kept->said, MTASTS_TEXT_MAX);
    }
    m->kept.said = kept->said ? m->said : NULL;
    m->kept.is = kept->is;
    m->since = mtasts_clock();
}

const mtasts_ledger_publishing *
mtasts_publish_kept(void *publish, const char *domain, int record)
{
    const memory *m = memory_of(publish, domain, record);

    return m ? &m->kept : NULL;
}

uint32_t mtasts_publish_watched(void *publish, const mtasts_live_record *r)
{
    const char *domain = r->l->site->name->value;

    if (!r->was) {
        return 0;
    }
    keep(publish, domain, r->record, r->was);
    return (uint32_t)apr_time_sec(mtasts_clock() -
                                  memory_of(publish, domain, r->record)->since);
}

/* --- what is written down --- */

/* In place of what was read, and nothing else; *lost if another front end was
 * first. */
static int write_down(mtasts_publish *publish, apr_pool_t *p,
                      mtasts_ledger *ledger, const mtasts_live_record *r,
                      const mtasts_ledger_publishing *was,
                      const mtasts_ledger_publishing *is, int *lost)
{
    const char *domain = r->l->site->name->value;

    *lost = 0;
    if (ledger && !mtasts_ledger_set_publishing(ledger, p, domain, r->record,
                                                was, is, lost)) {
        return 0;
    }
    if (!*lost) {
        keep(publish, domain, r->record, is);
    }
    return 1;
}

/* --- what is said --- */

static const char *line_of(apr_pool_t *p, const mtasts_live_record *r)
{
    return apr_psprintf(p, "%s. IN TXT \"%s\"", r->name, r->value);
}

static void write_log(apr_pool_t *p, const mtasts_live_record *r,
                      const char *what)
{
    ap_log_error(APLOG_MARK, APLOG_NOERRNO | APLOG_NOTICE, 0,
                 r->l->site->served->server, "mtasts: %s: %s: %s",
                 r->l->site->name->value, what, line_of(p, r));
}

/* As all can show and keep it: the system's words for an error may be of any
 * language, and a record's name or value may be long. */
static const char *shown(apr_pool_t *p, const char *text)
{
    char *escaped = apr_palloc(p, MTASTS_TEXT_MAX);

    mtasts_escape(escaped, MTASTS_TEXT_MAX, text);
    return escaped;
}

/* An event: for MTASTSNotifyCommand and the history of the domain. */
static int tell(apr_pool_t *p, const mtasts_live_record *r,
                mtasts_ledger *ledger, mtasts_notify *notify, const char *event,
                const char *what, const char *was)
{
    const char *domain = r->l->site->name->value,
               *text =
                   shown(p, apr_pstrcat(p, what, ": ", line_of(p, r), NULL));
    mtasts_notification n = {
        event, domain,   apr_pstrcat(p, domain, ": ", text, NULL),
        was,   r->value, NULL};

    if (notify) {
        mtasts_notify_add(notify, &n);
    }
    return !ledger || mtasts_ledger_event(ledger, p, domain, event, text,
                                          apr_time_sec(apr_time_now()));
}

/* --- the command --- */

static const char *quoted(apr_pool_t *p, const char *value)
{
    size_t len = strlen(value), n = mtasts_zone_quote(value, len, NULL, 0);
    char *buf = apr_palloc(p, n + 1);

    mtasts_zone_quote(value, len, buf, n);
    buf[n] = '\0';
    return buf;
}

static const char *input_of(apr_pool_t *p, const mtasts_publish *publish,
                            const mtasts_live_record *r)
{
    json_t *all = json_pack(
        "{s:i, s:s, s:s, s:s, s:s, s:s, s:s, s:o, s:i, s:s, s:s, s:I}",
        "version", 1, "event", "publish", "domain", r->l->site->name->value,
        "name", apr_pstrcat(p, r->name, ".", NULL), "type", "TXT", "value",
        r->value, "zone_value", quoted(p, r->value), "old_value",
        json_string(r->old_value), "ttl", TTL, "id", r->id, "server",
        publish->main_server->server_hostname, "time",
        (json_int_t)apr_time_sec(apr_time_now()));
    char *text = json_dumps(all, JSON_INDENT(2) | JSON_ENSURE_ASCII);
    const char *copy = apr_pstrcat(p, text ? text : "{}", "\n", NULL);

    free(text);
    json_decref(all);
    return copy;
}

/* Who runs it sees to it that it ends in `seconds`; unless he is killed, and then
 * it must end by itself before others may run one. */
static const char *const *limited(apr_pool_t *p, const mtasts_config *cfg,
                                  apr_int64_t seconds)
{
    apr_array_header_t *argv = apr_array_make(p, 8, sizeof(char *));
    int i;

    if (access(TIMEOUT_COMMAND, X_OK) == 0) {
        APR_ARRAY_PUSH(argv, const char *) = TIMEOUT_COMMAND;
        APR_ARRAY_PUSH(argv, const char *) = "-s";
        APR_ARRAY_PUSH(argv, const char *) = "KILL";
        APR_ARRAY_PUSH(argv, const char *) =
            apr_psprintf(p, "%" APR_INT64_T_FMT, seconds + GRACE / 2);
    }
    for (i = 0; cfg->publish_command[i]; i++) {
        APR_ARRAY_PUSH(argv, const char *) = cfg->publish_command[i];
    }
    APR_ARRAY_PUSH(argv, const char *) = NULL;
    return (const char *const *)argv->elts;
}

/* Until `deadline`, of mtasts_clock(); not at all if the ledger took as long as
 * that. */
static void run(apr_pool_t *p, const mtasts_publish *publish,
                const mtasts_live_record *r, apr_time_t deadline,
                mtasts_command_result *result)
{
    apr_time_t left = deadline - mtasts_clock();
    const mtasts_config *cfg = r->cfg;
    const char *env[] = {
        apr_pstrcat(p, "MTASTS_DOMAIN=", r->l->site->name->value, NULL),
        apr_pstrcat(p, "MTASTS_NAME=", r->name, ".", NULL),
        "MTASTS_TYPE=TXT",
        apr_pstrcat(p, "MTASTS_VALUE=", r->value, NULL),
        apr_pstrcat(p, "MTASTS_OLD_VALUE=", r->old_value, NULL),
        apr_psprintf(p, "MTASTS_TTL=%d", TTL),
        apr_psprintf(p, "MTASTS_TIMEOUT=%u", cfg->publish_timeout),
        apr_pstrcat(p, "MTASTS_ID=", r->id, NULL),
        NULL};
    mtasts_command c = {0};

    memset(result, 0, sizeof(*result));
    if (left <= 0) {
        result->end = MTASTS_COMMAND_TIMEOUT;
        return;
    }
    c.argv = limited(p, cfg, apr_time_sec(left));
    c.env = env;
    c.input = input_of(p, publish, r);
    c.input_len = strlen(c.input);
    c.timeout_ms = (unsigned)apr_time_as_msec(left) + 1;
    c.stop = publish->stop;
    c.stop_ctx = publish->stop_ctx;
    mtasts_command_run(p, &c, result);
}

/* What is served may have changed since the look. */
static int is_served_still(const mtasts_live_record *r)
{
    mtasts_answer answer;

    return r->record != MTASTS_LEDGER_STS ||
           (mtasts_released_answer(r->l->site, &answer) &&
            !strcmp(answer.id, r->id));
}

/* What has ended so is said, and written to *is. */
static void end(apr_pool_t *p, const mtasts_live_record *r,
                const mtasts_command_result *result,
                mtasts_ledger_publishing *is)
{
    apr_int64_t now = apr_time_sec(apr_time_now());
    int well = result->end == MTASTS_COMMAND_LOST ||
               (result->end == MTASTS_COMMAND_EXITED && result->status == 0);

    if (result->end == MTASTS_COMMAND_STOPPED) {
        mtasts_publish_break_off(&is->is, now);
        return;
    }
    mtasts_publish_end(&is->is, well, now);
    if (well) {
        write_log(p, r, "MTASTSPublishCommand has accepted");
    }
    else {
        is->said = shown(p, mtasts_command_end_text(
                                p, result, r->cfg->publish_timeout * 1000));
    }
}

/* All in `p` is for this one. */
static int publish_one(mtasts_publish *publish, apr_pool_t *p,
                       mtasts_ledger *ledger, mtasts_live_record *r)
{
    const mtasts_config *cfg = r->cfg;
    mtasts_ledger_publishing begun = {r->value, r->is, NULL}, ended;
    apr_time_t deadline =
        mtasts_clock() + apr_time_from_sec(cfg->publish_timeout);
    mtasts_command_result result;
    int lost;

    mtasts_publish_begin(&begun.is, cfg->publish_timeout,
                         apr_time_sec(apr_time_now()));
    if (!write_down(publish, p, ledger, r, r->was, &begun, &lost)) {
        return 0;
    }
    if (lost) {
        return 1;
    }
    run(p, publish, r, deadline, &result);
    ended = begun;
    end(p, r, &result, &ended);
    r->is = ended.is;
    return write_down(publish, p, ledger, r, &begun, &ended, &lost);
}

/* --- after a run --- */

/* 0 if the ledger can't be written. */
static int act(mtasts_publish *publish, apr_pool_t *p, mtasts_ledger *ledger,
               const mtasts_live_record *r, mtasts_notify *notify)
{
    const mtasts_ledger_publishing is = {r->value, r->is, r->said};
    int lost = 0;

    if (r->action != MTASTS_PUBLISH_RUN && !(r->was && is_same(r->was, &is)) &&
        !write_down(publish, p, ledger, r, r->was, &is, &lost)) {
        return 0;
    }
    if (lost) {
        return 1; /* another front end says it */
    }
    switch (r->action) {
    case MTASTS_PUBLISH_SAY_DUE: /* publish-now is logged */
        return tell(p, r, ledger, notify, "publish", "publish now",
                    r->old_value);
    case MTASTS_PUBLISH_SAY_THERE:
        write_log(p, r, "published");
        return tell(p, r, ledger, notify, "published", "published", "");
    default:
        return 1;
    }
}

/* With MTASTSLedger Off nobody knows of a command that was left behind; without the
 * ledger that is configured nobody knows of those of other front ends. */
static int may_run(const mtasts_publish *publish, const mtasts_ledger *ledger,
                   const mtasts_live_record *r)
{
    apr_time_t lease = apr_time_from_sec(r->cfg->publish_timeout + GRACE);

    return r->action == MTASTS_PUBLISH_RUN && is_served_still(r) &&
           (ledger || (!mtasts_memory_wanted(publish->main_server) &&
                       mtasts_clock() - publish->began > lease));
}

/* Those that a round of `n` commands has left come after another look, no more at
 * a time than a round does: else each look would be in vain for most of them.  But
 * one that hangs must not keep a few waiting for long. */
static void line_up(const apr_array_header_t *records, int from, unsigned n)
{
    unsigned before = 0, at_a_time = n > TURN_LEAST ? n : TURN_LEAST;
    int i;

    for (i = from; i < records->nelts; i++) {
        mtasts_live_record *r = &APR_ARRAY_IDX(records, i, mtasts_live_record);

        if (r->action == MTASTS_PUBLISH_RUN) {
            r->turn = 1 + before++ / at_a_time * ROUND;
        }
    }
}

/* The commands that are due, for some time. */
static int run_all(mtasts_publish *publish, apr_pool_t *p,
                   apr_array_header_t *records, mtasts_between_fn *between,
                   void *ctx)
{
    apr_time_t until = mtasts_clock() + apr_time_from_sec(ROUND);
    mtasts_ledger *ledger;
    unsigned n = 0;
    apr_pool_t *each;
    int i, ok = 1;

    apr_pool_create(&each, p);
    for (i = 0; ok && i < records->nelts && mtasts_clock() < until &&
                !publish->stop(publish->stop_ctx);
         i++) {
        mtasts_live_record *r = &APR_ARRAY_IDX(records, i, mtasts_live_record);

        if (r->action == MTASTS_PUBLISH_RUN) {
            apr_pool_clear(each);
            ledger = between(ctx, r->cfg->publish_timeout);
            if (may_run(publish, ledger, r)) {
                ok = publish_one(publish, each, ledger, r);
                r->ran = 1;
                n++;
            }
        }
    }
    if (ok) {
        line_up(records, i, n);
    }
    apr_pool_destroy(each);
    return ok;
}

int mtasts_publish_go(mtasts_publish *publish, apr_pool_t *p,
                      const mtasts_live *live, mtasts_ledger *ledger,
                      mtasts_notify *notify, mtasts_between_fn *between,
                      void *ctx)
{
    apr_array_header_t *records = mtasts_live_records(live);
    int i, ok = 1;

    if (!records->nelts) {
        return 1;
    }
    ok = !ledger || mtasts_ledger_begin(ledger, p);
    for (i = 0; ok && i < records->nelts; i++) {
        ok = act(publish, p, ledger,
                 &APR_ARRAY_IDX(records, i, mtasts_live_record), notify);
    }
    ok = !ledger || (mtasts_ledger_end(ledger, ok) && ok);
    return ok && run_all(publish, p, records, between, ctx);
}

/* In seconds; 0: when any other reason calls. */
static uint32_t look_in(const mtasts_live_record *r, apr_int64_t now)
{
    uint32_t in = mtasts_publish_look_in(&r->is, &r->seen, now);

    if (r->action != MTASTS_PUBLISH_RUN) {
        return in;
    }
    if (r->ran) {
        return r->is.failures == 1 ? 1 : in; /* it is to be said */
    }
    return r->turn ? r->turn : in > REFUSED_FOR ? in : REFUSED_FOR;
}

void mtasts_publish_soon(const mtasts_live *live, apr_hash_t *times)
{
    const apr_array_header_t *records = mtasts_live_records(live);
    apr_int64_t now = apr_time_sec(apr_time_now());
    int i;

    for (i = 0; i < records->nelts; i++) {
        const mtasts_live_record *r =
            &APR_ARRAY_IDX(records, i, mtasts_live_record);
        uint32_t in = look_in(r, now);

        if (in) {
            mtasts_soon_by(times, r->l->site->name->value, in);
        }
    }
}

int mtasts_publish_is_under_way(const mtasts_ledger_domain *d)
{
    int i;

    for (i = 0; i < MTASTS_LEDGER_RECORDS; i++) {
        const mtasts_ledger_publishing *kept = d->publishing[i];

        if (kept && kept->is.state != MTASTS_RECORD_DONE &&
            kept->is.state != MTASTS_RECORD_FOREIGN) {
            return 1;
        }
    }
    return 0;
}
