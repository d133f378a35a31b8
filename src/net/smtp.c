/* STARTTLS at an MX host (RFC 3207): as far as a sender goes before the first
 * mail, and nothing that would begin one. */

#include "probe_private.h"

#include "../core/text.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define SAID_SIZE 120
#define QUIT_MS   1000

static void reply_begin(connection *c, phase next)
{
    memset(&c->reply, 0, sizeof(c->reply));
    c->phase = next;
}

/* The result is known.  QUIT is good manners; nobody waits for it. */
static void quit(connection *c)
{
    mtasts_io_put(c, "QUIT\r\n");
    reply_begin(c, QUIT);
    c->deadline = mtasts_probe_now() + QUIT_MS;
}

/* --- words --- */

/* What the answer that is waited for is an answer to. */
static const char *step_name(const connection *c)
{
    switch (c->phase) {
    case EHLO:
        return "its answer to EHLO";
    case STARTTLS:
        return "its answer to STARTTLS";
    case EHLO_TLS:
        return "its answer to EHLO inside TLS";
    default:
        return "its greeting";
    }
}

/* 421 "4.3.2 too busy" */
static void conclude_said(connection *c, mtasts_probe_result result)
{
    char text[SAID_SIZE];

    mtasts_escape(text, sizeof(text), c->reply.text);
    mtasts_probe_conclude(c, result, "%s is \"%d %s\"", step_name(c),
                          c->reply.code, text);
}

/* `at`: where in c->in it began to be wrong, or the piece of it did. */
static void conclude_no_smtp(connection *c, size_t at)
{
    char text[SAID_SIZE / 2];
    size_t end = at;

    while (end < c->in_len && c->in[end] != '\r' && c->in[end] != '\n') {
        end++;
    }
    mtasts_escape_bytes(text, sizeof(text), c->in + at, end - at);
    mtasts_probe_conclude(
        c,
        c->phase >= STARTTLS ? MTASTS_PROBE_TLS_FAILED : MTASTS_PROBE_GREETING,
        "%s is no SMTP (%s): \"%s\"", step_name(c), c->reply.why, text);
}

/* --- replies --- */

static int is_class(const connection *c, int hundreds)
{
    return c->reply.code / 100 == hundreds;
}

static void got_greeting(connection *c)
{
    if (c->reply.code == 220) {
        mtasts_io_put(c, "EHLO %s\r\n", c->run->helo);
        reply_begin(c, EHLO);
        return;
    }
    conclude_said(c, is_class(c, 4)   ? MTASTS_PROBE_UNKNOWN
                     : is_class(c, 5) ? MTASTS_PROBE_TURNED_AWAY
                                      : MTASTS_PROBE_GREETING);
    quit(c);
}

static void got_ehlo(connection *c)
{
    if (is_class(c, 2) && c->reply.starttls) {
        mtasts_io_put(c, "STARTTLS\r\n");
        reply_begin(c, STARTTLS);
        return;
    }
    if (is_class(c, 2)) {
        mtasts_probe_conclude(c, MTASTS_PROBE_NO_STARTTLS, "%s", "");
    }
    else if (c->reply.code == 500 || c->reply.code == 502) {
        conclude_said(c, MTASTS_PROBE_NO_STARTTLS); /* it has no ESMTP */
    }
    else {
        conclude_said(c, is_class(c, 4)   ? MTASTS_PROBE_UNKNOWN
                         : is_class(c, 5) ? MTASTS_PROBE_TURNED_AWAY
                                          : MTASTS_PROBE_GREETING);
    }
    quit(c);
}

/* What follows the answer is not of the server that TLS will show, and must not
 * be read as if it were. */
static void got_starttls(connection *c)
{
    if (c->reply.code != 220) {
        conclude_said(c, MTASTS_PROBE_TLS_FAILED);
        quit(c);
    }
    else if (c->in_at < c->in_len) {
        mtasts_probe_conclude(
            c, MTASTS_PROBE_TLS_FAILED,
            "it sent more in plain text behind its answer to STARTTLS");
        c->phase = ENDED;
    }
    else {
        c->phase = HANDSHAKE;
    }
}

