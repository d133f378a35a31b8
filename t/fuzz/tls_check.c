/* Any facts of certificates, MX hosts and fetches.  The input is lines: the
 * first has a character for each number and choice; then come strings; what is
 * left is the body that was fetched. */

#include "fuzz.h"

#include "../../src/core/tls_check.h"

#define STRINGS 14
#define BODY                                                                   \
    "version: STSv1\r\nmode: enforce\r\nmax_age: 604800\r\n"                   \
    "mx: mail.example.com\r\n"

enum { /* characters of the first line */
       MODE,
       BACKUP,
       IMPLICIT,
       NOBODY,
       RESULT,
       CONNECTED,
       TIME_UP,
       LOCAL,
       STATUS,
       TLS12,
       TLS13,
       HAS_CERT,
       BODY_CUT,
       STALE,
       CERTS,
       MATCHES,
       BEFORE,
       AFTER,
       CHAIN,
       NAMES,
       DIGEST,
       SECOND, /* and five more: the second certificate's */
       PORT = SECOND + 6,
       ELSEWHERE
};

typedef struct {
    char *first;
    char *string[STRINGS];
    const char *body;
    size_t body_len;
} input;

typedef struct {
    mtasts_code from, to; /* the codes that may come */
    size_t most;          /* of each */
    size_t count[MTASTS_CODES];
    size_t total, errors, blocks;
} seen;

static void look(void *ctx, const mtasts_finding *f)
{
    seen *s = ctx;

    MUST(memchr(f->subject, '\0', sizeof(f->subject)));
    MUST(memchr(f->text, '\0', sizeof(f->text)));
    MUST(memchr(f->remedy, '\0', sizeof(f->remedy)));
    must_be_printable(f->subject);
    must_be_printable(f->text);
    must_be_printable(f->remedy);
    MUST(*f->text && *f->remedy);
    MUST(f->severity != MTASTS_REFUSED);
    MUST(!f->blocks || f->severity == MTASTS_ERROR);
    MUST(f->code >= s->from && f->code <= s->to);
    s->count[f->code]++;
    MUST(s->count[f->code] <= s->most);
    s->total++;
    s->errors += f->severity == MTASTS_ERROR;
    s->blocks += f->blocks != 0;
}

/* ---- the input ---- */

static void split(input *in, char *s, size_t size)
{
    char *end = s + size;
    size_t i;

    in->first = end;
    for (i = 0; i <= STRINGS; i++) {
        char *lf = memchr(s, '\n', (size_t)(end - s));

        lf = lf ? lf : end;
        *lf = '\0';
        *(i ? &in->string[i - 1] : &in->first) = s;
        s = lf < end ? lf + 1 : end;
    }
    in->body = s;
    in->body_len = (size_t)(end - s);
}

/* 0 to 9 from '0' to '9'; others are out of most ranges. */
static unsigned number(const input *in, size_t i)
{
    return i < strlen(in->first) ? (unsigned char)in->first[i] - '0' : 0;
}

static int64_t moment(unsigned n)
{
    static const int64_t moments[] = {
        INT64_MIN,  -1,         0,          1767268800,   1767268801,
        1767700800, 1768478399, 1768478400, 253402300800, INT64_MAX};

    return moments[n % (sizeof(moments) / sizeof(moments[0]))];
}

#define COPY(to, from) snprintf(to, sizeof(to), "%s", from)

/* `names` has '|' where there will be a NUL; what is behind the last is not
 * zero, as in facts that were damaged. */
static void fill_cert(mtasts_cert_facts *out, const input *in, size_t at)
{
    size_t i, len = strlen(in->string[3]);

    memset(out, 0, sizeof(*out));
    memset(out->names, 'x', sizeof(out->names));
    for (i = 0; i < len && i < sizeof(out->names); i++) {
        char c = in->string[3][i];

        if (c == '|') {
            c = '\0';
        }
        out->names[i] = c;
    }
    out->name_matches = number(in, at) % 2 != 0;
    out->not_before = moment(number(in, at + 1));
    out->not_after = moment(number(in, at + 2));
    out->chain = (mtasts_chain)number(in, at + 3);
    out->nnames = number(in, at + 4);
    out->names_left_out = number(in, at + 4) / 2;
    memset(out->digest, (int)number(in, at + 5), sizeof(out->digest));
    COPY(out->issuer, in->string[4]);
    COPY(out->why, in->string[2]);
    COPY(out->weak, in->string[5]);
}

static void fill_probe(mtasts_probe *p, const input *in)
{
    memset(p, 0, sizeof(*p));
    COPY(p->host, in->string[0]);
    COPY(p->address, in->string[1]);
    COPY(p->why, in->string[2]);
    p->result =
        (mtasts_probe_result)((number(in, RESULT) + (unsigned)MTASTS_PROBE_OK) %
                              11); /* '0' is OK */
    p->connected = number(in, CONNECTED) % 2 != 0;
    p->time_up = number(in, TIME_UP) % 2 != 0;
    p->ms = number(in, STATUS) * 500;
    p->port = number(in, PORT) * 443;
    p->has_cert = number(in, HAS_CERT) % 2 != 0;
    fill_cert(&p->cert, in, MATCHES);
}

