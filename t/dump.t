# apachectl -t -D DUMP_MTASTS and DUMP_MTASTS_JSON.
use strict;
use warnings FATAL => 'all';
use Apache::Test;
use Apache::TestUtil;
use JSON::PP;
use lib Apache::Test::vars('serverroot') . '/lib';
use MTASTS::Client;
use MTASTS::Config;

my $v = Apache::Test::vars();
my $httpd = MTASTS::Tree::httpd();
plan tests => 47;

# The configuration that the server runs with.
sub dump_running {
    my ($define) = @_;
    my $out = `'$httpd' -d '$v->{serverroot}' -f '$v->{t_conf_file}' -t -D $define 2>$v->{t_logs}/dump.err`;
    return ($?, $out);
}
my ($rc, $json) = dump_running('DUMP_MTASTS_JSON');
ok t_cmp($rc, 0, 'JSON: exit status');
my $d = decode_json($json);
ok t_cmp($d->{version}, 1, 'version');
my %by;
push @{$by{$_->{vhost}}}, $_ for @{$d->{policies}};
my $p = $by{'mta-sts.example.test:' . port('sts_http')}[0];
ok t_cmp(join(' ', sort keys %$p), 'body check defined_at domain findings id max_age mode mx policy_host publish sync vhost', 'members');
ok t_cmp("$p->{domain} $p->{policy_host} $p->{mode} $p->{max_age}", 'example.test mta-sts.example.test testing 1209600', 'policy');
ok t_cmp(join(' ', @{$p->{mx}}), 'mx1.example.test *.mx.example.test', 'mx');
my $served = fetch('sts_http', 'mta-sts.example.test');
ok t_cmp($p->{body}, body($served), 'body is what is served');
ok t_cmp("\"$p->{id}\"", header($served, 'ETag'), 'id is what is served');
ok t_cmp($p->{defined_at}, qr/\Q$v->{t_conf}\E\/extra\.conf:\d+$/, 'defined_at');
ok t_cmp(encode_json($p->{publish}), qr/"_mta-sts\.example\.test\."/, 'publish: name');
ok t_cmp(scalar(grep { $_->{type} eq 'TXT' && $_->{value} eq "v=STSv1; id=$p->{id};" } @{$p->{publish}}), 1, 'publish: TXT');
ok t_cmp(join(' ', map {$_->{code}} @{$p->{findings}}), $v->{sts_https_port} && have_module('ssl') ? '' : 'vhost-plain', 'no finding: another vhost has TLS');
my $t = $by{'mta-sts.example.test:' . port('sts_https')}[0];
ok t_cmp(scalar(grep { $_->{name} eq '_smtp._tls.example.test.' && $_->{value} eq 'v=TLSRPTv1; rua=mailto:tlsrpt@example.test' } @{$t->{publish}}), 1, 'publish: TLSRPT');
ok t_cmp($t->{id}, $p->{id}, 'the same policy has the same id');
my $o = $by{'mta-sts.other.test:' . port('sts_http')}[0];
ok t_cmp("$o->{id} $o->{mode}", 'byhand1 enforce', 'id by hand, mode in lower case');
my ($f) = grep { $_->{code} eq 'mx-duplicate' } @{$o->{findings}};
ok t_cmp(join(' ', sort keys %$f), 'area code reference remedy severity subject text', 'finding: members');
ok t_cmp("$f->{severity} $f->{subject} $f->{reference}", 'warning other.test RFC 8461 3.2', 'finding');
ok t_cmp(join(' ', map {$_->{domain}} @{$by{'listed.test:' . port('sts_http')}}), 'a.listed b.listed c.listed', 'domains in order');
ok t_cmp($by{'listed.test:' . port('sts_http')}[2]{defined_at}, qr/:(\d+)$/, 'the line of MTASTSDomain');
my ($vhost_plain) = grep { $_->{code} eq 'vhost-plain' } @{$by{'listed.test:' . port('sts_http')}[1]{findings}};
ok t_cmp($vhost_plain->{subject}, 'b.listed', 'a finding on all names each as subject');

