/* What was seen of the TLS of a site, for both dumps. */

#include "dump.h"

#include <stdio.h>

#include <jansson.h>

/* --- text --- */

static const char *date(apr_pool_t *p, apr_int64_t seconds)
{
    char *t = mtasts_dump_time(p, seconds);

    t[10] = '\0';
    return t;
}

static const char *cert_text(apr_pool_t *p, const mtasts_cert_facts *cert)
{
    int expired = cert->not_after < apr_time_sec(apr_time_now());

    return apr_psprintf(p, "%s%s %s, chain %s",
                        cert->name_matches ? "" : "NOT for this name, ",
                        expired ? "EXPIRED" : "until", date(p, cert->not_after),
                        mtasts_chain_name(cert->chain));
}

static void print_vhost(apr_pool_t *p, const mtasts_vhost_tls *tls)
{
    size_t i;

    for (i = 0; i < tls->ncerts; i++) {
        const mtasts_cert_facts *cert = &tls->certs[i];
        const char *name = mtasts_dump_name(cert, NULL);

        printf("  certificate  %s", cert_text(p, cert));
        if (name) {
            printf(", for %s", name);
            name = mtasts_dump_name(cert, name);
        }
        printf("%s\n", name ? ", ..." : "");
    }
}

static void print_probe(apr_pool_t *p, const char *label,
                        const mtasts_probe *probe, const char *more)
{
    printf("  %-12s %s [%s]: ", label, probe->host, probe->address);
    if (probe->result != MTASTS_PROBE_OK) {
        printf("%s", mtasts_probe_result_name(probe->result));
    }
    else {
        printf("%s%s", probe->protocol, more);
    }
    printf("%s%s\n", probe->has_cert ? ", certificate " : "",
           probe->has_cert ? cert_text(p, &probe->cert) : "");
}

void mtasts_dump_text_tls(apr_pool_t *p, const mtasts_live *live,
                          const mtasts_live_site *l)
{
    const mtasts_config *cfg = mtasts_config_of(l->site->served->server);
    mtasts_vhost_tls tls;
    int i;

    if (mtasts_live_vhost_tls(live, l->site, &tls)) {
        print_vhost(p, &tls);
    }
    if (!cfg->probe_mx) {
        printf("  MX hosts     not tried (MTASTSProbeMX Off)\n");
    }
    if (!cfg->probe_host && ap_exists_config_define("DUMP_MTASTS_FETCH")) {
        printf("  fetched from nowhere (MTASTSProbeHost Off)\n");
    }
    for (i = 0; l->mx && !l->repeats && i < l->mx->nelts; i++) {
        print_probe(p, "MX host", APR_ARRAY_IDX(l->mx, i, mtasts_live_mx).probe,
                    "");
    }
    for (i = 0; l->fetches && i < l->fetches->nelts; i++) {
        const mtasts_live_fetch *one =
            &APR_ARRAY_IDX(l->fetches, i, mtasts_live_fetch);

        print_probe(p, "fetched from", &one->fetch.probe,
                    apr_psprintf(p, ", status %d, %sthis policy, %u ms",
                                 one->fetch.status, one->same ? "" : "NOT ",
                                 one->fetch.probe.ms));
    }
}

/* --- JSON --- */

/* "" is null: nothing was seen. */
static json_t *string(const char *s)
{
    return *s ? json_string(s) : json_null();
}

/* 1, 0, or -1 for null: not known. */
static json_t *yes_or_no(int b)
{
    return b < 0 ? json_null() : json_boolean(b);
}

/* Adds the members of a certificate; all null without one. */
static void add_cert(apr_pool_t *p, json_t *to, const mtasts_cert_facts *cert)
{
    json_t *names = cert ? json_array() : json_null();
    const char *name = NULL;

    while (cert && (name = mtasts_dump_name(cert, name)) != NULL) {
        json_array_append_new(names, json_string(name));
    }
    json_object_set_new(to, "subject_alt_names", names);
    json_object_set_new(to, "name_matches",
                        cert ? json_boolean(cert->name_matches) : json_null());
    json_object_set_new(
        to, "not_before",
        string(cert ? mtasts_dump_time(p, cert->not_before) : ""));
    json_object_set_new(
        to, "not_after",
        string(cert ? mtasts_dump_time(p, cert->not_after) : ""));
    json_object_set_new(to, "chain",
                        string(cert ? mtasts_chain_name(cert->chain) : ""));
}

