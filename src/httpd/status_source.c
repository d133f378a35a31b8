#include "status_source.h"
#include "document.h"
#include "dump.h"
#include "memory.h"
#include "notes.h"
#include "vhost.h"
#include "../core/history.h"

#include "http_main.h"

#include <stdlib.h>

static apr_status_t drop_json(void *j)
{
    json_decref(j);
    return APR_SUCCESS;
}

void mtasts_status_lose_ledger(mtasts_status_source *s)
{
    s->no_ledger = apr_pstrdup(s->p, mtasts_ledger_why(s->ledger));
    s->ledger = NULL;
}

/* NULL if there is none. */
static json_t *read_document(mtasts_status_source *s, apr_pool_t *p,
                             const char *name, mtasts_ledger_written *is)
{
    memset(is, 0, sizeof(*is));
    if (s->ledger && !mtasts_ledger_read_document(s->ledger, p, name, is)) {
        mtasts_status_lose_ledger(s);
    }
    return is->body ? json_loads(is->body, 0, NULL) : NULL;
}

mtasts_status_source *mtasts_status_open_short(apr_pool_t *p)
{
    mtasts_status_source *s = apr_pcalloc(p, sizeof(*s));

    s->p = p;
    s->main_server = ap_server_conf;
    s->servers = mtasts_servers(p, s->main_server);
    s->now = apr_time_sec(apr_time_now());
    s->watched = mtasts_watch_runs(s->main_server, &s->runs);
    return s;
}

mtasts_status_source *mtasts_status_open(apr_pool_t *p)
{
    mtasts_status_source *s = mtasts_status_open_short(p);
    mtasts_sites sites = {s->servers, 0, 0};
    mtasts_ledger_written is;

    if (!mtasts_sites_next(&sites)) {
        return s; /* where nothing is served, no ledger was made */
    }
    s->ledger = mtasts_memory_read(p, s->main_server, &s->no_ledger);
    s->summary = read_document(s, p, MTASTS_SUMMARY_NAME, &is);
    if (s->summary) {
        apr_pool_cleanup_register(p, s->summary, drop_json,
                                  apr_pool_cleanup_null);
    }
    return s;
}

static void add_notes(json_t *list, const apr_array_header_t *notes)
{
    int i;

    for (i = 0; notes && i < notes->nelts; i++) {
        json_array_append_new(list, mtasts_document_finding(
                                        &APR_ARRAY_IDX(notes, i, mtasts_note)));
    }
}

json_t *mtasts_status_findings(const mtasts_status_source *s)
{
    json_t *list = json_array();
    int i;

    for (i = 0; i < s->servers->nelts; i++) {
        add_notes(list,
                  mtasts_config_of(APR_ARRAY_IDX(s->servers, i, server_rec *))
                      ->notes);
    }
    if (s->no_ledger) {
        mtasts_finding f;
        mtasts_note n = {.code = MTASTS_LEDGER_UNAVAILABLE};

        mtasts_memory_unavailable(s->no_ledger, &f);
        n.severity = f.severity;
        n.subject = f.subject;
        n.text = f.text;
        n.remedy = f.remedy;
        json_array_append_new(list, mtasts_document_finding(&n));
    }
    json_array_extend(list, json_object_get(s->summary, "findings"));
    return list;
}

void mtasts_status_frame_of(const mtasts_status_source *s,
                            mtasts_status_frame *frame)
{
    json_t *findings = mtasts_status_findings(s);

    memset(frame, 0, sizeof(*frame));
    frame->server = s->main_server->server_hostname;
    frame->now = s->now;
    frame->began = s->runs.began;
    frame->took_ms = s->runs.took_ms;
    frame->next = s->runs.next;
    frame->interval = mtasts_config_of(s->main_server)->watch_interval;
    frame->watched = s->watched;
    frame->running = s->runs.under_way != 0;
    frame->ledger = mtasts_memory_wanted(s->main_server);
    frame->no_ledger = s->no_ledger;
    frame->findings = findings;
    apr_pool_cleanup_register(s->p, findings, drop_json, apr_pool_cleanup_null);
}

/* --- a site --- */

