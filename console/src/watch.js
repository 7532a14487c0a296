// Asks the server: each second while somebody looks, seldom when nobody does.

import { batch } from '@preact/signals';
import { poll } from './net/poll.js';
import { createStream, withFrame } from './net/stream.js';
import { healthIsOld } from './data/figures.js';
import { forgetHistory } from './data/record.js';
import { readHealth, readMachines, readMetrics, readSale, readSales }
    from './read.js';
import { createTail } from './tail.js';
import * as state from './state.js';

const HIDDEN = 15000;

// of a sale of which a stream tells, what that leaves out
const STREAMED = 3000;

// so long a request for events waits for one, in seconds
const WAIT = 20;

// beyond this, what is shown is old
const LATE = 3500;

const hidden = () => document.hidden;

// so much after the last beginning, unless the server is slow

const every = ms => took =>
    Math.max((hidden() ? HIDDEN : ms) - took, 2 * took, 100);


// until it is stopped, or `refused`: the key is not known any more

export function watch(api, refused) {
    const abort = new AbortController();
    const tail = createTail(api, abort.signal);
    const heart = createHeart(api);

    const attempt = what => async () => {
        try {
            await what();
            return true;

        } catch (error) {
            if (error.status === 401 && !abort.signal.aborted) {
                refused();
            }

            return false;
        }
    };

    const polls = {
        heart: poll(attempt(heart.beat), every(1000)),

        rest: poll(attempt(async () => {
            await readHealth(api);
            await readSales(api);
            tail.seed(state.sales.value);
            await readMachines(api);
        }), every(3000)),

        tail: poll(attempt(() => tail.next(hidden() ? 0 : WAIT)),
                   took => hidden() ? HIDDEN : Math.max(1000 - took, 0)),
    };

    const deaf = listen(polls);

    return {
        kick() {
            polls.heart.kick();
            polls.rest.kick();
        },

        stop() {
            abort.abort();
            Object.values(polls).forEach(p => p.stop());
            heart.stop();
            deaf();
            forgetHistory();
        },
    };
}


// the sale and the metrics: what is to be there each second

function createHeart(api) {
    const { stream: path } = state.config.value;
    const stream = path && createStream(path, frame => {
        state.sale.value = withFrame(state.sale.value, frame);
    });
    let read = 0;

    // whether it was asked for

    async function sale() {
        // nobody needs to be told of it while nobody looks
        stream?.show(hidden() ? '' : state.saleName.value);

        if (stream?.tells() && Date.now() - read < STREAMED) {
            return false;
        }

        await (state.saleName.value ? readSale(api) : readSales(api));
        read = Date.now();
        return true;
    }

    return {
        stop: () => stream?.stop(),

        async beat() {
            const metrics = readMetrics(api);
            const asked = await sale();

            if (await metrics || asked) {
                batch(() => {
                    state.heard.value = Date.now();
                    state.lost.value = false;
                });
            }

            // of a halt the metrics may tell before the health, read seldomer
            if (await metrics && healthIsOld(state.readings.value.zone,
                                             state.health.value))
            {
                await readHealth(api);
            }
        },
    };
}


// to what happens to the page; the answer ends it

function listen(polls) {
    const deaf = new AbortController();
    const { signal } = deaf;

    // nothing is late that nobody has waited for
    let since = Date.now();

    function look() {
        if (!hidden()) {
            since = Date.now();
            Object.values(polls).forEach(p => p.kick());
        }
    }

    function connection() {
        state.online.value = navigator.onLine;
        look();
    }

    const clock = setInterval(() => batch(() => {
        const now = Date.now();

        state.second.value = now;
        state.retryAt.value = polls.heart.due();

        if (!hidden() && now - Math.max(since, state.heard.value) > LATE) {
            state.lost.value = true;
        }
    }), 500);

    state.online.value = navigator.onLine;
    document.addEventListener('visibilitychange', look, { signal });
    addEventListener('online', connection, { signal });
    addEventListener('offline', connection, { signal });

    return () => {
        clearInterval(clock);
        deaf.abort();
    };
}
