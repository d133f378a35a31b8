#include "dns_check.h"

#include "domain.h"
#include "mx_match.h"
#include "record.h"
#include "txt.h"

#include <stdio.h>
#include <string.h>

#define SHOWN    300   /* more than a finding shows, so that it marks the cut */
#define SAID_MAX 16    /* findings of one code: DNS can't flood the log */
#define QUOTED   255   /* what a finding takes as one value */
#define ID_LATE  86400 /* seconds: an id that differs for longer is an error */
#define RECENT   7200  /* seconds: between two looks there are fewer, mostly */

/* One check. */
typedef struct {
    const mtasts_wanted *wanted;
    const mtasts_dns_facts *facts;
    mtasts_finding_fn *found;
    void *ctx;
    char txt_name[SHOWN];             /* where the TXT record is */
    char txt_record[MTASTS_TXT_SIZE]; /* as it should be */
    const mtasts_dns_mx *mx;          /* the hosts that receive mail, */
    const mtasts_dns_host *hosts;     /* their addresses, if asked for */
    size_t nmx;
    int implicit; /* the domain itself, without an MX record: */
    mtasts_dns_mx self;
} check;

/* What records at one name are. */
typedef struct {
    size_t meant, near_miss, foreign;
    const mtasts_dns_txt *first[3]; /* by mtasts_txt_class; empty if none */
} census;

typedef mtasts_txt_class classifier(const char *data, size_t len,
                                    mtasts_txt_fault *why);

static const char *const sync_names[] = {"unknown",   "in-sync", "https-ahead",
                                         "txt-ahead", "foreign", "absent"};

const char *mtasts_sync_name(mtasts_sync sync)
{
    return sync_names[sync];
}

/* TXT data as a string; a NUL is shown as '?'. */
static const char *show(const char *data, size_t len, char out[SHOWN])
{
    size_t i;

    for (i = 0; i < len && i < SHOWN - 1; i++) {
        out[i] = data[i];
        if (!out[i]) {
            out[i] = '?';
        }
    }
    out[i] = '\0';
    return out;
}

static const char *show_fault(const mtasts_txt_fault *why, char out[SHOWN])
{
    snprintf(out, SHOWN, "%lu (expected: %s)", (unsigned long)why->at,
             why->expected);
    return out;
}

/* What stands behind the last one that is said: " (and 9 more)". */
static const char *show_more(size_t n, char out[SHOWN])
{
    *out = '\0';
    if (n) {
        snprintf(out, SHOWN, " (and %lu more)", (unsigned long)n);
    }
    return out;
}

static void say(const check *c, mtasts_finding *f)
{
    c->found(c->ctx, f);
}

static void say_as(const check *c, mtasts_finding *f, mtasts_severity severity)
{
    f->severity = severity;
    f->blocks = f->blocks && severity == MTASTS_ERROR;
    say(c, f);
}

static void say_tempfail(const check *c, const char *name, const char *type,
                         const mtasts_dns_answer *answer, size_t more)
{
    mtasts_finding f;
    char and_more[SHOWN];

    MTASTS_FILL(&f, MTASTS_DNS_UNKNOWN, c->facts->domain, name, type,
                answer->failure ? answer->failure : "not known why",
                show_more(more, and_more));
    say(c, &f);
}

static census take_census(const mtasts_dns_answer *answer, classifier *classify)
{
    static const mtasts_dns_txt none = {"", 0};
    census n = {0, 0, 0, {&none, &none, &none}};
    mtasts_txt_fault why = {0, ""};
    size_t i;

    for (i = 0; answer->status == MTASTS_DNS_OK && i < answer->ntxt; i++) {
        const mtasts_dns_txt *txt = &answer->txt[i];
        mtasts_txt_class class = classify(txt->data, txt->len, &why);

        n.meant += class == MTASTS_IS_MEANT;
        n.near_miss += class == MTASTS_IS_NEAR_MISS;
        n.foreign += class == MTASTS_IS_FOREIGN;
        if (n.first[class] == &none) {
            n.first[class] = txt;
        }
    }
    return n;
}

