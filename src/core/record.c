#include "record.h"

#include "text.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#define STRING_MAX 255 /* octets of one character-string, RFC 1035 3.3 */

void mtasts_txt_render(const char *id, char out[MTASTS_TXT_SIZE])
{
    snprintf(out, MTASTS_TXT_SIZE, "v=STSv1; id=%s;", id);
}

/* What is wrong with the part behind "mailto:"; NULL if nothing. */
static const char *mailto_fault(const char *rest)
{
    size_t local = strcspn(rest, "@?");
    const char *host = rest + local + 1;

    if (rest[local] != '@' || local == 0 || !*host || *host == '?') {
        return "has no mail address behind mailto:";
    }
    return NULL;
}

static const char *https_fault(const char *rest)
{
    size_t host = strncmp(rest, "//", 2) ? 0 : strcspn(rest + 2, "/?#");

    return host ? NULL : "has no host behind https://";
}

int mtasts_tlsrpt_uri_check(const char *uri, mtasts_finding *why)
{
    static const char allowed[] = "0123456789abcdefghijklmnopqrstuvwxyz"
                                  "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                  "-._~:/?#[]@$&'()*+=%";
    const char *fault;

    if (strncasecmp(uri, "mailto:", 7) && strncasecmp(uri, "https:", 6)) {
        MTASTS_FILL(why, MTASTS_TLSRPT_SCHEME, "", uri);
        return 0;
    }
    fault =
        (uri[0] | 0x20) == 'm' ? mailto_fault(uri + 7) : https_fault(uri + 6);
    if (uri[strspn(uri, allowed)]) {
        fault = "has a character that can't stand in a TLSRPT record";
    }
    if (fault) {
        MTASTS_FILL(why, MTASTS_TLSRPT_SYNTAX, "", uri, fault);
        return 0;
    }
    return 1;
}

size_t mtasts_tlsrpt_render(const char *const *uris, size_t n, char *buf,
                            size_t size)
{
    static const char head[] = "v=TLSRPTv1; rua=";
    size_t at = mtasts_put(buf, size, 0, head, sizeof(head) - 1), i;

    for (i = 0; i < n; i++) {
        if (i) {
            at = mtasts_put(buf, size, at, ",", 1);
        }
        at = mtasts_put(buf, size, at, uris[i], strlen(uris[i]));
    }
    return at;
}

size_t mtasts_zone_quote(const char *value, size_t len, char *buf, size_t size)
{
    size_t at = mtasts_put(buf, size, 0, "\"", 1), i;

    for (i = 0; i < len; i++) {
        if (i && i % STRING_MAX == 0) {
            at = mtasts_put(buf, size, at, "\" \"", 3);
        }
        if (value[i] == '"' || value[i] == '\\') {
            at = mtasts_put(buf, size, at, "\\", 1);
        }
        at = mtasts_put(buf, size, at, value + i, 1);
    }
    return mtasts_put(buf, size, at, "\"", 1);
}
