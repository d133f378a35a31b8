/* The metrics, and mod_status's section.  `status_metrics CASE` prints the
 * exposition of a case, `status_metrics list` the names of all. */

#include "../../src/httpd/status_private.h"
#include "../unit/tap.h"

#include "apr_general.h"
#include "apr_strings.h"

#include <stdlib.h>

#define NOW  1769860800
#define MANY 40

static apr_pool_t *pool;

/* --- what is shown --- */

static const mtasts_status_row fine[] = {
    {.domain = "example.com",
     .vhost = "mta-sts.example.com:443",
     .id = "20260131T120000",
     .mode = MTASTS_MODE_ENFORCE,
     .max_age = 604800,
     .checks = 1,
     .is = {.checked = NOW - 60,
            .vhost_until = NOW + 86400,
            .worst = MTASTS_NO_CODE,
            .sync = MTASTS_SYNC_IN_SYNC}},
};

static const mtasts_status_row full[] = {
    {.domain = "b.example",
     .vhost = "mta-sts.b.example:443",
     .id = "b1",
     .mode = MTASTS_MODE_TESTING,
     .max_age = 86400,
     .step = 2,
     .steps = 3,
     .held_back = 1,
     .checks = 1,
     .is = {.checked = NOW - 60,
            .vhost_until = NOW + 86400,
            .mx_until = NOW - 86400,
            .findings = {4, 3, 2, 1},
            .worst = MTASTS_TXT_MISSING,
            .sync = MTASTS_SYNC_ABSENT,
            .held = 1}},
    /* The same name at another address of the machine. */
    {.domain = "b.example",
     .vhost = "mta-sts.b.example:443",
     .id = "b2",
     .mode = MTASTS_MODE_NONE,
     .max_age = 1,
     .checks = 1,
     .is = {.checked = NOW, .worst = MTASTS_NO_CODE, .sync = 1}},
    {.domain = "b.example",
     .vhost = "other.example:443",
     .id = "b1",
     .mode = MTASTS_MODE_TESTING,
     .max_age = 86400,
     .steps = 3,
     .checks = 1,
     .again = 1,
     .is = {.checked = NOW - 60,
            .findings = {0, 0, 0, 2},
            .worst = MTASTS_DNS_UNKNOWN,
            .sync = MTASTS_SYNC_UNKNOWN}},
    /* Nobody has looked; its configuration has a warning. */
    {.domain = "new.example",
     .vhost = "mta-sts.new.example:443",
     .id = "n1",
     .mode = MTASTS_MODE_NONE,
     .max_age = 60,
     .step = 1,
     .steps = 2,
     .checks = 1,
     .is = {.findings = {0, 1}, .worst = MTASTS_MAX_AGE_SHORT}},
    {.domain = "off.example",
     .vhost = "mta-sts.off.example:443",
     .id = "o1",
     .max_age = 60,
     .is = {.worst = MTASTS_NO_CODE}},
};

static const mtasts_status_mx certs[] = {
    {"mx.example", "192.0.2.1", NOW + 2 * 86400},
    {"mx.example", "2001:db8::1", NOW + 3 * 86400},
    {"mx.example", "192.0.2.1", NOW + 86400},
    {"unknown.example", "192.0.2.2", 0},
};

static const mtasts_status_fetched fetches[] = {
    {"b.example", "google", 12},
    {"b.example", "postfix-mta-sts-resolver", 0},
};

static const mtasts_status_row bad[] = {
    {.domain = "a\"} 1\nmtasts_ledger_up 0\n# EOF\n",
     .vhost = "back\\slash\r\t\x01\x7f:443",
     .id = "id\"\\\n",
     .checks = 1,
     .is = {.checked = NOW, .sync = 0xff, .worst = 0xfffe, .findings = {1}}},
    {.domain = "caf\xc3\xa9.example",
     .vhost = "\xff\xc0\xaf\xed\xa0\x80:443",
     .id = "",
     .checks = 1,
     .is = {.checked = NOW, .sync = MTASTS_SYNC_FOREIGN, .findings = {1}}},
    {.domain = "<script>&amp;'\xe2\x80\xae</script>",
     .vhost = "\\x0a{}=,#",
     .id = "x",
     .is = {.worst = MTASTS_NO_CODE}},
};

