#include "body.h"
#include "../core/policy_read.h"

#include "apr_strings.h"

int mtasts_body_policy(apr_pool_t *p, const char *body, apr_size_t len,
                       mtasts_policy *policy)
{
    const char *at = body, *end = body + len, **mx;
    char pattern[MTASTS_NAME_SIZE];
    mtasts_policy_read read = {MTASTS_MODE_NONE, 0, 0, 0, NULL};
    size_t n = 0;

    if (!mtasts_policy_body_read(body, len, &read)) {
        return 0;
    }
    mx = apr_palloc(p, (read.nmx + 1) * sizeof(*mx));
    while (n < read.nmx && mtasts_policy_body_mx(&at, end, pattern)) {
        mx[n++] = apr_pstrdup(p, pattern);
    }
    policy->mode = read.mode;
    policy->max_age = read.max_age;
    policy->mx = mx;
    policy->nmx = n;
    return 1;
}
