# Pages and commands that have to wait: for a store that is locked, for query
# tables that are behind, for other pages; and clients who don't.

use strict;
use warnings;
use Test::More;
use Fcntl qw(F_SETLK F_SETLKW F_WRLCK F_UNLCK SEEK_SET);
use JSON::PP qw(decode_json);
use Time::HiRes qw(sleep time);
use Seckill::Server;

my $pages = 12;                 # more than a worker reads at a time

my $s = Seckill::Server->new(
    workers => 1,
    http => 'seckill_zone zone=drop:8m;
             seckill_sale zone=drop name=phone stock=100;');

$s->start->ready;
is($s->claim('phone', 'ann')->{result}, 'won', 'an order');
is(orders(), 1, 'is listed');


# a command that nothing can be done for: it is not done later either

my $lock = $s->lock_store;
my $res = $s->api('PATCH', 'sales/phone', '{"add_stock":5}');
is($res->{status}, 503, 'a locked store: a command is given up');
like($res->{message}, qr/nothing was done/, 'and says so');
$s->unlock_store($lock);
is($s->api('PATCH', 'sales/phone', '{"limit":2}')->{status}, 200,
   'the next one is done');
is($s->api('GET', 'sales/phone')->{data}{stock}, 100, 'the first one was not');


# a list of what the tables have not seen; one that they have is not kept

my $tables = locks();

set_locks($tables, 120, 1, F_WRLCK);
is($s->claim('phone', 'ben')->{result}, 'won', 'another order');
$res = $s->api('GET', 'orders');
is($res->{status}, 503, 'tables that cannot be filled: a list is given up');
like($res->{message}, qr/the query tables are behind/, 'and says so');
set_locks($tables, 120, 1, F_UNLCK);
is(orders(), 2, 'and is there when they can');


# Lists wait for the tables, which are filled while the worker stands still;
# then all go on at once, and their threads wait for a lock.  Some clients leave
# now: of pages that are read, and of pages for which no reader was left.

for my $leave ([0, $pages - 1], [0 .. $pages - 1], [$pages - 2, $pages - 1]) {
    my $n = orders();

    set_locks($tables, 120, 1, F_WRLCK);
    is($s->claim('phone', "user$n")->{result}, 'won', 'an order more');

    my @socks = map { get('/api/orders') } 1 .. $pages;

    sleep 0.3;                  # they are read, and wait

    my ($worker) = $s->workers;
    kill STOP => $worker;
    set_locks($tables, 120, 1, F_UNLCK);
    $s->wait_for('the tables to be filled', sub {
        $s->sql('SELECT count(*) FROM orders',
                "$s->{dir}/seckill/drop.db-query") eq $n + 1;
    });
    set_locks($tables, 123, 5, F_WRLCK);
    kill CONT => $worker;

    # it answers, while its lists wait
    is($s->ask('phone', 'ann')->{result}, 'won', 'claims are not kept waiting');
    sleep 0.2;
    close $socks[$_] for @$leave;
    is($s->ask('phone', 'ann')->{result}, 'won', 'nor by those who left');

    set_locks($tables, 123, 5, F_UNLCK);

    my %left = map { $_ => 1 } @$leave;

    local $SIG{ALRM} = sub { die "a list is not answered\n" };
    alarm 60;

    for my $i (grep { !$left{$_} } 0 .. $pages - 1) {
        my $list = Seckill::Server::read_response($socks[$i]);
        is($list->{status}, 200, "list $i is read");
        is(scalar @{decode_json($list->{body})->{data}}, $n + 1, 'it is whole');
    }

    is(orders(), $n + 1, 'and another one');
    alarm 0;
}

# one that waits long, and goes on to, keeps no other from its own time

my $last = $s->sql('SELECT max(seq) FROM ledger');
my $long = get("/api/events?after=$last&wait=30");
sleep 0.05;
my $short = get('/api/events?after=' . ($last - 1) . '&wait=30');
{
    local $SIG{ALRM} = sub { die "events that are there are not answered\n" };
    alarm 20;
    $res = Seckill::Server::read_response($short);
    alarm 0;
}
is(scalar @{decode_json($res->{body})->{data}}, 1, 'events that are there');
vec(my $set = '', fileno $long, 1) = 1;
is(select($set, undef, undef, 0), 0, 'one who waits for others does so');
is($s->claim('phone', 'last')->{result}, 'won', 'another event');
is(Seckill::Server::read_response($long)->{status}, 200, 'and gets it');

# whoever left is not waited for

my $end = time + 5;
$s->stop('QUIT');
cmp_ok(time, '<', $end, 'nginx ends');
$s->check_log;
$s->cleanup;

done_testing;


sub get {
    my ($uri) = @_;
    my $sock = $s->connect;

    syswrite $sock, "GET $uri HTTP/1.1\r\nHost: localhost\r\n"
        . "Connection: close\r\n\r\n";

    return $sock;
}


sub orders {
    my $list = $s->api('GET', 'orders');

    return scalar @{$list->{data} // []};
}


# SQLite's locks of a file in WAL mode: 120 to write, five from 123 to read

sub locks {
    open my $file, '+<', "$s->{dir}/seckill/drop.db-query-shm" or die $!;
    return $file;
}


sub set_locks {
    my ($file, $from, $n, $type) = @_;
    my $end = time + 10;

    until (fcntl $file, F_SETLK, pack 's s x![q] q q i x![q]', $type, SEEK_SET,
                                      $from, $n, 0)
    {
        die "no lock: $!" if time > $end;
        sleep 0.001;
    }
}
