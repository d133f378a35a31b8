/* Both machines, rollout and publishing, in every state that a small world can
 * get into: breadth first, from a new server on, by whatever can happen to it.
 *
 * The world has two front ends with a ledger between them, each with a process
 * that looks, decides and runs the command; the zone's own servers and a resolver
 * that lags behind; somebody who writes to the zone as well.  Any of the processes
 * may stop at any moment, for good or for a while; what is kept may be anything
 * after that; clocks are set; a command may do its work and fail, or end well and
 * not do it, or do it later.  What must hold in every state is said at require();
 * and from every state on, if all is well again, the plan comes to its end. */

#include "../../src/core/publish.h"
#include "../../src/core/rollout.h"
#include "tap.h"

#include <stdlib.h>

#define MINUTE    60
#define NOW       ((int64_t)1000000000)
#define DAY_MIN   1440
#define LONG      (2 * DAY_MIN) /* that a clock is set by */
#define TIMEOUT   50            /* s: a lease of a minute */
#define AHEAD_MAX 30            /* minutes that a state lies ahead */
#define RETRIES   6             /* more make no difference */
#define FRONTS    2
#define TICKS_MAX 16 /* to the end of a plan, its holds among them */

enum { NEVER = -32768 };          /* as minutes: 0 of the machines */
enum { NONE = -1, NO_NEWS = -2 }; /* as a step or a time */
enum { ABSENT = 20, FOREIGN };

enum { ILL, WELL, BROKEN_OFF }; /* how a command ended */

enum { IDLE, LOOKED, BEGUN, RUNNING, ENDED };

/* What is kept; times in minutes from now. */
typedef struct {
    int8_t lost; /* nothing is */
    int8_t step;
    int8_t value; /* the step whose record is published */
    int8_t state, failures, unused;
    int16_t since, green, looked;
    int16_t p_since, p_next, p_served;
} kept;

/* A front end, and the process that watches. */
typedef struct {
    int8_t served; /* NONE: it is down */
    int8_t phase;
    int8_t fresh;   /* what is kept is what it has read, or its own command */
    int8_t watched; /* 2: that command for longer than it may take */
    int8_t target, old, well; /* of its command; 1: what was foreign may go */
    int8_t action;            /* LOOKED: what comes of it */
    int8_t green, shown; /* how many ticks ago it was seen; NONE: it was not */
    kept mine;           /* LOOKED: to be written */
} front;

typedef struct {
    front f[FRONTS];
    kept k;
    int8_t txt, cached, queued; /* the zone, the resolver, what will come */
    int8_t known; /* the furthest step that anything can tell of */
    int8_t green; /* ticks since a look was not green, or the step began */
    int8_t shown; /* ticks since a look found it not served by all */
} state;

/* One kind of world. */
typedef struct {
    const char *name;
    mtasts_step steps[4];
    size_t n;
    int tick, gap; /* minutes */
    int settle;
    int has_command, may_replace;
    int queues;    /* a change may come later than the command's end */
    int splits;    /* a look takes time */
    int sets;      /* minutes that the clock is set by; 0: never */
    int loses_any; /* what is kept is lost at any time, also beside a command */
    int corrupts;  /* what is kept of publishing may be anything */
    int slow;
} world;

#define T          MTASTS_MODE_TESTING
#define E          MTASTS_MODE_ENFORCE
#define M(minutes) ((minutes)*MINUTE)
#define H          3600
#define D          86400

static const world *w;
static mtasts_plan plan;

/* ---- what must hold ---- */

static const char *broken; /* what does not */

static void require(int holds, const char *what)
{
    if (!holds) {
        broken = what;
    }
}

static int serves_all(const state *s, int step)
{
    return s->f[0].served == step && s->f[1].served == step;
}

/* Who is down serves what is kept when it comes back. */
static int is_ahead(const state *s, int step)
{
    int i;

    for (i = 0; i < FRONTS; i++) {
        if (s->f[i].served != NONE && s->f[i].served < step) {
            return 1;
        }
    }
    return 0;
}

static void check_state(const state *s)
{
    int i, commands = 0;

    for (i = 0; i < FRONTS; i++) {
        commands += s->f[i].phase == RUNNING;
        require(s->f[i].served == NONE || s->k.lost ||
                    s->f[i].served <= s->k.step,
                "nothing is served before it was written down");
    }
    require(commands <= 1, "one command at a time");
    require(s->txt >= ABSENT || !is_ahead(s, s->txt), "TXT not before HTTPS");
}

static void check_served(const state *s, int step)
{
    require(s->known == NONE ||
                plan.steps[step].mode >= plan.steps[s->known].mode,
            "mode not lowered");
}

/* ---- what is kept, as the machines have it ---- */

static int64_t unpack(int m)
{
    return m == NEVER ? 0 : NOW + (int64_t)m * MINUTE;
}

/* Whatever lies further away makes no difference. */
static int16_t pack(int64_t t, int past, int future)
{
    int64_t m = (t - NOW) / MINUTE;

    return (int16_t)(t == 0       ? NEVER
                     : m < -past  ? -past
                     : m > future ? future
                                  : m);
}

