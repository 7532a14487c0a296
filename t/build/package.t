# The Debian packages: ./build.sh package makes them, lintian has nothing to say,
# and in a fresh Debian they are installed, sell as README.Debian says, are
# upgraded while nginx runs, removed and purged; orders stay.

use strict;
use warnings;
use Test::More;
use File::Temp qw(tempdir);
use Time::HiRes qw(sleep);
use Seckill::Chroot;

plan skip_all => 'of the release build only'
    if ($ENV{SECKILL_TEST_KIND} // 'release') ne 'release';
plan skip_all => 'packages are for the nginx of the distribution'
    if $ENV{NGINX_SRC};

my $missing = Seckill::Chroot::missing();
plan skip_all => $missing if $missing;

my $mod = 'libnginx-mod-http-seckill';
my $store = '/var/lib/seckill';

sub slurp { Seckill::Chroot::slurp(@_) }
sub tree { scalar `git status --porcelain 2> /dev/null` }


# they are of the version that the module says

my ($version) = slurp('src/http/ngx_http_seckill.h')
    =~ /NGX_HTTP_SECKILL_VERSION\s+"([^"]+)"/;
like(slurp('debian/changelog'), qr/^$mod \(\Q$version\E[)~+-]/,
     'debian/changelog begins with this version');

# they are made, and nothing else is changed

my $before = tree();
is(system('./build.sh package'), 0, 'the packages are made');
is(tree(), $before, 'the working tree stays as it was');

my %deb = map { m{/([a-z-]+)_} => $_ } glob 'build/package/*.deb';
my @debs = @deb{$mod, 'seckill'};
is(scalar(grep { $_ && -f } @debs), 2, 'of the module and of the command')
    or BAIL_OUT('no packages');

# lintian's own complaint, root, is none of the packages'
my $said = `lintian -EviIL +pedantic --fail-on error,warning \\
            build/package/*.changes 2> /dev/null`;
is($?, 0, 'lintian finds no error')
    or diag(join "\n", grep { /^[EW]:/ } split /\n/, $said);

# what they need, so that nothing is to be fetched later

my %needed = map { $_ => 1 }
             map { `dpkg-deb -f $_ Depends` =~ /(?:^|, )([a-z0-9.+-]+)/g } @debs;
