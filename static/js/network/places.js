// Where each number of the trace stands in the network's picture, and which number a point of the picture is.

import { indexOf } from "./layout.js";
import { barOf, unitAt } from "./strip.js";

/** @typedef {import("../types").CellAt} CellAt */
/** @typedef {import("../types").IndexPart} IndexPart */
/** @typedef {import("../types").Trace} Trace */
/** @typedef {import("./layout.js").Box} Box */
/** @typedef {import("./layout.js").Layout} Layout */
/** @typedef {import("./layout.js").Net} Net */

const AT_ONCE = 2 ** 18; // numbers: one megabyte

/**
 * One strip: a vector of the trace at a place. `index` is that vector's index (null on the unit's axis); `whole` is the
 * larger part to ask the server for, so that a window costs one question a tensor; `t` is null at the ends of a row.
 * @typedef {{tensor: string, quantity: "h" | "c" | "x", index: IndexPart[], whole: IndexPart[], units: number, split: number,
 *   box: Box, row: number | null, t: number | null}} Spot
 */

/**
 * Every strip of the picture for sample n.
 * @param {Layout} layout
 * @param {Net} net
 * @param {Trace} trace
 * @param {number} n
 * @returns {Spot[]}
 */
export function spotsOf(layout, net, trace, n) {
  /** @type {Spot[]} */
  const spots = [];
  /** What to ask for: the whole sequence of a sample, so that turning a page asks nothing; of a very long one, the page. */
  const run = (/** @type {string} */ tensor) => {
    const units = trace.tensors[tensor]?.shape.at(-1) ?? 0;
    return net.steps * units <= AT_ONCE ? null : /** @type {[number, number]} */ ([layout.first, layout.first + layout.count]);
  };
  /** @param {string} tensor @param {Box} box @param {Omit<Spot, "tensor" | "box" | "units">} rest */
  const add = (tensor, box, rest) => {
    const units = trace.tensors[tensor]?.shape.at(-1);
    if (units !== undefined) spots.push({ tensor, box, units, ...rest });
  };
  const inset = (/** @type {Box} */ { x, y, w, h }) => ({ x: x + 4, y: y + 3, w: w - 8, h: h - 6 });

  for (const { row, t, h, c, live } of layout.cells) {
    if (!live) continue;
    const name = net.rows[row].name;
    add(`${name}.h`, h, { quantity: "h", index: [n, t, null], whole: [n, null, null], split: 0, row, t });
    if (c) add(`${name}.c`, c, { quantity: "c", index: [n, t, null], whole: [n, run(`${name}.c`), null], split: 0, row, t });
  }
  for (const { tensor, row, box } of layout.ends) {
    const index = finalIndex(trace, tensor, row, n);
    add(tensor, box, { quantity: tensor.startsWith("c") ? "c" : "h", index, whole: finalIndex(trace, tensor, null, n), split: 0, row, t: null });
  }
  for (const { layer, t, box } of layout.bars) {
    if (t >= net.steps || !isLive(layout, t)) continue;
    const dropped = `dropped_l${layer}`; // what dropout left for the layer above
    const axes = trace.tensors[dropped]?.axes;
    if (axes) add(dropped, box, { quantity: "h", index: indexOf(axes, n, t), whole: indexOf(axes, n, run(dropped)), split: net.units, row: null, t });
    else
      net.rows.filter((row) => row.layer === layer).forEach((row, half) => {
        const w = box.w / 2 - 1;
        const place = { x: box.x + half * (w + 2), y: box.y, w, h: box.h };
        add(`${row.name}.h`, place, { quantity: "h", index: [n, t, null], whole: [n, null, null], split: 0, row: null, t });
      });
  }
  for (const [tensor, boxes] of /** @type {const} */ ([["input", layout.inputs], ["output", layout.outputs]])) {
    const axes = trace.tensors[tensor]?.axes ?? [];
    const split = tensor === "output" && net.directions === 2 ? (trace.tensors.output.shape.at(-1) ?? 0) / 2 : 0;
    for (const { t, box } of boxes)
      add(tensor, inset(box), {
        quantity: tensor === "input" ? "x" : "h", index: indexOf(axes, n, t), whole: indexOf(axes, n, run(tensor)), split, row: null, t });
  }
  return spots;
}

/** @param {Layout} layout @param {number} t */
function isLive(layout, t) {
  return layout.cells.some((cell) => cell.t === t && cell.live);
}

/**
 * The index of one row's final (or initial) state of sample n: these tensors are never batch-first.
 * @param {Trace} trace
 * @param {string} tensor
 * @param {number | null} row
 * @param {number} n
 * @returns {IndexPart[]}
 */
function finalIndex(trace, tensor, row, n) {
  const axes = trace.tensors[tensor]?.axes ?? [];
  return axes.map((axis, k) => (k === 0 ? row : axis === "N" ? n : null));
}

/**
 * The index with the unit filled in.
 * @param {Spot} spot
 * @param {number} unit
 * @returns {CellAt}
 */
export function cellOf(spot, unit) {
  return { tensor: spot.tensor, index: spot.index.map((part) => (typeof part === "number" ? part : unit)) };
}

/**
 * The number under a point, if there is one.
 * @param {Spot[]} spots
 * @param {number} x
 * @param {number} y
 * @returns {{spot: Spot, unit: number} | null}
 */
export function spotAt(spots, x, y) {
  const reach = 1; // px: a strip's frame belongs to it
  const spot = spots.find(({ box }) => x >= box.x - reach && x < box.x + box.w + reach && y >= box.y - reach && y < box.y + box.h + reach);
  return spot ? { spot, unit: unitAt(x - spot.box.x, spot.box.w, spot.units, spot.split) } : null;
}

/**
 * The places of one number: a value of output or h_n is also a value of a row, but only its own strip is named here.
 * @param {Spot[]} spots
 * @param {CellAt | null} cell
 * @returns {Box[]}
 */
export function placesOf(spots, cell) {
  if (!cell) return [];
  /** @type {Box[]} */
  const boxes = [];
  for (const spot of spots) {
    if (spot.tensor !== cell.tensor || spot.index.length !== cell.index.length) continue;
    if (!spot.index.every((part, axis) => part === null || part === cell.index[axis])) continue;
    const unit = cell.index[spot.index.findIndex((part) => part === null)];
    if (unit !== undefined && unit < spot.units) boxes.push(barOf(spot.box, unit, spot.units, spot.split));
  }
  return boxes;
}
