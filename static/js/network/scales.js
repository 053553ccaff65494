// One colour scale a quantity: the same h has the same colour in every row, in h_n and in output; c likewise.

import { scaleOf } from "../core/colour.js";

/** @typedef {import("../core/colour.js").Scale} Scale */
/** @typedef {import("../types").Trace} Trace */
/** @typedef {{min: number, max: number}} Range */

const ALSO = /** @type {{[quantity: string]: string[]}} */ ({ h: ["output", "h_n", "h_0"], c: ["c_n", "c_0"], x: ["input"] });

/**
 * The scale of a quantity ("h", "c", "i", …, or "x" for what enters) over every tensor that holds it.
 * @param {Trace} trace
 * @param {string} quantity
 * @param {Range | null} [seen] the range of blocks read since, where the trace does not tell it
 * @param {Trace[]} [beside]  runs that are compared with it
 * @returns {Scale}
 */
export function scaleOfQuantity(trace, quantity, seen = null, beside = []) {
  let range = seen;
  for (const [name, info] of [trace, ...beside].flatMap(({ tensors }) => Object.entries(tensors))) {
    if (!name.endsWith(`.${quantity}`) && !(ALSO[quantity] ?? []).includes(name)) continue;
    if (info.min !== null && info.max !== null) range = widen(range, { min: info.min, max: info.max });
  }
  return scaleOf(quantity === "x" ? "input" : `l0.${quantity}`, range);
}

/**
 * The range that holds both.
 * @param {Range | null} a
 * @param {Range} b
 * @returns {Range}
 */
export function widen(a, b) {
  return a ? { min: Math.min(a.min, b.min), max: Math.max(a.max, b.max) } : { min: b.min, max: b.max };
}
