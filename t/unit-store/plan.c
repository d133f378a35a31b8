/*
 * Where domains are in their plans, and how far the publication of their records
 * is: what is written in place of what was read, and nothing else.  With arguments
 * DRIVER and PARAMS of a database that is empty: the same there; t/store.t does so
 * with PostgreSQL.
 */

#include "store.h"

#include <limits.h>

static const mtasts_ledger_domain *domain_of(apr_pool_t *p, mtasts_ledger *l,
                                             const char *domain)
{
    apr_hash_t *all;

    NEED(said(l, mtasts_ledger_read(l, p, NOW, &all)));
    return apr_hash_get(all, domain, APR_HASH_KEY_STRING);
}

static const char *step_text(apr_pool_t *p, const mtasts_ledger_step *s)
{
    return s ? apr_psprintf(p,
                            "%s:%lu %" APR_INT64_T_FMT " %" APR_INT64_T_FMT
                            " %" APR_INT64_T_FMT,
                            mtasts_mode_name(s->mode),
                            (unsigned long)s->max_age, (apr_int64_t)s->since,
                            (apr_int64_t)s->green, (apr_int64_t)s->looked)
             : "nothing";
}

static const char *publishing_text(apr_pool_t *p,
                                   const mtasts_ledger_publishing *s)
{
    return s ? apr_psprintf(p,
                            "%s %s %" APR_INT64_T_FMT " %" APR_INT64_T_FMT
                            " %" APR_INT64_T_FMT " %u%s%s",
                            s->value, mtasts_publish_state_name(s->is.state),
                            (apr_int64_t)s->is.since, (apr_int64_t)s->is.next,
                            (apr_int64_t)s->is.served, s->is.failures,
                            s->said ? " " : "", s->said ? s->said : "")
             : "nothing";
}

/* As the ledger has it. */
static const char *step_of(apr_pool_t *p, mtasts_ledger *l, const char *domain)
{
    const mtasts_ledger_domain *d = domain_of(p, l, domain);

    return step_text(p, d ? d->step : NULL);
}

static const char *publishing_of(apr_pool_t *p, mtasts_ledger *l,
                                 const char *domain, int record)
{
    const mtasts_ledger_domain *d = domain_of(p, l, domain);

    return publishing_text(p, d ? d->publishing[record] : NULL);
}

/* "written" or "lost"; or why it failed. */
static const char *set_step(mtasts_ledger *l, const char *domain,
                            const mtasts_ledger_step *was,
                            const mtasts_ledger_step *is)
{
    int lost = -1;

    if (!mtasts_ledger_set_step(l, top, domain, was, is, &lost)) {
        return lost == 1 ? mtasts_ledger_why(l) : "failed, and not lost";
    }
    return lost == 1 ? "lost" : lost == 0 ? "written" : "neither";
}

static const char *set_publishing(mtasts_ledger *l, const char *domain,
                                  int record,
                                  const mtasts_ledger_publishing *was,
                                  const mtasts_ledger_publishing *is)
{
    int lost = -1;

    if (!mtasts_ledger_set_publishing(l, top, domain, record, was, is, &lost)) {
        return lost == 1 ? mtasts_ledger_why(l) : "failed, and not lost";
    }
    return lost == 1 ? "lost" : lost == 0 ? "written" : "neither";
}

#define SAID "has ended with exit status 2: it's \"refused\""

static const mtasts_ledger_step first = {MTASTS_MODE_TESTING, 86400, 1000, 1100,
                                         1200},
                                second = {MTASTS_MODE_ENFORCE, 604800, 2000, 0,
                                          0};
static const mtasts_ledger_publishing
    one = {"v=STSv1; id=one;", {MTASTS_RECORD_RUNS, 1000, 1070, 900, 3}, SAID},
    two = {"v=STSv1; id=two;", {MTASTS_RECORD_WAITS, 2000, 0, 0, 0}, NULL};

#define FIRST  "testing:86400 1000 1100 1200"
#define SECOND "enforce:604800 2000 0 0"
#define ONE    "v=STSv1; id=one; runs 1000 1070 900 3 " SAID
#define TWO    "v=STSv1; id=two; waits 2000 0 0 0"

/* --- what is written --- */

