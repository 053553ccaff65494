// Which number is explained: under the pointer, else the kept one, else unit 0 of the chosen row at this step.

import { exists, homeOf, indexOf } from "./places.js";

/** @typedef {import("../types.js").AppState} AppState */
/** @typedef {import("../types.js").CellAt} CellAt */
/** @typedef {{cell: CellAt, home: CellAt, how: "pointer" | "pinned" | "follows"}} Chosen  home: where the number is made */

/**
 * @param {Pick<AppState, "trace" | "cursor" | "pinned" | "row" | "n" | "t">} state
 * @returns {Chosen}
 */
export function chosen(state) {
  const { cell, how } = pick(state);
  return { cell, home: homeOf(state.trace, cell), how };
}

/** @param {Pick<AppState, "trace" | "cursor" | "pinned" | "row" | "n" | "t">} state @returns {Pick<Chosen, "cell" | "how">} */
function pick({ trace, cursor, pinned, row, n, t }) {
  if (cursor && exists(trace, cursor) && !(pinned && key(pinned) === key(cursor))) return { cell: cursor, how: "pointer" };
  if (pinned && exists(trace, pinned)) return { cell: pinned, how: "pinned" };
  const tensor = [`${row}.c`, `${row}.h`].find((name) => Object.hasOwn(trace.tensors, name)) ?? "output";
  return { cell: { tensor, index: indexOf(trace, tensor, { n, t, u: 0 }) }, how: "follows" };
}

/** @param {CellAt} cell */
export const key = ({ tensor, index }) => `${tensor}[${index.join()}]`;

/**
 * The server's answer for the number that is chosen now; null while it is on its way.
 * @param {Pick<AppState, "explained">} state @param {CellAt} home
 */
export const answerFor = ({ explained }, home) => (explained && key(explained.cell) === key(home) ? explained : null);
