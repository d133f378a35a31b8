# The shipped publish commands, run as httpd runs them: nsupdate against BIND with
# TSIG, cloudflare against a server that follows the documented API, zonefile for
# a zone that BIND has from files, print.  However they fail, they say why in the
# one line that the error log has room for.
use strict;
use warnings FATAL => 'all';
use Apache::Test;
use Apache::TestUtil;
use IO::Socket::INET;
use JSON::PP;
use MIME::Base64;
use lib Apache::Test::vars('serverroot') . '/lib';
use MTASTS::Config;
use MTASTS::DNS;
use MTASTS::Process;
use MTASTS::Publish;
use MTASTS::Tree;

my $v = Apache::Test::vars();
my $name = '_mta-sts.example.test.';
my $tls_name = '_smtp._tls.example.test.';
my ($new, $old) = ('v=STSv1; id=new1;', 'v=STSv1; id=old1;');
# Values that have to be quoted, escaped and split.
my %odd = (
    short => 'v=STSv1; id=20260101T000000;',
    quotes => 'v=TLSRPTv1;rua=mailto:"a \\"b\\\\"@example.test',
    long => 'v=TLSRPTv1;rua=' . join(',', map {"mailto:tls-reports-$_\@reports.example.test"} 1 .. 9),
    exact => 'v=TLSRPTv1;rua=mailto:' . 'x' x 233,
    edge => 'v=TLSRPTv1;rua=mailto:' . 'x' x 232 . '"\\' . 'y' x 253 . "\\\"\303\244\t;",
);
my @programs = qw(sh od awk mawk tr id ls head cat sed tail date sleep mv rm sync grep);
# Those that hang have all the time of the others for it.
my %hanging;

plan tests => 534;

# One command: what it ends with, and what it says last, which is all.
sub try_it {
    my ($label, $status, $says, $command, $of, @args) = @_;
    return check_it($label, $status, $says, begin_command($command, $of, @args));
}

