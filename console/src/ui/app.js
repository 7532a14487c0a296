import { useEffect } from 'preact/hooks';
import { html } from '../html.js';
import { language, number, t } from '../i18n/index.js';
import * as state from '../state.js';
import { listenToKeys } from '../keys.js';
import { SignIn } from './signin.js';
import { Header } from './header.js';
import { Notices, Toast, Announcer } from './notices.js';
import { Sale } from './sale.js';
import { UnitsChart, AnswersChart } from './charts.js';
import { Tiles } from './tiles.js';
import { Events } from './events.js';
import { Machines } from './machines.js';
import { Engine } from './engine.js';
import { Empty } from './empty.js';
import { Dialogs } from './dialogs.js';


export function App() {
    const session = state.session.value;
    const name = state.saleName.value;
    const free = state.sale.value?.free;
    const zone = state.config.value?.zone;

    useEffect(() => listenToKeys(), []);

    useEffect(() => {
        document.documentElement.lang = language.value === 'zh' ? 'zh-CN' : 'en';
    }, [language.value]);

    // a tab that is not looked at says what is left, too
    useEffect(() => {
        document.title = [free === undefined ? name : `${number(free)} ${name}`,
                          zone, t('console')].filter(Boolean).join(' · ');
    }, [language.value, name, free, zone]);

    return session === 'in' ? html`<${Board} />`
        : session === 'key' ? html`<${SignIn} />`
        : html`<${Loading} />`;
}


function Loading() {
    const error = state.setupError.value;

    return html`
        <main class="alone">
            <img src="icon.svg" alt="" width="48" height="48" />
            <p role="status">
                ${error ? t('setup_failed', { message: error }) : t('loading')}
            </p>
        </main>`;
}


function Board() {
    const sale = state.sale.value;
    const empty = state.sales.value?.length === 0;

    return html`
        <${Header} />
        <${Notices} />
        <main id="board" tabindex="-1"
            class=${`board ${state.lost.value ? 'stale' : ''}`}>
            ${empty ? html`<${Empty} />`
                : sale ? html`<${Figures} />`
                : html`<p class="card sale-card">${t('loading')}</p>`}
            <aside class="side">
                <${Events} />
                <${Machines} />
                <${Engine} />
            </aside>
        </main>
        <${Dialogs} />
        <${Toast} />
        <${Announcer} />`;
}


function Figures() {
    return html`
        <${Sale} />
        <${UnitsChart} />
        <${AnswersChart} />
        <${Tiles} />`;
}
