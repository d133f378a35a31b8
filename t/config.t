# What httpd -t refuses and warns about, and in which words.
use strict;
use warnings FATAL => 'all';
use utf8;
use Apache::Test;
use Apache::TestUtil;
use lib Apache::Test::vars('serverroot') . '/lib';
use MTASTS::Config;

# A vhost that is right but for the lines given.
sub vhost {
    my ($lines, $name) = @_;
    return "<VirtualHost *:1>\n" . ($name || 'ServerName mta-sts.example.test') . "\nSSLEngine on\nMTASTSEngine On\n$lines\n</VirtualHost>";
}
my $mx = 'MTASTSMX mx.example.test';
my $plan = 'MTASTSRollout testing:1d/14d enforce:1w';
# Who looks into the ledger is User.
my $kept = join "\n", '', 'MTASTSLedger sqlite3', $> ? () : ('User nobody', 'Group ' . getgrgid((getpwnam 'nobody')[3]));
my $long = join '.', ('a' x 63) x 4;
my $many = join ' ', map {"mx$_.example.test"} 1 .. 3000;
my $eight = join ' ', map {"mx$_.mail.example.test"} 1 .. 400;

my $certs = Apache::Test::vars('serverroot') . '/certs';
my $twice = Apache::Test::vars('t_logs') . '/twice.conf';
t_write_file($twice, "<VirtualHost *:\${P}>\nServerName mta-sts.\${N}.test\nSSLEngine \${T}\nMTASTSEngine On\n$mx\n</VirtualHost>\n");

my $root = Apache::Test::vars('serverroot');
symlink '/tmp', "$root/logs/state-link";

