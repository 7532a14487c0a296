import { html } from '../html.js';
import { t } from '../i18n/index.js';
import { config } from '../state.js';


export function Empty() {
    const { zone } = config.value;

    return html`
        <section class="card empty">
            <h1>${t('empty_title')}</h1>
            <p>${t('empty_note')}</p>
            <h2>${t('empty_command')}</h2>
            <pre><code>seckill sale add phone --stock 1000 --hold 15m</code></pre>
            <h2>${t('empty_config')}</h2>
            <pre><code>seckill_sale zone=${zone} name=phone stock=1000 hold=900;</code></pre>
        </section>`;
}
