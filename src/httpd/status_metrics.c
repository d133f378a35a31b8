/*
 * The metrics: OpenMetrics text 1.0, which is the older text format of Prometheus,
 * too.  Gauges only: what the ledger forgets goes down.  What is not known is left
 * out, never written as 0.  Family by family, as all series of one must stand
 * together.
 */

#include "status_private.h"

#include "../core/text.h"

#include "apr_strings.h"

#include <stdlib.h>
#include <string.h>

/* What a label shows at most, so that each name that DNS may have fits with all of
 * its octets escaped. */
#define LABEL_MAX 1024

/* Its `unit` is the last part of its name; or NULL. */
typedef struct {
    const char *name, *unit, *help;
} family;

/* One after the other to a page; the head of a family before its first series. */
typedef struct {
    mtasts_page *page;
    const family *head; /* the last that was written */
} writing;

/* The labels of a site, a certificate or a sum of fetches, and whose they are. */
typedef struct {
    const char *labels;
    apr_int64_t rank; /* of two with the same labels the lower is shown */
    const void *of;
} series;

typedef struct {
    series *list;
    apr_size_t n;
} all_series;

/* --- labels --- */

/* NAME="VALUE", in `p`.  Whatever `value` is, it becomes printable ASCII first. */
static const char *label(apr_pool_t *p, const char *name, const char *value)
{
    char shown[LABEL_MAX], out[2 * LABEL_MAX];
    const char *in;
    char *to = out;

    mtasts_escape(shown, sizeof(shown), value);
    for (in = shown; *in; in++) {
        if (*in == '\\' || *in == '"') {
            *to++ = '\\';
        }
        *to++ = *in;
    }
    *to = '\0';
    return apr_pstrcat(p, name, "=\"", out, "\"", NULL);
}

static const char *labels(apr_pool_t *p, const char *name, const char *value,
                          const char *name2, const char *value2)
{
    return apr_pstrcat(p, label(p, name, value), ",", label(p, name2, value2),
                       NULL);
}

static int by_labels(const void *a, const void *b)
{
    const series *x = a, *y = b;
    int d = strcmp(x->labels, y->labels);

    return d ? d : (x->rank > y->rank) - (x->rank < y->rank);
}

/* In the order of their labels, each once: a name may have virtual hosts at
 * several addresses, and no series may stand there twice. */
static void make_unique(all_series *all)
{
    apr_size_t i, kept = 0;

    qsort(all->list, all->n, sizeof(*all->list), by_labels);
    for (i = 0; i < all->n; i++) {
        if (!kept ||
            strcmp(all->list[kept - 1].labels, all->list[i].labels) != 0) {
            all->list[kept++] = all->list[i];
        }
    }
    all->n = kept;
}

static all_series room(apr_pool_t *p, apr_size_t n)
{
    all_series all = {apr_palloc(p, (n + 1) * sizeof(series)), n};

    return all;
}

/* Of two with the same name the worse. */
static all_series sites_of(apr_pool_t *p, const mtasts_status_metrics *m)
{
    all_series all = room(p, m->n);
    apr_size_t i;

    for (i = 0; i < m->n; i++) {
        const mtasts_status_row *row = &m->rows[i];

        all.list[i].labels =
            labels(p, "domain", row->domain, "vhost", row->vhost);
        all.list[i].rank = (apr_int64_t)i;
        all.list[i].of = row;
    }
    make_unique(&all);
    return all;
}

/* Of two of one host and address that which ends first. */
static all_series mx_of(apr_pool_t *p, const mtasts_status_metrics *m)
{
    all_series all = room(p, m->nmx);
    apr_size_t i;

    all.n = 0;
    for (i = 0; i < m->nmx; i++) {
        const mtasts_status_mx *mx = &m->mx[i];

        if (mx->until) {
            all.list[all.n].labels =
                labels(p, "host", mx->host, "address", mx->address);
            all.list[all.n].rank = mx->until;
            all.list[all.n++].of = mx;
        }
    }
    make_unique(&all);
    return all;
}

static all_series fetched_of(apr_pool_t *p, const mtasts_status_metrics *m)
{
    all_series all = room(p, m->nfetched);
    apr_size_t i;

    for (i = 0; i < m->nfetched; i++) {
        const mtasts_status_fetched *f = &m->fetched[i];

        all.list[i].labels =
            labels(p, "domain", f->domain, "sender", f->sender);
        all.list[i].rank = (apr_int64_t)i;
        all.list[i].of = f;
    }
    make_unique(&all);
    return all;
}

/* --- samples --- */

