/* Commands that behave and that don't, run by a process with threads. */

#include "../../src/httpd/clock.h"
#include "../../src/httpd/command.h"
#include "../unit/tap.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static apr_pool_t *pool;

/* A script for /bin/sh, with $1 and so on behind it. */
static mtasts_command_result run(const char *script, const mtasts_command *as)
{
    const char *argv[] = {"/bin/sh", "-c",       script, "sh",
                          "a b",     "$HOME'\"", "",     NULL};
    mtasts_command c = {0};
    mtasts_command_result r;

    if (as) {
        c = *as;
    }
    c.timeout_ms = c.timeout_ms ? c.timeout_ms : 20000;
    c.argv = c.argv ? c.argv : argv;
    mtasts_command_run(pool, &c, &r);
    return r;
}

static int no_children(void)
{
    return waitpid(-1, NULL, WNOHANG) < 0 && errno == ECHILD;
}

/* The number at the end of the last line is no process any more.  Its parent was
 * killed with it, so it may take init a moment to notice. */
static int is_gone(const mtasts_command_result *r)
{
    pid_t pid = (pid_t)strtol(r->last_line, NULL, 10);
    int i;

    for (i = 0; pid > 1 && i < 500; i++) {
        char name[64], state = '?', line[200] = "";
        FILE *f;

        snprintf(name, sizeof(name), "/proc/%ld/stat", (long)pid);
        f = fopen(name, "r");
        if (!f) {
            return 1;
        }
        if (fgets(line, sizeof(line), f) && strrchr(line, ')')) {
            state = strrchr(line, ')')[2];
        }
        fclose(f);
        if (state == 'Z' || state == 'X') {
            return 1;
        }
        usleep(10000);
    }
    return 0;
}

static void test_end(void)
{
    static const struct {
        const char *script;
        mtasts_command_end end;
        int status;
        const char *line;
    } rows[] = {
        {"exit 0", MTASTS_COMMAND_EXITED, 0, ""},
        {"exit 3", MTASTS_COMMAND_EXITED, 3, ""},
        {"exit 255", MTASTS_COMMAND_EXITED, 255, ""},
        {"kill -SEGV $$", MTASTS_COMMAND_SIGNALED, SIGSEGV, ""},
        {"kill -TERM $$", MTASTS_COMMAND_SIGNALED, SIGTERM, ""},
        {"echo no >&2", MTASTS_COMMAND_EXITED, 0, "no"},
        {"printf 'one\\ntwo' >&2; exit 1", MTASTS_COMMAND_EXITED, 1, "two"},
        {"printf 'one\\r\\ntwo\\r\\n\\r\\n\\n' >&2", MTASTS_COMMAND_EXITED, 0,
         "two"},
        {"printf 'a\\033[31m\\303\\274\\000b\\n' >&2", MTASTS_COMMAND_EXITED, 0,
         "a\\x1b[31m\\xc3\\xbc\\x00b"},
        {"echo lost", MTASTS_COMMAND_EXITED, 0, ""},
        {"printf '<%s>' \"$@\" >&2", MTASTS_COMMAND_EXITED, 0,
         "<a b><$HOME'\"><>"},
        /* The end of what is said just before the end. */
        {"i=0; while [ $i -lt 3000 ]; do echo line $i >&2; i=$((i+1)); done",
         MTASTS_COMMAND_EXITED, 0, "line 2999"},
        {"exec 2>&-; exit 7", MTASTS_COMMAND_EXITED, 7, ""},
        {"exec 0<&- 2>&-; sleep 0.2; exit 8", MTASTS_COMMAND_EXITED, 8, ""},
    };
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        mtasts_command_result r = run(rows[i].script, NULL);

        ok(r.end == rows[i].end, rows[i].script, "how it ended");
        ok(r.status == rows[i].status, rows[i].script, "with what");
        is_str(r.last_line, rows[i].line, rows[i].script, "what it said");
        ok(no_children(), rows[i].script, "no zombie");
    }
}

