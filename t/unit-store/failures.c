/*
 * What can go wrong with a ledger in SQLite, its file above all: it says why, and
 * overwrites nothing.  With the argument DIRECTORY, of a disk with little room:
 * what happens when that is full; t/ledger.t does so, as it takes root.
 */

#include "store.h"

#include <errno.h>
#include <fcntl.h>

/* --- a ledger with a bit of everything --- */

static int fill_plan(apr_pool_t *p, mtasts_ledger *l,
                     const mtasts_ledger_serving *s, int64_t now)
{
    const mtasts_ledger_step step = {MTASTS_MODE_ENFORCE, 604800, now, now,
                                     now};
    const mtasts_ledger_publishing sts = {
        "v=STSv1; id=one;", {MTASTS_RECORD_DONE, now, 0, now, 0}, NULL};
    const mtasts_ledger_fetches fetches = {
        s->domain, s->digest, s->id, MTASTS_SENDER_GOOGLE, 3, now, now};
    int lost;

    return mtasts_ledger_set_step(l, p, s->domain, NULL, &step, &lost) &&
           mtasts_ledger_set_publishing(l, p, s->domain, MTASTS_LEDGER_STS,
                                        NULL, &sts, &lost) &&
           mtasts_ledger_add_fetches(l, p, &fetches, 1);
}

static void fill(apr_pool_t *p, mtasts_ledger *l, int64_t now)
{
    mtasts_ledger_serving s[6];
    mtasts_standing f = {.scope = "x.test",
                         .subject = "mx.x.test",
                         .text = "text",
                         .remedy = "remedy",
                         .code = MTASTS_MX_UNMATCHED,
                         .severity = MTASTS_ERROR,
                         .since = now};
    int i, good = 1;

    for (i = 0; i < 6; i++) {
        s[i] = serving(p, apr_psprintf(p, "d%d.test", i),
                       apr_psprintf(p, "mx%d.test", i % 3), NULL);
    }
    NEED(said(l, mtasts_ledger_serve(l, p, s, 4, now, now + 60)));
    NEED(said(l, mtasts_ledger_serve(l, p, s + 1, 5, now + 5, now + 65)));
    for (i = 0; i < 6 && good; i++) {
        good = mtasts_ledger_saw_txt(l, p, s[i].domain, s[i].id, DAY, now) &&
               mtasts_ledger_release(l, p, &s[i], now) &&
               fill_plan(p, l, &s[i], now) &&
               mtasts_ledger_event(l, p, s[i].domain, "served", "text", now);
    }
    NEED(said(l,
              good && mtasts_ledger_keep_findings(
                          l, p, (const mtasts_standing *[]){&f}, 1, NULL, 0)));
}

/* The file of such a ledger, with small pages so that it is small. */
static db small(apr_pool_t *p)
{
    db d = new_file(p);
    mtasts_ledger *l = open_as(p, &d, "a");

    fill(p, l, NOW);
    mtasts_ledger_close(l);
    NEED(raw(&d, "PRAGMA page_size=512;VACUUM"));
    return d;
}

static int is_time(int64_t t)
{
    return t >= 0 && t <= INT64_C(253402300799);
}

static int plan_is_sane(const mtasts_ledger_domain *d)
{
    const mtasts_ledger_step *step = d->step;
    int i;

    for (i = 0; i < MTASTS_LEDGER_RECORDS; i++) {
        const mtasts_ledger_publishing *of = d->publishing[i];
        const char *s = of ? of->value : "v";

        while (*s >= 0x20 && *s <= 0x7e) {
            s++;
        }
        if (*s || (of && (!*of->value ||
                          (unsigned)of->is.state > MTASTS_RECORD_DONE ||
                          !is_time(of->is.since) || !is_time(of->is.next) ||
                          !is_time(of->is.served)))) {
            return 0;
        }
    }
    return !step ||
           ((unsigned)step->mode <= MTASTS_MODE_NONE && step->max_age > 0 &&
            step->max_age <= MTASTS_MAX_AGE_MAX && is_time(step->since) &&
            is_time(step->green) && is_time(step->looked));
}

