/* The status pages of HTML, without a server.  With a directory as argument it
 * writes pages and assets there, to be looked at with a browser. */

#include "../../src/core/html.h"
#include "../../src/httpd/status_html.h"
#include "../../src/httpd/status_parts.h"
#include "../unit/tap.h"
#include "markup.h"
#include "sheet.h"

#include "apr_general.h"
#include "apr_strings.h"

#include <glob.h>
#include <stdlib.h>

#define NOW   ((apr_int64_t)1769860800) /* 2026-01-31 12:00:00 UTC */
#define DAY   ((apr_uint32_t)86400)
#define FILES "t/pages/*.json"

static apr_pool_t *pool;

static sheet *begin(sheet *sh)
{
    return sheet_begin(sh, pool);
}

/* Well-formed; and says why not. */
static int is_good(const char *html, const char *name, const char *what)
{
    markup m;
    const char *fault = markup_fault(&m, html);

    if (fault) {
        printf("#   %s\n", fault);
    }
    return ok(!fault, name, what);
}

static void has(const char *html, const char *want, const char *name)
{
    ok(strstr(html, want) != NULL, name, want);
}

static void lacks(const char *html, const char *not_wanted, const char *name)
{
    ok(!strstr(html, not_wanted), name,
       apr_psprintf(pool, "not: %s", not_wanted));
}

/* --- what is shown --- */

static const mtasts_status_frame usual = {
    .server = "www.example.com",
    .now = NOW,
    .began = NOW - 720,
    .took_ms = 1240,
    .next = NOW + 2880,
    .interval = 3600,
    .watched = 1,
    .ledger = 1,
};

#define GLANCE(e, w, i, u, code, txt)                                          \
    {                                                                          \
        .checked = (apr_uint32_t)NOW - 720,                                    \
        .vhost_until = (apr_uint32_t)NOW + 61 * DAY,                           \
        .mx_until = (apr_uint32_t)NOW + 34 * DAY, .findings = {e, w, i, u},    \
        .worst = (code), .sync = (txt)                                         \
    }
#define ID "5d41402abc4b2a76b9719d911017c592"

static const mtasts_status_row rows[] = {
    {"mail-is-lost.example", "mta-sts.mail-is-lost.example:443", ID,
     MTASTS_MODE_ENFORCE, 604800, 0, 0, 0, 1, 0,
     GLANCE(2, 1, 1, 1, MTASTS_MX_UNMATCHED, MTASTS_SYNC_IN_SYNC)},
    {"twice.example", "mta-sts.twice.example:443", ID, MTASTS_MODE_ENFORCE,
     86400, 2, 4, 1, 1, 1,
     GLANCE(1, 0, 0, 0, MTASTS_TXT_MISSING, MTASTS_SYNC_ABSENT)},
    {"twice.example", "twice.example:8443", ID, MTASTS_MODE_TESTING, 86400, 0,
     0, 0, 1, 1, GLANCE(0, 2, 0, 0, MTASTS_ID_DIFFERS, MTASTS_SYNC_FOREIGN)},
    {"held.example",
     "mta-sts.held.example:443",
     ID,
     MTASTS_MODE_TESTING,
     86400,
     1,
     4,
     0,
     1,
     0,
     {.checked = (apr_uint32_t)NOW - 60,
      .vhost_until = (apr_uint32_t)NOW - 3 * DAY,
      .findings = {0, 1, 0, 0},
      .worst = MTASTS_ROLLOUT_HELD,
      .sync = MTASTS_SYNC_HTTPS_AHEAD,
      .held = 1}},
    {"a-rather-long-name-of-a-department-that-nobody-remembers.subsidiary."
     "holding-company.example.co.uk",
     "mta-sts.example.co.uk:443", ID, MTASTS_MODE_TESTING, 1209600, 0, 0, 0, 1,
     0, GLANCE(0, 0, 0, 3, MTASTS_DNS_UNKNOWN, MTASTS_SYNC_UNKNOWN)},
    {"new.example",
     "mta-sts.new.example:443",
     ID,
     MTASTS_MODE_TESTING,
     90,
     0,
     0,
     0,
     1,
     0,
     {.worst = MTASTS_NO_CODE}},
    {"off.example",
     "mta-sts.off.example:443",
     ID,
     MTASTS_MODE_NONE,
     86400,
     0,
     0,
     0,
     0,
     0,
     {.worst = MTASTS_NO_CODE}},
    {"fine.example", "mta-sts.fine.example:443", ID, MTASTS_MODE_ENFORCE,
     2419200, 4, 4, 0, 1, 0,
     GLANCE(0, 0, 0, 0, MTASTS_NO_CODE, MTASTS_SYNC_IN_SYNC)},
    {"xn--bcher-kva.example", "mta-sts.xn--bcher-kva.example:443", ID,
     MTASTS_MODE_ENFORCE, 31557600, 0, 0, 0, 1, 0,
     GLANCE(0, 0, 1, 0, MTASTS_MX_DANE, MTASTS_SYNC_TXT_AHEAD)},
};
#define NROWS (sizeof(rows) / sizeof(rows[0]))

