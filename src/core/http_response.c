#include "http_response.h"

#include <stdint.h>
#include <string.h>
#include <strings.h>

#define VERSION   "HTTP/1."
#define STATUS_AT 9  /* "HTTP/1.1 200" */
#define HEX_MAX   15 /* digits of a chunk's size: no overflow in 64 bits */

/* What the next octet is part of. */
enum {
    IN_STATUS,
    IN_FIELDS,
    IN_CHUNK_SIZE,
    IN_CHUNK_END, /* of the line behind a chunk's data */
    IN_TRAILER,
    IN_LENGTH, /* from here on of the body */
    IN_CHUNK,
    IN_REST /* a body that the end of the connection ends */
};

typedef struct {
    const char *data;
    size_t len;
} part;

#define FIELD(name, member)                                                    \
    {                                                                          \
        (name), offsetof(mtasts_http_fields, member),                          \
            sizeof(((mtasts_http_fields *)0)->member)                          \
    }
static const struct {
    const char *name;
    size_t at, size;
} kept[] = {FIELD("Location", location),
            FIELD("Content-Type", content_type),
            FIELD("Content-Encoding", content_encoding),
            FIELD("ETag", etag),
            FIELD("Age", age),
            FIELD("Via", via),
            FIELD("Server", server),
            FIELD("CF-Cache-Status", cf_cache_status)};

static void fail(mtasts_http_response *r, const char *why)
{
    r->state = MTASTS_HTTP_BAD;
    r->why = why;
}

static int is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static int is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* RFC 9110 5.6.2 */
static int is_token(char c)
{
    return is_digit(c) || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') ||
           (c && strchr("!#$%&'*+-.^_`|~", c));
}

static int is(const part *p, const char *word)
{
    return p->len == strlen(word) && !strncasecmp(p->data, word, p->len);
}

static void trim(part *p)
{
    while (p->len && is_blank(*p->data)) {
        p->data++;
        p->len--;
    }
    while (p->len && is_blank(p->data[p->len - 1])) {
        p->len--;
    }
}

/* The next element of a list with commas; 0 at its end. */
static int next(part *list, part *element)
{
    const char *comma;

    if (!list->data) {
        return 0;
    }
    comma = memchr(list->data, ',', list->len);
    element->data = list->data;
    element->len = comma ? (size_t)(comma - list->data) : list->len;
    list->len -= element->len + (comma != NULL);
    list->data = comma ? comma + 1 : NULL;
    trim(element);
    return 1;
}

/* --- lines --- */

static void line_begin(mtasts_http_response *r)
{
    r->line_len = 0;
    r->line_cut = 0;
    r->line_begins = 1;
}

static void line_put(mtasts_http_response *r, char c)
{
    if (r->line_len < sizeof(r->line)) {
        r->line[r->line_len++] = c;
    }
    else {
        r->line_cut = 1;
    }
}

/* LF came: a CR before it is none of the line's. */
static void line_strip(mtasts_http_response *r)
{
    if (r->line_len && !r->line_cut && r->line[r->line_len - 1] == '\r') {
        r->line_len--;
    }
}

/* --- status line and fields --- */

/* Digits and HTTP/1.0 or 1.1, in this form (RFC 9112 4); what follows is for
 * people. */
static void read_status(mtasts_http_response *r)
{
    const char *s = r->line;
    size_t end = STATUS_AT + 3;

    line_strip(r);
    if (r->line_len < end || (s[7] != '0' && s[7] != '1') || s[8] != ' ' ||
        !is_digit(s[9]) || s[9] == '0' || !is_digit(s[10]) ||
        !is_digit(s[11]) || (r->line_len > end && s[end] != ' ')) {
        fail(r, "no status line of HTTP/1.0 or HTTP/1.1");
        return;
    }
    r->status = (s[9] - '0') * 100 + (s[10] - '0') * 10 + (s[11] - '0');
    r->phase = IN_FIELDS;
    line_begin(r);
}

/* One element; the same number may come again (RFC 9110 8.6). */
static void read_length(mtasts_http_response *r, const part *value)
{
    uint64_t n = 0;
    size_t i;

    for (i = 0; i < value->len && is_digit(value->data[i]); i++) {
        if (n > (SIZE_MAX - 9) / 10) {
            break;
        }
        n = n * 10 + (uint64_t)(value->data[i] - '0');
    }
    if (i == 0 || i < value->len) {
        fail(r, "a Content-Length that is no number");
    }
    else if (r->has_length && r->left != n) {
        fail(r, "two Content-Length that differ");
    }
    else {
        r->has_length = 1;
        r->left = (size_t)n;
    }
}

