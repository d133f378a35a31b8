# The rooms: who may include what.  Arrows go from httpd to net and store, and
# from these to core.
use strict;
use warnings FATAL => 'all';
use Test::More;

my $libc = qr{^(?:std\w+|string|strings|ctype|limits|errno|time|inttypes)\.h$};
my %may = (
    core => sub { $_[0] =~ $libc || $_[0] eq 'openssl/evp.h' || $_[0] =~ /^"[a-z_]+\.h"$/ },
    net => sub { $_[0] !~ m{^"?(?:httpd|http_\w+|ap_\w+|util_\w+|mod_\w+)\.h|/httpd/} },
    store => sub { $_[0] =~ $libc || $_[0] =~ m{^(?:apr_\w+|sys/\w+|unistd|fcntl|dlfcn)\.h$} || $_[0] =~ m{^"(?:\.\./core/)?[a-z_]+\.h"$} },
    httpd => sub { 1 },
);
my @files = glob 'src/*/*.[ch] mod_mtasts.c';
cmp_ok(scalar @files, '>', 20, 'files are found');
for my $file (@files) {
    my ($room) = $file =~ m{^src/(\w+)/} or next;
    ok(exists $may{$room}, "$file: room $room is in the plan");
    open my $fh, '<', $file or die "$file: $!";
    my @includes = map { /^\s*#\s*include\s+(?:<([^>]+)>|("[^"]+"))/ ? $1 // $2 : () } <$fh>;
    is(join(' ', grep { !$may{$room}->($_) } @includes), '', "$file: includes");
}
# Each file of the network has one library, and core.
my %library = (ares => qr/^(?:dns\w*|reply|facts|authority\w*)$/,
    openssl => qr/^(?:roots|certs?|cert_private|probe\w*|smtp|https)$/);
for my $file (glob 'src/net/*.[ch]') {
    my ($name) = $file =~ m{(\w+)\.[ch]$};
    my @mine = grep { $name =~ $library{$_} } sort keys %library;
    is(scalar @mine, 1, "$file: its library is in the plan");
    my $other = join '|', qw(apr jansson idn2), grep { $_ ne $mine[0] } keys %library;
    open my $fh, '<', $file or die "$file: $!";
    is(scalar(grep {/include.*(?:$other)/} <$fh>), 0, "$file: no other library");
}
# The request path knows nothing of the network.
for my $file (qw(src/httpd/serve.c src/httpd/headers.c)) {
    open my $fh, '<', $file or die "$file: $!";
    is(scalar(grep {m{/net/|ares|openssl}} <$fh>), 0, "$file: no network");
}
# mod_mtasts.c is a table of contents: two functions would be one too many.
open my $fh, '<', 'mod_mtasts.c' or die;
is(scalar(grep {/^\{/} <$fh>), 1, 'mod_mtasts.c has register_hooks() only');
done_testing;
