// Which control a problem is about.

/** @typedef {import("../types.js").Problem} Problem */

/** Request fields that have another name among the controls. */
const OTHER_NAMES = /** @type {{[name: string]: string}} */ ({
  embedding_dim: "input_size",
  reads: "head",
  "input.random.seed": "input_seed",
  "weights.seed": "seed",
  state: "h0",
});

/**
 * The control's name and, for a sentence, its row.
 * @param {Problem} problem
 * @param {(name: string) => boolean} isControl
 * @returns {{arg: string, row: number} | null}
 */
export function controlOf(problem, isControl) {
  const field = problem.field ?? "";
  const whole = OTHER_NAMES[field];
  if (whole && isControl(whole)) return { arg: whole, row: 0 };
  const row = Number(/\[(\d+)\]/.exec(field)?.[1] ?? 0);
  const names = field.replace(/\[\d+\]/g, "").split(".");
  for (const name of names.reverse()) {
    const arg = isControl(name) ? name : OTHER_NAMES[name];
    if (arg && isControl(arg)) return { arg, row };
  }
  return null;
}

/**
 * The number that would have fitted, where the server names one.
 * @param {Problem} problem
 * @returns {number | null}
 */
export function fitting(problem) {
  return typeof problem.expected === "number" && Number.isInteger(problem.expected) ? problem.expected : null;
}
