#include "history_private.h"

#include "domain.h"
#include "mx_match.h"

#include <stdio.h>
#include <string.h>

#define DAY        86400
#define SAID_MAX   16  /* findings of one code: DNS can't flood the log */
#define VALUE_SIZE 256 /* what a finding shows of one value, and a NUL */
#define UNTIL_SIZE 96

static int is_held(const mtasts_history *history, const mtasts_past *past,
                   int64_t now)
{
    return past && mtasts_horizon(history, past, now) > now;
}

static int64_t days_held(const mtasts_history *history, const mtasts_past *past)
{
    int64_t hold = mtasts_hold_time(&past->policy);
    int64_t late = history->ntxt ? mtasts_out_of_caches(history->txt, 0) : 0;

    return (hold + late + DAY - 1) / DAY;
}

static void show_until_served(const mtasts_history *history,
                              const mtasts_past *past, const char *it,
                              char out[UNTIL_SIZE])
{
    int64_t days = days_held(history, past);

    snprintf(out, UNTIL_SIZE, "%ld %s after %s was served last", (long)days,
             days == 1 ? "day" : "days", it);
}

/* It is not served any more. */
static void show_until_ended(const mtasts_history *history,
                             const mtasts_past *past, int64_t now,
                             char out[UNTIL_SIZE])
{
    const mtasts_txt_seen *txt = mtasts_named_now(history, past, now);

    if (txt) {
        snprintf(out, UNTIL_SIZE,
                 "%ld days after the TXT record had the id %.32s last",
                 (long)days_held(history, past), txt->id);
    }
    else {
        mtasts_until_text(mtasts_horizon(history, past, now), out);
    }
}

/* Of a policy that is served even now, or whose id is in DNS, there is no date
 * yet, and a finding that had another one in each run would be new each time. */
static void show_until(const mtasts_history *history, const mtasts_past *past,
                       int64_t now, const char *it, char out[UNTIL_SIZE])
{
    if (past->last_served >= now) {
        show_until_served(history, past, it, out);
    }
    else {
        show_until_ended(history, past, now, out);
    }
}

/* ---- the policy as configured ---- */

static void check_mode(const mtasts_changing *c, mtasts_finding_fn *found,
                       void *ctx)
{
    static const mtasts_selection enforce = {0, NULL, NULL, NULL};
    const mtasts_past *past = mtasts_latest(c->history, &enforce, c->now);
    char until[UNTIL_SIZE];
    mtasts_finding f;

    if (c->policy->mode != MTASTS_MODE_ENFORCE &&
        is_held(c->history, past, c->now)) {
        show_until(c->history, past, c->now, "it", until);
        MTASTS_FILL(&f, MTASTS_MODE_LOWERED, c->domain,
                    mtasts_mode_name(c->policy->mode), past->id, until);
        found(ctx, &f);
    }
}

/* Whether senders may still hold the other policy does not matter: some look at
 * the id only when their copy has run out, and keep it if the id is the same. */
static void check_id(const mtasts_changing *c, mtasts_finding_fn *found,
                     void *ctx)
{
    const mtasts_history *history = c->history;
    const mtasts_past *other = NULL;
    char date[MTASTS_TIME_SIZE], when[MTASTS_TIME_SIZE + 16];
    mtasts_finding f;
    size_t i;

    for (i = 0; i < history->npast; i++) {
        const mtasts_past *past = &history->past[i];

        if (!strcmp(past->id, c->id) && strcmp(past->digest, c->digest) &&
            (!other || past->last_served > other->last_served)) {
            other = past;
        }
    }
    if (!other) {
        return;
    }
    mtasts_time_text(other->last_served, date);
    snprintf(when, sizeof(when), "last served %s", date);
    if (other->last_served >= c->now) {
        snprintf(when, sizeof(when), "which is served even now");
    }
    MTASTS_FILL(&f, MTASTS_ID_REUSED, c->domain, c->id, when);
    found(ctx, &f);
}

/* 1 if mail may be refused that the configured policy would let through. */
static int asks_more(const mtasts_policy *past, const mtasts_policy *configured)
{
    size_t i;

    if (past->mode != MTASTS_MODE_ENFORCE ||
        configured->mode != MTASTS_MODE_ENFORCE) {
        return past->mode == MTASTS_MODE_ENFORCE;
    }
    for (i = 0; i < configured->nmx; i++) {
        if (!mtasts_mx_match_any(past->mx, past->nmx, configured->mx[i])) {
            return 1;
        }
    }
    return 0;
}