static int fetches_are_sane(apr_pool_t *p, apr_hash_t *all)
{
    apr_hash_index_t *hi;
    mtasts_finding why;
    int i;

    for (hi = apr_hash_first(p, all); hi; hi = apr_hash_next(hi)) {
        const apr_array_header_t *rows = apr_hash_this_val(hi);
        char name[MTASTS_NAME_SIZE];

        for (i = 0; i < rows->nelts; i++) {
            const mtasts_ledger_fetches *f =
                &APR_ARRAY_IDX(rows, i, mtasts_ledger_fetches);

            if (!mtasts_domain_parse(f->domain, name, &why) ||
                !mtasts_id_check(f->digest, &why) ||
                !mtasts_id_check(f->id, &why) ||
                (unsigned)f->sender >= MTASTS_SENDERS || !f->n ||
                !is_time(f->first) || !is_time(f->last) || f->first > f->last) {
                return 0;
            }
        }
    }
    return 1;
}

/* 1 if all that comes out of it is as the module takes it. */
static int is_sane(apr_pool_t *p, apr_hash_t *all)
{
    apr_hash_index_t *hi;
    mtasts_finding why;
    size_t i, j;

    for (hi = apr_hash_first(p, all); hi; hi = apr_hash_next(hi)) {
        const mtasts_ledger_domain *d = apr_hash_this_val(hi);
        const mtasts_history *h = &d->history;
        char name[MTASTS_NAME_SIZE];

        if (!mtasts_domain_parse(d->domain, name, &why) || h->ntxt > 64 ||
            (d->released && !d->released_body) || !plan_is_sane(d)) {
            return 0;
        }
        for (i = 0; i < h->ntxt; i++) {
            if (*h->txt[i].id && !mtasts_id_check(h->txt[i].id, &why)) {
                return 0;
            }
        }
        for (i = 0; i < h->npast; i++) {
            const mtasts_policy *policy = &h->past[i].policy;

            if (!mtasts_id_check(h->past[i].id, &why) ||
                policy->max_age != 604800 ||
                policy->mode != MTASTS_MODE_ENFORCE || policy->nmx != 1 ||
                h->past[i].first_served > h->past[i].last_served) {
                return 0;
            }
            for (j = 0; j < policy->nmx; j++) {
                if (!mtasts_mx_pattern_parse(policy->mx[j], name, &why)) {
                    return 0;
                }
            }
        }
    }
    return 1;
}

/* Reads all there is; 1 if that is sane, or if it fails with words. */
static int reads(apr_pool_t *p, mtasts_ledger *l)
{
    apr_array_header_t *findings;
    apr_hash_t *all, *fetches;

    if (!mtasts_ledger_read(l, p, NOW, &all)) {
        return *mtasts_ledger_why(l) != '\0';
    }
    return is_sane(p, all) &&
           (mtasts_ledger_findings(l, p, &findings) ||
            *mtasts_ledger_why(l) != '\0') &&
           (mtasts_ledger_read_fetches(l, p, NULL, &fetches)
                ? fetches_are_sane(p, fetches)
                : *mtasts_ledger_why(l) != '\0');
}

/* --- damage --- */

/* Cut at any byte: it works or says why, and not a byte is changed by opening and
 * reading it.  (A file of one byte is an empty one to SQLite: some file systems
 * need that.) */
static void cut(void)
{
    apr_pool_t *p = pool();
    db whole = small(p), d = new_file(p);
    apr_size_t len, n;
    char *bytes = slurp(p, whole.params, &len);
    int opened = 0;

    printf("# %lu bytes\n", (unsigned long)len);
    for (n = 2; n <= len; n++) {
        apr_pool_t *each = pool();
        const char *why;
        mtasts_ledger *l;

        spew(each, d.params, bytes, n);
        l = try_open(each, &d, "a", 1, &why);
        if (!(l ? reads(each, l) : *why != '\0')) {
            printf("# at %lu: %s\n", (unsigned long)n, l ? "wrong" : "silent");
            break;
        }
        opened += l != NULL;
        if (!same_bytes(each, d.params, bytes, n)) {
            printf("# at %lu: changed\n", (unsigned long)n);
            break;
        }
        apr_pool_destroy(each);
    }
    ok(n == len + 1, "cut", "at any byte");
    ok(opened == 1, "cut", "only the whole one is taken for a ledger");
    apr_pool_destroy(p);
}

static unsigned long long dice = 8461;

static unsigned roll(unsigned below)
{
    dice = dice * 6364136223846793005ULL + 1442695040888963407ULL;
    return (unsigned)(dice >> 33) % below;
}

