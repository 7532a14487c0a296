import { html } from '../html.js';
import { compact, number, rate, t } from '../i18n/index.js';
import { ANSWERS } from '../data/figures.js';
import { saleHistory } from '../data/record.js';
import * as state from '../state.js';
import { Chart } from './chart.js';

const UNITS = ['sold', 'held', 'undecided', 'free'];

// those that are there, even where nobody was told them yet
const ALWAYS = ['won', 'sold_out', 'unavailable'];


// there is no half unit, and no room for a billion in all its digits

const whole = n => !Number.isInteger(n) ? ''
    : n < 1e6 ? number(n) : compact(n);


export function UnitsChart() {
    state.drawn.value;

    const sale = state.sale.value;
    const history = saleHistory(sale.name);

    return html`
        <section class="card chart units-chart">
            <h2>${t('chart_units')}</h2>
            <${Chart} stacked format=${n => number(Math.round(n))}
                axis=${whole} least=${sale.stock * 1.08}
                label=${t('chart_units')}
                series=${UNITS.map(name => ({ name, label: t(name) }))}
                columns=${history.columns(...UNITS)} />
        </section>`;
}


export function AnswersChart() {
    state.drawn.value;

    const history = saleHistory(state.sale.value.name);
    const answers = state.readings.value?.sales
        .get(state.sale.value.name)?.answers ?? {};
    const shown = ANSWERS.filter(name => ALWAYS.includes(name)
                                 || answers[name] > 0);

    return html`
        <section class="card chart answers-chart">
            <h2>${t('chart_answers')}</h2>
            <${Chart} least=${10} format=${n => n < 10000 ? rate(n) : compact(n)}
                label=${t('chart_answers')}
                series=${shown.map(name => ({
                    name: `answer-${name}`, label: t(`answer_${name}`),
                }))}
                columns=${history.columns(...shown)} />
        </section>`;
}
