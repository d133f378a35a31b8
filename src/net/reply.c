#include "reply.h"
#include "dns.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* RFC 1035 4.1.1 to 4.1.4 */
#define HEADER_SIZE    12
#define RECORD_FIXED   10 /* type, class, TTL, length */
#define PACKET_MAX     65535
#define CLASS_IN       1
#define TYPE_CNAME     5
#define RCODE_NXDOMAIN 3

#define CNAMES_MAX     64
#define MX_MAX         1000
#define NS_MAX         64
#define TXT_MAX        100
#define ADDRESSES_MAX  64
#define NAME_TEXT_MAX  1020 /* 255 octets, each as \DDD: any more is no name */

static const char malformed[] = "malformed reply";

/* A resource record: its type, or 0 if its class is not IN, and where in the
 * packet its owner and its data are. */
typedef struct {
    int type;
    uint32_t ttl;
    size_t owner, data, len;
} record;

typedef struct {
    const unsigned char *packet;
    size_t len;
    int type;
    const char *why; /* what is wrong with the reply; NULL: no memory */
    char rcode_text[24];
    int nxdomain;
    size_t answers, nanswers; /* where the answer section is */
    struct {
        char *owner, *target;
    } cname[CNAMES_MAX];
    size_t ncname;
    const char *chain[CNAMES_MAX + 1]; /* [0]: the name asked for */
    size_t nchain;
    char *asked;
    struct {
        size_t data, len;
        char *host; /* MX and NS only */
    } kept[MX_MAX];
    size_t nkept, left_out;
    uint32_t ttl;
    size_t text; /* bytes that the strings of kept[] need */
} reading;

static int fail(reading *r, const char *why)
{
    r->why = why;
    return 0;
}

static unsigned get16(const reading *r, size_t at)
{
    return (unsigned)r->packet[at] << 8 | r->packet[at + 1];
}

/* RFC 2181 8: with the highest bit set it is 0. */
static uint32_t get_ttl(const reading *r, size_t at)
{
    uint32_t ttl = (uint32_t)get16(r, at) << 16 | get16(r, at + 2);

    return ttl & UINT32_C(0x80000000) ? 0 : ttl;
}

/* An octet of a name as c-ares writes it since 1.21, but in lower case; the
 * length. */
static size_t put_octet(char *out, unsigned c)
{
    /* Nearly all are such. */
    if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
        c == '_') {
        out[0] = (char)c;
        return 1;
    }
    if (c < 0x20 || c > 0x7e) {
        return (size_t)snprintf(out, 5, "\\%03u", c & 0xff);
    }
    if (strchr("\".;\\()@$", (int)c)) {
        out[0] = '\\';
        out[1] = (char)c;
        return 2;
    }
    out[0] = (char)(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
    return 1;
}

/* The name at `at` in lower case, to be freed; *next is behind it.  NULL after
 * fail().  Not by ares_expand_name(): before 1.17.2 it leaves NUL and control
 * characters as they are, up to 1.20 a label of one NUL, and pointers may go
 * forward. */
static char *name_read(reading *r, size_t at, size_t *next)
{
    char text[NAME_TEXT_MAX + 1], *name;
    size_t n = 0, octets = 1, prior = at, end = 0;
    unsigned c;

    for (;;) {
        c = at < r->len ? r->packet[at] : 0xc0;
        if ((c & 0xc0) == 0xc0 && at + 2 <= r->len) {
            end = end ? end : at + 2;
            at = get16(r, at) & 0x3fff;
            if (at >= prior) {
                break;
            }
            prior = at;
            continue;
        }
        octets += c + 1;
        if (!c || (c & 0xc0) || c >= r->len - at || octets > 255) {
            break;
        }
        if (n) {
            text[n++] = '.';
        }
        for (at++; c; c--) {
            n += put_octet(text + n, r->packet[at++]);
        }
    }
    if (c) {
        fail(r, malformed);
        return NULL;
    }
    *next = end ? end : at + 1;
    text[n++] = '\0';
    name = malloc(n);
    if (!name) {
        fail(r, NULL);
        return NULL;
    }
    memcpy(name, text, n);
    return name;
}

/* What is behind the name at `at`, without following it; 0 if it is cut. */
static size_t name_skip(const reading *r, size_t at)
{
    while (at < r->len) {
        unsigned c = r->packet[at];

        if (!c) {
            return at + 1;
        }
        if ((c & 0xc0) == 0xc0) {
            return at + 2 <= r->len ? at + 2 : 0;
        }
        if (c & 0xc0) {
            return 0;
        }
        at += 1 + c;
    }
    return 0;
}

