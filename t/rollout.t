# MTASTSRollout and MTASTSPublishCommand in servers that live: each step is served,
# then published, and the next one comes when its hold is over and all is right;
# who fetches is counted; an edited plan, a restart, a second front end and a ledger
# that is lost go on from where senders are.
use strict;
use warnings FATAL => 'all';
use Apache::Test;
use Apache::TestUtil;
use File::Path qw(remove_tree);
use IO::Socket::SSL ();
use JSON::PP ();
use lib Apache::Test::vars('serverroot') . '/lib';
use MTASTS::Config;
use MTASTS::DNS;
use MTASTS::Httpd;
use MTASTS::Process;
use MTASTS::Tree;

plan tests => 48, need need_module('ssl'), {
    'a server with children (not -one-process)' => sub { !$ENV{VALGRIND} },
};

# --- the world ---

my $v = Apache::Test::vars();
my $certs = new_directory('certs');
my @domains = qw(plan held pair);
system("$v->{serverroot}/lib/bad-certs.sh", $certs, map {"good:mta-sts.$_.test"} @domains) == 0 or die 'no certificates';
chmod 0755, $certs;
my $dns = named(test => "\$TTL 0\n\@ IN SOA ns h 1 2 3 4 5\n\@ IN NS ns\nns IN A 127.0.0.1\n");
publish($dns, map { (["$_.test", 'MX', "10 mx.$_.test."], ["mx.$_.test", 'A', '127.0.0.1'], ["mta-sts.$_.test", 'A', '127.0.0.1', $_ eq 'pair' ? '127.0.0.2' : ()]) } @domains);
publish($dns, ['held.test', 'MX', '10 new.held.test.'], ['new.held.test', 'A', '127.0.0.1']);

# A command that puts the record into DNS as it is told to, and notes it; and
# whether some address does not serve yet what the record announces.
my $dir = new_directory('published');
chmod 0777, $dir;
my $command = "$dir/command";
MTASTS::Config::write_file($command, <<"END");
#!/bin/sh
cat >"$dir/\$MTASTS_DOMAIN.\$(date +%s%N).json"
host=mta-sts.\$MTASTS_DOMAIN
for a in \$(dig \@127.0.0.1 -p $dns +short \$host A); do
    curl -sS -i --cacert "$certs/ca.crt" --resolve "\$host:\$1:\$a" "https://\$host:\$1/.well-known/mta-sts.txt" 2>&1 |
        grep -i "^etag: \\"\$MTASTS_ID\\"" >/dev/null || echo "\$a \$MTASTS_ID" >>"$dir/ahead"
done
printf '%s\\n' "server 127.0.0.1 $dns" "zone test" "update delete \$MTASTS_NAME TXT" "update add \$MTASTS_NAME 0 TXT \\"\$MTASTS_VALUE\\"" send | nsupdate -t 10
END
chmod 0755, $command;

my $h = MTASTS::Httpd->new('rollout');
my $other = MTASTS::Httpd->new('other', address => '127.0.0.2', port => $h->{port}, tls => $h->{tls}, state => $h->{state});
my $resolver = $dns;
sub configure {
    my ($of, %lines) = @_;
    return $of->configure("MTASTSResolver 127.0.0.1:$resolver", 'MTASTSCheckTimeout 20s', 'MTASTSProbeMX Off', 'MTASTSWatchInterval 1m', 'MTASTSPublishDelay 1s',
        "MTASTSCAFile \"$certs/ca.crt\"", "MTASTSPublishCommand \"$command\" $h->{tls}",
        map { $of->vhost("$_.test", join("\n", "MTASTSMX mx.$_.test", "MTASTSProbeHost $h->{tls}", $lines{$_}), "$certs/good-mta-sts.$_.test") } sort keys %lines);
}
sub txt { my ($domain) = @_; return `dig \@127.0.0.1 -p $dns +short _mta-sts.$domain.test TXT` =~ /id=(\w+);/ ? $1 : 'none' }
sub plan_of { my ($domain) = @_; my ($p) = grep { $_->{domain} eq "$domain.test" } @{$h->dump_json()->{policies}}; return @{($p || {})->{rollout} || []} }
sub states { my ($domain) = @_; return join ' ', map { $_->{state} } plan_of($domain) }
sub comes { my ($domain, $policy) = @_; $policy .= " mx.$domain.test"; return wait_for(sub { $h->policy("$domain.test") eq $policy }) ? 1 : $h->policy("$domain.test") }
sub published { my ($domain) = @_; my ($id) = $h->etag("$domain.test") =~ /^"(\w+)"$/; return wait_for(sub { txt($domain) eq $id }) ? 1 : txt($domain) }

# --- a whole plan, one that is held, and one of two front ends ---

