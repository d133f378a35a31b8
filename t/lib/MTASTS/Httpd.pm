package MTASTS::Httpd;

# A private httpd for a test, with a ledger and an error log of its own.  It ends
# with the test.  What is waited for is looked for in what was logged since
# mark(), and since the last start() or graceful() that was asked for.
use strict;
use warnings FATAL => 'all';
use Apache::Test ();
use IO::Socket::INET;
use IO::Socket::SSL ();
use JSON::PP ();
use Time::Local qw(timelocal);
use MTASTS::Config qw(wait_for);
use MTASTS::Process qw(new_directory wait_until_up);
use MTASTS::Tree;

# httpd, under a name for its directory.  o: under => [command that runs it],
# state => where MTASTSStateDir is, other than `state` in its directory; address,
# port and tls => where it listens.
sub new {
    my ($class, $name, %o) = @_;
    my $dir = new_directory($name);
    my $port = MTASTS::Tree::free_ports(2);
    return bless {name => $name, dir => $dir, address => '127.0.0.1', port => $port, tls => $port + 1, conf => "$dir/httpd.conf",
        log => "$dir/error_log", state => "$dir/state", mark => 0, under => [], %o}, $class;
}

# The configuration that is read next: lines of the main server, then virtual
# hosts, as of vhost().
sub configure {
    my ($self, @lines) = @_;
    my $v = Apache::Test::vars();
    my @user = $> ? () : ('User nobody', 'Group ' . getgrgid((getpwnam 'nobody')[3]));
    MTASTS::Config::write_file($self->{conf}, join "\n", "Include $v->{t_conf}/modules.conf", @user, 'ServerName main.example',
        "Listen $self->{address}:$self->{port}", "Listen $self->{address}:$self->{tls}", 'TypesConfig /dev/null', "PidFile $self->{dir}/pid",
        "ErrorLog $self->{log}", "DefaultRuntimeDir $self->{dir}", 'LogLevel info', 'StartServers 2', 'ServerLimit 4',
        'ThreadsPerChild 8', 'MaxRequestWorkers 32', 'MinSpareThreads 1', 'MaxSpareThreads 32',
        'MTASTSLedger sqlite3', "MTASTSStateDir \"$self->{state}\"", @lines, '');
    return $self;
}

# The virtual host of a policy domain, plain unless `tls` names a certificate
# without .crt and .key.
sub vhost {
    my ($self, $domain, $lines, $tls) = @_;
    $self->{by_tls}{$domain} = $tls;
    return join "\n", "<VirtualHost $self->{address}:" . $self->{$tls ? 'tls' : 'port'} . '>', "ServerName mta-sts.$domain",
        ($tls ? ('SSLEngine on', "SSLCertificateFile \"$tls.crt\"", "SSLCertificateKeyFile \"$tls.key\"") : ()),
        'MTASTSEngine On', $lines, '</VirtualHost>';
}

# --- its life ---

# Waits until it serves; dies with what it said if it doesn't.
sub start {
    my ($self) = @_;
    $self->mark();
    my $ups = $self->ups();
    $self->{pid} = MTASTS::Process::start("httpd $self->{name}", "$self->{dir}/out", @{$self->{under}}, $self->command(), '-DFOREGROUND');
    wait_until_up($self->{pid}, sub { $self->ups() > $ups }, "$self->{dir}/out", $self->{log});
    return $self;
}

# The same as one process (-X); serves this domain.
sub start_alone {
    my ($self, $domain) = @_;
    $self->mark();
    $self->{pid} = MTASTS::Process::start("httpd $self->{name}", "$self->{dir}/out", $self->command(), '-X');
    wait_until_up($self->{pid}, sub { $self->get($domain) }, "$self->{dir}/out", $self->{log});
    return $self;
}

# Waits until the new configuration is served.
sub graceful {
    my ($self) = @_;
    $self->mark();
    my $ups = $self->ups();
    kill USR1 => $self->{pid} or die "no httpd $self->{name}";
    wait_for(sub { $self->ups() > $ups }) or die "no graceful restart of httpd $self->{name}: " . $self->said();
    return $self;
}

# $? is how it ended.
sub stop {
    my ($self) = @_;
    MTASTS::Process::stop(delete $self->{pid}) if $self->{pid};
    return $self;
}

# Ends all its processes at once and without a word, as a machine that loses its
# power does.
sub crash {
    my ($self) = @_;
    my @all = ($self->{pid} ? ($self->{pid}, $self->children()) : (), @{delete $self->{orphans} || []});
    kill KILL => @all;
    MTASTS::Process::stop(delete $self->{pid}) if $self->{pid};
    $self->{killed} = 1;
    wait_for(sub { !grep {is_running($_)} @all }) or die "httpd $self->{name} survives SIGKILL";
    # A process counts as ended before the last of its threads has let go.
    wait_for(sub { !grep { !$self->is_free($_) } $self->{port}, $self->{tls} }) or die "httpd $self->{name} keeps its ports";
    return $self;
}

