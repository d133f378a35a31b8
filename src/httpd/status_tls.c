/* What was looked at over TLS: the MX hosts, the certificate of the virtual host, and
 * the policy as it is fetched from outside. */

#include "status_domain.h"

#include "apr_hash.h"
#include "apr_strings.h"

#include <string.h>

/* --- words --- */

static const struct {
    const char *name, *text;
} results[] = {{"ok", "TLS"},
               {"unreachable", "no connection from here"},
               {"refused", "connection refused"},
               {"greeting", "no proper greeting"},
               {"turned-away", "takes no mail from here"},
               {"no-starttls", "no STARTTLS"},
               {"tls-failed", "TLS fails"},
               {"tls-version", "no TLS 1.2 or later"},
               {"no-http", "no HTTP response"},
               {"slow", "too slow"}};

static const struct {
    const char *name, *text;
} chains[] = {{"self-signed", "signed by itself"},
              {"incomplete", "an intermediate certificate is missing"},
              {"untrusted", "not of a CA that is trusted"},
              {"expired", "expired"},
              {"invalid", "can't be verified"}};

static const char *result_text(const char *name)
{
    size_t i;

    for (i = 0; i < sizeof(results) / sizeof(results[0]); i++) {
        if (!strcmp(results[i].name, name)) {
            return results[i].text;
        }
    }
    return name;
}

static const char *chain_text(const char *name)
{
    size_t i;

    for (i = 0; i < sizeof(chains) / sizeof(chains[0]); i++) {
        if (!strcmp(chains[i].name, name)) {
            return chains[i].text;
        }
    }
    return name;
}

/* How a connection went: by the findings on it, and if there is none by itself. */
static mtasts_stands stands_of(const mtasts_view *v, mtasts_group group,
                               const json_t *probe)
{
    const char *host = mtasts_part_string(probe, "host");
    const char *address = mtasts_part_string(probe, "address");
    const char *result = mtasts_part_string(probe, "result");
    mtasts_stands stands = mtasts_view_subject_stands(
        v, group,
        apr_pstrcat(v->page->p, host ? host : "", " [", address ? address : "",
                    "]", NULL));

    return stands != MTASTS_STANDS_OK || (result && !strcmp(result, "ok"))
               ? stands
               : MTASTS_STANDS_UNKNOWN;
}

/* --- cells --- */

static void put_cert(const mtasts_view *v, const json_t *cert)
{
    const char *chain = mtasts_view_string(v, cert, "chain");
    apr_int64_t until = mtasts_view_time(cert, "not_after");

    if (!until) {
        mtasts_page_put(v->page, "not seen");
        return;
    }
    mtasts_page_put(v->page, until < v->frame->now ? "expired " : "until ");
    mtasts_part_time(v->page, v->frame->now, until);
    if (!mtasts_view_is(cert, "name_matches")) {
        mtasts_page_put(v->page, ", <strong>not for this name</strong>");
    }
    if (chain && strcmp(chain, "ok") &&
        (strcmp(chain, "expired") || until >= v->frame->now)) {
        mtasts_page_all(v->page, ", <strong>", chain_text(chain), "</strong>",
                        NULL);
    }
}

/* "TLSv1.3", or what came instead. */
static void put_result(const mtasts_view *v, const json_t *probe)
{
    const char *result = mtasts_view_string(v, probe, "result");
    const char *protocol = mtasts_view_string(v, probe, "protocol");
    const char *why = mtasts_view_string(v, probe, "why");

    if (result && !strcmp(result, "ok")) {
        mtasts_page_text(v->page, protocol ? protocol : "TLS");
        return;
    }
    mtasts_page_text(v->page, result ? result_text(result) : "not known");
    if (why) {
        mtasts_page_all(v->page, ": ", why, NULL);
    }
}

static void put_badge_cell(const mtasts_view *v, mtasts_stands stands)
{
    mtasts_page_put(v->page, "<td>");
    mtasts_part_badge(v->page, mtasts_stands_name(stands));
    mtasts_page_put(v->page, "</td></tr>\n");
}

static void put_address(const mtasts_view *v, const json_t *probe)
{
    const char *address = mtasts_view_string(v, probe, "address");

    mtasts_page_all(v->page, "<code>", address ? address : "none", "</code>",
                    NULL);
}

