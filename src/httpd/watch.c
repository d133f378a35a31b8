#include "watch.h"
#include "clock.h"
#include "fetched.h"
#include "live.h"
#include "memory.h"
#include "notify.h"
#include "publish.h"
#include "report.h"
#include "rollout.h"
#include "serving.h"
#include "shown.h"
#include "soon.h"
#include "strict.h"
#include "vhost.h"
#include "../core/schedule.h"

#include "ap_mpm.h"
#include "apr_allocator.h"
#include "apr_atomic.h"
#include "apr_shm.h"
#include "mod_watchdog.h"

#include <sys/resource.h>

#define RUN_TIMEOUT_MS 600000 /* many dead MX hosts, 64 at once */
#define TICK           apr_time_from_sec(1)
#define END_WAIT       apr_time_from_msec(300)
#define LAST_WAIT      apr_time_from_sec(2) /* a disk may be busy */
#define BEAT           apr_time_from_sec(60)
#define BEAT_HOLDS     120 /* s: one may be missed */
#define OPEN_FOR       apr_time_from_sec(3600)
#define TRIES_MAX      5
#define NICE           15 /* about 3 % of a core beside one busy thread */
#define RESUME_IN      5  /* s */
#define CLEAR_UP_MAX   apr_time_from_sec(20) /* less than BEAT */

/* Of all children that run this configuration, one after the other. */
typedef struct {
    apr_uint32_t done;  /* the run after the start or restart */
    apr_uint32_t tries; /* full runs begun since the last that ended */
    apr_int64_t next;   /* of mtasts_clock(), in ms: the next full run */
    mtasts_runs runs;   /* for people; `next` is not in it */
} schedule;

/* What the thread has, from its first turn on. */
typedef struct {
    apr_pool_t *p;
    const apr_array_header_t *servers;
    mtasts_standings *standings;
    mtasts_notify *notify;
    mtasts_publish *publish;
    apr_pool_t *of_ledger; /* NULL: it is not open */
    mtasts_ledger *ledger;
    apr_time_t opened;
    int told; /* the ledger, what is served: */
    apr_uint64_t mark;
    apr_time_t next_beat;
    mtasts_soon *soon;
    int resumed; /* what was planned before */
} watching;

/* For between(). */
typedef struct {
    mtasts_watch *w;
    apr_pool_t *p;
} watching_pool;

/* One per configuration, in pconf; each child has its copy. */
struct mtasts_watch {
    server_rec *main_server;
    ap_watchdog_t *watchdog;
    mtasts_seen *seen;
    schedule *schedule;
    apr_pool_t *of_guard;       /* NULL: there is none */
    mtasts_ledger_guard *guard; /* of this child, or NULL */
    watching *watching;         /* of the thread */
    apr_uint32_t stop;          /* the child ends */
    apr_uint32_t busy;          /* with what must not be torn down under it */
};

enum { IDLE, BUSY, RUNS_COMMAND }; /* what becomes of it must be written down */

static int stopping(void *ctx)
{
    mtasts_watch *w = ctx;
    int state;

    return apr_atomic_read32(&w->stop) ||
           (ap_mpm_query(AP_MPMQ_MPM_STATE, &state) == APR_SUCCESS &&
            state == AP_MPMQ_STOPPING);
}

static apr_uint32_t interval(const mtasts_watch *w)
{
    return mtasts_config_of(w->main_server)->watch_interval;
}

/* With an allocator of its own, so that this child doesn't keep the memory of
 * many domains. */
static apr_pool_t *make_pool(void)
{
    apr_allocator_t *allocator;
    apr_pool_t *p;

    if (apr_allocator_create(&allocator) != APR_SUCCESS) {
        return NULL;
    }
    apr_allocator_max_free_set(allocator, 1);
    if (apr_pool_create_ex(&p, NULL, NULL, allocator) != APR_SUCCESS) {
        apr_allocator_destroy(allocator);
        return NULL;
    }
    apr_allocator_owner_set(allocator, p);
    return p;
}

/* --- the ledger --- */

static void close_ledger(watching *t)
{
    if (t->of_ledger) {
        apr_pool_destroy(t->of_ledger);
        t->of_ledger = NULL;
        t->ledger = NULL;
    }
    /* The next may be a copy from before, or told by a child of the
     * configuration before that was late: all is said again. */
    t->told = 0;
}

