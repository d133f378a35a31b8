# The policy against live DNS: every finding, and when there is none.  Each
# case is a domain CASE.test; one BIND has them all, one run checks them all.
use strict;
use warnings FATAL => 'all';
use Apache::Test;
use Apache::TestUtil;
use JSON::PP;
use Time::Local qw(timegm);
use lib Apache::Test::vars('serverroot') . '/lib';
use MTASTS::Config;
use MTASTS::DNS;

# In what follows {} is the case's domain.
my %zone = (
    txt => '_mta-sts TXT "v=STSv1; id=t1;"',
    mx => "\@ MX 10 mx\nmx A 192.0.2.10",
    host => 'mta-sts A 192.0.2.1',
    tlsrpt => '_smtp._tls TXT "v=TLSRPTv1; rua=mailto:tlsrpt@{}"',
);
my %conf = (mode => 'enforce', mx => 'mx.{}', tlsrpt => 'mailto:tlsrpt@{}', more => '');
my %testing = (mode => 'testing');
my %none = (mode => 'none', mx => '', more => 'MTASTSMaxAge 1d');
sub txt { return join "\n", map {"_mta-sts TXT $_"} @_ }
sub tlsrpt { return join "\n", map {"_smtp._tls TXT $_"} @_ }
my $long = 'i' x 32;
# More findings, of which nobody says whether they are there, too.
my $unused = '?info mx-unused';

