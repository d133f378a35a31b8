/* What senders may hold: how long, what is safe from when on, and every finding
 * about it with its boundaries. */

#include "../../src/core/history.h"
#include "tap.h"

#define NOW         ((int64_t)1767268800) /* 2026-01-01 12:00 UTC */
#define DAY         86400
#define WEEK        604800
#define MOST        4

#define E           MTASTS_MODE_ENFORCE
#define T           MTASTS_MODE_TESTING
#define N           MTASTS_MODE_NONE

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

/* ---- times ---- */

static void hold_times(void)
{
    static const struct {
        mtasts_mode mode;
        uint32_t max_age;
        int64_t want;
    } cases[] = {{E, 0, WEEK},          {E, 300, WEEK},
                 {E, WEEK - 1, WEEK},   {E, WEEK, WEEK},
                 {E, WEEK + 1, 604801}, {E, 31557600, 31557600},
                 {T, 0, DAY},           {T, DAY - 1, DAY},
                 {T, DAY, DAY},         {T, DAY + 1, 86401},
                 {N, 0, DAY},           {N, DAY, DAY},
                 {N, DAY + 1, 86401},   {E, UINT32_MAX, (int64_t)UINT32_MAX}};
    char what[32];
    size_t i;

    for (i = 0; i < COUNT(cases); i++) {
        mtasts_policy p = {cases[i].mode, cases[i].max_age, NULL, 0};

        snprintf(what, sizeof(what), "%lu", (unsigned long)p.max_age);
        ok(mtasts_hold_time(&p) == cases[i].want, mtasts_mode_name(p.mode),
           what);
    }
}

static void horizons(void)
{
    static const struct {
        const char *what;
        int64_t last, now, want;
    } cases[] = {
        {"an hour ago", NOW - 3600, NOW, NOW - 3600 + WEEK},
        {"now", NOW, NOW, NOW + WEEK},
        {"until later", NOW + 60, NOW, NOW + WEEK},
        {"never", INT64_MIN, NOW, INT64_MIN + WEEK},
        {"at the end of time", INT64_MAX, NOW, NOW + WEEK},
        {"clock at its end", INT64_MAX, INT64_MAX, INT64_MAX},
        {"clock just before", INT64_MAX, INT64_MAX - WEEK, INT64_MAX},
        {"clock before that", INT64_MAX, INT64_MAX - WEEK - 1, INT64_MAX - 1},
        {"clock at its beginning", 0, INT64_MIN, INT64_MIN + WEEK},
    };
    size_t i;

    for (i = 0; i < COUNT(cases); i++) {
        mtasts_past past = {"a", "a", {E, WEEK, NULL, 0}, 0, cases[i].last};
        mtasts_history h = {&past, 1, NULL, 0};

        ok(mtasts_horizon(&h, &past, cases[i].now) == cases[i].want, "horizon",
           cases[i].what);
    }
}

/* Of the policy "p", for which senders take a week: how long they may hold it
 * for what was seen in DNS.  All times are in days from NOW. */
static void names(void)
{
    static const struct {
        const char *what;
        int first, last; /* served */
        struct {
            const char *id;
            int since, until; /* 0 is NOW: seen even now */
            int cached;       /* days; 0 as a day */
        } txt[MOST + 1];      /* the last one first */
        int want;
    } cases[] = {
        {"nobody has looked", -9, -3, {{0}}, 4},
        {"its id is still there", -9, -3, {{"p", -9, 0, 1}}, 8},
        {"was, until another one was seen",
         -9,
         -3,
         {{"q", -2, 0, 1}, {"p", -9, -3, 1}},
         6},
        {"was, until none was seen",
         -9,
         -3,
         {{"", -2, 0, 1}, {"p", -9, -3, 1}},
         6},
        {"none is no name", -9, -3, {{"", -30, 0, 1}}, 4},
        {"was, before it was served last",
         -9,
         -1,
         {{"q", -5, 0, 1}, {"p", -9, -6, 1}},
         8},
        {"it was served last when another one was seen",
         -9,
         -2,
         {{"q", -2, 0, 1}, {"p", -9, -3, 1}},
         8},
        {"its id never came", -9, -3, {{"q", -2, 0, 1}, {"o", -30, -3, 1}}, 6},
        {"nor any that was there then",
         -9,
         -3,
         {{"q", -2, 0, 1}, {"", -20, -3, 1}},
         4},
        {"an earlier one came again",
         -9,
         -3,
         {{"o", -1, 0, 1}, {"p", -8, -2, 1}, {"o", -30, -9, 1}},
         8},
        {"that caches may still have had",
         -9,
         -3,
         {{"o", -1, 0, 1}, {"p", -10, -2, 1}, {"o", -30, -11, 1}},
         8},
        {"that they had no more",
         -9,
         -3,
         {{"o", -1, 0, 1}, {"p", -11, -2, 1}, {"o", -30, -12, 1}},
         7},
        {"a later one came and went, and came again",
         -9,
         -3,
         {{"q", 0, 0, 1}, {"p", -1, 0, 1}, {"q", -2, -1, 1}, {"p", -9, -3, 1}},
         8},
        {"a later one came again, after it",
         -9,
         -5,
         {{"q", -1, 0, 1},
          {"r", -2, -1, 1},
          {"q", -4, -2, 1},
          {"p", -9, -4, 1}},
         4},
        {"the first may have been there before it was seen",
         -9,
         -3,
         {{"q", -1, 0, 1}},
         8},
        {"as long as it was there",
         -9,
         -3,
         {{"r", -1, 0, 1}, {"q", -2, -2, 1}},
         7},
        {"nor when it was served last", -9, -1, {{"", -1, 0, 1}}, 7},
        {"or while it was served", -9, 0, {{"q", 0, 0, 1}}, 8},
        {"nobody looks any more, for a month",
         -60,
         -50,
         {{"p", -60, -31, 1}},
         8},
        {"and a day", -60, -50, {{"p", -60, -32, 1}}, 7},
        {"the clock was ahead", -9, -3, {{"q", 5, 5, 1}, {"p", -9, -3, 1}}, 8},
        {"caches keep it for days",
         -9,
         -3,
         {{"q", -2, 0, 1}, {"p", -9, -3, 3}},
         8},
        {"a week at most", -9, -3, {{"q", -2, 0, 1}, {"p", -9, -3, 70}}, 12},
        {"longer than a later one",
         -9,
         -3,
         {{"p", -1, -1, 1}, {"q", -2, -2, 1}, {"p", -9, -3, 5}},
         10},
        {"while it was served they had another one, still",
         -9,
         -3,
         {{"q", -1, 0, 1}, {"r", -12, -2, 1}, {"q", -30, -13, 4}},
         8},
        {"and so may the first", -9, -3, {{"q", -1, 0, 2}}, 9},
    };
    size_t i, n;

    for (i = 0; i < COUNT(cases); i++) {
        mtasts_past past = {"p", "d", {E, WEEK, NULL, 0}, 0, 0};
        mtasts_txt_seen txt[MOST + 1];
        mtasts_history h = {&past, 1, txt, 0};

        past.first_served = NOW + cases[i].first * DAY;
        past.last_served = NOW + cases[i].last * DAY;
        for (n = 0; cases[i].txt[n].id; n++, h.ntxt++) {
            txt[n].id = cases[i].txt[n].id;
            txt[n].since = NOW + cases[i].txt[n].since * DAY;
            txt[n].until = NOW + cases[i].txt[n].until * DAY;
            txt[n].cached = cases[i].txt[n].cached * DAY;
        }
        if (!ok(mtasts_horizon(&h, &past, NOW) == NOW + cases[i].want * DAY,
                "names", cases[i].what)) {
            printf("#   got %ld\n",
                   (long)((mtasts_horizon(&h, &past, NOW) - NOW) / DAY));
        }
    }
}

