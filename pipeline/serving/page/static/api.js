// What the server is asked, and its answers as numbers. Arrays come framed: the length of a JSON header, the header, numbers.

async function answered(path, query, signal) {
  const response = await fetch(`${path}?${new URLSearchParams(query)}`, {signal});
  if (response.ok) return response;
  let why = `${response.status} ${response.statusText}`;
  try {
    why = (await response.json()).error || why;
  } catch {
    // an answer without words
  }
  throw new Error(why);
}

export async function variables(known) {
  return (await answered('variables', {known})).json();
}

// The extremes of each column: {first, each, columns, rows, units, extent, unit, ready, edges, lows, highs}.
export async function view(query, signal) {
  const [about, buffer, at] = framed(await (await answered('view', query, signal)).arrayBuffer());
  const numbers = about.dtype === 'f4' ? Float32Array : Float64Array;
  const edges = new Float64Array(buffer, at, about.columns + 1);
  const count = about.columns * about.rows;
  const lows = new numbers(buffer, at + edges.byteLength, count);
  return {...about, edges, lows, highs: new numbers(buffer, lows.byteOffset + lows.byteLength, count)};
}

// A matrix at a step: {step, steps, time, extent, unit, rows, columns, limits, sample, values}.
export async function matrix(query, signal) {
  const [about, buffer, at] = framed(await (await answered('matrix', query, signal)).arrayBuffer());
  return {...about, values: new Float32Array(buffer, at, about.rows * about.columns)};
}

// 256 colours, three bytes each.
const maps = new Map();
export function colours(name) {
  if (!maps.has(name)) {
    maps.set(name, answered('colours', {name}).then(async (found) => new Uint8Array(await found.arrayBuffer())));
  }
  return maps.get(name);
}

function framed(buffer) {
  const length = new DataView(buffer).getUint32(0, true);
  return [JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, length))), buffer, 4 + length];
}
