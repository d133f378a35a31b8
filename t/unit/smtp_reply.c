/* SMTP replies: what is read of them, in pieces of any size, and what is no
 * SMTP. */

#include "../../src/core/smtp_reply.h"
#include "../../src/core/text.h"
#include "tap.h"

#include <stdlib.h>

/* `bytes` in an allocation of its own size, so that reading behind it is seen;
 * how many were taken. */
static size_t read_piece(mtasts_smtp_reply *r, const char *bytes, size_t len)
{
    char *copy = malloc(len ? len : 1);
    size_t taken;

    memcpy(copy, bytes, len);
    taken = mtasts_smtp_read(r, copy, len);
    free(copy);
    return taken;
}

/* First `first` bytes, then pieces of `piece`. */
static size_t read_pieces(mtasts_smtp_reply *r, const char *bytes, size_t len,
                          size_t first, size_t piece)
{
    size_t taken = 0, n = first;

    memset(r, 0, sizeof(*r));
    while (taken < len && r->state == MTASTS_SMTP_MORE) {
        taken +=
            read_piece(r, bytes + taken, n < len - taken ? n : len - taken);
        n = piece;
    }
    return taken;
}

static int same(const mtasts_smtp_reply *a, const mtasts_smtp_reply *b)
{
    return a->state == b->state && a->code == b->code &&
           a->starttls == b->starttls && a->why == b->why &&
           !strcmp(a->text, b->text);
}

static int same_in_pieces(const char *bytes, size_t len)
{
    mtasts_smtp_reply whole, r;
    size_t taken = read_pieces(&whole, bytes, len, len, len), i;

    for (i = 1; i <= 7; i++) {
        if (read_pieces(&r, bytes, len, i, i) != taken || !same(&whole, &r)) {
            return 0;
        }
    }
    for (i = 1; i < len && i < 300; i++) {
        if (read_pieces(&r, bytes, len, i, len) != taken || !same(&whole, &r)) {
            return 0;
        }
    }
    return 1;
}

/* Strings with their length, as there may be NUL inside. */
#define S(s) s, sizeof(s) - 1

