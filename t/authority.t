# A record is published when the zone's own name servers have it and the resolver
# follows: they are asked at port 53, which only a network of one's own has free.
use strict;
use warnings FATAL => 'all';
use Apache::Test;
use Apache::TestUtil;
use lib Apache::Test::vars('serverroot') . '/lib';
use MTASTS::Config;
use MTASTS::Httpd;
use MTASTS::Process;

my $has_network = !$> && system('unshare -n true 2>/dev/null') == 0;
plan tests => 11, need need_module('ssl'), {
    'a network of its own (root)' => sub { $has_network },
    'a server with children (not -one-process)' => sub { !$ENV{VALGRIND} },
};

my $v = Apache::Test::vars();
my $dir = new_directory('authority');
chmod 0777, $dir;
my $world = start('network', "$dir/network.out", 'unshare', '-n', 'sh', '-c', "ip link set lo up && : >'$dir/up' && exec sleep 3600");
wait_until_up($world, sub { -e "$dir/up" }, "$dir/network.out");
my @in = ('nsenter', '-t', $world, '-n');
sub out_of { my (@command) = @_; open my $from, '-|', @in, @command or die "$command[0]: $!"; local $/; return scalar <$from> }

# The zone, at its own server and as a resolver has it: each changes alone.
my %port = (zone => 53, resolver => 5353);
for my $who (sort keys %port) {
    my $at = new_directory($who);
    MTASTS::Config::write_file("$at/test.zone", "\$TTL 0\n\@ IN SOA ns h 1 2 3 4 5\n\@ IN NS ns\nns IN A 127.0.0.1\n"
        . "own IN MX 10 mx.own\nmx.own IN A 127.0.0.1\nmta-sts.own IN A 127.0.0.1\n");
    my $pid = start("named $who", "$at/sh.log", @in, "$v->{serverroot}/lib/named.sh", $at, $port{$who},
        qq(test=$at/test.zone"; allow-update { 127.0.0.1; }; journal "$at/test.jnl));
    wait_until_up($pid, sub { out_of('dig', '@127.0.0.1', '-p', $port{$who}, '+tries=1', '+time=1', '+short', 'test', 'SOA') =~ /^ns\.test/ }, "$at/sh.log", "$at/named.log");
}
sub txt { my ($who) = @_; return out_of('dig', '@127.0.0.1', '-p', $port{$who}, '+short', '_mta-sts.own.test', 'TXT') =~ s/\n\z//r }
sub set {
    my ($who, $value) = @_;
    open my $to, '|-', @in, 'nsupdate', '-t', '10' or die "nsupdate: $!";
    print $to map {"$_\n"} "server 127.0.0.1 $port{$who}", 'zone test', 'update delete _mta-sts.own.test TXT', "update add _mta-sts.own.test 0 TXT $value", 'send';
    close $to or die "nsupdate: $?";
}

# The command changes the zone's own server.
my $certs = new_directory('certs');
chmod 0755, $certs;
system("$v->{serverroot}/lib/bad-certs.sh", $certs, 'good:mta-sts.own.test') == 0 or die 'no certificates';
MTASTS::Config::write_file("$dir/command", <<"END");
#!/bin/sh
echo "\$MTASTS_OLD_VALUE" >>"$dir/old"
printf '%s\\n' "server 127.0.0.1 53" "zone test" "update delete \$MTASTS_NAME TXT" "update add \$MTASTS_NAME 0 TXT \\"\$MTASTS_VALUE\\"" send | nsupdate -t 10
END
chmod 0755, "$dir/command";
my $h = MTASTS::Httpd->new('authority', under => \@in);
sub configure {
    my ($age) = @_;
    return $h->configure("MTASTSResolver 127.0.0.1:$port{resolver}", 'MTASTSCheckTimeout 20s', 'MTASTSProbeMX Off', 'MTASTSWatchInterval 1m', 'MTASTSPublishDelay Off',
        "MTASTSCAFile \"$certs/ca.crt\"", "MTASTSPublishCommand $dir/command",
        $h->vhost('own.test', "MTASTSMX mx.own.test\nMTASTSMaxAge $age\nMTASTSProbeHost $h->{tls}", "$certs/good-mta-sts.own.test"));
}
sub state_of { return join ' ', $h->sql("SELECT state FROM mtasts_publishing WHERE record = 'sts'") }
sub comes_to { my ($state) = @_; return wait_for(sub { state_of() eq $state }) ? 1 : state_of() }

configure('1d')->start();
ok t_cmp(comes_to('accepted'), 1, 'the zone has it, the resolver does not');
my $first = txt('zone');
ok t_cmp($first, qr/^"v=STSv1; id=\w+;"$/, 'the zone has it');
ok t_cmp(txt('resolver'), '', 'the resolver does not');
ok t_cmp($h->log_text(), qr/\A(?!.*: published: )/s, 'not published yet');
set('resolver', $first);
ok t_cmp(comes_to('done'), 1, 'both have it');
ok t_cmp($h->says(qr/own\.test: published: _mta-sts\.own\.test\. IN TXT \Q$first\E/), 1, 'published');

# What the zone has counts for the next one, too, whatever a cache has.
set('zone', '"v=STSv1; id=0123456789abcdef0123456789abcdef;"');
configure('2d')->graceful();
ok t_cmp(wait_for(sub { txt('zone') !~ /0123456789abcdef|\Q$first\E/ && txt('zone') }) ? 1 : txt('zone'), 1, 'the next one');
my @old = split /\n/, MTASTS::Config::slurp("$dir/old");
ok t_cmp(scalar(@old), 2, 'one command for each');
ok t_cmp("@old[0, 1]", ' v=STSv1; id=0123456789abcdef0123456789abcdef;', 'told what the zone has');
set('resolver', txt('zone'));
ok t_cmp(comes_to('done'), 1, 'done');
$h->stop();
ok t_cmp($h->trouble(), '', 'nothing crashed');
