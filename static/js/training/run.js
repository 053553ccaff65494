// What is known of a training run: a request out of the form's texts, and the state after each event. Pure.

/** @typedef {import("./types.js").Run} Run */
/** @typedef {import("./types.js").Cell} Cell */

/** @type {Record<Cell, string>} */
export const NAMES = { lstm: "LSTM", gru: "GRU", rnn: "RNN" };

/**
 * Lines of "text,label": the label stands behind the last comma.
 * @param {string} text
 */
export function rowsOf(text) {
  const lines = text.split(/\r?\n/).filter((line) => line.trim());
  return lines.map((line) => {
    const at = line.lastIndexOf(",");
    return at < 0 ? { text: line.trim(), label: "" } : { text: line.slice(0, at).trim(), label: line.slice(at + 1).trim() };
  });
}

/** A number where it is one, else what was typed, so that the server says what is wrong with it. @param {string} text */
export const numberOf = (text) => (text.trim() !== "" && Number.isFinite(Number(text)) ? Number(text) : text);

/**
 * The request for the fields of the form; `cells` as they are ticked.
 * @param {{[name: string]: string}} fields @param {string[]} cells
 */
export function requestOf(fields, cells) {
  const kind = fields.task;
  /** @type {{[name: string]: unknown}} */
  const task = { kind };
  if (kind === "adding" || kind === "sine") task.seq_len = numberOf(fields.seq_len);
  if (kind === "copying") task.delay = numberOf(fields.delay);
  if (kind === "sentences") task.rows = rowsOf(fields.sentences);
  if (kind === "csv") task.csv = fields.csv;
  const sizes = Object.fromEntries(["hidden_size", "steps", "learning_rate", "seed"].map((name) => [name, numberOf(fields[name])]));
  return { task, cells, ...sizes };
}

/** @param {string} id @param {{cells: Cell[], steps: number}} asked @returns {Run} */
export const begun = (id, { cells, steps }) => ({
  id, cells, steps, about: null, progress: [], snapshots: [], outcome: "running", reason: null, step: 0, left: null,
});

/**
 * The run after one more event.
 * @param {Run} run @param {string} event @param {any} data @returns {Run}
 */
export function heard(run, event, data) {
  if (event === "start") return { ...run, about: data };
  if (event === "progress") return { ...run, progress: [...run.progress, data], step: data.step, left: data.left };
  if (event === "snapshot") return { ...run, snapshots: [...run.snapshots, data] };
  if (event === "end") return { ...run, outcome: data.outcome, reason: data.reason, step: Math.max(run.step, data.step), left: null };
  return run;
}

/** The steps that every racing cell has a snapshot of, in order. @param {Run} run */
export function stepsOf({ snapshots, cells }) {
  const all = [...new Set(snapshots.map((each) => each.step))].sort((a, b) => a - b);
  return all.filter((step) => cells.every((cell) => snapshots.some((each) => each.cell === cell && each.step === step)));
}

/** @param {Run} run @param {Cell} cell @param {number} step */
export const snapshotAt = (run, cell, step) => run.snapshots.find((each) => each.cell === cell && each.step === step) ?? null;

/** The sentence on how far it is: a key and its values. @param {Run} run @returns {{key: string, params: {[name: string]: string | number}}} */
export function standing({ outcome, reason, step, steps, left }) {
  const params = { step, steps, left: left === null ? "" : left < 10 ? left.toFixed(1) : Math.round(left) };
  if (outcome === "running") return { key: left === null ? "train.running.unknown" : "train.running", params };
  if (outcome === "done") return { key: reason === "diverged" ? "train.done.diverged" : "train.done", params };
  if (outcome === "cancelled") return { key: reason === "time" ? "train.cancelled.time" : "train.cancelled", params };
  return { key: outcome === "lost" ? "train.lost" : "train.failed", params };
}

/** The field that a refusal is about: the longest of `known` that it begins with. @param {string} field @param {string[]} known */
export function fieldOf(field, known) {
  const path = field.replace(/\[(\d+)\]/g, ".$1").split(".");
  for (let length = path.length; length > 0; length -= 1) {
    const name = path.slice(0, length).join(".");
    const found = known.find((each) => each === name || `task.${each}` === name || name === `task.${path[1]}.${each}`);
    if (found) return found;
    const last = path[length - 1];
    if (known.includes(last) || known.includes(`task.${last}`)) return known.includes(last) ? last : `task.${last}`;
  }
  return null;
}
