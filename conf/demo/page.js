// A buyer's page: what is known, and what its buttons do.  view.js shows it.

import { now } from './clock.js';
import { follow } from './live.js';
import { rush } from './rush.js';
import * as server from './server.js';
import { other, preferred } from './words.js';
import { show, showRush, showTimes, showVerdict, speak } from './view.js';

const HOLD_S = 90;
const STOCK = 100;
const OPENS_MS = 10000;
const A_BLINK_MS = 2000;
const OF_THE_SALE = ['sold_out', 'returned', 'not_started', 'waiting', 'paused',
                     'ended'];

const $ = id => document.getElementById(id);

// where the browser keeps nothing, the page does so until it is left

const kept = {
    get(name) { try { return localStorage.getItem(name); } catch { return null; } },
    set(name, value) { try { localStorage.setItem(name, value); } catch { /**/ } },
};

const state = {
    sale: new URLSearchParams(location.search).get('sale') || 'phone',
    user: kept.get('seckill-user') || `guest-${Math.random().toString(36).slice(2, 8)}`,
    lang: kept.get('seckill-lang') || preferred(navigator.languages),
    link: null,

    about: null,                // the sale and its product, as the API has them
    product: null,
    frame: null,                // the sale now
    opens: null,                // the server's time at which this user may buy

    mine: null,                 // what the server says that this user has
    said: null,                 // what it said last to his claim, or what happened
    claim: null,                // { wait } while one is on its way
    paying: false,
    failed: null,               // what did not work: { what, why }
    rush: null,                 // { stop } while one goes on
    found: null,                // what the last one has found: { tally, sale, limit }
};

let live = null;


function update(changes) {
    Object.assign(state, changes);
    show(state);
}


// -- what the server says

function hearSale(frame) {
    const before = state.frame;
    const free = frame.free ?? 0;

    state.frame = frame;

    if (frame.start !== before?.start) {
        state.opens = frame.start ? Date.parse(frame.start) : null;
        setTimeout(refresh, 0);
    }

    // what was said of the sale is not true any more

    if (before && before.sale_state !== frame.sale_state
        && (!state.said || OF_THE_SALE.includes(state.said.result)))
    {
        const back = before.sale_state === 'sold_out'
                     && frame.sale_state === 'open' && state.mine?.result !== 'won';

        state.said = back && free ? { result: 'returned' } : null;
    }

    update({});
}


// asked: when he was asked for, of an answer that has come on its own way and may
// be older than what his claim was told

let claimed = 0;

function hearOrder(it, asked = performance.now()) {
    const before = state.mine;
    const has = it.result === 'won';

    if (asked < claimed) {
        return;
    }

    if (it.starts_in_ms !== undefined) {
        state.opens = now() + it.starts_in_ms;
    }

    if (before?.result === 'won' && it.result === 'none') {
        const over = Date.parse(before.expires_at) < now() + A_BLINK_MS;

        Object.assign(state, { said: { result: over ? 'expired' : 'cancelled' },
                               failed: null });
    } else if (has && before && before.result !== 'won') {
        Object.assign(state, { said: { result: 'won', order: it.order }, failed: null });
    } else if (it.result === 'queued') {
        state.said = null;
    }

    live.stay(it.result === 'queued');
    update({ mine: it });
}


async function refresh() {
    const { user } = state;
    const asked = performance.now();
    const res = await server.ask(state.sale, user);

    if (user === state.user && server.decided(res)) {
        hearOrder(res.it, asked);
    }
}


async function learn() {
    const { status, it } = await server.aboutSale(state.sale);

    if (status !== 200) {
        if (status === 0 || status >= 500) {
            setTimeout(learn, server.jitter(2000, 4000));
        }

        return;
    }

    update({ about: it.data });

    if (!state.frame) {
        hearSale({ ...it.data, sale_state: it.data.state });
    }

    if (it.data.product) {
        const product = await server.aboutProduct(it.data.product);

        update({ product: product.status === 200 ? product.it.data : null });
    }
}


// -- what the buyer does

// A claim that nobody has decided is made again: "want" says how many units he
// wants in all, so it never buys one more.

async function buy() {
    if (state.claim || $('buy').getAttribute('aria-disabled') === 'true') {
        return;
    }

    const { user } = state;
    const want = (state.mine?.units ?? (state.mine?.order ? 1 : 0)) + 1;

    update({ claim: {}, said: null, failed: null });

    for (;;) {
        const res = await server.claim(state.sale, user, { want, priority: 'high' });

        if (user !== state.user) {
            return;
        }

        const early = opensIn(res.it);

        if (server.decided(res) && !(early < A_BLINK_MS)) {
            state.claim = null;
            claimed = performance.now();
            hearClaim(res.it);
            $('result').focus({ preventScroll: true });
            return;
        }

        update({ claim: early ? {} : { wait: Math.ceil(res.wait / 1000) } });
        await server.sleep(early ?? res.wait);
    }
}


