# The watch while httpd serves and DNS changes: what appears and clears is said
# within the interval, and neither restarts nor killed children end it.
use strict;
use warnings FATAL => 'all';
use Apache::Test;
use Apache::TestUtil;
use lib Apache::Test::vars('serverroot') . '/lib';
use MTASTS::Config;
use MTASTS::DNS;
use MTASTS::Httpd;
use MTASTS::Process;

# What is changed under the running server, and what is to be said of it.
# [name, [record set]..., severity and code, words]
my @changes = (
    ['mx-added', ['mx-added.test.', 'MX', '10 mx.mx-added.test.', '20 backup.mx-added.test.'], 'warn', 'mx-unmatched', qr/backup\.mx-added\.test/],
    ['mx-gone', ['mx-gone.test.', 'MX'], 'error', 'mx-none', qr/./],
    ['mx-null', ['mx-null.test.', 'MX', '0 .'], 'warn', 'mx-null', qr/./],
    ['txt-gone', ['_mta-sts.txt-gone.test.', 'TXT'], 'error', 'txt-missing', qr/./],
    ['txt-twice', ['_mta-sts.txt-twice.test.', 'TXT', '"v=STSv1; id=t1;"', '"v=STSv1; id=t2;"'], 'error', 'txt-multiple', qr/./],
    ['txt-other', ['_mta-sts.txt-other.test.', 'TXT', '"v=STSv1; id=t2;"'], 'warn', 'txt-ahead', qr/t2/],
    ['host-gone', ['mta-sts.host-gone.test.', 'A'], 'error', 'host-missing', qr/./],
);
my @right = map { $_->[0] } @changes;
plan tests => 3 * @changes + 24, need {
    'a server with children (not -one-process)' => sub { !$ENV{VALGRIND} },
};

sub records_of {
    my ($name) = @_;
    return ["$name.test.", 'MX', "10 mx.$name.test."], ["mx.$name.test.", 'A', '127.0.0.1'], ["mta-sts.$name.test.", 'A', '127.0.0.1'],
        ["_mta-sts.$name.test.", 'TXT', '"v=STSv1; id=t1;"'], ["_smtp._tls.$name.test.", 'TXT', '"v=TLSRPTv1; rua=mailto:a@b.test"'];
}
my $dns = named(test => "\$TTL 0\n\@ IN SOA ns h 1 2 3 4 5\n\@ IN NS ns\nns IN A 127.0.0.1\n");
my $silent = bad_server('silent');
publish($dns, map { records_of($_) } @right, 'steady');

# Two servers see the same; the other one looks only when it starts.
my ($h, $off) = map { MTASTS::Httpd->new($_) } 'watch-dns', 'watch-off';
sub configure {
    my ($resolver, $of, $interval, @more) = @_;
    return ($of // $h)->configure("MTASTSResolver 127.0.0.1:$resolver", 'MTASTSCheckTimeout ' . ($resolver == $silent ? '2s' : '20s'), 'MTASTSWatchInterval ' . ($interval // '1m'),
        'MTASTSProbeHost Off', 'MTASTSProbeMX Off', 'MTASTSTLSRPT mailto:a@b.test', 'MTASTSPolicyID t1', @more, map { $h->vhost("$_.test", "MTASTSMX mx.$_.test") } @right, 'steady');
}
sub times_said { my ($name) = @_; return scalar(() = $h->said() =~ /mtasts: \Q$name\E\.test: [a-z-]+: /g) }

configure($dns)->start();
ok t_cmp($h->says(qr/mtasts: steady\.test: in sync/), 1, 'right at the start');
ok t_cmp($h->said(), qr/\A(?!.*mtasts:(?:warn|error).*mtasts: \S+: (?:mx|txt|host)-)/s, 'nothing is wrong');

configure($dns, $off, 'Off')->start();
ok t_cmp($off->says(qr/mtasts: steady\.test: in sync/), 1, 'Off: looks at the start');
$off->mark();
$off->graceful();
ok t_cmp($off->says(qr/mtasts: steady\.test: in sync/), 1, 'Off: and after a reload');
$off->mark();

# --- what changes is noticed ---

$h->mark();
publish($dns, map { $_->[1] } @changes);
for (@changes) {
    my ($name, undef, $level, $code, $words) = @$_;
    ok t_cmp($h->says(qr/mtasts:$level.*mtasts: \Q$name\E\.test: $code: .*$words/), 1, "$name: noticed");
}
ok t_cmp(times_said('steady'), 0, 'of the others nothing is said');

