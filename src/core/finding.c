#include "finding.h"

#include "text.h"

#include <string.h>

#define ARG_MAX 256

static const struct row {
    const char *name;
    mtasts_severity severity;
    const char *text;
    const char *remedy;
    const char *reference;
} table[MTASTS_CODES] = {
    /* clang-format off */
    [MTASTS_ENGINE_VALUE] =
        {"engine-value", MTASTS_REFUSED,
         "'{0}' is neither On nor Off",
         "Write On or Off.",
         ""},
    [MTASTS_MODE_VALUE] =
        {"mode-value", MTASTS_REFUSED,
         "'{0}' is not a mode",
         "Write testing (failures are only reported), enforce (mail to a "
         "host that fails is refused) or none.",
         "RFC 8461 3.2"},
    [MTASTS_NAME_EMPTY] =
        {"name-empty", MTASTS_REFUSED,
         "'{0}' is not a domain name: it is empty",
         "Write a name such as mail.example.com, without quotes around "
         "nothing.",
         "RFC 8461 3.2"},
    [MTASTS_NAME_TOO_LONG] =
        {"name-too-long", MTASTS_REFUSED,
         "'{0}' is too long for a domain name",
         "A name has at most 253 characters, a policy domain at most 245, "
         "as mta-sts. comes before it.",
         "RFC 1035 2.3.4"},
    [MTASTS_NAME_U_LABEL] =
        {"name-u-label", MTASTS_REFUSED,
         "'{0}' has characters outside ASCII, and senders read A-labels only",
         "Write it as A-label{1}.",
         "RFC 8461 3.2"},
    [MTASTS_NAME_ADDRESS] =
        {"name-address", MTASTS_REFUSED,
         "'{0}' is an address or ends in a number, and senders compare host "
         "names only",
         "Write the host name that the MX record has, without its "
         "preference number.",
         "RFC 8461 4.1"},
    [MTASTS_NAME_LABEL] =
        {"name-label", MTASTS_REFUSED,
         "'{0}': the label '{1}' {2}",
         "Each part between dots is 1 to 63 letters, digits and hyphens, "
         "with no hyphen at either end.",
         "RFC 1035 2.3.1"},
    [MTASTS_NAME_CHARACTER] =
        {"name-character", MTASTS_REFUSED,
         "'{0}': '{1}' can't be in a host name",
         "Only letters, digits, hyphens and dots are allowed: no https://, "
         "port or comma. Write several names with blanks between them, "
         "without quotes, and comments on lines of their own.",
         "RFC 8461 3.2"},
    [MTASTS_MX_WILDCARD] =
        {"mx-wildcard", MTASTS_REFUSED,
         "'{0}': a '*' stands for exactly one whole label, the left-most",
         "Write *.example.com for all hosts directly below example.com, or "
         "each host's name.",
         "RFC 8461 4.1"},
    [MTASTS_DOMAIN_WILDCARD] =
        {"domain-wildcard", MTASTS_REFUSED,
         "'{0}': a policy domain has no '*'",
         "Write each domain that stands behind the @ of mail addresses; "
         "every subdomain that receives mail needs a policy of its own.",
         "RFC 8461 3.4"},
    [MTASTS_MAX_AGE_SYNTAX] =
        {"max-age-syntax", MTASTS_REFUSED,
         "'{0}' is not a time",
         "Write seconds (604800) or a number with one unit s, m, h, d or w "
         "(2w), without a blank.",
         "RFC 8461 3.2"},
    [MTASTS_MAX_AGE_ZERO] =
        {"max-age-zero", MTASTS_REFUSED,
         "'{0}' would let senders forget the policy at once; some refuse "
         "it, others hold it for a day or a week all the same",
         "Write 1d or more. To take a policy back, use MTASTSMode none and "
         "leave MTASTSMaxAge at 1d.",
         "RFC 8461 8.3"},
    [MTASTS_MAX_AGE_TOO_LARGE] =
        {"max-age-too-large", MTASTS_REFUSED,
         "'{0}' is more than the 31557600 seconds (one year) allowed; "
         "senders reject such a policy",
         "Write at most 52w.",
         "RFC 8461 3.2"},
    [MTASTS_ID_SYNTAX] =
        {"id-syntax", MTASTS_REFUSED,
         "'{0}' can't be a policy id",
         "Write auto, or 1 to 32 letters and digits (no hyphen, dot or "
         "colon: a date is 20260131, not 2026-01-31).",
         "RFC 8461 3.1"},
    [MTASTS_TLSRPT_SCHEME] =
        {"tlsrpt-scheme", MTASTS_REFUSED,
         "'{0}' is neither a mailto: nor an https: URI",
         "Write mailto:tlsrpt@example.com or "
         "https://reports.example.com/path.",
         "RFC 8460 3"},
    [MTASTS_TLSRPT_SYNTAX] =
        {"tlsrpt-uri", MTASTS_REFUSED,
         "'{0}' {1}",
         "Write mailto:tlsrpt@example.com or "
         "https://reports.example.com/path, several separated by blanks; "
         "inside a URI write %2C for a comma, %21 for '!' and %3B for a "
         "semicolon.",
         "RFC 8460 3"},
    [MTASTS_HEADER_CHARACTER] =
        {"header-character", MTASTS_REFUSED,
         "'{0}' can't be a header's value: it is empty or has characters "
         "that are not printable ASCII",
         "Write the value in one line, or Off to send no such header.",
         "RFC 9110 5.5"},
    [MTASTS_HSTS_SYNTAX] =
        {"hsts-syntax", MTASTS_REFUSED,
         "'{0}' has no max-age and would be ignored by browsers",
         "Write max-age=31536000, if wanted with ; includeSubDomains behind "
         "it, in quotes; or Off.",
         "RFC 6797 6.1"},
    [MTASTS_CACHE_CONTROL_SYNTAX] =
        {"cache-control-syntax", MTASTS_REFUSED,
         "'{0}' is no Cache-Control value: it begins with a number",
         "Write max-age={0}, or what else Cache-Control may say; or Off.",
         "RFC 9111 5.2"},
    [MTASTS_CHECK_VALUE] =
        {"check-value", MTASTS_REFUSED,
         "'{0}' is not a way to check",
         "Write off (nothing is looked at and nobody is asked), warn (what "
         "is wrong is reported) or strict (apachectl configtest fails on what "
         "would lose mail).",
         ""},
    [MTASTS_RESOLVER_VALUE] =
        {"resolver-value", MTASTS_REFUSED,
         "'{0}' is not the IP address of a DNS server",
         "Write system, or addresses such as 192.0.2.53, 192.0.2.53:5353 or "
         "[2001:db8::53]:5353.",
         ""},
    [MTASTS_CHECK_TIMEOUT_VALUE] =
        {"check-timeout-value", MTASTS_REFUSED,
         "'{0}' is not a time from 1 s to 5 m",
         "Write seconds or a number with s or m, such as 5s.",
         ""},
    [MTASTS_PROBE_VALUE] =
        {"probe-value", MTASTS_REFUSED,
         "'{0}' is neither On, Off nor a port",
         "Write On (port {1}), Off, or a port from 1 to 65535.",
         ""},
    [MTASTS_CA_FILE] =
        {"ca-file", MTASTS_REFUSED,
         "no trusted roots can be read from '{0}': {1}",
         "Name a file of root certificates in PEM form, as senders trust "
         "them; without the directive the system's are used.",
         ""},
    [MTASTS_PROBE_CONCURRENCY_VALUE] =
        {"probe-concurrency-value", MTASTS_REFUSED,
         "'{0}' is not a number of connections from 1 to {1}",
         "Write how many may be open at once: 64 is enough for some hundred "
         "MX hosts a second.",
         ""},
    [MTASTS_WATCH_INTERVAL_VALUE] =
        {"watch-interval-value", MTASTS_REFUSED,
         "'{0}' is neither Off nor a time from 1 m to 30 d",
         "Write seconds or a number with m, h, d or w, such as 1h; or Off.",
         ""},
    [MTASTS_NOTIFY_COMMAND_VALUE] =
        {"notify-command-value", MTASTS_REFUSED,
         "'{0}' can't be run: {1}",
         "Write the absolute path of a program that User may run, and its "
         "arguments behind it (no shell sees them); or Off.",
         ""},
    [MTASTS_STATE_DIR_VALUE] =
        {"state-dir-value", MTASTS_REFUSED,
         "'{0}' can't be the directory for the ledger: {1}",
         "Write the path of a directory for this alone; httpd makes it when "
         "it starts, so that only User may read and write it.",
         ""},
    [MTASTS_LEDGER_VALUE] =
        {"ledger-value", MTASTS_REFUSED,
         "'{0}' is no driver for the ledger: {1}",
         "Write the name of an apr_dbd driver and its parameters, such as "
         "MTASTSLedger pgsql \"host=db dbname=mtasts\"; or Off.",
         ""},
    [MTASTS_ROLLOUT_STEP_SYNTAX] =
        {"rollout-step-syntax", MTASTS_REFUSED,
         "'{0}' is not a step of a plan: {1}",
         "Write mode:max_age/hold, such as testing:1d/14d: mode testing with "
         "a max_age of one day, for 14 days at least. The last step lasts and "
         "has no hold, such as enforce:4w.",
         "RFC 8461 3.2"},
    [MTASTS_ROLLOUT_START_VALUE] =
        {"rollout-start-value", MTASTS_REFUSED,
         "'{0}' is not a date",
         "Write a date (2026-01-31, which begins at 00:00 UTC) or a date, a "
         "time and its offset from UTC: 2026-01-31T09:00:00+01:00, or "
         "2026-01-31T08:00:00Z.",
         "RFC 3339 5.6"},
    [MTASTS_PUBLISH_COMMAND_VALUE] =
        {"publish-command-value", MTASTS_REFUSED,
         "'{0}' can't be run: {1}",
         "Write the absolute path of a program that User may run, and its "
         "arguments behind it (no shell sees them); or Off. Programs for "
         "several DNS servers and providers come with the module "
         "(/usr/local/lib/mtasts/publish).",
         ""},
    [MTASTS_PUBLISH_TIMEOUT_VALUE] =
        {"publish-timeout-value", MTASTS_REFUSED,
         "'{0}' is not a time from 1 s to 10 m",
         "Write seconds or a number with s or m, such as 60s.",
         ""},
    [MTASTS_PUBLISH_DELAY_VALUE] =
        {"publish-delay-value", MTASTS_REFUSED,
         "'{0}' is neither a time from 1 s to 1 d nor Off",
         "Write seconds, or a number with s, m, h or d, such as 10m: as long as "
         "a proxy or CDN in front may hand on the policy before.",
         "RFC 8461 8.2"},
    [MTASTS_FETCH_QUORUM_VALUE] =
        {"fetch-quorum-value", MTASTS_REFUSED,
         "'{0}' is neither all nor a number of addresses from 1 to {1}",
         "Write all; or, where an address of the policy host is known to be "
         "dead, how many must serve the new policy before its TXT record is "
         "published.",
         "RFC 8461 8.1"},
    [MTASTS_NO_VALUE] =
        {"no-value", MTASTS_REFUSED,
         "a value is missing",
         "Write at least one {0} behind it.",
         ""},
    [MTASTS_MX_MISSING] =
        {"mx-missing", MTASTS_REFUSED,
         "the policy of {0} has mode {1} but no MTASTSMX: it would say that "
         "no host at all may receive the domain's mail",
         "Add MTASTSMX with every MX host of the domain, backups too, as "
         "`dig MX {0}` lists them; or set MTASTSMode none.",
         "RFC 8461 3.2"},
    [MTASTS_DOMAIN_MISSING] =
        {"domain-missing", MTASTS_REFUSED,
         "no policy domain can be told here: there is no MTASTSDomain, and "
         "no ServerName or ServerAlias without a wildcard begins with "
         "'mta-sts.'",
         "Add ServerName mta-sts.example.com or MTASTSDomain example.com, "
         "or set MTASTSEngine Off here.",
         "RFC 8461 3.3"},
    [MTASTS_DOMAIN_TWICE] =
        {"domain-twice", MTASTS_REFUSED,
         "the policy domain {0} is in two virtual hosts on {1}: here and in "
         "the one at {2}",
         "Only one of them would be asked. Take {0} out of one of the two, "
         "or set MTASTSEngine Off there.",
         ""},
    [MTASTS_BODY_TOO_LARGE] =
        {"body-too-large", MTASTS_REFUSED,
         "the policy of {0} would have {1} bytes, and senders read at most "
         "64000",
         "Name fewer hosts: *.example.com stands for all hosts directly "
         "below example.com.",
         "RFC 8461 3.3"},
    [MTASTS_ROLLOUT_ORDER] =
        {"rollout-order", MTASTS_REFUSED,
         "{0} {1}",
         "Write the steps from testing to enforce and, in each mode, from a "
         "short max_age to a long one; all have a hold but the last, as in "
         "MTASTSRollout testing:1d/14d enforce:1d/7d enforce:1w/28d "
         "enforce:4w",
         "RFC 8461 3.2"},
    [MTASTS_ROLLOUT_BOTH] =
        {"rollout-both", MTASTS_REFUSED,
         "{0} and MTASTSRollout are set in the same place (the other one at "
         "{1}), and each step of a plan brings a mode and a max_age of its own",
         "Remove {0}; or remove MTASTSRollout and go from step to step by "
         "hand.",
         "RFC 8461 3.2"},
    [MTASTS_ROLLOUT_ID] =
        {"rollout-id", MTASTS_REFUSED,
         "MTASTSPolicyID {0} holds here (from {1}): under one id for all steps "
         "of the plan senders don't learn of the next one",
         "Set MTASTSPolicyID auto here, which gives each step an id of its "
         "own; or remove MTASTSRollout.",
         "RFC 8461 3.1"},
    [MTASTS_MAX_AGE_SHORT] =
        {"max-age-short", MTASTS_WARNING,
         "MTASTSMaxAge is {0} s, less than a day, in mode enforce: some "
         "senders hold the policy for a day or a week all the same, others "
         "ignore it",
         "MTASTSMaxAge 1w",
         "RFC 8461 3.2"},
    [MTASTS_MAX_AGE_MAXIMUM] =
        {"max-age-maximum", MTASTS_WARNING,
         "MTASTSMaxAge is exactly the maximum of 31557600 s, and at least "
         "one sender takes that for too much and holds the policy for one "
         "day only",
         "MTASTSMaxAge 52w",
         "RFC 8461 3.2"},
    [MTASTS_MAX_AGE_NONE] =
        {"max-age-none", MTASTS_WARNING,
         "mode is none with MTASTSMaxAge {0} s: a sender that has seen it "
         "may not look again for that long, even if you turn MTA-STS on "
         "again",
         "MTASTSMaxAge 1d",
         "RFC 8461 8.3"},
    [MTASTS_BODY_LARGE] =
        {"body-large", MTASTS_WARNING,
         "the policy has {0} bytes; one sender reads 10 kB only and would "
         "not know the hosts behind that",
         "Name fewer hosts: *.example.com stands for all hosts directly "
         "below example.com.",
         "RFC 8461 3.3"},
    [MTASTS_MX_DUPLICATE] =
        {"mx-duplicate", MTASTS_WARNING,
         "MTASTSMX names {0} more than once; it is served once",
         "Remove the second {0} from MTASTSMX.",
         "RFC 8461 3.2"},
    [MTASTS_MX_OWN_WILDCARD] =
        {"mx-own-wildcard", MTASTS_WARNING,
         "MTASTSMX {0} lets whoever gets a host name and a certificate "
         "directly below {1} (a web host, a customer) receive the domain's "
         "mail",
         "Name the MX hosts one by one in MTASTSMX.",
         "RFC 8461 10.4"},
    [MTASTS_MX_SINGLE_LABEL] =
        {"mx-single-label", MTASTS_WARNING,
         "MTASTSMX {0} is a single label, and MX records name hosts in full",
         "Write the host's full name, as the MX record has it.",
         "RFC 8461 4.1"},
    [MTASTS_MX_TLD_WILDCARD] =
        {"mx-tld-wildcard", MTASTS_WARNING,
         "MTASTSMX {0} lets a whole top-level domain receive the domain's "
         "mail, but no host with more labels than that",
         "Write the hosts' names or a pattern below your own or your "
         "provider's domain.",
         "RFC 8461 4.1"},
    [MTASTS_DOMAIN_DUPLICATE] =
        {"domain-duplicate", MTASTS_WARNING,
         "MTASTSDomain names {0} more than once; it is served once",
         "Remove the second {0} from MTASTSDomain.",
         ""},
    [MTASTS_DOMAIN_PREFIX] =
        {"domain-prefix", MTASTS_WARNING,
         "MTASTSDomain {0} is served as mta-sts.{0}: the directive takes "
         "the domain behind the @ of mail addresses, not the policy host",
         "MTASTSDomain {1}",
         "RFC 8461 3.3"},
    [MTASTS_HOST_UNROUTED] =
        {"host-unrouted", MTASTS_WARNING,
         "requests for {0} don't come here but to the virtual host {1} at "
         "{2}",
         "Give this virtual host ServerName or ServerAlias {0} and put it "
         "before the other one, or take the name out of the other one.",
         "RFC 8461 3.3"},
    [MTASTS_VHOST_PLAIN] =
        {"vhost-plain", MTASTS_WARNING,
         "the virtual host {0} has no TLS, and senders fetch a policy by "
         "HTTPS only",
         "Add SSLEngine On with a certificate for the policy host; if a "
         "proxy or CDN in front does TLS and passes the Host header on, all "
         "is well.",
         "RFC 8461 3.3"},
    [MTASTS_ID_DIFFERS] =
        {"id-differs", MTASTS_WARNING,
         "the policy id of {0} is not the one at {1}, though the policies are "
         "equal, and the TXT record names one id only",
         "Give both virtual hosts the same MTASTSPolicyID, or leave it to "
         "auto in both.",
         "RFC 8461 3.1"},
    [MTASTS_ROLLOUT_UNTESTED] =
        {"rollout-untested", MTASTS_WARNING,
         "the plan enforces from its first step on, {0}, and no step in mode "
         "testing lets senders report before what will be refused mail then",
         "Put testing:1d/14d before {0}, with MTASTSTLSRPT to get the "
         "reports; or leave it if this policy was tested elsewhere.",
         "RFC 8461 5"},
    [MTASTS_ROLLOUT_LEAP] =
        {"rollout-leap", MTASTS_WARNING,
         "{0} is the first step that enforces, and its max_age is more than 4 "
         "weeks: a fault that shows only then can refuse mail for as long, "
         "whatever you change",
         "Put shorter steps before {0}, such as enforce:1d/7d enforce:1w/28d.",
         "RFC 8461 5.1"},
    [MTASTS_NO_EFFECT] =
        {"no-effect", MTASTS_WARNING,
         "{0} {1}, as {2}",
         "Remove {3}; or remove {0}.",
         ""},
    [MTASTS_ENGINE_MISSING] =
        {"engine-missing", MTASTS_WARNING,
         "the virtual host {0} at {1} has MTASTS directives, but MTASTSEngine "
         "is not set: it serves no policy",
         "Add MTASTSEngine On there. If none is wanted, MTASTSEngine Off; but "
         "where one was served before, first do what policy-withdrawn says, "
         "until its date.",
         ""},
    [MTASTS_POLICY_DIFFERS] =
        {"policy-differs", MTASTS_WARNING,
         "the policy of {0} is not the one that is served for it at {1}: "
         "which one a sender gets depends on the address it asks",
         "Give both virtual hosts the same MTASTS directives, or set "
         "MTASTSEngine Off in the one that senders don't reach.",
         "RFC 8461 3.3"},
    [MTASTS_TXT_MISSING] =
        {"txt-missing", MTASTS_ERROR,
         "there is no MTA-STS record at {0}{1}, so senders don't look for the "
         "policy",
         "{3}{0}. IN TXT \"{2}\"",
         "RFC 8461 3.1"},
    [MTASTS_TXT_MULTIPLE] =
        {"txt-multiple", MTASTS_ERROR,
         "{3} TXT records at {0} begin with v=STSv1; and with more than "
         "one senders act as if there were none; the first is '{1}'",
         "Remove all of them but this: {0}. IN TXT \"{2}\"",
         "RFC 8461 3.1"},
    [MTASTS_TXT_SYNTAX] =
        {"txt-syntax", MTASTS_ERROR,
         "senders can't read the TXT record '{1}': at character {3}",
         "{0}. IN TXT \"{2}\"",
         "RFC 8461 3.1"},
    [MTASTS_TXT_NEAR_MISS] =
        {"txt-near-miss", MTASTS_ERROR,
         "senders ignore the TXT record '{1}': it must begin with exactly "
         "v=STSv1; and differs at character {3}",
         "Replace it: {0}. IN TXT \"{2}\"",
         "RFC 8461 3.1"},
    [MTASTS_TXT_FOREIGN] =
        {"txt-foreign", MTASTS_WARNING,
         "{3} other TXT record(s) at {0}, the first '{1}': some senders give "
         "up when they see them",
         "Remove all TXT records there but this (a wildcard record may be "
         "behind it): {0}. IN TXT \"{2}\"",
         "RFC 8461 3.1"},
    [MTASTS_TXT_ID_MISMATCH] =
        {"txt-id-mismatch", MTASTS_WARNING,
         "the TXT record has the id {1}, the policy here {3}: senders that "
         "hold an older policy don't learn of this one",
         "Once the new policy is served: {0}. IN TXT \"{2}\"",
         "RFC 8461 3.1"},
    [MTASTS_TXT_STALE] =
        {"txt-stale", MTASTS_WARNING,
         "the TXT record has the id {1} of an earlier policy; that of the "
         "policy here is {3}{4}: senders that hold the earlier one don't learn "
         "of it",
         "{5}{0}. IN TXT \"{2}\"",
         "RFC 8461 3.1"},
    [MTASTS_TXT_AHEAD] =
        {"txt-ahead", MTASTS_WARNING,
         "the TXT record has the id {1}{4}, and no policy with that id is "
         "known to have been served: senders fetch {3} for it, and don't look "
         "again when the one that is meant comes",
         "Serve that policy (is this server's configuration the newest, and "
         "was it reloaded?), or publish the id that is served: {0}. IN TXT "
         "\"{2}\"",
         "RFC 8461 8.1"},
    [MTASTS_TXT_DELEGATED] =
        {"txt-delegated", MTASTS_INFO,
         "{0} is a CNAME to {1}: the TXT record, and its id, is what is "
         "published there",
         "Change the record at {1} whenever the policy changes; if others "
         "do that, their policy must be this one.",
         "RFC 8461 8.2"},
    [MTASTS_MX_UNMATCHED] =
        {"mx-unmatched", MTASTS_ERROR,
         "MX {0} {1}{2}: no MTASTSMX matches that host, and {3}",
         "MTASTSMX {1} beside what is there, or take the host out of the MX "
         "records if it should get no mail.",
         "RFC 8461 4.1"},
    [MTASTS_MX_NULL] =
        {"mx-null", MTASTS_ERROR,
         "the MX record of {0} is '.': the domain says that it takes no "
         "mail at all",
         "Publish the hosts of MTASTSMX as MX records; or, if it really "
         "takes no mail, MTASTSMode none.",
         "RFC 7505 3"},
    [MTASTS_MX_UNUSED] =
        {"mx-unused", MTASTS_INFO,
         "MTASTSMX {0}{1} matches none of the domain's MX hosts",
         "Leave it if the host is about to come or if senders may still see "
         "old MX records (then that host must be in order, or mode enforce "
         "wait until they don't); else take {0} out of MTASTSMX.",
         "RFC 8461 4.1"},
    [MTASTS_MX_NONE] =
        {"mx-none", MTASTS_ERROR,
         "{0} has neither an MX nor an address record: it can't receive "
         "mail",
         "{0}. IN MX 10 {1}.",
         "RFC 5321 5.1"},
    [MTASTS_MX_CNAME] =
        {"mx-cname", MTASTS_WARNING,
         "MX {0} {1}{2}: that host is a CNAME to {3}, which an MX record "
         "must not name; senders may match and verify either name",
         "Name a host with addresses of its own in the MX record and in "
         "MTASTSMX, say {3}.",
         "RFC 2181 10.3"},
    [MTASTS_MX_NOADDRESS] =
        {"mx-noaddress", MTASTS_WARNING,
         "MX {0} {1}{2}: that host has neither an A nor an AAAA record, so "
         "no mail can be delivered to it",
         "Add an A or AAAA record for {1}, or take it out of the MX records "
         "and out of MTASTSMX.",
         "RFC 5321 5.1"},
    [MTASTS_MX_INVALID] =
        {"mx-invalid", MTASTS_WARNING,
         "MX {0} {1}{2}: that is no host name, and no MTASTSMX can name it",
         "Name a host in the MX record: letters, digits, hyphens and dots, "
         "no address.",
         "RFC 5321 2.3.5"},
    [MTASTS_MX_SUGGEST] =
        {"mx-suggest", MTASTS_INFO,
         "there is no MTASTSMX yet, which every mode but none needs; this "
         "fits the MX records of {0} as they are now{2}. Confirm that the "
         "hosts are yours: DNS answers can be forged",
         "MTASTSMX {1}",
         "RFC 8461 3.2"},
    [MTASTS_HOST_MISSING] =
        {"host-missing", MTASTS_ERROR,
         "{0}{1} has neither an A nor an AAAA record, so senders can't "
         "fetch the policy",
         "Publish this server's public address: {0}. IN A ... (and IN AAAA "
         "if it has one).",
         "RFC 8461 3.3"},
    [MTASTS_HOST_ELSEWHERE] =
        {"host-elsewhere", MTASTS_WARNING,
         "{0} leads to {1} in DNS, and requests on {2} go to the virtual host "
         "{3} at {4}: it is on that very address, and the one with the policy, "
         "{5} at {6}, is not; names count only among those that are",
         "Write <VirtualHost ... {2}> at {6}, or <VirtualHost *:{7}> at {4}; "
         "then requests for {0} find their virtual host by its name.",
         "RFC 8461 3.3"},
    [MTASTS_TLSRPT_MISSING] =
        {"tlsrpt-missing", MTASTS_WARNING,
         "there is no TLSRPT record at _smtp._tls.{0}: senders don't report "
         "what fails",
         "_smtp._tls.{0}. IN TXT {1}{2}{3}",
         "RFC 8460 3"},
    [MTASTS_TLSRPT_WRONG_NAME] =
        {"tlsrpt-wrong-name", MTASTS_WARNING,
         "a TLSRPT record is at {0}, where no sender looks: '{1}'",
         "Move it to _smtp._tls.{2}.",
         "RFC 8460 3"},
    [MTASTS_TLSRPT_MULTIPLE] =
        {"tlsrpt-multiple", MTASTS_WARNING,
         "{3} TXT records at _smtp._tls.{0} begin with v=TLSRPTv1; and "
         "with more than one senders send no reports",
         "Remove all of them but one: _smtp._tls.{0}. IN TXT {1}{2}",
         "RFC 8460 3"},
    [MTASTS_TLSRPT_RECORD_SYNTAX] =
        {"tlsrpt-syntax", MTASTS_WARNING,
         "the TXT record at _smtp._tls.{0} can't be read, so senders send no "
         "reports: at character {3}",
         "_smtp._tls.{0}. IN TXT {1}{2}",
         "RFC 8460 3"},
    [MTASTS_TLSRPT_MISMATCH] =
        {"tlsrpt-mismatch", MTASTS_WARNING,
         "the TLSRPT record names other addresses than MTASTSTLSRPT: '{3}'",
         "_smtp._tls.{0}. IN TXT {1}{2} (or change MTASTSTLSRPT).",
         "RFC 8460 3"},
    [MTASTS_DNS_UNKNOWN] =
        {"dns-tempfail", MTASTS_UNKNOWN,
         "DNS gave no answer for {0} {1}{3}: {2}",
         "Try again; if it stays, look at the name servers of that name and "
         "at MTASTSResolver. Some senders hold mail back meanwhile.",
         "RFC 8461 3.1"},
    [MTASTS_CERT_NAME] =
        {"cert-name", MTASTS_ERROR,
         "the certificate is not for {0}, so senders don't fetch the policy; "
         "its host names: {1}",
         "Get a certificate with {0} in its subjectAltName and name it in "
         "SSLCertificateFile; with mod_md, add {0} to MDomain. A wildcard "
         "stands for one label only.",
         "RFC 8461 3.3"},
    [MTASTS_CERT_EXPIRED] =
        {"cert-expired", MTASTS_ERROR,
         "the certificate expired {1}, so senders don't fetch the policy",
         "Renew it and reload httpd. If an ACME client or mod_md does that "
         "for you, its log says why it did not; if the file is new already, "
         "only the reload is missing.",
         "RFC 8461 3.3"},
    [MTASTS_CERT_NOT_YET] =
        {"cert-not-yet", MTASTS_ERROR,
         "the certificate is not valid yet, so senders don't fetch the "
         "policy; it will be {1}",
         "Use the one before it until then. See, too, whether the clock of "
         "this machine is right.",
         "RFC 8461 3.3"},
    [MTASTS_CERT_EXPIRING] =
        {"cert-expiring", MTASTS_WARNING,
         "the certificate expires {1}, and then senders don't fetch the "
         "policy any more",
         "Renew it and reload httpd. If an ACME client or mod_md does that "
         "for you, its log says why it has not done so yet; if the file is "
         "new already, only the reload is missing.",
         "RFC 8461 3.3"},
    [MTASTS_CERT_CHAIN] =
        {"cert-chain", MTASTS_ERROR,
         "senders can't verify the certificate ({1}), so they don't fetch the "
         "policy",
         "{2}",
         "RFC 8461 3.3"},
    [MTASTS_CERT_SELF_SIGNED] =
        {"cert-self-signed", MTASTS_ERROR,
         "the certificate is signed by itself, so senders don't fetch the "
         "policy: they trust public CAs only",
         "Name a certificate of a public CA in SSLCertificateFile. With "
         "mod_md it means that the certificate has not come yet: the error "
         "log says why; once it has, reload.",
         "RFC 8461 3.3"},
    [MTASTS_CERT_WEAK] =
        {"cert-weak", MTASTS_WARNING,
         "the certificate is weak, and many senders refuse that: {1}",
         "Get one with an ECDSA P-256 key, or with an RSA key of 2048 bits "
         "or more, signed with SHA-256 or better.",
         "RFC 8461 3.3"},
    [MTASTS_TLS_VERSION] =
        {"tls-version", MTASTS_ERROR,
         "this virtual host does {1}",
         "SSLProtocol -all +TLSv1.2 +TLSv1.3",
         "RFC 8461 7.2"},
    [MTASTS_CERT_UNREAD] =
        {"cert-unread", MTASTS_UNKNOWN,
         "the certificate of this virtual host could not be looked at: {1}",
         "{2}",
         "RFC 8461 3.3"},
    [MTASTS_MX_NO_STARTTLS] =
        {"mx-no-starttls", MTASTS_ERROR,
         "this MX host does not offer STARTTLS{1}, so {2}",
         "{4}Turn TLS on in the mail server, with a certificate for {0} "
         "(Postfix: smtpd_tls_security_level = may). If it is on, a firewall "
         "on the way takes STARTTLS out: switch off its inspection of SMTP.",
         "RFC 8461 4"},
    [MTASTS_MX_STARTTLS_FAILED] =
        {"mx-starttls-failed", MTASTS_ERROR,
         "this MX host offers STARTTLS, but it fails ({1}), so {2}",
         "{4}The mail server's log says more. To see it: openssl s_client "
         "-starttls smtp -connect {3} -servername {0}",
         "RFC 8461 4"},
    [MTASTS_MX_TLS_VERSION] =
        {"mx-tls-version", MTASTS_ERROR,
         "this MX host has no TLS 1.2 or later, so {2}",
         "Allow TLS 1.2 and 1.3 in the mail server (Postfix 3.6 and later: "
         "smtpd_tls_protocols = >=TLSv1.2); if it has none, update it or its "
         "TLS library.",
         "RFC 8461 7.2"},
    [MTASTS_MX_GREETING] =
        {"mx-greeting", MTASTS_ERROR,
         "this MX host does not take mail from here: {1}; if it does so to "
         "everyone, {2}",
         "{4}{3}",
         "RFC 5321 3.1"},
    [MTASTS_MX_CERT_NAME] =
        {"mx-cert-name", MTASTS_ERROR,
         "the certificate of this MX host is not for {0}, so {2}; its host "
         "names: {1}",
         "The host's name as in the MX record must be among them: get a "
         "certificate with {0} in its subjectAltName for the mail server, or "
         "name a host that it has in the MX record and in MTASTSMX.",
         "RFC 8461 4.2"},
    [MTASTS_MX_CERT_EXPIRED] =
        {"mx-cert-expired", MTASTS_ERROR,
         "the certificate of this MX host expired {1}, so {2}",
         "Renew it and reload the mail server, which may still hold the old "
         "one (Postfix: postfix reload).",
         "RFC 8461 4.2"},
    [MTASTS_MX_CERT_NOT_YET] =
        {"mx-cert-not-yet", MTASTS_ERROR,
         "the certificate of this MX host is not valid yet, so {2}; it will "
         "be {1}",
         "Use the one before it until then. See, too, whether the clock of "
         "this machine is right.",
         "RFC 8461 4.2"},
    [MTASTS_MX_CERT_EXPIRING] =
        {"mx-cert-expiring", MTASTS_WARNING,
         "the certificate of this MX host expires {1}; after that, {2}",
         "Renew it and reload the mail server, which may still hold the old "
         "one (Postfix: postfix reload).",
         "RFC 8461 4.2"},
    [MTASTS_MX_CERT_CHAIN] =
        {"mx-cert-chain", MTASTS_ERROR,
         "the certificate of this MX host can't be verified ({1}), so {2}",
         "{3}",
         "RFC 8461 4.2"},
    [MTASTS_MX_CERT_SELF_SIGNED] =
        {"mx-cert-self-signed", MTASTS_ERROR,
         "the certificate of this MX host is signed by itself, so {2}",
         "Give the mail server a certificate of a public CA with {0} in its "
         "subjectAltName (Postfix: smtpd_tls_chain_files).",
         "RFC 8461 4.2"},
    [MTASTS_MX_CERT_WEAK] =
        {"mx-cert-weak", MTASTS_WARNING,
         "the certificate of this MX host is weak, and many senders refuse "
         "that: {1}",
         "Get one with an ECDSA P-256 key, or with an RSA key of 2048 bits "
         "or more, signed with SHA-256 or better.",
         "RFC 8461 4.2"},
    [MTASTS_MX_UNREACHABLE] =
        {"mx-unreachable", MTASTS_UNKNOWN,
         "nothing is known of the TLS of this MX host: {1}",
         "{3}",
         "RFC 5321 5.1"},
    [MTASTS_MX_DANE] =
        {"mx-dane", MTASTS_INFO,
         "there are TLSA records for this MX host: a sender that does DANE "
         "goes by these, all others by the policy",
         "Keep both right: before the certificate or its key is changed, "
         "publish the new TLSA record beside the old one.",
         "RFC 7672 2.2"},
    [MTASTS_FETCH_UNREACHABLE] =
        {"fetch-unreachable", MTASTS_UNKNOWN,
         "the policy can't be fetched at this address from here: {1}",
         "{2} Compare from elsewhere: curl -i "
         "https://{0}{3}/.well-known/mta-sts.txt",
         "RFC 8461 3.3"},
    [MTASTS_FETCH_TLS] =
        {"fetch-tls", MTASTS_ERROR,
         "senders can't fetch the policy at this address, as TLS fails: {1}",
         "Often there is no certificate for this name there, or plain HTTP "
         "on port {3}. To see it: openssl s_client -connect {2} -servername "
         "{0}",
         "RFC 8461 3.3"},
    [MTASTS_FETCH_TLS_VERSION] =
        {"fetch-tls-version", MTASTS_ERROR,
         "what answers at this address does {1}",
         "Allow TLS 1.2 and 1.3 where TLS ends: SSLProtocol -all +TLSv1.2 "
         "+TLSv1.3 if that is this server, else in the settings of the proxy "
         "or CDN.",
         "RFC 8461 7.2"},
    [MTASTS_FETCH_CERT_NAME] =
        {"fetch-cert-name", MTASTS_ERROR,
         "the certificate that comes from this address is not for {0}, so "
         "senders don't fetch the policy; its host names: {1}",
         "What answers there (another virtual host of this server, a proxy, "
         "a CDN) needs a certificate with {0} in its subjectAltName, or the "
         "address in DNS is wrong. A wildcard stands for one label only.",
         "RFC 8461 3.3"},
    [MTASTS_FETCH_CERT_EXPIRED] =
        {"fetch-cert-expired", MTASTS_ERROR,
         "the certificate that comes from this address expired {1}, so "
         "senders don't fetch the policy",
         "Renew it in what answers there (this server, a proxy, a CDN), and "
         "reload that: it may still hold the old one.",
         "RFC 8461 3.3"},
    [MTASTS_FETCH_CERT_NOT_YET] =
        {"fetch-cert-not-yet", MTASTS_ERROR,
         "the certificate that comes from this address is not valid yet, so "
         "senders don't fetch the policy; it will be {1}",
         "Use the one before it until then. See, too, whether the clock of "
         "this machine is right.",
         "RFC 8461 3.3"},
    [MTASTS_FETCH_CERT_EXPIRING] =
        {"fetch-cert-expiring", MTASTS_WARNING,
         "the certificate that comes from this address expires {1}, and then "
         "senders don't fetch the policy any more",
         "Renew it in what answers there (this server, a proxy, a CDN), and "
         "reload that: it may still hold the old one.",
         "RFC 8461 3.3"},
    [MTASTS_FETCH_CERT_CHAIN] =
        {"fetch-cert-chain", MTASTS_ERROR,
         "senders can't verify the certificate that comes from this address "
         "({1}), so they don't fetch the policy",
         "{2}",
         "RFC 8461 3.3"},
    [MTASTS_FETCH_CERT_SELF_SIGNED] =
        {"fetch-cert-self-signed", MTASTS_ERROR,
         "the certificate that comes from this address is signed by itself, "
         "so senders don't fetch the policy: they trust public CAs only",
         "Give what answers there (this server, a proxy, a CDN) a "
         "certificate of a public CA. With mod_md it means that the "
         "certificate has not come yet.",
         "RFC 8461 3.3"},
    [MTASTS_FETCH_CERT_WEAK] =
        {"fetch-cert-weak", MTASTS_WARNING,
         "the certificate that comes from this address is weak, and many "
         "senders refuse that: {1}",
         "Get one with an ECDSA P-256 key, or with an RSA key of 2048 bits "
         "or more, signed with SHA-256 or better.",
         "RFC 8461 3.3"},
    [MTASTS_FETCH_REDIRECT] =
        {"fetch-redirect", MTASTS_ERROR,
         "instead of the policy comes a redirect to {1}, which senders never "
         "follow",
         "Take /.well-known/mta-sts.txt out of the redirect of the proxy, "
         "CDN or virtual host that answers there; this module itself never "
         "redirects it.",
         "RFC 8461 3.3"},
    [MTASTS_FETCH_STATUS] =
        {"fetch-status", MTASTS_ERROR,
         "instead of the policy comes the HTTP status {1}, and senders take "
         "200 only",
         "{2}See whether the request is in this server's access log: if not, "
         "something in front of it answers.",
         "RFC 8461 3.3"},
    [MTASTS_FETCH_HTTP] =
        {"fetch-http", MTASTS_ERROR,
         "senders can't fetch the policy at this address, as no proper HTTP "
         "response comes: {1}",
         "See what listens on port {2} there. If it is a proxy, its log says "
         "why it broke off.",
         "RFC 8461 3.3"},
    [MTASTS_FETCH_TYPE] =
        {"fetch-type", MTASTS_ERROR,
         "the policy comes {1}, and senders want text/plain",
         "See what sets it: a Header directive here, or a proxy or CDN in "
         "front. This module sends text/plain.",
         "RFC 8461 3.3"},
    [MTASTS_FETCH_ENCODING] =
        {"fetch-encoding", MTASTS_ERROR,
         "the policy comes with the Content-Encoding '{1}', though none was "
         "asked for, and not every sender can read that",
         "Switch compression off for /.well-known/mta-sts.txt in the proxy "
         "or CDN in front.",
         "RFC 8461 3.3"},
    [MTASTS_FETCH_STALE] =
        {"fetch-stale", MTASTS_WARNING,
         "what comes is another policy of this module, id {1}, and not the "
         "one here, id {2}: a cache holds it, or another server",
         "Purge that cache ({3}), or wait as long as MTASTSCacheControl says, "
         "and publish the new TXT record only then. If several servers have "
         "this name, reload the others.",
         "RFC 8461 8.2"},
    [MTASTS_FETCH_DIFFERS] =
        {"fetch-differs", MTASTS_ERROR,
         "what comes differs from the policy that is served here: {1}{2}",
         "{3}",
         "RFC 8461 3.3"},
    [MTASTS_FETCH_INVALID] =
        {"fetch-invalid", MTASTS_ERROR,
         "senders refuse what comes as the policy: {1}{2}",
         "Look at it: curl -i https://{0}{3}/.well-known/mta-sts.txt. Often it "
         "is the page of another virtual host, or of a proxy or CDN in "
         "front.",
         "RFC 8461 3.2"},
    [MTASTS_FETCH_SLOW] =
        {"fetch-slow", MTASTS_WARNING,
         "the policy {1}, and some senders give up after 2 s, others after "
         "5 s{2}",
         "See what is slow on the way: the network, or a proxy or CDN in "
         "front. This module answers from memory.",
         "RFC 8461 3.3"},
    [MTASTS_FETCH_LOCAL] =
        {"fetch-local", MTASTS_INFO,
         "this address belongs to this machine, so what senders meet on "
         "their way (firewall, NAT, proxy) was not seen",
         "Look from elsewhere, too: curl -i "
         "https://{0}{3}/.well-known/mta-sts.txt",
         "RFC 8461 3.3"},
    [MTASTS_CACHED_MX_UNMATCHED] =
        {"cached-mx-unmatched", MTASTS_ERROR,
         "MX {0} {1}{2}: the policy {3}, which senders may hold in mode enforce "
         "until {4}, does not match that host, and they refuse to deliver to "
         "it",
         "Until {5} have MX records only for hosts that the policy {3} matches, "
         "and none for this host.{6}{7}{8}",
         "RFC 8461 8.1"},
    [MTASTS_CACHED_MX_TLS] =
        {"cached-mx-tls", MTASTS_ERROR,
         "{0} fails TLS ({1}), and senders may hold the policy {2} of {3} in "
         "mode enforce until {4}, though the mode is {5} now: they refuse to "
         "deliver to it",
         "Do what {1} says, or take {0} out of the MX records until then.",
         "RFC 8461 4.2"},
    [MTASTS_POLICY_WITHDRAWN] =
        {"policy-withdrawn", MTASTS_WARNING,
         "{0} has no policy here any more, but senders may hold {1} (mode {2}) "
         "until {3}{4}",
         "If a policy is still wanted, {7}{8}. Else serve mode none until then "
         "and publish its TXT record: in a virtual host for this domain alone, "
         "in place of all other MTASTS directives there:" MTASTS_PASTE
         "MTASTSEngine On" MTASTS_PASTE "MTASTSDomain {0}" MTASTS_PASTE
         "MTASTSMode none" MTASTS_PASTE "MTASTSMaxAge 1d{5}{6}",
         "RFC 8461 8.3"},
    [MTASTS_MODE_LOWERED] =
        {"mode-lowered", MTASTS_INFO,
         "the mode is {0} now, but senders may hold the policy {1} in mode "
         "enforce until {2} and go by it",
         "Until then have MX records only for hosts that it matches, and keep "
         "their TLS in order.",
         "RFC 8461 8.3"},
    [MTASTS_ID_REUSED] =
        {"id-reused", MTASTS_ERROR,
         "MTASTSPolicyID {0} was the id of another policy, {1}: senders that "
         "know the id don't fetch the new policy",
         "Set an id that was never used, or MTASTSPolicyID auto, which never "
         "repeats.",
         "RFC 8461 3.1"},
    [MTASTS_ID_REPEATED] =
        {"id-repeated", MTASTS_WARNING,
         "the id {0} was in DNS before, while the policy {1} in mode enforce "
         "was served: senders that fetched it then hold it under {0}, and many "
         "don't fetch again as long as the TXT record has that id",
         "Change MTASTSMaxAge by a second: that makes an id that is new. (Or "
         "set one by MTASTSPolicyID that was never used.)",
         "RFC 8461 3.1"},
    [MTASTS_REMOVABLE_FROM] =
        {"removable-from", MTASTS_INFO,
         "mode none: {0}",
         "{1} these can go, in this order: the TXT record at _mta-sts.{2}; the "
         "MTASTS directives, or the whole virtual host; the address or CNAME "
         "records of mta-sts.{2}; the TXT record at _smtp._tls, unless you want "
         "reports on DANE.",
         "RFC 8461 8.3"},
    [MTASTS_HELD_BACK] =
        {"held-back", MTASTS_WARNING,
         "MTASTSCheck strict: the new policy {0} is not served because of {1}; "
         "{2}",
         "Mend {1}: the next check then serves it, without a reload. Or set "
         "MTASTSCheck warn to serve it all the same.",
         ""},
    [MTASTS_NOT_SERVED] =
        {"not-served", MTASTS_INFO,
         "the policy that is served now is {1}, not {0}, which is configured"
         "{2}",
         "Reload httpd, see that {0} is served, then publish its TXT record.",
         "RFC 8461 8.1"},
    [MTASTS_ROLLOUT_UNPLACED] =
        {"rollout-unplaced", MTASTS_ERROR,
         "at which step of MTASTSRollout the domain is can't be told, so nothing "
         "is served (404): no ledger tells, nor does its TXT record: {1}",
         "See that DNS answers: dig _mta-sts.{0} TXT. The plan then begins at the "
         "step whose id is there, or at its first one. Or write MTASTSMode and "
         "MTASTSMaxAge, as they were, in its place.",
         ""},
    [MTASTS_ROLLOUT_HELD] =
        {"rollout-held", MTASTS_WARNING,
         "the next step of the plan, {0}, could have come {1} and is held back "
         "since then: {2}",
         "{3}The plan goes on by itself as soon as all checks that matter were "
         "right for {4} without a break, {5} at the earliest.",
         ""},
    [MTASTS_ROLLOUT_PLAN_CHANGED] =
        {"rollout-plan-changed", MTASTS_WARNING,
         "the policy that was served last, {0}, is no step of MTASTSRollout as "
         "it is now: the plan goes on at its step {1}, {2}",
         "If it was to stay where it is, make {0} a step of the plan, with a "
         "hold, before what comes after it.",
         ""},
    [MTASTS_ROLLOUT_ELSEWHERE] =
        {"rollout-elsewhere", MTASTS_WARNING,
         "another front end with the same ledger serves {0} of another plan: "
         "the plan here stays at its step {1}, {2}",
         "Give all front ends the same MTASTSRollout, and reload them.",
         ""},
    [MTASTS_PUBLISH_NOW] =
        {"publish-now", MTASTS_WARNING,
         "publish now: {0}. IN TXT {1} ({2}; in DNS is {3})",
         "{0}. IN TXT {1}",
         "RFC 8461 8.1"},
    [MTASTS_PUBLISH_FAILED] =
        {"publish-failed", MTASTS_ERROR,
         "MTASTSPublishCommand {0} for the TXT record at {1} {2}",
         "It is run again {3}. To try it by hand, run it as User with the "
         "environment and standard input that the README describes.",
         "RFC 8461 8.1"},
    [MTASTS_PUBLISH_FOREIGN] =
        {"publish-foreign", MTASTS_WARNING,
         "the TXT record at {0} is none that this module has made, so "
         "MTASTSPublishCommand is not run to replace it: '{2}'{3}",
         "If it may go, set MTASTSPublishForeign On, or publish the new one "
         "yourself: {0}. IN TXT {1}",
         "RFC 8461 3.1"},
    [MTASTS_PUBLISH_DIFFERS] =
        {"publish-differs", MTASTS_WARNING,
         "the TXT record at _smtp._tls.{0} stays as another virtual host or "
         "front end, whose MTASTSTLSRPT is another one, has published it "
         "since this one was reloaded: \"{1}\", not \"{2}\"",
         "Set MTASTSTLSRPT to the same wherever {0} is served: each reload "
         "takes back what another one has published.",
         "RFC 8460 3"},
    [MTASTS_PUBLISH_QUORUM] =
        {"publish-quorum", MTASTS_WARNING,
         "MTASTSFetchQuorum asks for {0} addresses that serve the policy, and "
         "the policy host has {1}: its TXT record is never published",
         "MTASTSFetchQuorum all, or at most as many as there are.",
         "RFC 8461 8.1"},
    [MTASTS_LEDGER_UNAVAILABLE] =
        {"ledger-unavailable", MTASTS_WARNING,
         "{0}: {1}",
         "{2}",
         ""},
    [MTASTS_RESOLVER_UNAVAILABLE] =
        {"resolver-unavailable", MTASTS_UNKNOWN,
         "no DNS server answers ({1}), so nothing is known of what DNS says of "
         "{0}",
         "See for yourself: dig {2}_mta-sts.{3} TXT. It does not run, or a "
         "firewall is in the way; {4}. Checks of DNS go on by themselves when "
         "it answers, and what was wrong before stands until then.",
         "RFC 8461 3.1"},
    [MTASTS_NOTIFY_FAILED] =
        {"notify-failed", MTASTS_WARNING,
         "MTASTSNotifyCommand {0} {1}",
         "Run it by hand as User, with the environment and standard input that "
         "the README describes.",
         ""},
    /* clang-format on */
};