static json_t *vhost_json(apr_pool_t *p, const mtasts_live *live,
                          const mtasts_live_site *l)
{
    json_t *vhost, *certs = json_array();
    mtasts_vhost_tls tls;
    size_t i;

    if (!mtasts_live_vhost_tls(live, l->site, &tls)) {
        json_decref(certs);
        return json_null();
    }
    for (i = 0; i < tls.ncerts; i++) {
        json_t *cert = json_object();

        add_cert(p, cert, &tls.certs[i]);
        json_array_append_new(certs, cert);
    }
    vhost = json_object();
    json_object_set_new(vhost, "certificates", certs);
    json_object_set_new(vhost, "tls12", yes_or_no(tls.tls12));
    json_object_set_new(vhost, "tls13", yes_or_no(tls.tls13));
    json_object_set_new(vhost, "unread", string(tls.unread));
    return vhost;
}

static json_t *probe_json(apr_pool_t *p, const mtasts_probe *probe)
{
    json_t *j = json_object();

    json_object_set_new(j, "host", json_string(probe->host));
    json_object_set_new(j, "address", json_string(probe->address));
    json_object_set_new(j, "result",
                        json_string(mtasts_probe_result_name(probe->result)));
    json_object_set_new(j, "why", string(probe->why));
    json_object_set_new(j, "protocol", string(probe->protocol));
    json_object_set_new(j, "cipher", string(probe->cipher));
    json_object_set_new(j, "ms", json_integer(probe->ms));
    add_cert(p, j, probe->has_cert ? &probe->cert : NULL);
    return j;
}

static json_t *fetch_json(apr_pool_t *p, const mtasts_live_fetch *one)
{
    const mtasts_fetch *f = &one->fetch;
    json_t *j = probe_json(p, &f->probe);
    int answered = f->probe.result == MTASTS_PROBE_OK;

    json_object_set_new(j, "status",
                        answered ? json_integer(f->status) : json_null());
    json_object_set_new(j, "same",
                        answered ? json_boolean(one->same) : json_null());
    json_object_set_new(
        j, "local", f->probe.connected ? json_boolean(f->local) : json_null());
    json_object_set_new(j, "tls12", yes_or_no(f->tls12));
    json_object_set_new(j, "tls13", yes_or_no(f->tls13));
    json_object_set_new(j, "location", string(f->location));
    json_object_set_new(j, "content_type", string(f->content_type));
    json_object_set_new(j, "content_encoding", string(f->content_encoding));
    json_object_set_new(j, "etag", string(f->etag));
    json_object_set_new(j, "age", string(f->age));
    json_object_set_new(j, "via", string(f->via));
    json_object_set_new(j, "server", string(f->server));
    json_object_set_new(j, "cf_cache_status", string(f->cf_cache_status));
    return j;
}

json_t *mtasts_dump_json_tls(apr_pool_t *p, const mtasts_live *live,
                             const mtasts_live_site *l)
{
    json_t *mx = json_array(), *fetches = json_array();
    int i;

    for (i = 0; l->mx && i < l->mx->nelts; i++) {
        json_array_append_new(
            mx, probe_json(p, APR_ARRAY_IDX(l->mx, i, mtasts_live_mx).probe));
    }
    for (i = 0; l->fetches && i < l->fetches->nelts; i++) {
        json_array_append_new(
            fetches,
            fetch_json(p, &APR_ARRAY_IDX(l->fetches, i, mtasts_live_fetch)));
    }
    return json_pack("{s:o, s:o, s:o}", "vhost", vhost_json(p, live, l), "mx",
                     mx, "fetch", fetches);
}
