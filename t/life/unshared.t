# A ledger that machines share, and a configuration without "redis=": the others
# may sell the same units, so this machine says what it knows, and sells none.

use strict;
use warnings;
use Test::More;
use Seckill::Redis;
use Seckill::Server;

my $redis = Seckill::Redis->new;
my $sale = 'seckill_sale zone=drop name=phone stock=10;';

my $s = Seckill::Server->new(http => <<"END");
    seckill_zone zone=drop:8m redis=@{[$redis->url]} machine=m1;
    $sale
END

sub health { return $s->api('GET', 'health') }

$s->start;
$s->wait_for('it to wait for a word', sub {
    (health()->{message} // '') =~ /one machine is to begin/;
});
$s->api('POST', 'machines/m1/begin');
$s->ready;
is($s->claim('phone', 'a')->{result}, 'won', 'it sells');
$s->stop;

$s->{http} = "    seckill_zone zone=drop:8m;\n    $sale\n";
$s->start;
$s->wait_for('it to know what was sold', sub {
    ($s->ask('phone', 'a')->{result} // '') eq 'won';
});
like(health()->{message},
     qr/^machines share this ledger, "m1" is one, and there is no "redis=":/,
     'it says why it does not sell');
is(health()->{status}, 503, 'and is not well');
is($s->claim('phone', 'a')->{result}, 'already', 'a winner is known');
is($s->claim('phone', 'b')->{result}, 'unavailable', 'nobody can buy');

$s->{http} = "    seckill_zone zone=drop:8m redis=off;\n    $sale\n";
$s->reload;
$s->wait_for('it to sell', sub { health()->{status} == 200 });
is($s->claim('phone', 'b')->{result}, 'won', 'by itself, since it was told to');
is($s->metric('seckill_units', sale => 'phone', state => 'sold'), 2,
   'what was sold is');

done_testing();
