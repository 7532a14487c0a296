import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createHistory } from '../src/data/history.js';
import { forgetHistory, nobodyPays, record, saleHistory, zoneHistory }
    from '../src/data/record.js';


test('columns, with a gap where nothing was heard', () => {
    const history = createHistory(['a', 'b']);

    history.push(1, { a: 1, b: 2 });
    history.push(2, { a: 3 });
    history.push(2, { a: 4 });          // no later than the one before
    history.push(10, { a: 5, b: 6 });

    assert.deepEqual(history.columns('b', 'a'),
                     [[1, 2, 2.001, 10], [2, null, null, 6], [1, 3, null, 5]]);
});


test('a day on a wall takes no more than a quarter of an hour', () => {
    const history = createHistory(['a']);

    for (let second = 0; second < 86400; second++) {
        history.push(second, { a: second });
    }

    const [times, values] = history.columns('a');

    assert.equal(times.length, 901);
    assert.equal(times[0], 86399 - 900);
    assert.equal(values[900], 86399);

    // and none that is asked ten times a second
    for (let n = 0; n < 20000; n++) {
        history.push(86400 + n / 10, { a: n });
    }

    assert.equal(history.length(), 1000);
});


test('each sale has its history, but not each of thousands', () => {
    const sales = n => new Map(Array.from({ length: 100 }, (_, i) => [
        `sale${i}`, { answers: { won: n }, orders: { won: n }, units: { free: i } },
    ]));
    const reading = time => ({
        time: time * 1000, sales: sales(time),
        zone: { values: { seckill_queue_claims: time }, histograms: {} },
    });

    forgetHistory();
    record(null, reading(1), 'sale99');
    assert.equal(zoneHistory().length(), 0);

    record(reading(1), reading(2), 'sale99');
    record(reading(2), reading(3), 'sale99');
    assert.deepEqual(zoneHistory().columns('queue'), [[2, 3], [2, 3]]);
    assert.deepEqual(saleHistory('sale1').columns('won'), [[2, 3], [1, 1]]);
    assert.deepEqual(saleHistory('sale99').columns('free'), [[2, 3], [99, 99]]);
    assert.equal(saleHistory('sale50').length(), 0);
});


test('the highest of the last seconds', () => {
    const history = createHistory(['n', 'other']);

    assert.equal(history.highest('n', 10), null);

    [9, 1, 5, null, 0].forEach((n, i) => history.push(100 + 3 * i, { n }));
    assert.equal(history.highest('n', 10), 5);
    assert.equal(history.highest('n', 12), 9);
    assert.equal(history.highest('n', 1), 0);
    assert.equal(history.highest('other', 10), null);
});


test('what a rate has come to', () => {
    const history = createHistory(['n']);

    assert.equal(history.total('n'), 0);

    [7, 1, null, 2].forEach((n, i) => history.push(100 + 2 * i, { n }));
    assert.equal(history.total('n'), 6);
    assert.equal(history.total('n', 2), 4);
});


test('holds that end, and nobody pays', () => {
    const at = (time, expired, paid) => ({
        time: time * 1000,
        zone: { values: {}, histograms: {} },
        sales: new Map([['phone', { answers: {}, units: {},
                                    orders: { won: 99, expired, paid } }]]),
    });
    const went = (...moments) => {
        forgetHistory();
        moments.unshift(at(0, 50, 0));
        moments.slice(1).forEach((m, i) => record(moments[i], m, 'phone'));
        return nobodyPays('phone');
    };

    assert.equal(went(at(1, 50, 0), at(2, 60, 0)), false);
    assert.equal(went(at(1, 50, 0), at(2, 61, 0)), true);
    assert.equal(went(at(1, 50, 0), at(2, 55, 0), at(3, 61, 0)), true);
    assert.equal(went(at(1, 50, 0), at(2, 61, 1), at(3, 99, 1)), false);
    forgetHistory();
});
