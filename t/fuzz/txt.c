/* TXT records of _mta-sts and _smtp._tls, against the RFC's grammar as a
 * regular expression. */

#include "fuzz.h"

#include "../../src/core/record.h"
#include "../../src/core/txt.h"

#include <regex.h>

#define DELIM "[ \t]*;[ \t]*"
#define FIELD DELIM "[A-Za-z0-9][A-Za-z0-9_.-]{0,31}=[!-:<>-~]+"
#define ID    DELIM "id=[A-Za-z0-9]{1,32}"

static int matches(const char *pattern, regex_t *compiled, const char *s)
{
    if (!compiled->re_nsub) {
        MUST(!regcomp(compiled, pattern, REG_EXTENDED));
    }
    return !regexec(compiled, s, 0, NULL, 0);
}

static void must_be_fault(const mtasts_txt_fault *why, size_t size)
{
    MUST(why->at >= 1 && why->at <= size + 1);
    MUST(*why->expected);
    must_be_printable(why->expected);
}

static void check_grammar(const char *s, size_t size, int taken)
{
    static regex_t any, id_first;

    if (strlen(s) != size || size > 300) {
        return;
    }
    if (taken) {
        MUST(matches("^v=STSv1(" FIELD ")+(" DELIM ")?$", &any, s));
    }
    else {
        MUST(!matches("^v=STSv1" ID "(" FIELD ")*(" DELIM ")?$", &id_first, s));
    }
}

/* One more unknown field changes nothing. */
static void check_extension(const char *s, size_t size, const char *id)
{
    char *more = malloc(size + 8), again[MTASTS_ID_SIZE];
    mtasts_txt_fault why;
    size_t end = size;

    MUST(more != NULL);
    while (s[end - 1] == ' ' || s[end - 1] == '\t') {
        end--;
    }
    memcpy(more, s, size);
    memcpy(more + size, ";zz=1", 5);
    if (s[end - 1] == ';') {
        memcpy(more + size, "zz=1;", 5);
    }
    MUST(mtasts_sts_parse(more, size + 5, again, &why) && !strcmp(id, again));
    free(more);
}

static void check_sts(const char *raw, const char *s, size_t size)
{
    char id[MTASTS_ID_SIZE], again[MTASTS_ID_SIZE], form[MTASTS_TXT_SIZE];
    mtasts_txt_fault why = {0, ""};
    mtasts_finding f;
    mtasts_txt_class class = mtasts_sts_classify(raw, size, &why);
    int taken;

    MUST((class == MTASTS_IS_MEANT) == !strncmp(s, "v=STSv1;", 8));
    if (class == MTASTS_IS_NEAR_MISS) {
        must_be_fault(&why, size);
    }
    taken = mtasts_sts_parse(raw, size, id, &why);
    check_grammar(s, size, taken);
    if (!taken) {
        must_be_fault(&why, size);
        return;
    }
    MUST(class != MTASTS_IS_FOREIGN && mtasts_id_check(id, &f));
    mtasts_txt_render(id, form);
    MUST(mtasts_sts_parse(form, strlen(form), again, &why));
    MUST(!strcmp(id, again));
    check_extension(s, size, id);
}

static void check_tlsrpt(const char *raw, const char *s, size_t size)
{
    mtasts_txt_part rua, rest, uri;
    mtasts_txt_fault why = {0, ""};
    mtasts_txt_class class = mtasts_tlsrpt_classify(raw, size, &why);
    size_t n = 0;

    MUST((class == MTASTS_IS_MEANT) == !strncmp(s, "v=TLSRPTv1;", 11));
    if (class == MTASTS_IS_NEAR_MISS) {
        must_be_fault(&why, size);
    }
    if (!mtasts_tlsrpt_parse(raw, size, &rua, &why)) {
        must_be_fault(&why, size);
        return;
    }
    MUST(class != MTASTS_IS_FOREIGN && rua.data > raw);
    MUST(rua.data + rua.len <= raw + size);
    for (rest = rua; mtasts_tlsrpt_next(&rest, &uri); n++) {
        MUST(uri.len > 6 && uri.data >= rua.data &&
             !memchr(uri.data, ',', uri.len));
        MUST(uri.data + uri.len <= rua.data + rua.len);
    }
    MUST(n > 0 && rest.len == 0);
    MUST(mtasts_tlsrpt_equal(&rua, &rua));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *s = fuzz_string(data, size);
    /* Without the NUL, so that reading past the end is seen. */
    char *raw = malloc(size ? size : 1);

    MUST(raw != NULL);
    memcpy(raw, s, size);
    check_sts(raw, s, size);
    check_tlsrpt(raw, s, size);
    free(raw);
    free(s);
    return 0;
}
