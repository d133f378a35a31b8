package MTASTS::SMTP;

# MX hosts for a test, on addresses 127.0.0.N (and ::1) of one port: Postfix,
# and a server that misbehaves in what Postfix can't.  They end with the test.
use strict;
use warnings FATAL => 'all';
use Apache::Test ();
use Exporter 'import';
use IO::Select;
use IO::Socket::IP;
use MTASTS::Config;
use MTASTS::Process;
our @EXPORT = qw(postfix maillog bad_smtp smtp_events received most_at_once);

# A server may do more than today's OpenSSL does by itself.
sub old_tls { return Apache::Test::vars('serverroot') . '/lib/old-tls.cnf' }

# 1 if an SMTP server says 220 there, and is left in peace.
sub greets {
    my ($address, $port) = @_;
    my $s = IO::Socket::IP->new(PeerHost => $address, PeerPort => $port, Timeout => 5) or return;
    return if reply($s) !~ /^220 /;
    print $s "QUIT\r\n";
    return reply($s) =~ /^221 /;
}

# What comes, soon.
sub reply {
    my ($s) = @_;
    my $reply = '';
    sysread $s, $reply, 512 if IO::Select->new($s)->can_read(10);
    return $reply;
}

# --- Postfix ---

my $main_cf = <<'END';
compatibility_level = 3.6
myhostname = mx.test
mydestination =
local_recipient_maps =
inet_protocols = all
mynetworks = 127.0.0.0/8
alias_maps =
alias_database =
# No mail, no DNS.
smtpd_peername_lookup = no
smtpd_client_connection_count_limit = 0
smtpd_tls_loglevel = 1
smtpd_relay_restrictions = reject
smtpd_recipient_restrictions = reject
END
my $master_cf = <<'END';
tlsmgr  unix        -  -  n  1000?  1  tlsmgr
postlog unix-dgram  n  -  n  -      1  postlogd
END

# Postfix on a port: each argument is {address => , cert => FILE without .crt
# and .key, tls => 'TLSv1 TLSv1.1', sni => {NAME => FILE, as cert}}; without cert
# it does not offer STARTTLS.  False where that is impossible: not root, no
# Postfix.
my %maillog; # port => [file, length of what was there before the test]
sub postfix {
    my ($port, @at) = @_;
    local $ENV{PATH} = "$ENV{PATH}:/usr/sbin";
    chomp(my $daemons = $> ? '' : `postconf -d -h daemon_directory 2>/dev/null`);
    return if !$daemons || !-x "$daemons/master";
    my $dir = postfix_directory();
    MTASTS::Config::write_file("$dir/conf/master.cf", $master_cf, map { service($dir, $port, $_) } @at);
    # Without -d it makes a process group of its own, which it ends.
    my $pid = start('postfix', "$dir/out", "$daemons/master", '-c', "$dir/conf");
    my @left = @at; # each is asked until it answers, once
    wait_until_up($pid, sub { !(@left = grep { !greets($_->{address}, $port) } @left) }, "$dir/out", "$dir/maillog");
    $maillog{$port} = ["$dir/maillog", 0];
    # Nothing of greets() is left to be logged.
    wait_for(sub { @at <= grep {/: disconnect from/} maillog($port) });
    $maillog{$port}[1] = -s "$dir/maillog";
    return 1;
}

# Its directories and main.cf.
sub postfix_directory {
    my $dir = new_directory('postfix');
    mkdir "$dir/$_" or die "$dir/$_: $!" for qw(conf data spool spool/pid spool/private spool/public);
    my ($uid, $gid) = (getpwnam 'postfix')[2, 3];
    chown $uid, $gid, map {"$dir/$_"} qw(data spool/private spool/public);
    MTASTS::Config::write_file("$dir/conf/main.cf", $main_cf, <<"END");
queue_directory = $dir/spool
data_directory = $dir/data
maillog_file = $dir/maillog
maillog_file_prefixes = $dir
import_environment = MAIL_CONFIG TZ LANG=C OPENSSL_CONF=@{[old_tls()]}
END
    return $dir;
}

# The line of master.cf for an address, with what smtpd has to be told for it.
sub service {
    my ($dir, $port, $at) = @_;
    my %o = (syslog_name => $at->{address}, smtpd_tls_security_level => $at->{cert} ? 'may' : 'none');
    @o{qw(smtpd_tls_cert_file smtpd_tls_key_file)} = ("$at->{cert}.crt", "$at->{cert}.key") if $at->{cert};
    $o{smtpd_tls_protocols} = $at->{tls} if $at->{tls};
    if ($at->{sni}) {
        my $map = "$dir/conf/sni-$at->{address}";
        MTASTS::Config::write_file($map, map {"$_ $at->{sni}{$_}.key, $at->{sni}{$_}.crt\n"} sort keys %{$at->{sni}});
        system('postmap', '-c', "$dir/conf", '-F', "hash:$map") == 0 or die "postmap $map: $?";
        $o{tls_server_sni_maps} = "hash:$map";
    }
    my $address = $at->{address} =~ /:/ ? "[$at->{address}]" : $at->{address};
    return join "\n ", "$address:$port inet n - n - - smtpd", map({"-o { $_ = $o{$_} }"} sort keys %o), "\n";
}

# What Postfix logged so far for an address, or for all: it is in no hurry.
sub maillog {
    my ($port, $address) = @_;
    my ($file, $from) = @{$maillog{$port} || return};
    my @lines = split /\n/, substr MTASTS::Config::slurp($file), $from;
    return defined $address ? grep { m{ \Q$address\E/smtpd\[} } @lines : @lines;
}

# --- bad-smtp.pl ---

# On a port: each argument is {address => , kind => BEHAVIOUR, cert and tls as
# above}; those that do TLS need a cert.
my %events; # "port address" => file
sub bad_smtp {
    my ($port, @at) = @_;
    my $dir = new_directory('bad-smtp');
    $events{"$port $_->{address}"} = "$dir/events" for @at;
    local $ENV{OPENSSL_CONF} = old_tls();
    my $pid = start('bad-smtp.pl', "$dir/out", $^X, Apache::Test::vars('serverroot') . '/lib/bad-smtp.pl',
        $port, "$dir/events", map { ($_->{address}, $_->{kind} // 'good', $_->{cert} // '', $_->{tls} // '') } @at);
    # It is up when it listens everywhere; to connect would be an event.
    wait_until_up($pid, sub { -e "$dir/events" }, "$dir/out");
    return 1;
}

# What happened at an address so far: see bad-smtp.pl.
sub smtp_events {
    my ($port, $address) = @_;
    my $file = $events{"$port $address"} or die "no bad_smtp at $address";
    return map { /^\Q$address\E (.*)/ ? $1 : () } split /\n/, MTASTS::Config::slurp($file);
}

# The lines that were received there.
sub received { return map { /^< (.*)/ ? $1 : () } smtp_events(@_) }

# The largest number of connections that were open at the same time.
sub most_at_once {
    my ($most) = sort { $b <=> $a } map { /^connect (\d+)/ ? $1 : () } smtp_events(@_);
    return $most // 0;
}

1;
