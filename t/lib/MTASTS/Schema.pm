package MTASTS::Schema;

# The JSON document against conf/mtasts-status.schema.json, and which of the
# schema's members some document had: it isn't about what nobody writes.
use strict;
use warnings FATAL => 'all';
use Apache::Test ();
use Exporter 'import';
use JSON::PP ();
use MTASTS::Config;
our @EXPORT = qw(schema_errors schema_unseen);

sub top { return Apache::Test::vars('serverroot') }
sub schema_file { return top() . '/shipped/mtasts-status.schema.json' }
my $schema;
sub schema { return $schema //= JSON::PP::decode_json(MTASTS::Config::slurp(schema_file())) }

# '' if the text is a document as the schema has it; else what is wrong, a line
# for each, and the document is kept in a file that the last line names.
my $count = 0;
sub schema_errors {
    my ($text) = @_;
    my $file = Apache::Test::vars('t_logs') . "/document-$$-" . ++$count . '.json';
    MTASTS::Config::write_file($file, $text);
    my $said = `/usr/bin/python3 '${\top()}/lib/schema.py' '${\schema_file()}' <'$file' 2>&1`;
    return "${said}exit status " . ($? >> 8) . ": $file" if $?;
    note(schema(), JSON::PP::decode_json($text), '');
    unlink $file;
    return '';
}

# --- what was there ---

# As paths, like policies[].tls.mx[].why; with " null" behind it where it was null.
my %seen;

# A schema with those that it refers to; they add what it has not.
sub whole {
    my ($s) = @_;
    while (my ($name) = ($s->{'$ref'} // '') =~ m{^#/\$defs/(\w+)$}) {
        my %rest = %$s;
        delete $rest{'$ref'};
        $s = {%{schema()->{'$defs'}{$name} // die "no $name"}, %rest};
    }
    return $s;
}

sub note {
    my ($s, $value, $path) = @_;
    $s = whole($s);
    $seen{defined $value ? $path : "$path null"} = 1;
    if (ref $value eq 'ARRAY') { note($s->{items}, $_, "${path}[]") for @$value }
    if (ref $value eq 'HASH') { note($s->{properties}{$_}, $value->{$_}, $path eq '' ? $_ : "$path.$_") for keys %$value }
    return;
}

sub can_be {
    my ($s, $path) = @_;
    $s = whole($s);
    my $is_null = grep { !defined || $_ eq 'null' } ref $s->{type} ? @{$s->{type}} : (), @{$s->{enum} || []};
    return ($path, $is_null ? "$path null" : (), $s->{items} ? can_be($s->{items}, "${path}[]") : (),
        map { can_be($s->{properties}{$_}, $path eq '' ? $_ : "$path.$_") } keys %{$s->{properties} || {}});
}

# What is looked at only where httpd serves.
my $status_only = qr/^policies\[\]\.(?:checked|counts|next|serving|tls\.vhost\.tls1[23]$)|\bfindings\[\]\.(?:since|seen)\b/;

# What no document that passed has had, in order: of what a 'dump' may have, or of
# what only the 'status' page has beyond that.
sub schema_unseen {
    my ($of) = @_;
    return sort grep { !$seen{$_} && ($of eq 'status') == ($_ =~ $status_only) } can_be(schema(), '');
}

1;