/* The record at *at, which moves on behind it. */
static int record_read(reading *r, size_t *at, record *out)
{
    size_t fixed = name_skip(r, *at);

    if (!fixed || r->len - fixed < RECORD_FIXED) {
        return fail(r, malformed);
    }
    out->owner = *at;
    out->type = get16(r, fixed + 2) == CLASS_IN ? (int)get16(r, fixed) : 0;
    out->ttl = get_ttl(r, fixed + 4);
    out->data = fixed + RECORD_FIXED;
    out->len = get16(r, fixed + 8);
    if (out->len > r->len - out->data) {
        return fail(r, malformed);
    }
    *at = out->data + out->len;
    return 1;
}

static int rcode_check(reading *r, unsigned rcode)
{
    switch (rcode) {
    case 0:
        return 1;
    case RCODE_NXDOMAIN:
        r->nxdomain = 1;
        return 1;
    case 1:
        return fail(r, "FORMERR");
    case 2:
        return fail(r, "SERVFAIL");
    case 4:
        return fail(r, "NOTIMP");
    case 5:
        return fail(r, "REFUSED");
    default:
        snprintf(r->rcode_text, sizeof(r->rcode_text), "RCODE %u", rcode);
        return fail(r, r->rcode_text);
    }
}

/* The RCODE is looked at before the question: servers that can't read a
 * question need not repeat it. */
static int header_check(reading *r)
{
    unsigned flags;

    if (r->len < HEADER_SIZE || r->len > PACKET_MAX) {
        return fail(r, malformed);
    }
    flags = get16(r, 2);
    if (!(flags & 0x8000) || (flags & 0x7800)) {
        return fail(r, "something that is no reply");
    }
    if (!rcode_check(r, flags & 0xf)) {
        return 0;
    }
    if (flags & 0x0200) {
        return fail(r, "truncated reply");
    }
    r->nanswers = get16(r, 6);
    /* Neither authoritative nor recursive, and nothing but other servers'
     * names: says nothing on whether the record exists. */
    if (!r->nxdomain && !r->nanswers && get16(r, 8) && !(flags & 0x0480)) {
        return fail(r, "referral to other servers, no recursion");
    }
    return 1;
}

static int question_check(reading *r, const char *name)
{
    size_t at;

    if (get16(r, 4) != 1) {
        return fail(r, "reply to another question");
    }
    r->asked = name_read(r, HEADER_SIZE, &at);
    if (!r->asked) {
        return 0;
    }
    if (r->len - at < 4) {
        return fail(r, malformed);
    }
    if (strcasecmp(r->asked, name) || (int)get16(r, at) != r->type ||
        get16(r, at + 2) != CLASS_IN) {
        return fail(r, "reply to another question");
    }
    r->answers = at + 4;
    return 1;
}

/* More CNAMEs than are kept make the reply useless: the end of the chain may
 * be among those left out. */
static int cnames_read(reading *r)
{
    size_t at = r->answers, next, i;
    record rec;

    for (i = 0; i < r->nanswers; i++) {
        if (!record_read(r, &at, &rec)) {
            return 0;
        }
        if (rec.type != TYPE_CNAME) {
            continue;
        }
        if (r->ncname == CNAMES_MAX) {
            return fail(r, "more than 64 CNAME records");
        }
        r->ttl = rec.ttl > r->ttl ? rec.ttl : r->ttl;
        r->cname[r->ncname].target = NULL;
        r->cname[r->ncname].owner = name_read(r, rec.owner, &next);
        if (!r->cname[r->ncname++].owner) {
            return 0;
        }
        r->cname[r->ncname - 1].target = name_read(r, rec.data, &next);
        if (!r->cname[r->ncname - 1].target) {
            return 0;
        }
        if (next != rec.data + rec.len) {
            return fail(r, malformed);
        }
    }
    return 1;
}

static int in_chain(const reading *r, const char *name)
{
    size_t i;

    for (i = 0; i < r->nchain; i++) {
        if (!strcmp(r->chain[i], name)) {
            return 1;
        }
    }
    return 0;
}

/* Ends: each step adds a name that was not in the chain, and there are at
 * most CNAMES_MAX. */
