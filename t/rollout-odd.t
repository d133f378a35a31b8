# Plans and records where something is missing or contradicts: no ledger, no checks,
# an MX host that only TLS shows to be bad, another plan on another front end, a
# policy host of which not all addresses are known.
use strict;
use warnings FATAL => 'all';
use Apache::Test;
use Apache::TestUtil;
use File::Basename qw(dirname);
use lib Apache::Test::vars('serverroot') . '/lib';
use MTASTS::Config;
use MTASTS::DNS;
use MTASTS::Httpd;
use MTASTS::Process;
use MTASTS::SMTP;
use MTASTS::Tree;

plan tests => 40, need need_module('ssl'), {
    'a server with children (not -one-process)' => sub { !$ENV{VALGRIND} },
};

# --- the world ---

my $v = Apache::Test::vars();
my $certs = new_directory('certs');
my @hosts = qw(mta-sts.tls.test mx.tls.test mta-sts.differ.test mta-sts.here.test mta-sts.here-no-aaaa.test);
system("$v->{serverroot}/lib/bad-certs.sh", $certs, map {"good:$_"} @hosts) == 0 or die 'no certificates';
chmod 0755, $certs;
my $dns = named(test => "\$TTL 0\n\@ IN SOA ns h 1 2 3 4 5\n\@ IN NS ns\nns IN A 127.0.0.1\n");
publish($dns, map { (["$_.test", 'MX', "10 mx.$_.test."], ["mx.$_.test", 'A', '127.0.0.1'], ["mta-sts.$_.test", 'A', '127.0.0.1']) }
    qw(tls differ placed new unchecked));
my $smtp = MTASTS::Tree::free_ports(1);
bad_smtp($smtp, {address => '127.0.7.1', kind => 'no-starttls', cert => "$certs/good-mx.tls.test"}, {address => '127.0.7.2', kind => 'good', cert => "$certs/good-mx.tls.test"});
publish($dns, ['mx.tls.test', 'A', '127.0.7.1']);

my $plan = 'MTASTSRollout testing:1d/3s enforce:1d/30d enforce:2w';
sub configure {
    my ($h, @lines) = @_;
    return $h->configure('MTASTSCheckTimeout 20s', 'MTASTSProbeMX Off', 'MTASTSWatchInterval 1m', 'MTASTSPublishDelay 1s', "MTASTSCAFile \"$certs/ca.crt\"", @lines);
}
sub vhost {
    my ($h, $domain, $lines, $tls) = @_;
    return $h->vhost("$domain.test", "MTASTSMX mx.$domain.test\n$lines", $tls ? "$certs/good-mta-sts.$domain.test" : ());
}
sub comes { my ($h, $domain, $policy) = @_; return wait_for(sub { $h->policy("$domain.test") eq "$policy mx.$domain.test" }) ? 1 : $h->policy("$domain.test") }

# Puts the record of what is served into DNS.
sub follow {
    my ($h, $domain) = @_;
    my ($id) = $h->etag("$domain.test") =~ /^"(\w+)"$/ or die "$domain.test serves nothing";
    publish($dns, ["_mta-sts.$domain.test", 'TXT', "\"v=STSv1; id=$id;\""]);
    return $id;
}

# --- without a ledger ---

my $alone = MTASTS::Httpd->new('alone');
my @alone = ("MTASTSResolver 127.0.0.1:$dns", 'MTASTSLedger Off', 'MTASTSProbeHost Off');
configure($alone, @alone, map { vhost($alone, $_, "MTASTSMode enforce\nMTASTSMaxAge 2w") } 'placed')->start();
follow($alone, 'placed'); # enforce:2w, by hand
$alone->stop();
configure($alone, @alone, map { vhost($alone, $_, $plan) } qw(placed new));
my (undef, undef, $err) = $alone->test();
ok t_cmp($err, qr/placed\.test: no-effect: MTASTSRollout /, 'no ledger: said');
$alone->start();
ok t_cmp(comes($alone, 'placed', 'enforce 1209600'), 1, 'no ledger: goes on where DNS says');
ok t_cmp(comes($alone, 'new', 'testing 86400'), 1, 'no ledger: else begins');
$alone->graceful();
ok t_cmp($alone->policy('placed.test'), 'enforce 1209600 mx.placed.test', 'no ledger: after a reload');
$alone->stop();

# --- without checks ---

