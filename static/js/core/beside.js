// Two runs on one time axis: the same number in both, and their difference as something that can be drawn.

import { ENCODER } from "./encoder.js";
import { exists, rows, sizes } from "./places.js";

/** @typedef {import("../types.js").AppState} AppState */
/** @typedef {import("../types.js").CellAt} CellAt */
/** @typedef {import("../compare.types.js").Difference} Difference */
/** @typedef {import("../types.js").Say} Say */
/** @typedef {import("../types.js").Trace} Trace */
/** @typedef {Pick<AppState, "t" | "n" | "cursor" | "pinned">} Looking  what both are looked at by */

/**
 * The same place in another run: its own nearest step and sample, a number only where it has one of that name and index.
 * @param {Trace} trace @param {Looking} looking @param {Trace} [sized]  whose steps and samples count @returns {Looking}
 */
export function lookingAt(trace, { t, n, cursor, pinned }, sized = trace) {
  const { samples, steps } = sizes(sized);
  const own = (/** @type {CellAt | null} */ cell) => (exists(trace, cell) ? cell : null);
  return { t: Math.min(t, steps - 1), n: Math.min(n, samples - 1), cursor: own(cursor), pinned: own(pinned) };
}

/**
 * a − b as a run that can be drawn: a's stages, with those tensors only that could be subtracted.
 * @param {Trace} a @param {Trace} b @param {Difference} found @returns {Trace}
 */
export function differenceOf(a, b, found) {
  const tensors = Object.fromEntries(Object.entries(found.tensors).map(([name, info]) => [name, { ...info, difference: true }]));
  const { model } = a.request;
  // a network is drawn with a cell state only where both have one
  const cell = model.cell === "lstm" && !hasRows(a, tensors, "c") ? "rnn" : model.cell;
  const stages = a.stages?.filter(({ name }) => name !== "encoder" && !name.startsWith(ENCODER)); // which is a run of its own
  return { ...a, stages, difference: true, positions: positionsOf(a, b, tensors), id: `${found.a} − ${found.b}`, tensors, small: found.small, encoder: null, request: { ...a.request, model: { ...model, cell } } };
}

/**
 * Where the same difference stands twice: where the same number does in both. A short sample's last state in a packed run
 * is the state of another step than in a padded one, so there no step is its own.
 * @param {Trace} a @param {Trace} b @param {Trace["tensors"]} tensors @returns {Trace["positions"]}
 */
function positionsOf(a, b, tensors) {
  const steps = (/** @type {Trace} */ { positions }) => positions.h_n.map(({ step }) => step.join()).join(";");
  const agree = steps(a) === steps(b) && Object.hasOwn(tensors, "output");
  const ends = (/** @type {Trace["positions"]["h_n"]} */ all) => all.map((end) => (agree ? end : { ...end, step: [] }));
  return { output: agree ? a.positions.output : [], h_n: ends(a.positions.h_n), c_n: ends(a.positions.c_n ?? []) };
}

/** Can the whole network of a be drawn from the differences? @param {Trace} a @param {Difference} found */
export const hasNetwork = (a, { tensors }) => ["input", "output", "h_n"].every((name) => Object.hasOwn(tensors, name)) && hasRows(a, tensors, "h");

/** @param {Trace} a @param {{[name: string]: unknown}} tensors @param {"h" | "c"} quantity */
function hasRows(a, tensors, quantity) {
  return rows(a).every(({ name }) => Object.hasOwn(tensors, `${name}.${quantity}`));
}

/**
 * Why a tensor of both can't be subtracted: which axis, and its size in either.
 * @param {Difference["apart"][0]} apart @param {Say} say
 */
export function reasonOf({ name, a, a_axes, b, b_axes, place }, say) {
  const axis = a_axes[place];
  if (axis === undefined || axis !== b_axes[place]) return say("compare.apart.axes", { name, a: a_axes.join(", "), b: b_axes.join(", ") });
  return say("compare.apart.size", { name, axis, a: a[place], b: b[place] });
}
