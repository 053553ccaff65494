// The ranges that a number was computed from, in every block they sit in: what lights up, and where arrows begin.

import { answerFor, chosen } from "./chosen.js";
import { aliases, exists } from "./places.js";

/** @typedef {import("../types.js").AppState} AppState */
/** @typedef {import("../types.js").CellAt} CellAt */
/** @typedef {import("../types.js").Explained} Explained */
/** @typedef {import("../types.js").Trace} Trace */
/** @typedef {[number, number]} Span  [from, to) */
/** @typedef {{tensor: string, spans: Span[]}} Range  a stretch of numbers: one span an axis */
/** @typedef {{key: string, symbol: string, places: Range[]}} Marked  one read; its places hold the same numbers, its own first */
/** @typedef {{cell: CellAt, to: CellAt[], marked: Marked[]}} Sources  to: the number and its other names */

/**
 * "1,2,:" or "4,0:6" in a tensor of this shape.
 * @param {string} index
 * @param {number[]} shape
 * @returns {Span[]}
 */
export function spansIn(index, shape) {
  if (index === "") return [];
  return index.split(",").map((part, axis) => {
    const [from, to] = part.split(":");
    if (to === undefined) return [Number(from), Number(from) + 1];
    return [Number(from || 0), to === "" ? shape[axis] : Number(to)];
  });
}

/**
 * The same numbers under their other names: ends of the spans lead to the ends of the other spans.
 * @param {Trace} trace
 * @param {Range} range
 * @returns {Range[]}
 */
export function mirrorsOf(trace, { tensor, spans }) {
  const lasts = aliases(trace, { tensor, index: spans.map(([, to]) => to - 1) });
  return aliases(trace, { tensor, index: spans.map(([from]) => from) }).flatMap((first) => {
    const last = lasts.find((one) => one.tensor === first.tensor);
    if (!last) return [];
    /** @type {Range} */
    const found = { tensor: first.tensor, spans: first.index.map((from, axis) => [from, last.index[axis] + 1]) };
    return size(found) === size({ tensor, spans }) ? [found] : [];
  });
}

/** @param {Range} range */
const size = ({ spans }) => spans.reduce((product, [from, to]) => product * Math.max(0, to - from), 1);

/** @type {WeakMap<object, Sources>} */
const known = new WeakMap();

/**
 * What to mark now: the sources of the number pointed at, else of the one that is kept. The same object as long as
 * nothing changed; null while there is nothing to mark.
 * @param {AppState} state
 * @returns {Sources | null}
 */
export function sourcesOf(state) {
  if (!state.trace || !state.explained || (!state.cursor && !state.pinned)) return null;
  const { cell, home, how } = chosen(state);
  const explained = how === "follows" ? null : answerFor(state, home);
  if (!explained?.answer) return null;
  const had = known.get(explained);
  if (had && had.cell.tensor === cell.tensor && had.cell.index.join() === cell.index.join()) return had;
  const found = { cell, to: [cell, ...aliases(state.trace, cell)], marked: markedOf(state.trace, explained.answer) };
  known.set(explained, found);
  return found;
}

/**
 * Ranges of parameters stand nowhere in the pictures; the word that picked a row of the table does.
 * @param {Trace} trace
 * @param {Pick<Explained, "reads" | "picked_by">} answer
 * @returns {Marked[]}
 */
export function markedOf(trace, { reads, picked_by: picked }) {
  const named = reads.flatMap(({ tensor, index, symbol }) => (tensor === null ? [] : [{ tensor, index, symbol }]));
  if (picked?.tensor) named.push({ tensor: picked.tensor, index: picked.index.join(), symbol: "" });
  return named.flatMap(({ tensor, index, symbol }) => {
    if (!Object.hasOwn(trace.tensors, tensor)) return []; // inside an encoder
    const range = { tensor, spans: spansIn(index, trace.tensors[tensor].shape) };
    if (!exists(trace, { tensor, index: range.spans.map(([from]) => from) })) return [];
    return [{ key: `${tensor}[${index}]`, symbol, places: [range, ...mirrorsOf(trace, range)] }];
  });
}
