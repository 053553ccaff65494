// Where the ranges that a number was computed from show up: as they stand, and under their other names.

import assert from "node:assert/strict";
import { test } from "node:test";
import { markedOf, mirrorsOf, sourcesOf, spansIn } from "../../static/js/core/reads.js";
import { layoutSources } from "../../static/js/scene/sources.js";
import { boxesOf } from "../../static/js/network/sources.js";
import { HOME, viewOf } from "../../static/js/scene/projection.js";
import { traceOf } from "./trace_fixture.js";

/** @typedef {import("../../static/js/types.js").AppState} AppState */
/** @typedef {import("../../static/js/types.js").Explained} Explained */

/** @param {import("../../static/js/core/reads.js").Range} range */
const named = ({ tensor, spans }) => `${tensor}[${spans.map(([from, to]) => (to - from === 1 ? from : `${from}:${to}`)).join()}]`;

/** @param {string} tensor @param {string} index */
const read = (tensor, index) => ({ symbol: "h_prev", role: "state", tensor, parameter: null, index, count: 3, values: [] });

test("a range is read as the server writes it", () => {
  assert.deepEqual(spansIn("1,2,:", [2, 5, 3]), [[1, 2], [2, 3], [0, 3]]);
  assert.deepEqual(spansIn("1,0:3,2", [2, 5, 3]), [[1, 2], [0, 3], [2, 3]]);
  assert.deepEqual(spansIn("", []), []);
});

test("all of h of the top layer stands in its half of output, at the row's own end in h_n too", () => {
  const trace = traceOf();
  const names = (/** @type {string} */ tensor, /** @type {string} */ index) => mirrorsOf(trace, { tensor, spans: spansIn(index, [2, 5, 3]) }).map(named);
  assert.deepEqual(names("l1.h", "1,2,:"), ["output[1,2,0:3]"]);
  assert.deepEqual(names("l1_reverse.h", "1,0,:"), ["output[1,0,3:6]", "h_n[3,1,0:3]"]);
  assert.deepEqual(names("l0.h", "1,4,:"), ["h_n[0,1,0:3]"]);
  assert.deepEqual(names("l0.h", "1,3,:"), []);
});

test("a range that other names hold only in part has no such name", () => {
  const trace = traceOf();
  assert.deepEqual(mirrorsOf(trace, { tensor: "output", spans: [[0, 1], [0, 5], [2, 3]] }).map(named), ["l1.h[0,0:5,2]"]);
});

test("parameters and an encoder's inside are marked nowhere, the word that picked a row is", () => {
  const trace = traceOf();
  trace.tensors.tokens = { ...trace.tensors.input, shape: [2, 5], axes: ["N", "T"] };
  const picked = { tensor: "tokens", parameter: null, constant: null, index: [1, 2] };
  const marked = markedOf(trace, { reads: [read("l1.h", "1,2,:"), { ...read("", "6"), tensor: null, parameter: "rnn.bias_ih_l1" }, read("encoder.l0.h", "0,0,:")], picked_by: picked });
  assert.deepEqual(marked.map(({ key }) => key), ["l1.h[1,2,:]", "tokens[1,2]"]);
});

test("nothing is marked for a number nobody points at, nor by the answer for another; the same stays the same", () => {
  const trace = traceOf();
  const cell = { tensor: "l1.i", index: [1, 3, 2] };
  const answer = /** @type {Explained} */ ({ reads: [read("l1.h", "1,2,:")], picked_by: null });
  const state = /** @type {AppState} */ ({ trace, cursor: null, pinned: cell, explained: { cell, answer }, row: "l0", n: 0, t: 0 });
  const found = sourcesOf(state);
  assert.deepEqual(found?.to, [cell]);
  assert.equal(sourcesOf({ ...state, t: 3 }), found);
  assert.equal(sourcesOf({ ...state, pinned: null }), null);
  assert.equal(sourcesOf({ ...state, cursor: { tensor: "l1.i", index: [1, 3, 1] } }), null);
  assert.equal(sourcesOf({ ...state, explained: { cell, answer: null } }), null);
});

test("on the strips a range runs from its first bar to its last", () => {
  const box = { x: 10, y: 20, w: 30, h: 8 };
  const spot = /** @type {import("../../static/js/network/places.js").Spot} */ ({ tensor: "l1.h", quantity: "h", index: [1, 2, null], whole: [], units: 3, split: 0, box, row: 2, t: 2 });
  assert.deepEqual(boxesOf([spot], { tensor: "l1.h", spans: [[1, 2], [2, 3], [0, 3]] }), [box]);
  assert.deepEqual(boxesOf([spot], { tensor: "l1.h", spans: [[1, 2], [2, 3], [1, 2]] }), [{ ...box, x: 20, w: 10 }]);
  assert.deepEqual(boxesOf([spot], { tensor: "l1.h", spans: [[1, 2], [0, 5], [1, 2]] }), [{ ...box, x: 20, w: 10 }]);
  assert.deepEqual(boxesOf([spot], { tensor: "l1.h", spans: [[0, 1], [2, 3], [0, 3]] }), []);
});

test("in the scene a range lights up in the block that holds its numbers, and one arrow leads from it to the number", () => {
  const sheet = (/** @type {string} */ name, /** @type {number} */ x, /** @type {string | null} */ also = null) => ({
    block: { name, also, kind: "sheet", shape: [2, 6], axes: ["N", "H"], cut: -1, sample: 0, from: null, op: "", starts: "", parts: 1 },
    size: [60, 20, 0], gap: 0, lift: 0, thick: 0, centre: [x, 50], room: { x: x - 30, y: 40, w: 60, h: 20 }, labels: [], rows: [],
  });
  const placed = /** @type {import("../../static/js/scene/layout.js").Placed[]} */ (/** @type {unknown} */ ([sheet("joined", 100), sheet("logits", 300), sheet("encoder.h_n", 500, "h_0")]));
  const places = [{ tensor: "joined", spans: /** @type {[number, number][]} */ ([[1, 2], [0, 6]]) }];
  const to = [{ tensor: "logits", index: [1, 2] }];
  const { quads, arrows } = layoutSources(placed, viewOf(HOME), 0, { cell: to[0], to, marked: [{ key: "", symbol: "x", places }] });
  assert.deepEqual(quads.map(({ origin }) => origin.map(Math.round)), [[70, 50]]);
  assert.deepEqual(arrows.map((points) => points.map((point) => point.map(Math.round))), [[[100, 55], [287, 55]]]);
  const single = [{ tensor: "joined", spans: /** @type {[number, number][]} */ ([[1, 2], [2, 3]]) }];
  const thin = layoutSources(placed, viewOf(HOME), 0, { cell: to[0], to, marked: [{ key: "", symbol: "h", places: single }] });
  assert.deepEqual(thin.arrows[0].map(([x]) => Math.round(x)), [103, 287]); // from beside its one number, not from on top of it
  const start = [{ tensor: "h_0", spans: /** @type {[number, number][]} */ ([[0, 1], [0, 3]]) }];
  const seen = layoutSources(placed, viewOf(HOME), 0, { cell: to[0], to, marked: [{ key: "", symbol: "h_prev", places: start }] });
  assert.equal(seen.quads.length, 1);
  assert.equal(seen.arrows[0][0][0] > 450, true);
});
