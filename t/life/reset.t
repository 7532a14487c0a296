# Clients that send a request and reset the connection at once: the answer is
# made, and cannot be sent, while nginx is still in the request's handler.

use strict;
use warnings;
use Test::More;
use Socket qw(SOL_SOCKET SO_LINGER);
use Seckill::Server;

my $clients = 100;
my $rounds = 5;


# all that they send is there, and the connections are reset, when the workers
# see them

sub send_and_reset {
    my ($s, $method, $uri, $body) = @_;

    $body //= '';

    for (1 .. $rounds) {
        kill STOP => $s->workers;

        for (1 .. $clients) {
            my $sock = $s->connect;
            syswrite $sock, "$method $uri HTTP/1.1\r\nHost: localhost\r\n"
                . 'Content-Length: ' . length($body) . "\r\n\r\n$body";
            setsockopt $sock, SOL_SOCKET, SO_LINGER, pack('ii', 1, 0);
            close $sock;
        }

        kill CONT => $s->workers;

        # connections are accepted in their order

        $s->request('GET', '/api/health') for 1 .. 2;
    }
}


my $s = Seckill::Server->new(
    workers => 1,
    http => 'seckill_zone zone=drop:2m store=seckill/drop.db;
             seckill_sale zone=drop name=phone stock=2000;');

$s->start->ready;

my $pid = ($s->workers)[0];

# more than may wait, as another program has the store locked

my $lock = $s->lock_store;
send_and_reset($s, 'PATCH', '/api/sales/phone', '{}');
$s->unlock_store($lock);

$s->wait_for('a command after those whose answer nobody took', sub {
    $s->api('PATCH', 'sales/phone', '{}')->{status} == 200;
});

send_and_reset($s, 'PATCH', '/api/sales/phone', ' ' x 70_000);
send_and_reset($s, 'POST', '/seckill?sale=phone&user=a');
send_and_reset($s, 'GET', '/api/orders');
send_and_reset($s, 'GET', '/api/events');
is($s->api('GET', 'orders')->{status}, 200, 'a page after them');

# no thread is to be had for a page: it is read in the request's handler

SKIP: {
    skip 'only root can set a limit for another user', 5 if $> != 0;

    $s->reload;
    $pid = ($s->workers)[0];

    my ($before) = Seckill::Server::slurp("/proc/$pid/limits")
                   =~ /^Max processes +(\d+|unlimited)/m;

    is($s->limit_processes($pid, 1), 0, 'a limit');
    push @{$s->{allow}}, qr/cannot start a thread to read/;

    send_and_reset($s, 'GET', "/api/$_")
        for qw(sales sales/phone orders orders/2 events products);

    is($s->api('GET', 'orders')->{status}, 200, 'a page without a thread');
    is($s->request('GET', '/api/events?after=2&wait=1')->{status}, 200,
       'and one that has waited');

    my @tasks = glob "/proc/$pid/task/[0-9]*";
    is(scalar @tasks, 1, 'there was none');
    is($s->limit_processes($pid, $before), 0, 'none any more');
}

is(($s->workers)[0], $pid, 'the worker is alive');

$s->done;

done_testing();
