// The same number in several places: which part of `output` each h_n[k] equals, and every cell to ring for one cursor.

import { aliases } from "../core/places.js";

/** @typedef {import("../types.js").Trace} Trace */
/** @typedef {import("../types.js").CellAt} CellAt */
/** @typedef {import("./draw.js").EndLink} EndLink */

/**
 * For each final state of the top layer, the part of `output` with the same numbers. Where samples end at
 * different steps, only the part of sample `n` is one piece.
 * @param {Trace} trace @param {number} n @returns {EndLink[]}
 */
export function linksOf(trace, n) {
  const info = trace.tensors.output;
  if (!info) return [];
  const [time, batch, last] = [info.axes.indexOf("T"), info.axes.indexOf("N"), info.shape.length - 1];
  return trace.positions.output.flatMap((strand) => {
    const end = trace.positions.h_n.find(({ layer, direction }) => layer === strand.layer && direction === strand.direction);
    if (!end) return [];
    const together = sameStep(end.step);
    const step = (together ? end.step[0] : end.step[n]) ?? end.step[0];
    const ranges = info.shape.map(() => null);
    return [linkOf(end.index, step, together)];

    /** @param {number} row @param {number} at @param {boolean} all @returns {EndLink} */
    function linkOf(row, at, all) {
      /** @type {([number, number] | null)[]} */
      const parts = [...ranges];
      parts[time] = [at, at + 1];
      parts[last] = [strand.features[0], strand.features[1]];
      if (!all && batch >= 0) parts[batch] = [n, n + 1];
      const from = info.shape.map(() => 0);
      from[time] = at + 0.5;
      from[last] = strand.features[1];
      if (batch >= 0) from[batch] = 0.5;
      return { row, ranges: parts, from };
    }
  });
}

/**
 * "output[:, -1, :6]": the same numbers as h_n[row]; "" where no single slice has them.
 * @param {Trace} trace @param {number} row
 */
export function equalsText(trace, row) {
  const info = trace.tensors.output;
  const end = trace.positions.h_n.find(({ index }) => index === row);
  const strand = end && trace.positions.output.find(({ layer, direction }) => layer === end.layer && direction === end.direction);
  if (!info || !end || !strand || !sameStep(end.step)) return "";
  const T = info.shape[info.axes.indexOf("T")];
  const width = info.shape[info.shape.length - 1];
  const items = info.axes.slice(0, -1).map((axis) => (axis === "T" ? (end.step[0] === T - 1 ? "-1" : String(end.step[0])) : ":"));
  const [from, to] = strand.features;
  if (from > 0 || to < width) items.push(`${from || ""}:${to < width ? to : ""}`);
  while (items.at(-1) === ":") items.pop();
  return `output[${items.join(", ")}]`;
}

/** @param {number[]} steps */
const sameStep = (steps) => steps.every((step) => step === steps[0]);

/**
 * The cells to ring: the pinned one, the one under the pointer, and the same number in other places.
 * @param {Trace} trace @param {CellAt | null} cursor @param {CellAt | null} pinned @param {CellAt[]} [pins]
 */
export function marksOf(trace, cursor, pinned, pins = []) {
  /** @type {import("./draw.js").Mark[]} */
  const marks = [];
  /** @type {[CellAt | null, "cursor" | "pinned"][]} */
  const pairs = [[cursor, "cursor"], ...pins.map((cell) => /** @type {[CellAt, "pinned"]} */ ([cell, "pinned"])), [pinned, "pinned"]];
  for (const [cell, kind] of pairs) {
    if (!cell || !Object.hasOwn(trace.tensors, cell.tensor)) continue;
    for (const other of aliases(trace, cell)) marks.push({ ...other, kind: "alias" });
    marks.push({ ...cell, kind });
  }
  return marks;
}
