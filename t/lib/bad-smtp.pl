#!/usr/bin/perl
# bad-smtp.pl PORT LOG [ADDRESS BEHAVIOUR CERT TLS]... : SMTP servers with
# STARTTLS that misbehave in what Postfix can't, each on an address of its own.
# BEHAVIOUR is one of the table below.  CERT is the name of a certificate
# without .crt and its key without .key, TLS the versions ("TLSv1 TLSv1.1"), or
# '' for any.  LOG is made when all are up; then it gets a line for each event:
#   ADDRESS connect N       a connection; N are open now
#   ADDRESS < LINE          a line that was received, escaped
#   ADDRESS tls VERSION SNI the handshake succeeded
#   ADDRESS tls-failed WHY
#   ADDRESS close
# Ends with the process that started it.
use strict;
use warnings FATAL => 'all';
use Errno qw(EAGAIN EINTR EWOULDBLOCK);
use IO::Select;
use IO::Socket::IP;
use IO::Socket::SSL;
use Socket qw(SOMAXCONN SOL_SOCKET SO_LINGER);
use Time::HiRes qw(time);

my ($port, $log, @args) = @ARGV;
use constant {
    HELLO => "220 mx.test ESMTP\r\n",
    OFFER => "250-mx.test\r\n250-PIPELINING\r\n250 STARTTLS\r\n",
    READY => "220 ready\r\n",
};
my $ugly = join '', map {chr} 1 .. 9, 11, 12, 14 .. 31, 34, 39, 92, 127 .. 255;
my (@listening, @clients);

# --- behaviours: what is done at `connect`, at a command and once TLS is up,
# where that is not as in `good` ---

sub text { my @texts = @_; return sub { say_to($_[0], @texts) } }
sub nothing { return sub { } }
sub again { my ($text) = @_; return sub { $_[0]{again} = $text x 100; flush($_[0]) } }
sub then_close { my ($first) = @_; return sub { $first->($_[0]); $_[0]{closing} = 1; flush($_[0]) } }
# 220, and then what is no handshake, when the client begins with its.
sub no_tls { my ($then) = @_; return sub { $_[0]{raw} = $then; say_to($_[0], READY) } }
sub paced { my ($seconds, $text) = @_; return sub { $_[0]{pace} = $seconds; say_to($_[0], $text) } }

sub starttls {
    my ($c, @also) = @_;
    return say_to($c, "454 no certificate\r\n") if !$c->{at}{ctx};
    say_to($c, join '', READY, @also);
    $c->{handshake} = 1;
}

