# conf/demo.conf as "./build.sh run" serves it: its API wants no key, so it is
# for those alone who come by the server's own names.  A page of another site
# whose name leads to 127.0.0.1 has its own Host, and an Origin that fits.

use strict;
use warnings;
use Test::More;
use Cwd qw(abs_path);
use File::Temp qw(tempdir);
use IO::Socket::INET;
use POSIX qw(WNOHANG);
use Seckill::Demo;

my $s = Seckill::Demo->new;
my $own = "127.0.0.1:$s->{port}";


# the status of a request, and in a list its head, too; 0: the connection is closed
# without an answer

sub ask {
    my ($method, $path, $host, @headers) = @_;
    my $sock = IO::Socket::INET->new($own) or die "$own: $!";
    my $body = $method eq 'GET' ? '' : '{}';
    my $version = defined $host ? '1.1' : '1.0';

    unshift @headers, "Host: $host" if defined $host;
    push @headers, 'Connection: close', 'Content-Length: ' . length $body;
    print $sock join("\r\n", "$method $path HTTP/$version", @headers, '', $body);

    my $head = do { local $/ = "\r\n\r\n"; <$sock> } // '';
    my $status = $head =~ m{^HTTP/1\.1 (\d+) } ? $1 : 0;

    return wantarray ? ($status, $head) : $status;
}


$s->start;
$s->wait_for('the sales', sub { ask('GET', '/api/health', $own) == 200 });

for my $host ('127.0.0.1', 'localhost', $own, "localhost:$s->{port}",
              "LOCALHOST:$s->{port}")
{
    is(scalar ask('GET', '/api/sales', $host), 200, "$host reads");
    is(scalar ask('POST', '/api/sales/phone/pause', $host, "Origin: http://$host"),
       200, 'and writes');
}

is(scalar ask('POST', '/api/sales/phone/resume', $own), 200, 'a sale');
is(scalar ask('POST', '/seckill?sale=phone&user=ann', $own), 200, 'takes claims');

# the page, for who comes by its own name

for my $file ('/', '/page.js', '/words.js', '/page.css', '/phone.svg') {
    my ($status, $head) = ask('GET', $file, $own);

    is($status, 200, "$file is there");
    like($head, qr/^Content-Security-Policy: default-src 'none';/m,
         'and nothing else may be loaded');
}

for my $host ('evil.example', "evil.example:$s->{port}",
              '127.0.0.1.evil.example', undef)
{
    my $name = $host // 'none';
    my @origin = $host ? ("Origin: http://$host") : ();

    for my $path (qw(/ /console/ /api/sales /api/events /metrics /seckill?sale=phone&user=ann)) {
        is(scalar ask('GET', $path, $host, @origin), 0, "$name: nothing of $path");
    }

    is(scalar ask('POST', '/api/sales/phone/end', $host, @origin,
           'Sec-Fetch-Site: same-origin'), 0, 'nor is anything done');
}

is(scalar ask('POST', '/api/sales/phone/pause', $own), 200, 'the sale has not ended');

$s->done;

# as it is begun, from anywhere: the page's address comes first

SKIP: {
    skip 'of the module that is built here', 5
        if ($ENV{SECKILL_TEST_KIND} // '') ne 'release' || $ENV{NGINX_SRC};

    my $dir = tempdir('seckill-demo-XXXXXX', TMPDIR => 1, CLEANUP => 1);
    my $build = abs_path('build.sh');
    my ($port) = Seckill::Server::lasting_ports(1);
    my $url = "http://127.0.0.1:$port";
    my $pid = fork // die $!;

    mkdir "$dir/demo";
    chmod 0755, $dir, "$dir/demo";

    if ($pid == 0) {
        chdir '/';
        open STDOUT, '>', "$dir/out";
        open STDERR, '>', "$dir/log";
        @ENV{qw(PORT DATA)} = ($port, "$dir/demo");
        exec 'bash', '-c', 'umask 077; exec "$0" run', $build
            or POSIX::_exit(127);
    }

    $s->wait_for('the demo', sub {
        waitpid($pid, WNOHANG) == $pid
            and die 'the demo ended: ' . Seckill::Server::slurp("$dir/log");
        Seckill::Server::slurp("$dir/out") =~ /Ctrl-C/;
    });

    my $out = Seckill::Server::slurp("$dir/out");
    my @urls = $out =~ m{(http://127\.0\.0\.1:\S+)}g;

    is($urls[0], "$url/", 'its first address is that of the page');
    unlike($out, qr/8080/, 'all are of its own port');

    for my $at (grep { m{/$} } @urls) {
        like(`curl -s -w '%{http_code}' $at`, qr/<html.*200\z/s, "$at is a page");
    }

    kill TERM => $pid;
    is(waitpid($pid, 0), $pid, 'it is stopped');
    is(join('', grep { /\[(?:alert|crit|emerg)\]/ }
                split /^/, Seckill::Server::slurp("$dir/log")), '', 'without a word');
}

done_testing;
