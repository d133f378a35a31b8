/* ledger_bench MODE DRIVER PARAMS DOMAINS TIMES : does something TIMES times
 * with a ledger of so many domains, and prints
 *     seconds_each kb
 * with the median over the times, and by how much the most memory that was
 * resident has grown.
 *   serve  all of them are new, in a new ledger (TIMES is 1)
 *   again  all of them are served as before, as after a reload
 *   read   what is known of all, as each run of the watch does
 *   beat   all is still served, as every minute
 *   bare   one row is changed and kept, as little as there can be to a beat */

#include "../../src/store/ledger.h"
#include "peak.h"

#include "apr_dbd.h"
#include "apr_general.h"
#include "apr_strings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define NOW    1800000000
#define MINUTE 60

typedef struct {
    apr_pool_t *process;
    mtasts_ledger *ledger;
    const mtasts_ledger_serving *serving;
    size_t domains;
    apr_dbd_t *bare;
    const apr_dbd_driver_t *driver;
} bench;

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void die(const char *why)
{
    fprintf(stderr, "ledger_bench: %s\n", why);
    exit(1);
}

/* As one virtual host of many domains has them: one policy. */
static const mtasts_ledger_serving *make_serving(apr_pool_t *p, size_t n)
{
    static const char *const mx[] = {"mx.bench.test"};
    static const mtasts_policy policy = {MTASTS_MODE_ENFORCE, 604800, mx, 1};
    mtasts_ledger_serving *all = apr_pcalloc(p, n * sizeof(*all));
    size_t len = mtasts_policy_render(&policy, NULL, 0), i;
    char *body = apr_palloc(p, len + 1), *id = apr_palloc(p, MTASTS_ID_SIZE);

    mtasts_policy_render(&policy, body, len);
    body[len] = '\0';
    if (!mtasts_policy_id(body, len, id)) {
        die("no SHA-256");
    }
    for (i = 0; i < n; i++) {
        all[i].domain =
            apr_psprintf(p, "d%" APR_SIZE_T_FMT ".bench.test", (apr_size_t)i);
        all[i].id = all[i].digest = id;
        all[i].body = body;
        all[i].policy = &policy;
    }
    return all;
}

static int once(bench *b, const char *mode, apr_pool_t *p, int64_t t)
{
    if (!strcmp(mode, "serve") || !strcmp(mode, "again")) {
        return mtasts_ledger_serve(b->ledger, p, b->serving, b->domains, t,
                                   t + 2 * MINUTE);
    }
    if (!strcmp(mode, "read")) {
        apr_hash_t *all;

        return mtasts_ledger_read(b->ledger, p, t, &all) &&
               apr_hash_count(all) == b->domains;
    }
    if (!strcmp(mode, "beat")) {
        return mtasts_ledger_beat(b->ledger, t, t + 2 * MINUTE);
    }
    else {
        int rows;

        return !apr_dbd_query(
            b->driver, b->bare, &rows,
            apr_psprintf(p, "UPDATE one SET t = %ld", (long)t));
    }
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return x < y ? -1 : x > y;
}

/* Later than that of any run before, by more than a run has beats. */
static int64_t start_time(void)
{
    struct timespec t;

    clock_gettime(CLOCK_REALTIME, &t);
    return NOW + ((int64_t)t.tv_sec % 1000000 * 10 + t.tv_nsec / 100000000) *
                     60 * MINUTE;
}

/* The median time of one. */
static double times(bench *b, const char *mode, int n)
{
    int64_t start = start_time();
    double *took = apr_palloc(b->process, (apr_size_t)n * sizeof(*took));
    int i;

    for (i = 0; i < n; i++) {
        apr_pool_t *p;
        double began;

        apr_pool_create(&p, b->process);
        began = now();
        if (!once(b, mode, p, start + (int64_t)i * MINUTE)) {
            die(b->ledger ? mtasts_ledger_why(b->ledger) : "bare");
        }
        took[i] = now() - began;
        apr_pool_destroy(p);
    }
    qsort(took, (size_t)n, sizeof(*took), by_value);
    return took[n / 2];
}

static void open_bare(bench *b, const char *driver, const char *params)
{
    const char *file = apr_pstrcat(b->process, params, "-bare", NULL);
    int rows;

    if (apr_dbd_get_driver(b->process, driver, &b->driver) ||
        apr_dbd_open(b->driver, b->process,
                     strcmp(driver, "sqlite3") ? params : file, &b->bare) ||
        apr_dbd_query(b->driver, b->bare, &rows,
                      "CREATE TABLE IF NOT EXISTS one (t BIGINT)") ||
        apr_dbd_query(b->driver, b->bare, &rows,
                      "INSERT INTO one (t) VALUES (0)")) {
        die("bare");
    }
}

int main(int argc, char **argv)
{
    mtasts_ledger_options o = {NULL, NULL, "bench", 1, 1};
    bench b = {0};
    const char *why;
    double took;
    long kb;

    if (argc != 6) {
        die("usage: MODE DRIVER PARAMS DOMAINS TIMES");
    }
    apr_initialize();
    atexit(apr_terminate);
    apr_pool_create(&b.process, NULL);
    mtasts_ledger_init(b.process);
    o.driver = argv[2];
    o.params = argv[3];
    b.domains = strtoul(argv[4], NULL, 10);
    b.serving = make_serving(b.process, b.domains);
    if (!strcmp(argv[1], "bare")) {
        open_bare(&b, o.driver, o.params);
    }
    else {
        b.ledger = mtasts_ledger_open(b.process, &o, &why);
        if (!b.ledger) {
            die(why);
        }
    }
    kb = peak_kb();
    took = times(&b, argv[1], atoi(argv[5]));
    printf("%.9f %ld\n", took, peak_kb() - kb);
    return 0;
}
