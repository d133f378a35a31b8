/* Raw DNS replies, right, wrong and hostile. */

#include "../../src/net/dns.h"
#include "../../src/net/reply.h"
#include "../unit/tap.h"

#include <stdlib.h>

#define CNAME 5
/* Where the class of the question "d.test" ends. */
#define HEADER_END (12 + 8 + 3)

/* The packet being made.  Strings are written as in zone files, but only with
 * plain labels; "" is the root. */
static unsigned char pkt[80000];
static size_t pkt_len;

static void put(const void *data, size_t len)
{
    memcpy(pkt + pkt_len, data, len);
    pkt_len += len;
}

static void put16(unsigned n)
{
    unsigned char b[2] = {(unsigned char)(n >> 8), (unsigned char)n};

    put(b, 2);
}

static void put_name(const char *name)
{
    while (*name) {
        unsigned char len = (unsigned char)strcspn(name, ".");

        put(&len, 1);
        put(name, len);
        name += len + (name[len] == '.');
    }
    put("", 1);
}

static void set16(size_t at, unsigned n)
{
    pkt[at] = (unsigned char)(n >> 8);
    pkt[at + 1] = (unsigned char)n;
}

static void begin(unsigned rcode, const char *name, int type)
{
    pkt_len = 0;
    put16(1234);
    put16(0x8180 | rcode);
    put16(1);
    put16(0);
    put16(0);
    put16(0);
    put_name(name);
    put16((unsigned)type);
    put16(1);
}

static uint32_t rr_ttl = 300;

/* Owner NULL: a pointer to the question. */
static void rr(const char *owner, int type, const void *data, size_t len)
{
    if (owner) {
        put_name(owner);
    }
    else {
        put16(0xc00c);
    }
    put16((unsigned)type);
    put16(1);
    put16(rr_ttl >> 16);
    put16(rr_ttl & 0xffff);
    put16((unsigned)len);
    put(data, len);
    set16(6, (unsigned)(pkt[6] << 8 | pkt[7]) + 1);
}

static void rr_name(const char *owner, int type, int preference,
                    const char *target)
{
    size_t at, start;

    rr(owner, type, "", 0);
    at = pkt_len - 2;
    start = pkt_len;
    if (type == MTASTS_DNS_MX) {
        put16((unsigned)preference);
    }
    put_name(target);
    set16(at, (unsigned)(pkt_len - start));
}

/* Always read from a block of its own size, for the sanitizer. */
static mtasts_dns_answer *read_it(const char *name, int type, size_t len)
{
    unsigned char *copy = malloc(len ? len : 1);
    mtasts_dns_answer *a;

    memcpy(copy, pkt, len);
    a = mtasts_reply_read(copy, len, name, type);
    free(copy);
    return a;
}

/* "ok", "absent" or the failure, then each record and CNAME. */
static void show(const mtasts_dns_answer *a, char *out, size_t size)
{
    size_t at = 0, i;

#define ADD(...)                                                               \
    (at += at < size ? (size_t)snprintf(out + at, size - at, __VA_ARGS__) : 0)
    ADD("%s", a->status == MTASTS_DNS_OK       ? "ok"
              : a->status == MTASTS_DNS_ABSENT ? "absent"
                                               : a->failure);
    for (i = 0; i < a->ncname; i++) {
        ADD(" >%s", a->cname[i]);
    }
    for (i = 0; i < a->nmx; i++) {
        ADD(" %u %s.", a->mx[i].preference, a->mx[i].host);
    }
    for (i = 0; i < a->nns; i++) {
        ADD(" %s.", a->ns[i]);
    }
    for (i = 0; i < a->ntxt; i++) {
        ADD(" '%s'", a->txt[i].data);
    }
    for (i = 0; i < a->naddresses; i++) {
        ADD(" %.*s", a->addresses[i].len, (const char *)a->addresses[i].octets);
    }
    if (a->left_out) {
        ADD(" left out %zu", a->left_out);
    }
#undef ADD
}

static void is(const char *name, int type, const char *want, const char *what)
{
    mtasts_dns_answer *a = read_it(name, type, pkt_len);
    char got[2000];

    show(a, got, sizeof(got));
    is_str(got, want, "reply", what);
    free(a);
}

