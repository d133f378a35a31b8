/* Header values from directives. */

#include "fuzz.h"

#include "../../src/core/header_value.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *in = fuzz_string(data, size);
    mtasts_finding why;
    int any = mtasts_header_value_check(in, &why);

    if (any) {
        must_be_printable(in);
        MUST(*in);
    }
    else {
        must_be_printable(why.text);
    }
    MUST(any || !mtasts_hsts_check(in, &why));
    free(in);
    return 0;
}
