/*
 * posix_spawn() and not fork(): httpd's child has other threads, which may hold
 * any lock, and much memory, whose page tables fork() would copy while these
 * threads wait.  apr_proc_create() forks, allocates behind it, and can't make a
 * process group of its own.
 */

#include "command.h"
#include "clock.h"
#include "../core/text.h"

#include "apr_strings.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define STOP_POLL_MS 100
#define EXIT_POLL_MS 10 /* once nothing else would tell that it has ended */
#define KILL_AFTER   apr_time_from_sec(1) /* from SIGTERM, when its time is up */
#define LAST_WORDS   65536                /* bytes read of what has ended */

#ifndef POSIX_SPAWN_SETSID
#define POSIX_SPAWN_SETSID 0 /* then a group of its own in httpd's session */
#endif

/* All that is open, for what is run and for us. */
typedef struct {
    int null;
    int in[2], err[2]; /* from, to */
} pipes;

/* One that runs. */
typedef struct {
    const mtasts_command *command;
    mtasts_command_result *result;
    pid_t pid;        /* also of its group, if it has one */
    int to, from;     /* its standard input and error; -1: closed */
    apr_size_t given; /* of the input */
    apr_time_t until; /* mtasts_clock() */
    int ended;        /* what it was ended for is in the result */
    int lost;         /* somebody else has waited for it */
    char line[256];   /* the one that comes now: */
    apr_size_t len;
} running;

static const char *const inherited[] = {"PATH", "LANG", "LC_ALL", "TZ"};
#define INHERITED (sizeof(inherited) / sizeof(inherited[0]))

static char **make_env(apr_pool_t *p, const char *const *more)
{
    apr_size_t n = 0, i, at = 0;
    char **env;

    while (more && more[n]) {
        n++;
    }
    env = apr_pcalloc(p, (INHERITED + n + 1) * sizeof(*env));
    for (i = 0; i < INHERITED; i++) {
        const char *value = getenv(inherited[i]);

        if (value) {
            env[at++] = apr_pstrcat(p, inherited[i], "=", value, NULL);
        }
    }
    for (i = 0; i < n; i++) {
        env[at++] = apr_pstrdup(p, more[i]);
    }
    return env;
}

/* --- descriptors --- */

static void close_one(int *fd)
{
    if (*fd >= 0) {
        close(*fd);
        *fd = -1;
    }
}

static void close_pipes(pipes *f)
{
    close_one(&f->null);
    close_one(&f->in[0]);
    close_one(&f->in[1]);
    close_one(&f->err[0]);
    close_one(&f->err[1]);
}

/* Behind 0, 1 and 2, which a server may have been started without: else the
 * command's own would be put over each other. */
static int behind_standard(int *fd)
{
    int moved = fcntl(*fd, F_DUPFD_CLOEXEC, 3), error = errno;

    close(*fd);
    *fd = moved;
    errno = error;
    return moved >= 0;
}

static int open_pipe(int fds[2])
{
    return !pipe2(fds, O_CLOEXEC) && behind_standard(&fds[0]) &&
           behind_standard(&fds[1]);
}

/* 0, with errno, if there is no room. */
static int open_pipes(pipes *f)
{
    int fine;

    f->null = f->in[0] = f->in[1] = f->err[0] = f->err[1] = -1;
    f->null = open("/dev/null", O_RDWR | O_CLOEXEC);
    fine = f->null >= 0 && behind_standard(&f->null) && open_pipe(f->in) &&
           open_pipe(f->err) && fcntl(f->in[1], F_SETFL, O_NONBLOCK) >= 0 &&
           fcntl(f->err[0], F_SETFL, O_NONBLOCK) >= 0;
    if (!fine) {
        int error = errno;

        close_pipes(f);
        errno = error;
    }
    return fine;
}

/* What others of this process have left without close-on-exec must not be
 * inherited: a listening socket would keep a port of a server that has ended. */
static int close_rest(posix_spawn_file_actions_t *a)
{
#if defined(__GLIBC__) && __GLIBC_PREREQ(2, 34)
    return posix_spawn_file_actions_addclosefrom_np(a, 3);
#else
    DIR *open_now = opendir("/dev/fd");
    const struct dirent *one;
    int rc = 0;

    while (!rc && open_now && (one = readdir(open_now)) != NULL) {
        char *end;
        long fd = strtol(one->d_name, &end, 10);

        if (end != one->d_name && !*end && fd > 2 && fd != dirfd(open_now)) {
            rc = posix_spawn_file_actions_addclose(a, (int)fd);
        }
    }
    if (open_now) {
        closedir(open_now);
    }
    return rc;
#endif
}

