// What stands around a chart: its address, the words of a step, the numbers of a sentence.

import assert from "node:assert/strict";
import { test } from "node:test";
import { spoken, stepName } from "../../static/js/charts/words.js";
import { partUrl } from "../../static/js/doors/api.js";

/** @type {import("../../static/js/types.js").Say} */
const say = (key, params = {}) => `${key} ${Object.values(params).join(" ")}`;

test("the address of a part leaves out what was not chosen, and nothing in it can lead elsewhere", () => {
  assert.equal(partUrl("r/../x", "ledger", { sample: 0, truncate: null, detach: false, lang: "zh" }), "/api/v1/traces/r%2F..%2Fx/ledger?sample=0&detach=false&lang=zh");
});

test("a step is named by its word, and by its number where there is no word", () => {
  const text = { tokens: [["the", "film"], ["good", "<pad>"]], lengths: [2, 1], vocabulary: [] };
  const trace = /** @type {import("../../static/js/types.js").Trace} */ (/** @type {unknown} */ ({ text }));
  assert.equal(stepName(say, trace, 0, 1), "charts.step.word 1 film");
  assert.equal(stepName(say, trace, 1, 1), "charts.step 1");
  assert.equal(stepName(say, { ...trace, text: null }, 0, 1), "charts.step 1");
});

test("a number in a sentence is short, has a true minus sign, and nothing small becomes zero", () => {
  assert.equal(spoken(-0.72914), "−0.7291");
  assert.equal(spoken(6.4123e-13), "6.41e−13");
  assert.equal(spoken(0), "0");
  assert.equal(spoken(null), "–");
});
