/* Which finding belongs where on the page of a domain, and which is the worst. */

#include "status_domain.h"

#include "apr_hash.h"
#include "apr_strings.h"

#include <string.h>

/* Areas as core/area.h has them, by the names that the document gives them. */
static const struct {
    const char *area;
    mtasts_group group;
    mtasts_question question;
} places[] = {{"txt", MTASTS_GROUP_DNS, MTASTS_QUESTION_FIND},
              {"dns", MTASTS_GROUP_DNS, MTASTS_QUESTION_FIND},
              {"host", MTASTS_GROUP_DNS, MTASTS_QUESTION_ACCEPT},
              {"tlsrpt", MTASTS_GROUP_DNS, MTASTS_QUESTIONS},
              {"mx", MTASTS_GROUP_DNS, MTASTS_QUESTION_FOLLOW},
              {"mx-address", MTASTS_GROUP_DNS, MTASTS_QUESTION_FOLLOW},
              {"mx-tls", MTASTS_GROUP_MX, MTASTS_QUESTION_FOLLOW},
              {"mx-cert", MTASTS_GROUP_MX, MTASTS_QUESTION_FOLLOW},
              {"dane", MTASTS_GROUP_MX, MTASTS_QUESTION_FOLLOW},
              {"cert", MTASTS_GROUP_CERT, MTASTS_QUESTION_ACCEPT},
              {"fetch", MTASTS_GROUP_FETCH, MTASTS_QUESTION_ACCEPT},
              {"fetch-cert", MTASTS_GROUP_FETCH, MTASTS_QUESTION_ACCEPT},
              {"config", MTASTS_GROUP_CONFIG, MTASTS_QUESTION_ACCEPT},
              {"history", MTASTS_GROUP_HELD, MTASTS_QUESTIONS},
              {"module", MTASTS_GROUP_OTHER, MTASTS_QUESTIONS}};

/* Codes that begin so, whatever their area is: they answer none of the questions. */
static const struct {
    const char *code;
    mtasts_group group;
} kinds[] = {{"publish-", MTASTS_GROUP_RECORDS},
             {"rollout-", MTASTS_GROUP_PLAN},
             {"held-back", MTASTS_GROUP_POLICY},
             {"not-served", MTASTS_GROUP_POLICY}};

static void place(mtasts_view_finding *f)
{
    const char *code = mtasts_part_string(f->is, "code");
    size_t i;

    f->group = MTASTS_GROUP_OTHER;
    f->question = MTASTS_QUESTIONS;
    for (i = 0; code && i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if (!strncmp(code, kinds[i].code, strlen(kinds[i].code))) {
            f->group = kinds[i].group;
            return;
        }
    }
    for (i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        if (!strcmp(places[i].area, f->area)) {
            f->group = places[i].group;
            f->question = places[i].question;
        }
    }
}

static mtasts_stands stands_of(const json_t *finding)
{
    const char *severity = mtasts_part_string(finding, "severity");

    return !severity                      ? MTASTS_STANDS_UNKNOWN
           : !strcmp(severity, "error")   ? MTASTS_STANDS_ERROR
           : !strcmp(severity, "refused") ? MTASTS_STANDS_ERROR
           : !strcmp(severity, "warning") ? MTASTS_STANDS_WARNING
           : !strcmp(severity, "info")    ? MTASTS_STANDS_OK
                                          : MTASTS_STANDS_UNKNOWN;
}

/* --- each once --- */

/* What two virtual hosts say alike is one finding. */
static const char *key_of(const mtasts_view *v, const json_t *finding)
{
    static const char *const parts[] = {"code", "severity", "subject", "text",
                                        "remedy"};
    const char *key = "", *part;
    size_t i;

    for (i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        part = mtasts_part_string(finding, parts[i]);
        key = apr_pstrcat(v->page->p, key, part ? part : "", "\n", NULL);
    }
    return key;
}

static void add(apr_array_header_t *all, const json_t *finding,
                const json_t *policy)
{
    mtasts_view_finding *f = apr_array_push(all);
    const char *area = mtasts_part_string(finding, "area");

    f->is = finding;
    f->of = policy;
    f->n = 1;
    f->area = area ? area : "";
    f->stands = stands_of(finding);
    f->number = (unsigned)all->nelts;
    place(f);
}