static void plans(void)
{
    static const mtasts_ledger_step others[] = {
        {MTASTS_MODE_ENFORCE, 86400, 1000, 1100, 1200},
        {MTASTS_MODE_TESTING, 86401, 1000, 1100, 1200},
        {MTASTS_MODE_TESTING, 86400, 1001, 1100, 1200},
        {MTASTS_MODE_TESTING, 86400, 1000, 0, 1200},
        {MTASTS_MODE_TESTING, 86400, 1000, 1100, 0},
    };
    apr_pool_t *p = pool();
    db d = new_ledger(p);
    mtasts_ledger *l = open_as(p, &d, "a");
    size_t i;

    is_str(step_of(p, l, "x.test"), "nothing", "step", "none at first");
    is_str(set_step(l, "x.test", &first, &second), "lost", "step",
           "in place of what is not there");
    is_str(set_step(l, "x.test", &first, NULL), "lost", "step",
           "nothing in place of it");
    is_str(step_of(p, l, "x.test"), "nothing", "step", "nothing was written");
    is_str(set_step(l, "x.test", NULL, &first), "written", "step", "the first");
    is_str(step_of(p, l, "x.test"), FIRST, "step", "known");
    is_str(step_of(p, l, "y.test"), "nothing", "step", "of no other domain");
    is_str(set_step(l, "x.test", NULL, &second), "lost", "step",
           "in place of nothing");
    for (i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        is_str(set_step(l, "x.test", &others[i], &second), "lost", "step",
               step_text(p, &others[i]));
        is_str(set_step(l, "x.test", &others[i], NULL), "lost", "step",
               "nothing in place of it");
    }
    is_str(step_of(p, l, "x.test"), FIRST, "step", "as it was");
    is_str(set_step(l, "y.test", NULL, &second), "written", "step", "another");
    is_str(set_step(l, "x.test", &first, &first), "written", "step", "again");
    is_str(set_step(l, "x.test", &first, &second), "written", "step", "next");
    is_str(set_step(l, "x.test", &first, &second), "lost", "step",
           "not twice the same");
    mtasts_ledger_close(l);
    l = open_as(p, &d, "b");
    is_str(step_of(p, l, "x.test"), SECOND, "step", "for all front ends");
    is_str(set_step(l, "x.test", &second, NULL), "written", "step", "none");
    is_str(step_of(p, l, "x.test"), "nothing", "step", "it has left its plan");
    is_str(step_of(p, l, "y.test"), SECOND, "step", "the other has not");
    is_str(set_step(l, "x.test", NULL, NULL), "written", "step", "nothing");
    is_str(set_step(l, "x.test", NULL, &first), "written", "step", "back");
    apr_pool_destroy(p);
}

