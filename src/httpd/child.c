#include "child.h"

#include "ap_listen.h"
#include "mpm_common.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

/* What the child writes, a byte each.  Through the pipe and not by exit
 * status: where SIGCHLD is ignored there is none. */
#define BACK   'b'
#define FINE   'f'
#define BLOCKS 'x'

struct mtasts_child {
    int fd;
    pid_t parent;
};

static void tell(const mtasts_child *child, char what)
{
    while (write(child->fd, &what, 1) < 0 && errno == EINTR) {
    }
}

void mtasts_child_back(void *ctx)
{
    tell(ctx, BACK);
}

int mtasts_child_orphaned(void *ctx)
{
    return getppid() != ((const mtasts_child *)ctx)->parent;
}

/* Never returns.  _exit(): httpd's pools and exit handlers are the parent's. */
static void be_child(apr_pool_t *p, server_rec *s, mtasts_child *child,
                     int (*work)(void *, mtasts_child *), void *ctx)
{
    int blocks;

    signal(SIGPIPE, SIG_IGN); /* peers close when they like */
    /* Else an orphan would keep the ports of a server that was ended. */
    ap_close_listeners();
    /* As an ordinary user there is nothing to drop. */
    if (ap_run_drop_privileges(p, s) != OK) {
        _exit(1);
    }
    blocks = work(ctx, child);
    fflush(NULL);
    tell(child, blocks ? BLOCKS : FINE);
    _exit(0);
}

/* The next byte, 0 if the other end is closed, -1 if the time is up
 * (timeout_ms < 0: never). */
static int next_byte(int fd, int timeout_ms)
{
    apr_time_t until = apr_time_now() + apr_time_from_msec(timeout_ms);
    struct pollfd pfd = {fd, POLLIN, 0};
    char byte;

    for (;;) {
        apr_time_t left = until - apr_time_now();
        int wait_ms = left > 0 ? (int)apr_time_as_msec(left) + 1 : 0;
        int rc = poll(&pfd, 1, timeout_ms < 0 ? -1 : wait_ms);

        if (rc > 0) {
            return read(fd, &byte, 1) == 1 ? byte : 0;
        }
        if (rc == 0 || errno != EINTR) {
            return -1;
        }
    }
}

static mtasts_child_end wait_for(server_rec *s, int fd, pid_t pid,
                                 unsigned timeout_ms)
{
    int byte = next_byte(fd, (int)timeout_ms);

    if (byte == BACK) {
        byte = next_byte(fd, -1);
        return byte == FINE     ? MTASTS_CHILD_FINE
               : byte == BLOCKS ? MTASTS_CHILD_BLOCKS
                                : MTASTS_CHILD_BROKEN;
    }
    if (byte < 0) {
        kill(pid, SIGKILL);
    }
    ap_log_error(APLOG_MARK, APLOG_NOERRNO | APLOG_WARNING, 0, s,
                 "mtasts: no checks: its process %s",
                 byte < 0 ? "did not end in time"
                          : "ended early: it crashed, or could not take on "
                            "User and Group");
    return MTASTS_CHILD_NONE;
}

mtasts_child_end mtasts_in_child(apr_pool_t *p, server_rec *s,
                                 unsigned timeout_ms,
                                 int (*work)(void *ctx, mtasts_child *child),
                                 void *ctx)
{
    mtasts_child child = {-1, getpid()};
    mtasts_child_end end;
    int fds[2];
    pid_t pid;

    if (pipe(fds)) {
        ap_log_error(APLOG_MARK, APLOG_WARNING, errno, s,
                     "mtasts: no checks: no pipe");
        return MTASTS_CHILD_NONE;
    }
    fflush(NULL); /* else what is buffered is written by both */
    pid = fork();
    if (pid == 0) {
        close(fds[0]);
        child.fd = fds[1];
        be_child(p, s, &child, work, ctx);
    }
    close(fds[1]);
    if (pid < 0) {
        ap_log_error(APLOG_MARK, APLOG_WARNING, errno, s,
                     "mtasts: no checks: no process");
        close(fds[0]);
        return MTASTS_CHILD_NONE;
    }
    end = wait_for(s, fds[0], pid, timeout_ms);
    close(fds[0]);
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR) {
    }
    return end;
}