/* --- MX hosts --- */

/* 1 or 0 of the policy that names the host in its answer of DNS; -1: it doesn't. */
static int matches(const json_t *policy, const char *host)
{
    const json_t *mx = json_object_get(json_object_get(policy, "dns"), "mx"),
                 *one;
    size_t i;

    json_array_foreach(json_object_get(mx, "records"), i, one)
    {
        const char *name = mtasts_part_string(one, "host");

        if (name && !strcmp(name, host)) {
            return mtasts_view_is(one, "matched");
        }
    }
    return -1;
}

const char *mtasts_view_matched(const mtasts_view *v, const char *host)
{
    const char *only = NULL;
    const json_t *policy;
    size_t i, yes = 0, no = 0;

    json_array_foreach(v->policies, i, policy)
    {
        int is = matches(policy, host);

        yes += is == 1;
        no += is == 0;
        if (is == 1) {
            only = mtasts_view_vhost(v, policy);
        }
    }
    return yes && no ? apr_pstrcat(v->page->p, "only in ", only, NULL)
           : yes     ? "yes"
           : no      ? "no"
                     : "";
}

static void put_mx(const mtasts_view *v, const json_t *probe)
{
    const char *name = mtasts_part_string(probe, "host");
    const char *host = mtasts_view_string(v, probe, "host");
    const char *matched = name ? mtasts_view_matched(v, name) : "";

    mtasts_page_all(v->page, "<tr><th scope=\"row\"><code>", host ? host : "",
                    "</code></th><td>", NULL);
    put_address(v, probe);
    mtasts_page_all(v->page, "</td><td>", *matched ? matched : "not known",
                    "</td><td class=\"words\">", NULL);
    put_result(v, probe);
    mtasts_page_put(v->page, "</td><td class=\"words\">");
    put_cert(v, probe);
    mtasts_page_put(v->page, "</td>");
    put_badge_cell(v, stands_of(v, MTASTS_GROUP_MX, probe));
}

static int was_tried(const apr_array_header_t *probes, const char *host)
{
    int i;

    for (i = 0; i < probes->nelts; i++) {
        const char *name = mtasts_part_string(
            APR_ARRAY_IDX(probes, i, const json_t *), "host");

        if (name && !strcmp(name, host)) {
            return 1;
        }
    }
    return 0;
}

/* Those that DNS names and nobody has tried: as members with "host" alone. */
static const apr_array_header_t *untried(const mtasts_view *v,
                                         const apr_array_header_t *probes)
{
    apr_array_header_t *all =
        apr_array_make(v->page->p, 4, sizeof(const json_t *));
    const json_t *policy, *one;
    size_t i, k;

    json_array_foreach(v->policies, i, policy)
    {
        const json_t *mx =
            json_object_get(json_object_get(policy, "dns"), "mx");

        json_array_foreach(json_object_get(mx, "records"), k, one)
        {
            const char *host = mtasts_part_string(one, "host");

            if (host && !was_tried(probes, host) && !was_tried(all, host)) {
                APR_ARRAY_PUSH(all, const json_t *) = one;
            }
        }
    }
    return all;
}

static void put_untried(const mtasts_view *v, const json_t *one)
{
    const char *name = mtasts_part_string(one, "host");
    const char *matched = mtasts_view_matched(v, name);

    mtasts_page_all(v->page, "<tr><th scope=\"row\"><code>",
                    mtasts_part_cut(v->page, name), "</code></th><td></td><td>",
                    *matched ? matched : "not known",
                    "</td><td>not tried</td><td></td>", NULL);
    put_badge_cell(v, MTASTS_STANDS_UNCHECKED);
}

static void put_mx_table(const mtasts_view *v, const apr_array_header_t *probes,
                         const apr_array_header_t *others)
{
    static const char *const columns[] = {
        "MX host", "Address", "In the policy", "TLS", "Certificate",
        "Result",  NULL};
    int i, n = probes->nelts;

    mtasts_view_table(v, "Each address of each MX host", columns);
    for (i = 0; i < n && i < MTASTS_ROWS_MAX; i++) {
        put_mx(v, APR_ARRAY_IDX(probes, i, const json_t *));
    }
    for (i = 0; i < others->nelts && n + i < MTASTS_ROWS_MAX; i++) {
        put_untried(v, APR_ARRAY_IDX(others, i, const json_t *));
    }
    mtasts_view_table_end(v);
    mtasts_view_more(v, n + others->nelts);
}

