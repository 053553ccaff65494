// Which steps of a long sequence are on the screen, which step a pixel stands for, and averages for cells below one pixel.

/** At most this many columns: more than that cannot be read side by side. */
export const MOST_COLUMNS = 16;

/**
 * A run of steps: `first` … `first + count − 1`.
 * @typedef {{first: number, count: number}} Run
 */

/**
 * How many columns of at least `pitch` fit into `room` (the last one needs no gutter behind it).
 * @param {number} room
 * @param {number} steps
 * @param {number} pitch
 * @param {number} gutter
 */
export function columnsThatFit(room, steps, pitch, gutter) {
  const fit = Math.floor((room + gutter) / pitch);
  return Math.max(1, Math.min(fit, MOST_COLUMNS, steps));
}

/**
 * A window kept inside the sequence.
 * @param {number} first
 * @param {number} count
 * @param {number} steps
 * @returns {Run}
 */
export function windowAt(first, count, steps) {
  const shown = Math.max(1, Math.min(count, steps));
  return { first: Math.max(0, Math.min(Math.round(first), steps - shown)), count: shown };
}

/**
 * The window after t has moved. It stays while t is inside; when t leaves, it turns like a page: one step of what was
 * shown stays visible, so playing a long sequence redraws once a page and not once a step.
 * @param {Run} run
 * @param {number} t
 * @param {number} steps
 * @returns {Run}
 */
export function follow(run, t, steps) {
  const { first, count } = windowAt(run.first, run.count, steps);
  if (t >= first && t < first + count) return { first, count };
  const context = count > 2 ? 1 : 0;
  return windowAt(t < first ? t - (count - 1 - context) : t - context, count, steps);
}

/**
 * The step under a pixel of a strip that shows the whole sequence.
 * @param {number} x
 * @param {number} width
 * @param {number} steps
 */
export function stepAt(x, width, steps) {
  return Math.max(0, Math.min(steps - 1, Math.floor((x / Math.max(1, width)) * steps)));
}

/**
 * Where a run of steps lies on a strip; never thinner than `least` px, and never outside the strip.
 * @param {Run} run
 * @param {number} width
 * @param {number} steps
 * @param {number} [least]
 */
export function placeOf(run, width, steps, least = 0) {
  const w = Math.min(width, Math.max(least, (run.count / steps) * width));
  const middle = ((run.first + run.count / 2) / steps) * width;
  return { x: Math.max(0, Math.min(width - w, middle - w / 2)), w };
}

/**
 * How many values one pixel stands for (1 when each value has a pixel or more).
 * @param {number} values
 * @param {number} pixels
 */
export function valuesPerPixel(values, pixels) {
  return Math.max(1, values / Math.max(1, Math.floor(pixels)));
}

/**
 * A T×H block as an image with time to the right and units down, `columns` × `rows` at most; smaller than the block
 * means averages over equal bins (never every k-th value, which would draw patterns that are not in the data).
 * @param {import("../types.js").Numbers} data T×H values, unit fastest
 * @param {number} steps T
 * @param {number} units H
 * @param {number} columns
 * @param {number} rows
 * @returns {{columns: number, rows: number, data: import("../types.js").Numbers}}
 */
export function image(data, steps, units, columns, rows) {
  const across = Math.max(1, Math.min(steps, Math.floor(columns)));
  const down = Math.max(1, Math.min(units, Math.floor(rows)));
  const sums = new Float64Array(across * down);
  const counts = new Uint32Array(across * down);
  for (let t = 0; t < steps; t++) {
    const column = Math.floor((t * across) / steps);
    for (let u = 0; u < units; u++) {
      const at = Math.floor((u * down) / units) * across + column;
      sums[at] += data[t * units + u];
      counts[at]++;
    }
  }
  const out = new Float32Array(across * down);
  for (let k = 0; k < out.length; k++) out[k] = sums[k] / counts[k];
  return { columns: across, rows: down, data: out };
}

/**
 * The smallest, the largest and the mean of a block; null for an empty one.
 * @param {import("../types.js").Numbers} data
 */
export function summary(data) {
  if (data.length === 0) return null;
  let min = Infinity;
  let max = -Infinity;
  let sum = 0;
  for (const value of data) {
    if (value < min) min = value;
    if (value > max) max = value;
    sum += value;
  }
  return { min, max, mean: sum / data.length };
}

/**
 * At most `most` whole numbers from 0 to `count − 1` at a round distance; always 0, and the last one when it does not
 * crowd its neighbour.
 * @param {number} count
 * @param {number} most
 */
export function ticks(count, most) {
  if (count <= 1) return [0];
  let step = 1;
  for (let power = 1; (count - 1) / step > Math.max(1, most - 1); power *= 10) {
    for (const factor of [1, 2, 5, 10]) {
      step = factor * power;
      if ((count - 1) / step <= Math.max(1, most - 1)) break;
    }
  }
  const marks = [];
  for (let k = 0; k < count; k += step) marks.push(k);
  const last = marks[marks.length - 1];
  if (marks.length === 1 || count - 1 - last >= step * 0.6) marks.push(count - 1);
  else marks[marks.length - 1] = count - 1;
  return marks;
}
