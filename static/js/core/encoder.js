// A trace with its encoder beside it: the encoder's stages first, its tensors under the names the server reads them by.

/** @typedef {import("../types.js").Trace} Trace */
/** @typedef {import("../types.js").Stage} Stage */

/** Before the names of all that belongs to the encoder. */
export const ENCODER = "encoder.";

/**
 * The same trace where there is no encoder.
 * @param {Trace} trace @returns {Trace}
 */
export function joined(trace) {
  const { encoder } = trace;
  if (!encoder) return trace;
  const named = (/** @type {string} */ name) => ENCODER + name;
  /** @param {Stage} stage @returns {Stage} */
  const before = (stage) => ({ ...stage, name: named(stage.name), inputs: stage.inputs.map(named), outputs: stage.outputs.map(named), parameters: stage.parameters.map(named) });
  const outer = Object.entries(encoder.tensors).filter(([name]) => !name.includes(".")); // its gates are read in its own trace
  return {
    ...trace,
    stages: [...encoder.stages.map(before), ...trace.stages],
    tensors: { ...trace.tensors, ...Object.fromEntries(outer.map(([name, info]) => [named(name), info])) },
  };
}

/** Where the last word of a dotted name begins: "encoder.h_n" is an h_n. @param {string} name */
export const plain = (name) => (name.startsWith(ENCODER) ? name.slice(ENCODER.length) : name);
