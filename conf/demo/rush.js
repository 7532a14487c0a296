// A small rush: users of whom there are more and more from moment to moment, and
// who ask twice each.  What they hear is counted and compared here; the page
// believes nothing else.

import { claim, decided, pay, sleep } from './server.js';

export const USERS = 3000;
const TRIES = 2;
const IN_FLIGHT = 32;
const RAMP_MS = 6000;
const UNDECIDED = 10;           // so often is an answer that is none asked again
const WALKS_AWAY = 10;          // of so many winners one does not pay
const REPORT_MS = 200;


// o = { sale, limit, hold, signal, report(tally) }: the tally, at the end, too

export async function rush(o) {
    const tally = {
        answers: 0, users: 0, won: 0, lost: 0, undecided: 0, paid: 0, walked: 0,
        ms: 0, rate: 0, wrong: [], orders: new Map(), stopped: false,
    };
    const crowd = `rush-${Math.random().toString(36).slice(2, 7)}`;
    const began = performance.now();
    let next = 0;

    async function run() {
        while (next < USERS && !o.signal.aborted) {
            const n = next++;
            const comes = RAMP_MS * Math.cbrt(n / USERS);
            const early = began + comes - performance.now();

            if (early > 0) {
                await sleep(early);
            }

            if (!o.signal.aborted) {
                await visit(o, tally, `${crowd}-${n}`);
            }
        }
    }

    const reports = reporter(o, tally, began);

    await Promise.all(Array.from({ length: IN_FLIGHT }, run));
    clearInterval(reports);

    tally.ms = performance.now() - began;
    tally.rate = 1000 * tally.answers / tally.ms;
    tally.stopped = o.signal.aborted;

    return tally;
}


function reporter(o, tally, began) {
    let last = { at: began, answers: 0 };

    return setInterval(() => {
        const at = performance.now();

        tally.rate = 1000 * (tally.answers - last.answers) / (at - last.at);
        tally.ms = at - began;
        last = { at, answers: tally.answers };
        o.report(tally);
    }, REPORT_MS);
}


// one user

async function visit(o, tally, user) {
    const has = new Set();

    for (let i = 0; i < TRIES; i++) {
        const it = await insist(o, tally, user);

        if (!it) {
            return;
        }

        check(o, tally, user, has, it);
    }

    tally.users++;

    if (has.size) {
        tally.won++;
        await leave(o, tally, user, has);
    } else {
        tally.lost++;
    }
}


async function insist(o, tally, user) {
    for (let i = 0; i < UNDECIDED && !o.signal.aborted; i++) {
        const res = await claim(o.sale, user,
                                { priority: 'low', signal: o.signal });

        if (res.status) {
            tally.answers++;
        }

        if (decided(res)) {
            return res.it;
        }

        if (!o.signal.aborted) {
            await sleep(res.wait);
        }
    }

    if (!o.signal.aborted) {
        tally.undecided++;
    }

    return null;
}


// Who has an order keeps it, nobody has more than the limit, and no order is two
// users'.

function check(o, tally, user, has, { result, order }) {
    if (result === 'won' || result === 'already') {
        const owner = tally.orders.get(order);

        if (owner && owner !== user) {
            tally.wrong.push(`${order}: ${owner}, ${user}`);
        }

        tally.orders.set(order, user);
        has.add(order);
    } else if (has.size >= o.limit) {
        tally.wrong.push(`${user}: ${[...has]}, ${result}`);
    }

    if (has.size > o.limit) {
        tally.wrong.push(`${user}: ${[...has]}`);
    }
}


// who has won pays, but for a few

async function leave(o, tally, user, has) {
    if (!o.hold) {
        return;
    }

    if (tally.won % WALKS_AWAY === 0) {
        tally.walked += has.size;
        return;
    }

    for (const order of has) {
        for (let i = 0; i < UNDECIDED && !o.signal.aborted; i++) {
            const res = await pay(order, user, { priority: 'low' });

            if (decided(res)) {
                tally.paid += res.status === 200;
                break;
            }

            await sleep(res.wait);
        }
    }
}
