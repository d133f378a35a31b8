/*
 * What the ledger remembers.  With arguments DRIVER and PARAMS of a database that
 * is empty: the same there; t/ledger.t does so with PostgreSQL.
 */

#include "store.h"

/* --- what is served --- */

static void one_front(void)
{
    apr_pool_t *p = pool();
    db d = new_ledger(p);
    mtasts_ledger *l = open_as(p, &d, "a");
    mtasts_ledger_serving old = serving(p, "x.test", "mx1.x.test", "old"),
                          new = serving(p, "x.test", "mx2.x.test", "new"),
                          other = serving(p, "y.test", "mx1.x.test", "other");

    is_str(known(p, l, "x.test", NOW), "nothing", "serve", "nothing at first");
    ok(!mtasts_ledger_beat(l, NOW, NOW + 60), "beat", "of nothing is refused");
    ok(strstr(mtasts_ledger_why(l), "does not know what is served") != NULL,
       "beat", "and why is said");
    ok(SERVE(l, p, NOW, NOW + 60, old, other), "serve", "two domains");
    is_str(known(p, l, "x.test", NOW), "[old enforce mx1.x.test 0..60]",
           "serve", "counts as served until then");
    is_str(known(p, l, "y.test", NOW), "[other enforce mx1.x.test 0..60]",
           "serve", "so does the other");
    ok(said(l, mtasts_ledger_beat(l, NOW + 50, NOW + 110)), "beat", "works");
    is_str(known(p, l, "y.test", NOW), "[other enforce mx1.x.test 0..110]",
           "beat", "moves all");
    ok(SERVE(l, p, NOW + 70, NOW + 130, new, other), "serve", "another policy");
    is_str(known(p, l, "x.test", NOW),
           "[new enforce mx2.x.test 70..130][old enforce mx1.x.test 0..70]",
           "serve", "the old one ended now");
    is_str(known(p, l, "y.test", NOW), "[other enforce mx1.x.test 0..130]",
           "serve", "what is the same goes on");
    mtasts_ledger_close(l);

    l = open_as(p, &d, "a");
    ok(SERVE(l, p, NOW + 900, NOW + 960, old), "reopened", "serve");
    is_str(known(p, l, "x.test", NOW),
           "[old enforce mx1.x.test 0..960][new enforce mx2.x.test 70..130]",
           "reopened", "the gap does not count, the former goes on");
    is_str(known(p, l, "y.test", NOW), "[other enforce mx1.x.test 0..130]",
           "reopened", "what is gone ended when it said");
    ok(said(l, mtasts_ledger_serve(l, p, NULL, 0, NOW + 910, NOW + 970)),
       "serve", "nothing any more");
    is_str(known(p, l, "x.test", NOW),
           "[old enforce mx1.x.test 0..910][new enforce mx2.x.test 70..130]",
           "serve", "then all has ended");
    apr_pool_destroy(p);
}

/* One domain in two virtual hosts, and twice the same. */
static void twice(void)
{
    apr_pool_t *p = pool();
    db d = new_ledger(p);
    mtasts_ledger *l = open_as(p, &d, "a");
    mtasts_ledger_serving one = serving(p, "x.test", "mx1.x.test", "one"),
                          two = serving(p, "x.test", "mx2.x.test", "two"),
                          same = serving(p, "x.test", "mx1.x.test", "same");

    ok(SERVE(l, p, NOW, NOW + 60, one, two, one, same), "twice", "serve");
    ok(SERVE(l, p, NOW + 10, NOW + 70, two, one), "twice", "again");
    is_str(known(p, l, "x.test", NOW),
           "[two enforce mx2.x.test 0..70][one enforce mx1.x.test 0..70]"
           "[same enforce mx1.x.test 0..10]",
           "twice", "each policy and id once");
    apr_pool_destroy(p);
}

/* What this front end serves, as it has told last. */
static const char *served_here(apr_pool_t *p, mtasts_ledger *l)
{
    const mtasts_ledger_domain *d;
    apr_hash_t *all;

    if (!mtasts_ledger_read(l, p, NOW, &all)) {
        return mtasts_ledger_why(l);
    }
    d = apr_hash_get(all, "x.test", APR_HASH_KEY_STRING);
    return !d || !d->served_id
               ? "nothing"
               : apr_pstrcat(p, d->served_id, " ", d->served_digest, NULL);
}

static void two_fronts(void)
{
    apr_pool_t *p = pool();
    db d = new_ledger(p);
    mtasts_ledger *a = open_as(p, &d, "a"), *b = open_as(p, &d, "b");
    mtasts_ledger_serving old = serving(p, "x.test", "mx1.x.test", "old"),
                          new = serving(p, "x.test", "mx2.x.test", "new");

    ok(SERVE(a, p, NOW, NOW + 60, old), "fronts", "a");
    is_str(known(p, a, "x.test", NOW), "[old enforce mx1.x.test 0..60]",
           "fronts", "a alone");
    ok(SERVE(b, p, NOW + 20, NOW + 80, old), "fronts", "b the same");
    is_str(known(p, a, "x.test", NOW),
           "[old enforce mx1.x.test 0..80] elsewhere", "fronts",
           "one policy, from the first to the last");
    ok(SERVE(a, p, NOW + 100, NOW + 160, new), "fronts", "a another one");
    is_str(known(p, a, "x.test", NOW + 100),
           "[new enforce mx2.x.test 100..160][old enforce mx1.x.test 0..80]",
           "fronts", "b has said nothing for a while: it does not serve now");
    ok(said(b, mtasts_ledger_beat(b, NOW + 101, NOW + 161)), "fronts", "b");
    is_str(known(p, a, "x.test", NOW + 110),
           "[old enforce mx1.x.test 0..161][new enforce mx2.x.test 100..160]"
           " elsewhere",
           "fronts", "b still serves the old one");
    is_str(known(p, b, "x.test", NOW + 110),
           "[old enforce mx1.x.test 0..161][new enforce mx2.x.test 100..160]"
           " elsewhere",
           "fronts", "b sees a");
    is_str(served_here(p, a), apr_pstrcat(p, "new ", new.digest, NULL),
           "fronts", "what a serves");
    is_str(served_here(p, b), apr_pstrcat(p, "old ", old.digest, NULL),
           "fronts", "what b serves");
    ok(said(b, mtasts_ledger_serve(b, p, NULL, 0, NOW + 120, NOW + 180)),
       "fronts", "b nothing more");
    is_str(served_here(p, b), "nothing", "fronts", "b serves nothing");
    apr_pool_destroy(p);
}

