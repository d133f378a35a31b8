/*
 * The directives: each takes its words apart, has core check them, and stores
 * them.  What depends on several directives is checked in site.c.
 */

#include "config.h"
#include "alabel.h"
#include "../core/header_value.h"
#include "../core/record.h"
#include "../net/cert.h"
#include "../net/dns.h"

#include <unistd.h>

#include "http_main.h"

#define MTASTS_CHECK_TIMEOUT_MAX     300 /* s: who waits that long? */
#define MTASTS_PROBE_CONCURRENCY_MAX 1000
#define MTASTS_WATCH_INTERVAL_MIN    60
#define MTASTS_WATCH_INTERVAL_MAX    (30 * 86400)

/* httpd puts "Syntax error on line N of FILE:" before it. */
static const char *refusal(cmd_parms *cmd, const mtasts_finding *why)
{
    return apr_psprintf(cmd->pool, "%s: %s. %s [%s]", cmd->cmd->name, why->text,
                        why->remedy, mtasts_code_name(why->code));
}

static const char *name_refusal(cmd_parms *cmd, const char *word,
                                mtasts_finding *why)
{
    mtasts_alabel_suggest(cmd->temp_pool, word, why);
    return refusal(cmd, why);
}

static mtasts_place place_of(const cmd_parms *cmd)
{
    mtasts_place place = {cmd->directive->filename, cmd->directive->line_num};

    return place;
}

/* The configuration to write to; notes where its first directive stands. */
static mtasts_config *config_of(const cmd_parms *cmd)
{
    mtasts_config *cfg = mtasts_config_of(cmd->server);

    if (!cfg->first_place.file) {
        cfg->first_place = place_of(cmd);
    }
    return cfg;
}

static void append(cmd_parms *cmd, apr_array_header_t **list, const char *value)
{
    mtasts_word *word;

    if (!*list) {
        *list = apr_array_make(cmd->pool, 4, sizeof(mtasts_word));
    }
    word = apr_array_push(*list);
    word->value = apr_pstrdup(cmd->pool, value);
    word->place = place_of(cmd);
}

/* Checks one word and appends it; NULL or the refusal. */
typedef const char *word_fn(cmd_parms *cmd, const char *word);

/* For lists of any length.  AP_INIT_ITERATE would drop an empty word with all
 * that follows it and accept no word at all, AP_INIT_TAKE_ARGV drops what
 * comes after the 64th word: both without telling. */
static const char *each_word(cmd_parms *cmd, const char *args, word_fn *take,
                             const char *kind)
{
    const char *error = NULL;

    if (!*args) {
        mtasts_finding why;

        MTASTS_FILL(&why, MTASTS_NO_VALUE, "", kind);
        return refusal(cmd, &why);
    }
    while (*args && !error) {
        error = take(cmd, ap_getword_conf(cmd->temp_pool, &args));
    }
    return error;
}

static const char *take_domain(cmd_parms *cmd, const char *word)
{
    char name[MTASTS_NAME_SIZE];
    mtasts_finding why;

    if (!mtasts_domain_parse(word, name, &why)) {
        return name_refusal(cmd, word, &why);
    }
    append(cmd, &config_of(cmd)->domains, name);
    return NULL;
}

static const char *take_mx(cmd_parms *cmd, const char *word)
{
    char name[MTASTS_NAME_SIZE];
    mtasts_finding why;

    if (!mtasts_mx_pattern_parse(word, name, &why)) {
        return name_refusal(cmd, word, &why);
    }
    append(cmd, &config_of(cmd)->mx, name);
    return NULL;
}

static const char *take_tlsrpt(cmd_parms *cmd, const char *word)
{
    mtasts_finding why;

    if (!mtasts_tlsrpt_uri_check(word, &why)) {
        return refusal(cmd, &why);
    }
    append(cmd, &config_of(cmd)->tlsrpt, word);
    return NULL;
}

static const char *set_domain(cmd_parms *cmd, void *dconf, const char *args)
{
    (void)dconf;
    return each_word(cmd, args, take_domain, "policy domain");
}

static const char *set_mx(cmd_parms *cmd, void *dconf, const char *args)
{
    (void)dconf;
    return each_word(cmd, args, take_mx, "mx pattern");
}

static const char *set_tlsrpt(cmd_parms *cmd, void *dconf, const char *args)
{
    (void)dconf;
    return each_word(cmd, args, take_tlsrpt, "mailto: or https: URI");
}

