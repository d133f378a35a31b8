/* Any past of a domain, as a damaged ledger may have it, against any policy and
 * any MX hosts: the findings against the rules said once more, plainly.  The
 * input is lines: the first has a character for each number and choice, and
 * behind a | three for each id that was seen in DNS; of the
 * others a third each are patterns, MX hosts and ids. */

#include "fuzz.h"

#include "../../src/core/domain.h"
#include "../../src/core/history.h"
#include "../../src/core/mx_match.h"
#include "../../src/core/release.h"

#define MOST  64
#define PASTS 4
#define TXTS  4
#define DAY   86400

enum {       /* characters of the first line */
       MODE, /* and MAX_AGE, the first pattern and their number */
       CLOCK = 4,
       MX_STATUS,
       ID,
       DIGEST,
       CODE,
       SEVERITY,
       PAST, /* and for each past policy: */
       EACH = 8
};

typedef struct {
    char *line[MOST];
    size_t n;
} input;

typedef struct {
    const mtasts_changing *c;
    size_t count[MTASTS_CODES];
    size_t total;
} seen;

static void split(input *in, char *s, size_t size)
{
    char *end = s + size;

    for (in->n = 0; in->n < MOST && s <= end; in->n++) {
        char *lf = memchr(s, '\n', (size_t)(end - s));

        lf = lf ? lf : end;
        *lf = '\0';
        in->line[in->n] = s;
        s = lf + 1;
    }
}

/* 0 to 9 from '0' to '9'; others are out of most ranges. */
static unsigned number(const input *in, size_t i)
{
    return i < strlen(in->line[0]) ? (unsigned char)in->line[0][i] - '0' : 0;
}

/* One of a third of the lines. */
static const char *word(const input *in, size_t third, unsigned i)
{
    size_t each = (in->n - 1) / 3;

    return each ? in->line[1 + third * each + i % each] : "";
}

static int64_t moment(unsigned n)
{
    static const int64_t moments[] = {INT64_MIN,  -1,
                                      0,          1767268800,
                                      1767268801, 1767268800 - 604800,
                                      1767268740, 1767268801 - 604800,
                                      INT64_MAX,  INT64_MAX - 86400};

    return moments[n % 10];
}

static mtasts_policy policy_of(const input *in, size_t at, const char **mx)
{
    static const uint32_t ages[] = {604800, 0,        1,        86399,
                                    86400,  31557599, 31557600, UINT32_MAX};
    mtasts_policy p = {(mtasts_mode)(number(in, at) % 3),
                       ages[number(in, at + 1) % 8], mx, 0};
    unsigned i, from = number(in, at + 2), n = number(in, at + 3) % 8;

    for (i = 0; i < n && i < MOST; i++) {
        mx[p.nmx++] = word(in, 0, from + i);
    }
    return p;
}

/* ---- what is found ---- */

static void look(void *ctx, const mtasts_finding *f)
{
    seen *s = ctx;

    must_be_printable(f->subject);
    must_be_printable(f->text);
    must_be_printable(f->remedy);
    MUST(*f->text && *f->remedy);
    MUST(strlen(f->text) < sizeof(f->text) - 1);
    MUST(strlen(f->remedy) < sizeof(f->remedy) - 1);
    MUST(f->severity == mtasts_code_severity(f->code) ||
         (f->code == MTASTS_NOT_SERVED && f->severity == MTASTS_WARNING));
    MUST(!f->blocks || f->severity == MTASTS_ERROR);
    s->count[f->code]++;
    s->total++;
}

static int matches(const mtasts_policy *p, const char *host)
{
    size_t i;

    for (i = 0; i < p->nmx; i++) {
        if (mtasts_mx_match(p->mx[i], host)) {
            return 1;
        }
    }
    return 0;
}

static int enforced(const mtasts_history *h, const mtasts_past *past,
                    int64_t now)
{
    return past->policy.mode == MTASTS_MODE_ENFORCE &&
           mtasts_horizon(h, past, now) > now;
}

/* Until when what was seen at `i` stood in DNS, at most. */
static int64_t stood_until(const mtasts_history *h, size_t i, int64_t now)
{
    int64_t end = i ? h->txt[i - 1].since
                  : h->txt[0].until > INT64_MAX - 31 * DAY
                      ? INT64_MAX
                      : h->txt[0].until + 31 * DAY;

    return end < now ? end : now;
}

