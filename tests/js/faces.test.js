// The visible faces: which matrix each shows, where it stands, and that nothing in front is drawn first.
import assert from "node:assert/strict";
import { test } from "node:test";
import { blocksOf } from "../../static/js/scene/blocks.js";
import { facesOf, partOf, pointOf, slabsOf } from "../../static/js/scene/faces.js";
import { layout } from "../../static/js/scene/layout.js";
import { HOME, viewOf } from "../../static/js/scene/projection.js";
import { average, binsFor } from "../../static/js/scene/bitmaps.js";
import { MANY, measure, traceOf } from "./scene_fixtures.js";

const home = viewOf(HOME);

/** @param {Parameters<typeof traceOf>[0]} of @param {string} name */
function placedOf(of, name) {
  const { placed } = layout(blocksOf(traceOf(of)), { width: 1032, measure, say: (key) => key, rowName: (_, k) => String(k) });
  const found = placed.find(({ block }) => block.name === name);
  assert.ok(found);
  return found;
}

test("a cube shows three faces for each of the pieces before, at and after the current step", () => {
  const faces = facesOf(placedOf({}, "output"), home, 2);
  assert.equal(faces.length, 9);
  assert.deepEqual([...new Set(faces.map(({ role }) => role))].sort(), ["after", "before", "now"]);
});

test("at the first and the last step there is one piece less", () => {
  const placed = placedOf({}, "output");
  assert.deepEqual(slabsOf(placed, 0).map(({ role }) => role), ["now", "after"]);
  assert.deepEqual(slabsOf(placed, 4).map(({ role }) => role), ["before", "now"]);
  assert.deepEqual(slabsOf(placed, 99), slabsOf(placed, 4));
});

test("the top of each piece shows the step it begins with, the front the first sample, the side the last feature", () => {
  const faces = facesOf(placedOf({}, "output"), home, 2);
  const at = (/** @type {number} */ axis, /** @type {string} */ role) => faces.find((face) => face.fixedAxis === axis && face.role === role)?.fixedIndex;
  assert.deepEqual([at(1, "before"), at(1, "now"), at(1, "after")], [0, 2, 3]);
  assert.equal(at(0, "now"), 0);
  assert.equal(at(2, "now"), 5);
});

test("turned the other way, the side shows the first feature", () => {
  const faces = facesOf(placedOf({}, "output"), viewOf({ yaw: -HOME.yaw, pitch: HOME.pitch }), 2);
  assert.equal(faces.find(({ fixedAxis }) => fixedAxis === 2)?.fixedIndex, 0);
});

test("only faces and the current slice are needed of a large tensor", () => {
  const faces = facesOf(placedOf(MANY.large, "output"), home, 120);
  const read = new Set(faces.map(({ fixedAxis, fixedIndex }) => `${fixedAxis}:${fixedIndex}`));
  assert.deepEqual([...read].sort(), ["0:0", "1:0", "1:120", "1:121", "2:511"]);
});

test("pieces further away are drawn first, whichever axis time runs along", () => {
  assert.deepEqual(order({ first: true }), ["after", "now", "before"], "time runs down, seen from above");
  assert.deepEqual(order({ first: false }), ["after", "now", "before"], "time runs into depth");
  function order(/** @type {object} */ of) {
    return [...new Set(facesOf(placedOf(of, "output"), home, 2).map(({ role }) => role))];
  }
});

test("final states are drawn from the last to the first, each as thick as one", () => {
  const faces = facesOf(placedOf({ layers: 2, both: true }, "h_n"), home, 0).filter(({ fixedAxis }) => fixedAxis === 0);
  assert.deepEqual(faces.map(({ fixedIndex }) => fixedIndex), [3, 2, 1, 0]);
});

test("columns are the later axis of the tensor, so no matrix needs transposing", () => {
  for (const of of Object.values(MANY)) {
    for (const { block } of layout(blocksOf(traceOf(of)), { width: 1032, measure, say: (key) => key, rowName: (_, k) => String(k) }).placed) {
      for (const { u, v } of facesOf(placedOf(of, block.name), home, 1)) assert.ok(u.axis > v.axis || v.axis < 0, block.name);
    }
  }
});

test("a sheet is one face that does not turn", () => {
  const placed = placedOf({}, "joined");
  const turned = facesOf(placed, viewOf({ yaw: -0.5, pitch: 0.2 }), 0);
  assert.deepEqual(facesOf(placed, home, 0), turned);
  assert.equal(turned.length, 1);
  assert.equal(turned[0].along[1], 0);
});

test("the part of a face that shows one cell has the cell's share of it", () => {
  const face = facesOf(placedOf({}, "joined"), home, 0)[0]; // (2, 6)
  const part = partOf(face, [[1, 2], [2, 3]]);
  assert.ok(part);
  assert.ok(Math.abs(part.along[0] - face.along[0] / 6) < 1e-9);
  assert.ok(Math.abs(part.origin[0] - (face.origin[0] + face.along[0] / 3)) < 1e-9);
  assert.ok(Math.abs(part.origin[1] - (face.origin[1] + face.down[1] / 2)) < 1e-9);
});

test("a face that does not show a range has no part of it", () => {
  const faces = facesOf(placedOf({}, "output"), home, 2);
  const shows = faces.filter((face) => partOf(face, [null, [2, 3], null]));
  assert.deepEqual([...new Set(shows.map(({ role }) => role))], ["now"]);
});

test("a point inside follows the piece it lies in", () => {
  const placed = placedOf({}, "output");
  const [closed, opened] = [4, 0].map((t) => pointOf(placed, home, t, [0.5, 2.5, 6])[1]);
  assert.ok(opened > closed, "after the slice everything is further down");
});

test("averaging keeps the mean, and leaves cells alone that have room", () => {
  const data = Float32Array.from({ length: 6 * 8 }, (_, k) => k);
  const small = average(data, 6, 8, 3, 4);
  assert.deepEqual(Array.from(small.subarray(0, 2)), [(0 + 1 + 8 + 9) / 4, (2 + 3 + 10 + 11) / 4]);
  assert.equal(average(data, 6, 8, 6, 8), data);
  const odd = average(data, 6, 8, 4, 5);
  assert.ok(odd.every(Number.isFinite));
  assert.deepEqual([binsFor(512, 150), binsFor(8, 150), binsFor(3, 0)], [150, 8, 1]);
});
