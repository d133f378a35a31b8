#ifndef MTASTS_SEEN_H
#define MTASTS_SEEN_H

/*
 * What was seen and said a short while ago, in memory that outlives children
 * and graceful restarts: an MX host is not connected to again for each reload,
 * what the start has logged is not logged again, and a command of the
 * administrator's is told of changes only.  No lock: an entry that is
 * torn by two writers fails its checksum and counts as not there.  Any process
 * of this httpd, any thread.
 */

#include "config.h"
#include "../core/schedule.h"
#include "../core/tls_facts.h"

#define MTASTS_SEEN_FOR apr_time_from_sec(600)

typedef struct mtasts_seen mtasts_seen;

/* The one of this httpd process, made when it is first asked for; NULL if there
 * is no shared memory.  Before the children are forked. */
mtasts_seen *mtasts_seen_of(server_rec *main_server);

/* 1 and *probe (with its host and address) if that host was seen at this
 * address and port in the last ten minutes, and judged by the same `roots` (any
 * number that differs when they do).  Where nothing was seen, that is not kept. */
int mtasts_seen_get(mtasts_seen *seen, const char *host, const char *address,
                    unsigned port, apr_uint64_t roots, apr_time_t now,
                    mtasts_probe *probe);
void mtasts_seen_put(mtasts_seen *seen, unsigned port, apr_uint64_t roots,
                     apr_time_t now, const mtasts_probe *probe);

/* 1 if the text was marked in the last ten minutes. */
int mtasts_seen_marked(const mtasts_seen *seen, const char *text,
                       apr_time_t now);
void mtasts_seen_mark(mtasts_seen *seen, const char *text, apr_time_t now);
void mtasts_seen_unmark(mtasts_seen *seen, const char *text);

/* The worst severity of a domain that MTASTSNotifyCommand knows of, 0 to 3; or
 * -1. */
int mtasts_seen_worst(const mtasts_seen *seen, const char *domain);
void mtasts_seen_set_worst(mtasts_seen *seen, const char *domain, int worst);

/* Of its runs. */
mtasts_rate *mtasts_seen_rate(mtasts_seen *seen);

#endif
