#!/usr/bin/perl
# bench.pl TOP [PART...] : speed and memory of the module, as ratios measured in
# this run.  Subjects take turns in each round; figures are medians over rounds.
# PARTs are instructions, speed, many, dns, probes, reload, strict, ledger, watch
# and status; all without any.
#   policy    the module
#   static    the same body as a file with HSTS, in the same httpd
#   floor     an empty quick handler: httpd's own cost
#   nginx     the same file from nginx
use strict;
use warnings FATAL => 'all';
use IO::Socket::INET;
use IO::Socket::SSL;
use POSIX 'WNOHANG';
use Time::HiRes qw(time sleep);
my $top;
BEGIN { $top = shift // die "usage: bench.pl TOP [PART...]\n" }
use lib "$top/t/lib";
use MTASTS::Tree;

my $dir = "$top/build/bench";
my $rounds = $ENV{BENCH_ROUNDS} || 7;
my $seconds = $ENV{BENCH_SECONDS} || 2;
my $host = 'mta-sts.bench.test';
my $mx = 'mx.bench.test';
my $path = '/.well-known/mta-sts.txt';
my $body = join '', map {"$_\r\n"} 'version: STSv1', 'mode: testing', 'max_age: 604800', 'mx: mx.bench.test';
my %failed;

system('rm', '-rf', $dir);
mkdir $dir or die "$dir: $!";
mkdir "$dir/$_" for qw(www www/.well-known nginx);
# Servers run as an ordinary user from the start, also for root: callgrind could
# not write its file as another user than the one that began.
my @as = $> ? () : do {
    my ($uid, $gid) = (getpwnam 'nobody')[2, 3];
    chown $uid, $gid, $dir, "$dir/nginx";
    ('setpriv', "--reuid=$uid", "--regid=$gid", '--clear-groups');
};
write_file("$dir/www$path", $body);
sh("$top/t/lib/certs.sh '$dir/certs' $host $mx && chmod a+r '$dir'/certs/*.key");
build_floor();

my $base = MTASTS::Tree::free_ports(20);
my %port = (policy => $base, static => $base + 1, floor => $base + 2, nginx => $base + 3,
    map { ("tls_$_->[0]" => $base + $_->[1]) } ['policy', 4], ['static', 5], ['floor', 6], ['nginx', 7]);
# MTASTSDomain lines for the vhost of the module; more in bench_many().
my %httpd;
END { local $?; stop($_) for keys %httpd }

print "Each row: measured, target, and what was measured against what in this run.\n";
my %part = (instructions => \&bench_instructions, speed => \&bench_speed, many => \&bench_many, dns => \&bench_dns,
    probes => \&bench_probes, reload => \&bench_reload, strict => \&bench_strict, ledger => \&bench_ledger, watch => \&bench_watch,
    status => \&bench_status);
# Not $_, which would be read-only in all that is called.
for my $part (@ARGV ? @ARGV : qw(instructions speed many dns probes reload strict ledger watch status)) {
    ($part{$part} || die "no part $part; there are: @{[sort keys %part]}\n")->();
}
print "\n", %failed ? "missed: " . join('; ', sort keys %failed) . "\n" : "all targets reached\n";
exit 0;

# --- what is measured ---

sub bench_instructions {
    print "\nInstructions per request (callgrind)\n";
    my (%i, $own);
    for my $way ('plain', 'tls') {
        for my $subject (qw(policy static floor)) {
            ($i{$way}{$subject}, my $self) = instructions($way, $subject, '');
            $own //= $self if $subject eq 'policy';
        }
    }
    printf "  %-28s policy %6.0f  static %6.0f  floor %6.0f\n", "$_ keep-alive", @{$i{$_}}{qw(policy static floor)} for qw(plain tls);
    row('plain keep-alive, x static', $i{plain}{policy} / $i{plain}{static}, 0.80);
    row('TLS keep-alive, x static', $i{tls}{policy} / $i{tls}{static}, 0.87);
    row("the module's own code", $own, 800, '%.0f');
    my ($count) = instructions('plain', 'policy', '', '--toggle-collect=mtasts_fetched_count');
    row('plain keep-alive: with the count of fetches, x without', $i{plain}{policy} / ($i{plain}{policy} - $count), 1.02, '%.4f');
}

sub bench_speed {
    start('event', config('MTASTSDomain bench.test'));
    start_nginx();
    print "\nRequests per second and server CPU per request, medians of $rounds rounds of $seconds s\n";
    my @ways = (
        ['plain keep-alive', 'plain', {static => 0.70, floor => 1.12}],
        ['TLS 1.3 keep-alive', 'tls', {static => 0.70, floor => 1.12}],
        ['new TLS connections', 'new', {static => 0.94, floor => 1.03}],
        ['HTTP/2', 'h2', {static => 1.0}],
    );
    for (@ways) {
        my ($what, $way, $target) = @$_;
        my $m = rounds($way, qw(policy static floor nginx));
        printf "  %-22s", $what;
        printf " %s %6.0f/s %6.1f us", $_, @{$m->{$_}}{qw(rps cpu)} for qw(policy static floor nginx);
        print "\n";
        row("$what: CPU x $_", $m->{policy}{cpu} / $m->{$_}{cpu}, $target->{$_}) for sort keys %$target;
        row("$what: requests/s x $_", $m->{policy}{rps} / $m->{$_}{rps}) for qw(static nginx);
        row("$what: CPU x nginx", $m->{policy}{cpu} / $m->{nginx}{cpu});
    }
    stop('event');
    stop('nginx');
}

sub bench_many {
    my $n = 100_000;
    print "\n$n policy domains in one virtual host, against one\n";
    my @names = map {"d$_.bench.test"} 1 .. $n;
    my $many = join "\n", map {"MTASTSDomain $_"} @names;
    my %config = (one => 'MTASTSDomain bench.test', many => "$many\nMTASTSDomain bench.test");
    my (%start, %rss, %m);
    for my $round (1 .. 5) {
        for my $which (qw(one many)) {
            push @{$start{$which}}, start($which, config($config{$which}));
            $rss{$which} = rss($which);
            stop($which);
        }
    }
    for my $round (1 .. $rounds) {
        for my $which (qw(one many)) {
            start($which, config($config{$which}));
            my ($rps, $cpu) = load('plain', 'policy', $which);
            push @{$m{$which}}, $cpu;
            stop($which);
        }
    }
    # Only while requests are served: reading a configuration of this size
    # differs from run to run by more than what is looked for.
    my $serving = '--toggle-collect=ap_run_process_connection';
    my ($i_one) = instructions('plain', 'policy', $config{one}, $serving);
    my ($i_many) = instructions('plain', 'policy', $config{many}, $serving);
    my $names = 0;
    $names += length for @names;
    row('CPU per request, x one', median(@{$m{many}}) / median(@{$m{one}}), 1.03);
    row('more instructions per request', $i_many - $i_one, 500, '%.0f');
    row('memory each beyond the name, bytes', ($rss{many} - $rss{one} - $names) / $n, 400, '%.0f');
    row('more time to start, s', median(@{$start{many}}) - median(@{$start{one}}), 0.5);
}

# dns_bench.c asks responder.c about 20,000 domains, five questions each.
sub bench_dns {
    my ($n, $far) = (20_000, 100_000);
    my $direct = start_responder(0, 0);
    my $servers = "127.0.0.1:$direct";
    print "\nDNS: questions per second and client CPU per question, medians of 5 rounds, $n domains, 256 in flight\n";
    my (%m, $mem);
    my @queries = map { my $d = "d$_.bench.test"; ("_mta-sts.$d TXT", "$d MX", "_smtp._tls.$d TXT", "mta-sts.$d A", "mta-sts.$d AAAA") } 0 .. $n - 1;
    write_file("$dir/queries", join "\n", @queries, '');
    for (1 .. 5) {
        for my $mode (qw(ours bare)) {
            my ($q, $s, $cpu) = dns_bench($mode, $servers, $n, 256, 60_000);
            push @{$m{$mode}{rate}}, $q / $s;
            push @{$m{$mode}{cpu}}, 1e6 * $cpu / $q;
        }
        my ($rate) = `dnsperf -s 127.0.0.1 -p $direct -d $dir/queries -n 1 -c 1 -T 1 -q 256 2>/dev/null` =~ /Queries per second:\s+([\d.]+)/;
        push @{$m{dnsperf}{rate}}, $rate;
    }
    $_ = {rate => median(@{$_->{rate}}), cpu => $_->{cpu} ? median(@{$_->{cpu}}) : 0} for values %m;
    printf "  %-10s %8.0f/s %6.1f us\n", $_, @{$m{$_}}{qw(rate cpu)} for qw(ours bare dnsperf);
    at_least('DNS: questions/s x bare c-ares loop', $m{ours}{rate} / $m{bare}{rate}, 0.85);
    at_least('DNS: questions/s x dnsperf', $m{ours}{rate} / $m{dnsperf}{rate}, 0.90);
    row('DNS: CPU x bare c-ares loop', $m{ours}{cpu} / $m{bare}{cpu}, 1.4);

    # A resolver 50 ms away.
    my $slow = start_responder(50, 0);
    my ($q, $s, $cpu, $kb, $lost) = dns_bench('ours', "127.0.0.1:$slow", $far, 4096, 60_000);
    at_least('DNS, 50 ms: questions/s x what 4096 in flight allow', $q / $s / (4096 / 0.05), 0.88);
    row("DNS, 50 ms: s for $far domains", $s, 6, '%.2f');
    row('DNS, 50 ms: domains without an answer', $lost, 0, '%.0f');
    my (undef, undef, undef, $kb_none) = dns_bench('ours', $servers, 1, 4096, 60_000);
    row("DNS: MB for $far domains, results included", ($kb - $kb_none) / 1024, undef, '%.0f');
    my ($q_seq, $s_seq) = dns_bench('seq', "127.0.0.1:$slow", 10, 1, 60_000);
    my ($q_256, $s_256) = dns_bench('ours', "127.0.0.1:$slow", 5_000, 256, 60_000);
    at_least('DNS, 50 ms: questions/s x res_nquery(), 256 in flight', $q_256 / $s_256 / ($q_seq / $s_seq), 240, '%.0f');
    my $lossy = start_responder(50, 1);
    (undef, $s, undef, undef, $lost) = dns_bench('ours', "127.0.0.1:$lossy", 10_000, 1024, 60_000);
    row('DNS, 50 ms, 1 % loss: s for 10,000 domains', $s, 3, '%.2f');
    row('DNS, 50 ms, 1 % loss: domains without an answer', $lost, 0, '%.0f');

    # Zones of customers who are gone: they must not hold up the others.
    my $gaps = start_responder(0, 110);
    (undef, undef, undef, undef, $lost) = dns_bench('ours', "127.0.0.1:$gaps", 2_000, 256, 5_000);
    row('DNS, a tenth of 2,000 domains silent: failed of all', $lost, 200, '%.0f');

    # Servers that are not there.
    my $dead = start_responder(0, 100);
    (undef, $s, undef, undef, $lost) = dns_bench('ours', "127.0.0.1:$dead,$servers", 1_000, 256, 60_000);
    row('DNS, first server dead: s for 1,000 domains', $s, 2, '%.2f');
    row('DNS, first server dead: domains without an answer', $lost, 0, '%.0f');
    for my $count (1, $far) {
        (undef, $s) = dns_bench('ours', "127.0.0.1:$dead", $count, 256, 2_000);
        row("DNS, all dead, 2 s deadline: s for $count domains", $s, 2.5, '%.2f');
    }
}

# A graceful restart with 1,000 domains and a DNS server that never answers,
# against one without the module's checks.
sub bench_reload {
    my $dead = start_responder(0, 100);
    my %took;
    my $domains = join "\n", map {"MTASTSDomain d$_.bench.test"} 1 .. 1000;
    for my $round (1 .. 7) {
        for my $check ('off', 'warn') {
            my $conf = config("$domains\nMTASTSDomain bench.test");
            $conf =~ s/MTASTSCheck off/MTASTSCheck $check\nMTASTSCheckTimeout 1s\nMTASTSResolver 127.0.0.1:$dead/;
            start("reload", $conf);
            push @{$took{$check}}, graceful('reload') for 1 .. 3;
            stop('reload');
        }
    }
    row('graceful restart, dead resolver, x no checks', median(@{$took{warn}}) / median(@{$took{off}}), 1.05);
}

# probe_bench.c looks at the STARTTLS of starttls_server.c.
sub bench_probes {
    my ($n, $in_flight, $n_command) = (2_000, 64, 9);
    my $port = start_starttls($in_flight);
    print "\nSTARTTLS: probes per second, client CPU and memory of each, medians of $rounds rounds of $n, $in_flight in flight\n";
    my %m;
    for (1 .. $rounds) {
        my %r;
        for my $mode (qw(module bare)) {
            my ($s, $cpu) = probe_bench($mode, $port, $n, $in_flight);
            # Few, because the list of those that wait is no memory of a connection.
            my (undef, undef, $kb) = probe_bench($mode, $port, 8 * $in_flight, $in_flight);
            $r{$mode} = {rate => $n / $s, cpu => 1e6 * $cpu / $n, kb => $kb};
        }
        $r{s_client}{rate} = $n_command / s_client($port, $n_command);
        for my $mode (keys %r) { push @{$m{$mode}{$_}}, $r{$mode}{$_} for keys %{$r{$mode}} }
        push @{$m{x}{cpu}}, $r{module}{cpu} / $r{bare}{cpu};
        push @{$m{x}{rate}}, $r{module}{rate} / $r{bare}{rate};
        push @{$m{x}{s_client}}, $r{module}{rate} / $r{s_client}{rate};
    }
    for my $s (values %m) { $s->{$_} = median(@{$s->{$_}}) for keys %$s }
    printf "  %-10s %8.0f/s %6.0f us %6.1f kB\n", $_, @{$m{$_}}{qw(rate cpu kb)} for qw(module bare);
    printf "  %-10s %8.0f/s, one after the other\n", 's_client', $m{s_client}{rate};
    row('STARTTLS: CPU x bare prober', $m{x}{cpu}, 1.15);
    row('STARTTLS: probes/s x bare prober', $m{x}{rate});
    at_least('STARTTLS: probes/s', $m{module}{rate}, 900, '%.0f');
    row('STARTTLS: kB per probe in flight', $m{module}{kb}, 64, '%.0f');
    at_least('STARTTLS: probes/s x openssl s_client in a loop', $m{x}{s_client}, 10, '%.1f');
    stop('starttls');
}

# Requests to a policy that is released under strict, against one that is not
# looked into: both read the same memory.
sub bench_strict {
    my $dns = start_responder(0, 0);
    print "\nInstructions per request (callgrind), MTASTSCheck strict against warn\n";
    my %i;
    for my $check (qw(warn strict)) {
        system('rm', '-rf', "$dir/state");
        ($i{$check}) = instructions('plain', 'policy', 'MTASTSDomain bench.test', '--toggle-collect=ap_run_process_connection', checks($check, $dns));
    }
    printf "  strict %.0f  warn %.0f\n", @i{qw(strict warn)};
    row('strict: more instructions per request', $i{strict} - $i{warn}, 50, '%.0f');
}

# ledger_bench.c, in SQLite: the heartbeat costs the same however many domains
# there are.
sub bench_ledger {
    my ($n, $times) = (100_000, 21);
    print "\nLedger, $n domains in SQLite: ms, medians of $times\n";
    my (%ms, %kb);
    for my $domains (1, $n) {
        my $file = "$dir/ledger-$domains";
        ($ms{serve}{$domains}, $kb{serve}) = ledger_bench('serve', $file, $domains, 1);
        ($ms{$_}{$domains}, $kb{$_}) = ledger_bench($_, $file, $domains, $_ eq 'beat' || $_ eq 'bare' ? $times : 3) for qw(again read beat bare);
    }
    # Disks have their moods: the same again, next to each other.
    my @x = map { (ledger_bench('beat', "$dir/ledger-$n", $n, $times))[0] / (ledger_bench('bare', "$dir/ledger-$n", $n, $times))[0] } 1 .. $rounds;
    printf "  %-8s %10.2f  (of one domain %.2f)\n", $_, $ms{$_}{$n}, $ms{$_}{1} for qw(serve again read beat bare);
    row('heartbeat, x of one domain', $ms{beat}{$n} / $ms{beat}{1}, 1.5, '%.2f');
    row('heartbeat, x one row changed', median(@x), 2, '%.2f');
    row('served for the first time: us for each domain', 1000 * $ms{serve}{$n} / $n, 50, '%.1f');
    row('served as before: us for each domain', 1000 * $ms{again}{$n} / $n, 20, '%.1f');
    row('read: us for each domain', 1000 * $ms{read}{$n} / $n, 20, '%.1f');
    row('read: bytes for each domain', 1024 * $kb{read} / $n, 1500, '%.0f');
}

# A child that serves while the watch looks at 10,000 domains, again and again.
# It does so once a minute and is done in seconds: seconds with and without a run
# in them are told apart by the CPU that the watch's thread has had in them.
sub bench_watch {
    my $n = 10_000;
    # The resolver would be another machine: it takes no CPU from the server here.
    my $dns = start_responder(20, 0, 'nice', '-n', 19);
    print "\nThe watch, $n domains, an answer of DNS after 20 ms\n";
    my $domains = join "\n", 'MTASTSDomain bench.test', map {"MTASTSDomain d$_.bench.test"} 1 .. $n;
    my %conf = (off => config($domains), warn => config($domains) =~ s/MTASTSCheck off\nMTASTSLedger Off/checks('warn', $dns)/er);
    my %kb;
    system('rm', '-rf', "$dir/state");
    for my $check (qw(off warn)) {
        start('watch', $conf{$check});
        if ($check eq 'warn') {
            my ($took, $cpu) = first_run('watch');
            row('a run, from the start: s', $took, 15, '%.2f');
            row('a run: ms of CPU for 1000 domains', 1000 * $cpu / $n * 1000, undef, '%.0f');
        }
        my ($child) = workers('watch');
        @{$kb{$check}}{qw(now peak)} = map { (read_file("/proc/$child/status") =~ /^$_:\s+(\d+)/m)[0] } 'VmRSS', 'VmHWM';
        stop('watch') if $check eq 'off';
    }
    row('a run: kB more for each domain at its peak', ($kb{warn}{peak} - $kb{off}{peak}) / $n, 12, '%.2f');
    row('kB more for each domain when it is over', ($kb{warn}{now} - $kb{off}{now}) / $n, 3, '%.2f');
    # Both loads take turns within each run and without.
    my %rps;
    my $until = time + 60 * $rounds;
    my ($i, @ways) = (0, 'new', 'plain');
    while (time < $until) {
        my $way = $ways[$i++ % @ways];
        my $before = watch_cpu('watch');
        my ($rps) = load($way, 'policy', 'watch', 1);
        my $share = (watch_cpu('watch') - $before) / 1e9;
        push @{$rps{$way}{$share > 0.02 ? 'run' : $share < 0.005 ? 'none' : 'partly'}}, $rps;
    }
    stop('watch');
    for my $way (@ways) {
        my ($run, $none) = map { $_ || [] } @{$rps{$way}}{qw(run none)};
        die "$way: too few seconds with a run in them: " . @$run . ' and ' . @$none if @$run < 3 || @$none < 3;
        printf "  %-8s %6.0f/s in %d s with a run, %6.0f/s in %d s without\n", $way, median(@$run), scalar @$run, median(@$none), scalar @$none;
        at_least(($way eq 'new' ? 'new TLS connections' : 'plain keep-alive') . '/s during a run, x without', median(@$run) / median(@$none), 0.95);
    }
}

# Pages of 10,000 domains that were looked at, from the one child that there is.
sub bench_status {
    my $n = 10_000;
    my $dns = start_responder(0, 0);
    print "\nThe status page, $n domains in SQLite: CPU of a request\n";
    my $conf = config(join "\n", 'MTASTSDomain bench.test', map {"MTASTSDomain d$_.bench.test"} 1 .. $n);
    $conf =~ s/MTASTSCheck off\nMTASTSLedger Off/checks('warn', $dns) =~ s{Interval 1m}{Interval 1h}r/e;
    system('rm', '-rf', "$dir/state");
    start('status', "$conf<Location /mtasts-status>\nSetHandler mtasts-status\n</Location>\n");
    first_run('status');
    my ($child) = workers('status');
    # Before anything else, as memory that was had once may be kept.
    row('overview, first page: kB at its peak', status_peak($child, ''), 2048, '%.0f');
    my %ask = ('overview, first page' => ['', 50], 'overview, a filter' => ['q=d77', 50], 'one domain' => ['domain=d4711.bench.test', undef],
        metrics => ['format=openmetrics', undef], 'JSON of one domain' => ['format=json&domain=d4711.bench.test', undef]);
    for my $what (sort keys %ask) {
        my @ms = map { (status_cpu($child, $ask{$what}[0]))[0] } 1 .. 3 * $rounds;
        row("$what: ms", median(@ms), $ask{$what}[1], '%.1f');
    }
    my ($ms, $size) = status_cpu($child, 'format=json');
    row('JSON of all: s', $ms / 1000, undef, '%.2f');
    row('JSON of all: MB', $size / 1e6, undef, '%.1f');
    row('the ledger: kB for each domain', (-s "$dir/state/ledger.sqlite") / 1024 / $n, undef, '%.2f');
    stop('status');
}

# --- how ---

# Milliseconds of CPU of a request for a status page, and its length.
sub status_cpu {
    my ($child, $args) = @_;
    my $before = cpu($child);
    my $s = IO::Socket::INET->new("127.0.0.1:$port{policy}") or die 'no connection';
    print $s "GET /mtasts-status?$args HTTP/1.0\r\nHost: $host\r\n\r\n";
    my $length = 0;
    while (my $got = sysread $s, my $part, 65536) {
        die "status page: $part" if !$length && $part !~ m{^HTTP/1\.1 200 };
        $length += $got;
    }
    return ((cpu($child) - $before) / 1e6, $length);
}

# kB more than before at the peak of a request.
sub status_peak {
    my ($child, $args) = @_;
    write_file("/proc/$child/clear_refs", '5'); # VmHWM begins anew
    my ($before) = read_file("/proc/$child/status") =~ /^VmRSS:\s+(\d+)/m;
    status_cpu($child, $args);
    return (read_file("/proc/$child/status") =~ /^VmHWM:\s+(\d+)/m)[0] - $before;
}

# Lines of a server that looks at its policies by a DNS server on a port.
sub checks {
    my ($check, $dns) = @_;
    return "MTASTSCheck $check\nMTASTSResolver 127.0.0.1:$dns\nMTASTSProbeMX Off\nMTASTSProbeHost Off\nMTASTSWatchInterval 1m\n"
        . "MTASTSCAFile $dir/certs/ca.crt\nMTASTSStateDir $dir/state";
}

# ms each, and kB
sub ledger_bench {
    my ($mode, $file, $domains, $times) = @_;
    my ($s, $kb) = split ' ', `@as '$dir/ledger_bench' $mode sqlite3 '$file' $domains $times`;
    die "ledger_bench $mode" if !defined $kb;
    return (1000 * $s, $kb);
}

# CPU of the watch's thread so far, in ns: of the threads of the child, the one
# that had the most before any request was made.
my %watch_thread; # name => its directory in /proc
sub watch_cpu { my ($name) = @_; return (split ' ', read_file("$watch_thread{$name}/schedstat"))[0] }

# Waits for the run after the start: seconds, and seconds of CPU.
sub first_run {
    my ($name) = @_;
    my ($child) = workers($name);
    my ($began, $last, $cpu) = (time, time, 0);
    until ($cpu && time - $last > 2) {
        die 'no run of the watch' if time - $began > 120;
        my %had = map { $_ => (split ' ', read_file("$_/schedstat"))[0] } glob "/proc/$child/task/*";
        delete $had{"/proc/$child/task/$child"}; # which has read the configuration
        my ($most) = sort { $had{$b} <=> $had{$a} } keys %had;
        if ($most && $had{$most} > $cpu + 2e6) {
            ($last, $cpu, $watch_thread{$name}) = (time, $had{$most}, $most);
        }
        sleep 0.02;
    }
    return ($last - $began, $cpu / 1e9);
}

sub at_least {
    my ($what, $got, $target, $format) = @_;
    $format ||= '%.3f';
    $failed{$what} = 1 if $got < $target;
    printf "  %-52s $format  >= $format  %s\n", $what, $got, $target, $got >= $target ? 'reached' : 'MISSED';
}

# questions, seconds, CPU seconds, largest memory in kB, domains that failed
sub dns_bench {
    my @out = split ' ', `'$dir/dns_bench' @_`;
    die "dns_bench @_" if @out != 5;
    return @out;
}

# A DNS server that answers so many milliseconds later and loses so many in a
# hundred; its port.
sub start_responder {
    my ($ms, $loss, @under) = @_;
    my $port = MTASTS::Tree::free_ports(1);
    my $pid = fork // die "fork: $!";
    if (!$pid) { exec @under, "$dir/responder", $port, $ms, $loss or exit 127 }
    $httpd{"responder$port"} = $pid;
    sleep 0.01 until read_file('/proc/net/udp') =~ sprintf '0100007F:%04X ', $port;
    return $port;
}

# The port of an SMTP server that has so many addresses.
sub start_starttls {
    my ($addresses) = @_;
    my $port = MTASTS::Tree::free_ports(1);
    my $pid = fork // die "fork: $!";
    if (!$pid) { exec @as, "$dir/starttls_server", $port, $addresses, map {"$dir/certs/$mx.$_"} qw(crt key) or exit 127 }
    $httpd{starttls} = $pid;
    my $last = sprintf '%02X00007F:%04X ', $addresses, $port;
    until (read_file('/proc/net/tcp') =~ $last) {
        die 'no starttls_server' if waitpid $pid, WNOHANG;
        sleep 0.01;
    }
    return $port;
}

# seconds, CPU seconds, largest memory in kB for each probe in flight
sub probe_bench {
    my ($mode, $port, $n, $in_flight) = @_;
    my ($done, $lost, @out) = split ' ', `@as '$dir/probe_bench' $mode $port $in_flight $mx '$dir/certs/ca.crt' $n $in_flight`;
    die "probe_bench $mode: not all of $n probes succeeded" if @out != 3 || $done != $n || $lost;
    return @out;
}

# What comes to mind first: $n looks by openssl's own command; seconds.
sub s_client {
    my ($port, $n) = @_;
    my $began = time;
    sh("openssl s_client -starttls smtp -connect 127.0.0.1:$port -servername $mx -CAfile '$dir/certs/ca.crt'"
        . " -verify_return_error -verify_hostname $mx </dev/null >'$dir/s_client.out' 2>&1") for 1 .. $n;
    return time - $began;
}

# Seconds from the signal until a child of the new generation has answered.
sub graceful {
    my ($name) = @_;
    my ($old) = workers($name);
    my $began = time;
    kill USR1 => $httpd{$name};
    sleep 0.002 while workers_starting($name, $old);
    wait_for_answer($port{floor});
    return time - $began;
}

sub rounds {
    my ($way, @subjects) = @_;
    my %m;
    for my $round (1 .. $rounds) {
        for my $subject (@subjects) {
            my ($rps, $cpu) = load($way, $subject, $subject eq 'nginx' ? 'nginx' : 'event');
            push @{$m{$subject}{rps}}, $rps;
            push @{$m{$subject}{cpu}}, $cpu;
        }
    }
    for my $s (values %m) { $s->{$_} = median(@{$s->{$_}}) for qw(rps cpu) }
    return \%m;
}

# One round: requests per second, server CPU per request in microseconds.
sub load {
    my ($way, $subject, $server, $for) = @_;
    $for //= $seconds;
    my $tls = $way eq 'plain' ? '' : 'tls_';
    my $port = $port{"$tls$subject"};
    my $scheme = $tls ? 'https' : 'http';
    my @pids = workers($server);
    my $before = cpu(@pids);
    my $out;
    if ($way eq 'h2') {
        $out = `h2load -D $for -c 8 -m 8 -t 1 --connect-to=127.0.0.1:$port 'https://$host:$port$path' 2>&1`;
    }
    else {
        my $close = $way eq 'new' ? q(-H 'Connection: close') : '';
        $out = `wrk -t 1 -c 8 -d ${for}s -H 'Host: $host' $close '$scheme://127.0.0.1:$port$path' 2>&1`;
    }
    my ($requests) = $out =~ /(\d+) requests in|requests: \d+ total, \d+ started, (\d+) done/ ? $1 // $2 : 0;
    die "$way $subject: $out" if !$requests || $out =~ /Non-2xx|[1-9]\d* (?:failed|errored)/;
    return ($requests / $for, (cpu(@pids) - $before) / 1000 / $requests);
}

# Instructions of one request: the difference of two runs in which nothing but
# the number of requests differs; and those in the module's own code.
sub instructions {
    my ($way, $subject, $domains, $option, $checks) = @_;
    $option //= '';
    my %n = (few => 500, many => 2500);
    my (%total, %own);
    for my $run (keys %n) {
        my $out = "$dir/callgrind.$run";
        my $conf = config($domains || 'MTASTSDomain bench.test');
        $conf =~ s/MTASTSCheck off\nMTASTSLedger Off/$checks/ if $checks;
        start('callgrind', $conf, "valgrind -q --vgdb=no --tool=callgrind --callgrind-out-file=$out $option", '-X');
        requests($way, $subject, $n{$run});
        stop('callgrind');
        open my $fh, '<', $out or die "$out: $!";
        while (<$fh>) { $total{$run} = $1 if /^(?:totals|summary): (\d+)/ }
        ($own{$run}) = (0);
        for (`callgrind_annotate --threshold=100 --show-percs=no $out 2>/dev/null`) {
            $own{$run} += $1 =~ tr/,//dr if m{^\s*([\d,]+)\s.*\[\S*/mod_mtasts\.so\]};
        }
    }
    my $d = $n{many} - $n{few};
    return (($total{many} - $total{few}) / $d, ($own{many} - $own{few}) / $d);
}

# $n requests on one connection, one after the other.
sub requests {
    my ($way, $subject, $n) = @_;
    my %to = (PeerAddr => '127.0.0.1', PeerPort => $port{($way eq 'tls' ? 'tls_' : '') . $subject});
    my $s = $way eq 'tls' ? IO::Socket::SSL->new(%to, SSL_verify_mode => 0, SSL_version => 'TLSv1_3')
        : IO::Socket::INET->new(%to);
    die "connect: $!" if !$s;
    for (1 .. $n) {
        print $s "GET $path HTTP/1.1\r\nHost: $host\r\nUser-Agent: Some-Sender/1.0\r\n\r\n";
        my ($got, $length) = '';
        until (defined $length && length $got >= $length) {
            sysread $s, $got, 65536, length $got or die "$subject: closed";
            next if defined $length || (my $end = index $got, "\r\n\r\n") < 0;
            die $got if $got !~ m{^HTTP/1.1 200 };
            $length = $end + 4 + ($got =~ /^Content-Length: (\d+)/mi)[0];
        }
    }
}

# The subjects of one httpd, on a port each.
sub config {
    my ($domains) = @_;
    my $modules = join '', grep {/LoadModule (?:mpm_event|unixd|authz_core|authz_host|log_config|dir|alias|mime|setenvif|headers|socache_shmcb|ssl|http2)_/}
        map {"$_\n"} split /\n/, MTASTS::Tree::load_modules('event');
    my $tls = "SSLEngine on\nSSLCertificateFile $dir/certs/$host.crt\nSSLCertificateKeyFile $dir/certs/$host.key";
    my %vhost = (
        policy => "MTASTSEngine On\nMTASTSMX mx.bench.test\n$domains",
        static => "DocumentRoot $dir/www\n<Directory $dir/www>\nRequire all granted\nAllowOverride None\n</Directory>\n"
            . 'Header always set Strict-Transport-Security "max-age=31536000"',
        floor => 'Floor On',
    );
    my $conf = <<"END";
$modules
LoadModule mtasts_module $top/build/mod_mtasts.so
LoadModule floor_module $dir/mod_floor.so
ServerRoot $dir
ServerName localhost
DefaultRuntimeDir $dir
PidFile $dir/httpd.pid
ErrorLog $dir/error_log
TypesConfig /dev/null
Protocols h2 http/1.1
StartServers 1
ServerLimit 1
ThreadsPerChild 32
MaxRequestWorkers 32
MaxKeepAliveRequests 0
KeepAliveTimeout 30
SSLSessionCache none
LogLevel error
MTASTSCheck off
MTASTSLedger Off
END
    for my $subject (sort keys %vhost) {
        for my $way ('', 'tls_') {
            my $port = $port{"$way$subject"};
            my $lines = $vhost{$subject};
            # Many domains in one virtual host are meant, not in two.
            $lines =~ s/$domains/MTASTSDomain bench.test/ if $way;
            $conf .= "Listen 127.0.0.1:$port\n<VirtualHost 127.0.0.1:$port>\nServerName $host\n"
                . ($way ? "$tls\n" : '') . "$lines\n</VirtualHost>\n";
        }
    }
    return $conf;
}

# Starts httpd under a name; seconds until it answers.
sub start {
    my ($name, $conf, @how) = @_;
    my ($tool, @args) = @how ? @how : ('', '-DFOREGROUND');
    write_file("$dir/$name.conf", $conf);
    my $began = time;
    my $pid = fork // die "fork: $!";
    if (!$pid) {
        exec(@as, split(' ', $tool), MTASTS::Tree::real_httpd(), '-f', "$dir/$name.conf", @args) or exit 127;
    }
    $httpd{$name} = $pid;
    wait_for_answer($port{floor});
    return time - $began;
}

sub start_nginx {
    write_file("$dir/nginx.conf", <<"END");
worker_processes 1;
daemon off;
pid $dir/nginx.pid;
error_log $dir/nginx.log;
events { worker_connections 256; }
http {
    access_log off;
    default_type text/plain;
    keepalive_requests 100000000;
    client_body_temp_path $dir/nginx; proxy_temp_path $dir/nginx; fastcgi_temp_path $dir/nginx;
    uwsgi_temp_path $dir/nginx; scgi_temp_path $dir/nginx;
    add_header Strict-Transport-Security "max-age=31536000" always;
    root $dir/www;
    server { listen 127.0.0.1:$port{nginx}; }
    server {
        listen 127.0.0.1:$port{tls_nginx} ssl http2;
        ssl_certificate $dir/certs/$host.crt; ssl_certificate_key $dir/certs/$host.key;
        ssl_protocols TLSv1.2 TLSv1.3;
    }
}
END
    my $pid = fork // die "fork: $!";
    if (!$pid) { exec @as, find_program('nginx'), '-c', "$dir/nginx.conf", '-p', $dir or exit 127 }
    $httpd{nginx} = $pid;
    wait_for_answer($port{nginx});
}

sub stop {
    my ($name) = @_;
    my $pid = delete $httpd{$name} or return;
    kill TERM => $pid;
    waitpid $pid, 0;
}

# The processes of a server that answer requests.
sub workers {
    my ($name) = @_;
    my $parent = $httpd{$name};
    my @pids = map {m{(\d+)}} grep { ((read_file("$_/stat") =~ /^\d+ \(.*\) \S (\d+)/)[0] // 0) == $parent } grep { -e "$_/stat" } glob '/proc/[0-9]*';
    return @pids ? @pids : $parent;
}

# Nanoseconds of CPU that all threads of the processes have had.
sub cpu {
    my $ns = 0;
    for my $task (map { glob "/proc/$_/task/*/schedstat" } @_) { $ns += (split ' ', read_file($task))[0] }
    return $ns;
}

# Bytes of memory of a server's child.
sub rss {
    my ($name) = @_;
    my ($child) = workers($name);
    return 1024 * (read_file("/proc/$child/smaps_rollup") =~ /^Rss:\s+(\d+)/m)[0];
}

sub row {
    my ($what, $got, $target, $format) = @_;
    $format ||= '%.3f';
    my $verdict = !defined $target ? '' : sprintf("  <= $format  %s", $target, $got <= $target ? 'reached' : 'MISSED');
    $failed{$what} = 1 if defined $target && $got > $target;
    printf "  %-42s $format%s\n", $what, $got, $verdict;
}

sub median { my @s = sort { $a <=> $b } @_; return ($s[$#s / 2] + $s[@s / 2]) / 2 }

# The old child as long as there is no other one.
sub workers_starting {
    my ($name, $old) = @_;
    my @others = grep { $_ != $old } workers($name);
    return @others && $others[0] != $httpd{$name} ? () : ($old);
}

sub build_floor {
    my $apxs = MTASTS::Tree::apxs();
    my @inc = map {"-I$_"} split /[;\s]+/, `$apxs -q INCLUDEDIR APR_INCLUDEDIR`;
    my $flags = `$apxs -q CFLAGS EXTRA_CPPFLAGS` =~ s/;;|\n/ /gr;
    sh("cc $flags -shared -fPIC @inc -o $dir/mod_floor.so $top/t/bench/mod_floor.c");
    sh("cc -O2 -D_GNU_SOURCE -o $dir/responder $top/t/bench/responder.c");
    sh("cc -O2 -D_GNU_SOURCE -o $dir/starttls_server $top/t/bench/starttls_server.c -lssl -lcrypto");
    sh("cc -O2 -D_GNU_SOURCE -o $dir/$_ $top/t/bench/$_.c $top/src/net/*.c $top/src/core/*.c -lcares -lssl -lcrypto -lresolv") for qw(dns_bench probe_bench);
    my $apu = join ' ', map {"-I$_"} map { split /[;\s]+/ } `$apxs -q APR_INCLUDEDIR APU_INCLUDEDIR`;
    chomp(my $libs = `$apxs -q APR_CONFIG APU_CONFIG | tr ';' '\n' | xargs -I% sh -c '% --link-ld --libs'` =~ tr/\n/ /r);
    sh("cc -O2 -D_GNU_SOURCE $apu -o $dir/ledger_bench $top/t/bench/ledger_bench.c $top/src/store/*.c $top/src/core/*.c $libs -lcrypto");
}

# An open port is not enough: httpd listens before it has read all.
sub wait_for_answer {
    my ($port) = @_;
    for (1 .. 12000) {
        if (my $s = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $port)) {
            print $s "GET $path HTTP/1.0\r\n\r\n";
            return if sysread $s, my $answer, 100;
        }
        sleep 0.005;
    }
    die "nothing answers on port $port: " . read_file("$dir/error_log");
}

sub find_program {
    my ($name) = @_;
    -x "$_/$name" and return "$_/$name" for split(/:/, $ENV{PATH}), '/usr/sbin';
    die "no $name";
}

sub sh { system($_[0]) == 0 or die "failed: $_[0]" }

sub write_file {
    my ($file, $content) = @_;
    open my $fh, '>', $file or die "$file: $!";
    print $fh $content;
    close $fh or die "$file: $!";
}

sub read_file {
    my ($file) = @_;
    open my $fh, '<', $file or return '0 0';
    local $/;
    return <$fh> // '0 0';
}
