import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createStream, withFrame } from '../src/net/stream.js';

class Source extends EventTarget {
    static OPEN = 1;
    static CLOSED = 2;
    static all = [];

    readyState = 1;

    constructor(url) {
        super();
        this.url = url;
        Source.all.push(this);
    }

    close() { this.readyState = 2; }

    tell(frame) {
        this.dispatchEvent(new MessageEvent('sale', { data: JSON.stringify(frame) }));
    }
}


test('tells of the sale that is shown, and comes back', t => {
    t.mock.timers.enable({ apis: ['setTimeout'] });

    const heard = [];
    const stream = createStream('/stream', frame => heard.push(frame.free),
                                { EventSource: Source });

    assert.equal(stream.tells(), false);
    stream.show('a');
    stream.show('a');
    assert.deepEqual(Source.all.map(s => s.url), ['/stream?sale=a']);
    assert.equal(stream.tells(), false);

    Source.all[0].tell({ sale: 'a', free: 5 });
    assert.deepEqual(heard, [5]);
    assert.equal(stream.tells(), true);

    // without counts the API has to be asked
    Source.all[0].tell({ sale: 'a' });
    assert.equal(stream.tells(), false);

    stream.show('b');
    assert.equal(Source.all[0].readyState, Source.CLOSED);
    assert.equal(Source.all[1].url, '/stream?sale=b');

    // refused for good: again after a while, once
    Source.all[1].readyState = Source.CLOSED;
    Source.all[1].dispatchEvent(new Event('error'));
    t.mock.timers.tick(29999);
    assert.equal(Source.all.length, 2);
    t.mock.timers.tick(1);
    assert.equal(Source.all.length, 3);

    Source.all[2].readyState = Source.CLOSED;
    Source.all[2].dispatchEvent(new Event('error'));
    stream.stop();
    t.mock.timers.tick(60000);
    assert.equal(Source.all.length, 3);
});


test('a frame changes what it tells of', () => {
    const sale = { name: 'a', limit: 2, free: 9, state: 'paused', paused: true };
    const frame = (name, state) => ({ sale: name, sale_state: state, free: 5,
                                      now: 'x' });

    assert.equal(withFrame(sale, frame('b', 'open')), sale);
    assert.equal(withFrame(null, frame('b', 'open')), null);
    assert.deepEqual(withFrame(sale, frame('a', 'open')),
                     { name: 'a', limit: 2, free: 5, state: 'open', paused: false });
    assert.equal(withFrame(sale, frame('a', 'paused')).paused, true);
    assert.equal(withFrame(sale, frame('a', 'ended')).paused, true);
});
