// The shape of the block that a refused value belongs to, its axis marked: what was asked beside what fits.

/** @typedef {import("../types.js").FlatState} FlatState */
/** @typedef {import("../types.js").MarkedShape} MarkedShape */
/** @typedef {import("../types.js").Trace} Trace */

/** Which axis of which tensor a control sets. @type {{[arg: string]: [tensor: string, axis: string]}} */
const PLACES = {
  input_size: ["input", "F"],
  hidden_size: ["h_n", "H"],
  proj_size: ["h_n", "H"],
  num_layers: ["h_n", "L·D"],
  batch: ["input", "N"],
  seq_len: ["input", "T"],
  out_features: ["logits", "out"],
};

/**
 * The shapes for one control: as asked and, where it is known, as it would fit. The other axes are those of the last answer.
 * @param {string} arg
 * @param {Trace} trace
 * @param {FlatState} asked
 * @param {FlatState | null} fixed
 * @returns {MarkedShape[]}
 */
export function faultShapes(arg, trace, asked, fixed) {
  if (!Object.hasOwn(PLACES, arg)) return [];
  const [name, axis] = PLACES[arg];
  const tensor = trace.tensors[name];
  if (!tensor || !tensor.axes.includes(axis)) return [];
  const place = tensor.axes.indexOf(axis);
  /** @param {"got" | "expected"} role @param {FlatState} state */
  const shape = (role, state) => {
    const size = Number(state[/** @type {keyof FlatState} */ (arg)]) * (arg === "num_layers" && state.bidirectional ? 2 : 1);
    const axes = tensor.axes.map((each, k) => ({ axis: each, size: k === place ? size : tensor.shape[k], fault: k === place }));
    return { name, role, argument: false, axes };
  };
  return fixed ? [shape("got", asked), shape("expected", fixed)] : [shape("got", asked)];
}

/**
 * `hidden_size=2048, batch=8`: what a fix changes, in short.
 * @param {Partial<FlatState>} changed
 */
export function inShort(changed) {
  const said = Object.entries(changed).map(([key, value]) => `${key}=${Array.isArray(value) ? "[…]" : value}`);
  return said.length > 3 ? `${said.slice(0, 3).join(", ")}, …` : said.join(", ");
}