my %good = (
    connect => text(HELLO),
    EHLO => sub { say_to($_[0], $_[0]{tls} ? "250 mx.test\r\n" : OFFER) },
    STARTTLS => \&starttls,
    QUIT => then_close(text("221 bye\r\n")),
    tls => nothing(),
);
my %behaviour = (
    good => {},
    # Right, but unusual.
    'multi-line' => {connect => text("220-mx.test\r\n220-wait\r\n", HELLO)},
    'lower-case' => {EHLO => text("250-mx.test\r\n250-starttls\r\n250 size 1000\r\n")},
    split => {connect => paced(0.001, HELLO)},
    slow => {map { my $do = $good{$_}; ($_ => sub { $_[0]{wait} = time + 0.5; $do->($_[0]) }) } qw(connect EHLO)},
    # The greeting.
    never => {connect => nothing()},
    endless => {connect => again("220-mx.test\r\n")},
    drip => {connect => paced(1, HELLO)},
    megabyte => {connect => text('220 ' . 'x' x 1_000_000 . "\r\n")},
    rubbish => {connect => text("\0\1\2\3HTTP/1.1 400 Bad Request\r\n\r\n")},
    554 => {connect => text("554 no mail here\r\n")},
    421 => {connect => then_close(text("421 too busy\r\n"))},
    markup => {connect => text(qq(554-<script>evil=1</script><img src=x onerror=evil=1>"'&\xe2\x80\xae\r\n554 ) . '<b>' x 20000 . "\r\n")},
    ugly => {connect => text("554-$ugly\r\n554 \e[31mred\n[error] forged line\r\n")},
    # EHLO.
    'no-ehlo' => {EHLO => text("502 unknown command\r\n")},
    '421-ehlo' => {EHLO => then_close(text("421 too busy\r\n"))},
    'endless-ehlo' => {EHLO => again("250-STARTTLS\r\n")},
    'no-starttls' => {EHLO => text("250-mx.test\r\n250-XSTARTTLS\r\n250 SIZE STARTTLS\r\n")},
    # STARTTLS.
    refuse => {STARTTLS => text("454 TLS not available\r\n")},
    'refuse-for-ever' => {STARTTLS => text("554 no\r\n")},
    'refuse-then-220' => {STARTTLS => text("554 no\r\n" . READY)},
    'refuse-then-220-later' => {STARTTLS => sub { say_to($_[0], "554 no\r\n"); $_[0]{wait} = time + 0.2; say_to($_[0], READY) }},
    inject => {STARTTLS => sub { starttls($_[0], "250 injected\r\n") }},
    # The handshake.
    'silent-tls' => {STARTTLS => no_tls(nothing())},
    'rubbish-tls' => {STARTTLS => no_tls(text("554 no\r\n"))},
    'alert-tls' => {STARTTLS => no_tls(then_close(text("\x15\x03\x01\x00\x02\x02\x28")))}, # handshake failure
    # Closes: at once, after the greeting, the answer to EHLO, 220, the
    # ClientHello, the handshake; within an answer; by a reset.
    'close-connected' => {connect => then_close(nothing())},
    'close-greeting' => {connect => then_close(text(HELLO))},
    'close-ehlo' => {EHLO => then_close(text(OFFER))},
    'close-starttls' => {STARTTLS => then_close(text(READY))},
    'close-handshake' => {STARTTLS => no_tls(then_close(nothing()))},
    'close-tls' => {tls => then_close(nothing())},
    'close-within' => {EHLO => then_close(text("250-mx.test\r\n250-STARTT"))},
    reset => {connect => sub {
        setsockopt $_[0]{s}, SOL_SOCKET, SO_LINGER, pack 'ii', 1, 0;
        $_[0]{closing} = 1;
        flush($_[0]);
    }},
    # QUIT.
    'quit-silent' => {QUIT => nothing()},
);

# --- connections ---

open my $events, '>', "$log.new" or die "$log.new: $!";
$events->autoflush;

sub event {
    my ($c, $what) = @_;
    $what =~ s/([^ -~])/sprintf '\\x%02x', ord $1/ge;
    print $events "$c->{at}{address} $what\n";
}

sub hang_up {
    my ($c) = @_;
    return if $c->{gone}++;
    event($c, "< $c->{in}") if length $c->{in}; # a line without end
    @clients = grep { $_ != $c } @clients;
    $c->{at}{open}--;
    event($c, 'close');
    close $c->{s};
}

sub say_to {
    my ($c, @texts) = @_;
    # What waits for its time lets all that follows wait, too.
    push @{$c->{out}}, map { [$c->{wait} // 0, $_] } @texts;
    flush($c);
}

# Sends what can and may be sent now.
sub flush {
    my ($c) = @_;
    while (!$c->{gone}) {
        push @{$c->{out}}, [0, $c->{again}] if !@{$c->{out}} && defined $c->{again};
        my $first = $c->{out}[0];
        return $c->{closing} ? hang_up($c) : () if !$first;
        return if $first->[0] > time;
        my $n = syswrite $c->{s}, $first->[1], $c->{pace} ? 1 : length $first->[1];
        return again_later($c) if !$n;
        substr $first->[1], 0, $n, '';
        $first->[0] = time + $c->{pace} if $c->{pace};
        shift @{$c->{out}} if !length $first->[1];
        return if defined $c->{again}; # others have a right to live
    }
}

# After a read or write that did nothing: gone, or just not now.
sub again_later {
    my ($c) = @_;
    my $not_now = $c->{tls} ? $SSL_ERROR == SSL_WANT_READ || $SSL_ERROR == SSL_WANT_WRITE
        : $!{EAGAIN} || $!{EWOULDBLOCK} || $!{EINTR};
    hang_up($c) if !$not_now;
}

sub does { my ($c, $what) = @_; return $behaviour{$c->{at}{behaviour}}{$what} // $good{$what} }

sub handshake {
    my ($c) = @_;
    if (!$c->{tls}) {
        $c->{tls} = 1;
        IO::Socket::SSL->start_SSL($c->{s}, SSL_server => 1, SSL_startHandshake => 0, SSL_reuse_ctx => $c->{at}{ctx});
    }
    if ($c->{s}->accept_SSL) {
        $c->{handshake} = 0;
        event($c, join ' ', 'tls', $c->{s}->get_sslversion =~ s/_/./r, $c->{s}->get_servername // '-');
        does($c, 'tls')->($c);
    }
    elsif ($SSL_ERROR != SSL_WANT_READ && $SSL_ERROR != SSL_WANT_WRITE) {
        event($c, "tls-failed $SSL_ERROR");
        hang_up($c);
    }
}

# Takes all that there is, so that an end is seen before the next connection.
sub take {
    my ($c) = @_;
    while (!$c->{gone}) {
        handshake($c) if $c->{handshake};
        return if $c->{handshake} || $c->{gone};
        my $n = sysread $c->{s}, $c->{in}, 4096, length $c->{in};
        return hang_up($c) if defined $n && !$n;
        return again_later($c) if !$n;
        if ($c->{raw}) {
            $c->{in} = '';
            $c->{raw}->($c);
        }
        while (!$c->{gone} && $c->{in} =~ s/^([^\n]*?)\r?\n//) {
            event($c, "< $1");
            my ($verb) = map {uc} $1 =~ /^(\w+)/;
            my $do = defined $verb && $good{$verb} ? does($c, $verb) : text("502 unknown command\r\n");
            $do->($c);
        }
    }
}

sub greet {
    my ($at) = @_;
    my $s = $at->{s}->accept or return;
    $s->blocking(0);
    my $c = {s => $s, at => $at, in => '', out => []};
    push @clients, $c;
    event($c, 'connect ' . ++$at->{open});
    does($c, 'connect')->($c);
}

# --- the server ---

my %context;
sub context {
    my ($cert, $tls) = @_;
    return $context{"$cert $tls"} //= new_context($cert, $tls);
}

sub new_context {
    my ($cert, $tls) = @_;
    my %on = map { (s/\./_/r => 1) } $tls =~ /[\w.]+/g;
    my $versions = join ':', 'SSLv23', '!SSLv2', '!SSLv3',
        map {"!$_"} grep { %on && !$on{$_} } qw(TLSv1 TLSv1_1 TLSv1_2 TLSv1_3);
    return IO::Socket::SSL::SSL_Context->new(SSL_server => 1, SSL_cert_file => "$cert.crt", SSL_key_file => "$cert.key",
        SSL_version => $versions) // die "$cert: $SSL_ERROR";
}

$SIG{PIPE} = 'IGNORE';
while (my ($address, $behaviour, $cert, $tls) = splice @args, 0, 4) {
    die "no behaviour $behaviour\n" if !$behaviour{$behaviour};
    my $s = IO::Socket::IP->new(LocalHost => $address, LocalPort => $port, Listen => SOMAXCONN, ReuseAddr => 1)
        or die "$address port $port: $@";
    $s->blocking(0);
    push @listening, {s => $s, address => $address, behaviour => $behaviour, open => 0,
        ctx => $cert ne '' ? context($cert, $tls) : undef};
}
rename "$log.new", $log or die "$log: $!";

my $parent = getppid;
while (getppid == $parent) {
    my @sending = grep { @{$_->{out}} || defined $_->{again} } @clients;
    my @due = sort { $a <=> $b } map { $_->{out}[0] ? $_->{out}[0][0] : 0 } @sending;
    my $wait = @due ? $due[0] - time : 0.2;
    my $read = IO::Select->new(map { $_->{s} } @clients, @listening);
    my $write = IO::Select->new(map { $_->{s} } grep { !$_->{out}[0] || $_->{out}[0][0] <= time } @sending);
    my ($readable, $writable) = IO::Select->select($read, $write, undef, $wait < 0 ? 0 : $wait > 0.2 ? 0.2 : $wait);
    my %ready = map { $_ => 1 } @{$readable || []};
    my @taking = grep { $ready{$_->{s}} } @clients; # hang_up() changes @clients
    take($_) for @taking;
    flush($_) for @sending;
    greet($_) for grep { $ready{$_->{s}} } @listening;
}
