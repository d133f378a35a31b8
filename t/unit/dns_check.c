/* The policy against DNS: every finding, its severity in each mode, and that
 * it is absent where it has nothing to say. */

#include "../../src/core/dns_check.h"
#include "tap.h"

#include <stdlib.h>

#define MOST 64

/* An answer and room for what it points to. */
typedef struct {
    mtasts_dns_answer answer;
    const char *cname[1];
    mtasts_dns_txt txt[MOST];
    mtasts_dns_mx mx[MOST];
} room;

static char words[8192]; /* what the answers point to */
static size_t used;

static char *keep(const char *s, size_t len)
{
    char *p = words + used;

    memcpy(p, s, len);
    p[len] = '\0';
    used += len + 1;
    return p;
}

/* "?" is TEMPFAIL, "-" ABSENT, else what there is; "@NAME " before it is a
 * CNAME. */
static const char *begin(room *r, const char *in)
{
    memset(r, 0, sizeof(*r));
    if (*in == '@') {
        size_t len = strcspn(in, " ");

        r->cname[0] = keep(in + 1, len - 1);
        r->answer.cname = r->cname;
        r->answer.ncname = 1;
        in += len + 1;
    }
    r->answer.status = *in == '?'   ? MTASTS_DNS_TEMPFAIL
                       : *in == '-' ? MTASTS_DNS_ABSENT
                                    : MTASTS_DNS_OK;
    r->answer.failure = *in == '?' ? "SERVFAIL from 192.0.2.53" : NULL;
    r->answer.txt = r->txt;
    r->answer.mx = r->mx;
    return r->answer.status == MTASTS_DNS_OK ? in : "";
}

/* "record|record" */
static const mtasts_dns_answer *txt(room *r, const char *in)
{
    for (in = begin(r, in); *in; in += *in == '|') {
        mtasts_dns_txt *t = &r->txt[r->answer.ntxt++];

        t->len = strcspn(in, "|");
        t->data = keep(in, t->len);
        in += t->len;
    }
    return &r->answer;
}

/* "+", "-" or "?" for A and for AAAA. */
static const char *host(mtasts_dns_host *h, room r[2], const char *name,
                        const char *in)
{
    h->name = name;
    begin(&r[0], in);
    if (*in == '@') {
        in += strcspn(in, " ") + 1;
    }
    begin(&r[1], in + 1);
    h->a = &r[0].answer;
    h->aaaa = &r[1].answer;
    return in + 2;
}

static room mx_rooms[2 * MOST];
static mtasts_dns_host mx_hosts[MOST];

/* "PREFERENCE HOST:ADDRESSES|..." */
static const mtasts_dns_answer *mx(room *r, const char *in)
{
    for (in = begin(r, in); *in; in += *in == '|') {
        size_t n = r->answer.nmx++, len;

        r->mx[n].preference = (uint16_t)atoi(in);
        in += strcspn(in, " ") + 1;
        len = strcspn(in, ":");
        r->mx[n].host = keep(in, len);
        in = host(&mx_hosts[n], &mx_rooms[2 * n], r->mx[n].host, in + len + 1);
    }
    return &r->answer;
}

typedef struct {
    char codes[2048];
    const char *code; /* whose text is kept */
    char text[16384];
    int bad;
} result;

static void collect(void *ctx, const mtasts_finding *f)
{
    result *r = ctx;

    if (strcmp(f->subject, "example.com") || strchr(f->text, '{') ||
        strchr(f->remedy, '{')) {
        r->bad = 1;
    }
    if (*r->codes) {
        strcat(r->codes, ", ");
    }
    strcat(r->codes, mtasts_severity_name(f->severity));
    strcat(r->codes, f->blocks ? "! " : " ");
    strcat(r->codes, mtasts_code_name(f->code));
    if (r->code && !strcmp(r->code, mtasts_code_name(f->code)) &&
        strlen(r->text) < 12000) {
        strcat(r->text, f->text);
        strcat(r->text, " => ");
        strcat(r->text, f->remedy);
        strcat(r->text, "\n");
    }
}

/* All is well but for what a case names. */
#define GOOD_TXT "v=STSv1; id=abc;"
#define GOOD_MX  "10 mail.example.com:++"
#define GOOD_RPT "v=TLSRPTv1; rua=mailto:a@b"

