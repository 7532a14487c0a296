// What tests of the demo's page do without it, as other users and as its operator.

'use strict';

const [url] = process.argv.slice(2);
let n_sales = 0;


async function api(method, path, body) {
    const res = await fetch(`${url}/api/${path}`, { method, body: body && JSON.stringify(body) });
    const json = await res.json();

    if (!res.ok) {
        throw new Error(`${method} ${path}: ${JSON.stringify(json)}`);
    }

    return json.data;
}

const claim = async (sale, user) =>
    (await fetch(`${url}/seckill?sale=${sale}&user=${user}`, { method: 'POST' })).json();

const orders = (sale, user) => api('GET', `orders?sale=${sale}&user=${user}`);

const text = (page, selector) => page.locator(selector).innerText();

const userOf = page => page.locator('#user').textContent();

async function sale(more) {
    const name = `test-${process.pid}-${++n_sales}`;

    await api('POST', 'sales', { name, stock: 10, hold: 90, ...more });

    return name;
}

const at = name => `${url}/?sale=${name}`;

// seconds of a clock that is shown

const seconds = shown => shown.split(':').reduce((sum, part) => 60 * sum + Number(part), 0);


module.exports = { api, at, claim, orders, sale, seconds, text, url, userOf };
