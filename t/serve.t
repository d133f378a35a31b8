# The response: who gets the policy, in which bytes, and that nothing in the
# vhost takes it away.
use strict;
use warnings FATAL => 'all';
use Apache::Test;
use Apache::TestUtil;
use HTTP::Date ();
use lib Apache::Test::vars('serverroot') . '/lib';
use MTASTS::Client;

my $body = join '', map {"$_\r\n"} 'version: STSv1', 'mode: testing', 'max_age: 1209600',
    'mx: mx1.example.test', 'mx: *.mx.example.test';

# [what, label, host, options, status]
my @who = (
    ['the policy host', 'sts_http', 'mta-sts.example.test', {}, 200],
    ['another name of the vhost', 'sts_http', 'mta-sts.alias.test', {}, 200],
    ['upper case', 'sts_http', 'MTA-STS.Example.TEST', {}, 200],
    ['with a port', 'sts_http', 'mta-sts.example.test:443', {}, 200],
    ['with a trailing dot', 'sts_http', 'mta-sts.example.test.', {}, 200],
    ['with both', 'sts_http', 'mta-sts.example.test.:8443', {}, 200],
    ['HTTP/1.0', 'sts_http', 'mta-sts.example.test', {version => '1.0'}, 200],
    ['HTTP/1.0 without Host', 'sts_http', undef, {version => '1.0'}, 200],
    ['HTTP/1.0 without Host, ServerName in capitals', 'sts_capitals', undef, {version => '1.0'}, 200],
    ['absolute URI', 'sts_http', 'x', {path => 'http://mta-sts.example.test' . POLICY}, 200],
    ['a ServerAlias that is no policy host', 'sts_http', 'www.example.test', {}, 404],
    ['a Host that only lands here', 'sts_http', 'unknown.test', {}, 404],
    ['the policy domain itself', 'sts_http', 'example.test', {}, 404],
    ['a longer name', 'sts_http', 'mta-sts.example.test.evil.test', {}, 404],
    ['the prefix alone', 'sts_http', 'mta-sts.', {}, 404],
    ['an address', 'sts_http', '127.0.0.1', {}, 404],
    ['a vhost without the engine', 'sts_http', 'plain.test', {}, 404],
    ['listed domain', 'sts_http', 'mta-sts.a.listed', {}, 200],
    ['listed domain, written in capitals with a dot', 'sts_http', 'mta-sts.b.listed', {}, 200],
    ['listed domain of a second line', 'sts_http', 'mta-sts.c.listed', {}, 200],
    ['not listed', 'sts_http', 'mta-sts.d.listed', {}, 404],
    ['ServerName without prefix', 'sts_http', 'listed.test', {}, 404],
    ['no User-Agent but a query', 'sts_http', 'mta-sts.example.test', {path => POLICY . '?x=1'}, 200],
    ['double slash', 'sts_http', 'mta-sts.example.test', {path => '//.well-known//mta-sts.txt'}, 200],
    ['dot segments', 'sts_http', 'mta-sts.example.test', {path => '/./.well-known/x/../mta-sts.txt'}, 200],
    ['percent-encoded', 'sts_http', 'mta-sts.example.test', {path => '/%2Ewell-known/%6dta-sts%2etxt'}, 200],
    ['path info', 'sts_http', 'mta-sts.example.test', {path => POLICY . '/'}, 404],
    ['more path info', 'sts_http', 'mta-sts.example.test', {path => POLICY . '/x'}, 404],
    ['a parameter', 'sts_http', 'mta-sts.example.test', {path => POLICY . ';x'}, 404],
    ['a longer file name', 'sts_http', 'mta-sts.example.test', {path => POLICY . '~'}, 404],
    ['an encoded slash', 'sts_http', 'mta-sts.example.test', {path => POLICY . '%2f'}, 404],
    ['upper-case path', 'sts_http', 'mta-sts.example.test', {path => uc POLICY}, 404],
    ['the root', 'sts_http', 'mta-sts.example.test', {path => '/mta-sts.txt'}, 404],
);
# Of these, each is a vhost of its own.
my @untouched = qw(redirect redirectlocation rewrite rewriteforbidden rewritelocation proxy
    proxyencoded proxylocation alias sethandler forcetype fallback nodocroot directory htaccess
    deflate deflatetype substitute expires errordocument);
my @not_allowed = qw(POST PUT DELETE PATCH CONNECTX PROPFIND);

my $have_tls = have_module('ssl');
# mod_http2 doesn't work on prefork.
my $have_h2 = have_module('http2') && Apache::Test::config()->{server}{mpm} ne 'prefork'
    && `curl --version` =~ /HTTP2/;
plan tests => 2 * @who + 7 * @untouched + 4 * @not_allowed + 51;

for (@who) {
    my ($what, $label, $host, $o, $status) = @$_;
    my $r = fetch($label, $host, %$o);
    ok t_cmp(status($r), $status, "$what: status");
    ok t_cmp(body($r) eq $body ? 'policy' : body($r) =~ /STSv1/ ? 'another' : 'none',
        $status == 200 ? 'policy' : 'none', "$what: body");
}

