/* Certificates, MX hosts and fetches: every finding, its severity and whether
 * it blocks in each mode, its subject, and that it is absent where it has
 * nothing to say. */

#include "../../src/core/cert_check.h"
#include "tap.h"

#include <stdlib.h>

#define NOW  ((int64_t)1767268800) /* 2026-01-01 12:00:00 */
#define DAY  ((int64_t)86400)
#define HOST "mta-sts.example.com"
#define MX   "mail.example.com"

/* ---- what is said ---- */

typedef struct {
    const char *subject;
    char codes[2048];
    const char *code; /* whose text and remedy are kept */
    char text[8192];
    int bad;
    const mtasts_mx_asked *asked; /* of an MX host */
} result;

static int says(const mtasts_finding *f, const char *words)
{
    return strstr(f->text, words) != NULL;
}

/* 1 if the consequence is the mode's; only what is wrong has one. */
static int has_consequence(const result *r, const mtasts_finding *f)
{
    int enforce = r->asked->mode == MTASTS_MODE_ENFORCE;

    if (mtasts_code_severity(f->code) != MTASTS_ERROR) {
        return 1;
    }
    return says(f, " senders refuse to deliver to it") == enforce &&
           says(f, "in mode enforce senders would refuse") == !enforce &&
           says(f, "a backup MX host") == r->asked->backup &&
           says(f, "it is the domain itself") == r->asked->implicit;
}

static void collect(void *ctx, const mtasts_finding *f)
{
    result *r = ctx;

    if (strcmp(f->subject, r->subject) || strpbrk(f->text, "{}") ||
        strpbrk(f->remedy, "{}") || !*f->remedy || strstr(f->text, "''") ||
        strstr(f->remedy, "..") || (r->asked && !has_consequence(r, f))) {
        printf("# [%s] %s => %s\n", f->subject, f->text, f->remedy);
        r->bad = 1;
    }
    if (getenv("SHOW")) { /* to read them */
        printf("# %s: %s: %s => %s\n", f->subject, mtasts_code_name(f->code),
               f->text, f->remedy);
    }
    if (*r->codes) {
        strcat(r->codes, ", ");
    }
    strcat(r->codes, mtasts_severity_name(f->severity));
    strcat(r->codes, f->blocks ? "! " : " ");
    strcat(r->codes, mtasts_code_name(f->code));
    if (r->code && !strcmp(r->code, mtasts_code_name(f->code)) &&
        strlen(r->text) < 4096) {
        strcat(r->text, f->text);
        strcat(r->text, " => ");
        strcat(r->text, f->remedy);
        strcat(r->text, "\n");
    }
}

/* "!words" must not be there. */
static void has_text(const result *r, const char *name, const char *const *want,
                     size_t n)
{
    size_t i;

    for (i = 0; i < n && want[i]; i++) {
        int not = *want[i] == '!';

        if (!ok((strstr(r->text, want[i] + not ) != NULL) != not, name,
                want[i])) {
            printf("#   %s\n", r->text);
        }
    }
}

/* ---- certificates ---- */

/* All is well but for what a case names. */
typedef struct {
    const char *names; /* "a|b": none of them is the host; "-": none at all */
    unsigned left_out;
    int64_t before, after; /* from now, in seconds */
    mtasts_chain chain;
    const char *issuer, *why, *weak;
    unsigned char digest;
} cert;

static void fill_cert(mtasts_cert_facts *out, const cert *in)
{
    const char *names = in->names ? in->names : HOST;
    size_t i, at = 0;

    memset(out, 0, sizeof(*out));
    out->name_matches = !in->names;
    while (*names && *names != '-') {
        size_t len = strcspn(names, "|");

        memcpy(out->names + at, names, len);
        at += len + 1;
        out->nnames++;
        names += len + (names[len] == '|');
    }
    out->names_left_out = in->left_out;
    out->not_before = NOW + (in->before ? in->before : -30 * DAY);
    out->not_after = NOW + (in->after ? in->after : 60 * DAY);
    out->chain = in->chain;
    snprintf(out->issuer, sizeof(out->issuer), "%s",
             in->issuer ? in->issuer : "");
    snprintf(out->why, sizeof(out->why), "%s", in->why ? in->why : "");
    snprintf(out->weak, sizeof(out->weak), "%s", in->weak ? in->weak : "");
    for (i = 0; i < sizeof(out->digest); i++) {
        out->digest[i] = (unsigned char)(in->digest + i);
    }
}

static const char *const codes[MTASTS_FAULTS][3] = {
    [MTASTS_FAULT_NAME] = {"cert-name", "mx-cert-name", "fetch-cert-name"},
    [MTASTS_FAULT_SELF_SIGNED] = {"cert-self-signed", "mx-cert-self-signed",
                                  "fetch-cert-self-signed"},
    [MTASTS_FAULT_CHAIN] = {"cert-chain", "mx-cert-chain", "fetch-cert-chain"},
    [MTASTS_FAULT_EXPIRED] = {"cert-expired", "mx-cert-expired",
                              "fetch-cert-expired"},
    [MTASTS_FAULT_NOT_YET] = {"cert-not-yet", "mx-cert-not-yet",
                              "fetch-cert-not-yet"},
    [MTASTS_FAULT_EXPIRING] = {"cert-expiring", "mx-cert-expiring",
                               "fetch-cert-expiring"},
    [MTASTS_FAULT_WEAK] = {"cert-weak", "mx-cert-weak", "fetch-cert-weak"}};

/* Each is tried at the vhost, at an MX host and at a fetch. */
typedef struct {
    cert cert;
    mtasts_fault_kind fault; /* the only one; MTASTS_FAULTS for none */
    const char *text[4];     /* in all three */
    const char *own[3];      /* in the remedy at the vhost, MX, fetch */
} fault;

#define L50 "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwx"

