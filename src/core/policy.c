#include "policy.h"

#include "text.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <openssl/evp.h>

#define DAY        86400
#define BODY_LARGE 8000 /* one sender cuts at 10 KiB, with its headers */

static const char *const mode_names[] = {"testing", "enforce", "none"};

const char *mtasts_mode_name(mtasts_mode mode)
{
    return mode_names[mode];
}

int mtasts_mode_parse(const char *in, mtasts_mode *out, mtasts_finding *why)
{
    size_t i;

    for (i = 0; i < sizeof(mode_names) / sizeof(mode_names[0]); i++) {
        if (!strcasecmp(in, mode_names[i])) {
            *out = (mtasts_mode)i;
            return 1;
        }
    }
    MTASTS_FILL(why, MTASTS_MODE_VALUE, "", in);
    return 0;
}

/* Seconds of a unit letter; 1 for none, 0 for an unknown one. */
static uint64_t unit_seconds(const char *unit)
{
    static const struct {
        const char *unit;
        uint32_t seconds;
    } units[] = {{"", 1},     {"s", 1},   {"m", 60},
                 {"h", 3600}, {"d", DAY}, {"w", 7 * DAY}};
    size_t i;

    for (i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        if (!strcmp(unit, units[i].unit)) {
            return units[i].seconds;
        }
    }
    return 0;
}

int mtasts_max_age_parse(const char *in, uint32_t *out, mtasts_finding *why)
{
    const char *p = in;
    uint64_t n = 0, unit;

    for (; *p >= '0' && *p <= '9'; p++) {
        /* Stop counting once it is too large in any unit: no overflow. */
        if (n <= MTASTS_MAX_AGE_MAX) {
            n = n * 10 + (uint64_t)(*p - '0');
        }
    }
    unit = unit_seconds(p);
    if (p == in || unit == 0) {
        MTASTS_FILL(why, MTASTS_MAX_AGE_SYNTAX, "", in);
        return 0;
    }
    n *= unit;
    if (n == 0 || n > MTASTS_MAX_AGE_MAX) {
        MTASTS_FILL(why, n ? MTASTS_MAX_AGE_TOO_LARGE : MTASTS_MAX_AGE_ZERO, "",
                    in);
        return 0;
    }
    *out = (uint32_t)n;
    return 1;
}

int mtasts_id_check(const char *in, mtasts_finding *why)
{
    size_t len = strspn(in, "0123456789abcdefghijklmnopqrstuvwxyz"
                            "ABCDEFGHIJKLMNOPQRSTUVWXYZ");

    if (len == 0 || in[len] || len >= MTASTS_ID_SIZE) {
        MTASTS_FILL(why, MTASTS_ID_SYNTAX, "", in);
        return 0;
    }
    return 1;
}

size_t mtasts_policy_render(const mtasts_policy *p, char *buf, size_t size)
{
    char head[96];
    size_t at, i;

    snprintf(head, sizeof(head),
             "version: STSv1\r\nmode: %s\r\nmax_age: %lu\r\n",
             mtasts_mode_name(p->mode), (unsigned long)p->max_age);
    at = mtasts_put(buf, size, 0, head, strlen(head));
    for (i = 0; i < p->nmx; i++) {
        at = mtasts_put(buf, size, at, "mx: ", 4);
        at = mtasts_put(buf, size, at, p->mx[i], strlen(p->mx[i]));
        at = mtasts_put(buf, size, at, "\r\n", 2);
    }
    return at;
}

int mtasts_policy_id(const char *body, size_t len, char id[MTASTS_ID_SIZE])
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    size_t i;

    if (!EVP_Digest(body, len, digest, NULL, EVP_sha256(), NULL)) {
        return 0;
    }
    for (i = 0; i < (MTASTS_ID_SIZE - 1) / 2; i++) {
        snprintf(id + 2 * i, 3, "%02x", digest[i]);
    }
    return 1;
}

static void check_pattern(const char *mx, const char *domain,
                          mtasts_finding_fn *found, void *ctx)
{
    mtasts_finding f;

    if (!strncmp(mx, "*.", 2)) {
        if (strchr(mx + 2, '.')) {
            return;
        }
        MTASTS_FILL(&f, MTASTS_MX_TLD_WILDCARD, domain, mx);
    }
    else if (!strchr(mx, '.')) {
        MTASTS_FILL(&f, MTASTS_MX_SINGLE_LABEL, domain, mx);
    }
    else {
        return;
    }
    found(ctx, &f);
}

static void check_max_age(const mtasts_policy *p, const char *domain,
                          mtasts_finding_fn *found, void *ctx)
{
    mtasts_finding f;
    char seconds[16];

    snprintf(seconds, sizeof(seconds), "%lu", (unsigned long)p->max_age);
    if (p->max_age == MTASTS_MAX_AGE_MAX) {
        MTASTS_FILL(&f, MTASTS_MAX_AGE_MAXIMUM, domain, seconds);
        found(ctx, &f);
    }
    if (p->mode == MTASTS_MODE_ENFORCE && p->max_age < DAY) {
        MTASTS_FILL(&f, MTASTS_MAX_AGE_SHORT, domain, seconds);
        found(ctx, &f);
    }
    /* RFC 8461 8.3 asks for "a small max_age" and gives one day. */
    if (p->mode == MTASTS_MODE_NONE && p->max_age > DAY) {
        MTASTS_FILL(&f, MTASTS_MAX_AGE_NONE, domain, seconds);
        found(ctx, &f);
    }
}

void mtasts_policy_check(const mtasts_policy *p, size_t body_len,
                         const char *domain, mtasts_finding_fn *found,
                         void *ctx)
{
    size_t i;

    check_max_age(p, domain, found, ctx);
    if (body_len > BODY_LARGE) {
        mtasts_finding f;
        char bytes[24];

        snprintf(bytes, sizeof(bytes), "%lu", (unsigned long)body_len);
        MTASTS_FILL(&f, MTASTS_BODY_LARGE, domain, bytes);
        found(ctx, &f);
    }
    for (i = 0; i < p->nmx; i++) {
        check_pattern(p->mx[i], domain, found, ctx);
    }
}
