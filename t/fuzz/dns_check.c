/* Any facts of DNS against a policy.  The input is lines: the first has a
 * digit each for the mode, TLSRPT and what was served before, and the states of
 * the answers; then come names and TXT data. */

#include "fuzz.h"

#include "../../src/core/dns_check.h"
#include "../../src/core/domain.h"
#include "../../src/core/mx_match.h"

#define MOST    40
#define DERIVED "0123456789abcdef0123456789abcdef"

typedef struct {
    char *line[MOST];
    size_t len[MOST];
    size_t n;
} input;

typedef struct {
    const mtasts_policy *policy;
    const mtasts_dns_facts *facts;
    const mtasts_history *history;
    size_t count[MTASTS_CODES];
    size_t total, suggested;
} seen;

static mtasts_dns_answer answers[8 + 2 * MOST];
static mtasts_dns_host hosts[MOST];

static void check_suggestion(seen *s, const char *remedy)
{
    char word[MTASTS_NAME_SIZE], out[MTASTS_NAME_SIZE];
    mtasts_finding why;

    MUST(!strncmp(remedy, "MTASTSMX", 8));
    for (remedy += 8; *remedy == ' '; s->suggested++) {
        size_t len = strcspn(++remedy, " ");

        MUST(len > 0 && len < sizeof(word));
        memcpy(word, remedy, len);
        word[len] = '\0';
        MUST(mtasts_mx_pattern_parse(word, out, &why));
        remedy += len;
    }
    MUST(!*remedy);
}

static void look(void *ctx, const mtasts_finding *f)
{
    seen *s = ctx;

    must_be_printable(f->subject);
    must_be_printable(f->text);
    must_be_printable(f->remedy);
    MUST(!strcmp(f->subject, "example.com"));
    MUST(f->severity != MTASTS_REFUSED);
    MUST(!f->blocks || f->severity == MTASTS_ERROR);
    MUST((f->severity == MTASTS_UNKNOWN) == (f->code == MTASTS_DNS_UNKNOWN));
    s->count[f->code]++;
    s->total++;
    if (f->code == MTASTS_MX_SUGGEST) {
        check_suggestion(s, f->remedy);
    }
}

static void check_txt(const seen *s, mtasts_sync sync)
{
    const size_t *n = s->count;
    size_t other = n[MTASTS_TXT_ID_MISMATCH];
    size_t wrong = n[MTASTS_TXT_MULTIPLE] + n[MTASTS_TXT_SYNTAX] + other +
                   n[MTASTS_TXT_STALE] + n[MTASTS_TXT_AHEAD] +
                   n[MTASTS_TXT_MISSING];

    MUST(wrong <= 1);
    MUST((sync == MTASTS_SYNC_HTTPS_AHEAD) == n[MTASTS_TXT_STALE]);
    MUST((sync == MTASTS_SYNC_TXT_AHEAD) == n[MTASTS_TXT_AHEAD]);
    MUST((sync == MTASTS_SYNC_ABSENT) == n[MTASTS_TXT_MISSING]);
    switch (sync) {
    case MTASTS_SYNC_UNKNOWN:
        MUST(other ? !s->history
                   : s->facts->txt->status == MTASTS_DNS_TEMPFAIL);
        MUST(other ||
             (!wrong && !n[MTASTS_TXT_NEAR_MISS] && !n[MTASTS_TXT_FOREIGN]));
        break;
    case MTASTS_SYNC_IN_SYNC:
        MUST(wrong == 0 && s->facts->txt->status == MTASTS_DNS_OK);
        break;
    case MTASTS_SYNC_FOREIGN:
        MUST(wrong || n[MTASTS_TXT_NEAR_MISS]);
        break;
    default:
        MUST(s->history || sync == MTASTS_SYNC_ABSENT);
    }
}

/* Unmatched hosts are said exactly if there are any. */
static void check_mx(const seen *s)
{
    const mtasts_dns_answer *mx = s->facts->mx;
    const mtasts_policy *p = s->policy;
    size_t i, j, unmatched = 0, said = s->count[MTASTS_MX_UNMATCHED];

    if (p->mode == MTASTS_MODE_NONE || mx->status == MTASTS_DNS_TEMPFAIL) {
        for (i = MTASTS_MX_UNMATCHED; i < MTASTS_MX_SUGGEST; i++) {
            MUST(!s->count[i]);
        }
        return;
    }
    MUST(!s->count[MTASTS_MX_SUGGEST]);
    for (i = 0; mx->status == MTASTS_DNS_OK && i < mx->nmx; i++) {
        for (j = 0; j < p->nmx && !mtasts_mx_match(p->mx[j], mx->mx[i].host);
             j++) {
        }
        unmatched += j == p->nmx && *mx->mx[i].host;
    }
    if (mx->status == MTASTS_DNS_OK) {
        MUST(said == (unmatched < 16 ? unmatched : 16));
    }
}

