#include "mx_match.h"

#include <string.h>
#include <strings.h>

/* The length of the first label.  The dot in "a\.b" is a letter of it: that
 * is how names with odd bytes come out of DNS. */
static size_t label_length(const char *name, size_t len)
{
    size_t i;

    for (i = 0; i < len && name[i] != '.'; i++) {
        if (name[i] == '\\' && i + 1 < len) {
            i++;
        }
    }
    return i;
}

/* The length without the final dot, if that is one. */
static size_t name_length(const char *name)
{
    size_t len = strlen(name), at = 0, label;

    while (at < len) {
        label = label_length(name + at, len - at);
        if (at + label + 1 == len) {
            return len - 1;
        }
        at += label + 1;
    }
    return len;
}

int mtasts_mx_match(const char *pattern, const char *host)
{
    size_t host_len = name_length(host);
    size_t len = name_length(pattern);

    if (len > 2 && !strncmp(pattern, "*.", 2)) {
        size_t label = label_length(host, host_len);

        if (label == 0 || label == host_len) {
            return 0;
        }
        pattern += 2;
        len -= 2;
        host += label + 1;
        host_len -= label + 1;
    }
    return len > 0 && len == host_len && !strncasecmp(pattern, host, len);
}

int mtasts_mx_match_any(const char *const *patterns, size_t n, const char *host)
{
    size_t i;

    for (i = 0; i < n && !mtasts_mx_match(patterns[i], host); i++) {
    }
    return i < n;
}
