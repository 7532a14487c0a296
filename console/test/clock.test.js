import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createClock } from '../src/net/clock.js';

// Dates have full seconds

const date = ms => new Date(Math.floor(ms / 1000) * 1000).toUTCString();


function ask(clock, local, ahead, took) {
    clock.note(date(local + ahead + took / 2), local, local + took);
}


test('until something was heard, it is the local one', () => {
    assert.equal(createClock(() => 5000).now(), 5000);
});


test('many answers say more than a second', () => {
    const local = 1000000;
    const clock = createClock(() => local);

    for (let i = 0; i < 40; i++) {
        ask(clock, local + i * 1037, 123456, 20);
    }

    assert.ok(Math.abs(clock.now() - local - 123456) < 50, String(clock.now()));
});


test('a clock that is set is followed', () => {
    const clock = createClock(() => 2000000);

    for (let i = 0; i < 20; i++) {
        ask(clock, 1000000 + i * 1037, 0, 20);
    }

    ask(clock, 2000000, 3600000, 20);
    assert.ok(Math.abs(clock.now() - 5600000) <= 1000);
});


test('no date, no change', () => {
    const clock = createClock(() => 7);

    clock.note(null, 0, 1);
    assert.equal(clock.now(), 7);
});
