/*
 * The directives: each takes its words apart, has core check them, and stores
 * them.  What depends on several directives is checked in site.c.
 */

#include "directives_private.h"
#include "alabel.h"
#include "../core/header_value.h"
#include "../core/record.h"
#include "../net/cert.h"
#include "../net/dns.h"

#define MTASTS_CHECK_TIMEOUT_MAX     300 /* s: who waits that long? */
#define MTASTS_PROBE_CONCURRENCY_MAX 1000

const char *mtasts_refusal(cmd_parms *cmd, const mtasts_finding *why)
{
    return apr_psprintf(cmd->pool, "%s: %s. %s [%s]", cmd->cmd->name, why->text,
                        why->remedy, mtasts_code_name(why->code));
}

/* Of a name: with its A-label, if it has one. */
static const char *name_refusal(cmd_parms *cmd, const char *word,
                                mtasts_finding *why)
{
    mtasts_alabel_suggest(cmd->temp_pool, word, why);
    return mtasts_refusal(cmd, why);
}

mtasts_place mtasts_directive_place(const cmd_parms *cmd)
{
    mtasts_place place = {cmd->directive->filename, cmd->directive->line_num};

    return place;
}

mtasts_config *mtasts_directive_config(const cmd_parms *cmd)
{
    mtasts_config *cfg = mtasts_config_of(cmd->server);

    if (!cfg->first_place.file) {
        cfg->first_place = mtasts_directive_place(cmd);
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
    word->place = mtasts_directive_place(cmd);
}

/* AP_INIT_ITERATE would drop an empty word with all that follows it and accept no
 * word at all, AP_INIT_TAKE_ARGV drops what comes after the 64th word: both
 * without telling. */
const char *mtasts_each_word(cmd_parms *cmd, const char *args,
                             mtasts_word_fn *take, const char *kind)
{
    const char *error = NULL;

    if (!*args) {
        mtasts_finding why;

        MTASTS_FILL(&why, MTASTS_NO_VALUE, "", kind);
        return mtasts_refusal(cmd, &why);
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
    append(cmd, &mtasts_directive_config(cmd)->domains, name);
    return NULL;
}

static const char *take_mx(cmd_parms *cmd, const char *word)
{
    char name[MTASTS_NAME_SIZE];
    mtasts_finding why;

    if (!mtasts_mx_pattern_parse(word, name, &why)) {
        return name_refusal(cmd, word, &why);
    }
    append(cmd, &mtasts_directive_config(cmd)->mx, name);
    return NULL;
}

static const char *take_tlsrpt(cmd_parms *cmd, const char *word)
{
    mtasts_finding why;

    if (!mtasts_tlsrpt_uri_check(word, &why)) {
        return mtasts_refusal(cmd, &why);
    }
    append(cmd, &mtasts_directive_config(cmd)->tlsrpt, word);
    return NULL;
}

static const char *set_domain(cmd_parms *cmd, void *dconf, const char *args)
{
    (void)dconf;
    return mtasts_each_word(cmd, args, take_domain, "policy domain");
}

static const char *set_mx(cmd_parms *cmd, void *dconf, const char *args)
{
    (void)dconf;
    return mtasts_each_word(cmd, args, take_mx, "mx pattern");
}

static const char *set_tlsrpt(cmd_parms *cmd, void *dconf, const char *args)
{
    (void)dconf;
    return mtasts_each_word(cmd, args, take_tlsrpt, "mailto: or https: URI");
}

/* Not AP_INIT_FLAG: its message doesn't quote the value. */
const char *mtasts_take_flag(cmd_parms *cmd, const char *arg, int *to)
{
    *to = !ap_cstr_casecmp(arg, "on");
    if (!*to && ap_cstr_casecmp(arg, "off")) {
        mtasts_finding why;

        MTASTS_FILL(&why, MTASTS_ENGINE_VALUE, "", arg);
        return mtasts_refusal(cmd, &why);
    }
    return NULL;
}

static const char *set_engine(cmd_parms *cmd, void *dconf, const char *arg)
{
    mtasts_config *cfg = mtasts_directive_config(cmd);

    (void)dconf;
    cfg->engine_place = mtasts_directive_place(cmd);
    return mtasts_take_flag(cmd, arg, &cfg->engine);
}

/* MTASTSMode or MTASTSMaxAge; NULL if there is no plan in the same place. */
static const char *beside_rollout(cmd_parms *cmd)
{
    mtasts_config *cfg = mtasts_directive_config(cmd);
    mtasts_finding why;

    cfg->step = cmd->cmd->name;
    cfg->step_place = mtasts_directive_place(cmd);
    if (!cfg->rollout) {
        return NULL;
    }
    MTASTS_FILL(&why, MTASTS_ROLLOUT_BOTH, "", cfg->step,
                mtasts_place_text(cmd->temp_pool, cfg->rollout_place));
    return mtasts_refusal(cmd, &why);
}

static const char *set_mode(cmd_parms *cmd, void *dconf, const char *arg)
{
    mtasts_finding why;
    mtasts_mode mode;

    (void)dconf;
    if (!mtasts_mode_parse(arg, &mode, &why)) {
        return mtasts_refusal(cmd, &why);
    }
    mtasts_directive_config(cmd)->mode = (int)mode;
    return beside_rollout(cmd);
}

static const char *set_max_age(cmd_parms *cmd, void *dconf, const char *arg)
{
    mtasts_finding why;

    (void)dconf;
    if (!mtasts_max_age_parse(arg, &mtasts_directive_config(cmd)->max_age,
                              &why)) {
        return mtasts_refusal(cmd, &why);
    }
    return beside_rollout(cmd);
}

static const char *set_id(cmd_parms *cmd, void *dconf, const char *arg)
{
    mtasts_finding why;

    (void)dconf;
    mtasts_directive_config(cmd)->id_place = mtasts_directive_place(cmd);
    if (!ap_cstr_casecmp(arg, "auto")) {
        mtasts_directive_config(cmd)->id = "";
        return NULL;
    }
    if (!mtasts_id_check(arg, &why)) {
        return mtasts_refusal(cmd, &why);
    }
    mtasts_directive_config(cmd)->id = arg;
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
        return mtasts_refusal(cmd, &why);
    }
    *to = arg;
    return NULL;
}

static const char *set_hsts(cmd_parms *cmd, void *dconf, const char *arg)
{
    (void)dconf;
    return set_header(cmd, arg, mtasts_hsts_check,
                      &mtasts_directive_config(cmd)->hsts);
}

static const char *set_cache_control(cmd_parms *cmd, void *dconf,
                                     const char *arg)
{
    (void)dconf;
    return set_header(cmd, arg, mtasts_cache_control_check,
                      &mtasts_directive_config(cmd)->cache_control);
}

static const char *set_check(cmd_parms *cmd, void *dconf, const char *arg)
{
    static const char *const levels[] = {"off", "warn", "strict"};
    mtasts_finding why;
    int i;

    (void)dconf;
    for (i = 0; i < 3; i++) {
        if (!ap_cstr_casecmp(arg, levels[i])) {
            mtasts_directive_config(cmd)->check = i;
            return NULL;
        }
    }
    MTASTS_FILL(&why, MTASTS_CHECK_VALUE, "", arg);
    return mtasts_refusal(cmd, &why);
}

/* Appends to a list as c-ares reads it: "192.0.2.53,[2001:db8::53]:5353". */
static const char *take_resolver(cmd_parms *cmd, const char *word)
{
    mtasts_config *cfg = mtasts_directive_config(cmd);
    mtasts_finding why;

    if (!ap_cstr_casecmp(word, "system")) {
        cfg->resolver = "";
        return NULL;
    }
    if (!mtasts_dns_server_check(word)) {
        MTASTS_FILL(&why, MTASTS_RESOLVER_VALUE, "", word);
        return mtasts_refusal(cmd, &why);
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
                 : mtasts_each_word(cmd, args, take_resolver,
                                    "IP address of a "
                                    "resolver, or system");
}

const char *mtasts_take_duration(cmd_parms *cmd, const char *arg,
                                 const mtasts_duration *allowed,
                                 apr_uint32_t *to)
{
    apr_uint32_t seconds = 0;
    mtasts_finding why;

    if (!(allowed->or_off && !ap_cstr_casecmp(arg, "off")) &&
        (!mtasts_max_age_parse(arg, &seconds, &why) ||
         seconds < allowed->least || seconds > allowed->most)) {
        MTASTS_FILL(&why, allowed->code, "", arg);
        return mtasts_refusal(cmd, &why);
    }
    *to = seconds;
    return NULL;
}

static const char *set_check_timeout(cmd_parms *cmd, void *dconf,
                                     const char *arg)
{
    static const mtasts_duration allowed = {MTASTS_CHECK_TIMEOUT_VALUE, 1,
                                            MTASTS_CHECK_TIMEOUT_MAX, 0};
    const char *error = ap_check_cmd_context(cmd, GLOBAL_ONLY);

    (void)dconf;
    return error ? error
                 : mtasts_take_duration(
                       cmd, arg, &allowed,
                       &mtasts_directive_config(cmd)->check_timeout);
}

int mtasts_take_number(const char *in, int max)
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
    *port = ap_cstr_casecmp(arg, "on") ? mtasts_take_number(arg, 65535) : on;
    if (!*port) {
        MTASTS_FILL(&why, MTASTS_PROBE_VALUE, "", arg,
                    apr_itoa(cmd->temp_pool, on));
        return mtasts_refusal(cmd, &why);
    }
    return NULL;
}

static const char *set_probe_mx(cmd_parms *cmd, void *dconf, const char *arg)
{
    (void)dconf;
    return set_probe(cmd, arg, 25, &mtasts_directive_config(cmd)->probe_mx);
}

static const char *set_probe_host(cmd_parms *cmd, void *dconf, const char *arg)
{
    (void)dconf;
    return set_probe(cmd, arg, 443, &mtasts_directive_config(cmd)->probe_host);
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
        return mtasts_refusal(cmd, &why);
    }
    mtasts_directive_config(cmd)->ca_file = file;
    return NULL;
}

