# MTASTSPublishCommand in servers that live, with the shipped nsupdate and BIND: the
# TXT record moves when the last address serves the new policy, never before, also
# behind a proxy with an old copy; what fails is said, and done again; where a
# person publishes, it is said when.
use strict;
use warnings FATAL => 'all';
use Apache::Test;
use Apache::TestUtil;
use MIME::Base64;
use lib Apache::Test::vars('serverroot') . '/lib';
use MTASTS::Config;
use MTASTS::DNS;
use MTASTS::Front;
use MTASTS::Httpd;
use MTASTS::Process;
use MTASTS::Publish;

my @domains = qw(fleet cache foreign hand fails slow tlsrpt waits);
my @odd = qw(near long odd); # of the second front end, which tells nobody
plan tests => 69, need need_module('ssl'), {
    'nginx' => sub { grep {-x "$_/nginx"} split(/:/, $ENV{PATH}), '/usr/sbin' },
    'a server with children (not -one-process)' => sub { !$ENV{VALGRIND} },
};

# --- the world ---

my $v = Apache::Test::vars();
my $certs = new_directory('certs');
chmod 0755, $certs;
system("$v->{serverroot}/lib/bad-certs.sh", $certs, map {"good:mta-sts.$_.test"} @domains, @odd) == 0 or die 'no certificates';
my $key_text = 'key "mtasts." { algorithm hmac-sha256; secret "' . encode_base64('x' x 32, '') . "\"; };\n";
MTASTS::Config::write_file("$certs/key", $key_text);
chmod 0600, give_to_user("$certs/key");
my $dns = named({conf => $key_text, zones => {test => 'allow-update { 127.0.0.1; key mtasts.; };'}},
    test => "\$TTL 0\n\@ IN SOA ns h 1 2 3 4 5\n\@ IN NS ns\nns IN A 127.0.0.1\n");
my %at = (fleet => ['127.0.0.1', '127.0.0.2', '127.0.0.5'], cache => ['127.0.0.3'], map { $_ => ['127.0.0.2'] } @odd);
publish($dns, map { (["$_.test", 'MX', "10 mx.$_.test."], ["mx.$_.test", 'A', '127.0.0.1'], ["mta-sts.$_.test", 'A', @{$at{$_} || ['127.0.0.1']}]) } @domains, @odd);
publish($dns, ['_mta-sts.foreign.test', 'TXT', '"v=STSv1; id=byhand;"'], ['_mta-sts.near.test', 'TXT', '"v=stsv1; id=near;"']);
# Names that are as long as any can be when they are shown, or that a command would
# have to quote.
publish($dns, ['_mta-sts.long.test', 'CNAME', join '.', map({ '\\001' x $_ } 63, 63, 63, 56), 'test.'],
    ['_mta-sts.odd.test', 'CNAME', '\\"\\;.test.']);

sub records { my ($name) = @_; return join ' ', sort split /\n/, `dig \@127.0.0.1 -p $dns +short TXT $name` }
sub txt { my ($domain) = @_; return records("_mta-sts.$domain.test") =~ /^"v=STSv1; id=(\w+);"\z/ ? $1 : records("_mta-sts.$domain.test") || 'none' }