/* A clock that is wrong for a while must not make a policy look as if it had
 * been served for a shorter time. */
static void clock_jumps(void)
{
    apr_pool_t *p = pool();
    db d = new_ledger(p);
    mtasts_ledger *l = open_as(p, &d, "a");
    mtasts_ledger_serving old = serving(p, "x.test", "mx1.x.test", "old"),
                          new = serving(p, "x.test", "mx2.x.test", "new");

    ok(SERVE(l, p, NOW, NOW + 60, old), "clock", "serve");
    ok(said(l, mtasts_ledger_beat(l, NOW - 9 * DAY, NOW - 9 * DAY + 60)),
       "clock", "goes back");
    is_str(known(p, l, "x.test", NOW), "[old enforce mx1.x.test 0..60]",
           "clock", "nothing goes back");
    ok(SERVE(l, p, NOW - 9 * DAY, NOW - 9 * DAY + 60, new), "clock",
       "a change while it is back");
    is_str(known(p, l, "x.test", NOW),
           "[old enforce mx1.x.test 0..60]"
           "[new enforce mx2.x.test -777600..60]",
           "clock", "the old one ends when it said, not before");
    ok(SERVE(l, p, NOW + 500, NOW + 560, old), "clock", "right again");
    is_str(known(p, l, "x.test", NOW),
           "[old enforce mx1.x.test 0..560]"
           "[new enforce mx2.x.test -777600..60]",
           "clock", "goes on");
    ok(SERVE(l, p, -5, INT64_MAX, old), "clock", "times that are none");
    is_str(known(p, l, "x.test", NOW),
           "[old enforce mx1.x.test 0..251602300799]"
           "[new enforce mx2.x.test -777600..60]",
           "clock", "are taken as the first and last there are");
    ok(SERVE(l, p, NOW + 600, NOW + 660, new), "clock", "a change");
    is_str(known(p, l, "x.test", NOW),
           "[new enforce mx2.x.test -777600..251602300799]"
           "[old enforce mx1.x.test 0..600]",
           "clock", "what it never said of itself does not count");
    ok(said(l, mtasts_ledger_beat(l, NOW + 9 * DAY, NOW + 9 * DAY + 60)),
       "clock", "goes forth");
    ok(SERVE(l, p, NOW + 700, NOW + 760, old), "clock", "and back");
    is_str(known(p, l, "x.test", NOW),
           "[old enforce mx1.x.test 0..251602300799]"
           "[new enforce mx2.x.test -777600..251602300799]",
           "clock", "the safe side: which clock was right, nobody knows");
    apr_pool_destroy(p);
}

/* --- what others serve, what is released --- */

static mtasts_ledger_serving with_body(apr_pool_t *p, mtasts_ledger_serving s,
                                       const char *body)
{
    char *digest = apr_palloc(p, MTASTS_ID_SIZE);

    NEED(mtasts_policy_id(body, strlen(body), digest));
    s.body = body;
    s.digest = digest;
    return s;
}

static void others(void)
{
    apr_pool_t *p = pool();
    db d = new_ledger(p);
    mtasts_ledger *l = open_as(p, &d, "a");
    mtasts_ledger_serving s = serving(p, "x.test", "mx.x.test", ""), odd;

    s.id = NULL;
    ok(said(l, mtasts_ledger_saw_policy(l, p, &s, NOW)), "others", "seen");
    ok(said(l, mtasts_ledger_saw_policy(l, p, &s, NOW + 9)), "others", "again");
    ok(said(l, mtasts_ledger_saw_policy(l, p, &s, NOW + 5)), "others",
       "with a clock that is behind");
    is_str(known(p, l, "x.test", NOW + 9), "[ enforce mx.x.test 0..9]",
           "others", "once, without an id; not as served now");
    odd = with_body(p, serving(p, "y.test", "MX.y.test", "odd"),
                    "version: STSv1\nmode: enforce \nmax_age:  86400\n"
                    "mx: MX.y.test\nmx:\tmx.y.test\nmx: b.y.test");
    ok(said(l, mtasts_ledger_saw_policy(l, p, &odd, NOW)), "others",
       "text that is not ours");
    is_str(known(p, l, "y.test", NOW), "[odd enforce mx.y.test 0..0]", "others",
           "it is read as it is");
    odd = with_body(p, serving(p, "z.test", "mx.z.test", "odd"),
                    "# caf\xc3\xa9 \xff\nversion: STSv1\n\nmode: enforce\n");
    ok(said(l, mtasts_ledger_saw_policy(l, p, &odd, NOW)), "others",
       "a text that can't be kept");
    is_str(known(p, l, "z.test", NOW), "[odd enforce mx.z.test 0..0]", "others",
           "the policy is kept in our words");
    s = serving(p, "v.test", "mx.x.test", "v");
    s.digest = "0123456789abcdef0123456789abcdef";
    ok(!SERVE(l, p, NOW, NOW + 60, s), "others", "a digest of another text");
    ok(strstr(mtasts_ledger_why(l), "don't fit (v.test)") != NULL, "others",
       "is refused");
    is_str(known(p, l, "v.test", NOW), "nothing", "others", "nothing written");
    apr_pool_destroy(p);
}

