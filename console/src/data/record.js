// Histories of the zone and of each sale that is looked at, from one reading of
// the metrics to the next.

import { ANSWERS, histogramBetween, saleRates } from './figures.js';
import { createHistory } from './history.js';

// the histories of so many sales are kept, of those looked at last
const SALES = 24;

const UNITS = ['free', 'undecided', 'held', 'sold'];

let zone;
let sales;

export function forgetHistory() {
    zone = createHistory(['mean', 'p99', 'queue', 'unavailable', 'decision']);
    sales = new Map();
}

forgetHistory();


export const zoneHistory = () => zone;

// A queue that fills and empties within a second is seldom seen full: one looks
// at the last seconds together.

export const LATELY = 10;

export const unavailableNow = () =>
    zone.columns('unavailable')[1].at(-1) ?? null;

export const queuePeak = () => zone.highest('queue', LATELY);


export function saleHistory(name) {
    let history = sales.get(name);

    if (!history) {
        history = createHistory([...UNITS, ...ANSWERS, 'expired',
                                 'payments', 'paid']);

        if (sales.size === SALES) {
            sales.delete(sales.keys().next().value);
        }
    }

    sales.delete(name);
    sales.set(name, history);

    return history;
}


// whether holds end and nobody pays, for as long as one has looked

const UNPAID = 10;

export function nobodyPays(name) {
    const history = saleHistory(name);

    return history.total('expired') > UNPAID + 0.5
           && history.total('payments') === 0;
}


export function record(before, after, shown) {
    if (!before || !before.zone || !after.zone) {
        return;
    }

    const seconds = (after.time - before.time) / 1000;

    if (seconds <= 0) {
        return;
    }

    recordZone(before, after, seconds);

    for (const name of after.sales.keys()) {
        if (sales.has(name) || name === shown || sales.size < SALES) {
            recordSale(before, after, name, seconds);
        }
    }

    if (shown && sales.has(shown)) {
        saleHistory(shown);             // the last one to be forgotten
    }
}


function recordZone(before, after, seconds) {
    const commit = 'seckill_commit_seconds';
    const wait = 'seckill_wait_seconds';
    const { mean, p99 } = histogramBetween(before.zone.histograms[commit],
                                           after.zone.histograms[commit]);
    const decision = histogramBetween(before.zone.histograms[wait],
                                      after.zone.histograms[wait]);

    zone.push(after.time / 1000, {
        mean, p99, decision: decision.p99,
        queue: after.zone.values.seckill_queue_claims,
        unavailable: unavailable(before, after, seconds),
    });
}


function unavailable(before, after, seconds) {
    const n = allUnavailable(after) - allUnavailable(before);

    return n < 0 ? null : n / seconds;
}


// of all sales, and where no sale was known

export function allUnavailable({ zone, sales }) {
    let n = zone.values['seckill_claims_total/unavailable'] ?? 0;

    for (const { answers } of sales.values()) {
        n += answers.unavailable ?? 0;
    }

    return n;
}


function recordSale(before, after, name, seconds) {
    const old = before.sales.get(name);
    const now = after.sales.get(name);

    if (!old) {
        return;
    }

    const { won = 0, paid = 0 } = now.orders;
    const history = sales.get(name) ?? saleHistory(name);

    history.push(after.time / 1000, {
        ...now.units, ...saleRates(old, now, seconds),
        paid: won > 0 ? paid / won : null,
    });
}
