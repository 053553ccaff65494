// The state as an address: what is written, what is left out, what an example stands for.

import assert from "node:assert/strict";
import { test } from "node:test";
import { DEFAULTS, merge, toQuery } from "../../static/js/core/query.js";

test("the default state needs no query", () => {
  assert.equal(toQuery({ ...DEFAULTS }), "");
});

test("only what differs is written, in the table's order", () => {
  assert.equal(toQuery({ ...DEFAULTS, t: 3, bidirectional: true, hidden_size: 7 }), "hidden_size=7&bidirectional=true&t=3");
});

test("each sentence is a text of its own, whatever is in it", () => {
  const query = toQuery({ ...DEFAULTS, text: ["a & b = c", "电影 不错"] });
  assert.deepEqual(new URLSearchParams(query).getAll("text"), ["a & b = c", "电影 不错"]);
});

test("one sentence of the default two is not the default", () => {
  assert.equal(toQuery({ ...DEFAULTS, text: [DEFAULTS.text[0]] }), "text=the+film+was+not+good");
});

test("the top layer's forward row goes without saying", () => {
  assert.equal(toQuery({ ...DEFAULTS, num_layers: 2, row: "l1" }), "num_layers=2");
  assert.equal(toQuery({ ...DEFAULTS, num_layers: 2, row: "l0" }), "num_layers=2&row=l0");
});

test("an example is its name and the place looked at", () => {
  assert.equal(toQuery({ ...DEFAULTS, example: "rnn-hello", cell: "rnn", input_size: 10, t: 2 }), "example=rnn-hello&t=2");
});

test("choosing an example forgets the setting but keeps language and theme", () => {
  const state = merge({ ...DEFAULTS, hidden_size: 99, lang: "zh", theme: "dark", t: 4 }, { example: "rnn-hello" });
  assert.deepEqual([state.hidden_size, state.lang, state.theme, state.t, state.example], [6, "zh", "dark", 0, "rnn-hello"]);
});

test("changing the setting leaves the example, looking around does not", () => {
  const example = { ...DEFAULTS, example: "rnn-hello", hidden_size: 20 };
  assert.equal(merge(example, { t: 3, theme: "dark" }).example, "rnn-hello");
  assert.equal(merge(example, { hidden_size: 20 }).example, "rnn-hello");
  assert.equal(merge(example, { hidden_size: 21 }).example, "");
});

test("lengths come and go with their samples, and end with the last step", () => {
  const random = /** @type {const} */ ({ ...DEFAULTS, source: "random", lengths: "5,3" });
  assert.equal(merge(random, { batch: 4 }).lengths, "5,3,5,5");
  assert.equal(merge(random, { batch: 1 }).lengths, "5");
  assert.equal(merge(random, { seq_len: 4 }).lengths, "4,3");
  assert.equal(merge(random, { seq_len: 9 }).lengths, "5,3");
  assert.equal(merge(random, { batch: 3, lengths: "1" }).lengths, "1");
  assert.equal(merge(random, { hidden_size: 3 }).lengths, "5,3");
  assert.equal(merge({ ...random, lengths: "" }, { batch: 4 }).lengths, "");
  assert.equal(merge(random, { batch: NaN }).lengths, "5,3");
});
