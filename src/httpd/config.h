#ifndef MTASTS_CONFIG_H
#define MTASTS_CONFIG_H

/*
 * The module's configuration of one server_rec: what directives said (unset
 * -> merge -> defaults, once) and what was made of it (site.h).
 *
 * Every file of this room includes this one first.  All of it lives in pconf
 * and is read-only once check_config is over: children and threads share it
 * without a lock.
 */

#include "httpd.h"
#include "http_config.h"
#include "http_core.h"
#include "http_log.h"
#include "apr_hash.h"
#include "apr_strings.h"
#include "apr_tables.h"

#include "../core/domain.h"
#include "../core/policy.h"
#include "../core/rollout.h"

/* 2.4.48 is the first release with ap_ssl_conn_is_ssl(). */
#if !AP_MODULE_MAGIC_AT_LEAST(20120211, 105)
#error mod_mtasts needs httpd 2.4.48 or later
#endif

/* All else is built hidden: in one process with OpenSSL, PHP and others, the
 * module shows one symbol. */
#ifdef __GNUC__
#define MTASTS_EXPORT __attribute__((visibility("default")))
#else
#define MTASTS_EXPORT
#endif

extern MTASTS_EXPORT module AP_MODULE_DECLARE_DATA mtasts_module;
APLOG_USE_MODULE(mtasts);

/* Where a directive stands, for messages. */
typedef struct {
    const char *file; /* NULL: nowhere, the value is a default */
    int line;
} mtasts_place;

/* One word of a list directive, checked and in the form that is served. */
typedef struct {
    const char *value;
    mtasts_place place;
} mtasts_word;

/* S(type, name, unset, default): the one list of settings.  It makes the
 * members, the unset values, the merge and the defaults.  Lists are arrays of
 * mtasts_word (rollout: of mtasts_step) and replace each other as a whole; ""
 * stands for Off, and so does 0 of a probe's port, and a command without words. */
#define MTASTS_SETTINGS(S)                                                     \
    S(int, engine, -1, 0)                                                      \
    S(apr_array_header_t *, domains, NULL, NULL)                               \
    S(int, mode, -1, MTASTS_MODE_TESTING)                                      \
    S(apr_array_header_t *, mx, NULL, NULL)                                    \
    S(apr_uint32_t, max_age, 0, 604800)                                        \
    S(apr_array_header_t *, rollout, NULL, NULL)                               \
    S(apr_int64_t, rollout_start, 0, 0)                                        \
    S(const char *, id, NULL, "")                                              \
    S(apr_array_header_t *, tlsrpt, NULL, NULL)                                \
    S(const char *, hsts, NULL, "max-age=31536000")                            \
    S(const char *, cache_control, NULL, "max-age=60")                         \
    S(int, check, -1, MTASTS_CHECK_WARN)                                       \
    S(const char *, resolver, NULL, "")                                        \
    S(apr_uint32_t, check_timeout, 0, 5)                                       \
    S(int, probe_mx, -1, 25)                                                   \
    S(int, probe_host, -1, 443)                                                \
    S(const char *, ca_file, NULL, "")                                         \
    S(int, probe_concurrency, -1, 64)                                          \
    S(apr_uint32_t, watch_interval, MTASTS_UNSET, 3600)                        \
    S(const char *const *, notify_command, NULL, mtasts_no_command)            \
    S(const char *const *, publish_command, NULL, mtasts_no_command)           \
    S(apr_uint32_t, publish_timeout, 0, 60)                                    \
    S(apr_uint32_t, publish_delay, MTASTS_UNSET, 600)                          \
    S(int, publish_foreign, -1, 0)                                             \
    S(int, fetch_quorum, -1, MTASTS_QUORUM_ALL)                                \
    S(const char *, state_dir, NULL, "")                                       \
    S(const char *const *, ledger, NULL, mtasts_ledger_default)

#define MTASTS_UNSET      APR_UINT32_MAX /* where 0 is Off */

#define MTASTS_QUORUM_ALL 0 /* MTASTSFetchQuorum */

extern const char *const mtasts_no_command[1];

/* MTASTSCheck. */
enum { MTASTS_CHECK_OFF, MTASTS_CHECK_WARN, MTASTS_CHECK_STRICT };

/* MTASTSLedger: the driver and its parameters; "" for both is Off.  Without
 * parameters the default's are a file in MTASTSStateDir. */
extern const char *const mtasts_ledger_default[2];

typedef struct mtasts_served mtasts_served;
typedef struct mtasts_watch mtasts_watch;
struct mtasts_certs;

typedef struct {
#define MTASTS_MEMBER(type, name, unset, def) type name;
    MTASTS_SETTINGS(MTASTS_MEMBER)
#undef MTASTS_MEMBER
    /* Of this very server, not inherited: MTASTSEngine, and its first MTASTS
     * directive. */
    mtasts_place engine_place;
    mtasts_place first_place;
    /* The last of MTASTSMode and MTASTSMaxAge, in place of which is a plan. */
    const char *step;
    mtasts_place step_place;
    mtasts_place rollout_place; /* also where it is inherited */
    mtasts_place id_place;      /* MTASTSPolicyID, also where it is inherited */
    apr_array_header_t *notes;  /* on the server itself, or NULL */
    /* What is served; NULL if nothing is.  Both are set by
     * mtasts_check_config(). */
    mtasts_served *served;
    mtasts_watch *watch; /* of the main server: set in post_config, or NULL */
    apr_time_t read_at;  /* of the main server: set in post_config */
    struct mtasts_certs *certs; /* by vhost_tls.h; NULL if they aren't known */
} mtasts_config;

/* httpd's create and merge callbacks: everything unset; a vhost's value
 * before the main server's. */
void *mtasts_config_create(apr_pool_t *p, server_rec *s);
void *mtasts_config_merge(apr_pool_t *p, void *base, void *add);

/* Gives what is still unset its default.  Once per server, after merging. */
void mtasts_config_defaults(mtasts_config *cfg);

static APR_INLINE mtasts_config *mtasts_config_of(const server_rec *s)
{
    return ap_get_module_config(s->module_config, &mtasts_module);
}

/* "FILE:LINE", in `p`. */
const char *mtasts_place_text(apr_pool_t *p, mtasts_place place);

/* The directives, for the module record. */
extern const command_rec mtasts_directives[];

#endif