static void plain(void)
{
    begin(0, "D.test", MTASTS_DNS_TXT);
    rr(NULL, MTASTS_DNS_TXT, "\3v=S\0\5TSv1;", 11);
    is("d.Test", MTASTS_DNS_TXT, "ok 'v=STSv1;'", "strings joined");

    begin(0, "d.test", MTASTS_DNS_TXT);
    rr("d.TEST", MTASTS_DNS_TXT, "\2bc", 3);
    rr(NULL, MTASTS_DNS_TXT, "\1a", 2);
    rr(NULL, MTASTS_DNS_A, "abcd", 4);
    rr(NULL, MTASTS_DNS_TXT, "\1b", 2);
    rr(NULL, MTASTS_DNS_TXT, "\0", 1);
    is("d.test", MTASTS_DNS_TXT, "ok '' 'a' 'b' 'bc'",
       "other types beside, in any order");

    begin(0, "d.test", MTASTS_DNS_A);
    rr(NULL, MTASTS_DNS_A, "abce", 4);
    rr(NULL, MTASTS_DNS_A, "abcd", 4);
    is("d.test", MTASTS_DNS_A, "ok abcd abce", "addresses, in any order");

    begin(0, "d.test", MTASTS_DNS_MX);
    rr_name(NULL, MTASTS_DNS_MX, 20, "b.test");
    rr_name(NULL, MTASTS_DNS_MX, 10, "Z.Test");
    rr_name(NULL, MTASTS_DNS_MX, 10, "a.test");
    is("d.test", MTASTS_DNS_MX, "ok 10 a.test. 10 z.test. 20 b.test.", "MX");

    begin(0, "d.test", MTASTS_DNS_MX);
    rr_name(NULL, MTASTS_DNS_MX, 0, "");
    is("d.test", MTASTS_DNS_MX, "ok 0 .", "null MX");

    begin(0, "d.test", MTASTS_DNS_MX);
    rr(NULL, MTASTS_DNS_MX, "\0\1\4a.\0\\\1b", 10);
    is("d.test", MTASTS_DNS_MX, "ok 1 a\\.\\000\\\\.b.", "MX of odd bytes");
    begin(0, "d.test", MTASTS_DNS_MX);
    rr(NULL, MTASTS_DNS_MX, "\0\0\1\0\0", 5);
    is("d.test", MTASTS_DNS_MX, "ok 0 \\000.", "MX of one NUL: not null MX");
    begin(0, "d.test", MTASTS_DNS_MX);
    rr(NULL, MTASTS_DNS_MX, "\0\1\1a\xc0\x28", 6);
    is("d.test", MTASTS_DNS_MX, "malformed reply", "MX pointer to itself");
    begin(0, "d.test", MTASTS_DNS_MX);
    rr(NULL, MTASTS_DNS_MX, "\0\1\xc0\x36", 4);
    rr(NULL, MTASTS_DNS_MX, "\0\1\1a\0", 5);
    is("d.test", MTASTS_DNS_MX, "malformed reply", "MX pointer forward");

    begin(0, "d.test", MTASTS_DNS_NS);
    rr_name(NULL, MTASTS_DNS_NS, 0, "ns2.test");
    rr_name("other.test", MTASTS_DNS_NS, 0, "ns3.test");
    rr_name(NULL, MTASTS_DNS_NS, 0, "NS1.Test");
    is("d.test", MTASTS_DNS_NS, "ok ns1.test. ns2.test.", "NS");

    begin(0, "d.test", MTASTS_DNS_A);
    rr(NULL, MTASTS_DNS_A, "abcd", 4);
    rr(NULL, MTASTS_DNS_A, "abce", 4);
    is("d.test", MTASTS_DNS_A, "ok abcd abce", "A");
    begin(0, "d.test", MTASTS_DNS_AAAA);
    rr(NULL, MTASTS_DNS_AAAA, "abcdefghijklmnop", 16);
    is("d.test", MTASTS_DNS_AAAA, "ok abcdefghijklmnop", "AAAA");
    begin(0, "_25._tcp.d.test", MTASTS_DNS_TLSA);
    rr(NULL, MTASTS_DNS_TLSA, "\3\1\1hash", 7);
    is("_25._tcp.d.test", MTASTS_DNS_TLSA, "ok", "TLSA");

    begin(0, "d.test", MTASTS_DNS_TXT);
    is("d.test", MTASTS_DNS_TXT, "absent", "NODATA");
    begin(3, "d.test", MTASTS_DNS_TXT);
    is("d.test", MTASTS_DNS_TXT, "absent", "NXDOMAIN");
}

