# A resolver that does not answer while httpd serves: that is one finding, and what
# is unknown of each domain is in the dump.
use strict;
use warnings FATAL => 'all';
use Apache::Test;
use Apache::TestUtil;
use lib Apache::Test::vars('serverroot') . '/lib';
use MTASTS::Config;
use MTASTS::DNS;
use MTASTS::Httpd;
use MTASTS::Process;

my @names = qw(one two three);
plan tests => 19, need {
    'a server with children (not -one-process)' => sub { !$ENV{VALGRIND} },
};

# BIND, and which process it is.
my %before = map { $_ => 1 } MTASTS::Httpd::children_of($$);
my $dns = named(test => "\$TTL 0\n\@ IN SOA ns h 1 2 3 4 5\n\@ IN NS ns\nns IN A 127.0.0.1\n");
my @named = grep { !$before{$_} } MTASTS::Httpd::children_of($$);
END { kill CONT => @named if @named }
publish($dns, map { ["$_.test.", 'MX', "10 mx.$_.test."], ["mx.$_.test.", 'A', '127.0.0.1'], ["mta-sts.$_.test.", 'A', '127.0.0.1'],
    ["_mta-sts.$_.test.", 'TXT', '"v=STSv1; id=t1;"'] } @names);
my $failing = bad_server('servfail');

my $h = MTASTS::Httpd->new('resolver');
sub configure {
    my ($resolver) = @_;
    return $h->configure("MTASTSResolver 127.0.0.1:$resolver", 'MTASTSCheckTimeout 6s', 'MTASTSWatchInterval 1m', 'MTASTSProbeHost Off', 'MTASTSProbeMX Off',
        map { $h->vhost("$_.test", "MTASTSMX mx.$_.test\nMTASTSPolicyID t1") } @names);
}
sub times_said { my ($what) = @_; return scalar(() = $h->log_text() =~ /mtasts: $what/g) }

ok t_cmp(scalar @named, 1, 'BIND');
kill STOP => @named;
configure($dns)->start();
ok t_cmp($h->says(qr/mtasts:notice.*mtasts: MTASTSResolver: resolver-unavailable: no DNS server answers \(no answer from 127\.0\.0\.1:$dns\), so nothing is known of what DNS says of 3 domains\. To do: .*dig \@127\.0\.0\.1 -p $dns _mta-sts\.one\.test TXT/), 1, 'start: said');
ok t_cmp($h->policy('one.test'), 'testing 604800 mx.one.test', 'and served');
ok t_cmp($h->remembers(map {"$_.test"} @names), 1, 'and remembered');
my $document = $h->dump_json();
ok t_cmp(join(' ', map { $_->{code} } grep { $_->{code} =~ /^resolver/ } @{$document->{findings}}), 'resolver-unavailable', 'JSON: once');
my %by = policies($document);
ok t_cmp(scalar(grep { $_->{code} eq 'dns-tempfail' } @{$by{"$_.test"}{findings}}) >= 4 ? 1 : 0, 1, "JSON: each question of $_") for @names;
# The run of the watch that follows has ended, when its findings are in the ledger.
ok t_cmp(wait_for(sub { my ($n) = $h->sql("SELECT COUNT(DISTINCT scope) FROM mtasts_finding WHERE code = 'dns-tempfail'"); $n == 3 }), 1, 'in the ledger: each');
$h->graceful();
ok t_cmp($h->says(qr/mtasts: \d+ findings? as logged before/), 1, 'a reload');
ok t_cmp(times_said('MTASTSResolver: resolver-unavailable: no'), 1, 'said once');
ok t_cmp(times_said('\S+: dns-tempfail'), 0, 'and not of each domain');
# It answers again.
kill CONT => @named;
ok t_cmp($h->says(qr/mtasts: MTASTSResolver: resolver-unavailable: cleared, stood since/), 1, 'cleared');
ok t_cmp(times_said('\S+: dns-tempfail'), 0, 'of each domain nothing was said, and so nothing is cleared');
# One that answers that it can't is another thing: what it says may be of one zone.
configure($failing)->graceful();
ok t_cmp($h->says(qr/mtasts: $_\.test: dns-tempfail: .*SERVFAIL/), 1, "SERVFAIL: $_") for @names;
ok t_cmp(scalar(() = $h->said() =~ /resolver-unavailable/g), 0, 'SERVFAIL: the resolver answers');
$h->stop();
ok t_cmp($h->trouble(), '', 'nothing crashed');
