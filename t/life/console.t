# The operator's console, in a real browser, on a real server: what it shows is
# what the server says, what it does is done, and nothing that happens to the
# server or to the network needs a reload.

use strict;
use warnings;
use utf8;
use Test::More;
use JSON::PP;
use Seckill::Console;

binmode Test::More->builder->$_, ':utf8' for qw(output failure_output);

my $missing = Seckill::Browser::missing();
plan(skip_all => $missing) if $missing;

my $s = Seckill::Console->server->start->ready;
my $b = Seckill::Console->new;

sub sale { $s->api('GET', "sales/$_[0]")->{data} }


# the check of what the policy forbids does find it

$b->open_page($s, '/console/');
$b->run('await page.waitForSelector("#key")');
$b->no_problems('the first page');
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

$b->open_page($s, '/console/');
$b->run(q{await page.press('#key', 'Enter')});
$b->says('#key-error', 'Type the key.', 'no key at all');
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
$b->agrees('at first', 'phone');
$b->says('.state', 'open', 'the state');
$b->says('.health-text', 'takes claims', 'the zone');


# all is sold under load

$s->buyers(sale => 'phone', users => 600, prefix => 'buyer');
$b->says('#units-free', '0', 'no unit is left');
$s->buyers_done;
$b->agrees('sold out', 'phone');
$b->says('.state', 'sold out', 'sold out');
is(sale('phone')->{held}, 400, 'all are held');

is($s->api('POST', "orders/$_/confirm")->{status}, 200, 'a payment')
    for (values %{$s->answers->{won}})[0 .. 4];
$b->agrees('five are paid', 'phone');
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
$b->agrees('another sale', 'tickets');
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
$b->agrees('after that', 'phone');
$b->run(q{await page.click('.choice button >> nth=1')});
$b->run(q{return until(async () => /stock 400 → 411/.test(await text('.tail li')))});
like($b->text('.tail li'), qr/^[\d:]+ sale edited stock 400 → 411 by shop$/,
     'the event says what was changed, and who has');

# what is refused is said, and the dialog stays

$b->run(q{
    await page.click('#action-add');
    await page.fill('#units', '-12');
});
$b->says('#add-becomes', 'Only 11 are free.', 'more than is free');
is($b->run(q{return page.locator('#dialog-submit').isDisabled()}),
   JSON::PP::true, 'cannot be withdrawn');
$b->run(q{
    await page.fill('#units', '999999999999');
    await page.click('#dialog-submit');
});
like($b->run(q{return says('dialog .error', /Not done/)}),
     qr/Not done: .*stock/, 'a refusal says why');
is($b->run(q{return page.locator('dialog').isVisible()}), JSON::PP::true,
   'and can be corrected');
$b->run(q{await page.keyboard.press('Escape')});


# an action that has to wait says so, and keeps its room, on a phone, too

my $waited = $b->run(q{
    let go, first = true;
    const gone = new Promise(resolve => go = resolve);

    await page.route('**/keyed/sales/phone/pause', async route => {
        if (first) {
            first = false;
            await route.fulfill({ status: 503, json: {
                code: 5, result: 'unavailable', message: 'it is locked' } });
        } else {
            await gone;
            await route.continue();
        }
    });

    const button = page.locator('#action-pause');
    const size = page.viewportSize();
    const { width } = await button.boundingBox();

    await button.click();

    const found = [await says('.toast.bad span', /./), await text('#action-pause'),
                   (await button.boundingBox()).width - width];

    await page.setViewportSize({ width: 320, height: 640 });
    found.push(await button.evaluate(e => e.scrollWidth <= e.clientWidth));
    await page.setViewportSize(size);
    go();

    return found;
});
is_deeply($waited, ['Not done yet: it is locked. Trying again (2 of 3)',
                    'Being done…', 0, JSON::PP::true],
          'it is being done, and why it is not yet');
$b->says('.toast', 'phone is paused.', 'it is done');
is($b->run(q{return page.locator('.toast.bad').count()}), 0,
   'what was wrong is gone');
$b->says('.estimate .share', 'not selling now', 'no estimate');
$b->run(q{await page.click('#action-pause')});
$b->says('.state', 'open', 'on again');


# claims that get 503, though the zone is well

$b->run(q{
    let n = 0;

    await page.route('**/prometheus', async route => {
        const res = await route.fetch();
        const all = await res.text();
        const [, limit] = /^seckill_queue_limit_claims\{.*\} (\d+)/m.exec(all);

        n += 1000;
        await route.fulfill({ response: res, body: all
            .replace(/^(seckill_queue_claims\{.*\}) .*/m, `$1 ${limit}`)
            .replace(/^(seckill_claims_total\{zone="drop",result="unavailable"\}) .*/m,
                     `$1 ${n}`) });
    });
});
like($b->run(q{return says('.notice.bad', /503/)}),
     qr/^Claims get 503: the queue was full \(([\d,]+) of \1\)\. They ask again/,
     'it says why');
is($b->run(q{return page.locator('#tile-queue.bad').count()}), 1,
   'the queue is red');
$b->run(q{await page.unroute('**/prometheus')});
$b->run(q{return until(async () => !(await page.locator('.notice').count()))});


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
$b->no_problems('what was done');


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
$b->agrees('the server is back', 'phone');
is($b->run(q{return page.locator('.board.stale').count()}), 0, 'no more');

$b->run(q{await page.context().setOffline(true)});
like($b->run(q{return says('.lost p', /offline/)}),
     qr/^This device is offline/, 'no network');
$b->run(q{await page.context().setOffline(false)});
$b->run(q{return until(async () => !(await page.locator('.lost').count()))});
$s->claim('phone', 'latest');
$b->agrees('the network is back', 'phone');
is($b->run(q{return page.evaluate(() => globalThis.same)}), JSON::PP::true,
   'it was the same page all the time');


# a key that may only read

$b->run(q{await page.click('[aria-label="Sign out"]')});
$b->run(q{await page.waitForSelector('#key')});
is($b->run(q{return page.evaluate(() => sessionStorage.length)}), 0,
   'signed out: the key is forgotten');
$b->run(q{await page.fill('#key', 'reader-0123456789'); await page.keyboard.press('Enter')});
$b->says('.badge', 'read only', 'it says so');
$b->agrees('who may only read', 'phone');
is($b->run(q{return page.locator('.actions').count()}), 0, 'has no buttons');
$b->run(q{for (const key of 'pawe') { await page.keyboard.press(key) }});
is($b->run(q{return page.locator('dialog').count()}), 0, 'nor keys for them');

# a key that is taken away

$b->run(q{await page.route('**/keyed/**', route => route.fulfill({ status: 401,
    body: '{"code":101,"result":"unauthorized","message":"no"}' }))});
$b->says('#key-error', 'The key is not valid any more. Sign in again.',
         'a key that is not valid any more');
$b->no_problems('keys');


# with the keyboard alone

$b->sign_in($s, 'writer-0123456789');

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
$b->no_problems('the keyboard');


$b->close;
$s->done;
done_testing;
