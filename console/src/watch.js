// Asks the server: each second while somebody looks, seldom when nobody does.

import { batch } from '@preact/signals';
import { poll } from './net/poll.js';
import { createFollower } from './net/follow.js';
import { createStream, withFrame } from './net/stream.js';
import { takeReadings } from './data/figures.js';
import { createChanges } from './data/changes.js';
import { record, forgetHistory } from './data/record.js';
import * as state from './state.js';

const HIDDEN = 15000;

// of a sale of which a stream tells, what that leaves out
const STREAMED = 3000;

const RECENT = 30000;
const EVENTS = 300;

// beyond this, what is shown is old
const LATE = 3500;

const hidden = () => document.hidden;

// so much after the last beginning, unless the server is slow

const every = ms => took =>
    Math.max((hidden() ? HIDDEN : ms) - took, 2 * took, 100);


export function watch(api, { signOut }) {
    const abort = new AbortController();
    const next = createFollower(api.get);
    const changes = createChanges();
    let tailed = false;
    let saleRead = 0;

    const { stream: path } = state.config.value;
    const stream = path && createStream(path, frame => {
        state.sale.value = withFrame(state.sale.value, frame);
    });

    // whether it was done; a key that is not known any more ends it all

    async function attempt(what) {
        try {
            await what();
            return true;

        } catch (error) {
            if (error.status === 401 && !abort.signal.aborted) {
                signOut('sign_in_over');
            }

            return false;
        }
    }

    // a 503 is an answer, too

    async function readHealth() {
        try {
            const { data } = await api.get('health');
            state.health.value = { ok: true, message: '', data };

        } catch (error) {
            if (error.result !== 'unavailable') {
                throw error;
            }

            state.health.value = { ok: false, message: error.message,
                                   data: error.data ?? {} };
        }
    }

    async function readSales() {
        const list = [];
        let answer;

        do {
            answer = await api.get('sales?limit=1000&after='
                                   + (answer?.pagination.next ?? 0));
            list.push(...answer.data);
        } while (answer.data.length === 1000);

        state.sales.value = list;
        chooseSale();

        if (tailed) {
            changes.seed(list);
        }
    }

    // whether the server was asked

    async function readSale() {
        const name = state.saleName.value;

        // nobody needs to be told of it while nobody looks
        stream?.show(hidden() ? '' : name);

        if (!name) {
            await readSales();
            return true;
        }

        if (stream?.tells() && Date.now() - saleRead < STREAMED) {
            return false;
        }

        try {
            const { data } = await api.get(`sales/${name}`);

            if (name === state.saleName.value) {
                state.sale.value = data;
            }

            saleRead = Date.now();

        } catch (error) {
            if (error.status !== 404) {
                throw error;
            }

            await readSales();          // it was removed
        }

        return true;
    }

    async function readMetrics() {
        try {
            const answer = await api.metrics();
            const now = takeReadings(answer, state.config.value.zone,
                                     state.clock.now());

            record(state.readings.value, now, state.saleName.value);
            state.readings.value = now;
            state.recent.value = [
                ...state.recent.value.filter(r => r.time > now.time - RECENT),
                now,
            ];
            state.metricsError.value = '';
            state.drawn.value++;
            return true;

        } catch (error) {
            state.metricsError.value = error.message;
            return false;
        }
    }

    const heart = poll(() => attempt(async () => {
        const metrics = readMetrics();
        const asked = await readSale();

        if (await metrics || asked) {
            batch(() => {
                state.heard.value = Date.now();
                state.lost.value = false;
            });
        }
    }), every(1000));

    const rest = poll(() => attempt(async () => {
        await readHealth();
        await readSales();
        state.machines.value = state.health.value.data.log
            ? (await api.get('machines')).data : [];
    }), every(3000));

    const tail = poll(() => attempt(async () => {
        try {
            take(await next({ wait: hidden() ? 0 : 20, signal: abort.signal }),
                 changes);
            tailed = true;
            state.eventsError.value = '';

        } catch (error) {
            state.eventsError.value = error.message;
            throw error;
        }
    }), took => hidden() ? HIDDEN : Math.max(1000 - took, 0));

    const kick = () => {
        heart.kick();
        rest.kick();
    };

    const look = () => {
        if (!hidden()) {
            since = Date.now();
            kick();
            tail.kick();
        }
    };

    const connection = () => {
        state.online.value = navigator.onLine;
        look();
    };

    // nothing is late that nobody has waited for

    let since = Date.now();

    const clock = setInterval(() => batch(() => {
        const now = Date.now();

        state.second.value = now;
        state.retryAt.value = heart.due();

        if (!hidden() && now - Math.max(since, state.heard.value) > LATE) {
            state.lost.value = true;
        }
    }), 500);

    document.addEventListener('visibilitychange', look);
    addEventListener('online', connection);
    addEventListener('offline', connection);
    state.online.value = navigator.onLine;

    return {
        kick,
        stop() {
            abort.abort();
            clearInterval(clock);
            stream?.stop();
            [heart, rest, tail].forEach(p => p.stop());
            document.removeEventListener('visibilitychange', look);
            removeEventListener('online', connection);
            removeEventListener('offline', connection);
            forgetHistory();
        },
    };
}


// The sale that the address names, else one that is open, else the first; the
// address names it from then on, so that none is left when it is sold out.

export function chooseSale() {
    const list = state.sales.value ?? [];
    const wanted = location.hash.slice(1);
    const found = list.find(s => s.name === wanted)
        ?? list.find(s => s.state === 'open') ?? list[0] ?? null;

    if (found && found.name !== wanted) {
        history.replaceState(null, '', `#${found.name}`);
    }

    batch(() => {
        if (found?.name !== state.sale.value?.name) {
            state.sale.value = found;
        }

        state.saleName.value = found?.name ?? '';
    });
}


function take({ events, left, anew }, changes) {
    if (!anew && !left && events.length === 0) {
        return;
    }

    const more = events.map(e => ({ ...e, changes: changes.of(e) })).reverse();

    if (left > 0) {
        more.push({ left, seq: `left ${events[0]?.seq}` });
    }

    state.events.value = [...more, ...(anew ? [] : state.events.value)]
        .slice(0, EVENTS);
}
