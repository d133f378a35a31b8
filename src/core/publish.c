#include "publish.h"

#include <string.h>

#define GRACE       10  /* s: to end a command whose time is over */
#define SHOWS_IN    600 /* s: from one that ended well to the zone's servers */
#define CACHED      86400 /* s: as long as only a cache can be asked */
#define RETRY_FIRST 60    /* s, doubled with each failure */
#define RETRY_MOST  3600
#define LOOK_LEAST  10 /* s */
#define LOOK_MOST   3600

static int64_t after(int64_t t, int64_t seconds)
{
    return t > INT64_MAX - seconds ? INT64_MAX : t + seconds;
}

/* From `a` to `b`, which is not before it. */
static uint64_t between(int64_t a, int64_t b)
{
    return (uint64_t)b - (uint64_t)a;
}

static void become(mtasts_publishing *p, enum mtasts_publish_state state,
                   int64_t now)
{
    p->state = state;
    p->since = now;
    p->next = 0;
}

/* As become(), unless it is so already. */
static int enter(mtasts_publishing *p, enum mtasts_publish_state state,
                 int64_t now)
{
    if (p->state == state && p->since) {
        return 0;
    }
    become(p, state, now);
    return 1;
}

static void fail(mtasts_publishing *p, int64_t now)
{
    int64_t wait = RETRY_FIRST;
    unsigned i;

    for (i = 0; i < p->failures && wait < RETRY_MOST; i++) {
        wait *= 2;
    }
    p->failures += p->failures < UINT16_MAX;
    become(p, MTASTS_RECORD_FAILED, now);
    p->next = after(now, wait < RETRY_MOST ? wait : RETRY_MOST);
}

/* Seconds until the command is known to be no more.  Not by `now`, which may be
 * another machine's, or set: only who has watched it for that long knows. */
static uint32_t lease_left(const mtasts_publishing *p,
                           const mtasts_publish_seen *seen)
{
    uint64_t lease = MTASTS_PUBLISH_TIMEOUT_MAX + GRACE;

    if (p->next > p->since && between(p->since, p->next) < lease) {
        lease = between(p->since, p->next);
    }
    return seen->watched < lease ? (uint32_t)lease - seen->watched : 0;
}

/* A clock that went back: what was to be waited for counts from now. */
static void note_clock(mtasts_publishing *p, int64_t now)
{
    if (p->since > now) {
        uint64_t wait = p->next > p->since ? between(p->since, p->next) : 0;

        p->next = after(now, wait < RETRY_MOST ? (int64_t)wait : RETRY_MOST);
        p->since = now;
    }
}

static void note_served(mtasts_publishing *p, const mtasts_publish_seen *seen,
                        int64_t now)
{
    if (!seen->served) {
        p->served = 0;
    }
    else if (!p->served || p->served > now) {
        p->served = now;
    }
}

static int is_settled(const mtasts_publishing *p,
                      const mtasts_publish_seen *seen, int64_t now)
{
    return seen->served && p->served && between(p->served, now) >= seen->settle;
}

static mtasts_publish_action
is_there(mtasts_publishing *p, const mtasts_publish_seen *seen, int64_t now)
{
    int is_news = p->since != 0;

    p->failures = 0;
    if (p->state == MTASTS_RECORD_DONE) {
        return MTASTS_PUBLISH_NOTHING;
    }
    if (seen->resolver != MTASTS_SEEN_WANTED &&
        seen->resolver != MTASTS_SEEN_UNKNOWN) {
        enter(p, MTASTS_RECORD_ACCEPTED, now);
        return MTASTS_PUBLISH_NOTHING;
    }
    become(p, MTASTS_RECORD_DONE, now);
    return is_news ? MTASTS_PUBLISH_SAY_THERE : MTASTS_PUBLISH_NOTHING;
}

/* `next` is ahead, and no further than it can have been set to. */
static int must_wait(const mtasts_publishing *p, int64_t now, uint64_t most)
{
    return now < p->next && between(now, p->next) <= most;
}

/* Has been accepted, and may still show. */
static int is_on_its_way(const mtasts_publishing *p,
                         const mtasts_publish_seen *seen, int64_t now)
{
    return p->state == MTASTS_RECORD_ACCEPTED &&
           (must_wait(p, now, SHOWS_IN) ||
            (seen->authority == MTASTS_SEEN_UNKNOWN &&
             between(p->since, now) < CACHED));
}

/* No command before its time. */
static int backs_off(const mtasts_publishing *p,
                     const mtasts_publish_seen *seen, int64_t now)
{
    return p->state == MTASTS_RECORD_FAILED && seen->has_command &&
           must_wait(p, now, RETRY_MOST);
}

