#include "txt.h"

#include <string.h>
#include <strings.h>

#define NAME_MAX_LEN 32 /* of a field, RFC 8461 3.1 */

/* What differs between the two kinds of record. */
typedef struct {
    const char *begin;   /* what senders look for */
    const char *inside;  /* in a near miss, anywhere */
    const char *version; /* in a near miss, behind "v=" */
    const char *key;     /* the field that must be there */
    const char *missing; /* what is expected where it isn't */
    const char *small;   /* what is expected where it is in other letters */
} grammar;

static const grammar sts = {"v=STSv1;", "stsv1",  "sts",
                            "id",       "id=...", "'id' in small letters"};
static const grammar tlsrpt = {"v=TLSRPTv1;", "tlsrptv1",
                               "tls",         "rua",
                               "rua=...",     "'rua' in small letters"};

/* A record while it is read. */
typedef struct {
    const char *data;
    size_t len, at;
    mtasts_txt_fault *why;
} reader;

static int is_wsp(char c)
{
    return c == ' ' || c == '\t';
}

static int is_alnum(char c)
{
    return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
}

static int is_hex(char c)
{
    return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f');
}

static int is_name(char c)
{
    return is_alnum(c) || c == '_' || c == '-' || c == '.';
}

static int is_value(char c)
{
    return c > ' ' && c <= '~' && c != ';' && c != '=';
}

/* RFC 3986 2, without what RFC 8460 3 wants encoded.  NUL is none. */
static int is_uri(char c)
{
    return is_alnum(c) || (c && strchr("-._~:/?#[]@$&'()*+=%", c));
}

static int fail(const reader *r, size_t at, const char *expected)
{
    r->why->at = at + 1;
    r->why->expected = expected;
    return 0;
}

/* The character that comes next; NUL, which no rule has, at the end. */
static char next(const reader *r)
{
    if (r->at < r->len) {
        return r->data[r->at];
    }
    return '\0';
}

static size_t skip(reader *r, int (*is)(char), size_t most)
{
    size_t from = r->at;

    while (r->at < r->len && r->at - from < most && is(r->data[r->at])) {
        r->at++;
    }
    return r->at - from;
}

static int has(const reader *r, const char *word)
{
    size_t len = strlen(word);

    return r->len - r->at >= len && !strncasecmp(r->data + r->at, word, len);
}

/* Where `word` is, in any letters, or `len`. */
static size_t find(const char *data, size_t len, const char *word)
{
    reader r = {data, len, 0, NULL};

    while (r.at < len && !has(&r, word)) {
        r.at++;
    }
    return r.at;
}

/* "v=STS" and the like, behind blanks, quotes, a byte order mark. */
static int begins_alike(const grammar *g, const char *data, size_t len)
{
    reader r = {data, len, 0, NULL};

    while (r.at < len && !is_alnum(data[r.at])) {
        r.at++;
    }
    if (!has(&r, "v")) {
        return 0;
    }
    r.at++;
    while (r.at < len && !is_alnum(data[r.at])) {
        r.at++;
    }
    return has(&r, g->version);
}

static mtasts_txt_class classify(const grammar *g, const char *data, size_t len,
                                 mtasts_txt_fault *why)
{
    size_t same = 0;

    while (same < len && g->begin[same] && data[same] == g->begin[same]) {
        same++;
    }
    if (!g->begin[same]) {
        return MTASTS_IS_MEANT;
    }
    if (begins_alike(g, data, len) || find(data, len, g->inside) < len) {
        why->at = same + 1;
        why->expected = g->begin + same;
        return MTASTS_IS_NEAR_MISS;
    }
    return MTASTS_IS_FOREIGN;
}

mtasts_txt_class mtasts_sts_classify(const char *data, size_t len,
                                     mtasts_txt_fault *why)
{
    return classify(&sts, data, len, why);
}

mtasts_txt_class mtasts_tlsrpt_classify(const char *data, size_t len,
                                        mtasts_txt_fault *why)
{
    return classify(&tlsrpt, data, len, why);
}

/* 1*32(ALPHA / DIGIT) */
static int read_id(reader *r)
{
    size_t len = skip(r, is_alnum, MTASTS_ID_SIZE - 1);
    char c = next(r);

    if (len && (r->at == r->len || c == ';' || is_wsp(c))) {
        return 1;
    }
    return fail(r, r->at,
                is_alnum(c) ? "';', as an id has at most 32 letters and digits"
                : len       ? "a letter, a digit or ';'"
                            : "1 to 32 letters and digits");
}

static int read_uri(reader *r)
{
    if (!has(r, "mailto:") && !has(r, "https:")) {
        return fail(r, r->at, "mailto: or https:");
    }
    r->at = r->at + (has(r, "https:") ? 6 : 7);
    if (!is_uri(next(r))) {
        return fail(r, r->at, "the rest of the URI");
    }
    for (; is_uri(next(r)); r->at++) {
        if (next(r) == '%' &&
            (r->len - r->at < 3 || !is_hex(r->data[r->at + 1]) ||
             !is_hex(r->data[r->at + 2]))) {
            return fail(r, r->at, "% with two hexadecimal digits");
        }
    }
    return next(r) != '!' ? 1 : fail(r, r->at, "%21 instead of '!'");
}