static mtasts_progress progress_of(const kept *k)
{
    mtasts_progress p = {(unsigned)k->step, unpack(k->since), unpack(k->green),
                         unpack(k->looked)};

    return p;
}

static void keep_progress(kept *k, const mtasts_progress *p)
{
    int hold = (int)(plan.steps[p->step].hold / MINUTE);

    k->step = (int8_t)p->step;
    if (!hold) {
        k->since = 0;
        k->green = k->looked = NEVER;
        return;
    }
    k->since = pack(p->since, hold, 1);
    k->green = pack(p->green, hold < DAY_MIN ? hold : DAY_MIN, 1);
    k->looked = pack(p->looked, w->gap + 1, w->gap + 1);
}

static mtasts_publishing publishing_of(const kept *k)
{
    mtasts_publishing p = {(enum mtasts_publish_state)k->state,
                           unpack(k->p_since), unpack(k->p_next),
                           unpack(k->p_served), (unsigned)k->failures};

    return p;
}

/* What a state does not look at is the same in all. */
static void keep_publishing(kept *k, const mtasts_publishing *p)
{
    int64_t ahead = p->since > NOW ? p->since - NOW : 0;

    k->state = (int8_t)p->state;
    k->failures = (int8_t)(w->tick >= 60           ? 0
                           : p->failures < RETRIES ? p->failures
                                                   : RETRIES);
    k->p_served = w->settle ? pack(p->served, w->settle, 1) : NEVER;
    k->p_since = p->since ? 0 : NEVER;
    k->p_next = NEVER;
    if (p->state == MTASTS_RECORD_RUNS) {
        k->p_since = pack(p->since, w->tick, AHEAD_MAX);
        k->p_next = (int16_t)(k->p_since + 1);
    }
    if (p->state == MTASTS_RECORD_ACCEPTED ||
        p->state == MTASTS_RECORD_FAILED) {
        ahead -= ahead > M(AHEAD_MAX) ? M(AHEAD_MAX) : ahead;
        k->p_since = pack(p->since - ahead, DAY_MIN, AHEAD_MAX);
        if (w->tick < DAY_MIN / 2 && k->p_since > -DAY_MIN && k->p_since < 0) {
            k->p_since = 0;
        }
        k->p_next = p->next ? pack(p->next - ahead, 0, 2 * DAY_MIN) : NEVER;
        if (w->tick >= 60 && k->p_next > 0 && k->p_next < 60) {
            k->p_next = 60;
        }
    }
}

static void nothing_published(kept *k)
{
    mtasts_publishing none = {MTASTS_RECORD_WAITS, 0, 0, 0, 0};

    keep_publishing(k, &none);
}

/* A time moves back as time passes; but one as far ahead as is told apart does
 * not: the clock was set back by any time. */
static int16_t moved(int16_t m, int minutes, int most)
{
    return (int16_t)(m == NEVER || (minutes == w->tick && m >= most)
                         ? m
                         : m - minutes);
}

/* Time passes, or the clock is set ahead. */
static void shift(kept *k, int minutes)
{
    mtasts_progress progress;
    mtasts_publishing p;
    int16_t since = k->p_since;

    if (k->lost) {
        return;
    }
    k->since = moved(k->since, minutes, 1);
    k->green = moved(k->green, minutes, 1);
    k->looked = moved(k->looked, minutes, w->gap + 1);
    k->p_served = moved(k->p_served, minutes, 1);
    k->p_since = moved(since, minutes, AHEAD_MAX);
    k->p_next = moved(k->p_next, minutes,
                      since == NEVER || since < AHEAD_MAX ? LONG : 0);
    progress = progress_of(k);
    keep_progress(k, &progress);
    p = publishing_of(k);
    keep_publishing(k, &p);
}

static void shift_all(state *s, int minutes)
{
    int i;

    shift(&s->k, minutes);
    for (i = 0; i < FRONTS; i++) {
        if (s->f[i].phase == LOOKED && s->f[i].fresh) {
            shift(&s->f[i].mine, minutes);
        }
    }
}

/* ---- a look, and what follows from it ---- */

typedef struct {
    int authority, resolver, fetch, gate; /* 1: it answers; it is green */
} answers;

static const answers all_well = {1, 1, 1, 1};

static mtasts_seen_record seen_as(int answers_at_all, int txt, int wanted)
{
    return !answers_at_all  ? MTASTS_SEEN_UNKNOWN
           : txt == wanted  ? MTASTS_SEEN_WANTED
           : txt == ABSENT  ? MTASTS_SEEN_ABSENT
           : txt == FOREIGN ? MTASTS_SEEN_FOREIGN
                            : MTASTS_SEEN_OTHER;
}

