# Streams whose frames do not get to the socket: by filters of nginx, by TLS, or
# since the client has gone before the first one.

use strict;
use warnings;
use IPC::Open2 qw(open2);
use Socket qw(SOL_SOCKET SO_LINGER);
use Test::More;
use Seckill::Server;
use Seckill::Stream;

my ($port, $tls) = Seckill::Server::lasting_ports(2);
my $s = Seckill::Server->new(workers => 1, port => $port);

is(system("openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=localhost "
          . "-keyout $s->{dir}/key.pem -out $s->{dir}/cert.pem -days 1 "
          . "> $s->{dir}/logs/openssl 2>&1"), 0, 'a certificate');

$s->start(http => <<"END", server => <<"END2")->ready;
    seckill_zone zone=drop:2m;
    seckill_sale zone=drop name=phone stock=10;
    server {
        listen 127.0.0.1:$tls ssl;
        ssl_certificate $s->{dir}/cert.pem;
        ssl_certificate_key $s->{dir}/key.pem;
        ssl_buffer_size 64m;
        send_timeout 2s;
        location = /stream { seckill_stream zone=drop user=\$arg_user; }
    }
END
        location = /stream { seckill_stream zone=drop user=\$arg_user; }
        location = /parts {
            ssi on;
            ssi_types *;
            seckill_stream zone=drop user=\$arg_user;
        }
        location = /part { return 200 'a part'; }
END2

sub encoded { $_[0] =~ s/(\W)/sprintf '%%%02X', ord $1/ger }

# a filter that has subrequests made: what is behind them is sent after them

my $user = encoded("<!--#include virtual='/part'-->");
my $page = Seckill::Stream->of('curl', '-sSN', "http://127.0.0.1:$port/parts?"
                               . "sale=phone&user=$user");

like(($page->next('order') // {})->{user}, qr/a part/, 'a part of a frame');
is($s->claim('phone', $user)->{result}, 'won', 'an order');
is(($page->next('order') // {})->{result}, 'won', 'which is told, too');
$page->close;

# who is gone before he is told anything: the sale is not kept for him, which
# LeakSanitizer would find

{
    my ($worker) = $s->workers;
    kill STOP => $worker;

    my $sock = $s->connect;
    syswrite $sock, "GET /stream?sale=phone&user=ann HTTP/1.1\r\n"
                    . "Host: x\r\n\r\n";
    setsockopt $sock, SOL_SOCKET, SO_LINGER, pack 'ii', 1, 0;
    close $sock;

    kill CONT => $worker;
    $s->wait_for('it to be found', sub {
        defined $s->metric('seckill_streams')
    });
}
is($s->metric('seckill_streams'), 0, 'one that is gone has no stream');

# TLS has its own buffer, which takes what a client does not read: he is dropped
# all the same

my $deaf = '%C3%A9' x 64;
my $pid = open2(my $out, my $in, 'socat', '-',
                "OPENSSL:127.0.0.1:$tls,verify=0,rcvbuf=1024");
$in->autoflush(1);
print $in "GET /stream?sale=phone&user=$deaf HTTP/1.1\r\nHost: x\r\n\r\n";

$s->wait_for('a stream', sub { $s->metric('seckill_streams') == 1 });

my $turns = 0;
$s->wait_for('the one that does not read to be dropped', sub {
    my $order = $s->claim('phone', $deaf)->{order};
    $s->api(POST => "orders/$order/cancel");
    $turns++;
    return $s->metric('seckill_streams_dropped_total') == 1;
});
cmp_ok($turns, '>', 1, "who does not read is dropped behind TLS: $turns turns");

kill TERM => $pid;
waitpid $pid, 0;

$s->done;
done_testing();