/* Bytes changed anywhere: nothing crashes, and what is read is sane. */
static void flips(void)
{
    enum { ROUNDS = 1500 };
    apr_pool_t *p = pool();
    db whole = small(p), d = new_file(p);
    apr_size_t len;
    char *bytes = slurp(p, whole.params, &len), *bad = apr_palloc(p, len);
    int round, worked = 0, failed = 0;

    for (round = 0; round < ROUNDS; round++) {
        apr_pool_t *each = pool();
        unsigned n = 1 + roll(8);
        const char *why;
        mtasts_ledger *l;

        memcpy(bad, bytes, len);
        while (n--) {
            /* More often where much depends on it. */
            bad[roll(roll(3) ? (unsigned)len : 600)] = (char)roll(256);
        }
        spew(each, d.params, bad, len);
        l = try_open(each, &d, "a", 1, &why);
        if (!(l ? reads(each, l) : *why != '\0')) {
            printf("# round %d\n", round);
            break;
        }
        if (!l) {
            failed++;
        }
        else {
            mtasts_ledger_serving s =
                serving(each, "new.test", "mx1.test", NULL);

            worked += SERVE(l, each, NOW + 9, NOW + 69, s) ? 1 : 0;
            fill_plan(each, l, &s, NOW);
            if (!reads(each, l)) {
                printf("# round %d, after writing\n", round);
                break;
            }
        }
        apr_pool_destroy(each);
        unlink(apr_pstrcat(p, d.params, "-journal", NULL));
    }
    printf("# %d not opened, %d written to\n", failed, worked);
    ok(round == ROUNDS, "flips", "nothing that is not sane comes out");
    ok(failed > 50 && worked > 50, "flips", "both kinds were there");
    apr_pool_destroy(p);
}

/* Rows that no module has written. */
static void rows(void)
{
    static const struct {
        const char *name, *sql, *known;
    } cases[] = {
        {"mode",
         "UPDATE mtasts_body SET body = replace(body, 'enforce', "
         "'Enforce')",
         "nothing"},
        {"max_age",
         "UPDATE mtasts_body SET body = replace(body, '604800', "
         "'31557601')",
         "nothing"},
        {"mx", "UPDATE mtasts_body SET body = replace(body, 'mx: ', 'mx: *')",
         "nothing"},
        {"another right policy's text",
         "UPDATE mtasts_body SET body = replace(body, 'mx1', 'mx2')",
         "nothing"},
        {"no text", "UPDATE mtasts_body SET body = ''", "nothing"},
        {"a blob", "UPDATE mtasts_body SET body = zeroblob(70000)", "nothing"},
        {"a digest", "UPDATE mtasts_served SET digest = 'x'", "nothing"},
        {"an id", "UPDATE mtasts_served SET id = 'no id'", "nothing"},
        {"no id", "UPDATE mtasts_served SET id = ''", "nothing"},
        {"a domain", "UPDATE mtasts_served SET domain = 'X.test'", "nothing"},
        {"a time", "UPDATE mtasts_served SET last_served = -1", "nothing"},
        {"a time that is none", "UPDATE mtasts_served SET first_served = '1x'",
         "nothing"},
        {"a time without end",
         "UPDATE mtasts_served SET last_served = "
         "9223372036854775807",
         "nothing"},
        {"times the wrong way round",
         "UPDATE mtasts_served SET first_served = 1800000070, is_open = 0",
         "[one enforce mx1.x.test 0..0]"},
        {"until when", "UPDATE mtasts_front SET served_until = 'soon'",
         "[one enforce mx1.x.test 0..0]"},
        {"an unknown front", "DELETE FROM mtasts_front",
         "[one enforce mx1.x.test 0..0]"},
        {"open", "UPDATE mtasts_served SET is_open = 'yes'",
         "[one enforce mx1.x.test 0..0]"},
    };
    size_t i;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        apr_pool_t *p = pool();
        db d = new_file(p);
        mtasts_ledger *l = open_as(p, &d, "a");
        mtasts_ledger_serving s = serving(p, "x.test", "mx1.x.test", "one");

        NEED(SERVE(l, p, NOW, NOW + 60, s));
        NEED(raw(&d, cases[i].sql));
        is_str(known(p, l, "x.test", NOW), cases[i].known, "row",
               cases[i].name);
        apr_pool_destroy(p);
    }
}

