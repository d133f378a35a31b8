#include "header_value.h"

#include <string.h>
#include <strings.h>

int mtasts_header_value_check(const char *in, mtasts_finding *why)
{
    const char *p;

    for (p = in; *p >= 0x20 && *p <= 0x7e; p++) {
    }
    if (p == in || *p || strspn(in, " ") == strlen(in)) {
        MTASTS_FILL(why, MTASTS_HEADER_CHARACTER, "", in);
        return 0;
    }
    return 1;
}

/* A directive of RFC 6797 6.1: max-age, "=", an optional quote, a digit. */
static int is_max_age(const char *p)
{
    if (strncasecmp(p, "max-age", 7)) {
        return 0;
    }
    p += 7;
    p += strspn(p, " ");
    if (*p++ != '=') {
        return 0;
    }
    p += strspn(p, " \"");
    return *p >= '0' && *p <= '9';
}

int mtasts_hsts_check(const char *in, mtasts_finding *why)
{
    const char *p = in;

    if (!mtasts_header_value_check(in, why)) {
        return 0;
    }
    for (;;) {
        p += strspn(p, " ");
        if (is_max_age(p)) {
            return 1;
        }
        p = strchr(p, ';');
        if (!p) {
            MTASTS_FILL(why, MTASTS_HSTS_SYNTAX, "", in);
            return 0;
        }
        p++;
    }
}

int mtasts_cache_control_check(const char *in, mtasts_finding *why)
{
    if (!mtasts_header_value_check(in, why)) {
        return 0;
    }
    if (*in >= '0' && *in <= '9') {
        MTASTS_FILL(why, MTASTS_CACHE_CONTROL_SYNTAX, "", in);
        return 0;
    }
    return 1;
}