static void released(void)
{
    apr_pool_t *p = pool();
    db d = new_ledger(p);
    mtasts_ledger *l = open_as(p, &d, "a");
    mtasts_ledger_serving old = serving(p, "x.test", "mx1.x.test", "old"),
                          new = serving(p, "x.test", "mx2.x.test", "new");
    const mtasts_ledger_domain *x;
    apr_hash_t *all;

    ok(said(l, mtasts_ledger_release(l, p, &old, NOW)), "release", "the first");
    is_str(known(p, l, "x.test", NOW), " released old", "release",
           "before it is served");
    ok(SERVE(l, p, NOW, NOW + 60, old), "release", "served");
    ok(said(l, mtasts_ledger_release(l, p, &new, NOW + 5)), "release", "next");
    ok(said(l, mtasts_ledger_release(l, p, &new, NOW + 6)), "release", "same");
    is_str(raw_one(p, &d, "SELECT released_at FROM mtasts_released"),
           "1800000005", "release", "the same is no other release");
    is_str(known(p, l, "x.test", NOW),
           "[old enforce mx1.x.test 0..60] released new", "release", "known");
    mtasts_ledger_read(l, p, NOW, &all);
    x = apr_hash_get(all, "x.test", APR_HASH_KEY_STRING);
    NEED(x && x->released && x->released_body);
    is_str(x->released_body, new.body, "release", "its text, to be served");
    ok(x->released->first_served == NOW + 5, "release", "when");
    ok(said(l, mtasts_ledger_release(l, p, &old, NOW + 9)), "release", "back");
    mtasts_ledger_read(l, p, NOW, &all);
    x = apr_hash_get(all, "x.test", APR_HASH_KEY_STRING);
    NEED(x && x->released && x->released_body);
    ok(x->released == &x->history.past[0], "release",
       "it is the one that was served");
    is_str(x->released_body, old.body, "release", "its text");
    apr_pool_destroy(p);
}

/* "digest id because", or "nothing". */
static const char *held_by(apr_pool_t *p, mtasts_ledger *l, const char *domain)
{
    const mtasts_ledger_domain *x;
    apr_hash_t *all;

    if (!mtasts_ledger_read(l, p, NOW, &all)) {
        return mtasts_ledger_why(l);
    }
    x = apr_hash_get(all, domain, APR_HASH_KEY_STRING);
    return x && x->held ? apr_psprintf(p, "%.4s %s %u", x->held->digest,
                                       x->held->id, x->held->because)
                        : "nothing";
}

static void held_back(void)
{
    static const mtasts_ledger_held one = {"0123456789abcdef0123456789abcdef",
                                           "one", 3},
                                    two = {"fedcba9876543210fedcba9876543210",
                                           "two", 0x7fffffff},
                                    odd = {"not a digest", "odd", 1};
    apr_pool_t *p = pool();
    db d = new_ledger(p);
    mtasts_ledger *l = open_as(p, &d, "a"), *other = open_as(p, &d, "b");

    is_str(held_by(p, l, "x.test"), "nothing", "held back", "nothing yet");
    ok(said(l, mtasts_ledger_hold(l, p, "x.test", &one)), "held back", "one");
    is_str(held_by(p, l, "x.test"), "0123 one 3", "held back", "known");
    is_str(held_by(p, other, "x.test"), "nothing", "held back",
           "by no other front end");
    ok(said(l, mtasts_ledger_hold(l, p, "x.test", &two)), "held back", "two");
    is_str(held_by(p, l, "x.test"), "fedc two 2147483647", "held back",
           "in place of the first");
    ok(said(other, mtasts_ledger_hold(other, p, "x.test", NULL)), "held back",
       "none there");
    is_str(held_by(p, l, "x.test"), "fedc two 2147483647", "held back",
           "each its own");
    ok(said(l, mtasts_ledger_hold(l, p, "x.test", NULL)), "held back", "none");
    is_str(held_by(p, l, "x.test"), "nothing", "held back", "no more");
    ok(said(l, mtasts_ledger_hold(l, p, "x.test", &odd)), "held back", "odd");
    is_str(held_by(p, l, "x.test"), "nothing", "held back",
           "what is not sane is left out");
    apr_pool_destroy(p);
}

/* --- the id in DNS --- */

static void txt(void)
{
    static const struct {
        const char *id;
        int64_t at;
        const char *known;
    } seen[] = {
        {NULL, 0, " txt none 0"},
        {"", 1, " txt none 0"},
        {"A", 2, " txt A 2, none 0"},
        {"A", 12, " txt A 2, none 0"}, /* not written each time */
        {"A", DAY / 2 + 1, " txt A 2, none 0"},
        {"A", DAY / 2 + 2, " txt A 2-43202, none 0"},
        {"B", DAY + 1, " txt B 86401, A 2-43202, none 0"},
        {"no id", DAY + 2, " txt B 86401, A 2-43202, none 0"},
        {NULL, DAY + 3, " txt none 86403, B 86401, A 2-43202"},
        {"A", DAY + 4, " txt A 86404, none 86403, B 86401"},
        {"a", DAY + 5, " txt a 86405, A 86404, none 86403"},
        /* the clock is back: it is seen now */
        {"B", -DAY, " txt B -86400, a 86405, A 86404"},
        {"B", -2 * DAY, " txt B -86400, a 86405, A 86404"},
    };
    apr_pool_t *p = pool();
    db d = new_ledger(p);
    mtasts_ledger *l = open_as(p, &d, "a");
    size_t i;

    for (i = 0; i < sizeof(seen) / sizeof(seen[0]); i++) {
        ok(said(l, mtasts_ledger_saw_txt(l, p, "x.test", seen[i].id, DAY,
                                         NOW + seen[i].at)),
           "txt", "seen");
        is_str(known(p, l, "x.test", NOW), seen[i].known, "txt", seen[i].known);
    }
    for (i = 0; i < 100; i++) {
        NEED(mtasts_ledger_saw_txt(l, p, "x.test",
                                   apr_psprintf(p, "id%d", (int)i), DAY, NOW));
    }
    is_str(raw_one(p, &d, "SELECT COUNT(*) FROM mtasts_txt"), "64", "txt",
           "the last 64 are kept");
    is_str(known(p, l, "x.test", NOW), " txt id99 0, id98 0, id97 0", "txt",
           "the last one first");
    apr_pool_destroy(p);
}

