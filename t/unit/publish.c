/* When a record is published, by whom, and when again. */

#include "../../src/core/publish.h"
#include "tap.h"

#include <stdlib.h>

#define NOW      ((int64_t)1767268800)
#define NEVER    INT64_MIN

#define U        MTASTS_SEEN_UNKNOWN
#define W        MTASTS_SEEN_WANTED
#define A        MTASTS_SEEN_ABSENT
#define O        MTASTS_SEEN_OTHER
#define F        MTASTS_SEEN_FOREIGN

#define WAITS    MTASTS_RECORD_WAITS
#define FOREIGN  MTASTS_RECORD_FOREIGN
#define DUE      MTASTS_RECORD_DUE
#define RUNS     MTASTS_RECORD_RUNS
#define ACCEPTED MTASTS_RECORD_ACCEPTED
#define FAILED   MTASTS_RECORD_FAILED
#define DONE     MTASTS_RECORD_DONE

#define NOTHING  MTASTS_PUBLISH_NOTHING
#define RUN      MTASTS_PUBLISH_RUN
#define SAY_DUE  MTASTS_PUBLISH_SAY_DUE
#define THERE    MTASTS_PUBLISH_SAY_THERE
#define LATE     MTASTS_PUBLISH_SAY_LATE

static int64_t from_now(int64_t t)
{
    return t == NEVER ? 0 : NOW + t;
}

static int same(const mtasts_publishing *a, const mtasts_publishing *b)
{
    return a->state == b->state && a->since == b->since && a->next == b->next &&
           a->served == b->served && a->failures == b->failures;
}

/* What is kept, times from NOW; one look at NOW; what comes of it. */
typedef struct {
    const char *what;
    enum mtasts_publish_state state;
    int64_t since, next, served;
    unsigned failures;
    mtasts_seen_record resolver, authority;
    int is_served, has_command, may_replace;
    mtasts_publish_action action;
    enum mtasts_publish_state then;
    unsigned then_failures;
} sight;

#define NEW    WAITS, NEVER, NEVER, NEVER, 0
#define READY  WAITS, -60, NEVER, -600, 0
#define ONCE   FAILED, -60, 0, -600, 1
#define ONCE_1 FAILED, -59, 1, -600, 1
#define TOLD   DUE, -60, NEVER, -600, 0
#define ENDED  ACCEPTED, -599, 1, -900, 0
#define OVER   ACCEPTED, -600, 0, -900, 0
#define THERE_ DONE, -900, NEVER, -900, 0

