// One variable in view: its header, its canvas, and what the pointer and the keys do on it.

import * as api from './api.js';
import {Area, COLOURS, LEFT, RIGHT, TOP, BOTTOM, limitsOf, roomy, scaleOf, theme, words} from './draw.js';

const HEIGHTS = {traces: 210, heatmap: 210, raster: 210, matrix: 320};
const AGAIN = 400; // milliseconds until what is still being read is asked for again
const PAUSE = 40; // milliseconds of rest after which a zoom or a move is asked for

export class Panel {
  constructor(variable, shown, state, remove) {
    Object.assign(this, {variable, shown, state, found: null, under: null, waiting: 0});
    this.element = document.createElement('section');
    this.element.className = 'panel';
    this.element.innerHTML = `
      <header><h2></h2><span class="legend"></span><span class="note" role="status"></span>
        <label class="units">units <input size="8" spellcheck="false"></label>
        <label class="as">as <select><option value="traces">traces</option><option value="heatmap">heatmap</option>
          <option value="raster">raster</option></select></label>
        <button class="close" title="Remove from view" aria-label="Remove from view">×</button></header>
      <div class="stage"><canvas class="data" tabindex="0" role="img"></canvas><canvas class="over"></canvas></div>
      <div class="step"><label>step <input type="number" min="0"></label><input type="range" min="0" aria-label="step"></div>`;
    const part = (query) => this.element.querySelector(query);
    this.parts = {
      title: part('h2'), legend: part('.legend'), note: part('.note'), units: part('.units input'), as: part('select'),
      data: part('.data'), over: part('.over'), number: part('.step input[type=number]'), slider: part('.step input[type=range]'),
    };
    this.parts.title.textContent = `${variable.run}: ${variable.name}${variable.unit && ` (${variable.unit})`}`;
    this.parts.data.setAttribute('aria-label', `${variable.name} of ${variable.run} over time`);
    part('.close').addEventListener('click', remove);
    const matrix = variable.kind === 'matrix';
    part('.step').hidden = !matrix;
    part('.as').hidden = matrix || variable.events;
    part('.units').hidden = matrix || variable.units < 2;
    this.parts.as.value = shown.kind;
    this.parts.units.value = shown.units;
    this.parts.as.addEventListener('change', () => {
      shown.kind = this.parts.as.value;
      shown.units = this.parts.units.value = shown.kind === 'traces' ? `0-${Math.min(variable.units, 8) - 1}` : '';
      this.found = null;
      state.save();
    });
    this.parts.units.addEventListener('change', () => {
      shown.units = this.parts.units.value.trim();
      state.save();
    });
    for (const input of [this.parts.number, this.parts.slider]) {
      input.addEventListener('input', () => this.toStep(Number(input.value)));
    }
    if (!matrix) this.listen();
  }

  get unit() {
    return this.state.counted ? 'step' : this.state.extents.get(this.variable.id)?.unit;
  }

  name(unit) {
    return this.variable.labels[unit] ?? `N${unit}`;
  }

  // Draw what is there, and ask for what is in view if that is something else; `version` changes when a file has.
  refresh(version) {
    this.draw();
    const query = this.query();
    const key = JSON.stringify([query, version]);
    if (key === this.asked) return;
    this.asked = key;
    clearTimeout(this.waiting);
    this.waiting = setTimeout(() => this.ask(query), this.found ? PAUSE : 0);
  }

  query() {
    const query = {id: this.variable.id, axis: this.state.counted ? 'step' : 'time'};
    if (this.variable.kind === 'matrix') {
      const {cursor} = this.state;
      if (cursor && cursor.unit === (this.unit || cursor.unit)) query.time = cursor.at;
      return query;
    }
    const scale = window.devicePixelRatio || 1;
    const width = this.parts.data.parentElement.clientWidth - LEFT - RIGHT;
    query.columns = Math.max(1, Math.min(4096, Math.round(width * scale)));
    query.rows = Math.round((HEIGHTS[this.shown.kind] - TOP - BOTTOM) * scale);
    if (this.shown.units) query.units = this.shown.units;
    const range = this.unit && this.state.ranges[this.unit];
    if (range) [query.start, query.stop] = range;
    return query;
  }

