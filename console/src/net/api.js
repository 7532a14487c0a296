// The operator's API and the metrics, as promises.  What was answered and is no
// success is an ApiError, no answer at all is an Unreachable.

export class ApiError extends Error {
    constructor(status, answer) {
        super(answer.message || `HTTP ${status}`);
        this.status = status;
        this.result = answer.result || '';
        this.field = answer.field || '';
        this.data = answer.data;
    }
}


export class Unreachable extends Error { }


const TIMEOUT = 8000;

// a write is sent so often, if it has no answer
const TIMES = 3;
const AGAIN = 700;


export class Api {
    #api;
    #metrics;
    #key;
    #clock;
    #fetch;

    constructor({ api, metrics, key, clock,
                  fetch = globalThis.fetch.bind(globalThis) })
    {
        this.#api = api;
        this.#metrics = metrics;
        this.#key = key;
        this.#clock = clock;
        this.#fetch = fetch;
    }


    get(path, options) {
        return this.#call('GET', path, options);
    }


    // It is sent again if it had no answer, or one that says "ask again": with
    // its key, it is done once all the same.  `again` is told why, and which time
    // of how many comes now.

    async write(method, path, body, key, again = () => { }) {
        for (let time = 1; ; time++) {
            try {
                return await this.#call(method, path, {
                    body, headers: { 'Idempotency-Key': key },
                });

            } catch (error) {
                const passing = error instanceof Unreachable
                    || error.status >= 502;

                if (!passing || time === TIMES) {
                    throw error;
                }

                again(error, time + 1, TIMES);
                await new Promise(resolve => setTimeout(resolve, AGAIN));
            }
        }
    }


    async metrics() {
        const { res, text } = await this.#request(this.#metrics);

        if (!res.ok) {
            throw new ApiError(res.status, {});
        }

        return { type: res.headers.get('Content-Type') || '', text };
    }


    async #call(method, path, { body, headers = {}, ...options } = {}) {
        const key = this.#key ? { Authorization: `Bearer ${this.#key}` } : {};
        const { res, text } = await this.#request(this.#api + path, {
            method, headers: { ...key, ...headers },
            body: body === undefined ? undefined : JSON.stringify(body),
            ...options,
        });

        let answer;

        try {
            answer = JSON.parse(text);
        } catch {
            answer = null;              // of a proxy, or of nginx itself
        }

        if (!res.ok || answer === null) {
            throw new ApiError(res.status, answer ?? {});
        }

        return answer;
    }


    async #request(url, { timeout = TIMEOUT, signal, ...options } = {}) {
        const sent = Date.now();
        const abort = new AbortController();
        const timer = setTimeout(() => abort.abort(), timeout);
        const stop = () => abort.abort();

        signal?.addEventListener('abort', stop);

        try {
            const res = await this.#fetch(url, {
                cache: 'no-store', credentials: 'same-origin',
                signal: abort.signal, ...options,
            });
            const text = await res.text();

            this.#clock.note(res.headers.get('Date'), sent, Date.now());
            return { res, text };

        } catch (error) {
            throw new Unreachable(error.message);

        } finally {
            clearTimeout(timer);
            signal?.removeEventListener('abort', stop);
        }
    }
}


// crypto.randomUUID() is for pages by HTTPS alone

export function uuid() {
    const bytes = crypto.getRandomValues(new Uint8Array(16));

    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;

    return Array.from(bytes, b => b.toString(16).padStart(2, '0')).join('')
        .replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}
