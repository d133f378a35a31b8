# STARTTLS at the MX hosts: Postfix, and servers that misbehave.
use strict;
use warnings FATAL => 'all';
use Apache::Test;
use Apache::TestUtil;
use JSON::PP;
use lib Apache::Test::vars('serverroot') . '/lib';
use MTASTS::Config;
use MTASTS::DNS;
use MTASTS::Process;
use MTASTS::SMTP;
use MTASTS::Tree;

my $v = Apache::Test::vars();
my $certs = new_directory('certs');
sub cert { my ($kind, $name) = @_; return "$certs/$kind-mx.$name.test" }

# Postfix: [name, certificate, more, result, code (error in enforce unless it
# says otherwise), words]
my @postfix = (
    ['pf-good', 'good', {}, 'ok', ''],
    ['pf-wildcard', 'wildcard', {}, 'ok', ''],
    ['pf-plain', undef, {}, 'no-starttls', 'mx-no-starttls', qr/STARTTLS/],
    ['pf-wrong', 'wrong', {}, 'ok', 'mx-cert-name', qr/not for mx\.pf-wrong\.test.*other\.mx\.pf-wrong\.test/],
    ['pf-cn', 'cn', {}, 'ok', 'mx-cert-name', qr/none/],
    ['pf-expired', 'expired', {}, 'ok', 'mx-cert-expired', qr/2021-01-01/],
    ['pf-future', 'future', {}, 'ok', 'mx-cert-not-yet', qr/2070-01-01/],
    ['pf-expiring', 'expiring', {}, 'ok', 'warning mx-cert-expiring', qr/expires on \d{4}-\d\d-\d\d/],
    ['pf-self', 'self-signed', {}, 'ok', 'mx-cert-self-signed', qr/./],
    ['pf-missing', 'missing', {}, 'ok', 'mx-cert-chain', qr/mod_mtasts test intermediate CA.*was not sent/],
    ['pf-other', 'other-ca', {}, 'ok', 'mx-cert-chain', qr/mod_mtasts test other CA/],
    ['pf-old-ca', 'expired-ca', {}, 'ok', 'mx-cert-chain', qr/mod_mtasts test old CA/],
    ['pf-weak', 'weak', {}, 'ok', 'warning mx-cert-weak', qr/RSA key of 1024 bits/],
    ['pf-sni', 'wrong', {sni => {'mx.pf-sni.test' => cert('good', 'pf-sni')}}, 'ok', ''],
    ['pf-old', 'good', {tls => 'TLSv1'}, 'tls-version', 'mx-tls-version', qr/TLS 1\.2/],
    ['pf-1.1', 'good', {tls => 'TLSv1.1'}, 'tls-version', 'mx-tls-version', qr/TLS 1\.2/],
    ['pf-1.2', 'good', {tls => 'TLSv1.2'}, 'ok', ''],
);

