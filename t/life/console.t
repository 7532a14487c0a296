# The operator's console, in a real browser, on a real server: what it shows is
# what the server says, what it does is done, and nothing that happens to the
# server or to the network needs a reload.

use strict;
use warnings;
use utf8;
use Test::More;
use File::Temp qw(tempfile);
use JSON::PP;
use Cwd qw(getcwd);
use POSIX qw(strftime);
use Seckill::Browser;
use Seckill::Redis;
use Seckill::Server;

binmode Test::More->builder->$_, ':utf8' for qw(output failure_output);

my $missing = Seckill::Browser::missing();
plan(skip_all => $missing) if $missing;

my ($keys, $keys_name) = tempfile('seckill-keys-XXXXXX', TMPDIR => 1,
                                  UNLINK => 1);
print $keys "writer-0123456789 shop\nreader-0123456789 reports ro\n";
close $keys or die $!;

my $s = Seckill::Server->new(http => <<'END', server => <<"END2");
    seckill_zone zone=drop:8m;
    seckill_zone zone=none:8m;
    seckill_sale zone=drop name=phone stock=400 hold=600;
    seckill_sale zone=drop name=tickets stock=1000 limit=4;
END
        location /console/ {
            seckill_console zone=drop api=/keyed/ metrics=/prometheus;
        }
        location /keyed/ { seckill_api zone=drop key=$keys_name; }
        location /prometheus { seckill_metrics zone=drop; }
        location /open/ { seckill_console zone=drop; }
        location /streamed/ { seckill_console zone=drop stream=/stream; }
        location = /stream { seckill_stream zone=drop; }
        location /none/ { seckill_console zone=none api=/none-api/
                                          metrics=/none-metrics; }
        location /none-api/ { seckill_api zone=none key=off; }
        location /none-metrics { seckill_metrics zone=none; }
END2

$s->start->ready;

my $url = "http://127.0.0.1:$s->{port}";
my $b = Seckill::Browser->new;


sub sale { $s->api('GET', "sales/$_[0]")->{data} }

sub open_page {
    my ($path, %options) = @_;
    $b->run('await open(url, options)', url => "$url$path", options => \%options);
}

# signed in, at the sale

sub open_console {
    my ($key, %options) = @_;

    open_page('/console/', %options);
    $b->run(<<'END', key => $key);
        await page.fill('#key', key);
        await page.keyboard.press('Enter');
        await page.waitForSelector('.numbers');
END
}

# what the page says of a sale, as soon as it agrees with the API

sub agrees {
    my ($name, $sale) = @_;
    my $now = sale($sale);

    for my $unit (qw(free held sold)) {
        (my $text = reverse $now->{$unit}) =~ s/(\d{3})(?=\d)/$1,/g;
        $b->says("#units-$unit", scalar reverse($text), "$name: $unit");
    }
}

sub no_problems {
    my ($name) = @_;
    is_deeply($b->run('return takeProblems()'), [], "$name: no errors, and"
              . ' nothing that the policy forbids');
}


# the check of what the policy forbids does find it

open_page('/console/');
$b->run('await page.waitForSelector("#key")');
no_problems('the first page');
my $found = $b->run(q{
    await page.evaluate(() => document.body.insertAdjacentHTML('beforeend',
        '<p style="color: red">x</p>'));

    // both the event and the message on the console
    let all = [];
    await until(async () =>
        (all = all.concat(await takeProblems())).length === 2);
    return all;
});
like("@$found", qr/violation of style-src-attr: inline/, 'an inline style is found');


# signing in

open_page('/console/');
$b->run(q{await page.fill('#key', 'not a key'); await page.keyboard.press('Enter')});
$b->says('#key-error', 'A key has visible characters only, without blanks.',
         'what can be no key');
$b->run(q{await page.fill('#key', 'wrong-0123456789'); await page.keyboard.press('Enter')});
$b->says('#key-error', 'The server does not know this key.', 'a wrong key');
$b->run(q{await page.fill('#key', 'writer-0123456789'); await page.keyboard.press('Enter')});
$b->says('.sale-shown', 'phone', 'the right one: the sale');
$b->says('.by', 'shop', 'whose key it is');
is($b->run(q{return page.evaluate(() =>
    JSON.stringify(localStorage).includes('writer')
    || document.cookie !== '')}), JSON::PP::false,
   'the key is not kept for longer than the tab');
