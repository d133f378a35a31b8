#include "world.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- memory: there is enough, or nothing is proved ---- */

static void *grown(void *list, size_t n, size_t *room, size_t size)
{
    if (n < *room) {
        return list;
    }
    *room = *room ? 2 * *room : 16;
    list = realloc(list, *room * size);
    if (!list) {
        perror("simulate");
        abort();
    }
    return list;
}

static void *make(size_t size)
{
    void *p = calloc(1, size);

    if (!p) {
        perror("simulate");
        abort();
    }
    return p;
}

static int next_number(int *n, int max, const char *what)
{
    if (*n == max) {
        fprintf(stderr, "simulate: more than %d %s\n", max, what);
        abort();
    }
    return (*n)++;
}

/* ---- timelines ---- */

int timeline_at(const timeline *t, int64_t when)
{
    size_t low = 0, high = t->n; /* the first step behind `when` is in there */

    if (t->n && t->steps[t->n - 1].from <= when) {
        return t->steps[t->n - 1].value;
    }
    while (low < high) {
        size_t middle = (low + high) / 2;

        if (t->steps[middle].from <= when) {
            low = middle + 1;
        }
        else {
            high = middle;
        }
    }
    return low ? t->steps[low - 1].value : NONE;
}

void timeline_add(timeline *t, int64_t from, int value)
{
    if (t->n && from < t->steps[t->n - 1].from) {
        fprintf(stderr, "simulate: time runs backwards\n");
        abort();
    }
    t->steps = grown(t->steps, t->n, &t->room, sizeof(*t->steps));
    t->steps[t->n].from = from;
    t->steps[t->n++].value = value;
}

/* 1, but for some hours now and then. */
static void add_outages(timeline *t, int64_t from, int64_t every,
                        int64_t longest, dice *d)
{
    timeline_add(t, from, 1);
    for (;;) {
        from += dice_between(d, HOUR, 2 * every);
        if (from >= END) {
            return;
        }
        timeline_add(t, from, 0);
        from += dice_between(d, 10 * MINUTE, longest);
        timeline_add(t, from, 1);
    }
}

/* ---- the world ---- */

world *world_make(const char *domain, dice *d)
{
    static const int64_t ttls[] = {5 * MINUTE, HOUR, DAY, 3 * DAY};
    world *w = make(sizeof(*w));

    snprintf(w->domain, sizeof(w->domain), "%s", domain);
    w->mx_ttl = ttls[dice_below(d, 4)];
    w->txt_ttl = ttls[dice_below(d, 4)];
    w->edge = dice_chance(d, 50) ? MINUTE : 0;
    add_outages(&w->reachable, BEGIN, 40 * DAY, 12 * HOUR, d);
    return w;
}

void world_free(world *w)
{
    int i;

    for (i = 0; i < w->nhosts; i++) {
        free(w->hosts[i].up.steps);
        free(w->hosts[i].member.steps);
        free(w->hosts[i].proper.steps);
    }
    for (i = 0; i < w->npolicies; i++) {
        free(w->policies[i]);
    }
    free(w->mx.steps);
    free(w->txt.steps);
    free(w->served.steps);
    free(w->reachable.steps);
    free(w->journal);
    free(w);
}

void world_say(world *w, int64_t at, const char *format, ...)
{
    entry *e;
    va_list args;

    w->journal = grown(w->journal, w->nentries, &w->room, sizeof(*w->journal));
    for (e = &w->journal[w->nentries++]; e > w->journal && e[-1].at > at; e--) {
        e[0] = e[-1];
    }
    e->at = at;
    va_start(args, format);
    vsnprintf(e->text, sizeof(e->text), format, args);
    va_end(args);
}

/* ---- hosts ---- */

int world_add_host(world *w, int64_t at, const char *name, const char *pattern,
                   dice *d)
{
    int i = next_number(&w->nhosts, HOSTS_MAX, "hosts");
    host *h = &w->hosts[i];

    snprintf(h->name, sizeof(h->name), "%s", name);
    snprintf(h->pattern, sizeof(h->pattern), "%s", pattern);
    add_outages(&h->up, at, 25 * DAY, 30 * HOUR, d);
    timeline_add(&h->member, at, 1);
    timeline_add(&h->proper, at, 1);
    h->cert_until = at + dice_between(d, 31 * DAY, 90 * DAY);
    h->renews = 1;
    return i;
}

void host_renew(host *h, int64_t now)
{
    if (!timeline_at(&h->proper, now)) {
        timeline_add(&h->proper, now, 1);
    }
    h->cert_until = now + 90 * DAY;
}

