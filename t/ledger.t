# A ledger that can't be read or written: httpd serves and checks all the same,
# says what is wrong, overwrites nothing, and goes on with it once it is mended.
use strict;
use warnings FATAL => 'all';
use Apache::Test;
use Apache::TestUtil;
use Digest::SHA ();
use lib Apache::Test::vars('serverroot') . '/lib';
use MTASTS::Config;
use MTASTS::DNS;
use MTASTS::Httpd;
use MTASTS::Process;

# Each gets the server's state directory and the ledger's file, after the server
# was stopped, and returns how to mend it.
sub keeping { my ($file) = @_; my $was = MTASTS::Config::slurp($file); return sub { overwrite($file, $was) } }
# In place: owner and rights stay.
sub overwrite {
    my ($file, $bytes) = @_;
    open my $fh, '+<:raw', $file or die "$file: $!";
    print $fh $bytes or die "$file: $!";
    truncate $fh, length $bytes or die "$file: $!";
    close $fh or die "$file: $!";
    return;
}
sub change {
    my ($by) = @_;
    return sub {
        my ($dir, $file) = @_;
        my $mend = keeping($file);
        overwrite($file, $by->(MTASTS::Config::slurp($file)));
        return $mend;
    };
}
sub modes {
    my (%mode) = @_;
    return sub {
        my ($dir, $file) = @_;
        my %path = (dir => $dir, file => $file);
        my %was = map { $_ => (stat $path{$_})[2] & 07777 } keys %mode;
        chmod $mode{$_}, $path{$_} for keys %mode;
        return sub { chmod $was{$_}, $path{$_} for keys %was };
    };
}
sub owner {
    my ($which) = @_;
    return sub {
        my %path = (dir => $_[0], file => $_[1]);
        my ($uid, $gid) = (stat $path{$which})[4, 5];
        chown 0, 0, $path{$which};
        return sub { chown $uid, $gid, $path{$which} };
    };
}
# Something else in place of the file, or of the directory.
sub in_place {
    my ($which, $make) = @_;
    return sub {
        my %path = (dir => $_[0], file => $_[1]);
        my $at = $path{$which};
        rename $at, "$at.aside" or die "$at: $!";
        $make->($at, "$at.aside");
        return sub { -d $at && !-l $at ? rmdir $at : unlink $at; rename "$at.aside", $at or die "$at: $!" };
    };
}
# Another process that holds the lock.
sub lock_it {
    my (undef, $file) = @_;
    my $pid = open my $to, '|-', 'sqlite3', $file or die "sqlite3: $!";
    syswrite $to, "BEGIN EXCLUSIVE;\n.shell touch '$file.locked'\n";
    wait_for(sub { -e "$file.locked" }) or die "$file: no lock";
    unlink "$file.locked";
    return sub { close $to };
}
sub newer {
    my ($dir, $file) = @_;
    my $mend = keeping($file);
    system('sqlite3', $file, NEWER_SCHEMA()) == 0 or die 'sqlite3';
    return $mend;
}
sub NEWER_SCHEMA { return "UPDATE mtasts_meta SET value = '1000' WHERE name = 'schema'" }

# [name, how it is broken, words, what httpd -t makes of it: `refuses` if
# MTASTSStateDir is wrong]
my @ways = (
    ['garbage', change(sub { my ($was) = @_; return substr($was, 0, 100) . pack('C*', map { $_ * 37 % 256 } 1 .. 8000) . substr $was, 8100 }), qr/corrupt|malformed|damaged/i],
    ['cut', change(sub { return substr $_[0], 0, 5000 }), qr/corrupt|malformed|damaged/i],
    ['text', change(sub { return "This is no database.\n" x 200 }), qr/not a (?:SQLite )?database/i],
    ['newer', \&newer, qr/newer/],
    ['read-only', modes(dir => 0555, file => 0444), qr/read-?only|written|permission/i],
    ['unreadable', modes(file => 0000), qr/permission|opened|read/i],
    ['symlink', in_place('file', sub { my ($at, $aside) = @_; symlink $aside, $at or die $! }), qr/symbolic link/],
    ['dir-symlink', in_place('dir', sub { my ($at, $aside) = @_; symlink $aside, $at or die $! }), qr/symbolic link/, 'refuses'],
    ['directory', in_place('file', sub { mkdir $_[0] or die $! }), qr/./],
    ['dir-file', in_place('dir', sub { MTASTS::Config::write_file($_[0], 'a file') }), qr/directory/, 'refuses'],
    ['locked', \&lock_it, qr/lock|busy/],
);
# For root's httpd, which runs as nobody.
push @ways, ['owner', sub { my $mend = modes(file => 0600)->(@_); my $back = owner('file')->(@_); return sub { $back->(); $mend->() } }, qr/permission|opened|owner|belongs/i],
    ['dir-owner', owner('dir'), qr/permission|opened|owner|belongs/i],
    # All can read it.
    ['dir-reads', sub { my $mend = modes(dir => 0755)->(@_); my $back = owner('dir')->(@_); return sub { $back->(); $mend->() } }, qr/the directory may not be written to/] if !$>;
