# A real sender, postfix-mta-sts-resolver, discovers the policy by DNS, fetches
# it over TLS and accepts it.  It needs port 443 and a resolv.conf of its own:
# a network and mount namespace.
use strict;
use warnings FATAL => 'all';
use Apache::Test;
use Apache::TestUtil;
use lib Apache::Test::vars('serverroot') . '/lib';
use MTASTS::Tree;

my $tree = Apache::Test::vars('serverroot');
my $possible = $> == 0 && system('unshare -nm true 2>/dev/null') == 0;
plan tests => 3 * 3 + 1, need need_module('ssl'), {
    'root, who may make a network and mount namespace' => sub { $possible || ($ENV{CI} && $> == 0) },
    'a server with children (not -one-process)' => sub { !$ENV{VALGRIND} },
};
$ENV{HTTPD} = MTASTS::Tree::httpd();

for my $mode (qw(testing enforce none)) {
    my $said = `MODE=$mode unshare -nm '$tree/lib/sender.sh' '$tree' example.test other.test 2>&1`;
    ok t_cmp($?, 0, "$mode: exit status: $said");
    for my $domain (qw(example.test other.test)) {
        ok t_cmp($said, qr/^$domain: \(<STSFetchResult\.VALID: 1>, \('[0-9a-f]{32}', \{(?=.*'mode': '$mode')(?=.*'mx': \['mx1\.example\.test', '\*\.mx\.example\.test'\])/m,
            "$mode: $domain is valid");
    }
    ok t_cmp($said, qr/^absent\.example\.test: \(<STSFetchResult\.NONE/m, 'it can tell that there is none') if $mode eq 'none';
}
