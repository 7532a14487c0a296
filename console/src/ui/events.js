import { signal } from '@preact/signals';
import { html } from '../html.js';
import { clockTime, number, t } from '../i18n/index.js';
import * as state from '../state.js';

const SHOWN = 100;

const BUYERS = ['won', 'queued', 'asked', 'skipped', 'paid', 'cancelled',
                'expired', 'extended'];
const GOOD = ['won', 'paid', 'machine_joined'];
const BAD = ['cancelled', 'expired', 'skipped', 'machine_left', 'sale_removed'];

const onlyOperators = signal(false);


export function Events() {
    const all = state.events.value;
    const error = state.eventsError.value;
    const shown = (onlyOperators.value
        ? all.filter(e => e.type && !BUYERS.includes(e.type)) : all)
        .slice(0, SHOWN);

    return html`
        <section class="card events" aria-labelledby="events-title">
            <div class="card-head">
                <h2 id="events-title">${t('events')}</h2>
                <div class="choice" role="group" aria-labelledby="events-title">
                    <${Choice} operators=${false} text="events_all" />
                    <${Choice} operators=${true} text="events_operator" />
                </div>
            </div>
            ${error && !state.lost.value && html`
                <p class="note">${t('events_wait', { message: error })}</p>`}
            ${shown.length === 0
                ? html`<p class="note">${t('events_none')}</p>`
                : html`
                    <ol class="tail" tabindex="0" aria-label=${t('events')}>
                        ${shown.map(e => e.left
                            ? html`<${Left} key=${e.seq} left=${e.left} />`
                            : html`<${Event} key=${e.seq} event=${e} />`)}
                    </ol>`}
        </section>`;
}


function Choice({ operators, text }) {
    return html`
        <button aria-pressed=${onlyOperators.value === operators ? 'true' : 'false'}
            onClick=${() => onlyOperators.value = operators}>${t(text)}</button>`;
}


function Left({ left }) {
    return html`
        <li class="left">${t('events_left', { n: number(left) })}</li>`;
}


function Event({ event }) {
    const { type, at, sale, order, user, by, configuration, machine, product,
            changes = [] } = event;
    const kind = GOOD.includes(type) ? 'good' : BAD.includes(type) ? 'bad' : '';

    return html`
        <li>
            <time datetime=${at}>${clockTime(Date.parse(at))}</time>
            <b class=${kind}>${t(`event_${type}`)}</b>
            <span>
                ${sale && sale !== state.saleName.value && html`
                    <i class="other">${sale}</i>`}
                ${machine && html`<i>${machine}</i>`}
                ${product && html`<i>#${product}</i>`}
                ${order && html`<i>${t('event_order', { order })}</i>`}
                ${user && html`<i><bdi>${user}</bdi></i>`}
                ${changes.map(([name, from, to]) => html`
                    <i key=${name}>${change(name, from, to)}</i>`)}
                ${by && html`<i>${t('event_by')} <bdi>${by}</bdi></i>`}
                ${configuration && html`<i>${t('event_configuration')}</i>`}
            </span>
        </li>`;
}


function change(name, from, to) {
    const text = value => value === null || value === undefined ? '–'
        : /^\d{4}-\d\d-\d\dT/.test(value) ? clockTime(Date.parse(value))
        : typeof value === 'number' ? number(value) : String(value);

    return from === null && name === 'stock' ? `${name} ${text(to)}`
        : `${name} ${text(from)} → ${text(to)}`;
}
