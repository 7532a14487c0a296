import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Api, uuid } from '../src/net/api.js';

const clock = { note() { } };


// answers one after the other: a status, or none

function api(statuses, key = 'secret') {
    const sent = [];
    const made = new Api({
        api: '/api/', metrics: '/metrics', key, clock,
        async fetch(url, options) {
            sent.push({ url, ...options });

            const status = statuses.shift();

            if (!status) {
                throw new TypeError('failed');
            }

            return new Response(status === 502 ? '<html>' : JSON.stringify({
                code: 0, message: `was ${status}`, data: {},
            }), { status });
        },
    });

    return { sent, write: again => made.write('PATCH', 'sales/a', { add_stock: 5 },
                                                'key-1', again), get: path => made.get(path) };
}


test('a write has its keys and its body', async () => {
    const { sent, write } = api([200]);

    await write();
    assert.equal(sent[0].url, '/api/sales/a');
    assert.equal(sent[0].method, 'PATCH');
    assert.equal(sent[0].body, '{"add_stock":5}');
    assert.equal(sent[0].headers['Idempotency-Key'], 'key-1');
    assert.equal(sent[0].headers.Authorization, 'Bearer secret');
});


test('without an answer it is sent again, with the same key', async () => {
    const { sent, write } = api([0, 503, 200]);

    await write();
    assert.deepEqual(sent.map(s => s.headers['Idempotency-Key']),
                     ['key-1', 'key-1', 'key-1']);
});


test('it is given up in the end', async () => {
    const { sent, write } = api([0, 502, 0, 200]);

    await assert.rejects(write(), { name: 'Error', message: 'failed' });
    assert.equal(sent.length, 3);
});


test('it is told why it is sent again, and which time it is', async () => {
    const { write } = api([503, 0, 503]);
    const told = [];

    await assert.rejects(write((error, time, of) =>
        told.push([error.message, time, of])), { status: 503 });
    assert.deepEqual(told, [['was 503', 2, 3], ['failed', 3, 3]]);
});


test('what was refused is not sent again', async () => {
    const { sent, write } = api([409]);

    await assert.rejects(write(), { status: 409, message: 'was 409' });
    assert.equal(sent.length, 1);
});


test('no key, no header', async () => {
    const { sent, get } = api([200], '');

    await get('health');
    assert.equal(sent[0].headers.Authorization, undefined);
});


test('keys are UUIDs, and none is there twice', () => {
    const all = new Set(Array.from({ length: 100 }, uuid));

    assert.equal(all.size, 100);
    for (const one of all) {
        assert.match(one, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    }
});
