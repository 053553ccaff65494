// What is done by hand: added, taken back, and the numbers it holds; what it changed, ready to be listed.

import assert from "node:assert/strict";
import { test } from "node:test";
import { columns, numbersIn, sorted } from "../../static/js/core/changed.js";
import { add, heldIn, parse, rangeOf, without } from "../../static/js/core/hands.js";

const F = { clamp: { row: "l0", quantity: "f", value: 1, from: 3 } };

test("a change of the same place takes the place of the one before, any other stands beside it", () => {
  const one = add("", F);
  assert.deepEqual(parse(add(one, { clamp: { ...F.clamp, value: 0 } })), [{ clamp: { ...F.clamp, value: 0 } }]);
  for (const other of [{ units: [1] }, { samples: [0] }, { from: 2 }, { to: 4 }, { row: "l1" }, { quantity: "i" }]) {
    assert.equal(parse(add(one, { clamp: { ...F.clamp, ...other } })).length, 2);
  }
  const word = add(one, { token: { step: 1, token: "it" } });
  assert.deepEqual(parse(add(word, { token: { sample: 0, step: 1, token: "i" } })).map(({ token }) => token?.token), [undefined, "i"]);
});

test("what is taken back is gone, and nothing at all is no text", () => {
  const both = add(add("", F), { token: { step: 1, token: 2 } });
  assert.deepEqual(parse(without(both, 0)), [{ token: { step: 1, token: 2 } }]);
  assert.equal(without(without(both, 0), 0), "");
});

test("held numbers are rectangles, one a sample and run of units", () => {
  const interventions = [{ clamp: { row: "l0", quantity: "f", value: 1, from: 2, to: null, units: null, samples: null } }, { clamp: { row: "l0", quantity: "h", value: 0, from: 0, to: 1, units: [0, 3], samples: [1] } }];
  const trace = /** @type {any} */ ({ request: { interventions }, tensors: { "l0.f": { shape: [2, 5, 6] }, "l0.h": { shape: [2, 5, 6] } } });
  assert.deepEqual(heldIn(trace), [
    { tensor: "l0.f", spans: [[0, 1], [2, 5], [0, 6]] },
    { tensor: "l0.f", spans: [[1, 2], [2, 5], [0, 6]] },
    { tensor: "l0.h", spans: [[1, 2], [0, 1], [0, 1]] },
    { tensor: "l0.h", spans: [[1, 2], [0, 1], [3, 4]] },
  ]);
});

test("a gate is offered its two ends, a candidate zero as well, a state zero", () => {
  for (const gate of ["i", "f", "o", "r", "z"]) assert.deepEqual(rangeOf(gate), { low: 0, high: 1, offered: [0, 1] });
  for (const candidate of ["g", "n"]) assert.deepEqual(rangeOf(candidate).offered, [-1, 0, 1]);
  for (const state of ["c", "h"]) assert.deepEqual(rangeOf(state).offered, [0]);
});

test("the largest difference comes first, what is not finite before it, and what is the same by itself", () => {
  const change = (/** @type {string} */ name, /** @type {number | null} */ size) => ({ name, shape: [1], max_abs_diff: size, mean_abs_diff: size, at: [0], first_step: null, per_step: null });
  const { differ, same } = sorted([change("a", 0.1), change("b", 0), change("c", null), change("d", 0.5)]);
  assert.deepEqual(differ.map(({ name }) => name), ["c", "d", "a"]);
  assert.deepEqual(same, ["b"]);
});

test("many steps become stretches with the largest of each", () => {
  assert.deepEqual(columns([0, 1, 3, 2, 5], 2), [{ from: 0, to: 3, value: 3 }, { from: 3, to: 5, value: 5 }]);
  assert.deepEqual(columns([0, null], 1), [{ from: 0, to: 2, value: null }]);
  assert.equal(columns(Array.from({ length: 4096 }, () => 0), 48).length, 48);
});

test("a nested list is read in order, each number with its index", () => {
  assert.deepEqual(numbersIn([[1, null], [3, 4]]), [{ index: [0, 0], value: 1 }, { index: [0, 1], value: null }, { index: [1, 0], value: 3 }, { index: [1, 1], value: 4 }]);
});
