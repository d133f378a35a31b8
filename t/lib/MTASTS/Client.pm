package MTASTS::Client;

# An HTTP client that shows what was on the wire: no redirects followed, no
# header folded, no body decoded.
use strict;
use warnings FATAL => 'all';
use Exporter 'import';
use IO::Socket::INET;
use IO::Socket::SSL;
our @EXPORT = qw(request fetch status headers header body port POLICY);

use constant POLICY => '/.well-known/mta-sts.txt';

sub port { return Apache::Test::vars("$_[0]_port") }

# request($label, $bytes, tls => {...}): sends bytes to the vhosts of a label,
# returns all that comes back until the server closes.
sub request {
    my ($label, $bytes, %o) = @_;
    my %to = (PeerAddr => '127.0.0.1', PeerPort => port($label), Timeout => 30);
    my $s = $o{tls}
        ? IO::Socket::SSL->new(%to, SSL_ca_file => Apache::Test::vars('serverroot') . '/certs/ca.crt',
            SSL_verifycn_scheme => 'http', %{$o{tls}})
        : IO::Socket::INET->new(%to);
    die "connect to $label: " . ($SSL_ERROR || $!) if !$s;
    print $s $bytes;
    local $/;
    my $all = <$s>;
    close $s;
    return $all // '';
}

# fetch($label, $host, %o): one request; o: path, method, version, tls, and
# header => [lines].  Over TLS the certificate must be for the host.
sub fetch {
    my ($label, $host, %o) = @_;
    my $lines = join '', map {"$_\r\n"} (defined $host ? "Host: $host" : ()),
        'Connection: close', @{$o{header} || []};
    $o{tls} = {SSL_hostname => $host, SSL_verifycn_name => $host} if ($o{tls} || '') eq '1';
    return request($label, join('', $o{method} || 'GET', ' ', $o{path} || POLICY, ' HTTP/',
        $o{version} || '1.1', "\r\n$lines\r\n", $o{content} // ''), %o);
}

sub status  { return $_[0] =~ m{^HTTP/1\.[01] (\d+)} ? $1 : 0 }
sub headers { return (split /\r\n\r\n/, $_[0], 2)[0] // '' }
sub body    { return (split /\r\n\r\n/, $_[0], 2)[1] // '' }

# All values of a header, in order, joined by " | ".
sub header {
    my ($response, $name) = @_;
    return join ' | ', headers($response) =~ /^\Q$name\E:[ \t]*(.*?)\r?$/img;
}

1;