static const mtasts_status_list usual_list = {
    rows, NROWS, NROWS, {2, 2, 1, 2, 2}, NROWS, 1, 1, "", -1};

static json_t *server_findings(void)
{
    static const struct {
        mtasts_code code;
        const char *subject, *args[9];
    } all[] = {{MTASTS_LEDGER_UNAVAILABLE,
                "MTASTSLedger",
                {"the ledger can't be written", "disk full",
                 "Make room below MTASTSStateDir."}},
               {MTASTS_POLICY_WITHDRAWN,
                "gone.example",
                {"gone.example", "the policy 20260128", "enforce",
                 "2026-02-28 09:30 UTC", "", " | MTASTSMX mx.gone.example", "",
                 "set it again", ""}}};
    json_t *findings = json_array();
    mtasts_finding f;
    size_t i;

    for (i = 0; i < 2; i++) {
        mtasts_finding_fill(&f, all[i].code, all[i].subject, all[i].args, 9);
        json_array_append_new(
            findings,
            json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:b}", "code",
                      mtasts_code_name(f.code), "severity",
                      mtasts_severity_name(f.severity), "subject", f.subject,
                      "text", f.text, "remedy", f.remedy, "reference",
                      mtasts_code_reference(f.code), "area", "module", "since",
                      "2026-01-28T09:30:00Z", "seen", i));
    }
    return findings;
}

static char *list_html(sheet *sh, const mtasts_status_frame *frame,
                       const mtasts_status_list *list)
{
    mtasts_status_list_page(&begin(sh)->page, frame, list);
    return sh->s;
}

/* --- parts --- */

static void times(void)
{
    static const struct {
        const char *in, *want;
    } cases[] = {
        {"2026-01-31T12:00:59Z",
         "<time datetime=\"2026-01-31T12:00:59Z\">2026-01-31 12:00 UTC</time> "
         "<span class=\"relative\">(now)</span>"},
        {"2026-02-03T12:00:00Z",
         "<time datetime=\"2026-02-03T12:00:00Z\">2026-02-03 12:00 UTC</time> "
         "<span class=\"relative\">(in 3 days)</span>"},
        {"2026-01-31T10:01:02Z",
         "<time datetime=\"2026-01-31T10:01:02Z\">2026-01-31 10:01 UTC</time> "
         "<span class=\"relative\">(1 hour ago)</span>"},
        {NULL, "<span class=\"none\">not known</span>"},
        {"", "<span class=\"none\">not known</span>"},
        {"<soon>", "&lt;soon&gt;"}};
    sheet sh;
    size_t i;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        mtasts_part_time_text(&begin(&sh)->page, NOW, cases[i].in);
        is_str(sh.s, cases[i].want, "time", cases[i].want);
        sheet_end(&sh);
    }
    ok(mtasts_part_seconds("2026-01-31T12:00:00Z") == NOW, "seconds", "a time");
    ok(!mtasts_part_seconds("x") && !mtasts_part_seconds(NULL), "seconds",
       "none");
}