sub check_it {
    my ($label, $status, $says, $begun) = @_;
    my $run = end_command($begun);
    ok t_cmp($run->{status}, $status, "$label: status");
    ok t_cmp($run->{said} =~ s/\n\z//r, $says, "$label: " . ($run->{said} || 'silent'));
    # With paths no longer than those of a host.
    my $line = $run->{said} =~ s/\Q$v->{t_logs}\E|\Q$v->{serverroot}\E/\/usr\/local\/lib\/mtasts/gr;
    ok t_cmp($line =~ tr/\n// < 2 && length $line <= 256 ? 1 : 0, 1, "$label: is a line that the log has room for") if $status;
    return;
}

# What a server has at a name, decoded, in order.
sub there {
    my ($port, $at) = @_;
    return join '|', sort map { from_zone_file($_) } split /\n/, `dig \@127.0.0.1 -p $port +norecurse +short TXT $at`;
}
sub serial { my ($port, $zone) = @_; return (split ' ', `dig \@127.0.0.1 -p $port +norecurse +short SOA $zone`)[2] }

sub zone_of { my ($serial) = @_; return "\$TTL 300\n\@ SOA ns hostmaster (\n  $serial ; serial\n  3600 600 86400 300 )\n\@ NS ns\nns A 127.0.0.1\n" }

sub secret_file {
    my ($file, $text, $mode) = @_;
    MTASTS::Config::write_file($file, $text);
    chmod $mode // 0600, give_to_user($file);
    return $file;
}

# --- a dynamic update ---

my $keys = new_directory('keys');
chmod 0755, $keys;
my $number = 0;
my $key_text = sub { my ($key) = @_; return qq(key "$key." { algorithm hmac-sha256; secret ") . encode_base64(sprintf('%-32s', $key . ++$number), '') . qq("; };\n) };
my %text = map { $_ => $key_text->($_) } qw(mtasts somebody unknown);
my %key = map { $_ => secret_file("$keys/$_.key", $text{$_}) } keys %text;
$key{wrong} = secret_file("$keys/wrong.key", $key_text->('mtasts'));
my $policy = "grant mtasts. name $name TXT; grant mtasts. name $tls_name TXT;";
my $dns = named({conf => $text{mtasts} . $text{somebody},
    zones => {'example.test' => "update-policy { $policy grant somebody. zonesub ANY; };", 'closed.test' => ''}},
    'example.test' => zone_of(1), 'closed.test' => zone_of(1));
my $server = "127.0.0.1#$dns";

# What somebody else changes, with a key of one's own.
sub somebody {
    my (@lines) = @_;
    open my $to, '|-', 'nsupdate', '-t', '20', '-k', $key{somebody} or die "nsupdate: $!";
    print $to map {"$_\n"} "server 127.0.0.1 $dns", 'zone example.test', @lines, 'send';
    close $to or die "nsupdate: $?";
}

# [arguments] of nsupdate with the right key.
my @right = ($key{mtasts}, $server);
try_it('new', 0, '', nsupdate => {}, @right);
ok t_cmp(there($dns, $name), $new, 'new: there');
ok t_cmp(`dig \@127.0.0.1 -p $dns +noall +answer TXT $name`, qr/^\S+\s+300\s/, 'new: its TTL');
my $serial = serial($dns, 'example.test');
try_it('again', 0, '', nsupdate => {}, @right, 'example.test');
ok t_cmp(serial($dns, 'example.test'), $serial, 'again: nothing is to do');

# What stays, and what goes.
somebody("update delete $name", map {"update add $name 60 TXT $_"} '"v=spf1 -all"', '"not \"v=STSv1;" "\\200\\000x"', '"v=STSv1; id=old1;"');
my @unrelated = ("not \"v=STSv1;" . chr(200) . "\0x", 'v=spf1 -all');
try_it('replaced', 0, '', nsupdate => {OLD_VALUE => $old}, @right);
ok t_cmp(there($dns, $name), join('|', sort @unrelated, $new), 'replaced: all else stays');
somebody("update add $name 60 TXT \"v=STSv1;\" \" id=two;\"", "update add $name 60 TXT \"v=STSv1 ; id=near;\"");
try_it('several', 0, '', nsupdate => {VALUE => 'v=STSv1; id=one;', OLD_VALUE => $new}, @right);
ok t_cmp(there($dns, $name), join('|', sort @unrelated, 'v=STSv1; id=one;'), 'several: one is left');
for my $odd (sort keys %odd) {
    my $at = $odd{$odd} =~ /STS/ ? $name : $tls_name;
    somebody("update delete $at");
    try_it("value $odd", 0, '', nsupdate => {NAME => $at, VALUE => $odd{$odd}}, @right);
    ok t_cmp(there($dns, $at), $odd{$odd}, "value $odd: there");
    $serial = serial($dns, 'example.test');
    try_it("value $odd, again", 0, '', nsupdate => {NAME => $at, VALUE => $odd{$odd}, OLD_VALUE => $odd{$odd}}, @right);
    ok t_cmp(serial($dns, 'example.test'), $serial, "value $odd, again: nothing is to do");
    my $next = $odd{$odd} =~ s/;.*//sr . '; next=1;';
    try_it("value $odd, replaced", 0, '', nsupdate => {NAME => $at, VALUE => $next, OLD_VALUE => $odd{$odd}}, @right);
    ok t_cmp(there($dns, $at), $next, "value $odd, replaced: there");
}

# Others' records that a wildcard puts there, and everywhere.
somebody("update delete $name", 'update add *.example.test. 60 TXT "v=spf1 -all"');
ok t_cmp(there($dns, $name), 'v=spf1 -all', 'a wildcard: answers');
try_it('a wildcard', 0, '', nsupdate => {}, @right);
ok t_cmp(there($dns, $name), $new, 'a wildcard: replaced at this name');
somebody('update delete *.example.test. TXT');

# Somebody else was there since httpd looked, or comes while it runs.
somebody("update delete $name", "update add $name 60 TXT \"v=STSv1; id=else;\"");
for (['', 'nothing', 'none'], [$old, 'another', "\"$old\""]) {
    my ($saw, $label, $says) = @$_;
    try_it("changed from $label", 1, qr/^$name on 127\.0\.0\.1 is "v=STSv1; id=else;", expected \Q$says\E as httpd saw: nothing was changed/,
        nsupdate => {OLD_VALUE => $saw}, @right);
}
ok t_cmp(there($dns, $name), 'v=STSv1; id=else;', 'changed: stays');

# An nsupdate that is overtaken: by these changes, N times.
sub overtaken {
    my ($times, @lines) = @_;
    my $dir = new_directory('overtaken');
    my ($real) = grep {-x} map {"$_/nsupdate"} split /:/, $ENV{PATH};
    MTASTS::Config::write_file("$dir/nsupdate", <<"END");
#!/bin/sh
n=\$(cat $dir/n 2>/dev/null || echo 0)
if [ \$n -lt $times ]; then
    n=\$((n + 1))
    echo \$n >$dir/n
    sed "s/COUNT/\$n/g" $dir/lines | $real -k $dir/key
fi
exec $real "\$@"
END
    MTASTS::Config::write_file("$dir/lines", map {"$_\n"} "server 127.0.0.1 $dns", 'zone example.test', @lines, 'send');
    MTASTS::Config::write_file("$dir/key", $text{somebody});
    chmod 0755, give_to_user($dir, "$dir/nsupdate");
    return "$dir:$ENV{PATH}";
}
somebody("update delete $name", "update add $name 60 TXT \"v=STSv1; id=old1;\"");
try_it('overtaken by another record', 0, '', nsupdate => {OLD_VALUE => $old, PATH => overtaken(1, "update add $name 60 TXT \"other\"")}, @right);
ok t_cmp(there($dns, $name), "other|$new", 'overtaken by another record: both are there');
try_it('overtaken by another value', 1, qr/is "v=STSv1; id=else;", expected "\Q$new\E" as httpd saw/, nsupdate =>
    {VALUE => $old, OLD_VALUE => $new, PATH => overtaken(1, "update delete $name", "update add $name 60 TXT \"v=STSv1; id=else;\"")}, @right);
ok t_cmp(there($dns, $name), 'v=STSv1; id=else;', 'overtaken by another value: it stays');
somebody("update delete $name");
try_it('overtaken when nothing was there', 1, qr/is "v=STSv1; id=else;", expected none as httpd saw/, nsupdate =>
    {PATH => overtaken(1, "update add $name 60 TXT \"v=STSv1; id=else;\"")}, @right);
try_it('overtaken each time', 1, qr/^TXT of $name on 127\.0\.0\.1 changed each time before it could be replaced: nothing was changed/,
    nsupdate => {OLD_VALUE => 'v=STSv1; id=else;', PATH => overtaken(9, "update add $name 60 TXT \"other COUNT\"")}, @right);
ok t_cmp(there($dns, $name), 'other 1|other 2|other 3|v=STSv1; id=else;', 'overtaken each time: nothing was changed');

# What the server won't do.
somebody("update delete $name");
my $config = secret_file("$keys/config", "nothing\n");
my $closed = MTASTS::Tree::free_ports(1);
for (
    ['another secret', {}, [$key{wrong}, $server], qr/^127\.0\.0\.1 does not take the key of \S+wrong\.key for \S+, .*see that both have it with the same name/],
    ['an unknown key', {}, [$key{unknown}, $server, 'example.test'], qr/^127\.0\.0\.1 does not take the key of \S+unknown\.key for /],
    ['no key at all', {}, [$config, $server], qr{$config}],
    ['a zone without updates', {NAME => '_mta-sts.closed.test.'}, \@right, qr/^127\.0\.0\.1 refused to change TXT of _mta-sts\.closed\.test\. in zone closed\.test\.?: .*update-policy/],
    ['a name beyond the policy', {NAME => '_mta-sts.sub.example.test.'}, \@right, qr/refused to change TXT of _mta-sts\.sub\.example\.test\./],
    ['a zone of others', {NAME => '_mta-sts.else.test.'}, \@right, qr/^127\.0\.0\.1 answers REFUSED about _mta-sts\.else\.test\.: expected the zone's primary/],
    ['a ZONE that it has not', {}, [@right, 'test'], qr/^127\.0\.0\.1 is not the primary of zone test, or \S+ is not in it \(update failed: NOTAUTH\): see SERVER and ZONE/],
    ['a dead server', {}, [$key{mtasts}, "127.0.0.1#$closed"], qr/^no answer from 127\.0\.0\.1: .*connection refused; expected the DNS server/],
    ['a ZONE that is none', {}, [@right, 'a zone'], qr/^'a zone' is no zone: /],
    ['a SERVER that is none', {}, [$key{mtasts}, '-x'], qr/^'-x' is no server: /],
    ['a port that is none', {}, [$key{mtasts}, 'ns.test#x'], qr/^'ns\.test#x' is no server: /],
    ['no arguments', {}, [], qr/^0 arguments, expected KEYFILE/],
    ['five arguments', {}, [1 .. 5], qr/^5 arguments, expected KEYFILE/],
    ) {
    my ($label, $of, $args, $says) = @$_;
    try_it($label, 1, $says, nsupdate => $of, @$args);
}
somebody("update add $name 60 CNAME elsewhere.example.test.");
try_it('an alias', 1, qr/^$name is an alias of elsewhere\.example\.test\. on 127\.0\.0\.1: expected TXT/, nsupdate => {}, @right);
somebody("update delete $name");
ok t_cmp(there($dns, $name), '', 'nothing was changed');
my $silent = MTASTS::Tree::free_ports(1);
my $socket = IO::Socket::INET->new(LocalAddr => '127.0.0.1', LocalPort => $silent, Proto => 'udp') or die "$silent: $!";
$hanging{'a silent server'} = [begin_command(nsupdate => {}, $key{mtasts}, "127.0.0.1#$silent", 'example.test'), qr/^no answer from 127\.0\.0\.1: .*timed out; expected the DNS server/];

# A file that others can get at; of cloudflare, the same code.
for ([0644, 'TSIG key'], [0604], [0620], [0660], [0606], [0601]) {
    my ($mode) = @$_;
    my $file = secret_file(sprintf('%s/%o.key', $keys, $mode), $text{mtasts}, $mode);
    try_it(sprintf('mode %o', $mode), 1, qr/^$file is -rw\S+: others can get at the TSIG key; expected -rw-------, of uid|^$file is -rw\S+: others can get at the TSIG key; expected -rw------- of uid/,
        nsupdate => {}, $file, $server);
}
try_it("User's own group", 0, '', nsupdate => {}, secret_file("$keys/640.key", $text{mtasts}, 0640), $server);
symlink "$keys/640.key", "$keys/link.key" or die $!;
try_it('a link to a file', 0, '', nsupdate => {OLD_VALUE => $new}, "$keys/link.key", $server);
try_it('no file', 1, qr{^there is no file $keys/none\.key, or uid \d+ can't get at it}, nsupdate => {}, "$keys/none.key", $server);
try_it('a file that cannot be read', 1, qr{^\S+200\.key can't be read by uid \d+}, nsupdate => {}, secret_file("$keys/200.key", $text{mtasts}, 0200), $server);
if ($>) {
    skip 'only root can give files away' for 1 .. 6;
} else {
    my $other = secret_file("$keys/other-user.key", $text{mtasts}, 0644);
    chown 1, 1, $other;
    try_it("another user's", 1, qr/^$other belongs to uid 1, expected root or uid \d+/, nsupdate => {}, $other, $server);
    my $group = secret_file("$keys/other-group.key", $text{mtasts}, 0640);
    chown 0, 1, $group;
    try_it("another group's", 1, qr/^$group is -rw-r-----: others can get at the TSIG key/, nsupdate => {}, $group, $server);
}

# Not as httpd runs it, or without what it needs.
for (
    ['no name', {NAME => undef}, qr/^MTASTS_NAME is '', expected .*let httpd run this/],
    ['a path for a name', {NAME => '../_mta-sts.example.test.'}, qr{^MTASTS_NAME is '\.\./}],
    ['a name with no dot', {NAME => '_mta-sts.example.test'}, qr/^MTASTS_NAME is/],
    ['another type', {TYPE => 'A'}, qr/^MTASTS_TYPE is 'A', expected TXT/],
    ['no value', {VALUE => ''}, qr/^MTASTS_VALUE is ''/],
    ['another value', {VALUE => "some\nthing"}, qr/^MTASTS_VALUE is 'some thing'/],
    ['no TTL', {TTL => 'x'}, qr/^MTASTS_TTL is 'x', expected a number/],
    ['no dig', {PATH => only_programs(@programs, 'nsupdate')}, qr/^dig is not there .*bind9-dnsutils/],
    ['no nsupdate', {PATH => only_programs(@programs, 'dig')}, qr/^nsupdate is not there .*bind9-dnsutils/],
    ) {
    my ($label, $of, $says) = @$_;
    try_it($label, 1, $says, nsupdate => $of, @right);
}

# Without SERVER: the one that the zone's SOA record names, on port 53, which takes
# a network of one's own.
if ($> || system 'unshare -nm true 2>/dev/null') {
    skip 'needs root and namespaces' for 1 .. 2;
} else {
    my $dir = new_directory('finds');
    MTASTS::Config::write_file("$dir/more.conf", $text{mtasts});
    MTASTS::Config::write_file("$dir/zone", zone_of(1));
    MTASTS::Config::write_file("$dir/key", $text{mtasts});
    chmod 0600, "$dir/key";
    my $said = `unshare -nm '$v->{serverroot}/lib/nsupdate-finds.sh' '$v->{serverroot}' '$dir' '$dir/key' 2>&1`;
    ok t_cmp($?, 0, 'no SERVER: it is found');
    ok t_cmp($said, "\"v=STSv1; id=new1;\"\n", 'no SERVER: there');
}

# --- Cloudflare's API ---

my $token = 'good-Token_' . 'g' x 29;
my %tokens = ($token => {zones => ['a1' .. 'a9', 'b1', 'c1'], write => 1}, 'read-Token_' . 'r' x 29 => {zones => ['b1']},
    'none-Token_' . 'n' x 29 => {zones => []});
my %token_file = map { (/^(\w+)-/)[0] => secret_file("$keys/" . (/^(\w+)-/)[0] . '.token', "$_\n") } keys %tokens;
my $json = JSON::PP->new->utf8;

# A server with a state of its own.
sub cloudflare {
    my $api = {dir => new_directory('cloudflare'), port => MTASTS::Tree::free_ports(1)};
    $api->{url} = "http://127.0.0.1:$api->{port}/client/v4";
    my $pid = start('fake-cloudflare.pl', "$api->{dir}/out", $^X, "$v->{serverroot}/lib/fake-cloudflare.pl", $api->{port}, $api->{dir});
    wait_until_up($pid, sub { IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $api->{port}) }, "$api->{dir}/out");
    return $api;
}

# What it has: records at the name, [content or {record}]; faults.  Each page has
# all, or $page objects.
my ($made, $page) = (0);
sub has {
    my ($api, $records, @faults) = @_;
    my @records = map { {type => 'TXT', name => '_mta-sts.example.test', ttl => 300, id => sprintf('r%d', ++$made), ref $_ ? %$_ : (content => $_)} } @$records;
    unlink "$api->{dir}/log";
    MTASTS::Config::write_file("$api->{dir}/state.json", $json->encode({tokens => \%tokens, secrets => ['wrong-Token'], page => $page // 100,
        zones => [(map { {id => "a$_", name => 'example.test', status => $_ < 8 ? 'moved' : $_ < 9 ? 'pending' : 'active'} } 1 .. 9),
            {id => 'b1', name => 'read.test', status => 'active'}, {id => 'c1', name => 'pending.test', status => 'pending'}],
        records => {a9 => \@records, b1 => []}, faults => [map { {times => 1, %$_} } @faults]}));
}
sub state_of { my ($api) = @_; return $json->decode(MTASTS::Config::slurp("$api->{dir}/state.json")) }
sub requests { my ($api) = @_; return -e "$api->{dir}/log" ? map { $json->decode($_) } split /\n/, MTASTS::Config::slurp("$api->{dir}/log") : () }
# The records at a name, as resolvers would have them.
sub published {
    my ($api, $at) = @_;
    return join '|', sort map { from_zone_file($_->{content}) } grep { $_->{type} eq 'TXT' && $_->{name} eq ($at // '_mta-sts.example.test') } @{state_of($api)->{records}{a9}};
}
sub changes { my ($api) = @_; return join ' ', map { sort keys %{$json->decode($_->{body})} } grep { $_->{request} =~ /^POST/ } requests($api) }

my $api = cloudflare();
my @known = ($token_file{good}, $api->{url});
$page = 5;
has($api, []);
try_it('cloudflare, new', 0, '', cloudflare => {}, @known);
ok t_cmp(published($api), $new, 'cloudflare, new: there');
ok t_cmp(changes($api), 'posts', 'cloudflare, new: made');
my @seen = requests($api);
ok t_cmp(join(' ', map { $_->{request} =~ s{/client/v4}{}r =~ s/\?.*//r } @seen),
    'GET /zones GET /zones GET /zones GET /zones/a9/dns_records POST /zones/a9/dns_records/batch', 'cloudflare, new: what was asked');
ok t_cmp(scalar(grep { $_->{curls} > 0 } @seen), 5, 'cloudflare: the arguments of curl were seen each time');
ok t_cmp(join("\n", map { @{$_->{leaks}} } @seen), '', 'cloudflare: no token in them, nor in an environment');
try_it('cloudflare, again', 0, '', cloudflare => {}, @known);
ok t_cmp(changes($api), 'posts', 'cloudflare, again: nothing is to do');

# The records are on the second page, in all the forms the API has them.
my @others = map {"\"other $_\""} 1 .. 6;
has($api, [@others, 'unquoted "v=STSv1;', {content => '"v=STSv1; id=old1;"', comment => 'mine'}, {content => '"v=STSv1; id=x;"', type => 'SPF'},
    {content => '"v=STSv1; id=x;"', name => 'sub._mta-sts.example.test'}]);
try_it('cloudflare, replaced', 0, '', cloudflare => {OLD_VALUE => $old, NAME => '_MTA-STS.Example.test.'}, @known);
ok t_cmp(published($api), join('|', sort map({"other $_"} 1 .. 6), '', $new), 'cloudflare, replaced: all else stays');
ok t_cmp(changes($api), 'patches', 'cloudflare, replaced: by a change');
ok t_cmp(join(' ', map { "$_->{comment} $_->{ttl}" } grep { $_->{comment} } @{state_of($api)->{records}{a9}}), 'mine 300', 'cloudflare, replaced: the comment stays');
undef $page;
has($api, ['v=STSv1; id=old1;', '"v=STSv1;" " id=two;"', @others[0, 1]]);
try_it('cloudflare, several', 0, '', cloudflare => {OLD_VALUE => 'v=STSv1; id=two;', TTL => 5}, @known);
ok t_cmp(published($api), "other 1|other 2|$new", 'cloudflare, several: one is left');
ok t_cmp(changes($api), 'deletes patches', 'cloudflare, several: in one step');
ok t_cmp(join(' ', sort map { $_->{ttl} } @{state_of($api)->{records}{a9}}), '300 300 60', 'cloudflare: the least TTL');
has($api, ['"v=STSv1; id=else;"']);
try_it('cloudflare, changed', 1, qr/^_mta-sts\.example\.test at Cloudflare is "v=STSv1; id=else;", expected "\Q$old\E" as httpd saw: nothing was changed/,
    cloudflare => {OLD_VALUE => $old, TTL => 1_000_000}, @known);
ok t_cmp(changes($api), '', 'cloudflare, changed: stays');
for my $odd (sort keys %odd) {
    my $at = $odd{$odd} =~ /STS/ ? $name : $tls_name;
    has($api, []);
    try_it("cloudflare, value $odd", 0, '', cloudflare => {NAME => $at, VALUE => $odd{$odd}, TTL => 1_000_000}, @known);
    ok t_cmp(published($api, $at =~ s/\.$//r), $odd{$odd}, "cloudflare, value $odd: there");
    try_it("cloudflare, value $odd, again", 0, '', cloudflare => {NAME => $at, VALUE => $odd{$odd}, OLD_VALUE => $odd{$odd}}, @known);
    ok t_cmp(changes($api), 'posts', "cloudflare, value $odd, again: nothing is to do");
}
# It may have been made though no answer came.
has($api, ['"v=STSv1; id=old1;"'], {match => '^POST', status => 502, body => 'Bad gateway'});
try_it('cloudflare, out of order', 1, qr/^could not change TXT of _mta-sts\.example\.test in zone example\.test: HTTP 502 without JSON/, cloudflare => {OLD_VALUE => $old}, @known);
try_it('cloudflare, in order', 0, '', cloudflare => {OLD_VALUE => $old}, @known);
ok t_cmp(published($api), $new, 'cloudflare, in order: there');

# What it won't do, or does not answer as it should.
my %wrong_file = (
    wrong => secret_file("$keys/wrong.token", 'wrong-Token_' . 'w' x 28),
    malformed => secret_file("$keys/malformed.token", "short\r\n"),
    words => secret_file("$keys/words.token", "not a token\"\nurl = \"file:///etc/passwd\"\n"),
    empty => secret_file("$keys/empty.token", ''),
    shared => secret_file("$keys/shared.token", $token, 0644),
);
my $failed = sub { my ($status, @errors) = @_; return (status => $status, body => $json->encode({success => JSON::PP::false, result => undef, messages => [], errors => \@errors})) };
for (
    ['a wrong token', {}, [$wrong_file{wrong}, $api->{url}], qr/^may not look for the zone \S+ \(HTTP 403, 9109 Invalid access token\): expected that the token of \S+ has Zone/],
    ['a malformed token', {}, [$wrong_file{malformed}, $api->{url}], qr/^could not look for the zone \S+: Cloudflare's API says HTTP 400, 6003 Invalid request headers; 6111 Invalid format for Authorization header/],
    ['words for a token', {}, [$wrong_file{words}, $api->{url}], qr/^\S+words\.token does not begin with an API token/],
    ['an empty file', {}, [$wrong_file{empty}, $api->{url}], qr/^\S+empty\.token does not begin with an API token/],
    ['a file for all', {}, [$wrong_file{shared}, $api->{url}], qr/^\S+shared\.token is -rw-r--r--: others can get at the token; expected/],
    ['a token that sees nothing', {}, [$token_file{none}, $api->{url}], qr/^the token of \S+none\.token sees no zone above _mta-sts\.example\.test: expected/],
    ['a token that only reads', {NAME => '_mta-sts.read.test.'}, [$token_file{read}, $api->{url}], qr/^may not change TXT of _mta-sts\.read\.test in zone read\.test \(HTTP 403, 10000 Authentication error\)/],
    ['a zone that is not active', {NAME => '_mta-sts.pending.test.'}, \@known, qr/^the zone pending\.test at Cloudflare is 'pending', expected active/],
    ['a long value', {NAME => $tls_name, VALUE => 'v=TLSRPTv1;rua=' . 'x' x 2100}, \@known, qr/^could not change .*HTTP 400, 1004 DNS Validation Error; 9005 Content/],
    ['an alias', {}, \@known, qr/HTTP 400, 81054 A CNAME record/, {records => [{type => 'CNAME', content => 'x.test'}]}],
    ['success false', {}, \@known, qr/^could not list TXT of \S+: Cloudflare's API says HTTP 200, 1 first; 2 second \[token\] line/,
        {match => 'dns_records', $failed->(200, {code => 1, message => 'first'}, {code => 2, message => "second $token\nline"})}],
    ['no success', {}, \@known, qr/^could not list TXT of \S+: Cloudflare's API says HTTP 200$/, {match => 'dns_records', status => 200, body => '{"result": []}'}],
    ['not found', {}, \@known, qr/^could not list TXT of \S+: Cloudflare's API says HTTP 404, 7003 Could not route/,
        {match => 'dns_records', $failed->(404, {code => 7003, message => 'Could not route to /x, perhaps your object identifier is invalid?'})}],
    ['not found, in HTML', {}, \@known, qr/: HTTP 404 without JSON, expected/, {match => 'dns_records', status => 404, body => '<html>not found</html>'}],
    ['out of order', {}, \@known, qr/^could not look for the zone .*: HTTP 503, 1 sorry, expected 200: Cloudflare's API is out of order/,
        {match => 'zones', $failed->(503, {code => 1, message => 'sorry'})}],
    ['garbage', {}, \@known, qr/^could not look for the zone \S+: HTTP 200 without JSON, expected/, {match => 'zones', status => 200, body => '{"success": true, "result": [}'}],
    ['half of it', {}, \@known, qr/^could not look for the zone \S+: HTTP 200 without JSON, expected/, {match => 'zones', status => 200, body => '{"success": true, "resu'}],
    ['nothing', {}, \@known, qr/^could not look for the zone \S+: HTTP 200 without JSON, expected/, {match => 'zones', status => 200, body => ''}],
    ['two answers', {}, \@known, qr/^could not look for the zone \S+: HTTP 200 without JSON, expected/, {match => 'zones', status => 200, body => '{"success": true}{"success": true}'}],
    ['another answer', {}, \@known, qr/^could not look for the zone \S+: the list from \S+ is not as Cloudflare documents it/, {match => 'zones', status => 200, body => '{"success": true, "result": 5}'}],
    ['errors that are none', {}, \@known, qr/^could not look for the zone \S+: Cloudflare's API says HTTP 400$/, {match => 'zones', status => 400, body => '{"success": false, "errors": ["x", 5]}'}],
    ['a long rate limit', {}, \@known, qr/^Cloudflare's rate limit is reached \(HTTP 429\), for 300 s more: could not list TXT/,
        {match => 'dns_records', headers => ['retry-after: 300'], $failed->(429, {code => 10100, message => 'More than 1200 requests per 300 seconds reached.'})}],
    ['a rate limit of unknown length', {}, \@known, qr/^Cloudflare's rate limit is reached \(HTTP 429\): could not list TXT/, {match => 'dns_records', status => 429, body => ''}],
    ['a rate limit till a date', {}, \@known, qr/^Cloudflare's rate limit is reached \(HTTP 429\): could not list TXT/,
        {match => 'dns_records', status => 429, body => '', headers => ['Retry-After: Fri, 31 Dec 2027 23:59:59 GMT']}],
    ['nobody there', {}, [$token_file{good}, "http://127.0.0.1:$closed"], qr/^could not look for the zone \S+: Failed to connect to .*; see that this host gets to/],
    ['no HTTPS', {}, [$token_file{good}, 'http://192.0.2.1/v4'], qr{^'http://192\.0\.2\.1/v4' is no URL to send a token to: expected https}],
    ['this host, in front', {}, [$token_file{good}, 'http://127.0.0.1.example/v4'], qr/is no URL to send a token to/],
    ['no arguments', {}, [], qr/^0 arguments, expected TOKENFILE/],
    ['no curl', {PATH => only_programs(@programs, 'jq')}, \@known, qr/^curl is not there .*Debian calls the package curl$/],
    ['no jq', {PATH => only_programs(@programs, 'curl')}, \@known, qr/^jq is not there .*Debian calls the package jq$/],
    ) {
    my ($label, $of, $args, $says, $fault) = @$_;
    has($api, $fault->{records} // [], $fault->{match} ? $fault : ());
    try_it("cloudflare, $label", 1, $says, cloudflare => $of, @$args);
    ok t_cmp(published($api), '', "cloudflare, $label: nothing was changed");
    ok t_cmp(join("\n", map { @{$_->{leaks}} } requests($api)), '', "cloudflare, $label: no token to be seen");
}
# A limit for a moment is waited for.
has($api, [], map { {match => $_, headers => ['Retry-After: 1'], $failed->(429, {code => 10100, message => 'More than 1200 requests'})} } 'zones', '^POST');
try_it('cloudflare, a short rate limit', 0, '', cloudflare => {}, @known);
ok t_cmp(published($api), $new, 'cloudflare, a short rate limit: there then');
ok t_cmp(scalar(grep { $_->{request} =~ /^POST/ } requests($api)), 2, 'cloudflare, a short rate limit: asked again');
# One server for each of those that never answer, as they all run at the same time.
for (['a list', 'dns_records', qr/^could not list TXT of \S+: .*timed out.*; see that this host gets to/], ['a change', '^POST', qr/^could not change TXT .*timed out.*; it may have been done; see that this host gets to/]) {
    my ($label, $match, $says) = @$_;
    my $hangs = cloudflare();
    has($hangs, [], {match => $match, hang => 1});
    $hanging{"$label that hangs"} = [begin_command(cloudflare => {}, $token_file{good}, $hangs->{url}), $says];
}

# --- files that a zone includes ---

my $zone_dir = new_directory('zone');
my $include = "$zone_dir/includes";
my $control = MTASTS::Tree::free_ports(1);
mkdir $include or die $!;
chmod 0755, give_to_user($include);
chmod 0777, $zone_dir; # BIND insists on its own
my ($mta_sts, $tlsrpt) = map {"$include/$_.example.test"} qw(_mta-sts _smtp._tls);
# As its head says.
sub reset_files { MTASTS::Config::write_file($_, '') && give_to_user($_) for $mta_sts, $tlsrpt }
reset_files();
my $named = named({dir => $zone_dir, zones => {'example.test' => ''},
    conf => "$text{mtasts} controls { inet 127.0.0.1 port $control allow { localhost; } keys { mtasts.; }; };"},
    'example.test' => zone_of(2_999_999_998) . join '', map {"\$INCLUDE $_\n"} $mta_sts, $tlsrpt);
give_to_user("$zone_dir/example.test.zone");
my ($reload) = MTASTS::Config::slurp(command_path('zonefile')) =~ /^#    (#!\/bin\/sh\n.*?)^#\n/ms or die 'no script in the head';
$reload =~ s/^#    //mg;
$reload =~ s{^zone=.*}{zone=$zone_dir/example.test.zone}m or die 'no zone in it';
$reload =~ s{rndc -k \S+ }{rndc -s 127.0.0.1 -p $control -k $key{mtasts} } or die 'no rndc in it';
MTASTS::Config::write_file("$zone_dir/reload", $reload =~ s/example\.com/example.test/gr);
chmod 0755, "$zone_dir/reload";
my @reloads = ($include, "$zone_dir/reload");
sub shows { my ($at, $value) = @_; return wait_for(sub { there($named, $at) eq $value }) ? 'shown' : there($named, $at) }
sub files { return join ' ', sort map { s{.*/}{}r } grep { !/\/\.\.?$/ } glob "$include/* $include/.*" }

try_it('zonefile, new', 0, '', zonefile => {}, @reloads);
ok t_cmp(shows($name, $new), 'shown', 'zonefile, new: BIND has it');
ok t_cmp(serial($named, 'example.test'), 2_999_999_999, 'zonefile, new: with a new serial');
ok t_cmp(files(), '_mta-sts.example.test _smtp._tls.example.test', 'zonefile, new: nothing else is left');
ok t_cmp((stat $mta_sts)[2] & 0777, 0644, 'zonefile: the DNS server may read it');
my $inode = (stat $mta_sts)[1];
try_it('zonefile, again', 0, '', zonefile => {}, @reloads);
ok t_cmp((stat $mta_sts)[1], $inode, 'zonefile, again: the same file');
ok t_cmp(wait_for(sub { serial($named, 'example.test') == 3_000_000_000 }) ? 1 : 0, 1, 'zonefile, again: reloaded');
for my $odd (sort keys %odd) {
    my $at = $odd{$odd} =~ /STS/ ? $name : $tls_name;
    try_it("zonefile, value $odd", 0, '', zonefile => {NAME => $at, VALUE => $odd{$odd}, OLD_VALUE => there($named, $at)}, @reloads);
    ok t_cmp(shows($at, $odd{$odd}), 'shown', "zonefile, value $odd: BIND has it");
}
# A reload that fails: the next run does it.
try_it('zonefile, no reload', 1, qr{^/bin/sh ended with status 3: no server; \Q$mta_sts\E has the record, but the zone is not reloaded}, zonefile => {},
    $include, '/bin/sh', '-c', 'echo first >&2; echo "no server" >&2; echo >&2; echo out; exit 3');
ok t_cmp(there($named, $name), $odd{short}, 'zonefile, no reload: BIND has the old one');
try_it('zonefile, a reload that is not there', 1, qr{^'/none/there', which is to reload the zone, is no program that uid \d+ can run: nothing was changed}, zonefile => {}, $include, '/none/there');
try_it('zonefile, reloaded', 0, '', zonefile => {OLD_VALUE => $odd{short}}, @reloads);
ok t_cmp(shows($name, $new), 'shown', 'zonefile, reloaded: BIND has it');
try_it('zonefile, no COMMAND', 0, '', zonefile => {VALUE => $old, OLD_VALUE => $new}, $include);
ok t_cmp(MTASTS::Config::slurp($mta_sts), qr/^;.*\n$name 300 IN TXT "\Q$old\E"\n\z/, 'zonefile, no COMMAND: the file');
try_it('zonefile, what COMMAND gets', 0, '', zonefile => {}, $include, '/bin/sh', '-c', "echo \"\$MTASTS_DOMAIN \$MTASTS_VALUE \$*\" >$zone_dir/got; cat >>$zone_dir/got", 'sh', 'two words', '$HOME');
ok t_cmp(MTASTS::Config::slurp("$zone_dir/got"), "example.test $new two words \$HOME\n", 'zonefile, what COMMAND gets: as it is');

# A record that is in the zone's own file.
reset_files();
try_it('zonefile, by hand', 1, qr/^DNS has "\Q$old\E" at $name, but not from \Q$mta_sts\E, which has no record: nothing was changed; move/, zonefile => {OLD_VALUE => $old}, @reloads);
ok t_cmp(-s $mta_sts, 0, 'zonefile, by hand: nothing was changed');
MTASTS::Config::write_file($mta_sts, "; mine\n$name TXT ( \"v=STSv1; id=old1;\" )\n");
try_it('zonefile, moved', 0, '', zonefile => {OLD_VALUE => $old}, @reloads);
ok t_cmp(shows($name, $new), 'shown', 'zonefile, moved: BIND has it');

# Killed, with all it has started: by its own COMMAND, or by what it uses.
sub killed_by {
    my ($program) = @_;
    my $dir = only_programs(grep { $_ ne $program } @programs);
    MTASTS::Config::write_file("$dir/$program", "#!/bin/sh\nkill -9 0\n");
    chmod 0755, "$dir/$program";
    return $dir;
}
for ([COMMAND => $old, undef, '/bin/sh', '-c', 'kill -9 0'], [sync => $new, killed_by('sync')], [mv => $new, killed_by('mv')]) {
    my ($label, $has, $path, @command) = @$_;
    MTASTS::Config::write_file($mta_sts, "$name 300 IN TXT \"$new\"\n");
    try_it("zonefile, killed by $label", 'signal 9', '', zonefile => {VALUE => $old, OLD_VALUE => $new, PATH => $path // $ENV{PATH}}, $include, @command);
    ok t_cmp(from_zone_file(MTASTS::Config::slurp($mta_sts)), $has, "zonefile, killed by $label: the file is whole");
    try_it("zonefile, after $label", 0, '', zonefile => {VALUE => $old, OLD_VALUE => $new}, @reloads);
    ok t_cmp(shows($name, $old), 'shown', "zonefile, after $label: BIND has it");
    ok t_cmp(files(), '_mta-sts.example.test _smtp._tls.example.test', "zonefile, after $label: nothing else is left");
}

# Where it must not, or can't, write.
my $elsewhere = secret_file("$zone_dir/elsewhere", 'kept');
unlink $mta_sts;
symlink $elsewhere, $mta_sts or die $!;
try_it('zonefile, a link', 1, qr/^\Q$mta_sts\E is a symbolic link, .*expected a file: nothing was changed/, zonefile => {}, @reloads);
ok t_cmp(MTASTS::Config::slurp($elsewhere), 'kept', 'zonefile, a link: what it leads to stays');
unlink $mta_sts;
mkdir $mta_sts or die $!;
give_to_user($mta_sts);
try_it('zonefile, a directory', 1, qr/^\Q$mta_sts\E is a symbolic link, a directory/, zonefile => {}, @reloads);
rmdir $mta_sts;
my $locked = new_directory('locked');
chmod 0555, give_to_user($locked);
try_it('zonefile, not writable', 1, qr{^$locked/_mta-sts\.example\.test can't be written by uid \d+, .*: Permission denied; expected a directory of that uid}, zonefile => {}, $locked);
try_it('zonefile, no directory', 1, qr{^$locked/none is no directory, }, zonefile => {}, "$locked/none");
try_it('zonefile, a relative one', 1, qr{^'includes' is no absolute path}, zonefile => {}, 'includes');
try_it('zonefile, no arguments', 1, qr/^no arguments, expected DIRECTORY/, zonefile => {});
for my $bad ('../up.example.test.', '/etc/passwd.', '.hidden.', 'a..b.', "a\nb.", '-x.') {
    try_it('zonefile, ' . ($bad =~ s/\n/\\n/r), 1, qr/^MTASTS_NAME is /, zonefile => {NAME => $bad}, @reloads);
}
ok t_cmp(files(), '_smtp._tls.example.test', 'nothing else was made');

# --- a dry run ---

my $print_log = "$zone_dir/print.log";
try_it('print', 1, qr/^dry run: would publish $name 300 IN TXT "\Q$new\E"$/, print => {});
for my $value ($new, $odd{edge}) {
    try_it('print, with a log', 1, qr/^dry run: would publish $name 300 IN TXT "v=/, print => {VALUE => $value, OLD_VALUE => $old}, $print_log) if $value eq $new;
    end_command(begin_command(print => {VALUE => $value, OLD_VALUE => $old}, $print_log)) if $value ne $new;
}
my @lines = split /\n/, MTASTS::Config::slurp($print_log);
ok t_cmp(scalar @lines, 2, 'print: a line each');
ok t_cmp($lines[0], qr/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ $name 300 IN TXT "\Q$new\E" ; was "\Q$old\E"$/, 'print: what would be');
ok t_cmp(from_zone_file($lines[1] =~ s/ ; was .*//r), $odd{edge}, 'print: of any length');
try_it('print, no log', 1, qr{^dry run: $locked/log can't be written to: Permission denied; expected}, print => {}, "$locked/log");

# --- those that had to wait ---

check_it($_, 1, $hanging{$_}[1], $hanging{$_}[0]) for sort keys %hanging;