static void head(writing *out, const family *f)
{
    mtasts_page *page = out->page;

    if (out->head == f) {
        return;
    }
    out->head = f;
    mtasts_page_put(page, "# TYPE ");
    mtasts_page_put(page, f->name);
    mtasts_page_put(page, " gauge\n");
    if (f->unit) {
        mtasts_page_put(page, "# UNIT ");
        mtasts_page_put(page, f->name);
        mtasts_page_put(page, " ");
        mtasts_page_put(page, f->unit);
        mtasts_page_put(page, "\n");
    }
    mtasts_page_put(page, "# HELP ");
    mtasts_page_put(page, f->name);
    mtasts_page_put(page, " ");
    mtasts_page_put(page, f->help);
    mtasts_page_put(page, "\n");
}

/* Its labels are `of` (or NULL) and, with `name`, one more of which the value needs
 * no escaping. */
static void sample_text(writing *out, const family *f, const char *of,
                        const char *name, const char *value, const char *number)
{
    mtasts_page *page = out->page;

    head(out, f);
    mtasts_page_put(page, f->name);
    if (of || name) {
        mtasts_page_put(page, "{");
        mtasts_page_put(page, of ? of : "");
        mtasts_page_put(page, of && name ? "," : "");
        if (name) {
            mtasts_page_put(page, name);
            mtasts_page_put(page, "=\"");
            mtasts_page_put(page, value);
            mtasts_page_put(page, "\"");
        }
        mtasts_page_put(page, "}");
    }
    mtasts_page_put(page, " ");
    mtasts_page_put(page, number);
    mtasts_page_put(page, "\n");
}

static void sample(writing *out, const family *f, const char *of,
                   const char *name, const char *value, apr_int64_t n)
{
    char number[32];

    apr_snprintf(number, sizeof(number), "%" APR_INT64_T_FMT, n);
    sample_text(out, f, of, name, value, number);
}

/* --- the server --- */

static void if_known(writing *out, const family *f, int known, apr_int64_t n)
{
    if (known) {
        sample(out, f, NULL, NULL, NULL, n);
    }
}

static void write_ledger(writing *out, const mtasts_status_frame *frame)
{
    static const family up = {
        "mtasts_ledger_up", NULL,
        "1 if the ledger can be read, 0 if not; absent with MTASTSLedger Off."};

    if_known(out, &up, frame->ledger, !frame->no_ledger);
}

/* A first run that is under way has taken no time yet. */
static void write_duration(writing *out, const mtasts_status_frame *frame)
{
    static const family took = {"mtasts_last_run_duration_seconds", "seconds",
                                "How long the last look at all domains took."};
    char number[32];

    if (frame->began && frame->took_ms >= 0 &&
        (frame->took_ms || !frame->running)) {
        apr_snprintf(number, sizeof(number), "%" APR_INT64_T_FMT ".%03d",
                     frame->took_ms / 1000, (int)(frame->took_ms % 1000));
        sample_text(out, &took, NULL, NULL, NULL, number);
    }
}

static void write_runs(writing *out, const mtasts_status_frame *frame)
{
    static const family watched = {
        "mtasts_watch_enabled", NULL,
        "1 if domains are looked at while httpd serves, be it after a start or "
        "reload only; else 0."};
    static const family running = {
        "mtasts_run_under_way", NULL,
        "1 while all domains are looked at, else 0."};
    static const family began = {
        "mtasts_last_run_timestamp_seconds", "seconds",
        "When the last look at all domains began, in seconds since 1970; "
        "time() - this: how long ago."};
    static const family next = {
        "mtasts_next_run_timestamp_seconds", "seconds",
        "When all domains are looked at next, in seconds since 1970."};
    static const family interval = {
        "mtasts_watch_interval_seconds", "seconds",
        "MTASTSWatchInterval; absent if it is Off."};

    if_known(out, &watched, 1, frame->watched != 0);
    if_known(out, &running, 1, frame->running != 0);
    if_known(out, &began, frame->began != 0, frame->began);
    write_duration(out, frame);
    if_known(out, &next, frame->next != 0, frame->next);
    if_known(out, &interval, frame->interval != 0, frame->interval);
}

/* The severities that a finding on a server that runs may have. */
static const mtasts_severity severities[] = {MTASTS_ERROR, MTASTS_WARNING,
                                             MTASTS_INFO, MTASTS_UNKNOWN};
#define SEVERITIES (sizeof(severities) / sizeof(severities[0]))