static const mtasts_status_mx bad_certs[] = {
    {"mx\n\"\\.example", "192.0.2.1\n", NOW},
    {"\xf4\x90\x80\x80", "\"", NOW},
};

static const mtasts_status_fetched bad_fetches[] = {{"\n\"", "\\", 1}};

/* In `pool`: `n` rows of which each has everything, of long names. */
static mtasts_status_metrics many(void)
{
    mtasts_status_row *rows = apr_pcalloc(pool, MANY * sizeof(*rows));
    mtasts_status_metrics m = {.rows = rows,
                               .n = MANY,
                               .sites = 100000,
                               .left_out = 100000 - MANY,
                               .standing = {MANY, 0, 0, 0, 100000 - MANY},
                               .mx = certs,
                               .nmx = 2,
                               .mx_left_out = 70000};
    char *huge = apr_palloc(pool, 65537);
    int i;

    memset(huge, '\\', 65536);
    huge[65536] = '\0';
    for (i = 0; i < MANY; i++) {
        rows[i] = full[0];
        rows[i].domain = apr_psprintf(pool, "d%d.example", i);
    }
    rows[0].vhost = huge;
    return m;
}

/* --- cases --- */

static const struct {
    const char *name;
    mtasts_status_frame frame;
    mtasts_status_metrics m; /* the last case's are made */
    const char *findings;    /* of the server, as JSON */
    const char *want[24];    /* lines */
    const char *without[12]; /* what begins no line */
} cases[] = {
    {.name = "nothing",
     .want = {"mtasts_watch_enabled 0", "mtasts_run_under_way 0",
              "mtasts_domains{state=\"error\"} 0",
              "mtasts_domains{state=\"ok\"} 0", "mtasts_domains_left_out 0",
              "mtasts_mx_certificates_left_out 0"},
     .without = {"mtasts_ledger_up", "mtasts_last_run", "mtasts_next_run",
                 "mtasts_watch_interval", "mtasts_server_findings",
                 "mtasts_findings", "mtasts_policy", "mtasts_txt",
                 "# TYPE mtasts_policy", "mtasts_mx_certificate_"}},
    {.name = "first-run",
     .frame = {.began = NOW,
               .running = 1,
               .watched = 1,
               .interval = 3600,
               .ledger = 1},
     .want = {"mtasts_watch_enabled 1", "mtasts_run_under_way 1",
              "mtasts_last_run_timestamp_seconds 1769860800",
              "mtasts_watch_interval_seconds 3600", "mtasts_ledger_up 1"},
     .without = {"mtasts_last_run_duration", "mtasts_next_run"}},
    {.name = "ok",
     .frame = {.began = NOW - 60,
               .took_ms = 12034,
               .next = NOW + 3540,
               .interval = 3600,
               .watched = 1,
               .ledger = 1},
     .m = {.rows = fine, .n = 1, .sites = 1, .standing = {0, 0, 0, 0, 1}},
     .findings = "[]",
     .want =
         {"mtasts_ledger_up 1", "mtasts_last_run_duration_seconds 12.034",
          "mtasts_run_under_way 0",
          "mtasts_next_run_timestamp_seconds 1769864340",
          "mtasts_server_findings{severity=\"error\"} 0",
          "mtasts_domains{state=\"ok\"} 1",
          "mtasts_findings{domain=\"example.com\",vhost=\"mta-sts.example.com:"
          "443\",severity=\"error\"} 0",
          "mtasts_policy_info{domain=\"example.com\",vhost=\"mta-sts.example."
          "com:443\",id=\"20260131T120000\",mode=\"enforce\"} 1",
          "mtasts_txt_sync_info{domain=\"example.com\",vhost=\"mta-sts.example."
          "com:443\",state=\"in-sync\"} 1",
          "mtasts_txt_in_sync{domain=\"example.com\",vhost=\"mta-sts.example."
          "com:443\"} 1",
          "mtasts_vhost_certificate_expiry_timestamp_seconds{domain=\"example."
          "com\",vhost=\"mta-sts.example.com:443\"} 1769947200",
          "mtasts_last_look_timestamp_seconds{domain=\"example.com\",vhost="
          "\"mta-sts.example.com:443\"} 1769860740",
          "mtasts_policy_max_age_seconds{domain=\"example.com\",vhost=\"mta-"
          "sts.example.com:443\"} 604800",
          "mtasts_policy_held_back{domain=\"example.com\",vhost=\"mta-sts."
          "example.com:443\"} 0",
          "mtasts_checks_enabled{domain=\"example.com\",vhost=\"mta-sts."
          "example.com:443\"} 1"},
     .without = {"mtasts_rollout", "# HELP mtasts_rollout", "mtasts_domain_mx",
                 "mtasts_mx_certificate_", "mtasts_policy_fetches"}},
    {.name = "full",
     .frame = {.began = NOW - 60,
               .took_ms = 0,
               .interval = 60,
               .watched = 1,
               .ledger = 1,
               .no_ledger = "it is \"gone\"\n"},
     .m = {.rows = full,
           .n = 5,
           .sites = 5,
           .standing = {1, 1, 1, 2, 0},
           .mx = certs,
           .nmx = 4,
           .fetched = fetches,
           .nfetched = 2},
     .findings = "[{\"severity\":\"warning\"},{\"severity\":\"info\"},"
                 "{\"severity\":\"warning\"},{},3]",
     .want =
         {"mtasts_ledger_up 0",
          "mtasts_last_run_duration_seconds 0.000",
          "mtasts_server_findings{severity=\"warning\"} 2",
          "mtasts_server_findings{severity=\"unknown\"} 0",
          "mtasts_findings{domain=\"b.example\",vhost=\"mta-sts.b.example:"
          "443\",severity=\"error\"} 4",
          "mtasts_findings{domain=\"b.example\",vhost=\"mta-sts.b.example:"
          "443\",severity=\"warning\"} 3",
          "mtasts_findings{domain=\"b.example\",vhost=\"mta-sts.b.example:"
          "443\",severity=\"info\"} 2",
          "mtasts_findings{domain=\"b.example\",vhost=\"mta-sts.b.example:"
          "443\",severity=\"unknown\"} 1",
          "mtasts_findings{domain=\"new.example\",vhost=\"mta-sts.new.example:"
          "443\",severity=\"warning\"} 1",
          "mtasts_rollout_step{domain=\"b.example\",vhost=\"mta-sts.b.example:"
          "443\"} 2",
          "mtasts_rollout_steps{domain=\"b.example\",vhost=\"other.example:"
          "443\"} 3",
          "mtasts_rollout_held{domain=\"b.example\",vhost=\"mta-sts.b.example:"
          "443\"} 1",
          "mtasts_rollout_held{domain=\"b.example\",vhost=\"other.example:"
          "443\"} 0",
          "mtasts_policy_held_back{domain=\"b.example\",vhost=\"mta-sts.b."
          "example:443\"} 1",
          "mtasts_txt_in_sync{domain=\"b.example\",vhost=\"mta-sts.b.example:"
          "443\"} 0",
          "mtasts_txt_sync_info{domain=\"b.example\",vhost=\"other.example:"
          "443\",state=\"unknown\"} 1",
          "mtasts_domain_mx_certificate_expiry_timestamp_seconds{domain=\"b."
          "example\",vhost=\"mta-sts.b.example:443\"} 1769774400",
          "mtasts_mx_certificate_expiry_timestamp_seconds{host=\"mx.example\","
          "address=\"192.0.2.1\"} 1769947200",
          "mtasts_mx_certificate_expiry_timestamp_seconds{host=\"mx.example\","
          "address=\"2001:db8::1\"} 1770120000",
          "mtasts_policy_fetches{domain=\"b.example\",sender=\"google\"} 12",
          "mtasts_policy_fetches{domain=\"b.example\",sender=\"postfix-mta-"
          "sts-resolver\"} 0",
          "mtasts_checks_enabled{domain=\"off.example\",vhost=\"mta-sts.off."
          "example:443\"} 0"},
     .without =
         {"mtasts_txt_in_sync{domain=\"b.example\",vhost=\"other",
          "mtasts_txt_in_sync{domain=\"new",
          "mtasts_txt_sync_info{domain=\"new",
          "mtasts_rollout_held{domain=\"new",
          "mtasts_rollout_step{domain=\"b.example\",vhost=\"other",
          "mtasts_findings{domain=\"new.example\",vhost=\"mta-sts.new."
          "example:443\",severity=\"error\"",
          "mtasts_findings{domain=\"off",
          "mtasts_last_look_timestamp_seconds{"
          "domain=\"new",
          "mtasts_mx_certificate_expiry_timestamp_seconds{host=\"unknown",
          "mtasts_vhost_certificate_expiry_timestamp_seconds{domain=\"off"}},
    {.name = "hostile",
     .frame = {.ledger = 1, .no_ledger = "\n# EOF\n"},
     .m = {.rows = bad,
           .n = 3,
           .sites = 3,
           .standing = {3},
           .mx = bad_certs,
           .nmx = 2,
           .fetched = bad_fetches,
           .nfetched = 1},
     .findings = "{\"severity\":\"error\"}",
     .want =
         {"mtasts_checks_enabled{domain=\"a\\\"} 1\\\\x0amtasts_ledger_up "
          "0\\\\x0a# EOF\\\\x0a\",vhost=\"back\\\\x5cslash\\\\x0d\\\\x09\\\\x01"
          "\\\\x7f:443\"} 1",
          "mtasts_checks_enabled{domain=\"caf\\\\xc3\\\\xa9.example\",vhost="
          "\"\\\\xff\\\\xc0\\\\xaf\\\\xed\\\\xa0\\\\x80:443\"} 1",
          "mtasts_checks_enabled{domain=\"<script>&amp;'\\\\xe2\\\\x80\\\\xae"
          "</script>\",vhost=\"\\\\x0a{}=,#\"} 0",
          "mtasts_mx_certificate_expiry_timestamp_seconds{host=\"\\\\xf4\\\\x90"
          "\\\\x80\\\\x80\",address=\"\\\"\"} 1769860800",
          "mtasts_policy_fetches{domain=\"\\\\x0a\\\"\",sender=\"\\\\x5c\"} 1",
          "mtasts_ledger_up 0"},
     .without = {"mtasts_txt_sync_info{domain=\"a",
                 "mtasts_txt_in_sync{domain=\"a"}},
    {.name = "many",
     .want = {"mtasts_domains_left_out 99960",
              "mtasts_mx_certificates_left_out 70000",
              "mtasts_domains{state=\"ok\"} 99960",
              "mtasts_rollout_step{domain=\"d39.example\",vhost=\"mta-sts.b."
              "example:443\"} 2"}},
};

