// What is looked at. It is kept in the page's address, so that a link restores it.

const KEY = 'p.hdf2tb.view';

export class State {
  constructor() {
    this.shown = []; // {id, kind, units}: the variables in view, from top to bottom
    this.ranges = {}; // [start, stop] by unit of the axis; absent: all there is
    this.extents = new Map(); // by variable: {unit, extent}
    this.counted = false; // whether axes count steps
    this.cursor = null; // {unit, at}: where the cursor was put
    this.changed = () => {};
    this.restore();
  }

  // The whole of an axis: from the first begin to the last end of all variables in view.
  whole(unit) {
    const found = this.shown.map(({id}) => this.extents.get(id)).filter((one) => one && one.unit === unit);
    if (!found.length) return null;
    return [Math.min(...found.map((one) => one.extent[0])), Math.max(...found.map((one) => one.extent[1]))];
  }

  range(unit) {
    return this.ranges[unit] || this.whole(unit);
  }

  // Show a stretch of an axis: no longer than all there is, and no shorter than numbers can tell apart.
  look(unit, start, stop) {
    const whole = this.whole(unit);
    if (!whole) return;
    const least = (Math.max(...whole.map(Math.abs)) || 1) * 1e-12;
    const length = Math.min(Math.max(stop - start, least), whole[1] - whole[0]);
    const begin = Math.min(Math.max(start, whole[0]), whole[1] - length);
    if (length >= whole[1] - whole[0]) delete this.ranges[unit];
    else this.ranges[unit] = [begin, begin + length];
    this.save();
  }

  zoom(unit, factor, at) {
    const range = this.range(unit);
    if (!range) return;
    const centre = at === undefined ? (range[0] + range[1]) / 2 : at;
    this.look(unit, centre - (centre - range[0]) * factor, centre + (range[1] - centre) * factor);
  }

  pan(unit, part) {
    const range = this.range(unit);
    if (range) this.look(unit, range[0] + part * (range[1] - range[0]), range[1] + part * (range[1] - range[0]));
  }

  put(unit, at) {
    this.cursor = {unit, at};
    this.save();
  }

  save() {
    const {shown, ranges, counted, cursor} = this;
    const top = frame();
    const others = top.location.hash.slice(1).split('&').filter((part) => part && !part.startsWith(`${KEY}=`));
    const view = `${KEY}=${encodeURIComponent(JSON.stringify({shown, ranges, counted, cursor}))}`;
    const parts = others.length ? others : ['hdf2tb'];
    top.history.replaceState(top.history.state, '', `#${[...parts, view].join('&')}`);
    this.changed();
  }

  restore() {
    const part = frame().location.hash.slice(1).split('&').find((one) => one.startsWith(`${KEY}=`));
    if (!part) return;
    try {
      const found = JSON.parse(decodeURIComponent(part.slice(KEY.length + 1)));
      if (!Array.isArray(found.shown)) return;
      Object.assign(this, {shown: found.shown, ranges: found.ranges || {}, counted: !!found.counted, cursor: found.cursor});
    } catch {
      // a link that was cut: begin anew
    }
  }
}

// The window whose address people see; this one where it may not be touched.
function frame() {
  try {
    void window.parent.location.hash;
    return window.parent;
  } catch {
    return window;
  }
}

export function link() {
  return frame().location.href;
}
