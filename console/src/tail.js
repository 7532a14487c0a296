// The newest events, as the page lists them, with what each has changed.

import { createChanges } from './data/changes.js';
import { createFollower } from './net/follow.js';
import * as state from './state.js';

const KEPT = 300;


export function createTail(api, signal) {
    const next = createFollower((path, options) => api.get(path, options));
    const changes = createChanges();
    let begun = false;

    return {
        // what was known of sales, once it is known what was said of them
        seed(sales) {
            if (begun) {
                changes.seed(sales);
            }
        },

        async next(wait) {
            try {
                take(await next({ wait, signal }), changes);
                begun = true;
                state.eventsError.value = '';

            } catch (error) {
                state.eventsError.value = error.message;
                throw error;
            }
        },
    };
}


function take({ events, left, anew }, changes) {
    if (!anew && !left && events.length === 0) {
        return;
    }

    const more = events.map(e => ({ ...e, changes: changes.of(e) })).reverse();

    if (left > 0) {
        more.push({ left, seq: `left ${events[0]?.seq}` });
    }

    state.events.value = [...more, ...(anew ? [] : state.events.value)]
        .slice(0, KEPT);
}
