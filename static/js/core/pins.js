// Numbers that are kept side by side, as text in the address: "output-0.3.2", several joined by "--".

import { exists } from "./places.js";

/** @typedef {import("../types.js").CellAt} CellAt */
/** @typedef {import("../types.js").Trace} Trace */

export const MOST_PINS = 12; // numbers that can still be read beside each other
const CELL = /^[\w.]{1,60}(-\d{1,7}(\.\d{1,7}){0,3})?$/;

/** @param {CellAt | null} cell */
export const cellText = (cell) => (cell ? [cell.tensor, ...(cell.index.length ? [cell.index.join(".")] : [])].join("-") : "");

/** @param {string} text @returns {CellAt | null} */
export function cellFrom(text) {
  if (!CELL.test(text)) return null;
  const [tensor, places = ""] = text.split("-");
  return { tensor, index: places === "" ? [] : places.split(".").map(Number) };
}

/** @param {readonly CellAt[]} cells */
export const pinsText = (cells) => cells.map(cellText).join("--");

/** Those that this trace has, each once. @param {Trace} trace @param {string} text @returns {CellAt[]} */
export function pinsFrom(trace, text) {
  const found = [...new Set(text.split("--"))].flatMap((one) => cellFrom(one) ?? []);
  return found.filter((cell) => exists(trace, cell)).slice(0, MOST_PINS);
}

/** With one more, or without the one that is there. @param {CellAt[]} pins @param {CellAt} cell @returns {CellAt[]} */
export function toggled(pins, cell) {
  const kept = pins.filter((one) => cellText(one) !== cellText(cell));
  return kept.length < pins.length ? kept : [...pins, cell].slice(-MOST_PINS);
}