/* Opens it, unless it is open; NULL if it is Off, or with *why. */
static mtasts_ledger *open_ledger(mtasts_watch *w, apr_pool_t *p,
                                  const char **why)
{
    watching *t = w->watching;

    *why = NULL;
    if (!t->ledger && mtasts_memory_wanted(w->main_server)) {
        *why = "out of memory";
        t->of_ledger = make_pool();
        if (t->of_ledger) {
            t->ledger =
                mtasts_memory_open(t->of_ledger, w->main_server, w->guard, why);
        }
        if (!t->ledger) {
            *why = apr_pstrdup(p, *why);
            close_ledger(t);
        }
        t->opened = mtasts_clock();
    }
    return t->ledger;
}

/* It is opened anew when it is needed next. */
static const char *give_up_ledger(mtasts_watch *w, apr_pool_t *p)
{
    const char *why = apr_pstrdup(p, mtasts_ledger_why(w->watching->ledger));

    close_ledger(w->watching);
    return why;
}

/* `why` is why it can't be used, or NULL if it can. */
static void tell_of_ledger(mtasts_watch *w, const char *why)
{
    mtasts_finding f;

    if (why && stopping(w)) {
        return; /* that may be why */
    }
    if (why) {
        mtasts_memory_unavailable(why, &f);
    }
    mtasts_report_module(w->watching->standings, w->main_server, w->seen,
                         MTASTS_LEDGER_UNAVAILABLE, why ? &f : NULL);
}

/* Tells the ledger that what is served is served until `until`; and what that is,
 * if it does not know.  `known` is what it has, or NULL: then that is read.  0 if
 * it can't be told. */
static int tell_serving(mtasts_watch *w, apr_pool_t *p, const apr_hash_t *known,
                        apr_int64_t now, apr_int64_t until)
{
    watching *t = w->watching;
    apr_uint64_t mark = mtasts_serving_mark(t->servers);
    apr_hash_t *read;

    if (t->told && mark == t->mark) {
        if (mtasts_ledger_beat(t->ledger, now, until)) {
            return 1;
        }
        known = NULL; /* it may have been made anew */
        mtasts_standings_doubt(t->standings);
    }
    if (!known) {
        if (!mtasts_ledger_read(t->ledger, p, now, &read)) {
            return 0;
        }
        known = read;
    }
    if (stopping(w)) {
        return 1; /* a child of the next configuration may have told its own */
    }
    t->told = mtasts_serving_tell(p, t->servers, t->ledger, known, now, until,
                                  t->notify);
    t->mark = mark;
    return t->told;
}

/* This server serves, and will for `s` seconds at least.  NULL, or why the ledger
 * can't be told. */
static const char *beat(mtasts_watch *w, apr_pool_t *p, const apr_hash_t *known,
                        apr_int64_t s)
{
    watching *t = w->watching;
    apr_int64_t now = apr_time_sec(apr_time_now());
    const char *why;

    t->next_beat = mtasts_clock() + BEAT;
    /* What a handle gathers over the months must not add up. */
    if (mtasts_clock() - t->opened > OPEN_FOR) {
        close_ledger(t);
    }
    if (open_ledger(w, p, &why) &&
        (!tell_serving(w, p, known, now, now + s) ||
         !mtasts_fetched_tell(p, t->servers, t->ledger))) {
        why = give_up_ledger(w, p);
    }
    return why;
}

/* --- looking --- */

static void set_options(mtasts_watch *w, apr_pool_t *p, mtasts_live_options *o)
{
    int generation = 0;

    memset(o, 0, sizeof(*o));
    o->servers = mtasts_servers(p, w->main_server);
    o->warn = o->strict = MTASTS_LOOK_NETWORK | MTASTS_LOOK_CERT;
    o->timeout_ms = RUN_TIMEOUT_MS;
    o->keep_fetches = 1;
    o->seen = w->seen;
    o->running = 1;
    o->stop = stopping;
    o->stop_ctx = w;
    o->again = apr_atomic_read32(&w->schedule->done) != 0;
    ap_mpm_query(AP_MPMQ_GENERATION, &generation);
    /* The first start has looked before it served, as far as its time reached:
     * now there is time, and what can be fetched. */
    o->after_start = generation == 0;
    o->kept = mtasts_publish_kept;
    o->watched = mtasts_publish_watched;
    o->publish_ctx = w->watching->publish;
}

