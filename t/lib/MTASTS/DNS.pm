package MTASTS::DNS;

# DNS servers for a test, and what is read out of the dumps that use them.
# They end with the test; nothing asks any server but these.
use strict;
use warnings FATAL => 'all';
use Apache::Test ();
use Exporter 'import';
use IO::Select;
use IO::Socket::INET;
use MTASTS::Config;
use MTASTS::Process;
use MTASTS::Tree;
our @EXPORT = qw(named publish bad_server questions check_lines policies findings differs);

# 1 if the server is authority for the zone.
sub is_authority {
    my ($port, $zone) = @_;
    my $s = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $port, Proto => 'udp') or return;
    my $soa = join '', map({ chr(length) . $_ } split /\./, $zone), "\0", pack('nn', 6, 1);
    defined $s->send(pack('n6', 8461, 0, 1, 0, 0, 0) . $soa) or return;
    IO::Select->new($s)->can_read(0.2) or return;
    my $reply = "";
    defined $s->recv($reply, 4096) && length $reply > 12 or return;
    my ($id, $flags, undef, $answers) = unpack 'n4', $reply;
    return $id == 8461 && ($flags & 0x840f) == 0x8400 && $answers == 1;
}

# BIND as authority for zones: name => text (with SOA and NS), which publish() may
# change; its port.  Before them there may be {dir => a directory to make with
# new_directory(), conf => statements of named.conf, zones => {name => options in
# place of that publish() may change it}}.
my %zones_at; # port => [zone]
sub named {
    my $how = ref $_[0] ? shift : {};
    my (%zones) = @_;
    my ($dir, $port) = ($how->{dir} // new_directory('named'), MTASTS::Tree::free_ports(1));
    MTASTS::Config::write_file("$dir/more.conf", $how->{conf}) if $how->{conf};
    my @zones;
    for my $zone (sort keys %zones) {
        my $file = "$dir/$zone.zone";
        open my $fh, '>', $file or die "$file: $!";
        print $fh $zones{$zone};
        close $fh or die "$file: $!";
        # named.sh puts this between quotes.  A zone may be as wrong as those
        # of the world: hosts without address, names that are no host names.
        my $options = $how->{zones}{$zone} // 'allow-update { 127.0.0.1; };';
        push @zones, qq($zone=$file"; check-names ignore; check-integrity no; $options journal "$file.jnl);
    }
    my $pid = start('named', "$dir/sh.log", Apache::Test::vars('serverroot') . '/lib/named.sh', $dir, $port, @zones);
    wait_until_up($pid, sub { !grep { !is_authority($port, $_) } keys %zones }, "$dir/sh.log", "$dir/named.log");
    $zones_at{$port} = [keys %zones];
    return $port;
}

# Changes what a named() says, by a dynamic update for each zone: each argument
# is [name, type, data...] with absolute names and all records that are there
# then, none to remove them; "300 TXT" is a type with a TTL.  They answer when it returns.
sub publish {
    my ($port, @sets) = @_;
    my (%of, %ttl);
    @sets = map { [@$_] } @sets;
    for (@sets) {
        my $ttl = $_->[1] =~ s/^(\d+) // ? $1 : 0;
        $ttl{key(@$_)} = $ttl;
    }
    for my $set (@sets) {
        my ($zone) = sort { length $b <=> length $a } grep { $set->[0] =~ /(?:^|\.)\Q$_\E\.?$/ } @{$zones_at{$port}};
        push @{$of{$zone // die "$set->[0]: in no zone"}}, $set;
    }
    for my $zone (sort keys %of) {
        open my $to, '|-', 'nsupdate', '-t', '10' or die "nsupdate: $!";
        print $to "server 127.0.0.1 $port\nzone $zone\n";
        for (@{$of{$zone}}) {
            my ($name, $type, @data) = @$_;
            my $ttl = $ttl{key($name, $type)};
            print $to "update delete $name $type\n", map {"update add $name $ttl $type $_\n"} @data;
        }
        print $to "send\n";
        close $to or die "nsupdate of $zone: $?";
    }
    my @unlike;
    wait_for(sub {
        my %n = numbers($port, @sets);
        return !(@unlike = grep { ($n{key(@$_)} // 0) != @$_ - 2 } @sets);
    }) or die 'an update is not answered: ' . join ', ', map {"@$_[0, 1]"} @unlike;
    return;
}

sub key { my ($name, $type) = @_; return lc($name =~ s/\.?$/./r) . " $type" }

# How many records there are of each set.
sub numbers {
    my ($port, @sets) = @_;
    open my $from, '-|', 'dig', '@127.0.0.1', '-p', $port, map { ('+noall', '+answer', '+norecurse', @$_[0, 1]) } @sets or die "dig: $!";
    my %n;
    while (<$from>) {
        my ($name, undef, undef, $type) = split;
        $n{key($name, $type)}++ if defined $type;
    }
    close $from or die "dig: $?";
    return %n;
}

# bad-dns.pl, with a behaviour for names that have none; its port.
my %asked; # port => file
sub bad_server {
    my ($behaviour) = @_;
    my $log = new_directory('bad-dns') . '/log';
    my $port = MTASTS::Tree::free_ports(1);
    $asked{$port} = "$log.asked";
    my $pid = start('bad-dns.pl', "$log.out", $^X, Apache::Test::vars('serverroot') . '/lib/bad-dns.pl',
        $port, $asked{$port}, $behaviour // ());
    # UDP is bound before TCP.
    wait_until_up($pid, sub { IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $port, Proto => 'tcp') }, "$log.out");
    return $port;
}

# What a bad_server was asked so far: "name type transport", and forgets it.
sub questions {
    my ($port) = @_;
    return if !-e $asked{$port};
    my @lines = split /\n/, MTASTS::Config::slurp($asked{$port});
    unlink $asked{$port};
    return @lines;
}

# Lines of the main server for a check by servers on these ports; a MTASTSCheck
# of one's own goes behind.  The check drops root's rights, so it needs a User.
sub check_lines {
    my ($timeout, @ports) = @_;
    return join "\n", ($> ? () : ('User nobody', 'Group ' . getgrgid((getpwnam 'nobody')[3]))),
        'MTASTSCheck warn', 'MTASTSResolver ' . join(' ', map {"127.0.0.1:$_"} @ports), "MTASTSCheckTimeout $timeout",
        'MTASTSProbeMX Off', 'MTASTSProbeHost Off', 'SSLEngine on', 'MTASTSEngine On', 'MTASTSPolicyID t1', '';
}

# The policies of a JSON dump: domain => policy.
sub policies { my ($document) = @_; return map { $_->{domain} => $_ } @{$document->{policies}} }

# "severity code" of each finding, once each, in order; but that a vhost without
# a certificate, as many of the tests have, has none.
sub findings {
    my ($policy) = @_;
    my %seen = map { ("$_->{severity} $_->{code}" => 1) } @{$policy->{findings} || []};
    delete $seen{'info cert-unread'};
    return sort keys %seen;
}

# Compares findings with a list "severity code, ...": an item may be a pattern,
# and is optional behind "?".  '' if all is as expected, else the difference.
sub differs {
    my ($expected, @found) = @_;
    my @missing;
    for my $item (split /,\s*/, $expected) {
        my $optional = $item =~ s/^\?//;
        my @rest = grep { !/^(?:$item)$/ } @found;
        push @missing, $item if @rest == @found && !$optional;
        @found = @rest;
    }
    return join '; ', (@missing ? 'missing: ' . join ', ', @missing : ()), (@found ? 'found: ' . join ', ', @found : ());
}

1;
