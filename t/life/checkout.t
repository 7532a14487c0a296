# docs/checkout.md can be followed from nothing to a shop that only winners
# reach: its commands are run here, one block after another, with paths and
# ports of the test, and print what the page says.

use strict;
use warnings;
use File::Temp qw(tempdir);
use IO::Socket::INET;
use Test::More;
use Time::HiRes qw(sleep time);
use Seckill::Server;

my $WAIT = 30 * ($ENV{SECKILL_TEST_PATIENCE} || 1);

my $dir = tempdir('seckill-life-XXXXXX', TMPDIR => 1, CLEANUP => 1);
my ($web, $api, $app) = Seckill::Server::lasting_ports(3);
my ($module) = split ' ', $ENV{TEST_NGINX_LOAD_MODULES} // '';
my $nginx = $ENV{TEST_NGINX_BINARY} || 'nginx';

chmod 0755, $dir;
mkdir "$dir/$_" for qw(etc log lib run conf);

# nginx frees nothing at the end of -t, nor where it becomes a daemon

$ENV{ASAN_OPTIONS} = ($ENV{ASAN_OPTIONS} // '') . ':detect_leaks=0';
$ENV{PORT} = $app;
$ENV{SECKILL_URL} = "http://127.0.0.1:$api/api";

# the configuration as it is, but for where things are

my $conf = Seckill::Server::slurp('conf/checkout.conf');
my $temp = join '', map { "    ${_}_temp_path $dir/temp_$_;\n" }
                    qw(client_body proxy fastcgi uwsgi scgi);

$conf =~ s/^load_module .*;/$module ? "load_module $module;" : ''/me;
$conf =~ s/^user .*;//m if $> != 0;
$conf =~ s/^worker_rlimit_nofile .*;\n//m;
$conf =~ s/worker_connections \d+/worker_connections 1024/;
$conf =~ s/^http \{\n/http {\n$temp/m;
$conf =~ s/listen 80 /listen 127.0.0.1:$web /;
$conf =~ s/127\.0\.0\.1:9145/127.0.0.1:$api/;
$conf =~ s/127\.0\.0\.1:3000/127.0.0.1:$app/;
$conf = moved($conf);

open my $out, '>', "$dir/conf/checkout.conf" or die $!;
print $out $conf;
close $out or die $!;

# the page's blocks: what is typed, and what it prints

my $page = Seckill::Server::slurp('docs/checkout.md');
my @blocks;

while ($page =~ /^```(sh|text)\n(.*?)^```\n/msg) {
    if ($1 eq 'sh') {
        push @blocks, { typed => $2 };
    } else {
        $blocks[-1]{printed} = moved($2);
    }
}

cmp_ok(scalar @blocks, '>=', 7, 'the page has commands');
cmp_ok(scalar(grep { defined $_->{printed} } @blocks), '>=', 3,
       'and says what they print');

# the variables of one block are there in the next

open my $script, '>', "$dir/script" or die $!;
print $script "set -e\n";

for my $i (0 .. $#blocks) {
    my $typed = moved($blocks[$i]{typed});

    print $script "exec > $dir/printed.$i 2> $dir/failed.$i\n$typed";
    print $script <<"END" if $typed =~ /shop\.js serve/;
echo \$! > $dir/shop.pid
until curl -s -o $dir/x http://127.0.0.1:$app/; do sleep 0.1; done
END
}

close $script or die $!;

is(system('timeout', $WAIT * 2, 'bash', "$dir/script"), 0,
   'all of it can be typed');

for my $i (0 .. $#blocks) {
    my $printed = Seckill::Server::slurp("$dir/printed.$i");
    my ($what) = $blocks[$i]{typed} =~ /^(.*)/;

    is($printed, $blocks[$i]{printed}, "what it prints: $what")
        if defined $blocks[$i]{printed};
    diag(Seckill::Server::slurp("$dir/failed.$i"))
        if !Test::More->builder->is_passing;
}

my $last = Seckill::Server::slurp("$dir/printed.$#blocks");
my ($winners, @orders) = split /\n/, $last;

is($winners, 2, 'two are in the log of winners');
is(scalar(grep { /\bpaid\b/ } @orders), 2, 'two orders are paid')
    or diag($last);

# a claim from another site's page, and one for an application that is away

is(system("curl -s -o $dir/x -b $dir/cem.cookie -H 'Sec-Fetch-Site: cross-site'"
          . " -w '%{http_code}' -X POST http://127.0.0.1:$web/checkout/buy"
          . " > $dir/code"), 0, 'another site asks');
like(Seckill::Server::slurp("$dir/x"), qr/did not work/, 'and gets a page');

stop($_) for "$dir/run/nginx.pid", "$dir/shop.pid";

my @wrong = grep { /\[(?:alert|crit|emerg)\]/ }
            split /^/, Seckill::Server::slurp("$dir/log/error.log");
is("@wrong", '', 'a clean error log');

done_testing;


sub moved {
    my ($text) = @_;

    $text =~ s{/etc/nginx}{$dir/etc}g;
    $text =~ s{/var/log/nginx}{$dir/log}g;
    $text =~ s{/var/lib/seckill}{$dir/lib/seckill}g;
    $text =~ s{/run/nginx\.pid}{$dir/run/nginx.pid}g;
    $text =~ s{\bconf/checkout\.conf}{$dir/conf/checkout.conf}g;
    $text =~ s{http://127\.0\.0\.1/}{http://127.0.0.1:$web/}g;
    $text =~ s{127\.0\.0\.1:9145}{127.0.0.1:$api}g;
    $text =~ s{(?<![/\w])(\$?\w+\.cookie)}{$dir/$1}g;
    $text =~ s{^nginx }{$nginx -p $dir/ -e $dir/log/error.log }mg;

    return $text;
}


sub stop {
    my ($file) = @_;
    my ($pid) = Seckill::Server::slurp($file) =~ /(\d+)/ or return;
    my $end = time + $WAIT;

    kill TERM => $pid;
    sleep 0.05 while !Seckill::Server::zombie($pid) && time < $end;
}
