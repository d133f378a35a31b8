#ifndef MTASTS_NET_DNS_H
#define MTASTS_NET_DNS_H

/*
 * Many DNS questions at once, by c-ares.  One run: make it, ask, go, free it.
 * A run belongs to one thread, must be made after any fork, and keeps nothing
 * for the next one: neither answers nor sockets.  Never in a process that is
 * root.  httpd's headers are not known here.
 */

#include "../core/dns_facts.h"

/* DNS types, as on the wire (RFC 1035 3.2.2, RFC 3596, RFC 6698 7.1). */
enum {
    MTASTS_DNS_A = 1,
    MTASTS_DNS_NS = 2,
    MTASTS_DNS_MX = 15,
    MTASTS_DNS_TXT = 16,
    MTASTS_DNS_AAAA = 28,
    MTASTS_DNS_TLSA = 52 /* of the answer only the status is used */
};

typedef struct {
    /* "192.0.2.53,[2001:db8::53]:5353" each as mtasts_dns_server_check() takes it;
     * NULL for the system's. */
    const char *servers;
    unsigned timeout_ms; /* for the whole run, from mtasts_dns_new() on */
    unsigned in_flight;  /* questions at once; 0 for the default of 256,
                              at most 4096 */
    /* Asked at least every 100 ms: returns non-zero to end the run.  May be
     * NULL. */
    int (*stop)(void *ctx);
    void *stop_ctx;
    /* The servers are asked as those of a zone: without recursion, and a reply
     * that is not authoritative (AA) is TEMPFAIL. */
    int authority;
} mtasts_dns_options;

typedef struct mtasts_dns_run mtasts_dns_run;

/* Called once for each mtasts_dns_ask(), from within mtasts_dns_ask() or
 * mtasts_dns_go().  May ask further questions.  `answer` lives until
 * mtasts_dns_free(). */
typedef void mtasts_dns_fn(void *ctx, const mtasts_dns_answer *answer);

/* 1 if `server` is an IP address with an optional port: 192.0.2.53,
 * 192.0.2.53:5353, 2001:db8::53, [2001:db8::53]:5353; any other is 0.  No
 * look-up. */
int mtasts_dns_server_check(const char *server);

/* NULL if there is no memory or c-ares can't be set up; then *error (of the
 * library, static) says why. */
mtasts_dns_run *mtasts_dns_new(const mtasts_dns_options *options,
                               const char **error);

/* Asks for records of `type` (an enum above) at the absolute name `name`,
 * with or without a final dot.  The same question is sent once only, however
 * often it is asked.  A name that can't be asked gets TEMPFAIL. */
void mtasts_dns_ask(mtasts_dns_run *run, const char *name, int type,
                    mtasts_dns_fn *done, void *ctx);

/* Works until every question is answered, the time is up or stop() says so;
 * then what is open gets TEMPFAIL.  Every callback has been called when this
 * returns. */
void mtasts_dns_go(mtasts_dns_run *run);

/* Instead: a turn of work on several runs, of 50 ms at most, or until something
 * has come.  Then further ones, with questions asked meanwhile, until
 * mtasts_dns_idle() says of each run what mtasts_dns_go() waits for. */
void mtasts_dns_turn(mtasts_dns_run *const *runs, size_t n);

/* 1 if every question is answered: there is nothing to do, or the run is over. */
int mtasts_dns_idle(const mtasts_dns_run *run);

/* Milliseconds until the run's time is up. */
unsigned mtasts_dns_left(const mtasts_dns_run *run);

/* 1 if one of the servers has an address of the loopback interface. */
int mtasts_dns_on_loopback(const mtasts_dns_run *run);

/* After mtasts_dns_go(): "no answer from 192.0.2.53", or that the connection was
 * refused, if no server gave any reply at all, be it an error; NULL if one did,
 * none was asked, or stop() ended the run.  Lives as long as the run. */
const char *mtasts_dns_silence(const mtasts_dns_run *run);

void mtasts_dns_free(mtasts_dns_run *run);

#endif
