#include "watch.h"
#include "clock.h"
#include "live.h"
#include "memory.h"
#include "notify.h"
#include "report.h"
#include "serving.h"
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
#define BEAT           apr_time_from_sec(60)
#define BEAT_HOLDS     120 /* s: one may be missed */
#define OPEN_FOR       apr_time_from_sec(3600)
#define TRIES_MAX      5
#define NICE           15 /* about 3 % of a core beside one busy thread */
#define CLEAR_UP_MAX   apr_time_from_sec(20) /* less than BEAT */
#define TOGETHER       apr_time_from_sec(5)  /* looks that are due soon */

/* Of all children that run this configuration, one after the other. */
typedef struct {
    apr_uint32_t done;  /* the run after the start or restart */
    apr_uint32_t tries; /* full runs begun since the last that ended */
    apr_int64_t next;   /* of mtasts_clock(), in ms: the next full run */
} schedule;

/* When a domain is looked at again. */
typedef struct {
    const char *domain;
    unsigned step;
    apr_time_t at; /* of mtasts_clock() */
} again;

/* What the thread has, from its first turn on. */
typedef struct {
    apr_pool_t *p;
    const apr_array_header_t *servers;
    mtasts_standings *standings;
    mtasts_notify *notify;
    apr_pool_t *of_ledger; /* NULL: it is not open */
    mtasts_ledger *ledger;
    apr_time_t opened;
    int told; /* the ledger, what is served: */
    apr_uint64_t mark;
    apr_time_t next_beat;
    apr_pool_t *of_soon;
    apr_hash_t *soon; /* domain -> again * */
} watching;

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
    if (open_ledger(w, p, &why) && !tell_serving(w, p, known, now, now + s)) {
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
    o->seen = w->seen;
    o->running = 1;
    o->stop = stopping;
    o->stop_ctx = w;
    o->again = apr_atomic_read32(&w->schedule->done) != 0;
    ap_mpm_query(AP_MPMQ_GENERATION, &generation);
    /* The first start has looked before it served, as far as its time reached:
     * now there is time, and what can be fetched. */
    o->after_start = generation == 0;
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

    return mtasts_live_remember(live, ledger) &&
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

/* 0 if it was broken off: what it doesn't know, the next one finds. */
static int look(mtasts_watch *w, apr_pool_t *p, const apr_hash_t *only)
{
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
    }
    return 1;
}

/* --- when --- */

static apr_int64_t clock_ms(void)
{
    return apr_time_as_msec(mtasts_clock());
}

/* A domain is looked at sooner than the next full run when it has news, and until
 * what is unknown is known. */
static void look_again(mtasts_watch *w, const char *domain, int news)
{
    watching *t = w->watching;
    again *a = apr_hash_get(t->soon, domain, APR_HASH_KEY_STRING);
    apr_int64_t ms;

    if (!a && !news) {
        return; /* unknown for long: each full run looks */
    }
    if (!a) {
        a = apr_pcalloc(t->of_soon, sizeof(*a));
        a->domain = apr_pstrdup(t->of_soon, domain);
        apr_hash_set(t->soon, a->domain, APR_HASH_KEY_STRING, a);
    }
    else {
        a->step = news ? 0 : a->step + 1;
    }
    ms = mtasts_look_after(a->step, interval(w));
    a->at = mtasts_clock() + apr_time_from_msec(ms);
    if (!ms) {
        apr_hash_set(t->soon, domain, APR_HASH_KEY_STRING, NULL);
    }
}

/* In a pool of its own, so that years of it take no memory. */
static void copy_soon(watching *t)
{
    apr_pool_t *before = t->of_soon;
    apr_hash_t *all;
    apr_hash_index_t *i;
    void *value;

    apr_pool_create(&t->of_soon, t->p);
    all = apr_hash_make(t->of_soon);
    for (i = t->soon ? apr_hash_first(before, t->soon) : NULL; i;
         i = apr_hash_next(i)) {
        again *a;

        apr_hash_this(i, NULL, NULL, &value);
        a = apr_pmemdup(t->of_soon, value, sizeof(*a));
        a->domain = apr_pstrdup(t->of_soon, a->domain);
        apr_hash_set(all, a->domain, APR_HASH_KEY_STRING, a);
    }
    t->soon = all;
    if (before) {
        apr_pool_destroy(before);
    }
}

