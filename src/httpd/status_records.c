/* The DNS records that a domain needs: what they are, and how far they are
 * published. */

#include "status_domain.h"

#include "../core/record.h"

#include "apr_strings.h"

#include <string.h>

#define VALUE_MAX 4000 /* octets of a TXT record that are shown */

/* --- whose id the TXT record has --- */

static const struct {
    const char *sync, *badge, *text;
} syncs[] = {
    {"in-sync", "ok",
     "The TXT record has the id of the policy: senders fetch the right one, "
     "and "
     "there is nothing to publish."},
    {"https-ahead", "warning",
     "The TXT record has the id of an earlier policy: senders that hold that "
     "one don't learn of the new one before the record below is published."},
    {"txt-ahead", "warning",
     "The TXT record has an id of which no policy was served here: senders "
     "fetch for it what is served now, and don't look again when the policy "
     "that is meant comes."},
    {"foreign", "warning",
     "The TXT record is none that this module made, can't be read, or there "
     "are several."},
    {"absent", "error",
     "There is no TXT record: senders don't look for the policy before the "
     "record below is published."},
    {"unknown", "unknown",
     "Whether the TXT record has the id of the policy could not be found "
     "out."}};

static void put_sync(const mtasts_view *v, const json_t *policy)
{
    const char *sync = mtasts_view_string(v, policy, "sync");
    size_t i;

    for (i = 0; sync && i < sizeof(syncs) / sizeof(syncs[0]); i++) {
        if (strcmp(syncs[i].sync, sync)) {
            continue;
        }
        mtasts_page_put(v->page, "<p>");
        if (strcmp(sync, "unknown") || mtasts_view_looked(v)) {
            mtasts_part_badge_text(v->page, syncs[i].badge, sync);
            mtasts_page_all(v->page, " ", syncs[i].text, "</p>\n", NULL);
        }
        else {
            mtasts_part_badge_text(v->page, "unchecked", "not checked");
            mtasts_page_all(v->page, " ",
                            mtasts_view_why_not(
                                v, "Nobody has looked at the TXT record yet."),
                            "</p>\n", NULL);
        }
        return;
    }
    if (sync) {
        mtasts_page_put(v->page, "<p>");
        mtasts_part_badge_text(v->page, "info", sync);
        mtasts_page_put(v->page, "</p>\n");
    }
}

/* --- the records --- */

/* One line as zone files have it; NULL if that is not all known. */
static const char *line_of(const mtasts_view *v, const json_t *record)
{
    const char *name = mtasts_view_string(v, record, "name");
    const char *type = mtasts_view_string(v, record, "type");
    const char *value = mtasts_part_string(record, "value");
    apr_size_t len;
    char *quoted;

    if (!name || !type || !value) {
        return NULL;
    }
    if (strcmp(type, "TXT") || strlen(value) > VALUE_MAX) {
        value = mtasts_part_cut(v->page, value);
    }
    else {
        len = mtasts_zone_quote(value, strlen(value), NULL, 0);
        quoted = apr_palloc(v->page->p, len + 1);
        mtasts_zone_quote(value, strlen(value), quoted, len);
        quoted[len] = '\0';
        value = quoted;
    }
    return apr_pstrcat(v->page->p, name, " IN ", type, " ", value, NULL);
}

static int is_at(const json_t *record, const char *label)
{
    const char *name = mtasts_part_string(record, "name");

    return name && !strncmp(name, label, strlen(label));
}

/* What is to be published but not known here. */
static void put_hints(const mtasts_view *v, int sts, int tlsrpt, int host)
{
    if (!sts) {
        mtasts_page_put(v->page,
                        "<p class=\"quiet\">No record at <code>_mta-sts</code> "
                        "before the difference between the virtual hosts is "
                        "settled: two of them count as none.</p>\n");
    }
    if (!tlsrpt) {
        mtasts_page_put(v->page,
                        "<p class=\"quiet\">No record at <code>_smtp._tls"
                        "</code>, so senders report nothing: set "
                        "<code>MTASTSTLSRPT mailto:...</code> to get "
                        "reports.</p>\n");
    }
    if (!host) {
        mtasts_page_all(v->page, "<p class=\"quiet\">And <code>mta-sts.",
                        v->domain,
                        ".</code> needs the public A and AAAA records of this "
                        "server (or of the proxy or CDN in front), or a "
                        "CNAME.</p>\n",
                        NULL);
    }
}

/* 1 if a policy of the domain is not served (yet): its record must not be, too. */
static int is_held_back(const mtasts_view *v)
{
    const json_t *policy;
    const char *state;
    size_t i;

    json_array_foreach(v->policies, i, policy)
    {
        state = mtasts_part_string(json_object_get(policy, "serving"), "state");
        if (state && strcmp(state, "released")) {
            return 1;
        }
    }
    return 0;
}

static void put_records(const mtasts_view *v)
{
    const apr_array_header_t *all = mtasts_view_all(v, NULL, "publish");
    int i, sts = 0, tlsrpt = 0, host = 0, held = is_held_back(v);

    if (held) {
        mtasts_page_put(v->page,
                        "<p><strong>Not yet:</strong> the policy as configured "
                        "is not served now. The record for it comes after "
                        "that:</p>\n");
    }

    for (i = 0; i < all->nelts; i++) {
        const json_t *record = APR_ARRAY_IDX(all, i, const json_t *);
        const char *line = line_of(v, record);

        sts = sts || is_at(record, "_mta-sts.");
        tlsrpt = tlsrpt || is_at(record, "_smtp._tls.");
        host = host || is_at(record, "mta-sts.");
        if (line && i < MTASTS_ROWS_MAX && held && is_at(record, "_mta-sts.")) {
            mtasts_page_all(v->page, "<p><code>", line, "</code></p>\n", NULL);
        }
        else if (line && i < MTASTS_ROWS_MAX) {
            mtasts_part_copy(v->page, line);
        }
    }
    mtasts_view_more(v, all->nelts);
    put_hints(v, sts, tlsrpt, host);
}

