# DNS servers that lie, fail, or are not there: "unknown" is no error, and
# nothing that they say gets further than it should.
use strict;
use warnings FATAL => 'all';
use Apache::Test;
use Apache::TestUtil;
use JSON::PP;
use lib Apache::Test::vars('serverroot') . '/lib';
use MTASTS::Config;
use MTASTS::DNS;

my ($tempfail, $unused) = ('unknown dns-tempfail', '?info mx-unused');
# Some questions never get an answer, so each of these runs takes that long.
my $patience = $ENV{VALGRIND} ? '30s' : '4s';

# [behaviour of bad-dns.pl, findings as in MTASTS::DNS::differs(), sync, what
# they must say]; the policy domain is BEHAVIOUR.test
my @bad = (
    ['right', '', 'in-sync'],
    ['late', '', 'in-sync'],
    ['beside', '', 'in-sync'],
    ['beside-chain', '', 'in-sync'],
    ['other-class', '', 'in-sync'],
    ['additional', '', 'in-sync'],
    ['other-owner', $tempfail, 'unknown'],
    ['silent', $tempfail, 'unknown', '_mta-sts\.silent\.test', '\d ?(?:ms|s|seconds?)\b'],
    ['servfail', $tempfail, 'unknown', '_mta-sts\.servfail\.test', 'SERVFAIL', '127\.0\.0\.1'],
    ['refused', $tempfail, 'unknown', '_mta-sts\.refused\.test', 'REFUSED', '127\.0\.0\.1'],
    ['formerr', $tempfail, 'unknown'],
    ['notimp', $tempfail, 'unknown'],
    ['tc-notcp', $tempfail, 'unknown'],
    ['wrong-id', $tempfail, 'unknown'],
    ['wrong-question', $tempfail, 'unknown'],
    ['random', $tempfail, 'unknown'],
    ['garbage', $tempfail, 'unknown'],
    ['short', $tempfail, 'unknown'],
    ['loop-compression', $tempfail, 'unknown'],
    ['loop-cname', $tempfail, 'unknown'],
    # One question fails, the others are right.
    ['servfail-only-txt', $tempfail, 'unknown'],
    ['silent-only-txt', $tempfail, 'unknown'],
    ['other-owner-only-txt', $tempfail, 'unknown'],
    ['servfail-only-mx', $tempfail, 'in-sync'],
    ['other-owner-only-mx', $tempfail, 'in-sync'],
    ['servfail-only-tlsrpt', $tempfail, 'in-sync'],
    # An address is enough.
    ['servfail-only-a', "?$tempfail", 'in-sync'],
    ['servfail-only-aaaa', "?$tempfail", 'in-sync'],
    ['empty-only-a', '', 'in-sync'],
    ['empty-only-aaaa', '', 'in-sync'],
    ['empty-only-txt', 'error txt-missing', 'absent'],
);

# On a server of its own: tc-notcp closes connections that it may share.
my @slow = map { [$_, '', 'in-sync'] } qw(tc-slow late right);

# The same of answers that are right in form.
my @hostile = (
    ['ugly-txt', 'error txt-syntax', 'foreign'],
    ['ugly-foreign', 'warning txt-foreign', 'in-sync'],
    ['ugly-near', 'error txt-near-miss', 'foreign'],
    ['ugly-tlsrpt', 'warning tlsrpt-(?:syntax|mismatch)', 'in-sync'],
    ['ugly-mx', "warning mx-invalid, ?error mx-unmatched, ?warning mx-noaddress, ?$tempfail", 'in-sync'],
    ['ugly-cname', "?info txt-delegated, ?$tempfail", 'in-sync|unknown'], # versions of c-ares differ
    ['huge-txt', 'error txt-syntax', 'foreign'],
    ['huge-foreign', 'warning txt-foreign', 'in-sync'],
    ['many-txt', 'error txt-multiple', 'foreign'],
);