my @plan = ('testing:1d/5s', 'testing:2d/5s', 'enforce:1d/5s', 'enforce:1w');
my @serves = ('testing 86400', 'testing 172800', 'enforce 86400', 'enforce 604800');
my %two = (pair => 'MTASTSRollout testing:1d/5s enforce:1d');
my %all = (plan => "MTASTSRollout @plan", held => "MTASTSRollout testing:1d/3s enforce:1d\nMTASTSCheck strict", %two);
configure($h, %all);
my ($rc, undef, $err) = $h->test();
ok t_cmp($rc, 0, 'httpd -t');
ok t_cmp($err, qr/mtasts: plan\.test: MTASTSRollout at the earliest: testing:1d\/5s now, testing:2d\/5s from \d{4}-\d\d-\d\d, enforce:1d\/5s from \d{4}-\d\d-\d\d, enforce:1w from \d{4}-\d\d-\d\d/, 'httpd -t: in dates');
configure($other, %two)->start();
configure($h, %all)->start();
ok t_cmp(comes('plan', $serves[-1]), 1, 'the last step: served');
ok t_cmp(published('plan'), 1, 'the last step: published');
# What came before is told by what was asked to be published.
my @ids = map { $_->{id} } plan_of('plan');
my @told = map { JSON::PP::decode_json(MTASTS::Config::slurp($_))->{id} } sort glob "$dir/plan.test.*.json";
ok t_cmp("@told", "@ids", 'each step is published, once and in order');
my $events;
wait_for(sub { ($events = join ' ', $h->sql("SELECT kind FROM mtasts_event WHERE domain = 'plan.test' AND kind IN ('served', 'published') ORDER BY happened_at, seq")) =~ /(?:published.*){4}/ });
ok t_cmp($events, join(' ', ('served published') x 4), 'each step is served, then published');
ok t_cmp($h->log_text(), qr/mtasts:notice.*mtasts: plan\.test: step 4 of MTASTSRollout, enforce:1w, is served from now on/, 'said');
ok t_cmp(wait_for(sub { states('plan') eq 'done done done current' }) ? 1 : states('plan'), 1, 'the last one lasts');

# An MX host that the policy lacks is a warning in testing, and refused mail in
# enforce.
ok t_cmp($h->says(qr/mtasts:warn.*mtasts: held\.test: rollout-held: the next step of the plan, enforce:1d, could have come \d.*: mx-unmatched\. To do: .* were right for all of its hold without a break/), 1, 'held: said');
ok t_cmp(states('held'), 'held ahead', 'held: in the calendar');
ok t_cmp($h->dump_of('held.test'), qr/^  plan +step 1 of 2 \(MTASTSRollout\)\n +step .*\n +testing:1d\/3s +held /m, 'held: in words');
ok t_cmp($h->policy('held.test'), 'testing 86400 mx.held.test', 'held: stays');
publish($dns, ['held.test', 'MX', '10 mx.held.test.']);
ok t_cmp(comes('held', 'enforce 86400'), 1, 'held: goes on when that is mended');
ok t_cmp($h->says(qr/held\.test: rollout-held: cleared/), 1, 'held: cleared');

# Both serve it before the record moves.
ok t_cmp(comes('pair', 'enforce 86400'), 1, 'pair: goes on');
ok t_cmp(wait_for(sub { $other->policy('pair.test') eq 'enforce 86400 mx.pair.test' }), 1, 'pair: the other one follows');
ok t_cmp(published('pair'), 1, 'pair: published');
ok t_cmp(join(' ', map { $_->etag('pair.test') } $h, $other), qr/^(\S+) \1$/, 'pair: one policy');
my $went = () = join('', map { $_->log_text() } $h, $other) =~ /pair\.test: step 2 of MTASTSRollout/g;
ok t_cmp($went, 1, 'pair: one of them decided');
ok t_cmp(-e "$dir/ahead" ? MTASTS::Config::slurp("$dir/ahead") : '', '', 'no record was ahead of its policy');
$other->stop();

# --- who fetches ---

