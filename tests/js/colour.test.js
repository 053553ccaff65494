// The colour scales: symmetric, monotone in lightness, safe for colour-blind eyes, one scale a quantity.
import assert from "node:assert/strict";
import { test } from "node:test";
import { colourOf, inkOn, luminance, paint, rgbOf, roundUp, scaleOf, scalesOf, stops } from "../../static/js/core/colour.js";

const signed = /** @type {const} */ ({ kind: "diverging", low: -2, high: 2 });
const gate = /** @type {const} */ ({ kind: "sequential", low: 0, high: 1 });

/** @param {number[]} rgb brightness of one of the three cones-blind views: how a protanope and a deuteranope see it */
const seenBy = (rgb, matrix) => matrix.map((row) => row.reduce((sum, w, k) => sum + w * rgb[k], 0));
const PROTANOPE = [[0.152, 1.053, -0.205], [0.115, 0.786, 0.099], [-0.004, -0.048, 1.052]];
const DEUTERANOPE = [[0.367, 0.861, -0.228], [0.28, 0.673, 0.047], [-0.012, 0.043, 0.969]];

test("zero is nearly white and both ends are dark", () => {
  assert.ok(luminance(rgbOf(0, signed)) > 0.88);
  assert.ok(luminance(rgbOf(-2, signed)) < 0.2);
  assert.ok(luminance(rgbOf(2, signed)) < 0.2);
});

test("numbers as far from zero are about as dark on either side", () => {
  for (const v of [0.25, 0.5, 1, 1.5, 2]) {
    const [a, b] = [luminance(rgbOf(-v, signed)), luminance(rgbOf(v, signed))];
    assert.ok(Math.abs(a - b) < 0.06, `at ±${v}: ${a} and ${b}`);
  }
});

test("lightness falls steadily away from zero, and from 0 to 1 for a gate", () => {
  for (let k = 0; k < 20; k++) {
    assert.ok(luminance(rgbOf(k / 10, signed)) >= luminance(rgbOf((k + 1) / 10, signed)));
    assert.ok(luminance(rgbOf(-k / 10, signed)) >= luminance(rgbOf(-(k + 1) / 10, signed)));
    assert.ok(luminance(rgbOf(k / 20, gate)) > luminance(rgbOf((k + 1) / 20, gate)));
  }
});

test("the sign can be told by eyes that lack red or green cones", () => {
  for (const matrix of [PROTANOPE, DEUTERANOPE]) {
    for (const v of [0.5, 1, 2]) {
      const [minus, plus] = [seenBy(rgbOf(-v, signed), matrix), seenBy(rgbOf(v, signed), matrix)];
      assert.ok(Math.hypot(...minus.map((x, k) => x - plus[k])) > 60, `±${v}`);
    }
  }
});

test("paint gives four bytes a number, the same colours as colourOf, and clips what lies outside", () => {
  const bytes = paint(new Float32Array([-2, 0, 2, 99]), signed);
  assert.equal(bytes.length, 16);
  assert.equal(`rgb(${Array.from(bytes.subarray(0, 3)).join(" ")})`, colourOf(-2, signed));
  assert.deepEqual(bytes.subarray(8, 12), bytes.subarray(12, 16));
  assert.equal(bytes[3], 255);
});

test("what is not a number has a grey that no number has", () => {
  const nan = Array.from(paint(new Float32Array([NaN]), signed).subarray(0, 3));
  assert.deepEqual(nan, rgbOf(Infinity, gate));
  for (let v = -2; v <= 2; v += 0.01) assert.notDeepEqual(rgbOf(v, signed), nan);
  for (let v = 0; v <= 1; v += 0.004) assert.notDeepEqual(rgbOf(v, gate), nan);
});

test("text on any colour of a scale has a contrast of at least 4.5 to 1", () => {
  for (const scale of [signed, gate, scaleOf("tokens", { min: 0, max: 9 })]) {
    for (let k = 0; k <= 50; k++) {
      const v = scale.low + ((scale.high - scale.low) * k) / 50;
      const ink = inkOn(v, scale) === "#ffffff" ? 1 : 0;
      const [light, dark] = [luminance(rgbOf(v, scale)), ink].sort((a, b) => b - a);
      assert.ok((light + 0.05) / (dark + 0.05) >= 4.5, `${scale.kind} at ${v}`);
    }
  }
});

test("gates are shown from 0 to 1, signed quantities symmetric about zero", () => {
  for (const name of ["l0.i", "l1_reverse.f", "l0.o", "l0.r", "l0.z"]) assert.deepEqual(scaleOf(name, null), gate);
  for (const name of ["l0.c", "input", "l0.g", "logits"]) {
    const scale = scaleOf(name, { min: -0.2, max: 1.3 });
    assert.equal(scale.kind, "diverging");
    assert.equal(scale.low, -scale.high);
    assert.ok(scale.high >= 1.3);
  }
  assert.deepEqual(scaleOf("l0.c", { min: null, max: null }), { kind: "diverging", low: -1, high: 1 });
});

test("probabilities use the 0 to 1 scale, logarithms of them do not", () => {
  assert.equal(scaleOf("prediction", { min: 0.4, max: 0.6 }).kind, "sequential");
  assert.equal(scaleOf("activated", { min: -2, max: -0.1 }).kind, "diverging");
});

test("output, h_n and the head's copies of them share one scale, so equal numbers look equal", () => {
  const scales = scalesOf({ output: { min: -0.1, max: 0.2 }, h_n: { min: -0.4, max: 0 }, joined: { min: 0, max: 0.1 }, c_n: { min: -3, max: 1 } });
  assert.deepEqual(scales.output, scales.h_n);
  assert.deepEqual(scales.joined, scales.h_n);
  assert.equal(scales.c_n.high, 3);
  assert.notEqual(scales.c_n.quantity, scales.h_n.quantity);
});

test("a range is rounded up to a number that reads well", () => {
  assert.deepEqual([0, 0.011, 0.2, 0.21, 1, 6, 99].map(roundUp), [1, 0.015, 0.2, 0.3, 1, 7, 100]);
});

test("a legend runs from the low end to the high end", () => {
  const colours = stops(signed, 5);
  assert.equal(colours[0], colourOf(-2, signed));
  assert.equal(colours[4], colourOf(2, signed));
});