/* What was before; with it what is new under strict is decided, and the ledger
 * told that this server will serve while the run takes its time. */
static void recall(mtasts_watch *w, apr_pool_t *p, mtasts_live_options *o)
{
    apr_int64_t hold = mtasts_live_limit(o) / 1000 + BEAT_HOLDS;
    apr_uint64_t mark;

    if (open_ledger(w, p, &o->no_ledger) &&
        !mtasts_live_know(p, o, w->watching->ledger)) {
        o->no_ledger = give_up_ledger(w, p);
    }
    /* Before anything else is served. */
    if (w->watching->ledger && !stopping(w)) {
        mtasts_fetched_tell(p, o->servers, w->watching->ledger);
    }
    mtasts_rollout_begin(p, o->servers, o->known);
    mtasts_strict_begin(p, o->servers, o->known);
    if (o->known) {
        mark = w->watching->told ? w->watching->mark : 0;
        o->no_ledger = beat(w, p, o->known, hold);
        /* What was served until now is not served even now. */
        if (!o->no_ledger && mark != w->watching->mark &&
            !mtasts_live_know(p, o, w->watching->ledger)) {
            o->no_ledger = give_up_ledger(w, p);
        }
        o->known = o->no_ledger ? NULL : o->known;
    }
}

/* What the run has seen and released.  NULL, or why the ledger can't keep it. */
static const char *remember(mtasts_watch *w, apr_pool_t *p,
                            const mtasts_live_options *o,
                            const mtasts_live *live)
{
    mtasts_ledger *ledger = w->watching->ledger;

    /* What was fetched until now was the step before. */
    return mtasts_live_remember(live, ledger) &&
                   mtasts_fetched_tell(p, o->servers, ledger) &&
                   (!o->known || mtasts_live_remember_plans(live, ledger)) &&
                   (!o->known ||
                    mtasts_strict_remember(p, o->servers, ledger, o->known))
               ? beat(w, p, NULL, BEAT_HOLDS)
               : give_up_ledger(w, p);
}

static void report(mtasts_watch *w, apr_pool_t *p, const mtasts_live_options *o,
                   const mtasts_live *live)
{
    watching *t = w->watching;
    const char *why = NULL;

    if (t->ledger && !mtasts_standings_read(t->standings, t->ledger)) {
        why = give_up_ledger(w, p);
    }
    if (!mtasts_report(t->standings, live, t->ledger, t->notify)) {
        why = give_up_ledger(w, p);
    }
    if (t->ledger) {
        why = remember(w, p, o, live);
    }
    if (why) {
        tell_of_ledger(w, why);
    }
}

/* The ledger counts on a word each minute, which there will not be while a command
 * runs.  (It may be opened anew for that.) */
static mtasts_ledger *between(void *ctx, apr_uint32_t seconds)
{
    watching_pool *at = ctx;
    mtasts_watch *w = at->w;
    const char *why;

    if (w->watching->ledger) {
        why = beat(w, at->p, NULL, (apr_int64_t)seconds + BEAT_HOLDS);
        if (why) {
            tell_of_ledger(w, why);
        }
    }
    apr_atomic_set32(&w->busy, RUNS_COMMAND);
    return w->watching->ledger;
}

static void publish(mtasts_watch *w, apr_pool_t *p, const mtasts_live *live)
{
    watching *t = w->watching;
    watching_pool at = {w, p};

    if (!mtasts_publish_go(t->publish, p, live, t->ledger, t->notify, between,
                           &at) &&
        t->ledger) {
        tell_of_ledger(w, give_up_ledger(w, p));
    }
    apr_atomic_set32(&w->busy, BUSY);
}

/* For the status pages. */
static void show(mtasts_watch *w, apr_pool_t *p, const mtasts_live *live,
                 int whole)
{
    watching *t = w->watching;
    const mtasts_showing showing = {.live = live,
                                    .standings = t->standings,
                                    .ledger = t->ledger,
                                    .whole = whole,
                                    .stop = stopping,
                                    .stop_ctx = w};

    if (!mtasts_show(p, &showing)) {
        tell_of_ledger(w, give_up_ledger(w, p));
    }
}

