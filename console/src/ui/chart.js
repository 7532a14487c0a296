// A chart of some columns of a history, with its legend, whose values are those
// under the pointer, else the last ones.

import { useEffect, useRef, useState } from 'preact/hooks';
import uPlot from 'uplot';
import { html } from '../html.js';
import { hourTime, clockTime, language } from '../i18n/index.js';
import { colour, colours } from '../theme.js';
import { drawn } from '../state.js';

const SHOWN = 15 * 60;
const LEAST = 30;


// Stacked: what is drawn is the sum with all before it; the largest is drawn
// first, and the others on it.

function stack([times, ...columns]) {
    const sums = [];

    columns.forEach((column, i) => {
        sums.push(column.map((n, j) =>
            n === null ? null : n + (i > 0 ? sums[i - 1][j] ?? 0 : 0)));
    });

    return [times, ...sums.reverse()];
}


// lines: the first one is drawn last, on the others, so that the last, of
// refusals, does not cover what is zero as well

const lines = ([times, ...columns]) => [times, ...columns.reverse()];


// what nothing was heard before or after would be no line

function alone({ data }, i) {
    const column = data[i];

    return column.flatMap((n, j) => n !== null && (column[j - 1] ?? null) === null
        && (column[j + 1] ?? null) === null ? [j] : []);
}


function rangeOfTimes(plot) {
    const times = plot.data[0];
    const last = times[times.length - 1] ?? Date.now() / 1000;
    const first = times[0] ?? last;

    return [Math.max(last - SHOWN, Math.min(first, last - LEAST)), last];
}


// none that would be cut off at the right

function timeLabels(plot, times) {
    const label = times[1] - times[0] < 60 ? clockTime : hourTime;
    const end = plot.bbox.width / uPlot.pxRatio - 26;

    return times.map(time =>
        plot.valToPos(time, 'x') > end ? '' : label(time * 1000));
}


function options({ series, stacked, format, axis: onAxis = format, least, most,
                   small, size, onCursor })
{
    const line = colour('line');
    const text = colour('muted');
    const font = `11px ${getComputedStyle(document.body).fontFamily}`;
    const drawnSeries = [...series].reverse();
    const axis = { stroke: text, font, ticks: { show: false } };

    return {
        ...size,
        padding: [8, 4, small ? 8 : 0, 0],
        legend: { show: false },
        cursor: {
            sync: { key: 'console' }, points: { size: 6 },
            drag: { x: false, y: false }, y: false,
        },
        scales: {
            x: { time: true, range: rangeOfTimes },
            // a little room above, and never none
            y: { range: (plot, low, high) =>
                [0, most ?? Math.max(least ?? 1, high * 1.08)] },
        },
        axes: [
            {
                ...axis, show: !small, size: 22, gap: 6, space: 80,
                grid: { show: false },
                values: timeLabels,
            }, {
                ...axis, size: small ? 44 : 52, gap: 6,
                space: small ? 32 : 36, grid: { stroke: line, width: 1 },
                values: (plot, all) => all.map(onAxis),
            },
        ],
        series: [
            {},
            ...drawnSeries.map(({ name, dash }) => ({
                stroke: colour(name), width: stacked ? 1 : 1.75,
                fill: stacked ? colour(name, 45) : undefined,
                dash,
                points: { show: false, filter: alone, size: 4, width: 0,
                          fill: colour(name) },
            })),
        ],
        hooks: { setCursor: [plot => onCursor(plot.cursor.idx ?? null)] },
    };
}


export function Chart({ label, columns, series, stacked, format, axis, least,
                        most, small })
{
    const element = useRef();
    const plot = useRef();
    const [at, setAt] = useState(null);
    const shown = series.map(s => s.name).join();

    useEffect(() => {
        const el = element.current;
        const size = () => ({ width: Math.max(el.clientWidth, 60),
                              height: Math.max(el.clientHeight, 60) });
        const data = stacked ? stack(columns) : lines(columns);

        plot.current = new uPlot(options({
            series, stacked, format, axis, least, most, small, size: size(),
            onCursor: setAt,
        }), data, el);

        const observer = new ResizeObserver(() => plot.current.setSize(size()));
        observer.observe(el);

        return () => {
            observer.disconnect();
            plot.current.destroy();
        };
    }, [colours.value, language.value, shown, columns[0]]);

    useEffect(() => {
        plot.current.setData(stacked ? stack(columns) : lines(columns));
    }, [drawn.value]);

    const last = columns[0].length - 1;
    const i = at !== null && at <= last ? at : last;
    const values = series.map(({ name, label: text }, n) =>
        [name, text, columns[n + 1][i] ?? null]);

    return html`
        ${!small && html`
            <${Legend} values=${stacked ? values.reverse() : values}
                format=${format}
                time=${at === null ? null : columns[0][i]} />`}
        <div class="plot" ref=${element} role="img" aria-label=${label}></div>`;
}


function Legend({ values, format, time }) {
    return html`
        <dl class="legend">
            ${values.map(([name, label, value]) => html`
                <div key=${name} class=${name}>
                    <dt><i class="swatch" aria-hidden="true"></i>${label}</dt>
                    <dd>${value === null ? '–' : format(value)}</dd>
                </div>`)}
            ${time !== null && html`
                <div class="at"><dd>${clockTime(time * 1000)}</dd></div>`}
        </dl>`;
}
