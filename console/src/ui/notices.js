import { useEffect, useRef, useState } from 'preact/hooks';
import { html } from '../html.js';
import { whyUnavailable } from '../data/figures.js';
import { queuePeak, unavailableNow } from '../data/record.js';
import { clockTime, duration, number, rate, t } from '../i18n/index.js';
import { kick } from '../session.js';
import * as state from '../state.js';
import { Icon } from './icons.js';

const TOAST = 6000;


// what is wrong, the worst first

export function Notices() {
    const health = state.health.value;
    const zone = state.readings.value?.zone;
    const { zone: wanted, metrics } = state.config.value;
    const list = [];

    if (state.lost.value) {
        return html`<div class="notices"><${Lost} /></div>`;
    }

    if (zone?.values.seckill_conservation_errors > 0) {
        list.push(['bad', t('unbalanced')]);
    }

    if (health && !health.ok) {
        list.push(['bad', t('unhealthy', { message: health.message })]);
    }

    const why = health?.ok && zone && !state.metricsError.value
        && whyUnavailable(unavailableNow(), queuePeak(),
                          zone.values.seckill_queue_limit_claims);

    if (why) {
        const [text, { peak, limit, n }] = why;

        list.push(['bad', t(text, {
            peak: number(peak), limit: number(limit), n: rate(n),
        }), text]);
    }

    if (health?.data.warning) {
        list.push(['warn', t('warning', { message: health.data.warning })]);
    }

    if (state.metricsError.value) {
        list.push(['warn', t('no_metrics', {
            path: metrics, message: state.metricsError.value,
        })]);

    } else if (state.readings.value && !zone) {
        list.push(['warn', t('wrong_zone', { path: metrics, zone: wanted })]);
    }

    return html`
        <div class="notices" role="alert">
            ${list.map(([kind, text, key = text]) => html`
                <p key=${key} class=${`notice ${kind}`}>${text}</p>`)}
        </div>`;
}


// the seconds that go by are not to be read out each

function Lost() {
    const now = state.second.value;
    const heard = state.heard.value;
    const left = (state.retryAt.value - now) / 1000;

    const text = heard === 0 ? t('never')
        : t(state.online.value ? 'stale' : 'offline', {
            time: duration(Math.round((now - heard) / 1000)),
            at: clockTime(heard),
        });

    return html`
        <div class="notice bad lost">
            <p aria-hidden="true">
                ${text}${' '}
                ${left > 0.5 && t('retry_in', {
                    time: duration(Math.ceil(left)),
                })}
            </p>
            <button class="button small" onClick=${kick}>
                ${t('retry_now')}
            </button>
        </div>`;
}


// what was done, for a while; what was not, until it is dismissed

export function Toast() {
    const notice = state.notice.value;

    useEffect(() => {
        if (notice?.kind === 'done') {
            const timer = setTimeout(() => {
                if (state.notice.value === notice) {
                    state.notice.value = null;
                }
            }, TOAST);
            return () => clearTimeout(timer);
        }
    }, [notice]);

    return html`
        <div class="toasts">
            <div role="status">
                ${notice?.kind === 'done' && html`
                    <p class="toast done">${notice.text}</p>`}
            </div>
            <div role="alert">
                ${notice?.kind === 'error' && html`
                    <p class="toast bad">
                        <span>${notice.text}</span>
                        <button class="tool" aria-label=${t('dismiss')}
                            title=${t('dismiss')}
                            onClick=${() => state.notice.value = null}>
                            <${Icon} name="close" />
                        </button>
                    </p>`}
            </div>
        </div>`;
}


// for who does not see it: the sale's state when it changes, and whether the
// server answers

export function Announcer() {
    const [text, setText] = useState('');
    const before = useRef({});
    const name = state.saleName.value;
    const saleState = state.sale.value?.state;
    const lost = state.lost.value;

    useEffect(() => {
        const old = before.current;

        if (old.lost !== undefined && old.lost !== lost) {
            setText(t(lost ? 'never' : 'back'));
        } else if (old.name === name && old.saleState !== saleState) {
            setText(`${name}: ${t(`state_${saleState}`)}`);
        }

        before.current = { name, saleState, lost };
    }, [name, saleState, lost]);

    return html`<p class="unseen" role="status">${text}</p>`;
}