#define CASES (sizeof(cases) / sizeof(cases[0]))

/* --- a page in memory --- */

typedef struct {
    char *text;
    apr_size_t len, size;
} memory;

static void put(void *ctx, const char *s, apr_size_t len)
{
    memory *m = ctx;

    if (m->len + len + 1 > m->size) {
        m->size = 2 * (m->len + len + 1);
        m->text = realloc(m->text, m->size);
    }
    memcpy(m->text + m->len, s, len);
    m->len += len;
    m->text[m->len] = '\0';
}

static char *exposition(size_t i)
{
    memory m = {NULL, 0, 0};
    mtasts_page page = {pool, put, &m};
    mtasts_status_frame frame = cases[i].frame;
    mtasts_status_metrics metrics = i + 1 == CASES ? many() : cases[i].m;
    json_t *findings =
        cases[i].findings ? json_loads(cases[i].findings, 0, NULL) : NULL;

    frame.now = NOW;
    frame.findings = findings;
    mtasts_status_metrics_page(&page, &frame, &metrics);
    json_decref(findings);
    return m.text;
}

/* --- what must hold of each --- */

typedef struct {
    char *line[4000];
    size_t n;
} split;

/* Takes `text` to pieces; the last is "" if it ends in a line break. */
static void take_apart(char *text, split *s)
{
    char *at;

    for (s->n = 0; s->n < 4000 && text; s->n++) {
        s->line[s->n] = text;
        at = strchr(text, '\n');
        if (at) {
            *at++ = '\0';
        }
        text = at;
    }
}