typedef struct {
    const char *patterns; /* NULL: mail.example.com; with blanks between */
    const char *txt, *mx, *own, *host, *tlsrpt;
    const char *wrong[2];
    const char *wanted;  /* "-": no MTASTSTLSRPT */
    size_t left_out;     /* of every answer */
    int unserved;        /* nothing is */
    const char *sync;    /* NULL: in-sync */
    const char *want[3]; /* testing, enforce, none; NULL: as the first */
    const char *code;    /* whose text and remedy have, in testing, */
    const char *text[4]; /* these */
} one;

static room rooms[16];

static void ask(const one *t, mtasts_dns_facts *f, mtasts_dns_host *own)
{
    size_t i;

    used = 0;
    memset(f, 0, sizeof(*f));
    f->domain = "example.com";
    f->txt = txt(&rooms[0], t->txt ? t->txt : GOOD_TXT);
    f->mx = mx(&rooms[1], t->mx ? t->mx : GOOD_MX);
    f->mx_hosts = mx_hosts;
    if (t->own) {
        host(own, &rooms[2], "example.com", t->own);
        f->own_host = own;
    }
    host(&f->policy_host, &rooms[4], "mta-sts.example.com",
         t->host ? t->host : "++");
    f->tlsrpt = txt(&rooms[6], t->tlsrpt ? t->tlsrpt : GOOD_RPT);
    for (i = 0; i < 2; i++) {
        if (t->wrong[i]) {
            f->wrong_tlsrpt[i] = txt(&rooms[7 + i], t->wrong[i]);
        }
    }
    rooms[0].answer.left_out = rooms[1].answer.left_out =
        rooms[6].answer.left_out = t->left_out;
}

static void run(const one *t, size_t number, mtasts_mode mode)
{
    const char *patterns = t->patterns ? t->patterns : "mail.example.com";
    const char *mxs[MOST];
    mtasts_policy p = {mode, 604800, mxs, 0};
    mtasts_wanted w = {&p,   "abc", t->wanted ? t->wanted : GOOD_RPT,
                       NULL, 0,     t->unserved};
    result r = {"", t->code, "", 0};
    mtasts_dns_facts f;
    mtasts_dns_host own;
    mtasts_sync sync;
    char name[64];
    size_t i;

    ask(t, &f, &own);
    while (*patterns) {
        size_t len = strcspn(patterns, " ");

        mxs[p.nmx++] = keep(patterns, len);
        patterns += len + (patterns[len] == ' ');
    }
    if (!strcmp(w.tlsrpt, "-")) {
        w.tlsrpt = NULL;
    }
    snprintf(name, sizeof(name), "%lu, %s", (unsigned long)number,
             mtasts_mode_name(mode));
    sync = mtasts_dns_check(&w, &f, collect, &r);
    is_str(r.codes, t->want[mode] ? t->want[mode] : t->want[0], name,
           t->code ? t->code : t->want[0]);
    is_str(mtasts_sync_name(sync), t->sync ? t->sync : "in-sync", name, "sync");
    ok(!r.bad, name, "subject and values");
    for (i = 0; mode == MTASTS_MODE_TESTING && i < 4 && t->text[i]; i++) {
        if (!ok(strstr(r.text, t->text[i]) != NULL, name, t->text[i])) {
            printf("#   %s\n", r.text);
        }
    }
}

#define TEN(a, b)                                                              \
    "1 h0" a ":" b "|1 h1" a ":" b "|1 h2" a ":" b "|1 h3" a ":" b "|1 h4" a   \
    ":" b "|1 h5" a ":" b "|1 h6" a ":" b "|1 h7" a ":" b "|1 h8" a ":" b      \
    "|1 h9" a ":" b
#define FOUR(a)  a ", " a ", " a ", " a
#define TIMES(a) FOUR(a) ", " FOUR(a) ", " FOUR(a) ", " FOUR(a)
#define PUBLISH  "_mta-sts.example.com. IN TXT \"v=STSv1; id=abc;\""