/* 0 if it was broken off: what it doesn't know, the next one finds. */
static int look(mtasts_watch *w, apr_pool_t *p, const apr_hash_t *only)
{
    watching *t = w->watching;
    apr_hash_t *times = apr_hash_make(p);
    mtasts_live_options o;
    mtasts_live *live;

    set_options(w, p, &o);
    o.only = only;
    recall(w, p, &o);
    live = mtasts_live_wanted(p, &o) ? mtasts_live_run(p, &o) : NULL;
    if (stopping(w)) {
        return 0;
    }
    if (live) {
        report(w, p, &o, live);
        publish(w, p, live);
        show(w, p, live, only == NULL);
        if (stopping(w)) {
            return 0;
        }
        mtasts_publish_soon(live, times);
        mtasts_live_plans_soon(live, interval(w), times);
    }
    if (interval(w)) {
        mtasts_soon_plan(t->soon, p, only, mtasts_standings_soon(t->standings),
                         times, interval(w));
    }
    return 1;
}

/* --- when --- */

static apr_int64_t clock_ms(void)
{
    return apr_time_as_msec(mtasts_clock());
}

static int is_full_run_due(const mtasts_watch *w)
{
    return !apr_atomic_read32(&w->schedule->done) ||
           (interval(w) && mtasts_is_due(w->schedule->next, clock_ms(),
                                         (apr_int64_t)interval(w) * 1000));
}

static apr_uint32_t random_number(void)
{
    apr_uint32_t n = 0;

    apr_generate_random_bytes((unsigned char *)&n, sizeof(n));
    return n;
}

/* Also if a run could not be set up: that was said, and not each second. */
static void full_run_ended(mtasts_watch *w)
{
    w->schedule->next =
        clock_ms() + mtasts_run_after(interval(w), random_number());
    apr_atomic_set32(&w->schedule->done, 1);
    apr_atomic_set32(&w->schedule->tries, 0);
}

/* A run that ends its process must not do so for ever; nor one that takes longer
 * than processes last here (MaxConnectionsPerChild) begin anew for ever.  After a
 * reload it is another schedule. */
static int tried_in_vain(mtasts_watch *w)
{
    if (apr_atomic_inc32(&w->schedule->tries) < TRIES_MAX) {
        return 0;
    }
    ap_log_error(APLOG_MARK, APLOG_NOERRNO | APLOG_ERR, 0, w->main_server,
                 "mtasts: no checks: %d processes ended in the midst of them; "
                 "they are tried again after %sa reload",
                 TRIES_MAX, interval(w) ? "MTASTSWatchInterval or " : "");
    full_run_ended(w);
    return 1;
}

/* It can wait for the next full run: if it fails, no one needs to care. */
static void clear_up(mtasts_watch *w, apr_pool_t *p)
{
    mtasts_ledger *ledger = w->watching->ledger;
    apr_time_t until = mtasts_clock() + CLEAR_UP_MAX;
    int more = ledger != NULL;

    while (more && !stopping(w) && mtasts_clock() < until) {
        if (!mtasts_ledger_tidy(ledger, p, apr_time_sec(apr_time_now()),
                                &more)) {
            ap_log_error(APLOG_MARK, APLOG_DEBUG, 0, w->main_server,
                         "mtasts: the ledger is not cleared up: %s",
                         mtasts_ledger_why(ledger));
            more = 0;
        }
    }
}

static void full_run(mtasts_watch *w, apr_pool_t *p)
{
    mtasts_runs *runs = &w->schedule->runs;
    apr_time_t began = mtasts_clock();

    runs->under_way = 0; /* of a process that ended in the midst of it */
    if (tried_in_vain(w)) {
        return;
    }
    runs->under_way = apr_time_sec(apr_time_now());
    if (look(w, p, NULL)) {
        runs->began = runs->under_way;
        runs->took_ms = apr_time_as_msec(mtasts_clock() - began);
        full_run_ended(w);
        clear_up(w, p);
    }
    runs->under_way = 0;
}

/* --- its turns --- */

/* Requests come first.  On Linux this is of the calling thread alone, which
 * mod_watchdog made for this; elsewhere it would be of the whole process. */