static const sight sights[] = {
    /* to begin with */
    {"nothing is known", NEW, U, U, 1, 1, 0, NOTHING, WAITS, 0},
    {"it is there already", NEW, W, W, 1, 1, 0, NOTHING, DONE, 0},
    {"it is there, and not served", NEW, W, W, 0, 1, 0, NOTHING, DONE, 0},
    {"it is there, by the resolver", NEW, W, U, 1, 1, 0, NOTHING, DONE, 0},
    {"it is there, by the zone", NEW, U, W, 1, 1, 0, NOTHING, DONE, 0},
    {"served since just now", NEW, O, O, 1, 1, 0, NOTHING, WAITS, 0},
    {"foreign", NEW, F, F, 0, 1, 0, NOTHING, FOREIGN, 0},
    {"by hand, just served", NEW, A, A, 1, 0, 0, NOTHING, WAITS, 0},
    /* when HTTPS is ready */
    {"ready", READY, O, O, 1, 1, 0, RUN, WAITS, 0},
    {"ready, none before", READY, A, A, 1, 1, 0, RUN, WAITS, 0},
    {"ready, the zone unknown", READY, O, U, 1, 1, 0, RUN, WAITS, 0},
    {"ready, the resolver unknown", READY, U, O, 1, 1, 0, RUN, WAITS, 0},
    {"ready, all unknown", READY, U, U, 1, 1, 0, NOTHING, WAITS, 0},
    {"not served", READY, O, O, 0, 1, 0, NOTHING, WAITS, 0},
    {"not for long enough", WAITS, -60, NEVER, -599, 0, O, O, 1, 1, 0, NOTHING,
     WAITS, 0},
    {"served by a clock that was ahead", WAITS, -60, NEVER, 600, 0, O, O, 1, 1,
     0, NOTHING, WAITS, 0},
    {"foreign after all", READY, F, F, 1, 1, 0, NOTHING, FOREIGN, 0},
    {"foreign in the zone", READY, O, F, 1, 1, 0, NOTHING, FOREIGN, 0},
    {"foreign in a cache", READY, F, O, 1, 1, 0, RUN, WAITS, 0},
    {"foreign, by the resolver alone", READY, F, U, 1, 1, 0, NOTHING, FOREIGN,
     0},
    {"foreign, and may go", READY, F, F, 1, 1, 1, RUN, WAITS, 0},
    {"foreign, by hand", READY, F, F, 1, 0, 0, SAY_DUE, DUE, 0},
    {"the old one in the zone yet", READY, W, O, 1, 1, 0, RUN, WAITS, 0},
    {"by hand", READY, O, O, 1, 0, 0, SAY_DUE, DUE, 0},
    {"by hand, not served", READY, O, O, 0, 0, 0, NOTHING, WAITS, 0},
    {"somebody was faster", READY, W, W, 0, 1, 0, THERE, DONE, 0},
    {"somebody was faster, in the zone", READY, O, W, 0, 1, 0, NOTHING,
     ACCEPTED, 0},
    {"foreign until now", FOREIGN, -900, NEVER, -600, 0, A, A, 1, 1, 0, RUN,
     FOREIGN, 0},
    {"foreign yet", FOREIGN, -900, NEVER, -600, 0, F, F, 1, 1, 0, NOTHING,
     FOREIGN, 0},
    {"foreign, and replaced", FOREIGN, -900, NEVER, -600, 0, W, W, 1, 1, 0,
     THERE, DONE, 0},
    /* a person */
    {"told already", TOLD, O, O, 1, 0, 0, NOTHING, DUE, 0},
    {"told, and not right any more", TOLD, O, O, 0, 0, 0, NOTHING, WAITS, 0},
    {"told, not right, all unknown", TOLD, U, U, 0, 0, 0, NOTHING, WAITS, 0},
    {"told, right, all unknown", TOLD, U, U, 1, 0, 0, NOTHING, DUE, 0},
    {"told, and done", TOLD, W, W, 1, 0, 0, THERE, DONE, 0},
    {"told, and now there is a command", TOLD, O, O, 1, 1, 0, RUN, DUE, 0},
    /* a command */
    {"has ended", ENDED, O, O, 1, 1, 0, NOTHING, ACCEPTED, 0},
    {"has ended, and shows", ENDED, W, W, 1, 1, 0, THERE, DONE, 0},
    {"has ended, and shows in the zone", ENDED, O, W, 1, 1, 0, NOTHING,
     ACCEPTED, 0},
    {"has ended, and does not show", OVER, O, O, 1, 1, 0, LATE, FAILED, 1},
    {"does not show, not served", OVER, O, O, 0, 1, 0, LATE, FAILED, 1},
    {"does not show in a cache", OVER, O, U, 1, 1, 0, NOTHING, ACCEPTED, 0},
    {"nor after a day", ACCEPTED, -86400, -85800, -90000, 0, O, U, 1, 1, 0,
     LATE, FAILED, 1},
    {"shows in the zone, not in a cache", ACCEPTED, -86400, -85800, -90000, 0,
     O, W, 1, 1, 0, NOTHING, ACCEPTED, 0},
    {"does not show, all unknown", OVER, U, U, 1, 1, 0, NOTHING, ACCEPTED, 0},
    {"does not show, nobody runs it any more", OVER, O, O, 1, 0, 0, SAY_DUE,
     DUE, 0},
    {"does not show, a clock that was ahead", ACCEPTED, 9000, 9600, -900, 0, O,
     O, 1, 1, 0, NOTHING, ACCEPTED, 0},
    {"ended at no time", ACCEPTED, -60, 99999, -900, 0, O, O, 1, 1, 0, LATE,
     FAILED, 1},
    {"failed", ONCE_1, O, O, 1, 1, 0, NOTHING, FAILED, 1},
    {"failed, again", ONCE, O, O, 1, 1, 0, RUN, FAILED, 1},
    {"failed, again, not served", ONCE, O, O, 0, 1, 0, NOTHING, WAITS, 1},
    {"failed, foreign now", ONCE, F, F, 1, 1, 0, NOTHING, FOREIGN, 1},
    {"failed, and shows", ONCE_1, W, W, 1, 1, 0, THERE, DONE, 0},
    {"failed, shows in the zone", ONCE_1, O, W, 1, 1, 0, NOTHING, ACCEPTED, 0},
    {"failed, nobody runs it any more", ONCE_1, O, O, 1, 0, 0, SAY_DUE, DUE, 1},
    {"failed, a clock that was ahead", FAILED, 9000, 9060, -600, 1, O, O, 1, 1,
     0, NOTHING, FAILED, 1},
    {"failed, next at no time", FAILED, -60, 3601, -600, 9, O, O, 1, 1, 0, RUN,
     FAILED, 9},
    /* and then */
    {"done", THERE_, W, W, 1, 1, 0, NOTHING, DONE, 0},
    {"done, not served any more", THERE_, W, W, 0, 1, 0, NOTHING, DONE, 0},
    {"done, all unknown", THERE_, U, U, 0, 1, 0, NOTHING, DONE, 0},
    {"done, another cache", THERE_, O, W, 1, 1, 0, NOTHING, DONE, 0},
    {"done, and undone", THERE_, W, O, 1, 1, 0, RUN, DONE, 0},
    {"done, and undone, not served", THERE_, O, O, 0, 1, 0, NOTHING, WAITS, 0},
    {"done, and undone by others", THERE_, F, F, 1, 1, 0, NOTHING, FOREIGN, 0},
    {"done, and undone, by hand", THERE_, A, A, 1, 0, 0, SAY_DUE, DUE, 0}};