/* Rows that fail MTASTSCheck strict. */
static const unsigned char blocks[MTASTS_CODES] = {
    [MTASTS_TXT_MULTIPLE] = 1,        [MTASTS_TXT_SYNTAX] = 1,
    [MTASTS_MX_UNMATCHED] = 1,        [MTASTS_MX_NO_STARTTLS] = 1,
    [MTASTS_MX_STARTTLS_FAILED] = 1,  [MTASTS_MX_TLS_VERSION] = 1,
    [MTASTS_MX_GREETING] = 1,         [MTASTS_MX_CERT_NAME] = 1,
    [MTASTS_MX_CERT_EXPIRED] = 1,     [MTASTS_MX_CERT_NOT_YET] = 1,
    [MTASTS_MX_CERT_CHAIN] = 1,       [MTASTS_MX_CERT_SELF_SIGNED] = 1,
    [MTASTS_CACHED_MX_UNMATCHED] = 1, [MTASTS_ID_REUSED] = 1};

static const char *const severity_names[] = {"error", "warning", "info",
                                             "unknown", "refused"};

const char *mtasts_code_name(mtasts_code code)
{
    return table[code].name;
}

mtasts_severity mtasts_code_severity(mtasts_code code)
{
    return table[code].severity;
}

const char *mtasts_code_reference(mtasts_code code)
{
    return table[code].reference;
}

