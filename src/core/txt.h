#ifndef MTASTS_TXT_H
#define MTASTS_TXT_H

/*
 * TXT records as DNS has them: _mta-sts (RFC 8461 3.1) and _smtp._tls (RFC
 * 8460 3).  `data` may hold any `len` bytes; none needs to be NUL.  Pure
 * functions: any thread, any process, no allocation.
 */

#include "policy.h"

#include <stddef.h>

typedef enum {
    MTASTS_IS_FOREIGN,   /* something else */
    MTASTS_IS_NEAR_MISS, /* was meant, but senders discard it */
    MTASTS_IS_MEANT      /* begins with exactly v=STSv1; or v=TLSRPTv1; */
} mtasts_txt_class;

/* Where a record goes wrong. */
typedef struct {
    size_t at;            /* character, from 1; its end is len + 1 */
    const char *expected; /* there; static */
} mtasts_txt_fault;

/* A part of a record. */
typedef struct {
    const char *data;
    size_t len;
} mtasts_txt_part;

/* What senders take a record for before they read it; for a near miss *why
 * says where its beginning goes wrong. */
mtasts_txt_class mtasts_sts_classify(const char *data, size_t len,
                                     mtasts_txt_fault *why);
mtasts_txt_class mtasts_tlsrpt_classify(const char *data, size_t len,
                                        mtasts_txt_fault *why);

/* Reads a record by the RFC's grammar: 1 and the value of the first id or
 * rua field, or 0 and *why.  Unknown fields don't matter.  (The grammar also
 * has "v=STSv1 ;", which senders discard: classify first.) */
int mtasts_sts_parse(const char *data, size_t len, char id[MTASTS_ID_SIZE],
                     mtasts_txt_fault *why);
int mtasts_tlsrpt_parse(const char *data, size_t len, mtasts_txt_part *rua,
                        mtasts_txt_fault *why);

/* Takes the first URI off *rua, as mtasts_tlsrpt_parse() gave it; 0 if there
 * is none left. */
int mtasts_tlsrpt_next(mtasts_txt_part *rua, mtasts_txt_part *uri);

/* 1 if both records, each right by its grammar, name the same URIs, in any
 * order.  Letter case counts only behind the host of https:. */
int mtasts_tlsrpt_equal(const mtasts_txt_part *a, const mtasts_txt_part *b);

#endif
