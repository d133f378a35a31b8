/* The page of a domain: what it says of the policies in the files of t/pages. */

#include "../unit/tap.h"
#include "markup.h"
#include "sheet.h"

#include "apr_general.h"
#include "apr_strings.h"

#define PAGES "t/pages/"

static apr_pool_t *pool;

/* --- fixtures --- */

/* A file; each member of `patch` (JSON, or NULL) is put in the place of that of its
 * first policy, an object member by member. */
static json_t *load(const char *name, const char *patch)
{
    json_error_t error;
    json_t *file =
        json_load_file(apr_pstrcat(pool, PAGES, name, NULL), 0, &error);
    json_t *with = patch ? json_loads(patch, 0, &error) : json_object();

    if (!file || !with) {
        printf("Bail out! %s: %s, line %d\n", name, error.text, error.line);
        exit(1);
    }
    json_object_update_recursive(
        json_array_get(json_object_get(file, "policies"), 0), with);
    json_decref(with);
    return file;
}

static const char *page_of(sheet *sh, const char *name, const char *patch)
{
    json_t *file = load(name, patch);
    const char *html = sheet_domain(sh, pool, file);

    json_decref(file);
    return html;
}

static int is_good(const char *html)
{
    markup m;
    const char *fault = markup_fault(&m, html);

    if (fault) {
        printf("#   %s\n", fault);
    }
    return !fault;
}

static int count(const char *html, const char *what)
{
    int n = 0;

    while ((html = strstr(html, what)) != NULL) {
        html += strlen(what);
        n++;
    }
    return n;
}

/* As the name of a test. */
static const char *line(const char *s)
{
    char *copy = apr_pstrdup(pool, s), *at = copy;

    while ((at = strchr(at, '\n')) != NULL) {
        *at = ' ';
    }
    return copy;
}

/* What is between the two, for the first time; "" without them. */
static const char *between(const char *html, const char *from, const char *to)
{
    const char *begin = strstr(html, from);
    const char *end = begin ? strstr(begin + strlen(from), to) : NULL;

    begin = begin ? begin + strlen(from) : NULL;
    return end ? apr_pstrmemdup(pool, begin, (apr_size_t)(end - begin)) : "";
}

/* --- the three questions --- */

#define FINDING(severity, area, code)                                          \
    "{\"severity\": \"" severity "\", \"area\": \"" area                       \
    "\", \"code\": \"" code                                                    \
    "\", \"subject\": \"example.com\", \"text\": \"the text\", "               \
    "\"remedy\": \"Mend " code "\"}"
#define PUBLISH_NOW(name, remedy)                                              \
    "{\"severity\": \"warning\", \"area\": \"txt\", "                          \
    "\"code\": \"publish-now\", \"subject\": \"example.com\", "                \
    "\"text\": \"publish now: " name ".example.com.\", "                       \
    "\"remedy\": \"Mend " remedy "\"}"
#define FOUND(findings)     "{\"findings\": [" findings "]}"
#define ONE(severity, area) FOUND(FINDING(severity, area, "it"))

