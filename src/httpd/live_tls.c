/* The part of a run that has to do with TLS: the vhosts' certificates, the
 * probes of the MX hosts, the fetches of the policy. */

#include "live_private.h"
#include "notes.h"
#include "released.h"
#include "../net/probe.h"

#include <arpa/inet.h>
#include <sys/socket.h>

#define CONNECT_MS     10000
#define CONNECT_MS_MIN 1000
#define MX_MS          30000
#define FETCH_MS       4000 /* the most patient of the impatient senders */
#define ADDRESSES_MAX  64   /* of all MX hosts of a domain: it may be hostile */
#define AFRESH_MAX     1000 /* domains */

/* One address of one MX host. */
typedef struct {
    mtasts_probe probe;
    mtasts_live *live;
    unsigned port;
} mx_entry;

typedef struct {
    mtasts_live *live;
    mtasts_live_site *l;
} fetch_job;

/* --- certificates --- */

static apr_status_t free_roots(void *roots)
{
    mtasts_roots_free(roots);
    return APR_SUCCESS;
}

/* Which roots they are: a verdict by others is worth nothing. */
static apr_uint64_t mark_of(apr_pool_t *p, const char *file)
{
    apr_finfo_t info;

    if (!*file || apr_stat(&info, file, APR_FINFO_MTIME | APR_FINFO_SIZE, p) !=
                      APR_SUCCESS) {
        return 0;
    }
    return (apr_uint64_t)info.mtime * 31 + (apr_uint64_t)info.size;
}

int mtasts_live_tls_begin(mtasts_live *live)
{
    const char *file = mtasts_config_of(live->main_server)->ca_file;
    char why[MTASTS_WHY_SIZE];

    live->roots_mark = mark_of(live->pool, file);
    live->roots = mtasts_roots_new(*file ? file : NULL, why);
    if (!live->roots) {
        ap_log_error(APLOG_MARK, APLOG_NOERRNO | APLOG_WARNING, 0,
                     live->main_server,
                     "mtasts: ca-file: no check of certificates, MX hosts and "
                     "public fetch, as there are no trusted roots: %s. To do: "
                     "%s must be readable for User",
                     why,
                     *file ? "MTASTSCAFile"
                           : "the system's store (package ca-certificates)");
        return 0;
    }
    apr_pool_cleanup_register(live->pool, live->roots, free_roots,
                              apr_pool_cleanup_null);
    return 1;
}

/* What was seen of the certificates, at the first time; it is kept without the
 * room that is not used, as there may be one for each of many vhosts. */
static const mtasts_vhost_tls *look_at(const mtasts_live *live,
                                       mtasts_certs *certs)
{
    mtasts_vhost_tls *looked =
        apr_hash_get(live->looked, &certs, sizeof(certs));
    mtasts_vhost_tls tls;

    if (!looked) {
        mtasts_certs_look(certs, live->roots, apr_time_sec(live->now), &tls);
        looked = apr_pmemdup(live->pool, &tls,
                             APR_OFFSETOF(mtasts_vhost_tls, certs) +
                                 tls.ncerts * sizeof(tls.certs[0]));
        apr_hash_set(live->looked,
                     apr_pmemdup(live->pool, &certs, sizeof(certs)),
                     sizeof(certs), looked);
    }
    return looked;
}

static void say_unread(mtasts_vhost_tls *tls)
{
    tls->elsewhere = 1;
    apr_cpystrn(tls->unread,
                ap_state_query(AP_SQ_RUN_MODE) == AP_SQ_RM_CONFIG_TEST
                    ? "it is not in an SSLCertificateFile here; where mod_md "
                      "or another module provides it, it is looked at when "
                      "httpd starts"
                    : "mod_ssl has none for this virtual host",
                sizeof(tls->unread));
}

int mtasts_live_vhost_tls(const mtasts_live *live, const mtasts_site *site,
                          mtasts_vhost_tls *tls)
{
    const server_rec *s = site->served->server;
    mtasts_certs *certs = mtasts_config_of(s)->certs;
    const mtasts_vhost_tls *looked;
    char host[MTASTS_NAME_SIZE];

    if (!live->roots ||
        !(mtasts_live_looks(live->options, s) & MTASTS_LOOK_CERT)) {
        return 0;
    }
    memset(tls, 0, sizeof(*tls));
    if (!certs) {
        tls->tls12 = tls->tls13 = -1;
        say_unread(tls);
        return 1;
    }
    looked = look_at(live, certs);
    memcpy(tls, looked,
           APR_OFFSETOF(mtasts_vhost_tls, certs) +
               looked->ncerts * sizeof(looked->certs[0]));
    apr_snprintf(host, sizeof(host), MTASTS_HOST_PREFIX "%s",
                 site->name->value);
    mtasts_certs_match(certs, host, tls);
    return 1;
}

