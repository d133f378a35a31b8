#include "html.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* The character that begins at `in`, and its length; 0 if these octets are not
 * UTF-8 (RFC 3629: none longer than it must be, no surrogate). */
static size_t take(const char *in, size_t len, uint32_t *c)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    unsigned char first = (unsigned char)*in;
    size_t need = first < 0x80   ? 1
                  : first < 0xc0 ? 0
                  : first < 0xe0 ? 2
                  : first < 0xf0 ? 3
                  : first < 0xf8 ? 4
                                 : 0;
    size_t i;

    if (!need || need > len) {
        return 0;
    }
    *c = need == 1 ? first : first & (0x7fU >> need);
    for (i = 1; i < need; i++) {
        if ((in[i] & 0xc0) != 0x80) {
            return 0;
        }
        *c = *c << 6 | (in[i] & 0x3fU);
    }
    return *c < least[need] || (*c >= 0xd800 && *c <= 0xdfff) || *c > 0x10ffff
               ? 0
               : need;
}

/* 1 if it can't be seen, but changes how others are, or is no character. */
static int is_hidden(uint32_t c)
{
    static const struct {
        uint32_t from, to;
    } ranges[] = {
        {0x80, 0x9f},       /* C1 controls */
        {0xad, 0xad},       /* soft hyphen */
        {0x61c, 0x61c},     /* Arabic letter mark */
        {0x180e, 0x180e},   /* Mongolian vowel separator */
        {0x200b, 0x200f},   /* zero width, joiners, marks of direction */
        {0x2028, 0x202e},   /* separators; embedding and override */
        {0x2060, 0x206f},   /* word joiner, isolates, deprecated formats */
        {0xfdd0, 0xfdef},   /* no characters */
        {0xfeff, 0xfeff},   /* byte order mark */
        {0xfff9, 0xfffb},   /* annotations */
        {0xe0000, 0xe0fff}, /* tags, selectors of variants */
    };
    size_t i;

    for (i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
        if (c >= ranges[i].from && c <= ranges[i].to) {
            return 1;
        }
    }
    return (c & 0xfffe) == 0xfffe;
}

static const char *entity(uint32_t c)
{
    switch (c) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&quot;";
    case '\'':
        return "&#39;";
    default:
        return NULL;
    }
}

/* What one character becomes; returns how many octets of `in` it had. */
static size_t piece(const char *in, size_t len, char out[MTASTS_HTML_SIZE])
{
    uint32_t c = 0;
    size_t taken = take(in, len, &c);
    const char *as = entity(c);

    if (!taken || c < 0x20 || c == 0x7f) {
        snprintf(out, MTASTS_HTML_SIZE, "\\x%02x", (unsigned char)*in);
        return 1;
    }
    if (as) {
        snprintf(out, MTASTS_HTML_SIZE, "%s", as);
    }
    else if (is_hidden(c)) {
        snprintf(out, MTASTS_HTML_SIZE, "\\u{%04lX}", (unsigned long)c);
    }
    else {
        memcpy(out, in, taken);
        out[taken] = '\0';
    }
    return taken;
}

size_t mtasts_html(char *buf, size_t size, const char **in, size_t *len)
{
    char out[MTASTS_HTML_SIZE];
    size_t at = 0, taken, n;

    while (*len) {
        taken = piece(*in, *len, out);
        n = strlen(out);
        if (n > size - at) {
            break;
        }
        memcpy(buf + at, out, n);
        at += n;
        *in += taken;
        *len -= taken;
    }
    return at;
}