static void split(input *in, char *s, size_t size)
{
    char *end = s + size;

    for (in->n = 0; in->n < MOST && s <= end; in->n++) {
        char *lf = memchr(s, '\n', (size_t)(end - s));

        lf = lf ? lf : end;
        *lf = '\0';
        in->line[in->n] = s;
        in->len[in->n] = (size_t)(lf - s);
        s = lf + 1;
    }
}

/* The digit at `i` of the first line. */
static unsigned digit(const input *in, size_t i)
{
    return i < in->len[0] ? (unsigned char)in->line[0][i] - '0' : 0;
}

static int64_t moment(unsigned n)
{
    static const int64_t moments[] = {1767182400, 1767182399, 1767268800,
                                      INT64_MIN, INT64_MAX};

    return moments[n % 5];
}

static mtasts_dns_answer *answer(const input *in, size_t i)
{
    mtasts_dns_answer *a = &answers[i];
    unsigned d = digit(in, 2 + i);

    memset(a, 0, sizeof(*a));
    a->status = (mtasts_dns_status)((d + 1) % 3); /* '0' is OK */
    if (d % 8 >= 5 && in->n > 1) {
        a->cname = (const char *const *)&in->line[1];
        a->ncname = 1;
    }
    a->failure = d % 2 ? "timeout" : NULL;
    return a;
}

static void fill_txt(mtasts_dns_answer *a, mtasts_dns_txt *txt, const input *in,
                     size_t from)
{
    size_t i;

    for (i = from; a->status == MTASTS_DNS_OK && i < in->n; i++) {
        txt[i].data = in->line[i];
        txt[i].len = in->len[i];
        a->txt = txt + from;
        a->ntxt++;
    }
}

static mtasts_dns_host host(const input *in, const char *name, size_t i)
{
    mtasts_dns_host h = {name, answer(in, i), answer(in, i + 1), NULL};

    return h;
}

static void run(const input *in)
{
    mtasts_dns_txt txt[MOST];
    mtasts_dns_mx mx[MOST];
    const char *patterns[MOST];
    mtasts_policy p = {(mtasts_mode)(digit(in, 0) % 3), 604800, patterns, 0};
    /* '0' and '1' are without a history. */
    unsigned kind = digit(in, 1) / 2;
    mtasts_past past[] = {
        {"def", "x", {MTASTS_MODE_NONE, 1, NULL, 0}, 0, moment(kind / 4)},
        {"abc", "y", {MTASTS_MODE_NONE, 1, NULL, 0}, moment(kind), INT64_MAX}};
    mtasts_txt_seen last = {"ghi", moment(kind / 4), moment(kind / 4), 0};
    mtasts_history h = {past, kind % 4 ? kind % 4 - 1 : 0, &last, 1};
    mtasts_wanted w = {&p,
                       kind % 5 == 4 ? DERIVED : "abc",
                       digit(in, 1) % 2 ? "v=TLSRPTv1; rua=mailto:a@b" : NULL,
                       kind % 4 ? &h : NULL,
                       1767268800,
                       0};
    mtasts_dns_facts f;
    mtasts_dns_host own = host(in, "example.com", 6);
    seen s = {&p, &f, w.history, {0}, 0, 0};
    mtasts_dns_answer *a;
    size_t i, third = in->n / 3;

    memset(&f, 0, sizeof(f));
    f.domain = "example.com";
    for (i = 1; i < third; i++) {
        static char form[MOST][MTASTS_NAME_SIZE];
        mtasts_finding why;

        if (mtasts_mx_pattern_parse(in->line[i], form[i], &why)) {
            patterns[p.nmx++] = form[i];
        }
    }
    f.mx = a = answer(in, 1);
    for (i = third; a->status == MTASTS_DNS_OK && i < 2 * third; i++) {
        mx[a->nmx].preference = (uint16_t)(i * 1001);
        mx[a->nmx].host = in->line[i];
        hosts[a->nmx] = host(in, in->line[i], 8 + 2 * i);
        a->mx = mx;
        a->nmx++;
    }
    f.mx_hosts = hosts;
    f.own_host = a->status == MTASTS_DNS_ABSENT ? &own : NULL;
    f.policy_host = host(in, "mta-sts.example.com", 4);
    f.txt = a = answer(in, 0);
    fill_txt(a, txt, in, 2 * third);
    f.tlsrpt = a = answer(in, 2);
    fill_txt(a, txt, in, 2 * third);
    f.wrong_tlsrpt[1] = a = answer(in, 3);
    fill_txt(a, txt, in, 2 * third);

    i = (size_t)mtasts_dns_check(&w, &f, look, &s);
    check_txt(&s, (mtasts_sync)i);
    check_mx(&s);
    MUST(s.total <= 16 * 8 + 8);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *s = fuzz_string(data, size);
    input in;

    split(&in, s, size);
    run(&in);
    free(s);
    return 0;
}