/* A policy, another one, and the first again, which has its old id: who fetched
 * the other one while that id was still in DNS holds it under that id. */
static void check_repeated(const mtasts_changing *c, mtasts_finding_fn *found,
                           void *ctx)
{
    const mtasts_history *history = c->history;
    mtasts_finding f;
    size_t i;

    for (i = 0; i < history->npast; i++) {
        const mtasts_past *past = &history->past[i];

        if (strcmp(past->digest, c->digest) && strcmp(past->id, c->id) &&
            mtasts_is_name(history, past, c->id, c->now) &&
            asks_more(&past->policy, c->policy)) {
            MTASTS_FILL(&f, MTASTS_ID_REPEATED, c->domain, c->id, past->id);
            found(ctx, &f);
            return;
        }
    }
}

static void check_removable(const mtasts_changing *c, mtasts_finding_fn *found,
                            void *ctx)
{
    static const mtasts_selection both = {1, NULL, NULL, NULL};
    const mtasts_past *past = mtasts_latest(c->history, &both, c->now);
    const char *when = "If none was, here or elsewhere, now; else once its "
                       "max_age (a week at least) has run out,";
    char why[VALUE_SIZE] = "no policy in mode testing or enforce is known to "
                           "have been served before";
    char until[UNTIL_SIZE], id[MTASTS_ID_SIZE];
    mtasts_finding f;

    if (c->policy->mode != MTASTS_MODE_NONE) {
        return;
    }
    if (past) {
        snprintf(id, sizeof(id), "%s", past->id);
        show_until(c->history, past, c->now, "it", until);
        when = is_held(c->history, past, c->now) ? "Not before that" : "Now";
        snprintf(why, sizeof(why),
                 is_held(c->history, past, c->now)
                     ? "senders may hold the policy %s in mode %s until %s"
                     : "no sender can hold a policy in mode testing or enforce "
                       "any more: the last one, %s in mode %s, ran out on %s",
                 id, mtasts_mode_name(past->policy.mode), until);
    }
    MTASTS_FILL(&f, MTASTS_REMOVABLE_FROM, c->domain, why, when, c->domain);
    found(ctx, &f);
}

void mtasts_history_check(const mtasts_changing *c, mtasts_finding_fn *found,
                          void *ctx)
{
    check_mode(c, found, ctx);
    check_id(c, found, ctx);
    check_repeated(c, found, ctx);
    check_removable(c, found, ctx);
}

void mtasts_unserved_check(const mtasts_changing *c, const char *txt_id,
                           mtasts_finding_fn *found, void *ctx)
{
    const mtasts_history *history = c->history;
    const mtasts_past *served = NULL;
    int early = txt_id && !strcmp(txt_id, c->id);
    mtasts_finding f;
    size_t i;

    for (i = 0; i < history->npast; i++) {
        const mtasts_past *past = &history->past[i];

        if (past->last_served < c->now) {
            continue;
        }
        if (!strcmp(past->id, c->id) && !strcmp(past->digest, c->digest)) {
            return;
        }
        served = served ? served : past;
    }
    if (!served) {
        return;
    }
    MTASTS_FILL(&f, MTASTS_NOT_SERVED, c->domain, c->id, served->id,
                early ? ", and the TXT record names that one already: senders "
                        "fetch the policy that is served and keep it under "
                        "the new id"
                      : "");
    f.severity = early ? MTASTS_WARNING : f.severity;
    found(ctx, &f);
}

/* ---- MX hosts ---- */

/* The hosts that receive mail: as RFC 5321 5.1 has it the domain itself, if it
 * has no MX record but an address. */
static const mtasts_dns_mx *live_mx(const mtasts_dns_facts *facts,
                                    const mtasts_dns_mx *self, size_t *n)
{
    const mtasts_dns_host *own = facts->own_host;

    *n = 0;
    if (facts->mx->status == MTASTS_DNS_OK) {
        *n = facts->mx->nmx;
        return facts->mx->mx;
    }
    if (facts->mx->status == MTASTS_DNS_ABSENT && own &&
        (own->a->status == MTASTS_DNS_OK ||
         own->aaaa->status == MTASTS_DNS_OK)) {
        *n = 1;
    }
    return self;
}