static void owners(void)
{
    begin(0, "d.test", MTASTS_DNS_TXT);
    rr("evil.test", MTASTS_DNS_TXT, "\4EVIL", 5);
    is("d.test", MTASTS_DNS_TXT, "records of another name only",
       "other owner alone");
    rr("d.test", MTASTS_DNS_TXT, "\1x", 2);
    rr("x.d.test", MTASTS_DNS_TXT, "\4EVIL", 5);
    is("d.test", MTASTS_DNS_TXT, "ok 'x'", "other owners beside");

    begin(0, "d.test", MTASTS_DNS_TXT);
    rr(NULL, MTASTS_DNS_TXT, "\1x", 2);
    set16(pkt_len - 10, 3);
    is("d.test", MTASTS_DNS_TXT, "absent", "class CHAOS");

    begin(0, "d.test", MTASTS_DNS_TXT);
    rr("c.test", MTASTS_DNS_TXT, "\1x", 2);
    rr_name("b.test", CNAME, 0, "C.test");
    rr_name("evil.test", CNAME, 0, "more.evil.test");
    rr("more.evil.test", MTASTS_DNS_TXT, "\4EVIL", 5);
    rr_name(NULL, CNAME, 0, "b.test");
    is("d.test", MTASTS_DNS_TXT, "ok >b.test >c.test 'x'",
       "CNAME chain in reverse order");

    begin(0, "d.test", MTASTS_DNS_TXT);
    rr_name(NULL, CNAME, 0, "b.test");
    is("d.test", MTASTS_DNS_TXT, "absent >b.test", "CNAME alone");
    begin(3, "d.test", MTASTS_DNS_TXT);
    rr_name(NULL, CNAME, 0, "b.test");
    is("d.test", MTASTS_DNS_TXT, "absent >b.test", "CNAME to NXDOMAIN");

    begin(0, "d.test", MTASTS_DNS_TXT);
    rr_name(NULL, CNAME, 0, "d.test");
    is("d.test", MTASTS_DNS_TXT, "CNAME loop", "CNAME to itself");
    begin(0, "d.test", MTASTS_DNS_TXT);
    rr_name(NULL, CNAME, 0, "b.test");
    rr_name("b.test", CNAME, 0, "c.test");
    rr_name("c.test", CNAME, 0, "b.test");
    rr("b.test", MTASTS_DNS_TXT, "\1x", 2);
    is("d.test", MTASTS_DNS_TXT, "CNAME loop", "CNAME loop");
}

static void wrong(void)
{
    static const char *const rcodes[] = {"absent", "FORMERR", "SERVFAIL",
                                         "absent", "NOTIMP",  "REFUSED",
                                         "RCODE 6"};
    unsigned i;

    for (i = 0; i < 7; i++) {
        begin(i, "d.test", MTASTS_DNS_TXT);
        is("d.test", MTASTS_DNS_TXT, rcodes[i], "RCODE");
    }
    begin(0, "d.test", MTASTS_DNS_TXT);
    rr(NULL, MTASTS_DNS_TXT, "\1x", 2);
    is("e.test", MTASTS_DNS_TXT, "reply to another question", "other name");
    is("d.test", MTASTS_DNS_MX, "reply to another question", "other type");
    pkt[5] = 2;
    is("d.test", MTASTS_DNS_TXT, "reply to another question", "2 questions");
    pkt[5] = 0;
    is("d.test", MTASTS_DNS_TXT, "reply to another question", "no question");
    pkt[5] = 1;
    pkt[HEADER_END] = 3; /* class of the question */
    is("d.test", MTASTS_DNS_TXT, "reply to another question", "other class");
    pkt[HEADER_END] = 1;
    pkt[2] = 0x01;
    is("d.test", MTASTS_DNS_TXT, "something that is no reply", "QR");
    pkt[2] = 0xa9;
    is("d.test", MTASTS_DNS_TXT, "something that is no reply", "opcode");
    pkt[2] = 0x83;
    is("d.test", MTASTS_DNS_TXT, "truncated reply", "TC");
    pkt[2] = 0x81;
    pkt[7] = 2;
    is("d.test", MTASTS_DNS_TXT, "malformed reply", "a record too few");

    begin(0, "d.test", MTASTS_DNS_TXT);
    pkt[3] = 0;
    pkt[9] = 1;
    is("d.test", MTASTS_DNS_TXT, "referral to other servers, no recursion",
       "referral");
}

