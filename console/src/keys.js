// Keys without a modifier.  None does anything to a sale by itself: each leads
// to a button or a dialog.  Who speaks to the machine can switch them off.

import { signal } from '@preact/signals';
import { remember, remembered } from './memory.js';
import { toggleLanguage } from './i18n/index.js';
import { nextTheme } from './theme.js';
import * as state from './state.js';

export const keysOn = signal(remembered('keys') !== 'off');

export function switchKeys(on) {
    keysOn.value = on;
    remember('keys', on ? 'on' : 'off');
}


const open = name => () => state.dialog.value = name;

const ANYONE = {
    '[': () => step(-1),
    ']': () => step(1),
    t: nextTheme,
    l: toggleLanguage,
    '?': open('help'),
};

const WRITERS = {
    p: () => document.getElementById('action-pause')?.focus(),
    a: open('add'),
    w: open('window'),
    e: () => state.sale.value?.state !== 'ended' && open('end')(),
};


function step(by) {
    const list = state.sales.value ?? [];
    const at = list.findIndex(s => s.name === state.saleName.value);

    if (list.length > 1) {
        location.hash = list[(at + by + list.length) % list.length].name;
    }
}


export function listenToKeys() {
    document.addEventListener('keydown', pressed);
    return () => document.removeEventListener('keydown', pressed);
}


function pressed(event) {
    const { key, target } = event;

    if (event.ctrlKey || event.metaKey || event.altKey || state.dialog.value
        || state.session.value !== 'in'
        || /^(INPUT|SELECT|TEXTAREA)$/.test(target.tagName))
    {
        return;
    }

    const name = key.toLowerCase();
    const action = ANYONE[name]
        ?? (state.mayWrite.value && state.sale.value ? WRITERS[name] : null);

    // the list of keys says how they are switched on again
    if (action && (keysOn.value || name === '?')) {
        event.preventDefault();
        action();
    }
}