static int chain_follow(reading *r)
{
    size_t i;

    r->chain[0] = r->asked;
    r->nchain = 1;
    for (i = 0; i < r->ncname; i++) {
        if (strcmp(r->cname[i].owner, r->chain[r->nchain - 1])) {
            continue;
        }
        if (in_chain(r, r->cname[i].target)) {
            return fail(r, "CNAME loop");
        }
        r->chain[r->nchain++] = r->cname[i].target;
        i = (size_t)-1; /* records may be in any order: from the start */
    }
    return 1;
}

/* 1 if the record is of the name asked for or of one in its chain, 0 if not,
 * -1 after fail(). */
static int owner_counts(reading *r, const record *rec)
{
    const unsigned char *p = r->packet + rec->owner;
    size_t next;
    char *owner;
    int counts;

    if (p[0] == 0xc0 && p[1] == HEADER_SIZE) { /* the question's name */
        return 1;
    }
    owner = name_read(r, rec->owner, &next);
    if (!owner) {
        return -1;
    }
    counts = in_chain(r, owner);
    free(owner);
    return counts;
}

/* The length of a TXT record's strings when joined, or -1.  Copies them to
 * `out` unless that is NULL. */
static long txt_join(const unsigned char *data, size_t len, char *out)
{
    size_t at = 0, n = 0;

    while (at < len) {
        size_t one = data[at++];

        if (one > len - at) {
            return -1;
        }
        if (out) {
            memcpy(out + n, data + at, one);
        }
        n += one;
        at += one;
    }
    return len ? (long)n : -1;
}

static int keep_txt(reading *r, const record *rec)
{
    long n = txt_join(r->packet + rec->data, rec->len, NULL);

    if (n < 0) {
        return fail(r, malformed);
    }
    if (r->nkept == TXT_MAX) {
        r->left_out++;
        return 1;
    }
    r->kept[r->nkept].data = rec->data;
    r->kept[r->nkept].len = rec->len;
    r->kept[r->nkept++].host = NULL;
    r->text += (size_t)n + 1;
    return 1;
}

/* What ends in a host name, behind `before` other bytes. */
static int keep_host(reading *r, const record *rec, size_t before, size_t most)
{
    size_t next;
    char *host;

    if (rec->len < before + 1) {
        return fail(r, malformed);
    }
    if (r->nkept == most) {
        r->left_out++;
        return 1;
    }
    host = name_read(r, rec->data + before, &next);
    if (!host) {
        return 0;
    }
    r->kept[r->nkept].data = rec->data;
    r->kept[r->nkept].len = rec->len;
    r->kept[r->nkept++].host = host;
    r->text += strlen(host) + 1;
    return next == rec->data + rec->len ? 1 : fail(r, malformed);
}

/* What has no strings. */
static int keep_plain(reading *r, const record *rec)
{
    if (r->nkept == ADDRESSES_MAX) {
        r->left_out++;
        return 1;
    }
    r->kept[r->nkept].data = rec->data;
    r->kept[r->nkept].len = rec->len;
    r->kept[r->nkept++].host = NULL;
    return 1;
}

static int keep_address(reading *r, const record *rec)
{
    if (rec->len != (r->type == MTASTS_DNS_A ? 4 : 16)) {
        return fail(r, malformed);
    }
    return keep_plain(r, rec);
}

static int record_keep(reading *r, const record *rec)
{
    switch (r->type) {
    case MTASTS_DNS_TXT:
        return keep_txt(r, rec);
    case MTASTS_DNS_MX:
        return keep_host(r, rec, 2, MX_MAX);
    case MTASTS_DNS_NS:
        return keep_host(r, rec, 0, NS_MAX);
    case MTASTS_DNS_A:
    case MTASTS_DNS_AAAA:
        return keep_address(r, rec);
    default:
        return keep_plain(r, rec);
    }
}

static int records_read(reading *r)
{
    size_t at = r->answers, i, foreign = 0;
    record rec;

    for (i = 0; i < r->nanswers && !r->nxdomain; i++) {
        int counts;

        if (!record_read(r, &at, &rec)) {
            return 0;
        }
        if (rec.type != r->type) {
            continue;
        }
        counts = owner_counts(r, &rec);
        if (counts > 0 && rec.ttl > r->ttl) {
            r->ttl = rec.ttl;
        }
        if (counts < 0 || (counts && !record_keep(r, &rec))) {
            return 0;
        }
        foreign += !counts;
    }
    /* Not "there is none": whoever sent this didn't answer the question. */
    if (foreign && !r->nkept) {
        return fail(r, "records of another name only");
    }
    return 1;
}