static const fault faults[] = {
    {.fault = MTASTS_FAULTS},
    {.cert = {.names = "www.example.com|example.com"},
     .fault = MTASTS_FAULT_NAME,
     .text = {"host names: 'www.example.com', 'example.com' => ",
              "in its subjectAltName"},
     .own = {"with " HOST, "with " MX, "with " HOST}},
    {.cert = {.names = "-"},
     .fault = MTASTS_FAULT_NAME,
     .text = {"host names: none (an old certificate may have a CN only"},
     .own = {"SSLCertificateFile", "MTASTSMX", "CDN"}},
    {.cert = {.names = L50 "|" L50 "|" L50 "|" L50 "|b", .left_out = 7},
     .fault = MTASTS_FAULT_NAME,
     .text = {"'" L50 "', '" L50 "', '" L50 "' and 9 more => "}},
    {.cert = {.names = L50 L50 L50 L50 L50, .left_out = 1},
     .fault = MTASTS_FAULT_NAME,
     .text = {"'" L50 L50 L50 L50 "...' and 1 more => "}},
    {.cert = {.names = "-", .left_out = 2},
     .fault = MTASTS_FAULT_NAME,
     .text = {"names: too long to be shown => "}},
    {.cert = {.after = -1},
     .fault = MTASTS_FAULT_EXPIRED,
     .text = {"expired on 2026-01-01,", "Renew it"},
     .own = {"reload httpd", "postfix reload", "reload that"}},
    {.cert = {.after = -DAY},
     .fault = MTASTS_FAULT_EXPIRED,
     .text = {"expired on 2025-12-31,"}},
    {.cert = {.after = -31 * DAY},
     .fault = MTASTS_FAULT_EXPIRED,
     .text = {"expired on 2025-12-01,"}},
    {.cert = {.after = 1},
     .fault = MTASTS_FAULT_EXPIRING,
     .text = {"expires on 2026-01-01"}},
    {.cert = {.after = DAY / 2},
     .fault = MTASTS_FAULT_EXPIRING,
     .text = {"expires on 2026-01-02"}},
    {.cert = {.after = 5 * DAY},
     .fault = MTASTS_FAULT_EXPIRING,
     .text = {"expires on 2026-01-06", "Renew it"},
     .own = {"reload httpd", "postfix reload", "reload that"}},
    {.cert = {.after = 14 * DAY - 1},
     .fault = MTASTS_FAULT_EXPIRING,
     .text = {"expires on 2026-01-15"}},
    {.cert = {.after = 14 * DAY}, .fault = MTASTS_FAULTS},
    {.cert = {.before = 2 * DAY, .after = 5 * DAY},
     .fault = MTASTS_FAULT_NOT_YET,
     .text = {"not valid yet", "it will be on 2026-01-03", "clock"}},
    {.cert = {.before = 60},
     .fault = MTASTS_FAULT_NOT_YET,
     .text = {"it will be on 2026-01-01"}},
    {.cert = {.chain = MTASTS_CHAIN_SELF_SIGNED},
     .fault = MTASTS_FAULT_SELF_SIGNED,
     .text = {"signed by itself"},
     .own = {"mod_md it means that the certificate has not come yet",
             "subjectAltName", "public CA"}},
    /* of one that stands in for another, that it ends soon says nothing */
    {.cert = {.chain = MTASTS_CHAIN_SELF_SIGNED, .after = 5 * DAY},
     .fault = MTASTS_FAULT_SELF_SIGNED},
    {.cert = {.chain = MTASTS_CHAIN_INCOMPLETE, .issuer = "Small CA"},
     .fault = MTASTS_FAULT_CHAIN,
     .text = {"(the certificate of its issuer 'Small CA' was not sent",
              "Put the intermediate certificate after the server's"},
     .own = {"in SSLCertificateFile, and", "smtpd_tls_chain_files", "CDN"}},
    {.cert = {.chain = MTASTS_CHAIN_UNTRUSTED, .issuer = "Our Own Root"},
     .fault = MTASTS_FAULT_CHAIN,
     .text = {"(it leads to 'Our Own Root', which is no CA that senders trust",
              "public CA",
              "the roots that this machine trusts, or MTASTSCAFile, are old",
              "ca-certificates"}},
    {.cert = {.chain = MTASTS_CHAIN_UNTRUSTED},
     .fault = MTASTS_FAULT_CHAIN,
     .text = {"'?'"}},
    {.cert = {.chain = MTASTS_CHAIN_EXPIRED, .issuer = "Old Root"},
     .fault = MTASTS_FAULT_CHAIN,
     .text = {"(the certificate of the CA 'Old Root' has expired",
              "Replace the CA's certificate in "}},
    {.cert = {.chain = MTASTS_CHAIN_INVALID, .why = "path too long"},
     .fault = MTASTS_FAULT_CHAIN,
     .text = {"(path too long)", "Get a new certificate"}},
    {.cert = {.chain = (mtasts_chain)99},
     .fault = MTASTS_FAULT_CHAIN,
     .text = {"(it is not known why)"}},
    {.cert = {.weak = "RSA key of 1024 bits"},
     .fault = MTASTS_FAULT_WEAK,
     .text = {": RSA key of 1024 bits", "ECDSA P-256", "2048 bits", "SHA-256"}},
};

static void run_fault(const fault *t, size_t number)
{
    static const char *const where[] = {"vhost", "MX", "fetch"};
    static const char *const subjects[] = {HOST, MX " [192.0.2.1]",
                                           HOST " [192.0.2.1]"};
    mtasts_vhost_tls tls = {.tls12 = 1, .tls13 = 1, .ncerts = 1};
    mtasts_mx_asked asked = {.mode = MTASTS_MODE_ENFORCE, .now = NOW};
    mtasts_probe probe = {.host = MX,
                          .address = "192.0.2.1",
                          .result = MTASTS_PROBE_OK,
                          .connected = 1,
                          .has_cert = 1};
    mtasts_fetch_wanted wanted = {.body = "", .id = "", .now = NOW};
    mtasts_fetch fetch = {.status = 200,
                          .tls12 = 1,
                          .tls13 = 1,
                          .content_type = "text/plain",
                          .body = ""};
    size_t i;

    fill_cert(&probe.cert, &t->cert);
    fetch.probe = probe;
    strcpy(fetch.probe.host, HOST);
    tls.certs[0] = probe.cert;
    for (i = 0; i < 3; i++) {
        result r = {subjects[i], "", NULL, "", 0, i == 1 ? &asked : NULL};
        int warning =
            t->fault == MTASTS_FAULT_EXPIRING || t->fault == MTASTS_FAULT_WEAK;
        char want[80] = "", name[32];

        if (t->fault != MTASTS_FAULTS) {
            r.code = codes[t->fault][i];
            snprintf(want, sizeof(want), "%s%s %s",
                     warning ? "warning" : "error",
                     i == 1 && !warning ? "!" : "", r.code);
        }
        if (i == 0) {
            mtasts_vhost_check(HOST, &tls, NOW, collect, &r);
        }
        else if (i == 1) {
            mtasts_mx_check(&asked, &probe, collect, &r);
        }
        else {
            mtasts_fetch_check(&wanted, &fetch, collect, &r);
        }
        snprintf(name, sizeof(name), "certificate %lu", (unsigned long)number);
        is_str(r.codes, want, name, where[i]);
        ok(!r.bad, name, "subject, consequence and values");
        has_text(&r, name, t->text, 4);
        has_text(&r, name, &t->own[i], 1);
    }
}

/* Nothing of a damaged list of names makes the check read past it. */
static void damaged(void)
{
    mtasts_cert_facts *facts = malloc(sizeof(*facts));
    mtasts_fault out[MTASTS_CERT_FAULTS];

    fill_cert(facts, &(cert){.names = "a"});
    memset(facts->names, 'x', sizeof(facts->names));
    facts->nnames = 4000000000U;
    facts->names_left_out = 4000000000U;
    ok(mtasts_cert_faults(facts, "", NOW, out) == 1, "damaged", "one fault");
    ok(strstr(out[0].seen, "xxx...' and 7999999999 more") != NULL, "damaged",
       out[0].seen);
    memset(facts->names, 0, sizeof(facts->names));
    mtasts_cert_faults(facts, "", NOW, out);
    ok(strlen(out[0].seen) < 255, "damaged", out[0].seen);
    free(facts);
}