static void durations(void)
{
    static const struct {
        apr_int64_t in;
        const char *want;
    } cases[] = {{0, "0 seconds"},         {1, "1 second"},
                 {90, "90 seconds"},       {60, "1 minute"},
                 {5400, "90 minutes"},     {86400, "1 day"},
                 {7 * 86400, "1 week"},    {8 * 86400, "8 days"},
                 {4 * 604800, "4 weeks"},  {31557600, "1 year"},
                 {86401, "86401 seconds"}, {INT64_MAX, NULL}};
    char out[MTASTS_PART_DURATION_SIZE];
    size_t i;

    for (i = 0; cases[i].want; i++) {
        mtasts_part_duration(cases[i].in, out);
        is_str(out, cases[i].want, "duration", cases[i].want);
    }
    mtasts_part_duration(INT64_MAX, out);
    ok(strlen(out) < sizeof(out), "duration", "the longest fits");
}

static void pieces(void)
{
    sheet sh;

    mtasts_part_badge(&begin(&sh)->page, "error");
    is_str(sh.s, "<span class=\"badge error\">error</span>", "badge", "error");
    sheet_end(&sh);
    mtasts_part_badge(&begin(&sh)->page, "\"><b>");
    is_str(sh.s, "<span class=\"badge info\">&quot;&gt;&lt;b&gt;</span>",
           "badge", "another word");
    sheet_end(&sh);
    mtasts_part_copy(&begin(&sh)->page, "v=STSv1; id=<1>;");
    is_str(sh.s, "<p class=\"copy\"><code>v=STSv1; id=&lt;1&gt;;</code></p>\n",
           "copy", "a record");
    sheet_end(&sh);
    mtasts_part_url(&begin(&sh)->page, "aZ09-._~ &=#%+/?\"'<\303\274\n");
    is_str(sh.s, "aZ09-._~%20%26%3D%23%25%2B%2F%3F%22%27%3C%C3%BC%0A", "url",
           "all but plain octets");
    sheet_end(&sh);
    mtasts_part_lines(&begin(&sh)->page, "a \"body\"", "a: <1>\r\nb\rc\n\td");
    has(sh.s, "aria-label=\"a &quot;body&quot;\"", "lines");
    has(sh.s, "<code>a: &lt;1&gt;\nb\\x0dc\n\\x09d</code>", "lines");
    is_good(sh.s, "lines", "well-formed");
    sheet_end(&sh);
    mtasts_page_textf(&begin(&sh)->page, "%s %d", "<", 7);
    is_str(sh.s, "&lt; 7", "textf", "is escaped as a whole");
    sheet_end(&sh);
    mtasts_page_all(&begin(&sh)->page, "<b>", "<", "</b>", ">", NULL);
    is_str(sh.s, "<b>&lt;</b>&gt;", "all", "in turns");
    sheet_end(&sh);
}

static void finding(void)
{
    json_t *all = server_findings();
    sheet sh;

    mtasts_part_finding(&begin(&sh)->page, NOW, json_array_get(all, 0), 3);
    is_good(sh.s, "finding", "well-formed");
    has(sh.s, "<article class=\"finding warning\">\n<h3>", "finding");
    has(sh.s, "<code>ledger-unavailable</code>", "finding");
    has(sh.s, "<p>the ledger can&#39;t be written: disk full</p>", "finding");
    has(sh.s, "To do:</strong> Make room below", "finding");
    has(sh.s, "(3 days ago)", "finding");
    has(sh.s, "from an earlier look", "finding");
    sheet_end(&sh);
    mtasts_part_finding(&begin(&sh)->page, NOW, json_array_get(all, 1), 4);
    is_good(sh.s, "finding", "well-formed, with lines");
    has(sh.s,
        "<div class=\"copy\"><pre><code>MTASTSEngine On\nMTASTSDomain "
        "gone.example\n",
        "finding");
    has(sh.s, "\nMTASTSMX mx.gone.example</code></pre></div>", "finding");
    lacks(sh.s, " | ", "finding");
    lacks(sh.s, "earlier look", "finding");
    sheet_end(&sh);
    mtasts_part_finding(&begin(&sh)->page, NOW, NULL, 4);
    is_good(sh.s, "finding", "none at all");
    sheet_end(&sh);
    json_decref(all);
}