static mtasts_publishing kept(const sight *s)
{
    mtasts_publishing p = {s->state, from_now(s->since), from_now(s->next),
                           from_now(s->served), s->failures};

    return p;
}

static void looks(void)
{
    size_t i;

    for (i = 0; i < sizeof(sights) / sizeof(sights[0]); i++) {
        const sight *s = &sights[i];
        mtasts_publish_seen seen = {s->resolver,
                                    s->authority,
                                    s->is_served,
                                    600,
                                    s->has_command,
                                    s->may_replace,
                                    0};
        mtasts_publishing p = kept(s), before = p;
        mtasts_publish_action action = mtasts_publish_look(&p, &seen, NOW);

        ok(action == s->action && p.state == s->then, "look", s->what);
        ok(p.failures == s->then_failures, "failures", s->what);
        ok(!p.served == !s->is_served && p.served <= NOW, "served", s->what);
        ok(p.state == before.state || p.since == NOW, "since", s->what);
        if (action == SAY_DUE || action == THERE) {
            ok(mtasts_publish_look(&p, &seen, NOW + 1) == NOTHING, "once",
               s->what);
        }
    }
}

/* TLSRPT waits for nobody. */
static void at_once(void)
{
    mtasts_publish_seen seen = {A, A, 1, 0, 1, 0, 0};
    mtasts_publishing p = {WAITS, 0, 0, 0, 0};

    ok(mtasts_publish_look(&p, &seen, NOW) == RUN, "no time to settle", "run");
    seen.has_command = 0;
    ok(mtasts_publish_look(&p, &seen, NOW) == SAY_DUE, "no time to settle",
       "by hand");
}

/* Nothing but time that was watched, or its end, ends a command. */
static void leases(void)
{
    static const struct {
        const char *what;
        int64_t since, next;
        uint32_t watched;
        int is_lost;
    } cases[] = {{"not watched", -60, 10, 0, 0},
                 {"watched", -60, 10, 69, 0},
                 {"lost", -60, 10, 70, 1},
                 {"not watched, long ago", -86400, -86330, 69, 0},
                 {"lost, long ago", -86400, -86330, 70, 1},
                 {"by a clock that is ahead", 86400, 86470, 69, 0},
                 {"lost, by a clock that is ahead", 86400, 86470, 70, 1},
                 {"no time of its own", 0, 0, 609, 0},
                 {"lost, no time of its own", 0, 0, 610, 1},
                 {"for ever", 0, 999999, 609, 0},
                 {"lost, for ever", 0, 999999, 610, 1},
                 {"backwards", 0, -999999, 609, 0},
                 {"lost, backwards", 0, -999999, 610, 1}};
    static const mtasts_seen_record all[] = {U, W, A, O, F};
    size_t i, j;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        for (j = 0; j < 5; j++) {
            mtasts_publish_seen seen = {all[j], all[j],          1, 600, 1,
                                        1,      cases[i].watched};
            mtasts_publishing p = {RUNS, NOW + cases[i].since,
                                   NOW + cases[i].next, 0, 2};
            mtasts_publishing q = p;
            mtasts_publish_action action = mtasts_publish_look(&p, &seen, NOW);

            if (cases[i].is_lost) {
                ok(p.state == (all[j] == W ? DONE : FAILED) &&
                       p.failures == (all[j] == W ? 0 : 3) &&
                       action == (all[j] == W ? THERE : NOTHING),
                   "lease", cases[i].what);
            }
            else {
                ok(same(&p, &q) && action == NOTHING, "lease", cases[i].what);
            }
        }
    }
}

