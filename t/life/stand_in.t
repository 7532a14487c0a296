# A helper that is not started again: a worker does its work, and another one
# when that is killed, until there is a helper.

use strict;
use warnings;
use Test::More;
use Time::HiRes qw(sleep);
use Seckill::Server;

my $s = Seckill::Server->new(
    workers => 2,
    http => 'seckill_zone zone=drop:2m;
             seckill_sale zone=drop name=phone stock=1000;
             seckill_sale zone=drop name=held stock=1 hold=1s;');

push @{$s->{allow}}, qr/exited on signal 9/;

$s->start->ready;
is($s->claim('phone', 'a')->{result}, 'won', 'with a helper');

# the master cannot start it: it is stopped

$s->signal('STOP');

my @workers = $s->workers;
my $helper = $s->helper;
kill KILL => $helper;
$s->wait_for('its end', sub { Seckill::Server::zombie($helper) });

is($s->claim('phone', 'b')->{result}, 'won', 'a worker decides');
is($s->claim('phone', "b$_")->{result}, 'won', 'and goes on') for 1 .. 20;
$s->ready;
pass('it is well');

my @told = $s->log_text =~ /(\d+)#.*has no helper: this worker does its work/g;
is(scalar @told, 1, 'one does, and says so');

is($s->claim('held', 'a')->{state}, 'held', 'a hold');
$s->wait_for('its end', sub { $s->claim('held', 'b')->{result} eq 'won' });
is($s->api('PATCH', 'sales/phone', '{"stock":2000}')->{status}, 200,
   'operators are heard');

kill KILL => $told[0];
$s->wait_for('its end', sub { Seckill::Server::zombie($told[0]) });
is($s->claim('phone', 'c')->{result}, 'won', 'the other worker decides');

# it can: the role goes back, in the middle of claims

$s->buyers(sale => 'phone', users => 8000, processes => 4, patience => 5);
$s->signal('CONT');
$s->wait_for('a helper', sub { $s->helper });
$s->wait_for('the role to go back', sub {
    $s->log_text =~ /the helper is back/;
});
$s->buyers_done;
$s->check_sale('phone', 2000, sold_out => 1);

my @has = $s->log_text =~ /has no helper: this worker does its work/g;
is(scalar @has, 2, 'no worker has taken it since');

# one that hangs has the role still: another one does not get it by a reload, but
# when the old one is killed, as health says

my $hangs = $s->helper;
kill STOP => $hangs;
my $res = $s->wait_for('it to be missed', sub {
    my $r = $s->request('GET', '/api/health');
    $r->{status} == 503 && $r;
});
like($res->{body}, qr/the helper .* hangs: .* kill -9 it, .* a reload does not help/,
     'a helper that hangs');
$s->signal('HUP');
$s->wait_for('another helper', sub { $s->titled('cache manager process') == 2 });
sleep 1;
like($s->request('GET', '/api/health')->{body}, qr/hangs/, 'a reload does not help');
kill KILL => $hangs;
$s->ready;
is($s->claim('held', 'd')->{code} < 100, 1, 'the other one decides');

# after a reload it is the new one

$s->reload;
is($s->claim('held', 'c')->{code} < 100, 1, 'after a reload');

$s->done;
done_testing;