/* Caches keep it as long as was ever left of its TTL. */
static void txt_cached(void)
{
    static const struct {
        int64_t cached, at, want, seen_last;
    } seen[] = {
        {DAY, 0, DAY, 0},
        {3 * DAY, 60, 3 * DAY, 60}, /* is written at once */
        {2 * DAY, 120, 3 * DAY, 60},
        {DAY, DAY, 3 * DAY, DAY},
        {4 * DAY, 0, 4 * DAY, DAY}, /* the clock is back */
    };
    apr_pool_t *p = pool();
    db d = new_ledger(p);
    mtasts_ledger *l = open_as(p, &d, "a");
    const mtasts_ledger_domain *x;
    apr_hash_t *all;
    size_t i;

    for (i = 0; i < sizeof(seen) / sizeof(seen[0]); i++) {
        NEED(mtasts_ledger_saw_txt(l, p, "x.test", "A", seen[i].cached,
                                   NOW + seen[i].at) &&
             mtasts_ledger_read(l, p, NOW, &all));
        x = apr_hash_get(all, "x.test", APR_HASH_KEY_STRING);
        NEED(x && x->history.ntxt == 1);
        ok(x->history.txt->cached == seen[i].want &&
               x->history.txt->until == NOW + seen[i].seen_last,
           "txt", "for how long it is cached");
    }
    NEED(mtasts_ledger_saw_txt(l, p, "x.test", "B", DAY, NOW) &&
         mtasts_ledger_read(l, p, NOW, &all));
    x = apr_hash_get(all, "x.test", APR_HASH_KEY_STRING);
    ok(x->history.ntxt == 2 && x->history.txt[0].cached == DAY &&
           x->history.txt[1].cached == 4 * DAY,
       "txt", "of each id its own");
    apr_pool_destroy(p);
}

/* --- findings and events --- */

static const char *standing_text(apr_pool_t *p, mtasts_ledger *l)
{
    apr_array_header_t *all;
    const char *text = "";
    int i;

    if (!mtasts_ledger_findings(l, p, &all)) {
        return mtasts_ledger_why(l);
    }
    for (i = 0; i < all->nelts; i++) {
        const mtasts_standing *s = &APR_ARRAY_IDX(all, i, mtasts_standing);

        text =
            apr_psprintf(p, "%s[%s %s %s '%s' '%s' %s %d %d]", text, s->scope,
                         s->subject, mtasts_code_name(s->code), s->text,
                         s->remedy, mtasts_severity_name(s->severity),
                         (int)(s->since - NOW), (int)s->said);
    }
    return text;
}

static void findings(void)
{
    apr_pool_t *p = pool();
    db d = new_ledger(p);
    mtasts_ledger *a = open_as(p, &d, "a"), *b = open_as(p, &d, "b");
    mtasts_standing one = {.scope = "x.test",
                           .subject = "mx.x.test",
                           .text = "o'ne",
                           .remedy = "mend",
                           .code = MTASTS_MX_UNMATCHED,
                           .severity = MTASTS_WARNING,
                           .since = NOW,
                           .said = 5},
                    two = {.scope = "x.test",
                           .subject = "mx.x.test",
                           .text = "two",
                           .remedy = "",
                           .code = MTASTS_MX_UNMATCHED,
                           .severity = MTASTS_UNKNOWN,
                           .since = NOW + 1},
                    mx = {.scope = "mx",
                          .subject = "mx.x.test [192.0.2.1]",
                          .text = "mx",
                          .remedy = "mend",
                          .code = MTASTS_MX_CERT_NAME,
                          .severity = MTASTS_ERROR,
                          .since = NOW,
                          .said = 6},
                    odd = {.scope = "x.test\n",
                           .subject = "s",
                           .text = "t",
                           .remedy = "r",
                           .code = MTASTS_MX_CERT_NAME};

    is_str(standing_text(p, a), "", "findings", "none at first");
    ok(said(a, mtasts_ledger_keep_findings(
                   a, p, (const mtasts_standing *[]){&two, &mx, &odd, &one}, 4,
                   NULL, 0)),
       "findings", "put");
    is_str(standing_text(p, a),
           "[mx mx.x.test [192.0.2.1] mx-cert-name 'mx' 'mend' error 0 6]"
           "[x.test mx.x.test mx-unmatched 'o'ne' 'mend' warning 0 5]"
           "[x.test mx.x.test mx-unmatched 'two' '' unknown 1 0]",
           "findings", "sorted, without what is not printable");
    is_str(standing_text(p, b), "", "findings", "each front has its own");
    one.said = 7;
    one.severity = MTASTS_ERROR;
    ok(said(a, mtasts_ledger_keep_findings(
                   a, p, (const mtasts_standing *[]){&one}, 1,
                   (const mtasts_standing *[]){&mx}, 1)),
       "findings", "one changes, one is dropped");
    mtasts_ledger_close(a);
    a = open_as(p, &d, "a");
    is_str(standing_text(p, a),
           "[x.test mx.x.test mx-unmatched 'o'ne' 'mend' error 0 7]"
           "[x.test mx.x.test mx-unmatched 'two' '' unknown 1 0]",
           "findings", "so it is read again");
    NEED(raw(&d, "UPDATE mtasts_finding SET code = 'of-the-future' "
                 "WHERE text = 'two'"));
    is_str(standing_text(p, a),
           "[x.test mx.x.test mx-unmatched 'o'ne' 'mend' error 0 7]",
           "findings", "a code of another version is left out");
    apr_pool_destroy(p);
}

static void events(void)
{
    apr_pool_t *p = pool();
    db d = new_ledger(p);
    mtasts_ledger *l = open_as(p, &d, "a"), *b = open_as(p, &d, "b");
    int i;

    for (i = 0; i < 130; i++) {
        NEED(mtasts_ledger_event(l, p, "x.test", "served",
                                 apr_psprintf(p, "it's %d", i), NOW - i));
    }
    NEED(mtasts_ledger_event(l, p, "y.test", "mode", "", NOW));
    NEED(mtasts_ledger_event(b, p, "x.test", "mode", "b", NOW));
    is_str(raw_one(p, &d,
                   "SELECT COUNT(*) FROM mtasts_event "
                   "WHERE domain = 'x.test' AND front = 'a'"),
           "100", "events", "the last 100 are kept");
    is_str(raw_one(p, &d,
                   "SELECT text FROM mtasts_event WHERE domain = "
                   "'x.test' AND front = 'a' ORDER BY seq DESC LIMIT 1"),
           "it's 129", "events", "the last");
    is_str(raw_one(p, &d,
                   "SELECT text FROM mtasts_event WHERE domain = "
                   "'x.test' AND front = 'a' ORDER BY seq LIMIT 1"),
           "it's 30", "events", "the first");
    ok(!mtasts_ledger_event(l, p, "x.test", "served", "line\nbreak", NOW),
       "events", "what is no text is refused");
    apr_pool_destroy(p);
}

