// How the demo's page hears of what changes, and of what does not answer: node
// live.cjs URL

'use strict';

const sleep = require('timers/promises').setTimeout;
const { WAIT_MS, equal, leave, look, main, ok, please, says, visit } =
    require('./check.cjs');
const { api, at, claim, orders, sale, seconds, text, url, userOf } = require('./shop.cjs');


// the server goes away, while somebody buys, and comes back

async function restarted(browser) {
    try {
        await goes(browser);
    } finally {
        await please('start');
    }
}


async function goes(browser) {
    const name = await sale();
    const page = await visit(browser, at(name));
    const user = await userOf(page);

    await says(page, '#state', 'Open now');
    await please('stop');
    await says(page, '#link', 'no answer');
    await says(page, '#result', 'The shop does not answer');
    await page.click('#buy');
    await says(page, '#result', 'The shop cannot decide just now');
    await please('start');
    await says(page, '#result', 'You have won');
    equal((await orders(name, user)).length, 1, 'a claim into the void wins once');
    await page.locator('[data-link="stream"]').waitFor();

    await please('kill');
    await please('start');
    await page.reload();
    await says(page, '#result', /Order \d+ is yours, if you pay/);
    ok(true, 'after kill -9 the order is still there');
    await leave(page, 'a restart');
}


async function undecided(browser) {
    const name = await sale();
    const tries = [];
    const page = await visit(browser, at(name), {
        before: p => p.route('**/seckill?*', async (route, req) => {
            if (req.method() !== 'POST' || tries.push(req.url()) > 2) {
                return route.continue();
            }

            return route.fulfill({ status: 503, headers: { 'Retry-After': '1' },
                                   json: { code: 105, result: 'unavailable' } });
        }),
    });

    await says(page, '#state', 'Open now');
    await page.click('#buy');
    await says(page, '#result', 'You have not lost');
    equal(await page.getAttribute('#buy', 'aria-disabled'), 'true', 'it asks by itself');
    await says(page, '#result', 'You have won');
    equal(tries.length, 3, 'until it is decided');
    ok(tries.every(t => /&want=1$/.test(t)), 'and never wants more than one', tries);
    await leave(page, 'undecided');
}


// the countdown goes by the server's clock

async function counts(browser) {
    const starts = Date.now() + 8000;
    const name = await sale({ start: new Date(starts).toISOString(), hold: 90 });
    const page = await visit(browser, at(name), {
        before: p => p.clock.install({ time: Date.now() - 5 * 86400e3 }),
    });

    await says(page, '#state', 'Opens soon');
    ok(await page.evaluate(() => Date.now()) < Date.now() - 4 * 86400e3,
       'a browser whose clock is wrong');
    const left = seconds(await text(page, '#countdown'));
    const real = (starts - Date.now()) / 1000;
    ok(Math.abs(left - real) < 3, 'counts down all the same', left, real);
    equal(await page.getAttribute('#rush', 'aria-disabled'), 'true', 'no rush yet');
    await says(page, '#state', 'Open now');
    ok(Date.now() >= starts - 1000, 'and opens in time');
    await page.click('#buy');
    await says(page, '#result', 'You have won');
    const hold = seconds(await text(page, '#hold-left'));
    ok(hold > 80 && hold <= 93, 'and so does the hold', hold);
    await leave(page, 'a wrong clock');
}


async function open_streams(n) {
    for (let i = 0; i < WAIT_MS / 100; i++) {
        const metrics = await (await fetch(`${url}/metrics`)).text();

        if (new RegExp(`^seckill_streams\\{.*\\} ${n}$`, 'm').test(metrics)) {
            return;
        }

        await sleep(100);
    }

    throw new Error(`there are not ${n} streams`);
}


// the stream, and what is done where there is none

async function streams(browser) {
    const name = await sale();
    const asked = [];
    const page = await visit(browser, at(name), {
        before: p => p.on('request', req => {
            if (req.method() === 'GET' && /\/seckill|\/api\/sales/.test(req.url())) {
                asked.push(req.url());
            }
        }),
    });
    const link = async is =>
        ok(await page.locator(`[data-link="${is}"]`).waitFor().then(() => true), is);

    await link('stream');
    asked.length = 0;
    await claim(name, 'another');
    await says(page, '#free', /^9$/);
    await sleep(3000);
    equal(asked.join(' '), '', 'where there is a stream, nothing is asked');

    await look(page, false);
    await open_streams(0);
    await look(page, true);
    await open_streams(1);
    await link('stream');
    ok(true, 'a page that nobody sees has no stream');

    let refused = 0;

    await page.route('**/stream?*', route => {
        refused++;
        return route.fulfill({ status: 503, headers: { 'Retry-After': '1' } });
    });
    await page.reload();
    await link('polling');
    await page.click('#buy');
    await says(page, '#result', 'You have won');
    await says(page, '#free', /^8$/);
    await api('POST', `sales/${name}/pause`);
    await says(page, '#state', 'Paused');
    ok(refused > 0, 'where there is none, it goes by questions');

    const before = refused;
    await page.unroute('**/stream?*');
    await link('stream');
    await api('POST', `sales/${name}/resume`);
    await says(page, '#state', 'Open now');
    equal(refused, before, 'and later there is a stream again');
    await leave(page, 'a stream that is refused');
}


main([restarted, streams, undecided, counts]);
