// All that the page shows, as signals; read.js, tail.js, watch.js and actions.js
// fill them.

import { computed, signal } from '@preact/signals';
import { createClock } from './net/clock.js';

export const clock = createClock();

// config.json: zone, api, metrics, stream, version
export const config = signal(null);
export const setupError = signal('');

// 'loading', 'key' (one is asked for) or 'in'
export const session = signal('loading');
export const keyError = signal('');
export const me = signal(null);

export const mayWrite = computed(() => me.value?.role === 'rw');

export const sales = signal(null);          // a list, once it was read
export const saleName = signal('');
export const sale = signal(null);           // as it is now

export const health = signal(null);         // { ok, message, data }
export const machines = signal([]);

export const readings = signal(null);       // of metrics, the last ones
export const recent = signal([]);           // those of the last 30 s
export const metricsError = signal('');
export const drawn = signal(0);             // counts what came into histories

// when the server was last heard, by this machine's clock
export const heard = signal(0);
export const lost = signal(false);
export const retryAt = signal(0);
export const online = signal(true);

export const events = signal([]);           // the newest first
export const eventsError = signal('');

export const notice = signal(null);         // { kind, text }
export const running = signal('');          // the action that is being done
export const dialog = signal('');           // the dialog that is open

// seconds go by for countdowns
export const second = signal(Date.now());