/* The policy that keeps mail from host `i` longest, or NULL.  The root is none:
 * nobody delivers to it anyway.  A host that is there twice counts once. */
static const mtasts_past *refusing(const mtasts_changing *c,
                                   const mtasts_dns_mx *mx, size_t i)
{
    const mtasts_selection of = {0, mx[i].host, NULL, c->digest};
    const mtasts_past *past;
    size_t j;

    if (!*mx[i].host) {
        return NULL;
    }
    for (j = 0; j < i; j++) {
        if (!strcmp(mx[j].host, mx[i].host)) {
            return NULL;
        }
    }
    past = mtasts_latest(c->history, &of, c->now);
    return is_held(c->history, past, c->now) ? past : NULL;
}

typedef struct {
    const mtasts_dns_mx *mx;
    const mtasts_past *past;
    int implicit;
    size_t more;
} refused;

/* When the host may be an MX host again.  While the policy as configured does
 * not match it either, that one, served until now, counts as well. */
static void show_back(const mtasts_changing *c, const refused *r,
                      char out[UNTIL_SIZE])
{
    const mtasts_selection all = {0, r->mx->host, NULL, NULL};
    const mtasts_past *past = mtasts_latest(c->history, &all, c->now);
    char it[16 + MTASTS_ID_SIZE];

    snprintf(it, sizeof(it), "the policy %.32s", past->id);
    show_until(c->history, past, c->now, it, out);
}

static void say_refused(const mtasts_changing *c, const refused *r,
                        mtasts_finding_fn *found, void *ctx)
{
    int matched =
        mtasts_mx_match_any(c->policy->mx, c->policy->nmx, r->mx->host);
    char pattern[MTASTS_NAME_SIZE], until[UNTIL_SIZE], back[UNTIL_SIZE];
    char preference[8], note[64] = "";
    mtasts_finding f;
    int add = !matched && mtasts_mx_pattern_parse(r->mx->host, pattern, &f);

    snprintf(preference, sizeof(preference), "%u", (unsigned)r->mx->preference);
    if (r->implicit) {
        snprintf(note, sizeof(note),
                 " (there is no MX record, so it is the domain itself)");
    }
    else if (r->more) {
        snprintf(note, sizeof(note), " (and %lu more)", (unsigned long)r->more);
    }
    show_until(c->history, r->past, c->now, "it", until);
    show_back(c, r, back);
    MTASTS_FILL(&f, MTASTS_CACHED_MX_UNMATCHED, c->domain, preference,
                r->mx->host, note, r->past->id, until, back,
                add ? " Meanwhile add it to what is there, MTASTSMX " : "",
                add ? pattern : "",
                add ? ", and publish the new TXT record." : "");
    f.blocks = c->policy->mode == MTASTS_MODE_ENFORCE && !matched;
    found(ctx, &f);
}

void mtasts_cached_mx_check(const mtasts_changing *c,
                            const mtasts_dns_facts *facts,
                            mtasts_finding_fn *found, void *ctx)
{
    const mtasts_dns_mx self = {0, facts->domain};
    size_t i, n, total = 0, said = 0;
    const mtasts_dns_mx *mx = live_mx(facts, &self, &n);
    refused r = {NULL, NULL, mx == &self, 0};

    for (i = 0; i < n; i++) {
        total += refusing(c, mx, i) != NULL;
    }
    for (i = 0; i < n && said < SAID_MAX; i++) {
        r.past = refusing(c, mx, i);
        if (r.past) {
            r.mx = &mx[i];
            r.more = ++said == SAID_MAX ? total - said : 0;
            say_refused(c, &r, found, ctx);
        }
    }
}

/* 1 if senders in mode enforce don't deliver for it.  A refusal by the mail
 * server may be meant for this machine alone: that is never an error. */
static int fails_tls(const mtasts_finding *fault)
{
    return fault->code >= MTASTS_MX_NO_STARTTLS &&
           fault->code <= MTASTS_MX_DANE &&
           mtasts_code_severity(fault->code) == MTASTS_ERROR &&
           (fault->code != MTASTS_MX_GREETING ||
            fault->severity == MTASTS_ERROR);
}

