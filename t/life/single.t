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

# a reload would leave timers in memory that is gone

push @{$s->{allow}}, qr/cannot be reloaded with "master_process off"/;

for my $size ('2m', '8m') {
    $s->reload_refused(qr/cannot be reloaded with "master_process off": restart/,
                       http => "seckill_zone zone=drop:$size;\n"
                               . "seckill_sale zone=drop name=phone stock=5;");
    sleep 0.3;
}

$s->check_sale('phone', $stock, sold_out => 1);

$s->kill_all;
$s->start->ready;
$s->check_sale('phone', $stock, sold_out => 1);

$s->done;
done_testing;