ok t_cmp($off->said(), qr/\A(?!.*mx-unmatched)/s, 'Off: and not in between');
$off->stop();
ok t_cmp($off->trouble(), '', 'Off: nothing crashed');

# --- and what is mended ---

publish($dns, map { records_of($_) } @right);
for (@changes) {
    my ($name, undef, undef, $code) = @$_;
    ok t_cmp($h->says(qr/mtasts: \Q$name\E\.test: \Q$code\E: cleared/), 1, "$name: cleared");
    ok t_cmp(scalar(() = $h->said() =~ /mtasts:(?:warn|error)\S* .*mtasts: \Q$name\E\.test: \Q$code\E: /g), 1, "$name: was said once");
}

# --- a run is broken off and goes on ---

# Nobody answers: the run takes its time, and is killed in it.
questions($silent);
configure($silent);
$h->graceful();
ok t_cmp(wait_for(sub { grep {/steady/} questions($silent) }) ? 1 : 0, 1, 'killed: the run is under way');
$h->crash_children();
ok t_cmp(wait_for(sub { grep {/steady/} questions($silent) }) ? 1 : 0, 1, 'killed: another child begins it again');
ok t_cmp(wait_for(sub { $h->policy('steady.test') =~ /^testing/ }) ? 1 : 0, 1, 'killed: and serves');
# Restarts in the midst of it, one after the other.
for (1 .. 4) {
    questions($silent);
    $h->graceful();
    ok t_cmp(wait_for(sub { grep {/steady/} questions($silent) }) ? 1 : 0, 1, "restart $_: a run follows");
}
# With answers again, each restart and killed child is followed by one.
configure($dns);
publish($dns, $changes[0][1]);
$h->graceful();
ok t_cmp($h->says(qr/mx-added\.test: mx-unmatched: /), 1, 'restarted: what is new is said');
$h->mark();
$h->crash_children();
publish($dns, $changes[3][1]);
ok t_cmp($h->says(qr/txt-gone\.test: txt-missing: /), 1, 'killed between two runs: the next is made in time');
ok t_cmp(scalar(() = $h->said() =~ /mx-added\.test: mx-unmatched: /g), 0, 'and what stands is not said again');
# All of it ends and begins again: what stands is in the ledger, which is written
# after the log.
wait_for(sub { $h->sql("SELECT 1 FROM mtasts_finding WHERE code = 'txt-missing' AND subject = 'txt-gone.test'") }) or die 'not remembered';
$h->stop()->start();
ok t_cmp($h->says(qr/txt-gone\.test: txt-missing: /), 1, 'started: what stands is said');
publish($dns, map { records_of($_) } @right);
ok t_cmp($h->says(qr/mtasts: txt-gone\.test: txt-missing: cleared/), 1, 'started: and when it is mended');

# --- processes that end in the midst of each run ---

# They may do so at httpd's own wish (MaxConnectionsPerChild), as often as there
# are requests: then the runs must not begin anew for ever.  (With 1 there httpd
# itself stalls if a request comes before a child waits for its parent's word.)
my $ends = MTASTS::Httpd->new('watch-ends');
configure($silent, $ends, '30d')->start();
questions($silent); # of the start
my $rounds = 0;
while ($ends->said() !~ /mtasts: no checks: / && $rounds < 30) {
    # What is asked again may be of the run before: then this round ends none.
    wait_for(sub { (grep {/steady/} questions($silent)) || $ends->said() =~ /mtasts: no checks: / });
    $ends->crash_children();
    $rounds++;
}
ok t_cmp($rounds >= 4 ? 'several' : $rounds, 'several', 'ended: another child begins it again');
ok t_cmp($ends->says(qr/mtasts:error\S* .*mtasts: no checks: 5 processes ended in the midst of them; they are tried again after MTASTSWatchInterval/), 1, 'ended: not for ever');
ok t_cmp($ends->trouble(), '', 'nothing crashed');
$ends->stop();

# --- a stop in the midst of a run ---

configure($silent);
questions($silent);
$h->graceful();
wait_for(sub { grep {/steady/} questions($silent) });
$h->stop();
ok t_cmp($h->ended_when_asked() ? 1 : 0, 1, 'a stop does not wait for a run');

$h->stop();
ok t_cmp($h->trouble(), '', 'nothing crashed');
