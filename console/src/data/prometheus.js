// Metrics in the Prometheus text format, or as `format=json` has them: a call
// of `each(name, labels, value)` for each sample.

const SAMPLE = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})?[ \t]+(\S+)/;
const LABEL = /([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"/g;
const ESCAPED = { n: '\n', '"': '"', '\\': '\\' };


function readLabels(text) {
    const labels = {};

    for (const [, name, value] of (text ?? '').matchAll(LABEL)) {
        labels[name] = value.includes('\\')
            ? value.replace(/\\(.)/g, (_, c) => ESCAPED[c] ?? c) : value;
    }

    return labels;
}


function readValue(text) {
    return text === '+Inf' ? Infinity : text === '-Inf' ? -Infinity
        : Number(text);
}


export function readText(text, each) {
    for (const line of text.split('\n')) {
        if (line === '' || line[0] === '#') {
            continue;
        }

        const found = SAMPLE.exec(line);

        if (found) {
            each(found[1], readLabels(found[2]), readValue(found[3]));
        }
    }
}


export function readJson(text, each) {
    for (const [name, samples] of Object.entries(JSON.parse(text))) {
        for (const { value, of, ...labels } of samples) {
            each(of ? `${name}_${of}` : name, labels,
                 value);
        }
    }
}


export function readMetrics({ type, text }, each) {
    return /json/.test(type) ? readJson(text, each) : readText(text, each);
}
