/* A DNS reply as raw bytes.  The first byte of the input chooses the type, the
 * second the question: "d.test", or whatever the packet itself asks. */

#include "../fuzz/fuzz.h"

#include "../../src/net/dns.h"
#include "../../src/net/reply.h"

#define CARES_NO_DEPRECATED
#include <ares.h>

/* As c-ares writes names: no control characters, no letter in upper case. */
static void must_be_name(const char *s)
{
    must_be_printable(s);
    MUST(strlen(s) <= 1020);
    for (; *s; s++) {
        MUST(!(*s >= 'A' && *s <= 'Z'));
    }
}

static void check(const mtasts_dns_answer *a, int type)
{
    size_t i, bytes = 0;

    MUST(a->ncname <= 64 && a->nmx <= 1000 && a->ntxt <= 100 &&
         a->naddresses <= 64 && a->nns <= 64);
    MUST((a->failure != NULL) == (a->status == MTASTS_DNS_TEMPFAIL));
    MUST(type == MTASTS_DNS_TLSA || (a->ntxt || a->nmx || a->naddresses ||
                                     a->nns) == (a->status == MTASTS_DNS_OK));
    MUST(!a->ntxt || type == MTASTS_DNS_TXT);
    MUST(!a->nmx || type == MTASTS_DNS_MX);
    MUST(!a->nns || type == MTASTS_DNS_NS);
    MUST(!a->naddresses || type == MTASTS_DNS_A || type == MTASTS_DNS_AAAA);
    for (i = 0; i < a->naddresses; i++) {
        MUST(a->addresses[i].len == (type == MTASTS_DNS_A ? 4 : 16));
    }
    if (a->failure) {
        must_be_printable(a->failure);
        MUST(!a->ncname);
    }
    for (i = 0; i < a->ncname; i++) {
        must_be_name(a->cname[i]);
    }
    for (i = 0; i < a->nmx; i++) {
        must_be_name(a->mx[i].host);
        MUST(!i || a->mx[i - 1].preference <= a->mx[i].preference);
    }
    for (i = 0; i < a->nns; i++) {
        must_be_name(a->ns[i]);
        MUST(!i || strcmp(a->ns[i - 1], a->ns[i]) <= 0);
    }
    for (i = 0; i < a->ntxt; i++) {
        MUST(!a->txt[i].data[a->txt[i].len]);
        bytes += a->txt[i].len;
    }
    MUST(bytes <= 65535);
}

/* Of what has no other list. */
static void check_copy(const mtasts_dns_answer *a, size_t most)
{
    mtasts_dns_answer *b;
    size_t i, bytes = 0;

    if (a->nmx || a->naddresses || a->nns) {
        return;
    }
    b = mtasts_answer_copy(a, most);
    MUST(b && b->status == a->status && b->ncname == a->ncname &&
         b->ntxt + b->left_out == a->ntxt + a->left_out);
    MUST(!a->failure || !strcmp(b->failure, a->failure));
    for (i = 0; i < b->ncname; i++) {
        MUST(!strcmp(b->cname[i], a->cname[i]));
    }
    for (i = 0; i < b->ntxt; i++) {
        MUST(!b->txt[i].data[b->txt[i].len]);
        bytes += b->txt[i].len;
    }
    MUST(bytes <= most);
    free(b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const int types[] = {MTASTS_DNS_A,   MTASTS_DNS_AAAA, MTASTS_DNS_MX,
                                MTASTS_DNS_TXT, MTASTS_DNS_TLSA, MTASTS_DNS_NS};
    mtasts_dns_answer *a;
    char *asked = NULL;
    uint8_t *packet;
    long used;
    int type;

    if (size < 2) {
        return 0;
    }
    type = types[data[0] % 6];
    size -= 2;
    packet = (uint8_t *)fuzz_string(data + 2, size);
    packet = realloc(packet, size ? size : 1);
    MUST(packet != NULL);
    if ((data[1] & 1) && size > 12) {
        if (ares_expand_name(packet + 12, packet, (int)size, &asked, &used)) {
            asked = NULL;
        }
    }
    a = mtasts_reply_read(packet, size, asked ? asked : "d.test", type);
    MUST(a != NULL);
    check(a, type);
    check_copy(a, size ? packet[0] : 0);
    free(a);
    ares_free_string(asked);
    free(packet);
    return 0;
}
