// The script of a page, as a browser would run it: presses its button, and
// prints what the page says, until it goes elsewhere.  When the buyer is in the
// waiting list, an operator cancels the order that has the unit.
//
//   node page.js FILE URL TOKEN CANCEL KEY

'use strict';

const fs = require('fs');
const vm = require('vm');

const [file, url, token, cancel, key] = process.argv.slice(2);
const [, script] = fs.readFileSync(file, 'utf8').match(/<script>(.*?)<\/script>/s);

let submit, last;

const says = {
    set textContent(text) {
        if (text !== last) {
            console.log(last = text);
        }
    },
};

const form = { addEventListener(name, handler) { submit = handler; } };


async function cancelled() {
    const res = await fetch(cancel, {
        method: 'POST',
        headers: { 'Authorization': `Bearer ${key}` },
    });

    console.log(res.ok ? 'cancelled' : res.status);
}


const page = {
    document: { querySelector: name => (name === 'form' ? form : says) },

    fetch: (path, options) => fetch(url + path, {
        ...options, headers: { 'Cookie': `session=${token}` },
    }),

    // the order is cancelled before the page asks again, as soon as it says

    setTimeout(handler, ms, ...args) {
        if (!(ms > 0)) {
            throw new Error(`asks again after ${ms} ms`);
        }

        setTimeout(async () => {
            if (!page.cancelled) {
                page.cancelled = true;
                await cancelled();
            }

            handler(...args);
        }, 300);
    },

    set location(path) { setImmediate(() => console.log(path)); },
};

vm.runInNewContext(script, page);
submit({ preventDefault() { } });
