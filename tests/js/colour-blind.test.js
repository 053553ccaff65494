// The scales as eyes see them that lack one kind of cone: neighbouring steps differ in lightness, signs in colour.
import assert from "node:assert/strict";
import { test } from "node:test";
import { rgbOf } from "../../static/js/core/colour.js";

/** Machado, Oliveira & Fernandes 2009, whole loss, on linear sRGB. @type {Record<string, number[][]>} */
const SEEN_BY = {
  everybody: [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
  protanopia: [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
  deuteranopia: [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]],
  tritanopia: [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.3039]],
};
const SCALES = /** @type {const} */ ([
  { kind: "diverging", low: -1, high: 1 },
  { kind: "sequential", low: 0, high: 1 },
]);
const STEPS = 10; // from one end (or from zero) to the other: what a legend lets one read off
const LIGHTNESS = 2.5; // of 100; a difference of 2.3 is just noticed
const COLOUR = 20; // ΔE between + and − at the same distance from zero

/** CIELAB of sRGB bytes seen through `matrix`. @param {number[]} bytes @param {number[][]} matrix */
function lab(bytes, matrix) {
  const linear = bytes.map((v) => (v / 255 <= 0.04045 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4));
  const [r, g, b] = matrix.map((row) => Math.min(1, Math.max(0, row.reduce((sum, w, k) => sum + w * linear[k], 0))));
  const [x, y, z] = [
    (0.4124 * r + 0.3576 * g + 0.1805 * b) / 0.95047,
    0.2126 * r + 0.7152 * g + 0.0722 * b,
    (0.0193 * r + 0.1192 * g + 0.9505 * b) / 1.08883,
  ].map((t) => (t > 0.008856 ? Math.cbrt(t) : 7.787 * t + 16 / 116));
  return [116 * y - 16, 500 * (x - y), 200 * (y - z)];
}

test("the measure knows black, white and two colours that a deuteranope takes for one", () => {
  const plain = SEEN_BY.everybody;
  assert.ok(Math.abs(lab([255, 255, 255], plain)[0] - 100) < 0.1);
  assert.ok(Math.abs(lab([0, 0, 0], plain)[0]) < 0.1);
  const apart = (/** @type {string} */ eyes) => Math.hypot(...lab([160, 110, 50], SEEN_BY[eyes]).map((v, k) => v - lab([110, 130, 50], SEEN_BY[eyes])[k]));
  assert.ok(apart("deuteranopia") < 0.6 * apart("everybody"));
});

for (const [eyes, matrix] of Object.entries(SEEN_BY)) {
  test(`${eyes}: each step of every scale is darker than the one before, enough to be noticed`, () => {
    for (const scale of SCALES) {
      for (const end of scale.low < 0 ? [scale.low, scale.high] : [scale.high]) {
        const light = Array.from({ length: STEPS + 1 }, (_, k) => lab(rgbOf((end * k) / STEPS, scale), matrix)[0]);
        light.slice(1).forEach((each, k) => assert.ok(light[k] - each > LIGHTNESS, `${scale.kind} towards ${end}, step ${k + 1}: ${light[k]} → ${each}`));
      }
    }
  });

  test(`${eyes}: below zero does not look like above`, () => {
    for (const v of [0.3, 0.6, 1]) {
      const [minus, plus] = [-v, v].map((each) => lab(rgbOf(each, SCALES[0]), matrix));
      const apart = Math.hypot(...minus.map((each, k) => each - plus[k]));
      assert.ok(apart > COLOUR, `±${v}: ΔE ${apart}`);
    }
  });
}