/* Not AP_INIT_FLAG: its message doesn't quote the value. */
static const char *set_engine(cmd_parms *cmd, void *dconf, const char *arg)
{
    mtasts_config *cfg = config_of(cmd);

    (void)dconf;
    cfg->engine = !ap_cstr_casecmp(arg, "on");
    cfg->engine_place = place_of(cmd);
    if (!cfg->engine && ap_cstr_casecmp(arg, "off")) {
        mtasts_finding why;

        MTASTS_FILL(&why, MTASTS_ENGINE_VALUE, "", arg);
        return refusal(cmd, &why);
    }
    return NULL;
}

static const char *set_mode(cmd_parms *cmd, void *dconf, const char *arg)
{
    mtasts_finding why;
    mtasts_mode mode;

    (void)dconf;
    if (!mtasts_mode_parse(arg, &mode, &why)) {
        return refusal(cmd, &why);
    }
    config_of(cmd)->mode = (int)mode;
    return NULL;
}

static const char *set_max_age(cmd_parms *cmd, void *dconf, const char *arg)
{
    mtasts_finding why;

    (void)dconf;
    if (!mtasts_max_age_parse(arg, &config_of(cmd)->max_age, &why)) {
        return refusal(cmd, &why);
    }
    return NULL;
}

static const char *set_id(cmd_parms *cmd, void *dconf, const char *arg)
{
    mtasts_finding why;

    (void)dconf;
    if (!ap_cstr_casecmp(arg, "auto")) {
        config_of(cmd)->id = "";
        return NULL;
    }
    if (!mtasts_id_check(arg, &why)) {
        return refusal(cmd, &why);
    }
    config_of(cmd)->id = arg;
    return NULL;
}

static const char *set_header(cmd_parms *cmd, const char *arg,
                              int (*check)(const char *, mtasts_finding *),
                              const char **to)
{
    mtasts_finding why;

    if (!ap_cstr_casecmp(arg, "off")) {
        arg = "";
    }
    else if (!check(arg, &why)) {
        return refusal(cmd, &why);
    }
    *to = arg;
    return NULL;
}

static const char *set_hsts(cmd_parms *cmd, void *dconf, const char *arg)
{
    (void)dconf;
    return set_header(cmd, arg, mtasts_hsts_check, &config_of(cmd)->hsts);
}

static const char *set_cache_control(cmd_parms *cmd, void *dconf,
                                     const char *arg)
{
    (void)dconf;
    return set_header(cmd, arg, mtasts_cache_control_check,
                      &config_of(cmd)->cache_control);
}

static const char *set_check(cmd_parms *cmd, void *dconf, const char *arg)
{
    static const char *const levels[] = {"off", "warn", "strict"};
    mtasts_finding why;
    int i;

    (void)dconf;
    for (i = 0; i < 3; i++) {
        if (!ap_cstr_casecmp(arg, levels[i])) {
            config_of(cmd)->check = i;
            return NULL;
        }
    }
    MTASTS_FILL(&why, MTASTS_CHECK_VALUE, "", arg);
    return refusal(cmd, &why);
}

/* Appends to a list as c-ares reads it: "192.0.2.53,[2001:db8::53]:5353". */
static const char *take_resolver(cmd_parms *cmd, const char *word)
{
    mtasts_config *cfg = config_of(cmd);
    mtasts_finding why;

    if (!ap_cstr_casecmp(word, "system")) {
        cfg->resolver = "";
        return NULL;
    }
    if (!mtasts_dns_server_check(word)) {
        MTASTS_FILL(&why, MTASTS_RESOLVER_VALUE, "", word);
        return refusal(cmd, &why);
    }
    cfg->resolver = cfg->resolver && *cfg->resolver
                        ? apr_pstrcat(cmd->pool, cfg->resolver, ",", word, NULL)
                        : apr_pstrdup(cmd->pool, word);
    return NULL;
}

static const char *set_resolver(cmd_parms *cmd, void *dconf, const char *args)
{
    const char *error = ap_check_cmd_context(cmd, GLOBAL_ONLY);

    (void)dconf;
    return error ? error
                 : each_word(cmd, args, take_resolver,
                             "IP address of a "
                             "resolver, or system");
}

static const char *set_check_timeout(cmd_parms *cmd, void *dconf,
                                     const char *arg)
{
    const char *error = ap_check_cmd_context(cmd, GLOBAL_ONLY);
    apr_uint32_t seconds = 0;
    mtasts_finding why;

    (void)dconf;
    if (error) {
        return error;
    }
    if (!mtasts_max_age_parse(arg, &seconds, &why) ||
        seconds > MTASTS_CHECK_TIMEOUT_MAX) {
        MTASTS_FILL(&why, MTASTS_CHECK_TIMEOUT_VALUE, "", arg);
        return refusal(cmd, &why);
    }
    config_of(cmd)->check_timeout = seconds;
    return NULL;
}