static int has(const split *s, const char *line, size_t *at)
{
    for (*at = 0; *at < s->n; (*at)++) {
        if (!strcmp(s->line[*at], line)) {
            return 1;
        }
    }
    return 0;
}

static int begins(const split *s, const char *with)
{
    size_t i;

    for (i = 0; i < s->n; i++) {
        if (!strncmp(s->line[i], with, strlen(with))) {
            return 1;
        }
    }
    return 0;
}

/* The length of a sample without its number; 0 if it is none, or has a value of a
 * label that is not printable ASCII. */
static size_t series_length(const char *line)
{
    size_t at = strspn(line, "abcdefghijklmnopqrstuvwxyz_"), rest;

    if (line[at] == '{') {
        do {
            at += 1 + strspn(line + at + 1, "abcdefghijklmnopqrstuvwxyz_");
            if (strncmp(line + at, "=\"", 2) != 0) {
                return 0;
            }
            for (at += 2; line[at] != '"'; at++) {
                if (line[at] == '\\' && !strchr("\\\"n", line[++at])) {
                    return 0;
                }
                if (line[at] < 0x20 || line[at] > 0x7e) {
                    return 0;
                }
            }
            at++;
        } while (line[at] == ',');
        if (line[at++] != '}') {
            return 0;
        }
    }
    rest = line[at] == ' ' ? strspn(line + at + 1, "0123456789.") : 0;
    return rest && !line[at + 1 + rest] ? at : 0;
}

