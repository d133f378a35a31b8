#include "cert_check.h"

#include <stdio.h>
#include <string.h>

#define SMTP_PORT 25

typedef struct {
    const mtasts_mx_asked *asked;
    const mtasts_probe *probe;
    mtasts_finding_fn *found;
    void *ctx;
    char subject[MTASTS_NAME_SIZE + MTASTS_ADDRESS_SIZE + 4];
    char then[MTASTS_VALUE_SIZE]; /* what senders do */
} check;

static void show_consequence(const mtasts_mx_asked *asked,
                             char out[MTASTS_VALUE_SIZE])
{
    const char *more = "";

    if (asked->implicit) {
        more = " (there is no MX record, so it is the domain itself)";
    }
    else if (asked->backup) {
        more = " (a backup MX host is refused like any other, though it shows "
               "only when the primary one is down)";
    }
    snprintf(out, MTASTS_VALUE_SIZE, "%s%s",
             asked->mode == MTASTS_MODE_ENFORCE
                 ? "senders refuse to deliver to it"
                 : "in mode enforce senders would refuse to deliver to it",
             more);
}

static mtasts_severity severity(const check *c, mtasts_code code)
{
    mtasts_severity of_row = mtasts_code_severity(code);

    if (of_row == MTASTS_ERROR && c->asked->mode != MTASTS_MODE_ENFORCE) {
        return c->asked->mode == MTASTS_MODE_NONE ? MTASTS_INFO
                                                  : MTASTS_WARNING;
    }
    if (code == MTASTS_MX_CERT_EXPIRING && c->asked->mode == MTASTS_MODE_NONE) {
        return MTASTS_INFO;
    }
    return of_row;
}

static void say_with(const check *c, mtasts_code code, const char *seen,
                     const char *advice, const char *said)
{
    mtasts_finding f;

    MTASTS_FILL(&f, code, c->subject, c->probe->host, seen, c->then, advice,
                said);
    f.severity = severity(c, code);
    f.blocks = f.blocks && f.severity == MTASTS_ERROR;
    c->found(c->ctx, &f);
}

static void say(const check *c, mtasts_code code, const char *seen,
                const char *advice)
{
    say_with(c, code, seen, advice, "");
}

/* A reply is shown by its numbers: its words may name the time or the session,
 * and a finding with other words each time would be new each time.  They come
 * before the remedy. */
static void show_reply(const char *why, char seen[MTASTS_WHY_SIZE + 8],
                       char said[MTASTS_VALUE_SIZE])
{
    const char *reply = strstr(why, " is \"");
    const char *words = reply ? reply : strstr(why, "): \"");

    *said = '\0';
    if (!words) {
        snprintf(seen, MTASTS_WHY_SIZE + 8, "%s", why);
        return;
    }
    words = strchr(words, '"') + 1;
    words += reply ? strspn(words, "0123456789") : 0;
    snprintf(seen, MTASTS_WHY_SIZE + 8, "%.*s...\"", (int)(words - why), why);
    snprintf(said, MTASTS_VALUE_SIZE, "In full: %s. ", why);
}

/* Either the host did it or a firewall anywhere on the way: whether another host
 * answers tells nothing about that. */
static void advise_refused(const check *c, char out[MTASTS_VALUE_SIZE])
{
    char target[MTASTS_ADDRESS_SIZE + 10];

    mtasts_probe_target(c->probe, SMTP_PORT, target);
    snprintf(out, MTASTS_VALUE_SIZE,
             "See whether the mail server runs and listens on %s. If it does, "
             "a firewall refuses this machine; many hosters close outbound "
             "port 25: ask yours, or set MTASTSProbeMX Off.",
             target);
}

static void advise_nobody(const check *c, char out[MTASTS_VALUE_SIZE])
{
    char target[MTASTS_ADDRESS_SIZE + 10];

    mtasts_probe_target(c->probe, SMTP_PORT, target);
    snprintf(out, MTASTS_VALUE_SIZE,
             "No MX host could be reached: outbound port %u is probably "
             "blocked here, as many hosters do. Ask yours, try `openssl "
             "s_client -starttls smtp -connect %s` from elsewhere, or set "
             "MTASTSProbeMX Off.",
             mtasts_probe_port(c->probe, SMTP_PORT), target);
}

/* Whose fault it is that nothing is known. */
static void advise_unreachable(const check *c, char out[MTASTS_VALUE_SIZE])
{
    const mtasts_probe *probe = c->probe;

    if (probe->result == MTASTS_PROBE_REFUSED) {
        advise_refused(c, out);
    }
    else if (c->asked->nobody) {
        advise_nobody(c, out);
    }
    else if (probe->time_up) {
        snprintf(out, MTASTS_VALUE_SIZE,
                 "Set a longer MTASTSCheckTimeout, or look into the error log: "
                 "the checks of the running server take more time.");
    }
    else if (probe->connected) {
        snprintf(out, MTASTS_VALUE_SIZE,
                 "The mail server's log says more: a limit, a block list or "
                 "greylisting may keep this machine out. Nothing is known to "
                 "be wrong.");
    }
    else {
        snprintf(out, MTASTS_VALUE_SIZE,
                 "See whether the host is up and its port %u open to the "
                 "world. Senders try the domain's other MX hosts meanwhile.",
                 mtasts_probe_port(probe, SMTP_PORT));
    }
}

