#!/usr/bin/perl
# bad-dns.pl PORT LOG [BEHAVIOUR] : a DNS server on 127.0.0.1, UDP and TCP,
# that misbehaves in what BIND can't.  The left-most label of the name asked
# for that is a behaviour of the table below says how; BEHAVIOUR-only-KIND
# does so for one kind of question (see kind()) and is right for the others.
# Without any such label it is BEHAVIOUR, or else right.  Each question is a
# line of LOG: name, type, transport.  Ends with the process that started it.
use strict;
use warnings FATAL => 'all';
use IO::Select;
use IO::Socket::INET;
use Socket qw(inet_aton inet_pton AF_INET6 SOMAXCONN);
use Time::HiRes qw(time);

my ($port, $log, $default) = @ARGV;
$default //= 'right';
my %type = (A => 1, CNAME => 5, MX => 15, TXT => 16, AAAA => 28);
my %type_name = reverse %type;
use constant {
    TC => 0x0200, FORMERR => 1, SERVFAIL => 2, NOTIMP => 4, REFUSED => 5,
    QNAME => "\xc0\x0c", # a pointer to the name in the question
};
srand 8461;

# --- packets ---

sub wire { # "a.b" or [labels]
    my @labels = ref $_[0] ? @{$_[0]} : split /\./, $_[0];
    return join '', map({ chr(length) . $_ } @labels), "\0";
}