# The dump of what is not checked has nothing of the ledger.
sub remembers {
    my ($mode) = @_;
    return wait_for(sub { grep { $_ eq $mode } $alone->sql("SELECT mode FROM mtasts_served JOIN mtasts_body USING (digest) WHERE domain = 'unchecked.test' AND is_open = 1") });
}
my @unchecked = ('MTASTSCheck off', vhost($alone, 'unchecked', $plan));
configure($alone, 'MTASTSLedger Off', @unchecked)->start();
ok t_cmp($alone->policy('unchecked.test'), 'testing 86400 mx.unchecked.test', 'neither checks nor ledger: the first step, at once');
$alone->stop();
configure($alone, @unchecked);
(undef, undef, $err) = $alone->test();
ok t_cmp($err, qr/unchecked\.test: no-effect: MTASTSRollout /, 'no checks: said');
$alone->start();
ok t_cmp(comes($alone, 'unchecked', 'testing 86400'), 1, 'no checks: the first step');
ok t_cmp(remembers('testing'), 1, 'no checks: remembered');
$alone->stop()->pass_time(3600);
configure($alone, 'MTASTSCheck off', vhost($alone, 'unchecked', "MTASTSMode enforce\nMTASTSMaxAge 1d"))->start();
ok t_cmp(remembers('enforce'), 1, 'no checks: by hand');
configure($alone, @unchecked)->graceful();
ok t_cmp(comes($alone, 'unchecked', 'enforce 86400'), 1, 'no checks: goes on where the ledger says');
$alone->stop();

# --- the TLS of an MX host ---

my $h = MTASTS::Httpd->new('main');
my @main = ("MTASTSResolver 127.0.0.1:$dns", "MTASTSProbeHost $h->{tls}", vhost($h, 'tls', "$plan\nMTASTSProbeMX $smtp", 1));
configure($h, @main)->start();
my $id = follow($h, 'tls');
$h->graceful(); # so that the new record is seen
ok t_cmp($h->says(qr/tls\.test: rollout-held: the next step of the plan, enforce:1d\/30d, could have come .*: mx-no-starttls\. To do/), 1, 'STARTTLS: held');
ok t_cmp($h->log_text(), qr/mtasts:warn.*tls\.test.*: mx-no-starttls/, 'STARTTLS: a warning by itself');
ok t_cmp($h->etag('tls.test'), "\"$id\"", 'STARTTLS: stays');
publish($dns, ['mx.tls.test', 'A', '127.0.7.2']);
ok t_cmp(comes($h, 'tls', 'enforce 86400'), 1, 'STARTTLS: goes on when that is mended');
ok t_cmp($h->remembers_policy('tls.test', 'enforce'), 1, 'STARTTLS: remembered');

# --- out of a plan and back into it ---

sub step_of { my ($domain) = @_; return join ' ', $h->sql("SELECT mode || ' ' || max_age FROM mtasts_step WHERE domain = '$domain.test'") }
configure($h, @main[0, 1], vhost($h, 'tls', "MTASTSMode testing\nMTASTSMaxAge 1d\nMTASTSProbeMX $smtp", 1))->graceful();
ok t_cmp(comes($h, 'tls', 'testing 86400'), 1, 'by hand: testing');
wait_for(sub { $h->sql("SELECT 1 FROM mtasts_released JOIN mtasts_body USING (digest) WHERE domain = 'tls.test' AND mode = 'testing'") }) or die 'not released';
configure($h, @main[0, 1], vhost($h, 'tls', $plan =~ s/3s/30d/r . "\nMTASTSProbeMX $smtp", 1))->graceful();
ok t_cmp(wait_for(sub { step_of('tls') eq 'testing 86400' }) ? 1 : step_of('tls'), 1, 'the plan again: where senders are');
ok t_cmp($h->policy('tls.test'), 'testing 86400 mx.tls.test', 'the plan again: with its hold before it enforces');
$h->stop();

# --- another plan on another front end ---

my $other = MTASTS::Httpd->new('other', address => '127.0.0.2', port => $h->{port}, tls => $h->{tls}, state => $h->{state});
my @differ = ("MTASTSResolver 127.0.0.1:$dns", "MTASTSProbeHost $h->{tls}");
my $others = 'MTASTSRollout testing:1d/30d enforce:2d';
configure($h, @differ, vhost($h, 'differ', $plan, 1))->start();
configure($other, @differ, vhost($other, 'differ', $others, 1))->start();
follow($h, 'differ');
$h->graceful();
ok t_cmp(comes($h, 'differ', 'enforce 86400'), 1, 'two plans: the first one goes on');
ok t_cmp($h->remembers_policy('differ.test', 'enforce'), 1, 'two plans: remembered');
$other->stop()->start();
ok t_cmp(comes($other, 'differ', 'enforce 172800'), 1, 'two plans: the other one is never behind its mode');
ok t_cmp($other->says(qr/differ\.test: rollout-plan-changed: /), 1, 'two plans: said');
ok t_cmp($other->says(qr/mtasts:warn.*differ\.test: rollout-elsewhere: another front end with the same ledger serves enforce:1d of another plan: the plan here stays at its step 2, enforce:2d\. To do: Give all front ends/), 1, 'two plans: that the other one is elsewhere');
$h->stop()->start();
ok t_cmp($h->policy('differ.test'), qr/^enforce /, 'two plans: nor is the first one');
ok t_cmp(step_of('differ'), qr/^enforce /, 'two plans: nor in the ledger');

