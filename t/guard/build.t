# What is given to make and compiled in is in a tree that was built without it.
use strict;
use warnings FATAL => 'all';
use File::Temp 'tempdir';
use Test::More tests => 5;

delete @ENV{qw(MAKEFLAGS MFLAGS MAKELEVEL STATE_DIR)};
my $tree = tempdir(CLEANUP => 1);
my $object = "$tree/obj/src/httpd/memory.o";

# 1 if the object, made with these variables, has that in it; and how often it
# was compiled for that.
sub built {
    my ($has, @variables) = @_;
    my $said = `make NEED=: B='$tree' @variables '$object' 2>&1`;
    return $said if $?;
    local $/;
    open my $fh, '<:raw', $object or die "$object: $!";
    return ((<$fh> =~ /\Q$has\E\0/ ? 1 : 0) . ' ' . scalar(() = $said =~ /^ *CC /mg));
}

is(built('/mtasts'), '1 1', 'the default');
is(built('/srv/one', 'STATE_DIR=/srv/one'), '1 1', 'STATE_DIR');
is(built('/srv/two', 'STATE_DIR=/srv/two'), '1 1', 'another one');
is(built('/srv/two', 'STATE_DIR=/srv/two'), '1 0', 'the same: nothing is compiled');
is(built('/srv/two'), '1 0', 'none, as with make install: what was built stays');
