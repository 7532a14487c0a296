// The tail of the ledger: what comes is read as it comes, but never more than
// a page behind; in a rush, what is older is left out.

const PAGE = 200;
const AT_FIRST = 100;

export function createFollower(get) {
    let after = null;
    let at = null;

    // the events that are new, and how many were left out before them; `anew`
    // if this ledger is not the one that was read before

    return async function next({ wait, signal }) {
        let anew = after === null;
        let left = 0;

        if (anew) {
            after = Math.max(0, await lastEvent(get) - AT_FIRST);
            at = null;
        }

        let answer;

        try {
            answer = await get(path({ after, at, wait }),
                               { signal, timeout: (wait + 10) * 1000 });

        } catch (error) {
            if (error.status !== 409) {
                throw error;
            }

            after = null;               // a store that was restored
            return { events: [], left: 0, anew: true };
        }

        const behind = answer.head.number - answer.pagination.next;

        if (behind > PAGE) {
            left = answer.head.number - AT_FIRST - after;
            after = answer.head.number - AT_FIRST;
            answer = await get(path({ after, wait: 0 }));
        }

        const events = answer.data;

        if (events.length > 0) {
            ({ seq: after, at } = events[events.length - 1]);
        }

        return { events, left, anew };
    };
}


function path({ after, at, wait }) {
    return `events?after=${after}&limit=${PAGE}`
        + (at ? `&at=${encodeURIComponent(at)}` : '')
        + (wait ? `&wait=${wait}` : '');
}


async function lastEvent(get) {
    try {
        return (await get('health')).data.ledger_seq;

    } catch (error) {
        if (error.data?.head) {
            return error.data.head.number;
        }

        throw error;
    }
}