/* --- its start --- */

static int make_actions(posix_spawn_file_actions_t *a, const pipes *f)
{
    int rc = posix_spawn_file_actions_init(a);

    if (rc) {
        return rc;
    }
    if ((rc = posix_spawn_file_actions_adddup2(a, f->in[0], 0)) ||
        (rc = posix_spawn_file_actions_adddup2(a, f->null, 1)) ||
        (rc = posix_spawn_file_actions_adddup2(a, f->err[1], 2)) ||
        (rc = close_rest(a))) {
        posix_spawn_file_actions_destroy(a);
    }
    return rc;
}

/* No signal ignored, none blocked, whatever this thread has; leader of a group
 * that can be ended as a whole. */
static int make_attributes(posix_spawnattr_t *attr)
{
    const int flags =
        POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK |
        (POSIX_SPAWN_SETSID ? POSIX_SPAWN_SETSID : POSIX_SPAWN_SETPGROUP);
    sigset_t none, all;
    int rc = posix_spawnattr_init(attr);

    if (rc) {
        return rc;
    }
    sigemptyset(&none);
    sigfillset(&all);
    sigdelset(&all, SIGKILL);
    sigdelset(&all, SIGSTOP);
    if ((rc = posix_spawnattr_setsigmask(attr, &none)) ||
        (rc = posix_spawnattr_setsigdefault(attr, &all)) ||
        (rc = posix_spawnattr_setpgroup(attr, 0)) ||
        (rc = posix_spawnattr_setflags(attr, (short)flags))) {
        posix_spawnattr_destroy(attr);
    }
    return rc;
}

/* 0, or why not. */
static int spawn(apr_pool_t *p, const mtasts_command *command, const pipes *f,
                 pid_t *pid)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    int rc = make_actions(&actions, f);

    if (rc) {
        return rc;
    }
    rc = make_attributes(&attributes);
    if (!rc) {
        /* It does not write to what it gets as char *const *. */
        rc = posix_spawn(pid, command->argv[0], &actions, &attributes,
                         (char *const *)command->argv,
                         make_env(p, command->env));
        posix_spawnattr_destroy(&attributes);
    }
    posix_spawn_file_actions_destroy(&actions);
    return rc;
}

/* --- what goes in and comes out --- */

/* httpd ignores SIGPIPE, so that one that does not read gets no more. */
static void give(running *r)
{
    const mtasts_command *c = r->command;

    while (r->to >= 0 && r->given < c->input_len) {
        ssize_t n = write(r->to, c->input + r->given, c->input_len - r->given);

        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
            return;
        }
        if (n < 0) {
            break;
        }
        r->given += (apr_size_t)n;
    }
    close_one(&r->to);
}

/* The last line that isn't empty. */
static void keep_line(running *r)
{
    if (r->len) {
        mtasts_escape_bytes(r->result->last_line, sizeof(r->result->last_line),
                            r->line, r->len);
    }
    r->len = 0;
}

/* Returns how many bytes came; 0 if there are none now, or no more. */
static apr_size_t take(running *r)
{
    char buf[4096];
    ssize_t n, i;

    do {
        n = r->from >= 0 ? read(r->from, buf, sizeof(buf)) : 0;
    } while (n < 0 && errno == EINTR);
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
        return 0;
    }
    if (n <= 0) {
        close_one(&r->from);
        return 0;
    }
    for (i = 0; i < n; i++) {
        if (buf[i] == '\n' || buf[i] == '\r') {
            keep_line(r);
        }
        else if (r->len < sizeof(r->line)) {
            r->line[r->len++] = buf[i];
        }
    }
    return (apr_size_t)n;
}

/* --- its end --- */

/* 1 once it has ended.  It stays a zombie until reap(), so that no other process
 * gets its number, and kill() no other group. */
static int has_ended(running *r)
{
    siginfo_t info;
    int rc;

    do {
        info.si_pid = 0;
        rc = waitid(P_PID, (id_t)r->pid, &info, WEXITED | WNOHANG | WNOWAIT);
    } while (rc < 0 && errno == EINTR);
    /* ECHILD: SIGCHLD is ignored in this process, or somebody else has waited
     * for all children. */
    r->lost = rc < 0;
    return r->lost || info.si_pid == r->pid;
}

