/* What a client accepts. */

#include "fuzz.h"

#include "../../src/core/accept.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const types[] = {"text/html", "application/json"};
    static const char *const other[] = {"application/json", "text/html"};
    char *in = fuzz_string(data, size), *more;
    int best = mtasts_accept(in, types, 2);

    MUST(best >= -1 && best < 2);
    /* The order decides only where both are wanted as much. */
    MUST((best < 0) == (mtasts_accept(in, other, 2) < 0));
    MUST(mtasts_accept(in, types, 0) == -1 || *in == '\0');
    more = malloc(size + 20);
    MUST(more != NULL);
    /* A range that nobody asked about changes nothing. */
    if (size && !memchr(data, '"', size) && !memchr(data, '\0', size)) {
        snprintf(more, size + 20, "%s,image/png", in);
        MUST(mtasts_accept(more, types, 2) == best);
    }
    free(more);
    free(in);
    return 0;
}