/* --- front ends that are no more --- */

static void dead_fronts(void)
{
    apr_pool_t *p = pool();
    db d = new_ledger(p);
    mtasts_ledger *a = open_as(p, &d, "a"), *b = open_as(p, &d, "b"),
                  *c = open_as(p, &d, "c");
    mtasts_ledger_serving old = serving(p, "x.test", "mx1.x.test", "old"),
                          new = serving(p, "x.test", "mx2.x.test", "new"),
                          y = serving(p, "y.test", "mx1.x.test", "y");
    mtasts_standing f = {.scope = "x.test",
                         .subject = "mx.x.test",
                         .text = "text",
                         .remedy = "",
                         .code = MTASTS_MX_UNMATCHED,
                         .severity = MTASTS_WARNING,
                         .since = NOW};
    const mtasts_standing *put[] = {&f};
    const mtasts_ledger_held held = {new.digest, new.id, 1};
    int64_t late = NOW + 31 * DAY;
    const char *x_is = "[old enforce mx1.x.test -10..500]"
                       "[new enforce mx2.x.test 0..300]";
    int i, more;

    /* a's row is longer at its end, that of others at its beginning; b's is
     * open when it goes. */
    ok(said(c, mtasts_ledger_saw_policy(c, p, &old, NOW - 10)), "dead", "seen");
    ok(said(c, mtasts_ledger_saw_policy(c, p, &y, NOW + 100)), "dead", "seen");
    ok(SERVE(a, p, NOW, NOW + 60, old), "dead", "a");
    ok(said(a, mtasts_ledger_beat(a, NOW + 440, NOW + 500)), "dead", "a");
    ok(SERVE(b, p, NOW, NOW + 60, old, y), "dead", "b");
    ok(SERVE(b, p, NOW + 60, NOW + 120, new, y), "dead", "b another one");
    ok(said(b, mtasts_ledger_beat(b, NOW + 240, NOW + 300)), "dead", "b");
    NEED(raw(&d, "UPDATE mtasts_served SET first_served = first_served - 60 "
                 "WHERE id = 'new'"));
    NEED(mtasts_ledger_keep_findings(a, p, put, 1, NULL, 0));
    NEED(mtasts_ledger_keep_findings(c, p, put, 1, NULL, 0));
    NEED(mtasts_ledger_hold(a, p, "x.test", &held));
    NEED(mtasts_ledger_hold(c, p, "x.test", &held));
    for (i = 0; i < 70; i++) {
        NEED(mtasts_ledger_event(a, p, "x.test", "mode",
                                 apr_psprintf(p, "a%d", i), NOW));
        NEED(mtasts_ledger_event(b, p, "x.test", "mode",
                                 apr_psprintf(p, "b%d", i), NOW));
    }
    NEED(mtasts_ledger_event(b, p, "gone.test", "withdrawn", "b", NOW));
    ok(tidy_all(p, c, NOW + 30 * DAY) == 1, "dead", "not before 30 days");
    is_str(count(p, &d, "front"), "2", "dead", "all are there");
    ok(SERVE(c, p, late, late + 60, y), "dead", "one is alive");
    is_str(known(p, c, "x.test", late), x_is, "dead", "x.test before");

    ok(tidy_all(p, c, late) == 3, "dead", "tidy");
    is_str(known(p, c, "x.test", late), x_is, "dead", "x.test is as it was");
    is_str(known(p, a, "y.test", late),
           "[y enforce mx1.x.test 0..2678460] elsewhere", "dead",
           "y.test, that another one serves");
    is_str(raw_one(p, &d, "SELECT front FROM mtasts_front"), "c", "dead",
           "who is alive stays");
    is_str(count(p, &d, "served WHERE front = ''"), "3", "dead",
           "others have each policy once");
    is_str(count(p, &d, "served WHERE is_open = 1"), "1", "dead",
           "and don't serve it now");
    is_str(count(p, &d, "served"), "4", "dead", "no other rows");
    is_str(count(p, &d, "finding"), "1", "dead", "c's finding stays");
    is_str(count(p, &d, "held"), "1", "dead", "and what it holds back");
    is_str(count(p, &d, "event WHERE front <> ''"), "0", "dead",
           "the events have moved");
    is_str(count(p, &d, "event WHERE domain = 'x.test'"), "100", "dead",
           "of a domain 100 at most");
    is_str(raw_one(p, &d,
                   "SELECT text FROM mtasts_event WHERE domain = 'x.test' "
                   "ORDER BY seq LIMIT 1"),
           "a40", "dead", "the last ones, in order");
    is_str(raw_one(p, &d,
                   "SELECT text FROM mtasts_event WHERE domain = 'gone.test'"),
           "b", "dead", "also of what it does not serve");

    ok(!mtasts_ledger_beat(b, NOW + 300, NOW + 360) &&
           strstr(mtasts_ledger_why(b), "does not know what is served"),
       "dead", "one that was alive is told");
    ok(SERVE(b, p, NOW + 301, NOW + 361, new, y), "dead", "says it again");
    is_str(known(p, c, "x.test", NOW + 302),
           "[old enforce mx1.x.test -10..500]"
           "[new enforce mx2.x.test 0..361] elsewhere",
           "dead", "and all is as it was");
    mtasts_ledger_close(c);
    ok(tidy_all(p, b, late + 31 * DAY) == 2, "dead", "c is gone, too");
    is_str(raw_one(p, &d, "SELECT front FROM mtasts_front"), "b", "dead",
           "oneself is not");
    is_str(known(p, b, "y.test", late), "[y enforce mx1.x.test 0..2678460]",
           "dead", "y.test");
    ok(mtasts_ledger_tidy(b, p, -5, &more) && !more, "dead", "no time");
    apr_pool_destroy(p);
}

