// What an operator does to the sale, each with an Idempotency-Key of its own.  A
// dialog keeps that of a request that was not answered, `unanswered`, and asks
// for the same again with it; but never beyond: hours later, "100 more" is
// another request, and would have the answer of the first.

import { Unreachable, uuid } from './net/api.js';
import { t, number } from './i18n/index.js';
import * as state from './state.js';


// of what had no answer, it is not known whether it is done

function tryAgain(error, k, of) {
    if (!(error instanceof Unreachable)) {
        state.notice.value = {
            kind: 'error', text: t('not_yet', { message: error.message, k, of }),
        };
    }
}


async function act(api, action, { method = 'POST', path, body, done,
                                  unanswered = {} })
{
    if (state.running.value) {
        return { ok: false };
    }

    const request = JSON.stringify([method, path, body]);
    const key = unanswered.request === request ? unanswered.key : uuid();

    state.running.value = action;
    state.notice.value = null;
    Object.assign(unanswered, { request, key });

    try {
        const { data } = await api.write(method, path, body, key, tryAgain);

        if (data.name === state.saleName.value) {
            state.sale.value = data;
        }
        state.notice.value = { kind: 'done', text: done(data) };
        return { ok: true };

    } catch (error) {
        state.notice.value = null;

        // it is decided again, when it is asked for again
        if (error.status < 500) {
            unanswered.request = null;
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

export const end = (api, unanswered, sale) => act(api, 'end', {
    path: `sales/${sale}/end`, unanswered,
    done: () => t('done_end', { sale }),
});

export const addStock = (api, unanswered, sale, units) => act(api, 'add', {
    method: 'PATCH', path: `sales/${sale}`, body: { add_stock: units }, unanswered,
    done: ({ stock }) => t('done_add', { sale, stock: number(stock) }),
});

export const moveWindow = (api, unanswered, sale, change) => act(api, 'window', {
    method: 'PATCH', path: `sales/${sale}`, body: change, unanswered,
    done: () => t('done_window', { sale }),
});