static int mx_compare(const void *a, const void *b)
{
    const mtasts_dns_mx *x = a, *y = b;

    if (x->preference != y->preference) {
        return x->preference < y->preference ? -1 : 1;
    }
    return strcmp(x->host, y->host);
}

static char *put_string(char *text, const char *s, size_t len)
{
    memcpy(text, s, len + 1);
    return text + len + 1;
}

static void put_mx(const reading *r, mtasts_dns_mx *mx, char *text)
{
    size_t i;

    for (i = 0; i < r->nkept; i++) {
        mx[i].preference = (uint16_t)get16(r, r->kept[i].data);
        mx[i].host = text;
        text = put_string(text, r->kept[i].host, strlen(r->kept[i].host));
    }
    qsort(mx, r->nkept, sizeof(*mx), mx_compare);
}

static int ns_compare(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void put_ns(const reading *r, const char **ns, char *text)
{
    size_t i;

    for (i = 0; i < r->nkept; i++) {
        ns[i] = text;
        text = put_string(text, r->kept[i].host, strlen(r->kept[i].host));
    }
    qsort(ns, r->nkept, sizeof(*ns), ns_compare);
}

/* Name servers rotate records, and what is said of the first one must be the same
 * in each run. */
static int txt_compare(const void *a, const void *b)
{
    const mtasts_dns_txt *x = a, *y = b;
    int order = memcmp(x->data, y->data, x->len < y->len ? x->len : y->len);

    return order ? order : (x->len > y->len) - (x->len < y->len);
}

static int address_compare(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(mtasts_dns_address));
}

static void put_txt(const reading *r, mtasts_dns_txt *txt, char *text)
{
    size_t i;

    for (i = 0; i < r->nkept; i++) {
        long n = txt_join(r->packet + r->kept[i].data, r->kept[i].len, text);

        txt[i].data = text;
        txt[i].len = (size_t)n;
        text[n] = '\0';
        text += n + 1;
    }
    qsort(txt, r->nkept, sizeof(*txt), txt_compare);
}

static void put_addresses(const reading *r, mtasts_dns_address *addresses)
{
    size_t i;

    for (i = 0; i < r->nkept; i++) {
        memset(&addresses[i], 0, sizeof(addresses[i]));
        addresses[i].len = (unsigned char)r->kept[i].len;
        memcpy(addresses[i].octets, r->packet + r->kept[i].data,
               r->kept[i].len);
    }
    qsort(addresses, r->nkept, sizeof(*addresses), address_compare);
}

/* Of one entry in the list that the question's type has. */
static size_t entry_size(const reading *r)
{
    switch (r->type) {
    case MTASTS_DNS_TXT:
        return sizeof(mtasts_dns_txt);
    case MTASTS_DNS_MX:
        return sizeof(mtasts_dns_mx);
    case MTASTS_DNS_NS:
        return sizeof(const char *);
    case MTASTS_DNS_A:
    case MTASTS_DNS_AAAA:
        return sizeof(mtasts_dns_address);
    default:
        return 0;
    }
}

static void put_list(const reading *r, mtasts_dns_answer *a, void *list,
                     char *text)
{
    switch (r->type) {
    case MTASTS_DNS_TXT:
        put_txt(r, list, text);
        a->txt = list;
        a->ntxt = r->nkept;
        break;
    case MTASTS_DNS_MX:
        put_mx(r, list, text);
        a->mx = list;
        a->nmx = r->nkept;
        break;
    case MTASTS_DNS_NS:
        put_ns(r, list, text);
        a->ns = list;
        a->nns = r->nkept;
        break;
    case MTASTS_DNS_A:
    case MTASTS_DNS_AAAA:
        put_addresses(r, list);
        a->addresses = list;
        a->naddresses = r->nkept;
        break;
    }
}

/* All in one block: the answer, its chain, its list (in this order, as an
 * address needs no alignment), their strings. */
static mtasts_dns_answer *answer_make(const reading *r)
{
    size_t n = r->nchain - 1, list_size = r->nkept * entry_size(r), i;
    size_t text_size = r->text;
    mtasts_dns_answer *a;
    const char **cname;
    char *list, *text;

    for (i = 1; i <= n; i++) {
        text_size += strlen(r->chain[i]) + 1;
    }
    a = malloc(sizeof(*a) + n * sizeof(*cname) + list_size + text_size);
    if (!a) {
        return NULL;
    }
    memset(a, 0, sizeof(*a));
    cname = (const char **)(void *)(a + 1);
    list = (char *)(cname + n);
    text = list + list_size;
    for (i = 0; i < n; i++) {
        cname[i] = text;
        text = put_string(text, r->chain[i + 1], strlen(r->chain[i + 1]));
    }
    put_list(r, a, list, text);
    a->cname = cname;
    a->ncname = n;
    a->left_out = r->left_out;
    a->ttl = r->ttl;
    a->status = r->nkept ? MTASTS_DNS_OK : MTASTS_DNS_ABSENT;
    return a;
}

