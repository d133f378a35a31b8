#include "cert_check.h"

#include "policy_read.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#define HTTPS_PORT 443
#define SLOW_MS    2000             /* the shortest that a known sender waits */
#define LINE_SHOWN 120              /* of a line of a body */
#define LINE_SIZE  (LINE_SHOWN + 6) /* with quotes, "..." and NUL */

typedef struct {
    const mtasts_fetch_wanted *wanted;
    const mtasts_fetch *fetch;
    mtasts_finding_fn *found;
    void *ctx;
    char subject[MTASTS_NAME_SIZE + MTASTS_ADDRESS_SIZE + 4];
    const char *body; /* never NULL */
    unsigned port;
    char in_url[16]; /* behind the host: ":8443", "" for the usual port */
} check;

static void say_as(const check *c, mtasts_code code, mtasts_severity severity,
                   const char *a, const char *b, const char *d)
{
    mtasts_finding f;

    MTASTS_FILL(&f, code, c->subject, c->fetch->probe.host, a, b, d);
    f.severity = severity;
    c->found(c->ctx, &f);
}

static void say(const check *c, mtasts_code code, const char *a, const char *b)
{
    say_as(c, code, mtasts_code_severity(code), a, b, c->in_url);
}

static const char *why(const check *c)
{
    const char *text = c->fetch->probe.why;

    return *text ? text : "it is not known why";
}

/* ---- the connection ---- */

static void say_unreachable(const check *c)
{
    const mtasts_probe *probe = &c->fetch->probe;
    char advice[MTASTS_VALUE_SIZE];

    snprintf(advice, sizeof(advice),
             "Open port %u in the firewall, or correct the address in DNS; or "
             "it is only this machine that can't get there (NAT, no IPv6).",
             c->port);
    if (probe->time_up) {
        snprintf(advice, sizeof(advice),
                 "Set a longer MTASTSCheckTimeout, or look into the error log: "
                 "the checks of the running server take more time.");
    }
    say(c, MTASTS_FETCH_UNREACHABLE,
        probe->time_up ? "there was no time left for it" : why(c), advice);
}

static void say_refused(const check *c)
{
    char advice[MTASTS_VALUE_SIZE];

    snprintf(advice, sizeof(advice),
             "Often an A or AAAA record names an address on which httpd does "
             "not listen: take it out, or listen there (for IPv6 write Listen "
             "%u without an address, or Listen [::]:%u beside Listen "
             "0.0.0.0:%u); or httpd does not run.",
             c->port, c->port, c->port);
    say_as(c, MTASTS_FETCH_UNREACHABLE, MTASTS_WARNING,
           "the connection is refused: nothing listens there, or a firewall "
           "is in the way",
           advice, c->in_url);
}

/* Not again what tls-version said of the vhost.  That it has TLS 1.3 at least
 * does not say that here is nothing. */
static void say_no_version(const check *c)
{
    const mtasts_vhost_tls *vhost = c->wanted->vhost;

    if (!vhost || vhost->tls12 != 0 || vhost->tls13 == 1) {
        say(c, MTASTS_FETCH_TLS_VERSION,
            "no TLS 1.2 or later, and senders use nothing older", "");
    }
}

static void check_connection(const check *c)
{
    const mtasts_fetch *fetch = c->fetch;
    char target[MTASTS_ADDRESS_SIZE + 10], slow[MTASTS_VALUE_SIZE] = "";
    char port[16];

    snprintf(port, sizeof(port), "%u", c->port);
    if (*fetch->probe.why) {
        snprintf(slow, sizeof(slow), ": %s", fetch->probe.why);
    }
    switch (fetch->probe.result) {
    case MTASTS_PROBE_OK:
        break;
    case MTASTS_PROBE_REFUSED:
        say_refused(c);
        break;
    case MTASTS_PROBE_TLS_FAILED:
        mtasts_probe_target(&fetch->probe, HTTPS_PORT, target);
        say_as(c, MTASTS_FETCH_TLS, MTASTS_ERROR, why(c), target, port);
        break;
    case MTASTS_PROBE_TLS_VERSION:
        say_no_version(c);
        break;
    case MTASTS_PROBE_NO_HTTP:
        say(c, MTASTS_FETCH_HTTP, why(c), port);
        break;
    case MTASTS_PROBE_SLOW:
        say_as(c, MTASTS_FETCH_SLOW, MTASTS_ERROR, "was not complete after 4 s",
               slow, "");
        break;
    default:
        say_unreachable(c);
    }
}

