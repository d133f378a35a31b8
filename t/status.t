# The status handler: who asks for what, and that it tells the truth, whoever answers,
# whatever is wrong with DNS or the ledger.
use strict;
use warnings FATAL => 'all';
use Apache::Test;
use Apache::TestUtil;
use JSON::PP ();
use lib Apache::Test::vars('serverroot') . '/lib';
use MTASTS::Config;
use MTASTS::DNS;
use MTASTS::Httpd;
use MTASTS::Process;
use MTASTS::Status;
use MTASTS::Tree;

my $promtool = grep { -x "$_/promtool" } split /:/, $ENV{PATH};
plan tests => 114, need need_module('status'), {
    'a server with children (not -one-process)' => sub { !$ENV{VALGRIND} },
    promtool => sub { $promtool },
};

my $v = Apache::Test::vars();
my $dns = named(test => "\$TTL 0\n\@ IN SOA ns h 1 2 3 4 5\n\@ IN NS ns\nns IN A 127.0.0.1\n");
my $silent = bad_server('silent');
publish($dns, map { (["$_.test.", 'MX', "10 mx.$_.test."], ["mx.$_.test.", 'A', '127.0.0.1'], ["mta-sts.$_.test.", 'A', '127.0.0.1'],
    ["_mta-sts.$_.test.", 'TXT', '"v=STSv1; id=t1;"'], ["_smtp._tls.$_.test.", 'TXT', '"v=TLSRPTv1; rua=mailto:a@b.test"']) } qw(right wrong twice));
publish($dns, ['_mta-sts.wrong.test.', 'TXT']);

my @common = ('MTASTSCheckTimeout 20s', 'MTASTSProbeHost Off', 'MTASTSProbeMX Off', 'MTASTSTLSRPT mailto:a@b.test', 'MTASTSPolicyID t1');
my $h = MTASTS::Httpd->new('status');
sub configure {
    my ($resolver, @more) = @_;
    return $h->configure("MTASTSResolver 127.0.0.1:$resolver", @common, STATUS,
        '<Location "/server-status">', 'SetHandler server-status', '</Location>',
        '<Location "/server-info">', 'SetHandler server-info', '</Location>', @more,
        map({ $h->vhost("$_.test", "MTASTSMX mx.$_.test") } qw(right wrong twice)),
        # On another address, so that both are reached.
        "<VirtualHost 127.0.0.3:$h->{port}>", 'ServerName mta-sts.twice.test', 'MTASTSEngine On', 'MTASTSMX mx.twice.test', '</VirtualHost>');
}
configure($dns)->start();

# --- before anybody has looked, and after ---

