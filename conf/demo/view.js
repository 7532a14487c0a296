// What is known, as the page shows it.

import { now } from './clock.js';
import { USERS } from './rush.js';
import { words } from './words.js';

const $ = id => document.getElementById(id);

// what of the words is shown where it cannot change but with the language

const path = (w, name) => name.split('.').reduce((at, part) => at[part], w);

// the same text is not set again: a screen reader would say it again

function set(id, text) {
    if ($(id).textContent !== String(text)) {
        $(id).textContent = text;
    }
}

const number = (state, n) => new Intl.NumberFormat(state.lang).format(Math.round(n));

const clock = ms => {
    const s = Math.max(0, Math.ceil(ms / 1000));
    const two = n => String(n).padStart(2, '0');
    const hours = Math.floor(s / 3600);

    return (hours ? `${hours}:` : '') + `${two(Math.floor(s / 60) % 60)}:${two(s % 60)}`;
};


export function speak(lang) {
    const w = words(lang);

    document.documentElement.lang = lang === 'zh' ? 'zh-Hans' : 'en';
    document.title = w.page;

    for (const at of document.querySelectorAll('[data-say]')) {
        at.textContent = path(w, at.dataset.say);
    }

    $('lang').textContent = w.other;
    $('lang').lang = w.otherLang;
    $('told').replaceChildren(...w.told.map(([head, text]) => {
        const item = document.createElement('li');
        const strong = document.createElement('strong');

        strong.textContent = head;
        item.append(strong, ` ${text}`);

        return item;
    }));
}


// the sale's state, as the buyer's clock knows it already: it is open once its
// moment has come, though nobody has said so yet

export function stateOf({ frame, mine, opens }) {
    if (mine?.result === 'unknown_sale') {
        return 'unknown';
    }

    const says = frame?.sale_state ?? mine?.sale_state ?? (mine ? 'open' : 'loading');

    if (says === 'scheduled' && opens !== null && now() >= opens) {
        return 'open';
    }

    return says;
}

const early = ({ opens }) => opens !== null && now() < opens;


export function show(state) {
    const w = words(state.lang);
    const is = stateOf(state);

    $('shop').dataset.state = is;
    $('shop').dataset.link = state.link ?? '';
    set('state', w.states[is]);
    set('link', state.link ? w.links[state.link] : '');
    set('user', state.user);

    if (document.activeElement !== $('who-user')) {
        $('who-user').value = state.user;
    }

    showProduct(state, w, is);
    showUnknown(is === 'unknown');
    showStock(state, w);
    showResult(state, w);
    showButtons(state, w, is);
    showTimes(state);
    $('story').hidden &&= state.rush || is !== 'sold_out';
}


function showProduct({ sale, lang, product }, w, is) {
    const known = w.products[sale === 'tickets' ? 'tickets' : 'phone'];
    const price = product ?? { price: sale === 'tickets' ? 4500 : 49900,
                               currency: 'EUR' };
    const format = new Intl.NumberFormat(lang, { style: 'currency',
                                                 currency: price.currency });
    const { maximumFractionDigits: digits } = format.resolvedOptions();

    set('name', is === 'unknown' ? w.states.unknown : product?.name ?? known.name);
    set('about', product ? product.description || w.about
        : sale === 'phone' || sale === 'tickets' ? known.about : w.about);
    set('price', format.format(price.price / 10 ** digits));

    if (sale === 'tickets' && !$('picture').src.endsWith('ticket.svg')) {
        $('picture').src = 'ticket.svg';
    }
}


// of a sale that is none there is nothing to be seen, but a way on

function showUnknown(unknown) {
    for (const id of ['link', 'price', 'about', 'picture', 'buy']) {
        $(id).hidden = unknown;
    }

    $('home').hidden = !unknown;
}


function showStock({ about, frame, lang }, w) {
    const known = frame?.stock !== undefined;

    $('stock').hidden = !known;

    if (!known) {
        return;
    }

    const { stock, held, sold, waiting } = frame;
    const free = Math.max(0, frame.free);
    const n = value => number({ lang }, value);

    set('free', n(free));
    set('free-label', w.left);
    set('of', w.of(n(stock)));
    set('n-held', n(held));
    set('n-sold', n(sold));
    $('n-held').parentElement.hidden = !held && about?.hold === 0;
    set('n-waiting', w.waiting(n(waiting ?? 0)));
    $('n-waiting').hidden = !waiting;
    $('bar').setAttribute('aria-label', w.bar(free, held, sold, stock));

    for (const [name, value] of Object.entries({ free, held, sold })) {
        $('bar').querySelector(`.${name}`).style.flexGrow = stock ? value / stock : 0;
    }
}


// of an order, and of one that has been won just now

function yours({ order, state }, said, says) {
    const how = says[state === 'held' || state === 'paid' ? state : 'sold'](order);

    if (said?.result !== 'won') {
        return how;
    }

    const [title, text] = says.won(said.order ?? order);

    return [title, state === 'held' ? `${text} ${how[1]}` : text];
}


// what is said, and how it is meant: [tone, [title, text]]

