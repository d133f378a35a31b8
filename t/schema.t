# What the JSON dump writes is as conf/mtasts-status.schema.json says, of any world:
# without checks, with DNS, MX hosts and fetches of all kinds, a ledger, plans and
# publication, and with what hostile peers say.  And all that the schema tells of
# is written.
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
use MTASTS::Schema;
use MTASTS::SMTP;
use MTASTS::Tree;

plan tests => 30, need need_module('ssl', 'headers'), {
    'a server with children (not -one-process)' => sub { !$ENV{VALGRIND} },
};

# A dump by httpd -t of these lines is as it should be, and what `of` takes from the
# document is like that.
sub dump_ok {
    my ($what, $lines, $like, $of) = @_;
    my ($rc, $json, $err) = configtest($lines, '-D', 'DUMP_MTASTS_JSON');
    return document_ok($what, $json, $err, $like, $of);
}
sub document_ok {
    my ($what, $json, $err, $like, $of) = @_;
    my $fine = ok t_cmp(schema_errors($json), '', $what);
    my $is = $of->(eval { JSON::PP::decode_json($json) } || {});
    ok(t_cmp($is, $like, "$what: what it is about")) && $fine or print map {"# $_\n"} split /\n/, $err;
    return;
}
# What all policies, or all their findings, have in a member, once each.
sub all {
    my ($get, $document) = @_;
    return join ' ', sort keys %{{map { $_ // 'null' => 1 } map { $get->() } @{$document->{policies}}}};
}
sub codes { return all(sub { map { $_->{code} } @{$_->{findings}} }, @_) }
sub others { my ($document) = @_; return join ' ', sort map { $_->{code} } @{$document->{findings}} }
sub vhost { my ($name, @lines) = @_; return join "\n", '<VirtualHost *:1>', "ServerName mta-sts.$name.test", @lines, "</VirtualHost>\n" }

# --- without checks ---

my $v = Apache::Test::vars();
dump_ok('nothing', '', 0, sub { scalar @{$_[0]{policies}} });
dump_ok('no check', join('', <<'END', map { vhost('two', 'MTASTSEngine On', "MTASTSMX mx$_.two.test") =~ s/\*:1/*:$_/r } 1, 2), qr/^engine-missing; .*\bpolicy-differs\b/, sub { others(@_) . '; ' . codes(@_) });
<VirtualHost 192.0.2.80:443 [2001:db8::80]:443>
    ServerName mta-sts.plan.test
    SSLEngine on
    MTASTSEngine On
    MTASTSMX mx.plan.test *.plan.test
    MTASTSRollout testing:1d/2w enforce:1d/1w enforce:52w
    MTASTSTLSRPT mailto:tlsrpt@plan.test
</VirtualHost>
<VirtualHost *:1>
    ServerName mta-sts.none.test
    MTASTSEngine On
    MTASTSDomain none.test xn--bcher-kva.test
    MTASTSMode none
    MTASTSMaxAge 1
</VirtualHost>
<VirtualHost *:1>
    ServerName mta-sts.idle.test
    MTASTSMX mx.idle.test
</VirtualHost>
END
my $odd = "$v->{t_logs}/odd-\xff\"\\.conf";
t_write_file($odd, vhost('odd', 'MTASTSEngine On', 'MTASTSMX mx.odd.test'));
dump_ok('a file name', "Include \"$v->{t_logs}/odd-*.conf\"", qr/odd-\\xff/, sub { $_[0]{policies}[0]{defined_at} });
unlink $odd;

# --- what DNS says ---

my @hostile = qw(right empty servfail servfail-only-txt servfail-only-mx servfail-only-aaaa other-owner garbage loop-cname short
    ugly-txt ugly-foreign ugly-near ugly-tlsrpt ugly-mx ugly-cname huge-txt huge-foreign many-txt many-mx here hoster);
dump_ok('DNS', check_lines('10s', bad_server()) . join('', map { vhost($_, "MTASTSMX mx.$_.test", 'MTASTSMode enforce', "MTASTSTLSRPT mailto:tlsrpt\@$_.test") } @hostile),
    qr/^absent ok tempfail; .*\bmx-invalid\b.*\btxt-multiple\b.*\btxt-syntax\b/, sub { all(sub { $_->{dns}{txt}{status} }, @_) . '; ' . codes(@_) });
my $dead = MTASTS::Tree::free_ports(1);
dump_ok('no DNS, no ledger', check_lines('1s', $dead) . "MTASTSLedger sqlite3 $v->{t_logs}/configtest.conf\n" . vhost('blind', 'MTASTSMX mx.blind.test'),
    'ledger-unavailable resolver-unavailable', \&others);

# --- MX hosts ---

my $certs = new_directory('certs');
# [what the server does, its certificate]; each on an address and of a domain of its own
my @mx = ((map { ['good', $_] } qw(good wrong cn expired future missing self-signed other-ca expired-ca weak)),
    (map { [$_, 'good'] } qw(rubbish 554 ugly no-starttls refuse rubbish-tls close-connected)), ['good', 'good', 'TLSv1.1']);
my ($smtp, $n) = (MTASTS::Tree::free_ports(1), 0);
my @peers = map { my $name = 'x' . ++$n; {name => $name, address => "127.0.1.$n", kind => $_->[0], tls => $_->[2] // '', of => $_->[1], cert => "$certs/$_->[1]-mx.$name.test"} } @mx;
my @domains = qw(plan hand fails front refused gone);
system("$v->{serverroot}/lib/bad-certs.sh", $certs, (map {"$_->{of}:mx.$_->{name}.test"} @peers),
    map {"good:mta-sts.$_.test"} @domains) == 0 or die 'no certificates';
chmod 0755, $certs;
bad_smtp($smtp, @peers);
my $dns = named(test => join "\n", '$TTL 0', '@ IN SOA ns h 1 2 3 4 5', '@ IN NS ns', 'ns IN A 127.0.0.1',
    (map {"$_->{name} MX 10 mx.$_->{name}\nmx.$_->{name} A $_->{address}\nmta-sts.$_->{name} CNAME alias\n_mta-sts.$_->{name} TXT \"v=STSv1; id=x1;\""} @peers), 'alias A 127.0.0.1',
    # A host name that is none, and nobody who listens.
    'odd MX 10 \\"\\027\\255\\\\.odd', 'odd MX 20 mx.odd', '\\"\\027\\255\\\\.odd A 127.0.1.1', 'mx.odd A 127.0.2.1', 'null MX 0 .',
    'via CNAME x1', '_mta-sts.via CNAME _mta-sts.x1', '_smtp._tls.via CNAME reports', 'reports TXT "v=TLSRPTv1; rua=mailto:a@b.test"', '');
my $head = join "\n", check_lines('10s', $dns), "MTASTSCAFile \"$certs/ca.crt\"", '';
sub mx_vhost { my ($name, $more) = @_; return vhost($name, "MTASTSMX mx.$name.test", "MTASTSProbeMX $smtp", $more // ()) }
dump_ok('MX hosts', $head . join('', map({ mx_vhost($_->{name}) } @peers), mx_vhost('odd'), mx_vhost('null'), mx_vhost('via'), mx_vhost('plain', 'SSLEngine off'),
    mx_vhost('plan', "SSLCertificateFile $certs/good-mta-sts.plan.test.crt\nSSLCertificateKeyFile $certs/good-mta-sts.plan.test.key")),
    'greeting no-starttls ok refused tls-failed tls-version turned-away unreachable; expired incomplete null ok self-signed untrusted',
    sub { join '; ', all(sub { map { $_->{result} } @{$_->{tls}{mx}} }, @_), all(sub { map { $_->{chain} } @{$_->{tls}{mx}} }, @_) });

# --- a server that lives: its ledger, plans, publication, fetches ---

publish($dns, map { (["$_.test", 'MX', "10 mx.$_.test."], ["mx.$_.test", 'A', '127.0.0.1'], ["mta-sts.$_.test", 'A', $_ eq 'refused' ? '127.0.5.1' : '127.0.0.1']) } @domains);
my $h = MTASTS::Httpd->new('schema');
# Of one that stands behind proxies, as far as headers tell.
my $headers = join "\n", map {"Header set $_"} 'Age 86400', 'Via "1.1 front.test"', 'CF-Cache-Status HIT', 'Content-Encoding gzip', 'Location https://www.front.test/';
my %lines = (
    plan => 'MTASTSRollout testing:1d/2s testing:2d/1w enforce:1w', hand => 'MTASTSTLSRPT mailto:tlsrpt@hand.test',
    fails => 'MTASTSPublishCommand /bin/false', front => $headers,
);
sub configure {
    my ($resolver, @names) = @_;
    return $h->configure("MTASTSResolver 127.0.0.1:$resolver", 'MTASTSCheckTimeout 20s', 'MTASTSProbeMX Off', "MTASTSProbeHost $h->{tls}",
        'MTASTSPublishDelay 1s', "MTASTSCAFile \"$certs/ca.crt\"",
        map { $h->vhost("$_.test", join("\n", "MTASTSMX mx.$_.test", $lines{$_} // ()), -e "$certs/good-mta-sts.$_.test.crt" ? "$certs/good-mta-sts.$_.test" : undef) } @names);
}
# It dumps while it runs.
sub live_ok {
    my ($what, $args, $like, $of) = @_;
    my ($rc, $json, $err) = $h->httpd('-t', '-D', 'DUMP_MTASTS_JSON', @$args);
    return document_ok($what, $json, $err, $like, $of);
}
# Until the ledger tells that.
sub until_ledger {
    my ($sql, $wanted) = @_;
    my $is;
    return wait_for(sub { ($is = join ' ', $h->sql($sql)) eq $wanted }) ? 1 : $is;
}
my $states = "SELECT DISTINCT domain || ':' || state FROM mtasts_publishing WHERE domain IN ('hand.test', 'fails.test') AND record = 'sts' ORDER BY 1";
configure($dns, @domains);
# The first step's record is there already, so that nothing holds it.
my ($plan) = grep { $_->{domain} eq 'plan.test' } @{$h->dump_json()->{policies}};
publish($dns, ['_mta-sts.plan.test', 'TXT', "\"v=STSv1; id=$plan->{id};\""]);
$h->start();
ok t_cmp(wait_for(sub { $h->policy('plan.test') eq 'testing 172800 mx.plan.test' }) || 0, 1, 'the plan goes on');
$h->get('plan.test'); # as a sender; who stops writes down what was counted
$h->stop()->start();
ok t_cmp($h->remembers(map {"$_.test"} @domains), 1, 'the ledger has all');
ok t_cmp(until_ledger($states, 'fails.test:failed hand.test:due'), 1, 'publication has begun');
ok t_cmp(until_ledger("SELECT DISTINCT sender FROM mtasts_fetched WHERE domain = 'plan.test' AND sender = 'no-agent'", 'no-agent'), 1, 'a fetch is counted');
live_ok('a server', [], 'ahead current done; 0', sub {
    my ($document) = @_;
    return all(sub { map { $_->{state} } @{$_->{rollout}} }, $document) . '; ' . grep { !@{$_->{held}} } @{$document->{policies}};
});
live_ok('fetches', ['-D', 'DUMP_MTASTS_FETCH'], 'ok refused', sub { all(sub { map { $_->{result} } @{$_->{tls}{fetch}} }, @_) });
# Domains that are new while DNS can't be asked, and one that is there no more.
$lines{lost} = 'MTASTSRollout testing:1d/1w enforce:1w';
configure($dead, qw(blind lost))->graceful();
ok t_cmp(until_ledger("SELECT state FROM mtasts_publishing WHERE domain = 'blind.test'", 'waits'), 1, 'nobody knows what DNS has');
live_ok('nobody knows', [], qr/policy-withdrawn.*; lost\.test 0/, sub {
    my ($document) = @_;
    return others($document) . '; ' . join ' ', map { $_->{rollout} ? ($_->{domain}, scalar @{$_->{rollout}}) : () } @{$document->{policies}};
});
$h->stop();
ok t_cmp($h->trouble(), '', 'nothing crashed');

# --- what was written, and what is refused ---

ok t_cmp(join(', ', schema_unseen('dump')), '', 'all that a dump may have was there, and null where it may be');
ok t_cmp(join(', ', schema_unseen('status')), qr/^findings\[\]\.seen, .*policies\[\]\.serving\.state/, 'and nothing that only the status page has');

# The judge sees what is wrong.
my (undef, $json) = configtest(vhost('a', 'MTASTSEngine On', 'MTASTSMX mx.a.test'), '-D', 'DUMP_MTASTS_JSON');
for (['another member', sub { s/"sync"/"synch"/ }, qr/'synch' was unexpected/], ['another value', sub { s/"sync": "unknown"/"sync": "known"/ }, qr/\$\.policies\[0\]\.sync: 'known' is not one of/],
    ['a member that is missing', sub { s/"summary"/"findings"/ }, qr/twice|'summary' is a required/], ['half a document', sub { substr($_, -4) = '' }, qr/^\$: /]) {
    my ($what, $break, $said) = @$_;
    my $wrong = $json;
    $break->() for $wrong;
    ok t_cmp(schema_errors($wrong), $said, "refused: $what");
}