# [case, what is different in the zone, in the vhost, findings as in
# MTASTS::DNS::differs(), sync, what the findings must say]
my @cases = (
    ['right', {}, {}, '', 'in-sync'],
    ['right-testing', {}, {%testing}, '', 'in-sync'],
    ['right-none', {}, {%none, mx => 'mx.{}'}, '', 'in-sync'],
    ['off', {txt => '', host => ''}, {more => 'MTASTSCheck off'}, '', '(?:unknown)?'],
    ['auto', {txt => txt('"v=STSv1; id=AUTO;"')}, {more => 'MTASTSPolicyID auto'}, '', 'in-sync'],
    ['xn--bcher-kva', {}, {}, '', 'in-sync'],

    # The TXT record: forms that are right.
    ['txt-strings', {txt => txt('"v=STSv1; " "id=t1;"')}, {}, '', 'in-sync'],
    ['txt-cut', {txt => txt('"v=STS" "v1" "" "; id=t" "1;"')}, {}, '', 'in-sync'],
    ['txt-no-end', {txt => txt('"v=STSv1; id=t1"')}, {}, '', 'in-sync'],
    ['txt-tight', {txt => txt('"v=STSv1;id=t1;"')}, {}, '', 'in-sync'],
    ['txt-blanks', {txt => txt('"v=STSv1; \009 id=t1 ; "')}, {}, '', 'in-sync'],
    ['txt-extension', {txt => txt('"v=STSv1; id=t1; ext_1.x-y=a!b:c;"')}, {}, '', 'in-sync'],
    ['txt-extension-first', {txt => txt('"v=STSv1; ext=1; id=t1;"')}, {}, '', 'in-sync'],
    ['txt-id-long', {txt => txt(qq("v=STSv1; id=$long;"))}, {more => "MTASTSPolicyID $long"}, '', 'in-sync'],

    ['txt-missing', {txt => ''}, {}, 'error txt-missing', 'absent', '_mta-sts\.{}\.? .*TXT.*v=STSv1; id=t1;'],
    ['txt-missing-testing', {txt => ''}, {%testing}, 'error txt-missing', 'absent'],
    ['txt-missing-none', {txt => ''}, {%none, mx => 'mx.{}'}, 'warning txt-missing', 'absent'],
    ['txt-nodata', {txt => '_mta-sts A 192.0.2.1'}, {}, 'error txt-missing', 'absent'],

    ['txt-multiple', {txt => txt('"v=STSv1; id=t1;"', '"v=STSv1; id=t2;"')}, {}, 'error txt-multiple', 'foreign', 'v=STSv1; id=t[12];'],
    ['txt-multiple-testing', {txt => txt('"v=STSv1; id=t1;"', '"v=STSv1; id=t1"')}, {%testing}, 'error txt-multiple', 'foreign'],
    ['txt-multiple-wrong', {txt => txt('"v=STSv1; id=t1;"', '"v=STSv1; nonsense"')}, {}, 'error txt-multiple', 'foreign'],

    ['txt-no-id', {txt => txt('"v=STSv1;"')}, {}, 'error txt-syntax', 'foreign'],
    ['txt-id-empty', {txt => txt('"v=STSv1; id=;"')}, {}, 'error txt-syntax', 'foreign', '\b13\b'],
    ['txt-id-hyphen', {txt => txt('"v=STSv1; id=t-1;"')}, {}, 'error txt-syntax', 'foreign', '\b14\b', 'v=STSv1; id=t1;'],
    ['txt-id-33', {txt => txt(qq("v=STSv1; id=i$long;"))}, {more => "MTASTSPolicyID $long"}, 'error txt-syntax', 'foreign'],
    ['txt-id-capitals', {txt => txt('"v=STSv1; ID=t1;"')}, {}, 'error txt-syntax', 'foreign'],
    ['txt-id-blank', {txt => txt('"v=STSv1; id = t1;"')}, {}, 'error txt-syntax', 'foreign'],
    ['txt-no-value', {txt => txt('"v=STSv1; id=t1; word;"')}, {}, 'error txt-syntax', 'foreign'],
    ['txt-two-ends', {txt => txt('"v=STSv1; id=t1;;"')}, {}, 'error txt-syntax', 'foreign'],
    ['txt-comma', {txt => txt('"v=STSv1; id=t1, x=y;"')}, {}, 'error txt-syntax', 'foreign'],

    ['near-blank', {txt => txt('"v=STSv1 ; id=t1;"')}, {}, 'error txt-near-miss', 'foreign', 'v=STSv1; id=t1;'],
    ['near-lower', {txt => txt('"v=stsv1; id=t1;"')}, {}, 'error txt-near-miss', 'foreign'],
    ['near-upper', {txt => txt('"V=STSv1; id=t1;"')}, {}, 'error txt-near-miss', 'foreign'],
    ['near-alone', {txt => txt('"v=STSv1"')}, {}, 'error txt-near-miss', 'foreign'],
    ['near-quotes', {txt => txt('"\"v=STSv1; id=t1;\""')}, {}, 'error txt-near-miss', 'foreign'],
    ['near-comma', {txt => txt('"v=STSv1, id=t1"')}, {}, 'error txt-near-miss', 'foreign'],
    ['near-leading', {txt => txt('" v=STSv1; id=t1;"')}, {}, 'error txt-near-miss', 'foreign'],
    ['near-beside', {txt => txt('"v=STSv1; id=t1;"', '"v=stsv1; id=t1;"')}, {},
        '(?:warning txt-foreign|(?:warning|error) txt-near-miss)', 'in-sync'],

    ['foreign', {txt => txt('"v=STSv1; id=t1;"', '"v=spf1 -all"')}, {}, 'warning txt-foreign', 'in-sync', 'v=spf1 -all'],
    ['foreign-alone', {txt => txt('"v=spf1 -all"')}, {}, 'error txt-missing, warning txt-foreign', 'absent'],
    ['foreign-empty', {txt => txt('"v=STSv1; id=t1;"', '""')}, {}, 'warning txt-foreign', 'in-sync'],
    ['foreign-wildcard', {txt => '* TXT "v=spf1 -all"', tlsrpt => ''}, {},
        'error txt-missing, warning txt-foreign, warning tlsrpt-missing', 'absent'],

    ['id-mismatch', {txt => txt('"v=STSv1; id=old;"')}, {}, 'warning txt-id-mismatch', 'foreign', '\bold\b.*\bt1\b|\bt1\b.*\bold\b', 'v=STSv1; id=t1;'],
    ['id-case', {txt => txt('"v=STSv1; id=T1;"')}, {}, 'warning txt-id-mismatch', 'foreign'],
    ['id-longer', {txt => txt('"v=STSv1; id=t11;"')}, {}, 'warning txt-id-mismatch', 'foreign'],

    ['delegated', {txt => '_mta-sts CNAME _mta-sts.right.test.'}, {}, 'info txt-delegated', 'in-sync', '_mta-sts\.right\.test'],
    ['delegated-twice', {txt => '_mta-sts CNAME _MTA-STS.Delegated.test.'}, {}, 'info txt-delegated', 'in-sync'],
    ['delegated-old', {txt => '_mta-sts CNAME _mta-sts.id-mismatch.test.'}, {}, 'info txt-delegated, warning txt-id-mismatch', 'foreign', '_mta-sts\.id-mismatch\.test'],
    ['delegated-nowhere', {txt => '_mta-sts CNAME nowhere.test.'}, {}, 'info txt-delegated, error txt-missing', 'absent'],

    # MX
    ['mx-unmatched', {mx => "\@ MX 10 mx\n\@ MX 20 mx2\nmx A 192.0.2.10\nmx2 A 192.0.2.11"}, {}, 'error mx-unmatched', 'in-sync',
        '\b20\b.*\bmx2\.{}|\bmx2\.{}.*\b20\b', 'MTASTSMX\b.*mx2\.{}'],
    ['mx-unmatched-testing', {mx => "\@ MX 10 mx\n\@ MX 20 mx2\nmx A 192.0.2.10\nmx2 A 192.0.2.11"}, {%testing}, 'warning mx-unmatched', 'in-sync'],
    ['mx-unmatched-none', {mx => "\@ MX 20 mx2\nmx2 A 192.0.2.11"}, {%none, mx => 'mx.{}'}, '?(?:info|warning) mx-unmatched, ?info mx-unused', 'in-sync'],
    ['mx-all-unmatched', {mx => "\@ MX 10 mx2\n\@ MX 30 mx3\nmx2 A 192.0.2.10\nmx3 A 192.0.2.11"}, {}, 'error mx-unmatched, info mx-unused', 'in-sync',
        '(?s)\bmx2\.{}.*\bmx3\.{}'],
    ['mx-several', {mx => join "\n", map {("\@ MX 10 mx$_", "mx$_ AAAA 2001:db8::$_")} 1 .. 5}, {mx => 'mx1.{} mx2.{} mx3.{} mx4.{} mx5.{}'}, '', 'in-sync'],
    ['mx-unused', {}, {mx => 'mx.{} backup.{}'}, 'info mx-unused', 'in-sync', 'backup\.{}'],
    ['mx-elsewhere', {mx => '@ MX 10 mx.right.test.'}, {mx => 'mx.right.test'}, '', 'in-sync'],

    ['mx-implicit', {mx => '@ A 192.0.2.10'}, {mx => '{}'}, '', 'in-sync'],
    ['mx-implicit-six', {mx => '@ AAAA 2001:db8::10'}, {mx => '{}'}, '', 'in-sync'],
    ['mx-implicit-unmatched', {mx => '@ A 192.0.2.10'}, {}, "error mx-unmatched, $unused", 'in-sync', 'no MX|implicit'],
    ['mx-none', {mx => ''}, {}, "error mx-none, $unused", 'in-sync', '{}'],
    ['mx-none-testing', {mx => '', }, {%testing}, "error mx-none, $unused", 'in-sync'],
    ['mx-null', {mx => '@ MX 0 .'}, {}, "error mx-null, $unused", 'in-sync', 'RFC 7505'],
    ['mx-null-testing', {mx => '@ MX 0 .'}, {%testing}, "(?:warning|info) mx-null, $unused", 'in-sync'],

    ['mx-cname', {mx => "\@ MX 10 mx\nmx CNAME real\nreal A 192.0.2.10"}, {}, 'warning mx-cname', 'in-sync', '\bmx\.{}.*\breal\.{}'],
    ['mx-cname-nowhere', {mx => "\@ MX 10 mx\nmx CNAME nowhere.test."}, {}, 'warning mx-cname, ?warning mx-noaddress', 'in-sync'],
    ['mx-noaddress', {mx => '@ MX 10 mx'}, {}, 'warning mx-noaddress', 'in-sync', '\bmx\.{}'],
    ['mx-noaddress-nodata', {mx => "\@ MX 10 mx\nmx TXT x"}, {}, 'warning mx-noaddress', 'in-sync'],
    ['mx-address-six', {mx => "\@ MX 10 mx\nmx AAAA 2001:db8::10"}, {}, '', 'in-sync'],
    ['mx-underscore', {mx => "\@ MX 10 mx\nmx A 192.0.2.10\n\@ MX 20 a_b.m\na_b.m A 192.0.2.11"}, {%testing, mx => 'mx.{} *.m.{}'},
        "warning mx-invalid, ?warning mx-unmatched, $unused", 'in-sync', 'a_b\.m\.{}'],
    ['mx-space', {mx => "\@ MX 10 mx\nmx A 192.0.2.10\n\@ MX 20 we\\032ird.m\nwe\\032ird.m A 192.0.2.11"}, {%testing, mx => 'mx.{} *.m.{}'},
        "warning mx-invalid, ?warning mx-unmatched, $unused", 'in-sync', 'we.*ird\.m\.{}'],
    ['mx-address', {mx => "\@ MX 10 mx\nmx A 192.0.2.10\n\@ MX 20 192.0.2.11."}, {%testing},
        'warning mx-invalid, ?warning mx-unmatched, ?warning mx-noaddress, ?unknown dns-tempfail', 'in-sync', '192\.0\.2\.11'],
    # BIND refuses what is not in its zones.
    ['mx-refused', {mx => '@ MX 10 mx.elsewhere.example.'}, {mx => 'mx.elsewhere.example'}, 'unknown dns-tempfail', 'in-sync', 'mx\.elsewhere\.example', 'REFUSED'],

    ['mx-suggest', {mx => "\@ MX 10 mx\n\@ MX 20 mx2\nmx A 192.0.2.10\nmx2 A 192.0.2.11"}, {%none}, 'info mx-suggest', 'in-sync', 'MTASTSMX mx\.{} mx2\.{}'],

    # The policy host.
    ['host-missing', {host => ''}, {}, 'error host-missing', 'in-sync', 'mta-sts\.{}'],
    ['host-nodata', {host => 'mta-sts TXT x'}, {%testing}, 'error host-missing', 'in-sync'],
    ['host-six', {host => 'mta-sts AAAA 2001:db8::1'}, {}, '', 'in-sync'],
    ['host-cname', {host => 'mta-sts CNAME mta-sts.right.test.'}, {}, '', 'in-sync'],
    ['host-nowhere', {host => 'mta-sts CNAME nowhere.test.'}, {}, 'error host-missing', 'in-sync'],

    # TLSRPT (RFC 8460 3)
    ['rpt-tight', {tlsrpt => tlsrpt('"v=TLSRPTv1;rua=mailto:tlsrpt@{}"')}, {}, '', 'in-sync'],
    ['rpt-end', {tlsrpt => tlsrpt('"v=TLSRPTv1; rua=mailto:tlsrpt@{};"')}, {}, '', 'in-sync'],
    ['rpt-strings', {tlsrpt => tlsrpt('"v=TLSRPTv1; rua=mail" "to:tlsrpt@{}"')}, {}, '', 'in-sync'],
    ['rpt-extension', {tlsrpt => tlsrpt('"v=TLSRPTv1; rua=mailto:tlsrpt@{}; ext=1"')}, {}, '', 'in-sync'],
    ['rpt-two', {tlsrpt => tlsrpt('"v=TLSRPTv1; rua=mailto:tlsrpt@{},https://r.test/x"')}, {tlsrpt => 'mailto:tlsrpt@{} https://r.test/x'}, '', 'in-sync'],
    ['rpt-two-blanks', {tlsrpt => tlsrpt('"v=TLSRPTv1; rua=mailto:tlsrpt@{} , https://r.test/x"')}, {tlsrpt => 'mailto:tlsrpt@{} https://r.test/x'}, '', 'in-sync'],
    ['rpt-foreign', {tlsrpt => "$zone{tlsrpt}\n" . tlsrpt('"v=spf1 -all"')}, {}, '', 'in-sync'],
    ['rpt-cname', {tlsrpt => '_smtp._tls CNAME _smtp._tls.right.test.'}, {tlsrpt => 'mailto:tlsrpt@right.test'}, '', 'in-sync'],
    ['rpt-unset', {}, {tlsrpt => ''}, '', 'in-sync'],
    ['rpt-missing', {tlsrpt => ''}, {}, 'warning tlsrpt-missing', 'in-sync', '_smtp\._tls\.{}\.? .*TXT.*v=TLSRPTv1; rua=mailto:tlsrpt@{}'],
    ['rpt-missing-unset', {tlsrpt => ''}, {tlsrpt => ''}, 'info tlsrpt-missing', 'in-sync'],
    ['rpt-missing-foreign', {tlsrpt => tlsrpt('"v=spf1 -all"')}, {}, 'warning tlsrpt-missing', 'in-sync'],
    ['rpt-wrong-name', {tlsrpt => '_mta-sts._tls TXT "v=TLSRPTv1; rua=mailto:tlsrpt@{}"'}, {}, 'warning tlsrpt-missing, warning tlsrpt-wrong-name', 'in-sync', '_mta-sts\._tls\.{}'],
    ['rpt-wrong-name-two', {tlsrpt => '_tls TXT "v=TLSRPTv1; rua=mailto:tlsrpt@{}"'}, {}, 'warning tlsrpt-missing, warning tlsrpt-wrong-name', 'in-sync', '(?<!_smtp\.)(?<!_mta-sts\.)_tls\.{}'],
    ['rpt-multiple', {tlsrpt => tlsrpt('"v=TLSRPTv1; rua=mailto:tlsrpt@{}"', '"v=TLSRPTv1; rua=mailto:b@{}"')}, {}, 'warning tlsrpt-multiple', 'in-sync'],
    ['rpt-multiple-unset', {tlsrpt => tlsrpt('"v=TLSRPTv1; rua=mailto:a@{}"', '"v=TLSRPTv1; rua=mailto:b@{}"')}, {tlsrpt => ''}, 'warning tlsrpt-multiple', 'in-sync'],
    ['rpt-no-rua', {tlsrpt => tlsrpt('"v=TLSRPTv1;"')}, {}, 'warning tlsrpt-syntax', 'in-sync'],
    ['rpt-rua-empty', {tlsrpt => tlsrpt('"v=TLSRPTv1; rua="')}, {}, 'warning tlsrpt-syntax', 'in-sync'],
    ['rpt-no-scheme', {tlsrpt => tlsrpt('"v=TLSRPTv1; rua=tlsrpt@{}"')}, {}, 'warning tlsrpt-syntax', 'in-sync'],
    ['rpt-syntax-unset', {tlsrpt => tlsrpt('"v=TLSRPTv1; rua=tlsrpt@{}"')}, {tlsrpt => ''}, 'warning tlsrpt-syntax', 'in-sync'],
    ['rpt-version', {tlsrpt => tlsrpt('"v=TLSRPTv1"')}, {}, 'warning tlsrpt-(?:syntax|missing)', 'in-sync'],
    ['rpt-mismatch', {tlsrpt => tlsrpt('"v=TLSRPTv1; rua=mailto:other@{}"')}, {}, 'warning tlsrpt-mismatch', 'in-sync', 'mailto:other@{}', 'mailto:tlsrpt@{}'],
    ['rpt-mismatch-one', {tlsrpt => tlsrpt('"v=TLSRPTv1; rua=mailto:tlsrpt@{},https://r.test/x"')}, {}, 'warning tlsrpt-mismatch', 'in-sync'],

    # Several at once.
    ['much', {txt => '', mx => '', host => '', tlsrpt => ''}, {}, "error txt-missing, error mx-none, error host-missing, warning tlsrpt-missing, $unused", 'absent'],
);