void world_pass(world *w, int64_t now)
{
    int i;

    for (i = 0; i < w->nhosts; i++) {
        host *h = &w->hosts[i];

        if (h->leaves && h->leaves <= now) {
            timeline_add(&h->member, h->leaves, 0);
            world_say(w, h->leaves, "%s takes no more mail for %s", h->name,
                      w->domain);
            h->leaves = 0;
        }
        if (h->renews && h->cert_until - now <= 30 * DAY) {
            host_renew(h, now);
        }
        if (h->cert_until <= now && timeline_at(&h->proper, now)) {
            timeline_add(&h->proper, h->cert_until, 0);
            world_say(w, h->cert_until, "the certificate of %s runs out",
                      h->name);
        }
    }
}

/* ---- policies ---- */

int world_add_id(world *w, const char *id)
{
    int i;

    for (i = 0; i < w->nids; i++) {
        if (!strcmp(w->ids[i], id)) {
            return i;
        }
    }
    i = next_number(&w->nids, POLICIES_MAX, "ids");
    snprintf(w->ids[i], MTASTS_ID_SIZE, "%s", id);
    return i;
}

void policy_name(mtasts_policy *p, const char **list, const char *pattern)
{
    size_t i;

    for (i = 0; i < p->nmx; i++) {
        if (!strcmp(list[i], pattern)) {
            return;
        }
    }
    if (p->nmx == PATTERNS_MAX) {
        fprintf(stderr, "simulate: more than %d patterns\n", PATTERNS_MAX);
        abort();
    }
    list[p->nmx++] = pattern;
}

static void take_patterns(policy *to, const mtasts_policy *from)
{
    size_t i;

    for (i = 0; i < from->nmx && i < PATTERNS_MAX; i++) {
        snprintf(to->room[i], NAME_SIZE, "%s", from->mx[i]);
        to->mx[i] = to->room[i];
    }
    to->policy.nmx = i;
    to->policy.mx = to->mx;
}

int world_add_policy(world *w, const mtasts_policy *p, int id)
{
    policy *new = make(sizeof(*new));
    char body[PATTERNS_MAX * NAME_SIZE];
    size_t len;
    int i;

    new->policy = *p;
    take_patterns(new, p);
    len = mtasts_policy_render(&new->policy, body, sizeof(body));
    if (len > sizeof(body) || !mtasts_policy_id(body, len, new->digest)) {
        fprintf(stderr, "simulate: no id for a policy\n");
        abort();
    }
    new->id = id == NONE ? world_add_id(w, new->digest) : id;
    for (i = 0; i < w->npolicies; i++) {
        if (w->policies[i]->id == new->id &&
            !strcmp(w->policies[i]->digest, new->digest)) {
            free(new);
            return i;
        }
    }
    i = next_number(&w->npolicies, POLICIES_MAX, "policies");
    w->policies[i] = new;
    return i;
}

void world_serve(world *w, int64_t at, int number)
{
    char text[120];

    timeline_add(&w->served, at, number);
    if (number == NONE) {
        world_say(w, at, "HTTPS: no policy");
        return;
    }
    world_say(w, at, "HTTPS: id %.8s, %s", w->ids[w->policies[number]->id],
              show_policy(w->policies[number], text, sizeof(text)));
}

/* ---- DNS ---- */

void world_set_mx(world *w, int64_t at, const mx_set *set)
{
    int i = next_number(&w->nsets, SETS_MAX, "changes of MX records");
    char text[120];

    w->sets[i] = *set;
    timeline_add(&w->mx, at, i);
    world_say(w, at, "DNS: MX %s", show_set(w, set, text, sizeof(text)));
}

void world_set_txt(world *w, int64_t at, int id)
{
    timeline_add(&w->txt, at, id);
    world_say(w, at, "DNS: TXT %s%.8s", id == NONE ? "none" : "id ",
              id == NONE ? "" : w->ids[id]);
}

const mx_set *world_mx(const world *w, int64_t when)
{
    static const mx_set nobody;
    int i = timeline_at(&w->mx, when);

    return i == NONE ? &nobody : &w->sets[i];
}

int set_has(const mx_set *set, int number)
{
    int i;

    for (i = 0; i < set->n; i++) {
        if (set->host[i] == number) {
            return 1;
        }
    }
    return 0;
}

/* ---- for people ---- */

static void append(char *out, size_t size, const char *word)
{
    size_t at = strlen(out);

    snprintf(out + at, size - at, " %s", word);
}

const char *show_policy(const policy *p, char *out, size_t size)
{
    size_t i;

    snprintf(out, size, "%s, max_age %lu:", mtasts_mode_name(p->policy.mode),
             (unsigned long)p->policy.max_age);
    for (i = 0; i < p->policy.nmx; i++) {
        append(out, size, p->mx[i]);
    }
    return out;
}

const char *show_set(const world *w, const mx_set *set, char *out, size_t size)
{
    int i;

    *out = '\0';
    for (i = 0; i < set->n; i++) {
        append(out, size, w->hosts[set->host[i]].name);
    }
    return *out ? out + 1 : out;
}
