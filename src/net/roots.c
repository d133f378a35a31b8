/* Whom to trust, and certificates from PEM files. */

#include "cert_private.h"

#include "../core/text.h"

#include <dirent.h>
#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define PATH_SHOWN 120

struct mtasts_roots {
    X509_STORE *store;
};

/* --- PEM files --- */

BIO *mtasts_pem_open(const char *file, char why[MTASTS_WHY_SIZE])
{
    char shown[PATH_SHOWN];
    struct stat st;
    BIO *bio;

    mtasts_escape(shown, sizeof(shown), file);
    errno = 0;
    if (!stat(file, &st) && S_ISDIR(st.st_mode)) {
        snprintf(why, MTASTS_WHY_SIZE, "%s is a directory", shown);
        return NULL;
    }
    bio = BIO_new_file(file, "r");
    if (!bio) {
        if (errno == ENOENT) {
            snprintf(why, MTASTS_WHY_SIZE, "there is no file %s", shown);
        }
        else {
            snprintf(why, MTASTS_WHY_SIZE, "%s can't be read: %s", shown,
                     errno ? strerror(errno) : "out of memory");
        }
    }
    ERR_clear_error();
    return bio;
}

X509 *mtasts_pem_next(BIO *bio, int *damaged)
{
    static char no_password[] = ""; /* else OpenSSL asks at the terminal */
    X509 *cert = PEM_read_bio_X509_AUX(bio, NULL, NULL, no_password);
    unsigned long error = ERR_peek_last_error();

    *damaged = !cert && !(ERR_GET_LIB(error) == ERR_LIB_PEM &&
                          ERR_GET_REASON(error) == PEM_R_NO_START_LINE);
    ERR_clear_error();
    return cert;
}

/* --- roots --- */

static int store_add_file(X509_STORE *store, const char *file,
                          char why[MTASTS_WHY_SIZE])
{
    char shown[PATH_SHOWN];
    BIO *bio = mtasts_pem_open(file, why);
    int damaged, n = 0, added = 1;
    X509 *cert;

    if (!bio) {
        return 0;
    }
    while (added && (cert = mtasts_pem_next(bio, &damaged))) {
        added = X509_STORE_add_cert(store, cert);
        X509_free(cert);
        n++;
    }
    BIO_free(bio);
    ERR_clear_error();
    mtasts_escape(shown, sizeof(shown), file);
    if (!added) {
        snprintf(why, MTASTS_WHY_SIZE, "out of memory");
        return 0;
    }
    if (damaged) {
        snprintf(why, MTASTS_WHY_SIZE, "certificate %d in %s is damaged", n + 1,
                 shown);
        return 0;
    }
    if (!n) {
        snprintf(why, MTASTS_WHY_SIZE, "there is no certificate in %s", shown);
    }
    return n > 0;
}

/* As "c_rehash" names them: 8 hexadecimal digits, dot, number. */
static int is_hashed(const char *name)
{
    return strspn(name, "0123456789abcdef") == 8 && name[8] == '.' &&
           name[9] >= '0' && name[9] <= '9';
}

static int dir_has_certs(const char *path)
{
    struct dirent *entry;
    DIR *dir = opendir(path);
    int found = 0;

    if (!dir) {
        return 0;
    }
    while (!found && (entry = readdir(dir))) {
        found = is_hashed(entry->d_name);
    }
    closedir(dir);
    return found;
}

/* OpenSSL looks into the directories later, and says nothing of those that
 * aren't there. */
static int dirs_have_certs(const char *dirs)
{
    char path[1024];

    for (;;) {
        size_t len = strcspn(dirs, ":");

        if (len && len < sizeof(path)) {
            memcpy(path, dirs, len);
            path[len] = '\0';
            if (dir_has_certs(path)) {
                return 1;
            }
        }
        if (!dirs[len]) {
            return 0;
        }
        dirs += len + 1;
    }
}

static int store_add_system(X509_STORE *store, char why[MTASTS_WHY_SIZE])
{
    const char *dirs = getenv(X509_get_default_cert_dir_env());
    int good = X509_STORE_set_default_paths(store);

    ERR_clear_error();
    if (!dirs) {
        dirs = X509_get_default_cert_dir();
    }
    if (good && (sk_X509_OBJECT_num(X509_STORE_get0_objects(store)) > 0 ||
                 dirs_have_certs(dirs))) {
        return 1;
    }
    snprintf(why, MTASTS_WHY_SIZE,
             "the system has no root certificates, neither in %.70s nor in "
             "%.70s",
             X509_get_default_cert_file(), X509_get_default_cert_dir());
    return 0;
}

mtasts_roots *mtasts_roots_new(const char *file, char why[MTASTS_WHY_SIZE])
{
    mtasts_roots *roots = calloc(1, sizeof(*roots));

    if (roots) {
        roots->store = X509_STORE_new();
    }
    if (!roots || !roots->store) {
        snprintf(why, MTASTS_WHY_SIZE, "out of memory");
    }
    else if (file ? store_add_file(roots->store, file, why)
                  : store_add_system(roots->store, why)) {
        return roots;
    }
    mtasts_roots_free(roots);
    ERR_clear_error();
    return NULL;
}

void mtasts_roots_free(mtasts_roots *roots)
{
    if (roots) {
        X509_STORE_free(roots->store);
        free(roots);
    }
}

X509_STORE *mtasts_roots_store(const mtasts_roots *roots)
{
    return roots->store;
}

void mtasts_roots_use(const mtasts_roots *roots, SSL_CTX *ctx)
{
    SSL_CTX_set1_cert_store(ctx, roots->store);
}
