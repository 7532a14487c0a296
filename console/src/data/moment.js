// Times as <input type="datetime-local"> has them: of this machine's zone, in
// full seconds.

const two = n => String(n).padStart(2, '0');


export function toField(time) {
    if (time === null) {
        return '';
    }

    const d = new Date(time);

    return `${d.getFullYear()}-${two(d.getMonth() + 1)}-${two(d.getDate())}`
        + `T${two(d.getHours())}:${two(d.getMinutes())}:${two(d.getSeconds())}`;
}


export function fromField(text) {
    const time = text === '' ? NaN : new Date(text).getTime();

    return Number.isNaN(time) ? null : time;
}


// what of a window is another one now; the API's milliseconds stay where a
// field was not touched

export function windowChange(sale, start, end) {
    const change = {};

    for (const [name, text] of [['start', start], ['end', end]]) {
        if (text !== toField(sale[name])) {
            const time = fromField(text);
            change[name] = time === null ? null : new Date(time).toISOString();
        }
    }

    return change;
}