static void publications(void)
{
    static const mtasts_ledger_publishing others[] = {
        {"v=STSv1; id=One;", {MTASTS_RECORD_RUNS, 1000, 1070, 900, 3}, SAID},
        {"v=STSv1; id=one;", {MTASTS_RECORD_FAILED, 1000, 1070, 900, 3}, SAID},
        {"v=STSv1; id=one;", {MTASTS_RECORD_RUNS, 1001, 1070, 900, 3}, SAID},
        {"v=STSv1; id=one;", {MTASTS_RECORD_RUNS, 1000, 0, 900, 3}, SAID},
        {"v=STSv1; id=one;", {MTASTS_RECORD_RUNS, 1000, 1070, 0, 3}, SAID},
        {"v=STSv1; id=one;", {MTASTS_RECORD_RUNS, 1000, 1070, 900, 4}, SAID},
        {"v=STSv1; id=one;", {MTASTS_RECORD_RUNS, 1000, 1070, 900, 3}, NULL},
        {"v=STSv1; id=one;", {MTASTS_RECORD_RUNS, 1000, 1070, 900, 3}, "else"},
    };
    const int sts = MTASTS_LEDGER_STS, tlsrpt = MTASTS_LEDGER_TLSRPT;
    apr_pool_t *p = pool();
    db d = new_ledger(p);
    mtasts_ledger *l = open_as(p, &d, "a");
    size_t i;

    is_str(set_publishing(l, "x.test", sts, &one, &two), "lost", "publishing",
           "in place of what is not there");
    is_str(publishing_of(p, l, "x.test", sts), "nothing", "publishing",
           "nothing was written");
    is_str(set_publishing(l, "x.test", sts, NULL, &one), "written",
           "publishing", "the first");
    is_str(publishing_of(p, l, "x.test", sts), ONE, "publishing", "known");
    is_str(publishing_of(p, l, "x.test", tlsrpt), "nothing", "publishing",
           "of no other record");
    is_str(set_publishing(l, "x.test", sts, NULL, &two), "lost", "publishing",
           "in place of nothing");
    for (i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        is_str(set_publishing(l, "x.test", sts, &others[i], &two), "lost",
               "publishing", publishing_text(p, &others[i]));
    }
    is_str(publishing_of(p, l, "x.test", sts), ONE, "publishing", "as it was");
    is_str(set_publishing(l, "x.test", tlsrpt, NULL, &two), "written",
           "publishing", "the other record");
    is_str(set_publishing(l, "y.test", sts, NULL, &two), "written",
           "publishing", "the other domain");
    is_str(set_publishing(l, "x.test", sts, &one, &two), "written",
           "publishing", "next");
    is_str(set_publishing(l, "x.test", tlsrpt, &two, &one), "written",
           "publishing", "the other record");
    mtasts_ledger_close(l);
    l = open_as(p, &d, "b");
    is_str(publishing_of(p, l, "x.test", sts), TWO, "publishing", "all has");
    is_str(publishing_of(p, l, "x.test", tlsrpt), ONE, "publishing", "its own");
    is_str(publishing_of(p, l, "y.test", sts), TWO, "publishing", "row");
    is_str(set_publishing(l, "x.test", sts, &two, NULL), "written",
           "publishing", "none");
    is_str(publishing_of(p, l, "x.test", sts), "nothing", "publishing", "gone");
    is_str(publishing_of(p, l, "x.test", tlsrpt), ONE, "publishing", "stays");
    apr_pool_destroy(p);
}

static void states(void)
{
    apr_pool_t *p = pool();
    db d = new_ledger(p);
    mtasts_ledger *l = open_as(p, &d, "a");
    mtasts_ledger_publishing was = one, is = one;
    mtasts_ledger_step step = first, next = first;
    int s, good;

    NEED(!strcmp(set_publishing(l, "x.test", 0, NULL, &was), "written"));
    for (s = MTASTS_RECORD_WAITS; s <= MTASTS_RECORD_DONE; s++) {
        is.is.state = (enum mtasts_publish_state)s;
        good = !strcmp(set_publishing(l, "x.test", 0, &was, &is), "written");
        ok(good && domain_of(p, l, "x.test")->publishing[0]->is.state ==
                       is.is.state,
           "state", mtasts_publish_state_name(is.is.state));
        was = is;
    }
    NEED(!strcmp(set_step(l, "x.test", NULL, &step), "written"));
    for (s = MTASTS_MODE_TESTING; s <= MTASTS_MODE_NONE; s++) {
        next.mode = (mtasts_mode)s;
        good = !strcmp(set_step(l, "x.test", &step, &next), "written");
        ok(good && domain_of(p, l, "x.test")->step->mode == next.mode, "mode",
           mtasts_mode_name(next.mode));
        step = next;
    }
    apr_pool_destroy(p);
}

/* What is out of bounds is the bound, and the caller's own values still are what
 * was written. */
static void bounds(void)
{
    const mtasts_ledger_step odd = {MTASTS_MODE_TESTING, MTASTS_MAX_AGE_MAX, -5,
                                    INT64_MAX, INT64_MIN};
    const mtasts_ledger_publishing odder = {
        "v", {MTASTS_RECORD_DONE, INT64_MIN, INT64_MAX, -1, UINT_MAX}, NULL};
    apr_pool_t *p = pool();
    db d = new_ledger(p);
    mtasts_ledger *l = open_as(p, &d, "a");

    is_str(set_step(l, "x.test", NULL, &odd), "written", "bounds", "step");
    is_str(step_of(p, l, "x.test"), "testing:31557600 0 253402300799 0",
           "bounds", "of times");
    is_str(set_step(l, "x.test", &odd, &first), "written", "bounds", "next");
    is_str(set_publishing(l, "x.test", 0, NULL, &odder), "written", "bounds",
           "publishing");
    is_str(publishing_of(p, l, "x.test", 0),
           "v done 0 253402300799 0 2147483647", "bounds", "of numbers");
    is_str(set_publishing(l, "x.test", 0, &odder, &one), "written", "bounds",
           "next");
    apr_pool_destroy(p);
}

