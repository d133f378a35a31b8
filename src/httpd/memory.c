/*
 * Where the ledger of this server is, and who makes its directory.
 */

#include "memory.h"

#include "http_main.h"
#include "mpm_common.h"
#include "unixd.h"
#include "apr_lib.h"
#include "apr_network_io.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define LEDGER_FILE "ledger.sqlite"

int mtasts_memory_wanted(const server_rec *main_server)
{
    return *mtasts_config_of(main_server)->ledger[0] != '\0';
}

/* 1 if the ledger is the file in the state directory. */
static int is_in_state_dir(const mtasts_config *cfg)
{
    return !strcmp(cfg->ledger[0], mtasts_ledger_default[0]) &&
           !*cfg->ledger[1];
}

/* MTASTSStateDir; or what the build says for the httpd of the system, and for
 * any other one a directory that it shares with none. */
static const char *state_dir(apr_pool_t *p, const mtasts_config *cfg)
{
    if (*cfg->state_dir) {
        return cfg->state_dir;
    }
    return strcmp(ap_server_root, HTTPD_ROOT)
               ? ap_server_root_relative(p, "mtasts")
               : MTASTS_STATE_DIR;
}

/* --- the directory --- */

/* With "." and "..". */
static int is_empty(int fd)
{
    int own = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), n = 0;
    DIR *listing = own < 0 ? NULL : fdopendir(own);

    if (!listing) {
        if (own >= 0) {
            close(own);
        }
        return 0;
    }
    while (n <= 2 && readdir(listing)) {
        n++;
    }
    closedir(listing);
    return n <= 2;
}

/* Gives User what was just made, as root.  Who may write to the directory above
 * can put another one of that directory in its place before it is opened (to move
 * a directory of root's elsewhere takes the right to write to it), so only one
 * that is as if it was just made is given away: it tells nothing, and who writes
 * above can do with the name what he likes anyhow.  In a sticky directory, or one
 * of root's, nobody can do even that. */
