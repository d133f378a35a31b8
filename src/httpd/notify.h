#ifndef MTASTS_NOTIFY_H
#define MTASTS_NOTIFY_H

/*
 * MTASTSNotifyCommand: tells the administrator's program when the worst severity
 * of a domain rises or falls and what has happened to its policy.  In the
 * watchdog's thread, one command at a time.
 */

#include "seen.h"
#include "../core/finding.h"

typedef struct {
    const char *event; /* "severity", "served", "released", "held-back", "mode",
                           "id", "withdrawn" */
    const char *domain;
    const char *text;     /* for people */
    const char *was, *is; /* severities ("ok", "info", "warning", "error"), or
                             modes, or policy ids; "" if there is none */
    const apr_array_header_t
        *findings; /* mtasts_standing *, of the domain; or NULL */
} mtasts_notification;

typedef struct mtasts_notify mtasts_notify;

/* NULL if there is no MTASTSNotifyCommand.  `seen` keeps the count of commands
 * and what they were told, beyond this process; or NULL. */
mtasts_notify *mtasts_notify_make(apr_pool_t *p, server_rec *main_server,
                                  mtasts_seen *seen, int (*stop)(void *ctx),
                                  void *stop_ctx);

/* 0 of "ok" to 3 of "error". */
int mtasts_worst_of(mtasts_severity severity);
const char *mtasts_worst_name(int worst);

/* The worst severity of a domain that the command was told, or -1. */
int mtasts_notify_worst(const mtasts_notify *n, const char *domain);

/* The domain is as the command knows it: what it was to be told is no news any
 * more. */
void mtasts_notify_same(mtasts_notify *n, const char *domain, int worst);

/* Remembers one, for send(); all is copied.  Of a domain only the last
 * "severity". */
void mtasts_notify_add(mtasts_notify *n, const mtasts_notification *of);

/* 1 if what is added will be sent one by one, with its findings. */
int mtasts_notify_has_room(const mtasts_notify *n);

/* Runs the command for one of them, if the rate allows it, or for all that
 * remain together.  Logs how it ended.  Returns 1 if there are more, which may be
 * sent at once; `now` is mtasts_clock(). */
int mtasts_notify_send(mtasts_notify *n, apr_time_t now);

#endif
