# Two front ends that share a ledger in PostgreSQL: what one serves the other
# knows, also of a change that one of them has released, and both go on when the
# database stops.
use strict;
use warnings FATAL => 'all';
use Apache::Test;
use Apache::TestUtil;
use lib Apache::Test::vars('serverroot') . '/lib';
use MTASTS::Config;
use MTASTS::DNS;
use MTASTS::Httpd;
use MTASTS::Postgres;

plan tests => 49, need {
    'PostgreSQL and its driver for httpd' => sub { MTASTS::Postgres::programs() && grep {-e} glob '/usr/{lib,lib64,lib/*}/apr-util-1/apr_dbd_pgsql*.so' },
    'a server with children (not -one-process)' => sub { !$ENV{VALGRIND} },
};

my @domains = qw(shared first second moved strict);
my $dns = named(test => "\$TTL 0\n\@ IN SOA ns h 1 2 3 4 5\n\@ IN NS ns\nns IN A 127.0.0.1\n");
publish($dns, map { (["$_.test", 'MX', "10 mx.$_.test."], ["mta-sts.$_.test", 'A', '127.0.0.1']) } @domains);
my $pg = MTASTS::Postgres::directory();
my $params = MTASTS::Postgres::start($pg) . ' password=secret';
my @front = map { MTASTS::Httpd->new("front-$_") } 1, 2;

# Policies are "MODE HOST...", of a domain at a front end.
my %serves = (
    1 => {shared => 'enforce mx', first => 'enforce mx', moved => 'enforce mx', strict => 'enforce mx'},
    2 => {shared => 'enforce mx', second => 'enforce mx'},
);
sub configure {
    my ($n) = @_;
    return $front[$n - 1]->configure("MTASTSResolver 127.0.0.1:$dns", 'MTASTSCheckTimeout 20s', 'MTASTSWatchInterval 1m', 'MTASTSProbeHost Off', 'MTASTSProbeMX Off',
        "MTASTSLedger pgsql \"$params\"", map {
            my ($name, $mode, @hosts) = ($_, split ' ', $serves{$n}{$_});
            $front[$n - 1]->vhost("$name.test", "MTASTSMode $mode\nMTASTSMX " . join(' ', map {"$_.$name.test"} @hosts)
                . ($name eq 'strict' ? "\nMTASTSCheck strict" : ''));
        } sort keys %{$serves{$n}});
}
sub findings_of {
    my ($n) = @_;
    my $document = $front[$n - 1]->dump_json();
    return map({@{$_->{findings}}} @{$document->{policies}}), @{$document->{findings}};
}
sub withdrawn { my ($n) = @_; return join ' ', sort map { $_->{text} =~ /\b([a-z]+)\.test/ } grep { $_->{code} eq 'policy-withdrawn' } findings_of($n) }
sub unavailable { my ($n) = @_; return join ' ', map {"$_->{text} $_->{remedy}"} grep { $_->{code} eq 'ledger-unavailable' } findings_of($n) }
sub mx_of { my ($p) = @_; return join ' ', @{$p->{mx}} }

# --- what one serves the other knows ---

configure($_)->start() for 1, 2;
for my $n (1, 2) {
    ok t_cmp($front[$n - 1]->remembers(map {"$_.test"} keys %{$serves{$n}}), 1, "$n: remembered");
    ok t_cmp(withdrawn($n), '', "$n: what the other serves is not withdrawn");
    ok t_cmp(-e $front[$n - 1]{state} ? 'made' : 'none', 'none', "$n: no directory of its own");
}
# The second front end changes what both serve; the first has never served that.
$serves{2}{shared} = 'enforce mx more';
configure(2)->graceful();
ok t_cmp($front[1]->remembers('shared.test'), 1, '2: a new policy is remembered');
ok t_cmp(wait_for(sub { join(' | ', sort map { mx_of($_) } $front[0]->held('shared.test')) eq 'mx.shared.test | mx.shared.test more.shared.test' }), 1, '1: senders may hold that, too');
ok t_cmp(scalar(grep { $_->{served_now} } $front[0]->held('shared.test')), 2, '1: both are served');
# An MX host that only the other one's policy matches.
publish($dns, ['shared.test', 'MX', '10 mx.shared.test.', '20 more.shared.test.']);
my ($cached) = grep { $_->{code} eq 'cached-mx-unmatched' } findings_of(2);
ok t_cmp($cached ? $cached->{text} : '', qr/more\.shared\.test/, '2: the other one still serves a policy without it');

# A domain moves from one to the other, and one goes for good.
$serves{2}{moved} = delete $serves{1}{moved};
configure($_)->graceful() for 2, 1;
ok t_cmp($front[1]->remembers('moved.test'), 1, 'moved: remembered');
# The other one may have been asked before it was told.
ok t_cmp(wait_for(sub { withdrawn($_) eq '' }) ? '' : withdrawn($_), '', "$_: moved is not withdrawn") for 1, 2;
ok t_cmp($front[0]->policy('moved.test'), '404', '1: moved is not there any more');
delete $serves{1}{first};
configure(1)->graceful();
ok t_cmp($front[0]->says(qr/policy-withdrawn: .*first\.test/), 1, '1: what is gone is said');
ok t_cmp(wait_for(sub { withdrawn($_) eq 'first' }) ? 1 : withdrawn($_), 1, "$_: what is gone, in the dump") for 1, 2;

# --- released by one, held to by the other ---

