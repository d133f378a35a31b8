#include "domain.h"

#include <string.h>

#define LABEL_MAX 63

static int is_digit(unsigned char c)
{
    return c >= '0' && c <= '9';
}

static int is_letter(unsigned char c)
{
    return (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
}

/* Something that was meant as an address: [192.0.2.1], [IPv6:2001:db8::1],
 * 2001:db8::1, or nothing but digits and dots. */
static int looks_like_address(const char *s)
{
    size_t digits = strspn(s, "0123456789.");
    size_t hex = strspn(s, "0123456789abcdefABCDEF.:");

    return *s == '[' || (digits && !s[digits]) ||
           (hex && !s[hex] && strchr(s, ':'));
}

static int has_eight_bit(const char *s)
{
    for (; *s; s++) {
        if ((unsigned char)*s >= 0x80) {
            return 1;
        }
    }
    return 0;
}

/* Copies one label in lower case; 1 if it is letters, digits and inner
 * hyphens and of 1 to 63 octets. */
static int take_label(const char *in, size_t len, char *out, const char *whole,
                      mtasts_finding *why)
{
    size_t i;

    if (len == 0 || len > LABEL_MAX || in[0] == '-' || in[len - 1] == '-') {
        char label[LABEL_MAX + 2];
        size_t shown = len < sizeof(label) - 1 ? len : sizeof(label) - 1;

        memcpy(label, in, shown);
        label[shown] = '\0';
        MTASTS_FILL(why, MTASTS_NAME_LABEL, "", whole, label,
                    len == 0          ? "is empty"
                    : len > LABEL_MAX ? "has more than 63 characters"
                                      : "begins or ends with a hyphen");
        return 0;
    }
    for (i = 0; i < len; i++) {
        unsigned char c = (unsigned char)in[i];

        if (!is_letter(c) && !is_digit(c) && c != '-') {
            char shown[2] = {(char)c, '\0'};

            MTASTS_FILL(why, MTASTS_NAME_CHARACTER, "", whole, shown);
            return 0;
        }
        out[i] = (char)(c >= 'A' && c <= 'Z' ? c | 0x20 : c);
    }
    return 1;
}

/* `name` is what follows "*." if there is one; `whole` is what was written;
 * `room` is the number of octets that `out` may take. */
static int take_name(const char *name, const char *whole, size_t room,
                     char *out, mtasts_finding *why)
{
    size_t len = strlen(name);
    const char *p = name, *end, *dot;

    if (len > 1 && name[len - 1] == '.') {
        len--;
    }
    if (len > room) {
        MTASTS_FILL(why, MTASTS_NAME_TOO_LONG, "", whole);
        return 0;
    }
    end = name + len;
    for (;;) {
        dot = memchr(p, '.', (size_t)(end - p));
        if (!take_label(p, (size_t)((dot ? dot : end) - p), out, whole, why)) {
            return 0;
        }
        out += (dot ? dot : end) - p;
        if (!dot) {
            break;
        }
        *out++ = '.';
        p = dot + 1;
    }
    *out = '\0';
    /* RFC 1123 2.1: no top-level domain is all digits, so that names and
     * addresses can be told apart. */
    if (strspn(p, "0123456789") >= (size_t)(end - p)) {
        MTASTS_FILL(why, MTASTS_NAME_ADDRESS, "", whole);
        return 0;
    }
    return 1;
}

static int refused_at_sight(const char *in, mtasts_finding *why)
{
    if (!*in || !strcmp(in, ".")) {
        MTASTS_FILL(why, MTASTS_NAME_EMPTY, "", in);
    }
    else if (has_eight_bit(in)) {
        MTASTS_FILL(why, MTASTS_NAME_U_LABEL, "", in, "");
    }
    else if (looks_like_address(in)) {
        MTASTS_FILL(why, MTASTS_NAME_ADDRESS, "", in);
    }
    else {
        return 0;
    }
    return 1;
}

int mtasts_domain_parse(const char *in, char out[MTASTS_NAME_SIZE],
                        mtasts_finding *why)
{
    if (refused_at_sight(in, why)) {
        return 0;
    }
    if (strchr(in, '*')) {
        MTASTS_FILL(why, MTASTS_DOMAIN_WILDCARD, "", in);
        return 0;
    }
    return take_name(in, in, MTASTS_NAME_SIZE - 1 - MTASTS_HOST_PREFIX_LEN, out,
                     why);
}

int mtasts_mx_pattern_parse(const char *in, char out[MTASTS_NAME_SIZE],
                            mtasts_finding *why)
{
    size_t star = !strncmp(in, "*.", 2) && in[2] ? 2 : 0;

    if (refused_at_sight(in, why)) {
        return 0;
    }
    if (strchr(in + star, '*')) {
        MTASTS_FILL(why, MTASTS_MX_WILDCARD, "", in);
        return 0;
    }
    memcpy(out, in, star);
    return take_name(in + star, in, MTASTS_NAME_SIZE - 1 - star, out + star,
                     why);
}
