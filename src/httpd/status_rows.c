/* Which sites are shown, in which order, and what of each. */

#include "status_source.h"
#include "memory.h"
#include "vhost.h"

#include "apr_lib.h"

#include <stdlib.h>

#define PER_PAGE    100
#define SITES_MAX   1000 /* of which the metrics tell one by one */
#define CERTS_MAX   2000 /* the same of MX hosts' certificates */
#define SHORT_SITES 5

/* While they are sorted: there may be a hundred thousand. */
typedef struct {
    const mtasts_site *site;
    apr_uint32_t rank; /* the lower the worse */
} ranked;

typedef struct {
    apr_pool_t *p;
    ranked *all;
    apr_size_t n;
    apr_size_t sites;
    apr_size_t standing[MTASTS_STANDS];
} ranking;

/* --- one --- */

/* Before the first look the configuration's own are known. */
static void count_notes(mtasts_glance *is, const apr_array_header_t *notes)
{
    int i;

    for (i = 0; notes && i < notes->nelts; i++) {
        const mtasts_note *n = &APR_ARRAY_IDX(notes, i, mtasts_note);

        if (n->severity < MTASTS_REFUSED) {
            is->findings[n->severity]++;
        }
        if (n->severity < MTASTS_INFO && is->worst == MTASTS_NO_CODE) {
            is->worst = (apr_uint16_t)n->code;
        }
    }
}

static void fill_row(apr_pool_t *p, const mtasts_site *site,
                     mtasts_status_row *row)
{
    const mtasts_served *served = site->served;
    const mtasts_version *v = mtasts_site_version(site);

    memset(row, 0, sizeof(*row));
    row->domain = site->name->value;
    row->vhost = p ? mtasts_vhost_name(p, served->server) : NULL;
    row->id = v->id;
    row->mode = v->policy.mode;
    row->max_age = v->policy.max_age;
    row->steps = (unsigned)served->plan.n;
    row->step = served->plan.n ? mtasts_site_step(site) + 1 : 0;
    row->held_back = mtasts_released_state(site) != MTASTS_RELEASED;
    row->checks = mtasts_config_of(served->server)->check != MTASTS_CHECK_OFF;
    (void)mtasts_released_glance(site, &row->is);
    if (!row->is.checked) {
        count_notes(&row->is, served->notes);
        count_notes(&row->is, site->notes);
    }
}

/* --- all --- */

/* `count` is how many of what makes it stand so. */
static apr_uint32_t rank_of(mtasts_stands stands, const mtasts_glance *is)
{
    apr_uint32_t count =
        stands == MTASTS_STANDS_ERROR     ? is->findings[MTASTS_ERROR]
        : stands == MTASTS_STANDS_WARNING ? is->findings[MTASTS_WARNING]
                                          : 0;

    return ((apr_uint32_t)stands << 16) + (APR_UINT16_MAX - count);
}

static int worst_first(const void *a, const void *b)
{
    const ranked *x = a, *y = b;

    if (x->rank != y->rank) {
        return x->rank < y->rank ? -1 : 1;
    }
    return strcmp(x->site->name->value, y->site->name->value);
}

/* `q` in lower case, or ""; `only` is a mtasts_stands, or -1. */
static void rank_all(ranking *r, const mtasts_status_source *s, const char *q,
                     int only)
{
    mtasts_sites sites = {s->servers, 0, 0};
    const mtasts_site *site;
    mtasts_status_row row;
    mtasts_stands stands;

    memset(r->standing, 0, sizeof(r->standing));
    r->n = r->sites = 0;
    while (mtasts_sites_next(&sites)) {
        r->sites++;
    }
    r->all = apr_palloc(s->p, (r->sites + 1) * sizeof(*r->all));
    sites = (mtasts_sites){s->servers, 0, 0};
    while ((site = mtasts_sites_next(&sites)) != NULL) {
        fill_row(NULL, site, &row);
        stands = mtasts_status_stands(&row);
        r->standing[stands]++;
        if ((only < 0 || only == (int)stands) &&
            (!*q || strstr(site->name->value, q))) {
            r->all[r->n].site = site;
            r->all[r->n++].rank = rank_of(stands, &row.is);
        }
    }
    qsort(r->all, r->n, sizeof(*r->all), worst_first);
}

/* Whether another virtual host has the domain, too. */
static void mark_again(const mtasts_status_source *s, const ranked *of,
                       mtasts_status_row *rows, apr_size_t n)
{
    mtasts_sites sites = {s->servers, 0, 0};
    apr_hash_t *shown = apr_hash_make(s->p);
    const mtasts_site *site;
    apr_size_t i;

    for (i = 0; i < n; i++) {
        rows[i].again = of[i].site->same != NULL;
        apr_hash_set(shown, &of[i].site, sizeof(of[i].site), &rows[i]);
    }
    while ((site = mtasts_sites_next(&sites)) != NULL) {
        mtasts_status_row *row =
            site->same ? apr_hash_get(shown, &site->same, sizeof(site->same))
                       : NULL;

        if (row) {
            row->again = 1;
        }
    }
}