static mtasts_publish_seen sight(const state *s, const front *f,
                                 const answers *a)
{
    mtasts_publish_seen seen;

    memset(&seen, 0, sizeof(seen));
    seen.resolver = seen_as(a->resolver, s->cached, s->k.value);
    seen.authority = seen_as(a->authority, s->txt, s->k.value);
    seen.served = a->fetch && serves_all(s, s->k.value);
    seen.settle = M(w->settle);
    seen.has_command = w->has_command;
    seen.may_replace = w->may_replace;
    seen.watched = f->watched == 2 ? M(w->tick) : 0;
    return seen;
}

/* With clocks that are right, and looks that are remembered. */
static int counts_shown(void)
{
    return w->settle && !w->sets && !w->corrupts;
}

static void check_action(const state *s, int action,
                         const mtasts_publish_seen *seen)
{
    if (action == MTASTS_PUBLISH_RUN || action == MTASTS_PUBLISH_SAY_DUE) {
        require(serves_all(s, s->k.value), "published when all serve it");
        require(!counts_shown() || s->shown * w->tick >= w->settle,
                "published when all have served it for a while");
        require((action == MTASTS_PUBLISH_RUN) == w->has_command,
                "by command or by hand");
    }
    if (action == MTASTS_PUBLISH_SAY_THERE) {
        require(seen->authority == MTASTS_SEEN_WANTED ||
                    seen->resolver == MTASTS_SEEN_WANTED,
                "what is there was seen");
    }
}

/* How many ticks the gate must have been green. */
static int gate_ticks(unsigned step)
{
    int hold = (int)(plan.steps[step].hold / MINUTE);

    return (hold < DAY_MIN ? hold : DAY_MIN) / w->tick;
}

/* The plan's part: 1 if the next step begins. */
static int look_at_plan(const state *s, front *f,
                        const mtasts_publish_seen *seen, int is_green)
{
    mtasts_gate gate = {is_green && seen->served &&
                            seen->resolver == MTASTS_SEEN_WANTED,
                        (int64_t)w->gap * MINUTE};
    mtasts_progress progress = progress_of(&f->mine);
    unsigned step = progress.step;
    mtasts_rollout_state is = mtasts_rollout_look(&plan, &progress, &gate, NOW);

    require(progress.step == step + (is == MTASTS_PLAN_GOES), "step by step");
    f->green = gate.green ? 0 : NONE;
    if (is == MTASTS_PLAN_GOES) {
        require(gate.green, "a step ends with a green gate");
        require(s->green >= gate_ticks(step) || (w->sets && w->sets <= w->gap),
                "a step ends after its gate's time");
    }
    keep_progress(&f->mine, &progress);
    return is == MTASTS_PLAN_GOES;
}

/* What a process is about to write down and to do. */
static void look(const state *s, front *f, const answers *a)
{
    mtasts_publish_seen seen;
    mtasts_publishing p = publishing_of(&s->k);

    f->watched = f->watched ? f->watched : 1;
    seen = sight(s, f, a);
    f->phase = LOOKED;
    f->fresh = 1;
    f->mine = s->k;
    f->old = (a->authority ? s->txt : s->cached) == FOREIGN;
    f->action = MTASTS_PUBLISH_NOTHING;
    f->shown = NO_NEWS;
    if (look_at_plan(s, f, &seen, a->gate)) {
        mtasts_publish_anew(&p);
        f->mine.value = f->mine.step;
    }
    else {
        f->action = (int8_t)mtasts_publish_look(&p, &seen, NOW);
        f->shown = !counts_shown() || p.state == MTASTS_RECORD_RUNS ? NO_NEWS
                   : seen.served                                    ? 0
                                                                    : NONE;
        check_action(s, f->action, &seen);
        require(p.state != MTASTS_RECORD_DUE || seen.served,
                "due only while all serve it");
    }
    keep_publishing(&f->mine, &p);
}

/* In place of what is kept; who has read that has read in vain. */
static void write_down(state *s, const kept *k, const front *by)
{
    int same = s->k.state == k->state && s->k.p_since == k->p_since;
    int i;

    for (i = 0; i < FRONTS; i++) {
        front *f = &s->f[i];

        if (f != by && (f->phase == LOOKED || k->state != MTASTS_RECORD_RUNS)) {
            f->fresh = 0;
        }
        f->watched = (int8_t)(same ? f->watched : 0);
    }
    if (k->step != s->k.step || k->lost != s->k.lost) {
        s->green = NONE;
    }
    if (k->value != s->k.value) {
        s->shown = NONE;
    }
    s->k = *k;
}

static void go_idle(front *f)
{
    f->phase = IDLE;
    f->fresh = f->target = f->old = f->well = f->action = 0;
    f->green = f->shown = 0;
    memset(&f->mine, 0, sizeof(f->mine));
}

/* For how long it has been so, by what a look says. */
static void note(int8_t *ticks, int8_t look)
{
    if (look == NONE || (*ticks == NONE && look != NO_NEWS)) {
        *ticks = look;
    }
}