static void ttls(void)
{
    ok(mtasts_txt_cached(0) == DAY && mtasts_txt_cached(DAY) == DAY, "ttl",
       "a day at least");
    ok(mtasts_txt_cached(DAY + 1) == DAY + 1, "ttl", "as long as it says");
    ok(mtasts_txt_cached(WEEK + 1) == WEEK &&
           mtasts_txt_cached(UINT32_MAX) == WEEK,
       "ttl", "a week at most");
}

/* Nothing overflows, whatever a damaged ledger has. */
static void odd_times(void)
{
    static const int64_t times[] = {INT64_MIN, -1, 0, NOW, INT64_MAX};
    size_t i, n = COUNT(times), all = n * n * n * n;

    for (i = 0; i < all; i++) {
        mtasts_past past = {
            "p", "d", {E, WEEK, NULL, 0}, times[i % n], times[i / n % n]};
        mtasts_txt_seen txt = {"p", times[i / n / n % n], times[i / n / n / n],
                               times[(i + i / n) % n]};
        mtasts_history h = {&past, 1, &txt, 1}, none = {&past, 1, NULL, 0};

        if (mtasts_horizon(&h, &past, NOW) <
            mtasts_horizon(&none, &past, NOW)) {
            break;
        }
    }
    ok(i == all, "names", "never make it less");
}

/* ---- a history ---- */

/* One past policy; the list ends where the id is NULL. */
typedef struct {
    const char *id;
    mtasts_mode mode;
    uint32_t max_age;
    const char *mx[MOST];
    int64_t ago;        /* when it was served last, before NOW */
    const char *digest; /* NULL: as the id */
} served;

/* What is in DNS since `ago`, the last one first; the list ends where the id is
 * NULL. */
typedef struct {
    const char *id;
    int64_t ago;
} named;

static mtasts_past pasts[MOST];
static mtasts_txt_seen txts[MOST];
static mtasts_history history;

static mtasts_policy policy_of(const served *s)
{
    mtasts_policy p = {s->mode, s->max_age, s->mx, 0};

    while (p.nmx < MOST && s->mx[p.nmx]) {
        p.nmx++;
    }
    return p;
}

static const mtasts_history *fill(const served *list)
{
    memset(&history, 0, sizeof(history));
    history.past = pasts;
    for (; history.npast < MOST && list[history.npast].id; history.npast++) {
        const served *s = &list[history.npast];
        mtasts_past *past = &pasts[history.npast];

        past->id = s->id;
        past->digest = s->digest ? s->digest : s->id;
        past->policy = policy_of(s);
        past->first_served = NOW - 100 * DAY;
        past->last_served = NOW - s->ago;
    }
    return &history;
}

static void fill_txt(const named *list)
{
    history.txt = txts;
    for (; history.ntxt < MOST && list[history.ntxt].id; history.ntxt++) {
        mtasts_txt_seen *txt = &txts[history.ntxt];

        txt->id = list[history.ntxt].id;
        txt->since = txt->until = NOW - list[history.ntxt].ago;
    }
}

