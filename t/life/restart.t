# kill -9 of everything in the middle of a rush, and a start again: whoever was
# told "won" is told so again.

use strict;
use warnings;
use Test::More;
use Time::HiRes qw(sleep);
use Seckill::Server;

my $stock = 3000;
my $s = Seckill::Server->new(http => <<"END");
    seckill_zone zone=drop:4m;
    seckill_sale zone=drop name=phone stock=$stock;
END

$s->start->ready;
$s->buyers(sale => 'phone', users => 20000);

for my $round (1 .. 4) {
    my $target = $round * $stock / 6;
    $s->wait_for("$target wins", sub {
        keys %{$s->answers->{won}} >= $target;
    });
    $s->kill_all;
    $s->start;
    pass("killed and started again, the " . $round . ". time");
}

$s->ready;
$s->wait_for('the sale to be sold out', sub {
    $s->metric('seckill_units', sale => 'phone', state => 'sold') == $stock;
});
$s->buyers_stop;

$s->check_sale('phone', $stock, sold_out => 1);
cmp_ok(keys %{$s->answers->{won}}, '>', $stock / 2, 'most heard of it');
is($s->claim('phone', 'late')->{result}, 'sold_out', 'sold out stays so');

$s->done;
done_testing;