# Refused in one line: [directive and value, code, what the message must say]
my @values = (
    ['MTASTSEngine maybe', 'engine-value', qr/'maybe'.*On or Off/],
    ['MTASTSMode report', 'mode-value', qr/'report'.*testing.*enforce.*none/],
    ['MTASTSMode ""', undef, qr/takes one argument, testing, enforce or none/],
    ['MTASTSMode testing enforce', undef, qr/takes one argument/],
    ['MTASTSMX', 'no-value', qr/mx pattern/],
    ['MTASTSMX ""', 'name-empty', qr/''/],
    ['MTASTSMX a.example.test "" b.example.test', 'name-empty', qr/''/],
    ['MTASTSMX *', 'mx-wildcard', qr/'\*'.*left-most/],
    ['MTASTSMX mail.*.com', 'mx-wildcard', qr/'mail\.\*\.com'/],
    ['MTASTSMX *foo.example.com', 'mx-wildcard', qr/'\*foo\.example\.com'/],
    ['MTASTSMX a..example.com', 'name-label', qr/'a\.\.example\.com'.*is empty/],
    ['MTASTSMX ' . 'a' x 64 . '.example.com', 'name-label', qr/more than 63/],
    ['MTASTSMX -a.example.com', 'name-label', qr/hyphen/],
    ["MTASTSMX $long", 'name-too-long', qr/253/],
    ['MTASTSMX 192.0.2.1', 'name-address', qr/'192\.0\.2\.1'/],
    ['MTASTSMX [192.0.2.1]', 'name-address', qr/host name/],
    ['MTASTSMX 2001:db8::1', 'name-address', qr/host name/],
    ['MTASTSMX mail_1.example.com', 'name-character', qr/'_'/],
    ['MTASTSMX https://mail.example.com', 'name-character', qr/':'.*no https:/],
    ['MTASTSMX mail.example.com:25', 'name-character', qr/':'.*port/],
    ['MTASTSMX 10 mx1.example.com.', 'name-address', qr/'10'.*preference/],
    ['MTASTSMX a.example.com # backup', 'name-character', qr/'#'.*comments/],
    ['MTASTSMX a.example.com,b.example.com', 'name-character', qr/','.*blanks/],
    ["MTASTSMX a\x01.example.com", 'name-character', qr/'\\+x01'/],
    ['MTASTSMX mail.müller.example', 'name-u-label', qr/: mail\.xn--mller-kva\.example\./],
    ['MTASTSMX mail.müller.example.', 'name-u-label', qr/: mail\.xn--mller-kva\.example\. \[/],
    ['MTASTSMX *.MÜLLER.example', 'name-u-label', qr/: \*\.xn--mller-kva\.example\./],
    ["MTASTSMX m\xfcller.example", 'name-u-label', qr/xn--/, 'latin1'],
    ['MTASTSDomain', 'no-value', qr/policy domain/],
    ['MTASTSDomain *.example.com', 'domain-wildcard', qr/'\*\.example\.com'/],
    ['MTASTSDomain ""', 'name-empty', qr/''/],
    ['MTASTSDomain user@example.com', 'name-character', qr/'@'/],
    ['MTASTSDomain bücher.example', 'name-u-label', qr/: xn--bcher-kva\.example\./],
    ['MTASTSMaxAge 0', 'max-age-zero', qr/'0'.*1d/],
    ['MTASTSMaxAge 31557601', 'max-age-too-large', qr/'31557601'.*31557600/],
    ['MTASTSMaxAge 53w', 'max-age-too-large', qr/'53w'/],
    ['MTASTSMaxAge 99999999999999999999', 'max-age-too-large', qr/'9+'/],
    ['MTASTSMaxAge 1week', 'max-age-syntax', qr/'1week'.*s, m, h, d or w/],
    ['MTASTSMaxAge -1', 'max-age-syntax', qr/'-1'/],
    ['MTASTSPolicyID 2026-01-31', 'id-syntax', qr/'2026-01-31'.*32/],
    ['MTASTSPolicyID ' . 'a' x 33, 'id-syntax', qr/32 letters and digits/],
    ['MTASTSTLSRPT tlsrpt@example.com', 'tlsrpt-scheme', qr/'tlsrpt\@example\.com'.*mailto:/],
    ['MTASTSTLSRPT http://example.com/', 'tlsrpt-scheme', qr/https:/],
    ['MTASTSTLSRPT mailto:a@example.com,mailto:b@example.com', 'tlsrpt-uri', qr/%2C/],
    ['MTASTSTLSRPT', 'no-value', qr/URI/],
    ["MTASTSHSTS \"max-age=1\x0dX: y\"", 'header-character', qr/'max-age=1\\+x0dX: y'/],
    ["MTASTSHSTS max-age=1\x01", 'header-character', qr/Off/],
    ['MTASTSHSTS 31536000', 'hsts-syntax', qr/'31536000'.*max-age=31536000/],
    ['MTASTSHSTS ""', undef, qr/takes one argument.*Off/],
    ['MTASTSHSTS " "', 'header-character', qr/Off/],
    ["MTASTSCacheControl \"no-cache\x0aX: y\"", 'header-character', qr/no-cache\\+x0aX/, 'env'],
    ['MTASTSCheck maybe', 'check-value', qr/'maybe'.*off.*warn.*strict/],
    ['MTASTSResolver dns.example.com', 'resolver-value', qr/'dns\.example\.com'.*192\.0\.2\.53:5353/],
    ['MTASTSResolver 192.0.2.1:99999', 'resolver-value', qr/'192\.0\.2\.1:99999'/],
    ['MTASTSResolver', 'no-value', qr/resolver/],
    ['MTASTSCheckTimeout 0', 'check-timeout-value', qr/'0' is not a time from 1 s/],
    ['MTASTSCheckTimeout 6m', 'check-timeout-value', qr/'6m'/],
    ['MTASTSCheckTimeout soon', 'check-timeout-value', qr/'soon'/],
    ['MTASTSProbeMX maybe', 'probe-value', qr/'maybe' is neither On, Off nor a port.*port 25/],
    ['MTASTSProbeMX 0', 'probe-value', qr/'0'/],
    ['MTASTSProbeMX 65536', 'probe-value', qr/'65536'/],
    ['MTASTSProbeHost https', 'probe-value', qr/'https'.*port 443/],
    ['MTASTSProbeHost 443x', 'probe-value', qr/'443x'/],
    ['MTASTSCAFile /nonexistent/ca.pem', 'ca-file', qr{'/nonexistent/ca.pem': .*system's are used}],
    ['MTASTSCAFile /dev/null', 'ca-file', qr{'/dev/null'}],
    ['MTASTSProbeConcurrency 0', 'probe-concurrency-value', qr/'0' is not a number of connections from 1 to 1000/],
    ['MTASTSProbeConcurrency 1001', 'probe-concurrency-value', qr/'1001'/],
    ['MTASTSProbeConcurrency -1', 'probe-concurrency-value', qr/'-1'/],
    ['MTASTSWatchInterval 59', 'watch-interval-value', qr/'59' is neither Off nor a time from 1 m to 30 d/],
    ['MTASTSWatchInterval 31d', 'watch-interval-value', qr/'31d'/],
    ['MTASTSWatchInterval 0', 'watch-interval-value', qr/'0'/],
    ['MTASTSWatchInterval hourly', 'watch-interval-value', qr/'hourly'/],
    ['MTASTSNotifyCommand', 'no-value', qr/path of a command/],
    ['MTASTSNotifyCommand bin/true', 'notify-command-value', qr{'bin/true' can't be run: it is no absolute path}],
    ['MTASTSNotifyCommand ""', 'notify-command-value', qr{'' can't be run: it is no absolute path}],
    ['MTASTSNotifyCommand /nonexistent/x y', 'notify-command-value', qr{'/nonexistent/x' can't be run: there is no such file}],
    ['MTASTSNotifyCommand /tmp', 'notify-command-value', qr{'/tmp' can't be run: it is no file}],
    ['MTASTSNotifyCommand /etc/passwd', 'notify-command-value', qr{'/etc/passwd' can't be run: it is not executable}],
    ['MTASTSPublishCommand', 'no-value', qr/path of a command/],
    ['MTASTSPublishCommand nsupdate', 'publish-command-value', qr{'nsupdate' can't be run: it is no absolute path}],
    ['MTASTSPublishCommand /nonexistent/x', 'publish-command-value', qr{'/nonexistent/x' can't be run: there is no such file}],
    ['MTASTSPublishTimeout 0', 'publish-timeout-value', qr/'0' is not a time from 1 s to 10 m/],
    ['MTASTSPublishTimeout 11m', 'publish-timeout-value', qr/'11m'/],
    ['MTASTSPublishDelay 0', 'publish-delay-value', qr/'0' is neither a time from 1 s to 1 d nor Off/],
    ['MTASTSPublishDelay 25h', 'publish-delay-value', qr/'25h'/],
    ['MTASTSPublishForeign maybe', 'engine-value', qr/'maybe' is neither On nor Off/],
    ['MTASTSFetchQuorum 0', 'fetch-quorum-value', qr/'0' is neither all nor a number of addresses from 1 to 1000/],
    ['MTASTSFetchQuorum most', 'fetch-quorum-value', qr/'most'/],
    ['MTASTSRollout', 'no-value', qr/step/],
    ['MTASTSRollout testing:1d enforce:1d', 'rollout-order', qr/step 1, testing:1d, has no hold/],
    ['MTASTSRollout enforce:1d/7d testing:1d', 'rollout-order', qr/never lowers the mode/],
    ['MTASTSRollout enforce', 'rollout-step-syntax', qr/'enforce' is not a step of a plan/],
    ['MTASTSRollout report:1d', 'mode-value', qr/'report'/],
    ['MTASTSRollout testing:1x', 'max-age-syntax', qr/'1x'/],
    ['MTASTSRolloutStart tomorrow', 'rollout-start-value', qr/'tomorrow' is not a date/],
    ['MTASTSStateDir ""', undef, qr/takes one argument/],
    ['MTASTSStateDir /', 'state-dir-value', qr{'/' can't be.*other uses}],
    ['MTASTSStateDir ///', 'state-dir-value', qr{'///' can't be.*other uses}],
    ["MTASTSStateDir $root/", 'state-dir-value', qr{'\Q$root\E/' can't be.*other uses}],
    ['MTASTSStateDir /dev/null', 'state-dir-value', qr{'/dev/null' can't be.*no directory}],
    ['MTASTSStateDir logs/state-link', 'state-dir-value', qr{'logs/state-link' can't be.*symbolic link}],
    ['MTASTSLedger On', 'ledger-value', qr/'On' is no driver.*small letters.*pgsql.*or Off/],
    ['MTASTSLedger on', 'ledger-value', qr/'on' is no driver/],
    ['MTASTSLedger ""', undef, qr/takes 1-2 arguments/],
    ['MTASTSLedger ../../tmp/evil', 'ledger-value', qr{'\.\./\.\./tmp/evil' is no driver}],
    ['MTASTSLedger ' . 'a' x 21, 'ledger-value', qr/'a{21}' is no driver/],
    ['MTASTSLedger Off x', 'ledger-value', qr/with Off there are no parameters/],
    ['MTASTSLedger sqlite3 :memory:', 'ledger-value', qr/'sqlite3' .*path of a file/],
    ['MTASTSLedger sqlite3 file:/x?mode=memory', 'ledger-value', qr/'sqlite3' .*path of a file/],
    ['MTASTSLedger pgsql dbname=a host=b', undef, qr/takes 1-2 arguments/],
    ['MTASTSCacheControl 60', 'cache-control-syntax', qr/max-age=60/],
    ["MTASTSCacheControl max-age=1\x7f", 'header-character', qr/Off/],
);

# Refused as a whole: [what, lines, line of the message, code, message]
my @wholes = (
    ['no mx', vhost(''), 103, 'mx-missing', qr/MTASTSMX: the policy of example\.test has mode testing but no MTASTSMX.*dig MX example\.test/],
    ['no mx, enforce', vhost('MTASTSMode enforce'), 103, 'mx-missing', qr/mode enforce/],
    ['no domain', vhost($mx, 'ServerName www.example.test'), 103, 'domain-missing', qr/MTASTSEngine: no policy domain can be told here.*MTASTSDomain example\.com/],
    ['no domain from a wildcard', vhost($mx, "ServerName www.example.test\nServerAlias mta-sts.*"), 104, 'domain-missing', qr/MTASTSDomain/],
    ['no domain anywhere', "MTASTSEngine On\n$mx", 100, 'domain-missing', qr/MTASTSEngine/],
    ['a name that can be no domain', vhost($mx, 'ServerName mta-sts.mail_1.example'), 100, 'name-character', qr/'_'/],
    ['a ServerName outside ASCII', vhost($mx, 'ServerName mta-sts.müller.example'), 100, 'name-u-label', qr/ServerName or ServerAlias: .*: mta-sts\.xn--mller-kva\.example\./],
    ['twice', vhost($mx) . "\n" . vhost("$mx\nMTASTSDomain other.test example.test"), 106, 'domain-twice',
        qr/MTASTSDomain: the policy domain example\.test is in two virtual hosts on \*:1: here and in the one at .*configtest\.conf:100\b/],
    ['twice by name', vhost($mx) . "\n" . vhost($mx), 106, 'domain-twice', qr/ServerName or ServerAlias: /],
    ['twice, all addresses written in another way', vhost($mx) . "\n" . (vhost($mx) =~ s/\*:1/0.0.0.0:1/r), 106, 'domain-twice', qr/ on \*:1: /],
    ['twice by inheritance', "MTASTSDomain x.test\n$mx\n" . vhost('') . "\n" . vhost('', 'ServerName www.test'), 108, 'domain-twice', qr/x\.test .*configtest\.conf:102\b/],
    ['a plan beside a mode', vhost("$mx\nMTASTSMode enforce\n$plan"), 106, 'rollout-both', qr/MTASTSRollout: MTASTSMode and MTASTSRollout are set in the same place \(the other one at .*configtest\.conf:105\)/],
    ['a max_age beside a plan', vhost("$mx\n$plan\nMTASTSMaxAge 1w"), 106, 'rollout-both', qr/MTASTSMaxAge: MTASTSMaxAge and MTASTSRollout are set .* at .*configtest\.conf:105\)/],
    ['a plan with one id for all steps', vhost("$mx\n$plan\nMTASTSPolicyID 1"), 105, 'rollout-id', qr/MTASTSPolicyID 1 holds here \(from .*configtest\.conf:106\)/],
    ['too large', vhost("MTASTSMX $many"), 103, 'body-too-large', qr/would have \d{5} bytes.*64000/],
);

# Warned about: [what, lines, code, "DOMAIN: CODE: text"]
my @warnings = (
    ['a ledger where others may write', 'MTASTSLedger sqlite3 "logs/a file"', 'ledger-unavailable', qr{a file}],
    ['a ledger that is shared', 'MTASTSLedger pgsql "host=/nonexistent dbname=mtasts"', 'ledger-unavailable', qr{pgsql|PostgreSQL}],
    ['a driver that is not installed', 'MTASTSLedger oracle', 'ledger-unavailable', qr{no driver 'oracle'}],
    ['short max_age in enforce', vhost("$mx\nMTASTSMode enforce\nMTASTSMaxAge 23h"), 'max-age-short', qr/mtasts: example\.test: max-age-short: MTASTSMaxAge is 82800 s/],
    ['the maximum', vhost("$mx\nMTASTSMaxAge 31557600"), 'max-age-maximum', qr/52w/],
    ['none with a long max_age', vhost("MTASTSMode none\nMTASTSMaxAge 4w"), 'max-age-none', qr/2419200 s.*MTASTSMaxAge 1d/],
    ['large body', vhost("MTASTSMX $eight"), 'body-large', qr/\d{4,5} bytes/],
    ['own wildcard', vhost('MTASTSMX *.example.test'), 'mx-own-wildcard', qr/\*\.example\.test/],
    ['single label', vhost('MTASTSMX mail'), 'mx-single-label', qr/MTASTSMX mail is a single label/],
    ['top-level wildcard', vhost('MTASTSMX *.com'), 'mx-tld-wildcard', qr/\*\.com/],
    ['duplicate', vhost("$mx\nMTASTSMX MX.example.test."), 'mx-duplicate', qr/mx\.example\.test/],
    ['domain twice in a vhost', vhost("$mx\nMTASTSDomain example.test Example.Test"), 'domain-duplicate', qr/example\.test/],
    ['policy host for domain', vhost("$mx\nMTASTSDomain mta-sts.example.test", "ServerName x.test\nServerAlias mta-sts.mta-sts.example.test"), 'domain-prefix', qr/MTASTSDomain example\.test/],
    ['not reached', vhost($mx, 'ServerName mta-sts.first.test') . "\n" . vhost("$mx\nMTASTSDomain b.test", 'ServerName www.test'), 'host-unrouted', qr/b\.test: host-unrouted: requests for mta-sts\.b\.test don't come here but to the virtual host mta-sts\.first\.test:1 at \S+configtest\.conf:100\. /],
    ['another has the name, too', "<VirtualHost *:1>\nServerName www.test\nServerAlias mta-sts.example.test\n</VirtualHost>\n" . vhost($mx), 'host-unrouted', qr/www\.test:1 at/],
    ["another's wildcard comes first", "<VirtualHost *:1>\nServerName www.test\nServerAlias *.example.test\n</VirtualHost>\n" . vhost($mx), 'host-unrouted', qr/www\.test:1 at/],
    ['on one of two addresses', "<VirtualHost 127.0.0.1:1>\nServerName mta-sts.example.test\n</VirtualHost>\n" . (vhost($mx) =~ s/\*:1/127.0.0.1:1 127.0.0.2:1/r), 'host-unrouted', qr/mta-sts\.example\.test:1 at/],
    ['another id', vhost("$mx\nMTASTSPolicyID a") . "\n<VirtualHost *:2>\nServerName mta-sts.example.test\nMTASTSEngine On\n$mx\n</VirtualHost>", 'id-differs id-differs', qr/the policies are equal/],
    ['another policy with the same id', "MTASTSPolicyID a\n" . vhost($mx) . "\n<VirtualHost *:2>\nServerName mta-sts.example.test\nMTASTSEngine On\nMTASTSMX mx2.example.test\n</VirtualHost>", 'policy-differs policy-differs', qr/depends on the address/],
    ['Listen https without a certificate', "Listen 127.0.0.1:443\n<VirtualHost *:443>\nServerName mta-sts.example.test\nMTASTSEngine On\n$mx\n</VirtualHost>", 'vhost-plain', qr/has no TLS/],
    ['SSLEngine off in quotes', vhost("SSLEngine \"off\"\n$mx"), 'vhost-plain', qr/has no TLS/],
    ['one file twice, once without TLS', "Define N a\nDefine P 1\nDefine T off\nInclude $twice\nDefine P 2\nDefine T on\nDefine N b\nInclude $twice", 'vhost-plain', qr/a\.test: vhost-plain/],
    ['no TLS', vhost("SSLEngine off\n$mx"), 'vhost-plain', qr/mta-sts\.example\.test:1 has no TLS/],
    ['another policy on another port', vhost($mx) . "\n<VirtualHost *:2>\nServerName mta-sts.example.test\nMTASTSEngine On\nMTASTSMX mx2.example.test\n</VirtualHost>", 'policy-differs policy-differs', qr/mtasts: example\.test: policy-differs: .* at \S+configtest\.conf:100: /],
    ['no engine', vhost($mx) . "\n<VirtualHost *:1>\nServerName mta-sts.b.test\nMTASTSMX mx.b.test\n</VirtualHost>", 'engine-missing', qr/mtasts: mta-sts\.b\.test:1: engine-missing: .* at \S+configtest\.conf:108 .*MTASTSEngine On/],
    ['a plan without testing', vhost("$mx\nMTASTSCheck warn\nMTASTSRollout enforce:1d") . $kept, 'rollout-untested', qr/enforces from its first step on, enforce:1d/],
    ['a plan that leaps', vhost("$mx\nMTASTSCheck warn\nMTASTSRollout testing:1d/14d enforce:26w") . $kept, 'rollout-leap', qr/enforce:26w is the first step/],
    ['a plan that nobody follows', vhost("$mx\n$plan"), 'no-effect', qr/MTASTSRollout stays at its step, as nobody looks while httpd runs.*Remove MTASTSCheck off/],
    ['a plan that nobody remembers', vhost("$mx\nMTASTSCheck warn\n$plan") . "\nMTASTSLedger Off", 'no-effect', qr/nobody remembers.*Remove MTASTSLedger Off/],
    ['a plan that is not watched', vhost("$mx\nMTASTSCheck warn\n$plan") . "$kept\nMTASTSWatchInterval Off", 'no-effect', qr/Remove MTASTSWatchInterval Off/],
    ['a plan whose policy nobody fetches', vhost("$mx\nMTASTSCheck warn\n$plan\nMTASTSProbeHost Off") . $kept, 'no-effect', qr/nobody sees whether every address.*Remove MTASTSProbeHost Off/],
    ['a command that is never run', vhost("$mx\nMTASTSCheck warn\nMTASTSPublishCommand /bin/true\nMTASTSProbeHost Off"), 'no-effect', qr/never run for the _mta-sts record.*Remove MTASTSProbeHost Off/],
    ['two plans for a domain that begin alike', vhost("$mx\nMTASTSCheck warn\n$plan") . "\n<VirtualHost *:2>\nServerName mta-sts.example.test\nMTASTSEngine On\n$mx\nMTASTSCheck warn\nMTASTSRollout testing:1d/14d enforce:2w\n</VirtualHost>$kept", 'policy-differs policy-differs', qr/depends on the address/],
    ['three times', vhost("$mx\n$mx\n$mx"), 'mx-duplicate', qr/more than once/],
    ['no TLS at all', "<VirtualHost *:1>\nServerName mta-sts.example.test\nMTASTSEngine On\n$mx\n</VirtualHost>", 'vhost-plain', qr/has no TLS/],
);

# Taken without a word.
my @silent = (
    ['the smallest', vhost($mx)],
    ['mode in capitals', vhost("$mx\nMTASTSMode ENFORCE")],
    ['a ledger elsewhere, and nothing to keep', "MTASTSStateDir logs/../no/such/directory/\nMTASTSLedger sqlite3"],
    ['no ledger', 'MTASTSLedger oFF'],
    ['the shortest interval', 'MTASTSWatchInterval 1m'],
    ['the longest interval', 'MTASTSWatchInterval 30d'],
    ['no watch', 'MTASTSWatchInterval oFF'],
    ['a command with arguments', 'MTASTSNotifyCommand /bin/true "a b" ""'],
    ['no command', "MTASTSNotifyCommand /bin/true\nMTASTSNotifyCommand off"],
    ['mode none without mx', vhost("MTASTSMode none\nMTASTSMaxAge 1d")],
    ['trailing dot and capitals', vhost('MTASTSMX Mail.Example.Test. *.Mx.example.test.')],
    ['a plan in place of a mode of the main server', "MTASTSMode enforce\n" . vhost("$mx\nMTASTSMaxAge 2w")],
    ['the shortest delay', vhost("$mx\nMTASTSPublishDelay 1s\nMTASTSPublishDelay off\nMTASTSPublishDelay 1d")],
    ['all addresses', vhost("$mx\nMTASTSFetchQuorum 2\nMTASTSFetchQuorum All\nMTASTSPublishForeign on\nMTASTSPublishTimeout 10m")],
    ['all settings', vhost("$mx\nMTASTSMode testing\nMTASTSMaxAge 2w\nMTASTSPolicyID 20260131T1\nMTASTSTLSRPT mailto:a\@example.test https://r.example.test/\nMTASTSHSTS Off\nMTASTSCacheControl off")],
    ['directives, and the engine off in words', "<VirtualHost *:1>\nServerName mta-sts.b.test\nMTASTSEngine Off\nMTASTSMX mx.b.test\n</VirtualHost>"],
    ['engine off', "<VirtualHost *:1>\nServerName www.test\nMTASTSEngine Off\n</VirtualHost>"],
    ['engine inherited by a vhost without a domain', "MTASTSEngine On\n" . vhost($mx) . "\n<VirtualHost *:1>\nServerName www.test\n</VirtualHost>"],
    ['main server', "ServerName mta-sts.example.test\nSSLEngine on\nMTASTSEngine On\n$mx"],
    ['same domain on two ports', vhost($mx) . "\n<VirtualHost *:2>\nServerName mta-sts.example.test\nMTASTSEngine On\n$mx\n</VirtualHost>"],
    ['same domain on two addresses', map {my $v = vhost($mx); $v =~ s/\*:1/127.0.0.1:1/; vhost($mx) . "\n$v"} 1],
    ['first vhost of its address needs no name', vhost("$mx\nMTASTSDomain b.test", 'ServerName www.test')],
    ['a wildcard alias reaches it', vhost($mx, 'ServerName mta-sts.first.test') . "\n" . vhost("$mx\nMTASTSDomain b.test", "ServerName www.test\nServerAlias mta-sts.*")],
    ['TLS from the main server', "SSLEngine on\n<VirtualHost *:1>\nServerName mta-sts.example.test\nMTASTSEngine On\n$mx\n</VirtualHost>"],
    ["another's wildcard comes later", vhost($mx) . "\n<VirtualHost *:1>\nServerName www.test\nServerAlias *.example.test\n</VirtualHost>"],
    ["another's wildcard in the same place, elsewhere", "<VirtualHost *:2>\nServerName www.test\nServerAlias *.example.test\n</VirtualHost>\n" . vhost($mx)],
    ['TLS from Listen https', "Listen 127.0.0.1:443\n<VirtualHost *:443>\nSSLCertificateFile $certs/mta-sts.example.test.crt\nServerName mta-sts.example.test\nMTASTSEngine On\n$mx\n</VirtualHost>"],
);

plan tests => 4 * @values + 4 * @wholes + 3 * @warnings + 3 * @silent + 5, need_module('ssl');

for (@values) {
    my ($line, $code, $words, $how) = @$_;
    utf8::encode(my $bytes = $line) if ($how || '') ne 'latin1';
    $bytes = $line if ($how || '') eq 'latin1';
    if (($how || '') eq 'env') { # a line break gets into a value by ${...} only
        my ($name, $value) = $bytes =~ /^(\w+) "(.*)"$/s or die;
        $ENV{MTASTS_TEST_VALUE} = $value;
        $bytes = qq($name "\${MTASTS_TEST_VALUE}");
    }
    my ($rc, $out, $err, $file) = configtest($bytes);
    my ($directive) = $line =~ /^(\w+)/;
    (my $shown = substr $line, 0, 60) =~ s/[^ -~]/?/g;
    ok t_cmp($rc, 1, "$shown: refused");
    my $message = defined $code ? qr/: .* \[$code\]/ : qr/ /; # else httpd's own
    ok t_cmp($err, qr/Syntax error on line 100 of \Q$file\E:\n$directive$message/m, "$shown: where, directive, code");
    ok t_cmp($err, $words, "$shown: words");
    ok t_cmp($out, '', "$shown: nothing on standard output");
}

for (@wholes) {
    my ($what, $lines, $line, $code, $words) = @$_;
    utf8::encode($lines);
    my ($rc, $out, $err, $file) = configtest($lines);
    ok t_cmp($rc, 1, "$what: refused");
    ok t_cmp($err, qr/Syntax error on line $line of \Q$file\E:/, "$what: where");
    ok t_cmp(join(' ', $err =~ /\[([a-z-]+)\]$/mg), $code, "$what: code, once");
    ok t_cmp($err, $words, "$what: words");
}

for (@warnings) {
    my ($what, $lines, $code, $words) = @$_;
    my ($rc, $out, $err) = configtest($lines);
    ok t_cmp($rc, 0, "$what: taken");
    ok t_cmp(join(' ', $err =~ /mtasts: \S+: ([a-z-]+): /g), $code, "$what: the one code");
    ok t_cmp($err, $words, "$what: words");
}

for (@silent) {
    my ($what, $lines) = @$_;
    my ($rc, $out, $err) = configtest($lines);
    ok t_cmp($rc, 0, "$what: taken");
    ok t_cmp($err =~ /(mtasts.*)/i ? $1 : '', '', "$what: not a word");
    ok t_cmp($err, qr/^Syntax OK$/m, "$what: syntax OK");
}

# One mistake that concerns many domains doesn't fill the log.
my ($rc, $out, $err) = configtest(vhost($mx, 'ServerName mta-sts.first.test') . "\n"
    . vhost("$mx\nMTASTSDomain " . join(' ', map {"d$_.test"} 1 .. 500), 'ServerName www.test'));
ok t_cmp(scalar(() = $err =~ /: host-unrouted: /g), 20, 'twenty lines');
ok t_cmp($err, qr/mtasts: 480 more findings on domains of this virtual host; apachectl -t -D DUMP_MTASTS/, 'and how many more');
($rc, $out, $err) = configtest(vhost("SSLEngine off\n$mx\nMTASTSDomain a.test b.test c.test", "ServerName mta-sts.a.test"));
ok t_cmp($err, qr/a\.test: vhost-plain: .* \(and 2 other domains of this virtual host\)\. To do/, 'said once for three domains');

# Contexts.
($rc, $out, $err) = configtest("<Directory />\nMTASTSEngine On\n</Directory>");
ok t_cmp($rc, 1, 'not in <Directory>');
ok t_cmp($err, qr/MTASTSEngine not allowed in <Directory> context/, 'not in <Directory>: words');
