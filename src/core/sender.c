#include "sender.h"

#include <string.h>
#include <strings.h>

static const struct row {
    const char *name, *label;
    int delivers;
} table[MTASTS_SENDERS] = {
    /* clang-format off */
    [MTASTS_SENDER_UNKNOWN] = {"unknown", "unknown software", 1},
    [MTASTS_SENDER_NONE] = {"no-agent", "no User-Agent (KumoMTA, mailauth)", 1},
    [MTASTS_SENDER_GOOGLE] = {"google", "Google", 1},
    [MTASTS_SENDER_MICROSOFT] = {"microsoft", "Microsoft", 1},
    [MTASTS_SENDER_YAHOO] = {"yahoo", "Yahoo", 1},
    [MTASTS_SENDER_GO] = {"go", "Go (mox, maddy, chasquid)", 1},
    [MTASTS_SENDER_POSTFIX_TLSPOL] = {"postfix-tlspol", "postfix-tlspol", 1},
    [MTASTS_SENDER_POSTFIX_RESOLVER] = {"postfix-mta-sts-resolver", "postfix-mta-sts-resolver", 1},
    [MTASTS_SENDER_STALWART] = {"stalwart", "Stalwart", 1},
    [MTASTS_SENDER_MIMECAST] = {"mimecast", "Mimecast", 1},
    [MTASTS_SENDER_PERL] = {"perl", "Perl (Mail::STS)", 1},
    [MTASTS_SENDER_CHECKER] = {"checker", "browsers and tests", 0},
    [MTASTS_SENDER_OURSELVES] = {"mod-mtasts", "mod_mtasts itself", 0},
    /* clang-format on */
};

/* How User-Agents begin, in any letter case: as recorded from the programs or read in
 * their sources; of Microsoft and Yahoo nobody has published one, so their names are
 * taken for them. */
static const struct {
    const char *begins; /* in lower case */
    mtasts_sender sender;
} agents[] = {{"google-smtp-sts", MTASTS_SENDER_GOOGLE},
              {"microsoft", MTASTS_SENDER_MICROSOFT},
              {"exchange", MTASTS_SENDER_MICROSOFT},
              {"outlook", MTASTS_SENDER_MICROSOFT},
              {"yahoo", MTASTS_SENDER_YAHOO},
              {"go-http-client/", MTASTS_SENDER_GO},
              {"postfix-tlspol", MTASTS_SENDER_POSTFIX_TLSPOL},
              {"postfix-mta-sts-resolver", MTASTS_SENDER_POSTFIX_RESOLVER},
              {"stalwart", MTASTS_SENDER_STALWART},
              {"mimecast", MTASTS_SENDER_MIMECAST},
              {"libwww-perl/", MTASTS_SENDER_PERL},
              {"mozilla/", MTASTS_SENDER_CHECKER},
              {"curl/", MTASTS_SENDER_CHECKER},
              {"wget/", MTASTS_SENDER_CHECKER},
              {"python-", MTASTS_SENDER_CHECKER},
              {"opera/", MTASTS_SENDER_CHECKER}};
#define AGENTS (sizeof(agents) / sizeof(agents[0]))

mtasts_sender mtasts_sender_of(const char *user_agent)
{
    char first;
    size_t i;

    if (!user_agent || !*user_agent) {
        return MTASTS_SENDER_NONE;
    }
    /* Of each request, and most begin with another letter. */
    first = (char)(*user_agent | 0x20);
    for (i = 0; i < AGENTS; i++) {
        if (first == *agents[i].begins &&
            !strncasecmp(user_agent, agents[i].begins,
                         strlen(agents[i].begins))) {
            return agents[i].sender;
        }
    }
    return MTASTS_SENDER_UNKNOWN;
}

const char *mtasts_sender_name(mtasts_sender sender)
{
    return table[sender].name;
}

const char *mtasts_sender_label(mtasts_sender sender)
{
    return table[sender].label;
}

mtasts_sender mtasts_sender_by_name(const char *name)
{
    int i;

    for (i = 0; i < MTASTS_SENDERS; i++) {
        if (!strcmp(table[i].name, name)) {
            return (mtasts_sender)i;
        }
    }
    return MTASTS_SENDER_UNKNOWN;
}

int mtasts_sender_delivers(mtasts_sender sender)
{
    return table[sender].delivers;
}
