/* What to do about a finding, on a status page: with what is to be copied as lines of
 * their own. */

#include "status_parts.h"

#include "../core/finding.h"

#include "apr_strings.h"

#include <string.h>

/* --- lines that are meant for the configuration --- */

/* Where in a remedy they begin; NULL if it has none. */
static const char *paste_of(const char *code, const char *remedy)
{
    int c;

    for (c = 0; code && c < MTASTS_CODES; c++) {
        if (!strcmp(mtasts_code_name((mtasts_code)c), code)) {
            return mtasts_code_paste((mtasts_code)c, remedy);
        }
    }
    return NULL;
}

/* They are copied together. */
static void put_paste(mtasts_page *page, const char *line)
{
    const char *end;

    mtasts_page_put(page, "<div class=\"copy\"><pre><code>");
    for (; line; line = end) {
        line += strlen(MTASTS_PASTE);
        end = strstr(line, MTASTS_PASTE);
        mtasts_page_text(
            page, end ? apr_pstrmemdup(page->p, line, (apr_size_t)(end - line))
                      : line);
        mtasts_page_put(page, end ? "\n" : "</code></pre></div>\n");
    }
}

/* --- a record that is meant for a zone --- */

/* Where it begins, and its length: the name before IN TXT and the strings behind it;
 * NULL if there is none. */
static const char *record_of(const char *remedy, apr_size_t *len)
{
    static const char type[] = " IN TXT ";
    const char *in = strstr(remedy, type), *begin = in, *end;

    if (!in) {
        return NULL;
    }
    while (begin > remedy && begin[-1] != ' ') {
        begin--;
    }
    end = in + strlen(type) - 1;
    while (end[0] == ' ' && end[1] == '"' && strchr(end + 2, '"')) {
        end = strchr(end + 2, '"') + 1;
    }
    *len = (apr_size_t)(end - begin);
    return begin < in && end[-1] == '"' ? begin : NULL;
}

/* --- both --- */

static void put_prose(mtasts_page *page, const char *prose)
{
    mtasts_page_all(page, "<p class=\"todo\"><strong>To do:</strong> ", prose,
                    "</p>\n", NULL);
}

void mtasts_part_remedy(mtasts_page *page, const char *code, const char *remedy)
{
    const char *paste, *record;
    apr_size_t len = 0;

    if (!remedy || !*remedy) {
        return;
    }
    remedy = mtasts_part_cut(page, remedy);
    paste = paste_of(code, remedy);
    if (paste) {
        put_prose(page, apr_pstrmemdup(page->p, remedy,
                                       (apr_size_t)(paste - remedy)));
        put_paste(page, paste);
        return;
    }
    record = record_of(remedy, &len);
    put_prose(page, record == remedy && !remedy[len] ? "Publish this record:"
                                                     : remedy);
    if (record) {
        mtasts_part_copy(page, apr_pstrmemdup(page->p, record, len));
    }
}