my ($abi) = grep { /^nginx-abi-/ } keys %needed;
ok(delete $needed{$abi // ''}, 'the module is for one ABI of nginx');

my $c = Seckill::Chroot->new('nginx', 'curl', 'man-db', 'systemd', keys %needed);

if (!$c) {
    SKIP: { skip 'the apt sources of this machine do not answer', 1 }
    done_testing;
    exit;
}

my $root = $c->{root};

sub does {
    my ($command, $name) = @_;
    my $out = $c->run($command);

    is($?, 0, $name // $command) or diag("$command:\n$out");
    return $out;
}

sub fails {
    my ($command, $name) = @_;
    my $out = $c->run($command);

    isnt($?, 0, $name) or diag("$command:\n$out");
    return $out;
}

# waits until nginx does

sub serves {
    return $c->run('curl -sS --retry 20 --retry-delay 1 --retry-connrefused'
                   . ' http://127.0.0.1:8080/api/health');
}

sub claim {
    my ($user) = @_;

    serves();
    return $c->run('curl -sS --max-time 20 -X POST'
                   . " 'http://127.0.0.1:8080/seckill?sale=phone&user=$user'");
}

sub install {
    my @files = @_;
    system('cp', @files, "$root/tmp/") == 0 or die;
    return 'apt-get install -y --no-install-recommends --no-remove '
           . join ' ', map { m{([^/]+)$} ? "/tmp/$1" : () } @files;
}


# installed

does(install(@debs), 'both are installed beside nginx');

my $link = "$root/etc/nginx/modules-enabled/50-mod-http-seckill.conf";
ok(-l $link, 'the module is enabled');
does('nginx -t', 'nginx takes it');
is(does("stat -c '%U %G %a' $store"), "www-data www-data 750\n",
   'the directory of the stores is the worker user\'s');

like(does('man -w 1 seckill'), qr/seckill/, 'seckill(1)');
like(does('man -w 5 ngx_http_seckill_module'), qr/module/,
     'ngx_http_seckill_module(5)');

# of what the documents lead to, what measures is in the sources only

my $doc = "$root/usr/share/doc/$mod";
my @lost;

for my $file (map { glob "$doc/$_" } '*.md', 'docs/*.md', 'docs/zh/*.md') {
    my ($dir) = $file =~ m{^(.*)/};
    push @lost, map { "$file: $_" } grep { !m{/bench/} && !-e "$dir/$_" }
                slurp($file) =~ /\]\((?![a-z]+:)([^)#\s]+)/g;
}

is(join("\n", @lost), '', 'the documents lead to what is there');

my $page = does('man --warnings 5 ngx_http_seckill_module 2>&1 | cat', 'it is read');
unlike($page, qr/warning:/, 'by roff without a complaint');

for my $name (slurp('ngx_http_seckill_module.c') =~ /ngx_string\("(\w+)"\)/g) {
    like($page, qr/^ +$name\n +syntax\s+$name /m, "it has $name");
}

does('bash -c ". /usr/share/bash-completion/completions/seckill'
     . ' && complete -p seckill"', 'bash completes it');
like(slurp("$root/usr/share/zsh/vendor-completions/_seckill"),
     qr/^#compdef seckill/, 'and so does zsh');

ok(-f "$root/lib/systemd/system/seckill-push.service"
   || -f "$root/usr/lib/systemd/system/seckill-push.service",
   'there is a unit for webhooks');
is(does('find /etc/systemd/system -name "seckill*"'), '', 'which is not enabled');

my $dropin = '/etc/systemd/system/nginx.service.d';
does("install -D -m 644 /usr/share/doc/$mod/examples/systemd/hardening.conf $dropin/x.conf",
     'nginx has less rights');
is(does('systemd-analyze verify nginx.service seckill-push.service', 'both units'), '',
   'are right');
does("systemd-analyze security --offline=true --threshold=$_", "and closed: $_")
    for '30 nginx.service', '15 seckill-push.service';


# a sale, by the commands that README.Debian has

my ($try, $upgrade, $remove, $forget)
    = map { [ map { s/systemctl (\w+) nginx/service nginx $1/r } /^    (.*)$/mg ] }
      slurp("$root/usr/share/doc/$mod/README.Debian")
      =~ /^-----+\n(.*?)(?=^\w[^\n]*\n---|\z)/msg;
my ($delete) = splice @$remove, 2;

does('service nginx start', 'nginx is started');

for (@$try) {
    does($_, "README.Debian: $_");

    # nginx does that in its own time
    serves() if /reload/;
}

like(claim('alice'), qr/"result":"already"/, 'who has won there has won');
like(claim('bob'), qr/"result":"won"/, 'another one wins');
like(does('seckill order list --sale phone'), qr/alice.*bob/s, 'the command');
does("seckill verify $store/drop.db", 'the ledger is sound');

# the other configurations that come along

$c->write('etc/nginx/seckill.key', 'k' x 32 . " shop\n");
chmod 0600, "$root/etc/nginx/seckill.key";
does("nginx -t -c /usr/share/doc/$mod/examples/shop.conf", 'shop.conf is good');
does("sed 's,/etc/nginx/conf.d/\\*,/usr/share/doc/$mod/examples/conf.d/container,;"
     . " /sites-enabled/d' /etc/nginx/nginx.conf > /tmp/c.conf"
     . ' && grep container /tmp/c.conf && nginx -t -c /tmp/c.conf',
     'container.conf is good');


# another version

sub repack {
    my ($deb, $version, $edit) = @_;
    my $dir = tempdir('seckill-deb-XXXXXX', TMPDIR => 1, CLEANUP => 1);
    my ($name) = $deb =~ m{([^/_]+)_[^/]*$};

    system('dpkg-deb', '-R', $deb, "$dir/tree") == 0 or die;
    my $control = slurp("$dir/tree/DEBIAN/control");
    $control =~ s/^Version: .*/Version: $version/m;

    open my $out, '>', "$dir/tree/DEBIAN/control" or die $!;
    print $out $control;
    close $out or die $!;

    system("dpkg-deb -Znone -b $dir/tree $dir/${name}_next.deb > /dev/null") == 0
        or die;
    return "$dir/${name}_next.deb";
}

my $mine = "# mine\n" . slurp("$root/etc/nginx/conf.d/seckill.conf");
$c->write('etc/nginx/conf.d/seckill.conf', $mine);
does("chmod 700 $store", 'the directory is given another mode');

does(install(map { repack($_, '9:9') } @debs), 'a new version is installed');
is(does("dpkg-query -W -f '\${Version} \${Status}' $mod"), '9:9 install ok installed',
   'it is there');
is(does("stat -c '%U %a' $store"), "www-data 700\n", 'what was set stays set');
is(slurp("$root/etc/nginx/conf.d/seckill.conf"), $mine, 'so does the configuration');
ok(-l $link, 'the module is enabled');
like(claim('alice'), qr/"result":"already"/, 'nginx goes on');

my $maps = 'cat /proc/[0-9]*/maps | grep ngx_http_seckill_module.so';
like(does($maps, 'with a module'), qr/deleted/, 'that was there before');

does($_, "README.Debian: $_") for @$upgrade;

for (1 .. 100) {
    last if $c->run($maps) !~ /deleted/;
    sleep 0.2;
}

unlike(does($maps, 'with a module'), qr/deleted/, 'that is the new one');
like(claim('bob'), qr/"result":"already"/, 'and knows who has won');
like(claim('carol'), qr/"result":"won"/, 'and sells');


# an nginx of another ABI

my $other = tempdir('seckill-deb-XXXXXX', TMPDIR => 1, CLEANUP => 1);
mkdir "$other/$_" for 'tree', 'tree/DEBIAN';
open my $control, '>', "$other/tree/DEBIAN/control" or die $!;
print $control <<'END';
Package: nginx
Version: 99.0-1
Architecture: all
Maintainer: nobody <nobody@nowhere.invalid>
Provides: httpd, nginx-abi-99.0-1
Description: an nginx of another ABI
END
close $control or die $!;
system("dpkg-deb -Znone -b $other/tree $other/nginx.deb > /dev/null") == 0 or die;

like(fails(install("$other/nginx.deb"), 'an nginx of another ABI is refused'),
     qr/REMOVED:\s+$mod\b/, 'because of the module');
like(claim('alice'), qr/"result":"already"/, 'nginx goes on');


# removed and purged

does($_ =~ s/apt /apt-get -y /r, "README.Debian: $_") for @$remove;
ok(!-l $link, 'the module is not enabled any more');
does('nginx -t', 'nginx does without it');
does('service nginx restart', 'and is started');
ok(-s "$root$store/drop.db", 'orders are kept');

does(install(@debs) . ' --allow-downgrades', 'installed again');
ok(-l $link, 'the module is enabled');
does($try->[0], 'the sale is there again');
does('service nginx restart', 'nginx is started');
like(claim('alice'), qr/"result":"already"/, 'and knows who has won');

does('service nginx stop', 'nginx is stopped');
does('rm /etc/nginx/conf.d/seckill.conf', 'no configuration');
does('cd /var/lib && mkdir -p private/seckill-push && touch private/seckill-push/state'
     . ' && ln -s private/seckill-push .', 'events were sent, as systemd keeps their place');
like(does("apt-get purge -y $mod seckill", 'purged'),
     qr{\Q$store' not empty}, 'it is said that orders are kept');
ok(-s "$root$store/drop.db", 'and so they are');
is(does('find /etc/nginx/modules* /usr /lib /var/lib -name "*seckill*"'),
   "$store\n", 'nothing else is left');

does($delete, "README.Debian: $delete");
does(install($deb{$mod}), 'installed once more');
does("apt-get purge -y $mod", 'purged before there was an order');
ok(!-e "$root$store", 'no directory is left');


# what an administrator says before there is a package

does("dpkg-statoverride --add root games 710 $store", 'it is to be somebody else\'s');
does(install($deb{$mod}), 'installed');
is(does("stat -c '%U %G %a' $store"), "root games 710\n", 'and so it is');
does("dpkg-statoverride --remove $store && apt-get purge -y $mod", 'no more');

does("mkdir -p /srv/stores && chown games /srv/stores && ln -s /srv/stores $store",
     'it is elsewhere, and somebody else\'s');
does(install($deb{$mod}), 'installed');
is(does("stat -Lc '%U %a' $store"), "games 755\n", 'and stays so');
does("apt-get purge -y $mod", 'purged');

unlike(slurp("$root/var/log/nginx/error.log"), qr/\[(?:alert|crit|emerg|error)\]/,
       'nothing was wrong in all that');

done_testing;
