# Headers over TLS: HSTS on every response of the vhost, and each of ours
# exactly once whatever the vhost's Header directives say.
use strict;
use warnings FATAL => 'all';
use Apache::Test;
use Apache::TestUtil;
use lib Apache::Test::vars('serverroot') . '/lib';
use MTASTS::Client;

my $default = 'max-age=31536000';
my $host = 'mta-sts.example.test';

# [what, path, method, status]: all of a vhost with a policy
my @all = (
    ['policy', POLICY, 'GET', 200],
    ['policy, HEAD', POLICY, 'HEAD', 200],
    ['policy, OPTIONS', POLICY, 'OPTIONS', 200],
    ['policy, POST', POLICY, 'POST', 405],
    ['policy, TRACE', POLICY, 'TRACE', 405],
    ['OPTIONS *', '*', 'OPTIONS', 200],
    ['path info', POLICY . '/x', 'GET', 404],
    ['another page', '/server-status', 'GET', 200],
    ['a redirect', '/moved', 'GET', 302],
    ['a denied page', '/private/x', 'GET', 403],
    ['an unknown page', '/unknown', 'GET', 404],
    ['a bad request', '/%', 'GET', 400],
);
my @ours = qw(Strict-Transport-Security X-Content-Type-Options Cache-Control);
# [label, values of those three]
my @headers = (
    ['sts_hsts_set', 'max-age=1', 'nosniff', 'max-age=5'],
    ['sts_hsts_always', 'max-age=2', 'nosniff', 'max-age=5'],
    ['sts_hsts_add', 'max-age=4', 'nosniff', 'max-age=60'],
    ['sts_hsts_own', 'max-age=63072000; includeSubDomains', 'nosniff', 'max-age=60'],
);
plan tests => 2 * @all + 3 * @headers + 13, need_module('ssl');

for (@all) {
    my ($what, $path, $method, $status) = @$_;
    my $r = fetch('sts_https', $host, tls => 1, path => $path, method => $method,
        header => $method eq 'POST' ? ['Content-Length: 0'] : []);
    ok t_cmp(status($r), $status, "$what: status");
    ok t_cmp(header($r, $ours[0]), $default, "$what: HSTS");
}
my $other = fetch('sts_https', 'www.example.test', tls => {SSL_hostname => $host, SSL_verifycn_name => $host});
ok t_cmp(status($other) . ' ' . header($other, $ours[0]), "404 $default", 'HSTS for another Host of the vhost');

my $etag = header(fetch('sts_https', $host, tls => 1), 'ETag');
my $n = fetch('sts_https', $host, tls => 1, header => ["If-None-Match: $etag"]);
ok t_cmp(join(' ', status($n), map { header($n, $_) } @ours), "304 $default nosniff max-age=60", '304');

for (@headers) {
    my ($label, @want) = @$_;
    my $r = fetch($label, 'mta-sts.hsts.test', tls => 1);
    ok t_cmp(header($r, $ours[$_]), $want[$_], "$label: $ours[$_]") for 0 .. 2;
}
my $error = fetch('sts_hsts_add', 'mta-sts.hsts.test', tls => 1, path => '/unknown');
ok t_cmp(header($error, $ours[0]), 'max-age=4', 'one on an error, too');
$error = fetch('sts_hsts_set', 'mta-sts.hsts.test', tls => 1, path => '/unknown');
ok t_cmp(header($error, $ours[0]), $default,
    'Header without always says nothing for errors: ours does');

my $own = fetch('sts_hsts_own', 'mta-sts.hsts.test', tls => 1);
ok t_cmp(header($own, 'X-Policy'), 'seen', 'Header works on the policy');
ok t_cmp(header($own, 'X-Tls'), 'on', 'and sees what mod_ssl sets');

my $off = fetch('sts_https', 'mta-sts.other.test', tls => 1);
ok t_cmp(status($off), 200, 'MTASTSHSTS Off: policy');
ok t_cmp(header($off, $ours[0]), '', 'MTASTSHSTS Off: none');

# Never over plain HTTP (RFC 6797 7.2), never in a vhost without a policy.
ok t_cmp(header(fetch('sts_http', $host), $ours[0]), '', 'plain HTTP');
ok t_cmp(header(fetch('sts_http', 'plain.test', path => '/server-status'), $ours[0]), '', 'no policy');

ok t_cmp(header(fetch('sts_https', $host, tls => 1, path => '/server-status?auto'), $ours[1]), '',
    'nosniff is for the policy alone');
# The access log sees the request as any other.
my $log = Apache::Test::vars('t_logs') . '/policy_log';
open my $fh, '<', $log or die "$log: $!";
my @lines = <$fh>;
ok t_cmp(scalar(grep {/^mta-sts\.hsts\.test 200 GET \Q${\POLICY}\E HTTP\/1\.1 on from-setenv$/} @lines) > 0, 1,
    'access log, with the environment of mod_ssl and mod_env');
ok t_cmp(scalar(grep {/^mta-sts\.example\.test 405 POST /} @lines) > 0, 1, 'access log of a refusal');
