// The inside of one snapshot, read from its trace: gates of sample 0, the answer beside the target, the gradient's norms.

import { createTensors } from "../core/tensors.js";

/** @typedef {import("./types.js").Cell} Cell */
/** @typedef {import("./types.js").Inside} Inside */


/** @type {Record<Cell, string[]>} */
const SHOWN = { lstm: ["i", "f", "g", "o", "h"], gru: ["r", "z", "n", "h"], rnn: ["h"] };
const KEPT = 90; // snapshots whose numbers stay: all of a race of three with the usual twenty

/**
 * @param {{trace: (cell: Cell, step: number, signal: AbortSignal) => Promise<import("../types.js").Trace>, api: import("../doors/api.js").Api}} world
 */
export function createInsides({ trace: opened, api }) {
  /** @type {Map<string, Inside>} */
  const kept = new Map();

  /** @param {Cell} cell @param {number} step @param {AbortSignal} signal @returns {Promise<Inside>} */
  return async (cell, step, signal) => {
    const key = `${cell}-${step}`;
    const have = kept.get(key);
    if (have) return have;
    const trace = await opened(cell, step, signal);
    const tensors = createTensors(trace, api.reader(trace.id, signal));
    const answer = ["reshaped", "activated", "logits"].find((name) => name in trace.tensors) ?? "logits"; // reshaped: (N, T, …)
    const length = trace.request.lengths?.[0] ?? null; // what is behind it is padding
    /** @type {import("../types.js").IndexPart[]} */
    const first = length === null ? [0] : [0, [0, length]];
    const flow = /** @type {Promise<{input: number[]}>} */ (api.part(trace.id, "gradients", { of: "output", sample: 0 }, signal));
    const last = trace.request.model.num_layers - 1;
    const heats = SHOWN[cell].map(async (gate) => {
      const name = `l${last}.${gate}`;
      const { shape, data } = await tensors.slice(name, first);
      return { name, steps: shape[0], units: shape[1], data };
    });
    const waves = answer === "reshaped" && trace.tensors.reshaped.shape.length === 2; // a number at every step: the next input
    const targets = waves ? await tensors.slice("input", [0]) : null;
    const found = {
      cell,
      heats: await Promise.all(heats),
      answers: { name: answer, ...(await tensors.slice(answer, [0])) },
      targets,
      gradient: (await flow).input.slice(0, length ?? undefined),
    };
    if (kept.size >= KEPT) kept.delete([...kept.keys()][0]);
    kept.set(key, found);
    return found;
  };
}

/**
 * The answer of sample 0 in words, and what was right; null where every step answers with a number (that is drawn).
 * @param {Inside} inside @param {import("./types.js").About} about
 * @returns {{answer: string, target: string} | null}
 */
export function answered({ answers, targets: waves }, { classes, targets, tokens }) {
  const target = targets[0] ?? "";
  if (!classes.length) return waves ? null : { answer: answers.data[0].toFixed(3), target };
  const best = (/** @type {number} */ row) => {
    const scores = Array.from(answers.data.subarray(row * classes.length, (row + 1) * classes.length));
    return scores.indexOf(Math.max(...scores));
  };
  if (answers.shape.length === 1) return { answer: `${classes[best(0)]} (${answers.data[best(0)].toFixed(3)})`, target };
  const asked = tokens[0].flatMap((token, t) => (token === "?" ? [t] : []));
  return { answer: asked.map((t) => classes[best(t)]).join(""), target };
}