static void write_look(state *s, front *f)
{
    kept k = f->mine;
    int old = f->old, begins = f->fresh && f->action == MTASTS_PUBLISH_RUN;

    if (begins) {
        mtasts_publishing p = publishing_of(&k);

        mtasts_publish_begin(&p, TIMEOUT, NOW);
        keep_publishing(&k, &p);
    }
    if (f->fresh) {
        note(&s->green, f->green);
        note(&s->shown, f->shown);
        write_down(s, &k, f);
    }
    go_idle(f);
    if (begins) {
        f->phase = BEGUN;
        f->fresh = 1;
        f->target = k.value;
        f->old = (int8_t)old;
    }
}

static void end_publishing(const front *f, mtasts_publishing *p)
{
    if (f->well == BROKEN_OFF) {
        mtasts_publish_break_off(p, NOW);
    }
    else {
        mtasts_publish_end(p, f->well == WELL, NOW);
    }
}

static void write_end(state *s, front *f)
{
    kept k = s->k;
    mtasts_publishing p = publishing_of(&k);

    if (f->fresh && !k.lost && k.state == MTASTS_RECORD_RUNS) {
        if (k.value == f->target) {
            end_publishing(f, &p);
            keep_publishing(&k, &p);
        }
        else {
            nothing_published(&k);
        }
        write_down(s, &k, f);
    }
    go_idle(f);
}

/* The command's one write: what is there must be what it was told, unless that is
 * of the module's making, too. */
static int can_replace(const state *s, const front *f)
{
    return s->txt != FOREIGN || f->old;
}

static void set_txt(state *s, int value)
{
    require(s->txt != FOREIGN || w->may_replace, "nothing foreign replaced");
    s->txt = (int8_t)value;
}

static void serve(state *s, front *f, int step)
{
    check_served(s, step);
    f->served = (int8_t)step;
    s->known = s->known > step ? s->known : (int8_t)step;
}

/* What it would be about to do is of no account any more. */
static void forget(front *f)
{
    if (f->phase == LOOKED && !f->fresh) {
        f->action = f->old = f->green = f->shown = 0;
        memset(&f->mine, 0, sizeof(f->mine));
    }
    if (f->phase == ENDED) {
        f->old = 0;
        f->target = (int8_t)(f->fresh ? f->target : 0);
        f->well = (int8_t)(f->fresh ? f->well : 0);
    }
}

static void stop(front *f)
{
    go_idle(f);
    f->watched = 0;
}

/* Nothing is kept any more. */
static void lose(state *s)
{
    kept none;

    memset(&none, 0, sizeof(none));
    none.lost = 1;
    none.value = NONE;
    write_down(s, &none, NULL);
}

/* What others can tell then. */
static int told(const state *s)
{
    int i, step = s->txt < ABSENT ? s->txt : NONE;

    for (i = 0; i < FRONTS; i++) {
        step = step > s->f[i].served ? step : s->f[i].served;
    }
    return step;
}

/* A policy as it is found somewhere, and the step at which it places a domain. */
static int place(int found)
{
    mtasts_policy policy = {T, 0, NULL, 0};
    int is_step;

    if (found < 0 || found >= ABSENT) {
        return (int)mtasts_plan_place(&plan, NULL, &is_step);
    }
    policy.mode = plan.steps[found].mode;
    policy.max_age = plan.steps[found].max_age;
    return (int)mtasts_plan_place(&plan, &policy, &is_step);
}

static void resume(state *s)
{
    mtasts_progress progress = {0, NOW, 0, 0};
    int i, step = place(s->txt);
    kept k = s->k;

    for (i = 0; i < FRONTS; i++) {
        step = place(s->f[i].served) > step ? place(s->f[i].served) : step;
    }
    progress.step = (unsigned)step;
    k.lost = 0;
    k.value = (int8_t)step;
    keep_progress(&k, &progress);
    nothing_published(&k);
    write_down(s, &k, NULL);
}

/* What may be found in place of what was written, as far as it can be told apart:
 * from before, or of another's making. */
static int corrupt(state *s, int how)
{
    static const struct {
        enum mtasts_publish_state state;
        int16_t since, next, served;
        unsigned failures;
    } found[] = {{MTASTS_RECORD_WAITS, NEVER, NEVER, NEVER, 0},
                 {MTASTS_RECORD_WAITS, 0, NEVER, -60, 0},
                 {MTASTS_RECORD_FOREIGN, 0, NEVER, NEVER, 0},
                 {MTASTS_RECORD_RUNS, 0, 1, -60, 2},
                 {MTASTS_RECORD_ACCEPTED, 0, 10, -60, 0},
                 {MTASTS_RECORD_FAILED, 0, 60, NEVER, RETRIES},
                 {MTASTS_RECORD_FAILED, 0, DAY_MIN, NEVER, RETRIES},
                 {MTASTS_RECORD_DONE, 0, NEVER, -60, 0}};
    mtasts_publishing p;
    kept k = s->k;

    if (how >= (int)(sizeof(found) / sizeof(found[0])) || k.lost) {
        return 0;
    }
    p.state = found[how].state;
    p.since = unpack(found[how].since);
    p.next = unpack(found[how].next);
    p.served = unpack(found[how].served);
    p.failures = found[how].failures;
    keep_publishing(&k, &p);
    write_down(s, &k, NULL);
    return 1;
}

