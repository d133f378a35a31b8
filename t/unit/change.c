/* What is said again, and what is gone: each kind of change, clocks that jump,
 * and findings that differ by their text alone. */

#include "../../src/core/change.h"
#include "tap.h"

#include <inttypes.h>
#include <stdlib.h>

#define MOST 16
#define DAY  86400

/* A finding is "SCOPE SUBJECT SEVERITY TEXT SINCE SAID"; SEVERITY is e, w, i or
 * ? for unknown; a digit behind it is the code, else it is 0.  What comes out
 * is "KIND SCOPE SUBJECT SEVERITY TEXT<WAS SINCE SAID", without <WAS if there
 * was none or the texts are equal. */
typedef struct {
    char scope[32], subject[32], severity[4], text[32];
    mtasts_standing finding;
} entry;

typedef struct {
    entry room[MOST];
    mtasts_standing list[MOST];
    size_t n;
} side;

static const struct {
    const char *name, *was, *is;
    int64_t now;
    const char *want;
} cases[] = {
    {"nothing", "", "", 1000, ""},
    {"appears", "", "a a e x 0 0", 1000, "appeared a a e0 x 1000 1000"},
    {"appears, whatever the caller left there", "", "a a e x 7 8", 1000,
     "appeared a a e0 x 1000 1000"},
    {"clears", "a a e x 10 10", "", 1000, "cleared a a e0 x 10 10"},
    {"can't be told", "not-asked a e x 10 10", "", 1000,
     "not-seen not-asked a e0 x 10 10"},
    {"found though it could not be", "not-asked a e x 10 10",
     "not-asked a e x 0 0", 1000, "same not-asked a e0 x 10 10"},
    {"stands", "a a w x 10 20", "a a w x 0 0", 1000, "same a a w0 x 10 20"},
    {"text", "a a w x 10 20", "a a w y 0 0", 1000,
     "changed a a w0 y<x 10 1000"},
    {"severity up", "a a w x 10 20", "a a e x 0 0", 1000,
     "changed a a e0 x 10 1000"},
    {"severity down", "a a e x 10 20", "a a i x 0 0", 1000,
     "changed a a i0 x 10 1000"},
    {"both", "a a w x 10 20", "a a e y 0 0", 1000,
     "changed a a e0 y<x 10 1000"},
    {"found out: wrong", "a a ? x 10 20", "a a e x 0 0", 1000,
     "changed a a e0 x 10 1000"},
    {"not known any more", "a a e x 10 20", "a a ? y 0 0", 1000,
     "changed a a ?0 y<x 10 1000"},
    {"unknown for another reason", "a a ? x 10 20", "a a ? y 0 0", 1000,
     "same a a ?0 y<x 10 20"},

    /* reminders */
    {"a day but a second", "a a e x 10 20", "a a e x 0 0", DAY + 19,
     "same a a e0 x 10 20"},
    {"a day", "a a e x 10 20", "a a e x 0 0", DAY + 20,
     "reminded a a e0 x 10 86420"},
    {"a week", "a a e x 10 20", "a a e x 0 0", 7 * DAY,
     "reminded a a e0 x 10 604800"},
    {"a warning", "a a w x 10 20", "a a w x 0 0", 7 * DAY,
     "same a a w0 x 10 20"},
    {"info", "a a i x 10 20", "a a i x 0 0", 7 * DAY, "same a a i0 x 10 20"},
    {"unknown", "a a ? x 10 20", "a a ? y 0 0", 7 * DAY,
     "same a a ?0 y<x 10 20"},
    {"changed after a day", "a a e x 10 20", "a a e y 0 0", 7 * DAY,
     "changed a a e0 y<x 10 604800"},
    {"never said, a warning", "a a w x 10 0", "a a w x 0 0", 1000,
     "reminded a a w0 x 10 1000"},
    {"never said, and other", "a a w x 10 0", "a a w y 0 0", 1000,
     "changed a a w0 y<x 10 1000"},

    /* clocks */
    {"clock back a little", "a a e x 1000 2000", "a a e x 0 0", 500,
     "same a a e0 x 500 500"},
    {"back between the two", "a a e x 1000 2000", "a a e x 0 0", 1500,
     "same a a e0 x 1000 1500"},
    {"back a day but a second", "a a e x 100000 100000", "a a e x 0 0", 13601,
     "same a a e0 x 13601 13601"},
    {"back a day", "a a e x 100000 100000", "a a e x 0 0", 13600,
     "reminded a a e0 x 13600 13600"},
    {"back from 2106", "a a e x 4294967296 4294967296", "a a e x 0 0", 1000,
     "reminded a a e0 x 1000 1000"},
    {"back from the end of time",
     "a a e x 9223372036854775807 9223372036854775807", "a a e x 0 0", -5,
     "reminded a a e0 x -5 -5"},
    {"forward to the end of time",
     "a a e x -9223372036854775807 "
     "-9223372036854775807",
     "a a e x 0 0", INT64_MAX,
     "reminded a a e0 x -9223372036854775807 9223372036854775807"},
    {"a warning from the future", "a a w x 4294967296 4294967296",
     "a a w x 0 0", 1000, "same a a w0 x 1000 1000"},
    {"changed in the past", "a a w x 4294967296 4294967296", "a a e x 0 0",
     1000, "changed a a e0 x 1000 1000"},
    {"from the future, not asked", "not-asked a e x 4294967296 4294967296", "",
     1000, "not-seen not-asked a e0 x 4294967296 4294967296"},

    /* several of one place */
    {"one clears, one stays", "a a e x 1 2|a a e y 3 4", "a a e y 0 0", 1000,
     "cleared a a e0 x 1 2|same a a e0 y 3 4"},
    {"one stays, one clears", "a a e x 1 2|a a e y 3 4", "a a e x 0 0", 1000,
     "same a a e0 x 1 2|cleared a a e0 y 3 4"},
    {"one stays, one is added before", "a a e y 3 4", "a a e x 0 0|a a e y 0 0",
     1000, "appeared a a e0 x 1000 1000|same a a e0 y 3 4"},
    {"one clears, one stays, one is added", "a a e x 1 2|a a e y 3 4",
     "a a e y 0 0|a a e z 0 0", 1000,
     "same a a e0 y 3 4|changed a a e0 z<x 1 1000"},
    {"the same, added before", "a a e y 1 2|a a e z 3 4",
     "a a e x 0 0|a a e y 0 0", 1000,
     "changed a a e0 x<z 3 1000|same a a e0 y 1 2"},
    {"two change", "a a e b 1 2|a a e d 3 4", "a a e a 0 0|a a e c 0 0", 1000,
     "changed a a e0 a<b 1 1000|changed a a e0 c<d 3 1000"},
    {"two become one", "a a e b 1 2|a a e d 3 4", "a a e c 0 0", 1000,
     "changed a a e0 c<b 1 1000|cleared a a e0 d 3 4"},
    {"one becomes two", "a a e c 1 2", "a a e b 0 0|a a e d 0 0", 1000,
     "changed a a e0 b<c 1 1000|appeared a a e0 d 1000 1000"},
    {"three become one, of which one was",
     "a a e a 1 2|a a e c 3 4|a a e e 5 6", "a a e c 0 0", 1000,
     "cleared a a e0 a 1 2|same a a e0 c 3 4|cleared a a e0 e 5 6"},
    {"severities among them", "a a e a 1 2|a a w b 3 4",
     "a a e b 0 0|a a w c 0 0", 1000,
     "changed a a e0 b 3 1000|changed a a w0 c<a 1 1000"},
    {"unknown among them", "a a ? a 1 2|a a ? b 3 4", "a a ? b 0 0|a a ? c 0 0",
     1000, "same a a ?0 b 3 4|same a a ?0 c<a 1 2"},
    {"one of two can't be told", "not-asked a e x 1 2|not-asked a e y 3 4",
     "not-asked a e y 0 0", 1000,
     "not-seen not-asked a e0 x 1 2|same not-asked a e0 y 3 4"},
    {"changed where it can't be told", "not-asked a e x 1 2",
     "not-asked a e y 0 0", 1000, "changed not-asked a e0 y<x 1 1000"},

    /* never across places */
    {"another code", "a a e1 x 1 2", "a a e2 x 0 0", 1000,
     "cleared a a e1 x 1 2|appeared a a e2 x 1000 1000"},
    {"an earlier code", "a a e2 x 1 2", "a a e1 x 0 0", 1000,
     "appeared a a e1 x 1000 1000|cleared a a e2 x 1 2"},
    {"another subject", "a a e x 1 2", "a b e x 0 0", 1000,
     "cleared a a e0 x 1 2|appeared a b e0 x 1000 1000"},
    {"another scope", "b a e x 1 2", "a a e x 0 0", 1000,
     "appeared a a e0 x 1000 1000|cleared b a e0 x 1 2"},
    {"order: scope, subject, code, text",
     "b a e x 1 2|a b e1 x 1 2|a b e0 x 1 2|a a e2 x 1 2",
     "b b e x 0 0|a b e0 a 0 0|a b e0 x 0 0|a a e1 y 0 0", 1000,
     "appeared a a e1 y 1000 1000|cleared a a e2 x 1 2|"
     "appeared a b e0 a 1000 1000|same a b e0 x 1 2|cleared a b e1 x 1 2|"
     "cleared b a e0 x 1 2|appeared b b e0 x 1000 1000"},
};