/* --- the MX hosts --- */

static void mx_done(void *ctx, const mtasts_probe *probe)
{
    mx_entry *entry = ctx;
    mtasts_seen *seen = entry->live->options->seen;

    memcpy(&entry->probe, probe, sizeof(*probe));
    if (seen) {
        mtasts_seen_put(seen, entry->port, entry->live->roots_mark,
                        apr_time_now(), probe);
    }
}

static mx_entry *mx_entry_make(mtasts_live *live, const char *host,
                               const char *address, unsigned port)
{
    mx_entry *entry = apr_pcalloc(live->pool, sizeof(*entry));

    entry->live = live;
    entry->port = port;
    apr_cpystrn(entry->probe.host, host, sizeof(entry->probe.host));
    apr_cpystrn(entry->probe.address, address, sizeof(entry->probe.address));
    return entry;
}

/* Whichever domain comes first has it probed, for all. */
static const mx_entry *mx_entry_of(mtasts_live *live, mtasts_probe_run *run,
                                   const char *host, const char *address,
                                   unsigned port)
{
    const char *key = apr_psprintf(live->pool, "%s %u %s", address, port, host);
    mtasts_seen *seen = live->options->seen;
    mx_entry *entry = apr_hash_get(live->mx, key, APR_HASH_KEY_STRING);

    if (entry) {
        return entry;
    }
    entry = mx_entry_make(live, host, address, port);
    apr_hash_set(live->mx, key, APR_HASH_KEY_STRING, entry);
    if (seen && !live->releasing &&
        mtasts_seen_get(seen, host, address, port, live->roots_mark, live->now,
                        &entry->probe)) {
        live->mx_remembered++;
        return entry;
    }
    if (!mtasts_probe_mx(run, entry->probe.host, entry->probe.address, port,
                         mx_done, entry)) {
        apr_cpystrn(entry->probe.why, "out of memory",
                    sizeof(entry->probe.why));
    }
    return entry;
}

int mtasts_live_address_text(const mtasts_dns_address *address,
                             char text[MTASTS_ADDRESS_SIZE])
{
    return inet_ntop(address->len == 4 ? AF_INET : AF_INET6, address->octets,
                     text, MTASTS_ADDRESS_SIZE) != NULL;
}

static int each_address_of(const mtasts_dns_answer *answer,
                           mtasts_address_fn *each, void *ctx)
{
    char text[MTASTS_ADDRESS_SIZE];
    size_t i;

    for (i = 0; i < answer->naddresses; i++) {
        if (mtasts_live_address_text(&answer->addresses[i], text) &&
            !each(ctx, text)) {
            return 0;
        }
    }
    return 1;
}

void mtasts_live_each_address(const mtasts_dns_host *host,
                              mtasts_address_fn *each, void *ctx)
{
    if (each_address_of(host->a, each, ctx)) {
        each_address_of(host->aaaa, each, ctx);
    }
}

typedef struct {
    mtasts_live *live;
    mtasts_probe_run *run;
    mtasts_live_site *l;
    const char *host;
    unsigned port;
    int backup, implicit;
} mx_adding;

static int add_mx_address(void *ctx, const char *address)
{
    const mx_adding *a = ctx;
    apr_array_header_t *mx = a->l->mx;
    mtasts_live_mx *one = apr_array_push(mx);
    mx_entry *untried;

    one->backup = a->backup;
    one->implicit = a->implicit;
    if (mx->nelts <= ADDRESSES_MAX) {
        one->probe =
            &mx_entry_of(a->live, a->run, a->host, address, a->port)->probe;
        return 1;
    }
    untried = mx_entry_make(a->live, a->host, address, a->port);
    apr_snprintf(untried->probe.why, sizeof(untried->probe.why),
                 "not tried, nor those behind it: the MX hosts of %s have more "
                 "than %d addresses",
                 a->l->site->name->value, ADDRESSES_MAX);
    one->probe = &untried->probe;
    return 0;
}