static void read_framing(mtasts_http_response *r, const part *name, part value)
{
    int is_length = is(name, "Content-Length");
    part element;

    if (!is_length && !is(name, "Transfer-Encoding")) {
        return;
    }
    if (r->line_cut) {
        fail(r, "a Content-Length or Transfer-Encoding of more than 1000 "
                "characters");
        return;
    }
    while (r->state == MTASTS_HTTP_MORE && next(&value, &element)) {
        if (is_length) {
            read_length(r, &element);
        }
        else if (element.len) {
            r->coded = 1;
            r->chunked = is(&element, "chunked");
        }
    }
}

static void keep(mtasts_http_response *r, const part *name, const part *value)
{
    size_t i;

    for (i = 0; i < sizeof(kept) / sizeof(kept[0]); i++) {
        if (is(name, kept[i].name) && !(r->seen & 1U << i)) {
            char *to = (char *)&r->fields + kept[i].at;
            size_t len =
                value->len < kept[i].size ? value->len : kept[i].size - 1;

            memcpy(to, value->data, len);
            to[len] = '\0';
            r->seen |= 1U << i;
        }
    }
}

/* name ":" value.  Who sends anything else is not followed into guesses, as
 * both ends of a connection may guess differently (RFC 9112 5). */
static void read_field(mtasts_http_response *r)
{
    part name = {r->line, 0}, value;

    while (name.len < r->line_len && is_token(r->line[name.len])) {
        name.len++;
    }
    if (name.len == 0 || name.len == r->line_len || r->line[name.len] != ':' ||
        memchr(r->line, '\0', r->line_len) ||
        memchr(r->line, '\r', r->line_len)) {
        fail(r, "a line in the header that is no header field");
        return;
    }
    value.data = r->line + name.len + 1;
    value.len = r->line_len - name.len - 1;
    trim(&value);
    read_framing(r, &name, value);
    keep(r, &name, &value);
}

/* An interim response (1xx) leaves nothing behind but its length. */
static void begin_again(mtasts_http_response *r)
{
    r->status = 0;
    r->coded = r->chunked = r->has_length = 0;
    r->left = 0;
    r->seen = 0;
    memset(&r->fields, 0, sizeof(r->fields));
    r->phase = IN_STATUS;
}

/* RFC 9112 6.3 */
static void end_fields(mtasts_http_response *r)
{
    int empty = !r->coded && r->has_length && r->left == 0;

    if (r->status < 200) {
        begin_again(r);
    }
    else if (empty || r->status == 204 || r->status == 304) {
        r->state = MTASTS_HTTP_DONE;
    }
    else if (r->chunked) {
        r->phase = IN_CHUNK_SIZE;
    }
    else {
        r->phase = !r->coded && r->has_length ? IN_LENGTH : IN_REST;
    }
    line_begin(r);
}

/* A field is read when the next line begins, as that may go on with it
 * (RFC 9112 5.2). */
static void take_in_fields(mtasts_http_response *r, char c)
{
    if (r->line_begins && !is_blank(c)) {
        if (r->line_len) {
            read_field(r);
        }
        line_begin(r);
    }
    r->line_begins = 0;
    if (r->state != MTASTS_HTTP_MORE) {
        return;
    }
    if (c != '\n') {
        line_put(r, c);
        return;
    }
    line_strip(r);
    if (r->line_len == 0) {
        end_fields(r);
    }
    r->line_begins = 1;
}

static void take_in_status(mtasts_http_response *r, char c)
{
    if (c == '\n') {
        read_status(r);
    }
    else if (r->line_len < sizeof(VERSION) - 1 && c != VERSION[r->line_len]) {
        fail(r, "no status line of HTTP/1.0 or HTTP/1.1");
    }
    else {
        line_put(r, c);
    }
}

/* --- body --- */

