package MTASTS::Publish;

# Runs a publish command as httpd's watch does: as User, in a session of its own,
# with no other environment, and the record as JSON on standard input.
use strict;
use warnings FATAL => 'all';
use Apache::Test ();
use Exporter 'import';
use JSON::PP ();
use MTASTS::Config;
use MTASTS::Process;
use POSIX ();
our @EXPORT = qw(run_command begin_command end_command command_path give_to_user as_zone_file from_zone_file only_programs);

# Who User is.
my ($uid, $gid) = $> ? ($>, $) + 0) : (getpwnam 'nobody')[2, 3];
sub give_to_user { chown $uid, $gid, @_; return @_ }

sub command_path { my ($name) = @_; return Apache::Test::vars('serverroot') . "/shipped/publish/$name" }

sub environment {
    my (%of) = @_;
    my %env = (DOMAIN => 'example.test', NAME => '_mta-sts.example.test.', TYPE => 'TXT', VALUE => 'v=STSv1; id=new1;',
        OLD_VALUE => '', TTL => 300, ID => 'new1', map { /^[A-Z_]+$/ ? ($_ => $of{$_}) : () } keys %of);
    delete $env{PATH};
    return (PATH => $of{PATH} // $ENV{PATH}, map { ("MTASTS_$_" => $env{$_}) } grep { defined $env{$_} } keys %env);
}

# begin_command($name, {VALUE => ..., OLD_VALUE => ..., PATH => ...}, @arguments):
# an undefined variable is not there.
my $count = 0;
sub begin_command {
    my ($name, $of, @args) = @_;
    my %env = environment(%$of);
    my $err = Apache::Test::vars('t_logs') . "/publish-$$-" . ++$count;
    my %json = map { lc(s/MTASTS_//r) => $env{$_} } grep {/^MTASTS_/} keys %env;
    MTASTS::Config::write_file("$err.json", JSON::PP->new->utf8->encode({version => 1, event => 'publish', server => 'httpd.test',
        time => time, zone_value => as_zone_file($env{MTASTS_VALUE} // ''), %json}));
    defined(my $pid = fork) or die "fork: $!";
    if (!$pid) {
        POSIX::setsid();
        open STDIN, '<', "$err.json";
        open STDOUT, '>', '/dev/null';
        open STDERR, '>', "$err.err";
        if (!$>) {
            $) = "$gid $gid";
            $( = $gid;
            ($<, $>) = ($uid, $uid);
        }
        %ENV = %env;
        no warnings 'exec';
        exec {command_path($name)} command_path($name), @args or POSIX::_exit(127);
    }
    return {pid => $pid, err => "$err.err"};
}

# What it ended with: status (or 'signal N'), all it has said, and the last line of that.
sub end_command {
    my ($run) = @_;
    wait_for(sub { waitpid($run->{pid}, POSIX::WNOHANG()) == $run->{pid} }) or do {
        kill KILL => -$run->{pid};
        waitpid $run->{pid}, 0;
        die "a publish command has not ended\n";
    };
    my $status = $? & 127 ? 'signal ' . ($? & 127) : $? >> 8;
    my $said = MTASTS::Config::slurp($run->{err});
    my @lines = grep {/\S/} split /\n/, $said;
    return {status => $status, said => $said, last => $lines[-1] // ''};
}

sub run_command { return end_command(begin_command(@_)) }

# A directory with these programs of the PATH, for use as one.
sub only_programs {
    my (@names) = @_;
    my $dir = new_directory('programs');
    chmod 0755, $dir;
    for my $name (@names) {
        my ($at) = grep {-x} map {"$_/$name"} split /:/, $ENV{PATH} or die "no $name";
        symlink $at, "$dir/$name" or die "$dir/$name: $!";
    }
    return $dir;
}

# A value as zone files have it, and back; written again, not as the commands do.
sub as_zone_file {
    my ($value) = @_;
    return join ' ', map { '"' . s/(["\\])/\\$1/gr =~ s/([^ -~])/sprintf '\\%03d', ord $1/ger . '"' } $value =~ /(.{1,255})/gs;
}

sub from_zone_file {
    my ($text) = @_;
    return join '', map { s/\\(?:(\d{3})|(.))/defined $1 ? chr $1 : $2/gesr } $text =~ /"((?:[^"\\]|\\.)*)"/gs;
}

1;