static void standing(void)
{
    static const struct {
        apr_uint16_t findings[MTASTS_REFUSED];
        apr_uint32_t checked;
        int checks;
        const char *want;
    } cases[] = {
        {{1, 1, 1, 1}, 1, 1, "error"},     {{1, 0, 0, 0}, 0, 0, "error"},
        {{0, 1, 1, 1}, 1, 1, "warning"},   {{0, 0, 1, 1}, 1, 1, "unknown"},
        {{0, 0, 1, 0}, 1, 1, "ok"},        {{0, 0, 0, 0}, 0, 1, "unchecked"},
        {{0, 0, 0, 0}, 1, 0, "unchecked"}, {{0, 0, 0, 0}, 1, 1, "ok"}};
    mtasts_status_row row = rows[0];
    size_t i;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        memcpy(row.is.findings, cases[i].findings, sizeof(row.is.findings));
        row.is.checked = cases[i].checked;
        row.checks = cases[i].checks;
        is_str(mtasts_stands_name(mtasts_status_stands(&row)), cases[i].want,
               "stands", cases[i].want);
    }
}

/* --- what is around --- */

static void frames(void)
{
    static const struct {
        const char *name;
        mtasts_status_frame frame;
        const char *want, *not_wanted;
    } cases[] = {
        {"as usual",
         {.server = "s",
          .now = NOW,
          .began = NOW - 60,
          .took_ms = 125000,
          .next = NOW + 3600,
          .interval = 3600,
          .watched = 1,
          .ledger = 1},
         "(1 minute ago)</span>, took 2 min 5 s</dd>",
         "banner"},
        {"short",
         {.server = "s", .now = NOW, .began = NOW, .took_ms = 999},
         "took 999 ms",
         "took 0"},
        {"under way",
         {.server = "s",
          .now = NOW,
          .began = NOW,
          .running = 1,
          .watched = 1,
          .interval = 60,
          .next = NOW},
         "a check is under way",
         "took"},
        {"no run yet",
         {.server = "s", .now = NOW, .watched = 1, .ledger = 1},
         "none since",
         "took"},
        {"no watch",
         {.server = "s", .now = NOW, .interval = 60},
         "mod_watchdog is not loaded",
         "MTASTSWatchInterval Off"},
        {"Off",
         {.server = "s", .now = NOW, .watched = 1},
         "<code>MTASTSWatchInterval Off</code>",
         "mod_watchdog"},
        {"no next",
         {.server = "s", .now = NOW, .watched = 1},
         "after the next start or reload",
         "<dd>not known"},
        {"no ledger",
         {.server = "s", .now = NOW},
         "MTASTSLedger Off",
         "can&#39;t be read"},
        {"unreadable",
         {.server = "s", .now = NOW, .ledger = 1, .no_ledger = "<locked>"},
         "missing here: &lt;locked&gt;",
         "MTASTSLedger Off"},
    };
    sheet sh;
    size_t i;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        list_html(&sh, &cases[i].frame, &usual_list);
        is_good(sh.s, cases[i].name, "well-formed");
        has(sh.s, cases[i].want, cases[i].name);
        lacks(sh.s, cases[i].not_wanted, cases[i].name);
        sheet_end(&sh);
    }
}

static void around(void)
{
    mtasts_status_frame frame = usual;
    json_t *findings = server_findings();
    sheet sh;

    frame.findings = findings;
    mtasts_frame_begin(&begin(&sh)->page, &frame, "A & B", "a&b");
    mtasts_frame_findings(&sh.page, &frame);
    mtasts_frame_end(&sh.page, &frame, "a&b");
    is_good(sh.s, "frame", "well-formed");
    has(sh.s, "<!DOCTYPE html>\n<html lang=\"en\">", "frame");
    has(sh.s, "<title>A &amp; B \342\200\223 MTA-STS on www.example.com<",
        "frame");
    has(sh.s, "href=\"?asset=style.css&amp;v=", "frame");
    has(sh.s, "src=\"?asset=script.js&amp;v=", "frame");
    has(sh.s, "href=\"#main\"", "frame");
    has(sh.s, "<main id=\"main\">", "frame");
    has(sh.s, "<section id=\"server\"", "frame");
    has(sh.s, "href=\"?format=json&amp;domain=a%26b\"", "frame");
    has(sh.s, "href=\"?format=openmetrics\"", "frame");
    has(sh.s, "href=\"?#server\"", "frame");
    sheet_end(&sh);
    json_decref(findings);
    mtasts_status_word_page(&begin(&sh)->page, &usual, "No <such> domain",
                            "There is no \"x\" here.");
    is_good(sh.s, "word", "well-formed");
    has(sh.s, "<h1>No &lt;such&gt; domain</h1>", "word");
    has(sh.s, "There is no &quot;x&quot; here.", "word");
    sheet_end(&sh);
}