static void commands(void)
{
    static const int waits[] = {60, 120, 240, 480, 960, 1920, 3600, 3600};
    mtasts_publish_seen seen = {O, O, 1, 600, 1, 0, 0};
    mtasts_publishing p = {WAITS, NOW - 60, 0, NOW - 600, 0};
    int64_t now = NOW;
    int i;

    for (i = 0; i < 8; i++) {
        char what[32];

        snprintf(what, sizeof(what), "%d s", waits[i]);
        ok(mtasts_publish_look(&p, &seen, now) == RUN, "runs after", what);
        mtasts_publish_begin(&p, 60, now);
        ok(p.state == RUNS && p.since == now && p.next == now + 70, "begun",
           what);
        ok(mtasts_publish_look(&p, &seen, now) == NOTHING, "runs", what);
        now += 60;
        /* Without effect is as bad as not at all. */
        mtasts_publish_end(&p, i % 2, now);
        if (i % 2) {
            ok(p.state == ACCEPTED && p.next == now + 600, "accepted", what);
            now += 600;
            ok(mtasts_publish_look(&p, &seen, now) == LATE, "late", what);
        }
        ok(p.state == FAILED && p.next == now + waits[i], "waits", what);
        ok(mtasts_publish_look_in(&p, &seen, now) == (uint32_t)waits[i],
           "looks again in", what);
        ok(mtasts_publish_look(&p, &seen, now + waits[i] - 1) == NOTHING,
           "waits until", what);
        now += waits[i];
    }
    p.failures = UINT16_MAX;
    mtasts_publish_end(&p, 0, now);
    ok(p.failures == UINT16_MAX && p.next == now + 3600, "failed", "often");
}

/* A reload ends it: nobody has failed, and what failed before counts on. */
static void broken_off(void)
{
    static const struct {
        const char *what;
        mtasts_seen_record authority;
        int is_served;
        mtasts_publish_action action;
    } cases[] = {{"is there all the same", W, 1, THERE},
                 {"again", O, 1, RUN},
                 {"not served any more", O, 0, NOTHING},
                 {"all unknown", U, 1, NOTHING}};
    size_t i;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        mtasts_seen_record at = cases[i].authority;
        mtasts_publish_seen seen = {at, at, cases[i].is_served, 600, 1, 0, 0};
        mtasts_publishing p = {FAILED, NOW - 60, NOW, NOW - 600, 2};

        mtasts_publish_begin(&p, 60, NOW);
        mtasts_publish_break_off(&p, NOW + 2);
        ok(p.state == WAITS && p.since == NOW + 2 && !p.next &&
               p.served == NOW - 600 && p.failures == 2,
           "broken off", cases[i].what);
        ok(mtasts_publish_look(&p, &seen, NOW + 3) == cases[i].action,
           "broken off", cases[i].what);
    }
}

static void values(void)
{
    mtasts_publishing none = {WAITS, 0, 0, 0, 0};
    enum mtasts_publish_state state;

    for (state = WAITS; state <= DONE; state++) {
        mtasts_publishing p = {state, NOW, NOW + 70, NOW - 900, 3};

        mtasts_publish_anew(&p);
        ok(state == RUNS ? p.state == RUNS && p.since == NOW &&
                               p.next == NOW + 70 && !p.served && !p.failures
                         : same(&p, &none),
           "another value", mtasts_publish_state_name(state));
    }
}

static void next_looks(void)
{
    static const struct {
        enum mtasts_publish_state state;
        int64_t since, next;
        uint32_t want;
    } cases[] = {{WAITS, NEVER, NEVER, 0},    {WAITS, 0, NEVER, 60},
                 {WAITS, -120, NEVER, 60},    {WAITS, -600, NEVER, 300},
                 {WAITS, -7198, NEVER, 3599}, {WAITS, -7200, NEVER, 3600},
                 {WAITS, 999, NEVER, 60},     {FOREIGN, -60, NEVER, 0},
                 {DUE, -60, NEVER, 60},       {DUE, -6000, NEVER, 3000},
                 {RUNS, -60, 10, 10},         {RUNS, 0, 9999, 610},
                 {ACCEPTED, 0, 600, 10},      {ACCEPTED, -30, 570, 15},
                 {ACCEPTED, -600, 0, 300},    {ACCEPTED, -9000, 0, 3600},
                 {FAILED, 0, 60, 60},         {FAILED, -61, -1, 60},
                 {FAILED, 0, 9999, 3600},     {DONE, -60, NEVER, 0}};
    size_t i;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        mtasts_publishing p = {cases[i].state, from_now(cases[i].since),
                               from_now(cases[i].next), 0, 0};
        mtasts_publish_seen seen = {O, O, 1, 600, 1, 0, 0};
        char what[64];

        snprintf(what, sizeof(what), "%s %ld",
                 mtasts_publish_state_name(p.state), (long)cases[i].since);
        ok(mtasts_publish_look_in(&p, &seen, NOW) == cases[i].want,
           "looks again", what);
    }
}

