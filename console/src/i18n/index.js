// Texts, numbers and times in the language that was chosen.

import { signal } from '@preact/signals';
import { remembered, remember } from '../memory.js';
import en from './en.js';
import zh from './zh.js';

const TEXTS = { en, zh };
const LOCALES = { en: 'en-GB', zh: 'zh-CN' };

function preferred() {
    const wanted = remembered('language') ?? navigator.language ?? 'en';
    return /^zh/i.test(wanted) ? 'zh' : 'en';
}

export const language = signal(preferred());


export function toggleLanguage() {
    language.value = language.value === 'en' ? 'zh' : 'en';
    remember('language', language.value);
}


export function t(key, values) {
    const text = TEXTS[language.value][key] ?? key;

    return values === undefined ? text
        : text.replace(/\{(\w+)\}/g, (_, name) => values[name]);
}


const formats = new Map();

function format(Kind, name, options) {
    const id = `${language.value} ${name}`;
    let found = formats.get(id);

    if (!found) {
        found = new Kind(LOCALES[language.value], options);
        formats.set(id, found);
    }

    return found;
}


export function number(n) {
    return n === null || n === undefined ? '–'
        : format(Intl.NumberFormat, 'number', {}).format(n);
}

export function rate(n) {
    if (n === null || n === undefined) {
        return '–';
    }

    const digits = n < 1 ? 2 : n < 10 ? 1 : 0;

    return format(Intl.NumberFormat, `rate ${digits}`, {
        maximumFractionDigits: digits,
    }).format(n);
}

export function compact(n) {
    return format(Intl.NumberFormat, 'compact', {
        notation: 'compact', maximumFractionDigits: 1,
    }).format(n);
}

export function percent(share) {
    if (share === null) {
        return '–';
    }

    const digits = share > 0 && share < 0.1 ? 1 : 0;

    return format(Intl.NumberFormat, `percent ${digits}`, {
        style: 'percent', maximumFractionDigits: digits,
    }).format(share);
}

export function bytes(n) {
    if (n === undefined || n === null) {
        return '–';
    }

    const units = ['B', 'KB', 'MB', 'GB', 'TB'];
    let i = 0;

    while (n >= 1000 && i < units.length - 1) {
        n /= 1000;
        i++;
    }

    return `${rate(n)} ${units[i]}`;
}

export function clockTime(ms) {
    return format(Intl.DateTimeFormat, 'clock', {
        hour: '2-digit', minute: '2-digit', second: '2-digit', hour12: false,
    }).format(ms);
}

export function hourTime(ms) {
    return format(Intl.DateTimeFormat, 'hour', {
        hour: '2-digit', minute: '2-digit', hour12: false,
    }).format(ms);
}

// a time of today by its hour alone, else with its day

export function dayTime(ms, now) {
    const short = new Date(ms).toDateString() === new Date(now).toDateString();

    return short ? clockTime(ms) : format(Intl.DateTimeFormat, 'day', {
        day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit',
        hour12: false,
    }).format(ms);
}


// a countdown: 0:07, 12:31, 3:05:00, then days

export function countdown(seconds) {
    const s = Math.max(0, Math.ceil(seconds));
    const two = n => String(n).padStart(2, '0');
    const days = Math.floor(s / 86400);
    const hours = Math.floor(s / 3600) % 24;
    const rest = `${two(Math.floor(s / 60) % 60)}:${two(s % 60)}`;

    return days > 0 ? `${days} d ${two(hours)}:${rest}`
        : hours > 0 ? `${hours}:${rest}` : rest;
}


// a length of time in few characters: 40 s, 3 min, 2.5 h

export function duration(seconds) {
    const s = Math.max(0, seconds);

    return s < 0.1 ? `${rate(s * 1000)} ms`
        : s < 10 ? `${rate(Math.round(s * 10) / 10)} s`
        : s < 120 ? `${Math.round(s)} s`
        : s < 7200 ? `${Math.round(s / 60)} min`
        : s < 172800 ? `${rate(Math.round(s / 360) / 10)} h`
        : `${Math.round(s / 86400)} d`;
}
