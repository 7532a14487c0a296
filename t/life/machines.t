# Two machines with one ledger, by way of Redis: what the API, the metrics and
# the command say of them, and what an operator does when one of them is gone
# for good.

use strict;
use warnings;
use Test::More;
use File::Temp qw(tempdir tempfile);
use HTTP::Tiny;
use JSON::PP qw(decode_json);
use Time::HiRes qw(sleep time);
use Seckill::Server;
use Seckill::Redis;

my $TIME = qr/^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

my $redis = Seckill::Redis->new;
my $http = HTTP::Tiny->new(timeout => 60);

my ($keys, $keys_name) = tempfile('seckill-keys-XXXXXX', TMPDIR => 1,
                                  UNLINK => 1);
print $keys "writer-0123456789 shop\nreader-0123456789 reports ro\n";
close $keys or die $!;

sub machine {
    my ($name) = @_;

    return Seckill::Server->new(http => <<"END", server => <<"END2");
    seckill_zone zone=drop:8m redis=@{[$redis->url]} machine=$name gone=4s;
    seckill_sale zone=drop name=phone stock=1000;
    seckill_sale zone=drop name=few stock=5;
END
        location /keyed/ { seckill_api zone=drop key=$keys_name; }
        location /prometheus { seckill_metrics zone=drop; }
END2
}

my $a = machine('m1');
my $b = machine('m2');


# the answer, decoded; what is written has a key

sub call {
    my ($s, $method, $path, %headers) = @_;
    my $body = delete $headers{body};
    my $res = $http->request($method, "http://127.0.0.1:$s->{port}$path",
                             { headers => \%headers,
                               defined $body ? (content => $body) : () });

    return { status => $res->{status}, body => $res->{content},
             %{(eval { decode_json($res->{content}) }) || {}} };
}

sub forget { my ($s, $name) = @_; call($s, 'POST', "/api/machines/$name/forget") }

sub machines {
    my ($s) = @_;
    my $list = call($s, 'GET', '/api/machines')->{data} || [];

    return map { $_->{name} => $_ } @$list;
}

sub events {
    my ($s) = @_;

    return map { "$_->{type} $_->{machine}" } grep { $_->{type} =~ /^machine/ }
           @{call($s, 'GET', '/api/events?limit=1000')->{data}};
}

sub cli {
    my ($s, @args) = @_;
    my $command = Seckill::Server::tool();
    my $out = `$command --url http://127.0.0.1:$s->{port}/api @args 2>&1`;

    return ($? >> 8, $out);
}

