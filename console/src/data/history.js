// The last minutes of some figures, as columns that uPlot draws: the first one
// is the time, in seconds.  Where nothing was heard for a while is a gap.

const KEEP = 15 * 60;
const MOST = 1000;
const GAP = 4;

export function createHistory(names) {
    const columns = [[], ...names.map(() => [])];
    const [times] = columns;

    function add(time, values) {
        times.push(time);
        names.forEach((name, i) => columns[i + 1].push(values[name] ?? null));
    }

    return {
        names,

        push(time, values, pace = 1) {
            const last = times[times.length - 1];

            if (time <= last) {
                return;
            }

            if (time - last > GAP * pace) {
                add(last + 0.001, {});
            }

            add(time, values);

            let old = Math.max(0, times.length - MOST);

            while (times[old] < time - KEEP) {
                old++;
            }

            if (old > 0) {
                columns.forEach(column => column.splice(0, old));
            }
        },

        columns: (...wanted) => [
            times, ...wanted.map(name => columns[names.indexOf(name) + 1]),
        ],

        // of the last seconds; null if nothing is known of them
        highest(name, seconds) {
            const column = columns[names.indexOf(name) + 1];
            const since = times[times.length - 1] - seconds;
            let most = null;

            for (let i = times.length - 1; times[i] >= since; i--) {
                if (column[i] !== null && (most === null || column[i] > most)) {
                    most = column[i];
                }
            }

            return most;
        },

        // what a rate has come to in the last seconds, as far as it was seen
        total(name, seconds = Infinity) {
            const rates = columns[names.indexOf(name) + 1];
            const since = times[times.length - 1] - seconds;
            let n = 0;

            for (let i = times.length - 1; i > 0 && times[i] > since; i--) {
                n += (rates[i] ?? 0) * (times[i] - times[i - 1]);
            }

            return n;
        },

        length: () => times.length,
    };
}
