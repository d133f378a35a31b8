#ifndef MTASTS_GLANCE_H
#define MTASTS_GLANCE_H

/*
 * What the status pages show of a site at a glance: a few numbers in shared
 * memory, which the watch writes after each look and any process reads.  No lock:
 * who reads while it is written may have numbers of two looks, of one site.
 */

#include "../core/finding.h"

#include "apr.h"

#define MTASTS_NO_CODE 0xffff

typedef struct {
    apr_uint32_t checked; /* s since 1970: the last look; 0: none yet */
    apr_uint32_t
        vhost_until;       /* s: when the first certificate of its virtual host
                                  ends; 0: not known */
    apr_uint32_t mx_until; /* the same of its MX hosts */
    apr_uint16_t findings[MTASTS_REFUSED]; /* of each severity */
    apr_uint16_t worst; /* mtasts_code of the first of the worst; or
                           MTASTS_NO_CODE */
    unsigned char sync; /* mtasts_sync */
    unsigned char held; /* its step of MTASTSRollout is held */
    apr_uint32_t mark;  /* which document goes with it: the end of its
                                  mtasts_document_mark(); 0: none */
} mtasts_glance;

#endif
