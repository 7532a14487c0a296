// Colours: as the system has them, light or dark.  What is drawn on a canvas
// has to know when they change.

import { signal } from '@preact/signals';
import { remembered, remember } from './memory.js';

const THEMES = ['auto', 'light', 'dark'];

export const theme = signal(THEMES.find(name => name === remembered('theme'))
                            ?? 'auto');
export const colours = signal(0);


export function nextTheme() {
    theme.value = THEMES[(THEMES.indexOf(theme.value) + 1) % THEMES.length];
    remember('theme', theme.value);
}


theme.subscribe(name => {
    document.documentElement.dataset.theme = name;
    colours.value = colours.peek() + 1;
});

matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => {
    colours.value++;
});


// a colour of the style sheet, as a canvas understands it

const SYSTEM = ['line', 'muted'];

export function colour(name, share = 100) {
    const probe = document.createElement('i');

    // where the system chooses the colours, these tell the parts apart
    if (!SYSTEM.includes(name)) {
        probe.style.forcedColorAdjust = 'none';
    }

    probe.style.color = share === 100 ? `var(--${name})`
        : `color-mix(in srgb, var(--${name}) ${share}%, var(--surface))`;
    document.body.append(probe);

    const { color } = getComputedStyle(probe);

    probe.remove();
    return color;
}
