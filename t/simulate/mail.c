#include "mail.h"
#include "sender.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- how senders read "*" ---- */

static int matches(const char *pattern, const char *name, int any_depth)
{
    size_t len, rest;
    const char *tail;

    if (strncmp(pattern, "*.", 2)) {
        return !strcmp(pattern, name);
    }
    len = strlen(name);
    rest = strlen(pattern + 1);
    if (len <= rest) {
        return 0;
    }
    tail = name + len - rest;
    return !strcmp(tail, pattern + 1) &&
           (any_depth || !memchr(name, '.', len - rest));
}

static unsigned char allowed(const policy *p, const char *name)
{
    unsigned char bits = 0;
    size_t i;

    if (p->policy.mode != MTASTS_MODE_ENFORCE) {
        return 3;
    }
    for (i = 0; i < p->policy.nmx; i++) {
        bits |= matches(p->mx[i], name, 0) ? 1 : 0;
        bits |= matches(p->mx[i], name, 1) ? 2 : 0;
    }
    return bits;
}

void mail_prepare(world *w)
{
    int i, j;

    for (i = 0; i < w->npolicies; i++) {
        for (j = 0; j < w->nhosts; j++) {
            w->policies[i]->allows[j] =
                allowed(w->policies[i], w->hosts[j].name);
        }
    }
}

/* ---- mail ---- */

static int would_take(const host *h, int64_t now)
{
    return timeline_at(&h->up, now) == 1 && timeline_at(&h->member, now) == 1;
}

static int may_have(const sender *s, int number, int64_t now)
{
    const policy *p = s->w->policies[s->policy];

    return (p->allows[number] & (s->kind->any_depth ? 2 : 1)) &&
           timeline_at(&s->w->hosts[number].proper, now) == 1;
}

/* 1 if a host would take the mail, and for the policy alone none gets it. */
static int is_refused(const sender *s, int64_t now)
{
    const mx_set *set = sender_mx(s, now);
    int i, could = 0;

    for (i = 0; i < set->n; i++) {
        if (would_take(&s->w->hosts[set->host[i]], now)) {
            could = 1;
            if (may_have(s, set->host[i], now)) {
                return 0;
            }
        }
    }
    return could;
}

/* ---- the story ---- */

static void tell(mail_report *out, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void tell(mail_report *out, const char *format, ...)
{
    size_t at = strlen(out->story);
    va_list args;

    va_start(args, format);
    vsnprintf(out->story + at, sizeof(out->story) - at, format, args);
    va_end(args);
}

static const char *show_time(int64_t t, char out[32])
{
    unsigned long past = (unsigned long)(t - BEGIN);

    snprintf(out, 32, "day %3lu %02lu:%02lu:%02lu", past / DAY % 1000,
             past / HOUR % 24, past / MINUTE % 60, past % MINUTE);
    return out;
}

static void tell_hosts(const sender *s, int64_t now, mail_report *out)
{
    const mx_set *set = sender_mx(s, now);
    int i;

    for (i = 0; i < set->n; i++) {
        const host *h = &s->w->hosts[set->host[i]];

        tell(out, "#   MX %s: %s, %s, %s\n", h->name,
             would_take(h, now) ? "takes mail" : "down",
             timeline_at(&h->proper, now) == 1 ? "certificate valid"
                                               : "certificate expired",
             s->w->policies[s->policy]->allows[set->host[i]] ? "matched"
                                                             : "not matched");
    }
}

static void tell_story(const sender *s, int64_t now, mail_report *out)
{
    const policy *p = s->w->policies[s->policy];
    char text[200], a[32], b[32], c[32];
    size_t i;

    tell(out, "# %s, sender %d (%s) at %s:\n", s->w->domain, s->number,
         s->kind->name, show_time(now, a));
    tell(out, "#   holds %s\n", show_policy(p, text, sizeof(text)));
    tell(out, "#   under id %.8s; its own is %.8s\n", s->w->ids[s->id],
         s->w->ids[p->id]);
    tell(out, "#   fetched %s, counted from %s, until %s\n",
         show_time(s->fetched, a), show_time(s->counted, b),
         show_time(s->until, c));
    tell_hosts(s, now, out);
    tell(out, "# TTL of MX %ld s, of TXT %ld s; what happened before:\n",
         (long)s->w->mx_ttl, (long)s->w->txt_ttl);
    for (i = 0; i < s->w->nentries; i++) {
        const entry *e = &s->w->journal[i];

        if (e->at <= now && e->at > s->fetched - 20 * DAY) {
            tell(out, "#   %s  %s\n", show_time(e->at, a), e->text);
        }
    }
}

/* ---- a year ---- */

static void mail(sender *s, int64_t now, mail_report *out)
{
    size_t k = (size_t)(s->kind - kinds);
    int first;

    sender_catch_up(s, now);
    first = s->policy == NONE;
    sender_refer(s, now);
    out->mails[k]++;
    if (!sender_enforces(s, now) || (first && s->kind->lazy)) {
        return;
    }
    out->enforced[k]++;
    if (is_refused(s, now)) {
        out->refused[k]++;
        if (!*out->story) {
            tell_story(s, now, out);
        }
    }
}

static int compare_times(const void *a, const void *b)
{
    int64_t one = *(const int64_t *)a, other = *(const int64_t *)b;

    return (one > other) - (one < other);
}

/* Mail around changes, where it hurts: of a part of them some at the very
 * moment, some within the TTLs behind. */
static size_t hot_times(sender *s, const timeline *t, int64_t first,
                        int64_t *out, size_t n, size_t max)
{
    size_t i;

    for (i = 0; i < t->n && n + 3 <= max; i++) {
        int64_t at = t->steps[i].from;

        if (at < first || !dice_chance(&s->luck, 30)) {
            continue;
        }
        out[n++] = at + dice_between(&s->luck, -3 * MINUTE, 3 * MINUTE);
        out[n++] = at + dice_below(&s->luck, s->w->mx_ttl + 10 * MINUTE);
        out[n++] = at + dice_below(&s->luck, 20);
    }
    return n;
}

/* At any time of the year, or just before or behind a change of the policy. */
static int64_t first_contact(sender *s)
{
    const timeline *t = &s->w->served;

    if (dice_chance(&s->luck, 40)) {
        return dice_between(&s->luck, BEGIN, END);
    }
    return t->steps[dice_below(&s->luck, (int64_t)t->n)].from +
           dice_between(&s->luck, -10 * MINUTE, 30 * MINUTE);
}

#define HOT_MAX 3000

static void live(sender *s, mail_report *out)
{
    int64_t hot[HOT_MAX], pace = (int64_t)600 << dice_below(&s->luck, 13);
    int64_t now = first_contact(s), next = now;
    size_t n = 0, i = 0;

    s->ticked = now;
    n = hot_times(s, &s->w->served, now, hot, n, HOT_MAX);
    n = hot_times(s, &s->w->txt, now, hot, n, HOT_MAX);
    n = hot_times(s, &s->w->mx, now, hot, n, HOT_MAX);
    qsort(hot, n, sizeof(*hot), compare_times);
    while (i < n && hot[i] < now) {
        i++;
    }
    while (now < END) {
        if (now >= BEGIN) {
            mail(s, now, out);
        }
        if (now == next) {
            next += dice_between(&s->luck, 1, 2 * pace);
        }
        now = i < n && hot[i] < next ? hot[i++] : next;
    }
}

void mail_year(const world *w, uint64_t seed, int number, mail_report *out)
{
    sender s;

    sender_begin(&s, w, seed, number);
    out->senders[s.kind - kinds]++;
    live(&s, out);
}
