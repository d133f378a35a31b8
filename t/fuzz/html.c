/* Text in a page. */

#include "fuzz.h"

#include "../../src/core/html.h"

/* Length of the UTF-8 character at `s`, by its own rules. */
static size_t utf8(const unsigned char *s)
{
    size_t need = *s < 0x80 ? 1 : *s < 0xe0 ? 2 : *s < 0xf0 ? 3 : 4, i;

    MUST(*s < 0x80 || (*s >= 0xc2 && *s <= 0xf4));
    for (i = 1; i < need; i++) {
        MUST(s[i] >= 0x80 && s[i] <= 0xbf);
    }
    MUST(*s != 0xe0 || s[1] >= 0xa0);
    MUST(*s != 0xed || s[1] < 0xa0);
    MUST(*s != 0xf0 || s[1] >= 0x90);
    MUST(*s != 0xf4 || s[1] < 0x90);
    return need;
}

/* 1 for marks of direction and what separates lines. */
static int turns(const unsigned char *s)
{
    return (s[0] == 0xd8 && s[1] == 0x9c) || (s[0] == 0xc2 && s[1] < 0xa0) ||
           (s[0] == 0xe2 && s[1] == 0x80 && s[2] >= 0x8b && s[2] <= 0x8f) ||
           (s[0] == 0xe2 && s[1] == 0x80 && s[2] >= 0xa8 && s[2] <= 0xae) ||
           (s[0] == 0xe2 && s[1] == 0x81 && s[2] >= 0xa0 && s[2] <= 0xaf) ||
           (s[0] == 0xef && s[1] == 0xbb && s[2] == 0xbf) ||
           (s[0] == 0xf3 && s[1] == 0xa0);
}

static void must_be_text(const char *out)
{
    const unsigned char *s = (const unsigned char *)out;

    while (*s) {
        MUST(*s >= 0x20 && *s != 0x7f && !strchr("<>\"'", *s));
        MUST(*s != '&' || !strncmp((const char *)s, "&amp;", 5) ||
             !strncmp((const char *)s, "&lt;", 4) ||
             !strncmp((const char *)s, "&gt;", 4) ||
             !strncmp((const char *)s, "&quot;", 6) ||
             !strncmp((const char *)s, "&#39;", 5));
        MUST(!turns(s));
        s += utf8(s);
    }
}

/* The first octet says through how large a buffer. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t most = MTASTS_HTML_SIZE + (size ? data[0] % 64 : 0), at = 0, n;
    size_t left = size ? size - 1 : 0;
    char *in = fuzz_string(size ? data + 1 : data, left);
    char *buf = malloc(most), *out = malloc(left * 10 + 1);
    const char *from = in;

    MUST(buf && out);
    while (left) {
        n = mtasts_html(buf, most, &from, &left);
        MUST(n > 0 && n <= most);
        memcpy(out + at, buf, n);
        at += n;
    }
    out[at] = '\0';
    must_be_text(out);
    free(out);
    free(buf);
    free(in);
    return 0;
}
