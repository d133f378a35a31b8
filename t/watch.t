# The watch: what has changed is said once, what can't be known stands, and a
# command of the administrator's is told.
use strict;
use warnings FATAL => 'all';
use Apache::Test;
use Apache::TestUtil;
use JSON::PP;
use lib Apache::Test::vars('serverroot') . '/lib';
use MTASTS::Config;
use MTASTS::DNS;
use MTASTS::Httpd;
use MTASTS::Process;
use MTASTS::Tree;

plan tests => 97, need need_module('ssl'), {
    'a server with children (not -one-process)' => sub { !$ENV{VALGRIND} },
};

my $v = Apache::Test::vars();
my $closed = MTASTS::Tree::free_ports(1); # nobody listens there
my $dns = named(test => "\$TTL 0\n\@ IN SOA ns h 1 2 3 4 5\n\@ IN NS ns\nns IN A 127.0.0.1\n");
my $failing = bad_server('servfail');

sub records_of {
    my ($name) = @_;
    return ["$name.test.", 'MX', "10 mx.$name.test."], ["mx.$name.test.", 'A', '127.0.0.1'], ["mta-sts.$name.test.", 'A', '127.0.0.1'],
        ["_mta-sts.$name.test.", 'TXT', '"v=STSv1; id=t1;"'], ["_smtp._tls.$name.test.", 'TXT', '"v=TLSRPTv1; rua=mailto:a@b.test"'];
}

