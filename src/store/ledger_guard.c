/*
 * A bound on what a database server can make the ledger's thread wait for.
 *
 * libpq waits for an answer for as long as the connection stands, and that it
 * does while the server is frozen or waits for a disk: the kernel there goes on
 * acknowledging.  When the socket is shut down under it, it fails at once.
 * Which socket that is libpq tells; it is there with the driver, in a process
 * that is not linked against it.  Other drivers are left alone.
 */

#include "ledger_private.h"

#include "apr_dso.h"
#include "apr_portable.h"
#include "apr_signal.h"
#include "apr_thread_mutex.h"
#include "apr_thread_proc.h"

#include <dlfcn.h>
#include <string.h>
#include <sys/socket.h>

#define SLICE (APR_USEC_PER_SEC / 4)
/* More than the server allows a statement (ledger.c) that it works on. */
#define SLICES_MAX (MTASTS_GUARD_MAX * 4)

struct mtasts_ledger_guard {
    apr_pool_t *pool;
    apr_thread_mutex_t *lock; /* for all below */
    apr_thread_t *thread;     /* NULL until there is a socket to look after */
    int fd;     /* that the call under way waits for; or -1.  It was open when
                   the call began, and only that may close it. */
    int slices; /* how long it has done so */
    int late;   /* and was ended for that */
    int over;   /* no call is to begin */
};

static void cut(mtasts_ledger_guard *g)
{
    if (g->fd >= 0) {
        shutdown(g->fd, SHUT_RDWR);
        g->fd = -1;
    }
}

/* Counts and doesn't ask a clock, which may jump. */
static void *APR_THREAD_FUNC watch_over(apr_thread_t *thread, void *guard)
{
    mtasts_ledger_guard *g = guard;
    int over = 0;

    (void)thread;
    apr_setup_signal_thread(); /* signals are for the program's threads */
    while (!over) {
        apr_sleep(SLICE);
        apr_thread_mutex_lock(g->lock);
        over = g->over;
        if (g->fd >= 0 && ++g->slices > SLICES_MAX) {
            g->late = 1;
            cut(g);
        }
        apr_thread_mutex_unlock(g->lock);
    }
    return NULL;
}

static apr_status_t end(void *guard)
{
    mtasts_ledger_guard *g = guard;
    apr_status_t rv;

    mtasts_ledger_interrupt(g);
    if (g->thread) {
        apr_thread_join(&rv, g->thread);
    }
    return APR_SUCCESS;
}

mtasts_ledger_guard *mtasts_ledger_guard_make(apr_pool_t *p)
{
    mtasts_ledger_guard *g = apr_pcalloc(p, sizeof(*g));

    g->fd = -1;
    if (apr_pool_create(&g->pool, p) != APR_SUCCESS ||
        apr_thread_mutex_create(&g->lock, APR_THREAD_MUTEX_DEFAULT, g->pool) !=
            APR_SUCCESS) {
        return NULL;
    }
    apr_pool_pre_cleanup_register(g->pool, g, end);
    return g;
}

int mtasts_ledger_interrupt(mtasts_ledger_guard *g)
{
    int waits;

    apr_thread_mutex_lock(g->lock);
    waits = g->fd >= 0;
    g->over = 1;
    cut(g);
    apr_thread_mutex_unlock(g->lock);
    return waits;
}

/* --- for ledger_db.c --- */

/* What apr loads, it loads for all to see. */
static mtasts_socket_fn *find_socket_fn(apr_pool_t *p)
{
    apr_dso_handle_t *program = NULL;
    apr_dso_handle_sym_t fn = NULL;

    apr_os_dso_handle_put(&program, RTLD_DEFAULT, p);
    return apr_dso_sym(&fn, program, "PQsocket") == APR_SUCCESS
               ? (mtasts_socket_fn *)fn
               : NULL;
}

void mtasts_guard_connected(mtasts_ledger *l)
{
    l->socket_of = l->guard && !strcmp(l->driver_name, "pgsql")
                       ? find_socket_fn(l->conn_pool)
                       : NULL;
}

/* libpq closes the socket of a connection that broke, and somebody else may have
 * its number then: it is asked for before each call. */
static int socket_of(const mtasts_ledger *l)
{
    return l->handle && l->socket_of
               ? l->socket_of(apr_dbd_native_handle(l->driver, l->handle))
               : -1;
}

int mtasts_guard_enter(mtasts_ledger *l)
{
    mtasts_ledger_guard *g = l->guard;
    int over = 0;

    if (g) {
        apr_thread_mutex_lock(g->lock);
        over = g->over;
        g->slices = g->late = 0;
        g->fd = over ? -1 : socket_of(l);
        if (g->fd >= 0 && !g->thread &&
            apr_thread_create(&g->thread, NULL, watch_over, g, g->pool) !=
                APR_SUCCESS) {
            g->thread = NULL;
        }
        apr_thread_mutex_unlock(g->lock);
    }
    return !over || mtasts_ledger_fail(l, "the call was broken off", NULL);
}

void mtasts_guard_leave(mtasts_ledger *l)
{
    if (l->guard) {
        apr_thread_mutex_lock(l->guard->lock);
        l->guard->fd = -1;
        apr_thread_mutex_unlock(l->guard->lock);
    }
}

int mtasts_guard_was_late(const mtasts_ledger *l)
{
    int late = 0;

    if (l->guard) {
        apr_thread_mutex_lock(l->guard->lock);
        late = l->guard->late;
        apr_thread_mutex_unlock(l->guard->lock);
    }
    return late;
}
