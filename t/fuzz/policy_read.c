/* Policy bodies: what is accepted, against a regular expression and with one
 * more line; and that whatever this module serves is accepted. */

#include "fuzz.h"

#include "../../src/core/domain.h"
#include "../../src/core/policy_read.h"

#include <regex.h>

#define EOL "[ \t]*(\r?\n|$)"

static int matches(const char *s)
{
    static regex_t form;
    static int ready;

    if (!ready) {
        MUST(!regcomp(&form,
                      "^version:[ \t]*STSv1" EOL
                      "(mode:[ \t]*(testing|enforce|none)" EOL
                      "|max_age:[ \t]*[0-9]{1,10}" EOL
                      "|mx:[ \t]*([*][.])?[A-Za-z0-9.-]*[A-Za-z0-9]" EOL ")+$",
                      REG_EXTENDED));
        ready = 1;
    }
    return !regexec(&form, s, 0, NULL, 0);
}

static int same(const mtasts_policy_read *a, const mtasts_policy_read *b)
{
    return a->mode == b->mode && a->max_age == b->max_age && a->nmx == b->nmx;
}

/* An accepted body with `line` behind it. */
static int with_line(const char *s, size_t size, const char *line,
                     mtasts_policy_read *out)
{
    int crlf = strstr(s, "\r\n") != NULL, taken;
    size_t n = size, len = strlen(line);
    char *more = malloc(size + len + 4), *exact;

    MUST(more != NULL);
    memcpy(more, s, size);
    if (more[n - 1] != '\n') {
        n += (size_t)sprintf(more + n, crlf ? "\r\n" : "\n");
    }
    n += (size_t)sprintf(more + n, crlf ? "%s\r\n" : "%s\n", line);
    exact = malloc(n);
    MUST(exact != NULL);
    memcpy(exact, more, n);
    taken = mtasts_policy_body_read(exact, n, out);
    free(exact);
    free(more);
    return taken;
}

/* The patterns that a body is said to have are there, in the form that is
 * served; `mx` is what was served, or NULL. */
static void check_mx(const char *body, size_t size, size_t nmx,
                     const char *const *mx)
{
    const char *at = body;
    char pattern[MTASTS_NAME_SIZE];
    size_t n = 0;

    while (mtasts_policy_body_mx(&at, body + size, pattern)) {
        MUST(n < nmx && (!mx || !strcmp(pattern, mx[n])));
        n++;
    }
    MUST(n == nmx && at == body + size);
}

static void check_accepted(const char *s, size_t size,
                           const mtasts_policy_read *got)
{
    static const char *const refused[] = {
        "version: STSv1", "mode: none", "max_age: 1", "", " ", "# a",
        "x: y",           "mx: a."};
    mtasts_policy_read out;
    size_t i;

    MUST(strlen(s) == size);
    MUST(got->line == 0 && got->why == NULL);
    MUST(got->max_age >= 1 && got->max_age <= MTASTS_MAX_AGE_MAX);
    MUST(got->nmx > 0 || got->mode == MTASTS_MODE_NONE);
    if (size < 1000) {
        MUST(matches(s));
    }
    for (i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        MUST(!with_line(s, size, refused[i], &out) && out.line > 1);
    }
    MUST(with_line(s, size, "mx: *.example", &out) && out.nmx == got->nmx + 1);
    out.nmx--;
    MUST(same(&out, got));
}

static void check_refused(const char *s, size_t size,
                          const mtasts_policy_read *got)
{
    size_t lines = 1, i;

    for (i = 0; i < size; i++) {
        lines += s[i] == '\n';
    }
    MUST(got->line <= lines);
    MUST(got->why && *got->why);
    must_be_printable(got->why);
}

/* The words of the input as patterns, if they are; its first bytes as the
 * rest. */
static void check_served(const uint8_t *data, size_t size, char *words)
{
    static char parsed[64][MTASTS_NAME_SIZE];
    const char *mx[64];
    mtasts_policy p = {(mtasts_mode)(data[0] % 3), 0, mx, 0};
    mtasts_policy_read out;
    mtasts_finding why;
    char *word, *body;
    size_t len, i;

    for (i = 0; i < size && i < 4; i++) {
        p.max_age = p.max_age << 8 | data[i];
    }
    p.max_age = 1 + p.max_age % MTASTS_MAX_AGE_MAX;
    for (word = strtok(words, " :\r\n"); word && p.nmx < 64;
         word = strtok(NULL, " :\r\n")) {
        if (mtasts_mx_pattern_parse(word, parsed[p.nmx], &why)) {
            mx[p.nmx] = parsed[p.nmx];
            p.nmx++;
        }
    }
    if (p.nmx == 0 && p.mode != MTASTS_MODE_NONE) {
        return;
    }
    len = mtasts_policy_render(&p, NULL, 0);
    body = malloc(len);
    MUST(body != NULL);
    mtasts_policy_render(&p, body, len);
    MUST(mtasts_policy_body_read(body, len, &out));
    MUST(out.mode == p.mode && out.max_age == p.max_age && out.nmx == p.nmx);
    check_mx(body, len, p.nmx, mx);
    free(body);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *s = fuzz_string(data, size);
    /* Without the NUL, so that reading past the end is seen. */
    char *body = malloc(size ? size : 1);
    mtasts_policy_read out;

    MUST(body != NULL);
    memcpy(body, s, size);
    if (mtasts_policy_body_read(body, size, &out)) {
        check_accepted(s, size, &out);
        check_mx(body, size, out.nmx, NULL);
    }
    else {
        check_refused(s, size, &out);
    }
    if (size) {
        check_served(data, size, s);
    }
    free(body);
    free(s);
    return 0;
}