static void fill_fetch(mtasts_fetch *f, const input *in)
{
    static const int statuses[] = {200, 301, 404, 503, -1, 304, 403, 401, 429};

    memset(f, 0, sizeof(*f));
    fill_probe(&f->probe, in);
    f->local = number(in, LOCAL) % 2 != 0;
    f->tls12 = 1 - (int)number(in, TLS12) % 3;
    f->tls13 = 1 - (int)number(in, TLS13) % 3;
    f->status =
        statuses[number(in, STATUS) % (sizeof(statuses) / sizeof(statuses[0]))];
    COPY(f->location, in->string[6]);
    COPY(f->content_type, in->string[7]);
    COPY(f->content_encoding, in->string[8]);
    COPY(f->etag, in->string[9]);
    COPY(f->age, in->string[10]);
    COPY(f->via, in->string[11]);
    COPY(f->server, in->string[12]);
    COPY(f->cf_cache_status, in->string[13]);
    f->body = in->body_len ? in->body : NULL;
    f->body_len = in->body_len;
    f->body_cut = number(in, BODY_CUT) % 2 != 0;
}

/* ---- the checks ---- */

static void run_vhost(const input *in, const mtasts_vhost_tls *tls, int64_t now)
{
    seen s = {MTASTS_CERT_NAME, MTASTS_CERT_UNREAD, 2, {0}, 0, 0, 0};

    mtasts_vhost_check(in->string[0], tls, now, look, &s);
    MUST(s.total <= 2 + 2 * 4 && !s.blocks);
    MUST(s.count[MTASTS_CERT_UNREAD] == (*tls->unread != '\0'));
    MUST(tls->certs[0].chain != MTASTS_CHAIN_SELF_SIGNED || tls->ncerts != 1 ||
         !s.count[MTASTS_CERT_EXPIRING]);
}

static void run_mx(const input *in, int64_t now)
{
    mtasts_mx_asked asked = {
        (mtasts_mode)(number(in, MODE) % 3), number(in, BACKUP) % 2 != 0,
        number(in, IMPLICIT) % 2 != 0, number(in, NOBODY) % 2 != 0, now};
    seen s = {MTASTS_MX_NO_STARTTLS, MTASTS_MX_DANE, 1, {0}, 0, 0, 0};
    mtasts_probe probe;

    fill_probe(&probe, in);
    mtasts_mx_check(&asked, &probe, look, &s);
    MUST(s.total <= 1 + 4);
    MUST(s.errors == s.blocks);
    MUST(asked.mode == MTASTS_MODE_ENFORCE || !s.errors);
    MUST(probe.result != MTASTS_PROBE_OK || probe.has_cert || !s.total);
    MUST(!s.count[MTASTS_MX_CERT_SELF_SIGNED] ||
         !s.count[MTASTS_MX_CERT_EXPIRING]);
    mtasts_dane_check(in->string[0], look, &s);
    MUST(s.count[MTASTS_MX_DANE] == 1);
}

static void run_fetch(const input *in, const mtasts_vhost_tls *tls, int64_t now)
{
    mtasts_fetch_wanted wanted = {BODY, strlen(BODY), "abc", NULL, NULL, now};
    seen s = {MTASTS_FETCH_UNREACHABLE, MTASTS_FETCH_LOCAL, 1, {0}, 0, 0, 0};
    char id[MTASTS_ID_SIZE];
    mtasts_fetch f;
    size_t on_body;
    int same;

    fill_fetch(&f, in);
    wanted.vhost = number(in, CERTS) % 2 ? tls : NULL;
    mtasts_policy_id(in->body, in->body_len, id);
    if (number(in, STALE) % 3 == 1) {
        wanted.txt_id = id;
    }
    else if (number(in, STALE) % 3 == 2) {
        snprintf(f.etag, sizeof(f.etag), "W/\"%s\"", id);
    }
    same = mtasts_fetch_same(&wanted, &f);
    mtasts_fetch_check(&wanted, &f, look, &s);
    MUST(s.total <= 1 + 1 + 4 + 4 + 1 && !s.blocks);
    on_body = s.count[MTASTS_FETCH_STALE] + s.count[MTASTS_FETCH_DIFFERS] +
              s.count[MTASTS_FETCH_INVALID];
    MUST(on_body <= 1 && !(same && on_body && !f.body_cut));
    MUST(!s.count[MTASTS_FETCH_INVALID] || !s.count[MTASTS_FETCH_TYPE]);
    if (f.probe.has_cert && !f.probe.cert.name_matches) {
        MUST(!on_body && !s.count[MTASTS_FETCH_STATUS] &&
             !s.count[MTASTS_FETCH_REDIRECT] && !s.count[MTASTS_FETCH_TYPE] &&
             !s.count[MTASTS_FETCH_ENCODING]);
    }
    else if (f.probe.result == MTASTS_PROBE_OK && f.status == 200 &&
             !s.count[MTASTS_FETCH_ENCODING]) {
        MUST(same || on_body);
    }
    else {
        MUST(!on_body);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *s = fuzz_string(data, size);
    static mtasts_vhost_tls tls;
    int64_t now = 1767268800; /* 2026-01-01 12:00:00 */
    input in;

    split(&in, s, size);
    memset(&tls, 0, sizeof(tls));
    tls.tls12 = 1 - (int)number(&in, TLS12) % 3;
    tls.tls13 = 1 - (int)number(&in, TLS13) % 3;
    tls.ncerts = number(&in, CERTS) % 3;
    COPY(tls.unread, in.string[6]);
    tls.elsewhere = number(&in, ELSEWHERE) % 2 != 0;
    fill_cert(&tls.certs[0], &in, MATCHES);
    fill_cert(&tls.certs[1], &in, SECOND);
    run_vhost(&in, &tls, now);
    run_mx(&in, now);
    run_fetch(&in, &tls, now);
    free(s);
    return 0;
}