# Three front ends that share a ledger, of which only the first tells
# MTASTSNotifyCommand.
my $notes = new_directory('notes');
chmod 0777, $notes;
my $first = MTASTS::Httpd->new('first');
my ($second, $third) = map { MTASTS::Httpd->new($_->[0], address => $_->[1], port => $first->{port}, tls => $first->{tls}, state => $first->{state}) } ['second', '127.0.0.2'], ['third', '127.0.0.5'];
my @fronts = ($first, $second, $third);
my %age = map { $_ => '1d' } @domains, @odd;
my $nsupdate = command_path('nsupdate') . " $certs/key 127.0.0.1#$dns test";
my %lines = (
    fails => "MTASTSPublishCommand $certs/command", slow => 'MTASTSPublishCommand /bin/sleep 1000' . "\nMTASTSPublishTimeout 1s",
    (map { $_ => 'MTASTSPublishCommand Off' } qw(hand long)), tlsrpt => 'MTASTSTLSRPT mailto:tls@tlsrpt.test', waits => 'MTASTSPublishDelay 1d',
);
sub configure {
    my ($h, @of) = @_;
    return $h->configure("MTASTSResolver 127.0.0.1:$dns", 'MTASTSCheckTimeout 20s', 'MTASTSProbeMX Off', "MTASTSProbeHost $h->{tls}",
        "MTASTSCAFile \"$certs/ca.crt\"", "MTASTSPublishCommand $nsupdate", 'MTASTSPublishDelay 2s',
        ($h == $first ? "MTASTSNotifyCommand $v->{serverroot}/lib/notify.sh $notes ok" : ()),
        map { $h->vhost("$_.test", "MTASTSMX mx.$_.test\nMTASTSMaxAge $age{$_}\n" . ($lines{$_} // ''), $_ eq 'cache' ? undef : "$certs/good-mta-sts.$_.test") } @of);
}
sub id { my ($domain, $h) = @_; return ($h // $first)->etag("$domain.test") =~ /^"(\w+)"$/ ? $1 : 'none' }
sub comes { my ($domain) = @_; return wait_for(sub { txt($domain) eq id($domain) }) ? 1 : txt($domain) }
sub in_dump { my ($domain) = @_; return $first->dump_of("$domain.test") }
sub policy_of { my ($domain) = @_; return (grep { $_->{domain} eq "$domain.test" } @{$first->dump_json()->{policies}})[0] }
sub state_of { my ($domain) = @_; return join ' ', $first->sql("SELECT state FROM mtasts_publishing WHERE domain = '$domain.test' ORDER BY record") }
sub comes_to { my ($domain, $state) = @_; return wait_for(sub { state_of($domain) eq $state }) ? 1 : state_of($domain) }
sub events { my ($domain) = @_; return join ' ', $first->sql("SELECT kind FROM mtasts_event WHERE domain = '$domain.test' AND kind LIKE 'publish%' ORDER BY happened_at, seq") }
# All domains share what may be told in ten minutes.
sub is_told { my ($event) = @_; return grep { MTASTS::Config::slurp($_) =~ /"event": "$event"/ } glob "$notes/*.json" }

# --- three front ends ---

MTASTS::Config::write_file("$certs/command", "#!/bin/sh\necho first line >&2\necho \"no way to \$MTASTS_NAME\" >&2\nexit 3\n");
chmod 0755, "$certs/command";
nginx($first->{tls}, {address => '127.0.0.3', kind => 'cache', to => $first->{port}, cert => "$certs/good-mta-sts.cache.test"});
configure($second, 'fleet', @odd)->start();
configure($third, 'fleet')->start();
configure($first, @domains)->start();
ok t_cmp(comes('fleet'), 1, 'fleet: published');
ok t_cmp(`dig \@127.0.0.1 -p $dns +noall +answer TXT _mta-sts.fleet.test`, qr/^\S+\s+300\s/, 'fleet: with its TTL');
ok t_cmp(comes_to('fleet', 'done'), 1, 'fleet: known');
my $accepted = () = join('', map { $_->log_text() } @fronts) =~ /fleet\.test: MTASTSPublishCommand has accepted: _mta-sts\.fleet\.test\. IN TXT "v=STSv1; id=\w+;"/g;
ok t_cmp($accepted, 1, 'fleet: by one of them');

# The first has a new policy, and the others are held at the old one.
my $old = txt('fleet');
$age{fleet} = '2d';
configure($first, @domains)->graceful();
ok t_cmp($first->says(qr/mtasts:warn.*fleet\.test\b.*127\.0\.0\.2.*: fetch-stale/), 1, 'fleet: the second one has another policy');
ok t_cmp(comes_to('fleet', 'waits'), 1, 'fleet: waits');
ok t_cmp(in_dump('fleet'), qr/^  publishing +_mta-sts +"v=STSv1; id=\w+;": waits until every address serves the policy$/m, 'fleet: in words');
$second->graceful(); # its watch looks, too
ok t_cmp($second->says(qr/mtasts:\w+\] .*fleet\.test.*(?:fetch-|txt-)/), 1, 'fleet: the second one has looked');
ok t_cmp(txt('fleet'), $old, 'fleet: the record has not moved');
configure($second, 'fleet', @odd)->graceful();
ok t_cmp($second->says(qr/mtasts:\w+\] .*fleet\.test\b.*127\.0\.0\.5.*: fetch-stale/), 1, 'fleet: the second one has looked, and the third has not followed');
ok t_cmp(txt('fleet'), $old, 'fleet: nor for two of three');
configure($third, 'fleet')->graceful();
ok t_cmp(comes('fleet'), 1, 'fleet: it moves when the last one has followed');
ok t_cmp(txt('fleet') eq $old ? 1 : 0, 0, 'fleet: to another one');

# One that is known not to follow.
$age{fleet} = '3d';
$lines{fleet} = 'MTASTSFetchQuorum 1';
configure($first, @domains)->graceful();
ok t_cmp(comes('fleet'), 1, 'quorum: one is enough');
{
    local $age{fleet} = '2d';
    configure($second, 'fleet', @odd)->graceful();
}
ok t_cmp($second->says(qr/mtasts:\w+\] .*fleet\.test.*(?:fetch-|txt-)/), 1, 'quorum: the other one has looked');
# The delay is over when it has said that it serves once more.
sub said_at { return ($first->sql("SELECT said_at FROM mtasts_front WHERE front LIKE '%second%'"))[0] }
my $said_at = said_at();
wait_for(sub { said_at() > $said_at + 5 }) or die 'the second one says nothing any more';
ok t_cmp($second->said(), qr/\A(?!.*MTASTSPublishCommand has accepted)/s, 'quorum: and takes nothing back');
ok t_cmp(comes('fleet'), 1, 'quorum: it stays');
$age{fleet} = '4d';
$lines{fleet} = 'MTASTSFetchQuorum 4';
configure($first, @domains)->graceful();
ok t_cmp($first->says(qr/mtasts:warn.*fleet\.test: publish-quorum: MTASTSFetchQuorum asks for 4 addresses .* has 3: its TXT record is never published/), 1, 'quorum: more than there are');

# --- a proxy with an old copy ---

ok t_cmp(comes('cache'), 1, 'cache: published');
$old = txt('cache');
$age{cache} = '2d';
configure($first, @domains)->graceful();
ok t_cmp($first->says(qr/mtasts:warn.*cache\.test\b.*127\.0\.0\.3.*: fetch-stale/), 1, 'cache: has an old copy');
ok t_cmp(comes_to('cache', 'waits'), 1, 'cache: waits');
ok t_cmp(txt('cache'), $old, 'cache: the record has not moved');
publish($dns, ['mta-sts.cache.test', 'A', '127.0.0.4']);
nginx($first->{tls}, {address => '127.0.0.4', kind => 'cache', to => $first->{port}, cert => "$certs/good-mta-sts.cache.test"});
$first->graceful();
ok t_cmp(comes('cache'), 1, 'cache: it moves when the copy is new');
ok t_cmp(txt('cache') eq $old ? 1 : 0, 0, 'cache: to another one');

# --- somebody else's record ---

ok t_cmp(comes_to('foreign', 'foreign'), 1, 'foreign: known');
ok t_cmp($first->log_text(), qr/mtasts:warn.*foreign\.test: publish-foreign: .*_mta-sts\.foreign\.test.*'v=STSv1; id=byhand;'.*MTASTSPublishForeign On/, 'foreign: said');
ok t_cmp(txt('foreign'), 'byhand', 'foreign: stays');
$lines{foreign} = 'MTASTSPublishForeign On';
ok t_cmp(wait_for(sub { $second->log_text() =~ /near\.test: publish-foreign: .*: 'v=stsv1; id=near;'/ }), 1, 'near: a near miss is shown');

# --- by a person ---

ok t_cmp(comes_to('hand', 'due'), 1, 'hand: due');
my $record = '_mta-sts.hand.test. IN TXT "v=STSv1; id=' . id('hand') . ';"';
ok t_cmp($first->log_text(), qr/mtasts:warn.*hand\.test: publish-now: publish now: \Q$record\E \(every address serves its policy; in DNS is none\)/, 'hand: said');
ok t_cmp(in_dump('hand'), qr/warning publish-now: .*\n +To do: \Q$record\E\n/, 'hand: in the dump');
ok t_cmp(txt('hand'), 'none', 'hand: nobody else does it');
publish($dns, ['_mta-sts.hand.test', 'TXT', '"v=STSv1; id=' . id('hand') . ';"']);

# --- at odd names ---

ok t_cmp(comes_to('long', 'due'), 1, 'long: due, and keeps no other waiting');
ok t_cmp($second->log_text(), qr/mtasts:warn.*long\.test: publish-now: publish now: \S*001\S{200}/, 'long: said');
ok t_cmp(wait_for(sub { events('long') eq 'publish' }) ? 1 : events('long'), 1, 'long: in its history');
ok t_cmp(join('', map { $_->log_text() } @fronts), qr/\A(?!.*ledger-unavailable)/s, 'long: and the ledger takes it');
ok t_cmp(comes_to('odd', 'due'), 1, 'odd: is left to a person');
ok t_cmp($second->log_text(), qr/odd\.test: publish-now: .* \(MTASTSPublishCommand is not run, as a CNAME leads to a name of other characters/, 'odd: said');

# --- what fails ---

my $said = qr/publish-failed: MTASTSPublishCommand $certs\/command for the TXT record at _mta-sts\.fails\.test ended with status 3; it said last: no way to _mta-sts\.fails\.test\.+ To do: It is run again not before \d{4}-/;
ok t_cmp(wait_for(sub { $first->log_text() =~ /mtasts:error.*fails\.test: $said/ }), 1, 'fails: said');
ok t_cmp(state_of('fails'), 'failed', 'fails: known');
ok t_cmp(in_dump('fails'), qr/^  publishing +_mta-sts +".*": failed \(\d+ in a row\), again \d.*: ended with status 3; it said last: no way to/m, 'fails: in words');
ok t_cmp(wait_for(sub { $first->log_text() =~ /slow\.test: publish-failed: .*\/bin\/sleep for .* took more than 1 s and was ended/ }), 1, 'slow: is ended');
my $p = policy_of('fails');
my ($failed) = grep { $_->{state} eq 'failed' } @{$p->{publishing}};
ok t_cmp($failed->{said}, 'ended with status 3; it said last: no way to _mta-sts.fails.test.', 'fails: JSON');
ok t_cmp($failed->{failures} > 0 ? 1 : 0, 1, 'fails: how often');
MTASTS::Config::write_file("$certs/command", "#!/bin/sh\nexec $nsupdate\n");
$lines{slow} = '';
configure($first, @domains)->graceful();

# --- what came of it ---

ok t_cmp(comes('foreign'), 1, 'foreign: replaced where it may be');
ok t_cmp(comes_to('hand', 'done'), 1, 'hand: seen');
ok t_cmp($first->log_text(), qr/mtasts:notice.*hand\.test: published: \Q$record\E/, 'hand: said');
ok t_cmp(wait_for(sub { events('hand') eq 'publish published' }) ? 1 : events('hand'), 1, 'hand: in its history');
ok t_cmp(comes('slow'), 1, 'slow: by a command that ends');
ok t_cmp(comes('fails'), 1, 'fails: done again');
ok t_cmp(wait_for(sub { $first->log_text() =~ /fails\.test: publish-failed: cleared/ }), 1, 'fails: cleared');

# --- the others ---

ok t_cmp(comes_to('tlsrpt', 'done done'), 1, 'tlsrpt: both records');
ok t_cmp(records('_smtp._tls.tlsrpt.test'), '"v=TLSRPTv1; rua=mailto:tls@tlsrpt.test"', 'tlsrpt: there');
ok t_cmp(txt('waits'), 'none', 'waits: not yet');
ok t_cmp(in_dump('waits'), qr/: waits until \d{4}-.* UTC, as it is served since \d{4}-/, 'waits: until when');
ok t_cmp(join(' ', sort map { $_->{name} } @{policy_of('tlsrpt')->{publishing}}), '_mta-sts.tlsrpt.test. _smtp._tls.tlsrpt.test.', 'JSON: names');
ok t_cmp(events('tlsrpt'), 'published published', 'tlsrpt: in its history');
ok t_cmp(wait_for(sub { is_told('published') }) ? 1 : 0, 1, 'MTASTSNotifyCommand was told');

# --- a reload while a command runs ---

$lines{waits} = "MTASTSPublishDelay Off\nMTASTSPublishCommand /bin/sleep 1000";
configure($first, 'waits', 'tlsrpt')->graceful();
ok t_cmp(comes_to('waits', 'runs'), 1, 'reload: a command runs');
$lines{waits} = 'MTASTSPublishDelay Off';
configure($first, 'waits', 'tlsrpt')->graceful();
ok t_cmp(comes('waits'), 1, 'reload: is done again');
ok t_cmp($first->log_text(), qr/\A(?!.*waits\.test: publish-failed)/s, 'reload: which is no failure');

# --- another MTASTSTLSRPT ---

sub tlsrpt { return records('_smtp._tls.tlsrpt.test') =~ /mailto:(\w+)/ ? $1 : 'none' }
$lines{tlsrpt} = 'MTASTSTLSRPT mailto:other@tlsrpt.test';
$first->stop();
configure($first, 'waits', 'tlsrpt')->start();
ok t_cmp(wait_for(sub { tlsrpt() eq 'other' }), 1, 'MTASTSTLSRPT: another one after a start');
ok t_cmp($first->said(), qr/\A(?!.*checks ended)/s, 'MTASTSTLSRPT: which has looked');
$lines{tlsrpt} = 'MTASTSTLSRPT mailto:third@tlsrpt.test';
configure($third, 'tlsrpt')->graceful();
ok t_cmp(wait_for(sub { tlsrpt() eq 'third' }), 1, 'MTASTSTLSRPT: and at another front end');
ok t_cmp($first->says(qr/mtasts:warn.*tlsrpt\.test: publish-differs: .*third\@tlsrpt\.test", not ".*other\@tlsrpt\.test"/), 1, 'MTASTSTLSRPT: the first one gives way');

# --- without the ledger ---

$age{cache} = '9d';
publish($dns, ['mta-sts.cache.test', 'A', '127.0.0.6']);
nginx($first->{tls}, {address => '127.0.0.6', kind => 'proxy', to => $first->{port}, cert => "$certs/good-mta-sts.cache.test"});
$first->stop();
configure($first, 'cache');
MTASTS::Config::write_file($first->{conf}, MTASTS::Config::slurp($first->{conf}) . "MTASTSLedger sqlite3 $certs/none/ledger\n");
$first->start();
ok t_cmp($first->says(qr/cache\.test: publish-failed: MTASTSPublishCommand .* is not run while the ledger can't be used.* To do: It is run again when it can: see ledger-unavailable/), 1, 'no ledger: said');
sub looks { return scalar fetches($first->{tls}, '127.0.0.6') }
my ($looks, $since) = (looks(), time);
wait_for(sub { looks() > $looks + 1 }) or die 'nobody looks any more';
ok t_cmp(time - $since > 40 ? 1 : time - $since, 1, 'no ledger: nobody looks each second');

# --- without what it takes ---

configure($first, 'waits');
my (undef, undef, $err) = configure($first, 'waits')->configure("MTASTSPublishCommand $nsupdate", 'MTASTSProbeHost Off', $first->vhost('waits.test', 'MTASTSMX mx.waits.test', "$certs/good-mta-sts.waits.test"))->test();
ok t_cmp($err, qr/waits\.test: no-effect: MTASTSPublishCommand is never run for the _mta-sts record, as nobody sees/, 'MTASTSProbeHost Off: said');
$_->stop() for @fronts;
ok t_cmp(join('', map { $_->trouble() } @fronts), '', 'nothing crashed');