static void add_mx_hosts(mtasts_live *live, mtasts_probe_run *run,
                         mtasts_live_site *l)
{
    const mtasts_dns_facts *facts = l->facts;
    mx_adding a = {live, run, l, NULL, 0, 0, 0};
    size_t i;

    a.port = (unsigned)mtasts_config_of(l->site->served->server)->probe_mx;
    l->mx = apr_array_make(live->pool, 2, sizeof(mtasts_live_mx));
    for (i = 0; i < facts->mx->nmx && l->mx->nelts <= ADDRESSES_MAX; i++) {
        a.host = facts->mx_hosts[i].name;
        a.backup = facts->mx->mx[i].preference > facts->mx->mx[0].preference;
        mtasts_live_each_address(&facts->mx_hosts[i], add_mx_address, &a);
    }
    if (facts->own_host) {
        a.host = facts->own_host->name;
        a.implicit = 1;
        mtasts_live_each_address(facts->own_host, add_mx_address, &a);
    }
}

/* --- the policy, as fetched --- */

/* The certificate of the vhost that answers by TLS, be it another one than this
 * site's: what is said of it there is not said again. */
static int own_certs(const fetch_job *job, mtasts_vhost_tls *tls)
{
    const mtasts_site *site = job->l->site;
    const mtasts_site *with_certs = apr_hash_get(
        job->live->tls_sites, site->name->value, APR_HASH_KEY_STRING);

    return mtasts_live_vhost_tls(job->live, with_certs ? with_certs : site,
                                 tls);
}

/* What is to come: what is served now, be it what is configured or not. */
static void answer_of(const fetch_job *job, mtasts_answer *answer)
{
    const mtasts_version *v = mtasts_site_version(job->l->site);

    if (!job->live->options->running ||
        !mtasts_released_answer(job->l->site, answer)) {
        answer->id = v->id;
        answer->body = v->body;
        answer->body_len = v->body_len;
        answer->etag = v->etag;
    }
}

/* What is the same where a fetch that was right needn't be made again so soon:
 * policy, certificate, who judges. */
static const char *fetch_key(const fetch_job *job, const char *address)
{
    const mtasts_live_site *l = job->l;
    const mtasts_config *cfg = mtasts_config_of(l->site->served->server);
    apr_uint64_t certs = 0, digest;
    mtasts_vhost_tls vhost;
    mtasts_answer answer;
    apr_size_t i;

    answer_of(job, &answer);
    if (own_certs(job, &vhost)) {
        for (i = 0; i < vhost.ncerts; i++) {
            memcpy(&digest, vhost.certs[i].digest, sizeof(digest));
            certs = certs * 31 + digest;
        }
    }
    return apr_psprintf(job->live->pool,
                        "fetch %s %s %d %s %" APR_UINT64_T_HEX_FMT
                        " %" APR_UINT64_T_HEX_FMT,
                        l->site->name->value, address, cfg->probe_host,
                        answer.etag, certs, job->live->roots_mark);
}

static int worse_than_info(const apr_array_header_t *notes, int from)
{
    while (from < notes->nelts &&
           APR_ARRAY_IDX(notes, from, mtasts_note).severity == MTASTS_INFO) {
        from++;
    }
    return from < notes->nelts;
}

static void keep_tried(mtasts_live_site *l, const char *address,
                       const mtasts_probe *probe, int same)
{
    mtasts_live_tried *t = apr_array_push(l->tried);

    apr_cpystrn(t->address, address, sizeof(t->address));
    t->remembered = !probe;
    t->result = probe ? probe->result : MTASTS_PROBE_OK;
    t->has_cert = !probe || probe->has_cert;
    t->same = same;
}

/* One that was not right takes back that it was right a short while ago. */
static void remember_fetch(const fetch_job *job, const char *address, int right)
{
    mtasts_seen *seen = job->live->options->seen;
    const char *key = fetch_key(job, address);

    if (right) {
        mtasts_seen_mark(seen, key, apr_time_now());
    }
    else {
        mtasts_seen_unmark(seen, key);
    }
}

static void fetch_done(void *ctx, const mtasts_fetch *fetch)
{
    fetch_job *job = ctx;
    mtasts_live_site *l = job->l;
    mtasts_fetch_wanted wanted = {NULL, 0, NULL, NULL, NULL, 0};
    mtasts_answer answer;
    mtasts_seen *seen = job->live->options->seen;
    char txt_id[MTASTS_ID_SIZE];
    mtasts_vhost_tls vhost;
    int from = l->notes->nelts, same;

    answer_of(job, &answer);
    wanted.body = answer.body;
    wanted.body_len = answer.body_len;
    wanted.id = answer.id;
    wanted.now = apr_time_sec(job->live->now);
    if (mtasts_dns_txt_id(l->facts->txt, txt_id)) {
        wanted.txt_id = txt_id;
    }
    if (own_certs(job, &vhost)) {
        wanted.vhost = &vhost;
    }
    mtasts_fetch_check(&wanted, fetch, mtasts_keep, l->notes);
    same = mtasts_fetch_same(&wanted, fetch);
    l->fetched++;
    l->same += (unsigned)same;
    keep_tried(l, fetch->probe.address, &fetch->probe, same);
    if (!same) {
        mtasts_live_saw_other(job->live, l, fetch);
    }
    if (seen) {
        remember_fetch(job, fetch->probe.address,
                       same && !worse_than_info(l->notes, from));
    }
    if (l->fetches) {
        mtasts_live_fetch *kept = apr_array_push(l->fetches);

        kept->fetch = *fetch;
        kept->fetch.body = NULL;
        kept->same = same;
    }
}

