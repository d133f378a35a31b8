/* HTTP responses: what is read of them, in pieces of any size, and what is no
 * HTTP. */

#include "../../src/core/http_response.h"
#include "../../src/core/text.h"
#include "tap.h"

#include <stdlib.h>

#define ROOM 16 /* for the body, in all cases */

/* In allocations of their own sizes, so that reading and writing behind them is
 * seen.  `r` keeps its pointer to `body`. */
static void read_pieces(mtasts_http_response *r, char *body, size_t room,
                        const char *bytes, size_t len, size_t first,
                        size_t piece)
{
    size_t at = 0, n = first;

    mtasts_http_begin(r, body, room);
    while (at < len && r->state == MTASTS_HTTP_MORE) {
        char *copy;

        n = n < len - at ? n : len - at;
        copy = malloc(n);
        memcpy(copy, bytes + at, n);
        mtasts_http_read(r, copy, n);
        free(copy);
        at += n;
        n = piece;
    }
}

static int same(const mtasts_http_response *a, const mtasts_http_response *b)
{
    return a->state == b->state && a->why == b->why && a->status == b->status &&
           !memcmp(&a->fields, &b->fields, sizeof(a->fields)) &&
           a->body_len == b->body_len && a->body_cut == b->body_cut &&
           (!a->body_len || !memcmp(a->body, b->body, a->body_len));
}

static int same_in_pieces(const char *bytes, size_t len, size_t room)
{
    mtasts_http_response whole, r;
    char *a = malloc(room), *b = malloc(room);
    int good = 1;
    size_t i;

    read_pieces(&whole, a, room, bytes, len, len, len);
    for (i = 1; i <= 7; i++) {
        read_pieces(&r, b, room, bytes, len, i, i);
        good = good && same(&whole, &r);
    }
    for (i = 1; i < len && i < 300; i++) {
        read_pieces(&r, b, room, bytes, len, i, len);
        good = good && same(&whole, &r);
    }
    mtasts_http_end(&whole);
    mtasts_http_end(&r);
    good = good && same(&whole, &r) && r.state != MTASTS_HTTP_MORE;
    free(a);
    free(b);
    return good;
}

/* Strings with their length, as there may be NUL inside. */
#define S(s) s, sizeof(s) - 1
#define OK   "HTTP/1.1 200 OK\r\n"
#define CH   OK "Transfer-Encoding: chunked\r\n\r\n"
#define EOH  "\r\n\r\n"