$b->run('await page.reload()');
$b->says('.sale-shown', 'phone', 'and is kept for as long');
agrees('at first', 'phone');
$b->says('.state', 'open', 'the state');
$b->says('.health-text', 'takes claims', 'the zone');


# all is sold under load

$s->buyers(sale => 'phone', users => 600, prefix => 'buyer');
$b->says('#units-free', '0', 'no unit is left');
$s->buyers_done;
agrees('sold out', 'phone');
$b->says('.state', 'sold out', 'sold out');
is(sale('phone')->{held}, 400, 'all are held');

is($s->api('POST', "orders/$_/confirm")->{status}, 200, 'a payment')
    for (values %{$s->answers->{won}})[0 .. 4];
agrees('five are paid', 'phone');
$b->says('#tile-paid .note', '5 of 400', 'paid of won');
$b->says('#tile-paid .value', '1.3%', 'as a share');

# what it has added up of answers is what the metrics say

my $shown = $b->run('return texts(".answers-chart .legend dt")');
is_deeply([sort @$shown], [sort 'won', 'already', 'sold out', 'unavailable'],
          'the answers that there were');
is($s->metric('seckill_claims_total', sale => 'phone', result => 'won'), 400,
   'as the metrics have them');
$b->says('#tile-unavailable .note', '0 since the start', 'and no others');
ok($b->run(q{return until(async () =>
    (await page.locator('.chart canvas').count()) === 7)}), 'seven charts');

# its events, the newest first

$b->run(q{return until(async () => (await texts('.tail b'))[0] === 'paid')});
like($b->text('.tail li'), qr/paid order \d+ buyer\d+ by \d/, 'the last event');


# another sale, in the address

$b->run(q{await page.selectOption('#sales', 'tickets')});
$b->says('.sale-shown', 'tickets', 'another sale');
agrees('another sale', 'tickets');
$b->run('await page.reload()');
$b->says('.sale-shown', 'tickets', 'is still there after a reload');
$b->run(q{await page.goBack()});
$b->says('.sale-shown', 'phone', 'and back');


# (what an edit has changed is known of sales that were read before it)
$b->run('await page.waitForResponse(/\\/keyed\\/sales\\?/)');


# stock, once, though the answers were lost, until it is asked for again

$b->run(q{
    let lost = 0;
    await page.route('**/keyed/sales/phone', async route => {
        if (route.request().method() === 'PATCH' && lost++ < 3) {
            await route.fetch();
            await route.abort();
        } else {
            await route.continue();
        }
    });
    await page.click('#action-add');
    await page.fill('#units', '1');
    await page.click('dialog .with-usual button >> nth=0');
});
$b->says('#add-becomes', 'Stock 400 → 411, free 11', 'it says what will be');
$b->run(q{await page.click('#dialog-submit')});
$b->says('dialog .error', 'No answer: whether it was done is not known. Press '
         . 'again: it is done once only.', 'it says that it does not know');
is(sale('phone')->{stock}, 411, 'it was done');
$b->run(q{await page.click('#dialog-submit')});
$b->says('.toast', 'The stock of phone is 411.', 'it says what was done');
is(sale('phone')->{stock}, 411, 'stock is added once');
agrees('after that', 'phone');
$b->run(q{await page.click('.choice button >> nth=1')});
$b->run(q{return until(async () => /stock 400 → 411/.test(await text('.tail li')))});
like($b->text('.tail li'), qr/^[\d:]+ sale edited stock 400 → 411 by shop$/,
     'the event says what was changed, and who has');

# what is refused is said, and the dialog stays

$b->run(q{
    await page.click('#action-add');
    await page.fill('#units', '-12');
    await page.click('#dialog-submit');
});
like($b->run(q{return says('dialog .error', /Not done/)}),
     qr/Not done: .*stock/, 'a refusal says why');
