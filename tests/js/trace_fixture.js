// A trace without its numbers: names, shapes, axes and positions of a two-layer bidirectional net (N=2, T=5, H=3).

/** @typedef {import("../../static/js/types.js").Trace} Trace */

/**
 * @param {{cell?: "lstm" | "gru" | "rnn", layers?: number, both?: boolean, batchFirst?: boolean, bias?: boolean}} [options]
 * @returns {Trace}
 */
export function traceOf({ cell = "lstm", layers = 2, both = true, batchFirst = true, bias = true } = {}) {
  const [N, T, F, H] = [2, 5, 4, 3];
  /** @type {{[name: string]: {shape: number[], axes: string[]}}} */
  const tensors = {};
  const add = (/** @type {string} */ name, /** @type {[string, number][]} */ ...axes) =>
    (tensors[name] = { shape: axes.map(([, size]) => size), axes: axes.map(([axis]) => axis) });
  /** @type {[string, number][]} */
  const outer = batchFirst ? [["N", N], ["T", T]] : [["T", T], ["N", N]];
  const ways = both ? 2 : 1;
  add("embedding", ...outer, ["F", F]);
  add("input", ...outer, ["F", F]);
  add("output", ...outer, ["H", ways * H]);
  const states = cell === "lstm" ? ["h", "c"] : ["h"];
  for (const state of states) for (const end of ["0", "n"]) add(`${state}_${end}`, ["L·D", layers * ways], ["N", N], ["H", H]);
  const ends = [];
  for (let layer = 0; layer < layers; layer++) {
    for (let way = 0; way < ways; way++) {
      const row = `l${layer}${way ? "_reverse" : ""}`;
      for (const part of { lstm: "ifgoch", gru: "rznh", rnn: "h" }[cell]) add(`${row}.${part}`, ["N", N], ["T", T], ["H", H]);
      ends.push({ index: ends.length, layer, direction: way ? "backward" : "forward", step: Array(N).fill(way ? 0 : T - 1) });
    }
  }
  const top = ends.slice(-ways).map(({ layer, direction }, k) => ({ layer, direction, step: "every", features: [k * H, (k + 1) * H] }));
  const request = { model: { cell, num_layers: layers, bidirectional: both, bias, nonlinearity: "relu" }, lengths: null, packed: false };
  return /** @type {Trace} */ (/** @type {unknown} */ ({ tensors, request, positions: { output: top, h_n: ends, c_n: cell === "lstm" ? ends : [] } }));
}