static void test_not_run(void)
{
    static const char *const none[] = {"/nonexistent/command", NULL};
    static const char *const directory[] = {"/", NULL};
    mtasts_command c = {0};
    mtasts_command_result r;

    c.argv = none;
    r = run("", &c);
    ok(r.end == MTASTS_COMMAND_NOT_RUN, "not there", "not run");
    ok(APR_STATUS_IS_ENOENT(r.error), "not there", "why");
    c.argv = directory;
    r = run("", &c);
    ok(r.end == MTASTS_COMMAND_NOT_RUN, "a directory", "not run");
    ok(APR_STATUS_IS_EACCES(r.error), "a directory", "why");
    ok(no_children(), "not run", "no zombie");
}

static void test_line_is_bounded(void)
{
    mtasts_command_result r =
        run("i=0; while [ $i -lt 100000 ]; do printf 'xxxxxxxxxx' >&2; "
            "i=$((i+1)); done; exit 1",
            NULL);

    ok(r.end == MTASTS_COMMAND_EXITED && r.status == 1,
       "a megabyte in one line", "ends");
    ok(strlen(r.last_line) == sizeof(r.last_line) - 1, "a megabyte in one line",
       "is cut");
}

static void test_input(void)
{
    static char input[1000000];
    mtasts_command c = {0};
    mtasts_command_result r;
    apr_time_t begin = mtasts_clock();

    memset(input, 'i', sizeof(input));
    c.input = input;
    c.input_len = sizeof(input);
    r = run("wc -c >&2", &c);
    is_str(r.last_line, "1000000", "input", "all of it is read");
    r = run("exit 4", &c);
    ok(r.end == MTASTS_COMMAND_EXITED && r.status == 4, "input",
       "that nobody reads");
    r = run("exec <&-; sleep 0.3; exit 5", &c);
    ok(r.end == MTASTS_COMMAND_EXITED && r.status == 5, "input", "closed");
    r = run("head -c 10 >&2", &c);
    is_str(r.last_line, "iiiiiiiiii", "input", "a part of it is read");
    c.timeout_ms = 300;
    r = run("sleep 100", &c);
    ok(r.end == MTASTS_COMMAND_TIMEOUT, "input", "that is left where it is");
    c.input_len = 0;
    c.timeout_ms = 0;
    r = run("cat; echo end >&2", &c);
    is_str(r.last_line, "end", "input", "none");
    ok(mtasts_clock() - begin < apr_time_from_sec(15), "input", "never waits");
}

static void test_environment(void)
{
    static const char *const env[] = {"MTASTS_EVENT=severity",
                                      "MTASTS_TEXT=a 'b' $c", NULL};
    mtasts_command c = {0};
    mtasts_command_result r;

    setenv("SECRET", "1", 1);
    setenv("LANG", "C", 1);
    setenv("LC_ALL", "C", 1);
    setenv("TZ", "UTC", 1);
    c.env = env;
    r = run("/usr/bin/env | sed 's/=.*//' | grep -v -e '^_$' -e PWD -e SHLVL | "
            "sort | tr '\\n' ' ' >&2",
            &c);
    is_str(r.last_line, "LANG LC_ALL MTASTS_EVENT MTASTS_TEXT PATH TZ ",
           "environment", "its own, and little else");
    r = run("echo \"$MTASTS_TEXT\" >&2", &c);
    is_str(r.last_line, "a 'b' $c", "environment", "values as they are");
}