const char *mtasts_code_paste(mtasts_code code, const char *remedy)
{
    return strstr(table[code].remedy, MTASTS_PASTE)
               ? strstr(remedy, MTASTS_PASTE)
               : NULL;
}

const char *mtasts_severity_name(mtasts_severity s)
{
    return severity_names[s];
}

/* Replaces {0} to {9}.  What would not fit is cut; nothing in the table comes
 * near that with values of ARG_MAX. */
static void expand(char *out, size_t size, const char *row,
                   const char *const *args, size_t nargs)
{
    size_t at = 0;

    while (*row) {
        /* A digit below '0' wraps round to a huge index: no value. */
        size_t i = *row == '{' && row[1] && row[2] == '}' ? (size_t)row[1] - '0'
                                                          : nargs;

        if (i < nargs) {
            char value[ARG_MAX];

            mtasts_escape(value, sizeof(value), args[i]);
            at = mtasts_put(out, size - 1, at, value, strlen(value));
            row += 3;
        }
        else {
            at = mtasts_put(out, size - 1, at, row++, 1);
        }
    }
    out[at < size ? at : size - 1] = '\0';
}

void mtasts_finding_fill(mtasts_finding *f, mtasts_code code,
                         const char *subject, const char *const *args,
                         size_t nargs)
{
    f->code = code;
    f->severity = table[code].severity;
    f->blocks = blocks[code];
    mtasts_escape(f->subject, sizeof(f->subject), subject);
    expand(f->text, sizeof(f->text), table[code].text, args, nargs);
    expand(f->remedy, sizeof(f->remedy), table[code].remedy, args, nargs);
}
