package MTASTS::Browser;

# Chromium without a screen, driven through chromedriver (W3C WebDriver) on
# loopback.  It asks no other host, keeps nothing outside of its directories, and
# ends with the test.
#
# The protocol: https://www.w3.org/TR/webdriver2/ ; what is not in it is done with
# the browser's own (goog/cdp/execute).
use strict;
use warnings FATAL => 'all';
use Apache::Test ();
use Encode qw(decode);
use File::Path qw(remove_tree);
use File::Temp ();
use HTTP::Tiny;
use JSON::PP ();
use MIME::Base64 qw(decode_base64);
use MTASTS::Config qw(wait_for);
use MTASTS::Process qw(new_directory);
use MTASTS::Tree;

my $json = JSON::PP->new->utf8->allow_nonref;
my $owner = $$;
my %running; # those that have not quit, by themselves

END {
    if ($$ == $owner) {
        my $status = $?;
        $_->quit() for my @all = values %running;
        $? = $status;
    }
}

# A name that is this machine to the browser, but that it does not trust as it
# does 127.0.0.1: as a host that is read without TLS.
use constant PLAIN_HOST => 'plain.test';

# No sandbox, as root has none and others may lack the rights for one; it shows
# but the test's own pages.  The pipe ends the browser with chromedriver, whatever
# ends that.
my @arguments = (qw(--headless=new --no-sandbox --disable-gpu --disable-dev-shm-usage --no-first-run --remote-debugging-pipe
    --disable-background-networking --disable-component-update --disable-sync --disable-default-apps --metrics-recording-only
    --disable-extensions --disable-breakpad --disable-crash-reporter --no-proxy-server --password-store=basic --force-color-profile=srgb
    --lang=en --hide-scrollbars),
    '--host-resolver-rules=MAP ' . PLAIN_HOST . ' 127.0.0.1, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost');

# What is missing, or '' if all is there: for need().
sub missing {
    my @missing = grep { my $name = $_; !grep { -x "$_/$name" } split /:/, $ENV{PATH} } qw(chromium chromedriver);
    push @missing, 'axe-core' if !-r axe_file();
    return join ' ', @missing;
}

# passes.sh puts it there.
sub axe_file { return Apache::Test::vars('serverroot') . '/axe.min.js' }

# A browser; o: as emulate().
sub new {
    my ($class, %o) = @_;
    my $dir = new_directory('browser');
    # A socket's name is short, so that its directory can't be anywhere.
    my $tmp = File::Temp::tempdir('mtasts-XXXXXX', DIR => '/tmp');
    my $self = bless {dir => $dir, tmp => $tmp, port => MTASTS::Tree::free_ports(1), at => {},
        http => HTTP::Tiny->new(keep_alive => 0, timeout => MTASTS::Config::PATIENCE, proxy => undef, http_proxy => undef)}, $class;
    $running{$self} = $self;
    $self->start();
    $self->{session} = $self->call(POST => '/session', {capabilities => {alwaysMatch => {browserName => 'chrome',
        'goog:loggingPrefs' => {browser => 'ALL'}, timeouts => {script => 1000 * MTASTS::Config::PATIENCE},
        'goog:chromeOptions' => {args => [@arguments, "--user-data-dir=$dir/profile"]}}}})->{sessionId};
    $self->cdp('Emulation.setFocusEmulationEnabled', enabled => bool(1));
    return $self->emulate(width => 1440, dark => 0, scripts => 1, print => 0, %o);
}

sub start {
    my ($self) = @_;
    my $dir = $self->{dir};
    mkdir "$dir/$_" or die "$dir/$_: $!" for qw(home profile);
    my %env = (HOME => "$dir/home", TMPDIR => $self->{tmp}, XDG_CONFIG_HOME => "$dir/home/.config", XDG_CACHE_HOME => "$dir/home/.cache",
        DBUS_SESSION_BUS_ADDRESS => 'disabled:', DBUS_SYSTEM_BUS_ADDRESS => 'disabled:');
    $self->{pid} = MTASTS::Process::start('chromedriver', "$dir/log", 'env', map({"$_=$env{$_}"} sort keys %env),
        qw(setpriv --pdeathsig KILL chromedriver), "--port=$self->{port}");
    MTASTS::Process::wait_until_up($self->{pid}, sub { $self->{http}->get("http://127.0.0.1:$self->{port}/status")->{success} }, "$dir/log");
    return;
}

