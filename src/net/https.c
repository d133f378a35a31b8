/* The policy as a sender fetches it (RFC 8461 3.3), from one address. */

#include "probe_private.h"

#include "../core/policy.h"
#include "../core/sender.h"
#include "../core/text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- connecting, the first time or the second --- */

static io_state connect_go(connection *c)
{
    io_state state = c->fd < 0 ? mtasts_io_open(c) : mtasts_io_connected(c);

    if (state == IO_FAILED && !c->known) {
        mtasts_probe_conclude(c,
                              c->error == ECONNREFUSED ? MTASTS_PROBE_REFUSED
                                                       : MTASTS_PROBE_UNKNOWN,
                              "%s", c->said);
    }
    if (state == IO_FAILED) {
        c->phase = ENDED;
    }
    if (state == IO_DONE && c->phase == CONNECTING) {
        c->facts.probe.connected = 1;
        c->facts.local = mtasts_io_is_local(c);
        c->deadline = c->start + c->run->options.fetch_ms;
    }
    if (state == IO_DONE) {
        c->phase = c->phase == CONNECTING ? HANDSHAKE : HANDSHAKE_12;
    }
    return state;
}

static int response_begin(connection *c)
{
    char *body = malloc(MTASTS_BODY_MAX);

    c->response = malloc(sizeof(*c->response));
    if (!body || !c->response) {
        free(body);
        free(c->response);
        c->response = NULL;
        mtasts_probe_conclude(c, MTASTS_PROBE_UNKNOWN, "out of memory");
        c->phase = ENDED;
        return 0;
    }
    mtasts_http_begin(c->response, body, MTASTS_BODY_MAX);
    return 1;
}

static io_state handshake_go(connection *c)
{
    io_state state = mtasts_tls_handshake(c);

    if (state == IO_DONE) {
        int is_13 = SSL_version(c->ssl) >= TLS1_3_VERSION;

        c->facts.tls13 = is_13;
        c->facts.tls12 = is_13 ? -1 : 1;
        /* As the most frugal senders do, but for the sign by which it is not
         * taken for one.  The host without the port: it is the
         * one that the vhost has. */
        mtasts_io_put(c,
                      "GET /.well-known/mta-sts.txt HTTP/1.1\r\n"
                      "Host: %s\r\n" MTASTS_CHECK_HEADER ": mod_mtasts\r\n"
                      "Connection: close\r\n\r\n",
                      c->job->host);
        c->phase = RESPONSE;
    }
    else if (state != IO_WAIT) {
        mtasts_probe_conclude(c, c->tls_result, "%s", c->said);
        c->phase = ENDED;
    }
    return state;
}

/* --- the response --- */

static void take_fields(mtasts_fetch *f, const mtasts_http_fields *from)
{
    mtasts_escape(f->location, sizeof(f->location), from->location);
    mtasts_escape(f->content_type, sizeof(f->content_type), from->content_type);
    mtasts_escape(f->content_encoding, sizeof(f->content_encoding),
                  from->content_encoding);
    mtasts_escape(f->etag, sizeof(f->etag), from->etag);
    mtasts_escape(f->age, sizeof(f->age), from->age);
    mtasts_escape(f->via, sizeof(f->via), from->via);
    mtasts_escape(f->server, sizeof(f->server), from->server);
    mtasts_escape(f->cf_cache_status, sizeof(f->cf_cache_status),
                  from->cf_cache_status);
}

/* The fetch is done.  Senders with TLS 1.2 only are tried too, on a connection
 * of their own. */
static void got_response(connection *c)
{
    mtasts_fetch *f = &c->facts;

    mtasts_probe_conclude(c, MTASTS_PROBE_OK, "%s", "");
    f->status = c->response->status;
    f->body = c->response->body;
    f->body_len = c->response->body_len;
    f->body_cut = c->response->body_cut;
    take_fields(f, &c->response->fields);
    mtasts_io_close(c);
    c->phase = f->tls13 == 1 ? CONNECTING_12 : ENDED;
    c->deadline = mtasts_probe_now() + c->run->options.fetch_ms;
}

static void no_response(connection *c)
{
    mtasts_probe_conclude(c, MTASTS_PROBE_NO_HTTP, "%s", c->response->why);
    c->phase = ENDED;
}

/* With TLS 1.3 a server's refusal comes after the handshake. */
static void lost(connection *c)
{
    mtasts_probe_conclude(c, c->error ? MTASTS_PROBE_NO_HTTP : c->tls_result,
                          "%s", c->said);
    c->phase = ENDED;
}

static io_state response_go(connection *c)
{
    io_state state = mtasts_io_flush(c);

    if (state == IO_DONE) {
        state = mtasts_io_read(c);
    }
    if (state == IO_WAIT) {
        return state;
    }
    if (state == IO_FAILED) {
        lost(c);
        return state;
    }
    if (!c->response && !response_begin(c)) {
        return IO_FAILED;
    }
    if (state == IO_END) {
        mtasts_http_end(c->response);
    }
    else {
        mtasts_http_read(c->response, c->in, c->in_len);
    }
    if (c->response->state == MTASTS_HTTP_DONE) {
        got_response(c);
    }
    else if (c->response->state == MTASTS_HTTP_BAD) {
        no_response(c);
    }
    return IO_DONE;
}

/* --- TLS 1.2 --- */

/* Nothing is known if the server just went away. */
static io_state handshake_12_go(connection *c)
{
    io_state state = mtasts_tls_handshake(c);

    if (state == IO_WAIT) {
        return state;
    }
    if (state == IO_DONE) {
        c->facts.tls12 = 1;
    }
    else if (!c->eof && !c->error && c->tls_result != MTASTS_PROBE_UNKNOWN) {
        c->facts.tls12 = 0;
    }
    c->phase = ENDED;
    return state;
}

/* --- all of it --- */

void mtasts_https_go(connection *c)
{
    io_state state = IO_DONE;

    while (c->phase != ENDED && state != IO_WAIT) {
        switch (c->phase) {
        case CONNECTING:
        case CONNECTING_12:
            state = connect_go(c);
            break;
        case HANDSHAKE:
            state = handshake_go(c);
            break;
        case HANDSHAKE_12:
            state = handshake_12_go(c);
            break;
        default:
            state = response_go(c);
        }
    }
}

void mtasts_https_late(connection *c)
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
        mtasts_probe_conclude(c, MTASTS_PROBE_SLOW,
                              "no answer in the TLS handshake within %.1f s",
                              s);
        break;
    default:
        mtasts_probe_conclude(c, MTASTS_PROBE_SLOW,
                              c->response
                                  ? "the response did not end within %.1f s"
                                  : "no response to the request within %.1f s",
                              s);
    }
    c->phase = ENDED;
}
