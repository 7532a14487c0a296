// The sale as the server tells of it, where it has a stream: sooner than it can
// be asked for.  What was refused is tried again after a while.

const AGAIN = 30000;

export function createStream(url, heard, { EventSource = globalThis.EventSource } = {}) {
    let shown = '';
    let counts = false;
    let source = null;
    let timer = 0;

    function connect() {
        const opened = new EventSource(`${url}?sale=${shown}`);

        source = opened;

        opened.addEventListener('sale', event => {
            const frame = JSON.parse(event.data);

            counts = frame.free !== undefined;
            heard(frame);
        });

        // a browser comes back by itself but for this
        opened.addEventListener('error', () => {
            if (opened === source && opened.readyState === EventSource.CLOSED) {
                timer = setTimeout(connect, AGAIN);
            }
        });
    }

    function stop() {
        clearTimeout(timer);
        source?.close();
        source = null;
        counts = false;
    }

    return {
        stop,

        show(name) {
            if (name === shown) {
                return;
            }

            stop();
            shown = name;

            if (name) {
                connect();
            }
        },

        // whether it tells all that changes from second to second
        tells: () => counts && source?.readyState === EventSource.OPEN,
    };
}


// the sale as the API has it, with what a frame says of it

export function withFrame(sale, { sale: name, sale_state: state, now, ...rest }) {
    if (sale?.name !== name) {
        return sale;
    }

    const over = state === 'ended' || state === 'scheduled';

    return { ...sale, ...rest, state,
             paused: over ? sale.paused : state === 'paused' };
}
