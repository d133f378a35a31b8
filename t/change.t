# MTASTSCheck strict in a server that lives: a new policy that would lose mail
# is held back, the one released before goes on being served, over restarts and
# crashes, and what is mended is released by itself.
use strict;
use warnings FATAL => 'all';
use Apache::Test;
use Apache::TestUtil;
use lib Apache::Test::vars('serverroot') . '/lib';
use MTASTS::Config;
use MTASTS::DNS;
use MTASTS::Httpd;
use MTASTS::Process;
use MTASTS::SMTP;
use MTASTS::Tree;

# Policies are "MODE HOST..." with a max_age other than 2w behind them; hosts are
# below the domain.  Three times: the first start with a new ledger, a reload with
# another configuration, and then the world is mended, without a reload.
# [name, MTASTSCheck, MX then, policy A, is served; MX then, policy B, is served
# (A, B or 404); MX then, is served, what keeps B or A from being served]
my @cases = (
    ['fresh-bad', 'strict', 'new', 'enforce mx', '404', 'new', 'enforce mx', '404', 'mx', 'B', 'mx-unmatched'],
    ['fresh-mended', 'strict', 'new', 'enforce mx', '404', 'new', 'enforce new', 'B', 'new', 'B', 'mx-unmatched'],
    ['fresh-good', 'strict', 'mx', 'enforce mx', 'A', 'mx', 'enforce mx', 'A', 'mx', 'A'],
    ['fresh-testing', 'strict', 'new', 'testing mx', 'A', 'new', 'testing mx', 'A', 'new', 'A'],
    ['fresh-none', 'strict', 'new', 'none', 'A', 'new', 'none', 'A', 'new', 'A'],
    ['fresh-warn', 'warn', 'new', 'enforce mx', 'A', 'new', 'enforce mx', 'A', 'new', 'A'],
    # A change for the worse.
    ['to-bad', 'strict', 'mx', 'enforce mx', 'A', 'mx', 'enforce other', 'A', 'other', 'B', 'mx-unmatched'],
    ['to-enforce', 'strict', 'mx new', 'testing mx', 'A', 'mx new', 'enforce mx', 'A', 'mx', 'B', 'mx-unmatched'],
    ['to-longer', 'strict', 'mx', 'enforce mx', 'A', 'third', 'enforce mx 3w', 'A', 'mx', 'B', 'mx-unmatched'],
    ['to-fewer', 'strict', 'mx', 'enforce mx backup', 'A', 'third', 'enforce mx', 'A', 'mx', 'B', 'mx-unmatched'],
    ['warn-to-bad', 'warn', 'mx', 'enforce mx', 'A', 'mx', 'enforce other', 'B', 'mx', 'B'],
    # A change for the better, and the ways out, though the world is wrong.
    ['to-good', 'strict', 'mx', 'enforce mx', 'A', 'mx', 'enforce mx other', 'B', 'mx', 'B'],
    ['to-none', 'strict', 'mx', 'enforce mx', 'A', 'mx twice', 'none mx 1d', 'B', 'mx', 'B'],
    ['to-testing', 'strict', 'mx', 'enforce mx', 'A', 'mx twice', 'testing mx', 'B', 'mx', 'B'],
    ['to-weaker', 'strict', 'mx', 'enforce mx', 'A', 'third', 'enforce mx backup 1w', 'B', 'third', 'B'],
    # What is wrong with the TXT record, a new policy makes no worse.
    ['two-txt', 'strict', 'mx', 'enforce mx', 'A', 'mx twice', 'enforce mx 3w', 'B', 'mx', 'B'],
    # No change, but the world goes wrong.
    ['lapse', 'strict', 'mx', 'enforce mx', 'A', 'third', 'enforce mx', 'A', 'third', 'A'],
    # The TLS of an MX host, at addresses of good and bad servers.
    ['tls-bad', 'strict', 'bad.tls', 'enforce mx', '404', 'bad.tls', 'enforce mx', '404', 'good.tls', 'B', 'mx-cert-expired'],
    ['tls-lapse', 'strict', 'good.tls', 'enforce mx', 'A', 'bad.tls', 'enforce mx', 'A', 'bad.tls', 'A'],
    # The virtual host's own certificate: wrong first, right after the reload.
    ['cert', 'strict', 'mx', 'enforce mx', '404', 'mx', 'enforce mx', 'B', 'mx', 'B', 'cert-name'],
);
my %case = map { $_->[0] => $_ } @cases;
my @held_a = grep { $_->[4] eq '404' } @cases;
my @held_b = grep { $_->[7] ne 'B' && $_->[6] ne $_->[3] || $_->[7] eq '404' } @cases;
my @kept = grep { $_->[7] eq 'A' } @held_b;
plan tests => 5 * @cases + 4 * @held_a + 3 * @held_b + @kept + 29, need need_module('ssl'), {
    'a server with children (not -one-process)' => sub { !$ENV{VALGRIND} },
};

