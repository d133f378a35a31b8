#include "vhost.h"

#include "ap_listen.h"
#include "util_cfgtree.h"

/* What the directives of one section say. */
typedef struct {
    int tls;                   /* 1, 0, or -1 for nothing */
    apr_array_header_t *certs; /* of SSLCertificateFile, or NULL */
    const char *chain;         /* of SSLCertificateChainFile, or NULL */
} section;

/* Sections at one position: a file that is included twice has its virtual
 * hosts twice. */
typedef struct {
    apr_array_header_t *sections; /* section, in configured order */
    int taken;
} position;

/* The virtual hosts on one address and port, as httpd chooses among them. */
typedef struct {
    const server_rec *first;       /* takes what no name matches */
    apr_hash_t *names;             /* lower case -> choice * of the first */
    apr_array_header_t *wildcards; /* choice, in configured order */
} chain;

typedef struct {
    int order; /* of the virtual host in the configuration */
    const server_rec *server;
    const char *pattern;
} choice;

struct mtasts_vhosts {
    apr_pool_t *pool;
    const apr_array_header_t *servers;
    section main_section;
    apr_hash_t *sections; /* &server_rec -> section * */
    apr_hash_t *chains;   /* "address:port" -> chain *; NULL before it's used */
    int own_only;         /* those on all addresses are not among them */
    const server_rec *asked;          /* the server last asked about, and */
    apr_array_header_t *asked_chains; /* chain *, one per address of it */
};

/* --- addresses --- */

static int is_any(const apr_sockaddr_t *sa)
{
    static const char zero[16];

    return !memcmp(sa->ipaddr_ptr, zero, (size_t)sa->ipaddr_len);
}

const char *mtasts_address_text(apr_pool_t *p, const char *ip, unsigned port)
{
    return apr_psprintf(p, strchr(ip, ':') ? "[%s]:%u" : "%s:%u", ip, port);
}

/* With "*" for all addresses. */
static const char *address_text(apr_pool_t *p, const server_addr_rec *a)
{
    char *ip;

    if (is_any(a->host_addr) ||
        apr_sockaddr_ip_get(&ip, a->host_addr) != APR_SUCCESS) {
        ip = "*";
    }
    return mtasts_address_text(p, ip, a->host_port);
}

static int same_address(const server_addr_rec *x, const server_addr_rec *y)
{
    return x->host_port == y->host_port &&
           ((is_any(x->host_addr) && is_any(y->host_addr)) ||
            apr_sockaddr_equal(x->host_addr, y->host_addr));
}

const char *mtasts_vhost_common_address(apr_pool_t *p, const server_rec *a,
                                        const server_rec *b)
{
    const server_addr_rec *x, *y;

    /* The main server's own list of addresses says nothing here. */
    if (!a->is_virtual || !b->is_virtual) {
        return NULL;
    }
    for (x = a->addrs; x; x = x->next) {
        for (y = b->addrs; y; y = y->next) {
            if (same_address(x, y)) {
                return address_text(p, x);
            }
        }
    }
    return NULL;
}

/* --- TLS --- */

static const char *first_word(apr_pool_t *p, const ap_directive_t *d)
{
    const char *args = d->args;

    return ap_getword_conf(p, &args);
}

/* NULL if it is none: mod_ssl takes keys from a token, too. */
static const char *file_word(apr_pool_t *p, const ap_directive_t *d)
{
    const char *word = first_word(p, d);

    return strncmp(word, "pkcs11:", 7) ? ap_server_root_relative(p, word)
                                       : NULL;
}

/* The last directive counts, as in httpd; of certificates, each. */
static section read_section(apr_pool_t *p, const ap_directive_t *d)
{
    section s = {-1, NULL, NULL};

    for (; d; d = d->next) {
        if (!ap_cstr_casecmp(d->directive, "SSLEngine") ||
            !ap_cstr_casecmp(d->directive, "GnuTLSEnable") ||
            !ap_cstr_casecmp(d->directive, "NSSEngine")) {
            s.tls = !!ap_cstr_casecmp(first_word(p, d), "off");
        }
        else if (!ap_cstr_casecmp(d->directive, "SSLCertificateFile")) {
            if (!s.certs) {
                s.certs = apr_array_make(p, 1, sizeof(const char *));
            }
            APR_ARRAY_PUSH(s.certs, const char *) = file_word(p, d);
        }
        else if (!ap_cstr_casecmp(d->directive, "SSLCertificateChainFile")) {
            s.chain = file_word(p, d);
        }
    }
    return s;
}

