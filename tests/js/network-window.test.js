// The window of columns and the averages: what is shown of a long sequence.

import assert from "node:assert/strict";
import { test } from "node:test";

import { columnsThatFit, follow, image, placeOf, stepAt, summary, ticks, valuesPerPixel, windowAt } from "../../static/js/network/window.js";

test("a short sequence is shown whole", () => {
  assert.equal(columnsThatFit(900, 5, 58, 20), 5);
  assert.deepEqual(windowAt(3, 9, 5), { first: 0, count: 5 });
});

test("never more columns than can be read, and never none", () => {
  assert.equal(columnsThatFit(100_000, 2000, 58, 20), 16);
  assert.equal(columnsThatFit(10, 2000, 58, 20), 1);
});

test("the last column needs no gutter behind it", () => {
  assert.equal(columnsThatFit(3 * 58 - 20, 9, 58, 20), 3);
  assert.equal(columnsThatFit(3 * 58 - 21, 9, 58, 20), 2);
});

test("the window stays while t is inside it", () => {
  for (let t = 10; t < 22; t++) assert.deepEqual(follow({ first: 10, count: 12 }, t, 200), { first: 10, count: 12 });
});

test("the window turns like a page when t leaves it, and one shown step stays visible", () => {
  assert.deepEqual(follow({ first: 10, count: 12 }, 22, 200), { first: 21, count: 12 });
  assert.deepEqual(follow({ first: 10, count: 12 }, 9, 200), { first: 0, count: 12 });
  assert.deepEqual(follow({ first: 30, count: 12 }, 29, 200), { first: 19, count: 12 });
});

test("wherever t is, the window holds it and stays inside the sequence", () => {
  for (const count of [1, 2, 3, 12])
    for (let from = 0; from < 40; from += 7)
      for (let t = 0; t < 40; t++) {
        const run = follow({ first: from, count }, t, 40);
        assert.ok(run.first >= 0 && run.first + run.count <= 40 && t >= run.first && t < run.first + run.count);
      }
});

test("a pixel of a strip names a step, also at both ends and outside", () => {
  assert.equal(stepAt(0, 800, 200), 0);
  assert.equal(stepAt(799.9, 800, 200), 199);
  assert.equal(stepAt(-5, 800, 200), 0);
  assert.equal(stepAt(900, 800, 200), 199);
});

test("the middle of a step's place on the strip is that step", () => {
  for (const steps of [1, 5, 200, 2000])
    for (const first of [0, Math.floor(steps / 2), steps - 1]) {
      const { x, w } = placeOf({ first, count: 1 }, 850, steps);
      assert.equal(stepAt(x + w / 2, 850, steps), first);
    }
});

test("a window of 12 steps out of 2000 is still wide enough to take hold of, and stays on the strip", () => {
  for (const first of [0, 1000, 1988]) {
    const { x, w } = placeOf({ first, count: 12 }, 300, 2000, 24);
    assert.equal(w, 24);
    assert.ok(x >= 0 && x + w <= 300);
  }
});

test("an image with room for every value is the block with time to the right and units down", () => {
  const block = Float32Array.from([1, 2, 3, 4, 5, 6]); // T=2, H=3
  assert.deepEqual(image(block, 2, 3, 100, 100), { columns: 2, rows: 3, data: Float32Array.from([1, 4, 2, 5, 3, 6]) });
});

test("below one pixel a value is the mean of its neighbours, and no value is left out", () => {
  const steps = 7;
  const units = 5;
  const block = Float32Array.from({ length: steps * units }, (_, k) => k);
  const { columns, rows, data } = image(block, steps, units, 3, 2);
  assert.deepEqual([columns, rows], [3, 2]);
  const widths = [3, 2, 2]; // 7 steps in 3 bins
  const heights = [3, 2]; // 5 units in 2 bins
  const total = data.reduce((sum, mean, k) => sum + mean * widths[k % 3] * heights[Math.floor(k / 3)], 0);
  assert.ok(Math.abs(total - block.reduce((a, b) => a + b, 0)) < 1e-3);
});

test("a value that is not a number makes its pixel not a number, instead of vanishing", () => {
  assert.ok(Number.isNaN(image(Float32Array.from([1, NaN, 3, 4]), 4, 1, 2, 1).data[0]));
});

test("averaging starts below one pixel", () => {
  assert.equal(valuesPerPixel(26, 26.9), 1);
  assert.equal(valuesPerPixel(512, 32), 16);
});

test("a summary is the range and the mean, and an empty block has none", () => {
  assert.deepEqual(summary(Float32Array.from([-1, 0, 4])), { min: -1, max: 4, mean: 1 });
  assert.equal(summary(new Float32Array()), null);
});

test("ticks are whole, ordered, few, and name the first and the last", () => {
  for (const count of [1, 2, 5, 6, 9, 12, 40, 200, 512, 2000])
    for (const most of [2, 4, 6, 9, 20]) {
      const marks = ticks(count, most);
      assert.equal(marks[0], 0);
      assert.equal(marks[marks.length - 1], count - 1);
      assert.ok(marks.every((mark, k) => Number.isInteger(mark) && (k === 0 || mark > marks[k - 1])));
      assert.ok(marks.length <= most + 1);
    }
});
