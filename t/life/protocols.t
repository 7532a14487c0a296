# Protocols: keep-alive, pipelining, HTTP/1.0, HTTP/2, TLS, clients that leave,
# bodies that are discarded.

use strict;
use warnings;
use Test::More;
use Time::HiRes qw(sleep);
use Seckill::Server;

my $tls = Seckill::Server::free_port();
my $s = Seckill::Server->new(workers => 1);
my $curl = "curl -sS --max-time 20 -k";

is(system("openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=localhost "
          . "-keyout $s->{dir}/key.pem -out $s->{dir}/cert.pem -days 1 "
          . "> $s->{dir}/logs/openssl 2>&1"), 0, 'a certificate');

my ($version) = `@{[($s->command)[0]]} -v 2>&1` =~ m{nginx/1\.(\d+)};
my ($listen, $directive) = $version > 25 ? ('', 'http2 on;') : ('http2', '');

$s->start(http => <<"END")->ready;
    seckill_zone zone=drop:2m;
    seckill_sale zone=drop name=phone stock=1000;
    server {
        listen 127.0.0.1:$tls ssl $listen;
        $directive
        ssl_certificate $s->{dir}/cert.pem;
        ssl_certificate_key $s->{dir}/key.pem;
        location = /seckill { seckill zone=drop user=\$arg_user; }
    }
END

# keep-alive and pipelining: answers in order, each user's own

my $sock = $s->connect;
my $n = 200;

syswrite $sock, join '', map {
    "POST /seckill?sale=phone&user=p" . int($_ / 2)
    . " HTTP/1.1\r\nHost: localhost\r\n\r\n"
} 0 .. $n - 1;

my @wrong;
for my $i (0 .. $n - 1) {
    my $res = Seckill::Server::read_response($sock);
    my ($want, $user) = ($i % 2 ? 'already' : 'won', 'p' . int($i / 2));
    push @wrong, "$i: $res->{body}"
        if $res->{body} !~ /"result":"$want".*"user":"$user"/;
}
is("@wrong", '', "$n pipelined requests on one connection");

# a chunked body that comes late, then the next request

syswrite $sock, "POST /seckill?sale=phone&user=chunked HTTP/1.1\r\n"
    . "Host: localhost\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel";
sleep 0.3;
syswrite $sock, "lo\r\n0\r\n\r\nGET /seckill?sale=phone&user=chunked HTTP/1.1\r\n"
    . "Host: localhost\r\n\r\n";
like(Seckill::Server::read_response($sock)->{body}, qr/"won".*"chunked"/,
     'a body that comes late is discarded');
like(Seckill::Server::read_response($sock)->{body}, qr/"won".*"state":"sold"/,
     'and the next request is answered');
close $sock;

# HTTP/1.0 without and with keep-alive

$sock = $s->connect;
syswrite $sock, "POST /seckill?sale=phone&user=old HTTP/1.0\r\n\r\n";
my $all = do { local $/; <$sock> };
like($all, qr/"won".*"old".*}\n\z/s, 'HTTP/1.0: answered and closed');

$sock = $s->connect;
syswrite $sock, "POST /seckill?sale=phone&user=old HTTP/1.0\r\n"
    . "Connection: keep-alive\r\n\r\n";
like(Seckill::Server::read_response($sock)->{body}, qr/"already"/,
     'HTTP/1.0 with keep-alive');
close $sock;

# HEAD has a length and no body

my $res = `$curl -I 'http://127.0.0.1:$s->{port}/seckill?sale=phone&user=old'`;
like($res, qr/^HTTP.* 200.*^Content-Length: [1-9]\d+.*\r\n\r\n\z/ms, 'HEAD');

# TLS, HTTP/2; many streams at once on one connection

my $base = "https://127.0.0.1:$tls/seckill?sale=phone";

like(`$curl --http1.1 -X POST '$base&user=tls'`, qr/"won"/, 'TLS');
like(`$curl --http2 -w '%{http_version}' -X POST '$base&user=h2'`,
     qr/"won".*\n2$/s, 'HTTP/2');
like(`$curl --http2 -X POST '$base&user=h2'`, qr/"already"/, 'HTTP/2, again');
like(`$curl --http2 -X POST -d '@{["x" x 30000]}' '$base&user=h2body'`,
     qr/"won"/, 'HTTP/2 with a body');
like(`$curl --http2 -I '$base&user=h2'`, qr/^HTTP\/2 200/, 'HTTP/2 HEAD');

my @many = split /\n/, `$curl --http2 --no-progress-meter --parallel --parallel-max 50 -X POST '$base&user=m[1-60]' '$base&user=m[1-60]'`;
is(scalar(grep { /"won"/ } @many), 60, '120 streams of 60 users: 60 win');
is(scalar(grep { /"already"/ } @many), 60, 'and 60 have already');

# clients that leave while the store is locked, so that nothing is decided:
# their claims are decided all the same

my $lock = $s->lock_store;

for my $i (1 .. 20) {
    my $leaves = $s->connect;
    syswrite $leaves, "POST /seckill?sale=phone&user=left$i HTTP/1.1\r\n"
        . "Host: localhost\r\n\r\n";
    push @wrong, $leaves;
}
system("$curl --max-time 1 --http2 -X POST '$base&user=left21' 2> /dev/null");

$s->wait_for('them to be admitted', sub {
    $s->metric('seckill_queue_claims') == 21;
});
@wrong = ();
sleep 0.2;
$s->unlock_store($lock);

$s->wait_for('them to be decided', sub {
    $s->metric('seckill_queue_claims') == 0;
});
is(scalar(grep { $s->ask('phone', "left$_")->{result} eq 'won' } 1 .. 21), 21,
   'a claim is decided though its client has left');
is($s->metric('seckill_conservation_errors'), 0, 'units add up');

# promtool likes the metrics

my $port = $s->{port};
$s->reload(server => 'location = /prometheus { seckill_metrics zone=drop; }');
is(`curl -s http://127.0.0.1:$port/prometheus | promtool check metrics 2>&1`,
   '', 'promtool check metrics');

# the chain is in them, and in its place, exactly

my $head = $s->api('GET', 'health')->{data}{head};
is($s->metric('seckill_ledger_events'), $head->{number}, 'the number of the head');
is(sprintf('%012x', $s->metric('seckill_ledger_chain')),
   substr($head->{chain}, 0, 12), 'the first digits of its chain');

$s->done;
done_testing;
