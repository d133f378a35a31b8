# conf/mtasts-status.schema.json: it is a schema, says the same names as the sources,
# describes every member, and refuses what it must.
use strict;
use warnings FATAL => 'all';
use File::Temp;
use JSON::PP;
use Test::More;

sub slurp { my ($f) = @_; local $/; open my $fh, '<', $f or die "$f: $!"; return <$fh> }
my $file = 'conf/mtasts-status.schema.json';
my $schema = decode_json(slurp($file));

# --- the names ---

sub strings { return join ' ', sort(($_[0] // '') =~ /"([^"]*)"/g) }
# Of a table in a source: what stands in quotes between the two.
sub table { my ($source, $from, $to) = @_; return slurp($source) =~ /$from(.*?)$to/s ? strings($1) : "no $from in $source" }
# Of an enum: its names in the form that they have in JSON.
sub constants {
    my ($source, $prefix, $type) = @_;
    my ($body) = slurp($source) =~ /typedef enum \{((?:(?!\}).)*)\} $type;/s or return "no $type in $source";
    return join ' ', sort map { lc tr/_/-/r } $body =~ m{^\s*\Q$prefix\E(\w+)}mg;
}
sub enum {
    my ($at) = @_;
    my $s = $schema;
    for (split m{/}, $at) {
        $s = ref $s eq 'HASH' ? $s->{$_} : undef;
    }
    return ref $s eq 'HASH' && $s->{enum} ? join ' ', sort grep {defined} @{$s->{enum}} : "no enum at $at";
}

my ($policy, $finding) = map {"\$defs/$_/properties"} qw(policy finding);
my $chains = table('src/core/tls_facts.c', 'chain_names\[\] = \{', '\};');
# [what, names in the sources, where in the schema]
my @names = (
    # httpd does not start with what is refused, so no document has it.
    ['severity', join(' ', grep { $_ ne 'refused' } split / /, table('src/core/finding.c', 'severity_names\[\] = \{', '\};')), "$finding/severity"],
    ['area', table('src/core/area.c', 'area_names\[MTASTS_AREAS\] = \{', '\};'), "$finding/area"],
    ['mode', table('src/core/policy.c', 'mode_names\[\] = \{', '\};'), '$defs/mode'],
    ['sync', table('src/core/dns_check.c', 'sync_names\[\] = \{', '\};'), "$policy/sync"],
    ['status', table('src/httpd/document.c', 'status_name\(mtasts_dns_status status\)\n\{', '\};'), '$defs/dnsStatus'],
    ['chain', $chains, '$defs/chain'],
    ['chain or null', $chains, '$defs/probedChain'],
    ['result', table('src/core/tls_facts.c', 'result_names\[\] = \{', '\};'), '$defs/probedResult'],
    ['publishing', table('src/core/publish.c', 'mtasts_publish_state_name\(.*?\)\n\{', '\};'), "$policy/publishing/items/properties/state"],
    ['step', table('src/core/rollout.c', 'mtasts_step_state_name\(mtasts_step_state s\)\n\{', '\};'), '$defs/step/properties/state'],
    ['sender', join(' ', sort(slurp('src/core/sender.c') =~ /^ +\[MTASTS_SENDER_\w+\] =\s+\{"([^"]+)"/mg)), "$policy/fetches/items/properties/sender"],
    ['serving', constants('src/httpd/released.h', 'MTASTS_', 'mtasts_release_state'), "$policy/serving/properties/state"],
    ['record', join(' ', sort keys %{{map { $_ => 1 } slurp('src/httpd/records.c') =~ /"(TXT|AAAA|A|CNAME|TLSA)"/g}}), "$policy/publish/items/properties/type"],
);
for (@names) {
    my ($what, $sources, $at) = @$_;
    like($sources, qr/^\S+( \S+){2,}$/, "$what: found in the sources");
    is(enum($at), $sources, "$what: the same");
}
is(join(' ', grep { !/$schema->{'$defs'}{finding}{properties}{code}{pattern}/ } slurp('src/core/finding.c') =~ /\{"([^"]+)", MTASTS_/g), '', 'code: all fit');
my ($max_age) = slurp('src/core/policy.h') =~ /#define MTASTS_MAX_AGE_MAX (\d+)/;
is($schema->{'$defs'}{maxAge}{maximum}, $max_age, 'max_age: the same');
my ($steps) = slurp('src/core/rollout.h') =~ /#define MTASTS_STEPS_MAX (\d+)/;
is($schema->{'$defs'}{step}{properties}{step}{maximum}, $steps, 'step: the same');
# The text says what each name means.
for (@names) {
    my ($what, $sources, $at) = @$_;
    my $s = $schema;
    $s = $s->{$_} for split m{/}, $at;
    next if $what eq 'chain or null';
    is(join(' ', grep { $s->{description} !~ /\b\Q$_\E\b/ } split / /, $sources), '', "$what: described");
}

# --- its members ---

my (%bare, %open, %optional);
sub look {
    my ($s, $path) = @_;
    return if ref $s ne 'HASH';
    # What a kind of values is says nothing of this one.
    $bare{$path} = 1 if !length($s->{description} // '') && ($s->{'$ref'} // '') !~ m{^#/\$defs/(?:probed|finding$|policy$|step$|text$)};
    if ($s->{properties}) {
        my %required = map { $_ => 1 } @{$s->{required} || []};
        $open{$path} = 1 if !exists $s->{additionalProperties} || $s->{additionalProperties};
        $optional{"$path/$_"} = 1 for grep { !$required{$_} } keys %{$s->{properties}};
        is(join(' ', grep { !$s->{properties}{$_} } keys %required), '', "$path: knows what it requires");
        look($s->{properties}{$_}, "$path/$_") for keys %{$s->{properties}};
    }
    look($s->{items}, "$path\[]") if $s->{items};
}
look($schema, '');
look($schema->{'$defs'}{$_}, $_) for keys %{$schema->{'$defs'}};
is(join(' ', sort keys %bare), '', 'everything is described');
is(join(' ', sort keys %open), '', 'no member is allowed that is not described');
is(join(' ', sort keys %optional), join(' ', map({"finding/$_"} qw(seen since)),
    map {"policy/$_"} qw(checked counts dns fetches held next publishing released rollout serving tls)), 'and these alone may be absent');
like($schema->{'$id'}, qr/^urn:/, 'its name is nobody\'s host');
my %used = map { $_ => 1 } slurp($file) =~ m{"#/\$defs/(\w+)"}g;
is(join(' ', sort keys %used), join(' ', sort keys %{$schema->{'$defs'}}), 'nothing is referred to that is not there, or there for nobody');

# --- what it refuses ---

# What schema.py says of a document, with another schema than ours if one is given.
sub said {
    my ($document, $other) = @_;
    my $tmp = File::Temp->new;
    print $tmp ref $document ? encode_json($document) : $document;
    close $tmp;
    my $said = `/usr/bin/python3 t/lib/schema.py '${\($other // $file)}' <'$tmp' 2>&1`;
    my $status = $? >> 8;
    return ($status == 0) == ($said eq '') ? $said : "$said(exit status $status)";
}
my $id = '0123456789abcdef0123456789abcdef';
my $time = '2026-01-31T12:00:00Z';
sub document {
    my %cert = (subject_alt_names => ['mx.example.test'], name_matches => JSON::PP::true, not_before => $time, not_after => $time, chain => 'ok');
    my %probe = (%cert, host => 'mx.example.test', address => '192.0.2.1', result => 'ok', why => undef, protocol => 'TLSv1.3', cipher => 'TLS_X', ms => 5);
    my $txt = {status => 'ok', cname => [], records => ["v=STSv1; id=$id;"]};
    return {version => 1, time => $time, findings => [], summary => {error => 0, warning => 0, info => 0, unknown => 1}, policies => [{
        domain => 'example.test', policy_host => 'mta-sts.example.test', vhost => 'mta-sts.example.test:443', defined_at => '/x:1', check => 'warn',
        mode => 'testing', max_age => 86400, mx => ['*.example.test'], id => $id, body => "version: STSv1\r\nmode: testing\r\n",
        publish => [{name => '_mta-sts.example.test.', type => 'TXT', value => "v=STSv1; id=$id;"}], sync => 'in-sync',
        findings => [{code => 'dns-tempfail', severity => 'unknown', area => 'dns', subject => 'example.test', text => 'x', remedy => '', reference => '', since => $time, seen => JSON::PP::false}],
        dns => {txt => $txt, tlsrpt => $txt, host => {status => 'absent', cname => [], addresses => 0},
            mx => {status => 'ok', cname => [], records => [{preference => 10, host => 'mx.example.test', matched => JSON::PP::true}]}},
        tls => {vhost => undef, mx => [\%probe], fetch => []},
        released => undef, held => [], publishing => [], fetches => [],
        checked => $time, next => undef, serving => {state => 'held-to-none', id => undef},
    }]};
}
is(said(document()), '', 'what is right passes');
# [what, how it is made wrong, which path is said]
my @wrong = (
    ['an unknown member', sub { $_[0]{more} = 1 }, '\$:'],
    ['an unknown member within', sub { $_[1]{tls}{mx}[0]{more} = 1 }, '\$\.policies\[0\]\.tls\.mx\[0\]:'],
    ['a missing member', sub { delete $_[0]{summary} }, '\$:'],
    ['a missing member within', sub { delete $_[1]{findings}[0]{area} }, '\$\.policies\[0\]\.findings\[0\]:'],
    ['a name that is none', sub { $_[1]{sync} = 'in sync' }, '\$\.policies\[0\]\.sync:'],
    ['a finding that is refused', sub { $_[1]{findings}[0]{severity} = 'refused' }, '\$\.policies\[0\]\.findings\[0\]\.severity:'],
    ['a result that is none', sub { $_[1]{tls}{mx}[0]{result} = 'fine' }, '\$\.policies\[0\]\.tls\.mx\[0\]\.result:'],
    ['a time in another form', sub { $_[0]{time} = '2026-01-31 12:00:00Z' }, '\$\.time:'],
    ['a time that is none', sub { $_[1]{checked} = '2026-13-31T12:00:00Z' }, '\$\.policies\[0\]\.checked:'],
    ['a time as a number', sub { $_[0]{time} = 1769860800 }, '\$\.time:'],
    ['a number as text', sub { $_[1]{max_age} = '86400' }, '\$\.policies\[0\]\.max_age:'],
    ['null where nothing may lack', sub { $_[1]{id} = undef }, '\$\.policies\[0\]\.id:'],
    ['nothing where null is meant', sub { $_[1]{tls}{mx}[0]{why} = '' }, '\$\.policies\[0\]\.tls\.mx\[0\]\.why:'],
    ['an escape sequence', sub { $_[1]{dns}{txt}{records} = ["\e[31m"] }, '\$\.policies\[0\]\.dns\.txt\.records\[0\]:'],
    ['a line feed at the end', sub { $_[1]{dns}{mx}{records}[0]{host} = "mx.example.test\n" }, '\$\.policies\[0\]\.dns\.mx\.records\[0\]\.host:'],
    ['DNS without TLS', sub { delete $_[1]{tls} }, '\$\.policies\[0\]:'],
    ['half of a ledger', sub { delete $_[1]{held} }, '\$\.policies\[0\]:'],
    ['another version', sub { $_[0]{version} = 2 }, '\$\.version:'],
);
for (@wrong) {
    my ($what, $break, $path) = @$_;
    my $document = document();
    $break->($document, $document->{policies}[0]);
    like(said($document), qr/\A(?:\$.*\n)*$path .*\n(?:\$.*\n)*\z/, "refused: $what");
}
(my $twice = encode_json(document())) =~ s/"version":1/"version":1,"version":1/;
like(said($twice), qr/^\$: .*twice$/, 'refused: a member twice');
like(said('{"version": 1'), qr/^\$: /, 'refused: no JSON');
like(said(''), qr/^\$: /, 'refused: nothing');
like(said("{\"version\": \"\xff\"}"), qr/^\$: /, 'refused: no UTF-8');
# And one that is no schema.
my $bad = File::Temp->new;
print $bad slurp($file) =~ s/"type": "array"/"type": "list"/r;
close $bad;
like(said(document(), $bad->filename), qr/SchemaError/, 'what is no schema is no judge');
done_testing;