sub fetch {
    my ($agent) = @_;
    my $s = IO::Socket::SSL->new(PeerAddr => '127.0.0.1', PeerPort => $h->{tls}, SSL_verify_mode => 0, SSL_hostname => 'mta-sts.plan.test', Timeout => 60) or die "no TLS: $!";
    print $s "GET /.well-known/mta-sts.txt HTTP/1.0\r\nHost: mta-sts.plan.test\r\n", ($agent ? "User-Agent: $agent\r\n" : ()), "\r\n";
    local $/;
    return <$s>;
}
sub fetches {
    my ($last) = (plan_of('plan'))[-1];
    my ($p) = grep { $_->{domain} eq 'plan.test' } @{$h->dump_json()->{policies}};
    return map { $_->{sender} => $_->{fetches} } grep { $_->{id} eq $p->{id} } @{$p->{fetches}};
}
fetch($_) for 'Google-SMTP-STS', 'Google-SMTP-STS', 'postfix-mta-sts-resolver/1.4.0', 'curl/8.0', 'something/1.0';
my %fetches;
# The ledger may be told in between.
ok t_cmp(wait_for(sub { %fetches = fetches(); $fetches{unknown} }) ? 1 : join(' ', %fetches), 1, 'fetches: counted');
ok t_cmp($fetches{google} // 0, 2, 'fetches: by sender');
ok t_cmp($fetches{'postfix-mta-sts-resolver'} // 0, 1, 'fetches: by another');
ok t_cmp(($fetches{'mod-mtasts'} // 0) > 0 ? 1 : 0, 1, 'fetches: those of the checks are known');
my $row = (plan_of('plan'))[-1]{fetched};
# What this test itself asks with has no User-Agent.
my %others = %fetches;
delete @others{qw(mod-mtasts checker)};
ok t_cmp($row->{families}, scalar(keys %others), 'fetches: families in the calendar');
ok t_cmp($row->{fetches} >= 4 && $row->{last} =~ /^\d{4}-/ ? 1 : 0, 1, 'fetches: how many, and when');
my $text = $h->dump_of('plan.test');
ok t_cmp($text, qr/^ +enforce:1w +current .* by \d famil\w+, \d+ fetches, last \d{4}-/m, 'fetches: in words');
ok t_cmp($text, qr/^  fetched by   .*Google 2\b/m, 'fetches: each in words');

# --- it goes on where it was ---

$h->graceful();
ok t_cmp($h->policy('plan.test'), 'enforce 604800 mx.plan.test', 'after a reload');
$h->stop()->start();
ok t_cmp($h->policy('plan.test'), 'enforce 604800 mx.plan.test', 'after a stop');
$h->crash()->start();
ok t_cmp($h->policy('plan.test'), 'enforce 604800 mx.plan.test', 'after a crash');

# Without its ledger, by the TXT record.
$h->stop();
remove_tree($h->{state});
$h->start();
ok t_cmp(wait_for(sub { $h->policy('plan.test') ne '404' }) ? $h->policy('plan.test') : 404, 'enforce 604800 mx.plan.test', 'after the ledger is lost');

# And if that can't be asked.
$h->stop();
remove_tree($h->{state});
$resolver = MTASTS::Tree::free_ports(1);
configure($h, %all)->start();
ok t_cmp($h->says(qr/mtasts:error.*plan\.test: rollout-unplaced: at which step of MTASTSRollout .* nothing is served \(404\)/), 1, 'nobody knows: said');
ok t_cmp($h->policy('plan.test'), '404', 'nobody knows: rather nothing');
# It is cleared if it is known to have stood.
wait_for(sub { $h->sql("SELECT 1 FROM mtasts_finding WHERE code = 'rollout-unplaced' AND subject = 'plan.test'") }) or die 'not remembered';
$h->stop(); # so that all is written
ok t_cmp(join(' ', $h->sql("SELECT mode FROM mtasts_step WHERE domain = 'plan.test'")), '', 'nobody knows: nor does the ledger from now on');
$resolver = $dns;
configure($h, %all)->start();
ok t_cmp(comes('plan', 'enforce 604800'), 1, 'known again');
ok t_cmp($h->said(), qr/mtasts:notice.*plan\.test: MTASTSRollout goes on at its step 4, enforce:1w, whose id is in the TXT record/, 'known again: how');
ok t_cmp($h->says(qr/plan\.test: rollout-unplaced: cleared/), 1, 'known again: said');

# --- another plan ---

ok t_cmp($h->remembers('plan.test'), 1, 'remembered');
configure($h, plan => 'MTASTSRollout testing:1d/5s enforce:2d/1d enforce:2w')->graceful();
ok t_cmp(comes('plan', 'enforce 1209600'), 1, 'an edited plan: never back');
ok t_cmp($h->says(qr/mtasts:warn.*plan\.test: rollout-plan-changed: the policy that was served last, enforce:1w, is no step of MTASTSRollout as it is now: the plan goes on at its step 3, enforce:2w/), 1, 'an edited plan: said');
configure($h, plan => "MTASTSRollout @plan enforce:2w" =~ s/enforce:1w/$&\/1d/r)->graceful();
ok t_cmp(comes('plan', 'enforce 1209600'), 1, 'an edited plan: at the same step');
ok t_cmp(states('plan'), 'done done done done current', 'an edited plan: in the calendar');

# --- by hand ---

configure($h, plan => "MTASTSMode enforce\nMTASTSMaxAge 3w")->graceful();
ok t_cmp(comes('plan', 'enforce 1814400'), 1, 'by hand');
configure($h, plan => "MTASTSMode none\nMTASTSMaxAge 1d")->graceful();
ok t_cmp($h->policy('plan.test'), 'none 86400 mx.plan.test', 'mode none at once');
ok t_cmp($h->remembers_policy('plan.test', 'none'), 1, 'mode none: remembered');
configure($h, plan => "MTASTSRollout @plan")->graceful();
ok t_cmp(comes('plan', $serves[0]), 1, 'the plan again: from its beginning');
$h->stop();
ok t_cmp(join('', map { $_->trouble() } $h, $other), '', 'nothing crashed');