is($b->run(q{return page.locator('dialog').isVisible()}), JSON::PP::true,
   'and can be corrected');
$b->run(q{await page.keyboard.press('Escape')});


# pause, resume

$b->run(q{await page.click('#action-pause')});
$b->says('.state', 'paused', 'paused');
is($s->claim('phone', 'late')->{result}, 'paused', 'nobody can claim');
$b->says('#action-pause', 'Resume', 'the button does the opposite now');
$b->run(q{await page.click('#action-pause')});
$b->says('.state', 'open', 'it goes on');
is($s->claim('phone', 'late')->{result}, 'won', 'and sells');


# the window

$b->run(q{
    await page.click('#action-window');
    await page.click('dialog .with-usual button >> nth=1');
});
$b->says('dialog .becomes', 'Open for 15 min.', 'how long it will be open');
$b->run(q{await page.click('#dialog-submit')});
$b->says('.toast', 'The window of phone is moved.', 'moved');
like(sale('phone')->{end}, qr/^20/, 'there is an end');
like($b->run(q{return says('.window', /ends in/)}), qr/^ends in 1[45]:\d\d /,
     'a countdown');

$b->run(q{
    await page.click('#action-window');
    await page.fill('#window-start', '2099-01-01T00:00:00');
});
$b->says('dialog .becomes', 'The end has to be after the start.',
         'no window ends before it starts');
is($b->run(q{return page.locator('#dialog-submit').isDisabled()}),
   JSON::PP::true, 'it cannot be asked for');
$b->run(q{
    await page.fill('#window-end', '');
    await page.click('#dialog-submit');
});
$b->says('.state', 'scheduled', 'a start that is to come');
like(sale('phone')->{start}, qr/^(2098-12-31|2099-01-01)T/, 'is there');
is(sale('phone')->{end}, undef, 'and no end');
$b->run(q{
    await page.click('#action-window');
    await page.fill('#window-start', '');
    await page.click('#dialog-submit');
});
$b->says('.state', 'open', 'and taken away again');
no_problems('what was done');


# the server goes away and comes back

$b->run(q{await page.evaluate(() => globalThis.same = true)});
$s->stop('TERM');
like($b->run(q{return says('.lost p', /^No answer/)}),
     qr/^No answer from the server for \d+ s. What is shown is of [\d:]+/,
     'the server is gone: it says so, and how old the figures are');
is($b->run(q{return page.locator('.board.stale').count()}), 1, 'they are grey');
$b->says('.health-text', 'not known', 'nor is it known how the zone is');
$s->start->ready;
$b->run(q{return until(async () => !(await page.locator('.lost').count()))});
$s->claim('phone', 'later');
agrees('the server is back', 'phone');
is($b->run(q{return page.locator('.board.stale').count()}), 0, 'no more');

$b->run(q{await page.context().setOffline(true)});
like($b->run(q{return says('.lost p', /offline/)}),
     qr/^This device is offline/, 'no network');
$b->run(q{await page.context().setOffline(false)});
$b->run(q{return until(async () => !(await page.locator('.lost').count()))});
$s->claim('phone', 'latest');
agrees('the network is back', 'phone');
is($b->run(q{return page.evaluate(() => globalThis.same)}), JSON::PP::true,
   'it was the same page all the time');


# a key that may only read

$b->run(q{await page.click('[aria-label="Sign out"]')});
$b->run(q{await page.waitForSelector('#key')});
is($b->run(q{return page.evaluate(() => sessionStorage.length)}), 0,
   'signed out: the key is forgotten');
$b->run(q{await page.fill('#key', 'reader-0123456789'); await page.keyboard.press('Enter')});
$b->says('.badge', 'read only', 'it says so');
agrees('who may only read', 'phone');
is($b->run(q{return page.locator('.actions').count()}), 0, 'has no buttons');
$b->run(q{for (const key of 'pawe') { await page.keyboard.press(key) }});
is($b->run(q{return page.locator('dialog').count()}), 0, 'nor keys for them');

# a key that is taken away