/* --- what is refused --- */

static const char *long_text(apr_pool_t *p, size_t len)
{
    char *text = apr_palloc(p, len + 1);

    memset(text, 'x', len);
    text[len] = '\0';
    return text;
}

static void refused(void)
{
    static const mtasts_ledger_step odd[] = {
        {(mtasts_mode)3, 86400, 0, 0, 0},
        {(mtasts_mode)-1, 86400, 0, 0, 0},
        {MTASTS_MODE_TESTING, 0, 0, 0, 0},
        {MTASTS_MODE_TESTING, MTASTS_MAX_AGE_MAX + 1, 0, 0, 0},
    };
    apr_pool_t *p = pool();
    db d = new_ledger(p);
    mtasts_ledger *l = open_as(p, &d, "a");
    const mtasts_ledger_publishing odder[] = {
        {"", {MTASTS_RECORD_WAITS, 0, 0, 0, 0}, NULL},
        {"caf\xc3\xa9", {MTASTS_RECORD_WAITS, 0, 0, 0, 0}, NULL},
        {"line\n", {MTASTS_RECORD_WAITS, 0, 0, 0, 0}, NULL},
        {long_text(p, 65536), {MTASTS_RECORD_WAITS, 0, 0, 0, 0}, NULL},
        {"v", {(enum mtasts_publish_state)7, 0, 0, 0, 0}, NULL},
        {"v", {MTASTS_RECORD_WAITS, 0, 0, 0, 0}, "line\n"},
        {"v", {MTASTS_RECORD_WAITS, 0, 0, 0, 0}, long_text(p, 1024)},
    };
    const mtasts_ledger_publishing longest = {
        long_text(p, 65535), {MTASTS_RECORD_WAITS, 0, 0, 0, 0}, NULL};
    size_t i;

    for (i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
        ok(strstr(set_step(l, "x.test", NULL, &odd[i]),
                  "no step of a plan (x.test)") != NULL,
           "refused", "a step");
    }
    for (i = 0; i < sizeof(odder) / sizeof(odder[0]); i++) {
        ok(strstr(set_publishing(l, "x.test", 0, NULL, &odder[i]),
                  "no TXT record's publication (x.test)") != NULL,
           "refused", "a publication");
    }
    ok(!domain_of(p, l, "x.test"), "refused", "nothing is written");
    is_str(set_publishing(l, "x.test", 0, NULL, &longest), "written", "refused",
           "the longest there is is not");
    ok(strlen(domain_of(p, l, "x.test")->publishing[0]->value) == 65535,
       "refused", "it is read");
    ok(said(l, mtasts_ledger_begin(l, p)), "refused", "in the middle");
    is_str(set_step(l, "x.test", NULL, &first), "written", "refused", "one");
    ok(strstr(set_step(l, "y.test", NULL, &odd[2]), "no step") != NULL,
       "refused", "two");
    ok(strstr(set_step(l, "z.test", NULL, &first), "no step") != NULL,
       "refused", "three, as two has failed");
    ok(!mtasts_ledger_end(l, 1), "refused", "all of it");
    is_str(step_of(p, l, "x.test"), "nothing", "refused", "none is written");
    apr_pool_destroy(p);
}

/* --- rows that no module has written --- */