static void good(void)
{
    static const struct {
        const char *in;
        size_t len;
        int status;
        const char *body;
        int cut, until_close;
    } cases[] = {
        /* status lines */
        {S("HTTP/1.1 200 OK" EOH "abc"), 200, "abc", 0, 1},
        {S("HTTP/1.0 200 OK\n\nabc"), 200, "abc", 0, 1},
        {S("HTTP/1.1 404" EOH), 404, "", 0, 1},
        {S("HTTP/1.1 404 " EOH), 404, "", 0, 1},
        {S("HTTP/1.1 999 x y\xff" EOH), 999, "", 0, 1},
        {S("HTTP/1.1 204 No Content" EOH "abc"), 204, "", 0, 0},
        {S("HTTP/1.1 304 x\r\nContent-Length: 3" EOH "abc"), 304, "", 0, 0},
        {S("HTTP/1.1 204 x\r\nTransfer-Encoding: chunked" EOH), 204, "", 0, 0},
        /* by length */
        {S(OK "Content-Length: 3" EOH "abc"), 200, "abc", 0, 0},
        {S(OK "Content-Length: 3" EOH "abcd"), 200, "abc", 0, 0},
        {S(OK "content-length:3\n\nabc"), 200, "abc", 0, 0},
        {S(OK "CONTENT-LENGTH: \t 003 \t" EOH "abc"), 200, "abc", 0, 0},
        {S(OK "Content-Length: 0" EOH "abc"), 200, "", 0, 0},
        {S(OK "Content-Length: 3\r\nContent-Length: 3" EOH "abc"), 200, "abc",
         0, 0},
        {S(OK "Content-Length: 3, 3" EOH "abc"), 200, "abc", 0, 0},
        {S(OK "Content-Length:\r\n 3" EOH "abc"), 200, "abc", 0, 0},
        {S(OK "Content-Length: 16" EOH "0123456789abcdef"), 200,
         "0123456789abcdef", 0, 0},
        {S(OK "Content-Length: 17" EOH "0123456789abcdefg"), 200,
         "0123456789abcdef", 1, 0},
        {S(OK "Content-Length: 18446744073709551000" EOH "0123456789abcdefg"),
         200, "0123456789abcdef", 1, 0},
        /* until the end */
        {S(OK "\r\n0123456789abcdef"), 200, "0123456789abcdef", 0, 1},
        {S(OK "\r\n0123456789abcdefg"), 200, "0123456789abcdef", 1, 0},
        {S(OK "Transfer-Encoding: gzip" EOH "abc"), 200, "abc", 0, 1},
        {S(OK "Transfer-Encoding: gzip\r\nContent-Length: 1" EOH "abc"), 200,
         "abc", 0, 1},
        {S(OK "Transfer-Encoding: gzip\r\nContent-Length: 0" EOH "abc"), 200,
         "abc", 0, 1},
        {S(OK "Transfer-Encoding: chunked, gzip" EOH "abc"), 200, "abc", 0, 1},
        {S(OK "Transfer-Encoding: chunkedx" EOH "abc"), 200, "abc", 0, 1},
        {S(OK "Transfer-Encoding: " EOH "abc"), 200, "abc", 0, 1},
        /* in chunks */
        {S(CH "3\r\nabc\r\n0\r\n\r\n"), 200, "abc", 0, 0},
        {S(CH "3\nabc\n0\n\n"), 200, "abc", 0, 0},
        {S(CH "1\r\na\r\n2\r\nbc\r\n0\r\n\r\nHTTP"), 200, "abc", 0, 0},
        {S(CH "0\r\n\r\n"), 200, "", 0, 0},
        {S(CH "3;x=y\r\nabc\r\n0;z\r\n\r\n"), 200, "abc", 0, 0},
        {S(CH "3   \r\nabc\r\n0 ; z\r\n\r\n"), 200, "abc", 0, 0},
        {S(CH "00000003\r\nabc\r\n000\r\n\r\n"), 200, "abc", 0, 0},
        {S(CH "a\r\n0123456789\r\n0\r\n\r\n"), 200, "0123456789", 0, 0},
        {S(CH "A\r\n0123456789\r\n0\r\n\r\n"), 200, "0123456789", 0, 0},
        {S(CH "10\r\n0123456789abcdef\r\n0\r\n\r\n"), 200, "0123456789abcdef",
         0, 0},
        {S(CH "fffffffffffffff\r\n0123456789abcdefg"), 200, "0123456789abcdef",
         1, 0},
        {S(CH "3\r\nabc\r\n0\r\nX: y\r\nServer: z\r\n\r\n"), 200, "abc", 0, 0},
        {S(CH "3\r\nabc\r\n0\r\nno field\n\n"), 200, "abc", 0, 0},
        {S(CH "3\r\n\r\n0\r\n0\r\n\r\n"), 200, "\r\n0", 0, 0},
        {S(OK "Transfer-Encoding: gzip, Chunked" EOH "1\r\na\r\n0\r\n\r\n"),
         200, "a", 0, 0},
        {S(OK "Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked" EOH
              "1\r\na\r\n0\r\n\r\n"),
         200, "a", 0, 0},
        {S(OK "Transfer-Encoding: chunked, ," EOH "1\r\na\r\n0\r\n\r\n"), 200,
         "a", 0, 0},
        {S(OK "Transfer-Encoding:\r\n\tchunked" EOH "1\r\na\r\n0\r\n\r\n"), 200,
         "a", 0, 0},
        {S(OK "Transfer-Encoding: chunked\r\nContent-Length: 9" EOH
              "1\r\na\r\n0\r\n\r\n"),
         200, "a", 0, 0},
        {S(OK "Content-Length: 0\r\nTransfer-Encoding: chunked" EOH
              "1\r\na\r\n0\r\n\r\n"),
         200, "a", 0, 0},
        /* interim responses leave nothing behind */
        {S("HTTP/1.1 100 Continue" EOH OK "Content-Length: 1" EOH "a"), 200,
         "a", 0, 0},
        {S("HTTP/1.1 103 x\r\nContent-Length: 9\r\nServer: a" EOH
           "HTTP/1.1 102 x\r\nTransfer-Encoding: chunked" EOH
           "HTTP/1.1 404 x" EOH "a"),
         404, "a", 0, 1},
        /* a line that goes on is no field of its own, nor an end */
        {S(OK "X: a\r\n Content-Length: 1\r\n \r\nContent-Length: 3" EOH "abc"),
         200, "abc", 0, 0},
        {S(OK "X: a\n\t\n Transfer-Encoding: chunked\n\nabc"), 200, "abc", 0,
         1},
        {S(OK "X-Content-Length: 1\r\nContent-Lengthy: 1" EOH "abc"), 200,
         "abc", 0, 1},
        {S(OK "X:\r\nY: Content-Length: 1" EOH "abc"), 200, "abc", 0, 1},
    };
    size_t i;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const char *in = cases[i].in;
        size_t len = cases[i].len;
        mtasts_http_response r;
        char name[160], body[ROOM + 1];

        mtasts_escape_bytes(name, sizeof(name), in, len);
        read_pieces(&r, body, ROOM, in, len, len, len);
        ok(r.state ==
               (cases[i].until_close ? MTASTS_HTTP_MORE : MTASTS_HTTP_DONE),
           "where it ends", name);
        mtasts_http_end(&r);
        ok(r.state == MTASTS_HTTP_DONE && !r.why &&
               r.status == cases[i].status && r.body_cut == cases[i].cut,
           "response", name);
        body[r.body_len] = '\0';
        is_str(body, cases[i].body, "body", name);
        ok(same_in_pieces(in, len, ROOM), "in pieces", name);
    }
}