static void good(void)
{
    static const struct {
        const char *in;
        size_t len;
        int code, starttls;
        const char *text;
        size_t rest; /* what is not taken */
    } cases[] = {
        {S("220 mx.example.com ESMTP\r\n"), 220, 0, "mx.example.com ESMTP", 0},
        {S("220 mx.example.com ESMTP\n"), 220, 0, "mx.example.com ESMTP", 0},
        {S("220\r\n"), 220, 0, "", 0},
        {S("220 \r\n"), 220, 0, "", 0},
        {S("200 a\n"), 200, 0, "a", 0},
        {S("599 a\n"), 599, 0, "a", 0},
        {S("421 4.3.2 Closing\r\n"), 421, 0, "4.3.2 Closing", 0},
        {S("554 No SMTP service here\r\n"), 554, 0, "No SMTP service here", 0},
        {S("220 a\r\n220 b\r\n"), 220, 0, "a", 7},
        {S("220 a\n\x16\x03\x01"), 220, 0, "a", 3},
        {S("220-a\r\n220-b\r\n220 c\r\n"), 220, 0, "a", 0},
        {S("220-a\n220-b\r\n220\n"), 220, 0, "a", 0},
        {S("220-\r\n220-\r\n220\r\n"), 220, 0, "", 0},
        {S("250-mx\r\n250-SIZE 1000\r\n250 STARTTLS\r\n"), 250, 1, "mx", 0},
        {S("250-mx\r\n250-STARTTLS\r\n250 HELP\r\n"), 250, 1, "mx", 0},
        {S("250-mx\n250-STARTTLS\n250 HELP\n"), 250, 1, "mx", 0},
        {S("250-mx\r\n250-StartTLS \r\n250 HELP\r\n"), 250, 1, "mx", 0},
        {S("250-mx\r\n250-starttls\tx y\r\n250 HELP\r\n"), 250, 1, "mx", 0},
        {S("250 STARTTLS\r\n"), 250, 0, "STARTTLS", 0},
        {S("250-STARTTLS\r\n250 HELP\r\n"), 250, 0, "STARTTLS", 0},
        {S("250-mx\r\n250-STARTTLSX\r\n250 HELP\r\n"), 250, 0, "mx", 0},
        {S("250-mx\r\n250-STARTTLS=x\r\n250 HELP\r\n"), 250, 0, "mx", 0},
        {S("250-mx\r\n250-XSTARTTLS\r\n250 HELP\r\n"), 250, 0, "mx", 0},
        {S("250-mx\r\n250- STARTTLS\r\n250 HELP\r\n"), 250, 0, "mx", 0},
        {S("250-mx\r\n250-START\r\n250-TLS\r\n250 HELP\r\n"), 250, 0, "mx", 0},
        {S("250-mx\r\n250-STARTTLS\0\r\n250 HELP\r\n"), 250, 0, "mx", 0},
        {S("250-mx\r\n250-STARTTL\0S\r\n250 HELP\r\n"), 250, 0, "mx", 0},
        {S("250-mx\r\n250-STARTTLS\r\r\n250 HELP\r\n"), 250, 0, "mx", 0},
        /* The end of a line before is still in the buffer, but not read. */
        {S("250-mx\n250-XTARTTLS\n250-STARTTL\n250 \n"), 250, 0, "mx", 0},
        {S("250-mx\n250-XTARTTLS x\n250-STARTTL\n250 \n"), 250, 0, "mx", 0},
        {S("250-mx\r\n250-XXXXTTLS\r\n250-STAR\r\n250 \r\n"), 250, 0, "mx", 0},
        {S("220 a\0b\r\n"), 220, 0, "ab", 0},
        {S("220 \0\r\n"), 220, 0, "", 0},
        {S("220-a\0\n220 \n"), 220, 0, "a", 0},
        {S("220 a\rb\r\n"), 220, 0, "a\rb", 0},
        {S("220 a\r\r\n"), 220, 0, "a\r", 0},
        {S("220 \x1b[2J\xff\r\n"), 220, 0, "\x1b[2J\xff", 0},
    };
    size_t i;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const char *in = cases[i].in;
        size_t len = cases[i].len;
        mtasts_smtp_reply r = {0};
        size_t taken = read_piece(&r, in, len);
        char name[120];

        mtasts_escape_bytes(name, sizeof(name), in, len);
        ok(r.state == MTASTS_SMTP_DONE && r.code == cases[i].code &&
               r.starttls == cases[i].starttls && !r.why &&
               taken == len - cases[i].rest,
           "reply", name);
        is_str(r.text, cases[i].text, "text", name);
        ok(same_in_pieces(in, len), "in pieces", name);
    }
}

static void bad(void)
{
    static const char no_code[] = "no three-digit reply code";
    static const char range[] = "a reply code that is not 200 to 599";
    static const char differ[] = "lines with different reply codes";
    static const char hyphen[] =
        "neither a blank nor a hyphen after the reply code";
    static const struct {
        const char *in;
        size_t len;
        const char *why;
        size_t at; /* taken when it is known */
        int code;
    } cases[] = {
        {S("\r\n"), no_code, 2, 0},
        {S("\n"), no_code, 1, 0},
        {S("22\r\n"), no_code, 4, 0},
        {S("22 a\r\n"), no_code, 3, 0},
        {S("2"), NULL, 1, 0},
        {S("HTTP/1.1 400 Bad Request\r\n"), no_code, 1, 0},
        {S("\x15\x03\x01\x00\x02\x02\x28"), no_code, 1, 0},
        {S(" 220 a\r\n"), no_code, 1, 0},
        {S("\0"), no_code, 1, 0},
        {S("2\0"
           "20 a\r\n"),
         no_code, 2, 0},
        {S("2\r\n"), no_code, 3, 0},
        {S("2\r20 a\r\n"), no_code, 3, 0},
        {S("\r220 a\r\n"), no_code, 2, 0},
        {S("\xb2\xb2\xb0 a\r\n"), no_code, 1, 0},
        {S("-20 a\r\n"), no_code, 1, 0},
        {S("199 a\r\n"), range, 1, 0},
        {S("600 a\r\n"), range, 1, 0},
        {S("020 a\r\n"), range, 1, 0},
        {S("2200 a\r\n"), hyphen, 4, 220},
        {S("220a\r\n"), hyphen, 4, 220},
        {S("220\ta\r\n"), hyphen, 4, 220},
        {S("220\0\r\n"), hyphen, 4, 220},
        {S("220\r a\r\n"), hyphen, 5, 220},
        {S("250-a\r\n220 b\r\n"), differ, 9, 250},
        {S("250-a\r\n251 b\r\n"), differ, 10, 250},
        {S("250-a\r\n550 b\r\n"), differ, 8, 250},
        {S("250-a\r\n150 b\r\n"), differ, 8, 250},
        {S("250-a\r\n\r\n250 b\r\n"), no_code, 9, 250},
        {S("250-a\r\nb\r\n250 b\r\n"), no_code, 8, 250},
        {S("250-a\r\n25\r\n"), no_code, 11, 250},
        /* Nothing but an end is missing. */
        {S(""), NULL, 0, 0},
        {S("220"), NULL, 3, 220},
        {S("220 a"), NULL, 5, 220},
        {S("220 a\r"), NULL, 6, 220},
        {S("220-a\r\n"), NULL, 7, 220},
        {S("220-a\r\n220-b\n"), NULL, 13, 220},
    };
    size_t i;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const char *in = cases[i].in;
        size_t len = cases[i].len;
        mtasts_smtp_reply r = {0};
        size_t taken = read_piece(&r, in, len);
        char name[120];

        mtasts_escape_bytes(name, sizeof(name), in, len);
        ok(taken == cases[i].at, "known at", name);
        ok(r.code == cases[i].code, "code", name);
        if (cases[i].why) {
            ok(r.state == MTASTS_SMTP_BAD, "no SMTP", name);
            is_str(r.why ? r.why : "", cases[i].why, "why", name);
        }
        else {
            ok(r.state == MTASTS_SMTP_MORE && !r.why, "not the end", name);
        }
        ok(same_in_pieces(in, len), "in pieces", name);
    }
}

