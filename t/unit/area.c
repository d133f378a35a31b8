#include "../../src/core/area.h"
#include "tap.h"

/* --- areas --- */

/* Of each code, by the beginning of its name; the longest that fits. */
static const struct {
    const char *prefix;
    mtasts_area area;
} prefixes[] = {{"", MTASTS_AREA_CONFIG},
                {"txt-", MTASTS_AREA_TXT},
                {"mx-unmatched", MTASTS_AREA_MX},
                {"mx-null", MTASTS_AREA_MX},
                {"mx-unused", MTASTS_AREA_MX},
                {"mx-none", MTASTS_AREA_MX},
                {"mx-cname", MTASTS_AREA_MX_ADDRESS},
                {"mx-noaddress", MTASTS_AREA_MX_ADDRESS},
                {"mx-invalid", MTASTS_AREA_MX},
                {"mx-suggest", MTASTS_AREA_MX},
                {"host-missing", MTASTS_AREA_HOST},
                {"host-elsewhere", MTASTS_AREA_HOST},
                {"tlsrpt-", MTASTS_AREA_TLSRPT},
                {"tlsrpt-scheme", MTASTS_AREA_CONFIG},
                {"tlsrpt-uri", MTASTS_AREA_CONFIG},
                {"dns-tempfail", MTASTS_AREA_DNS},
                {"cert-", MTASTS_AREA_CERT},
                {"tls-version", MTASTS_AREA_CERT},
                {"mx-no-starttls", MTASTS_AREA_MX_TLS},
                {"mx-starttls-failed", MTASTS_AREA_MX_TLS},
                {"mx-tls-version", MTASTS_AREA_MX_TLS},
                {"mx-greeting", MTASTS_AREA_MX_TLS},
                {"mx-unreachable", MTASTS_AREA_MX_TLS},
                {"mx-cert-", MTASTS_AREA_MX_CERT},
                {"mx-dane", MTASTS_AREA_DANE},
                {"fetch-", MTASTS_AREA_FETCH},
                {"fetch-cert-", MTASTS_AREA_FETCH_CERT},
                {"cached-", MTASTS_AREA_HISTORY},
                {"policy-withdrawn", MTASTS_AREA_HISTORY},
                {"mode-lowered", MTASTS_AREA_HISTORY},
                {"id-reused", MTASTS_AREA_HISTORY},
                {"id-repeated", MTASTS_AREA_HISTORY},
                {"removable-from", MTASTS_AREA_HISTORY},
                {"held-back", MTASTS_AREA_HISTORY},
                {"not-served", MTASTS_AREA_HISTORY},
                {"rollout-held", MTASTS_AREA_HISTORY},
                {"rollout-unplaced", MTASTS_AREA_HISTORY},
                {"rollout-plan-changed", MTASTS_AREA_HISTORY},
                {"rollout-elsewhere", MTASTS_AREA_HISTORY},
                {"publish-", MTASTS_AREA_HISTORY},
                {"publish-command-value", MTASTS_AREA_CONFIG},
                {"publish-timeout-value", MTASTS_AREA_CONFIG},
                {"publish-delay-value", MTASTS_AREA_CONFIG},
                {"fetch-quorum-value", MTASTS_AREA_CONFIG},
                {"ledger-unavailable", MTASTS_AREA_MODULE},
                {"resolver-unavailable", MTASTS_AREA_MODULE},
                {"notify-failed", MTASTS_AREA_MODULE}};
#define PREFIXES (sizeof(prefixes) / sizeof(prefixes[0]))

static mtasts_area area_of(const char *name)
{
    size_t i, best = 0;

    for (i = 0; i < PREFIXES; i++) {
        size_t len = strlen(prefixes[i].prefix);

        if (!strncmp(name, prefixes[i].prefix, len) &&
            len >= strlen(prefixes[best].prefix)) {
            best = i;
        }
    }
    return prefixes[best].area;
}

static void test_areas(void)
{
    int i, used[MTASTS_AREAS] = {0};

    for (i = 0; i < MTASTS_CODES; i++) {
        const char *name = mtasts_code_name((mtasts_code)i);
        mtasts_area area = mtasts_code_area((mtasts_code)i);

        ok(area == area_of(name), "area", name);
        used[area] = 1;
    }
    for (i = 0; i < MTASTS_AREAS; i++) {
        char number[16];

        snprintf(number, sizeof(number), "%d", i);
        ok(used[i], "area with codes", number);
    }
}

/* What readers of the JSON document compare with. */
static const char *const names[MTASTS_AREAS] = {
    "config", "txt",   "mx",         "mx-address", "host",
    "tlsrpt", "dns",   "cert",       "mx-tls",     "mx-cert",
    "dane",   "fetch", "fetch-cert", "history",    "module"};

static void test_names(void)
{
    int i;

    for (i = 0; i < MTASTS_AREAS; i++) {
        ok(!strcmp(mtasts_area_name((mtasts_area)i), names[i]), "area name",
           names[i]);
    }
}

/* --- DNS --- */

#define T MTASTS_DNS_TEMPFAIL
#define Y MTASTS_DNS_OK
#define N MTASTS_DNS_ABSENT