const apr_array_header_t *mtasts_view_findings(const mtasts_view *v)
{
    apr_array_header_t *all =
        apr_array_make(v->page->p, 16, sizeof(mtasts_view_finding));
    apr_hash_t *known = apr_hash_make(v->page->p);
    const json_t *policy, *finding;
    const char *key;
    size_t i, k;
    int *at;

    json_array_foreach(v->policies, i, policy)
    {
        json_array_foreach(json_object_get(policy, "findings"), k, finding)
        {
            key = v->n > 1 ? key_of(v, finding) : "";
            at =
                v->n > 1 ? apr_hash_get(known, key, APR_HASH_KEY_STRING) : NULL;
            if (at) {
                APR_ARRAY_IDX(all, *at, mtasts_view_finding).n++;
                continue;
            }
            at = apr_pmemdup(v->page->p, &all->nelts, sizeof(*at));
            apr_hash_set(known, key, APR_HASH_KEY_STRING, at);
            add(all, finding, policy);
        }
    }
    return all;
}

/* --- the worst --- */

static const mtasts_view_finding *finding_of(const mtasts_view *v, int i)
{
    return &APR_ARRAY_IDX(v->findings, i, mtasts_view_finding);
}

mtasts_stands mtasts_view_area_stands(const mtasts_view *v, const char *area)
{
    mtasts_stands worst = MTASTS_STANDS_OK;
    int i;

    for (i = 0; i < v->findings->nelts; i++) {
        const mtasts_view_finding *f = finding_of(v, i);

        if (!strcmp(f->area, area) && f->stands < worst) {
            worst = f->stands;
        }
    }
    return worst;
}

const mtasts_view_finding *mtasts_view_worst(const mtasts_view *v,
                                             mtasts_question question)
{
    const mtasts_view_finding *worst = NULL;
    int i;

    for (i = 0; i < v->findings->nelts; i++) {
        const mtasts_view_finding *f = finding_of(v, i);

        if ((question == MTASTS_QUESTIONS || question == f->question) &&
            f->stands < (worst ? worst->stands : MTASTS_STANDS_OK)) {
            worst = f;
        }
    }
    return worst;
}

mtasts_stands mtasts_view_subject_stands(const mtasts_view *v,
                                         mtasts_group group,
                                         const char *subject)
{
    mtasts_stands worst = MTASTS_STANDS_OK;
    int i;

    for (i = 0; i < v->findings->nelts; i++) {
        const mtasts_view_finding *f = finding_of(v, i);
        const char *of = mtasts_part_string(f->is, "subject");

        if (f->group == group && of && !strcmp(of, subject) &&
            f->stands < worst) {
            worst = f->stands;
        }
    }
    return worst;
}

/* --- the findings --- */

int mtasts_view_count(const mtasts_view *v, mtasts_group group)
{
    int i, n = 0;

    for (i = 0; i < v->findings->nelts; i++) {
        n += finding_of(v, i)->group == group;
    }
    return n;
}

int mtasts_view_put_findings(const mtasts_view *v, mtasts_group group,
                             int level)
{
    int i, n = 0;

    for (i = 0; i < v->findings->nelts; i++) {
        const mtasts_view_finding *f = finding_of(v, i);

        if (f->group != group) {
            continue;
        }
        n++;
        mtasts_page_put(v->page, "<div class=\"where\" id=\"");
        mtasts_page_textf(v->page, "f%u", f->number);
        mtasts_page_put(v->page, "\">\n");
        mtasts_part_finding(v->page, v->frame->now, f->is, level);
        if (f->n < v->n) {
            mtasts_page_put(v->page, "<p class=\"quiet\">");
            mtasts_page_textf(v->page, "Only in the virtual host %s.",
                              mtasts_view_vhost(v, f->of));
            mtasts_page_put(v->page, "</p>\n");
        }
        mtasts_page_put(v->page, "</div>\n");
    }
    return n;
}