/* How long caches keep that. */
static int64_t kept(const mtasts_txt_seen *txt)
{
    return txt->cached < DAY       ? DAY
           : txt->cached < 7 * DAY ? txt->cached
                                   : 7 * DAY;
}

/* 1 if senders may hold the policy under the id. */
static int is_name(const mtasts_history *h, const mtasts_past *past,
                   const char *id, int64_t now)
{
    size_t i;

    for (i = 0; *id && i < h->ntxt; i++) {
        int64_t end = stood_until(h, i, now);

        if (!strcmp(h->txt[i].id, id) && h->txt[i].since <= past->last_served &&
            (end > INT64_MAX - kept(&h->txt[i]) ||
             end + kept(&h->txt[i]) >= past->first_served)) {
            return 1;
        }
    }
    return *id && !strcmp(past->id, id);
}

static void check_horizon(const mtasts_history *h, const mtasts_past *past,
                          int64_t now)
{
    mtasts_history unseen = {h->past, h->npast, NULL, 0};
    int64_t hold = mtasts_hold_time(&past->policy);
    int64_t end = mtasts_horizon(h, past, now);
    int64_t least = mtasts_horizon(&unseen, past, now);
    size_t i, names = 0;

    MUST(hold >= past->policy.max_age && hold >= DAY);
    MUST(past->policy.mode != MTASTS_MODE_ENFORCE || hold >= 7 * DAY);
    MUST(least >= now || past->last_served < now);
    MUST(least == INT64_MAX || least - hold <= now);
    MUST(least == INT64_MAX || least - hold <= past->last_served);
    MUST(end >= least);
    MUST(end == least || now > INT64_MAX - 7 * DAY - hold ||
         end <= now + 7 * DAY + hold);
    for (i = 0; i < h->ntxt; i++) {
        int64_t until = stood_until(h, i, now), more = kept(&h->txt[i]) + hold;

        if (is_name(h, past, h->txt[i].id, now)) {
            MUST(until == INT64_MIN || until > INT64_MAX - more ||
                 end >= until + more);
            names++;
        }
    }
    MUST(end == least || names ||
         past->first_served < h->txt[h->ntxt - 1].since);
}

static void check_times(const mtasts_history *h, const char *host, int64_t now)
{
    int64_t enforce = now, safe = now, removable = now;
    size_t i;

    for (i = 0; i < h->npast; i++) {
        const mtasts_past *past = &h->past[i];
        int64_t end = mtasts_horizon(h, past, now);

        check_horizon(h, past, now);
        if (enforced(h, past, now)) {
            enforce = end > enforce ? end : enforce;
            safe = !matches(&past->policy, host) && end > safe ? end : safe;
        }
        if (past->policy.mode != MTASTS_MODE_NONE && end > removable) {
            removable = end;
        }
    }
    MUST(enforce > now ? mtasts_enforced_until(h, now) == enforce
                       : mtasts_enforced_until(h, now) <= now);
    MUST(safe > now ? mtasts_mx_safe_from(h, host, now) == safe
                    : mtasts_mx_safe_from(h, host, now) <= now);
    MUST(removable > now ? mtasts_removable_from(h, now) == removable
                         : mtasts_removable_from(h, now) <= now);
}

static void check_own(const mtasts_changing *c)
{
    const mtasts_history *h = c->history;
    seen s = {c, {0}, 0};
    size_t i, reused = 0, repeated = 0;

    for (i = 0; i < h->npast; i++) {
        const mtasts_past *past = &h->past[i];
        int other = strcmp(past->digest, c->digest) != 0;

        reused += !strcmp(past->id, c->id) && other;
        repeated += strcmp(past->id, c->id) && other &&
                    is_name(h, past, c->id, c->now) &&
                    past->policy.mode == MTASTS_MODE_ENFORCE;
    }
    mtasts_history_check(c, look, &s);
    MUST(s.count[MTASTS_MODE_LOWERED] ==
         (c->policy->mode != MTASTS_MODE_ENFORCE &&
          mtasts_enforced_until(h, c->now) > c->now));
    MUST(s.count[MTASTS_ID_REUSED] == (reused != 0));
    MUST(s.count[MTASTS_REMOVABLE_FROM] ==
         (c->policy->mode == MTASTS_MODE_NONE));
    MUST(s.count[MTASTS_ID_REPEATED] <= (repeated != 0));
    MUST(s.count[MTASTS_ID_REPEATED] || !repeated ||
         c->policy->mode == MTASTS_MODE_ENFORCE);
    MUST(s.total == s.count[MTASTS_MODE_LOWERED] + s.count[MTASTS_ID_REUSED] +
                        s.count[MTASTS_ID_REPEATED] +
                        s.count[MTASTS_REMOVABLE_FROM]);
}

