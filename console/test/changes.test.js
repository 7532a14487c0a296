import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createChanges } from '../src/data/changes.js';


test('what an edit has changed', () => {
    const changes = createChanges();
    const edit = (type, detail) => changes.of({ type, sale: 'a', detail });

    assert.deepEqual(edit('sale_added', { name: 'a', stock: 5, paused: false }),
                     [['stock', null, 5]]);
    assert.deepEqual(edit('sale_edited', { name: 'a', stock: 7, paused: true }),
                     [['stock', 5, 7], ['paused', false, true]]);
    assert.deepEqual(edit('sale_edited', { name: 'a', stock: 7, paused: true }),
                     []);
    assert.deepEqual(changes.of({ type: 'won', sale: 'a' }), []);
    assert.deepEqual(changes.of({ type: 'sale_edited', sale: 'b',
                                  detail: { stock: 1 } }), []);
});


test('of a sale that no event was seen of, what it was', () => {
    const changes = createChanges();

    changes.of({ type: 'sale_added', sale: 'a', detail: { stock: 5 } });
    changes.seed([{ name: 'a', stock: 9 }, { name: 'b', stock: 3, free: 1 }]);

    assert.deepEqual(changes.of({ type: 'sale_edited', sale: 'a',
                                  detail: { stock: 6 } }), [['stock', 5, 6]]);
    assert.deepEqual(changes.of({ type: 'sale_edited', sale: 'b',
                                  detail: { stock: 4 } }), [['stock', 3, 4]]);
});