/* It takes several steps; in between the front turns out to be alive. */
static void half_dead(void)
{
    enum { N = 2500 };
    apr_pool_t *p = pool();
    db d = new_ledger(p);
    mtasts_ledger *a = open_as(p, &d, "a"), *b = open_as(p, &d, "b");
    mtasts_ledger_serving *s = apr_palloc(p, N * sizeof(*s));
    int64_t late = NOW + 31 * DAY;
    int i, more = 0;

    for (i = 0; i < N; i++) {
        s[i] = serving(p, apr_psprintf(p, "d%d.test", i), "mx.test", "one");
    }
    ok(said(a, mtasts_ledger_serve(a, p, s, N, NOW, NOW + 60)), "half", "a");
    ok(said(b, mtasts_ledger_tidy(b, p, late, &more)) && more, "half",
       "a step");
    is_str(count(p, &d, "served WHERE front = ''"), "1001", "half", "moved");
    is_str(known(p, b, "d0.test", NOW), "[one enforce mx.test 0..60]", "half",
           "what has moved");
    is_str(known(p, b, "d999.test", NOW),
           "[one enforce mx.test 0..60] elsewhere", "half", "what has not");
    ok(!mtasts_ledger_beat(a, NOW + 50, NOW + 110), "half", "a beat fails");
    ok(said(a, mtasts_ledger_serve(a, p, s, N, NOW + 51, NOW + 111)), "half",
       "it says again");
    is_str(count(p, &d, "served WHERE front = 'a' AND is_open = 1"), "2500",
           "half", "all is there");
    ok(said(a, mtasts_ledger_beat(a, late, late + 60)), "half", "a beat");
    ok(tidy_all(p, b, late) == 1, "half", "it is alive now");
    is_str(known(p, b, "d0.test", late),
           "[one enforce mx.test 0..2678460] elsewhere", "half", "moved once");
    ok(tidy_all(p, b, late + 31 * DAY) == 4, "half", "dead after all");
    is_str(count(p, &d, "served WHERE front = ''"), "2500", "half", "others");
    is_str(count(p, &d, "served"), "2500", "half", "only");
    is_str(count(p, &d, "front"), "0", "half", "nobody");
    is_str(known(p, b, "d0.test", late), "[one enforce mx.test 0..2678460]",
           "half", "nothing is lost");
    is_str(known(p, b, "d999.test", late), "[one enforce mx.test 0..2678460]",
           "half", "nothing is lost");
    apr_pool_destroy(p);
}

/* --- several calls as one --- */

static void as_one(void)
{
    apr_pool_t *p = pool();
    db d = new_ledger(p);
    mtasts_ledger *l = open_as(p, &d, "a"), *b = open_as(p, &d, "b");
    mtasts_ledger_serving s = serving(p, "x.test", "mx.x.test", "one"), bad = s;

    bad.digest = "0123456789abcdef0123456789abcdef";
    ok(said(l, mtasts_ledger_begin(l, p)), "as one", "begin");
    ok(said(l, mtasts_ledger_saw_txt(l, p, "x.test", "A", DAY, NOW)), "as one",
       "1");
    ok(said(l, mtasts_ledger_release(l, p, &s, NOW)), "as one", "2");
    is_str(known(p, b, "x.test", NOW), "nothing", "as one", "not yet");
    ok(said(l, mtasts_ledger_end(l, 1)), "as one", "end");
    is_str(known(p, b, "x.test", NOW), " txt A 0 released one", "as one",
           "now");

    ok(said(l, mtasts_ledger_begin(l, p)), "taken back", "begin");
    ok(SERVE(l, p, NOW, NOW + 60, s), "taken back", "serve");
    ok(said(l, mtasts_ledger_end(l, 0)), "taken back", "end");
    is_str(known(p, l, "x.test", NOW), " txt A 0 released one", "taken back",
           "nothing is written");

    ok(said(l, mtasts_ledger_begin(l, p)), "failed", "begin");
    ok(said(l, mtasts_ledger_saw_txt(l, p, "x.test", "B", DAY, NOW)), "failed",
       "1");
    ok(!SERVE(l, p, NOW, NOW + 60, bad), "failed", "2");
    ok(!mtasts_ledger_saw_txt(l, p, "x.test", "C", DAY, NOW), "failed", "3");
    ok(!mtasts_ledger_end(l, 1), "failed", "end");
    ok(strstr(mtasts_ledger_why(l), "don't fit") != NULL, "failed",
       "why is what failed first");
    is_str(known(p, l, "x.test", NOW), " txt A 0 released one", "failed",
           "nothing is written");
    ok(SERVE(l, p, NOW, NOW + 60, s), "failed", "all is well afterwards");
    apr_pool_destroy(p);
}

/* --- for reading only --- */

static void for_reading(void)
{
    apr_pool_t *p = pool();
    db d = new_ledger(p);
    const char *why;
    mtasts_ledger *l = try_open(p, &d, "a", 0, &why);
    mtasts_ledger_serving s = serving(p, "x.test", "mx.x.test", "one");
    apr_array_header_t *none;

    NEED(l);
    is_str(known(p, l, "x.test", NOW), "nothing", "reading", "none: empty");
    ok(mtasts_ledger_findings(l, p, &none) && none->nelts == 0, "reading",
       "no findings");
    ok(SERVE(l, p, NOW, NOW + 60, s) && mtasts_ledger_begin(l, p) &&
           mtasts_ledger_saw_txt(l, p, "x.test", "A", DAY, NOW) &&
           mtasts_ledger_end(l, 1),
       "reading", "writing has no effect");
    is_str(known(p, l, "x.test", NOW), "nothing", "reading", "still none");
    if (!given.driver) {
        ok(access(d.params, F_OK) != 0, "reading", "no file was made");
    }
    mtasts_ledger_close(l);

    l = open_as(p, &d, "a");
    ok(SERVE(l, p, NOW, NOW + 60, s), "reading", "one is made");
    mtasts_ledger_close(l);
    l = try_open(p, &d, "b", 0, &why);
    NEED(l);
    ok(mtasts_ledger_serve(l, p, NULL, 0, NOW, NOW + 60) &&
           mtasts_ledger_release(l, p, &s, NOW) &&
           mtasts_ledger_beat(l, NOW, NOW + 999),
       "reading", "writing has no effect");
    is_str(known(p, l, "x.test", NOW),
           "[one enforce mx.x.test 0..60] elsewhere", "reading", "is read");
    apr_pool_destroy(p);
}

