# The policy as senders fetch it, from every public address: this httpd, and
# nginx in front of it.
use strict;
use warnings FATAL => 'all';
use Apache::Test;
use Apache::TestUtil;
use JSON::PP;
use lib Apache::Test::vars('serverroot') . '/lib';
use MTASTS::Config;
use MTASTS::DNS;
use MTASTS::Front;
use MTASTS::Process;
use MTASTS::Tree;

my $v = Apache::Test::vars();
my $certs = new_directory('certs');
my $crlf = "\r\n";
my $port = MTASTS::Tree::free_ports(3);
my ($plain, $own) = ($port + 1, $port + 2);
sub body { my ($name, $mode) = @_; return join '', map {"$_$crlf"} 'version: STSv1', 'mode: ' . ($mode // 'testing'), 'max_age: 604800', "mx: mx.$name.test" }
sub url { my ($name) = @_; return "https://www.$name.test/" }

# [name, certificate, what nginx does, findings, words]
my @cases = (
    ['proxy', 'good', {kind => 'proxy', to => $plain}, ''],
    ['cache', 'good', {kind => 'cache', to => $plain, headers => {Age => 86400, Via => '1.1 front.test', 'CF-Cache-Status' => 'HIT'}}, ''],
    ['redirect', 'good', {kind => 'redirect', to => url('redirect')}, 'error fetch-redirect', qr{https://www\.redirect\.test/}],
    ['redirect302', 'good', {kind => 'redirect', status => 302, to => '/elsewhere'}, 'error fetch-redirect', qr{/elsewhere}],
    ['404', 'good', {kind => 'status', status => 404}, 'error fetch-status', qr/404/],
    ['403', 'good', {kind => 'status', status => 403}, 'error fetch-status', qr/403/],
    ['500', 'good', {kind => 'status', status => 500}, 'error fetch-status', qr/500/],
    ['html', 'good', {kind => 'static', type => 'text/html', body => body('html')}, 'error fetch-type', qr{text/html}],
    ['charset', 'good', {kind => 'static', type => 'Text/Plain; charset=us-ascii', body => body('charset')}, ''],
    ['gzip', 'good', {kind => 'gzip', body => body('gzip')}, 'error fetch-encoding', qr/gzip/],
    ['differs', 'good', {kind => 'static', body => body('differs', 'enforce')}, 'error fetch-differs', qr/line 2.*mode: enforce.*mode: testing|line 2.*mode: testing.*mode: enforce/],
    ['lf', 'good', {kind => 'static', body => body('lf') =~ s/\r//gr}, 'warning fetch-differs', qr/line ends/],
    ['invalid', 'good', {kind => 'static', body => "# policy\n" . body('invalid')}, 'error fetch-invalid', qr/line 1/],
    ['empty', 'good', {kind => 'static', body => "\n"}, 'error fetch-invalid'],
    ['large', 'good', {kind => 'static', body => body('large') . 'mx: mx.large.test' . $crlf x 40000}, 'error fetch-invalid', qr/64 ?kB|64,?000/],
    ['ugly', 'good', {kind => 'static', body => join '', map {chr} 1 .. 255}, 'error fetch-invalid'],
    ['wrong', 'wrong', {kind => 'proxy', to => $plain}, 'error fetch-cert-name', qr/other\.mta-sts\.wrong\.test/],
    ['expired', 'expired', {kind => 'proxy', to => $plain}, 'error fetch-cert-expired', qr/2021-01-01/],
    ['future', 'future', {kind => 'proxy', to => $plain}, 'error fetch-cert-not-yet', qr/2070-01-01/],
    ['expiring', 'expiring', {kind => 'proxy', to => $plain}, 'warning fetch-cert-expiring', qr/expires on \d{4}-\d\d-\d\d/],
    ['missing', 'missing', {kind => 'proxy', to => $plain}, 'error fetch-cert-chain', qr/mod_mtasts test intermediate CA/],
    ['self', 'self-signed', {kind => 'proxy', to => $plain}, 'error fetch-cert-self-signed'],
    ['weak', 'weak', {kind => 'proxy', to => $plain}, 'warning fetch-cert-weak', qr/RSA key of 1024 bits/],
    ['only12', 'good', {kind => 'proxy', to => $plain, tls => 'TLSv1.2'}, ''],
    ['only13', 'good', {kind => 'proxy', to => $plain, tls => 'TLSv1.3'}, 'warning fetch-tls-version', qr/TLS 1\.2/],
    ['old', 'good', {kind => 'proxy', to => $plain, tls => 'TLSv1.1'}, 'error fetch-tls-version', qr/TLS 1\.2/],
    ['http', undef, {kind => 'static', body => body('http')}, 'error fetch-tls', qr/./],
    ['slow', 'good', {kind => 'slow', seconds => 2.5, body => body('slow')}, 'warning fetch-slow', qr/took more than 2 s/],
    ['slower', 'good', {kind => 'slow', seconds => 8, body => body('slower')}, 'error fetch-slow', qr/4 s/],
);
push @cases, ['v6', 'good', {kind => 'proxy', to => $plain}, ''] if MTASTS::Tree::has_ipv6();
plan tests => 2 * @cases + 43, need need_module('ssl', 'proxy_http'), {
    'nginx' => sub { grep { -x "$_/nginx" } split(/:/, $ENV{PATH}), '/usr/sbin' },
    'a server with children (not -one-process)' => sub { !$ENV{VALGRIND} },
};

my $last = 0;
my %address = map { $_->[0] => $_->[0] eq 'v6' ? '::1' : '127.0.4.' . ++$last } @cases;
system("$v->{serverroot}/lib/bad-certs.sh", $certs, (map { defined $_->[1] ? "$_->[1]:mta-sts.$_->[0].test" : () } @cases),
    map {"good:mta-sts.$_.test"} map({ $_->[0] } @cases), qw(direct two refused)) == 0 or die 'no certificates';
chmod 0755, $certs;
nginx($port, map { {address => $address{$_->[0]}, %{$_->[2]}, ($_->[1] ? (cert => "$certs/$_->[1]-mta-sts.$_->[0].test") : ())} } @cases);
my $zone = "\$TTL 60\n\@ IN SOA ns h 1 2 3 4 5\n\@ IN NS ns\nns IN A 127.0.0.1\n";
my @names = (map({ $_->[0] } @cases), qw(direct two refused));
$zone .= "\$ORIGIN $_.test.\n\@ MX 10 mx\nmx A 127.0.0.1\n_mta-sts TXT \"v=STSv1; id=t1;\"\n_smtp._tls TXT \"v=TLSRPTv1; rua=mailto:a\@b.test\"\n" for @names;
$zone .= "mta-sts.$_.test. " . ($_ eq 'v6' ? 'AAAA' : 'A') . " $address{$_}\n" for map { $_->[0] } @cases;
# Both of two: httpd itself and a front that has another policy.
$zone .= "mta-sts.direct.test. A 127.0.0.1\nmta-sts.refused.test. A 127.0.5.1\nmta-sts.two.test. A 127.0.0.1\nmta-sts.two.test. A $address{404}\n";
my $dns = named(test => $zone);

# --- httpd: TLS for those without a front, plain for what nginx hands on ---

my ($httpd, $base) = (MTASTS::Tree::httpd(), "$v->{t_logs}/fetch");
sub vhosts {
    my ($mode, $id, @lines) = @_;
    my $text = '';
    for my $name (@names) {
        for ($port, $plain) {
            my $tls = $_ == $port ? "SSLEngine on\nSSLCertificateFile \"$certs/good-mta-sts.$name.test.crt\"\n"
                . "SSLCertificateKeyFile \"$certs/good-mta-sts.$name.test.key\"" : '';
            $text .= join "\n", "<VirtualHost 127.0.0.1:$_>", "ServerName mta-sts.$name.test", $tls, 'MTASTSEngine On', "MTASTSMode $mode",
                "MTASTSMX mx.$name.test", "MTASTSProbeHost $port", "MTASTSPolicyID $id", @lines, "</VirtualHost>\n";
        }
    }
    return $text;
}
sub configure {
    my @more = @_;
    my @head = grep { !/^(?:SSLEngine|MTASTSEngine|MTASTSPolicyID|MTASTSProbe)/ } split /\n/, check_lines('30s', $dns);
    t_write_file("$base.conf", join "\n", "Include $v->{t_conf}/modules.conf", 'ServerName main.example', "Listen 127.0.0.1:$port",
        "Listen 127.0.0.1:$plain", 'TypesConfig /dev/null', "PidFile $base.pid", "ErrorLog $base.log", "DefaultRuntimeDir $v->{t_logs}",
        'LogLevel info', @head, 'MTASTSProbeMX Off', 'MTASTSTLSRPT mailto:a@b.test', "MTASTSCAFile \"$certs/ca.crt\"", @more);
}
sub logged { return -e "$base.log" ? MTASTS::Config::slurp("$base.log") : '' }
sub control { return `'$httpd' -d '$v->{serverroot}' -f '$base.conf' -k $_[0] 2>&1` }
sub ups { return scalar(() = logged() =~ /resuming normal operations/g) }
END { if ($base && -s "$base.pid") { my $status = $?; control('stop'); wait_for(sub { !-e "$base.pid" }); $? = $status } }
unlink "$base.log";
configure(vhosts('testing', 't1'));
my $said = control('start');
ok t_cmp(wait_for(\&ups) ? '' : $said . logged(), '', 'starts');

# --- the dump, which fetches when it is told to ---

sub dump_of {
    my (@args) = @_;
    my $json = `'$httpd' -d '$v->{serverroot}' -f '$base.conf' -t -D DUMP_MTASTS_JSON @args 2>$base.err`;
    my %policy;
    for my $p (@{(eval { decode_json($json) } || {})->{policies} || []}) {
        $policy{$p->{domain}} = $p if $p->{vhost} =~ /:$port$/;
    }
    return \%policy;
}
# A busy machine is slow with any of them.
sub fetch_findings {
    my ($p) = @_;
    my $slow = ($p->{domain} // '') =~ /^slow/;
    return grep { $_->{code} =~ /^fetch-(?!local)/ && ($slow || $_->{code} ne 'fetch-slow') } @{$p->{findings} || []};
}
sub codes { return join ', ', map {"$_->{severity} $_->{code}"} @_ }
sub words { return join ' ', map {"$_->{text} $_->{remedy}"} @_ }

my $by = dump_of();
ok t_cmp(scalar(grep { @{$_->{tls}{fetch} || [1]} } values %$by), 0, 'the dump alone does not fetch');
$by = dump_of('-D', 'DUMP_MTASTS_FETCH');
for (@cases) {
    my ($name, undef, undef, $expected, $words) = @$_;
    my $p = $by->{"$name.test"} || {};
    my @found = fetch_findings($p);
    ok t_cmp(codes(@found), $expected, "$name: findings");
    ok t_cmp(words(@found), $words || qr//, "$name: words");
}
sub fetched { my ($name, $i) = @_; return ($by->{"$name.test"}{tls}{fetch} || [])->[$i || 0] || {} }
ok t_cmp(fetched('proxy')->{status}, 200, 'status');
ok t_cmp(fetched('redirect')->{status}, 301, 'status of a redirect');
ok t_cmp(fetched('redirect')->{location}, url('redirect'), 'location');
ok t_cmp(join(' ', map { fetched($_)->{same} ? 1 : 0 } qw(proxy cache differs 404 html)), '1 1 0 0 1', 'same');
ok t_cmp(fetched('proxy')->{address}, $address{proxy}, 'address');
ok t_cmp(join(' ', map { fetched('cache')->{$_} // '' } qw(age via cf_cache_status)), '86400 1.1 front.test HIT', 'headers of caches');
ok t_cmp(fetched('proxy')->{server}, qr/nginx/, 'server');
ok t_cmp(join(' ', map { (fetched($_)->{tls12} ? 1 : 0) . (fetched($_)->{tls13} ? 1 : 0) } qw(proxy only12 only13)), '11 10 01', 'versions');
ok t_cmp(fetched('gzip')->{content_encoding}, 'gzip', 'encoding');
ok t_cmp(fetched('proxy')->{ms}, qr/^\d+$/, 'ms');
ok t_cmp(fetched('proxy')->{etag}, qr/^"t1-[0-9a-f]{8}"$/, 'etag');
ok t_cmp(fetched('missing')->{chain}, 'incomplete', 'chain');
ok t_cmp(fetched('slower')->{result}, 'slow', 'result');
ok t_cmp(codes(grep { $_->{code} eq 'fetch-local' } @{$by->{'direct.test'}{findings}}), 'info fetch-local', 'an address of this host');
ok t_cmp(codes(fetch_findings($by->{'direct.test'})), '', 'httpd itself: right');
ok t_cmp(codes(fetch_findings($by->{'refused.test'})), 'warning fetch-unreachable', 'nobody listens');
ok t_cmp(words(fetch_findings($by->{'refused.test'})), qr/refused/, 'nobody listens: words');
ok t_cmp(codes(fetch_findings($by->{'two.test'})), 'error fetch-cert-name', 'every address counts');
ok t_cmp(join(' ', sort map { $_->{address} } @{$by->{'two.test'}{tls}{fetch}}), join(' ', sort '127.0.0.1', $address{404}), 'and is tried');
ok t_cmp((fetch_findings($by->{'two.test'}))[0]{subject}, "mta-sts.two.test [$address{404}]", 'and is named');
ok t_cmp(words(fetch_findings($by->{'ugly.test'})), qr/\A[ -~]+\z/, 'escaped');
# What was asked: as the most frugal senders do.
my $asked = wait_for(sub { my ($first) = fetches($port, $address{proxy}); return $first });
ok t_cmp($asked, qr{^"GET /\.well-known/mta-sts\.txt HTTP/1\.1" 200 mta-sts\.proxy\.test "-" "-" TLSv1\.3 mta-sts\.proxy\.test$}, 'what was asked');
# For a person.
my $text = `'$httpd' -d '$v->{serverroot}' -f '$base.conf' -t -D DUMP_MTASTS_FETCH 2>$base.err`;
ok t_cmp($text, qr/^  fetched from mta-sts\.proxy\.test \[\Q$address{proxy}\E\]: TLSv1\.3, status 200, this policy, \d+ ms, certificate until \d{4}-\d\d-\d\d, chain ok$/m, 'text: a line');
ok t_cmp($text, qr/^  error fetch-redirect: .*\n {6}To do: /m, 'text: a finding');

# --- the server itself, after the start and after a reload ---

ok t_cmp(wait_for(sub { logged() =~ /mta-sts\.slower\.test \[\S+\]: fetch-slow: / }) ? 1 : 0, 1, 'after the start');
my $start = logged();
ok t_cmp($start, qr/mtasts:error.*mtasts: mta-sts\.redirect\.test \[\Q$address{redirect}\E\]: fetch-redirect: /, 'an error');
ok t_cmp($start, qr/mtasts: proxy\.test: fetched as it is meant to be from 1 address$/m, 'all is well');
ok t_cmp(scalar(() = $start =~ /mtasts: proxy\.test: in sync/g), 1, 'DNS is not looked at twice');
ok t_cmp($start, qr/resuming normal operations.*fetch-redirect/s, 'not before it serves');
ok t_cmp(scalar(() = $start =~ /fetch-redirect: /g), 2, 'each once');
# Another policy: the cache holds on to the old one.
configure(vhosts('enforce', 'auto'));
my $ups = ups();
control('graceful');
ok t_cmp(wait_for(sub { ups() > $ups && logged() =~ /mtasts: \d+ findings as logged before/ }) ? 1 : 0, 1, 'after a reload');
my $after = substr logged(), length $start;
ok t_cmp($after, qr/mtasts:warn.*mtasts: mta-sts\.cache\.test \[\S+\]: fetch-stale: .*t1.*86400.*1\.1 front\.test.*HIT/, 'stale: which, and where');
ok t_cmp($after, qr/mtasts: mta-sts\.cache\.test \[\S+\]: fetch-stale: .*To do: /, 'stale: what to do');
ok t_cmp(scalar(() = $after =~ /mtasts: mta-sts\.proxy\.test \[\S+\]: (?!fetch-(?:local|slow))/g), 0, 'the new policy without a cache');
$by = dump_of('-D', 'DUMP_MTASTS_FETCH');
ok t_cmp(codes(fetch_findings($by->{'cache.test'})), 'warning fetch-stale', 'stale: the dump');
ok t_cmp(codes(fetch_findings($by->{'proxy.test'})), '', 'not stale');

# Off: nobody fetches.
my $fetches = @{[fetches($port, $address{404})]};
configure(vhosts('testing', 't1', 'MTASTSProbeHost Off'));
$by = dump_of('-D', 'DUMP_MTASTS_FETCH');
ok t_cmp(scalar(grep { @{$_->{tls}{fetch} || [1]} } values %$by), 0, 'Off: the dump');
$ups = ups();
control('graceful');
ok t_cmp(wait_for(sub { ups() > $ups && substr(logged(), length($start . $after)) =~ /mtasts: proxy\.test: in sync/ }) ? 1 : 0, 1, 'Off: a reload');
ok t_cmp(scalar(@{[fetches($port, $address{404})]}), $fetches, 'Off: nobody fetches');
# Stopped in the middle of a fetch.
configure(vhosts('testing', 't1'));
$ups = ups();
control('graceful');
wait_for(sub { ups() > $ups });
control('stop');
ok t_cmp(wait_for(sub { !-e "$base.pid" }) ? 1 : 0, 1, 'stops while it fetches');
ok t_cmp(logged(), qr/\A(?!.*exit signal)/s, 'without a crash');
