/* Preloaded into httpd: to mod_mtasts, and nobody else, the system gives no shared
 * memory. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <apr_shm.h>

#include <dlfcn.h>
#include <string.h>

APR_DECLARE(apr_status_t)
apr_shm_create(apr_shm_t **m, apr_size_t size, const char *name, apr_pool_t *p)
{
    apr_status_t (*real)(apr_shm_t **, apr_size_t, const char *, apr_pool_t *) =
        (apr_status_t(*)(apr_shm_t **, apr_size_t, const char *,
                         apr_pool_t *))dlsym(RTLD_NEXT, "apr_shm_create");
    Dl_info by;

    if (dladdr(__builtin_return_address(0), &by) &&
        strstr(by.dli_fname, "mod_mtasts")) {
        return APR_ENOMEM;
    }
    return real(m, size, name, p);
}
