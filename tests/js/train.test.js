// The pure parts of watching a training run: the request, the state after each event, the curve's axis.

import assert from "node:assert/strict";
import { test } from "node:test";
import { lossAxis, pathOf, thinned } from "../../static/js/training/plot.js";
import { begun, fieldOf, heard, requestOf, rowsOf, standing, stepsOf } from "../../static/js/training/run.js";

const FIELDS = { task: "adding", seq_len: "20", delay: "8", hidden_size: "16", steps: "60", learning_rate: "x", seed: "", sentences: "", csv: "" };

test("a request holds what its task needs, and what is no number as it was typed", () => {
  const asked = requestOf(FIELDS, ["lstm"]);
  assert.deepEqual(asked, { task: { kind: "adding", seq_len: 20 }, cells: ["lstm"], hidden_size: 16, steps: 60, learning_rate: "x", seed: "" });
  assert.deepEqual(requestOf({ ...FIELDS, task: "copying" }, []).task, { kind: "copying", delay: 8 });
});

test("the label stands behind the last comma of a line", () => {
  assert.deepEqual(rowsOf("well, good,yes\n\nno comma\r\n"), [{ text: "well, good", label: "yes" }, { text: "no comma", label: "" }]);
});

test("a snapshot can be looked at when every cell has it", () => {
  let run = begun("r", { cells: ["lstm", "rnn"], steps: 60 });
  for (const [cell, step] of [["lstm", 0], ["rnn", 0], ["lstm", 30]]) run = heard(run, "snapshot", { cell, step, loss: 1, accuracy: null });
  assert.deepEqual(stepsOf(run), [0]);
  run = heard(run, "progress", { step: 30, loss: { lstm: 0.5, rnn: null }, accuracy: {}, left: 3.25 });
  assert.deepEqual(standing(run), { key: "train.running", params: { step: 30, steps: 60, left: "3.3" } });
  run = heard(run, "end", { outcome: "cancelled", reason: "asked", step: 30 });
  assert.equal(standing(run).key, "train.cancelled");
});

test("a refusal finds the field it is about", () => {
  const known = ["task.kind", "seq_len", "task.rows", "task.csv", "cells", "steps"];
  assert.equal(fieldOf("task.rows[3].label", known), "task.rows");
  assert.equal(fieldOf("task.sentences.rows.3.label", known), "task.rows");
  assert.equal(fieldOf("task.adding.seq_len", known), "seq_len");
  assert.equal(fieldOf("steps", known), "steps");
  assert.equal(fieldOf("batch", known), null);
});

test("the axis is logarithmic where losses span much, and holds them all", () => {
  const far = lossAxis([1, 0.01], 0, 100);
  assert.equal(far.log, true);
  assert.deepEqual(far.ticks, [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1]);
  assert.ok(far.at(1) >= 0 && far.at(0.01) <= 100 && far.at(1) < far.at(0.01));
  const near = lossAxis([1.8, 1.2], 0, 100);
  assert.equal(near.log, false);
  assert.deepEqual(near.ticks, [0, 0.5, 1, 1.5]);
  assert.equal(pathOf([[0, 1], [2, 3]]), "M0.0 1.0L2.0 3.0");
  assert.deepEqual(thinned([0, 1, 2, 3, 4, 5], 3), [0, 2, 4, 5]);
});