/* What was answered, and whether that tells of `code`. */
static const struct {
    const char *name;
    mtasts_code code;
    mtasts_dns_status txt, mx, mx_a, mx_aaaa, own_a, own_aaaa, host_a,
        host_aaaa, tlsrpt, wrong;
    int want;
} dns_rows[] = {
    {"all", MTASTS_TXT_MISSING, Y, Y, Y, Y, T, T, Y, Y, Y, Y, 1},
    {"txt alone", MTASTS_TXT_STALE, N, T, T, T, T, T, T, T, T, T, 1},
    {"all but txt", MTASTS_TXT_MISSING, T, Y, Y, Y, T, T, Y, Y, Y, Y, 0},
    {"mx", MTASTS_MX_UNMATCHED, T, Y, T, T, T, T, T, T, T, T, 1},
    {"no mx", MTASTS_MX_NONE, T, N, T, T, Y, N, T, T, T, T, 1},
    {"no mx, nothing", MTASTS_MX_NONE, T, N, T, T, N, N, T, T, T, T, 1},
    {"no mx, A unknown", MTASTS_MX_NONE, Y, N, T, T, T, N, Y, Y, Y, Y, 0},
    {"no mx, AAAA unknown", MTASTS_MX_UNMATCHED, Y, N, T, T, Y, T, Y, Y, Y, Y,
     0},
    {"mx unknown", MTASTS_MX_UNMATCHED, Y, T, Y, Y, Y, Y, Y, Y, Y, Y, 0},
    {"mx unknown", MTASTS_MX_SUGGEST, Y, T, Y, Y, Y, Y, Y, Y, Y, Y, 0},
    {"mx hosts", MTASTS_MX_NOADDRESS, T, Y, Y, N, T, T, T, T, T, T, 1},
    {"mx hosts", MTASTS_MX_CNAME, T, Y, N, N, T, T, T, T, T, T, 1},
    {"mx host A unknown", MTASTS_MX_CNAME, Y, Y, T, Y, Y, Y, Y, Y, Y, Y, 0},
    {"mx host AAAA unknown", MTASTS_MX_NOADDRESS, Y, Y, N, T, Y, Y, Y, Y, Y, Y,
     0},
    {"mx unknown", MTASTS_MX_CNAME, Y, T, Y, Y, Y, Y, Y, Y, Y, Y, 0},
    {"host", MTASTS_HOST_MISSING, T, T, T, T, T, T, Y, N, T, T, 1},
    {"host elsewhere", MTASTS_HOST_ELSEWHERE, T, T, T, T, T, T, Y, Y, T, T, 1},
    {"host A unknown, elsewhere", MTASTS_HOST_ELSEWHERE, Y, Y, Y, Y, Y, Y, T, Y,
     Y, Y, 0},
    {"host A unknown", MTASTS_HOST_MISSING, Y, Y, Y, Y, Y, Y, T, N, Y, Y, 0},
    {"host AAAA unknown", MTASTS_HOST_MISSING, Y, Y, Y, Y, Y, Y, N, T, Y, Y, 0},
    {"tlsrpt", MTASTS_TLSRPT_MISSING, T, T, T, T, T, T, T, T, N, T, 1},
    {"tlsrpt unknown", MTASTS_TLSRPT_MISSING, Y, Y, Y, Y, Y, Y, Y, Y, T, Y, 0},
    {"wrong name", MTASTS_TLSRPT_WRONG_NAME, T, T, T, T, T, T, T, T, N, N, 1},
    {"wrong name unknown", MTASTS_TLSRPT_WRONG_NAME, Y, Y, Y, Y, Y, Y, Y, Y, N,
     T, 0},
    {"tempfail", MTASTS_DNS_UNKNOWN, T, T, T, T, T, T, T, T, T, T, 1},
    {"of no answer", MTASTS_MX_CERT_NAME, T, T, T, T, T, T, T, T, T, T, 1},
};

static void test_dns(void)
{
    size_t i;

    for (i = 0; i < sizeof(dns_rows) / sizeof(dns_rows[0]); i++) {
        mtasts_dns_answer txt = {0}, mx = {0}, a = {0}, aaaa = {0}, own_a = {0},
                          own_aaaa = {0}, h = {0}, h6 = {0}, tlsrpt = {0},
                          wrong = {0}, fine = {0};
        mtasts_dns_host hosts[2] = {{"good", &fine, &fine, NULL},
                                    {"mx", &a, &aaaa, NULL}};
        mtasts_dns_host own = {"own", &own_a, &own_aaaa, NULL};
        mtasts_dns_facts f = {"d",     &txt,          &mx,
                              hosts,   &own,          {"h", &h, &h6, NULL},
                              &tlsrpt, {NULL, &wrong}};

        fine.status = Y;
        txt.status = dns_rows[i].txt;
        mx.status = dns_rows[i].mx;
        mx.nmx = mx.status == Y ? 2 : 0;
        a.status = dns_rows[i].mx_a;
        aaaa.status = dns_rows[i].mx_aaaa;
        own_a.status = dns_rows[i].own_a;
        own_aaaa.status = dns_rows[i].own_aaaa;
        h.status = dns_rows[i].host_a;
        h6.status = dns_rows[i].host_aaaa;
        tlsrpt.status = dns_rows[i].tlsrpt;
        wrong.status = dns_rows[i].wrong;
        ok(mtasts_dns_tells(&f, dns_rows[i].code) == dns_rows[i].want,
           dns_rows[i].name, mtasts_code_name(dns_rows[i].code));
    }
}