# [MTASTSMX, MX host, matched]: the host matches or not.
my @matches = (
    ['mx.a.{}', 'mx.a.{}', 1],
    ['MX.A.{}.', 'mx.a.{}', 1],
    ['mx.a.{}', 'MX.a.{}', 1],
    ['mx.a.{}', 'x.mx.a.{}', 0],
    ['mx.a.{}', 'a.{}', 0],
    ['mx.a.{}', 'xmx.a.{}', 0],
    ['mx.a.{}', 'mx.a.{}.evil.test', 0],
    ['*.a.{}', 'mx.a.{}', 1],
    ['*.A.{}.', 'mx.a.{}', 1],
    ['*.a.{}', 'MX.A.{}', 1],
    ['*.a.{}', 'a.{}', 0],
    ['*.a.{}', 'mx.b.a.{}', 0],
    ['*.a.{}', 'xa.{}', 0],
    ['*.a.{}', 'mx.xa.{}', 0],
    ['*.a.{}', 'mx.a.{}.evil.test', 0],
    ['*.mail.test', 'mx.mail.test', 1],
    ['*.xn--bcher-kva.{}', 'mx.xn--bcher-kva.{}', 1],
    ['*.XN--bcher-KVA.{}', 'mx.xn--bcher-kva.{}', 1],
    ['*.xn--bcher-kva.{}', 'mx.xn--bcher-kvb.{}', 0],
    ['mx.xn--bcher-kva.{}', 'mx.xn--bcher-kva.{}', 1],
    ['*.a.{}', 'xn--bcher-kva.a.{}', 1],
    ['*.a.{}', '1.a.{}', 1],
);
my $m = 0;
my @wild = map {
    my ($pattern, $host, $matched) = @$_;
    ["match-" . ++$m, {mx => "\@ MX 10 $host.\n$host. A 192.0.2.10"}, {%testing, mx => $pattern},
        $matched ? '' : 'warning mx-unmatched, info mx-unused', 'in-sync'];
} @matches;

