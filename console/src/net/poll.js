// Does a task again and again: `pace(ms)` milliseconds after it was done, which
// took so many; later if it has failed; and at once when somebody kicks it.

const MOST = 10000;

export function poll(task, pace, random = Math.random) {
    let timer = 0;
    let failed = 0;
    let running = false;
    let again = false;
    let stopped = false;
    let due = 0;

    function later(ms) {
        due = Date.now() + ms;
        timer = setTimeout(run, ms);
    }

    async function run() {
        clearTimeout(timer);

        if (running) {
            again = true;
            return;
        }

        const begun = Date.now();
        running = true;
        again = false;

        const ok = await task();

        running = false;

        if (stopped) {
            return;
        }

        if (ok) {
            failed = 0;
            later(again ? 0 : pace(Date.now() - begun));
        } else {
            failed++;
            later(Math.min(MOST, 1000 * 2 ** (failed - 1))
                  * (0.75 + random() / 2));
        }
    }

    run();

    return {
        kick: run,
        due: () => due,
        stop() {
            stopped = true;
            clearTimeout(timer);
        },
    };
}
