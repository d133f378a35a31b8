package MTASTS::Front;

# nginx in front of httpd for a test, on addresses 127.0.0.N (and ::1) of one
# port: right, and wrong in what a policy host can be.  It ends with the test.
use strict;
use warnings FATAL => 'all';
use Apache::Test ();
use Exporter 'import';
use IO::Compress::Gzip ();
use IO::Socket::IP;
use MTASTS::Config;
use MTASTS::Process;
our @EXPORT = qw(nginx fetches);

# What an address does, by kind: lines of its location, made of what it was
# given and the name of a file with its body.
my %kind = (
    # Hands on what httpd has on the port `to`.
    proxy => \&proxy_lines,
    # The same, and keeps it for longer than any test runs.
    cache => sub {
        return proxy_lines(@_), 'proxy_cache policies;', 'proxy_cache_key $host$uri;', 'proxy_cache_valid any 365d;',
            'proxy_ignore_headers Cache-Control Expires Set-Cookie Vary;';
    },
    # To the URL `to`, with the `status`.
    redirect => sub { my ($at) = @_; return 'return ' . ($at->{status} // 301) . " $at->{to};" },
    # Nothing but a `status`, with nginx's own page.
    status => sub { my ($at) = @_; return "return $at->{status};" },
    # The `body`, as the `type`.
    static => \&body_lines,
    # The same, compressed, whatever was asked for.
    gzip => sub { return body_lines(@_), 'add_header Content-Encoding gzip;' },
    # The same in as many `seconds`: nginx sends so much at once and then each
    # second.  Its headers are some 240 bytes.
    slow => sub {
        my ($at) = @_;
        return body_lines(@_), 'limit_rate ' . int((240 + length $at->{body}) / ($at->{seconds} + 0.5)) . ';';
    },
);

sub proxy_lines { my ($at) = @_; return "proxy_pass http://127.0.0.1:$at->{to};", 'proxy_set_header Host $host;' }

sub body_lines {
    my ($at, $file) = @_;
    my $body = $at->{body};
    IO::Compress::Gzip::gzip(\$at->{body} => \$body) or die 'gzip' if $at->{kind} eq 'gzip';
    MTASTS::Config::write_file($file, $body);
    my ($dir, $name) = $file =~ m{(.*)(/.*)};
    return "root \"$dir\";", "try_files $name =404;", 'types { }', 'default_type "' . ($at->{type} // 'text/plain') . '";';
}

# nginx on a port: each argument is {address => , kind => , cert => FILE without
# .crt and .key, tls => 'TLSv1.2 TLSv1.3', headers => {NAME => VALUE}} and what
# the kind takes; without cert it is plain HTTP.
my %log; # "port address" => file
sub nginx {
    my ($port, @at) = @_;
    my $dir = new_directory('nginx');
    # The workers of root's nginx are nobody; the paths built in are not ours.
    my $user = $> ? '' : 'user nobody ' . getgrgid((getpwnam 'nobody')[3]) . ';';
    my $temp = join ' ', map {"${_}_temp_path \"$dir/$_\";"} qw(client_body proxy fastcgi uwsgi scgi);
    MTASTS::Config::write_file("$dir/conf", <<"END", map({ server($dir, $port, $_) } @at), "}\n");
$user
daemon off;
worker_processes 1;
pid "$dir/pid";
error_log "$dir/error.log" info;
events { }
http {
log_format seen '\$server_addr "\$request" \$status \$host "\$http_user_agent" "\$http_accept_encoding" \$ssl_protocol \$ssl_server_name';
access_log "$dir/access.log" seen;
proxy_cache_path "$dir/cache" keys_zone=policies:1m inactive=365d;
$temp
END
    $log{"$port $_->{address}"} = "$dir/access.log" for @at;
    local $ENV{PATH} = "$ENV{PATH}:/usr/sbin";
    local $ENV{OPENSSL_CONF} = Apache::Test::vars('serverroot') . '/lib/old-tls.cnf';
    my $pid = start('nginx', "$dir/out", 'nginx', '-p', $dir, '-e', "$dir/error.log", '-c', "$dir/conf");
    wait_until_up($pid, sub { !grep { !IO::Socket::IP->new(PeerHost => $_->{address}, PeerPort => $port) } @at },
        "$dir/out", "$dir/error.log");
    return 1;
}

sub server {
    my ($dir, $port, $at) = @_;
    my $address = $at->{address} =~ /:/ ? "[$at->{address}]" : $at->{address};
    my $headers = $at->{headers} || {};
    my @lines = $kind{$at->{kind}}->($at, "$dir/body-$at->{address}");
    return join "\n", 'server {', "listen $address:$port" . ($at->{cert} ? ' ssl;' : ';'),
        ($at->{cert} ? ("ssl_certificate \"$at->{cert}.crt\";", "ssl_certificate_key \"$at->{cert}.key\";") : ()),
        'ssl_protocols ' . ($at->{tls} // 'TLSv1.2 TLSv1.3') . ';',
        'location / {', @lines, map({"add_header $_ \"$headers->{$_}\" always;"} sort keys %$headers), "}\n}\n";
}

# What an address was asked for so far, when the answer was over: "GET /path
# HTTP/1.1" status host "User-Agent" "Accept-Encoding" TLS-version SNI.
sub fetches {
    my ($port, $address) = @_;
    my $file = $log{"$port $address"} or die "no nginx at $address";
    return map { /^\Q$address\E (.*)/ ? $1 : () } split /\n/, MTASTS::Config::slurp($file);
}

1;