/* Not each second, when it should have ended and somebody must watch it. */
static void looks_while_it_runs(void)
{
    static const struct {
        int64_t since, next;
        uint32_t watched, want;
    } cases[] = {{-60, 10, 0, 10},   {-60, 10, 60, 10},  {-60, 1, 60, 1},
                 {-80, 0, 0, 80},    {-80, -10, 0, 70},  {-80, -10, 1, 69},
                 {-80, -10, 65, 10}, {-80, -10, 99, 10}, {0, -1, 100, 510},
                 {0, 9999, 0, 610}};
    size_t i;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        mtasts_publishing p = {RUNS, NOW + cases[i].since, NOW + cases[i].next,
                               0, 0};
        mtasts_publish_seen seen = {O, O, 1, 600, 1, 0, cases[i].watched};
        char what[64];

        snprintf(what, sizeof(what), "next %ld, watched for %u s",
                 (long)cases[i].next, (unsigned)cases[i].watched);
        ok(mtasts_publish_look_in(&p, &seen, NOW) == cases[i].want,
           "looks while it runs", what);
    }
}

/* Every address serves the policy since then: as soon as that has settled. */
static void looks_when_settled(void)
{
    static const struct {
        int64_t served;
        uint32_t want;
    } cases[] = {{0, 600}, {-1, 599}, {-599, 1}, {-600, 60}, {-9000, 60}};
    size_t i;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        mtasts_publishing p = {WAITS, NOW - 100, 0, NOW + cases[i].served, 0};
        mtasts_publish_seen seen = {O, O, 1, 600, 1, 0, 0};
        char what[64];

        snprintf(what, sizeof(what), "served for %ld s",
                 (long)-cases[i].served);
        ok(mtasts_publish_look_in(&p, &seen, NOW) == cases[i].want,
           "looks when settled", what);
    }
}

/* An administrator's day: a new policy, two servers, one resolver. */
static void story(void)
{
    mtasts_publish_seen seen = {O, O, 0, 600, 1, 0, 0};
    mtasts_publishing p = {WAITS, 0, 0, 0, 0};
    int64_t t = NOW;

    ok(mtasts_publish_look(&p, &seen, t) == NOTHING, "story",
       "the other server was not reloaded yet");
    seen.served = 1;
    ok(mtasts_publish_look(&p, &seen, t += 60) == NOTHING, "story",
       "it was just now");
    ok(mtasts_publish_look(&p, &seen, t += 300) == NOTHING, "story",
       "some have the old one in a cache");
    seen.served = 0;
    ok(mtasts_publish_look(&p, &seen, t += 60) == NOTHING, "story",
       "somebody takes it back");
    seen.served = 1;
    ok(mtasts_publish_look(&p, &seen, t += 300) == NOTHING, "story",
       "and thinks again");
    ok(mtasts_publish_look(&p, &seen, t += 599) == NOTHING, "story",
       "so it begins anew");
    ok(mtasts_publish_look(&p, &seen, t += 1) == RUN, "story", "now");
    mtasts_publish_begin(&p, 60, t);
    mtasts_publish_end(&p, 1, t += 2);
    ok(mtasts_publish_look(&p, &seen, t += 10) == NOTHING, "story",
       "the secondaries are slow");
    seen.authority = W;
    ok(mtasts_publish_look(&p, &seen, t += 10) == NOTHING, "story",
       "the resolver has the old one");
    ok(mtasts_publish_look(&p, &seen, t += 3600) == NOTHING, "story",
       "and keeps it for an hour");
    seen.resolver = W;
    ok(mtasts_publish_look(&p, &seen, t += 60) == THERE, "story", "published");
}

int main(void)
{
    looks();
    at_once();
    leases();
    commands();
    broken_off();
    values();
    next_looks();
    looks_while_it_runs();
    looks_when_settled();
    story();
    is_str(mtasts_publish_state_name(ACCEPTED), "accepted", "name", "accepted");
    return done();
}