static void bad(void)
{
    static const char status[] = "no status line of HTTP/1.0 or HTTP/1.1";
    static const char field[] = "a line in the header that is no header field";
    static const char number[] = "a Content-Length that is no number";
    static const char differ[] = "two Content-Length that differ";
    static const char size[] = "a chunk without a valid size";
    static const char longer[] = "a chunk longer than its size";
    static const char none[] = "the connection was closed without a response";
    static const char head[] =
        "the connection was closed in the middle of the header";
    static const char body[] =
        "the connection was closed in the middle of the body";
    static const struct {
        const char *in;
        size_t len;
        const char *why;
    } cases[] = {
        {S("220 mx.example.com ESMTP\r\n"), status},
        {S("\r\n" OK), status},
        {S("\0"), status},
        {S("<html>"), status},
        {S("http/1.1 200 OK" EOH), status},
        {S("HTTP/2 200" EOH), status},
        {S("HTTP/1.2 200 OK" EOH), status},
        {S("HTTP/1.10 200 OK" EOH), status},
        {S("HTTP/1.1" EOH), status},
        {S("HTTP/1.1 " EOH), status},
        {S("HTTP/1.1  200" EOH), status},
        {S("HTTP/1.1\t200 OK" EOH), status},
        {S("HTTP/1.1 20" EOH), status},
        {S("HTTP/1.1 20x OK" EOH), status},
        {S("HTTP/1.1 2000 OK" EOH), status},
        {S("HTTP/1.1 200OK" EOH), status},
        {S("HTTP/1.1 099 OK" EOH), status},
        {S("HTTP/1.1 -20 OK" EOH), status},
        {S("HTTP/1.1 100 x" EOH "abc"), status},
        /* The end of a line before is still in the buffer, but not read. */
        {S("HTTP/1.1 100 x\nABCDEFGHIJK5: x\n\nHTTP/1.1 20\n\n"), status},
        {S(OK "no field" EOH), field},
        {S(OK ": a" EOH), field},
        {S(OK "X : a" EOH), field},
        {S(OK " X: a" EOH), field},
        {S(OK "Content-Length : 3" EOH), field},
        {S(OK "X\0: a" EOH), field},
        {S(OK "X: a\0" EOH), field},
        {S(OK "X: a\rContent-Length: 3" EOH), field},
        {S(OK "X: a\r\r\n\r\n"), field},
        {S(OK "\r\r\n\r\n"), field},
        {S(OK "X\xff: a" EOH), field},
        {S(OK "Content-Length:" EOH), number},
        {S(OK "Content-Length: a" EOH), number},
        {S(OK "Content-Length: -1" EOH), number},
        {S(OK "Content-Length: +1" EOH), number},
        {S(OK "Content-Length: 0x1" EOH), number},
        {S(OK "Content-Length: 1 2" EOH), number},
        {S(OK "Content-Length: 1," EOH), number},
        {S(OK "Content-Length: 1\r\n 2" EOH), number},
        {S(OK "Content-Length: 18446744073709551617" EOH), number},
        {S(OK "Content-Length: 99999999999999999999999999" EOH), number},
        {S(OK "Content-Length: x\r\nTransfer-Encoding: chunked" EOH), number},
        {S(OK "Content-Length: 1, 2" EOH), differ},
        {S(OK "Content-Length: 0\r\nContent-Length: 1" EOH), differ},
        {S(OK "Content-Length: 1\r\nX: y\r\ncontent-length: 2" EOH), differ},
        {S(CH "\r\n"), size},
        {S(CH "x\r\n"), size},
        {S(CH ";x\r\n"), size},
        {S(CH " 1\r\n"), size},
        {S(CH "-1\r\n"), size},
        {S(CH "0x1\r\n"), size},
        {S(CH "1x\r\n"), size},
        {S(CH "1\r\r\n"), size},
        {S(CH "1\0\r\n"), size},
        {S(CH "1000000000000000\r\n"), size},
        {S(CH "10000000000000001\r\n"), size},
        {S(CH "ffffffffffffffffffffffffffffffff\r\n"), size},
        {S(CH "1\r\nab\r\n"), longer},
        {S(CH "1\r\na\r\r\n"), longer},
        {S(CH "1\r\na1\r\n"), longer},
        {S(CH "1\r\na\r\n\r\n"), size},
        /* broken off */
        {S(""), none},
        {S("H"), head},
        {S("HTTP/1.1 200 OK\r\n"), head},
        {S("HTTP/1.1 204 x\r\n\r"), head},
        {S("HTTP/1.1 100 x" EOH), head},
        {S(OK "Content-Length: 3\r\n"), head},
        {S(OK "Content-Length: 3" EOH), body},
        {S(OK "Content-Length: 3" EOH "ab"), body},
        {S(CH), body},
        {S(CH "3"), body},
        {S(CH "3\r\nab"), body},
        {S(CH "3\r\nabc"), body},
        {S(CH "3\r\nabc\r"), body},
        {S(CH "3\r\nabc\r\n"), body},
        {S(CH "3\r\nabc\r\n0\r\n"), body},
        {S(CH "3\r\nabc\r\n0\r\nX: y\r\n"), body},
    };
    size_t i;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const char *in = cases[i].in;
        size_t len = cases[i].len;
        int end = !strncmp(cases[i].why, "the connection", 14);
        mtasts_http_response r;
        char name[160], room[ROOM];

        mtasts_escape_bytes(name, sizeof(name), in, len);
        read_pieces(&r, room, ROOM, in, len, len, len);
        ok(r.state == (end ? MTASTS_HTTP_MORE : MTASTS_HTTP_BAD), "known",
           name);
        mtasts_http_end(&r);
        ok(r.state == MTASTS_HTTP_BAD, "no HTTP", name);
        is_str(r.why ? r.why : "", cases[i].why, "why", name);
        ok(same_in_pieces(in, len, ROOM), "in pieces", name);
    }
}

