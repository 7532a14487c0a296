import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readMetrics } from '../src/data/prometheus.js';

function samples(text, type = 'text/plain') {
    const all = [];

    readMetrics({ type, text }, (...sample) => all.push(sample));
    return all;
}


test('text: names, labels, values', () => {
    assert.deepEqual(samples(`# HELP a What it is.
# TYPE a counter
a{zone="demo",sale="phone"} 12
a{zone="demo"} 0.5 1700000000000
b 1e3

c_bucket{le="+Inf"} +Inf
d -Inf
`), [
        ['a', { zone: 'demo', sale: 'phone' }, 12],
        ['a', { zone: 'demo' }, 0.5],
        ['b', {}, 1000],
        ['c_bucket', { le: '+Inf' }, Infinity],
        ['d', {}, -Infinity],
    ]);
});


test('text: what a label may have in it', () => {
    assert.deepEqual(samples(String.raw`a{x="a\"b\\c\nd",y="} 7, z=\"1\""} 3`), [
        ['a', { x: 'a"b\\c\nd', y: '} 7, z="1"' }, 3],
    ]);
});


test('text: what is no sample is left out', () => {
    assert.deepEqual(samples('<html>\na{x="1"\n\n{x="1"} 2\n'), []);
});


test('json has the same', () => {
    assert.deepEqual(samples(JSON.stringify({
        a: [{ zone: 'demo', value: 1 }],
        h: [{ zone: 'demo', of: 'bucket', le: '+Inf', value: 3 },
            { zone: 'demo', of: 'sum', value: 0.5 }],
    }), 'application/json'), [
        ['a', { zone: 'demo' }, 1],
        ['h_bucket', { zone: 'demo', le: '+Inf' }, 3],
        ['h_sum', { zone: 'demo' }, 0.5],
    ]);
});