static void questions(void)
{
    static const struct {
        const char *file, *patch, *find, *accept, *follow, *next;
    } cases[] = {
        {"ok.json", NULL, "ok", "ok", "ok", "Nothing to do."},
        {"plan.json", NULL, "warning", "warning", "error",
         "Renew it and reload the mail server"},
        {"unchecked.json", NULL, "unchecked", "unchecked", "unchecked",
         "The first look comes by itself."},
        {"two.json", NULL, "warning", "warning", "error",
         "MTASTSMX mx2.example.com beside"},
        /* each area */
        {"ok.json", ONE("error", "txt"), "error", "ok", "ok", "Mend it"},
        {"ok.json", ONE("unknown", "dns"), "unknown", "ok", "ok", "Mend it"},
        {"ok.json", ONE("error", "host"), "ok", "error", "ok", "Mend it"},
        {"ok.json", ONE("warning", "cert"), "ok", "warning", "ok", "Mend it"},
        {"ok.json", ONE("error", "fetch"), "ok", "error", "ok", "Mend it"},
        {"ok.json", ONE("error", "fetch-cert"), "ok", "error", "ok", "Mend it"},
        {"ok.json", ONE("warning", "config"), "ok", "warning", "ok", "Mend it"},
        {"ok.json", ONE("error", "mx"), "ok", "ok", "error", "Mend it"},
        {"ok.json", ONE("warning", "mx-address"), "ok", "ok", "warning",
         "Mend it"},
        {"ok.json", ONE("unknown", "mx-tls"), "ok", "ok", "unknown", "Mend it"},
        {"ok.json", ONE("error", "mx-cert"), "ok", "ok", "error", "Mend it"},
        {"ok.json", ONE("warning", "dane"), "ok", "ok", "warning", "Mend it"},
        /* none of the three */
        {"ok.json", ONE("error", "tlsrpt"), "ok", "ok", "ok", "Mend it"},
        {"ok.json", ONE("error", "history"), "ok", "ok", "ok", "Mend it"},
        {"ok.json", ONE("error", "module"), "ok", "ok", "ok", "Mend it"},
        {"ok.json", ONE("error", "else"), "ok", "ok", "ok", "Mend it"},
        {"ok.json", FOUND(FINDING("error", "config", "rollout-leap")), "ok",
         "ok", "ok", "Mend rollout-leap"},
        {"ok.json", FOUND(FINDING("error", "txt", "publish-failed")), "ok",
         "ok", "ok", "Mend publish-failed"},
        {"ok.json", ONE("info", "mx"), "ok", "ok", "ok", "Nothing to do."},
        /* the worst, and of those the first */
        {"ok.json",
         FOUND(FINDING("warning", "mx", "a") "," FINDING(
             "error", "mx", "b") "," FINDING("error", "txt", "c")),
         "error", "ok", "error", "Mend b"},
        {"ok.json",
         FOUND(
             FINDING("unknown", "txt", "a") "," FINDING("warning", "txt", "b")),
         "warning", "ok", "ok", "Mend b"},
        {"ok.json", FOUND("{\"area\": \"mx\", \"remedy\": \"Mend it\"}"), "ok",
         "ok", "unknown", "Mend it"},
        /* the record is published when that is asked for */
        {"ok.json",
         FOUND(FINDING("error", "txt", "txt-missing") "," PUBLISH_NOW(
             "_smtp._tls", "a") "," PUBLISH_NOW("_mta-sts", "b")),
         "error", "ok", "ok", "Mend b"},
        {"ok.json",
         FOUND(FINDING("error", "mx", "a") "," FINDING("warning", "txt",
                                                       "publish-now")),
         "ok", "ok", "error", "Mend a"},
        /* what was not looked at */
        {"ok.json", "{\"tls\": {\"mx\": []}}", "ok", "ok", "unchecked",
         "Nothing to do."},
        {"ok.json", "{\"tls\": {\"mx\": []}, \"mode\": \"none\"}", "ok", "ok",
         "ok", "Nothing to do."},
        {"ok.json", "{\"tls\": {\"fetch\": []}}", "ok", "ok", "ok",
         "Nothing to do."},
        {"ok.json", "{\"tls\": null}", "ok", "unchecked", "unchecked",
         "Nothing to do."},
        {"ok.json", "{\"dns\": null, \"sync\": \"unknown\"}", "unchecked", "ok",
         "ok", "Nothing to do."},
        /* what can't be known */
        {"ok.json", "{\"sync\": \"absent\"}", "error", "ok", "ok",
         "Nothing to do."},
        {"ok.json", "{\"sync\": \"unknown\"}", "unknown", "ok", "ok",
         "Nothing to do."},
        {"ok.json",
         "{\"dns\": {\"mx\": {\"status\": \"tempfail\"}, \"host\": "
         "{\"status\": \"tempfail\"}}, \"tls\": {\"mx\": [], \"fetch\": []}}",
         "ok", "unknown", "unknown", "Nothing to do."},
        {"unchecked.json", "{\"check\": \"off\"}", "unchecked", "unchecked",
         "unchecked", "MTASTSCheck is off here."},
        {"unchecked.json",
         "{\"checked\": \"2026-01-31T11:00:00Z\", \"counts\": {\"error\": 2, "
         "\"warning\": 0, \"info\": 1, \"unknown\": 3}}",
         "unchecked", "unchecked", "unchecked",
         "found 2 error(s), 0 warning(s) and 3 unknown"},
        /* what is served */
        {"ok.json", "{\"serving\": {\"state\": \"held-to-none\"}}", "ok",
         "error", "ok", "Nothing to do."},
        {"ok.json", "{\"serving\": {\"state\": \"undecided\"}}", "ok",
         "unknown", "ok", "Nothing to do."},
        {"ok.json", "{\"serving\": {\"state\": \"held-to-other\"}}", "ok", "ok",
         "ok", "Nothing to do."}};
    static const char before[] = "<li class=\"";
    size_t i;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const char *name = cases[i].patch ? cases[i].patch : cases[i].file;
        sheet sh;
        const char *html = page_of(&sh, cases[i].file, cases[i].patch);
        const char *all = between(html, "<ul class=\"questions\">", "</ul>");
        const char *next = between(html, "id=\"next\"", "</section>");

        ok(is_good(html), name, "well-formed");
        is_str(between(all, before, "\">\n<h3>Do they find the policy?</h3>"),
               cases[i].find, name, "found");
        is_str(between(between(all, "</li>", "</li>"), before, "\">\n<h3>"),
               cases[i].accept, name, "accepted");
        is_str(between(strstr(all, "Do they accept")
                           ? strstr(all, "Do they accept")
                           : "",
                       before, "\">\n<h3>Can they follow it?</h3>"),
               cases[i].follow, name, "followed");
        ok(strstr(next, cases[i].next) != NULL, name, cases[i].next);
        sheet_end(&sh);
    }
}

