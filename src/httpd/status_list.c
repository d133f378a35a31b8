/* The overview: a page of it, with what filters it. */

#include "status_html.h"
#include "status_parts.h"

#include "apr_strings.h"

#define ALL (-1) /* of `only` */

/* --- words and links --- */

/* "10,000". */
static const char *number(apr_pool_t *p, apr_size_t n)
{
    char text[32], *at = text + sizeof(text) - 1;
    int digits = 0;

    *at = '\0';
    do {
        if (digits && digits % 3 == 0) {
            *--at = ',';
        }
        *--at = (char)('0' + n % 10);
        digits++;
    } while ((n /= 10));
    return apr_pstrdup(p, at);
}

/* "1 error", "3 errors"; `more` is what several have behind it. */
static const char *count(apr_pool_t *p, apr_size_t n, const char *one,
                         const char *more)
{
    return apr_pstrcat(p, number(p, n), " ", one, n == 1 ? "" : more, NULL);
}

/* href="..." of the list with that filter. */
static void put_href(mtasts_page *page, const char *q, int only, apr_size_t at)
{
    const char *join = "?";

    mtasts_page_put(page, " href=\"");
    if (*q) {
        mtasts_page_put(page, "?q=");
        mtasts_part_url(page, q);
        join = "&amp;";
    }
    if (only != ALL) {
        mtasts_page_put(page, join);
        mtasts_page_put(page, "state=");
        mtasts_page_put(page, mtasts_stands_name((mtasts_stands)only));
        join = "&amp;";
    }
    if (at > 1) {
        mtasts_page_put(page, join);
        mtasts_page_textf(page, "page=%lu", (unsigned long)at);
        join = "";
    }
    mtasts_page_put(page, *join == '?' ? "?\"" : "\"");
}

static void put_domain_href(mtasts_page *page, const char *domain)
{
    mtasts_page_put(page, "<a href=\"?domain=");
    mtasts_part_url(page, domain);
    mtasts_page_put(page, "\">");
}

/* --- the filters --- */

static void put_tile(mtasts_page *page, const mtasts_status_list *list,
                     int only)
{
    const char *name =
        only == ALL ? "all" : mtasts_stands_name((mtasts_stands)only);
    apr_size_t n = only == ALL ? list->sites : list->standing[only];

    mtasts_page_all(page, "<li><a class=\"tile ", name, n ? "\"" : " zero\"",
                    NULL);
    mtasts_page_put(page, list->only == only ? " aria-current=\"true\"" : "");
    put_href(page, list->q, only, 1);
    mtasts_page_all(page, "><span class=\"n\">", number(page->p, n), "</span> ",
                    NULL);
    if (only == ALL) {
        mtasts_page_put(page, "<span class=\"badge plain\">all</span>");
    }
    else {
        mtasts_part_badge(page, name);
    }
    mtasts_page_put(page, "</a></li>\n");
}

static void put_tiles(mtasts_page *page, const mtasts_status_list *list)
{
    int i;

    mtasts_page_put(page, "<nav aria-label=\"Domains by state\">\n"
                          "<ul class=\"tiles\">\n");
    for (i = ALL; i < MTASTS_STANDS; i++) {
        put_tile(page, list, i);
    }
    mtasts_page_put(page, "</ul>\n</nav>\n");
}

static void put_form(mtasts_page *page, const mtasts_status_list *list)
{
    mtasts_page_all(page,
                    "<form class=\"filter\" method=\"get\" action=\"?\" "
                    "role=\"search\">\n<label for=\"q\">Name contains</label>\n"
                    "<input type=\"search\" id=\"q\" name=\"q\" value=\"",
                    list->q,
                    "\" maxlength=\"253\" autocomplete=\"off\" "
                    "autocapitalize=\"none\" spellcheck=\"false\">\n",
                    NULL);
    if (list->only != ALL) {
        mtasts_page_all(page, "<input type=\"hidden\" name=\"state\" value=\"",
                        mtasts_stands_name((mtasts_stands)list->only), "\">\n",
                        NULL);
    }
    mtasts_page_put(page, "<button type=\"submit\">Filter</button>\n");
    if (*list->q || list->only != ALL) {
        mtasts_page_put(page, "<a class=\"reset\" href=\"?\">Show all</a>\n");
    }
    mtasts_page_put(page, "</form>\n");
}

/* "120 of 10,000 domains, state error, name contains \"x\"; page 2 of 2". */
static void put_count(mtasts_page *page, const mtasts_status_list *list)
{
    mtasts_page_put(page, "<p class=\"count\">");
    if (list->matching != list->sites) {
        mtasts_page_all(page, "", number(page->p, list->matching), " of ",
                        NULL);
    }
    mtasts_page_text(page, count(page->p, list->sites, "domain", "s"));
    if (list->only != ALL) {
        mtasts_page_all(page, ", state ",
                        mtasts_stands_name((mtasts_stands)list->only), NULL);
    }
    if (*list->q) {
        mtasts_page_all(page, ", name contains <q>", list->q, "</q>", NULL);
    }
    if (list->pages > 1) {
        mtasts_page_textf(page, "; page %lu of %lu", (unsigned long)list->page,
                          (unsigned long)list->pages);
    }
    mtasts_page_put(page, "</p>\n");
}