static void corrupt(void)
{
    apr_pool_t *p = pool();
    const struct {
        const char *name, *sql;
        int in_file;  /* only SQLite keeps it */
        int is_other; /* it is the row of something else */
    } cases[] = {
        {"mode", "step SET mode = 'Enforce'", 0, 0},
        {"no mode", "step SET mode = ''", 0, 0},
        {"max_age", "step SET max_age = 0", 0, 0},
        {"a longer max_age", "step SET max_age = 31557601", 0, 0},
        {"a negative max_age", "step SET max_age = -86400", 0, 0},
        {"since", "step SET since = -1", 0, 0},
        {"green", "step SET green_since = 9223372036854775807", 0, 0},
        {"looked", "step SET looked_at = 253402300800", 0, 0},
        {"a text", "step SET looked_at = '12x'", 1, 0},
        {"a blob", "step SET since = zeroblob(9)", 1, 0},
        {"a real number", "step SET since = 1.5", 1, 0},
        {"a domain", "step SET domain = 'X.test'", 0, 1},
        {"no value", "publishing SET value = ''", 0, 0},
        {"bytes", "publishing SET value = 'caf\xc3\xa9'", 0, 0},
        {"a line break", "publishing SET value = 'v=STSv1;\nid=x;'", 0, 0},
        {"DEL", "publishing SET value = 'v=STSv1;\x7f'", 0, 0},
        {"a long value",
         apr_psprintf(p, "publishing SET value = '%s'", long_text(p, 65536)), 0,
         0},
        {"a value as a blob", "publishing SET value = x'ff00'", 1, 0},
        {"state", "publishing SET state = 'Runs'", 0, 0},
        {"a state of the future", "publishing SET state = 'doubted'", 0, 0},
        {"no state", "publishing SET state = ''", 0, 0},
        {"next", "publishing SET next_at = -1", 0, 0},
        {"served", "publishing SET served_since = 253402300800", 0, 0},
        {"failures", "publishing SET failures = 2147483648", 0, 0},
        {"negative failures", "publishing SET failures = -1", 0, 0},
        {"said", "publishing SET said = 'two\nlines'", 0, 0},
        {"said at length",
         apr_psprintf(p, "publishing SET said = '%s'", long_text(p, 1024)), 0,
         0},
        {"record", "publishing SET record = 'dane'", 0, 1},
        {"no record", "publishing SET record = ''", 0, 1},
        {"a domain's name", "publishing SET domain = 'x test'", 0, 1},
    };
    db d = new_ledger(p);
    size_t i;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        apr_pool_t *each = pool();
        mtasts_ledger *l;
        int is_plan = !strncmp(cases[i].sql, "step", 4);

        if (cases[i].in_file && given.driver) {
            continue;
        }
        d = new_ledger(each);
        l = open_as(each, &d, "a");
        NEED(!strcmp(set_step(l, "x.test", NULL, &first), "written") &&
             !strcmp(set_publishing(l, "x.test", 0, NULL, &one), "written"));
        NEED(raw(&d, apr_pstrcat(each, "UPDATE mtasts_", cases[i].sql, NULL)));
        is_str(step_of(each, l, "x.test"), is_plan ? "nothing" : FIRST,
               "corrupt", cases[i].name);
        is_str(publishing_of(each, l, "x.test", 0), is_plan ? ONE : "nothing",
               "corrupt", cases[i].name);
        is_str(is_plan ? set_step(l, "x.test", NULL, &second)
                       : set_publishing(l, "x.test", 0, NULL, &two),
               "written", "corrupt", "another in place of it");
        is_str(is_plan ? step_of(each, l, "x.test")
                       : publishing_of(each, l, "x.test", 0),
               is_plan ? SECOND : TWO, "corrupt", "is known");
        is_str(count(each, &d, is_plan ? "step" : "publishing"),
               cases[i].is_other ? "2" : "1", "corrupt", "rows");
        apr_pool_destroy(each);
    }
    apr_pool_destroy(p);
}

/* --- no history --- */

static void note(void *ctx, const mtasts_finding *f)
{
    (void)f;
    ++*(int *)ctx;
}

/* A plan is no policy that anybody could hold. */
static void no_history(void)
{
    apr_pool_t *p = pool();
    db d = new_ledger(p);
    mtasts_ledger *l = open_as(p, &d, "a");
    mtasts_ledger_serving s = serving(p, "y.test", "mx.y.test", "one");
    const mtasts_ledger_domain *x;
    mtasts_gone gone = {.domain = "x.test"};
    int found = 0;

    NEED(!strcmp(set_step(l, "x.test", NULL, &second), "written") &&
         !strcmp(set_publishing(l, "x.test", 0, NULL, &one), "written") &&
         !strcmp(set_step(l, "y.test", NULL, &second), "written"));
    NEED(SERVE(l, p, NOW, NOW + 60, s));
    is_str(known(p, l, "x.test", NOW), "", "no history",
           "no policy, id or release");
    x = domain_of(p, l, "x.test");
    NEED(x);
    ok(!x->held && !x->served_elsewhere && !x->released_body, "no history",
       "nor anything else");
    ok(mtasts_removable_from(&x->history, NOW) <= NOW &&
           mtasts_enforced_until(&x->history, NOW) <= NOW,
       "no history", "all can go");
    gone.history = &x->history;
    mtasts_withdrawn_check(&gone, NOW, note, &found);
    ok(found == 0, "no history", "nothing was withdrawn");
    is_str(known(p, l, "y.test", NOW), "[one enforce mx.y.test 0..60]",
           "no history", "what is served is");
    is_str(step_of(p, l, "y.test"), SECOND, "no history", "beside its plan");
    apr_pool_destroy(p);
}

