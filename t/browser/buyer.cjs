// The demo's page, as buyers use it: node buyer.cjs URL

'use strict';

const { accessible, equal, fits, leave, like, look, main, ok, says, visit } =
    require('./check.cjs');
const { api, at, claim, orders, sale, seconds, text, url, userOf } = require('./shop.cjs');


async function buys(browser) {
    const page = await visit(browser, `${url}/`);

    await says(page, '#state', 'Open now');
    equal(await text(page, '#price'), '€499.00', 'the price');
    await says(page, '#free', /^100$/);

    const other = await visit(browser, `${url}/`);
    const user = await userOf(page);
    ok(user !== await userOf(other), 'two visitors are two users');

    await page.click('#buy');
    await says(page, '#result', 'You have won: order');
    const [order] = await orders('phone', user);
    equal(await text(page, '#result-title'), `You have won: order ${order.order}`,
          'the order is in the ledger');
    equal(order.state, 'held', 'and held');
    equal(await page.evaluate(() => document.activeElement.id), 'result',
          'the focus is where it is said');
    await says(page, '#n-held', /^1$/);

    const left = seconds(await text(page, '#hold-left'));
    const real = (Date.parse(order.expires_at) - Date.now()) / 1000;
    ok(Math.abs(left - real) < 3, 'the hold counts down', left, real);

    await says(other, '#free', /^99$/);
    ok(true, 'who only looks on sees it');
    await leave(other, 'who looks on');

    await page.click('#buy');
    await says(page, '#result', `You have yours already: order ${order.order}`);
    equal((await orders('phone', user)).length, 1, 'asked again, nothing more');

    await accessible(page, 'who has won');
    await fits(page, 'who has won');

    await page.click('#pay');
    await says(page, '#result', `Order ${order.order} is paid`);
    equal((await orders('phone', user))[0].state, 'paid', 'it is paid');
    ok(!await page.locator('#hold').isVisible(), 'no time runs out any more');

    await page.reload();
    await says(page, '#result', `Order ${order.order} is paid`);
    equal(await userOf(page), user, 'loaded anew, it is the same user and order');
    await leave(page, 'who buys');
}


// where the limit is more than one

async function several(browser) {
    const name = await sale({ limit: 3, hold: 0 });
    const page = await visit(browser, at(name));
    const user = await userOf(page);

    for (const n of [1, 2, 3]) {
        await says(page, '#buy', n > 1 ? 'Buy one more' : 'Buy now');
        await page.click('#buy');
        await says(page, '#free', new RegExp(`^${10 - n}$`));
        await says(page, '#result', n > 1 ? `${n} units are yours` : 'You have won');
    }

    await says(page, '#buy', 'Try to get another');
    await page.click('#buy');
    await says(page, '#result', 'Nobody gets more than 3');
    equal((await orders(name, user)).length, 3, 'three of three');
    await leave(page, 'several units');
}


async function told(browser) {
    const name = await sale({ hold: 2 });
    const page = await visit(browser, at(name));

    await says(page, '#state', 'Open now');
    await api('POST', `sales/${name}/pause`);
    await says(page, '#result', 'The sale is paused');
    equal(await page.getAttribute('#buy', 'aria-disabled'), 'true', 'paused: no claim');
    await api('POST', `sales/${name}/resume`);
    await says(page, '#state', 'Open now');

    await page.click('#buy');
    await says(page, '#result', 'You have won');
    await says(page, '#result', 'Your time to pay is over');
    await says(page, '#buy', 'Buy now');
    ok(true, 'a hold that ends is told');

    await api('POST', `sales/${name}/end`);
    await says(page, '#state', 'Over');
    await says(page, '#anew', 'Start a new sale');
    await leave(page, 'paused and over');

    const none = await visit(browser, at('nothing'));
    await says(none, '#result', 'There is no such sale');
    equal(await text(none, '#name'), 'No such sale', 'no product');
    ok(!await none.locator('#price').isVisible(), 'no price');
    ok(!await none.locator('#link').isVisible(), 'nothing that is live');
    await accessible(none, 'no such sale');
    await none.click('#home a');
    await says(none, '#price', '€499.00');
    ok(true, 'and a way on');
    await leave(none, 'no such sale');

    const who = await visit(browser, at(name), {
        before: p => p.route(/\/(?:seckill|stream)\?/, route => route.fulfill({
            status: 401, json: { code: 101, result: 'unauthorized' } })),
    });
    await says(who, '#result', 'The shop does not know you');
    await leave(who, 'unauthorized');
}


// of one unit, with a waiting list and without one