static mtasts_status_row *rows_of(const mtasts_status_source *s,
                                  const ranked *of, apr_size_t n)
{
    mtasts_status_row *rows = apr_palloc(s->p, (n + 1) * sizeof(*rows));
    apr_size_t i;

    for (i = 0; i < n; i++) {
        fill_row(s->p, of[i].site, &rows[i]);
    }
    mark_again(s, of, rows, n);
    return rows;
}

/* --- the overview --- */

static char *lowered(apr_pool_t *p, const char *q)
{
    char *low = apr_pstrdup(p, q), *c;

    for (c = low; *c; c++) {
        *c = (char)apr_tolower(*c);
    }
    return low;
}

void mtasts_status_list_of(mtasts_status_source *s, mtasts_status_list *list)
{
    ranking r;
    apr_size_t from;

    rank_all(&r, s, lowered(s->p, list->q), list->only);
    list->sites = r.sites;
    memcpy(list->standing, r.standing, sizeof(r.standing));
    list->matching = r.n;
    list->pages = r.n ? (r.n + PER_PAGE - 1) / PER_PAGE : 1;
    list->page = list->page < 1             ? 1
                 : list->page > list->pages ? list->pages
                                            : list->page;
    from = (list->page - 1) * PER_PAGE;
    list->n = r.n - from < PER_PAGE ? r.n - from : PER_PAGE;
    list->rows = rows_of(s, r.all + from, list->n);
}

/* --- metrics --- */

static void add_certs(const mtasts_status_source *s, mtasts_status_metrics *m)
{
    const json_t *all = json_object_get(s->summary, "mx"), *one;
    apr_size_t n = json_array_size(all), i;
    mtasts_status_mx *mx =
        apr_palloc(s->p, ((n < CERTS_MAX ? n : CERTS_MAX) + 1) * sizeof(*mx));

    json_array_foreach(all, i, one)
    {
        const char *host = json_string_value(json_object_get(one, "host"));
        const char *address =
            json_string_value(json_object_get(one, "address"));

        if (!host || !address || m->nmx >= CERTS_MAX) {
            m->mx_left_out++;
            continue;
        }
        mx[m->nmx].host = host;
        mx[m->nmx].address = address;
        mx[m->nmx++].until =
            (apr_int64_t)json_integer_value(json_object_get(one, "until"));
    }
    m->mx = mx;
}

/* Of all policies of a domain together. */
static void add_fetched(apr_array_header_t *to, const char *domain,
                        const apr_array_header_t *rows)
{
    apr_uint64_t sums[MTASTS_SENDERS] = {0};
    int i;

    for (i = 0; rows && i < rows->nelts; i++) {
        const mtasts_ledger_fetches *f =
            &APR_ARRAY_IDX(rows, i, mtasts_ledger_fetches);

        sums[f->sender] += f->n;
    }
    for (i = 0; i < MTASTS_SENDERS; i++) {
        if (sums[i]) {
            mtasts_status_fetched *f = apr_array_push(to);

            f->domain = domain;
            f->sender = mtasts_sender_name((mtasts_sender)i);
            f->n = sums[i];
        }
    }
}

static void add_fetches(mtasts_status_source *s, mtasts_status_metrics *m)
{
    apr_array_header_t *all =
        apr_array_make(s->p, 16, sizeof(mtasts_status_fetched));
    apr_hash_t *known = apr_hash_make(s->p), *rows;
    apr_pool_t *each;
    apr_size_t i;

    apr_pool_create(&each, s->p);
    for (i = 0; s->ledger && i < m->n; i++) {
        const char *domain = m->rows[i].domain;

        if (apr_hash_get(known, domain, APR_HASH_KEY_STRING)) {
            continue;
        }
        apr_hash_set(known, domain, APR_HASH_KEY_STRING, domain);
        if (!mtasts_ledger_read_fetches(s->ledger, each, domain, &rows)) {
            mtasts_status_lose_ledger(s);
            break;
        }
        add_fetched(all, domain,
                    apr_hash_get(rows, domain, APR_HASH_KEY_STRING));
        apr_pool_clear(each);
    }
    apr_pool_destroy(each);
    m->fetched = (const mtasts_status_fetched *)all->elts;
    m->nfetched = (apr_size_t)all->nelts;
}

void mtasts_status_metrics_of(mtasts_status_source *s, mtasts_status_metrics *m)
{
    ranking r;

    memset(m, 0, sizeof(*m));
    rank_all(&r, s, "", -1);
    memcpy(m->standing, r.standing, sizeof(r.standing));
    m->sites = r.sites;
    m->n = r.n < SITES_MAX ? r.n : SITES_MAX;
    m->left_out = r.n - m->n;
    m->rows = rows_of(s, r.all, m->n);
    add_certs(s, m);
    add_fetches(s, m);
}

/* --- mod_status --- */

void mtasts_status_sum_of(mtasts_status_source *s, mtasts_status_sum *sum)
{
    ranking r;
    apr_size_t bad;

    rank_all(&r, s, "", -1);
    bad = r.n - r.standing[MTASTS_STANDS_OK] -
          r.standing[MTASTS_STANDS_UNCHECKED];
    sum->sites = r.sites;
    memcpy(sum->standing, r.standing, sizeof(r.standing));
    sum->nworst = bad < SHORT_SITES ? bad : SHORT_SITES;
    sum->worst = rows_of(s, r.all, sum->nworst);
}