/* --- how far they are published --- */

static void put_since(const mtasts_view *v, const char *before,
                      const json_t *record, const char *member)
{
    mtasts_page_put(v->page, before);
    mtasts_part_time(v->page, v->frame->now, mtasts_view_time(record, member));
}

static void put_waits(const mtasts_view *v, const json_t *record)
{
    if (!mtasts_view_time(record, "since")) {
        mtasts_page_put(v->page, "waits until DNS tells what is there");
    }
    else if (is_at(record, "_smtp._tls.")) {
        mtasts_page_put(v->page, "is published after the next look");
    }
    else if (mtasts_view_time(record, "served_since")) {
        put_since(v,
                  "waits for a while (MTASTSPublishDelay), as the policy is "
                  "served since ",
                  record, "served_since");
    }
    else {
        mtasts_page_put(v->page, "waits until all addresses (or as many as "
                                 "MTASTSFetchQuorum says) serve the policy");
    }
}

static void put_failed(const mtasts_view *v, const json_t *record)
{
    apr_int64_t n = json_integer_value(json_object_get(record, "failures"));
    const char *said = mtasts_view_string(v, record, "said");

    mtasts_page_put(v->page, "MTASTSPublishCommand failed");
    if (n > 1) {
        mtasts_page_textf(v->page, " %" APR_INT64_T_FMT " times in a row", n);
    }
    put_since(v, "; it is run again ", record, "next");
    mtasts_page_all(v->page, said ? ". It said: " : "", said ? said : "", NULL);
}

static void put_state(const mtasts_view *v, const json_t *record,
                      const char *state)
{
    if (!strcmp(state, "waits")) {
        put_waits(v, record);
    }
    else if (!strcmp(state, "foreign")) {
        mtasts_page_put(v->page, "not published: what is there is of somebody "
                                 "else's making");
    }
    else if (!strcmp(state, "due")) {
        put_since(v, "publish it now: due since ", record, "since");
    }
    else if (!strcmp(state, "runs")) {
        put_since(v, "MTASTSPublishCommand runs since ", record, "since");
    }
    else if (!strcmp(state, "accepted")) {
        put_since(v, "MTASTSPublishCommand was done with it ", record, "since");
        mtasts_page_put(v->page, "; DNS does not show it yet");
    }
    else if (!strcmp(state, "failed")) {
        put_failed(v, record);
    }
    else if (!strcmp(state, "done")) {
        put_since(v, "published: seen in DNS ", record, "since");
    }
}

static const char *badge_of(const char *state)
{
    return !strcmp(state, "done")      ? "ok"
           : !strcmp(state, "failed")  ? "error"
           : !strcmp(state, "due")     ? "warning"
           : !strcmp(state, "foreign") ? "warning"
                                       : "info";
}

static void put_publishing(const mtasts_view *v)
{
    static const char *const columns[] = {"Record", "Value", "State",
                                          "In words", NULL};
    const apr_array_header_t *all = mtasts_view_all(v, NULL, "publishing");
    int i;

    if (!all->nelts) {
        return;
    }
    mtasts_view_table(v, "How far they are published", columns);
    for (i = 0; i < all->nelts && i < MTASTS_ROWS_MAX; i++) {
        const json_t *record = APR_ARRAY_IDX(all, i, const json_t *);
        const char *name = mtasts_view_string(v, record, "name");
        const char *value = mtasts_view_string(v, record, "value");
        const char *state = mtasts_view_string(v, record, "state");

        state = state ? state : "unknown";
        mtasts_page_all(v->page, "<tr><th scope=\"row\"><code>",
                        name ? name : "",
                        "</code></th><td class=\"words\">"
                        "<code>",
                        value ? value : "", "</code></td><td>", NULL);
        mtasts_part_badge_text(v->page, badge_of(state), state);
        mtasts_page_put(v->page, "</td><td class=\"words\">");
        put_state(v, record, state);
        mtasts_page_put(v->page, "</td></tr>\n");
    }
    mtasts_view_table_end(v);
    mtasts_view_more(v, all->nelts);
}

/* --- all of it --- */

static int same_sync(const mtasts_view *v)
{
    const json_t *first =
        json_object_get(json_array_get(v->policies, 0), "sync");
    const json_t *policy;
    size_t i;

    json_array_foreach(v->policies, i, policy)
    {
        if (!json_equal(first, json_object_get(policy, "sync"))) {
            return 0;
        }
    }
    return 1;
}

void mtasts_view_records(const mtasts_view *v)
{
    int same = same_sync(v);
    const json_t *policy;
    size_t i;

    mtasts_view_section(v, "records", "DNS records to publish");
    json_array_foreach(v->policies, i, policy)
    {
        if (!same) {
            mtasts_view_vhost_heading(v, policy, 3);
        }
        if (!same || !i) {
            put_sync(v, policy);
        }
    }
    put_records(v);
    put_publishing(v);
    mtasts_view_put_findings(v, MTASTS_GROUP_RECORDS, 3);
    mtasts_view_section_end(v);
}