/* ---- the vhost ---- */

typedef struct {
    cert certs[2];
    size_t ncerts;
    int tls12, tls13;
    const char *unread;
    int elsewhere;
    const char *want;
    const char *code;
    const char *text[4];
} vhost;

static const vhost vhosts[] = {
    {.ncerts = 0, .tls12 = 1, .tls13 = 1, .want = ""},
    {.ncerts = 2, .tls12 = 1, .tls13 = 1, .want = ""},
    {.ncerts = 2, .tls12 = 1, .tls13 = 0, .want = ""},
    {.ncerts = 2, .tls12 = -1, .tls13 = -1, .want = ""},
    {.ncerts = 2, .tls12 = 0, .tls13 = -1, .want = ""},
    {.tls12 = 0,
     .tls13 = 0,
     .want = "error tls-version",
     .code = "tls-version",
     .text = {"does no TLS 1.2 or later", "SSLProtocol -all +TLSv1.2"}},
    {.tls12 = 0,
     .tls13 = 1,
     .want = "warning tls-version",
     .code = "tls-version",
     .text = {"does TLS 1.3 only", "SSLProtocol -all +TLSv1.2"}},
    {.tls12 = 1,
     .tls13 = 1,
     .unread = "/etc/ssl/x.pem: no such file",
     .want = "unknown cert-unread",
     .code = "cert-unread",
     .text = {": /etc/ssl/x.pem: no such file => See whether "
              "SSLCertificateFile is right; if the file is readable for root "
              "only, run this as root."}},
    {.tls12 = -1,
     .tls13 = -1,
     .unread = "mod_md has it",
     .elsewhere = 1,
     .want = "info cert-unread",
     .code = "cert-unread",
     .text = {": mod_md has it => Nothing: it is looked at when httpd starts "
              "and after each reload, see the error log then."}},
    /* RSA and ECDSA: the same is said once, */
    {.certs = {{.after = 5 * DAY}, {.after = 5 * DAY}},
     .ncerts = 2,
     .tls12 = 1,
     .tls13 = 1,
     .want = "warning cert-expiring"},
    {.certs = {{.names = "a.example"}, {.names = "a.example"}},
     .ncerts = 2,
     .tls12 = 1,
     .tls13 = 1,
     .want = "error cert-name"},
    /* and what differs twice. */
    {.certs = {{.after = 5 * DAY}, {.after = 4 * DAY}},
     .ncerts = 2,
     .tls12 = 1,
     .tls13 = 1,
     .want = "warning cert-expiring, warning cert-expiring",
     .code = "cert-expiring",
     .text = {"on 2026-01-06", "on 2026-01-05"}},
    {.certs = {{.before = 60}, {.after = -1}},
     .ncerts = 2,
     .tls12 = 1,
     .tls13 = 1,
     .want = "error cert-not-yet, error cert-expired"},
    {.certs = {{.weak = "x"}, {.after = -DAY}},
     .ncerts = 2,
     .tls12 = 1,
     .tls13 = 1,
     .want = "warning cert-weak, error cert-expired"},
    /* All that one certificate can have. */
    {.certs = {{.names = "a.example",
                .after = -DAY,
                .chain = MTASTS_CHAIN_SELF_SIGNED,
                .weak = "x"}},
     .ncerts = 1,
     .tls12 = 0,
     .tls13 = 1,
     .unread = "one of two",
     .want = "unknown cert-unread, error cert-name, error cert-self-signed, "
             "error cert-expired, warning cert-weak, warning tls-version"},
    /* A count that was damaged. */
    {.certs = {{.after = 5 * DAY}, {.after = 5 * DAY}},
     .ncerts = 4000,
     .tls12 = 1,
     .tls13 = 1,
     .want = "warning cert-expiring"},
};

static void run_vhost(const vhost *t, size_t number)
{
    mtasts_vhost_tls tls = {.tls12 = t->tls12, .tls13 = t->tls13};
    result r = {HOST, "", t->code, "", 0, NULL};
    char name[32];
    size_t i;

    tls.ncerts = t->ncerts;
    for (i = 0; i < MTASTS_VHOST_CERTS; i++) {
        fill_cert(&tls.certs[i], &t->certs[i % 2]);
    }
    snprintf(tls.unread, sizeof(tls.unread), "%s", t->unread ? t->unread : "");
    tls.elsewhere = t->elsewhere;
    mtasts_vhost_check(HOST, &tls, NOW, collect, &r);
    snprintf(name, sizeof(name), "vhost %lu", (unsigned long)number);
    is_str(r.codes, t->want, name, t->want);
    ok(!r.bad, name, "subject and values");
    has_text(&r, name, t->text, 4);
}

/* ---- MX hosts ---- */

typedef struct {
    mtasts_probe_result result;
    const char *address, *why;
    unsigned port;
    int connected, time_up, backup, implicit, nobody;
    const cert *cert;
    const char *want[3]; /* testing, enforce, none; NULL: as the first */
    const char *code;    /* whose text and remedy have */
    const char *text[4]; /* these */
} mx;

/* As long as one gets. */
#define LONG_ADDRESS "2001:db8:1111:2222:3333:4444:5555:6666"

static const cert expiring = {.after = 5 * DAY};
static const cert good = {.names = NULL};
static const cert all_wrong = {.names = "a.example",
                               .after = -DAY,
                               .chain = MTASTS_CHAIN_INCOMPLETE,
                               .issuer = "Small CA",
                               .weak = "RSA key of 512 bits"};

