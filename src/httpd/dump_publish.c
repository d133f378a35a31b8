/* How far a site's TXT records are published, for both dumps. */

#include "dump.h"
#include "document.h"

#include <stdio.h>

static const char *const labels[] = {"_mta-sts", "_smtp._tls"};

static const char *at(apr_pool_t *p, apr_int64_t t)
{
    char text[MTASTS_TIME_SIZE];

    mtasts_time_text(t, text);
    return apr_pstrdup(p, text);
}

static const char *waits_text(apr_pool_t *p, const mtasts_live_site *l,
                              int record, const mtasts_ledger_publishing *kept)
{
    const mtasts_config *cfg = mtasts_config_of(l->site->served->server);

    if (!kept->is.since) {
        return "waits until DNS tells what is there";
    }
    if (record != MTASTS_LEDGER_STS) {
        return "is published after the next look";
    }
    if (!cfg->probe_host) {
        return "waits for you, as nobody sees whether every address serves the "
               "policy (MTASTSProbeHost Off)";
    }
    if (kept->is.served) {
        return apr_psprintf(p, "waits until %s, as it is served since %s",
                            at(p, kept->is.served + cfg->publish_delay),
                            at(p, kept->is.served));
    }
    return cfg->fetch_quorum == MTASTS_QUORUM_ALL
               ? "waits until every address serves the policy"
               : apr_psprintf(p,
                              "waits until %d address(es) serve the policy "
                              "(MTASTSFetchQuorum)",
                              cfg->fetch_quorum);
}

/* What it means, in words. */
static const char *state_text(apr_pool_t *p, const mtasts_live_site *l,
                              int record, const mtasts_ledger_publishing *kept)
{
    const char *since = at(p, kept->is.since);

    switch (kept->is.state) {
    case MTASTS_RECORD_WAITS:
        return waits_text(p, l, record, kept);
    case MTASTS_RECORD_FOREIGN:
        return "not published: what is there is of somebody else's making";
    case MTASTS_RECORD_DUE:
        return apr_psprintf(p, "publish now (since %s)", since);
    case MTASTS_RECORD_RUNS:
        return apr_psprintf(p, "MTASTSPublishCommand runs since %s", since);
    case MTASTS_RECORD_ACCEPTED:
        return apr_psprintf(p, "accepted %s; DNS does not show it yet", since);
    case MTASTS_RECORD_FAILED:
        return apr_psprintf(p, "failed (%u in a row), again %s: %s",
                            kept->is.failures, at(p, kept->is.next),
                            kept->said ? kept->said : "");
    default:
        return apr_psprintf(p, "published, seen in DNS %s", since);
    }
}

void mtasts_dump_text_publishing(apr_pool_t *p, const mtasts_live_site *l)
{
    int i, lines = 0;

    for (i = 0; l->known && i < MTASTS_LEDGER_RECORDS; i++) {
        const mtasts_ledger_publishing *kept = l->known->publishing[i];

        if (kept) {
            printf("  %-12s %-10s \"%s\": %s\n", lines++ ? "" : "publishing",
                   labels[i], kept->value, state_text(p, l, i, kept));
        }
    }
}

json_t *mtasts_dump_json_publishing(
    apr_pool_t *p, const char *domain,
    const mtasts_ledger_publishing *const publishing[MTASTS_LEDGER_RECORDS])
{
    json_t *all = json_array();
    int i;

    for (i = 0; publishing && i < MTASTS_LEDGER_RECORDS; i++) {
        const mtasts_ledger_publishing *kept = publishing[i];

        if (kept) {
            json_array_append_new(
                all, json_pack(
                         "{s:s, s:s, s:s, s:o, s:o, s:o, s:i, s:o}", "name",
                         apr_pstrcat(p, labels[i], ".", domain, ".", NULL),
                         "value", kept->value, "state",
                         mtasts_publish_state_name(kept->is.state), "since",
                         mtasts_document_time(p, kept->is.since), "next",
                         mtasts_document_time(p, kept->is.next), "served_since",
                         mtasts_document_time(p, kept->is.served), "failures",
                         (int)kept->is.failures, "said",
                         kept->said ? json_string(kept->said) : json_null()));
        }
    }
    return all;
}
