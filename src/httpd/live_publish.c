/* The part of a run that has to do with publishing: how far each record is, and
 * what is to be done about it now. */

#include "live_private.h"
#include "notes.h"

/* What DNS has there may be anybody's words, and a command would have to quote
 * them. */
static int has_plain_name(const mtasts_live_record *r)
{
    return !r->name[strspn(r->name, "abcdefghijklmnopqrstuvwxyz0123456789-_.")];
}

static const char *why_now(const mtasts_live_record *r)
{
    if (*r->cfg->publish_command && !has_plain_name(r)) {
        return "MTASTSPublishCommand is not run, as a CNAME leads to a name of "
               "other characters than letters, digits, '-', '_' and '.'";
    }
    return r->record != MTASTS_LEDGER_STS ? "nothing has to come before it"
           : r->cfg->fetch_quorum == MTASTS_QUORUM_ALL
               ? "every address serves its policy"
               : "as many addresses as MTASTSFetchQuorum asks for serve its "
                 "policy";
}

static void say_now(const mtasts_live *live, const mtasts_live_record *r)
{
    mtasts_finding f;

    MTASTS_FILL(&f, MTASTS_PUBLISH_NOW, r->l->site->name->value, r->name,
                apr_pstrcat(live->pool, "\"", r->value, "\"", NULL), why_now(r),
                *r->there ? r->there : "none");
    mtasts_keep(r->l->notes, &f);
}

static void say_foreign(const mtasts_live *live, const mtasts_live_record *r)
{
    mtasts_finding f;

    MTASTS_FILL(&f, MTASTS_PUBLISH_FOREIGN, r->l->site->name->value, r->name,
                apr_pstrcat(live->pool, "\"", r->value, "\"", NULL), r->there,
                "");
    mtasts_keep(r->l->notes, &f);
}

static void say_failed(const mtasts_live_record *r, const char *how,
                       const char *again)
{
    const mtasts_config *cfg = r->cfg;
    mtasts_finding f;

    MTASTS_FILL(&f, MTASTS_PUBLISH_FAILED, r->l->site->name->value,
                *cfg->publish_command ? cfg->publish_command[0] : "Off",
                r->name, how, again);
    mtasts_keep(r->l->notes, &f);
}

static void say_failed_until(const mtasts_live *live,
                             const mtasts_live_record *r)
{
    char next[MTASTS_TIME_SIZE];

    mtasts_until_text(r->is.next, next);
    say_failed(r, r->said ? r->said : "has failed",
               apr_pstrcat(live->pool, "not before ", next, NULL));
}

/* As long as it has failed, how it did. */
static void note_failure(mtasts_live_record *r)
{
    if (r->is.state != MTASTS_RECORD_FAILED) {
        r->said = NULL;
    }
    else if (r->action == MTASTS_PUBLISH_SAY_LATE) {
        r->said = "was accepted, but DNS does not show it";
    }
    else if (r->was && r->was->is.state == MTASTS_RECORD_RUNS) {
        r->said = "was broken off with the process that ran it";
    }
    else {
        r->said = r->was ? r->was->said : NULL;
    }
}

/* By another front end, or one that was killed and may have left it behind. */
static int is_other_running(const mtasts_live *live,
                            const mtasts_live_record *r)
{
    const mtasts_ledger_publishing *other =
        mtasts_live_was_published(live, r->l, !r->record); /* there are two */
    apr_int64_t now = apr_time_sec(live->now);

    return other && other->is.state == MTASTS_RECORD_RUNS &&
           now < other->is.next && other->is.since <= now;
}

static void look(const mtasts_live *live, mtasts_live_record *r)
{
    const mtasts_config *cfg = r->cfg;

    if (r->was) {
        r->is = r->was->is;
        if (strcmp(r->was->value, r->value)) {
            mtasts_publish_anew(&r->is);
        }
    }
    r->seen.served = r->record != MTASTS_LEDGER_STS || mtasts_live_is_served(r);
    r->seen.settle = r->record == MTASTS_LEDGER_STS ? cfg->publish_delay : 0;
    r->seen.has_command = *cfg->publish_command && has_plain_name(r);
    r->seen.may_replace = cfg->publish_foreign;
    r->seen.watched =
        live->options->watched
            ? live->options->watched(live->options->publish_ctx, r)
            : 0;
    r->action = mtasts_publish_look(&r->is, &r->seen, apr_time_sec(live->now));
    /* One command for a domain at a time; the other one is waited for. */
    if (r->action == MTASTS_PUBLISH_RUN && is_other_running(live, r)) {
        r->action = MTASTS_PUBLISH_NOTHING;
    }
    note_failure(r);
}

/* It waits for more addresses than there are. */
static void say_quorum(const mtasts_live *live, const mtasts_live_record *r)
{
    int all = mtasts_live_addresses(r->l), quorum = r->cfg->fetch_quorum;
    mtasts_finding f;

    if (r->record == MTASTS_LEDGER_STS && quorum != MTASTS_QUORUM_ALL &&
        all >= 0 && all < quorum) {
        MTASTS_FILL(&f, MTASTS_PUBLISH_QUORUM, r->l->site->name->value,
                    apr_itoa(live->pool, quorum), apr_itoa(live->pool, all));
        mtasts_keep(r->l->notes, &f);
    }
}

static void say(const mtasts_live *live, const mtasts_live_record *r)
{
    if (r->action == MTASTS_PUBLISH_RUN && live->options->no_ledger) {
        say_failed(r, "is not run while the ledger can't be used",
                   "when it can: see ledger-unavailable");
        return;
    }
    switch (r->is.state) {
    case MTASTS_RECORD_WAITS:
        say_quorum(live, r);
        break;
    case MTASTS_RECORD_DUE:
        say_now(live, r);
        break;
    case MTASTS_RECORD_FOREIGN:
        say_foreign(live, r);
        break;
    case MTASTS_RECORD_FAILED:
        say_failed_until(live, r);
        break;
    default:
        break;
    }
}

void mtasts_live_publish_check(mtasts_live *live)
{
    int i;

    for (i = 0; i < live->records->nelts; i++) {
        mtasts_live_record *r =
            &APR_ARRAY_IDX(live->records, i, mtasts_live_record);

        if (live->options->running) {
            look(live, r);
        }
        else {
            r->is = r->was->is;
            r->said = r->was->said;
        }
        /* Who does not run may see it first. */
        if (live->options->running || r->seen.resolver != MTASTS_SEEN_WANTED) {
            say(live, r);
        }
    }
}

const char *mtasts_live_when(const mtasts_live *live, const mtasts_live_site *l)
{
    const mtasts_config *cfg = mtasts_config_of(l->site->served->server);

    if (!cfg->probe_host ||
        !mtasts_config_of(live->main_server)->watch_interval) {
        return NULL;
    }
    return *cfg->publish_command
               ? "MTASTSPublishCommand does it when it is time for it: "
               : "As soon as publish-now asks for it: ";
}