static const char *position_key(apr_pool_t *p, const char *file, unsigned line)
{
    return apr_psprintf(p, "%s:%u", file, line);
}

/* All <VirtualHost> sections: position -> position *. */
static apr_hash_t *read_positions(apr_pool_t *p)
{
    apr_hash_t *positions = apr_hash_make(p);
    const ap_directive_t *d;

    for (d = ap_conftree; d; d = d->next) {
        const char *key;
        position *at;

        if (ap_cstr_casecmp(d->directive, "<VirtualHost")) {
            continue;
        }
        key = position_key(p, d->filename, (unsigned)d->line_num);
        at = apr_hash_get(positions, key, APR_HASH_KEY_STRING);
        if (!at) {
            at = apr_pcalloc(p, sizeof(*at));
            at->sections = apr_array_make(p, 1, sizeof(section));
            apr_hash_set(positions, key, APR_HASH_KEY_STRING, at);
        }
        APR_ARRAY_PUSH(at->sections, section) = read_section(p, d->first_child);
    }
    return positions;
}

static void read_sections(mtasts_vhosts *v)
{
    apr_hash_t *positions = read_positions(v->pool);
    int i;

    v->sections = apr_hash_make(v->pool);
    v->main_section = read_section(v->pool, ap_conftree);
    for (i = 1; i < v->servers->nelts; i++) {
        server_rec **s = &APR_ARRAY_IDX(v->servers, i, server_rec *);
        position *at = (*s)->defn_name
                           ? apr_hash_get(positions,
                                          position_key(v->pool, (*s)->defn_name,
                                                       (*s)->defn_line_number),
                                          APR_HASH_KEY_STRING)
                           : NULL;

        if (at && at->taken < at->sections->nelts) {
            apr_hash_set(v->sections, s, sizeof(*s),
                         &APR_ARRAY_IDX(at->sections, at->taken++, section));
        }
    }
}

/* mod_ssl turns itself on for a server with a certificate behind a Listen
 * that says https, which is the default for port 443. */
static int listens_https(const server_rec *s)
{
    const server_addr_rec *a;
    const ap_listen_rec *l;

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
    const section *own = apr_hash_get(v->sections, &s, sizeof(s));

    if (own && own->tls >= 0) {
        return own->tls;
    }
    if (v->main_section.tls >= 0) {
        return v->main_section.tls;
    }
    return ((own && own->certs) || v->main_section.certs) && listens_https(s);
}

const apr_array_header_t *mtasts_vhost_cert_files(const mtasts_vhosts *v,
                                                  const server_rec *s,
                                                  const char **chain_file)
{
    const section *own = apr_hash_get(v->sections, &s, sizeof(s));

    *chain_file = own && own->chain ? own->chain : v->main_section.chain;
    return own && own->certs ? own->certs : v->main_section.certs;
}

/* --- names --- */

static void add_name(mtasts_vhosts *v, chain *c, const choice *who,
                     const char *name)
{
    char *key = apr_pstrdup(v->pool, name);

    ap_str_tolower(key);
    if (!apr_hash_get(c->names, key, APR_HASH_KEY_STRING)) {
        apr_hash_set(c->names, key, APR_HASH_KEY_STRING, who);
    }
}

static void add_to_chain(mtasts_vhosts *v, chain *c, int order,
                         const server_rec *s)
{
    choice *who = apr_palloc(v->pool, sizeof(*who));
    int i;

    who->order = order;
    who->server = s;
    who->pattern = NULL;
    add_name(v, c, who, s->server_hostname);
    for (i = 0; s->names && i < s->names->nelts; i++) {
        add_name(v, c, who, APR_ARRAY_IDX(s->names, i, const char *));
    }
    for (i = 0; s->wild_names && i < s->wild_names->nelts; i++) {
        choice *wild = apr_array_push(c->wildcards);

        *wild = *who;
        wild->pattern = APR_ARRAY_IDX(s->wild_names, i, const char *);
    }
}

static chain *chain_of(mtasts_vhosts *v, const server_addr_rec *a,
                       const server_rec *s)
{
    const char *key = address_text(v->pool, a);
    chain *c = apr_hash_get(v->chains, key, APR_HASH_KEY_STRING);

    if (!c) {
        c = apr_palloc(v->pool, sizeof(*c));
        c->first = s;
        c->names = apr_hash_make(v->pool);
        c->wildcards = apr_array_make(v->pool, 1, sizeof(choice));
        apr_hash_set(v->chains, key, APR_HASH_KEY_STRING, c);
    }
    return c;
}

