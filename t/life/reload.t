# Reloads: with other sales, another zone size, zones added and removed, without
# "http"; idle and in a rush.

use strict;
use warnings;
use Test::More;
use Seckill::Server;

sub http {
    my ($size, $stock, $more) = @_;
    return "seckill_zone zone=drop:$size;\n"
         . "seckill_sale zone=drop name=phone stock=$stock;\n" . ($more // '');
}

my $s = Seckill::Server->new(http => http('2m', 2));
$s->start->ready;

is($s->claim('phone', 'a')->{order}, 2, 'a wins');
is($s->claim('phone', 'b')->{order}, 3, 'b wins');
is($s->claim('phone', 'c')->{result}, 'sold_out', 'c does not');

$s->reload(http => http('2m', 3));
$s->wait_for('another stock', sub { $s->claim('phone', 'c')->{result} eq 'won' });
is($s->ask('phone', 'c')->{order}, 5, 'more stock: c wins after an edit');
is($s->claim('phone', 'a')->{result}, 'already', 'a is known');
is($s->metric('seckill_units', sale => 'phone', state => 'sold'), 3,
   'the sale was edited, not reset');

$s->reload(http => http('2m', 1));
$s->wait_for('a message', sub {
    $s->log_text =~ /3 units are held or sold, the stock cannot be 1/;
});
is($s->metric('seckill_sale_stock', sale => 'phone'), 3,
   'less stock than sold is not possible');

$s->reload(http => http('2m', 3, "seckill_sale zone=drop name=more stock=1;\n"));
is($s->claim('more', 'a')->{result}, 'won',
   'a sale was added: its first claim waits until the new helper is there');

# the old helper is slow to leave: claims for a new sale wait for the new one

my $old = $s->helper;
kill STOP => $old;
$s->reload(http => http('2m', 3, "seckill_sale zone=drop name=more stock=1;\n"
                                 . "seckill_sale zone=drop name=slow stock=1;\n"));
my $sock = $s->connect;
syswrite $sock, "POST /seckill?sale=slow&user=a HTTP/1.1\r\nHost: a\r\n\r\n";
is($s->claim('none', 'a')->{result}, 'unknown_sale', 'who asks for no sale is told');
kill CONT => $old;
like(Seckill::Server::read_response($sock)->{body}, qr/"won"/,
     'who asks for one that is to come waits for it');

# another size: a new zone, which reads the ledger

my $half = $s->connect;
syswrite $half, "GET /api/orders?sale=phone HTTP/1.1\r\nHost: a\r\n";
$s->wait_for('an old worker to have it, as it has what came after', sub {
    $s->request('GET', '/api/health')->{status} == 200;
});
$s->reload(http => http('4m', 4, "seckill_zone zone=new:1m;\n"
                                 . "seckill_sale zone=new name=x stock=1;\n"),
           server => 'location = /new { seckill zone=new user=$arg_user; }');
$s->ready;
is($s->claim('phone', 'a')->{order}, 2, 'a is known to a zone of another size');
is($s->claim('phone', 'd')->{result}, 'won', 'and it sells on');
is($s->metric('seckill_zone_size_bytes') > 3 << 20, 1, 'it is larger');

# an old worker, whose zone nobody fills any more, lists what the new one has sold

syswrite $half, "\r\n";
my $listed = Seckill::Server::read_response($half);
is($listed->{status}, 200, 'an old worker still lists orders');
like($listed->{body}, qr/"user":"d"/, 'those of the new ones too');
like($s->wait_for('the new zone', sub {
         my $r = $s->request('POST', '/new?sale=x&user=a');
         $r && $r->{status} == 200 && $r->{body};
     }), qr/won/, 'a zone was added');

$s->reload(http => http('4m', 4), server => '');
is($s->claim('phone', 'd')->{result}, 'already', 'a zone was removed');

# a store cannot be exchanged under a zone

push @{$s->{allow}}, qr/uses the store/, qr/has room for/;
$s->reload_refused(qr/zone "drop" uses the store ".*b\.db" while previously/,
                   http => "seckill_zone zone=drop:4m store=seckill/b.db;\n");
is($s->claim('phone', 'd')->{result}, 'already', 'and all goes on');

# nor can two zones have one, however it is spelt

push @{$s->{allow}}, qr/is used by the seckill zones/;
$s->reload_refused(qr/is used by the seckill zones "drop" and "twin"/,
                   http => http('4m', 4) . "seckill_zone zone=twin:2m"
                           . " store=seckill/..//seckill/./drop.db;\n");

$s->reload_refused(qr/has room for \d+ units/, http => http('4m', 100000000));
is($s->claim('phone', 'd')->{result}, 'already', 'nor a stock that does not fit');

# without "http", and with it again

$s->config(no_http => 1);
$s->signal('HUP');
$s->wait_for('http to go', sub { !$s->connect });
pass('without "http"');

$s->config(no_http => 0, http => http('4m', 4));
$s->signal('HUP');
$s->wait_for('http to return', sub { $s->connect });
$s->ready;
is($s->claim('phone', 'a')->{order}, 2, 'with "http" again, a is known');

$s->done;

# a worker that is exiting, with the memory of before: it follows the ledger

$s = Seckill::Server->new(workers => 1, http => http('2m', 2));
$s->start->ready;

my @late = map { $s->connect } 1 .. 3;
syswrite $late[0], "GET /seckill?sale=phone&user=w HTTP/1.1\r\n";
syswrite $late[1], "POST /seckill?sale=phone&user=w HTTP/1.1\r\n";
syswrite $late[2], "POST /seckill?sale=phone&user=v HTTP/1.1\r\n";
$s->wait_for('the worker to have them', sub {
    $s->request('GET', '/api/health')->{status} == 200;
});
$s->claim('phone', "u$_") for 1 .. 2;

$s->reload(http => http('3m', 10));
$s->ready;
is($s->claim('phone', 'w')->{result}, 'won', 'the new zone has sold a unit');

syswrite $_, "Host: localhost\r\n\r\n" for @late;
like(Seckill::Server::read_response($late[0])->{body}, qr/"result":"won"/,
     'the old worker knows of it when asked');
like(Seckill::Server::read_response($late[1])->{body}, qr/"result":"already"/,
     'and when it is claimed again');
like(Seckill::Server::read_response($late[2])->{body}, qr/"result":"won"/,
     'it sells what was added');
$s->done;

# in a rush, with edits and another size each time

my $stock = 6000;
$s = Seckill::Server->new(http => http('4m', 1000));
$s->start->ready;
$s->buyers(sale => 'phone', users => 9000);

for my $i (1 .. 6) {
    my $size = $i % 2 ? '5m' : '4m';
    $s->reload(http => http($size, $i * 1000));
    $s->wait_for("$i thousand wins", sub {
        keys %{$s->answers->{won}} >= $i * 1000 - 500;
    });
}

$s->buyers_done;
$s->check_sale('phone', $stock);
$s->done;

done_testing;
