/* The status page of one domain. */

#include "status_domain.h"
#include "status_html.h"

#include "apr_strings.h"

#include <string.h>

/* --- what is in the document --- */

const char *mtasts_view_string(const mtasts_view *v, const json_t *object,
                               const char *name)
{
    const char *s = mtasts_part_string(object, name);

    return s && *s ? mtasts_part_cut(v->page, s) : NULL;
}

apr_int64_t mtasts_view_time(const json_t *object, const char *name)
{
    return mtasts_part_seconds(mtasts_part_string(object, name));
}

int mtasts_view_is(const json_t *object, const char *name)
{
    const json_t *value = json_object_get(object, name);

    return json_is_true(value) ? 1 : json_is_false(value) ? 0 : -1;
}

static int has(const apr_array_header_t *all, const json_t *one)
{
    int i;

    for (i = 0; i < all->nelts; i++) {
        if (json_equal(APR_ARRAY_IDX(all, i, const json_t *), one)) {
            return 1;
        }
    }
    return 0;
}

const apr_array_header_t *mtasts_view_all(const mtasts_view *v, const char *in,
                                          const char *name)
{
    apr_array_header_t *all =
        apr_array_make(v->page->p, 8, sizeof(const json_t *));
    const json_t *policy, *object, *one;
    size_t i, k;

    json_array_foreach(v->policies, i, policy)
    {
        object = in ? json_object_get(policy, in) : policy;
        json_array_foreach(json_object_get(object, name), k, one)
        {
            if (v->n < 2 || !has(all, one)) {
                APR_ARRAY_PUSH(all, const json_t *) = one;
            }
        }
    }
    return all;
}

const char *mtasts_view_vhost(const mtasts_view *v, const json_t *policy)
{
    const char *vhost = mtasts_view_string(v, policy, "vhost");

    return vhost ? vhost : "a virtual host";
}

/* Of several virtual hosts those that have their checks off don't count beside one
 * that hasn't. */
static int is_off(const mtasts_view *v)
{
    const json_t *policy;
    const char *check;
    size_t i;

    json_array_foreach(v->policies, i, policy)
    {
        check = mtasts_part_string(policy, "check");
        if (!check || strcmp(check, "off")) {
            return 0;
        }
    }
    return v->n > 0;
}

const char *mtasts_view_why_not(const mtasts_view *v, const char *otherwise)
{
    const json_t *policy, *counts;
    size_t i;

    json_array_foreach(v->policies, i, policy)
    {
        counts = json_object_get(policy, "counts");
        if (json_is_object(counts)) {
            return apr_psprintf(
                v->page->p,
                "The last look found %d error(s), %d warning(s) and %d "
                "unknown; in which words is in the ledger, which is off, "
                "can't be read or does not have them. To see them: apachectl "
                "-t -D DUMP_MTASTS",
                (int)json_integer_value(json_object_get(counts, "error")),
                (int)json_integer_value(json_object_get(counts, "warning")),
                (int)json_integer_value(json_object_get(counts, "unknown")));
        }
    }
    return is_off(v) ? "Nothing is looked at: MTASTSCheck is off here."
                     : otherwise;
}

int mtasts_view_looked(const mtasts_view *v)
{
    const json_t *policy;
    size_t i;

    json_array_foreach(v->policies, i, policy)
    {
        if (mtasts_view_time(policy, "checked") ||
            json_is_object(json_object_get(policy, "dns")) ||
            json_is_object(json_object_get(policy, "tls"))) {
            return 1;
        }
    }
    return 0;
}

/* --- what many pieces have --- */

void mtasts_view_section(const mtasts_view *v, const char *id,
                         const char *title)
{
    mtasts_page_all(v->page, "<section id=\"", id, "\" aria-labelledby=\"", id,
                    "-h\">\n<h2 id=\"", id, "-h\">", title, "</h2>\n", NULL);
}

void mtasts_view_section_end(const mtasts_view *v)
{
    mtasts_page_put(v->page, "</section>\n");
}

void mtasts_view_vhost_heading(const mtasts_view *v, const json_t *policy,
                               int level)
{
    const char *h = level == 3 ? "3" : "4";

    if (v->n > 1) {
        mtasts_page_all(v->page, "<h", h, ">", NULL);
        mtasts_page_textf(v->page, "In the virtual host %s",
                          mtasts_view_vhost(v, policy));
        mtasts_page_all(v->page, "</h", h, ">\n", NULL);
    }
}

void mtasts_view_fact(const mtasts_view *v, const char *name)
{
    mtasts_page_all(v->page, "<dt>", name, "</dt><dd>", NULL);
}

