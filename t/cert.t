# The certificates of virtual hosts: under httpd -t from their files, in a
# server that starts as mod_ssl has them.
use strict;
use warnings FATAL => 'all';
use Apache::Test;
use Apache::TestUtil;
use JSON::PP;
use lib Apache::Test::vars('serverroot') . '/lib';
use MTASTS::Config;
use MTASTS::DNS;
use MTASTS::Process;
use MTASTS::Tree;

my $v = Apache::Test::vars();
my $certs = new_directory('certs');

# [name, kind of certificate, lines, findings under -t, words, findings at start if others]
my @cases = (
    ['good', 'good', '', ''],
    ['wildcard', 'wildcard', '', ''],
    ['chainfile', 'missing', "SSLCertificateChainFile \"$certs/intermediate.crt\"", ''],
    ['two', 'good', "SSLCertificateFile \"$certs/expired-mta-sts.two.test.crt\"\nSSLCertificateKeyFile \"$certs/expired-mta-sts.two.test.key\"",
        'error cert-expired', qr/2021-01-01/],
    ['missing', 'missing', '', 'error cert-chain', qr/mod_mtasts test intermediate CA.*SSLCertificateFile/],
    ['wrong', 'wrong', '', 'error cert-name', qr/other\.mta-sts\.wrong\.test/],
    ['cn', 'cn', '', 'error cert-name', qr/none \(an old certificate/],
    ['expired', 'expired', '', 'error cert-expired', qr/2021-01-01/],
    ['future', 'future', '', 'error cert-not-yet', qr/2070-01-01/],
    ['expiring', 'expiring', '', 'warning cert-expiring', qr/expires on \d{4}-\d\d-\d\d/],
    ['expired-ca', 'expired-ca', '', 'error cert-chain', qr/mod_mtasts test old CA/],
    ['other-ca', 'other-ca', '', 'error cert-chain', qr/mod_mtasts test other CA/],
    ['self-signed', 'self-signed', '', 'error cert-self-signed', qr/signed by itself|signs itself|self-signed/],
    ['weak', 'weak', '', 'warning cert-weak', qr/RSA key of 1024 bits/],
    ['old-tls', 'good', 'SSLProtocol -all +TLSv1.1', '', qr//, 'error tls-version'],
    ['only13', 'good', 'SSLProtocol -all +TLSv1.3', '', qr//, 'warning tls-version'],
    ['only12', 'good', 'SSLProtocol -all +TLSv1.2', ''],
    ['off', 'expired', 'MTASTSCheck off', ''],
    ['md', undef, 'MDomain mta-sts.md.test', 'info cert-unread', qr/mod_md/, 'error cert-self-signed'],
);
plan tests => 4 * @cases + 30, need need_module('ssl'), {
    'a server with children (not -one-process)' => sub { !$ENV{VALGRIND} },
};

my @pairs = map { defined $_->[1] ? "$_->[1]:mta-sts.$_->[0].test" : () } @cases;
system("$v->{serverroot}/lib/bad-certs.sh", $certs, @pairs, 'expired:mta-sts.two.test') == 0 or die 'no certificates';
t_write_file("$certs/no.pem", "nothing\n");
chmod 0755, $certs;

my $port = MTASTS::Tree::free_ports(1);
my $dns = named('test' => "\$TTL 60\n\@ IN SOA ns h 1 2 3 4 5\n\@ IN NS ns\nns IN A 127.0.0.1\n");

sub vhost {
    my ($name, $kind, $lines) = @_;
    my $file = defined $kind ? "$certs/$kind-mta-sts.$name.test" : '';
    return join "\n", "<VirtualHost *:$port>", "ServerName mta-sts.$name.test", 'SSLEngine on',
        ($file ? ("SSLCertificateFile \"$file.crt\"", "SSLCertificateKeyFile \"$file.key\"") : ()),
        'MTASTSEngine On', "MTASTSMX mx.$name.test", $lines, "</VirtualHost>\n";
}
my $all = join '', map { vhost(@$_) } @cases;
my $store = new_directory('md');
my $head = join "\n", (split /\n/, check_lines('5s', $dns))[0 .. ($> ? 4 : 6)], "MTASTSCAFile \"$certs/ca.crt\"",
    "MDStoreDir \"$store\"", 'MDRenewMode manual', 'MDCertificateAuthority http://127.0.0.1:1/', 'MDCertificateAgreement accepted',
    'MDContactEmail a@md.test', '';
sub tls_findings { my ($p) = @_; return grep { $_->{code} =~ /^(?:cert-|tls-)/ } @{$p->{findings}} }
sub named_findings { return join ', ', map {"$_->{severity} $_->{code}"} @_ }

# Under -t.
my ($rc, $json, $err) = configtest("$head\n$all", '-D', 'DUMP_MTASTS_JSON');
ok t_cmp($rc, 0, 'the dump');
my %policy = policies(eval { decode_json($json) } || {policies => []});
for (@cases) {
    my ($name, undef, undef, $expected, $words) = @$_;
    my @found = tls_findings($policy{"$name.test"} || {findings => []});
    ok t_cmp(named_findings(@found), $expected, "$name: findings");
    ok t_cmp(join(' ', map {"$_->{text} $_->{remedy}"} @found), $words || qr//, "$name: words");
}
sub cert { my ($name, $i) = @_; return ($policy{"$name.test"}{tls}{vhost}{certificates} || [])->[$i || 0] || {} }
ok t_cmp(join(' ', sort keys %{$policy{'good.test'}{tls} || {}}), 'fetch mx vhost', 'tls: members');
ok t_cmp(join(' ', @{cert('good')->{subject_alt_names} || []}), 'mta-sts.good.test', 'SAN');
ok t_cmp(join(' ', @{cert('wildcard')->{subject_alt_names} || []}), '*.wildcard.test', 'SAN with a wildcard');
ok t_cmp(join(' ', @{cert('cn')->{subject_alt_names} || ['x']}), '', 'no SAN');
ok t_cmp(cert('good')->{name_matches} && !cert('wrong')->{name_matches} ? 1 : 0, 1, 'name_matches');
ok t_cmp(join(' ', map { cert($_)->{chain} // '' } qw(good missing expired-ca other-ca self-signed)), 'ok incomplete expired untrusted self-signed', 'chain');
ok t_cmp(cert('expired')->{not_after}, '2021-01-01T00:00:00Z', 'not_after');
ok t_cmp(cert('future')->{not_before}, '2070-01-01T00:00:00Z', 'not_before');
ok t_cmp(scalar @{$policy{'two.test'}{tls}{vhost}{certificates} || []}, 2, 'two certificates');
ok t_cmp(defined $policy{'good.test'}{tls}{vhost}{tls12} ? 1 : 0, 0, 'versions are not known under -t');
ok t_cmp($policy{'md.test'}{tls}{vhost}{unread}, qr/SSLCertificateFile/, 'unread');
ok t_cmp(exists $policy{'off.test'}{tls} ? 1 : 0, 0, 'MTASTSCheck off: no tls');

# For a person.
($rc, my $text) = configtest("$head\n$all", '-D', 'DUMP_MTASTS');
ok t_cmp($text, qr/^good\.test\n(?:.*\n)*?  certificate  until \d{4}-\d\d-\d\d, chain ok, for mta-sts\.good\.test$/m, 'text: a line');
ok t_cmp($text, qr/^expired\.test\n(?:.*\n)*?  error cert-expired: /m, 'text: a finding');

# Plain -t says it, too, and asks nobody; it is no reason to fail, strict or not.
my $silent = bad_server('silent');
my $mute = $head =~ s/^MTASTSResolver .*$/MTASTSResolver 127.0.0.1:$silent/mr;
for my $check (qw(warn strict)) {
    my $h = $check eq 'warn' ? $mute : $head;
    ($rc, undef, $err) = configtest("$h\nMTASTSCheck $check\n" . vhost(qw(expired expired), ''));
    ok t_cmp($rc, 0, "-t, $check: exit status");
    ok t_cmp($err, qr/mtasts:error.*mtasts: mta-sts\.expired\.test: cert-expired: /, "-t, $check: said");
}
ok t_cmp(scalar(() = questions($silent)), 0, '-t, warn: nobody is asked');
($rc, undef, $err) = configtest("$mute\n" . vhost(qw(good good), ''));
ok t_cmp($err, qr/\A(?!.*mtasts: )/s, '-t: nothing wrong, nothing said');
# A file that mod_ssl would not take either.
($rc, $json) = configtest("$head\n" . vhost('no', undef, "SSLCertificateFile \"$certs/no.pem\""), '-D', 'DUMP_MTASTS_JSON');
%policy = policies(eval { decode_json($json) } || {policies => []});
ok t_cmp(named_findings(tls_findings($policy{'no.test'})), 'unknown cert-unread', 'no certificate in the file');
ok t_cmp(join(' ', map { $_->{text} } tls_findings($policy{'no.test'})), qr/\Q$certs\E\/no\.pem/, 'and which file');
# Without roots nothing is known.
($rc, undef, $err) = configtest("$mute\nMTASTSCAFile \"$certs/no.pem\"");
ok t_cmp($err, qr/MTASTSCAFile: '\Q$certs\E\/no\.pem' .*\[ca-file\]|no trusted roots can be read/, 'no roots in the file');

# In a server that starts: also what only mod_ssl and mod_md know.
my ($httpd, $base) = (MTASTS::Tree::httpd(), "$v->{t_logs}/cert");
sub logged { return -e "$base.log" ? MTASTS::Config::slurp("$base.log") : '' }
t_write_file("$base.conf", <<"END");
Include $v->{t_conf}/modules.conf
ServerName main.example
Listen 127.0.0.1:$port
TypesConfig /dev/null
PidFile $base.pid
ErrorLog $base.log
DefaultRuntimeDir $v->{t_logs}
LogLevel info
SSLCipherSuite DEFAULT:\@SECLEVEL=0
$head
$all
END
END { if ($base && -s "$base.pid") { my $status = $?; `'$httpd' -d '$v->{serverroot}' -f '$base.conf' -k stop 2>&1`; wait_for(sub { !-e "$base.pid" }); $? = $status } }
unlink "$base.log";
my $said = `'$httpd' -d '$v->{serverroot}' -f '$base.conf' -k start 2>&1`;
ok t_cmp(wait_for(sub { logged() =~ /resuming normal operations/ }) ? '' : $said . logged(), '', 'starts');
my ($before) = logged() =~ /\A(.*?)resuming normal operations/s;
for (@cases) {
    my ($name, undef, undef, $expected, undef, $start) = @$_;
    $expected = $start if defined $start;
    my %level = (error => 'error', warn => 'warning', notice => 'unknown', info => 'info');
    my @found = ($before // '') =~ /\[mtasts:(\w+)\].*?mtasts: mta-sts\.\Q$name\E\.test: ((?:cert|tls)-[a-z-]+): /g;
    my $found = '';
    while (my ($level, $code) = splice @found, 0, 2) { $found .= ($found ? ', ' : '') . "$level{$level} $code" }
    ok t_cmp($found, $expected, "$name: findings at start");
    ok t_cmp(scalar(() = $found =~ /,/g), 0, "$name: each once");
}
ok t_cmp(-s "$base.pid" ? 1 : 0, 1, 'and serves on');

# A file of roots that is away for a moment neither ends a server nor keeps it
# from being stopped.
rename "$certs/ca.crt", "$certs/away" or die $!;
kill USR1 => MTASTS::Config::slurp("$base.pid");
ok t_cmp(wait_for(sub { logged() =~ /mtasts: ca-file: no check of certificates.*\Q$certs\E\/ca\.crt.*To do: MTASTSCAFile/ }) ? 1 : 0, 1, 'no roots: said');
ok t_cmp(wait_for(sub { 2 == (() = logged() =~ /resuming normal operations/g) }) ? 1 : 0, 1, 'no roots: serves on');
`'$httpd' -d '$v->{serverroot}' -f '$base.conf' -t 2>$base.err`;
ok t_cmp($? >> 8, 1, 'no roots: configtest says it');
`'$httpd' -d '$v->{serverroot}' -f '$base.conf' -k stop 2>$base.err`;
ok t_cmp(wait_for(sub { !-e "$base.pid" }) ? 1 : 0, 1, 'no roots: can be stopped');