  async ask(query) {
    this.asking?.abort();
    this.asking = new AbortController();
    const matrix = this.variable.kind === 'matrix';
    try {
      this.found = await (matrix ? api.matrix : api.view)(query, this.asking.signal);
    } catch (error) {
      if (error.name === 'AbortError') return;
      this.parts.note.textContent = error.message;
      this.parts.note.classList.add('error');
      return;
    }
    this.parts.note.classList.remove('error');
    if (this.found.ready < 1) this.waiting = setTimeout(() => this.ask(query), AGAIN);
    const {unit, extent} = this.found;
    this.state.extents.set(this.variable.id, {unit, extent});
    this.state.changed(); // the others may have a longer axis now
    if (matrix) this.atStep();
    await this.draw();
    this.parts.note.textContent = this.note();
    this.element.dataset.drawn = JSON.stringify(this.drawn());
  }

  atStep() {
    const {step, steps} = this.found;
    for (const input of [this.parts.number, this.parts.slider]) {
      input.max = steps - 1;
      if (document.activeElement !== input || input.type === 'range') input.value = step;
    }
  }

  toStep(step) {
    const {extent, steps, unit} = this.found;
    if (!Number.isInteger(step) || step < 0 || step >= steps) return;
    // the middle of the step, so that rounding does not make it the one before
    this.state.put(unit, extent[0] + (step + 0.5) / steps * (extent[1] - extent[0]));
  }

  note() {
    const {found} = this;
    if (this.variable.kind === 'matrix') {
      const [size, name] = scaleOf(found.unit, found.extent);
      const at = found.unit === 'step' ? '' : ` at ${words(found.time / size, 0)} ${name}`;
      const limits = found.sample < found.steps ? `${found.sample} steps and this one` : 'all steps';
      return `step ${found.step.toLocaleString('en')} of ${found.steps.toLocaleString('en')}${at} · colours span the values of ${limits}`;
    }
    const reading = found.ready < 1 ? `reading, ${Math.floor(found.ready * 100)} % · ` : '';
    const each = found.each === 1 ? 'every step' : `${words(found.each, 0)} steps a column`;
    return `${reading}${each}, peaks kept`;
  }

  // What was drawn, for whoever looks at the page by program.
  drawn() {
    const {found} = this;
    if (this.variable.kind === 'matrix') return {step: found.step, limits: found.limits};
    return {first: found.first, each: found.each, columns: found.columns, units: found.units, ready: found.ready, limits: limitsOf(found.lows, found.highs)};
  }

  get limits() {
    const {found} = this;
    return balanced(found.limits ? found.limits.map((one) => one ?? 0) : limitsOf(found.lows, found.highs));
  }

  async draw() {
    const {found, shown, variable} = this;
    const unit = this.unit, range = unit && this.state.range(unit);
    if (!found || (!range && variable.kind !== 'matrix')) return;
    const colours = theme(this.element);
    if (variable.kind === 'matrix') {
      await this.drawMatrix(colours);
      return;
    }
    const limits = shown.kind === 'heatmap' ? this.limits : null;
    const map = limits && await api.colours(mapOf(limits));
    const area = new Area(this.parts.data, HEIGHTS[shown.kind], range, unit);
    this.area = area;
    if (shown.kind === 'traces') {
      area.axes(colours, ...roomy(limitsOf(found.lows, found.highs)));
      this.bars(area);
      for (let row = 0; row < found.rows; row += 1) area.trace(found, row, COLOURS[row % COLOURS.length]);
    } else {
      area.axes(colours, 0, 1, {rows: found.units.map((one) => this.name(one))});
      area.cells(found, shown.kind === 'heatmap' ? valueColour(map, limits) : this.spikeColour(colours));
      this.bars(area);
    }
    area.done();
    if (map) this.colourBar(map);
    else this.legend();
    this.drawOver();
  }

  async drawMatrix(colours) {
    const {found, variable} = this;
    const {limits} = this;
    const map = await api.colours(mapOf(limits));
    const [, rows, columns] = variable.shape;
    const area = new Area(this.parts.data, HEIGHTS.matrix, [-0.5, columns - 0.5], '?');
    const wanted = Math.round(area.height * Math.min(3, Math.max(0.5, columns / rows)));
    area.width = Math.min(area.width, wanted);
    area.axes(colours, rows - 0.5, -0.5, {below: variable.dims[2], beside: variable.dims[1]});
    area.matrix(found, valueColour(map, limits));
    area.done();
    this.colourBar(map);
  }