static const mx mxs[] = {
    {.result = MTASTS_PROBE_OK, .want = {""}},
    {.result = MTASTS_PROBE_OK, .cert = &good, .want = {""}},
    {.result = MTASTS_PROBE_NO_STARTTLS,
     .want = {"warning mx-no-starttls", "error! mx-no-starttls",
              "info mx-no-starttls"},
     .code = "mx-no-starttls",
     .text = {"does not offer STARTTLS", "Turn TLS on", MX, "firewall"}},
    {.result = MTASTS_PROBE_NO_STARTTLS,
     .backup = 1,
     .want = {"warning mx-no-starttls", "error! mx-no-starttls",
              "info mx-no-starttls"},
     .code = "mx-no-starttls",
     .text = {"a backup MX host is refused like any other, though it shows "
              "only when the primary one is down"}},
    {.result = MTASTS_PROBE_NO_STARTTLS,
     .implicit = 1,
     .want = {"warning mx-no-starttls", "error! mx-no-starttls",
              "info mx-no-starttls"}},
    {.result = MTASTS_PROBE_TLS_FAILED,
     .why = "handshake failure",
     .want = {"warning mx-starttls-failed", "error! mx-starttls-failed",
              "info mx-starttls-failed"},
     .code = "mx-starttls-failed",
     .text = {"(handshake failure), so",
              "-connect 192.0.2.1:25 -servername " MX}},
    {.result = MTASTS_PROBE_TLS_FAILED,
     .address = "2001:db8::1",
     .want = {"warning mx-starttls-failed", "error! mx-starttls-failed",
              "info mx-starttls-failed"},
     .code = "mx-starttls-failed",
     .text = {"-connect [2001:db8::1]:25 ", "it is not known why"}},
    {.result = MTASTS_PROBE_TLS_FAILED,
     .port = 2525,
     .want = {"warning mx-starttls-failed", "error! mx-starttls-failed",
              "info mx-starttls-failed"},
     .code = "mx-starttls-failed",
     .text = {"-connect 192.0.2.1:2525 "}},
    {.result = MTASTS_PROBE_TLS_VERSION,
     .want = {"warning mx-tls-version", "error! mx-tls-version",
              "info mx-tls-version"},
     .code = "mx-tls-version",
     .text = {"no TLS 1.2 or later",
              "(Postfix 3.6 and later: smtpd_tls_protocols = >=TLSv1.2)"}},
    {.result = MTASTS_PROBE_NO_STARTTLS,
     .why = "its answer to EHLO is 502",
     .want = {"warning mx-no-starttls", "error! mx-no-starttls",
              "info mx-no-starttls"},
     .code = "mx-no-starttls",
     .text = {"STARTTLS (its answer to EHLO is 502), so "}},
    {.result = MTASTS_PROBE_GREETING,
     .why = "SSH-2.0",
     .want = {"warning mx-greeting", "error! mx-greeting", "info mx-greeting"},
     .code = "mx-greeting",
     .text = {": SSH-2.0;", "begins with 220"}},
    {.result = MTASTS_PROBE_TURNED_AWAY,
     .why = "554 5.7.1 no",
     .want = {"warning mx-greeting", "warning mx-greeting", "info mx-greeting"},
     .code = "mx-greeting",
     .text = {": 554 5.7.1 no;", "MTASTSProbeMX Off"}},
    /* Words of a reply, which may be others each time, are in the remedy. */
    {.result = MTASTS_PROBE_TURNED_AWAY,
     .why = "its greeting is \"554 5.7.1 no, session 4711\"",
     .want = {"warning mx-greeting", "warning mx-greeting", "info mx-greeting"},
     .code = "mx-greeting",
     .text = {": its greeting is \"554...\"; if",
              "=> In full: its greeting is \"554 5.7.1 no, session 4711\". The "
              "mail server's"}},
    {.result = MTASTS_PROBE_GREETING,
     .why = "its greeting is no SMTP (a line longer than 4096 characters): "
            "\"at 12:00\"",
     .want = {"warning mx-greeting", "error! mx-greeting", "info mx-greeting"},
     .code = "mx-greeting",
     .text = {"(a line longer than 4096 characters): \"...\";",
              "): \"at 12:00\". See what"}},
    {.result = MTASTS_PROBE_NO_STARTTLS,
     .why = "its answer to EHLO is \"502 unknown command 4711\"",
     .want = {"warning mx-no-starttls", "error! mx-no-starttls",
              "info mx-no-starttls"},
     .code = "mx-no-starttls",
     .text = {"STARTTLS (its answer to EHLO is \"502...\"), so",
              "=> In full: its answer to EHLO is \"502 unknown command 4711\". "
              "Turn TLS on"}},
    {.result = MTASTS_PROBE_TLS_FAILED,
     .why = "its answer to STARTTLS is \"454 4.7.0 not now\"",
     .want = {"warning mx-starttls-failed", "error! mx-starttls-failed",
              "info mx-starttls-failed"},
     .code = "mx-starttls-failed",
     .text =
         {"fails (its answer to STARTTLS is \"454...\"), so",
          "=> In full: its answer to STARTTLS is \"454 4.7.0 not now\". The"}},
    {.result = MTASTS_PROBE_TLS_FAILED,
     .why = "it refused TLS with the alert \"handshake failure\"",
     .want = {"warning mx-starttls-failed", "error! mx-starttls-failed",
              "info mx-starttls-failed"},
     .code = "mx-starttls-failed",
     .text = {"(it refused TLS with the alert \"handshake failure\"), so",
              "!In full"}},
    /* certificates */
    {.result = MTASTS_PROBE_OK,
     .cert = &expiring,
     .want = {"warning mx-cert-expiring", NULL, "info mx-cert-expiring"},
     .code = "mx-cert-expiring",
     .text = {"; after that, "}},
    {.result = MTASTS_PROBE_OK,
     .cert = &all_wrong,
     .want = {"warning mx-cert-name, warning mx-cert-chain, warning "
              "mx-cert-expired, warning mx-cert-weak",
              "error! mx-cert-name, error! mx-cert-chain, error! "
              "mx-cert-expired, warning mx-cert-weak",
              "info mx-cert-name, info mx-cert-chain, info mx-cert-expired, "
              "warning mx-cert-weak"},
     .code = "mx-cert-name",
     .text = {"is not for " MX ",", "The host's name as in the MX record must "
                                    "be among them"}},
    {.result = MTASTS_PROBE_TLS_FAILED,
     .cert = &expiring,
     .want = {"warning mx-starttls-failed, warning mx-cert-expiring",
              "error! mx-starttls-failed, warning mx-cert-expiring",
              "info mx-starttls-failed, info mx-cert-expiring"}},
    /* nothing is known */
    {.result = MTASTS_PROBE_UNKNOWN,
     .why = "connection timed out",
     .want = {"unknown mx-unreachable"},
     .code = "mx-unreachable",
     .text = {": connection timed out =>", "whether the host is up",
              "its port 25 open", "other MX hosts"}},
    {.result = MTASTS_PROBE_UNKNOWN,
     .port = 2525,
     .want = {"unknown mx-unreachable"},
     .code = "mx-unreachable",
     .text = {"its port 2525 open"}},
    {.result = MTASTS_PROBE_UNKNOWN,
     .nobody = 1,
     .why = "connection timed out",
     .want = {"unknown mx-unreachable"},
     .code = "mx-unreachable",
     .text = {": connection timed out =>",
              "outbound port 25 is probably blocked", "many hosters",
              "-starttls smtp -connect 192.0.2.1:25` from elsewhere, or set "
              "MTASTSProbeMX Off."}},
    {.result = MTASTS_PROBE_UNKNOWN,
     .nobody = 1,
     .address = LONG_ADDRESS,
     .port = 65535,
     .want = {"unknown mx-unreachable"},
     .code = "mx-unreachable",
     .text = {"outbound port 65535 is probably blocked",
              "-connect [" LONG_ADDRESS "]:65535` from"}},
    /* the other side answered, so nothing blocks the way out */
    {.result = MTASTS_PROBE_REFUSED,
     .why = "connection refused",
     .want = {"unknown mx-unreachable"},
     .code = "mx-unreachable",
     .text = {": connection refused =>",
              "See whether the mail server runs and listens on 192.0.2.1:25",
              "a firewall refuses this machine", "set MTASTSProbeMX Off"}},
    {.result = MTASTS_PROBE_REFUSED,
     .why = "connection refused",
     .nobody = 1,
     .address = LONG_ADDRESS,
     .port = 65535,
     .want = {"unknown mx-unreachable"},
     .code = "mx-unreachable",
     .text = {": connection refused =>", "listens on [" LONG_ADDRESS "]:65535",
              "any hosters close outbound port 25", "!No MX host"}},
    {.result = MTASTS_PROBE_UNKNOWN,
     .time_up = 1,
     .want = {"unknown mx-unreachable"},
     .code = "mx-unreachable",
     .text = {"there was no time left for it", "MTASTSCheckTimeout",
              "error log"}},
    {.result = MTASTS_PROBE_UNKNOWN,
     .time_up = 1,
     .connected = 1,
     .why = "not done within 5.0 s",
     .want = {"unknown mx-unreachable"},
     .code = "mx-unreachable",
     .text = {": not done within 5.0 s =>", "MTASTSCheckTimeout",
              "!no time left"}},
    {.result = MTASTS_PROBE_UNKNOWN,
     .time_up = 1,
     .connected = 1,
     .want = {"unknown mx-unreachable"},
     .code = "mx-unreachable",
     .text = {": it had not answered when the time for all checks was up =>",
              "MTASTSCheckTimeout"}},
    {.result = MTASTS_PROBE_UNKNOWN,
     .time_up = 1,
     .nobody = 1,
     .want = {"unknown mx-unreachable"},
     .code = "mx-unreachable",
     .text = {"there was no time left for it", "port 25 is probably blocked"}},
    {.result = MTASTS_PROBE_UNKNOWN,
     .connected = 1,
     .why = "421 4.7.0 later",
     .want = {"unknown mx-unreachable"},
     .code = "mx-unreachable",
     .text = {": 421 4.7.0 later =>", "greylisting"}},
    {.result = MTASTS_PROBE_UNKNOWN,
     .want = {"unknown mx-unreachable"},
     .code = "mx-unreachable",
     .text = {"it is not known why"}},
    {.result = (mtasts_probe_result)77, .want = {"unknown mx-unreachable"}},
    {.result = MTASTS_PROBE_REFUSED, .want = {"unknown mx-unreachable"}},
};

