// What the page needs of the metrics: first all of one moment, then what two
// moments say together.

import { readMetrics } from './prometheus.js';


// the results of claims, as one looks at them together

const RESULTS = {
    won: 'won', already: 'already', queued: 'queued', sold_out: 'sold_out',
    not_started: 'early', waiting: 'early', paused: 'closed', ended: 'closed',
    unavailable: 'unavailable',
};

export const ANSWERS = ['won', 'already', 'queued', 'sold_out', 'early',
                        'closed', 'refused', 'unavailable'];


// readings of one moment: zone, and each sale

export function takeReadings(answer, zone, time) {
    const readings = { time, zone: null, sales: new Map() };

    readMetrics(answer, (name, labels, value) => {
        if (labels.zone !== zone) {
            return;
        }

        readings.zone ??= { values: {}, histograms: {} };

        if (labels.sale === undefined) {
            readZone(readings.zone, name, labels, value);
            return;
        }

        let sale = readings.sales.get(labels.sale);

        if (!sale) {
            sale = { answers: {}, orders: {}, units: {}, waiting: 0 };
            readings.sales.set(labels.sale, sale);
        }

        readSale(sale, name, labels, value);
    });

    return readings;
}


function readSale(sale, name, labels, value) {
    switch (name) {
    case 'seckill_claims_total': {
        const answer = RESULTS[labels.result] ?? 'refused';
        sale.answers[answer] = (sale.answers[answer] ?? 0) + value;
        break;
    }
    case 'seckill_orders_total':
        sale.orders[labels.event] = value;
        break;
    case 'seckill_units':
        sale.units[labels.state] = value;
        break;
    case 'seckill_waiting_users':
        sale.waiting = value;
        break;
    }
}


function readZone(zone, name, labels, value) {
    const of = /^(seckill_\w+_seconds)_(bucket|sum|count)$/.exec(name);

    if (of) {
        const histogram = zone.histograms[of[1]] ??= { buckets: [] };

        if (of[2] === 'bucket') {
            const le = labels.le === '+Inf' ? Infinity : Number(labels.le);
            histogram.buckets.push([le, value]);
        } else {
            histogram[of[2]] = value;
        }

        return;
    }

    const more = labels.result ?? labels.use ?? labels.state;
    zone.values[more === undefined ? name : `${name}/${more}`] = value;
}


// A counter begins anew with the server: what is less than before says nothing.

function grown(before, after) {
    return after === undefined || before === undefined || after < before
        ? null : after - before;
}


// per second, or null where the two moments do not say

export function saleRates(before, after, seconds) {
    const rates = {};

    for (const answer of ANSWERS) {
        const n = grown(before.answers[answer] ?? 0, after.answers[answer] ?? 0);
        rates[answer] = n === null ? null : n / seconds;
    }

    for (const [name, event] of [['expired', 'expired'], ['payments', 'paid']]) {
        const n = grown(before.orders[event], after.orders[event]);
        rates[name] = n === null ? null : n / seconds;
    }

    return rates;
}


// A histogram between two moments: how many, their mean, and the time under
// which 99 of 100 were, as exact as the buckets are.

export function histogramBetween(before, after) {
    const count = grown(before?.count, after?.count);

    if (!count) {
        return { count: count ?? 0, mean: null, p99: null };
    }

    const want = 0.99 * count;
    let p99 = null;
    let lowest = 0;
    let below = 0;

    for (let i = 0; i < after.buckets.length; i++) {
        const [le, n] = after.buckets[i];
        const in_ = n - (before.buckets[i]?.[1] ?? 0);

        if (in_ >= want) {
            p99 = le === Infinity ? lowest
                : lowest + (le - lowest) * (want - below) / (in_ - below);
            break;
        }

        lowest = le;
        below = in_;
    }

    return { count, mean: (after.sum - before.sum) / count, p99 };
}


// Whether the metrics of a zone say other than its health, read before.

export function healthIsOld(zone, health) {
    const up = zone?.values.seckill_up;

    return health !== null && up !== undefined && (up > 0) !== health.ok;
}


// Why claims get 503 though the zone takes claims: a text and its values, or
// null if none does.

export function whyUnavailable(rate, peak, limit) {
    return !(rate > 0) ? null
        : peak > 0.8 * limit ? ['queue_full', { peak, limit }]
        : ['unavailable_claims', { n: rate }];
}


// whether units can be bought now, as far as is known

export const sells = (sale, health) =>
    sale.state === 'open' && (health?.ok ?? true);


// Time until all is sold, if it goes on as it went lately; null if nothing is
// sold, or more comes back than is sold.

export function timeToSoldOut(recent, sale, free) {
    const first = recent[0];
    const last = recent[recent.length - 1];
    const seconds = first ? (last.time - first.time) / 1000 : 0;

    if (seconds < 4) {
        return null;
    }

    const net = r => {
        const { won = 0, expired = 0, cancelled = 0 }
            = r.sales.get(sale)?.orders ?? {};
        return won - expired - cancelled;
    };
    const rate = (net(last) - net(first)) / seconds;

    return rate > 0 && free > 0 ? { seconds: free / rate, rate, over: seconds }
                                : null;
}