/* --- findings --- */

/* Each code of a file is in as many articles as there are different findings. */
static void none_lost(void)
{
    static const char *const files[] = {"ok.json", "plan.json",
                                        "unchecked.json", "two.json"};
    static const int articles[] = {0, 16, 0, 4};
    size_t i, k, l;

    for (i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        json_t *file = load(files[i], NULL), *policy, *finding;
        sheet sh;
        const char *html = sheet_domain(&sh, pool, file);

        ok(count(html, "<article class=\"finding ") == articles[i], files[i],
           "no finding is lost, none is there twice");
        json_array_foreach(json_object_get(file, "policies"), k, policy)
        {
            json_array_foreach(json_object_get(policy, "findings"), l, finding)
            {
                const char *code = mtasts_part_string(finding, "code");

                ok(strstr(html, apr_pstrcat(pool, "</span> <code>", code,
                                            "</code>", NULL)) != NULL,
                   files[i], code);
            }
        }
        sheet_end(&sh);
        json_decref(file);
    }
}

static void groups(void)
{
    static const struct {
        const char *area, *code, *heading;
    } cases[] = {{"txt", "x", "<h3>DNS</h3>"},
                 {"dns", "x", "<h3>DNS</h3>"},
                 {"host", "x", "<h3>DNS</h3>"},
                 {"tlsrpt", "x", "<h3>DNS</h3>"},
                 {"mx", "x", "<h3>DNS</h3>"},
                 {"mx-address", "x", "<h3>DNS</h3>"},
                 {"mx-tls", "x", "<h3>MX hosts</h3>"},
                 {"mx-cert", "x", "<h3>MX hosts</h3>"},
                 {"dane", "x", "<h3>MX hosts</h3>"},
                 {"cert", "x", "<h3>Certificate of the virtual host</h3>"},
                 {"fetch", "x", "<h3>The policy as senders fetch it</h3>"},
                 {"fetch-cert", "x", "<h3>The policy as senders fetch it</h3>"},
                 {"config", "x", "<h3>Configuration</h3>"},
                 {"module", "x", "<h3>The checks themselves</h3>"},
                 {"", "x", "<h3>The checks themselves</h3>"},
                 {"new", "x", "<h3>The checks themselves</h3>"},
                 {"history", "x", "What senders may hold</h2>"},
                 {"history", "held-back", "Policy</h2>"},
                 {"history", "not-served", "Policy</h2>"},
                 {"history", "publish-now", "DNS records to publish</h2>"},
                 {"txt", "publish-now", "DNS records to publish</h2>"},
                 {"history", "rollout-held", "The way to enforce</h2>"},
                 {"config", "rollout-leap", "The way to enforce</h2>"}};
    size_t i;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const char *name =
            apr_pstrcat(pool, cases[i].area, " ", cases[i].code, NULL);
        sheet sh;
        const char *html = page_of(
            &sh, "ok.json",
            apr_pstrcat(pool,
                        "{\"findings\": [{\"severity\": \"error\", "
                        "\"area\": \"",
                        cases[i].area, "\", \"code\": \"", cases[i].code,
                        "\", \"text\": \"the text\"}]}", NULL));
        const char *at = strstr(html, cases[i].heading);
        const char *finding = strstr(html, "<article");
        const char *next =
            at ? strstr(at + strlen(cases[i].heading),
                        strstr(cases[i].heading, "h2") ? "</h2>" : "<h3>")
               : NULL;

        ok(count(html, "<article") == 1, name, "once");
        ok(at && finding > at && (!next || finding < next), name,
           cases[i].heading);
        ok(is_good(html), name, "well-formed");
        sheet_end(&sh);
    }
}

