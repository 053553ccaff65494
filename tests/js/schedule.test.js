// The schedule of the film: every step of every row once, in the order torch computes, and a position is one place.

import assert from "node:assert/strict";
import { test } from "node:test";
import { ALL, keptTo, keyframe, positionAt, positionOf, scheduleOf, secondsAt, shownAt, stretch, whereIs } from "../../static/js/play/schedule.js";
import { decoding, dropped, packed } from "./film_fixtures.js";
import { runs } from "./golden_scenes.js";
import { joined } from "../../static/js/core/encoder.js";
import { MANY, traceOf } from "./scene_fixtures.js";

const TRACES = { ...Object.fromEntries(Object.entries(MANY).map(([name, of]) => [name, traceOf(of)])), dropped: dropped(), packed: packed(), decoding: decoding(), ...Object.fromEntries(runs().map(({ key, trace }) => [`the golden run ${key}`, joined(trace)])) };

/** Every beat in order, as whereIs says. @param {import("../../static/js/types.js").Trace} trace */
function beatsOf(trace) {
  const schedule = scheduleOf(trace);
  return Array.from({ length: schedule.beats }, (_, k) => /** @type {NonNullable<ReturnType<typeof whereIs>>} */ (whereIs(schedule, k + 1)));
}

for (const [name, trace] of Object.entries(TRACES)) {
  test(`every step of every row is computed once, the backward ones from the right: ${name}`, () => {
    const { num_layers: layers, bidirectional } = trace.request.model;
    const steps = trace.tensors.input.shape[trace.tensors.input.axes.indexOf("T")];
    /** @type {Record<string, number[]>} */
    const seen = {};
    for (const { segment, row, step } of beatsOf(trace)) if (row && step !== null && !segment.of) (seen[row.name] ??= []).push(step);
    assert.equal(Object.keys(seen).length, layers * (bidirectional ? 2 : 1));
    const forward = Array.from({ length: steps }, (_, t) => t);
    for (const [row, order] of Object.entries(seen)) assert.deepEqual(order, row.endsWith("_reverse") ? forward.toReversed() : forward, row);
  });

  test(`every stage has its beat and comes after what it reads: ${name}`, () => {
    const beats = beatsOf(trace);
    /** @type {Map<string, number>} */
    const made = new Map(); // a tensor's last beat
    beats.forEach(({ segment, part }, k) => {
      const loop = segment.kind === "loop";
      const outputs = !loop ? segment.stage.outputs : part === "reads" ? ["input"] : part === "scores" ? ["flattened", "logits"] : part === "chooses" ? ["decoded"] : ["output"];
      for (const output of outputs) made.set(output, k);
    });
    for (const { name: stage, inputs, outputs } of trace.stages) {
      for (const output of outputs) assert.ok(made.has(output), `${stage} makes ${output}`);
      if (scheduleOf(trace).segments.some(({ kind }) => kind === "loop")) continue; // its tensors are made step by step, together
      for (const input of inputs) if (made.has(input)) assert.ok(Number(made.get(input)) < Number(made.get(outputs[0])), `${stage} reads ${input}`);
    }
  });
}

test("an encoder reads all its steps before its states are handed over, and only then the decoder's loop begins", () => {
  const trace = TRACES["the golden run encoder_decoder"];
  const steps = beatsOf(trace).filter(({ segment }) => segment.key === "encoder.rnn/l0").map(({ step }) => step);
  assert.deepEqual(steps, [0, 1, 2, 3, 4]);
  const names = scheduleOf(trace).segments.map(({ key }) => key);
  assert.deepEqual(names.slice(names.indexOf("encoder.rnn/l0"), names.indexOf("loop") + 2), ["encoder.rnn/l0", "encoder.rnn/ends", "encoder", "loop", "rnn/ends"]);
});

test("layer 1 begins when both directions of layer 0 are done, and dropout lies between them", () => {
  const names = scheduleOf(TRACES.dropped).segments.map(({ key }) => key);
  const at = (/** @type {string} */ key) => names.indexOf(key);
  assert.deepEqual(names.slice(at("rnn/l0"), at("rnn/ends") + 1), ["rnn/l0", "rnn/l0_reverse", "dropout_l0", "rnn/l1", "rnn/l1_reverse", "rnn/ends"]);
});

test("a decoder reads, computes, scores and chooses at each step before the next one reads", () => {
  const loop = beatsOf(TRACES.decoding).filter(({ segment }) => segment.kind === "loop");
  assert.deepEqual(loop.map(({ part, step }) => `${part} ${step}`), [0, 1, 2, 3].flatMap((t) => ["reads", "row", "scores", "chooses"].map((part) => `${part} ${t}`)));
});

test("a step that is chosen leads to where it has just been computed, and back", () => {
  for (const trace of Object.values(TRACES)) {
    const schedule = scheduleOf(trace);
    for (const { row } of beatsOf(trace).filter(({ step }) => step === 0))
      for (const t of [0, schedule.steps - 1]) {
        if (!row) continue;
        const p = positionOf(schedule, row.name, t);
        assert.deepEqual(shownAt(schedule, p), { t, row: row.name });
      }
  }
});

test("seconds and positions are each other's inverse, and both only grow", () => {
  for (const trace of Object.values(TRACES)) {
    const schedule = scheduleOf(trace);
    let last = -1;
    for (let k = 0; k <= 200; k++) {
      const p = positionAt(schedule, (schedule.seconds * k) / 200);
      assert.ok(p > last || k === 0);
      last = p;
      assert.ok(Math.abs(secondsAt(schedule, p) - (schedule.seconds * k) / 200) < 1e-9);
    }
    assert.equal(last, schedule.beats);
  }
});

test("a thousand steps pass in jumps and in about as long as forty; less motion goes from keyframe to keyframe", () => {
  const long = scheduleOf(traceOf({ N: 1, T: 1000, head: "none" }));
  assert.ok(long.seconds < 25);
  const shown = new Set(Array.from({ length: 5000 }, (_, k) => keptTo(long, positionAt(long, (long.seconds * k) / 5000), false)).filter((p) => whereIs(long, p)?.row));
  assert.ok(shown.size > 20 && shown.size <= 41);
  assert.ok([...shown].every(Number.isInteger));
  const short = scheduleOf(traceOf({}));
  for (let k = 0; k < 100; k++) assert.ok(Number.isInteger(keptTo(short, positionAt(short, (short.seconds * k) / 100), true)));
  assert.ok(!Number.isInteger(keptTo(short, 3.25, false)));
});

test("keyframes lead through every beat and out of the film at its end", () => {
  const schedule = scheduleOf(TRACES.default);
  const passed = [0];
  while (passed.at(-1) !== ALL) passed.push(keyframe(schedule, Number(passed.at(-1)), 1));
  assert.deepEqual(passed, [...Array.from({ length: schedule.beats + 1 }, (_, k) => k), ALL]);
  assert.equal(keyframe(schedule, 3.5, -1), 3);
  assert.equal(keyframe(schedule, 3.5, 1), 4);
  assert.equal(keyframe(schedule, 0, -1), 0);
  assert.equal(stretch(schedule, 2.5, -1), 2);
  assert.equal(stretch(schedule, 2, 1), 7);
});
