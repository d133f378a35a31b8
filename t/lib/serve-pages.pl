#!/usr/bin/perl
# serve-pages.pl PORT DIRECTORY : the files of a directory on 127.0.0.1, as the
# status handler sends its pages: /NAME.html, and NAME for ?asset=NAME at any path.
# What was asked for is printed, a line each.
use strict;
use warnings FATAL => 'all';
use IO::Select;
use IO::Socket::INET;

my ($port, $dir) = @ARGV;
my %type = (html => 'text/html; charset=utf-8', css => 'text/css; charset=utf-8', js => 'text/javascript; charset=utf-8');
my $policy = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

sub file {
    my ($target) = @_;
    my ($name) = $target =~ /[?&]asset=([\w.-]+)/ ? $1 : $target =~ m{^/([\w.-]+\.html)(?:\?|\z)};
    return defined $name && "$dir/$name";
}

sub answer {
    my ($target) = @_;
    my $file = file($target);
    open my $fh, '<:raw', $file || '' or return "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    my $body = do { local $/; <$fh> };
    my ($ext) = $file =~ /\.(\w+)\z/;
    return join "\r\n", 'HTTP/1.1 200 OK', 'Content-Type: ' . ($type{$ext} || 'application/octet-stream'), 'Content-Length: ' . length $body,
        "Content-Security-Policy: $policy", 'Cache-Control: no-store', 'X-Content-Type-Options: nosniff', 'Connection: close', '', $body;
}

$| = 1;
$SIG{PIPE} = 'IGNORE';
my $listening = IO::Socket::INET->new(LocalAddr => '127.0.0.1', LocalPort => $port, Listen => 50, ReuseAddr => 1, Proto => 'tcp') or die "$port: $!";
# A browser opens connections that it may need later.
my $all = IO::Select->new($listening);
my %read;
while (1) {
    for my $s ($all->can_read()) {
        if ($s == $listening) {
            $all->add($s->accept() || next);
            next;
        }
        my $more = sysread $s, $read{$s}, 65536, length($read{$s} //= '');
        next if $more && $read{$s} !~ /\r\n\r\n/;
        if ($more && $read{$s} =~ /^(\S+) (\S+)/) {
            print "$1 $2\n";
            print $s answer($2);
        }
        $all->remove($s);
        delete $read{$s};
        close $s;
    }
}
