# What the sources say and what README.md says are the same.
use strict;
use warnings FATAL => 'all';
use Test::More;

sub slurp { my ($f) = @_; local $/; open my $fh, '<', $f or die "$f: $!"; return <$fh> }
my $readme = slurp('README.md');

# Every directive has an entry, with its syntax, default and context.
my @directives = slurp('src/httpd/directives.c') =~ /AP_INIT_\w+\("(\w+)"/g;
cmp_ok(scalar @directives, '>=', 9, 'directives are found');
for (@directives) {
    like($readme, qr/^### $_\n(?:.*\n)*?\| Syntax +\| `$_ .*\|\n\| Default +\|.*\|\n\| Context +\| server config(?:, virtual host)? +\|/m, "$_ is in the reference");
}
is(join(' ', sort $readme =~ /^### (MTASTS\w+)$/mg), join(' ', sort @directives), 'and nothing else is');
# Every code is in a table.
my @codes = slurp('src/core/finding.c') =~ /\{"([a-z0-9-]+)", MTASTS_/g;
cmp_ok(scalar @codes, '>=', 30, 'codes are found');
like($readme, qr/^\| `$_` \|/m, "$_ is explained") for @codes;
my %known = map {$_ => 1} @codes;
is(join(' ', grep { !$known{$_} } $readme =~ /^\| `([a-z0-9-]+)` \|/mg), '', 'and no other is');
# Every code is tried in a test of its own.
my $tests = join '', map { slurp($_) } 't/config.t', 't/dns.t', 't/dns-bad.t', 't/unit/dns_check.c',
    't/unit/tls_check.c', 't/unit/history.c', 't/unit/rollout.c', 't/watch.t', 't/change.t', 't/publish.t', 't/rollout.t', 't/rollout-odd.t';
like($tests, qr/[' ":]${_}[' ":]/, "$_ is tried") for @codes;
# The shortest vhost is a shipped example's.
my ($vhost) = $readme =~ /^(    <VirtualHost.*?<\/VirtualHost>)$/ms;
ok($vhost, 'README has a virtual host');
my $example = slurp('conf/example-own-mx.conf');
for my $line (map { s/^\s+|\s+$//gr } split /\n/, $vhost) {
    (my $pattern = quotemeta $line) =~ s/(?:\\\s)+/\\s+/g;
    like($example, qr/^\s*#?$pattern$/m, "README: $line");
}
# The command that is shown is the one that is shipped, and tried.
(my $command = slurp('conf/notify-mail.sh')) =~ s/^(?=.)/    /mg;
like($readme, qr/\n\Q$command\E\n/, 'README: notify-mail.sh');
# Settings: each is created, merged and given its default by one list.
my ($list) = slurp('src/httpd/config.h') =~ /#define MTASTS_SETTINGS\(S\)(.*?)\n\n/s;
cmp_ok(scalar(() = $list =~ /S\(/g), '==', @directives, 'one setting for each directive');
done_testing;
