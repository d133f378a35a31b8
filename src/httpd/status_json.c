/* The JSON document. */

#include "status_source.h"
#include "document.h"
#include "dump.h"

#include <stdlib.h>

typedef struct {
    mtasts_page *page;
    int any;
    int counts[MTASTS_REFUSED + 1];
} writing;

/* Is done with it. */
static void put_json(mtasts_page *page, json_t *j)
{
    char *text = json_dumps(j, JSON_INDENT(2));

    json_decref(j);
    if (text) {
        mtasts_page_put(page, text);
        free(text);
    }
}

static void count(writing *w, const json_t *findings)
{
    const json_t *one;
    size_t i;
    int s;

    json_array_foreach(findings, i, one)
    {
        const char *name = json_string_value(json_object_get(one, "severity"));

        for (s = 0; name && s <= MTASTS_REFUSED; s++) {
            w->counts[s] +=
                !strcmp(name, mtasts_severity_name((mtasts_severity)s));
        }
    }
}

static void put_policy(writing *w, json_t *policy)
{
    const json_t *counts = json_object_get(policy, "counts");
    int s;

    for (s = 0; counts && s < MTASTS_REFUSED; s++) {
        w->counts[s] += (int)json_integer_value(
            json_object_get(counts, mtasts_severity_name((mtasts_severity)s)));
    }
    if (!counts) {
        count(w, json_object_get(policy, "findings"));
    }
    mtasts_page_put(w->page, w->any ? ",\n" : "\n");
    w->any = 1;
    put_json(w->page, policy);
}

/* One site after the other: there may be a hundred thousand. */
void mtasts_status_json_page(mtasts_page *page, mtasts_status_source *s,
                             const char *domain)
{
    writing w = {page, 0, {0}};
    mtasts_sites sites = {s->servers, 0, 0};
    const mtasts_site *site;
    json_t *findings;
    apr_pool_t *each;

    apr_pool_create(&each, s->p);
    mtasts_page_put(page, "{\n\"version\": 1,\n\"time\": \"");
    mtasts_page_put(page, mtasts_dump_time(s->p, s->now));
    mtasts_page_put(page, "\",\n\"policies\": [");
    while ((site = mtasts_sites_next(&sites)) != NULL &&
           !(s->client && s->client->aborted)) {
        if (!domain || !strcmp(domain, site->name->value)) {
            put_policy(&w, mtasts_status_policy(s, each, site));
            apr_pool_clear(each);
        }
    }
    mtasts_page_put(page, "],\n\"findings\": ");
    findings = mtasts_status_findings(s);
    count(&w, findings);
    put_json(page, findings);
    mtasts_page_put(page, ",\n\"summary\": ");
    put_json(page, mtasts_document_summary(w.counts));
    mtasts_page_put(page, "\n}\n");
}
