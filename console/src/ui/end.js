import { useState } from 'preact/hooks';
import { html } from '../html.js';
import { number, t } from '../i18n/index.js';
import { end } from '../actions.js';
import { Dialog } from './dialog.js';
import { useAction } from './asking.js';


export function End({ sale }) {
    const [{ name }] = useState(sale);
    const [typed, setTyped] = useState('');
    const [error, run] = useAction(end);

    return html`
        <${Dialog} title=${t('end_title', { sale: name })} danger
            ready=${typed === name} submit=${t('end_submit')} error=${error}
            onSubmit=${() => run(name)}>
            <p>${t('end_note')}</p>
            <p class="becomes">${t('end_left', { free: number(sale.free) })}</p>
            <label for="end-name">${t('end_type', { sale: name })}</label>
            <input id="end-name" data-first value=${typed} spellcheck="false"
                autocapitalize="off" onInput=${e => setTyped(e.target.value)} />
        </${Dialog}>`;
}
