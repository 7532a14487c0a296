import { html } from '../html.js';
import * as state from '../state.js';
import { AddStock } from './add.js';
import { MoveWindow } from './window.js';
import { End } from './end.js';
import { Help } from './help.js';

const ASKING = { add: AddStock, window: MoveWindow, end: End };


// A dialog asks about the sale that was there when it was opened.

export function Dialogs() {
    const name = state.dialog.value;
    const Asking = ASKING[name];

    if (name === 'help') {
        return html`<${Help} />`;
    }

    return Asking && state.sale.value
        ? html`<${Asking} key=${name} sale=${state.sale.value} />` : null;
}
