// What an operator does to the sale.  Each has an Idempotency-Key: one that was
// not answered is asked for again with the same key, until something else is
// asked for.

import { Unreachable, uuid } from './net/api.js';
import { t, number } from './i18n/index.js';
import * as state from './state.js';

let unanswered = null;


async function act(api, action, { method = 'POST', path, body, done }) {
    if (state.running.value) {
        return { ok: false };
    }

    const request = JSON.stringify([method, path, body]);
    const key = unanswered?.request === request ? unanswered.key : uuid();

    state.running.value = action;
    state.notice.value = null;
    unanswered = { request, key };

    try {
        const { data } = await api.write(method, path, body, key);

        unanswered = null;
        if (data.name === state.saleName.value) {
            state.sale.value = data;
        }
        state.notice.value = { kind: 'done', text: done(data) };
        return { ok: true };

    } catch (error) {
        const unknown = error instanceof Unreachable || error.status >= 500;

        if (!unknown) {
            unanswered = null;
        }

        return {
            ok: false, field: error.field,
            message: error instanceof Unreachable ? t('failed_unknown')
                : t('failed', { message: error.message }),
        };

    } finally {
        state.running.value = '';
    }
}


export const pause = (api, sale) => act(api, 'pause', {
    path: `sales/${sale}/pause`,
    done: () => t('done_pause', { sale }),
});

export const resume = (api, sale) => act(api, 'resume', {
    path: `sales/${sale}/resume`,
    done: () => t('done_resume', { sale }),
});

export const end = (api, sale) => act(api, 'end', {
    path: `sales/${sale}/end`,
    done: () => t('done_end', { sale }),
});

export const addStock = (api, sale, units) => act(api, 'add', {
    method: 'PATCH', path: `sales/${sale}`, body: { add_stock: units },
    done: ({ stock }) => t('done_add', { sale, stock: number(stock) }),
});

export const moveWindow = (api, sale, change) => act(api, 'window', {
    method: 'PATCH', path: `sales/${sale}`, body: change,
    done: () => t('done_window', { sale }),
});