static const char *set_probe_concurrency(cmd_parms *cmd, void *dconf,
                                         const char *arg)
{
    const char *error = ap_check_cmd_context(cmd, GLOBAL_ONLY);
    int n = mtasts_take_number(arg, MTASTS_PROBE_CONCURRENCY_MAX);
    mtasts_finding why;

    (void)dconf;
    if (error) {
        return error;
    }
    if (!n) {
        MTASTS_FILL(&why, MTASTS_PROBE_CONCURRENCY_VALUE, "", arg,
                    apr_itoa(cmd->temp_pool, MTASTS_PROBE_CONCURRENCY_MAX));
        return mtasts_refusal(cmd, &why);
    }
    mtasts_directive_config(cmd)->probe_concurrency = n;
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
    AP_INIT_TAKE1("MTASTSStateDir", mtasts_set_state_dir, NULL, RSRC_CONF,
                  "directory of the ledger, for User alone"),
    AP_INIT_TAKE12("MTASTSLedger", mtasts_set_ledger, NULL, RSRC_CONF,
                   "an apr_dbd driver and its parameters, or Off"),
    AP_INIT_TAKE1("MTASTSWatchInterval", mtasts_set_watch_interval, NULL,
                  RSRC_CONF,
                  "time from one run of the checks to the next while httpd "
                  "serves, such as 1h; or Off"),
    AP_INIT_RAW_ARGS("MTASTSNotifyCommand", mtasts_set_notify_command, NULL,
                     RSRC_CONF,
                     "absolute path and arguments of a command that is told of "
                     "changes; or Off"),
    AP_INIT_RAW_ARGS("MTASTSPublishCommand", mtasts_set_publish_command, NULL,
                     RSRC_CONF,
                     "absolute path and arguments of a command that puts a "
                     "record into DNS; or Off"),
    AP_INIT_TAKE1("MTASTSPublishTimeout", mtasts_set_publish_timeout, NULL,
                  RSRC_CONF, "how long that command may take, such as 60s"),
    AP_INIT_TAKE1("MTASTSPublishDelay", mtasts_set_publish_delay, NULL,
                  RSRC_CONF,
                  "for how long every address must have served a policy "
                  "before its record is published, such as 10m; or Off"),
    AP_INIT_TAKE1("MTASTSPublishForeign", mtasts_set_publish_foreign, NULL,
                  RSRC_CONF,
                  "On or Off: replace a record of somebody else's making"),
    AP_INIT_TAKE1("MTASTSFetchQuorum", mtasts_set_fetch_quorum, NULL, RSRC_CONF,
                  "all, or how many addresses must serve a policy before its "
                  "record is published"),
    AP_INIT_RAW_ARGS("MTASTSRollout", mtasts_set_rollout, NULL, RSRC_CONF,
                     "the way to enforce, as steps mode:max_age/hold"),
    AP_INIT_TAKE1("MTASTSRolloutStart", mtasts_set_rollout_start, NULL,
                  RSRC_CONF, "date before which no hold of the plan begins"),
    {NULL, {NULL}, NULL, 0, RAW_ARGS, NULL}};