/* Times as seconds from NOW on. */
static void queries(void)
{
    static const struct {
        const char *what;
        served past[MOST];
        int64_t enforced, safe, removable;
    } cases[] = {
        {"nothing", {{0}}, 0, 0, 0},
        {"none", {{"a", N, WEEK, {0}, 0, NULL}}, 0, 0, 0},
        {"testing", {{"a", T, WEEK, {"b.x"}, DAY, NULL}}, 0, 0, 6 * DAY},
        {"matched",
         {{"a", E, WEEK, {"b.x", "mail.x"}, DAY, NULL}},
         6 * DAY,
         0,
         6 * DAY},
        {"by wildcard",
         {{"a", E, WEEK, {"*.x"}, DAY, NULL}},
         6 * DAY,
         0,
         6 * DAY},
        {"in capitals",
         {{"a", E, WEEK, {"MAIL.X"}, DAY, NULL}},
         6 * DAY,
         0,
         6 * DAY},
        {"unmatched",
         {{"a", E, WEEK, {"b.x"}, DAY, NULL}},
         6 * DAY,
         6 * DAY,
         6 * DAY},
        {"without mx",
         {{"a", E, DAY, {0}, DAY, NULL}},
         6 * DAY,
         6 * DAY,
         6 * DAY},
        {"unmatched, over",
         {{"a", E, WEEK, {"b.x"}, 9 * DAY, NULL}},
         -2 * DAY,
         -2 * DAY,
         -2 * DAY},
        {"the later one, whichever is first",
         {{"a", E, 2 * WEEK, {"b.x"}, WEEK, NULL},
          {"b", E, WEEK, {"c.x"}, DAY, NULL}},
         WEEK,
         WEEK,
         WEEK},
        {"the later one, if last",
         {{"b", E, WEEK, {"c.x"}, DAY, NULL},
          {"a", E, 2 * WEEK, {"b.x"}, WEEK, NULL}},
         WEEK,
         WEEK,
         WEEK},
        {"the later one matches",
         {{"a", E, 2 * WEEK, {"mail.x"}, DAY, NULL},
          {"b", E, WEEK, {"b.x"}, 2 * DAY, NULL}},
         13 * DAY,
         5 * DAY,
         13 * DAY},
        {"testing later than enforce",
         {{"a", T, 4 * WEEK, {"b.x"}, 0, NULL},
          {"b", E, WEEK, {"b.x"}, 2 * DAY, NULL}},
         5 * DAY,
         5 * DAY,
         4 * WEEK},
        {"served until later",
         {{"a", E, WEEK, {"b.x"}, -60, NULL}},
         WEEK,
         WEEK,
         WEEK},
    };
    size_t i;

    for (i = 0; i < COUNT(cases); i++) {
        const mtasts_history *h = fill(cases[i].past);

        ok(mtasts_enforced_until(h, NOW) - NOW == cases[i].enforced, "enforced",
           cases[i].what);
        ok(mtasts_mx_safe_from(h, "mail.x", NOW) - NOW == cases[i].safe, "safe",
           cases[i].what);
        ok(mtasts_removable_from(h, NOW) - NOW == cases[i].removable,
           "removable", cases[i].what);
    }
    fill(cases[4].past);
    ok(mtasts_mx_safe_from(&history, "", NOW) > NOW, "safe",
       "no pattern matches the root");
    ok(mtasts_mx_safe_from(&history, "a\\.b.x", NOW) == NOW, "safe",
       "a dot within a label");
    ok(mtasts_mx_safe_from(&history, "a.b.x", NOW) > NOW, "safe",
       "two labels are not matched");
}

/* ---- findings ---- */

typedef struct {
    char codes[1024];
    char text[8192];
    char subject[MTASTS_SUBJECT_MAX];
    size_t n;
    int bad;
} result;

static void collect(void *ctx, const mtasts_finding *f)
{
    result *r = ctx;

    r->bad |= strchr(f->text, '{') || strchr(f->remedy, '{');
    if (r->n++ < 16) {
        snprintf(r->codes + strlen(r->codes),
                 sizeof(r->codes) - strlen(r->codes), "%s%s%s%s",
                 *r->codes ? ", " : "", mtasts_severity_name(f->severity),
                 f->blocks ? "! " : " ", mtasts_code_name(f->code));
        snprintf(r->text + strlen(r->text), sizeof(r->text) - strlen(r->text),
                 "%s => %s\n", f->text, f->remedy);
    }
    snprintf(r->subject, sizeof(r->subject), "%s", f->subject);
}

static void compare(const result *r, const char *want,
                    const char *const text[MOST], const char *what)
{
    size_t i;

    is_str(r->codes, want, what, *want ? want : "nothing");
    ok(!r->bad, what, "all values are there");
    for (i = 0; i < MOST && text[i]; i++) {
        if (!ok(strstr(r->text, text[i]) != NULL, what, text[i])) {
            printf("#   %s\n", r->text);
        }
    }
}

/* The policy as configured; its id is "new" unless it is given. */
static mtasts_changing change(const served *configured, mtasts_policy *policy)
{
    const char *id = configured->id ? configured->id : "new";
    mtasts_changing c = {
        "example.com", policy, id, configured->digest ? configured->digest : id,
        &history,      NOW};

    *policy = policy_of(configured);
    return c;
}

#define RPT "the TXT record at _smtp._tls, unless you want reports on DANE.\n"

