# The network of one of two machines is cut and healed, while users buy at both:
# what was on its way comes late, or is lost with the connection.

use strict;
use warnings;
use Test::More;
use Time::HiRes qw(sleep time);
use Seckill::Proxy;
use Seckill::Redis;
use Seckill::Server;

my ($CUTS, $USERS) = (6, 400);
my $STOCK = $CUTS * $USERS - $USERS / 2;

my $redis = Seckill::Redis->new;
my $proxy = Seckill::Proxy->new(to => $redis->{port});

sub machine {
    my ($name, $url) = @_;

    return Seckill::Server->new(http => <<"END");
    seckill_zone zone=drop:8m redis=$url machine=$name gone=2s
                 redis_timeout=200ms;
    seckill_sale zone=drop name=phone stock=$STOCK;
    seckill_sale zone=drop name=few stock=2;
END
}

my $a = machine('m1', $redis->url);
my $b = machine('m2', $proxy->url);

sub seq { my ($s) = @_; return $s->api('GET', 'health')->{data}{ledger_seq} }

sub machine_events {
    my ($s, $type) = @_;

    return $s->sql("SELECT count(*) FROM ledger WHERE type = '$type'");
}

sub same_head {
    my ($what) = @_;

    $a->wait_for($what, sub {
        my @heads = map { $_->api('GET', 'health')->{data}{head}{chain}
                          // rand } $a, $b;
        $heads[0] eq $heads[1];
    });
    pass($what);
}

$a->start;
$a->wait_for('it to wait for a word', sub {
    ($a->api('GET', 'health')->{message} // '') =~ /one machine is to begin/;
});
is($a->api('POST', 'machines/m1/begin')->{status}, 200, 'm1 begins');
$a->ready;
$b->start->ready;


# users ask twice, at each machine, and one of them is cut off meanwhile

$b->{answers} = $a->{answers} = "$a->{dir}/answers";

for my $n (1 .. $CUTS) {
    my $seq = seq($a);

    $_->buyers(sale => 'phone', users => $USERS, processes => 2,
               prefix => "u$n-") for $a, $b;
    $a->wait_for('some to be sold', sub { seq($a) > $seq + $USERS / 10 });

    if ($n % 2) {
        $proxy->hold;
        sleep 0.3 * $n;
        $proxy->let_go;

    } else {
        $proxy->drop;
        sleep 0.2;
        $proxy->start;
    }

    $_->buyers_done for $a, $b;
}

same_head('one history');

$_->check_sale('phone', $STOCK, sold_out => 1) for $a, $b;


# for longer than a machine may be silent

is($a->claim('few', 'one')->{result}, 'won', 'one unit');
same_head('both know');
my $left = machine_events($a, 'machine_left');

$proxy->hold;
$b->wait_for('it to notice', sub { $b->api('GET', 'health')->{status} == 503 });
my $res = $b->request('POST', '/seckill?sale=few&user=two');
like($res->{body}, qr/"unavailable"/, 'who could win is not told of a unit');
like($res->{head}, qr/^Retry-After: \d+\r?$/m, 'but when to ask again');
is($b->claim('few', 'one')->{result}, 'already', 'a winner is known');
is($b->claim('phone', 'nobody')->{result}, 'sold_out', 'so is the end of a sale');

is($a->api('POST', 'sales', '{"name":"new","stock":1}')->{status}, 201,
   'a sale that it cannot hear of');
is($b->claim('new', 'two')->{result}, 'unavailable', 'is not said not to be');

$a->wait_for('it to be missed', sub {
    machine_events($a, 'machine_left') > $left;
});
is($a->claim('few', 'three')->{result}, 'won', 'the other one goes on');

$proxy->let_go;
$b->ready;
same_head('it has caught up');
is($b->claim('new', 'two')->{result}, 'won', 'the new sale is there');
is($b->claim('other', 'two')->{result}, 'unknown_sale', 'and another one is not');
is(machine_events($_, 'machine_joined'), 3 + $left, 'and joined again')
    for $a, $b;
is($b->claim('few', 'two')->{result}, 'sold_out', 'the last unit is sold');
is($b->ask('few', 'three')->{result}, 'won', 'to another one');

done_testing();