my $r = fetch('sts_http', 'mta-sts.example.test');
my ($id) = header($r, 'ETag') =~ /^"([0-9a-f]{32})"$/;
ok defined $id;
ok t_cmp(header($r, 'Content-Type'), 'text/plain; charset=utf-8', 'type');
ok t_cmp(header($r, 'Content-Length'), length $body, 'length');
ok t_cmp(header($r, 'Cache-Control'), 'max-age=60', 'cache');
ok t_cmp(header($r, 'X-Content-Type-Options'), 'nosniff', 'nosniff');
ok t_cmp(header($r, 'Strict-Transport-Security'), '', 'no HSTS over plain HTTP');
ok t_cmp(header($r, 'Transfer-Encoding'), '', 'not chunked');
ok t_cmp(header($r, 'Last-Modified'), '', 'no date that differs between front ends');
ok t_cmp(header($r, 'Vary'), '', 'nothing varies');

# HEAD has the headers of GET.
my $head = fetch('sts_http', 'mta-sts.example.test', method => 'HEAD');
s/^(Date|Connection):.*\r\n//mg for my ($hh, $gh) = (headers($head), headers($r));
ok t_cmp($hh, $gh, 'HEAD: headers');
ok t_cmp(body($head), '', 'HEAD: no body');

# Conditional requests.
for my $c (["\"$id\"", 304], ['*', 304], ["\"x\", \"$id\"", 304], ["W/\"$id\"", 304], ['"x"', 200]) {
    my $n = fetch('sts_http', 'mta-sts.example.test', header => ["If-None-Match: $c->[0]"]);
    ok t_cmp(status($n), $c->[1], "If-None-Match: $c->[0]");
}
my $n = fetch('sts_http', 'mta-sts.example.test', header => ["If-None-Match: \"$id\""]);
ok t_cmp(join(' ', map { header($n, $_) } qw(ETag Cache-Control)), "\"$id\" max-age=60", '304: headers');
ok t_cmp(body($n), '', '304: no body');
ok t_cmp(status(fetch('sts_http', 'mta-sts.example.test', header => ['If-Match: "x"'])), 412, 'If-Match');
for my $date ('If-Modified-Since', 'If-Unmodified-Since') { # a policy has no date
    ok t_cmp(status(fetch('sts_http', 'mta-sts.example.test', header => ["$date: $_"])), 200, "$date: $_")
        for 'Wed, 01 Jan 2020 00:00:00 GMT', 'Fri, 01 Jan 2100 00:00:00 GMT', HTTP::Date::time2str();
}

# Methods.
my $o = fetch('sts_http', 'mta-sts.example.test', method => 'OPTIONS');
ok t_cmp(status($o), 200, 'OPTIONS');
ok t_cmp(header($o, 'Allow'), 'GET,HEAD,OPTIONS', 'OPTIONS: Allow');
for my $method (@not_allowed) {
    for my $host ('mta-sts.example.test:sts_http', 'mta-sts.errordocument.test:sts_x') {
        my ($name, $label) = split /:/, $host;
        my $m = fetch($label, $name, method => $method, header => ['Content-Length: 3'], content => 'a=b');
        ok t_cmp(status($m), 405, "$method at $name");
        ok t_cmp(header($m, 'Allow'), 'GET,HEAD,OPTIONS', "$method at $name: Allow");
    }
}
ok t_cmp(status(fetch('sts_http', 'mta-sts.example.test', method => 'TRACE')), 405, 'TraceEnable Off');
my $trace = fetch('sts_trace', 'mta-sts.trace.test', method => 'TRACE');
ok t_cmp(header($trace, 'Content-Type'), 'message/http', 'TraceEnable On');
my $traceable = fetch('sts_trace', 'mta-sts.trace.test', method => 'OPTIONS');
ok t_cmp(header($traceable, 'Allow'), 'GET,HEAD,OPTIONS,TRACE', 'TraceEnable On: Allow');

# Settings: own ones, inherited ones, normal form.
my $own = fetch('sts_http', 'mta-sts.other.test');
ok t_cmp(body($own), join('', map {"$_\r\n"} 'version: STSv1', 'mode: enforce', 'max_age: 1209599',
    'mx: mx.other.test', 'mx: backup.other.test'), 'own list replaces, lines append, duplicate dropped');
ok t_cmp(header($own, 'ETag'), qr/^"byhand1-[0-9a-f]{8}"$/, 'ETag of an id set by hand');
ok t_cmp(header($own, 'Cache-Control'), 'no-cache', 'MTASTSCacheControl');
my $none = fetch('sts_http', 'mta-sts.none.test');
ok t_cmp(body($none), join('', map {"$_\r\n"} 'version: STSv1', 'mode: none', 'max_age: 86400',
    'mx: mx1.example.test', 'mx: *.mx.example.test'), 'mode none keeps mx');