static void write_server_findings(writing *out, const json_t *findings)
{
    static const family f = {
        "mtasts_server_findings", NULL,
        "Findings on the server, not on a domain, by severity."};
    apr_size_t i, at;

    for (i = 0; findings && i < SEVERITIES; i++) {
        const char *name = mtasts_severity_name(severities[i]), *is;
        apr_int64_t n = 0;

        for (at = 0; at < json_array_size(findings); at++) {
            is = json_string_value(
                json_object_get(json_array_get(findings, at), "severity"));
            n += is && !strcmp(is, name);
        }
        sample(out, &f, NULL, "severity", name, n);
    }
}

static void write_totals(writing *out, const mtasts_status_metrics *m)
{
    static const family domains = {
        "mtasts_domains", NULL,
        "Domains by how they stand, those left out here among them; one counts "
        "for each virtual host that has it."};
    static const family left_out = {
        "mtasts_domains_left_out", NULL,
        "Domains of which no series are written, as there are too many; the "
        "worst are written."};
    static const family mx_left_out = {
        "mtasts_mx_certificates_left_out", NULL,
        "Certificates of MX hosts of which no series are written, as there are "
        "too many."};
    int s;

    for (s = 0; s < MTASTS_STANDS; s++) {
        sample(out, &domains, NULL, "state",
               mtasts_stands_name((mtasts_stands)s),
               (apr_int64_t)m->standing[s]);
    }
    if_known(out, &left_out, 1, (apr_int64_t)m->left_out);
    if_known(out, &mx_left_out, 1, (apr_int64_t)m->mx_left_out);
}

/* --- a site --- */

/* 1 and its value, or 0 if it is not known. */
typedef int site_fn(const mtasts_status_row *row, apr_int64_t *n);

static int looked_at(const mtasts_status_row *row)
{
    return row->checks && row->is.checked;
}

static int checks(const mtasts_status_row *row, apr_int64_t *n)
{
    *n = row->checks != 0;
    return 1;
}

static int last_look(const mtasts_status_row *row, apr_int64_t *n)
{
    *n = row->is.checked;
    return *n != 0;
}

/* Shared memory may hold anything. */
static int has_sync(const mtasts_status_row *row)
{
    return looked_at(row) && row->is.sync <= MTASTS_SYNC_ABSENT;
}

static int in_sync(const mtasts_status_row *row, apr_int64_t *n)
{
    *n = row->is.sync == MTASTS_SYNC_IN_SYNC;
    return has_sync(row) && row->is.sync != MTASTS_SYNC_UNKNOWN;
}

static int vhost_until(const mtasts_status_row *row, apr_int64_t *n)
{
    *n = row->is.vhost_until;
    return *n != 0;
}

static int mx_until(const mtasts_status_row *row, apr_int64_t *n)
{
    *n = row->is.mx_until;
    return *n != 0;
}

static int max_age(const mtasts_status_row *row, apr_int64_t *n)
{
    *n = row->max_age;
    return 1;
}

static int held_back(const mtasts_status_row *row, apr_int64_t *n)
{
    *n = row->held_back != 0;
    return 1;
}

static int step(const mtasts_status_row *row, apr_int64_t *n)
{
    *n = row->step;
    return row->steps && row->step;
}

static int steps(const mtasts_status_row *row, apr_int64_t *n)
{
    *n = row->steps;
    return *n != 0;
}

static int held(const mtasts_status_row *row, apr_int64_t *n)
{
    *n = row->is.held != 0;
    return row->steps && looked_at(row);
}

static const struct {
    family f;
    site_fn *value;
} of_sites[] = {
    {{"mtasts_checks_enabled", NULL, "1, or 0 with MTASTSCheck Off."}, checks},
    {{"mtasts_last_look_timestamp_seconds", "seconds",
      "When the domain was last looked at, in seconds since 1970."},
     last_look},
    {{"mtasts_txt_in_sync", NULL,
      "1 if the TXT record has the id of the policy, else 0; absent if it is "
      "not known."},
     in_sync},
    {{"mtasts_vhost_certificate_expiry_timestamp_seconds", "seconds",
      "When the first certificate of the virtual host ends, in seconds since "
      "1970; (this - time()) / 86400: days that are left."},
     vhost_until},
    {{"mtasts_domain_mx_certificate_expiry_timestamp_seconds", "seconds",
      "When the first certificate of the MX hosts of the domain ends, in "
      "seconds since 1970; (this - time()) / 86400: days that are left."},
     mx_until},
    {{"mtasts_policy_max_age_seconds", "seconds",
      "max_age of the policy as configured, of the current step of a plan."},
     max_age},
    {{"mtasts_policy_held_back", NULL,
      "1 if MTASTSCheck strict holds the policy back, so that another one is "
      "served or none, else 0."},
     held_back},
    {{"mtasts_rollout_step", NULL,
      "The current step of MTASTSRollout, the first is 1; absent without a "
      "plan."},
     step},
    {{"mtasts_rollout_steps", NULL,
      "How many steps MTASTSRollout has; absent without a plan."},
     steps},
    {{"mtasts_rollout_held", NULL,
      "1 if the current step of MTASTSRollout is held for what was found, else "
      "0; absent without a plan."},
     held},
};

