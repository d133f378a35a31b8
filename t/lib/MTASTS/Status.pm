package MTASTS::Status;

# What a server's status handler answers.
use strict;
use warnings FATAL => 'all';
use Exporter 'import';
use HTTP::Tiny;
use JSON::PP ();
use MTASTS::Config qw(wait_for);
our @EXPORT = qw(ask page document policy_of known metrics STATUS);

# Where it is, in the main server of a MTASTS::Httpd.
use constant STATUS => '<Location "/mtasts-status">', "SetHandler mtasts-status\nRequire local", '</Location>';

# {status, headers, content} of a request for the handler with these arguments.
sub ask {
    my ($h, $args, %o) = @_;
    my $method = delete $o{method} // 'GET';
    my $path = delete $o{path} // '/mtasts-status';
    return HTTP::Tiny->new(timeout => 120, agent => 'test')->request($method, "http://$h->{address}:$h->{port}$path" . (length $args ? "?$args" : ''), {headers => \%o});
}

# The text of an answer that must be one.
sub page {
    my ($h, $args, %o) = @_;
    my $r = ask($h, $args, %o);
    return $r->{status} == 200 ? $r->{content} : "status $r->{status}: $r->{content}";
}

# The JSON document, of one domain or of all.
sub document {
    my ($h, $domain) = @_;
    my $text = page($h, 'format=json' . (defined $domain ? "&domain=$domain" : ''));
    return eval { JSON::PP::decode_json($text) } // do { print map {"# $_\n"} split /\n/, "no JSON: $text"; {policies => []} };
}
sub policy_of { my ($h, $domain) = @_; return document($h, $domain)->{policies}[0] // {} }

# Waits until that holds of the domain's policy; the policy, or undef.
sub known {
    my ($h, $domain, $holds) = @_;
    my $p;
    return wait_for(sub { $p = policy_of($h, $domain); $holds->($p) }) ? $p : do { print '# ', JSON::PP->new->canonical->encode($p), "\n"; undef };
}

# The samples: "name{labels}" => value.
sub metrics {
    my ($h) = @_;
    my %of;
    for (split /\n/, page($h, 'format=openmetrics')) {
        $of{$1} = $2 if /^([^#{ ]+(?:\{.*\})?) (\S+)$/;
    }
    return \%of;
}

1;
