package MTASTS::Tree;

# What the tests need to know of the machine: httpd, its modules, free ports.
use strict;
use warnings FATAL => 'all';
use Cwd qw(abs_path);
use File::Basename qw(dirname);
use IO::Socket::INET;
use IO::Socket::IP;

my $tree = abs_path(dirname(__FILE__) . '/../..');

# Beside the mod_ssl and co. that any host has, all that could take a request
# away from us.
my @modules = qw(unixd log_config logio alias dir mime env setenvif headers
    expires authz_core authz_host authn_core authn_file authz_user auth_basic
    rewrite filter deflate brotli substitute include proxy proxy_http socache_shmcb
    ssl http2 status info watchdog md);

sub apxs {
    for my $name (qw(apxs apxs2)) {
        -x "$_/$name" and return "$_/$name"
            for split(/:/, $ENV{PATH}), '/usr/sbin';
    }
    die "no apxs";
}

my %asked;
sub ask {
    my ($var) = @_;
    return $asked{$var} //= do {
        my $apxs = apxs();
        chomp(my $value = `$apxs -q $var`);
        $value;
    };
}

# MTASTS_HTTPD: a wrapper that adds sanitizers or valgrind.
sub httpd { return $ENV{MTASTS_HTTPD} || real_httpd() }
sub real_httpd { return ask('SBINDIR') . '/' . ask('PROGNAME') }

# LoadModule lines for one MPM, all of the above that there are, and ours.
sub load_modules {
    my ($mpm, $ours) = @_;
    $ours //= "$tree/mod_mtasts.so";
    my ($httpd, $dir) = (real_httpd(), ask('LIBEXECDIR'));
    my $static = `$httpd -l`;
    my $lines = '';
    for my $m ("mpm_$mpm", @modules) {
        next if $static =~ /\bmod_$m\.c/ || !-e "$dir/mod_$m.so";
        $lines .= qq(LoadModule ${m}_module "$dir/mod_$m.so"\n);
    }
    return $lines . qq(LoadModule mtasts_module "$ours"\n);
}

# True where there is a ::1 to listen on.
sub has_ipv6 { return defined IO::Socket::IP->new(LocalHost => '::1', Listen => 1) }

# A port of a server that is stopped for a moment, or that must be closed, looks
# free to others.  So each tree whose tests run has a range of its own for as long
# as this process lives, be there several on the machine; its first port is the
# sign that it is taken.
use constant RANGE => 500;
my $sign;
sub reserve_ports {
    my @ranges = map { 20000 + RANGE * $_ } 0 .. 23;
    while (@ranges) {
        my ($first) = splice @ranges, int rand @ranges, 1;
        $sign = IO::Socket::INET->new(LocalAddr => '127.0.0.1', LocalPort => $first, Listen => 1, Proto => 'tcp') or next;
        $ENV{MTASTS_PORTS} = $first;
        return;
    }
    die 'the tests run too often on this machine: all ranges of ports are taken';
}

# The first of $n TCP ports in a row that nobody listens on; in one process none
# twice.  Outside of the tests they are from another range.
my %given;
sub free_ports {
    my ($n) = @_;
    my $first = $ENV{MTASTS_PORTS} // 32000;
    for (1 .. 1000) {
        my $base = $first + 1 + int rand RANGE - $n;
        next if grep { $given{$_} } $base .. $base + $n - 1;
        my @held = map {
            IO::Socket::INET->new(LocalAddr => '127.0.0.1', LocalPort => $base + $_,
                Listen => 1, Proto => 'tcp')
        } 0 .. $n - 1;
        next if $n != grep {defined} @held;
        @given{$base .. $base + $n - 1} = (1) x $n;
        return $base;
    }
    die "no $n free ports in a row";
}

1;
