# The operator's console at zones of all kinds: without keys, with a stream,
# without a sale, one that is not well, and one that several machines share.

use strict;
use warnings;
use utf8;
use Test::More;
use JSON::PP;
use Seckill::Console;
use Seckill::Redis;

binmode Test::More->builder->$_, ':utf8' for qw(output failure_output);

my $missing = Seckill::Browser::missing();
plan(skip_all => $missing) if $missing;

my $s = Seckill::Console->server->start->ready;
my $b = Seckill::Console->new;


# no key is wanted, and metrics in JSON

$b->open_page($s, '/open/#tickets');
$b->says('.sale-shown', 'tickets', 'without keys it begins at once');
$b->says('#tile-unavailable .note', '0 since the start', 'metrics in JSON do, too');
is($b->run(q{return page.locator('[aria-label="Sign out"]').count()}), 0,
   'nobody signs out');
$b->run(q{await page.click('#action-add'); await page.fill('#units', '5');
          await page.click('#dialog-submit')});
$b->says('.toast', 'The stock of tickets is 1,005.', 'and may do all');


# told by a stream: the sale is as it is, though nobody answers who asks

$b->open_page($s, '/streamed/#tickets');
$b->says('#units-free', '1,005', 'before it is told anything');
$s->wait_for('a stream', sub { $s->metric('seckill_streams') == 1 });
$b->run(q{await page.route('**/api/sales/tickets', route => route.abort())});
is($s->claim('tickets', 'streamed')->{result}, 'won', 'a unit is sold');
$b->says('#units-free', '1,004', 'it is told');
$s->api('POST', 'sales/tickets/pause');
$b->says('.state', 'paused', 'as are other changes');
$s->api('POST', 'sales/tickets/resume');
$b->no_problems('a stream');


# nothing is there

$b->open_page($s, '/none/');
$b->says('.empty h1', 'There is no sale yet', 'no sale');
like($b->text('.empty'), qr/seckill_sale zone=none name=phone/, 'how to make one');
like($s->request('GET', '/none-api/sales')->{body}, qr/"data":\[\]/, 'indeed');
$b->run(q{await page.evaluate(body => fetch('/none-api/sales', { method: 'POST', body }),
    JSON.stringify({ name: 'made', stock: 3 }))});
$b->says('.sale-name', 'made', 'one that is made appears by itself');
$b->run(q{await page.evaluate(async () => {
    await fetch('/none-api/sales/made/end', { method: 'POST' });
    await fetch('/none-api/sales/made', { method: 'DELETE' });
})});
$b->says('.empty h1', 'There is no sale yet', 'and goes, when it is removed');
$b->no_problems('an empty zone');


# what is wrong with the zone, and several machines: answers that others give

$b->open_page($s, '/open/#tickets');
$b->run(q{
    const log = { up: true, open: false, reign: 'a', address: 'r:6379', number: 90,
                  lag_ms: 2, machine: 'm1', machines: 2, members: 2 };
    const now = Date.now();
    const machine = (name, more) => ({ name, member: true, self: false,
        seen_at: new Date(now).toISOString(), number: 90, forgotten: false, ...more });
    await page.route('**/api/health', route => route.fulfill({ status: 503,
        body: JSON.stringify({ code: 105, result: 'unavailable',
            message: 'the log waits for m2', data: { log } }) }));
    await page.route('**/api/machines', route => route.fulfill({
        body: JSON.stringify({ code: 0, data: [
            machine('m1', { self: true }),
            machine('m2', { seen_at: new Date(now - 60000).toISOString(),
                            number: 80 })] }) }));
});
$b->says('.notice', 'The zone takes no claims: the log waits for m2', 'why not');
$b->says('.health-text', 'takes no claims', 'in its head, too');
$b->says('.machines .health span', 'log: takes no commits', 'the log');
is($b->run(q{return (await texts('.machines .kind')).join('; ')}),
   'member, this one; silent', 'the machines');
like($b->run(q{return (await texts('.machines li .label'))[1]}),
     qr/^10 events behind · seen (60 s|1 min|6\d s) ago$/, 'how far they are');
$b->says('.machines pre', 'seckill machine forget m2', 'what can be done');

$b->run(q{await page.route('**/metrics', route => route.fulfill({ status: 403 }))});
$b->run(q{await page.unroute('**/api/health')});
$b->says('.notice', 'No metrics from /metrics: HTTP 403. The charts stand still.',
         'no metrics');
$b->agrees('without metrics', 'tickets');
$b->no_problems('answers of others');


# several machines, as they are

my $redis = Seckill::Redis->new;
my ($m1, $m2) = map {
    Seckill::Server->new(http => <<"END", server => <<'END2');
    seckill_zone zone=drop:8m redis=@{[$redis->url]} machine=$_ gone=4s;
    seckill_sale zone=drop name=phone stock=100;
END
        location /open/ { seckill_console zone=drop; }
END2
} qw(m1 m2);

$m1->start;
$b->open_page($m1, '/open/');
$b->says('.machines pre', 'seckill machine begin m1',
         'an empty log: which command begins it');
is($m1->api('POST', 'machines/m1/begin')->{status}, 200, 'it is said');
$m1->ready;
$m2->start->ready;
$b->says('.machines li:nth-child(2) .kind', 'member', 'both are members');
is($m2->claim('phone', 'ann')->{result}, 'won', 'one sells');
$b->says('#units-free', '99', 'the other one knows');
$m2->stop('QUIT');
$b->run(q{return until(async () =>
    (await page.locator('.machines li').count()) === 1)});
like($b->text('.tail li'), qr/machine left m2$/, 'one has left');
$b->says('.machines .health span', 'log: open', 'the log is open');
$b->no_problems('machines');
$_->done for $m1, $m2;


$b->close;
$s->done;
done_testing;
