/* What it all comes to: do senders find, accept and follow the policy, and what is
 * to be done next. */

#include "status_domain.h"

#include "apr_strings.h"

#include <string.h>

#define THEN_MAX 12 /* findings that are named behind the first */

typedef struct {
    mtasts_stands stands;
    const char *text;
    const mtasts_view_finding *why; /* or NULL */
} answer;

/* --- what is right --- */

/* 1 if each policy of the domain has mode none. */
static int is_none(const mtasts_view *v)
{
    const json_t *policy;
    const char *mode;
    size_t i;

    json_array_foreach(v->policies, i, policy)
    {
        mode = mtasts_part_string(policy, "mode");
        if (!mode || strcmp(mode, "none")) {
            return 0;
        }
    }
    return v->n > 0;
}

static int has(const mtasts_view *v, const char *member, const char *kind)
{
    const json_t *policy;
    size_t i;

    json_array_foreach(v->policies, i, policy)
    {
        const json_t *part = json_object_get(policy, member);

        if (json_is_object(kind ? json_object_get(part, kind) : part)) {
            return 1;
        }
    }
    return 0;
}

/* 1 if DNS gave no answer to that question. */
static int is_silent(const mtasts_view *v, const char *kind)
{
    const json_t *policy;
    const char *status;
    size_t i;

    json_array_foreach(v->policies, i, policy)
    {
        status = mtasts_part_string(
            json_object_get(json_object_get(policy, "dns"), kind), "status");
        if (status && !strcmp(status, "tempfail")) {
            return 1;
        }
    }
    return 0;
}

/* Of several policies the first that is not in sync says it. */
static answer find_answer(const mtasts_view *v)
{
    static const struct {
        const char *sync;
        mtasts_stands stands;
        const char *text;
    } answers[] = {
        {"in-sync", MTASTS_STANDS_OK,
         "The TXT record is there and has the id of the policy."},
        {"absent", MTASTS_STANDS_ERROR, "There is no TXT record."},
        {"foreign", MTASTS_STANDS_ERROR,
         "The TXT record is none of this module's, or senders can't read it."},
        {"https-ahead", MTASTS_STANDS_WARNING,
         "The TXT record has the id of an earlier policy."},
        {"txt-ahead", MTASTS_STANDS_WARNING,
         "The TXT record has an id that was never served here."}};
    answer a = {MTASTS_STANDS_UNCHECKED, NULL, NULL};
    const json_t *policy;
    const char *sync;
    size_t i, j;

    json_array_foreach(v->policies, i, policy)
    {
        sync = mtasts_part_string(policy, "sync");
        for (j = 0; sync && j < sizeof(answers) / sizeof(answers[0]); j++) {
            if (!strcmp(sync, answers[j].sync) &&
                (!a.text || answers[j].stands < a.stands)) {
                a.stands = answers[j].stands;
                a.text = answers[j].text;
            }
        }
    }
    if (!a.text && has(v, "dns", "txt")) {
        a.stands = MTASTS_STANDS_UNKNOWN;
        a.text = "What DNS has is not known.";
    }
    else if (!a.text) {
        a.text = mtasts_view_why_not(v, "Nobody has looked at the TXT record "
                                        "yet.");
    }
    return a;
}

/* How many of what was tried went well: 1 if all. */
static int all_are(const apr_array_header_t *all, const char *member,
                   const char *value)
{
    int i;

    for (i = 0; i < all->nelts; i++) {
        const json_t *one = APR_ARRAY_IDX(all, i, const json_t *);
        const char *has_value = mtasts_part_string(one, member);

        if (value ? !has_value || strcmp(has_value, value)
                  : mtasts_view_is(one, member) != 1) {
            return 0;
        }
    }
    return all->nelts > 0;
}

static answer accept_answer(const mtasts_view *v)
{
    const apr_array_header_t *fetch = mtasts_view_all(v, "tls", "fetch");
    answer a = {MTASTS_STANDS_OK, NULL, NULL};

    if (all_are(fetch, "same", NULL)) {
        a.text = apr_psprintf(v->page->p,
                              "Fetched from %d address%s, it came as it is "
                              "served here, over TLS that senders accept.",
                              fetch->nelts, fetch->nelts == 1 ? "" : "es");
    }
    else if (fetch->nelts) {
        a.text = "Nothing is wrong with the policy as it was fetched.";
    }
    else if (is_silent(v, "host")) {
        a.stands = MTASTS_STANDS_UNKNOWN;
        a.text = "DNS gave no address of the policy host, so the policy was "
                 "not fetched.";
    }
    else if (has(v, "tls", "vhost")) {
        a.text = "The certificate of the virtual host is right. The policy was "
                 "not fetched from outside.";
    }
    else {
        a.stands = MTASTS_STANDS_UNCHECKED;
        a.text = mtasts_view_why_not(v, "Nobody has looked at the certificate "
                                        "or fetched the policy yet.");
    }
    return a;
}