/* It sees nothing of what this process has open, ignores or blocks. */
static void test_clean(void)
{
    int fd = open("/dev/null", O_RDONLY), high = dup2(fd, 77);
    mtasts_command_result r;
    sigset_t some, before;

    r = run("echo $(ls /proc/self/fd) >&2", NULL);
    /* The fourth is that of ls itself. */
    is_str(r.last_line, "0 1 2 3", "descriptors", "the standard ones");
    r = run("echo $(readlink /proc/self/fd/1) >&2", NULL);
    ok(strstr(r.last_line, "pipe:") != NULL, "descriptors",
       "are not those of this process");
    close(fd);
    close(high);
    sigemptyset(&some);
    sigaddset(&some, SIGTERM);
    sigaddset(&some, SIGUSR1);
    pthread_sigmask(SIG_BLOCK, &some, &before);
    signal(SIGHUP, SIG_IGN);
    /* 32 and 33 are the C library's own: it ignores them in what it spawns. */
    r = run("sed -n 's/^SigBlk:[^0-9a-f]*//p; "
            "s/^SigIgn:.*0000000[01]8*\\(0*\\)$/\\1/p; s/^SigIgn:/&/p' "
            "/proc/self/status | tr '\\n' ' ' >&2",
            NULL);
    signal(SIGHUP, SIG_DFL);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    is_str(r.last_line, "0000000000000000 0000000 ", "signals",
           "none ignored, none blocked");
    r = run("echo $(ps -o sid= -p $$) $$ | awk '{print ($1 == $2)}' >&2", NULL);
    is_str(r.last_line, "1", "session", "one of its own");
}

static void test_without_standard(void)
{
    int in = dup(0);
    mtasts_command c = {0};
    mtasts_command_result r;

    c.input = "given";
    c.input_len = 5;
    close(0);
    r = run("cat >&2", &c);
    is_str(r.last_line, "given", "without standard input", "it has one");
    r = run("x=$(readlink /proc/$$/fd/1); echo $x >&2", &c);
    is_str(r.last_line, "/dev/null", "without standard input",
           "nor is its output elsewhere");
    dup2(in, 0);
    close(in);
}

static void test_timeout(void)
{
    mtasts_command c = {0};
    mtasts_command_result r;
    apr_time_t begin = mtasts_clock();

    c.timeout_ms = 300;
    r = run("echo waiting >&2; sleep 100", &c);
    ok(r.end == MTASTS_COMMAND_TIMEOUT, "timeout", "ends it");
    is_str(r.last_line, "waiting", "timeout", "what it said");
    ok(mtasts_clock() - begin < apr_time_from_msec(2000), "timeout", "soon");
    r = run("sleep 100 & echo $! >&2; wait", &c);
    ok(r.end == MTASTS_COMMAND_TIMEOUT && is_gone(&r), "timeout",
       "with what it has started");
    r = run("trap 'echo $! >&2; exit 9' TERM; sleep 100 & wait", &c);
    ok(r.end == MTASTS_COMMAND_TIMEOUT && is_gone(&r), "timeout",
       "it may tidy up");
    begin = mtasts_clock();
    r = run("trap '' TERM; echo $$ >&2; sleep 100; sleep 100", &c);
    ok(r.end == MTASTS_COMMAND_TIMEOUT && is_gone(&r), "timeout",
       "but not stay");
    ok(mtasts_clock() - begin < apr_time_from_msec(4000), "timeout",
       "for long");
    ok(no_children(), "timeout", "no zombie");
}

static int stop_soon(void *ctx)
{
    return mtasts_clock() > *(apr_time_t *)ctx;
}

static void test_stop(void)
{
    apr_time_t at = mtasts_clock() + apr_time_from_msec(200), late;
    mtasts_command c = {0};
    mtasts_command_result r;

    c.stop = stop_soon;
    c.stop_ctx = &at;
    r = run("trap '' TERM; sleep 100 & echo $! >&2; wait; wait", &c);
    late = mtasts_clock() - at;
    ok(r.end == MTASTS_COMMAND_STOPPED && is_gone(&r), "stop",
       "ends it with what it has started");
    ok(late < apr_time_from_msec(250), "stop", "at once");
    ok(no_children(), "stop", "no zombie");
}

