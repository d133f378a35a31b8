#ifndef MTASTS_STATUS_PARTS_H
#define MTASTS_STATUS_PARTS_H

/*
 * Pieces of HTML that more than one status page has.  Nothing of httpd.  Each takes
 * any text, hostile or not, and escapes it itself; all strings may be NULL unless
 * told otherwise, and are then as if they were not known.
 */

#include "page.h"

#include "apr.h"

/* `t`, in seconds since 1970, with both forms of it:
 *   <time datetime="2026-01-31T12:00:00Z">2026-01-31 12:00 UTC</time>
 *   <span class="relative">(in 3 days)</span>
 * 0: <span class="none">not known</span>. */
void mtasts_part_time(mtasts_page *page, apr_int64_t now, apr_int64_t t);

/* The same of a time string of the JSON document.  NULL or "": not known; what is
 * no time is shown as it is. */
void mtasts_part_time_text(mtasts_page *page, apr_int64_t now,
                           const char *time);

/* The time string as seconds since 1970, 0 if it is none: to compare and draw. */
apr_int64_t mtasts_part_seconds(const char *time);

/* A number of seconds in the largest unit that divides it: "4 weeks", "1 day",
 * "90 seconds"; the longest max_age is "1 year"; plain text, at most 32 octets with its NUL. */
#define MTASTS_PART_DURATION_SIZE 32
void mtasts_part_duration(apr_int64_t seconds,
                          char out[MTASTS_PART_DURATION_SIZE]);

/* <span class="badge error">error</span>: `word` is "error", "warning", "info",
 * "unknown", "unchecked" or "ok"; another one looks as "info".  Never NULL.  The
 * second has more to read behind it: "3 errors" in place of the word. */
void mtasts_part_badge(mtasts_page *page, const char *word);
void mtasts_part_badge_text(mtasts_page *page, const char *word,
                            const char *text);

/* The class that such a word has: itself, or "info". */
const char *mtasts_part_known(const char *word);

/* <p class="copy"><code>VALUE</code></p>: one line that can be selected as such;
 * script.js adds a button that copies what is in <code>. */
void mtasts_part_copy(mtasts_page *page, const char *value);

/* <pre><code>..</code></pre> of a text that has lines, with CRLF or LF: a policy's
 * body.  Any other control character is shown as \xNN.  `label` says what it is to
 * who can't see it, as it can be scrolled with keys. */
void mtasts_part_lines(mtasts_page *page, const char *label, const char *text);

/* <div class="scroll" role="region" aria-label="LABEL" tabindex="0"> and its end:
 * around each table that may be wider than a phone.  `label` differs within a
 * page. */
void mtasts_part_scroll_begin(mtasts_page *page, const char *label);
void mtasts_part_scroll_end(mtasts_page *page);

/* What to do about a finding (status_remedy.c): the <p class="todo"> and, as what can
 * be copied, the lines for the configuration or the record for a zone that the remedy
 * has.  Nothing if it is NULL or "". */
void mtasts_part_remedy(mtasts_page *page, const char *code,
                        const char *remedy);

/* A finding as the JSON document has it (status_finding.c):
 *   <article class="finding error">
 *     <h4><span class="badge error">error</span> <code>txt-missing</code>
 *         <span class="subject">example.com</span></h4>
 *     <p>TEXT</p>
 *     <p class="todo"><strong>To do:</strong> REMEDY</p>
 *     [what of it is to be copied]
 *     <p class="meta">since TIME, from an earlier look, reference</p>
 *   </article>
 * `level` is that of the heading: 3 or 4. */
void mtasts_part_finding(mtasts_page *page, apr_int64_t now,
                         const json_t *finding, int level);

/* A value in a URL: all octets but letters, digits and -._~ as %NN.  "&" in between
 * are the caller's, as "&amp;". */
void mtasts_part_url(mtasts_page *page, const char *value);

/* `text`, cut with "..." (one character) where it is longer than any
 * finding that this module makes, in page->p; NULL stays NULL.  The JSON document has
 * all of it. */
const char *mtasts_part_cut(mtasts_page *page, const char *text);

/* A member that is a string, or NULL; and one of another kind as its default. */
const char *mtasts_part_string(const json_t *object, const char *name);

#endif