/* Hashes, as there may be a hundred thousand names and a question for each. */
static void read_chains(mtasts_vhosts *v)
{
    const server_addr_rec *a;
    int i;

    v->chains = apr_hash_make(v->pool);
    for (i = 1; i < v->servers->nelts; i++) {
        const server_rec *s = APR_ARRAY_IDX(v->servers, i, server_rec *);

        for (a = s->addrs; a; a = a->next) {
            if (!v->own_only || !is_any(a->host_addr)) {
                add_to_chain(v, chain_of(v, a, s), i, s);
            }
        }
    }
}

static const server_rec *choose(const chain *c, const char *host)
{
    const choice *exact = apr_hash_get(c->names, host, APR_HASH_KEY_STRING);
    int i;

    for (i = 0; i < c->wildcards->nelts; i++) {
        const choice *wild = &APR_ARRAY_IDX(c->wildcards, i, choice);

        if (exact && exact->order <= wild->order) {
            break;
        }
        if (!ap_strcasecmp_match(host, wild->pattern)) {
            return wild->server;
        }
    }
    return exact ? exact->server : c->first;
}

static void find_chains(mtasts_vhosts *v, const server_rec *s)
{
    const server_addr_rec *a;

    if (!v->chains) {
        read_chains(v);
    }
    v->asked = s;
    v->asked_chains = apr_array_make(v->pool, 2, sizeof(const chain *));
    for (a = s->is_virtual ? s->addrs : NULL; a; a = a->next) {
        APR_ARRAY_PUSH(v->asked_chains, const chain *) = apr_hash_get(
            v->chains, address_text(v->pool, a), APR_HASH_KEY_STRING);
    }
}

const server_rec *mtasts_vhost_instead(mtasts_vhosts *v, const server_rec *s,
                                       const char *host)
{
    int i;

    if (v->asked != s) {
        find_chains(v, s);
    }
    for (i = 0; i < v->asked_chains->nelts; i++) {
        const server_rec *chosen =
            choose(APR_ARRAY_IDX(v->asked_chains, i, const chain *), host);

        if (chosen != s) {
            return chosen;
        }
    }
    return NULL;
}

/* Also if `s` has all ports there. */
static int is_on(apr_pool_t *p, const server_rec *s, const char *ip,
                 unsigned port)
{
    const char *at = mtasts_address_text(p, ip, port);
    const char *at_all = mtasts_address_text(p, ip, 0);
    const server_addr_rec *a;

    for (a = s->is_virtual ? s->addrs : NULL; a; a = a->next) {
        const char *text = address_text(p, a);

        if (!strcmp(text, at) || !strcmp(text, at_all)) {
            return 1;
        }
    }
    return 0;
}

/* The main server is asked wherever no virtual host is. */
static int has_port(const server_rec *s, unsigned port)
{
    const server_addr_rec *a;

    for (a = s->is_virtual ? s->addrs : NULL; a; a = a->next) {
        if (a->host_port == port || !a->host_port) {
            return 1;
        }
    }
    return !s->is_virtual;
}

/* As httpd does: those on this port before those on all. */
const server_rec *mtasts_vhost_at(const mtasts_vhosts *v, const server_rec *s,
                                  const char *ip, unsigned port,
                                  const char *host)
{
    apr_hash_t *chains = v->chains;
    const chain *c;

    if (!apr_hash_count(chains) || !has_port(s, port)) {
        return NULL;
    }
    c = apr_hash_get(chains, mtasts_address_text(v->pool, ip, port),
                     APR_HASH_KEY_STRING);
    if (!c) {
        c = apr_hash_get(chains, mtasts_address_text(v->pool, ip, 0),
                         APR_HASH_KEY_STRING);
    }
    return c && !is_on(v->pool, s, ip, port) ? choose(c, host) : NULL;
}

mtasts_vhosts *mtasts_vhosts_on_addresses(apr_pool_t *p,
                                          const apr_array_header_t *servers)
{
    mtasts_vhosts *v = apr_pcalloc(p, sizeof(*v));

    v->pool = p;
    v->servers = servers;
    v->own_only = 1;
    read_chains(v);
    return v;
}

/* --- all --- */

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

mtasts_vhosts *mtasts_vhosts_read(apr_pool_t *p,
                                  const apr_array_header_t *servers)
{
    mtasts_vhosts *v = apr_pcalloc(p, sizeof(*v));

    v->pool = p;
    v->servers = servers;
    read_sections(v);
    return v;
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

mtasts_place mtasts_vhost_place(const server_rec *s)
{
    mtasts_place place = {s->defn_name, (int)s->defn_line_number};

    return place;
}