# Ends the process that the administrator has started without a word; its children
# serve on, until crash().
sub crash_parent {
    my ($self) = @_;
    $self->{orphans} = [$self->children()];
    my $pid = delete $self->{pid};
    kill KILL => $pid;
    MTASTS::Process::stop($pid);
    return $self;
}

sub is_free { my ($self, $port) = @_; return IO::Socket::INET->new(LocalAddr => $self->{address}, LocalPort => $port, Listen => 1, ReuseAddr => 1) }

# Ends its children without a word: the watch's among them, whichever it is.
# Waits until others are there.
sub crash_children {
    my ($self) = @_;
    my %was = map { $_ => 1 } $self->children();
    kill KILL => keys %was;
    $self->{killed} = 1;
    wait_for(sub { grep { !$was{$_} } $self->children() }) or die "httpd $self->{name} has no children any more";
    return $self;
}

sub children { my ($self) = @_; return children_of($self->{pid}) }

sub children_of {
    my ($pid) = @_;
    return grep { status_of($_) =~ /^PPid:\s+$pid$/m } map {m{(\d+)}} glob '/proc/[0-9]*';
}

sub is_running { my ($pid) = @_; return status_of($pid) =~ /^State:\s+[^ZX\s]/m }

sub status_of {
    my ($pid) = @_;
    open my $fh, '<', "/proc/$pid/status" or return '';
    local $/;
    return <$fh> // '';
}

# --- httpd -t ---

sub command { my ($self) = @_; return (MTASTS::Tree::httpd(), '-d', Apache::Test::vars('serverroot'), '-f', $self->{conf}) }

# httpd with arguments; its exit status, standard output, standard error.
sub httpd {
    my ($self, @args) = @_;
    my ($out, $err) = map {"$self->{dir}/$_"} qw(t.out t.err);
    # Where a server runs in a world of its own, that is the world that counts.
    my @in = @{$self->{under}} ? ('nsenter', '-t', $self->{pid}, '-m', '-n') : ();
    my $command = join ' ', map {"'$_'"} @in, $self->command(), @args;
    my $rc = system "$command >'$out' 2>'$err'";
    return ($rc >> 8, MTASTS::Config::slurp($out), MTASTS::Config::slurp($err));
}
sub test { my ($self) = @_; return $self->httpd('-t') }

# The JSON dump; undef, with what httpd said as a comment, if it is none.
sub dump_json {
    my ($self) = @_;
    my ($rc, $out, $err) = $self->httpd('-t', '-D', 'DUMP_MTASTS_JSON');
    return eval { JSON::PP::decode_json($out) } // do { print map {"# $_\n"} split /\n/, "no JSON: $out$err"; {policies => []} };
}
sub dump_text { my ($self) = @_; return ($self->httpd('-t', '-D', 'DUMP_MTASTS'))[1] }

