#include "area.h"

/* The codes of an area stand together; each begins where it says. */
static const struct {
    mtasts_code first;
    mtasts_area area;
} parts[] = {{MTASTS_ENGINE_VALUE, MTASTS_AREA_CONFIG},
             {MTASTS_TXT_MISSING, MTASTS_AREA_TXT},
             {MTASTS_MX_UNMATCHED, MTASTS_AREA_MX},
             {MTASTS_MX_CNAME, MTASTS_AREA_MX_ADDRESS},
             {MTASTS_MX_INVALID, MTASTS_AREA_MX},
             {MTASTS_HOST_MISSING, MTASTS_AREA_HOST},
             {MTASTS_TLSRPT_MISSING, MTASTS_AREA_TLSRPT},
             {MTASTS_DNS_UNKNOWN, MTASTS_AREA_DNS},
             {MTASTS_CERT_NAME, MTASTS_AREA_CERT},
             {MTASTS_MX_NO_STARTTLS, MTASTS_AREA_MX_TLS},
             {MTASTS_MX_CERT_NAME, MTASTS_AREA_MX_CERT},
             {MTASTS_MX_UNREACHABLE, MTASTS_AREA_MX_TLS},
             {MTASTS_MX_DANE, MTASTS_AREA_DANE},
             {MTASTS_FETCH_UNREACHABLE, MTASTS_AREA_FETCH},
             {MTASTS_FETCH_CERT_NAME, MTASTS_AREA_FETCH_CERT},
             {MTASTS_FETCH_REDIRECT, MTASTS_AREA_FETCH},
             {MTASTS_CACHED_MX_UNMATCHED, MTASTS_AREA_HISTORY},
             {MTASTS_LEDGER_UNAVAILABLE, MTASTS_AREA_MODULE}};

mtasts_area mtasts_code_area(mtasts_code code)
{
    size_t i = sizeof(parts) / sizeof(parts[0]) - 1;

    while (parts[i].first > code) {
        i--;
    }
    return parts[i].area;
}

static const char *const area_names[MTASTS_AREAS] = {
    [MTASTS_AREA_CONFIG] = "config",
    [MTASTS_AREA_TXT] = "txt",
    [MTASTS_AREA_MX] = "mx",
    [MTASTS_AREA_MX_ADDRESS] = "mx-address",
    [MTASTS_AREA_HOST] = "host",
    [MTASTS_AREA_TLSRPT] = "tlsrpt",
    [MTASTS_AREA_DNS] = "dns",
    [MTASTS_AREA_CERT] = "cert",
    [MTASTS_AREA_MX_TLS] = "mx-tls",
    [MTASTS_AREA_MX_CERT] = "mx-cert",
    [MTASTS_AREA_DANE] = "dane",
    [MTASTS_AREA_FETCH] = "fetch",
    [MTASTS_AREA_FETCH_CERT] = "fetch-cert",
    [MTASTS_AREA_HISTORY] = "history",
    [MTASTS_AREA_MODULE] = "module"};

const char *mtasts_area_name(mtasts_area area)
{
    return area_names[area];
}

/* --- DNS --- */

static int is_known(const mtasts_dns_answer *answer)
{
    return answer && answer->status != MTASTS_DNS_TEMPFAIL;
}

static int has_known_addresses(const mtasts_dns_host *host)
{
    return is_known(host->a) && is_known(host->aaaa);
}

/* Who receives mail: if there is no MX record, the domain itself if it has an
 * address. */
static int mx_known(const mtasts_dns_facts *facts)
{
    return is_known(facts->mx) &&
           (facts->mx->status == MTASTS_DNS_OK || !facts->own_host ||
            has_known_addresses(facts->own_host));
}

static int mx_addresses_known(const mtasts_dns_facts *facts)
{
    size_t i;

    for (i = 0; mx_known(facts) && i < facts->mx->nmx; i++) {
        if (!has_known_addresses(&facts->mx_hosts[i])) {
            return 0;
        }
    }
    return mx_known(facts);
}

static int tlsrpt_known(const mtasts_dns_facts *facts, mtasts_code code)
{
    size_t i;

    for (i = 0; code == MTASTS_TLSRPT_WRONG_NAME && i < 2; i++) {
        if (facts->wrong_tlsrpt[i] && !is_known(facts->wrong_tlsrpt[i])) {
            return 0;
        }
    }
    return is_known(facts->tlsrpt);
}

int mtasts_dns_tells(const mtasts_dns_facts *facts, mtasts_code code)
{
    switch (mtasts_code_area(code)) {
    case MTASTS_AREA_TXT:
        return is_known(facts->txt);
    case MTASTS_AREA_MX:
        return mx_known(facts);
    case MTASTS_AREA_MX_ADDRESS:
        return mx_addresses_known(facts);
    case MTASTS_AREA_HOST:
        return has_known_addresses(&facts->policy_host);
    case MTASTS_AREA_TLSRPT:
        return tlsrpt_known(facts, code);
    default:
        return 1;
    }
}

/* --- connections --- */

/* How far one must come to see that. */
static int stage_of(mtasts_code code)
{
    return code == MTASTS_MX_UNREACHABLE   ? 0
           : code == MTASTS_MX_GREETING    ? 1
           : code == MTASTS_MX_NO_STARTTLS ? 2
                                           : 3;
}

static int stage_reached(mtasts_probe_result result)
{
    switch (result) {
    case MTASTS_PROBE_UNKNOWN:
    case MTASTS_PROBE_REFUSED:
        return 0;
    case MTASTS_PROBE_GREETING:
    case MTASTS_PROBE_TURNED_AWAY:
        return 1;
    case MTASTS_PROBE_NO_STARTTLS:
        return 2;
    default:
        return 3;
    }
}

int mtasts_mx_tells(const mtasts_probe *probe, mtasts_code code)
{
    return mtasts_code_area(code) == MTASTS_AREA_MX_CERT
               ? probe->has_cert
               : stage_reached(probe->result) >= stage_of(code);
}

int mtasts_fetch_tells(mtasts_probe_result result, int has_cert,
                       mtasts_code code)
{
    if (mtasts_code_area(code) == MTASTS_AREA_FETCH_CERT) {
        return has_cert;
    }
    switch (code) {
    case MTASTS_FETCH_UNREACHABLE:
    case MTASTS_FETCH_LOCAL:
        return 1;
    case MTASTS_FETCH_TLS:
    case MTASTS_FETCH_TLS_VERSION:
        return has_cert || result == MTASTS_PROBE_TLS_FAILED ||
               result == MTASTS_PROBE_TLS_VERSION;
    case MTASTS_FETCH_HTTP:
        return result == MTASTS_PROBE_OK || result == MTASTS_PROBE_NO_HTTP;
    case MTASTS_FETCH_SLOW:
        return result == MTASTS_PROBE_OK || result == MTASTS_PROBE_SLOW;
    default:
        return result == MTASTS_PROBE_OK;
    }
}
