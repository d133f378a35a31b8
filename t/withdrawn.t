# A policy that goes: what is said of the domain and of the virtual host that had it
# agrees, can be pasted, and is said once.
use strict;
use warnings FATAL => 'all';
use Apache::Test;
use Apache::TestUtil;
use lib Apache::Test::vars('serverroot') . '/lib';
use MTASTS::Config;
use MTASTS::DNS;
use MTASTS::Httpd;
use MTASTS::Process;

# [name, how its virtual host is changed, whether that is engine-missing, what to
# do if the policy is still wanted, its TXT record]
my @cases = (
    ['unset', sub { $_[0] =~ s/^MTASTSEngine On\n//mr }, 1, qr/write MTASTSEngine On in the virtual host mta-sts\.unset\.test:\d+ at \S+httpd\.conf:\d+\. /, ''],
    ['off', sub { $_[0] =~ s/Engine On/Engine Off/r }, 0, qr/write MTASTSEngine On in the virtual host mta-sts\.off\.test:\d+ at \S+httpd\.conf:\d+\. /, '"v=STSv1; id=x1;"'],
    ['bare', sub { $_[0] =~ s/^MTASTS.*\n//mgr }, 0, qr/put its MTASTS directives back into the virtual host mta-sts\.bare\.test:\d+ at /, ''],
    ['gone', sub {''}, 0, qr/bring its virtual host back as it was\. /, '"v=STSv1; id=t1;"'],
    ['stopped', sub {''}, 0, qr/bring its virtual host back as it was\. /, ''],
);
plan tests => 6 * @cases + 11, need {
    'a server with children (not -one-process)' => sub { !$ENV{VALGRIND} },
};

my $dns = named(test => "\$TTL 0\n\@ IN SOA ns h 1 2 3 4 5\n\@ IN NS ns\nns IN A 127.0.0.1\n");
my $silent = bad_server('silent');
publish($dns, map { ["_mta-sts.$_->[0].test.", 'TXT', $_->[4] || ()], ["mta-sts.$_->[0].test.", 'A', '127.0.0.1'] } @cases, ['steady']);

my $h = MTASTS::Httpd->new('withdrawn');
sub configure {
    my ($resolver, @without) = @_;
    my %without = map { $_ => 1 } @without;
    return $h->configure("MTASTSResolver 127.0.0.1:$resolver", 'MTASTSCheckTimeout ' . ($resolver == $silent ? '2s' : '20s'), 'MTASTSWatchInterval 1h', 'MTASTSProbeMX Off', 'MTASTSProbeHost Off',
        $h->vhost('steady.test', "MTASTSMode none\nMTASTSMaxAge 1d"), map {
            my $vhost = $h->vhost("$_->[0].test", "MTASTSMX mx.$_->[0].test *.$_->[0].test\nMTASTSMode enforce\nMTASTSPolicyID t1\nMTASTSMaxAge 1w");
            $without{$_->[0]} ? $_->[1]->($vhost) : $vhost;
        } @cases);
}
sub said_of { my ($name) = @_; return $h->log_text() =~ /mtasts: \Q$name\E\.test: policy-withdrawn: (.*)/g }
my @names = map { $_->[0] } @cases;
my @at_reload = grep { $_ ne 'stopped' } @names;

# The TXT record was never seen before they go.
configure($silent)->start();
ok t_cmp($h->remembers(map {"$_.test"} @names), 1, 'what is served is remembered');
configure($dns, @at_reload)->graceful();
ok t_cmp($h->says(qr/mtasts: $_\.test: policy-withdrawn: /), 1, "$_: said") for @at_reload;
# One more goes while httpd is stopped, for a shorter time than that for which it
# said that it would serve.
$h->stop();
configure($dns, @names)->start();
ok t_cmp($h->says(qr/mtasts: stopped\.test: policy-withdrawn: /), 1, 'stopped: said');
# And all is looked at twice more.
for (1 .. 2) {
    $h->graceful();
    ok t_cmp($h->says(qr/mtasts: \d+ findings? as logged before/), 1, "reload $_: as it was");
}
my $text = $h->dump_text();
for (@cases) {
    my ($name, undef, $missing, $back) = @$_;
    my %seen;
    # A start says all that stands, with (since DATE).
    my @said = grep { !$seen{$_}++ } map { s/ \(since [^)]*\)//r } said_of($name);
    ok t_cmp(scalar @said, 1, "$name: always in the same words") or print map {"# $_\n"} @said;
    ok t_cmp($said[0], qr/^$name\.test has no policy here any more, but senders may hold t1 \(mode enforce\) until (?:\d{4}-\d\d-\d\d \d\d:\d\d UTC|8 days after the TXT record had the id [tx]1 last)\. To do: /, "$name: a date, or what it hangs on");
    ok t_cmp($said[0], $back, "$name: the way back");
    ok t_cmp($said[0], qr/ there: \| MTASTSEngine On \| MTASTSDomain $name\.test \| MTASTSMode none \| MTASTSMaxAge 1d \| MTASTSMX mx\.$name\.test \*\.$name\.test$/, "$name: lines, in the log");
    ok t_cmp($text, qr/^  warning policy-withdrawn: $name\.test .*\n      To do: .* there:\n          MTASTSEngine On\n          MTASTSDomain $name\.test\n          MTASTSMode none\n          MTASTSMaxAge 1d\n          MTASTSMX mx\.$name\.test \*\.$name\.test\n/m, "$name: lines, in the dump");
    # Nothing tells to switch off what policy-withdrawn wants on.
    my ($idle) = $text =~ /^virtual host mta-sts\.\Q$name\E\.test:\d+\n((?:  .*\n)*)/m;
    ok t_cmp($idle // '', $missing ? qr/engine-missing: .*\n      To do: Add MTASTSEngine On there\..*; but where one was served before, first do what policy-withdrawn says, until its date\.\n/ : qr/\A\z/, "$name: the virtual host");
}
# What is printed does what it says, in a virtual host of its own.
my ($lines) = $text =~ /^  warning policy-withdrawn: gone\.test .*\n.*\n((?: {10}.*\n)+)/m;
configure($dns, @names);
MTASTS::Config::write_file($h->{conf}, MTASTS::Config::slurp($h->{conf}),
    "<VirtualHost 127.0.0.1:$h->{port}>\nServerName mta-sts.gone.test\n$lines</VirtualHost>\n");
$h->graceful();
ok t_cmp($h->policy('gone.test'), 'none 86400 mx.gone.test *.gone.test', 'pasted: mode none');
ok t_cmp($h->says(qr/mtasts: gone\.test: policy-withdrawn: cleared/), 1, 'pasted: cleared');
$h->stop();
ok t_cmp($h->trouble(), '', 'nothing crashed');
