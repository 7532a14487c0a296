// A small shop, for docs/checkout.md: it logs users in, takes orders from those
// who have won a unit of a drop, and payments for them.  Needs Node.js 18 and
// the library jose.
//
//   node shop.js keys DIR     makes the key of the login: DIR/login.key, and
//                             DIR/login.jwks for nginx
//   node shop.js serve DIR    serves on 127.0.0.1:3000
//
// From the environment: SECKILL_KEY, the operator's key; PAYMENT_KEY, what the
// payment provider signs with; PORT, and SECKILL_URL of the operator's API.

'use strict';

const crypto = require('crypto');
const fs = require('fs');
const http = require('http');
const jose = require('jose');

const PORT = Number(process.env.PORT || 3000);
const API = process.env.SECKILL_URL || 'http://127.0.0.1:9145/api';
const { SECKILL_KEY, PAYMENT_KEY } = process.env;
const SALE = 'phone';
const TRIES = 5;

const sleep = ms => new Promise(done => setTimeout(done, ms));


async function makeKeys(dir) {
    const { publicKey, privateKey } =
        await jose.generateKeyPair('EdDSA', { extractable: true });
    const kid = new Date().toISOString().slice(0, 10);
    const told = { ...await jose.exportJWK(publicKey), kid, alg: 'EdDSA', use: 'sig' };
    const secret = { ...await jose.exportJWK(privateKey), kid, alg: 'EdDSA' };

    fs.writeFileSync(`${dir}/login.key`, JSON.stringify(secret), { mode: 0o600 });
    fs.writeFileSync(`${dir}/login.jwks`, JSON.stringify({ keys: [told] }));
}


// A real login looks at a password first.  The token says who it is, for whom
// it was made, and until when it is good.

async function login(key, user) {
    return new jose.SignJWT({})
        .setProtectedHeader({ alg: 'EdDSA', kid: key.kid })
        .setSubject(user)
        .setAudience('shop')
        .setExpirationTime('1h')
        .sign(await jose.importJWK(key, 'EdDSA'));
}


// Payments, by their own number, and the one that is for an order.  In a real
// shop this is a table in a database, with a unique key (sale, order): a buyer
// who comes again finds what he has.

const payments = new Map();
const ofOrder = new Map();
const paidBy = new Map();


function paymentFor({ order, user, sale, expires }) {
    const found = ofOrder.get(`${sale}/${order}`);

    // another user's: the ledger was restored, and has used the number again

    if (found && found.user === user) {
        return found;
    }

    const payment = { id: String(payments.size + 1), order, user, sale, expires };

    payments.set(payment.id, payment);
    ofOrder.set(`${sale}/${order}`, payment);

    return payment;
}


// What nginx has said is in headers that only nginx sets; a request without
// them has come by another way, or is for another sale.  A user is any bytes,
// and Node.js makes latin1 of them.  Here the buyer would be led to the payment
// provider, with the payment's number.

function checkout(req) {
    const header = name => Buffer.from(req.headers[`x-seckill-${name}`] || '',
                                       'latin1').toString();
    const [order, user, sale] = ['order', 'user', 'sale'].map(header);

    if (!/^\d+$/.test(order) || !user || sale !== SALE) {
        return [403, 'the gate is elsewhere\n'];
    }

    const payment = paymentFor({ order, user, sale, expires: header('expires') });

    if (header('state') === 'paid' || paidBy.has(`${sale}/${order}`)) {
        return [200, `order ${order} of ${user} is paid\n`];
    }

    const until = req.method === 'GET' ? `pay until ${payment.expires}\n` : '';

    return [200, `order ${order} of ${user} is held: payment ${payment.id}\n${until}`];
}


// The operator's API.  503, or no answer, is not known: it is asked again, which
// does no harm.

async function ask(method, path, body) {
    for (let i = 1; ; i++) {
        try {
            const res = await fetch(`${API}/${path}`, {
                method,
                headers: { 'Authorization': `Bearer ${SECKILL_KEY}` },
                body: body && JSON.stringify(body),
                signal: AbortSignal.timeout(10000),
            });

            if (res.status !== 503) {
                return res;
            }
        } catch (e) {
            console.error(`${path}: ${e.message}`);
        }

        if (i === TRIES) {
            throw new Error(`${path}: no answer`);
        }

        await sleep(1000);
    }
}


// An order is paid by one payment: false, if it cannot be by this one.

