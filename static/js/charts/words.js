// The words of a step and the numbers of a sentence, the same in every chart.

import { fixed } from "../core/format.js";

/** @typedef {import("../types.js").Say} Say */
/** @typedef {import("../types.js").Trace} Trace */

/**
 * "step 2 “film”", or "step 2" where the input was no text.
 * @param {Say} say
 * @param {Trace} trace
 * @param {number} n
 * @param {number} t
 */
export function stepName(say, { text }, n, t) {
  const word = text && t < text.lengths[n] ? text.tokens[n]?.[t] : null;
  return word ? say("charts.step.word", { t, word }) : say("charts.step", { t });
}

/**
 * A number to read in a sentence: four decimals, or three digits where those would say nothing.
 * @param {number | null} value
 */
export function spoken(value) {
  if (value === null || value === 0) return value === null ? "–" : "0";
  const text = Math.abs(value) < 0.001 || Math.abs(value) >= 1e5 ? value.toExponential(2).replace("e+", "e") : fixed(value);
  return text.replace("-", "−");
}

/** The width of a row's gates. @param {Trace} trace @param {string} row */
export function unitsOf(trace, row) {
  const first = trace.request.model.cell === "lstm" ? "c" : "h";
  return trace.tensors[`${row}.${first}`]?.shape.at(-1) ?? trace.request.model.hidden_size;
}
