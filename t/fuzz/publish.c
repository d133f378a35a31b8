/* What is kept may be anything, and so may what is seen. */

#include "fuzz.h"

#include "../../src/core/publish.h"

#define LEASE_MAX (MTASTS_PUBLISH_TIMEOUT_MAX + 10)

static int64_t take(const uint8_t **data, size_t *size, size_t bytes)
{
    uint64_t n = 0;

    while (bytes-- && *size) {
        n = n << 8 | *(*data)++;
        (*size)--;
    }
    return (int64_t)n;
}

static int same(const mtasts_publishing *a, const mtasts_publishing *b)
{
    return a->state == b->state && a->since == b->since && a->next == b->next &&
           a->served == b->served && a->failures == b->failures;
}

static mtasts_seen_record there(const mtasts_publish_seen *seen)
{
    return seen->authority ? seen->authority : seen->resolver;
}

static void check_run(const mtasts_publishing *was,
                      const mtasts_publish_seen *seen)
{
    MUST(was->state != MTASTS_RECORD_RUNS && seen->has_command);
    MUST(seen->served);
    MUST(there(seen) == MTASTS_SEEN_ABSENT ||
         there(seen) == MTASTS_SEEN_OTHER ||
         (there(seen) == MTASTS_SEEN_FOREIGN && seen->may_replace));
}

static mtasts_publish_action look(mtasts_publishing *p,
                                  const mtasts_publish_seen *seen, int64_t now)
{
    mtasts_publishing was = *p;
    mtasts_publish_action action = mtasts_publish_look(p, seen, now);

    if (was.state == MTASTS_RECORD_RUNS) {
        MUST(seen->watched || same(p, &was));
        MUST(seen->watched < LEASE_MAX || p->state != MTASTS_RECORD_RUNS);
    }
    MUST(p->state == MTASTS_RECORD_RUNS || p->since <= now);
    MUST(mtasts_publish_look_in(p, seen, now) <= 3600);
    MUST(*mtasts_publish_state_name(p->state));
    MUST((p->state == MTASTS_RECORD_FOREIGN) <=
         (was.state == MTASTS_RECORD_FOREIGN || !seen->may_replace));
    switch (action) {
    case MTASTS_PUBLISH_RUN:
        check_run(&was, seen);
        break;
    case MTASTS_PUBLISH_SAY_DUE:
        MUST(!seen->has_command && seen->served);
        MUST(p->state == MTASTS_RECORD_DUE);
        break;
    case MTASTS_PUBLISH_SAY_THERE:
        MUST(there(seen) == MTASTS_SEEN_WANTED);
        MUST(p->state == MTASTS_RECORD_DONE &&
             was.state != MTASTS_RECORD_DONE && !p->failures);
        break;
    case MTASTS_PUBLISH_SAY_LATE:
        MUST(was.state == MTASTS_RECORD_ACCEPTED &&
             p->state == MTASTS_RECORD_FAILED && seen->has_command);
        break;
    default:
        break;
    }
    return action;
}

/* From anywhere, if all is well. */
static void must_end(mtasts_publishing p, int64_t now)
{
    mtasts_publish_seen seen = {
        MTASTS_SEEN_OTHER, MTASTS_SEEN_OTHER, 1, 600, 1, 0, LEASE_MAX};
    int n = 0;

    while (look(&p, &seen, now) != MTASTS_PUBLISH_RUN) {
        MUST(n++ < 4);
        now += 3600;
    }
    mtasts_publish_begin(&p, 60, now);
    MUST(p.state == MTASTS_RECORD_RUNS);
    mtasts_publish_end(&p, 1, now);
    seen.watched = 0;
    MUST(look(&p, &seen, now) == MTASTS_PUBLISH_NOTHING);
    seen.authority = seen.resolver = MTASTS_SEEN_WANTED;
    MUST(look(&p, &seen, now + 1) == MTASTS_PUBLISH_SAY_THERE);
    MUST(look(&p, &seen, now + 2) == MTASTS_PUBLISH_NOTHING);
}

static void take_seen(mtasts_publish_seen *seen, const uint8_t **data,
                      size_t *size)
{
    unsigned what = (unsigned)take(data, size, 2);

    seen->resolver = (mtasts_seen_record)(what % 5);
    seen->authority = (mtasts_seen_record)(what / 5 % 5);
    seen->served = what >> 8 & 1;
    seen->has_command = what >> 9 & 1;
    seen->may_replace = what >> 10 & 1;
    seen->settle = what >> 11 & 1 ? 600 : 0;
    seen->watched = what >> 12 & 1 ? (uint32_t)take(data, size, 4) : 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int64_t now = take(&data, &size, 8) / 4 + 1;
    mtasts_publishing p;
    int n = 100;

    p.state = (enum mtasts_publish_state)(take(&data, &size, 1) & 7);
    if (p.state > MTASTS_RECORD_DONE) {
        p.state = MTASTS_RECORD_WAITS;
    }
    p.since = take(&data, &size, 8);
    p.next = take(&data, &size, 8);
    p.served = take(&data, &size, 8);
    p.failures = (unsigned)take(&data, &size, 4);
    while (size && n--) {
        mtasts_publish_seen seen;
        int how = (int)take(&data, &size, 1);

        take_seen(&seen, &data, &size);
        now += how & 1   ? take(&data, &size, 2)
               : how & 2 ? -take(&data, &size, 3)
                         : take(&data, &size, 4);
        if (look(&p, &seen, now) == MTASTS_PUBLISH_RUN && how & 4) {
            mtasts_publish_begin(&p, (uint32_t)take(&data, &size, 1), now);
        }
        if (p.state == MTASTS_RECORD_RUNS && how & 64) {
            mtasts_publish_break_off(&p, now);
        }
        if (p.state == MTASTS_RECORD_RUNS && how & 8) {
            mtasts_publish_end(&p, how & 16, now);
        }
        if (how & 32) {
            mtasts_publish_anew(&p);
        }
    }
    must_end(p, now < 1 ? 1 : now); /* 0 is no time */
    return 0;
}
