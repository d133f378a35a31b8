#include "accept.h"

#include <ctype.h>
#include <string.h>

/* How exactly a range names a type. */
enum { NOT, ALL, FAMILY, EXACTLY };

/* One of a list, up to its comma; a quoted comma ends none. */
static size_t element_len(const char *s)
{
    size_t len = 0;
    int quoted = 0;

    for (; s[len] && (quoted || s[len] != ','); len++) {
        if (s[len] == '"') {
            quoted = !quoted;
        }
        else if (quoted && s[len] == '\\' && s[len + 1]) {
            len++;
        }
    }
    return len;
}

static int is_space(char c)
{
    return c == ' ' || c == '\t';
}

/* `len` characters of `s`, any case, are `word`. */
static int is_word(const char *s, size_t len, const char *word)
{
    size_t i = 0;

    while (i < len && word[i] &&
           tolower((unsigned char)s[i]) == (unsigned char)word[i]) {
        i++;
    }
    return i == len && !word[i];
}

static int match(const char *range, size_t len, const char *type)
{
    const char *slash = strchr(type, '/');
    size_t family = slash ? (size_t)(slash - type) + 1 : 0;

    if (is_word(range, len, type)) {
        return EXACTLY;
    }
    if (len == family + 1 && range[len - 1] == '*' && family) {
        size_t i = 0;

        while (i < family &&
               tolower((unsigned char)range[i]) == (unsigned char)type[i]) {
            i++;
        }
        if (i == family) {
            return FAMILY;
        }
    }
    return is_word(range, len, "*/*") ? ALL : NOT;
}

/* In thousandths; -1 if it is none. */
static int quality_of(const char *s, size_t len)
{
    int value, unit = 100;
    size_t i;

    if (!len || (*s != '0' && *s != '1') || (len > 1 && s[1] != '.') ||
        len > 5) {
        return -1;
    }
    value = (*s - '0') * 1000;
    for (i = 2; i < len; i++, unit /= 10) {
        if (!isdigit((unsigned char)s[i])) {
            return -1;
        }
        value += (s[i] - '0') * unit;
    }
    return value <= 1000 ? value : -1;
}

/* The weight of an element, whose parameters begin behind `from`; -1: it is wrong. */
static int weight_of(const char *s, size_t from, size_t len)
{
    size_t end;

    while (from < len) {
        from++; /* its semicolon */
        while (from < len && is_space(s[from])) {
            from++;
        }
        for (end = from; end < len && s[end] != ';'; end++) {
        }
        if (end - from >= 2 && (s[from] == 'q' || s[from] == 'Q') &&
            s[from + 1] == '=') {
            size_t last = end;

            while (last > from + 2 && is_space(s[last - 1])) {
                last--;
            }
            return quality_of(s + from + 2, last - from - 2);
        }
        from = end;
    }
    return 1000;
}

/* How much the type is wanted, by the range that names it most exactly; in
 * thousandths, and of as many by how exactly. */
static int wanted(const char *accept, const char *type)
{
    int exact = NOT, weight = 0;

    while (*accept) {
        size_t len = element_len(accept), name, end;
        int how, q;

        while (len && is_space(*accept)) {
            accept++;
            len--;
        }
        for (end = 0; end < len && accept[end] != ';'; end++) {
        }
        for (name = end; name && is_space(accept[name - 1]); name--) {
        }
        how = match(accept, name, type);
        q = how > exact ? weight_of(accept, end, len) : -1;
        if (q >= 0) {
            exact = how;
            weight = q;
        }
        accept += len;
        accept += *accept == ',';
    }
    return weight ? weight * EXACTLY + exact : 0;
}

int mtasts_accept(const char *accept, const char *const *types, size_t n)
{
    int best = -1, most = 0, weight;
    size_t i;

    if (!accept || !*accept) {
        return n ? 0 : -1;
    }
    for (i = 0; i < n; i++) {
        weight = wanted(accept, types[i]);
        if (weight > most) {
            most = weight;
            best = (int)i;
        }
    }
    return best;
}
