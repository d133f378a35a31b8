# The status pages in a browser: a phone, a tablet and a desk, light and dark,
# keyboard, paper, without scripts, Copy.  And that what checks them finds what is
# wrong.  Screenshots stay in logs/screenshots.
use strict;
use warnings FATAL => 'all';
use Apache::Test;
use Apache::TestUtil;
use lib Apache::Test::vars('serverroot') . '/lib';
use MTASTS::Browser;
use MTASTS::Config;
use MTASTS::PageChecks;
use MTASTS::Process;
use MTASTS::Tree;

# Those that all is looked at of; and how many values to copy there are at least.
my %thorough = (list => 1, 'domain-plan' => 1);
my %values = ('domain-plan' => 2, 'domain-ok' => 1);

# Pages that are wrong: what with, what finds it, what it says, what is in <main>,
# style, script, and what is put into <head> in place of a viewport.  With nothing
# wrong none of these says anything.
my $row = 'a b c d e f g h i j k l m n o p q r s t u v w x y z ';
my @wrong = (
    ['an inline style', 'look', qr/^console: .*Content.Security.Policy/m, '<p style="color: #000">words</p>'],
    ['an inline script', 'look', qr/^console: .*Content.Security.Policy/m, '<script>document.title = "x"</script>'],
    ['an event handler', 'look', qr/^console: .*Content.Security.Policy/m, '<p id="p">words</p><button onclick="f()">Do</button>', '', 'document.querySelector("button").click()'],
    ['a picture from elsewhere', 'look', qr/^console: .*Content.Security.Policy/m, '<img src="http://127.0.0.2/x.png" alt="x">'],
    ['a style that is not there', 'look', qr/^console: .*404/m, '<p>words</p>', undef],
    ['a script that fails', 'look', qr/^console: .*nosuch/m, '<p>words</p>', '', 'nosuch()'],
    ['a long word', 'look', qr/^width: it scrolls.*^width: sticks out to \d+ px: <p>/ms, '<p>' . 'x' x 100 . '</p>'],
    ['a long word that is cut off', 'look', qr/^width: sticks out to \d+ px: <p>/m, '<p>' . 'x' x 100 . '</p>', 'body { overflow-x: hidden }'],
    ['no viewport', 'look', qr/^width: the page is laid out for 980 px/m, "<p>$row</p>", '', '', ''],
    ['a heading skipped', 'look', qr/^headings: h4 behind h1: <h4> Far/m, '<h4>Far</h4>'],
    ['a second h1', 'look', qr/^headings: another h1/m, '<h1>More</h1>'],
    ['a state by colour alone', 'look', qr/^state: without a word: <span class="badge error">/m, '<p><span class="badge error"></span></p>', '.badge { padding: 1em; background: red }'],
    ['faint words in a picture', 'look', qr/^picture: contrast 1\.\d+: <text>/m,
        '<svg width="200" height="40" role="img" aria-label="x"><rect width="200" height="40" fill="#ffffff"/><text x="9" y="20" fill="#dddddd">words</text></svg>'],
    ['faint words', 'axe', qr/^axe: color-contrast \|/m, '<p class="a">words</p>', '.a { color: #aaa }'],
    ['faint words in the dark', 'axe-dark', qr/^axe: color-contrast \|/m, '<p class="a">words</p>', '.a { color: #555 }'],
    ['a field without a name', 'axe', qr/^axe: label \|/m, '<form><input name="q"></form>'],
    ['a heading of a column without words', 'axe', qr/^axe: empty-table-header \|/m, '<table><tr><th scope="col"></th></tr><tr><td>words</td></tr></table>'],
    ['small targets', 'axe', qr/^axe: target-size \|/m, '<p><button class="a">a</button><button class="a">b</button></p>', '.a { width: 9px; height: 9px; padding: 0; border: 0; font-size: 5px }'],
    ['words out of <main>', 'axe', qr/^axe: region \|/m, '</main><p>words</p><main>'],
    ['no outline', 'keyboard', qr/^keyboard: no outline with the focus: <a href="\?">/m, '<a href="?">words</a>', 'a:focus { outline: none }'],
    ['an outline that is hardly seen', 'keyboard', qr/^keyboard: outline's contrast 1\.\d+: <a/m, '<a href="?">words</a>', 'a:focus { outline: 2px solid #eee }'],
    ['a focus out of sight', 'keyboard', qr/^keyboard: is not to be seen with the focus: <a/m, '<a href="?">words</a>', 'a { position: absolute; left: -99em }'],
    ['a button for the mouse only', 'keyboard', qr/^keyboard: Tab does not come to: <div> Do/m, '<div role="button">Do</div>'],
    ['a link that Tab leaves out', 'keyboard', qr/^keyboard: Tab does not come to: <a/m, '<a href="?" tabindex="-1">words</a>'],
    ['links on paper', 'paper', qr/^paper: is printed: <nav>/m, '<nav><a href="?">words</a></nav>'],
    ['white on black paper', 'paper', qr/^paper: on a dark page/m, '<p>words</p>', 'body { background: #000; color: #fff }'],
    ['an empty sheet', 'paper', qr/^paper: nothing of <main>/m, '<p>words</p>', '@media print { main { display: none } }'],
    ['a table wider than paper', 'paper', qr/^paper: it scrolls/m, "<table><tr><td class=\"a\">$row</td></tr></table>", '.a { min-width: 800px }'],
    ['words that a script writes', 'scripts', qr/^not there: words/m, '<p></p>', '', 'document.querySelector("p").textContent = "words"'],
    ['a button that needs a script', 'scripts', qr/^does nothing: <button>/m, '<button type="button">Do</button>'],
    ['a value that can not be selected', 'scripts', qr/^selects '.*' instead of 'a b'/m, '<p class="copy"><code>a b</code></p>', '.copy { user-select: none }'],
    ['a value in two lines', 'scripts', qr/^selects '.*' instead of 'a b c'/m, '<div class="copy"><code>a <span>b c</span></code></div>', '.copy span { display: block }'],
    ['a value without a button', 'copy', qr/^no button: a b/m, '<p class="copy"><code>a b</code></p>'],
    ['a button that copies something else', 'copy', qr/^copied 'a' instead of 'a b'/m, '<p class="copy"><code>a b</code><button type="button">Copy</button></p>', '',
        'document.querySelector("button").addEventListener("click", () => navigator.clipboard.writeText("a"))'],
    ['a button that copies only where the browser trusts', 'plain', qr/^console: .*TypeError.*^copied '' instead of 'a b'/ms, '<p class="copy"><code>a b</code><button type="button">Copy</button></p>', '',
        'document.querySelector("button").addEventListener("click", () => navigator.clipboard.writeText("a b"))'],
);

my $here = !$ENV{MTASTS_HTTPD} && MTASTS::Browser::missing() eq '';
my $dir = $here ? new_directory('pages') : undef;
my @pages = $here ? write_pages() : ();
plan tests => (SHOTS + 2) * @pages + 3 + @wrong, need {
    'httpd without a wrapper (none of it runs here)' => sub { !$ENV{MTASTS_HTTPD} },
    'chromium, chromedriver, axe-core' => sub { MTASTS::Browser::missing() eq '' },
};

my $port = MTASTS::Tree::free_ports(1);
my $serving = MTASTS::Process::start('serve-pages.pl', "$dir.log", $^X, Apache::Test::vars('serverroot') . '/lib/serve-pages.pl', $port, $dir);
my $browser = MTASTS::Browser->new();
MTASTS::Process::wait_until_up($serving, sub { IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $port) }, "$dir.log");

# --- the pages ---

# Those that the program writes, with what they need: their names.
sub write_pages {
    my $root = Apache::Test::vars('serverroot');
    system("cd '$root/..' && t/unit-httpd/status_pages '$dir' >'$dir.out' 2>&1") == 0 or die MTASTS::Config::slurp("$dir.out");
    return map {m{/([\w-]+)\.html$}} sort glob "$dir/*.html";
}
sub url { return "http://127.0.0.1:$port/$_[0].html" }
# A result of PageChecks.
sub result { my ($label, $wrong) = @{$_[0]}; return ok t_cmp($wrong, '', $label) }

ok t_cmp(join(' ', grep { my $name = $_; !grep { $_ eq $name } @pages } qw(list empty word), sort keys %values), '', 'there are the pages');
for my $name (@pages) {
    result($_) for shots($browser, $name, url($name), brief => !$thorough{$name}), copies($browser, $name, url($name), $values{$name} // 0),
        copies_without_trust($browser, $name, url($name));
}
# Nothing but themselves and what is theirs.
my @asked = grep { !m{^GET /(?:favicon\.ico|[\w-]+\.html(?:\?asset=(?:style\.css|script\.js)(?:&v=\w+)?)?)$} } split /\n/, MTASTS::Config::slurp("$dir.log");
ok t_cmp("@asked", '', 'they ask for nothing else');

# --- what checks them ---

# Style of what is right.
my $right = 'body { background: #fff; color: #111; overflow-wrap: normal }
@media screen and (prefers-color-scheme: dark) { body { background: #111; color: #eee } a { color: #9cf } button { background: #000; color: #eee } }';

sub write_wrong {
    my ($body, $style, $script, $head) = @_;
    $head //= '<meta name="viewport" content="width=device-width">';
    MTASTS::Config::write_file("$dir/wrong.html", '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>Wrong</title>', $head,
        '<link rel="stylesheet" href="?asset=wrong.css"><script defer src="?asset=wrong.js"></script></head><body><main><h1>Wrong</h1>', $body, '</main></body></html>');
    unlink "$dir/wrong.css";
    MTASTS::Config::write_file("$dir/wrong.css", "$right\n$style") if defined $style;
    MTASTS::Config::write_file("$dir/wrong.js", $script);
    return;
}
# All that one kind of check says.
sub said {
    my ($kind) = @_;
    $browser->emulate(width => 360, dark => $kind eq 'axe-dark' ? 1 : 0)->open(url('wrong'));
    my @errors = $kind eq 'look' ? () : $browser->errors();
    my %by = (look => sub { MTASTS::PageChecks::looks($browser, 360) }, axe => sub { map {"axe: $_"} $browser->axe() },
        keyboard => sub { MTASTS::PageChecks::keyboard($browser) }, paper => sub { MTASTS::PageChecks::on_paper($browser, 'wrong')->[1] },
        scripts => sub { MTASTS::PageChecks::without_scripts($browser, 'wrong', url('wrong'))->[1] },
        copy => sub { copies($browser, 'wrong', url('wrong'), 0)->[1] }, plain => sub { copies_without_trust($browser, 'wrong', url('wrong'))->[1] });
    return join "\n", $by{$kind =~ s/-dark//r}->();
}

write_wrong('<p><span class="badge error">words</span> <a href="?">more words</a></p><p class="copy"><code>a b</code></p>', '', '');
ok t_cmp(join('', map { said($_) } qw(look axe axe-dark keyboard paper scripts plain)), '', 'nothing wrong');
for (@wrong) {
    my ($what, $kind, $says, $body, $style, $script, $head) = @$_;
    write_wrong($body, @$_ > 4 ? $style : '', $script // '', $head);
    ok t_cmp(said($kind), $says, $what);
}
unlink MTASTS::PageChecks::directory() . '/wrong.pdf';
$browser->quit();
