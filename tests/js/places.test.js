// Where numbers sit and how they are made, on a two-layer bidirectional LSTM (N=2, T=5, H=3) and its relatives.

import assert from "node:assert/strict";
import { test } from "node:test";
import { aliases, coordinates, exists, homeOf, indexOf, inside, rows, sizes } from "../../static/js/core/places.js";
import { traceOf } from "./trace_fixture.js";

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

test("what is inside the module is found behind its other names", () => {
  assert.equal(named(homeOf(traceOf(), { tensor: "h_n", index: [2, 1, 0] })), "l1.h[1,4,0]");
  assert.equal(named(homeOf(traceOf(), { tensor: "input", index: [0, 0, 0] })), "embedding[0,0,0]");
});
