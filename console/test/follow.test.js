import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createFollower } from '../src/net/follow.js';

const event = seq => ({ seq, at: `t${seq}`, type: 'won' });


// a server with a ledger of so many events

function server(ledger) {
    const asked = [];

    return {
        asked,
        async get(path) {
            asked.push(path);

            if (path === 'health') {
                return { data: { ledger_seq: ledger.last } };
            }

            const query = new URLSearchParams(path.split('?')[1]);
            const after = Number(query.get('after'));

            if (after > ledger.last || (ledger.other && query.get('at'))) {
                throw Object.assign(new Error('conflict'), { status: 409 });
            }

            const data = [];

            for (let seq = after + 1; seq <= ledger.last && data.length < 200; seq++) {
                data.push(event(seq));
            }

            return { data, pagination: { next: after + data.length },
                     head: { number: ledger.last } };
        },
    };
}


test('begins near the end, and goes on where it was', async () => {
    const ledger = { last: 1000 };
    const { get, asked } = server(ledger);
    const next = createFollower(get);

    const first = await next({ wait: 20 });
    assert.equal(first.anew, true);
    assert.equal(first.events[0].seq, 901);
    assert.equal(first.events.at(-1).seq, 1000);

    ledger.last = 1003;
    const more = await next({ wait: 20 });
    assert.deepEqual(more.events.map(e => e.seq), [1001, 1002, 1003]);
    assert.equal(more.anew, false);
    assert.equal(asked.at(-1), 'events?after=1000&limit=200&at=t1000&wait=20');
});


test('in a rush it leaves out what is older, and says how many', async () => {
    const ledger = { last: 100 };
    const next = createFollower(server(ledger).get);

    await next({ wait: 0 });
    ledger.last = 50100;

    const { events, left } = await next({ wait: 0 });
    assert.equal(left, 50000 - 100);
    assert.deepEqual([events[0].seq, events.at(-1).seq], [50001, 50100]);
});


test('another ledger is begun anew', async () => {
    const ledger = { last: 100 };
    const next = createFollower(server(ledger).get);

    await next({ wait: 0 });
    ledger.last = 10;
    assert.deepEqual(await next({ wait: 0 }), { events: [], left: 0, anew: true });
    assert.equal((await next({ wait: 0 })).events.at(-1).seq, 10);
});