my $tmpfs = !$> && system('unshare -m mount -t tmpfs none /mnt 2>/dev/null') == 0;
plan tests => 12 * @ways + 11 + ($tmpfs ? 9 : 0), need {
    'a server with children (not -one-process)' => sub { !$ENV{VALGRIND} },
};

my $dns = named(test => <<'END');
$TTL 0
@ IN SOA ns h 1 2 3 4 5
@ IN NS ns
ns IN A 127.0.0.1
good IN MX 10 mx.good
wrong IN MX 10 mx.wrong
mta-sts.good IN A 127.0.0.1
mta-sts.wrong IN A 127.0.0.1
END
sub configure {
    my ($h, $mode) = @_;
    return $h->configure("MTASTSResolver 127.0.0.1:$dns", 'MTASTSCheckTimeout 20s', 'MTASTSWatchInterval 1m', 'MTASTSProbeHost Off', 'MTASTSProbeMX Off',
        'StartServers 1', $h->vhost('good.test', "MTASTSMode $mode\nMTASTSMX mx.good.test"), $h->vhost('wrong.test', 'MTASTSMX other.wrong.test'));
}
# All that is there, as it is: names, rights, owners, contents.
sub fingerprint {
    my ($path) = @_;
    my @s = lstat $path or return "$path: none";
    my $what = -l _ ? readlink $path : -d _ ? join(' ', map { fingerprint($_) } sort glob "'$path'/*") : !-r _ ? 'secret' : Digest::SHA->new(256)->addfile($path, 'b')->hexdigest;
    # SQLite's own, which come and go.
    return $path =~ /-(?:journal|wal|shm)$/ ? '' : sprintf '%s %o %d %s', $path =~ m{([^/]*)$}, @s[2, 4], $what;
}
sub unavailable { my ($document) = @_; return grep { $_->{code} eq 'ledger-unavailable' } map({@{$_->{findings}}} @{$document->{policies}}), @{$document->{findings}} }

# --- broken while the server is stopped ---