ok t_cmp(header($none, 'Cache-Control'), '', 'MTASTSCacheControl Off');
ok t_cmp(body(fetch('sts_http', 'mta-sts.none.test')), qr/\r\n\z/, 'last line ended');

# Nothing takes it away.
mkdir Apache::Test::vars('serverroot') . '/htdocs/htaccess';
t_write_file(Apache::Test::vars('serverroot') . '/htdocs/htaccess/.htaccess', "Redirect / https://elsewhere.test/\n");
for my $x (@untouched) {
    my $u = fetch('sts_x', "mta-sts.$x.test", header => ['Accept-Encoding: gzip, br, deflate']);
    ok t_cmp(status($u), 200, "$x: status");
    ok t_cmp(body($u), $body, "$x: body");
    ok t_cmp(header($u, 'Content-Type'), 'text/plain; charset=utf-8', "$x: type");
    ok t_cmp(header($u, 'Content-Encoding') . header($u, 'Vary'), '', "$x: not compressed");
    ok t_cmp(header($u, 'Cache-Control'), 'max-age=60', "$x: cache");
    ok t_cmp(header($u, 'Expires'), '', "$x: no Expires");
    ok t_cmp(header($u, 'Content-Length'), length $body, "$x: length");
}
my $e = fetch('sts_x', 'mta-sts.errordocument.test', path => POLICY . '/x');
ok t_cmp(status($e) . header($e, 'Location'), '404', 'ErrorDocument 404');
my $d = fetch('sts_x', 'mta-sts.deny.test');
ok t_cmp(status($d) . header($d, 'Location'), '403', 'Require is honoured, ErrorDocument 403 is not');
ok t_cmp(body($d), "There is no policy in this answer.\n", 'denied: text');
my $range = fetch('sts_x', 'mta-sts.errordocument.test', header => ['Range: bytes=9999-']);
ok t_cmp(status($range) . header($range, 'Location') . header($range, 'Cache-Control'), '416', 'ErrorDocument 416');
ok t_cmp(body($d), qr/\A(?!.*STSv1)/s, 'denied: no policy');
my $away = fetch('sts_x', 'mta-sts.redirect.test', path => '/other');
ok t_cmp(status($away), 302, 'other paths are left alone');

# TLS versions and HTTP/2.
for my $v (['TLSv1_2', 'TLSv1_2'], ['TLSv1_3', 'TLSv1_3']) {
    my $t = $have_tls && fetch('sts_https', 'mta-sts.example.test', tls => {SSL_version => $v->[0],
        SSL_hostname => 'mta-sts.example.test', SSL_verifycn_name => 'mta-sts.example.test'});
    skip !$have_tls, t_cmp($have_tls && status($t), 200, $v->[1]);
}
my $curl = 'curl -sS -D - --http2 -o - --cacert ' . Apache::Test::vars('serverroot') . '/certs/ca.crt '
    . '--noproxy "*" --resolve mta-sts.example.test:' . port('sts_https') . ':127.0.0.1 '
    . 'https://mta-sts.example.test:' . port('sts_https') . POLICY;
my $h2 = $have_h2 ? `$curl` : '';
skip !$have_h2, t_cmp($h2, qr{^HTTP/2 200}, 'HTTP/2: status');
skip !$have_h2, t_cmp(body($h2), $body, 'HTTP/2: body');
skip !$have_h2, t_cmp(lc headers($h2), qr/^strict-transport-security: max-age=31536000\r?$/m, 'HTTP/2: HSTS');

# In a page of its own (SSI), compressed or not: the rest of the page stays.
for my $dir (qw(ssi ssideflate)) {
    t_write_file(Apache::Test::vars('documentroot') . "/$dir/page.shtml", 'AAA<!--#include virtual="' . POLICY . '"-->BBB');
}
my $page = fetch('sts_ssi', 'mta-sts.ssi.test', path => '/ssi/page.shtml');
my $ssi = status($page) == 200; # httpd may be unable to read our folder
skip !$ssi, t_cmp(body($page), qr/AAA.*version: STSv1.*BBB/s, 'SSI');
my $curl_ssi = 'curl -sS --noproxy "*" --compressed -H "Host: mta-sts.ssi.test" http://127.0.0.1:' . port('sts_ssi') . '/ssideflate/page.shtml';
skip !$ssi, t_cmp($ssi ? `$curl_ssi` : '', qr/AAA.*version: STSv1.*BBB/s, 'SSI, compressed');

# Two on one connection.
my $two = request('sts_http', join '', map { 'GET ' . POLICY . " HTTP/1.1\r\nHost: mta-sts.example.test\r\n$_\r\n" }
    '', "Connection: close\r\n");
ok t_cmp(scalar(() = $two =~ /version: STSv1\r\n/g), 2, 'keep-alive');
ok t_cmp(status(request('sts_http', 'GET ' . POLICY . " HTTP/1.1\r\nHost: mta-sts.example.test\r\n"
    . "Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n3\r\nabc\r\n0\r\n\r\n")), 200, 'GET with a body');
