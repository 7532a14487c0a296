// What changes: of the sale, and of this user's order.  The server pushes it, if
// it has a stream and room in it; else it is asked once in a second or two, and
// now and then whether there is a stream again.
//
// A page that nobody sees has no stream, but for who is in the waiting list: over
// HTTP/1.1 a browser has six connections to a server, in all of its tabs.

import { heard } from './clock.js';
import { aboutSale, ask, decided, jitter } from './server.js';


// on = { sale(frame), order(answer, asked), link('stream' | 'polling' | 'lost') }

export function follow(sale, user, on) {
    const path = `/stream?${new URLSearchParams({ sale, user })}`;
    let source = null;
    let asks = null;            // timers
    let tries = null;
    let closed = false;
    let hurry = false;
    let stay = false;
    let n_lost = 0;


    function open() {
        tries = null;
        source = new EventSource(path);

        const mine = source;
        const hear = (name, use) => source.addEventListener(name, event => {
            if (mine === source) {
                use(JSON.parse(event.data));
            }
        });

        hear('sale', frame => {
            heard(frame.now);
            clearTimeout(asks);
            asks = null;
            on.link('stream');
            on.sale(frame);
        });

        hear('order', it => on.order(it));

        // it comes again by itself, unless the server has refused it

        source.onerror = () => {
            if (mine !== source) {
                return;
            }

            if (source.readyState === EventSource.CLOSED) {
                source = null;
                tries = setTimeout(open, jitter(8000, 16000));
            }

            asks ??= setTimeout(poll, jitter(0, 500));
        };
    }


    async function poll() {
        const me = asks;
        const began = performance.now();
        const [own, all] = await Promise.all([ask(sale, user), aboutSale(sale)]);

        // meanwhile a frame may have come, or the page may have gone

        if (asks !== me || closed) {
            return;
        }

        if (decided(own)) {
            n_lost = 0;
            on.link('polling');
            on.order(own.it, began);
        } else {
            n_lost++;
            on.link('lost');
        }

        if (all.status === 200) {
            on.sale({ ...all.it.data, sale_state: all.it.data.state });
        }

        const most = n_lost > 3 ? 5000 : 2000;

        asks = setTimeout(poll, hurry ? jitter(300, 600) : jitter(most / 2, most));
    }


    function close() {
        clearTimeout(asks);
        clearTimeout(tries);
        source?.close();
        asks = tries = source = null;
    }


    function seen() {
        if (document.hidden && stay) {
            return;
        }

        close();

        if (!document.hidden) {
            asks = setTimeout(poll, jitter(1000, 2000));
            open();
        }
    }


    document.addEventListener('visibilitychange', seen);
    seen();

    return {
        // more often while a rush goes on
        hurry(is) { hurry = is; },

        // whether the place in the waiting list has to be kept
        stay(is) { stay = is; },

        close() {
            closed = true;
            document.removeEventListener('visibilitychange', seen);
            close();
        },
    };
}
