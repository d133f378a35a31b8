package MTASTS::PageChecks;

# What each page for people must be like, checked in a browser: at the widths of a
# phone, a tablet and a desk, light and dark, on paper, and without scripts.
use strict;
use warnings FATAL => 'all';
use Apache::Test ();
use Exporter 'import';
use MTASTS::Browser;
use MTASTS::Config;
our @EXPORT = qw(shots SHOTS copies copies_without_trust check);

my @widths = (360, 768, 1440);

# How many results shots() has: each width light and dark, paper, without
# scripts.
use constant SHOTS => 8;

# Screenshots of a run stay beside its logs.
sub directory {
    my $dir = Apache::Test::vars('t_logs') . '/screenshots';
    mkdir $dir;
    return $dir;
}

# One of page-checks.js in the page that is open, with its arguments: what it
# returns, which is what is wrong, a line each, unless it says otherwise there.
my $checks;
sub check {
    my ($browser, $name, @args) = @_;
    $checks //= MTASTS::Config::slurp(Apache::Test::vars('serverroot') . '/lib/page-checks.js');
    return $browser->execute($checks, $name, @args);
}

# All that has to hold of a page: for each way of looking at it [what was looked
# at, what is wrong with it], the latter '' if nothing is.  Its screenshots are
# NAME-WIDTH-light.png and so on, and NAME.pdf.  What takes long is not done in each
# way: Tab on a phone in the dark and at a desk in the light; o: brief => axe-core
# and screenshots there only, too.
sub shots {
    my ($browser, $name, $url, %o) = @_;
    my @results;
    for my $width (@widths) {
        # A phone's viewport is made when the page is.
        $browser->emulate(width => $width, dark => 0, scripts => 1)->open($url);
        for my $dark (0, 1) {
            my $scheme = $dark ? 'dark' : 'light';
            $browser->emulate(dark => $dark);
            my $both = $width == $widths[$dark ? 0 : -1];
            my $long = $both || !$o{brief};
            $browser->screenshot(directory() . "/$name-$width-$scheme.png") if $long;
            push @results, result("$name at $width px, $scheme", looks($browser, $width),
                $both ? keyboard($browser) : (), $long ? map({"axe: $_"} $browser->axe()) : ());
        }
    }
    return @results, on_paper($browser, $name), without_scripts($browser, $name, $url);
}

sub result { my ($label, @wrong) = @_; return [$label, join "\n", @wrong] }

# What is wrong with the page as it is shown now.
sub looks {
    my ($browser, $width) = @_;
    return console($browser), map({"width: $_"} @{check($browser, 'width', $width)}),
        map({"headings: $_"} @{check($browser, 'headings')}), map({"state: $_"} @{check($browser, 'badges')}),
        map({"picture: $_"} @{check($browser, 'pictures')});
}

sub console { my ($browser) = @_; return map {"console: $_"} $browser->errors() }

# With Tab all the way through the page.
sub keyboard {
    my ($browser) = @_;
    $browser->press('Tab', check($browser, 'begin_tab'));
    return map {"keyboard: $_"} @{check($browser, 'end_tab')};
}

# The page that is open, as it is printed.  A sheet of A4 is as wide as that.
sub on_paper {
    my ($browser, $name) = @_;
    $browser->emulate(print => 1, width => 718)->pdf(directory() . "/$name.pdf");
    my @wrong = (map({"paper: $_"} @{check($browser, 'paper')}), map({"paper: $_"} @{check($browser, 'width', 718)}));
    $browser->emulate(print => 0);
    return result("$name on paper", @wrong);
}

# It says the same without scripts as it does with them.
sub without_scripts {
    my ($browser, $name, $url) = @_;
    $browser->emulate(width => 768, dark => 0)->open($url);
    my $with = check($browser, 'content');
    $browser->emulate(scripts => 0)->open($url);
    my %there = map { $_ => 1 } @{check($browser, 'content')};
    my @wrong = (map({"not there: $_"} grep { !$there{$_} } @$with), @{check($browser, 'dead')}, unselectable($browser), console($browser));
    $browser->emulate(scripts => 1);
    return result("$name without scripts", @wrong);
}

# A value of one line is selected as that by three clicks.
sub unselectable {
    my ($browser) = @_;
    my $values = check($browser, 'values');
    my @wrong;
    for my $i (grep { $values->[$_] !~ /\n/ } 0 .. $#$values) {
        $browser->click_on(check($browser, 'value', $i), 3);
        my $selected = check($browser, 'selected') =~ s/\n+\z//r;
        push @wrong, "selects '$selected' instead of '$values->[$i]'" if $selected ne $values->[$i];
    }
    return @wrong;
}

# Presses each Copy button of a page: [label, what is wrong].  There are at least
# that many values.
sub copies {
    my ($browser, $name, $url, $least) = @_;
    $browser->emulate(width => 768, dark => 0)->open($url);
    my $values = check($browser, 'values');
    my @wrong = @$values < $least ? (@$values . ' values to copy') : ();
    for my $i (0 .. $#$values) {
        my $button = check($browser, 'button', $i) or push(@wrong, "no button: $values->[$i]"), next;
        $browser->click_on($button);
        push @wrong, differs($browser, $values->[$i]);
    }
    return result("$name: Copy", @wrong, console($browser));
}

# A page of a host that the browser does not trust may have no button; if it has
# one, that copies all the same.
sub copies_without_trust {
    my ($browser, $name, $url) = @_;
    my ($plain, @wrong) = (MTASTS::Browser::PLAIN_HOST);
    $browser->open($url =~ s/127\.0\.0\.1/$plain/r);
    push @wrong, 'the browser trusts it' if $browser->execute('return isSecureContext');
    if (my $button = check($browser, 'button', 0)) {
        my $value = check($browser, 'values')->[0];
        $browser->click_on($button);
        push @wrong, console($browser), differs($browser->open($url), $value);
    }
    return result("$name: Copy where the browser has no clipboard for it", @wrong, console($browser));
}

# '' or what was copied in place of that.  The browser may take a moment for it;
# nothing is left from before.
sub differs {
    my ($browser, $value) = @_;
    my ($copied, $until) = ('', time + 3);
    wait_for(sub { ($copied = $browser->clipboard()) ne '' || time > $until });
    $browser->forget();
    return $copied eq $value ? () : "copied '$copied' instead of '$value'";
}

1;