# bad-smtp.pl: [kind, result, code, words]
my @bad = (
    ['good', 'ok', ''],
    ['multi-line', 'ok', ''],
    ['lower-case', 'ok', ''],
    ['split', 'ok', ''],
    ['slow', 'ok', ''],
    ['quit-silent', 'ok', ''],
    ['rubbish', 'greeting', 'mx-greeting', qr/./],
    ['megabyte', 'greeting', 'mx-greeting', qr/longer than 4096/],
    ['554', 'turned-away', 'warning mx-greeting', qr/554 no mail here/],
    ['ugly', 'turned-away', 'warning mx-greeting', qr/554/],
    ['endless', 'greeting', 'mx-greeting', qr/./],
    ['421', 'unreachable', 'unknown mx-unreachable', qr/421 too busy/],
    ['no-ehlo', 'no-starttls', 'mx-no-starttls', qr/502 unknown command/],
    ['421-ehlo', 'unreachable', 'unknown mx-unreachable', qr/421 too busy/],
    ['endless-ehlo', 'unreachable|greeting|tls-failed|no-starttls', '(?:unknown )?mx-(?:unreachable|greeting|no-starttls)', qr/./],
    ['no-starttls', 'no-starttls', 'mx-no-starttls', qr/./],
    ['refuse', 'tls-failed', 'mx-starttls-failed', qr/454 TLS not available/],
    ['refuse-for-ever', 'tls-failed', 'mx-starttls-failed', qr/554 no/],
    ['refuse-then-220', 'tls-failed', 'mx-starttls-failed', qr/554 no/],
    ['refuse-then-220-later', 'tls-failed', 'mx-starttls-failed', qr/554 no/],
    ['inject', 'tls-failed', 'mx-starttls-failed', qr/in plain text/],
    ['rubbish-tls', 'tls-failed', 'mx-starttls-failed', qr/./],
    ['alert-tls', 'tls-failed', 'mx-starttls-failed', qr/./],
    ['close-connected', 'unreachable', 'unknown mx-unreachable', qr/closed|reset/],
    ['close-greeting', 'unreachable', 'unknown mx-unreachable', qr/closed|reset/],
    ['close-ehlo', 'unreachable|tls-failed', '(?:unknown )?mx-(?:unreachable|starttls-failed)', qr/closed|reset/],
    ['close-within', 'unreachable', 'unknown mx-unreachable', qr/closed|reset/],
    ['close-starttls', 'tls-failed', 'mx-starttls-failed', qr/./],
    ['close-handshake', 'tls-failed', 'mx-starttls-failed', qr/./],
    ['close-tls', 'tls-failed', 'mx-starttls-failed', qr/./],
    ['reset', 'unreachable', 'unknown mx-unreachable', qr/./],
);
# Those that use up all the time there is.
my @silent = map { [$_, 'unreachable', 'unknown mx-unreachable', qr/MTASTSCheckTimeout|no time|in time/] } qw(never drip silent-tls);
my @modes = (['enforce', 'error'], ['testing', 'warning'], ['none', 'info']);

my $ipv6 = MTASTS::Tree::has_ipv6();
my $with_postfix = !$> && grep { -x "$_/postconf" } split(/:/, $ENV{PATH}), '/usr/sbin';
plan tests => ($with_postfix ? 4 * @modes * @postfix + 3 * @postfix : 0) + 4 * @modes * @bad + 5 * @silent + @bad + 56 + ($ipv6 ? 2 : 0),
    need need_module('ssl'), { 'a server with children (not -one-process)' => sub { !$ENV{VALGRIND} } };

