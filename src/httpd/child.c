#include "child.h"

#include "mpm_common.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

/* Never returns.  _exit(): httpd's pools and exit handlers are the parent's. */
static void be_child(apr_pool_t *p, server_rec *s, int (*work)(void *),
                     void *ctx)
{
    int rc;

    /* As an ordinary user there is nothing to drop. */
    if (ap_run_drop_privileges(p, s) != OK) {
        _exit(101);
    }
    rc = work(ctx);
    fflush(NULL);
    _exit(rc);
}

/* Waits until the other end is closed, as it is when its process ends. */
static int wait_for_end(int fd, unsigned timeout_ms)
{
    apr_time_t until = apr_time_now() + apr_time_from_msec(timeout_ms);
    struct pollfd pfd = {fd, POLLIN, 0};

    for (;;) {
        apr_time_t left = until - apr_time_now();
        int rc = poll(&pfd, 1, left > 0 ? (int)apr_time_as_msec(left) + 1 : 0);

        if (rc > 0) {
            return 1;
        }
        if (rc == 0 || errno != EINTR) {
            return 0;
        }
    }
}

int mtasts_in_child(apr_pool_t *p, server_rec *s, unsigned timeout_ms,
                    int (*work)(void *ctx), void *ctx)
{
    int fds[2], status = 0, ended;
    pid_t pid;

    if (pipe(fds)) {
        ap_log_error(APLOG_MARK, APLOG_WARNING, errno, s,
                     "mtasts: no check of DNS: no pipe");
        return -1;
    }
    fflush(NULL); /* else what is buffered is written by both */
    pid = fork();
    if (pid == 0) {
        close(fds[0]);
        be_child(p, s, work, ctx);
    }
    close(fds[1]);
    ended = pid > 0 && wait_for_end(fds[0], timeout_ms);
    close(fds[0]);
    if (pid < 0) {
        ap_log_error(APLOG_MARK, APLOG_WARNING, errno, s,
                     "mtasts: no check of DNS: no process");
        return -1;
    }
    if (!ended) {
        kill(pid, SIGKILL);
    }
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    if (ended && WIFEXITED(status) && WEXITSTATUS(status) <= 100) {
        return WEXITSTATUS(status);
    }
    ap_log_error(APLOG_MARK, APLOG_NOERRNO | APLOG_WARNING, 0, s,
                 "mtasts: no check of DNS: its process %s",
                 !ended                ? "did not end in time"
                 : WIFSIGNALED(status) ? "crashed"
                                       : "could not take on User and Group");
    return -1;
}