void mtasts_view_fact_end(const mtasts_view *v)
{
    mtasts_page_put(v->page, "</dd>\n");
}

void mtasts_view_table(const mtasts_view *v, const char *caption,
                       const char *const *columns)
{
    mtasts_part_scroll_begin(v->page, caption);
    mtasts_page_all(v->page, "<table>\n<caption>", caption,
                    "</caption>\n<thead><tr>", NULL);
    for (; *columns; columns++) {
        mtasts_page_all(v->page, "<th scope=\"col\">", *columns, "</th>", NULL);
    }
    mtasts_page_put(v->page, "</tr></thead>\n<tbody>\n");
}

void mtasts_view_table_end(const mtasts_view *v)
{
    mtasts_page_put(v->page, "</tbody>\n</table>\n");
    mtasts_part_scroll_end(v->page);
}

void mtasts_view_more(const mtasts_view *v, int n)
{
    if (n > MTASTS_ROWS_MAX) {
        mtasts_page_put(v->page, "<p class=\"quiet\">");
        mtasts_page_textf(v->page, "And %d more: ", n - MTASTS_ROWS_MAX);
        mtasts_page_put(v->page, "<a href=\"?format=json&amp;domain=");
        mtasts_part_url(v->page, v->domain);
        mtasts_page_put(v->page, "\">the JSON document</a> has all.</p>\n");
    }
}

/* --- the page --- */

/* Of several virtual hosts the last look, and the next one that comes. */
static void put_looks(const mtasts_view *v)
{
    apr_int64_t checked = 0, next = 0, t;
    const json_t *policy;
    size_t i;

    json_array_foreach(v->policies, i, policy)
    {
        t = mtasts_view_time(policy, "checked");
        checked = t > checked ? t : checked;
        t = mtasts_view_time(policy, "next");
        next = t && (!next || t < next) ? t : next;
    }
    mtasts_page_put(v->page, "<p class=\"lead\">");
    if (checked) {
        mtasts_page_put(v->page, "Checked last ");
        mtasts_part_time(v->page, v->frame->now, checked);
    }
    else {
        mtasts_page_put(v->page, mtasts_view_looked(v)
                                     ? "When it was checked is not known"
                                 : is_off(v) ? "Not checked"
                                             : "Not checked yet");
    }
    if (next) {
        mtasts_page_put(v->page, "; next at the latest ");
        mtasts_part_time(v->page, v->frame->now, next);
    }
    mtasts_page_put(v->page, "</p>\n");
}

static void put_contents(const mtasts_view *v)
{
    mtasts_page_put(v->page, "<nav class=\"contents\" aria-label=\"On this "
                             "page\">\n<ul>\n"
                             "<li><a href=\"#policy\">Policy</a></li>\n"
                             "<li><a href=\"#records\">DNS records</a></li>\n");
    if (mtasts_view_has_plan(v)) {
        mtasts_page_put(v->page,
                        "<li><a href=\"#plan\">The way to enforce</a></li>\n");
    }
    mtasts_page_put(v->page,
                    "<li><a href=\"#checks\">Checks</a></li>\n"
                    "<li><a href=\"#held\">What senders may hold</a></li>\n"
                    "<li><a href=\"#fetches\">Fetched by</a></li>\n"
                    "<li><a href=\"#history\">History</a></li>\n"
                    "</ul>\n</nav>\n");
}

static const char *domain_of(mtasts_page *page, const mtasts_view *v)
{
    const char *domain =
        mtasts_view_string(v, json_array_get(v->policies, 0), "domain");

    return domain ? domain : apr_pstrdup(page->p, "(no name)");
}

void mtasts_status_domain_page(mtasts_page *page,
                               const mtasts_status_frame *frame,
                               const json_t *policies, const json_t *events)
{
    mtasts_view view = {page, frame, policies, events, "", 0, NULL};
    const mtasts_view *v = &view;

    view.n = json_array_size(policies);
    view.domain = domain_of(page, v);
    view.findings = mtasts_view_findings(v);
    mtasts_frame_begin(page, frame, v->domain, v->domain);
    mtasts_page_all(page, "<h1>", v->domain, "</h1>\n", NULL);
    put_looks(v);
    mtasts_view_questions(v);
    mtasts_view_next(v);
    put_contents(v);
    mtasts_view_policy(v);
    mtasts_view_records(v);
    mtasts_view_plan(v);
    mtasts_view_checks(v);
    mtasts_view_held(v);
    mtasts_view_fetches(v);
    mtasts_view_events(v);
    mtasts_frame_end(page, frame, v->domain);
}
