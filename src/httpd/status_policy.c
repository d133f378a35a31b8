/* The policy of a domain, as it is configured and served. */

#include "status_domain.h"

#include "apr_strings.h"

#include <string.h>

#define BODY_MAX 4000 /* octets that are shown */

/* What senders do by that mode. */
static const char *mode_text(const char *mode)
{
    return !strcmp(mode, "enforce")
               ? "senders refuse to deliver to a host that is not in the "
                 "policy or fails TLS"
           : !strcmp(mode, "testing")
               ? "senders deliver all the same, and report what would have "
                 "failed"
           : !strcmp(mode, "none")
               ? "senders deliver as if there were no policy"
               : "";
}

static void put_mode(const mtasts_view *v, const json_t *policy)
{
    const char *mode = mtasts_view_string(v, policy, "mode");

    mtasts_view_fact(v, "Mode");
    if (mode) {
        const char *text = mode_text(mode);

        mtasts_page_all(v->page, "<strong>", mode, "</strong>", NULL);
        mtasts_page_all(v->page, *text ? ": " : "", text, NULL);
    }
    else {
        mtasts_page_put(v->page, "not known");
    }
    mtasts_view_fact_end(v);
}

static void put_max_age(const mtasts_view *v, const json_t *policy)
{
    const json_t *max_age = json_object_get(policy, "max_age");
    char text[MTASTS_PART_DURATION_SIZE];

    if (!json_is_integer(max_age) || json_integer_value(max_age) < 0) {
        return;
    }
    mtasts_part_duration(json_integer_value(max_age), text);
    mtasts_view_fact(v, "Senders keep it for");
    mtasts_page_textf(v->page, "%s (max_age: %" APR_INT64_T_FMT ")", text,
                      (apr_int64_t)json_integer_value(max_age));
    mtasts_view_fact_end(v);
}

static void put_patterns(const mtasts_view *v, const json_t *policy)
{
    const json_t *mx = json_object_get(policy, "mx"), *one;
    size_t i, n = json_array_size(mx);

    mtasts_view_fact(v, "MX hosts that it allows");
    if (!n) {
        mtasts_page_put(v->page, "none");
    }
    else {
        mtasts_page_put(v->page, "<ul class=\"patterns\">\n");
        json_array_foreach(mx, i, one)
        {
            const char *pattern = json_string_value(one);

            if (i < MTASTS_ROWS_MAX) {
                mtasts_page_all(v->page, "<li><code>",
                                pattern ? mtasts_part_cut(v->page, pattern)
                                        : "",
                                "</code></li>\n", NULL);
            }
        }
        mtasts_page_put(v->page, "</ul>\n");
        mtasts_view_more(v, (int)n);
    }
    mtasts_view_fact_end(v);
}

static void put_code(const mtasts_view *v, const json_t *policy,
                     const char *name, const char *member)
{
    const char *value = mtasts_view_string(v, policy, member);

    if (value) {
        mtasts_view_fact(v, name);
        mtasts_page_all(v->page, "<code>", value, "</code>", NULL);
        mtasts_view_fact_end(v);
    }
}

/* --- what is served --- */

static const struct {
    const char *state, *badge, *word, *text;
} serving[] = {
    {"released", "ok", "served", "this policy"},
    {"undecided", "unknown", "not yet",
     "nothing, until the first look tells what was served before "
     "(MTASTSCheck strict, or a plan)"},
    {"new", "unknown", "not yet",
     "nothing, until the first look at the new domain has passed (MTASTSCheck "
     "strict, or a plan)"},
    {"held-to-other", "warning", "held back",
     "the policy released before, as this one is held back"},
    {"held-to-none", "error", "held back",
     "nothing: this policy is held back, and none was released before"}};

static void put_serving(const mtasts_view *v, const json_t *policy)
{
    const json_t *is = json_object_get(policy, "serving");
    const char *state = mtasts_view_string(v, is, "state");
    const char *id = mtasts_view_string(v, is, "id");
    const char *badge = "unknown", *word = "unknown", *text = state;
    size_t i;

    if (!state) {
        return;
    }
    for (i = 0; i < sizeof(serving) / sizeof(serving[0]); i++) {
        if (!strcmp(serving[i].state, state)) {
            badge = serving[i].badge;
            word = serving[i].word;
            text = serving[i].text;
        }
    }
    mtasts_view_fact(v, "Served now");
    mtasts_part_badge_text(v->page, badge, word);
    mtasts_page_all(v->page, " ", text, NULL);
    if (id) {
        mtasts_page_all(v->page, ", id <code>", id, "</code>", NULL);
    }
    mtasts_view_fact_end(v);
}

static void put_url(const mtasts_view *v, const json_t *policy)
{
    const char *host = mtasts_view_string(v, policy, "policy_host");

    host = host ? host : apr_pstrcat(v->page->p, "mta-sts.", v->domain, NULL);
    mtasts_view_fact(v, "URL");
    mtasts_page_all(v->page, "<code>https://", host,
                    "/.well-known/mta-sts.txt</code>", NULL);
    mtasts_view_fact_end(v);
}

/* --- all of it --- */

/* 1 if something else is served, or nothing. */
static int is_held(const json_t *policy)
{
    const char *state =
        mtasts_part_string(json_object_get(policy, "serving"), "state");

    return state && strcmp(state, "released");
}

/* Lines; no character of the last by halves. */
static void put_body(const mtasts_view *v, const json_t *policy)
{
    const char *body = mtasts_part_string(policy, "body");
    apr_size_t most = BODY_MAX;

    if (!body) {
        return;
    }
    if (strlen(body) > most) {
        while (most && ((unsigned char)body[most] & 0xc0) == 0x80) {
            most--;
        }
        body = apr_pstrcat(v->page->p, apr_pstrmemdup(v->page->p, body, most),
                           "\342\200\246", NULL);
    }
    mtasts_page_put(v->page, is_held(policy)
                                 ? "<p>As configured, not as served:</p>\n"
                                 : "<p>Senders read:</p>\n");
    mtasts_part_lines(v->page,
                      apr_psprintf(v->page->p, "The policy of %s",
                                   mtasts_view_vhost(v, policy)),
                      body);
}

void mtasts_view_policy(const mtasts_view *v)
{
    const json_t *policy;
    size_t i;

    mtasts_view_section(v, "policy", "Policy");
    json_array_foreach(v->policies, i, policy)
    {
        mtasts_view_vhost_heading(v, policy, 3);
        mtasts_page_put(v->page, "<dl class=\"facts\">\n");
        put_mode(v, policy);
        put_max_age(v, policy);
        put_patterns(v, policy);
        put_code(v, policy, "Policy id", "id");
        put_serving(v, policy);
        put_url(v, policy);
        put_code(v, policy, "Virtual host", "vhost");
        put_code(v, policy, "Defined at", "defined_at");
        mtasts_page_put(v->page, "</dl>\n");
        put_body(v, policy);
    }
    mtasts_view_put_findings(v, MTASTS_GROUP_POLICY, 3);
    mtasts_view_section_end(v);
}