/* ---- _mta-sts TXT ---- */

static void say_txt(const check *c, mtasts_code code, const mtasts_dns_txt *txt,
                    const char *detail, mtasts_severity severity)
{
    mtasts_finding f;
    char shown[SHOWN];

    MTASTS_FILL(&f, code, c->facts->domain, c->txt_name,
                show(txt->data, txt->len, shown), c->txt_record, detail);
    say_as(c, &f, severity);
}

static void say_count(const check *c, mtasts_code code,
                      const mtasts_dns_txt *txt, size_t n)
{
    char number[24];

    snprintf(number, sizeof(number), "%lu", (unsigned long)n);
    say_txt(c, code, txt, number, mtasts_code_severity(code));
}

/* A near miss beside a record that counts is only a foreign one. */
static void txt_near_misses(const check *c, const census *n)
{
    const mtasts_dns_answer *answer = c->facts->txt;
    mtasts_severity severity = n->meant ? MTASTS_WARNING : MTASTS_ERROR;
    size_t i, said = 0;

    for (i = 0; n->near_miss && i < answer->ntxt && said < SAID_MAX; i++) {
        const mtasts_dns_txt *txt = &answer->txt[i];
        mtasts_txt_fault why = {0, ""};
        char detail[SHOWN], more[SHOWN];

        if (mtasts_sts_classify(txt->data, txt->len, &why) !=
            MTASTS_IS_NEAR_MISS) {
            continue;
        }
        show_fault(&why, detail);
        if (++said == SAID_MAX) {
            show_more(n->near_miss - said, more);
            snprintf(detail + strlen(detail), SHOWN - strlen(detail), "%s",
                     more);
        }
        say_txt(c, MTASTS_TXT_NEAR_MISS, txt, detail, severity);
    }
}

/* As mtasts_policy_id() makes them: nobody else's id looks like that. */
static int is_derived(const char *id)
{
    return strlen(id) == MTASTS_ID_SIZE - 1 &&
           strspn(id, "0123456789abcdef") == MTASTS_ID_SIZE - 1;
}

/* The policy that was served last with the id, or NULL. */
static const mtasts_past *past_of(const mtasts_history *history, const char *id)
{
    const mtasts_past *last = NULL;
    size_t i;

    for (i = 0; i < history->npast; i++) {
        const mtasts_past *past = &history->past[i];

        if (!strcmp(past->id, id) &&
            (!last || past->last_served > last->last_served)) {
            last = past;
        }
    }
    return last;
}

/* An id other than that of the policy.  If it is known since when, that may be
 * too long. */
static void say_id(const check *c, mtasts_code code, const char *id,
                   const char *served, const int64_t *since)
{
    int64_t now = c->wanted->now, from = since && *since < now ? *since : now;
    char date[MTASTS_TIME_SIZE], when[SHOWN] = "";
    mtasts_finding f;

    if (since) {
        mtasts_time_text(from, date);
        snprintf(when, sizeof(when), ",%s since %s", served, date);
    }
    MTASTS_FILL(&f, code, c->facts->domain, c->txt_name, id, c->txt_record,
                c->wanted->id, when,
                c->wanted->when ? c->wanted->when
                : since         ? ""
                                : "Once the new policy is served everywhere: ");
    /* Unsigned, as any time may stand in a database. */
    if ((uint64_t)now - (uint64_t)from > ID_LATE) {
        f.severity = MTASTS_ERROR;
    }
    say(c, &f);
}

/* The policy may have been served before the other one, and is again: then the
 * end of that counts.  While the other one is served as well, by this server
 * until its reload or by another front end, nothing is late.  What is seen
 * elsewhere at each look, as some cache holds it, was seen recently: that moment
 * moves on. */