static void fields(void)
{
    static const char in[] =
        "HTTP/1.1 103 Early Hints\r\nETag: \"interim\"\r\nServer: interim" EOH
        "HTTP/1.1 301 Moved\r\n"
        "LOCATION:https://example.com/ \r\n"
        "content-type: text/plain;\r\n\t charset=utf-8\r\n"
        "Content-Encoding:\r\n"
        "content-encoding: gzip\r\n"
        "Age: 1\r\nAge: 2\r\n"
        "Via: 1.1 \x1b[2J\xff\r\n"
        "X-Server: none\r\n"
        "CF-Cache-Status: 01234567890123456789012345678901\r\n"
        "Server: Apache";
    mtasts_http_response r;
    char body[ROOM], *big;
    size_t len;

    read_pieces(&r, body, ROOM, in, sizeof(in) - 1, sizeof(in) - 1, 1);
    mtasts_http_read(&r, EOH, 4);
    mtasts_http_end(&r);
    ok(r.state == MTASTS_HTTP_DONE && r.status == 301, "fields", "status");
    is_str(r.fields.location, "https://example.com/", "field", "no blanks");
    is_str(r.fields.content_type, "text/plain;\t charset=utf-8", "field",
           "folded");
    is_str(r.fields.content_encoding, "", "field", "the first is empty");
    is_str(r.fields.age, "1", "field", "the first of two");
    is_str(r.fields.via, "1.1 \x1b[2J\xff", "field", "as it came");
    is_str(r.fields.cf_cache_status, "0123456789012345678901234567890", "field",
           "cut");
    is_str(r.fields.server, "Apache", "field", "the last line");
    is_str(r.fields.etag, "", "field", "not of an interim response");
    ok(same_in_pieces(in, sizeof(in) - 1, ROOM), "in pieces", "fields");

    /* A line longer than is kept, and one that would be taken for another. */
    big = malloc(6000);
    len = (size_t)sprintf(
        big, OK "Server: %2000s\r\nETag: %01020d\r\nAge: 1" EOH, "x", 1);
    read_pieces(&r, body, ROOM, big, len, len, 1);
    mtasts_http_end(&r);
    ok(r.state == MTASTS_HTTP_DONE && !strcmp(r.fields.age, "1"), "long field",
       "read on");
    is_str(r.fields.server, "", "long field", "what is cut off is not seen");
    ok(strlen(r.fields.etag) == sizeof(r.fields.etag) - 1, "long field", "cut");
    ok(same_in_pieces(big, len, ROOM), "in pieces", "long field");
    /* A CR inside, where the line is cut. */
    len = (size_t)sprintf(big, OK "Server: %1016s%s" EOH, "\r", "x");
    read_pieces(&r, body, ROOM, big, len, len, 1);
    ok(r.state == MTASTS_HTTP_BAD, "long field", "with CR");
    len = (size_t)sprintf(big, OK "Transfer-Encoding: %2000s" EOH, "chunked");
    read_pieces(&r, body, ROOM, big, len, len, 1);
    ok(r.state == MTASTS_HTTP_BAD && strstr(r.why, "1000"), "long field",
       "of framing");
    ok(same_in_pieces(big, len, ROOM), "in pieces", "of framing");
    free(big);
}

