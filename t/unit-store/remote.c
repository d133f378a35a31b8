/*
 * What can go wrong with a ledger in a PostgreSQL server.  Arguments: its
 * parameters for a user who may do all, the PID of the server, which is ended;
 * t/ledger.t runs it.
 */

#include "store.h"

#include "apr_thread_proc.h"

static db server;

static void disconnect_all(void)
{
    apr_pool_t *p = pool();

    raw_one(p, &server,
            "SELECT COUNT(pg_terminate_backend(pid)) FROM pg_stat_activity "
            "WHERE pid <> pg_backend_pid() AND datname = current_database()");
    apr_pool_destroy(p);
}

static void lost(void)
{
    apr_pool_t *p = pool();
    mtasts_ledger *l = open_as(p, &server, "a");
    mtasts_ledger_serving s = serving(p, "x.test", "mx.x.test", "one");

    ok(SERVE(l, p, NOW, NOW + 60, s), "lost", "serve");
    disconnect_all();
    ok(said(l, mtasts_ledger_beat(l, NOW + 1, NOW + 61)), "lost",
       "a beat connects again");
    disconnect_all();
    is_str(known(p, l, "x.test", NOW), "[one enforce mx.x.test 0..61]", "lost",
           "so does reading");
    disconnect_all();
    ok(said(l, mtasts_ledger_begin(l, p)), "lost", "so does begin");
    ok(said(l, mtasts_ledger_saw_txt(l, p, "x.test", "A", DAY, NOW)), "lost",
       "a first call");
    disconnect_all();
    ok(!mtasts_ledger_saw_txt(l, p, "x.test", "B", DAY, NOW), "lost",
       "in the middle it is lost");
    ok(strstr(mtasts_ledger_why(l), "the database server went away") != NULL,
       "lost", mtasts_ledger_why(l));
    ok(!mtasts_ledger_end(l, 1), "lost", "and end says so");
    is_str(known(p, l, "x.test", NOW), "[one enforce mx.x.test 0..61]", "lost",
           "nothing of it was written");
    apr_pool_destroy(p);
}

static void held(void)
{
    apr_pool_t *p = pool();
    mtasts_ledger *l = open_as(p, &server, "a");
    pid_t child =
        while_held(&server, "BEGIN; LOCK TABLE mtasts_front, mtasts_served");
    apr_time_t started = apr_time_now();

    ok(!mtasts_ledger_beat(l, NOW + 2, NOW + 62), "held", "a beat fails");
    ok(apr_time_now() - started < SLOW, "held", "soon");
    ok(strstr(mtasts_ledger_why(l), "another program holds it locked") != NULL,
       "held", mtasts_ledger_why(l));
    ok(strstr(mtasts_ledger_remedy(mtasts_ledger_why(l)), "pg_stat_activity") !=
           NULL,
       "held", "what to do");
    started = apr_time_now();
    ok(strstr(known(p, l, "x.test", NOW), "holds it locked") != NULL, "held",
       "so does reading");
    ok(apr_time_now() - started < SLOW, "held", "soon");
    let_go(child);
    disconnect_all(); /* the server would notice in its own time */
    ok(said(l, mtasts_ledger_beat(l, NOW + 3, NOW + 63)), "held",
       "all is well when it is free");
    apr_pool_destroy(p);
}

static void newer(void)
{
    apr_pool_t *p = pool();
    mtasts_ledger *l = open_as(p, &server, "a");
    const char *why;

    NEED(raw(&server, "UPDATE mtasts_meta SET value = '2'"));
    ok(!mtasts_ledger_beat(l, NOW + 9, NOW + 69) &&
           strstr(mtasts_ledger_why(l), "newer version"),
       "newer", "while it is open");
    ok(!try_open(p, &server, "a", 1, &why) && strstr(why, "newer version"),
       "newer", "when it is opened");
    ok(!try_open(p, &server, "a", 0, &why) && strstr(why, "newer version"),
       "newer", "for reading");
    NEED(raw(&server, "UPDATE mtasts_meta SET value = '1'"));
    is_str(known(p, l, "x.test", NOW), "[one enforce mx.x.test 0..63]", "newer",
           "nothing was written");
    apr_pool_destroy(p);
}

