#!/usr/bin/perl
# fake-cloudflare.pl PORT DIRECTORY : what of Cloudflare's API (v4) a publish
# command needs, as its documentation has it: lists of zones and of records with
# pages, batches of changes to records, tokens, errors.  On 127.0.0.1, one request
# at a time.
#
# DIRECTORY/state.json is read for each request, and written back when one has
# changed it:
#   tokens    token => {zones => [id, ...], write => 1}
#   zones     [{id, name, status}]
#   records   zone's id => [{id, type, name, content, ttl}]
#   page      objects in a page at most, whatever is asked for
#   faults    [{match => pattern of "METHOD /path?query", times => how often,
#              status, headers => [...], body; or hang => 1}]
# DIRECTORY/log gets a line of JSON for each request:
#   request, body; curls: how many processes have curl in their arguments;
#   leaks: arguments and environments of processes in which there is a token
use strict;
use warnings FATAL => 'all';
use IO::Socket::INET;
use JSON::PP;

my ($port, $dir) = @ARGV;
my $json = JSON::PP->new->canonical->utf8;
my $base = '/client/v4';
my ($state, @hanging);
my %name_of = (200 => 'OK', 400 => 'Bad Request', 403 => 'Forbidden', 404 => 'Not Found', 429 => 'Too Many Requests');