function outcome(state, w) {
    const { claim, failed, said, mine, frame, about, link } = state;
    const says = w.says;
    const limit = about?.limit ?? 1;

    if (claim?.wait) {
        return ['wait', says.unavailable(claim.wait)];
    }

    if (failed) {
        return ['bad', [w[failed.what], failed.why ?? '']];
    }

    if (said?.result === 'already') {
        return ['good', said.order_sale
            ? says.already_elsewhere(said.order, said.order_sale)
            : says.already(said.order, limit)];
    }

    if (mine?.result === 'won') {
        return ['good', yours(mine, said, says)];
    }

    if (mine?.result === 'queued') {
        return ['wait', says.queued(mine.position, mine.may_return)];
    }

    if (mine?.result === 'unauthorized' || mine?.result === 'unknown_sale'
        || mine?.result === 'invalid')
    {
        return ['bad', mine.result === 'unknown_sale' ? says.unknown_sale(state.sale)
                       : says[mine.result](mine.message)];
    }

    if (said?.result === 'returned') {
        return ['good', says.returned(frame.free)];
    }

    if (said?.result === 'sold_out') {
        return ['lost', says.sold_out(frame?.held ?? 0)];
    }

    if (said?.result && says[said.result]) {
        return ['lost', says[said.result](said.message)];
    }

    if (link === 'lost') {
        return ['wait', says.lost()];
    }

    return frame?.sale_state === 'paused' ? ['lost', says.paused()] : null;
}


function showResult(state, w) {
    const found = outcome(state, w);
    const units = state.mine?.units ?? 1;

    $('says').hidden = !found;
    $('result-units').hidden = units < 2;
    set('result-units', w.says.units(units));

    if (found) {
        const [tone, [title, text]] = found;

        $('says').dataset.tone = tone;
        set('result-title', title);
        set('result-text', text);
        $('result-text').hidden = !text;
    }
}


function showButtons(state, w, is) {
    const { mine, about, claim, paying, rush } = state;
    const held = mine?.state === 'held' && mine.result === 'won';
    const mayBuy = is === 'open' && !early(state) || is === 'sold_out';
    const has = mine?.result === 'won';
    const units = mine?.units ?? (has ? 1 : 0);
    const dim = (id, off) => $(id).setAttribute('aria-disabled', off);
    const over = is === 'sold_out' || is === 'ended';

    $('pay').hidden = $('pay-note').hidden = !held;
    set('pay', paying ? w.paying : w.pay);
    dim('pay', paying);

    const anew = over && about && !rush;

    // of two ways on, the new sale is the one that leads somewhere
    $('buy').className = has || anew ? 'second' : 'main';
    set('buy', claim ? w.asking
        : has ? (units < (about?.limit ?? 1) ? w.more : w.another)
        : is === 'scheduled' || early(state) ? w.soon
        : is === 'sold_out' ? w.again : is === 'open' ? w.buy : w.gone);
    dim('buy', Boolean(claim) || !mayBuy || mine?.result === 'queued');

    $('anew').hidden = !anew;
    $('rush').hidden = Boolean(anew);
    set('rush', rush ? w.rushStop : w.rushStart);
    dim('rush', !rush && (is !== 'open' || early(state)));
    set('rush-text', anew ? w.anewNote : rush || is === 'open'
        ? w.rushText(number(state, USERS), about?.limit ?? 1, about?.hold)
        : w.rushNeeds);
}


export function showTimes(state) {
    const w = words(state.lang);
    const is = stateOf(state);
    const soon = (is === 'scheduled' || is === 'open') && early(state);
    const held = state.mine?.state === 'held' && state.mine.result === 'won';

    $('opening').hidden = !soon;

    if (soon) {
        set('opening-label', is === 'scheduled' ? w.opensIn : w.yourTurn);
        set('countdown', clock(state.opens - now()));
    }

    $('hold').hidden = !held;

    if (held) {
        set('hold-left', clock(Date.parse(state.mine.expires_at) - now()));
    }
}


export function showRush(state, tally) {
    const w = words(state.lang);
    const n = value => number(state, value);

    // it grows below the button that was pressed: into view, if it is not
    if ($('rush-run').hidden) {
        $('rush-run').hidden = false;
        $('rush-run').scrollIntoView({
            block: 'nearest',
            behavior: matchMedia('(prefers-reduced-motion: reduce)').matches
                ? 'auto' : 'smooth',
        });
    }

    set('rush-won', n(tally.won));
    set('rush-lost', n(tally.lost));
    set('rush-rate', n(tally.rate));
    set('rush-twice', n(tally.wrong.length));
    set('rush-progress', w.progress(n(tally.users), n(USERS), state.frame?.free ?? ''));
    $('rush-line').style.transform = `scaleX(${tally.users / USERS})`;
}


// the end of the rush: what was heard here beside what the server counts

export function showVerdict(state) {
    const { tally, sale, limit } = state.found ?? {};
    const w = words(state.lang).verdict;
    const n = value => number(state, value);
    const lines = [];

    if (tally) {
        const seconds = (tally.ms / 1000).toFixed(1);
        const given = sale && sale.held + sale.sold;

        lines.push(tally.wrong.length ? w.twice(n(tally.wrong.length))
                   : w.pace(n(tally.answers), seconds)
                     + (limit === 1 ? w.once : w.within(limit)));
        lines.unshift(!sale ? w.unknown
                      : given > sale.stock || tally.orders.size > given
                        ? w.over(n(Math.max(given, tally.orders.size)), n(sale.stock))
                      : given < sale.stock ? w.left(n(sale.free), n(sale.stock))
                      : w.even(n(given), n(sale.stock), n(tally.orders.size)));

        if (tally.walked) {
            lines.push(w.walked(n(tally.walked)));
        }

        if (tally.undecided) {
            lines.push(w.undecided(n(tally.undecided)));
        }

        if (tally.stopped) {
            lines.push(words(state.lang).stopped(n(tally.users)));
        }
    }

    $('verdict').dataset.tone = tally?.wrong.length ? 'bad' : 'good';
    $('verdict').replaceChildren(...lines.map(text => {
        const line = document.createElement('p');

        line.textContent = text;
        return line;
    }));
}