/* TYPE, perhaps UNIT, HELP, samples: of one family after the other. */
static const char *families_wrong(const split *s)
{
    char name[128] = "", unit[128], head[300];
    size_t i, j, n = 0;

    for (i = 0; i + 2 < s->n; i++) {
        const char *line = s->line[i];

        if (line[0] != '#') {
            if (!*name || strncmp(line, name, strlen(name)) != 0 ||
                !strchr("{ ", line[strlen(name)])) {
                return line;
            }
            n++;
            continue;
        }
        if ((*name && !n) || sscanf(line, "# TYPE %127s gauge", name) != 1 ||
            !strstr(line, " gauge")) {
            return line;
        }
        for (j = 0; j < i; j++) {
            if (!strcmp(s->line[j], line)) {
                return line;
            }
        }
        if (sscanf(s->line[i + 1], "# UNIT %*s %127s", unit) == 1) {
            snprintf(head, sizeof(head), "# UNIT %s %s", name, unit);
            if (strcmp(s->line[++i], head) != 0) {
                return s->line[i];
            }
        }
        snprintf(head, sizeof(head), "# HELP %s ", name);
        if (strncmp(s->line[++i], head, strlen(head)) != 0 ||
            !s->line[i][strlen(head)]) {
            return s->line[i];
        }
        n = 0;
    }
    return n ? NULL : "a family has no sample";
}

static const char *series_wrong(const split *s)
{
    size_t i, j;

    for (i = 0; i + 2 < s->n; i++) {
        size_t len;

        if (s->line[i][0] == '#') {
            continue;
        }
        len = series_length(s->line[i]);
        if (!len || strlen(s->line[i]) > 5000) {
            return s->line[i];
        }
        for (j = 0; j < i; j++) {
            if (!strncmp(s->line[j], s->line[i], len + 1)) {
                return s->line[i];
            }
        }
    }
    return NULL;
}