/* --- several calls as one, and without effect --- */

static void as_one(void)
{
    apr_pool_t *p = pool();
    db d = new_ledger(p);
    mtasts_ledger *l = open_as(p, &d, "a"), *b = open_as(p, &d, "b");

    NEED(!strcmp(set_step(l, "x.test", NULL, &first), "written"));
    ok(said(l, mtasts_ledger_begin(l, p)), "as one", "begin");
    is_str(set_step(l, "x.test", NULL, &second), "lost", "as one",
           "what is lost");
    is_str(set_step(l, "x.test", &second, &first), "lost", "as one", "is no");
    is_str(set_publishing(l, "x.test", 0, &one, &two), "lost", "as one",
           "error");
    is_str(set_publishing(l, "x.test", 0, NULL, &two), "written", "as one",
           "so that others");
    is_str(set_step(l, "x.test", &first, &second), "written", "as one",
           "are written");
    is_str(step_of(p, b, "x.test"), FIRST, "as one", "not yet for others");
    ok(said(l, mtasts_ledger_end(l, 1)), "as one", "end");
    is_str(step_of(p, b, "x.test"), SECOND, "as one", "now");
    is_str(publishing_of(p, b, "x.test", 0), TWO, "as one", "all of it");

    ok(said(l, mtasts_ledger_begin(l, p)), "taken back", "begin");
    is_str(set_step(l, "x.test", &second, &first), "written", "taken back",
           "a step");
    ok(said(l, mtasts_ledger_end(l, 0)), "taken back", "end");
    is_str(step_of(p, b, "x.test"), SECOND, "taken back", "as it was");
    apr_pool_destroy(p);
}

static void for_reading(void)
{
    apr_pool_t *p = pool();
    db d = new_ledger(p);
    const char *why;
    mtasts_ledger *l = try_open(p, &d, "a", 0, &why);

    NEED(l);
    is_str(set_step(l, "x.test", NULL, &first), "lost", "reading",
           "where there is no ledger");
    mtasts_ledger_close(l);
    l = open_as(p, &d, "a");
    NEED(!strcmp(set_step(l, "x.test", NULL, &first), "written"));
    mtasts_ledger_close(l);
    l = try_open(p, &d, "b", 0, &why);
    NEED(l);
    is_str(set_step(l, "x.test", &first, &second), "lost", "reading",
           "nothing is written, so it is lost");
    is_str(set_publishing(l, "x.test", 0, NULL, &one), "lost", "reading",
           "and so is this");
    is_str(step_of(p, l, "x.test"), FIRST, "reading", "it is read");
    apr_pool_destroy(p);
}

/* --- at the same time --- */

/* Another process that writes when it is told to, and says what came of it. */
typedef struct {
    pid_t pid;
    int go, told;
} rival;

static rival rival_of(const db *d, const mtasts_ledger_step *was,
                      const mtasts_ledger_step *is)
{
    int go[2], told[2];
    rival r;
    char c;

    NEED(pipe(go) == 0 && pipe(told) == 0);
    r.pid = fork();
    NEED(r.pid >= 0);
    if (r.pid == 0) {
        const char *text;

        NEED(read(go[0], &c, 1) == 1);
        text = set_step(open_as(pool(), d, "b"), "x.test", was, is);
        _exit(write(told[1], text, strlen(text)) < 0);
    }
    close(go[0]);
    close(told[1]);
    r.go = go[1];
    r.told = told[0];
    return r;
}

