/* Values of a policy from directives, and a body from many patterns. */

#include "fuzz.h"

#include "../../src/core/policy.h"

static void values(const char *in)
{
    mtasts_finding why;
    mtasts_mode mode;
    uint32_t seconds;

    if (mtasts_mode_parse(in, &mode, &why)) {
        MUST(strlen(mtasts_mode_name(mode)) == strlen(in));
    }
    else {
        must_be_printable(why.text);
    }
    if (mtasts_max_age_parse(in, &seconds, &why)) {
        MUST(seconds >= 1 && seconds <= MTASTS_MAX_AGE_MAX);
    }
    else {
        must_be_printable(why.text);
    }
    if (mtasts_id_check(in, &why)) {
        MUST(strlen(in) >= 1 && strlen(in) < MTASTS_ID_SIZE);
    }
    else {
        must_be_printable(why.text);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *mx[8];
    mtasts_policy p = {MTASTS_MODE_ENFORCE, 604800, mx, 0};
    char *in = fuzz_string(data, size), *word, *body;
    char id[MTASTS_ID_SIZE];
    size_t len, part = size ? data[0] : 0;

    values(in);
    /* The words of the input as patterns, unchecked. */
    for (word = strtok(in, " "); word && p.nmx < 8; word = strtok(NULL, " ")) {
        mx[p.nmx++] = word;
    }
    len = mtasts_policy_render(&p, NULL, 0);
    body = malloc(len);
    MUST(body != NULL);
    MUST(mtasts_policy_render(&p, body, part < len ? part : len) == len);
    MUST(mtasts_policy_render(&p, body, len) == len);
    MUST(!memcmp(body + len - 2, "\r\n", 2));
    MUST(mtasts_policy_id(body, len, id) && strlen(id) < MTASTS_ID_SIZE);
    free(body);
    free(in);
    return 0;
}