/* ---- what can happen ---- */

enum {
    LOOK, /* at a front end, with the answers that there can be */
    WRITE = LOOK + 2 * 12, /* from here on one for each front end */
    SPAWN = WRITE + 2,
    EFFECT = SPAWN + 2,  /* the command changes the zone */
    QUEUE = EFFECT + 2,  /* it ends well, and what it does comes later */
    GOOD = QUEUE + 2,    /* it ends well; it may have done nothing */
    BAD = GOOD + 2,      /* it fails, or takes too long; it may have done it */
    BREAK = BAD + 2,     /* it is broken off, as its process ends; the same */
    END = BREAK + 2,     /* which is written down */
    KILL = END + 2,      /* the process, and its command */
    DOWN = KILL + 2,     /* a front end */
    FOLLOW = DOWN + 2,   /* it serves the step that is kept */
    RESUME = FOLLOW + 2, /* somebody finds out where the domain is */
    CORRUPT,             /* what is kept: when nobody does anything */
    LOSE = CORRUPT + 8,
    ARRIVE, /* what was queued */
    CACHE,  /* the resolver asks anew */
    WRITE_FOREIGN,
    REMOVE_FOREIGN,
    BY_HAND, /* a person publishes what is due */
    TICK,
    AHEAD,
    BACK,
    EVENTS
};

static const char *event_name(int e)
{
    static const struct {
        int from;
        const char *name;
    } names[] = {{BACK, "the clock is set back"},
                 {AHEAD, "the clock is set ahead"},
                 {TICK, "time passes"},
                 {BY_HAND, "a person publishes"},
                 {REMOVE_FOREIGN, "the foreign record is removed"},
                 {WRITE_FOREIGN, "somebody writes a record"},
                 {CACHE, "the resolver asks anew"},
                 {ARRIVE, "what was queued is done"},
                 {LOSE, "all that is kept is lost"},
                 {CORRUPT, "what is kept of publishing changes"},
                 {RESUME, "a step is found"},
                 {FOLLOW, "a front end follows"},
                 {DOWN, "a front end goes down"},
                 {KILL, "a process is killed"},
                 {END, "the end is written down"},
                 {BREAK, "the command is broken off"},
                 {BAD, "the command fails"},
                 {GOOD, "the command ends well"},
                 {QUEUE, "the command queues its change"},
                 {EFFECT, "the command changes the zone"},
                 {SPAWN, "the command starts"},
                 {WRITE, "a look is written down"},
                 {LOOK, "a look"}};
    size_t i = 0;

    while (e < names[i].from) {
        i++;
    }
    return names[i].name;
}

static int is_alive(const front *f)
{
    return f->served != NONE;
}

static int runs_anywhere(const state *s)
{
    return s->f[0].phase == BEGUN || s->f[0].phase == RUNNING ||
           s->f[1].phase == BEGUN || s->f[1].phase == RUNNING;
}

static int do_look(state *s, int i, int how)
{
    front *f = &s->f[i];
    answers a = {how & 1, how >> 1 & 1, how / 4 > 0, how / 4 > 1};

    if (f->phase != IDLE || !is_alive(f) || s->k.lost) {
        return 0;
    }
    look(s, f, &a);
    if (!w->splits) {
        write_look(s, f);
    }
    return 1;
}

static int do_phase(state *s, front *f, int event)
{
    static const int from[] = {LOOKED,  BEGUN,   RUNNING, RUNNING,
                               RUNNING, RUNNING, RUNNING, ENDED};

    if (f->phase != from[(event - WRITE) / 2]) {
        return 0;
    }
    switch (event - (event - WRITE) % 2) {
    case WRITE:
        write_look(s, f);
        return 1;
    case SPAWN:
        f->phase = RUNNING;
        return 1;
    case EFFECT:
        if (!can_replace(s, f)) {
            return 0;
        }
        set_txt(s, f->target);
        return 1;
    case QUEUE:
        if (!w->queues) {
            return 0;
        }
        s->queued = f->target;
        f->well = WELL;
        break;
    case END:
        write_end(s, f);
        return 1;
    default:
        f->well = event < BAD ? WELL : event < BREAK ? ILL : BROKEN_OFF;
    }
    f->phase = ENDED;
    return 1;
}

static int do_front(state *s, front *f, int event)
{
    switch (event - (event - WRITE) % 2) {
    case KILL:
        if (f->phase == IDLE && !f->watched) {
            return 0;
        }
        stop(f);
        return 1;
    case DOWN:
        if (!is_alive(f)) {
            return 0;
        }
        stop(f);
        f->served = NONE;
        return 1;
    default:
        if (s->k.lost || f->served >= s->k.step) {
            return 0;
        }
        serve(s, f, s->k.step);
        return 1;
    }
}

/* More ticks than matter are not told apart. */
static int8_t ticked(int ticks, int most)
{
    return (int8_t)(ticks < 0 || ticks >= most ? ticks : ticks + 1);
}

/* The shortest time of the world passes; but no command may take that long, and
 * none is started for which there is no time left. */