my (%h, %mend);
for (@ways) {
    my ($name, $break, $words, $at_test) = (@$_, '');
    my $h = $h{$name} = configure(MTASTS::Httpd->new("ledger-$name"), 'testing')->start();
    ok t_cmp($h->remembers('good.test', 'wrong.test'), 1, "$name: it was right");
    $h->stop();
    # Where the stop met a write, SQLite has something to take back, for which it
    # must be able to write.
    $h->sql('SELECT COUNT(*) FROM mtasts_meta');
    $mend{$name} = $break->($h->{state}, $h->ledger());
    my @before = map { fingerprint($_) } $h->{state}, grep {-e} "$h->{state}.aside";
    configure($h, 'enforce')->start();
    ok t_cmp($h->policy('good.test'), 'enforce 604800 mx.good.test', "$name: serves what is configured");
    ok t_cmp($h->says(qr/mtasts:warn.*ledger-unavailable: /), 1, "$name: said");
    my ($said) = $h->said() =~ /(ledger-unavailable: .*)/;
    ok t_cmp($said // '', $words, "$name: and why");
    ok t_cmp($h->says(qr/mtasts: wrong\.test: mx-unmatched: /), 1, "$name: checks go on");
    my ($rc, undef, $err) = $h->test();
    ok t_cmp($rc, $at_test eq 'refuses' ? 1 : 0, "$name: httpd -t");
    my ($f, @more) = unavailable($h->dump_json());
    ok t_cmp(join(' ', map { $_->{severity} } grep {defined} $f, @more), $at_test ? '' : 'warning', "$name: in the dump, once");
    ok t_cmp($f ? "$f->{text} $f->{remedy}" : $err, $words, "$name: in the dump, why");
    # What it can read it has read.
    ok t_cmp($f ? $f->{text} =~ /^what httpd serves can't be written down: / ? 1 : 0 : 0, $name =~ /^(?:read-only|dir-reads)$/ ? 1 : 0, "$name: in the dump, what follows");
    ok t_cmp(join("\n", map { fingerprint($_) } $h->{state}, grep {-e} "$h->{state}.aside"), join("\n", @before), "$name: nothing is overwritten");
}
# All at once: each needs a run of the watch.
$_->() for values %mend;
for (@ways) {
    my ($name) = @$_;
    my $h = $h{$name};
    ok t_cmp($h->remembers_policy('good.test', 'enforce'), 1, "$name: goes on with it");
    $h->stop();
    ok t_cmp($h->trouble(), '', "$name: nothing crashed");
}
ok t_cmp(join(' ', map { $_->[0] } grep { unavailable($h{$_->[0]}->dump_json()) } @ways), '', 'mended: not said any more');

# --- it goes away under a running server ---

my $h = configure(MTASTS::Httpd->new('ledger-gone'), 'testing')->start();
ok t_cmp($h->remembers('good.test'), 1, 'removed: it was right');
rename $h->{state}, "$h->{state}.aside" or die $!;
configure($h, 'enforce')->graceful();
ok t_cmp(wait_for(sub { $h->policy('good.test') eq 'enforce 604800 mx.good.test' }), 1, 'removed: serves');
ok t_cmp($h->remembers_policy('good.test', 'enforce'), 1, 'removed: made anew');
$h->stop();
ok t_cmp($h->trouble(), '', 'removed: nothing crashed');

# Off: nothing is said, made or read.
my $off = MTASTS::Httpd->new('ledger-off');
MTASTS::Config::write_file($off->{conf}, MTASTS::Config::slurp(configure($off, 'testing')->{conf}), "\nMTASTSLedger Off\n");
$off->start();
ok t_cmp($off->says(qr/mtasts: wrong\.test: mx-unmatched: /), 1, 'Off: checks go on');
ok t_cmp(scalar(unavailable($off->dump_json())), 0, 'Off: that is as it is meant');
$off->stop();
ok t_cmp(-e $off->{state} ? 'made' : 'none', 'none', 'Off: no directory');

# --- one process, as for a debugger ---

my $alone = MTASTS::Httpd->new('ledger-alone');
configure($alone, 'testing')->start_alone('good.test');
ok t_cmp($alone->remembers('good.test'), 1, 'httpd -X: remembers');
$alone->stop();
ok t_cmp($?, 0, 'httpd -X: ends as it should');
# The watch waits for the lock when it is asked to end.
my $file = $alone->ledger();
my $unlock = lock_it(undef, $file);
$alone->start_alone('good.test');
wait_for(sub { grep { (readlink // '') eq $file } glob "/proc/$alone->{pid}/fd/*" }) if -d '/proc/self/fd';
$alone->stop();
ok t_cmp($?, 0, 'httpd -X: also while the ledger is locked');
$unlock->();

# --- a full disk ---

if ($tmpfs) {
    my $disk = new_directory('disk');
    my $full = MTASTS::Httpd->new('ledger-full', state => "$disk/state",
        under => ['unshare', '-m', 'sh', '-c', 'mount -t tmpfs -o size=1m,mode=755 none "$0" && exec "$@"', $disk]);
    configure($full, 'testing')->start();
    my $inside = "/proc/$full->{pid}/root$disk";
    ok t_cmp(-d "$inside/state" ? 1 : 0, 1, 'full: on a disk of its own');
    ok t_cmp($full->remembers('good.test'), 1, 'full: it was right');
    open my $fh, '>', "$inside/fill" or die $!;
    $fh->autoflush(1);
    1 while syswrite $fh, 'x' x 512;
    close $fh;
    configure($full, 'enforce')->graceful();
    ok t_cmp(wait_for(sub { $full->policy('good.test') eq 'enforce 604800 mx.good.test' }), 1, 'full: serves what is configured');
    ok t_cmp($full->says(qr/mtasts:warn.*ledger-unavailable: .*full/), 1, 'full: said');
    ok t_cmp($full->says(qr/finding.* as logged|mtasts: wrong\.test: mx-unmatched: /), 1, 'full: checks go on');
    ok t_cmp(join(' ', map { $_->{domain} } @{$full->dump_json()->{policies}}), 'good.test wrong.test', 'full: the dump');
    unlink "$inside/fill" or die $!;
    ok t_cmp($full->remembers_policy('good.test', 'enforce'), 1, 'full: goes on once there is room');
    ok t_cmp(scalar(unavailable($full->dump_json())), 0, 'full: not said any more');
    $full->stop();
    ok t_cmp($full->trouble(), '', 'full: nothing crashed');
}