static const char marks[] = "ewi?";

static void read_entry(entry *e, const char *in)
{
    mtasts_standing *f = &e->finding;

    memset(e, 0, sizeof(*e));
    if (sscanf(in, "%31s %31s %3s %31s %" SCNd64 " %" SCNd64, e->scope,
               e->subject, e->severity, e->text, &f->since, &f->said) != 6) {
        fprintf(stderr, "not a finding: %s\n", in);
        abort();
    }
    f->scope = e->scope;
    f->subject = e->subject;
    f->text = e->text;
    f->remedy = "";
    f->severity = (mtasts_severity)(strchr(marks, *e->severity) - marks);
    f->code = (mtasts_code)atoi(e->severity + 1);
}

static void read_side(side *s, const char *in)
{
    for (s->n = 0; *in; s->n++) {
        read_entry(&s->room[s->n], in);
        s->list[s->n] = s->room[s->n].finding;
        in += strcspn(in, "|");
        in += *in == '|';
    }
    qsort(s->list, s->n, sizeof(*s->list), mtasts_standing_compare);
}

static char said[2048];

static void say(void *ctx, mtasts_change_kind kind, const mtasts_standing *was,
                const mtasts_standing *is)
{
    static const char *const kinds[] = {"appeared", "changed",  "reminded",
                                        "same",     "not-seen", "cleared"};
    int other = was && strcmp(was->text, is->text);
    size_t at = strlen(said);

    (void)ctx;
    snprintf(said + at, sizeof(said) - at,
             "%s%s %s %s %c%d %s%s%s %" PRId64 " %" PRId64, at ? "|" : "",
             kinds[kind], is->scope, is->subject, marks[is->severity],
             (int)is->code, is->text, other ? "<" : "", other ? was->text : "",
             is->since, is->said);
}

