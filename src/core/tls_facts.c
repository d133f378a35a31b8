#include "tls_facts.h"

static const char *const chain_names[] = {
    "ok", "self-signed", "incomplete", "untrusted", "expired", "invalid"};

static const char *const result_names[] = {
    "unreachable", "refused",     "greeting", "turned-away", "no-starttls",
    "tls-failed",  "tls-version", "no-http",  "slow",        "ok"};

/* Out of range are facts that were damaged where they were kept. */

const char *mtasts_chain_name(mtasts_chain chain)
{
    return chain_names[(unsigned)chain <= MTASTS_CHAIN_INVALID
                           ? chain
                           : MTASTS_CHAIN_INVALID];
}

const char *mtasts_probe_result_name(mtasts_probe_result result)
{
    return result_names[(unsigned)result <= MTASTS_PROBE_OK
                            ? result
                            : MTASTS_PROBE_UNKNOWN];
}