static void say_stale(const check *c, const mtasts_past *other)
{
    const mtasts_wanted *wanted = c->wanted;
    const mtasts_past *own = past_of(wanted->history, wanted->id);
    int64_t since = own ? own->first_served : 0;
    int known = own && (other->last_served <= own->first_served ||
                        other->last_served < wanted->now - RECENT);

    if (since < other->last_served) {
        since = other->last_served;
    }
    say_id(c, MTASTS_TXT_STALE, other->id, " served", known ? &since : NULL);
}

static mtasts_sync txt_other(const check *c, const char *id)
{
    const mtasts_history *history = c->wanted->history;
    const mtasts_past *other = history ? past_of(history, id) : NULL;

    if (other) {
        say_stale(c, other);
        return MTASTS_SYNC_HTTPS_AHEAD;
    }
    if (history && (is_derived(id) || !is_derived(c->wanted->id))) {
        int seen = history->ntxt && !strcmp(history->txt[0].id, id);

        say_id(c, MTASTS_TXT_AHEAD, id, "",
               seen ? &history->txt[0].since : &c->wanted->now);
        return MTASTS_SYNC_TXT_AHEAD;
    }
    say_id(c, MTASTS_TXT_ID_MISMATCH, id, "", NULL);
    return is_derived(id) ? MTASTS_SYNC_UNKNOWN : MTASTS_SYNC_FOREIGN;
}

/* 1 if it may be taken for one of the module's. */
static int is_ours(const mtasts_history *history, const char *id,
                   const char *wanted)
{
    return is_derived(id) ||
           (history && (past_of(history, id) || !is_derived(wanted)));
}

mtasts_seen_record mtasts_dns_seen(const mtasts_dns_answer *txt, const char *id,
                                   const mtasts_history *history)
{
    census n = take_census(txt, mtasts_sts_classify);
    char there[MTASTS_ID_SIZE];

    if (txt->status == MTASTS_DNS_TEMPFAIL) {
        return MTASTS_SEEN_UNKNOWN;
    }
    if (!n.meant && !n.near_miss) {
        return txt->left_out ? MTASTS_SEEN_UNKNOWN : MTASTS_SEEN_ABSENT;
    }
    if (n.meant != 1 || !mtasts_dns_txt_id(txt, there)) {
        return MTASTS_SEEN_FOREIGN;
    }
    return !strcmp(there, id)            ? MTASTS_SEEN_WANTED
           : is_ours(history, there, id) ? MTASTS_SEEN_OTHER
                                         : MTASTS_SEEN_FOREIGN;
}

/* 1 if the record names the same URIs as `value`. */
static int is_tlsrpt(const mtasts_dns_txt *txt, const char *value)
{
    mtasts_txt_fault why = {0, ""};
    mtasts_txt_part there, meant;

    return mtasts_tlsrpt_parse(txt->data, txt->len, &there, &why) &&
           mtasts_tlsrpt_parse(value, strlen(value), &meant, &why) &&
           mtasts_tlsrpt_equal(&there, &meant);
}

mtasts_seen_record mtasts_dns_seen_tlsrpt(const mtasts_dns_answer *txt,
                                          const char *value, const char *before)
{
    census n = take_census(txt, mtasts_tlsrpt_classify);
    const mtasts_dns_txt *one = n.first[MTASTS_IS_MEANT];

    if (txt->status == MTASTS_DNS_TEMPFAIL) {
        return MTASTS_SEEN_UNKNOWN;
    }
    if (!n.meant && !n.near_miss) {
        return txt->left_out ? MTASTS_SEEN_UNKNOWN : MTASTS_SEEN_ABSENT;
    }
    if (n.meant != 1) {
        return MTASTS_SEEN_FOREIGN;
    }
    return is_tlsrpt(one, value)              ? MTASTS_SEEN_WANTED
           : before && is_tlsrpt(one, before) ? MTASTS_SEEN_OTHER
                                              : MTASTS_SEEN_FOREIGN;
}