static const one cases[] = {
    {.want = {""}},
    {.wanted = "-", .want = {""}},
    /* _mta-sts */
    {.txt = "-",
     .sync = "absent",
     .want = {"error txt-missing", NULL, "warning txt-missing"},
     .code = "txt-missing",
     .text = {PUBLISH, "at _mta-sts.example.com,"}},
    {.txt = "v=spf1 -all",
     .sync = "absent",
     .want = {"error txt-missing, warning txt-foreign", NULL,
              "warning txt-missing, warning txt-foreign"},
     .code = "txt-foreign",
     .text = {"1 other", "v=spf1 -all", PUBLISH}},
    {.txt = "v=spf1 -all",
     .left_out = 1,
     .sync = "unknown",
     .want = {"warning txt-foreign"}},
    {.txt = GOOD_TXT "|x|y",
     .want = {"warning txt-foreign"},
     .code = "txt-foreign",
     .text = {"2 other", "'x'"}},
    {.txt = GOOD_TXT "|v=STSv1; id=def|x",
     .sync = "foreign",
     .want = {"error! txt-multiple, warning txt-foreign"},
     .code = "txt-multiple",
     .text = {"2 TXT records", GOOD_TXT, PUBLISH}},
    {.txt = GOOD_TXT "|" GOOD_TXT,
     .sync = "foreign",
     .want = {"error! txt-multiple"}},
    {.txt = "v=STSv1; id=2026-01",
     .sync = "foreign",
     .want = {"error! txt-syntax"},
     .code = "txt-syntax",
     .text = {"at character 17 (expected: a letter, a digit or ';')",
              "v=STSv1; id=2026-01", PUBLISH}},
    {.txt = "v=STSv1 ; id=abc",
     .sync = "foreign",
     .want = {"error txt-near-miss"},
     .code = "txt-near-miss",
     .text = {"at character 8 (expected: ;)", PUBLISH}},
    {.txt = "v=stsv1|x\x1b[2J| v=STSv1; id=abc",
     .sync = "foreign",
     .want = {"error txt-near-miss, error txt-near-miss, warning txt-foreign"},
     .code = "txt-foreign",
     .text = {"x\\x1b[2J"}},
    {.txt = GOOD_TXT "|\"v=STSv1, id=abc\"", .want = {"warning txt-near-miss"}},
    {.txt = "v=STSv1; id=def",
     .sync = "foreign",
     .want = {"warning txt-id-mismatch"},
     .code = "txt-id-mismatch",
     .text = {"def", "here abc", PUBLISH}},
    {.txt = "v=STSv1; id=ABC",
     .sync = "foreign",
     .want = {"warning txt-id-mismatch"}},
    {.txt = "-", .unserved = 1, .sync = "absent", .want = {""}},
    {.unserved = 1, .want = {""}},
    {.txt = "v=STSv1; id=def", .unserved = 1, .sync = "unknown", .want = {""}},
    {.txt = "v=STSv1 ; id=abc",
     .unserved = 1,
     .sync = "foreign",
     .want = {"error txt-near-miss"}},
    {.txt = "@sts.hoster.example " GOOD_TXT,
     .want = {"info txt-delegated"},
     .code = "txt-delegated",
     .text = {"_mta-sts.example.com is a CNAME to sts.hoster.example:"}},
    {.txt = "@sts.hoster.example -",
     .sync = "absent",
     .want = {"info txt-delegated, error txt-missing", NULL,
              "info txt-delegated, warning txt-missing"},
     .code = "txt-missing",
     .text = {"sts.hoster.example. IN TXT \"v=STSv1; id=abc;\""}},
    {.txt = "?",
     .sync = "unknown",
     .want = {"unknown dns-tempfail"},
     .code = "dns-tempfail",
     .text = {"_mta-sts.example.com TXT: SERVFAIL from 192.0.2.53"}},
    /* MX */
    {.mx = GOOD_MX "|20 Backup.example.net:++",
     .want = {"warning mx-unmatched", "error! mx-unmatched", ""},
     .code = "mx-unmatched",
     .text = {"MX 20 Backup.example.net:", "in mode enforce senders would",
              "=> MTASTSMX Backup.example.net beside"}},
    {.patterns = "*.example.com mail.example.com",
     .mx = "10 a.b.example.com:++|20 mail.example.com:++",
     .want = {"warning mx-unmatched", "error! mx-unmatched", ""}},
    {.mx = TEN(".example.net", "++") "|" TEN(".example.org",
                                             "++") "|5 mail.example.com:++",
     .want = {TIMES("warning mx-unmatched"), TIMES("error! mx-unmatched"), ""},
     .code = "mx-unmatched",
     .text = {"MX 1 h5.example.net:"}},
    {.mx = "0 :--",
     .want = {"warning mx-null", "error mx-null", ""},
     .code = "mx-null",
     .text = {"MX record of example.com is '.'"}},
    {.mx = GOOD_MX "|0 :??",
     .want = {"warning mx-invalid", NULL, ""},
     .code = "mx-invalid",
     .text = {"MX 0 .: "}},
    {.mx = GOOD_MX "|10 192.0.2.1:--",
     .want = {"warning mx-unmatched, warning mx-invalid",
              "error! mx-unmatched, warning mx-invalid", ""},
     .code = "mx-invalid",
     .text = {"MX 10 192.0.2.1: "}},
    {.patterns = "*.example.com",
     .mx = "10 *.example.com:++|20 mx_1.example.com:??",
     .want = {"warning mx-invalid, warning mx-invalid", NULL, ""}},
    {.patterns = "mail.example.com *.example.org old.example.com",
     .want = {"info mx-unused, info mx-unused", NULL, ""},
     .code = "mx-unused",
     .text = {"MTASTSMX *.example.org", "MTASTSMX old.example.com"}},
    {.patterns = "mail.example.com old.example.com",
     .left_out = 1,
     .want = {""}},
    {.mx = "10 mail.example.com:@real.example.net ++",
     .want = {"warning mx-cname", NULL, ""},
     .code = "mx-cname",
     .text = {"MX 10 mail.example.com: that host is a CNAME to "
              "real.example.net"}},
    {.mx = "10 mail.example.com:@real.example.net --",
     .want = {"warning mx-cname, warning mx-noaddress", NULL, ""}},
    {.mx = "10 mail.example.com:--",
     .want = {"warning mx-noaddress", NULL, ""},
     .code = "mx-noaddress",
     .text = {"MX 10 mail.example.com: "}},
    {.mx = "10 mail.example.com:-+", .want = {""}},
    {.mx = "10 mail.example.com:+-", .want = {""}},
    {.mx = "10 mail.example.com:?-",
     .want = {"unknown dns-tempfail", NULL, ""},
     .code = "dns-tempfail",
     .text = {"mail.example.com A: SERVFAIL"}},
    {.mx = "10 mail.example.com:+?",
     .want = {"unknown dns-tempfail", NULL, ""},
     .code = "dns-tempfail",
     .text = {"mail.example.com AAAA: SERVFAIL"}},
    {.mx = "10 mail.example.com:??|20 x.example.com:--",
     .want = {"warning mx-unmatched, warning mx-noaddress, "
              "unknown dns-tempfail",
              "error! mx-unmatched, warning mx-noaddress, unknown dns-tempfail",
              ""},
     .code = "dns-tempfail",
     .text = {"mail.example.com A and AAAA: SERVFAIL"}},
    {.patterns = "*.example.com",
     .mx = TEN(".example.com", "??") "|" TEN("x.example.com", "??"),
     .want = {TIMES("unknown dns-tempfail"), NULL, ""},
     .code = "dns-tempfail",
     .text = {"h5x.example.com A and AAAA (and 4 more): SERVFAIL"}},
    {.mx = "?",
     .want = {"unknown dns-tempfail"},
     .code = "dns-tempfail",
     .text = {"example.com MX: SERVFAIL"}},
    /* the implicit MX */
    {.patterns = "example.com", .mx = "-", .own = "+-", .want = {""}},
    {.patterns = "example.com",
     .mx = "-",
     .own = "?+",
     .want = {"unknown dns-tempfail", NULL, ""}},
    {.mx = "-",
     .own = "-+",
     .want = {"warning mx-unmatched, info mx-unused",
              "error! mx-unmatched, info mx-unused", ""},
     .code = "mx-unmatched",
     .text = {"MX 0 example.com (there is no MX record"}},
    {.mx = "-",
     .own = "--",
     .want = {"error mx-none", NULL, ""},
     .code = "mx-none",
     .text = {"example.com. IN MX 10 mail.example.com."}},
    {.patterns = "*.example.net",
     .mx = "-",
     .own = "--",
     .want = {"error mx-none", NULL, ""}},
    {.mx = "-", .own = "?-", .want = {"unknown dns-tempfail"}},
    {.mx = "-", .own = "??", .want = {"unknown dns-tempfail"}},
    {.mx = "-", .want = {""}},
    /* policy host */
    {.host = "-+", .want = {""}},
    {.host = "+-", .want = {""}},
    {.host = "--",
     .want = {"error host-missing"},
     .code = "host-missing",
     .text = {"mta-sts.example.com has neither", "mta-sts.example.com. IN A"}},
    {.host = "@web.example.net --",
     .want = {"error host-missing"},
     .code = "host-missing",
     .text = {"mta-sts.example.com (a CNAME to web.example.net) has"}},
    {.host = "@web.example.net +-", .want = {""}},
    {.host = "?-",
     .want = {"unknown dns-tempfail"},
     .code = "dns-tempfail",
     .text = {"mta-sts.example.com A: "}},
    {.host = "-?", .want = {"unknown dns-tempfail"}},
    /* _smtp._tls */
    {.tlsrpt = "-",
     .want = {"warning tlsrpt-missing"},
     .code = "tlsrpt-missing",
     .text = {"_smtp._tls.example.com. IN TXT \"" GOOD_RPT "\"\n"}},
    {.tlsrpt = "-",
     .wanted = "-",
     .want = {"info tlsrpt-missing"},
     .code = "tlsrpt-missing",
     .text = {"\"v=TLSRPTv1; rua=mailto:tlsrpt@example.com\" with an"}},
    {.tlsrpt = "-", .left_out = 1, .want = {""}},
    {.tlsrpt = "x|v=spf1", .want = {"warning tlsrpt-missing"}},
    {.tlsrpt = GOOD_RPT "|x", .want = {""}},
    {.tlsrpt = "-",
     .wrong = {GOOD_RPT, "-"},
     .want = {"warning tlsrpt-missing, warning tlsrpt-wrong-name"},
     .code = "tlsrpt-wrong-name",
     .text = {"at _mta-sts._tls.example.com,", GOOD_RPT,
              "Move it to _smtp._tls.example.com."}},
    {.tlsrpt = "-",
     .wanted = "-",
     .wrong = {"x", "v=tlsrptv1;"},
     .want = {"info tlsrpt-missing, warning tlsrpt-wrong-name"},
     .code = "tlsrpt-wrong-name",
     .text = {"at _tls.example.com,"}},
    {.tlsrpt = "-", .wrong = {"?", "?"}, .want = {"warning tlsrpt-missing"}},
    {.tlsrpt = GOOD_RPT "|" GOOD_RPT,
     .want = {"warning tlsrpt-multiple"},
     .code = "tlsrpt-multiple",
     .text = {"2 TXT records", "one: _smtp._tls.example.com. IN TXT \""}},
    {.tlsrpt = "v=TLSRPTv1; rua=a@b",
     .want = {"warning tlsrpt-syntax"},
     .code = "tlsrpt-syntax",
     .text = {"at character 17 (expected: mailto: or https:)",
              "IN TXT \"" GOOD_RPT "\""}},
    {.tlsrpt = "v=TLSRPTv1 ; rua=mailto:a@b",
     .want = {"warning tlsrpt-syntax"},
     .code = "tlsrpt-syntax",
     .text = {"at character 11 (expected: ;)"}},
    {.tlsrpt = "v=TLSRPTv1; rua=mailto:c@d",
     .want = {"warning tlsrpt-mismatch"},
     .code = "tlsrpt-mismatch",
     .text = {"'mailto:c@d'", "IN TXT \"" GOOD_RPT "\""}},
    {.tlsrpt = "v=TLSRPTv1; rua=mailto:c@d", .wanted = "-", .want = {""}},
    {.tlsrpt = "v=TLSRPTv1;rua=https://c/ , MAILTO:a@b;",
     .wanted = GOOD_RPT ",https://c/",
     .want = {""}},
    {.tlsrpt = "?",
     .want = {"unknown dns-tempfail"},
     .code = "dns-tempfail",
     .text = {"_smtp._tls.example.com TXT: "}},
    /* All at once: what is known is still said. */
    {.txt = "?",
     .mx = "10 x.example.com:++",
     .host = "?-",
     .tlsrpt = "-",
     .sync = "unknown",
     .want = {"unknown dns-tempfail, warning mx-unmatched, info mx-unused, "
              "unknown dns-tempfail, warning tlsrpt-missing",
              "unknown dns-tempfail, error! mx-unmatched, info mx-unused, "
              "unknown dns-tempfail, warning tlsrpt-missing",
              "unknown dns-tempfail, unknown dns-tempfail, "
              "warning tlsrpt-missing"}},
};

