#include "status_parts.h"

#include "../core/moment.h"

#include "apr_strings.h"

#include <string.h>

#define CUT 1100 /* octets of one text: more than a finding of ours has */

/* --- times --- */

void mtasts_part_time(mtasts_page *page, apr_int64_t now, apr_int64_t t)
{
    char date[MTASTS_DATE_SIZE], text[MTASTS_TIME_SIZE],
        relative[MTASTS_RELATIVE_SIZE];
    int second = (int)(mtasts_clamp(t) % 86400);

    if (!t) {
        mtasts_page_put(page, "<span class=\"none\">not known</span>");
        return;
    }
    mtasts_date(t, date);
    mtasts_time_text(t, text);
    mtasts_relative(t, now, relative);
    mtasts_page_all(page, "<time datetime=\"",
                    apr_psprintf(page->p, "%sT%02d:%02d:%02dZ", date,
                                 second / 3600, second / 60 % 60, second % 60),
                    "\">", text, "</time> <span class=\"relative\">(", relative,
                    ")</span>", NULL);
}

apr_int64_t mtasts_part_seconds(const char *time)
{
    int64_t t;

    return time && mtasts_moment_parse(time, &t) ? t : 0;
}

void mtasts_part_time_text(mtasts_page *page, apr_int64_t now, const char *time)
{
    apr_int64_t t = mtasts_part_seconds(time);

    if (!t && time && *time) {
        mtasts_page_text(page, time);
        return;
    }
    mtasts_part_time(page, now, t);
}

void mtasts_part_duration(apr_int64_t seconds,
                          char out[MTASTS_PART_DURATION_SIZE])
{
    static const struct {
        const char *name;
        int seconds;
    } units[] = {{"year", 31557600}, {"week", 604800}, {"day", 86400},
                 {"hour", 3600},     {"minute", 60},   {"second", 1}};
    int i = 0;

    while (seconds % units[i].seconds || (!seconds && units[i].seconds > 1)) {
        i++;
    }
    seconds /= units[i].seconds;
    apr_snprintf(out, MTASTS_PART_DURATION_SIZE, "%" APR_INT64_T_FMT " %s%s",
                 seconds, units[i].name, seconds == 1 ? "" : "s");
}

/* --- words --- */

const char *mtasts_part_known(const char *word)
{
    static const char *const known[] = {"error",   "warning",   "info",
                                        "unknown", "unchecked", "ok"};
    size_t i;

    for (i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        if (!strcmp(word, known[i])) {
            return known[i];
        }
    }
    return "info";
}

void mtasts_part_badge_text(mtasts_page *page, const char *word,
                            const char *text)
{
    mtasts_page_all(page, "<span class=\"badge ", mtasts_part_known(word),
                    "\">", text, "</span>", NULL);
}

void mtasts_part_badge(mtasts_page *page, const char *word)
{
    mtasts_part_badge_text(page, word, word);
}

void mtasts_part_copy(mtasts_page *page, const char *value)
{
    mtasts_page_all(page, "<p class=\"copy\"><code>", value ? value : "",
                    "</code></p>\n", NULL);
}

void mtasts_part_lines(mtasts_page *page, const char *label, const char *text)
{
    mtasts_page_all(page, "<pre tabindex=\"0\" role=\"region\" aria-label=\"",
                    label ? label : "", "\"><code>", NULL);
    while (text && *text) {
        size_t len = strcspn(text, "\n");
        int lf = text[len] == '\n';
        int crlf = lf && len && text[len - 1] == '\r';

        mtasts_page_text(page, apr_pstrmemdup(page->p, text, len - crlf));
        text += len + lf;
        if (lf) {
            mtasts_page_put(page, "\n");
        }
    }
    mtasts_page_put(page, "</code></pre>\n");
}

/* --- the rest --- */

void mtasts_part_scroll_begin(mtasts_page *page, const char *label)
{
    mtasts_page_all(page, "<div class=\"scroll\" role=\"region\" aria-label=\"",
                    label ? label : "", "\" tabindex=\"0\">\n", NULL);
}

void mtasts_part_scroll_end(mtasts_page *page)
{
    mtasts_page_put(page, "</div>\n");
}

void mtasts_part_url(mtasts_page *page, const char *value)
{
    static const char hex[] = "0123456789ABCDEF";
    static const char plain[] = "abcdefghijklmnopqrstuvwxyz"
                                "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~";

    while (value && *value) {
        size_t len = strspn(value, plain);
        char octet[3];

        page->put(page->ctx, value, len);
        value += len;
        if (*value) {
            octet[0] = '%';
            octet[1] = hex[(unsigned char)*value >> 4];
            octet[2] = hex[*value & 15];
            page->put(page->ctx, octet, sizeof(octet));
            value++;
        }
    }
}

const char *mtasts_part_cut(mtasts_page *page, const char *text)
{
    apr_size_t most = CUT;

    if (!text || strlen(text) <= most) {
        return text;
    }
    /* No character by halves. */
    while (most && ((unsigned char)text[most] & 0xc0) == 0x80) {
        most--;
    }
    return apr_pstrcat(page->p, apr_pstrmemdup(page->p, text, most),
                       "\342\200\246", NULL);
}

const char *mtasts_part_string(const json_t *object, const char *name)
{
    return json_string_value(json_object_get(object, name));
}
