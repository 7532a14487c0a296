import { useState } from 'preact/hooks';
import { html } from '../html.js';
import { number, t } from '../i18n/index.js';
import { addStock } from '../actions.js';
import { Dialog } from './dialog.js';
import { useAction } from './asking.js';

const USUAL = [10, 100, 1000];


export function AddStock({ sale }) {
    const [text, setText] = useState('');
    const [error, run] = useAction(addStock);
    const units = /^-?\d+$/.test(text.trim()) ? Number(text) : 0;
    const short = units < 0 && sale.free + units < 0;

    return html`
        <${Dialog} title=${t('add_title', { sale: sale.name })}
            ready=${units !== 0 && !short} error=${error}
            submit=${t(units < 0 ? 'add_submit_less' : 'add_submit',
                       { n: number(Math.abs(units)) })}
            onSubmit=${() => run(sale.name, units)}>
            <label for="units">${t('add_units')}</label>
            <div class="with-usual">
                <input id="units" data-first inputmode="numeric" value=${text}
                    aria-describedby="add-note add-becomes"
                    onInput=${e => setText(e.target.value)} />
                ${USUAL.map(n => html`
                    <button key=${n} type="button" class="button small"
                        onClick=${() => setText(String(units + n))}>
                        +${number(n)}
                    </button>`)}
            </div>
            <p id="add-becomes" class="becomes" aria-live="polite">
                ${short ? t('add_short', { free: number(sale.free) })
                        : t('add_becomes', {
                    from: number(sale.stock), to: number(sale.stock + units),
                    free: number(sale.free + units),
                })}
            </p>
            <p id="add-note" class="note">${t('add_note')}</p>
        </${Dialog}>`;
}
