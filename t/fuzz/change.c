/* Any two lists of findings.  The input: the clock (8 octets), then 5 octets
 * for each finding: the side and place, severity, text, since, said. */

#include "fuzz.h"

#include "../../src/core/change.h"

#define MOST 64

static const char *const names[] = {"", "a", "b", "ba"};

typedef struct {
    mtasts_standing list[2 * MOST];
    char seen[2 * MOST];
    size_t n;
} side;

typedef struct {
    side was, is;
    int64_t now;
    const mtasts_standing *last;
    size_t calls, moved; /* each(), and of these other than SAME */
} run;

static int place(const mtasts_standing *a, const mtasts_standing *b)
{
    return !strcmp(a->scope, b->scope) && !strcmp(a->subject, b->subject) &&
           a->code == b->code;
}

static void mark(side *s, const mtasts_standing *f)
{
    size_t i = (size_t)(f - s->list);

    MUST(f >= s->list && i < s->n && !s->seen[i]);
    s->seen[i] = 1;
}

static int could_find(void *ctx, const mtasts_standing *old)
{
    run *r = ctx;

    MUST(old >= r->was.list && old < r->was.list + r->was.n);
    return *old->scope != 'b';
}

static void check_times(const run *r, mtasts_change_kind kind,
                        const mtasts_standing *was, const mtasts_standing *is)
{
    MUST(is->since <= r->now && is->said <= r->now);
    if (kind != MTASTS_SAME) {
        MUST(is->said == r->now);
        return;
    }
    MUST(is->since == was->since || is->since == r->now);
    MUST(is->said == was->said || is->said == r->now);
    if (is->severity == MTASTS_ERROR) {
        MUST(was->said / 2 - r->now / 2 <= MTASTS_REMIND_AFTER);
        MUST(r->now / 2 - was->said / 2 <= MTASTS_REMIND_AFTER);
    }
}

static void look(void *ctx, mtasts_change_kind kind, const mtasts_standing *was,
                 const mtasts_standing *is)
{
    run *r = ctx;

    MUST(!r->last || mtasts_standing_compare(r->last, is) < 0);
    r->last = is;
    r->calls++;
    r->moved += kind != MTASTS_SAME;
    if (was) {
        mark(&r->was, was);
    }
    if (kind == MTASTS_CLEARED || kind == MTASTS_NOT_SEEN) {
        MUST(was == is && (*is->scope == 'b') == (kind == MTASTS_NOT_SEEN));
        return;
    }
    mark(&r->is, is);
    MUST(!was == (kind == MTASTS_APPEARED));
    MUST(!was || place(was, is));
    if (kind == MTASTS_SAME || kind == MTASTS_REMINDED) {
        MUST(was->severity == is->severity);
        MUST(!strcmp(was->text, is->text) || is->severity == MTASTS_UNKNOWN);
    }
    check_times(r, kind, was, is);
}

static void sort(side *s)
{
    size_t i, n = 0;

    qsort(s->list, s->n, sizeof(*s->list), mtasts_standing_compare);
    for (i = 0; i < s->n; i++) {
        if (!n || mtasts_standing_compare(&s->list[n - 1], &s->list[i])) {
            s->list[n++] = s->list[i];
        }
    }
    s->n = n;
    memset(s->seen, 0, sizeof(s->seen));
}

static void compare(run *r)
{
    size_t i;

    r->last = NULL;
    r->calls = r->moved = 0;
    mtasts_changes(r->was.list, r->was.n, r->is.list, r->is.n, r->now,
                   could_find, look, r);
    for (i = 0; i < r->was.n; i++) {
        MUST(r->was.seen[i]);
    }
    for (i = 0; i < r->is.n; i++) {
        MUST(r->is.seen[i]);
    }
}

/* As few as can be: what has a counterpart is not said to have gone or come. */
static size_t expected_calls(const run *r)
{
    size_t i, j, calls = 0;

    for (i = 0; i < r->was.n; i++) {
        size_t was = 0, is = 0;

        if (i && place(&r->was.list[i - 1], &r->was.list[i])) {
            continue;
        }
        for (j = 0; j < r->was.n; j++) {
            was += (size_t)place(&r->was.list[i], &r->was.list[j]);
        }
        for (j = 0; j < r->is.n; j++) {
            is += (size_t)place(&r->was.list[i], &r->is.list[j]);
        }
        calls += was > is ? was - is : 0;
    }
    return calls + r->is.n;
}

static int64_t time_of(int64_t now, uint8_t octet)
{
    /* never, about the clock, half a day and more around it, or anything */
    switch (octet >> 6) {
    case 0:
        return 0;
    case 1:
        return now / 2 + octet;
    case 2:
        return (int64_t)((uint64_t)now + octet - 160);
    default:
        return (int64_t)((uint64_t)now + ((uint64_t)octet - 224) * 4096);
    }
}

static void read_finding(run *r, const uint8_t *in)
{
    side *s = in[0] & 1 ? &r->was : &r->is;
    mtasts_standing *f = &s->list[s->n++];

    memset(f, 0, sizeof(*f));
    f->scope = names[in[0] >> 1 & 3];
    f->subject = names[in[0] >> 3 & 3];
    f->code = (mtasts_code)(in[0] >> 5 & 1);
    f->severity = (mtasts_severity)(in[1] % 4);
    f->text = names[in[2] & 3];
    f->remedy = "";
    f->since = time_of(r->now, in[3]);
    f->said = time_of(r->now, in[4]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static run r;
    size_t at = sizeof(r.now), n = 0;

    memset(&r, 0, sizeof(r));
    if (size < at) {
        return 0;
    }
    memcpy(&r.now, data, at);
    for (; size - at >= 5 && n < MOST; at += 5, n++) {
        read_finding(&r, data + at);
    }
    sort(&r.was);
    sort(&r.is);
    compare(&r);
    MUST(r.calls == expected_calls(&r));

    /* The same again: nothing more to say. */
    r.was = r.is;
    sort(&r.was);
    sort(&r.is);
    compare(&r);
    MUST(r.calls == r.is.n && (r.moved == 0 || !r.now));
    return 0;
}