static void test_dns_not_asked(void)
{
    mtasts_dns_facts f = {0};

    f.domain = "d";
    ok(!mtasts_dns_tells(&f, MTASTS_TXT_MISSING), "not asked", "txt");
    ok(!mtasts_dns_tells(&f, MTASTS_MX_UNMATCHED), "not asked", "mx");
    ok(!mtasts_dns_tells(&f, MTASTS_MX_CNAME), "not asked", "mx addresses");
    ok(!mtasts_dns_tells(&f, MTASTS_HOST_MISSING), "not asked", "host");
    ok(!mtasts_dns_tells(&f, MTASTS_TLSRPT_MISSING), "not asked", "tlsrpt");
}

/* --- connections --- */

static const struct {
    mtasts_probe_result result;
    int has_cert;
    const char *tells; /* which of mx-unreachable, mx-greeting, mx-no-starttls,
                          mx-starttls-failed, mx-tls-version, mx-cert-expired */
} mx_rows[] = {
    {MTASTS_PROBE_UNKNOWN, 0, "100000"},
    {MTASTS_PROBE_REFUSED, 0, "100000"},
    {MTASTS_PROBE_GREETING, 0, "110000"},
    {MTASTS_PROBE_TURNED_AWAY, 0, "110000"},
    {MTASTS_PROBE_NO_STARTTLS, 0, "111000"},
    {MTASTS_PROBE_TLS_FAILED, 0, "111110"},
    {MTASTS_PROBE_TLS_FAILED, 1, "111111"},
    {MTASTS_PROBE_TLS_VERSION, 0, "111110"},
    {MTASTS_PROBE_OK, 1, "111111"},
};

static void test_mx(void)
{
    static const mtasts_code codes[] = {
        MTASTS_MX_UNREACHABLE, MTASTS_MX_GREETING,
        MTASTS_MX_NO_STARTTLS, MTASTS_MX_STARTTLS_FAILED,
        MTASTS_MX_TLS_VERSION, MTASTS_MX_CERT_EXPIRED};
    size_t i, j;

    for (i = 0; i < sizeof(mx_rows) / sizeof(mx_rows[0]); i++) {
        mtasts_probe probe = {0};

        probe.result = mx_rows[i].result;
        probe.has_cert = mx_rows[i].has_cert;
        for (j = 0; j < 6; j++) {
            ok(mtasts_mx_tells(&probe, codes[j]) == mx_rows[i].tells[j] - '0',
               mtasts_probe_result_name(probe.result),
               mtasts_code_name(codes[j]));
        }
    }
}

static const struct {
    mtasts_probe_result result;
    int has_cert;
    const char *tells; /* which of fetch-unreachable, fetch-local, fetch-tls,
                          fetch-tls-version, fetch-cert-name, fetch-http,
                          fetch-slow, fetch-status, fetch-differs */
} fetch_rows[] = {
    {MTASTS_PROBE_UNKNOWN, 0, "110000000"},
    {MTASTS_PROBE_REFUSED, 0, "110000000"},
    {MTASTS_PROBE_TLS_FAILED, 0, "111100000"},
    {MTASTS_PROBE_TLS_VERSION, 0, "111100000"},
    {MTASTS_PROBE_NO_HTTP, 1, "111111000"},
    {MTASTS_PROBE_SLOW, 0, "110000100"},
    {MTASTS_PROBE_SLOW, 1, "111110100"},
    {MTASTS_PROBE_OK, 1, "111111111"},
};

static void test_fetch(void)
{
    static const mtasts_code codes[] = {
        MTASTS_FETCH_UNREACHABLE, MTASTS_FETCH_LOCAL,     MTASTS_FETCH_TLS,
        MTASTS_FETCH_TLS_VERSION, MTASTS_FETCH_CERT_NAME, MTASTS_FETCH_HTTP,
        MTASTS_FETCH_SLOW,        MTASTS_FETCH_STATUS,    MTASTS_FETCH_DIFFERS};
    size_t i, j;

    for (i = 0; i < sizeof(fetch_rows) / sizeof(fetch_rows[0]); i++) {
        for (j = 0; j < 9; j++) {
            ok(mtasts_fetch_tells(fetch_rows[i].result, fetch_rows[i].has_cert,
                                  codes[j]) == fetch_rows[i].tells[j] - '0',
               mtasts_probe_result_name(fetch_rows[i].result),
               mtasts_code_name(codes[j]));
        }
    }
}

int main(void)
{
    test_areas();
    test_names();
    test_dns();
    test_dns_not_asked();
    test_mx();
    test_fetch();
    return done();
}
