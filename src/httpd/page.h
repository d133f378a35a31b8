#ifndef MTASTS_PAGE_H
#define MTASTS_PAGE_H

/*
 * Where a page is written to, piece by piece: however long it is, a request keeps
 * no more of it than a buffer.  Nothing of httpd, so that tests can have a page
 * without a server.  Belongs to one thread.
 */

#include "apr_pools.h"

#include <jansson.h>

typedef struct mtasts_page mtasts_page;
struct mtasts_page {
    apr_pool_t
        *p; /* of the request: for what the page needs while it is made */
    /* Takes `len` octets; what it can't hand on any more it drops. */
    void (*put)(void *ctx, const char *s, apr_size_t len);
    void *ctx;
};

/* Text that is markup already. */
void mtasts_page_put(mtasts_page *page, const char *markup);

/* Any text, hostile or not, escaped as core/html.h does: between tags, and between
 * the double quotes of an attribute. */
void mtasts_page_text(mtasts_page *page, const char *text);

/* printf() of what is escaped as a whole. */
void mtasts_page_textf(mtasts_page *page, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* markup, text, markup, ...: the odd ones as put(), the even ones as text(); NULL
 * ends it. */
void mtasts_page_all(mtasts_page *page, ...) __attribute__((sentinel));

#endif