/* Parameters, as administrators write them. */
static void parameters(void)
{
    static const struct {
        const char *name, *params; /* behind the right ones */
        const char *why, *remedy;  /* NULL: it works */
    } cases[] = {
        {"a timeout of one's own", "connect_timeout=9", NULL, NULL},
        {"no such user", "user=nosuch", "role \"nosuch\" does not exist",
         "psql"},
        {"no such database", "dbname=nosuch",
         "database \"nosuch\" does not exist", "psql"},
        {"no server there", "port=1", "no connection", "psql"},
        {"a word that is no option", "colour=blue",
         "invalid connection option \"colour\"", "as libpq reads them"},
        {"a password with a blank", "password=se cret",
         "they can't be read as a connection info string",
         "as libpq reads them"},
        {"a user without rights", "user=guest", "may not do that",
         "createdb -O"},
    };
    apr_pool_t *p = pool();
    size_t i;

    raw(&server, "DROP ROLE IF EXISTS guest");
    NEED(raw(&server, "CREATE ROLE guest LOGIN"));
    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        db d = {"pgsql",
                apr_pstrcat(p, server.params, " ", cases[i].params, NULL)};
        const char *why;
        mtasts_ledger *l;

        if (!strcmp(cases[i].name, "a user without rights")) {
            NEED(raw(&server, "CREATE SCHEMA guest"));
            NEED(raw(&server, "ALTER ROLE guest SET search_path = guest"));
            NEED(raw(&server, "GRANT USAGE ON SCHEMA guest TO guest"));
        }
        l = try_open(p, &d, "a", 1, &why);
        if (!cases[i].why) {
            ok(l != NULL, cases[i].name, why);
            continue;
        }
        ok(!l && strstr(why, cases[i].why), cases[i].name, why);
        ok(strstr(mtasts_ledger_remedy(why), cases[i].remedy) != NULL,
           cases[i].name, mtasts_ledger_remedy(why));
        ok(!strstr(why, "cret"), cases[i].name, "no password is shown");
    }
    apr_pool_destroy(p);
}

static void uri(const char *directory_of)
{
    apr_pool_t *p = pool();
    const char *host = strchr(directory_of, '=') + 1;
    db d = {"pgsql", apr_psprintf(p, "postgresql:///postgres?host=%.*s&user=%s",
                                  (int)strcspn(host, " "), host, "mtasts")};
    const char *why;
    mtasts_ledger *l = try_open(p, &d, "a", 1, &why);

    ok(l != NULL, "a URI", why);
    apr_pool_destroy(p);
}

/* --- one that is frozen in the middle of a statement --- */

static pid_t frozen;

static void thaw(void)
{
    if (frozen) {
        kill(frozen, SIGCONT);
        frozen = 0;
    }
}

/* Stops the backend that serves the only connection there is. */
static void freeze(apr_pool_t *p)
{
    frozen = (pid_t)atoi(raw_one(
        p, &server,
        "SELECT pid FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND "
        "datname = current_database() AND backend_type = 'client backend'"));
    NEED(frozen > 0 && kill(frozen, SIGSTOP) == 0);
}

static mtasts_ledger *open_guarded(apr_pool_t *p, mtasts_ledger_guard *guard)
{
    mtasts_ledger_options o = {.driver = server.driver,
                               .params = server.params,
                               .front = "a",
                               .create = 1,
                               .guard = guard};
    const char *why = "";
    mtasts_ledger *l;

    disconnect_all();
    l = mtasts_ledger_open(p, &o, &why);
    if (!l) {
        printf("# %s\n", why);
    }
    NEED(l);
    return l;
}

static void no_answer(void)
{
    apr_pool_t *p = pool();
    mtasts_ledger *l = open_guarded(p, mtasts_ledger_guard_make(p));
    apr_time_t started, took;

    ok(said(l, mtasts_ledger_beat(l, NOW + 3, NOW + 63)), "no answer", "none");
    freeze(p);
    started = apr_time_now();
    ok(!mtasts_ledger_beat(l, NOW + 3, NOW + 63), "no answer", "a beat fails");
    took = apr_time_now() - started;
    ok(took > 9 * APR_USEC_PER_SEC && took < 20 * APR_USEC_PER_SEC, "no answer",
       apr_psprintf(p, "after some 10 s: %d ms", (int)apr_time_as_msec(took)));
    ok(strstr(mtasts_ledger_why(l),
              "the server gave no answer for 10 seconds") != NULL,
       "no answer", mtasts_ledger_why(l));
    ok(strstr(mtasts_ledger_remedy(mtasts_ledger_why(l)),
              "See that it is not stopped") != NULL,
       "no answer", "what to do");
    ok(said(l, mtasts_ledger_beat(l, NOW + 3, NOW + 63)), "no answer",
       "the next one gets another backend");
    thaw();
    is_str(known(p, l, "x.test", NOW), "[one enforce mx.x.test 0..63]",
           "no answer", "all is well");
    apr_pool_destroy(p);
}

