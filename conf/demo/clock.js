// The server's time.  The browser's own clock may be wrong, or be set while the
// page is open; what has gone by since the server was heard is counted by
// performance.now(), which nobody sets.

let offset = null;


export function now() {
    return (offset ?? Date.now() - performance.now()) + performance.now();
}


// an exact time: the "now" of a frame

export function heard(time) {
    const ms = Date.parse(time);

    if (!Number.isNaN(ms)) {
        offset = ms - performance.now();
    }
}


// the header Date has whole seconds: it says something new only if what is known
// is not within its second

export function heardDate(header) {
    const ms = Date.parse(header);
    const apart = now() - ms;

    if (!Number.isNaN(ms) && (offset === null || apart < -300 || apart > 1300)) {
        offset = ms + 500 - performance.now();
    }
}