static int hex(char c)
{
    if (is_digit(c)) {
        return c - '0';
    }
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* 1*HEXDIG, then blanks or an extension, which nobody needs */
static void read_chunk_size(mtasts_http_response *r)
{
    uint64_t size = 0;
    size_t i;

    line_strip(r);
    for (i = 0; i < r->line_len && hex(r->line[i]) >= 0; i++) {
        size = size * 16 + (uint64_t)hex(r->line[i]);
    }
    if (i == 0 || i > HEX_MAX || size > SIZE_MAX ||
        (i < r->line_len && r->line[i] != ';' && !is_blank(r->line[i]))) {
        fail(r, "a chunk without a valid size");
        return;
    }
    r->left = (size_t)size;
    r->phase = size ? IN_CHUNK : IN_TRAILER;
    line_begin(r);
}

static void take_in_chunk_end(mtasts_http_response *r, char c)
{
    if (c == '\n') {
        r->phase = IN_CHUNK_SIZE;
        line_begin(r);
    }
    else if (c == '\r' && r->line_len == 0) {
        line_put(r, c);
    }
    else {
        fail(r, "a chunk longer than its size");
    }
}

static void take_in_trailer(mtasts_http_response *r, char c)
{
    if (c != '\n') {
        line_put(r, c);
        return;
    }
    line_strip(r);
    if (r->line_len == 0) {
        r->state = MTASTS_HTTP_DONE;
    }
    line_begin(r);
}

/* Does an octet of the line count as one of the head?  All but a chunk's size
 * and the ends of lines around it, which a body of any length needs. */
static int is_of_head(const mtasts_http_response *r, char c)
{
    if (r->phase == IN_CHUNK_SIZE) {
        return r->line_len > HEX_MAX && c != '\n';
    }
    return r->phase != IN_CHUNK_END;
}

/* One octet that is not of the body. */
static void take(mtasts_http_response *r, char c)
{
    if (is_of_head(r, c) && ++r->head > MTASTS_HTTP_HEAD_MAX) {
        fail(r, "more than 32768 characters of header");
        return;
    }
    switch (r->phase) {
    case IN_STATUS:
        take_in_status(r, c);
        break;
    case IN_FIELDS:
        take_in_fields(r, c);
        break;
    case IN_CHUNK_SIZE:
        if (c == '\n') {
            read_chunk_size(r);
        }
        else {
            line_put(r, c);
        }
        break;
    case IN_CHUNK_END:
        take_in_chunk_end(r, c);
        break;
    default:
        take_in_trailer(r, c);
    }
}

/* Octets of the body; returns how many. */
static size_t take_body(mtasts_http_response *r, const char *bytes, size_t len)
{
    size_t n = len, room = r->body_size - r->body_len;

    if (r->phase != IN_REST && n > r->left) {
        n = r->left;
    }
    if (n > room) {
        n = room;
        r->body_cut = 1;
        r->state = MTASTS_HTTP_DONE;
    }
    if (n) {
        memcpy(r->body + r->body_len, bytes, n);
        r->body_len += n;
    }
    if (r->phase == IN_REST || r->body_cut) {
        return n;
    }
    r->left -= n;
    if (r->left == 0 && r->phase == IN_LENGTH) {
        r->state = MTASTS_HTTP_DONE;
    }
    else if (r->left == 0) {
        r->phase = IN_CHUNK_END;
        line_begin(r);
    }
    return n;
}

/* --- all of it --- */

void mtasts_http_begin(mtasts_http_response *r, char *body, size_t size)
{
    memset(r, 0, sizeof(*r));
    r->body = body;
    r->body_size = size;
    r->phase = IN_STATUS;
    line_begin(r);
}

void mtasts_http_read(mtasts_http_response *r, const char *bytes, size_t len)
{
    size_t at = 0;

    while (at < len && r->state == MTASTS_HTTP_MORE) {
        if (r->phase >= IN_LENGTH) {
            at += take_body(r, bytes + at, len - at);
        }
        else {
            take(r, bytes[at++]);
        }
    }
}

void mtasts_http_end(mtasts_http_response *r)
{
    if (r->state != MTASTS_HTTP_MORE) {
        return;
    }
    if (r->phase == IN_REST) {
        r->state = MTASTS_HTTP_DONE;
    }
    else if (r->head == 0) {
        fail(r, "the connection was closed without a response");
    }
    else if (r->phase == IN_STATUS || r->phase == IN_FIELDS) {
        fail(r, "the connection was closed in the middle of the header");
    }
    else {
        fail(r, "the connection was closed in the middle of the body");
    }
}