static void run_mx(const mx *t, size_t number, mtasts_mode mode)
{
    mtasts_mx_asked asked = {mode, t->backup, t->implicit, t->nobody, NOW};
    mtasts_probe probe = {.host = MX,
                          .port = t->port,
                          .result = t->result,
                          .connected = t->connected,
                          .time_up = t->time_up,
                          .has_cert = t->cert != NULL};
    result r = {NULL, "", t->code, "", 0, &asked};
    char name[32], subject[80];

    snprintf(probe.address, sizeof(probe.address), "%s",
             t->address ? t->address : "192.0.2.1");
    snprintf(subject, sizeof(subject), MX " [%s]", probe.address);
    r.subject = subject;
    snprintf(probe.why, sizeof(probe.why), "%s", t->why ? t->why : "");
    if (t->cert) {
        fill_cert(&probe.cert, t->cert);
    }
    mtasts_mx_check(&asked, &probe, collect, &r);
    snprintf(name, sizeof(name), "MX %lu, %s", (unsigned long)number,
             mtasts_mode_name(mode));
    is_str(r.codes, t->want[mode] ? t->want[mode] : t->want[0], name,
           t->code ? t->code : t->want[0]);
    ok(!r.bad, name, "subject, consequence and values");
    has_text(&r, name, t->text, 4);
}

static void dane(void)
{
    static const char *const text[] = {"TLSA records", "DANE", "policy"};
    result r = {MX, "", "mx-dane", "", 0, NULL};

    mtasts_dane_check(MX, collect, &r);
    is_str(r.codes, "info mx-dane", "DANE", "mx-dane");
    ok(!r.bad, "DANE", "subject and values");
    has_text(&r, "DANE", text, 3);
}

/* ---- fetches ---- */

#define LINE1 "version: STSv1\r\n"
#define LINE2 "mode: enforce\r\n"
#define LINE3 "max_age: 604800\r\n"
#define LINE4 "mx: mail.example.com\r\n"
#define BODY  LINE1 LINE2 LINE3 LINE4
#define OLD   LINE1 "mode: testing\r\n" LINE3 LINE4 /* of this module */
#define OTHER LINE1 LINE2 LINE3 "mx: old.example.com\r\n"

typedef struct {
    mtasts_probe_result result; /* 0: OK; see .unknown */
    int unknown, time_up, local;
    unsigned ms, port;
    const char *why;
    int tls12, tls13; /* from 1; 2 is -1 */
    const cert *cert, *own;
    int own12, own13; /* of the vhost, likewise; with .own */
    int status;       /* 0: 200 */
    const char *location, *type, *encoding, *etag;
    const char *age, *via, *server, *cache;
    const char *body, *wanted; /* NULL: BODY */
    int body_cut;
    int old; /* the id of OLD is 1: in DNS, 2: in the ETag, 3: in a weak one,
                4: behind an id set by hand, 5 to 7: in what is no ETag of it */
    int same;
    const char *want;
    const char *code;
    const char *text[4];
} fetch;

static const cert other = {.digest = 1};
static const cert own_expiring = {.after = 5 * DAY, .digest = 7};
static const cert own_unchained = {
    .after = 5 * DAY, .digest = 7, .chain = MTASTS_CHAIN_INCOMPLETE};
static const cert own_named = {
    .after = 5 * DAY, .digest = 7, .names = "a.example"};

