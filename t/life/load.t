# A start with a large ledger: claims that come while it is read wait, and get
# the true answer.

use strict;
use warnings;
use Test::More;
use Seckill::Server;

my $rows = 400000;
my $s = Seckill::Server->new(workers => 1, http => <<"END");
    seckill_zone zone=drop:64m;
    seckill_sale zone=drop name=phone stock=1000000;
END

$s->start->ready;
is($s->claim('phone', 'first')->{order}, 2, 'a first order');
$s->stop;

my $store = "$s->{dir}/seckill/drop.db";
is(system('sqlite3', $store, "WITH RECURSIVE n(i) AS (SELECT 3 UNION ALL"
          . " SELECT i + 1 FROM n WHERE i < $rows + 2) INSERT INTO ledger"
          . " (seq, at, type, sale, user, ticket)"
          . " SELECT i, 1, 'won', 1, 'bulk' || i, i FROM n"), 0,
   "$rows orders more");

$s->start;

# asked at once: while the ledger is being read

my $state = $s->request('GET', '/api/health')->{body};
my @pages = map {
    my $sock = $s->connect;
    syswrite $sock, "GET /api/$_ HTTP/1.1\r\nHost: localhost\r\n\r\n";
    [$_, $sock];
} qw(sales sales/phone orders/2 events?limit=1 products);
my $last = $s->ask('phone', 'bulk' . ($rows + 2));
my $new = $s->claim('phone', 'new');

like($state, qr/the ledger is being read/, 'the first asked while it was read');
is($last->{order}, $rows + 2, 'a question waited for the last order');
is($new->{order}, $rows + 3, 'a claim goes on from there');
is($s->ask('phone', 'first')->{order}, 2, 'the first order is known');

for (@pages) {
    my ($what, $sock) = @$_;
    is(Seckill::Server::read_response($sock)->{status}, 200,
       "$what waited too");
}

# the helper dies while it reads: the next one goes on

$s->kill_all;
push @{$s->{allow}}, qr/exited on signal 9/;
$s->start;
kill KILL => $s->wait_for('the helper', sub { $s->helper });
is($s->claim('phone', 'newer')->{order}, $rows + 4, 'the next helper reads on');
is($s->metric('seckill_units', sale => 'phone', state => 'sold'), $rows + 3,
   'no order is there twice');

# a deadline that is too short gets "unavailable", not a wrong answer

$s->kill_all;
$s->start(server => 'location = /soon { seckill zone=drop user=$arg_user timeout=1ms; }');
like($s->request('GET', '/soon?sale=phone&user=first')->{body},
     qr/"unavailable"/, 'too soon is unavailable');
$s->ready;
like($s->request('GET', '/soon?sale=phone&user=first')->{body}, qr/"won"/,
     'and later won');

$s->done;
done_testing;
