# The operator's API of a server that is reloaded, killed and in a rush: no
# request is cut off, no body does harm, and units add up while orders expire.

use strict;
use warnings;
use Test::More;
use IO::Select;
use JSON::PP qw(decode_json);
use Time::HiRes qw(sleep time);
use Seckill::Server;

my $samples = 1000;
my $waiting = 64;               # writes that may wait at a time

my $s = Seckill::Server->new(
    http => 'seckill_zone zone=drop:8m;
             seckill_sale zone=drop name=phone stock=400 hold=1s;
             seckill_sale zone=drop name=pen stock=10;',
    server => 'location /by/ { seckill_api zone=drop key=off by=$http_x_by; }
               location /mirrored/ {
                   mirror /copy;
                   seckill_api zone=drop key=off;
               }
               location = /copy { internal; return 204; }');

$s->start->ready;


sub send_body {
    my ($method, $uri, $body, %o) = @_;
    my $sock = $s->connect;
    my $head = "$method $uri HTTP/1.1\r\nHost: localhost\r\n"
        . ($o{head} // '') . "Connection: close\r\n";

    local $SIG{PIPE} = 'IGNORE';

    if ($o{chunk}) {
        syswrite $sock, "${head}Transfer-Encoding: chunked\r\n\r\n";
        for (my $i = 0; $i < length $body; $i += $o{chunk}) {
            my $part = substr $body, $i, $o{chunk};
            syswrite $sock, sprintf "%x\r\n%s\r\n", length $part, $part
                or last;
        }
        syswrite $sock, "0\r\n\r\n";

    } else {
        syswrite $sock, $head . 'Content-Length: ' . length($body)
            . "\r\n\r\n$body";
    }

    return Seckill::Server::read_response($sock) || { status => 0 };
}

sub api {
    my ($method, $path, $body, %o) = @_;
    my $res = send_body($method, "/api/$path", $body // '', %o);
    my $json = eval { decode_json($res->{body}) } || {};

    return { %$res, json => $json };
}


# bodies: 64 KiB, one byte more, far more; in pieces of all sizes

sub product {
    my ($name, $size) = @_;
    my $text = qq({"name":"$name","price":1,"currency":"EUR"});

    return $text . ' ' x ($size - length $text);
}

for my $chunk (0, 1000, 65536, 3_000_000) {
    is(api('POST', 'products', product("max $chunk", 65536),
           chunk => $chunk)->{status}, 201, "64 KiB, chunks of $chunk");

    for my $size (65537, 70_000, 3_000_000) {
        my $res = api('POST', 'products', product("over $chunk $size", $size),
                      chunk => $chunk);

        # what is sent on may reset the connection before the answer is read
        ok($res->{status} == 413 || $size > 70_000 && $res->{status} == 0,
           "$size bytes, chunks of $chunk: too large") or diag($res->{status});
    }
}

unlike($s->log_text, qr/exited on signal/, 'no process was harmed');
is(scalar @{api('GET', 'products')->{json}{data}}, 4, 'none of those is there');

# a body that is others' too: "mirror" has read it, into a file

my $res = send_body('POST', '/mirrored/products', product('mirrored', 60_000));
is($res->{status}, 201, 'a body that was read before') or diag($res->{body});

# who it is: nobody (then it is the address), no UTF-8, too long

for my $by ('', "a\xff", 'x' x 127 . "\xc3\xa9", "\xe2\x82\xac" x 100) {
    is(send_body('PATCH', '/by/sales/pen', '{"add_stock":1}',
                 head => "X-By: $by\r\n")->{status}, 200, 'an edit');
}

$res = api('GET', 'events?limit=1000');
my @by = map { $_->{by} // '' } grep { $_->{type} eq 'sale_edited' }
         @{$res->{json}{data}};
is_deeply(\@by, ['127.0.0.1', "a\x{fffd}", 'x' x 127, "\x{20ac}" x 42],
          'each is valid, in whole characters') or diag($res->{body});

$s->reload;
is(api('GET', 'sales/pen')->{json}{data}{stock}, 14,
   'edits by nobody are no declarations');

# arguments

for my $args ('limti=1', 'user=a&user=b', 'sale', 'state=lost', 'wait=1') {
    is(api('GET', "orders?$args")->{status}, 400, "orders?$args");
}

is(api('GET', 'orders?limit=%31&user=%61')->{status}, 200, 'percent-encoded');

# readers of all kinds, while the server is reloaded

my @readers;

for my $what ('orders', 'sales', 'products', 'events?after=LAST&wait=20') {
    for (1 .. 2) {
        pipe my $in, my $out or die $!;
        my $pid = fork // die $!;

        if ($pid == 0) {
            my ($n, $bad) = (0, 0);
            my $end = time + 3;

            while (time < $end) {
                my $last = api('GET', 'health')->{json}{data}{ledger_seq} // 0;
                my $r = api('GET', $what =~ s/LAST/$last/r);
                $n++;
                $bad++ if $r->{status} != 200 && $r->{status} != 503;
            }

            syswrite $out, "$n $bad\n";
            POSIX::_exit(0);
        }

        close $out;
        push @readers, [$pid, $in, $what];
    }
}

for (1 .. 5) { sleep 0.4; $s->reload }

for my $r (@readers) {
    my ($pid, $in, $what) = @$r;
    my ($n, $bad) = split ' ', <$in> // '0 0';
    waitpid $pid, 0;
    ok($n > 0 && $bad == 0, "$what: $n answers, none was cut off")
        or diag($bad);
}

unlike($s->log_text, qr/open socket/, 'no connection was left');

# workers that are killed do not stop the operator: as many writes wait as may,
# and the replies to them, which nobody is there to collect, are in nobody's way

sub pen { decode_json($s->request('GET', '/api/sales/pen')->{body})->{data} }

my $stock = pen()->{stock};
my $lock = $s->lock_store;
my $posters = IO::Select->new(map {
    my $sock = $s->connect;
    syswrite $sock, "PATCH /api/sales/pen HTTP/1.1\r\nHost: localhost\r\n"
        . "Content-Length: 15\r\n\r\n{\"add_stock\":1}";
    $sock;
} 1 .. $waiting + 1);

my ($refused) = $posters->can_read(30);
is(Seckill::Server::read_response($refused)->{status}, 503,
   "$waiting writes wait, one too many does not");

push @{$s->{allow}}, qr/exited on signal 9/;
kill KILL => $s->workers;
$s->unlock_store($lock);
$s->ready;
$s->wait_for('the writes', sub { pen()->{stock} == $stock + $waiting });
my @refused = grep { $_ != 200 } map { api('PATCH', 'sales/pen', '{}')->{status} }
              1 .. 100;
is("@refused", '', 'a hundred writes after that');

# a rush, with holds that expire and a helper that is killed: at each moment the
# units add up

$s->buyers(sale => 'phone', users => 200_000, patience => 5);
my @wrong;

for my $n (1 .. $samples) {
    my $d = api('GET', 'sales/phone')->{json}{data};
    my $errors = $s->metric('seckill_conservation_errors');

    push @wrong, JSON::PP->new->canonical->encode($d // {})
        if !$d || $errors
           || $d->{stock} != $d->{free} + $d->{undecided} + $d->{held}
                             + $d->{sold};

    kill KILL => $s->helper if $n == 300 || $n == 600;
}

$s->buyers_stop;
is("@wrong", '', "units add up in $samples samples");

$s->wait_for('the last hold to end', sub {
    my $d = api('GET', 'sales/phone')->{json}{data};
    $d && $d->{held} == 0 && $d->{free} == 400;
});
cmp_ok($s->sql("SELECT count(*) FROM ledger WHERE type = 'expired'"), '>', 400,
       'units were sold again');
is($s->sql("SELECT count(*) - count(DISTINCT object) FROM ledger"
           . " WHERE type = 'expired'"), 0, 'no order expired twice');

# held while everything is killed, and over the time: on sale again

my $held = $s->claim('phone', 'held');
is($held->{state}, 'held', 'one is held');
$s->kill_all;
sleep 2;
$s->start->ready;
$s->wait_for('it to end', sub {
    api('GET', 'sales/phone')->{json}{data}{free} == 400;
});
is($s->ask('phone', 'held')->{result}, 'none', 'after a start too');

# its payment comes all the same: it is in force again, also after a kill

my $confirm = "orders/$held->{order}/confirm";
is(api('POST', $confirm)->{status}, 409, 'it has expired');
is(api('POST', $confirm, '{"late":true,"user":"other"}')->{status}, 409,
   'it is not that user\'s');
$res = api('POST', $confirm, '{"late":true,"user":"held"}');
is($res->{json}{data}{state}, 'paid', 'it is paid') or diag($res->{body});
$res = api('GET', "events?limit=1&after=" . (api('GET', 'health')
                                             ->{json}{data}{ledger_seq} - 1));
is_deeply([@{$res->{json}{data}[0]}{qw(type order detail)}],
          ['paid', $held->{order}, { late => JSON::PP::true }], 'and was late');
$s->kill_all;
$s->start->ready;
is($s->ask('phone', 'held')->{order}, $held->{order}, 'it is there');
is(api('GET', 'sales/phone')->{json}{data}{free}, 399, 'and has a unit');
is(@{api('GET', 'orders?user=held&state=paid')->{json}{data}}, 1, 'listed');

# a hold that is made longer: at its old end everything is killed

api('PATCH', 'sales/phone', '{"extend":60}');
my $longer = $s->claim('phone', 'longer');
my $extend = "orders/$longer->{order}/extend";
$res = api('POST', $extend, '{"user":"longer"}');
is($res->{status}, 200, 'it is made longer') or diag($res->{body});
my $until = $res->{json}{data}{expires_at};
cmp_ok($until, 'gt', $longer->{expires_at}, 'and ends later');
is(api('POST', $extend)->{status}, 409, 'once');
kill KILL => $s->helper;
sleep 2.5;
is($s->ask('phone', 'longer')->{expires_at}, $until, 'it is held still');
$s->kill_all;
$s->start->ready;
is($s->ask('phone', 'longer')->{expires_at}, $until, 'after a start, too');
is(api('GET', "orders/$longer->{order}")->{json}{data}{expires_at}, $until,
   'so says the order');
is(api('GET', 'orders?user=longer')->{json}{data}[0]{expires_at}, $until,
   'and the list');
is(api('POST', "orders/$longer->{order}/confirm")->{json}{data}{state}, 'paid',
   'it is paid after its old end');

# a unit that is not on sale again, also after a kill

my $broken = $s->claim('phone', 'broken')->{order};
my $phones = api('GET', 'sales/phone')->{json}{data};
$res = api('POST', "orders/$broken/cancel", '{"restock":false}');
is($res->{json}{data}{state}, 'cancelled', 'cancelled') or diag($res->{body});
$res = api('GET', "events?limit=1&after=" . (api('GET', 'health')
                                             ->{json}{data}{ledger_seq} - 1));
is_deeply($res->{json}{data}[0]{detail},
          { restock => JSON::PP::false, stock => $phones->{stock} - 1 },
          'and withdrawn');
for my $when ('now', 'after a start') {
    my $d = api('GET', 'sales/phone')->{json}{data};
    is_deeply([@$d{qw(stock free)}], [$phones->{stock} - 1, $phones->{free}],
              "the stock $when");
    $s->kill_all;
    $s->start->ready;
}

# what became of all orders, as the ledger has it

api('PATCH', 'sales/phone', '{"hold":60}');
my ($pays, $leaves, $returns)
    = map { $s->claim('phone', $_)->{order} } qw(pays leaves returns);
is(join(' ', map { api('POST', "orders/$_")->{status} }
             "$pays/confirm", "$returns/confirm", "$returns/cancel",
             "$leaves/cancel"), '200 200 200 200', 'orders are paid and cancelled');

for my $event (qw(won paid expired cancelled extended)) {
    is($s->metric('seckill_orders_total', sale => 'phone', event => $event),
       $s->sql("SELECT count(*) FROM ledger JOIN (SELECT seq AS id FROM ledger"
               . " WHERE type = 'sale_added' AND detail ->> 'name' = 'phone')"
               . " ON sale = id WHERE type = '$event'"),
       "orders $event");
}

is(system(Seckill::Server::tool() . " verify $s->{dir}/seckill/drop.db > /dev/null 2>&1"), 0,
   'the ledger is sound');

$s->done;
done_testing;