static int do_tick(state *s)
{
    int most = s->k.lost ? 0 : gate_ticks((unsigned)s->k.step), i;

    for (i = 0; i < FRONTS; i++) {
        front *f = &s->f[i];

        if (f->phase == RUNNING) {
            return 0;
        }
        if (f->phase == BEGUN) {
            f->phase = ENDED;
            f->well = ILL;
        }
        f->watched = f->watched ? 2 : 0;
        if (f->phase == LOOKED && f->fresh) {
            f->green = ticked(f->green, most);
            f->shown = ticked(f->shown, 1);
        }
    }
    shift_all(s, w->tick);
    s->green = ticked(s->green, most);
    s->shown = ticked(s->shown, 1);
    return 1;
}

static int do_other(state *s, int event)
{
    switch (event) {
    case RESUME:
        if (!s->k.lost) {
            return 0;
        }
        resume(s);
        return 1;
    case LOSE: /* not while what nobody knows of is about to arrive */
        if (s->k.lost || (!w->loses_any && runs_anywhere(s)) ||
            s->queued != NONE || (!w->corrupts && !w->loses_any)) {
            return 0;
        }
        lose(s);
        return 1;
    case ARRIVE:
        if (s->queued == NONE) {
            return 0;
        }
        if (s->txt != FOREIGN || w->may_replace) {
            set_txt(s, s->queued);
        }
        s->queued = NONE;
        return 1;
    case CACHE:
        s->cached = s->txt;
        return 1;
    case WRITE_FOREIGN:
        s->txt = FOREIGN;
        return 1;
    case REMOVE_FOREIGN:
        s->txt = s->txt == FOREIGN ? ABSENT : s->txt;
        return 1;
    case BY_HAND:
        if (s->k.lost || s->k.state != MTASTS_RECORD_DUE) {
            return 0;
        }
        s->txt = s->k.value;
        return 1;
    case TICK:
        return do_tick(s);
    case AHEAD:
    case BACK:
        if (!w->sets) {
            return 0;
        }
        shift_all(s, event == AHEAD ? w->sets : -w->sets);
        return 1;
    default:
        return w->corrupts && !runs_anywhere(s) && corrupt(s, event - CORRUPT);
    }
}

/* What makes no difference is the same in all states; and so is which of the two
 * front ends is which, if they are alike. */
static void normalize(state *s)
{
    int i;

    if (s->k.lost) {
        s->known = (int8_t)told(s);
    }
    while (s->known > 0 &&
           plan.steps[s->known - 1].mode == plan.steps[s->known].mode) {
        s->known--;
    }
    for (i = 0; i < FRONTS; i++) {
        if (s->k.lost || s->k.state != MTASTS_RECORD_RUNS) {
            s->f[i].watched = 0;
        }
        forget(&s->f[i]);
    }
    if (s->green > 0 && (s->k.lost || !plan.steps[s->k.step].hold)) {
        s->green = 0;
    }
    if (memcmp(&s->f[0], &s->f[1], sizeof(front)) > 0) {
        front f = s->f[0];

        s->f[0] = s->f[1];
        s->f[1] = f;
    }
}

/* 1 if it can happen; changes *s. */
static int happen(state *s, int event)
{
    int i = (event - WRITE) % 2, done;

    if (event < WRITE) {
        done = do_look(s, event / 12, event % 12);
    }
    else if (event < KILL) {
        done = do_phase(s, &s->f[i], event);
    }
    else if (event < RESUME) {
        done = do_front(s, &s->f[i], event);
    }
    else {
        done = do_other(s, event);
    }
    if (done) {
        check_state(s);
        normalize(s);
    }
    return done;
}

/* ---- all of it ---- */

static state *states;
static uint32_t *from; /* whence */
static uint8_t *by;
typedef struct {
    uint32_t at, tag; /* index + 1; more of the hash */
} slot;
static slot *table;
static size_t nstates, room, slots;

static size_t slot_of(const state *s, uint32_t *tag)
{
    uint64_t words[(sizeof(state) + 7) / 8] = {0}, h = 0;
    size_t i;

    memcpy(words, s, sizeof(*s));
    for (i = 0; i < sizeof(words) / 8; i++) {
        h = (h ^ words[i]) * UINT64_C(0x9e3779b97f4a7c15);
        h ^= h >> 29;
    }
    *tag = (uint32_t)(h >> 32);
    i = (size_t)h & (slots - 1);
    while (table[i].at && (table[i].tag != *tag ||
                           memcmp(&states[table[i].at - 1], s, sizeof(*s)))) {
        i = (i + 1) & (slots - 1);
    }
    return i;
}

static void *grown(void *old, size_t n, size_t size)
{
    void *p = realloc(old, n * size);

    if (!p) {
        abort();
    }
    return p;
}

static void grow(void)
{
    uint32_t tag;
    size_t i;

    room = room ? 2 * room : 1 << 16;
    states = grown(states, room, sizeof(*states));
    from = grown(from, room, sizeof(*from));
    by = grown(by, room, sizeof(*by));
    slots = 4 * room;
    table = grown(table, slots, sizeof(*table));
    memset(table, 0, slots * sizeof(*table));
    for (i = 0; i < nstates; i++) {
        size_t to = slot_of(&states[i], &tag);

        table[to] = (slot){(uint32_t)i + 1, tag};
    }
}