static json_t *serving_json(const mtasts_site *site)
{
    static const char *const names[] = {"released", "undecided", "new",
                                        "held-to-other", "held-to-none"};
    mtasts_answer answer;
    int any = mtasts_released_answer(site, &answer);

    return json_pack("{s:s, s:o}", "state", names[mtasts_released_state(site)],
                     "id", any ? json_string(answer.id) : json_null());
}

/* What was served when the document was written, and still is, is held for as long
 * again. */
static void move_on(mtasts_status_source *s, apr_pool_t *p, json_t *held)
{
    const char *now = mtasts_dump_time(p, s->now);
    json_t *one;
    size_t i;

    json_array_foreach(held, i, one)
    {
        const char *last =
            json_string_value(json_object_get(one, "last_served"));
        const char *until = json_string_value(json_object_get(one, "until"));
        int64_t was, end;

        if (json_is_true(json_object_get(one, "served_now")) && last && until &&
            mtasts_moment_parse(last, &was) &&
            mtasts_moment_parse(until, &end)) {
            json_object_set_new(one, "last_served", json_string(now));
            json_object_set_new(
                one, "until",
                mtasts_document_time(p,
                                     end + (s->now > was ? s->now - was : 0)));
        }
    }
}

/* What can't be held any more since the document was written. */
static void drop_past(mtasts_status_source *s, json_t *held)
{
    size_t i = json_array_size(held);

    while (i--) {
        const char *until = json_string_value(
            json_object_get(json_array_get(held, i), "until"));
        int64_t end;

        if (until && mtasts_moment_parse(until, &end) && end <= s->now) {
            json_array_remove(held, i);
        }
    }
}

/* 1 if the calendar is one of the site's plan, as that is now. */
static int is_of_plan(const mtasts_site *site, const json_t *steps)
{
    const json_t *step;
    size_t i;

    json_array_foreach(steps, i, step)
    {
        const char *id = json_string_value(json_object_get(step, "id"));

        if (i >= site->served->plan.n || !id ||
            strcmp(id, site->served->versions[i].id)) {
            return 0;
        }
    }
    return json_array_size(steps) == site->served->plan.n;
}

/* Those of the configuration are as they are now: of what the look has found, they
 * have no `since`. */
static void add_findings(json_t *to, const json_t *look)
{
    json_t *now = json_object_get(to, "findings"), *all = json_array();
    const json_t *lists[2] = {now, json_object_get(look, "findings")};
    const json_t *one;
    size_t i, j;
    int s;

    for (s = 0; s <= MTASTS_REFUSED; s++) {
        for (j = 0; j < 2; j++) {
            json_array_foreach(lists[j], i, one)
            {
                const char *severity =
                    json_string_value(json_object_get(one, "severity"));

                if (severity &&
                    !strcmp(severity,
                            mtasts_severity_name((mtasts_severity)s)) &&
                    (!j || !json_is_null(json_object_get(one, "since")))) {
                    json_array_append(all, (json_t *)one);
                }
            }
        }
    }
    json_object_set_new(to, "findings", all);
}

/* What the last look has found, if it was a look at this policy: when that was, or
 * 0. */
static apr_int64_t add_look(mtasts_status_source *s, apr_pool_t *p,
                            const mtasts_site *site,
                            const mtasts_glance *glance, json_t *to)
{
    static const char *const members[] = {"sync", "dns", "released", "held",
                                          "tls"};
    mtasts_ledger_written is;
    json_t *look = read_document(s, p, mtasts_document_name(p, site), &is);
    const char *id = json_string_value(json_object_get(look, "id"));
    json_t *held, *steps = json_object_get(look, "rollout");
    size_t i;

    if (!id || strcmp(id, mtasts_site_version(site)->id)) {
        json_decref(look);
        return 0;
    }
    for (i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
        json_t *member = json_object_get(look, members[i]);

        if (member) {
            json_object_set(to, members[i], member);
        }
    }
    if (steps && is_of_plan(site, steps)) {
        json_object_set(to, "rollout", steps);
    }
    add_findings(to, look);
    held = json_object_get(to, "held");
    move_on(s, p, held);
    drop_past(s, held);
    json_decref(look);
    /* A later look could not write what it found. */
    return (apr_uint32_t)strtoull(is.mark, NULL, 16) == glance->mark
               ? glance->checked
               : is.written;
}