// who was a moment too early has not to press again

const opensIn = it => it.starts_in_ms ?? (it.starts_in && 1000 * it.starts_in);


function hearClaim(it) {
    const mine = ['won', 'already', 'queued'].includes(it.result)
                 && !it.order_sale;

    if (it.result === 'waiting' || it.result === 'not_started') {
        state.opens = now() + opensIn(it);
    }

    update({ said: it.result === 'queued' ? null : it });

    if (mine) {
        live.stay(it.result === 'queued');
        update({ mine: { ...state.mine, ...it,
                         result: it.result === 'queued' ? 'queued' : 'won' } });
    }

    // an order's state and units are what a question says

    if (it.result === 'already' || it.result === 'won') {
        refresh();
    }
}


async function pay() {
    const { user, mine: { order } } = state;

    if (state.paying) {
        return;
    }

    update({ paying: true, failed: null });

    let res;

    do {
        res = await server.pay(order, user, { priority: 'high' });

        if (!server.decided(res)) {
            await server.sleep(res.wait);
        }
    } while (!server.decided(res) && user === state.user);

    if (user !== state.user) {
        return;
    }

    update({
        paying: false,
        said: null,
        failed: res.status === 200 ? null : { what: 'payFailed', why: res.it.message },
    });
    await refresh();
    $('result').focus({ preventScroll: true });
}


async function anew() {
    const { product } = state.about ?? {};

    $('anew').setAttribute('aria-disabled', 'true');

    const { status, it, name } = await server.newSale(() => ({
        stock: STOCK, hold: HOLD_S, product: product ?? null,
        start: new Date(now() + OPENS_MS).toISOString(),
    }));

    if (status === 201) {
        location.assign(`?sale=${name}`);
        return;
    }

    $('anew').removeAttribute('aria-disabled');
    update({ failed: { what: 'anewFailed', why: it.message } });
}


function become(user) {
    kept.set('seckill-user', user);
    live?.close();
    Object.assign(state, { user, mine: null, said: null, claim: null, failed: null,
                           paying: false });
    follows();
    refresh();
    update({});
}


// -- the rush

async function loose() {
    if (state.rush) {
        state.rush.stop.abort();
        return;
    }

    if ($('rush').getAttribute('aria-disabled') === 'true') {
        return;
    }

    const stop = new AbortController();
    const limit = state.about?.limit ?? 1;

    live.hurry(true);
    update({ rush: { stop }, found: null });
    showVerdict(state);

    const tally = await rush({
        sale: state.sale, limit, hold: state.about?.hold ?? 0, signal: stop.signal,
        report: so_far => showRush(state, so_far),
    });
    const { status, it } = await server.aboutSale(state.sale);

    live.hurry(false);
    update({ rush: null,
             found: { tally, limit, sale: status === 200 ? it.data : null } });
    showRush(state, tally);
    showVerdict(state);
}


// -- begin

function follows() {
    live = follow(state.sale, state.user, {
        sale: hearSale,
        order: hearOrder,
        link: link => update({ link }),
    });
}


function language(lang) {
    state.lang = lang;
    speak(lang);
    update({});

    if (state.found) {
        showRush(state, state.found.tally);
        showVerdict(state);
    }
}


// once a moment has come, the server is asked what it has brought

let due = null;

function tick() {
    const next = [state.opens, Date.parse(state.mine?.expires_at)]
        .filter(ms => ms > now());

    if (due && now() >= due) {
        setTimeout(refresh, server.jitter(100, 700));
        update({});
    }

    due = next.length ? Math.min(...next) : null;
    showTimes(state);
}


kept.set('seckill-user', state.user);
$('buy').addEventListener('click', buy);
$('pay').addEventListener('click', pay);
$('anew').addEventListener('click', anew);
$('rush').addEventListener('click', loose);
$('lang').addEventListener('click', () => {
    language(other(state.lang));
    kept.set('seckill-lang', state.lang);
});
$('who').addEventListener('submit', event => {
    const user = $('who-user').value.trim();

    event.preventDefault();

    if (user) {
        become(user);
        $('you').open = false;
        $('you').querySelector('summary').focus();
    }
});
addEventListener('online', refresh);

language(state.lang);
follows();
learn();
refresh();
setInterval(tick, 200);
