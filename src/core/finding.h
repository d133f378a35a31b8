#ifndef MTASTS_FINDING_H
#define MTASTS_FINDING_H

/*
 * Findings: every sentence that the module says to an administrator about a
 * policy, each with a stable code.  finding.c holds the one table of codes,
 * severities, texts, remedies and references; whoever compares a policy with
 * the RFCs or with the world picks a row and gives it the values seen.
 *
 * Pure functions of their arguments: any thread, any process, no allocation.
 */

#include <stddef.h>

typedef enum {
    MTASTS_ERROR,   /* mail is lost or the policy is not in force */
    MTASTS_WARNING, /* works, but not as the administrator would expect */
    MTASTS_INFO,
    MTASTS_UNKNOWN, /* could not be found out: neither right nor wrong */
    MTASTS_REFUSED  /* a directive that can never be right: httpd -t fails */
} mtasts_severity;

/* One name per row of the table in finding.c, in the same order. */
typedef enum {
    /* refused: values */
    MTASTS_ENGINE_VALUE,
    MTASTS_MODE_VALUE,
    MTASTS_NAME_EMPTY,
    MTASTS_NAME_TOO_LONG,
    MTASTS_NAME_U_LABEL,
    MTASTS_NAME_ADDRESS,
    MTASTS_NAME_LABEL,
    MTASTS_NAME_CHARACTER,
    MTASTS_MX_WILDCARD,
    MTASTS_DOMAIN_WILDCARD,
    MTASTS_MAX_AGE_SYNTAX,
    MTASTS_MAX_AGE_ZERO,
    MTASTS_MAX_AGE_TOO_LARGE,
    MTASTS_ID_SYNTAX,
    MTASTS_TLSRPT_SCHEME,
    MTASTS_TLSRPT_SYNTAX,
    MTASTS_HEADER_CHARACTER,
    MTASTS_HSTS_SYNTAX,
    MTASTS_CACHE_CONTROL_SYNTAX,
    MTASTS_CHECK_VALUE,
    MTASTS_RESOLVER_VALUE,
    MTASTS_CHECK_TIMEOUT_VALUE,
    MTASTS_PROBE_VALUE,
    MTASTS_CA_FILE,
    MTASTS_PROBE_CONCURRENCY_VALUE,
    MTASTS_WATCH_INTERVAL_VALUE,
    MTASTS_NOTIFY_COMMAND_VALUE,
    MTASTS_STATE_DIR_VALUE,
    MTASTS_LEDGER_VALUE,
    MTASTS_ROLLOUT_STEP_SYNTAX,
    MTASTS_ROLLOUT_START_VALUE,
    MTASTS_PUBLISH_COMMAND_VALUE,
    MTASTS_PUBLISH_TIMEOUT_VALUE,
    MTASTS_PUBLISH_DELAY_VALUE,
    MTASTS_FETCH_QUORUM_VALUE,
    MTASTS_NO_VALUE,
    /* refused: a whole vhost */
    MTASTS_MX_MISSING,
    MTASTS_DOMAIN_MISSING,
    MTASTS_DOMAIN_TWICE,
    MTASTS_BODY_TOO_LARGE,
    MTASTS_ROLLOUT_ORDER,
    MTASTS_ROLLOUT_BOTH,
    MTASTS_ROLLOUT_ID,
    /* warnings about a policy that is served */
    MTASTS_MAX_AGE_SHORT,
    MTASTS_MAX_AGE_MAXIMUM,
    MTASTS_MAX_AGE_NONE,
    MTASTS_BODY_LARGE,
    MTASTS_MX_DUPLICATE,
    MTASTS_MX_OWN_WILDCARD,
    MTASTS_MX_SINGLE_LABEL,
    MTASTS_MX_TLD_WILDCARD,
    MTASTS_DOMAIN_DUPLICATE,
    MTASTS_DOMAIN_PREFIX,
    MTASTS_HOST_UNROUTED,
    MTASTS_VHOST_PLAIN,
    MTASTS_ENGINE_MISSING,
    MTASTS_POLICY_DIFFERS,
    MTASTS_ID_DIFFERS,
    MTASTS_ROLLOUT_UNTESTED,
    MTASTS_ROLLOUT_LEAP,
    MTASTS_NO_EFFECT,
    /* a policy and what DNS says */
    MTASTS_TXT_MISSING,
    MTASTS_TXT_MULTIPLE,
    MTASTS_TXT_SYNTAX,
    MTASTS_TXT_NEAR_MISS,
    MTASTS_TXT_FOREIGN,
    MTASTS_TXT_ID_MISMATCH,
    MTASTS_TXT_STALE,
    MTASTS_TXT_AHEAD,
    MTASTS_TXT_DELEGATED,
    MTASTS_MX_UNMATCHED,
    MTASTS_MX_NULL,
    MTASTS_MX_UNUSED,
    MTASTS_MX_NONE,
    MTASTS_MX_CNAME,
    MTASTS_MX_NOADDRESS,
    MTASTS_MX_INVALID,
    MTASTS_MX_SUGGEST,
    MTASTS_HOST_MISSING,
    MTASTS_HOST_ELSEWHERE,
    MTASTS_TLSRPT_MISSING,
    MTASTS_TLSRPT_WRONG_NAME,
    MTASTS_TLSRPT_MULTIPLE,
    MTASTS_TLSRPT_RECORD_SYNTAX,
    MTASTS_TLSRPT_MISMATCH,
    MTASTS_DNS_UNKNOWN,
    /* the certificate of the virtual host */
    MTASTS_CERT_NAME,
    MTASTS_CERT_EXPIRED,
    MTASTS_CERT_NOT_YET,
    MTASTS_CERT_EXPIRING,
    MTASTS_CERT_CHAIN,
    MTASTS_CERT_SELF_SIGNED,
    MTASTS_CERT_WEAK,
    MTASTS_TLS_VERSION,
    MTASTS_CERT_UNREAD,
    /* the TLS of an MX host */
    MTASTS_MX_NO_STARTTLS,
    MTASTS_MX_STARTTLS_FAILED,
    MTASTS_MX_TLS_VERSION,
    MTASTS_MX_GREETING,
    MTASTS_MX_CERT_NAME,
    MTASTS_MX_CERT_EXPIRED,
    MTASTS_MX_CERT_NOT_YET,
    MTASTS_MX_CERT_EXPIRING,
    MTASTS_MX_CERT_CHAIN,
    MTASTS_MX_CERT_SELF_SIGNED,
    MTASTS_MX_CERT_WEAK,
    MTASTS_MX_UNREACHABLE,
    MTASTS_MX_DANE,
    /* the policy as senders fetch it */
    MTASTS_FETCH_UNREACHABLE,
    MTASTS_FETCH_TLS,
    MTASTS_FETCH_TLS_VERSION,
    MTASTS_FETCH_CERT_NAME,
    MTASTS_FETCH_CERT_EXPIRED,
    MTASTS_FETCH_CERT_NOT_YET,
    MTASTS_FETCH_CERT_EXPIRING,
    MTASTS_FETCH_CERT_CHAIN,
    MTASTS_FETCH_CERT_SELF_SIGNED,
    MTASTS_FETCH_CERT_WEAK,
    MTASTS_FETCH_REDIRECT,
    MTASTS_FETCH_STATUS,
    MTASTS_FETCH_HTTP,
    MTASTS_FETCH_TYPE,
    MTASTS_FETCH_ENCODING,
    MTASTS_FETCH_STALE,
    MTASTS_FETCH_DIFFERS,
    MTASTS_FETCH_INVALID,
    MTASTS_FETCH_SLOW,
    MTASTS_FETCH_LOCAL,
    /* what senders may hold */
    MTASTS_CACHED_MX_UNMATCHED,
    MTASTS_CACHED_MX_TLS,
    MTASTS_POLICY_WITHDRAWN,
    MTASTS_MODE_LOWERED,
    MTASTS_ID_REUSED,
    MTASTS_ID_REPEATED,
    MTASTS_REMOVABLE_FROM,
    MTASTS_HELD_BACK,
    MTASTS_NOT_SERVED,
    /* a plan, and the records that go with it */
    MTASTS_ROLLOUT_UNPLACED,
    MTASTS_ROLLOUT_HELD,
    MTASTS_ROLLOUT_PLAN_CHANGED,
    MTASTS_ROLLOUT_ELSEWHERE,
    MTASTS_PUBLISH_NOW,
    MTASTS_PUBLISH_FAILED,
    MTASTS_PUBLISH_FOREIGN,
    MTASTS_PUBLISH_DIFFERS,
    MTASTS_PUBLISH_QUORUM,
    /* the module itself */
    MTASTS_LEDGER_UNAVAILABLE,
    MTASTS_RESOLVER_UNAVAILABLE,
    MTASTS_NOTIFY_FAILED,
    MTASTS_CODES
} mtasts_code;