static const fetch fetches[] = {
    {.same = 1, .want = ""},
    {.cert = &good, .same = 1, .want = ""},
    {.local = 1,
     .same = 1,
     .want = "info fetch-local",
     .code = "fetch-local",
     .text = {"belongs to this machine", "firewall, NAT, proxy",
              "curl -i https://" HOST "/.well-known/mta-sts.txt"}},
    {.local = 1,
     .port = 443,
     .same = 1,
     .want = "info fetch-local",
     .code = "fetch-local",
     .text = {"curl -i https://" HOST "/.well-known/mta-sts.txt"}},
    {.local = 1,
     .port = 8443,
     .same = 1,
     .want = "info fetch-local",
     .code = "fetch-local",
     .text = {"curl -i https://" HOST ":8443/.well-known/mta-sts.txt"}},
    /* the connection */
    {.unknown = 1,
     .why = "connection timed out",
     .want = "unknown fetch-unreachable",
     .code = "fetch-unreachable",
     .text = {": connection timed out", "NAT", "Open port 443 ",
              "curl -i https://" HOST "/"}},
    {.unknown = 1,
     .port = 8443,
     .want = "unknown fetch-unreachable",
     .code = "fetch-unreachable",
     .text = {"Open port 8443 ", "curl -i https://" HOST ":8443/"}},
    {.unknown = 1,
     .want = "unknown fetch-unreachable",
     .code = "fetch-unreachable",
     .text = {": it is not known why"}},
    {.unknown = 1,
     .time_up = 1,
     .local = 1,
     .want = "unknown fetch-unreachable, info fetch-local",
     .code = "fetch-unreachable",
     .text = {"there was no time left for it", "MTASTSCheckTimeout"}},
    {.result = MTASTS_PROBE_REFUSED,
     .want = "warning fetch-unreachable",
     .code = "fetch-unreachable",
     .text = {"nothing listens there", "firewall",
              "for IPv6 write Listen 443 without an address, or Listen "
              "[::]:443 beside Listen 0.0.0.0:443",
              "or httpd does not run"}},
    {.result = MTASTS_PROBE_REFUSED,
     .port = 65535,
     .want = "warning fetch-unreachable",
     .code = "fetch-unreachable",
     .text = {"Listen 65535 without", "Listen [::]:65535 beside",
              "Listen 0.0.0.0:65535", "curl -i https://" HOST ":65535/"}},
    {.result = MTASTS_PROBE_TLS_FAILED,
     .why = "unrecognized name",
     .want = "error fetch-tls",
     .code = "fetch-tls",
     .text = {": unrecognized name", "plain HTTP on port 443.",
              "-connect 192.0.2.1:443 -servername " HOST}},
    {.result = MTASTS_PROBE_TLS_FAILED,
     .port = 8443,
     .want = "error fetch-tls",
     .code = "fetch-tls",
     .text = {"plain HTTP on port 8443.",
              "-connect 192.0.2.1:8443 -servername " HOST}},
    {.result = MTASTS_PROBE_TLS_VERSION,
     .tls12 = 1,
     .tls13 = 2,
     .want = "error fetch-tls-version",
     .code = "fetch-tls-version",
     .text = {"does no TLS 1.2 or later", "SSLProtocol"}},
    {.tls12 = 1,
     .tls13 = 2,
     .same = 1,
     .want = "warning fetch-tls-version",
     .code = "fetch-tls-version",
     .text = {"does TLS 1.3 only"}},
    /* what was said as tls-version is not said again */
    {.tls12 = 1, .own = &good, .own12 = 1, .same = 1, .want = ""},
    {.tls12 = 1,
     .own = &good,
     .own12 = 3,
     .same = 1,
     .want = "warning fetch-tls-version"},
    {.result = MTASTS_PROBE_TLS_VERSION,
     .own = &good,
     .own12 = 1,
     .own13 = 1,
     .want = ""},
    {.result = MTASTS_PROBE_TLS_VERSION,
     .own = &good,
     .own12 = 1,
     .want = "error fetch-tls-version"},
    {.result = MTASTS_PROBE_TLS_VERSION,
     .own = &good,
     .want = "error fetch-tls-version"},
    {.tls12 = 1, .tls13 = 3, .same = 1, .want = ""},
    {.tls12 = 2, .tls13 = 1, .same = 1, .want = ""},
    {.result = MTASTS_PROBE_NO_HTTP,
     .why = "the first line is no HTTP",
     .want = "error fetch-http",
     .code = "fetch-http",
     .text = {": the first line is no HTTP", "port 443 "}},
    {.result = MTASTS_PROBE_NO_HTTP,
     .port = 8443,
     .want = "error fetch-http",
     .code = "fetch-http",
     .text = {"port 8443 "}},
    {.result = MTASTS_PROBE_SLOW,
     .ms = 4000,
     .why = "3 of 99 bytes came",
     .want = "error fetch-slow",
     .code = "fetch-slow",
     .text = {"was not complete after 4 s", ": 3 of 99 bytes came", "5 s"}},
    {.ms = 2000, .same = 1, .want = ""},
    {.ms = 2001,
     .same = 1,
     .want = "warning fetch-slow",
     .code = "fetch-slow",
     .text = {"took more than 2 s", "give up after 2 s", "!2001"}},
    {.result = MTASTS_PROBE_GREETING, .want = "unknown fetch-unreachable"},
    {.result = (mtasts_probe_result)77, .want = "unknown fetch-unreachable"},
    /* certificates: what was said of the vhost's own is not said again */
    {.cert = &expiring, .same = 1, .want = "warning fetch-cert-expiring"},
    {.cert = &own_expiring, .own = &own_expiring, .same = 1, .want = ""},
    {.cert = &expiring,
     .own = &own_expiring,
     .same = 1,
     .want = "warning fetch-cert-expiring"},
    {.cert = &own_unchained,
     .own = &own_expiring,
     .same = 1,
     .want = "error fetch-cert-chain, warning fetch-cert-expiring"},
    {.cert = &own_named,
     .own = &own_expiring,
     .same = 1,
     .want = "error fetch-cert-name, warning fetch-cert-expiring"},
    {.result = MTASTS_PROBE_NO_HTTP,
     .cert = &all_wrong,
     .want = "error fetch-http, error fetch-cert-name, "
             "error fetch-cert-chain, error fetch-cert-expired, "
             "warning fetch-cert-weak"},
    /* another one answers: nothing is said of its response */
    {.cert = &own_named,
     .status = 301,
     .location = "https://www.example.com/",
     .want = "error fetch-cert-name, warning fetch-cert-expiring"},
    {.cert = &own_named,
     .status = 404,
     .ms = 2001,
     .local = 1,
     .want = "error fetch-cert-name, warning fetch-cert-expiring, "
             "warning fetch-slow, info fetch-local"},
    {.cert = &own_named,
     .type = "text/html",
     .body = "<html>",
     .want = "error fetch-cert-name, warning fetch-cert-expiring"},
    {.cert = &own_named,
     .encoding = "gzip",
     .want = "error fetch-cert-name, warning fetch-cert-expiring",
     .same = 1},
    {.cert = &own_named,
     .body = OLD,
     .old = 1,
     .want = "error fetch-cert-name, warning fetch-cert-expiring"},
    {.cert = &own_named,
     .body = OTHER,
     .tls12 = 1,
     .want = "warning fetch-tls-version, error fetch-cert-name, "
             "warning fetch-cert-expiring"},
    /* the status; nothing is compared then */
    {.status = 301,
     .location = "https://www.example.com/",
     .body = "",
     .want = "error fetch-redirect",
     .code = "fetch-redirect",
     .text = {"a redirect to https://www.example.com/, which senders never "
              "follow"}},
    {.status = 302,
     .location = "/challenge?token=4711",
     .want = "error fetch-redirect",
     .code = "fetch-redirect",
     .text = {"a redirect to /challenge?..., which", "!4711"}},
    {.status = 302,
     .body = BODY,
     .want = "error fetch-redirect",
     .code = "fetch-redirect",
     .text = {"an address that it does not name"}},
    {.status = 404,
     .type = "text/html",
     .encoding = "gzip",
     .body = "<html>",
     .want = "error fetch-status",
     .code = "fetch-status",
     .text = {"the HTTP status 404", "Host header", "access log"}},
    {.status = 403,
     .want = "error fetch-status",
     .code = "fetch-status",
     .text = {"status 403", "bot rule", "Require"}},
    {.status = 401,
     .want = "error fetch-status",
     .code = "fetch-status",
     .text = {"password"}},
    {.status = 429,
     .want = "error fetch-status",
     .code = "fetch-status",
     .text = {"rate"}},
    {.status = 503,
     .want = "error fetch-status",
     .code = "fetch-status",
     .text = {"mod_md", "error log, and reload then",
              "can't reach this server"}},
    {.status = 502,
     .want = "error fetch-status",
     .code = "fetch-status",
     .text = {"can't reach this server", "!mod_md"}},
    {.status = 500,
     .want = "error fetch-status",
     .code = "fetch-status",
     .text = {"=> See whether the request is in"}},
    {.status = 206, .want = "error fetch-status"},
    /* fields */
    {.type = "Text/Plain;charset=utf-8", .same = 1, .want = ""},
    {.type = "text/plain ; a=b", .same = 1, .want = ""},
    {.type = "text/plainer", .same = 1, .want = "error fetch-type"},
    {.type = "text/html; charset=utf-8",
     .same = 1,
     .want = "error fetch-type",
     .code = "fetch-type",
     .text = {"'text/html; charset=utf-8'", "want text/plain"}},
    {.type = "-",
     .same = 1,
     .want = "error fetch-type",
     .code = "fetch-type",
     .text = {"without a Content-Type"}},
    {.encoding = "gzip",
     .body = "\x1f\x8b",
     .want = "error fetch-encoding",
     .code = "fetch-encoding",
     .text = {"Content-Encoding 'gzip'", "compression"}},
    {.encoding = "Identity", .same = 1, .want = ""},
    /* another policy of this module */
    {.body = OLD,
     .old = 1,
     .age = "33",
     .via = "1.1 proxy",
     .server = "cloudflare",
     .cache = "HIT",
     .want = "warning fetch-stale",
     .code = "fetch-stale",
     .text = {"and not the one here, id newid: a cache holds it, or another "
              "server => Purge that cache (Age: 33, Via: 1.1 proxy, Server: "
              "cloudflare, CF-Cache-Status: HIT)",
              "reload the others"}},
    {.body = OLD,
     .old = 2,
     .server = "Apache",
     .want = "warning fetch-stale",
     .code = "fetch-stale",
     .text = {"(Server: Apache)"}},
    {.body = OLD,
     .old = 3,
     .want = "warning fetch-stale",
     .code = "fetch-stale",
     .text = {"(no header tells which)"}},
    {.body = OLD,
     .old = 4,
     .want = "warning fetch-stale",
     .code = "fetch-stale",
     .text = {"id set-by-hand-"}},
    {.body = OLD, .old = 5, .want = "error fetch-differs"},
    {.body = OLD, .old = 6, .want = "error fetch-differs"},
    {.body = OLD, .old = 7, .want = "error fetch-differs"},
    {.body = OLD, .etag = "\"a-00000000\"", .want = "error fetch-differs"},
    {.body = OLD, .etag = "\"-\"", .want = "error fetch-differs"},
    {.body = OLD, .etag = "W/", .want = "error fetch-differs"},
    {.body = "x", .old = 1, .want = "error fetch-invalid"},
    /* other bodies */
    {.body = OTHER,
     .want = "error fetch-differs",
     .code = "fetch-differs",
     .text = {"line 4 is 'mx: old.example.com', and here "
              "'mx: mail.example.com' => ",
              "MTASTS directives"}},
    /* only line ends differ, */
    {.body = "version: STSv1\nmode: enforce\nmax_age: 604800\n"
             "mx: mail.example.com\n",
     .want = "warning fetch-differs",
     .code = "fetch-differs",
     .text = {"other line ends", "something on the way changes", "senders",
              "!MTASTS directives"}},
    /* or more than these */
    {.body = "version: STSv1\nmode: testing\nmax_age: 604800\n"
             "mx: mail.example.com\n",
     .want = "error fetch-differs",
     .code = "fetch-differs",
     .text = {"line 2 is 'mode: testing', and here 'mode: enforce' => "}},
    {.body = "version: STSv1\nmode: enforce\nmax_age: 604800\n"
             "mx: mail.example.com\nmx: more.example.com\n",
     .want = "error fetch-differs",
     .code = "fetch-differs",
     .text = {"line 5 is 'mx: more.example.com', and here nothing => "}},
    {.body = BODY "mx: more.example.com\r\n",
     .want = "error fetch-differs",
     .code = "fetch-differs",
     .text = {"line 5 is 'mx: more.example.com', and here nothing => "}},
    {.body = LINE1 LINE2 LINE3 "mx: mail.example.com",
     .want = "warning fetch-differs",
     .code = "fetch-differs",
     .text = {"other line ends"}},
    {.wanted = BODY "mx: more.example.com\r\n",
     .want = "error fetch-differs",
     .code = "fetch-differs",
     .text = {"line 5 is missing, and here 'mx: more.example.com' => "}},
    {.body = LINE1 "mode: none\r\n" LINE3,
     .want = "error fetch-differs",
     .code = "fetch-differs",
     .text = {"line 2 is 'mode: none', and here 'mode: enforce' => "}},
    {.body = LINE1 LINE2 LINE3 "mx: " L50 ".example." L50 ".example." L50
                               ".example\r\n",
     .want = "error fetch-differs",
     .code = "fetch-differs",
     .text = {"line 4 is 'mx: " L50 ".example." L50 ".exampl...', and"}},
    {.body = "<html>\n<p>{0}\x1b[2J",
     .want = "error fetch-invalid",
     .code = "fetch-invalid",
     .text = {": line 1 ", "; it is '<html>' => "}},
    {.body = LINE1 "mode\r\n" LINE3,
     .want = "error fetch-invalid",
     .code = "fetch-invalid",
     .text = {": line 2 ", "; it is 'mode' => "}},
    {.body = "<html>", .type = "text/html", .want = "error fetch-invalid"},
    {.body = "<html>",
     .port = 8443,
     .want = "error fetch-invalid",
     .code = "fetch-invalid",
     .text = {"curl -i https://" HOST ":8443/.well-known"}},
    {.body = LINE1 LINE3 LINE4,
     .want = "error fetch-invalid",
     .code = "fetch-invalid",
     .text = {"it has no mode; it begins 'version: STSv1' => "}},
    {.body = "",
     .want = "error fetch-invalid",
     .code = "fetch-invalid",
     .text = {": it is empty => "}},
    {.body = BODY,
     .body_cut = 1,
     .want = "error fetch-invalid",
     .code = "fetch-invalid",
     .text = {"more than 64000 bytes", "it begins 'version: STSv1'"}},
    /* All at once: what is known is said. */
    {.cert = &expiring,
     .type = "text/html",
     .body = OTHER,
     .ms = 3000,
     .local = 1,
     .tls12 = 1,
     .tls13 = 2,
     .want = "warning fetch-tls-version, warning fetch-cert-expiring, "
             "warning fetch-slow, error fetch-differs, error fetch-type, "
             "info fetch-local"},
};

