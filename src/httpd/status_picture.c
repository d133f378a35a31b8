/* What senders may hold, as a picture: a bar for each policy, from when it was first
 * served until nobody can hold it any more. */

#include "status_domain.h"

#include "../core/moment.h"

#include "apr_strings.h"

#include <string.h>

/* In units of the picture. */
#define WIDTH    760
#define ROW      34
#define BAR      12
#define TOP      24 /* above the first bar: the word "now" */
#define BOTTOM   24 /* below the last: dates */
#define BARS_MAX 20

#define DAY      86400

/* What of time is in it. */
typedef struct {
    apr_int64_t from, to; /* s since 1970, to > from */
} span;

/* --- time --- */

static span span_of(const mtasts_view *v, const apr_array_header_t *held)
{
    apr_int64_t now = v->frame->now, first;
    span s = {now, now + DAY};
    int i;

    for (i = 0; i < held->nelts && i < BARS_MAX; i++) {
        const json_t *one = APR_ARRAY_IDX(held, i, const json_t *);
        apr_int64_t from = mtasts_view_time(one, "first_served");
        apr_int64_t until = mtasts_view_time(one, "until");

        s.from = from && from < s.from ? from : s.from;
        s.to = until > s.to ? until : s.to;
    }
    /* What is long ago would leave no room for what is to come. */
    first = now - 2 * (s.to - now);
    s.from = s.from < first ? first : s.from;
    s.from -= (s.to - s.from) / 40;
    s.to += (s.to - s.from) / 40;
    return s;
}

static int x_of(span s, apr_int64_t t)
{
    return t <= s.from ? 0
           : t >= s.to ? WIDTH
                       : (int)((t - s.from) * WIDTH / (s.to - s.from));
}

/* Days from one date of the axis to the next. */
static int step_of(span s)
{
    static const int days[] = {1, 2, 7, 14, 28, 91, 182, 364};
    size_t i = 0;

    while (i < sizeof(days) / sizeof(days[0]) - 1 &&
           (s.to - s.from) / DAY / days[i] > 6) {
        i++;
    }
    return days[i];
}

/* --- what is in it --- */

/* A line through all rows, with a word to it at `y`. */
static void put_mark(const mtasts_view *v, const char *kind, int x, int height,
                     int y, const char *word)
{
    const char *anchor = x < 40 ? "start" : x > WIDTH - 40 ? "end" : "middle";

    mtasts_page_put(
        v->page,
        apr_psprintf(v->page->p,
                     "<line class=\"%s\" x1=\"%d\" x2=\"%d\" y1=\"%d\" "
                     "y2=\"%d\"/><text class=\"%s\" x=\"%d\" y=\"%d\" "
                     "text-anchor=\"%s\">",
                     !strcmp(kind, "now") ? "now" : "grid", x, x, TOP - 6,
                     height - BOTTOM + 2, kind, x, y, anchor));
    mtasts_page_all(v->page, "", word, "</text>\n", NULL);
}

static void put_axis(const mtasts_view *v, span s, int height)
{
    apr_int64_t step = (apr_int64_t)step_of(s) * DAY, t;
    char date[MTASTS_DATE_SIZE];
    int n = 0;

    for (t = (s.from / DAY + 1) * DAY; t < s.to && n < 30; t += step, n++) {
        mtasts_date(t, date);
        put_mark(v, "tick", x_of(s, t), height, height - 6, date);
    }
}

/* Known modes alone: it becomes the name of a class. */
static const char *class_of(const char *mode)
{
    return !mode                      ? "other"
           : !strcmp(mode, "enforce") ? "enforce"
           : !strcmp(mode, "testing") ? "testing"
           : !strcmp(mode, "none")    ? "none"
                                      : "other";
}

/* "2026-01-31"; "?" if it is not known. */
static const char *date_of(const mtasts_view *v, apr_int64_t t)
{
    char date[MTASTS_DATE_SIZE];

    mtasts_date(t, date);
    return t ? apr_pstrdup(v->page->p, date) : "?";
}