static void say_unreachable(const check *c)
{
    const mtasts_probe *probe = c->probe;
    const char *why = *probe->why ? probe->why : "it is not known why";
    char advice[MTASTS_VALUE_SIZE];

    if (probe->time_up && !probe->connected) {
        why = "there was no time left for it";
    }
    else if (probe->time_up && !*probe->why) {
        why = "it had not answered when the time for all checks was up";
    }
    advise_unreachable(c, advice);
    say(c, MTASTS_MX_UNREACHABLE, why, advice);
}

static void say_no_starttls(const check *c)
{
    char why[MTASTS_WHY_SIZE + 8], said[MTASTS_VALUE_SIZE];
    char seen[MTASTS_WHY_SIZE + 16] = "";

    show_reply(c->probe->why, why, said);
    if (*why) {
        snprintf(seen, sizeof(seen), " (%s)", why);
    }
    say_with(c, MTASTS_MX_NO_STARTTLS, seen, "", said);
}

/* It may do so to this machine alone, so it is no error and never blocks. */
static void say_turned_away(const check *c, const char *seen, const char *said)
{
    static const char advice[] =
        "The mail server's log says why. If it turns away this machine only (a "
        "block list, a rule against unknown hosts), let it in, or set "
        "MTASTSProbeMX Off.";
    mtasts_finding f;

    MTASTS_FILL(&f, MTASTS_MX_GREETING, c->subject, c->probe->host, seen,
                c->then, advice, said);
    f.severity =
        c->asked->mode == MTASTS_MODE_NONE ? MTASTS_INFO : MTASTS_WARNING;
    f.blocks = 0;
    c->found(c->ctx, &f);
}

static void check_connection(const check *c)
{
    const mtasts_probe *probe = c->probe;
    char why[MTASTS_WHY_SIZE + 8], said[MTASTS_VALUE_SIZE];
    char target[MTASTS_ADDRESS_SIZE + 10];

    show_reply(*probe->why ? probe->why : "it is not known why", why, said);
    mtasts_probe_target(probe, SMTP_PORT, target);
    switch (probe->result) {
    case MTASTS_PROBE_OK:
        break;
    case MTASTS_PROBE_GREETING:
        say_with(c, MTASTS_MX_GREETING, why,
                 "See what listens there: a mail server begins with 220.",
                 said);
        break;
    case MTASTS_PROBE_TURNED_AWAY:
        say_turned_away(c, why, said);
        break;
    case MTASTS_PROBE_NO_STARTTLS:
        say_no_starttls(c);
        break;
    case MTASTS_PROBE_TLS_FAILED:
        say_with(c, MTASTS_MX_STARTTLS_FAILED, why, target, said);
        break;
    case MTASTS_PROBE_TLS_VERSION:
        say(c, MTASTS_MX_TLS_VERSION, why, target);
        break;
    default:
        say_unreachable(c);
    }
}

static void check_cert(const check *c)
{
    static const mtasts_code codes[MTASTS_FAULTS] = {
        [MTASTS_FAULT_NAME] = MTASTS_MX_CERT_NAME,
        [MTASTS_FAULT_SELF_SIGNED] = MTASTS_MX_CERT_SELF_SIGNED,
        [MTASTS_FAULT_CHAIN] = MTASTS_MX_CERT_CHAIN,
        [MTASTS_FAULT_EXPIRED] = MTASTS_MX_CERT_EXPIRED,
        [MTASTS_FAULT_NOT_YET] = MTASTS_MX_CERT_NOT_YET,
        [MTASTS_FAULT_EXPIRING] = MTASTS_MX_CERT_EXPIRING,
        [MTASTS_FAULT_WEAK] = MTASTS_MX_CERT_WEAK};
    mtasts_fault faults[MTASTS_CERT_FAULTS];
    size_t i, n = mtasts_cert_faults(&c->probe->cert,
                                     "the mail server's certificate file "
                                     "(Postfix: smtpd_tls_chain_files)",
                                     c->asked->now, faults);

    for (i = 0; i < n; i++) {
        say(c, codes[faults[i].kind], faults[i].seen, faults[i].advice);
    }
}

void mtasts_mx_check(const mtasts_mx_asked *asked, const mtasts_probe *probe,
                     mtasts_finding_fn *found, void *ctx)
{
    check c = {asked, probe, found, ctx, "", ""};

    mtasts_probe_subject(probe, c.subject);
    show_consequence(asked, c.then);
    check_connection(&c);
    if (probe->has_cert) {
        check_cert(&c);
    }
}

void mtasts_dane_check(const char *mx_host, mtasts_finding_fn *found, void *ctx)
{
    mtasts_finding f;

    MTASTS_FILL(&f, MTASTS_MX_DANE, mx_host, mx_host);
    found(ctx, &f);
}