/* tlsrpt-uri *(*WSP "," *WSP tlsrpt-uri) */
static int read_rua(reader *r)
{
    for (;;) {
        size_t end;

        if (!read_uri(r)) {
            return 0;
        }
        end = r->at;
        skip(r, is_wsp, r->len);
        if (next(r) != ',') {
            r->at = end;
            break;
        }
        r->at++;
        skip(r, is_wsp, r->len);
    }
    if (r->at == r->len || next(r) == ';' || is_wsp(next(r))) {
        return 1;
    }
    return fail(r, r->at, "a URI's character, ',' or ';'");
}

/* One field: the wanted one, or name "=" value. */
static int read_field(const grammar *g, reader *r, mtasts_txt_part *value,
                      size_t *other_case)
{
    const char *name = r->data + r->at;
    size_t from, len = 0;

    if (is_alnum(next(r))) {
        len = skip(r, is_name, NAME_MAX_LEN);
    }
    if (len == 0) {
        return fail(r, r->at, "a field such as id=... or rua=...");
    }
    if (next(r) != '=') {
        return fail(r, r->at, "'='");
    }
    from = ++r->at;
    if (len == strlen(g->key) && !strncasecmp(name, g->key, len)) {
        if (!value->data && !memcmp(name, g->key, len)) {
            if (!(g == &sts ? read_id(r) : read_rua(r))) {
                return 0;
            }
            value->data = r->data + from;
            value->len = r->at - from;
            return 1;
        }
        *other_case = from - 1 - len;
    }
    /* A second rua is ignored, but may have blanks that no other value has. */
    if (g == &tlsrpt && len == 3 && !memcmp(name, g->key, len)) {
        if (read_rua(r)) {
            return 1;
        }
        r->at = from;
    }
    return skip(r, is_value, r->len)
               ? 1
               : fail(r, r->at, "a value without blank, '=' and ';'");
}

static int parse(const grammar *g, reader *r, mtasts_txt_part *value)
{
    size_t version = strlen(g->begin) - 1, i, other_case = r->len;

    value->data = NULL;
    for (i = 0; i < version; i++) {
        if (i >= r->len || r->data[i] != g->begin[i]) {
            return fail(r, i, g->begin + i);
        }
    }
    r->at = version;
    while (r->at < r->len) {
        size_t blank = r->at, wsp = skip(r, is_wsp, r->len);

        if (next(r) != ';') {
            return fail(r, wsp && r->at == r->len ? blank : r->at,
                        wsp && r->at == r->len ? "';' or the end" : "';'");
        }
        r->at++;
        skip(r, is_wsp, r->len);
        if (r->at < r->len && !read_field(g, r, value, &other_case)) {
            return 0;
        }
    }
    if (!value->data) {
        return fail(r, other_case, other_case < r->len ? g->small : g->missing);
    }
    return 1;
}

int mtasts_sts_parse(const char *data, size_t len, char id[MTASTS_ID_SIZE],
                     mtasts_txt_fault *why)
{
    reader r = {data, len, 0, why};
    mtasts_txt_part value;

    if (!parse(&sts, &r, &value)) {
        return 0;
    }
    memcpy(id, value.data, value.len);
    id[value.len] = '\0';
    return 1;
}

int mtasts_tlsrpt_parse(const char *data, size_t len, mtasts_txt_part *rua,
                        mtasts_txt_fault *why)
{
    reader r = {data, len, 0, why};

    return parse(&tlsrpt, &r, rua);
}

int mtasts_tlsrpt_next(mtasts_txt_part *rua, mtasts_txt_part *uri)
{
    reader r = {rua->data, rua->len, 0, NULL};

    while (is_wsp(next(&r)) || next(&r) == ',') {
        r.at++;
    }
    uri->data = r.data + r.at;
    uri->len = skip(&r, is_uri, r.len);
    rua->data += r.at;
    rua->len -= r.at;
    return uri->len > 0;
}

/* How much of a URI is the same in any letters: all of a mail address, whose
 * local part nobody tells apart by that; of https: up to the path. */
static size_t any_case(const mtasts_txt_part *uri)
{
    reader r = {uri->data, uri->len, 0, NULL};

    if (!has(&r, "https://")) {
        return uri->len;
    }
    for (r.at = 8; r.at < r.len && !strchr("/?#", r.data[r.at]); r.at++) {
    }
    return r.at;
}

static int is_in(const mtasts_txt_part *uri, mtasts_txt_part rua)
{
    size_t fold = any_case(uri);
    mtasts_txt_part u;

    while (mtasts_tlsrpt_next(&rua, &u)) {
        if (u.len == uri->len && !strncasecmp(u.data, uri->data, fold) &&
            !memcmp(u.data + fold, uri->data + fold, u.len - fold)) {
            return 1;
        }
    }
    return 0;
}

static int all_in(mtasts_txt_part rua, const mtasts_txt_part *other)
{
    mtasts_txt_part u;

    while (mtasts_tlsrpt_next(&rua, &u)) {
        if (!is_in(&u, *other)) {
            return 0;
        }
    }
    return 1;
}

int mtasts_tlsrpt_equal(const mtasts_txt_part *a, const mtasts_txt_part *b)
{
    return all_in(*a, b) && all_in(*b, a);
}