static void try_case(size_t i)
{
    char *text = exposition(i);
    const char *wrong;
    split s;
    size_t j, at;

    take_apart(text, &s);
    ok(s.n > 2 && !strcmp(s.line[s.n - 2], "# EOF") && !*s.line[s.n - 1],
       cases[i].name, "ends in # EOF");
    ok(has(&s, "# EOF", &at) && at == s.n - 2, cases[i].name, "and only there");
    wrong = families_wrong(&s);
    is_str(wrong ? wrong : "", "", cases[i].name, "each family has one head");
    wrong = series_wrong(&s);
    is_str(wrong ? wrong : "", "", cases[i].name, "each series is there once");
    for (j = 0; cases[i].want[j]; j++) {
        ok(has(&s, cases[i].want[j], &at), cases[i].name, cases[i].want[j]);
    }
    for (j = 0; cases[i].without[j]; j++) {
        ok(!begins(&s, cases[i].without[j]), cases[i].name,
           apr_pstrcat(pool, "no ", cases[i].without[j], NULL));
    }
    free(text);
}

/* --- how a site stands --- */

static const struct {
    mtasts_status_row row;
    const char *stands;
} standing[] = {
    {{.checks = 1, .is = {.checked = 1}}, "ok"},
    {{.checks = 1, .is = {.checked = 1, .findings = {0, 0, 9, 0}}}, "ok"},
    {{.checks = 1, .is = {.checked = 1, .findings = {1, 1, 1, 1}}}, "error"},
    {{.checks = 1, .is = {.checked = 1, .findings = {0, 1, 1, 1}}}, "warning"},
    {{.checks = 1, .is = {.checked = 1, .findings = {0, 0, 1, 1}}}, "unknown"},
    {{.checks = 1}, "unchecked"},
    {{.checks = 1, .is = {.findings = {0, 0, 1, 1}}}, "unchecked"},
    {{.checks = 0, .is = {.checked = 1}}, "unchecked"},
    {{.checks = 1, .is = {.findings = {1}}}, "error"},
    {{.checks = 0, .is = {.findings = {0, 1}}}, "warning"},
};

static void try_standing(void)
{
    size_t i;

    for (i = 0; i < sizeof(standing) / sizeof(standing[0]); i++) {
        is_str(mtasts_stands_name(mtasts_status_stands(&standing[i].row)),
               standing[i].stands, "stands",
               apr_psprintf(pool, "row %d", (int)i));
    }
}

/* --- mod_status --- */