static void write_numbers(writing *out, const all_series *sites)
{
    apr_size_t i, s;
    apr_int64_t n;

    for (i = 0; i < sizeof(of_sites) / sizeof(of_sites[0]); i++) {
        for (s = 0; s < sites->n; s++) {
            if (of_sites[i].value(sites->list[s].of, &n)) {
                sample(out, &of_sites[i].f, sites->list[s].labels, NULL, NULL,
                       n);
            }
        }
    }
}

/* Before anybody has looked, the configuration alone may have findings; that there
 * are none is known only after that. */
static void write_findings(writing *out, const all_series *sites)
{
    static const family f = {
        "mtasts_findings", NULL,
        "Findings on the domain by severity; what nobody has looked at yet has "
        "those of its configuration, if any."};
    apr_size_t i, s;

    for (s = 0; s < sites->n; s++) {
        const mtasts_status_row *row = sites->list[s].of;

        for (i = 0; i < SEVERITIES; i++) {
            apr_uint16_t n = row->is.findings[severities[i]];

            if (n || looked_at(row)) {
                sample(out, &f, sites->list[s].labels, "severity",
                       mtasts_severity_name(severities[i]), n);
            }
        }
    }
}

static void write_states(writing *out, const all_series *sites)
{
    static const family mode = {
        "mtasts_policy_info", NULL,
        "Mode and id of the policy as configured, of the current step of a "
        "plan; always 1."};
    static const family sync = {
        "mtasts_txt_sync_info", NULL,
        "How the TXT record stands to the policy; always 1."};
    apr_size_t s;

    for (s = 0; s < sites->n; s++) {
        const mtasts_status_row *row = sites->list[s].of;
        const char *id = label(out->page->p, "id", row->id);

        sample(out, &mode,
               apr_pstrcat(out->page->p, sites->list[s].labels, ",", id, NULL),
               "mode", mtasts_mode_name(row->mode), 1);
    }
    for (s = 0; s < sites->n; s++) {
        const mtasts_status_row *row = sites->list[s].of;

        if (has_sync(row)) {
            sample(out, &sync, sites->list[s].labels, "state",
                   mtasts_sync_name((mtasts_sync)row->is.sync), 1);
        }
    }
}

/* --- what is behind sites --- */

static void write_mx(writing *out, const mtasts_status_metrics *m)
{
    static const family f = {
        "mtasts_mx_certificate_expiry_timestamp_seconds", "seconds",
        "When the certificate that an MX host presents at an address ends, in "
        "seconds since 1970; (this - time()) / 86400: days that are left."};
    all_series all = mx_of(out->page->p, m);
    apr_size_t i;

    for (i = 0; i < all.n; i++) {
        const mtasts_status_mx *mx = all.list[i].of;

        sample(out, &f, all.list[i].labels, NULL, NULL, mx->until);
    }
}

static void write_fetched(writing *out, const mtasts_status_metrics *m)
{
    static const family f = {
        "mtasts_policy_fetches", NULL,
        "How often policies of the domain were fetched, by which software, as "
        "far as the ledger remembers."};
    all_series all = fetched_of(out->page->p, m);
    apr_size_t i;

    for (i = 0; i < all.n; i++) {
        const mtasts_status_fetched *one = all.list[i].of;

        sample(out, &f, all.list[i].labels, NULL, NULL, (apr_int64_t)one->n);
    }
}

void mtasts_status_metrics_page(mtasts_page *page,
                                const mtasts_status_frame *frame,
                                const mtasts_status_metrics *m)
{
    writing out = {page, NULL};
    all_series sites = sites_of(page->p, m);

    write_ledger(&out, frame);
    write_runs(&out, frame);
    write_server_findings(&out, frame->findings);
    write_totals(&out, m);
    write_findings(&out, &sites);
    write_states(&out, &sites);
    write_numbers(&out, &sites);
    write_mx(&out, m);
    write_fetched(&out, m);
    mtasts_page_put(page, "# EOF\n");
}