/* --- the overview --- */

static void overview(void)
{
    static const char *const wanted[] = {
        "<a href=\"?domain=mail-is-lost.example\">mail-is-lost.example</a>",
        "<span class=\"badge error\">error</span> <span class=\"note\">2 "
        "errors, 1 warning, 1 unknown</span>",
        "<a href=\"?domain=mail-is-lost.example\"><code>mx-unmatched</code>",
        "in mta-sts.twice.example:443",
        "in twice.example:8443",
        "step 2 of 4<",
        "held back: not served yet",
        "step 1 of 4, held<",
        ">enforce</strong>, 1 week",
        "<span class=\"sync in-sync\">up to date</span>",
        "<span class=\"sync absent\">missing</span>",
        "(in 34 days)</span><span class=\"note\">MX host</span>",
        "(3 days ago)</span><span class=\"note\">policy host</span>",
        "not checked yet",
        "checks are off",
        "<span class=\"n\">9</span> <span class=\"badge plain\">all</span>",
        "<a class=\"tile all\" aria-current=\"true\" href=\"?\">",
        "<a class=\"tile error\" href=\"?state=error\"><span class=\"n\">2<",
        "<p class=\"count\">9 domains</p>"};
    sheet sh;
    size_t i;

    list_html(&sh, &usual, &usual_list);
    is_good(sh.s, "overview", "well-formed");
    for (i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
        has(sh.s, wanted[i], "overview");
    }
    lacks(sh.s, "in mta-sts.mail-is-lost", "overview");
    lacks(sh.s, "class=\"pages\"", "overview");
    lacks(sh.s, "type=\"hidden\"", "overview");
    sheet_end(&sh);
}

static void filtered(void)
{
    mtasts_status_list list = {rows, 2, 123456, {900, 1, 1, 1, 1},
                               900,  2, 9,      "a&b=c #%+\303\274\"<",
                               0};
    sheet sh;

    list_html(&sh, &usual, &list);
    is_good(sh.s, "filtered", "well-formed");
#define Q "?q=a%26b%3Dc%20%23%25%2B%C3%BC%22%3C&amp;"
    has(sh.s, "href=\"" Q "state=warning\"", "filtered");
    has(sh.s, "rel=\"next\" href=\"" Q "state=error&amp;page=3\"", "filtered");
    has(sh.s, "rel=\"prev\" href=\"" Q "state=error\"", "filtered");
    has(sh.s, "href=\"" Q "state=error&amp;page=9\">Last", "filtered");
    has(sh.s, "<a class=\"tile all\" href=\"?q=a%26b", "filtered");
    has(sh.s, "<input type=\"hidden\" name=\"state\" value=\"error\">",
        "filtered");
    has(sh.s, "value=\"a&amp;b=c #%+\303\274&quot;&lt;\"", "filtered");
    has(sh.s,
        "<p class=\"count\">900 of 123,456 domains, state error, name "
        "contains <q>a&amp;b",
        "filtered");
    has(sh.s, "; page 2 of 9</p>", "filtered");
    has(sh.s, "<li class=\"here\">page 2 of 9</li>", "filtered");
    sheet_end(&sh);

    list.q = "";
    list.only = -1;
    list.page = 9;
    list_html(&sh, &usual, &list);
    has(sh.s, "rel=\"prev\" href=\"?page=8\"", "last page");
    has(sh.s, "<span class=\"none\">Next</span>", "last page");
    sheet_end(&sh);
}

