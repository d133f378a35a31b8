#ifndef MTASTS_STATUS_HTML_H
#define MTASTS_STATUS_HTML_H

/*
 * What is around each status page of HTML: its head, the header with the state of
 * the server, and its foot (status_frame.c).  Nothing of httpd.
 */

#include "status_private.h"

/* From the doctype to what all pages begin with in <main>: banners on what limits
 * the checks.  Then comes the page's own, which begins with its <h1>.  `title` is
 * that of the window; `domain` the one that the page is about, or NULL. */
void mtasts_frame_begin(mtasts_page *page, const mtasts_status_frame *frame,
                        const char *title, const char *domain);

/* The findings on no domain as a <section>, if there are any. */
void mtasts_frame_findings(mtasts_page *page, const mtasts_status_frame *frame);

/* From the end of <main> to that of the page; `domain` as for the beginning. */
void mtasts_frame_end(mtasts_page *page, const mtasts_status_frame *frame,
                      const char *domain);

/* In the URLs of style.css and script.js: changes with them. */
extern const char mtasts_status_version[];

#endif
