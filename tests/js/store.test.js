// The store and the sentences.

import assert from "node:assert/strict";
import { test } from "node:test";
import { createSay } from "../../static/js/core/i18n.js";
import { createStore } from "../../static/js/core/store.js";

/** @typedef {import("../../static/js/types.js").AppState} AppState */

const fresh = () => createStore(/** @type {AppState} */ (/** @type {unknown} */ ({ t: 0, n: 0, cursor: null })));

test("a change is told once, with what was before", () => {
  const store = fresh();
  /** @type {number[][]} */
  const heard = [];
  store.subscribe((now, before) => heard.push([before.t, now.t]));
  store.set({ t: 1 });
  store.set({ t: 1 });
  assert.deepEqual(heard, [[0, 1]]);
});

test("the same cell named again is no change", () => {
  const store = fresh();
  let heard = 0;
  store.subscribe(() => (heard += 1));
  store.set({ cursor: { tensor: "output", index: [0, 1, 2] } });
  store.set({ cursor: { tensor: "output", index: [0, 1, 2] } });
  store.set({ cursor: { tensor: "output", index: [0, 1, 3] } });
  assert.equal(heard, 2);
});

test("a listener that sets the store lets everybody hear both changes, in order", () => {
  const store = fresh();
  /** @type {string[]} */
  const heard = [];
  store.subscribe((now) => now.t === 1 && store.set({ n: 5 }));
  store.subscribe((now, before) => heard.push(`t${before.t}→${now.t} n${before.n}→${now.n}`));
  store.set({ t: 1 });
  assert.deepEqual(heard, ["t0→1 n0→0", "t1→1 n0→5"]);
});

test("whoever left hears nothing", () => {
  const store = fresh();
  let heard = 0;
  const leave = store.subscribe(() => (heard += 1));
  leave();
  store.set({ t: 1 });
  assert.equal(heard, 0);
});

test("a sentence takes its parameters; an unknown key says itself", () => {
  const say = createSay({ "page.use": "Use {value}", "page.rows": "rows {from}–{to}" });
  assert.equal(say("page.use", { value: 512 }), "Use 512");
  assert.equal(say("page.rows", { from: 0 }), "rows 0–{to}");
  assert.equal(say("page.nothing"), "page.nothing");
  assert.equal(say("toString"), "toString");
});