$b->run(q{await page.route('**/keyed/**', route => route.fulfill({ status: 401,
    body: '{"code":101,"result":"unauthorized","message":"no"}' }))});
$b->says('#key-error', 'The key is not valid any more. Sign in again.',
         'a key that is not valid any more');
no_problems('keys');


# with the keyboard alone

open_console('writer-0123456789');

sub focused { $b->run(q{return page.evaluate(() => document.activeElement.id)}) }

$b->run(q{await page.evaluate(() => document.activeElement.blur());
          await page.keyboard.press('Tab')});
is($b->run(q{return page.evaluate(() => document.activeElement.textContent)}),
   'To the figures', 'the first stop leads past the head');
$b->run(q{await page.keyboard.press('Enter')});
is(focused(), 'board', 'there');
is($b->run(q{return page.evaluate(() => location.hash)}), '#phone',
   'the address names the sale, as before');

$b->run(q{await page.keyboard.press('p')});
is(focused(), 'action-pause', 'p leads to the button');
is(sale('phone')->{paused}, JSON::PP::false, 'and does not press it');
$b->run(q{await page.keyboard.press('Enter')});
$b->says('.state', 'paused', 'Enter does');
is(focused(), 'action-pause', 'it stays there');
$b->run(q{await page.keyboard.press('Enter')});
$b->says('.state', 'open', 'and resumes');

$b->run(q{await page.keyboard.press('a')});
is(focused(), 'units', 'a dialog has the focus at its first field');
my $inside = $b->run(q{
    const seen = new Set();
    for (let i = 0; i < 16; i++) {
        await page.keyboard.press('Tab');
        seen.add(await page.evaluate(() => {
            const el = document.activeElement;
            return el === document.body || Boolean(el.closest('dialog'));
        }));
    }
    return [...seen];
});
is_deeply($inside, [JSON::PP::true], 'and keeps it');
$b->run(q{await page.keyboard.press('Escape')});
$b->run(q{return until(async () => !(await page.locator('dialog').count()))});
is(focused(), 'action-pause', 'closed, it is where it was');
my $stock = sale('phone')->{stock};
$b->run(q{for (const key of ['a', '7', 'Enter']) { await page.keyboard.press(key) }});
$b->says('.toast', 'The stock of phone is ' . ($stock + 7) . '.', 'seven more');

$b->run(q{await page.keyboard.press(']')});
$b->says('.sale-shown', 'tickets', 'the next sale');
$b->run(q{await page.keyboard.press('[')});
$b->says('.sale-shown', 'phone', 'the one before');

# keys can be switched off, for who speaks to the machine

$b->run(q{for (const key of ['?', 'Space', 'Escape', ']']) { await page.keyboard.press(key) }});
$b->says('.sale-shown', 'phone', 'keys that are off do nothing');
$b->run(q{for (const key of ['?', 'Space', 'Escape']) { await page.keyboard.press(key) }});


# the end, which cannot be undone by a slip

$b->run(q{await page.keyboard.press('e'); await page.keyboard.type('phon')});
is($b->run(q{return page.locator('#dialog-submit').isDisabled()}),
   JSON::PP::true, 'the name is not whole');
$b->run(q{await page.keyboard.press('Enter')});
is($b->run(q{return page.locator('dialog').isVisible()}), JSON::PP::true,
   'nothing is done');
isnt(sale('phone')->{state}, 'ended', 'at the server neither');
$b->run(q{await page.keyboard.type('e'); await page.keyboard.press('Enter')});
$b->says('.state', 'ended', 'the end');
is(sale('phone')->{state}, 'ended', 'at the server, too');
is_deeply($b->run(q{return Promise.all(['pause', 'end', 'add', 'window'].map(
    name => page.locator(`#action-${name}`).isDisabled()))}),
    [JSON::PP::true, JSON::PP::true, JSON::PP::false, JSON::PP::false],
    'what cannot be done now cannot be asked for');
no_problems('the keyboard');


# no key is wanted, and metrics in JSON