static void visit(const state *s, size_t whence, int event)
{
    uint32_t tag;
    size_t i;

    if (nstates == room) {
        grow();
    }
    i = slot_of(s, &tag);
    if (!table[i].at) {
        states[nstates] = *s;
        from[nstates] = (uint32_t)whence;
        by[nstates] = (uint8_t)event;
        table[i] = (slot){(uint32_t)++nstates, tag};
    }
}

static void print_state(const state *s)
{
    static const char *const phases[] = {"idle", "looked", "begun", "running",
                                         "ended"};
    int i;

    printf(
        "#     txt %d, resolver %d, queued %d, known %d, green %d, shown %d; ",
        s->txt, s->cached, s->queued, s->known, s->green, s->shown);
    if (s->k.lost) {
        printf("nothing kept");
    }
    else {
        printf("step %d since %d green %d looked %d; %d %s since %d next %d "
               "served %d failures %d",
               s->k.step, s->k.since, s->k.green, s->k.looked, s->k.value,
               mtasts_publish_state_name((enum mtasts_publish_state)s->k.state),
               s->k.p_since, s->k.p_next, s->k.p_served, s->k.failures);
    }
    for (i = 0; i < FRONTS; i++) {
        printf("; serves %d, %s%s watched %d", s->f[i].served,
               phases[s->f[i].phase], s->f[i].fresh ? " fresh" : "",
               s->f[i].watched);
    }
    printf("\n");
}

static void print_way(size_t at)
{
    if (at) {
        print_way(from[at]);
    }
    printf("#   %s:\n", at ? event_name(by[at]) : "at first");
    print_state(&states[at]);
}

/* Every state that can be reached; NULL, or what is broken. */
static const char *explore(void)
{
    state last = states[0];
    size_t at;
    int event;

    for (at = 0; at < nstates; at++) {
        for (event = 0; event < EVENTS; event++) {
            state s = states[at];

            if (!happen(&s, event)) {
                continue;
            }
            if (broken) {
                printf("# broken: %s\n", broken);
                print_way(at);
                printf("#   %s:\n", event_name(event));
                print_state(&s);
                return broken;
            }
            if (memcmp(&s, &last, sizeof(s)) != 0) {
                visit(&s, at, event);
                last = s;
            }
        }
    }
    return NULL;
}

/* ---- and on from there, if all is well ---- */

static int is_goal(const state *s)
{
    int last = (int)plan.n - 1;

    return !s->k.lost && s->k.step == last && s->k.value == last &&
           s->k.state == MTASTS_RECORD_DONE && s->txt == last &&
           serves_all(s, last) && s->queued == NONE;
}

/* What a process does next, or 0. */
static int next_of(const state *s, int i)
{
    const front *f = &s->f[i];

    switch (f->phase) {
    case LOOKED:
        return WRITE + i;
    case BEGUN:
        return SPAWN + i;
    case RUNNING:
        return (s->txt == f->target ? GOOD
                : can_replace(s, f) ? EFFECT
                                    : BAD) +
               i;
    case ENDED:
        return END + i;
    default:
        return s->k.lost || f->served >= s->k.step ? 0 : FOLLOW + i;
    }
}

/* A look that changes nothing waits for time to pass. */
static int look_or_wait(const state *s)
{
    state t = *s;

    look(&t, &t.f[0], &all_well);
    write_look(&t, &t.f[0]);
    normalize(&t);
    return memcmp(&t, s, sizeof(t)) != 0 ? LOOK + 11 : TICK;
}

static int next_if_well(const state *s)
{
    int event = next_of(s, 0);

    event = event ? event : next_of(s, 1);
    if (event) {
        return event;
    }
    return s->queued != NONE                      ? ARRIVE
           : s->txt == FOREIGN && !w->may_replace ? REMOVE_FOREIGN
           : s->k.lost                            ? RESUME
           : s->cached != s->txt                  ? CACHE
           : !w->has_command && s->k.state == MTASTS_RECORD_DUE &&
                   s->txt != s->k.value
               ? BY_HAND
               : look_or_wait(s);
}

/* Where that leads to; nstates if it was never seen. */
static size_t after_next(size_t at, int *is_tick)
{
    state s = states[at];
    int event = next_if_well(&s);
    uint32_t tag, next;

    *is_tick = event == TICK;
    happen(&s, event);
    next = table[slot_of(&s, &tag)].at;
    return next ? next - 1 : nstates;
}

enum { UNKNOWN = -1, ON_THE_WAY = -2, WAITING = -3 };

/* Ticks from `at` to the end of the plan, also noted of all states on the way;
 * UNKNOWN if it goes round in a circle. */