async function waits(browser) {
    const name = await sale({ stock: 1, waitlist: 5 });
    const page = await visit(browser, at(name));

    await says(page, '#state', 'Open now');
    const { order } = await claim(name, 'first');
    await says(page, '#state', 'Sold out');
    await page.click('#buy');
    await says(page, '#result', 'You are number 1 in the waiting list');
    await says(page, '#n-waiting', '1 in the waiting list');
    await look(page, false);
    await api('POST', `orders/${order}/cancel`);
    await says(page, '#result', 'You have won');
    ok(true, 'a unit that returns goes to who waits');
    const [mine] = await orders(name, await userOf(page));
    await api('POST', `orders/${mine.order}/cancel`);
    await says(page, '#result', 'Your order was cancelled');
    await leave(page, 'the waiting list');

    const few = await sale({ stock: 1 });
    const late = await visit(browser, at(few));
    const held = await claim(few, 'first');
    await says(late, '#state', 'Sold out');
    await says(late, '#anew', 'Start a new sale');
    equal(await late.getAttribute('#buy', 'class'), 'second',
          'a new sale is the main thing, not to try again');
    await late.click('#buy');
    await says(late, '#result', 'All units are taken, 1 of them held');
    await api('POST', `orders/${held.order}/cancel`);
    await says(late, '#result', 'Units have come back');
    equal(await late.getAttribute('#buy', 'class'), 'main', 'until units are back');
    await late.click('#buy');
    await says(late, '#result', 'You have won');
    ok(true, 'and without a list to who asks');
    await leave(late, 'a unit that returns');
}


async function chinese(browser) {
    const page = await visit(browser, at(await sale()), { locale: 'zh-CN' });

    await says(page, '#state', '正在抢购');
    equal(await page.getAttribute('html', 'lang'), 'zh-Hans', 'Chinese');
    await page.click('#buy');
    await says(page, '#result', '抢到了：订单');
    await accessible(page, 'in Chinese');
    await fits(page, 'in Chinese');

    const missing = await page.locator('[data-say]').evaluateAll(
        all => all.filter(e => !e.textContent).map(e => e.dataset.say));
    equal(missing.join(' '), '', 'no word is missing');

    const shapes = await page.evaluate(async () => {
        const { words } = await import('/words.js');
        const shape = o => Object.entries(o).map(([key, value]) =>
            (typeof value === 'object' ? [key, ...shape(value)] : [key, typeof value]));

        return ['en', 'zh'].map(lang => JSON.stringify(shape(words(lang))));
    });
    equal(shapes[1], shapes[0], 'both languages have the same words');

    await page.click('#lang');
    await says(page, '#result', 'You have won: order');
    await page.reload();
    await says(page, '#state', 'Open now');
    equal(await page.getAttribute('html', 'lang'), 'en', 'the choice is remembered');
    await leave(page, 'Chinese');
}


async function keys(browser) {
    const page = await visit(browser, at(await sale()),
                             { reducedMotion: 'reduce', colorScheme: 'dark' });
    const focus = () => page.evaluate(() => document.activeElement.id);
    const tab = async id => {
        for (let i = 0; i < 20 && await focus() !== id; i++) {
            await page.keyboard.press('Tab');
        }
        equal(await focus(), id, `Tab comes to ${id}`);
    };

    await says(page, '#state', 'Open now');
    equal(await page.locator('#bar i').first().evaluate(
        e => getComputedStyle(e).transitionDuration), '0s', 'nothing moves');
    await tab('buy');
    await page.keyboard.press('Enter');
    await says(page, '#result', 'You have won');
    await tab('pay');
    await page.keyboard.press('Space');
    await says(page, '#result', 'is paid');
    await accessible(page, 'in the dark');

    await page.locator('#you summary').focus();
    await page.keyboard.press('Enter');
    await tab('who-user');
    await accessible(page, 'who asks who he is');
    await page.keyboard.press('Control+a');
    await page.keyboard.type('Zoë & 小明');
    await page.keyboard.press('Enter');
    await says(page, '#user', 'Zoë & 小明');
    await says(page, '#buy', 'Buy now');
    await tab('buy');
    await page.keyboard.press('Space');
    await says(page, '#result', 'You have won');
    ok(true, 'another user, by the keyboard alone');
    await leave(page, 'the keyboard');
}


// what finds a violation of the policy does find one

async function policy(browser) {
    const page = await visit(browser, `${url}/`);

    await says(page, '#state', /./);
    await page.evaluate(() => {
        const style = document.createElement('style');

        style.textContent = 'body { color: red }';
        document.head.append(style);
    });
    await page.waitForTimeout(200);
    like(page.wrong.join(), /Content Security Policy/, 'an inline style is refused');
    await page.context().close();
}


main([buys, several, told, waits, chinese, keys, policy]);