async function confirm(payment, order) {
    const key = `${payment.sale}/${order}`;

    if ((paidBy.get(key) || payment.id) !== payment.id) {
        return false;
    }

    paidBy.set(key, payment.id);

    const res = await ask('POST', `orders/${order}/confirm`,
                          { user: payment.user, late: true });
    if (res.ok) {
        return true;
    }

    paidBy.delete(key);

    if (res.status !== 409) {
        throw new Error(`order ${order}: ${res.status} ${await res.text()}`);
    }

    return false;
}


// The money is there.  If the order has expired and cannot be had any more, the
// buyer may have claimed anew: then that order is what he has paid.

async function settle(payment) {
    const { user, sale } = payment;
    let order = payment.order;
    let ok = await confirm(payment, order);

    if (!ok) {
        const res = await ask('GET', `orders?sale=${sale}&state=held&user=`
                                     + encodeURIComponent(user));
        const held = res.ok ? (await res.json()).data : [];

        if (held.length) {
            order = held[0].order;
            ok = await confirm(payment, order);
        }
    }

    // deliver, or pay back: here

    return ok ? `order ${order} of ${user} is paid\n`
              : `payment ${payment.id} of ${user} is paid back\n`;
}


// The provider's webhook, and the buyer who comes back from there: neither
// passes the gate.  Both may come, more than once, and hear the same; a webhook
// that gets no 2xx is sent again.

async function paid(query) {
    const payment = payments.get(query.get('payment'));
    const good = crypto.createHmac('sha256', PAYMENT_KEY)
        .update(query.get('payment') || '').digest();
    const given = Buffer.from(query.get('signature') || '', 'hex');

    if (given.length !== good.length || !crypto.timingSafeEqual(given, good)) {
        return [403, 'not signed by the provider\n'];
    }

    if (!payment) {
        return [404, 'no such payment\n'];
    }

    payment.outcome = payment.outcome || settle(payment);

    try {
        return [200, await payment.outcome];
    } catch (e) {
        console.error(e.message);
        payment.outcome = null;
        return [503, 'The payment is known, the order is not settled yet.\n'];
    }
}


const PAGES = {
    sold_out: 'Sold out. A unit may come back: try again.',
    queued: 'All are taken, but one may come back: you are number',
    waiting: 'The sale has begun, and it is your turn soon.',
    not_started: 'Not yet.',
    ended: 'The sale is over.',
    paused: 'The sale takes a break.',
    none: 'You have no order.',
    unauthorized: 'Please press "buy" on our own page.',
};


// who has not won: no 200, for the page's script, monitors and caches

function lost(url) {
    const result = url.pathname.slice(6);
    const position = Number(url.searchParams.get('position'));
    const text = PAGES[result] || 'It did not work.';

    return [403, (result === 'queued' ? `${text} ${position}.` : text) + '\n', {
        'Cache-Control': 'no-store',
        'X-Seckill-Result': PAGES[result] ? result : 'unavailable',
    }];
}


async function answer(key, req) {
    const url = new URL(req.url, 'http://shop');

    if (req.method === 'POST' && url.pathname === '/login') {
        const token = await login(key, url.searchParams.get('user'));

        return [200, 'welcome\n', {
            'Set-Cookie': `session=${token}; Path=/; HttpOnly; SameSite=Lax`,
        }];
    }

    if (url.pathname === '/login') {
        return [200, 'who are you?\n'];
    }

    if (url.pathname.startsWith('/checkout/')) {
        return checkout(req);
    }

    if (url.pathname === '/payment') {
        return paid(url.searchParams);
    }

    if (url.pathname.startsWith('/drop/')) {
        return lost(url);
    }

    if (url.pathname === '/phone') {
        return [200, fs.readFileSync(`${__dirname}/phone.html`), {
            'Content-Type': 'text/html; charset=utf-8',
        }];
    }

    return [200, 'the catalogue\n'];
}


async function serve(dir) {
    const key = JSON.parse(fs.readFileSync(`${dir}/login.key`));

    http.createServer((req, res) => {
        req.resume();
        answer(key, req).catch(e => [500, `${e.message}\n`])
            .then(([status, text, headers]) => {
                res.writeHead(status, { 'Content-Type': 'text/plain', ...headers });
                res.end(text);
            });
    }).listen(PORT, '127.0.0.1', () => console.log(`a shop on port ${PORT}`));
}


const [what, dir] = process.argv.slice(2);

if (!dir || !['keys', 'serve'].includes(what)) {
    console.error('usage: node shop.js keys|serve DIR');
    process.exit(2);
}

if (what === 'serve' && (!SECKILL_KEY || !PAYMENT_KEY)) {
    console.error('SECKILL_KEY and PAYMENT_KEY have to be set');
    process.exit(2);
}

(what === 'keys' ? makeKeys : serve)(dir);