#define COPY(to, from) snprintf(to, sizeof(to), "%s", (from) ? (from) : "")

static void set_old(mtasts_fetch *facts, mtasts_fetch_wanted *wanted, int how)
{
    static char id[MTASTS_ID_SIZE];
    static const char *const forms[] = {
        "\"%s\"", "W/\"%s\"", "\"set-by-hand-%.8s\"",
        "%s",     "x%s\"",    "\"a-%.8sx\""};

    mtasts_policy_id(OLD, strlen(OLD), id);
    if (how == 1) {
        wanted->txt_id = id;
    }
    else if (how > 1) {
        snprintf(facts->etag, sizeof(facts->etag), forms[how - 2], id);
    }
}

/* An int of a case: 0 is 1 if nothing is said, else one more than it is. */
static int tls(int in)
{
    return in == 0 ? 1 : in == 3 ? -1 : in - 1;
}

static void fill_fetch(mtasts_fetch *f, const fetch *t)
{
    memset(f, 0, sizeof(*f));
    COPY(f->probe.host, HOST);
    COPY(f->probe.address, "192.0.2.1");
    COPY(f->probe.why, t->why);
    f->probe.result = t->unknown  ? MTASTS_PROBE_UNKNOWN
                      : t->result ? t->result
                                  : MTASTS_PROBE_OK;
    f->probe.time_up = t->time_up;
    f->probe.port = t->port;
    f->probe.ms = t->ms;
    f->local = t->local;
    f->tls12 = tls(t->tls12);
    f->tls13 = tls(t->tls13);
    if (t->cert) {
        f->probe.has_cert = 1;
        fill_cert(&f->probe.cert, t->cert);
    }
    f->status = t->status ? t->status : 200;
    COPY(f->location, t->location);
    COPY(f->content_type, !t->type          ? "text/plain; charset=utf-8"
                          : *t->type == '-' ? ""
                                            : t->type);
    COPY(f->content_encoding, t->encoding);
    COPY(f->etag, t->etag);
    COPY(f->age, t->age);
    COPY(f->via, t->via);
    COPY(f->server, t->server);
    COPY(f->cf_cache_status, t->cache);
    f->body = t->body ? t->body : BODY;
    f->body_len = strlen(f->body);
    f->body_cut = t->body_cut;
}