sub same_head {
    my ($what) = @_;

    $a->wait_for($what, sub {
        my @heads = map { call($_, 'GET', '/api/health')->{data}{head}{chain}
                          // rand } $a, $b;
        $heads[0] eq $heads[1];
    });
    pass($what);
}


# one alone, then both

$a->start;
$a->wait_for('it to wait for a word', sub {
    (call($a, 'GET', '/api/health')->{message} // '')
        =~ m{one machine is to begin: POST /api/machines/m1/begin};
});
is(call($a, 'POST', '/api/machines/m2/begin')->{status}, 404,
   'the word is for another one');
is(call($a, 'POST', '/keyed/machines/m1/begin',
        Authorization => 'Bearer reader-0123456789')->{status}, 403,
   'who may only read may not say it');
my ($code, $out) = cli($a, qw(machine begin m1));
is($code, 0, 'it is to begin') or diag($out);
$a->ready;
is(call($a, 'POST', '/api/machines/m1/begin')->{status}, 409, 'once');
is_deeply([events($a)], ['machine_joined m1'], 'the first one has joined');
is_deeply([keys %{{machines($a)}}], ['m1'], 'and is alone');

$b->start->ready;
$_->wait_for('both to know both', sub {
    my %m = machines($_);
    2 == grep { $_->{member} && $_->{number} } values %m;
}) for $a, $b;

for my $s ($a, $b) {
    my $list = call($s, 'GET', '/api/machines');
    my ($self, $other) = $s == $a ? (0, 1) : (1, 0);

    is_deeply([sort keys %$list], [qw(body code data status)],
              'a list is all that there is');
    is(join(' ', map { $_->{name} } @{$list->{data}}), 'm1 m2', 'by name');
    is_deeply([map { $list->{data}[$_]{self} ? 1 : 0 } $self, $other], [1, 0],
              'itself is one of them');

    for my $m (@{$list->{data}}) {
        is_deeply([sort keys %$m],
                  [qw(forgotten member name number seen_at self)], 'its fields');
        like($m->{seen_at}, $TIME, "$m->{name} was seen");
        ok($m->{member} && !$m->{forgotten}, 'is a member');
    }

    my $log = call($s, 'GET', '/api/health')->{data}{log};
    like($log->{reign}, qr/^[0-9a-f]{40}$/, 'the reign');
    is($log->{reign}, $redis->command('INFO', 'replication')
                      =~ /master_replid:(\w+)/ && $1, 'of the server');
    is($log->{address}, "127.0.0.1:$redis->{port}", 'its address');
    ok($log->{up} && $log->{open}, 'the log is open');
    is($log->{machine}, $s == $a ? 'm1' : 'm2', 'this machine');
    is_deeply([@$log{qw(machines members)}], [2, 2], 'two machines');
    like($log->{$_}, qr/^\d+$/, "a number: $_") for qw(number lag_ms);

    is_deeply([events($s)], ['machine_joined m1', 'machine_joined m2'],
              'the events of both');
    is($s->metric('seckill_log_up'), 1, 'seckill_log_up');
    is($s->metric('seckill_log_open'), 1, 'seckill_log_open');
    is($s->metric('seckill_log_machines', state => 'member'), 2, 'two members');
    is($s->metric('seckill_log_machines', state => $_), 0, "none is $_")
        for qw(silent outside);
    is($s->metric('seckill_log_reign_changes_total'), 0, 'in one reign');
    cmp_ok($s->metric('seckill_log_round_trip_seconds', of => 'count'), '>', 2,
           'round trips are counted');
    is(`curl -s http://127.0.0.1:$s->{port}/prometheus | promtool check metrics 2>&1`,
       '', 'promtool check metrics');
}

cmp_ok($b->metric('seckill_log_followed_commits_total'), '>', 0,
       'commits were followed');
cmp_ok($a->metric('seckill_log_appends_total', result => 'ok'), '>', 0,
       'and appended');


# who is alive is not forgotten

is(forget($a, $_)->{status}, 404, "$_: no such machine") for 'm3', 'a%20b', '..x';
is(forget($a, 'm1')->{status}, 409, 'not itself');
like(forget($a, 'm1')->{message}, qr/this machine/, 'it says so');
is(forget($a, 'm2')->{status}, 409, 'not one that is alive');
like(forget($a, 'm2')->{message}, qr/alive/, 'it says so');
is(call($a, 'POST', '/keyed/machines/m2/forget',
        Authorization => 'Bearer reader-0123456789')->{status}, 403,
   'nor by who may only read');
is(call($a, 'POST', '/keyed/machines/m2/forget',
        Authorization => 'Bearer writer-0123456789')->{status}, 409,
   'who may write is heard');
is(call($a, $_, '/api/machines/m2/forget')->{status}, 405, "$_ is not allowed")
    for qw(GET DELETE);
is(call($a, 'GET', '/api/machines?limit=1')->{status}, 400, 'no arguments');
is(call($a, 'POST', '/api/machines/m2/forget?x=1')->{status}, 400, 'none here');


# the command

($code, $out) = cli($a, 'machine', 'list');
is($code, 0, 'machine list');
like($out, qr/^machine +member +self +number +seen at +forgotten$/m,
     'a table');
like($out, qr/^m1 +true +true +\d+ +20\S+Z +false$/m, 'with this machine');
like($out, qr/^m2 +true +false +\d+ +20\S+Z +false$/m, 'and the other');
is_deeply([map { $_->{name} } @{decode_json((cli($b, qw(machine list --json)))[1])}],
          ['m1', 'm2'], 'as JSON');
($code, $out) = cli($a, qw(machine forget m2));
is($code, 1, 'machine forget');
like($out, qr/conflict: .*alive/, 'is refused');
is((cli($a, qw(machine forget m9)))[0], 1, 'one that there is not');
is((cli($a, qw(machine forget)))[0], 2, 'whom?');
is((cli($a, 'machine', 'forget', "'a b'"))[0], 2, 'no name');
($code, $out) = cli($a, 'health');
like($out, qr/^log up +true$/m, 'health has the log');
like($out, qr/^log machines +2$/m, 'and the machines');
like((cli($a, qw(events list)))[1], qr/ machine_joined .* m2\b/, 'events list');


# one request with a key is done once, wherever it is sent

my %once = ('Idempotency-Key' => 'delivery-1',
            body => '{"name":"pen","stock":7}');
my $first = call($a, 'POST', '/api/sales', %once);
is($first->{status}, 201, 'a sale is added');
my $again = call($b, 'POST', '/api/sales', %once);
is_deeply([@$again{qw(status body)}], [@$first{qw(status body)}],
          'the other machine answers the same');
is(call($b, 'POST', '/api/sales', %once, body => '{"name":"pen","stock":8}')
   ->{status}, 409, 'and knows that it is another request');
same_head('nothing was done twice');


# a user at both machines has one unit

my (@wrong, %result);

for my $n (1 .. 100) {
    my @socks = map { $_->connect } $a, $b;

    syswrite $_, "POST /seckill?sale=phone&user=u$n HTTP/1.1\r\n"
        . "Host: localhost\r\nConnection: close\r\n\r\n" for @socks;

    my @answers = map { decode_json(Seckill::Server::read_response($_)->{body}) }
                  @socks;

    $result{$_->{result}}++ for @answers;
    push @wrong, "u$n" if $answers[0]{order} != $answers[1]{order};
}

is("@wrong", '', 'both machines tell a user of one order');
is($result{won} + $result{already}, 200, 'all have one');
same_head('one history');
is($_->metric('seckill_units', sale => 'phone', state => 'sold'), 100,
   'of a hundred users a hundred units') for $a, $b;


# who loses does not come to Redis

$a->claim('few', "f$_") for 1 .. 5;
same_head('it is sold out');
is($_->ask('few', 'nobody')->{sale_state}, 'sold_out', 'for both') for $a, $b;

sub appends {
    my $n = 0;

    for my $s ($a, $b) {
        $n += $s->metric('seckill_log_appends_total', result => $_)
            for qw(ok behind failed);
    }

    return $n;
}

my $before = appends();
my $length = $redis->command('XLEN', 'seckill:{drop}:log');
my $calls = $redis->calls('evalsha');
my $start = time;
my %lost;

for my $s ($a, $b) {
    my $sock = $s->connect;
    $lost{$s->claim('few', "l$_", $sock)->{result}}++ for 1 .. 1000;
}

my $took = time - $start;
my $beats = 2 * (1 + int($took / 0.8));

is_deeply(\%lost, { sold_out => 2000 }, 'two thousand lose');
is(appends(), $before, 'nothing was to be appended');
is($redis->command('XLEN', 'seckill:{drop}:log'), $length, 'the log is as long');
cmp_ok($redis->calls('evalsha') - $calls, '<=', 2 * $beats + 4,
       'Redis was called for heartbeats');


# one is gone for good, and with it all that Redis had

my $well = call($a, 'GET', '/api/health')->{data};
$b->kill_all;
$redis->stop;

$a->wait_for('it to be missed', sub {
    call($a, 'GET', '/api/health')->{status} == 503;
});
my $away = call($a, 'GET', '/api/health');
ok(!$away->{data}{log}{up}, 'Redis is away');
is_deeply($away->{data}{head}, $well->{head}, 'the head is known');
is($a->metric('seckill_log_up'), 0, 'seckill_log_up');
is(forget($a, 'm2')->{status}, 503, 'who may be alive is not forgotten');
like(forget($a, 'm2')->{message}, qr/Redis does not answer/, 'it says so');

$redis->start;
$a->wait_for('it to wait for the other', sub {
    (call($a, 'GET', '/api/health')->{message} // '') =~ /waits for m2$/;
});

my $waits = call($a, 'GET', '/api/health');
is($waits->{status}, 503, 'it does not serve');
is($a->metric('seckill_log_open'), 0, 'seckill_log_open');
is($waits->{data}{log}{open}, JSON::PP::false, 'in the health, too');
isnt($waits->{data}{log}{reign}, $well->{log}{reign}, 'it is another reign');
is($waits->{data}{log}{members}, 2, 'of two members');
is($a->claim('phone', 'late')->{result}, 'unavailable', 'nobody can buy');
is($a->metric('seckill_log_machines', state => 'silent'), 1, 'one is silent');
cmp_ok($a->metric('seckill_log_restored_commits_total'), '>', 10,
       'what was told is put back');

my %m = machines($a);
ok($m{m2}{member} && !$m{m2}{forgotten}, 'it is a member still');
is($m{m2}{seen_at}, undef, 'that this Redis has never seen');

($code, $out) = cli($a, 'health');
is($code, 3, 'the command says it');
like($out, qr/waits for m2/, 'why');
like($out, qr/^log open +false$/m, 'and how the log is');

sleep 4.5;
is(call($a, 'GET', '/api/health')->{status}, 503, 'silence is not enough');

($code, $out) = cli($a, qw(machine forget m2));
is($code, 0, 'it is forgotten');
like($out, qr/^forgotten +true$/m, 'it says so');

$a->ready;
is($a->claim('phone', 'late')->{result}, 'won', 'it sells');
$a->wait_for('it to have left', sub { (events($a))[-1] eq 'machine_left m2' });
is_deeply([events($a)],
          ['machine_joined m1', 'machine_joined m2', 'machine_left m2'],
          'once');
is_deeply([grep { /^m2/ } keys %{{machines($a)}}], [], 'and is in no list');
is(forget($a, 'm2')->{status}, 404, 'nor can it be forgotten');
is($a->metric('seckill_log_reign_changes_total'), 1, 'the reign has changed');
is($a->metric('seckill_log_machines', state => 'silent'), 0, 'none is silent');


# a copy of a store is a new machine

my $copies = tempdir('seckill-copies-XXXXXX', TMPDIR => 1, CLEANUP => 1);
is((cli($a, 'backup', "$a->{dir}/seckill/drop.db", "$copies/b.db"))[0], 0,
   'a copy is made');
($code, $out) = cli($a, 'restore', "$copies/b.db", "$copies/new.db");
is($code, 0, 'and becomes a store') or diag($out);
like($out, qr/^Machines share this ledger\./m, 'of another machine, it says');


# it comes back all the same

$b->start->ready;
same_head('it goes on from where it was');
is_deeply([events($b)], [events($a)], 'and has joined again');
is((events($b))[-1], 'machine_joined m2', 'it has');
is($b->ask('phone', 'late')->{result}, 'won', 'it knows what was sold');


for my $s ($a, $b) {
    my $command = Seckill::Server::tool();
    my $said = `$command verify $s->{dir}/seckill/drop.db 2>&1`;
    is($?, 0, 'its ledger is sound') or diag($said);
}

$_->done for $a, $b;


# a zone that shares nothing

my $alone = Seckill::Server->new(http => 'seckill_zone zone=drop:4m;');

$alone->start->ready;
is(call($alone, 'GET', '/api/machines')->{body}, qq({"code":0,"data":[]}\n),
   'an empty list');
is(forget($alone, 'm1')->{status}, 404, 'nobody to be forgotten');
ok(!exists call($alone, 'GET', '/api/health')->{data}{log}, 'no log');
is($alone->metric('seckill_log_up'), undef, 'and no metrics of one');
unlike((cli($alone, 'health'))[1], qr/log/, 'nor in the command');
is((cli($alone, qw(machine list)))[0], 0, 'which lists none');

$alone->done;
done_testing;