static void give_away(int above, const char *name)
{
    int fd =
        openat(above, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    struct stat st;

    if (fd < 0) {
        return;
    }
    if (!fstat(fd, &st) && st.st_uid == 0 && (st.st_mode & 07777) == 0700 &&
        is_empty(fd)) {
        /* If it fails, User can't write there, and that will be said. */
        (void)!fchown(fd, ap_unixd_config.user_id, ap_unixd_config.group_id);
    }
    close(fd);
}

/* The path to it is followed once: whoever may change a link in it meanwhile
 * must not have it made in one place and another one given away elsewhere. */
static void make_dir(apr_pool_t *p, const char *dir)
{
    const char *name = apr_filepath_name_get(dir);
    int above = open(apr_pstrmemdup(p, dir, (apr_size_t)(name - dir)),
                     O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (above < 0) {
        return;
    }
    if (mkdirat(above, name, 0700) == 0 && geteuid() == 0) {
        give_away(above, name);
    }
    close(above);
}

static int serves_any(const apr_array_header_t *servers)
{
    int i;

    for (i = 0; i < servers->nelts; i++) {
        if (mtasts_config_of(APR_ARRAY_IDX(servers, i, server_rec *))->served) {
            return 1;
        }
    }
    return 0;
}

int mtasts_memory_worth(apr_pool_t *p, const apr_array_header_t *servers)
{
    const server_rec *main_server = APR_ARRAY_IDX(servers, 0, server_rec *);
    const mtasts_config *cfg = mtasts_config_of(main_server);
    const char *dir;
    struct stat st;

    if (!mtasts_memory_wanted(main_server)) {
        return 0;
    }
    if (serves_any(servers) || !is_in_state_dir(cfg)) {
        return 1;
    }
    dir = state_dir(p, cfg);
    return dir && lstat(dir, &st) == 0;
}

void mtasts_memory_prepare(apr_pool_t *ptemp, const apr_array_header_t *servers)
{
    const server_rec *main_server = APR_ARRAY_IDX(servers, 0, server_rec *);
    const mtasts_config *cfg = mtasts_config_of(main_server);
    const char *dir;

    if (!mtasts_memory_wanted(main_server) || !serves_any(servers)) {
        return;
    }
    /* While there is one thread. */
    mtasts_ledger_init(main_server->process->pool);
    if (!is_in_state_dir(cfg)) {
        return;
    }
    dir = state_dir(ptemp, cfg);
    if (dir) {
        make_dir(ptemp, dir);
    }
}

/* --- the ledger --- */

/* Hosts made from one image may have one name; then this differs, if there is
 * one. */
static const char *machine_id(apr_pool_t *p)
{
    char id[33];
    apr_size_t len = sizeof(id) - 1;
    apr_file_t *file;
    apr_status_t rv = apr_file_open(&file, "/etc/machine-id", APR_FOPEN_READ,
                                    APR_FPROT_OS_DEFAULT, p);

    if (rv != APR_SUCCESS) {
        return "";
    }
    rv = apr_file_read(file, id, &len);
    apr_file_close(file);
    id[rv == APR_SUCCESS ? len : 0] = '\0';
    return id[strspn(id, "0123456789abcdef")] ? "" : apr_pstrdup(p, id);
}

/* Each httpd of a host has a PidFile of its own. */
static const char *front(apr_pool_t *p)
{
    const char *pid_file =
        ap_pid_fname ? ap_runtime_dir_relative(p, ap_pid_fname) : NULL;
    char host[APRMAXHOSTLEN + 1];

    if (apr_gethostname(host, sizeof(host), p) != APR_SUCCESS) {
        apr_cpystrn(host, "localhost", sizeof(host));
    }
    return apr_psprintf(p, "%s %s%s%.8s", host,
                        pid_file ? pid_file : ap_server_root,
                        *machine_id(p) ? " " : "", machine_id(p));
}

static mtasts_ledger *open_for(apr_pool_t *p, const server_rec *main_server,
                               mtasts_ledger_guard *guard, int create,
                               const char **why)
{
    const mtasts_config *cfg = mtasts_config_of(main_server);
    mtasts_ledger_options o;

    *why = NULL;
    if (!mtasts_memory_wanted(main_server)) {
        return NULL;
    }
    mtasts_ledger_init(main_server->process->pool);
    o.driver = cfg->ledger[0];
    o.params = is_in_state_dir(cfg)
                   ? apr_pstrcat(p, state_dir(p, cfg), "/" LEDGER_FILE, NULL)
                   : cfg->ledger[1];
    o.front = front(p);
    /* The process under httpd -t has dropped root's rights for User's; who is
     * neither may run it for a server of another user. */
    o.is_writer = geteuid() == ap_unixd_config.user_id;
    o.create = create;
    o.guard = guard;
    return mtasts_ledger_open(p, &o, why);
}

mtasts_ledger *mtasts_memory_open(apr_pool_t *p, const server_rec *main_server,
                                  mtasts_ledger_guard *guard, const char **why)
{
    return open_for(p, main_server, guard,
                    ap_state_query(AP_SQ_RUN_MODE) != AP_SQ_RM_CONFIG_TEST,
                    why);
}

mtasts_ledger *mtasts_memory_read(apr_pool_t *p, const server_rec *main_server,
                                  const char **why)
{
    /* A server that does not answer must not keep a request for ever. */
    return open_for(p, main_server, mtasts_ledger_guard_make(p), 0, why);
}

void mtasts_memory_unavailable(const char *why, mtasts_finding *f)
{
    MTASTS_FILL(f, MTASTS_LEDGER_UNAVAILABLE, "MTASTSLedger",
                "what was served before is not known", why,
                mtasts_ledger_remedy(why));
}

void mtasts_memory_unwritable(const char *why, mtasts_finding *f)
{
    MTASTS_FILL(f, MTASTS_LEDGER_UNAVAILABLE, "MTASTSLedger",
                "what httpd serves can't be written down", why,
                mtasts_ledger_remedy(why));
}
