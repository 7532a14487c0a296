import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import { poll } from '../src/net/poll.js';

const settle = async () => {
    for (let i = 0; i < 5; i++) {
        await Promise.resolve();
    }
};


test('at its pace, later after each failure, at once when kicked', async t => {
    t.mock.timers.enable({ apis: ['setTimeout', 'Date'] });

    let ok = true;
    const task = mock.fn(async () => ok);
    const polled = poll(task, () => 1000, () => 0.5);
    const after = async ms => {
        t.mock.timers.tick(ms);
        await settle();
        return task.mock.callCount();
    };

    await settle();
    assert.equal(task.mock.callCount(), 1);
    assert.equal(await after(999), 1);
    assert.equal(await after(1), 2);

    ok = false;
    assert.equal(await after(1000), 3);
    assert.equal(await after(1000), 4);         // failed once
    assert.equal(await after(1000), 4);
    assert.equal(await after(1000), 5);         // twice
    assert.equal(await after(3999), 5);
    assert.equal(await after(1), 6);            // three times

    polled.kick();
    await settle();
    assert.equal(task.mock.callCount(), 7);

    // never longer than ten seconds
    for (let i = 0; i < 10; i++) {
        await after(10000);
    }
    assert.equal(await after(10000), 18);

    ok = true;
    await after(10000);
    assert.equal(await after(1000), 20);

    polled.stop();
    assert.equal(await after(60000), 20);
});
