package MTASTS::Config;

# httpd -t on a configuration of one's own.
use strict;
use warnings FATAL => 'all';
use Exporter 'import';
use Apache::Test ();
use MTASTS::Tree;
our @EXPORT = qw(configtest wait_for);

# configtest($lines, @arguments): writes a minimal configuration with these
# lines from line 100 on, runs httpd -t; the exit status, standard output,
# standard error, and the configuration's file name.
sub configtest {
    my ($lines, @args) = @_;
    my $v = Apache::Test::vars();
    my $base = "$v->{t_logs}/configtest";
    # DNS is asked only by tests that have a server for it.
    my @head = ("Include $v->{t_conf}/modules.conf", 'MTASTSCheck off', 'ServerName main.example', 'Listen 127.0.0.1:1',
        "PidFile $base.pid", "ErrorLog $base.log", "DefaultRuntimeDir $v->{t_logs}");
    open my $fh, '>', "$base.conf" or die "$base.conf: $!";
    print $fh join "\n", @head, ('') x (99 - @head), $lines, '';
    close $fh;
    my $httpd = MTASTS::Tree::httpd();
    my $rc = system "'$httpd' -d '$v->{serverroot}' -f '$base.conf' -t @args >$base.out 2>$base.err";
    return ($rc >> 8, slurp("$base.out"), slurp("$base.err"), "$base.conf");
}

sub slurp {
    my ($file) = @_;
    open my $fh, '<', $file or die "$file: $!";
    local $/;
    return <$fh> // '';
}

sub write_file {
    my ($file, @parts) = @_;
    open my $fh, '>:raw', $file or die "$file: $!";
    print $fh @parts;
    close $fh or die "$file: $!";
    return;
}

# Waits until a condition holds; what it returned at last.  The bound is there
# so that a test ends, and far above what the slowest machine takes: no test is
# one of the clock.
use constant PATIENCE => 300;

sub wait_for {
    my ($condition) = @_;
    my ($result, $began) = (undef, time);
    until ($result = $condition->()) {
        return $result if time > $began + PATIENCE;
        # What takes long is worth no busy waiting, and others have their tests, too.
        select undef, undef, undef, time > $began + 2 ? 0.3 : 0.05;
    }
    return $result;
}

1;
