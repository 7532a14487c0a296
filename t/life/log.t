# docs/follow_log.py: another program follows the log that machines share.

use strict;
use warnings;
use Test::More;
use Seckill::Server;
use Seckill::Redis;

my $redis = Seckill::Redis->new;
my $server = Seckill::Server->new(http => <<"END");
    seckill_zone zone=drop:8m redis=@{[$redis->url]} machine=m1;
    seckill_sale zone=drop name=phone stock=10 hold=60s;
END

$server->start;
$server->wait_for('a word to be wanted', sub {
    $server->request('POST', '/api/machines/m1/begin')->{status} == 200;
});
$server->ready;

sub follow {
    my (@args) = @_;
    my $out = `/usr/bin/python3 docs/follow_log.py --zone drop @args \\
               redis://127.0.0.1:$redis->{port} 2>&1`;

    return ($? >> 8, $out);
}

my %order = map { $_ => $server->claim('phone', $_)->{order} } qw(u1 u2 u3);
my $last = (sort { $b <=> $a } values %order)[0];

sub lines { join '', map { "$order{$_} phone $_\n" } @_ }

my ($code, $out) = follow("--until $last");
is($code, 0, 'it follows') or diag($out);
is($out, lines(qw(u1 u2 u3)), 'each order in its order');

# it goes on where it was; another group begins at the beginning

$order{u4} = $server->claim('phone', 'u4')->{order};
($code, $out) = follow("--until $order{u4}");
is($out, lines('u4'), 'it goes on');
($code, $out) = follow("--until $order{u4} --group other");
is($out, lines(qw(u1 u2 u3 u4)), 'another group has all');

# what does not follow is seen

my $next = $order{u4} + 1;
$redis->command('XADD', 'seckill:{drop}:log', "$next-0", 'commit',
                "\x91\x9b$next" . "\xc0" x 10, 'chain', '00' x 32);
($code, $out) = follow("--until $next --group third");
isnt($code, 0, 'a commit that is not one of ours');
like($out, qr/entry $next-0 does not follow/, 'it says so');

$server->done;
$redis->stop;

done_testing;
