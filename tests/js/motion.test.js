// What a position shows: nothing before its time, everything at the end, and every stage has something that moves.

import assert from "node:assert/strict";
import { test } from "node:test";
import { isDone, motionOf } from "../../static/js/play/motion.js";
import { ALL, scheduleOf, whereIs } from "../../static/js/play/schedule.js";
import { decoding, dropped, packed } from "./film_fixtures.js";
import { runs } from "./golden_scenes.js";
import { joined } from "../../static/js/core/encoder.js";
import { MANY, traceOf } from "./scene_fixtures.js";

/** @typedef {import("../../static/js/types.js").Trace} Trace */

const TRACES = { ...Object.fromEntries(Object.entries(MANY).map(([name, of]) => [name, traceOf(of)])), dropped: dropped(), packed: packed(), decoding: decoding(), ...Object.fromEntries(runs().map(({ key, trace }) => [`the golden run ${key}`, joined(trace)])) };

/** How many numbers of a tensor are not computed. @param {Trace} trace @param {number} p @param {string} tensor */
function missing(trace, p, tensor) {
  const { shape } = trace.tensors[tensor];
  const motion = /** @type {NonNullable<ReturnType<typeof motionOf>>} */ (motionOf(trace, p));
  return motion.undone(tensor).reduce((sum, ranges) => sum + shape.reduce((product, length, axis) => product * (ranges[axis] ? ranges[axis][1] - ranges[axis][0] : length), 1), 0);
}

for (const [name, trace] of Object.entries(TRACES)) {
  const { beats } = scheduleOf(trace);
  const made = trace.stages.flatMap(({ outputs }) => outputs).filter((tensor) => trace.tensors[tensor]);

  test(`nothing of what a stage makes is there at the beginning, all of it at the end: ${name}`, () => {
    for (const tensor of made) {
      const all = trace.tensors[tensor].shape.reduce((product, length) => product * length, 1);
      assert.equal(missing(trace, 0, tensor), all, tensor);
      assert.equal(missing(trace, beats, tensor), 0, tensor);
    }
    assert.equal(motionOf(trace, ALL), null);
  });

  test(`what is computed stays computed: ${name}`, () => {
    for (const tensor of made) {
      let left = Infinity;
      for (let k = 0; k <= 300; k++) {
        const now = missing(trace, (beats * k) / 300, tensor);
        assert.ok(now <= left, `${tensor} at ${(beats * k) / 300}`);
        left = now;
      }
    }
  });

  test(`whatever flies comes from numbers that are there and goes where none are yet: ${name}`, () => {
    const most = Math.min(beats, 400);
    for (let k = 0; k < most; k++) {
      for (const f of [0.1, 0.3, 0.55, 0.8]) {
        const p = Math.floor((k * beats) / most) + f;
        const motion = /** @type {NonNullable<ReturnType<typeof motionOf>>} */ (motionOf(trace, p));
        for (const { from, to, g } of motion.flights) {
          assert.ok(g >= 0 && g <= 1);
          if ("tensor" in from) assert.ok(isDone(motion.undone(from.tensor), from.ranges.map((range) => range?.[0] ?? 0)), `${p}: from ${from.tensor}`);
          if ("tensor" in to) assert.ok(!isDone(motion.undone(to.tensor), to.ranges.map((range) => range?.[0] ?? 0)), `${p}: to ${to.tensor}`);
        }
      }
    }
  });
}

test("every stage lights what it makes, and all but given numbers move", () => {
  for (const [name, trace] of Object.entries(TRACES)) {
    const { segments } = scheduleOf(trace);
    for (const segment of segments) {
      const moving = [0.05, 0.2, 0.55, 0.95].map((f, k) => motionOf(trace, segment.from + (segment.beats > 1 ? Math.floor((k * segment.beats) / 4) : 0) + (segment.kind === "row" ? 0.2 : f)));
      assert.ok(moving.every((motion) => motion && motion.lit.length > 0), `${name}: ${segment.key}`);
      const still = segment.stage.inputs.length === 0 || segment.stage.op === "Dropout";
      if (!still) assert.ok(moving.some((motion) => motion && motion.flights.length > 0), `${name}: ${segment.key}`);
    }
  }
});

test("a backward row fills output from its last step, in its own half", () => {
  const trace = traceOf({ both: true, H: 6 });
  const row = /** @type {import("../../static/js/play/schedule.js").Segment} */ (scheduleOf(trace).segments.find(({ key }) => key === "rnn/l0_reverse"));
  const motion = motionOf(trace, row.from + 2);
  assert.deepEqual(motion?.undone("output"), [[null, [0, 3], [6, 12]]]);
  assert.deepEqual(motion?.undone("l0_reverse.h"), [[null, [0, 3], null]]);
  assert.deepEqual(motion?.undone("l0.h"), []);
  assert.equal(whereIs(scheduleOf(trace), row.from + 2)?.step, 3);
});

test("a flattened cube goes sample by sample, each to its own rows; a packed one step by step", () => {
  const trace = traceOf({ head: "every_step" });
  const flat = /** @type {import("../../static/js/play/schedule.js").Segment} */ (scheduleOf(trace).segments.find(({ key }) => key === "flattened"));
  const [flight] = motionOf(trace, flat.from + 0.75)?.flights ?? [];
  assert.deepEqual([flight.from, flight.to], [{ tensor: "output", ranges: [[1, 2], null, null] }, { tensor: "flattened", ranges: [[5, 10], null] }]);
  const pack = /** @type {import("../../static/js/play/schedule.js").Segment} */ (scheduleOf(TRACES.packed).segments.find(({ key }) => key === "packed"));
  const [step] = motionOf(TRACES.packed, pack.from + 0.7)?.flights ?? [];
  assert.deepEqual([step.from, step.to], [{ tensor: "input", ranges: [null, [3, 4], null] }, { tensor: "packed", ranges: [[6, 7], null] }]);
});
