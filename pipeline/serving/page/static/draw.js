// Drawing on a canvas: axes, traces, cells. Coordinates are pixels of the screen (`scale` of them a CSS pixel).

export const LEFT = 68, RIGHT = 14, TOP = 8, BOTTOM = 38;
export const COLOURS = ['#1f77b4', '#ff7f0e', '#2ca02c', '#d62728', '#9467bd', '#8c564b', '#e377c2', '#7f7f7f', '#bcbd22', '#17becf'];

const SCALES = [[86400, 'd'], [3600, 'h'], [60, 'min'], [1, 's'], [1e-3, 'ms'], [1e-6, 'µs'], [1e-9, 'ns'], [1e-12, 'ps']];

// The unit that a stretch of an axis is labelled in, and how many of the axis's units it has.
export function scaleOf(unit, range) {
  if (unit !== 's') return [1, {step: 'steps', '?': ''}[unit] ?? unit];
  const length = range[1] - range[0];
  const largest = Math.max(Math.abs(range[0]), Math.abs(range[1]));
  return SCALES.find(([size]) => size <= 1 ? largest >= size * 0.9999 && length >= size * 0.01 : length >= 2 * size) || SCALES.at(-1);
}

// Round numbers between two, about so many.
export function ticks(low, high, about) {
  const rough = (high - low) / Math.max(1, about);
  if (!(rough > 0) || !Number.isFinite(rough)) return [];
  const decade = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((nice) => nice * decade).find((nice) => nice >= rough * 0.999);
  const found = [];
  for (let at = Math.ceil(low / step - 1e-9); at * step <= high + step * 1e-9 && found.length < 100; at += 1) found.push(at * step);
  return found;
}

// A number in as many digits as tell it from its neighbour a `step` away.
export function words(value, step) {
  if (!Number.isFinite(value)) return 'none';
  const size = Math.max(Math.abs(value), Math.abs(step) || 0);
  if (size && (size >= 1e7 || size < 1e-4)) {
    const digits = step ? Math.ceil(Math.log10(size / Math.abs(step))) : 4;
    return value.toExponential(Math.min(12, Math.max(0, digits)));
  }
  const digits = step ? Math.max(0, Math.min(12, Math.ceil(-Math.log10(Math.abs(step)) - 1e-9))) : 4;
  const text = value.toFixed(step ? digits : Math.max(0, 4 - Math.floor(Math.log10(size || 1))));
  return step ? text : String(Number(text));
}

// The theme's colours, from the page's style.
export function theme(element) {
  const style = getComputedStyle(element);
  return {ink: style.getPropertyValue('--ink'), faint: style.getPropertyValue('--faint'), paper: style.getPropertyValue('--paper')};
}

// An area of a canvas with its two axes.
export class Area {
  constructor(canvas, height, range, unit) {
    this.scale = window.devicePixelRatio || 1;
    this.canvas = canvas;
    const width = Math.max(200, canvas.parentElement.clientWidth);
    canvas.style.height = `${height}px`;
    [canvas.width, canvas.height] = [Math.round(width * this.scale), Math.round(height * this.scale)];
    this.context = canvas.getContext('2d');
    [this.left, this.top] = [LEFT, TOP].map((size) => Math.round(size * this.scale));
    this.width = Math.round((width - LEFT - RIGHT) * this.scale);
    this.height = Math.round((height - TOP - BOTTOM) * this.scale);
    Object.assign(this, {range, unit});
  }

  x(time) {
    return this.left + (time - this.range[0]) / (this.range[1] - this.range[0]) * this.width;
  }

  y(value) {
    return this.top + this.height - (value - this.low) / (this.high - this.low) * this.height;
  }

  // Draw frame, ticks and labels; `rows` are the names of a raster's or heatmap's units, else values run from low to high.
  axes(colours, low, high, {rows, below = 'time', beside} = {}) {
    const {context: pen, scale} = this;
    Object.assign(this, {low, high});
    pen.font = `${11 * scale}px Roboto, sans-serif`;
    pen.lineWidth = scale;
    const [size, name] = scaleOf(this.unit, this.range);
    const [begin, end] = this.range.map((time) => time / size);
    const found = ticks(begin, end, this.width / scale / 110);
    pen.textBaseline = 'top';
    pen.textAlign = 'center';
    for (const tick of found) {
      const x = Math.round(this.x(tick * size)) + 0.5;
      this.line(colours.faint, x, this.top, x, this.top + this.height);
      pen.fillStyle = colours.ink;
      pen.fillText(words(tick, found.length > 1 ? found[1] - found[0] : 0), x, this.top + this.height + 5 * scale);
    }
    const title = name === 'steps' ? `${below} (steps)` : name ? `${below} (${name})` : below;
    pen.fillText(title, this.left + this.width / 2, this.top + this.height + 19 * scale);
    pen.textAlign = 'right';
    pen.textBaseline = 'middle';
    if (rows) {
      const every = Math.ceil(rows.length / Math.max(1, Math.floor(this.height / scale / 16)));
      for (let row = 0; row < rows.length; row += every) {
        pen.fillText(short(rows[row]), this.left - 6 * scale, this.top + (row + 0.5) / rows.length * this.height);
      }
    } else {
      const levels = ticks(Math.min(low, high), Math.max(low, high), this.height / scale / 34);
      for (const level of levels) {
        const y = Math.round(this.y(level)) + 0.5;
        this.line(colours.faint, this.left, y, this.left + this.width, y);
        pen.fillText(words(level, levels.length > 1 ? levels[1] - levels[0] : 0), this.left - 6 * scale, y);
      }
    }
    if (beside) {
      pen.save();
      pen.translate(this.left - 52 * scale, this.top + this.height / 2);
      pen.rotate(-Math.PI / 2);
      pen.textAlign = 'center';
      pen.fillText(beside, 0, 0);
      pen.restore();
    }
    pen.strokeStyle = colours.ink;
    pen.strokeRect(this.left + 0.5, this.top + 0.5, this.width, this.height);
    pen.save();
    pen.beginPath();
    pen.rect(this.left, this.top, this.width, this.height);
    pen.clip();
  }

