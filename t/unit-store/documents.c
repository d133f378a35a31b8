/*
 * What is shown of each site, and what a domain's history is; and a ledger of an
 * earlier version, which lacks tables.  With arguments DRIVER and PARAMS of a
 * database that is empty: the same there; t/store.t does so with PostgreSQL.
 */

#include "store.h"

#include "../../src/core/policy.h"

#define D(name, mark, body)                                                    \
    {                                                                          \
        name, mark, body                                                       \
    }

#define PUT(l, p, ...)                                                         \
    mtasts_ledger_put_documents(                                               \
        l, p, (const mtasts_ledger_document[]){__VA_ARGS__},                   \
        sizeof((const mtasts_ledger_document[]){__VA_ARGS__}) /                \
            sizeof(mtasts_ledger_document),                                    \
        NOW)

/* "BODY at SECONDS" */
static const char *get(apr_pool_t *p, mtasts_ledger *l, const char *name)
{
    mtasts_ledger_written is;

    if (!mtasts_ledger_read_document(l, p, name, &is)) {
        return mtasts_ledger_why(l);
    }
    return is.body
               ? apr_psprintf(p, "%s at %d", is.body, (int)(is.written - NOW))
               : "nothing";
}

static const char *mark_of(apr_pool_t *p, mtasts_ledger *l, const char *name)
{
    char key[MTASTS_ID_SIZE];
    const char *mark;
    apr_hash_t *marks;

    if (!mtasts_ledger_document_marks(l, p, &marks) ||
        !mtasts_ledger_document_key(name, key)) {
        return mtasts_ledger_why(l);
    }
    mark = apr_hash_get(marks, key, APR_HASH_KEY_STRING);
    return apr_psprintf(p, "%s of %u", mark ? mark : "none",
                        apr_hash_count(marks));
}

static void kept(void)
{
    apr_pool_t *p = pool();
    db d = new_ledger(p);
    mtasts_ledger *l = open_as(p, &d, "a"), *other = open_as(p, &d, "b");
    char key[MTASTS_ID_SIZE];

    is_str(get(p, l, "x"), "nothing", "kept", "nothing yet");
    ok(said(l, PUT(l, p, D("x", "1", "{}"), D("y", "2", "[\"y\"]"))), "kept",
       "two");
    is_str(get(p, l, "x"), "{} at 0", "kept", "one");
    is_str(get(p, l, "y"), "[\"y\"] at 0", "kept", "the other");
    is_str(mark_of(p, l, "y"), "2 of 2", "kept", "its mark");
    ok(said(l, PUT(l, p, D("x", "3", "{\"new\":1}"))), "kept", "anew");
    is_str(get(p, l, "x"), "{\"new\":1} at 0", "kept", "the later one");
    is_str(mark_of(p, l, "x"), "3 of 2", "kept", "and its mark");
    is_str(get(p, other, "x"), "nothing", "kept", "each front end has its own");
    ok(said(other, PUT(other, p, D("x", "4", "{}"))), "kept", "another's");
    is_str(mark_of(p, other, "x"), "4 of 1", "kept", "apart");
    NEED(mtasts_ledger_document_key("x", key));
    ok(said(l, mtasts_ledger_drop_documents(l, p, (const char *[]){key}, 1)),
       "kept", "dropped");
    is_str(get(p, l, "x"), "nothing", "kept", "is gone");
    is_str(get(p, other, "x"), "{} at 0", "kept", "the other's is not");
    apr_pool_destroy(p);
}

static void refused(void)
{
    apr_pool_t *p = pool();
    db d = new_ledger(p);
    mtasts_ledger *l = open_as(p, &d, "a"), *reader;
    const char *why;

    ok(!PUT(l, p, D("x", "1", "{\"\n\"}")), "refused", "control characters");
    ok(!PUT(l, p, D("x", "1", "{\"\xc3\xa4\"}")), "refused", "not ASCII");
    ok(!PUT(l, p, D("x", "123456789012345678901234567890123", "{}")), "refused",
       "a long mark");
    ok(!PUT(l, p, D("y", "1", "{}"), D("x", "1", "\n")), "refused",
       "all or nothing");
    is_str(get(p, l, "y"), "nothing", "refused", "nothing");
    NEED(PUT(l, p, D("x", "1", "{}")));
    NEED(raw(&d, "UPDATE mtasts_document SET body = '\n'"));
    is_str(get(p, l, "x"), "nothing", "refused",
           "what somebody else wrote is not believed");
    reader = try_open(p, &d, "a", 0, &why);
    NEED(reader);
    ok(PUT(reader, p, D("z", "1", "{}")), "refused", "for reading only");
    is_str(get(p, l, "z"), "nothing", "refused", "nothing is written");
    apr_pool_destroy(p);
}

static const char *events_of(apr_pool_t *p, mtasts_ledger *l,
                             const char *domain)
{
    apr_array_header_t *events;
    const char *text = "";
    int i;

    if (!mtasts_ledger_events(l, p, domain, &events)) {
        return mtasts_ledger_why(l);
    }
    if (events->nelts > 4) {
        return apr_psprintf(
            p, "%d, the last %s", events->nelts,
            APR_ARRAY_IDX(events, 0, mtasts_ledger_happened).text);
    }
    for (i = 0; i < events->nelts; i++) {
        const mtasts_ledger_happened *e =
            &APR_ARRAY_IDX(events, i, mtasts_ledger_happened);

        text = apr_psprintf(p, "%s[%s %s %d]", text, e->kind, e->text,
                            (int)(e->at - NOW));
    }
    return text;
}