/* Before each line that is meant to be pasted into the configuration; with such
 * a remedy ends.  Where there is one line only, it stays as it is. */
#define MTASTS_PASTE       " | "

#define MTASTS_SUBJECT_MAX 256
#define MTASTS_TEXT_MAX    1024

/* All strings are NUL-terminated printable ASCII: values from outside were
 * escaped and cut when they were filled in, so they may be shown as they are
 * in a log or on a terminal (HTML still needs its own escaping). */
typedef struct {
    mtasts_code code;
    mtasts_severity severity; /* the row's, unless the policy's mode decides */
    int blocks;               /* MTASTSCheck strict fails for it */
    char subject[MTASTS_SUBJECT_MAX]; /* policy domain, host or directive */
    char text[MTASTS_TEXT_MAX];       /* what was seen and what it means */
    char remedy[MTASTS_TEXT_MAX];     /* what to do, to be copied */
} mtasts_finding;

/* Where findings go.  `f` is valid during the call only: copy what is kept. */
typedef void mtasts_finding_fn(void *ctx, const mtasts_finding *f);

/* Fills *f from the row `code`: {0} to {9} in its text and remedy become
 * args[0] to args[9] (escaped, each cut to 255 characters). */
void mtasts_finding_fill(mtasts_finding *f, mtasts_code code,
                         const char *subject, const char *const *args,
                         size_t nargs);

/* MTASTS_FILL(f, code, subject, arg...): the same with the values in place;
 * at least one argument. */
#define MTASTS_FILL(f, code, subject, ...)                                     \
    mtasts_finding_fill(                                                       \
        (f), (code), (subject), (const char *const[]){__VA_ARGS__},            \
        sizeof((const char *const[]){__VA_ARGS__}) / sizeof(const char *))

/* The row's constants: "max-age-short", the severity (of a finding itself it
 * is f->severity), "RFC 8461 3.2". */
const char *mtasts_code_name(mtasts_code code);
mtasts_severity mtasts_code_severity(mtasts_code code);
const char *mtasts_code_reference(mtasts_code code);

/* Where in a remedy of this code the lines begin: at the first MTASTS_PASTE; NULL
 * if it has none. */
const char *mtasts_code_paste(mtasts_code code, const char *remedy);

/* "error", "warning", "info", "unknown", "refused". */
const char *mtasts_severity_name(mtasts_severity s);

#endif
