/* What was looked at, one part after the other, each with its findings: here what
 * DNS says, the configuration and the rest. */

#include "status_domain.h"

#include "apr_strings.h"

#include <string.h>

/* The first object of that name that one of the policies has below "dns". */
static const json_t *answer_of(const mtasts_view *v, const char *name)
{
    const json_t *policy, *answer;
    size_t i;

    json_array_foreach(v->policies, i, policy)
    {
        answer = json_object_get(json_object_get(policy, "dns"), name);
        if (json_is_object(answer)) {
            return answer;
        }
    }
    return NULL;
}

static mtasts_stands worse(mtasts_stands a, mtasts_stands b)
{
    return a < b ? a : b;
}

/* --- a row of the table --- */

static void put_cname(const mtasts_view *v, const json_t *answer)
{
    const json_t *one;
    size_t i;

    json_array_foreach(json_object_get(answer, "cname"), i, one)
    {
        const char *name = json_string_value(one);

        if (name && i < MTASTS_ROWS_MAX) {
            mtasts_page_all(v->page, "<div>CNAME <code>",
                            mtasts_part_cut(v->page, name), "</code></div>\n",
                            NULL);
        }
    }
}

/* 1 if there is an answer with something in it; else it is said what it is. */
static int put_status(const mtasts_view *v, const json_t *answer)
{
    const char *status = mtasts_part_string(answer, "status");

    if (!answer || !status) {
        mtasts_page_put(v->page, "not looked at");
        return 0;
    }
    if (!strcmp(status, "ok")) {
        return 1;
    }
    mtasts_page_put(v->page,
                    !strcmp(status, "absent") ? "none" : "DNS gave no answer");
    return 0;
}

static void put_txt(const mtasts_view *v, const json_t *answer)
{
    const json_t *records = json_object_get(answer, "records"), *one;
    size_t i;

    json_array_foreach(records, i, one)
    {
        const char *value = json_string_value(one);

        if (i < MTASTS_ROWS_MAX) {
            mtasts_page_all(v->page, "<div><code>\"",
                            value ? mtasts_part_cut(v->page, value) : "",
                            "\"</code></div>\n", NULL);
        }
    }
    mtasts_view_more(v, (int)json_array_size(records));
}

static void put_mx(const mtasts_view *v, const json_t *answer)
{
    const json_t *records = json_object_get(answer, "records"), *one;
    size_t i;

    json_array_foreach(records, i, one)
    {
        const json_t *preference = json_object_get(one, "preference");
        const char *name = mtasts_part_string(one, "host");
        const char *host = mtasts_view_string(v, one, "host");
        const char *matched;

        if (i >= MTASTS_ROWS_MAX) {
            break;
        }
        matched = name ? mtasts_view_matched(v, name) : "";
        mtasts_page_put(v->page, "<div><code>");
        if (json_is_integer(preference)) {
            mtasts_page_textf(v->page, "%" APR_INT64_T_FMT " ",
                              (apr_int64_t)json_integer_value(preference));
        }
        mtasts_page_all(v->page, "", host ? host : ".", "</code>",
                        *matched ? ", in the policy: " : "", "", matched,
                        "</div>\n", NULL);
    }
    mtasts_view_more(v, (int)json_array_size(records));
}

static void put_host(const mtasts_view *v, const json_t *answer)
{
    apr_int64_t n = json_integer_value(json_object_get(answer, "addresses"));

    mtasts_page_textf(v->page, "%" APR_INT64_T_FMT " address%s", n,
                      n == 1 ? "" : "es");
}

/* --- the table --- */

static const struct {
    const char *title, *label, *type, *name;
    const char *area, *area2; /* of its findings */
    void (*put)(const mtasts_view *v, const json_t *answer);
} rows[] = {
    {"MTA-STS record", "_mta-sts.", "TXT", "txt", "txt", "txt", put_txt},
    {"MX hosts", "", "MX", "mx", "mx", "mx-address", put_mx},
    {"Policy host", "mta-sts.", "A, AAAA", "host", "host", "host", put_host},
    {"TLS reports", "_smtp._tls.", "TXT", "tlsrpt", "tlsrpt", "tlsrpt",
     put_txt}};

static void put_row(const mtasts_view *v, size_t i)
{
    const json_t *answer = answer_of(v, rows[i].name);
    const char *status = mtasts_part_string(answer, "status");
    mtasts_stands stands = worse(mtasts_view_area_stands(v, rows[i].area),
                                 mtasts_view_area_stands(v, rows[i].area2));

    if (stands == MTASTS_STANDS_OK && status && !strcmp(status, "tempfail")) {
        stands = MTASTS_STANDS_UNKNOWN;
    }
    if (stands == MTASTS_STANDS_OK && !answer) {
        stands = MTASTS_STANDS_UNCHECKED;
    }
    mtasts_page_all(v->page, "<tr><th scope=\"row\">", rows[i].title,
                    "</th><td class=\"words\"><code>",
                    apr_pstrcat(v->page->p, rows[i].label, v->domain, " ",
                                rows[i].type, NULL),
                    "</code></td><td class=\"words\">", NULL);
    put_cname(v, answer);
    if (put_status(v, answer)) {
        rows[i].put(v, answer);
    }
    mtasts_page_put(v->page, "</td><td>");
    mtasts_part_badge(v->page, mtasts_stands_name(stands));
    mtasts_page_put(v->page, "</td></tr>\n");
}

static void put_dns(const mtasts_view *v)
{
    static const char *const columns[] = {"What", "Asked for", "Answer",
                                          "Result", NULL};
    size_t i;

    mtasts_page_put(v->page, "<h3>DNS</h3>\n");
    mtasts_view_table(v, "What DNS says", columns);
    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        put_row(v, i);
    }
    mtasts_view_table_end(v);
    if (!mtasts_view_put_findings(v, MTASTS_GROUP_DNS, 4)) {
        if (answer_of(v, "txt") || answer_of(v, "mx")) {
            mtasts_view_right(v, "ok", "DNS says what it should.");
        }
        else {
            mtasts_view_right(
                v, "unchecked",
                mtasts_view_why_not(v, "Nobody has looked at DNS yet."));
        }
    }
}

/* --- the rest --- */

static void put_config(const mtasts_view *v)
{
    mtasts_page_put(v->page, "<h3>Configuration</h3>\n");
    if (!mtasts_view_put_findings(v, MTASTS_GROUP_CONFIG, 4)) {
        mtasts_view_right(v, "ok", "Nothing about the directives is doubtful.");
    }
}

static void put_other(const mtasts_view *v)
{
    if (mtasts_view_count(v, MTASTS_GROUP_OTHER)) {
        mtasts_page_put(v->page, "<h3>The checks themselves</h3>\n");
        mtasts_view_put_findings(v, MTASTS_GROUP_OTHER, 4);
    }
}

void mtasts_view_right(const mtasts_view *v, const char *badge,
                       const char *text)
{
    mtasts_page_put(v->page, "<p class=\"right\">");
    mtasts_part_badge(v->page, badge);
    mtasts_page_all(v->page, " ", text, "</p>\n", NULL);
}

void mtasts_view_checks(const mtasts_view *v)
{
    mtasts_view_section(v, "checks", "Checks");
    put_dns(v);
    mtasts_view_mx(v);
    mtasts_view_cert(v);
    mtasts_view_fetch(v);
    put_config(v);
    put_other(v);
    mtasts_view_section_end(v);
}