# MTASTSCheck strict, plain -t: [what, domain, lines, exit status, code]
my @strict = (
    ['nothing wrong', 'right', '', 0],
    ['several TXT', 'many-txt', '', 1, 'txt-multiple'],
    ['syntax', 'ugly-txt', '', 1, 'txt-syntax'],
    ['MX unmatched in enforce', 'right', 'MTASTSMX other.test', 1, 'mx-unmatched'],
    ['MX unmatched in testing', 'right', "MTASTSMX other.test\nMTASTSMode testing", 0],
    ['an error that does not block', 'empty-only-txt', '', 0],
    ['another', 'ugly-near', '', 0],
    ['another id', 'right', 'MTASTSPolicyID t2', 0],
    ['SERVFAIL', 'servfail', '', 0],
    ['no answer', 'silent', '', 0],
    ['evil answers', 'other-owner', '', 0],
);

# The first of two servers, the second being right.
my @first = qw(dead silent servfail refused);

# Refused: [directive and value, what the message says]
my @refused = (
    ['MTASTSResolver dns.example.com', qr/'dns\.example\.com'/],
    ['MTASTSResolver 192.0.2.1:99999', qr/'192\.0\.2\.1:99999'/],
    ['MTASTSResolver 192.0.2.1:x', qr/'192\.0\.2\.1:x'/],
    ['MTASTSResolver 192.0.2.256', qr/'192\.0\.2\.256'/],
    ['MTASTSResolver [2001:db8::1', qr/'\[2001:db8::1'/],
    ['MTASTSResolver 192.0.2.1 dns.example.com', qr/'dns\.example\.com'/],
    ['MTASTSResolver', qr/MTASTSResolver/],
    ['MTASTSCheckTimeout 0', qr/'0'/],
    ['MTASTSCheckTimeout soon', qr/'soon'/],
    ['MTASTSCheckTimeout -1', qr/'-1'/],
    ['MTASTSCheck maybe', qr/'maybe'.*off.*warn.*strict/],
);
my @global = ('MTASTSResolver 127.0.0.1', 'MTASTSCheckTimeout 5s', 'MTASTSProbeConcurrency 8');
my @taken = ('MTASTSResolver system', 'MTASTSResolver 127.0.0.1', 'MTASTSResolver ::1', 'MTASTSResolver [::1]:5353',
    'MTASTSResolver 192.0.2.53:5353 2001:db8::53', 'MTASTSProbeMX On', 'MTASTSProbeMX off', 'MTASTSProbeMX 2525',
    'MTASTSProbeHost 8443', 'MTASTSProbeConcurrency 1000', 'MTASTSCheckTimeout 10s', 'MTASTSCheckTimeout 1m',
    'MTASTSCheck off', 'MTASTSCheck Warn', 'MTASTSCheck STRICT');

my $words = 0;
$words += @$_ - 3 for @bad;
plan tests => 2 * @bad + 2 * @slow + $words + 2 * @hostile + 2 * @strict + 4 * @first + 3 * @refused + 2 * @global + 2 * @taken + 62, need_module('ssl');

# A later line of a list adds up, so `lines` come in place of what they are for.
sub vhost {
    my ($name, $lines) = @_;
    $lines //= '';
    return join "\n", '<VirtualHost *:1>', "ServerName mta-sts.$name.test",
        ($lines =~ /MTASTSMX/ ? () : "MTASTSMX mx.$name.test"), ($lines =~ /MTASTSMode/ ? () : 'MTASTSMode enforce'),
        "MTASTSTLSRPT mailto:tlsrpt\@$name.test", ($lines || ()), "</VirtualHost>\n";
}

# A JSON dump: exit status, policies by domain, the text of it, standard error.
sub dump_json {
    my ($lines) = @_;
    my ($rc, $json, $err) = configtest($lines, '-D', 'DUMP_MTASTS_JSON');
    return ($rc, {policies(eval { decode_json($json) } || {policies => []})}, $json, $err);
}

# '' if all is printable ASCII in lines of bearable length.
sub unprintable {
    my ($s, $longest) = @_;
    return sprintf 'byte 0x%02x', ord $1 if $s =~ /([^\n -~])/;
    return "a line of $+[0] bytes" if $longest && $s =~ /^.{$longest}.*/m;
    return '';
}

