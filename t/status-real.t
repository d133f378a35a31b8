# The status pages with what real servers say: of domains as people have them, of
# which README shows pictures; and with all that a hostile network can say.
use strict;
use warnings FATAL => 'all';
use Apache::Test;
use Apache::TestUtil;
use IO::Socket::SSL ();
use lib Apache::Test::vars('serverroot') . '/lib';
use MTASTS::Browser;
use MTASTS::Config;
use MTASTS::DNS;
use MTASTS::Front;
use MTASTS::Httpd;
use MTASTS::PageChecks;
use MTASTS::Process;
use MTASTS::SMTP;
use MTASTS::Schema;
use MTASTS::Status;
use MTASTS::Tree;

my @hostile = qw(markup markup-cname markup-huge);
my $browser_lacks = $ENV{MTASTS_HTTPD} ? 'sanitizers have no say in it' : MTASTS::Browser::missing();
plan tests => 15 + 7 * @hostile + ($browser_lacks ? 0 : 2 * SHOTS + 1 + 2 * @hostile), need need_module('ssl'), {
    'nginx' => sub { grep { -x "$_/nginx" } split(/:/, $ENV{PATH}), '/usr/sbin' },
    'a server with children (not -one-process)' => sub { !$ENV{VALGRIND} },
};
my $v = Apache::Test::vars();
my $browser = $browser_lacks ? undef : MTASTS::Browser->new();
sub result { my ($label, $wrong) = @{$_[0]}; return ok t_cmp($wrong, '', $label) }
sub url { my ($h, $args) = @_; return "http://$h->{address}:$h->{port}/mtasts-status?$args" }

# --- as people have them ---

my @domains = qw(example.com example.net example.org shop.example);
my $certs = new_directory('certs');
system("$v->{serverroot}/lib/bad-certs.sh", $certs, (map { ("good:mta-sts.$_", "good:mail.$_") } @domains), 'expiring:mail.shop.example', 'expired:mail.example.net') == 0
    or die 'no certificates';
