# master_process off: no helper, the one process drains.

use strict;
use warnings;
use Test::More;
use Seckill::Server;

my $stock = 500;
my $s = Seckill::Server->new(main => "master_process off;\n", http => <<"END");
    seckill_zone zone=drop:2m;
    seckill_sale zone=drop name=phone stock=$stock;
END

$s->start->ready;
$s->buyers(sale => 'phone', users => 1000);
$s->buyers_done;
$s->check_sale('phone', $stock, sold_out => 1);

$s->kill_all;
$s->start->ready;
$s->check_sale('phone', $stock, sold_out => 1);

$s->done;
done_testing;