static void step_back(void)
{
#ifdef __linux__
    (void)setpriority(PRIO_PROCESS, 0, NICE);
#endif
}

/* What the process before had planned is known to the ledger: records that are under
 * way, and plans that go on. */
static void resume(mtasts_watch *w, apr_pool_t *p)
{
    watching *t = w->watching;
    mtasts_sites sites = {t->servers, 0, 0};
    apr_hash_t *known, *times = apr_hash_make(p), *none = apr_hash_make(p);
    const mtasts_site *site;
    const char *why;

    if (!interval(w) || !open_ledger(w, p, &why) ||
        !mtasts_ledger_read(t->ledger, p, apr_time_sec(apr_time_now()),
                            &known)) {
        return; /* the next beat says so */
    }
    while ((site = mtasts_sites_next(&sites)) != NULL) {
        const mtasts_ledger_domain *d =
            apr_hash_get(known, site->name->value, APR_HASH_KEY_STRING);

        if (d && (mtasts_publish_is_under_way(d) ||
                  mtasts_rollout_is_near(site, d, interval(w)))) {
            mtasts_soon_by(times, site->name->value, RESUME_IN);
        }
    }
    mtasts_soon_plan(t->soon, p, none, none, times, interval(w));
}

static int begin(mtasts_watch *w)
{
    apr_pool_t *p;
    watching *t;

    if (w->watching) {
        return 1;
    }
    p = make_pool();
    if (!p) {
        return 0;
    }
    t = apr_pcalloc(p, sizeof(*t));
    t->p = p;
    t->servers = mtasts_servers(p, w->main_server);
    t->standings = mtasts_standings_make(p);
    t->notify = mtasts_notify_make(p, w->main_server, w->seen, stopping, w);
    t->publish = mtasts_publish_make(p, w->main_server, stopping, w);
    t->soon = mtasts_soon_make(p);
    t->next_beat = mtasts_clock();
    w->watching = t;
    step_back();
    return 1;
}

/* What can be sent until something else is due. */
static void send_all(mtasts_watch *w)
{
    watching *t = w->watching;

    while (mtasts_notify_send(t->notify, mtasts_clock()) && !stopping(w) &&
           mtasts_clock() < t->next_beat) {
    }
}

static void turn(mtasts_watch *w, apr_pool_t *p)
{
    watching *t = w->watching;
    const apr_hash_t *only;

    if (is_full_run_due(w)) {
        t->resumed = 1;
        full_run(w, p);
    }
    else if (!t->resumed) {
        t->resumed = 1;
        resume(w, p);
    }
    else if ((only = mtasts_soon_due(t->soon, p)) != NULL) {
        (void)look(w, p, only);
    }
    else if (t->next_beat <= mtasts_clock()) {
        tell_of_ledger(w, beat(w, p, NULL, BEAT_HOLDS));
    }
    else if (t->notify) {
        send_all(w);
    }
}

/* Once a second. */
static apr_status_t on_watchdog(int state, void *data, apr_pool_t *pool)
{
    mtasts_watch *w = data;
    apr_pool_t *p;

    (void)pool;
    if (state == AP_WATCHDOG_STATE_STOPPING) {
        apr_atomic_set32(&w->stop, 1); /* from whichever thread */
    }
    if (state != AP_WATCHDOG_STATE_RUNNING) {
        return APR_SUCCESS; /* any other status would end the calls */
    }
    /* Before the question: end_turn() asks the other way round. */
    apr_atomic_set32(&w->busy, BUSY);
    p = !stopping(w) && begin(w) ? make_pool() : NULL;
    if (p) {
        turn(w, p);
        apr_pool_destroy(p);
    }
    apr_atomic_set32(&w->busy, IDLE);
    return APR_SUCCESS;
}

/* --- in every process --- */

static int is_wanted(apr_pool_t *p, server_rec *main_server)
{
    mtasts_live_options o = {0};

    o.servers = mtasts_servers(p, main_server);
    o.warn = o.strict = MTASTS_LOOK_NETWORK | MTASTS_LOOK_CERT;
    return mtasts_live_wanted(p, &o);
}