/* --- what is on the page --- */

static void contents(void)
{
    static const struct {
        const char *file, *patch, *has;
    } cases[] = {
        {"ok.json", NULL, "<h1>example.com</h1>"},
        {"ok.json", NULL, "Checked last <time"},
        {"ok.json", NULL, "next at the latest <time"},
        {"unchecked.json", NULL, "<p class=\"lead\">Not checked yet</p>"},
        /* the policy */
        {"ok.json", NULL, "<strong>enforce</strong>: senders refuse"},
        {"ok.json", NULL, "4 weeks (max_age: 2419200)"},
        {"ok.json", NULL, "<li><code>mx2.example.com</code></li>"},
        {"ok.json", NULL,
         "<code>https://mta-sts.example.com/.well-known/mta-sts.txt</code>"},
        {"ok.json", NULL, "/etc/apache2/sites-enabled/mta-sts.conf:3"},
        {"ok.json", NULL, "version: STSv1\nmode: enforce\n"},
        {"ok.json", "{\"serving\": {\"state\": \"held-to-other\"}}",
         "the policy released before, as this one is held back, id <code>3f62"},
        {"ok.json", "{\"serving\": {\"state\": \"held-to-none\"}}",
         "nothing: this policy is held back"},
        {"ok.json", "{\"serving\": {\"state\": \"new\"}}",
         "nothing, until the first look at the new domain"},
        /* records */
        {"ok.json", NULL,
         "<p class=\"copy\"><code>_mta-sts.example.com. IN TXT "
         "&quot;v=STSv1; id=3f62c1d05a4a0a2f3d3a8c7c5d1d33f1;&quot;</code>"},
        {"ok.json", NULL, "<code>mta-sts.example.com. IN AAAA 2001:db8::80<"},
        {"unchecked.json", NULL, "No record at <code>_smtp._tls</code>"},
        {"two.json", NULL, "No record at <code>_mta-sts</code>"},
        {"ok.json", NULL, "in-sync</span> The TXT record has the id of the"},
        {"ok.json", "{\"sync\": \"https-ahead\"}", "an earlier policy: send"},
        {"ok.json", "{\"sync\": \"txt-ahead\"}", "of which no policy was"},
        {"ok.json", "{\"sync\": \"foreign\"}", "none that this module made"},
        {"ok.json", "{\"sync\": \"absent\"}", "There is no TXT record"},
        {"ok.json", "{\"sync\": \"unknown\"}", "could not be found out"},
        {"unchecked.json", NULL, "</span> Nobody has looked at the TXT record"},
        {"ok.json", "{\"sync\": \"strange\"}", "strange</span>"},
        {"plan.json", NULL,
         "MTASTSPublishCommand failed 3 times in a row; it is run again <time"},
        {"plan.json", NULL, "It said: update failed: REFUSED"},
        /* what is to be copied of a remedy */
        {"plan.json", NULL,
         "To do:</strong> Publish this record:</p>\n<p "
         "class=\"copy\"><code>_mta-sts.example.com. IN"},
        {"plan.json", NULL,
         "<code>MTASTSEngine On\nMTASTSDomain example.com\n"
         "MTASTSMode none\nMTASTSMaxAge 1d</code>"},
        /* the plan */
        {"plan.json", NULL, "<li class=\"done\">\n<h3>Step 1: testing, kept"},
        {"plan.json", NULL, "<li class=\"held\" aria-current=\"step\">"},
        {"plan.json", NULL, "41 times by 3 kinds of sender, last <time"},
        {"plan.json", NULL, "<dt>Held, as</dt><dd>the next step of the plan"},
        {"plan.json", NULL, "<dt>From, at the earliest</dt><dd><time"},
        {"ok.json", "{\"rollout\": []}", "can't be told"},
        /* checks */
        {"ok.json", NULL, "<code>20 mx2.example.com</code>, in the policy: y"},
        {"plan.json", NULL, "CNAME <code>www.example.com</code>"},
        {"plan.json", NULL, "no connection from here: Connection timed out"},
        {"plan.json", NULL, "from an earlier look: the last one could not"},
        {"plan.json", NULL, "<td>200</td><td>yes</td>"},
        {"plan.json", NULL, "<td>200</td><td><strong>no</strong></td>"},
        {"ok.json", NULL, "2 MX hosts at 3 addresses: STARTTLS, with"},
        {"ok.json", NULL, "DNS says what it should."},
        {"unchecked.json", NULL, "Nobody has looked at DNS yet."},
        {"ok.json", "{\"tls\": {\"mx\": [{\"result\": \"unreachable\"}]}}",
         "but not every address could be looked at"},
        {"unchecked.json", NULL, "<section class=\"next unchecked\""},
        {"ok.json", NULL, "<section class=\"next ok\""},
        {"ok.json", NULL, "Senders accept the certificate."},
        {"ok.json", NULL, "Each address gives the policy as it is served"},
        {"ok.json", NULL, "Nothing about the directives is doubtful."},
        {"unchecked.json", NULL, "The TLS of the MX hosts was not tried."},
        {"unchecked.json", NULL, "The policy was not fetched from outside."},
        {"unchecked.json", NULL, "not looked at"},
        {"ok.json", "{\"tls\": {\"mx\": []}}",
         "<code>mx1.example.com</code></th><td></td><td>yes</td><td>not tried"},
        /* the past */
        {"plan.json", NULL, "<rect class=\"bar enforce\""},
        {"plan.json", NULL, "<rect class=\"bar testing\""},
        {"plan.json", NULL, "<rect class=\"bar none\""},
        {"plan.json", NULL,
         "enforce, 2026-11-13 to 2026-11-29, id 3f62c1d05a4a\342\200\246<"},
        {"ok.json", NULL, "<p>Senders read:</p>"},
        {"two.json", NULL, "<p>As configured, not as served:</p>"},
        {"ok.json", "{\"held\": []}", "can be held any more"},
        {"unchecked.json", NULL, "what was served is remembered in the ledger"},
        {"ok.json", NULL,
         "Google</th><td class=\"number\">511</td><td class=\"number\">310<"},
        {"ok.json", NULL, "Checkers and browsers</caption>"},
        {"plan.json", NULL, "<code>of-a-later-version</code></td>"},
        {"unchecked.json", NULL, "<p>Not known: it is remembered in the"},
        /* two virtual hosts */
        {"two.json", NULL, "<h3>In the virtual host mail.example.com:8443</h"},
        {"two.json", NULL, "Only in the virtual host mail.example.com:8443."},
        {"two.json", NULL, "in the policy: only in mta-sts.example.com:443<"}};
    size_t i;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        sheet sh;
        const char *html = page_of(&sh, cases[i].file, cases[i].patch);

        ok(strstr(html, cases[i].has) != NULL, cases[i].file,
           line(cases[i].has));
        ok(is_good(html), cases[i].file, "well-formed");
        sheet_end(&sh);
    }
}