/* 1 to `max` without sign or leading zeros; else 0. */
static int number_parse(const char *in, int max)
{
    apr_int64_t n;
    char *end;

    if (*in < '1' || *in > '9') {
        return 0;
    }
    n = apr_strtoi64(in, &end, 10);
    return !*end && n <= max ? (int)n : 0;
}

static const char *set_probe(cmd_parms *cmd, const char *arg, int on, int *port)
{
    mtasts_finding why;

    if (!ap_cstr_casecmp(arg, "off")) {
        *port = 0;
        return NULL;
    }
    *port = ap_cstr_casecmp(arg, "on") ? number_parse(arg, 65535) : on;
    if (!*port) {
        MTASTS_FILL(&why, MTASTS_PROBE_VALUE, "", arg,
                    apr_itoa(cmd->temp_pool, on));
        return refusal(cmd, &why);
    }
    return NULL;
}

static const char *set_probe_mx(cmd_parms *cmd, void *dconf, const char *arg)
{
    (void)dconf;
    return set_probe(cmd, arg, 25, &config_of(cmd)->probe_mx);
}

static const char *set_probe_host(cmd_parms *cmd, void *dconf, const char *arg)
{
    (void)dconf;
    return set_probe(cmd, arg, 443, &config_of(cmd)->probe_host);
}

/* Read under httpd -t only, to see that it can be: a file that is away for a
 * moment must not end a server at a reload, nor keep it from being stopped.  A
 * run reads it again, as `User`. */
static const char *set_ca_file(cmd_parms *cmd, void *dconf, const char *arg)
{
    const char *error = ap_check_cmd_context(cmd, GLOBAL_ONLY);
    const char *file = ap_server_root_relative(cmd->pool, arg);
    char text[MTASTS_WHY_SIZE] = "that is no path";
    mtasts_finding why;

    (void)dconf;
    if (error) {
        return error;
    }
    if (file && ap_state_query(AP_SQ_RUN_MODE) == AP_SQ_RM_CONFIG_TEST) {
        mtasts_roots *roots = mtasts_roots_new(file, text);

        file = roots ? file : NULL;
        mtasts_roots_free(roots);
    }
    if (!file) {
        MTASTS_FILL(&why, MTASTS_CA_FILE, "", arg, text);
        return refusal(cmd, &why);
    }
    config_of(cmd)->ca_file = file;
    return NULL;
}

static const char *set_probe_concurrency(cmd_parms *cmd, void *dconf,
                                         const char *arg)
{
    const char *error = ap_check_cmd_context(cmd, GLOBAL_ONLY);
    int n = number_parse(arg, MTASTS_PROBE_CONCURRENCY_MAX);
    mtasts_finding why;

    (void)dconf;
    if (error) {
        return error;
    }
    if (!n) {
        MTASTS_FILL(&why, MTASTS_PROBE_CONCURRENCY_VALUE, "", arg,
                    apr_itoa(cmd->temp_pool, MTASTS_PROBE_CONCURRENCY_MAX));
        return refusal(cmd, &why);
    }
    config_of(cmd)->probe_concurrency = n;
    return NULL;
}

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

static const char *set_state_dir(cmd_parms *cmd, void *dconf, const char *arg)
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
        return refusal(cmd, &why);
    }
    config_of(cmd)->state_dir = path;
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

static const char *set_ledger(cmd_parms *cmd, void *dconf, const char *driver,
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
        return refusal(cmd, &why);
    }
    config_of(cmd)->ledger = words;
    return NULL;
}