/* --- the file is not to be used --- */

typedef struct {
    apr_pool_t *p;
    db d;
    const char *dir; /* the file's */
} place;

static void no_directory(place *at)
{
    at->d.params = apr_pstrcat(at->p, at->dir, "/no/ledger", NULL);
}

static void linked_file(place *at)
{
    db other = new_file(at->p);

    mtasts_ledger_close(open_as(at->p, &other, "a"));
    NEED(symlink(other.params, at->d.params) == 0);
}

static void linked_nowhere(place *at)
{
    NEED(symlink("nowhere", at->d.params) == 0);
}

static void linked_directory(place *at)
{
    const char *link = apr_pstrcat(at->p, at->dir, ".link", NULL);

    NEED(symlink(at->dir, link) == 0);
    at->d.params = apr_pstrcat(at->p, link, "/ledger", NULL);
}

static void others_write_directory(place *at)
{
    NEED(chmod(at->dir, 0770) == 0);
}

static void others_write_file(place *at)
{
    mtasts_ledger_close(open_as(at->p, &at->d, "a"));
    NEED(chmod(at->d.params, 0602) == 0);
}

static void is_directory(place *at)
{
    NEED(mkdir(at->d.params, 0700) == 0);
}

static void is_fifo(place *at)
{
    NEED(mkfifo(at->d.params, 0600) == 0);
}

static void in_a_file(place *at)
{
    spew(at->p, at->d.params, "x", 1);
    at->d.params = apr_pstrcat(at->p, at->d.params, "/ledger", NULL);
}

static void text(place *at)
{
    spew(at->p, at->d.params, "MTASTSEngine On, or so.\n", 24);
}

static void foreign(place *at)
{
    NEED(raw(&at->d, "CREATE TABLE passwords (x)"));
    NEED(chmod(at->d.params, 0600) == 0);
}

static void newer(place *at)
{
    mtasts_ledger_close(open_as(at->p, &at->d, "a"));
    NEED(raw(&at->d, "UPDATE mtasts_meta SET value = '2'"));
}

static void no_version(place *at)
{
    mtasts_ledger_close(open_as(at->p, &at->d, "a"));
    NEED(raw(&at->d, "UPDATE mtasts_meta SET value = 'x'"));
}

static void no_tables(place *at)
{
    mtasts_ledger_close(open_as(at->p, &at->d, "a"));
    NEED(raw(&at->d, "DROP TABLE mtasts_served"));
}

static void relative(place *at)
{
    at->d.params = "ledger";
}

static void memory(place *at)
{
    at->d.params = ":memory:";
}

static void uri(place *at)
{
    at->d.params =
        apr_pstrcat(at->p, "file://", at->d.params, "?mode=memory", NULL);
}

static void slash(place *at)
{
    at->d.params = apr_pstrcat(at->p, at->dir, "/", NULL);
}

static void no_driver(place *at)
{
    at->d.driver = "nosuch";
}

static void read_only_file(place *at)
{
    mtasts_ledger_close(open_as(at->p, &at->d, "a"));
    NEED(chmod(at->d.params, 0400) == 0);
}

static void read_only_directory(place *at)
{
    mtasts_ledger_close(open_as(at->p, &at->d, "a"));
    NEED(chmod(at->dir, 0500) == 0);
}

static void closed_directory(place *at)
{
    mtasts_ledger_close(open_as(at->p, &at->d, "a"));
    NEED(chmod(at->dir, 0) == 0);
}

