// Reading, one to many, encoder–decoder: what choosing one changes, and which steps of a run read and which answer.

import { sizes } from "./places.js";

/** @typedef {import("../types.js").FlatState} FlatState */
/** @typedef {import("../types.js").Trace} Trace */

const WORDS = 12; // among which a decoder chooses, where nothing else says
const READER = /** @type {const} */ ({ head: "h_n", out_features: 1, activation: "sigmoid" });
const WRITER = /** @type {const} */ ({ head: "every_step", out_features: WORDS, activation: "none" });

/**
 * The change that choosing a task makes: a head that can do it, and nothing that it can't run with.
 * @param {FlatState["task"]} task
 * @param {FlatState} from
 * @returns {Partial<FlatState>}
 */
export function withTask(task, from) {
  if (task === from.task) return {};
  /** @type {Partial<FlatState>} */
  const change = { task, loss: "none" };
  const has = (/** @type {Partial<FlatState>} */ head) => Object.entries(head).every(([name, value]) => from[/** @type {keyof FlatState} */ (name)] === value);
  if (task === "read" && has(WRITER)) Object.assign(change, READER);
  if (task !== "read" && from.task === "read") {
    Object.assign(change, has(READER) || from.head === "none" ? WRITER : { head: "every_step", out_features: Math.max(2, from.out_features) });
    Object.assign(change, { bidirectional: false, mode: "eval" }); // what is not written yet can't be read backwards
  }
  if (task === "caption") Object.assign(change, { source: "random", num_embeddings: 0, lengths: "", packed: false });
  else if (from.task === "caption") change.source = "text";
  if (task === "translate") change.h0 = "zeros"; // the decoder's come from the encoder
  return change;
}

/**
 * @typedef {object} Way  which steps read, which answer
 * @property {"one_to_one" | "many_to_one" | "many_to_many" | "one_to_many" | "encoder_decoder"} kind
 * @property {number} steps
 * @property {number} encoder  steps of the encoder, 0 without one
 * @property {boolean} chooses  each step but the first reads the word that the one before it chose
 * @property {"all" | "last" | "none"} answers
 * @property {"step" | "mean" | "output"} by  one answer from the last step or from the mean of all; without a head, output
 */

/** @param {Trace} trace @returns {Way} */
export function wayOf(trace) {
  const { steps } = sizes(trace);
  const encoder = trace.encoder ? sizes(trace.encoder).steps : 0;
  const chooses = Object.hasOwn(trace.tensors, "decoded");
  const reads = trace.request.head?.reads;
  const answers = !reads || reads === "every_step" ? "all" : "last";
  const plain = steps === 1 ? "one_to_one" : answers === "all" ? "many_to_many" : "many_to_one";
  const kind = encoder ? "encoder_decoder" : chooses ? "one_to_many" : plain;
  return { kind, steps, encoder, chooses, answers, by: !reads ? "output" : reads === "mean" ? "mean" : "step" };
}

/**
 * The steps that are drawn, in order; null where some are left out.
 * @param {number} steps @param {number} most
 * @returns {(number | null)[]}
 */
export function drawn(steps, most) {
  if (steps <= most) return Array.from({ length: steps }, (_, t) => t);
  return [...Array.from({ length: most - 2 }, (_, t) => t), null, steps - 1];
}

/**
 * What a step of a decoder reads: its start token, its vector, or the word chosen at the step before.
 * @param {Trace} trace @param {number} t
 * @returns {"start" | "vector" | "word"}
 */
export function readsAt(trace, t) {
  if (t > 0) return "word";
  return Object.hasOwn(trace.tensors, "first") ? "vector" : "start";
}