# A server that tells notify.sh, which ends as `how` says.
sub server {
    my ($name, $how) = @_;
    my $h = MTASTS::Httpd->new("watch-$name");
    $h->{told} = new_directory("told-$name");
    chmod 0777, $h->{told};
    $h->{how} = $how;
    return $h;
}
sub configure {
    my ($h, $resolver, $domains, @lines) = @_;
    return $h->configure("MTASTSResolver 127.0.0.1:$resolver", 'MTASTSCheckTimeout 20s', 'MTASTSProbeHost Off', 'MTASTSProbeMX Off',
        'MTASTSTLSRPT mailto:a@b.test', 'MTASTSPolicyID t1',
        qq(MTASTSNotifyCommand "$v->{serverroot}/lib/notify.sh" "$h->{told}" $h->{how} "two words" "\$HOME; 'it'" ""), @lines,
        map { $h->vhost("$_.test", "MTASTSMX mx.$_.test") } @$domains);
}
# What the command was told since it was asked last: [{env, args, json}], in order.
sub told {
    my ($h) = @_;
    my @all;
    for my $base (map { s/\.json$//r } sort glob "$h->{told}/*.json") {
        next if $h->{seen}{$base}++;
        my %env = map {/^(\w+)=(.*)$/} split /\n/, MTASTS::Config::slurp("$base.env");
        push @all, {env => \%env, args => MTASTS::Config::slurp("$base.args"), json => decode_json(MTASTS::Config::slurp("$base.json"))};
    }
    return @all;
}
# Waits for that many, and no more, and until the last of them has ended: one that
# a reload ends is told again.
sub events {
    my ($h, $n) = @_;
    my @all;
    wait_for(sub { push @all, told($h); @all >= $n });
    for (@all) {
        my $text = substr $_->{env}{MTASTS_TEXT}, 0, 60;
        $h->says(qr/MTASTSNotifyCommand was told: \Q$text\E/);
    }
    return @all;
}
sub short { return join ', ', sort map { join ' ', grep {length} @{$_->{env}}{map {"MTASTS_$_"} qw(EVENT DOMAIN WAS IS)} } @_ }
# A reload, after which all is looked at; `steady` is right, which is said last.
sub reload {
    my ($h) = @_;
    $h->graceful();
    return $h->says(qr/mtasts: steady\.test: in sync/);
}
sub times_said { my ($h, $what) = @_; return scalar(() = $h->said() =~ /mtasts: $what/g) }

# --- what changes is said, and told ---

my $h = server('says', 'well');
publish($dns, map { records_of($_) } 'steady', 'moving', 'unsure');
publish($dns, ['_mta-sts.moving.test.', 'TXT']);
configure($h, $dns, ['steady', 'moving', 'unsure'])->start();
ok t_cmp($h->says(qr/mtasts:error\S* .*mtasts: moving\.test: txt-missing: /), 1, 'start: said');
my ($one) = my @all = events($h, 1);
ok t_cmp(short(@all), 'severity moving.test ok error', 'start: told');
ok t_cmp($one->{args}, "two words\n\$HOME; 'it'\n\n", 'arguments as they are');
ok t_cmp(join(' ', sort grep { !/^(?:PWD|SHLVL|OLDPWD|_)$/ } keys %{$one->{env}}),
    qr/^(?:LANG )?(?:LC_ALL )?MTASTS_COUNT MTASTS_DOMAIN MTASTS_EVENT MTASTS_IS MTASTS_TEXT MTASTS_WAS PATH(?: TZ)?$/, 'and nothing else');
ok t_cmp($one->{env}{MTASTS_TEXT}, qr/^moving\.test: error, was ok: moving\.test: txt-missing: there is no MTA-STS record/, 'the text');
my $json = $one->{json};
ok t_cmp("@$json{qw(version event domain was is server)}", '1 severity moving.test ok error main.example', 'JSON: the same');
ok t_cmp($json->{time}, qr/^\d{10}$/, 'JSON: time');
ok t_cmp($json->{count} . $one->{env}{MTASTS_COUNT}, '11', 'count of findings');
my ($missing) = grep { $_->{code} eq 'txt-missing' } @{$json->{findings}};
ok t_cmp(join('|', map { $missing->{$_} // '' } qw(severity subject remedy)), 'error|moving.test|_mta-sts.moving.test. IN TXT "v=STSv1; id=t1;"', 'JSON: a finding');
ok t_cmp($missing->{since}, qr/^\d{10}$/, 'JSON: since when');
ok t_cmp($h->says(qr/mtasts:info\S* .*mtasts: MTASTSNotifyCommand was told: moving\.test: error, was ok/), 1, 'that it was told is said');
ok t_cmp(times_said($h, 'moving\.test: txt-missing: there'), 1, 'once by start and watch together');

# Nothing has changed.
ok t_cmp(reload($h), 1, 'reload: all is looked at');
ok t_cmp($h->says(qr/mtasts: 1 finding as logged before; /), 1, 'reload: it is as it was');
ok t_cmp(times_said($h, 'moving\.test: txt-missing'), 0, 'reload: which is not said again');

# Another error, in the place of that.
publish($dns, (grep { $_->[0] =~ /^_mta-sts/ } records_of('moving')), ['moving.test.', 'MX', '10 mx.moving.test.', '20 new.moving.test.']);
reload($h);
ok t_cmp($h->says(qr/mtasts:warn\S* .*mtasts: moving\.test: mx-unmatched: .*new\.moving\.test/), 1, 'new: said');
ok t_cmp($h->says(qr/mtasts:notice\S* .*mtasts: moving\.test: txt-missing: cleared, stood since \d{4}-\d\d-\d\d \d\d:\d\d UTC; it said: there is no/), 1, 'gone: said');
ok t_cmp(short(@all = events($h, 2)), 'published moving.test v=STSv1; id=t1;, severity moving.test error warning', 'told that it fell');
ok t_cmp((grep { $_->{env}{MTASTS_EVENT} eq 'severity' } @all)[0]{env}{MTASTS_TEXT}, qr/^moving\.test: warning, was error: moving\.test: mx-unmatched: /, 'and to what');

# The same with other words.
publish($dns, ['moving.test.', 'MX', '10 mx.moving.test.', '30 new.moving.test.']);
reload($h);
ok t_cmp($h->says(qr/mtasts: moving\.test: mx-unmatched: MX 30 new/), 1, 'changed: said');
ok t_cmp(times_said($h, 'moving\.test: mx-unmatched: cleared'), 0, 'changed: not cleared');
publish($dns, records_of('moving'));
reload($h);
ok t_cmp($h->says(qr/mtasts: moving\.test: mx-unmatched: cleared, /), 1, 'mended: said');
ok t_cmp(short(events($h, 1)), 'severity moving.test warning ok', 'mended: told');

# --- what can't be known ---

publish($dns, ['_mta-sts.unsure.test.', 'TXT'], ['mta-sts.unsure.test.', 'A']);
reload($h);
ok t_cmp($h->says(qr/unsure\.test: host-missing: /), 1, 'wrong: said');
ok t_cmp(short(events($h, 1)), 'severity unsure.test ok error', 'wrong: told');
# Nothing is known of any domain.
configure($h, $failing, ['steady', 'moving', 'unsure'])->graceful();
ok t_cmp($h->says(qr/mtasts:notice\S* .*mtasts: unsure\.test: dns-tempfail: .*SERVFAIL/), 1, 'unknown: said');
ok t_cmp($h->says(qr/moving\.test: dns-tempfail: /), 1, 'unknown: of all');
ok t_cmp(times_said($h, '\S+: cleared'), 0, 'unknown: nothing is cleared');
# And again: half of it is right now, and that was never known to be otherwise.
publish($dns, grep { $_->[0] =~ /^mta-sts/ } records_of('unsure'));
configure($h, $dns, ['steady', 'moving', 'unsure']);
reload($h);
ok t_cmp($h->says(qr/unsure\.test: host-missing: cleared, stood since/), 1, 'known again: cleared');
ok t_cmp($h->says(qr/unsure\.test: dns-tempfail: cleared, stood since/), 1, 'known again: also that it was unknown');
ok t_cmp(times_said($h, 'unsure\.test: txt-missing'), 0, 'what stood all the time is not said');
ok t_cmp(short(told($h)), '', 'nor is anything told');

# --- the policy, as fetched ---

# Another server, of which more is seen below, when a minute has gone by.
my $f = server('fetched', 'well');
my $certs = new_directory('certs');
system("$v->{serverroot}/lib/bad-certs.sh", $certs, 'good:mta-sts.fetched.test') == 0 or die 'no certificates';
chmod 0755, $certs;
publish($dns, records_of('fetched'));
sub fetched {
    my (@lines) = @_;
    return configure($f, $dns, [], 'MTASTSNotifyCommand Off', "MTASTSCAFile \"$certs/ca.crt\"", "CustomLog \"$f->{dir}/access\" %>s",
        $f->vhost('fetched.test', join("\n", 'MTASTSMX mx.fetched.test', "MTASTSProbeHost $f->{tls}", @lines), "$certs/good-mta-sts.fetched.test"));
}
sub fetches { return join '', sort split /\n/, MTASTS::Config::slurp("$f->{dir}/access") }
fetched()->start();
ok t_cmp($f->says(qr/mtasts: fetched\.test: fetched as it is meant to be from 1 address$/m), 1, 'fetched: right');
fetched('<Location "/">', 'Require all denied', '</Location>')->graceful();
ok t_cmp($f->says(qr/mtasts:error\S* .*mtasts: mta-sts\.fetched\.test \[127\.0\.0\.1\]: fetch-status: .*403/), 1, 'fetched: a reload that breaks it is seen at once');
my $forbidden = fetches();

# --- sooner than the interval ---

# The interval is three minutes: only what has changed is looked at after one.
configure($h, $dns, ['steady', 'moving', 'unsure'], 'MTASTSWatchInterval 3m');
publish($dns, ['_mta-sts.moving.test.', 'TXT', '"v=STSv1; id=t2;"']);
reload($h);
ok t_cmp($h->says(qr/moving\.test: txt-\S+: .*t2/), 1, 'news: said');
short(events($h, 1));
publish($dns, records_of('moving'), ['_mta-sts.steady.test.', 'TXT']);
ok t_cmp($h->says(qr/moving\.test: txt-\S+: cleared/), 1, 'news: looked at again');
my ($news, $again) = map { $h->said_at($_) } qr/moving\.test: txt-\S+: .*t2/, qr/moving\.test: txt-\S+: cleared/;
ok t_cmp($again - $news > 40 ? 1 : $again - $news, 1, 'news: not at once');
ok t_cmp(times_said($h, 'steady\.test: txt-missing'), 0, 'news: and only that, so before the interval was over');
ok t_cmp(short(events($h, 2)), 'published moving.test v=STSv1; id=t1;, severity moving.test warning ok', 'news: told');
publish($dns, records_of('steady'));

# What was right before the reload does not count then either.
ok t_cmp(wait_for(sub { fetches() ne $forbidden || times_said($f, '\S+ \S+: fetch-status: cleared') }) ? 1 : 0, 1, 'fetched: looked at again');
ok t_cmp(times_said($f, '\S+ \S+: fetch-status: cleared'), 0, 'fetched: and it stands');
ok t_cmp($forbidden, qr/^200(?:200)*403$/, 'fetched: never twice in a run');
fetched()->graceful();
ok t_cmp($f->says(qr/mtasts: mta-sts\.fetched\.test \S+: fetch-status: cleared, /), 1, 'fetched: mended');
ok t_cmp($f->trouble(), '', 'nothing crashed');
$f->stop();

# --- what is served ---

my @enforce = ('MTASTSMode enforce', 'MTASTSPolicyID t2');
configure($h, $dns, ['steady', 'moving', 'unsure'], @enforce);
$h->graceful();
@all = events($h, 8);
ok t_cmp(short(grep { $_->{env}{MTASTS_DOMAIN} eq 'steady.test' } @all),
    'mode steady.test testing enforce, served steady.test t1 t2, severity steady.test ok warning', 'another policy: told');
ok t_cmp((grep { $_->{env}{MTASTS_EVENT} eq 'mode' } @all)[0]{env}{MTASTS_TEXT}, qr/^\S+\.test: the mode is enforce, it was testing$/, 'another policy: words');
ok t_cmp(join(' ', $h->sql("SELECT kind FROM mtasts_event WHERE domain = 'steady.test' ORDER BY seq")), 'served mode served', 'another policy: in the ledger');
ok t_cmp($h->trouble(), '', 'nothing crashed');
$h->stop();

# A stop and a start: what stands is said, but not told again.
told($h);
configure($h, $dns, ['steady', 'moving', 'unsure'], @enforce)->start();
ok t_cmp($h->says(qr/unsure\.test: txt-missing: .* \(since \d{4}-\d\d-\d\d \d\d:\d\d UTC\)\. To do: /), 1, 'started again: what stands is said, since when');
ok t_cmp(times_said($h, 'unsure\.test: txt-missing'), 1, 'started again: once');
publish($dns, map { ["_mta-sts.$_.test.", 'TXT', '"v=STSv1; id=t2;"'] } 'steady', 'moving');
reload($h);
ok t_cmp($h->says(qr/steady\.test: txt-stale: cleared/), 1, 'started again: it goes on');
ok t_cmp(short(events($h, 4)), 'published moving.test v=STSv1; id=t2;, published steady.test v=STSv1; id=t2;, severity moving.test warning ok, severity steady.test warning ok', 'started again: what stood is not told');
publish($dns, map { records_of($_) } 'steady', 'moving');
$h->stop();

# --- commands that fail ---

my $fails = server('fails', 'fail');
publish($dns, ['_mta-sts.moving.test.', 'TXT']);
configure($fails, $dns, ['steady', 'moving'])->start();
ok t_cmp($fails->says(qr{mtasts:warn\S* .*mtasts: moving\.test: notify-failed: MTASTSNotifyCommand \S+/notify\.sh ended with status 3; it said last: no route to the pager\. To do: }), 1, 'fails: said');
ok t_cmp(reload($fails), 1, 'fails: goes on');
ok t_cmp(times_said($fails, 'moving\.test: notify-failed'), 0, 'fails: and does not tell again');
$fails->configure(MTASTS::Config::slurp($fails->{conf}) =~ /^(MTASTSResolver.*)/ms ? $1 =~ s/"\S+notify\.sh"/"$fails->{dir}\/gone"/r : '');
publish($dns, records_of('moving'));
reload($fails);
ok t_cmp($fails->says(qr{moving\.test: notify-failed: MTASTSNotifyCommand \S+/gone could not be run: No such file or directory\. To do}), 1, 'not there: said');
ok t_cmp($fails->says(qr/moving\.test: txt-missing: cleared/), 1, 'not there: all else goes on');
ok t_cmp($fails->trouble(), '', 'nothing crashed');
$fails->stop();

# One that never ends: 30 s are its time, and a stop does not wait for it.
my $hangs = server('hangs', 'hang');
publish($dns, ['_mta-sts.moving.test.', 'TXT']);
configure($hangs, $dns, ['steady', 'moving'])->start();
ok t_cmp(wait_for(sub { -s "$hangs->{told}/pid" }) ? 1 : 0, 1, 'hangs: runs');
chomp(my $pid = MTASTS::Config::slurp("$hangs->{told}/pid"));
ok t_cmp($hangs->policy('moving.test'), 'testing 604800 mx.moving.test', 'hangs: httpd serves');
ok t_cmp($hangs->says(qr{moving\.test: notify-failed: MTASTSNotifyCommand \S+ took more than 30 s and was ended}), 1, 'hangs: is ended');
ok t_cmp(wait_for(sub { !MTASTS::Httpd::is_running($pid) }), 1, 'hangs: with what it has started');
# A reload ends it, and what it was told then the next one is told.
sub hanging {
    unlink "$hangs->{told}/pid";
    $hangs->graceful();
    wait_for(sub { -s "$hangs->{told}/pid" });
    chomp(my $new = MTASTS::Config::slurp("$hangs->{told}/pid"));
    told($hangs);
    return $new;
}
publish($dns, records_of('moving'));
$pid = hanging();
$hangs->{how} = 'well';
configure($hangs, $dns, ['steady', 'moving']);
reload($hangs);
ok t_cmp(wait_for(sub { !MTASTS::Httpd::is_running($pid) }), 1, 'hangs: a reload ends it');
ok t_cmp(short(events($hangs, 1)), 'severity moving.test error ok', 'hangs: the next is told');
$hangs->{how} = 'hang';
configure($hangs, $dns, ['steady', 'moving']);
publish($dns, ['_mta-sts.moving.test.', 'TXT']);
$pid = hanging();
$hangs->stop();
ok t_cmp($hangs->ended_when_asked() ? 1 : 0, 1, 'hangs: httpd stops at once');
ok t_cmp(wait_for(sub { !MTASTS::Httpd::is_running($pid) }), 1, 'hangs: and with it the command');
ok t_cmp($hangs->trouble(), '', 'nothing crashed');

# --- many at once ---

my $many = server('many', 'well');
my @domains = map {"d$_"} 1 .. 30;
publish($dns, map { my $name = $_; grep { $_->[0] !~ /^_mta-sts/ } records_of($name) } @domains);
configure($many, $dns, ['steady', @domains])->start();
@all = events($many, 20);
ok t_cmp(scalar @all, 20, 'many: twenty commands');
ok t_cmp(scalar(grep { $_->{env}{MTASTS_EVENT} eq 'severity' } @all), 19, 'many: one for each, but the last');
my ($more) = grep { $_->{env}{MTASTS_EVENT} eq 'more' } @all;
ok t_cmp($more->{env}{MTASTS_COUNT}, 11, 'many: which is for the rest');
ok t_cmp($more->{env}{MTASTS_TEXT}, qr/^11 more events/, 'many: in words');
ok t_cmp(scalar(@{$more->{json}{events}}), 11, 'many: in JSON');
my %of = map { $_->{domain} => $_ } @{$more->{json}{events}}, map { $_->{json} } grep { $_ != $more } @all;
ok t_cmp(join(' ', sort keys %of), join(' ', sort map {"$_.test"} @domains), 'many: all of them');
ok t_cmp(join(' ', @{$more->{json}{events}[0]}{qw(event was is)}), 'severity ok error', 'many: what has happened');
# For ten minutes from then nothing is run, whoever comes and goes.
publish($dns, records_of('d1'));
reload($many);
ok t_cmp($many->says(qr/d1\.test: txt-missing: cleared/), 1, 'many: more happens');
select undef, undef, undef, 2.5; # nothing must happen
ok t_cmp(short(told($many)), '', 'many: which is not told now');
ok t_cmp($many->trouble(), '', 'nothing crashed');
$many->stop();

# --- without a ledger ---

my $without = server('without', 'well');
publish($dns, ['_mta-sts.moving.test.', 'TXT']);
mkdir $without->{state}, 0; # and nobody can get in
chown +(getpwnam 'nobody')[2, 3], $without->{state} if !$>;
configure($without, $dns, ['steady', 'moving'])->start();
ok t_cmp(short(events($without, 1)), 'severity moving.test ok error', 'no ledger: tells');
ok t_cmp(times_said($without, 'MTASTSLedger: ledger-unavailable: '), 1, 'no ledger: said once');
ok t_cmp(times_said($without, 'moving\.test: txt-missing: '), 1, 'no ledger: so is all else');
reload($without);
ok t_cmp(times_said($without, '(?:MTASTSLedger: ledger-unavailable|moving\.test: txt-missing): '), 0, 'no ledger: a reload says it not again');
ok t_cmp(short(told($without)), '', 'no ledger: nor tells');
chmod 0700, $without->{state};
ok t_cmp($without->says(qr/mtasts:notice\S* .*mtasts: MTASTSLedger: ledger-unavailable: cleared/), 1, 'a ledger: that is said');
ok t_cmp(reload($without), 1, 'a ledger: all goes on');
ok t_cmp(wait_for(sub { join ' ', $without->sql("SELECT code FROM mtasts_finding WHERE scope = 'moving.test'") }), qr/txt-missing/, 'a ledger: what stands is in it');
ok t_cmp(times_said($without, 'moving\.test: txt-missing: '), 0, 'a ledger: and not said again');
ok t_cmp($without->trouble(), '', 'nothing crashed');
$without->stop();

# --- the command that the README shows ---

my $mails = server('mails', 'well');
MTASTS::Config::write_file("$mails->{told}/mail", "#!/bin/sh\nfor a; do echo \"<\$a>\"; done >$mails->{told}/args\ncat >$mails->{told}/body\n");
chmod 0755, "$mails->{told}/mail";
$mails->{under} = ['env', "PATH=$mails->{told}:$ENV{PATH}"];
configure($mails, $dns, ['steady', 'moving'], qq(MTASTSNotifyCommand "$v->{serverroot}/shipped/notify-mail.sh" postmaster\@example.com))->start();
ok t_cmp($mails->says(qr/MTASTSNotifyCommand was told: moving\.test/), 1, 'mail: sent');
ok t_cmp(MTASTS::Config::slurp("$mails->{told}/args"), "<-s>\n<MTA-STS: severity moving.test>\n<postmaster\@example.com>\n", 'mail: to whom, and of what');
ok t_cmp(MTASTS::Config::slurp("$mails->{told}/body"), qr/\Amoving\.test: error, was ok: .*\n\n\{\n.*"code": "txt-missing"/s, 'mail: the text, and all facts');
$mails->stop();

# How many threads have a lower priority than their process.
sub nicer_threads {
    my ($h) = @_;
    my $nice = sub { (split ' ', MTASTS::Config::slurp("$_[0]/stat") =~ s/.*\)//sr)[16] };
    return scalar grep { $nice->($_) > $nice->(s{/task/.*}{}r) } map { glob "/proc/$_/task/*" } $h->children();
}

# --- addresses that come and go ---

my $mx = server('mx', 'well');
publish($dns, ['mx.moving.test.', 'A', '127.0.9.1'], map { records_of($_) } 'steady', 'unsure');
configure($mx, $dns, ['steady'], 'MTASTSNotifyCommand Off', $mx->vhost('moving.test', "MTASTSMX mx.moving.test\nMTASTSProbeMX $closed"))->start();
my $said = $mx->says(qr/mx\.moving\.test \[127\.0\.9\.1\] \(MX of moving\.test\): mx-unreachable: /);
ok t_cmp($said, 1, 'address: said');
reload($mx);
publish($dns, ['mx.moving.test.', 'A', '127.0.9.2']);
reload($mx);
ok t_cmp($mx->says(qr/findings as logged before/), 1, 'another address: the same');
ok t_cmp(times_said($mx, 'mx\.moving\.test'), 0, 'another address: nothing is said');
publish($dns, ['moving.test.', 'MX', '10 mx.steady.test.']);
reload($mx);
ok t_cmp($mx->says(qr/mtasts: mx\.moving\.test \[127\.0\.9\.2\]: mx-unreachable: cleared/), 1, 'no address: cleared');
ok t_cmp(short(told($mx)), '', 'Off: nobody is told');
ok t_cmp($^O ne 'linux' || nicer_threads($mx), 1, 'one thread of all children steps back behind those that serve');
ok t_cmp($mx->trouble(), '', 'nothing crashed');