typedef struct {
    mtasts_probe_run *run;
    fetch_job *job;
    const char *host;
    unsigned port;
} fetch_adding;

/* What is to be published must have been fetched just now. */
static int is_published(const fetch_job *job)
{
    mtasts_answer answer;
    char id[MTASTS_ID_SIZE];

    answer_of(job, &answer);
    return mtasts_dns_txt_id(job->l->facts->txt, id) && !strcmp(id, answer.id);
}

static int add_fetch(void *ctx, const char *address)
{
    const fetch_adding *a = ctx;
    mtasts_live *live = a->job->live;

    /* Not in the first run after a start or reload, whatever was changed; unless
     * so many would be fetched that often reloads would be felt. */
    if (live->options->seen &&
        (live->options->again || live->sites->nelts > AFRESH_MAX) &&
        is_published(a->job) &&
        mtasts_seen_marked(live->options->seen, fetch_key(a->job, address),
                           live->now)) {
        a->job->l->fetched++;
        a->job->l->same++;
        keep_tried(a->job->l, address, NULL, 1);
        return 1;
    }
    return mtasts_probe_fetch(a->run, a->host, address, a->port, fetch_done,
                              a->job);
}

static void add_fetches(mtasts_live *live, mtasts_probe_run *run,
                        mtasts_live_site *l)
{
    fetch_adding a = {run, apr_palloc(live->pool, sizeof(*a.job)),
                      l->facts->policy_host.name, 0};

    a.port = (unsigned)mtasts_config_of(l->site->served->server)->probe_host;
    a.job->live = live;
    a.job->l = l;
    l->tried = apr_array_make(live->pool, 2, sizeof(mtasts_live_tried));
    if (live->options->keep_fetches) {
        l->fetches = apr_array_make(live->pool, 2, sizeof(mtasts_live_fetch));
    }
    mtasts_live_each_address(&l->facts->policy_host, add_fetch, &a);
}

/* --- all --- */

/* By what name this machine says hello to MX hosts, some of which turn away who
 * has none. */
static const char *own_name(const mtasts_live *live)
{
    const char *name = live->main_server->server_hostname;
    char parsed[MTASTS_NAME_SIZE];
    mtasts_finding why;
    char *host;

    if (name && strchr(name, '.') &&
        mtasts_mx_pattern_parse(name, parsed, &why)) {
        return name;
    }
    host = apr_palloc(live->pool, APRMAXHOSTLEN + 1);
    return apr_gethostname(host, APRMAXHOSTLEN + 1, live->pool) ==
                       APR_SUCCESS &&
                   mtasts_mx_pattern_parse(host, parsed, &why)
               ? host
               : "localhost";
}

static mtasts_probe_run *run_make(mtasts_live *live)
{
    const mtasts_live_options *o = live->options;
    const mtasts_config *cfg = mtasts_config_of(live->main_server);
    mtasts_probe_options p = {0};
    const char *error;
    mtasts_probe_run *run;

    p.timeout_ms = mtasts_live_left(live);
    /* A port that is closed without a word must not use up all of a short run;
     * but if there is next to no time, that is what is said. */
    p.connect_ms =
        p.timeout_ms / 2 < CONNECT_MS ? p.timeout_ms / 2 : CONNECT_MS;
    p.connect_ms =
        p.connect_ms < CONNECT_MS_MIN ? CONNECT_MS_MIN : p.connect_ms;
    p.mx_ms = MX_MS;
    p.fetch_ms = FETCH_MS;
    p.connections = (unsigned)cfg->probe_concurrency;
    p.helo = own_name(live);
    p.roots = live->roots;
    p.now = apr_time_sec(live->now);
    p.stop = o->stop;
    p.stop_ctx = o->stop_ctx;
    run = mtasts_probe_new(&p, &error);
    if (!run) {
        ap_log_error(
            APLOG_MARK, APLOG_NOERRNO | APLOG_WARNING, 0, live->main_server,
            "mtasts: no check of MX hosts and public fetch: %s", error);
    }
    return run;
}