int mtasts_watch_post_config(apr_pool_t *pconf, apr_pool_t *plog,
                             apr_pool_t *ptemp, server_rec *main_server)
{
    APR_OPTIONAL_FN_TYPE(ap_watchdog_get_instance) *get =
        APR_RETRIEVE_OPTIONAL_FN(ap_watchdog_get_instance);
    APR_OPTIONAL_FN_TYPE(ap_watchdog_register_callback) *add =
        APR_RETRIEVE_OPTIONAL_FN(ap_watchdog_register_callback);
    mtasts_watch *w;
    apr_shm_t *shm;
    apr_status_t rv;

    (void)plog;
    if (ap_state_query(AP_SQ_MAIN_STATE) == AP_SQ_MS_CREATE_PRE_CONFIG ||
        !is_wanted(ptemp, main_server)) {
        return OK;
    }
    if (!get || !add) {
        ap_log_error(
            APLOG_MARK, APLOG_NOERRNO | APLOG_WARNING, 0, main_server,
            "mtasts: mod_watchdog is not loaded: the checks are made "
            "when httpd starts, not after a reload nor later, the "
            "policy is not fetched from outside, and what is served is "
            "not kept in the ledger");
        return OK;
    }
    w = apr_pcalloc(pconf, sizeof(*w));
    w->main_server = main_server;
    w->seen = mtasts_seen_of(main_server);
    /* Children come and go, and each that takes over must know. */
    rv = apr_shm_create(&shm, sizeof(*w->schedule), NULL, pconf);
    if (rv == APR_SUCCESS) {
        w->schedule = apr_shm_baseaddr_get(shm);
        memset(w->schedule, 0, sizeof(*w->schedule));
        rv = get(&w->watchdog, "_mtasts_", 0, 1, pconf);
    }
    if (rv == APR_SUCCESS) {
        rv = add(w->watchdog, TICK, w, on_watchdog);
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

int mtasts_watch_runs(const server_rec *main_server, mtasts_runs *runs)
{
    const mtasts_watch *w = mtasts_config_of(main_server)->watch;
    apr_int64_t next;

    memset(runs, 0, sizeof(*runs));
    if (!w) {
        return 0;
    }
    *runs = w->schedule->runs;
    next = w->schedule->next;
    if (next && interval(w) && !runs->under_way) {
        runs->next =
            apr_time_sec(apr_time_now()) + (next - clock_ms() + 999) / 1000;
    }
    return 1;
}

/* 1 if it has ended. */
static int wait_for_turn(mtasts_watch *w, apr_interval_time_t longest)
{
    apr_time_t until = mtasts_clock() + longest;

    while (apr_atomic_read32(&w->busy) != IDLE && mtasts_clock() < until) {
        apr_sleep(apr_time_from_msec(5));
    }
    return apr_atomic_read32(&w->busy) == IDLE;
}

/* OpenSSL, c-ares and the ledger must not be torn down under a turn: ask it to
 * end, and wait a little; and if a database server keeps it, break that off.
 * mod_watchdog tells STOPPING in some ways of ending only, and may wait for its
 * thread for as long as it takes. */
static apr_status_t end_turn(void *data)
{
    mtasts_watch *w = data;
    int ended;

    apr_atomic_set32(&w->stop, 1);
    ended = wait_for_turn(
        w, apr_atomic_read32(&w->busy) == RUNS_COMMAND ? LAST_WAIT : END_WAIT);
    if (w->guard) {
        (void)mtasts_ledger_interrupt(w->guard);
    }
    ended = ended || wait_for_turn(w, LAST_WAIT);
    /* Their pools are nobody's children: with -X they would go when this code is
     * not loaded any more. */
    if (ended) {
        if (w->watching) {
            close_ledger(w->watching);
        }
        if (w->of_guard) {
            apr_pool_destroy(w->of_guard);
            w->of_guard = NULL;
            w->guard = NULL;
        }
    }
    return APR_SUCCESS;
}

void mtasts_watch_child_init(apr_pool_t *pchild, server_rec *main_server)
{
    mtasts_watch *w = mtasts_config_of(main_server)->watch;

    if (w) {
        /* Nobody's child, as the thread may use it to the last. */
        w->of_guard = mtasts_memory_wanted(main_server) ? make_pool() : NULL;
        w->guard = w->of_guard ? mtasts_ledger_guard_make(w->of_guard) : NULL;
        apr_pool_pre_cleanup_register(pchild, w, end_turn);
    }
}