/* Waits until one waits for another's transaction; SQLite's driver looks now and
 * then, which nobody sees. */
static void wait_for_waiter(const db *d)
{
    apr_time_t started = apr_time_now();
    apr_pool_t *p = pool();

    while (given.driver && !strcmp(given.driver, "pgsql") &&
           apr_time_now() - started < SLOW &&
           !strcmp(
               raw_one(p, d, "SELECT COUNT(*) FROM pg_locks WHERE NOT granted"),
               "0")) {
        apr_sleep(APR_USEC_PER_SEC / 50);
    }
    apr_pool_destroy(p);
}

/* What a rival says that writes while a transaction is open that has written
 * before it. */
static const char *meanwhile(apr_pool_t *p, const db *d,
                             const mtasts_ledger_step *was,
                             const mtasts_ledger_step *is, int keep)
{
    /* SQLite's handles must not be there when a process forks. */
    rival r = rival_of(d, was, &second);
    mtasts_ledger *l = open_as(p, d, "a");
    char *text = apr_pcalloc(p, 600);
    size_t len = 0;
    ssize_t n;
    int good;

    NEED(mtasts_ledger_begin(l, p));
    good = !strcmp(set_step(l, "x.test", was, is), "written");
    NEED(write(r.go, "x", 1) == 1);
    wait_for_waiter(d);
    good = said(l, mtasts_ledger_end(l, keep)) && good;
    while ((n = read(r.told, text + len, 599 - len)) > 0) {
        len += (size_t)n;
    }
    waitpid(r.pid, NULL, 0);
    close(r.go);
    close(r.told);
    mtasts_ledger_close(l);
    return good ? text : "what was first is not written";
}

static const char *step_in(apr_pool_t *p, const db *d)
{
    mtasts_ledger *l = open_as(p, d, "c");
    const char *text = step_of(p, l, "x.test");

    mtasts_ledger_close(l);
    return text;
}

static void rivals(void)
{
    static const mtasts_ledger_step third = {MTASTS_MODE_ENFORCE, 86400, 3000,
                                             0, 0};
    apr_pool_t *p = pool();
    db d = new_ledger(p);
    mtasts_ledger *l;

    mtasts_ledger_close(open_as(p, &d, "a"));
    is_str(meanwhile(p, &d, NULL, &third, 0), "written", "rivals",
           "who was first takes it back");
    is_str(step_in(p, &d), SECOND, "rivals", "then the other has it");
    d = new_ledger(p);
    mtasts_ledger_close(open_as(p, &d, "a"));
    is_str(meanwhile(p, &d, NULL, &first, 1), "lost", "rivals",
           "where there was nothing");
    is_str(step_in(p, &d), FIRST, "rivals", "the first one has it");
    is_str(meanwhile(p, &d, &first, &third, 1), "lost", "rivals",
           "where there was something");
    is_str(step_in(p, &d), "enforce:86400 3000 0 0", "rivals",
           "the first one has it");
    is_str(meanwhile(p, &d, &third, NULL, 1), "lost", "rivals",
           "where there is nothing any more");
    is_str(step_in(p, &d), "nothing", "rivals", "the first one has it");
    l = open_as(p, &d, "a");
    NEED(!strcmp(set_step(l, "x.test", NULL, &first), "written"));
    mtasts_ledger_close(l);
    NEED(raw(&d, "UPDATE mtasts_step SET mode = 'x'"));
    is_str(meanwhile(p, &d, NULL, &third, 1), "lost", "rivals",
           "where there was nothing sane");
    is_str(step_in(p, &d), "enforce:86400 3000 0 0", "rivals",
           "the first one has it");
    apr_pool_destroy(p);
}

