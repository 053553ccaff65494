// Where padding lies: in a batch, in merged rows, in the stairs that packing makes of it.

import assert from "node:assert/strict";
import { test } from "node:test";
import { stairs } from "../../static/js/core/stairs.js";
import { trueLengths } from "../../static/js/core/places.js";
import { paddedRanges } from "../../static/js/scene/padding.js";

test("a batch has one piece of padding a short sample, in whatever order its axes are", () => {
  assert.deepEqual(paddedRanges(["N", "T", "H"], [2, 5, 6], [5, 3]), [[[1, 2], [3, 5], null]]);
  assert.deepEqual(paddedRanges(["T", "N", "H"], [5, 2, 6], [5, 3]), [[[3, 5], [1, 2], null]]);
});

test("merged rows keep it: in one piece where samples lead, a row a step where time leads", () => {
  assert.deepEqual(paddedRanges(["N·T", "H"], [10, 6], [5, 3]), [[[8, 10], null]]);
  assert.deepEqual(paddedRanges(["T·N", "H"], [10, 6], [5, 3]), [[[7, 8], null], [[9, 10], null]]);
});

test("what has no steps has no padding", () => {
  assert.deepEqual(paddedRanges(["L·D", "N", "H"], [1, 2, 6], [5, 3]), []);
  assert.deepEqual(paddedRanges(["ΣT", "F"], [8, 6], [5, 3]), []);
});

test("more pieces than can be seen are not drawn", () => {
  assert.deepEqual(paddedRanges(["T·N", "H"], [5000 * 2, 6], [5000, 1]), []);
});

test("equal numbers in a row are one step of the stairs", () => {
  assert.deepEqual(stairs([3, 3, 2, 1, 1]), [{ size: 3, steps: 2 }, { size: 2, steps: 1 }, { size: 1, steps: 2 }]);
  assert.deepEqual(stairs([]), []);
});

test("a text knows its lengths, other input is told them, or has none", () => {
  const request = /** @type {import("../../static/js/types.js").TraceRequest} */ ({ lengths: [4, 2] });
  const trace = /** @type {import("../../static/js/types.js").Trace} */ ({ text: null, request });
  assert.deepEqual(trueLengths(trace), [4, 2]);
  assert.deepEqual(trueLengths({ ...trace, text: { tokens: [], lengths: [3, 1], vocabulary: [] } }), [3, 1]);
  assert.equal(trueLengths({ ...trace, request: { ...request, lengths: null } }), null);
});
