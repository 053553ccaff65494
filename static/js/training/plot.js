// Where the points of the loss curve go: two axes and their ticks. Pure.

/** @typedef {{log: boolean, low: number, high: number, at: (value: number) => number, ticks: number[]}} Axis */

/**
 * The vertical axis over all positive losses: logarithmic where they span more than a factor of eight.
 * @param {number[]} values @param {number} top @param {number} bottom @returns {Axis}
 */
export function lossAxis(values, top, bottom) {
  const known = values.filter((value) => Number.isFinite(value));
  const positive = known.filter((value) => value > 0);
  const most = Math.max(...known, 1e-9);
  const least = positive.length ? Math.min(...positive) : most;
  const log = positive.length === known.length && most / least > 8;
  const low = log ? Math.log10(least) - 0.05 : 0;
  const high = log ? Math.log10(most) + 0.05 : most * 1.05;
  const at = (/** @type {number} */ value) => {
    const x = log ? Math.log10(Math.max(value, 1e-12)) : value;
    return bottom + ((top - bottom) * (x - low)) / (high - low);
  };
  return { log, low, high, at, ticks: log ? decades(low, high) : round(high) };
}

/** 1, 2, 5 × 10^k between two logarithms; whole decades where that is many. @param {number} low @param {number} high */
function decades(low, high) {
  const found = [];
  for (let power = Math.floor(low); power <= high; power += 1) {
    for (const step of high - low > 2.5 ? [1] : [1, 2, 5]) {
      const value = Number(`${step}e${power}`);
      if (Math.log10(value) >= low && Math.log10(value) <= high) found.push(value);
    }
  }
  return found;
}

/** Three to six round numbers from 0. @param {number} high */
export function round(high) {
  const power = 10 ** Math.floor(Math.log10(high));
  const step = [0.2, 0.5, 1, 2].map((part) => part * power).find((each) => high / each <= 6) ?? power;
  return Array.from({ length: Math.floor(high / step) + 1 }, (_, k) => Number((k * step).toPrecision(6)));
}

/** @param {[number, number][]} points @returns {string} the d of a path */
export const pathOf = (points) => points.map(([x, y], k) => `${k ? "L" : "M"}${x.toFixed(1)} ${y.toFixed(1)}`).join("");

/** Every so many, the last among them: as many as there are pixels for. @template T @param {T[]} all @param {number} most @returns {T[]} */
export function thinned(all, most) {
  const each = Math.ceil(all.length / most);
  return each <= 1 ? all : all.filter((_, k) => k % each === 0 || k === all.length - 1);
}