static void reading_free(reading *r)
{
    size_t i;

    for (i = 0; i < r->ncname; i++) {
        free(r->cname[i].owner);
        free(r->cname[i].target);
    }
    for (i = 0; i < r->nkept; i++) {
        free(r->kept[i].host);
    }
    free(r->asked);
}

/* Not all of it: it is large, and counters say what is filled. */
static void reading_begin(reading *r, const unsigned char *packet, size_t len,
                          int type)
{
    r->packet = packet;
    r->len = len;
    r->type = type;
    r->why = NULL;
    r->asked = NULL;
    r->nxdomain = 0;
    r->ncname = r->nchain = r->nkept = 0;
    r->left_out = r->text = 0;
    r->ttl = 0;
}

mtasts_dns_answer *mtasts_reply_read(const unsigned char *packet, size_t len,
                                     const char *name, int type)
{
    mtasts_dns_answer *a;
    reading r;

    reading_begin(&r, packet, len, type);
    if (header_check(&r) && question_check(&r, name) && cnames_read(&r) &&
        chain_follow(&r) && records_read(&r)) {
        a = answer_make(&r);
    }
    else {
        a = r.why ? mtasts_answer_tempfail(r.why) : NULL;
    }
    reading_free(&r);
    return a;
}

/* The TXT records that have `most` bytes together, long ones being passed over:
 * how many, their bytes, and their copies in txt[] and text unless those are
 * NULL. */
static size_t txt_copy(const mtasts_dns_answer *a, size_t most,
                       mtasts_dns_txt *txt, char *text, size_t *bytes)
{
    size_t n = 0, i;

    *bytes = 0;
    for (i = 0; i < a->ntxt; i++) {
        if (a->txt[i].len > most - *bytes) {
            continue;
        }
        *bytes += a->txt[i].len;
        if (txt) {
            txt[n].data = text;
            txt[n].len = a->txt[i].len;
            text = put_string(text, a->txt[i].data, a->txt[i].len);
        }
        n++;
    }
    return n;
}

mtasts_dns_answer *mtasts_answer_copy(const mtasts_dns_answer *a, size_t most)
{
    size_t bytes, n = txt_copy(a, most, NULL, NULL, &bytes), i;
    size_t size = bytes + n + (a->failure ? strlen(a->failure) + 1 : 0);
    mtasts_dns_answer *b;
    const char **cname;
    mtasts_dns_txt *txt;
    char *text;

    for (i = 0; i < a->ncname; i++) {
        size += strlen(a->cname[i]) + 1;
    }
    b = malloc(sizeof(*b) + a->ncname * sizeof(*cname) + n * sizeof(*txt) +
               size);
    if (!b) {
        return NULL;
    }
    *b = *a;
    b->cname = cname = (const char **)(void *)(b + 1);
    b->txt = txt = (mtasts_dns_txt *)(void *)(cname + a->ncname);
    text = (char *)(txt + n);
    for (i = 0; i < a->ncname; i++) {
        cname[i] = text;
        text = put_string(text, a->cname[i], strlen(a->cname[i]));
    }
    b->ntxt = txt_copy(a, most, txt, text, &bytes);
    b->left_out += a->ntxt - n;
    if (a->failure) {
        text += bytes + n;
        b->failure = text;
        put_string(text, a->failure, strlen(a->failure));
    }
    return b;
}

mtasts_dns_answer *mtasts_answer_tempfail(const char *reason)
{
    size_t len = strlen(reason);
    mtasts_dns_answer *a = calloc(1, sizeof(*a) + len + 1);

    if (a) {
        put_string((char *)(a + 1), reason, len);
        a->status = MTASTS_DNS_TEMPFAIL;
        a->failure = (const char *)(a + 1);
    }
    return a;
}

mtasts_dns_answer *mtasts_answer_absent(void)
{
    mtasts_dns_answer *a = calloc(1, sizeof(*a));

    if (a) {
        a->status = MTASTS_DNS_ABSENT;
    }
    return a;
}
