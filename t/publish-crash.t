# Publishing and MTASTSRollout while processes are killed: at each state of a record
# the child that watches, the whole server, or the command itself ends without a
# word; it comes to the same end, and no record names a policy that some address
# does not serve.
use strict;
use warnings FATAL => 'all';
use Apache::Test;
use Apache::TestUtil;
use lib Apache::Test::vars('serverroot') . '/lib';
use MTASTS::Config;
use MTASTS::DNS;
use MTASTS::Httpd;
use MTASTS::Process;

# What is killed when a record is in that state.
my @states = qw(waits runs accepted failed done);
my %kill = (
    child => sub { my ($h) = @_; $h->crash_children() },
    parent => sub { my ($h) = @_; $h->crash_parent() },
    all => sub { my ($h) = @_; $h->crash()->start() },
);
plan tests => 5 * @states * 3 + 9, need need_module('ssl'), {
    'a server with children (not -one-process)' => sub { !$ENV{VALGRIND} },
};

# --- the world ---

my $v = Apache::Test::vars();
my $certs = new_directory('certs');
chmod 0755, $certs;
my $dir = new_directory('commands');
chmod 0777, $dir;
my $dns = named(test => "\$TTL 0\n\@ IN SOA ns h 1 2 3 4 5\n\@ IN NS ns\nns IN A 127.0.0.1\n");
my @kinds = sort keys %kill;
my @domains = (map({ my $k = $_; map {"$_-$k.test"} @states } @kinds), 'killed.test');
system("$v->{serverroot}/lib/bad-certs.sh", $certs, map {"good:mta-sts.$_"} @domains) == 0 or die 'no certificates';
publish($dns, map { (["$_", 'MX', "10 mx.$_."], ["mx.$_", 'A', '127.0.0.1'], ["mta-sts.$_", 'A', '127.0.0.1']) } @domains);

# The command: what it does with a domain says the file DOMAIN.how.  Whatever it
# does, it looks first whether the policy is served that the record announces.
my $command = "$dir/command";
MTASTS::Config::write_file($command, <<"END");
#!/bin/sh
dir=\$1 tls=\$2
d=\$MTASTS_DOMAIN
echo "\$MTASTS_VALUE" >>"\$dir/\$d.began"
exec 9>"\$dir/\$d.lock"
flock -n 9 || echo "\$d" >>"\$dir/twice"
# Who was just killed does not answer.
if answer=\$(curl -sS -i --cacert "$certs/ca.crt" --resolve "mta-sts.\$d:\$tls:127.0.0.1" "https://mta-sts.\$d:\$tls/.well-known/mta-sts.txt" 2>&1); then
    echo "\$answer" | grep -i "^etag: \\"\$MTASTS_ID\\"" >/dev/null || echo "\$d \$MTASTS_ID" >>"\$dir/ahead"
fi
case \$(cat "\$dir/\$d.how") in
fail) echo refused >&2; exit 1 ;;
accept) exit 0 ;;
hang) while [ "\$(cat "\$dir/\$d.how")" = hang ]; do sleep 0.1; done ;;
esac
printf '%s\\n' "server 127.0.0.1 $dns" "zone test" "update delete \$MTASTS_NAME TXT" \\
    "update add \$MTASTS_NAME 0 TXT \\"\$MTASTS_VALUE\\"" send | nsupdate -t 10
END
chmod 0755, $command;

