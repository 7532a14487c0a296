import { useState } from 'preact/hooks';
import { html } from '../html.js';
import { duration, t } from '../i18n/index.js';
import { moveWindow } from '../actions.js';
import { fromField, toField, windowChange } from '../data/moment.js';
import { clock } from '../state.js';
import { Dialog } from './dialog.js';
import { useAction } from './asking.js';

const LATER = [5, 15, 60];


export function MoveWindow({ sale }) {
    // what it was when it was opened: others may move it meanwhile
    const [was] = useState(sale);
    const [start, setStart] = useState(toField(was.start));
    const [end, setEnd] = useState(toField(was.end));
    const [error, run] = useAction(moveWindow);

    const from = fromField(start);
    const to = fromField(end);
    const change = windowChange(was, start, end);
    const changed = Object.keys(change).length > 0;
    const wrong = from !== null && to !== null && to <= from;
    const says = !changed ? t('window_same')
        : wrong ? t('window_wrong')
        : to !== null && to <= clock.now() ? t('window_over')
        : to !== null ? t('window_is', {
            time: duration((to - Math.max(from ?? 0, clock.now())) / 1000),
        }) : '';

    const plus = minutes => setEnd(toField(
        Math.max(to ?? 0, clock.now()) + minutes * 60000));

    return html`
        <${Dialog} title=${t('window_title', { sale: was.name })}
            ready=${changed && !wrong} submit=${t('window_submit')}
            error=${error} onSubmit=${() => run(was.name, change)}>
            <div class="fields">
                <${Moment} id="start" label=${t('window_start')} value=${start}
                    first onInput=${setStart} />
                <${Moment} id="end" label=${t('window_end')} value=${end}
                    onInput=${setEnd} />
            </div>
            <div class="with-usual">
                ${LATER.map(n => html`
                    <button key=${n} type="button" class="button small"
                        onClick=${() => plus(n)}>
                        ${t('window_plus', { n })}
                    </button>`)}
            </div>
            <p class="becomes" aria-live="polite">${says}</p>
            <p class="note">
                ${t('window_zone', {
                    zone: Intl.DateTimeFormat().resolvedOptions().timeZone,
                })}
            </p>
        </${Dialog}>`;
}


function Moment({ id, label, value, first, onInput }) {
    return html`
        <div>
            <label for=${`window-${id}`}>${label}</label>
            <input id=${`window-${id}`} type="datetime-local" step="1"
                value=${value} data-first=${first}
                onInput=${e => onInput(e.target.value)} />
        </div>`;
}
