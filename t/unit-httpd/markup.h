#ifndef MARKUP_H
#define MARKUP_H

/* Whether what a page is made of is well-formed HTML of the kind that is meant:
 * known elements, opened and closed in order; attributes in double quotes, none
 * that could run or load anything; no id twice; no stray "<", ">", "&", control
 * character or mark of direction. */

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#define MARKUP_DEPTH 64
#define MARKUP_IDS   400

typedef struct {
    const char *at;
    const char *open[MARKUP_DEPTH]; /* names, as in `elements` */
    int depth;
    const char *ids[MARKUP_IDS];
    size_t id_lens[MARKUP_IDS];
    int nids;
    int scripts;
    char fault[200]; /* the first; or "" */
} markup;

static inline int markup_wrong(markup *m, const char *what)
{
    if (!*m->fault) {
        snprintf(m->fault, sizeof(m->fault), "%s: %.120s", what, m->at);
    }
    return 0;
}

static inline const char *markup_name(const char *s, size_t len,
                                      const char *const *names)
{
    for (; *names; names++) {
        if (strlen(*names) == len && !strncmp(*names, s, len)) {
            return *names;
        }
    }
    return NULL;
}

static inline const char *markup_element(const char *s, size_t len)
{
    static const char *const elements[] = {
        "html",    "head",       "meta",    "title",  "link",   "script",
        "body",    "a",          "header",  "div",    "span",   "nav",
        "dl",      "dt",         "dd",      "main",   "p",      "h1",
        "h2",      "h3",         "h4",      "h5",     "ul",     "ol",
        "li",      "form",       "label",   "input",  "button", "table",
        "caption", "thead",      "tbody",   "tr",     "th",     "td",
        "section", "article",    "footer",  "pre",    "code",   "strong",
        "em",      "time",       "q",       "small",  "figure", "figcaption",
        "details", "summary",    "wbr",     "br",     "abbr",   "hr",
        "svg",     "g",          "rect",    "line",   "text",   "desc",
        "path",    "polygon",    "pattern", "circle", "defs",   "tspan",
        "b",       "blockquote", "bdi",     NULL};

    return markup_name(s, len, elements);
}

static inline int markup_is_void(const char *name)
{
    static const char *const names[] = {"meta", "link", "input", "wbr",
                                        "br",   "hr",   NULL};

    return markup_name(name, strlen(name), names) != NULL;
}

/* What a browser would end a <p> at. */
static inline int markup_ends_p(const char *name)
{
    static const char *const names[] = {
        "p",       "div",     "ul",     "ol",      "dl", "table",
        "pre",     "h1",      "h2",     "h3",      "h4", "nav",
        "section", "article", "figure", "details", "hr", NULL};

    return markup_name(name, strlen(name), names) != NULL;
}

static inline int markup_is(const char *s, size_t len, const char *want)
{
    return strlen(want) == len && !strncmp(s, want, len);
}

static inline int markup_id(markup *m, const char *value, size_t len)
{
    int i;

    for (i = 0; i < m->nids; i++) {
        if (m->id_lens[i] == len && !strncmp(m->ids[i], value, len)) {
            return markup_wrong(m, "an id twice");
        }
    }
    if (m->nids < MARKUP_IDS) {
        m->ids[m->nids] = value;
        m->id_lens[m->nids++] = len;
    }
    return len ? 1 : markup_wrong(m, "an empty id");
}

static inline int markup_entity(markup *m, const char *s)
{
    static const char *const known[] = {"&amp;",  "&lt;",  "&gt;",
                                        "&quot;", "&#39;", "&nbsp;"};
    size_t i;

    for (i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        if (!strncmp(s, known[i], strlen(known[i]))) {
            return 1;
        }
    }
    return markup_wrong(m, "a stray &");
}

