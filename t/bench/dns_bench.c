/* dns_bench MODE SERVERS DOMAINS IN_FLIGHT TIMEOUT_MS : asks about d0.bench.test
 * to d(DOMAINS-1).bench.test and prints
 *     questions seconds cpu_seconds max_rss_kb failed_domains
 *   ours  src/net, as the module does
 *   bare  a loop around c-ares on one channel, without any check of the answers
 *   seq   res_nquery(), one after the other: what comes to mind first
 * bare and seq ask the same questions as ours does. */

#include "../../src/net/facts.h"

#define CARES_NO_DEPRECATED
#include <ares.h>
#include <arpa/inet.h>
#include <poll.h>
#include <resolv.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#define PER_DOMAIN 5

static char **domains;
static size_t ndomains, asked, failed, open_questions, in_flight;
static ares_channel channel;
static struct pollfd fds[64];
static nfds_t nfds;

static double now(clockid_t clock)
{
    struct timespec t;

    clock_gettime(clock, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* The i-th question of all. */
static int question(size_t i, char name[300])
{
    static const struct {
        const char *prefix;
        int type;
    } kinds[PER_DOMAIN] = {{"_mta-sts.", MTASTS_DNS_TXT},
                           {"", MTASTS_DNS_MX},
                           {"_smtp._tls.", MTASTS_DNS_TXT},
                           {"mta-sts.", MTASTS_DNS_A},
                           {"mta-sts.", MTASTS_DNS_AAAA}};

    snprintf(name, 300, "%s%s", kinds[i % PER_DOMAIN].prefix,
             domains[i / PER_DOMAIN]);
    return kinds[i % PER_DOMAIN].type;
}

static void ours(const char *servers, unsigned timeout_ms)
{
    mtasts_dns_options o = {.servers = servers,
                            .timeout_ms = timeout_ms,
                            .in_flight = (unsigned)in_flight};
    const char *error;
    mtasts_facts *facts = mtasts_facts_collect((const char *const *)domains,
                                               ndomains, MTASTS_ASK_MAIL, &o,
                                               &error);
    size_t i;

    if (!facts) {
        fprintf(stderr, "%s\n", error);
        exit(1);
    }
    for (i = 0; i < ndomains; i++) {
        const mtasts_dns_facts *f = mtasts_facts_of(facts, i);

        failed +=
            f->txt->status != MTASTS_DNS_OK || f->mx->status != MTASTS_DNS_OK;
    }
    asked = ndomains * PER_DOMAIN;
}

static void ask_next(void);

static void answered(void *arg, int status, int timeouts, unsigned char *abuf,
                     int alen)
{
    (void)arg;
    (void)timeouts;
    (void)abuf;
    (void)alen;
    failed += status != ARES_SUCCESS && status != ARES_ENODATA;
    open_questions--;
    ask_next();
}

static void ask_next(void)
{
    while (open_questions < in_flight && asked < ndomains * PER_DOMAIN) {
        char name[300];
        int type = question(asked++, name);

        open_questions++;
        ares_query(channel, name, ns_c_in, type, answered, NULL);
    }
}

static void socket_state(void *data, ares_socket_t s, int readable,
                         int writable)
{
    nfds_t i;

    (void)data;
    for (i = 0; i < nfds && fds[i].fd != s; i++) {
    }
    if (!readable && !writable) {
        if (i < nfds) {
            fds[i] = fds[--nfds];
        }
        return;
    }
    fds[i].fd = s;
    fds[i].events = (short)((readable ? POLLIN : 0) | (writable ? POLLOUT : 0));
    nfds += i == nfds;
}

static void bare(const char *servers)
{
    struct ares_options o;

    memset(&o, 0, sizeof(o));
    o.flags = ARES_FLAG_NOSEARCH | ARES_FLAG_NOALIASES;
    o.sock_state_cb = socket_state;
    o.timeout = 250; /* as src/net: a loss costs both the same */
    o.tries = 4;
    ares_library_init(ARES_LIB_INIT_ALL);
    if (ares_init_options(&channel, &o,
                          ARES_OPT_FLAGS | ARES_OPT_SOCK_STATE_CB |
                              ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES) ||
        ares_set_servers_ports_csv(channel, servers)) {
        exit(1);
    }
    ask_next();
    while (open_questions) {
        nfds_t i, n = nfds;

        poll(fds, nfds, 50);
        for (i = 0; i < n && i < nfds; i++) {
            if (fds[i].revents) {
                ares_process_fd(
                    channel,
                    fds[i].revents & ~POLLOUT ? fds[i].fd : ARES_SOCKET_BAD,
                    fds[i].revents & POLLOUT ? fds[i].fd : ARES_SOCKET_BAD);
            }
        }
        ares_process_fd(channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
    }
    ares_destroy(channel);
}

static void seq(const char *servers)
{
    struct __res_state state;
    unsigned char answer[4096];
    const char *port = strchr(servers, ':');

    memset(&state, 0, sizeof(state));
    res_ninit(&state);
    state.nscount = 1;
    state.nsaddr_list[0].sin_family = AF_INET;
    state.nsaddr_list[0].sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    state.nsaddr_list[0].sin_port = htons((unsigned short)atoi(port + 1));
    for (; asked < ndomains * PER_DOMAIN; asked++) {
        char name[300];
        int type = question(asked, name);

        failed += res_nquery(&state, name, ns_c_in, type, answer,
                             sizeof(answer)) < 0 &&
                  state.res_h_errno == 2; /* TRY_AGAIN */
    }
}

int main(int argc, char **argv)
{
    double began, cpu;
    struct rusage usage;
    size_t i;

    if (argc != 6) {
        return 2;
    }
    ndomains = (size_t)atol(argv[3]);
    in_flight = (size_t)atol(argv[4]);
    domains = malloc(ndomains * sizeof(*domains));
    for (i = 0; i < ndomains; i++) {
        domains[i] = malloc(32);
        snprintf(domains[i], 32, "d%lu.bench.test", (unsigned long)i);
    }
    began = now(CLOCK_MONOTONIC);
    cpu = now(CLOCK_PROCESS_CPUTIME_ID);
    if (!strcmp(argv[1], "ours")) {
        ours(argv[2], (unsigned)atol(argv[5]));
    }
    else if (!strcmp(argv[1], "bare")) {
        bare(argv[2]);
    }
    else {
        seq(argv[2]);
    }
    getrusage(RUSAGE_SELF, &usage);
    printf("%lu %.3f %.3f %ld %lu\n", (unsigned long)asked,
           now(CLOCK_MONOTONIC) - began, now(CLOCK_PROCESS_CPUTIME_ID) - cpu,
           usage.ru_maxrss, (unsigned long)failed);
    return 0;
}