static int could_find(void *ctx, const mtasts_standing *old)
{
    (void)ctx;
    return strcmp(old->scope, "not-asked") != 0;
}

/* What each() gets: the caller's own entries, whose `of` it can use. */
static int passed_on;

static void look(void *ctx, mtasts_change_kind kind, const mtasts_standing *was,
                 const mtasts_standing *is)
{
    const mtasts_standing *lists = ctx;

    passed_on += kind == MTASTS_APPEARED  ? !was && is == &lists[2]
                 : kind == MTASTS_CLEARED ? was == &lists[0] && is == was
                                          : was == &lists[1] && is == &lists[3];
}

static void pointers(void)
{
    mtasts_standing lists[] = {
        {.scope = "a", .subject = "a", .text = "x", .remedy = ""},
        {.scope = "c", .subject = "a", .text = "x", .remedy = "old"},
        {.scope = "b", .subject = "a", .text = "x", .remedy = ""},
        {.scope = "c", .subject = "a", .text = "x", .remedy = "new"}};

    lists[1].said = 5;
    mtasts_changes(lists, 2, lists + 2, 2, 1000, could_find, look, lists);
    ok(passed_on == 3, "pointers", "are the caller's");
    ok(lists[3].said == 5, "remedy", "alone is no change");
}

int main(void)
{
    size_t i;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        static side was, is;

        read_side(&was, cases[i].was);
        read_side(&is, cases[i].is);
        *said = '\0';
        mtasts_changes(was.list, was.n, is.list, is.n, cases[i].now, could_find,
                       say, NULL);
        is_str(said, cases[i].want, "change", cases[i].name);
    }
    pointers();
    return done();
}
