#include "text.h"

#include <string.h>

size_t mtasts_put(char *buf, size_t size, size_t at, const char *s, size_t len)
{
    if (at < size) {
        memcpy(buf + at, s, len < size - at ? len : size - at);
    }
    return at + len;
}

static int is_hex(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

/* 1 if the backslash there begins what was escaped before. */
static int is_escape(const char *in, size_t len)
{
    return len >= 4 && in[1] == 'x' && is_hex(in[2]) && is_hex(in[3]);
}

/* The printable form of the first byte; returns its length, 1 or 4. */
static size_t escape_byte(const char *in, size_t len, char out[4])
{
    static const char hex[] = "0123456789abcdef";
    unsigned char c = (unsigned char)*in;

    out[0] = *in;
    if (c >= 0x20 && c <= 0x7e && (c != '\\' || is_escape(in, len))) {
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
        size_t need = escape_byte(in, len, piece);

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
