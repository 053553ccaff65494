// What choosing a loss asks for, and what it judges.

import assert from "node:assert/strict";
import { test } from "node:test";
import { judgedOf, withLoss } from "../../static/js/core/loss.js";
import { scaleOf, scalesOf } from "../../static/js/core/colour.js";
import { MANY, traceOf } from "./scene_fixtures.js";

test("a loss brings the activation it is meant for, and mse brings none", () => {
  assert.deepEqual(withLoss("cross_entropy"), { loss: "cross_entropy", activation: "none" });
  assert.deepEqual(withLoss("nll"), { loss: "nll", activation: "log_softmax" });
  assert.deepEqual(withLoss("bce"), { loss: "bce", activation: "sigmoid" });
  assert.deepEqual(withLoss("mse"), { loss: "mse" });
  assert.deepEqual(withLoss("none"), { loss: "none" });
});

test("what a loss judges is the first that its stages read", () => {
  assert.equal(judgedOf(traceOf(MANY["a loss"])), "logits");
  assert.equal(judgedOf(traceOf()), "");
});

test("classes have colours of their own, and the losses share one scale with their mean", () => {
  assert.deepEqual(scaleOf("target", { min: -100, max: 4 }), { kind: "index", low: 0, high: 4 });
  assert.equal(scaleOf("target", { min: -1.5, max: 0.5 }).kind, "diverging");
  const scales = scalesOf({ losses: { min: 0, max: 3.2 }, loss: { min: 1.5, max: 1.5 } });
  assert.equal(scales.loss.high, scales.losses.high);
});