$serves{2}{strict} = 'enforce other';
configure(2)->stop()->start();
ok t_cmp($front[1]->policy('strict.test'), 'enforce 604800 mx.strict.test', '2: holds to what the other one has released');
ok t_cmp($front[1]->said(), qr/strict\.test: held-back: .*mx-unmatched/, '2: and says so');
ok t_cmp($front[0]->policy('strict.test'), 'enforce 604800 mx.strict.test', '1: serves it as before');

# --- the database stops ---

my @before = map { length $_->log_text() } @front;
MTASTS::Postgres::stop($pg);
for my $n (1, 2) {
    $serves{$n}{shared} = 'enforce mx more' . ($n == 2 ? ' most' : '');
    my $h = configure($n)->graceful();
    my $since = sub { substr $h->log_text(), $before[$n - 1] };
    ok t_cmp(wait_for(sub { $since->() =~ /mtasts:warn.*ledger-unavailable: / }) ? 1 : $since->(), 1, "$n: stopped: said");
    ok t_cmp(wait_for(sub { $h->policy('shared.test') =~ /more/ }), 1, "$n: stopped: serves the new policy");
    ok t_cmp(unavailable($n), qr/connect|connection/, "$n: stopped: in the dump, and why");
    my ($rc, undef, $err) = $h->test();
    # What would lose mail may have been there before: it must not keep anybody
    # from a reload.
    ok t_cmp($rc, 0, "$n: stopped: httpd -t");
    ok t_cmp($err, $n == 1 ? qr/\A(?!.*don't fail this)/s : qr/strict\.test: mx-unmatched: .*MTASTSCheck strict: .*don't fail this/s, "$n: stopped: and what it lets pass");
}
my $said = join '', map { $_->log_text() } @front;
ok t_cmp(index($said . unavailable(1), 'secret'), -1, 'the password is not said');
ok t_cmp($front[1]->policy('strict.test'), 'enforce 604800 mx.strict.test', '2: stopped: what is held back stays so');
# One that is killed and starts without the ledger.
configure(1)->crash()->start();
ok t_cmp($front[0]->policy('shared.test'), 'enforce 604800 mx.shared.test more.shared.test', '1: stopped: serves after a crash');
MTASTS::Postgres::start($pg);
ok t_cmp($front[0]->remembers('shared.test', 'strict.test'), 1, '1: goes on with it');
ok t_cmp(wait_for(sub { grep { $_->{served_now} && mx_of($_) =~ /most/ } $front[0]->held('shared.test') }) ? 1 : 0, 1, "1: knows what 2 has served meanwhile");
ok t_cmp(unavailable($_), '', "$_: not said any more") for 1, 2;

# --- it hangs in the middle of a statement ---

# Starts a new generation, whose watch finds no answer.
sub reload_frozen {
    my ($h) = @_;
    MTASTS::Postgres::thaw(); # what is frozen has locks, too
    my $lock = MTASTS::Postgres::lock_table($params, 'mtasts_front');
    $h->graceful();
    my %before = map { $_ => 1 } MTASTS::Postgres::backends($params, 'true'); # its first turn is a second away
    my @pids;
    wait_for(sub { @pids = grep { !$before{$_} } MTASTS::Postgres::backends($params, "wait_event_type = 'Lock'") }) or die 'the watch does not ask the ledger';
    MTASTS::Postgres::freeze(@pids);
    return;
}
sub all_end { my (@pids) = @_; return wait_for(sub { !grep { MTASTS::Httpd::is_running($_) } @pids }) ? 1 : 0 }

$front[1]->stop();
$front[0]->stop()->start(); # that it is unavailable was logged a minute ago
reload_frozen($front[0]);
ok t_cmp($front[0]->says(qr/ledger-unavailable: .*the server gave no answer for 10 seconds/), 1, 'no answer: said');
ok t_cmp($front[0]->policy('shared.test'), 'enforce 604800 mx.shared.test more.shared.test', 'no answer: serves');
reload_frozen($front[0]);
my @old = $front[0]->children();
$front[0]->graceful();
ok t_cmp(all_end(@old), 1, 'no answer: the children of before end at a reload');
ok t_cmp($front[0]->said(), qr/^(?!.*ledger-unavailable)/s, 'no answer: the next ones have a connection of their own');
ok t_cmp($front[0]->remembers('shared.test'), 1, 'no answer: and use it');
reload_frozen($front[0]);
@old = $front[0]->children();
$front[0]->stop();
ok t_cmp($front[0]->ended_when_asked() ? 1 : 0, 1, 'no answer: a stop does not wait');
ok t_cmp(all_end(@old), 1, 'no answer: nobody is left');
MTASTS::Postgres::thaw();
$_->start() for @front;
ok t_cmp($front[0]->remembers('shared.test', 'strict.test'), 1, 'no answer: goes on with the ledger');

# --- the database hangs ---

MTASTS::Postgres::freeze(MTASTS::Postgres::pid_of($pg), MTASTS::Httpd::children_of(MTASTS::Postgres::pid_of($pg)));
$front[0]->graceful();
ok t_cmp(wait_for(sub { $front[0]->policy('shared.test') =~ /more/ }) && $front[0]->said() =~ /^(?!.*ledger-unavailable)/s ? 1 : 0, 1, 'hangs: a reload does not wait');
ok t_cmp($front[0]->says(qr/ledger-unavailable: /), 1, 'hangs: said');
$front[0]->stop();
ok t_cmp($front[0]->ended_when_asked() ? 1 : 0, 1, 'hangs: a stop does not wait');
MTASTS::Postgres::thaw();
$front[1]->stop();
ok t_cmp(join('', map { $_->trouble() } @front), '', 'nothing crashed');
