import assert from 'node:assert/strict';
import { test } from 'node:test';
import { healthIsOld, histogramBetween, saleRates, sells, takeReadings,
         timeToSoldOut, whyUnavailable }
    from '../src/data/figures.js';

const TEXT = `
seckill_up{zone="demo"} 1
seckill_claims_total{zone="demo",sale="phone",result="won"} 10
seckill_claims_total{zone="demo",sale="phone",result="not_started"} 2
seckill_claims_total{zone="demo",sale="phone",result="waiting"} 3
seckill_claims_total{zone="demo",sale="phone",result="invalid"} 4
seckill_claims_total{zone="demo",sale="phone",result="unauthorized"} 1
seckill_claims_total{zone="demo",result="unavailable"} 7
seckill_claims_total{zone="other",sale="phone",result="won"} 99
seckill_orders_total{zone="demo",sale="phone",event="won"} 10
seckill_orders_total{zone="demo",sale="phone",event="expired"} 1
seckill_units{zone="demo",sale="phone",state="free"} 90
seckill_waiting_users{zone="demo",sale="phone"} 5
seckill_commit_seconds_bucket{zone="demo",le="0.001"} 0
seckill_commit_seconds_bucket{zone="demo",le="0.01"} 10
seckill_commit_seconds_bucket{zone="demo",le="+Inf"} 10
seckill_commit_seconds_sum{zone="demo"} 0.05
seckill_commit_seconds_count{zone="demo"} 10
`;

const take = (text, time = 0) =>
    takeReadings({ type: 'text/plain', text }, 'demo', time);


test('readings of a moment, of one zone', () => {
    const { zone, sales } = take(TEXT);
    const phone = sales.get('phone');

    assert.deepEqual([...sales.keys()], ['phone']);
    assert.deepEqual(phone.answers, { won: 10, early: 5, refused: 5 });
    assert.deepEqual(phone.orders, { won: 10, expired: 1 });
    assert.deepEqual(phone.units, { free: 90 });
    assert.equal(phone.waiting, 5);
    assert.equal(zone.values.seckill_up, 1);
    assert.equal(zone.values['seckill_claims_total/unavailable'], 7);
    assert.equal(zone.histograms.seckill_commit_seconds.sum, 0.05);
});


test('metrics of another zone have nothing of this one', () => {
    assert.equal(take('seckill_up{zone="other"} 1').zone, null);
});


test('rates are per second; a counter that begins anew says nothing', () => {
    const before = { answers: { won: 10, already: 5 }, orders: { expired: 4 } };
    const after = { answers: { won: 30, already: 1, sold_out: 6 },
                    orders: { expired: 5 } };
    const rates = saleRates(before, after, 2);

    assert.equal(rates.won, 10);
    assert.equal(rates.already, null);
    assert.equal(rates.sold_out, 3);
    assert.equal(rates.refused, 0);
    assert.equal(rates.expired, 0.5);
});


test('a histogram between two moments', () => {
    const histogram = (count, sum, ...buckets) => ({ count, sum, buckets });
    const before = histogram(10, 1, [0.001, 10], [0.01, 10], [Infinity, 10]);
    const after = histogram(110, 1.3, [0.001, 60], [0.01, 110], [Infinity, 110]);
    const { count, mean, p99 } = histogramBetween(before, after);

    assert.equal(count, 100);
    assert.ok(Math.abs(mean - 0.003) < 1e-9);
    assert.ok(p99 > 0.0097 && p99 < 0.01);

    assert.deepEqual(histogramBetween(after, after),
                     { count: 0, mean: null, p99: null });
    assert.equal(histogramBetween(after, before).mean, null);
    assert.equal(histogramBetween(undefined, after).mean, null);

    // above the last bucket, it is known to be as long as that at least
    const slow = histogram(20, 100, [0.001, 10], [0.01, 10], [Infinity, 20]);
    assert.equal(histogramBetween(before, slow).p99, 0.01);
});


test('time to sold out, less what comes back', () => {
    const at = (time, orders) => ({
        time: time * 1000, sales: new Map([['phone', { orders }]]),
    });
    const recent = [at(0, { won: 0 }), at(10, { won: 130, expired: 20,
                                                cancelled: 10 })];

    assert.deepEqual(timeToSoldOut(recent, 'phone', 500),
                     { seconds: 50, rate: 10, over: 10 });
    assert.equal(timeToSoldOut(recent, 'phone', 0), null);
    assert.equal(timeToSoldOut(recent, 'other', 500), null);
    assert.equal(timeToSoldOut(recent.slice(1), 'phone', 500), null);
    assert.equal(timeToSoldOut([], 'phone', 500), null);
    assert.equal(timeToSoldOut([at(0, { won: 9, expired: 0 }),
                                at(10, { won: 10, expired: 5 })], 'phone', 5),
                 null);
});


test('why claims get 503', () => {
    assert.equal(whyUnavailable(0, 100, 100), null);
    assert.equal(whyUnavailable(null, 100, 100), null);
    assert.deepEqual(whyUnavailable(5, 81, 100),
                     ['queue_full', { peak: 81, limit: 100 }]);
    assert.deepEqual(whyUnavailable(5, 80, 100),
                     ['unavailable_claims', { n: 5 }]);
    assert.deepEqual(whyUnavailable(5, null, 100),
                     ['unavailable_claims', { n: 5 }]);
});


test('a health that the metrics know to be old', () => {
    const at = up => take(`seckill_up{zone="demo"} ${up}`).zone;

    assert.equal(healthIsOld(at(0), { ok: true }), true);
    assert.equal(healthIsOld(at(1), { ok: false }), true);
    assert.equal(healthIsOld(at(1), { ok: true }), false);
    assert.equal(healthIsOld(at(0), { ok: false }), false);
    assert.equal(healthIsOld(at(0), null), false);
    assert.equal(healthIsOld(null, { ok: true }), false);
});


test('nothing is bought of a sale that is not open, nor of a zone that is down',
     () => {
    assert.equal(sells({ state: 'open' }, null), true);
    assert.equal(sells({ state: 'open' }, { ok: true }), true);
    assert.equal(sells({ state: 'open' }, { ok: false }), false);
    for (const state of ['scheduled', 'paused', 'ended']) {
        assert.equal(sells({ state }, { ok: true }), false, state);
    }
});
