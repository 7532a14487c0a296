// A dialog of the browser's own: it keeps the focus, Escape closes it, and what
// is behind it cannot be reached.

import { useLayoutEffect, useRef } from 'preact/hooks';
import { html } from '../html.js';
import { t } from '../i18n/index.js';
import { dialog, notice, running } from '../state.js';


export const closeDialog = () => {
    if (!running.value) {
        dialog.value = '';
    }
};


export function Dialog({ title, children, onSubmit, submit, ready = true, danger,
                         error })
{
    const element = useRef();

    // before the next key can be pressed
    useLayoutEffect(() => {
        const before = document.activeElement;
        const shown = element.current;

        shown.showModal();
        shown.querySelector('[data-first]')?.focus();

        return () => {
            shown.close();
            before?.focus();
        };
    }, []);

    // what is being tried again is said here, too: what is behind is not read
    const trying = running.value && notice.value?.kind === 'error'
        ? notice.value.text : '';

    function done(event) {
        event.preventDefault();
        if (ready && !running.value) {
            onSubmit();
        }
    }

    function cancelled(event) {
        event.preventDefault();
        closeDialog();
    }

    return html`
        <dialog ref=${element} aria-labelledby="dialog-title"
            onCancel=${cancelled}>
            <form onSubmit=${done} autocomplete="off">
                <h2 id="dialog-title">${title}</h2>
                ${children}
                <p class="error" role="alert">${error || trying}</p>
                <div class="dialog-buttons">
                    <button type="button" class="button" onClick=${closeDialog}>
                        ${t(submit ? 'cancel' : 'close')}
                    </button>
                    ${submit && html`
                        <button id="dialog-submit"
                            class=${`button ${danger ? 'danger' : 'primary'}`}
                            disabled=${!ready}
                            aria-busy=${running.value ? 'true' : 'false'}>
                            ${running.value ? t('running') : submit}
                        </button>`}
                </div>
            </form>
        </dialog>`;
}