static const struct {
    const char *what;
    served configured, past[MOST];
    const char *want, *text[MOST];
} changes[] = {
    {"first of all", {"new", E, WEEK, {"a.x"}, 0, NULL}, {{0}}, "", {0}},
    /* mode-lowered */
    {"enforce again",
     {"new", E, WEEK, {"a.x"}, 0, NULL},
     {{"old", E, WEEK, {"b.x"}, DAY, NULL}},
     "",
     {0}},
    {"testing after enforce",
     {"new", T, WEEK, {"a.x"}, 0, NULL},
     {{"new", T, WEEK, {"a.x"}, 0, NULL}, {"old", E, WEEK, {"a.x"}, DAY, NULL}},
     "info mode-lowered",
     {"the mode is testing now", "the policy old in mode enforce",
      "until 2026-01-07 12:00 UTC"}},
    {"held for a second more",
     {"new", T, WEEK, {"a.x"}, 0, NULL},
     {{"old", E, WEEK, {"a.x"}, WEEK - 1, NULL}},
     "info mode-lowered",
     {"until 2026-01-01 12:01 UTC"}},
    {"held no more",
     {"new", T, WEEK, {"a.x"}, 0, NULL},
     {{"old", E, WEEK, {"a.x"}, WEEK, NULL}},
     "",
     {0}},
    {"testing after testing",
     {"new", T, WEEK, {"a.x"}, 0, NULL},
     {{"old", T, WEEK, {"b.x"}, DAY, NULL}},
     "",
     {0}},
    {"the longest counts",
     {"new", T, WEEK, {"a.x"}, 0, NULL},
     {{"one", E, WEEK, {"a.x"}, DAY, NULL},
      {"two", E, 2 * WEEK, {"a.x"}, 2 * DAY, NULL}},
     "info mode-lowered",
     {"policy two", "2026-01-13 12:00 UTC"}},
    {"still served, elsewhere",
     {"new", T, WEEK, {"a.x"}, 0, NULL},
     {{"old", E, 300, {"a.x"}, -60, NULL}},
     "info mode-lowered",
     {"until 7 days after it was served last and"}},
    {"still served, for part of a day",
     {"new", T, WEEK, {"a.x"}, 0, NULL},
     {{"old", E, WEEK + 1, {"a.x"}, 0, NULL}},
     "info mode-lowered",
     {"until 8 days after"}},
    /* id-reused */
    {"the same policy again",
     {"1", E, WEEK, {"a.x"}, 0, "d1"},
     {{"2", E, WEEK, {"a.x"}, 60, "d2"}, {"1", E, WEEK, {"a.x"}, DAY, "d1"}},
     "",
     {0}},
    {"its id for another",
     {"1", E, WEEK, {"a.x"}, 0, "d2"},
     {{"1", E, WEEK, {"a.x"}, DAY, "d1"}},
     "error! id-reused",
     {"MTASTSPolicyID 1 was", "last served 2025-12-31 12:00 UTC:"}},
    {"long ago",
     {"1", E, WEEK, {"a.x"}, 0, "d2"},
     {{"1", N, DAY, {"a.x"}, 90 * DAY, "d1"}},
     "error! id-reused",
     {0}},
    {"the last of several",
     {"1", E, WEEK, {"a.x"}, 0, "d2"},
     {{"1", E, WEEK, {"a.x"}, 2 * DAY, "d1"},
      {"1", E, WEEK, {"b.x"}, DAY, "d3"},
      {"1", E, WEEK, {"b.x"}, 0, "d2"}},
     "error! id-reused",
     {"last served 2025-12-31 12:00 UTC:"}},
    {"still served",
     {"1", E, WEEK, {"a.x"}, 0, "d2"},
     {{"1", E, WEEK, {"a.x"}, 0, "d1"}},
     "error! id-reused",
     {"which is served even now:"}},
    {"case counts",
     {"a", E, WEEK, {"a.x"}, 0, "d2"},
     {{"A", E, WEEK, {"a.x"}, 0, "d1"}},
     "",
     {0}},
    /* removable-from */
    {"none, and nothing known",
     {"new", N, DAY, {0}, 0, NULL},
     {{"new", N, DAY, {0}, 0, NULL}},
     "info removable-from",
     {"is known to have been served before", "If none was, here or elsewhere",
      "_mta-sts.example.com", RPT}},
    {"none after testing",
     {"new", N, DAY, {0}, 0, NULL},
     {{"new", N, DAY, {0}, 0, NULL}, {"old", T, WEEK, {"a.x"}, DAY, NULL}},
     "info removable-from",
     {"senders may hold the policy old in mode testing until 2026-01-07 12:00 "
      "UTC => Not before that these can go",
      "records of mta-sts.example.com;", RPT}},
    {"none after enforce",
     {"new", N, DAY, {0}, 0, NULL},
     {{"old", E, WEEK, {"a.x"}, WEEK - 1, NULL}},
     "info mode-lowered, info removable-from",
     {"in mode enforce until 2026-01-01 12:01 UTC => Not before that"}},
    {"none for long enough",
     {"new", N, DAY, {0}, 0, NULL},
     {{"old", E, WEEK, {"a.x"}, WEEK, NULL}},
     "info removable-from",
     {"no sender can hold a policy in mode testing or enforce any more: the "
      "last "
      "one, old in mode enforce, ran out on 2026-01-01 12:00 UTC => Now these "
      "can "
      "go",
      RPT}},
};

static void history_checks(void)
{
    size_t i;

    for (i = 0; i < COUNT(changes); i++) {
        mtasts_policy policy;
        mtasts_changing c = change(&changes[i].configured, &policy);
        result r = {"", "", "", 0, 0};

        fill(changes[i].past);
        mtasts_history_check(&c, collect, &r);
        compare(&r, changes[i].want, changes[i].text, changes[i].what);
        is_str(r.subject, *r.codes ? "example.com" : "", changes[i].what,
               "subject");
    }
}