static const struct {
    const char *name;
    void (*make)(place *at);
    const char *why, *remedy; /* parts of them */
    int not_root;             /* root may all the same */
    const char *reading;      /* why, opened for reading; NULL: that works */
} not_to_be_used[] = {
    {"no directory", no_directory, "the directory does not exist",
     "httpd makes the state directory", 0, NULL},
    {"a link", linked_file, "it is a symbolic link", "real path", 0,
     "it is a symbolic link"},
    {"a link to nowhere", linked_nowhere, "it is a symbolic link", "real path",
     0, "it is a symbolic link"},
    {"a link for the directory", linked_directory,
     "the directory is a symbolic link", "real path", 0,
     "the directory is a symbolic link"},
    {"others write to the directory", others_write_directory,
     "others than its owner may write to the directory", "chmod go-w", 0,
     "others than its owner may write to the directory"},
    {"others write to the file", others_write_file,
     "others than its owner may write to the file", "chmod go-w", 0,
     "others than its owner may write to the file"},
    {"a directory", is_directory, "it is not a file", "Move away", 0,
     "it is not a file"},
    {"a fifo", is_fifo, "it is not a file", "Move away", 0, "it is not a file"},
    {"in a file", in_a_file, "something else is where its directory should be",
     "Move away", 0, "something else is where its directory should be"},
    {"text", text, "no SQLite database", "Put a backup in its place", 0,
     "no SQLite database"},
    {"another program's", foreign, "another program's database",
     "file of its own", 0, "another program's database"},
    {"newer", newer, "newer version of the module (schema 2, this one knows 1)",
     "Update the module", 0, "newer version"},
    {"no version", no_version, "does not say which version", "Put a backup", 0,
     "does not say which version"},
    {"relative", relative, "not the absolute path", "Write the path", 0,
     "not the absolute path"},
    {"in memory", memory, "not the absolute path", "Write the path", 0,
     "not the absolute path"},
    {"a URI", uri, "not the absolute path", "Write the path", 0,
     "not the absolute path"},
    {"no name", slash, "not the absolute path", "Write the path", 0,
     "not the absolute path"},
    {"no driver", no_driver, "there is no driver 'nosuch' of apr_dbd",
     "Install it", 0, "no driver"},
    {"read-only", read_only_file, "the file is read-only", "Let User", 1, NULL},
    {"in a read-only directory", read_only_directory,
     "the directory may not be written to", "Let User", 1, NULL},
    {"in a closed directory", closed_directory, "the directory may not be",
     "Let User", 1, "the file may not be read"},
};

static void try_place(size_t i, place *at)
{
    const char *name = not_to_be_used[i].name;
    const char *expected = not_to_be_used[i].reading;
    struct stat before, after;
    const char *why;
    mtasts_ledger *l;
    int there = !lstat(at->d.params, &before);

    l = try_open(at->p, &at->d, "a", 1, &why);
    printf("# %s\n#   %s\n", why, mtasts_ledger_remedy(why));
    ok(!l && strstr(why, not_to_be_used[i].why), name, "why");
    ok(strstr(mtasts_ledger_remedy(why), not_to_be_used[i].remedy) != NULL,
       name, "remedy");
    l = try_open(at->p, &at->d, "a", 0, &why);
    ok(expected ? !l && strstr(why, expected) : l && reads(at->p, l), name,
       expected ? "why, for reading" : "can be read");
    /* A name alone would be the test's own idea of where it is. */
    if (at->d.params[0] == '/') {
        ok(there == !lstat(at->d.params, &after), name, "nothing is made");
    }
    if (there && at->d.params[0] == '/') {
        ok(before.st_size == after.st_size &&
               before.st_mtim.tv_sec == after.st_mtim.tv_sec &&
               before.st_mtim.tv_nsec == after.st_mtim.tv_nsec &&
               before.st_ino == after.st_ino && before.st_mode == after.st_mode,
           name, "nor changed");
    }
}

static void places(void)
{
    size_t i;

    for (i = 0; i < sizeof(not_to_be_used) / sizeof(not_to_be_used[0]); i++) {
        place at = {.p = pool()};

        if (not_to_be_used[i].not_root && geteuid() == 0) {
            continue; /* t/ledger.t runs this as an ordinary user, too */
        }
        at.dir = apr_psprintf(at.p, "%s/place%d", directory, (int)i);
        NEED(mkdir(at.dir, 0700) == 0);
        at.d.driver = "sqlite3";
        at.d.params = apr_pstrcat(at.p, at.dir, "/ledger", NULL);
        not_to_be_used[i].make(&at);
        try_place(i, &at);
        chmod(at.dir, 0700);
        apr_pool_destroy(at.p);
    }
}

/* Odd names are names. */
static void odd_names(void)
{
    static const char *const names[] = {
        "a b", "a?mode=memory", "a#b", "%41", "\xc3\xa9", "\xff\n", "'a\"b;--"};
    apr_pool_t *p = pool();
    size_t i;

    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        db d = {"sqlite3", apr_pstrcat(p, directory, "/", names[i], NULL)};
        mtasts_ledger *l = open_as(p, &d, "a");
        struct stat st;

        fill(p, l, NOW);
        mtasts_ledger_close(l);
        ok(!lstat(d.params, &st) && st.st_size > 8192 &&
               (st.st_mode & 07777) == 0600,
           "name", i < 4 ? names[i] : "odd");
    }
    apr_pool_destroy(p);
}

