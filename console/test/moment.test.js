import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fromField, toField, windowChange } from '../src/data/moment.js';

process.env.TZ = 'Asia/Shanghai';


test('times of this machine, there and back', () => {
    assert.equal(toField('2026-11-27T09:00:00.123Z'), '2026-11-27T17:00:00');
    assert.equal(toField(null), '');
    assert.equal(fromField('2026-11-27T17:00'), Date.UTC(2026, 10, 27, 9));
    assert.equal(fromField(''), null);
});


test('only what was touched is changed', () => {
    const sale = { start: '2026-11-27T09:00:00.123Z', end: null };

    assert.deepEqual(windowChange(sale, '2026-11-27T17:00:00', ''), {});
    assert.deepEqual(windowChange(sale, '2026-11-27T17:00:00',
                                  '2026-11-27T18:30:00'),
                     { end: '2026-11-27T10:30:00.000Z' });
    assert.deepEqual(windowChange(sale, '', ''), { start: null });
});