/* After a look at `only`, or at all. */
static void plan(mtasts_watch *w, apr_pool_t *p, const apr_hash_t *only)
{
    watching *t = w->watching;
    apr_hash_t *soon = (apr_hash_t *)mtasts_standings_soon(t->standings);
    apr_hash_index_t *i;
    const void *domain;
    void *value;

    copy_soon(t);
    for (i = apr_hash_first(p, t->soon); i; i = apr_hash_next(i)) {
        apr_hash_this(i, &domain, NULL, NULL);
        if ((!only ||
             apr_hash_get((apr_hash_t *)only, domain, APR_HASH_KEY_STRING)) &&
            !apr_hash_get(soon, domain, APR_HASH_KEY_STRING)) {
            apr_hash_set(t->soon, domain, APR_HASH_KEY_STRING, NULL);
        }
    }
    for (i = interval(w) ? apr_hash_first(p, soon) : NULL; i;
         i = apr_hash_next(i)) {
        apr_hash_this(i, &domain, NULL, &value);
        look_again(w, domain, *(const int *)value);
    }
}

/* The domains that are due, or NULL. */
static apr_hash_t *due_soon(const watching *t, apr_pool_t *p)
{
    apr_time_t now = mtasts_clock();
    apr_hash_t *due = NULL;
    apr_hash_index_t *i;
    int is_due = 0;
    void *value;

    for (i = t->soon ? apr_hash_first(p, t->soon) : NULL; i;
         i = apr_hash_next(i)) {
        const again *a;

        apr_hash_this(i, NULL, NULL, &value);
        a = value;
        is_due = is_due || a->at <= now;
        if (a->at <= now + TOGETHER) {
            const char *domain = apr_pstrdup(p, a->domain);

            due = due ? due : apr_hash_make(p);
            apr_hash_set(due, domain, APR_HASH_KEY_STRING, domain);
        }
    }
    return is_due ? due : NULL;
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
    if (tried_in_vain(w)) {
        return;
    }
    if (look(w, p, NULL)) {
        full_run_ended(w);
        plan(w, p, NULL);
        clear_up(w, p);
    }
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
        full_run(w, p);
    }
    else if ((only = due_soon(t, p)) != NULL) {
        if (look(w, p, only)) {
            plan(w, p, only);
        }
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
    apr_atomic_set32(&w->busy, 1);
    p = !stopping(w) && begin(w) ? make_pool() : NULL;
    if (p) {
        turn(w, p);
        apr_pool_destroy(p);
    }
    apr_atomic_set32(&w->busy, 0);
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

static void wait_for_turn(const mtasts_watch *w)
{
    apr_time_t until = mtasts_clock() + END_WAIT;

    while (apr_atomic_read32((apr_uint32_t *)&w->busy) &&
           mtasts_clock() < until) {
        apr_sleep(apr_time_from_msec(5));
    }
}

/* OpenSSL, c-ares and the ledger must not be torn down under a turn: ask it to
 * end, and wait a little; and if a database server keeps it, break that off.
 * mod_watchdog tells STOPPING in some ways of ending only, and may wait for its
 * thread for as long as it takes. */
static apr_status_t end_turn(void *data)
{
    mtasts_watch *w = data;

    apr_atomic_set32(&w->stop, 1);
    wait_for_turn(w);
    if (w->guard && mtasts_ledger_interrupt(w->guard)) {
        wait_for_turn(w);
    }
    /* Their pools are nobody's children: with -X they would go when this code is
     * not loaded any more. */
    if (!apr_atomic_read32(&w->busy)) {
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
