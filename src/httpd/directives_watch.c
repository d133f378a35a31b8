/*
 * The directives of the watch: what it keeps, when it looks, whom it tells.
 */

#include "directives_private.h"

#include <unistd.h>

#include "http_main.h"

#define WATCH_INTERVAL_MIN 60
#define WATCH_INTERVAL_MAX (30 * 86400)

/* What can't be a state directory, or NULL.  Only httpd -t looks whether there is
 * something else at that path: no reload is to fail for what came there since. */
static const char *state_dir_fault(apr_pool_t *p, const char *arg,
                                   const char *path)
{
    apr_finfo_t info;

    if (!*arg || !path) {
        return "that is no path";
    }
    if (!strcmp(path, "/") || !strcmp(path, ap_server_root)) {
        return "that one has other uses";
    }
    if (ap_state_query(AP_SQ_RUN_MODE) != AP_SQ_RM_CONFIG_TEST ||
        apr_stat(&info, path, APR_FINFO_TYPE | APR_FINFO_LINK, p) !=
            APR_SUCCESS ||
        info.filetype == APR_DIR) {
        return NULL;
    }
    return info.filetype == APR_LNK ? "that is a symbolic link"
                                    : "that is no directory";
}

const char *mtasts_set_state_dir(cmd_parms *cmd, void *dconf, const char *arg)
{
    const char *error = ap_check_cmd_context(cmd, GLOBAL_ONLY);
    char *path = ap_server_root_relative(cmd->pool, arg);
    apr_size_t len = path ? strlen(path) : 0;
    const char *fault;
    mtasts_finding why;

    (void)dconf;
    if (error) {
        return error;
    }
    while (len > 1 && path[len - 1] == '/') {
        path[--len] = '\0';
    }
    fault = state_dir_fault(cmd->temp_pool, arg, path);
    if (fault) {
        MTASTS_FILL(&why, MTASTS_STATE_DIR_VALUE, "", arg, fault);
        return mtasts_refusal(cmd, &why);
    }
    mtasts_directive_config(cmd)->state_dir = path;
    return NULL;
}

/* What is wrong with the words of MTASTSLedger, or NULL; the file of SQLite in
 * *params.  Whether there is such a driver shows when it is used: it may come
 * and go with a package, and no other site is to stand still for that. */
static const char *ledger_fault(cmd_parms *cmd, const char *driver,
                                const char **params)
{
    apr_size_t len = strspn(driver, "abcdefghijklmnopqrstuvwxyz0123456789_");

    if (!len || driver[len] || len > 20 || !strcmp(driver, "on")) {
        return "a driver has a name in small letters";
    }
    if (strcmp(driver, mtasts_ledger_default[0]) || !**params) {
        return NULL;
    }
    if (**params == ':' || !strncmp(*params, "file:", 5)) {
        return "its parameter is the path of a file";
    }
    *params = ap_server_root_relative(cmd->pool, *params);
    return *params ? NULL : "its parameter is no path";
}

const char *mtasts_set_ledger(cmd_parms *cmd, void *dconf, const char *driver,
                              const char *params)
{
    const char *error = ap_check_cmd_context(cmd, GLOBAL_ONLY);
    const char **words = apr_palloc(cmd->pool, 2 * sizeof(*words));
    const char *fault;
    mtasts_finding why;

    (void)dconf;
    if (error) {
        return error;
    }
    words[0] = driver;
    words[1] = params ? params : "";
    if (!ap_cstr_casecmp(driver, "off")) {
        words[0] = "";
        fault = params ? "with Off there are no parameters" : NULL;
    }
    else {
        fault = ledger_fault(cmd, driver, &words[1]);
    }
    if (fault) {
        MTASTS_FILL(&why, MTASTS_LEDGER_VALUE, "", driver, fault);
        return mtasts_refusal(cmd, &why);
    }
    mtasts_directive_config(cmd)->ledger = words;
    return NULL;
}

const char *mtasts_set_watch_interval(cmd_parms *cmd, void *dconf,
                                      const char *arg)
{
    static const mtasts_duration allowed = {
        MTASTS_WATCH_INTERVAL_VALUE, WATCH_INTERVAL_MIN, WATCH_INTERVAL_MAX, 1};
    const char *error = ap_check_cmd_context(cmd, GLOBAL_ONLY);

    (void)dconf;
    return error ? error
                 : mtasts_take_duration(
                       cmd, arg, &allowed,
                       &mtasts_directive_config(cmd)->watch_interval);
}

/* Why it can't be run, or NULL.  Whether it is there is looked at under httpd -t
 * only, as with the file of set_ca_file(). */
static const char *command_trouble(cmd_parms *cmd, const char *path)
{
    apr_finfo_t info;

    if (*path != '/') {
        return "it is no absolute path";
    }
    if (ap_state_query(AP_SQ_RUN_MODE) != AP_SQ_RM_CONFIG_TEST) {
        return NULL;
    }
    if (apr_stat(&info, path, APR_FINFO_TYPE, cmd->temp_pool) != APR_SUCCESS) {
        return "there is no such file";
    }
    if (info.filetype != APR_REG) {
        return "it is no file";
    }
    return access(path, X_OK) ? "it is not executable" : NULL;
}

/* Not AP_INIT_TAKE_ARGV: see mtasts_each_word(). */
const char *mtasts_take_command(cmd_parms *cmd, const char *args,
                                mtasts_code code, const char *const **to)
{
    apr_array_header_t *argv = apr_array_make(cmd->pool, 4, sizeof(char *));
    const char *path, *trouble;
    mtasts_finding why;

    while (*args) {
        APR_ARRAY_PUSH(argv, const char *) = ap_getword_conf(cmd->pool, &args);
    }
    if (!argv->nelts) {
        MTASTS_FILL(&why, MTASTS_NO_VALUE, "", "path of a command");
        return mtasts_refusal(cmd, &why);
    }
    path = APR_ARRAY_IDX(argv, 0, const char *);
    if (argv->nelts == 1 && !ap_cstr_casecmp(path, "off")) {
        *to = mtasts_no_command;
        return NULL;
    }
    trouble = command_trouble(cmd, path);
    if (trouble) {
        MTASTS_FILL(&why, code, "", path, trouble);
        return mtasts_refusal(cmd, &why);
    }
    APR_ARRAY_PUSH(argv, const char *) = NULL;
    *to = (const char *const *)argv->elts;
    return NULL;
}

const char *mtasts_set_notify_command(cmd_parms *cmd, void *dconf,
                                      const char *args)
{
    const char *error = ap_check_cmd_context(cmd, GLOBAL_ONLY);

    (void)dconf;
    return error ? error
                 : mtasts_take_command(
                       cmd, args, MTASTS_NOTIFY_COMMAND_VALUE,
                       &mtasts_directive_config(cmd)->notify_command);
}