/* A head of `len` octets: a status line, fields, an empty line. */
static void put_head(char *to, const char *begin, size_t len, const char *fold)
{
    size_t n = (size_t)sprintf(to, "%s", begin);

    memset(to + n, 'x', len - n);
    while (len - n > 200) {
        memcpy(to + n + 98, "\r\n", 2);
        n += 100;
        memcpy(to + n, fold, strlen(fold));
    }
    memcpy(to + len - 4, EOH, 4);
}

static void limits(void)
{
    static const char *const begin[] = {
        "HTTP/1.1 204 ", "HTTP/1.1 204 x\r\nX: ", "HTTP/1.1 204 x\r\nX: ",
        "HTTP/1.1 103 x" EOH "HTTP/1.1 204 x\r\nX: "};
    static const char *const fold[] = {"Y: ", "Y: ", " ", "\t"};
    static const char *const name[] = {"reason", "fields", "one field",
                                       "after another"};
    char *in = malloc(3 * MTASTS_HTTP_HEAD_MAX), body[ROOM];
    mtasts_http_response r;
    size_t i, len = MTASTS_HTTP_HEAD_MAX;

    for (i = 0; i < 4; i++) {
        put_head(in, begin[i], len, fold[i]);
        read_pieces(&r, body, ROOM, in, len, len, 1);
        ok(r.state == MTASTS_HTTP_DONE && r.status == 204, "longest head",
           name[i]);
        put_head(in, begin[i], len + 1, fold[i]);
        read_pieces(&r, body, ROOM, in, len + 1, len + 1, 1);
        ok(r.state == MTASTS_HTTP_BAD, "longer head", name[i]);
        is_str(r.why ? r.why : "", "more than 32768 characters of header",
               "why", name[i]);
        ok(same_in_pieces(in, len + 1, ROOM), "in pieces", "longer head");
    }
    /* No end of interim responses. */
    for (i = 0; i < 2 * len; i += 18) {
        memcpy(in + i, "HTTP/1.1 100 x" EOH, 18);
    }
    read_pieces(&r, body, ROOM, in, i, i, 1);
    ok(r.state == MTASTS_HTTP_BAD, "endless", "interim responses");
    /* No end of a trailer, and of a chunk's extension. */
    memset(in, 'x', 2 * len);
    memcpy(in, CH "0\r\n", sizeof(CH) + 2);
    read_pieces(&r, body, ROOM, in, 2 * len, 2 * len, 1);
    ok(r.state == MTASTS_HTTP_BAD && strstr(r.why, "32768"), "endless",
       "trailer");
    memcpy(in, CH "1;x", sizeof(CH) + 2);
    read_pieces(&r, body, ROOM, in, 2 * len, 2 * len, 1);
    ok(r.state == MTASTS_HTTP_BAD && strstr(r.why, "32768"), "endless",
       "extension");
    free(in);
}

