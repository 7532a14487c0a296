import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import en from '../src/i18n/en.js';
import zh from '../src/i18n/zh.js';

const SRC = new URL('../src/', import.meta.url);

const source = readdirSync(SRC, { recursive: true })
    .filter(name => name.endsWith('.js') && !/i18n.(en|zh)\.js$/.test(name))
    .map(name => readFileSync(new URL(name, SRC), 'utf8')).join('\n');


test('both languages have the same texts', () => {
    assert.deepEqual(Object.keys(zh), Object.keys(en));
});


test('with the same values in them', () => {
    const values = text => (text.match(/\{\w+\}/g) ?? []).sort();

    for (const key of Object.keys(en)) {
        assert.deepEqual(values(zh[key]), values(en[key]), key);
    }
});


test('Chinese is Chinese', () => {
    const same = Object.keys(en).filter(key => en[key] === zh[key]);

    assert.deepEqual(same, []);
});


test('each text that is used is there, and each that is there is used', () => {
    const used = new Set([...source.matchAll(/'([a-z]\w+)'|"([a-z]\w+)"/g)]
        .map(([, single, double]) => single ?? double));
    const families = [...source.matchAll(/t\(`(\w+_)\$/g)].map(f => f[1]);

    for (const [, key] of source.matchAll(/\bt\('(\w+)'/g)) {
        assert.ok(key in en, `${key} is used`);
    }

    assert.deepEqual(Object.keys(en).filter(key =>
        !used.has(key) && !families.some(f => key.startsWith(f))), []);
});