my $h = MTASTS::Httpd->new('crash');
my (%age, %delay);
sub configure {
    return $h->configure("MTASTSResolver 127.0.0.1:$dns", 'MTASTSCheckTimeout 20s', 'MTASTSProbeMX Off', "MTASTSProbeHost $h->{tls}", 'MTASTSWatchInterval 1m',
        "MTASTSCAFile \"$certs/ca.crt\"", "MTASTSPublishCommand $command $dir $h->{tls}", 'MTASTSPublishTimeout 10s',
        map { $h->vhost($_, "MTASTSMX mx.$_\nMTASTSMaxAge " . ($age{$_} // '1d') . "\nMTASTSPublishDelay " . ($delay{$_} // 'Off'), "$certs/good-mta-sts.$_") } @_);
}
sub how { my ($domain, $how) = @_; MTASTS::Config::write_file("$dir/.new", "$how\n"); rename "$dir/.new", "$dir/$domain.how" or die "$domain: $!"; return }
sub txt { my ($domain) = @_; return `dig \@127.0.0.1 -p $dns +short TXT _mta-sts.$domain` =~ /^"v=STSv1; id=(\w+);"$/ ? $1 : 'none' }
sub id { my ($domain) = @_; return $h->etag($domain) =~ /^"(\w+)"$/ ? $1 : 'none' }
sub state_of { my ($domain) = @_; return ($h->sql("SELECT state FROM mtasts_publishing WHERE domain = '$domain' AND record = 'sts'"))[0] // 'none' }
sub comes_to { my ($domain, $state) = @_; return wait_for(sub { state_of($domain) eq $state }) ? 1 : state_of($domain) }
sub served { my ($domain) = @_; my $id; wait_for(sub { ($id = id($domain)) ne 'none' }) or die "$domain: not served"; return $id }
sub comes { my ($domain) = @_; my $id = served($domain); return wait_for(sub { txt($domain) eq $id }) ? 1 : txt($domain) }

# --- at each state ---

my %how = (waits => 'publish', runs => 'hang', accepted => 'accept', failed => 'fail', done => 'publish');
for my $kind (@kinds) {
    my %of = map { $_ => "$_-$kind.test" } @states;
    how($of{$_}, $how{$_}) for @states;
    # What does not last comes last: a hold, and a command that keeps all others
    # waiting.
    my @last = qw(waits runs);
    configure(@of{qw(accepted failed done)});
    $h->{pid} ? $h->graceful() : $h->start();
    ok t_cmp(comes_to($of{$_}, $_), 1, "$kind: $_") for qw(accepted failed done);
    $delay{$of{waits}} = '60s';
    configure(values %of)->graceful();
    ok t_cmp(comes_to($of{$_}, $_), 1, "$kind: $_") for @last;
    $kill{$kind}->($h);
    how($_, 'publish') for values %of;
    publish($dns, ["_mta-sts.$of{accepted}", 'TXT', '"v=STSv1; id=' . served($of{accepted}) . ';"']);
    for my $state (@states) {
        ok t_cmp(comes($of{$state}), 1, "$kind: $state: published");
        ok t_cmp(comes_to($of{$state}, 'done'), 1, "$kind: $state: known");
    }
    $h->crash()->start() if !$h->{pid};
    # Another policy after that, by the way that all take.
    $age{$_} = '2d' for values %of;
    delete $delay{$of{waits}};
    configure(values %of)->graceful();
    ok t_cmp(comes($of{$_}), 1, "$kind: $_: the next one, too") for @states;
    ok t_cmp(scalar(() = MTASTS::Config::slurp("$dir/$of{done}.began") =~ /\n/g), 2, "$kind: $_: one command for each") for 'done';
    ok t_cmp(id($of{$_}) ne 'none' ? 1 : 0, 1, "$kind: $_: is served") for @states[0 .. 3];
}

# --- the command itself ---

how('killed.test', 'hang');
configure('killed.test')->graceful();
ok t_cmp(comes_to('killed.test', 'runs'), 1, 'the command: runs');
my ($pid) = wait_for(sub { my ($p) = map { m{/proc/(\d+)} ? $1 : () } grep { cmdline($_) =~ /\Q$command\E/ && environ($_) =~ /killed\.test/ } glob '/proc/[0-9]*'; $p });
ok t_cmp($pid ? 1 : 0, 1, 'the command: is there');
kill KILL => $pid;
ok t_cmp($h->says(qr/killed\.test: publish-failed: .* was ended by signal 9/), 1, 'the command: said');
how('killed.test', 'publish');
ok t_cmp(comes('killed.test'), 1, 'the command: runs again');
ok t_cmp(comes_to('killed.test', 'done'), 1, 'the command: known');
ok t_cmp($h->says(qr/killed\.test: publish-failed: cleared/), 1, 'the command: cleared');

ok t_cmp(-e "$dir/ahead" ? MTASTS::Config::slurp("$dir/ahead") : '', '', 'no record was ahead of its policy');
ok t_cmp(-e "$dir/twice" ? MTASTS::Config::slurp("$dir/twice") : '', '', 'no two commands at a time');
$h->stop();
ok t_cmp($h->trouble(), '', 'nothing else crashed');

sub cmdline { my ($proc) = @_; open my $fh, '<', "$proc/cmdline" or return ''; local $/; return (<$fh> // '') =~ tr/\0/ /r }
sub environ { my ($proc) = @_; open my $fh, '<', "$proc/environ" or return ''; local $/; return <$fh> // '' }
