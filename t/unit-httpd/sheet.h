#ifndef SHEET_H
#define SHEET_H

/* A page as a string, and the page of a domain as a file of t/pages has it. */

#include "../../src/httpd/status_parts.h"
#include "../../src/httpd/status_private.h"

#include <stdlib.h>
#include <string.h>

#define SHEET_LONG 65536 /* octets for which "@LONG@" stands in such a file */

typedef struct {
    char *s;
    apr_size_t len, size;
    mtasts_page page;
} sheet;

static inline void sheet_append(void *ctx, const char *s, apr_size_t len)
{
    sheet *sh = ctx;

    if (sh->len + len + 1 > sh->size) {
        sh->size = 2 * (sh->size + len + 1);
        sh->s = realloc(sh->s, sh->size);
        if (!sh->s) {
            abort();
        }
    }
    memcpy(sh->s + sh->len, s, len);
    sh->len += len;
    sh->s[sh->len] = '\0';
}

/* `pool` is what its own is made of. */
static inline sheet *sheet_begin(sheet *sh, apr_pool_t *pool)
{
    memset(sh, 0, sizeof(*sh));
    apr_pool_create(&sh->page.p, pool);
    sh->page.put = sheet_append;
    sh->page.ctx = sh;
    sheet_append(sh, "", 0);
    return sh;
}

static inline void sheet_end(sheet *sh)
{
    free(sh->s);
    apr_pool_destroy(sh->page.p);
}

/* --- the page of a domain --- */

/* Times are strings or numbers, what is so or not is either. */
static inline apr_int64_t sheet_number(const json_t *frame, const char *name)
{
    const json_t *j = json_object_get(frame, name);

    return json_is_string(j)    ? mtasts_part_seconds(json_string_value(j))
           : json_is_boolean(j) ? json_is_true(j)
                                : json_integer_value(j);
}

/* "frame" of the file: its members by their names. */
static inline mtasts_status_frame sheet_frame(const json_t *file)
{
    const json_t *f = json_object_get(file, "frame");
    mtasts_status_frame frame = {0};
    const char *server = mtasts_part_string(f, "server");

    frame.server = server ? server : "";
    frame.now = sheet_number(f, "now");
    frame.began = sheet_number(f, "began");
    frame.took_ms = sheet_number(f, "took_ms");
    frame.next = sheet_number(f, "next");
    frame.interval = (apr_uint32_t)sheet_number(f, "interval");
    frame.watched = sheet_number(f, "watched") != 0;
    frame.running = sheet_number(f, "running") != 0;
    frame.ledger = sheet_number(f, "ledger") != 0;
    frame.no_ledger = mtasts_part_string(f, "no_ledger");
    frame.findings = json_object_get(f, "findings");
    return frame;
}

static inline const char *sheet_domain(sheet *sh, apr_pool_t *pool,
                                       const json_t *file)
{
    mtasts_status_frame frame = sheet_frame(file);
    const json_t *events = json_object_get(file, "events");

    mtasts_status_domain_page(&sheet_begin(sh, pool)->page, &frame,
                              json_object_get(file, "policies"),
                              json_is_null(events) ? NULL : events);
    return sh->s;
}

/* `unit` again and again, SHEET_LONG octets or a few less. */
static inline json_t *sheet_long(const char *unit)
{
    size_t n = strlen(unit), len = SHEET_LONG / n * n, i;
    char *s = malloc(SHEET_LONG);
    json_t *j;

    for (i = 0; s && i < len; i++) {
        s[i] = unit[i % n];
    }
    j = s ? json_stringn(s, len) : NULL;
    free(s);
    if (!j) {
        abort();
    }
    return j;
}

/* Puts what it stands for in the place of "@LONG@", anywhere below `j`. */
static inline void sheet_expand(json_t *j, json_t *as)
{
    const char *key, *s;
    json_t *value;
    void *next;
    size_t i;

    json_array_foreach(j, i, value)
    {
        s = json_string_value(value);
        if (s && !strcmp(s, "@LONG@")) {
            json_array_set(j, i, as);
        }
        sheet_expand(value, as);
    }
    json_object_foreach_safe(j, next, key, value)
    {
        s = json_string_value(value);
        if (s && !strcmp(s, "@LONG@")) {
            json_object_set(j, key, as);
        }
        else {
            sheet_expand(value, as);
        }
    }
}

#endif
