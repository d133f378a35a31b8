/* TLSRPT URIs, and any value in zone-file form. */

#include "fuzz.h"

#include "../../src/core/record.h"

/* Reads quoted strings back as a name server does (RFC 1035 5.1). */
static size_t unquote(const char *s, size_t len, char *out)
{
    size_t i, n = 0, string = 0;
    int inside = 0;

    for (i = 0; i < len; i++) {
        if (s[i] == '"') {
            inside = !inside;
            string = 0;
            continue;
        }
        if (!inside) {
            MUST(s[i] == ' ');
            continue;
        }
        i += s[i] == '\\';
        MUST(i < len && ++string <= 255);
        out[n++] = s[i];
    }
    MUST(!inside);
    return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *in = fuzz_string(data, size);
    const char *uris[] = {in, in};
    mtasts_finding why;
    size_t len;
    char *zone, *back;

    if (mtasts_tlsrpt_uri_check(in, &why)) {
        MUST(!in[strcspn(in, ",!; \"\\")]);
        must_be_printable(in);
    }
    else {
        must_be_printable(why.text);
    }
    MUST(mtasts_tlsrpt_render(uris, 2, NULL, 0) == 17 + 2 * strlen(in));

    len = mtasts_zone_quote(in, size, NULL, 0);
    zone = malloc(len);
    back = malloc(len);
    MUST(zone && back);
    MUST(mtasts_zone_quote(in, size, zone, len) == len);
    MUST(unquote(zone, len, back) == size && !memcmp(back, in, size));
    free(back);
    free(zone);
    free(in);
    return 0;
}