/* The id is another policy's, too, without being equal to its own. */
static void repeated(void)
{
    static const struct {
        const char *what;
        served configured, past[MOST];
        named txt[MOST];
        const char *want, *text[MOST];
    } cases[] = {
        {"forth",
         {"B", E, WEEK, {"a.x"}, 0, NULL},
         {{"B", E, WEEK, {"a.x"}, 0, NULL},
          {"A", E, WEEK, {"b.x"}, 9 * DAY, NULL}},
         {{"B", 8 * DAY}, {"A", 90 * DAY}},
         "",
         {0}},
        {"and back, before the TXT record is",
         {"A", T, WEEK, {"a.x"}, 0, NULL},
         {{"B", E, WEEK, {"a.x"}, 0, NULL},
          {"A", T, WEEK, {"a.x"}, 9 * DAY, NULL}},
         {{"B", 8 * DAY}, {"A", 99 * DAY}},
         "info mode-lowered, warning id-repeated",
         {"the id A was in DNS before, while the policy B in mode enforce",
          "then hold it under A", "Change MTASTSMaxAge by a second"}},
        {"and back",
         {"A", E, WEEK, {"a.x", "b.x"}, 0, NULL},
         {{"A", E, WEEK, {"a.x", "b.x"}, 0, NULL},
          {"B", E, WEEK, {"a.x"}, DAY, NULL}},
         {{"A", DAY}, {"B", 8 * DAY}, {"A", 99 * DAY}},
         "warning id-repeated",
         {0}},
        {"to one that asks more",
         {"A", E, WEEK, {"a.x"}, 0, NULL},
         {{"A", E, WEEK, {"a.x"}, 0, NULL},
          {"B", E, WEEK, {"a.x", "b.x"}, DAY, NULL}},
         {{"A", DAY}, {"B", 8 * DAY}, {"A", 99 * DAY}},
         "",
         {0}},
        {"from testing",
         {"A", E, WEEK, {"a.x"}, 0, NULL},
         {{"A", E, WEEK, {"a.x"}, 0, NULL}, {"B", T, WEEK, {"b.x"}, DAY, NULL}},
         {{"A", DAY}, {"B", 8 * DAY}, {"A", 99 * DAY}},
         "",
         {0}},
        {"TXT before HTTPS",
         {"B", E, WEEK, {"a.x"}, 0, NULL},
         {{"A", E, WEEK, {"b.x"}, 0, NULL}},
         {{"B", 60}, {"A", 90 * DAY}},
         "warning id-repeated",
         {0}},
        {"its id is equal: id-reused says so",
         {"A", E, WEEK, {"a.x"}, 0, "d"},
         {{"A", E, WEEK, {"b.x"}, 0, NULL}},
         {{"A", 60}},
         "error! id-reused",
         {0}},
        {"no date while the id is there",
         {"new", T, WEEK, {"a.x"}, 0, NULL},
         {{"old", E, WEEK, {"a.x"}, DAY, NULL}},
         {{"old", 9 * DAY}},
         "info mode-lowered",
         {"enforce until 8 days after the TXT record had the id old last and"}},
        {"nor while it is served",
         {"new", T, WEEK, {"a.x"}, 0, NULL},
         {{"old", E, WEEK, {"a.x"}, 0, NULL}},
         {{"old", 9 * DAY}},
         "info mode-lowered",
         {"until 8 days after it was served last and"}},
        {"a date when nobody looks any more",
         {"new", T, WEEK, {"a.x"}, 0, NULL},
         {{"old", E, 2 * WEEK, {"a.x"}, 50 * DAY, NULL}},
         {{"old", 40 * DAY}},
         "info mode-lowered",
         {"until 2026-01-07 12:00 UTC and"}},
        {"a date when both are over",
         {"new", T, WEEK, {"a.x"}, 0, NULL},
         {{"old", E, WEEK, {"a.x"}, 2 * DAY, NULL}},
         {{"new", DAY}, {"old", 9 * DAY}},
         "info mode-lowered",
         {"until 2026-01-08 12:00 UTC and"}},
    };
    size_t i;

    for (i = 0; i < COUNT(cases); i++) {
        mtasts_policy policy;
        mtasts_changing c = change(&cases[i].configured, &policy);
        result r = {"", "", "", 0, 0};
        size_t j;

        fill(cases[i].past);
        fill_txt(cases[i].txt);
        for (j = 0; j < history.npast; j++) {
            pasts[j].first_served = pasts[j].last_served - 8 * DAY;
        }
        mtasts_history_check(&c, collect, &r);
        compare(&r, cases[i].want, cases[i].text, cases[i].what);
    }
}

/* ---- MX hosts ---- */

/* "?" TEMPFAIL, "-++" ABSENT, with A and AAAA of the domain itself; else hosts with blanks between, "." for the root. */
static void facts_of(const char *in, mtasts_dns_facts *f)
{
    static mtasts_dns_answer mx, a, aaaa;
    static mtasts_dns_host own;
    static mtasts_dns_mx list[64];
    static char names[64][32];
    int implicit = *in == '-';

    memset(f, 0, sizeof(*f));
    memset(&mx, 0, sizeof(mx));
    memset(&a, 0, sizeof(a));
    memset(&aaaa, 0, sizeof(aaaa));
    f->domain = "example.com";
    f->mx = &mx;
    mx.mx = list;
    mx.status = *in == '?' ? MTASTS_DNS_TEMPFAIL
                : implicit ? MTASTS_DNS_ABSENT
                           : MTASTS_DNS_OK;
    if (implicit) {
        a.status = in[1] == '+' ? MTASTS_DNS_OK : MTASTS_DNS_ABSENT;
        aaaa.status = in[2] == '+' ? MTASTS_DNS_OK : MTASTS_DNS_ABSENT;
        own.name = f->domain;
        own.a = &a;
        own.aaaa = &aaaa;
        f->own_host = &own;
    }
    while (mx.status == MTASTS_DNS_OK && *in && mx.nmx < 64) {
        size_t len = strcspn(in, " ");

        snprintf(names[mx.nmx], sizeof(names[0]), "%.*s", (int)len,
                 *in == '.' ? "" : in);
        list[mx.nmx].host = names[mx.nmx];
        list[mx.nmx].preference = (uint16_t)(10 * mx.nmx + 10);
        mx.nmx++;
        in += len + (in[len] == ' ');
    }
}

#define OLD                                                                    \
    {                                                                          \
        "old", E, WEEK, {"a.x"}, DAY, NULL                                     \
    }