# The owner is on the wire already, or a pointer.
sub rr {
    my ($owner, $type, $data, $class) = @_;
    return $owner . pack('nnNn', $type{$type}, $class // 1, 60, length $data) . $data;
}

sub strings { return join '', map { chr(length) . $_ } $_[0] =~ /.{1,255}/gs }
sub txt { my ($owner, $text) = @_; return rr($owner, 'TXT', strings($text)) }
sub mx { my ($preference, $host) = @_; return rr(QNAME, 'MX', pack('n', $preference) . wire($host)) }
sub cname { my ($owner, $to) = @_; return rr($owner, 'CNAME', wire($to)) }

# reply($q, answer => [..], additional => [..], flags, id, question)
sub reply {
    my ($q, %o) = @_;
    my ($answer, $additional) = map { $o{$_} || [] } qw(answer additional);
    return pack('n6', $o{id} // $q->{id}, 0x8580 | ($o{flags} || 0), 1, scalar @$answer, 0, scalar @$additional)
        . ($o{question} // $q->{question}) . join('', @$answer, @$additional);
}

# One record of the type asked for, as an attacker wants it.
sub evil {
    my ($q, $owner, $class) = @_;
    my %data = (TXT => strings($q->{name} =~ /^_smtp/i ? 'v=TLSRPTv1; rua=mailto:EVIL@evil.test' : 'v=STSv1; id=EVIL;'),
        MX => pack('n', 1) . wire('mx.evil.test'), A => inet_aton('192.0.2.66'), AAAA => inet_pton(AF_INET6, '2001:db8::66'));
    return rr($owner, $q->{type}, $data{$q->{type}} // '', $class);
}

# The right records: `domain` is what follows _mta-sts and the like.
sub records {
    my ($q) = @_;
    my ($t, $kind) = ($q->{type}, kind($q));
    return txt(QNAME, 'v=STSv1; id=t1;') if $kind eq 'txt';
    return txt(QNAME, "v=TLSRPTv1; rua=mailto:tlsrpt\@$q->{domain}") if $kind eq 'tlsrpt';
    return mx(10, "mx.$q->{domain}") if $kind eq 'mx';
    return rr(QNAME, 'A', inet_aton('192.0.2.1')) if $t eq 'A';
    return rr(QNAME, 'AAAA', inet_pton(AF_INET6, '2001:db8::1')) if $t eq 'AAAA';
    return;
}

sub kind {
    my ($q) = @_;
    return $q->{name} =~ /^_mta-sts\.(?!_tls)/i ? 'txt' : $q->{name} =~ /^_smtp\._tls\./i ? 'tlsrpt' : '' if $q->{type} eq 'TXT';
    return lc $q->{type};
}

# --- behaviours: each returns replies, as packets or as [delay, packet] ---

sub code { my ($code) = @_; return sub { reply($_[0], flags => $code) } }

# Right, but for one kind of question.
sub instead {
    my ($kind, $answer) = @_;
    return sub {
        my ($q) = @_;
        return reply($q, answer => [kind($q) eq $kind ? $answer->($q) : records($q)]);
    };
}

# No TXT records, and an address that a test may listen at.
sub here {
    my ($aaaa) = @_;
    return sub {
        my ($q) = @_;
        return $aaaa->($q) if $q->{type} eq 'AAAA';
        return reply($q, answer => [$q->{type} eq 'A' ? rr(QNAME, 'A', inet_aton('127.0.0.1')) : $q->{type} eq 'MX' ? records($q) : ()]);
    };
}

my $ugly = join '', map {chr} 1 .. 31, 34, 39, 92, 127 .. 255;
# For a browser: bidirectional overrides among it, in UTF-8.
my $markup = qq(<script>evil=1</script><img src=x onerror=evil=1>"'&amp;\xe2\x80\xae\xe2\x81\xa6\x9b\0\r\n);
# Policy host and MX host at addresses that a test may listen at.
sub marked {
    my (%records) = @_;
    return sub {
        my ($q) = @_;
        my $of = $records{kind($q)};
        my @at = map { rr(QNAME, 'A', inet_aton($_)) } '127.0.7.1', $q->{name} =~ /^mx\./ ? '127.0.7.2' : ();
        return reply($q, answer => [$of ? $of->($q) : $q->{type} eq 'A' ? @at : $q->{type} eq 'AAAA' ? () : records($q)]);
    };
}
my %behaviour = (
    right => sub { reply($_[0], answer => [records($_[0])]) },
    empty => sub { reply($_[0]) },
    silent => sub { () },
    late => sub { [0.7, reply($_[0], answer => [records($_[0])])] },
    servfail => code(SERVFAIL),
    refused => code(REFUSED),
    formerr => code(FORMERR),
    notimp => code(NOTIMP),
    # Records that nobody asked for, alone and beside those.
    'other-owner' => sub { reply($_[0], answer => [evil($_[0], wire('evil.test'))]) },
    beside => sub { reply($_[0], answer => [evil($_[0], wire('evil.test')), records($_[0]), evil($_[0], wire('evil.test'))]) },
    'beside-chain' => sub { reply($_[0], answer => [cname(wire('other.test'), 'evil.test'), evil($_[0], wire('evil.test')), records($_[0])]) },
    'other-class' => sub { reply($_[0], answer => [evil($_[0], QNAME, 3), records($_[0])]) },
    additional => sub { reply($_[0], answer => [records($_[0])], additional => [evil($_[0], QNAME)]) },
    'wrong-id' => sub { reply($_[0], id => $_[0]{id} ^ 1, answer => [evil($_[0], QNAME)]) },
    'wrong-question' => sub { reply($_[0], question => wire('evil.test') . pack('nn', $type{$_[0]{type}}, 1), answer => [evil($_[0], QNAME)]) },
    'tc-notcp' => sub { $_[0]{tcp} ? 'close' : reply($_[0], flags => TC) },
    'tc-slow' => sub { $_[0]{tcp} ? [0.3, reply($_[0], answer => [records($_[0])])] : reply($_[0], flags => TC) },
    # What is no DNS message, or an endless one.
    random => sub { join '', map { chr int rand 256 } 1 .. 100 },
    garbage => sub { reply($_[0], answer => [join '', map { chr int rand 256 } 1 .. 100]) },
    short => sub { substr reply($_[0], answer => [records($_[0])]), 0, -3 },
    'loop-compression' => sub { my $at = 12 + length $_[0]{question}; reply($_[0], answer => [evil($_[0], pack 'n', 0xc000 | $at)]) },
    'loop-cname' => sub { reply($_[0], answer => [cname(QNAME, "loop.$_[0]{name}"), cname(wire("loop.$_[0]{name}"), $_[0]{name})]) },
    # Right in form, with bytes meant for a terminal, a log or a parser.
    'ugly-txt' => instead(txt => sub { txt(QNAME, "v=STSv1; id=\e[31mRED$ugly\0\n;") }),
    'ugly-foreign' => instead(txt => sub { txt(QNAME, "\e]0;title\a$ugly\n[error] forged line"), records($_[0]) }),
    'ugly-near' => instead(txt => sub { txt(QNAME, "v=stsv1; id=\e[2J$ugly") }),
    'ugly-tlsrpt' => instead(tlsrpt => sub { txt(QNAME, "v=TLSRPTv1; rua=mailto:\e[31m$ugly\n") }),
    'ugly-mx' => instead(mx => sub { mx(10, ["\e[31m\"'\\\n\xff", 'a.b', 'test']), mx(20, "mx.$_[0]{domain}") }),
    'ugly-cname' => instead(txt => sub {
        my $to = wire(["\e[31m\"\n\xff", 'test']);
        rr(QNAME, 'CNAME', $to), txt($to, 'v=STSv1; id=t1;');
    }),
    markup => marked(txt => sub { txt(QNAME, "v=STSv1; id=$markup;") }, tlsrpt => sub { txt(QNAME, "v=TLSRPTv1; rua=mailto:$markup") },
        mx => sub { mx(10, "mx.$_[0]{domain}"), mx(20, [qq(<b onclick=evil=1>"'&\xe2\x80\xae\n), 'test']) }),
    'markup-cname' => marked(txt => sub { my $to = wire([qq(<i>"'&\xe2\x80\xae), 'test']); cname(QNAME, [qq(<i>"'&\xe2\x80\xae), 'test']), txt($to, 'v=STSv1; id=t1;') }),
    'markup-huge' => marked(txt => sub { txt(QNAME, $markup x 900) }, tlsrpt => sub { txt(QNAME, $markup x 900) }),
    # Behind a policy host on loopback; whether that has IPv6 addresses can't be known.
    here => here(sub { reply($_[0]) }),
    'here-no-aaaa' => here(code(SERVFAIL)),
    # Customers that share one MX host.
    hoster => instead(mx => sub { mx(10, 'mx.hoster.test') }),
    # Large: more than 512 bytes go by TCP.
    'huge-txt' => instead(txt => sub { txt(QNAME, 'v=STSv1; id=' . 'x' x 64_000) }),
    'huge-foreign' => instead(txt => sub { txt(QNAME, 'y' x 64_000), records($_[0]) }),
    'many-txt' => instead(txt => sub { map { txt(QNAME, "v=STSv1; id=t$_;") } 1 .. 1500 }),
    'many-mx' => instead(mx => sub { map { mx($_, "mx$_.$_[0]{domain}") } 1 .. 1500 }),
);

# --- the server ---

sub question {
    my ($packet, $tcp) = @_;
    my ($id, $flags, $n) = unpack 'n3', $packet;
    return if length $packet < 17 || $flags & 0x8000 || $n != 1;
    my ($at, @labels) = 12;
    while ((my $len = ord substr $packet, $at, 1) > 0) {
        return if $len > 63 || $at + $len + 5 > length $packet;
        push @labels, substr $packet, $at + 1, $len;
        $at += $len + 1;
    }
    return if $at + 5 > length $packet;
    my $type = unpack 'n', substr $packet, $at + 1, 2;
    my $name = join '.', @labels;
    (my $domain = $name) =~ s/^(?:_mta-sts|_smtp\._tls|mta-sts)\.//i;
    return {id => $id, name => $name, domain => $domain, labels => \@labels, type => $type_name{$type} // "TYPE$type",
        question => substr($packet, 12, $at + 5 - 12), tcp => $tcp};
}

sub answers {
    my ($q) = @_;
    open my $fh, '>>', $log or die "$log: $!";
    (my $shown = $q->{name}) =~ s/[^!-~]/?/g;
    print $fh "$shown $q->{type} ", ($q->{tcp} ? 'tcp' : 'udp'), "\n";
    close $fh;
    return reply($q) if !grep { $q->{type} eq $_ } qw(A AAAA MX TXT);
    my ($how) = grep { my ($b) = /^(.+?)(?:-only-|$)/; $behaviour{$b} } map {lc} @{$q->{labels}};
    my ($what, $only) = split /-only-/, $how // $default;
    $what = 'right' if defined $only && $only ne kind($q);
    my @packets = $behaviour{$what}->($q);
    for (@packets) {
        next if $q->{tcp} || ref || $_ eq 'close' || length() <= 512;
        $_ = reply($q, flags => TC);
    }
    return @packets;
}

die "no behaviour $default\n" if !$behaviour{($default =~ /^(.+?)(?:-only-|$)/)[0]};
my %at = (LocalAddr => '127.0.0.1', LocalPort => $port);
my $udp = IO::Socket::INET->new(%at, Proto => 'udp') or die "UDP port $port: $!";
my $tcp = IO::Socket::INET->new(%at, Proto => 'tcp', Listen => SOMAXCONN, ReuseAddr => 1) or die "TCP port $port: $!";
my $parent = getppid;
my $ready = IO::Select->new($udp, $tcp);
my (%got, @later);
$SIG{PIPE} = 'IGNORE';

# Sends now or later; false if the connection is to be closed.
sub send_all {
    my ($send, @packets) = @_;
    for (@packets) {
        return 0 if !ref && $_ eq 'close';
        my ($delay, $packet) = ref ? @$_ : (0, $_);
        if ($delay) { push @later, [time + $delay, $send, $packet] }
        else { $send->($packet) }
    }
    return 1;
}

sub hang_up { my ($s) = @_; $ready->remove($s); delete $got{$s}; close $s }

# Appends what a client sent; answers what is complete.
sub serve_tcp {
    my ($s) = @_;
    return hang_up($s) if !sysread $s, $got{$s}, 4096, length($got{$s} //= '');
    while (length $got{$s} >= 2 && length $got{$s} >= 2 + unpack 'n', $got{$s}) {
        my $packet = substr $got{$s}, 0, 2 + unpack('n', $got{$s}), '';
        my $q = question(substr($packet, 2), 1) or return hang_up($s);
        my $send = sub {
            my $out = pack('n', length $_[0]) . $_[0];
            while (length $out) { # the client may be gone
                my $n = eval { syswrite $s, $out } or last;
                substr $out, 0, $n, '';
            }
        };
        send_all($send, answers($q)) or return hang_up($s);
    }
}

while (getppid == $parent) {
    my ($next) = sort { $a <=> $b } map { $_->[0] } @later;
    my $wait = defined $next ? $next - time : 0.2;
    for my $s ($ready->can_read($wait < 0 ? 0 : $wait > 0.2 ? 0.2 : $wait)) {
        if ($s == $tcp) {
            my $client = $tcp->accept or next;
            $ready->add($client);
        }
        elsif ($s == $udp) {
            my $from = recv $udp, my $packet, 4096, 0;
            my $q = defined $from && length $packet && question($packet, 0) or next;
            send_all(sub { send $udp, $_[0], 0, $from }, answers($q));
        }
        else { serve_tcp($s) }
    }
    my @due = grep { $_->[0] <= time } @later;
    my %due = map { $_ => 1 } @due;
    @later = grep { !$due{$_} } @later;
    $_->[1]->($_->[2]) for @due;
}
