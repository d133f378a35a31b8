/* Names from directives. */

#include "fuzz.h"

#include "../../src/core/domain.h"

static void check(const char *in,
                  int (*parse)(const char *, char *, mtasts_finding *))
{
    char out[MTASTS_NAME_SIZE], again[MTASTS_NAME_SIZE];
    mtasts_finding why;

    if (!parse(in, out, &why)) {
        must_be_printable(why.text);
        must_be_printable(why.remedy);
        return;
    }
    MUST(strlen(out) > 0 && strlen(out) < MTASTS_NAME_SIZE);
    MUST(out[strspn(out, "abcdefghijklmnopqrstuvwxyz0123456789-.*")] == '\0');
    MUST(out[strlen(out) - 1] != '.' && !strchr(out + 1, '*'));
    /* What is served is its own parse. */
    MUST(parse(out, again, &why) && !strcmp(out, again));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *in = fuzz_string(data, size);

    check(in, mtasts_domain_parse);
    check(in, mtasts_mx_pattern_parse);
    free(in);
    return 0;
}