static mtasts_sync txt_one(const check *c, const mtasts_dns_txt *txt)
{
    mtasts_txt_fault why = {0, ""};
    char id[MTASTS_ID_SIZE], detail[SHOWN];

    if (!mtasts_sts_parse(txt->data, txt->len, id, &why)) {
        say_txt(c, MTASTS_TXT_SYNTAX, txt, show_fault(&why, detail),
                MTASTS_ERROR);
        return MTASTS_SYNC_FOREIGN;
    }
    if (strcmp(id, c->wanted->id)) {
        return c->wanted->unserved ? MTASTS_SYNC_UNKNOWN : txt_other(c, id);
    }
    return MTASTS_SYNC_IN_SYNC;
}

static mtasts_sync txt_none(const check *c, const census *n)
{
    mtasts_finding f;

    if (n->near_miss) {
        return MTASTS_SYNC_FOREIGN;
    }
    if (c->facts->txt->left_out) {
        return MTASTS_SYNC_UNKNOWN; /* it may be among those */
    }
    if (c->wanted->unserved) {
        return MTASTS_SYNC_ABSENT;
    }
    MTASTS_FILL(&f, MTASTS_TXT_MISSING, c->facts->domain, c->txt_name,
                n->foreign ? ", though there are other TXT records" : "",
                c->txt_record, c->wanted->when ? c->wanted->when : "");
    say_as(c, &f,
           c->wanted->policy->mode == MTASTS_MODE_NONE ? MTASTS_WARNING
                                                       : MTASTS_ERROR);
    return MTASTS_SYNC_ABSENT;
}

/* The record belongs to where the CNAMEs lead. */
static void txt_name(check *c)
{
    const mtasts_dns_answer *answer = c->facts->txt;

    snprintf(c->txt_name, sizeof(c->txt_name), "_mta-sts.%s", c->facts->domain);
    if (answer->ncname) {
        const char *to = answer->cname[answer->ncname - 1];
        mtasts_finding f;

        MTASTS_FILL(&f, MTASTS_TXT_DELEGATED, c->facts->domain, c->txt_name,
                    to);
        say(c, &f);
        snprintf(c->txt_name, sizeof(c->txt_name), "%s", to);
    }
}

static mtasts_sync check_txt(check *c)
{
    const mtasts_dns_answer *answer = c->facts->txt;
    census n = take_census(answer, mtasts_sts_classify);
    mtasts_sync sync = MTASTS_SYNC_FOREIGN;

    txt_name(c);
    if (answer->status == MTASTS_DNS_TEMPFAIL) {
        say_tempfail(c, c->txt_name, "TXT", answer, 0);
        return MTASTS_SYNC_UNKNOWN;
    }
    if (n.meant > 1) {
        say_count(c, MTASTS_TXT_MULTIPLE, n.first[MTASTS_IS_MEANT], n.meant);
    }
    else {
        sync = n.meant ? txt_one(c, n.first[MTASTS_IS_MEANT]) : txt_none(c, &n);
    }
    txt_near_misses(c, &n);
    if (n.foreign) {
        say_count(c, MTASTS_TXT_FOREIGN, n.first[MTASTS_IS_FOREIGN], n.foreign);
    }
    return sync;
}

/* ---- MX ---- */

static int has_address(const mtasts_dns_host *host)
{
    return host->a->status == MTASTS_DNS_OK ||
           host->aaaa->status == MTASTS_DNS_OK;
}

static int no_address(const mtasts_dns_host *host)
{
    return host->a->status == MTASTS_DNS_ABSENT &&
           host->aaaa->status == MTASTS_DNS_ABSENT;
}

/* Where the CNAMEs of a host lead, or NULL. */
static const char *alias(const mtasts_dns_host *host)
{
    const mtasts_dns_answer *answer = host->a->ncname ? host->a : host->aaaa;

    return answer->ncname ? answer->cname[answer->ncname - 1] : NULL;
}

