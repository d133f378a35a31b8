/* Any value in any sentence. */

#include "fuzz.h"

#include "../../src/core/finding.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *in = fuzz_string(data, size);
    const char *args[] = {in, in, in, in};
    mtasts_finding f;
    int code;

    for (code = 0; code < MTASTS_CODES; code++) {
        mtasts_finding_fill(&f, (mtasts_code)code, in, args, 4);
        must_be_printable(f.subject);
        must_be_printable(f.text);
        must_be_printable(f.remedy);
    }
    free(in);
    return 0;
}