/* What a bar says, in words above it: on the side where there is room. */
static void put_label(const mtasts_view *v, const json_t *held, int x, int y)
{
    const char *id = mtasts_part_string(held, "id");
    const char *mode = mtasts_part_string(held, "mode");

    mtasts_page_put(v->page,
                    apr_psprintf(v->page->p,
                                 "<text class=\"label\" x=\"%d\" y=\"%d\" "
                                 "text-anchor=\"%s\">",
                                 x, y, x > WIDTH / 2 ? "end" : "start"));
    mtasts_page_textf(v->page, "%.20s, %s to %s, id %.12s%s", mode ? mode : "?",
                      date_of(v, mtasts_view_time(held, "first_served")),
                      date_of(v, mtasts_view_time(held, "until")),
                      id ? id : "?",
                      id && strlen(id) > 12 ? "\342\200\246" : "");
    mtasts_page_put(v->page, "</text>\n");
}

/* `words`: what is said of it, else the bar itself. */
static void put_bar(const mtasts_view *v, span s, const json_t *held, int row,
                    int words)
{
    apr_int64_t from = mtasts_view_time(held, "first_served");
    apr_int64_t until = mtasts_view_time(held, "until");
    const char *mode = mtasts_part_string(held, "mode");
    int left = x_of(s, from), right = x_of(s, until ? until : s.to);
    int y = TOP + row * ROW;

    right = right < left + 3 ? left + 3 : right;
    if (words) {
        put_label(v, held, left > WIDTH / 2 ? right : left, y + ROW - BAR - 8);
        return;
    }
    mtasts_page_put(v->page,
                    apr_psprintf(v->page->p,
                                 "<rect class=\"bar %s\" x=\"%d\" y=\"%d\" "
                                 "width=\"%d\" height=\"%d\" rx=\"2\"/>\n",
                                 class_of(mode), left, y + ROW - BAR - 2,
                                 right - left, BAR));
}

/* --- the picture --- */

static void put_svg(const mtasts_view *v, const apr_array_header_t *held, int n)
{
    span s = span_of(v, held);
    int height = TOP + n * ROW + BOTTOM, i;

    mtasts_page_put(
        v->page,
        apr_psprintf(v->page->p,
                     "<svg class=\"held\" role=\"img\" "
                     "aria-labelledby=\"held-title held-desc\" width=\"%d\" "
                     "height=\"%d\" viewBox=\"0 0 %d %d\">\n"
                     "<title id=\"held-title\">Until when senders may hold "
                     "which policy</title>\n"
                     "<desc id=\"held-desc\">A bar for each policy, from when "
                     "it was first served until nobody can hold it any more; "
                     "the table below says the same.</desc>\n",
                     WIDTH, height, WIDTH, height));
    put_axis(v, s, height);
    for (i = 0; i < n; i++) {
        put_bar(v, s, APR_ARRAY_IDX(held, i, const json_t *), i, 0);
    }
    put_mark(v, "now", x_of(s, v->frame->now), height, TOP - 10, "now");
    for (i = 0; i < n; i++) {
        put_bar(v, s, APR_ARRAY_IDX(held, i, const json_t *), i, 1);
    }
    mtasts_page_put(v->page, "</svg>\n");
}

void mtasts_view_picture(const mtasts_view *v, const apr_array_header_t *held)
{
    int n = held->nelts < BARS_MAX ? held->nelts : BARS_MAX;

    mtasts_page_put(v->page, "<figure class=\"picture\">\n");
    mtasts_part_scroll_begin(v->page, "Picture of what senders may hold");
    put_svg(v, held, n);
    mtasts_part_scroll_end(v->page);
    mtasts_page_put(v->page,
                    "<figcaption>Until when senders may hold which policy");
    if (held->nelts > n) {
        mtasts_page_textf(v->page, "; %d more are in the table only",
                          held->nelts - n);
    }
    mtasts_page_put(v->page, "</figcaption>\n</figure>\n");
}
