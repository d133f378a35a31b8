#ifndef KINDS_H
#define KINDS_H

/*
 * Kinds of senders: what the sources of real ones say that decides when an old
 * policy is forgotten.  Of those who don't show theirs ("like ...") what they
 * say, or the RFC; and one that nobody knows has the worst of all.
 */

#include "world.h"

typedef enum {
    LOOKS_ALWAYS,  /* at the id, at each delivery */
    LOOKS_EXPIRED, /* at the id, when the copy has run out */
    LOOKS_NEVER    /* fetches when the copy has run out */
} looks;

typedef enum {
    HOLD_AS_SAID,
    HOLD_MONTH,    /* 30 days at most */
    HOLD_STALWART, /* a day if it is below an hour or the RFC's maximum */
    HOLD_MIMECAST  /* a week at least, in testing a day */
} holds;

typedef enum {
    REFRESH_NEVER,
    REFRESH_BY_ID,   /* the same id: max_age counts anew */
    REFRESH_BY_FETCH /* whatever the id */
} refreshes;

typedef struct {
    const char *name;
    int share; /* of 100 senders */
    looks looks;
    holds holds;
    int renews;         /* the same id at a delivery: max_age counts anew */
    int renews_expired; /* a copy that has run out is good again with its id */
    refreshes refreshes;
    int64_t interval;  /* seconds, of the refresh */
    int64_t grace;     /* within which the id is not looked at again */
    int64_t body_kept; /* a fetched body is used again that long */
    int64_t ahead;     /* fetches that long before the copy runs out */
    int any_depth;     /* of "*" */
    int not_none;      /* mode none is no policy to it */
    int lazy;          /* the first mail goes before the policy is there */
} kind;

#define KINDS 16

extern const kind kinds[KINDS];

#endif
