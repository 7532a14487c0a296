// What is read of the server, into the state that the page shows.

import { batch } from '@preact/signals';
import { takeReadings } from './data/figures.js';
import { record } from './data/record.js';
import * as state from './state.js';

// readings that an estimate is made of
const RECENT = 30000;


// a 503 is an answer, too

export async function readHealth(api) {
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


// of a zone that shares nothing there is nothing to ask

export async function readMachines(api) {
    state.machines.value = state.health.value.data.log
        ? (await api.get('machines')).data : [];
}


export async function readSales(api) {
    const list = [];
    let answer;

    do {
        answer = await api.get('sales?limit=1000&after='
                               + (answer?.pagination.next ?? 0));
        list.push(...answer.data);
    } while (answer.data.length === 1000);

    state.sales.value = list;
    chooseSale();
}


export async function readSale(api) {
    const name = state.saleName.value;

    try {
        const { data } = await api.get(`sales/${name}`);

        if (name === state.saleName.value) {
            state.sale.value = data;
        }

    } catch (error) {
        if (error.status !== 404) {
            throw error;
        }

        await readSales(api);           // it was removed
    }
}


// whether there are any; without them, the rest of the page is as good

export async function readMetrics(api) {
    try {
        const now = takeReadings(await api.metrics(), state.config.value.zone,
                                 state.clock.now());

        record(state.readings.value, now, state.saleName.value);
        state.readings.value = now;
        state.recent.value = [
            ...state.recent.value.filter(r => r.time > now.time - RECENT), now,
        ];
        state.metricsError.value = '';
        state.drawn.value++;
        return true;

    } catch (error) {
        state.metricsError.value = error.message;
        return false;
    }
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
