// Requests to the server.  An answer is { status, it, wait }: `it` is the JSON,
// `wait` the milliseconds after which it is worth while to ask again.  Status 0:
// nobody has answered.

import { heardDate } from './clock.js';

const TIMEOUT_MS = 15000;

export const sleep = ms => new Promise(done => setTimeout(done, ms));

// so that those who were sent away together do not come back together

export const jitter = (from, to) => from + (to - from) * Math.random();


export async function call(method, path, { body, key, priority, signal } = {}) {
    const ends = new AbortController();
    const timer = setTimeout(() => ends.abort(), TIMEOUT_MS);
    const stop = () => ends.abort();

    signal?.addEventListener('abort', stop);

    try {
        const res = await fetch(path, {
            method,
            priority,
            cache: 'no-store',
            signal: ends.signal,
            headers: key ? { 'Idempotency-Key': key } : {},
            body: body && JSON.stringify(body),
        });
        const after = Number(res.headers.get('Retry-After')) || 1;

        heardDate(res.headers.get('Date'));

        return {
            status: res.status,
            it: await res.json().catch(() => ({})),
            wait: jitter(1000, 1500) * after,
        };
    } catch {
        return { status: 0, it: {}, wait: jitter(1000, 3000) };
    } finally {
        clearTimeout(timer);
        signal?.removeEventListener('abort', stop);
    }
}


// Whether somebody has decided.  Else the same may be asked again: a page of a
// proxy in front, a limit, a server that is just starting.

export function decided({ status, it }) {
    return it.code !== undefined && it.result !== 'unavailable'
           && status !== 429 && status < 500;
}


const query = (sale, user) => `/seckill?${new URLSearchParams({ sale, user })}`;

export const ask = (sale, user) => call('GET', query(sale, user));

export const claim = (sale, user, { want, ...options } = {}) =>
    call('POST', query(sale, user) + (want ? `&want=${want}` : ''), options);


// What only the operator's API knows.  The demo's wants no key; a shop's page
// would hear such things from the shop.

const api = (method, path, options) => call(method, `/api/${path}`, options);

export const aboutSale = sale => api('GET', `sales/${encodeURIComponent(sale)}`);

export const aboutProduct = id => api('GET', `products/${id}`);

export const pay = (order, user, options) =>
    api('POST', `orders/${order}/confirm`, { body: { user }, ...options });


// the first name "drop-N" that is free: other visitors make theirs, too

export async function newSale(about) {
    let last = 0;

    for (let after = ''; ;) {
        const { status, it } = await api('GET', `sales?limit=1000${after}`);

        if (status !== 200) {
            return { status, it };
        }

        for (const { name } of it.data) {
            last = Math.max(last, Number(/^drop-(\d+)$/.exec(name)?.[1] ?? 0));
        }

        if (it.data.length < 1000) {
            break;
        }

        after = `&after=${encodeURIComponent(it.pagination.next)}`;
    }

    for (let n = last + 1; ; n++) {
        const name = `drop-${n}`;
        const res = await api('POST', 'sales', { body: { name, ...about() } });

        if (res.status !== 409 || n > last + 20) {
            return { ...res, name };
        }
    }
}
