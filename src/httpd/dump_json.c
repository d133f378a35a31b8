/* The JSON document of DUMP_MTASTS_JSON. */

#include "dump.h"
#include "document.h"

#include <stdio.h>

#include <jansson.h>

typedef struct {
    const mtasts_live *live; /* or NULL */
    int any;
    int counts[MTASTS_REFUSED + 1]; /* findings of each severity */
} writing;

static void append_notes(writing *out, json_t *list,
                         const apr_array_header_t *notes)
{
    int i;

    for (i = 0; notes && i < notes->nelts; i++) {
        const mtasts_note *n = &APR_ARRAY_IDX(notes, i, mtasts_note);

        out->counts[n->severity]++;
        json_array_append_new(list, mtasts_document_finding(n));
    }
}

/* Prints it and is done with it. */
static void put_json(json_t *j)
{
    json_dumpf(j, stdout, JSON_INDENT(2));
    json_decref(j);
}

static void site_json(apr_pool_t *p, const mtasts_site *site, void *ctx)
{
    writing *out = ctx;
    json_t *findings = json_array();

    append_notes(
        out, findings,
        mtasts_dump_notes(p, site, mtasts_live_of(out->live, site), 0));
    printf("%s", out->any ? ",\n" : "\n");
    out->any = 1;
    put_json(mtasts_document(p, site, out->live, findings));
}

/* Written policy by policy: there may be a hundred thousand. */
void mtasts_dump_json(apr_pool_t *p, const apr_array_header_t *servers,
                      const mtasts_live *live)
{
    writing out = {live, 0, {0}};
    json_t *findings = json_array();
    int i;

    printf("{\n\"version\": 1,\n\"time\": \"%s\",\n\"policies\": [",
           mtasts_dump_time(p, apr_time_sec(apr_time_now())));
    mtasts_dump_each(p, servers, site_json, &out);
    for (i = 0; i < servers->nelts; i++) {
        const server_rec *s = APR_ARRAY_IDX(servers, i, server_rec *);

        append_notes(&out, findings, mtasts_config_of(s)->notes);
    }
    if (live) {
        append_notes(&out, findings, mtasts_live_notes(live));
    }
    printf("],\n\"findings\": ");
    put_json(findings);
    printf(",\n\"summary\": ");
    put_json(mtasts_document_summary(out.counts));
    printf("\n}\n");
}