#define L50 "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwx"

/* Mode none without MTASTSMX. */
static const one suggestions[] = {
    {.mx = "10 mail.example.com:++|20 b.example.net:--|30 mail.example.com:++",
     .want = {NULL, NULL, "info mx-suggest"},
     .code = "mx-suggest",
     .text = {"=> MTASTSMX mail.example.com b.example.net\n"}},
    {.mx = "10 mx_1.example.com:++|20 b.example.net:--",
     .want = {NULL, NULL, "info mx-suggest"},
     .code = "mx-suggest",
     .text = {"=> MTASTSMX b.example.net\n"}},
    {.mx = "-",
     .own = "+-",
     .want = {NULL, NULL, "info mx-suggest"},
     .code = "mx-suggest",
     .text = {"=> MTASTSMX example.com\n"}},
    {.mx = TEN("." L50, "++"),
     .want = {NULL, NULL, "info mx-suggest, info mx-suggest, info mx-suggest"},
     .code = "mx-suggest",
     .text = {"now (line 1 of several)",
              "=> MTASTSMX h0." L50 " h1." L50 " h2." L50 " h3." L50 "\n",
              "now (line 3 of several)",
              "=> MTASTSMX h8." L50 " h9." L50 "\n"}},
    {.mx = "0 :--", .want = {NULL, NULL, ""}},
    {.mx = "-", .own = "--", .want = {NULL, NULL, ""}},
    {.mx = "?", .want = {NULL, NULL, "unknown dns-tempfail"}},
};