static int is_matched(const check *c, const char *host)
{
    const mtasts_policy *policy = c->wanted->policy;

    return mtasts_mx_match_any(policy->mx, policy->nmx, host);
}

/* The root is unmatched, too, but no MTASTSMX could help. */
static int mx_unmatched(const check *c, size_t i)
{
    return *c->mx[i].host && !is_matched(c, c->mx[i].host);
}

static int mx_invalid(const check *c, size_t i)
{
    char form[MTASTS_NAME_SIZE];
    mtasts_finding why;

    return *c->mx[i].host == '*' ||
           !mtasts_mx_pattern_parse(c->mx[i].host, form, &why);
}

/* What is no host name has no addresses that are worth a word. */
static int mx_cname(const check *c, size_t i)
{
    return c->hosts && !c->implicit && alias(&c->hosts[i]) && !mx_invalid(c, i);
}

static int mx_noaddress(const check *c, size_t i)
{
    return c->hosts && no_address(&c->hosts[i]) && !mx_invalid(c, i);
}

static int mx_tempfail(const check *c, size_t i)
{
    return c->hosts &&
           (c->hosts[i].a->status == MTASTS_DNS_TEMPFAIL ||
            c->hosts[i].aaaa->status == MTASTS_DNS_TEMPFAIL) &&
           !mx_invalid(c, i);
}

static void say_mx(const check *c, mtasts_code code, size_t i, size_t more)
{
    int enforce = c->wanted->policy->mode == MTASTS_MODE_ENFORCE;
    const char *host = *c->mx[i].host ? c->mx[i].host : ".", *detail = "";
    char preference[8], and_more[SHOWN];
    mtasts_finding f;

    if (code == MTASTS_MX_UNMATCHED) {
        detail = enforce ? "senders refuse to deliver to it"
                         : "in mode enforce senders would refuse to deliver to "
                           "it";
    }
    else if (code == MTASTS_MX_CNAME) {
        detail = alias(&c->hosts[i]);
    }
    snprintf(preference, sizeof(preference), "%u",
             (unsigned)c->mx[i].preference);
    MTASTS_FILL(&f, code, c->facts->domain, preference, host,
                c->implicit
                    ? " (there is no MX record, so it is the domain itself)"
                    : show_more(more, and_more),
                detail);
    say_as(c, &f,
           code == MTASTS_MX_UNMATCHED && enforce ? MTASTS_ERROR
                                                  : MTASTS_WARNING);
}

static void say_host_tempfail(const check *c, const mtasts_dns_host *host,
                              size_t more)
{
    int a = host->a->status == MTASTS_DNS_TEMPFAIL;
    int aaaa = host->aaaa->status == MTASTS_DNS_TEMPFAIL;

    if (a || aaaa) {
        say_tempfail(c, host->name,
                     a && aaaa ? "A and AAAA"
                     : a       ? "A"
                               : "AAAA",
                     a ? host->a : host->aaaa, more);
    }
}

/* Every MX host for which is() holds, one by one up to a bound. */
static void each_mx(const check *c, mtasts_code code,
                    int (*is)(const check *c, size_t i))
{
    size_t i, total = 0, said = 0;

    for (i = 0; i < c->nmx; i++) {
        total += is(c, i) != 0;
    }
    for (i = 0; i < c->nmx && said < total && said < SAID_MAX; i++) {
        size_t more;

        if (!is(c, i)) {
            continue;
        }
        more = ++said == SAID_MAX ? total - said : 0;
        if (code == MTASTS_DNS_UNKNOWN) {
            say_host_tempfail(c, &c->hosts[i], more);
        }
        else {
            say_mx(c, code, i, more);
        }
    }
}

static int is_unused(const check *c, const char *pattern)
{
    size_t i;

    for (i = 0; i < c->nmx; i++) {
        if (mtasts_mx_match(pattern, c->mx[i].host)) {
            return 0;
        }
    }
    return 1;
}