  // Times that the run's plots mark.
  bars(area) {
    for (const bar of this.variable.bars) {
      if (this.state.counted) continue;
      const x = Math.round(area.x(bar.at));
      area.context.lineWidth = 2 * area.scale;
      area.line('#d62728', x, area.top, x, area.top + area.height);
      if (!bar.label) continue;
      const pen = area.context, left = x + 2 * area.scale, top = area.top + area.scale;
      pen.textAlign = 'left';
      pen.textBaseline = 'top';
      pen.fillStyle = theme(this.element).paper;
      pen.fillRect(left, top, pen.measureText(bar.label).width + 6 * area.scale, 15 * area.scale);
      pen.fillStyle = '#d62728';
      pen.fillText(bar.label, left + 3 * area.scale, top + 2 * area.scale);
    }
  }

  // The ink of a cell with spikes: full where few cells have some; where most do, by how many.
  spikeColour(colours) {
    const {highs} = this.found;
    let most = 0, some = 0;
    for (const count of highs) {
      if (count > most) most = count;
      if (count > 0) some += 1;
    }
    const ink = rgb(colours.ink), paper = rgb(colours.paper), crowded = some > 0.25 * highs.length;
    return (low, high) => {
      if (!(high > 0)) return null;
      const part = crowded ? 0.15 + 0.85 * high / most : 1;
      return ink.map((one, at) => one * part + paper[at] * (1 - part));
    };
  }

  legend() {
    const {legend} = this.parts;
    const {found, shown} = this;
    const key = shown.kind === 'traces' ? found.units.join() : '';
    if (legend.dataset.key === key) return;
    legend.dataset.key = key;
    legend.replaceChildren();
    if (!key || this.variable.units < 2) return;
    found.units.forEach((unit, row) => {
      const one = document.createElement('span');
      one.textContent = this.name(unit);
      one.style.setProperty('--colour', COLOURS[row % COLOURS.length]);
      legend.append(one);
    });
  }

  colourBar(map) {
    const {legend} = this.parts;
    legend.dataset.key = 'colours';
    const stops = [0, 1, 2, 3, 4, 5, 6, 7, 8].map((at) => Math.min(255, at * 32) * 3).map((at) => `rgb(${map[at]} ${map[at + 1]} ${map[at + 2]})`);
    const bar = Object.assign(document.createElement('i'), {className: 'bar'});
    bar.style.background = `linear-gradient(to right, ${stops.join()})`;
    const [low, high] = this.limits.map((one) => words(one, 0));
    const unit = this.variable.unit && ` ${this.variable.unit}`;
    legend.replaceChildren(`${low} `, bar, ` ${high}${unit}`);
  }

  // The cursor, and what is under it.
  drawOver(pointer = this.under) {
    this.under = pointer;
    const {over, data} = this.parts;
    [over.width, over.height] = [data.width, data.height];
    const {area, found} = this;
    const {cursor} = this.state;
    if (!area || !found) return;
    const pen = over.getContext('2d');
    const lines = [cursor && cursor.unit === area.unit ? cursor.at : null, pointer && pointer.unit === area.unit ? pointer.at : null];
    pen.lineWidth = area.scale;
    lines.forEach((at, which) => {
      if (at === null || at < area.range[0] || at > area.range[1]) return;
      const x = Math.round(area.x(at)) + 0.5;
      pen.strokeStyle = theme(this.element).ink;
      pen.setLineDash(which ? [] : [4 * area.scale, 3 * area.scale]);
      pen.beginPath();
      pen.moveTo(x, area.top);
      pen.lineTo(x, area.top + area.height);
      pen.stroke();
    });
    const at = lines[1] ?? lines[0];
    this.parts.note.textContent = this.parts.note.classList.contains('error') ? this.parts.note.textContent
      : at === null ? this.note() : this.values(at, pointer) || this.note();
  }