my $port = MTASTS::Tree::free_ports(1);
my (%address, $last);
sub address_of { my ($name) = @_; return $address{$name} //= '127.0.1.' . ++$last }

my @peers = map {"bad-$_->[0]"} @bad, @silent;
my @more = qw(backup shared implicit dane);
system("$v->{serverroot}/lib/bad-certs.sh", $certs,
    (map { defined $_->[1] ? "$_->[1]:mx.$_->[0].test" : () } @postfix), (map {"good:mx.$_.test"} 'pf-sni', @peers, @more),
    'good:implicit.test') == 0 or die 'no certificates';
chmod 0755, $certs;
if ($with_postfix) {
    postfix($port, map { {address => address_of($_->[0]), ($_->[1] ? (cert => cert($_->[1], $_->[0])) : ()), %{$_->[2]}} } @postfix)
        or die 'no Postfix';
}
bad_smtp($port, (map { {address => address_of("bad-$_->[0]"), kind => $_->[0], cert => cert('good', "bad-$_->[0]")} } @bad, @silent),
    (map { {address => address_of($_), kind => 'good', cert => cert('good', $_)} } qw(backup shared dane)),
    {address => address_of('backup-bad'), kind => 'no-starttls', cert => ''},
    {address => address_of('implicit'), kind => 'good', cert => "$certs/good-implicit.test"},
    ($ipv6 ? {address => '::1', kind => 'good', cert => cert('good', 'shared')} : ()));

# --- DNS ---

my $zone = "\$TTL 60\n\@ IN SOA ns h 1 2 3 4 5\n\@ IN NS ns\nns IN A 127.0.0.1\n";
sub domain {
    my ($name, @mx) = @_;
    $zone .= join "\n", "\$ORIGIN $name.test.", '_mta-sts TXT "v=STSv1; id=t1;"', '_smtp._tls TXT "v=TLSRPTv1; rua=mailto:a@b.test"',
        'mta-sts A 127.0.0.1', @mx, '';
}
domain($_->[0], '@ MX 10 mx', 'mx A ' . address_of($_->[0])) for @postfix;
domain($_, '@ MX 10 mx', 'mx A ' . address_of($_)) for @peers, 'shared';
domain('backup', '@ MX 10 mx', '@ MX 20 second', 'mx A ' . address_of('backup'), 'second A ' . address_of('backup-bad'));
domain('implicit', '@ A ' . address_of('implicit'));
domain('dane', '@ MX 10 mx', 'mx A ' . address_of('dane'),
    '_25._tcp.mx TLSA 3 1 1 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef');
domain('nobody', '@ MX 10 mx', 'mx A 127.0.2.1');
domain('blocked', '@ MX 10 mx', 'mx A 127.0.2.2');
domain('six', '@ MX 10 mx.shared.test.', 'mx AAAA ::1');
domain('v6', '@ MX 10 mx', 'mx AAAA ::1');
domain("s$_", '@ MX 10 mx.shared.test.') for 1 .. 30;
# Six names of one address.
domain('many', (map {"\@ MX 10 mx$_\nmx$_ A " . address_of('shared')} 1 .. 6));
domain('flood', map { my $n = $_; ("\@ MX $n mx$n", map {"mx$n A 127.0.3." . ($n * 8 + $_)} 1 .. 8) } 1 .. 10);
my $dns = named(test => $zone);

# --- runs ---

sub vhost {
    my ($name, $mode, @lines) = @_;
    return join "\n", '<VirtualHost *:1>', "ServerName mta-sts.$name.test", 'MTASTSEngine On', "MTASTSMode $mode",
        ($name eq 'implicit' ? 'MTASTSMX implicit.test' : "MTASTSMX mx.$name.test *.$name.test mx.shared.test"),
        "MTASTSProbeMX $port", @lines, "</VirtualHost>\n";
}
sub head {
    my ($timeout, @lines) = @_;
    return join "\n", check_lines($timeout, $dns) =~ s/^MTASTSTLSRPT.*$//mr, "MTASTSCAFile \"$certs/ca.crt\"",
        'MTASTSTLSRPT mailto:a@b.test', @lines, '';
}
sub dump_of {
    my ($lines, @args) = @_;
    my ($rc, $json, $err) = configtest($lines, '-D', 'DUMP_MTASTS_JSON', @args);
    my %policy = policies(eval { decode_json($json) } || {policies => []});
    return ($rc, \%policy, $err);
}
sub mx_findings { my ($p) = @_; return grep { $_->{code} =~ /^mx-(?!unused|own-wildcard)/ } @{$p->{findings} || []} }
sub codes { return join ', ', map {"$_->{severity} $_->{code}"} @_ }
sub words { return join ' ', map {"$_->{text} $_->{remedy}"} @_ }

# One case in a mode: its result, findings and words.
sub case_ok {
    my ($by, $name, $severity, $result, $code, $words, $mode) = @_;
    my $p = $by->{"$name.test"} || {};
    my @found = mx_findings($p);
    my ($mx) = @{$p->{tls}{mx} || []};
    $code = "$severity $code" if $code =~ /^mx-/;
    $code =~ s/^warning (mx-cert-expiring|mx-greeting)/info $1/ if $mode eq 'none';
    ok t_cmp($mx->{result} // '', qr/^(?:$result)$/, "$name, $mode: result");
    ok t_cmp(codes(@found), $code =~ /^\(/ ? qr/^(?:$severity |$code)/ : $code, "$name, $mode: findings");
    ok t_cmp(words(@found), $words || qr/\A\z/, "$name, $mode: words");
    my $subject = 'mx.' . "$name.test [" . address_of($name) . ']';
    ok t_cmp(join(' ', grep { $_ ne $subject } map { $_->{subject} } @found), '', "$name, $mode: subject");
}

my %first; # policies in mode enforce
for (@modes) {
    my ($mode, $severity) = @$_;
    my ($rc, $by) = dump_of(head('60s') . join '', map { vhost($_, $mode) } ($with_postfix ? map { $_->[0] } @postfix : ()), map {"bad-$_->[0]"} @bad);
    %first = %$by if !%first;
    if ($with_postfix) {
        case_ok($by, $_->[0], $severity, @$_[3 .. 5], $mode) for @postfix;
    }
    case_ok($by, "bad-$_->[0]", $severity, @$_[1 .. 3], $mode) for @bad;
}
for (@postfix) {
    last if !$with_postfix;
    my ($name, $kind, undef, $result) = @$_;
    my ($mx) = @{$first{"$name.test"}{tls}{mx} || [{}]};
    ok t_cmp($mx->{protocol} // 'none', $name eq 'pf-1.2' ? 'TLSv1.2' : $result eq 'ok' ? 'TLSv1.3' : 'none', "$name: protocol");
    my %chain = ('self-signed' => 'self-signed', missing => 'incomplete', 'other-ca' => 'untrusted', 'expired-ca' => 'expired');
    ok t_cmp($mx->{chain} // 'none', $result eq 'ok' ? $chain{$kind} // 'ok' : 'none', "$name: chain");
    # What Postfix saw: hello twice, once in plain and once in TLS; no mail.
    my @sums = grep {/disconnect from/} maillog($port, address_of($name));
    my $commands = $result eq 'ok' ? qr/ ehlo=2 starttls=1 quit=1 commands=4$/ : qr/ ehlo=1(?: starttls=[01](?:\/1)?)?(?: quit=1)? commands=/;
    ok t_cmp(scalar(grep { $_ !~ $commands } @sums), 0, "$name: commands (" . join('; ', @sums) . ')');
}
# Nothing but these was ever said, whatever came back.
for (@bad) {
    my @lines = received($port, address_of("bad-$_->[0]"));
    ok t_cmp(join(' | ', grep { !/^(?:EHLO [A-Za-z0-9.-]+|STARTTLS|QUIT)$/ && !/^\\x16\\x03/ } @lines), '', "$_->[0]: what was said");
}
my ($good) = @{$first{'bad-good.test'}{tls}{mx} || [{}]};
ok t_cmp(join(' ', received($port, address_of('bad-good'))), qr/^(?:EHLO (\S+) STARTTLS EHLO \1 QUIT ?){3}$/, 'good: the dialogue, once per run');
ok t_cmp(join(' ', sort keys %$good), 'address chain cipher host ms name_matches not_after not_before protocol result subject_alt_names why', 'members');
ok t_cmp($good->{host}, 'mx.bad-good.test', 'host');
ok t_cmp(join(' ', @{$good->{subject_alt_names} || []}), 'mx.bad-good.test', 'SAN');
ok t_cmp($good->{not_after}, qr/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/, 'not_after');
ok t_cmp($good->{cipher}, qr/^TLS_/, 'cipher');
ok t_cmp($good->{ms}, qr/^\d+$/, 'ms');
my ($ugly) = mx_findings($first{'bad-ugly.test'} || {});
ok t_cmp(($ugly->{text} // "\n") . ($first{'bad-ugly.test'}{tls}{mx}[0]{why} // "\n"), qr/\A[ -~]+\z/, 'what it says is escaped');

# Those that never answer end with the run, and are no errors.
my ($rc, $by, $err) = dump_of(head('3s') . join '', map { vhost("bad-$_->[0]", 'enforce') } @silent);
case_ok($by, "bad-$_->[0]", 'error', @$_[1 .. 3], 'enforce') for @silent;
ok t_cmp(scalar(grep { @{$by->{"bad-$_->[0].test"}{tls}{mx} || []} == 1 } @silent), scalar @silent, 'all were tried') for @silent;

# --- what depends on the domain ---

($rc, $by) = dump_of(head('30s') . join '', map { vhost($_, 'enforce') } qw(backup implicit dane many v6), map {"s$_"} 1 .. 30);
my @found = mx_findings($by->{'backup.test'});
ok t_cmp(codes(@found), 'error mx-no-starttls', 'a backup MX that fails is an error');
ok t_cmp(words(@found), qr/only when the primary/, 'and it is said when that shows');
ok t_cmp(join(' ', map { $_->{result} } @{$by->{'backup.test'}{tls}{mx}}), 'ok no-starttls', 'both were tried');
ok t_cmp(codes(mx_findings($by->{'implicit.test'})), '', 'the domain itself, without MX record: right');
ok t_cmp($by->{'implicit.test'}{tls}{mx}[0]{host}, 'implicit.test', 'and by its own name');
ok t_cmp(codes(mx_findings($by->{'dane.test'})), 'info mx-dane', 'TLSA');
ok t_cmp(words(mx_findings($by->{'dane.test'})), qr/DANE/, 'TLSA: words');
ok t_cmp(scalar(grep { ($_->{tls}{mx}[0]{result} // '') eq 'ok' } map { $by->{"s$_.test"} } 1 .. 30), 30, 'an MX host of many domains');
my $at_shared = () = grep {/^connect/} smtp_events($port, address_of('shared'));
ok t_cmp($at_shared, 1 + 6, 'is tried once, and by each of its names');
ok t_cmp(most_at_once($port, address_of('shared')) <= 2 ? 1 : 0, 1, 'never more than two at once');
if ($ipv6) {
    ok t_cmp($by->{'v6.test'}{tls}{mx}[0]{address}, '::1', 'IPv6');
    ok t_cmp(codes(mx_findings($by->{'v6.test'})), 'error mx-cert-name', 'IPv6: the certificate is judged by the name');
}
# Nothing listens there.
($rc, $by) = dump_of(head('10s') . vhost('nobody', 'enforce'));
@found = mx_findings($by->{'nobody.test'});
ok t_cmp(codes(@found), 'unknown mx-unreachable', 'refused: unknown');
ok t_cmp(words(@found), qr/connection refused.*mail server.*outbound port.*MTASTSProbeMX Off/i, 'refused: words');
# Nothing comes back, as where a firewall drops what goes to port 25: a queue
# that is full.
my $blocked = IO::Socket::INET->new(LocalAddr => '127.0.2.2', LocalPort => $port, Listen => 1, ReuseAddr => 1) or die $!;
my @waiting = map { IO::Socket::INET->new(PeerAddr => '127.0.2.2', PeerPort => $port, Blocking => 0) } 1 .. 4;
($rc, $by) = dump_of(head('4s') . vhost('blocked', 'enforce'));
@found = mx_findings($by->{'blocked.test'});
ok t_cmp(codes(@found), 'unknown mx-unreachable', 'blocked: unknown');
ok t_cmp(words(@found), qr/no connection within.*No MX host could be reached.*outbound port $port.*MTASTSProbeMX Off/i, 'blocked: it is us');
($rc, $by) = dump_of(head('4s') . vhost('blocked', 'enforce') . vhost('backup', 'enforce'));
ok t_cmp(words(mx_findings($by->{'blocked.test'})), qr/no connection within(?!.*No MX host could be reached)/, 'blocked, but others answer: it is not us');
# A domain can't have us knock everywhere.
($rc, $by) = dump_of(head('30s') . vhost('flood', 'testing'));
ok t_cmp(scalar @{$by->{'flood.test'}{tls}{mx}}, 65, 'many addresses: bounded');
ok t_cmp($by->{'flood.test'}{tls}{mx}[64]{why}, qr/more than 64 addresses/, 'and said');

# --- off, and who may fail ---

my $before = () = smtp_events($port, address_of('backup'));
($rc, $by) = dump_of(head('10s') . vhost('backup', 'enforce', 'MTASTSProbeMX Off'));
ok t_cmp(scalar @{$by->{'backup.test'}{tls}{mx} || [1]}, 0, 'Off: no probe');
configtest(head('10s') . vhost('backup', 'enforce'));
ok t_cmp(scalar(() = smtp_events($port, address_of('backup'))), $before, 'Off, or plain -t with warn: no connection');
for (['enforce', 'backup', 1], ['testing', 'backup', 0], ['enforce', 'nobody', 0], ['enforce', 'bad-421', 0], ['enforce', 'dane', 0], ['enforce', 'bad-refuse', 1]) {
    my ($mode, $name, $expected) = @$_;
    ($rc, undef, $err) = configtest(head('10s', 'MTASTSCheck strict') . vhost($name, $mode));
    ok t_cmp($rc, $expected, "strict: $name in $mode");
    ok t_cmp($err, $expected ? qr/mtasts:error.*mtasts: \S+ \[[0-9.]+\] \(MX of $name\.test\): mx-\S+: .*\n.*MTASTSCheck strict: /s : qr/\A(?!.*MTASTSCheck strict: )/s, "strict: $name in $mode: words");
}
# One domain in two virtual hosts, at which different things are looked at.
my $second = vhost('backup', 'enforce', 'MTASTSCheck strict') =~ s/\*:1>/*:2>/r;
($rc, undef, $err) = configtest(head('10s') . vhost('backup', 'enforce') . $second);
ok t_cmp($rc, 1, 'strict in the second virtual host: fails');
ok t_cmp($err, qr/mtasts:error.*second\.backup\.test.*mx-no-starttls: /, 'strict in the second virtual host: and says why');
$second = vhost('backup', 'enforce') =~ s/\*:1>/*:2>/r;
(undef, my $text) = configtest(head('10s') . (vhost('backup', 'enforce') =~ s/MTASTSProbeMX \d+/MTASTSProbeMX Off/r) . $second, '-D', 'DUMP_MTASTS');
ok t_cmp($text, qr/^  MX hosts     not tried \(MTASTSProbeMX Off\)\n.*^  error mx-no-starttls: second\.backup\.test \[/ms, 'a probe that is off in the first is made for the second');
(undef, $text) = configtest(head('10s') . vhost('backup', 'enforce') . $second, '-D', 'DUMP_MTASTS');
ok t_cmp(scalar(() = $text =~ /^  error mx-no-starttls: /mg), 1, 'with the same probes it is said once');
# For a person.
(undef, $text) = configtest(head('10s') . vhost('backup', 'enforce'), '-D', 'DUMP_MTASTS');
ok t_cmp($text, qr/^  MX host      mx\.backup\.test \[\Q@{[address_of('backup')]}\E\]: TLSv1\.3, certificate until \d{4}-\d\d-\d\d, chain ok$/m, 'text: right');
ok t_cmp($text, qr/^  MX host      second\.backup\.test \[\S+\]: no-starttls$/m, 'text: wrong');
ok t_cmp($text, qr/^  error mx-no-starttls: second\.backup\.test \[[0-9.]+\]: this MX host does not offer STARTTLS/m, 'text: finding');

# --- a server that starts and reloads ---

my ($httpd, $base) = (MTASTS::Tree::httpd(), "$v->{t_logs}/mx");
my $own = MTASTS::Tree::free_ports(1);
sub logged { return -e "$base.log" ? MTASTS::Config::slurp("$base.log") : '' }
sub control { return `'$httpd' -d '$v->{serverroot}' -f '$base.conf' -k $_[0] 2>&1` }
sub connects { return scalar(() = grep {/^connect/} smtp_events($port, address_of($_[0]))) }
my @lines = split /\n/, head('10s');
t_write_file("$base.conf", join("\n", "Include $v->{t_conf}/modules.conf", 'ServerName main.example', "Listen 127.0.0.1:$own",
    'TypesConfig /dev/null', "PidFile $base.pid", "ErrorLog $base.log", "DefaultRuntimeDir $v->{t_logs}", 'LogLevel info',
    grep({ !/^(?:SSLEngine|MTASTSEngine|MTASTSPolicyID)/ } @lines), ''), map { vhost($_, 'enforce', 'MTASTSPolicyID t1') =~ s/\*:1>/127.0.0.1:$own>/r } 'backup', map {"s$_"} 1 .. 5);
END { if ($base && -s "$base.pid") { my $status = $?; control('stop'); wait_for(sub { !-e "$base.pid" }); $? = $status } }
unlink "$base.log";
my ($had, $had_shared) = (connects('backup-bad'), connects('shared'));
my $said = control('start');
ok t_cmp(wait_for(sub { logged() =~ /resuming normal operations/ }) ? '' : $said . logged(), '', 'starts');
my ($first) = logged() =~ /\A(.*?)resuming normal operations/s;
ok t_cmp($first, qr/mtasts:error.*mtasts: second\.backup\.test \[\S+\] \(MX of backup\.test\): mx-no-starttls: /, 'said before it serves');
ok t_cmp($first, qr/mtasts: s5\.test: in sync/, 'in sync');
ok t_cmp(connects('backup-bad') - $had, 1, 'tried at the start');
my $fine = sub { return scalar(() = logged() =~ /mtasts: s5\.test: in sync/g) };
control('graceful');
ok t_cmp(wait_for(sub { $fine->() == 2 }) ? 1 : 0, 1, 'a run after a reload');
ok t_cmp(scalar(() = logged() =~ /second\.backup\.test \[\S+\] \(MX of backup\.test\): mx-no-starttls: /g), 1, 'does not say it all again');
ok t_cmp(wait_for(sub { logged() =~ /mtasts: \d+ findings? as logged before/ }) ? 1 : 0, 1, 'but that it is so');
ok t_cmp(connects('backup-bad') - $had, 1, 'without another connection within ten minutes');
ok t_cmp(connects('shared') - $had_shared, 1, 'nor to the others');
dump_of(head('10s') . vhost('backup', 'enforce'));
ok t_cmp(connects('backup-bad') - $had, 2, 'the dump tries again');
