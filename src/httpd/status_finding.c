/* A finding on a status page. */

#include "status_parts.h"

static const char *member(mtasts_page *page, const json_t *finding,
                          const char *name)
{
    return mtasts_part_cut(page, mtasts_part_string(finding, name));
}

static void put_meta(mtasts_page *page, apr_int64_t now, const json_t *finding)
{
    const char *since = member(page, finding, "since");
    const char *reference = member(page, finding, "reference");
    int earlier = json_is_false(json_object_get(finding, "seen"));

    if (!since && !earlier && (!reference || !*reference)) {
        return;
    }
    mtasts_page_put(page, "<p class=\"meta\">");
    if (since) {
        mtasts_page_put(page, "<span>since ");
        mtasts_part_time_text(page, now, since);
        mtasts_page_put(page, "</span> ");
    }
    if (earlier) {
        mtasts_page_put(page, "<span>from an earlier look: the last one could "
                              "not tell</span> ");
    }
    if (reference && *reference) {
        mtasts_page_all(page, "<span>", reference, "</span>", NULL);
    }
    mtasts_page_put(page, "</p>\n");
}

void mtasts_part_finding(mtasts_page *page, apr_int64_t now,
                         const json_t *finding, int level)
{
    const char *severity = member(page, finding, "severity");
    const char *code = member(page, finding, "code");
    const char *subject = member(page, finding, "subject");
    const char *text = member(page, finding, "text");
    const char *const h = level == 3 ? "3" : "4";

    severity = severity ? severity : "unknown";
    mtasts_page_all(page, "<article class=\"finding ",
                    mtasts_part_known(severity), "\">\n<h", h, ">", NULL);
    mtasts_part_badge(page, severity);
    mtasts_page_all(page, " <code>", code ? code : "", "</code>", NULL);
    if (subject && *subject) {
        mtasts_page_all(page, " <span class=\"subject\">", subject, "</span>",
                        NULL);
    }
    mtasts_page_all(page, "</h", h, ">\n<p>", text ? text : "", "</p>\n", NULL);
    mtasts_part_remedy(page, code, mtasts_part_string(finding, "remedy"));
    put_meta(page, now, finding);
    mtasts_page_put(page, "</article>\n");
}
