#include "page.h"

#include "../core/html.h"

#include "apr_strings.h"

#include <stdarg.h>
#include <string.h>

void mtasts_page_put(mtasts_page *page, const char *markup)
{
    page->put(page->ctx, markup, strlen(markup));
}

void mtasts_page_text(mtasts_page *page, const char *text)
{
    size_t len = strlen(text);
    char buf[512];

    while (len) {
        size_t n = mtasts_html(buf, sizeof(buf), &text, &len);

        page->put(page->ctx, buf, n);
    }
}

void mtasts_page_textf(mtasts_page *page, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    mtasts_page_text(page, apr_pvsprintf(page->p, format, args));
    va_end(args);
}

void mtasts_page_all(mtasts_page *page, ...)
{
    const char *s;
    int is_text = 0;
    va_list args;

    va_start(args, page);
    while ((s = va_arg(args, const char *))) {
        if (is_text) {
            mtasts_page_text(page, s);
        }
        else {
            mtasts_page_put(page, s);
        }
        is_text = !is_text;
    }
    va_end(args);
}