static void check_version(const check *c)
{
    const mtasts_vhost_tls *vhost = c->wanted->vhost;

    if (vhost && vhost->tls12 == 0) {
        return; /* said as tls-version */
    }
    if (c->fetch->probe.result != MTASTS_PROBE_TLS_VERSION &&
        c->fetch->tls12 == 0 && c->fetch->tls13 == 1) {
        say_as(c, MTASTS_FETCH_TLS_VERSION, MTASTS_WARNING,
               "TLS 1.3 only, and some senders have no more than TLS 1.2", "",
               "");
    }
}

/* The vhost's own certificate, with the same way to a root? */
static int is_of_vhost(const check *c, const mtasts_cert_facts *cert)
{
    const mtasts_vhost_tls *vhost = c->wanted->vhost;
    size_t i;

    for (i = 0; vhost && i < vhost->ncerts && i < MTASTS_VHOST_CERTS; i++) {
        const mtasts_cert_facts *own = &vhost->certs[i];

        if (!memcmp(own->digest, cert->digest, sizeof(own->digest)) &&
            own->chain == cert->chain &&
            !own->name_matches == !cert->name_matches) {
            return 1;
        }
    }
    return 0;
}

static void check_cert(const check *c)
{
    static const mtasts_code codes[MTASTS_FAULTS] = {
        [MTASTS_FAULT_NAME] = MTASTS_FETCH_CERT_NAME,
        [MTASTS_FAULT_SELF_SIGNED] = MTASTS_FETCH_CERT_SELF_SIGNED,
        [MTASTS_FAULT_CHAIN] = MTASTS_FETCH_CERT_CHAIN,
        [MTASTS_FAULT_EXPIRED] = MTASTS_FETCH_CERT_EXPIRED,
        [MTASTS_FAULT_NOT_YET] = MTASTS_FETCH_CERT_NOT_YET,
        [MTASTS_FAULT_EXPIRING] = MTASTS_FETCH_CERT_EXPIRING,
        [MTASTS_FAULT_WEAK] = MTASTS_FETCH_CERT_WEAK};
    const mtasts_cert_facts *cert = &c->fetch->probe.cert;
    mtasts_fault faults[MTASTS_CERT_FAULTS];
    size_t i, n;

    if (is_of_vhost(c, cert)) {
        return;
    }
    n = mtasts_cert_faults(cert,
                           "the certificate file of what answers there (this "
                           "server, a proxy, a CDN)",
                           c->wanted->now, faults);
    for (i = 0; i < n; i++) {
        say(c, codes[faults[i].kind], faults[i].seen, faults[i].advice);
    }
}

/* ---- the response ---- */

/* Behind a '?' there may be what is other each time. */
static void say_redirect(const check *c)
{
    const char *location = c->fetch->location;
    char to[MTASTS_WHY_SIZE + 4] = "an address that it does not name";
    size_t len = strcspn(location, "?");

    if (*location) {
        snprintf(to, sizeof(to), "%.*s%s", (int)len, location,
                 location[len] ? "?..." : "");
    }
    say(c, MTASTS_FETCH_REDIRECT, to, "");
}

static void say_status(const check *c)
{
    int status = c->fetch->status;
    const char *hint = "";
    char number[16];

    if (status >= 300 && status <= 399) {
        say_redirect(c);
        return;
    }
    if (status == 401) {
        hint = "Something asks for a password there. ";
    }
    else if (status == 403) {
        hint = "Often a bot rule of a firewall or CDN, or a Require of the "
               "virtual host. ";
    }
    else if (status == 404 || status == 421) {
        hint = "Often another virtual host answers (apachectl -S), or a proxy "
               "that does not pass the Host header on. ";
    }
    else if (status == 429) {
        hint = "Something limits the rate there. ";
    }
    else if (status == 503) {
        hint = "If httpd itself answers (mod_md does so until the certificate "
               "has come), see its messages in the error log, and reload then; "
               "else a proxy or CDN there can't reach this server. ";
    }
    else if (status == 502 || status == 504) {
        hint = "A proxy or CDN there can't reach this server. ";
    }
    snprintf(number, sizeof(number), "%d", status);
    say(c, MTASTS_FETCH_STATUS, number, hint);
}

/* Parameters and case don't matter (RFC 9110 8.3.1). */
static void check_type(const check *c)
{
    const char *type = c->fetch->content_type;
    char seen[MTASTS_VALUE_SIZE] = "without a Content-Type";

    if (strcspn(type, "; \t") == 10 && !strncasecmp(type, "text/plain", 10)) {
        return;
    }
    if (*type) {
        snprintf(seen, sizeof(seen), "with the Content-Type '%s'", type);
    }
    say(c, MTASTS_FETCH_TYPE, seen, "");
}