static answer follow_answer(const mtasts_view *v)
{
    const apr_array_header_t *mx = mtasts_view_all(v, "tls", "mx");
    answer a = {MTASTS_STANDS_OK, NULL, NULL};

    if (is_none(v)) {
        a.text = "The mode is none: senders deliver as if there were no "
                 "policy.";
    }
    else if (all_are(mx, "result", "ok")) {
        a.text = "The MX records fit the policy, and each address of the MX "
                 "hosts has TLS with a certificate that senders accept.";
    }
    else if (mx->nelts) {
        a.text = "Nothing is wrong with the MX records and the TLS of the MX "
                 "hosts.";
    }
    else if (is_silent(v, "mx")) {
        a.stands = MTASTS_STANDS_UNKNOWN;
        a.text = "DNS did not tell the MX records.";
    }
    else if (has(v, "dns", "mx")) {
        a.stands = MTASTS_STANDS_UNCHECKED;
        a.text = "The MX records fit the policy. The TLS of the MX hosts was "
                 "not tried.";
    }
    else {
        a.stands = MTASTS_STANDS_UNCHECKED;
        a.text = mtasts_view_why_not(v, "Nobody has looked at the MX hosts "
                                        "yet.");
    }
    return a;
}

/* --- the questions --- */

/* That it is held back is no finding of these areas: what holds it back is. */
static const char *dark(const mtasts_view *v, mtasts_stands *stands)
{
    const json_t *policy;
    const char *state;
    size_t i;

    json_array_foreach(v->policies, i, policy)
    {
        state = mtasts_part_string(json_object_get(policy, "serving"), "state");
        if (state && !strcmp(state, "held-to-none")) {
            *stands = MTASTS_STANDS_ERROR;
            return "Nothing is served now: the policy is held back.";
        }
        if (state && (!strcmp(state, "undecided") || !strcmp(state, "new"))) {
            *stands = MTASTS_STANDS_UNKNOWN;
            return "Nothing is served before the first look.";
        }
    }
    return NULL;
}

static answer answer_of(const mtasts_view *v, mtasts_question question)
{
    const mtasts_view_finding *f = mtasts_view_worst(v, question);
    mtasts_stands stands = MTASTS_STANDS_OK;
    const char *text =
        question == MTASTS_QUESTION_ACCEPT ? dark(v, &stands) : NULL;

    if (text && (!f || stands < f->stands)) {
        return (answer){stands, text, NULL};
    }
    if (f) {
        text = mtasts_view_string(v, f->is, "text");
        return (answer){f->stands, text ? text : "", f};
    }
    return question == MTASTS_QUESTION_FIND     ? find_answer(v)
           : question == MTASTS_QUESTION_ACCEPT ? accept_answer(v)
                                                : follow_answer(v);
}

/* Of an MX host or a fetch the texts don't say which one it is. */
static void put_why(const mtasts_view *v, const mtasts_view_finding *f)
{
    const char *subject = mtasts_view_string(v, f->is, "subject");
    const char *code = mtasts_view_string(v, f->is, "code");
    const char *text = mtasts_view_string(v, f->is, "text");

    if (subject && strcmp(subject, v->domain)) {
        mtasts_page_all(v->page, "<strong>", subject, "</strong>: ", NULL);
    }
    mtasts_page_text(v->page, text ? text : "");
    mtasts_page_put(v->page, " <a href=\"#");
    mtasts_page_textf(v->page, "f%u", f->number);
    mtasts_page_all(v->page, "\">", code ? code : "more", "</a>", NULL);
}

static void put_answer(const mtasts_view *v, const char *title,
                       mtasts_question question)
{
    static const char *const words[MTASTS_STANDS] = {
        "error", "warning", "not known", "not checked", "yes"};
    answer a = answer_of(v, question);
    const char *name = mtasts_stands_name(a.stands);

    mtasts_page_all(v->page, "<li class=\"", name, "\">\n<h3>", title,
                    "</h3>\n<p>", NULL);
    mtasts_part_badge_text(v->page, name, words[a.stands]);
    mtasts_page_put(v->page, "</p>\n<p>");
    if (a.why) {
        put_why(v, a.why);
    }
    else {
        mtasts_page_text(v->page, a.text);
    }
    mtasts_page_put(v->page, "</p>\n</li>\n");
}

