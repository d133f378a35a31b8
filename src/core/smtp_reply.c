#include "smtp_reply.h"

#include <string.h>
#include <strings.h>

#define CODE_LEN 3
#define TEXT_AT  4 /* behind the code and a blank or hyphen */

static const char keyword[] = "STARTTLS";

static void fail(mtasts_smtp_reply *reply, const char *why)
{
    reply->state = MTASTS_SMTP_BAD;
    reply->why = why;
}

/* The digit `c` at place `at` of a line's code.  It is judged as it comes: who
 * speaks another protocol may never end a line. */
static void put_digit(mtasts_smtp_reply *reply, size_t at, char c)
{
    static const int unit[CODE_LEN] = {100, 10, 1};

    if (c < '0' || c > '9') {
        fail(reply, "no three-digit reply code");
    }
    else if (reply->first_done && reply->code / unit[at] % 10 != c - '0') {
        fail(reply, "lines with different reply codes");
    }
    else if (at == 0 && (c < '2' || c > '5')) {
        fail(reply, "a reply code that is not 200 to 599");
    }
    else if (at == CODE_LEN - 1) {
        reply->code = (reply->line[0] - '0') * 100 +
                      (reply->line[1] - '0') * 10 + (c - '0');
    }
}

/* One octet of a line, without those that end it. */
static void put(mtasts_smtp_reply *reply, char c)
{
    size_t at = reply->line_len;

    if (at == MTASTS_SMTP_LINE_MAX) {
        fail(reply, "a line longer than 4096 characters");
        return;
    }
    if (at < CODE_LEN) {
        put_digit(reply, at, c);
    }
    else if (at < TEXT_AT && c != ' ' && c != '-') {
        fail(reply, "neither a blank nor a hyphen after the reply code");
    }
    else if (at >= TEXT_AT && !reply->first_done && c &&
             reply->text_len < sizeof(reply->text) - 1) {
        reply->text[reply->text_len++] = c;
    }
    if (at < sizeof(reply->line)) {
        reply->line[at] = c;
    }
    reply->line_len++;
}

static int says_starttls(const mtasts_smtp_reply *reply)
{
    size_t end = TEXT_AT + sizeof(keyword) - 1;

    if (reply->line_len < end ||
        strncasecmp(reply->line + TEXT_AT, keyword, sizeof(keyword) - 1)) {
        return 0;
    }
    return reply->line_len == end || reply->line[end] == ' ' ||
           reply->line[end] == '\t';
}

static void end_line(mtasts_smtp_reply *reply)
{
    if (reply->line_len < CODE_LEN) {
        fail(reply, "no three-digit reply code");
        return;
    }
    if (reply->first_done && says_starttls(reply)) {
        reply->starttls = 1;
    }
    if (reply->line_len == CODE_LEN || reply->line[CODE_LEN] == ' ') {
        reply->state = MTASTS_SMTP_DONE;
    }
    reply->first_done = 1;
    reply->line_len = 0;
    reply->cr = 0;
}

static void take(mtasts_smtp_reply *reply, char c)
{
    if (++reply->total > MTASTS_SMTP_REPLY_MAX) {
        fail(reply, "a reply longer than 65536 characters");
        return;
    }
    if (c == '\n') {
        end_line(reply);
        return;
    }
    if (reply->cr) {
        reply->cr = 0;
        put(reply, '\r');
    }
    if (c == '\r') {
        reply->cr = 1;
    }
    else if (reply->state == MTASTS_SMTP_MORE) {
        put(reply, c);
    }
}

size_t mtasts_smtp_read(mtasts_smtp_reply *reply, const char *bytes, size_t len)
{
    size_t taken = 0;

    while (taken < len && reply->state == MTASTS_SMTP_MORE) {
        take(reply, bytes[taken++]);
    }
    return taken;
}