/* Adds one `n` times; how often that was lost, or -1. */
static int count_up(apr_pool_t *p, const db *d, const char *front, int n)
{
    mtasts_ledger *l = open_in_crowd(p, d, front);
    int lost_times = 0, tries;

    for (tries = 0; n && tries < 4000; tries++) {
        apr_pool_t *each = pool();
        mtasts_ledger_publishing is = {
            "v", {MTASTS_RECORD_WAITS, NOW, 0, 0, 1}, NULL};
        const mtasts_ledger_publishing *was = NULL;
        const mtasts_ledger_domain *x;
        apr_hash_t *all;
        int lost = 1, good = mtasts_ledger_read(l, each, NOW, &all);

        x = good ? apr_hash_get(all, "x.test", APR_HASH_KEY_STRING) : NULL;
        if (x && x->publishing[1]) {
            was = x->publishing[1];
            is.is.failures = was->is.failures + 1;
        }
        if (good && mtasts_ledger_set_publishing(l, each, "x.test", 1, was, &is,
                                                 &lost)) {
            n -= !lost;
            lost_times += lost;
        }
        else if (!strstr(mtasts_ledger_why(l), "locked")) {
            printf("# %s\n", mtasts_ledger_why(l));
            return -1;
        }
        apr_pool_destroy(each);
    }
    return n ? -1 : lost_times;
}

/* Several front ends count in one row: nothing is lost that did not say so. */
static void crowd(void)
{
    enum { N = 4, TIMES = 40 };
    apr_pool_t *p = pool();
    db d = new_ledger(p);
    pid_t child[N];
    mtasts_ledger *l;
    int i, status, good = 1;

    mtasts_ledger_close(open_as(p, &d, "a"));
    for (i = 0; i < N; i++) {
        child[i] = fork();
        NEED(child[i] >= 0);
        if (child[i] == 0) {
            apr_pool_t *own = pool();
            int n = count_up(own, &d, apr_psprintf(own, "front%d", i), TIMES);

            printf("# lost %d times\n", n);
            fflush(stdout);
            _exit(n < 0);
        }
    }
    for (i = 0; i < N; i++) {
        good = waitpid(child[i], &status, 0) == child[i] && status == 0 && good;
    }
    ok(good, "crowd", "four that count at once");
    l = open_as(p, &d, "a");
    is_str(publishing_of(p, l, "x.test", 1),
           apr_psprintf(p, "v waits %" APR_INT64_T_FMT " 0 0 %d",
                        (apr_int64_t)NOW, N * TIMES),
           "crowd", "each once");
    apr_pool_destroy(p);
}

/* --- many --- */

static void many(void)
{
    apr_pool_t *p = pool();
    db d = new_ledger(p);
    mtasts_ledger *l = open_as(p, &d, "a");
    const mtasts_ledger_domain *x, *y;
    apr_time_t started, took;
    apr_hash_t *all;

    NEED(raw(&d, NUMBERS "INSERT INTO mtasts_step SELECT 'd' || n || '.test', "
                         "'enforce', 86400, n, 0, 0 FROM i"));
    NEED(raw(&d, NUMBERS
             "INSERT INTO mtasts_publishing SELECT 'd' || n || '.test', "
             "'sts', 'v=STSv1; id=one;', 'done', n, 0, 0, 0, '' FROM i"));
    NEED(raw(
        &d, NUMBERS
        "INSERT INTO mtasts_publishing SELECT 'd' || n || '.test', "
        "'tlsrpt', 'v=TLSRPTv1; rua=mailto:a@x.test', 'done', n, 0, 0, 0, '' "
        "FROM i"));
    started = apr_time_now();
    ok(said(l, mtasts_ledger_read(l, p, NOW, &all)), "many", "read");
    took = apr_time_now() - started;
    printf("# %d ms\n", (int)apr_time_as_msec(took));
    ok(took < 3 * SLOW, "many", "in reasonable time");
    ok(apr_hash_count(all) == 100000, "many", "all are there");
    x = apr_hash_get(all, "d77777.test", APR_HASH_KEY_STRING);
    y = apr_hash_get(all, "d7.test", APR_HASH_KEY_STRING);
    NEED(x && y && x->publishing[0] && y->publishing[0]);
    is_str(step_text(p, x->step), "enforce:86400 77777 0 0", "many", "a step");
    ok(x->publishing[0]->value == y->publishing[0]->value &&
           x->publishing[1]->is.since == 77777,
       "many", "equal values are there once");
    apr_pool_destroy(p);
}

int main(int argc, const char *const *argv)
{
    take_arguments(argc, argv);
    begin_tests();
    plans();
    publications();
    states();
    bounds();
    refused();
    corrupt();
    no_history();
    as_one();
    for_reading();
    rivals();
    crowd();
    many();
    return done();
}
