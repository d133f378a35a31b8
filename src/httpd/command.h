#ifndef MTASTS_COMMAND_H
#define MTASTS_COMMAND_H

/*
 * Runs a command of the administrator's: never through a shell, never for longer
 * than it may.  In a process that is not root, of any number of threads: the
 * watchdog's.  Signals that this process gets or ignores don't matter, but that
 * it must ignore SIGPIPE, as httpd does.
 *
 * What is run has no descriptors but its standard ones (standard output goes
 * nowhere), all signals as at first, and a session of its own; what it leaves
 * running in there is ended with it.
 */

#include "apr_pools.h"

typedef struct {
    const char *const *argv; /* NULL at the end; argv[0] is an absolute path */
    const char *const *env;  /* "NAME=value", NULL at the end; nothing else is
                                inherited but PATH, LANG, LC_ALL and TZ */
    const char *input;       /* for its standard input */
    apr_size_t input_len;
    unsigned timeout_ms;    /* then it and what it has started are killed */
    int (*stop)(void *ctx); /* polled each 100 ms; then the same */
    void *stop_ctx;
} mtasts_command;

typedef enum {
    MTASTS_COMMAND_EXITED,   /* with `status` */
    MTASTS_COMMAND_SIGNALED, /* by signal `status` */
    MTASTS_COMMAND_LOST, /* it has ended, but SIGCHLD is ignored here: nobody
                                knows how */
    MTASTS_COMMAND_TIMEOUT,
    MTASTS_COMMAND_STOPPED,
    MTASTS_COMMAND_NOT_RUN /* `error` tells why */
} mtasts_command_end;

typedef struct {
    mtasts_command_end end;
    int status;
    apr_status_t error;
    char
        last_line[256]; /* of its standard error, printable ASCII; "" if none */
} mtasts_command_result;

/* Returns when the command has ended, or was killed: no process of it is left
 * over. */
void mtasts_command_run(apr_pool_t *p, const mtasts_command *command,
                        mtasts_command_result *result);

/* How it ended, and what it said last: for a sentence that begins with the command,
 * which was given `timeout_ms`.  In `p`. */
const char *mtasts_command_end_text(apr_pool_t *p,
                                    const mtasts_command_result *result,
                                    unsigned timeout_ms);

#endif