sub compare {
    my ($policies, @cases) = @_;
    for (@cases) {
        my ($name, $expected, $sync, @said) = @$_;
        my $p = $policies->{"$name.test"} || {};
        ok t_cmp(differs($expected, findings($p)), '', "$name: findings");
        ok t_cmp($p->{sync} // '', qr/^(?:$sync)$/, "$name: sync");
        my $all = join "\n", map {"$_->{subject}: $_->{text} $_->{remedy}"} @{$p->{findings} || []};
        ok t_cmp($all, qr/$_/, "$name: words") for @said;
    }
}

my $port = bad_server();
my $dead = MTASTS::Tree::free_ports(1);

# What is no answer, or another's.
my $lines = check_lines($patience, $port) . join '', map { vhost($_->[0]) } @bad;
my ($rc, $by, $json, $err, $text);
($rc, $by, $json, $err) = dump_json($lines);
ok t_cmp($rc, 0, 'bad servers: exit status');
ok t_cmp(scalar keys %$by, scalar @bad, 'bad servers: all domains are there');
compare($by, @bad);
ok t_cmp("$json$err", qr/\A(?!.*(?:EVIL|evil\.test\.?"|192\.0\.2\.66|2001:db8::66))/s, 'nothing evil is adopted');
ok t_cmp(unprintable($json), '', 'bad servers: JSON is printable');
ok t_cmp(join(' ', map { $by->{'right.test'}{dns}{$_}{status} // '' } qw(txt mx host tlsrpt)), 'ok ok ok ok', 'status: ok');
ok t_cmp(join(' ', map { $by->{'servfail.test'}{dns}{$_}{status} // '' } qw(txt mx host tlsrpt)), 'tempfail tempfail tempfail tempfail', 'status: tempfail');
ok t_cmp(scalar(@{$by->{'servfail.test'}{dns}{txt}{records} || []}), 0, 'tempfail: no records');
my @asked = questions($port);
($rc, $text) = configtest($lines, '-D', 'DUMP_MTASTS');
my $own = bad_server();
compare((dump_json(check_lines('10s', $own) . join '', map { vhost($_->[0]) } @slow))[1], @slow);
ok t_cmp(scalar(grep {/^_mta-sts\.tc-slow\.test TXT tcp$/} questions($own)) ? 1 : 0, 1, 'truncated: TCP is tried');
ok t_cmp(scalar(grep {/^_mta-sts\.servfail\.test TXT/} @asked) <= 10 ? 1 : 0, 1, 'a server that fails is not asked for ever');
ok t_cmp($rc, 0, 'bad servers: text, exit status');
ok t_cmp($text, qr/\A(?!.*EVIL)/s, 'nothing evil in the text');
ok t_cmp($text, qr/^  unknown dns-tempfail: .*\n {6}To do: /m, 'unknown, in text');
ok t_cmp($text, qr/^1 error(?:s|\(s\))?, 0 warning(?:s|\(s\))?, [1-9]\d* unknown\n\z/m, 'unknown is no error');

# What is for a terminal, a log or a parser rather than for us.
questions($port);
$lines = check_lines('30s', $port) . join '', map { vhost($_->[0]) } @hostile;
($rc, $by, $json, $err) = dump_json($lines);
ok t_cmp($rc, 0, 'hostile: exit status');
compare($by, @hostile);
ok t_cmp(unprintable($json), '', 'hostile: JSON is printable');
ok t_cmp(unprintable($err, 4000), '', 'hostile: standard error is printable');
my @said = map {"$_->{subject} $_->{text} $_->{remedy}"} map { @{$_->{findings} || []} } values %$by;
ok t_cmp(join(' ', grep {$_} map { unprintable($_, 4000) } @said), '', 'hostile: findings are printable when decoded, too');
ok t_cmp(scalar(grep {/\\x1b/} @said) ? 1 : 0, 1, 'and show what was there, escaped');
($rc, $text, $err) = configtest($lines, '-D', 'DUMP_MTASTS');
ok t_cmp($rc, 0, 'hostile: text, exit status');
ok t_cmp(unprintable($text, 4000), '', 'hostile: text is printable, and not endless');
ok t_cmp($text, qr/\A(?!.*^\[error\] forged)/ms, 'no forged line');
($rc, $text, $err) = configtest($lines =~ s/^MTASTSCheck \Kwarn$/strict/mr);
ok t_cmp($rc, 1, 'hostile: strict refuses');
ok t_cmp(unprintable($err, 4000), '', 'hostile: and says so in printable characters');
ok t_cmp($err, qr/\A(?!.*^\[error\] forged)/ms, 'no forged line, either');

# A thousand MX records and more.
($rc, $by, $json) = dump_json(check_lines('30s', $port) . vhost('many-mx', "MTASTSMode testing\nMTASTSMX mx1.many-mx.test"));
my $many = $by->{'many-mx.test'} || {};
ok t_cmp($rc, 0, 'many MX: exit status');
ok t_cmp(differs("warning mx-unmatched, ?$tempfail", findings($many)), '', 'many MX: findings');
my $n = @{$many->{dns}{mx}{records} || []};
ok t_cmp($n >= 500 && $n <= 1000 ? 1 : $n, 1, 'many MX: bounded');

# Customers of one hoster: no question twice, no name that is not absolute.
questions($port);
my @customers = map {"c$_.hoster.test"} 1 .. 30;
($rc, $by) = dump_json(check_lines('30s', $port) . vhost('c1.hoster', "MTASTSMX mx.hoster.test\nMTASTSDomain @customers\n"));
@asked = questions($port);
ok t_cmp(scalar(grep { ($_->{sync} // '') eq 'in-sync' } values %$by), 30, 'hoster: all in sync');
ok t_cmp(scalar(grep {/^mx\.hoster\.test A udp$/} @asked), 1, 'hoster: the MX host is asked for once');
ok t_cmp(scalar(grep {/^mx\.hoster\.test AAAA udp$/} @asked), 1, 'hoster: and its AAAA');
ok t_cmp(scalar(grep {/^mta-sts\.c\d+\.hoster\.test A udp$/} @asked), 30, 'hoster: each policy host');
ok t_cmp(join(' | ', grep { !/^\S+\.test (?:A|AAAA|MX|TXT) udp$/ } @asked), '', 'names are absolute');

# The first server is dead or bad, the second right.
for my $how (@first) {
    my $one = $how eq 'dead' ? $dead : bad_server($how);
    ($rc, $by) = dump_json(check_lines($ENV{VALGRIND} ? '30s' : '15s', $one, $port) . join '', map { vhost("d$_") } 1 .. 20);
    ok t_cmp($rc, 0, "first server $how: exit status");
    ok t_cmp(scalar keys %$by, 20, "first server $how: all are there");
    ok t_cmp(join(' ', map { findings($_) } values %$by), '', "first server $how: nothing is amiss");
    ok t_cmp(scalar(grep { ($_->{sync} // '') eq 'in-sync' } values %$by), 20, "first server $how: in sync");
}

# All are dead: one port that is closed, one server that says nothing.
my $silent = bad_server('silent');
for my $how ([closed => 'connection refused by', $dead], [silent => 'no answer from', $silent], ['closed and silent' => 'no answer from', $dead, $silent]) {
    my ($what, $said, @ports) = @$how;
    $lines = check_lines('1s', @ports) . join '', map { vhost("d$_") } 1 .. 200;
    ($rc, $text) = configtest($lines, '-D', 'DUMP_MTASTS');
    ok t_cmp($rc, 0, "all $what: exit status");
    ok t_cmp(scalar(() = $text =~ /^d\d+\.test\n(?:(?!^\S+\.test\n).*\n)*?  unknown dns-tempfail: /mg), 200, "all $what: unknown, each");
    ok t_cmp($text, qr/^0 error(?:s|\(s\))?, 0 warning(?:s|\(s\))?, \d+ unknown\n\z/m, "all $what: and nothing else");
    ok t_cmp($text, qr/^other findings\n  unknown resolver-unavailable: no DNS server answers \($said[^()]*\), so nothing is known of what DNS says of 200 domains.*\n {6}To do: .*dig \@127\.0\.0\.1 -p $ports[0] _mta-sts\.d1\.test TXT/m, "all $what: once for all, and what to do");
    ($rc, undef, $err) = configtest($lines =~ s/^MTASTSCheck \Kwarn$/strict/mr);
    ok t_cmp($rc, 0, "all $what: strict does not block");
    ok t_cmp(scalar(() = $err =~ /mtasts: MTASTSResolver: resolver-unavailable: /g), 1, "all $what: one line in the log");
    ok t_cmp(scalar(() = $err =~ /dns-tempfail/g), 0, "all $what: and not one for each");
}

# strict
for (@strict) {
    my ($what, $name, $more, $status, $code) = @$_;
    ($rc, $text, $err) = configtest(check_lines($name eq 'silent' ? '1s' : '10s', $port) . "MTASTSCheck strict\n" . vhost($name, $more));
    ok t_cmp($rc, $status, "strict, $what: exit status");
    ok t_cmp($err, $status ? qr/\A(?!.*^Syntax OK)(?=.*\b$name\.test\b).*\b$code\b/ms : qr/^Syntax OK$/m, "strict, $what: said");
}
# The dump exits as -t does, and still says why.
($rc, $text, $err) = configtest(check_lines('10s', $port) . "MTASTSCheck strict\n" . vhost('many-txt'), '-D', 'DUMP_MTASTS');
ok t_cmp($rc, 1, 'strict: the dump fails, too');
ok t_cmp("$text$err", qr/txt-multiple/, 'strict: the dump says why');
# For one virtual host only.
questions($port);
($rc) = configtest(check_lines('10s', $port) . vhost('many-txt') . vhost('right', 'MTASTSCheck strict'));
@asked = questions($port);
ok t_cmp($rc, 0, 'strict in another virtual host');
ok t_cmp(scalar(grep {/many-txt/} @asked), 0, 'the one without is not asked for');
ok t_cmp(scalar(grep {/^_mta-sts\.right\.test TXT/} @asked) ? 1 : 0, 1, 'the one with is');

# Who asks: [MTASTSCheck, arguments, whether DNS is asked]
for (['warn', '', 0], ['off', '-D DUMP_MTASTS_JSON', 0], ['off', '-D DUMP_MTASTS', 0], ['warn', '-D DUMP_MTASTS', 1]) {
    my ($check, $args, $expected) = @$_;
    configtest(check_lines('10s', $port) . "MTASTSCheck $check\n" . vhost('right'), $args);
    ok t_cmp(scalar(questions($port)) ? 1 : 0, $expected, "MTASTSCheck $check, -t $args");
}

# Directives.
for (@refused) {
    my ($line, $message) = @$_;
    my ($directive) = $line =~ /^(\w+)/;
    ($rc, $text, $err, my $file) = configtest($line);
    ok t_cmp($rc, 1, "$line: refused");
    ok t_cmp($err, qr/Syntax error on line 100 of \Q$file\E:\n$directive/, "$line: where, directive");
    ok t_cmp($err, $message, "$line: words");
}
for my $line (@global) {
    my ($directive) = $line =~ /^(\w+)/;
    ($rc, $text, $err) = configtest("<VirtualHost *:1>\n$line\n</VirtualHost>");
    ok t_cmp($rc, 1, "$line in <VirtualHost>: refused");
    ok t_cmp($err, qr/$directive.*<VirtualHost>/, "$line in <VirtualHost>: words");
}
for my $line (@taken) {
    ($rc, $text, $err) = configtest($line);
    ok t_cmp($rc, 0, "$line: taken");
    ok t_cmp($err, qr/^Syntax OK$/m, "$line: syntax OK");
}
