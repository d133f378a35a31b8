#include "watch.h"
#include "live.h"
#include "vhost.h"

#include "ap_mpm.h"
#include "apr_allocator.h"
#include "apr_atomic.h"
#include "apr_shm.h"
#include "mod_watchdog.h"

#define RUN_TIMEOUT_MS 600000 /* many dead MX hosts, 64 at once */
#define WATCH_INTERVAL apr_time_from_sec(1)
#define END_WAIT       apr_time_from_msec(300)

/* One per configuration, in pconf; each child has its copy. */
struct mtasts_watch {
    server_rec *main_server;
    ap_watchdog_t *watchdog;
    mtasts_seen *seen;
    apr_uint32_t *done;   /* the run after a restart; of all children */
    apr_uint32_t stop;    /* the child ends */
    apr_uint32_t running; /* a run is inside src/net */
};

static int stopping(void *ctx)
{
    mtasts_watch *w = ctx;
    int state;

    return apr_atomic_read32(&w->stop) ||
           (ap_mpm_query(AP_MPMQ_MPM_STATE, &state) == APR_SUCCESS &&
            state == AP_MPMQ_STOPPING);
}

static void look(mtasts_watch *w, apr_pool_t *p)
{
    mtasts_live_options o = {0};
    mtasts_live *live;
    int generation = 0;

    ap_mpm_query(AP_MPMQ_GENERATION, &generation);
    o.servers = mtasts_servers(p, w->main_server);
    o.warn = o.strict = MTASTS_LOOK_NETWORK | MTASTS_LOOK_CERT;
    o.timeout_ms = RUN_TIMEOUT_MS;
    o.seen = w->seen;
    /* The first start has looked before it served, as far as its time reached:
     * now there is time, and what can be fetched. */
    o.after_start = generation == 0;
    o.stop = stopping;
    o.stop_ctx = w;
    live = mtasts_live_wanted(&o) ? mtasts_live_run(p, &o) : NULL;
    /* What a run that was ended early doesn't know, the next one finds. */
    if (stopping(w)) {
        return;
    }
    if (live) {
        mtasts_live_log(live);
    }
    /* Also if it could not be set up: that was said, and not each second. */
    apr_atomic_set32(w->done, 1);
}

/* In a pool with an allocator of its own, so that this child doesn't keep the
 * memory of many domains. */
static void run(mtasts_watch *w)
{
    apr_allocator_t *allocator;
    apr_pool_t *p;

    if (apr_allocator_create(&allocator) != APR_SUCCESS) {
        return;
    }
    apr_allocator_max_free_set(allocator, 1);
    if (apr_pool_create_ex(&p, NULL, NULL, allocator) != APR_SUCCESS) {
        apr_allocator_destroy(allocator);
        return;
    }
    apr_allocator_owner_set(allocator, p);
    apr_atomic_set32(&w->running, 1);
    look(w, p);
    apr_pool_destroy(p);
    apr_atomic_set32(&w->running, 0);
}

/* Each start and each graceful restart is followed by one run. */
static apr_status_t on_watchdog(int state, void *data, apr_pool_t *p)
{
    mtasts_watch *w = data;

    if (state == AP_WATCHDOG_STATE_STOPPING) {
        apr_atomic_set32(&w->stop, 1);
    }
    (void)p;
    if (state != AP_WATCHDOG_STATE_RUNNING || apr_atomic_read32(w->done) ||
        stopping(w)) {
        return APR_SUCCESS; /* any other status would end the calls */
    }
    run(w);
    return APR_SUCCESS;
}

int mtasts_watch_post_config(apr_pool_t *pconf, apr_pool_t *plog,
                             apr_pool_t *ptemp, server_rec *main_server)
{
    APR_OPTIONAL_FN_TYPE(ap_watchdog_get_instance) *get =
        APR_RETRIEVE_OPTIONAL_FN(ap_watchdog_get_instance);
    APR_OPTIONAL_FN_TYPE(ap_watchdog_register_callback) *add =
        APR_RETRIEVE_OPTIONAL_FN(ap_watchdog_register_callback);
    mtasts_live_options o = {0};
    mtasts_watch *w;
    apr_shm_t *shm;
    apr_status_t rv;

    (void)plog;
    o.servers = mtasts_servers(ptemp, main_server);
    o.warn = o.strict = MTASTS_LOOK_NETWORK | MTASTS_LOOK_CERT;
    if (ap_state_query(AP_SQ_MAIN_STATE) == AP_SQ_MS_CREATE_PRE_CONFIG ||
        !mtasts_live_wanted(&o)) {
        return OK;
    }
    if (!get || !add) {
        ap_log_error(APLOG_MARK, APLOG_NOERRNO | APLOG_WARNING, 0, main_server,
                     "mtasts: mod_watchdog is not loaded: the checks are made "
                     "when httpd starts, not after a reload, and the policy "
                     "is not fetched from outside");
        return OK;
    }
    w = apr_pcalloc(pconf, sizeof(*w));
    w->main_server = main_server;
    w->seen = mtasts_seen_of(main_server);
    /* Children come and go, and each that takes over must know. */
    rv = apr_shm_create(&shm, sizeof(*w->done), NULL, pconf);
    if (rv == APR_SUCCESS) {
        w->done = apr_shm_baseaddr_get(shm);
        apr_atomic_set32(w->done, 0);
        rv = get(&w->watchdog, "_mtasts_", 0, 1, pconf);
    }
    if (rv == APR_SUCCESS) {
        rv = add(w->watchdog, WATCH_INTERVAL, w, on_watchdog);
    }
    if (rv != APR_SUCCESS) {
        ap_log_error(APLOG_MARK, APLOG_WARNING, rv, main_server,
                     "mtasts: no checks while httpd serves: mod_watchdog "
                     "refused them");
        return OK;
    }
    mtasts_config_of(main_server)->watch = w;
    return OK;
}

/* OpenSSL and c-ares must not be torn down under a run: ask it to end, and
 * wait a little.  mod_watchdog tells STOPPING in some ways of ending only. */
static apr_status_t end_run(void *data)
{
    mtasts_watch *w = data;
    apr_time_t until = apr_time_now() + END_WAIT;

    apr_atomic_set32(&w->stop, 1);
    while (apr_atomic_read32(&w->running) && apr_time_now() < until) {
        apr_sleep(apr_time_from_msec(5));
    }
    return APR_SUCCESS;
}

void mtasts_watch_child_init(apr_pool_t *pchild, server_rec *main_server)
{
    mtasts_watch *w = mtasts_config_of(main_server)->watch;

    if (w) {
        apr_pool_pre_cleanup_register(pchild, w, end_run);
    }
}
