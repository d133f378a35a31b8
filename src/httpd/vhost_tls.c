#include "vhost_tls.h"
#include "../net/cert.h"

#include "apr_optional_hooks.h"
#include "mod_ssl.h"

#include <openssl/ssl.h>

/* As mod_ssl_openssl.h has it, which not every distribution's headers do. */
/* cppcheck-suppress unknownMacro */
APR_DECLARE_EXTERNAL_HOOK(ssl, SSL, int, init_server,
                          (server_rec * s, apr_pool_t *p, int is_proxy,
                           SSL_CTX *ctx))

static apr_status_t free_certs(void *certs)
{
    mtasts_certs_free(certs);
    return APR_SUCCESS;
}

static void keep(apr_pool_t *p, mtasts_certs *certs)
{
    if (certs) {
        apr_pool_cleanup_register(p, certs, free_certs, apr_pool_cleanup_null);
    }
}

static int init_server(server_rec *s, apr_pool_t *p, int is_proxy, SSL_CTX *ctx)
{
    mtasts_config *cfg = mtasts_config_of(s);

    if (!is_proxy && cfg->served && cfg->check != MTASTS_CHECK_OFF) {
        cfg->certs = mtasts_certs_of_ctx(ctx);
        keep(p, cfg->certs);
    }
    return OK;
}

void mtasts_vhost_tls_register(void)
{
    APR_OPTIONAL_HOOK(ssl, init_server, init_server, NULL, NULL,
                      APR_HOOK_MIDDLE);
}

/* One of all that have the same files. */
static mtasts_certs *read_files(apr_pool_t *p, apr_hash_t *known,
                                const apr_array_header_t *files,
                                const char *chain)
{
    const char **names =
        apr_palloc(p, (apr_size_t)files->nelts * sizeof(*names));
    const char *key = chain ? chain : "";
    mtasts_certs *certs;
    apr_size_t n = 0;
    int i;

    for (i = 0; i < files->nelts; i++) {
        names[n] = APR_ARRAY_IDX(files, i, const char *);
        if (names[n]) {
            key = apr_pstrcat(p, key, "\n", names[n++], NULL);
        }
    }
    certs = apr_hash_get(known, key, APR_HASH_KEY_STRING);
    if (!certs && n) {
        certs = mtasts_certs_of_files(names, n, chain);
        keep(p, certs);
        apr_hash_set(known, key, APR_HASH_KEY_STRING, certs);
    }
    return certs;
}

void mtasts_vhost_tls_read(apr_pool_t *p, const apr_array_header_t *servers)
{
    mtasts_vhosts *vhosts = mtasts_vhosts_read(p, servers);
    apr_hash_t *known = apr_hash_make(p);
    int i;

    for (i = 0; i < servers->nelts; i++) {
        server_rec *s = APR_ARRAY_IDX(servers, i, server_rec *);
        mtasts_config *cfg = mtasts_config_of(s);
        const apr_array_header_t *files;
        const char *chain;

        if (!cfg->served || !cfg->served->tls ||
            cfg->check == MTASTS_CHECK_OFF) {
            continue;
        }
        files = mtasts_vhost_cert_files(vhosts, s, &chain);
        if (files) {
            cfg->certs = read_files(p, known, files, chain);
        }
    }
}