static void nothing(void)
{
    static const mtasts_status_list none = {NULL, 0, 0, {0}, 0, 1, 1, "", -1};
    mtasts_status_list no_match = usual_list;
    sheet sh;

    list_html(&sh, &usual, &none);
    is_good(sh.s, "no domain", "well-formed");
    has(sh.s, "MTASTSEngine On", "no domain");
    has(sh.s, "MTASTSMX", "no domain");
    lacks(sh.s, "<table", "no domain");
    sheet_end(&sh);
    no_match.rows = NULL;
    no_match.n = no_match.matching = 0;
    no_match.q = "zzz";
    list_html(&sh, &usual, &no_match);
    is_good(sh.s, "no match", "well-formed");
    has(sh.s, "No domain matches", "no match");
    has(sh.s, "0 of 9 domains", "no match");
    sheet_end(&sh);
}

/* --- hostile words --- */

static const char *const hostile[] = {
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>",
    "' onmouseover='alert(1)' data-hostile='",
    "\" onfocus=\"alert(1)\" data-hostile=\"1",
    "</title></code></pre></p></td></textarea></style>--><!--",
    "&lt;b&gt;&#60;&copy",
    "javascript:alert(1)//?#&%00",
    "\001\010\033[2J\r\n\t\177\302\205",
    "\342\200\256moc."
    "elpmaxe\342\200\254\342\201\246\342\200\213\363\240\201\277",
    "\300\274script\300\276\377\355\240\200\342\202",
    "", /* 64 kB, in long_text() */
};
#define NHOSTILE (sizeof(hostile) / sizeof(hostile[0]))

static const char *hostile_text(size_t i)
{
    static char text[65537];
    size_t at;

    if (*hostile[i]) {
        return hostile[i];
    }
    for (at = 0; at + 1 < sizeof(text); at++) {
        text[at] = "<&\"'\342\200\256A"[at % 8];
    }
    return text;
}

/* As it must be seen where it is shown. */
static const char *escaped(const char *in)
{
    size_t len = strlen(in), size = 10 * len + MTASTS_HTML_SIZE;
    char *out = apr_palloc(pool, size + 1);

    out[mtasts_html(out, size, &in, &len)] = '\0';
    return out;
}

static void hostile_overview(void)
{
    sheet sh;
    size_t i;

    for (i = 0; i < NHOSTILE; i++) {
        const char *text = hostile_text(i);
        mtasts_status_row row = rows[1];
        mtasts_status_list list = usual_list;
        mtasts_status_frame frame = usual;

        row.domain = row.vhost = row.id = text;
        list.rows = &row;
        list.n = 1;
        list.q = text;
        frame.server = frame.no_ledger = text;
        list_html(&sh, &frame, &list);
        is_good(sh.s, "hostile overview", escaped(hostile[i]));
        ok(strstr(sh.s, escaped(text)) != NULL, "hostile overview",
           "it is shown");
        sheet_end(&sh);
        mtasts_status_word_page(&begin(&sh)->page, &frame, text, text);
        is_good(sh.s, "hostile word", escaped(hostile[i]));
        sheet_end(&sh);
    }
}

/* What is not as it is meant to be must not end the server either. */
static void odd_overview(void)
{
    mtasts_status_row row = rows[0];
    mtasts_status_list list = usual_list;
    sheet sh;

    memset(&row.is, 0xff, sizeof(row.is));
    row.max_age = 0;
    list.rows = &row;
    list.n = 1;
    list_html(&sh, &usual, &list);
    is_good(sh.s, "odd overview", "a glance of nothing but ones");
    sheet_end(&sh);
    row.is.worst = 5000;
    list_html(&sh, &usual, &list);
    is_good(sh.s, "odd overview", "a code that there is not");
    sheet_end(&sh);
}

/* --- the page of a domain --- */

/* `which` is the name of members, whatever they are; or NULL: all strings. */
static int is_meant(const char *which, const char *key, const json_t *value)
{
    return which ? !strcmp(which, key) : json_is_string(value);
}

