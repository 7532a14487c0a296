// The sale itself: which, how it is, how much is left and for how long, and what
// can be done to it.

import { html } from '../html.js';
import { countdown, dayTime, duration, number, percent, rate, t }
    from '../i18n/index.js';
import { sells, timeToSoldOut } from '../data/figures.js';
import * as state from '../state.js';
import { Actions } from './actions.js';

const UNITS = ['free', 'undecided', 'held', 'sold'];


export function Sale() {
    const sale = state.sale.value;

    // as large as the stock has room for: no number is ever longer
    const characters = Math.max(6, number(sale.stock).length);

    return html`
        <section class="card sale-card" aria-label=${sale.name}>
            <div class="sale-head">
                <${Picker} />
                <p class=${`state ${sale.state}`}>${t(`state_${sale.state}`)}</p>
                <${Window} sale=${sale} />
                <${Actions} />
            </div>
            <dl class="numbers" style=${{ '--characters': characters }}>
                <${Big} name="free" sale=${sale} />
                <${Big} name="held" sale=${sale} />
                <${Big} name="sold" sale=${sale} />
                <${SoldOutIn} sale=${sale} />
            </dl>
            <${Bar} sale=${sale} />
            <${Details} sale=${sale} />
        </section>`;
}


function Picker() {
    const list = state.sales.value ?? [];
    const name = state.saleName.value;

    if (list.length < 2) {
        return html`<h1 class="sale-name">${name}</h1>`;
    }

    return html`
        <h1 class="sale-name">
            <select id="sales" aria-label=${t('sale')} value=${name}
                onChange=${e => location.hash = e.target.value}>
                ${list.map(s => html`
                    <option key=${s.name} value=${s.name}
                        selected=${s.name === name}>
                        ${s.name} · ${t(`state_${s.state}`)} · ${number(s.free)}
                    </option>`)}
            </select>
            <span class="sale-shown" aria-hidden="true">${name}</span>
        </h1>`;
}


// by the server's clock

function Window({ sale }) {
    state.second.value;                 // it goes by

    const now = state.clock.now();
    const start = sale.start === null ? null : Date.parse(sale.start);
    const end = sale.end === null ? null : Date.parse(sale.end);
    const [word, time] = start !== null && start > now ? ['starts_in', start]
        : end === null ? ['no_end']
        : end > now ? ['ends_in', end] : ['ended_at', end];

    return html`
        <p class="window">
            ${word === 'no_end' || word === 'ended_at'
                ? html`<span class="label">${t(word)}</span>`
                : html`
                    <span class="label">${t(word)}</span>
                    <b class="countdown">${countdown((time - now) / 1000)}</b>`}
            ${time !== undefined && html`
                <time class="label" datetime=${new Date(time).toISOString()}>
                    ${dayTime(time, now)}
                </time>`}
        </p>`;
}


function Big({ name, sale }) {
    const units = sale[name];

    return html`
        <div class=${`big ${name}`}>
            <dt><i class="swatch" aria-hidden="true"></i>${t(name)}</dt>
            <dd id=${`units-${name}`}>${number(units)}</dd>
            <dd class="share">
                ${sale.stock > 0 && percent(units / sale.stock)}
            </dd>
        </div>`;
}


function SoldOutIn({ sale }) {
    const recent = state.recent.value;
    const found = timeToSoldOut(recent, sale.name, sale.free);
    const watched = recent.length > 4;

    const [text, why] = sale.free <= 0
        ? ['–', t(sale.sold < sale.stock ? 'estimate_not_free' : 'estimate_done')]
        : !sells(sale, state.health.value) ? ['–', t('estimate_not_selling')]
        : found ? [`≈ ${duration(found.seconds)}`, t('estimate_from', {
            rate: rate(found.rate), over: duration(found.over),
        })]
        : ['–', t(watched ? 'estimate_none' : 'estimate_learning')];

    return html`
        <div class="big estimate">
            <dt>${t('sold_out_in')}</dt>
            <dd id="sold-out-in">${text}</dd>
            <dd class="share">${why}</dd>
        </div>`;
}


function Bar({ sale }) {
    return html`
        <div class="bar" role="img" aria-label=${UNITS
            .map(name => `${t(name)} ${number(sale[name])}`).join(', ')}>
            ${UNITS.filter(name => sale[name] > 0).map(name => html`
                <i key=${name} class=${name}
                    style=${{ flexGrow: sale[name] }}></i>`)}
        </div>`;
}


function Details({ sale }) {
    const list = [
        ['undecided', number(sale.undecided)],
        ['waiting', sale.waitlist > 0
            ? `${number(sale.waiting)} / ${number(sale.waitlist)}` : '–'],
        ['stock', number(sale.stock)],
        ['limit', number(sale.limit)],
        ['hold', sale.hold > 0 ? duration(sale.hold) : t('no_hold')],
    ];

    return html`
        <dl class="details">
            ${list.map(([name, text]) => html`
                <div key=${name}>
                    <dt>${t(name)}</dt><dd id=${`sale-${name}`}>${text}</dd>
                </div>`)}
        </dl>`;
}
