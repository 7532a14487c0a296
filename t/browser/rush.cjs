// The rush that the demo's page lets loose: node rush.cjs URL, where nothing was
// bought of the phones but one

'use strict';

const fs = require('fs');
const { accessible, equal, fits, leave, like, main, ok, says, visit } = require('./check.cjs');
const { api, at, claim, sale, text, url } = require('./shop.cjs');


async function rushes(browser) {
    const page = await visit(browser, `${url}/`);
    const before = (await api('GET', 'sales/phone')).sold;

    await says(page, '#state', 'Open now');
    await page.click('#rush');
    await says(page, '#rush', 'Stop it');
    await says(page, '#verdict', 'Sold out to the last unit', 4);

    like(await text(page, '#verdict'),
         /^Sold out .*: 100 of 100 have a buyer, 99 .*\n+6,000 answers .*nobody got two/,
         'what the rush has found');
    equal(await text(page, '#rush-won'), '99', 'so many have won');
    equal(await text(page, '#rush-lost'), '2,901', 'so many have lost');
    equal(await text(page, '#rush-twice'), '0', 'nobody has too many');

    const metrics = await (await fetch(`${url}/metrics`)).text();
    const units = state => Number(new RegExp(`seckill_units\\{[^}]*sale="phone",`
        + `state="${state}"\\} (\\d+)`).exec(metrics)?.[1]);
    equal(units('free'), 0, 'metrics: none is free');
    equal(units('held'), 9, 'metrics: who did not pay holds one');
    equal(units('sold'), 91, 'metrics: the others have paid');
    equal(before, 1, 'one was sold before');
    await says(page, '#n-held', /^9$/);

    const users = [];
    for (let after = 0, found; users.length === after; after = users.length) {
        found = await api('GET', `orders?sale=phone&limit=1000&after=${users.at(-1)?.order ?? 0}`);
        users.push(...found);
        if (found.length < 1000) break;
    }
    equal(new Set(users.map(o => o.user)).size, 100, 'a hundred users have an order');

    await says(page, '#story', 'What you have seen');
    await accessible(page, 'after the rush');
    await fits(page, 'after the rush');

    await page.click('#anew');
    await page.waitForURL('**/?sale=drop-1');
    await says(page, '#state', 'Opens soon');
    like(await text(page, '#countdown'), /^00:[01]\d$/, 'a new sale counts down');
    equal(await page.getAttribute('#buy', 'aria-disabled'), 'true', 'and is not open');
    await accessible(page, 'before the start');
    await says(page, '#state', 'Open now');
    await page.click('#buy');
    await says(page, '#result', 'You have won');
    ok(true, 'until it opens');
    await leave(page, 'the rush');
}


// of the page, for its documentation

async function picture(browser) {
    if (!process.env.SECKILL_SCREENSHOTS) {
        return;
    }

    const file = 'docs/page-of-the-demo.png';
    const name = await sale({ stock: 100 });
    const page = await visit(browser, at(name), { viewport: { width: 1040, height: 900 } });

    await says(page, '#state', 'Open now');
    await page.click('#buy');
    await says(page, '#result', 'You have won');

    for (let i = 0; i < 57; i++) {
        const { order } = await claim(name, `user-${i}`);

        if (i % 6) {
            await api('POST', `orders/${order}/confirm`);
        }
    }

    await says(page, '#free', /^42$/);
    await page.mouse.move(0, 0);
    await page.waitForTimeout(1000);
    await page.evaluate(() => scrollTo(0, 0));
    await page.screenshot({ path: file });
    ok(fs.statSync(file).size < 150 * 1024, `${file} is small`);
}


// a rush that is stopped; and one of its answers is not what the server has said

async function tampered(browser) {
    const name = await sale({ stock: 1000 });
    const page = await visit(browser, at(name), {
        before: p => p.route(/user=rush-\w+-7$/, async (route, req) => {
            const again = req.url() === tampered.last;

            tampered.last = req.url();
            await (again ? route.fulfill({ json: { code: 2, result: 'sold_out' } })
                         : route.continue());
        }),
    });

    await says(page, '#state', 'Open now');
    await page.click('#rush');
    await says(page, '#rush-twice', /^1$/);
    await page.click('#rush');
    await says(page, '#verdict', 'Stopped after');
    like(await text(page, '#verdict'), /Something is wrong: 1 answers/,
         'an answer that does not fit is found');
    like(await text(page, '#verdict'), /^\d+ of 1,000 units are left/,
         'stopped, units are left');
    await page.click('#lang');
    await says(page, '#verdict', '出错了');
    ok(true, 'which is said in Chinese, too');
    await leave(page, 'a rush that is stopped');
}


main([rushes, tampered, picture]);
