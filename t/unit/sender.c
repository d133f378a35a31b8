/* Which software fetches a policy. */

#include "../../src/core/sender.h"
#include "tap.h"

#include <stdlib.h>

static void by_user_agent(void)
{
    static const struct {
        const char *user_agent, *want;
    } cases[] = {
        {NULL, "no-agent"},
        {"", "no-agent"},
        {"Google-SMTP-STS", "google"},
        {"google-smtp-sts/2", "google"},
        {"Googlebot/2.1", "unknown"},
        {"Microsoft Exchange", "microsoft"},
        {"Yahoo MTA-STS", "yahoo"},
        {"Go-http-client/1.1", "go"},
        {"Go-http-client/2.0", "go"},
        {"postfix-tlspol/1.8.4", "postfix-tlspol"},
        {"postfix-mta-sts-resolver", "postfix-mta-sts-resolver"},
        {"Stalwart/1.0.0", "stalwart"},
        {"Mimecast MTA-STS", "mimecast"},
        {"libwww-perl/6.68", "perl"},
        {"Mozilla/5.0 (X11; Linux x86_64)", "checker"},
        {"Mozilla/5.0 ((Linux)) checkdmarc/5.17.5", "checker"},
        {"curl/7.88.1", "checker"},
        {"python-requests/2.31", "checker"},
        {"mod-mtasts", "unknown"},
        {"Go", "unknown"},
        {"\xff\xfe\x01", "unknown"},
    };
    size_t i;

    for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        const char *ua = cases[i].user_agent;

        is_str(mtasts_sender_name(mtasts_sender_of(ua)), cases[i].want, "of",
               ua ? ua : "(none)");
    }
}

static void names(void)
{
    int i;

    for (i = 0; i < MTASTS_SENDERS; i++) {
        const char *name = mtasts_sender_name((mtasts_sender)i);

        ok((int)mtasts_sender_by_name(name) == i, "by name", name);
        ok(*mtasts_sender_label((mtasts_sender)i), "label", name);
    }
    ok(mtasts_sender_by_name("other") == MTASTS_SENDER_UNKNOWN, "by name",
       "other");
    ok(mtasts_sender_delivers(MTASTS_SENDER_UNKNOWN), "delivers", "unknown");
    ok(!mtasts_sender_delivers(MTASTS_SENDER_CHECKER), "delivers", "checker");
    ok(!mtasts_sender_delivers(MTASTS_SENDER_OURSELVES), "delivers",
       "mod-mtasts");
}

int main(void)
{
    by_user_agent();
    names();
    return done();
}
