import { html } from '../html.js';
import { clockTime, t } from '../i18n/index.js';
import { signOut } from '../session.js';
import * as state from '../state.js';
import { Icon } from './icons.js';
import { Language, Theme } from './switches.js';


export function Header() {
    const { by, keys } = state.me.value;

    return html`
        <header class="top">
            <a class="skip" href="#board" onClick=${skip}>${t('skip')}</a>
            <div class="brand">
                <img src="icon.svg" alt="" width="28" height="28" />
                <span class="zone">${state.config.value.zone}</span>
            </div>
            <${Health} />
            <${ServerTime} />
            <div class="tools">
                ${keys && html`<span class="by">${by}</span>`}
                ${!state.mayWrite.value && html`
                    <span class="badge" title=${t('read_only_title')}>
                        ${t('read_only')}
                    </span>`}
                <button class="tool help-tool" title=${t('keys')}
                    aria-label=${t('keys')}
                    onClick=${() => state.dialog.value = 'help'}>
                    <${Icon} name="keys" />
                </button>
                <${Theme} />
                <${Language} />
                ${keys && html`
                    <button class="tool" title=${t('sign_out')}
                        aria-label=${t('sign_out')} onClick=${() => signOut()}>
                        <${Icon} name="out" />
                    </button>`}
            </div>
        </header>`;
}


// the address has the sale's name, so the skip link must not be in it

function skip(event) {
    event.preventDefault();
    document.getElementById('board').focus();
}


function Health() {
    const health = state.health.value;
    const kind = state.lost.value || !health ? 'unknown'
        : health.ok ? 'ok' : 'bad';

    return html`
        <p class=${`health ${kind}`}>
            <i class="dot" aria-hidden="true"></i>
            <span class="health-text">${t(`health_${kind}`)}</span>
        </p>`;
}


function ServerTime() {
    state.second.value;                 // it goes by

    return html`
        <p class="server-time">
            <span class="label">${t('server_time')}</span>
            <time>${clockTime(state.clock.now())}</time>
        </p>`;
}
