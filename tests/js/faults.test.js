// A refused value as a marked shape, a query read back as a state, and what a fix changes.

import assert from "node:assert/strict";
import { test } from "node:test";
import { faultShapes, inShort } from "../../static/js/core/faults.js";
import { DEFAULTS, changes, fromQuery, toQuery } from "../../static/js/core/query.js";

const trace = /** @type {import("../../static/js/types.js").Trace} */ (
  /** @type {unknown} */ ({
    tensors: {
      input: { shape: [2, 5, 8], axes: ["N", "T", "F"] },
      h_n: { shape: [2, 2, 6], axes: ["L·D", "N", "H"] },
    },
  })
);

test("a refused hidden_size is marked on the last axis of h_n, beside the size that fits", () => {
  const [got, expected] = faultShapes("hidden_size", trace, { ...DEFAULTS, hidden_size: 99 }, { ...DEFAULTS, hidden_size: 20 });
  assert.deepEqual(got.axes.map(({ size, fault }) => [size, fault]), [[2, false], [2, false], [99, true]]);
  assert.deepEqual(expected.axes.map(({ size, fault }) => [size, fault]), [[2, false], [2, false], [20, true]]);
  assert.deepEqual([got.name, got.role, expected.role], ["h_n", "got", "expected"]);
});

test("the axis of the layers counts both directions", () => {
  const both = { ...DEFAULTS, bidirectional: true };
  const [got] = faultShapes("num_layers", trace, { ...both, num_layers: 12 }, null);
  assert.equal(got.axes[0].size, 24);
});

test("what has no axis, or none in this run, has no shape", () => {
  assert.deepEqual(faultShapes("seed", trace, DEFAULTS, null), []);
  assert.deepEqual(faultShapes("out_features", trace, DEFAULTS, null), []);
  assert.deepEqual(faultShapes("toString", trace, DEFAULTS, null), []);
});

test("a query reads back as its state", () => {
  const states = [
    DEFAULTS,
    { ...DEFAULTS, cell: /** @type {const} */ ("gru"), hidden_size: 7, bidirectional: true, batch_first: false, head: /** @type {const} */ ("last_step") },
    { ...DEFAULTS, source: /** @type {const} */ ("random"), batch: 3, num_embeddings: 9, activation: /** @type {const} */ ("none") },
    { ...DEFAULTS, text: ["a & b = c", "电影 不错", "x"] },
  ];
  for (const state of states) {
    const again = /** @type {import("../../static/js/types.js").FlatState} */ (fromQuery(toQuery(state)));
    assert.deepEqual(changes(state, again), {});
  }
  assert.equal(fromQuery("example=rnn-hello"), null);
});

test("a fix names what it changes and leaves the place looked at alone", () => {
  const to = { ...DEFAULTS, hidden_size: 20, t: 3, row: "l0", lang: /** @type {const} */ ("zh") };
  assert.deepEqual(changes({ ...DEFAULTS, hidden_size: 99 }, to), { hidden_size: 20 });
  assert.equal(inShort({ hidden_size: 20 }), "hidden_size=20");
  assert.equal(inShort({ batch: 1, seq_len: 2, text: ["a"], seed: 3 }), "batch=1, seq_len=2, text=[…], …");
});