/* Is it us?  So it looks if nobody could be connected to, though there was time
 * for most.  A few domains alone don't tell. */
static void find_nobody(mtasts_live *live)
{
    unsigned failed = 0, late = 0;
    apr_hash_index_t *i;
    void *entry;

    for (i = apr_hash_first(live->pool, live->mx); i; i = apr_hash_next(i)) {
        const mtasts_probe *probe;

        apr_hash_this(i, NULL, NULL, &entry);
        probe = &((mx_entry *)entry)->probe;
        if (probe->connected) {
            return;
        }
        failed += !probe->time_up;
        late += probe->time_up != 0;
    }
    live->mx_nobody = failed > late && !live->options->only;
}

/* What strict holds back entirely can't be fetched. */
static int serves_any(const mtasts_live *live, const mtasts_site *site)
{
    mtasts_answer answer;

    return !live->options->running || mtasts_released_answer(site, &answer);
}

void mtasts_live_probe(mtasts_live *live)
{
    mtasts_probe_run *run = run_make(live);
    int i;

    if (!run) {
        return;
    }
    for (i = 0; i < live->sites->nelts; i++) {
        mtasts_live_site *l = mtasts_live_at(live, i);
        const server_rec *s = l->site->served->server;
        unsigned looks = mtasts_live_looks(live->options, s);

        if (l->facts && looks & MTASTS_LOOK_MX) {
            add_mx_hosts(live, run, l);
        }
        if (l->facts && looks & MTASTS_LOOK_FETCH && !l->repeats &&
            serves_any(live, l->site)) {
            add_fetches(live, run, l);
        }
    }
    mtasts_probe_go(run);
    mtasts_probe_free(run);
    find_nobody(live);
}

static void check_dane(mtasts_live_site *l, const mtasts_dns_host *host)
{
    if (host->tlsa && host->tlsa->status == MTASTS_DNS_OK) {
        mtasts_dane_check(host->name, mtasts_keep, l->notes);
    }
}

void mtasts_live_mx_check(const mtasts_live *live, const mtasts_live_site *l,
                          mtasts_mode mode, apr_array_header_t *notes)
{
    mtasts_mx_asked asked = {mode, 0, 0, live->mx_nobody,
                             apr_time_sec(live->now)};
    int j;

    for (j = 0; j < l->mx->nelts; j++) {
        const mtasts_live_mx *one = &APR_ARRAY_IDX(l->mx, j, mtasts_live_mx);

        asked.backup = one->backup;
        asked.implicit = one->implicit;
        mtasts_mx_check(&asked, one->probe, mtasts_keep, notes);
    }
}

static void check_mx(const mtasts_live *live, mtasts_live_site *l)
{
    const mtasts_dns_answer *mx = l->facts->mx;
    mtasts_mx_asked asked = {mtasts_site_version(l->site)->policy.mode, 0, 0,
                             live->mx_nobody, apr_time_sec(live->now)};
    int from = l->notes->nelts, j;
    size_t i;

    mtasts_live_mx_check(live, l, asked.mode, l->notes);
    for (i = 0; i < mx->nmx; i++) {
        check_dane(l, &l->facts->mx_hosts[i]);
    }
    if (l->facts->own_host) {
        check_dane(l, l->facts->own_host);
    }
    mtasts_notes_about(l->notes, from, MTASTS_ABOUT_MX);
    for (j = 0; j < l->mx->nelts; j++) {
        const mtasts_live_mx *one = &APR_ARRAY_IDX(l->mx, j, mtasts_live_mx);

        asked.backup = one->backup;
        asked.implicit = one->implicit;
        mtasts_live_cached_tls_check(live, l, &asked, one->probe);
    }
}

void mtasts_live_tls_check(const mtasts_live *live, mtasts_live_site *l)
{
    int from = l->notes->nelts;
    char host[MTASTS_NAME_SIZE];
    mtasts_vhost_tls tls;

    if (mtasts_live_vhost_tls(live, l->site, &tls)) {
        apr_snprintf(host, sizeof(host), MTASTS_HOST_PREFIX "%s",
                     l->site->name->value);
        mtasts_vhost_check(host, &tls, apr_time_sec(live->now), mtasts_keep,
                           l->notes);
        mtasts_notes_about(l->notes, from, MTASTS_ABOUT_VHOST);
    }
    if (l->mx) {
        check_mx(live, l);
    }
}
