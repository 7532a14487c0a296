import { html } from '../html.js';

const PATHS = {
    pause: 'M8 5v14M16 5v14',
    resume: 'M7 5l12 7-12 7z',
    add: 'M12 5v14M5 12h14',
    window: 'M12 7v5l3 2M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18z',
    end: 'M6 6h12v12H6z',
    auto: 'M12 3a9 9 0 1 0 0 18zM12 3a9 9 0 0 1 0 18',
    light: 'M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM12 2v2M12 20v2M2 12h2M20 12h2'
        + 'M4.900 4.900l1.400 1.400M17.700 17.700l1.400 1.400'
        + 'M4.900 19.100l1.400-1.400M17.700 6.300l1.400-1.400',
    dark: 'M20 14.500A8.500 8.500 0 1 1 9.500 4a7 7 0 0 0 10.500 10.500z',
    keys: 'M3 7h18v10H3zM7 11h.010M11 11h.010M15 11h.010M8 14h8',
    out: 'M14 4H6v16h8M11 12h10M17 8l4 4-4 4',
    close: 'M6 6l12 12M18 6L6 18',
};


export function Icon({ name }) {
    return html`
        <svg class="icon" viewBox="0 0 24 24" aria-hidden="true">
            <path d=${PATHS[name]} />
        </svg>`;
}
