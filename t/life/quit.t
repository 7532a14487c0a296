# Quit and stop in the middle of a rush: who was admitted when the helper has
# already left is decided by the worker itself.

use strict;
use warnings;
use Test::More;
use Time::HiRes qw(sleep);
use Seckill::Server;

my $stock = 4000;
my $s = Seckill::Server->new(http => <<"END");
    seckill_zone zone=drop:4m;
    seckill_sale zone=drop name=phone stock=$stock;
END

for my $name ('QUIT', 'TERM', 'QUIT') {
    my $before = $s->{answers} ? keys %{$s->answers->{won}} : 0;

    $s->start->ready;
    $s->buyers(sale => 'phone', users => 3000, prefix => $name . $before,
               processes => 16, patience => 2);
    $s->wait_for('some wins', sub {
        keys %{$s->answers->{won}} >= $before + 300;
    });
    $s->stop($name);
    $s->buyers_stop;
    pass("$name in a rush");
}

$s->start->ready;
$s->check_sale('phone', $stock);
$s->done;

# the helper is gone, a claim comes: the exiting worker drains the queue.  A
# request that trickles in keeps the worker; its claim is made after QUIT.

$s = Seckill::Server->new(workers => 1, http => <<"END");
    seckill_zone zone=drop:2m;
    seckill_sale zone=drop name=phone stock=10;
END

$s->start->ready;

my @socks = map { $s->connect } 1 .. 3;
syswrite $socks[$_], "POST /seckill?sale=phone&user=u$_ HTTP/1.1\r\n"
    for 0 .. 2;
sleep 0.3;

my $helper = $s->helper;
$s->signal('QUIT');
$s->wait_for('the helper to leave', sub {
    Seckill::Server::zombie($helper);
});

for my $i (0 .. 2) {
    syswrite $socks[$i], "Host: localhost\r\n\r\n";
    my $res = Seckill::Server::read_response($socks[$i]);
    like($res->{body}, qr/"result":"won"/, "claim $i is decided while exiting");
}

$s->stop('QUIT');
$s->start->ready;
is($s->ask('phone', "u$_")->{result}, 'won', "u$_ is known") for 0 .. 2;
$s->done;

done_testing;
