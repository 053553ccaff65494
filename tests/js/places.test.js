// Where numbers sit and how they are made, on a two-layer bidirectional LSTM (N=2, T=5, H=3) and its relatives.

import assert from "node:assert/strict";
import { test } from "node:test";
import { equationOf } from "../../static/js/core/equations.js";
import { aliases, coordinates, exists, homeOf, indexOf, inside, rows, sizes } from "../../static/js/core/places.js";

/** @typedef {import("../../static/js/types.js").Trace} Trace */

/**
 * @param {{cell?: "lstm" | "gru" | "rnn", layers?: number, both?: boolean, batchFirst?: boolean, bias?: boolean}} [options]
 * @returns {Trace}
 */
function traceOf({ cell = "lstm", layers = 2, both = true, batchFirst = true, bias = true } = {}) {
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

/** @param {import("../../static/js/types.js").CellAt | null | undefined} cell */
const named = (cell) => cell && `${cell.tensor}[${cell.index.join()}]`;

test("names inside the module are taken apart", () => {
  assert.deepEqual(inside("l1_reverse.f"), { layer: 1, backward: true, part: "f" });
  assert.equal(inside("output"), null);
});

test("sizes and rows come from the trace, whatever the layout", () => {
  assert.deepEqual(sizes(traceOf({ batchFirst: false })), { samples: 2, steps: 5 });
  assert.deepEqual(rows(traceOf()).map(({ name }) => name), ["l0", "l0_reverse", "l1", "l1_reverse"]);
});

test("an index follows the tensor's own axes", () => {
  const trace = traceOf({ batchFirst: false });
  assert.deepEqual(indexOf(trace, "output", { n: 1, t: 4, u: 2 }), [4, 1, 2]);
  assert.deepEqual(indexOf(trace, "h_n", { n: 1, u: 2, k: 3 }), [3, 1, 2]);
  assert.deepEqual(coordinates(trace, { tensor: "output", index: [4, 1, 2] }), { n: 1, t: 4, u: 2, k: 0 });
  assert.deepEqual(coordinates(trace, { tensor: "h_n", index: [3, 1, 2] }), { n: 1, t: null, u: 2, k: 3 });
});

test("the forward half of output's last step is h_n[-2]", () => {
  const found = aliases(traceOf(), { tensor: "output", index: [1, 4, 2] }).map(named);
  assert.deepEqual(found, ["l1.h[1,4,2]", "h_n[2,1,2]"]);
});

test("the backward half of output's first step is h_n[-1], its last step is no end", () => {
  const trace = traceOf();
  assert.deepEqual(aliases(trace, { tensor: "output", index: [0, 0, 4] }).map(named), ["l1_reverse.h[0,0,1]", "h_n[3,0,1]"]);
  assert.deepEqual(aliases(trace, { tensor: "output", index: [0, 4, 4] }).map(named), ["l1_reverse.h[0,4,1]"]);
});

test("a state below the top layer ends in h_n but is not in output", () => {
  const trace = traceOf();
  assert.deepEqual(aliases(trace, { tensor: "l0.h", index: [0, 4, 0] }).map(named), ["h_n[0,0,0]"]);
  assert.deepEqual(aliases(trace, { tensor: "c_n", index: [1, 0, 0] }).map(named), ["l0_reverse.c[0,0,0]"]);
});

test("the input of a text is the embedding", () => {
  assert.deepEqual(aliases(traceOf(), { tensor: "input", index: [0, 1, 2] }).map(named), ["embedding[0,1,2]"]);
});

test("only places inside the shape exist", () => {
  const trace = traceOf();
  assert.equal(exists(trace, { tensor: "output", index: [1, 4, 5] }), true);
  assert.equal(exists(trace, { tensor: "output", index: [1, 5, 0] }), false);
  assert.equal(exists(trace, { tensor: "output", index: [1, 4] }), false);
  assert.equal(exists(trace, { tensor: "toString", index: [] }), false);
});

/** @param {Trace} trace @param {string} tensor @param {number[]} index */
function equation(trace, tensor, index) {
  const found = equationOf(trace, { tensor, index });
  assert.ok(found);
  return { text: found.pieces.map((piece) => piece.text).join(""), cells: found.pieces.flatMap((piece) => piece.cell ?? []).map(named), vectors: found.pieces.map((piece) => piece.vectors?.map(named)).filter(Boolean), start: named(found.start) };
}

test("c is what the forget gate kept plus what the input gate let in", () => {
  const found = equation(traceOf(), "l1.c", [0, 3, 2]);
  assert.equal(found.text, "f · c_prev + i · g");
  assert.deepEqual(found.cells, ["l1.f[0,3,2]", "l1.c[0,2,2]", "l1.i[0,3,2]", "l1.g[0,3,2]"]);
  assert.equal(found.start, null);
});

test("the first step reads the state before it: step 0 forward, the last step backward", () => {
  assert.equal(equation(traceOf(), "l1.c", [0, 0, 2]).start, "c_0[2,0,2]");
  assert.equal(equation(traceOf(), "l1_reverse.c", [1, 4, 2]).start, "c_0[3,1,2]");
  assert.deepEqual(equation(traceOf(), "l1_reverse.c", [1, 0, 2]).cells[1], "l1_reverse.c[1,1,2]");
});

test("a packed sample's backward direction starts at its own end", () => {
  const trace = traceOf();
  trace.request.packed = true;
  trace.request.lengths = [5, 3];
  assert.equal(equation(trace, "l0_reverse.c", [1, 2, 0]).start, "c_0[1,1,0]");
});

test("the second layer of two directions reads both halves below it", () => {
  const found = equation(traceOf(), "l1.f", [0, 3, 2]);
  assert.equal(found.text, "σ(W_if x + b_if + W_hf h_prev + b_hf)");
  assert.deepEqual(found.vectors, [["l0.h[0,3,0]", "l0_reverse.h[0,3,0]"], ["l1.h[0,2,0]"]]);
});

test("without bias no bias is written", () => {
  assert.equal(equation(traceOf({ bias: false }), "l0.i", [0, 1, 0]).text, "σ(W_ii x + W_hi h_prev)");
});

test("GRU and RNN have PyTorch's equations", () => {
  const gru = traceOf({ cell: "gru", layers: 1, both: false, batchFirst: false });
  assert.equal(equation(gru, "l0.h", [0, 1, 0]).text, "(1 − z) · n + z · h_prev");
  assert.equal(equation(gru, "l0.n", [0, 0, 0]).text, "tanh(W_in x + b_in + r · (W_hn h_0 + b_hn))");
  assert.deepEqual(equation(gru, "l0.n", [0, 2, 0]).vectors, [["input[2,0,0]"], ["l0.h[0,1,0]"]]);
  assert.equal(equation(traceOf({ cell: "rnn" }), "l0.h", [0, 1, 0]).text, "relu(W_ih x + b_ih + W_hh h_prev + b_hh)");
});

test("what is outside the module has no equation here", () => {
  assert.equal(equationOf(traceOf(), { tensor: "input", index: [0, 0, 0] }), null);
  assert.equal(named(homeOf(traceOf(), { tensor: "h_n", index: [2, 1, 0] })), "l1.h[1,4,0]");
});