/* 1 if senders refuse to deliver to the host, for another policy than the one
 * that is configured. */
static int is_refused(const mtasts_changing *c, const char *host)
{
    size_t i;

    for (i = 0; i < c->history->npast; i++) {
        const mtasts_past *past = &c->history->past[i];

        if (enforced(c->history, past, c->now) &&
            strcmp(past->digest, c->digest) != 0 &&
            !matches(&past->policy, host)) {
            return *host != '\0';
        }
    }
    return 0;
}

static void check_mx(const mtasts_changing *c, const mtasts_dns_facts *f)
{
    const mtasts_dns_answer *mx = f->mx;
    seen s = {c, {0}, 0};
    size_t i, j, want = 0;

    for (i = 0; mx->status == MTASTS_DNS_OK && i < mx->nmx; i++) {
        for (j = 0; j < i && strcmp(mx->mx[j].host, mx->mx[i].host) != 0; j++) {
        }
        want += j == i && is_refused(c, mx->mx[i].host);
    }
    if (mx->status == MTASTS_DNS_ABSENT && f->own_host) {
        want = (size_t)is_refused(c, f->domain);
    }
    mtasts_cached_mx_check(c, f, look, &s);
    MUST(s.count[MTASTS_CACHED_MX_UNMATCHED] == (want < 16 ? want : 16));
    MUST(s.total == s.count[MTASTS_CACHED_MX_UNMATCHED]);
}

static void check_tls(const input *in, const mtasts_changing *c,
                      const char *host)
{
    seen s = {c, {0}, 0};
    mtasts_code code =
        (mtasts_code)((MTASTS_MX_NO_STARTTLS + number(in, CODE)) %
                      MTASTS_CODES);
    mtasts_finding fault;
    size_t i;
    int held = 0;

    MTASTS_FILL(&fault, code, host, "");
    fault.severity = (mtasts_severity)(number(in, SEVERITY) % 5);
    for (i = 0; i < c->history->npast; i++) {
        held |= enforced(c->history, &c->history->past[i], c->now) &&
                matches(&c->history->past[i].policy, host);
    }
    mtasts_cached_tls_check(c, host, host, &fault, look, &s);
    MUST(s.total == s.count[MTASTS_CACHED_MX_TLS] && s.total <= 1);
    MUST(!s.total || (held && c->policy->mode != MTASTS_MODE_ENFORCE));
    if (held && c->policy->mode != MTASTS_MODE_ENFORCE) {
        MUST(s.total || strncmp(mtasts_code_name(fault.code), "mx-cert-", 8) ||
             mtasts_code_severity(fault.code) != MTASTS_ERROR);
    }
}

static void check_withdrawn(const mtasts_changing *c)
{
    seen s = {c, {0}, 0};

    mtasts_withdrawn_check(
        &(mtasts_gone){c->domain, c->history, "mta-sts.example.com:443", 1},
        c->now, look, &s);
    MUST(s.count[MTASTS_POLICY_WITHDRAWN] ==
         (mtasts_removable_from(c->history, c->now) > c->now));
    MUST(s.total == s.count[MTASTS_POLICY_WITHDRAWN]);
}

static void check_unserved(const mtasts_changing *c)
{
    seen s = {c, {0}, 0};

    mtasts_unserved_check(c, c->id, look, &s);
    MUST(s.total == s.count[MTASTS_NOT_SERVED] && s.total <= 1);
}

/* ---- the way out ---- */

/* The same with patterns as they can be configured. */
static mtasts_policy parsed(const mtasts_policy *p, const char **mx,
                            char form[MOST][MTASTS_NAME_SIZE])
{
    mtasts_policy out = *p;
    mtasts_finding why;
    size_t i;

    out.mx = mx;
    out.nmx = 0;
    for (i = 0; i < p->nmx; i++) {
        if (mtasts_mx_pattern_parse(p->mx[i], form[out.nmx], &why)) {
            mx[out.nmx] = form[out.nmx];
            out.nmx++;
        }
    }
    return out;
}