int mtasts_fetch_same(const mtasts_fetch_wanted *wanted,
                      const mtasts_fetch *fetch)
{
    return fetch->probe.result == MTASTS_PROBE_OK && fetch->status == 200 &&
           !fetch->body_cut && fetch->body &&
           fetch->body_len == wanted->body_len &&
           !memcmp(fetch->body, wanted->body, wanted->body_len);
}

/* Does the ETag of serve.c say that the body has this id?  It is "ID", or with
 * an id set by hand "SET-" and the first 8 of ID. */
static int is_tagged(const char *etag, const char *id, char tag[80])
{
    const char *begin = strncmp(etag, "W/\"", 3) ? etag : etag + 2, *hyphen;
    size_t len = strlen(begin);

    if (len < 2 || len >= 80 || *begin != '"' || begin[len - 1] != '"') {
        return 0;
    }
    memcpy(tag, begin + 1, len - 2);
    tag[len - 2] = '\0';
    hyphen = strrchr(tag, '-');
    return !strcmp(tag, id) ||
           (hyphen && hyphen != tag && strlen(hyphen + 1) == 8 &&
            !strncmp(hyphen + 1, id, 8));
}

static void say_stale(const check *c, const char *id)
{
    const mtasts_fetch *fetch = c->fetch;
    const struct {
        const char *name, *value;
    } fields[] = {{"Age", fetch->age},
                  {"Via", fetch->via},
                  {"Server", fetch->server},
                  {"CF-Cache-Status", fetch->cf_cache_status}};
    char seen[2 * MTASTS_VALUE_SIZE] = "no header tells which";
    size_t i, at = 0;

    for (i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        if (*fields[i].value && at < sizeof(seen)) {
            at += (size_t)snprintf(seen + at, sizeof(seen) - at, "%s%s: %s",
                                   at ? ", " : "", fields[i].name,
                                   fields[i].value);
        }
    }
    say_as(c, MTASTS_FETCH_STALE, MTASTS_WARNING, id, c->wanted->id, seen);
}

/* 1 if it is another policy of this module, and said so. */
static int check_stale(const check *c)
{
    const char *txt_id = c->wanted->txt_id;
    char id[MTASTS_ID_SIZE], tag[80];

    if (!mtasts_policy_id(c->body, c->fetch->body_len, id)) {
        return 0;
    }
    if (is_tagged(c->fetch->etag, id, tag)) {
        say_stale(c, tag);
        return 1;
    }
    if (txt_id && !strcmp(txt_id, id)) {
        say_stale(c, id);
        return 1;
    }
    return 0;
}

/* A line of a body, with its end; of no bytes behind the last. */
typedef struct {
    const char *at;
    size_t len;
} line;

static line line_at(const char *body, size_t len, size_t at)
{
    line l = {body + at, len - at};
    const char *lf = l.len ? memchr(l.at, '\n', l.len) : NULL;

    if (lf) {
        l.len = (size_t)(lf - l.at) + 1;
    }
    return l;
}

static line without_end(line l)
{
    if (l.len && l.at[l.len - 1] == '\n') {
        l.len--;
    }
    if (l.len && l.at[l.len - 1] == '\r') {
        l.len--;
    }
    return l;
}

/* Both are there, or none, with the same between line ends. */
static int same_line(line a, line b)
{
    int there = a.len && b.len, none = !a.len && !b.len;

    a = without_end(a);
    b = without_end(b);
    return none ||
           (there && a.len == b.len && (!a.len || !memcmp(a.at, b.at, a.len)));
}

/* As a string in quotes; a NUL is shown as '?'. */
static const char *show(line l, char out[LINE_SIZE])
{
    size_t i, n = l.len < LINE_SHOWN ? l.len : LINE_SHOWN;

    out[0] = '\'';
    for (i = 0; i < n; i++) {
        out[i + 1] = l.at[i];
        if (!l.at[i]) {
            out[i + 1] = '?';
        }
    }
    snprintf(out + n + 1, LINE_SIZE - n - 1, "%s'", n < l.len ? "..." : "");
    return out;
}

static const char *show_or(line l, const char *none, char out[LINE_SIZE])
{
    line bare = without_end(l);

    return !l.len ? none : bare.len ? show(bare, out) : "empty";
}

static void say_line_ends(const check *c)
{
    say_as(c, MTASTS_FETCH_DIFFERS, MTASTS_WARNING,
           "it has other line ends, so something on the way changes it; "
           "senders accept it as it is",
           "",
           "Let the proxy or CDN in front hand the policy on as it is; or a "
           "file is served in its place: see what answers there.");
}

