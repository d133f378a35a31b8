#ifndef MTASTS_SENDER_H
#define MTASTS_SENDER_H

/*
 * Which software fetches a policy, by its User-Agent.  Pure functions: any thread,
 * any process, no allocation.
 */

#include <stddef.h>

/* A field of the requests that the module makes itself, and of no others. */
#define MTASTS_CHECK_HEADER "MTA-STS-Check"

/* One name per row of the table in sender.c, in the same order. */
typedef enum {
    MTASTS_SENDER_UNKNOWN,
    MTASTS_SENDER_NONE, /* no User-Agent: KumoMTA, mailauth, MailCheck */
    MTASTS_SENDER_GOOGLE,
    MTASTS_SENDER_MICROSOFT,
    MTASTS_SENDER_YAHOO,
    MTASTS_SENDER_GO, /* mox, maddy, chasquid */
    MTASTS_SENDER_POSTFIX_TLSPOL,
    MTASTS_SENDER_POSTFIX_RESOLVER,
    MTASTS_SENDER_STALWART,
    MTASTS_SENDER_MIMECAST,
    MTASTS_SENDER_PERL,
    MTASTS_SENDER_CHECKER,   /* people's and services' tests, browsers, curl: no
                              senders */
    MTASTS_SENDER_OURSELVES, /* the module's own checks */
    MTASTS_SENDERS
} mtasts_sender;

/* `user_agent` is hostile, and NULL if there was none; only its beginning counts.
 * Never MTASTS_SENDER_OURSELVES: the checks have none, as some senders. */
mtasts_sender mtasts_sender_of(const char *user_agent);

/* Stable, for JSON, metrics and the ledger: "google". */
const char *mtasts_sender_name(mtasts_sender sender);

/* For people: "Google". */
const char *mtasts_sender_label(mtasts_sender sender);

/* By its stable name; MTASTS_SENDER_UNKNOWN for any other. */
mtasts_sender mtasts_sender_by_name(const char *name);

/* 1 if it delivers mail: counts among the families that have picked up a
 * policy. */
int mtasts_sender_delivers(mtasts_sender sender);

#endif
