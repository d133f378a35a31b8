#include "text.h"

#include <string.h>

size_t mtasts_put(char *buf, size_t size, size_t at, const char *s, size_t len)
{
    if (at < size) {
        memcpy(buf + at, s, len < size - at ? len : size - at);
    }
    return at + len;
}

/* The printable form of one byte; returns its length, 1 or 4. */
static size_t escape_byte(unsigned char c, char out[4])
{
    static const char hex[] = "0123456789abcdef";

    out[0] = (char)c;
    if (c >= 0x20 && c <= 0x7e && c != '\\') {
        return 1;
    }
    out[0] = '\\';
    out[1] = 'x';
    out[2] = hex[c >> 4];
    out[3] = hex[c & 15];
    return 4;
}

void mtasts_escape_bytes(char *out, size_t size, const char *in, size_t len)
{
    size_t at = 0, cut = 0; /* where "..." still fits */
    char piece[4];

    for (; len; in++, len--) {
        size_t need = escape_byte((unsigned char)*in, piece);

        if (at + need >= size) {
            memcpy(out + cut, "...", 4);
            return;
        }
        memcpy(out + at, piece, need);
        at += need;
        if (at + 4 <= size) {
            cut = at;
        }
    }
    out[at] = '\0';
}

void mtasts_escape(char *out, size_t size, const char *in)
{
    mtasts_escape_bytes(out, size, in, strlen(in));
}
