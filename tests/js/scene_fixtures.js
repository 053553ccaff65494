// Traces as the page gets them, without numbers: enough for everything that only looks at shapes.

/** @typedef {import("../../static/js/types.js").Trace} Trace */
/** @typedef {import("../../static/js/types.js").Stage} Stage */

/**
 * @param {{N?: number, T?: number, F?: number, H?: number, layers?: number, both?: boolean, first?: boolean, head?: "none" | "h_n" | "last_step" | "every_step",
 *   embedding?: boolean, cell?: "lstm" | "gru" | "rnn", out?: number, batched?: boolean, loss?: boolean}} [of]
 * @returns {Trace}
 */
export function traceOf(of = {}) {
  const { N = 2, T = 5, F = 8, H = 6, layers = 1, both = false, first = true, head = "h_n", embedding = true, cell = "lstm", out = 1, batched = true, loss = false } = of;
  const D = both ? 2 : 1;
  /** @type {Trace["tensors"]} */
  const tensors = {};
  /** @type {Stage[]} */
  const stages = [];
  const set = (/** @type {string} */ name, /** @type {number[]} */ shape, /** @type {string[]} */ axes) => {
    tensors[name] = { shape, axes, dtype: name === "tokens" ? "int64" : "float32", min: -0.5, max: 0.8, mean: 0 };
  };
  const stage = (/** @type {string} */ name, /** @type {string} */ op, /** @type {string[]} */ inputs, /** @type {string[]} */ outputs) => {
    stages.push({ name, op, code: "", inputs, outputs, parameters: [], says: "" });
  };
  const pair = /** @type {[number[], string[]]} */ (!batched ? [[T], ["T"]] : first ? [[N, T], ["N", "T"]] : [[T, N], ["T", "N"]]);
  const laid = (/** @type {string} */ name, /** @type {number} */ last, /** @type {string} */ axis) => set(name, [...pair[0], last], [...pair[1], axis]);
  const state = (/** @type {string} */ name) => set(name, batched ? [layers * D, N, H] : [layers * D, H], batched ? ["L·D", "N", "H"] : ["L·D", "H"]);
  const states = cell === "lstm" ? ["h", "c"] : ["h"];
  if (embedding) {
    set("tokens", ...pair);
    laid("embedding", F, "F");
    stage("tokens", "tokenize", [], ["tokens"]);
    stage("embedding", "Embedding", ["tokens"], ["embedding", "input"]);
  }
  laid("input", F, "F");
  laid("output", D * H, both ? "D·H" : "H");
  for (const s of states) for (const end of ["0", "n"]) state(`${s}_${end}`);
  stage("rnn", cell.toUpperCase(), ["input", ...states.map((s) => `${s}_0`)], ["output", ...states.map((s) => `${s}_n`)]);
  if (head !== "none") addHead();
  if (loss) addLoss();
  const ends = Array.from({ length: layers * D }, (_, index) => {
    const back = both && index % 2 === 1;
    return { index, layer: Math.floor(index / D), direction: /** @type {"forward" | "backward"} */ (back ? "backward" : "forward"), step: Array(N).fill(back ? 0 : T - 1) };
  });
  const output = ends.slice(-D).map(({ layer, direction }, k) => ({ layer, direction, step: /** @type {const} */ ("every"), features: /** @type {[number, number]} */ ([k * H, (k + 1) * H]) }));
  const model = { cell, input_size: F, hidden_size: H, num_layers: layers, bias: true, batch_first: first, dropout: 0, bidirectional: both, proj_size: 0, nonlinearity: /** @type {const} */ ("tanh") };
  return {
    id: "r", torch: "2.13.0", stages, tensors, parameters: {}, parameter_count: 0, positions: { output, h_n: ends, c_n: cell === "lstm" ? ends : [] }, claims: [],
    request: { model, embedding: null, head: null, input: {}, weights: {}, mode: "eval" },
    proof: { against: "torch.nn.LSTM", max_abs_diff: {}, tolerance: 1e-6 }, warnings: [], text: null, code: "", cost: { bytes: 0, multiply_adds: 0 }, small: true,
  };

  function addHead() {
    const every = head === "every_step";
    const from = every ? "flattened" : head === "h_n" ? "joined" : "last_step";
    const merged = first ? "N·T" : "T·N";
    const rows = every ? N * T : N;
    set(from, [rows, D * H], [every ? merged : "N", both ? "D·H" : "H"]);
    set("logits", [rows, out], [every ? merged : "N", "out"]);
    set("activated", [rows, out], [every ? merged : "N", "out"]);
    stage(from, every ? "view" : "select", [head === "h_n" ? "h_n" : "output"], [from]);
    stage("logits", "Linear", [from], ["logits"]);
    stage("activated", "log_softmax", ["logits"], ["activated"]);
    if (every) {
      set("reshaped", out === 1 ? [...pair[0]] : [...pair[0], out], out === 1 ? pair[1] : [...pair[1], "out"]);
      stage("reshaped", "view", ["activated"], ["reshaped"]);
    }
    set("prediction", out === 1 ? [N] : [N, out], out === 1 ? ["N"] : ["N", "out"]);
    stage("prediction", "select", [every ? "reshaped" : "activated"], ["prediction"]);
  }

  function addLoss() {
    const { shape, axes } = tensors.logits;
    set("target", shape.slice(0, -1), axes.slice(0, -1));
    set("log_probs", shape, axes);
    set("losses", shape.slice(0, -1), axes.slice(0, -1));
    set("loss", [], []);
    stage("target", "given", [], ["target"]);
    stage("log_probs", "log_softmax", ["logits"], ["log_probs"]);
    stage("losses", "nll_loss", ["log_probs", "target"], ["losses"]);
    stage("loss", "mean", ["losses"], ["loss"]);
  }
}

/** Configurations that differ in what the scene must draw. @type {Record<string, Parameters<typeof traceOf>[0]>} */
export const MANY = {
  default: {},
  "two layers, both directions": { layers: 2, both: true, head: "every_step" },
  "time first": { first: false, head: "last_step", out: 3 },
  "no head, no embedding, GRU": { head: "none", embedding: false, cell: "gru", N: 3, T: 12, first: false },
  "a loss of every step": { head: "every_step", out: 5, loss: true },
  "a loss": { N: 4, T: 7, out: 5, loss: true },
  unbatched: { head: "none", embedding: false, batched: false },
  "eight layers": { layers: 8, both: true, head: "every_step", out: 3 },
  large: { N: 50, T: 200, F: 30, H: 512, head: "every_step" },
  "one of everything": { N: 1, T: 1, F: 1, H: 1, head: "every_step" },
  "a long sequence": { N: 1, T: 2000, F: 64, H: 256, head: "every_step", both: true },
};

/** Every character as wide as the widest common one, so a real font is never wider. @param {string} text @param {string} role */
export function measure(text, role) {
  const em = role === "name" ? 14 : 12;
  return [...text].reduce((sum, letter) => sum + em * (letter > "\u2e80" ? 1 : 0.61), 0);
}

/** The words of the catalogue that the scene uses, in both languages. */
export async function sayer(/** @type {"en" | "zh"} */ lang) {
  const { readFile } = await import("node:fs/promises");
  const { createSay } = await import("../../static/js/core/i18n.js");
  return createSay(JSON.parse(await readFile(new URL(`../../static/i18n/${lang}.json`, import.meta.url), "utf8")));
}
