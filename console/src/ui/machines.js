// The machines that share the ledger, where there are several, and what
// docs/machines.md would have an operator do.

import { html } from '../html.js';
import { duration, number, t } from '../i18n/index.js';
import * as state from '../state.js';


// so many are to be seen without scrolling
const MANY = 5;


export function Machines() {
    const health = state.health.value;
    const log = health?.data.log;

    if (!log) {
        return null;
    }

    const machines = state.machines.value;
    const silent = machines.filter(m => kindOf(m, log) === 'silent');
    const first = /POST \/api\/machines\/([^/]+)\/begin/.exec(health.message)
        ?? /machines\/([\w.-]+)\/begin/.exec(health.message);

    return html`
        <section class="card machines" aria-labelledby="machines-title">
            <div class="card-head">
                <h2 id="machines-title">${t('machines')}</h2>
                <${Log} log=${log} />
            </div>
            <ul tabindex=${machines.length > MANY ? 0 : undefined}>
                ${machines.map(m => html`
                    <${Machine} key=${m.name} machine=${m} log=${log} />`)}
            </ul>
            ${first && html`
                <p class="note">${t('machine_begin_note')}</p>
                <pre><code>seckill machine begin ${first[1]}</code></pre>`}
            ${silent.length > 0 && html`
                <p class="note">${t('machine_silent_note')}</p>
                ${silent.map(({ name }) => html`
                    <pre key=${name}><code>seckill machine forget ${name}</code></pre>`)}`}
        </section>`;
}


function Log({ log }) {
    const kind = !log.up ? 'down' : log.open ? 'open' : 'closed';

    return html`
        <p class=${`health ${kind === 'open' ? 'ok' : 'bad'}`}>
            <i class="dot" aria-hidden="true"></i>
            <span>${t('log')}: ${t(`log_${kind}`)}</span>
            <span class="label">${t('log_lag')} ${duration(log.lag_ms / 1000)}</span>
        </p>`;
}


// A member speaks each second or so; Redis' clock, which says when it was seen,
// is near the server's.

const SILENT = 10000;

function kindOf(machine) {
    if (machine.forgotten) {
        return 'forgotten';
    }

    return !machine.member ? 'outside'
        : !machine.self && seenAgo(machine) > SILENT ? 'silent' : 'member';
}


function seenAgo({ seen_at }) {
    return seen_at === null ? Infinity
        : Math.max(0, state.clock.now() - Date.parse(seen_at));
}


function Machine({ machine, log }) {
    const kind = kindOf(machine);
    const ago = seenAgo(machine);
    const behind = log.number - machine.number;

    return html`
        <li class=${kind}>
            <i class="dot" aria-hidden="true"></i>
            <b>${machine.name}</b>
            <span class="kind">
                ${t(`machine_${kind}`)}${machine.self
                    && `, ${t('machine_self')}`}
            </span>
            <span class="label">
                ${behind > 0 ? t('machine_behind', { n: number(behind) })
                             : t('machine_level')}
                ${' · '}
                ${ago === Infinity ? t('machine_never')
                    : t('machine_seen', { time: duration(Math.round(ago / 1000)) })}
            </span>
        </li>`;
}
