// Small traces for the film: what the API's own traces look like, without numbers. Shapes come from the scene's fixtures.

import { traceOf } from "./scene_fixtures.js";

/** @typedef {import("../../static/js/types.js").Trace} Trace */
/** @typedef {import("../../static/js/types.js").Stage} Stage */

/** @param {string} name @param {string} op @param {string[]} inputs @param {string[]} outputs @returns {Stage} */
const stage = (name, op, inputs, outputs) => ({ name, op, code: "", inputs, outputs, parameters: [], says: `${name}.` });

/** Two layers both ways with dropout between them. */
export function dropped() {
  const trace = traceOf({ layers: 2, both: true, head: "last_step" });
  const at = trace.stages.findIndex(({ name }) => name === "rnn") + 1;
  trace.stages.splice(at, 0, stage("dropout_l0", "Dropout", ["l0.h", "l0_reverse.h"], ["dropout_l0", "dropped_l0"]));
  for (const name of ["dropout_l0", "dropped_l0"]) trace.tensors[name] = { ...trace.tensors.output };
  return trace;
}

/** Sentences of 5 and 3 words, packed. */
export function packed() {
  const trace = traceOf({});
  trace.text = { tokens: [["a", "b", "c", "d", "e"], ["f", "g", "h"]], lengths: [5, 3], vocabulary: ["<pad>"] };
  trace.request.packed = true;
  trace.tensors.packed = { ...trace.tensors.input, shape: [8, 8], axes: ["ΣT", "F"] };
  trace.tensors.batch_sizes = { ...trace.tensors.tokens, shape: [5], axes: ["T"] };
  const at = trace.stages.findIndex(({ name }) => name === "rnn");
  trace.stages[at] = { ...trace.stages[at], inputs: ["packed", "h_0", "c_0"] };
  trace.stages.splice(at, 0, stage("packed", "pack", ["input"], ["packed", "batch_sizes"]));
  return trace;
}

/** A decoder that chooses its own words. */
export function decoding() {
  const trace = traceOf({ T: 4, out: 12, head: "every_step", embedding: false });
  trace.tensors.decoded = { ...trace.tensors.input, shape: [2, 4], axes: ["N", "T"], dtype: "int64" };
  trace.stages = trace.stages.filter(({ name }) => name !== "activated").map((one) => (one.name === "reshaped" ? { ...one, inputs: ["logits"] } : one));
  trace.stages.unshift(stage("input", "decode", ["decoded"], ["input"]));
  trace.stages.push(stage("decoded", "argmax", ["logits"], ["decoded"]));
  return trace;
}