/* --- the cells of a row --- */

static void put_name(mtasts_page *page, const mtasts_status_row *row)
{
    mtasts_page_put(page, "<th scope=\"row\">");
    put_domain_href(page, row->domain);
    mtasts_page_all(page, "", row->domain, "</a>", NULL);
    if (row->again) {
        mtasts_page_all(page, " <span class=\"note\">in ", row->vhost,
                        "</span>", NULL);
    }
    mtasts_page_put(page, "</th>\n");
}

static void put_state(mtasts_page *page, const mtasts_status_row *row)
{
    static const struct {
        mtasts_severity severity;
        const char *one, *more;
    } kinds[] = {{MTASTS_ERROR, "error", "s"},
                 {MTASTS_WARNING, "warning", "s"},
                 {MTASTS_UNKNOWN, "unknown", ""}};
    const char *join = " <span class=\"note\">";
    size_t i;

    mtasts_page_put(page, "<td data-label=\"State\">");
    mtasts_part_badge(page, mtasts_stands_name(mtasts_status_stands(row)));
    for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        int n = row->is.findings[kinds[i].severity];

        if (n) {
            mtasts_page_put(page, join);
            mtasts_page_text(page, count(page->p, (apr_size_t)n, kinds[i].one,
                                         kinds[i].more));
            join = ", ";
        }
    }
    mtasts_page_put(page, *join == ',' ? "</span></td>\n" : "</td>\n");
}

static void put_first(mtasts_page *page, const mtasts_status_row *row)
{
    mtasts_page_put(page, "<td data-label=\"Look at first\">");
    if (row->is.worst < MTASTS_CODES) {
        put_domain_href(page, row->domain);
        mtasts_page_all(page, "<code>",
                        mtasts_code_name((mtasts_code)row->is.worst),
                        "</code></a>", NULL);
    }
    else if (!row->checks) {
        mtasts_page_put(page, "<span class=\"none\">checks are off</span>");
    }
    else {
        mtasts_page_put(page, row->is.checked
                                  ? "<span class=\"none\">nothing</span>"
                                  : "<span class=\"none\">not checked "
                                    "yet</span>");
    }
    mtasts_page_put(page, "</td>\n");
}

static void put_policy(mtasts_page *page, const mtasts_status_row *row)
{
    char max_age[MTASTS_PART_DURATION_SIZE];

    mtasts_part_duration(row->max_age, max_age);
    mtasts_page_all(
        page,
        "<td data-label=\"Policy\"><span class=\"age\"><strong class=\"mode\">",
        mtasts_mode_name(row->mode), "</strong>, ", max_age, "</span>", NULL);
    if (row->steps) {
        mtasts_page_put(page, "<span class=\"note\">");
        mtasts_page_textf(page, "step %u of %u%s", row->step, row->steps,
                          row->is.held ? ", held" : "");
        mtasts_page_put(page, "</span>");
    }
    if (row->held_back) {
        mtasts_page_put(page, "<span class=\"note\">held back: not served "
                              "yet</span>");
    }
    mtasts_page_put(page, "</td>\n");
}

static void put_sync(mtasts_page *page, const mtasts_status_row *row)
{
    static const char *const words[] = {"not known",
                                        "up to date",
                                        "behind: has the id of an earlier "
                                        "policy",
                                        "ahead: has an id that was never "
                                        "served",
                                        "not of this module",
                                        "missing"};
    unsigned sync = row->is.sync;
    int known = row->is.checked && sync < sizeof(words) / sizeof(words[0]);

    sync = known ? sync : MTASTS_SYNC_UNKNOWN;
    mtasts_page_all(page, "<td data-label=\"TXT record\"><span class=\"",
                    sync ? "sync " : "none sync ", "",
                    mtasts_sync_name((mtasts_sync)sync), "\">", words[sync],
                    "</span></td>\n", NULL);
}

/* The one that ends first. */
static void put_certs(mtasts_page *page, const mtasts_status_frame *frame,
                      const mtasts_status_row *row)
{
    apr_uint32_t vhost = row->is.vhost_until, mx = row->is.mx_until;
    int of_mx = mx && (!vhost || mx < vhost);

    mtasts_page_put(page, "<td data-label=\"Certificate ends\">");
    mtasts_part_time(page, frame->now, of_mx ? mx : vhost);
    if (vhost || mx) {
        mtasts_page_put(page, of_mx ? "<span class=\"note\">MX host</span>"
                                    : "<span class=\"note\">policy host"
                                      "</span>");
    }
    mtasts_page_put(page, "</td>\n");
}