void mtasts_cached_tls_check(const mtasts_changing *c, const char *mx_host,
                             const char *subject, const mtasts_finding *fault,
                             mtasts_finding_fn *found, void *ctx)
{
    const mtasts_selection matched = {0, NULL, mx_host, NULL};
    const mtasts_past *past = mtasts_latest(c->history, &matched, c->now);
    char until[UNTIL_SIZE];
    mtasts_finding f;

    if (c->policy->mode == MTASTS_MODE_ENFORCE ||
        !is_held(c->history, past, c->now) || !fails_tls(fault)) {
        return;
    }
    show_until(c->history, past, c->now, "it", until);
    MTASTS_FILL(&f, MTASTS_CACHED_MX_TLS, subject, mx_host,
                mtasts_code_name(fault->code), past->id, c->domain, until,
                mtasts_mode_name(c->policy->mode));
    found(ctx, &f);
}

/* ---- domains without a policy ---- */

#define ROOM 600 /* for domain, virtual host and patterns, in the remedy */

/* The line to paste, with as many patterns as there is room for; "" if for none:
 * mode none doesn't need them. */
static void show_patterns(const mtasts_policy *policy, size_t room,
                          char out[VALUE_SIZE], char more[48])
{
    static const char directive[] = MTASTS_PASTE "MTASTSMX";
    size_t at = sizeof(directive) - 1, i;

    room = room < VALUE_SIZE ? room : VALUE_SIZE;
    memcpy(out, directive, sizeof(directive));
    for (i = 0; i < policy->nmx && at + 1 + strlen(policy->mx[i]) < room; i++) {
        at += (size_t)snprintf(out + at, VALUE_SIZE - at, " %s", policy->mx[i]);
    }
    *more = '\0';
    if (i == 0) {
        *out = '\0';
    }
    else if (i < policy->nmx) {
        snprintf(more, 48, MTASTS_PASTE "# and %lu more MX hosts",
                 (unsigned long)(policy->nmx - i));
    }
}

/* Nobody serves it now: that it was served up to this second has a date, as it
 * will have in the next look. */
static void show_withdrawn_until(const mtasts_history *history,
                                 const mtasts_past *past, int64_t now,
                                 char out[UNTIL_SIZE])
{
    if (past->last_served > now) {
        show_until_served(history, past, "it", out);
    }
    else {
        show_until_ended(history, past, now, out);
    }
}

void mtasts_withdrawn_check(const mtasts_gone *gone, int64_t now,
                            mtasts_finding_fn *found, void *ctx)
{
    static const mtasts_selection both = {1, NULL, NULL, NULL};
    static const mtasts_selection enforce = {0, NULL, NULL, NULL};
    const mtasts_history *history = gone->history;
    const mtasts_past *past = mtasts_latest(history, &both, now);
    const mtasts_past *strict = mtasts_latest(history, &enforce, now);
    const char *vhost = gone->vhost ? gone->vhost : "";
    char until[UNTIL_SIZE], too[VALUE_SIZE] = "", more[48];
    char patterns[VALUE_SIZE];
    mtasts_finding f;

    if (!is_held(history, past, now)) {
        return;
    }
    if (past != strict && is_held(history, strict, now)) {
        show_withdrawn_until(history, strict, now, until);
        snprintf(too, sizeof(too), ", and %.32s (mode enforce) until %s",
                 strict->id, until);
    }
    show_withdrawn_until(history, past, now, until);
    show_patterns(&past->policy,
                  ROOM - strlen(gone->domain) -
                      (strlen(vhost) < VALUE_SIZE ? strlen(vhost) : VALUE_SIZE),
                  patterns, more);
    MTASTS_FILL(&f, MTASTS_POLICY_WITHDRAWN, gone->domain, gone->domain,
                past->id, mtasts_mode_name(past->policy.mode), until, too,
                patterns, more,
                !gone->vhost      ? "bring its virtual host back as it was"
                : gone->has_lines ? "write MTASTSEngine On in the virtual host "
                                  : "put its MTASTS directives back into the "
                                    "virtual host ",
                vhost);
    found(ctx, &f);
}
