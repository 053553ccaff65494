// What choosing a task asks for, and which steps of a run read and which answer.

import assert from "node:assert/strict";
import { test } from "node:test";
import { DEFAULTS } from "../../static/js/core/query.js";
import { drawn, readsAt, wayOf, withTask } from "../../static/js/core/task.js";

const shaped = (/** @type {number[]} */ shape, /** @type {string[]} */ axes) => ({ shape, axes, dtype: "float32", min: 0, max: 1, mean: 0 });

/** @param {{steps: number, reads?: string, encoder?: number, more?: string[]}} how */
function ran({ steps, reads, encoder, more = [] }) {
  const others = Object.fromEntries(more.map((name) => [name, shaped([2, steps], ["N", "T"])]));
  const trace = { tensors: { input: shaped([2, steps, 8], ["N", "T", "F"]), ...others }, request: { head: reads ? { reads } : null }, encoder: encoder ? ran({ steps: encoder }) : null };
  return /** @type {import("../../static/js/types.js").Trace} */ (/** @type {unknown} */ (trace));
}

test("each of the five ways is told from the run alone", () => {
  assert.equal(wayOf(ran({ steps: 1, reads: "last_step" })).kind, "one_to_one");
  assert.equal(wayOf(ran({ steps: 5, reads: "h_n" })).kind, "many_to_one");
  assert.equal(wayOf(ran({ steps: 5, reads: "mean" })).by, "mean");
  assert.equal(wayOf(ran({ steps: 5, reads: "every_step" })).kind, "many_to_many");
  assert.deepEqual(wayOf(ran({ steps: 5 })), { kind: "many_to_many", steps: 5, encoder: 0, chooses: false, answers: "all", by: "output" });
  assert.equal(wayOf(ran({ steps: 5, reads: "every_step", more: ["first", "decoded"] })).kind, "one_to_many");
  const shifted = wayOf(ran({ steps: 4, reads: "every_step", encoder: 6, more: ["decoded"] }));
  assert.deepEqual(shifted, { kind: "encoder_decoder", steps: 4, encoder: 6, chooses: true, answers: "all", by: "step" });
});

test("a step of a decoder reads its start, its vector or the word before it", () => {
  assert.equal(readsAt(ran({ steps: 4, more: ["decoded"] }), 0), "start");
  assert.equal(readsAt(ran({ steps: 4, more: ["decoded", "first"] }), 0), "vector");
  assert.equal(readsAt(ran({ steps: 4, more: ["decoded", "first"] }), 3), "word");
});

test("there and back again is the page that was there", () => {
  for (const task of /** @type {const} */ (["caption", "translate"])) {
    const there = { ...DEFAULTS, ...withTask(task, DEFAULTS) };
    assert.deepEqual([there.head, there.out_features, there.activation], ["every_step", 12, "none"]);
    assert.deepEqual({ ...there, ...withTask("read", there) }, { ...DEFAULTS });
  }
});

test("a head of one's own is kept, and what can't be decoded with is put away", () => {
  const own = { ...DEFAULTS, out_features: 7, activation: /** @type {const} */ ("softmax"), bidirectional: true, mode: /** @type {const} */ ("train"), h0: /** @type {const} */ ("random") };
  const there = { ...own, ...withTask("translate", own) };
  assert.deepEqual([there.head, there.out_features, there.activation, there.bidirectional, there.mode, there.h0], ["every_step", 7, "softmax", false, "eval", "zeros"]);
  const back = { ...there, ...withTask("read", there) };
  assert.deepEqual([back.head, back.out_features], ["every_step", 7]);
  assert.deepEqual(withTask("read", DEFAULTS), {});
});

test("a long run is drawn with its first steps and its last", () => {
  assert.deepEqual(drawn(5, 5), [0, 1, 2, 3, 4]);
  assert.deepEqual(drawn(500, 5), [0, 1, 2, null, 499]);
  assert.deepEqual(drawn(0, 5), []);
});