ok t_cmp(ask($h, '')->{status}, 200, 'at once: there is a page');
ok known($h, 'wrong.test', sub { $_[0]{checked} });
my $r = ask($h, '');
my $page = $r->{content};
ok t_cmp($r->{headers}{'content-type'}, 'text/html; charset=utf-8', 'page: type');
ok t_cmp($r->{headers}{'cache-control'}, 'no-store', 'page: not kept');
ok t_cmp($r->{headers}{'content-security-policy'}, "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'", 'page: what it may load');
ok t_cmp($r->{headers}{'x-content-type-options'}, 'nosniff', 'page: nothing is guessed');
ok t_cmp($r->{headers}{vary}, qr/Accept/, 'page: Vary');
sub order { return join ' ', map { $page =~ /\b\Q$_\E\b/ ? sprintf '%08d %s', $-[0], $_ : "none $_" } @_ }
ok t_cmp(join(' ', map { (split)[1] } sort split /(?<=test) /, join ' ', map { $page =~ /\?domain=\Q$_\E"/ ? sprintf '%08d %s', $-[0], $_ : "none $_" } qw(right.test wrong.test)), 'wrong.test right.test', 'overview: the worst first');
ok t_cmp(scalar(() = $page =~ /\?domain=twice\.test"/g) >= 2, 1, 'overview: a domain in two virtual hosts');
ok t_cmp($page, qr/mta-sts\.twice\.test:$h->{port}/, 'overview: and in which');
ok t_cmp($page, qr/txt-missing/, 'overview: what is wrong');

# --- filter and pages ---

sub domains { my ($text) = @_; my %seen; return join ' ', grep { !$seen{$_}++ } $text =~ /<t[dh][^>]*>\s*<a href="\?domain=([^"&]+)/g }
ok t_cmp(domains(page($h, 'q=RIGHT')), 'right.test', 'filter: part of the name');
ok t_cmp(domains(page($h, 'q=nobody')), '', 'filter: none');
ok t_cmp(domains(page($h, 'state=error')), 'wrong.test', 'filter: state');
ok t_cmp(domains(page($h, 'state=error&q=right')), '', 'filter: both');
ok t_cmp(domains(page($h, 'state=nonsense')), qr/wrong\.test.*right\.test/, 'filter: no such state');
ok t_cmp(page($h, 'q=%3Cscript%3Ealert(1)%3C/script%3E%22'), qr/&lt;script&gt;alert\(1\)/, 'filter: shown escaped');
ok t_cmp(scalar(page($h, 'q=%3Cscript%3Ealert(1)') =~ /<script>alert/), '', 'filter: and not run');
ok t_cmp(ask($h, "page=$_")->{status}, 200, "page: $_") for qw(0 2 99999999999999999999 -1 x);

# --- one domain ---

$page = page($h, 'domain=wrong.test');
ok t_cmp($page, qr/<title>[^<]*wrong\.test/, 'domain: title');
ok t_cmp($page, qr/<code>[^<]*v=STSv1; id=t1;/, 'domain: the record to copy');
ok t_cmp($page, qr/txt-missing/, 'domain: what is wrong');
ok t_cmp($page, qr/served[^<]*<|the policy t1/i, 'domain: what happened');
ok t_cmp(page($h, 'domain=WRONG.test.'), qr/<title>[^<]*wrong\.test/, 'domain: any case, final dot');
$r = ask($h, 'domain=nobody.test%3Cb%3E');
ok t_cmp($r->{status}, 404, 'no such domain: 404');
ok t_cmp($r->{content}, qr/nobody\.test&lt;b&gt;/, 'no such domain: says so');
ok t_cmp(ask($h, 'domain=mta-sts.right.test')->{content}, qr/It has one of right\.test/, 'no such domain: the policy host is meant');
ok t_cmp(() = page($h, 'domain=twice.test') =~ /mta-sts\.twice\.test:$h->{port}/g, qr/[1-9]/, 'domain in two virtual hosts');

# --- who asks for what ---

my %types = (html => qr{^text/html; charset=utf-8$}, json => qr{^application/json$}, openmetrics => qr{^application/openmetrics-text; version=1\.0\.0; charset=utf-8$});
for my $try (['', '', 'html'], ['format=json', '', 'json'], ['format=openmetrics', 'text/html', 'openmetrics'], ['format=html', 'application/json', 'html'],
    ['', 'application/json', 'json'], ['', 'application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.3,*/*;q=0.1', 'openmetrics'],
    ['', 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8', 'html'], ['', 'image/png', 'html']) {
    my ($args, $accept, $want) = @$try;
    ok t_cmp(ask($h, $args, Accept => $accept)->{headers}{'content-type'}, $types{$want}, "type: '$args' '$accept'");
}
ok t_cmp(ask($h, 'format=xml')->{status}, 400, 'no such format: 400');
for my $method (qw(POST PUT DELETE PATCH)) {
    $r = ask($h, '', method => $method);
    ok t_cmp($r->{status}, 405, "$method: 405");
    ok t_cmp($r->{headers}{allow}, qr/GET/, "$method: Allow");
}
$r = ask($h, '', method => 'OPTIONS');
ok t_cmp("$r->{status} " . ($r->{headers}{allow} // ''), qr/^200 .*GET/, 'OPTIONS');
$r = ask($h, 'format=json', method => 'HEAD');
ok t_cmp("$r->{status} $r->{headers}{'content-type'} '" . ($r->{content} // '') . "'", "200 application/json ''", 'HEAD');
for my $asset (['style.css', 'text/css'], ['script.js', 'text/javascript']) {
    $r = ask($h, "asset=$asset->[0]&v=1");
    ok t_cmp($r->{headers}{'content-type'}, qr{^\Q$asset->[1]\E}, "$asset->[0]: type");
    ok t_cmp(length $r->{content} > 200 && $r->{headers}{'content-length'} == length $r->{content}, 1, "$asset->[0]: length");
}
ok t_cmp(ask($h, 'asset=../../etc/passwd')->{status}, 404, 'no such asset');

# --- JSON ---

my $all = document($h);
ok t_cmp(join(' ', map {$_->{domain}} @{$all->{policies}}), 'right.test wrong.test twice.test twice.test', 'JSON: all, as configured');
ok t_cmp(join(' ', sort keys %$all), 'findings policies summary time version', 'JSON: members');
my ($wrong) = grep { $_->{domain} eq 'wrong.test' } @{$all->{policies}};
my ($missing) = grep { $_->{code} eq 'txt-missing' } @{$wrong->{findings}};
ok t_cmp($missing->{since}, qr/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/, 'JSON: since when');
ok t_cmp($missing->{seen} // 'true', 'true', 'JSON: it was seen');
ok t_cmp("$wrong->{serving}{state} $wrong->{serving}{id}", 'released t1', 'JSON: what is served');
ok t_cmp($wrong->{next}, qr/Z$/, 'JSON: when it is looked at next');
ok t_cmp($all->{summary}{error} >= 1, 1, 'JSON: summary');
$r = ask($h, 'format=json&domain=nobody.test');
ok t_cmp($r->{status}, 404, 'JSON: no such domain');
ok t_cmp(scalar @{JSON::PP::decode_json($r->{content})->{policies}}, 0, 'JSON: none');
# What the dump says, which looks for itself, but for what moves.
my $json = JSON::PP->new->canonical;
sub still {
    my ($p) = @_;
    my %p = %$p;
    delete @p{qw(checked next serving held)};
    $p{findings} = [map { my %f = %$_; delete @f{qw(since seen)}; \%f } @{$p{findings}}];
    $p{publishing} = [map { my %f = %$_; delete @f{qw(since next)}; \%f } @{$p{publishing}}];
    return $json->encode(\%p);
}
my $dumped = $h->dump_json();
for my $domain (qw(right.test wrong.test)) {
    my ($one) = grep { $_->{domain} eq $domain } @{$dumped->{policies}};
    ok t_cmp(still(policy_of($h, $domain)), still($one), "JSON: $domain: as the dump says");
}
ok t_cmp(join(' ', sort keys %{$wrong->{held}[0]}), join(' ', sort keys %{(grep { $_->{domain} eq 'wrong.test' } @{$dumped->{policies}})[0]{held}[0]}), 'JSON: held: the same members');

# --- metrics ---

my $text = page($h, 'format=openmetrics');
MTASTS::Config::write_file("$h->{dir}/metrics", $text);
ok t_cmp(`promtool check metrics <'$h->{dir}/metrics' 2>&1`, '', 'metrics: promtool has nothing to say');
ok t_cmp(`/usr/bin/python3 '$v->{serverroot}/lib/openmetrics.py' <'$h->{dir}/metrics' 2>&1 >/dev/null`, '', 'metrics: OpenMetrics');
my $m = metrics($h);
sub metric { my ($m, $name, %labels) = @_; my @found = grep { my $k = $_; $k =~ /^\Q$name\E(?:\{|$)/ && !grep { $k !~ /\b$_="\Q$labels{$_}\E"/ } keys %labels } sort keys %$m; return @found ? $m->{$found[0]} : undef }
ok t_cmp(metric($m, 'mtasts_findings', domain => 'wrong.test', severity => 'error'), 1, 'metrics: errors');
ok t_cmp(metric($m, 'mtasts_findings', domain => 'right.test', severity => 'error'), 0, 'metrics: none');
ok t_cmp(metric($m, 'mtasts_ledger_up'), 1, 'metrics: the ledger is there');
ok t_cmp(metric($m, 'mtasts_domains', state => 'error'), 1, 'metrics: how many');
ok t_cmp(metric($m, 'mtasts_domains_left_out'), 0, 'metrics: all are told of');
ok t_cmp(metric($m, 'mtasts_last_run_timestamp_seconds') > time - 600, 1, 'metrics: the last run');
$h->get('right.test');
ok t_cmp(wait_for(sub { (metric(metrics($h), 'mtasts_policy_fetches', domain => 'right.test', sender => 'no-agent') // 0) >= 1 }), 1, 'metrics: who has fetched');

# --- mod_status, mod_info ---

ok t_cmp(page($h, '', path => '/server-status'), qr/wrong\.test/, 'mod_status: the worst');
$text = page($h, 'auto', path => '/server-status');
ok t_cmp($text, qr/^MTASTSDomains: 4$/m, 'mod_status: ?auto');
ok t_cmp($text, qr/^MTASTS\w*Error\w*: 1$/m, 'mod_status: ?auto: errors');
ok t_cmp(scalar(grep { /MTASTS/ && !/^MTASTS\w+: \S+$/ } split /\n/, $text), 0, 'mod_status: ?auto: a line each');
ok t_cmp(page($h, 'mod_mtasts.c', path => '/server-info'), qr/MTASTSMode/, 'mod_info: directives');

# --- any child answers, also after a reload and a restart ---

$h->crash_children();
ok t_cmp(policy_of($h, 'wrong.test')->{sync}, 'absent', 'another child: knows it');
configure($dns, 'MTASTSMaxAge 3d')->graceful();
ok known($h, 'wrong.test', sub { $_[0]{checked} && $_[0]{max_age} == 259200 && grep { $_->{code} eq 'txt-missing' } @{$_[0]{findings}} });
my $since = (grep { $_->{code} eq 'txt-missing' } @{policy_of($h, 'wrong.test')->{findings}})[0]{since};
ok t_cmp($since, $missing->{since}, 'after a reload: since the same time');
$h->stop();
$h->start();
my $p = known($h, 'wrong.test', sub { $_[0]{checked} });
ok t_cmp((grep { $_->{code} eq 'txt-missing' } @{$p->{findings}})[0]{since}, $missing->{since}, 'after a restart: since the same time');

# --- DNS does not answer: nothing waits for it, and what stood stands ---

configure($silent, 'MTASTSCheckTimeout 8s', 'MTASTSMaxAge 3d')->graceful();
ok t_cmp(wait_for(sub { page($h, '') =~ /under way/ && metric(metrics($h), 'mtasts_run_under_way') == 1 }), 1, 'while a run waits: pages say that it is under way');
$p = known($h, 'wrong.test', sub { grep { ($_->{seen} // 1) == 0 } @{$_[0]{findings}} });
ok t_cmp(join(' ', sort map { $_->{code} } grep { !($_->{seen} // 1) } @{$p->{findings}}), 'txt-missing', 'not seen: stands from before');
ok t_cmp($p->{sync}, 'unknown', 'not seen: the record is not known');
ok t_cmp(metric(metrics($h), 'mtasts_findings', domain => 'wrong.test', severity => 'error'), scalar(grep { $_->{severity} eq 'error' } @{$p->{findings}}), 'not seen: it counts') or print map {"# $_->{code} $_->{text} $_->{since} \n"} @{$p->{findings}};
ok t_cmp(page($h, 'domain=wrong.test'), qr/earlier look/, 'not seen: says so');
configure($dns, 'MTASTSMaxAge 3d')->graceful();
ok known($h, 'wrong.test', sub { $_[0]{sync} eq 'absent' && !grep { !($_->{seen} // 1) } @{$_[0]{findings}} });

# --- without checks, without the ledger, with a broken one ---

configure($dns, 'MTASTSCheck off')->graceful();
$p = policy_of($h, 'right.test');
ok t_cmp($p->{checked} // 'null', 'null', 'checks off: not looked at');
ok t_cmp(page($h, 'domain=right.test'), qr/MTASTSCheck is off here/, 'checks off: and so does the page');
ok t_cmp("$p->{check} " . ($p->{next} // 'null'), 'off null', 'checks off: and JSON');
ok t_cmp(metric(metrics($h), 'mtasts_findings', domain => 'wrong.test', severity => 'error') // 'none', qr/^(?:none|0)$/, 'checks off: what was found before is not told');
configure($dns, 'MTASTSLedger Off')->graceful();
ok t_cmp(wait_for(sub { (metric(metrics($h), 'mtasts_findings', domain => 'wrong.test', severity => 'error') // 0) == 1 }), 1, 'no ledger: the overview knows');
ok t_cmp(metric(metrics($h), 'mtasts_ledger_up') // 'none', 'none', 'no ledger: no metric of it');
ok t_cmp(page($h, 'domain=wrong.test'), qr/MTASTSLedger/, 'no ledger: why the page has little');
$p = policy_of($h, 'wrong.test');
ok t_cmp(join(' ', ($p->{checked} // '') =~ /Z$/ ? 'checked' : 'not', $p->{sync}, map { "$_ $p->{counts}{$_}" } sort keys %{$p->{counts} || {}}), qr/^checked absent error 1 info \d+ unknown 0 warning \d+$/, 'no ledger: JSON has numbers');
ok t_cmp(document($h)->{summary}{error}, 1, 'no ledger: and counts them');
ok t_cmp(page($h, 'domain=wrong.test'), qr/found 1 error/, 'no ledger: and so does the page');
$h->stop();
MTASTS::Config::write_file("$h->{state}/ledger.sqlite", 'this is no database, but somebody\'s notes; ' x 100);
configure($dns)->start();
ok t_cmp(wait_for(sub { (metric(metrics($h), 'mtasts_ledger_up') // 1) == 0 }), 1, 'broken ledger: a metric');
ok t_cmp(page($h, ''), qr/ledger-unavailable/, 'broken ledger: the overview says so');
ok t_cmp(page($h, 'domain=wrong.test'), qr/The ledger can't be read/, 'broken ledger: and so does the page');
ok t_cmp(scalar(grep { $_->{code} eq 'ledger-unavailable' } @{document($h)->{findings}}) >= 1, 1, 'broken ledger: JSON');

# --- many domains ---

$h->stop();
unlink "$h->{state}/ledger.sqlite";
my @many = map { sprintf 'd%04d.many.test', $_ } 1 .. 1205;
$h->configure("MTASTSResolver 127.0.0.1:$dns", @common, STATUS, 'MTASTSCheck off', $h->vhost('many.test', 'MTASTSMX mx.many.test' . "\nMTASTSDomain many.test @many"))->start();
$page = page($h, '');
ok t_cmp(scalar(() = domains($page) =~ /\.test/g), 100, 'many: a page of them');
ok t_cmp($page, qr/page=2\b/, 'many: leads to the next');
my %shown;
for my $n (1 .. 13) {
    $shown{$_} = 1 for page($h, "page=$n") =~ /\?domain=([a-z0-9.]+)"/g;
}
ok t_cmp(scalar keys %shown, 1206, 'many: all are on some page');
ok t_cmp(domains(page($h, 'q=d0999')), 'd0999.many.test', 'many: found by name');
$m = metrics($h);
ok t_cmp(metric($m, 'mtasts_domains_left_out'), 206, 'many: metrics say what they leave out');
# By what the configuration says: they have no TLS.
ok t_cmp(metric($m, 'mtasts_domains', state => 'warning'), 1206, 'many: but count all');
ok t_cmp(scalar @{document($h)->{policies}}, 1206, 'many: JSON has all');
$h->stop();
ok t_cmp($h->trouble(), '', 'no trouble in the log');
