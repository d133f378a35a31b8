/* Head, header and foot of the status pages. */

#include "status_html.h"
#include "status_parts.h"

#include "apr_strings.h"

/* --- the head --- */

static void put_head(mtasts_page *page, const mtasts_status_frame *frame,
                     const char *title)
{
    mtasts_page_all(
        page,
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n"
        "<meta charset=\"utf-8\">\n<title>",
        title, " \342\200\223 MTA-STS on ", frame->server,
        "</title>\n"
        "<meta name=\"viewport\" content=\"width=device-width, "
        "initial-scale=1\">\n"
        "<meta name=\"color-scheme\" content=\"light dark\">\n"
        "<meta name=\"robots\" content=\"noindex\">\n"
        "<link rel=\"stylesheet\" href=\"?asset=style.css&amp;v=",
        mtasts_status_version,
        "\">\n<script src=\"?asset=script.js&amp;v=", mtasts_status_version,
        "\" defer></script>\n</head>\n<body>\n"
        "<a class=\"skip\" href=\"#main\">Skip to the content</a>\n",
        NULL);
}

/* --- the header --- */

/* "340 ms", "1.2 s", "2 min 5 s". */
static const char *took_text(apr_pool_t *p, apr_int64_t ms)
{
    return ms < 1000    ? apr_psprintf(p, "%d ms", (int)ms)
           : ms < 60000 ? apr_psprintf(p, "%d.%d s", (int)(ms / 1000),
                                       (int)(ms % 1000 / 100))
                        : apr_psprintf(p, "%" APR_INT64_T_FMT " min %d s",
                                       ms / 60000, (int)(ms / 1000 % 60));
}

static void put_run(mtasts_page *page, const mtasts_status_frame *frame)
{
    mtasts_page_put(page, "<dl class=\"run\">\n<div><dt>Last check of all "
                          "domains</dt><dd>");
    if (frame->began) {
        mtasts_part_time(page, frame->now, frame->began);
    }
    else {
        mtasts_page_put(page, "none since the last start or reload");
    }
    if (frame->began && !frame->running) {
        mtasts_page_all(page, ", took ", took_text(page->p, frame->took_ms),
                        NULL);
    }
    mtasts_page_all(page, "</dd></div>\n<div><dt>",
                    frame->running ? "Now" : "Next", "</dt><dd>", NULL);
    if (frame->running) {
        mtasts_page_put(page, "<strong>a check is under way</strong>");
    }
    else if (frame->next) {
        mtasts_part_time(page, frame->now, frame->next);
    }
    else {
        mtasts_page_put(page, frame->watched && frame->interval
                                  ? "soon"
                                  : "after the next start or reload");
    }
    mtasts_page_put(page, "</dd></div>\n</dl>\n");
}

static void put_header(mtasts_page *page, const mtasts_status_frame *frame,
                       const char *domain)
{
    mtasts_page_put(page, "<header class=\"top\">\n<div class=\"brand\">"
                          "<a href=\"?\">MTA-STS</a> ");
    mtasts_page_all(page, "<span class=\"server\">on ", frame->server,
                    "</span></div>\n", NULL);
    if (domain) {
        mtasts_page_put(page, "<nav aria-label=\"Pages\"><a class=\"back\" "
                              "href=\"?\">All domains</a></nav>\n");
    }
    put_run(page, frame);
    mtasts_page_put(page, "</header>\n");
}

/* --- banners --- */

static void put_banner(mtasts_page *page, const char *word, const char *markup,
                       const char *text)
{
    mtasts_page_put(page, "<p class=\"banner\">");
    mtasts_part_badge(page, word);
    mtasts_page_put(page, " <span>");
    mtasts_page_all(page, markup, text, "</span></p>\n", NULL);
}

static void put_banners(mtasts_page *page, const mtasts_status_frame *frame,
                        const char *domain)
{
    if (!frame->watched) {
        put_banner(page, "info",
                   "Nobody looks while httpd serves: no domain has its checks "
                   "on, or mod_watchdog is not loaded. What is shown is the "
                   "configuration.",
                   "");
    }
    else if (!frame->interval) {
        put_banner(page, "info",
                   "<code>MTASTSWatchInterval Off</code>: checks are made "
                   "after a start or reload only.",
                   "");
    }
    if (!frame->ledger) {
        put_banner(page, "info",
                   "<code>MTASTSLedger Off</code>: neither history nor what "
                   "senders may hold is known, and what was found is shown by "
                   "numbers and codes only.",
                   "");
    }
    else if (frame->no_ledger) {
        put_banner(page, "warning",
                   "The ledger can't be read, so that history and findings "
                   "may be missing here: ",
                   frame->no_ledger);
    }
    if (domain && json_array_size(frame->findings)) {
        put_banner(page, "info",
                   "There are findings on the server as a whole: "
                   "<a href=\"?#server\">see the overview</a>.",
                   "");
    }
}

/* --- all of it --- */

void mtasts_frame_begin(mtasts_page *page, const mtasts_status_frame *frame,
                        const char *title, const char *domain)
{
    put_head(page, frame, title);
    put_header(page, frame, domain);
    mtasts_page_put(page, "<main id=\"main\">\n");
    put_banners(page, frame, domain);
}

void mtasts_frame_findings(mtasts_page *page, const mtasts_status_frame *frame)
{
    const json_t *finding;
    size_t i;

    if (!json_array_size(frame->findings)) {
        return;
    }
    mtasts_page_put(page, "<section id=\"server\" aria-labelledby=\"server-h\">"
                          "\n<h2 id=\"server-h\">The server as a whole</h2>\n");
    json_array_foreach(frame->findings, i, finding)
    {
        mtasts_part_finding(page, frame->now, finding, 3);
    }
    mtasts_page_put(page, "</section>\n");
}

void mtasts_frame_end(mtasts_page *page, const mtasts_status_frame *frame,
                      const char *domain)
{
    mtasts_page_put(page, "</main>\n<footer class=\"foot\">\n<p>As of ");
    mtasts_part_time(page, frame->now, frame->now);
    mtasts_page_put(page, "</p>\n<p class=\"formats\">Also as <a "
                          "href=\"?format=json");
    if (domain) {
        mtasts_page_put(page, "&amp;domain=");
        mtasts_part_url(page, domain);
    }
    mtasts_page_put(page, "\">JSON</a> and <a href=\"?format=openmetrics\">"
                          "OpenMetrics</a></p>\n</footer>\n</body>\n</html>\n");
}