sub slurp { my ($file) = @_; local $/; open my $fh, '<:raw', $file or return ''; return <$fh> // '' }

sub save {
    open my $fh, '>:raw', "$dir/state.new" or die "$dir/state.new: $!";
    print $fh $json->encode($state);
    close $fh or die "$dir/state.new: $!";
    rename "$dir/state.new", "$dir/state.json" or die "$dir/state.json: $!";
}

# --- answers ---

sub answer { my ($result, %more) = @_; return (200, {success => JSON::PP::true, errors => [], messages => [], result => $result, %more}) }

# [code, message], and a chain of such.
sub refuse {
    my ($status, $error, @chain) = @_;
    my ($first, @rest) = map { {code => $_->[0] + 0, message => $_->[1]} } $error, @chain;
    $first->{error_chain} = \@rest if @rest;
    return ($status, {success => JSON::PP::false, errors => [$first], messages => [], result => undef});
}

sub page_of {
    my ($query, $least, $most, $default, @all) = @_;
    my ($page, $per) = ($query->{page} // 1, $query->{per_page} // $default);
    $page =~ /^[1-9]\d*$/ or return refuse(400, [1003, 'page must be a number from 1']);
    $per =~ /^\d+$/ && $per >= $least && $per <= $most or return refuse(400, [1003, "per_page must be $least to $most"]);
    $per = $state->{page} if $state->{page} && $state->{page} < $per;
    my $from = ($page - 1) * $per;
    my @these = grep {defined} @all[$from .. $from + $per - 1];
    return answer(\@these, result_info => {page => $page + 0, per_page => $per + 0, count => scalar @these,
        total_count => scalar @all, total_pages => int((@all + $per - 1) / $per)});
}

# --- what can be asked ---

sub list_zones {
    my ($token, $query) = @_;
    my %may = map { $_ => 1 } @{$token->{zones}};
    return page_of($query, 5, 50, 20, grep { $may{$_->{id}} && $_->{name} eq ($query->{name} // $_->{name}) } @{$state->{zones}});
}

sub list_records {
    my ($token, $query, undef, $zone) = @_;
    return page_of($query, 1, 5_000_000, 100, grep {
        $_->{type} eq ($query->{type} // $_->{type}) && lc $_->{name} eq lc($query->{'name.exact'} // $_->{name})
    } @{$state->{records}{$zone}});
}

# What is wrong with a record among others, or nothing.
sub fault {
    my ($record, @others) = @_;
    my ($ttl, $content) = @$record{qw(ttl content)};
    my @invalid = (1004, 'DNS Validation Error');
    return ([@invalid], [9021, 'Invalid TTL. Must be between 60 and 86400 seconds, or 1 for Automatic']) if $ttl != 1 && ($ttl < 60 || $ttl > 86400);
    return ([@invalid], [9005, "Content for $record->{type} record is invalid"]) if $content !~ /^(?:"(?:[^"\\]|\\.)*"\s*)+\z/s || length $content > 2048;
    return [81058, 'An identical record already exists.'] if grep { $_->{name} eq $record->{name} && $_->{content} eq $content } @others;
    return [81054, 'A CNAME record with that host already exists.'] if grep { $_->{name} eq $record->{name} && $_->{type} eq 'CNAME' } @others;
    return;
}

# All of it or nothing: deletes, then patches, then posts.
sub batch {
    my ($token, undef, $body, $zone) = @_;
    return refuse(403, [10000, 'Authentication error']) if !$token->{write};
    my $asked = eval { $json->decode($body) };
    return refuse(400, [9207, 'Request body is invalid.']) if ref $asked ne 'HASH';
    my @records = map { {%$_} } @{$state->{records}{$zone}};
    my %done;
    for my $gone (@{$asked->{deletes} || []}) {
        my ($record) = grep { $_->{id} eq $gone->{id} } @records or return refuse(404, [81044, 'Record does not exist.']);
        @records = grep { $_ != $record } @records;
        push @{$done{deletes}}, $record;
    }
    for my $patch (@{$asked->{patches} || []}) {
        my ($record) = grep { $_->{id} eq $patch->{id} } @records or return refuse(404, [81044, 'Record does not exist.']);
        @$record{keys %$patch} = values %$patch;
        my @fault = fault($record, grep { $_ != $record } @records);
        return refuse(400, @fault) if @fault;
        push @{$done{patches}}, $record;
    }
    for my $post (@{$asked->{posts} || []}) {
        my $record = {ttl => 1, %$post, id => sprintf '%032x', ++$state->{made}};
        my @fault = fault($record, @records);
        return refuse(400, @fault) if @fault;
        push @records, $record;
        push @{$done{posts}}, $record;
    }
    $state->{records}{$zone} = \@records;
    save();
    return answer(\%done);
}

my @routes = (
    [qr{^GET $base/zones$}, \&list_zones],
    [qr{^GET $base/zones/(\w+)/dns_records$}, \&list_records],
    [qr{^POST $base/zones/(\w+)/dns_records/batch$}, \&batch],
);

sub route {
    my ($request, $headers, $body) = @_;
    my ($what, $rest) = $request =~ /^(\w+ [^?]*)\??(.*)/;
    my ($authorization) = $headers =~ /^authorization: *(.*?)\r?$/mi
        or return refuse(400, [9106, 'Missing X-Auth-Key, X-Auth-Email or Authorization headers']);
    my ($bearer) = $authorization =~ /^Bearer ([\w-]{20,})$/
        or return refuse(400, [6003, 'Invalid request headers'], [6111, 'Invalid format for Authorization header']);
    my $token = $state->{tokens}{$bearer} or return refuse(403, [9109, 'Invalid access token']);
    my %query = map { map { s/%([0-9A-Fa-f]{2})/chr hex $1/ger } split /=/, $_, 2 } split /&/, $rest;
    for (@routes) {
        my ($pattern, $do) = @$_;
        $what =~ $pattern or next;
        my $zone = $1;
        return refuse(403, [10000, 'Authentication error']) if defined $zone && !grep { $_ eq $zone } @{$token->{zones}};
        return $do->($token, \%query, $body, $zone);
    }
    return refuse(404, [7000, 'No route for that URI']);
}

# --- HTTP ---

sub read_request {
    my ($client) = @_;
    my $in = '';
    until ($in =~ /\r\n\r\n/) { sysread $client, $in, 65536, length $in or return }
    my ($head, $body) = split /\r\n\r\n/, $in, 2;
    # What is told before an answer is none.
    syswrite $client, "HTTP/1.1 100 Continue\r\n\r\n" if $head =~ /^POST/;
    my ($length) = $head =~ /^content-length: *(\d+)/mi;
    while (length $body < ($length // 0)) { sysread $client, $body, 65536, length $body or return }
    my ($request, $headers) = split /\r\n/, $head, 2;
    return ($request =~ s{ HTTP/1\.1$}{}r, $headers // '', $body);
}

sub respond {
    my ($client, $status, $body, @headers) = @_;
    my $out = join "\r\n", "HTTP/1.1 $status " . ($name_of{$status} // 'Error'), 'Content-Type: application/json', @headers,
        'Content-Length: ' . length $body, 'Connection: close', '', $body;
    syswrite $client, $out;
    close $client;
}

# Processes in whose arguments or environment a token is; how many are curl.
sub look_around {
    my ($tokens) = join '|', map {quotemeta} keys %{$state->{tokens}}, @{$state->{secrets} || []};
    my (@leaks, $curls);
    for my $file (glob '/proc/[0-9]*/cmdline /proc/[0-9]*/environ') {
        my $text = slurp($file);
        $curls++ if $file =~ /cmdline/ && $text =~ m{^(?:[^\0]*/)?curl\0};
        push @leaks, "$file: " . $text =~ tr/\0/ /r if $text =~ /$tokens/;
    }
    return (curls => $curls // 0, leaks => \@leaks);
}

my $server = IO::Socket::INET->new(LocalAddr => '127.0.0.1', LocalPort => $port, Listen => 10, ReuseAddr => 1) or die "$port: $!";
$SIG{PIPE} = 'IGNORE';
while (my $client = $server->accept) {
    my ($request, $headers, $body) = read_request($client) or next;
    $state = $json->decode(slurp("$dir/state.json"));
    my %seen = look_around();
    open my $log, '>>:raw', "$dir/log" or die "$dir/log: $!";
    print $log $json->encode({request => $request, body => $body, %seen}), "\n";
    close $log;
    my ($fault) = grep { $request =~ /$_->{match}/ && $_->{times} > 0 } @{$state->{faults} || []};
    if ($fault) {
        $fault->{times}--;
        save();
        if ($fault->{hang}) {
            push @hanging, $client;
            next;
        }
        respond($client, $fault->{status}, $fault->{body}, @{$fault->{headers} || []});
        next;
    }
    my ($status, $answer) = route($request, $headers, $body);
    respond($client, $status, $json->encode($answer));
}
