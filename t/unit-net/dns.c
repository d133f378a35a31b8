/* The resolver against small servers of our own on 127.0.0.1. */

#include "../../src/net/dns.h"
#include "../unit/tap.h"

#include <arpa/inet.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* What a server does with all questions; else the first label says. */
enum { NORMAL, ALL_SERVFAIL, ALL_REFUSED, DIES_AFTER_50, DROPS };

typedef struct {
    int udp, tcp, mode;
    pid_t pid;
    char text[32];
    unsigned
        *seen; /* questions, shared with the child; without probes: all, and
                       those with recursion desired */
} fake;

static long long now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (long long)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* --- the server --- */

static int is_first(const unsigned char *q, const char *label)
{
    return q[12] >= strlen(label) &&
           !strncasecmp((const char *)q + 13, label, strlen(label));
}

static size_t put_rr(unsigned char *out, int type, const char *data, size_t len)
{
    static const unsigned char fixed[] = {0xc0, 12, 0, 0, 0, 1, 0, 0, 1, 0x2c};

    memcpy(out, fixed, sizeof(fixed));
    out[3] = (unsigned char)type;
    out[10] = (unsigned char)(len >> 8);
    out[11] = (unsigned char)len;
    memcpy(out + 12, data, len);
    return 12 + len;
}

/* Makes a reply of the question in place; returns its length, 0 for none. */
static size_t reply_make(fake *f, unsigned char *q, size_t len, int tcp)
{
    int type = q[len - 3], rcode = 0;

    if (is_first(q, "localhost")) {
        if (f->mode == DROPS) {
            return 0;
        }
        q[2] |= 0x80;
        q[3] = 0x83;
        return f->mode == DIES_AFTER_50 && *f->seen > 50 ? 0 : len;
    }
    ++*f->seen;
    f->seen[1] += q[2] & 1;
    if (is_first(q, "silent") || (f->mode == DIES_AFTER_50 && *f->seen > 50)) {
        return 0;
    }
    if (is_first(q, "tcp") && !tcp) {
        q[2] |= 0x82;
        return len;
    }
    rcode = is_first(q, "servfail") || f->mode == ALL_SERVFAIL ? 2
            : is_first(q, "refused") || f->mode == ALL_REFUSED ? 5
            : is_first(q, "nx")                                ? 3
                                                               : 0;
    q[2] |= is_first(q, "aa") ? 0x84 : 0x80;
    q[3] = (unsigned char)(0x80 | rcode);
    if (rcode || is_first(q, "empty")) {
        return len;
    }
    q[7] = 1;
    if (is_first(q, "wrong")) { /* another question */
        q[13] = 'x';
    }
    if (type == MTASTS_DNS_MX) {
        return len + put_rr(q + len, type, "\0\012\4MAIL\xc0\014", 9);
    }
    return len + (type == MTASTS_DNS_TXT ? put_rr(q + len, type, "\1x", 2)
                                         : put_rr(q + len, type, "abcd", 4));
}

static void serve_tcp(fake *f)
{
    int fd = accept(f->tcp, NULL, NULL);
    unsigned char q[2000];
    ssize_t got;

    got = recv(fd, q, 2, MSG_WAITALL);
    while (got == 2) {
        size_t len = (size_t)q[0] << 8 | q[1];

        got = recv(fd, q + 2, len, MSG_WAITALL);
        if (is_first(q + 2, "tcpclosed")) {
            break;
        }
        len = reply_make(f, q + 2, len, 1);
        q[0] = (unsigned char)(len >> 8);
        q[1] = (unsigned char)len;
        if (got < 0 || send(fd, q, len + 2, MSG_NOSIGNAL) < 0) {
            break;
        }
        got = recv(fd, q, 2, MSG_WAITALL);
    }
    close(fd);
}

static void serve(fake *f)
{
    struct pollfd fds[2] = {{.fd = f->udp, .events = POLLIN},
                            {.fd = f->tcp, .events = POLLIN}};

    while (poll(fds, 2, 60000) > 0) {
        struct sockaddr_in from;
        socklen_t from_len = sizeof(from);
        unsigned char q[2000];
        ssize_t len;

        if (fds[1].revents) {
            serve_tcp(f);
        }
        while ((len = recvfrom(f->udp, q, sizeof(q), MSG_DONTWAIT,
                               (struct sockaddr *)&from, &from_len)) > 16) {
            size_t n = reply_make(f, q, (size_t)len, 0);

            if (n) {
                sendto(f->udp, q, n, 0, (struct sockaddr *)&from, from_len);
            }
        }
    }
}

