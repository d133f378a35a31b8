package MTASTS::Postgres;

# A PostgreSQL server for a test: of an ordinary user, in a directory of its own,
# on a Unix socket only.  It ends with the test.
use strict;
use warnings FATAL => 'all';
use Cwd ();
use File::Temp ();
use IO::Handle ();
use MTASTS::Config ();
use POSIX ();

my $owner = $$;
my %running; # PID of the postmaster => its directory
my %frozen;  # PIDs of any of its processes
my @stopped; # directories, kept until the end

END {
    if ($$ == $owner) {
        my $status = $?;
        thaw();
        stop($_) for values %running;
        $? = $status;
    }
}

# Where its programs are; undef if they aren't.
sub programs {
    my @dirs = (reverse(sort glob '/usr/lib/postgresql/*/bin'), glob('/usr/pgsql-*/bin'), split(/:/, $ENV{PATH}));
    my ($dir) = grep { -x "$_/initdb" && -x "$_/postgres" } @dirs;
    return $dir;
}

# True where a test can have one, and httpd and the C tests can use it.
sub is_there { return programs() && grep {-e} glob '/usr/{lib,lib64,lib/*,local/lib}/apr-util-1/apr_dbd_pgsql*.so' }

# It refuses root: there it is nobody's.
sub as_user {
    return $> ? () : ('setpriv', '--reuid=nobody', '--regid=' . getgrgid((getpwnam 'nobody')[3]), '--clear-groups');
}

# A directory for start(): a socket's path must be short, and nobody's way to it
# open.
sub directory {
    my $dir = File::Temp::tempdir('mtasts-pg-XXXXXX', TMPDIR => 1, CLEANUP => 1);
    chown((getpwnam 'nobody')[2, 3], $dir) if !$>;
    return $dir;
}

# Starts one in a directory, whose database is made if it isn't there; parameters
# for libpq.  With settings such as 'port=5433'.
sub start {
    my ($dir, @settings) = @_;
    my $programs = programs() or die 'no PostgreSQL';
    run($dir, "$programs/initdb", '-D', "$dir/data", '-U', 'mtasts', '-A', 'trust', '-E', 'UTF8', '--locale=C.UTF-8', '--no-sync')
        if !-e "$dir/data/PG_VERSION";
    $SIG{$_} ||= sub { exit 1 } for qw(INT TERM HUP); # so that END runs
    my $pid = begin($dir, "$programs/postgres", '-D', "$dir/data", '-k', $dir, '-c', 'listen_addresses=', '-c', 'fsync=off',
        '-c', 'shared_buffers=16MB', '-c', 'dynamic_shared_memory_type=mmap', map({ ('-c', $_) } @settings));
    $running{$pid} = $dir;
    my $until = time + MTASTS::Config::PATIENCE;
    # The last line of its PID file says when it takes connections.
    until (-e "$dir/data/postmaster.pid" && slurp("$dir/data/postmaster.pid") =~ /^$pid\n(?:.*\n)*ready\s*\z/) {
        if (time > $until || waitpid($pid, 1) == $pid) {
            delete $running{$pid} if !kill 0, $pid;
            die "PostgreSQL does not start\n", slurp("$dir/log");
        }
        select undef, undef, undef, 0.05;
    }
    return "host=$dir user=mtasts dbname=postgres";
}

# Ends what start() started in a directory, at once: connections break.
sub stop {
    my ($dir) = @_;
    for my $pid (grep { $running{$_} eq $dir } keys %running) {
        delete $running{$pid};
        kill INT => $pid; # TERM would wait for those that are connected
        kill CONT => $pid;
        waitpid $pid, 0;
    }
    return;
}

# The PID of what runs in a directory.
sub pid_of {
    my ($dir) = @_;
    my ($pid) = grep { $running{$_} eq $dir } keys %running;
    return $pid;
}

# Stops processes of it where they are, until thaw() or the end of the test.
sub freeze {
    my (@pids) = @_;
    @frozen{@pids} = @pids;
    kill STOP => @pids;
    return;
}
sub thaw {
    kill CONT => keys %frozen;
    %frozen = ();
    return;
}

# Holds a table until what it returns goes out of scope.
sub lock_table {
    my ($params, $table) = @_;
    open my $psql, '|-', programs() . '/psql', '-XqAt', '-d', $params, '-o', '/dev/null' or die "psql: $!";
    $psql->autoflush(1);
    print $psql "SET lock_timeout = '300s'; BEGIN; LOCK TABLE $table;\n";
    MTASTS::Config::wait_for(sub { sql($params, "SELECT 1 FROM pg_locks WHERE relation = '$table'::regclass AND mode = 'AccessExclusiveLock' AND granted") })
        or die "no lock on $table";
    return $psql;
}

# The PIDs of those that serve connections, and for which something is true.
sub backends {
    my ($params, $that) = @_;
    return split /\n/, sql($params, "SELECT pid FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND $that");
}

# Runs SQL; what psql says, without decoration.
sub sql {
    my ($params, @sql) = @_;
    my $programs = programs();
    open my $out, '-|', "$programs/psql", '-XqAt', '-v', 'ON_ERROR_STOP=1', '-d', $params, map({ ('-c', $_) } @sql)
        or die "psql: $!";
    local $/;
    my $said = <$out> // '';
    close $out or die "psql: @sql";
    chomp $said;
    return $said;
}

sub begin {
    my ($dir, @command) = @_;
    defined(my $pid = fork) or die "fork: $!";
    if (!$pid) {
        $SIG{$_} = 'DEFAULT' for qw(INT TERM HUP);
        open STDIN, '<', '/dev/null';
        open STDOUT, '>>', "$dir/log";
        open STDERR, '>&', \*STDOUT;
        chdir $dir;
        no warnings 'exec';
        exec as_user(), @command or do { print STDERR "@command: $!\n"; POSIX::_exit(127) };
    }
    return $pid;
}

sub run {
    my ($dir, @command) = @_;
    waitpid begin($dir, @command), 0;
    die "@command failed\n", slurp("$dir/log") if $?;
    return;
}

sub slurp {
    my ($file) = @_;
    open my $fh, '<', $file or return '';
    local $/;
    return <$fh> // '';
}

1;