# For a person.
($rc, my $text) = dump_running('DUMP_MTASTS');
ok t_cmp($rc, 0, 'text: exit status');
ok t_cmp($text, qr/^example\.test\n  defined at   \S+extra\.conf:\d+\n  virtual host mta-sts\.example\.test:\d+ \(\S+extra\.conf:\d+\)\n  served as    https:\/\/mta-sts\.example\.test\/\.well-known\/mta-sts\.txt\n  policy id    $p->{id}\n      version: STSv1\n      mode: testing\n      max_age: 1209600\n      mx: mx1\.example\.test\n      mx: \*\.mx\.example\.test\n  checks       off \(MTASTSCheck\)\n; DNS/m, 'text: policy');
ok t_cmp($text, qr/^_mta-sts\.example\.test\. IN TXT "v=STSv1; id=$p->{id};"$/m, 'text: record');
ok t_cmp($text, qr/^  warning mx-duplicate: MTASTSMX names mx\.other\.test more than once.* \(RFC 8461 3\.2\)\n      To do: Remove/m, 'text: finding and remedy');
open my $err, '<', "$v->{t_logs}/dump.err" or die $!;
my @err = grep { !/AH00112|Setting LogLevel|^Syntax OK$/ } <$err>;
ok t_cmp(join('', @err), '', 'nothing else on standard error');

# The records go into a zone as they are printed.
my $long = 'https://reports.example.test/' . 'x' x 300;
($rc, $text) = configtest(<<"END", '-D', 'DUMP_MTASTS');
<VirtualHost 192.0.2.80:443 [2001:db8::80]:443>
    ServerName mta-sts.example.test
    SSLEngine on
    MTASTSEngine On
    MTASTSMX mx.example.test
    MTASTSTLSRPT mailto:tlsrpt\@example.test $long
</VirtualHost>
<VirtualHost 127.0.0.1:443 10.0.0.1:443>
    ServerName mta-sts.inside.test
    SSLEngine on
    MTASTSEngine On
    MTASTSMX mx.example.test
</VirtualHost>
END
ok t_cmp($rc, 0, 'dump of a configuration that is not running');
ok t_cmp($text, qr/^mta-sts\.example\.test\. IN A 192\.0\.2\.80\nmta-sts\.example\.test\. IN AAAA 2001:db8::80$/m, 'addresses of the vhost');
my ($block, $inside) = map { /(; DNS records.*)/s } split /^(?=inside\.test$)/m, $text;
ok t_cmp($inside, qr/^(?!.*IN A\b).*^;mta-sts\.inside\.test\. IN CNAME www\.inside\.test\.$/ms, 'an address nobody outside reaches is not printed');
my $zone = "$v->{t_logs}/example.test.zone";
t_write_file($zone, "\$TTL 300\n\@ IN SOA ns.example.test. h.example.test. 1 2 3 4 5\n\@ IN NS ns\nns IN A 127.0.0.1\n$block");
my $checked = `PATH=\$PATH:/usr/sbin named-checkzone -i local example.test $zone 2>&1`;
ok t_cmp($?, 0, "named-checkzone: $checked");
ok t_cmp($checked, qr/\A(?!.*(?:warning|ignoring|error)).*OK/s, 'named-checkzone has no word to say');
my $printed = `PATH=\$PATH:/usr/sbin named-checkzone -i local -D -o - example.test $zone 2>/dev/null`;
(my $joined = join '', $printed =~ /^_smtp\._tls\S*\s.*?TXT\s+(.*)$/m) =~ s/" "|^"|"$//g;
ok t_cmp($joined, "v=TLSRPTv1; rua=mailto:tlsrpt\@example.test,$long", 'a long record survives');