void mtasts_view_questions(const mtasts_view *v)
{
    mtasts_view_section(v, "verdict", "What senders do");
    mtasts_page_put(v->page, "<ul class=\"questions\">\n");
    put_answer(v, "Do they find the policy?", MTASTS_QUESTION_FIND);
    put_answer(v, "Do they accept it?", MTASTS_QUESTION_ACCEPT);
    put_answer(v, "Can they follow it?", MTASTS_QUESTION_FOLLOW);
    mtasts_page_put(v->page, "</ul>\n");
    mtasts_view_section_end(v);
}

/* --- what to do next --- */

/* What stands besides; there may be many. */
static void put_then(const mtasts_view *v, const mtasts_view_finding *first)
{
    int i, n = 0;

    for (i = 0; i < v->findings->nelts; i++) {
        const mtasts_view_finding *f =
            &APR_ARRAY_IDX(v->findings, i, mtasts_view_finding);
        const char *code = mtasts_view_string(v, f->is, "code");

        if (f == first || f->stands >= MTASTS_STANDS_OK || n++ >= THEN_MAX) {
            continue;
        }
        mtasts_page_put(v->page,
                        n == 1 ? "<p class=\"quiet\">After that: " : ", ");
        mtasts_page_put(v->page, "<a href=\"#");
        mtasts_page_textf(v->page, "f%u", f->number);
        mtasts_page_all(v->page, "\">", code ? code : "a finding", "</a>",
                        NULL);
    }
    if (n > THEN_MAX) {
        mtasts_page_textf(v->page, " and %d more", n - THEN_MAX);
    }
    mtasts_page_put(v->page, n ? "</p>\n" : "");
}

static void put_first(const mtasts_view *v, const mtasts_view_finding *f)
{
    mtasts_page_put(v->page, "<p>");
    mtasts_part_badge(v->page, mtasts_stands_name(f->stands));
    mtasts_page_put(v->page, " ");
    put_why(v, f);
    mtasts_page_put(v->page, "</p>\n");
    mtasts_part_remedy(v->page, mtasts_view_string(v, f->is, "code"),
                       mtasts_view_string(v, f->is, "remedy"));
}

static const char *nothing_text(const mtasts_view *v)
{
    return mtasts_view_looked(v)
               ? mtasts_view_why_not(v, "Nothing to do.")
               : mtasts_view_why_not(
                     v, v->frame->watched
                            ? "Nothing yet: nobody has looked at the domain. "
                              "The first look comes by itself."
                            : "Nobody looks at the domain while httpd serves. "
                              "To have it looked at: apachectl -t -D "
                              "DUMP_MTASTS");
}

/* What is wrong with the record waits for publish-now, and then that is what to
 * do. */
static const mtasts_view_finding *first_to_do(const mtasts_view *v)
{
    const mtasts_view_finding *worst = mtasts_view_worst(v, MTASTS_QUESTIONS);
    int i;

    for (i = 0; worst && worst->question == MTASTS_QUESTION_FIND &&
                i < v->findings->nelts;
         i++) {
        const mtasts_view_finding *f =
            &APR_ARRAY_IDX(v->findings, i, mtasts_view_finding);
        const char *code = mtasts_part_string(f->is, "code");
        const char *text = mtasts_part_string(f->is, "text");

        if (code && !strcmp(code, "publish-now") && text &&
            strstr(text, "_mta-sts.")) {
            return f;
        }
    }
    return worst;
}

void mtasts_view_next(const mtasts_view *v)
{
    const mtasts_view_finding *f = first_to_do(v);

    mtasts_page_all(v->page, "<section class=\"next ",
                    f                       ? mtasts_stands_name(f->stands)
                    : mtasts_view_looked(v) ? "ok"
                                            : "unchecked",
                    "\" id=\"next\" aria-labelledby=\"next-h\">\n"
                    "<h2 id=\"next-h\">What to do next</h2>\n",
                    NULL);
    if (f) {
        put_first(v, f);
        put_then(v, f);
    }
    else {
        mtasts_page_all(v->page, "<p>", nothing_text(v), "</p>\n", NULL);
    }
    mtasts_view_section_end(v);
}
