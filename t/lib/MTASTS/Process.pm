package MTASTS::Process;

# Servers that a test starts: they end with it, also when it dies or gets a
# signal.
use strict;
use warnings FATAL => 'all';
use Apache::Test ();
use Exporter 'import';
use MTASTS::Config;
our @EXPORT = qw(start wait_until_up stop new_directory);

my $owner = $$;
my %running; # PID => name

END {
    if ($$ == $owner && %running) {
        my $status = $?;
        stop(keys %running);
        $? = $status;
    }
}

# Starts a program; what it writes goes to a file.  Its PID.
sub start {
    my ($name, $output, @command) = @_;
    $SIG{$_} ||= sub { exit 1 } for qw(INT TERM HUP); # so that END runs
    defined(my $pid = fork) or die "fork: $!";
    if (!$pid) {
        $SIG{$_} = 'DEFAULT' for qw(INT TERM HUP);
        open STDIN, '<', '/dev/null';
        open STDOUT, '>', $output;
        open STDERR, '>&', \*STDOUT;
        no warnings 'exec';
        exec @command or do { print STDERR "@command: $!\n"; require POSIX; POSIX::_exit(127) };
    }
    $running{$pid} = $name;
    return $pid;
}

# Waits until a server answers; dies with what it wrote if it ended.
sub wait_until_up {
    my ($pid, $up, @logs) = @_;
    my ($ended, $is_up);
    wait_for(sub { $ended = waitpid($pid, 1) == $pid; $ended || ($is_up = $up->()) });
    return if $is_up;
    my $name = $ended ? delete $running{$pid} : $running{$pid};
    die join '', "$name does not answer\n", map { MTASTS::Config::slurp($_) } grep {-e} @logs;
}

# Ends what start() started, and waits until it is gone.
sub stop {
    my @pids = grep { delete $running{$_} } @_;
    kill TERM => @pids;
    waitpid $_, 0 for @pids;
    return;
}

# A directory of one's own beside the other logs.
my $count = 0;
sub new_directory {
    my ($name) = @_;
    my $dir = Apache::Test::vars('t_logs') . "/$name-$$-" . ++$count;
    mkdir $dir or die "$dir: $!";
    return $dir;
}

1;
