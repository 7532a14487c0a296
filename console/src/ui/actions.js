import { html } from '../html.js';
import { t } from '../i18n/index.js';
import { pause, resume } from '../actions.js';
import { currentApi } from '../session.js';
import * as state from '../state.js';
import { Icon } from './icons.js';


export function Actions() {
    if (!state.mayWrite.value) {
        return null;
    }

    const sale = state.sale.value;
    const running = state.running.value;
    const over = sale.state === 'ended';
    const action = sale.paused ? 'resume' : 'pause';

    async function press() {
        const act = sale.paused ? resume : pause;
        const { ok, message } = await act(currentApi(), sale.name);

        if (!ok && message) {
            state.notice.value = { kind: 'error', text: message };
        }
    }

    return html`
        <div class="actions" role="group" aria-label=${t('actions')}>
            <${Action} name=${action} id="pause" main=${sale.paused}
                busy=${running === 'pause' || running === 'resume'}
                waiting=${running} over=${over} onClick=${press} />
            <${Action} name="add" label="add_stock" waiting=${running} />
            <${Action} name="window" label="move_window" waiting=${running} />
            <${Action} name="end" danger waiting=${running} over=${over} />
        </div>`;
}


// While something is done, no other can be; but a button that is disabled would
// lose the focus of who has just pressed it.

function Action({ name, label = name, id = name, main, danger, over, busy,
                  waiting, onClick = () => state.dialog.value = name })
{
    const kind = danger ? 'danger' : main ? 'primary' : '';

    return html`
        <button id=${`action-${id}`} class=${`button action ${kind}`}
            disabled=${over} aria-disabled=${waiting ? 'true' : 'false'}
            aria-busy=${busy ? 'true' : 'false'}
            title=${over ? t('not_when_ended') : undefined}
            onClick=${() => !waiting && onClick()}>
            <${Icon} name=${name} /><span>${t(busy ? 'running' : label)}</span>
        </button>`;
}
