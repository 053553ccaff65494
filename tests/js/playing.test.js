// The position and the step that is shown: each follows the other, and playing carries both on.

import assert from "node:assert/strict";
import { test } from "node:test";
import { createStore } from "../../static/js/core/store.js";
import { ALL, positionOf, scheduleOf } from "../../static/js/play/schedule.js";
import { createPlaying } from "../../static/js/playing.js";
import { traceOf } from "./scene_fixtures.js";

/** @typedef {import("../../static/js/types.js").AppState} AppState */

function playing(calm = false) {
  const trace = traceOf({ both: true });
  const store = createStore(/** @type {AppState} */ (/** @type {unknown} */ ({ trace, p: ALL, t: 0, n: 0, row: "l0", playing: false, speed: 1, cursor: null })));
  /** @type {((ms: number) => void)[]} */
  const frames = [];
  createPlaying(store, { calm: () => calm }, { frame: (then) => (frames.push(then), () => frames.splice(0)) });
  return { store, schedule: scheduleOf(trace), next: (/** @type {number} */ ms) => frames.shift()?.(ms) };
}

test("a position inside a step stays where it was put; step and row follow it", () => {
  const { store, schedule } = playing();
  const p = positionOf(schedule, "l0_reverse", 3) - 0.75;
  store.set({ p });
  assert.deepEqual([store.get().p, store.get().t, store.get().row], [p, 3, "l0_reverse"]);
});

test("a chosen step or row takes the film along; where everything is shown, nothing but the step changes", () => {
  const { store, schedule } = playing();
  store.set({ t: 2 });
  assert.equal(store.get().p, ALL);
  store.set({ p: positionOf(schedule, "l0_reverse", 4) });
  store.set({ t: 1 });
  assert.equal(store.get().p, positionOf(schedule, "l0_reverse", 1));
  store.set({ row: "l0" });
  assert.equal(store.get().p, positionOf(schedule, "l0", 1));
  store.set({ p: schedule.beats });
  assert.equal(store.get().t, 4);
  store.set({ row: "l0_reverse" });
  assert.equal(store.get().p, positionOf(schedule, "l0_reverse", 4));
});

test("playing runs from the beginning to the end at any speed, and leaves everything shown", () => {
  for (const speed of [0.25, 4]) {
    const { store, schedule, next } = playing();
    store.set({ speed, playing: true });
    assert.equal(store.get().p, 0);
    let ms = 1000;
    let [last, frames] = [-1, 0];
    while (store.get().playing) {
      next((ms += 100));
      frames += 1;
      assert.ok(store.get().p >= last || store.get().p === ALL);
      last = store.get().p;
    }
    assert.equal(store.get().p, ALL);
    assert.ok(Math.abs(frames / 10 - schedule.seconds / speed) < 0.5);
  }
});

test("with less motion only keyframes are shown", () => {
  const { store, next } = playing(true);
  store.set({ playing: true });
  for (let ms = 0; store.get().playing; ms += 100) {
    next(ms);
    assert.ok(Number.isInteger(store.get().p));
  }
});