static void reap(const running *r)
{
    mtasts_command_result *result = r->result;
    int status;
    pid_t pid;

    do {
        pid = waitpid(r->pid, &status, 0);
    } while (pid < 0 && errno == EINTR);
    if (r->ended) {
        return;
    }
    if (pid < 0) {
        result->end = MTASTS_COMMAND_LOST;
    }
    else if (WIFSIGNALED(status)) {
        result->end = MTASTS_COMMAND_SIGNALED;
        result->status = WTERMSIG(status);
    }
    else {
        result->end = MTASTS_COMMAND_EXITED;
        result->status = WEXITSTATUS(status);
    }
}

static int is_stopped(const mtasts_command *c)
{
    return c->stop && c->stop(c->stop_ctx);
}

/* When its time is up it may end by itself for a moment; when httpd's child
 * ends there is none. */
static void watch_time(running *r)
{
    apr_time_t now = mtasts_clock();

    if (is_stopped(r->command)) {
        r->ended = 1;
        r->result->end = MTASTS_COMMAND_STOPPED;
        kill(-r->pid, SIGKILL);
    }
    else if (now < r->until) {
        return;
    }
    else if (!r->ended) {
        r->ended = 1;
        r->result->end = MTASTS_COMMAND_TIMEOUT;
        r->until = now + KILL_AFTER;
        kill(-r->pid, SIGTERM);
    }
    else {
        kill(-r->pid, SIGKILL);
    }
}

static void wait_a_moment(const running *r)
{
    struct pollfd fds[2] = {{r->to, POLLOUT, 0}, {r->from, POLLIN, 0}};

    poll(fds, 2, r->to < 0 && r->from < 0 ? EXIT_POLL_MS : STOP_POLL_MS);
}

static void attend(running *r)
{
    apr_size_t last = 0, n;

    while (!has_ended(r)) {
        give(r);
        take(r);
        watch_time(r);
        wait_a_moment(r);
    }
    while (last < LAST_WORDS && (n = take(r)) > 0) {
        last += n;
    }
    /* What it has left behind must not go on without anyone who waits.  If the
     * command was lost, its number may be another's by now, unless the group is
     * still there and holds the pipe open. */
    if (!r->lost || r->from >= 0) {
        kill(-r->pid, SIGKILL);
    }
    keep_line(r);
    reap(r);
}

void mtasts_command_run(apr_pool_t *p, const mtasts_command *command,
                        mtasts_command_result *result)
{
    running r = {command, result, -1, -1, -1, 0, 0, 0, 0, "", 0};
    pipes f;
    int rc;

    memset(result, 0, sizeof(*result));
    result->end = MTASTS_COMMAND_NOT_RUN;
    if (!open_pipes(&f)) {
        result->error = APR_FROM_OS_ERROR(errno);
        return;
    }
    rc = spawn(p, command, &f, &r.pid);
    if (!rc) {
        r.to = f.in[1];
        r.from = f.err[0];
        f.in[1] = f.err[0] = -1;
    }
    close_pipes(&f);
    if (rc) {
        result->error = APR_FROM_OS_ERROR(rc);
        return;
    }
    r.until = mtasts_clock() + apr_time_from_msec(command->timeout_ms);
    attend(&r);
    close_one(&r.to);
    close_one(&r.from);
}

static const char *end_text(apr_pool_t *p, const mtasts_command_result *r,
                            unsigned timeout_ms)
{
    char why[128];

    switch (r->end) {
    case MTASTS_COMMAND_EXITED:
        return apr_psprintf(p, "ended with status %d", r->status);
    case MTASTS_COMMAND_SIGNALED:
        return apr_psprintf(p, "was ended by signal %d", r->status);
    case MTASTS_COMMAND_TIMEOUT:
        return apr_psprintf(p, "took more than %u s and was ended",
                            timeout_ms / 1000);
    case MTASTS_COMMAND_STOPPED:
        return "was ended together with the httpd process that ran it";
    case MTASTS_COMMAND_NOT_RUN:
        return apr_psprintf(p, "could not be run: %s",
                            apr_strerror(r->error, why, sizeof(why)));
    default:
        return "ended";
    }
}

const char *mtasts_command_end_text(apr_pool_t *p,
                                    const mtasts_command_result *result,
                                    unsigned timeout_ms)
{
    const char *how = end_text(p, result, timeout_ms);

    return *result->last_line
               ? apr_psprintf(p, "%s; it said last: %s", how, result->last_line)
               : how;
}