/* A table is missing: what needs it fails. */
static void missing_table(void)
{
    apr_pool_t *p = pool();
    place at = {p, new_file(p), NULL};
    mtasts_ledger_serving s = serving(p, "x.test", "mx.x.test", "one");
    mtasts_ledger *l;

    no_tables(&at);
    l = open_as(p, &at.d, "a");
    ok(strstr(known(p, l, "x.test", NOW), "no such table") != NULL, "table",
       "read");
    ok(!SERVE(l, p, NOW, NOW + 60, s), "table", "serve");
    ok(said(l, mtasts_ledger_saw_txt(l, p, "x.test", "A", DAY, NOW)), "table",
       "another is written");
    apr_pool_destroy(p);
}

/* --- while it is open --- */

static void changed_meanwhile(void)
{
    apr_pool_t *p = pool();
    db d = new_file(p), other = new_file(p);
    mtasts_ledger *l = open_as(p, &d, "a");
    mtasts_ledger_serving s = serving(p, "x.test", "mx.x.test", "one");

    NEED(SERVE(l, p, NOW, NOW + 60, s));
    ok(raw(&d, "VACUUM"), "meanwhile", "VACUUM, as an administrator does");
    ok(said(l, mtasts_ledger_beat(l, NOW + 5, NOW + 65)), "meanwhile",
       "is not noticed");
    ok(raw(&d, "CREATE TABLE x (y)"), "meanwhile", "another table");
    ok(said(l, mtasts_ledger_saw_txt(l, p, "x.test", "A", DAY, NOW)),
       "meanwhile", "is not noticed");
    is_str(known(p, l, "x.test", NOW), "[one enforce mx.x.test 0..65] txt A 0",
           "meanwhile", "all is there");

    NEED(raw(&d, "UPDATE mtasts_meta SET value = '2'"));
    ok(!mtasts_ledger_beat(l, NOW + 9, NOW + 69) &&
           strstr(mtasts_ledger_why(l), "newer version"),
       "newer meanwhile", "nothing is written");
    ok(strstr(known(p, l, "x.test", NOW), "newer version") != NULL,
       "newer meanwhile", "nor read");
    NEED(raw(&d, "UPDATE mtasts_meta SET value = '1'"));
    is_str(known(p, l, "x.test", NOW), "[one enforce mx.x.test 0..65] txt A 0",
           "newer meanwhile", "nothing was");

    mtasts_ledger_close(open_as(p, &other, "a"));
    NEED(rename(other.params, d.params) == 0);
    ok(!mtasts_ledger_beat(l, NOW + 9, NOW + 69) &&
           strstr(mtasts_ledger_why(l), "another put in its place"),
       "replaced", "is said");
    ok(!mtasts_ledger_beat(l, NOW + 9, NOW + 69) &&
           strstr(mtasts_ledger_why(l), "does not know what is served"),
       "replaced", "the new one knows nothing");
    ok(SERVE(l, p, NOW + 10, NOW + 70, s) &&
           said(l, mtasts_ledger_beat(l, NOW + 20, NOW + 80)),
       "replaced", "until it is told");
    is_str(known(p, l, "x.test", NOW), "[one enforce mx.x.test 10..80]",
           "replaced", "then it does");
    NEED(unlink(d.params) == 0);
    ok(!mtasts_ledger_saw_txt(l, p, "x.test", "A", DAY, NOW), "removed",
       "is said");
    ok(said(l, mtasts_ledger_saw_txt(l, p, "x.test", "A", DAY, NOW)), "removed",
       "a new one is made");
    ok(SERVE(l, p, NOW + 10, NOW + 70, s), "removed", "and used");
    apr_pool_destroy(p);
}