static const struct {
    const char *what;
    served configured, past[MOST];
    const char *mx, *want, *text[MOST];
} mx_cases[] = {
    {"all matched", {"new", E, WEEK, {"a.x"}, 0, NULL}, {OLD}, "a.x", "", {0}},
    {"by the new policy alone",
     {"new", E, WEEK, {"a.x", "b.x"}, 0, NULL},
     {OLD},
     "a.x b.x",
     "error cached-mx-unmatched",
     {"MX 20 b.x: the policy old", "until 2026-01-07 12:00 UTC, does",
      "Until 2026-01-07 12:00 UTC have MX records only for hosts that the "
      "policy old matches, and none for this host.\n"}},
    {"by neither",
     {"new", E, WEEK, {"a.x"}, 0, NULL},
     {OLD},
     "b.x",
     "error! cached-mx-unmatched",
     {"Until 2026-01-07 12:00 UTC have MX records only for hosts that the "
      "policy old matches, and none for this host. Meanwhile add it to what is "
      "there, "
      "MTASTSMX b.x, and publish the new TXT record.\n"}},
    {"by neither, in testing",
     {"new", T, WEEK, {"a.x"}, 0, NULL},
     {OLD},
     "b.x",
     "error cached-mx-unmatched",
     {"Meanwhile add it to what is there, MTASTSMX b.x,"}},
    {"by neither, in none",
     {"new", N, WEEK, {0}, 0, NULL},
     {OLD},
     "b.x",
     "error cached-mx-unmatched",
     {"Meanwhile add it"}},
    {"not by the policy as configured: not said here",
     {"new", E, WEEK, {"a.x"}, 0, "d"},
     {{"old", E, WEEK, {"a.x"}, 0, "d"}},
     "b.x",
     "",
     {0}},
    {"but then the way back takes until that is gone",
     {"new", E, 2 * WEEK, {"a.x"}, 0, NULL},
     {{"new", E, 2 * WEEK, {"a.x"}, -60, NULL}, OLD},
     "b.x",
     "error! cached-mx-unmatched",
     {"the policy old, which senders may hold in mode enforce until 2026-01-07 "
      "12:00 UTC, does",
      "Until 14 days after the policy new was served last have"}},
    {"the worst of several",
     {"new", E, WEEK, {"b.x"}, 0, NULL},
     {OLD, {"two", E, 2 * WEEK, {"c.x"}, DAY, NULL}},
     "b.x",
     "error cached-mx-unmatched",
     {"the policy two", "2026-01-14 12:00 UTC"}},
    {"held for a second more",
     {"new", E, WEEK, {"b.x"}, 0, NULL},
     {{"old", E, WEEK, {"a.x"}, WEEK - 1, NULL}},
     "b.x",
     "error cached-mx-unmatched",
     {"until 2026-01-01 12:01 UTC, does"}},
    {"held no more",
     {"new", E, WEEK, {"b.x"}, 0, NULL},
     {{"old", E, WEEK, {"a.x"}, WEEK, NULL}},
     "b.x",
     "",
     {0}},
    {"testing refuses nothing",
     {"new", E, WEEK, {"b.x"}, 0, NULL},
     {{"old", T, WEEK, {"a.x"}, 0, NULL}},
     "b.x",
     "",
     {0}},
    {"a host that is there twice",
     {"new", E, WEEK, {"b.x"}, 0, NULL},
     {OLD},
     "b.x a.x b.x c.x",
     "error cached-mx-unmatched, error! cached-mx-unmatched",
     {"MX 10 b.x", "MX 40 c.x"}},
    {"null MX", {"new", E, WEEK, {"b.x"}, 0, NULL}, {OLD}, ".", "", {0}},
    {"no host name: no MTASTSMX helps",
     {"new", E, WEEK, {"a.x"}, 0, NULL},
     {OLD},
     "192.0.2.1",
     "error! cached-mx-unmatched",
     {"Until 2026-01-07 12:00 UTC have MX records"}},
    {"TEMPFAIL", {"new", E, WEEK, {"b.x"}, 0, NULL}, {OLD}, "?", "", {0}},
    {"the domain itself",
     {"new", E, WEEK, {"example.com"}, 0, NULL},
     {OLD},
     "-+-",
     "error cached-mx-unmatched",
     {"MX 0 example.com (there is no MX record"}},
    {"the domain itself, by IPv6",
     {"new", E, WEEK, {"example.com"}, 0, NULL},
     {OLD},
     "--+",
     "error cached-mx-unmatched",
     {0}},
    {"no host at all",
     {"new", E, WEEK, {"b.x"}, 0, NULL},
     {OLD},
     "---",
     "",
     {0}},
};

#define FIVE(a) a "1 " a "2 " a "3 " a "4 " a "5 "

static void mx_checks(void)
{
    static const served testing = {"new", T, WEEK, {"a.x"}, 0, NULL};
    static const served old[] = {OLD, {0}};
    mtasts_dns_facts f;
    mtasts_policy policy;
    mtasts_changing c;
    result r;
    size_t i;

    for (i = 0; i < COUNT(mx_cases); i++) {
        c = change(&mx_cases[i].configured, &policy);
        memset(&r, 0, sizeof(r));
        fill(mx_cases[i].past);
        facts_of(mx_cases[i].mx, &f);
        mtasts_cached_mx_check(&c, &f, collect, &r);
        compare(&r, mx_cases[i].want, mx_cases[i].text, mx_cases[i].what);
    }
    c = change(&testing, &policy);
    memset(&r, 0, sizeof(r));
    fill(old);
    facts_of(FIVE("b") FIVE("c") FIVE("d") "a.x " FIVE("e"), &f);
    mtasts_cached_mx_check(&c, &f, collect, &r);
    ok(r.n == 16, "many", "a bound");
    ok(strstr(r.text, "MX 170 e1 (and 4 more)") != NULL, "many",
       "and the rest");
}

