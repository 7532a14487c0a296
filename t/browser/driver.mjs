// A browser for tests in Perl, see t/lib/Seckill/Browser.pm: each line that is
// read is a JSON string, the body of an async function; its answer is a line
// of JSON, {"value":...} or {"error":"..."}.

import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { chromium } from 'playwright-core';

const PATIENCE = 20000 * (Number(process.env.SECKILL_TEST_PATIENCE) || 1);

const browser = await chromium.launch({
    executablePath: process.argv[2],
    args: ['--no-sandbox', '--disable-dev-shm-usage'],
});

let page = null;

// what the page did that its policy forbids, and its errors; that a request
// failed is for the test to say
let problems = [];


// a new window, with nothing remembered; options are those of a context

async function open(url, options = {}) {
    await page?.context().close();

    const context = await browser.newContext({ locale: 'en-GB', ...options });

    await context.exposeFunction('reportViolation', text => problems.push(text));
    await context.addInitScript(() => {
        addEventListener('securitypolicyviolation', event =>
            globalThis.reportViolation(
                `violation of ${event.violatedDirective}: ${event.blockedURI}`));
    });

    page = await context.newPage();
    page.setDefaultTimeout(PATIENCE);
    page.on('pageerror', error => problems.push(String(error.stack)));
    page.on('console', message => {
        if (message.type() === 'error'
            && !/^Failed to load resource/.test(message.text()))
        {
            problems.push(message.text());
        }
    });

    await page.goto(url);
}


const texts = async selector => (await page.locator(selector).allInnerTexts())
    .map(text => text.replace(/\s+/g, ' ').trim());

const text = async selector => (await texts(selector))[0] ?? null;


// waits until it says something true, and says that

async function until(what) {
    const end = Date.now() + PATIENCE;

    for (;;) {
        const found = await what();

        if (found) {
            return found;
        }

        if (Date.now() > end) {
            throw new Error(`waited in vain for ${what}; the page says:\n`
                + (await page.innerText('body'))
                    .replace(/\s*\n\s*/g, ' | ').slice(0, 1000));
        }

        await new Promise(resolve => setTimeout(resolve, 50));
    }
}


const says = (selector, wanted) => until(async function says() {
    const found = await text(selector);

    return (wanted instanceof RegExp ? wanted.test(found ?? '')
                                     : found === wanted) && found;
}).catch(error => {
    throw new Error(`${selector}: ${wanted}: ${error.message}`);
});


// what axe-core finds that WCAG 2.2 AA does not allow, "rule: element"

const axe = await readFile(new URL('node_modules/axe-core/axe.min.js',
                                   import.meta.url), 'utf8');

async function barriers() {
    await page.evaluate(axe);

    return page.evaluate(async () => {
        const { violations } = await globalThis.axe.run(document, {
            runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa',
                      'best-practice'],
        });

        return violations.flatMap(({ id, nodes }) =>
            nodes.map(({ html }) => `${id}: ${html.slice(0, 200)}`));
    });
}


async function takeProblems() {
    const found = problems;

    problems = [];
    return found;
}


const AsyncFunction = (async () => {}).constructor;

async function run(code) {
    const names = { page, browser, open, text, texts, until, says, barriers,
                    takeProblems };

    return new AsyncFunction(...Object.keys(names), code)(
        ...Object.values(names));
}


console.log('ready');

for await (const line of createInterface({ input: process.stdin })) {
    try {
        const value = await run(JSON.parse(line));

        console.log(JSON.stringify({ value: value ?? null }));

    } catch (error) {
        console.log(JSON.stringify({ error: error.message }));
    }
}

await browser.close();
