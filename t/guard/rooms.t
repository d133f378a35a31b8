# The rooms: who may include what.  Arrows go from httpd to net to core.
use strict;
use warnings FATAL => 'all';
use Test::More;

my $libc = qr{^(?:std\w+|string|strings|ctype|limits|errno|time|inttypes)\.h$};
my %may = (
    core => sub { $_[0] =~ $libc || $_[0] eq 'openssl/evp.h' || $_[0] =~ /^"[a-z_]+\.h"$/ },
    net => sub { $_[0] !~ m{^"?(?:httpd|http_\w+|ap_\w+|util_\w+|mod_\w+)\.h|/httpd/} },
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
# The network's one library, and core.
for my $file (glob 'src/net/*.[ch]') {
    open my $fh, '<', $file or die "$file: $!";
    is(scalar(grep {/include.*(?:apr|jansson|openssl|idn2)/} <$fh>), 0, "$file: no other library");
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
