import { useEffect, useRef, useState } from 'preact/hooks';
import { html } from '../html.js';
import { t } from '../i18n/index.js';
import { signIn } from '../session.js';
import { config, keyError } from '../state.js';
import { Language, Theme } from './switches.js';


export function SignIn() {
    const input = useRef();
    const [busy, setBusy] = useState(false);
    const error = keyError.value;

    useEffect(() => input.current.focus(), [error, busy]);

    async function submit(event) {
        event.preventDefault();

        const key = input.current.value.trim();

        if (!/^[\x21-\x7e]+$/.test(key)) {
            keyError.value = key === '' ? 'sign_in_empty'
                : 'sign_in_impossible';
            return;
        }

        setBusy(true);
        keyError.value = '';
        await signIn(key);
        setBusy(false);
    }

    return html`
        <main class="alone">
            <form class="card sign-in" onSubmit=${submit}>
                <img src="icon.svg" alt="" width="44" height="44" />
                <h1>${t('sign_in_zone', { zone: config.value.zone })}</h1>
                <input class="unseen" type="text" autocomplete="username"
                    tabindex="-1" aria-hidden="true" readonly
                    value=${config.value.zone} />
                <label for="key">${t('sign_in_key')}</label>
                <input id="key" ref=${input} type="password"
                    aria-required="true" autocomplete="current-password" spellcheck="false"
                    disabled=${busy} aria-invalid=${error ? 'true' : 'false'}
                    aria-describedby="key-error key-note" />
                <p id="key-error" class="error" role="alert">
                    ${error && t(error)}
                </p>
                <button class="button primary" disabled=${busy}>
                    ${t('sign_in')}
                </button>
                <p id="key-note" class="note">${t('sign_in_note')}</p>
            </form>
            <div class="switches"><${Theme} /><${Language} /></div>
        </main>`;
}