# Nothing configured, and a broken configuration.
($rc, $text) = configtest('', '-D', 'DUMP_MTASTS');
ok t_cmp($text, qr/\ANo MTA-STS policy is configured/, 'nothing configured');
($rc, $json) = configtest('', '-D', 'DUMP_MTASTS_JSON');
ok t_cmp(scalar @{decode_json($json)->{policies}}, 0, 'nothing configured: JSON');
($rc, $json) = configtest('MTASTSMode x', '-D', 'DUMP_MTASTS_JSON');
ok t_cmp("$rc$json", '1', 'refused: nothing printed');
# Standard output that can't be written is said.
my $full = `'$httpd' -d '$v->{serverroot}' -f '$v->{t_conf_file}' -t -D DUMP_MTASTS_JSON 2>&1 >/dev/full`;
ok t_cmp($full, qr/mtasts: the dump could not be written in full/, 'full disk');
# Two policies for one domain: no record is printed that would make two.
my $two = join "\n", map {"<VirtualHost *:$_>\nServerName mta-sts.two.test\nMTASTSEngine On\nMTASTSMX mx$_.two.test\n</VirtualHost>"} 1, 2;
($rc, $text) = configtest($two, '-D', 'DUMP_MTASTS');
ok t_cmp(scalar(() = $text =~ /^_mta-sts/mg), 0, 'policy-differs: no record');
ok t_cmp(scalar(() = $text =~ /^; No _mta-sts record before the difference is settled/mg), 2, 'policy-differs: and why');
($rc, $json) = configtest($two, '-D', 'DUMP_MTASTS_JSON');
ok t_cmp(scalar(grep { grep { $_->{code} eq 'policy-differs' } @{$_->{findings}} } @{decode_json($json)->{policies}}), 2, 'policy-differs: at both');
# Directives without the engine belong to no policy.
my $idle = "<VirtualHost *:1>\nServerName mta-sts.idle.test\nMTASTSMX mx.idle.test\n</VirtualHost>";
($rc, $text) = configtest($idle, '-D', 'DUMP_MTASTS');
ok t_cmp($text, qr/^No MTA-STS policy is configured.*^virtual host mta-sts\.idle\.test:1\n  warning engine-missing: .*configtest\.conf:102 has/ms, 'engine-missing: text');
($rc, $json) = configtest($idle, '-D', 'DUMP_MTASTS_JSON');
ok t_cmp(decode_json($json)->{findings}[0]{code}, 'engine-missing', 'engine-missing: JSON');
# Many domains behind one name.
($rc, $text) = configtest("<VirtualHost *:1>\nServerName mta-sts.hoster.test\nServerAlias mta-sts.*\nMTASTSEngine On\nMTASTSDomain hoster.test customer.test\nMTASTSMX mx.hoster.test\n</VirtualHost>", '-D', 'DUMP_MTASTS');
ok t_cmp($text, qr/^;mta-sts\.customer\.test\. IN CNAME mta-sts\.hoster\.test\.$/m, 'where a customer leads his name to');
ok t_cmp($text, qr/^;mta-sts\.hoster\.test\. IN CNAME www\.hoster\.test\.$/m, 'and the hoster his own');
# A file name that is no UTF-8 can stand in JSON.
my $odd = "$v->{t_logs}/odd-\xff.conf";
t_write_file($odd, "<VirtualHost *:1>\nServerName mta-sts.odd.test\nMTASTSEngine On\nMTASTSMX mx.odd.test\n</VirtualHost>\n");
($rc, $json) = configtest("Include \"$odd\"", '-D', 'DUMP_MTASTS_JSON');
ok t_cmp(eval { decode_json($json)->{policies}[0]{defined_at} }, qr/odd-\\xff\.conf:1$/, 'file name that is no UTF-8');
# A policy of the main server.
($rc, $text) = configtest("ServerName mta-sts.example.test\nMTASTSEngine On\nMTASTSMX mx.example.test", '-D', 'DUMP_MTASTS');
ok t_cmp($text, qr/^example\.test\n  defined at   \S+configtest\.conf:101$/m, 'main server');
# A look at DNS that can't be set up costs its part of the dump, no more.
my $rights = $> ? '' : "User nobody\nGroup " . getgrgid((getpwnam 'nobody')[3]);
($rc, $json, my $said) = configtest("$rights\nMTASTSCheck warn\nMTASTSResolver " . join(' ', map {"127.0.0.1:$_"} 1 .. 17)
    . "\n<VirtualHost *:1>\nServerName mta-sts.a.test\nMTASTSEngine On\nMTASTSMX mx.a.test\n</VirtualHost>", '-D', 'DUMP_MTASTS_JSON');
ok t_cmp(scalar(() = $json =~ /"version"/g), 1, 'no look at DNS: one document');
ok t_cmp($said, qr/mtasts: no check of DNS: more than 16 DNS servers/, 'no look at DNS: and why');
# Without -t httpd starts; it says what was probably meant.
my $port = MTASTS::Tree::free_ports(1);
my $started = "$v->{t_logs}/started";
t_write_file("$started.conf", "Include $v->{t_conf}/modules.conf\nServerName x\nListen 127.0.0.1:$port\nTypesConfig /dev/null\n"
    . "PidFile $started.pid\nErrorLog $started.log\nDefaultRuntimeDir $v->{t_logs}\n" . ($> ? '' : "User nobody\nGroup " . getgrgid((getpwnam 'nobody')[3])));
`'$httpd' -d '$v->{serverroot}' -f '$started.conf' -D DUMP_MTASTS -k start 2>&1`;
ok t_cmp(wait_for(sub { -s "$started.pid" && `cat $started.log` =~ /resuming normal operations/ }), 1, 'it starts');
ok t_cmp(`cat $started.log`, qr/mtasts: -D DUMP_MTASTS prints nothing without -t, .*run apachectl -t -D DUMP_MTASTS/, 'and says so');
chomp(my $pid = `cat $started.pid`);
kill TERM => $pid;
wait_for(sub { !-e "$started.pid" });