static void check_unused(const check *c)
{
    const mtasts_policy *policy = c->wanted->policy;
    size_t i, total = 0, said = 0;
    mtasts_finding f;
    char more[SHOWN];

    if (c->facts->mx->left_out) {
        return; /* it may match one of those */
    }
    for (i = 0; i < policy->nmx; i++) {
        total += (size_t)is_unused(c, policy->mx[i]);
    }
    for (i = 0; said < total && said < SAID_MAX; i++) {
        if (is_unused(c, policy->mx[i])) {
            said++;
            show_more(said == SAID_MAX ? total - said : 0, more);
            MTASTS_FILL(&f, MTASTS_MX_UNUSED, c->facts->domain, policy->mx[i],
                        more);
            say(c, &f);
        }
    }
}

/* A host that can stand in MTASTSMX and has not been taken yet. */
static int is_suggestible(const check *c, size_t i)
{
    size_t j;

    if (mx_invalid(c, i)) {
        return 0;
    }
    for (j = 0; j < i && strcmp(c->mx[j].host, c->mx[i].host); j++) {
    }
    return j == i;
}

/* Several lines if one would be cut: they add up. */
static void suggest(const check *c)
{
    char line[QUOTED + 1], part[SHOWN] = "";
    size_t i, at = 0, lines = 0;
    mtasts_finding f;

    for (i = 0; i <= c->nmx && lines < SAID_MAX; i++) {
        int take = i < c->nmx && is_suggestible(c, i);
        size_t len = take ? strlen(c->mx[i].host) : 0;

        if (at && (i == c->nmx || at + 1 + len > QUOTED)) {
            line[at] = '\0';
            lines++;
            if (i < c->nmx || lines > 1) {
                snprintf(part, sizeof(part), " (line %lu of several)",
                         (unsigned long)lines);
            }
            MTASTS_FILL(&f, MTASTS_MX_SUGGEST, c->facts->domain,
                        c->facts->domain, line, part);
            say(c, &f);
            at = 0;
        }
        if (take) {
            at += (size_t)snprintf(line + at, sizeof(line) - at, "%s%s",
                                   at ? " " : "", c->mx[i].host);
        }
    }
}

/* Fills in the hosts that receive mail; 0 if that is not known, or said. */
static int mx_hosts(check *c)
{
    const mtasts_dns_answer *mx = c->facts->mx;
    const mtasts_dns_host *own = c->facts->own_host;

    if (mx->status == MTASTS_DNS_TEMPFAIL) {
        say_tempfail(c, c->facts->domain, "MX", mx, 0);
        return 0;
    }
    if (mx->status == MTASTS_DNS_OK) {
        c->mx = mx->mx;
        c->nmx = mx->nmx;
        c->hosts = c->facts->mx_hosts;
        return c->nmx > 0;
    }
    if (!own) {
        return 0;
    }
    c->self.preference = 0; /* RFC 5321 5.1 */
    c->self.host = c->facts->domain;
    c->mx = &c->self;
    c->hosts = own;
    c->nmx = 1;
    c->implicit = 1;
    if (!has_address(own)) {
        say_host_tempfail(c, own, 0);
    }
    return has_address(own);
}

static void mx_absent(const check *c)
{
    const mtasts_policy *policy = c->wanted->policy;
    char example[SHOWN];
    mtasts_finding f;
    size_t i;

    snprintf(example, sizeof(example), "mail.%s", c->facts->domain);
    for (i = 0; i < policy->nmx; i++) {
        if (strncmp(policy->mx[i], "*.", 2)) {
            snprintf(example, sizeof(example), "%s", policy->mx[i]);
            break;
        }
    }
    MTASTS_FILL(&f, MTASTS_MX_NONE, c->facts->domain, c->facts->domain,
                example);
    say(c, &f);
}

static void mx_null(const check *c)
{
    mtasts_finding f;

    MTASTS_FILL(&f, MTASTS_MX_NULL, c->facts->domain, c->facts->domain);
    say_as(c, &f,
           c->wanted->policy->mode == MTASTS_MODE_ENFORCE ? MTASTS_ERROR
                                                          : MTASTS_WARNING);
}

