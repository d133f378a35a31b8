#!/usr/bin/perl
# bench.pl TOP : speed and memory of the module, as ratios measured in this
# run.  Subjects take turns in each round; figures are medians over rounds.
#   policy    the module
#   static    the same body as a file with HSTS, in the same httpd
#   floor     an empty quick handler: httpd's own cost
#   nginx     the same file from nginx
use strict;
use warnings FATAL => 'all';
use IO::Socket::INET;
use IO::Socket::SSL;
use Time::HiRes qw(time sleep);
my $top;
BEGIN { $top = shift // die "usage: bench.pl TOP\n" }
use lib "$top/t/lib";
use MTASTS::Tree;

my $dir = "$top/build/bench";
my $rounds = $ENV{BENCH_ROUNDS} || 7;
my $seconds = $ENV{BENCH_SECONDS} || 2;
my $host = 'mta-sts.bench.test';
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
sh("$top/t/lib/certs.sh '$dir/certs' $host && chmod a+r '$dir'/certs/*.key");
build_floor();

my $base = MTASTS::Tree::free_ports(20);
my %port = (policy => $base, static => $base + 1, floor => $base + 2, nginx => $base + 3,
    map { ("tls_$_->[0]" => $base + $_->[1]) } ['policy', 4], ['static', 5], ['floor', 6], ['nginx', 7]);
# MTASTSDomain lines for the vhost of the module; more in bench_many().
my %httpd;
END { stop($_) for keys %httpd }

print "Each row: measured, target, and what was measured against what in this run.\n";
bench_instructions();
bench_speed();
bench_many();
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

# --- how ---

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
    my ($way, $subject, $server) = @_;
    my $tls = $way eq 'plain' ? '' : 'tls_';
    my $port = $port{"$tls$subject"};
    my $scheme = $tls ? 'https' : 'http';
    my @pids = workers($server);
    my $before = cpu(@pids);
    my $out;
    if ($way eq 'h2') {
        $out = `h2load -D $seconds -c 8 -m 8 -t 1 --connect-to=127.0.0.1:$port 'https://$host:$port$path' 2>&1`;
    }
    else {
        my $close = $way eq 'new' ? q(-H 'Connection: close') : '';
        $out = `wrk -t 1 -c 8 -d ${seconds}s -H 'Host: $host' $close '$scheme://127.0.0.1:$port$path' 2>&1`;
    }
    my ($requests) = $out =~ /(\d+) requests in|requests: \d+ total, \d+ started, (\d+) done/ ? $1 // $2 : 0;
    die "$way $subject: $out" if !$requests || $out =~ /Non-2xx|[1-9]\d* (?:failed|errored)/;
    return ($requests / $seconds, (cpu(@pids) - $before) / 1000 / $requests);
}

# Instructions of one request: the difference of two runs in which nothing but
# the number of requests differs; and those in the module's own code.
sub instructions {
    my ($way, $subject, $domains, $option) = @_;
    $option //= '';
    my %n = (few => 500, many => 2500);
    my (%total, %own);
    for my $run (keys %n) {
        my $out = "$dir/callgrind.$run";
        my $conf = config($domains || 'MTASTSDomain bench.test');
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
        print $s "GET $path HTTP/1.1\r\nHost: $host\r\n\r\n";
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
    my @pids = map {m{(\d+)}} grep { (read_file("$_/stat") =~ /^\d+ \(.*\) \S (\d+)/)[0] == $parent } grep { -e "$_/stat" } glob '/proc/[0-9]*';
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

sub build_floor {
    my $apxs = MTASTS::Tree::apxs();
    my @inc = map {"-I$_"} split /[;\s]+/, `$apxs -q INCLUDEDIR APR_INCLUDEDIR`;
    my $flags = `$apxs -q CFLAGS EXTRA_CPPFLAGS` =~ s/;;|\n/ /gr;
    sh("cc $flags -shared -fPIC @inc -o $dir/mod_floor.so $top/t/bench/mod_floor.c");
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
