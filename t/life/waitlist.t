# A waiting list over HTTP: who waits where, what a page and a log see of it, and
# that a kill, a reload and a cancelled order keep the order of those who wait.

use strict;
use warnings;
use Test::More;
use Seckill::Server;

my $sale = 'seckill_sale zone=drop name=phone stock=3 hold=1h';
my $log = q(log_format result '$request_method $seckill_user $seckill_result '
                              '$seckill_state';);
my $s = Seckill::Server->new(
    http => "seckill_zone zone=drop:2m;
             $sale waitlist=3;
             $log",
    server => 'access_log logs/result.log result;
               location = /buy {
                   seckill_gate zone=drop sale=phone user=$arg_user claim=on;
                   error_page 403 = /lost/$seckill_result;
                   root html;
               }
               location = /auth {
                   seckill zone=drop user=$arg_user status=auth;
               }
               location = /checkout {
                   seckill_gate zone=drop sale=phone user=$arg_user;
                   error_page 403 = /lost/$seckill_result;
                   root html;
               }
               location /lost/ { return 200 "$uri $seckill_position\n"; }');

$s->start->ready;
my %order = map { $_ => $s->claim('phone', $_)->{order} } qw(ann bob cem);


# NAME => position of all who wait, by GET and by POST

sub waiting {
    my ($what, $may_return, @users) = @_;
    my $n = 0;

    for my $user (@users) {
        $n++;

        for my $method (qw(GET POST)) {
            my $a = $s->answer($method, 'phone', $user);
            is("$a->{result} " . ($a->{position} // '') . ' '
               . ($a->{may_return} // ''), "queued $n $may_return",
               "$what: $method of $user");
        }
    }
}


# what was answered with the unit that has just returned

sub served {
    my ($user) = @_;

    return $s->wait_for("the unit of $user", sub {
        my $a = $s->ask('phone', $user);
        $a->{result} eq 'won' && $a;
    });
}


is($s->claim('phone', $_)->{result}, 'queued', "$_ waits") for qw(dan eve);
my $res = $s->request('POST', '/seckill?sale=phone&user=fay');
is($res->{status}, 200, 'an answer like others');
like($res->{body}, qr/^\{"code":8,"result":"queued","sale":"phone","user":"fay",
                      "position":3,"may_return":3\}$/x, 'exactly');
like($res->{head}, qr/^Retry-After: (?:[5-9]|10)\r$/mi, 'when to ask again');
is($s->claim('phone', 'gil')->{result}, 'sold_out', 'the list is full');
waiting('at first', 3, qw(dan eve fay));


# a gate lets none of them pass, and a page may tell them why

for my $path (qw(/buy /checkout)) {
    my $r = $s->request($path eq '/buy' ? 'POST' : 'GET', "$path?user=dan");
    is($r->{body}, "/lost/queued 1\n", "$path: a page for who waits");
}

is($s->request('GET', '/auth?sale=phone&user=dan')->{status}, 403,
   'to another proxy he has none');
is($s->request('GET', '/auth?sale=phone&user=ann')->{status}, 204,
   'as she has');
like(Seckill::Server::slurp("$s->{dir}/logs/result.log"), qr/^POST fay queued -$/m, 'a log');


# all that is known of it

is($s->api('GET', 'sales/phone')->{data}{waiting}, 3, 'the sale says how many');
is($s->metric('seckill_waiting_users', sale => 'phone'), 3, 'as the metrics do');
is($s->metric('seckill_sale_waitlist', sale => 'phone'), 3, 'of how many');
is($s->metric('seckill_claims_total', sale => 'phone', result => 'queued') > 0,
   1, 'answers are counted');
is(join(' ', map { $_->{user} } grep { $_->{type} eq 'queued' }
             @{$s->api('GET', 'events?limit=1000')->{data}}),
   'dan eve fay', 'and there is an event of each');
is($s->api('PATCH', 'sales/phone', '{"waitlist":2}')->{message},
   'waitlist: 3 users wait, it cannot be 2', 'nobody is put out of it');


# everything dies, and is told the same again

push @{$s->{allow}}, qr/exited on signal 9/;
$s->kill_all;
$s->start->ready;
waiting('after a kill', 3, qw(dan eve fay));

is($s->api('POST', "orders/$order{ann}/cancel", '{}')->{status}, 200,
   'a unit returns');
my $won = served('dan');
is("$won->{result} $won->{state}", 'won held', 'it is of who was the first');
is($s->claim('phone', 'dan')->{result}, 'already', 'who hears so, too');
is($s->request('GET', '/checkout?user=dan')->{status}, 404,
   'the gate lets him pass');
waiting('one less', 3, qw(eve fay));


# what is paid does not return: no hope is said at once

is($s->api('POST', "orders/$order{bob}/confirm", '{}')->{status}, 200, 'paid');
waiting('two may return', 2, qw(eve fay));
is($s->api('POST', "orders/$order{cem}/confirm", '{}')->{status}, 200, 'paid');
waiting('one may return', 1, 'eve');
is($s->claim('phone', 'fay')->{result}, 'sold_out', 'not for two');
is($s->ask('phone', 'fay')->{sale_state}, 'sold_out', 'nor by GET');


# a reload closes the list to others, and the first is still the first

$s->reload(http => "seckill_zone zone=drop:2m; $sale; $log");
$s->wait_for('what the configuration says', sub {
    $s->api('GET', 'sales/phone')->{data}{waitlist} == 2;       # who wait
});
is($s->claim('phone', 'gil')->{result}, 'sold_out', 'nobody else may wait');
is($s->api('POST', "orders/$won->{order}/cancel", '{}')->{status}, 200,
   'who was served is not ready to pay');
is(served('eve')->{result}, 'won', 'the next one is');
is($s->ask('phone', 'dan')->{result}, 'none', 'and he has none');


# all of it can be checked

my $command = Seckill::Server::tool();
my $out = `$command verify $s->{dir}/seckill/drop.db 2>&1`;
is($?, 0, 'verify finds nothing') or diag($out);

for my $case (["UPDATE ledger SET object = 7 WHERE type = 'won' AND user = 'eve'",
               qr/has not the sale and the user of place 7|of place/],
              ["UPDATE ledger SET user = 'fay' WHERE type = 'won' AND user = 'dan'",
               qr/has not the sale and the user of place/],
              ["INSERT INTO ledger (seq, at, type, sale, user, ticket, object)
                SELECT m.seq + 1, m.at, 'cancelled', 1, 'eve', NULL, m.seq
                FROM ledger AS m WHERE m.type = 'won' AND m.user = 'eve';
                INSERT INTO ledger (seq, at, type, sale, user)
                SELECT max(seq) + 1, max(at), 'queued', 1, 'gus' FROM ledger;
                INSERT INTO ledger (seq, at, type, sale, user, object, expires)
                SELECT max(seq) + 1, max(at), 'won', 1, 'gus', max(seq),
                       max(at) + 1000 FROM ledger",
               qr/\(won\) of place \d+ in a waiting list, before place/])
{
    my ($sql, $why) = @$case;
    my $copy = "$s->{dir}/copy.db";

    unlink $copy;
    $out = `$command backup $s->{dir}/seckill/drop.db $copy 2>&1`;
    is($?, 0, 'a copy') or diag($out);
    system('sqlite3', $copy, "DROP TRIGGER ledger_update; $sql");
    $out = `$command verify $copy 2>&1`;
    is($? >> 8, 1, 'one who was served out of turn is found');
    like($out, $why, 'and named');
}

$s->done;

done_testing;
