#ifndef MTASTS_PUBLISH_H
#define MTASTS_PUBLISH_H

/*
 * When a TXT record is to be published: after the last address serves the policy
 * that it announces, never before (RFC 8461 8.1), by one command at a time, until
 * DNS shows it.  Pure functions of their arguments, the clock `now` (seconds since
 * 1970) included: any thread, any process, no allocation.
 *
 * The machine is asked after each look at a domain.  What it keeps may be old, or
 * lost unless a command runs: then it finds its way by what DNS and HTTPS say, as
 * all it does may be done twice.  It is written down in place of what was read and
 * nothing else: who finds that another one has written meanwhile drops what it was
 * about to do, and looks again.
 */

#include <stdint.h>

#define MTASTS_PUBLISH_TIMEOUT_MAX 600 /* s: MTASTSPublishTimeout */

/* A record as somebody has it. */
typedef enum {
    MTASTS_SEEN_UNKNOWN, /* could not be found out */
    MTASTS_SEEN_WANTED,  /* what is to be there, alone */
    MTASTS_SEEN_ABSENT,
    MTASTS_SEEN_OTHER,  /* one record that may be replaced: of the module's
                           making, or an earlier one */
    MTASTS_SEEN_FOREIGN /* of somebody else's making, or several */
} mtasts_seen_record;

/* What a look has seen. */
typedef struct {
    mtasts_seen_record resolver;  /* as the resolver has it */
    mtasts_seen_record authority; /* as the zone's own servers have it: WANTED
                                     only if all that told have it; UNKNOWN if none
                                     told */
    int served;       /* as many addresses as it takes were fetched from in this
                         very look, and gave exactly the policy; of a record that
                         announces none (TLSRPT) always 1 */
    uint32_t settle;  /* s: for how long all looks must have found it served, as
                         some senders and proxies hand on what they fetched */
    int has_command;  /* MTASTSPublishCommand */
    int may_replace;  /* MTASTSPublishForeign On */
    uint32_t watched; /* s by a clock that nobody sets, for which the caller
                         has seen what is kept be just as it is now */
} mtasts_publish_seen;

/* Kept from one look to the next, for one record with one value; {0} at first. */
typedef struct {
    enum mtasts_publish_state {
        MTASTS_RECORD_WAITS,    /* for HTTPS, or nobody knows what DNS has */
        MTASTS_RECORD_FOREIGN,  /* for a person: the record is not ours */
        MTASTS_RECORD_DUE,      /* for a person: it is to be published now */
        MTASTS_RECORD_RUNS,     /* a command was begun */
        MTASTS_RECORD_ACCEPTED, /* it ended well, or the zone's servers have the
                                    record; not all that were asked show it yet */
        MTASTS_RECORD_FAILED,   /* it did not, or DNS has not shown it for
                                    too long: the next one waits for `next` */
        MTASTS_RECORD_DONE      /* DNS shows it */
    } state;
    int64_t since;     /* of the state; 0: no look has told what DNS has */
    int64_t next;      /* RUNS: it has ended by then, or was lost; ACCEPTED: the
                          zone's servers should show it by then; FAILED: above */
    int64_t served;    /* every look since then found it served; 0: the last one
                          did not */
    unsigned failures; /* in a row */
} mtasts_publishing;

typedef enum {
    MTASTS_PUBLISH_NOTHING,
    MTASTS_PUBLISH_RUN,       /* the command, now: mtasts_publish_begin() */
    MTASTS_PUBLISH_SAY_DUE,   /* a person is to publish it: say it, once */
    MTASTS_PUBLISH_SAY_THERE, /* it is published: say it, once */
    MTASTS_PUBLISH_SAY_LATE   /* accepted, but DNS does not show it: say it */
} mtasts_publish_action;

/* What to do after a look; changes *p, but not while a command runs.  After RUN
 * the state is still what it was: it changes with mtasts_publish_begin(). */
mtasts_publish_action mtasts_publish_look(mtasts_publishing *p,
                                          const mtasts_publish_seen *seen,
                                          int64_t now);

/* The command is to be begun; *p must have been written down before it is.  It
 * ends within `timeout` s (MTASTS_PUBLISH_TIMEOUT_MAX at most) of this call, by a
 * clock that nobody sets and however long the writing took, with all that it has
 * started, or sooner with the process that runs it: that is all by which others
 * know when they may run one. */
void mtasts_publish_begin(mtasts_publishing *p, uint32_t timeout, int64_t now);

/* It has ended, with exit status 0 (`well`) or not, and *p is as it was begun.
 * (Is it for another value by then, see mtasts_publish_anew(), it becomes {0}.) */
void mtasts_publish_end(mtasts_publishing *p, int well, int64_t now);

/* The same, but it was broken off, as the process that ran it ends: no failure.
 * What it has done until then the next look tells. */
void mtasts_publish_break_off(mtasts_publishing *p, int64_t now);

/* Another value is to be published from now on.  A command that runs for the one
 * before is waited for. */
void mtasts_publish_anew(mtasts_publishing *p);

/* When the next look should be made for the record's sake, in seconds from now; 0:
 * when any other reason calls.  Of what was seen `settle` and `watched` count. */
uint32_t mtasts_publish_look_in(const mtasts_publishing *p,
                                const mtasts_publish_seen *seen, int64_t now);

/* "waits", "foreign", "due", "runs", "accepted", "failed", "done". */
const char *mtasts_publish_state_name(enum mtasts_publish_state state);

#endif
