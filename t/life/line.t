# Zones belong to no protocol: another module of nginx has one and claims from
# it, where there is no "http" block and nothing of the HTTP module is loaded.
# Kills, reloads, waits and restarts are seen to by the same code.

use strict;
use warnings;
use Test::More;
use Time::HiRes qw(sleep);
use Seckill::Server;

local $ENV{TEST_NGINX_LOAD_MODULES} = $ENV{TEST_NGINX_LINE_MODULE};

my $s = Seckill::Server->new(no_http => 1,
                             allow => [qr/exited on signal 9/]);
my $line = "seckill_line 127.0.0.1:$s->{port} zone=drop:1m"
    . " store=$s->{dir}/seckill/drop.db";

$s->{main} = "$line sale=phone:100;";
$s->start;


# the answers to some claims, one after the other on a connection

sub claim {
    my ($sale, @users) = @_;
    my $sock = $s->connect or return ();

    print $sock map { "$sale $_\n" } @users;
    local $SIG{ALRM} = sub { die "no answer\n" };
    alarm 20;
    my @answers = map { scalar readline $sock } @users;
    alarm 0;

    return map { defined ? s/\n//r : '(closed)' } @answers;
}

my ($first) = claim('phone', 'ann');
like($first, qr/^won \d+$/, 'a claim waits for the ledger, and wins');
my ($order) = $first =~ /(\d+)/;

is_deeply([claim('phone', 'ann', 'ann')], [("already $order") x 2], 'once');
is_deeply([claim('book', 'ann')], ['unknown_sale 0'], 'no such sale');

my @won = grep { /^won / } claim('phone', map { "u$_" } 1 .. 60);
is(@won, 60, 'sixty on one connection');

# the helper is killed: the next one decides what waits

kill KILL => $s->helper;
is_deeply([map { s/ .*//r } claim('phone', map { "v$_" } 1 .. 20)],
          [('won') x 20], 'after a kill of the helper');

# a reload, and old workers end what they have

$s->reload(main => "$line sale=phone:100;");
is_deeply([claim('phone', 'ann')], ["already $order"], 'after a reload');

# nobody drains: the claim waits, and its client may leave

my $helper = $s->helper;
kill STOP => $helper;
{
    my $sock = $s->connect;
    print $sock "phone left\n";
    sleep 0.2;
    close $sock;
}
kill CONT => $helper;
$s->wait_for('who has left to be decided', sub {
    (claim('phone', 'left'))[0] =~ /^already/;
});

is_deeply([map { s/ .*//r } claim('phone', map { "w$_" } 1 .. 30)],
          [('won') x 18, ('sold_out') x 12], 'sold to the last unit');

$s->stop('QUIT');
is($s->sql('SELECT count(*), count(DISTINCT user) FROM orders'), '100|100',
   'the ledger has each once');

$s->start;
is_deeply([claim('phone', 'ann')], ["already $order"], 'after a restart');

$s->done;
done_testing;