/* The same port for both, on loopback; 0 if it is somebody else's for TCP. */
static int bind_both(fake *f, struct sockaddr_in *a)
{
    socklen_t len = sizeof(*a);

    a->sin_port = 0;
    f->udp = socket(AF_INET, SOCK_DGRAM, 0);
    f->tcp = socket(AF_INET, SOCK_STREAM, 0);
    if (!bind(f->udp, (struct sockaddr *)a, len) &&
        !getsockname(f->udp, (struct sockaddr *)a, &len) &&
        !bind(f->tcp, (struct sockaddr *)a, len) && !listen(f->tcp, 10)) {
        return 1;
    }
    close(f->udp);
    close(f->tcp);
    return 0;
}

/* Sockets only: what is sent there stays without an answer. */
static fake fake_silent(int mode)
{
    struct sockaddr_in a = {.sin_family = AF_INET,
                            .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    fake f = {.mode = mode};
    int tries = 0;

    while (!bind_both(&f, &a) && tries < 100) {
        tries++;
    }
    f.seen = mmap(NULL, 2 * sizeof(*f.seen), PROT_READ | PROT_WRITE,
                  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (tries == 100 || f.seen == MAP_FAILED) {
        printf("Bail out! no server\n");
        exit(1);
    }
    snprintf(f.text, sizeof(f.text), "127.0.0.1:%u", ntohs(a.sin_port));
    return f;
}

static fake fake_start(int mode)
{
    fake f = fake_silent(mode);

    fflush(stdout);
    f.pid = fork();
    if (!f.pid) {
        serve(&f);
        _exit(0);
    }
    return f;
}

static void fake_stop(fake *f)
{
    if (f->pid > 0) {
        kill(f->pid, SIGKILL);
        waitpid(f->pid, NULL, 0);
    }
    close(f->udp);
    close(f->tcp);
    munmap(f->seen, 2 * sizeof(*f->seen));
}

/* --- the asking side --- */

typedef struct {
    unsigned called, status[3];
    mtasts_dns_answer last;
    char failure[600];
    mtasts_dns_run *run; /* to ask again */
} seen;

static void on_answer(void *ctx, const mtasts_dns_answer *a)
{
    seen *s = ctx;

    s->called++;
    s->status[a->status]++;
    s->last = *a;
    snprintf(s->failure, sizeof(s->failure), "%s",
             a->status == MTASTS_DNS_TEMPFAIL ? a->failure : "");
}

static void on_mx(void *ctx, const mtasts_dns_answer *a)
{
    seen *s = ctx;
    size_t i;

    on_answer(ctx, a);
    for (i = 0; i < a->nmx; i++) {
        mtasts_dns_ask(s->run, a->mx[i].host, MTASTS_DNS_A, on_answer, s);
    }
}

static mtasts_dns_run *make(const char *one, const char *two, unsigned ms,
                            unsigned in_flight)
{
    char servers[100];
    mtasts_dns_options o = {.servers = servers, .timeout_ms = ms};
    const char *error = NULL;
    mtasts_dns_run *run;

    o.in_flight = in_flight;
    snprintf(servers, sizeof(servers), "%s%s%s", one, two ? "," : "",
             two ? two : "");
    run = mtasts_dns_new(&o, &error);
    if (!run) {
        printf("Bail out! %s\n", error);
        exit(1);
    }
    return run;
}

/* `n` TXT questions; the time they took. */
static long long ask_many(const char *one, const char *two, unsigned ms,
                          unsigned in_flight, unsigned n, seen *s)
{
    mtasts_dns_run *run = make(one, two, ms, in_flight);
    long long start = now_ms();
    char name[40];
    unsigned i;

    memset(s, 0, sizeof(*s));
    for (i = 0; i < n; i++) {
        snprintf(name, sizeof(name), "d%u.test", i);
        mtasts_dns_ask(run, name, MTASTS_DNS_TXT, on_answer, s);
    }
    mtasts_dns_go(run);
    mtasts_dns_free(run);
    start = now_ms() - start;
    printf("# %u questions: %lld ms, %u ok, %s\n", n, start,
           s->status[MTASTS_DNS_OK], s->failure);
    return start;
}

static int contains(const char *s, const char *part)
{
    return strstr(s, part) != NULL;
}

/* --- tests --- */

static void server_names(void)
{
    static const struct {
        const char *in;
        int good;
    } cases[] = {
        {"192.0.2.53", 1},
        {"192.0.2.53:5353", 1},
        {"192.0.2.53:1", 1},
        {"192.0.2.53:65535", 1},
        {"2001:db8::53", 1},
        {"::1", 1},
        {"[2001:db8::53]:5353", 1},
        {"[::ffff:192.0.2.53]:53", 1},
        {"", 0},
        {":53", 0},
        {"192.0.2.53:", 0},
        {"192.0.2.53:0", 0},
        {"192.0.2.53:65536", 0},
        {"192.0.2.53:99999999999", 0},
        {"192.0.2.53:+53", 0},
        {"192.0.2.53:053", 0},
        {"192.0.2.53:53x", 0},
        {"192.0.2.53 ", 0},
        {" 192.0.2.53", 0},
        {"192.0.2", 0},
        {"192.0.2.256", 0},
        {"192.0.2.53,192.0.2.54", 0},
        {"[192.0.2.53]:53", 0},
        {"[2001:db8::53]", 0},
        {"[2001:db8::53]:", 0},
        {"[2001:db8::53]:0", 0},
        {"[2001:db8::53", 0},
        {"[2001:db8::53]x:53", 0},
        {"2001:db8::g", 0},
        {"fe80::1%eth0", 0},
        {"localhost", 0},
        {"localhost:53", 0},
        {"1111:1111:1111:1111:1111:1111:1111:1111:1111:1111:1111:1111:111", 0},
    };
    mtasts_dns_options o = {.servers = "192.0.2.53,localhost"};
    const char *error = NULL;
    size_t i;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        ok(mtasts_dns_server_check(cases[i].in) == cases[i].good, "server",
           cases[i].in[0] ? cases[i].in : "(empty)");
    }
    ok(!mtasts_dns_new(&o, &error) && error, "server", "bad list");
}

static void one_by_one(const fake *f)
{
    static const struct {
        const char *name;
        int type;
        mtasts_dns_status status;
        const char *failure;
    } cases[] = {
        {"txt.test", MTASTS_DNS_TXT, MTASTS_DNS_OK, ""},
        {"a.test.", MTASTS_DNS_A, MTASTS_DNS_OK, ""},
        {"nx.test", MTASTS_DNS_A, MTASTS_DNS_ABSENT, ""},
        {"empty.test", MTASTS_DNS_AAAA, MTASTS_DNS_ABSENT, ""},
        {"tcp.test", MTASTS_DNS_TXT, MTASTS_DNS_OK, ""},
        {"tcpclosed.test", MTASTS_DNS_TXT, MTASTS_DNS_TEMPFAIL, "over TCP"},
        {"servfail.test", MTASTS_DNS_TXT, MTASTS_DNS_TEMPFAIL,
         "SERVFAIL from 127.0.0.1:"},
        {"refused.test", MTASTS_DNS_TXT, MTASTS_DNS_TEMPFAIL, "REFUSED from "},
        {"wrong.test", MTASTS_DNS_TXT, MTASTS_DNS_TEMPFAIL, "no answer from "},
        {"silent.test", MTASTS_DNS_TXT, MTASTS_DNS_TEMPFAIL, "no answer from "},
        {"", MTASTS_DNS_A, MTASTS_DNS_TEMPFAIL, "no host name"},
        {".", MTASTS_DNS_A, MTASTS_DNS_TEMPFAIL, "no host name"},
        {"a..test", MTASTS_DNS_A, MTASTS_DNS_TEMPFAIL, "no host name"},
        {"a\\.b.test", MTASTS_DNS_A, MTASTS_DNS_TEMPFAIL, "no host name"},
        {"a b.test", MTASTS_DNS_A, MTASTS_DNS_TEMPFAIL, "no host name"},
        {"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.x",
         MTASTS_DNS_A, MTASTS_DNS_TEMPFAIL, "no host name"},
    };
    size_t n = sizeof(cases) / sizeof(cases[0]), i;
    mtasts_dns_run *run = make(f->text, NULL, 6000, 0);
    seen s[sizeof(cases) / sizeof(cases[0])];

    memset(s, 0, sizeof(s));
    for (i = 0; i < n; i++) {
        mtasts_dns_ask(run, cases[i].name, cases[i].type, on_answer, &s[i]);
    }
    mtasts_dns_go(run);
    for (i = 0; i < n; i++) {
        ok(s[i].called == 1 && s[i].last.status == cases[i].status &&
               contains(s[i].failure, cases[i].failure),
           "answer", cases[i].name);
        printf("# %s\n", s[i].failure);
    }
    mtasts_dns_free(run);
}

static void dedupe(const fake *f)
{
    mtasts_dns_run *run = make(f->text, NULL, 3000, 0);
    unsigned before = *f->seen, i;
    seen s = {.run = run};
    char name[40];

    for (i = 0; i < 500; i++) {
        mtasts_dns_ask(run, i & 1 ? "same.test" : "SAME.test.", MTASTS_DNS_TXT,
                       on_answer, &s);
    }
    mtasts_dns_ask(run, "same.test", MTASTS_DNS_A, on_answer, &s);
    mtasts_dns_go(run);
    ok(s.called == 501 && s.status[MTASTS_DNS_OK] == 501, "dedupe", "answers");
    ok(*f->seen - before == 2, "dedupe", "questions");
    mtasts_dns_ask(run, "same.test", MTASTS_DNS_A, on_answer, &s);
    ok(s.called == 502 && s.status[MTASTS_DNS_OK] == 502, "dedupe", "later");
    mtasts_dns_ask(run, "new.test", MTASTS_DNS_A, on_answer, &s);
    ok(s.called == 503 && s.status[MTASTS_DNS_TEMPFAIL] == 1, "ask",
       "when it is over");
    mtasts_dns_free(run);

    run = make(f->text, NULL, 3000, 50); /* so that none is lost */
    before = *f->seen;
    memset(&s, 0, sizeof(s));
    s.run = run;
    for (i = 0; i < 300; i++) {
        snprintf(name, sizeof(name), "m%u.test", i);
        mtasts_dns_ask(run, name, MTASTS_DNS_MX, on_mx, &s);
    }
    mtasts_dns_go(run);
    ok(s.called == 600 && s.status[MTASTS_DNS_OK] == 600, "ask", "again");
    printf("# %u seen\n", *f->seen - before);
    ok(*f->seen - before == 600, "ask", "again: questions");
    mtasts_dns_free(run);
}

static void two_servers(const fake *live)
{
    fake dead = fake_silent(NORMAL), closed = fake_silent(NORMAL), bad, dies;
    long long ms;
    seen s;

    fake_stop(&closed); /* before children inherit it */
    bad = fake_start(ALL_SERVFAIL);
    dies = fake_start(DIES_AFTER_50);
    ms = ask_many(dead.text, live->text, 5000, 0, 4000, &s);
    ok(s.status[MTASTS_DNS_OK] == 4000 && ms < 1000, "two", "first is silent");
    ms = ask_many(closed.text, live->text, 5000, 0, 4000, &s);
    ok(s.status[MTASTS_DNS_OK] == 4000 && ms < 1000, "two", "first is closed");
    ms = ask_many(bad.text, live->text, 5000, 0, 4000, &s);
    ok(s.status[MTASTS_DNS_OK] == 4000 && ms < 2000, "two", "first SERVFAIL");
    ms = ask_many(dies.text, live->text, 5000, 0, 4000, &s);
    ok(s.status[MTASTS_DNS_OK] == 4000 && ms < 4500, "two", "first dies");
    ms = ask_many(live->text, dead.text, 5000, 0, 4000, &s);
    ok(s.status[MTASTS_DNS_OK] == 4000 && ms < 1000, "two", "second silent");

    ms = ask_many(dead.text, NULL, 1000, 0, 5000, &s);
    ok(s.status[MTASTS_DNS_TEMPFAIL] == 5000 && ms >= 990 && ms < 1200, "dead",
       "ends at the deadline");
    ms = ask_many(dead.text, NULL, 60000, 0, 5000, &s);
    ok(s.status[MTASTS_DNS_TEMPFAIL] == 5000 && ms < 6000, "dead",
       "one: ends before the deadline");
    ok(contains(s.failure, dead.text), "dead", "says which");
    ms = ask_many(dead.text, closed.text, 60000, 0, 5000, &s);
    ok(s.status[MTASTS_DNS_TEMPFAIL] == 5000 && ms < 5000, "dead",
       "both: ends before the deadline");
    ok(contains(s.failure, dead.text) && contains(s.failure, closed.text),
       "dead", "says which two");
    ms = ask_many(closed.text, NULL, 60000, 0, 5000, &s);
    ok(s.status[MTASTS_DNS_TEMPFAIL] == 5000 && ms < 1000, "dead", "closed");
    fake_stop(&dead);
    fake_stop(&bad);
    fake_stop(&dies);
}

static int stop_after_200(void *ctx)
{
    return now_ms() - *(long long *)ctx > 200;
}

static void stopping(void)
{
    fake dead = fake_silent(NORMAL);
    long long start = now_ms();
    mtasts_dns_options o = {.servers = dead.text,
                            .timeout_ms = 5000,
                            .stop = stop_after_200,
                            .stop_ctx = &start};
    const char *error;
    mtasts_dns_run *run = mtasts_dns_new(&o, &error);
    seen s = {0};

    mtasts_dns_ask(run, "x.test", MTASTS_DNS_A, on_answer, &s);
    mtasts_dns_go(run);
    ok(s.called == 1 && now_ms() - start < 350, "stop", "at once");
    mtasts_dns_free(run);

    run = mtasts_dns_new(&o, &error);
    mtasts_dns_ask(run, "x.test", MTASTS_DNS_A, on_answer, &s);
    mtasts_dns_free(run);
    ok(s.called == 1, "free", "without go");
    run = mtasts_dns_new(&o, &error);
    mtasts_dns_go(run);
    mtasts_dns_free(run);
    fake_stop(&dead);
}

/* What only a zone's own servers are asked. */
static void authority(const fake *f)
{
    static const struct {
        const char *name;
        mtasts_dns_status status;
        const char *failure;
    } cases[] = {
        {"aa.test", MTASTS_DNS_OK, ""},
        {"x.test", MTASTS_DNS_TEMPFAIL, "is no authority for it"},
        {"nx.test", MTASTS_DNS_TEMPFAIL, "is no authority for it"},
        {"refused.test", MTASTS_DNS_TEMPFAIL, "REFUSED from "},
    };
    mtasts_dns_options o = {
        .servers = f->text, .timeout_ms = 6000, .authority = 1};
    unsigned before = f->seen[1];
    seen s[4] = {{0}};
    mtasts_dns_run *run;
    const char *error;
    size_t i;

    run = mtasts_dns_new(&o, &error);
    for (i = 0; i < 4; i++) {
        mtasts_dns_ask(run, cases[i].name, MTASTS_DNS_TXT, on_answer, &s[i]);
    }
    mtasts_dns_go(run);
    for (i = 0; i < 4; i++) {
        ok(s[i].last.status == cases[i].status &&
               contains(s[i].failure, cases[i].failure),
           "authority", cases[i].name);
        printf("# %s\n", s[i].failure);
    }
    ok(f->seen[1] == before, "authority", "no recursion desired");
    mtasts_dns_free(run);

    run = make(f->text, NULL, 6000, 0);
    mtasts_dns_ask(run, "x.test", MTASTS_DNS_TXT, on_answer, &s[0]);
    mtasts_dns_go(run);
    ok(f->seen[1] == before + 1, "resolver", "recursion desired");
    mtasts_dns_free(run);
}

/* A zone's server that drops what it doesn't know is not taken for dead. */
static void dropping(void)
{
    fake f = fake_start(DROPS);
    mtasts_dns_options o = {
        .servers = f.text, .timeout_ms = 9000, .authority = 1};
    const char *error;
    mtasts_dns_run *run = mtasts_dns_new(&o, &error);
    long long start = now_ms();
    seen silent = {0}, later = {0};

    mtasts_dns_ask(run, "silent.test", MTASTS_DNS_TXT, on_answer, &silent);
    while (!mtasts_dns_idle(run)) {
        mtasts_dns_turn(&run, 1);
        if (now_ms() - start > 2800) {
            mtasts_dns_ask(run, "aa.test", MTASTS_DNS_TXT, on_answer, &later);
        }
    }
    ok(silent.called == 1 && silent.status[MTASTS_DNS_TEMPFAIL] == 1,
       "dropping", "no answer");
    ok(later.called && later.last.status == MTASTS_DNS_OK, "dropping",
       "to another question there is one");
    mtasts_dns_free(run);
    fake_stop(&f);
}

/* Works until all are idle; the time it took. */
static long long turns(mtasts_dns_run *const *runs, size_t n)
{
    long long start = now_ms();
    size_t i, idle = 0;

    while (idle < n) {
        mtasts_dns_turn(runs, n);
        for (i = idle = 0; i < n; i++) {
            idle += (size_t)mtasts_dns_idle(runs[i]);
        }
    }
    return now_ms() - start;
}

static void several(const fake *live)
{
    fake dead = fake_silent(NORMAL), closed = fake_silent(NORMAL);
    mtasts_dns_run *runs[4];
    long long ms;
    seen s[4];
    unsigned i;

    fake_stop(&closed);
    runs[0] = make(dead.text, NULL, 1000, 0);
    runs[1] = make(live->text, NULL, 1000, 20);
    runs[2] = make(closed.text, NULL, 60000, 0);
    runs[3] = make(live->text, NULL, 1000, 0);
    memset(s, 0, sizeof(s));
    for (i = 0; i < 2000; i++) {
        char name[40];

        snprintf(name, sizeof(name), "t%u.test", i);
        mtasts_dns_ask(runs[i % 3], name, MTASTS_DNS_TXT, on_answer, &s[i % 3]);
    }
    s[1].run = runs[1];
    mtasts_dns_ask(runs[1], "m.test", MTASTS_DNS_MX, on_mx, &s[1]);
    ms = turns(runs, 4);
    printf("# %lld ms: %s; %s\n", ms, s[0].failure, s[2].failure);
    ok(s[1].status[MTASTS_DNS_OK] == 669, "several", "that answers");
    ok(s[0].status[MTASTS_DNS_TEMPFAIL] == 667 &&
           contains(s[0].failure, "no answer from "),
       "several", "that is silent");
    ok(s[2].status[MTASTS_DNS_TEMPFAIL] == 666 &&
           contains(s[2].failure, "connection refused by "),
       "several", "that is closed");
    ok(!s[3].called, "several", "without a question");
    ok(ms >= 950 && ms < 3000, "several", "each has its own deadline");
    for (i = 0; i < 4; i++) {
        mtasts_dns_free(runs[i]);
    }
    fake_stop(&dead);
}

static void loopback(void)
{
    static const struct {
        const char *servers;
        int is;
    } cases[] = {
        {"192.0.2.1", 0},   {"192.0.2.1,127.0.0.53", 1}, {"127.1.2.3:5353", 1},
        {"::1", 1},         {"[::1]:5353,192.0.2.1", 1}, {"::127.0.0.1", 0},
        {"2001:db8::1", 0},
    };
    size_t i;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        mtasts_dns_options o = {.servers = cases[i].servers};
        const char *error;
        mtasts_dns_run *run = mtasts_dns_new(&o, &error);

        ok(mtasts_dns_on_loopback(run) == cases[i].is, "loopback",
           cases[i].servers);
        mtasts_dns_free(run);
    }
}

int main(void)
{
    fake f;
    seen s;

    server_names();
    f = fake_start(NORMAL);
    one_by_one(&f);
    dedupe(&f);
    ask_many(f.text, NULL, 10000, 1, 200, &s);
    ok(s.status[MTASTS_DNS_OK] == 200, "in flight", "1");
    ask_many(f.text, NULL, 10000, 0, 20000, &s);
    ok(s.status[MTASTS_DNS_OK] == 20000, "in flight", "256");
    /* Several channels; more would overflow the receive buffer that an
     * ordinary user's server gets. */
    ask_many(f.text, NULL, 10000, 512, 20000, &s);
    /* A machine that is busy elsewhere may lose some four times over. */
    ok(s.status[MTASTS_DNS_OK] > 19000, "in flight", "512");
    two_servers(&f);
    stopping();
    authority(&f);
    dropping();
    several(&f);
    loopback();
    fake_stop(&f);
    return done();
}