static void tls_checks(void)
{
    static const struct {
        const char *what;
        served configured, past[MOST];
        mtasts_code code;
        mtasts_severity severity;
        const char *want, *text[MOST];
    } cases[] = {
        {"testing after enforce",
         {"new", T, WEEK, {"a.x"}, 0, NULL},
         {OLD},
         MTASTS_MX_CERT_EXPIRED,
         MTASTS_ERROR,
         "error cached-mx-tls",
         {"a.x fails TLS (mx-cert-expired), and senders may hold the policy "
          "old of example.com in mode enforce until 2026-01-07 12:00 UTC",
          "the mode is testing now", "Do what mx-cert-expired says"}},
        {"none after enforce",
         {"new", N, WEEK, {0}, 0, NULL},
         {OLD},
         MTASTS_MX_NO_STARTTLS,
         MTASTS_INFO,
         "error cached-mx-tls",
         {"the mode is none now"}},
        {"enforce: said by the fault",
         {"new", E, WEEK, {"a.x"}, 0, NULL},
         {OLD},
         MTASTS_MX_CERT_EXPIRED,
         MTASTS_ERROR,
         "",
         {0}},
        {"another host's policy",
         {"new", T, WEEK, {"a.x"}, 0, NULL},
         {{"old", E, WEEK, {"b.x"}, DAY, NULL}},
         MTASTS_MX_CERT_EXPIRED,
         MTASTS_ERROR,
         "",
         {0}},
        {"held no more",
         {"new", T, WEEK, {"a.x"}, 0, NULL},
         {{"old", E, WEEK, {"a.x"}, WEEK, NULL}},
         MTASTS_MX_CERT_EXPIRED,
         MTASTS_ERROR,
         "",
         {0}},
        {"soon, but not yet",
         {"new", T, WEEK, {"a.x"}, 0, NULL},
         {OLD},
         MTASTS_MX_CERT_EXPIRING,
         MTASTS_WARNING,
         "",
         {0}},
        {"not known",
         {"new", T, WEEK, {"a.x"}, 0, NULL},
         {OLD},
         MTASTS_MX_UNREACHABLE,
         MTASTS_UNKNOWN,
         "",
         {0}},
        {"turned away",
         {"new", T, WEEK, {"a.x"}, 0, NULL},
         {OLD},
         MTASTS_MX_GREETING,
         MTASTS_WARNING,
         "",
         {0}},
        {"no SMTP",
         {"new", T, WEEK, {"a.x"}, 0, NULL},
         {OLD},
         MTASTS_MX_GREETING,
         MTASTS_ERROR,
         "error cached-mx-tls",
         {"(mx-greeting)"}},
        {"not of an MX host",
         {"new", T, WEEK, {"a.x"}, 0, NULL},
         {OLD},
         MTASTS_CERT_EXPIRED,
         MTASTS_ERROR,
         "",
         {0}},
    };
    size_t i;

    for (i = 0; i < COUNT(cases); i++) {
        mtasts_policy policy;
        mtasts_changing c = change(&cases[i].configured, &policy);
        result r = {"", "", "", 0, 0};
        mtasts_finding fault;

        fill(cases[i].past);
        MTASTS_FILL(&fault, cases[i].code, "a.x", "a.x");
        fault.severity = cases[i].severity;
        mtasts_cached_tls_check(&c, "a.x", "a.x [192.0.2.1]", &fault, collect,
                                &r);
        compare(&r, cases[i].want, cases[i].text, cases[i].what);
        is_str(r.subject, *r.codes ? "a.x [192.0.2.1]" : "", cases[i].what,
               "subject");
    }
}

/* ---- withdrawn ---- */

#define L60     "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefgh"
#define NAME(c) c "." L60 "." L60 "." L60

static void withdrawals(void)
{
    static const struct {
        const char *what;
        served past[MOST];
        const char *want, *text[MOST];
    } cases[] = {
        {"nothing known", {{0}}, "", {0}},
        {"none", {{"a", N, WEEK, {"a.x"}, 0, NULL}}, "", {0}},
        {"enforce",
         {{"a", E, WEEK, {"a.x", "*.b.x"}, DAY, NULL}},
         "warning policy-withdrawn",
         {"hold a (mode enforce) until 2026-01-07 12:00 UTC => ",
          "bring its virtual host back as it was. Else",
          " | MTASTSEngine On | MTASTSDomain example.com | MTASTSMode none | "
          "MTASTSMaxAge 1d | MTASTSMX a.x *.b.x\n"}},
        {"testing",
         {{"a", T, WEEK, {"a.x"}, DAY, NULL}},
         "warning policy-withdrawn",
         {"(mode testing) until 2026-01-07 12:00 UTC => "}},
        {"testing, and enforce for a shorter time",
         {{"a", T, 2 * WEEK, {"a.x"}, DAY, NULL},
          {"b", E, WEEK, {"a.x"}, DAY, NULL}},
         "warning policy-withdrawn",
         {"hold a (mode testing) until 2026-01-14 12:00 UTC, and b (mode "
          "enforce) until 2026-01-07 12:00 UTC => "}},
        {"testing, and enforce no more",
         {{"a", T, 2 * WEEK, {"a.x"}, DAY, NULL},
          {"b", E, WEEK, {"a.x"}, WEEK, NULL}},
         "warning policy-withdrawn",
         {"until 2026-01-14 12:00 UTC => "}},
        {"held for a second more",
         {{"a", E, WEEK, {"a.x"}, WEEK - 1, NULL}},
         "warning policy-withdrawn",
         {0}},
        {"held no more", {{"a", E, WEEK, {"a.x"}, WEEK, NULL}}, "", {0}},
        {"served until the reload",
         {{"a", E, WEEK, {"a.x"}, -60, NULL}},
         "warning policy-withdrawn",
         {"until 7 days after it was served last => "}},
        {"without mx",
         {{"a", E, WEEK, {0}, DAY, NULL}},
         "warning policy-withdrawn",
         {"MTASTSMaxAge 1d\n"}},
        {"long names",
         {{"a",
           E,
           WEEK,
           {NAME("a"), NAME("b"), NAME("c"), NAME("d")},
           0,
           NULL}},
         "warning policy-withdrawn",
         {" | MTASTSMX " NAME("a") " | # and 3 more MX hosts\n"}},
        {"served until this very second",
         {{"a", E, WEEK, {"a.x"}, 0, NULL}},
         "warning policy-withdrawn",
         {"until 2026-01-08 12:00 UTC => "}},
    };
    size_t i;

    for (i = 0; i < COUNT(cases); i++) {
        mtasts_gone gone = {"example.com", NULL, NULL, 0};
        result r = {"", "", "", 0, 0};

        gone.history = fill(cases[i].past);
        mtasts_withdrawn_check(&gone, NOW, collect, &r);
        compare(&r, cases[i].want, cases[i].text, cases[i].what);
        is_str(r.subject, *r.codes ? "example.com" : "", cases[i].what,
               "subject");
    }
}