# --- both front ends with an edited plan ---

my $edited = 'MTASTSRollout testing:1d/3s enforce:3d/3s enforce:3w';
configure($_, @differ, vhost($_, 'differ', $edited, 1))->graceful() for $h, $other;
ok t_cmp(comes($h, 'differ', 'enforce 259200'), 1, 'an edited plan: goes on');
follow($h, 'differ');
ok t_cmp(comes($h, 'differ', 'enforce 1814400'), 1, 'an edited plan: to its end');
ok t_cmp(comes($other, 'differ', 'enforce 1814400'), 1, 'an edited plan: at both');

# --- a front end that was left behind takes nothing back ---

sub released { return join ' ', $h->sql("SELECT mode FROM mtasts_released JOIN mtasts_body USING (digest) WHERE domain = 'differ.test'") }
sub said_at { return ($h->sql("SELECT said_at FROM mtasts_front WHERE front LIKE '%/other%'"))[0] }
configure($other, @differ, vhost($other, 'differ', "MTASTSMode testing\nMTASTSMaxAge 1d", 1))->graceful();
ok t_cmp(wait_for(sub { released() eq 'testing' }), 1, 'behind: by hand, there');
configure($h, @differ, vhost($h, 'differ', "MTASTSMode enforce\nMTASTSMaxAge 4w", 1))->graceful();
ok t_cmp(wait_for(sub { released() eq 'enforce' }), 1, 'behind: then by hand, here');
my $was = said_at();
$other->stop()->start();
wait_for(sub { said_at() > $was }) or die 'it says nothing';
ok t_cmp($other->policy('differ.test'), 'testing 86400 mx.differ.test', 'behind: it is started again');
ok t_cmp(released(), 'enforce', 'behind: which is not what was released last');
$_->stop() for $h, $other;

# --- addresses that nobody knows ---

my $half = MTASTS::Httpd->new('half');
my $bad = bad_server('here');
configure($half, "MTASTSResolver 127.0.0.1:$bad", "MTASTSProbeHost $half->{tls}", map { vhost($half, $_, '', 1) } qw(here here-no-aaaa))->start();
sub state_of { my ($domain) = @_; return join ' ', $half->sql("SELECT state FROM mtasts_publishing WHERE domain = '$domain.test'") }
ok t_cmp(wait_for(sub { state_of('here') eq 'due' }) ? 1 : state_of('here'), 1, 'no AAAA records: due');
ok t_cmp(state_of('here-no-aaaa'), 'waits', 'AAAA not known: waits');
ok t_cmp($half->log_text(), qr/here\.test: publish-now: /, 'no AAAA records: said');
ok t_cmp($half->log_text(), qr/\A(?!.*here-no-aaaa\.test: publish-now)/s, 'AAAA not known: not said');
$half->stop();

# --- no shared memory, by which processes tell each other of a step ---

my $dark = MTASTS::Httpd->new('dark');
my $preloaded = new_directory('no-shm') . '/no-shm.so';
chmod 0755, dirname($preloaded);
system('cc', '-shared', '-fPIC', split(' ', MTASTS::Tree::ask('EXTRA_CPPFLAGS')), '-I' . MTASTS::Tree::ask('APR_INCLUDEDIR'), '-o', $preloaded,
    "$v->{serverroot}/lib/no-shm.c", '-ldl') == 0 or die 'no library';
configure($dark, 'MTASTSCheck off', 'MTASTSLedger Off', vhost($dark, 'new', $plan), vhost($dark, 'placed', 'MTASTSMode enforce'));
# The wrapper of a sanitizer preloads its own.
my $wrapped = $ENV{MTASTS_HTTPD} && 'httpd has a wrapper';
if (!$wrapped) {
    local $ENV{LD_PRELOAD} = $preloaded;
    $dark->start();
}
ok $wrapped || t_cmp($dark->log_text(), qr/mtasts:error.* mtasts: there is no shared memory .* To do: /, 'no shared memory: said');
ok $wrapped || t_cmp($dark->policy('new.test'), '404', 'no shared memory: no step of a plan');
ok $wrapped || t_cmp($dark->policy('placed.test'), 'enforce 604800 mx.placed.test', 'no shared memory: what has no plan is served');
$dark->stop();
ok t_cmp(join('', map { $_->trouble() } $alone, $h, $other, $half, $dark), '', 'nothing crashed');
