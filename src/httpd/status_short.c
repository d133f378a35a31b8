/*
 * The section in mod_status's page, and its lines in ?auto.  Both are ISO-8859-1,
 * so that everything is printable ASCII here.
 */

#include "status_private.h"

#include "../core/moment.h"
#include "../core/text.h"

#include "apr_strings.h"

/* Names as DNS may have them, all of their octets escaped. */
#define SHOWN_MAX 1024

/* What ?auto and the page call the domains that stand so. */
static const struct {
    const char *key, *words;
} standing[MTASTS_STANDS] = {
    [MTASTS_STANDS_ERROR] = {"MTASTSErrors", "with errors"},
    [MTASTS_STANDS_WARNING] = {"MTASTSWarnings", "with warnings"},
    [MTASTS_STANDS_UNKNOWN] = {"MTASTSUnknown", "not fully known"},
    [MTASTS_STANDS_UNCHECKED] = {"MTASTSUnchecked", "not looked at"},
    [MTASTS_STANDS_OK] = {"MTASTSOK", "in order"},
};

/* --- ?auto --- */

static void line(mtasts_page *page, const char *key, apr_int64_t n)
{
    char text[96];

    apr_snprintf(text, sizeof(text), "%s: %" APR_INT64_T_FMT "\n", key, n);
    mtasts_page_put(page, text);
}

/* What is not known has no line. */
static void write_lines(mtasts_page *page, const mtasts_status_frame *frame,
                        const mtasts_status_sum *sum)
{
    int s;

    line(page, "MTASTSDomains", (apr_int64_t)sum->sites);
    for (s = 0; s < MTASTS_STANDS; s++) {
        line(page, standing[s].key, (apr_int64_t)sum->standing[s]);
    }
    line(page, "MTASTSWatched", frame->watched != 0);
    if (frame->began) {
        line(page, "MTASTSLastRun", frame->began);
    }
    if (frame->next) {
        line(page, "MTASTSNextRun", frame->next);
    }
}

/* --- the section --- */

static void text(mtasts_page *page, const char *s)
{
    char shown[SHOWN_MAX];

    mtasts_escape(shown, sizeof(shown), s);
    mtasts_page_text(page, shown);
}

static void cell(mtasts_page *page, const char *s)
{
    mtasts_page_put(page, "<td>");
    text(page, s);
    mtasts_page_put(page, "</td>");
}

static void write_totals(mtasts_page *page, const mtasts_status_sum *sum)
{
    const char *before = ": ";
    int s;

    mtasts_page_textf(page, "%" APR_SIZE_T_FMT " domain%s", sum->sites,
                      sum->sites == 1 ? "" : "s");
    for (s = 0; s < MTASTS_STANDS; s++) {
        if (sum->standing[s]) {
            mtasts_page_textf(page, "%s%" APR_SIZE_T_FMT " %s", before,
                              sum->standing[s], standing[s].words);
            before = ", ";
        }
    }
    mtasts_page_put(page, ".");
}

static void write_when(mtasts_page *page, const mtasts_status_frame *frame)
{
    char when[MTASTS_TIME_SIZE];

    if (frame->running) {
        mtasts_page_put(page, " All are looked at right now.");
    }
    if (frame->began) {
        mtasts_time_text(frame->began, when);
        mtasts_page_textf(page, " All were looked at on %s.", when);
    }
    if (!frame->watched) {
        mtasts_page_put(page, " They are not looked at while the server runs.");
    }
}

/* Mode, and where in its plan it is, if it has one. */
static const char *mode_text(apr_pool_t *p, const mtasts_status_row *row)
{
    const char *mode = mtasts_mode_name(row->mode);

    if (!row->steps) {
        return mode;
    }
    return row->step ? apr_psprintf(p, "%s, step %u of %u%s", mode, row->step,
                                    row->steps, row->is.held ? ", held" : "")
                     : apr_psprintf(p, "%s, step ? of %u", mode, row->steps);
}

static void write_row(mtasts_page *page, const mtasts_status_row *row)
{
    int looked_at = row->checks && row->is.checked;

    mtasts_page_put(page, "<tr>");
    cell(page, row->domain);
    cell(page, row->vhost);
    cell(page, mtasts_stands_name(mtasts_status_stands(row)));
    cell(page, row->is.worst < MTASTS_CODES
                   ? mtasts_code_name((mtasts_code)row->is.worst)
                   : "-");
    cell(page, mode_text(page->p, row));
    cell(page, looked_at && row->is.sync <= MTASTS_SYNC_ABSENT
                   ? mtasts_sync_name((mtasts_sync)row->is.sync)
                   : "-");
    mtasts_page_put(page, "</tr>\n");
}

static void write_worst(mtasts_page *page, const mtasts_status_sum *sum)
{
    apr_size_t i;

    if (!sum->nworst) {
        return;
    }
    mtasts_page_put(page,
                    "<table border=\"0\" class=\"mtasts_status\"><thead>\n"
                    "<tr><th>Domain</th><th>Virtual host</th><th>State</th>"
                    "<th>First finding</th><th>Mode</th><th>TXT record</th>"
                    "</tr>\n</thead><tbody>\n");
    for (i = 0; i < sum->nworst; i++) {
        write_row(page, &sum->worst[i]);
    }
    mtasts_page_put(page, "</tbody></table>\n");
}

void mtasts_status_short_page(mtasts_page *page,
                              const mtasts_status_frame *frame,
                              const mtasts_status_sum *sum, int is_short)
{
    if (is_short) {
        write_lines(page, frame, sum);
        return;
    }
    mtasts_page_put(page, "<hr />\n<h3>MTA-STS policies</h3>\n<p>");
    write_totals(page, sum);
    write_when(page, frame);
    mtasts_page_put(page, "</p>\n");
    write_worst(page, sum);
    mtasts_page_put(page,
                    "<p>All domains, what was found and what to do: at the "
                    "location with <code>SetHandler mtasts-status</code>."
                    "</p>\n");
}
