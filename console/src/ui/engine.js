import { html } from '../html.js';
import { bytes, duration, number, t } from '../i18n/index.js';
import { zoneHistory } from '../data/record.js';
import * as state from '../state.js';


export function Engine() {
    state.drawn.value;

    const values = state.readings.value?.zone?.values;
    const health = state.health.value;
    const decision = zoneHistory().columns('decision')[1]
        .slice(-15).findLast(n => n !== null);

    const list = [
        ['events', number(health?.data.ledger_seq
                          ?? values?.seckill_ledger_seq)],
        ['decision', decision === undefined ? '–'
            : t('p99', { time: duration(decision) })],
        ['lists', lists(values)],
        ['room', number(values?.['seckill_zone_units/free'])],
        ['store', bytes(values?.seckill_ledger_size_bytes)],
        ['restarts', values ? `${number(values.seckill_helper_restarts_total)}`
            + ` · ${number(values.seckill_repairs_total)}` : '–'],
        ['version', state.config.value.version],
    ];

    return html`
        <section class="card engine" aria-labelledby="engine-title">
            <h2 id="engine-title">${t('engine')}</h2>
            <dl>
                ${list.map(([name, text]) => html`
                    <div key=${name}>
                        <dt>${t(`engine_${name}`)}</dt><dd>${text}</dd>
                    </div>`)}
            </dl>
        </section>`;
}


function lists(values) {
    if (!values) {
        return '–';
    }

    const lag = values.seckill_query_lag_events;

    return values.seckill_query_up === 0 ? t('engine_lists_down')
        : lag > 100 ? t('engine_lists_behind', { n: number(lag) })
        : t('engine_lists_ok');
}
