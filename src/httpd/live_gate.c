/* The part of a run that tells what keeps a plan from going on. */

#include "live_private.h"
#include "notes.h"
#include "../core/area.h"

/* Of the policy that is served. */
static int matters_now(mtasts_code code)
{
    switch (mtasts_code_area(code)) {
    case MTASTS_AREA_CONFIG:
    case MTASTS_AREA_MX:
    case MTASTS_AREA_MX_ADDRESS:
    case MTASTS_AREA_MX_TLS:
    case MTASTS_AREA_MX_CERT:
    case MTASTS_AREA_TLSRPT:
    case MTASTS_AREA_DANE:
    case MTASTS_AREA_MODULE:
        return 0;
    default:
        return 1;
    }
}

/* Of the one that comes next: what is a warning in testing may be refused mail
 * in enforce. */
static int matters_then(mtasts_code code)
{
    switch (mtasts_code_area(code)) {
    case MTASTS_AREA_MX:
    case MTASTS_AREA_MX_ADDRESS:
    case MTASTS_AREA_MX_TLS:
    case MTASTS_AREA_MX_CERT:
        return 1;
    default:
        return 0;
    }
}

static void add_reason(apr_array_header_t *names, const char *name)
{
    int i;

    for (i = 0; i < names->nelts; i++) {
        if (!strcmp(APR_ARRAY_IDX(names, i, char *), name)) {
            return;
        }
    }
    APR_ARRAY_PUSH(names, const char *) = name;
}

/* As many addresses as it takes give the policy. */
static int is_fetched(const mtasts_live_site *l)
{
    int quorum = mtasts_config_of(l->site->served->server)->fetch_quorum;

    return quorum == MTASTS_QUORUM_ALL ? l->fetched && l->same == l->fetched
                                       : l->same >= (unsigned)quorum;
}

static void add_codes(const apr_array_header_t *notes,
                      int (*matters)(mtasts_code code),
                      apr_array_header_t *names)
{
    int i;

    for (i = 0; i < notes->nelts; i++) {
        const mtasts_note *n = &APR_ARRAY_IDX(notes, i, mtasts_note);

        if (matters(n->code) &&
            (n->severity == MTASTS_ERROR || n->severity == MTASTS_UNKNOWN ||
             n->code == MTASTS_HELD_BACK)) {
            add_reason(names, mtasts_code_name(n->code));
        }
    }
}

/* As if the next step were served. */
static void add_codes_of_next(const mtasts_live *live,
                              const mtasts_live_site *l,
                              apr_array_header_t *names)
{
    unsigned next = mtasts_site_step(l->site) + 1,
             looks = mtasts_live_looks(live->options, l->site->served->server);
    apr_array_header_t *notes =
        apr_array_make(live->pool, 4, sizeof(mtasts_note));
    const mtasts_policy *policy;

    if (next >= l->site->served->nversions || !l->facts) {
        return;
    }
    policy = &l->site->served->versions[next].policy;
    if (looks & MTASTS_LOOK_DNS) {
        (void)mtasts_live_dns_check(live, l, policy, notes);
    }
    if (l->mx) {
        mtasts_live_mx_check(live, l, policy->mode, notes);
    }
    add_codes(notes, matters_then, names);
}

void mtasts_live_gate_check(const mtasts_live *live, const mtasts_live_site *l,
                            apr_array_header_t *names)
{
    unsigned looks = mtasts_live_looks(live->options, l->site->served->server);

    add_codes(l->notes, matters_now, names);
    if (l->repeats) {
        return;
    }
    add_codes_of_next(live, l, names);
    if (l->sync != MTASTS_SYNC_IN_SYNC) {
        add_reason(names, "the TXT record does not have the policy's id");
    }
    if (!is_fetched(l)) {
        add_reason(names,
                   looks & MTASTS_LOOK_FETCH
                       ? "not every address serves the policy"
                       : "nobody fetches the policy (MTASTSProbeHost Off)");
    }
    if ((looks & MTASTS_LOOK_MX && !l->mx) ||
        (looks & MTASTS_LOOK_CERT && !live->roots)) {
        add_reason(names, "TLS was not looked at");
    }
}
