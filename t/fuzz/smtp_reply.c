/* SMTP replies: at once, in pieces, and against the lines as they are.  The
 * first byte of the input says how it is cut. */

#include "fuzz.h"

#include "../../src/core/smtp_reply.h"

#include <strings.h>

/* Reads in pieces of 1 to 8 bytes, or at once with `cut` 0; each in a copy of
 * its own size. */
static size_t read_all(mtasts_smtp_reply *r, const char *in, size_t len,
                       unsigned cut)
{
    size_t taken = 0;

    memset(r, 0, sizeof(*r));
    while (taken < len && r->state == MTASTS_SMTP_MORE) {
        size_t n = cut ? 1 + (cut >> 8) % 8 : len, one;
        char *piece;

        n = n < len - taken ? n : len - taken;
        piece = malloc(n);
        MUST(piece != NULL);
        memcpy(piece, in + taken, n);
        one = mtasts_smtp_read(r, piece, n);
        free(piece);
        MUST(one > 0 && one <= n);
        MUST(one == n || r->state != MTASTS_SMTP_MORE);
        MUST(memchr(r->text, '\0', sizeof(r->text)));
        MUST((r->state == MTASTS_SMTP_BAD) == (r->why != NULL));
        taken += one;
        cut = cut ? cut * 1103515245 + 12345 : 0;
    }
    return taken;
}

/* Like the first line's text, from the line itself. */
static void check_text(const mtasts_smtp_reply *r, const char *line, size_t len)
{
    size_t i, n = 0;

    for (i = 4; i < len && n < sizeof(r->text) - 1; i++) {
        if (line[i]) {
            MUST(r->text[n++] == line[i]);
        }
    }
    MUST(r->text[n] == '\0');
}

static int is_starttls(const char *line, size_t len)
{
    return len >= 12 && !strncasecmp(line + 4, "STARTTLS", 8) &&
           (len == 12 || line[12] == ' ' || line[12] == '\t');
}

/* A whole reply, line by line. */
static void check_done(const mtasts_smtp_reply *r, const char *in, size_t taken)
{
    size_t at = 0, lines = 0;
    int starttls = 0, last = 0;

    MUST(r->code >= 200 && r->code <= 599);
    while (at < taken) {
        const char *line = in + at, *lf = memchr(line, '\n', taken - at);
        size_t len;

        MUST(lf && !last);
        len = (size_t)(lf - line);
        at += len + 1;
        len -= len && line[len - 1] == '\r';
        MUST(len >= 3 && len <= MTASTS_SMTP_LINE_MAX);
        MUST(r->code ==
             (line[0] - '0') * 100 + (line[1] - '0') * 10 + (line[2] - '0'));
        last = len == 3 || line[3] == ' ';
        MUST(last || line[3] == '-');
        if (!lines++) {
            check_text(r, line, len);
        }
        else if (is_starttls(line, len)) {
            starttls = 1;
        }
    }
    MUST(last && r->starttls == starttls);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *in = (const char *)data + 1;
    mtasts_smtp_reply whole, pieces;
    size_t taken;

    if (size < 2) {
        return 0;
    }
    taken = read_all(&whole, in, size - 1, 0);
    MUST(read_all(&pieces, in, size - 1, 1 + data[0] * 256U) == taken);
    MUST(whole.state == pieces.state && whole.why == pieces.why);
    MUST(whole.code == pieces.code && whole.starttls == pieces.starttls);
    MUST(!strcmp(whole.text, pieces.text));
    MUST(taken <= MTASTS_SMTP_REPLY_MAX + 1);
    switch (whole.state) {
    case MTASTS_SMTP_DONE:
        check_done(&whole, in, taken);
        break;
    case MTASTS_SMTP_BAD:
        must_be_printable(whole.why);
        break;
    default:
        MUST(taken == size - 1);
    }
    return 0;
}
