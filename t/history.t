# What senders may still hold of policies served before: findings and dates, with
# histories that a real httpd has made, and time that is taken out of its ledger.
use strict;
use warnings FATAL => 'all';
use Apache::Test;
use Apache::TestUtil;
use Time::Local qw(timegm);
use lib Apache::Test::vars('serverroot') . '/lib';
use MTASTS::Config;
use MTASTS::DNS;
use MTASTS::Httpd;
use MTASTS::Process;
use MTASTS::SMTP;
use MTASTS::Tree;

# What was served until 40 days ago, and what is configured and in DNS since then.
# Policies are "MODE MAX_AGE HOST... id=ID", or gone (no virtual host)
# or off; hosts are below the domain.
use constant DAYS => 40;
# [name, policy then, policy now, MX hosts now, TXT id now, sync, findings on what
# was before, words of theirs]; UNTIL is when the policy of then runs out
my @cases = (
    ['added', 'enforce 52w mx', 'enforce 52w mx new', 'mx new', 'auto', 'in-sync', 'error cached-mx-unmatched', qr/\bnew\.added\.test\b.*UNTIL/],
    ['added-late', 'enforce 2w mx', 'enforce 2w mx new', 'mx new', 'auto', 'in-sync', ''],
    ['added-only', 'enforce 52w mx', 'enforce 52w mx', 'mx new', 'auto', 'in-sync', ''],
    ['replaced', 'enforce 52w mx', 'enforce 52w new', 'new', 'auto', 'in-sync', 'error cached-mx-unmatched', qr/\bnew\.replaced\.test\b.*UNTIL/],
    ['was-testing', 'testing 52w mx', 'testing 52w new', 'new', 'auto', 'in-sync', ''],
    ['tls', 'enforce 52w mx', 'testing 52w mx', 'bad', 'auto', 'in-sync', 'error cached-mx-tls, info mode-lowered', qr/mx-cert-expired.*UNTIL/],
    ['tls-late', 'enforce 2w mx', 'testing 2w mx', 'bad', 'auto', 'in-sync', ''],
    ['lowered', 'enforce 52w mx', 'testing 52w mx', 'mx', 'auto', 'in-sync', 'info mode-lowered', qr/testing.*UNTIL/],
    ['to-none', 'enforce 52w mx', 'none 1d mx', 'mx', 'auto', 'in-sync', 'info mode-lowered, info removable-from', qr/UNTIL.*UNTIL/],
    ['none-late', 'enforce 2w mx', 'none 1d mx', 'mx', 'auto', 'in-sync', 'info removable-from', qr/_mta-sts\.none-late\.test/],
    ['gone', 'enforce 52w mx', 'gone', 'mx', 'x1', undef, 'warning policy-withdrawn', qr/until \d{4}.*MTASTSEngine On.*MTASTSDomain gone\.test.*MTASTSMode none.*MTASTSMX mx\.gone\.test/s],
    ['gone-off', 'testing 52w mx', 'off', 'mx', 'x1', undef, 'warning policy-withdrawn', qr/testing.*until \d{4}/],
    # Nobody has looked at its TXT record since: some senders take that for a reason
    # to hold it as long again.
    ['gone-late', 'enforce 2w mx', 'gone', 'mx', 'x1', undef, 'warning policy-withdrawn', qr/enforce.*until \d{4}/],
    ['gone-none', 'none 52w', 'gone', 'mx', 'x1', undef, ''],
    ['reused', 'enforce 52w mx id=x1', 'enforce 52w mx second id=x1', 'mx', 'x1', 'in-sync', 'error id-reused', qr/x1/],
    ['kept', 'enforce 52w mx id=x1', 'enforce 52w mx id=x1', 'mx', 'x1', 'in-sync', ''],
    ['stale', 'enforce 52w mx id=x1', 'enforce 52w mx second id=x2', 'mx', 'x1', 'https-ahead', 'error txt-stale', qr/\bx1\b.*\bx2\b.* since \d{4}-/],
    ['ahead', 'enforce 52w mx', 'enforce 52w mx', 'mx', 'next', 'txt-ahead', 'error txt-ahead', qr/ since \d{4}-/],
    ['foreign', 'enforce 52w mx', 'enforce 52w mx', 'mx', 'x9', 'foreign', 'warning txt-id-mismatch', qr/\bx9\b/],
    ['only-spf', 'enforce 52w mx', 'enforce 52w mx', 'mx', 'spf', 'absent', ''],
    ['absent', 'enforce 52w mx', 'enforce 52w mx', 'mx', '', 'absent', ''],
);
plan tests => 4 * @cases + 20, need need_module('ssl'), {
    'a server with children (not -one-process)' => sub { !$ENV{VALGRIND} },
};
my $of_history = qr/^(?:cached-mx-unmatched|cached-mx-tls|policy-withdrawn|mode-lowered|id-reused|removable-from|txt-stale|txt-ahead|txt-id-mismatch)$/;

