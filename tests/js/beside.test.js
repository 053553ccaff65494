// Two runs on one time axis: places that the other does not have, what can't be subtracted, one colour scale, one column a step.
import assert from "node:assert/strict";
import { test } from "node:test";
import { differenceOf, hasNetwork, lookingAt, reasonOf } from "../../static/js/core/beside.js";
import { scaleOf, scalesOf } from "../../static/js/core/colour.js";
import { homeOf } from "../../static/js/core/places.js";
import { layoutNetwork, netOf } from "../../static/js/network/layout.js";
import { scaleOfQuantity } from "../../static/js/network/scales.js";
import { traceOf } from "./trace_fixture.js";

const say = (/** @type {string} */ key, /** @type {object} */ params) => `${key} ${JSON.stringify(params)}`;

/** One layer in one direction, with a range for every tensor. */
function simple() {
  const trace = traceOf({ layers: 1, both: false });
  for (const info of Object.values(trace.tensors)) Object.assign(info, { min: -1, max: 1 });
  return trace;
}

test("a place that the other run does not have is left, a step beyond its end is its last", () => {
  const trace = simple();
  const steps = trace.tensors.input.shape[1];
  const cell = { tensor: "output", index: [0, 0, 0] };
  const found = lookingAt(trace, { t: 99, n: 0, cursor: cell, pinned: { tensor: "l9.c", index: [0, 0, 0] } });
  assert.deepEqual(found, { t: steps - 1, n: 0, cursor: cell, pinned: null });
});

test("the axis that does not agree is named with both sizes, and another order with both orders", () => {
  const size = { name: "output", a: [2, 5, 6], a_axes: ["N", "T", "H"], b: [2, 5, 7], b_axes: ["N", "T", "H"], place: 2 };
  assert.equal(reasonOf(size, say), 'compare.apart.size {"name":"output","axis":"H","a":6,"b":7}');
  const order = { ...size, b: [5, 2, 6], b_axes: ["T", "N", "H"], place: 0 };
  assert.equal(reasonOf(order, say), 'compare.apart.axes {"name":"output","a":"N, T, H","b":"T, N, H"}');
});

test("a difference is signed whatever it is of, and symmetric about zero", () => {
  for (const name of ["l0.f", "prediction", "tokens", "output"]) {
    assert.deepEqual(scaleOf(name, { min: -0.02, max: 0.2, difference: true }), { kind: "diverging", low: -0.2, high: 0.2 });
  }
  const { prediction } = scalesOf({ prediction: { min: 0.1, max: 0.2, difference: true } });
  assert.deepEqual([prediction.kind, prediction.low], ["diverging", -0.2]);
});

test("a − b keeps the tensors that could be subtracted; without a cell state in both its network has none", () => {
  const trace = simple();
  const kept = Object.fromEntries(["input", "output", "h_n", "l0.h"].filter((name) => trace.tensors[name]).map((name) => [name, trace.tensors[name]]));
  const found = { a: "a", b: "b", small: true, tensors: kept, apart: [], only_a: [], only_b: [] };
  const drawn = differenceOf(trace, trace, found);
  assert.deepEqual(Object.keys(drawn.tensors), Object.keys(kept));
  assert.ok(Object.values(drawn.tensors).every(({ difference }) => difference));
  assert.equal(netOf(drawn).hasC, false);
  const packed = structuredClone(trace);
  packed.positions.h_n[0].step[1] = 2;
  assert.deepEqual(homeOf(drawn, { tensor: "h_n", index: [0, 1, 0] }), { tensor: "l0.h", index: [1, 4, 0] });
  const apart = differenceOf(trace, packed, found); // the last states of two steps are no state's difference
  assert.deepEqual(homeOf(apart, { tensor: "h_n", index: [0, 1, 0] }), { tensor: "h_n", index: [0, 1, 0] });
  assert.equal(hasNetwork(trace, { ...found, tensors: {} }), false);
});

test("equal numbers have equal colours in both runs: one scale over the numbers of both", () => {
  const [mine, other] = [{ c_n: { min: -0.2, max: 0.1 } }, { c_n: { min: -4, max: 0 } }];
  assert.equal(scalesOf(mine, [other]).c_n.high, 5);
  assert.deepEqual(scalesOf(mine, [other]).c_n, scalesOf(other, [mine]).c_n);
  const trace = simple();
  const wide = { ...trace, tensors: { ...trace.tensors, "l0.c": { ...trace.tensors["l0.c"], min: -9, max: 9 } } };
  assert.equal(scaleOfQuantity(trace, "c", null, [wide]).high, scaleOfQuantity(wide, "c").high);
});

test("the columns of both runs stand under each other, also where one has more rows or fewer steps", () => {
  const trace = simple();
  const short = structuredClone(trace);
  for (const name of ["l0.h", "input", "output"]) if (short.tensors[name]) short.tensors[name].shape[1] -= 1;
  const wide = structuredClone(trace);
  wide.request.model.num_layers = 12;
  for (const other of [short, wide]) {
    const [one, two] = [netOf(trace, [other]), netOf(other, [trace])].map((net) => layoutNetwork(net, { width: 900, first: 0 }));
    const both = Math.min(one.columns.length, two.columns.length);
    assert.ok(both > 1);
    assert.deepEqual(one.columns.slice(0, both).map(({ x, w }) => [x, w]), two.columns.slice(0, both).map(({ x, w }) => [x, w]));
  }
  assert.equal(layoutNetwork(netOf(short, [trace]), { width: 900, first: 0 }).columns.length, netOf(short).steps);
});
