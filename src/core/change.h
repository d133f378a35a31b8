#ifndef MTASTS_CHANGE_H
#define MTASTS_CHANGE_H

/*
 * What has changed between two runs of the checks: which findings are to be
 * said (again), and which are gone.  Pure functions of their arguments, the
 * clock `now` (seconds since 1970) included: any thread, any process, no
 * allocation.
 */

#include "finding.h"

#include <stdint.h>

#define MTASTS_REMIND_AFTER 86400 /* seconds; errors only */

/* A finding that stands. */
typedef struct {
    const char
        *scope; /* what it is true of: a domain, "vhost NAME:PORT", "mx" */
    const char *subject;
    const char *text;
    const char *remedy;
    mtasts_code code;
    mtasts_severity severity;
    int64_t since; /* found first, as long as it stands without a break */
    int64_t said;  /* logged last; 0: never */
    int not_seen;  /* the caller's, */
    void *of;      /* and so is this */
} mtasts_standing;

typedef enum {
    MTASTS_APPEARED,
    MTASTS_CHANGED,  /* text or severity; of MTASTS_UNKNOWN the text is noise */
    MTASTS_REMINDED, /* an error that was said a day ago, or is said to have
                        been more than a day from now; what was never said */
    MTASTS_SAME,     /* stands as before */
    MTASTS_NOT_SEEN, /* stands, as this run could not tell */
    MTASTS_CLEARED
} mtasts_change_kind;

/* By scope, subject, code, text: the order of both lists below.  For qsort(). */
int mtasts_standing_compare(const void *a, const void *b);

/* 1 if the run could have found `old` again were it still so. */
typedef int mtasts_could_find_fn(void *ctx, const mtasts_standing *old);

/* `is` (with since and said as they are now) and, unless it appeared or there
 * is none, what it `was`; for CLEARED and NOT_SEEN both are the old one. */
typedef void mtasts_change_fn(void *ctx, mtasts_change_kind kind,
                              const mtasts_standing *was,
                              const mtasts_standing *is);

/* Compares two sorted lists without equal entries; calls each() once for every
 * finding of both, in the order of what it gets as `is`, and sets since and said
 * of those in `is`, neither later than `now`: said is `now` for what each() is
 * to log (APPEARED, CHANGED, REMINDED).
 *
 * A finding of the same scope, subject and code whose text alone differs has
 * changed; it keeps its since.  Of several such the equal texts belong together,
 * then the first to the first as far as there are two; what is left has cleared
 * or appeared.  Of MTASTS_UNKNOWN it is MTASTS_SAME, with the new text in `is`.
 * A remedy that alone differs is no change.
 *
 * could_find() is asked only of what is in `was` without a counterpart. */
void mtasts_changes(const mtasts_standing *was, size_t nwas,
                    mtasts_standing *is, size_t nis, int64_t now,
                    mtasts_could_find_fn *could_find, mtasts_change_fn *each,
                    void *ctx);

#endif