# --- the world ---

my $certs = new_directory('certs');
system(Apache::Test::vars('serverroot') . '/lib/bad-certs.sh', $certs, map { ("expired:mx.$_.test") } 'tls', 'tls-late') == 0 or die 'no certificates';
chmod 0755, $certs;
my $smtp = MTASTS::Tree::free_ports(1);
my %bad = (tls => '127.0.7.1', 'tls-late' => '127.0.7.2');
bad_smtp($smtp, map { {address => $bad{$_}, kind => 'good', cert => "$certs/expired-mx.$_.test"} } sort keys %bad);
my $dns = named(test => "\$TTL 0\n\@ IN SOA ns h 1 2 3 4 5\n\@ IN NS ns\nns IN A 127.0.0.1\n");
sub records_of {
    my ($name, $words, $txt) = @_;
    my @hosts = map { $_ eq 'bad' ? 'mx' : $_ } split ' ', $words;
    return ["$name.test.", 'MX', map {"10 $_.$name.test."} @hosts], ["_mta-sts.$name.test.", 'TXT', $txt eq '' ? () : "\"$txt\""],
        ["mta-sts.$name.test.", 'A', '127.0.0.1'], map { ["$_.$name.test.", 'A', $words eq 'bad' ? $bad{$name} : '127.0.0.1'] } @hosts;
}
# Days that caches keep the first record; those that are not named: one.
my %cached = (lowered => 3, 'to-none' => 7);
my %ttl = (lowered => 3 * 86400, 'to-none' => 300 * 86400);
publish($dns, map {
    my $ttl = $ttl{$_->[0]};
    map { $ttl && $_->[1] eq 'TXT' ? [$_->[0], "$ttl TXT", @$_[2 .. $#$_]] : $_ } records_of($_->[0], 'mx', 'v=STSv1; id=x1;')
} @cases);

my $h = MTASTS::Httpd->new('history');
sub vhost {
    my ($name, $policy) = @_;
    return () if $policy eq 'gone';
    return $h->vhost("$name.test", 'MTASTSMX mx.gone-off.test') =~ s/Engine On/Engine Off/r if $policy eq 'off';
    my ($mode, $age, @rest) = split ' ', $policy;
    my @hosts = map {"$_.$name.test"} grep { !/=/ } @rest;
    my ($id) = map { /^id=(.*)/ ? $1 : () } @rest;
    return $h->vhost("$name.test", join "\n", "MTASTSMode $mode", "MTASTSMaxAge $age", (@hosts ? "MTASTSMX @hosts" : ()),
        'MTASTSPolicyID ' . ($id // 'auto'), 'MTASTSProbeMX ' . ($bad{$name} ? $smtp : 'Off'));
}
sub configure {
    my ($at) = @_;
    return $h->configure("MTASTSResolver 127.0.0.1:$dns", 'MTASTSCheckTimeout 20s', 'MTASTSCheck warn', 'MTASTSWatchInterval 1h',
        'MTASTSProbeHost Off', "MTASTSCAFile \"$certs/ca.crt\"", $h->vhost('silent.elsewhere', "MTASTSMX mx.silent.elsewhere\nMTASTSProbeMX Off"),
        map { vhost(@$_[0, $at]) } @cases);
}
# "2026-01-31 12:00 UTC" as seconds.
sub moment { my ($text) = @_; return $text =~ /^(\d+)-(\d+)-(\d+) (\d+):(\d+) UTC$/ ? timegm(0, $5, $4, $3, $2 - 1, $1) : 0 }
my %seconds = ('52w' => 52 * 7 * 86400, '2w' => 2 * 7 * 86400, '1d' => 86400);
# What a server that stops in the midst of a run may count as serving longer, in s.
use constant LATE => 900;
# The words with UNTIL in place of the moments at which what was named in DNS until
# $last runs out; that is some days later, for caches of DNS.
sub with_until {
    my ($case, $last, $text) = @_;
    my $until = $last + 86400 * ($cached{$case->[0]} // 1) + $seconds{(split ' ', $case->[1])[1]};
    return $text =~ s/(\d{4}-\d\d-\d\d \d\d:\d\d UTC)/my $late = moment($1) - $until; $late > -60 && $late < LATE ? 'UNTIL' : $1/gre;
}

# --- then ---

configure(1)->start();
ok t_cmp($h->remembers(map {"$_->[0].test"} @cases), 1, 'what is served is remembered');
ok t_cmp(wait_for(sub { my ($n) = $h->sql('SELECT COUNT(DISTINCT domain) FROM mtasts_txt'); $n == @cases }) ? 1 : 0, 1, 'and the TXT records');
$h->stop();
# The server that stops counts as serving a little longer: past that.
$h->pass_time(2 * LATE);

# --- the change ---

configure(2);
my %id = map { $_->{domain} => $_->{id} } @{$h->dump_json()->{policies}};
my %txt; # domain => what is there now
for (@cases) {
    my ($name, $txt) = @$_[0, 4];
    my $id = $id{"$name.test"} // 'x1';
    # As the next of ours would look.
    my $next = $id =~ s/(.)$/$1 eq '0' ? '1' : '0'/er;
    my %as = (auto => "v=STSv1; id=$id;", next => "v=STSv1; id=$next;", spf => 'v=spf1 -all', '' => '');
    $txt{"$name.test"} = $as{$txt} // "v=STSv1; id=$txt;";
}
publish($dns, map { records_of(@$_[0, 3], $txt{"$_->[0].test"}) } @cases);
$h->start();
ok t_cmp($h->says(qr/mtasts:error.*mtasts: added\.test: cached-mx-unmatched: .*new\.added\.test/), 1, 'in the log: cached-mx-unmatched');
ok t_cmp($h->says(qr/mtasts:error.*tls\.test.*cached-mx-tls: /), 1, 'in the log: cached-mx-tls');
ok t_cmp($h->says(qr/mtasts:error.*mtasts: reused\.test: id-reused: /), 1, 'in the log: id-reused');
ok t_cmp($h->says(qr/mtasts:warn.*gone\.test.*policy-withdrawn: |mtasts:warn.*policy-withdrawn: .*\bgone\.test/), 1, 'in the log: policy-withdrawn');
ok t_cmp($h->says(qr/mtasts:warn.*mtasts: stale\.test: txt-stale: /), 1, 'in the log: txt-stale, a warning at first');
ok t_cmp($h->says(qr/mtasts:warn.*mtasts: ahead\.test: txt-ahead: /), 1, 'in the log: txt-ahead, a warning at first');
ok t_cmp($h->remembers(map {"$_->[0].test"} grep { $_->[2] !~ /^(?:gone|off)$/ } @cases), 1, 'the new policies are remembered');
my @other_id = grep { $txt{$_} =~ /id=(?!x1;)/ } sort keys %txt;
my @seen;
wait_for(sub { @other_id == (@seen = $h->sql("SELECT DISTINCT domain FROM mtasts_txt WHERE id NOT IN ('x1', '')")) });
ok t_cmp(join(' ', sort @seen), "@other_id", 'and the TXT records');
$h->stop();

# --- 40 days later ---

my $last = time - DAYS * 86400;
$h->pass_time(DAYS * 86400);
sub all_findings {
    my ($document) = @_;
    return map({@{$_->{findings}}} @{$document->{policies}}), @{$document->{findings} || []};
}
# Those on what was, of a domain, wherever they are.
sub of_case {
    my ($name, $document) = @_;
    my ($p) = grep { $_->{domain} eq "$name.test" } @{$document->{policies}};
    my @found = $p ? @{$p->{findings}} : grep { "$_->{subject} $_->{text}" =~ /(?<![\w.-])\Q$name\E\.test\b/ } @{$document->{findings} || []};
    return ($p, grep { $_->{code} =~ $of_history } @found);
}
my $document = $h->dump_json();
my $text = $h->dump_text();
for (@cases) {
    my ($name, undef, undef, undef, undef, $sync, $expected, $words) = @$_;
    my ($p, @found) = of_case($name, $document);
    ok t_cmp(join(', ', sort map {"$_->{severity} $_->{code}"} @found), $expected, "$name: findings");
    ok t_cmp($p && $p->{sync}, $sync, "$name: sync");
    my $said = join ' ', map {"$_->{text} $_->{remedy}"} sort { $a->{code} cmp $b->{code} } @found;
    ok t_cmp(with_until($_, $last, $said), $words // qr/\A\z/, "$name: words");
    my @missing = grep { index($text, "$_->{severity} $_->{code}: ") < 0 || index($text, $_->{text}) < 0 } @found;
    ok t_cmp(scalar @missing, 0, "$name: the same for people");
}
my ($elsewhere) = grep { $_->{domain} eq 'silent.elsewhere' } @{$document->{policies}};
ok t_cmp($elsewhere->{sync}, 'unknown', 'nobody answers: sync');

# The table: what senders may hold, last served, until when.
my $lowered = with_until((grep { $_->[0] eq 'lowered' } @cases)[0], $last, $h->dump_of('lowered.test', $text));
ok t_cmp($lowered, qr/senders may hold/i, 'a table of what senders may hold');
ok t_cmp($lowered, qr/^ +\w{1,32} +enforce +\d.* UTC +UNTIL +mx\.lowered\.test$/m, 'with the policy of then, and until when');
my ($served) = $lowered =~ /^ +\w{1,32} +enforce .*?(\d{4}-\d\d-\d\d \d\d:\d\d UTC)/m;
my $off = moment($served // '') - ($last - 2 * LATE);
ok t_cmp($off > -120 && $off < LATE ? 'right' : "$off s off", 'right', 'and when it was served last');
ok t_cmp($h->dump_of('none-late.test', $text), qr/\A(?!.*^ +\w{1,32} +enforce )/ms, 'but not with what nobody holds any more');

# With strict an id that was used for another body fails httpd -t.
$h->configure("MTASTSResolver 127.0.0.1:$dns", 'MTASTSProbeHost Off', 'MTASTSCheck strict', vhost('reused', 'enforce 52w mx third id=x1'));
my ($rc, undef, $err) = $h->test();
ok t_cmp($rc, 1, 'strict: an id of another policy fails httpd -t');
ok t_cmp($err, qr/mtasts:error.*reused\.test: id-reused: /, 'strict: and says so');
# A year later all of it is over.
configure(2);
$h->pass_time(400 * 86400);
$document = $h->dump_json();
ok t_cmp(join(' ', sort map { $_->{code} } grep { $_->{code} =~ /^(?:cached|policy-with|mode-low)/ } all_findings($document)), '', 'a year later');
my (undef, @removable) = of_case('to-none', $document);
ok t_cmp(join(' ', map {"$_->{text} $_->{remedy}"} @removable), qr/_mta-sts\.to-none\.test/, 'a year later: which records can go');
ok t_cmp($h->trouble(), '', 'nothing crashed');