static void suggest(void)
{
    size_t i, j;

    for (i = 0; i < sizeof(suggestions) / sizeof(suggestions[0]); i++) {
        const one *t = &suggestions[i];
        mtasts_policy p = {MTASTS_MODE_NONE, 86400, NULL, 0};
        mtasts_wanted w = {&p, "abc", NULL, NULL, 0, 0};
        result r = {"", t->code, "", 0};
        mtasts_dns_facts f;
        mtasts_dns_host own;

        ask(t, &f, &own);
        mtasts_dns_check(&w, &f, collect, &r);
        is_str(r.codes, t->want[MTASTS_MODE_NONE], "suggest", t->mx);
        for (j = 0; j < 4 && t->text[j]; j++) {
            if (!ok(strstr(r.text, t->text[j]) != NULL, "suggest",
                    t->text[j])) {
                printf("#   %s\n", r.text);
            }
        }
    }
}

/* ---- an id other than the policy's, and what was served before ---- */

#define NOW ((int64_t)1767268800) /* 2026-01-01 12:00 UTC */
#define DAY 86400
#define HEX "0123456789abcdef0123456789abcdef"
#define OWN "ffffffffffffffffffffffffffffffff"

/* A policy that was served: seconds before NOW. */
typedef struct {
    const char *id;
    int64_t first, last;
} before;