/* Bodies that differ have a first line that does, or other line ends. */
static void say_differs(const check *c)
{
    const mtasts_fetch_wanted *wanted = c->wanted;
    char seen[LINE_SIZE], meant[LINE_SIZE];
    char first[LINE_SIZE + 40], second[LINE_SIZE + 16];
    size_t at = 0, wanted_at = 0, n = 0;
    line a, b;

    do {
        n++;
        a = line_at(c->body, c->fetch->body_len, at);
        b = line_at(wanted->body, wanted->body_len, wanted_at);
        at += a.len;
        wanted_at += b.len;
    } while (a.len && same_line(a, b));
    if (same_line(a, b)) {
        say_line_ends(c);
        return;
    }
    snprintf(first, sizeof(first), "line %lu is %s", (unsigned long)n,
             show_or(a, "missing", seen));
    snprintf(second, sizeof(second), ", and here %s",
             show_or(b, "nothing", meant));
    say_as(c, MTASTS_FETCH_DIFFERS, MTASTS_ERROR, first, second,
           "Find out what answers there: another virtual host, another server "
           "with other MTASTS directives, or a file. Make them equal, or let "
           "the A and AAAA records name this server only.");
}

/* `bad` is the line that is wrong, from 1, or 0 if none is. */
static void say_invalid(const check *c, size_t bad, const char *reason)
{
    char shown[LINE_SIZE], quoted[LINE_SIZE + 24] = "";
    line l = line_at(c->body, c->fetch->body_len, 0);
    size_t at = 0, n;

    for (n = 1; n < bad && l.len; n++) {
        at += l.len;
        l = line_at(c->body, c->fetch->body_len, at);
    }
    if (c->fetch->body_len) {
        snprintf(quoted, sizeof(quoted), "%s %s",
                 bad ? "; it is" : "; it begins", show(without_end(l), shown));
    }
    say(c, MTASTS_FETCH_INVALID, reason, quoted);
}

/* 0 if senders refuse it. */
static int check_body(const check *c)
{
    mtasts_policy_read read = {MTASTS_MODE_NONE, 0, 0, 0, NULL};
    char reason[MTASTS_VALUE_SIZE];

    if (c->fetch->body_cut) {
        snprintf(reason, sizeof(reason),
                 "it has more than %d bytes, the most that they read",
                 MTASTS_BODY_MAX);
    }
    else if (mtasts_fetch_same(c->wanted, c->fetch) || check_stale(c)) {
        return 1;
    }
    else if (mtasts_policy_body_read(c->body, c->fetch->body_len, &read)) {
        say_differs(c);
        return 1;
    }
    else if (read.line) {
        snprintf(reason, sizeof(reason), "line %lu %s",
                 (unsigned long)read.line, read.why);
    }
    else {
        snprintf(reason, sizeof(reason), "it %s", read.why);
    }
    say_invalid(c, read.line, reason);
    return 0;
}

/* The certificate is another name's, and so is the response: what it says is
 * not about this policy. */
static int is_of_another(const check *c)
{
    const mtasts_probe *probe = &c->fetch->probe;

    return probe->has_cert && !probe->cert.name_matches;
}

static void check_response(const check *c)
{
    const char *coding = c->fetch->content_encoding;

    if (c->fetch->probe.ms > SLOW_MS) {
        say(c, MTASTS_FETCH_SLOW, "took more than 2 s", "");
    }
    if (is_of_another(c)) {
        return;
    }
    if (c->fetch->status != 200) {
        say_status(c);
    }
    else if (*coding && strcasecmp(coding, "identity")) {
        check_type(c);
        say(c, MTASTS_FETCH_ENCODING, coding, ""); /* so nothing to compare */
    }
    else if (check_body(c)) {
        check_type(c);
    }
}

void mtasts_fetch_check(const mtasts_fetch_wanted *wanted,
                        const mtasts_fetch *fetch, mtasts_finding_fn *found,
                        void *ctx)
{
    check c = {.wanted = wanted,
               .fetch = fetch,
               .found = found,
               .ctx = ctx,
               .body = fetch->body ? fetch->body : "",
               .port = mtasts_probe_port(&fetch->probe, HTTPS_PORT)};

    mtasts_probe_subject(&fetch->probe, c.subject);
    if (c.port != HTTPS_PORT) {
        snprintf(c.in_url, sizeof(c.in_url), ":%u", c.port);
    }
    check_connection(&c);
    check_version(&c);
    if (fetch->probe.has_cert) {
        check_cert(&c);
    }
    if (fetch->probe.result == MTASTS_PROBE_OK) {
        check_response(&c);
    }
    if (fetch->local) {
        say(&c, MTASTS_FETCH_LOCAL, "", "");
    }
}