/* In mode none senders don't look at MX patterns; it remains to help with
 * the way out of it. */
static void check_mx(check *c)
{
    const mtasts_policy *policy = c->wanted->policy;
    const mtasts_dns_host *own = c->facts->own_host;
    int known = mx_hosts(c);

    if (policy->mode == MTASTS_MODE_NONE) {
        if (known && policy->nmx == 0) {
            suggest(c);
        }
        return;
    }
    if (!known) {
        if (c->facts->mx->status == MTASTS_DNS_ABSENT && own &&
            no_address(own)) {
            mx_absent(c);
        }
        return;
    }
    if (c->nmx == 1 && !*c->mx[0].host) {
        mx_null(c);
        return;
    }
    each_mx(c, MTASTS_MX_UNMATCHED, mx_unmatched);
    each_mx(c, MTASTS_MX_INVALID, mx_invalid);
    each_mx(c, MTASTS_MX_CNAME, mx_cname);
    each_mx(c, MTASTS_MX_NOADDRESS, mx_noaddress);
    check_unused(c);
    each_mx(c, MTASTS_DNS_UNKNOWN, mx_tempfail);
}

/* ---- policy host ---- */

static void check_host(const check *c)
{
    const mtasts_dns_host *host = &c->facts->policy_host;

    if (no_address(host)) {
        const char *to = alias(host);
        char via[SHOWN] = "";
        mtasts_finding f;

        if (to) {
            snprintf(via, sizeof(via), " (a CNAME to %s)", to);
        }
        MTASTS_FILL(&f, MTASTS_HOST_MISSING, c->facts->domain, host->name, via);
        say(c, &f);
    }
    say_host_tempfail(c, host, 0);
}

/* ---- _smtp._tls TXT ---- */

/* Fills with {0} the domain, {1} and {2} the record to publish in zone form:
 * one value would be cut. */
static void say_tlsrpt(const check *c, mtasts_code code, const char *detail,
                       mtasts_severity severity)
{
    char value[SHOWN], quoted[2 * QUOTED + 8], head[QUOTED + 1];
    const char *record = c->wanted->tlsrpt;
    mtasts_finding f;
    size_t len;

    if (!record) {
        snprintf(value, sizeof(value), "v=TLSRPTv1; rua=mailto:tlsrpt@%s",
                 c->facts->domain);
        record = value;
    }
    len = mtasts_zone_quote(record, strlen(record), quoted, sizeof(quoted) - 1);
    quoted[len < sizeof(quoted) ? len : sizeof(quoted) - 1] = '\0';
    len = strlen(quoted) < QUOTED ? strlen(quoted) : QUOTED;
    memcpy(head, quoted, len);
    head[len] = '\0';
    MTASTS_FILL(&f, code, c->facts->domain, c->facts->domain, head,
                quoted + len, detail);
    say_as(c, &f, severity);
}

static void tlsrpt_wrong_names(const check *c)
{
    static const char *const prefixes[] = {"_mta-sts._tls.", "_tls."};
    size_t i;

    for (i = 0; i < 2; i++) {
        const mtasts_dns_answer *answer = c->facts->wrong_tlsrpt[i];
        const mtasts_dns_txt *txt;
        char name[SHOWN], shown[SHOWN];
        mtasts_finding f;
        census n;

        if (!answer) {
            continue;
        }
        n = take_census(answer, mtasts_tlsrpt_classify);
        txt = n.meant ? n.first[MTASTS_IS_MEANT] : n.first[MTASTS_IS_NEAR_MISS];
        if (n.meant || n.near_miss) {
            snprintf(name, sizeof(name), "%s%s", prefixes[i], c->facts->domain);
            MTASTS_FILL(&f, MTASTS_TLSRPT_WRONG_NAME, c->facts->domain, name,
                        show(txt->data, txt->len, shown), c->facts->domain);
            say(c, &f);
        }
    }
}