static void locked(void)
{
    apr_pool_t *p = pool();
    db d = new_file(p);
    mtasts_ledger *l = open_as(p, &d, "a"), *second;
    mtasts_ledger_serving s = serving(p, "x.test", "mx.x.test", "one");
    apr_time_t started;
    const char *why;
    pid_t child;

    NEED(SERVE(l, p, NOW, NOW + 60, s));
    child = while_held(&d, "BEGIN EXCLUSIVE");
    started = apr_time_now();
    ok(!mtasts_ledger_beat(l, NOW + 1, NOW + 61) &&
           strstr(mtasts_ledger_why(l), "another program holds it locked"),
       "locked", "writing fails");
    ok(strstr(mtasts_ledger_remedy(mtasts_ledger_why(l)), "fuser") != NULL,
       "locked", "what to do");
    ok(apr_time_now() - started < SLOW, "locked", "soon");
    started = apr_time_now();
    ok(strstr(known(p, l, "x.test", NOW), "holds it locked") != NULL, "locked",
       "reading fails");
    ok(apr_time_now() - started < SLOW, "locked", "soon");
    started = apr_time_now();
    second = try_open(p, &d, "b", 1, &why);
    ok(!second && strstr(why, "holds it locked"), "locked", "opening fails");
    ok(apr_time_now() - started < SLOW, "locked", "soon");
    let_go(child);
    ok(said(l, mtasts_ledger_beat(l, NOW + 2, NOW + 62)), "locked",
       "all is well when it is free");

    child = while_held(&d, "BEGIN IMMEDIATE");
    is_str(known(p, l, "x.test", NOW), "[one enforce mx.x.test 0..62]",
           "another writes", "reading goes on");
    ok(!mtasts_ledger_beat(l, NOW + 3, NOW + 63), "another writes",
       "writing waits, and fails");
    let_go(child);
    is_str(known(p, l, "x.test", NOW), "[one enforce mx.x.test 0..62]",
           "another writes", "nothing is written");

    /* The last statement gives no row, so it counts as done. */
    child = while_held(&d, "BEGIN;SELECT name FROM mtasts_meta;SAVEPOINT x");
    started = apr_time_now();
    ok(!mtasts_ledger_beat(l, NOW + 4, NOW + 64) &&
           strstr(mtasts_ledger_why(l), "holds it locked"),
       "another reads", "what can't be completed has failed");
    ok(apr_time_now() - started < SLOW, "another reads", "soon");
    let_go(child);
    is_str(known(p, l, "x.test", NOW), "[one enforce mx.x.test 0..62]",
           "another reads", "nothing is written");
    ok(said(l, mtasts_ledger_beat(l, NOW + 5, NOW + 65)), "another reads",
       "all is well afterwards");
    apr_pool_destroy(p);
}

/* --- many processes, killed --- */

/* Serves this and that for ever, and says until when it has said so; the first
 * call of all is the first. */
static void serve_for_ever(const db *d, int to)
{
    apr_pool_t *p = pool();
    mtasts_ledger *l = open_as(p, d, "a");
    mtasts_ledger_serving s[] = {serving(p, "x.test", "mx1.test", "one"),
                                 serving(p, "x.test", "mx2.test", "two"),
                                 serving(p, "y.test", "mx3.test", "three")};
    int64_t now = NOW;

    for (;; now += 10) {
        int i = (int)(now / 10 % 2);

        if (!mtasts_ledger_serve(l, p, s + i, 2, now, now + 60) ||
            !mtasts_ledger_beat(l, now + 5, now + 65)) {
            printf("# %s\n", mtasts_ledger_why(l));
            _exit(1);
        }
        NEED(write(to, &now, sizeof(now)) == sizeof(now));
    }
}

/* The latest time that was said before the process was killed, after it has said
 * something `n` times and lived for some microseconds more. */
static int64_t kill_soon(const db *d, unsigned n, unsigned usec)
{
    int64_t now = 0, at;
    int said_so[2];
    pid_t child;

    NEED(pipe(said_so) == 0);
    child = fork();
    NEED(child >= 0);
    if (child == 0) {
        close(said_so[0]);
        serve_for_ever(d, said_so[1]);
    }
    close(said_so[1]);
    while (n-- && read(said_so[0], &at, sizeof(at)) == sizeof(at)) {
        now = at;
    }
    usleep(usec);
    let_go(child);
    while (read(said_so[0], &at, sizeof(at)) == sizeof(at)) {
        now = at;
    }
    close(said_so[0]);
    return now;
}

