# A binary upgrade in the middle of a rush: two masters, each with its own
# memory, on one store.

use strict;
use warnings;
use Test::More;
use Time::HiRes qw(sleep);
use Seckill::Server;

my $stock = 6000;
my $s = Seckill::Server->new(daemon => 1, http => <<"END");
    seckill_zone zone=drop:4m;
    seckill_sale zone=drop name=phone stock=$stock;
    seckill_sale zone=drop name=pen stock=1000;
END

$s->start->ready;
$s->buyers(sale => 'phone', users => 9000, processes => 8);
$s->wait_for('some wins', sub { keys %{$s->answers->{won}} >= 500 });

my $old = $s->{pid};
my $pidfile = "$s->{dir}/logs/nginx.pid";

kill USR2 => $old;
my $new = $s->wait_for('a new master', sub {
    -e "$pidfile.oldbin" && (Seckill::Server::slurp($pidfile) =~ /(\d+)/)[0];
});
isnt($new, $old, 'there are two masters');
$s->wait_for('new workers', sub { $s->workers($new) == 2 && $s->helper($new) });

my $sold = keys %{$s->answers->{won}};
$s->wait_for('both to sell', sub { keys %{$s->answers->{won}} >= $sold + 1000 });

# whichever of them is asked: what was answered before is seen

my @stale;

for my $n (1 .. 60) {
    $s->api('PATCH', 'sales/pen', '{"add_stock":1}');
    my $order = $s->claim('pen', "w$n")->{order} // '?';
    my $d = $s->api('GET', 'sales/pen')->{data};
    my $list = $s->api('GET', "orders?sale=pen&user=w$n")->{data};

    push @stale, "sale $n: $d->{stock}, $d->{sold}"
        if $d->{stock} != 1000 + $n || $d->{sold} != $n;
    push @stale, "order $order" if ($list->[0]{order} // '') ne $order;
}

is("@stale", '', 'reads see what was written, by either');

kill WINCH => $old;
$s->wait_for('the old workers to leave', sub { !$s->workers($old) });
kill QUIT => $old;
$s->wait_for('the old master to leave', sub { Seckill::Server::zombie($old) });

$s->{pid} = $new;
$s->buyers_done;
$s->ready;
$s->check_sale('phone', $stock, sold_out => 1);

my %count = %{$s->answers->{count}};
is($count{won}, $stock, "each unit was answered with \"won\" once");

$s->done;
done_testing;