static mtasts_publish_action is_missing(mtasts_publishing *p,
                                        const mtasts_publish_seen *seen,
                                        int is_foreign, int64_t now)
{
    if (is_on_its_way(p, seen, now) || backs_off(p, seen, now)) {
        return MTASTS_PUBLISH_NOTHING;
    }
    if (seen->has_command && p->state == MTASTS_RECORD_ACCEPTED) {
        fail(p, now);
        return MTASTS_PUBLISH_SAY_LATE;
    }
    if (seen->has_command && is_foreign && !seen->may_replace) {
        enter(p, MTASTS_RECORD_FOREIGN, now);
        return MTASTS_PUBLISH_NOTHING;
    }
    if (!is_settled(p, seen, now)) {
        enter(p, MTASTS_RECORD_WAITS, now);
        return MTASTS_PUBLISH_NOTHING;
    }
    if (seen->has_command) {
        return MTASTS_PUBLISH_RUN;
    }
    return enter(p, MTASTS_RECORD_DUE, now) ? MTASTS_PUBLISH_SAY_DUE
                                            : MTASTS_PUBLISH_NOTHING;
}

mtasts_publish_action mtasts_publish_look(mtasts_publishing *p,
                                          const mtasts_publish_seen *seen,
                                          int64_t now)
{
    mtasts_seen_record there = seen->authority != MTASTS_SEEN_UNKNOWN
                                   ? seen->authority
                                   : seen->resolver;

    if (p->state == MTASTS_RECORD_RUNS) {
        if (lease_left(p, seen)) {
            return MTASTS_PUBLISH_NOTHING;
        }
        fail(p, now);
    }
    note_clock(p, now);
    note_served(p, seen, now);
    switch (there) {
    case MTASTS_SEEN_WANTED:
        return is_there(p, seen, now);
    case MTASTS_SEEN_UNKNOWN:
        if (p->state == MTASTS_RECORD_DUE && !seen->served) {
            become(p, MTASTS_RECORD_WAITS, now);
        }
        return MTASTS_PUBLISH_NOTHING;
    default:
        return is_missing(p, seen, there == MTASTS_SEEN_FOREIGN, now);
    }
}

void mtasts_publish_begin(mtasts_publishing *p, uint32_t timeout, int64_t now)
{
    become(p, MTASTS_RECORD_RUNS, now);
    p->next = after(now, (int64_t)timeout + GRACE);
}

void mtasts_publish_end(mtasts_publishing *p, int well, int64_t now)
{
    if (well) {
        become(p, MTASTS_RECORD_ACCEPTED, now);
        p->next = after(now, SHOWS_IN);
    }
    else {
        fail(p, now);
    }
}

void mtasts_publish_break_off(mtasts_publishing *p, int64_t now)
{
    become(p, MTASTS_RECORD_WAITS, now);
}

void mtasts_publish_anew(mtasts_publishing *p)
{
    if (p->state == MTASTS_RECORD_RUNS) {
        p->served = 0;
        p->failures = 0;
    }
    else {
        memset(p, 0, sizeof(*p));
    }
}

/* Less and less often, the longer it takes. */
static uint32_t half(const mtasts_publishing *p, int64_t now, uint32_t least)
{
    uint64_t wait = p->since && p->since < now ? between(p->since, now) / 2 : 0;

    return wait < least ? least : wait < LOOK_MOST ? (uint32_t)wait : LOOK_MOST;
}

/* `t` is ahead. */
static uint32_t until(int64_t t, int64_t now, uint32_t most)
{
    uint64_t wait = between(now, t);

    return wait < most ? (uint32_t)wait : most;
}

/* If it has not ended by `next` it was lost, or the clocks differ. */
static uint32_t until_ended(const mtasts_publishing *p,
                            const mtasts_publish_seen *seen, int64_t now)
{
    uint32_t left = lease_left(p, seen);

    if (p->next > now) {
        return until(p->next, now, MTASTS_PUBLISH_TIMEOUT_MAX + GRACE);
    }
    return left > LOOK_LEAST ? left : LOOK_LEAST;
}

uint32_t mtasts_publish_look_in(const mtasts_publishing *p,
                                const mtasts_publish_seen *seen, int64_t now)
{
    switch (p->state) {
    case MTASTS_RECORD_WAITS:
        if (!p->since) {
            return 0; /* DNS doesn't answer, for which others look again */
        }
        if (p->served && now < after(p->served, seen->settle)) {
            return until(after(p->served, seen->settle), now, LOOK_MOST);
        }
        return half(p, now, 60);
    case MTASTS_RECORD_DUE:
        return half(p, now, 60);
    case MTASTS_RECORD_ACCEPTED:
        return half(p, now, LOOK_LEAST);
    case MTASTS_RECORD_RUNS:
        return until_ended(p, seen, now);
    case MTASTS_RECORD_FAILED:
        return p->next > now ? until(p->next, now, RETRY_MOST) : RETRY_FIRST;
    default:
        return 0;
    }
}

const char *mtasts_publish_state_name(enum mtasts_publish_state state)
{
    static const char *const names[] = {"waits",    "foreign", "due", "runs",
                                        "accepted", "failed",  "done"};

    return names[state];
}
