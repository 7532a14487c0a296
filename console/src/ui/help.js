import { html } from '../html.js';
import { t } from '../i18n/index.js';
import { keysOn, switchKeys } from '../keys.js';
import { mayWrite } from '../state.js';
import { Dialog } from './dialog.js';

const KEYS = [
    [['P'], 'help_pause', true], [['A'], 'help_add', true],
    [['W'], 'help_window', true], [['E'], 'help_end', true],
    [['[', ']'], 'help_sales'], [['T'], 'help_theme'],
    [['L'], 'help_language'], [['?'], 'help_help'], [['Esc'], 'help_escape'],
];


export function Help() {
    const shown = KEYS.filter(([, , writes]) => !writes || mayWrite.value);

    return html`
        <${Dialog} title=${t('help_title')}>
            <dl class="keys">
                ${shown.map(([keys, text]) => html`
                    <div key=${text}>
                        <dt>${keys.map(k => html`<kbd key=${k}>${k}</kbd>`)}</dt>
                        <dd>${t(text)}</dd>
                    </div>`)}
            </dl>
            <label class="check">
                <input type="checkbox" data-first checked=${keysOn.value}
                    onChange=${e => switchKeys(e.target.checked)} />
                ${t('help_on')}
            </label>
        </${Dialog}>`;
}
