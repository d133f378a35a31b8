#include "fetched.h"
#include "released.h"

/* Subrequests are nobody's fetch. */
void mtasts_fetched_count(const request_rec *r, const mtasts_site *site)
{
    if (!r->main && !r->header_only) {
        mtasts_released_count(
            site,
            apr_table_get(r->headers_in, MTASTS_CHECK_HEADER)
                ? MTASTS_SENDER_OURSELVES
                : mtasts_sender_of(apr_table_get(r->headers_in, "User-Agent")),
            1);
    }
}

/* What was counted at one site, so that it can be given back. */
typedef struct {
    const mtasts_site *site;
    apr_uint32_t n[MTASTS_SENDERS];
} counted;

static void add(apr_array_header_t *all, const counted *c,
                const mtasts_answer *answer, const char *digest)
{
    apr_int64_t now = apr_time_sec(apr_time_now());
    int i;

    for (i = 0; i < MTASTS_SENDERS; i++) {
        if (c->n[i]) {
            mtasts_ledger_fetches *f = apr_array_push(all);

            f->domain = c->site->name->value;
            f->digest = digest;
            f->id = answer->id;
            f->sender = (mtasts_sender)i;
            f->n = c->n[i];
            f->first = f->last = now;
        }
    }
}

static void give_back(const apr_array_header_t *all)
{
    int i, j;

    for (i = 0; i < all->nelts; i++) {
        const counted *c = &APR_ARRAY_IDX(all, i, counted);

        for (j = 0; j < MTASTS_SENDERS; j++) {
            mtasts_released_count(c->site, (mtasts_sender)j, c->n[j]);
        }
    }
}

int mtasts_fetched_tell(apr_pool_t *p, const apr_array_header_t *servers,
                        mtasts_ledger *ledger)
{
    apr_array_header_t *all = apr_array_make(p, 1, sizeof(counted));
    apr_array_header_t *fetches =
        apr_array_make(p, 4, sizeof(mtasts_ledger_fetches));
    mtasts_sites sites = {servers, 0, 0};
    counted c;

    while ((c.site = mtasts_sites_next(&sites)) != NULL) {
        char digest[MTASTS_ID_SIZE];
        mtasts_answer answer;

        if (mtasts_released_take(c.site, c.n) &&
            mtasts_released_answer(c.site, &answer) &&
            mtasts_released_digest(c.site, &answer, digest)) {
            APR_ARRAY_PUSH(all, counted) = c;
            add(fetches, &c, &answer, apr_pstrdup(p, digest));
        }
    }
    if (fetches->nelts &&
        !mtasts_ledger_add_fetches(ledger, p,
                                   (const mtasts_ledger_fetches *)fetches->elts,
                                   (size_t)fetches->nelts)) {
        give_back(all);
        return 0;
    }
    return 1;
}