static void check_way_out(const mtasts_policy *raw_to,
                          const mtasts_policy *raw_from, const char *host)
{
    static char to_form[MOST][MTASTS_NAME_SIZE];
    static char from_form[MOST][MTASTS_NAME_SIZE];
    const char *to_mx[MOST], *from_mx[MOST];
    mtasts_policy to = parsed(raw_to, to_mx, to_form);
    mtasts_policy from = parsed(raw_from, from_mx, from_form);

    MUST(mtasts_is_way_out(&to, &to) && mtasts_is_way_out(&from, &from));
    if (to.mode == MTASTS_MODE_NONE) {
        MUST(mtasts_is_way_out(&to, &from));
    }
    else if (mtasts_is_way_out(&to, &from)) {
        MUST(to.max_age <= from.max_age);
        MUST(to.mode != MTASTS_MODE_ENFORCE ||
             from.mode == MTASTS_MODE_ENFORCE);
        MUST(from.mode != MTASTS_MODE_NONE);
        MUST(!matches(&from, host) || matches(&to, host));
    }
}

/* ---- all ---- */

static void run(const input *in)
{
    static const char *mx[1 + PASTS][MOST];
    static mtasts_dns_mx hosts[MOST];
    static const int64_t cached[] = {0,       DAY,       3 * DAY,  7 * DAY,
                                     8 * DAY, INT64_MAX, INT64_MIN};
    mtasts_past past[PASTS];
    mtasts_txt_seen txt[TXTS];
    mtasts_history history = {past, 0, txt, 0};
    mtasts_policy policy = policy_of(in, MODE, mx[PASTS]);
    mtasts_changing c = {"example.com",
                         &policy,
                         word(in, 2, number(in, ID)),
                         word(in, 2, number(in, DIGEST)),
                         &history,
                         moment(number(in, CLOCK))};
    mtasts_dns_answer answer, ok;
    mtasts_dns_host own = {"example.com", &ok, &ok, NULL};
    mtasts_dns_facts f;
    size_t i, pasts = strcspn(in->line[0], "|");

    for (i = 0; i < PASTS && PAST + i * EACH < pasts; i++) {
        size_t at = PAST + i * EACH;

        past[i].policy = policy_of(in, at, mx[i]);
        past[i].id = word(in, 2, number(in, at + 4));
        past[i].digest = word(in, 2, number(in, at + 5));
        past[i].first_served = moment(number(in, at + 6));
        past[i].last_served = moment(number(in, at + 7));
        history.npast++;
    }
    for (i = 0; i < TXTS && pasts + 1 + 3 * i < strlen(in->line[0]); i++) {
        size_t at = pasts + 1 + 3 * i;

        txt[i].id = word(in, 2, number(in, at));
        txt[i].since = moment(number(in, at + 1));
        txt[i].until = moment(number(in, at + 2));
        txt[i].cached = cached[(number(in, at + 1) + number(in, at + 2)) % 7];
        history.ntxt++;
    }
    memset(&f, 0, sizeof(f));
    memset(&answer, 0, sizeof(answer));
    memset(&ok, 0, sizeof(ok));
    ok.status = MTASTS_DNS_OK;
    f.domain = "example.com";
    f.mx = &answer;
    f.own_host = number(in, MX_STATUS) / 3 % 2 ? NULL : &own;
    answer.status = (mtasts_dns_status)((number(in, MX_STATUS) + 1) % 3);
    answer.mx = hosts;
    for (i = 0; i < (in->n - 1) / 3; i++) {
        hosts[i].preference = (uint16_t)(i * 1001);
        hosts[i].host = word(in, 1, (unsigned)i);
        answer.nmx = answer.status == MTASTS_DNS_OK ? i + 1 : 0;
    }
    check_own(&c);
    check_mx(&c, &f);
    check_unserved(&c);
    check_withdrawn(&c);
    for (i = 0; i < (in->n - 1) / 3; i++) {
        check_times(&history, word(in, 1, (unsigned)i), c.now);
        check_tls(in, &c, word(in, 1, (unsigned)i));
        if (history.npast) {
            check_way_out(&policy, &past[0].policy, word(in, 1, (unsigned)i));
        }
    }
    check_times(&history, "", c.now);
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
