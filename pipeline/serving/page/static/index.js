// The page: a list of variables, and those in view under each other on one axis of time.

import * as api from './api.js';
import {Panel} from './panel.js';
import {State, link} from './state.js';

const POLL = 3000; // milliseconds between two looks for new steps
const STYLE = `
  :root { --ink: #212121; --faint: #e4e4e4; --paper: #ffffff; --soft: #f5f6f7; --accent: #e8710a; color-scheme: light; }
  :root.dark { --ink: #e8e8e8; --faint: #454545; --paper: #303030; --soft: #3a3a3a; --accent: #ffa04d; color-scheme: dark; }
  * { box-sizing: border-box; }
  html, body { height: 100%; margin: 0; }
  body { display: grid; grid-template: auto 1fr / 270px 1fr; font: 13px Roboto, sans-serif; color: var(--ink); background: var(--paper); }
  nav { grid-row: 1 / 3; overflow: auto; padding: 12px; background: var(--soft); border-right: 1px solid var(--faint); }
  nav input[type=search] { width: 100%; margin-bottom: 8px; padding: 5px 8px; }
  nav h2 { margin: 12px 0 4px; font-size: 13px; overflow-wrap: anywhere; }
  nav label { display: flex; gap: 6px; padding: 2px 0; overflow-wrap: anywhere; cursor: pointer; }
  nav small { opacity: 0.75; }
  .tools { display: flex; flex-wrap: wrap; gap: 8px; align-items: center; padding: 8px 12px; border-bottom: 1px solid var(--faint); }
  .tools .hint { opacity: 0.75; margin-left: auto; }
  button, select, input { font: inherit; color: inherit; background: var(--paper); border: 1px solid #8a8a8a; border-radius: 4px; padding: 3px 8px; }
  button { cursor: pointer; }
  :focus-visible { outline: 2px solid var(--accent); outline-offset: 1px; }
  main { overflow: auto; padding: 4px 12px 40px; }
  .panel header { display: flex; flex-wrap: wrap; gap: 4px 12px; align-items: center; padding: 8px 0 2px; }
  .panel h2 { font-size: 13px; margin: 0; overflow-wrap: anywhere; }
  .note { flex: 1; min-width: 16em; font-variant-numeric: tabular-nums; opacity: 0.85; }
  .note.error { color: #d93025; opacity: 1; }
  .dark .note.error { color: #ff8a80; }
  .legend span { margin-right: 9px; white-space: nowrap; }
  .legend span::before { content: ''; display: inline-block; width: 12px; height: 3px; margin: 0 4px 3px 0; background: var(--colour); }
  .legend .bar { display: inline-block; width: 90px; height: 10px; vertical-align: -1px; }
  .stage { position: relative; }
  canvas { display: block; width: 100%; }
  canvas.data { cursor: crosshair; touch-action: pan-y; }
  canvas.over { position: absolute; inset: 0; height: 100%; pointer-events: none; }
  .step { display: flex; gap: 12px; padding-left: 68px; max-width: 700px; }
  .step input[type=range] { flex: 1; }
  .step input[type=number] { width: 9em; }
  [hidden] { display: none !important; }
  .empty { padding: 24px; opacity: 0.8; }
`;

export async function render() {
  const style = document.createElement('style');
  style.textContent = STYLE;
  document.head.append(style);
  document.documentElement.lang = 'en';
  document.body.innerHTML = `
    <nav aria-label="Variables"><input type="search" placeholder="filter variables" aria-label="filter variables"><div></div></nav>
    <div class="tools" role="toolbar" aria-label="View"><button data-do="in">Zoom in</button><button data-do="out">Zoom out</button>
      <button data-do="whole">Whole run</button><label>axis <select><option value="time">time</option>
      <option value="step">steps</option></select></label><button data-do="link">Copy link</button>
      <span class="hint">wheel zooms · drag moves · Shift-drag selects · click puts the cursor</span></div>
    <main></main>`;
  const page = new Page();
  followTheme(() => page.later());
  page.start();
}

class Page {
  constructor() {
    this.state = new State();
    this.panels = new Map();
    this.variables = new Map();
    this.version = 0;
    this.main = document.querySelector('main');
    this.state.changed = () => this.later();
  }

  async start() {
    document.querySelector('.tools').addEventListener('click', (event) => this.tool(event.target.dataset.do, event.target));
    const axis = document.querySelector('.tools select');
    axis.value = this.state.counted ? 'step' : 'time';
    axis.addEventListener('change', () => {
      Object.assign(this.state, {counted: axis.value === 'step', cursor: null, ranges: {}});
      this.state.extents.clear();
      this.state.save();
    });
    const search = document.querySelector('nav input');
    search.addEventListener('input', () => this.list(search.value));
    document.addEventListener('hover', ({detail}) => this.panels.forEach((panel) => panel.drawOver(detail)));
    new ResizeObserver(() => this.later()).observe(this.main);
    await this.poll();
    if (!this.state.shown.length) this.first();
    this.list('');
    this.later();
    setInterval(() => { if (!document.hidden) this.poll(); }, POLL);
  }

