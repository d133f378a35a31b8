# The C tests of the ledger, t/unit-store, where they need more than `make unit`
# has: PostgreSQL, a disk that is full, a user without root's rights.
use strict;
use warnings FATAL => 'all';
use Apache::Test;
use Apache::TestUtil;
use lib Apache::Test::vars('serverroot') . '/lib';
use MTASTS::Config ();
use MTASTS::Postgres;
use MTASTS::Process qw(new_directory);

my $binaries = Apache::Test::vars('serverroot') . '/unit-store';
my $tmpfs = !$> && system('unshare -m mount -t tmpfs none /mnt 2>/dev/null') == 0;
my $postgres = MTASTS::Postgres::is_there();
plan tests => ($> ? 2 : 0) + ($tmpfs ? 2 : 0) + ($postgres ? 10 : 0),
    need { 'PostgreSQL and its driver for httpd, or something else to do' => sub { $> || $tmpfs || $postgres } };

# Runs one: that it ends well, and as many tests as it planned; else what failed.
sub run {
    my ($name, @command) = @_;
    my $output = new_directory('store') . '/output';
    my $rc = system(join(' ', map {"'$_'"} @command) . " >'$output' 2>&1");
    my $said = MTASTS::Config::slurp($output);
    print map {"# $_\n"} grep {/^(?:not ok|#|Bail)|error/i} split /\n/, $said if $rc;
    ok t_cmp($rc, 0, "$name: all is well");
    my ($planned) = $said =~ /^1\.\.(\d+)$/m;
    ok t_cmp(scalar(() = $said =~ /^ok /mg) || 'none', $planned // 'no plan', "$name: to the end");
    return;
}

run('rights', "$binaries/failures") if $>;

if ($tmpfs) {
    my $disk = new_directory('disk');
    run('full disk', qw(unshare -m sh -c), 'mount -t tmpfs -o size=200k,mode=0700 none "$0" && exec "$@" "$0"', $disk, "$binaries/failures");
}

if ($postgres) {
    my $dir = MTASTS::Postgres::directory();
    my $params = MTASTS::Postgres::start($dir);
    run("PostgreSQL, $_", "$binaries/$_", 'pgsql', $params) for qw(ledger plan fetches documents);
    # It ends the server.
    run('a server that goes away', "$binaries/remote", $params, MTASTS::Postgres::pid_of($dir));
    MTASTS::Postgres::stop($dir);
}