open_page('/open/#tickets');
$b->says('.sale-shown', 'tickets', 'without keys it begins at once');
$b->says('#tile-unavailable .note', '0 since the start', 'metrics in JSON do, too');
is($b->run(q{return page.locator('[aria-label="Sign out"]').count()}), 0,
   'nobody signs out');
$b->run(q{await page.click('#action-add'); await page.fill('#units', '5');
          await page.click('#dialog-submit')});
$b->says('.toast', 'The stock of tickets is 1,005.', 'and may do all');


# told by a stream: the sale is as it is, though nobody answers who asks

open_page('/streamed/#tickets');
$b->says('#units-free', '1,005', 'before it is told anything');
$s->wait_for('a stream', sub { $s->metric('seckill_streams') == 1 });
$b->run(q{await page.route('**/api/sales/tickets', route => route.abort())});
is($s->claim('tickets', 'streamed')->{result}, 'won', 'a unit is sold');
$b->says('#units-free', '1,004', 'it is told');
$s->api('POST', 'sales/tickets/pause');
$b->says('.state', 'paused', 'as are other changes');
$s->api('POST', 'sales/tickets/resume');
no_problems('a stream');


# nothing is there

open_page('/none/');
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
no_problems('an empty zone');


# Chinese

open_page('/open/', locale => 'zh-CN');
$b->says('.big.free dt', '可售', 'in Chinese, as the browser would have it');
$b->says('.health-text', '接受抢购', 'all of it');
is($b->run(q{return page.evaluate(() => document.documentElement.lang)}), 'zh-CN',
   'and says so');
$b->run(q{await page.keyboard.press('l')});
$b->says('.big.free dt', 'free', 'in English');
$b->run('await page.reload()');
$b->says('.big.free dt', 'free', 'which is remembered');


# colours

open_page('/open/', colorScheme => 'dark');
$b->run(q{await page.waitForSelector('.numbers')});