/* A line of `len` characters with its CRLF; returns what is behind it. */
static char *put_line(char *to, const char *begin, size_t len)
{
    memset(to, 'x', len);
    memcpy(to, begin, strlen(begin));
    memcpy(to + len, "\r\n", 2);
    return to + len + 2;
}

static void limits(void)
{
    char *in = malloc(2 * MTASTS_SMTP_REPLY_MAX), *end;
    mtasts_smtp_reply r;
    size_t len, taken;

    len = (size_t)(put_line(in, "220 ", MTASTS_SMTP_LINE_MAX) - in);
    taken = read_pieces(&r, in, len, len, len);
    ok(r.state == MTASTS_SMTP_DONE && taken == len, "limit", "longest line");
    ok(strlen(r.text) == MTASTS_SMTP_TEXT - 1, "limit", "text is cut");
    ok(same_in_pieces(in, len), "in pieces", "longest line");

    len = (size_t)(put_line(in, "220 ", MTASTS_SMTP_LINE_MAX + 1) - in);
    taken = read_pieces(&r, in, len, len, len);
    ok(r.state == MTASTS_SMTP_BAD && taken == MTASTS_SMTP_LINE_MAX + 1, "limit",
       "a longer line");
    is_str(r.why ? r.why : "", "a line longer than 4096 characters", "limit",
           "why");
    ok(same_in_pieces(in, len), "in pieces", "a longer line");
    memset(in + 4, '\r', len - 4);
    read_pieces(&r, in, len, len, len);
    ok(r.state == MTASTS_SMTP_BAD, "limit", "a line of CR");
    memset(in + 4, '\0', len - 4);
    read_pieces(&r, in, len, len, len);
    ok(r.state == MTASTS_SMTP_BAD, "limit", "a line of NUL");

    /* 32 lines of 2048 octets with their ends: exactly the most. */
    for (end = in; end < in + MTASTS_SMTP_REPLY_MAX - 2048;) {
        end = put_line(end, "250-", 2046);
    }
    end = put_line(end, "250 ", 2046);
    len = (size_t)(end - in);
    taken = read_pieces(&r, in, len, len, len);
    ok(len == MTASTS_SMTP_REPLY_MAX && r.state == MTASTS_SMTP_DONE &&
           taken == len,
       "limit", "longest reply");
    in[len - 2048 + 3] = '-';
    put_line(end, "250 ", 4);
    taken = read_pieces(&r, in, len + 6, len + 6, 1);
    ok(r.state == MTASTS_SMTP_BAD && taken == len + 1, "limit",
       "a longer reply");
    is_str(r.why ? r.why : "", "a reply longer than 65536 characters", "limit",
           "why");
    ok(same_in_pieces(in, len + 6), "in pieces", "a longer reply");
    free(in);
}

int main(void)
{
    good();
    bad();
    limits();
    return done();
}