/* One octet of text or of a value. */
static inline int markup_octet(markup *m, const char *s)
{
    unsigned char c = (unsigned char)*s;

    if ((c < 0x20 && c != '\n') || c == 0x7f) {
        return markup_wrong(m, "a control character");
    }
    if (!strncmp(s, "\342\200", 2) &&
        strchr("\213\214\215\216\217\250\251\252\253\254\255\256", s[2])) {
        return markup_wrong(m, "a mark of direction");
    }
    if (!strncmp(s, "\342\201", 2) && strchr("\246\247\250\251", s[2])) {
        return markup_wrong(m, "an isolate");
    }
    if (c == '<' || c == '>' || c >= 0xf8) {
        return markup_wrong(m, "a stray octet");
    }
    return c != '&' || markup_entity(m, s);
}

/* At the name of an attribute; moves behind it. */
static inline int markup_attribute(markup *m)
{
    const char *name = m->at, *value;
    size_t n = strcspn(name, "= />\n\"'<"), len;

    if (!n || !strncmp(name, "on", 2) || markup_is(name, n, "style") ||
        markup_is(name, n, "data-hostile")) {
        return markup_wrong(m, "such an attribute");
    }
    m->at += n;
    if (*m->at != '=') {
        return 1;
    }
    if (m->at[1] != '"') {
        return markup_wrong(m, "no quotes");
    }
    value = m->at += 2;
    for (; *m->at && *m->at != '"'; m->at++) {
        if (!markup_octet(m, m->at)) {
            return 0;
        }
    }
    len = (size_t)(m->at - value);
    if (!*m->at++) {
        return markup_wrong(m, "a value without end");
    }
    if ((markup_is(name, n, "href") || markup_is(name, n, "src") ||
         markup_is(name, n, "action")) &&
        *value != '?' && *value != '#') {
        return markup_wrong(m, "a link to elsewhere");
    }
    return !markup_is(name, n, "id") || markup_id(m, value, len);
}

static inline int markup_close(markup *m)
{
    size_t n = strcspn(m->at + 2, ">");
    const char *name = markup_element(m->at + 2, n);

    if (!name || !m->depth || m->open[m->depth - 1] != name) {
        return markup_wrong(m, "closes what is not open");
    }
    m->depth--;
    m->at += n + 3;
    return 1;
}

static inline int markup_open(markup *m)
{
    size_t n = strcspn(m->at + 1, " />\n");
    const char *name = markup_element(m->at + 1, n);
    int i, alone;

    if (!name) {
        return markup_wrong(m, "no such element");
    }
    for (i = 0; i < m->depth && markup_ends_p(name); i++) {
        if (!strcmp(m->open[i], "p")) {
            return markup_wrong(m, "in a paragraph");
        }
    }
    m->scripts += !strcmp(name, "script");
    m->at += 1 + n;
    while (*m->at == ' ') {
        m->at++;
        if (!markup_attribute(m)) {
            return 0;
        }
    }
    alone = *m->at == '/';
    m->at += alone;
    if (*m->at++ != '>') {
        return markup_wrong(m, "a tag without end");
    }
    if (!alone && !markup_is_void(name)) {
        if (m->depth == MARKUP_DEPTH) {
            return markup_wrong(m, "too deep");
        }
        m->open[m->depth++] = name;
    }
    return 1;
}

/* NULL, or what is wrong and where; in *m. */
static inline const char *markup_fault(markup *m, const char *html)
{
    static const char doctype[] = "<!DOCTYPE html>";
    int good = 1;

    memset(m, 0, sizeof(*m));
    m->at = html;
    if (!strncmp(html, doctype, strlen(doctype))) {
        m->at += strlen(doctype);
    }
    while (good && *m->at) {
        if (*m->at != '<') {
            good = markup_octet(m, m->at);
            m->at++;
        }
        else {
            good = m->at[1] == '/' ? markup_close(m) : markup_open(m);
        }
    }
    if (m->depth) {
        markup_wrong(m, "not closed");
    }
    if (m->scripts > 1) {
        markup_wrong(m, "more than one script");
    }
    return *m->fault ? m->fault : NULL;
}

#endif
