#ifndef MTASTS_POLICY_READ_H
#define MTASTS_POLICY_READ_H

/*
 * A policy body as senders read it (RFC 8461 3.2): would each of the known
 * senders accept it?  So stricter than the RFC where a sender is.  Pure
 * function: any thread, no allocation.
 */

#include "domain.h"
#include "policy.h"

typedef struct {
    mtasts_mode mode;
    uint32_t max_age;
    size_t nmx;
    size_t line;     /* refused: the first line that is wrong, from 1; 0 if
                        something is missing */
    const char *why; /* refused: static, for people, to go on after "line 3"
                        or "the policy": "is blank, ...", "has no mode" */
} mtasts_policy_read;

/* Reads `len` octets, any of them.  1 and *out, or 0 and out->line, out->why. */
int mtasts_policy_body_read(const char *body, size_t len,
                            mtasts_policy_read *out);

/* The next mx pattern of a body that was accepted, from *at on, which begins as
 * the body does and is moved on: 1 and `out`, or 0 behind the last one. */
int mtasts_policy_body_mx(const char **at, const char *end,
                          char out[MTASTS_NAME_SIZE]);

#endif