/* Puts `as` in the place of each of them below `j`. */
static void spoil(json_t *j, const char *which, json_t *as)
{
    const char *key;
    void *next;
    json_t *value;
    size_t i;

    json_array_foreach(j, i, value)
    {
        if (is_meant(which, "", value)) {
            json_array_set(j, i, as);
        }
        else {
            spoil(value, which, as);
        }
    }
    json_object_foreach_safe(j, next, key, value)
    {
        if (is_meant(which, key, value)) {
            json_object_set(j, key, as);
        }
        else {
            spoil(value, which, as);
        }
    }
}

/* A file, with 64 kB in place of each "@LONG@"; NULL if it is none. */
static json_t *load(const char *path)
{
    json_error_t error;
    json_t *file = json_load_file(path, 0, &error), *as;

    if (!file) {
        printf("#   %s: %s, line %d\n", path, error.text, error.line);
        return NULL;
    }
    as = json_string(hostile_text(NHOSTILE - 1));
    sheet_expand(file, as);
    json_decref(as);
    return file;
}

/* The page of `file` with that in place of it. */
static int spoiled_is_good(const json_t *file, const char *name, json_t *as,
                           const char *what)
{
    json_t *copy = json_deep_copy(file);
    sheet sh;
    markup m;
    const char *fault;

    spoil(json_object_get(copy, "policies"), name, as);
    spoil(json_object_get(copy, "events"), name, as);
    fault = markup_fault(&m, sheet_domain(&sh, pool, copy));
    if (fault) {
        printf("#   %s, %s: %s\n", name ? name : "all", what, fault);
    }
    sheet_end(&sh);
    json_decref(copy);
    return !fault;
}

/* All names of members below `j` -> the object `names`. */
static void gather_names(const json_t *j, json_t *names)
{
    const char *key;
    json_t *value;
    size_t i;

    if (json_is_array(j)) {
        json_array_foreach(j, i, value) gather_names(value, names);
    }
    else if (json_is_object(j)) {
        json_object_foreach((json_t *)(size_t)j, key, value)
        {
            json_object_set_new(names, key, json_true());
            gather_names(value, names);
        }
    }
}

static void hostile_domain(const json_t *file, const char *name)
{
    json_t *names = json_object(), *as, *value;
    const char *key;
    size_t i;

    gather_names(json_object_get(file, "policies"), names);
    gather_names(json_object_get(file, "events"), names);
    for (i = 0; i < NHOSTILE; i++) {
        const char *text = hostile_text(i);
        size_t len = strlen(text);
        int good;

        /* One that is UTF-8, as JSON is; or else unchecked, as it is. */
        as = json_stringn_nocheck(text, len);
        good = spoiled_is_good(file, NULL, as, "hostile");
        /* One by one, so that the others lead to all that there is. */
        json_object_foreach(names, key, value)
        {
            good &= i > 1 || spoiled_is_good(file, key, as, "hostile");
        }
        ok(good, name, escaped(hostile[i]));
        json_decref(as);
    }
    json_decref(names);
}

/* The same with members of another kind, or none. */
static void odd_domain(const json_t *file, const char *name)
{
    static const char *const kinds[] = {
        "null",       "true", "-1",   "9223372036854775807", "1e300",
        "[]",         "[1]",  "[[]]", "[null, \"x\", {}]",   "{}",
        "{\"a\": 1}", "\"\""};
    json_t *names = json_object(), *as, *value;
    const char *key;
    size_t i;

    gather_names(json_object_get(file, "policies"), names);
    for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        int good = 1;

        as = json_loads(kinds[i], JSON_DECODE_ANY, NULL);
        json_object_foreach(names, key, value)
        {
            good &= spoiled_is_good(file, key, as, kinds[i]);
        }
        ok(good, name, kinds[i]);
        json_decref(as);
    }
    json_decref(names);
}

static void domain_file(const char *path)
{
    const char *name = strrchr(path, '/') + 1;
    json_t *file = load(path);
    sheet sh;

    if (!ok(file != NULL, name, "is JSON")) {
        return;
    }
    sheet_domain(&sh, pool, file);
    is_good(sh.s, name, "well-formed");
    sheet_end(&sh);
    json_decref(file);
    /* Without what is long: this is many pages. */
    file = json_load_file(path, 0, NULL);
    hostile_domain(file, name);
    odd_domain(file, name);
    json_decref(file);
}