/* --- names, sizes --- */

static void names(void)
{
    apr_pool_t *p = pool();
    db d = new_ledger(p);
    char x[600];
    mtasts_ledger *l, *m;
    mtasts_ledger_serving s = serving(p, "x.test", "mx.x.test", "one");

    memset(x, 'x', sizeof(x));
    x[599] = '\0';
    l = open_as(p, &d, x);
    x[598] = 'y';
    m = open_as(p, &d, x);
    ok(SERVE(l, p, NOW, NOW + 60, s), "names", "a very long front's");
    is_str(known(p, m, "x.test", NOW),
           "[one enforce mx.x.test 0..60] elsewhere", "names",
           "another one that differs in its end");
    mtasts_ledger_close(m);
    m = open_as(p, &d, "'; DROP TABLE mtasts_served; -- \xff%s");
    ok(SERVE(m, p, NOW + 1, NOW + 61, s), "names", "an evil one");
    is_str(known(p, m, "x.test", NOW),
           "[one enforce mx.x.test 0..61] elsewhere", "names", "is a name");
    apr_pool_destroy(p);
}

/* An id by hand each hour: what senders may hold is not lost behind them. */
static void many_ids(void)
{
    enum { N = 1200 };
    apr_pool_t *p = pool();
    db d = new_ledger(p);
    mtasts_ledger *l = open_as(p, &d, "a");
    mtasts_ledger_serving *s = apr_palloc(p, (N + 2) * sizeof(*s));
    const mtasts_ledger_domain *x;
    apr_hash_t *all;
    size_t j;
    int i, other = 0, kept = 0;

    s[0] = s[N] = s[N + 1] = serving(p, "x.test", "mx.x.test", "n0");
    /* One whose rows come before those of the ids, and one behind. */
    for (i = 0; i < 1000 && (strcmp(s[N].digest, s[0].digest) >= 0 ||
                             strcmp(s[N + 1].digest, s[0].digest) <= 0);
         i++) {
        s[N + (i & 1)] =
            serving(p, "x.test", apr_psprintf(p, "other%d.x.test", i), NULL);
    }
    for (i = 0; i < N; i++) {
        s[i] = s[0];
        s[i].id = apr_psprintf(p, "n%d", i);
    }
    ok(said(l, mtasts_ledger_serve(l, p, s, N + 2, NOW, NOW + 60)), "ids",
       "serve");
    ok(said(l, mtasts_ledger_read(l, p, NOW, &all)), "ids", "read");
    x = apr_hash_get(all, "x.test", APR_HASH_KEY_STRING);
    for (j = 0; x && j < x->history.npast; j++) {
        const char *digest = x->history.past[j].digest;

        other +=
            !strcmp(digest, s[N].digest) || !strcmp(digest, s[N + 1].digest);
        kept += !strcmp(digest, s[0].digest);
    }
    ok(other == 2, "ids", "the other policies are there");
    ok(kept > 900 && kept < N, "ids", "and as many of these as have room");
    apr_pool_destroy(p);
}

/* More than a page of each table, and domains of one policy share it. */
static void many(void)
{
    enum { N = 2500 };
    apr_pool_t *p = pool();
    db d = new_ledger(p);
    mtasts_ledger *l = open_as(p, &d, "a");
    mtasts_ledger_serving *s = apr_palloc(p, N * sizeof(*s));
    const mtasts_ledger_domain *x, *y;
    apr_hash_t *all;
    int i, good = 1;

    for (i = 0; i < N; i++) {
        s[i] = serving(p, apr_psprintf(p, "d%d.test", i),
                       i < 1250 ? apr_psprintf(p, "mx%d.test", i) : "mx.test",
                       NULL);
    }
    ok(said(l, mtasts_ledger_serve(l, p, s, N, NOW, NOW + 60)), "many",
       "serve");
    ok(said(l, mtasts_ledger_begin(l, p)), "many", "begin");
    for (i = 0; i < N && good; i++) {
        good = mtasts_ledger_saw_txt(l, p, s[i].domain, s[i].id, DAY, NOW) &&
               mtasts_ledger_release(l, p, &s[i], NOW);
    }
    ok(said(l, good && mtasts_ledger_end(l, 1)), "many", "txt and released");
    ok(said(l, mtasts_ledger_read(l, p, NOW, &all)), "many", "read");
    ok(apr_hash_count(all) == N, "many", "all are there");
    for (i = 0; i < N && good; i++) {
        x = apr_hash_get(all, s[i].domain, APR_HASH_KEY_STRING);
        good = x && x->history.npast == 1 && x->history.ntxt && x->released &&
               !strcmp(x->released_body, s[i].body) &&
               !strcmp(x->history.past[0].policy.mx[0], s[i].policy->mx[0]);
    }
    ok(good, "many", "and right");
    x = apr_hash_get(all, "d2000.test", APR_HASH_KEY_STRING);
    y = apr_hash_get(all, "d2001.test", APR_HASH_KEY_STRING);
    ok(x && y && x->released_body == y->released_body &&
           x->history.past->policy.mx == y->history.past->policy.mx,
       "many", "equal policies are there once");
    ok(said(l, mtasts_ledger_serve(l, p, s + 1000, 1000, NOW + 50, NOW + 110)),
       "many", "fewer");
    is_str(known(p, l, "d999.test", NOW),
           apr_psprintf(p, "[%s enforce mx999.test 0..50] txt %s 0 released %s",
                        s[999].id, s[999].id, s[999].id),
           "many", "gone");
    is_str(known(p, l, "d1999.test", NOW),
           apr_psprintf(p, "[%s enforce mx.test 0..110] txt %s 0 released %s",
                        s[1999].id, s[1999].id, s[1999].id),
           "many", "goes on");
    apr_pool_destroy(p);
}