/* What is said of the virtual host that had it. */
static void withdrawn_where(void)
{
    static const struct {
        const char *vhost;
        int has_lines;
        const char *text;
    } cases[] = {
        {NULL, 0, "is still wanted, bring its virtual host back as it was. "},
        {"mta-sts.example.com:443 at /x/y:12", 1,
         "is still wanted, write MTASTSEngine On in the virtual host "
         "mta-sts.example.com:443 at /x/y:12. Else "},
        {"mta-sts.example.com:443 at /x/y:12", 0,
         "is still wanted, put its MTASTS directives back into the virtual "
         "host mta-sts.example.com:443 at /x/y:12. Else "}};
    static const served past[MOST] = {{"a", E, WEEK, {"a.x"}, DAY, NULL}};
    size_t i;

    for (i = 0; i < COUNT(cases); i++) {
        mtasts_gone gone = {"example.com", fill(past), cases[i].vhost,
                            cases[i].has_lines};
        result r = {"", "", "", 0, 0};

        mtasts_withdrawn_check(&gone, NOW, collect, &r);
        ok(strstr(r.text, cases[i].text) != NULL, "withdrawn", cases[i].text);
    }
}

/* What is configured is "new" in mode enforce. */
static void unserved(void)
{
    static const struct {
        const char *what;
        served past[3];
        const char *txt_id, *want, *text[4];
    } cases[] = {
        {"nothing is known", {{0}}, "old", "", {NULL}},
        {"nothing is served",
         {{"old", E, WEEK, {"a.x"}, 1, NULL}},
         "new",
         "",
         {NULL}},
        {"it is served",
         {{"new", E, WEEK, {"a.x"}, 0, NULL}},
         "old",
         "",
         {NULL}},
        {"it is served by one of two",
         {{"old", E, WEEK, {"a.x"}, -60, NULL},
          {"new", E, WEEK, {"a.x"}, 0, NULL}},
         NULL,
         "",
         {NULL}},
        {"its id, with another text",
         {{"new", E, WEEK, {"a.x"}, 0, "other"}},
         NULL,
         "info not-served",
         {NULL}},
        {"another one is",
         {{"old", E, WEEK, {"a.x"}, 0, NULL}},
         "old",
         "info not-served",
         {"served now is old, not new, which is configured",
          "see that new is served"}},
        {"another one is, in the ledger until later",
         {{"old", E, WEEK, {"a.x"}, -60, NULL}},
         NULL,
         "info not-served",
         {NULL}},
        {"and the TXT record is early",
         {{"old", E, WEEK, {"a.x"}, 0, NULL}},
         "new",
         "warning not-served",
         {"configured, and the TXT record names that one already:"}},
    };
    static const served new = {"new", E, WEEK, {"a.x"}, 0, NULL};
    size_t i;

    for (i = 0; i < COUNT(cases); i++) {
        result r = {"", "", "", 0, 0};
        mtasts_policy policy;
        mtasts_changing c = change(&new, &policy);

        fill(cases[i].past);
        mtasts_unserved_check(&c, cases[i].txt_id, collect, &r);
        compare(&r, cases[i].want, cases[i].text, cases[i].what);
    }
}

/* The longest names still leave room for every word. */
static void longest(void)
{
    static const char domain[] = NAME("a") "." L60; /* 245 */
    static const served old[] = {
        {"01234567890123456789012345678901", E, WEEK, {"a.x"}, WEEK, NULL},
        {0}};
    static const served none = {"new", N, DAY, {0}, 0, NULL};
    mtasts_policy policy;
    mtasts_changing c = change(&none, &policy);
    result r = {"", "", "", 0, 0};

    c.domain = domain;
    fill(old);
    mtasts_history_check(&c, collect, &r);
    ok(strstr(r.text, RPT) != NULL, "longest", r.text);
    history.npast = 0;
    memset(&r, 0, sizeof(r));
    mtasts_history_check(&c, collect, &r);
    ok(strstr(r.text, RPT) != NULL, "longest, nothing known", r.text);
}

/* Whose record it is where front ends serve different policies. */
static void ahead(void)
{
    static const struct {
        const char *what, *id, *digest;
        int first, last; /* s from NOW */
        int want;
    } cases[] = {
        {"a later one", "b", "b", -10, 60, 1},
        {"one that was served until now", "b", "b", -10, 0, 0},
        {"one that was served before", "b", "b", -10, -5, 0},
        {"an earlier one", "b", "b", -200, 60, 0},
        {"one by a clock that was ahead", "b", "b", 1, 9000, 0},
        {"a greater one of the same second", "m", "n", -100, 60, 1},
        {"a smaller one of the same second", "m", "l", -100, 60, 0},
        {"the same under a greater id", "n", "m", -100, 60, 1},
        {"the same under a smaller id", "l", "m", -100, 60, 0},
        {"the same under a later id", "l", "m", -99, 60, 1},
        {"itself", "m", "m", -100, 60, 0},
    };
    size_t i;

    for (i = 0; i < COUNT(cases); i++) {
        const mtasts_past both[] = {
            {cases[i].id,
             cases[i].digest,
             {E, WEEK, NULL, 0},
             NOW + cases[i].first,
             NOW + cases[i].last},
            {"m", "m", {E, WEEK, NULL, 0}, NOW - 100, NOW + 60}};
        const mtasts_history h = {both, 2, NULL, 0}, other = {both, 1, NULL, 0};

        ok(mtasts_is_superseded(&h, "m", "m", NOW) == cases[i].want, "ahead",
           cases[i].what);
        ok(!mtasts_is_superseded(&other, "x", "x", NOW), "ahead",
           "of one that is not known");
    }
}

int main(void)
{
    hold_times();
    ahead();
    horizons();
    names();
    ttls();
    odd_times();
    queries();
    history_checks();
    repeated();
    mx_checks();
    tls_checks();
    withdrawals();
    withdrawn_where();
    unserved();
    longest();
    return done();
}