static void killed(void)
{
    enum { ROUNDS = 60 };
    apr_pool_t *p = pool();
    db d = new_file(p);
    int round, good = 1;

    for (round = 0; round < ROUNDS && good; round++) {
        apr_pool_t *each = pool();
        int64_t now = kill_soon(&d, 1 + roll(4), roll(4000));
        const char *why;
        mtasts_ledger *l = try_open(each, &d, "b", 1, &why);
        const mtasts_ledger_domain *x;
        apr_hash_t *all;
        int64_t last = 0;
        size_t i;

        if (!now || !l || !mtasts_ledger_read(l, each, now, &all)) {
            printf("# round %d: %s\n", round, l ? mtasts_ledger_why(l) : why);
            good = 0;
            break;
        }
        x = apr_hash_get(all, "x.test", APR_HASH_KEY_STRING);
        for (i = 0; x && i < x->history.npast; i++) {
            if (!strcmp(x->history.past[i].id, now / 10 % 2 ? "two" : "one")) {
                last = x->history.past[i].last_served;
            }
        }
        /* It may have been changed for the other one since: that was after
         * `now`, and that is what it ended then at the earliest. */
        good = x && last >= now + 10;
        if (!good) {
            printf("# round %d: said until %d, is %d\n", round,
                   (int)(now + 65 - NOW), (int)(last - NOW));
        }
        apr_pool_destroy(each);
    }
    ok(good, "killed", "it opens, and last served is not before what was said");
    apr_pool_destroy(p);
}

/* --- a full disk --- */

static void full(const char *dir)
{
    apr_pool_t *p = pool();
    db d = {"sqlite3", apr_pstrcat(p, dir, "/ledger", NULL)};
    mtasts_ledger *l = open_as(p, &d, "a");
    mtasts_ledger_serving s = serving(p, "x.test", "mx.x.test", "one");
    const char *filler = apr_pstrcat(p, dir, "/filler", NULL);
    static char zeros[4096];
    apr_size_t len;
    char *bytes;
    int fd, i, good = 1;

    NEED(SERVE(l, p, NOW, NOW + 60, s));
    fd = open(filler, O_WRONLY | O_CREAT, 0600);
    while (write(fd, zeros, sizeof(zeros)) > 0) {
    }
    bytes = slurp(p, d.params, &len);
    ok(errno == ENOSPC, "full", "the disk is full");
    ok(!mtasts_ledger_beat(l, NOW + 1, NOW + 61), "full", "a beat fails");
    ok(strstr(mtasts_ledger_why(l), "there is no room on the disk") != NULL,
       "full", mtasts_ledger_why(l));
    ok(strstr(mtasts_ledger_remedy(mtasts_ledger_why(l)), "Make room") != NULL,
       "full", "what to do");
    ok(same_bytes(p, d.params, bytes, len), "full", "nothing is overwritten");
    is_str(known(p, l, "x.test", NOW), "[one enforce mx.x.test 0..60]", "full",
           "it can be read");
    /* Room for the journal, but not for all that is to be written. */
    NEED(ftruncate(fd, lseek(fd, 0, SEEK_END) - 16384) == 0);
    NEED(mtasts_ledger_begin(l, p));
    for (i = 0; i < 1000 && good; i++) {
        good = mtasts_ledger_event(l, p, apr_psprintf(p, "d%d.test", i),
                                   "served", "", NOW);
    }
    ok(!mtasts_ledger_end(l, 1), "full", "in the middle of much");
    ok(strstr(mtasts_ledger_why(l), "there is no room on the disk") != NULL,
       "full", mtasts_ledger_why(l));
    is_str(known(p, l, "x.test", NOW), "[one enforce mx.x.test 0..60]", "full",
           "all is as before");
    is_str(raw_one(p, &d, "SELECT COUNT(*) FROM mtasts_event"), "0", "full",
           "nothing of it is there");
    close(fd);
    NEED(unlink(filler) == 0);
    ok(said(l, mtasts_ledger_beat(l, NOW + 2, NOW + 62)), "full",
       "all is well when there is room");
    apr_pool_destroy(p);
}

int main(int argc, const char *const *argv)
{
    begin_tests();
    if (argc == 2) {
        full(argv[1]);
        return done();
    }
    cut();
    flips();
    rows();
    places();
    odd_names();
    missing_table();
    changed_meanwhile();
    locked();
    killed();
    return done();
}
