# MTASTSCheck strict: what holds a policy back has not become right because nobody
# can be asked, nor because another virtual host of the domain has no certificate.
use strict;
use warnings FATAL => 'all';
use Apache::Test;
use Apache::TestUtil;
use lib Apache::Test::vars('serverroot') . '/lib';
use MTASTS::Config;
use MTASTS::DNS;
use MTASTS::Httpd;
use MTASTS::Process;
use MTASTS::SMTP;
use MTASTS::Tree;

plan tests => 25, need need_module('ssl'), {
    'a server with children (not -one-process)' => sub { !$ENV{VALGRIND} },
};

my $certs = new_directory('certs');
system(Apache::Test::vars('serverroot') . '/lib/bad-certs.sh', $certs, 'good:mx.tls.test', 'expired:mx.tls.test',
    'good:mta-sts.both.test', 'wrong:mta-sts.both.test') == 0 or die 'no certificates';
chmod 0755, $certs;
my ($smtp, $nobody) = (MTASTS::Tree::free_ports(1), MTASTS::Tree::free_ports(1));
bad_smtp($smtp, map { {address => "127.0.9.$_->[0]", kind => 'good', cert => "$certs/$_->[1]-mx.tls.test"} } [1, 'good'], [2, 'expired']);
my $dns = named(test => "\$TTL 0\n\@ IN SOA ns h 1 2 3 4 5\n\@ IN NS ns\nns IN A 127.0.0.1\n");
my $silent = bad_server('silent');
sub records_of {
    my ($name, $at, @hosts) = @_;
    return ["$name.test.", 'MX', map {"10 $_.$name.test."} @hosts], ["_mta-sts.$name.test.", 'TXT', '"v=STSv1; id=x1;"'],
        ["mta-sts.$name.test.", 'A', '127.0.0.1'], ["mx.$name.test.", 'A', $at];
}
publish($dns, records_of('match', '127.0.0.1', 'mx'), records_of('tls', '127.0.9.1', 'mx'), records_of('both', '127.0.0.1', 'mx'));

my $h = MTASTS::Httpd->new('unknown');
# o: match, tls, both => the policies; dns, smtp => ports; cert
sub configure {
    my (%o) = @_;
    my @both = ('both.test', "MTASTSCheck strict\nMTASTSProbeMX Off\n$o{both}");
    return $h->configure("MTASTSResolver 127.0.0.1:$o{dns}", 'MTASTSWatchInterval 1h', 'MTASTSProbeHost Off', 'MTASTSCheckTimeout ' . ($o{dns} == $silent ? '3s' : '20s'),
        "MTASTSCAFile \"$certs/ca.crt\"",
        $h->vhost('match.test', "MTASTSCheck strict\nMTASTSProbeMX Off\n$o{match}"),
        $h->vhost('tls.test', "MTASTSCheck strict\nMTASTSProbeMX $o{smtp}\n$o{tls}"),
        $h->vhost(@both), $h->vhost(@both, "$certs/$o{cert}-mta-sts.both.test"));
}
sub enforce { my ($name, @hosts) = @_; return "MTASTSMode enforce\nMTASTSMaxAge 2w\nMTASTSMX " . join ' ', map {"$_.$name.test"} @hosts }
sub mode { my ($name) = @_; return (split ' ', $h->policy("$name.test"))[0] }
sub serves {
    my ($name, $expected, $what) = @_;
    my $is;
    wait_for(sub { ($is = $h->policy("$name.test")) eq $expected });
    ok t_cmp($is, $expected, "$name: $what");
}
# A run has ended when all findings of it are in the log.
sub run_ended { my ($pattern) = @_; ok t_cmp($h->says($pattern), 1, "a run that said $pattern") }

my %a = (dns => $dns, smtp => $smtp, cert => 'good', match => enforce('match', 'mx'), tls => "MTASTSMode testing\nMTASTSMaxAge 2w\nMTASTSMX mx.tls.test", both => enforce('both', 'mx', 'second'));
configure(%a)->start();
serves('match', 'enforce 1209600 mx.match.test', 'the first policy');
serves('tls', 'testing 1209600 mx.tls.test', 'the first policy');
serves('both', 'enforce 1209600 mx.both.test second.both.test', 'the first policy');
ok t_cmp($h->remembers('match.test', 'tls.test', 'both.test'), 1, 'remembered');

# New ones that would lose mail.
publish($dns, ['mx.tls.test.', 'A', '127.0.9.2']);
my %b = (%a, match => enforce('match', 'other'), tls => enforce('tls', 'mx'), both => enforce('both', 'mx'), cert => 'wrong');
configure(%b)->graceful();
run_ended(qr/match\.test: held-back:/);
run_ended(qr/tls\.test: held-back:/);
serves('both', 'enforce 1209600 mx.both.test second.both.test', 'held back at the virtual host with the wrong certificate');
# A reload later the same; a run has ended when it says what is unknown.
configure(%b, dns => $silent)->graceful();
run_ended(qr/match\.test: held-back:.* dns-tempfail/);
serves('match', 'enforce 1209600 mx.match.test', 'DNS is silent');
serves('tls', 'testing 1209600 mx.tls.test', 'DNS is silent');
serves('both', 'enforce 1209600 mx.both.test second.both.test', 'DNS is silent');
configure(%b, smtp => $nobody)->graceful();
run_ended(qr/tls\.test: held-back:.* mx-unreachable/);
serves('match', 'enforce 1209600 mx.match.test', 'DNS is back');
serves('tls', 'testing 1209600 mx.tls.test', 'nobody answers at the MX host');
serves('both', 'enforce 1209600 mx.both.test second.both.test', 'a reload more');
# What was wrong and could not be seen since is not right because something else
# was wrong meanwhile.
publish($dns, ['tls.test.', 'MX', '10 other.tls.test.'], ['other.tls.test.', 'A', '127.0.9.2']);
configure(%b, smtp => $nobody)->graceful();
run_ended(qr/tls\.test: held-back: MTASTSCheck strict:.* mx-unmatched/);
publish($dns, ['tls.test.', 'MX', '10 mx.tls.test.']);
$h->graceful();
run_ended(qr/tls\.test: mx-unmatched: cleared/);
serves('tls', 'testing 1209600 mx.tls.test', 'unmatched in between');
# A stop forgets all but what the ledger has.
$h->stop();
configure(%b, smtp => $nobody)->start();
run_ended(qr/tls\.test: held-back: MTASTSCheck strict:.* mx-unreachable/);
serves('tls', 'testing 1209600 mx.tls.test', 'a start while nobody answers at the MX host');
$h->stop();
configure(%b, dns => $silent)->start();
serves('match', 'enforce 1209600 mx.match.test', 'a start without DNS');
serves('both', 'enforce 1209600 mx.both.test second.both.test', 'a start without DNS');
publish($dns, records_of('match', '127.0.0.1', 'other'), ['mx.tls.test.', 'A', '127.0.9.1']);
configure(%b, cert => 'good')->graceful();
serves($_->[0], $_->[1], 'released once it is right') for ['match', 'enforce 1209600 other.match.test'], ['both', 'enforce 1209600 mx.both.test'];
ok t_cmp($h->trouble(), '', 'nothing crashed');
