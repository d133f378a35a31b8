# DNS looked at by a server that starts, reloads and stops: it says what it
# finds, and nothing keeps it from serving.
use strict;
use warnings FATAL => 'all';
use Apache::Test;
use Apache::TestUtil;
use IO::Socket::INET;
use lib Apache::Test::vars('serverroot') . '/lib';
use MTASTS::Config;
use MTASTS::DNS;
use MTASTS::Tree;

plan tests => 22, need {
    'a server with children (not -one-process)' => sub { !$ENV{VALGRIND} },
};

my $v = Apache::Test::vars();
my ($httpd, $base) = (MTASTS::Tree::httpd(), "$v->{t_logs}/start");
my $port = MTASTS::Tree::free_ports(1);
my $path = '/.well-known/mta-sts.txt';
my $dns = named('start.test' => <<'END');
$TTL 60
@ IN SOA ns h 1 2 3 4 5
@ IN NS ns
ns IN A 127.0.0.1
@ IN MX 10 mx
mx IN A 127.0.0.1
mta-sts IN A 127.0.0.1
_mta-sts IN TXT "v=STSv1; id=t1;"
_smtp._tls IN TXT "v=TLSRPTv1; rua=mailto:a@start.test"
END
my $silent = bad_server('silent');

sub configure {
    my ($check, $policy) = @_;
    t_write_file("$base.conf", <<"END");
Include $v->{t_conf}/modules.conf
ServerName main.example
Listen 127.0.0.1:$port
TypesConfig /dev/null
PidFile $base.pid
ErrorLog $base.log
DefaultRuntimeDir $v->{t_logs}
LogLevel info
$check
<VirtualHost 127.0.0.1:$port>
    ServerName mta-sts.start.test
    MTASTSEngine On
    MTASTSMX mx.start.test
    MTASTSTLSRPT mailto:a\@start.test
    $policy
</VirtualHost>
END
}
sub control { `'$httpd' -d '$v->{serverroot}' -f '$base.conf' -k $_[0] 2>&1` }
sub logged { -e "$base.log" ? MTASTS::Config::slurp("$base.log") : '' }
sub ups { scalar(() = logged() =~ /resuming normal operations/g) }
sub fetch {
    my $s = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $port) or return '';
    print $s "GET $path HTTP/1.0\r\nHost: mta-sts.start.test\r\n\r\n";
    local $/;
    return <$s> // '';
}
sub start {
    unlink "$base.log";
    control('start');
    return wait_for(\&ups);
}
sub restart {
    my $ups = ups();
    unlink "$base.old";
    control('graceful');
    return wait_for(sub { ups() > $ups });
}
sub stop {
    control('stop');
    return wait_for(sub { !-e "$base.pid" });
}
END { stop() if $base && -e "$base.pid" }

# check_lines() turns on TLS and the engine everywhere: only its first lines.
sub lines { my ($timeout, $server) = @_; return join "\n", (split /\n/, check_lines($timeout, $server))[0 .. ($> ? 4 : 6)] }

# All is well: one line, before anything is served.
configure(lines('5s', $dns), 'MTASTSPolicyID t1');
ok t_cmp(start(), 1, 'starts');
ok t_cmp(logged(), qr/mtasts: start\.test: in sync.*resuming normal operations/s, 'in sync, said before it serves');
ok t_cmp(fetch(), qr/version: STSv1/, 'serves');

# The policy changes, the record doesn't: the watch says so after a reload.
configure(lines('5s', $dns), 'MTASTSPolicyID t2');
restart();
ok t_cmp(wait_for(sub { logged() =~ /mtasts: start\.test: txt-id-mismatch: / }), 1, 'mismatch, said after a reload');
ok t_cmp(logged(), qr/txt-id-mismatch: .*t1.*t2.*To do: .*v=STSv1; id=t2;/, 'both ids, and the record');
stop();

# Nobody answers.
my $dead = lines('1s', $silent);
configure($dead, 'MTASTSPolicyID t1');
ok t_cmp(start(), 1, 'starts with a dead resolver');
ok t_cmp(logged(), qr/mtasts:notice.*mtasts: MTASTSResolver: resolver-unavailable: .*no answer from 127\.0\.0\.1:$silent.*1 domain\..*resuming normal operations/s, 'dead resolver: said, and how');
ok t_cmp(logged() =~ /mtasts:(?:error|warn)\b(?!.*vhost-plain)/ ? 1 : 0, 0, 'dead resolver: nothing is called wrong');
ok t_cmp(fetch(), qr/version: STSv1/, 'dead resolver: serves');
# A reload doesn't wait: the new policy is there while the check still runs.
questions($silent);
configure($dead, "MTASTSPolicyID t1\nMTASTSMode enforce");
restart();
ok t_cmp(wait_for(sub { fetch() =~ /mode: enforce/ }), 1, 'dead resolver: the new policy');
ok t_cmp(scalar(() = logged() =~ /resuming normal operations(?:(?!resuming).)*resolver-unavailable/gs), 0, 'while the check still runs');
ok t_cmp(wait_for(sub { grep {/_mta-sts/} questions($silent) }) ? 1 : 0, 1, 'which it does');
# A stop ends a check that runs.
ok t_cmp(stop(), 1, 'stops while the check runs');
ok t_cmp(logged(), qr/\A(?!.*exit signal)/s, 'without a crash');

# Off: nobody is asked.
questions($silent);
configure("$dead\nMTASTSCheck off", 'MTASTSPolicyID t1');
start();
restart();
ok t_cmp(fetch(), qr/version: STSv1/, 'off: serves');
ok t_cmp(scalar(() = questions($silent)), 0, 'off: nobody is asked');
stop();

# strict: the server that runs is left alone, but what starts, starts.
configure(lines('5s', $dns) . "\nMTASTSCheck strict", "MTASTSPolicyID t1\nMTASTSMode enforce\nMTASTSMX other.start.test");
t_write_file("$base.conf", MTASTS::Config::slurp("$base.conf") =~ s/MTASTSMX mx\.start\.test\n//r);
ok t_cmp(start(), 1, 'strict: starts all the same');
ok t_cmp(logged(), qr/mtasts:error.*mtasts: start\.test: mx-unmatched: .*resuming normal operations/s, 'strict: said as an error');
`'$httpd' -d '$v->{serverroot}' -f '$base.conf' -t 2>$base.err`;
ok t_cmp($? >> 8, 1, 'strict: configtest, which a reload runs first, fails');
`'$^X' -e '\$SIG{CHLD} = "IGNORE"; exec \@ARGV' '$httpd' -d '$v->{serverroot}' -f '$base.conf' -t 2>$base.err`;
ok t_cmp($? >> 8, 1, 'strict: also where SIGCHLD is ignored');
`'$httpd' -d '$v->{serverroot}' -f '$base.conf' -S 2>$base.err`;
ok t_cmp($? >> 8, 0, 'strict: httpd -S asks nobody');
`'$httpd' -d '$v->{serverroot}' -f '$base.conf' -t -D DUMP_MTASTS 2>$base.err | head -1`;
ok t_cmp(MTASTS::Config::slurp("$base.err"), qr/\A(?!.*crash)/s, 'the dump into a pager that ends');
stop();