chmod 0755, $certs;
my $head = "\$TTL 300\n\@ IN SOA ns h 1 2 3 4 5\n\@ IN NS ns\nns IN A 127.0.0.1\n";
my $dns = named(map { $_ => $head } @domains);
my $smtp = MTASTS::Tree::free_ports(1);
my %mail = ('example.com' => '127.0.6.1', 'example.net' => '127.0.6.2', 'example.org' => '127.0.6.3', 'shop.example' => '127.0.6.4');
my %mail_cert = ('example.net' => 'expired', 'shop.example' => 'expiring');
bad_smtp($smtp, map { {address => $mail{$_}, cert => "$certs/" . ($mail_cert{$_} // 'good') . "-mail.$_"} } @domains);
publish($dns, map { (["$_.", 'MX', "10 mail.$_."], ["mail.$_.", 'A', $mail{$_}], ["mta-sts.$_.", 'A', '127.0.0.1'],
    ["_smtp._tls.$_.", 'TXT', "\"v=TLSRPTv1; rua=mailto:tlsrpt\@$_\""]) } @domains);

my $h = MTASTS::Httpd->new('real');
my %policy = ('example.com' => 'MTASTSRollout testing:1d/14d enforce:1d/7d enforce:1w/28d enforce:4w', 'example.net' => 'MTASTSMode enforce',
    'example.org' => 'MTASTSMode enforce', 'shop.example' => 'MTASTSMode enforce');
sub configure {
    my (%of) = (%policy, @_);
    return $h->configure("MTASTSResolver 127.0.0.1:$dns", 'MTASTSCheckTimeout 20s', "MTASTSProbeMX $smtp", "MTASTSCAFile \"$certs/ca.crt\"", 'MTASTSPublishDelay 1s',
        'MTASTSWatchInterval 1m', STATUS, map { $h->vhost($_, "MTASTSMX mail.$_\nMTASTSTLSRPT mailto:tlsrpt\@$_\nMTASTSProbeHost $h->{tls}\n$of{$_}", "$certs/good-mta-sts.$_") } @domains);
}
# As an administrator does who is told what to publish.
sub publish_id {
    my (@of) = @_;
    publish($dns, map { ["_mta-sts.$_.", '300 TXT', '"v=STSv1; id=' . ($h->etag($_) =~ /^"(\w+?)(?:-\w+)?"$/)[0] . ';"'] } @of);
}
sub fetch_as {
    my ($domain, $agent) = @_;
    my $s = IO::Socket::SSL->new(PeerAddr => "$h->{address}:$h->{tls}", SSL_verify_mode => 0, SSL_hostname => "mta-sts.$domain") or return;
    print $s "GET /.well-known/mta-sts.txt HTTP/1.0\r\nHost: mta-sts.$domain\r\nUser-Agent: $agent\r\n\r\n";
    local $/;
    return scalar <$s>;
}

# A reload, after which all was looked at and is shown.
sub reload {
    $h->graceful();
    return wait_for(sub { my $m = metrics($h); $m->{mtasts_last_run_timestamp_seconds} && !$m->{mtasts_run_under_way} });
}

# A history of three weeks: example.org was in testing.
configure('example.org' => 'MTASTSMode testing')->start();
publish_id('example.com', 'example.org', 'shop.example');
configure('example.org' => 'MTASTSMode testing')->graceful();
ok known($h, 'example.org', sub { $_[0]{sync} eq 'in-sync' });
fetch_as('example.org', $_) for 'Google-SMTP-STS', 'Microsoft-MTASTS', 'curl/8.0';
$h->stop();
$h->pass_time(20 * 86400);
configure()->start();
publish_id('example.org');
configure()->graceful();
my $org = known($h, 'example.org', sub { $_[0]{sync} eq 'in-sync' && $_[0]{mode} eq 'enforce' && @{($_[0]{tls} || {})->{fetch} || []} });
ok t_cmp(join(' ', map { $_->{mode} } @{$org->{held}}), qr/^enforce/, 'history: what senders may hold');
ok t_cmp(join(' ', map {"$_->{host} $_->{result}"} @{$org->{tls}{mx}}), 'mail.example.org ok', 'MX host');
ok t_cmp(join(' ', map {"$_->{address} $_->{status}"} @{$org->{tls}{fetch}}), '127.0.0.1 200', 'fetch');
fetch_as('example.com', $_) for ('Google-SMTP-STS') x 3, 'Microsoft-MTASTS';
ok known($h, 'example.com', sub { @{$_[0]{fetches} || []} >= 2 && ($_[0]{rollout}[0]{fetched}{families} // 0) >= 2 });
# What was fetched right a short while ago is not fetched again, but still known.
ok reload();
ok t_cmp(scalar @{policy_of($h, 'example.org')->{tls}{fetch}}, 1, 'a fetch that was right is remembered');
# What does not change is not written again.
my $written = join "\n", $h->sql('SELECT name, mark, written_at FROM mtasts_document ORDER BY name');
ok reload();
my %before = map { (split /\|/)[0] => $_ } split /\n/, $written;
my @rewritten = grep { my ($name) = split /\|/; ($before{$name} // '') ne $_ } $h->sql('SELECT name, mark, written_at FROM mtasts_document ORDER BY name');
ok t_cmp("@rewritten", '', 'documents are written when they change');
ok t_cmp(($h->sql('SELECT COUNT(*) FROM mtasts_document'))[0], 1 + @domains, 'one for each domain and one for all');
ok t_cmp(schema_errors(page($h, 'format=json')), '', 'JSON: valid by the schema');
MTASTS::Config::write_file("$h->{dir}/metrics", page($h, 'format=openmetrics'));
ok t_cmp(`promtool check metrics <'$h->{dir}/metrics' 2>&1`, '', 'metrics: promtool has nothing to say');
ok t_cmp(MTASTS::Config::slurp("$h->{dir}/metrics"), qr/^mtasts_mx_certificate_expiry_timestamp_seconds\{[^}]*mail\.example\.net[^}]*\} \d/m, 'metrics: the certificate of an MX host');
if ($browser) {
    result($_) for shots($browser, 'overview', url($h, '')), shots($browser, 'example.com', url($h, 'domain=example.com'));
    $browser->emulate(width => 1440, dark => 0, scripts => 1)->open(url($h, 'domain=example.net'));
    ok t_cmp(join(' ', MTASTS::PageChecks::looks($browser, 1440)), '', 'a domain that is wrong');
    $browser->screenshot(MTASTS::PageChecks::directory() . '/readme-domain.png', 812);
}
$h->stop();
ok t_cmp($h->trouble(), '', 'no trouble in the log');

# --- hostile ---

my $web = MTASTS::Tree::free_ports(1);
system("$v->{serverroot}/lib/bad-certs.sh", $certs, 'markup:mx.markup.test', map {"good:mta-sts.$_.test"} @hostile) == 0 or die 'no certificates';
my $bad = bad_server();
bad_smtp($smtp, {address => '127.0.7.1', kind => 'markup', cert => "$certs/markup-mx.markup.test"}, {address => '127.0.7.2', cert => "$certs/markup-mx.markup.test"});
my $evil = "<script>evil=1</script><img src=x onerror=evil=1>'&amp;\xe2\x80\xae\xc2\x9b";
nginx($web, {address => '127.0.7.1', kind => 'static', cert => "$certs/good-mta-sts.markup.test", type => 'text/html;x=<script>evil=1</script>', body => "mode: $evil\r\nversion: $evil\r\n",
    headers => {map { $_ => $evil } qw(Age Via CF-Cache-Status X-Cache)}});
my $x = MTASTS::Httpd->new('hostile');
$x->configure("MTASTSResolver 127.0.0.1:$bad", 'MTASTSCheckTimeout 20s', "MTASTSProbeMX $smtp", "MTASTSCAFile \"$certs/ca.crt\"", STATUS,
    map { $x->vhost("$_.test", "MTASTSMX mx.$_.test\nMTASTSProbeHost $web", "$certs/good-mta-sts.$_.test") } @hostile)->start();
for my $name (@hostile) {
    my $p = known($x, "$name.test", sub { $_[0]{checked} });
    ok t_cmp($p->{sync} // '', qr/^(?:foreign|in-sync|absent)$/, "$name: was looked at");
    my $page = page($x, "domain=$name.test");
    ok t_cmp(scalar(() = $page =~ /<script[^>]*>evil|<img|<b onclick|<i>/g), 0, "$name: no markup");
    ok t_cmp(scalar(() = $page =~ /[^\n -~\x{80}-\x{ff}]/g), 0, "$name: no control characters");
    ok t_cmp(scalar(() = $page =~ /\xe2\x80[\x8b-\x8f\xaa-\xae]|\xe2\x81[\xa0-\xaf]|\xc2[\x80-\x9f]/g), 0, "$name: none that change the direction");
    ok t_cmp(length $page < 400_000 ? 1 : length $page, 1, "$name: of a length for people");
    ok t_cmp($page, qr/script&gt;|&lt;i&gt;|&lt;b/, "$name: it is shown as what it is");
    ok t_cmp(schema_errors(page($x, "format=json&domain=$name.test")), '', "$name: JSON is valid by the schema");
    if ($browser) {
        $browser->emulate(width => 360, dark => 0, scripts => 1)->open(url($x, "domain=$name.test"));
        ok t_cmp($browser->execute('return String(window.evil)'), 'undefined', "$name: nothing of it runs");
        ok t_cmp(join("\n", MTASTS::PageChecks::looks($browser, 360), map {"axe: $_"} $browser->axe()), '', "$name: the page is well");
    }
}
$x->stop();
$browser->quit() if $browser;
ok t_cmp($x->trouble(), '', 'hostile: no trouble in the log');