  // Look for new variables and new steps.
  async poll() {
    let found;
    try {
      found = await api.variables(this.version);
    } catch (error) {
      this.say(`The server does not answer (${error.message}).`);
      return;
    }
    this.say('');
    if (found.version === this.version) return;
    this.version = found.version;
    this.variables = new Map(found.variables.map((one) => [one.id, one]));
    this.state.shown = this.state.shown.filter(({id}) => this.variables.has(id));
    this.list(document.querySelector('nav input').value);
    this.panels.forEach((panel) => { panel.variable = this.variables.get(panel.variable.id) || panel.variable; });
    this.later();
  }

  // At first there are spikes, values and a matrix in view, of each the first there is.
  first() {
    const all = [...this.variables.values()];
    const found = ['raster', 'traces heatmap', 'matrix'].map((kinds) => all.find((one) => kinds.includes(one.kind)));
    this.state.shown = found.filter(Boolean).map(beginning);
  }

  list(filter) {
    const place = document.querySelector('nav div');
    const wanted = filter.trim().toLowerCase().split(/\s+/);
    place.replaceChildren();
    let run = null;
    for (const variable of this.variables.values()) {
      const text = `${variable.run} ${variable.name}`.toLowerCase();
      if (!wanted.every((word) => text.includes(word))) continue;
      if (variable.run !== run) {
        run = variable.run;
        place.append(Object.assign(document.createElement('h2'), {textContent: run}));
      }
      const label = document.createElement('label');
      const box = Object.assign(document.createElement('input'), {type: 'checkbox', checked: this.state.shown.some(({id}) => id === variable.id)});
      box.addEventListener('change', () => this.toggle(variable, box.checked));
      const size = variable.events ? `${variable.shape[0].toLocaleString('en')} events` : variable.shape.join(' × ');
      label.append(box, ` ${variable.name} `, Object.assign(document.createElement('small'), {textContent: size}));
      place.append(label);
    }
    if (!place.children.length) place.textContent = this.variables.size ? 'No variable has such a name.' : 'No variable runs in time.';
  }

  toggle(variable, on) {
    if (on) this.state.shown.push(beginning(variable));
    else this.state.shown = this.state.shown.filter(({id}) => id !== variable.id);
    this.state.save();
    this.list(document.querySelector('nav input').value);
  }

  tool(what, button) {
    const units = new Set([...this.panels.values()].map((panel) => panel.unit).filter(Boolean));
    for (const unit of units) {
      if (what === 'in') this.state.zoom(unit, 0.5);
      if (what === 'out') this.state.zoom(unit, 2);
    }
    if (what === 'whole') {
      this.state.ranges = {};
      this.state.save();
    }
    if (what === 'link') {
      navigator.clipboard?.writeText(link()).then(() => {
        button.textContent = 'Copied';
        setTimeout(() => { button.textContent = 'Copy link'; }, 1500);
      });
    }
  }

  // Bring the panels up to what is looked at, once a frame of the screen.
  later() {
    if (this.due) return;
    this.due = requestAnimationFrame(() => {
      this.due = 0;
      this.update();
    });
  }

  update() {
    const {shown} = this.state;
    for (const [id, panel] of this.panels) {
      if (!shown.some((one) => one.id === id)) {
        panel.asking?.abort();
        panel.element.remove();
        this.panels.delete(id);
      }
    }
    shown.forEach((one, at) => {
      const variable = this.variables.get(one.id);
      if (!variable) return;
      if (!this.panels.has(one.id)) this.panels.set(one.id, new Panel(variable, one, this.state, () => this.toggle(variable, false)));
      const panel = this.panels.get(one.id);
      if (this.main.children[at] !== panel.element) this.main.insertBefore(panel.element, this.main.children[at] || null);
      panel.refresh(this.version);
    });
    this.say(shown.length ? '' : 'Choose variables on the left.');
  }

  say(text) {
    let place = document.querySelector('.empty');
    if (!text) {
      place?.remove();
      return;
    }
    if (!place) this.main.append(place = Object.assign(document.createElement('p'), {className: 'empty'}));
    place.textContent = text;
  }
}

function beginning(variable) {
  return {id: variable.id, kind: variable.kind, units: variable.kind === 'traces' && variable.units > 1 ? `0-${Math.min(variable.units, 8) - 1}` : ''};
}

// Light or dark, as TensorBoard around it is.
function followTheme(changed) {
  const around = (() => {
    try {
      return window.parent.document.body;
    } catch {
      return document.body;
    }
  })();
  const follow = () => {
    document.documentElement.classList.toggle('dark', around.classList.contains('dark-mode'));
    changed();
  };
  follow();
  new MutationObserver(follow).observe(around, {attributes: true, attributeFilter: ['class']});
}
