/* Who has fetched a site's policies, for both dumps. */

#include "dump.h"
#include "document.h"

#include <stdio.h>

/* One after the other; NULL behind the last. */
static const mtasts_ledger_fetches *next(const apr_array_header_t *all, int *at)
{
    return all && *at < all->nelts
               ? &APR_ARRAY_IDX(all, (*at)++, mtasts_ledger_fetches)
               : NULL;
}

static int is_of(const mtasts_ledger_fetches *f, const mtasts_version *version)
{
    return !strcmp(f->id, version->id) && !strcmp(f->digest, version->digest);
}

static mtasts_fetched_sum sum_of(const apr_array_header_t *all,
                                 const mtasts_version *version)
{
    const mtasts_ledger_fetches *f;
    mtasts_fetched_sum sum = {0, 0, 0};
    int at = 0;

    while ((f = next(all, &at)) != NULL) {
        if (is_of(f, version) && mtasts_sender_delivers(f->sender)) {
            sum.families++;
            sum.fetches += f->n;
            sum.last = f->last > sum.last ? f->last : sum.last;
        }
    }
    return sum;
}

mtasts_fetched_sum mtasts_dump_fetched(const mtasts_live *live,
                                       const mtasts_site *site,
                                       const mtasts_version *version)
{
    return sum_of(live ? mtasts_live_fetched(live, site->name->value) : NULL,
                  version);
}

json_t *mtasts_dump_json_sum(apr_pool_t *p, const apr_array_header_t *all,
                             const mtasts_version *version)
{
    mtasts_fetched_sum sum = sum_of(all, version);

    return json_pack("{s:i, s:I, s:o}", "families", (int)sum.families,
                     "fetches", (json_int_t)sum.fetches, "last",
                     mtasts_document_time(p, sum.last));
}

void mtasts_dump_text_fetched(apr_pool_t *p, const mtasts_live *live,
                              const mtasts_site *site)
{
    const mtasts_version *version = mtasts_site_version(site);
    const apr_array_header_t *all =
        mtasts_live_fetched(live, site->name->value);
    const mtasts_ledger_fetches *f;
    const char *text = "";
    int at = 0;

    while ((f = next(all, &at)) != NULL) {
        if (is_of(f, version)) {
            text = apr_psprintf(
                p, "%s%s%s %" APR_UINT64_T_FMT, text, *text ? ", " : "",
                mtasts_sender_label(f->sender), (apr_uint64_t)f->n);
        }
    }
    if (*text) {
        printf("  fetched by   %s\n", text);
    }
}

json_t *mtasts_dump_json_fetched(apr_pool_t *p, const apr_array_header_t *all)
{
    const mtasts_ledger_fetches *f;
    json_t *list = json_array();
    int at = 0;

    while ((f = next(all, &at)) != NULL) {
        json_array_append_new(
            list,
            json_pack("{s:s, s:s, s:s, s:b, s:I, s:s, s:s}", "id", f->id,
                      "sender", mtasts_sender_name(f->sender), "label",
                      mtasts_sender_label(f->sender), "delivers",
                      mtasts_sender_delivers(f->sender), "fetches",
                      (json_int_t)f->n, "first", mtasts_dump_time(p, f->first),
                      "last", mtasts_dump_time(p, f->last)));
    }
    return list;
}