static void happened(void)
{
    apr_pool_t *p = pool();
    db d = new_ledger(p);
    mtasts_ledger *l = open_as(p, &d, "a"), *other = open_as(p, &d, "b");
    int i, good = 1;

    is_str(events_of(p, l, "x.test"), "", "events", "none");
    NEED(mtasts_ledger_event(l, p, "x.test", "served", "one", NOW));
    NEED(mtasts_ledger_event(l, p, "x.test", "mode", "two", NOW));
    NEED(mtasts_ledger_event(other, p, "x.test", "id", "three", NOW + 5));
    NEED(mtasts_ledger_event(l, p, "w.test", "id", "before", NOW));
    NEED(mtasts_ledger_event(l, p, "y.test", "id", "behind", NOW));
    is_str(events_of(p, l, "x.test"), "[id three 5][mode two 0][served one 0]",
           "events", "of all front ends, the last first");
    NEED(raw(&d, "UPDATE mtasts_event SET text = '\t' WHERE text = 'two'"));
    is_str(events_of(p, l, "x.test"), "[id three 5][served one 0]", "events",
           "what somebody else wrote is not believed");
    for (i = 0; i < 90 && good; i++) {
        good = mtasts_ledger_event(l, p, "z.test", "served",
                                   apr_psprintf(p, "a%d", i), NOW + i) &&
               mtasts_ledger_event(other, p, "z.test", "served",
                                   apr_psprintf(p, "b%d", i), NOW + i);
    }
    NEED(good);
    ok(strstr(events_of(p, l, "z.test"), "100, the last ") &&
           strstr(events_of(p, l, "z.test"), "89"),
       "events", "a hundred");
    apr_pool_destroy(p);
}

static void published(void)
{
    apr_pool_t *p = pool();
    db d = new_ledger(p);
    mtasts_ledger *l = open_as(p, &d, "a");
    const mtasts_ledger_publishing sts = {
        "v=STSv1; id=one;",
        {MTASTS_RECORD_FAILED, NOW, NOW + 60, NOW, 2},
        "no route"};
    const mtasts_ledger_publishing *read[MTASTS_LEDGER_RECORDS];
    int lost;

    NEED(mtasts_ledger_set_publishing(l, p, "x.test", MTASTS_LEDGER_STS, NULL,
                                      &sts, &lost));
    ok(said(l, mtasts_ledger_read_publishing(l, p, "x.test", read)),
       "publishing", "is read");
    ok(read[0] && !strcmp(read[0]->value, sts.value) &&
           !strcmp(read[0]->said, "no route") && read[0]->is.failures == 2 &&
           read[0]->is.state == MTASTS_RECORD_FAILED,
       "publishing", "as it was written");
    ok(!read[1], "publishing", "the other record is not known");
    ok(mtasts_ledger_read_publishing(l, p, "y.test", read) && !read[0],
       "publishing", "nor is another domain's");
    apr_pool_destroy(p);
}

/* A ledger that the version before has made. */
static void earlier(void)
{
    apr_pool_t *p = pool();
    db d = new_ledger(p);
    mtasts_ledger *l = open_as(p, &d, "a");
    const char *why;

    NEED(mtasts_ledger_event(l, p, "x.test", "served", "kept", NOW));
    mtasts_ledger_close(l);
    NEED(raw(&d, "DROP TABLE mtasts_document;"
                 "DELETE FROM mtasts_meta WHERE name = 'tables'"));
    l = try_open(p, &d, "a", 0, &why);
    ok(l != NULL, "earlier", "is opened for reading");
    is_str(count(p, &d, "meta"), "1", "earlier", "which changes nothing");
    mtasts_ledger_close(l);
    l = open_as(p, &d, "a");
    ok(said(l, PUT(l, p, D("x", "1", "{}"))), "earlier",
       "what it lacks is made");
    is_str(get(p, l, "x"), "{} at 0", "earlier", "and used");
    is_str(events_of(p, l, "x.test"), "[served kept 0]", "earlier",
           "what it had is there");
    mtasts_ledger_close(l);
    l = open_as(p, &d, "a");
    is_str(get(p, l, "x"), "{} at 0", "earlier", "once");
    apr_pool_destroy(p);
}

/* With a front end that is no more goes what it showed. */
static void tidied(void)
{
    apr_pool_t *p = pool();
    db d = new_ledger(p);
    mtasts_ledger *l = open_as(p, &d, "a"), *other = open_as(p, &d, "b");
    mtasts_ledger_serving s = serving(p, "x.test", "mx.x.test", NULL);
    mtasts_ledger_document many[2500];
    size_t i;

    for (i = 0; i < sizeof(many) / sizeof(many[0]); i++) {
        many[i].name = apr_psprintf(p, "d%d", (int)i);
        many[i].mark = "1";
        many[i].body = "{}";
    }
    NEED(mtasts_ledger_serve(l, p, &s, 1, NOW, NOW + 60));
    NEED(mtasts_ledger_serve(other, p, &s, 1, NOW + 50 * DAY,
                             NOW + 50 * DAY + 60));
    NEED(PUT(l, p, D("x", "1", "{}")));
    NEED(mtasts_ledger_put_documents(l, p, many, i, NOW));
    NEED(PUT(other, p, D("x", "1", "{}")));
    ok(tidy_all(p, other, NOW + 50 * DAY) > 3, "tidied", "in steps");
    is_str(count(p, &d, "document"), "1", "tidied", "all of them");
    is_str(get(p, l, "x"), "nothing", "tidied", "is gone");
    is_str(get(p, other, "x"), "{} at 0", "tidied", "one that serves has its");
    apr_pool_destroy(p);
}

int main(int argc, const char *const *argv)
{
    take_arguments(argc, argv);
    begin_tests();
    kept();
    refused();
    happened();
    published();
    earlier();
    tidied();
    return done();
}
