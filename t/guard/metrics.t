# What monitoring makes of the metrics: promtool, and the parser of OpenMetrics.
use strict;
use warnings FATAL => 'all';
use File::Temp;
use Test::More;

my $program = ($ENV{BUILD} // 'build') . '/unit-httpd/status_metrics';
my @cases = split ' ', `$program list`;
cmp_ok(scalar @cases, '>=', 5, 'cases are found');

# Exit code and all that is said.
sub judged {
    my ($command, $file) = @_;
    my $said = `$command <$file 2>&1`;
    return ($? >> 8, $said);
}

sub file_of {
    my $file = File::Temp->new;
    print $file @_;
    close $file;
    return $file;
}

for my $case (@cases) {
    my $file = file_of(scalar `$program $case`);
    my ($failed, $said) = judged('promtool check metrics', $file);
    is("$failed $said", '0 ', "$case: promtool has nothing to say");
    ($failed, $said) = judged('t/lib/openmetrics.py', $file);
    is($failed, 0, "$case: OpenMetrics") or diag $said;
    like($said, qr/^mtasts_domains\{state="ok"\} \d+$/m, "$case: is read");
}
# The judge itself.
my $head = "# TYPE a gauge\n# HELP a A.\n";
my @bad = (
    ['no end', "${head}a 1\n"],
    ['no line break at the end', "${head}a 1\n# EOF"],
    ['more behind the end', "${head}a 1\n# EOF\na 2\n"],
    ['an empty line', "${head}\na 1\n# EOF\n"],
    ['twice', "${head}a 1\na 1\n# EOF\n"],
    ['twice, apart', qq(${head}a{b="1"} 1\na{b="2"} 1\na{b="1"} 1\n# EOF\n)],
    ['no help', "# TYPE a gauge\na 1\n# EOF\n"],
    ['no type', "# HELP a A.\na 1\n# EOF\n"],
    ['no sample', "$head# EOF\n"],
    ['a family in two pieces', "${head}a 1\n# TYPE b gauge\n# HELP b B.\nb 1\n${head}a 2\n# EOF\n"],
    ['a unit that the name lacks', "$head# UNIT a seconds\na 1\n# EOF\n"],
    ['no UTF-8', qq(${head}a{b="\xff"} 1\n# EOF\n)],
    ['a quote', qq(${head}a{b="""} 1\n# EOF\n)],
    ['no number', "${head}a one\n# EOF\n"],
);
for (@bad) {
    my ($name, $text) = @$_;
    my ($failed, $said) = judged('t/lib/openmetrics.py', file_of($text));
    is($failed, 1, "refused: $name") or diag $said;
    like($said, qr/^not OpenMetrics: .+$/m, "and why: $name");
}
is(join('|', judged('t/lib/openmetrics.py', file_of(qq(${head}a{c="2",b="\\"\\\\\\n"} 1.5\na{b=""} 2\n# EOF\n)))),
    qq(0|a{b=""} 2\na{b="\\"\\\\\\n",c="2"} 1.5\n), 'what it prints');
# README.md has a row for each.
sub slurp { my ($f) = @_; local $/; open my $fh, '<', $f or die "$f: $!"; return <$fh> }
my @names = slurp('src/httpd/status_metrics.c') =~ /"(mtasts_\w+)",/g;
cmp_ok(scalar @names, '>=', 20, 'metrics are found');
my ($section) = slurp('README.md') =~ /^## Metrics\n(.*?)(?=^## |\z)/ms;
my @rows = ($section // '') =~ /^\| `(mtasts_\w+)` \|/mg;
is(join(' ', sort @rows), join(' ', sort @names), 'README.md has them all, and no other');
# And each is in some case.
my %shown = map {$_ => 1} map { `$program $_` =~ /^# TYPE (\w+)/mg } @cases;
is(join(' ', grep { !$shown{$_} } @names), '', 'each is tried');
done_testing;