sub dark { $b->run(q{return page.evaluate(() =>
    getComputedStyle(document.body).backgroundColor)}) =~ /\((\d+)/ && $1 < 100 }

ok(dark(), 'dark, as the system has it');
$b->run(q{await page.keyboard.press('t')});
ok(!dark(), 'light, by a switch');
$b->run('await page.reload()');
$b->run(q{await page.waitForSelector('.numbers')});
ok(!dark(), 'which is remembered');


# what is wrong with the zone, and several machines: answers that others give

open_page('/open/');
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
agrees('without metrics', 'tickets') if $b->text('.sale-shown') eq 'tickets';
no_problems('answers of others');


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
$b->run('await open(url)', url => "http://127.0.0.1:$m1->{port}/open/");
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
no_problems('machines');
$_->done for $m1, $m2;


# on any screen

for my $size ([320, 640], [390, 844], [820, 1180], [1280, 800], [1920, 1080], [3840, 2160]) {
    for my $locale ('en-GB', 'zh-CN') {
        open_page('/open/', locale => $locale,
                  viewport => { width => $size->[0], height => $size->[1] });
        my $sizes = $b->run(q{
            await page.waitForSelector('.plot canvas');
            await page.click('#action-window');
            return page.evaluate(() => {
                const all = document.documentElement;
                const dialog = document.querySelector('dialog');
                return [all.scrollWidth - innerWidth,
                        all.scrollHeight - innerHeight,
                        dialog.scrollWidth - dialog.clientWidth];
            });
        });
        cmp_ok($sizes->[0], '<=', 0, "$size->[0] wide, $locale: nothing to the side");
        cmp_ok($sizes->[2], '<=', 0, 'nor in a dialog');
        cmp_ok($sizes->[1], '<=', 0, 'and on a wall, nothing below')
            if $size->[0] >= 1900;
    }
}

no_problems('any screen');


# for everybody, as far as a program can see

for (['light', 390, 844], ['dark', 1440, 900]) {
    my ($colours, $width, $height) = @$_;
    my %options = (colorScheme => $colours,
                   viewport => { width => $width, height => $height });

    open_page('/console/', %options);
    $b->run('await page.waitForSelector("#key")');
    is_deeply($b->run('return barriers()'), [], "$colours: signing in");

    open_page('/open/', %options);
    $b->run('await page.waitForSelector(".tail li")');
    is_deeply($b->run('return barriers()'), [], "$colours: the board");

    for my $key (qw(a w e ?)) {
        is_deeply($b->run(<<'END', key => $key), [], "$colours: dialog $key");
            await page.keyboard.press(key);
            const found = await barriers();
            await page.keyboard.press('Escape');
            await until(async () => !(await page.locator('dialog').count()));
            return found;
END
    }

    $b->run(q{await page.context().setOffline(true);
              await page.waitForSelector('.lost')});
    is_deeply($b->run('return barriers()'), [], "$colours: without a server");
}

$b->run(q{await page.evaluate(() =>
    document.querySelector('.big dd').style.color = '#222')});
like("@{$b->run('return barriers()')}", qr/^color-contrast: /,
     'a number that is hard to read is found');


# pictures for the documentation, of a sale that has gone on for a while:
# SECKILL_SCREENSHOTS=1 ./build.sh test t/life/console.t

take_pictures() if $ENV{SECKILL_SCREENSHOTS};

$b->close;
$s->done;
done_testing;


sub take_pictures {
    my $size = { width => 1920, height => 1080 };
    my $end = strftime('%Y-%m-%dT%H:%M:%SZ', gmtime time + 1325);

    for my $sale (qw(phone tickets)) {
        $s->api('POST', "sales/$sale/end");
        is($s->api('POST', 'sales', encode_json({
            name => "$sale-2026", stock => 6000, hold => 900, waitlist => 500,
            end => $end,
        }))->{status}, 201, "a sale for pictures: $sale");
    }

    open_console('writer-0123456789', viewport => $size);
    $b->run('await page.evaluate(() => location.hash = "phone-2026")');
    $b->says('.sale-shown', 'phone-2026', 'the page is there');

    # claims in waves, and payments of most; an operator, too

    $b->run(<<'END', url => $url);
        const post = async (path, body) => (await fetch(url + path, {
            method: 'POST', body: body && JSON.stringify(body) })).json();
        const sale = '/api/sales/phone-2026';
        let n = 0;

        async function buy(user) {
            const path = `/seckill?sale=phone-2026&user=${user}`;
            const { order } = await post(path);

            if (Math.random() < 0.3) {
                await post(path);
            }

            if (order && Math.random() < 0.85) {
                await new Promise(r => setTimeout(r, 4000 + 9000 * Math.random()));
                await post(`/api/orders/${order}/confirm`, { user });
            }
        }

        for (let second = 0; second < 60; second++) {
            const begun = Date.now();
            const paused = second >= 34 && second < 38;
            const rate = 25 + 70 * Math.exp(-(((second - 18) / 9) ** 2));

            if (second === 34 || second === 38) {
                await post(`${sale}/${paused ? 'pause' : 'resume'}`);
            }

            for (let i = 0; i < rate; i++) {
                buy(`u${10000 + n++}`).catch(() => { });
                await new Promise(r => setTimeout(r, 900 / rate));
            }

            await new Promise(r => setTimeout(r, 1000 - (Date.now() - begun)));
        }
END

    mkdir 'docs/console';

    for (['wall-dark', 1920, 1080, 'dark'], ['wall-light', 1920, 1080, 'light'],
         ['desktop-light', 1280, 800, 'light'], ['desktop-dark', 1280, 800, 'dark'],
         ['phone-light', 390, 844, 'light'], ['phone-dark', 390, 844, 'dark'])
    {
        my ($name, $width, $height, $colours) = @$_;
        my $path = "docs/console/$name.png";

        $b->run(<<'END', width => $width, height => $height,
            await page.setViewportSize({ width, height });
            await page.emulateMedia({ colorScheme: colours });
            await new Promise(r => setTimeout(r, 1500));
            await page.screenshot({ path: `${root}/${path}` });
END
                colours => $colours, path => $path, root => getcwd());

        # Debian's pngquant; without it they are large
        system('pngquant', '--force', '--strip', '--ext=.png', $path);
        cmp_ok(-s $path, '<', 150 * 1024, "$path is small");
    }
}