static int ticks_from(size_t at, int16_t *ticks, uint32_t *way)
{
    size_t n = 0;
    int t, is_tick;

    while (at < nstates && ticks[at] == UNKNOWN && !is_goal(&states[at])) {
        way[n++] = (uint32_t)at;
        ticks[at] = ON_THE_WAY;
        at = after_next(at, &is_tick);
        if (is_tick) {
            ticks[way[n - 1]] = WAITING;
        }
    }
    if (at >= nstates || ticks[at] < UNKNOWN) {
        return UNKNOWN;
    }
    t = ticks[at] == UNKNOWN ? 0 : ticks[at];
    while (n) {
        t += ticks[way[--n]] == WAITING;
        ticks[way[n]] = (int16_t)t;
    }
    return t;
}

/* The most ticks from any state; or UNKNOWN, and the state. */
static int follow(size_t *lost)
{
    int16_t *ticks = grown(NULL, nstates, sizeof(*ticks));
    uint32_t *way = grown(NULL, nstates, sizeof(*way));
    int t = 0, most = 0;
    size_t i;

    for (i = 0; i < nstates; i++) {
        ticks[i] = UNKNOWN;
    }
    for (i = 0; i < nstates && t != UNKNOWN; i++) {
        t = ticks_from(i, ticks, way);
        most = t > most ? t : most;
        *lost = i;
    }
    free(ticks);
    free(way);
    return t == UNKNOWN ? t : most;
}

static void begin(const world *kind)
{
    state s;

    w = kind;
    plan.steps = kind->steps;
    plan.n = kind->n;
    nstates = 0;
    broken = NULL;
    if (slots) {
        memset(table, 0, slots * sizeof(*table));
    }
    memset(&s, 0, sizeof(s));
    s.k.lost = 1;
    s.k.value = NONE;
    s.f[0].served = s.f[1].served = NONE;
    s.txt = s.cached = ABSENT;
    s.queued = s.known = s.green = s.shown = NONE;
    visit(&s, 0, 0);
}

#define STEPS(...)                                                             \
    {__VA_ARGS__},                                                             \
        sizeof((const mtasts_step[]){__VA_ARGS__}) / sizeof(mtasts_step)

static const world worlds[] = {
    {"one look at a time", STEPS({T, D, H}, {E, D, H}, {E, 7 * D, 0}), 60, 90,
     .has_command = 1, .sets = LONG, .corrupts = 1},
    {"four steps", STEPS({T, D, H}, {T, 7 * D, H}, {E, D, H}, {E, 7 * D, 0}),
     60, 90, .has_command = 1, .may_replace = 1, .queues = 1},
    {"days", STEPS({T, D, 2 * D}, {E, D, 3 * D}, {E, 7 * D, 0}), 720, 1000,
     .has_command = 1, .sets = 2 * LONG},
    {"by hand", STEPS({T, D, H}, {E, D, H}, {E, 7 * D, 0}), 60, 90,
     .settle = 10, .sets = LONG, .corrupts = 1},
    {"clocks a little wrong", STEPS({T, D, 2 * H}, {E, D, H}, {E, 7 * D, 0}),
     60, 90, .has_command = 1, .sets = 60},
    {"minutes", STEPS({T, D, 10 * MINUTE}, {E, D, 0}), 10, 15, .settle = 10,
     .has_command = 1},
    {"looks that take time", STEPS({T, D, H}, {E, D, 0}), 60, 90,
     .has_command = 1, .splits = 1, .sets = LONG},
    {"nothing is safe", STEPS({T, D, H}, {E, D, 0}), 60, 90, .settle = 10,
     .has_command = 1, .loses_any = 1, .corrupts = 1},
    {"looks that take time, three steps",
     STEPS({T, D, H}, {E, D, H}, {E, 7 * D, 0}), 60, 90, .has_command = 1,
     .splits = 1, .sets = LONG, .slow = 1},
    {"four steps, clocks wrong",
     STEPS({T, D, H}, {T, 7 * D, H}, {E, D, H}, {E, 7 * D, 0}), 60, 90,
     .has_command = 1, .queues = 1, .sets = LONG, .corrupts = 1, .slow = 1}};

/* Every state of a world, or as far as all holds. */
static void try_world(const world *kind)
{
    size_t lost = 0;
    int most;

    begin(kind);
    if (!ok(!explore(), w->name, broken ? broken : "all that must hold")) {
        return;
    }
    most = follow(&lost);
    if (!ok(most >= 0, w->name,
            "comes to the end of the plan from everywhere")) {
        print_way(lost);
    }
    ok(most <= TICKS_MAX, w->name, "and soon");
    printf("# %s: %lu states, %d ticks to the end\n", w->name,
           (unsigned long)nstates, most);
}

/* SLOW=1 for the worlds that take a minute. */
int main(void)
{
    size_t i, all = 0;

    for (i = 0; i < sizeof(worlds) / sizeof(worlds[0]); i++) {
        if (!worlds[i].slow || getenv("SLOW")) {
            try_world(&worlds[i]);
            all += nstates;
        }
    }
    printf("# %lu states\n", (unsigned long)all);
    free(states);
    free(from);
    free(by);
    free(table);
    return done();
}