/* A body in chunks of one octet, whose sizes alone are longer than a head. */
static void small_chunks(void)
{
    size_t n = 20000, i, len = sizeof(CH) - 1;
    char *in = malloc(len + n * 6 + 5), *body = malloc(n);
    mtasts_http_response r;

    memcpy(in, CH, len);
    for (i = 0; i < n; i++) {
        memcpy(in + len, "1\r\na\r\n", 6);
        len += 6;
    }
    memcpy(in + len, "0\r\n\r\n", 5);
    len += 5;
    read_pieces(&r, body, n, in, len, len, 1);
    ok(r.state == MTASTS_HTTP_DONE && r.body_len == n && !r.body_cut, "chunks",
       "of one octet");
    mtasts_http_begin(&r, NULL, 0);
    mtasts_http_read(&r, in, len);
    ok(r.state == MTASTS_HTTP_DONE && r.body_len == 0 && r.body_cut, "chunks",
       "no room at all");
    mtasts_http_begin(&r, NULL, 0);
    mtasts_http_read(&r, CH "0\r\n\r\n", sizeof(CH) - 1 + 5);
    ok(r.state == MTASTS_HTTP_DONE && !r.body_cut, "chunks",
       "no room, and none needed");
    free(in);
    free(body);
}

int main(void)
{
    good();
    bad();
    fields();
    limits();
    small_chunks();
    return done();
}
