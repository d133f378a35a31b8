#include "config.h"

const char *const mtasts_ledger_default[2] = {"sqlite3", ""};
const char *const mtasts_no_command[1] = {NULL};

void *mtasts_config_create(apr_pool_t *p, server_rec *s)
{
    mtasts_config *cfg = apr_pcalloc(p, sizeof(*cfg));

    (void)s;
#define UNSET(type, name, unset, def) cfg->name = (unset);
    MTASTS_SETTINGS(UNSET)
#undef UNSET
    return cfg;
}

void *mtasts_config_merge(apr_pool_t *p, void *base_v, void *add_v)
{
    const mtasts_config *base = base_v, *add = add_v;
    mtasts_config *cfg = apr_pmemdup(p, add, sizeof(*add));

#define MERGE(type, name, unset, def)                                          \
    if (cfg->name == (unset)) {                                                \
        cfg->name = base->name;                                                \
    }
    MTASTS_SETTINGS(MERGE)
#undef MERGE
    if (!add->id) {
        cfg->id_place = base->id_place;
    }
    if (!add->rollout) {
        cfg->rollout_place = base->rollout_place;
    }
    /* Who sets a mode or max_age leaves the plan of the main server. */
    if (add->mode != -1 || add->max_age) {
        cfg->rollout = NULL;
    }
    return cfg;
}

void mtasts_config_defaults(mtasts_config *cfg)
{
#define DEFAULT(type, name, unset, def)                                        \
    if (cfg->name == (unset)) {                                                \
        cfg->name = (def);                                                     \
    }
    MTASTS_SETTINGS(DEFAULT)
#undef DEFAULT
}

const char *mtasts_place_text(apr_pool_t *p, mtasts_place place)
{
    return apr_psprintf(p, "%s:%d", place.file, place.line);
}