static void *APR_THREAD_FUNC interrupt(apr_thread_t *thread, void *guard)
{
    (void)thread;
    apr_sleep(APR_USEC_PER_SEC / 2);
    mtasts_ledger_interrupt(guard);
    return NULL;
}

static void broken_off(void)
{
    apr_pool_t *p = pool();
    mtasts_ledger_guard *guard = mtasts_ledger_guard_make(p);
    mtasts_ledger *l = open_guarded(p, guard);
    mtasts_ledger_serving s = serving(p, "x.test", "mx.x.test", "one");
    apr_time_t started = apr_time_now();
    apr_thread_t *thread;
    apr_status_t rv;

    freeze(p);
    NEED(apr_thread_create(&thread, NULL, interrupt, guard, p) == APR_SUCCESS);
    ok(!mtasts_ledger_beat(l, NOW + 3, NOW + 63), "broken off", "a beat fails");
    ok(!SERVE(l, p, NOW + 5, NOW + 65, s), "broken off",
       "so does what follows");
    ok(apr_time_now() - started < SLOW, "broken off", "soon");
    ok(strstr(mtasts_ledger_why(l), "broken off") != NULL, "broken off",
       mtasts_ledger_why(l));
    mtasts_ledger_interrupt(guard);
    mtasts_ledger_close(l);
    NEED(apr_thread_join(&rv, thread) == APR_SUCCESS);
    thaw();
    l = open_as(p, &server, "a");
    is_str(known(p, l, "x.test", NOW), "[one enforce mx.x.test 0..63]",
           "broken off", "nothing was written");
    apr_pool_destroy(p);
}

/* --- one that ends --- */

static void gone(pid_t postmaster)
{
    apr_pool_t *p = pool();
    mtasts_ledger *l = open_as(p, &server, "a"), *second;
    mtasts_ledger_serving s = serving(p, "x.test", "mx.x.test", "one");
    apr_time_t started;
    const char *why;

    NEED(kill(postmaster, SIGSTOP) == 0);
    started = apr_time_now();
    second = try_open(p, &server, "b", 1, &why);
    ok(!second && strstr(why, "timeout expired"), "frozen", why);
    ok(apr_time_now() - started < SLOW, "frozen", "soon");
    NEED(kill(postmaster, SIGINT) == 0 && kill(postmaster, SIGCONT) == 0);
    while (kill(postmaster, 0) == 0 &&
           apr_time_now() - started < 30 * APR_USEC_PER_SEC &&
           mtasts_ledger_beat(l, NOW + 4, NOW + 64)) {
        apr_sleep(APR_USEC_PER_SEC / 20);
    }
    started = apr_time_now();
    ok(!SERVE(l, p, NOW + 5, NOW + 65, s), "gone", mtasts_ledger_why(l));
    ok(!mtasts_ledger_begin(l, p), "gone", "begin fails");
    ok(strstr(known(p, l, "x.test", NOW), "no connection") != NULL, "gone",
       "reading fails");
    second = try_open(p, &server, "b", 1, &why);
    ok(!second, "gone", why);
    ok(strstr(mtasts_ledger_remedy(why), "See that it runs") != NULL, "gone",
       mtasts_ledger_remedy(why));
    ok(apr_time_now() - started < SLOW, "gone", "soon");
    apr_pool_destroy(p);
}

int main(int argc, const char *const *argv)
{
    if (argc != 3) {
        puts(
            "1..0 # SKIP it takes a server of its own: make test T=t/ledger.t");
        return 0;
    }
    begin_tests();
    server.driver = "pgsql";
    server.params = argv[1];
    drop_tables(&server);
    lost();
    held();
    newer();
    parameters();
    uri(argv[1]);
    atexit(thaw);
    no_answer();
    broken_off();
    gone((pid_t)atoi(argv[2]));
    return done();
}
