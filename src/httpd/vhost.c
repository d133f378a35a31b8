#include "vhost.h"

#include "ap_listen.h"
#include "util_cfgtree.h"

struct mtasts_vhosts {
    apr_pool_t *pool;
    const server_rec *main_server;
    int tls_default;   /* the main server's; -1 if it says nothing */
    apr_hash_t *tls;   /* "file:line" of <VirtualHost> -> "on" or "off" */
    apr_hash_t *first; /* address:port -> its first virtual host */
    apr_hash_t *names; /* the names of `names_of`, lower case */
    const server_rec *names_of;
};

static const char *position(apr_pool_t *p, const char *file, unsigned line)
{
    return apr_psprintf(p, "%s:%u", file, line);
}

/* What the directives below `d` say of TLS: 1, 0, or -1 for nothing.  The
 * last one counts, as in httpd. */
static int tls_below(const ap_directive_t *d)
{
    int tls = -1;

    for (; d; d = d->next) {
        if (!ap_cstr_casecmp(d->directive, "SSLEngine") ||
            !ap_cstr_casecmp(d->directive, "GnuTLSEnable") ||
            !ap_cstr_casecmp(d->directive, "NSSEngine")) {
            tls = !!ap_cstr_casecmp(d->args, "off");
        }
    }
    return tls;
}

static void read_tree(mtasts_vhosts *v)
{
    const ap_directive_t *d;

    v->tls_default = tls_below(ap_conftree);
    for (d = ap_conftree; d; d = d->next) {
        int tls;

        if (ap_cstr_casecmp(d->directive, "<VirtualHost") ||
            (tls = tls_below(d->first_child)) < 0) {
            continue;
        }
        apr_hash_set(v->tls,
                     position(v->pool, d->filename, (unsigned)d->line_num),
                     APR_HASH_KEY_STRING, tls ? "on" : "off");
    }
}

apr_array_header_t *mtasts_servers(apr_pool_t *p, server_rec *main_server)
{
    apr_array_header_t *servers;
    server_rec *s;
    int n = 1;

    for (s = main_server->next; s; s = s->next) {
        n++;
    }
    servers = apr_array_make(p, n, sizeof(server_rec *));
    servers->nelts = n;
    APR_ARRAY_IDX(servers, 0, server_rec *) = main_server;
    for (s = main_server->next; s; s = s->next) {
        APR_ARRAY_IDX(servers, --n, server_rec *) = s;
    }
    return servers;
}

mtasts_vhosts *mtasts_vhosts_read(apr_pool_t *p, server_rec *main_server)
{
    mtasts_vhosts *v = apr_pcalloc(p, sizeof(*v));
    server_rec *s;
    const server_addr_rec *a;

    v->pool = p;
    v->main_server = main_server;
    v->tls = apr_hash_make(p);
    v->first = apr_hash_make(p);
    read_tree(v);
    for (s = main_server->next; s; s = s->next) {
        for (a = s->addrs; a; a = a->next) {
            /* The list has the last one first: the first one stays. */
            apr_hash_set(v->first, mtasts_vhost_address(p, a),
                         APR_HASH_KEY_STRING, s);
        }
    }
    return v;
}

/* mod_ssl turns itself on behind a Listen that says https, which is the
 * default for port 443, unless SSLEngine says otherwise. */
static int listens_https(const server_rec *s)
{
    const server_addr_rec *a;
    const ap_listen_rec *l;

    if (!ap_find_linked_module("mod_ssl.c")) {
        return 0;
    }
    for (l = ap_listeners; l; l = l->next) {
        if (!l->protocol || strcmp(l->protocol, "https")) {
            continue;
        }
        for (a = s->addrs; a; a = a->next) {
            if (a->host_port == 0 || a->host_port == l->bind_addr->port) {
                return 1;
            }
        }
    }
    return 0;
}

int mtasts_vhost_has_tls(const mtasts_vhosts *v, const server_rec *s)
{
    if (s != v->main_server && s->defn_name) {
        const char *tls = apr_hash_get(
            v->tls, position(v->pool, s->defn_name, s->defn_line_number),
            APR_HASH_KEY_STRING);

        if (tls) {
            return !strcmp(tls, "on");
        }
    }
    return v->tls_default >= 0 ? v->tls_default : listens_https(s);
}

static char *lower(apr_pool_t *p, const char *s)
{
    char *copy = apr_pstrdup(p, s);

    ap_str_tolower(copy);
    return copy;
}

/* A hash, as a virtual host may have a hundred thousand names and be asked
 * for each of them. */
static void index_names(mtasts_vhosts *v, const server_rec *s)
{
    int i;

    v->names = apr_hash_make(v->pool);
    v->names_of = s;
    if (s->server_hostname) {
        apr_hash_set(v->names, lower(v->pool, s->server_hostname),
                     APR_HASH_KEY_STRING, s);
    }
    for (i = 0; s->names && i < s->names->nelts; i++) {
        apr_hash_set(v->names,
                     lower(v->pool, APR_ARRAY_IDX(s->names, i, const char *)),
                     APR_HASH_KEY_STRING, s);
    }
}

int mtasts_vhost_reached_by(mtasts_vhosts *v, server_rec *s, const char *host)
{
    const server_addr_rec *a;
    int i;

    if (s == v->main_server) {
        return 1;
    }
    if (v->names_of != s) {
        index_names(v, s);
    }
    if (apr_hash_get(v->names, host, APR_HASH_KEY_STRING)) {
        return 1;
    }
    for (i = 0; s->wild_names && i < s->wild_names->nelts; i++) {
        if (!ap_strcasecmp_match(
                host, APR_ARRAY_IDX(s->wild_names, i, const char *))) {
            return 1;
        }
    }
    for (a = s->addrs; a; a = a->next) {
        if (apr_hash_get(v->first, mtasts_vhost_address(v->pool, a),
                         APR_HASH_KEY_STRING) == s) {
            return 1;
        }
    }
    return 0;
}

const char *mtasts_vhost_name(apr_pool_t *p, const server_rec *s)
{
    unsigned port = s->port;

    if (!port && s->addrs) {
        port = s->addrs->host_port;
    }
    if (!port) {
        return s->server_hostname;
    }
    return apr_psprintf(p, "%s:%u", s->server_hostname, port);
}

const char *mtasts_vhost_address(apr_pool_t *p, const server_addr_rec *a)
{
    char *ip;

    if (!strcmp(a->virthost, "*") ||
        !ap_cstr_casecmp(a->virthost, "_default_") ||
        apr_sockaddr_ip_get(&ip, a->host_addr) != APR_SUCCESS) {
        ip = "*";
    }
    return apr_psprintf(p, strchr(ip, ':') ? "[%s]:%u" : "%s:%u", ip,
                        (unsigned)a->host_port);
}

mtasts_place mtasts_vhost_place(const server_rec *s)
{
    mtasts_place place = {s->defn_name, (int)s->defn_line_number};

    return place;
}