static void put_mx_right(const mtasts_view *v, const apr_array_header_t *probes)
{
    apr_hash_t *hosts = apr_hash_make(v->page->p);
    int i, n = probes->nelts, good = 0;
    unsigned nhosts;

    for (i = 0; i < n; i++) {
        const json_t *probe = APR_ARRAY_IDX(probes, i, const json_t *);
        const char *host = mtasts_part_string(probe, "host");
        const char *result = mtasts_part_string(probe, "result");

        apr_hash_set(hosts, host ? host : "", APR_HASH_KEY_STRING, probe);
        good += result && !strcmp(result, "ok");
    }
    nhosts = apr_hash_count(hosts);
    if (good < n) {
        mtasts_view_right(v, "unknown",
                          "Nothing is wrong, but not every address could be "
                          "looked at.");
        return;
    }
    mtasts_view_right(
        v, n ? "ok" : "unchecked",
        n ? apr_psprintf(v->page->p,
                         "%u MX host%s at %d address%s: STARTTLS, with a "
                         "certificate that senders accept, at each.",
                         nhosts, nhosts == 1 ? "" : "s", n, n == 1 ? "" : "es")
          : "The TLS of the MX hosts was not tried.");
}

void mtasts_view_mx(const mtasts_view *v)
{
    const apr_array_header_t *probes = mtasts_view_all(v, "tls", "mx");
    const apr_array_header_t *others = untried(v, probes);

    mtasts_page_put(v->page, "<h3>MX hosts</h3>\n");
    if (probes->nelts + others->nelts) {
        put_mx_table(v, probes, others);
    }
    if (!mtasts_view_put_findings(v, MTASTS_GROUP_MX, 4)) {
        put_mx_right(v, probes);
    }
}

/* --- the certificate of the virtual host --- */

static void put_names(const mtasts_view *v, const json_t *names)
{
    const json_t *one;
    size_t i;

    json_array_foreach(names, i, one)
    {
        const char *name = json_string_value(one);

        if (name && i < MTASTS_ROWS_MAX) {
            mtasts_page_all(v->page, i ? ", <code>" : "<code>",
                            mtasts_part_cut(v->page, name), "</code>", NULL);
        }
    }
    mtasts_view_more(v, (int)json_array_size(names));
}

static void put_versions(const mtasts_view *v, const json_t *vhost)
{
    int tls12 = mtasts_view_is(vhost, "tls12");
    int tls13 = mtasts_view_is(vhost, "tls13");

    if (tls12 < 0 && tls13 < 0) {
        return;
    }
    mtasts_view_fact(v, "TLS");
    mtasts_page_put(v->page, tls12 == 1 && tls13 == 1 ? "1.2 and 1.3"
                             : tls12 == 1             ? "1.2"
                             : tls13 == 1             ? "1.3"
                                                      : "neither 1.2 nor 1.3");
    mtasts_view_fact_end(v);
}

static void put_vhost_certs(const mtasts_view *v, const json_t *vhost)
{
    const json_t *cert;
    const char *unread = mtasts_view_string(v, vhost, "unread");
    size_t i;

    mtasts_page_put(v->page, "<dl class=\"facts\">\n");
    json_array_foreach(json_object_get(vhost, "certificates"), i, cert)
    {
        if (i >= MTASTS_ROWS_MAX) {
            break;
        }
        mtasts_view_fact(v, "Certificate");
        put_cert(v, cert);
        mtasts_view_fact_end(v);
        mtasts_view_fact(v, "For the names");
        put_names(v, json_object_get(cert, "subject_alt_names"));
        mtasts_view_fact_end(v);
    }
    put_versions(v, vhost);
    if (unread) {
        mtasts_view_fact(v, "Not looked at, as");
        mtasts_page_text(v->page, unread);
        mtasts_view_fact_end(v);
    }
    mtasts_page_put(v->page, "</dl>\n");
}