/* What both virtual hosts say alike is there once. */
static void once(void)
{
    static const struct {
        const char *what;
        int n;
    } cases[] = {{"<caption>Each address of each MX host</caption>", 1},
                 {"<td><code>2001:db8::25</code>", 1},
                 {"Google</th>", 1},
                 {"mod_mtasts itself</th>", 1},
                 {"<svg ", 1},
                 {"<rect ", 2},
                 {"<code>policy-differs</code>", 1},
                 {"<dt>Policy id</dt>", 2},
                 {"<code>_smtp._tls.example.com. IN TXT", 1}};
    sheet sh;
    const char *html = page_of(&sh, "two.json", NULL);
    size_t i;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        ok(count(html, cases[i].what) == cases[i].n, "once", cases[i].what);
    }
    sheet_end(&sh);
}

/* Rows that are many are counted, not shown. */
static void many(void)
{
    static const char *const members[] = {"held", "publishing", "fetches"};
    json_t *file = load("ok.json", NULL), *list;
    json_t *policy = json_array_get(json_object_get(file, "policies"), 0);
    const char *html;
    sheet sh;
    size_t i, k;

    for (i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
        list = json_object_get(policy, members[i]);
        for (k = json_array_size(list); k < 1000; k++) {
            json_t *copy = json_deep_copy(json_array_get(list, 0));

            json_object_set_new(copy, "sender",
                                json_string(apr_itoa(pool, (int)k)));
            json_array_append_new(list, copy);
        }
    }
    html = sheet_domain(&sh, pool, file);
    ok(is_good(html), "many", "well-formed");
    ok(count(html, "<rect ") == 20, "many", "bars");
    ok(strstr(html, "980 more are in the table only") != NULL, "many",
       "the rest in words");
    ok(count(html, "And 900 more: <a href=\"?format=json&amp;domain=") == 2,
       "many", "rows");
    ok(sh.len < 300000, "many", "bounded");
    sheet_end(&sh);
    json_decref(file);
}

