/* What senders may hold of a domain: each policy that was served, until it can't be
 * in use any more. */

#include "status_domain.h"

#include "apr_strings.h"

#include <string.h>

static void put_mx(const mtasts_view *v, const json_t *mx)
{
    const json_t *one;
    size_t i;

    json_array_foreach(mx, i, one)
    {
        const char *pattern = json_string_value(one);

        if (i < MTASTS_ROWS_MAX) {
            mtasts_page_all(v->page, "<div><code>",
                            pattern ? mtasts_part_cut(v->page, pattern) : "",
                            "</code></div>\n", NULL);
        }
    }
    mtasts_view_more(v, (int)json_array_size(mx));
}

static void put_row(const mtasts_view *v, const json_t *held)
{
    const char *id = mtasts_view_string(v, held, "id");
    const char *mode = mtasts_view_string(v, held, "mode");
    apr_int64_t now = v->frame->now;

    mtasts_page_all(v->page, "<tr><th scope=\"row\"><code>", id ? id : "",
                    "</code></th><td>", mode ? mode : "", "</td><td>", NULL);
    mtasts_part_time(v->page, now, mtasts_view_time(held, "first_served"));
    mtasts_page_put(v->page, "</td><td>");
    if (mtasts_view_is(held, "served_now") == 1) {
        mtasts_page_put(v->page, "<strong>now</strong>");
    }
    else {
        mtasts_part_time(v->page, now, mtasts_view_time(held, "last_served"));
    }
    mtasts_page_put(v->page, "</td><td>");
    mtasts_part_time(v->page, now, mtasts_view_time(held, "until"));
    mtasts_page_put(v->page, "</td><td class=\"words\">");
    put_mx(v, json_object_get(held, "mx"));
    mtasts_page_put(v->page, "</td></tr>\n");
}

static void put_table(const mtasts_view *v, const apr_array_header_t *held)
{
    static const char *const columns[] = {
        "Policy id", "Mode", "First served", "Last served", "Held until",
        "MX hosts",  NULL};
    int i;

    mtasts_view_table(v, "Policies that senders may hold", columns);
    for (i = 0; i < held->nelts && i < MTASTS_ROWS_MAX; i++) {
        put_row(v, APR_ARRAY_IDX(held, i, const json_t *));
    }
    mtasts_view_table_end(v);
    mtasts_view_more(v, held->nelts);
}

/* 1 if it is known what was served. */
static int is_known(const mtasts_view *v)
{
    const json_t *policy;
    size_t i;

    json_array_foreach(v->policies, i, policy)
    {
        if (json_is_array(json_object_get(policy, "held"))) {
            return 1;
        }
    }
    return 0;
}

void mtasts_view_held(const mtasts_view *v)
{
    const apr_array_header_t *held = mtasts_view_all(v, NULL, "held");

    mtasts_view_section(v, "held", "What senders may hold");
    if (held->nelts) {
        mtasts_page_put(v->page,
                        "<p>Senders keep a policy for its max_age, and many "
                        "don't look again before that. MX records and TLS must "
                        "fit each of these for as long.</p>\n");
        mtasts_view_picture(v, held);
        put_table(v, held);
    }
    else {
        mtasts_page_put(
            v->page,
            is_known(v)
                ? "<p>No policy that was served can be held any more.</p>\n"
                : "<p>Not known: what was served is remembered in the ledger, "
                  "and there is none, or it could not be read.</p>\n");
    }
    mtasts_view_put_findings(v, MTASTS_GROUP_HELD, 3);
    mtasts_view_section_end(v);
}