static void run_fetch(const fetch *t, size_t number)
{
    mtasts_vhost_tls own = {.tls12 = 1, .tls13 = 1, .ncerts = 2};
    mtasts_fetch_wanted wanted = {BODY,    strlen(BODY), "newid",
                                  "newid", NULL,         NOW};
    result r = {HOST " [192.0.2.1]", "", t->code, "", 0, NULL};
    mtasts_fetch f;
    char name[32];

    fill_fetch(&f, t);
    set_old(&f, &wanted, t->old);
    if (t->wanted) {
        wanted.body = t->wanted;
        wanted.body_len = strlen(t->wanted);
    }
    if (t->own) {
        own.tls12 = tls(t->own12);
        own.tls13 = tls(t->own13);
        fill_cert(&own.certs[0], &other);
        fill_cert(&own.certs[1], t->own);
        wanted.vhost = &own;
    }
    mtasts_fetch_check(&wanted, &f, collect, &r);
    snprintf(name, sizeof(name), "fetch %lu", (unsigned long)number);
    is_str(r.codes, t->want, name, t->code ? t->code : t->want);
    ok(!r.bad, name, "subject and values");
    has_text(&r, name, t->text, 4);
    ok(mtasts_fetch_same(&wanted, &f) == t->same, name, "same");
}

/* Facts that are kept have no body. */
static void no_body(void)
{
    mtasts_fetch_wanted wanted = {BODY, strlen(BODY), "a", NULL, NULL, NOW};
    result r = {HOST " [192.0.2.1]", "", "fetch-invalid", "", 0, NULL};
    mtasts_fetch f;

    fill_fetch(&f, &fetches[0]);
    f.body = NULL;
    f.body_len = 0;
    ok(!mtasts_fetch_same(&wanted, &f), "no body", "is not the same");
    mtasts_fetch_check(&wanted, &f, collect, &r);
    is_str(r.codes, "error fetch-invalid", "no body", "is empty");
    f.body = "version: STSv1\0x";
    f.body_len = 16;
    *r.codes = '\0';
    mtasts_fetch_check(&wanted, &f, collect, &r);
    ok(strstr(r.text, "'version: STSv1?x'") != NULL, "NUL", "is shown");
}

static void names(void)
{
    is_str(mtasts_chain_name(MTASTS_CHAIN_OK), "ok", "chain", "ok");
    is_str(mtasts_chain_name(MTASTS_CHAIN_SELF_SIGNED), "self-signed", "chain",
           "self-signed");
    is_str(mtasts_chain_name(MTASTS_CHAIN_INCOMPLETE), "incomplete", "chain",
           "incomplete");
    is_str(mtasts_chain_name(MTASTS_CHAIN_UNTRUSTED), "untrusted", "chain",
           "untrusted");
    is_str(mtasts_chain_name(MTASTS_CHAIN_EXPIRED), "expired", "chain",
           "expired");
    is_str(mtasts_chain_name(MTASTS_CHAIN_INVALID), "invalid", "chain",
           "invalid");
    is_str(mtasts_chain_name((mtasts_chain)6), "invalid", "chain", "damaged");
    is_str(mtasts_probe_result_name(MTASTS_PROBE_UNKNOWN), "unreachable",
           "probe", "unreachable");
    is_str(mtasts_probe_result_name(MTASTS_PROBE_REFUSED), "refused", "probe",
           "refused");
    is_str(mtasts_probe_result_name(MTASTS_PROBE_TURNED_AWAY), "turned-away",
           "probe", "turned away");
    is_str(mtasts_probe_result_name(MTASTS_PROBE_GREETING), "greeting", "probe",
           "greeting");
    is_str(mtasts_probe_result_name(MTASTS_PROBE_NO_STARTTLS), "no-starttls",
           "probe", "no-starttls");
    is_str(mtasts_probe_result_name(MTASTS_PROBE_TLS_FAILED), "tls-failed",
           "probe", "tls-failed");
    is_str(mtasts_probe_result_name(MTASTS_PROBE_TLS_VERSION), "tls-version",
           "probe", "tls-version");
    is_str(mtasts_probe_result_name(MTASTS_PROBE_NO_HTTP), "no-http", "probe",
           "no-http");
    is_str(mtasts_probe_result_name(MTASTS_PROBE_SLOW), "slow", "probe",
           "slow");
    is_str(mtasts_probe_result_name(MTASTS_PROBE_OK), "ok", "probe", "ok");
    is_str(mtasts_probe_result_name((mtasts_probe_result)10), "unreachable",
           "probe", "damaged");
}

#define EACH(table, i) for (i = 0; i < sizeof(table) / sizeof((table)[0]); i++)

int main(void)
{
    size_t i;

    names();
    EACH(faults, i)
    {
        run_fault(&faults[i], i);
    }
    damaged();
    EACH(vhosts, i)
    {
        run_vhost(&vhosts[i], i);
    }
    EACH(mxs, i)
    {
        run_mx(&mxs[i], i, MTASTS_MODE_TESTING);
        run_mx(&mxs[i], i, MTASTS_MODE_ENFORCE);
        run_mx(&mxs[i], i, MTASTS_MODE_NONE);
    }
    dane();
    EACH(fetches, i)
    {
        run_fetch(&fetches[i], i);
    }
    no_body();
    return done();
}