  line(colour, x0, y0, x1, y1) {
    this.context.strokeStyle = colour;
    this.context.beginPath();
    this.context.moveTo(x0, y0);
    this.context.lineTo(x1, y1);
    this.context.stroke();
  }

  // Draw a unit of a view as a line through the lowest and the highest of each column; gaps where there is no number.
  trace(view, row, colour) {
    const {context: pen, scale} = this;
    const single = view.each === 1;
    const dots = single && this.width / Math.max(1, (this.range[1] - this.range[0]) / (view.edges[1] - view.edges[0])) > 9 * scale;
    pen.strokeStyle = pen.fillStyle = colour;
    pen.lineWidth = 1.2 * scale;
    pen.lineJoin = 'round';
    pen.beginPath();
    let before = null;
    for (let column = 0; column < view.columns; column += 1) {
      const low = view.lows[column * view.rows + row], high = view.highs[column * view.rows + row];
      if (!(low <= high)) {
        before = null;
        continue;
      }
      const x = this.x(single ? view.edges[column] : (view.edges[column] + view.edges[column + 1]) / 2);
      const ends = [this.y(this.inside(low)), this.y(this.inside(high))];
      if (before !== null && Math.abs(before - ends[1]) < Math.abs(before - ends[0])) ends.reverse();
      if (before === null) pen.moveTo(x, ends[0] + (low === high && !single ? 0.5 : 0));
      else pen.lineTo(x, ends[0]);
      pen.lineTo(x, ends[1]);
      before = ends[1];
      if (dots) pen.rect(x - 1.5 * scale, ends[0] - 1.5 * scale, 3 * scale, 3 * scale);
    }
    pen.stroke();
  }

  // A value, or one far outside the area where it is infinite.
  inside(value) {
    const room = (this.high - this.low) * 10;
    return Math.min(Math.max(value, this.low - room), this.high + room);
  }

  // Draw a view as cells: `colour(low, high)` gives the red, green, blue of one, or nothing.
  cells(view, colour) {
    const {width, height} = this;
    const image = this.context.createImageData(width, height);
    const rowOf = (y) => Math.min(view.rows - 1, Math.floor(y * view.rows / height));
    const perPixel = (this.range[1] - this.range[0]) / width;
    let column = 0;
    for (let x = 0; x < width; x += 1) {
      const time = this.range[0] + x * perPixel;
      while (column < view.columns - 1 && view.edges[column + 1] <= time) column += 1;
      if (view.edges[column] > time + perPixel || view.edges[view.columns] <= time) continue;
      let past = column + 1;
      while (past < view.columns && view.edges[past] < time + perPixel) past += 1;
      let row = -1, found = null;
      for (let y = 0; y < height; y += 1) {
        if (rowOf(y) !== row) {
          row = rowOf(y);
          let low = NaN, high = NaN;
          for (let at = column; at < past; at += 1) {
            const [l, h] = [view.lows[at * view.rows + row], view.highs[at * view.rows + row]];
            if (!(low <= l)) low = l;
            if (!(high >= h)) high = h;
          }
          found = colour(low, high);
        }
        if (found) image.data.set([...found, 255], 4 * (y * width + x));
      }
    }
    this.paste(image);
  }

  // Draw a matrix, its first row at the top, in cells of one size.
  matrix(found, colour) {
    const image = this.context.createImageData(this.width, this.height);
    for (let y = 0; y < this.height; y += 1) {
      const row = Math.floor(y * found.rows / this.height);
      for (let x = 0; x < this.width; x += 1) {
        const value = found.values[row * found.columns + Math.floor(x * found.columns / this.width)];
        const one = colour(value, value);
        if (one) image.data.set([...one, 255], 4 * (y * this.width + x));
      }
    }
    this.paste(image);
  }

  paste(image) {
    const other = new OffscreenCanvas(image.width, image.height);
    other.getContext('2d').putImageData(image, 0, 0);
    this.context.drawImage(other, this.left, this.top);
  }

  done() {
    this.context.restore();
  }
}

// The lowest and the highest number of a view or of a matrix.
export function limitsOf(lows, highs) {
  let low = Infinity, high = -Infinity;
  for (let at = 0; at < lows.length; at += 1) {
    if (lows[at] < low && lows[at] > -Infinity) low = lows[at];
    if (highs[at] > high && highs[at] < Infinity) high = highs[at];
  }
  return low <= high ? [low, high] : [0, 1];
}

// Limits with some room, so that lines do not lie on the frame.
export function roomy([low, high]) {
  const room = (high - low) * 0.06 || Math.abs(high) * 0.05 || 1;
  return [low - room, high + room];
}

function short(text) {
  return text.length > 9 ? `${text.slice(0, 8)}…` : text;
}
