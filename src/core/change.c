#include "change.h"

#include <string.h>

/* The findings of one scope, subject and code on both sides: they differ by
 * their text alone. */
typedef struct {
    const mtasts_standing *was;
    size_t nwas;
    mtasts_standing *is;
    size_t nis;
} group;

/* One comparison of two lists. */
typedef struct {
    int64_t now;
    mtasts_could_find_fn *could_find;
    mtasts_change_fn *each;
    void *ctx;
} run;

static int compare_place(const mtasts_standing *a, const mtasts_standing *b)
{
    int order = strcmp(a->scope, b->scope);

    if (!order) {
        order = strcmp(a->subject, b->subject);
    }
    return order ? order : (a->code > b->code) - (a->code < b->code);
}

int mtasts_standing_compare(const void *a, const void *b)
{
    const mtasts_standing *one = a, *other = b;
    int order = compare_place(one, other);

    return order ? order : strcmp(one->text, other->text);
}

/* A day between two times whichever is later: a `said` that is that far ahead
 * was written by a clock that was wrong, and must not silence an error. */
static int is_a_day_apart(int64_t a, int64_t b)
{
    uint64_t apart =
        a < b ? (uint64_t)b - (uint64_t)a : (uint64_t)a - (uint64_t)b;

    return apart >= MTASTS_REMIND_AFTER;
}

static mtasts_change_kind kind_of(const mtasts_standing *was,
                                  const mtasts_standing *is, int64_t now)
{
    if (was->severity != is->severity ||
        (is->severity != MTASTS_UNKNOWN && strcmp(was->text, is->text))) {
        return MTASTS_CHANGED;
    }
    if (!was->said ||
        (is->severity == MTASTS_ERROR && is_a_day_apart(was->said, now))) {
        return MTASTS_REMINDED;
    }
    return MTASTS_SAME;
}

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static void stands(const run *r, const mtasts_standing *was,
                   mtasts_standing *is)
{
    mtasts_change_kind kind = kind_of(was, is, r->now);

    is->since = earlier(was->since, r->now);
    is->said = kind == MTASTS_SAME ? earlier(was->said, r->now) : r->now;
    r->each(r->ctx, kind, was, is);
}

static void appeared(const run *r, mtasts_standing *is)
{
    is->since = is->said = r->now;
    r->each(r->ctx, MTASTS_APPEARED, NULL, is);
}

static void gone(const run *r, const mtasts_standing *was)
{
    r->each(r->ctx,
            r->could_find(r->ctx, was) ? MTASTS_CLEARED : MTASTS_NOT_SEEN, was,
            was);
}

static int compare_text(const group *g)
{
    return !g->nwas ? 1 : !g->nis ? -1 : strcmp(g->was->text, g->is->text);
}

static void step_was(group *g)
{
    g->was++;
    g->nwas--;
}

static void step_is(group *g)
{
    g->is++;
    g->nis--;
}

/* One step through both sides in order of their texts; as compare_text(). */
static int step(group *g)
{
    int order = compare_text(g);

    if (order <= 0) {
        step_was(g);
    }
    if (order >= 0) {
        step_is(g);
    }
    return order;
}

/* How many have no equal on the other side but can be paired: the fewer. */
static size_t count_pairs(group g)
{
    size_t gone_n = 0, new_n = 0;

    while (g.nwas || g.nis) {
        int order = step(&g);

        gone_n += order < 0;
        new_n += order > 0;
    }
    return gone_n < new_n ? gone_n : new_n;
}

/* The next of `was` without an equal, which must be there. */
static const mtasts_standing *next_unmet(group *g)
{
    const mtasts_standing *was;

    do {
        was = g->was;
    } while (step(g) >= 0);
    return was;
}

/* Equal texts belong together; of the others the first to the first, the second
 * to the second, until one side has no more: these cleared or appeared. */
static void compare_group(const run *r, group g)
{
    group unmet = g;
    size_t pairs = count_pairs(g), paired_was = 0, paired_is = 0;

    while (g.nwas || g.nis) {
        const mtasts_standing *was = g.was;
        mtasts_standing *is = g.is;
        int order = step(&g);

        if (order == 0) {
            stands(r, was, is);
        }
        else if (order > 0 && paired_is < pairs) {
            paired_is++;
            stands(r, next_unmet(&unmet), is);
        }
        else if (order > 0) {
            appeared(r, is);
        }
        else if (paired_was < pairs) {
            paired_was++; /* said where its partner stands */
        }
        else {
            gone(r, was);
        }
    }
}

/* As many from the start of the list as have the place of `first`. */
static size_t count_at(const mtasts_standing *first,
                       const mtasts_standing *list, size_t n)
{
    size_t i;

    for (i = 0; i < n && !compare_place(first, &list[i]); i++) {
    }
    return i;
}

void mtasts_changes(const mtasts_standing *was, size_t nwas,
                    mtasts_standing *is, size_t nis, int64_t now,
                    mtasts_could_find_fn *could_find, mtasts_change_fn *each,
                    void *ctx)
{
    run r = {now, could_find, each, ctx};

    while (nwas || nis) {
        const mtasts_standing *first =
            nwas && (!nis || compare_place(was, is) <= 0) ? was : is;
        group g = {was, count_at(first, was, nwas), is,
                   count_at(first, is, nis)};

        compare_group(&r, g);
        was += g.nwas;
        nwas -= g.nwas;
        is += g.nis;
        nis -= g.nis;
    }
}
