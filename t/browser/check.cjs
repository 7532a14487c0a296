// For tests in a browser: what they check goes to the Perl test that has started
// them, line by line, and so does what they want it to do to the server.

'use strict';

const fs = require('fs');
const readline = require('readline');
const { chromium } = require('playwright-core');

const AXE = fs.readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');
const AA = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'];
const WAIT_MS = 30000 * Number(process.env.SECKILL_TEST_PATIENCE || 1);

const lines = readline.createInterface({ input: process.stdin })[Symbol.asyncIterator]();


function ok(is, name, ...found) {
    console.log(`${is ? 'ok' : 'not ok'} ${name}`);

    if (!is) {
        for (const it of found) {
            console.log(`# ${typeof it === 'string' ? it : JSON.stringify(it)}`);
        }
    }

    return is;
}

const equal = (got, want, name) =>
    ok(got === want, name, `got ${JSON.stringify(got)}`, `not ${JSON.stringify(want)}`);

const like = (got, want, name) => ok(want.test(got), name, `got ${got}`, `not ${want}`);


// asks the Perl test for something, and waits until it is done

async function please(what) {
    console.log(`please ${what}`);
    return (await lines.next()).value;
}


async function launch() {
    return chromium.launch({
        executablePath: process.env.CHROMIUM || '/usr/bin/chromium',
        args: ['--no-sandbox', '--disable-dev-shm-usage'],
    });
}


// A visitor: a page of its own context.  What it does against its policy, what
// its scripts throw and what it asks of others is in page.wrong.

async function visit(browser, url, options = {}) {
    const context = await browser.newContext({
        viewport: { width: 1280, height: 900 }, locale: 'en-GB', ...options,
    });
    const page = await context.newPage();

    page.setDefaultTimeout(WAIT_MS);
    page.wrong = [];
    page.on('pageerror', e => page.wrong.push(e.stack));
    page.on('console', m => {
        if (/Content Security Policy/i.test(m.text())) {
            page.wrong.push(m.text());
        }
    });
    page.on('request', req => {
        if (new URL(req.url()).origin !== new URL(url).origin) {
            page.wrong.push(req.url());
        }
    });

    await options.before?.(page);
    await page.goto(url);

    return page;
}


// waits until the element says this

const says = (page, selector, text, patience = 1) =>
    page.locator(selector).filter({ hasText: text, visible: true })
        .waitFor({ timeout: patience * WAIT_MS });


async function leave(page, name) {
    equal(page.wrong.join('\n'), '', `${name}: nothing against the policy`);
    await page.context().close();
}


// as a browser does when another tab is looked at

const look = (page, seen) => page.evaluate(is => {
    Object.defineProperty(document, 'hidden', { value: !is, configurable: true });
    document.dispatchEvent(new Event('visibilitychange'));
}, seen);


// what axe has to say against it

async function accessible(page, name) {
    await page.evaluate(AXE);

    const { violations } = await page.evaluate(
        tags => window.axe.run({ runOnly: tags }), AA);

    equal(violations.map(v => `${v.id}: ${v.nodes.map(n => n.html)}`).join('\n'), '',
          `${name}: nothing that axe finds`);
}


async function fits(page, name) {
    const size = page.viewportSize();

    for (const width of [360, 768, 1440]) {
        await page.setViewportSize({ width, height: 800 });
        const wide = await page.evaluate(() => document.documentElement.scrollWidth);
        ok(wide <= width, `${name}: fits into ${width} pixels`, wide);
    }

    await page.setViewportSize(size);
}


// runs the parts in turn, or those that are named behind the URL; one that throws
// is a failure, and the next one begins

async function main(parts) {
    const browser = await launch();
    const named = process.argv.slice(3);

    for (const part of parts.filter(p => !named.length || named.includes(p.name))) {
        try {
            await part(browser);
        } catch (e) {
            ok(false, part.name, ...String(e.stack).split('\n'));
        }

        for (const context of browser.contexts()) {
            await context.close();
        }
    }

    await browser.close();
    console.log('done');
    process.exit(0);
}


module.exports = {
    WAIT_MS, accessible, equal, fits, leave, like, look, main, ok, please, says, visit,
};
