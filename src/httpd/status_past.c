/* What has been: who has fetched a domain's policies, and its history. */

#include "status_domain.h"

#include "apr_hash.h"
#include "apr_strings.h"

#include <string.h>

/* --- fetches --- */

/* Of one kind of sender, of all policies. */
typedef struct {
    const char *label;
    int delivers;          /* mail; 0: a checker, a browser */
    apr_int64_t n, of_now; /* all, and of the policies that are configured */
    apr_int64_t first, last;
} sum;

static int is_configured(const mtasts_view *v, const json_t *fetches)
{
    const char *id = mtasts_part_string(fetches, "id"), *is;
    const json_t *policy;
    size_t i;

    json_array_foreach(v->policies, i, policy)
    {
        is = mtasts_part_string(policy, "id");
        if (id && is && !strcmp(id, is)) {
            return 1;
        }
    }
    return 0;
}

static void add(const mtasts_view *v, sum *to, const json_t *fetches)
{
    apr_int64_t n = json_integer_value(json_object_get(fetches, "fetches"));
    apr_int64_t first = mtasts_view_time(fetches, "first");
    apr_int64_t last = mtasts_view_time(fetches, "last");

    n = n < 0 || n > APR_INT32_MAX ? 0 : n;
    to->n += n;
    to->of_now += is_configured(v, fetches) ? n : 0;
    to->first = first && (!to->first || first < to->first) ? first : to->first;
    to->last = last > to->last ? last : to->last;
}

static const apr_array_header_t *sums_of(const mtasts_view *v)
{
    const apr_array_header_t *all = mtasts_view_all(v, NULL, "fetches");
    apr_array_header_t *sums = apr_array_make(v->page->p, 16, sizeof(sum *));
    apr_hash_t *by_sender = apr_hash_make(v->page->p);
    int i;

    for (i = 0; i < all->nelts; i++) {
        const json_t *fetches = APR_ARRAY_IDX(all, i, const json_t *);
        const char *sender = mtasts_part_string(fetches, "sender");
        const char *label = mtasts_view_string(v, fetches, "label");
        sum *s;

        sender = sender ? sender : "";
        s = apr_hash_get(by_sender, sender, APR_HASH_KEY_STRING);
        if (!s) {
            s = apr_pcalloc(v->page->p, sizeof(*s));
            s->label = label ? label : mtasts_part_cut(v->page, sender);
            s->delivers = mtasts_view_is(fetches, "delivers") != 0;
            apr_hash_set(by_sender, sender, APR_HASH_KEY_STRING, s);
            APR_ARRAY_PUSH(sums, sum *) = s;
        }
        add(v, s, fetches);
    }
    return sums;
}

static int put_sums(const mtasts_view *v, const apr_array_header_t *sums,
                    int delivers, const char *caption)
{
    static const char *const columns[] = {
        "Software", "Fetches", "Of the policy now", "First", "Last", NULL};
    int i, n = 0;

    for (i = 0; i < sums->nelts; i++) {
        const sum *s = APR_ARRAY_IDX(sums, i, const sum *);

        if (s->delivers != delivers || n++ >= MTASTS_ROWS_MAX) {
            continue;
        }
        if (n == 1) {
            mtasts_view_table(v, caption, columns);
        }
        mtasts_page_all(v->page, "<tr><th scope=\"row\">", s->label, "</th>",
                        NULL);
        mtasts_page_put(
            v->page, apr_psprintf(v->page->p,
                                  "<td class=\"number\">%" APR_INT64_T_FMT
                                  "</td><td class=\"number\">%" APR_INT64_T_FMT
                                  "</td><td>",
                                  s->n, s->of_now));
        mtasts_part_time(v->page, v->frame->now, s->first);
        mtasts_page_put(v->page, "</td><td>");
        mtasts_part_time(v->page, v->frame->now, s->last);
        mtasts_page_put(v->page, "</td></tr>\n");
    }
    if (n) {
        mtasts_view_table_end(v);
        mtasts_view_more(v, n);
    }
    return n;
}

static int is_counted(const mtasts_view *v)
{
    const json_t *policy;
    size_t i;

    json_array_foreach(v->policies, i, policy)
    {
        if (json_is_array(json_object_get(policy, "fetches"))) {
            return 1;
        }
    }
    return 0;
}

void mtasts_view_fetches(const mtasts_view *v)
{
    const apr_array_header_t *sums = sums_of(v);

    mtasts_view_section(v, "fetches", "Fetched by");
    if (!is_counted(v)) {
        mtasts_page_put(v->page, "<p>Not known: fetches are counted in the "
                                 "ledger, and there is none, or it could not "
                                 "be read.</p>\n");
    }
    else if (!put_sums(v, sums, 1, "Software that delivers mail")) {
        mtasts_page_put(v->page, "<p>No software that delivers mail has "
                                 "fetched a policy of this domain yet.</p>\n");
    }
    put_sums(v, sums, 0, "Checkers and browsers");
    mtasts_view_section_end(v);
}

/* --- history --- */

static void put_event(const mtasts_view *v, const json_t *event)
{
    const char *kind = mtasts_view_string(v, event, "kind");
    const char *text = mtasts_view_string(v, event, "text");

    mtasts_page_put(v->page, "<tr><td>");
    mtasts_part_time(v->page, v->frame->now, mtasts_view_time(event, "time"));
    mtasts_page_all(v->page, "</td><td><code>", kind ? kind : "",
                    "</code></td><td class=\"words\">", text ? text : "",
                    "</td></tr>\n", NULL);
}

void mtasts_view_events(const mtasts_view *v)
{
    static const char *const columns[] = {"When", "What", "In words", NULL};
    size_t i, n = json_array_size(v->events);
    const json_t *event;

    mtasts_view_section(v, "history", "History");
    if (n) {
        mtasts_view_table(v, "What happened, the last first", columns);
        json_array_foreach(v->events, i, event)
        {
            if (i < MTASTS_ROWS_MAX) {
                put_event(v, event);
            }
        }
        mtasts_view_table_end(v);
        mtasts_view_more(v, (int)n);
    }
    else {
        mtasts_page_put(v->page, json_is_array(v->events)
                                     ? "<p>Nothing has happened yet.</p>\n"
                                     : "<p>Not known: it is remembered in the "
                                       "ledger, and there is none, or it could "
                                       "not be read.</p>\n");
    }
    mtasts_view_section_end(v);
}