/* --- at the same time --- */

static int write_step(apr_pool_t *p, mtasts_ledger *l, int step)
{
    mtasts_ledger_serving s =
        serving(p, "x.test", apr_psprintf(p, "mx%d.test", step / 3), NULL);

    switch (step % 3) {
    case 0:
        return mtasts_ledger_serve(l, p, &s, 1, NOW + step, NOW + 60 + step);
    case 1:
        return mtasts_ledger_event(l, p, "x.test", "served", "", NOW);
    default:
        return mtasts_ledger_saw_txt(l, p, "x.test", s.id, DAY, NOW);
    }
}

/* What one of several processes does.  sqlite3's driver looks each 100 ms whether
 * the lock is free, and gives up after 1.6 s: among others that write all the
 * time it may have no luck. */
static int write_much(apr_pool_t *p, const db *d, const char *front)
{
    mtasts_ledger *l = NULL;
    const char *why = "";
    int step = 0, tries;

    for (tries = 0; step < 60 && tries < 20; tries++) {
        if (!l) {
            l = try_open(p, d, front, 1, &why);
        }
        while (l && step < 60 && write_step(p, l, step)) {
            step++;
        }
        if (step < 60 && !strstr(l ? mtasts_ledger_why(l) : why, "locked")) {
            printf("# %s\n", l ? mtasts_ledger_why(l) : why);
            break;
        }
    }
    if (l) {
        mtasts_ledger_close(l);
    }
    return step == 60;
}

/* Several processes write at the same time: nothing is lost. */
static void crowd(void)
{
    enum { N = 4 };
    apr_pool_t *p = pool();
    db d = new_ledger(p);
    pid_t child[N];
    int i, status, good = 1;

    for (i = 0; i < N; i++) {
        child[i] = fork();
        NEED(child[i] >= 0);
        if (child[i] == 0) {
            apr_pool_t *own = pool();

            _exit(!write_much(own, &d, apr_psprintf(own, "front%d", i)));
        }
    }
    for (i = 0; i < N; i++) {
        good = waitpid(child[i], &status, 0) == child[i] && status == 0 && good;
    }
    ok(good, "crowd", "four that make and write it at once");
    is_str(raw_one(p, &d, "SELECT COUNT(*) FROM mtasts_served"), "80", "crowd",
           "all is there");
    is_str(raw_one(p, &d, "SELECT COUNT(*) FROM mtasts_event"), "80", "crowd",
           "all is there");
    apr_pool_destroy(p);
}

static int tidy_much(apr_pool_t *p, const db *d, const char *front)
{
    mtasts_ledger *l = open_as(p, d, front);
    int more = 1, tries;

    for (tries = 0; more && tries < 200; tries++) {
        if (!mtasts_ledger_tidy(l, p, NOW + 31 * DAY, &more)) {
            more = 1; /* the others were in the way */
        }
    }
    return !more;
}

/* Several processes clear up at the same time, and one that they take for dead
 * isn't. */
static void crowd_tidies(void)
{
    enum { N = 4, FRONTS = 6, DOMAINS = 1300 };
    apr_pool_t *p = pool();
    db d = new_ledger(p);
    mtasts_ledger_serving *s = apr_palloc(p, DOMAINS * sizeof(*s));
    mtasts_ledger *l;
    pid_t child[N];
    int i, told = 1, status, good = 1;

    for (i = 0; i < DOMAINS; i++) {
        s[i] = serving(p, apr_psprintf(p, "d%d.test", i), "mx.test", "one");
    }
    for (i = 0; i < FRONTS; i++) {
        l = open_as(p, &d, apr_psprintf(p, "dead%d", i));
        NEED(mtasts_ledger_serve(l, p, s, DOMAINS, NOW - i, NOW + 60 + i));
        mtasts_ledger_close(l); /* no other process may have it */
    }
    for (i = 0; i < N; i++) {
        child[i] = fork();
        NEED(child[i] >= 0);
        if (child[i] == 0) {
            apr_pool_t *own = pool();

            _exit(!tidy_much(own, &d, apr_psprintf(own, "alive%d", i)));
        }
    }
    l = open_as(p, &d, apr_psprintf(p, "dead%d", FRONTS - 1));
    for (i = 0; i < 40; i++) {
        if (!told || !mtasts_ledger_beat(l, NOW + 100 + i, NOW + 160 + i)) {
            told = mtasts_ledger_serve(l, p, s, DOMAINS, NOW + 100 + i,
                                       NOW + 160 + i);
        }
    }
    for (i = 0; i < N; i++) {
        good = waitpid(child[i], &status, 0) == child[i] && status == 0 && good;
    }
    ok(good, "tidy crowd", "four at once");
    for (i = 0; !said(l, mtasts_ledger_beat(l, NOW + 300, NOW + 360)) && i < 9;
         i++) {
        mtasts_ledger_serve(l, p, s, DOMAINS, NOW + 300, NOW + 360);
    }
    is_str(count(p, &d, "served WHERE front <> '' AND front <> 'dead5'"), "0",
           "tidy crowd", "the dead ones are gone");
    is_str(count(p, &d, "served WHERE is_open = 1"), "1300", "tidy crowd",
           "what is served is there");
    is_str(count(p, &d,
                 "served WHERE front = '' AND first_served = 1799999996 "
                 "OR front = '' AND first_served = 1799999995"),
           "1300", "tidy crowd", "others since the first of them");
    is_str(known(p, l, "d7.test", NOW), "[one enforce mx.test -5..360]",
           "tidy crowd", "nothing is lost");
    apr_pool_destroy(p);
}

int main(int argc, const char *const *argv)
{
    take_arguments(argc, argv);
    begin_tests();
    one_front();
    twice();
    two_fronts();
    clock_jumps();
    others();
    released();
    held_back();
    txt();
    txt_cached();
    findings();
    events();
    dead_fronts();
    half_dead();
    as_one();
    for_reading();
    names();
    many();
    crowd();
    crowd_tidies();
    many_ids();
    return done();
}
