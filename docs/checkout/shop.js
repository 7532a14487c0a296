// A small shop, for docs/checkout.md: it logs users in, and sells what winners
// of a drop have won.  Needs Node.js 18 and the library jose.
//
//   node shop.js keys DIR     makes the key of the login: DIR/login.key, and
//                             DIR/login.jwks for nginx
//   node shop.js serve DIR    serves on 127.0.0.1:3000
//
// PORT, and SECKILL_URL and SECKILL_KEY of the operator's API, are taken from
// the environment.

'use strict';

const fs = require('fs');
const http = require('http');
const jose = require('jose');

const PORT = Number(process.env.PORT || 3000);
const API = process.env.SECKILL_URL || 'http://127.0.0.1:9145/api';
const KEY = process.env.SECKILL_KEY;


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


// The order is the buyer's for as long as the sale's hold lasts.  What nginx
// has said of him is in headers that only nginx sets; a request without them has
// come by another way.  A user is any bytes, and Node.js makes latin1 of them.

async function buy(req) {
    const order = req.headers['x-seckill-order'] || '';
    const user = Buffer.from(req.headers['x-seckill-user'] || '', 'latin1')
        .toString();

    if (!/^\d+$/.test(order) || !user) {
        return [403, 'the gate is elsewhere\n'];
    }

    // here the payment is taken, unless it was for this order before; that it
    // was is told to nginx, which answers the same if it is told twice

    const res = await fetch(`${API}/orders/${order}/confirm`, {
        method: 'POST',
        headers: { 'Authorization': `Bearer ${KEY}`,
                   'Content-Type': 'application/json' },
        body: JSON.stringify({ user }),
    });

    return res.ok ? [200, `order ${order} of ${user} is paid\n`]
                  : [502, `order ${order} was not confirmed: ${res.status}\n`];
}


const PAGES = {
    sold_out: 'Sold out. A unit may come back: try again.',
    not_started: 'Not yet.',
    ended: 'The sale is over.',
    paused: 'The sale takes a break.',
    none: 'You have not bought yet.',
};


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

    if (req.method === 'POST' && url.pathname === '/checkout/buy') {
        return buy(req);
    }

    if (url.pathname.startsWith('/drop/')) {
        return [200, (PAGES[url.pathname.slice(6)] || 'It did not work.') + '\n'];
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

(what === 'keys' ? makeKeys : serve)(dir);