static void domains(void)
{
    glob_t files;
    size_t i;

    if (ok(!glob(FILES, 0, NULL, &files), "domains", FILES)) {
        for (i = 0; i < files.gl_pathc; i++) {
            domain_file(files.gl_pathv[i]);
        }
        globfree(&files);
    }
}

/* --- to be looked at --- */

static void keep(const char *dir, const char *name, const char *s, size_t len)
{
    const char *path = apr_pstrcat(pool, dir, "/", name, NULL);
    FILE *f = fopen(path, "wb");
    int good = f && fwrite(s, 1, len, f) == len;

    if (!f || fclose(f) || !good) {
        perror(path);
        exit(1);
    }
}

static void keep_sheet(const char *dir, const char *name, sheet *sh)
{
    keep(dir, name, sh->s, sh->len);
    sheet_end(sh);
}

static void keep_domains(const char *dir)
{
    glob_t files;
    size_t i;

    if (glob(FILES, 0, NULL, &files)) {
        return;
    }
    for (i = 0; i < files.gl_pathc; i++) {
        const char *name = strrchr(files.gl_pathv[i], '/') + 1;
        json_t *file = load(files.gl_pathv[i]);
        sheet sh;

        sheet_domain(&sh, pool, file);
        keep_sheet(dir,
                   apr_psprintf(pool, "domain-%.*s.html",
                                (int)(strlen(name) - strlen(".json")), name),
                   &sh);
        json_decref(file);
    }
    globfree(&files);
}

static void keep_all(const char *dir)
{
    static const mtasts_status_list none = {NULL, 0, 0, {0}, 0, 1, 1, "", -1};
    mtasts_status_list part = usual_list;
    mtasts_status_frame frame = usual;
    json_t *findings = server_findings();
    sheet sh;

    frame.findings = findings;
    list_html(&sh, &frame, &usual_list);
    keep_sheet(dir, "list.html", &sh);
    part.n = 2;
    part.matching = 240;
    part.sites = 10000;
    part.standing[MTASTS_STANDS_OK] = 9753;
    part.page = 2;
    part.pages = 3;
    part.q = "example";
    part.only = MTASTS_STANDS_ERROR;
    frame.running = 1;
    frame.no_ledger = "database is locked";
    list_html(&sh, &frame, &part);
    keep_sheet(dir, "part.html", &sh);
    frame.watched = frame.running = frame.ledger = 0;
    frame.findings = NULL;
    frame.began = 0;
    list_html(&sh, &frame, &none);
    keep_sheet(dir, "empty.html", &sh);
    mtasts_status_word_page(&begin(&sh)->page, &usual, "No such domain",
                            "No virtual host here serves a policy for "
                            "nowhere.example.");
    keep_sheet(dir, "word.html", &sh);
    keep_domains(dir);
    keep(dir, "style.css", mtasts_status_style.text, mtasts_status_style.len);
    keep(dir, "script.js", mtasts_status_script.text, mtasts_status_script.len);
    json_decref(findings);
}

static void assets(void)
{
    has(mtasts_status_style.text, "@media print", "style.css");
    ok(strlen(mtasts_status_style.text) == mtasts_status_style.len, "style.css",
       "its length");
    has(mtasts_status_script.text, "\"use strict\";\n", "script.js");
    ok(strlen(mtasts_status_script.text) == mtasts_status_script.len,
       "script.js", "its length");
    ok(*mtasts_status_version, "version", "is there");
}

int main(int argc, char **argv)
{
    apr_initialize();
    apr_pool_create(&pool, NULL);
    if (argc > 1) {
        keep_all(argv[1]);
        return 0;
    }
    times();
    durations();
    pieces();
    finding();
    standing();
    frames();
    around();
    overview();
    filtered();
    nothing();
    hostile_overview();
    odd_overview();
    assets();
    domains();
    apr_pool_destroy(pool);
    apr_terminate();
    return done();
}
