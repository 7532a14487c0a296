package Bench::Growth;

# What growth costs: CPU for a losing claim, memory and start by the number of
# orders in the store, and CPU by the number of sales that claims go to.

use strict;
use warnings;

use Bench::Contender::Seckill;
use Bench::Process qw(run slurp spit);
use Time::HiRes qw(sleep time);

my $CONNECTIONS = 64;
my $STARTS = 3;
my $first = 0;


# measure(dir => DIR, orders => [...], sales => [...], rounds => N,
#         seconds => N, progress => sub)

sub measure {
    my (%o) = @_;
    my (@points, @sales);

    for my $orders (@{$o{orders}}) {
        $o{progress}->("a store of $orders orders");
        push @points, server($o{dir}, $orders);
    }

    my $many = (sort { $b <=> $a } @{$o{sales}})[0];
    my $shop = Bench::Contender::Seckill->new(
        dir => "$o{dir}/growth-sales", workers => 1,
        sales => { map { ("sale$_" => 0) } 1 .. $many });
    $shop->start;
    first_claim($shop);

    push @sales, { sales => $_, server => $shop } for @{$o{sales}};

    my @turns = (@points, @sales);

    for my $round (0 .. $o{rounds}) {
        for my $p (@turns) {
            $o{progress}->("round $round of $o{rounds}, "
                . ($p->{orders} ? "$p->{orders} orders"
                                : "$p->{sales} sales"));
            $first += 1_000_000;
            my $run = $p->{server}->measure(method => 'POST', times => 1,
                first => $first, users => 1_000_000, seconds => $o{seconds},
                connections => $CONNECTIONS, sales => $p->{sales} // 'sale1');

            # the first is to warm up
            push @{$p->{cpu}}, $run->{cpu} if $round;
        }

        push @turns, shift @turns;
    }

    $_->{server}->stop for @points, @sales;
    delete $_->{server} for @points, @sales;

    return { orders => \@points, sales => \@sales };
}


# a server whose store has so many orders of one sale, which is sold out

sub server {
    my ($dir, $orders) = @_;
    my $s = Bench::Contender::Seckill->new(
        dir => "$dir/growth-$orders", workers => 1,
        sales => { sale1 => $orders });
    my @took;

    $s->{size} = least_size($s);
    $s->start;
    sleep 0.01 while !defined eval { $s->left('sale1') };
    $s->stop;

    # as the module writes them; see docs/how-it-works.md

    run('sqlite3', "$s->{dir}/seckill/drop.db",
        'WITH RECURSIVE n(i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n'
        . " WHERE i <= $orders) INSERT INTO ledger"
        . ' (seq, at, type, sale, user, ticket) SELECT i, 1764000000000 + i,'
        . " 'won', 1, 'user-' || (i * 2654435761 % 4294967296),"
        . ' 4611686018427 + i FROM n');

    # tables that were made when it was empty have indexes, and fill slowly

    unlink glob "$s->{dir}/seckill/drop.db-query*";

    for my $n (1 .. $STARTS) {
        $s->stop;
        delete $s->{nginx};
        my $begin = time;
        $s->start;
        first_claim($s);
        push @took, time - $begin;
    }

    $s->settle;

    die "growth: not $orders orders\n" if $s->units('sale1', 'sold') != $orders;

    return { orders => $orders, server => $s, start => \@took,
             bytes => shared_memory($s->{nginx}{pid}) / $orders };
}


# the least size of a zone with room for so many units: nginx says it

sub least_size {
    my ($s) = @_;
    my $file = "$s->{dir}/try.conf";

    spit($file, $s->modules . 'events {} http { seckill_zone zone=drop:1m'
         . " store=$s->{dir}/seckill/drop.db; seckill_sale zone=drop"
         . " name=sale1 stock=$s->{sales}{sale1}; }");

    eval { run($s->binary, '-t', '-p', $s->{dir}, '-c', $file); };

    return $@ =~ /a size of (\d+)m would do/ ? $1 : 1;
}


# until the ledger is read: an answer that is not "unavailable"

sub first_claim {
    my ($s) = @_;

    for (1 .. 100) {
        my $result = $s->claim('sale1', 'somebody');
        return if $result eq 'sold_out';
        die "growth: \"$result\"\n" if $result ne 'unavailable';
    }

    die "growth: the store is not read to its end\n";
}


# bytes of shared memory that are in use, by the process that uses most

sub shared_memory {
    my ($master) = @_;
    my $most = 0;

    for my $file (glob '/proc/[0-9]*/status') {
        my $text = slurp($file);
        next if $text !~ /^PPid:\s+$master$/m;
        my ($kb) = $text =~ /^RssShmem:\s+(\d+)/m or next;
        $most = $kb * 1024 if $kb * 1024 > $most;
    }

    return $most;
}

1;
