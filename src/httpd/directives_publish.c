/*
 * The directives that go from policy to policy: the plan, and who publishes the
 * records.
 */

#include "directives_private.h"
#include "../core/publish.h"

#define FETCH_QUORUM_MAX  1000
#define PUBLISH_DELAY_MAX 86400

static const char *take_step(cmd_parms *cmd, const char *word)
{
    mtasts_config *cfg = mtasts_directive_config(cmd);
    mtasts_finding why;
    mtasts_step step;

    if (!mtasts_step_parse(word, &step, &why)) {
        return mtasts_refusal(cmd, &why);
    }
    APR_ARRAY_PUSH(cfg->rollout, mtasts_step) = step;
    return NULL;
}

const char *mtasts_set_rollout(cmd_parms *cmd, void *dconf, const char *args)
{
    mtasts_config *cfg = mtasts_directive_config(cmd);
    const char *error;
    mtasts_finding why;

    (void)dconf;
    if (cfg->step) {
        MTASTS_FILL(&why, MTASTS_ROLLOUT_BOTH, "", cfg->step,
                    mtasts_place_text(cmd->temp_pool, cfg->step_place));
        return mtasts_refusal(cmd, &why);
    }
    /* The last one counts. */
    cfg->rollout = apr_array_make(cmd->pool, 4, sizeof(mtasts_step));
    cfg->rollout_place = mtasts_directive_place(cmd);
    error = mtasts_each_word(cmd, args, take_step, "step");
    if (!error && !mtasts_plan_check((const mtasts_step *)cfg->rollout->elts,
                                     (size_t)cfg->rollout->nelts, &why)) {
        return mtasts_refusal(cmd, &why);
    }
    return error;
}

const char *mtasts_set_rollout_start(cmd_parms *cmd, void *dconf,
                                     const char *arg)
{
    mtasts_finding why;
    int64_t start;

    (void)dconf;
    if (!mtasts_rollout_start_parse(arg, &start, &why)) {
        return mtasts_refusal(cmd, &why);
    }
    mtasts_directive_config(cmd)->rollout_start = start;
    return NULL;
}

const char *mtasts_set_publish_command(cmd_parms *cmd, void *dconf,
                                       const char *args)
{
    (void)dconf;
    return mtasts_take_command(cmd, args, MTASTS_PUBLISH_COMMAND_VALUE,
                               &mtasts_directive_config(cmd)->publish_command);
}

const char *mtasts_set_publish_timeout(cmd_parms *cmd, void *dconf,
                                       const char *arg)
{
    static const mtasts_duration allowed = {MTASTS_PUBLISH_TIMEOUT_VALUE, 1,
                                            MTASTS_PUBLISH_TIMEOUT_MAX, 0};

    (void)dconf;
    return mtasts_take_duration(cmd, arg, &allowed,
                                &mtasts_directive_config(cmd)->publish_timeout);
}

const char *mtasts_set_publish_delay(cmd_parms *cmd, void *dconf,
                                     const char *arg)
{
    static const mtasts_duration allowed = {MTASTS_PUBLISH_DELAY_VALUE, 1,
                                            PUBLISH_DELAY_MAX, 1};

    (void)dconf;
    return mtasts_take_duration(cmd, arg, &allowed,
                                &mtasts_directive_config(cmd)->publish_delay);
}

const char *mtasts_set_publish_foreign(cmd_parms *cmd, void *dconf,
                                       const char *arg)
{
    (void)dconf;
    return mtasts_take_flag(cmd, arg,
                            &mtasts_directive_config(cmd)->publish_foreign);
}

const char *mtasts_set_fetch_quorum(cmd_parms *cmd, void *dconf,
                                    const char *arg)
{
    int n = ap_cstr_casecmp(arg, "all")
                ? mtasts_take_number(arg, FETCH_QUORUM_MAX)
                : MTASTS_QUORUM_ALL;
    mtasts_finding why;

    (void)dconf;
    if (!n && ap_cstr_casecmp(arg, "all")) {
        MTASTS_FILL(&why, MTASTS_FETCH_QUORUM_VALUE, "", arg,
                    apr_itoa(cmd->temp_pool, FETCH_QUORUM_MAX));
        return mtasts_refusal(cmd, &why);
    }
    mtasts_directive_config(cmd)->fetch_quorum = n;
    return NULL;
}