static void malformed(void)
{
    static const struct {
        int type;
        const char *data;
        size_t len;
        const char *what;
    } cases[] = {
        {MTASTS_DNS_TXT, "", 0, "TXT of no strings"},
        {MTASTS_DNS_TXT, "\2a", 2, "string over the end"},
        {MTASTS_DNS_TXT, "\1a\1", 3, "second string over the end"},
        {MTASTS_DNS_A, "abc", 3, "A of 3"},
        {MTASTS_DNS_A, "abcde", 5, "A of 5"},
        {MTASTS_DNS_AAAA, "abcd", 4, "AAAA of 4"},
        {MTASTS_DNS_MX, "\0\1", 2, "MX without a host"},
        {MTASTS_DNS_MX, "\0\1\1a", 4, "MX host over the end"},
        {MTASTS_DNS_MX, "\0\1\1a\0x", 6, "more behind the MX host"},
        {MTASTS_DNS_NS, "", 0, "NS without a host"},
        {MTASTS_DNS_NS, "\1a\0x", 4, "more behind the NS host"},
        {MTASTS_DNS_MX, "\0\1\xc0\x26", 4, "MX host points to itself"},
        {MTASTS_DNS_MX, "\0\1\xff\xff", 4, "MX host points outside"},
        {MTASTS_DNS_MX, "\0\1\x40\0", 4, "label of type 01"},
    };
    size_t i;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        begin(0, "d.test", cases[i].type);
        rr(NULL, cases[i].type, cases[i].data, cases[i].len);
        is("d.test", cases[i].type, "malformed reply", cases[i].what);
    }
    begin(0, "d.test", MTASTS_DNS_TXT);
    rr_name(NULL, CNAME, 0, "b.test");
    pkt[pkt_len - 1] = 1;
    is("d.test", MTASTS_DNS_TXT, "malformed reply", "CNAME over the end");
}

static void cut(void)
{
    size_t len, bad = 0;

    begin(0, "d.test", MTASTS_DNS_MX);
    rr_name(NULL, CNAME, 0, "b.test");
    rr_name("b.test", MTASTS_DNS_MX, 1, "mx.b.test");
    is("d.test", MTASTS_DNS_MX, "ok >b.test 1 mx.b.test.", "whole");
    for (len = 0; len < pkt_len; len++) {
        mtasts_dns_answer *a = read_it("d.test", MTASTS_DNS_MX, len);

        bad += a->status != MTASTS_DNS_TEMPFAIL;
        free(a);
    }
    ok(!bad, "reply", "cut at every length");
}

static void many(void)
{
    static char txt[65000];
    mtasts_dns_answer *a;
    char name[40];
    unsigned i;

    begin(0, "d.test", MTASTS_DNS_MX);
    for (i = 0; i < 1003; i++) {
        snprintf(name, sizeof(name), "mx%u.test", i);
        rr_name(NULL, MTASTS_DNS_MX, (int)(2000 - i), name);
    }
    a = read_it("d.test", MTASTS_DNS_MX, pkt_len);
    ok(a->status == MTASTS_DNS_OK && a->nmx == 1000 && a->left_out == 3 &&
           a->mx[0].preference == 1001 && !strcmp(a->mx[0].host, "mx999.test"),
       "reply", "1,003 MX");
    free(a);

    begin(0, "d.test", MTASTS_DNS_NS);
    for (i = 0; i < 300; i++) {
        snprintf(name, sizeof(name), "ns%u.test", i);
        rr_name(NULL, MTASTS_DNS_NS, 0, name);
    }
    a = read_it("d.test", MTASTS_DNS_NS, pkt_len);
    ok(a->status == MTASTS_DNS_OK && a->nns == 64 && a->left_out == 236 &&
           !strcmp(a->ns[63], "ns9.test"),
       "reply", "300 NS");
    free(a);

    begin(0, "d.test", MTASTS_DNS_TXT);
    for (i = 0; i < 102; i++) {
        rr(NULL, MTASTS_DNS_TXT, "\1x", 2);
    }
    a = read_it("d.test", MTASTS_DNS_TXT, pkt_len);
    ok(a->status == MTASTS_DNS_OK && a->ntxt == 100 && a->left_out == 2,
       "reply", "102 TXT");
    free(a);

    memset(txt, 200, sizeof(txt));
    begin(0, "d.test", MTASTS_DNS_TXT);
    rr(NULL, MTASTS_DNS_TXT, txt, 201 * 320);
    a = read_it("d.test", MTASTS_DNS_TXT, pkt_len);
    ok(a->ntxt == 1 && a->txt[0].len == 64000 && !a->txt[0].data[64000],
       "reply", "TXT of 64,000");
    free(a);

    begin(0, "d.test", MTASTS_DNS_TXT);
    rr(NULL, MTASTS_DNS_TXT, "\3a\0b", 4);
    a = read_it("d.test", MTASTS_DNS_TXT, pkt_len);
    ok(a->ntxt == 1 && a->txt[0].len == 3 && !memcmp(a->txt[0].data, "a\0b", 4),
       "reply", "TXT with NUL");
    free(a);
}