# Of the text dump what is said on a domain.
sub dump_of {
    my ($self, $domain, $text) = @_;
    return ($text // $self->dump_text()) =~ /^(\Q$domain\E\n(?:[ ;_].*\n)*)/m ? $1 : '';
}

# --- its error log ---

sub mark { my ($self) = @_; $self->{mark} = length $self->log_text(); return $self }
sub log_text { my ($self) = @_; return -e $self->{log} ? MTASTS::Config::slurp($self->{log}) : '' }
sub said { my ($self) = @_; return substr $self->log_text(), $self->{mark} }
sub ups { my ($self) = @_; return scalar(() = $self->log_text() =~ /resuming normal operations/g) }

# Waits until that is in the log; 1, or what was said instead.
sub says {
    my ($self, $pattern) = @_;
    return wait_for(sub { $self->said() =~ $pattern }) ? 1 : $self->said();
}

# The second at which that was said first.
sub said_at {
    my ($self, $pattern) = @_;
    my ($line) = grep { $_ =~ $pattern } $self->said() =~ /(.+)\n/g;
    my ($month, $day, $hour, $min, $sec, $year) = ($line // '') =~ /^\[\w+ (\w+) +(\d+) (\d+):(\d+):(\d+)[.\d]* (\d+)\]/ or die "no line with $pattern";
    return timelocal($sec, $min, $hour, $day, index('JanFebMarAprMayJunJulAugSepOctNovDec', $month) / 3, $year);
}

# True if all its processes ended when they were asked to; httpd kills those
# that don't.
sub ended_when_asked { my ($self) = @_; return $self->log_text() !~ /sending a SIGKILL|could not make child process/ }

# What must never be in a log, unless crash() did it.
sub trouble {
    my ($self) = @_;
    my $killed = $self->{killed} ? qr/exit signal Killed \(9\)/ : qr/(?!)/;
    return join '', grep { $_ !~ $killed && /exit signal|Segmentation fault|Assertion.*failed|pool concurrency check|runtime error:/ }
        $self->log_text() =~ /(.*\n)/g;
}

# --- what it answers ---

# The answer to a request for a domain's policy, or '' if nobody is there.
sub get {
    my ($self, $domain) = @_;
    my %to = (PeerAddr => $self->{address}, PeerPort => $self->{port}, Timeout => 60);
    %to = (%to, PeerPort => $self->{tls}, SSL_verify_mode => 0, SSL_hostname => "mta-sts.$domain") if $self->{by_tls}{$domain};
    my $s = ($self->{by_tls}{$domain} ? 'IO::Socket::SSL' : 'IO::Socket::INET')->new(%to) or return '';
    print $s "GET /.well-known/mta-sts.txt HTTP/1.0\r\nHost: mta-sts.$domain\r\n\r\n";
    local $/;
    return <$s> // '';
}

# In short: "404", or "MODE MAX_AGE MX MX" of the policy.
sub policy {
    my ($self, $domain) = @_;
    my $answer = $self->get($domain);
    my ($status) = $answer =~ m{^HTTP/1\.1 (\d+)};
    return $status // 'none' if ($status // 0) != 200;
    return join ' ', $answer =~ /^mode: (\w+)/m, $answer =~ /^max_age: (\d+)/m, $answer =~ /^mx: (\S+?)\r?$/mg;
}
sub etag { my ($self, $domain) = @_; return $self->get($domain) =~ /^ETag: (\S+?)\r?$/m ? $1 : '' }

# --- its ledger ---

# What it knows that senders may hold of a domain's policies, as in the dump;
# without an argument of all: domain => [policy].
sub held {
    my ($self, $domain) = @_;
    my %of = map { $_->{domain} => $_->{held} || [] } @{$self->dump_json()->{policies}};
    return defined $domain ? @{$of{$domain} || []} : %of;
}

# Waits until it remembers that it serves the domains; 1, or which it doesn't.
sub remembers {
    my ($self, @domains) = @_;
    my @missing;
    return wait_for(sub {
        my %held = $self->held();
        @missing = grep { my $d = $_; !grep { $_->{served_now} } @{$held{$d} || []} } @domains;
        return !@missing;
    }) ? 1 : "@missing";
}

# The same of a domain's policy in that mode.
sub remembers_policy {
    my ($self, $domain, $mode) = @_;
    my @held;
    return wait_for(sub { grep { $_->{served_now} && $_->{mode} eq $mode } @held = $self->held($domain) }) ? 1
        : join ', ', map {"$_->{mode} until $_->{until}"} @held;
}

# The file that SQLite has in the state directory.
sub ledger {
    my ($self) = @_;
    my @files = grep {is_database($_)} glob "'$self->{state}'/*";
    die "$self->{state}: not one ledger: @files" if @files != 1;
    return $files[0];
}

# A journal may be gone by now.
sub is_database {
    my ($file) = @_;
    open my $fh, '<', $file or return 0;
    read $fh, my $begins, 16;
    return ($begins // '') eq "SQLite format 3\0";
}

# SQL on it; the lines that come out.
sub sql {
    my ($self, $sql) = @_;
    open my $from, '-|', 'sqlite3', '-cmd', '.timeout 10000', $self->ledger(), $sql or die "sqlite3: $!";
    my @lines = <$from>;
    close $from or die "sqlite3: $sql: $?";
    chomp @lines;
    return @lines;
}

# So many seconds pass, as far as the ledger knows: all that it has seen was that
# much earlier.  Only while httpd is stopped.
my @times = qw(first_served last_served served_until said_at released_at since last_seen said happened_at
    green_since looked_at next_at served_since first_fetched last_fetched);
sub pass_time {
    my ($self, $seconds) = @_;
    my $names = join ', ', map {"'$_'"} @times;
    my @columns = $self->sql("SELECT m.name || ' ' || c.name FROM sqlite_master m, pragma_table_info(m.name) c WHERE m.type = 'table' AND c.name IN ($names)");
    my %there = map { (split)[1] => 1 } @columns;
    die 'the ledger has other columns' if grep { !$there{$_} } @times;
    $self->sql(join ' ', 'BEGIN;', map({ my ($table, $column) = split; "UPDATE \"$table\" SET \"$column\" = \"$column\" - $seconds WHERE \"$column\" > 0;" } @columns), 'COMMIT;');
    return $self;
}

1;
