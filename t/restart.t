# A graceful restart under load: no request fails, and the new policy is
# served afterwards.
use strict;
use warnings FATAL => 'all';
use Apache::Test;
use Apache::TestUtil;
use POSIX 'WNOHANG';
use lib Apache::Test::vars('serverroot') . '/lib';
use MTASTS::Client;
use MTASTS::Config;

my $v = Apache::Test::vars();
my $ab = -x '/usr/bin/ab' ? '/usr/bin/ab' : 'ab';
plan tests => 9, need {
    'ab, of apache2-utils' => sub { `$ab -V 2>&1` =~ /ApacheBench/ },
    'a server with children (not -one-process)' => sub { !$ENV{VALGRIND} },
};

my $extra = "$v->{t_conf}/extra.conf";
open my $fh, '<', $extra or die "$extra: $!";
my $before = do { local $/; <$fh> };
close $fh;
chomp(my $pid = do { open my $p, '<', $v->{t_pid_file} or die $!; <$p> });

sub restart {
    my $started = () = logged();
    kill USR1 => $pid or die "kill $pid: $!";
    return wait_for(sub { $started < (() = logged()) });
}
sub logged {
    open my $log, '<', "$v->{t_logs}/error_log" or die $!;
    return grep {/configured -- resuming normal operations/} <$log>;
}
# Both modes have seven letters: ab counts another length as a failure.
sub policy_mode { return body(fetch('sts_http', 'mta-sts.example.test')) =~ /^mode: (\w+)/m ? $1 : 'none' }

ok t_cmp(policy_mode(), 'testing', 'before');
my $url = 'http://127.0.0.1:' . port('sts_http') . POLICY;
my ($requests, $restarts, $under_load, $report, $status) = (20_000);
while (1) {
    my $load = open(my $out, '-|', $ab, '-q', '-n', $requests, '-c', 8, '-H', 'Host: mta-sts.example.test', $url) or die "ab: $!";
    t_write_file($extra, "MTASTSMode enforce\n$before");
    $restarts = 0;
    $restarts += restart() for 1 .. 3;
    $under_load = waitpid($load, WNOHANG) == 0;
    $report = do { local $/; <$out> };
    close $out;
    $status = $?;
    last if $under_load || $requests > 300_000;
    $requests *= 4; # it was done too early
}
ok t_cmp($status, 0, 'ab: exit status');
ok t_cmp($under_load, 1, 'requests before, between and after the restarts');
ok t_cmp($report, qr/^Complete requests:\s+$requests$/m, 'all requests answered');
ok t_cmp($report, qr/^Failed requests:\s+0$/m, 'none failed');
ok t_cmp($report, qr/\A(?!.*Non-2xx)/s, 'all with the policy');
ok t_cmp($restarts, 3, 'three restarts meanwhile');
ok t_cmp(policy_mode(), 'enforce', 'the new policy');

t_write_file($extra, $before);
restart();
ok t_cmp(policy_mode(), 'testing', 'and back');
