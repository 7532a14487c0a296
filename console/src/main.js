import { render } from 'preact';
import { html } from './html.js';
import { App } from './ui/app.js';
import { begin } from './session.js';
import 'uplot/dist/uPlot.min.css';
import './style/base.css';
import './style/board.css';
import './style/above.css';
import './style/parts.css';

render(html`<${App} />`, document.getElementById('console'));
begin();