static const struct {
    const char *what, *id, *own; /* in DNS; of the policy */
    int known;                   /* a history */
    before past[3];
    const char *txt_id; /* seen before, for so long */
    int64_t txt_for;
    const char *sync, *want, *text[2];
} ids[] = {
    /* no history */
    {.what = "of their making",
     .id = "20260101",
     .own = OWN,
     .sync = "foreign",
     .want = "warning txt-id-mismatch",
     .text = {"has the id 20260101, the policy here " OWN}},
    {.what = "one character more than derived",
     .id = HEX "0",
     .own = OWN,
     .sync = "foreign",
     .want = "error! txt-syntax"},
    {.what = "one character less than derived",
     .id = "123456789abcdef0123456789abcdef",
     .own = OWN,
     .sync = "foreign",
     .want = "warning txt-id-mismatch"},
    {.what = "derived, but for a capital",
     .id = "0123456789abcdeF0123456789abcdef",
     .own = OWN,
     .sync = "foreign",
     .want = "warning txt-id-mismatch"},
    {.what = "derived, but for a letter",
     .id = "0123456789abcdeg0123456789abcdef",
     .own = OWN,
     .sync = "foreign",
     .want = "warning txt-id-mismatch"},
    {.what = "derived",
     .id = HEX,
     .own = OWN,
     .sync = "unknown",
     .want = "warning txt-id-mismatch"},
    {.what = "derived, ours by hand",
     .id = HEX,
     .own = "1",
     .sync = "unknown",
     .want = "warning txt-id-mismatch"},
    /* never served */
    {.what = "never served, of their making",
     .known = 1,
     .id = "20260101",
     .own = OWN,
     .past = {{OWN, DAY, 0}},
     .sync = "foreign",
     .want = "warning txt-id-mismatch"},
    {.what = "never served, derived, not seen before",
     .known = 1,
     .id = HEX,
     .own = OWN,
     .past = {{OWN, DAY, 0}},
     .sync = "txt-ahead",
     .want = "warning txt-ahead",
     .text = {"the id " HEX ", since 2026-01-01 12:00 UTC, and no policy",
              "served: _mta-sts.example.com. IN TXT \"v=STSv1; id=" OWN ";\""}},
    {.what = "never served, ids by hand",
     .known = 1,
     .id = "2",
     .own = "1",
     .sync = "txt-ahead",
     .want = "warning txt-ahead"},
    {.what = "never served, seen for a day",
     .known = 1,
     .id = HEX,
     .own = OWN,
     .txt_id = HEX,
     .txt_for = DAY,
     .sync = "txt-ahead",
     .want = "warning txt-ahead",
     .text = {"since 2025-12-31 12:00 UTC, and"}},
    {.what = "never served, seen for more than a day",
     .known = 1,
     .id = HEX,
     .own = OWN,
     .txt_id = HEX,
     .txt_for = DAY + 1,
     .sync = "txt-ahead",
     .want = "error txt-ahead",
     .text = {"since 2025-12-31 11:59 UTC, and"}},
    {.what = "never served, another one seen",
     .known = 1,
     .id = HEX,
     .own = OWN,
     .txt_id = OWN,
     .txt_for = 9 * DAY,
     .sync = "txt-ahead",
     .want = "warning txt-ahead",
     .text = {"since 2026-01-01 12:00 UTC, and"}},
    {.what = "never served, the clock went back",
     .known = 1,
     .id = HEX,
     .own = OWN,
     .txt_id = HEX,
     .txt_for = -9 * DAY,
     .sync = "txt-ahead",
     .want = "warning txt-ahead",
     .text = {"since 2026-01-01 12:00 UTC, and"}},
    {.what = "never served, seen for ever",
     .known = 1,
     .id = HEX,
     .own = OWN,
     .txt_id = HEX,
     .txt_for = INT64_MAX,
     .sync = "txt-ahead",
     .want = "error txt-ahead",
     .text = {"since 1970-01-01 00:00 UTC, and"}},
    /* served before */
    {.what = "stale for a day",
     .known = 1,
     .id = "20260101",
     .own = OWN,
     .past = {{OWN, DAY, 0}, {"20260101", 9 * DAY, DAY}},
     .sync = "https-ahead",
     .want = "warning txt-stale",
     .text = {"the id 20260101 of an earlier policy; that of the policy here "
              "is " OWN ", served since 2025-12-31 12:00 UTC: ",
              "=> _mta-sts.example.com. IN TXT \"v=STSv1; id=" OWN ";\""}},
    {.what = "stale for more than a day",
     .known = 1,
     .id = HEX,
     .own = OWN,
     .past = {{OWN, DAY + 1, 0}, {HEX, 9 * DAY, DAY + 1}},
     .sync = "https-ahead",
     .want = "error txt-stale",
     .text = {"served since 2025-12-31 11:59 UTC: "}},
    {.what = "stale, and the policy not served yet",
     .known = 1,
     .id = HEX,
     .own = OWN,
     .past = {{HEX, 9 * DAY, 0}},
     .sync = "https-ahead",
     .want = "warning txt-stale",
     .text = {"here is " OWN ": senders",
              "=> Once the new policy is served everywhere: _mta-sts."}},
    {.what = "stale, and the policy not served yet, nor the other one any more",
     .known = 1,
     .id = HEX,
     .own = OWN,
     .past = {{HEX, 9 * DAY, 2 * DAY}},
     .sync = "https-ahead",
     .want = "warning txt-stale",
     .text = {"here is " OWN ": senders"}},
    {.what = "stale, and the policy long served, the other one as well",
     .known = 1,
     .id = HEX,
     .own = OWN,
     .past = {{OWN, 9 * DAY, 0}, {HEX, 19 * DAY, -60}},
     .sync = "https-ahead",
     .want = "warning txt-stale",
     .text = {"here is " OWN ": senders",
              "=> Once the new policy is served everywhere: _mta-sts."}},
    {.what = "there and back: stale since then",
     .known = 1,
     .id = HEX,
     .own = OWN,
     .past = {{OWN, 9 * DAY, 0}, {HEX, 2 * DAY, 7201}},
     .sync = "https-ahead",
     .want = "warning txt-stale",
     .text = {"served since 2026-01-01 09:59 UTC: "}},
    {.what = "the other one was seen at the look before",
     .known = 1,
     .id = HEX,
     .own = OWN,
     .past = {{OWN, 9 * DAY, 0}, {HEX, 19 * DAY, 7200}},
     .sync = "https-ahead",
     .want = "warning txt-stale",
     .text = {"here is " OWN ": senders"}},
    {.what = "its id for several policies: the last counts",
     .known = 1,
     .id = HEX,
     .own = "1",
     .past = {{"1", 19 * DAY, 9 * DAY},
              {"1", 60, 0},
              {HEX, 49 * DAY, 29 * DAY}},
     .sync = "https-ahead",
     .want = "warning txt-stale",
     .text = {"served since 2026-01-01 11:59 UTC: "}},
    {.what = "stale, and the clock went back",
     .known = 1,
     .id = HEX,
     .own = OWN,
     .past = {{OWN, -DAY, -DAY}, {HEX, 9 * DAY, 60}},
     .sync = "https-ahead",
     .want = "warning txt-stale",
     .text = {"served since 2026-01-01 12:00 UTC: "}},
    {.what = "in sync, whatever was before",
     .known = 1,
     .id = OWN,
     .own = OWN,
     .past = {{HEX, 9 * DAY, DAY}},
     .sync = "in-sync",
     .want = ""},
};

