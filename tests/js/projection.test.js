// Parallel projection: what is seen, how much room it needs, and the way back from the screen.
import assert from "node:assert/strict";
import { test } from "node:test";
import { FLAT, HOME, LIMITS, bounds, clampTurn, project, reach, unproject, viewOf } from "../../static/js/scene/projection.js";

/** @param {readonly number[]} a @param {readonly number[]} b */
const close = (a, b) => a.forEach((x, k) => assert.ok(Math.abs(x - b[k]) < 1e-9, `${a} and ${b}`));

test("a sheet lies in the page: x to the right, y down, one px each", () => {
  close(project(FLAT, [3, 4, 0], [10, 20]), [13, 24]);
});

test("at home the front, the top and the right side are seen", () => {
  const { away } = viewOf(HOME);
  assert.ok(away[0] < 0, "the high end of x looks at the reader");
  assert.ok(away[1] > 0, "the low end of y, the top, looks at the reader");
  assert.ok(away[2] > 0, "the low end of z, the front, looks at the reader");
});

test("depth leads up and to the right, the last axis to the right, the middle one down", () => {
  const { axes: [x, y, z] } = viewOf(HOME);
  assert.ok(z[0] > 0 && z[1] < 0);
  assert.ok(x[0] > 0.7 && Math.abs(x[1]) < 0.4);
  assert.ok(y[0] === 0 && y[1] > 0.8);
});

test("projection keeps parallels and ratios: the middle of an edge is the middle on the screen", () => {
  const view = viewOf({ yaw: 0.3, pitch: 0.5 });
  const [a, b, middle] = [project(view, [0, 0, 0]), project(view, [4, 6, 8]), project(view, [2, 3, 4])];
  close(middle, [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2]);
});

test("unproject is the inverse of a face's map", () => {
  const [origin, along, down] = /** @type {[number, number][]} */ ([[5, 7], [100, 30], [-12, 60]]);
  const point = /** @type {[number, number]} */ ([5 + 0.25 * 100 + 0.75 * -12, 7 + 0.25 * 30 + 0.75 * 60]);
  close(unproject(point, origin, along, down) ?? [NaN, NaN], [0.25, 0.75]);
});

test("a face seen edge-on has no inverse", () => {
  assert.equal(unproject([1, 1], [0, 0], [2, 4], [1, 2]), null);
});

test("a turn stays within its limits", () => {
  assert.deepEqual(clampTurn({ yaw: 9, pitch: -9 }), { yaw: LIMITS.yaw, pitch: LIMITS.pitchLow });
  assert.deepEqual(clampTurn(HOME), HOME);
});

test("however a box is turned, it stays in the room that was kept for it", () => {
  for (const size of /** @type {[number, number, number][]} */ ([[150, 110, 60], [20, 200, 90], [300, 40, 9], [80, 80, 80]])) {
    const [width, height] = reach(size);
    for (let yaw = -LIMITS.yaw; yaw <= LIMITS.yaw; yaw += 0.05) {
      for (let pitch = LIMITS.pitchLow; pitch <= LIMITS.pitchHigh; pitch += 0.05) {
        const [w, h] = bounds(viewOf({ yaw, pitch }), size);
        assert.ok(w <= width * 1.02 && h <= height * 1.02, `${size} at ${yaw}, ${pitch}: ${w}×${h} in ${width}×${height}`);
      }
    }
  }
});
