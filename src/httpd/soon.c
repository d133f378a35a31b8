#include "soon.h"
#include "clock.h"
#include "../core/schedule.h"

#define TOGETHER apr_time_from_sec(5) /* looks that are due soon */

/* When a domain is looked at again. */
typedef struct {
    const char *domain;
    unsigned step;
    apr_time_t at; /* of mtasts_clock() */
} again;

struct mtasts_soon {
    apr_pool_t *parent;
    apr_pool_t *pool;
    apr_hash_t *all; /* domain -> again * */
};

mtasts_soon *mtasts_soon_make(apr_pool_t *p)
{
    mtasts_soon *soon = apr_pcalloc(p, sizeof(*soon));

    soon->parent = p;
    apr_pool_create(&soon->pool, p);
    soon->all = apr_hash_make(soon->pool);
    return soon;
}

void mtasts_soon_by(apr_hash_t *times, const char *domain, uint32_t seconds)
{
    uint32_t *by = apr_hash_get(times, domain, APR_HASH_KEY_STRING);

    if (!by) {
        by = apr_palloc(apr_hash_pool_get(times), sizeof(*by));
        *by = seconds;
        apr_hash_set(times, domain, APR_HASH_KEY_STRING, by);
    }
    *by = seconds < *by ? seconds : *by;
}

static again *again_of(const mtasts_soon *soon, const char *domain)
{
    return apr_hash_get(soon->all, domain, APR_HASH_KEY_STRING);
}

static void drop(const mtasts_soon *soon, const char *domain)
{
    apr_hash_set(soon->all, domain, APR_HASH_KEY_STRING, NULL);
}

static again *add(const mtasts_soon *soon, const char *domain)
{
    again *a = apr_pcalloc(soon->pool, sizeof(*a));

    a->domain = apr_pstrdup(soon->pool, domain);
    apr_hash_set(soon->all, a->domain, APR_HASH_KEY_STRING, a);
    return a;
}

/* In a pool of its own, so that years of it take no memory. */
static void copy_all(mtasts_soon *soon)
{
    mtasts_soon before = *soon;
    apr_hash_index_t *i;

    apr_pool_create(&soon->pool, soon->parent);
    soon->all = apr_hash_make(soon->pool);
    for (i = apr_hash_first(before.pool, before.all); i; i = apr_hash_next(i)) {
        const again *a = apr_hash_this_val(i);
        again *copy = add(soon, a->domain);

        copy->step = a->step;
        copy->at = a->at;
    }
    apr_pool_destroy(before.pool);
}

/* When it has news, and until what is unknown is known. */
static void plan_one(const mtasts_soon *soon, const char *domain, int news,
                     apr_uint32_t interval)
{
    again *a = again_of(soon, domain);
    apr_int64_t ms;

    if (!a && !news) {
        return; /* unknown for long: each full run looks */
    }
    if (a) {
        a->step = news ? 0 : a->step + 1;
    }
    else {
        a = add(soon, domain);
    }
    ms = mtasts_look_after(a->step, interval);
    a->at = mtasts_clock() + apr_time_from_msec(ms);
    if (!ms) {
        drop(soon, domain);
    }
}

/* Sooner, if need be. */
static void plan_by(const mtasts_soon *soon, const char *domain,
                    uint32_t seconds)
{
    again *a = again_of(soon, domain);
    apr_time_t at = mtasts_clock() + apr_time_from_sec(seconds);

    if (!a) {
        a = add(soon, domain);
        a->at = at;
    }
    a->at = at < a->at ? at : a->at;
}

void mtasts_soon_plan(mtasts_soon *soon, apr_pool_t *p, const apr_hash_t *only,
                      const apr_hash_t *unsettled, const apr_hash_t *times,
                      apr_uint32_t interval)
{
    apr_hash_index_t *i;

    copy_all(soon);
    for (i = apr_hash_first(p, soon->all); i; i = apr_hash_next(i)) {
        const char *domain = apr_hash_this_key(i);

        if ((!only ||
             apr_hash_get((apr_hash_t *)only, domain, APR_HASH_KEY_STRING)) &&
            !apr_hash_get((apr_hash_t *)unsettled, domain,
                          APR_HASH_KEY_STRING)) {
            drop(soon, domain);
        }
    }
    for (i = apr_hash_first(p, (apr_hash_t *)unsettled); i;
         i = apr_hash_next(i)) {
        plan_one(soon, apr_hash_this_key(i), *(const int *)apr_hash_this_val(i),
                 interval);
    }
    for (i = apr_hash_first(p, (apr_hash_t *)times); i; i = apr_hash_next(i)) {
        plan_by(soon, apr_hash_this_key(i),
                *(const uint32_t *)apr_hash_this_val(i));
    }
}

apr_hash_t *mtasts_soon_due(const mtasts_soon *soon, apr_pool_t *p)
{
    apr_time_t now = mtasts_clock();
    apr_hash_t *due = NULL;
    apr_hash_index_t *i;
    int is_due = 0;

    for (i = apr_hash_first(p, soon->all); i; i = apr_hash_next(i)) {
        const again *a = apr_hash_this_val(i);

        is_due = is_due || a->at <= now;
        if (a->at <= now + TOGETHER) {
            const char *domain = apr_pstrdup(p, a->domain);

            due = due ? due : apr_hash_make(p);
            apr_hash_set(due, domain, APR_HASH_KEY_STRING, domain);
        }
    }
    return is_due ? due : NULL;
}