/* --- what can't be trusted --- */

static void hostile(void)
{
    static const char *const units[] = {"<script>alert(1)</script>",
                                        "\"'><img src=x onerror=alert(1)>",
                                        "\342\200\256\303\244", "x"};
    size_t i;

    for (i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        json_t *file = load("hostile.json", NULL), *as = sheet_long(units[i]);
        sheet sh;
        const char *html;

        sheet_expand(file, as);
        html = sheet_domain(&sh, pool, file);
        ok(is_good(html), units[i], "well-formed");
        ok(!strstr(html, "<script>") && !strstr(html, "<img"), units[i],
           "nothing runs");
        ok(!strstr(html, "\342\200\256") && !strchr(html, 033), units[i],
           "nothing turns");
        ok(sh.len < 300000, units[i], "bounded");
        sheet_end(&sh);
        json_decref(as);
        json_decref(file);
    }
}

/* The page of a file of which one member is another thing, or is not there. */
static int spoiled, spoiled_bad;

static void try_it(const json_t *file)
{
    sheet sh;

    spoiled++;
    spoiled_bad += !is_good(sheet_domain(&sh, pool, file));
    sheet_end(&sh);
}

static json_t *const *kinds(void)
{
    static json_t *all[8];

    if (!all[0]) {
        all[0] = json_null();
        all[1] = json_integer(-7);
        all[2] = json_array();
        all[3] = json_object();
        all[4] = json_string("<&\"'");
        all[5] = json_true();
        all[6] = json_integer(INT64_MAX);
    }
    return all;
}

static void spoil(const json_t *file, json_t *j);

static void spoil_member(const json_t *file, json_t *object, const char *key)
{
    json_t *is = json_incref(json_object_get(object, key));
    json_t *const *as;

    spoil(file, is);
    for (as = kinds(); *as; as++) {
        json_object_set(object, key, *as);
        try_it(file);
    }
    json_object_del(object, key);
    try_it(file);
    json_object_set_new(object, key, is);
}

static void spoil_element(const json_t *file, json_t *array, size_t i)
{
    json_t *is = json_incref(json_array_get(array, i));
    json_t *const *as;

    spoil(file, is);
    for (as = kinds(); *as; as++) {
        json_array_set(array, i, *as);
        try_it(file);
    }
    json_array_set_new(array, i, is);
}

/* Each member and element below it, one after the other. */
static void spoil(const json_t *file, json_t *j)
{
    const char *keys[64], *key;
    json_t *value;
    size_t i, n = 0;

    json_object_foreach(j, key, value)
    {
        if (n < sizeof(keys) / sizeof(keys[0])) {
            keys[n++] = apr_pstrdup(pool, key);
        }
    }
    for (i = 0; i < n; i++) {
        spoil_member(file, j, keys[i]);
    }
    for (i = 0; i < json_array_size(j); i++) {
        spoil_element(file, j, i);
    }
}

static void odd(void)
{
    static const char *const files[] = {"plan.json", "unchecked.json"};
    size_t i;

    for (i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        json_t *file = load(files[i], NULL);

        spoiled = spoiled_bad = 0;
        spoil(file, json_object_get(file, "policies"));
        spoil(file, json_object_get(file, "events"));
        printf("#   %d pages\n", spoiled);
        ok(spoiled > 100 && !spoiled_bad, files[i],
           "whatever one member is, the page is well-formed");
        json_decref(file);
    }
}

/* Nothing at all. */
static void nothing(void)
{
    static const char *const files[] = {"{}", "{\"policies\": []}",
                                        "{\"policies\": [null, 1, {}]}",
                                        "{\"policies\": {}, \"events\": {}}"};
    size_t i;

    for (i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        json_t *file = json_loads(files[i], 0, NULL);
        sheet sh;

        ok(is_good(sheet_domain(&sh, pool, file)), files[i], "well-formed");
        sheet_end(&sh);
        json_decref(file);
    }
}

int main(void)
{
    apr_initialize();
    apr_pool_create(&pool, NULL);
    questions();
    none_lost();
    groups();
    contents();
    once();
    many();
    hostile();
    odd();
    nothing();
    apr_pool_destroy(pool);
    apr_terminate();
    return done();
}