my $said = 0;
$said += @$_ > 5 ? @$_ - 5 : 0 for @cases;
plan tests => 1 + 2 * @cases + $said + 4 * @matches + 2 * 12 + 31, need_module('ssl');

sub in_case { my ($name, $s) = @_; return $s =~ s/\{\}/$name.test/gr }
sub vhost {
    my ($name, undef, $different) = @{$_[0]};
    my %c = (%conf, %$different);
    return in_case($name, join "\n", '<VirtualHost *:1>', 'ServerName mta-sts.{}', "MTASTSMode $c{mode}",
        ($c{mx} ? "MTASTSMX $c{mx}" : ()), ($c{tlsrpt} ? "MTASTSTLSRPT $c{tlsrpt}" : ()), $c{more}, "</VirtualHost>\n");
}

# The id that the module makes is known from a run without network.
my ($auto) = grep { $_->[0] eq 'auto' } @cases;
my ($rc, $json) = configtest("SSLEngine on\nMTASTSEngine On\nMTASTSCheck off\n" . vhost($auto), '-D', 'DUMP_MTASTS_JSON');
my ($id) = map { $_->{id} } @{decode_json($json)->{policies}};
ok t_cmp($id, qr/^[0-9a-f]{32}$/, 'id made by the module');
$auto->[1]{txt} =~ s/AUTO/$id/;