void mtasts_view_cert(const mtasts_view *v)
{
    const json_t *policy, *vhost;
    int looked = 0;
    size_t i;

    mtasts_page_put(v->page, "<h3>Certificate of the virtual host</h3>\n");
    json_array_foreach(v->policies, i, policy)
    {
        vhost = json_object_get(json_object_get(policy, "tls"), "vhost");
        if (json_object_size(vhost)) {
            looked = 1;
            mtasts_view_vhost_heading(v, policy, 4);
            put_vhost_certs(v, vhost);
        }
    }
    if (!mtasts_view_put_findings(v, MTASTS_GROUP_CERT, 4)) {
        mtasts_view_right(v, looked ? "ok" : "unchecked",
                          looked ? "Senders accept the certificate."
                                 : "No certificate was looked at: the virtual "
                                   "host has no TLS of its own, or nobody has "
                                   "looked yet.");
    }
}

/* --- public fetch --- */

static void put_same(const mtasts_view *v, const json_t *fetch)
{
    const json_t *status = json_object_get(fetch, "status");
    int same = mtasts_view_is(fetch, "same");

    if (json_is_integer(status)) {
        mtasts_page_textf(v->page, "%" APR_INT64_T_FMT,
                          (apr_int64_t)json_integer_value(status));
    }
    mtasts_page_put(v->page, "</td><td>");
    mtasts_page_put(v->page, same == 1   ? "yes"
                             : same == 0 ? "<strong>no</strong>"
                                         : "");
}

/* What tells which of several servers, proxies or caches has answered. */
static void put_server(const mtasts_view *v, const json_t *fetch)
{
    static const struct {
        const char *name, *title;
    } fields[] = {{"location", "Location"},
                  {"server", "Server"},
                  {"via", "Via"},
                  {"age", "Age"},
                  {"cf_cache_status", "CF-Cache-Status"}};
    size_t i;

    for (i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        const char *value = mtasts_view_string(v, fetch, fields[i].name);

        if (value) {
            mtasts_page_all(v->page, "<div>", fields[i].title, ": <code>",
                            value, "</code></div>\n", NULL);
        }
    }
}

static void put_fetch(const mtasts_view *v, const json_t *fetch)
{
    mtasts_page_put(v->page, "<tr><th scope=\"row\">");
    put_address(v, fetch);
    mtasts_page_put(v->page, mtasts_view_is(fetch, "local") == 1
                                 ? " (this machine)</th><td>"
                                 : "</th><td>");
    put_same(v, fetch);
    mtasts_page_put(v->page, "</td><td class=\"words\">");
    put_result(v, fetch);
    mtasts_page_put(v->page, "</td><td class=\"words\">");
    put_cert(v, fetch);
    mtasts_page_put(v->page, "</td><td class=\"words\">");
    put_server(v, fetch);
    mtasts_page_put(v->page, "</td>");
    put_badge_cell(v, stands_of(v, MTASTS_GROUP_FETCH, fetch));
}

void mtasts_view_fetch(const mtasts_view *v)
{
    static const char *const columns[] = {
        "Address",     "HTTP status", "This policy", "TLS",
        "Certificate", "Answered by", "Result",      NULL};
    const apr_array_header_t *all = mtasts_view_all(v, "tls", "fetch");
    int i;

    mtasts_page_put(v->page, "<h3>The policy as senders fetch it</h3>\n");
    if (all->nelts) {
        mtasts_view_table(v, "Fetched from each public address", columns);
        for (i = 0; i < all->nelts && i < MTASTS_ROWS_MAX; i++) {
            put_fetch(v, APR_ARRAY_IDX(all, i, const json_t *));
        }
        mtasts_view_table_end(v);
        mtasts_view_more(v, all->nelts);
    }
    if (!mtasts_view_put_findings(v, MTASTS_GROUP_FETCH, 4)) {
        mtasts_view_right(v, all->nelts ? "ok" : "unchecked",
                          all->nelts
                              ? "Each address gives the policy as it is "
                                "served here."
                              : "The policy was not fetched from outside.");
    }
}
