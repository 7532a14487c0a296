// The server's clock, by the Date of its answers.  That has full seconds, so
// each answer says no more than an interval in which the difference of the two
// clocks lies; where all of them meet, it is known far better than to a second.

export function createClock(local = Date.now) {
    let low = -Infinity;
    let high = Infinity;

    return {
        note(date, sent, received) {
            const time = Date.parse(date);

            if (Number.isNaN(time)) {
                return;
            }

            const from = time - received;
            const to = time + 1000 - sent;

            if (from > high || to < low) {      // one of the clocks was set
                low = from;
                high = to;

            } else {
                low = Math.max(low, from);
                high = Math.min(high, to);
            }
        },

        now() {
            return local() + (low === -Infinity ? 0 : (low + high) / 2);
        },
    };
}
