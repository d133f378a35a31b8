# MTASTSCheck strict while the ledger is broken: the other sites can be reloaded, and
# what is new to the server that runs is held back all the same.
use strict;
use warnings FATAL => 'all';
use Apache::Test;
use Apache::TestUtil;
use lib Apache::Test::vars('serverroot') . '/lib';
use MTASTS::Config;
use MTASTS::DNS;
use MTASTS::Httpd;
use MTASTS::Process;

# [name, policy then, MX host after that, policy now, what httpd -t says of it when
# it knows what was before, what is served without the ledger, and when it is back if
# that is something else]
my @cases = (
    ['steady', 'mx', 'mx', 'mx', 0, 'mx'],
    ['lapse', 'mx', 'third', 'mx', 0, 'mx'],
    ['better', 'mx', 'mx', 'mx other', 0, 'mx other'],
    ['worse', 'mx', 'mx', 'other', 1, 'mx'],
    ['new-good', '', 'mx', 'mx', 0, 'mx'],
    ['new-bad', '', 'mx', 'other', 1, '404'],
    ['same-id', 'mx backup id=x1', 'mx', 'mx id=x1', 1, 'mx backup'],
    # Out of the configuration meanwhile: the ledger alone knows it.
    ['again', 'mx', 'mx', 'other', 1, '404', 'mx'],
);
my @bad = qw(lapse worse new-bad again);
plan tests => 2 * @cases + 24, need {
    'a server with children (not -one-process)' => sub { !$ENV{VALGRIND} },
};

my $dns = named(test => "\$TTL 0\n\@ IN SOA ns h 1 2 3 4 5\n\@ IN NS ns\nns IN A 127.0.0.1\n");
sub records_of {
    my ($name, $host) = @_;
    return ["$name.test.", 'MX', "10 $host.$name.test."], map { ["$_.$name.test.", 'A', '127.0.0.1'] } $host, 'mta-sts';
}
sub directives {
    my ($name, @words) = @_;
    my ($id) = map { /^id=(.*)/ ? $1 : () } @words, 'id=auto';
    return join "\n", 'MTASTSMode enforce', 'MTASTSMaxAge 1w', "MTASTSPolicyID $id", 'MTASTSMX ' . join ' ', map {"$_.$name.test"} grep { !/=/ } @words;
}
sub configure {
    my ($h, $at, @names) = @_;
    my %only = map { $_ => 1 } @names;
    return $h->configure("MTASTSResolver 127.0.0.1:$dns", 'MTASTSCheckTimeout 20s', 'MTASTSWatchInterval 1h', 'MTASTSProbeHost Off', 'MTASTSProbeMX Off',
        'MTASTSCheck strict', map { my $name = $_->[0]; $h->vhost("$name.test", directives($name, split ' ', $_->[$at])) }
            grep { $_->[$at] ne '' && (!@names || $only{$_->[0]}) } @cases);
}
sub switch_off { my ($h) = @_; MTASTS::Config::write_file($h->{conf}, MTASTS::Config::slurp($h->{conf}), "\nMTASTSLedger Off\n"); return $h }
sub served_as { my ($name, $hosts) = @_; return $hosts eq '404' ? '404' : join ' ', 'enforce', 604800, map {"$_.$name.test"} split ' ', $hosts }
sub wrong {
    my ($h, $back) = @_;
    my @wrong;
    wait_for(sub { @wrong = grep { $h->policy("$_->[0].test") ne served_as($_->[0], $back && $_->[6] || $_->[5]) } @cases; !@wrong });
    return join ', ', map { "$_->[0]: " . $h->policy("$_->[0].test") } @wrong;
}
my $let_pass = qr/mtasts:warn[^\n]*MTASTSCheck strict: the errors above would lose mail but don't fail this: without the ledger [^\n]*To do: [^\n]*ledger-unavailable/;

my $h = MTASTS::Httpd->new('strict-ledger');
publish($dns, map { records_of($_->[0], 'mx') } @cases);
configure($h, 1)->start();
ok t_cmp($h->remembers(map {"$_->[0].test"} grep { $_->[1] ne '' } @cases), 1, 'what is served is remembered');
publish($dns, map { records_of(@$_[0, 2]) } @cases);
configure($h, 1, grep { $_ ne 'again' } map { $_->[0] } @cases)->graceful();

# --- httpd -t, with the ledger and without ---

for (@cases) {
    configure($h, 3, $_->[0]);
    ok t_cmp(($h->test())[0], $_->[4], "$_->[0]: httpd -t with the ledger");
}
my $mode = (stat $h->{state})[2] & 07777;
chmod 0, $h->{state} or die $!;
for (@cases) {
    configure($h, 3, $_->[0]);
    ok t_cmp(($h->test())[0], 0, "$_->[0]: httpd -t without it");
}
configure($h, 3);
my ($rc, undef, $err) = $h->test();
ok t_cmp($err, qr/mtasts:warn.*MTASTSLedger: ledger-unavailable: /, 'what is wrong with the ledger');
ok t_cmp($err, qr/mtasts:error.*mtasts: $_\.test: mx-unmatched: .*$let_pass/s, "$_: is said as an error, and why it does not fail") for @bad;
ok t_cmp(scalar(() = $err =~ /$let_pass/g), 1, 'once');
($rc, undef, $err) = $h->httpd('-t', '-D', 'DUMP_MTASTS');
ok t_cmp($rc, 0, 'the dump: as httpd -t');
ok t_cmp($err, $let_pass, 'the dump: and says it');
configure($h, 3, 'steady');
($rc, undef, $err) = $h->test();
ok t_cmp($err, qr/\A(?!.*don't fail this)/s, 'where nothing is wrong nothing is let pass');

# --- the reload ---

configure($h, 3)->graceful();
ok t_cmp(wrong($h), '', 'without the ledger: what is new and wrong is held back, what is right is served');
ok t_cmp($h->says(qr/mtasts: $_\.test: held-back: .*mx-unmatched/), 1, "$_: said") for 'worse', 'new-bad';
ok t_cmp($h->says(qr/mtasts: same-id\.test: held-back: .*id-reused/), 1, 'same-id: said');
$h->graceful();
ok t_cmp(wrong($h), '', 'another reload: the same');
# It comes back.
chmod $mode, $h->{state} or die $!;
$h->graceful();
ok t_cmp($h->remembers('better.test', 'new-good.test'), 1, 'the ledger is back');
ok t_cmp(wrong($h, 1), '', 'the ledger is back: the same is served, and what it alone knows');
($rc, undef, $err) = $h->test();
ok t_cmp($rc, 1, 'the ledger is back: httpd -t fails');
ok t_cmp($err, qr/\A(?!.*don't fail this)/s, 'the ledger is back: nothing is let pass');
$h->stop();
ok t_cmp($h->trouble(), '', 'nothing crashed');

# --- Off is another thing: no ledger is wanted ---

my $off = MTASTS::Httpd->new('strict-off');
switch_off(configure($off, 1))->start();
switch_off(configure($off, 3));
($rc, undef, $err) = $off->test();
ok t_cmp($rc, 1, 'Off: httpd -t fails');
ok t_cmp($err, qr/\A(?!.*don't fail this)/s, 'Off: nothing is let pass');
$off->graceful();
ok t_cmp($off->says(qr/mtasts: $_\.test: held-back: .*mx-unmatched/), 1, "Off: $_ is held back") for 'worse', 'new-bad';
$off->stop();