static void tlsrpt_none(const check *c, const census *n)
{
    const mtasts_dns_txt *txt = n->first[MTASTS_IS_NEAR_MISS];
    mtasts_txt_fault why = {0, ""};
    char detail[SHOWN];

    if (n->near_miss) {
        mtasts_tlsrpt_classify(txt->data, txt->len, &why);
        say_tlsrpt(c, MTASTS_TLSRPT_RECORD_SYNTAX, show_fault(&why, detail),
                   MTASTS_WARNING);
    }
    else if (!c->facts->tlsrpt->left_out) {
        say_tlsrpt(c, MTASTS_TLSRPT_MISSING,
                   c->wanted->tlsrpt ? ""
                                     : " with an address of your own, which "
                                       "MTASTSTLSRPT then names, too",
                   c->wanted->tlsrpt ? MTASTS_WARNING : MTASTS_INFO);
    }
}

static void tlsrpt_one(const check *c, const mtasts_dns_txt *txt)
{
    const char *wanted = c->wanted->tlsrpt;
    mtasts_txt_part live, own;
    mtasts_txt_fault why = {0, ""};
    char detail[SHOWN];

    if (!mtasts_tlsrpt_parse(txt->data, txt->len, &live, &why)) {
        say_tlsrpt(c, MTASTS_TLSRPT_RECORD_SYNTAX, show_fault(&why, detail),
                   MTASTS_WARNING);
    }
    else if (wanted &&
             mtasts_tlsrpt_parse(wanted, strlen(wanted), &own, &why) &&
             !mtasts_tlsrpt_equal(&live, &own)) {
        say_tlsrpt(c, MTASTS_TLSRPT_MISMATCH, show(live.data, live.len, detail),
                   MTASTS_WARNING);
    }
}

static void check_tlsrpt(const check *c)
{
    const mtasts_dns_answer *answer = c->facts->tlsrpt;
    census n = take_census(answer, mtasts_tlsrpt_classify);

    if (answer->status == MTASTS_DNS_TEMPFAIL) {
        char name[SHOWN];

        snprintf(name, sizeof(name), "_smtp._tls.%s", c->facts->domain);
        say_tempfail(c, name, "TXT", answer, 0);
    }
    else if (n.meant > 1) {
        char number[24];

        snprintf(number, sizeof(number), "%lu", (unsigned long)n.meant);
        say_tlsrpt(c, MTASTS_TLSRPT_MULTIPLE, number, MTASTS_WARNING);
    }
    else if (n.meant) {
        tlsrpt_one(c, n.first[MTASTS_IS_MEANT]);
    }
    else {
        tlsrpt_none(c, &n);
        tlsrpt_wrong_names(c);
    }
}

mtasts_sync mtasts_dns_check(const mtasts_wanted *wanted,
                             const mtasts_dns_facts *facts,
                             mtasts_finding_fn *found, void *ctx)
{
    check c = {wanted, facts, found, ctx, "", "", NULL, NULL, 0, 0, {0, NULL}};
    mtasts_sync sync;

    mtasts_txt_render(wanted->id, c.txt_record);
    sync = check_txt(&c);
    check_mx(&c);
    check_host(&c);
    check_tlsrpt(&c);
    return sync;
}

int mtasts_dns_txt_id(const mtasts_dns_answer *txt, char id[MTASTS_ID_SIZE])
{
    const mtasts_dns_txt *meant = NULL;
    mtasts_txt_fault why = {0, ""};
    size_t i;

    for (i = 0; i < txt->ntxt; i++) {
        const mtasts_dns_txt *one = &txt->txt[i];

        if (mtasts_sts_classify(one->data, one->len, &why) != MTASTS_IS_MEANT) {
            continue;
        }
        if (meant) {
            return 0;
        }
        meant = one;
    }
    return meant && mtasts_sts_parse(meant->data, meant->len, id, &why);
}