static void test_leftover(void)
{
    apr_time_t begin = mtasts_clock();
    mtasts_command_result r = run("sleep 100 & echo $! >&2; exit 6", NULL);

    ok(r.end == MTASTS_COMMAND_EXITED && r.status == 6, "leftover",
       "does not count");
    ok(is_gone(&r), "leftover", "is ended");
    ok(mtasts_clock() - begin < apr_time_from_msec(2000), "leftover",
       "is not waited for");
    r = run("while :; do echo more; done >&2 & echo $! >&2; exit 0", NULL);
    ok(r.end == MTASTS_COMMAND_EXITED && no_children(), "leftover",
       "that never stops talking");
}

static void wait_for_all(int signal)
{
    int error = errno;

    (void)signal;
    while (waitpid(-1, NULL, WNOHANG) > 0) {
    }
    errno = error;
}

/* Others of this process may do with SIGCHLD what they like. */
static void test_sigchld(void)
{
    mtasts_command c = {0};
    mtasts_command_result r;

    c.timeout_ms = 300;
    signal(SIGCHLD, SIG_IGN);
    r = run("sleep 0.2; echo done >&2; exit 3", NULL);
    ok(r.end == MTASTS_COMMAND_LOST, "SIGCHLD ignored", "ends");
    is_str(r.last_line, "done", "SIGCHLD ignored", "what it said");
    r = run("sleep 100 & echo $! >&2; exit 1", NULL);
    ok(r.end == MTASTS_COMMAND_LOST && is_gone(&r), "SIGCHLD ignored",
       "nothing is left over");
    r = run("echo $$ >&2; sleep 100", &c);
    ok(r.end == MTASTS_COMMAND_TIMEOUT && is_gone(&r), "SIGCHLD ignored",
       "timeout");
    signal(SIGCHLD, wait_for_all);
    r = run("sleep 0.2; echo done >&2; exit 3", NULL);
    ok(r.end == MTASTS_COMMAND_LOST || r.status == 3, "SIGCHLD handled",
       "ends");
    r = run("echo $$ >&2; sleep 100", &c);
    ok(r.end == MTASTS_COMMAND_TIMEOUT && is_gone(&r), "SIGCHLD handled",
       "timeout");
    signal(SIGCHLD, SIG_DFL);
}

static void *run_some(void *failed)
{
    apr_pool_t *p;
    int i;

    apr_pool_create_unmanaged_ex(&p, NULL, NULL);
    for (i = 0; i < 20; i++) {
        const char *argv[] = {"/bin/sh", "-c",
                              "read x; echo $(ls /proc/self/fd) $x >&2", NULL};
        mtasts_command c = {0};
        mtasts_command_result r;

        c.argv = argv;
        c.input = "in\n";
        c.input_len = 3;
        c.timeout_ms = 20000;
        mtasts_command_run(p, &c, &r);
        *(int *)failed += r.end != MTASTS_COMMAND_EXITED || r.status ||
                          strcmp(r.last_line, "0 1 2 3 in") != 0;
    }
    apr_pool_destroy(p);
    return NULL;
}

static void test_threads(void)
{
    pthread_t threads[4];
    int failed[4] = {0}, i, all = 0;

    for (i = 0; i < 4; i++) {
        pthread_create(&threads[i], NULL, run_some, &failed[i]);
    }
    for (i = 0; i < 4; i++) {
        pthread_join(threads[i], NULL);
        all += failed[i];
    }
    ok(all == 0, "threads", "each has its own");
    ok(no_children(), "threads", "no zombie");
}

int main(void)
{
    apr_initialize();
    apr_pool_create(&pool, NULL);
    signal(SIGPIPE, SIG_IGN);
    test_end();
    test_not_run();
    test_line_is_bounded();
    test_input();
    test_environment();
    test_clean();
    test_without_standard();
    test_timeout();
    test_stop();
    test_leftover();
    test_sigchld();
    test_threads();
    apr_terminate();
    return done();
}