static const char *set_watch_interval(cmd_parms *cmd, void *dconf,
                                      const char *arg)
{
    const char *error = ap_check_cmd_context(cmd, GLOBAL_ONLY);
    apr_uint32_t seconds = 0;
    mtasts_finding why;

    (void)dconf;
    if (error) {
        return error;
    }
    if (ap_cstr_casecmp(arg, "off") &&
        (!mtasts_max_age_parse(arg, &seconds, &why) ||
         seconds < MTASTS_WATCH_INTERVAL_MIN ||
         seconds > MTASTS_WATCH_INTERVAL_MAX)) {
        MTASTS_FILL(&why, MTASTS_WATCH_INTERVAL_VALUE, "", arg);
        return refusal(cmd, &why);
    }
    config_of(cmd)->watch_interval = seconds;
    return NULL;
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

/* Not AP_INIT_TAKE_ARGV: see each_word(). */
static const char *set_notify_command(cmd_parms *cmd, void *dconf,
                                      const char *args)
{
    const char *error = ap_check_cmd_context(cmd, GLOBAL_ONLY), *trouble;
    apr_array_header_t *argv = apr_array_make(cmd->pool, 4, sizeof(char *));
    mtasts_finding why;

    (void)dconf;
    if (error) {
        return error;
    }
    while (*args) {
        APR_ARRAY_PUSH(argv, const char *) = ap_getword_conf(cmd->pool, &args);
    }
    if (!argv->nelts) {
        MTASTS_FILL(&why, MTASTS_NO_VALUE, "", "path of a command");
        return refusal(cmd, &why);
    }
    if (argv->nelts == 1 &&
        !ap_cstr_casecmp(APR_ARRAY_IDX(argv, 0, const char *), "off")) {
        config_of(cmd)->notify_command = NULL;
        return NULL;
    }
    trouble = command_trouble(cmd, APR_ARRAY_IDX(argv, 0, const char *));
    if (trouble) {
        MTASTS_FILL(&why, MTASTS_NOTIFY_COMMAND_VALUE, "",
                    APR_ARRAY_IDX(argv, 0, const char *), trouble);
        return refusal(cmd, &why);
    }
    APR_ARRAY_PUSH(argv, const char *) = NULL;
    config_of(cmd)->notify_command = (const char *const *)argv->elts;
    return NULL;
}

const command_rec mtasts_directives[] = {
    AP_INIT_TAKE1("MTASTSEngine", set_engine, NULL, RSRC_CONF,
                  "On or Off: serve an MTA-STS policy here"),
    AP_INIT_RAW_ARGS("MTASTSDomain", set_domain, NULL, RSRC_CONF,
                     "policy domains; default: ServerName and ServerAlias "
                     "without mta-sts."),
    AP_INIT_TAKE1("MTASTSMode", set_mode, NULL, RSRC_CONF,
                  "testing, enforce or none"),
    AP_INIT_RAW_ARGS("MTASTSMX", set_mx, NULL, RSRC_CONF,
                     "MX hosts, or *.domain for all directly below it"),
    AP_INIT_TAKE1("MTASTSMaxAge", set_max_age, NULL, RSRC_CONF,
                  "how long senders may keep the policy: seconds, or a number "
                  "with s, m, h, d or w"),
    AP_INIT_TAKE1("MTASTSPolicyID", set_id, NULL, RSRC_CONF,
                  "auto, or 1 to 32 letters and digits"),
    AP_INIT_RAW_ARGS("MTASTSTLSRPT", set_tlsrpt, NULL, RSRC_CONF,
                     "mailto: or https: URIs that reports are sent to"),
    AP_INIT_TAKE1("MTASTSHSTS", set_hsts, NULL, RSRC_CONF,
                  "value of Strict-Transport-Security, or Off"),
    AP_INIT_TAKE1("MTASTSCacheControl", set_cache_control, NULL, RSRC_CONF,
                  "value of the policy's Cache-Control, or Off"),
    AP_INIT_TAKE1("MTASTSCheck", set_check, NULL, RSRC_CONF,
                  "off, warn or strict: compare the policy with DNS"),
    AP_INIT_RAW_ARGS("MTASTSResolver", set_resolver, NULL, RSRC_CONF,
                     "IP addresses of DNS servers, or system"),
    AP_INIT_TAKE1("MTASTSCheckTimeout", set_check_timeout, NULL, RSRC_CONF,
                  "time for all checks at start and under -t, such as 5s"),
    AP_INIT_TAKE1("MTASTSProbeMX", set_probe_mx, NULL, RSRC_CONF,
                  "On, Off or a port: try STARTTLS at the MX hosts"),
    AP_INIT_TAKE1("MTASTSProbeHost", set_probe_host, NULL, RSRC_CONF,
                  "On, Off or a port: fetch the policy as senders do"),
    AP_INIT_TAKE1("MTASTSCAFile", set_ca_file, NULL, RSRC_CONF,
                  "trusted roots in PEM form; default: the system's"),
    AP_INIT_TAKE1("MTASTSProbeConcurrency", set_probe_concurrency, NULL,
                  RSRC_CONF, "connections of the probes at once"),
    AP_INIT_TAKE1("MTASTSStateDir", set_state_dir, NULL, RSRC_CONF,
                  "directory of the ledger, for User alone"),
    AP_INIT_TAKE12("MTASTSLedger", set_ledger, NULL, RSRC_CONF,
                   "an apr_dbd driver and its parameters, or Off"),
    AP_INIT_TAKE1("MTASTSWatchInterval", set_watch_interval, NULL, RSRC_CONF,
                  "time from one run of the checks to the next while httpd "
                  "serves, such as 1h; or Off"),
    AP_INIT_RAW_ARGS("MTASTSNotifyCommand", set_notify_command, NULL, RSRC_CONF,
                     "absolute path and arguments of a command that is told of "
                     "changes; or Off"),
    {NULL, {NULL}, NULL, 0, RAW_ARGS, NULL}};