static void put_row(mtasts_page *page, const mtasts_status_frame *frame,
                    const mtasts_status_row *row)
{
    mtasts_page_put(page, "<tr>\n");
    put_name(page, row);
    put_state(page, row);
    put_first(page, row);
    put_policy(page, row);
    put_sync(page, row);
    put_certs(page, frame, row);
    mtasts_page_put(page, "<td data-label=\"Checked\">");
    if (row->is.checked) {
        mtasts_part_time(page, frame->now, row->is.checked);
    }
    else {
        mtasts_page_put(page, "<span class=\"none\">never</span>");
    }
    mtasts_page_put(page, "</td>\n</tr>\n");
}

/* --- the table --- */

static void put_table(mtasts_page *page, const mtasts_status_frame *frame,
                      const mtasts_status_list *list)
{
    apr_size_t i;

    mtasts_part_scroll_begin(page, "Domains, worst first");
    mtasts_page_put(page, "<table class=\"domains\">\n<caption>Domains, worst "
                          "first</caption>\n<thead><tr>"
                          "<th scope=\"col\">Domain</th>"
                          "<th scope=\"col\">State</th>"
                          "<th scope=\"col\">To look at first</th>"
                          "<th scope=\"col\">Policy</th>"
                          "<th scope=\"col\">TXT record</th>"
                          "<th scope=\"col\">First certificate ends</th>"
                          "<th scope=\"col\">Checked</th>"
                          "</tr></thead>\n<tbody>\n");
    for (i = 0; i < list->n; i++) {
        put_row(page, frame, &list->rows[i]);
    }
    mtasts_page_put(page, "</tbody>\n</table>\n");
    mtasts_part_scroll_end(page);
}

static void put_page_link(mtasts_page *page, const mtasts_status_list *list,
                          apr_size_t to, const char *rel, const char *text)
{
    mtasts_page_put(page, "<li>");
    if (to < 1 || to > list->pages || to == list->page) {
        mtasts_page_all(page, "<span class=\"none\">", text, "</span>", NULL);
    }
    else {
        mtasts_page_put(page, "<a");
        mtasts_page_put(page, rel);
        put_href(page, list->q, list->only, to);
        mtasts_page_all(page, ">", text, "</a>", NULL);
    }
    mtasts_page_put(page, "</li>\n");
}

static void put_pages(mtasts_page *page, const mtasts_status_list *list)
{
    if (list->pages < 2) {
        return;
    }
    mtasts_page_put(page, "<nav class=\"pages\" aria-label=\"Pages of the "
                          "list\">\n<ul>\n");
    put_page_link(page, list, 1, "", "First");
    put_page_link(page, list, list->page - 1, " rel=\"prev\"", "Previous");
    mtasts_page_put(page, "<li class=\"here\">");
    mtasts_page_textf(page, "page %s of %s", number(page->p, list->page),
                      number(page->p, list->pages));
    mtasts_page_put(page, "</li>\n");
    put_page_link(page, list, list->page + 1, " rel=\"next\"", "Next");
    put_page_link(page, list, list->pages, "", "Last");
    mtasts_page_put(page, "</ul>\n</nav>\n");
}

/* --- nothing to show --- */

static void put_none_at_all(mtasts_page *page)
{
    mtasts_page_put(
        page,
        "<div class=\"empty\">\n<h2>No domain has a policy here yet</h2>\n"
        "<p>A virtual host with <code>MTASTSEngine On</code>, and the MX hosts "
        "of the domain in <code>MTASTSMX</code>, serves one:</p>\n");
    mtasts_part_lines(page, "A virtual host that serves a policy",
                      "<VirtualHost *:443>\n"
                      "    ServerName mta-sts.example.com\n"
                      "    SSLEngine on\n"
                      "    # SSLCertificateFile, SSLCertificateKeyFile ...\n"
                      "\n"
                      "    MTASTSEngine On\n"
                      "    MTASTSMX     mail.example.com\n"
                      "    MTASTSTLSRPT mailto:tlsrpt@example.com\n"
                      "</VirtualHost>\n");
    mtasts_page_put(page, "<p>After a reload the domain is here, with the DNS "
                          "records to publish.</p>\n</div>\n");
}

static void put_none_matches(mtasts_page *page)
{
    mtasts_page_put(page, "<div class=\"empty\">\n<h2>No domain matches</h2>\n"
                          "<p>None has this state and a name that contains "
                          "this. <a href=\"?\">Show all domains</a></p>\n"
                          "</div>\n");
}

void mtasts_status_list_page(mtasts_page *page,
                             const mtasts_status_frame *frame,
                             const mtasts_status_list *list)
{
    mtasts_frame_begin(page, frame, "Domains", NULL);
    mtasts_page_put(page, "<h1>Domains</h1>\n");
    if (!list->sites) {
        put_none_at_all(page);
    }
    else {
        put_tiles(page, list);
        put_form(page, list);
        put_count(page, list);
    }
    if (list->n) {
        put_table(page, frame, list);
        put_pages(page, list);
    }
    else if (list->sites) {
        put_none_matches(page);
    }
    mtasts_frame_findings(page, frame);
    mtasts_frame_end(page, frame, NULL);
}