static void other_ids(void)
{
    size_t i, j;

    for (i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
        mtasts_policy p = {MTASTS_MODE_NONE, 86400, NULL, 0};
        mtasts_past past[3];
        mtasts_txt_seen seen = {ids[i].txt_id, NOW - ids[i].txt_for, NOW, 0};
        mtasts_history h = {past, 0, &seen, ids[i].txt_id != NULL};
        mtasts_wanted w = {&p,  ids[i].own, GOOD_RPT, ids[i].known ? &h : NULL,
                           NOW, 0};
        char record[64];
        one t = {.txt = record, .mx = "-", .own = "--"};
        result r = {"", "", "", 0};
        mtasts_dns_facts f;
        mtasts_dns_host own;

        memset(past, 0, sizeof(past));
        for (; h.npast < 3 && ids[i].past[h.npast].id; h.npast++) {
            past[h.npast].id = ids[i].past[h.npast].id;
            past[h.npast].digest = "any";
            past[h.npast].first_served = NOW - ids[i].past[h.npast].first;
            past[h.npast].last_served = NOW - ids[i].past[h.npast].last;
        }
        snprintf(record, sizeof(record), "v=STSv1; id=%s", ids[i].id);
        r.code = strrchr(ids[i].want, ' ');
        r.code = r.code ? r.code + 1 : "";
        ask(&t, &f, &own);
        is_str(mtasts_sync_name(mtasts_dns_check(&w, &f, collect, &r)),
               ids[i].sync, ids[i].what, ids[i].sync);
        is_str(r.codes, ids[i].want, ids[i].what, "findings");
        ok(!r.bad, ids[i].what, "subject and values");
        for (j = 0; j < 2 && ids[i].text[j]; j++) {
            if (!ok(strstr(r.text, ids[i].text[j]) != NULL, ids[i].what,
                    ids[i].text[j])) {
                printf("#   %s\n", r.text);
            }
        }
    }
}

int main(void)
{
    size_t i;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        run(&cases[i], i, MTASTS_MODE_TESTING);
        run(&cases[i], i, MTASTS_MODE_ENFORCE);
        run(&cases[i], i, MTASTS_MODE_NONE);
    }
    suggest();
    other_ids();
    return done();
}
