# Every shipped configuration file passes httpd -t, and says what it shows.
use strict;
use warnings FATAL => 'all';
use Apache::Test;
use Apache::TestUtil;
use JSON::PP;
use lib Apache::Test::vars('serverroot') . '/lib';
use MTASTS::Config;

my $v = Apache::Test::vars();
my $shipped = "$v->{serverroot}/shipped";
# file => [domains, findings]
my %want = (
    'example-own-mx.conf' => ['example.com', ''],
    'example-google-workspace.conf' => ['example.com', ''],
    'example-behind-proxy.conf' => ['example.com', 'vhost-plain'],
    'example-mod-md.conf' => ['example.com', ''],
    'example-many-domains.conf' => ['hoster.example customer1.example customer2.example customer3.example', ''],
    # configtest() has the checks off, without which no plan goes on.
    'example-rollout.conf' => ['example.com', 'no-effect'],
    'example-status.conf' => ['', ''],
    'mtasts.conf' => ['', ''],
);
my @files = map { s{.*/}{}r } glob "$shipped/*.conf";
plan tests => 1 + 4 * @files + 3, need_module(qw(ssl md));
ok t_cmp(join(' ', sort @files), join(' ', sort keys %want), 'all files');

for my $file (@files) {
    my ($rc, $out, $err) = configtest(qq(Include "$shipped/$file"));
    ok t_cmp($rc, 0, "$file: httpd -t");
    ok t_cmp(join(' ', $err =~ /mtasts: \S+: ([a-z-]+):/g), $want{$file}[1], "$file: findings");
    ($rc, my $json) = configtest(qq(Include "$shipped/$file"), '-D', 'DUMP_MTASTS_JSON');
    ok t_cmp(join(' ', map {$_->{domain}} @{decode_json($json)->{policies}}), $want{$file}[0], "$file: domains");
    # The comments' directives, too.
    open my $fh, '<', "$shipped/$file" or die $!;
    my @lines = map { s/^\s*#\s*(MTASTS|<\/?Location|SetHandler|Require)/$1/r =~ s{/usr/local/lib/mtasts/}{$shipped/}r } <$fh>;
    ($rc) = configtest(join '', @lines);
    ok t_cmp($rc, 0, "$file: with what is commented out");
}

# mtasts.load, as `make install` writes it.
open my $fh, '<', "$shipped/mtasts.load" or die $!;
my $load = join '', <$fh>;
ok t_cmp($load =~ s/\@LIBEXECDIR\@/$v->{serverroot}/, 1, 'mtasts.load: a place for the directory');
t_write_file("$v->{t_logs}/load.conf", "$load\nServerName x\nListen 127.0.0.1:1\nMTASTSMode testing\nPidFile $v->{t_logs}/x.pid\n"
    . MTASTS::Tree::load_modules('event') =~ s/^LoadModule mtasts_module.*\n//mr);
my $httpd = MTASTS::Tree::httpd();
my $said = `'$httpd' -d '$v->{serverroot}' -f '$v->{t_logs}/load.conf' -t 2>&1`;
ok t_cmp($?, 0, "mtasts.load: $said");
ok t_cmp($said, qr/Syntax OK/, 'mtasts.load: syntax OK');