# --- the world ---

my $certs = new_directory('certs');
my @tls = grep {/^tls-/} keys %case;
system(Apache::Test::vars('serverroot') . '/lib/bad-certs.sh', $certs,
    (map { ("good:mx.$_.test", "expired:mx.$_.test") } @tls), 'good:mta-sts.cert.test', 'wrong:mta-sts.cert.test') == 0 or die 'no certificates';
chmod 0755, $certs;
my $smtp = MTASTS::Tree::free_ports(1);
my ($last, %at) = (0);
$at{"$_.tls"}{good} = '127.0.6.' . ++$last, $at{"$_.tls"}{bad} = '127.0.6.' . ++$last for @tls;
bad_smtp($smtp, map { my $n = $_; map { {address => $at{"$n.tls"}{$_->[0]}, kind => 'good', cert => "$certs/$_->[1]-mx.$n.test"} }
    ['good', 'good'], ['bad', 'expired'] } @tls);

# What DNS has of a domain: hosts, or where its MX host is; `twice` is one TXT
# record too many.
sub records_of {
    my ($name, $words) = @_;
    my @words = split ' ', $words;
    my ($twice) = grep { $_ eq 'twice' } @words;
    my ($where) = map { /(.*)\.tls$/ ? $1 : () } @words;
    my @hosts = $where ? 'mx' : grep { $_ ne 'twice' } @words;
    return ["$name.test.", 'MX', map {"10 $_.$name.test."} @hosts],
        ["_mta-sts.$name.test.", 'TXT', '"v=STSv1; id=x1;"', $twice ? '"v=STSv1; id=x2;"' : ()],
        ["mta-sts.$name.test.", 'A', '127.0.0.1'], ["mx.$name.test.", 'A', $where ? $at{"$name.tls"}{$where} : '127.0.0.1'];
}
my $dns = named(test => "\$TTL 0\n\@ IN SOA ns h 1 2 3 4 5\n\@ IN NS ns\nns IN A 127.0.0.1\n");
my $silent = bad_server('silent');
publish($dns, map { records_of(@$_[0, 2]) } @cases);

# --- the server ---

