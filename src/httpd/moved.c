/* Findings on addresses, where addresses come and go. */

#include "found.h"
#include "../core/area.h"

static int compare_place(const void *a, const void *b)
{
    const mtasts_standing *one = a, *other = b;
    int order = strcmp(one->scope, other->scope);

    if (!order) {
        order = strcmp(one->subject, other->subject);
    }
    return order ? order : (int)one->code - (int)other->code;
}

static int is_of_address(const mtasts_standing *s)
{
    mtasts_area area = mtasts_code_area(s->code);

    return area == MTASTS_AREA_MX_TLS || area == MTASTS_AREA_MX_CERT ||
           area == MTASTS_AREA_FETCH || area == MTASTS_AREA_FETCH_CERT;
}

/* What is the same but for the address.  Why it is unknown does not matter. */
static const char *key_of(apr_pool_t *p, const mtasts_standing *s)
{
    return apr_psprintf(p, "%s %d %d %.*s %s", s->scope, (int)s->code,
                        (int)s->severity, (int)mtasts_subject_host(s->subject),
                        s->subject,
                        s->severity == MTASTS_UNKNOWN ? "" : s->text);
}

/* key_of() -> array of const mtasts_standing *, of what is at new addresses. */
static apr_hash_t *newcomers(apr_pool_t *p, const apr_array_header_t *was,
                             const apr_array_header_t *is)
{
    apr_hash_t *all = apr_hash_make(p);
    int i;

    for (i = 0; i < is->nelts; i++) {
        const mtasts_standing *s = &APR_ARRAY_IDX(is, i, mtasts_standing);
        apr_array_header_t *same;
        const char *key;

        if (!is_of_address(s) || bsearch(s, was->elts, (size_t)was->nelts,
                                         sizeof(*s), compare_place)) {
            continue;
        }
        key = key_of(p, s);
        same = apr_hash_get(all, key, APR_HASH_KEY_STRING);
        if (!same) {
            same = apr_array_make(p, 1, sizeof(s));
            apr_hash_set(all, key, APR_HASH_KEY_STRING, same);
        }
        APR_ARRAY_PUSH(same, const mtasts_standing *) = s;
    }
    return all;
}

void mtasts_standings_move(apr_pool_t *p, mtasts_looked *looked,
                           apr_array_header_t *was,
                           const apr_array_header_t *is)
{
    apr_hash_t *all = NULL;
    int i, moved = 0;

    for (i = 0; i < was->nelts; i++) {
        mtasts_standing *old = &APR_ARRAY_IDX(was, i, mtasts_standing);
        apr_array_header_t *same;

        if (!is_of_address(old) || !mtasts_has_moved(looked, old)) {
            continue;
        }
        all = all ? all : newcomers(p, was, is);
        same = apr_hash_get(all, key_of(p, old), APR_HASH_KEY_STRING);
        if (same && same->nelts) {
            old->subject =
                (*(const mtasts_standing **)apr_array_pop(same))->subject;
            moved = 1;
        }
    }
    if (moved) {
        qsort(was->elts, (size_t)was->nelts, sizeof(mtasts_standing),
              mtasts_standing_compare);
    }
}