static void chains(void)
{
    char name[40], next[40];
    mtasts_dns_answer *a;
    unsigned n, i;

    for (n = 64; n <= 65; n++) {
        begin(0, "c0.test", MTASTS_DNS_A);
        for (i = n; i-- > 0;) {
            snprintf(name, sizeof(name), "c%u.test", i);
            snprintf(next, sizeof(next), "c%u.test", i + 1);
            rr_name(name, CNAME, 0, next);
        }
        rr(next, MTASTS_DNS_A, "abcd", 4); /* at c1 */
        a = read_it("c0.test", MTASTS_DNS_A, pkt_len);
        ok(n == 64 ? a->status == MTASTS_DNS_OK && a->ncname == 64
                   : a->status == MTASTS_DNS_TEMPFAIL,
           "reply", n == 64 ? "64 CNAMEs" : "65 CNAMEs");
        free(a);
    }
}

/* How long caches may keep an answer: as long as the part of it that they keep
 * longest. */
static void ttls(void)
{
    static const struct {
        const char *what;
        uint32_t cname, first, second, other, want;
    } cases[] = {
        {"the longest of the records", 0, 10, 20, 0, 20},
        {"in any order", 0, 20, 10, 0, 20},
        {"the CNAME's", 604800, 20, 10, 0, 604800},
        {"not that of another name", 5, 10, 20, 9999, 20},
        {"the highest", 0, 0x7fffffff, 1, 0, 0x7fffffff},
        {"none with the highest bit set", 0, 0x80000001, 1, 0, 1},
        {"none at all", 0, 0, 0, 0, 0},
    };
    size_t i;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        mtasts_dns_answer *a;

        begin(0, "d.test", MTASTS_DNS_TXT);
        rr_ttl = cases[i].cname;
        rr_name("d.test", CNAME, 0, "e.test");
        rr_ttl = cases[i].first;
        rr("e.test", MTASTS_DNS_TXT, "\1x", 2);
        rr_ttl = cases[i].second;
        rr("e.test", MTASTS_DNS_TXT, "\1y", 2);
        rr_ttl = cases[i].other;
        rr("f.test", MTASTS_DNS_TXT, "\1z", 2);
        a = read_it("d.test", MTASTS_DNS_TXT, pkt_len);
        ok(a->status == MTASTS_DNS_OK && a->ntxt == 2 &&
               a->ttl == cases[i].want,
           "ttl", cases[i].what);
        free(a);
    }
    rr_ttl = 300;
}

static void is_copy(const char *name, size_t most, const char *want,
                    const char *what)
{
    mtasts_dns_answer *a = read_it(name, MTASTS_DNS_TXT, pkt_len);
    mtasts_dns_answer *b = mtasts_answer_copy(a, most);
    char got[2000];

    free(a);
    show(b, got, sizeof(got));
    is_str(got, want, "copy", what);
    free(b);
}

static void copies(void)
{
    begin(0, "d.test", MTASTS_DNS_TXT);
    rr_name(NULL, CNAME, 0, "b.test");
    rr_name("b.test", CNAME, 0, "c.test");
    rr("c.test", MTASTS_DNS_TXT, "\3abc", 4);
    rr("c.test", MTASTS_DNS_TXT, "\6bcdefg", 7);
    rr("c.test", MTASTS_DNS_TXT, "\1x", 2);
    is_copy("d.test", 10, "ok >b.test >c.test 'abc' 'bcdefg' 'x'", "all");
    is_copy("d.test", 9, "ok >b.test >c.test 'abc' 'bcdefg' left out 1",
            "but the last");
    is_copy("d.test", 4, "ok >b.test >c.test 'abc' 'x' left out 1",
            "but a long one");
    is_copy("d.test", 0, "ok >b.test >c.test left out 3", "none");
    is_copy("e.test", 10, "reply to another question", "failure");
    begin(3, "d.test", MTASTS_DNS_TXT);
    is_copy("d.test", 10, "absent", "absent");
}

int main(void)
{
    mtasts_dns_answer *a = mtasts_answer_tempfail("x");

    ok(a->status == MTASTS_DNS_TEMPFAIL && !strcmp(a->failure, "x"), "reply",
       "tempfail");
    free(a);
    a = mtasts_answer_absent();
    ok(a->status == MTASTS_DNS_ABSENT && !a->failure, "reply", "absent");
    free(a);

    plain();
    owners();
    wrong();
    malformed();
    cut();
    many();
    chains();
    copies();
    ttls();
    return done();
}