static void got_ehlo_tls(connection *c)
{
    if (is_class(c, 2)) {
        mtasts_probe_conclude(c, MTASTS_PROBE_OK, "%s", "");
    }
    else {
        conclude_said(c, is_class(c, 4) ? MTASTS_PROBE_UNKNOWN
                                        : MTASTS_PROBE_TLS_FAILED);
    }
    quit(c);
}

static void got_reply(connection *c)
{
    switch (c->phase) {
    case GREETING:
        got_greeting(c);
        break;
    case EHLO:
        got_ehlo(c);
        break;
    case STARTTLS:
        got_starttls(c);
        break;
    case EHLO_TLS:
        got_ehlo_tls(c);
        break;
    default:
        c->phase = ENDED; /* to QUIT, whatever it is */
    }
}

/* The connection broke while a reply was waited for. */
static void lost(connection *c, io_state state)
{
    if (!c->known) {
        mtasts_probe_conclude(
            c, c->ssl ? MTASTS_PROBE_TLS_FAILED : MTASTS_PROBE_UNKNOWN,
            "%s before %s",
            state == IO_END ? "it closed the connection" : c->said,
            step_name(c));
    }
    c->phase = ENDED;
}

static io_state read_reply(connection *c)
{
    size_t at;

    if (c->in_at == c->in_len) {
        io_state state = mtasts_io_read(c);

        if (state != IO_DONE) {
            return state;
        }
    }
    at = c->in_at;
    c->in_at += mtasts_smtp_read(&c->reply, c->in + at, c->in_len - at);
    if (c->reply.state == MTASTS_SMTP_DONE) {
        got_reply(c);
    }
    else if (c->reply.state == MTASTS_SMTP_BAD) {
        if (!c->known) {
            conclude_no_smtp(c, at);
        }
        c->phase = ENDED;
    }
    return IO_DONE;
}

/* --- the dialogue --- */

static io_state connect_go(connection *c)
{
    io_state state = c->fd < 0 ? mtasts_io_open(c) : mtasts_io_connected(c);

    if (state == IO_DONE) {
        c->facts.probe.connected = 1;
        c->deadline = c->start + c->run->options.mx_ms;
        reply_begin(c, GREETING);
    }
    else if (state == IO_FAILED) {
        mtasts_probe_conclude(c,
                              c->error == ECONNREFUSED ? MTASTS_PROBE_REFUSED
                                                       : MTASTS_PROBE_UNKNOWN,
                              "%s", c->said);
        c->phase = ENDED;
    }
    return state;
}

static io_state handshake_go(connection *c)
{
    io_state state = mtasts_tls_handshake(c);

    if (state == IO_DONE) {
        mtasts_io_put(c, "EHLO %s\r\n", c->run->helo);
        reply_begin(c, EHLO_TLS);
    }
    else if (state != IO_WAIT) {
        mtasts_probe_conclude(c, c->tls_result, "%s", c->said);
        c->phase = ENDED;
    }
    return state;
}

static io_state talk(connection *c)
{
    io_state state = mtasts_io_flush(c);

    if (state == IO_DONE) {
        state = read_reply(c);
    }
    if (state == IO_END || state == IO_FAILED) {
        lost(c, state);
    }
    return state;
}

void mtasts_smtp_go(connection *c)
{
    io_state state = IO_DONE;

    while (c->phase != ENDED && state != IO_WAIT) {
        switch (c->phase) {
        case CONNECTING:
            state = connect_go(c);
            break;
        case HANDSHAKE:
            state = handshake_go(c);
            break;
        default:
            state = talk(c);
        }
    }
}

void mtasts_smtp_late(connection *c)
{
    double s = (double)(c->deadline - c->start) / 1000;

    if (c->known) {
        c->phase = ENDED;
        return;
    }
    switch (c->phase) {
    case CONNECTING:
        mtasts_probe_conclude(c, MTASTS_PROBE_UNKNOWN,
                              "no connection within %.1f s", s);
        break;
    case HANDSHAKE:
        mtasts_probe_conclude(c, MTASTS_PROBE_UNKNOWN,
                              "no answer in the TLS handshake within %.1f s",
                              s);
        break;
    default:
        mtasts_probe_conclude(c, MTASTS_PROBE_UNKNOWN,
                              "%s did not come within %.1f s", step_name(c), s);
    }
    c->phase = ENDED;
}
