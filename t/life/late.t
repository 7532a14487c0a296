# Holds end and nobody can say so: the store is locked by another program, its
# file is away, the helper is stopped.  Nobody is told "sold_out" of a unit that
# may be free, nor "held" of what is over.

use strict;
use warnings;
use Test::More;
use Time::HiRes qw(sleep);
use Seckill::Server;

my $s = Seckill::Server->new(
    http => 'seckill_zone zone=drop:2m;
             seckill_sale zone=drop name=phone stock=1 hold=1s;
             seckill_sale zone=drop name=pen stock=1;',
    server => 'location = /short { seckill zone=drop user=$arg_user timeout=100ms; }');

$s->start->ready;
is($s->claim('pen', 'ann')->{result}, 'won', 'a sale without holds');

my $store = "$s->{dir}/seckill/drop.db";
my ($lock, $helper);

my @ways = (
    ['the store is locked',
     sub { $lock = $s->lock_store },
     sub { $s->unlock_store($lock) }],

    ['the store is away',
     sub { rename $store, "$store.away" or die $! },
     sub { rename "$store.away", $store or die $! }],

    ['the helper is stopped',
     sub { kill STOP => ($helper = $s->helper) },
     sub { kill CONT => $helper }],
);

for my $way (@ways) {
    my ($what, $make, $mend) = @$way;

    my $a = $s->wait_for('a unit', sub {
        my $r = $s->claim('phone', 'ann');
        $r->{result} eq 'won' && $r;
    });

    $make->();

    # the answers that may be given, from now until well after the hold's end

    my (%claims, %asks);
    my $end = time + 5;

    while (time < $end) {
        $claims{short($s, 'POST', 'bob')->{result}}++;
        my $r = short($s, 'GET', 'ann');
        $asks{$r->{result}}++;
        $asks{'held, and over'}++
            if $r->{result} eq 'won' && over($r->{expires_at});
        $asks{'sold_out'}++
            if (short($s, 'GET', 'bob')->{sale_state} // '') eq 'sold_out'
               && time > $end - 1;
        sleep 0.05;
    }

    is(short($s, 'POST', 'bob')->{result}, 'unavailable', "$what: a claim");
    is(short($s, 'GET', 'ann')->{result}, 'unavailable', "$what: a question");
    is(short($s, 'POST', 'ann')->{result}, 'unavailable', "$what: her claim");
    is($asks{'held, and over'} // 0, 0, "$what: nothing is held and over");
    is($asks{'sold_out'} // 0, 0, "$what: no sale is said to be sold out");
    is(join(' ', grep { !/^(?:sold_out|unavailable)$/ } keys %claims), '',
       "$what: nothing else is said");
    is($s->request('GET', '/api/health')->{status}, 503, "$what: not well");

    is(short($s, 'POST', 'cem', 'pen')->{result}, 'sold_out',
       "$what: a sale without holds");
    is(short($s, 'GET', 'ann', 'pen')->{result}, 'won', "$what: and its order");

    $mend->();

    $s->wait_for('somebody to work', sub {
        $s->claim('phone', 'bob')->{result} eq 'won';
    });
    is($s->ask('phone', 'ann')->{result}, 'none', "$what: then it is known");
}

$s->done;
done_testing;


sub short {
    my ($s, $method, $user, $sale) = @_;
    my $uri = '/short?sale=' . ($sale // 'phone') . "&user=$user";
    my $res = $s->request($method, $uri) or return {};

    return JSON::PP::decode_json($res->{body});
}


# at the moment of the answer it may have been about to end

sub over {
    my ($at) = @_;
    my @t = gmtime(time - 1);

    return $at lt sprintf '%04d-%02d-%02dT%02d:%02d:%02d.000Z', $t[5] + 1900,
                          $t[4] + 1, @t[3, 2, 1, 0];
}