my $h = MTASTS::Httpd->new('change');
sub directives {
    my ($name, $policy) = @_;
    my ($mode, @rest) = split ' ', $policy;
    my ($age) = grep {/^\d/} @rest;
    my @hosts = map {"$_.$name.test"} grep {/^[a-z]/} @rest;
    return join "\n", "MTASTSMode $mode", 'MTASTSMaxAge ' . ($age // '2w'), (@hosts ? "MTASTSMX @hosts" : ()), "MTASTSCheck $case{$name}[1]",
        'MTASTSProbeMX ' . ($name =~ /^tls-/ ? $smtp : 'Off');
}
sub configure {
    my ($which, $cert, @names) = @_;
    return $h->configure('MTASTSResolver 127.0.0.1:' . ($h->{resolver} // $dns), 'MTASTSWatchInterval 1m', 'MTASTSProbeHost Off',
        'MTASTSCheckTimeout ' . ($h->{resolver} ? '1s' : '20s'), "MTASTSCAFile \"$certs/ca.crt\"", map { $h->vhost("$_->[0].test", directives($_->[0], $_->[$which eq 'A' ? 3 : 6]),
            $_->[0] eq 'cert' ? "$certs/$cert-mta-sts.cert.test" : ()) } @names ? @case{@names} : @cases);
}
# What A or B of a case looks like where it is served.
sub served_as {
    my ($case, $which) = @_;
    return $which if $which eq '404';
    my ($mode, @rest) = split ' ', $case->[$which eq 'A' ? 3 : 6];
    my ($weeks) = map { /^(\d)w/ ? $1 : /^1d/ ? 1 / 7 : () } @rest, '2w';
    return join ' ', $mode, $weeks * 604800, map {"$_.$case->[0].test"} grep {/^[a-z]/} @rest;
}
# All of the cases that don't come to answer as they should (at column): the names
# and what they answer.
sub wrong {
    my ($at) = @_;
    my @wrong;
    wait_for(sub {
        @wrong = grep { $h->policy("$_->[0].test") ne served_as($_, $_->[$at]) } @cases;
        return !@wrong;
    });
    return join ', ', map { "$_->[0]: " . $h->policy("$_->[0].test") } @wrong;
}
sub each_serves {
    my ($at, $when) = @_;
    ok t_cmp($h->policy("$_->[0].test"), served_as($_, $_->[$at]), "$_->[0]: $when") for @cases;
}
sub found {
    my ($by, $name, $code) = @_;
    return (grep { $_->{code} eq $code } @{$by->{"$name.test"}{findings} || []})[0];
}

# Which the dump says are not served until a reload.
sub unserved {
    my %by = policies($h->dump_json());
    return join ' ', sort map { found(\%by, $_->[0], 'not-served') ? $_->[0] : () } @cases;
}

# --- the first start, with no ledger ---

configure('A', 'wrong');
$h->start();
each_serves(4, 'first start');
ok t_cmp(wrong(4), '', 'first start: all');
for (@held_a) {
    my ($name, $why) = @$_[0, 10];
    ok t_cmp($h->said(), qr/mtasts: $name\.test: held-back: .*\Q$why\E/, "$name: why is in the log");
}
ok t_cmp(join(' ', sort $h->said() =~ /mtasts: (\S+)\.test: held-back: /g), join(' ', sort map { $_->[0] } @held_a), 'no other is held back');
ok t_cmp(-e $h->{state} ? (stat _)[2] & 0777 : 'none', 0700, 'the state directory is for one user');
ok t_cmp((stat $h->{state})[4], $> || (getpwnam 'nobody')[2], 'the User');
ok t_cmp((stat $h->ledger())[2] & 0077, 0, 'so is the ledger');
{
    my %by = policies($h->dump_json());
    my $text = $h->dump_text();
    for (@held_a) {
        my ($name, $why) = @$_[0, 10];
        my $f = found(\%by, $name, 'held-back') || {};
        ok t_cmp($f->{severity}, 'warning', "$name: held back, in JSON");
        ok t_cmp($f->{text} // '', qr/\Q$why\E/, "$name: why, in JSON");
        ok t_cmp($h->dump_of("$name.test", $text), qr/^  warning held-back: .*\Q$why\E/m, "$name: why, in the dump");
    }
    ok t_cmp(join(' ', sort map { found(\%by, $_->[0], 'held-back') ? $_->[0] : () } @cases), join(' ', sort map { $_->[0] } @held_a), 'no other, in JSON');
}
my %etag = map { $_->[0] => $h->etag("$_->[0].test") } @cases;

# --- a reload ---

ok t_cmp($h->remembers(map {"$_->[0].test"} grep { $_->[4] eq 'A' } @cases), 1, 'what is served is remembered');
publish($dns, map { records_of(@$_[0, 5]) } @cases);
configure('A', 'wrong', 'lapse', 'tls-lapse', 'fresh-good', 'to-weaker');
my ($rc, undef, $err) = $h->test();
ok t_cmp($rc, 0, 'httpd -t: what went wrong by itself lets a reload pass');
ok t_cmp($err, qr/mtasts:error.*lapse\.test: mx-unmatched: /, 'httpd -t: but it is said, an MX host');
ok t_cmp($err, qr/mtasts:error.*mx\.tls-lapse\.test \[\S+\].*: mx-cert-expired: /, 'httpd -t: and a certificate');
configure('B', 'good', 'to-none', 'to-testing', 'to-weaker', 'warn-to-bad', 'to-good');
($rc, undef, $err) = $h->test();
ok t_cmp($rc, 0, 'httpd -t: the way out is open');
for (@held_b, [@{$case{'two-txt'}}, 'txt-multiple']) {
    my ($name, $why) = @$_[0, 10];
    configure('B', 'good', $name);
    ($rc, undef, $err) = $h->test();
    ok t_cmp($rc, 1, "$name: httpd -t fails before the reload");
    ok t_cmp($err, qr/mtasts:error.*\Q$name.test\E\S*: \Q$why\E: .*MTASTSCheck strict: /s, "$name: and says why");
}
configure('B', 'good');
my @to_come = grep { $_->[4] eq 'A' && $_->[7] eq 'B' && $_->[3] ne $_->[6] } @cases;
ok t_cmp(unserved(), join(' ', sort map { $_->[0] } @to_come), 'before the reload: what it will serve, and not what is held back');
$h->graceful();
ok t_cmp(wrong(7), '', 'reload: all');
my $held = join ' ', sort map { $_->[0] } @held_b;
my $new = join ' ', sort map { $_->[0] } grep { $_->[4] eq 'A' } @held_b;
my $of_log = sub { my %seen; join ' ', sort grep { !$seen{$_}++ } $h->said() =~ /mtasts: (\S+)\.test: held-back: (?!cleared)/g };
ok t_cmp(wait_for(sub { $of_log->() eq $new }) ? '' : $of_log->(), '', 'reload: what is held back now, in the log');
each_serves(7, 'reload');
ok t_cmp($h->etag("$_->[0].test"), $etag{$_->[0]}, "$_->[0]: with its ETag") for @kept;
{
    my %by = policies($h->dump_json());
    ok t_cmp(join(' ', sort map { found(\%by, $_->[0], 'held-back') ? $_->[0] : () } @cases), $held, 'reload: what is held back, in JSON');
    ok t_cmp(unserved(), '', 'reload: no reload serves what is held back');
    my $f = found(\%by, 'to-bad', 'held-back') || {};
    ok t_cmp($f->{text} // '', qr/\Q$by{'to-bad.test'}{id}\E.*mx-unmatched/, 'to-bad: its id, and why');
}

# --- it stops, and it is killed ---

$h->stop()->start();
each_serves(7, 'a stop and a start');
$h->crash()->start();
each_serves(7, 'a crash and a start');
ok t_cmp(wrong(7), '', 'a crash and a start: all');
$h->crash_children();
ok t_cmp(wrong(7), '', 'new children: all');
# Without DNS: nothing is known, so all stays as it is.
$h->{resolver} = $silent;
configure('B', 'good');
$h->stop()->start();
ok t_cmp(wrong(7), '', 'a start without DNS: all');
delete $h->{resolver};
configure('B', 'good');
$h->graceful();
ok t_cmp(wrong(7), '', 'a reload with DNS: all');

# --- back, and the world is mended ---

ok t_cmp($h->says(qr/mtasts: \d+ findings? as logged before/), 1, 'the run after the reload');
publish($dns, map { records_of(@$_[0, 8]) } @cases);
ok t_cmp(wrong(9), '', 'mended: released by the watch');
each_serves(9, 'mended');
ok t_cmp($h->says(qr/mtasts: \Q$_->[0].test\E: held-back: cleared/), 1, "$_->[0]: said") for @held_b;
{
    my %by = policies($h->dump_json());
    ok t_cmp(join(' ', sort map { found(\%by, $_->[0], 'held-back') ? $_->[0] : () } @cases), '', 'mended: nothing is held back');
}
# The policy before, which was held in its place.
publish($dns, records_of('to-longer', 'third'));
configure('A', 'good', 'to-longer');
($rc) = $h->test();
ok t_cmp($rc, 0, 'httpd -t: back to a shorter time is a way out');
$h->graceful();
ok t_cmp(wait_for(sub { $h->policy('to-longer.test') eq served_as($case{'to-longer'}, 'A') }), 1, 'back');
$h->stop();
ok t_cmp($h->trouble(), '', 'nothing crashed');
