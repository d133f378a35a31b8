/* A status page that says one thing. */

#include "status_html.h"

void mtasts_status_word_page(mtasts_page *page,
                             const mtasts_status_frame *frame,
                             const char *title, const char *text)
{
    mtasts_frame_begin(page, frame, title, NULL);
    mtasts_page_all(page, "<h1>", title, "</h1>\n<p class=\"word\">", text,
                    "</p>\n<p><a href=\"?\">All domains</a></p>\n", NULL);
    mtasts_frame_end(page, frame, NULL);
}