/* The steps of its plan, as they were fetched until now. */
static void add_fetched(apr_pool_t *p, const mtasts_site *site, json_t *steps,
                        const apr_array_header_t *fetched)
{
    json_t *step;
    size_t i;

    json_array_foreach(steps, i, step)
    {
        if (i < site->served->nversions) {
            json_object_set_new(
                step, "fetched",
                mtasts_dump_json_sum(p, fetched, &site->served->versions[i]));
        }
    }
}

/* What changes between two looks. */
static void add_present(mtasts_status_source *s, apr_pool_t *p,
                        const mtasts_site *site, json_t *to)
{
    const mtasts_ledger_publishing *publishing[MTASTS_LEDGER_RECORDS];
    const char *domain = site->name->value;
    const apr_array_header_t *fetched;
    apr_hash_t *fetches;

    if (!mtasts_ledger_read_publishing(s->ledger, p, domain, publishing) ||
        !mtasts_ledger_read_fetches(s->ledger, p, domain, &fetches)) {
        mtasts_status_lose_ledger(s);
        return;
    }
    fetched = apr_hash_get(fetches, domain, APR_HASH_KEY_STRING);
    json_object_set_new(to, "publishing",
                        mtasts_dump_json_publishing(p, domain, publishing));
    json_object_set_new(to, "fetches", mtasts_dump_json_fetched(p, fetched));
    add_fetched(p, site, json_object_get(to, "rollout"), fetched);
}

/* A look was made, and what it has found is not to be had: its numbers. */
static void add_numbers(const mtasts_glance *glance, json_t *to)
{
    int counts[MTASTS_REFUSED + 1] = {0}, i;

    for (i = 0; i < MTASTS_REFUSED; i++) {
        counts[i] = glance->findings[i];
    }
    json_object_set_new(to, "counts", mtasts_document_summary(counts));
    if (glance->sync <= MTASTS_SYNC_ABSENT) {
        json_object_set_new(
            to, "sync",
            json_string(mtasts_sync_name((mtasts_sync)glance->sync)));
    }
}

json_t *mtasts_status_policy(mtasts_status_source *s, apr_pool_t *p,
                             const mtasts_site *site)
{
    int check = mtasts_config_of(site->served->server)->check;
    apr_array_header_t *notes = mtasts_site_notes(p, site);
    json_t *findings = json_array(), *to;
    apr_int64_t checked = 0;
    mtasts_glance glance;

    mtasts_notes_sort(notes);
    add_notes(findings, notes);
    to = mtasts_document(p, site, NULL, findings);
    (void)mtasts_released_glance(site, &glance);
    if (glance.checked) {
        checked = add_look(s, p, site, &glance, to);
        if (!checked) {
            checked = glance.checked;
            add_numbers(&glance, to);
        }
    }
    json_object_set_new(to, "checked", mtasts_document_time(p, checked));
    json_object_set_new(
        to, "next",
        mtasts_document_time(p, check == MTASTS_CHECK_OFF ? 0 : s->runs.next));
    json_object_set_new(to, "serving", serving_json(site));
    if (s->ledger) {
        add_present(s, p, site, to);
    }
    return to;
}

json_t *mtasts_status_events(mtasts_status_source *s, const char *domain)
{
    apr_array_header_t *events;
    json_t *list;
    int i;

    if (s->ledger && !mtasts_ledger_events(s->ledger, s->p, domain, &events)) {
        mtasts_status_lose_ledger(s);
    }
    if (!s->ledger) {
        return NULL;
    }
    list = json_array();
    for (i = 0; i < events->nelts; i++) {
        const mtasts_ledger_happened *e =
            &APR_ARRAY_IDX(events, i, mtasts_ledger_happened);

        json_array_append_new(list,
                              json_pack("{s:s, s:s, s:s}", "time",
                                        mtasts_dump_time(s->p, e->at), "kind",
                                        e->kind, "text", e->text));
    }
    return list;
}
