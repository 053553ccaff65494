// The page's state as an address and back: one table of defaults, and only what differs from it is written.

import { cellText, pinsText } from "./pins.js";

/** @typedef {import("../types.js").FlatState} FlatState */

/** @type {Readonly<FlatState>} */
export const DEFAULTS = Object.freeze({
  example: "",
  cell: "lstm",
  input_size: 8,
  hidden_size: 6,
  num_layers: 1,
  bias: true,
  batch_first: true,
  dropout: 0,
  bidirectional: false,
  proj_size: 0,
  dtype: "float32",
  nonlinearity: "tanh",
  mode: "eval",
  source: "text",
  text: ["the film was not good", "i loved it"],
  batch: 2,
  seq_len: 5,
  lengths: "", // of random input; a text knows its own
  packed: false,
  first_day: "2015-07-01", // of the weather
  days: 14,
  input_seed: 0,
  num_embeddings: 0,
  head: "h_n",
  out_features: 1,
  activation: "sigmoid",
  loss: "none",
  target_seed: 0,
  seed: 0,
  bundled: "", // trained weights instead of the seed's
  upload: "", // weights of one's own
  prefix: "", // which stack of them
  task: "read",
  decode_steps: 4,
  h0: "zeros",
  interventions: "", // JSON, as the request has it
  p: -1, // everything is computed
  t: 0,
  n: 0,
  row: "", // the top layer, forward
  tensor: "output",
  cut: "T",
  pose: "cut",
  unit: 0, // where a cut along the last axis is
  panel: "gates",
  zoom: "", // the whole
  pin: "", // the kept number
  pins: "",
  present: false,
  hide: "", // parts of the page, with commas between
  lock: "", // controls
  lang: "", // what the browser prefers
  theme: "auto",
});

const MOST_LENGTHS = 1000; // samples in a list that is still an address

/** What trained weights settle: to ask for another is to leave them. @type {readonly string[]} */
const SETTLED = ["cell", "input_size", "hidden_size", "num_layers", "bias", "bidirectional", "proj_size", "nonlinearity", "out_features", "num_embeddings", "task"];

/** What is only looked at: changing it needs no new answer. */
export const VIEW_KEYS = /** @type {const} */ (["p", "t", "n", "row", "tensor", "cut", "pose", "unit", "panel", "zoom", "pin", "pins", "present", "hide", "lock", "lang", "theme"]);

/**
 * The canonical query of a state, without "?": keys in the table's order, defaults left out; an example needs only its name.
 * @param {FlatState} state
 */
export function toQuery(state) {
  const query = new URLSearchParams();
  for (const key of /** @type {(keyof FlatState)[]} */ (Object.keys(DEFAULTS))) {
    const value = state[key];
    if (state.example && key !== "example" && !isView(key)) continue;
    if (isDefault(state, key)) continue;
    if (Array.isArray(value)) for (const one of value) query.append(key, one);
    else query.append(key, String(value));
  }
  return query.toString();
}

/**
 * The state that one of the server's own queries stands for; null for one that names an example, which only the server knows.
 * @param {string} query  without "?"
 * @returns {FlatState | null}
 */
export function fromQuery(query) {
  const given = new URLSearchParams(query);
  if (given.has("example")) return null;
  /** @type {{[name: string]: unknown}} */
  const state = { ...DEFAULTS };
  for (const [key, value] of Object.entries(DEFAULTS)) {
    const text = given.get(key);
    if (text === null) continue;
    if (Array.isArray(value)) state[key] = given.getAll(key);
    else if (typeof value === "number") state[key] = Number(text);
    else state[key] = typeof value === "boolean" ? text === "true" : text;
  }
  if (given.has("text") && !given.has("source")) state.source = "text";
  return /** @type {FlatState} */ (/** @type {unknown} */ (state));
}

/**
 * What has to change for `from` to run as `to` does.
 * @param {FlatState} from
 * @param {FlatState} to
 * @returns {Partial<FlatState>}
 */
export function changes(from, to) {
  const keys = /** @type {(keyof FlatState)[]} */ (Object.keys(DEFAULTS));
  return Object.fromEntries(keys.filter((key) => key !== "example" && !isView(key) && !same(from[key], to[key])).map((key) => [key, to[key]]));
}

/**
 * @param {FlatState} state
 * @param {keyof FlatState} key
 */
function isDefault(state, key) {
  if (key === "row" && state.row === `l${state.num_layers - 1}`) return true;
  return same(state[key], DEFAULTS[key]);
}

/**
 * The state after a change. An example stands for its whole setting, so choosing one forgets the rest,
 * and changing the setting leaves the example.
 * @param {FlatState} state
 * @param {Partial<FlatState>} patch
 * @returns {FlatState}
 */
export function merge(state, patch) {
  if (patch.example) return { ...DEFAULTS, ...around(state), ...patch };
  const keys = /** @type {(keyof FlatState)[]} */ (Object.keys(patch));
  const changes = keys.some((key) => !isView(key) && !same(state[key], patch[key]));
  const trained = state.bundled !== "" || state.upload !== "";
  const leaves = (state.upload !== "" && patch.source === "text") || (trained && keys.some((key) => SETTLED.includes(key) && !same(state[key], patch[key])));
  return fitLengths({ ...state, ...(changes ? { example: "" } : {}), ...(leaves ? { bundled: "", upload: "", prefix: "" } : {}), ...patch }, patch);
}

/** What is about the page and not about the run. @param {FlatState} state */
export function around({ present, hide, lock, lang, theme }) {
  return { present, hide, lock, lang, theme };
}

/**
 * Where samples or steps come and go, so do their lengths: one a sample, none beyond the last step.
 * @param {FlatState} state
 * @param {Partial<FlatState>} patch
 * @returns {FlatState}
 */
function fitLengths(state, patch) {
  const { batch, seq_len: steps } = state;
  const resized = patch.batch !== undefined || patch.seq_len !== undefined;
  if (!resized || state.lengths === "" || "lengths" in patch || !(batch >= 1 && batch <= MOST_LENGTHS && steps >= 1)) return state;
  const old = state.lengths.split(",").map(Number);
  return { ...state, lengths: Array.from({ length: batch }, (_, k) => Math.min(old[k] ?? steps, steps)).join() };
}

/** @param {string} key */
export function isView(key) {
  return /** @type {readonly string[]} */ (VIEW_KEYS).includes(key);
}

/**
 * What is looked at now, as it stands in the address; the language stands there only where somebody chose one.
 * @param {import("../types.js").AppState} now
 */
export function viewOf(now) {
  const { p, t, n, row, tensor, cut, pose, unit, panel, zoom, pinned, pins, present, hide, lock, theme } = now;
  return { p: Math.round(p * 1000) / 1000, t, n, row, tensor, cut, pose, unit, panel, zoom, pin: cellText(pinned), pins: pinsText(pins), present, hide, lock, theme };
}

/**
 * @param {unknown} a
 * @param {unknown} b
 */
function same(a, b) {
  if (Array.isArray(a) && Array.isArray(b)) return a.length === b.length && a.every((one, k) => one === b[k]);
  return a === b;
}
