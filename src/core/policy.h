#ifndef MTASTS_POLICY_H
#define MTASTS_POLICY_H

/*
 * The policy: model, the values that directives give it, its body as served,
 * its id, and what is doubtful about it (RFC 8461 3.2).  Pure functions: any
 * thread, any process, no allocation.
 */

#include "finding.h"

#include <stdint.h>

#define MTASTS_MAX_AGE_MAX 31557600 /* seconds, RFC 8461 3.2 */
#define MTASTS_BODY_MAX    64000    /* bytes; the least that senders read */
#define MTASTS_ID_SIZE     33       /* 1*32(ALPHA / DIGIT) and a NUL */
#define MTASTS_POLICY_PATH "/.well-known/mta-sts.txt"

typedef enum {
    MTASTS_MODE_TESTING,
    MTASTS_MODE_ENFORCE,
    MTASTS_MODE_NONE
} mtasts_mode;

/* A policy as the RFC sees it.  `mx` points to `nmx` patterns in the form
 * that mtasts_mx_pattern_parse() gives, without duplicates; they belong to
 * the caller. */
typedef struct {
    mtasts_mode mode;
    uint32_t max_age; /* seconds */
    const char *const *mx;
    size_t nmx;
} mtasts_policy;

/* "testing", "enforce", "none". */
const char *mtasts_mode_name(mtasts_mode mode);

/* Each reads a directive's value: 1 and *out, or 0 and *why.  Letter case of
 * a mode does not matter.  max_age is seconds, or a number with one of the
 * units s, m, h, d, w; 1 to MTASTS_MAX_AGE_MAX. */
int mtasts_mode_parse(const char *in, mtasts_mode *out, mtasts_finding *why);
int mtasts_max_age_parse(const char *in, uint32_t *out, mtasts_finding *why);

/* 1 if `in` is 1 to 32 letters and digits (RFC 8461 3.1); else 0 and *why. */
int mtasts_id_check(const char *in, mtasts_finding *why);

/* Writes the body to `buf` (of `size` bytes; NULL with 0 to measure) in the
 * one form that every known sender accepts: CRLF after each line, max_age
 * before the mx lines, nothing else.  Returns its length, without a NUL,
 * which is never written; if that is more than `size`, `buf` holds the
 * beginning. */
size_t mtasts_policy_render(const mtasts_policy *p, char *buf, size_t size);

/* The id that belongs to a body: the first 128 bits of its SHA-256 in hex.
 * Equal on every machine, new when the body is new.  0 if libcrypto has no
 * SHA-256. */
int mtasts_policy_id(const char *body, size_t len, char id[MTASTS_ID_SIZE]);

/* What is doubtful about a policy of `body_len` bytes, whatever its domain:
 * max-age-*, body-large, mx-single-label, mx-tld-wildcard. */
void mtasts_policy_check(const mtasts_policy *p, size_t body_len,
                         const char *domain, mtasts_finding_fn *found,
                         void *ctx);

#endif