my (%once, $records);
for my $case (@cases, @wild) {
    my ($name, $different) = @$case;
    die "$name: twice" if $once{$name}++;
    my %z = (%zone, %$different);
    $records .= in_case($name, join "\n", "\$ORIGIN $name.test.", @z{qw(txt mx host tlsrpt)}, '');
}
my $port = named(test => "\$TTL 300\n\@ IN SOA ns h 1 2 3 4 5\n\@ NS ns\nns A 127.0.0.1\n$records");
my $lines = check_lines('30s', $port) . join '', map { vhost($_) } @cases, @wild;
my $before = time;
($rc, $json, my $err) = configtest($lines, '-D', 'DUMP_MTASTS_JSON');
my $after = time;
ok t_cmp($rc, 0, 'errors in DNS do not fail the dump');
my $d = eval { decode_json($json) } || {policies => []};
my %policy = policies($d);
ok t_cmp(scalar keys %policy, @cases + @wild, 'all are there');

for (@cases) {
    my ($name, undef, undef, $expected, $sync, @words) = @$_;
    my $p = $policy{"$name.test"} || {};
    ok t_cmp(differs($expected, findings($p)), '', "$name: findings");
    ok t_cmp($p->{sync} // '', qr/^(?:$sync)$/, "$name: sync");
    my $all = join "\n", map {"$_->{subject}: $_->{text} $_->{remedy} ($_->{reference})"} @{$p->{findings} || []};
    for my $words (@words) {
        my $pattern = $words =~ s/\{\}/\Q$name.test\E/gr;
        ok t_cmp($all, qr/$pattern/, "$name: words");
    }
}
for (0 .. $#matches) {
    my ($pattern, $host, $matched) = @{$matches[$_]};
    my ($name, undef, undef, $expected) = @{$wild[$_]};
    my $p = $policy{"$name.test"} || {};
    my ($mx, @more) = @{$p->{dns}{mx}{records} || [{}]};
    ok t_cmp(differs($expected, findings($p)), '', "$pattern for $host: findings");
    ok t_cmp($mx->{host} // '', lc in_case($name, $host), "$pattern for $host: host");
    ok t_cmp($mx->{matched} ? 1 : 0, $matched, "$pattern for $host: matched");
    ok t_cmp(scalar @more, 0, "$pattern for $host: the one record");
}

# The members of the JSON.
sub dns { my ($name, $part, $member) = @_; return $policy{"$name.test"}{dns}{$part}{$member} }
sub list { return join ' | ', @{$_[0] || []} }
ok t_cmp(join(' ', sort keys %{$policy{'right.test'}{dns} || {}}), 'host mx tlsrpt txt', 'dns: members');
ok t_cmp(join(' ', map { dns('right', $_, 'status') // '' } qw(txt mx host tlsrpt)), 'ok ok ok ok', 'status: ok');
ok t_cmp(join(' ', map { dns('much', $_, 'status') // '' } qw(txt mx host tlsrpt)), 'absent absent absent absent', 'status: absent');
ok t_cmp(dns('delegated-nowhere', 'txt', 'status'), 'absent', 'a CNAME without the type is absent');
ok t_cmp(list(dns('right', 'txt', 'records')), 'v=STSv1; id=t1;', 'TXT');
ok t_cmp(list(dns('txt-cut', 'txt', 'records')), 'v=STSv1; id=t1;', 'TXT in several strings');
ok t_cmp(list([sort @{dns('foreign', 'txt', 'records') || []}]), 'v=STSv1; id=t1; | v=spf1 -all', 'all TXT');
ok t_cmp(list(dns('much', 'txt', 'records')), '', 'no TXT');
ok t_cmp(list(dns('right', 'txt', 'cname')), '', 'no CNAME');
ok t_cmp(list(dns('delegated', 'txt', 'cname')), '_mta-sts.right.test', 'CNAME');
ok t_cmp(list(dns('delegated-twice', 'txt', 'cname')), '_mta-sts.delegated.test | _mta-sts.right.test', 'CNAME chain');
ok t_cmp(list([map {"$_->{preference} $_->{host} " . ($_->{matched} ? 'yes' : 'no')} @{dns('mx-unmatched', 'mx', 'records') || []}]),
    '10 mx.mx-unmatched.test yes | 20 mx2.mx-unmatched.test no', 'MX, by preference');
ok t_cmp($json, qr/"matched": (?:true|false)/, 'matched is a boolean');
ok t_cmp(dns('right', 'mx', 'records') && JSON::PP->new->encode(dns('right', 'mx', 'records')), qr/"preference":10\b/, 'preference is a number');
ok t_cmp(list(dns('right', 'tlsrpt', 'records')), 'v=TLSRPTv1; rua=mailto:tlsrpt@right.test', 'TLSRPT');
ok t_cmp(join(' ', map { dns($_, 'host', 'addresses') // '' } qw(right host-six host-missing)), '1 1 0', 'host: number of addresses');
ok t_cmp(defined $policy{'off.test'}{dns} ? 'some' : 'none', 'none', 'MTASTSCheck off: no dns');
my ($year, $month, $day, $h, $min, $s) = ($d->{time} // '') =~ /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)Z$/;
ok t_cmp($year ? 1 : 0, 1, 'time: form');
my $time = $year ? timegm($s, $min, $h, $day, $month - 1, $year) : 0;
ok t_cmp($time >= $before && $time <= $after ? 1 : 0, 1, 'time: of this run');
my %sum = (error => 0, warning => 0, unknown => 0, info => 0);
$sum{$_->{severity}}++ for map { @{$_->{findings} || []} } values %policy, $d;
ok t_cmp(join(' ', map { $d->{summary}{$_} // '' } qw(error warning info unknown)), "$sum{error} $sum{warning} $sum{info} $sum{unknown}", 'summary');

# For a person.
($rc, my $text) = configtest($lines, '-D', 'DUMP_MTASTS');
ok t_cmp($rc, 0, 'text: exit status');
ok t_cmp($text, qr/^$sum{error} error(?:s|\(s\))?, $sum{warning} warning(?:s|\(s\))?, $sum{unknown} unknown\n\z/m, 'text: closing line');
my ($block) = $text =~ /^(much\.test\n.*?)(?:^\S+\.test\n|\z)/ms;
my @lines = ($block // '') =~ /^  (error|warning|info|unknown) ([a-z0-9-]+: .*\n {6}To do: .*)/mg;
ok t_cmp(list([grep {/^(?:error|warning)$/} @lines]), 'error | error | error | warning', 'text: errors first');
ok t_cmp($block, qr/^ {6}To do: .*_mta-sts\.much\.test\..*v=STSv1; id=t1;/m, 'text: remedy below');
($block) = $text =~ /^(foreign-alone\.test\n.*?)(?:^\S+\.test\n|\z)/ms;
ok t_cmp($block, qr/^  error txt-missing.*^  warning txt-foreign/ms, 'text: error before warning');
($block) = $text =~ /^(mx-all-unmatched\.test\n.*?)(?:^\S+\.test\n|\z)/ms;
ok t_cmp($block, qr/^  error mx-unmatched.*^  info mx-unused/ms, 'text: info last');

# Standard error has nothing that the dump has.
$err = join "\n", grep { !/^(?:Syntax OK|AH00112.*|.*Setting LogLevel.*)$/ } split /\n/, $err;
ok t_cmp($err, '', 'nothing else on standard error');
# One domain is checked as well as many.
($rc, $json) = configtest(check_lines('30s', $port) . vhost($cases[0]), '-D', 'DUMP_MTASTS_JSON');
($id) = map { $_->{sync} } @{(eval { decode_json($json) } || {})->{policies}};
ok t_cmp("$rc " . ($id // ''), '0 in-sync', 'one domain alone');
# httpd chooses by address before it chooses by name: another virtual host on an
# address of the policy host has its requests.
# [what, that virtual host, where the policy is, domain, findings, words]
my $elsewhere = 'warning host-elsewhere';
my @on_address = (
    ['its address', '192.0.2.1:1', '*:1', 'right', $elsewhere, qr/mta-sts\.right\.test leads to 192\.0\.2\.1\b.*192\.0\.2\.1:1 go to the virtual host www\.test:1 at \S+configtest\.conf:\d+\b/],
    ['its address, any port', '192.0.2.1', '*:1', 'right', $elsewhere, qr/www\.test at/],
    ['its address, a policy on any port', '192.0.2.1:1', '*', 'right', $elsewhere],
    ['its address, a policy on another one', '192.0.2.1:1', '192.0.2.2:1', 'right', $elsewhere],
    ['its address, IPv6', '[2001:db8::1]:1', '*:1', 'host-six', $elsewhere, qr/\[2001:db8::1\]:1 go to/],
    ['an address that is not its', '127.0.0.1:1', '*:1', 'right', ''],
    ['another port', '192.0.2.1:2', '*:1', 'right', ''],
    ['a port that no sender asks', '192.0.2.1:2', '*:2', 'right', ''],
    ['both on it', '192.0.2.1:1', '192.0.2.1:1 *:1', 'right', ''],
    ['both by address', '192.0.2.1:1', '192.0.2.1:1', 'right', ''],
    ['it serves the policy', '192.0.2.1:1', '*:1', 'right', '', qr//, 'ServerAlias mta-sts.right.test', 'MTASTSMX mx.right.test'],
    ['it has only the name', '192.0.2.1:1', '*:1', 'right', $elsewhere, qr//, 'MTASTSEngine Off', 'ServerAlias mta-sts.right.test'],
);
for (@on_address) {
    my ($what, $address, $policy, $name, $expected, $words, @there) = @$_;
    my ($case) = grep { $_->[0] eq $name } @cases;
    @there = 'MTASTSEngine Off' if !@there;
    ($rc, $json) = configtest(check_lines('30s', $port) . "MTASTSProbeHost 1\n" . (vhost($case) =~ s/\*:1/$policy/r)
        . join("\n", "<VirtualHost $address>", 'ServerName www.test', @there, "</VirtualHost>\n"), '-D', 'DUMP_MTASTS_JSON');
    my ($p) = @{(eval { decode_json($json) } || {})->{policies}};
    my @found = grep { $_->{code} =~ /^host-/ } @{$p->{findings}};
    ok t_cmp(join(', ', map {"$_->{severity} $_->{code}"} @found), $expected, "$what: findings");
    ok t_cmp(join(' ', map { $_->{text} } @found), $words // qr//, "$what: words");
}
# Nothing configured.
($rc, $json) = configtest(check_lines('30s', $port) =~ s/^MTASTSEngine On$//mr, '-D', 'DUMP_MTASTS_JSON');
$d = eval { decode_json($json) } || {};
ok t_cmp($rc . @{$d->{policies} || [1]}, '00', 'no policy');
