// From the configuration to a session: who is there, and with which key.

import { Api } from './net/api.js';
import { saveKey, savedKey } from './memory.js';
import { chooseSale } from './read.js';
import { watch } from './watch.js';
import * as state from './state.js';

const AGAIN = 3000;

let api;
let watching;

export const currentApi = () => api;
export const kick = () => watching?.kick();


// until the server has answered, whenever that is

async function insist(what) {
    for (;;) {
        try {
            const answer = await what();

            state.setupError.value = '';
            return answer;

        } catch (error) {
            if (error.status === 401) {
                throw error;
            }

            state.setupError.value = error.message;
            await new Promise(resolve => setTimeout(resolve, AGAIN));
        }
    }
}


export async function begin() {
    state.config.value = await insist(async () => {
        const res = await fetch('config.json', { cache: 'no-store' });

        if (!res.ok) {
            throw new Error(`config.json: HTTP ${res.status}`);
        }

        return res.json();
    });

    addEventListener('hashchange', chooseSale);
    await signIn(savedKey() ?? '');
}


// whether the server knows the key; '' where it wants none

export async function signIn(key) {
    const { config, clock } = state;

    api = new Api({ ...config.value, key, clock });

    try {
        state.me.value = (await insist(() => api.get('me'))).data;

    } catch {
        saveKey('');
        state.keyError.value = key ? 'sign_in_wrong' : state.keyError.value;
        state.session.value = 'key';
        return;
    }

    saveKey(key);
    state.keyError.value = '';
    state.session.value = 'in';
    watching = watch(api, () => signOut('sign_in_over'));
}


export function signOut(why = '') {
    watching?.stop();
    watching = null;
    saveKey('');

    state.dialog.value = '';
    state.notice.value = null;
    state.me.value = null;
    state.sales.value = null;
    state.sale.value = null;
    state.saleName.value = '';
    state.health.value = null;
    state.machines.value = [];
    state.readings.value = null;
    state.recent.value = [];
    state.events.value = [];
    state.heard.value = 0;
    state.lost.value = false;

    state.keyError.value = why;
    state.session.value = 'key';
}
