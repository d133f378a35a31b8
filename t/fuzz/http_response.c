/* HTTP responses: at once and in pieces; and a body that is sent by length, in
 * chunks, and until the end is the same body.  The first byte of the input says
 * how it is cut, the second how much room there is for a body. */

#include "fuzz.h"

#include "../../src/core/http_response.h"

static unsigned step(unsigned cut)
{
    return cut * 1103515245 + 12345;
}

static void check_string(const char *s, size_t size)
{
    const char *end = memchr(s, '\0', size);

    MUST(end);
    MUST(*s != ' ' && *s != '\t');
    /* One that was cut may end in a blank. */
    MUST(end == s || end == s + size - 1 ||
         (end[-1] != ' ' && end[-1] != '\t'));
}

static void check(const mtasts_http_response *r, size_t room)
{
    const mtasts_http_fields *f = &r->fields;

    MUST((r->state == MTASTS_HTTP_BAD) == (r->why != NULL));
    MUST(r->body_len <= room);
    MUST(!r->body_cut || (r->body_len == room && r->state == MTASTS_HTTP_DONE));
    MUST(r->state != MTASTS_HTTP_DONE ||
         (r->status >= 200 && r->status <= 999));
    MUST(r->body_len == 0 ||
         (r->status >= 200 && r->status != 204 && r->status != 304));
    if (r->why) {
        must_be_printable(r->why);
    }
    check_string(f->location, sizeof(f->location));
    check_string(f->content_type, sizeof(f->content_type));
    check_string(f->content_encoding, sizeof(f->content_encoding));
    check_string(f->etag, sizeof(f->etag));
    check_string(f->age, sizeof(f->age));
    check_string(f->via, sizeof(f->via));
    check_string(f->server, sizeof(f->server));
    check_string(f->cf_cache_status, sizeof(f->cf_cache_status));
}

/* Reads in pieces of 1 to 8 bytes, or at once with `cut` 0; each in a copy of
 * its own size.  *body is to be freed. */
static void read_all(mtasts_http_response *r, char **body, size_t room,
                     const char *in, size_t len, unsigned cut)
{
    size_t at = 0, body_len = 0;

    *body = malloc(room ? room : 1);
    MUST(*body != NULL);
    mtasts_http_begin(r, *body, room);
    while (at < len && r->state == MTASTS_HTTP_MORE) {
        size_t n = cut ? 1 + (cut >> 8) % 8 : len;
        char *piece;

        n = n < len - at ? n : len - at;
        piece = malloc(n);
        MUST(piece != NULL);
        memcpy(piece, in + at, n);
        mtasts_http_read(r, piece, n);
        free(piece);
        check(r, room);
        MUST(r->body_len >= body_len && r->body_len - body_len <= n);
        body_len = r->body_len;
        at += n;
        cut = cut ? step(cut) : 0;
    }
}

static void check_same(const mtasts_http_response *a,
                       const mtasts_http_response *b)
{
    MUST(a->state == b->state && a->why == b->why && a->status == b->status);
    MUST(!memcmp(&a->fields, &b->fields, sizeof(a->fields)));
    MUST(a->body_len == b->body_len && a->body_cut == b->body_cut);
    MUST(!a->body_len || !memcmp(a->body, b->body, a->body_len));
}

static void raw(const char *in, size_t len, size_t room, unsigned cut)
{
    mtasts_http_response whole, pieces;
    mtasts_http_state state;
    char *a, *b;

    read_all(&whole, &a, room, in, len, 0);
    read_all(&pieces, &b, room, in, len, cut);
    check_same(&whole, &pieces);
    state = whole.state;
    mtasts_http_end(&whole);
    mtasts_http_end(&pieces);
    check_same(&whole, &pieces);
    MUST(whole.state != MTASTS_HTTP_MORE);
    MUST(state == MTASTS_HTTP_MORE || whole.state == state);
    check(&whole, room);
    free(a);
    free(b);
}

/* `len` octets in chunks of 1 to 256; returns the length of all. */
static size_t put_chunks(char *to, const char *body, size_t len, unsigned cut)
{
    size_t n = 0, at = 0;

    while (at < len) {
        size_t one = 1 + (cut >> 8) % 256;

        one = one < len - at ? one : len - at;
        n += (size_t)sprintf(to + n, cut & 0x10000 ? "%lx\r\n" : "%03lX ;x=y\n",
                             (unsigned long)one);
        memcpy(to + n, body + at, one);
        n += one;
        n += (size_t)sprintf(to + n, cut & 0x20000 ? "\r\n" : "\n");
        at += one;
        cut = step(cut);
    }
    return n + (size_t)sprintf(to + n, cut & 0x10000 ? "0\r\n\r\n"
                                                     : "0\r\nServer: b\r\n\n");
}

static void sent_as(const char *head, const char *coded, size_t coded_len,
                    const char *body, size_t len, size_t room, unsigned cut)
{
    size_t n = strlen(head), want = len < room ? len : room;
    char *in = malloc(n + coded_len), *got;
    mtasts_http_response r;

    MUST(in != NULL);
    memcpy(in, head, n);
    memcpy(in + n, coded, coded_len);
    read_all(&r, &got, room, in, n + coded_len, cut);
    mtasts_http_end(&r);
    MUST(r.state == MTASTS_HTTP_DONE && r.status == 200);
    MUST(!strcmp(r.fields.server, "a"));
    MUST(r.body_len == want && r.body_cut == (len > room));
    MUST(!want || !memcmp(got, body, want));
    free(got);
    free(in);
}

static void round_trip(const char *body, size_t len, size_t room, unsigned cut)
{
    char *chunks = malloc(len * 16 + 64), head[100];

    MUST(chunks != NULL);
    sent_as("HTTP/1.0 200 OK\r\nServer: a\r\n\r\n", body, len, body, len, room,
            cut);
    snprintf(head, sizeof(head),
             "HTTP/1.1 200\nContent-Length: %lu\nServer:\n a\n\n",
             (unsigned long)len);
    sent_as(head, body, len, body, len, room, cut);
    sent_as("HTTP/1.1 100 x\r\n\r\nHTTP/1.1 200 OK\r\nServer: a\r\n"
            "Transfer-Encoding: chunked\r\n\r\n",
            chunks, put_chunks(chunks, body, len, cut), body, len, room, cut);
    free(chunks);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *in = (const char *)data + 2;

    if (size < 3) {
        return 0;
    }
    raw(in, size - 2, data[1], 1 + data[0] * 256U);
    round_trip(in, size - 2, data[1], 1 + data[0] * 256U);
    return 0;
}
