// Small charts, each with the figure that it is about.

import { html } from '../html.js';
import { compact, duration, number, percent, rate, t } from '../i18n/index.js';
import { allUnavailable, LATELY, nobodyPays, queuePeak, saleHistory,
         zoneHistory } from '../data/record.js';
import * as state from '../state.js';
import { Chart } from './chart.js';


export function Tiles() {
    state.drawn.value;

    const readings = state.readings.value;
    const sale = state.sale.value;
    const orders = readings?.sales.get(sale.name)?.orders ?? {};

    return html`
        <div class="tiles">
            <${Commit} />
            <${Queue} values=${readings?.zone?.values ?? {}} />
            <${Unavailable} readings=${readings} />
            <${Paid} sale=${sale} orders=${orders} />
            <${Expired} sale=${sale} orders=${orders} />
        </div>`;
}


const latest = (history, name) => history.columns(name)[1].at(-1) ?? null;


function Tile({ name, value, note, bad, history, columns, colour, ...chart }) {
    const label = t(`chart_${name}`);

    return html`
        <section class=${`card chart tile ${bad ? 'bad' : ''}`}
            id=${`tile-${name}`}>
            <h2>${label}</h2>
            <p class="value">${value}</p>
            <p class="note">${note}</p>
            <${Chart} small label=${`${label}: ${value}`}
                series=${columns.map((column, i) => ({
                    name: colour[i], label: column,
                }))}
                columns=${history.columns(...columns)} ...${chart} />
        </section>`;
}


function Commit() {
    state.drawn.value;

    const history = zoneHistory();
    const [, means, slowest] = history.columns('mean', 'p99');
    const last = means.findLastIndex(n => n !== null);
    const now = last >= 0 && last > means.length - 15;

    return html`
        <${Tile} name="commit" history=${history} columns=${['mean', 'p99']}
            colour=${['mean', 'p99']}
            value=${now ? duration(means[last]) : '–'}
            note=${now ? t('p99', { time: duration(slowest[last]) })
                       : t('no_commits')}
            least=${0.002} format=${duration} />`;
}


function Queue({ values }) {
    const queue = values.seckill_queue_claims;
    const limit = values.seckill_queue_limit_claims;
    const peak = queuePeak() ?? queue;

    return html`
        <${Tile} name="queue" history=${zoneHistory()} columns=${['queue']}
            colour=${['queue']} value=${number(queue)}
            note=${t('queue_of', {
                limit: number(limit), peak: number(peak), n: LATELY,
            })}
            bad=${peak > 0.8 * limit} least=${10} format=${compact} />`;
}


function Unavailable({ readings }) {
    const history = zoneHistory();
    const now = latest(history, 'unavailable');

    // a red line is one that says something
    const seen = history.columns('unavailable')[1].some(n => n > 0);

    return html`
        <${Tile} name="unavailable" history=${history}
            columns=${['unavailable']}
            colour=${[seen ? 'answer-unavailable' : 'p99']}
            value=${t('per_second', { n: rate(now) })} bad=${now > 0}
            note=${t('unavailable_all', {
                n: readings?.zone ? number(allUnavailable(readings)) : '–',
            })} least=${4} format=${compact} />`;
}


function Paid({ sale, orders: { won = 0, paid = 0 } }) {
    const holds = sale.hold > 0 || paid > 0;

    return html`
        <${Tile} name="paid" history=${saleHistory(sale.name)}
            columns=${['paid']} colour=${['sold']} most=${1}
            bad=${nobodyPays(sale.name)}
            value=${holds && won > 0 ? percent(paid / won) : '–'}
            note=${holds ? t('paid_of', { paid: number(paid), won: number(won) })
                         : t('paid_no_hold')}
            format=${percent} />`;
}


function Expired({ sale, orders: { expired = 0 } }) {
    const history = saleHistory(sale.name);
    const n = history.total('expired', 60);

    return html`
        <${Tile} name="expired" history=${history} columns=${['expired']}
            colour=${['held']}
            value=${t('per_minute', { n: number(Math.round(n)) })}
            note=${sale.hold > 0 ? t('expired_all', { n: number(expired) })
                                 : t('paid_no_hold')}
            least=${4} format=${compact} />`;
}