  // The values at a time, in words.
  values(at, pointer) {
    const {found, area, shown} = this;
    if (at < found.edges[0] || at >= found.edges[found.columns]) return '';
    let low = 0, high = found.columns;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (found.edges[middle] <= at) low = middle;
      else high = middle;
    }
    const [size, name] = scaleOf(area.unit, area.range);
    const pixel = (area.range[1] - area.range[0]) / area.width / size;
    const when = `${words(found.edges[low] / size, 10 ** Math.floor(Math.log10(pixel)))} ${name} · step ${Math.round(found.first + low * found.each).toLocaleString('en')}`;
    const value = (row) => {
      const [l, h] = [found.lows[low * found.rows + row], found.highs[low * found.rows + row]];
      if (shown.kind === 'raster') return `${h} ${h === 1 ? 'spike' : 'spikes'}`;
      return l === h || Number.isNaN(l) ? words(l, 0) : `${words(l, 0)} … ${words(h, 0)}`;
    };
    if (shown.kind !== 'traces') {
      const row = pointer?.row;
      return row === undefined || row < 0 || row >= 1 ? when
        : `${when} · ${this.name(found.units[Math.floor(row * found.rows)])}: ${value(Math.floor(row * found.rows))}`;
    }
    return `${when} · ${found.units.slice(0, 10).map((one, row) => `${found.units.length > 1 ? `${this.name(one)}: ` : ''}${value(row)}`).join('  ')}`;
  }

  // What the pointer and the keys do: the wheel zooms, dragging moves, dragging with Shift selects, a click puts the cursor.
  listen() {
    const {data} = this.parts;
    const at = (event) => {
      const {area} = this;
      const box = data.getBoundingClientRect();
      const x = (event.clientX - box.left) * area.scale, y = (event.clientY - box.top) * area.scale;
      const time = area.range[0] + (x - area.left) / area.width * (area.range[1] - area.range[0]);
      return {unit: area.unit, at: time, x, row: (y - area.top) / area.height};
    };
    data.addEventListener('wheel', (event) => {
      if (!this.area) return;
      event.preventDefault();
      if (Math.abs(event.deltaX) > Math.abs(event.deltaY)) this.state.pan(this.unit, event.deltaX / 1000);
      else this.state.zoom(this.unit, Math.exp(Math.max(-1, Math.min(1, event.deltaY / 300))), at(event).at);
    }, {passive: false});
    let from = null;
    data.addEventListener('pointerdown', (event) => {
      if (!this.area || event.button) return;
      from = {...at(event), range: this.area.range, shift: event.shiftKey, moved: false};
      data.setPointerCapture(event.pointerId);
    });
    data.addEventListener('pointermove', (event) => {
      if (!this.area) return;
      const now = at(event);
      if (from && Math.abs(now.x - from.x) > 3 * this.area.scale) from.moved = true;
      if (from?.moved && !from.shift) {
        const moved = (from.x - now.x) / this.area.width * (from.range[1] - from.range[0]);
        this.state.look(this.unit, from.range[0] + moved, from.range[1] + moved);
      } else {
        this.element.dispatchEvent(new CustomEvent('hover', {bubbles: true, detail: now}));
        if (from?.moved) this.select(from.x, now.x);
      }
    });
    data.addEventListener('pointerup', (event) => {
      if (!from) return;
      const now = at(event);
      if (!from.moved) this.state.put(now.unit, now.at);
      else if (from.shift) this.state.look(this.unit, Math.min(from.at, now.at), Math.max(from.at, now.at));
      from = null;
    });
    data.addEventListener('pointercancel', () => { from = null; });
    data.addEventListener('pointerleave', () => this.element.dispatchEvent(new CustomEvent('hover', {bubbles: true, detail: null})));
    data.addEventListener('dblclick', () => {
      delete this.state.ranges[this.unit];
      this.state.save();
    });
    data.addEventListener('keydown', (event) => {
      const keys = {
        ArrowLeft: () => this.state.pan(this.unit, -0.1), ArrowRight: () => this.state.pan(this.unit, 0.1),
        '+': () => this.state.zoom(this.unit, 0.5), '-': () => this.state.zoom(this.unit, 2),
        Home: () => { delete this.state.ranges[this.unit]; this.state.save(); },
      };
      if (!keys[event.key] || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      keys[event.key]();
    });
  }

  select(x0, x1) {
    const {area} = this;
    const pen = this.parts.over.getContext('2d');
    pen.fillStyle = 'rgba(31, 119, 180, 0.2)';
    pen.fillRect(Math.min(x0, x1), area.top, Math.abs(x1 - x0), area.height);
  }
}

// The colour of a value between limits: of a cell the end that is farther from zero where there are both signs, else the highest.
function valueColour(map, [low, high]) {
  const both = low < 0 && low === -high, span = high - low || 1;
  return (least, most) => {
    const value = both && -least > most ? least : most;
    if (Number.isNaN(value)) return null;
    const at = 3 * Math.max(0, Math.min(255, Math.floor((value - low) / span * 256)));
    return [map[at], map[at + 1], map[at + 2]];
  };
}

// Limits around zero where values are on both sides of it; where few are on one side, as they are.
function balanced([low, high]) {
  const most = Math.max(-low, high);
  return Math.min(-low, high) > 0.5 * most ? [-most, most] : [low, high];
}

function mapOf([low, high]) {
  return low < 0 && low === -high ? 'RdBu_r' : 'viridis';
}

function rgb(colour) {
  return [1, 3, 5].map((at) => parseInt(colour.trim().slice(at, at + 2), 16));
}