# Ends it and all its processes; removes what it kept but chromedriver's log.
sub quit {
    my ($self) = @_;
    delete $running{$self} or return;
    eval { $self->call(DELETE => $self->path()) } if $self->{session};
    MTASTS::Process::stop($self->{pid}) if $self->{pid};
    my $until = time + 10;
    wait_for(sub { !$self->processes() || time > $until });
    kill KILL => $self->processes();
    wait_for(sub { !$self->processes() });
    remove_tree("$self->{dir}/home", "$self->{dir}/profile", $self->{tmp});
    return;
}

# Its processes: each has one of its directories among its arguments.
sub processes {
    my ($self) = @_;
    my @all;
    for my $file (glob '/proc/[0-9]*/cmdline') {
        open my $fh, '<', $file or next;
        local $/;
        push @all, $file =~ /(\d+)/ if (<$fh> // '') =~ m{\Q$self->{dir}\E/(?:home|profile)};
    }
    return @all;
}

# --- WebDriver ---

sub path { my ($self, $of) = @_; return "/session/$self->{session}" . ($of // '') }

# The value of a response; dies with the browser's words if it is an error.
sub call {
    my ($self, $method, $path, $body) = @_;
    my $content = ref $body ? $json->encode($body) : $body;
    my $r = $self->{http}->request($method, "http://127.0.0.1:$self->{port}$path", {headers => {'Content-Type' => 'application/json'},
        $method eq 'POST' ? (content => $content // '{}') : ()});
    # JSON::PP takes its time for a picture or a PDF.
    return $1 if $r->{success} && $r->{content} =~ /^\{"value":(?:\{"data":)?"([A-Za-z0-9+\/=]+)"\}+$/;
    my $value = eval { $json->decode($r->{content})->{value} };
    return $value if $r->{success};
    my ($line) = split /\n/, ref $value ? "$value->{error}: $value->{message}" : $r->{content};
    die "browser: $method $path: $line\n";
}

sub cdp { my ($self, $command, %params) = @_; return $self->call(POST => $self->path('/goog/cdp/execute'), {cmd => $command, params => \%params}) }

# The page is loaded when it returns, with all that it asks for.
sub open {
    my ($self, $url) = @_;
    $self->call(POST => $self->path('/url'), {url => $url});
    return $self;
}

sub title { my ($self) = @_; return $self->call(GET => $self->path('/title')) }

# The body of a function that gets these arguments, run in the page; what it
# returns, as Perl.  It may be `async`: then what comes of its promise.
sub execute {
    my ($self, $script, @args) = @_;
    return $self->call(POST => $self->path('/execute/sync'), {script => $script, args => \@args});
}

# What went wrong in the page since asked last, a line each; blocked by its
# Content-Security-Policy, too.  No page has a say in the browser asking for a
# favicon.
sub errors {
    my ($self) = @_;
    return map {"$_->{level}: $_->{message}"} grep { $_->{level} ne 'INFO' && $_->{level} ne 'DEBUG' && $_->{message} !~ m{^\S+/favicon\.ico } }
        @{$self->call(POST => $self->path('/se/log'), {type => 'browser'})};
}

# How it shows pages from now on, each kept until it is given again: width =>
# pixels, dark => 0 or 1, print => 0 or 1 (as on paper), scripts => 0 or 1 (for
# the next page).  What is narrow is a phone.
sub emulate {
    my ($self, %o) = @_;
    my $at = $self->{at};
    my %new = map { $_ => 1 } grep { !defined $at->{$_} || $at->{$_} != $o{$_} } keys %o;
    %$at = (%$at, %o);
    $self->cdp('Emulation.setDeviceMetricsOverride', width => $at->{width}, height => 900, deviceScaleFactor => 1,
        mobile => bool($at->{width} < 600)) if $new{width};
    $self->cdp('Emulation.setEmulatedMedia', media => $at->{print} ? 'print' : '', features => [
        {name => 'prefers-color-scheme', value => $at->{dark} ? 'dark' : 'light'},
        {name => 'prefers-reduced-motion', value => 'reduce'}]) if $new{dark} || $new{print};
    $self->cdp('Emulation.setScriptExecutionDisabled', value => bool(!$at->{scripts})) if $new{scripts};
    return $self;
}

sub bool { return $_[0] ? JSON::PP::true : JSON::PP::false }

# --- hands ---

my %key = (Tab => "\x{e004}", Enter => "\x{e007}");

# Presses a key n times.
sub press {
    my ($self, $name, $n) = @_;
    my @once = map { {type => $_, value => $key{$name}} } qw(keyDown keyUp);
    return $self->actions({type => 'key', id => 'keys', actions => [(@once) x ($n // 1)]});
}

# Clicks n times in a row on an element, as execute() returned it, in its middle.
sub click_on {
    my ($self, $element, $n) = @_;
    $self->execute('arguments[0].scrollIntoView({block: "center"})', $element);
    my @once = map { {type => $_, button => 0} } qw(pointerDown pointerUp);
    return $self->actions({type => 'pointer', id => 'mouse', parameters => {pointerType => 'mouse'},
        actions => [{type => 'pointerMove', x => 0, y => 0, origin => $element}, (@once) x ($n // 1)]});
}

sub actions {
    my ($self, @sources) = @_;
    $self->call(POST => $self->path('/actions'), {actions => \@sources});
    $self->call(DELETE => $self->path('/actions')); # so that the next click is a first one
    return $self;
}

# What was copied, as it is pasted elsewhere.  In a page from 127.0.0.1.
sub clipboard { my ($self) = @_; return $self->granted('return navigator.clipboard.readText()') }

# Nothing is.
sub forget { my ($self) = @_; return $self->granted('return navigator.clipboard.writeText("")') }

# The page's own scripts have no such right.
sub granted {
    my ($self, $script) = @_;
    $self->cdp('Browser.grantPermissions', permissions => ['clipboardReadWrite', 'clipboardSanitizedWrite']);
    my $text = $self->execute($script);
    $self->cdp('Browser.resetPermissions');
    return $text;
}

# --- eyes ---

# The whole page, or so many pixels of it from above, as PNG.
sub screenshot {
    my ($self, $file, $most) = @_;
    my $height = $self->execute('scrollTo(0, 0); return document.documentElement.scrollHeight');
    $height = $most if $most && $most < $height;
    my $picture = $self->cdp('Page.captureScreenshot', format => 'png', captureBeyondViewport => bool(1),
        clip => {x => 0, y => 0, width => $self->{at}{width}, height => $height, scale => 1});
    MTASTS::Config::write_file($file, decode_base64($picture));
    return $self;
}

# The page as it is printed on A4, as PDF.
sub pdf {
    my ($self, $file) = @_;
    my $paper = $self->call(POST => $self->path('/print'), {page => {width => 21.0, height => 29.7}});
    MTASTS::Config::write_file($file, decode_base64($paper));
    return $self;
}

# What axe-core finds wrong with the page, a line for each element.  What it can't
# tell of is no violation.
my $axe;
sub axe {
    my ($self) = @_;
    # It is run as the driver's own, which the page's policy does not forbid, and
    # stays until the next page.
    $axe //= $json->encode({script => decode('UTF-8', MTASTS::Config::slurp(axe_file())), args => []});
    $self->call(POST => $self->path('/execute/sync'), $axe) if !$self->execute('return !!window.axe');
    my $violations = $self->execute(<<'END');
return axe.run(document, {
    runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],
    rules: {'target-size': {enabled: true}}, resultTypes: ['violations']
}).then(r => r.violations.flatMap(v => v.nodes.map(n =>
    [v.id, v.impact, n.target.join(' '), n.failureSummary.replace(/\s+/g, ' ')].join(' | '))))
END
    return @$violations;
}

1;
