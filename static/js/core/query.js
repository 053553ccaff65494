// The page's state as an address and back: one table of defaults, and only what differs from it is written.

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
  bidirectional: false,
  nonlinearity: "tanh",
  source: "text",
  text: ["the film was not good", "i loved it"],
  batch: 2,
  seq_len: 5,
  input_seed: 0,
  num_embeddings: 0,
  head: "h_n",
  out_features: 1,
  activation: "sigmoid",
  seed: 0,
  task: "read",
  decode_steps: 4,
  h0: "zeros",
  t: 0,
  n: 0,
  row: "", // the top layer, forward
  tensor: "output",
  panel: "gates",
  lang: "", // what the browser prefers
  theme: "auto",
});

/** What is only looked at: changing it needs no new answer. */
export const VIEW_KEYS = /** @type {const} */ (["t", "n", "row", "tensor", "panel", "lang", "theme"]);

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
  if (patch.example) return { ...DEFAULTS, lang: state.lang, theme: state.theme, ...patch };
  const keys = /** @type {(keyof FlatState)[]} */ (Object.keys(patch));
  const changes = keys.some((key) => !isView(key) && !same(state[key], patch[key]));
  return { ...state, ...(changes ? { example: "" } : {}), ...patch };
}

/** @param {string} key */
export function isView(key) {
  return /** @type {readonly string[]} */ (VIEW_KEYS).includes(key);
}

/**
 * @param {unknown} a
 * @param {unknown} b
 */
function same(a, b) {
  if (Array.isArray(a) && Array.isArray(b)) return a.length === b.length && a.every((one, k) => one === b[k]);
  return a === b;
}
