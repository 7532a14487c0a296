# kill -9 of workers and of the helper, again and again, in a rush: the loss is
# repaired without a restart and the stock is sold to the last unit.

use strict;
use warnings;
use Test::More;
use Time::HiRes qw(sleep);
use Seckill::Server;

my $stock = 8000;
my $s = Seckill::Server->new(http => <<"END");
    seckill_zone zone=drop:4m;
    seckill_sale zone=drop name=phone stock=$stock;
END

# nginx says so itself, of each process that we kill
push @{$s->{allow}}, qr/exited on signal 9/;

$s->start->ready;
$s->buyers(sale => 'phone', users => 12000);

my $kills = 0;

while ($s->metric('seckill_units', sale => 'phone', state => 'sold') < $stock) {
    my ($victim) = $kills % 3 == 0 ? $s->helper : $s->workers;
    $kills += kill KILL => $victim if $victim;
    sleep 0.05;
    last if $kills > 400;
}

cmp_ok($kills, '>', 3, "$kills processes were killed");

$s->buyers_done;
$s->ready;
$s->check_sale('phone', $stock, sold_out => 1);
cmp_ok($s->metric('seckill_helper_restarts_total'), '>', 0,
       'the helper came back');

$s->done;
done_testing;