static const struct {
    const char *name;
    int is_short;
    mtasts_status_frame frame;
    mtasts_status_sum sum;
    const char *want[12]; /* is in it; alone: all of it */
    const char *without[8];
} shorts[] = {
    {.name = "auto, nothing",
     .is_short = 1,
     .want = {"MTASTSDomains: 0\nMTASTSErrors: 0\nMTASTSWarnings: 0\n"
              "MTASTSUnknown: 0\nMTASTSUnchecked: 0\nMTASTSOK: 0\n"
              "MTASTSWatched: 0\n"}},
    {.name = "auto",
     .is_short = 1,
     .frame = {.watched = 1, .began = NOW, .next = NOW + 60},
     .sum = {15, {1, 2, 3, 4, 5}, full, 2},
     .want = {"MTASTSDomains: 15\nMTASTSErrors: 1\nMTASTSWarnings: 2\n"
              "MTASTSUnknown: 3\nMTASTSUnchecked: 4\nMTASTSOK: 5\n"
              "MTASTSWatched: 1\nMTASTSLastRun: 1769860800\n"
              "MTASTSNextRun: 1769860860\n"}},
    {.name = "nothing",
     .frame = {.watched = 1},
     .want = {"<h3>MTA-STS policies</h3>", "<p>0 domains.</p>",
              "<code>SetHandler mtasts-status</code>"},
     .without = {"<table", "ledger", "not looked at"}},
    {.name = "one",
     .frame = {.watched = 1, .began = NOW, .ledger = 1},
     .sum = {1, {0, 0, 0, 0, 1}, NULL, 0},
     .want = {"<p>1 domain: 1 in order.",
              "All were looked at on 2026-01-31 12:00 UTC."},
     .without = {"<table", "ledger"}},
    {.name = "full",
     .frame = {.ledger = 1},
     .sum = {5, {1, 1, 1, 2, 0}, full, 5},
     .want = {"5 domains: 1 with errors, 1 with warnings, 1 not fully known, "
              "2 not looked at.",
              "They are not looked at while the server runs.",
              "<tr><td>b.example</td><td>mta-sts.b.example:443</td>"
              "<td>error</td><td>txt-missing</td>"
              "<td>testing, step 2 of 3, held</td><td>absent</td></tr>",
              "<td>unknown</td><td>dns-tempfail</td>"
              "<td>testing, step ? of 3</td><td>unknown</td></tr>",
              "<td>warning</td><td>max-age-short</td>"
              "<td>none, step 1 of 2</td><td>-</td></tr>",
              "<td>unchecked</td><td>-</td><td>testing</td><td>-</td></tr>"},
     .without = {"<gone>", "All were"}},
    {.name = "hostile",
     .frame = {.watched = 1},
     .sum = {3, {2, 0, 0, 1, 0}, bad, 3},
     .want = {"<td>&lt;script&gt;&amp;amp;&#39;\\xe2\\x80\\xae&lt;/script&gt;"
              "</td>",
              "<td>a&quot;} 1\\x0amtasts_ledger_up", "caf\\xc3\\xa9.example",
              "<td>error</td><td>-</td><td>testing</td><td>-</td>"},
     .without = {"<script", "\xc3", "\xff"}},
};

static void try_short(size_t i)
{
    memory m = {NULL, 0, 0};
    mtasts_page page = {pool, put, &m};
    size_t j;

    mtasts_status_short_page(&page, &shorts[i].frame, &shorts[i].sum,
                             shorts[i].is_short);
    if (shorts[i].is_short) {
        is_str(m.text, shorts[i].want[0], shorts[i].name, "mod_status");
    }
    for (j = 0; shorts[i].want[j]; j++) {
        ok(strstr(m.text, shorts[i].want[j]), shorts[i].name,
           apr_psprintf(pool, "%d is there", (int)j));
    }
    for (j = 0; shorts[i].without[j]; j++) {
        ok(!strstr(m.text, shorts[i].without[j]), shorts[i].name,
           apr_pstrcat(pool, "no ", shorts[i].without[j], NULL));
    }
    for (j = 0; j < m.len && (m.text[j] == '\n' || m.text[j] >= 0x20); j++) {
    }
    ok(j == m.len, shorts[i].name, "is ASCII");
    free(m.text);
}

/* 0 if there is such a case. */
static int print(const char *name)
{
    size_t i;

    for (i = 0; i < CASES; i++) {
        if (!strcmp(name, "list")) {
            puts(cases[i].name);
        }
        else if (!strcmp(name, cases[i].name)) {
            char *text = exposition(i);

            fputs(text, stdout);
            free(text);
            return 0;
        }
    }
    return strcmp(name, "list") != 0;
}

int main(int argc, char **argv)
{
    size_t i;
    int bad_name = 0;

    apr_initialize();
    apr_pool_create(&pool, NULL);
    if (argc > 1) {
        bad_name = print(argv[1]);
    }
    else {
        for (i = 0; i < CASES; i++) {
            try_case(i);
        }
        try_standing();
        for (i = 0; i < sizeof(shorts) / sizeof(shorts[0]); i++) {
            try_short(i);
        }
    }
    apr_pool_destroy(pool);
    apr_terminate();
    return argc > 1 ? bad_name : done();
}
